/**
 * The executor: the one thread that owns the keyspace.
 *
 * A blocking loop: take the requests of each io worker, run them in order, publish the replies, do what is due,
 * sleep until the doorbell rings or the next timer. Everything it knows comes in by a ring, a mailbox or
 * the clock it was given, so runOnce() with a fake clock and hand-written rings is a complete test of it.
 *
 * A batch is what one ring held when it was looked at, at most BATCH_MAX requests: replies are published and
 * the ring's room given back after each batch.
 *
 * Time: the wall clock is read once per turn. Microseconds per command are measured per *run* (neighbouring
 * calls of one command, shared out evenly), because a clock reading costs as much as a GET; a command that is not
 * O(1) is a run by itself. What is remarkable about a run is for command-watch.ts to say.
 */

import { stringFromBytes } from '../base/bytes.ts';
import type { SipHasher } from '../base/siphash.ts';
import { Call, type RetainedRequest } from '../commands/call.ts';
import { requestBytes } from '../commands/command-logs.ts';
import { BLOCKING, type Command, WRITE } from '../commands/define.ts';
import { PAUSE_NONE } from '../commands/pausing.ts';
import type { Server } from '../commands/server.ts';
import {
  GATE_AUTH,
  GATE_CLOSING,
  GATE_MULTI,
  GATE_NO_TOUCH,
  GATE_PARKED,
  GATE_PUBSUB,
  GATE_PUSHED,
  GATE_REPLY,
  GATE_TRACKING,
  type ParkedRecord,
  REPLY_OFF,
  REPLY_ON,
  REPLY_SKIP_NEXT,
  REPLY_SKIP_THIS,
  Session,
} from '../commands/session.ts';
import { latin1Repr } from '../commands/text.ts';
import type { Eviction } from '../keyspace/eviction.ts';
import type { LoopFigures } from '../observability/figures.ts';
import type { CommandLog } from '../persistence/aof/command-log.ts';
import type { Broker } from '../pubsub/broker.ts';
import * as errors from '../resp/errors.ts';
import { type ReplySink, ReplyWriter } from '../resp/reply-writer.ts';
import type { Doorbell } from '../ring/doorbell.ts';
import { REQUEST_BYTES_LARGE } from '../ring/layout.ts';
import { FRAME_BARRIER, FRAME_FORGOTTEN } from '../ring/reply-ring.ts';
import {
  DESCRIPTOR_ARGC,
  DESCRIPTOR_COMMAND,
  DESCRIPTOR_HASH,
  DESCRIPTOR_SIZE,
  DESCRIPTOR_SLOT,
  DESCRIPTOR_SPANS,
  DESCRIPTOR_START,
  REQUEST_BARRIER,
  REQUEST_CLOSED,
  REQUEST_COMMAND,
  REQUEST_DRAINED,
  REQUEST_END,
  REQUEST_LARGE,
  REQUEST_OPEN,
  REQUEST_PROTOCOL_ERROR,
} from '../ring/request-ring.ts';
import type { ClientTracking } from '../tracking/tracking.ts';
import type { CommandQueue } from '../transactions/command-queue.ts';
import type { SessionTransactions, TransactionRunner } from '../transactions/transactions.ts';
import type { BlockedClients, Waiting, Waker } from './blocked-clients.ts';
import type { ChannelEnd } from './channel-end.ts';
import { type CommandWatch, LOOK_REPLY, LOOK_REQUEST, LOOK_TIME } from './command-watch.ts';
import type { Failure } from './crash-report.ts';
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
import type { Monitors } from './monitors.ts';
import type { Pause } from './pause.ts';
import { TouchAhead } from './touch-ahead.ts';

/** Those who look at every command. The append only file: */
const WATCH_LOG = 1;
/** Clients that are shown every command. */
const WATCH_MONITORS = 2;
/** The search for hot keys. */
const WATCH_KEYS = 4;
/** Requests taken from one ring before the others get their turn. */
const BATCH_MAX = 512;
/** Sessions that are sent what they have not asked for. */
const GATE_TOLD = GATE_PUBSUB | GATE_PUSHED;
/** How often run() lets the event loop have a turn, which is how Node tells of garbage collections. */
const EVENT_LOOP_MS = 1000;
const SPIN_LOOKS_MIN = 32;
const IDLE_CRON_MS = 250;
/** Keys expired between two batches at most: a slice of some 50 us. */
const EXPIRE_SLICE = 100;
/** A session whose queue of parked requests holds more than this is not read any more. */
const PARKED_BYTES_MAX = 1 << 20;
/** Bytes of a name or argument that an unknown command's error shows. */
const UNKNOWN_TEXT_MAX = 128;

/** A command that came outside the ring: input.ts LargeRequest, as it arrives. */
export interface LargeMessage {
  slot: number;
  command: number;
  argc: number;
  hash: number;
  bytes: Uint8Array;
  size: number;
  spans: Int32Array;
}

