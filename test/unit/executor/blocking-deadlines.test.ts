/** Waits end in the millisecond they were asked to, on a clock that the test moves: BLPOP on a key that never comes to be. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/seeded-random.ts';
import { command, ExecutorRig } from './rig.ts';

const NIL = '*-1\r\n';

/** Has clients wait for so many seconds each; who has been answered, in order, since the last call. */
function waiters(rig: ExecutorRig, seconds: string[]): () => number[] {
  for (const [slot, text] of seconds.entries()) rig.send(rig.open(slot), command('BLPOP', 'never', text));
  rig.settle();
  expect(rig.frames).toEqual([]);
  expect(rig.server.blocking.count).toBe(seconds.length);
  return () => {
    const answered = rig.frames.splice(0);
    expect(answered.every(({ text }) => text === NIL)).toBe(true);
    return answered.map(({ slot }) => slot);
  };
}

function pass(rig: ExecutorRig, ms: number): void {
  rig.clock.advance(ms);
  rig.settle();
}

describe('blocking', () => {
  it('for 5 ms is over after 5 and not after 4', () => {
    const rig = new ExecutorRig();
    const answered = waiters(rig, ['0.005']);
    expect(rig.executor.nextDueMs() - rig.clock.nowMs()).toBeLessThanOrEqual(5);
    pass(rig, 4);
    expect(answered()).toEqual([]);
    pass(rig, 0.9);
    expect(answered()).toEqual([]);
    pass(rig, 0.1);
    expect(answered()).toEqual([0]);
    expect(rig.server.blocking.count).toBe(0);
  });

  it('several of them are over in the order of their times, whatever that in which they began', () => {
    const rig = new ExecutorRig();
    const answered = waiters(rig, ['0.02', '0.005', '0', '0.0051', '0.011', '0.005']);
    const seen: [ms: number, slots: number[]][] = [];
    for (let ms = 1; ms <= 30; ms++) {
      pass(rig, 1);
      const slots = answered();
      if (slots.length > 0) seen.push([ms, slots.toSorted()]);
    }
    // A part of a millisecond is rounded up; the client without an end waits on.
    expect(seen).toEqual([
      [5, [1, 5]],
      [6, [3]],
      [11, [4]],
      [20, [0]],
    ]);
    expect(rig.server.blocking.count).toBe(1);
  });

  it('the executor sleeps until the first of them and no longer, and a late turn answers all that are due, the earliest first', () => {
    const rig = new ExecutorRig();
    const answered = waiters(rig, ['0.04', '0.01', '0.03', '0.02']);
    for (const due of [10, 20]) {
      const begin = rig.clock.nowMs();
      while (rig.server.blocking.count === 4 - due / 10 + 1) {
        const nextMs = rig.executor.nextDueMs() - rig.clock.nowMs();
        expect(nextMs).toBeGreaterThan(0);
        pass(rig, nextMs);
      }
      expect(rig.clock.nowMs() - begin).toBe(10);
      expect(answered()).toEqual([due === 10 ? 1 : 3]);
    }
    pass(rig, 1000);
    expect(answered()).toEqual([2, 0]);
  });

  it('agrees with a sort for many at random', () => {
    const { below } = seededRandom('blocking deadlines');
    const rig = new ExecutorRig();
    const times = Array.from({ length: 40 }, () => 1 + below(60));
    const answered = waiters(
      rig,
      times.map((ms) => (ms / 1000).toFixed(3)),
    );
    for (let ms = 1; ms <= 60; ms++) {
      pass(rig, 1);
      const due = times.flatMap((time, slot) => (time === ms ? [slot] : []));
      expect(
        answered().toSorted((a, b) => a - b),
        `after ${ms} ms`,
      ).toEqual(due);
    }
  });
});
