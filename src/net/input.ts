/**
 * From bytes of a socket to descriptors in the request ring.
 *
 * read -> parse in place -> one descriptor per command -> the complete commands of the read copied to the
 * ring in one go. Nothing here allocates for a command that came whole. Anything else (a command in
 * pieces, an inline line, a command too big for the ring, a broken stream, a full ring) leaves the hot
 * loop by a status and is dealt with below it.
 */
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
  CONNECTION_AUTHENTICATED,
  CONNECTION_FLAGS,
  CONNECTION_QUERY_BUFFER,
} from '../ring/connection-table.ts';
import {
  REQUEST_BYTES_LARGE,
  REQUEST_WORDS_LARGE,
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
  REQUEST_BARRIER,
  REQUEST_COMMAND,
  REQUEST_LARGE,
  REQUEST_PROTOCOL_ERROR,
  type RequestWriter,
} from '../ring/request-ring.ts';
import type { Connection } from './connection.ts';

const STAR = 42;
const LF = 10;
/** Span words offered to the parser before it knows argc; a longer command asks again. */
const SPANS_USUAL = 64;
/** Reads up to this size are copied byte by byte: TypedArray.set costs about 100 ns however little it moves. */
const COPY_LOOP_MAX = 64;

/** All input was taken. */
export const INPUT_TAKEN = 0;
/** The ring is full, or a barrier is awaited: the rest is in connection.backlog, stop reading. */
export const INPUT_STALLED = 1;
/** The stream is broken or over its limit: an error is on its way, read no more. */
export const INPUT_ENDED = 2;
/** The query buffer limit is exceeded: close the socket now. */
export const INPUT_TOO_BIG = 3;

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

  /** Retries input that was stalled. */
  retry(connection: Connection): number {
    const backlog = connection.backlog;
    if (backlog === null) return INPUT_TAKEN;
    connection.backlog = null;
    return this.take(connection, backlog, 0, backlog.length);
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
      ring.bytes.set(buf.subarray(pos, p), base);
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
    this.rows[connection.row + CONNECTION_QUERY_BUFFER] = partial.size;
    if (status === BROKEN) return this.broken(connection, partial.error, buf, pos, end);
    if (partial.size > this.process[SETTING_QUERY_BUFFER_MAX]) return INPUT_TOO_BIG;
    if (status === INCOMPLETE) return INPUT_TAKEN;
    this.rows[connection.row + CONNECTION_QUERY_BUFFER] = 0;
    if (partial.inline) {
      const line = partial.bytes.slice(0, partial.size);
      partial.reset();
      return this.takeLine(connection, line, 0, line.length, end, buf);
    }
    if (this.emitPartial(connection)) return INPUT_TAKEN;
    partial.complete = true;
    return this.stall(connection, buf, this.at, end);
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
    const at = this.at;
    this.takeWhole(connection, partial.bytes, 0, partial.size);
    const taken = this.at === partial.size;
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
    this.takeWhole(connection, request, 0, request.length);
    const taken = this.at === request.length;
    this.at = rest;
    if (taken) return INPUT_TAKEN;
    return this.stall(connection, joined(request, input.subarray(rest, end)), 0, request.length + end - rest);
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
    if (early && !connection.barrierPassed) {
      if (!connection.barrierPending && !this.sendRecord(REQUEST_BARRIER, connection.slot, '')) {
        return this.stall(connection, buf, pos, end);
      }
      connection.barrierPending = true;
      return this.stall(connection, this.withPartial(connection, buf, pos, end), 0, this.joinedSize);
    }
    connection.barrierPassed = false;
    return this.sendRecord(REQUEST_PROTOCOL_ERROR, connection.slot, text)
      ? INPUT_ENDED
      : this.stall(connection, this.withPartial(connection, buf, pos, end), 0, this.joinedSize);
  }

  private joinedSize = 0;

  /**
   * The bytes of the command under way and the input behind it, to be parsed again from the command's start.
   * Only for a broken stream: a header line at most is read twice.
   */
  private withPartial(connection: Connection, buf: Uint8Array, pos: number, end: number): Uint8Array {
    const partial = connection.partial;
    const kept = partial?.active ? partial.bytes.slice(0, partial.size) : new Uint8Array(0);
    const rest = partial?.active ? this.at : pos;
    partial?.reset();
    this.joinedSize = kept.length + end - rest;
    return joined(kept, buf.subarray(rest, end));
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
