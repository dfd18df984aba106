/**
 * The executor thread: builds the keyspace and the command table, then yields for a moment once a second. Where it shares its thread with the
 * io worker, the event loop is the io worker's and the executor is its guest.
 */
import { workerData } from 'node:worker_threads';
import { buildExecutor } from '../src/executor/build.ts';
import { ExecutorGuest } from '../src/executor/guest.ts';
import { startIoThread } from '../src/net/io-thread.ts';
import type { ExecutorData } from '../src/ring/messages.ts';
import { provideTransfer } from '../src/supervisor/buffer-transfer.ts';
import { armFault, faultLater } from '../src/supervisor/fault.ts';

const data = workerData as ExecutorData;
provideTransfer();
const executor = buildExecutor(data, faultLater('executor', Date.now()));

function report(error: unknown): void {
  const stack = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  executor.reportFailure({ thread: 'executor', stack });
}

/** On a thread of its own. */
function run(): void {
  executor.run();
  if (!executor.stopping) setImmediate(run);
}

process.on('uncaughtExceptionMonitor', report);
if (data.io === null) {
  run();
} else {
  startIoThread(data.io, new ExecutorGuest(executor, new Int32Array(data.process.control)));
  armFault('io');
}
