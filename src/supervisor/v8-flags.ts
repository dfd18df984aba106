/** V8's flags, which are the process's: what is set where, and when it may be. */
import v8 from 'node:v8';

/**
 * What V8's helper threads do within a pause is done by the paused thread: a heap of 8 MB takes milliseconds, and a thread that has called helpers waits
 * for them. When every core is busy, that is for as long as the system lets them wait: pauses of 30 to 75 ms were seen.
 *
 * These flags are looked at in each pause, and they leave the code cache of Node's own modules as good as it was: they may be set at any time, and are
 * set before there is another thread. Those for marking may not: V8 ends the process when they change after a heap was made.
 */
export function collectWithoutHelpers(): void {
  v8.setFlagsFromString('--no-parallel-scavenge');
  v8.setFlagsFromString('--no-parallel-compaction');
  v8.setFlagsFromString('--no-parallel-pointer-update');
}

/**
 * The functions of the command path are small, as a reader wants them; V8's budgets for inlining end in the middle of it. The executor's time per
 * command with these: LPUSH 0.30 -> 0.24 us, HSET and SADD -5 %, GET and SET the same; twice as much again gains nothing.
 *
 * Not before all threads run: these flags make Node's own modules unfit for the code cache that they come with, and each thread would take 35 ms
 * longer to start. Nothing has run long enough by then to have been optimised.
 */
export function raiseInliningBudgets(): void {
  v8.setFlagsFromString('--max-inlined-bytecode-size-cumulative=3000');
  v8.setFlagsFromString('--max-inlined-bytecode-size=1500');
}
