/**
 * The executor's thread, started before main has so much as loaded its own code: what a thread needs until it runs, and the executor until it has its
 * commands, is the longer half of the server's start, and main reads its configuration meanwhile. Importing this starts the thread; it
 * waits for its ExecutorData (../../workers/executor.ts).
 *
 * A process that finds that it is not to run leaves it alone: until the supervisor takes it, the thread does not keep the process.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { threadLimits } from './thread-limits.ts';
import { collectWithoutHelpers } from './v8-flags.ts';

collectWithoutHelpers();

export const executorThread = new Worker(join(__dirname, 'executor.cjs'), {
  name: 'executor',
  resourceLimits: threadLimits('executor'),
});
executorThread.unref();
