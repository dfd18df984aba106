/**
 * Listpack: small elements one after another in one block of bytes, for small hashes, lists, sets and sorted sets and for the
 * blocks of large lists and streams. It is Redis's own format, byte for byte, so that DUMP and RDB files take a block as it
 * is and the limits that are counted in bytes mean the same.
 *
 *     | total bytes u32 | elements u16 | element | element | ... | 0xFF |
 *
 * An element is an encoding byte (with a length or a small integer in it), its data, and the length of both once more, so that a
 * reader can walk backwards ("back length", 1-5 bytes, 7 bits each, the most significant first, a set top bit on all but the first).
 *
 *     0xxxxxxx                    integer 0 .. 127
 *     10xxxxxx  data              string of up to 63 bytes
 *     110xxxxx xxxxxxxx           integer -4096 .. 4095
 *     1110xxxx xxxxxxxx  data     string of up to 4095 bytes
 *     11110000 u32  data          longer string
 *     11110001, 2, 3, 4           integer of 2, 3, 4, 8 bytes, little-endian
 *
 * A string that spells an int64 as Redis would print it is kept as an integer. The count is 65535 where there are that many elements or
 * more: then only a walk tells.
 *
 * Everything is a function over an array and the *offset* of the block or of an element in it. Offsets of elements stay good
 * until something before them changes. Whoever owns the memory sees to it that it is large enough before something is inserted:
 * the functions move bytes within the block and never allocate. Source: https://github.com/antirez/listpack (format), and
 * blocks of redis-server 7.0.15 that the tests compare with.
 */
import { compareBytes, copyBytes, equalBytes } from '../base/bytes.ts';
import { int64, int64Length, parseInt64, writeInt64 } from '../base/int64.ts';

export const HEADER_SIZE = 6;
/** An empty block: header and end. */
export const EMPTY_SIZE = 7;
/** The count that says that there may be more. */
export const COUNT_UNKNOWN = 65535;

/** The byte that ends a block. */
export const END = 0xff;
const INT_TEXT_MAX = 20;
const STRING6_MAX = 63;
const STRING12_MAX = 4095;

// --- the block --------------------------------------------------------------------------------------

/** Writes an empty block at `at`: EMPTY_SIZE bytes. */
export function writeEmpty(u8: Uint8Array, at: number): void {
  writeHeader(u8, at, EMPTY_SIZE, 0);
  u8[at + HEADER_SIZE] = END;
}

/** Writes the header of a block of `size` bytes with `n` elements: for those who move or cut blocks themselves. */
export function writeHeader(u8: Uint8Array, at: number, size: number, n: number): void {
  writeTotal(u8, at, size);
  writeCount(u8, at, n);
}

/** Bytes of the whole block. */
export function totalBytes(u8: Uint8Array, at: number): number {
  return u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24);
}

/** Number of elements. O(1) below 65535, a walk otherwise. */
export function count(u8: Uint8Array, at: number): number {
  const stored = u8[at + 4] | (u8[at + 5] << 8);
  if (stored !== COUNT_UNKNOWN) return stored;
  let n = 0;
  for (let element = first(u8, at); element >= 0; element = next(u8, element)) n++;
  if (n < COUNT_UNKNOWN) writeCount(u8, at, n);
  return n;
}

function writeTotal(u8: Uint8Array, at: number, size: number): void {
  u8[at] = size;
  u8[at + 1] = size >>> 8;
  u8[at + 2] = size >>> 16;
  u8[at + 3] = size >>> 24;
}

function writeCount(u8: Uint8Array, at: number, n: number): void {
  const stored = n < COUNT_UNKNOWN ? n : COUNT_UNKNOWN;
  u8[at + 4] = stored;
  u8[at + 5] = stored >>> 8;
}

// --- walking ----------------------------------------------------------------------------------------

/** The first element, or -1. */
export function first(u8: Uint8Array, at: number): number {
  return u8[at + HEADER_SIZE] === END ? -1 : at + HEADER_SIZE;
}

/** The element after this one, or -1. */
export function next(u8: Uint8Array, element: number): number {
  const following = skip(u8, element);
  return u8[following] === END ? -1 : following;
}

/** Where the element ends: the next element, or the end byte. */
export function skip(u8: Uint8Array, element: number): number {
  const size = encodedSize(u8, element);
  return element + size + backLengthSize(size);
}