export interface ExecutorParts {
  server: Server;
  channels: readonly ChannelEnd[];
  hasher: SipHasher;
  doorbell: Doorbell;
  blocked: BlockedClients;
  pause: Pause;
  tracking: ClientTracking;
  monitors: Monitors;
  /** Before a command runs, while maxmemory-clients is set. */
  limitClients: (call: Call, command: Command) => void;
  transactions: SessionTransactions;
  broker: Broker;
  watch: CommandWatch;
  /** The next large command of an io worker's port; it is there before its ring record. */
  receiveLarge: (worker: number) => LargeMessage;
  /** Handles messages of main and bio; called when the doorbell's mail count moved. */
  readMail: () => void;
  /** Saving and loading: a slice between batches; true while there is more to do at once. */
  persist: () => boolean;
  /** Brings up to date what clients' buffers take; called in every turn while memory is limited. */
  countClients: () => void;
  /** Work of every 1/hz seconds: figures, idle rehash, limits. Returns nothing, takes microseconds. */
  cron: () => void;
  /** A thread has failed: tells main what is to be known for the log. */
  reportFailure: (failure: Failure) => void;
  /** Looks at the rings before sleeping, at most: one takes some 10 ns for each io worker. 0 sleeps at once. */
  spinLooksMax: number;
}

/** Replies nobody is to see. */
class DiscardSink implements ReplySink {
  overflow(writer: ReplyWriter): void {
    writer.pos = 0;
  }
}

export class Executor implements Waker, TransactionRunner {
  readonly call: Call;
  /** Server-wide gate bits; 0 lets ordinary sessions pass unchecked. */
  gate = 0;
  stopping = false;
  halted = false;
  /** Figures for INFO threads. */
  readonly figures = {
    batches: 0,
    commands: 0,
    parks: 0,
    wakeups: 0,
    busyUs: 0,
    stallMaxUs: 0,
    turns: 0,
    cronUs: 0,
    commandsMax: 0,
  };
  /** Where loopFigures() counts from: CONFIG RESETSTAT. */
  private readonly base = { turns: 0, awakeUs: 0, commandUs: 0 };
  private readonly server: Server;
  private readonly channels: readonly ChannelEnd[];
  private readonly doorbell: Doorbell;
  private readonly blocked: BlockedClients;
  private readonly pause: Pause;
  private readonly tracking: ClientTracking;
  private readonly monitors: Monitors;
  /** What happens is not the doing of a command. */
  private byItself = false;
  private readonly transactions: SessionTransactions;
  private readonly outbox: Broker['outbox'];
  private readonly eviction: Eviction;
  private readonly parts: ExecutorParts;
  private readonly commands: readonly Command[];
  private readonly discard: ReplyWriter;
  private mailSeen = 0;
  private spinLooks = SPIN_LOOKS_MIN;
  /** When expiry was last looked at, and whether it had more to do. */
  private expireLookMs = 0;
  private expireMore = false;
  private readonly touchAhead: TouchAhead;
  /** Slices of background work are left: expiry, lazy freeing. */
  moreDue = false;
  private leftUs = 0;
  private nextCronMs = 0;
  private commandsAtCron = 0;
  private nextSessionId = 1;
  /** WATCH_* bits: who looks at every command. 0 lets commands run without anybody being asked. */
  private watchers = 0;
  private log: CommandLog | null = null;
  /** The run of equal commands being timed; `runCommand` is the id with which it goes on. */
  private runCommand = -1;
  private runId = 0;
  private runCalls = 0;
  private runStartUs = 0;
  /** LOOK_* bits of the command under way. */
  private look = 0;
  private readonly watch: CommandWatch;

  constructor(parts: ExecutorParts) {
    this.parts = parts;
    this.server = parts.server;
    this.channels = parts.channels;
    this.doorbell = parts.doorbell;
    this.blocked = parts.blocked;
    this.pause = parts.pause;
    this.pause.onChange = () => {
      const isPaused = this.pause.mode !== PAUSE_NONE;
      this.gate = withBit(this.gate, GATE_PAUSED, isPaused);
      this.server.keyspace.frozen = isPaused;
      this.eviction.isPaused = isPaused;
    };
    this.tracking = parts.tracking;
    this.tracking.running = () => (this.byItself ? null : this.call.session);
    this.monitors = parts.monitors;
    this.monitors.onInterest = () => this.setWatcher(WATCH_MONITORS, this.monitors.count > 0);
    this.transactions = parts.transactions;
    parts.transactions.runner = this;
    this.outbox = parts.broker.outbox;
    this.eviction = parts.server.keyspace.eviction;
    this.watch = parts.watch;
    for (const channel of this.channels) channel.onOverflow = this.onOverflow;
    parts.broker.onSettle = (session) => this.deliverBefore(session);
    this.call = new Call(parts.server, parts.hasher);
    this.call.db = parts.server.keyspace.databases[0];
    this.commands = parts.server.table.byId;
    this.touchAhead = new TouchAhead(parts.server.keyspace, this.commands);
    this.discard = new ReplyWriter(new Uint8Array(64 << 10), new DiscardSink());
    this.discard.limit = this.discard.buf.length;
  }

  // --- the loop -----------------------------------------------------------------------------------

  /** The end of the process is near, and everything is saved: what runs from now on is not, so nobody may learn of it. */
  halt(): void {
    this.halted = true;
    for (const channel of this.channels) channel.halted = true;
  }

  /** Runs until `stopping`, or for so long that the event loop of a thread that does nothing else has to have a turn. */
  run(): void {
    this.readClock();
    const untilMs = this.server.nowMs + EVENT_LOOP_MS;
    while (!this.stopping && this.server.nowMs < untilMs) {
      if (!this.runOnce() && !this.spin()) this.sleep();
    }
  }

  /** A thread, this one perhaps, has failed. */
  reportFailure(failure: Failure): void {
    this.parts.reportFailure(failure);
  }

