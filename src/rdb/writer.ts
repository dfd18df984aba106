/**
 * Writes the elements of the RDB format: lengths, strings (as integers or compressed where that is shorter), doubles.
 *
 * The bytes gather in one buffer that doubles; it belongs to the writer and holds until the next reset(). A long value makes
 * it long: keepSmall() gives such a buffer back.
 */
import { COPY_VIEWS_SIZE_MAX, copyBytes, copyViews, newUnfilled } from '../base/bytes.ts';
import { int64, parseInt64, writeInt64 } from '../base/int64.ts';
import { lzfCompress } from '../base/lzf.ts';
import {
  LENGTH_14_BITS,
  LENGTH_32_BITS,
  LENGTH_64_BITS,
  STRING_INT8,
  STRING_INT16,
  STRING_INT32,
  STRING_LZF,
} from './format.ts';

const FIRST_CAPACITY = 4 << 10;
const KEPT_MAX = 1 << 20;
/** Longer text is not a 32-bit integer. */
const INT_TEXT_MAX = 11;
/** Shorter strings are not worth compressing, and the result must be this much shorter. */
const COMPRESS_MIN = 20;
const COMPRESS_GAIN = 4;
const LENGTH_SIZE_MAX = 9;
/**
 * Half a microsecond for each short string is most of what a file costs where none gets shorter. After so many in a row only every eighth is tried,
 * until one does. Whatever the mixture, at most 1.5 % of the strings come out longer than they had to (where one of thirty would get shorter).
 */
const FAILURES_MAX = 64;
const TRIED_MASK = 7;
const SHORT_MAX = 256;

const digits = new Uint8Array(24);

export class RdbWriter {
  bytes: Uint8Array = newUnfilled(FIRST_CAPACITY);
  /** Over the same memory, position by position. */
  private view: DataView = viewOf(this.bytes);
  size = 0;
  /** The directive rdbcompression. */
  compresses = true;
  /** Short strings since the last one that got shorter. */
  private failures = 0;
  /** The least version of the format that what was written needs. */
  version = 0;
  /** The key whose value comes next: type() puts it where a file wants it. A DUMP payload has none. */
  private keyBytes: Uint8Array | null = null;
  private keyData: DataView | null = null;
  private keyStart = 0;
  private keyEnd = 0;

  /** Begins anew. */
  reset(compresses: boolean): void {
    this.size = 0;
    this.version = 0;
    this.compresses = compresses;
    this.failures = 0;
  }

  /** What is written now is not known before this version. */
  needVersion(version: number): void {
    if (version > this.version) this.version = version;
  }

  /** Gives a long buffer back. */
  keepSmall(): void {
    if (this.bytes.length > KEPT_MAX) this.use(newUnfilled(FIRST_CAPACITY));
    this.size = 0;
  }

  /** The buffer, filled up to `size`; it belongs to the caller now, and the writer goes on with another. */
  take(capacity: number): Uint8Array {
    const { bytes } = this;
    this.use(newUnfilled(capacity));
    this.size = 0;
    return bytes;
  }

  private use(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = viewOf(bytes);
  }

  /** The next type() is that of key bytes[start..end). */
  nameNext(bytes: Uint8Array, start: number, end: number, data: DataView | null = null): void {
    this.keyBytes = bytes;
    this.keyData = data;
    this.keyStart = start;
    this.keyEnd = end;
  }

  /** The type byte of a value, before the value; and the key's name where there is one. */
  type(rdbType: number): void {
    this.byte(rdbType);
    const { keyBytes } = this;
    if (keyBytes === null) return;
    this.keyBytes = null;
    this.string(keyBytes, this.keyStart, this.keyEnd, this.keyData);
  }

  private ensure(more: number): void {
    const wanted = this.size + more;
    if (wanted <= this.bytes.length) return;
    const grown = newUnfilled(Math.max(wanted, this.bytes.length * 2));
    copyBytes(this.bytes, 0, this.size, grown, 0);
    this.use(grown);
  }

  byte(value: number): void {
    this.ensure(1);
    this.bytes[this.size++] = value;
  }

  /** `data` is a view over the same memory as `bytes`, for who has one: it makes short copies faster. */
  raw(bytes: Uint8Array, start: number, end: number, data: DataView | null = null): void {
    this.ensure(end - start);
    if (data !== null && end - start <= COPY_VIEWS_SIZE_MAX)
      copyViews(data, start, end, this.view, this.size);
    else copyBytes(bytes, start, end, this.bytes, this.size);
    this.size += end - start;
  }

