/** The sketch of heavy names against true weights. */
import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.ts';
import { TopK } from '../../../src/base/top-k.ts';

describe('the heaviest names', () => {
  it('are exact while there is a place for each', () => {
    const top = new TopK(4);
    for (const [name, weight] of [
      ['a', 5],
      ['b', 1],
      ['c', 9],
      ['a', 5],
      ['d', 0],
    ] as const) {
      top.add(name, weight);
    }
    expect(top.heaviest(10)).toEqual([
      ['a', 10],
      ['c', 9],
      ['b', 1],
    ]);
    expect(top.heaviest(1)).toEqual([['a', 10]]);
  });

  it('are found among very many, with no more weight than they have', () => {
    const random = new Prng(3);
    const top = new TopK(50);
    const truth = new Map<string, number>();
    for (let i = 0; i < 100_000; i++) {
      const name = i % 2 === 0 ? `hot-${random.nextUint32() % 5}` : `cold-${random.nextUint32() % 50_000}`;
      const weight = 1 + (random.nextUint32() % 4);
      top.add(name, weight);
      truth.set(name, (truth.get(name) ?? 0) + weight);
    }
    const heaviest = top.heaviest(5);
    expect(heaviest.map(([name]) => name).toSorted()).toEqual(['hot-0', 'hot-1', 'hot-2', 'hot-3', 'hot-4']);
    for (const [name, weight] of heaviest) {
      expect(weight).toBeLessThanOrEqual(truth.get(name)!);
      expect(weight).toBeGreaterThan(truth.get(name)! * 0.7);
    }
  });
});
