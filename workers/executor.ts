/**
 * The executor thread: builds the keyspace and the command table, then yields for a moment once a second. Where it shares its thread with the
 * io worker, the event loop is the io worker's and the executor is its guest.
 *
 * It is started before main knows what it is to do (../src/supervisor/executor-thread.ts), and is told by the first message.
 */
import { parentPort } from 'node:worker_threads';
import { buildExecutor } from '../src/executor/build.ts';
import type { Executor } from '../src/executor/executor.ts';
import { ExecutorGuest } from '../src/executor/guest.ts';
import { startIoThread } from '../src/net/io-thread.ts';
import { TurnWriter } from '../src/persistence/aof/turn-writer.ts';
import { systemFiles } from '../src/persistence/files.ts';
import { wakeHolders } from '../src/ring/log-holders.ts';
import { LOCK_TURN, LogReader } from '../src/ring/log-ring.ts';
import type { ExecutorData } from '../src/ring/messages.ts';
import { tellSlowEvent } from '../src/ring/slow-events.ts';
import { provideTransfer } from '../src/supervisor/buffer-transfer.ts';
import { armFault, faultLater } from '../src/supervisor/fault.ts';

provideTransfer();
parentPort!.once('message', start);

function start(data: ExecutorData): void {
  const executor = buildExecutor(data, faultLater('executor', Date.now()));
  process.on('uncaughtExceptionMonitor', (error) => report(executor, error));
  if (data.io === null) {
    setImmediate(run, executor);
    return;
  }
  const control = new Int32Array(data.process.control);
  startIoThread(data.io, { executor: new ExecutorGuest(executor, control), log: turnWriter(data, control) });
  armFault('io');
}

function report(executor: Executor, error: unknown): void {
  const stack = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  executor.reportFailure({ thread: 'executor', stack });
}

/** On a thread of its own. */
function run(executor: Executor): void {
  executor.run();
  if (!executor.stopping) setImmediate(run, executor);
}

/** Writes the log to its file beside bio. */
function turnWriter({ channels, io, log }: ExecutorData, control: Int32Array): TurnWriter {
  const others = channels.map((memory, i) => (i === io!.index ? null : new Int32Array(memory.control)));
  return new TurnWriter({
    files: systemFiles,
    reader: new LogReader(log, LOCK_TURN),
    onProgress: () => wakeHolders(control, others),
    onTime: (event, ms) => tellSlowEvent(control, event, ms),
  });
}
