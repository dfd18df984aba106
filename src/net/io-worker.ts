/**
 * An io worker: the sockets of one thread between the kernel and the executor's rings.
 *
 * One turn of the event loop: every readable socket is read and parsed (input.ts) without publishing; then
 * one check-phase callback publishes the batch, waits a bounded moment for the executor, and writes whatever
 * replies are there (output.ts). Waiting in place saves the event loop's wake-up (8-17 us) when the executor
 * is about to answer anyway; how long is `waitUs`.
 *
 * Where one socket speaks at a time and the executor shares the thread, the callback is spared: the turn follows the
 * read at once (judgeReads()).
 *
 * Resting: the executor wakes a worker that says it rests (IO_REST). In the event loop the worker rests on a
 * waitAsync that stays armed until somebody notifies it, so an iteration costs two stores, not a promise.
 *
 * A stalled connection (ring full, barrier) keeps its input and is not read; `stalled` holds them all and
 * they are retried when the executor says that it freed something.
 */
import type net from 'node:net';
import { performance } from 'node:perf_hooks';
import v8 from 'node:v8';
import type { MessagePort } from 'node:worker_threads';
import type { SipHasher } from '../base/siphash.ts';
import type { CommandNames } from '../resp/command-names.ts';
import type { ChannelMemory } from '../ring/channel.ts';
import {
  addToCounter,
  CONNECTION_FD,
  CONNECTION_FLAGS,
  CONNECTION_INPUT,
  CONNECTION_MONITORS,
  CONNECTION_ROWS,
  CONNECTION_SUBSCRIBED,
  CONNECTION_WAITING,
  CONNECTION_WORDS,
} from '../ring/connection-table.ts';
import { ringExecutor } from '../ring/doorbell.ts';
import {
  BEAT_MS,
  CLIENTS_OPEN,
  CONNECTIONS_REJECTED,
  FIGURE_BATCHES,
  FIGURE_BUSY_US,
  FIGURE_COMMANDS,
  FIGURE_HEAP_KB,
  FIGURE_INPUT,
  FIGURE_OUTPUT,
  FIGURE_PARKS,
  FIGURE_READS,
  FIGURE_WAKEUPS,
  FIGURE_WRITES,
  IO_FIGURES,
  IO_PARK,
  IO_REST,
  IO_WAIT,
  LOG_ALWAYS,
  LOG_BROKEN,
  LOG_HELD,
  LOG_NEEDED,
  QUERY_LIMIT_CLOSED,
  REST_AWAKE,
  REST_PARKED,
  REST_WAITING,
  SCRATCH_BYTES,
  SETTING_IDLE_TIMEOUT,
  SETTING_KEEPALIVE,
  SETTING_MAX_CLIENTS,
  SETTING_PROTECTED,
} from '../ring/layout.ts';
import { LOG_FSYNCED, LOG_WRITTEN, readPosition } from '../ring/log-ring.ts';
import {
  BROADCAST_SLOT_BYTES,
  FRAME_BARRIER,
  FRAME_BROADCAST,
  FRAME_CLOSE,
  FRAME_CLOSE_AFTER_WRITE,
  FRAME_DATA,
  FRAME_FORGOTTEN,
  FRAME_PAUSE,
  FRAME_RESUME,
  ReplyRingReader,
} from '../ring/reply-ring.ts';
import {
  REQUEST_BARRIER,
  REQUEST_CLOSED,
  REQUEST_DRAINED,
  REQUEST_END,
  REQUEST_OPEN,
  REQUEST_PROTOCOL_ERROR,
  RequestWriter,
} from '../ring/request-ring.ts';
import { Connection } from './connection.ts';
import {
  INPUT_BARRIER,
  INPUT_BROKEN,
  INPUT_STALLED,
  INPUT_TAKEN,
  INPUT_TOO_BIG,
  Input,
  type LargeRequest,
} from './input.ts';
import { Output } from './output.ts';
import { handleOf, type Incoming, openSocket } from './raw-stream.ts';

