/**
 * Integers of 1 to 64 bits at any bit of a string, as BITFIELD has them: the highest bit first. Signed or, up to 63 bits, unsigned.
 *
 * All values are pairs of words (../../base/int64.ts). What a sum or a new value becomes that does not fit is said by one of
 *
 *     WRAP   the lowest bits of it
 *     SAT    the largest or the smallest that fits
 *     FAIL   nothing is written
 *
 * The way in which it is found out whether one fits is Redis's to the letter, in 64 bits that wrap around: a SET of a value very far
 * below what a signed field holds counts as too large there, and so it does here.
 */
import { compareInt64, int64 } from '../../base/int64.ts';

export const WRAP = 0;
export const SAT = 1;
export const FAIL = 2;

/** Leaves the unsigned value of `bits` bits from bit `offset` on of bytes[start..end) in `int64`; bits behind the end are 0. */
export function readUnsigned(
  bytes: Uint8Array,
  start: number,
  end: number,
  offset: number,
  bits: number,
): void {
  let hi = 0;
  let lo = 0;
  let at = start + Math.floor(offset / 8);
  let skipped = offset & 7;
  while (bits > 0) {
    const taken = Math.min(8 - skipped, bits);
    const byte = at < end ? bytes[at] : 0;
    hi = (hi << taken) | (lo >>> (32 - taken));
    lo = (lo << taken) | ((byte >>> (8 - skipped - taken)) & ((1 << taken) - 1));
    bits -= taken;
    skipped = 0;
    at++;
  }
  int64.hi = hi;
  int64.lo = lo;
}

/** The same of a signed value. */
export function readSigned(
  bytes: Uint8Array,
  start: number,
  end: number,
  offset: number,
  bits: number,
): void {
  readUnsigned(bytes, start, end, offset, bits);
  extendSign(bits);
}

/** Makes the lowest `bits` bits of `int64` a signed number. */
function extendSign(bits: number): void {
  if (bits <= 32) {
    int64.lo = (int64.lo << (32 - bits)) >> (32 - bits);
    int64.hi = int64.lo >> 31;
  } else {
    int64.hi = (int64.hi << (64 - bits)) >> (64 - bits);
  }
}

/** Keeps the lowest `bits` bits of `int64`, up to 63. */
function cutTo(bits: number): void {
  if (bits <= 32) {
    int64.hi = 0;
    if (bits < 32) int64.lo &= (1 << bits) - 1;
  } else {
    int64.hi &= (1 << (bits - 32)) - 1;
  }
}

/** Writes the lowest `bits` bits of hi:lo from bit `offset` on of the string at bytes[start], which is long enough. */
export function writeField(
  bytes: Uint8Array,
  start: number,
  offset: number,
  bits: number,
  hi: number,
  lo: number,
): void {
  let until = offset + bits;
  while (bits > 0) {
    const at = start + Math.floor((until - 1) / 8);
    const used = until & 7 || 8;
    const taken = Math.min(used, bits);
    const shift = 8 - used;
    const mask = ((1 << taken) - 1) << shift;
    bytes[at] = (bytes[at] & ~mask) | ((lo << shift) & mask);
    lo = (lo >>> taken) | (hi << (32 - taken));
    hi >>>= taken;
    until -= taken;
    bits -= taken;
  }
}

// --- what fits --------------------------------------------------------------------------------------

const largest = { hi: 0, lo: 0 };

/** Sets `largest` to 2^bits - 1; bits 0 .. 63. */
function setLargest(bits: number): void {
  largest.hi = bits <= 32 ? 0 : (2 ** (bits - 32) - 1) | 0;
  largest.lo = bits >= 32 ? -1 : ((1 << bits) - 1) | 0;
}

/** int64 = a - b, wrapping around. */
function subtract(hi: number, lo: number, hi2: number, lo2: number): void {
  int64.lo = (lo - lo2) | 0;
  int64.hi = (hi - hi2 - (lo >>> 0 < lo2 >>> 0 ? 1 : 0)) | 0;
}

/** int64 = a + b, wrapping around. */
function add(hi: number, lo: number, hi2: number, lo2: number): void {
  int64.lo = (lo + lo2) | 0;
  int64.hi = (hi + hi2 + (int64.lo >>> 0 < lo >>> 0 ? 1 : 0)) | 0;
}

/**
 * The sum of a value and an increment in a signed field of `bits` bits, left in `int64`; what does not fit as `overflow` says. False
 * when it does not fit and is to fail.
 */
export function addSigned(
  hi: number,
  lo: number,
  byHi: number,
  byLo: number,
  bits: number,
  overflow: number,
): boolean {
  const direction = signedOverflow(hi, lo, byHi, byLo, bits);
  if (direction !== 0 && overflow === FAIL) return false;
  if (direction !== 0 && overflow === SAT) {
    int64.hi = direction > 0 ? largest.hi : ~largest.hi;
    int64.lo = direction > 0 ? largest.lo : ~largest.lo;
    return true;
  }
  add(hi, lo, byHi, byLo);
  if (bits < 64) extendSign(bits);
  return true;
}

/** 1 when the sum is too large, -1 when it is too small, 0 when it fits. */
function signedOverflow(hi: number, lo: number, byHi: number, byLo: number, bits: number): number {
  setLargest(bits - 1);
  const maxHi = largest.hi;
  const maxLo = largest.lo;
  const narrow = bits !== 64;
  const positive = byHi > 0 || (byHi === 0 && byLo !== 0);
  subtract(maxHi, maxLo, hi, lo);
  const isAboveRoom = compareInt64(byHi, byLo, int64.hi, int64.lo) > 0;
  if (compareInt64(hi, lo, maxHi, maxLo) > 0) return 1;
  if (isAboveRoom && (narrow || (hi >= 0 && positive))) return 1;
  subtract(~maxHi, ~maxLo, hi, lo);
  const isBelowRoom = compareInt64(byHi, byLo, int64.hi, int64.lo) < 0;
  if (compareInt64(hi, lo, ~maxHi, ~maxLo) < 0) return -1;
  return isBelowRoom && (narrow || (hi < 0 && byHi < 0)) ? -1 : 0;
}

/** The same in an unsigned field. The value is taken as unsigned, the increment as signed. */
export function addUnsigned(
  hi: number,
  lo: number,
  byHi: number,
  byLo: number,
  bits: number,
  overflow: number,
): boolean {
  const direction = unsignedOverflow(hi, lo, byHi, byLo, bits);
  if (direction !== 0 && overflow === FAIL) return false;
  if (direction !== 0 && overflow === SAT) {
    int64.hi = direction > 0 ? largest.hi : 0;
    int64.lo = direction > 0 ? largest.lo : 0;
    return true;
  }
  add(hi, lo, byHi, byLo);
  cutTo(bits);
  return true;
}

function unsignedOverflow(hi: number, lo: number, byHi: number, byLo: number, bits: number): number {
  setLargest(bits);
  const positive = byHi > 0 || (byHi === 0 && byLo !== 0);
  // A value with the highest bit set is above every unsigned field.
  if (hi < 0 || compareInt64(hi, lo, largest.hi, largest.lo) > 0) return 1;
  subtract(largest.hi, largest.lo, hi, lo);
  if (positive && compareInt64(byHi, byLo, int64.hi, int64.lo) > 0) return 1;
  subtract(0, 0, hi, lo);
  return byHi < 0 && compareInt64(byHi, byLo, int64.hi, int64.lo) < 0 ? -1 : 0;
}
