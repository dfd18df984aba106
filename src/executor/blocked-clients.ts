/**
 * Clients that wait for keys: who waits for which, in the order in which they began to, and until when.
 *
 * A key that comes to be while somebody waits for it is noted as ready (the keyspace calls onReady); after the command under way the
 * executor calls serveReady(), which runs the commands of those who wait for it again, in order, for as long as the key is there. A command
 * that finds nothing again keeps its place. What those commands bring about may make other keys ready: they follow. A command that waits
 * `untilGone` (XREADGROUP) is run again, too, when its key is deleted or replaced: it then replies an error.
 *
 * What is held here grows with the number of clients, not with the data. See ../commands/blocking.ts for the handlers' side.
 */
import { stringFromBytes } from '../base/bytes.ts';
import { Deadlines, type Due } from '../base/deadlines.ts';
import type { Blocking, TimeoutReply, WaitOptions } from '../commands/blocking.ts';
import type { Call, RetainedRequest } from '../commands/call.ts';
import { GATE_CLOSING, GATE_MULTI, GATE_PARKED, type Session } from '../commands/session.ts';
import type { Database } from '../keyspace/database.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { byteOffsetOf, segmentOf } from '../memory/address.ts';
import { readWord0, TYPE_STRING, typeOf } from '../memory/record.ts';
import type { ReplyWriter } from '../resp/reply-writer.ts';

const UNBLOCKED = 'UNBLOCKED client unblocked via CLIENT UNBLOCK';

/** A session that waits. */
export interface Waiting extends Due {
  readonly session: Session;
  readonly request: RetainedRequest;
  readonly type: number;
  readonly onTimeout: TimeoutReply;
  readonly options: WaitOptions;
  /** The queues it stands in. */
  readonly keys: readonly string[];
}

/** A key that came to be. */
interface ReadyKey {
  readonly db: Database;
  readonly hash: number;
  readonly bytes: Uint8Array;
}

/** What the executor does for a client whose wait is over. */
export interface Waker {
  /** Runs its command again, then asks endRetry() whether it waits on. */
  retry(waiting: Waiting): void;
  /** Lets it go on with this reply. */
  wake(waiting: Waiting, answer: (reply: ReplyWriter) => void): void;
}

