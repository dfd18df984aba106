/** A small seeded generator for property tests; independent of the one in src, which it may be testing. */
export interface SeededRandom {
  /** Uniform in [0, 2^32). */
  uint32(): number;
  /** Uniform enough in [0, n), n up to 2^32. */
  below(n: number): number;
  pick<T>(items: readonly T[]): T;
}

/** Prints its seed; TEST_SEED=<number> repeats a run. */
export function seededRandom(name: string): SeededRandom {
  const seed = process.env.TEST_SEED ? Number(process.env.TEST_SEED) >>> 0 : (Math.random() * 2 ** 32) >>> 0;
  console.log(`${name}: TEST_SEED=${seed}`);
  let state = seed;
  const uint32 = (): number => {
    // Weyl sequence with an avalanche behind it: every seed, 0 too, gives a full period.
    state = (state + 0x9e3779b9) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return (x ^ (x >>> 16)) >>> 0;
  };
  const below = (n: number): number => Math.floor((uint32() / 2 ** 32) * n);
  return { uint32, below, pick: (items) => items[below(items.length)] };
}
