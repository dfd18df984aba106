/**
 * Writes replies as RESP2 or RESP3 bytes into whatever memory the sink hands out.
 *
 * One class for every destination (the reply ring, a client's own queue, a capture buffer), because a
 * handler's calls on it must stay monomorphic: only the rare overflow() differs, behind `sink`.
 *
 * Invariant: buf[pos..limit) is writable. Every method leaves whole bytes behind pos; a value larger than
 * the room left is cut at limit and goes on in the next region the sink gives.
 */
import { COPY_VIEWS_SIZE_MAX, copyBytes, copyViews } from '../base/bytes.ts';

export interface ReplySink {
  /**
   * Takes over what was written up to writer.pos and points the writer (point()) at a region with at
   * least `size` bytes (size <= REGION_MIN), or at least one byte when size is 0.
   */
  overflow(writer: ReplyWriter, size: number): void;
}

/** What a sink must be able to hand out in one piece. */
export const REGION_MIN = 512;

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const STAR = 42;
const COLON = 58;
const PLUS = 43;
const MINUS = 45;
/** `+QUEUED CRLF` in words. */
const PLUS_QUE = 0x2b515545;
const UED_CR = 0x5545440d;
const QUEUED_BYTES = 9;
/** Below this a byte loop beats TypedArray.set (about 100 ns of fixed cost). */
const LOOP_MAX = 48;

export class ReplyWriter {
  buf: Uint8Array;
  /** The same memory as buf: whoever sets buf sets both, by point(). */
  data: DataView;
  pos = 0;
  limit = 0;
  /** 2 or 3: which protocol the connection speaks. */
  resp = 2;
  sink: ReplySink;
  /** Errors written since the caller last looked: how dispatch learns that a call failed. */
  errors = 0;
  /** The text of the last error without '-' and CRLF. */
  lastError = '';

  constructor(buf: Uint8Array, sink: ReplySink) {
    this.buf = buf;
    this.data = new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
    this.sink = sink;
  }

  /** Writes to buf[pos..limit) from now on. `data` is a DataView over the same bytes. */
  point(buf: Uint8Array, data: DataView, pos: number, limit: number): void {
    this.buf = buf;
    this.data = data;
    this.pos = pos;
    this.limit = limit;
  }

  /** Makes room for `size` contiguous bytes; size <= REGION_MIN. */
  ensure(size: number): void {
    if (this.pos + size > this.limit) this.sink.overflow(this, size);
  }

  ok(): void {
    this.ensure(5);
    const buf = this.buf;
    const pos = this.pos;
    buf[pos] = PLUS;
    buf[pos + 1] = 79;
    buf[pos + 2] = 75;
    buf[pos + 3] = CR;
    buf[pos + 4] = LF;
    this.pos = pos + 5;
  }

  /** What MULTI makes of a command. */
  queued(): void {
    this.ensure(QUEUED_BYTES);
    const { data, pos } = this;
    data.setInt32(pos, PLUS_QUE);
    data.setInt32(pos + 4, UED_CR);
    data.setInt8(pos + 8, LF);
    this.pos = pos + QUEUED_BYTES;
  }

  /** A simple string; `text` must hold neither CR nor LF. */
  simple(text: string): void {
    this.ensure(1);
    this.buf[this.pos++] = PLUS;
    this.latin1(text);
    this.crlf();
  }

  /** An error: `text` begins with its code (ERR, WRONGTYPE ...). CR and LF in it become spaces. */
  error(text: string): void {
    this.errors++;
    this.lastError = text;
    this.ensure(1);
    this.buf[this.pos++] = MINUS;
    this.latin1(text.replace(/[\r\n]/g, ' '));
    this.crlf();
  }

  /** An integer that a double holds exactly. */
  integer(value: number): void {
    this.ensure(24);
    this.buf[this.pos++] = COLON;
    this.digits(value);
    this.buf[this.pos++] = CR;
    this.buf[this.pos++] = LF;
  }

  /**
   * A bulk string of bytes[start..end). With `data`, a DataView over the same memory, values up to COPY_VIEWS_SIZE_MAX are copied twice
   * as fast. Allocates nothing below that size, or below LOOP_MAX without it.
   */
  bulk(bytes: Uint8Array, start: number, end: number, data: DataView | null = null): void {
    const size = end - start;
    this.bulkHeader(size);
    if (size > COPY_VIEWS_SIZE_MAX || this.pos + size + 2 > this.limit) {
      this.raw(bytes, start, end);
      this.crlf();
      return;
    }
    const buf = this.buf;
    const pos = this.pos;
    if (data !== null) copyViews(data, start, end, this.data, pos);
    else copyBytes(bytes, start, end, buf, pos);
    buf[pos + size] = CR;
    buf[pos + size + 1] = LF;
    this.pos = pos + size + 2;
  }

  /** `$size CRLF`; the caller writes the bytes and crlf(). */
  bulkHeader(size: number): void {
    this.ensure(24);
    this.buf[this.pos++] = DOLLAR;
    this.digits(size);
    this.buf[this.pos++] = CR;
    this.buf[this.pos++] = LF;
  }

