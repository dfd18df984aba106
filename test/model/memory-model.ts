// What the model tests of src/memory share. MODEL_OPERATIONS: random operations per test. TEST_SEED: repeats a run.
import { Prng } from '../../src/base/prng.ts';

export function operations(usual: number): number {
  return Number(process.env['MODEL_OPERATIONS'] ?? usual);
}

/** A random source whose seed is printed, so that a failure can be repeated. */
export function seededPrng(title: string): Prng {
  const seed = Number(process.env['TEST_SEED'] ?? Date.now()) >>> 0;
  console.log(`${title}: TEST_SEED=${seed}`);
  return new Prng(seed);
}

/** For checks that run a million times: expect() costs a microsecond, this costs nothing while it holds. */
export function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** Model tests may be asked for far more operations than vitest's time limit allows. */
export const NO_HURRY = { timeout: 3_600_000 };
