/**
 * Snapshots and rewrites take the processor time that commands leave.
 *
 * Redis's child process competes with its parent as an equal; where cores are few, commands pay for it. Here the thread that encodes a file can say that it is
 * less urgent: Linux has a priority for each thread. When it falls behind, the snapshot's walk waits for it and a full buffer makes the executor wait,
 * which then is not what takes the processor from it. An idle machine saves as fast as before.
 */
import os from 'node:os';
import { ownThreadId } from '../observability/thread-cpu.ts';

/** Has the calling thread run when the others do not want to. Does nothing where the system has no priorities of threads. */
export function runInBackground(): void {
  const thread = ownThreadId();
  if (thread === 0) return;
  try {
    os.setPriority(thread, os.constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Refused in some containers. It is a matter of speed only.
  }
}
