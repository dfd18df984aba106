/**
 * Jobs about whole files, on threads of bio's pool: each has the file to itself and may take its time.
 *
 * A job never throws: how it ended is its last message to the executor.
 */

import { CorruptRdbError } from '../rdb/reader.ts';
import { announceMail } from '../ring/doorbell.ts';
import { type Files, systemFiles } from './files.ts';
import { finish } from './job-end.ts';
import {
  type FromLoadJob,
  JOB_DELAY_US,
  JOB_GIVEN_UP,
  JOB_OVER,
  JOB_SENT,
  JOB_TAKEN_KB,
  JOB_USED_KB,
  type Job,
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
  else load(job, files);
}

/** Why an operation on a file failed, in a line. */
export function failureText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Waits as long as is to be waited after each key; not when nobody needs the job any more. */
function delay(words: Int32Array): void {
  Atomics.wait(words, JOB_GIVEN_UP, 0, Math.max(0, Atomics.load(words, JOB_DELAY_US)) / 1000);
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
    const delays = words[JOB_DELAY_US] > 0;
    writer = new RdbFileWriter(files, job.file, delays ? () => delay(words) : null);
  });
  const isWanted = () => Atomics.load(words, JOB_GIVEN_UP) === 0;
  return new Promise((resolve) => {
    job.port.on('message', (message: ToSaveJob) => {
      // What comes behind the last message of a job that was ended and then given up is for nobody.
      if (words[JOB_OVER] === 1) return;
      if (!isWanted() || 'abort' in message) {
        attempt(() => {
          throw new Error('aborted');
        });
      }
      if ('bytes' in message) {
        attempt(() => writer!.add(message.bytes, message.size));
        Atomics.add(words, JOB_TAKEN_KB, Math.ceil(message.size / 1024));
        Atomics.notify(words, JOB_TAKEN_KB);
        return;
      }
      if ('end' in message) attempt(() => writer!.end(isWanted));
      finish(job, { error: failure, bytes: writer?.written ?? 0 } satisfies SaveResult);
      resolve();
    });
  });
}

/** Thrown where a job notices that the executor has no use for the rest of the file. */
class GivenUp extends Error {}

// --- load -------------------------------------------------------------------------------------------

function load(job: LoadJob, files: Files): void {
  const words = new Int32Array(job.shared);
  const process = new Int32Array(job.process);
  let sentKb = 0;
  const send = (bytes: Uint8Array, size: number, at: number) => {
    while (((sentKb - Atomics.load(words, JOB_USED_KB)) | 0) << 10 > ON_THE_WAY_MAX) {
      if (Atomics.load(words, JOB_GIVEN_UP) === 1) throw new GivenUp();
      Atomics.wait(words, JOB_USED_KB, Atomics.load(words, JOB_USED_KB), 100);
    }
    if (Atomics.load(words, JOB_GIVEN_UP) === 1) throw new GivenUp();
    sentKb = (sentKb + Math.ceil(size / 1024)) | 0;
    job.port.postMessage({ bytes, size, offset: at } satisfies FromLoadJob, [bytes.buffer as ArrayBuffer]);
    Atomics.add(words, JOB_SENT, 1);
    Atomics.notify(words, JOB_SENT);
    announceMail(process);
  };
  let error: string | null = null;
  let fd = -1;
  let reader: RdbFileReader | null = null;
  try {
    fd = files.open(job.path, 'r');
    reader = new RdbFileReader(files, fd, files.size(fd), 0);
    const pauses = () => Atomics.load(words, JOB_DELAY_US) > 0;
    copyItems(reader, { checksum: job.checksum, send, pauses, pause: () => delay(words) });
  } catch (thrown) {
    error = failureText(thrown);
    if (thrown instanceof CorruptRdbError) error += `, at offset ${reader!.offset}`;
  }
  if (fd >= 0) files.close(fd);
  finish(job, { loaded: true, offset: reader?.offset ?? 0, error });
}
