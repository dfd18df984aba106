/** An io worker thread: maps its channel, waits to be told where to listen, then runs on its event loop. */
import { workerData } from 'node:worker_threads';
import { startIoThread } from '../src/net/io-thread.ts';
import type { IoData } from '../src/ring/messages.ts';
import { armFault } from '../src/supervisor/fault.ts';

startIoThread(workerData as IoData, null);
armFault('io');
