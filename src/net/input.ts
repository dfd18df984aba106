/**
 * From bytes of a socket to descriptors in the request ring.
 *
 * read -> parse in place -> one descriptor per command -> the complete commands of the read copied to the
 * ring in one go. Nothing here allocates for a command that came whole. Anything else (a command in
 * pieces, an inline line, a command too big for the ring, a broken stream, a full ring) leaves the hot
 * loop by a status and is dealt with below it.
 */
import { copyBytes } from '../base/bytes.ts';
import type { SipHasher } from '../base/siphash.ts';
import type { CommandNames } from '../resp/command-names.ts';
import { encodeRequest, splitInline } from '../resp/inline.ts';
import {
  BROKEN,
  ERROR_ARGC_AUTH,
  ERROR_BULK_AUTH,
  ERROR_QUOTES,
  INCOMPLETE,
  LINE_MAX,
  NO_ROOM,
  PARSED,
  type PartialRequest,
  type RequestLimits,
  RequestParser,
} from '../resp/request-parser.ts';
import {
  CONNECTION_ARGUMENTS,
  CONNECTION_AUTHENTICATED,
  CONNECTION_FLAGS,
  CONNECTION_QUERY_BUFFER,
  CONNECTION_QUERY_FREE,
} from '../ring/connection-table.ts';
import {
  REQUEST_BYTES_LARGE,
  REQUEST_WORDS_LARGE,
  SCRATCH_BYTES,
  SETTING_BULK_MAX,
  SETTING_PASSWORD_NEEDED,
  SETTING_QUERY_BUFFER_MAX,
} from '../ring/layout.ts';
import {
  DESCRIPTOR_ARGC,
  DESCRIPTOR_BYTES_UNTIL,
  DESCRIPTOR_COMMAND,
  DESCRIPTOR_HASH,
  DESCRIPTOR_SIZE,
  DESCRIPTOR_SLOT,
  DESCRIPTOR_SPANS,
  DESCRIPTOR_START,
  REQUEST_COMMAND,
  REQUEST_LARGE,
  type RequestWriter,
} from '../ring/request-ring.ts';
import type { Connection } from './connection.ts';

const STAR = 42;
const LF = 10;
/** Span words offered to the parser before it knows argc; a longer command asks again. */
const SPANS_USUAL = 64;
/** Reads up to this size are copied byte by byte: TypedArray.set costs about 100 ns however little it moves. */
const COPY_LOOP_MAX = 64;
/** The limits of a request that has been judged: none. */
const BULK_MAX_JUDGED = 0x7fffffff;
const JUDGED: RequestLimits = { bulkMax: BULK_MAX_JUDGED, beforeAuth: false };

/** All input was taken. */
export const INPUT_TAKEN = 0;
/** The ring is full: the rest is in connection.backlog, stop reading. */
export const INPUT_STALLED = 1;
/** The stream is broken: the text for its client is in `error`; read no more. */
export const INPUT_BROKEN = 2;
/** The query buffer limit is exceeded: close the socket now. */
export const INPUT_TOO_BIG = 3;
/** The rest is in connection.backlog until a BARRIER, which the caller sends, has come back. */
export const INPUT_BARRIER = 4;

/** A command that travels outside the ring; its buffers are transferred. */
export interface LargeRequest {
  slot: number;
  command: number;
  argc: number;
  hash: number;
  bytes: Uint8Array;
  size: number;
  spans: Int32Array;
}

export class Input {
  private readonly ring: RequestWriter;
  private readonly names: CommandNames;
  private readonly hasher: SipHasher;
  private readonly process: Int32Array;
  private readonly rows: Int32Array;
  private readonly sendLarge: (request: LargeRequest) => void;
  private readonly parser = new RequestParser();
  private readonly limits: RequestLimits = { bulkMax: 0, beforeAuth: false };
  /** Commands handed over, free-running: a figure. */
  commands = 0;
  /** A command has been taken that tells of other connections; whoever acts on it resets it. */
  looksAround = false;
  /** What broke the stream, after INPUT_BROKEN. */
  error = '';

  constructor(
    ring: RequestWriter,
    names: CommandNames,
    hasher: SipHasher,
    process: Int32Array,
    rows: Int32Array,
    sendLarge: (request: LargeRequest) => void,
  ) {
    this.ring = ring;
    this.names = names;
    this.hasher = hasher;
    this.process = process;
    this.rows = rows;
    this.sendLarge = sendLarge;
  }

