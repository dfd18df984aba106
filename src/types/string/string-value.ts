/**
 * Strings: how a value lies in its record, and the operations that change it. No RESP, no threads.
 *
 *   INT      two words, the 64-bit integer; no bytes
 *   EMBSTR   up to 44 bytes, RAW more: one word, the length; the bytes follow the key
 *   LARGE    what does not fit into a record, above some 1 MiB: two words, id in the LargeTable and length; a
 *            buffer of its own with slack
 *
 * EMBSTR and RAW lie the same way: the difference is what OBJECT ENCODING says (a string that was changed in
 * place is raw, however short).
 *
 * Growing. A cell may be larger than its record: a string that grows uses that first. When it must move, it gets a cell of
 * twice the size (a LARGE buffer a quarter more), so n appends of one byte copy O(n) bytes in all.
 *
 * Order of a change: everything that can fail for lack of memory (the cell, the buffer) is allocated before the table is
 * touched, and the old bytes are copied before the old cell is freed.
 */
import { COPY_VIEWS_SIZE_MAX, copyBytes, copyViews } from '../../base/bytes.ts';
import { int64, int64Length, parseInt64, writeInt64 } from '../../base/int64.ts';
import { type Database, NO_EXPIRE } from '../../keyspace/database.ts';
import { fitsInline, inlineSizeMax, KEY_SIZE_MAX, KeyTooLongError } from '../../keyspace/limits.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import {
  accessOf,
  allocateRecord,
  ENCODING_EMBSTR,
  ENCODING_INT,
  ENCODING_RAW,
  encodingOf,
  flagsOf,
  HAS_EXPIRE,
  keyFlags,
  LARGE,
  makeWord0,
  readWord0,
  secondWord,
  TWO_WORDS,
  TYPE_STRING,
  typeOf,
  valueOffset,
  valueWord,
  writeAccess,
  writeExpireAtMs,
  writeSecondWord,
  writeTypeAndEncoding,
  writeValueWord,
} from '../../memory/record.ts';

export const EMBSTR_MAX = 44;
/** A decimal int64 has at most this many characters. */
const INT_TEXT_MAX = 20;

const NOTHING: Uint8Array = new Uint8Array(0);

/** A string's bytes where they lie: bytes[start..end). Valid until the next allocation or change. */
export const view = { bytes: NOTHING, start: 0, end: 0, data: null as DataView | null };
const digits = new Uint8Array(24);

/** True when the record holds a string. */
export function isString(db: Database, address: number): boolean {
  return typeOf(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address))) === TYPE_STRING;
}

export function encodingAt(db: Database, address: number): number {
  return encodingOf(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address)));
}

/** Length in bytes of the string as a client sees it. */
export function stringSize(db: Database, address: number): number {
  const i32 = db.arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  const word0 = readWord0(i32, base);
  if ((flagsOf(word0) & LARGE) !== 0) return secondWord(i32, base);
  if (encodingOf(word0) === ENCODING_INT) return int64Length(secondWord(i32, base), valueWord(i32, base));
  return valueWord(i32, base);
}

/** Points `view` at the string; an integer is written out to a scratch buffer. Allocates nothing. */
export function readString(db: Database, address: number): void {
  const segment = segmentOf(address);
  const i32 = db.arena.i32[segment];
  const base = byteOffsetOf(address);
  const word0 = readWord0(i32, base);
  if ((flagsOf(word0) & (LARGE | TWO_WORDS)) === 0) {
    const start = base + valueOffset(i32, base);
    view.bytes = db.arena.u8[segment];
    view.data = db.arena.dv[segment];
    view.start = start;
    view.end = start + valueWord(i32, base);
  } else if ((flagsOf(word0) & LARGE) !== 0) {
    view.bytes = db.keyspace.large.view(valueWord(i32, base));
    view.data = null;
    view.start = 0;
    view.end = secondWord(i32, base);
  } else {
    view.bytes = digits;
    view.data = null;
    view.start = 0;
    view.end = writeInt64(secondWord(i32, base), valueWord(i32, base), digits, 0);
  }
}

