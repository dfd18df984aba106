/** What travels between main and the workers outside the rings. Everything survives structured clone. */

import type { MessagePort } from 'node:worker_threads';
import type { ConfigSnapshot } from '../config/config.ts';
import type { CommandName } from '../resp/command-names.ts';
import type { ChannelMemory, ProcessMemory } from './channel.ts';
import type { LogMemory } from './log-ring.ts';

/** Facts of the process that main collected at the start and keeps fresh. */
export interface HostFacts {
  readonly executable: string;
  readonly configFile: string;
  readonly os: string;
  readonly nodeVersion: string;
  readonly arch: number;
  readonly totalMemory: number;
  readonly ioThreads: number;
  /** Whether the executor and the first io worker share a thread. */
  readonly sharedThread: boolean;
  readonly cores: number;
}

export interface ExecutorData {
  process: ProcessMemory;
  /** Figures of the process that main keeps fresh: see FIGURE_ in process-figures.ts. */
  figures: SharedArrayBuffer;
  channels: ChannelMemory[];
  /** One per io worker: large requests come in here. */
  ports: MessagePort[];
  /** To and from main. */
  mainPort: MessagePort;
  bioPort: MessagePort;
  config: ConfigSnapshot;
  hashSeed: [number, number];
  randomSeed: number;
  runId: string;
  replicationId: string;
  facts: HostFacts;
  startMs: number;
  /** Bytes of the snapshot that is to be loaded first; -1 when there is none. */
  snapshotBytes: number;
  log: LogMemory;
  /** The io worker that lives on the executor's thread, if one does: see executor/guest.ts. */
  io: IoData | null;
}

export interface IoData {
  index: number;
  /** Control words of the log ring. */
  log: SharedArrayBuffer;
  process: ProcessMemory;
  channel: ChannelMemory;
  port: MessagePort;
  hashSeed: [number, number];
  waitUs: number;
}

export interface BioData {
  process: ProcessMemory;
  log: LogMemory;
  /** Memory of a LogFile. */
  logFile: SharedArrayBuffer;
  /** The control words of each io worker's channel; null for one that lives on the executor's thread. */
  channels: (SharedArrayBuffer | null)[];
  executorPort: MessagePort;
}

/** A place to listen on. */
export interface Listener {
  kind: 'tcp' | 'unix';
  host?: string;
  port?: number;
  path?: string;
  /** A bound socket shared by all io workers; absent where each binds for itself (reusePort). */
  fd?: number;
  backlog: number;
}

/** main -> io worker, over parentPort; all but the first are answered. See io-group.ts. */
export type ToIo =
  | { type: 'start'; names: CommandName[] }
  | { type: 'prepare'; listeners: Listener[] }
  | { type: 'commit' }
  | { type: 'abandon' };

/** io worker -> main. */
export type FromIo = { type: 'done'; error: string | null } | LogMessage;

/** executor -> main, over mainPort. */
export type FromExecutor =
  /** `fullNames`: of all commands and subcommands, by id. */
  | { type: 'ready'; names: CommandName[]; fullNames: string[] }
  | { type: 'ask'; id: number; kind: string; data: unknown }
  /** Loading is over: null, or why the server cannot run. */
  | { type: 'loaded'; error: string | null }
  /** What is to be saved before the end is being saved: it takes the time that it takes. */
  | { type: 'saving' }
  /** It could not be saved: the server goes on. */
  | { type: 'cannot-stop' }
  | { type: 'shutdown' }
  /** What main asked for by 'report', or that the executor itself has failed. */
  | { type: 'crash'; report: string }
  /** CONFIG SET has changed something that main acts on. */
  | { type: 'setting'; name: string; value: boolean | bigint | string }
  | LogMessage;

/** bio -> main, over parentPort. */
export type FromBioToMain =
  | LogMessage
  | { type: 'fatal'; message: string }
  /** Another thread, of bio's pool, has failed. */
  | { type: 'failed'; thread: string; message: string };

/** main -> executor, over mainPort, announced by the doorbell. */
export type ToExecutor =
  | { type: 'answer'; id: number; answer: unknown }
  | { type: 'stop'; save: 'yes' | 'no' | 'points'; force: boolean }
  /** A thread has failed: a report for the log is wanted. */
  | { type: 'report'; thread: string; stack: string };

export interface LogMessage {
  type: 'log';
  level: 'debug' | 'verbose' | 'notice' | 'warning';
  message: string;
  /** An int32 that becomes 1 when the line is in the log. */
  written?: SharedArrayBuffer;
}

/** Indexes of the Float64 figures main keeps for the executor. */
export const PROCESS_RESIDENT = 0;
export const PROCESS_PEAK_RESIDENT = 1;
export const PROCESS_CPU_USER_US = 2;
export const PROCESS_CPU_SYSTEM_US = 3;
export const PROCESS_FIGURES = 16;

export interface OomWanted {
  /** oom-score-adj */
  mode: string;
  /** oom-score-adj-values */
  scores: string;
  blame: string;
}

/** What CONFIG SET wants of main: a directory to work in, addresses to listen on, a title, an oom score; null for what stays. */
export interface OutsideRequest {
  directory: string | null;
  /** `blame` is the directive that an error is put down to. */
  listen: { bind: string; port: number; backlog: number; blame: string } | null;
  /** The template of the process's title. */
  title: string | null;
  oom: OomWanted | null;
  /** What is in force of that, to go back to. */
  oomBefore: OomWanted | null;
}

/** The working directory that main is in now when it was asked for one; or what could not be done, and then nothing was. */
export interface OutsideAnswer {
  directory: string | null;
  failed: { directive: string; why: string } | null;
}
