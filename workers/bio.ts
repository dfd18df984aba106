/** The bio thread: takes what is slow off the executor's hands. For now the release of dead memory. */
import { workerData } from 'node:worker_threads';
import { releaseBuffer } from '../src/memory/arena.ts';
import { HEARTBEATS } from '../src/ring/layout.ts';
import type { BioData } from '../src/supervisor/messages.ts';

const data = workerData as BioData;
const control = new Int32Array(data.process.control);

setInterval(() => Atomics.add(control, HEARTBEATS + 1, 1), 100);

data.executorPort.on('message', (buffers: ArrayBuffer[]) => {
  for (const buffer of buffers) releaseBuffer(buffer);
});
