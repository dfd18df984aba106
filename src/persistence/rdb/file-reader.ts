/**
 * Reads an RDB file from a descriptor, with a window of it in memory that slides along; what is read is checksummed on the way. No length is believed
 * that reaches beyond the end of the file.
 */
import { copyBytes, newUnfilled } from '../../base/bytes.ts';
import { crc64, equalsCrc64, updateCrc64 } from '../../base/crc64.ts';
import { CHECKSUM_SIZE, MAGIC, MAGIC_SIZE, RDB_VERSION_MAX } from '../../rdb/format.ts';
import { CorruptRdbError, RdbReader } from '../../rdb/reader.ts';
import type { Files } from '../files.ts';

const WINDOW = 1 << 20;

export class RdbFileReader extends RdbReader {
  /** Of the file, from the magic on. */
  version = 0;
  /** Whether the file has a checksum; known when it has been read to its end. */
  hasChecksum = false;
  private readonly files: Files;
  private readonly fd: number;
  private readonly fileSize: number;
  /** Where in the file the window begins. */
  private base: number;
  /** In the window: up to here all is in the checksum. */
  private summed = 0;
  private hi = 0;
  private lo = 0;

  /** Reads from `start` on, where the magic is to be. */
  constructor(files: Files, fd: number, fileSize: number, start: number) {
    super();
    this.files = files;
    this.fd = fd;
    this.fileSize = fileSize;
    this.base = start;
    this.open(newUnfilled(WINDOW), 0, 0);
  }

  /** Where in the file the next byte lies. */
  get offset(): number {
    return this.base + this.pos;
  }

  protected override get rest(): number {
    return this.fileSize - this.offset;
  }

  protected override more(size: number): void {
    if (size > this.rest) throw new CorruptRdbError('the file ends too early');
    this.sum();
    const kept = this.end - this.pos;
    const from = this.bytes;
    const into = size > from.length ? newUnfilled(Math.max(size, from.length * 2)) : from;
    if (into === from) into.copyWithin(0, this.pos, this.end);
    else copyBytes(from, this.pos, this.end, into, 0);
    this.base += this.pos;
    this.summed = 0;
    this.open(into, 0, this.fill(into, kept));
    if (size > this.end) throw new CorruptRdbError('the file ends too early');
  }

  /** Reads behind the first `kept` bytes of the window; returns how many there are then. */
  private fill(into: Uint8Array, kept: number): number {
    const { files, fd } = this;
    let end = kept;
    while (end < into.length) {
      const got = files.read(fd, into, end, into.length - end, this.base + end);
      if (got === 0) break;
      end += got;
    }
    return end;
  }

  private sum(): void {
    updateCrc64(this.hi, this.lo, this.bytes, this.summed, this.pos);
    this.hi = crc64.hi;
    this.lo = crc64.lo;
    this.summed = this.pos;
  }

  /** Reads the magic and the version. Throws CorruptRdbError when they are not those of a file that we read. */
  begin(): void {
    this.bytesOf(MAGIC_SIZE);
    const text = String.fromCharCode(...this.textBytes.subarray(this.textStart, this.textEnd));
    if (!text.startsWith(MAGIC)) throw new CorruptRdbError('Wrong signature trying to load DB from file');
    this.version = Number(text.slice(MAGIC.length));
    if (!(this.version >= 1 && this.version <= RDB_VERSION_MAX)) {
      throw new CorruptRdbError(`Can't handle RDB format version ${text.slice(MAGIC.length)}`);
    }
  }

  /** Behind the end mark: reads the checksum and compares it, if `checks` and if the file has one. */
  finish(checks: boolean): void {
    // Files before version 5 end here.
    if (this.version < 5) return;
    this.sum();
    const { hi, lo } = this;
    this.bytesOf(CHECKSUM_SIZE);
    const { textBytes, textStart } = this;
    this.hasChecksum = !equalsCrc64(0, 0, textBytes, textStart);
    if (!checks || !this.hasChecksum) return;
    if (!equalsCrc64(hi, lo, textBytes, textStart)) {
      throw new CorruptRdbError('Wrong RDB checksum expected, RDB CRC error');
    }
  }
}
