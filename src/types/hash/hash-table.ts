/**
 * The large form of a hash: a table in the arena (Dict.create()) of one record for each field, with the field as its key.
 *
 *     record of the key ---- handle ---> | Dict's header, 32 bytes | own words, 32 bytes |
 *                                                                    field-times.ts says what they hold
 *
 *     record of a field (../../memory/record.ts), type string, encoding raw:
 *       value inline, behind the field                      the usual case
 *       TWO_WORDS | LARGE: id in the LargeTable, length     a value too long for one cell with its field
 *       HAS_EXPIRE: its time, or NO_EXPIRE                  a field that has or had a time
 *
 * A value that fits the cell of the one before is written over it; else the field gets a new record.
 *
 * A field whose time has come is not there any more for those who ask for it (isDueField()), even where nobody has removed it yet.
 */
import { copyBytes } from '../../base/bytes.ts';
import { registerCollection } from '../../keyspace/collections.ts';
import { copyRecord } from '../../keyspace/copy-record.ts';
import { type Database, NO_EXPIRE } from '../../keyspace/database.ts';
import { copyTable, freeTable, relocateTable, tableBytes, tableCount } from '../../keyspace/element-table.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import type { LazyFree } from '../../keyspace/lazy-free.ts';
import { fitsInline } from '../../keyspace/limits.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import type { Arena } from '../../memory/arena.ts';
import { Dict } from '../../memory/dict.ts';
import type { Mover } from '../../memory/mover.ts';
import {
  allocateRecord,
  ENCODING_HT,
  ENCODING_RAW,
  expireAtMs,
  flagsOf,
  HAS_EXPIRE,
  keyFlags,
  keyLength,
  keyOffset,
  LARGE,
  makeWord0,
  readWord0,
  secondWord,
  TWO_WORDS,
  TYPE_HASH,
  TYPE_STRING,
  valueOffset,
  valueWord,
  writeAccess,
  writeExpireAtMs,
  writeSecondWord,
  writeValueWord,
} from '../../memory/record.ts';
import {
  changeTime,
  copyTimes,
  expireDueFields,
  freeTimes,
  nextFieldMs,
  OWN_WORDS,
  relocateTimes,
  timesBytes,
} from './field-times.ts';

/** In place of an expire time: the one that the field has stays. */
export const KEEP_TIME = -2;

/** Some bytes where they lie: bytes[start..end). Good until something is allocated or freed. */
export interface Span {
  bytes: Uint8Array;
  start: number;
  end: number;
}

let table: Dict | null = null;

/** The table of this header, for everything here: attached anew each time. */
export function attachTable(arena: Arena, handle: number): Dict {
  if (table === null || table.arena !== arena) table = new Dict(arena);
  return table.attach(handle);
}

/** A new empty table; returns its handle. */
export function createTable(arena: Arena): number {
  return Dict.create(arena, OWN_WORDS);
}

// --- fields -----------------------------------------------------------------------------------------

/** When the field expires, or NO_EXPIRE. */
export function fieldTime(arena: Arena, field: number): number {
  const base = byteOffsetOf(field);
  const segment = segmentOf(field);
  if ((flagsOf(readWord0(arena.i32[segment], base)) & HAS_EXPIRE) === 0) return NO_EXPIRE;
  return expireAtMs(arena.f64[segment], base);
}

/** True when the field's time has come, so that it counts as gone. */
export function isDueField(db: Database, field: number): boolean {
  const atMs = fieldTime(db.arena, field);
  return atMs !== NO_EXPIRE && atMs <= db.keyspace.nowMs && db.keyspace.lazyExpireEnabled;
}

/** Points `out` at the field's value. */
export function readValue(db: Database, field: number, out: Span): void {
  const segment = segmentOf(field);
  const i32 = db.arena.i32[segment];
  const base = byteOffsetOf(field);
  if ((flagsOf(readWord0(i32, base)) & LARGE) !== 0) {
    out.bytes = db.keyspace.large.view(valueWord(i32, base));
    out.start = 0;
    out.end = secondWord(i32, base);
    return;
  }
  out.bytes = db.arena.u8[segment];
  out.start = base + valueOffset(i32, base);
  out.end = out.start + valueWord(i32, base);
}

