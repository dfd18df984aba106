/**
 * Files in memory that can fail on demand and lose what the machine had not promised to keep.
 *
 *   fail      what the next operations of a kind throw
 *   short     write() takes at most so many bytes
 *   room      bytes that the disk has left
 *   crash()   the machine dies: of every file what was fsynced is left and a random part of the rest, of the names what the directory's
 *             fsync covered and a random number of the operations after it, in their order
 *
 * A name and a file are different things here as on a disk: an open descriptor goes on to work after a rename.
 */
import type { Files } from '../../../src/persistence/files.ts';

interface MemoryFile {
  bytes: Buffer;
  /** How many of them survive a crash for sure. */
  safe: number;
}

type Names = Map<string, MemoryFile>;
export type Operation = 'open' | 'write' | 'fsync' | 'fsyncLater' | 'fsyncDirectoryOf' | 'rename' | 'remove';

export class MemoryFiles implements Files {
  names: Names = new Map();
  /** What the disk is sure to have of the names, and what was done to them since. */
  private safeNames: Names = new Map();
  private changes: ((names: Names) => void)[] = [];
  private readonly open_ = new Map<number, MemoryFile>();
  private nextFd = 3;
  /** Operation -> error code; `times` of them, then it works again. */
  readonly failures = new Map<Operation, { code: string; times: number; match: RegExp }>();
  short = Number.MAX_SAFE_INTEGER;
  room = Number.MAX_SAFE_INTEGER;
  /** fsyncs that were begun and are not done: call them. */
  readonly pending: (() => void)[] = [];
  /** Descriptors that something was done to although they were closed. */
  readonly misused: number[] = [];
  fsyncs = 0;

  fail(operation: Operation, code: string, times = 1, match = /./): void {
    this.failures.set(operation, { code, times, match });
  }

  private check(operation: Operation, what = '-'): void {
    const failure = this.failures.get(operation);
    if (failure === undefined || failure.times === 0 || !failure.match.test(what)) return;
    failure.times--;
    throw this.error(failure.code, operation);
  }

  private error(code: string, operation: string): NodeJS.ErrnoException {
    return Object.assign(new Error(`${code}: ${operation}`), { code, errno: code === 'ENOSPC' ? -28 : -5 });
  }

  private file(fd: number): MemoryFile {
    const file = this.open_.get(fd);
    if (file !== undefined) return file;
    this.misused.push(fd);
    throw this.error('EBADF', String(fd));
  }

  get openCount(): number {
    return this.open_.size;
  }

  private change(apply: (names: Names) => void): void {
    apply(this.names);
    this.changes.push(apply);
  }

  open(path: string, flags: string): number {
    this.check('open', path);
    let file = this.names.get(path);
    if (file === undefined) {
      if (flags.startsWith('r')) throw this.error('ENOENT', path);
      const made: MemoryFile = { bytes: Buffer.alloc(0), safe: 0 };
      this.change((names) => names.set(path, made));
      file = made;
    } else if (flags.startsWith('w')) {
      file.bytes = Buffer.alloc(0);
      file.safe = 0;
    }
    this.open_.set(this.nextFd, file);
    return this.nextFd++;
  }

  write(fd: number, bytes: Uint8Array, start: number, size: number): number {
    const file = this.file(fd);
    this.check('write');
    const count = Math.min(size, this.short, this.room);
    if (count === 0 && size > 0) throw this.error('ENOSPC', 'write');
    this.room -= count;
    file.bytes = Buffer.concat([file.bytes, bytes.subarray(start, start + count)]);
    return count;
  }

  read(fd: number, into: Uint8Array, start: number, size: number, position: number): number {
    const { bytes } = this.file(fd);
    return bytes.copy(into, start, position, Math.min(bytes.length, position + Math.min(size, this.short)));
  }

  fsync(fd: number): void {
    const file = this.file(fd);
    this.fsyncs++;
    this.check('fsync');
    file.safe = file.bytes.length;
  }

  fsyncLater(fd: number, done: (error: NodeJS.ErrnoException | null) => void): void {
    const size = this.file(fd).bytes.length;
    this.fsyncs++;
    this.pending.push(() => {
      try {
        const file = this.file(fd);
        this.check('fsyncLater');
        file.safe = Math.max(file.safe, size);
      } catch (error) {
        done(error as NodeJS.ErrnoException);
        return;
      }
      done(null);
    });
  }

  /** All fsyncs that were begun end now. */
  finish(): void {
    for (const end of this.pending.splice(0)) end();
  }

  fsyncDirectoryOf(path: string): void {
    this.check('fsyncDirectoryOf', path);
    this.safeNames = new Map(this.names);
    this.changes = [];
  }

  truncate(fd: number, size: number): void {
    const file = this.file(fd);
    file.bytes = file.bytes.subarray(0, size);
    file.safe = Math.min(file.safe, size);
  }

  size(fd: number): number {
    return this.file(fd).bytes.length;
  }

  close(fd: number): void {
    this.file(fd);
    this.open_.delete(fd);
  }

  rename(from: string, to: string): void {
    this.check('rename', `${from} ${to}`);
    if (!this.names.has(from)) throw this.error('ENOENT', from);
    this.change((names) => {
      const file = names.get(from);
      if (file === undefined) return;
      names.delete(from);
      names.set(to, file);
    });
  }

  remove(path: string): void {
    this.check('remove', path);
    if (!this.names.has(path)) throw this.error('ENOENT', path);
    this.change((names) => names.delete(path));
  }

  exists(path: string): boolean {
    return this.names.has(path);
  }

  modifiedMs(): number {
    return 0;
  }

  list(directory: string): string[] {
    return [...this.names.keys()].filter((path) => path.startsWith(`${directory}/`));
  }

  makeDirectory(): void {}

  text(path: string): string {
    return this.names.get(path)!.bytes.toString('latin1');
  }

  put(path: string, text: string | Uint8Array): void {
    const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : Buffer.from(text);
    this.names.set(path, { bytes, safe: bytes.length });
    this.safeNames = new Map(this.names);
  }

  /** What a restart finds; this one is left as it is. */
  crash(below: (n: number) => number): MemoryFiles {
    const after = new MemoryFiles();
    const names = new Map(this.safeNames);
    for (const apply of this.changes.slice(0, below(this.changes.length + 1))) apply(names);
    for (const [path, { bytes, safe }] of names) {
      after.put(path, bytes.subarray(0, safe + below(bytes.length - safe + 1)));
    }
    return after;
  }
}
