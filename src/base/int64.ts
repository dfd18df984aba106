/*
 * Signed 64-bit integers as two 32-bit words, without BigInt.
 *
 * Redis's integers (INCR, expire times, stream ids, counters) are C's `long long`. A JS number holds 53 bits of one, and a
 * BigInt holds them all but allocates on every operation and costs tens of nanoseconds, which a server that asks of every SET
 * value 'are you an integer?' cannot pay.
 *
 *     value = hi * 2^32 + (lo as unsigned)          hi, lo: both int32, so both are Smis and neither is ever boxed
 *
 *     -1                    hi = -1            lo = -1
 *     4294967295            hi = 0             lo = -1
 *     -9223372036854775808  hi = -2147483648   lo = 0
 *
 * A function whose answer is 64 bits wide leaves it in the module's one `int64` holder and returns whether there is an
 * answer. Read the holder before the next call into this file; on `false` it holds nothing of use. Every thread has its
 * own.
 *
 *     if (!parseInt64(bytes, start, until)) return notAnInteger(call);
 *     if (!addInt64(int64.hi, int64.lo, 0, 1)) return overflow(call);
 *     size = writeInt64(int64.hi, int64.lo, out, pos);
 *
 * An integer in text is strict: what printing an int64 would give, and nothing else. So no '+', no space, no leading zero, no
 * '-0', nothing outside the range. That is what lets an int-encoded value be printed back as the bytes that were set.
 *
 * How the wide cases work: all sums stay under 2^53, where doubles are exact. A text of 16 to 19 digits is head * 10^9 +
 * tail with a head of at most ten digits; head is cut into 16-bit parts for the product. Printing is the same in reverse:
 * three divisions by 10^9, each of a remainder (< 2^30) shifted by 16 bits.
 *
 * Cost, in ns: a value whose first byte is neither digit nor '-' is refused in about 1; up to 9 digits take 3-15 to parse
 * or to print, 13 digits 30, 19 digits 35 to parse and 60 to print. Nothing here allocates except the functions named for
 * a string or a BigInt.
 */

// Plain numbers stand first: only constants before the first other statement are inlined by the bundler.
const TWO_32 = 4294967296;
const BILLION = 1_000_000_000;
const MINUS = 45;
const ZERO = 48;
const TWO_63 = 2 ** 63;

/** Bytes of the longest text of an int64: '-9223372036854775808'. */
export const INT64_TEXT_SIZE_MAX = 20;

/** Where the 64-bit results of this file are left. */
export const int64 = { hi: 0, lo: 0 };

/**
 * Reads bytes[start, until) as a strict integer into `int64`. False if it is none, or outside the range of int64.
 * Allocates nothing.
 */
export function parseInt64(bytes: Uint8Array, start: number, until: number): boolean {
  const size = until - start;
  if (size < 1 || size > INT64_TEXT_SIZE_MAX) return false;
  const first = bytes[start];
  if (first > 57 || first < MINUS) return false;
  return size < 10 ? parseShort(bytes, start, until) : parseLong(bytes, start, until);
}

/**
 * Reads bytes[start, until) as a strict integer. NaN if it is none, or outside the range of int64. Up to
 * Number.MAX_SAFE_INTEGER in magnitude the result is exact; above, it is the nearest double, and `int64` holds the exact
 * value (as it does after every success). So a caller that clamps (indexes, counts) needs only the result.
 */
export function parseSafeInteger(bytes: Uint8Array, start: number, until: number): number {
  return parseInt64(bytes, start, until) ? int64ToNumber(int64.hi, int64.lo) : Number.NaN;
}

/** At most nine bytes: everything fits 32-bit arithmetic. */
function parseShort(bytes: Uint8Array, start: number, until: number): boolean {
  const negative = bytes[start] === MINUS;
  const digitsStart = negative ? start + 1 : start;
  if (digitsStart === until) return false;
  if (bytes[digitsStart] === ZERO && until - start > 1) return false;
  let value = 0;
  for (let i = digitsStart; i < until; i++) {
    const digit = bytes[i] - ZERO;
    if (digit >>> 0 > 9) return false;
    value = (value * 10 + digit) | 0;
  }
  if (negative) value = -value | 0;
  int64.hi = value >> 31;
  int64.lo = value;
  return true;
}

