import { describe, expect, it } from 'vitest';
import { FakeClock, SystemClock } from '../../../src/base/clock.ts';

describe('FakeClock', () => {
  it('stands still until it is advanced, and adds up fractions', () => {
    const clock = new FakeClock(1000);
    expect([clock.nowMs(), clock.monotonicUs()]).toEqual([1000, 0]);
    clock.advance(0.75);
    clock.advance(0.75);
    expect([clock.nowMs(), clock.monotonicUs()]).toEqual([1001, 1500]);
  });

  it('jumps on the wall only, and never runs backwards', () => {
    const clock = new FakeClock(1000);
    clock.jumpTo(500);
    expect([clock.nowMs(), clock.monotonicUs()]).toEqual([500, 0]);
    expect(() => clock.advance(-1)).toThrow(RangeError);
    expect(() => clock.advance(Number.NaN)).toThrow(RangeError);
  });
});

describe('SystemClock', () => {
  it('tells whole milliseconds, and microseconds that never go back', () => {
    const clock = new SystemClock();
    expect(Math.abs(clock.nowMs() - Date.now())).toBeLessThan(1000);
    expect(Number.isInteger(clock.nowMs())).toBe(true);
    let before = clock.monotonicUs();
    for (let i = 0; i < 1000; i++) {
      const now = clock.monotonicUs();
      expect(now).toBeGreaterThanOrEqual(before);
      before = now;
    }
  });
});
