/**
 * The expire times of a hash's fields, kept so that none of them has to be touched to go in time.
 *
 * Two levels, because a server may have millions of hashes with times as well as one hash with millions:
 *
 *   the database   Database.elementExpires has each such key once, at the time of its first field ("registered").
 *   the hash       up to INDEX_FROM fields: the records alone; the first time is found by looking at all of them.
 *                  more: an ExpiryIndex of (time, hash of the field).
 *
 * So a small hash pays nothing beyond 8 bytes a field, and whatever is due is found without a walk. Removing what is due is cut into
 * slices by the executor (Database.expireDue()), however many fields fall due in one millisecond.
 *
 * The state lies in the words behind the table's header:
 *
 *     word  8-11   ExpiryIndex (load(), save()); zeros while there is none
 *          12-13   registered: a float64, the time under which the key is in elementExpires; 0: it is not there
 *             14   how many fields have a time
 *
 * Invariants: registered is the least time of all fields that have one; with an index, it holds exactly these. Whoever changes
 * a field's time says so here *after* the record says so.
 */

import type { Database } from '../../keyspace/database.ts';
import { NO_EXPIRE } from '../../keyspace/database.ts';
import { DEL, HEXPIRED } from '../../keyspace/events.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import { AddressList } from '../../memory/address-list.ts';
import type { Arena } from '../../memory/arena.ts';
import { Dict, HEADER_WORDS } from '../../memory/dict.ts';
import { ExpiryIndex } from '../../memory/expiry-index.ts';
import type { Mover } from '../../memory/mover.ts';
import {
  expireAtMs,
  flagsOf,
  HAS_EXPIRE,
  keyLength,
  keyOffset,
  readWord0,
  valueWord,
} from '../../memory/record.ts';

/** Words that a hash's table has behind its header. */
export const OWN_WORDS = 8;
const INDEX = HEADER_WORDS;
const INDEX_ROOT = INDEX;
const REGISTERED_F64 = (HEADER_WORDS + 4) / 2;
const VOLATILE = HEADER_WORDS + 6;

/** With more fields than this, a hash that has times keeps an index of them. */
const INDEX_FROM = 64;
/** Records looked at together on a walk. */
const BATCH = 64;
/** Freeing an index goes by the leaf, so it is cheaper than freeing records. */
const INDEX_ENTRIES_PER_RECORD = 16;

let dict: Dict | null = null;
let index: ExpiryIndex | null = null;
const batch = new AddressList(BATCH);

function tableAt(arena: Arena, handle: number): Dict {
  if (dict === null || dict.arena !== arena) {
    dict = new Dict(arena);
    index = new ExpiryIndex(arena);
  }
  return dict.attach(handle);
}

function wordsOf(arena: Arena, handle: number): Int32Array {
  return arena.i32[segmentOf(handle)];
}

function wordAt(handle: number): number {
  return byteOffsetOf(handle) >>> 2;
}

/** The index of the hash; saveIndex() after a change. */
function loadIndex(arena: Arena, handle: number): ExpiryIndex {
  tableAt(arena, handle);
  return index!.load(wordsOf(arena, handle), wordAt(handle) + INDEX);
}

function saveIndex(arena: Arena, handle: number): void {
  index!.save(wordsOf(arena, handle), wordAt(handle) + INDEX);
}

function hasIndex(arena: Arena, handle: number): boolean {
  return wordsOf(arena, handle)[wordAt(handle) + INDEX_ROOT] !== 0;
}

/** When the first field is due, as the database knows it; 0 when no field has a time. */
export function nextFieldMs(arena: Arena, handle: number): number {
  return arena.f64[segmentOf(handle)][(byteOffsetOf(handle) >>> 3) + REGISTERED_F64];
}

/** How many fields have a time. */
export function volatileCount(arena: Arena, handle: number): number {
  return wordsOf(arena, handle)[wordAt(handle) + VOLATILE];
}

function addVolatile(arena: Arena, handle: number, by: number): void {
  wordsOf(arena, handle)[wordAt(handle) + VOLATILE] += by;
}

