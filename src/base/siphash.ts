// HalfSipHash-1-3: the keyed hash of keys and of collection members.
//
// A hash table whose hash an attacker can predict can be filled with colliding keys until every look-up
// walks one chain. A keyed pseudo-random function with a secret key closes that door. SipHash is the usual
// choice, but works on 64-bit words, which JavaScript can only do with BigInt or word pairs; HalfSipHash is the
// same construction on four 32-bit words by the same authors, and maps one to one on int32 arithmetic. One
// compression round per word and three finalisation rounds (1-3) is the variant meant for hash tables.
//
// The 32-bit result is an int32 (signed), because that is what an Int32Array slot holds and what V8 keeps
// in a register without a conversion.
//
// Any thread that has the two key words computes the same hash. Cost: bench/micro/siphash.ts.

const CONSTANT_2 = 0x6c796765;
const CONSTANT_3 = 0x74656462;
const FINALISATION_MARK = 0xff;

export class SipHasher {
  // `declare`, so that the constructor's store is the first: a field that was `undefined` before is not known to V8 to hold
  // an int32, and hash() then takes 1.6 times as long.
  declare private readonly k0: number;
  declare private readonly k1: number;

  /** The key: two 32-bit words from a secret random source, the first four key bytes little-endian in `k0`. */
  constructor(k0: number, k1: number) {
    this.k0 = k0 | 0;
    this.k1 = k1 | 0;
  }

  /**
   * The hash of `bytes[start, end)` as an int32. Allocates nothing. The rounds are written out: a function
   * cannot return four words without an object, and a loop for the last three costs 1.5 ns more.
   */
  hash(bytes: Uint8Array, start: number, end: number): number {
    let v0 = this.k0;
    let v1 = this.k1;
    let v2 = CONSTANT_2 ^ v0;
    let v3 = CONSTANT_3 ^ v1;
    const length = (end - start) | 0;
    const wordsUntil = start + (length & ~3);
    let at = start;
    let word = 0;

    for (; at < wordsUntil; at += 4) {
      word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v2 = (v2 + v3) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 << 16) | (v0 >>> 16);
      v0 = (v0 + v3) | 0;
      v2 = (v2 + v1) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }

    // The last word: the bytes left over, and the length modulo 256 on top.
    word = length << 24;
    const left = end - at;
    if (left > 0) word |= bytes[at];
    if (left > 1) word |= bytes[at + 1] << 8;
    if (left > 2) word |= bytes[at + 2] << 16;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v2 = (v2 + v3) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 << 16) | (v0 >>> 16);
    v0 = (v0 + v3) | 0;
    v2 = (v2 + v1) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;

    v2 ^= FINALISATION_MARK;
    v0 = (v0 + v1) | 0;
    v2 = (v2 + v3) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 << 16) | (v0 >>> 16);
    v0 = (v0 + v3) | 0;
    v2 = (v2 + v1) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);

    v0 = (v0 + v1) | 0;
    v2 = (v2 + v3) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 << 16) | (v0 >>> 16);
    v0 = (v0 + v3) | 0;
    v2 = (v2 + v1) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);

    v0 = (v0 + v1) | 0;
    v2 = (v2 + v3) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 << 16) | (v0 >>> 16);
    v0 = (v0 + v3) | 0;
    v2 = (v2 + v1) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);

    return v1 ^ v3;
  }
}
