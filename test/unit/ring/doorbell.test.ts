/** The doorbell on one thread: who sees what. That no wake-up is lost between threads is in test/system/rings.test.ts. */
import { describe, expect, it } from 'vitest';
import { createProcessMemory } from '../../../src/ring/channel.ts';
import { announceMail, Doorbell, ringExecutor } from '../../../src/ring/doorbell.ts';

function memory(): { control: Int32Array; doorbell: Doorbell } {
  const control = new Int32Array(createProcessMemory().control);
  return { control, doorbell: new Doorbell(control) };
}

describe('Doorbell', () => {
  it('nobody is woken while the executor is awake', () => {
    const { control } = memory();
    expect(ringExecutor(control)).toBe(false);
  });

  it('a ring between arm() and wait() makes wait() return at once', () => {
    const { control, doorbell } = memory();
    doorbell.arm();
    expect(ringExecutor(control)).toBe(true);
    expect(ringExecutor(control)).toBe(false);
    doorbell.wait(1e9);
  });

  it('disarm() takes it back', () => {
    const { control, doorbell } = memory();
    doorbell.arm();
    doorbell.disarm();
    expect(ringExecutor(control)).toBe(false);
  });

  it('wait() ends by itself when its time is up', () => {
    const { control, doorbell } = memory();
    doorbell.arm();
    doorbell.wait(1);
    expect(ringExecutor(control)).toBe(false);
  });

  it('mail is counted and rings', () => {
    const { control, doorbell } = memory();
    const before = doorbell.mail;
    doorbell.arm();
    announceMail(control);
    announceMail(control);
    expect(doorbell.mail).toBe(before + 2);
    doorbell.wait(1e9);
  });
});
