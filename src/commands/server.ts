/**
 * What a handler may reach beyond its own arguments: the state of the server and the services that the
 * executor gives to commands. Built once by the executor (or by a test, with a fake clock).
 */
import type { Clock } from '../base/clock.ts';
import type { Prng } from '../base/prng.ts';
import type { Config } from '../config/config.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Session } from './session.ts';
import type { Stats } from './stats.ts';
import type { CommandTable } from './table.ts';

export interface Server {
  readonly clock: Clock;
  /** The cached wall clock in milliseconds: one reading per batch, the same for TTL logic of one command. */
  nowMs: number;
  readonly keyspace: Keyspace;
  readonly config: Config;
  readonly table: CommandTable;
  readonly stats: Stats;
  /** Seeded: sampling and RANDOMKEY. */
  readonly random: Prng;
  readonly sessions: Map<number, Session>;
  readonly runId: string;
  replicationId: string;
  readonly startMs: number;
  readonly compat: '7.0' | '7.2';
  /** True when `compat` is 7.2: newer reply shapes and commands. */
  readonly is72: boolean;
  readonly version: string;
  readonly pid: number;
  readonly host: HostFacts;
  readonly services: Services;
  activeExpireEnabled: boolean;
  /** Set while a handler runs on behalf of nobody (loading). */
  loading: boolean;
}

/** Facts of the process that main collected at the start and keeps fresh. */
export interface HostFacts {
  readonly executable: string;
  readonly configFile: string;
  readonly os: string;
  readonly nodeVersion: string;
  readonly arch: number;
  readonly totalMemory: number;
  readonly ioThreads: number;
  readonly cores: number;
}

/** What leaves the executor: every call is a message to another thread, answered later or never. */
export interface Services {
  log(level: 'debug' | 'verbose' | 'notice' | 'warning', message: string): void;
  /**
   * Parks `session` and asks main to do `kind`; its replies wait. `done` runs in the executor with the answer,
   * as a reply to that session.
   */
  ask(session: Session, kind: string, data: unknown, done: (answer: unknown, session: Session) => void): void;
  /** Starts an orderly shutdown; replies to nobody. */
  shutdown(save: boolean): void;
  /** Tells io workers and main of a setting that changed. */
  publishSettings(): void;
  /** Resident memory and CPU time as main last read them. */
  processFigures(): ProcessFigures;
  /** INFO threads: a row per thread. */
  threadFigures(): ThreadFigures[];
  /** Hands dead memory to bio. */
  release(buffers: ArrayBuffer[]): void;
  heap(): HeapFigures;
}

export interface ProcessFigures {
  residentBytes: number;
  peakResidentBytes: number;
  cpuUserUs: number;
  cpuSystemUs: number;
  residentRatioTimeMs: number;
}

export interface HeapFigures {
  usedBytes: number;
  totalBytes: number;
  majorGcs: number;
  gcMaxPauseMs: number;
  stallMaxMs: number;
}

export interface ThreadFigures {
  name: string;
  /** Share of time awake, 0..1, over the last second. */
  busy: number;
  ringDepth: number;
  batches: number;
  commands: number;
  parks: number;
  wakeups: number;
  heapBytes: number;
}
