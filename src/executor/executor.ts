/**
 * The executor: the one thread that owns the keyspace.
 *
 * A blocking loop: take the requests of each io worker, run them in order, publish the replies, do what is due,
 * sleep until the doorbell rings or the next timer. Everything it knows comes in by a ring, a mailbox or
 * the clock it was given, so runOnce() with a fake clock and hand-written rings is a complete test of it.
 *
 * A batch is what one ring held when it was looked at, at most BATCH_MAX requests: replies are published and
 * the ring's room given back after each batch. The wall clock is read once per turn.
 *
 * The loop and the batches are here. Its parts, each of which knows those above it and none below:
 *
 *   CommandTimer, CommandObservers   how long commands take; who looks at them
 *   Dispatcher                       one command, through the gates to its handler
 *   TransactionPlayer                the commands of an EXEC
 *   LoadedCommands                   those of a file that is loaded
 *   SessionRecords                   what is in the ring beside commands
 *   ParkedSessions                   sessions that wait, and what they have sent meanwhile
 *   DueWork                          timers and slices of work beside requests
 */

import type { SipHasher } from '../base/siphash.ts';
import { Call } from '../commands/call.ts';
import type { Command } from '../commands/define.ts';
import type { Server } from '../commands/server.ts';
import type { Session } from '../commands/session.ts';
import type { Broker } from '../pubsub/broker.ts';
import type { Doorbell } from '../ring/doorbell.ts';
import {
  DESCRIPTOR_ARGC,
  DESCRIPTOR_COMMAND,
  DESCRIPTOR_HASH,
  DESCRIPTOR_SLOT,
  DESCRIPTOR_SPANS,
  REQUEST_COMMAND,
  REQUEST_LARGE,
  REQUEST_OPEN,
} from '../ring/request-ring.ts';
import type { ClientTracking } from '../tracking/tracking.ts';
import type { SessionTransactions } from '../transactions/transactions.ts';
import type { BlockedClients } from './blocked-clients.ts';
import type { ChannelEnd } from './channel-end.ts';
import { CommandObservers } from './command-observers.ts';
import { CommandTimer } from './command-timer.ts';
import type { CommandWatch } from './command-watch.ts';
import type { Failure } from './crash-report.ts';
import { DiscardedReplies } from './discarded-replies.ts';
import { type DetachedRequest, Dispatcher } from './dispatcher.ts';
import { DueWork, type DueWorkParts } from './due-work.ts';
import { ExecutorFigures } from './executor-figures.ts';
import { LoadedCommands } from './loaded-commands.ts';
import type { Monitors } from './monitors.ts';
import { ParkedSessions } from './parked-sessions.ts';
import type { Pause } from './pause.ts';
import { recordText, SessionRecords } from './session-records.ts';
import { TouchAhead } from './touch-ahead.ts';
import { TransactionPlayer } from './transaction-player.ts';

/** Requests taken from one ring before the others get their turn. */
const BATCH_MAX = 512;
/** How often run() lets the event loop have a turn, which is how Node tells of garbage collections. */
const EVENT_LOOP_MS = 1000;
const SPIN_LOOKS_MIN = 32;

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

export interface ExecutorParts extends Pick<DueWorkParts, 'countClients' | 'cron' | 'persist'> {
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
  /** A thread has failed: tells main what is to be known for the log. */
  reportFailure: (failure: Failure) => void;
  /** Looks at the rings before sleeping, at most: one takes some 10 ns for each io worker. 0 sleeps at once. */
  spinLooksMax: number;
}

export class Executor {
  readonly call: Call;
  readonly figures: ExecutorFigures;
  readonly dispatcher: Dispatcher;
  readonly observers: CommandObservers;
  readonly loaded: LoadedCommands;
  readonly parked: ParkedSessions;
  stopping = false;
  halted = false;
  /** Slices of background work are left: expiry, lazy freeing. */
  moreDue = false;
  private readonly parts: ExecutorParts;
  private readonly server: Server;
  private readonly channels: readonly ChannelEnd[];
  private readonly doorbell: Doorbell;
  private readonly blocked: BlockedClients;
  private readonly tracking: ClientTracking;
  private readonly transactions: SessionTransactions;
  private readonly outbox: Broker['outbox'];
  private readonly timer: CommandTimer;
  private readonly records: SessionRecords;
  private readonly due: DueWork;
  private readonly touchAhead: TouchAhead;
  private mailSeen = 0;
  private spinLooks = SPIN_LOOKS_MIN;
  private leftUs = 0;