/** What keeps a silent connection from being idle. */
const NEVER_IDLE = CONNECTION_SUBSCRIBED | CONNECTION_WAITING | CONNECTION_MONITORS;
const TICKS_PER_SECOND = 1000 / BEAT_MS;
/** How long a turn waits in place for the log. */
const LOG_WAIT_MS = 0.2;
/** Commands that one read may leave waiting: beyond it they are published at once, and the connection waits for the others. */
const COMMANDS_BEFORE_OTHERS = 512;
/** After so many turns that brought nothing, nothing more is waited for before an fsync. */
const QUIET_TURNS = 3;
/** After so many turns with a single read each, */
const SINGLE_TURNS = 16;
/** so many reads are followed by their turn at once. */
const TURNS_AT_ONCE = 63;
/** Batches a guest runs in one turn before the sockets are looked at again. */
const ROUNDS_MAX = 16;
const REFUSED_MAX_CLIENTS = '-ERR max number of clients reached\r\n';
const REFUSED_PROTECTED =
  "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Setup a an authentication password for the default user. NOTE: You only need to do one of the above things in order for the server to start accepting connections from the outside.\r\n";

/** The executor as an io worker sees it that shares its thread: see executor/guest.ts. */
export interface LocalExecutor {
  /** From now on `startTurn` may be called, outside a turn, when the executor wants one. */
  settle(startTurn: () => void): void;
  /** Runs what waits in the rings, a batch of each. */
  run(): void;
  /** True when something waits in a ring or a mailbox. */
  readonly waits: boolean;
  /** The end of a turn. Returns true when slices of background work are left: another turn is to come soon. */
  rest(): boolean;
}

/** Who writes the log to its file on this thread: see persistence/aof/turn-writer.ts. */
export interface LocalLog {
  /** Writes what waits, or wakes who does. */
  write(): void;
  /** How long it is worth waiting for more to write, in milliseconds: 0 unless write() ends with an fsync. */
  readonly patienceMs: number;
  /** True when something waits to be written. */
  readonly waits: boolean;
}

export interface IoWorkerParts {
  /** Which io worker this is, from 0. */
  index: number;
  /** Control words of the log ring. */
  logPositions: SharedArrayBuffer;
  memory: ChannelMemory;
  process: Int32Array;
  port: MessagePort;
  names: CommandNames;
  hasher: SipHasher;
  /** The executor, where it lives on this thread (../executor/guest.ts). */
  local: LocalExecutor | null;
  /** There too. */
  localLog: LocalLog | null;
  /** How long a turn waits in place for replies, in microseconds; 0 never waits. */
  waitUs: number;
  log: (level: string, message: string) => void;
}

export class IoWorker {
  private readonly control: Int32Array;
  private readonly process: Int32Array;
  private readonly rows: Int32Array;
  private readonly port: MessagePort;
  private readonly requests: RequestWriter;
  private readonly replies: ReplyRingReader;
  private readonly input: Input;
  private readonly output: Output;
  private readonly index: number;
  private readonly logControl: Int32Array;
  /** How far the log was when last looked at. */
  private logSeen = 0;
  private readonly scratch = new Uint8Array(SCRATCH_BYTES);
  private readonly waitMs: number;
  private readonly local: LocalExecutor | null;
  private readonly localLog: LocalLog | null;
  private readonly log: (level: string, message: string) => void;
  private readonly connections: (Connection | null)[] = [];
  private readonly freeSlots: number[] = [];
  /** Those of the broadcast under way. */
  private readonly receivers: Connection[] = [];
  private stalled: Connection[] = [];
  /** Records that found the ring full, in order. */
  private unsent: Array<{ kind: number; slot: number; text: string }> = [];
  /** Connections that brought so much that the others come first. */
  private yielded: Connection[] = [];
  /** `input.commands` when the executor was last told. */
  private toldCommands = 0;
  private turnScheduled = false;
  /** Reads since the last turn of the check phase. */
  private turnReads = 0;
  /** Turns of the check phase, one after the other, that had a single read. */
  private singleTurns = 0;
  /** For how many reads more a turn follows at once. */
  private turnsAtOnce = 0;
  private parked = false;
  /** Something waits for room in the request ring that was not there. */
  private starved = false;
  private turnStartUs = 0;
  /** Until when commands are gathered that are to share an fsync; 0 while there are none. */
  private gatherUntilMs = 0;
  /** Turns in a row that brought nothing. */
  private quietTurns = 0;
  /** Replies are held until the log is written, at the end of this turn or of a later one. */
  private gathers = false;
  /** Bytes read since they were last added to the figures. */
  private turnInput = 0;
  private nowMs = Date.now();
  private ticks = 0;

