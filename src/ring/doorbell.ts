/**
 * The executor's doorbell: how a thread that has published something wakes an executor that sleeps.
 *
 * The executor announces that it will sleep, looks once more at everything that could have come, and
 * only then sleeps; a producer publishes first and then looks whether the executor said so. Both
 * use sequentially consistent operations, so one of the two always sees the other.
 */
import { EXECUTOR_DOORBELL, EXECUTOR_MAIL } from './layout.ts';

/** Wakes the executor if it sleeps. Costs one load when it does not. Returns true when it slept. */
export function ringExecutor(process: Int32Array): boolean {
  if (Atomics.load(process, EXECUTOR_DOORBELL) === 0) return false;
  if (Atomics.exchange(process, EXECUTOR_DOORBELL, 0) === 0) return false;
  Atomics.notify(process, EXECUTOR_DOORBELL);
  return true;
}

/** Says that a message waits in one of the executor's ports, then wakes it. */
export function announceMail(process: Int32Array): void {
  Atomics.add(process, EXECUTOR_MAIL, 1);
  ringExecutor(process);
}

/** The executor's side. */
export class Doorbell {
  private readonly process: Int32Array;

  constructor(process: Int32Array) {
    this.process = process;
  }

  /** Says that the executor is about to sleep; it must look at its inputs once more before wait(). */
  arm(): void {
    Atomics.store(this.process, EXECUTOR_DOORBELL, 1);
  }

  disarm(): void {
    Atomics.store(this.process, EXECUTOR_DOORBELL, 0);
  }

  /** Sleeps until rung or for `timeoutMs`. Returns at once when it was rung after arm(). */
  wait(timeoutMs: number): void {
    Atomics.wait(this.process, EXECUTOR_DOORBELL, 1, timeoutMs);
    Atomics.store(this.process, EXECUTOR_DOORBELL, 0);
  }

  /** Counts messages announced so far, free-running. */
  get mail(): number {
    return Atomics.load(this.process, EXECUTOR_MAIL);
  }
}
