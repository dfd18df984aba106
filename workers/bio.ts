/** The bio thread: takes what is slow off the executor's hands: files, and the release of dead memory. */
import { join } from 'node:path';
import v8 from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { ownThreadId } from '../src/observability/thread-cpu.ts';
import { LogFile } from '../src/persistence/aof/log-file.ts';
import { Bio } from '../src/persistence/bio.ts';
import { JobPool } from '../src/persistence/job-pool.ts';
import { BEAT_MS, BIO_FIGURES, FIGURE_HEAP_KB, HEARTBEATS, THREAD_IDS } from '../src/ring/layout.ts';
import type { BioData, FromBioToMain } from '../src/ring/messages.ts';
import { provideTransfer } from '../src/supervisor/buffer-transfer.ts';
import { armFault, faultLimits } from '../src/supervisor/fault.ts';

const data = workerData as BioData;
const control = new Int32Array(data.process.control);
provideTransfer();

control[THREAD_IDS + 1] = ownThreadId();
setInterval(() => {
  Atomics.add(control, HEARTBEATS + 1, 1);
  control[BIO_FIGURES + FIGURE_HEAP_KB] = v8.getHeapStatistics().used_heap_size >>> 10;
  jobs.look(BEAT_MS);
}, BEAT_MS);
armFault('bio');

const toMain = (message: FromBioToMain) => parentPort!.postMessage(message);
const writeLog = (level: 'notice' | 'warning', message: string) => toMain({ type: 'log', level, message });
const jobs = new JobPool({
  jobFile: join(__dirname, 'job.js'),
  limits: faultLimits('job', 'job-idle'),
  writeLog,
  failed: (message) => toMain({ type: 'failed', thread: 'job', message }),
});
const bio = new Bio({
  control,
  log: data.log,
  logFile: new LogFile(data.logFile),
  channels: data.channels.map((memory) => (memory === null ? null : new Int32Array(memory))),
  jobs,
  answer: (message) => data.executorPort.postMessage(message),
  writeLog,
  fatal(message) {
    toMain({ type: 'fatal', message });
    // Main ends the process; nothing may happen here meanwhile.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
});
data.executorPort.on('message', (message) => bio.receive(message));
