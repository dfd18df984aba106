/**
 * The way of one command: from the request in `call` through the gates to its handler.
 *
 *   dispatch -> execute                                          nothing is set that could forbid it
 *            -> dispatchGuarded -> execute                       memory is limited and not exceeded
 *                               -> queueForExec                  between MULTI and EXEC, and nothing else is set
 *                               -> dispatchChecked -> executeAllowed -> execute
 *
 * What sets a session apart is in `session.gate`, what concerns all of them in `gate`. The common case allocates nothing and costs two comparisons
 * before the handler. What is measured is for command-timer.ts to say, who looks on for command-observers.ts.
 */
import { stringFromBytes } from '../base/bytes.ts';
import type { Call } from '../commands/call.ts';
import { BLOCKING, type Command, WRITE } from '../commands/define.ts';
import { PAUSE_NONE } from '../commands/pausing.ts';
import type { Server } from '../commands/server.ts';
import {
  GATE_CLOSING,
  GATE_MULTI,
  GATE_NO_TOUCH,
  GATE_PARKED,
  GATE_PUBSUB,
  GATE_PUSHED,
  GATE_REPLY,
  GATE_TRACKING,
  REPLY_OFF,
  REPLY_ON,
  REPLY_SKIP_NEXT,
  REPLY_SKIP_THIS,
  type Session,
} from '../commands/session.ts';
import { latin1Repr } from '../commands/text.ts';
import type { Eviction } from '../keyspace/eviction.ts';
import type { Broker } from '../pubsub/broker.ts';
import * as errors from '../resp/errors.ts';
import type { ReplyWriter } from '../resp/reply-writer.ts';
import { REQUEST_BYTES_LARGE } from '../ring/layout.ts';
import type { ClientTracking } from '../tracking/tracking.ts';
import type { SessionTransactions } from '../transactions/transactions.ts';
import type { BlockedClients } from './blocked-clients.ts';
import type { ChannelEnd } from './channel-end.ts';
import type { CommandObservers } from './command-observers.ts';
import type { CommandTimer } from './command-timer.ts';
import { type CommandWatch, LOOK_REPLY, LOOK_REQUEST, LOOK_TIME } from './command-watch.ts';
import type { DiscardedReplies } from './discarded-replies.ts';
import type { ExecutorFigures } from './executor-figures.ts';
import {
  GATE_CLIENT_MEMORY,
  GATE_LONG_ARGUMENT,
  GATE_MAXMEMORY,
  GATE_PAUSED,
  hasLongArgument,
  refusal,
  withBit,
  wrongArity,
} from './gates.ts';
import { parkRequest, postponeRequest } from './parked-requests.ts';
import type { Pause } from './pause.ts';

/** Sessions that are sent what they have not asked for. */
export const GATE_TOLD = GATE_PUBSUB | GATE_PUSHED;
/** Bytes of a name or argument that an unknown command's error shows. */
const UNKNOWN_TEXT_MAX = 128;

/** A command whose bytes are not in the ring. */
export interface DetachedRequest {
  bytes: Uint8Array;
  spans: Int32Array;
  argc: number;
  hash: number;
  commandId: number;
}

export interface DispatcherParts {
  call: Call;
  server: Server;
  channels: readonly ChannelEnd[];
  blocked: BlockedClients;
  pause: Pause;
  tracking: ClientTracking;
  /** Before a command runs, while maxmemory-clients is set. */
  limitClients: (call: Call, command: Command) => void;
  transactions: SessionTransactions;
  broker: Broker;
  watch: CommandWatch;
  timer: CommandTimer;
  observers: CommandObservers;
  discarded: DiscardedReplies;
  figures: ExecutorFigures;
}

export class Dispatcher {
  /** Server-wide gate bits; 0 lets ordinary sessions pass unchecked. */
  gate = 0;
  readonly call: Call;
  private readonly server: Server;
  private readonly commands: readonly Command[];
  private readonly timer: CommandTimer;
  private readonly observers: CommandObservers;
  private readonly watch: CommandWatch;
  private readonly blocked: BlockedClients;
  private readonly pause: Pause;
  private readonly tracking: ClientTracking;
  private readonly transactions: SessionTransactions;
  private readonly outbox: Broker['outbox'];
  private readonly eviction: Eviction;
  private readonly discarded: DiscardedReplies;
  private readonly figures: ExecutorFigures;
  private readonly limitClients: (call: Call, command: Command) => void;

