/**
 * Parses RESP requests in place.
 *
 * Two parsers share the work. RequestParser is the hot one: it looks at one complete command in the
 * scratch buffer and writes where its arguments lie, touching each header byte once and no payload
 * byte at all. When the command is not complete it says so and forgets it. PartialRequest then
 * takes the command over: it keeps the bytes that came so far and its place in the grammar, so that the
 * rest, however it is cut into reads, is scanned and copied once. (Keeping the tail and parsing it again
 * from its start is quadratic: a 32 MB value took 2.8 s that way.)
 *
 * What counts as broken, and the words for it, are those of redis-server; so is what it lets pass
 * (the two bytes after a payload are not looked at).
 */
import { newUnfilled } from '../base/bytes.ts';
export const PARSED = 0;
export const INCOMPLETE = 1;
export const BROKEN = 2;
/** The spans do not fit the room that the caller offered. */
export const NO_ROOM = 3;

/** A header or inline line longer than this without its end is an error. */
export const LINE_MAX = 64 << 10;
export const ARGC_MAX = 0x7fffffff;
/** What a connection that has not logged in may send. */
export const ARGC_MAX_BEFORE_AUTH = 10;
export const BULK_MAX_BEFORE_AUTH = 16384;

const STAR = 42;
const DOLLAR = 36;
const MINUS = 45;
const CR = 13;
const LF = 10;

export const ERROR_ARGC = 'Protocol error: invalid multibulk length';
export const ERROR_ARGC_AUTH = 'Protocol error: unauthenticated multibulk length';
export const ERROR_ARGC_LINE = 'Protocol error: too big mbulk count string';
export const ERROR_BULK = 'Protocol error: invalid bulk length';
export const ERROR_BULK_AUTH = 'Protocol error: unauthenticated bulk length';
export const ERROR_BULK_LINE = 'Protocol error: too big bulk count string';
export const ERROR_INLINE_LINE = 'Protocol error: too big inline request';
export const ERROR_QUOTES = 'Protocol error: unbalanced quotes in request';

/** What a connection may send; `beforeAuth` picks the tighter limits and their texts. */
export interface RequestLimits {
  bulkMax: number;
  beforeAuth: boolean;
}

export class RequestParser {
  /** Arguments of the command just parsed. */
  argc = 0;
  /** The position after it. */
  next = 0;
  /** The text for a client whose stream is BROKEN. */
  error = '';

  /**
   * Parses the command at buf[pos], which is '*'.
   *
   * Writes start and end of each argument to spans[at...], as offsets into `buf` plus `delta`; at most
   * `spanRoom` words. Returns PARSED (argc and next are set; argc 0 is a command to ignore),
   * INCOMPLETE, BROKEN (error is set) or NO_ROOM (argc is set). Allocates nothing but error texts.
   */
  parse(
    buf: Uint8Array,
    pos: number,
    end: number,
    delta: number,
    spans: Int32Array,
    at: number,
    spanRoom: number,
    limits: RequestLimits,
  ): number {
    let p = pos + 1;
    let digit = p < end ? buf[p] - 48 : -1;
    let argc = 0;
    if (digit > 0 && digit <= 9 && p + 1 < end && buf[p + 1] === CR) {
      argc = digit;
      p += 3;
    } else {
      const status = this.number(buf, p, end);
      if (status === INCOMPLETE) return INCOMPLETE;
      argc = this.value;
      if (status === BROKEN || argc > ARGC_MAX) return this.fail(ERROR_ARGC);
      p = this.next;
      if (argc <= 0) {
        if (p > end) return INCOMPLETE;
        this.argc = 0;
        return PARSED;
      }
    }
    if (argc > ARGC_MAX_BEFORE_AUTH && limits.beforeAuth) return this.fail(ERROR_ARGC_AUTH);
    this.argc = argc;
    if (argc * 2 > spanRoom) return argc * 6 > end - p ? INCOMPLETE : NO_ROOM;

    for (let i = 0; i < argc; i++) {
      if (p >= end) return INCOMPLETE;
      if (buf[p] !== DOLLAR) return this.notDollar(buf, p, end);
      p++;
      let size = 0;
      // One or two digits and CR: nearly every header.
      digit = p + 2 < end ? buf[p] - 48 : -1;
      if (digit >= 0 && digit <= 9 && buf[p + 1] === CR) {
        size = digit;
        p += 3;
      } else if (digit > 0 && digit <= 9 && buf[p + 1] >= 48 && buf[p + 1] <= 57 && buf[p + 2] === CR) {
        size = digit * 10 + buf[p + 1] - 48;
        p += 4;
      } else {
        const status = this.number(buf, p, end);
        if (status === INCOMPLETE) return INCOMPLETE;
        size = this.value;
        if (status === BROKEN || size < 0 || size > limits.bulkMax) return this.fail(ERROR_BULK);
        if (size > BULK_MAX_BEFORE_AUTH && limits.beforeAuth) return this.fail(ERROR_BULK_AUTH);
        p = this.next;
      }
      if (p + size + 2 > end) return INCOMPLETE;
      spans[at++] = p + delta;
      spans[at++] = p + size + delta;
      p += size + 2;
    }
    this.next = p;
    return PARSED;
  }

