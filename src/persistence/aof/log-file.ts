/**
 * Which file the log goes to, in shared memory: so that main can write out what is left in the ring when bio is dead.
 *
 *   0       Int32    bytes of the path; 0: none, or it is about to change
 *   1..3    Int32    the position of the log at which the file begins, as in log-ring.ts
 *   16...   bytes    the path, absolute, UTF-8
 *
 * Bio writes, main reads after bio's end: no two threads meet here. The place in the file tells main how much of what bio had not yet
 * reported was written all the same: position - start must be the size of the file.
 */
import { closeSync, fstatSync, fsyncSync, openSync, writeSync } from 'node:fs';
import {
  LOG_WHOLE,
  LOG_WRITTEN,
  type LogMemory,
  placeOf,
  readPosition,
  storePosition,
  takeLockForGood,
} from '../../ring/log-ring.ts';

const START = 1;
const PATH_AT = 16;
const PATH_MAX = 4096;

export class LogFile {
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory, 0, PATH_AT / 4);
    this.bytes = new Uint8Array(memory, PATH_AT);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(PATH_AT + PATH_MAX);
  }

  /** From now on that file is written to; its first byte is, or would have been, at the position `start`. */
  set(path: string, start: number): void {
    const bytes = Buffer.from(path);
    this.clear();
    if (bytes.length > PATH_MAX) return;
    this.bytes.set(bytes);
    // A file of an earlier life may be larger than the log is long.
    storePosition(this.words, START, start);
    Atomics.store(this.words, 0, bytes.length);
  }

  clear(): void {
    Atomics.store(this.words, 0, 0);
  }

  get path(): string | null {
    const size = Atomics.load(this.words, 0);
    return size === 0 ? null : Buffer.from(this.bytes.slice(0, size)).toString();
  }

  get start(): number {
    return readPosition(this.words, START);
  }
}

/**
 * For main, when bio is dead: appends what the ring holds of whole entries to the file, and fsyncs. Returns how many bytes that were.
 * Throws what the disk throws.
 */
export function writeOutLog(memory: LogMemory, file: LogFile): number {
  const { path, start } = file;
  if (path === null) return 0;
  const control = new Int32Array(memory.control);
  takeLockForGood(control);
  const ring = new Uint8Array(memory.bytes);
  const fd = openSync(path, 'a');
  try {
    const written = start + fstatSync(fd).size;
    const whole = readPosition(control, LOG_WHOLE);
    if (written < readPosition(control, LOG_WRITTEN)) throw new Error('the file is shorter than it was');
    let position = written;
    while (position < whole) {
      const at = placeOf(control, position, ring.length);
      const size = Math.min(whole - position, ring.length - at);
      position += writeSync(fd, ring, at, size);
    }
    fsyncSync(fd);
    return Math.max(0, whole - written);
  } finally {
    closeSync(fd);
  }
}