  constructor(parts: IoWorkerParts) {
    const { memory } = parts;
    this.control = new Int32Array(memory.control);
    this.process = parts.process;
    this.index = parts.index;
    this.logControl = new Int32Array(parts.logPositions);
    this.port = parts.port;
    this.rows = new Int32Array(memory.connections);
    this.requests = new RequestWriter(memory.control, memory.requestWords, memory.requestBytes);
    this.replies = new ReplyRingReader(memory.control, memory.replyFrames, memory.replyBytes);
    this.waitMs = parts.waitUs / 1000;
    this.local = parts.local;
    this.localLog = parts.localLog;
    this.log = parts.log;
    const sendLarge = (request: LargeRequest) =>
      this.port.postMessage(request, [
        request.bytes.buffer as ArrayBuffer,
        request.spans.buffer as ArrayBuffer,
      ]);
    this.input = new Input(this.requests, parts.names, parts.hasher, this.process, this.rows, sendLarge);
    this.output = new Output(
      this.rows,
      (connection) => this.record(REQUEST_DRAINED, connection.slot, ''),
      (connection) => this.close(connection),
      (connection) => this.closeGracefully(connection),
    );
    if (this.local === null) this.park();
    else this.local.settle(() => this.scheduleTurn());
  }

  // --- connections --------------------------------------------------------------------------------

  /**
   * Takes a connection. `unixPath` names the unix socket it came in by, '' for TCP; one that came to an address we do not listen on
   * any more is not `welcome`.
   */
  accept(incoming: Incoming, unixPath: string, welcome: boolean): void {
    let connection: Connection | null = null;
    const socket = openSocket(incoming, this.scratch, (size) => this.onRead(connection!, size));
    if (!welcome) {
      socket.destroy();
      return;
    }
    const refusal = this.refusal(socket, unixPath);
    if (refusal !== null) {
      this.refuse(socket, refusal);
      return;
    }
    const slot = this.freeSlots.pop() ?? this.connections.length;
    connection = new Connection(slot, slot * CONNECTION_WORDS, socket, handleOf(socket));
    connection.lastActiveMs = this.nowMs;
    this.connections[slot] = connection;
    this.rows.fill(0, connection.row, connection.row + CONNECTION_WORDS);
    this.rows[connection.row + CONNECTION_FD] = connection.handle?.fd ?? -1;
    this.attach(connection);
    const peer = unixPath ? `${unixPath}:0` : hostPort(socket.remoteAddress, socket.remotePort);
    const local = unixPath ? `${unixPath}:0` : hostPort(socket.localAddress, socket.localPort);
    this.record(REQUEST_OPEN, slot, `${peer} ${local}`);
    if (!unixPath) this.setKeepAlive(socket);
    socket.read(0);
  }

  private refuse(socket: net.Socket, text: string): void {
    socket.on('error', () => socket.destroy());
    socket.end(text, () => socket.destroy());
    Atomics.sub(this.process, CLIENTS_OPEN, 1);
    Atomics.add(this.process, CONNECTIONS_REJECTED, 1);
  }

  private attach(connection: Connection): void {
    const { socket } = connection;
    socket.on('error', () => this.close(connection));
    socket.on('end', () => this.onEnd(connection));
    socket.on('close', () => this.close(connection));
  }

  /** Why a new connection is not taken, as the bytes to send; counts it as open either way. */
  private refusal(socket: net.Socket, unixPath: string): string | null {
    const open = Atomics.add(this.process, CLIENTS_OPEN, 1) + 1;
    if (
      open > this.process[SETTING_MAX_CLIENTS] ||
      this.freeSlots.length + CONNECTION_ROWS - this.connections.length === 0
    ) {
      return REFUSED_MAX_CLIENTS;
    }
    if (this.process[SETTING_PROTECTED] === 1 && !unixPath && !isLoopback(socket.remoteAddress)) {
      return REFUSED_PROTECTED;
    }
    return null;
  }

  private setKeepAlive(socket: net.Socket): void {
    const seconds = this.process[SETTING_KEEPALIVE];
    if (seconds > 0) socket.setKeepAlive(true, seconds * 1000);
  }

  /** Closes the socket now and tells the executor, once. */
  private close(connection: Connection): void {
    if (connection.closed) return;
    connection.closed = true;
    connection.queue.length = 0;
    connection.backlog = null;
    connection.socket.destroy();
    this.record(REQUEST_CLOSED, connection.slot, '');
    this.scheduleTurn();
  }