  /** A length, or any other non-negative safe integer. */
  length(value: number): void {
    this.ensure(LENGTH_SIZE_MAX);
    if (value < 64) {
      this.bytes[this.size++] = value;
    } else if (value < 16384) {
      this.bytes[this.size++] = LENGTH_14_BITS | (value >>> 8);
      this.bytes[this.size++] = value;
    } else if (value <= 0xffffffff) {
      this.bytes[this.size++] = LENGTH_32_BITS;
      this.bigEndian32(value);
    } else {
      this.bytes[this.size++] = LENGTH_64_BITS;
      this.bigEndian32(Math.floor(value / 2 ** 32));
      this.bigEndian32(value >>> 0);
    }
  }

  /** length() of an unsigned 64-bit number. */
  length64(hi: number, lo: number): void {
    if (hi === 0) {
      this.length(lo >>> 0);
      return;
    }
    this.ensure(LENGTH_SIZE_MAX);
    this.bytes[this.size++] = LENGTH_64_BITS;
    this.bigEndian32(hi);
    this.bigEndian32(lo);
  }

  private bigEndian32(value: number): void {
    this.view.setInt32(this.size, value);
    this.size += 4;
  }

  littleEndian32(value: number): void {
    this.ensure(4);
    this.view.setInt32(this.size, value, true);
    this.size += 4;
  }

  /** Eight bytes of an int64 or uint64, little-endian. */
  littleEndian64(hi: number, lo: number): void {
    this.littleEndian32(lo);
    this.littleEndian32(hi);
  }

  /** A time: milliseconds since 1970 as an int64, little-endian. */
  milliseconds(ms: number): void {
    this.littleEndian64(Math.floor(ms / 2 ** 32), ms >>> 0);
  }

  /** The bits of a double, little-endian. */
  double(value: number): void {
    this.ensure(8);
    this.view.setFloat64(this.size, value, true);
    this.size += 8;
  }

  /** A string: as an integer if it spells one of 32 bits, compressed if that is shorter, else as it is. */
  string(bytes: Uint8Array, start: number, end: number, data: DataView | null = null): void {
    const size = end - start;
    if (size <= INT_TEXT_MAX && parseInt64(bytes, start, end) && this.smallInteger(int64.hi, int64.lo))
      return;
    if (this.compresses && size > COMPRESS_MIN && this.mayShrink(size) && this.compressed(bytes, start, end))
      return;
    this.length(size);
    this.raw(bytes, start, end, data);
  }

  /** A string value that is kept as an integer. */
  integer(hi: number, lo: number): void {
    if (this.smallInteger(hi, lo)) return;
    const size = writeInt64(hi, lo, digits, 0);
    this.length(size);
    this.raw(digits, 0, size);
  }

  private smallInteger(hi: number, lo: number): boolean {
    if (hi !== lo >> 31) return false;
    this.ensure(5);
    if (lo >= -128 && lo <= 127) {
      this.bytes[this.size++] = STRING_INT8;
      this.bytes[this.size++] = lo;
    } else if (lo >= -32768 && lo <= 32767) {
      this.bytes[this.size++] = STRING_INT16;
      this.bytes[this.size++] = lo;
      this.bytes[this.size++] = lo >> 8;
    } else {
      this.bytes[this.size++] = STRING_INT32;
      this.littleEndian32(lo);
    }
    return true;
  }

  /** Whether a string of that size is worth trying to compress. */
  private mayShrink(size: number): boolean {
    if (size > SHORT_MAX) return true;
    const { failures } = this;
    this.failures++;
    return failures < FAILURES_MAX || (failures & TRIED_MASK) === 0;
  }

  private compressed(bytes: Uint8Array, start: number, end: number): boolean {
    const size = end - start;
    this.ensure(1 + 2 * LENGTH_SIZE_MAX + size);
    // Compressed behind where the lengths go if they are as long as it seems; moved to where they end if they are not.
    const at = this.size + 1 + (size < LENGTH_ONE_BYTE ? 2 : 3);
    const got = lzfCompress(bytes, start, end, this.bytes, at, at + size - COMPRESS_GAIN);
    if (got <= 0) return false;
    this.failures = 0;
    const { size: before } = this;
    if (lengthSize(got) + lengthSize(size) !== at - before - 1) {
      this.bytes.copyWithin(before + 1 + lengthSize(got) + lengthSize(size), at, at + got);
    }
    this.byte(STRING_LZF);
    this.length(got);
    this.length(size);
    this.size += got;
    return true;
  }
}

/** Lengths below this take one byte. */
const LENGTH_ONE_BYTE = 64;

/** Bytes of a length. */
function lengthSize(value: number): number {
  if (value < LENGTH_ONE_BYTE) return 1;
  return value < 16384 ? 2 : 5;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