/**
 * Makes key bytes[ks..ke) hold value[vs..ve), whatever was there (`old`, 0 for nothing, of any type).
 * Its TTL becomes `expireMs`, or none with NO_EXPIRE. Returns the record's address. Allocates nothing on the heap below
 * the size that makes a string LARGE. `data` is a DataView over the same memory as `value`, where the caller has one.
 */
export function setString(
  db: Database,
  old: number,
  hash: number,
  bytes: Uint8Array,
  ks: number,
  ke: number,
  value: Uint8Array,
  vs: number,
  ve: number,
  expireMs: number,
  data: DataView | null = null,
): number {
  const size = ve - vs;
  if (size <= INT_TEXT_MAX && parseInt64(value, vs, ve)) {
    return setInteger(db, old, hash, bytes, ks, ke, int64.hi, int64.lo, expireMs);
  }
  return setBytes(db, old, hash, bytes, ks, ke, value, vs, ve, expireMs, data);
}

/** setString() for a value that is to be kept as bytes, even if it spells an integer: INCRBYFLOAT's results. */
export function setBytes(
  db: Database,
  old: number,
  hash: number,
  bytes: Uint8Array,
  ks: number,
  ke: number,
  value: Uint8Array,
  vs: number,
  ve: number,
  expireMs: number,
  data: DataView | null = null,
): number {
  const size = ve - vs;
  const encoding = size <= EMBSTR_MAX ? ENCODING_EMBSTR : ENCODING_RAW;
  if (old !== 0) db.keep(old);
  if (old !== 0 && overwriteInPlace(db, old, value, vs, ve, encoding, expireMs, data)) return old;
  if (!fitsInline(ke - ks, size)) {
    return setLarge(
      db,
      old,
      hash,
      bytes,
      ks,
      ke,
      db.keyspace.large.add(value.subarray(vs, ve)),
      size,
      expireMs,
    );
  }
  const address = allocateString(db, old, bytes, ks, ke, encoding, 0, size, expireMs);
  const segment = segmentOf(address);
  const base = byteOffsetOf(address);
  const i32 = db.arena.i32[segment];
  writeValueWord(i32, base, size);
  copyValue(db, value, vs, ve, data, segment, base + valueOffset(i32, base));
  link(db, old, hash, address, expireMs);
  return address;
}

/** A new key of `size` zero bytes, raw; `view` is then at them. Returns the record's address. */
export function newZeros(
  db: Database,
  hash: number,
  bytes: Uint8Array,
  ks: number,
  ke: number,
  size: number,
): number {
  let address: number;
  if (fitsInline(ke - ks, size)) {
    address = allocateString(db, 0, bytes, ks, ke, ENCODING_RAW, 0, size, NO_EXPIRE);
    writeValueWord(db.arena.i32[segmentOf(address)], byteOffsetOf(address), size);
    link(db, 0, hash, address, NO_EXPIRE);
    readString(db, address);
    view.bytes.fill(0, view.start, view.end);
    return address;
  }
  address = setLarge(db, 0, hash, bytes, ks, ke, db.keyspace.large.add(size), size, NO_EXPIRE);
  readString(db, address);
  return address;
}

/** A value of the same or nearly the same length into the same cell: by far the most common SET of an existing key. */
function overwriteInPlace(
  db: Database,
  old: number,
  value: Uint8Array,
  vs: number,
  ve: number,
  encoding: number,
  expireMs: number,
  data: DataView | null,
): boolean {
  const segment = segmentOf(old);
  const i32 = db.arena.i32[segment];
  const base = byteOffsetOf(old);
  const word0 = readWord0(i32, base);
  if (typeOf(word0) !== TYPE_STRING || expireMs !== NO_EXPIRE) return false;
  if ((flagsOf(word0) & (HAS_EXPIRE | TWO_WORDS | LARGE)) !== 0) return false;
  const at = base + valueOffset(i32, base);
  if (valueWord(i32, base) !== ve - vs) {
    if (!suitsCell(at - base + ve - vs, db.arena.sizeOf(old))) return false;
    writeValueWord(i32, base, ve - vs);
  }
  writeTypeAndEncoding(i32, base, TYPE_STRING, encoding);
  writeAccess(i32, base, db.keyspace.access.inherited(accessOf(i32, base)));
  copyValue(db, value, vs, ve, data, segment, at);
  return true;
}

