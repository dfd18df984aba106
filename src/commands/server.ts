/**
 * What a handler may reach beyond its own arguments: the state of the server and the services that the
 * executor gives to commands. Built once by the executor (or by a test, with a fake clock).
 */
import type { Clock } from '../base/clock.ts';
import type { Prng } from '../base/prng.ts';
import type { Change, Config } from '../config/config.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { HostFacts } from '../ring/messages.ts';
import type { Blocking } from './blocking.ts';
import type { CommandLogs } from './command-logs.ts';
import type { Fsyncs } from './fsyncs.ts';
import type { HotKeys } from './hot-keys.ts';
import type { LatencyEvents } from './latency-events.ts';
import type { Pausing } from './pausing.ts';
import type { PersistenceService, SaveOrigin } from './persistence.ts';
import type { PubSub } from './pubsub.ts';
import type { Session } from './session.ts';
import type { Stats } from './stats.ts';
import type { CommandTable } from './table.ts';
import type { Tracking } from './tracking.ts';
import type { Transactions } from './transactions.ts';

export interface Server {
  readonly clock: Clock;
  /** The cached wall clock in milliseconds: one reading per batch, the same for TTL logic of one command. */
  nowMs: number;
  readonly keyspace: Keyspace;
  readonly config: Config;
  readonly table: CommandTable;
  readonly stats: Stats;
  /** Slow and large commands. */
  readonly commandLogs: CommandLogs;
  readonly hotKeys: HotKeys;
  /** What held the server up. */
  readonly latency: LatencyEvents;
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
  /** Clients that wait for keys. */
  readonly blocking: Blocking;
  readonly pausing: Pausing;
  readonly fsyncs: Fsyncs;
  readonly tracking: Tracking;
  readonly monitors: MonitorList;
  readonly persistence: PersistenceService;
  readonly transactions: Transactions;
  readonly pubsub: PubSub;
  activeExpireEnabled: boolean;
  /** DEBUG PAUSE-CRON. */
  cronPaused: boolean;
  /** RESTORE looks at checksums: but for a test that wants to get further with a payload of its own. */
  checksumEnabled: boolean;
  /** Set while a handler runs on behalf of nobody (loading). */
  loading: boolean;
}

/** Sessions that MONITOR shows every command. */
export interface MonitorList {
  add(session: Session): void;
  remove(session: Session): void;
}

/** What leaves the executor: every call is a message to another thread, answered later or never. */
export interface Services {
  /** With `waits` the line is in the log when this returns: for who is told of an error and looks there for more. */
  log(level: 'debug' | 'verbose' | 'notice' | 'warning', message: string, waits?: boolean): void;
  /**
   * Saves what is to be saved and ends the process in an orderly way: it does not return then. It returns why not: what was to be saved could
   * not be, and it is not forced.
   */
  shutdown(save: SaveOrigin, force: boolean): string;
  /**
   * Has main apply what only it can (addresses, the working directory), then commits the whole change. Parks the session;
   * `done` replies: null, or the error text.
   */
  applyChange(session: Session, change: Change, done: (error: string | null) => void): void;
  /**
   * Has main write the configuration file; with `whole`, directives that have their default too. Parks the session; `done`
   * replies: null, or why it could not be written.
   */
  rewriteConfig(session: Session, whole: boolean, done: (why: string | null) => void): void;
  /** CONFIG RESETSTAT: every counter that INFO shows, wherever it is kept. */
  resetStats(): void;
  /** The text of INFO for these sections, given in lower case; none means the default ones. */
  info(sections: readonly string[]): string;
  /** Bytes of memory that the process takes, as last read. */
  residentBytes(): number;
  /** Bytes of the append only file that are not written yet. */
  aofBufferBytes(): number;
  /** Does nothing for so long, and nothing else happens on this thread meanwhile. */
  sleep(ms: number): void;
  /** Hands dead memory to bio. */
  release(buffers: ArrayBuffer[]): void;
}
