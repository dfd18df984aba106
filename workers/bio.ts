/** The bio thread: takes what is slow off the executor's hands: files, and the release of dead memory. */
import v8 from 'node:v8';
import { workerData } from 'node:worker_threads';
import { Bio } from '../src/persistence/bio.ts';
import { BEAT_MS, BIO_FIGURES, FIGURE_HEAP_KB, HEARTBEATS } from '../src/ring/layout.ts';
import type { BioData } from '../src/ring/messages.ts';
import { armFault } from '../src/supervisor/fault.ts';

const data = workerData as BioData;
const control = new Int32Array(data.process.control);

setInterval(() => {
  Atomics.add(control, HEARTBEATS + 1, 1);
  control[BIO_FIGURES + FIGURE_HEAP_KB] = v8.getHeapStatistics().used_heap_size >>> 10;
}, BEAT_MS);
armFault('bio');

const bio = new Bio(control, new URL('./job.js', import.meta.url).href);
data.executorPort.on('message', (message) => bio.receive(message));
