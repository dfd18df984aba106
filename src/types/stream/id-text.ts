/**
 * Stream ids as text, <ms>-<sequence>, both unsigned 64-bit integers.
 *
 * Reading is as lenient as Redis is, which falls back on C's strtoull: leading zeros, spaces and a sign pass; what follows a NUL is not seen.
 */
import { type Id128, setId } from '../../base/id128.ts';
import { int64, int64ToBigInt, parseInt64, writeInt64 } from '../../base/int64.ts';

/** Bytes of the longest id. */
export const ID_TEXT_SIZE_MAX = 41;
/** Longer text is no id. */
const TEXT_MAX = 127;

const MINUS = 45;
const PLUS = 43;
const STAR = 42;
const ZERO = 48;

/** What parseId() says. */
export const INVALID = 0;
export const VALID = 1;
/** The sequence is `*`: to be chosen. */
export const NO_SEQUENCE = 2;

/**
 * Reads bytes[start..end) into `id`. Where the sequence is left out it is `missing`, 0 or -1 for the greatest. `acceptsStar`: the sequence may be
 * `*`, and is 0 then.
 */
export function parseId(
  bytes: Uint8Array,
  start: number,
  end: number,
  id: Id128,
  missing: 0 | -1,
  acceptsStar = false,
): number {
  if (end - start > TEXT_MAX) return INVALID;
  let until = start;
  while (until < end && bytes[until] !== 0) until++;
  let dash = start;
  while (dash < until && bytes[dash] !== MINUS) dash++;
  if (!parseUint64(bytes, start, dash)) return INVALID;
  setId(id, int64.hi, int64.lo, missing, missing);
  if (dash === until) return VALID;
  if (acceptsStar && until === dash + 2 && bytes[dash + 1] === STAR) {
    setId(id, id.msHi, id.msLo, 0, 0);
    return NO_SEQUENCE;
  }
  if (!parseUint64(bytes, dash + 1, until)) return INVALID;
  id.seqHi = int64.hi;
  id.seqLo = int64.lo;
  return VALID;
}

/** Whether bytes[start..end) is the one character `char`. */
export function isChar(bytes: Uint8Array, start: number, end: number, char: number): boolean {
  return end - start === 1 && bytes[start] === char;
}

/** Reads an unsigned integer into `int64`. */
function parseUint64(bytes: Uint8Array, start: number, end: number): boolean {
  if (parseInt64(bytes, start, end)) return int64.hi >= 0;
  return parseLeniently(bytes, start, end);
}

/** As strtoull() reads: spaces, a sign that may be minus, digits and nothing else. */
function parseLeniently(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && (bytes[at] === 32 || (bytes[at] >= 9 && bytes[at] <= 13))) at++;
  const negative = bytes[at] === MINUS;
  if (at < end && (negative || bytes[at] === PLUS)) at++;
  if (at === end) return false;
  let value = 0n;
  for (; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return false;
    value = value * 10n + BigInt(digit);
  }
  if (value > 0xffffffffffffffffn) return false;
  if (negative) value = -value;
  int64.hi = Number(BigInt.asIntN(32, value >> 32n));
  int64.lo = Number(BigInt.asIntN(32, value));
  return true;
}

/** Writes the id at out[pos] and returns how many bytes that took, at most ID_TEXT_SIZE_MAX. Allocates nothing for ids below 2^63. */
export function writeId(id: Id128, out: Uint8Array, pos: number): number {
  let at = pos + writeUint64(id.msHi, id.msLo, out, pos);
  out[at++] = MINUS;
  return at + writeUint64(id.seqHi, id.seqLo, out, at) - pos;
}

function writeUint64(hi: number, lo: number, out: Uint8Array, pos: number): number {
  if (hi >= 0) return writeInt64(hi, lo, out, pos);
  const text = BigInt.asUintN(64, int64ToBigInt(hi, lo)).toString();
  for (let i = 0; i < text.length; i++) out[pos + i] = text.charCodeAt(i);
  return text.length;
}
