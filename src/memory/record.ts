// A record: what a Dict slot points to. One layout for keys of the keyspace and for fields of hashes, members of sets and
// members of sorted sets, so that one table class and one set of accessors serve them all.
//
//      offset   bytes
//           0   4      word 0   type 0-3 | encoding 4-7 | flags 8-15 | snapshot epoch 16-31
//           4   4      word 1   access 0-23 (LRU clock or LFU counter) | key length 24-31
//           8   8      expire time: absolute ms, a float64                only with HAS_EXPIRE
//           .   4      value word                                         always
//           .   4      second value word                                  only with TWO_WORDS
//           .   4      key length, a u32 (word 1 then holds 0)            only with LONG_KEY
//           .   n      key bytes
//           .   m      value bytes                                        only of inline values
//
// So the key starts at 12 + 8 (HAS_EXPIRE) + 4 (TWO_WORDS) + 4 (LONG_KEY), which keyOffset() computes from the flag bits
// by shifts alone. The key's start is a multiple of 4, so it can be compared a word at a time; the value's is not.
//
// What the value words hold:
//
//     value                                          flags       first word        second word    value bytes
//     inline: RAW, EMBSTR, LISTPACK, INTSET          -           length in bytes   -              yes
//     INT: a string that is an int64                 TWO_WORDS   low 32 bits       high 32 bits   no
//     in the LargeTable                              LARGE + TWO_WORDS   its id    length         no
//     HT, SKIPLIST, QUICKLIST, STREAM, CHAIN         -           a handle          -              no
//
// Example: SET foo bar. 12 + 3 + 3 = 18 bytes, a cell of 32:
//
//     80 00 00 00 | .. .. .. 03 | 03 00 00 00 | 66 6f 6f | 62 61 72      EMBSTR (8), key length 3, value length 3
//
// A key of 20 bytes with a value of 64 takes exactly 96 bytes.
//
// Everything is a function over an Int32Array (or its sibling views) of a segment and the record's *byte offset* `base`
// in it, so that a caller looks up the segment once:
//
//     const i32 = arena.i32[segmentOf(address)];
//     const base = byteOffsetOf(address);
//
// Nothing here allocates on the JS heap. Only Dict slots hold record addresses, so a record may be moved by anyone who
// then tells its Dict (Dict.replace).
//
// Types and encodings have Redis's own numbers. They reach disks and DEBUG output: a test freezes them.

import { copyBytes } from '../base/bytes.ts';
import { byteOffsetOf, OFFSET_MASK, SEGMENT_SHIFT, segmentOf } from './address.ts';
import type { Arena } from './arena.ts';

export const TYPE_STRING = 0;
export const TYPE_LIST = 1;
export const TYPE_SET = 2;
export const TYPE_ZSET = 3;
export const TYPE_HASH = 4;
export const TYPE_MODULE = 5;
export const TYPE_STREAM = 6;
/** Our own number: in Redis a Bloom filter is a module's value. */
export const TYPE_BLOOM = 7;

export const ENCODING_RAW = 0;
export const ENCODING_INT = 1;
export const ENCODING_HT = 2;
export const ENCODING_INTSET = 6;
export const ENCODING_SKIPLIST = 7;
export const ENCODING_EMBSTR = 8;
export const ENCODING_QUICKLIST = 9;
export const ENCODING_STREAM = 10;
export const ENCODING_LISTPACK = 11;
/** Our own: a chain of structures (../types/bloom/). */
export const ENCODING_CHAIN = 12;

/** Flags, as flagsOf() gives them. */
export const HAS_EXPIRE = 1;
export const TWO_WORDS = 2;
export const LONG_KEY = 4;
export const LARGE = 8;

/** A longer key needs LONG_KEY. */
export const SHORT_KEY_LENGTH_MAX = 255;

const ENCODING_SHIFT = 4;
const FLAGS_SHIFT = 8;
const EPOCH_SHIFT = 16;
const KEY_LENGTH_SHIFT = 24;
const ACCESS_MASK = 0xffffff;

const LONG_KEY_BIT = LONG_KEY << FLAGS_SHIFT;
const HEADER_SIZE = 8;
const VALUE_WORD_SIZE = 4;