  constructor(parts: DispatcherParts) {
    this.call = parts.call;
    this.server = parts.server;
    this.commands = parts.server.table.byId;
    this.timer = parts.timer;
    this.observers = parts.observers;
    this.watch = parts.watch;
    this.blocked = parts.blocked;
    this.pause = parts.pause;
    this.pause.onChange = () => this.followPause();
    this.tracking = parts.tracking;
    this.transactions = parts.transactions;
    this.outbox = parts.broker.outbox;
    parts.broker.onSettle = (session) => this.deliverBefore(session);
    this.eviction = parts.server.keyspace.eviction;
    this.discarded = parts.discarded;
    this.figures = parts.figures;
    this.limitClients = parts.limitClients;
    for (const channel of parts.channels) channel.onOverflow = this.onOverflow;
  }

  /** A reason for all sessions to look closer is there, or not any more. */
  setGate(bit: number, isSet: boolean): void {
    this.gate = withBit(this.gate, bit, isSet);
  }

  /** CLIENT PAUSE has begun or ended. */
  private followPause(): void {
    const isPaused = this.pause.mode !== PAUSE_NONE;
    this.setGate(GATE_PAUSED, isPaused);
    this.server.keyspace.frozen = isPaused;
    this.eviction.isPaused = isPaused;
  }

  /** A reply did not fit the memory it was begun in. */
  private readonly onOverflow = (): void => {
    this.timer.look |= LOOK_REPLY;
  };

  // --- the common way -----------------------------------------------------------------------------

  /** Runs the command in `call`, or whatever the gates make of it, for `session`; `id` is -1 for a command that there is not. */
  dispatch(session: Session, id: number): void {
    const { call } = this;
    call.session = session;
    call.db = session.db;
    if (id < 0) {
      this.unknown(session);
      return;
    }
    const command = this.commands[id];
    call.command = command;
    if ((session.gate | this.gate) !== 0 || command.handler === undefined) {
      this.dispatchGuarded(session, command);
      return;
    }
    this.execute(session, command);
  }

  private execute(session: Session, command: Command): void {
    const { call, timer } = this;
    if (wrongArity(command, call.argc)) {
      this.reject(command, errors.wrongArity(command.fullName));
      return;
    }
    if (command.id !== timer.command) timer.start(call, session, command);
    timer.calls++;
    session.commands++;
    session.lastCommand = command;
    session.lastCommandMs = this.server.nowMs;
    if (this.observers.interest === 0) command.handler!(call);
    else this.observers.run(command);
    if ((call.reply.errors | timer.look) !== 0) this.lookBack(session, command);
  }

  /** What is to be said of a command that has just run, `call` still being its. */
  private lookBack(session: Session, command: Command): void {
    const { call, timer } = this;
    const { look } = timer;
    if (call.reply.errors !== 0) this.countFailure(command, call.reply);
    if (look === 0) return;
    timer.look = 0;
    if ((look & LOOK_TIME) !== 0) {
      if ((command.flags & BLOCKING) !== 0 && this.blocked.waits(session)) {
        timer.leave();
        return;
      }
      timer.end();
    }
    const channel = session.link as ChannelEnd;
    this.watch.sizes(call, look, call.reply === channel.reply ? channel.replyBytes : 0);
  }

  /** Runs a command whose bytes are not in the ring; the channel's writer is at `session` already. */
  dispatchDetached(channel: ChannelEnd, session: Session, request: DetachedRequest): void {
    const { call } = this;
    const { bytes } = request;
    call.bytes = bytes;
    call.data = null;
    call.spans = request.spans;
    call.base = 0;
    call.argc = request.argc;
    call.hash = request.hash;
    call.reply = channel.reply;
    if (bytes.length >= REQUEST_BYTES_LARGE) this.timer.look |= LOOK_REQUEST;
    if (hasLongArgument(call)) this.gate |= GATE_LONG_ARGUMENT;
    this.dispatch(session, request.commandId);
    this.gate &= ~GATE_LONG_ARGUMENT;
    this.figures.commands++;
    this.pointAtRing(channel);
  }

