/**
 * What the bio thread does: frees memory that is dead, and hands jobs about whole files to its pool of threads.
 *
 * The pool is made when the first job comes, because most servers have none for a long time and a thread costs some megabytes; a thread that has
 * had nothing to do for a while ends.
 */

import { realpathSync } from 'node:fs';
import type { Piscina } from 'piscina';
import { releaseBuffer } from '../memory/arena.ts';
import { BIO_FIGURES, FIGURE_BATCHES, FIGURE_BUSY_US, FIGURE_COMMANDS } from '../ring/layout.ts';
import { failJob } from './job-end.ts';
import type { Job, ToBio } from './messages.ts';

/** A save and a load at once, and a rewrite: never more. */
const JOBS_MAX = 3;
const IDLE_MS = 10_000;

export class Bio {
  private readonly control: Int32Array;
  private readonly jobFile: string;
  private pool: Promise<Piscina> | null = null;

  /** `jobFile` is the URL of the bundle that a thread of the pool runs. */
  constructor(control: Int32Array, jobFile: string) {
    this.control = control;
    this.jobFile = jobFile;
  }

  receive(message: ToBio): void {
    if (message.type === 'free') this.free(message.buffers);
    else void this.run(message.job);
  }

  private free(buffers: ArrayBuffer[]): void {
    const { control } = this;
    const start = performance.now();
    for (const buffer of buffers) releaseBuffer(buffer);
    control[BIO_FIGURES + FIGURE_BATCHES]++;
    control[BIO_FIGURES + FIGURE_COMMANDS] += buffers.length;
    control[BIO_FIGURES + FIGURE_BUSY_US] += (performance.now() - start) * 1000;
  }

  /** An error here is one of ours: the job itself reports what is wrong with a file. It ends the thread, and so the process. */
  private async run(job: Job): Promise<void> {
    const missing = directoryError();
    if (missing !== null) {
      failJob(job, missing);
      return;
    }
    this.pool ??= this.makePool();
    const pool = await this.pool;
    await pool.run(job, { transferList: [job.port] });
  }

  private async makePool(): Promise<Piscina> {
    const { Piscina: Pool } = await import('piscina');
    return new Pool({ filename: this.jobFile, minThreads: 0, maxThreads: JOBS_MAX, idleTimeout: IDLE_MS });
  }
}

/** Null, or why there is no working directory any more: somebody has removed it, and Node cannot start a thread without one. */
function directoryError(): string | null {
  try {
    realpathSync.native('.');
    return null;
  } catch (error) {
    return `the working directory: ${(error as Error).message}`;
  }
}
