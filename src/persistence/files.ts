/**
 * The file operations that persistence is built on, and nothing more: so that a test can put a layer in their place that writes
 * half, runs out of room, or forgets what was not fsynced when the machine dies.
 *
 * All of them wait: they are called on bio and on job threads only. Paths may be relative to the working directory of the process. Errors are
 * Node's, with their `code`.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';

export interface Files {
  /** A descriptor; flags as in fs.open(). */
  open(path: string, flags: string): number;
  /** Writes at the end of the descriptor's position; returns how many bytes were taken, which may be fewer than given. */
  write(fd: number, bytes: Uint8Array, start: number, size: number): number;
  /** Reads up to `size` bytes at `position`; 0 at the end of the file. */
  read(fd: number, into: Uint8Array, start: number, size: number, position: number): number;
  fsync(fd: number): void;
  /** fsync without keeping others from running. */
  fsyncLater(fd: number, done: (error: NodeJS.ErrnoException | null) => void): void;
  /** Makes what happened to names in the directory of `path` last. */
  fsyncDirectoryOf(path: string): void;
  truncate(fd: number, size: number): void;
  size(fd: number): number;
  close(fd: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  exists(path: string): boolean;
  list(directory: string): string[];
  /** When the file was last written to, in milliseconds since 1970. */
  modifiedMs(path: string): number;
  /** Makes a directory that may be there, to last. */
  makeDirectory(path: string): void;
}

export const systemFiles: Files = {
  open: (path, flags) => fs.openSync(path, flags, 0o644),
  write: (fd, bytes, start, size) => fs.writeSync(fd, bytes, start, size),
  read: (fd, into, start, size, position) => fs.readSync(fd, into, start, size, position),
  fsync: (fd) => fs.fdatasyncSync(fd),
  fsyncLater: (fd, done) => fs.fdatasync(fd, done),
  fsyncDirectoryOf(path) {
    const fd = fs.openSync(dirname(path), 'r');
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  },
  truncate: (fd, size) => fs.ftruncateSync(fd, size),
  size: (fd) => fs.fstatSync(fd).size,
  close: (fd) => fs.closeSync(fd),
  rename: (from, to) => fs.renameSync(from, to),
  remove: (path) => fs.unlinkSync(path),
  exists: (path) => fs.existsSync(path),
  list: (directory) => fs.readdirSync(directory),
  modifiedMs: (path) => fs.statSync(path).mtimeMs,
  makeDirectory(path) {
    if (fs.existsSync(path)) return;
    fs.mkdirSync(path, 0o755);
    this.fsyncDirectoryOf(path);
  },
};

/** Writes all of bytes[start..start + size), however little is taken at once. */
export function writeAll(files: Files, fd: number, bytes: Uint8Array, start: number, size: number): void {
  let done = 0;
  while (done < size) done += files.write(fd, bytes, start + done, size - done);
}

/** Removes a file that may not be there. */
export function removeIfThere(files: Files, path: string): void {
  try {
    files.remove(path);
  } catch {
    // It was not there, or cannot be removed: nobody depends on it.
  }
}