  /** Whether the command in `call` is under way. */
  get isInCommand(): boolean {
    return this.runCalls !== 0;
  }

  /**
   * Looks for work a little longer before sleeping: a futex wake-up costs more than a few looks. How long is learnt: it doubles
   * when something came in time and halves when nothing did, so an idle or a crowded machine pays next to nothing.
   * Returns true when something came.
   */
  private spin(): boolean {
    for (let i = 0; i < this.spinLooks; i++) {
      if (!this.somethingWaits()) continue;
      this.spinLooks = Math.min(this.spinLooks * 2, this.parts.spinLooksMax);
      return true;
    }
    this.spinLooks = Math.max(this.spinLooks >> 1, Math.min(SPIN_LOOKS_MIN, this.parts.spinLooksMax));
    return false;
  }

  /** One turn: every ring once, then what is due. Returns true when there was something to do. */
  runOnce(): boolean {
    this.readClock();
    const { figures } = this;
    const before = figures.commands;
    figures.turns++;
    let worked = false;
    const channels = this.channels;
    for (let i = 0; i < channels.length; i++) if (this.drain(channels[i])) worked = true;
    if (this.doorbell.mail !== this.mailSeen) {
      this.mailSeen = this.doorbell.mail;
      this.parts.readMail();
      this.flushAll();
      worked = true;
    }
    this.moreDue = this.runDue();
    this.deliver();
    if (figures.commands - before > figures.commandsMax) figures.commandsMax = figures.commands - before;
    return this.moreDue || worked;
  }

  /** runOnce() for a thread that sleeps elsewhere: the time since the last call was not the executor's. */
  runAwake(): boolean {
    const { clock } = this.server;
    this.figures.busyUs -= clock.monotonicUs() - this.leftUs;
    const worked = this.runOnce();
    this.leftUs = clock.monotonicUs();
    return worked;
  }

  /** What INFO tells of the loop. */
  loopFigures(): LoopFigures {
    const { base, figures, server } = this;
    return {
      turns: figures.turns - base.turns,
      awakeUs: this.awakeUs - base.awakeUs,
      commandUs: server.stats.commandUs - base.commandUs,
      cronUs: figures.cronUs,
      turnMaxUs: figures.stallMaxUs,
      commandsMax: figures.commandsMax,
    };
  }

  /** Microseconds awake: busyUs counts down while asleep. */
  private get awakeUs(): number {
    return this.figures.busyUs + this.server.clock.monotonicUs();
  }

  /** CONFIG RESETSTAT. */
  resetFigures(): void {
    const { base, figures } = this;
    base.turns = figures.turns;
    base.awakeUs = this.awakeUs;
    base.commandUs = this.server.stats.commandUs;
    figures.stallMaxUs = 0;
    figures.cronUs = 0;
    figures.commandsMax = 0;
  }

  private readClock(): void {
    const server = this.server;
    server.nowMs = server.clock.nowMs();
    server.keyspace.nowMs = server.nowMs;
  }

  /** Sleeps until the doorbell rings or something is due; looks once more after saying so. */
  private sleep(): void {
    const { doorbell, figures, server } = this;
    doorbell.arm();
    if (this.somethingWaits()) {
      doorbell.disarm();
      return;
    }
    const wait = this.nextDueMs() - server.clock.nowMs();
    if (wait <= 0) {
      doorbell.disarm();
      return;
    }
    figures.parks++;
    const before = server.clock.monotonicUs();
    doorbell.wait(wait);
    figures.busyUs -= server.clock.monotonicUs() - before;
    figures.wakeups++;
  }

  /** True when a ring or a mailbox holds something that can be dealt with now. */
  somethingWaits(): boolean {
    if (this.doorbell.mail !== this.mailSeen) return true;
    for (const channel of this.channels) {
      if (channel.starved && channel.roomFreed) return true;
      // What a full channel still holds cannot run before its io worker makes room and rings.
      if (!channel.full && channel.requests.poll()) return true;
    }
    return false;
  }

  /** When the next timer is due, on the clock of the server. */
  nextDueMs(): number {
    const server = this.server;
    let due = this.nextCronMs;
    if (this.expires) {
      for (const db of server.keyspace.databases) if (db.nextExpireMs < due) due = db.nextExpireMs;
    }
    if ((this.gate & GATE_PAUSED) !== 0) due = Math.min(due, this.pause.untilMs + 1);
    return Math.min(due, this.blocked.nextDueMs, server.keyspace.defrag.dueMs);
  }

  /** Timers: a slice of each. Returns true while there is more to do at once. */
  private runDue(): boolean {
    const { server } = this;
    let more = false;
    if (server.nowMs >= this.nextCronMs) {
      this.nextCronMs = server.nowMs + this.cronPeriodMs();
      const startUs = server.clock.monotonicUs();
      this.parts.cron();
      this.figures.cronUs += server.clock.monotonicUs() - startUs;
      this.flushAll();
    }
    if (server.nowMs >= this.blocked.nextDueMs) this.blocked.expire(server.nowMs, this);
    if ((this.gate & GATE_PAUSED) !== 0) this.pause.look();
    if (this.pause.isOver) this.resumePostponed();
    // Nothing can have fallen due since the last look of the same millisecond.
    if (this.expires && (this.expireMore || server.nowMs !== this.expireLookMs)) {
      this.expireLookMs = server.nowMs;
      this.byItself = true;
      this.expireMore = this.expireSlice();
      this.byItself = false;
      more = this.expireMore;
    }
    if ((this.gate & GATE_MAXMEMORY) !== 0) this.parts.countClients();
    if (this.eviction.pending && !server.loading && this.eviction.proceed()) more = true;
    const { defrag } = server.keyspace;
    if (server.nowMs >= defrag.dueMs && !server.loading) {
      const before = defrag.totalUs;
      defrag.slice();
      server.latency.add('active-defrag-cycle', (defrag.totalUs - before) / 1000);
    }
    if (this.parts.persist()) more = true;
    if (this.blocked.hasWork) {
      this.blocked.serveReady(this);
      this.blocked.wakeUnblocked(this);
    }
    this.log?.publish();
    if (server.keyspace.lazyFree.busy) more = server.keyspace.lazyFree.run() || more;
    if (server.keyspace.lazyFree.buffers.length > 0) {
      server.services.release(server.keyspace.lazyFree.buffers);
      server.keyspace.lazyFree.buffers = [];
    }
    return more;
  }