/** The last element, or -1. */
export function last(u8: Uint8Array, at: number): number {
  return before(u8, at, at + totalBytes(u8, at) - 1);
}

/** The element before this one, or -1. */
export function previous(u8: Uint8Array, at: number, element: number): number {
  return before(u8, at, element);
}

/** The element that ends where `until` begins. */
function before(u8: Uint8Array, at: number, until: number): number {
  if (until <= at + HEADER_SIZE) return -1;
  let from = until - 1;
  let size = 0;
  for (let shift = 0; ; shift += 7, from--) {
    size |= (u8[from] & 127) << shift;
    if ((u8[from] & 128) === 0) break;
  }
  return from - size;
}

/** The element number `index`, negative from the end, or -1. Walks from the nearer end. */
export function seek(u8: Uint8Array, at: number, index: number): number {
  const n = count(u8, at);
  if (index < 0) index += n;
  if (index < 0 || index >= n) return -1;
  if (index <= n >>> 1) {
    let element = first(u8, at);
    for (; index > 0; index--) element = next(u8, element);
    return element;
  }
  let element = last(u8, at);
  for (let i = n - 1; i > index; i--) element = before(u8, at, element);
  return element;
}

/** Bytes of encoding and data of the element, without its back length. */
function encodedSize(u8: Uint8Array, element: number): number {
  const head = u8[element];
  if (head < 0x80) return 1;
  if (head < 0xc0) return 1 + (head & 63);
  if (head < 0xe0) return 2;
  if (head < 0xf0) return 2 + (((head & 15) << 8) | u8[element + 1]);
  if (head === 0xf0) return 5 + totalBytes(u8, element + 1);
  return head === 0xf4 ? 9 : head - 0xf1 + 3;
}

function backLengthSize(size: number): number {
  // The limits are as Redis has them: one below what would fit.
  if (size <= 127) return 1;
  if (size < 16383) return 2;
  if (size < 2097151) return 3;
  return size < 268435455 ? 4 : 5;
}

// --- reading an element -----------------------------------------------------------------------------

/**
 * Where the text of the element read last lies: bytes[start..end). For an integer that is a scratch buffer that holds until the
 * read after next; else it is in the block.
 */
export const text: { bytes: Uint8Array; start: number; end: number } = {
  bytes: new Uint8Array(0),
  start: 0,
  end: 0,
};

const digits = [new Uint8Array(INT_TEXT_MAX + 4), new Uint8Array(INT_TEXT_MAX + 4)];
let digitsUsed = 0;

/** True when the element is kept as an integer; readInteger() then reads it. */
export function isInteger(u8: Uint8Array, element: number): boolean {
  const head = u8[element];
  return head < 0x80 || (head >= 0xc0 && head < 0xe0) || head > 0xf0;
}

/** Points `text` at the element's bytes, as a client would see them. Allocates nothing. */
export function read(u8: Uint8Array, element: number): void {
  const head = u8[element];
  if (isInteger(u8, element)) {
    readInteger(u8, element);
    digitsUsed ^= 1;
    text.bytes = digits[digitsUsed];
    text.start = 0;
    text.end = writeInt64(int64.hi, int64.lo, text.bytes, 0);
    return;
  }
  text.bytes = u8;
  if (head < 0xc0) text.start = element + 1;
  else text.start = element + (head === 0xf0 ? 5 : 2);
  text.end = element + encodedSize(u8, element);
}

/** read() and next() in one: points `text` at the element's bytes and returns the element after it, or -1. Allocates nothing. */
export function readAndNext(u8: Uint8Array, element: number): number {
  const head = u8[element];
  if (head < 0x80 || head >= 0xc0) {
    read(u8, element);
    return next(u8, element);
  }
  const end = element + 1 + (head & STRING6_MAX);
  text.bytes = u8;
  text.start = element + 1;
  text.end = end;
  return u8[end + 1] === END ? -1 : end + 1;
}

/** Puts an integer element's value into `int64` (../base/int64.ts). */
export function readInteger(u8: Uint8Array, element: number): void {
  const head = u8[element];
  if (head < 0x80) int64.lo = head;
  else if (head < 0xe0) int64.lo = ((((head & 31) << 8) | u8[element + 1]) << 19) >> 19;
  else if (head === 0xf1) int64.lo = ((u8[element + 1] | (u8[element + 2] << 8)) << 16) >> 16;
  else if (head === 0xf2)
    int64.lo = ((u8[element + 1] | (u8[element + 2] << 8) | (u8[element + 3] << 16)) << 8) >> 8;
  else int64.lo = totalBytes(u8, element + 1);
  int64.hi = head === 0xf4 ? totalBytes(u8, element + 5) : int64.lo >> 31;
}