export class BlockedClients implements Blocking {
  private readonly keyspace: Keyspace;
  private readonly queues = new Map<string, Set<Waiting>>();
  private readonly bySession = new Map<number, Waiting>();
  private readonly deadlines = new Deadlines<Waiting>();
  private readonly ready = new Map<string, ReadyKey>();
  /** Set while a command is run again. */
  private retrying = false;
  /** That command has called block(). */
  private foundNothing = false;
  memo: Int32Array | null = null;
  /** Clients that want to know when their keys are gone. */
  private untilGone = 0;

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
  }

  get count(): number {
    return this.bySession.size;
  }

  get keyCount(): number {
    return this.queues.size;
  }

  get timedCount(): number {
    let count = 0;
    for (const { dueMs } of this.bySession.values()) if (dueMs !== Infinity) count++;
    return count;
  }

  has(sessionId: number): boolean {
    return this.bySession.has(sessionId);
  }

  /** Whether the command that has just run, of this session, waits. */
  waits(session: Session): boolean {
    return this.retrying ? this.foundNothing : this.bySession.has(session.id);
  }

  block(
    call: Call,
    keys: readonly number[],
    type: number,
    timeoutMs: number,
    onTimeout: TimeoutReply,
    options: WaitOptions,
  ): void {
    if (this.retrying) {
      this.foundNothing = true;
      return;
    }
    const { session } = call;
    if ((session.gate & GATE_MULTI) !== 0) {
      onTimeout(call.reply);
      return;
    }
    const waiting: Waiting = {
      session,
      request: call.retain(),
      type,
      onTimeout,
      options,
      keys: [...new Set(keys.map((index) => queueName(session.db, call.text(index))))],
      dueMs: timeoutMs === 0 ? Infinity : call.server.nowMs + timeoutMs,
      cancelled: false,
    };
    session.gate |= GATE_PARKED;
    session.link.setWaiting(session, true);
    this.bySession.set(session.id, waiting);
    if (timeoutMs !== 0) this.deadlines.add(waiting);
    for (const key of waiting.keys) this.queueOf(key).add(waiting);
    this.keyspace.onReady = this.onReady;
    this.keyspace.onSwap = this.onSwap;
    if (options.untilGone === true) {
      this.untilGone++;
      this.keyspace.onGone = this.onReady;
    }
  }

  private queueOf(key: string): Set<Waiting> {
    let queue = this.queues.get(key);
    if (queue === undefined) {
      queue = new Set();
      this.queues.set(key, queue);
    }
    return queue;
  }

  // --- keys that come to be -----------------------------------------------------------------------

  private readonly onReady = (db: Database, hash: number, address: number): void => {
    const type = typeOf(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address)));
    if (type === TYPE_STRING) return;
    db.readKey(address);
    const name = queueName(db, stringFromBytes(db.keyBytes, db.keyStart, db.keyEnd));
    if (!this.queues.has(name) || this.ready.has(name)) return;
    this.ready.set(name, { db, hash, bytes: db.keyBytes.slice(db.keyStart, db.keyEnd) });
  };

  /** Every key of the two databases that somebody waits for may be there now. */
  private readonly onSwap = (a: number, b: number): void => {
    for (const name of this.queues.keys()) {
      const colon = name.indexOf(':');
      const index = Number(name.slice(0, colon));
      if (index !== a && index !== b) continue;
      const bytes = Uint8Array.from(name.slice(colon + 1), (char) => char.charCodeAt(0));
      const hash = this.keyspace.hasher.hash(bytes, 0, bytes.length);
      this.ready.set(name, { db: this.keyspace.databases[index], hash, bytes });
    }
  };

  /** True when there are clients to be served or woken. */
  get hasWork(): boolean {
    return this.ready.size > 0 || this.unblocked.length > 0;
  }

  /** Serves those who wait for keys that have come to be. */
  serveReady(waker: Waker): void {
    for (const [name, key] of this.ready) {
      // Taken out first: serving a client may make the same key ready once more, and the map then ends with it.
      this.ready.delete(name);
      const queue = this.queues.get(name);
      if (queue !== undefined) this.serveQueue(key, [...queue], waker);
    }
  }

  private serveQueue({ db, hash, bytes }: ReadyKey, queue: readonly Waiting[], waker: Waker): void {
    for (const waiting of queue) {
      const address = db.find(hash, bytes, 0, bytes.length);
      if (address === 0 && this.untilGone === 0) return;
      const fits =
        address !== 0 &&
        waiting.type === typeOf(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address)));
      if ((fits || waiting.options.untilGone === true) && !waiting.cancelled) this.serve(waiting, waker);
    }
  }

  private serve(waiting: Waiting, waker: Waker): void {
    if ((waiting.session.gate & GATE_CLOSING) !== 0) return;
    this.retrying = true;
    this.foundNothing = false;
    this.memo = waiting.options.memo ?? null;
    waker.retry(waiting);
  }

  /** A command is being run again. */
  get isRetrying(): boolean {
    return this.retrying;
  }

  /** To be asked after a command was run again: whether it waits on. Ends the retry. */
  endRetry(waiting: Waiting): boolean {
    this.retrying = false;
    this.memo = null;
    if (this.foundNothing) return true;
    this.forget(waiting);
    return false;
  }

  // --- the end of waiting -------------------------------------------------------------------------

  /** When the next wait is over; Infinity when none is. */
  get nextDueMs(): number {
    return this.bySession.size === 0 ? Infinity : this.deadlines.nextMs;
  }

  /** Ends the waits whose time is up. */
  expire(nowMs: number, waker: Waker): void {
    for (let waiting = this.deadlines.take(nowMs); waiting !== null; waiting = this.deadlines.take(nowMs)) {
      waiting.cancelled = true;
      this.leaveQueues(waiting);
      waker.wake(waiting, waiting.onTimeout);
    }
  }

  /** Sessions whose wait somebody has ended: they go on after the command under way, not inside it. */
  private readonly unblocked: { waiting: Waiting; answer: TimeoutReply }[] = [];

  unblock(sessionId: number, withError: boolean): boolean {
    const waiting = this.bySession.get(sessionId);
    if (waiting === undefined) return false;
    return this.release(sessionId, withError ? (reply) => reply.error(UNBLOCKED) : waiting.onTimeout);
  }

  /** Ends a session's wait with this reply, after the command under way. False when it does not wait. */
  release(sessionId: number, answer: TimeoutReply): boolean {
    const waiting = this.bySession.get(sessionId);
    if (waiting === undefined) return false;
    this.forget(waiting);
    this.unblocked.push({ waiting, answer });
    return true;
  }

  wakeUnblocked(waker: Waker): void {
    for (let next = this.unblocked.shift(); next !== undefined; next = this.unblocked.shift()) {
      waker.wake(next.waiting, next.answer);
    }
  }

  /** The session is gone. */
  remove(session: Session): void {
    const waiting = this.bySession.get(session.id);
    if (waiting !== undefined) this.forget(waiting);
  }

  private forget(waiting: Waiting): void {
    if (waiting.dueMs === Infinity) waiting.cancelled = true;
    else this.deadlines.cancel(waiting);
    this.leaveQueues(waiting);
  }

  private leaveQueues(waiting: Waiting): void {
    if (this.bySession.delete(waiting.session.id) && waiting.options.untilGone === true) {
      if (--this.untilGone === 0) this.keyspace.onGone = null;
    }
    waiting.session.link.setWaiting(waiting.session, false);
    for (const key of waiting.keys) {
      const queue = this.queues.get(key);
      queue?.delete(waiting);
      if (queue?.size === 0) this.queues.delete(key);
    }
    if (this.bySession.size > 0) return;
    this.keyspace.onReady = null;
    this.keyspace.onSwap = null;
  }
}

/** A key of a database; latin1 text, so that any bytes fit. */
function queueName(db: Database, key: string): string {
  return `${db.index}:${key}`;
}
