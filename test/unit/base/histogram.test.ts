/** The histogram against a list of all values. */
import { describe, expect, it } from 'vitest';
import { Histogram } from '../../../src/base/histogram.ts';
import { Prng } from '../../../src/base/prng.ts';

describe('a histogram', () => {
  it('tells percentiles to within one per cent of the true ones', () => {
    const random = new Prng(7);
    const histogram = new Histogram();
    const values: number[] = [];
    for (let i = 0; i < 20_000; i++) {
      const value = Math.floor(2 ** ((random.nextUint32() / 2 ** 32) * 29.8));
      const times = 1 + (random.nextUint32() % 3);
      histogram.add(value, times);
      for (let j = 0; j < times; j++) values.push(value);
    }
    values.sort((a, b) => a - b);
    expect(histogram.total).toBe(values.length);
    for (const percentile of [0, 1, 10, 50, 90, 99, 99.9, 100]) {
      const rank = Math.max(1, Math.floor((percentile / 100) * values.length + 0.5));
      const value = values[rank - 1];
      expect(histogram.percentile(percentile)).toBeGreaterThanOrEqual(value);
      expect(histogram.percentile(percentile)).toBeLessThanOrEqual(value * 1.01);
    }
  });

  it('counts by doublings of a microsecond, as Redis shows them', () => {
    const histogram = new Histogram();
    for (const [ns, times] of [
      [0.2, 1],
      [1000, 2],
      [1025, 4],
      [1100, 8],
      [32_900, 16],
      [33_200, 32],
      [1e12, 64],
    ]) {
      histogram.add(ns, times);
    }
    expect(histogram.doublings()).toEqual([
      [1, 7],
      [2, 15],
      [33, 31],
      [66, 63],
      [1_073_741, 127],
    ]);
  });

  it('knows nothing when it is empty', () => {
    const histogram = new Histogram();
    expect(histogram.doublings()).toEqual([]);
    expect(histogram.percentile(50)).toBe(0);
  });
});
