/**
 * Sessions that wait: for a key, for an answer of another thread, for the end of CLIENT PAUSE. Meanwhile their requests and records are kept in order
 * (parked-requests.ts), and when the wait is over they run before anything newer.
 *
 *   park(session)             its requests are kept from now on
 *   unpark(session, answer)   writes the reply it waited for; what it sent meanwhile follows
 *   retry, wake               the same for those who wait for keys (blocked-clients.ts): the command runs again, or is answered
 *   resumePostponed()         the pause is over
 *
 * All of these run outside a command, and may run outside a batch, when the ring may be full: a reply that finds no room goes to the session's
 * own queue.
 */
import type { RetainedRequest } from '../commands/call.ts';
import type { Command } from '../commands/define.ts';
import type { Server } from '../commands/server.ts';
import {
  GATE_CLOSING,
  GATE_PARKED,
  GATE_REPLY,
  type ParkedRecord,
  REPLY_ON,
  REPLY_SKIP_NEXT,
  type Session,
} from '../commands/session.ts';
import type { Broker } from '../pubsub/broker.ts';
import type { ReplyWriter } from '../resp/reply-writer.ts';
import type { SessionTransactions } from '../transactions/transactions.ts';
import type { BlockedClients, Waiting, Waker } from './blocked-clients.ts';
import type { ChannelEnd } from './channel-end.ts';
import type { CommandTimer } from './command-timer.ts';
import type { DiscardedReplies } from './discarded-replies.ts';
import { type Dispatcher, GATE_TOLD } from './dispatcher.ts';
import type { ExecutorFigures } from './executor-figures.ts';
import type { Pause } from './pause.ts';
import type { SessionRecords } from './session-records.ts';

export interface ParkedSessionParts {
  server: Server;
  dispatcher: Dispatcher;
  timer: CommandTimer;
  records: SessionRecords;
  blocked: BlockedClients;
  pause: Pause;
  transactions: SessionTransactions;
  broker: Broker;
  discarded: DiscardedReplies;
  figures: ExecutorFigures;
}

export class ParkedSessions implements Waker {
  private readonly parts: ParkedSessionParts;

  constructor(parts: ParkedSessionParts) {
    this.parts = parts;
  }

  /** Lets no request of the session run until unpark(). */
  park(session: Session): void {
    session.gate |= GATE_PARKED;
  }

  /**
   * Lets a parked session go on: `answer` writes the reply it waited for, then its queued requests run in order. An error is counted as one
   * of `command`.
   */
  unpark(session: Session, answer: (reply: ReplyWriter) => void, command: Command | null = null): void {
    const { broker, discarded, dispatcher, transactions } = this.parts;
    const { call } = dispatcher;
    const channel = session.link as ChannelEnd;
    session.gate &= ~GATE_PARKED;
    if ((session.gate & GATE_CLOSING) !== 0) return;
    if ((session.gate & GATE_TOLD) !== 0) broker.outbox.deliver();
    channel.beginAnyhow(session);
    call.session = session;
    call.reply = session.answerDropped ? discarded.for(session) : channel.reply;
    session.answerDropped = false;
    answer(call.reply);
    if (call.reply.errors !== 0) dispatcher.countFailure(command, call.reply);
    if (transactions.isRunning(session)) transactions.proceed(session);
    this.runParked(channel, session);
  }

  /** Runs what came while the session was parked, until it is parked again. */
  private runParked(channel: ChannelEnd, session: Session): void {
    const { blocked, timer } = this.parts;
    while (session.parkedRequests.length > 0 && (session.gate & GATE_PARKED) === 0) {
      this.runNext(channel, session, session.parkedRequests.shift()!);
      blocked.serveReady(this);
    }
    if (session.parkedRequests.length === 0) channel.resumeReading(session);
    timer.endBatch();
    channel.flush();
  }

  private runNext(channel: ChannelEnd, session: Session, request: RetainedRequest | ParkedRecord): void {
    channel.beginAnyhow(session);
    if ('record' in request) {
      this.parts.records.takeInOrder(channel, session, request.record, request.text);
      return;
    }
    session.parkedBytes -= request.bytes.length;
    this.parts.dispatcher.dispatchDetached(channel, session, request);
  }

  // --- clients that wait for keys -----------------------------------------------------------------

  /** Serves those whose wait the last command has ended. */
  serve(): void {
    const { blocked } = this.parts;
    blocked.serveReady(this);
    blocked.wakeUnblocked(this);
  }

  retry(waiting: Waiting): void {
    const { blocked, dispatcher, figures } = this.parts;
    const { request, session } = waiting;
    const channel = session.link as ChannelEnd;
    channel.beginAnyhow(session);
    session.gate &= ~GATE_PARKED;
    silenceAgain(session);
    const before = session.commands;
    dispatcher.dispatchDetached(channel, session, request);
    // It was counted when it began to wait.
    const counted = session.commands - before;
    session.commands -= counted;
    figures.commands--;
    if (blocked.endRetry(waiting)) {
      session.gate |= GATE_PARKED;
      return;
    }
    session.answerDropped = false;
    this.runParked(channel, session);
  }

  wake({ request, session }: Waiting, answer: (reply: ReplyWriter) => void): void {
    const { stats, table } = this.parts.server;
    stats.record(request.commandId, 1, 0);
    this.unpark(session, answer, table.byId[request.commandId]);
  }

  // --- clients that CLIENT PAUSE has stopped ------------------------------------------------------

  /** The pause is over: those whose commands were held back go on, in the order in which they were stopped. */
  resumePostponed(): void {
    for (const session of this.parts.pause.take()) {
      session.gate &= ~GATE_PARKED;
      session.link.setWaiting(session, false);
      if ((session.gate & GATE_CLOSING) !== 0) continue;
      silenceAgain(session);
      session.answerDropped = false;
      this.runParked(session.link as ChannelEnd, session);
    }
  }
}

/** A command whose reply was to be skipped runs once more: so it is still. */
function silenceAgain(session: Session): void {
  if (!session.answerDropped || session.replyMode !== REPLY_ON) return;
  session.replyMode = REPLY_SKIP_NEXT;
  session.gate |= GATE_REPLY;
}
