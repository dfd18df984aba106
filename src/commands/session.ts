/**
 * A client as the executor sees it. The socket belongs to an io worker; what is here is what commands
 * read and change: database, protocol, name, flags, and what keeps its requests from running (`gate`).
 */
import type { Database } from '../keyspace/database.ts';
import type { ReplyWriter } from '../resp/reply-writer.ts';
import type { RetainedRequest } from './call.ts';
import type { Command } from './define.ts';
import type { TrackingState } from './tracking.ts';
import type { QueuedCommands } from './transactions.ts';

// gate bits: any of them sends a request through the slow gates
export const GATE_AUTH = 1;
/** Requests wait in `parkedRequests` until an asynchronous call has come back. */
export const GATE_PARKED = 2;
/** No reply is written: CLIENT REPLY OFF or SKIP. */
export const GATE_REPLY = 4;
/** The connection is on its way out: its requests are dropped. */
export const GATE_CLOSING = 8;
/** What the commands use keeps the time of its last use: CLIENT NO-TOUCH. */
export const GATE_NO_TOUCH = 16;
/** Between MULTI and EXEC: commands are queued. */
export const GATE_MULTI = 32;
/** Subscribed to something: what is published to it is sent before its next command runs, and in RESP2 it may only run some. */
export const GATE_PUBSUB = 64;

/** Remembers the keys it reads, or wants to know of all with a prefix: CLIENT TRACKING. */
export const GATE_TRACKING = 128;
/** What has been told it without being asked is sent before its next command runs: invalidations, what a monitor is shown. */
export const GATE_PUSHED = 256;

export const REPLY_ON = 0;
export const REPLY_OFF = 1;
/** SKIP was asked: the next command's reply is dropped. */
export const REPLY_SKIP_NEXT = 2;
/** The command whose reply is dropped is running. */
export const REPLY_SKIP_THIS = 3;

/** What executes for a session and can reach its socket; implemented by the executor's end of a channel. */
export interface Link {
  /** Writes for the session whose command is running, whether its replies are to be dropped or not. */
  readonly reply: ReplyWriter;
  /** Which io worker, from 0. */
  readonly worker: number;
  /** Closes at once, dropping replies. */
  close(session: Session): void;
  /** Closes once everything written before is on its way. */
  closeAfterReply(session: Session): void;
  setAuthenticated(session: Session): void;
  /** Tells the io worker that the session listens, or waits, and so is not idle however long it is silent. */
  setSubscribed(session: Session, isSubscribed: boolean): void;
  setWaiting(session: Session, isWaiting: boolean): void;
  setMonitoring(session: Session, isMonitoring: boolean): void;
  /** Publishes what was written; only for a link other than that of the call under way. */
  flush(): boolean;
  /** Bytes read from and written to the socket, as far as the io worker has told. */
  inputBytes(session: Session): number;
  outputBytes(session: Session): number;
  queryBufferBytes(session: Session): number;
  /** Room that is kept for a command that is arriving, and the arguments of it that have arrived. */
  queryBufferFree(session: Session): number;
  argumentBytes(session: Session): number;
  fd(session: Session): number;
  /** Reply bytes that the socket has not taken: in the ring, at the io worker and in the spill queue. */
  outputBacklog(session: Session): number;
  /** Sends bytes[start..end) to `count` sessions of this link, each of which gets it behind what was written for it before. */
  broadcast(sessions: readonly Session[], count: number, bytes: Uint8Array, start: number, end: number): void;
  spillBytes(session: Session): number;
  spillChunks(session: Session): number;
}

export class Session {
  readonly id: number;
  readonly slot: number;
  readonly link: Link;
  readonly address: string;
  readonly localAddress: string;
  readonly createdMs: number;
  db: Database;
  gate = 0;
  resp = 2;
  name = '';
  libName = '';
  libVersion = '';
  user = 'default';
  authenticated = true;
  noEvict = false;
  /** It is shown every command: MONITOR. */
  monitors = false;
  /** What its library says it can do: CLIENT CAPA. */
  capabilities = '';
  /** Bytes of what it watches and is subscribed to. */
  heldBytes = 0;
  /** What it held when it was last measured, for maxmemory-clients. */
  measuredBytes = 0;
  /** How it tracks keys; null when it does not. Owned by ../tracking/. */
  tracking: TrackingState | null = null;
  noTouch = false;
  replyMode = REPLY_ON;
  /** What MULTI has queued; null outside a transaction. Owned by ../transactions/. */
  queue: QueuedCommands | null = null;
  /** How many channels, patterns and shard channels it is subscribed to. */
  readonly subscriptions: [number, number, number] = [0, 0, 0];
  /** Keys it watches; and whether one of them has been changed, so that EXEC does nothing. */
  watchCount = 0;
  watchBroken = false;
  /** The command that ran last, and when. */
  lastCommand: Command | null = null;
  lastCommandMs = 0;
  commands = 0;
  /** Where the log ended after the last command of the session that is in it. */
  logPosition = 0;
  /** What came while the session was parked, in order. */
  readonly parkedRequests: (RetainedRequest | ParkedRecord)[] = [];
  /** The answer the session is parked for is not to be sent (CLIENT REPLY). */
  answerDropped = false;
  parkedBytes = 0;
  pausedReading = false;
  /** Reply bytes handed to the io worker, free-running int32. */
  sent = 0;
  /** Replies that wait for credit; null when none do. Owned by the channel's end. */
  spill: SpillQueue | null = null;
  /** Close once the spill queue is empty. */
  closeAfterSpill = false;
  /** When the output backlog went over the soft limit, 0 when it is not over it. */
  softLimitSinceMs = 0;

  constructor(
    id: number,
    slot: number,
    link: Link,
    address: string,
    localAddress: string,
    db: Database,
    nowMs: number,
  ) {
    this.id = id;
    this.slot = slot;
    this.link = link;
    this.address = address;
    this.localAddress = localAddress;
    this.db = db;
    this.createdMs = nowMs;
    this.lastCommandMs = nowMs;
  }
}

/** A record of the request ring that is not a command (../ring/request-ring.ts), kept in order with those. */
export interface ParkedRecord {
  record: number;
  text: string;
}

/** Replies a client has not taken, in chunks off the heap. */
export interface SpillQueue {
  chunks: Uint8Array[];
  /** Bytes used in each chunk. */
  sizes: number[];
  /** Bytes of the first chunk already sent. */
  offset: number;
  /** Bytes waiting in all. */
  bytes: number;
}

/** True for clients of this host: enable-debug-command and its like may be meant for them alone. */
export function isLocal(session: Session): boolean {
  const { address } = session;
  return address.startsWith('127.') || address.startsWith('[::1]') || address.startsWith('/');
}

/** True when nobody will see what is still to be replied, because the client has passed a limit: a reply without end may stop. */
export function isLeaving(session: Session): boolean {
  return (session.gate & GATE_CLOSING) !== 0;
}