  private onEnd(connection: Connection): void {
    if (connection.closed || connection.inputEnded) return;
    if (connection.backlog !== null) {
      // What came before the end is still to be taken; retryStalled() comes back here.
      connection.endPending = true;
      return;
    }
    connection.inputEnded = true;
    this.record(REQUEST_END, connection.slot, '');
    this.scheduleTurn();
  }

  // --- input --------------------------------------------------------------------------------------

  /** A read brought `size` bytes into the scratch buffer. Returns false to stop reading the socket. */
  private onRead(connection: Connection, size: number): boolean {
    if (this.turnsAtOnce === 0 || this.turnScheduled) {
      this.scheduleTurn();
      this.turnReads++;
      return this.takeRead(connection, size);
    }
    this.turnStartUs = performance.now() * 1000;
    this.input.looksAround = false;
    this.takeRead(connection, size);
    // CLIENT LIST, say, comes after the reads of other sockets that are readable already, as it would in the check phase.
    if (this.input.looksAround) this.scheduleTurn();
    // What the read brought may have asked for a turn of its own: more is to come.
    if (!this.turnScheduled) this.runTurn();
    this.turnsAtOnce--;
    return !connection.readingPaused && !connection.closed && !connection.inputEnded;
  }

  private takeRead(connection: Connection, size: number): boolean {
    this.control[IO_FIGURES + FIGURE_READS]++;
    this.turnInput += size;
    connection.lastActiveMs = this.nowMs;
    addToCounter(this.rows, connection.row + CONNECTION_INPUT, size);
    if (connection.closed || connection.inputEnded) return false;
    if (connection.backlog !== null) {
      // Node may deliver one more read after a pause.
      this.input.keep(connection, this.scratch, 0, size);
      return false;
    }
    if (this.unsent.length > 0 && !this.retryUnsent()) {
      // The record that opens this very connection may be among those that wait.
      this.input.keep(connection, this.scratch, 0, size);
      return this.afterInput(connection, INPUT_STALLED);
    }
    const status = this.input.take(connection, this.scratch, 0, size);
    if (status !== INPUT_TAKEN || ((this.input.commands - this.toldCommands) | 0) < COMMANDS_BEFORE_OTHERS) {
      return this.afterInput(connection, status);
    }
    this.runEarly();
    // A full read: there is more, and it would go on bringing more as fast as it is answered.
    if (size === this.scratch.length) this.yieldTurn(connection);
    return !connection.readingPaused && !connection.closed;
  }

  /** Many commands wait: hands them over while their bytes are in the cache. */
  private runEarly(): void {
    this.tell();
    if (this.local === null) return;
    this.runLocal(this.local);
    this.requests.restartIfIdle();
  }

  /** Lets the executor that lives here do what it can. Returns false when it was stopped for the sake of the sockets. */
  private runLocal(local: LocalExecutor): boolean {
    for (let rounds = 0; rounds < ROUNDS_MAX; rounds++) {
      local.run();
      this.drainReplies();
      if (!local.waits) return true;
    }
    return false;
  }

  /** Reads no more of this connection in this turn. */
  private yieldTurn(connection: Connection): void {
    if (connection.readingPaused) return;
    connection.readingPaused = true;
    this.yielded.push(connection);
  }

  private resumeYielded(): void {
    if (this.yielded.length === 0) return;
    const waiting = this.yielded;
    this.yielded = [];
    for (const connection of waiting) if (connection.backlog === null) this.resumeReading(connection);
  }

  private afterInput(connection: Connection, status: number): boolean {
    if (status === INPUT_TAKEN) return !connection.pausedByExecutor;
    connection.readingPaused = true;
    if (status === INPUT_STALLED) {
      this.stalled.push(connection);
      this.starve();
    } else if (status === INPUT_BARRIER) {
      this.stalled.push(connection);
      connection.barrierPending = true;
      this.record(REQUEST_BARRIER, connection.slot, '');
    } else if (status === INPUT_BROKEN) {
      connection.inputEnded = true;
      this.record(REQUEST_PROTOCOL_ERROR, connection.slot, this.input.error);
    } else if (status === INPUT_TOO_BIG) {
      Atomics.add(this.process, QUERY_LIMIT_CLOSED, 1);
      this.log('warning', `Closing client that reached max query buffer length: slot ${connection.slot}`);
      this.close(connection);
    }
    return false;
  }