// --- word 0 ---------------------------------------------------------------------------------------------------------

/** Word 0 of the record at `base`; the functions below that take `word0` want this. */
export function readWord0(i32: Int32Array, base: number): number {
  return i32[base >>> 2];
}

export function makeWord0(type: number, encoding: number, flags: number, epoch: number): number {
  return type | (encoding << ENCODING_SHIFT) | (flags << FLAGS_SHIFT) | (epoch << EPOCH_SHIFT);
}

export function typeOf(word0: number): number {
  return word0 & 15;
}

export function encodingOf(word0: number): number {
  return (word0 >>> ENCODING_SHIFT) & 15;
}

export function flagsOf(word0: number): number {
  return (word0 >>> FLAGS_SHIFT) & 255;
}

/** The snapshot epoch that the record was last stamped with, 0 .. 65535. */
export function epochOf(word0: number): number {
  return word0 >>> EPOCH_SHIFT;
}

export function writeEpoch(i32: Int32Array, base: number, epoch: number): void {
  i32[base >>> 2] = (i32[base >>> 2] & 0xffff) | (epoch << EPOCH_SHIFT);
}

/** Changes type and encoding and leaves flags and epoch; the caller sees to it that the value words fit. */
export function writeTypeAndEncoding(i32: Int32Array, base: number, type: number, encoding: number): void {
  i32[base >>> 2] = (i32[base >>> 2] & ~0xff) | type | (encoding << ENCODING_SHIFT);
}

/** Whether the value's bytes lie in the record, and its first word is their length. */
export function hasInlineValue(word0: number): boolean {
  if (((word0 >>> FLAGS_SHIFT) & (TWO_WORDS | LARGE)) !== 0) return false;
  return ((INLINE_ENCODINGS >>> encodingOf(word0)) & 1) !== 0;
}

const INLINE_ENCODINGS =
  (1 << ENCODING_RAW) | (1 << ENCODING_EMBSTR) | (1 << ENCODING_LISTPACK) | (1 << ENCODING_INTSET);

// --- word 1 ---------------------------------------------------------------------------------------------------------

/** The 24 bits of the LRU clock or LFU counter. */
export function accessOf(i32: Int32Array, base: number): number {
  return i32[(base >>> 2) + 1] & ACCESS_MASK;
}

export function writeAccess(i32: Int32Array, base: number, access: number): void {
  const at = (base >>> 2) + 1;
  const word = i32[at];
  // A line of the cache that is not written to need not be written back.
  if ((word & ACCESS_MASK) !== access) i32[at] = (word & ~ACCESS_MASK) | access;
}

/** Length of the key in bytes. */
export function keyLength(i32: Int32Array, base: number): number {
  const word0 = i32[base >>> 2];
  if ((word0 & LONG_KEY_BIT) !== 0) return i32[(base + keyOffset(word0) - 4) >>> 2];
  return i32[(base >>> 2) + 1] >>> KEY_LENGTH_SHIFT;
}

// --- offsets from the record's base ---------------------------------------------------------------------------------

/** Offset of the value word: 8, and 8 more with HAS_EXPIRE. */
export function valueWordOffset(word0: number): number {
  return HEADER_SIZE + ((word0 >>> 5) & 8);
}

/** Offset of the key. Each term moves one flag bit to where it weighs the bytes that the flag adds. */
export function keyOffset(word0: number): number {
  return HEADER_SIZE + VALUE_WORD_SIZE + ((word0 >>> 5) & 8) + ((word0 >>> 7) & 4) + ((word0 >>> 8) & 4);
}

/** Offset of an inline value's bytes. */
export function valueOffset(i32: Int32Array, base: number): number {
  return keyOffset(i32[base >>> 2]) + keyLength(i32, base);
}

// --- expire time ----------------------------------------------------------------------------------------------------

/** Absolute ms; only with HAS_EXPIRE. `f64` is the segment's Float64Array. */
export function expireAtMs(f64: Float64Array, base: number): number {
  return f64[(base >>> 3) + 1];
}

export function writeExpireAtMs(f64: Float64Array, base: number, atMs: number): void {
  f64[(base >>> 3) + 1] = atMs;
}

