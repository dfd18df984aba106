/**
 * Reads the append only files in their order, for a loading executor: the base, an RDB file or commands, then the files of changes.
 *
 * An append only file of the time before manifests is taken over first: it moves into the directory and becomes the base. The last file may end
 * in the middle of a command, as a crash leaves it: with aof-load-truncated it is cut there.
 */
import { MAGIC } from '../../rdb/format.ts';
import type { Files } from '../files.ts';
import { RdbFileReader } from '../rdb/file-reader.ts';
import { copyItems } from '../rdb/load-file.ts';
import { AofFormatError, AofTruncatedError, CommandFileReader } from './command-reader.ts';
import { AofNames, type Manifest, parseManifest, readText, saveManifest } from './manifest.ts';

export interface AofLoadOptions {
  directory: string;
  file: string;
  checksum: boolean;
  /** aof-load-truncated. */
  cutsTail: boolean;
  /** That there is nothing is an error. */
  mustExist: boolean;
}

export interface AofSink {
  items(bytes: Uint8Array, size: number, offset: number): void;
  commands(bytes: Uint8Array, size: number, offset: number): void;
  note(level: 'notice' | 'warning', message: string): void;
}

/** Bytes of all files together, 0 when there are none. Throws CorruptRdbError, AofFormatError, AofTruncatedError, ManifestError or what the disk throws. */
export function loadAofFiles(files: Files, options: AofLoadOptions, sink: AofSink): number {
  const names = new AofNames(options.directory, options.file);
  const manifest = readManifest(files, names, sink);
  if (manifest === null) {
    if (options.mustExist) throw new Error(`there is no append only file in ${options.directory}`);
    return 0;
  }
  const all = [...(manifest.base === null ? [] : [manifest.base]), ...manifest.increments];
  let total = 0;
  for (const [i, { name }] of all.entries()) {
    total += loadFile(files, names.path(name), name, i === all.length - 1, options, total, sink);
  }
  return total;
}

/** What files there are; null for none. */
function readManifest(files: Files, names: AofNames, sink: AofSink): Manifest | null {
  const found = files.exists(names.manifest) ? parseManifest(readText(files, names.manifest)) : null;
  if (found !== null && !isHalfMoved(files, names, found)) return found;
  if (!files.exists(names.file)) return found;
  const manifest: Manifest = { base: { name: names.file, sequence: 1 }, increments: [], history: [] };
  files.makeDirectory(names.directory);
  const unsure = found === null ? saveManifest(files, names, manifest) : null;
  if (unsure !== null) throw unsure;
  files.rename(names.file, names.path(names.file));
  files.fsyncDirectoryOf(names.path(names.file));
  sink.note(
    'notice',
    `Successfully migrated an old-style AOF configuration (${names.file}) into the AOF directory`,
  );
  return manifest;
}

/** The manifest of a file that is taken over is written before the file moves: a crash may have come between. */
function isHalfMoved(files: Files, names: AofNames, { base, increments }: Manifest): boolean {
  return base?.name === names.file && increments.length === 0 && !files.exists(names.path(names.file));
}

function loadFile(
  files: Files,
  path: string,
  name: string,
  isLast: boolean,
  options: AofLoadOptions,
  before: number,
  sink: AofSink,
): number {
  const fd = openFile(files, path, name, isLast ? 'r+' : 'r');
  try {
    const size = files.size(fd);
    const start = isRdb(files, fd) ? loadBase(files, fd, size, options, before, sink) : 0;
    const reader = new CommandFileReader(files, fd, start, (bytes, count, offset) =>
      sink.commands(bytes, count, before + offset),
    );
    try {
      reader.run();
    } catch (error) {
      if (error instanceof AofFormatError) {
        throw new AofFormatError(
          `Bad file format reading the append only file ${name}: make a backup of your AOF file, then use threadis-check-aof --fix <filename.manifest>`,
        );
      }
      if (!(error instanceof AofTruncatedError)) throw error;
      cutTail(files, fd, name, reader.validUntil, isLast && options.cutsTail, sink);
      return reader.validUntil;
    }
    return size;
  } finally {
    files.close(fd);
  }
}

/** Throws in the words of the real server. */
function openFile(files: Files, path: string, name: string, flags: string): number {
  try {
    return files.open(path, flags);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new Error(`The append log file ${name} doesn't exist: No such file or directory`);
    throw new Error(`Fatal error: can't open the append log file ${name} for reading: ${message}`);
  }
}

function isRdb(files: Files, fd: number): boolean {
  const head = new Uint8Array(MAGIC.length);
  const got = files.read(fd, head, 0, MAGIC.length, 0);
  return got === MAGIC.length && String.fromCharCode(...head) === MAGIC;
}

/** Returns where the RDB part ends. */
function loadBase(
  files: Files,
  fd: number,
  size: number,
  options: AofLoadOptions,
  before: number,
  sink: AofSink,
): number {
  const reader = new RdbFileReader(files, fd, size, 0);
  copyItems(reader, options.checksum, (bytes, count, offset) => sink.items(bytes, count, before + offset));
  return reader.offset;
}

function cutTail(
  files: Files,
  fd: number,
  name: string,
  validUntil: number,
  mayCut: boolean,
  sink: AofSink,
): void {
  if (!mayCut) {
    throw new AofTruncatedError(
      `Unexpected end of file reading the append only file ${name}. You can: 1) Make a backup of your AOF file, then use threadis-check-aof --fix <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server.`,
    );
  }
  sink.note('warning', `!!! Warning: short read while loading the AOF file ${name}!!!`);
  sink.note('warning', `Truncating the AOF ${name} at offset ${validUntil}`);
  files.truncate(fd, validUntil);
  files.fsync(fd);
  sink.note('warning', `AOF ${name} loaded anyway because aof-load-truncated is enabled`);
}