  /** A bulk string from a JS string of latin1 characters. */
  bulkText(text: string): void {
    this.bulkHeader(text.length);
    this.latin1(text);
    this.crlf();
  }

  /** A bulk string holding the decimal digits of a safe integer. */
  bulkInteger(value: number): void {
    this.bulkHeader(decimalLength(value));
    this.ensure(24);
    this.digits(value);
    this.crlf();
  }

  /** The null of the protocol in use, in place of a bulk string. */
  null(): void {
    if (this.resp === 3) this.literal('_\r\n');
    else this.literal('$-1\r\n');
  }

  /** The null of the protocol in use, in place of an array. */
  nullArray(): void {
    if (this.resp === 3) this.literal('_\r\n');
    else this.literal('*-1\r\n');
  }

  array(count: number): void {
    this.header(STAR, count);
  }

  /** A map of `pairs` pairs: RESP2 clients get a flat array. */
  map(pairs: number): void {
    if (this.resp === 3) this.header(37, pairs);
    else this.header(STAR, pairs * 2);
  }

  set(count: number): void {
    this.header(this.resp === 3 ? 126 : STAR, count);
  }

  attribute(pairs: number): void {
    this.header(124, pairs);
  }

  push(count: number): void {
    this.header(this.resp === 3 ? 62 : STAR, count);
  }

  /** true or false; RESP2 clients get 1 or 0. */
  boolean(value: boolean): void {
    if (this.resp === 3) this.literal(value ? '#t\r\n' : '#f\r\n');
    else this.literal(value ? ':1\r\n' : ':0\r\n');
  }

  /** A double already formatted; RESP2 clients get a bulk string. */
  double(text: string): void {
    if (this.resp === 3) {
      this.literal(',');
      this.latin1(text);
      this.crlf();
    } else {
      this.bulkText(text);
    }
  }

  /** A number of any size in decimal; RESP2 clients get a bulk string. */
  bigNumber(digits: string): void {
    if (this.resp !== 3) {
      this.bulkText(digits);
      return;
    }
    this.literal('(');
    this.latin1(digits);
    this.crlf();
  }

  /** A verbatim string with a three-letter format; RESP2 clients get a bulk string. */
  verbatim(format: string, text: string): void {
    if (this.resp !== 3) {
      this.bulkText(text);
      return;
    }
    this.header(61, text.length + 4);
    this.latin1(format + ':');
    this.latin1(text);
    this.crlf();
  }

  header(type: number, count: number): void {
    this.ensure(24);
    this.buf[this.pos++] = type;
    this.digits(count);
    this.buf[this.pos++] = CR;
    this.buf[this.pos++] = LF;
  }

  crlf(): void {
    this.ensure(2);
    this.buf[this.pos++] = CR;
    this.buf[this.pos++] = LF;
  }

  /** Short ASCII written as it is: at most REGION_MIN characters. */
  literal(text: string): void {
    this.ensure(text.length);
    const buf = this.buf;
    let pos = this.pos;
    for (let i = 0; i < text.length; i++) buf[pos++] = text.charCodeAt(i);
    this.pos = pos;
  }

  /** A latin1 string of any length: one byte per character. */
  latin1(text: string): void {
    for (let i = 0; i < text.length; i++) {
      if (this.pos === this.limit) this.sink.overflow(this, 0);
      this.buf[this.pos++] = text.charCodeAt(i);
    }
  }

  /** Bytes as they are, of any length. Allocates a view per region when longer than LOOP_MAX. */
  raw(bytes: Uint8Array, start: number, end: number): void {
    while (start < end) {
      if (this.pos === this.limit) this.sink.overflow(this, 0);
      const room = this.limit - this.pos;
      const size = end - start < room ? end - start : room;
      if (size <= LOOP_MAX) {
        const buf = this.buf;
        let pos = this.pos;
        for (let i = start; i < start + size; i++) buf[pos++] = bytes[i];
      } else {
        copyBytes(bytes, start, start + size, this.buf, this.pos);
      }
      this.pos += size;
      start += size;
    }
  }

  /** Decimal digits of a safe integer at pos; the caller has made room for 21 bytes. */
  private digits(value: number): void {
    const buf = this.buf;
    if (value < 0) {
      buf[this.pos++] = MINUS;
      value = -value;
    }
    if (value < 10) {
      buf[this.pos++] = 48 + value;
      return;
    }
    let left = decimalLength(value);
    let pos = this.pos + left;
    this.pos = pos;
    if (value > 0x7fffffff) {
      while (value > 0x7fffffff) {
        const quotient = Math.floor(value / 10);
        buf[--pos] = 48 + (value - quotient * 10);
        value = quotient;
        left--;
      }
    }
    let small = value | 0;
    while (left-- > 0) {
      const quotient = (small / 10) | 0;
      buf[--pos] = 48 + small - quotient * 10;
      small = quotient;
    }
  }
}

/** How many characters the decimal form of a safe integer has. */
export function decimalLength(value: number): number {
  let length = 1;
  if (value < 0) {
    value = -value;
    length = 2;
  }
  let limit = 10;
  while (value >= limit) {
    limit *= 10;
    length++;
  }
  return length;
}