  /** A bulk header that begins otherwise is judged when its line is there. */
  private notDollar(buf: Uint8Array, p: number, end: number): number {
    for (let i = p; i + 1 < end; i++) if (buf[i] === CR) return this.fail(expectedDollar(buf[p]));
    return INCOMPLETE;
  }

  /** The number read by number(). */
  value = 0;

  /** Reads `digits CR LF` at buf[p] into value and next; strict as Redis is (no '+', no leading zero). */
  private number(buf: Uint8Array, p: number, end: number): number {
    const from = p;
    while (p < end && buf[p] !== CR) p++;
    if (p + 1 >= end) return INCOMPLETE;
    this.value = strictInteger(buf, from, p);
    this.next = p + 2;
    return Number.isNaN(this.value) ? BROKEN : PARSED;
  }

  private fail(text: string): number {
    this.error = text;
    return BROKEN;
  }
}

/** The integer in buf[start..end), NaN when it is not one as Redis reads it; beyond 2^53 inexact. */
export function strictInteger(buf: Uint8Array, start: number, end: number): number {
  const negative = start < end && buf[start] === MINUS;
  let p = negative ? start + 1 : start;
  const digits = end - p;
  if (digits < 1 || digits > 19) return Number.NaN;
  if (buf[p] === 48) return digits === 1 && !negative ? 0 : Number.NaN;
  let value = 0;
  for (; p < end; p++) {
    const digit = buf[p] - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  if (value >= 2 ** 63) return Number.NaN;
  return negative ? -value : value;
}

export function expectedDollar(got: number): string {
  return `Protocol error: expected '$', got '${String.fromCharCode(got)}'`;
}

/** Where the grammar of a PartialRequest stands. */
const AT_ARGC = 0;
const AT_BULK_HEADER = 1;
const AT_PAYLOAD = 2;
const AT_INLINE = 3;

const FIRST_CAPACITY = 4 << 10;

/**
 * One command that arrives in pieces. Owned by a connection; made when a read ends inside a command,
 * reset when the command is complete. Keeps the bytes and the spans found so far (offsets into `bytes`).
 */
export class PartialRequest {
  bytes = new Uint8Array(FIRST_CAPACITY);
  size = 0;
  spans = new Int32Array(16);
  argc = 0;
  error = '';
  /** True while bytes of a command are kept. */
  active = false;
  /** True when the complete command is an inline line, spans unset. */
  inline = false;
  /** True when the command is whole and waits only for room in the ring. */
  complete = false;

  private state = AT_ARGC;
  private argsDone = 0;
  /** Where the current line or payload starts in bytes. */
  private from = 0;
  private payload = 0;

  /** Forgets the command; keeps small buffers for the next one. */
  reset(): void {
    this.size = 0;
    this.argc = 0;
    this.argsDone = 0;
    this.from = 0;
    this.state = AT_ARGC;
    this.active = false;
    this.inline = false;
    this.complete = false;
    if (this.bytes.length > SCRATCH_KEEP) this.bytes = new Uint8Array(FIRST_CAPACITY);
    if (this.spans.length > SPANS_KEEP) this.spans = new Int32Array(16);
  }

  /** Bytes before the argument that is arriving: arguments that are complete, with their headers. */
  get argumentBytes(): number {
    return this.from;
  }

  /** Room that is kept for what is still to come. */
  get freeBytes(): number {
    return this.bytes.length - this.size;
  }

  /** Gives bytes and spans away: their new owner keeps them. */
  release(): void {
    this.bytes = new Uint8Array(FIRST_CAPACITY);
    this.spans = new Int32Array(16);
  }

  /** The position in the input after the bytes that feed() took. */
  next = 0;

  /**
   * Takes bytes from buf[pos..end) up to the end of the command at most. Returns PARSED (argc, spans, size
   * are set), INCOMPLETE (everything was taken) or BROKEN. `next` is the position after what was taken.
   */
  feed(buf: Uint8Array, pos: number, end: number, limits: RequestLimits): number {
    if (!this.active) {
      this.active = true;
      if (buf[pos] !== STAR) {
        this.state = AT_INLINE;
        this.inline = true;
      }
    }
    while (pos < end) {
      if (this.state === AT_PAYLOAD) {
        pos = this.takePayload(buf, pos, end);
        if (this.size < this.from + this.payload + 2) break;
        if (this.finishArgument()) {
          this.next = pos;
          return PARSED;
        }
        continue;
      }
      pos = this.takeLine(buf, pos, end);
      if (!this.lineComplete()) {
        this.next = pos;
        if (this.size - this.from > LINE_MAX) return this.fail(this.lineError());
        break;
      }
      const status = this.finishLine(limits);
      if (status !== INCOMPLETE) {
        this.next = pos;
        return status;
      }
    }
    this.next = pos;
    return INCOMPLETE;
  }

  private takePayload(buf: Uint8Array, pos: number, end: number): number {
    const need = this.from + this.payload + 2 - this.size;
    const size = need < end - pos ? need : end - pos;
    this.append(buf, pos, pos + size, this.from + this.payload + 2);
    return pos + size;
  }

  /** Records the argument; true when it was the last. */
  private finishArgument(): boolean {
    const at = this.argsDone * 2;
    if (at + 2 > this.spans.length) {
      const grown = new Int32Array(Math.min(this.spans.length * 2, Math.max(this.argc * 2, 16)));
      grown.set(this.spans);
      this.spans = grown;
    }
    this.spans[at] = this.from;
    this.spans[at + 1] = this.from + this.payload;
    this.argsDone++;
    this.state = AT_BULK_HEADER;
    this.from = this.size;
    return this.argsDone === this.argc;
  }

  /** Takes bytes up to the end of the line: LF for inline, CR and one byte more for headers. */
  private takeLine(buf: Uint8Array, pos: number, end: number): number {
    const start = pos;
    if (this.state === AT_INLINE) {
      while (pos < end && buf[pos] !== LF) pos++;
      if (pos < end) pos++;
    } else if (this.size > this.from && this.bytes[this.size - 1] === CR) {
      pos++;
    } else {
      while (pos < end && buf[pos] !== CR) pos++;
      if (pos < end) pos = pos + 2 < end ? pos + 2 : end;
    }
    this.append(buf, start, pos, 0);
    return pos;
  }

  private lineComplete(): boolean {
    if (this.size === this.from) return false;
    if (this.state === AT_INLINE) return this.bytes[this.size - 1] === LF;
    return this.size - this.from >= 2 && this.bytes[this.size - 2] === CR;
  }

  private finishLine(limits: RequestLimits): number {
    if (this.state === AT_INLINE) return PARSED;
    const first = this.bytes[this.from];
    if (this.state === AT_BULK_HEADER && first !== DOLLAR) return this.fail(expectedDollar(first));
    const value = strictInteger(this.bytes, this.from + 1, this.size - 2);
    if (this.state === AT_ARGC) {
      if (Number.isNaN(value) || value > ARGC_MAX) return this.fail(ERROR_ARGC);
      if (value > ARGC_MAX_BEFORE_AUTH && limits.beforeAuth) return this.fail(ERROR_ARGC_AUTH);
      this.argc = value;
      this.state = AT_BULK_HEADER;
      this.from = this.size;
      return value <= 0 ? PARSED : INCOMPLETE;
    }
    if (Number.isNaN(value) || value < 0 || value > limits.bulkMax) return this.fail(ERROR_BULK);
    if (value > BULK_MAX_BEFORE_AUTH && limits.beforeAuth) return this.fail(ERROR_BULK_AUTH);
    this.payload = value;
    this.state = AT_PAYLOAD;
    this.from = this.size;
    if (value >= BIG_ARGUMENT) this.makeRoom(this.from + value + 2);
    return INCOMPLETE;
  }

  /** Room for a big argument is made when it is announced, as in Redis: it counts as what the client takes from then on. */
  private makeRoom(known: number): void {
    const { length } = this.bytes;
    if (known <= length || known > KNOWN_TRUSTED) return;
    // One of many that are about as large: then as for small ones, lest each copies all before it.
    this.grow(this.size > known >>> 1 ? Math.max(known, length * 2) : known);
  }

  private grow(capacity: number): void {
    const grown = newUnfilled(capacity);
    grown.set(this.bytes.subarray(0, this.size));
    this.bytes = grown;
  }

  private lineError(): string {
    if (this.state === AT_INLINE) return ERROR_INLINE_LINE;
    return this.state === AT_ARGC ? ERROR_ARGC_LINE : ERROR_BULK_LINE;
  }

  private fail(text: string): number {
    this.error = text;
    return BROKEN;
  }

  /** Appends; `known` is how large the command is known to become, so that a big value grows few times. */
  private append(buf: Uint8Array, start: number, end: number, known: number): void {
    const size = this.size + end - start;
    if (size > this.bytes.length) {
      const doubled = this.bytes.length * 2;
      const trusted = known > size && (known < doubled * 2 || known <= KNOWN_TRUSTED);
      this.grow(trusted ? known : Math.max(doubled, size));
    }
    this.bytes.set(buf.subarray(start, end), this.size);
    this.size = size;
  }
}

/** A size that is announced and not yet sent is believed up to this: pages that are never written cost nothing. */
const KNOWN_TRUSTED = 4 << 20;
const BIG_ARGUMENT = 32 << 10;
const SCRATCH_KEEP = 64 << 10;
const SPANS_KEEP = 1 << 10;