  /** Goes on with input that waited, in the order in which it began to wait. */
  private retryStalled(): void {
    if (this.stalled.length === 0 || this.unsent.length > 0) return;
    const waiting = this.stalled;
    this.stalled = [];
    for (const connection of waiting) {
      if (connection.closed || connection.inputEnded) continue;
      if (this.unsent.length > 0 || (connection.barrierPending && !connection.barrierPassed)) {
        this.stalled.push(connection);
        continue;
      }
      connection.barrierPending = false;
      const status = this.input.retry(connection);
      connection.barrierPassed = false;
      if (this.afterInput(connection, status)) this.resumeReading(connection);
      if (connection.backlog === null && connection.endPending) {
        connection.endPending = false;
        this.onEnd(connection);
      }
    }
  }

  private resumeReading(connection: Connection): void {
    if (connection.closed || connection.inputEnded || connection.pausedByExecutor) return;
    connection.readingPaused = false;
    connection.socket.read(0);
  }

  /** Writes a record that is not a command, or keeps it until there is room. */
  private record(kind: number, slot: number, text: string): void {
    if (this.unsent.length > 0 || !this.input.sendRecord(kind, slot, text)) {
      this.unsent.push({ kind, slot, text });
      this.starve();
    }
    this.scheduleTurn();
  }

  /** True when no record waits any more. */
  private retryUnsent(): boolean {
    let sent = 0;
    for (const { kind, slot, text } of this.unsent) {
      if (!this.input.sendRecord(kind, slot, text)) break;
      sent++;
    }
    this.unsent.splice(0, sent);
    if (this.unsent.length === 0) return true;
    this.starve();
    return false;
  }

  /** The request ring had no room for something that is kept: asks to be woken when it has. */
  private starve(): void {
    this.starved = true;
    this.requests.wantRoom();
  }

  // --- turns --------------------------------------------------------------------------------------

  private scheduleTurn(): void {
    if (this.turnScheduled) return;
    this.turnScheduled = true;
    this.turnStartUs = performance.now() * 1000;
    setImmediate(this.turn);
  }

  /** The end of an event loop turn in which something happened. */
  private readonly turn = (): void => {
    this.turnScheduled = false;
    this.judgeReads();
    this.runTurn();
  };

  /**
   * A turn in the check phase costs a callback of its own, a tenth of the server's time where one client speaks at a time, and is worth it
   * only where several sockets are readable at once. So after some turns with a single read each the turn follows its read at once,
   * for a while; then one in the check phase shows whether it is still so.
   */
  private judgeReads(): void {
    const reads = this.turnReads;
    if (reads === 0 || this.local === null) return;
    this.turnReads = 0;
    this.singleTurns = reads === 1 ? this.singleTurns + 1 : 0;
    this.turnsAtOnce = this.singleTurns >= SINGLE_TURNS ? TURNS_AT_ONCE : 0;
  }

  private runTurn(): void {
    if (this.local === null) this.turnApart();
    else this.turnTogether(this.local);
    this.resumeYielded();
    this.countBytes();
    this.control[IO_FIGURES + FIGURE_BUSY_US] += performance.now() * 1000 - this.turnStartUs;
  }

  /** The executor has a thread of its own. */
  private turnApart(): void {
    Atomics.store(this.control, IO_REST, REST_AWAKE);
    this.publish();
    this.drainReplies();
    if (this.waitMs > 0 && !this.requests.idle) {
      this.waitInPlace();
      this.drainReplies();
    }
    this.requests.restartIfIdle();
    this.park();
  }

  /** The executor shares this thread: its turn is part of this one. Nobody has to be woken, so IO_REST stays at REST_AWAKE. */
  private turnTogether(local: LocalExecutor): void {
    this.publish();
    let done = this.runLocal(local);
    if (this.starved && this.requests.roomFreed) {
      this.publish();
      done = !local.waits;
    }
    if (this.localLog !== null && (this.gathers || this.localLog.waits)) {
      this.endLog(this.localLog);
      done = done && !local.waits;
    }
    this.requests.restartIfIdle();
    if (local.rest() || !done) this.scheduleTurn();
  }

