/**
 * The threads that do jobs about whole files, and the watch over them.
 *
 * The pool is made when the first job comes, because most servers have none for a long time and a thread costs some megabytes; a thread that has
 * had nothing to do for a while ends. Any other end of a thread, in a job or between two, is one of our faults and ends the process: a job reports
 * by itself what is wrong with a file.
 *
 * A job that stands still is told of and left alone: a disk may be slow, and a save that waits for it is still a save.
 */
import type { ResourceLimits, Worker } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { JOB_BEAT, type Job } from './messages.ts';

/** A save and a load at once, and a rewrite: never more. */
const JOBS_MAX = 3;
const IDLE_MS = 10_000;
/** A job that has not moved for so long is told of. */
export const STILL_SECONDS = 10;

export interface JobPoolParts {
  /** The file of the bundle that a thread of the pool runs. */
  jobFile: string;
  limits: ResourceLimits | undefined;
  writeLog: (level: 'notice' | 'warning', message: string) => void;
  /** A thread has failed. */
  failed: (message: string) => void;
}

export class JobPool {
  private readonly parts: JobPoolParts;
  private readonly watch: JobWatch;
  private readonly known = new WeakSet<Worker>();
  private pool: Promise<Piscina> | null = null;

  constructor(parts: JobPoolParts) {
    this.parts = parts;
    this.watch = new JobWatch(parts.writeLog);
  }

  async run(job: Job): Promise<void> {
    this.watch.add(job);
    try {
      this.pool ??= this.makePool();
      const pool = await this.pool;
      const done = pool.run(job, { transferList: [job.port] });
      for (const worker of pool.threads) this.watchOver(pool, worker);
      await done;
    } catch (error) {
      this.fail(error);
    } finally {
      this.watch.remove(job);
    }
  }

  /** To be called every `intervalMs`. */
  look(intervalMs: number): void {
    this.watch.look(intervalMs);
  }

  private async makePool(): Promise<Piscina> {
    const { Piscina: Pool } = await import('piscina');
    const pool = new Pool({
      filename: this.parts.jobFile,
      minThreads: 0,
      maxThreads: JOBS_MAX,
      idleTimeout: IDLE_MS,
      resourceLimits: this.parts.limits,
      // Else a thread sleeps between two jobs without its event loop, and what fails there is never heard of.
      atomics: 'disabled',
    });
    // Of a thread that has no job.
    pool.on('error', (error) => this.fail(error));
    return pool;
  }

  /** The pool says nothing of a thread without a job that exits. One that it ended itself is not among its threads any more. */
  private watchOver(pool: Piscina, worker: Worker): void {
    if (this.known.has(worker)) return;
    this.known.add(worker);
    worker.prependListener('exit', (code) => {
      if (pool.threads.includes(worker)) this.parts.failed(`Thread job ended unexpectedly with code ${code}`);
    });
  }

  private fail(error: unknown): void {
    this.parts.failed(`Thread job failed: ${error instanceof Error ? error.stack : error}`);
  }
}

/** Tells when a job has not moved for STILL_SECONDS, and when it moves again. */
export class JobWatch {
  private readonly writeLog: JobPoolParts['writeLog'];
  private readonly jobs = new Map<Job, { beat: number; stillMs: number }>();

  constructor(writeLog: JobPoolParts['writeLog']) {
    this.writeLog = writeLog;
  }

  add(job: Job): void {
    this.jobs.set(job, { beat: 0, stillMs: 0 });
  }

  remove(job: Job): void {
    const seen = this.jobs.get(job);
    if (seen !== undefined && isStill(seen.stillMs)) this.tellGoesOn(job);
    this.jobs.delete(job);
  }

  /** Counts looks rather than time: a machine that stood still is not the job's fault. */
  look(intervalMs: number): void {
    for (const [job, seen] of this.jobs) {
      const beat = Atomics.load(new Int32Array(job.shared), JOB_BEAT);
      if (beat === seen.beat) {
        const wasStill = isStill(seen.stillMs);
        seen.stillMs += intervalMs;
        if (!wasStill && isStill(seen.stillMs))
          this.writeLog('warning', `${workOf(job)} has made no progress for ${STILL_SECONDS} seconds`);
      } else {
        if (isStill(seen.stillMs)) this.tellGoesOn(job);
        seen.beat = beat;
        seen.stillMs = 0;
      }
    }
  }

  private tellGoesOn(job: Job): void {
    this.writeLog('notice', `${workOf(job)} goes on`);
  }
}

function isStill(ms: number): boolean {
  return ms >= STILL_SECONDS * 1000;
}

function workOf(job: Job): string {
  if (job.kind === 'save') return `Writing ${job.file.path}`;
  return `Reading ${job.kind === 'load' ? job.path : job.options.directory}`;
}
