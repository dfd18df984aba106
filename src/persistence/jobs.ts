/**
 * Jobs about whole files, on threads of bio's pool: each has the file to itself and may take its time.
 *
 * A job never throws: how it ended is its last message to the executor.
 */
import { dirname } from 'node:path';
import { announceMail } from '../ring/doorbell.ts';
import { BEAT_MS } from '../ring/layout.ts';
import { tellSlowEvent } from '../ring/slow-events.ts';
import { CommandBaseWriter } from './aof/base-writer.ts';
import { loadAofFiles } from './aof/load-files.ts';
import { runInBackground } from './background-priority.ts';
import { type Files, systemFiles } from './files.ts';
import { finish } from './job-end.ts';
import {
  type FromLoadJob,
  JOB_BEAT,
  JOB_DELAY_US,
  JOB_GIVEN_UP,
  JOB_OVER,
  JOB_SENT,
  JOB_TAKEN_KB,
  JOB_USED_KB,
  JOB_WANTED_KB,
  type Job,
  type JobCommon,
  type LoadAofJob,
  type LoadJob,
  ON_THE_WAY_MAX,
  type SaveJob,
  type SaveResult,
  type ToSaveJob,
} from './messages.ts';
import { RdbFileReader } from './rdb/file-reader.ts';
import { type RdbFileOptions, RdbFileWriter } from './rdb/file-writer.ts';
import { copyItems, type SendItems } from './rdb/load-file.ts';
import { removeStrays } from './strays.ts';

export async function runJob(job: Job, files: Files = systemFiles): Promise<void> {
  if (job.kind === 'save') await save(job, files);
  else if (job.kind === 'load') load(job, files);
  else loadAof(job, files);
}

/** Why an operation on a file failed, in a line. */
export function failureText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Says that the job is alive: job-pool.ts tells of one that does not. */
function beat(words: Int32Array): void {
  Atomics.add(words, JOB_BEAT, 1);
}

/** Waits as long as is to be waited after each key; not when nobody needs the job any more. */
function delay(words: Int32Array): void {
  beat(words);
  Atomics.wait(words, JOB_GIVEN_UP, 0, Math.max(0, Atomics.load(words, JOB_DELAY_US)) / 1000);
}

// --- save -------------------------------------------------------------------------------------------

/** What a save job hands its items to. */
export type SaveWriter = RdbFileWriter | CommandBaseWriter;

/** The writer of the file that is wanted. Throws when the file cannot be made. */
export function saveWriter(
  files: Files,
  options: RdbFileOptions,
  afterKey: (() => void) | null = null,
): SaveWriter {
  return options.commands === null
    ? new RdbFileWriter(files, options, afterKey)
    : new CommandBaseWriter(files, options, options.commands, afterKey);
}

function save(job: SaveJob, files: Files): Promise<void> {
  runInBackground();
  const words = new Int32Array(job.shared);
  const process = new Int32Array(job.process);
  let writer: SaveWriter | null = null;
  let failure: string | null = null;
  const attempt = (work: () => void) => {
    if (failure !== null) return;
    try {
      work();
    } catch (error) {
      failure = failureText(error);
      const startMs = performance.now();
      writer?.abort();
      tellSlowEvent(process, 'rdb-unlink-temp-file', performance.now() - startMs);
    }
  };
  attempt(() => {
    const delays = words[JOB_DELAY_US] > 0;
    removeStrays(files, dirname(job.file.temporary));
    writer = saveWriter(files, job.file, delays ? () => delay(words) : null);
  });
  const isWanted = () => Atomics.load(words, JOB_GIVEN_UP) === 0;
  // While it waits for what the executor sends.
  const beats = setInterval(beat, BEAT_MS, words);
  return new Promise((resolve) => {
    job.port.on('message', (message: ToSaveJob) => {
      // What comes behind the last message of a job that was ended and then given up is for nobody.
      if (words[JOB_OVER] === 1) return;
      beat(words);
      if (!isWanted() || 'abort' in message) {
        attempt(() => {
          throw new Error('aborted');
        });
      }
      if ('bytes' in message) {
        attempt(() => writer!.add(message.bytes, message.size, message.part));
        const kilobytes = Math.ceil(message.size / 1024);
        const takenKb = (Atomics.add(words, JOB_TAKEN_KB, kilobytes) + kilobytes) | 0;
        if (((takenKb - Atomics.load(words, JOB_WANTED_KB)) | 0) >= 0) Atomics.notify(words, JOB_TAKEN_KB);
        // A walk that paused because too much was on its way goes on.
        announceMail(process);
        return;
      }
      if ('end' in message) attempt(() => writer!.end(isWanted));
      clearInterval(beats);
      finish(job, { error: failure, bytes: writer?.written ?? 0 } satisfies SaveResult);
      resolve();
    });
  });
}

