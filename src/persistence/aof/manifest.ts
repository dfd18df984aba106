/**
 * The manifest of a multi-part append only file: which files it consists of, in which order.
 *
 *     file appendonly.aof.2.base.rdb seq 2 type b
 *     file appendonly.aof.1.incr.aof seq 1 type h
 *     file appendonly.aof.2.incr.aof seq 2 type i
 *
 * One base (b) at most, files of changes after it (i) in the order of their numbers, and history (h): files that are not needed any more and
 * are to be deleted. Names with spaces or odd characters are quoted as in a configuration file. Source: files of redis-server 7.0.15.
 */
import { fromBytesText, quoteWord, splitWords, toBytesText } from '../../config/words.ts';
import { type Files, removeIfThere, writeAll } from '../files.ts';

/** Longer lines are refused, as Redis does. */
const LINE_MAX = 1024;

export interface ManifestEntry {
  name: string;
  sequence: number;
}

export interface Manifest {
  base: ManifestEntry | null;
  increments: ManifestEntry[];
  history: ManifestEntry[];
}

export const emptyManifest = (): Manifest => ({ base: null, increments: [], history: [] });

/** Why a manifest cannot be used; the line it is about is part of the text. */
export class ManifestError extends Error {}

/** `text` has a character for each byte. Throws ManifestError. */
export function parseManifest(text: string): Manifest {
  const manifest = emptyManifest();
  if (text === '') throw new ManifestError('Found an empty AOF manifest');
  for (const line of text.replace(/\n$/, '').split('\n')) {
    if (line.length >= LINE_MAX) throw new ManifestError('The AOF manifest file contains too long line');
    if (!line.startsWith('#')) addLine(manifest, line);
  }
  return manifest;
}

function addLine(manifest: Manifest, line: string): void {
  const words = splitWords(line) ?? [];
  const facts = new Map<string, string>();
  if (words.length < 6 || words.length % 2 !== 0) throw new ManifestError('Invalid AOF manifest file format');
  for (let i = 0; i < words.length; i += 2) facts.set(words[i].toLowerCase(), fromBytesText(words[i + 1]));
  const name = facts.get('file') ?? '';
  const sequence = Number(facts.get('seq'));
  const type = facts.get('type') ?? '';
  if (name === '' || !Number.isSafeInteger(sequence) || sequence <= 0 || type === '') {
    throw new ManifestError('Invalid AOF manifest file format');
  }
  if (/[/\\]/.test(name)) throw new ManifestError("File can't be a path, just a filename");
  const entry = { name, sequence };
  if (type === 'b') {
    if (manifest.base !== null) throw new ManifestError('Found duplicate base file information');
    manifest.base = entry;
  } else if (type === 'i') {
    const last = manifest.increments.at(-1);
    if (last !== undefined && sequence <= last.sequence) {
      throw new ManifestError('Found a non-monotonic sequence number');
    }
    manifest.increments.push(entry);
  } else if (type === 'h') manifest.history.push(entry);
  else throw new ManifestError('Unknown AOF file type');
}

/** A character for each byte. */
export function formatManifest({ base, increments, history }: Manifest): string {
  const line = (entry: ManifestEntry, type: string) =>
    `file ${quoted(entry.name)} seq ${entry.sequence} type ${type}\n`;
  let text = base === null ? '' : line(base, 'b');
  for (const entry of history) text += line(entry, 'h');
  for (const entry of increments) text += line(entry, 'i');
  return text;
}

function quoted(name: string): string {
  const bytes = toBytesText(name);
  return /[^!-~]|["'\\]/.test(bytes) ? quoteWord(bytes) : bytes;
}

/** Where the files are and what they are called. */
export class AofNames {
  readonly directory: string;
  readonly file: string;

  constructor(directory: string, file: string) {
    this.directory = directory;
    this.file = file;
  }

  get manifest(): string {
    return `${this.directory}/${this.file}.manifest`;
  }

  base(sequence: number, isRdb: boolean): string {
    return `${this.file}.${sequence}.base.${isRdb ? 'rdb' : 'aof'}`;
  }

  increment(sequence: number): string {
    return `${this.file}.${sequence}.incr.aof`;
  }

  path(name: string): string {
    return `${this.directory}/${name}`;
  }
}

/** Reads a whole small file. */
export function readText(files: Files, path: string): string {
  const fd = files.open(path, 'r');
  try {
    const bytes = Buffer.alloc(files.size(fd));
    let at = 0;
    while (at < bytes.length) {
      const got = files.read(fd, bytes, at, bytes.length - at, at);
      if (got === 0) break;
      at += got;
    }
    return bytes.toString('latin1', 0, at);
  } finally {
    files.close(fd);
  }
}

/**
 * Puts the manifest in the place of the one before; all of it or nothing. Throws when the disk does, and then the one before is there. Returns
 * an error when the new one is there now, but nobody knows which of the two would be after a power failure.
 */
export function saveManifest(
  files: Files,
  names: AofNames,
  manifest: Manifest,
): NodeJS.ErrnoException | null {
  const temporary = `${names.directory}/temp-${names.file}.manifest`;
  const bytes = Buffer.from(formatManifest(manifest), 'latin1');
  try {
    const fd = files.open(temporary, 'w');
    try {
      writeAll(files, fd, bytes, 0, bytes.length);
      files.fsync(fd);
    } finally {
      files.close(fd);
    }
    files.rename(temporary, names.manifest);
  } catch (error) {
    removeIfThere(files, temporary);
    throw error;
  }
  try {
    files.fsyncDirectoryOf(names.manifest);
    return null;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}