/** Ten bytes or more: the last nine digits are the tail, at most ten before them the head. */
function parseLong(bytes: Uint8Array, start: number, until: number): boolean {
  const negative = bytes[start] === MINUS;
  const digitsStart = negative ? start + 1 : start;
  if (until - digitsStart > 19 || bytes[digitsStart] === ZERO) return false;
  const head = parseDigits(bytes, digitsStart, until - 9);
  const tail = parseDigits(bytes, until - 9, until);
  if (head < 0 || tail < 0) return false;
  return setFromParts(head, tail, negative);
}

/** The value of a run of at most fifteen digits; -1 if a byte of it is no digit. An empty run is 0. */
function parseDigits(bytes: Uint8Array, start: number, until: number): number {
  let value = 0;
  for (let i = start; i < until; i++) {
    const digit = bytes[i] - ZERO;
    if (digit >>> 0 > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** int64 = (negative ? -1 : 1) * (head * 10^9 + tail), for a head below 10^10. False if that is out of range. */
function setFromParts(head: number, tail: number, negative: boolean): boolean {
  const headHigh = Math.floor(head / 65536);
  const headLow = head - headHigh * 65536;
  const low = headLow * BILLION + tail; // < 2^46, the value is high * 2^16 + low
  const high = headHigh * BILLION; // < 2^48
  const highTop = Math.floor(high / 65536);
  const lowTop = Math.floor(low / TWO_32);
  let lo = low - lowTop * TWO_32 + (high - highTop * 65536) * 65536;
  let hi = highTop + lowTop;
  if (lo >= TWO_32) {
    lo -= TWO_32;
    hi += 1;
  }
  return setMagnitude(hi, lo, negative);
}

/** Sets `int64` from the unsigned words of a magnitude and a sign. False if it does not fit. */
function setMagnitude(hi: number, lo: number, negative: boolean): boolean {
  if (hi >= 2147483648 && !(negative && hi === 2147483648 && lo === 0)) return false;
  int64.hi = hi | 0;
  int64.lo = lo | 0;
  if (negative) negateInt64(hi | 0, lo | 0);
  return true;
}

/** int64 = a + b. False on overflow. */
export function addInt64(hi: number, lo: number, hi2: number, lo2: number): boolean {
  const sumLo = (lo + lo2) | 0;
  const carry = sumLo >>> 0 < lo >>> 0 ? 1 : 0;
  const sumHi = (hi + hi2 + carry) | 0;
  int64.hi = sumHi;
  int64.lo = sumLo;
  return ((hi ^ sumHi) & (hi2 ^ sumHi)) >= 0;
}

/** int64 = -a. False for -2^63, which has no negative (the holder then has -2^63 itself). */
export function negateInt64(hi: number, lo: number): boolean {
  const isMin = hi === -2147483648 && lo === 0;
  int64.lo = -lo | 0;
  int64.hi = lo === 0 ? -hi | 0 : ~hi;
  return !isMin;
}

/** Negative, zero or positive as a is less than, equal to or greater than b. */
export function compareInt64(hi: number, lo: number, hi2: number, lo2: number): number {
  if (hi !== hi2) return hi < hi2 ? -1 : 1;
  if (lo === lo2) return 0;
  return lo >>> 0 < lo2 >>> 0 ? -1 : 1;
}

/** The nearest double; exact up to 2^53 in magnitude. */
export function int64ToNumber(hi: number, lo: number): number {
  return hi * TWO_32 + (lo >>> 0);
}

/** True if the value is at most Number.MAX_SAFE_INTEGER in magnitude, so that int64ToNumber is exact. */
export function isSafeInt64(hi: number, lo: number): boolean {
  return hi >= -2097152 && hi < 2097152 && !(hi === -2097152 && lo === 0);
}

/** int64 = n. False unless n is an integer in the range of int64. */
export function int64FromNumber(n: number): boolean {
  if (!Number.isInteger(n) || n < -TWO_63 || n >= TWO_63) return false;
  const hi = Math.floor(n / TWO_32);
  int64.hi = hi | 0;
  int64.lo = (n - hi * TWO_32) | 0;
  return true;
}

/** int64 = n. False if it is out of range. For slow paths. */
export function int64FromBigInt(n: bigint): boolean {
  if (n !== BigInt.asIntN(64, n)) return false;
  int64.hi = Number(n >> 32n);
  int64.lo = Number(BigInt.asIntN(32, n));
  return true;
}

/** Allocates the BigInt. For slow paths. */
export function int64ToBigInt(hi: number, lo: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo >>> 0);
}

/** Allocates the string. For slow paths. */
export function int64ToString(hi: number, lo: number): string {
  return isSafeInt64(hi, lo) ? String(int64ToNumber(hi, lo)) : int64ToBigInt(hi, lo).toString();
}

/**
 * Writes the decimal digits of the value at out[pos] and returns how many bytes that took, at most INT64_TEXT_SIZE_MAX.
 * The caller has made sure that there is room. Allocates nothing.
 */
export function writeInt64(hi: number, lo: number, out: Uint8Array, pos: number): number {
  if (hi === lo >> 31) {
    if (lo >= 0) return writeUint32(lo, out, pos);
    out[pos] = MINUS;
    return 1 + writeUint32(-lo, out, pos + 1);
  }
  if (isSafeInt64(hi, lo)) return writeNumber(int64ToNumber(hi, lo), out, pos);
  return writeWide(hi, lo, out, pos);
}

/** More than 2^53 in magnitude: the digits of the head, then nine of the tail. */
function writeWide(hi: number, lo: number, out: Uint8Array, pos: number): number {
  let signSize = 0;
  if (hi < 0) {
    out[pos] = MINUS;
    signSize = 1;
    hi = lo === 0 ? -hi | 0 : ~hi;
    lo = -lo | 0;
  }
  const head = divideByBillion(hi, lo);
  const tail = (lo - Math.imul(head | 0, BILLION)) >>> 0;
  const headSize = writeNumber(head, out, pos + signSize);
  fillDigits(tail, out, pos + signSize + headSize, 9);
  return signSize + headSize + 9;
}

/** The quotient, rounded down, of a magnitude (words of any sign) by 10^9. */
function divideByBillion(hi: number, lo: number): number {
  const hiUnsigned = hi >>> 0;
  const top = Math.floor(hiUnsigned / BILLION);
  const rest = (hiUnsigned - top * BILLION) * 65536 + (lo >>> 16);
  const middle = Math.floor(rest / BILLION);
  const rest2 = (rest - middle * BILLION) * 65536 + (lo & 65535);
  return top * TWO_32 + middle * 65536 + Math.floor(rest2 / BILLION);
}

/** Writes a safe integer in decimal at out[pos] and returns how many bytes that took. Allocates nothing. */
export function writeNumber(n: number, out: Uint8Array, pos: number): number {
  let signSize = 0;
  if (n < 0) {
    out[pos] = MINUS;
    signSize = 1;
    n = -n;
  }
  if (n < TWO_32) return signSize + writeUint32(n, out, pos + signSize);
  const head = Math.floor(n / BILLION); // < 2^24
  const headSize = writeUint32(head, out, pos + signSize);
  fillDigits(n - head * BILLION, out, pos + signSize + headSize, 9);
  return signSize + headSize + 9;
}

/** Writes 0 <= n < 2^32 in decimal at out[pos] and returns how many bytes that took. Allocates nothing. */
export function writeUint32(n: number, out: Uint8Array, pos: number): number {
  if (n < 10) {
    out[pos] = ZERO + n;
    return 1;
  }
  const size = uint32Length(n);
  fillDigits(n, out, pos, size);
  return size;
}

/** Writes exactly `size` digits of 0 <= n < 2^32, with leading zeros. */
function fillDigits(n: number, out: Uint8Array, pos: number, size: number): void {
  let rest = n >>> 0;
  for (let i = pos + size - 1; i >= pos; i--) {
    const tenth = (rest / 10) >>> 0;
    out[i] = ZERO + (rest - tenth * 10);
    rest = tenth;
  }
}

/** How many digits 0 <= n < 2^32 has. */
function uint32Length(n: number): number {
  if (n < 10000) return n < 100 ? (n < 10 ? 1 : 2) : n < 1000 ? 3 : 4;
  if (n < 100000000) return n < 1000000 ? (n < 100000 ? 5 : 6) : n < 10000000 ? 7 : 8;
  return n < BILLION ? 9 : 10;
}

/** How many bytes writeNumber would write. */
export function numberLength(n: number): number {
  let signSize = 0;
  if (n < 0) {
    signSize = 1;
    n = -n;
  }
  return signSize + (n < TWO_32 ? uint32Length(n) : 9 + uint32Length(Math.floor(n / BILLION)));
}

/** How many bytes writeInt64 would write. */
export function int64Length(hi: number, lo: number): number {
  if (isSafeInt64(hi, lo)) return numberLength(int64ToNumber(hi, lo));
  if (hi >= 0) return 9 + numberLength(divideByBillion(hi, lo));
  return 10 + numberLength(divideByBillion(lo === 0 ? -hi | 0 : ~hi, -lo | 0));
}
