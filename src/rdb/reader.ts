/**
 * Reads the elements of the RDB format from bytes that may be anything: whatever does not fit throws CorruptRdbError, nothing is ever
 * read beyond the end, and no length is believed before its bytes are there.
 */
import { newUnfilled } from '../base/bytes.ts';
import { int64, writeInt64 } from '../base/int64.ts';
import { lzfDecompress } from '../base/lzf.ts';
import { LENGTH_32_BITS, LENGTH_64_BITS, STRING_INT8, STRING_INT16, STRING_LZF } from './format.ts';

/** An LZF reference of three bytes stands for at most this many. */
const LZF_EXPANSION_MAX = 264;
/** Longer strings are expanded into memory of their own. */
const EXPANDED_KEPT_MAX = 64 << 10;

/** The bytes are not what they should be. */
export class CorruptRdbError extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'CorruptRdbError';
  }
}

/** The bytes are in order, but the collection has no element: there is no such value. It has been read to its end. */
export class EmptyValueError extends CorruptRdbError {
  constructor() {
    super('a collection without elements');
    this.name = 'EmptyValueError';
  }
}

export class RdbReader {
  protected bytes: Uint8Array = new Uint8Array(0);
  protected data: DataView = new DataView(new ArrayBuffer(0));
  protected end = 0;
  pos = 0;
  /** The string read last: textBytes[textStart..textEnd), valid until the next string(). */
  textBytes: Uint8Array = new Uint8Array(0);
  textStart = 0;
  textEnd = 0;
  /** A view over the memory of textBytes, or null. */
  textData: DataView | null = null;
  /** Packed blocks (listpacks, intsets, ziplists and so on) that whoever read them has checked since open(). */
  blocksChecked = 0;
  private countAt = 0;
  private readonly digits = new Uint8Array(24);
  /** Where compressed strings of usual sizes are expanded. */
  private expanded: Uint8Array = new Uint8Array(0);
  private expandedData: DataView = new DataView(this.expanded.buffer);

  /** Reads bytes[start..end) from now on. */
  open(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.pos = start;
    this.end = end;
    this.blocksChecked = 0;
  }

  get atEnd(): boolean {
    return this.pos === this.end;
  }

  /** Steps over the next `size` bytes and returns where they begin. */
  protected take(size: number): number {
    if (size > this.end - this.pos) this.more(size);
    const at = this.pos;
    this.pos = at + size;
    return at;
  }

  /** Sees to it that `size` bytes are there from `pos` on, or throws. */
  protected more(_size: number): void {
    throw new CorruptRdbError('the value ends too early');
  }

  /** How many bytes there are from `pos` on. */
  protected get rest(): number {
    return this.end - this.pos;
  }

  byte(): number {
    const at = this.take(1);
    return this.bytes[at];
  }

  /** How many bytes the length has that comes next, without reading it. */
  lengthSize(): number {
    const first = this.byte();
    this.pos--;
    if (first < 0x40) return 1;
    if (first < 0x80) return 2;
    return first === LENGTH_32_BITS ? 5 : 9;
  }

  /** A length. */
  length(): number {
    return this.lengthFrom(this.byte());
  }

  private lengthFrom(first: number): number {
    if (first < 0x40) return first;
    if (first < 0x80) return ((first & 63) << 8) | this.byte();
    if (first === LENGTH_32_BITS) {
      const at = this.take(4);
      return this.data.getUint32(at);
    }
    if (first !== LENGTH_64_BITS) throw new CorruptRdbError('not a length');
    const at = this.take(8);
    const value = this.data.getUint32(at) * 2 ** 32 + this.data.getUint32(at + 4);
    if (!Number.isSafeInteger(value)) throw new CorruptRdbError('a length beyond all measure');
    return value;
  }

  /** length() of an unsigned 64-bit number; leaves it in `int64`. */
  length64(): void {
    if (this.bytes[this.pos] === LENGTH_64_BITS && this.pos < this.end) {
      const at = this.take(9);
      int64.hi = this.data.getInt32(at + 1);
      int64.lo = this.data.getInt32(at + 5);
      return;
    }
    int64.hi = 0;
    int64.lo = this.length() | 0;
  }

  /** Eight bytes, little-endian, of an int64 that is taken to be safe. */
  milliseconds(): number {
    const at = this.take(8);
    return this.data.getInt32(at + 4, true) * 2 ** 32 + this.data.getUint32(at, true);
  }

  /** A count of elements of at least `size` bytes each: one that cannot be there is refused at once. */
  count(size: number): number {
    this.countAt = this.pos;
    const value = this.length();
    if (value * size > this.rest) throw new CorruptRdbError('more elements than bytes');
    return value;
  }

  /** Goes back to where the count read last begins. */
  unread(): void {
    this.pos = this.countAt;
  }

  double(): number {
    const at = this.take(8);
    return this.data.getFloat64(at, true);
  }

  /** A time in whole seconds since 1970, as old files have it. */
  seconds(): number {
    const at = this.take(4);
    return this.data.getInt32(at, true);
  }

  /** True when the string read last lies where it was read from, and so is good for longer than the next one. */
  get isInPlace(): boolean {
    return this.textBytes === this.bytes;
  }

  /** A string; textBytes, textStart and textEnd are then at it. */
  string(): void {
    const first = this.byte();
    if (first >= STRING_INT8 && first <= STRING_LZF) {
      if (first === STRING_LZF) this.compressed();
      else this.integer(first);
      return;
    }
    this.bytesOf(this.lengthFrom(first));
  }

  /** The next `size` bytes as they are; textBytes, textStart and textEnd are then at them. */
  bytesOf(size: number): void {
    this.textStart = this.take(size);
    this.textBytes = this.bytes;
    this.textData = this.data;
    this.textEnd = this.pos;
  }

  private integer(encoding: number): void {
    let value = 0;
    const at = this.take(encoding === STRING_INT8 ? 1 : encoding === STRING_INT16 ? 2 : 4);
    if (encoding === STRING_INT8) value = this.data.getInt8(at);
    else if (encoding === STRING_INT16) value = this.data.getInt16(at, true);
    else value = this.data.getInt32(at, true);
    this.textBytes = this.digits;
    this.textData = null;
    this.textStart = 0;
    this.textEnd = writeInt64(value >> 31, value, this.digits, 0);
  }

  private roomFor(size: number): Uint8Array {
    if (size > EXPANDED_KEPT_MAX) return newUnfilled(size);
    if (size > this.expanded.length) {
      this.expanded = newUnfilled(Math.max(size, this.expanded.length * 2));
      const { buffer, byteOffset, byteLength } = this.expanded;
      this.expandedData = new DataView(buffer, byteOffset, byteLength);
    }
    return this.expanded;
  }

  private compressed(): void {
    const from = this.length();
    const size = this.length();
    if (from > this.rest || size > from * LZF_EXPANSION_MAX)
      throw new CorruptRdbError('a compressed string that cannot be');
    const at = this.take(from);
    const out = this.roomFor(size);
    if (lzfDecompress(this.bytes, at, at + from, out, 0, size) !== size) {
      throw new CorruptRdbError('a compressed string that does not expand');
    }
    this.textBytes = out;
    this.textData = out === this.expanded ? this.expandedData : null;
    this.textStart = 0;
    this.textEnd = size;
  }
}