  /** hz times a second; less often while nobody asks for anything, because waking up is all that an idle server does. */
  private cronPeriodMs(): number {
    const period = Math.max(2, Math.floor(1000 / this.server.config.number('hz')));
    const { commands } = this.figures;
    const idle = commands === this.commandsAtCron;
    this.commandsAtCron = commands;
    return idle ? Math.max(period, IDLE_CRON_MS) : period;
  }

  /** Keys are deleted when their time has come, whether somebody asks for them or not. */
  private get expires(): boolean {
    const { server } = this;
    return server.activeExpireEnabled && !server.loading && !server.keyspace.frozen;
  }

  private expireSlice(): boolean {
    let left = EXPIRE_SLICE;
    const { server } = this;
    let startUs = -1;
    for (const db of server.keyspace.databases) {
      if (db.nextExpireMs > server.nowMs) continue;
      if (startUs < 0) startUs = server.clock.monotonicUs();
      left -= db.expireDue(left);
      if (left <= 0) break;
    }
    if (left <= 0) server.stats.expireLimits++;
    if (startUs >= 0) this.countExpireTime(server.clock.monotonicUs() - startUs);
    return left <= 0;
  }

  private countExpireTime(us: number): void {
    this.server.stats.expireUs += us;
    this.server.latency.add('expire-cycle', us / 1000);
  }

  /** Sends what has been published, at the end of a batch or a turn. */
  private deliver(): void {
    const { outbox } = this;
    if (this.tracking.hasBroadcasts) this.tracking.broadcast();
    if (!outbox.isEmpty) outbox.deliver();
    if (!outbox.sent) return;
    outbox.sent = false;
    this.flushAll();
  }

  /** The same in the middle of a batch; what is written next is for `session`. */
  private deliverBefore(session: Session): void {
    const channel = session.link as ChannelEnd;
    this.outbox.deliver();
    if (!channel.begin(session)) channel.beginSpilled(session);
  }

  private flushAll(): void {
    for (const channel of this.channels) channel.flush();
  }

  // --- one ring -----------------------------------------------------------------------------------

  /** Runs what waits in one ring. Returns true when it did something. */
  private drain(channel: ChannelEnd): boolean {
    const requests = channel.requests;
    const pumped = channel.pumpWaiting();
    if (!requests.poll()) {
      if (pumped) channel.flush();
      return pumped;
    }
    channel.full = false;
    channel.startBatch();
    const done = this.runBatch(channel);
    this.endTiming();
    this.deliver();
    channel.flush();
    if (requests.release()) channel.wake();
    if (done === 0) return pumped;
    this.figures.batches++;
    return true;
  }

  private runBatch(channel: ChannelEnd): number {
    const { requests } = channel;
    const words = requests.words;
    const call = this.call;
    call.bytes = requests.bytes;
    call.data = requests.data;
    call.spans = words;
    call.reply = channel.reply;
    let done = 0;
    let commands = 0;
    let touchedUntil = 0;
    for (let at = requests.next(); at >= 0 && done < BATCH_MAX; at = requests.next()) {
      // A guess that costs nothing when it is wrong: the next requests are for the database of the last one.
      if (done === touchedUntil) touchedUntil += this.touchAhead.run(requests, at, call.db);
      if ((words[at] & 0xff) === REQUEST_COMMAND) {
        const session = channel.sessions[words[at + DESCRIPTOR_SLOT]];
        if (session === null || session === undefined)
          throw new Error('a request of a session that is not open');
        if (!channel.begin(session)) break;
        call.base = at + DESCRIPTOR_SPANS;
        call.argc = words[at + DESCRIPTOR_ARGC];
        call.hash = words[at + DESCRIPTOR_HASH];
        this.dispatch(session, words[at + DESCRIPTOR_COMMAND]);
        commands++;
      } else if (!this.runRecord(channel, at)) {
        break;
      }
      requests.advance(at);
      done++;
      if (this.blocked.hasWork) this.serveBlocked(channel);
      if (this.outbox.isLarge) this.outbox.deliver();
    }
    this.figures.commands += commands;
    return done;
  }

  /** Clients whose wait the last command has ended go on; then the batch of `channel` does. */
  private serveBlocked(channel: ChannelEnd): void {
    this.blocked.serveReady(this);
    this.blocked.wakeUnblocked(this);
    const { call } = this;
    const { requests } = channel;
    call.bytes = requests.bytes;
    call.data = requests.data;
    call.spans = requests.words;
    call.reply = channel.reply;
  }

