/**
 * Hashes: fields and their values under one key. No RESP, no threads.
 *
 *   LISTPACK   field, value, field, value in the order of insertion, packed into the key's record
 *   HT         a table of field records: hash-table.ts
 *
 * A hash is packed while it has at most hash-max-listpack-entries fields, none of its fields and values is longer than
 * hash-max-listpack-value, it fits into its record, and no field has an expire time. It never becomes packed again.
 *
 * A key holds at least one field: who removes the last removes the key. `address` is the record of a hash; what returns a
 * number where a record may have moved returns where it is now.
 */
import {
  blob,
  blobSizeMax,
  createBlob,
  createWithHandle,
  growBlob,
  handleOf,
  openBlob,
  replaceByHandle,
  setBlobSize,
} from '../../keyspace/blob.ts';
import { type Database, NO_EXPIRE } from '../../keyspace/database.ts';
import { freeTable } from '../../keyspace/element-table.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import * as listpack from '../../memory/listpack.ts';
import {
  ENCODING_HT,
  ENCODING_LISTPACK,
  encodingOf,
  readWord0,
  TYPE_HASH,
  writeValueWord,
} from '../../memory/record.ts';
import { expireDueFields, nextFieldMs } from './field-times.ts';
import {
  attachTable,
  createTable,
  fieldTime,
  findField,
  isDueField,
  readValue,
  removeFromTable,
  type Span,
  setFieldTime,
  setInTable,
} from './hash-table.ts';

/** The value that getField() has found. */
export const value: Span = { bytes: new Uint8Array(0), start: 0, end: 0 };
/** What the last change did: whether setField() made a new field, removeField() found one. */
export const change = { made: false, removed: false };

/** How many due fields a command that finds some removes before it goes on. The others it leaves to the executor, and does not see. */
const DUE_AT_ONCE = 64;

/** True when the hash lies packed in its record. */
export function isPacked(db: Database, address: number): boolean {
  const word0 = readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address));
  return encodingOf(word0) === ENCODING_LISTPACK;
}

/** How many fields it has. Fields that are due count until they are removed. */
export function hashLength(db: Database, address: number): number {
  if (!isPacked(db, address)) return attachTable(db.arena, handleOf(db, address)).count;
  openBlob(db, address);
  return listpack.count(blob.u8, blob.start) >>> 1;
}

/** True when the time of some field has come. O(1). */
export function hasDueFields(db: Database, address: number): boolean {
  if (db.elementExpires.count === 0 || isPacked(db, address)) return false;
  const atMs = nextFieldMs(db.arena, handleOf(db, address));
  return atMs !== 0 && atMs <= db.keyspace.nowMs && db.keyspace.lazyExpireEnabled;
}

/** Removes fields that are due, some of them if there are many. Returns `address`, or 0 when the key is gone with its last field. */
export function removeDueFields(db: Database, keyHash: number, address: number): number {
  if (!hasDueFields(db, address)) return address;
  const { count } = attachTable(db.arena, handleOf(db, address));
  return expireDueFields(db, keyHash, address, DUE_AT_ONCE) === count ? 0 : address;
}

// --- reading ----------------------------------------------------------------------------------------

/** Points `value` at the value of field bytes[start..end); false when there is no such field. Allocates nothing. */
export function getField(
  db: Database,
  address: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (isPacked(db, address)) {
    openBlob(db, address);
    const { u8 } = blob;
    const field = listpack.find(u8, listpack.first(u8, blob.start), bytes, start, end, 1);
    if (field < 0) return false;
    listpack.read(u8, listpack.next(u8, field));
    value.bytes = listpack.text.bytes;
    value.start = listpack.text.start;
    value.end = listpack.text.end;
    return true;
  }
  const field = findField(db, handleOf(db, address), bytes, start, end);
  if (field === 0 || isDueField(db, field)) return false;
  readValue(db, field, value);
  return true;
}

/** In place of a time: there is no such field. */
export const NO_FIELD = -3;

/** When the field expires: absolute ms, NO_EXPIRE, or NO_FIELD. */
export function timeOfField(
  db: Database,
  address: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (isPacked(db, address)) return getField(db, address, bytes, start, end) ? NO_EXPIRE : NO_FIELD;
  const field = findField(db, handleOf(db, address), bytes, start, end);
  return field === 0 || isDueField(db, field) ? NO_FIELD : fieldTime(db.arena, field);
}

// --- changing ---------------------------------------------------------------------------------------

/**
 * A new hash without fields under a key that is not there: its caller gives it some at once. `room` is how many bytes its listpack will
 * take, 0 to make a table.
 */
export function createHash(
  db: Database,
  keyHash: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  room: number,
): number {
  if (room === 0) {
    const handle = createTable(db.arena);
    return createWithHandle(db, keyHash, bytes, start, end, TYPE_HASH, ENCODING_HT, handle);
  }
  const size = Math.max(room, listpack.EMPTY_SIZE);
  const address = createBlob(db, keyHash, bytes, start, end, TYPE_HASH, ENCODING_LISTPACK, size);
  listpack.writeEmpty(blob.u8, blob.start);
  writeValueWord(db.arena.i32[segmentOf(address)], byteOffsetOf(address), listpack.EMPTY_SIZE);
  return address;
}

/**
 * Sets a field to value[vs..ve), which does not lie in the arena. Its time becomes `atMs`, NO_EXPIRE for none, KEEP_TIME for the one
 * that it has. `change.made` says whether the field is new. Returns where the key's record is now.
 */
