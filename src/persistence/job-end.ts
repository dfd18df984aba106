/** How a job says that it is over: by its last message, and by a word of shared memory for an executor that waits. */
import { announceMail } from '../ring/doorbell.ts';
import {
  type FromLoadJob,
  JOB_OVER,
  JOB_SENT,
  JOB_TAKEN_KB,
  type Job,
  type JobCommon,
  type SaveResult,
} from './messages.ts';

/** The last word of a job. */
export function finish(job: JobCommon, message: SaveResult | FromLoadJob): void {
  const words = new Int32Array(job.shared);
  job.port.postMessage(message);
  Atomics.store(words, JOB_OVER, 1);
  Atomics.notify(words, JOB_OVER);
  Atomics.add(words, JOB_SENT, 1);
  Atomics.notify(words, JOB_SENT);
  Atomics.notify(words, JOB_TAKEN_KB);
  announceMail(new Int32Array(job.process));
  job.port.close();
}

/** Ends a job that cannot even begin. */
export function failJob(job: Job, error: string): void {
  finish(job, job.kind === 'save' ? { error, bytes: 0 } : { loaded: true, offset: 0, error });
}
