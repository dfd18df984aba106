/**
 * One end of a ring on a thread of its own, for rings.test.ts. Ends by posting what it has seen; a wake-up that does not
 * come within LOST_MS is reported as lost.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { ChannelMemory, ProcessMemory } from '../../src/ring/channel.ts';
import { Doorbell, ringExecutor } from '../../src/ring/doorbell.ts';
import { IO_PARK, IO_REST, IO_WAIT, REST_AWAKE, REST_PARKED, REST_WAITING } from '../../src/ring/layout.ts';
import {
  LOG_APPENDED,
  LOG_FSYNCED,
  LOG_WHOLE,
  LOG_WRITTEN,
  type LogMemory,
  LogReader,
  LogWriter,
  readPosition,
} from '../../src/ring/log-ring.ts';
import { FRAME_DATA, ReplyRingReader, ReplyRingWriter, wakeIoWorker } from '../../src/ring/reply-ring.ts';
import {
  DESCRIPTOR_ARGC,
  DESCRIPTOR_BYTES_UNTIL,
  DESCRIPTOR_SIZE,
  DESCRIPTOR_SLOT,
  DESCRIPTOR_SPANS,
  DESCRIPTOR_START,
  REQUEST_COMMAND,
  RequestReader,
  RequestWriter,
} from '../../src/ring/request-ring.ts';

export interface RingJob {
  role: 'io' | 'executor' | 'log-writer' | 'log-reader' | 'log-watcher';
  channel: ChannelMemory;
  process: ProcessMemory;
  log: LogMemory;
  /** Requests in all, or bytes of log in all. */
  total: number;
  /** The position at which the log begins. */
  start: number;
  /** Requests that may be unanswered at once. */
  inFlight: number;
  sizeMax: number;
  /** One in so many steps is slow; 0 never. */
  slowness: number;
  /** The io side rests in its event loop, not in Atomics.wait. */
  parks: boolean;
  seed: number;
}

const LOST_MS = 20_000;
const job = workerData as RingJob;
let state = job.seed;

function below(n: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 4294967296) * n);
}

/** Now and then burns some microseconds, so that the two sides drift. */
function dawdle(): void {
  if (job.slowness === 0 || below(job.slowness) !== 0) return;
  const until = performance.now() + below(300) / 1000;
  while (performance.now() < until);
}

/** Sizes both ends can work out: of request `i`, and of its reply. */
function sizeOf(i: number): number {
  return (Math.imul(i + 1, 2654435761) >>> 1) % job.sizeMax;
}

function replySizeOf(i: number): number {
  return 1 + ((Math.imul(i + 7, 40503) >>> 1) % job.sizeMax);
}

function expectBytes(bytes: Uint8Array, start: number, size: number, value: number, what: string): void {
  for (let at = start; at < start + size; at++) {
    if (bytes[at] !== (value & 0xff)) throw new Error(`${what}: byte ${at - start} is ${bytes[at]}`);
  }
}

class IoSide {
  private readonly control = new Int32Array(job.channel.control);
  private readonly process = new Int32Array(job.process.control);
  private readonly writer = new RequestWriter(
    job.channel.control,
    job.channel.requestWords,
    job.channel.requestBytes,
  );
  private readonly reader = new ReplyRingReader(
    job.channel.control,
    job.channel.replyFrames,
    job.channel.replyBytes,
  );
  private sent = 0;
  private answered = 0;
  private replyAt = 0;
  private full = 0;
  private rests = 0;
  private starved = false;

  async run(): Promise<object> {
    while (this.answered < job.total) {
      this.send();
      this.receive();
      dawdle();
      if (this.answered < job.total && !this.canGoOn()) await this.rest();
    }
    return { answered: this.answered, full: this.full, rests: this.rests };
  }

  private canGoOn(): boolean {
    if (this.starved) return this.writer.roomFreed;
    return this.sent < job.total && this.sent - this.answered < job.inFlight;
  }

  private send(): void {
    this.starved = false;
    let batch = 1 + below(20);
    while (batch-- > 0 && this.sent < job.total && this.sent - this.answered < job.inFlight) {
      if (!this.sendOne(this.sent)) {
        this.full++;
        this.starved = true;
        this.writer.wantRoom();
        break;
      }
      this.sent++;
    }
    if (!this.writer.dirty) return;
    this.writer.publish();
    ringExecutor(this.process);
  }

