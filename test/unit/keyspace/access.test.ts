import { describe, expect, it } from 'vitest';
import { Access } from '../../../src/keyspace/access.ts';
import { accessOf, writeAccess } from '../../../src/memory/record.ts';

const MINUTE = 60_000;

/** The access bits after a use. */
function touched(access: Access, bits: number): number {
  const words = new Int32Array(2);
  writeAccess(words, 0, bits);
  access.touch(words, 0);
  return accessOf(words, 0);
}

describe('Access', () => {
  it('LRU: notes the second of the last use, across the end of the clock', () => {
    const access = new Access();
    access.setTime(0xffffff * 1000);
    const bits = touched(access, 0);
    access.setTime(0xffffff * 1000 + 5000);
    expect(access.idleSeconds(bits)).toBe(5);
    expect(access.idleSeconds(access.fresh)).toBe(0);
  });

  it('LFU: begins at 5, grows slowly and stops at 255', () => {
    const access = new Access();
    access.useLfu(true);
    access.setTime(100 * MINUTE);
    let bits = access.fresh;
    expect(access.frequency(bits)).toBe(5);
    for (let i = 0; i < 1000; i++) bits = touched(access, bits);
    expect(access.frequency(bits)).toBeGreaterThan(10);
    expect(access.frequency(bits)).toBeLessThan(40);
    access.lfuLogFactor = 0;
    for (let i = 0; i < 1000; i++) bits = touched(access, bits);
    expect(access.frequency(bits)).toBe(255);
  });

  it('LFU: loses one for every lfu-decay-time minutes without use', () => {
    const access = new Access();
    access.useLfu(true);
    access.lfuLogFactor = 0;
    access.setTime(65_530 * MINUTE);
    let bits = access.fresh;
    for (let i = 0; i < 20; i++) bits = touched(access, bits);
    expect(access.frequency(bits)).toBe(25);
    access.setTime((65_530 + 10) * MINUTE);
    expect(access.frequency(bits)).toBe(15);
    access.lfuDecayMinutes = 5;
    expect(access.frequency(bits)).toBe(23);
    access.lfuDecayMinutes = 0;
    expect(access.frequency(bits)).toBe(25);
    access.lfuDecayMinutes = 1;
    access.setTime((65_530 + 100) * MINUTE);
    expect(access.frequency(bits)).toBe(0);
  });

  it('leaves no trace while it is quiet', () => {
    const access = new Access();
    access.setTime(5000);
    access.setQuiet(true);
    expect(touched(access, 1)).toBe(1);
    access.setQuiet(false);
    expect(touched(access, 1)).toBe(5);
  });
});