  constructor(parts: ExecutorParts) {
    const { server } = parts;
    this.parts = parts;
    this.server = server;
    this.channels = parts.channels;
    this.doorbell = parts.doorbell;
    this.blocked = parts.blocked;
    this.tracking = parts.tracking;
    this.transactions = parts.transactions;
    this.outbox = parts.broker.outbox;
    this.call = new Call(server, parts.hasher);
    this.call.db = server.keyspace.databases[0];
    this.figures = new ExecutorFigures(server);
    this.timer = new CommandTimer(server, parts.watch, this.figures);
    this.observers = new CommandObservers({ ...parts, call: this.call });
    const { call, figures, observers, timer } = this;
    const discarded = new DiscardedReplies();
    const dispatcher = new Dispatcher({ ...parts, call, discarded, figures, observers, timer });
    this.dispatcher = dispatcher;
    parts.transactions.runner = new TransactionPlayer({ ...parts, dispatcher, observers, timer });
    this.loaded = new LoadedCommands({ server, discarded, dispatcher, observers });
    this.records = new SessionRecords({ ...parts, discarded, dispatcher });
    const { records } = this;
    this.parked = new ParkedSessions({ ...parts, discarded, dispatcher, figures, records, timer });
    this.due = new DueWork({ ...parts, dispatcher, figures, observers, parked: this.parked });
    this.touchAhead = new TouchAhead(server.keyspace, server.table.byId);
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
    return this.timer.calls !== 0;
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
    this.moreDue = this.due.run();
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
    return this.due.nextMs;
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
    this.timer.endBatch();
    this.deliver();
    channel.flush();
    this.transactions.keepRequests();
    if (requests.release()) channel.wake();
    if (done === 0) return pumped;
    this.figures.batches++;
    return true;
  }

  private runBatch(channel: ChannelEnd): number {
    const { blocked, call, dispatcher, outbox, touchAhead } = this;
    const { requests } = channel;
    const words = requests.words;
    dispatcher.pointAtRing(channel);
    let done = 0;
    let commands = 0;
    let touchedUntil = 0;
    for (let at = requests.next(); at >= 0 && done < BATCH_MAX; at = requests.next()) {
      // A guess that costs nothing when it is wrong: the next requests are for the database of the last one.
      if (done === touchedUntil) touchedUntil += touchAhead.run(requests, at, call.db);
      if ((words[at] & 0xff) === REQUEST_COMMAND) {
        const session = channel.sessions[words[at + DESCRIPTOR_SLOT]];
        if (session === null || session === undefined)
          throw new Error('a request of a session that is not open');
        if (!channel.begin(session)) break;
        call.base = at + DESCRIPTOR_SPANS;
        call.argc = words[at + DESCRIPTOR_ARGC];
        call.hash = words[at + DESCRIPTOR_HASH];
        dispatcher.dispatch(session, words[at + DESCRIPTOR_COMMAND]);
        commands++;
      } else if (!this.runRecord(channel, at)) {
        break;
      }
      requests.advance(at);
      done++;
      if (blocked.hasWork) this.serveBlocked(channel);
      if (outbox.isLarge) outbox.deliver();
    }
    this.figures.commands += commands;
    return done;
  }

  /** Clients whose wait the last command has ended go on; then the batch of `channel` does. */
  private serveBlocked(channel: ChannelEnd): void {
    this.parked.serve();
    this.dispatcher.pointAtRing(channel);
  }

  /** A record that is not an ordinary command. False when it must wait for room. */
  private runRecord(channel: ChannelEnd, at: number): boolean {
    const { words } = channel.requests;
    const slot = words[at + DESCRIPTOR_SLOT];
    const kind = words[at] & 0xff;
    if (kind === REQUEST_OPEN) {
      this.records.open(channel, slot, recordText(channel, at));
      return true;
    }
    const session = channel.sessions[slot];
    if (session === null || session === undefined) return true;
    if (kind === REQUEST_LARGE) return this.runLarge(channel, session);
    return this.records.take(channel, session, kind, at);
  }

  private runLarge(channel: ChannelEnd, session: Session): boolean {
    if (!channel.begin(session)) return false;
    const { argc, bytes, command, hash, spans } = this.parts.receiveLarge(channel.worker);
    const request: DetachedRequest = { argc, bytes, commandId: command, hash, spans };
    this.dispatcher.dispatchDetached(channel, session, request);
    return true;
  }
}