/** Bytes of the element's text. */
export function textLength(u8: Uint8Array, element: number): number {
  if (isInteger(u8, element)) {
    readInteger(u8, element);
    return int64Length(int64.hi, int64.lo);
  }
  const head = u8[element];
  if (head < 0xc0) return head & 63;
  return head === 0xf0 ? totalBytes(u8, element + 1) : ((head & 15) << 8) | u8[element + 1];
}

/** Whether the element's text is bytes[start..end). Allocates nothing. */
export function equals(
  u8: Uint8Array,
  element: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (isInteger(u8, element)) {
    if (end - start > INT_TEXT_MAX || !parseInt64(bytes, start, end)) return false;
    const { hi, lo } = int64;
    readInteger(u8, element);
    return int64.hi === hi && int64.lo === lo;
  }
  const size = encodedSize(u8, element);
  const head = u8[element];
  const from = element + (head < 0xc0 ? 1 : head === 0xf0 ? 5 : 2);
  return equalBytes(u8, from, element + size, bytes, start, end);
}

/** Compares the element's text with bytes[start..end), as compareBytes() does. */
export function compare(
  u8: Uint8Array,
  element: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  read(u8, element);
  return compareBytes(text.bytes, text.start, text.end, bytes, start, end);
}

/**
 * The first element from `element` on whose text is bytes[start..end), or -1; looks at every (1 + `stride`)th: 1 for the fields of
 * field, value, field, value.
 */
export function find(
  u8: Uint8Array,
  element: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  stride: number,
): number {
  const size = end - start;
  const wantsInteger = size <= INT_TEXT_MAX && parseInt64(bytes, start, end);
  const { hi, lo } = int64;
  while (element >= 0) {
    if (isInteger(u8, element)) {
      if (wantsInteger) {
        readInteger(u8, element);
        if (int64.lo === lo && int64.hi === hi) return element;
      }
    } else if (!wantsInteger && equals(u8, element, bytes, start, end)) {
      return element;
    }
    for (let i = 0; i <= stride && element >= 0; i++) element = next(u8, element);
  }
  return -1;
}

// --- writing ----------------------------------------------------------------------------------------

/** Bytes that bytes[start..end) takes as an element, back length included. */
export function elementSize(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length <= INT_TEXT_MAX && parseInt64(bytes, start, end)) return integerSize(int64.hi, int64.lo);
  const size = length + (length <= STRING6_MAX ? 1 : length <= STRING12_MAX ? 2 : 5);
  return size + backLengthSize(size);
}

/** Bytes that the integer takes as an element, back length included. */
export function integerSize(hi: number, lo: number): number {
  if (hi !== lo >> 31) return 10;
  if (lo >= 0 && lo <= 127) return 2;
  if (lo >= -4096 && lo <= 4095) return 3;
  if (lo >= -32768 && lo <= 32767) return 4;
  return lo >= -8388608 && lo <= 8388607 ? 5 : 6;
}

/**
 * Puts bytes[start..end) before the element at `place` (an element, or the end byte's offset to append). The memory of the block must
 * have elementSize() more bytes. `bytes` must not be the block. Returns where the new element ends.
 */
export function insert(
  u8: Uint8Array,
  at: number,
  place: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const size = elementSize(bytes, start, end);
  makeGap(u8, at, place, place, size, 1);
  writeElement(u8, place, bytes, start, end);
  return place + size;
}

/** insert() of an integer: integerSize() bytes. */
export function insertInteger(u8: Uint8Array, at: number, place: number, hi: number, lo: number): number {
  const size = integerSize(hi, lo);
  makeGap(u8, at, place, place, size, 1);
  writeInteger(u8, place, hi, lo);
  return place + size;
}

/** Offset of the end byte: the place to append at. */
export function endOf(u8: Uint8Array, at: number): number {
  return at + totalBytes(u8, at) - 1;
}

/**
 * Makes the element's text bytes[start..end). The memory of the block must have room for what it grows by. Returns where the element ends.
 */
export function replace(
  u8: Uint8Array,
  at: number,
  element: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const size = elementSize(bytes, start, end);
  makeGap(u8, at, element, skip(u8, element), size, 0);
  writeElement(u8, element, bytes, start, end);
  return element + size;
}

