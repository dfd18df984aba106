/** The bio thread: takes what is slow off the executor's hands. For now the release of dead memory. */
import v8 from 'node:v8';
import { workerData } from 'node:worker_threads';
import { releaseBuffer } from '../src/memory/arena.ts';
import {
  BEAT_MS,
  BIO_FIGURES,
  FIGURE_BATCHES,
  FIGURE_BUSY_US,
  FIGURE_COMMANDS,
  FIGURE_HEAP_KB,
  HEARTBEATS,
} from '../src/ring/layout.ts';
import type { BioData } from '../src/ring/messages.ts';
import { armFault } from '../src/supervisor/fault.ts';

const data = workerData as BioData;
const control = new Int32Array(data.process.control);

setInterval(() => {
  Atomics.add(control, HEARTBEATS + 1, 1);
  control[BIO_FIGURES + FIGURE_HEAP_KB] = v8.getHeapStatistics().used_heap_size >>> 10;
}, BEAT_MS);
armFault('bio');

data.executorPort.on('message', (buffers: ArrayBuffer[]) => {
  const start = performance.now();
  for (const buffer of buffers) releaseBuffer(buffer);
  control[BIO_FIGURES + FIGURE_BATCHES]++;
  control[BIO_FIGURES + FIGURE_COMMANDS] += buffers.length;
  control[BIO_FIGURES + FIGURE_BUSY_US] += (performance.now() - start) * 1000;
});