  /** A record that is not an ordinary command. False when it must wait for room. */
  private runRecord(channel: ChannelEnd, at: number): boolean {
    const { words } = channel.requests;
    const slot = words[at + DESCRIPTOR_SLOT];
    const kind = words[at] & 0xff;
    if (kind === REQUEST_OPEN) {
      this.open(channel, slot, this.recordText(channel, at));
      return true;
    }
    const session = channel.sessions[slot];
    if (session === null || session === undefined) return true;
    if (kind === REQUEST_LARGE) return this.runLarge(channel, session);
    if (kind === REQUEST_CLOSED) this.closed(channel, session);
    else if (kind === REQUEST_DRAINED) channel.pump(session);
    else return this.runInOrder(channel, session, kind, this.recordText(channel, at));
    return true;
  }

  /** A record that takes its place among the session's requests. False when it must wait for room. */
  private runInOrder(channel: ChannelEnd, session: Session, kind: number, text: string): boolean {
    if (kind === REQUEST_END && (this.blocked.has(session.id) || this.pause.has(session)))
      this.endOfWaiting(session);
    if ((session.gate & GATE_PARKED) !== 0) session.parkedRequests.push({ record: kind, text });
    else if (kind === REQUEST_BARRIER) channel.signal(FRAME_BARRIER, session);
    else if (kind === REQUEST_END) this.endOfInput(channel, session);
    else if (kind === REQUEST_PROTOCOL_ERROR) return this.protocolError(channel, session, text);
    return true;
  }

  private recordText(channel: ChannelEnd, at: number): string {
    const { words, bytes } = channel.requests;
    const start = words[at + DESCRIPTOR_START];
    let text = '';
    for (let i = 0; i < words[at + DESCRIPTOR_SIZE]; i++) text += String.fromCharCode(bytes[start + i]);
    return text;
  }

  private runLarge(channel: ChannelEnd, session: Session): boolean {
    if (!channel.begin(session)) return false;
    const message = this.parts.receiveLarge(channel.worker);
    this.runElsewhere(
      channel,
      session,
      message.bytes,
      message.spans,
      message.argc,
      message.hash,
      message.command,
    );
    return true;
  }

  /** Runs a command whose bytes are not in the ring; the writer is at `session` already. */
  private runElsewhere(
    channel: ChannelEnd,
    session: Session,
    bytes: Uint8Array,
    spans: Int32Array,
    argc: number,
    hash: number,
    commandId: number,
  ): void {
    const { call } = this;
    call.bytes = bytes;
    call.data = null;
    call.spans = spans;
    call.base = 0;
    call.argc = argc;
    call.hash = hash;
    call.reply = channel.reply;
    if (bytes.length >= REQUEST_BYTES_LARGE) this.look |= LOOK_REQUEST;
    if (hasLongArgument(call)) this.gate |= GATE_LONG_ARGUMENT;
    this.dispatch(session, commandId);
    this.gate &= ~GATE_LONG_ARGUMENT;
    this.figures.commands++;
    call.bytes = channel.requests.bytes;
    call.data = channel.requests.data;
    call.spans = channel.requests.words;
  }

  // --- sessions -----------------------------------------------------------------------------------

  private open(channel: ChannelEnd, slot: number, addresses: string): void {
    const { server } = this;
    const [address, local] = addresses.split(' ');
    const session = new Session(
      this.nextSessionId++,
      slot,
      channel,
      address,
      local ?? '',
      server.keyspace.databases[0],
      server.nowMs,
    );
    session.authenticated = server.config.string('requirepass') === '';
    if (!session.authenticated) session.gate |= GATE_AUTH;
    channel.sessions[slot] = session;
    channel.setAuthenticated(session);
    server.sessions.set(session.id, session);
    server.stats.connections++;
  }

  /** The io worker has closed the socket: forgets the session and lets the slot be used again. */
  private closed(channel: ChannelEnd, session: Session): void {
    session.gate |= GATE_CLOSING;
    this.server.sessions.delete(session.id);
    this.blocked.remove(session);
    this.pause.remove(session);
    this.transactions.discard(session);
    this.server.pubsub.forget(session);
    this.tracking.disable(session);
    this.monitors.remove(session);
    channel.drop(session);
    channel.signalSlot(FRAME_FORGOTTEN, session.slot);
  }

  /** The peer sends no more: what came before is answered, then the socket is closed. */
  private endOfInput(channel: ChannelEnd, session: Session): void {
    if ((session.gate & GATE_CLOSING) === 0) channel.closeAfterReply(session);
  }

  /** A client that waits for a key has gone: what it waits for, and what it sent behind, is for nobody. */
  private endOfWaiting(session: Session): void {
    this.blocked.remove(session);
    this.pause.remove(session);
    session.parkedRequests.length = 0;
    session.parkedBytes = 0;
    session.gate &= ~GATE_PARKED;
  }

  private protocolError(channel: ChannelEnd, session: Session, text: string): boolean {
    if ((session.gate & GATE_CLOSING) !== 0) return true;
    if (!channel.begin(session)) return false;
    const writer = (session.gate & GATE_REPLY) !== 0 ? this.discardFor(session) : channel.reply;
    writer.error(`ERR ${text}`);
    this.countFailure(null, writer);
    channel.closeAfterReply(session);
    return true;
  }

  // --- one command --------------------------------------------------------------------------------