/** Points `out` at the field's name. */
export function readField(arena: Arena, field: number, out: Span): void {
  const segment = segmentOf(field);
  const i32 = arena.i32[segment];
  const base = byteOffsetOf(field);
  out.bytes = arena.u8[segment];
  out.start = base + keyOffset(readWord0(i32, base));
  out.end = out.start + keyLength(i32, base);
}

/** The record of field bytes[start..end) in the table, or 0; one that is due too. */
export function findField(
  db: Database,
  handle: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const hash = db.keyspace.elementHashes.of(bytes, start, end);
  return attachTable(db.arena, handle).find(hash, bytes, start, end);
}

/** A record that no table holds. */
function newField(
  db: Database,
  bytes: Uint8Array,
  fs: number,
  fe: number,
  value: Uint8Array,
  vs: number,
  ve: number,
  atMs: number,
): number {
  const { arena, keyspace } = db;
  const inline = fitsInline(fe - fs, ve - vs);
  const flags = keyFlags(fe - fs) | (atMs === NO_EXPIRE ? 0 : HAS_EXPIRE) | (inline ? 0 : TWO_WORDS | LARGE);
  const word0 = makeWord0(TYPE_STRING, ENCODING_RAW, flags, keyspace.epoch);
  const field = allocateRecord(arena, word0, bytes, fs, fe, inline ? ve - vs : 0);
  const segment = segmentOf(field);
  const i32 = arena.i32[segment];
  const base = byteOffsetOf(field);
  writeAccess(i32, base, 0);
  if (atMs !== NO_EXPIRE) writeExpireAtMs(arena.f64[segment], base, atMs);
  if (inline) {
    writeValueWord(i32, base, ve - vs);
    copyBytes(value, vs, ve, arena.u8[segment], base + valueOffset(i32, base));
  } else {
    writeValueWord(i32, base, keyspace.large.add(value.subarray(vs, ve)));
    writeSecondWord(i32, base, ve - vs);
  }
  return field;
}

/** Writes the value over the one before if the cell has room for it, and not far too much; the time, if it has room for that. */
function overwrite(
  db: Database,
  field: number,
  value: Uint8Array,
  vs: number,
  ve: number,
  atMs: number,
): boolean {
  const { arena } = db;
  const segment = segmentOf(field);
  const i32 = arena.i32[segment];
  const base = byteOffsetOf(field);
  const flags = flagsOf(readWord0(i32, base));
  if ((flags & LARGE) !== 0 || (atMs !== NO_EXPIRE && (flags & HAS_EXPIRE) === 0)) return false;
  const at = base + valueOffset(i32, base);
  const cell = arena.sizeOf(field);
  const used = at - base + ve - vs;
  if (used > cell || (used < cell >>> 1 && cell > SMALL_CELL)) return false;
  if ((flags & HAS_EXPIRE) !== 0) writeExpireAtMs(arena.f64[segment], base, atMs);
  writeValueWord(i32, base, ve - vs);
  copyBytes(value, vs, ve, arena.u8[segment], at);
  return true;
}

/** A cell of this size is kept however little of it is used. */
const SMALL_CELL = 64;

/**
 * Sets a field of the table at `handle`, which is the hash of the key with `keyHash`. Its time becomes `atMs`, NO_EXPIRE for none,
 * KEEP_TIME for the one that it has. True when the field is new (or was due). Allocates nothing on the JS heap but for LARGE values.
 */
