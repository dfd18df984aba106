/**
 * Intset: a small set of 64-bit integers, sorted, in one block of bytes. It is Redis's own format, byte for byte, so that DUMP and
 * RDB files take a block as it is.
 *
 *     | width u32: 2, 4 or 8 | count u32 | value | value | ... |        all little-endian, values ascending and signed
 *
 * All values have the same width, the smallest that fits them all: one value that is wider than the others widens the whole block.
 * It never narrows again. {1, 2, 300} is
 *
 *     02 00 00 00 | 03 00 00 00 | 01 00 | 02 00 | 2c 01
 *
 * Everything is a function over an array and the offset of the block. Values come and go as pairs of words (../base/int64.ts).
 * Whoever owns the memory sees to it that it is large enough before something is inserted: the functions move bytes within the
 * block and never allocate. A block starts at any byte, so values are put together from bytes.
 */
import { int64 } from '../base/int64.ts';

export const HEADER_SIZE = 8;
/** An empty block is its header. */
export const EMPTY_SIZE = HEADER_SIZE;
/** More would not fit what a block's size is kept in. */
export const COUNT_MAX = 1 << 28;

const WIDTH_MIN = 2;

/** Writes an empty block at `at`: EMPTY_SIZE bytes. */
export function writeEmpty(u8: Uint8Array, at: number): void {
  writeWord(u8, at, WIDTH_MIN);
  writeWord(u8, at + 4, 0);
}

/** Bytes of one value: 2, 4 or 8. */
export function width(u8: Uint8Array, at: number): number {
  return u8[at];
}

/** Number of values. */
export function count(u8: Uint8Array, at: number): number {
  return readWord(u8, at + 4);
}

/** Bytes of the whole block. */
export function totalBytes(u8: Uint8Array, at: number): number {
  return HEADER_SIZE + count(u8, at) * width(u8, at);
}

/** Bytes that the value takes: 2, 4 or 8. */
export function widthOf(hi: number, lo: number): number {
  if (hi !== lo >> 31) return 8;
  return lo === (lo << 16) >> 16 ? 2 : 4;
}

/** Puts value number `index` into `int64`. */
export function read(u8: Uint8Array, at: number, index: number): void {
  const size = width(u8, at);
  const from = at + HEADER_SIZE + index * size;
  if (size === 2) int64.lo = ((u8[from] | (u8[from + 1] << 8)) << 16) >> 16;
  else int64.lo = readWord(u8, from);
  int64.hi = size === 8 ? readWord(u8, from + 4) : int64.lo >> 31;
}

/** The index of the value; when it is not there, -1 minus the index where it belongs. Allocates nothing; leaves `int64` alone. */
export function find(u8: Uint8Array, at: number, hi: number, lo: number): number {
  const size = width(u8, at);
  const values = count(u8, at);
  if (widthOf(hi, lo) > size) return hi < 0 ? -1 : -1 - values;
  const from = at + HEADER_SIZE;
  let low = 0;
  let high = values;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareAt(u8, from + middle * size, size, hi, lo);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return -1 - low;
}

/** Negative, zero or positive as the value at `from` is less than, equal to or greater than hi:lo. */
function compareAt(u8: Uint8Array, from: number, size: number, hi: number, lo: number): number {
  if (size === 2) return (((u8[from] | (u8[from + 1] << 8)) << 16) >> 16) - lo;
  const low = readWord(u8, from);
  if (size === 4) return low < lo ? -1 : low > lo ? 1 : 0;
  const high = readWord(u8, from + 4);
  if (high !== hi) return high < hi ? -1 : 1;
  if (low === lo) return 0;
  return low >>> 0 < lo >>> 0 ? -1 : 1;
}

/** Bytes of the block with this value, which is not in it. */
export function sizeWith(u8: Uint8Array, at: number, hi: number, lo: number): number {
  return HEADER_SIZE + (count(u8, at) + 1) * Math.max(width(u8, at), widthOf(hi, lo));
}

/** Adds a value that is not in the block; `place` is what find() said. The memory must have sizeWith() bytes. */
export function insert(u8: Uint8Array, at: number, place: number, hi: number, lo: number): void {
  if (widthOf(hi, lo) > width(u8, at)) widen(u8, at, widthOf(hi, lo));
  const size = width(u8, at);
  const values = count(u8, at);
  const index = -1 - place;
  const from = at + HEADER_SIZE + index * size;
  u8.copyWithin(from + size, from, at + HEADER_SIZE + values * size);
  writeValue(u8, from, size, hi, lo);
  writeWord(u8, at + 4, values + 1);
}

/** Gives every value more bytes, from the last to the first, since they overlap. */
function widen(u8: Uint8Array, at: number, size: number): void {
  for (let i = count(u8, at) - 1; i >= 0; i--) {
    read(u8, at, i);
    writeValue(u8, at + HEADER_SIZE + i * size, size, int64.hi, int64.lo);
  }
  writeWord(u8, at, size);
}

/** Takes value number `index` out. */
export function removeAt(u8: Uint8Array, at: number, index: number): void {
  const size = width(u8, at);
  const values = count(u8, at);
  const from = at + HEADER_SIZE + index * size;
  u8.copyWithin(from, from + size, at + HEADER_SIZE + values * size);
  writeWord(u8, at + 4, values - 1);
}

/** Whether u8[at..at+size) is a block as this file writes them: for bytes from outside (RESTORE, RDB). O(size). */
export function isValid(u8: Uint8Array, at: number, size: number): boolean {
  if (size < HEADER_SIZE) return false;
  const valueSize = readWord(u8, at);
  const values = readWord(u8, at + 4);
  if (valueSize !== 2 && valueSize !== 4 && valueSize !== 8) return false;
  if (values < 1 || values > COUNT_MAX || size !== HEADER_SIZE + values * valueSize) return false;
  for (let i = 1; i < values; i++) {
    read(u8, at, i);
    if (compareAt(u8, at + HEADER_SIZE + (i - 1) * valueSize, valueSize, int64.hi, int64.lo) >= 0)
      return false;
  }
  return true;
}

function writeValue(u8: Uint8Array, from: number, size: number, hi: number, lo: number): void {
  u8[from] = lo;
  u8[from + 1] = lo >>> 8;
  if (size === 2) return;
  u8[from + 2] = lo >>> 16;
  u8[from + 3] = lo >>> 24;
  if (size === 8) writeWord(u8, from + 4, hi);
}

function readWord(u8: Uint8Array, at: number): number {
  return u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24);
}

function writeWord(u8: Uint8Array, at: number, word: number): void {
  u8[at] = word;
  u8[at + 1] = word >>> 8;
  u8[at + 2] = word >>> 16;
  u8[at + 3] = word >>> 24;
}
