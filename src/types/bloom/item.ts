/**
 * The item that is looked for or added: its two 64-bit hashes, and the bits of a filter that they choose.
 *
 * Bit number i of an item is (a + i * b mod 2^64) mod m, for the hashes a and b and a filter of m bits. Nothing here is wider than a
 * double holds exactly: with a mod m, b mod m and w = 2^64 mod m known, each bit is the one before plus b mod m, less w if a + i * b
 * passed 2^64 on the way.
 */
import { HI, hash, LO, murmur64 } from '../hyperloglog/murmur.ts';

const SEED_HI = 0xc6a4a793 | 0;
const SEED_LO = 0x5bd1e995;
const TWO_32 = 4294967296;

/** A filter has at most so many bits: the remainder of a 64-bit number by more would not be exact, and no more fit in one buffer. */
export const FILTER_BITS_MAX = 2 ** 36;

const first = new Int32Array(2);
const second = new Int32Array(2);

/** The item is bytes[start..end). Allocates nothing. */
export function setItem(bytes: Uint8Array, start: number, end: number): void {
  murmur64(bytes, start, end, SEED_HI, SEED_LO);
  first[LO] = hash[LO];
  first[HI] = hash[HI];
  murmur64(bytes, start, end, first[HI], first[LO]);
  second[LO] = hash[LO];
  second[HI] = hash[HI];
}

/** n mod m for 0 <= n < 2^53, by a quotient that may be one too large. */
function remainder(n: number, m: number): number {
  const rest = n - Math.floor(n / m) * m;
  return rest < 0 ? rest + m : rest;
}

/** A 64-bit number, given as two words, mod m <= FILTER_BITS_MAX. */
function remainder64(hi: number, lo: number, m: number): number {
  const high = remainder(hi >>> 0, m);
  const middle = remainder(high * 65536 + (lo >>> 16), m);
  return remainder(middle * 65536 + (lo & 65535), m);
}

/** 2^64 mod m. */
export function wrapOf(m: number): number {
  return remainder(remainder64(-1, -1, m) + 1, m);
}

/**
 * Whether all `hashes` bits of the item are set in the filter of `modulus` bits that begins at u8[start]; with `sets`, they are so
 * afterwards. `wrap` is wrapOf(modulus). Allocates nothing.
 */
export function visitBits(
  u8: Uint8Array,
  start: number,
  modulus: number,
  wrap: number,
  hashes: number,
  sets: boolean,
): boolean {
  const stepHi = second[HI] >>> 0;
  const stepLo = second[LO] >>> 0;
  const step = remainder64(second[HI], second[LO], modulus);
  let hi = first[HI] >>> 0;
  let lo = first[LO] >>> 0;
  let bit = remainder64(first[HI], first[LO], modulus);
  let wereSet = true;
  for (let i = 0; i < hashes; i++) {
    const at = start + Math.floor(bit / 8);
    const mask = 1 << (bit & 7);
    if ((u8[at] & mask) === 0) {
      if (!sets) return false;
      wereSet = false;
      u8[at] |= mask;
    }
    bit += step;
    if (bit >= modulus) bit -= modulus;
    lo += stepLo;
    hi += stepHi;
    if (lo >= TWO_32) {
      lo -= TWO_32;
      hi++;
    }
    if (hi >= TWO_32) {
      hi -= TWO_32;
      bit -= wrap;
      if (bit < 0) bit += modulus;
    }
  }
  return wereSet;
}
