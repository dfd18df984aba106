/** Records come out by score, whatever the scores are. */
import { describe, expect, it } from 'vitest';
import { ByScore } from '../../../../src/types/zset/by-score.ts';
import { seededRandom } from '../../base/seeded-random.ts';

function sorted(scores: readonly number[]): number[] {
  const all = new ByScore(scores.length);
  for (const [i, score] of scores.entries()) all.add(score, i);
  return [...all.sort()].map((i) => scores[i]);
}

describe('ByScore', () => {
  it('knows signs, zeros, infinities and the smallest numbers', () => {
    const order = [-Infinity, -1e300, -2, -1.5, -1, -5e-324, -0, 0, 5e-324, 1, 1.5, 2, 3, 1e300, Infinity];
    expect(sorted(order.toReversed())).toEqual(order);
    expect(sorted(order)).toEqual(order);
    expect(sorted([])).toEqual([]);
  });

  it('sorts as numbers compare, and keeps the order of equal ones', () => {
    const random = seededRandom('by-score');
    for (let round = 0; round < 50; round++) {
      const kind = random.below(3);
      const scores = Array.from({ length: random.below(2000) }, () => {
        if (kind === 0) return random.below(100) - 50;
        if (kind === 1)
          return random.below(1 << 30) * 2 ** (random.below(200) - 100) * (random.below(2) * 2 - 1);
        return random.below(1 << 30) / 7;
      });
      expect(sorted(scores)).toEqual(scores.toSorted((a, b) => a - b));
      const all = new ByScore(scores.length);
      for (const [i, score] of scores.entries()) all.add(score, i);
      const records = [...all.sort()];
      for (let i = 1; i < records.length; i++) {
        if (scores[records[i]] === scores[records[i - 1]]) expect(records[i]).toBeGreaterThan(records[i - 1]);
      }
    }
  });
});
