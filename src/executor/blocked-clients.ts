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
import { Deadlines, type Due } from '../base/deadlines.ts';
import type { Blocking, TimeoutReply, WaitOptions } from '../commands/blocking.ts';
import type { Call, RetainedRequest } from '../commands/call.ts';
import { GATE_CLOSING, GATE_MULTI, GATE_PARKED, type Session } from '../commands/session.ts';
import type { Database } from '../keyspace/database.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { byteOffsetOf, segmentOf } from '../memory/address.ts';
import { readWord0, TYPE_STRING, typeOf } from '../memory/record.ts';
import type { ReplyWriter } from '../resp/reply-writer.ts';
import { type KeyQueue, KeyQueues, type Place } from './key-queues.ts';

const UNBLOCKED = 'UNBLOCKED client unblocked via CLIENT UNBLOCK';

/** A session that waits. */
export interface Waiting extends Due {
  readonly session: Session;
  readonly request: RetainedRequest;
  readonly type: number;
  readonly onTimeout: TimeoutReply;
  readonly options: WaitOptions;
  /** Where it stands in the queues of its keys; empty once it has left them. */
  readonly places: Place<Waiting>[];
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
  private readonly queues = new KeyQueues<Waiting>();
  /** What each session waits for; null for one that has waited before, so that a map is not changed with every wait. */
  private readonly bySession = new Map<number, Waiting | null>();
  private readonly deadlines = new Deadlines<Waiting>();
  /** Keys that came to be, in order. */
  private readonly ready: KeyQueue<Waiting>[] = [];
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

  /** Clients that wait, and those of them whose wait has an end. */
  count = 0;
  timedCount = 0;

  get keyCount(): number {
    return this.queues.count;
  }

  /** Those keys whose going, too, somebody waits for. */
  get keysUntilGone(): number {
    if (this.untilGone === 0) return 0;
    let count = 0;
    for (const queue of this.queues.all())
      if (queue.items().some(({ options }) => options.untilGone === true)) count++;
    return count;
  }

  has(sessionId: number): boolean {
    return this.waitingOf(sessionId) !== null;
  }

  private waitingOf(sessionId: number): Waiting | null {
    return this.count === 0 ? null : (this.bySession.get(sessionId) ?? null);
  }

  /** Whether the command that has just run, of this session, waits. */
  waits(session: Session): boolean {
    return this.retrying ? this.foundNothing : this.has(session.id);
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
      places: [],
      dueMs: timeoutMs === 0 ? Infinity : call.server.nowMs + timeoutMs,
      cancelled: false,
    };
    session.gate |= GATE_PARKED;
    session.link.setWaiting(session, true);
    this.bySession.set(session.id, waiting);
    this.count++;
    if (timeoutMs !== 0) {
      this.timedCount++;
      this.deadlines.add(waiting);
    }
    for (const key of keys) this.join(call, key, waiting);
    this.keyspace.onReady = this.onReady;
    this.keyspace.onSwap = this.onSwap;
    if (options.untilGone === true) {
      this.untilGone++;
      this.keyspace.onGone = this.onReady;
    }
  }

  /** Puts it into the queue of the key in argument `index`. */
  private join(call: Call, index: number, waiting: Waiting): void {
    const { bytes } = call;
    const start = call.start(index);
    const end = call.end(index);
    const hash = index === call.command.firstKey ? call.hash : call.hashOf(bytes, start, end);
    const place = this.queues.join(call.db, hash, bytes, start, end, waiting);
    if (place !== null) waiting.places.push(place);
  }

  // --- keys that come to be -----------------------------------------------------------------------

  private readonly onReady = (db: Database, hash: number, address: number): void => {
    const type = typeOf(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address)));
    if (type === TYPE_STRING) return;
    db.readKey(address);
    const queue = this.queues.find(db, hash, db.keyBytes, db.keyStart, db.keyEnd);
    if (queue !== null) this.noteReady(queue);
  };

  private noteReady(queue: KeyQueue<Waiting>): void {
    if (queue.isReady) return;
    queue.isReady = true;
    this.ready.push(queue);
  }

  /** Every key of the two databases that somebody waits for may be there now. */
  private readonly onSwap = (a: number, b: number): void => {
    for (const queue of this.queues.all()) {
      const { index } = queue.db;
      if (index === a || index === b) this.noteReady(queue);
    }
  };

  /** True when there are clients to be served or woken. */
  get hasWork(): boolean {
    return this.ready.length > 0 || this.unblocked.length > 0;
  }

  /** Serves those who wait for keys that have come to be. */
  serveReady(waker: Waker): void {
    for (let queue = this.ready.shift(); queue !== undefined; queue = this.ready.shift()) {
      // Serving a client may make the same key ready once more: it then comes again, behind the others.
      queue.isReady = false;
      if (queue.first === null) continue;
      if (queue.first === queue.last) this.serveIfThere(queue, queue.first.item, waker);
      else this.serveAll(queue, waker);
    }
  }

  /** Serves those who wait now, until the key is gone. */
  private serveAll(queue: KeyQueue<Waiting>, waker: Waker): void {
    for (const waiting of queue.items()) if (!this.serveIfThere(queue, waiting, waker)) return;
  }

  /** False when the key is gone, and nobody waits for that. */
  private serveIfThere({ db, hash, bytes }: KeyQueue<Waiting>, waiting: Waiting, waker: Waker): boolean {
    const address = db.find(hash, bytes, 0, bytes.length);
    if (address === 0 && this.untilGone === 0) return false;
    const fits =
      address !== 0 &&
      waiting.type === typeOf(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address)));
    if ((fits || waiting.options.untilGone === true) && !waiting.cancelled) this.serve(waiting, waker);
    return true;
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
    return this.timedCount === 0 ? Infinity : this.deadlines.nextMs;
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
    const waiting = this.waitingOf(sessionId);
    if (waiting === null) return false;
    return this.release(sessionId, withError ? (reply) => reply.error(UNBLOCKED) : waiting.onTimeout);
  }

  /** Ends a session's wait with this reply, after the command under way. False when it does not wait. */
  release(sessionId: number, answer: TimeoutReply): boolean {
    const waiting = this.waitingOf(sessionId);
    if (waiting === null) return false;
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
    const waiting = this.waitingOf(session.id);
    if (waiting !== null) this.forget(waiting);
    this.bySession.delete(session.id);
  }

  private forget(waiting: Waiting): void {
    if (waiting.dueMs === Infinity) waiting.cancelled = true;
    else this.deadlines.cancel(waiting);
    this.leaveQueues(waiting);
  }

  private leaveQueues(waiting: Waiting): void {
    const { session } = waiting;
    session.link.setWaiting(session, false);
    if (this.bySession.get(session.id) === waiting) this.countOut(waiting);
    for (const place of waiting.places) this.queues.leave(place);
    waiting.places.length = 0;
    if (this.count > 0) return;
    this.keyspace.onReady = null;
    this.keyspace.onSwap = null;
  }

  private countOut({ session, dueMs, options }: Waiting): void {
    this.bySession.set(session.id, null);
    this.count--;
    if (dueMs !== Infinity) this.timedCount--;
    if (options.untilGone === true && --this.untilGone === 0) this.keyspace.onGone = null;
  }
}
