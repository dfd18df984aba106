/** Deadlines against a sorted list, with many given up. */
import { expect, it } from 'vitest';
import { Deadlines } from '../../../src/base/deadlines.ts';
import { seededRandom } from './seeded-random.ts';

it('gives what is due in the order of time, without what was cancelled', () => {
  const random = seededRandom('deadlines');
  const deadlines = new Deadlines<{ dueMs: number; cancelled: boolean }>();
  let wanted: { dueMs: number; cancelled: boolean }[] = [];
  for (let step = 0; step < 5000; step++) {
    const item = { dueMs: random.below(1000) + step / 10, cancelled: false };
    deadlines.add(item);
    wanted.push(item);
    if (random.below(3) > 0) deadlines.cancel(wanted.splice(random.below(wanted.length), 1)[0]);
    if (step % 100 !== 99) continue;
    const now = step / 10 + 300;
    const due = wanted.filter(({ dueMs }) => dueMs <= now).map(({ dueMs }) => dueMs);
    wanted = wanted.filter(({ dueMs }) => dueMs > now);
    const taken: number[] = [];
    for (let next = deadlines.take(now); next !== null; next = deadlines.take(now)) taken.push(next.dueMs);
    expect(taken).toEqual(due.sort((a, b) => a - b));
    expect(deadlines.nextMs).toBe(wanted.reduce((least, { dueMs }) => Math.min(least, dueMs), Infinity));
  }
});