/** replace() by an integer: integerSize() bytes. */
export function replaceInteger(u8: Uint8Array, at: number, element: number, hi: number, lo: number): void {
  makeGap(u8, at, element, skip(u8, element), integerSize(hi, lo), 0);
  writeInteger(u8, element, hi, lo);
}

/** Removes `n` elements from `element` on (there must be as many). What follows is then at `element`. */
export function remove(u8: Uint8Array, at: number, element: number, n: number): void {
  let until = element;
  for (let i = 0; i < n; i++) until = skip(u8, until);
  makeGap(u8, at, element, until, 0, -n);
}

/** Replaces the bytes [from..until) by `size` bytes to be written, and counts `elements` more. */
function makeGap(
  u8: Uint8Array,
  at: number,
  from: number,
  until: number,
  size: number,
  elements: number,
): void {
  const total = totalBytes(u8, at);
  const by = size - (until - from);
  if (by !== 0) {
    u8.copyWithin(until + by, until, at + total);
    writeTotal(u8, at, total + by);
  }
  const stored = u8[at + 4] | (u8[at + 5] << 8);
  if (elements !== 0 && stored !== COUNT_UNKNOWN) writeCount(u8, at, stored + elements);
}

/** Writes bytes[start..end) as an element at `place`; elementSize() bytes. Neither header nor end is touched. */
export function writeElement(
  u8: Uint8Array,
  place: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const length = end - start;
  if (length <= INT_TEXT_MAX && parseInt64(bytes, start, end)) {
    writeInteger(u8, place, int64.hi, int64.lo);
    return;
  }
  let pos = place;
  if (length <= STRING6_MAX) {
    u8[pos++] = 0x80 | length;
  } else if (length <= STRING12_MAX) {
    u8[pos++] = 0xe0 | (length >>> 8);
    u8[pos++] = length;
  } else {
    u8[pos++] = 0xf0;
    writeTotal(u8, pos, length);
    pos += 4;
  }
  copyBytes(bytes, start, end, u8, pos);
  pos += length;
  writeBackLength(u8, pos, pos - place);
}

/** Writes an integer as an element at `place`; integerSize() bytes. Neither header nor end is touched. */
export function writeInteger(u8: Uint8Array, place: number, hi: number, lo: number): void {
  const size = integerSize(hi, lo) - 1;
  if (size === 1) {
    u8[place] = lo;
  } else if (size === 2) {
    u8[place] = 0xc0 | ((lo >>> 8) & 31);
    u8[place + 1] = lo;
  } else {
    u8[place] = size === 9 ? 0xf4 : 0xf1 + size - 3;
    for (let i = 1; i < size; i++) u8[place + i] = i <= 4 ? lo >>> (8 * (i - 1)) : hi >>> (8 * (i - 5));
  }
  u8[place + size] = size;
}

function writeBackLength(u8: Uint8Array, pos: number, size: number): void {
  let shift = 7 * (backLengthSize(size) - 1);
  u8[pos++] = (size >>> shift) & 127;
  while (shift > 0) {
    shift -= 7;
    u8[pos++] = ((size >>> shift) & 127) | 128;
  }
}

// --- checking ---------------------------------------------------------------------------------------

/**
 * Whether u8[at..at+size) is a block that every function here can walk: for bytes from outside (RESTORE, RDB). O(size).
 */
export function isValid(u8: Uint8Array, at: number, size: number): boolean {
  if (size < EMPTY_SIZE || totalBytes(u8, at) !== size || u8[at + size - 1] !== END) return false;
  const until = at + size - 1;
  let n = 0;
  let element = at + HEADER_SIZE;
  while (element < until) {
    const head = u8[element];
    if (head > 0xf4 || element + headSize(head) > until) return false;
    const body = encodedSize(u8, element);
    if (body < 0 || body > until - element) return false;
    const following = element + body + backLengthSize(body);
    if (following > until || before(u8, at, following) !== element) return false;
    element = following;
    n++;
  }
  const stored = u8[at + 4] | (u8[at + 5] << 8);
  return element === until && (stored === COUNT_UNKNOWN || stored === n);
}

/** Bytes that must be there before encodedSize() may be asked. */
function headSize(head: number): number {
  if (head === 0xf0) return 5;
  return head >= 0xe0 && head < 0xf0 ? 2 : 1;
}
