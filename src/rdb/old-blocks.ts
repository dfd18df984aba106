/**
 * The packed blocks of files written before Redis 7.0: ziplists and zipmaps. They are only read, element by element, and never believed:
 * whatever does not fit throws CorruptRdbError. Source: https://rdb.fnordig.de/file_format.html#ziplist-encoding
 *
 *     ziplist   | bytes u32 | offset of last u32 | count u16 | entry ... | 0xFF |
 *       entry   | length of the entry before: 1 byte, or 0xFE and u32 | encoding | data |
 *     zipmap    | count u8 | (key length, key, value length, free bytes, value, free bytes of room) ... | 0xFF |
 */
import { int64, writeInt64 } from '../base/int64.ts';
import { CorruptRdbError } from './reader.ts';

const ZIPLIST_HEADER = 10;
const END = 0xff;
const FAR = 0xfe;

export type VisitElement = (bytes: Uint8Array, start: number, end: number) => void;

/** In place of the number of entries: to be counted. */
const COUNT_UNKNOWN = 0xffff;

const digits = new Uint8Array(24);

/** Calls `visit` with the text of each element of the ziplist bytes[start..end). */
export function visitZiplist(
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: VisitElement,
  what: string,
): void {
  try {
    walkZiplist(bytes, start, end, visit);
  } catch (error) {
    // Of what type it was is known here only.
    if (error instanceof BrokenZiplistError) throw broken(what);
    throw error;
  }
}

class BrokenZiplistError extends Error {}

function walkZiplist(bytes: Uint8Array, start: number, end: number, visit: VisitElement): void {
  const data = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
  const size = end - start;
  if (size < ZIPLIST_HEADER + 1 || data.getUint32(0, true) !== size || data.getUint8(size - 1) !== END)
    throw new BrokenZiplistError();
  let at = ZIPLIST_HEADER;
  let last = ZIPLIST_HEADER;
  let before = 0;
  let count = 0;
  while (at < size - 1) {
    const entry = at;
    at = passSizeBefore(data, at, size - 1, before);
    at = visitEntry(bytes, start, data, at, size - 1, visit);
    before = at - entry;
    last = entry;
    count++;
  }
  const told = data.getUint16(8, true);
  if (data.getUint32(4, true) !== last || (told !== COUNT_UNKNOWN && told !== count))
    throw new BrokenZiplistError();
}

/** An entry begins with the size of the one before it, which is `before`. Returns where its encoding is. */
function passSizeBefore(data: DataView, at: number, until: number, before: number): number {
  const isFar = data.getUint8(at) === FAR;
  const size = isFar ? 5 : 1;
  need(at, size, until);
  if ((isFar ? data.getUint32(at + 1, true) : data.getUint8(at)) !== before) throw new BrokenZiplistError();
  return at + size;
}

/** The entry whose encoding is at `at`; returns where it ends. */
function visitEntry(
  bytes: Uint8Array,
  start: number,
  data: DataView,
  at: number,
  until: number,
  visit: VisitElement,
): number {
  need(at, 1, until);
  const encoding = data.getUint8(at);
  if (encoding >= 0xc0) return visitInteger(data, at + 1, encoding, until, visit);
  let head = 1;
  let length = encoding & 63;
  if (encoding >= 0x80) {
    need(at, 5, until);
    head = 5;
    length = data.getUint32(at + 1);
  } else if (encoding >= 0x40) {
    need(at, 2, until);
    head = 2;
    length = ((encoding & 63) << 8) | data.getUint8(at + 1);
  }
  need(at, head + length, until);
  visit(bytes, start + at + head, start + at + head + length);
  return at + head + length;
}

function visitInteger(
  data: DataView,
  at: number,
  encoding: number,
  until: number,
  visit: VisitElement,
): number {
  const size = integerSize(encoding);
  need(at, size, until);
  if (size === 8) {
    int64.lo = data.getInt32(at, true);
    int64.hi = data.getInt32(at + 4, true);
  } else {
    int64.lo = smallInteger(data, at, encoding);
    int64.hi = int64.lo >> 31;
  }
  visit(digits, 0, writeInt64(int64.hi, int64.lo, digits, 0));
  return at + size;
}

function integerSize(encoding: number): number {
  if (encoding === 0xc0) return 2;
  if (encoding === 0xd0) return 4;
  if (encoding === 0xe0) return 8;
  if (encoding === 0xf0) return 3;
  if (encoding === 0xfe) return 1;
  if (encoding >= 0xf1 && encoding <= 0xfd) return 0;
  throw new BrokenZiplistError();
}

function smallInteger(data: DataView, at: number, encoding: number): number {
  if (encoding === 0xc0) return data.getInt16(at, true);
  if (encoding === 0xd0) return data.getInt32(at, true);
  if (encoding === 0xf0) return data.getUint16(at, true) | (data.getInt8(at + 2) << 16) | 0;
  if (encoding === 0xfe) return data.getInt8(at);
  return (encoding & 15) - 1;
}

/** Calls `visit` with key, value, key, value ... of the zipmap bytes[start..end). */
export function visitZipmap(bytes: Uint8Array, start: number, end: number, visit: VisitElement): void {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // One without elements was never written.
  if (end - start < 3 || bytes[end - 1] !== END) throw broken('Zipmap');
  const until = end - 1;
  let at = start + 1;
  while (at < until) {
    at = visitText(bytes, data, at, until, 0, visit);
    at = visitText(bytes, data, at, until, 1, visit);
  }
}

/** A length, `freeSize` bytes that tell of unused room behind the text, and the text. Returns where the next begins. */
function visitText(
  bytes: Uint8Array,
  data: DataView,
  at: number,
  until: number,
  freeSize: number,
  visit: VisitElement,
): number {
  needOfZipmap(at, 1, until);
  let length = bytes[at++];
  if (length === FAR) {
    needOfZipmap(at, 4, until);
    length = data.getUint32(at, true);
    if (length < FAR) throw broken('Zipmap');
    at += 4;
  }
  needOfZipmap(at, freeSize + length, until);
  const room = freeSize === 0 ? 0 : bytes[at];
  at += freeSize;
  needOfZipmap(at, length + room, until);
  visit(bytes, at, at + length);
  return at + length + room;
}

function need(at: number, size: number, until: number): void {
  if (at + size > until) throw new BrokenZiplistError();
}

function needOfZipmap(at: number, size: number, until: number): void {
  if (at + size > until) throw broken('Zipmap');
}

/** In the words that Redis has for it, so that who looks for them in logs finds them. */
function broken(what: string): CorruptRdbError {
  return new CorruptRdbError(`${what} integrity check failed.`);
}