  private sendOne(i: number): boolean {
    const { writer } = this;
    const size = sizeOf(i);
    const words = DESCRIPTOR_SPANS + (i % 7) * 2;
    const start = writer.reserveBytes(size);
    const at = start < 0 ? -1 : writer.reserveWords(words);
    if (at < 0) return false;
    writer.words[at] = REQUEST_COMMAND | (words << 8);
    writer.words[at + DESCRIPTOR_SLOT] = i & 0xffff;
    writer.words[at + DESCRIPTOR_ARGC] = i;
    writer.words[at + DESCRIPTOR_START] = start;
    writer.words[at + DESCRIPTOR_SIZE] = size;
    writer.words[at + DESCRIPTOR_BYTES_UNTIL] = writer.bytesUntil(size);
    writer.bytes.fill(i & 0xff, start, start + size);
    writer.commitBytes(size);
    writer.commitWords(words);
    return true;
  }

  private receive(): void {
    const { reader } = this;
    while (reader.poll()) {
      for (let at = reader.next(); at >= 0; at = reader.next()) {
        this.onFrame(at);
        reader.advance(at);
        dawdle();
      }
      if (reader.release()) ringExecutor(this.process);
    }
  }

  /** A reply may come in several frames; they are in order. */
  private onFrame(at: number): void {
    const { frames, bytes } = this.reader;
    const i = this.answered;
    if ((frames[at] & 0xff) !== FRAME_DATA || frames[at] >>> 8 !== (i & 0xffff)) {
      throw new Error(`frame ${frames[at]} in place of the reply to ${i}`);
    }
    expectBytes(bytes, frames[at + 1], frames[at + 2], i, `reply to ${i}`);
    this.replyAt += frames[at + 2];
    if (this.replyAt > replySizeOf(i)) throw new Error(`the reply to ${i} is too long`);
    if (this.replyAt < replySizeOf(i)) return;
    this.replyAt = 0;
    this.answered++;
  }

  private async rest(): Promise<void> {
    const { control } = this;
    const word = job.parks ? IO_PARK : IO_WAIT;
    const seen = Atomics.load(control, word);
    const waiting = job.parks ? Atomics.waitAsync(control, word, seen, LOST_MS) : null;
    Atomics.store(control, IO_REST, job.parks ? REST_PARKED : REST_WAITING);
    if (this.reader.poll() || (this.starved && this.writer.roomFreed)) {
      Atomics.store(control, IO_REST, REST_AWAKE);
      if (waiting?.async) {
        // Nobody will notify a waiter that went on by itself.
        Atomics.add(control, word, 1);
        Atomics.notify(control, word);
        await waiting.value;
      }
      return;
    }
    this.rests++;
    const outcome = waiting === null ? Atomics.wait(control, word, seen, LOST_MS) : await waiting.value;
    Atomics.store(control, IO_REST, REST_AWAKE);
    if (outcome === 'timed-out') throw new Error(`io: lost wake-up after ${this.answered}`);
  }
}

class ExecutorSide {
  private readonly control = new Int32Array(job.channel.control);
  private readonly doorbell = new Doorbell(new Int32Array(job.process.control));
  private readonly reader = new RequestReader(
    job.channel.control,
    job.channel.requestWords,
    job.channel.requestBytes,
  );
  private readonly writer = new ReplyRingWriter(
    job.channel.control,
    job.channel.replyFrames,
    job.channel.replyBytes,
  );
  private done = 0;
  private full = 0;
  private rests = 0;
  private starved = false;
  /** Bytes of the current reply already written. */
  private replyAt = 0;

  run(): object {
    while (this.done < job.total) if (!this.turn()) this.rest();
    return { done: this.done, full: this.full, rests: this.rests };
  }

  private turn(): boolean {
    const { reader, writer } = this;
    if (!reader.poll()) return false;
    this.starved = false;
    let worked = false;
    for (let at = reader.next(); at >= 0; at = reader.next()) {
      if (this.replyAt === 0) this.check(at);
      const before = this.replyAt;
      const whole = this.reply();
      if (whole || this.replyAt !== before) worked = true;
      if (!whole) break;
      reader.advance(at);
      this.done++;
      dawdle();
      if (below(16) === 0) break;
    }
    if (writer.dirty) writer.publish();
    if (reader.release()) wakeIoWorker(this.control);
    return worked;
  }

  private check(at: number): void {
    const { words, bytes } = this.reader;
    if (words[at + DESCRIPTOR_ARGC] !== this.done) throw new Error(`request ${words[at + DESCRIPTOR_ARGC]}`);
    if (words[at + DESCRIPTOR_SIZE] !== sizeOf(this.done)) throw new Error(`size of request ${this.done}`);
    expectBytes(bytes, words[at + DESCRIPTOR_START], sizeOf(this.done), this.done, `request ${this.done}`);
  }

