/**
 * Jobs about whole files, on threads of bio's pool: each has the file to itself and may take its time.
 *
 * A job never throws: how it ended is its last message to the executor.
 */

import { announceMail } from '../ring/doorbell.ts';
import { loadAofFiles } from './aof/load-files.ts';
import { type Files, systemFiles } from './files.ts';
import {
  type FromLoadJob,
  JOB_OVER,
  JOB_SENT,
  JOB_TAKEN_KB,
  JOB_USED_KB,
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
import { RdbFileWriter } from './rdb/file-writer.ts';
import { copyItems } from './rdb/load-file.ts';

export async function runJob(job: Job, files: Files = systemFiles): Promise<void> {
  if (job.kind === 'save') await save(job, files);
  else if (job.kind === 'load') load(job, files);
  else loadAof(job, files);
}

/** Why an operation on a file failed, in a line. */
export function failureText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// --- save -------------------------------------------------------------------------------------------

function save(job: SaveJob, files: Files): Promise<void> {
  const words = new Int32Array(job.shared);
  let writer: RdbFileWriter | null = null;
  let failure: string | null = null;
  const attempt = (work: () => void) => {
    if (failure !== null) return;
    try {
      work();
    } catch (error) {
      failure = failureText(error);
      writer?.abort();
    }
  };
  attempt(() => {
    writer = new RdbFileWriter(files, job.file);
  });
  return new Promise((resolve) => {
    let over = false;
    job.port.on('message', (message: ToSaveJob) => {
      // Closing a port does not take back what is in it.
      if (over) return;
      if ('bytes' in message) {
        attempt(() => writer!.add(message.bytes, message.size));
        Atomics.add(words, JOB_TAKEN_KB, Math.ceil(message.size / 1024));
        Atomics.notify(words, JOB_TAKEN_KB);
        return;
      }
      if ('end' in message) attempt(() => writer!.end());
      else {
        writer?.abort();
        failure ??= 'aborted';
      }
      over = true;
      finish(job, { error: failure, bytes: writer?.written ?? 0 } satisfies SaveResult);
      resolve();
    });
  });
}

/** The last word of a job. */
function finish(job: JobCommon, message: SaveResult | FromLoadJob): void {
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
    const { words } = this;
    this.offset = offset;
    while (this.onTheWay > ON_THE_WAY_MAX) {
      Atomics.wait(words, JOB_USED_KB, Atomics.load(words, JOB_USED_KB), 100);
    }
    this.sentKb = (this.sentKb + Math.ceil(size / 1024)) | 0;
    this.post({ bytes, size, offset, commands }, [bytes.buffer as ArrayBuffer]);
  }

  note(level: 'notice' | 'warning', note: string): void {
    this.post({ note, level });
  }

  private get onTheWay(): number {
    return ((this.sentKb - Atomics.load(this.words, JOB_USED_KB)) | 0) * 1024;
  }

  private post(message: FromLoadJob, transfer: ArrayBuffer[] = []): void {
    this.job.port.postMessage(message, transfer);
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
      copyItems(reader, job.checksum, (bytes, size, offset) => sender.send(bytes, size, offset, false));
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
