/**
 * A file that is written under a temporary name, which becomes the final one only when every byte is on the disk.
 *
 *     write()    gathers nothing: what it is given is written
 *     finish()   fsync, rename, fsync of the directory
 *     abort()    nothing is left
 */
import { type Files, removeIfThere, writeAll } from './files.ts';

/** The disk gets its work in portions, so that the fsync at the end is not all of it (rdb-save-incremental-fsync). */
const FSYNC_BYTES = 32 << 20;

export interface TemporaryFileOptions {
  temporary: string;
  path: string;
  fsyncsAsItGoes: boolean;
}

export class TemporaryFile {
  /** Bytes written so far. */
  written = 0;
  private readonly files: Files;
  private readonly options: TemporaryFileOptions;
  /** -1 once it is closed: its number may be anybody's then, a client's too, and must not be touched. */
  private fd: number;
  private fsyncedUntil = 0;
  private over = false;

  /** Throws when the file cannot be made. */
  constructor(files: Files, options: TemporaryFileOptions) {
    this.files = files;
    this.options = options;
    this.fd = files.open(options.temporary, 'w');
  }

  /** Throws when the disk does. */
  write(bytes: Uint8Array, start: number, size: number): void {
    const { files } = this;
    writeAll(files, this.fd, bytes, start, size);
    this.written += size;
    if (this.options.fsyncsAsItGoes && this.written - this.fsyncedUntil >= FSYNC_BYTES) {
      files.fsync(this.fd);
      this.fsyncedUntil = this.written;
    }
  }

  /**
   * The file is whole, and there under its final name, when this returns. Throws when the disk does, or when nobody wants the file any more:
   * that is asked at the last moment.
   */
  finish(isWanted: () => boolean): void {
    const { files, options } = this;
    files.fsync(this.fd);
    this.close();
    if (!isWanted()) throw new Error('aborted');
    files.rename(options.temporary, options.path);
    files.fsyncDirectoryOf(options.path);
    this.over = true;
  }

  private close(): void {
    const { fd } = this;
    this.fd = -1;
    this.files.close(fd);
  }

  /** Leaves nothing behind, unless the file is whole already or was given up. Never throws. */
  abort(): void {
    if (this.over) return;
    this.over = true;
    try {
      if (this.fd >= 0) this.close();
    } catch {
      // What could not be written does not matter any more.
    }
    removeIfThere(this.files, this.options.temporary);
  }
}
