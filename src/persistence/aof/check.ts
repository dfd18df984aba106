/**
 * threadis-check-aof: looks whether the append only files can be loaded, and cuts the last one where it is torn, or at a time.
 *
 *     --fix                       cuts the last file after the last whole command, when one says yes
 *     --truncate-to-timestamp n   cuts the last file before the first command that is later than that second (aof-timestamp-enabled)
 *
 * FILE is a manifest (by its name) or one file: commands, or an RDB file with commands behind it. What it says and the exit code are those of
 * redis-check-aof 7.0.15, but for the details of an RDB file, which is only said to be right or wrong.
 */
import { basename, dirname } from 'node:path';
import { MAGIC } from '../../rdb/format.ts';
import type { Files } from '../files.ts';
import { RdbFileReader } from '../rdb/file-reader.ts';
import { copyItems } from '../rdb/load-file.ts';
import { CommandFileReader } from './command-reader.ts';
import { parseManifest, readText } from './manifest.ts';

export interface CheckParts {
  files: Files;
  say: (line: string) => void;
  /** Asks, and returns whether the answer was yes. */
  confirm: (question: string) => boolean;
}

interface CheckOptions {
  fixes: boolean;
  /** Seconds, or null. */
  until: number | null;
}

/** Ends the check with exit code 1. */
class CheckFailed extends Error {}

const USAGE = 'Usage: threadis-check-aof [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>';

/** Returns the exit code. */
export function checkAof(args: readonly string[], parts: CheckParts): number {
  const path = args.at(-1);
  const options: CheckOptions = { fixes: false, until: null };
  if (args.length === 2 && args[0] === '--fix') options.fixes = true;
  else if (args.length === 3 && args[0] === '--truncate-to-timestamp' && /^[0-9]+$/.test(args[1])) {
    options.until = Number(args[1]);
  } else if (args.length !== 1) {
    parts.say(USAGE);
    return 1;
  }
  try {
    new AofCheck(parts, options).run(path!);
    return 0;
  } catch (error) {
    parts.say((error as Error).message);
    return 1;
  }
}

class AofCheck {
  private readonly parts: CheckParts;
  private readonly options: CheckOptions;

  constructor(parts: CheckParts, options: CheckOptions) {
    this.parts = parts;
    this.options = options;
  }

  run(path: string): void {
    const { files, say } = this.parts;
    if (!files.exists(path)) throw new CheckFailed(`Cannot open file ${path}: No such file or directory`);
    if (path.endsWith('.manifest')) {
      this.runMany(path);
      return;
    }
    say('Start checking Old-Style AOF');
    this.report('AOF', path, path, true);
  }

  private runMany(path: string): void {
    const { files, say } = this.parts;
    const { base, increments } = parseManifest(readText(files, path));
    const place = (name: string) => `${dirname(path)}/${name}`;
    say('Start checking Multi Part AOF');
    if (base !== null) {
      say('Start to check BASE AOF.');
      this.report('BASE AOF', place(base.name), base.name, increments.length === 0);
    }
    if (increments.length > 0) say('Start to check INCR files.');
    for (const [i, { name }] of increments.entries()) {
      this.report('INCR AOF', place(name), name, i === increments.length - 1);
    }
    say('All AOF files and manifest are valid');
  }

  private report(kind: string, path: string, name: string, isLast: boolean): void {
    const { files, say } = this.parts;
    const fd = files.open(path, this.options.fixes || this.options.until !== null ? 'r+' : 'r');
    try {
      say(`${kind} ${name} ${this.check(fd, kind, name, isLast)}`);
    } finally {
      files.close(fd);
    }
  }

  /** What there is to say of the file. Throws CheckFailed when it cannot be loaded, and stays so. */
  private check(fd: number, kind: string, name: string, isLast: boolean): string {
    const { files, say } = this.parts;
    const { fixes, until } = this.options;
    const size = files.size(fd);
    if (size === 0) return 'is empty';
    const reader = new CommandFileReader(files, fd, this.skipRdb(fd, size, name), () => {});
    let cut = -1;
    reader.onRemark = (text, offset) => {
      if (until === null || !(Number(/^#TS:([0-9]+)/.exec(text)?.[1] ?? 0) > until)) return false;
      cut = offset;
      return true;
    };
    let why: string | null = null;
    try {
      reader.run();
    } catch (error) {
      why = (error as Error).message;
    }
    if (cut >= 0) return this.cutAtTime(fd, name, cut, until!, isLast);
    if (until !== null && why === null) say(`Truncate nothing in AOF ${name} to timestamp ${until}`);
    const bad = size - reader.validUntil;
    if (why !== null) say(`${kind} ${name}: ${why}`);
    say(`AOF analyzed: filename=${name}, size=${size}, ok_up_to=${reader.validUntil}, diff=${bad}`);
    if (why === null) return 'is valid';
    if (!fixes) throw new CheckFailed(`${kind} ${name} is not valid. Use the --fix option to try fixing it.`);
    if (!isLast) throw new CheckFailed(`Failed to truncate AOF ${name} because it is not the last file`);
    say(
      `This will shrink the AOF ${name} from ${size} bytes, with ${bad} bytes, to ${reader.validUntil} bytes`,
    );
    if (!this.parts.confirm('Continue? [y/N]: ')) throw new CheckFailed('Aborting...');
    this.cut(fd, reader.validUntil);
    return 'was successfully truncated';
  }

  private cutAtTime(fd: number, name: string, at: number, until: number, isLast: boolean): string {
    if (!isLast) {
      throw new CheckFailed(
        `Failed to truncate AOF ${name} to timestamp ${until} to offset ${at} because it is not the last file.`,
      );
    }
    this.cut(fd, at);
    return `was successfully truncated to timestamp ${until}`;
  }

  private cut(fd: number, size: number): void {
    this.parts.files.truncate(fd, size);
    this.parts.files.fsync(fd);
  }

  /** Where the commands begin. */
  private skipRdb(fd: number, size: number, name: string): number {
    const { files, say } = this.parts;
    const head = new Uint8Array(MAGIC.length);
    if (files.read(fd, head, 0, MAGIC.length, 0) < MAGIC.length) return 0;
    if (String.fromCharCode(...head) !== MAGIC) return 0;
    const reader = new RdbFileReader(files, fd, size, 0);
    try {
      copyItems(reader, true, () => {});
    } catch (error) {
      throw new CheckFailed(
        `RDB preamble of AOF file ${basename(name)} is not sane, aborting: ${(error as Error).message}`,
      );
    }
    say('RDB preamble is OK, proceeding with AOF tail...');
    return reader.offset;
  }
}
