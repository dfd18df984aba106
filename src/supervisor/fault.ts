/**
 * Faults on demand, so that a test can see what becomes of the process: THREADIS_FAULT=<thread>:<fault>.
 *
 *   throw    an exception that nothing catches
 *   reject   a promise that is rejected and not handled (event loops only)
 *   exit     process.exit(0) inside the worker
 *   heap     allocates JS objects until the heap, which is made small for it, is full
 *   block    does nothing for some seconds, so that heartbeats stand still
 *   stall    does nothing until there is a file `go-on` in the working directory
 *   fsync    the next fsync that is done beside other work fails
 *   choke    does nothing for a moment, so that work piles up, and throws
 *
 * Workers call this; without the variable it costs one look at the environment at their start. A `job` thread of bio's pool does what is asked at
 * the start of a job, `job-idle` is such a thread a while after its job.
 */
import fs from 'node:fs';
import type { ResourceLimits } from 'node:worker_threads';

export type ThreadKind = 'io' | 'executor' | 'bio';
export type FaultPlace = ThreadKind | 'job' | 'job-idle';

const HEAP_MB = 48;
const BLOCK_MS = 4_000;
const CHOKE_MS = 400;
const STALL_LOOK_MS = 50;
/** So late that the server is up, and the test has seen it. */
const DELAY_MS = 1_000;

/** What is to go wrong in this place, or null. */
export function faultOf(place: FaultPlace): (() => void) | null {
  const [thread, name] = (process.env.THREADIS_FAULT ?? '').split(':');
  if (thread !== place || !Object.hasOwn(FAULTS, name)) return null;
  return FAULTS[name];
}

/** For threads with an event loop: the fault happens a while after the start. */
export function armFault(place: FaultPlace): void {
  const fault = faultOf(place);
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

/** A thread that is to run out of heap in one of these places does so within a second with this one. */
export function faultLimits(...places: FaultPlace[]): ResourceLimits | undefined {
  const isWanted = places.some((place) => faultOf(place) === FAULTS.heap);
  return isWanted ? { maxOldGenerationSizeMb: HEAP_MB } : undefined;
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
    wait(CHOKE_MS);
    throw new Error('a fault was asked for');
  },
  block: () => wait(BLOCK_MS),
  stall() {
    while (!fs.existsSync('go-on')) wait(STALL_LOOK_MS);
  },
};

function wait(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