export function setInTable(
  db: Database,
  keyHash: number,
  handle: number,
  bytes: Uint8Array,
  fs: number,
  fe: number,
  value: Uint8Array,
  vs: number,
  ve: number,
  atMs: number,
): boolean {
  const hash = db.keyspace.elementHashes.of(bytes, fs, fe);
  const dict = attachTable(db.arena, handle);
  const old = dict.find(hash, bytes, fs, fe);
  if (old === 0) {
    const time = atMs === KEEP_TIME ? NO_EXPIRE : atMs;
    dict.insert(hash, newField(db, bytes, fs, fe, value, vs, ve, time));
    if (time !== NO_EXPIRE) changeTime(db, keyHash, handle, hash, NO_EXPIRE, time);
    return true;
  }
  const oldTime = fieldTime(db.arena, old);
  const wasDue = oldTime !== NO_EXPIRE && isDueField(db, old);
  const time = atMs !== KEEP_TIME ? atMs : wasDue ? NO_EXPIRE : oldTime;
  dict.keep(old);
  if (!overwrite(db, old, value, vs, ve, time)) {
    dict.replace(hash, old, newField(db, bytes, fs, fe, value, vs, ve, time));
    db.keyspace.lazyFree.freeRecord(old, db.keyspace.lazy.serverDelete);
  }
  if (time !== oldTime) changeTime(db, keyHash, handle, hash, oldTime, time);
  return wasDue;
}

/** Gives a field of the table another time, NO_EXPIRE for none. */
export function setFieldTime(
  db: Database,
  keyHash: number,
  handle: number,
  field: number,
  atMs: number,
): void {
  const { arena, keyspace } = db;
  const segment = segmentOf(field);
  const base = byteOffsetOf(field);
  const i32 = arena.i32[segment];
  const u8 = arena.u8[segment];
  const start = base + keyOffset(readWord0(i32, base));
  const end = start + keyLength(i32, base);
  const hash = keyspace.hasher.hash(u8, start, end);
  const from = fieldTime(arena, field);
  if (from === atMs) return;
  if ((flagsOf(readWord0(i32, base)) & HAS_EXPIRE) !== 0) {
    attachTable(arena, handle).keep(field);
    writeExpireAtMs(arena.f64[segment], base, atMs);
  } else {
    const moved = copyRecord(keyspace, field, u8, start, end, atMs);
    attachTable(arena, handle).replace(hash, field, moved);
    arena.free(field);
  }
  changeTime(db, keyHash, handle, hash, from, atMs);
}

/** Removes a field of the table; true when it was there and not due. The key stays, even with no field. */
export function removeFromTable(
  db: Database,
  keyHash: number,
  handle: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const hash = db.keyspace.elementHashes.of(bytes, start, end);
  const dict = attachTable(db.arena, handle);
  const field = dict.find(hash, bytes, start, end);
  if (field === 0) return false;
  const atMs = fieldTime(db.arena, field);
  const wasDue = atMs !== NO_EXPIRE && isDueField(db, field);
  dict.remove(hash, field);
  db.keyspace.lazyFree.freeRecord(field, db.keyspace.lazy.serverDelete);
  if (atMs !== NO_EXPIRE) changeTime(db, keyHash, handle, hash, atMs, NO_EXPIRE);
  return !wasDue;
}

// --- what the keyspace does with it -----------------------------------------------------------------

function free(lazyFree: LazyFree, handle: number, limit: number): boolean {
  return freeTimes(lazyFree.arena, handle, limit) && freeTable(lazyFree, handle, limit);
}

function copy(keyspace: Keyspace, handle: number): number {
  const to = copyTable(keyspace, handle, OWN_WORDS);
  copyTimes(keyspace, handle, to);
  return to;
}

function bytes(keyspace: Keyspace, handle: number, samples: number): number {
  const { arena } = keyspace;
  return arena.sizeOf(handle) + tableBytes(keyspace, handle, samples) + timesBytes(arena, handle);
}

/** Cursors from here on are ranks in the index of the fields' times. */
const TIMES_FROM = 2 ** 40;

function relocate(keyspace: Keyspace, mover: Mover, handle: number, cursor: number, limit: number): number {
  const { arena } = keyspace;
  if (cursor < TIMES_FROM) {
    const next = relocateTable(keyspace, mover, handle, cursor, limit);
    return next === 0 && timesBytes(arena, handle) > 0 ? TIMES_FROM : next;
  }
  const next = relocateTimes(arena, mover, handle, cursor - TIMES_FROM);
  return next === 0 ? 0 : TIMES_FROM + next;
}

registerCollection(TYPE_HASH, ENCODING_HT, {
  count: tableCount,
  free,
  copy,
  bytes,
  relocate,
  tableOf: (_arena, handle) => handle,
  elementExpiry: { nextMs: nextFieldMs, expireDue: expireDueFields },
});
