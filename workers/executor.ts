/** The executor thread: builds the keyspace and the command table, then never yields. */
import { workerData } from 'node:worker_threads';
import { buildExecutor } from '../src/executor/build.ts';
import type { ExecutorData } from '../src/ring/messages.ts';
import { faultLater } from '../src/supervisor/fault.ts';

buildExecutor(workerData as ExecutorData, faultLater('executor', Date.now())).run();