/** Puts the key at another time in the database's order; 0 takes it out. */
function register(db: Database, keyHash: number, handle: number, atMs: number): void {
  const { arena } = db;
  const before = nextFieldMs(arena, handle);
  if (before === atMs) return;
  if (atMs !== 0) db.elementExpires.add(atMs, keyHash);
  if (before !== 0) db.elementExpires.remove(before, keyHash);
  arena.f64[segmentOf(handle)][(byteOffsetOf(handle) >>> 3) + REGISTERED_F64] = atMs;
}

/** A field of the key's hash, as its record says now, has the time `to` in the place of `from`; NO_EXPIRE for none. */
export function changeTime(
  db: Database,
  keyHash: number,
  handle: number,
  fieldHash: number,
  from: number,
  to: number,
): void {
  const { arena } = db;
  if (from !== NO_EXPIRE) addVolatile(arena, handle, -1);
  if (to !== NO_EXPIRE) addVolatile(arena, handle, 1);
  if (hasIndex(arena, handle)) {
    const times = loadIndex(arena, handle);
    if (to !== NO_EXPIRE) times.add(to, fieldHash);
    if (from !== NO_EXPIRE) times.remove(from, fieldHash);
    saveIndex(arena, handle);
  }
  const first = nextFieldMs(arena, handle);
  if (to !== NO_EXPIRE && (first === 0 || to <= first)) register(db, keyHash, handle, to);
  else if (from !== NO_EXPIRE && from <= first) register(db, keyHash, handle, firstTime(db, handle));
}

/** The least time of all fields; 0 when none has one. */
function firstTime(db: Database, handle: number): number {
  const { arena } = db;
  if (volatileCount(arena, handle) === 0) return 0;
  indexIfLarge(db, handle);
  if (!hasIndex(arena, handle)) return firstTimeOfAll(arena, handle);
  return loadIndex(arena, handle).firstTime();
}

/** Makes the index of a hash that has grown too large to do without. */
function indexIfLarge(db: Database, handle: number): void {
  if (hasIndex(db.arena, handle) || tableAt(db.arena, handle).count <= INDEX_FROM) return;
  buildIndex(db.arena, db.keyspace, handle);
}

function firstTimeOfAll(arena: Arena, handle: number): number {
  const table = tableAt(arena, handle);
  let first = 0;
  batch.clear();
  table.scan(0, table.count, batch);
  for (let i = 0; i < batch.length; i++) {
    const atMs = timeOf(arena, batch.addresses[i]);
    if (atMs !== NO_EXPIRE && (first === 0 || atMs < first)) first = atMs;
  }
  return first;
}

/** Makes the index from the records: O(fields), once in a hash's life or so. */
function buildIndex(arena: Arena, keyspace: Keyspace, handle: number): void {
  const table = tableAt(arena, handle);
  let cursor = 0;
  index!.load(NO_INDEX, 0);
  do {
    batch.clear();
    cursor = table.scan(cursor, BATCH, batch);
    for (let i = 0; i < batch.length; i++) {
      const atMs = timeOf(arena, batch.addresses[i]);
      if (atMs !== NO_EXPIRE) index!.add(atMs, hashOf(keyspace, batch.addresses[i]));
    }
  } while (cursor !== 0);
  saveIndex(arena, handle);
}

const NO_INDEX = new Int32Array(4);

function timeOf(arena: Arena, field: number): number {
  const segment = segmentOf(field);
  const base = byteOffsetOf(field);
  if ((flagsOf(readWord0(arena.i32[segment], base)) & HAS_EXPIRE) === 0) return NO_EXPIRE;
  return expireAtMs(arena.f64[segment], base);
}

function hashOf(keyspace: Keyspace, field: number): number {
  const segment = segmentOf(field);
  const i32 = keyspace.arena.i32[segment];
  const base = byteOffsetOf(field);
  const start = base + keyOffset(readWord0(i32, base));
  return keyspace.hasher.hash(keyspace.arena.u8[segment], start, start + keyLength(i32, base));
}

// --- expiring ---------------------------------------------------------------------------------------