  /** The call is for requests of the channel's ring from now on. */
  pointAtRing({ reply, requests }: ChannelEnd): void {
    const { call } = this;
    call.bytes = requests.bytes;
    call.data = requests.data;
    call.spans = requests.words;
    call.reply = reply;
  }

  // --- the way through every gate -----------------------------------------------------------------

  private dispatchGuarded(session: Session, command: Command): void {
    if ((session.gate | (this.gate ^ GATE_MAXMEMORY)) === 0 && !this.eviction.isExceeded) {
      // Memory is limited, and nothing else: the limit is all there is to look at.
      if (command.handler !== undefined) {
        this.execute(session, command);
        return;
      }
    }
    if (session.gate === GATE_MULTI && this.gate === 0 && this.transactions.isPlain[command.id] === 1) {
      // A transaction is begun, and nothing else is set.
      if (!wrongArity(command, this.call.argc)) {
        this.queueForExec(session, command);
        return;
      }
    }
    if ((session.gate & GATE_CLOSING) !== 0) return;
    if ((session.gate & GATE_TOLD) !== 0 && !this.outbox.isEmpty) this.deliverBefore(session);
    if ((session.gate & GATE_PARKED) !== 0) {
      parkRequest(this.call, command.id);
      return;
    }
    if ((this.gate & GATE_CLIENT_MEMORY) !== 0) {
      this.limitClients(this.call, command);
      if ((session.gate & GATE_CLOSING) !== 0) return;
    }
    if ((session.gate & GATE_REPLY) !== 0) {
      this.dispatchSilently(session, command);
      return;
    }
    this.dispatchChecked(session, command);
  }

  private dispatchChecked(session: Session, command: Command): void {
    const { call } = this;
    if (command.children !== null) {
      const child = this.subcommand(command);
      if (child === null) return;
      command = child;
      call.command = child;
    }
    if (wrongArity(command, call.argc)) {
      this.reject(command, errors.wrongArity(command.fullName));
      return;
    }
    const text = refusal(call, command, this.gate);
    // What made room for the command is told before its reply.
    if ((session.gate & GATE_TOLD) !== 0 && !this.outbox.isEmpty) this.deliverBefore(session);
    if (text !== null) this.reject(command, text);
    else if ((this.gate & GATE_PAUSED) !== 0 && this.mustWait(command)) this.postpone(session, command);
    else if ((session.gate & GATE_MULTI) !== 0 && this.transactions.isQueued(command))
      this.queueForExec(session, command);
    else this.executeAllowed(session, command);
  }

  /** Sends what has been published, in the middle of a batch; what is written next is for `session`. */
  private deliverBefore(session: Session): void {
    this.outbox.deliver();
    (session.link as ChannelEnd).beginAnyhow(session);
  }

  /** Whether CLIENT PAUSE holds the command of the call back. */
  private mustWait(command: Command): boolean {
    return this.pause.holds(this.call, command) && !this.blocked.isRetrying;
  }

  /** Keeps the call until the pause is over. */
  private postpone(session: Session, command: Command): void {
    postponeRequest(this.call, command);
    this.pause.add(session);
  }

  /** A client that queues more than it may send without an answer is disconnected. */
  private queueForExec(session: Session, command: Command): void {
    const { requests } = session.link as ChannelEnd;
    const ring = this.call.bytes === requests.bytes ? requests : null;
    if (this.transactions.queue(this.call, command, ring)) return;
    const { services } = this.server;
    services.log(
      'warning',
      `Closing client that reached max query buffer length: id=${session.id} addr=${session.address}`,
    );
    session.link.close(session);
  }

  /** Runs a command that has passed the gates. */
  executeAllowed(session: Session, command: Command): void {
    if ((this.gate & GATE_PAUSED) !== 0) this.executePaused(session, command);
    else this.executeFreely(session, command);
  }

  /** A command that runs during a pause. What writes finds the keys that are due gone, as ever: it could not put others in their place. */
  private executePaused(session: Session, command: Command): void {
    const { keyspace } = this.server;
    keyspace.frozen = (command.flags & WRITE) === 0;
    this.executeFreely(session, command);
    keyspace.frozen = (this.gate & GATE_PAUSED) !== 0;
  }