  /**
   * Runs the command in `call` for `session`. The common case, nothing set that could forbid it, allocates nothing
   * and costs two comparisons before the handler.
   */
  private dispatch(session: Session, id: number): void {
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
    const { call } = this;
    if (wrongArity(command, call.argc)) {
      this.reject(command, errors.wrongArity(command.fullName));
      return;
    }
    if (command.id !== this.runCommand) this.startRun(session, command);
    this.runCalls++;
    session.commands++;
    session.lastCommand = command;
    session.lastCommandMs = this.server.nowMs;
    if (this.watchers === 0) command.handler!(call);
    else this.executeWatched(command);
    if ((call.reply.errors | this.look) !== 0) this.lookBack(session, command);
  }

  /** What is to be said of a command that has just run, `call` still being its. */
  private lookBack(session: Session, command: Command): void {
    const { call, look } = this;
    if (call.reply.errors !== 0) this.countFailure(command, call.reply);
    if (look === 0) return;
    this.look = 0;
    if ((look & LOOK_TIME) !== 0) {
      if ((command.flags & BLOCKING) !== 0 && this.blocked.waits(session)) {
        this.leaveRun();
        return;
      }
      this.endRun();
    }
    const channel = session.link as ChannelEnd;
    this.watch.sizes(call, look, call.reply === channel.reply ? channel.replyBytes : 0);
  }

  /** A reply did not fit the memory it was begun in. */
  private readonly onOverflow = (): void => {
    this.look |= LOOK_REPLY;
  };

