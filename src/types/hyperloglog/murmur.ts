/**
 * MurmurHash64A (Austin Appleby, public domain), by default with HyperLogLog's seed: the hash that decides which register an element
 * counts in, and which bits of a Bloom filter an item is. It is part of the formats: a value is only the same on another server if
 * this is. 64-bit words are pairs of int32.
 */

const M_HI = 0xc6a4a793 | 0;
const M_LO = 0x5bd1e995;
const SEED = 0xadc83b19 | 0;

/** The word that is worked on: low and high half. A typed array, because int32 in object fields may be boxed. */
const word = new Int32Array(2);
export const hash = new Int32Array(2);
export const LO = 0;
export const HI = 1;

/** The upper half of the product of two uint32. */
function multiplyHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const low = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + (middle >>> 16) + (low >>> 16)) | 0;
}

/** words *= M, modulo 2^64. */
function multiply(words: Int32Array): void {
  const lo = words[LO];
  words[HI] = (Math.imul(words[HI], M_LO) + Math.imul(lo, M_HI) + multiplyHigh(lo, M_LO)) | 0;
  words[LO] = Math.imul(lo, M_LO);
}

/** words ^= words >> 47. */
function fold(words: Int32Array): void {
  words[LO] ^= words[HI] >>> 15;
}

/** Leaves the hash of bytes[start..end) in `hash`. Allocates nothing. */
export function murmur64(bytes: Uint8Array, start: number, end: number, seedHi = 0, seedLo = SEED): void {
  hash[LO] = end - start;
  hash[HI] = 0;
  multiply(hash);
  hash[LO] ^= seedLo;
  hash[HI] ^= seedHi;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    word[LO] = wordAt(bytes, at);
    word[HI] = wordAt(bytes, at + 4);
    multiply(word);
    fold(word);
    multiply(word);
    hash[LO] ^= word[LO];
    hash[HI] ^= word[HI];
    multiply(hash);
  }
  if (at < end) {
    for (let i = 0; at + i < end; i++) hash[i >>> 2] ^= bytes[at + i] << ((i & 3) * 8);
    multiply(hash);
  }
  fold(hash);
  multiply(hash);
  fold(hash);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}