/** ElementExpiry.expireDue() of hashes: removes up to `limit` fields that are due, and the key with its last field. */
export function expireDueFields(db: Database, keyHash: number, address: number, limit: number): number {
  const { arena } = db;
  const handle = handleOf(db, address);
  db.keep(address);
  indexIfLarge(db, handle);
  const done = hasIndex(arena, handle)
    ? expireByIndex(db, keyHash, address, handle, limit)
    : expireAmongAll(db, keyHash, address, handle);
  const isEmpty = tableAt(arena, handle).count === 0;
  db.changedAt(HEXPIRED, keyHash, address);
  if (isEmpty) db.changedAt(DEL, keyHash, address);
  if (isEmpty) db.remove(keyHash, address, db.keyspace.lazy.expire);
  else register(db, keyHash, handle, firstTime(db, handle));
  return Math.max(1, done);
}

function handleOf(db: Database, address: number): number {
  const i32 = db.arena.i32[segmentOf(address)];
  return valueWord(i32, byteOffsetOf(address));
}

function expireByIndex(
  db: Database,
  keyHash: number,
  address: number,
  handle: number,
  limit: number,
): number {
  const { arena } = db;
  const table = tableAt(arena, handle);
  const times = loadIndex(arena, handle);
  const now = db.keyspace.nowMs;
  let done = 0;
  while (done < limit && times.firstTime() <= now) {
    const atMs = times.firstTime();
    const hash = times.firstHash();
    let field = table.firstWithHash(hash);
    while (field !== 0 && timeOf(arena, field) !== atMs) field = table.nextWithHash(hash, field);
    if (field === 0) throw new Error('the index of field times names a field that does not exist');
    times.popFirst();
    expireField(db, keyHash, address, table, hash, field);
    done++;
  }
  addVolatile(arena, handle, -done);
  saveIndex(arena, handle);
  return done;
}

/** A hash without an index is small: all that is due goes at once. */
function expireAmongAll(db: Database, keyHash: number, address: number, handle: number): number {
  const { arena } = db;
  const table = tableAt(arena, handle);
  batch.clear();
  table.scan(0, table.count, batch);
  let done = 0;
  for (let i = 0; i < batch.length; i++) {
    const field = batch.addresses[i];
    const atMs = timeOf(arena, field);
    if (atMs === NO_EXPIRE || atMs > db.keyspace.nowMs) continue;
    expireField(db, keyHash, address, table, hashOf(db.keyspace, field), field);
    done++;
  }
  addVolatile(arena, handle, -done);
  return done;
}

function expireField(
  db: Database,
  keyHash: number,
  address: number,
  table: Dict,
  hash: number,
  field: number,
): void {
  const { keyspace } = db;
  if (keyspace.onElementExpire !== null) keyspace.onElementExpire(db, keyHash, address, field);
  keyspace.expiredElements++;
  table.remove(hash, field);
  keyspace.lazyFree.freeRecord(field, keyspace.lazy.expire);
}

// --- for the collection as a whole ------------------------------------------------------------------

/** Frees about `limit` records' worth of the index; true when none is left. */
export function freeTimes(arena: Arena, handle: number, limit: number): boolean {
  if (!hasIndex(arena, handle)) return true;
  const empty = loadIndex(arena, handle).drain(limit * INDEX_ENTRIES_PER_RECORD);
  saveIndex(arena, handle);
  return empty;
}

/** Gives the table at `to`, a copy of the one at `from` with its fields, the same state; Database.give() registers it. */
export function copyTimes(keyspace: Keyspace, from: number, to: number): void {
  const { arena } = keyspace;
  if (volatileCount(arena, from) === 0) return;
  addVolatile(arena, to, volatileCount(arena, from));
  arena.f64[segmentOf(to)][(byteOffsetOf(to) >>> 3) + REGISTERED_F64] = nextFieldMs(arena, from);
  if (hasIndex(arena, from)) buildIndex(arena, keyspace, to);
}

/** Lets the leaf of the index at `rank` move; returns the rank to go on with, 0 when all is done. */
export function relocateTimes(arena: Arena, mover: Mover, handle: number, rank: number): number {
  if (!hasIndex(arena, handle)) return 0;
  const next = loadIndex(arena, handle).relocate(mover, rank);
  saveIndex(arena, handle);
  return next;
}

/** Bytes of the index. */
export function timesBytes(arena: Arena, handle: number): number {
  return hasIndex(arena, handle) ? loadIndex(arena, handle).bytes : 0;
}