  /** The way through every gate. */
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
      this.queueParked(session, command.id);
      return;
    }
    if ((this.gate & GATE_CLIENT_MEMORY) !== 0) {
      this.parts.limitClients(this.call, command);
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

  /** Whether CLIENT PAUSE holds the command of the call back. */
  private mustWait(command: Command): boolean {
    return this.pause.holds(this.call, command) && !this.blocked.isRetrying;
  }

  /** Keeps the call until the pause is over. */
  private postpone(session: Session, command: Command): void {
    const request = this.call.retain();
    request.commandId = command.parent?.id ?? command.id;
    session.parkedRequests.unshift(request);
    session.parkedBytes += request.bytes.length;
    session.gate |= GATE_PARKED;
    session.link.setWaiting(session, true);
    this.pause.add(session);
  }

  /** The pause is over: those whose commands were held back go on, in the order in which they were stopped. */
  private resumePostponed(): void {
    for (const session of this.pause.take()) {
      session.gate &= ~GATE_PARKED;
      session.link.setWaiting(session, false);
      if ((session.gate & GATE_CLOSING) !== 0) continue;
      this.silenceAgain(session);
      session.answerDropped = false;
      this.runParked(session.link as ChannelEnd, session);
    }
  }

  /** Runs a command that has passed the gates. */
  private executeAllowed(session: Session, command: Command): void {
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

  /** Somebody looks at what commands do (see WATCH_*): each has its say before or after the handler. */
  private executeWatched(command: Command): void {
    if ((this.watchers & WATCH_KEYS) !== 0 && this.server.hotKeys.isSampled()) this.executeSampled(command);
    else this.executeForLog(command);
  }

  /** Measures the command for the search for hot keys. */
  private executeSampled(command: Command): void {
    const { call, server } = this;
    const channel = call.session.link as ChannelEnd;
    const before = call.reply === channel.reply ? channel.replyBytes : 0;
    const startUs = server.clock.monotonicUs();
    this.executeForLog(command);
    const us = server.clock.monotonicUs() - startUs;
    if ((command.flags & BLOCKING) !== 0 && this.blocked.waits(call.session)) return;
    const replied = call.reply === channel.reply ? channel.replyBytes - before : 0;
    server.hotKeys.add(call, us, requestBytes(call) + replied);
  }

  private executeForLog(command: Command): void {
    if ((this.watchers & WATCH_LOG) !== 0) this.executeLogged(command, this.log!);
    else command.handler!(this.call);
    if ((this.watchers & WATCH_MONITORS) !== 0 && !this.blocked.isRetrying)
      this.monitors.show(this.call, command);
  }

  private executeLogged(command: Command, log: CommandLog): void {
    const { call } = this;
    const { keyspace } = this.server;
    const { dirty } = keyspace;
    const { position } = log;
    log.before(call.db);
    command.handler!(call);
    log.after(call, keyspace.dirty !== dirty);
    if (log.position !== position) call.session.logPosition = log.position;
  }

  /** From now on what commands change is logged; null: nothing is. */
  setLog(log: CommandLog | null): void {
    this.log = log;
    this.call.log = log;
    this.setWatcher(WATCH_LOG, log !== null);
    for (const channel of this.channels) channel.log = log;
  }

  /** Whether commands are looked at to find the keys that they use most. */
  watchKeys(isOn: boolean): void {
    this.setWatcher(WATCH_KEYS, isOn);
  }

  /** Whether one of those who look at every command does. */
  private setWatcher(watcher: number, on: boolean): void {
    this.watchers = on ? this.watchers | watcher : this.watchers & ~watcher;
  }

  /** A command of a file that is loaded: nobody gets the reply, and it is not logged. */
  runForPlayer(session: Session, id: number, bytes: Uint8Array, spans: Int32Array, argc: number): void {
    const { call, discard } = this;
    let command = this.commands[id];
    call.bytes = bytes;
    call.data = null;
    call.spans = spans;
    call.base = 0;
    call.argc = argc;
    call.session = session;
    call.db = session.db;
    call.reply = discard;
    discard.pos = 0;
    call.command = command;
    if (command.children !== null) {
      const child = this.subcommand(command);
      if (child === null) return;
      command = child;
      call.command = child;
    }
    const { firstKey } = command;
    call.hash =
      firstKey > 0 && firstKey < argc ? call.hashOf(bytes, call.start(firstKey), call.end(firstKey)) : 0;
    if (wrongArity(command, argc)) discard.error(errors.wrongArity(command.fullName));
    else command.handler!(call);
    if (discard.errors !== 0) this.warnOfFailure(command, discard);
  }

  /** A command that was run once fails now: the data is not what it was. */
  private warnOfFailure(command: Command, { lastError }: ReplyWriter): void {
    this.server.services.log(
      'warning',
      `== CRITICAL == This server is sending an error to its AOF-loading-client: '${lastError}' after processing the command '${command.fullName}'`,
    );
    this.discard.errors = 0;
  }

  /** Does work for which the call is used, without logging anything, in the middle of a command. */
  aside(work: () => void): void {
    const { call, log } = this;
    const { argc, base, bytes, command, data, db, hash, reply, session, spans } = call;
    const { watchers } = this;
    this.log = null;
    this.watchers = 0;
    call.log = null;
    try {
      work();
    } finally {
      this.log = log;
      this.watchers = watchers;
      Object.assign(call, { argc, base, bytes, command, data, db, hash, log, reply, session, spans });
    }
  }

  /** CLIENT NO-TOUCH: only TOUCH itself leaves a trace on the keys it names. */
  private executeQuietly(session: Session, command: Command): void {
    const { access } = this.server.keyspace;
    access.setQuiet(command.name !== 'TOUCH');
    this.execute(session, command);
    access.setQuiet(false);
  }

  /** CLIENT REPLY OFF and SKIP: the command runs, its reply goes nowhere. */
  private dispatchSilently(session: Session, command: Command | null): void {
    const { call } = this;
    const writer = call.reply;
    if (session.replyMode === REPLY_SKIP_NEXT) session.replyMode = REPLY_SKIP_THIS;
    call.reply = this.discardFor(session);
    if (command === null) this.replyUnknown();
    else this.dispatchChecked(session, command);
    call.reply = writer;
    if ((session.gate & GATE_PARKED) !== 0) session.answerDropped = session.replyMode !== REPLY_ON;
    writer.resp = session.resp;
    // The command that switches replies on is answered, in spite of what was before.
    if (session.replyMode === REPLY_ON) writer.raw(this.discard.buf, 0, this.discard.pos);
    if (session.replyMode === REPLY_SKIP_THIS) session.replyMode = REPLY_ON;
    if (session.replyMode !== REPLY_OFF && session.replyMode !== REPLY_SKIP_NEXT) session.gate &= ~GATE_REPLY;
  }

  /** A writer whose bytes nobody will see. */
  private discardFor(session: Session): ReplyWriter {
    this.discard.resp = session.resp;
    this.discard.pos = 0;
    return this.discard;
  }

  /** The subcommand that argument 1 names, or null after an error reply. */
  private subcommand(container: Command): Command | null {
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
    if ((session.gate & GATE_PARKED) !== 0) this.queueParked(session, -1);
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

  private countFailure(command: Command | null, reply: ReplyWriter): void {
    if (command !== null) this.server.stats.failed[command.id]++;
    this.server.stats.countError(reply.lastError);
    reply.errors = 0;
  }

  // --- transactions -------------------------------------------------------------------------------

  /** A client that queues more than it may send without an answer is disconnected. */
  private queueForExec(session: Session, command: Command): void {
    if (this.transactions.queue(this.call, command)) return;
    const { services } = this.server;
    services.log(
      'warning',
      `Closing client that reached max query buffer length: id=${session.id} addr=${session.address}`,
    );
    session.link.close(session);
  }

  runTransaction(session: Session, queue: CommandQueue): void {
    const { call, log } = this;
    const { argc, base, bytes, command, data, hash, spans } = call;
    const { lastCommand } = session;
    const logged = log?.position;
    const startUs = this.suspendRun();
    log?.beginTransaction();
    while (!queue.isDone && (session.gate & GATE_PARKED) === 0) {
      const queued = this.commands[queue.load(call)];
      call.command = queued;
      call.db = session.db;
      (session.link as ChannelEnd).startReply();
      this.executeAllowed(session, queued);
    }
    log?.endTransaction();
    if (log !== null && log.position !== logged) session.logPosition = log.position;
    this.endRun();
    this.look = 0;
    if (startUs >= 0) {
      this.server.stats.record(command.id, 1, this.runStartUs - startUs);
      this.watch.spike(command, this.runStartUs - startUs);
    }
    call.command = command;
    call.bytes = bytes;
    call.data = data;
    call.spans = spans;
    call.base = base;
    call.argc = argc;
    call.hash = hash;
    session.lastCommand = lastCommand;
    if (queue.isDone) this.transactions.end(session);
  }

  // --- time per command ---------------------------------------------------------------------------

  private startRun(session: Session, command: Command): void {
    if (this.runCalls !== 0) this.endRun();
    const { id } = command;
    const alone = this.watch.alone[id];
    // A command that is measured by itself has a run that no other continues.
    this.runCommand = alone === 0 ? id : -1;
    this.runId = id;
    this.look = (this.look & LOOK_REQUEST) | alone;
    this.watch.begin(this.call, session, command);
    if (this.runStartUs === 0) this.runStartUs = this.server.clock.monotonicUs();
  }

  /** Shares the time since the run began out among its calls; the next run begins where it ended. */
  private endRun(): void {
    if (this.runCalls === 0) return;
    const nowUs = this.server.clock.monotonicUs();
    const elapsed = nowUs - this.runStartUs;
    if (elapsed >= this.watch.noteUs) this.watch.slow(this.runCalls, elapsed);
    this.server.stats.record(this.runId, this.runCalls, elapsed);
    if (elapsed > this.figures.stallMaxUs) this.figures.stallMaxUs = elapsed;
    this.runCalls = 0;
    this.runCommand = -1;
    this.runStartUs = nowUs;
  }

  /** The command under way began to wait: it counts when that is over, the time that it took so far does now. */
  private leaveRun(): void {
    const nowUs = this.server.clock.monotonicUs();
    this.server.stats.usec[this.runId] += nowUs - this.runStartUs;
    this.runCalls = 0;
    this.runStartUs = nowUs;
  }

  /** Lets other commands run as part of the one under way. Returns when that began; -1 when it has been counted before. */
  private suspendRun(): number {
    if (this.runCalls === 0) return -1;
    this.runCalls = 0;
    this.runCommand = -1;
    return this.runStartUs;
  }

  /** Ends the timing of a batch: what follows is not the last command's time. */
  private endTiming(): void {
    this.endRun();
    this.runStartUs = 0;
    this.watch.end();
  }

  // --- parked sessions ----------------------------------------------------------------------------

  /** Keeps the request until the session is unparked; a long queue stops the reading. */
  private queueParked(session: Session, commandId: number): void {
    const request = this.call.retain();
    request.commandId = commandId;
    session.parkedRequests.push(request);
    session.parkedBytes += request.bytes.length;
    if (session.parkedBytes > PARKED_BYTES_MAX) (session.link as ChannelEnd).pauseReading(session);
  }

  /** Lets no request of the session run until unpark(). */
  park(session: Session): void {
    session.gate |= GATE_PARKED;
  }

  /**
   * Lets a parked session go on: `answer` writes the reply it waited for, then its queued requests run in order. An error is counted as one
   * of `command`.
   */
  unpark(session: Session, answer: () => void, command: Command | null = null): void {
    const channel = session.link as ChannelEnd;
    session.gate &= ~GATE_PARKED;
    if ((session.gate & GATE_CLOSING) !== 0) return;
    if ((session.gate & GATE_TOLD) !== 0) this.outbox.deliver();
    // Outside a batch the ring may be full; a spill queue always has room.
    if (!channel.begin(session)) channel.beginSpilled(session);
    this.call.session = session;
    this.call.reply = session.answerDropped ? this.discardFor(session) : channel.reply;
    session.answerDropped = false;
    answer();
    if (this.call.reply.errors !== 0) this.countFailure(command, this.call.reply);
    if (this.transactions.isRunning(session)) this.runTransaction(session, session.queue as CommandQueue);
    this.runParked(channel, session);
  }

  /** Runs what came while the session was parked, until it is parked again. */
  private runParked(channel: ChannelEnd, session: Session): void {
    while (session.parkedRequests.length > 0 && (session.gate & GATE_PARKED) === 0) {
      this.runQueued(channel, session, session.parkedRequests.shift()!);
      this.blocked.serveReady(this);
    }
    if (session.parkedRequests.length === 0) channel.resumeReading(session);
    this.endTiming();
    channel.flush();
  }

  // --- clients that wait for keys -----------------------------------------------------------------

  retry(waiting: Waiting): void {
    const { request, session } = waiting;
    const channel = session.link as ChannelEnd;
    if (!channel.begin(session)) channel.beginSpilled(session);
    session.gate &= ~GATE_PARKED;
    this.silenceAgain(session);
    const before = session.commands;
    this.runElsewhere(
      channel,
      session,
      request.bytes,
      request.spans,
      request.argc,
      request.hash,
      request.commandId,
    );
    // It was counted when it began to wait.
    const counted = session.commands - before;
    session.commands -= counted;
    this.figures.commands--;
    if (this.blocked.endRetry(waiting)) {
      session.gate |= GATE_PARKED;
      return;
    }
    session.answerDropped = false;
    this.runParked(channel, session);
  }

  /** A command whose reply was to be skipped runs once more: so it is still. */
  private silenceAgain(session: Session): void {
    if (!session.answerDropped || session.replyMode !== REPLY_ON) return;
    session.replyMode = REPLY_SKIP_NEXT;
    session.gate |= GATE_REPLY;
  }

  wake({ request, session }: Waiting, answer: (reply: ReplyWriter) => void): void {
    const { stats, table } = this.server;
    stats.record(request.commandId, 1, 0);
    this.unpark(session, () => answer(this.call.reply), table.byId[request.commandId]);
  }

  private runQueued(channel: ChannelEnd, session: Session, request: RetainedRequest | ParkedRecord): void {
    if (!channel.begin(session)) channel.beginSpilled(session);
    if ('record' in request) {
      this.runInOrder(channel, session, request.record, request.text);
      return;
    }
    session.parkedBytes -= request.bytes.length;
    this.runElsewhere(
      channel,
      session,
      request.bytes,
      request.spans,
      request.argc,
      request.hash,
      request.commandId,
    );
  }
}