  /** Writes what is left of the reply; false when the ring was full before its end. */
  private reply(): boolean {
    const { writer } = this;
    const size = replySizeOf(this.done);
    while (this.replyAt < size) {
      if (!writer.hasFrames(1)) return this.starve();
      if (writer.contiguous === 0) writer.refresh();
      if (writer.contiguous === 0) return this.starve();
      const piece = Math.min(writer.contiguous, size - this.replyAt);
      writer.bytes.fill(this.done & 0xff, writer.at, writer.at + piece);
      writer.commit(this.done & 0xffff, piece);
      this.replyAt += piece;
    }
    this.replyAt = 0;
    return true;
  }

  private starve(): false {
    this.full++;
    this.starved = true;
    this.writer.wantRoom();
    return false;
  }

  private rest(): void {
    const { doorbell } = this;
    doorbell.arm();
    if (this.starved ? this.writer.roomFreed : this.reader.poll()) {
      doorbell.disarm();
      return;
    }
    this.rests++;
    const before = performance.now();
    doorbell.wait(LOST_MS);
    if (performance.now() - before > LOST_MS * 0.9)
      throw new Error(`executor: lost wake-up after ${this.done}`);
  }
}

function byteAt(position: number): number {
  return (position ^ Math.floor(position / 256)) & 0xff;
}

function writeLog(): object {
  const writer = new LogWriter(job.log);
  const end = writer.position + job.total;
  const entry = new Uint8Array(job.sizeMax);
  let full = 0;
  while (writer.position < end) {
    const size = Math.min(1 + below(below(10) === 0 ? job.sizeMax : 200), end - writer.position);
    for (let i = 0; i < size; i++) entry[i] = byteAt(writer.position + i);
    for (let at = 0; at < size; ) {
      if (size <= writer.entryMax) at += writer.append(entry, 0, size) ? size : 0;
      else at += writer.appendPiece(entry, at, size);
      if (at === size) break;
      full++;
      writer.publish();
      if (!writer.waitForRoom(LOST_MS)) throw new Error(`log: no room at ${writer.position}`);
    }
    writer.endEntry();
    if (below(8) === 0) writer.publish();
    dawdle();
  }
  writer.publish();
  return { end, full };
}

async function readLog(): Promise<object> {
  const reader = new LogReader(job.log);
  const end = reader.written + job.total;
  let rests = 0;
  // waitAsync does not keep the thread alive.
  const alive = setInterval(() => {}, 1000);
  while (reader.written < end) {
    const pieces = reader.pieces(1 + below(100_000));
    if (pieces.length === 0) {
      const rest = reader.rest();
      if (rest === null) continue;
      rests++;
      const timer = setTimeout(() => {
        throw new Error(`log: lost wake-up at ${reader.written}`);
      }, LOST_MS);
      await rest;
      clearTimeout(timer);
      continue;
    }
    let size = 0;
    for (const piece of pieces) {
      for (let i = 0; i < piece.length; i++) {
        if (piece[i] !== byteAt(reader.written + size + i))
          throw new Error(`log: byte ${reader.written + size + i}`);
      }
      size += piece.length;
    }
    reader.wrote(size);
    if (below(4) === 0) reader.fsynced(reader.written);
    dawdle();
  }
  reader.fsynced(reader.written);
  clearInterval(alive);
  return { end, rests };
}

/** Reads the positions as io workers do, all the time: they only grow, and are never torn. */
function watchLog(): object {
  const control = new Int32Array(job.log.control);
  const places = [LOG_APPENDED, LOG_WHOLE, LOG_WRITTEN, LOG_FSYNCED];
  // The others may be well under way by now.
  const last = places.map(() => job.start);
  const end = job.start + job.total;
  let readings = 0;
  while (last[3] < end) {
    for (let i = 3; i >= 0; i--) {
      const position = readPosition(control, places[i]);
      if (position < last[i] || position > end) throw new Error(`log: position ${position} after ${last[i]}`);
      last[i] = position;
    }
    // Read from the last to the first: each may only have grown meanwhile.
    if (last[3] > last[2] || last[2] > last[0] || last[1] > end) throw new Error(`log: positions ${last}`);
    readings++;
  }
  return { end, readings };
}

async function run(): Promise<object> {
  if (job.role === 'io') return new IoSide().run();
  if (job.role === 'executor') return new ExecutorSide().run();
  if (job.role === 'log-writer') return writeLog();
  return job.role === 'log-reader' ? readLog() : watchLog();
}

// A worker that only holds a waitAsync would end; the promise is awaited with something that keeps the loop alive.
const alive = setInterval(() => {}, 1000);
parentPort!.postMessage(await run());
clearInterval(alive);