// --- value words ----------------------------------------------------------------------------------------------------

/** The first value word: length, handle, low half of an integer, or large id. An int32. */
export function valueWord(i32: Int32Array, base: number): number {
  return i32[(base + valueWordOffset(i32[base >>> 2])) >>> 2];
}

export function writeValueWord(i32: Int32Array, base: number, word: number): void {
  i32[(base + valueWordOffset(i32[base >>> 2])) >>> 2] = word;
}

/** The second value word; only with TWO_WORDS. */
export function secondWord(i32: Int32Array, base: number): number {
  return i32[(base + valueWordOffset(i32[base >>> 2]) + VALUE_WORD_SIZE) >>> 2];
}

export function writeSecondWord(i32: Int32Array, base: number, word: number): void {
  i32[(base + valueWordOffset(i32[base >>> 2]) + VALUE_WORD_SIZE) >>> 2] = word;
}

// --- whole records --------------------------------------------------------------------------------------------------

/** The flags that a key of this length asks for. */
export function keyFlags(keyLength: number): number {
  return keyLength > SHORT_KEY_LENGTH_MAX ? LONG_KEY : 0;
}

/** Bytes of a record with these flags, key length and inline value bytes (0 for a value that is not inline). */
export function recordSize(flags: number, keyLength: number, inlineValueLength: number): number {
  return keyOffset(flags << FLAGS_SHIFT) + keyLength + inlineValueLength;
}

/** Bytes that the record at `base` uses; its cell may have more. */
export function usedSize(i32: Int32Array, base: number): number {
  const word0 = i32[base >>> 2];
  const inline = hasInlineValue(word0) ? valueWord(i32, base) : 0;
  return keyOffset(word0) + keyLength(i32, base) + inline;
}

/**
 * A new record with its header and key written and the value words set to 0: the caller writes these, the value bytes and, with
 * HAS_EXPIRE, the expire time. The access bits are 0. `flags` must include keyFlags(). Throws ArenaFullError.
 */
export function allocateRecord(
  arena: Arena,
  word0: number,
  key: Uint8Array,
  start: number,
  end: number,
  inlineValueLength: number,
): number {
  const length = end - start;
  const toKey = keyOffset(word0);
  const address = arena.allocate(toKey + length + inlineValueLength);
  const segment = segmentOf(address);
  const base = byteOffsetOf(address);
  const i32 = arena.i32[segment];
  const isLong = (word0 & LONG_KEY_BIT) !== 0;
  i32[base >>> 2] = word0;
  i32[(base >>> 2) + 1] = isLong ? 0 : length << KEY_LENGTH_SHIFT;
  for (let at = base + HEADER_SIZE; at < base + toKey; at += 4) i32[at >>> 2] = 0;
  if (isLong) i32[(base + toKey - 4) >>> 2] = length;
  copyBytes(key, start, end, arena.u8[segment], base + toKey);
  return address;
}

/** Whether the key of the record at `address` is bytes[start, end). */
export function keyEquals(
  arena: Arena,
  address: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  return keyEqualsIn(
    arena.i32[address >>> SEGMENT_SHIFT],
    arena.u8[address >>> SEGMENT_SHIFT],
    (address & OFFSET_MASK) << 4,
    bytes,
    start,
    end,
  );
}

/**
 * The same for a caller that already has the segment's views. The record's side is read a word at a time, which its alignment
 * allows, the other's word is put together from bytes: 13 ns for 20 bytes, against 21 of a byte loop and 7 of a DataView
 * on the other side, which callers do not have.
 */
export function keyEqualsIn(
  i32: Int32Array,
  u8: Uint8Array,
  base: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (keyLength(i32, base) !== end - start) return false;
  let at = base + keyOffset(i32[base >>> 2]);
  for (const wordsUntil = end - 3; start < wordsUntil; start += 4, at += 4) {
    const word = bytes[start] | (bytes[start + 1] << 8) | (bytes[start + 2] << 16) | (bytes[start + 3] << 24);
    if (i32[at >>> 2] !== word) return false;
  }
  while (start < end) if (u8[at++] !== bytes[start++]) return false;
  return true;
}