/** Whether a record of this size may stay in a cell: it fits, and leaves at most a quarter unused. */
function suitsCell(size: number, cellSize: number): boolean {
  return size <= cellSize && size >= cellSize - (cellSize >>> 2);
}

/** Copies value[vs..ve) into the arena; faster with `data`, a DataView over the same memory as `value`. */
function copyValue(
  db: Database,
  value: Uint8Array,
  vs: number,
  ve: number,
  data: DataView | null,
  segment: number,
  to: number,
): void {
  if (data !== null && ve - vs <= COPY_VIEWS_SIZE_MAX) copyViews(data, vs, ve, db.arena.dv[segment], to);
  else copyBytes(value, vs, ve, db.arena.u8[segment], to);
}

/** Makes the key hold an integer. */
export function setInteger(
  db: Database,
  old: number,
  hash: number,
  bytes: Uint8Array,
  ks: number,
  ke: number,
  hi: number,
  lo: number,
  expireMs: number,
): number {
  if (old !== 0) db.keep(old);
  if (old !== 0 && expireMs === NO_EXPIRE) {
    const i32 = db.arena.i32[segmentOf(old)];
    const base = byteOffsetOf(old);
    const word0 = readWord0(i32, base);
    if (typeOf(word0) === TYPE_STRING && (flagsOf(word0) & (TWO_WORDS | LARGE | HAS_EXPIRE)) === TWO_WORDS) {
      writeValueWord(i32, base, lo);
      writeSecondWord(i32, base, hi);
      writeAccess(i32, base, db.keyspace.access.inherited(accessOf(i32, base)));
      return old;
    }
  }
  const address = allocateString(db, old, bytes, ks, ke, ENCODING_INT, TWO_WORDS, 0, expireMs);
  storeInteger(db, address, hi, lo);
  link(db, old, hash, address, expireMs);
  return address;
}

/** Overwrites the integer of a record that holds one, keeping its TTL. */
export function storeInteger(db: Database, address: number, hi: number, lo: number): void {
  const i32 = db.arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  writeValueWord(i32, base, lo);
  writeSecondWord(i32, base, hi);
}

/** Reads the integer that the string is into int64; false when it is not one. */
export function readInteger(db: Database, address: number): boolean {
  const i32 = db.arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  const word0 = readWord0(i32, base);
  if (encodingOf(word0) === ENCODING_INT) {
    int64.lo = valueWord(i32, base);
    int64.hi = secondWord(i32, base);
    return true;
  }
  readString(db, address);
  return view.end - view.start <= INT_TEXT_MAX && parseInt64(view.bytes, view.start, view.end);
}

/** Makes the key hold the value `id` of the LargeTable, of which `size` bytes count. */
function setLarge(
  db: Database,
  old: number,
  hash: number,
  bytes: Uint8Array,
  ks: number,
  ke: number,
  id: number,
  size: number,
  expireMs: number,
): number {
  const address = allocateString(db, old, bytes, ks, ke, ENCODING_RAW, TWO_WORDS | LARGE, 0, expireMs);
  const i32 = db.arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  writeValueWord(i32, base, id);
  writeSecondWord(i32, base, size);
  link(db, old, hash, address, expireMs);
  return address;
}

