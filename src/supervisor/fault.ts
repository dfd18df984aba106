/**
 * Faults on demand, so that a test can see what becomes of the process: THREADIS_FAULT=<thread>:<fault>.
 *
 *   throw    an exception that nothing catches
 *   reject   a promise that is rejected and not handled (event loops only)
 *   exit     process.exit(0) inside the worker
 *   heap     allocates JS objects until the heap, which is made small for it, is full
 *   block    does nothing for some seconds, so that heartbeats stand still
 *   fsync    the next fsync that is done beside other work fails
 *   choke    does nothing for a moment, so that work piles up, and throws
 *
 * Workers call this; without the variable it costs one look at the environment at their start.
 */
import fs from 'node:fs';
import type { ResourceLimits } from 'node:worker_threads';

export type ThreadKind = 'io' | 'executor' | 'bio';

const HEAP_MB = 48;
const BLOCK_MS = 4_000;
const CHOKE_MS = 400;
/** So late that the server is up, and the test has seen it. */
const DELAY_MS = 1_000;

/** What is to go wrong in threads of this kind, or null. */
export function faultOf(kind: ThreadKind): (() => void) | null {
  const [thread, name] = (process.env.THREADIS_FAULT ?? '').split(':');
  if (thread !== kind || !Object.hasOwn(FAULTS, name)) return null;
  return FAULTS[name];
}

/** For threads with an event loop: the fault happens a while after the start. */
export function armFault(kind: ThreadKind): void {
  const fault = faultOf(kind);
  if (fault !== null) setTimeout(fault, DELAY_MS);
}

/** For the executor, which has timers of its own: a function for its cron, or null. */
export function faultLater(kind: ThreadKind, nowMs: number): ((nowMs: number) => void) | null {
  let fault = faultOf(kind);
  if (fault === null) return null;
  return (now) => {
    if (fault === null || now < nowMs + DELAY_MS) return;
    const run = fault;
    fault = null;
    run();
  };
}

/** A worker that is to run out of heap does so within a second with this one. */
export function faultLimits(kind: ThreadKind): ResourceLimits | undefined {
  return faultOf(kind) === FAULTS.heap ? { maxOldGenerationSizeMb: HEAP_MB } : undefined;
}

const FAULTS: Record<string, () => void> = {
  throw() {
    throw new Error('a fault was asked for');
  },
  reject() {
    void Promise.reject(new Error('a rejection was asked for'));
  },
  exit: () => process.exit(0),
  heap() {
    const kept: unknown[] = [];
    for (;;) kept.push({ filler: new Array(64).fill(kept.length) });
  },
  fsync() {
    const { fdatasync } = fs;
    fs.fdatasync = ((_fd: number, done: (error: Error) => void) => {
      fs.fdatasync = fdatasync;
      setImmediate(done, Object.assign(new Error('EIO: i/o error, fdatasync'), { errno: -5, code: 'EIO' }));
    }) as typeof fdatasync;
  },
  choke() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, CHOKE_MS);
    throw new Error('a fault was asked for');
  },
  block: () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCK_MS),
};
