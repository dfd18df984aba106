/**
 * How threads other than the executor tell of what took long: a word of the process's control block for each kind of event holds the longest time
 * since the executor last looked, in milliseconds. The executor's timer takes it to the latency monitor.
 */
import { SLOW_EVENTS } from './layout.ts';

/** Kinds of event, as LATENCY names them, in the order of their words. */
export const SLOW_EVENT_NAMES = [
  'aof-write',
  'aof-write-alone',
  'aof-write-pending-fsync',
  'aof-fsync-always',
  'aof-rename',
  'rdb-unlink-temp-file',
] as const;

export type SlowEvent = (typeof SLOW_EVENT_NAMES)[number];

/** Tells that something took so long; less than a millisecond is not worth telling. */
export function tellSlowEvent(control: Int32Array, event: SlowEvent, ms: number): void {
  if (ms < 1) return;
  const at = SLOW_EVENTS + SLOW_EVENT_NAMES.indexOf(event);
  for (let seen = Atomics.load(control, at); seen < ms; ) {
    const found = Atomics.compareExchange(control, at, seen, Math.floor(ms));
    if (found === seen) return;
    seen = found;
  }
}

/** Calls `take` with what has been told since the last call. */
export function takeSlowEvents(control: Int32Array, take: (event: SlowEvent, ms: number) => void): void {
  for (let i = 0; i < SLOW_EVENT_NAMES.length; i++) {
    if (Atomics.load(control, SLOW_EVENTS + i) === 0) continue;
    take(SLOW_EVENT_NAMES[i], Atomics.exchange(control, SLOW_EVENTS + i, 0));
  }
}