/** A new string record that is to take the place of `old` (0: of nothing). The caller writes the value and calls link(). */
function allocateString(
  db: Database,
  old: number,
  bytes: Uint8Array,
  ks: number,
  ke: number,
  encoding: number,
  valueFlags: number,
  inlineSize: number,
  expireMs: number,
): number {
  if (ke - ks > KEY_SIZE_MAX) throw new KeyTooLongError();
  const { arena } = db;
  const { access, epoch } = db.keyspace;
  const flags = valueFlags | keyFlags(ke - ks) | (expireMs === NO_EXPIRE ? 0 : HAS_EXPIRE);
  const word0 = makeWord0(TYPE_STRING, encoding, flags, epoch);
  const address = allocateRecord(arena, word0, bytes, ks, ke, inlineSize);
  const bits =
    old === 0 ? access.fresh : access.inherited(accessOf(arena.i32[segmentOf(old)], byteOffsetOf(old)));
  writeAccess(arena.i32[segmentOf(address)], byteOffsetOf(address), bits);
  if (expireMs !== NO_EXPIRE) writeExpireAtMs(arena.f64[segmentOf(address)], byteOffsetOf(address), expireMs);
  return address;
}

/** Puts a finished record where `old` was, or under its new key. */
function link(db: Database, old: number, hash: number, address: number, expireMs: number): void {
  if (old !== 0) db.replace(hash, old, address);
  else db.insert(hash, address);
  if (expireMs !== NO_EXPIRE) db.expires.add(expireMs, hash);
}

/**
 * Gives the string `size` bytes, at least as many as it has, in a form that can be changed in place (raw): the new ones are
 * zero; the TTL stays. Returns the record's address and points `view` at all `size` bytes.
 */
export function growString(db: Database, address: number, hash: number, size: number): number {
  const i32 = db.arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  const flags = flagsOf(readWord0(i32, base));
  if ((flags & LARGE) !== 0) {
    growLarge(db, i32, base, size);
  } else if ((flags & TWO_WORDS) === 0 && valueOffset(i32, base) + size <= db.arena.sizeOf(address)) {
    growInCell(db, i32, base, address, size);
  } else {
    address = growByMoving(db, address, hash, size);
  }
  readString(db, address);
  return address;
}

function growLarge(db: Database, i32: Int32Array, base: number, size: number): void {
  const { large } = db.keyspace;
  const id = valueWord(i32, base);
  const before = secondWord(i32, base);
  if (size > before) {
    large.grow(id, size);
    large.view(id).fill(0, before, size);
  }
  writeSecondWord(i32, base, size);
}

function growInCell(db: Database, i32: Int32Array, base: number, address: number, size: number): void {
  const start = base + valueOffset(i32, base);
  const before = valueWord(i32, base);
  if (size > before) db.arena.u8[segmentOf(address)].fill(0, start + before, start + size);
  writeTypeAndEncoding(i32, base, TYPE_STRING, ENCODING_RAW);
  writeValueWord(i32, base, size);
}

/** Into a new cell with slack, or out of the arena: the one copy of the bytes. */
function growByMoving(db: Database, address: number, hash: number, size: number): number {
  readString(db, address);
  const { bytes: kept, start, end } = view;
  db.readKey(address);
  const { keyBytes, keyStart, keyEnd } = db;
  const expireMs = db.expireOf(address);
  const keySize = keyEnd - keyStart;
  if (!fitsInline(keySize, size)) {
    const id = db.keyspace.large.add(size + (size >>> 2));
    copyBytes(kept, start, end, db.keyspace.large.view(id), 0);
    return setLarge(db, address, hash, keyBytes, keyStart, keyEnd, id, size, expireMs);
  }
  const room = Math.min(2 * size, inlineSizeMax(keySize));
  const moved = allocateString(
    db,
    address,
    keyBytes,
    keyStart,
    keyEnd,
    ENCODING_RAW,
    0,
    end === start ? size : room,
    expireMs,
  );
  const base = byteOffsetOf(moved);
  const i32 = db.arena.i32[segmentOf(moved)];
  writeValueWord(i32, base, size);
  const target = db.arena.u8[segmentOf(moved)];
  const at = base + valueOffset(i32, base);
  copyBytes(kept, start, end, target, at);
  target.fill(0, at + end - start, at + size);
  link(db, address, hash, moved, expireMs);
  return moved;
}
