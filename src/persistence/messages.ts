/**
 * What the executor, bio and the jobs say to each other about files. Everything survives structured clone; ports and buffers are transferred.
 *
 *     executor --- ToBio ---> bio --- Job ---> a thread of the pool
 *         ^                    |                  |
 *         +---- FromBio -------+                  |      a port of their own, for as long as the job lasts
 *         +---------------------------------------+
 */
import type { MessagePort } from 'node:worker_threads';
import type { Part } from '../rdb/items.ts';
import type { FsyncPolicy } from './aof/appender.ts';
import type { CommandBaseOptions } from './aof/base-writer.ts';
import type { AofLoadOptions } from './aof/load-files.ts';
import type { RdbFileOptions } from './rdb/file-writer.ts';

/** Words of the memory that a job and the executor share. */
export const JOB_TAKEN_KB = 0;
/** 1 when the job is over, and its last message in the port. */
export const JOB_OVER = 1;
/** Kilobytes that the executor has taken of what a job sends. */
export const JOB_USED_KB = 2;
/** Messages that the job has sent. */
export const JOB_SENT = 3;
/** Microseconds that the job waits after each key, so that a test can look on: rdb-key-save-delay, key-load-delay. */
export const JOB_DELAY_US = 4;
/** 1 when nobody needs what the job does any more. */
export const JOB_GIVEN_UP = 5;
/** Who waits for the other side goes on when so many kilobytes have been taken, or used. */
export const JOB_WANTED_KB = 6;
/** Counted up by a job that moves, or waits for the executor: what stands still has a disk or a fault. */
export const JOB_BEAT = 7;
export const JOB_WORDS = 8;

/** Bytes on their way between a job and the executor, at most, before the faster one waits. */
export const ON_THE_WAY_MAX = 16 << 20;

export interface JobCommon {
  /** To the executor. */
  port: MessagePort;
  /** JOB_ words. */
  shared: SharedArrayBuffer;
  /** The control block of the process: the executor's doorbell. */
  process: SharedArrayBuffer;
}

/** Compress and write what comes by the port. */
export interface SaveJob extends JobCommon {
  kind: 'save';
  file: RdbFileOptions;
}

/** Read a file and send it in whole items. */
export interface LoadJob extends JobCommon {
  kind: 'load';
  path: string;
  checksum: boolean;
}

/** Read the append only files and send what is in them: items of the base, then commands. */
export interface LoadAofJob extends JobCommon {
  kind: 'load-aof';
  options: AofLoadOptions;
}

export type Job = SaveJob | LoadJob | LoadAofJob;

/** executor -> save job. */
export type ToSaveJob = { bytes: Uint8Array; size: number; part: Part } | { end: true } | { abort: true };

/** The last message of a save job. */
export interface SaveResult {
  error: string | null;
  bytes: number;
}

/** load job -> executor: items with plain strings, then how it ended. */
export type FromLoadJob =
  | { bytes: Uint8Array; size: number; offset: number; commands: boolean }
  | { note: string; level: 'notice' | 'warning' }
  | { loaded: true; offset: number; error: string | null };

/** executor -> bio. */
export type ToBio = { type: 'free'; buffers: ArrayBuffer[] } | { type: 'job'; job: Job } | AofOrder;

/** What the executor wants of the append only file: `answer` becomes 1, or 2 when it could not be done and a FromBio says why (aof-orders.ts). */
export type AofOrder = { answer: SharedArrayBuffer; id: number } & (
  | { type: 'aof-open'; directory: string; file: string; policy: FsyncPolicy; size: number; rdb: EmptyBase }
  /** Another file of changes, from here on. `anew`: what files there are does not belong to the data; a base follows, and is all there is without `appends`. */
  | { type: 'aof-increment'; directory: string; file: string; anew: boolean; appends: boolean }
  /** What has been written is brought to the disk beside the writing, so that a change of files has little to wait for. */
  | { type: 'aof-settle' }
  /** The rewritten base takes the place of all before the last file of changes that was begun. */
  | { type: 'aof-base'; temporary: string; isRdb: boolean }
  | { type: 'aof-policy'; policy: FsyncPolicy }
  | { type: 'aof-close' }
  | { type: 'aof-sleep'; us: number }
);

/** How an empty base is written. */
export interface EmptyBase {
  version: number;
  checksum: boolean;
  /** Null for an RDB file. */
  commands: CommandBaseOptions | null;
}

export const ANSWER_DONE = 1;
export const ANSWER_FAILED = 2;

/** bio -> executor, after an order that failed. */
export interface FromBio {
  id: number;
  error: string;
}
