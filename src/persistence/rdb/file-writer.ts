/**
 * Writes an RDB file of items that come in pieces: under a temporary name, which becomes the final one only when every byte is on the disk.
 *
 *     begin()    the magic
 *     add()      whole items with plain strings, as the executor wrote them: compressed here, checksummed, written
 *     end()      the end mark and the checksum; fsync, rename, fsync of the directory
 *     abort()    nothing is left
 */
import { crc64, updateCrc64, writeCrc64 } from '../../base/crc64.ts';
import { CHECKSUM_SIZE, MAGIC, OPCODE_EOF } from '../../rdb/format.ts';
import { copyItem, ITEM_KEY } from '../../rdb/items.ts';
import { RdbReader } from '../../rdb/reader.ts';
import { RdbWriter } from '../../rdb/writer.ts';
import { type Files, removeIfThere, writeAll } from '../files.ts';

/** What gathers before it is written. */
const WRITE_BYTES = 256 << 10;
/** The disk gets its work in portions, so that the fsync at the end is not all of it (rdb-save-incremental-fsync). */
const FSYNC_BYTES = 32 << 20;

export interface RdbFileOptions {
  temporary: string;
  path: string;
  version: number;
  compresses: boolean;
  checksum: boolean;
  fsyncsAsItGoes: boolean;
}

export class RdbFileWriter {
  /** Bytes written so far. */
  written = 0;
  private readonly files: Files;
  private readonly options: RdbFileOptions;
  /** -1 once it is closed: its number may be anybody's then, a client's too, and must not be touched. */
  private fd: number;
  private readonly reader = new RdbReader();
  private readonly writer = new RdbWriter();
  private fsyncedUntil = 0;
  private over = false;
  private hi = 0;
  private lo = 0;

  private readonly afterKey: (() => void) | null;

  /** Throws when the file cannot be made. `afterKey` is for tests that want saving to last. */
  constructor(files: Files, options: RdbFileOptions, afterKey: (() => void) | null = null) {
    this.files = files;
    this.options = options;
    this.afterKey = afterKey;
    this.fd = files.open(options.temporary, 'w');
    this.writer.reset(options.compresses);
    for (const char of MAGIC + String(options.version).padStart(4, '0')) {
      this.writer.byte(char.charCodeAt(0));
    }
  }

  /** Adds bytes[0..size), whole items with plain strings. Throws when the disk does. */
  add(bytes: Uint8Array, size: number): void {
    const { reader, writer } = this;
    reader.open(bytes, 0, size);
    while (!reader.atEnd) {
      if (copyItem(reader, writer) === ITEM_KEY) this.afterKey?.();
      if (writer.size >= WRITE_BYTES) this.flush();
    }
  }

  private flush(): void {
    const { writer, files } = this;
    if (this.options.checksum) {
      updateCrc64(this.hi, this.lo, writer.bytes, 0, writer.size);
      this.hi = crc64.hi;
      this.lo = crc64.lo;
    }
    writeAll(files, this.fd, writer.bytes, 0, writer.size);
    this.written += writer.size;
    writer.keepSmall();
    if (this.options.fsyncsAsItGoes && this.written - this.fsyncedUntil >= FSYNC_BYTES) {
      files.fsync(this.fd);
      this.fsyncedUntil = this.written;
    }
  }

  /**
   * The file is whole, and there under its final name, when this returns. Throws when the disk does, or when nobody wants the file any more:
   * that is asked at the last moment.
   */
  end(isWanted: () => boolean = () => true): void {
    const { files, options } = this;
    this.writer.byte(OPCODE_EOF);
    this.flush();
    const sum = new Uint8Array(CHECKSUM_SIZE);
    // Without checksums Redis writes zeros, which readers take for "not known".
    if (options.checksum) writeCrc64(this.hi, this.lo, sum, 0);
    writeAll(files, this.fd, sum, 0, CHECKSUM_SIZE);
    this.written += CHECKSUM_SIZE;
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
