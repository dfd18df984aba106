/**
 * The executor thread: builds the keyspace and the command table, then never yields. Where it shares its thread with the
 * io worker, the event loop is the io worker's and the executor is its guest.
 */
import { workerData } from 'node:worker_threads';
import { buildExecutor } from '../src/executor/build.ts';
import { ExecutorGuest } from '../src/executor/guest.ts';
import { startIoThread } from '../src/net/io-thread.ts';
import type { ExecutorData } from '../src/ring/messages.ts';
import { armFault, faultLater } from '../src/supervisor/fault.ts';

const data = workerData as ExecutorData;
const executor = buildExecutor(data, faultLater('executor', Date.now()));

function report(error: unknown): void {
  const stack = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  executor.reportFailure({ thread: 'executor', stack });
}

if (data.io === null) {
  try {
    executor.run();
  } catch (error) {
    report(error);
    throw error;
  }
} else {
  process.on('uncaughtExceptionMonitor', report);
  startIoThread(data.io, new ExecutorGuest(executor, new Int32Array(data.process.control)));
  armFault('io');
}