export function setField(
  db: Database,
  keyHash: number,
  address: number,
  bytes: Uint8Array,
  fs: number,
  fe: number,
  from: Uint8Array,
  vs: number,
  ve: number,
  atMs: number,
): number {
  if (isPacked(db, address)) {
    const max = db.keyspace.packing.hashValue;
    if (atMs < 0 && fe - fs <= max && ve - vs <= max) {
      const packed = setPacked(db, keyHash, address, bytes, fs, fe, from, vs, ve);
      if (packed !== 0) return packed;
    }
    address = makeTable(db, keyHash, address);
  }
  const handle = handleOf(db, address);
  change.made = setInTable(db, keyHash, handle, bytes, fs, fe, from, vs, ve, atMs);
  return address;
}

/** setField() in the listpack; 0 when the hash is too large for one then, and nothing has changed. */
function setPacked(
  db: Database,
  keyHash: number,
  address: number,
  bytes: Uint8Array,
  fs: number,
  fe: number,
  from: Uint8Array,
  vs: number,
  ve: number,
): number {
  openBlob(db, address);
  const { u8, start, size } = blob;
  const field = listpack.find(u8, listpack.first(u8, start), bytes, fs, fe, 1);
  const fields = (listpack.count(u8, start) >>> 1) + (field < 0 ? 1 : 0);
  if (fields > db.keyspace.packing.hashEntries) return 0;
  const valueSize = listpack.elementSize(from, vs, ve);
  change.made = field < 0;
  if (field < 0) {
    const total = size + listpack.elementSize(bytes, fs, fe) + valueSize;
    if (total > blobSizeMax(db, address)) return 0;
    address = growBlob(db, keyHash, address, total);
    const place = blob.start + size - 1;
    const next = listpack.insert(blob.u8, blob.start, place, bytes, fs, fe);
    listpack.insert(blob.u8, blob.start, next, from, vs, ve);
    return address;
  }
  const old = listpack.next(u8, field);
  const total = size + valueSize - (listpack.skip(u8, old) - old);
  if (total > size) {
    if (total > blobSizeMax(db, address)) return 0;
    address = growBlob(db, keyHash, address, total);
  }
  listpack.replace(blob.u8, blob.start, blob.start + old - start, from, vs, ve);
  return total < size ? setBlobSize(db, keyHash, address, total) : address;
}

/** Turns a packed hash into a table; one that is a table already stays. Returns where the key's record is now. */
export function makeTable(db: Database, keyHash: number, address: number): number {
  if (!isPacked(db, address)) return address;
  const handle = createTable(db.arena);
  try {
    fillTable(db, keyHash, address, handle);
  } catch (error) {
    while (!freeTable(db.keyspace.lazyFree, handle, Number.MAX_SAFE_INTEGER));
    throw error;
  }
  return replaceByHandle(db, keyHash, address, ENCODING_HT, handle);
}

const fieldText = new Uint8Array(32);

function fillTable(db: Database, keyHash: number, address: number, handle: number): void {
  openBlob(db, address);
  const { u8, start } = blob;
  const { text } = listpack;
  for (let at = listpack.first(u8, start); at >= 0; at = listpack.next(u8, at)) {
    listpack.read(u8, at);
    let { bytes, start: fs, end: fe } = text;
    at = listpack.next(u8, at);
    if (bytes !== u8) {
      // An integer, in a scratch buffer that the value may need.
      fieldText.set(bytes.subarray(fs, fe));
      bytes = fieldText;
      fe -= fs;
      fs = 0;
    }
    listpack.read(u8, at);
    setInTable(db, keyHash, handle, bytes, fs, fe, text.bytes, text.start, text.end, NO_EXPIRE);
  }
}

/**
 * Removes a field. `change.removed` says whether it was there. The key stays, even without fields: removeIfEmpty(). Returns where the
 * key's record is now.
 */
export function removeField(
  db: Database,
  keyHash: number,
  address: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (!isPacked(db, address)) {
    change.removed = removeFromTable(db, keyHash, handleOf(db, address), bytes, start, end);
    return address;
  }
  openBlob(db, address);
  const { u8 } = blob;
  const field = listpack.find(u8, listpack.first(u8, blob.start), bytes, start, end, 1);
  change.removed = field >= 0;
  if (field < 0) return address;
  listpack.remove(u8, blob.start, field, 2);
  return setBlobSize(db, keyHash, address, listpack.totalBytes(u8, blob.start));
}

/** Deletes the key when its hash has no field left; true when it did. */
export function removeIfEmpty(db: Database, keyHash: number, address: number): boolean {
  if (hashLength(db, address) !== 0) return false;
  db.remove(keyHash, address, db.keyspace.lazy.serverDelete);
  return true;
}

/**
 * Gives a field that is there another time, NO_EXPIRE for none; a packed hash becomes a table for it. Returns where the key's record
 * is now.
 */
export function setTimeOfField(
  db: Database,
  keyHash: number,
  address: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  atMs: number,
): number {
  if (atMs === NO_EXPIRE && isPacked(db, address)) return address;
  address = makeTable(db, keyHash, address);
  const handle = handleOf(db, address);
  const field = findField(db, handle, bytes, start, end);
  if (field !== 0) setFieldTime(db, keyHash, handle, field, atMs);
  return address;
}
