import { expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.ts';

test('the same seed gives the same sequence', () => {
  const a = new Prng(42);
  const b = new Prng(42);
  for (let i = 0; i < 1000; i++) expect(a.nextUint32()).toBe(b.nextUint32());
});

test('neighbouring seeds give unrelated sequences', () => {
  const first = new Set<number>();
  for (let seed = 0; seed < 1000; seed++) first.add(new Prng(seed).nextUint32());
  expect(first.size).toBeGreaterThan(998);
});

test('below stays below, reaches every value, and takes 1 and 2^32', () => {
  const prng = new Prng(1);
  const seen = new Set<number>();
  for (let i = 0; i < 1000; i++) {
    const value = prng.below(10);
    expect(value >= 0 && value < 10 && Number.isInteger(value)).toBe(true);
    seen.add(value);
  }
  expect(seen.size).toBe(10);
  expect(prng.below(1)).toBe(0);
  const words = Array.from({ length: 100 }, () => prng.below(2 ** 32));
  expect(words.some((word) => word > 2 ** 31)).toBe(true);
  expect(words.every((word) => word >= 0 && word < 2 ** 32)).toBe(true);
});

test('below is uniform where a plain remainder is not: n = 3 * 2^30', () => {
  const prng = new Prng(3);
  const n = 3 * 2 ** 30;
  const draws = 60_000;
  let lowThird = 0;
  for (let i = 0; i < draws; i++) if (prng.below(n) < n / 3) lowThird++;
  // A remainder would give 1/2. Six standard deviations are 693.
  expect(Math.abs(lowThird - draws / 3)).toBeLessThan(700);
});

test('each bit of a draw is set half of the time', () => {
  const prng = new Prng(9);
  const set = new Array(32).fill(0);
  for (let i = 0; i < 20_000; i++) {
    const word = prng.nextUint32();
    for (let bit = 0; bit < 32; bit++) set[bit] += (word >>> bit) & 1;
  }
  for (const count of set) expect(Math.abs(count - 10_000)).toBeLessThan(450);
});

test('nextFloat lies in [0, 1) and averages a half', () => {
  const prng = new Prng(5);
  let sum = 0;
  for (let i = 0; i < 20_000; i++) {
    const value = prng.nextFloat();
    expect(value >= 0 && value < 1).toBe(true);
    sum += value;
  }
  expect(Math.abs(sum / 20_000 - 0.5)).toBeLessThan(0.013);
});