  /** Takes what a read brought, buf[pos..end), after anything that waited. Returns an INPUT_ status. */
  take(connection: Connection, buf: Uint8Array, pos: number, end: number): number {
    this.limits.bulkMax = this.process[SETTING_BULK_MAX];
    this.limits.beforeAuth = this.mustLogIn(connection);
    if (connection.partial?.complete && !this.emitPartial(connection))
      return this.stall(connection, buf, pos, end);
    while (pos < end) {
      let status = INPUT_TAKEN;
      if (connection.partial?.active) {
        status = this.resume(connection, buf, pos, end);
      } else if (this.takeWhole(connection, buf, pos, end) !== PARSED) {
        status = this.takeOdd(connection, buf, this.at, end);
      }
      pos = this.at;
      if (status !== INPUT_TAKEN) return status;
    }
    return INPUT_TAKEN;
  }

  /** Retries input that was stalled, in pieces no larger than a read: a larger one might never fit the ring. */
  retry(connection: Connection): number {
    const backlog = connection.backlog;
    if (backlog === null) return INPUT_TAKEN;
    connection.backlog = null;
    this.rows[connection.row + CONNECTION_QUERY_BUFFER] = 0;
    let pos = 0;
    do {
      const end = Math.min(pos + SCRATCH_BYTES, backlog.length);
      const status = this.take(connection, backlog, pos, end);
      if (status !== INPUT_TAKEN) {
        this.keepBehind(connection, backlog, end);
        return status;
      }
      pos = end;
    } while (pos < backlog.length);
    return INPUT_TAKEN;
  }

  /** Keeps bytes that came while the connection waits, behind what waits already. */
  keep(connection: Connection, buf: Uint8Array, start: number, end: number): void {
    const waiting = connection.backlog;
    const kept = waiting === null ? buf.slice(start, end) : joined(waiting, buf.subarray(start, end));
    connection.backlog = kept;
    this.rows[connection.row + CONNECTION_QUERY_BUFFER] = kept.length;
  }

  private keepBehind(connection: Connection, backlog: Uint8Array, from: number): void {
    if (connection.backlog !== null && from < backlog.length)
      this.keep(connection, backlog, from, backlog.length);
  }

  /** Writes a record that is not a command; `text` goes along in the byte area. False when the ring is full. */
  sendRecord(kind: number, slot: number, text: string): boolean {
    const start = this.ring.reserveBytes(text.length);
    const at = start < 0 ? -1 : this.ring.reserveWords(DESCRIPTOR_SPANS);
    if (at < 0) return false;
    for (let i = 0; i < text.length; i++) this.ring.bytes[start + i] = text.charCodeAt(i);
    this.ring.commitBytes(text.length);
    this.writeRecord(at, kind, slot, -1, start, text.length);
    return true;
  }

  private mustLogIn(connection: Connection): boolean {
    if (this.process[SETTING_PASSWORD_NEEDED] !== 1) return false;
    return (Atomics.load(this.rows, connection.row + CONNECTION_FLAGS) & CONNECTION_AUTHENTICATED) === 0;
  }

  /** The position reached in the input by the last step. */
  private at = 0;
  private stalled = false;
  /** What the parser said of the command at `at`. */
  private status = PARSED;

  /**
   * The hot loop: every complete multi-bulk command of buf[pos..end). Leaves `at` behind the last one taken
   * and returns PARSED at the end of the input, or why the command at `at` was not taken.
   */
  private takeWhole(connection: Connection, buf: Uint8Array, pos: number, end: number): number {
    const ring = this.ring;
    const base = ring.reserveBytes(end - pos);
    this.stalled = base < 0;
    this.at = pos;
    if (base < 0) return NO_ROOM;
    const parser = this.parser;
    const words = ring.words;
    const delta = base - pos;
    let p = pos;
    let status = PARSED;
    while (p < end) {
      if (buf[p] !== STAR) {
        status = INCOMPLETE;
        break;
      }
      let at = ring.reserveWords(DESCRIPTOR_SPANS + SPANS_USUAL);
      if (at < 0) {
        this.stalled = true;
        status = NO_ROOM;
        break;
      }
      status = parser.parse(buf, p, end, delta, words, at + DESCRIPTOR_SPANS, SPANS_USUAL, this.limits);
      if (status === NO_ROOM) {
        const spanWords = parser.argc * 2;
        if (DESCRIPTOR_SPANS + spanWords > REQUEST_WORDS_LARGE) break;
        at = ring.reserveWords(DESCRIPTOR_SPANS + spanWords);
        this.stalled = at < 0;
        if (at < 0) break;
        status = parser.parse(buf, p, end, delta, words, at + DESCRIPTOR_SPANS, spanWords, this.limits);
      }
      if (status !== PARSED) break;
      const next = parser.next;
      if (parser.argc !== 0) this.describe(connection.slot, buf, p, next, delta, at, next - pos);
      p = next;
    }
    const size = p - pos;
    if (size <= COPY_LOOP_MAX) {
      const bytes = ring.bytes;
      for (let i = 0; i < size; i++) bytes[base + i] = buf[pos + i];
    } else {
      copyBytes(buf, pos, p, ring.bytes, base);
    }
    ring.commitBytes(size);
    this.at = p;
    this.status = status;
    return status;
  }

