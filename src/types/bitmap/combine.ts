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
 * The strings begin at any byte, so each is copied to aligned memory some KB at a time and combined there by words.
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

const loaded = new Uint8Array(CHUNK_SIZE);
const loadedWords = new Int32Array(loaded.buffer);
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

/** Loads the bytes from `from` on of a string, and zeroes where it has no more, as `words` words. */
function load(db: Database, address: number, from: number, words: number): void {
  let size = 0;
  if (address !== 0) {
    readString(db, address);
    size = Math.max(0, Math.min(words * 4, view.end - view.start - from));
    const start = view.start + from;
    if (size > 0) loaded.set(view.bytes.subarray(start, start + size));
  }
  loaded.fill(0, size, words * 4);
}

function combineAll(
  db: Database,
  operation: number,
  sources: AddressList,
  from: number,
  words: number,
): void {
  load(db, sources.addresses[0], from, words);
  combinedWords.set(loadedWords);
  for (let i = 1; i < sources.length; i++) {
    load(db, sources.addresses[i], from, words);
    if (operation === AND) for (let w = 0; w < words; w++) combinedWords[w] &= loadedWords[w];
    else if (operation === OR) for (let w = 0; w < words; w++) combinedWords[w] |= loadedWords[w];
    else for (let w = 0; w < words; w++) combinedWords[w] ^= loadedWords[w];
  }
  if (operation === NOT) for (let w = 0; w < words; w++) combinedWords[w] = ~combinedWords[w];
}

function combineOne(db: Database, sources: AddressList, from: number, words: number): void {
  combinedWords.fill(0, 0, words);
  repeated.fill(0, 0, words);
  for (let i = 0; i < sources.length; i++) {
    load(db, sources.addresses[i], from, words);
    for (let w = 0; w < words; w++) {
      repeated[w] |= combinedWords[w] & loadedWords[w];
      combinedWords[w] |= loadedWords[w];
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
  load(db, sources.addresses[0], from, words);
  first.set(loadedWords);
  combinedWords.fill(0, 0, words);
  for (let i = 1; i < sources.length; i++) {
    load(db, sources.addresses[i], from, words);
    for (let w = 0; w < words; w++) combinedWords[w] |= loadedWords[w];
  }
  if (operation === DIFF) for (let w = 0; w < words; w++) combinedWords[w] = first[w] & ~combinedWords[w];
  else if (operation === DIFF1) for (let w = 0; w < words; w++) combinedWords[w] &= ~first[w];
  else for (let w = 0; w < words; w++) combinedWords[w] &= first[w];
}
