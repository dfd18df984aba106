/**
 * BITOP: several strings made one, bit by bit. A string that is shorter than the longest counts as having zeroes behind it.
 *
 *     AND, OR, XOR     of all
 *     NOT              of the one
 *     DIFF             in the first and in no other            first & ~(others)
 *     DIFF1            in some other and not in the first      ~first & (others)
 *     ANDOR            in the first and in some other          first & (others)
 *     ONE              in exactly one
 *
 * All is done by words, some KB at a time, which stay in the processor's cache. A part of a string that does not begin at a
 * word's boundary, or is not as long as others, is copied to where it does and is.
 */
import type { Database } from '../../keyspace/database.ts';
import type { AddressList } from '../../memory/address-list.ts';
import { readString, view } from '../string/string-value.ts';

export const AND = 0;
export const OR = 1;
export const XOR = 2;
export const NOT = 3;
export const DIFF = 4;
export const DIFF1 = 5;
export const ANDOR = 6;
export const ONE = 7;

const CHUNK_SIZE = 16 << 10;

const copied = new Uint8Array(CHUNK_SIZE);
const copiedWords = new Int32Array(copied.buffer);
const combined = new Uint8Array(CHUNK_SIZE);
const combinedWords = new Int32Array(combined.buffer);
/** Bits that were in two or more, for ONE. */
const repeated = new Int32Array(CHUNK_SIZE / 4);
/** What the first string has, for those that treat it apart. */
const first = new Int32Array(CHUNK_SIZE / 4);

/** Writes what the strings (0: a key that does not exist, which is empty) become to out[0..size); `size` is the longest one's. */
export function combine(
  db: Database,
  operation: number,
  sources: AddressList,
  out: Uint8Array,
  size: number,
): void {
  for (let from = 0; from < size; from += CHUNK_SIZE) {
    const chunk = Math.min(CHUNK_SIZE, size - from);
    const words = (chunk + 3) >>> 2;
    if (operation < DIFF) combineAll(db, operation, sources, from, words);
    else if (operation === ONE) combineOne(db, sources, from, words);
    else combineWithFirst(db, operation, sources, from, words);
    out.set(chunk === CHUNK_SIZE ? combined : combined.subarray(0, chunk), from);
  }
}

/** The words of a part of a string, and of zeroes where it has no more, as they lie or in `copied`. Allocates a view. */
function load(db: Database, address: number, from: number, words: number): Int32Array {
  let size = 0;
  if (address !== 0) {
    readString(db, address);
    const { bytes, start, end } = view;
    const at = bytes.byteOffset + start + from;
    size = Math.max(0, Math.min(words * 4, end - start - from));
    if ((at & 3) === 0 && size === CHUNK_SIZE) return new Int32Array(bytes.buffer, at, words);
    if (size > 0) copied.set(bytes.subarray(start + from, start + from + size));
  }
  copied.fill(0, size, words * 4);
  return copiedWords;
}

function combineAll(
  db: Database,
  operation: number,
  sources: AddressList,
  from: number,
  words: number,
): void {
  combinedWords.set(firstWords(load(db, sources.addresses[0], from, words), words));
  for (let i = 1; i < sources.length; i++) {
    const loaded = load(db, sources.addresses[i], from, words);
    if (operation === AND) andWords(loaded, words);
    else if (operation === OR) orWords(loaded, words);
    else xorWords(loaded, words);
  }
  if (operation === NOT) for (let w = 0; w < words; w++) combinedWords[w] = ~combinedWords[w];
}

function firstWords(all: Int32Array, words: number): Int32Array {
  return words < all.length ? all.subarray(0, words) : all;
}

// Four words a round take two thirds of the time of one. The last round may go past `words`: what is there is never used.

function andWords(loaded: Int32Array, words: number): void {
  for (let w = 0; w < words; w += 4) {
    combinedWords[w] &= loaded[w];
    combinedWords[w + 1] &= loaded[w + 1];
    combinedWords[w + 2] &= loaded[w + 2];
    combinedWords[w + 3] &= loaded[w + 3];
  }
}

function orWords(loaded: Int32Array, words: number): void {
  for (let w = 0; w < words; w += 4) {
    combinedWords[w] |= loaded[w];
    combinedWords[w + 1] |= loaded[w + 1];
    combinedWords[w + 2] |= loaded[w + 2];
    combinedWords[w + 3] |= loaded[w + 3];
  }
}

function xorWords(loaded: Int32Array, words: number): void {
  for (let w = 0; w < words; w += 4) {
    combinedWords[w] ^= loaded[w];
    combinedWords[w + 1] ^= loaded[w + 1];
    combinedWords[w + 2] ^= loaded[w + 2];
    combinedWords[w + 3] ^= loaded[w + 3];
  }
}

function combineOne(db: Database, sources: AddressList, from: number, words: number): void {
  combinedWords.fill(0, 0, words);
  repeated.fill(0, 0, words);
  for (let i = 0; i < sources.length; i++) {
    const loaded = load(db, sources.addresses[i], from, words);
    for (let w = 0; w < words; w++) {
      repeated[w] |= combinedWords[w] & loaded[w];
      combinedWords[w] |= loaded[w];
    }
  }
  for (let w = 0; w < words; w++) combinedWords[w] &= ~repeated[w];
}

function combineWithFirst(
  db: Database,
  operation: number,
  sources: AddressList,
  from: number,
  words: number,
): void {
  first.set(firstWords(load(db, sources.addresses[0], from, words), words));
  combinedWords.fill(0, 0, words);
  for (let i = 1; i < sources.length; i++) orWords(load(db, sources.addresses[i], from, words), words);
  if (operation === DIFF) for (let w = 0; w < words; w++) combinedWords[w] = first[w] & ~combinedWords[w];
  else if (operation === DIFF1) for (let w = 0; w < words; w++) combinedWords[w] &= ~first[w];
  else for (let w = 0; w < words; w++) combinedWords[w] &= first[w];
}