  /**
   * Writes what the log has got, also what no reply depends on: keys that expired, say. When that takes an fsync, not as long as turns bring
   * more: those who have just got their replies send the next commands one after the other, and they are to share one fsync.
   */
  private endLog(log: LocalLog): void {
    const { patienceMs } = log;
    this.quietTurns = this.turnInput > 0 ? 0 : this.quietTurns + 1;
    if (patienceMs > 0 && this.quietTurns < QUIET_TURNS && log.waits) {
      const nowMs = performance.now();
      if (this.gatherUntilMs === 0) this.gatherUntilMs = nowMs + patienceMs;
      if (nowMs < this.gatherUntilMs) {
        this.gathers = true;
        this.scheduleTurn();
        return;
      }
    }
    this.gatherUntilMs = 0;
    log.write();
    this.gathers = false;
    this.drainReplies();
    this.gathers = patienceMs > 0;
  }

  /** Once per turn rather than per read. */
  private countBytes(): void {
    addToCounter(this.control, IO_FIGURES + FIGURE_INPUT, this.turnInput);
    addToCounter(this.control, IO_FIGURES + FIGURE_OUTPUT, this.output.takeBytes());
    this.turnInput = 0;
  }

  private publish(): void {
    this.starved = false;
    if (this.unsent.length > 0) this.retryUnsent();
    this.retryStalled();
    if (!this.requests.dirty) return;
    this.tell();
  }

  /** Shows the executor what has been written. */
  private tell(): void {
    this.requests.publish();
    this.toldCommands = this.input.commands;
    this.control[IO_FIGURES + FIGURE_BATCHES]++;
    this.control[IO_FIGURES + FIGURE_COMMANDS] = this.input.commands;
    if (this.local === null) ringExecutor(this.process);
  }

  /** Waits for replies without giving the thread back to the event loop, at most waitMs. */
  private waitInPlace(): void {
    const { control } = this;
    const seen = Atomics.load(control, IO_WAIT);
    Atomics.store(control, IO_REST, REST_WAITING);
    if (this.repliesWait() || this.requests.idle) {
      Atomics.store(control, IO_REST, REST_AWAKE);
      return;
    }
    Atomics.wait(control, IO_WAIT, seen, this.waitMs);
    Atomics.store(control, IO_REST, REST_AWAKE);
  }

  /** True when there are replies that may leave. */
  private repliesWait(): boolean {
    return this.replies.poll() && !this.areHeld();
  }

  /** True when the replies seen last must wait until the log is written, or fsynced; bio then wakes this thread. */
  private areHeld(): boolean {
    const needed = readPosition(this.control, LOG_NEEDED);
    if (needed <= this.logSeen || this.isLogged(needed)) return false;
    if (this.gathers) return true;
    if (this.localLog !== null) {
      this.localLog.write();
      if (this.isLogged(needed)) return false;
    }
    const flag = LOG_HELD + this.index;
    Atomics.store(this.process, flag, 1);
    if (this.isLogged(needed)) return false;
    // Bio is likely to be done in a moment: cheaper than going through the event loop.
    Atomics.wait(this.process, flag, 1, LOG_WAIT_MS);
    if (this.isLogged(needed)) return false;
    Atomics.store(this.process, flag, 1);
    return !this.isLogged(needed);
  }

  private isLogged(needed: number): boolean {
    const { process } = this;
    const at = Atomics.load(process, LOG_ALWAYS) === 1 ? LOG_FSYNCED : LOG_WRITTEN;
    this.logSeen = readPosition(this.logControl, at);
    return needed <= this.logSeen || Atomics.load(process, LOG_BROKEN) !== 0;
  }

  private drainReplies(): void {
    const { replies } = this;
    while (this.repliesWait()) {
      for (let at = replies.next(); at >= 0; at = replies.next()) {
        this.onFrame(at);
        replies.advance(at);
      }
      if (replies.release() && this.local === null) ringExecutor(this.process);
      this.control[IO_FIGURES + FIGURE_WRITES] = this.output.writes;
    }
    if (this.stalled.length > 0 || this.unsent.length > 0) this.publish();
  }

  private onFrame(at: number): void {
    const { frames } = this.replies;
    const kind = frames[at] & 0xff;
    const slot = frames[at] >>> 8;
    if (kind === FRAME_BROADCAST) {
      this.broadcast(slot, frames[at + 1], frames[at + 2]);
      return;
    }
    const connection = this.connections[slot];
    if (kind === FRAME_FORGOTTEN) {
      this.forget(slot);
      return;
    }
    if (connection === null || connection === undefined || connection.closed) return;
    if (kind === FRAME_DATA) this.output.send(connection, this.replies.bytes, frames[at + 1], frames[at + 2]);
    else this.onControlFrame(kind, connection);
  }