  /** Fills the descriptor at `at`, whose spans are written, and takes its words. */
  private describe(
    slot: number,
    buf: Uint8Array,
    start: number,
    end: number,
    delta: number,
    at: number,
    used: number,
  ): void {
    const ring = this.ring;
    const words = ring.words;
    const argc = this.parser.argc;
    const size = DESCRIPTOR_SPANS + argc * 2;
    const spans = at + DESCRIPTOR_SPANS;
    const command = this.names.find(buf, words[spans] - delta, words[spans + 1] - delta);
    words[at] = REQUEST_COMMAND | (size << 8);
    words[at + DESCRIPTOR_SLOT] = slot;
    words[at + DESCRIPTOR_COMMAND] = command;
    words[at + DESCRIPTOR_ARGC] = argc;
    words[at + DESCRIPTOR_START] = start + delta;
    words[at + DESCRIPTOR_SIZE] = end - start;
    const key = command < 0 ? 0 : this.names.firstKey(command);
    words[at + DESCRIPTOR_HASH] =
      key > 0 && key < argc
        ? this.hasher.hash(buf, words[spans + key * 2] - delta, words[spans + key * 2 + 1] - delta)
        : 0;
    if (key < 0) this.looksAround = true;
    words[at + DESCRIPTOR_BYTES_UNTIL] = ring.bytesUntil(used);
    ring.commitWords(size);
    this.commands++;
  }

  /** The command at buf[pos] was not taken by the hot loop: finds out why and acts. */
  private takeOdd(connection: Connection, buf: Uint8Array, pos: number, end: number): number {
    if (this.stalled) return this.stall(connection, buf, pos, end);
    if (this.status === BROKEN) return this.broken(connection, this.parser.error, buf, pos, end);
    if (buf[pos] !== STAR) {
      const newline = buf.subarray(pos, end).indexOf(LF);
      if (newline >= 0 && newline <= LINE_MAX) {
        this.at = pos + newline + 1;
        return this.takeLine(connection, buf, pos, this.at, end);
      }
    }
    return this.resume(connection, buf, pos, end);
  }

  /** Feeds a command that comes in pieces. */
  private resume(connection: Connection, buf: Uint8Array, pos: number, end: number): number {
    const partial = connection.partialRequest();
    const status = partial.feed(buf, pos, end, this.limits);
    this.at = partial.next;
    this.show(connection, partial);
    if (status === BROKEN) return this.broken(connection, partial.error, buf, pos, end);
    if (partial.size > this.process[SETTING_QUERY_BUFFER_MAX]) return INPUT_TOO_BIG;
    if (status === INCOMPLETE) return INPUT_TAKEN;
    this.show(connection, null);
    if (partial.inline) {
      const line = partial.bytes.slice(0, partial.size);
      partial.reset();
      return this.takeLine(connection, line, 0, line.length, end, buf);
    }
    if (this.emitPartial(connection)) return INPUT_TAKEN;
    partial.complete = true;
    return this.stall(connection, buf, this.at, end);
  }

  /** Tells what an incomplete command takes; null: there is none. */
  private show({ row }: Connection, partial: PartialRequest | null): void {
    const { rows } = this;
    rows[row + CONNECTION_QUERY_BUFFER] = partial === null ? 0 : partial.size - partial.argumentBytes;
    rows[row + CONNECTION_ARGUMENTS] = partial === null ? 0 : partial.argumentBytes;
    rows[row + CONNECTION_QUERY_FREE] = partial === null ? 0 : partial.freeBytes;
  }

  /** Hands a command that came in pieces over; false when the ring is full (it is kept). */
  private emitPartial(connection: Connection): boolean {
    const partial = connection.partialRequest();
    const words = DESCRIPTOR_SPANS + partial.argc * 2;
    if (partial.argc > 0) {
      const large = partial.size > REQUEST_BYTES_LARGE || words > REQUEST_WORDS_LARGE;
      if (!(large ? this.emitLarge(connection, partial) : this.emitWhole(connection, partial))) return false;
    }
    partial.reset();
    return true;
  }