  private executeFreely(session: Session, command: Command): void {
    if ((session.gate & GATE_NO_TOUCH) !== 0) this.executeQuietly(session, command);
    else this.execute(session, command);
    if ((session.gate & GATE_TRACKING) !== 0) this.tracking.ran(session, this.call, command);
  }

  /** CLIENT NO-TOUCH: only TOUCH itself leaves a trace on the keys it names. */
  private executeQuietly(session: Session, command: Command): void {
    const { access } = this.server.keyspace;
    access.setQuiet(command.name !== 'TOUCH');
    this.execute(session, command);
    access.setQuiet(false);
  }

  /** CLIENT REPLY OFF and SKIP: the command (null: one that there is not) runs, its reply goes nowhere. */
  private dispatchSilently(session: Session, command: Command | null): void {
    const { call } = this;
    const writer = call.reply;
    if (session.replyMode === REPLY_SKIP_NEXT) session.replyMode = REPLY_SKIP_THIS;
    const silent = this.discarded.for(session);
    call.reply = silent;
    if (command === null) this.replyUnknown();
    else this.dispatchChecked(session, command);
    call.reply = writer;
    if ((session.gate & GATE_PARKED) !== 0) session.answerDropped = session.replyMode !== REPLY_ON;
    writer.resp = session.resp;
    // The command that switches replies on is answered, in spite of what was before.
    if (session.replyMode === REPLY_ON) writer.raw(silent.buf, 0, silent.pos);
    if (session.replyMode === REPLY_SKIP_THIS) session.replyMode = REPLY_ON;
    if (session.replyMode !== REPLY_OFF && session.replyMode !== REPLY_SKIP_NEXT) session.gate &= ~GATE_REPLY;
  }

  // --- what is refused ----------------------------------------------------------------------------

  /** The subcommand that argument 1 names, or null after an error reply. */
  subcommand(container: Command): Command | null {
    const { call } = this;
    if (call.argc < 2) {
      if (container.alone !== null) return container.alone;
      this.reject(container, errors.wrongArity(container.fullName));
      return null;
    }
    const child = container.children!.get(call.lowerText(1));
    if (child !== undefined) return child;
    this.reject(container, errors.unknownSubcommand(latin1Repr(call.text(1)), container.name));
    return null;
  }

  private unknown(session: Session): void {
    if ((session.gate & GATE_CLOSING) !== 0) return;
    if ((session.gate & GATE_TOLD) !== 0 && !this.outbox.isEmpty) this.deliverBefore(session);
    if ((session.gate & GATE_PARKED) !== 0) parkRequest(this.call, -1);
    else if ((session.gate & GATE_REPLY) !== 0) this.dispatchSilently(session, null);
    else this.replyUnknown();
  }

  private replyUnknown(): void {
    const { call } = this;
    let args = '';
    for (let i = 1; i < call.argc && args.length < UNKNOWN_TEXT_MAX; i++)
      args += `'${this.shortText(i, UNKNOWN_TEXT_MAX - args.length)}' `;
    this.replyRefusal(null, errors.unknownCommand(this.shortText(0, UNKNOWN_TEXT_MAX), args));
  }

  /** At most `size` characters of an argument, as an error text shows them. */
  private shortText(index: number, size: number): string {
    const { call } = this;
    const start = call.start(index);
    return latin1Repr(stringFromBytes(call.bytes, start, Math.min(call.end(index), start + size)));
  }

  private reject(command: Command, text: string): void {
    this.server.stats.rejected[command.id]++;
    this.replyRefusal(command, text);
  }

  /** Replies why a command (null: one that there is not) does not run; a transaction that it was to be part of will not either. */
  private replyRefusal(command: Command | null, text: string): void {
    const { reply, session } = this.call;
    const inMulti = (session.gate & GATE_MULTI) !== 0;
    reply.error(inMulti ? this.transactions.refuse(session, command, text) : text);
    this.countFailure(null, reply);
  }

  /** An error was replied: by a command (null: by none) that had begun to run. */
  countFailure(command: Command | null, reply: ReplyWriter): void {
    if (command !== null) this.server.stats.failed[command.id]++;
    this.server.stats.countError(reply.lastError);
    reply.errors = 0;
  }
}
