/** The executor thread: builds the keyspace and the command table, then never yields. */
import { workerData } from 'node:worker_threads';
import { buildExecutor } from '../src/executor/build.ts';
import type { ExecutorData } from '../src/supervisor/messages.ts';

buildExecutor(workerData as ExecutorData).run();