  /** Sends the bytes behind `count` slots to the connections of those slots. */
  private broadcast(count: number, at: number, total: number): void {
    const { bytes } = this.replies;
    const start = at + count * BROADCAST_SLOT_BYTES;
    this.receivers.length = 0;
    for (; at < start; at += BROADCAST_SLOT_BYTES) {
      const slot = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
      const connection = this.connections[slot];
      if (connection && !connection.closed) this.receivers.push(connection);
    }
    this.output.sendToAll(this.receivers, bytes, start, total - count * BROADCAST_SLOT_BYTES);
  }

  private onControlFrame(kind: number, connection: Connection): void {
    if (kind === FRAME_CLOSE) {
      this.close(connection);
    } else if (kind === FRAME_CLOSE_AFTER_WRITE) {
      connection.inputEnded = true;
      if (this.output.isIdle(connection)) this.closeGracefully(connection);
      else connection.closing = true;
    } else if (kind === FRAME_PAUSE) {
      connection.pausedByExecutor = true;
      connection.readingPaused = true;
    } else if (kind === FRAME_RESUME) {
      connection.pausedByExecutor = false;
      if (connection.backlog === null) this.resumeReading(connection);
    } else if (kind === FRAME_BARRIER) {
      connection.barrierPassed = true;
      this.retryStalled();
      this.scheduleTurn();
    }
  }

  /** Ends the socket so that the last bytes arrive (a reset could overtake them), then closes it. */
  private closeGracefully(connection: Connection): void {
    connection.socket.end(() => this.close(connection));
  }

  private forget(slot: number): void {
    if (this.connections[slot] === null) return;
    this.connections[slot] = null;
    this.freeSlots.push(slot);
    Atomics.sub(this.process, CLIENTS_OPEN, 1);
  }

  // --- resting ------------------------------------------------------------------------------------

  /** Says that this worker rests; what came meanwhile is dealt with first. */
  private park(): void {
    for (;;) {
      if (!this.parked) this.armPark();
      Atomics.store(this.control, IO_REST, REST_PARKED);
      const roomFreed = this.starved && this.requests.roomFreed;
      if (!roomFreed && !this.repliesWait()) break;
      Atomics.store(this.control, IO_REST, REST_AWAKE);
      if (roomFreed) this.publish();
      this.drainReplies();
    }
    this.control[IO_FIGURES + FIGURE_PARKS]++;
  }

  private armPark(): void {
    const { control } = this;
    let result = Atomics.waitAsync(control, IO_PARK, Atomics.load(control, IO_PARK));
    // The word has moved between the two: whoever moved it has also published, and park() looks again.
    while (!result.async) result = Atomics.waitAsync(control, IO_PARK, Atomics.load(control, IO_PARK));
    this.parked = true;
    result.value.then(() => {
      this.parked = false;
      this.control[IO_FIGURES + FIGURE_WAKEUPS]++;
      this.scheduleTurn();
      this.turnNow();
    });
  }

  /** A wake-up by the executor: its replies need not wait for the check phase. */
  private turnNow(): void {
    this.drainReplies();
  }

  // --- time ---------------------------------------------------------------------------------------

  /** To be called every BEAT_MS: the coarse clock, idle clients, figures. */
  tick(): void {
    this.nowMs = Date.now();
    const timeoutMs = this.process[SETTING_IDLE_TIMEOUT] * 1000;
    if (timeoutMs > 0) this.closeIdle(timeoutMs);
    if (this.ticks++ % TICKS_PER_SECOND === 0) {
      this.control[IO_FIGURES + FIGURE_HEAP_KB] = v8.getHeapStatistics().used_heap_size >>> 10;
    }
  }

  private closeIdle(timeoutMs: number): void {
    for (const connection of this.connections) {
      if (connection && !connection.closed && this.nowMs - connection.lastActiveMs > timeoutMs) {
        if ((this.rows[connection.row + CONNECTION_FLAGS] & NEVER_IDLE) === 0) this.close(connection);
      }
    }
  }
}

function hostPort(host: string | undefined, port: number | undefined): string {
  if (!host) return '?:0';
  const plain = host.startsWith('::ffff:') ? host.slice(7) : host;
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`;
}

function isLoopback(host: string | undefined): boolean {
  return host === undefined || host === '::1' || host.startsWith('127.') || host.startsWith('::ffff:127.');
}