  /** Small enough for the ring: goes the way of every command, from the bytes that were kept. */
  private emitWhole(connection: Connection, partial: PartialRequest): boolean {
    return this.takeJudged(connection, partial.bytes, partial.size);
  }

  /**
   * Takes a request that has passed the limits already, or is not under them (inline words); leaves `at` alone.
   * False when it did not fit.
   */
  private takeJudged(connection: Connection, request: Uint8Array, size: number): boolean {
    const { at, limits } = this;
    const { bulkMax, beforeAuth } = limits;
    limits.bulkMax = BULK_MAX_JUDGED;
    limits.beforeAuth = false;
    this.takeWhole(connection, request, 0, size);
    limits.bulkMax = bulkMax;
    limits.beforeAuth = beforeAuth;
    const taken = this.at === size;
    this.at = at;
    return taken;
  }

  private emitLarge(connection: Connection, partial: PartialRequest): boolean {
    const at = this.ring.reserveWords(DESCRIPTOR_SPANS);
    if (at < 0) return false;
    const { bytes, size, spans, argc } = partial;
    const command = this.names.find(bytes, spans[0], spans[1]);
    const key = command < 0 ? 0 : this.names.firstKey(command);
    const hash = key > 0 && key < argc ? this.hasher.hash(bytes, spans[key * 2], spans[key * 2 + 1]) : 0;
    this.sendLarge({ slot: connection.slot, command, argc, hash, bytes, size, spans });
    partial.release();
    this.writeRecord(at, REQUEST_LARGE, connection.slot, command, 0, 0);
    this.commands++;
    return true;
  }

  /**
   * Takes the inline line line[start..until). The input itself goes on at `this.at`; `input` is given when
   * the line is not part of it.
   */
  private takeLine(
    connection: Connection,
    line: Uint8Array,
    start: number,
    until: number,
    end: number,
    input: Uint8Array = line,
  ): number {
    const words = splitInline(line, start, until);
    const rest = this.at;
    if (words === null) return this.broken(connection, ERROR_QUOTES, input, rest, end);
    if (words.length === 0) return INPUT_TAKEN;
    const request = encodeRequest(words);
    if (this.takeJudged(connection, request, request.length)) return INPUT_TAKEN;
    // It is whole and judged: kept as a command that came in pieces and waits for room.
    const partial = connection.partialRequest();
    partial.feed(request, 0, request.length, JUDGED);
    if (this.emitPartial(connection)) return INPUT_TAKEN;
    partial.complete = true;
    return this.stall(connection, input, rest, end);
  }

  /** Keeps buf[pos..end) until there is room. */
  private stall(connection: Connection, buf: Uint8Array, pos: number, end: number): number {
    connection.backlog = buf.slice(pos, end);
    this.rows[connection.row + CONNECTION_QUERY_BUFFER] = end - pos;
    return INPUT_STALLED;
  }

  /**
   * The stream is broken at buf[pos]. A limit that only holds before AUTH is judged when every command
   * before it has been executed: an AUTH may be among them.
   */
  private broken(connection: Connection, text: string, buf: Uint8Array, pos: number, end: number): number {
    const early = text === ERROR_ARGC_AUTH || text === ERROR_BULK_AUTH;
    if (!early || connection.barrierPassed) {
      this.error = text;
      return INPUT_BROKEN;
    }
    const waiting = this.withPartial(connection, buf, pos, end);
    this.stall(connection, waiting, 0, waiting.length);
    return INPUT_BARRIER;
  }

  /**
   * The bytes of the command under way and the input behind it, to be parsed again from the command's start.
   * Only before AUTH, where a command is short.
   */
  private withPartial(connection: Connection, buf: Uint8Array, pos: number, end: number): Uint8Array {
    const partial = connection.partial;
    if (!partial?.active) return buf.slice(pos, end);
    const waiting = joined(partial.bytes.subarray(0, partial.size), buf.subarray(this.at, end));
    partial.reset();
    return waiting;
  }

  private writeRecord(
    at: number,
    kind: number,
    slot: number,
    word: number,
    start: number,
    size: number,
  ): void {
    const words = this.ring.words;
    words[at] = kind | (DESCRIPTOR_SPANS << 8);
    words[at + DESCRIPTOR_SLOT] = slot;
    words[at + DESCRIPTOR_COMMAND] = word;
    words[at + DESCRIPTOR_ARGC] = 0;
    words[at + DESCRIPTOR_START] = start;
    words[at + DESCRIPTOR_SIZE] = size;
    words[at + DESCRIPTOR_HASH] = 0;
    words[at + DESCRIPTOR_BYTES_UNTIL] = this.ring.bytesUntil(0);
    this.ring.commitWords(DESCRIPTOR_SPANS);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