/** Thrown where a job notices that the executor has no use for the rest of the file. */
class GivenUp extends Error {}

// --- load -------------------------------------------------------------------------------------------

/** Sends what is read, never more ahead than ON_THE_WAY_MAX. */
class LoadSender {
  /** Up to where the files have been read. */
  offset = 0;
  private readonly job: JobCommon;
  private readonly words: Int32Array;
  private readonly process: Int32Array;
  private sentKb = 0;

  constructor(job: JobCommon) {
    this.job = job;
    this.words = new Int32Array(job.shared);
    this.process = new Int32Array(job.process);
  }

  send(bytes: Uint8Array, size: number, offset: number, commands: boolean): void {
    this.offset = offset;
    if (this.onTheWay > ON_THE_WAY_MAX) this.waitForHalf();
    if (this.givenUp) throw new GivenUp();
    this.sentKb = (this.sentKb + Math.ceil(size / 1024)) | 0;
    this.post({ bytes, size, offset, commands }, [bytes.buffer as ArrayBuffer]);
  }

  /** Waits until half of what is on its way has been used: to be woken for each buffer would cost the executor more than the buffer. */
  private waitForHalf(): void {
    const { words } = this;
    const wantedKb = (this.sentKb - ON_THE_WAY_MAX / 2048) | 0;
    Atomics.store(words, JOB_WANTED_KB, wantedKb);
    while (!this.givenUp) {
      const usedKb = Atomics.load(words, JOB_USED_KB);
      if (((usedKb - wantedKb) | 0) >= 0) return;
      beat(words);
      Atomics.wait(words, JOB_USED_KB, usedKb, 100);
    }
  }

  /** Nobody waits for what is read any more. */
  private get givenUp(): boolean {
    return Atomics.load(this.words, JOB_GIVEN_UP) === 1;
  }

  note(level: 'notice' | 'warning', note: string): void {
    this.post({ note, level });
  }

  private get onTheWay(): number {
    return ((this.sentKb - Atomics.load(this.words, JOB_USED_KB)) | 0) * 1024;
  }

  private post(message: FromLoadJob, transfer: ArrayBuffer[] = []): void {
    this.job.port.postMessage(message, transfer);
    beat(this.words);
    Atomics.add(this.words, JOB_SENT, 1);
    Atomics.notify(this.words, JOB_SENT);
    announceMail(this.process);
  }
}

function load(job: LoadJob, files: Files): void {
  finishLoad(job, (sender) => {
    const fd = files.open(job.path, 'r');
    try {
      const reader = new RdbFileReader(files, fd, files.size(fd), 0);
      const words = new Int32Array(job.shared);
      const send: SendItems = (bytes, size, offset) => sender.send(bytes, size, offset, false);
      const pauses = () => Atomics.load(words, JOB_DELAY_US) > 0;
      copyItems(reader, job.checksum, send, { pauses, pause: () => delay(words) });
      return reader.offset;
    } finally {
      files.close(fd);
    }
  });
}

function loadAof(job: LoadAofJob, files: Files): void {
  finishLoad(job, (sender) =>
    loadAofFiles(files, job.options, {
      items: (bytes, size, offset) => sender.send(bytes, size, offset, false),
      commands: (bytes, size, offset) => sender.send(bytes, size, offset, true),
      note: (level, text) => sender.note(level, text),
    }),
  );
}

/** Runs `read`, which returns how many bytes the files have, and says how it ended. */
function finishLoad(job: JobCommon, read: (sender: LoadSender) => number): void {
  const sender = new LoadSender(job);
  let offset = 0;
  let error: string | null = null;
  try {
    offset = read(sender);
  } catch (thrown) {
    error = failureText(thrown);
    offset = sender.offset;
  }
  finish(job, { loaded: true, offset, error });
}
