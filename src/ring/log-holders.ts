/** Io workers that hold replies back until the log is written or fsynced, and how they are told that it has come further. */
import { ringExecutor } from './doorbell.ts';
import { FSYNC_AWAITED, LOG_HELD } from './layout.ts';
import { wakeIoWorker } from './reply-ring.ts';

/**
 * Io workers that hold replies back may look again, and so may clients that wait for an fsync. `channels` are the control words of each io
 * worker's channel; null for one that lives on the executor's thread. Called by who has written.
 */
export function wakeHolders(process: Int32Array, channels: readonly (Int32Array | null)[]): void {
  if (Atomics.load(process, FSYNC_AWAITED) === 1) ringExecutor(process);
  for (let i = 0; i < channels.length; i++) {
    if (Atomics.load(process, LOG_HELD + i) === 0) continue;
    if (Atomics.exchange(process, LOG_HELD + i, 0) === 0) continue;
    Atomics.notify(process, LOG_HELD + i);
    const channel = channels[i];
    if (channel === null) ringExecutor(process);
    else wakeIoWorker(channel);
  }
}
