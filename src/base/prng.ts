// A seeded random source for sampling (RANDOMKEY, SPOP, eviction) and for tests: xoshiro128**, whose state
// is four 32-bit words, so that a draw is a dozen int32 operations and no garbage. The same seed always
// gives the same sequence. It is *not* secret: hash seeds, run ids and passwords come from node:crypto.

const TWO_POW_32 = 4294967296;
const TWO_POW_26 = 67108864;
const TWO_POW_53 = 9007199254740992;

export class Prng {
  // `declare`: a field that is first defined as undefined loses its known type, and each use then checks it.
  declare private s0: number;
  declare private s1: number;
  declare private s2: number;
  declare private s3: number;

  /** Any number; only its low 32 bits count. Four steps of a mixing counter spread it over the state. */
  constructor(seed: number) {
    this.s0 = mix((seed + 0x9e3779b9) | 0);
    this.s1 = mix((seed + 0x3c6ef372) | 0);
    this.s2 = mix((seed + 0xdaa66d2b) | 0);
    this.s3 = mix((seed + 0x78dde6e4) | 0);
    // `mix` is a bijection and the four inputs differ, so the forbidden all-zero state cannot arise.
  }

  /** Uniform over all int32 values, -2^31 .. 2^31 - 1. Allocates nothing. */
  nextInt32(): number {
    const s1 = this.s1;
    const product = Math.imul(s1, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const s2 = this.s2 ^ this.s0;
    const s3 = this.s3 ^ s1;
    this.s1 = s1 ^ s2;
    this.s0 = this.s0 ^ s3;
    this.s2 = s2 ^ (s1 << 9);
    this.s3 = (s3 << 11) | (s3 >>> 21);
    return result;
  }

  /** Uniform over 0 .. 2^32 - 1. */
  nextUint32(): number {
    return this.nextInt32() >>> 0;
  }

  /**
   * Uniform over 0 .. n - 1 for 1 <= n <= 2^32, without bias: draws from the incomplete last block of n values
   * are thrown away, which for small n almost never happens.
   */
  below(n: number): number {
    const unbiasedUntil = TWO_POW_32 - (TWO_POW_32 % n);
    let draw = this.nextInt32() >>> 0;
    while (draw >= unbiasedUntil) draw = this.nextInt32() >>> 0;
    return draw % n;
  }

  /** Uniform over [0, 1) in steps of 2^-53. */
  nextFloat(): number {
    const high = this.nextInt32() >>> 5;
    const low = this.nextInt32() >>> 6;
    return (high * TWO_POW_26 + low) / TWO_POW_53;
  }
}

/** A bijection of 32-bit words in which every input bit reaches every output bit. */
function mix(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
  word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
  return word ^ (word >>> 15);
}
