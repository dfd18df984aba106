/**
 * MULTI, EXEC, DISCARD, WATCH and UNWATCH: what they do to a session.
 *
 * Between MULTI and EXEC a session has GATE_MULTI and a queue (command-queue.ts). The dispatcher sends its commands through the gates as always,
 * so that what may not run is refused at once, and then into the queue; one that is refused makes EXEC refuse too. EXEC's handler hands the queue
 * back to the executor, which runs the commands one after the other with the reply going straight to the client: the executor has one
 * thread, so nothing comes in between. Clients that wait for keys are served when EXEC is done.
 *
 * A command that has to wait for another thread (CONFIG SET port, CONFIG REWRITE) interrupts the transaction: the rest of it runs when the
 * answer has come, and other clients may run commands meanwhile.
 */
import type { Call } from '../commands/call.ts';
import { type Command, NO_MULTI, PROTECTED } from '../commands/define.ts';
import { GATE_MULTI, type Session } from '../commands/session.ts';
import type { CommandTable } from '../commands/table.ts';
import type { Transactions } from '../commands/transactions.ts';
import * as errors from '../resp/errors.ts';
import { type CommandQueue, newQueue, type RequestMemory } from './command-queue.ts';
import type { WatchedKeys } from './watched-keys.ts';

/** What runs at once, transaction or not. */
const IMMEDIATE = new Set(['multi', 'exec', 'discard', 'watch', 'quit', 'reset']);

/** What runs the commands: the executor. */
export interface TransactionRunner {
  /** Runs the commands of the call's session until the queue is done or one of them has to wait. */
  runTransaction(session: Session, queue: CommandQueue): void;
}

function isPlain({ children, flags, fullName }: Command): boolean {
  return children === null && (flags & (NO_MULTI | PROTECTED)) === 0 && !IMMEDIATE.has(fullName);
}

export class SessionTransactions implements Transactions {
  /** Set by the executor. */
  runner!: TransactionRunner;
  private readonly watched: WatchedKeys;
  /** By command id: 1 for IMMEDIATE. */
  private readonly isImmediate: Uint8Array;
  /** By command id: 1 for a command that no gate forbids inside a transaction as long as none is set, and that is queued. */
  readonly isPlain: Uint8Array;
  /** The most that one session may queue, in bytes. */
  bytesMax = 1 << 30;
  /** Queues that refer to requests of the batch under way, and some that did. */
  private readonly referring: CommandQueue[] = [];

  constructor(watched: WatchedKeys, table: CommandTable) {
    this.watched = watched;
    this.isImmediate = Uint8Array.from(table.byId, ({ fullName }) => (IMMEDIATE.has(fullName) ? 1 : 0));
    this.isPlain = Uint8Array.from(table.byId, (command) => (isPlain(command) ? 1 : 0));
  }

  get watchedKeys(): number {
    return this.watched.count;
  }

  begin(session: Session): void {
    session.queue = newQueue();
    session.gate |= GATE_MULTI;
  }

  discard(session: Session): void {
    this.end(session);
    this.unwatch(session);
  }

  /** Ends the transaction; what is watched stays. */
  end(session: Session): void {
    const queue = session.queue as CommandQueue | null;
    if (queue !== null) this.free(queue);
    session.queue = null;
    session.gate &= ~GATE_MULTI;
  }

  private free(queue: CommandQueue): void {
    // As a rule it is the last one: transactions of one batch follow each other.
    const { referring } = this;
    if (queue.refers && referring[referring.length - 1] === queue) referring.pop();
    queue.free();
  }

  /** The session's queue is that of an EXEC under way. */
  isRunning(session: Session): boolean {
    return session.queue !== null && (session.queue as CommandQueue).isRunning;
  }

  /** Whether the command is to be queued rather than run. */
  isQueued(command: Command): boolean {
    return this.isImmediate[command.id] === 0;
  }

  /**
   * Queues the call; `ring` is where it lies and stays until keepRequests(), null when it lies elsewhere. False when the session has queued more than
   * it may.
   */
  queue(call: Call, command: Command, ring: RequestMemory | null): boolean {
    const queue = call.session.queue as CommandQueue;
    if (ring === null || command.parent !== null) {
      if (!queue.add(call, command.id, this.bytesMax)) return false;
    } else {
      if (!queue.refers) this.referring.push(queue);
      if (!queue.refer(call, ring, this.bytesMax)) return false;
    }
    queue.flags |= command.flags;
    call.reply.queued();
    return true;
  }

  /** The requests of a batch are about to go: copies those that are queued. */
  keepRequests(): void {
    const { referring } = this;
    for (let queue = referring.pop(); queue !== undefined; queue = referring.pop()) queue.keep();
  }

  /** A command inside a transaction was refused, `command` null when there is none of that name. Returns the error to be replied. */
  refuse(session: Session, command: Command | null, text: string): string {
    if (command?.name === 'EXEC') {
      this.discard(session);
      return errors.execRefused(text);
    }
    (session.queue as CommandQueue).failed = true;
    return text;
  }

  execute(call: Call): void {
    const { reply, session } = call;
    const queue = session.queue as CommandQueue | null;
    if (queue === null) {
      reply.error(errors.EXEC_WITHOUT_MULTI);
      return;
    }
    this.watched.expire(session);
    if (queue.failed || session.watchBroken) {
      if (queue.failed) reply.error(errors.EXEC_ABORTED);
      else reply.nullArray();
      this.discard(session);
      return;
    }
    this.unwatch(session);
    queue.isRunning = true;
    reply.array(queue.count);
    this.runner.runTransaction(session, queue);
  }

  /** Goes on with an EXEC that one of its commands had interrupted. */
  proceed(session: Session): void {
    this.runner.runTransaction(session, session.queue as CommandQueue);
  }

  watch(call: Call, index: number): void {
    this.watched.watch(
      call.session,
      call.db,
      call.keyHash(index),
      call.bytes,
      call.start(index),
      call.end(index),
    );
  }

  unwatch(session: Session): void {
    this.watched.unwatch(session);
    session.watchBroken = false;
  }
}
