/**
 * Sets: how a set lies in memory, and the operations on one member. No RESP, no threads.
 *
 *   INTSET     a blob in the key's record: src/memory/intset.ts
 *   LISTPACK   a blob in the key's record: src/memory/listpack.ts (Redis 7.2's; packing.ts)
 *   HT         a table of element records (Dict.create()), whose header is the record's handle. The record of a member is its text
 *              as the key, and no value.
 *
 * The member that an operation is about is `member` (member.ts). A record may move whenever a set changes: add and remove return
 * where it is. A set that has lost its last member is still there, and the caller deletes its key.
 */
import { int64, int64Length } from '../../base/int64.ts';
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
import { type CollectionKind, registerCollection } from '../../keyspace/collections.ts';
import type { Database } from '../../keyspace/database.ts';
import { copyTable, freeTable, relocateTable, tableBytes, tableCount } from '../../keyspace/element-table.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import { inlineSizeMax, KEY_SIZE_MAX } from '../../keyspace/limits.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import type { Arena } from '../../memory/arena.ts';
import { Dict } from '../../memory/dict.ts';
import * as intset from '../../memory/intset.ts';
import * as listpack from '../../memory/listpack.ts';
import {
  allocateRecord,
  ENCODING_HT,
  ENCODING_INTSET,
  ENCODING_LISTPACK,
  ENCODING_RAW,
  encodingOf,
  keyFlags,
  keyLength,
  keyOffset,
  makeWord0,
  readWord0,
  TYPE_SET,
  TYPE_STRING,
  writeTypeAndEncoding,
} from '../../memory/record.ts';
import { hashOf, isInteger, member, needText, setInteger, setText } from './member.ts';
import { encodingWith, firstEncoding, isTooManyFor } from './packing.ts';

/** What the keyspace does with the tables of sets. */
export const SET_TABLE: CollectionKind = {
  count: tableCount,
  free: freeTable,
  copy: copyTable,
  bytes: tableBytes,
  relocate: relocateTable,
  tableOf: (_arena, handle) => handle,
};
registerCollection(TYPE_SET, ENCODING_HT, SET_TABLE);

/** The longest member: it lies in a record of its own. */
export const MEMBER_SIZE_MAX = KEY_SIZE_MAX;

/** The most that a listpack takes for an integer, and for a text beyond its bytes. */
const LISTPACK_INTEGER_MAX = 10;
const LISTPACK_HEAD_MAX = 10;

/** Whether the last add or remove changed anything. */
export const change = { made: false };

/** The table that one member is looked up in or changed; attached anew by each operation. */
let table: Dict | null = null;

/** `table`, being the set of this header. */
export function attachTable(arena: Arena, header: number): Dict {
  if (table === null || table.arena !== arena) table = new Dict(arena);
  return table.attach(header);
}

export function setEncoding(db: Database, address: number): number {
  return encodingOf(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address)));
}

/** Members of the set. */
export function setCount(db: Database, address: number): number {
  const encoding = setEncoding(db, address);
  if (encoding === ENCODING_HT) return tableCount(db.arena, handleOf(db, address));
  openBlob(db, address);
  return encoding === ENCODING_INTSET
    ? intset.count(blob.u8, blob.start)
    : listpack.count(blob.u8, blob.start);
}

/** Whether `member` is in the set. Allocates nothing. O(1) in a table, O(log n) in an intset. */
export function hasMember(db: Database, address: number): boolean {
  const encoding = setEncoding(db, address);
  if (encoding === ENCODING_HT) return findInTable(db, handleOf(db, address)) !== 0;
  openBlob(db, address);
  if (encoding === ENCODING_INTSET) {
    return isInteger() && intset.find(blob.u8, blob.start, member.hi, member.lo) >= 0;
  }
  return findInListpack() >= 0;
}

/** The record of `member` in the table, or 0; `table` is attached to it. */
function findInTable(db: Database, header: number): number {
  const hash = hashOf(db.keyspace.elementHashes);
  return attachTable(db.arena, header).find(hash, member.bytes, member.start, member.end);
}

/** The element of `member` in the listpack that `blob` is at, or -1. */
function findInListpack(): number {
  needText();
  const first = listpack.first(blob.u8, blob.start);
  return listpack.find(blob.u8, first, member.bytes, member.start, member.end, 0);
}

// --- adding -----------------------------------------------------------------------------------------

/**
 * A new set of one member, `member`, under a key that is not in the database. `expected`: how many are about to come, 1 if that is not
 * known. Returns the record's address.
 */
export function createSet(
  db: Database,
  hash: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  expected: number,
): number {
  const { packing } = db.keyspace;
  needText();
  const length = member.end - member.start;
  const first = firstEncoding(packing, isInteger(), expected);
  const encoding = encodingWith(packing, first, 0, 0, isInteger(), length);
  if (encoding === ENCODING_INTSET) {
    const size = intset.EMPTY_SIZE + intset.widthOf(member.hi, member.lo);
    const address = createBlob(db, hash, bytes, start, end, TYPE_SET, encoding, size);
    intset.writeEmpty(blob.u8, blob.start);
    intset.insert(blob.u8, blob.start, -1, member.hi, member.lo);
    return address;
  }
  const size = listpack.EMPTY_SIZE + listpack.elementSize(member.bytes, member.start, member.end);
  if (encoding === ENCODING_LISTPACK && size <= inlineSizeMax(end - start)) {
    const address = createBlob(db, hash, bytes, start, end, TYPE_SET, encoding, size);
    listpack.writeEmpty(blob.u8, blob.start);
    appendToListpack();
    return address;
  }
  const header = Dict.create(db.arena);
  const address = createWithHandle(db, hash, bytes, start, end, TYPE_SET, ENCODING_HT, header);
  insertNew(db.keyspace, attachTable(db.arena, header));
  return address;
}

/** Makes a packed set a table right away when `expected` members are about to be added to it, more than it may hold packed. Returns where the record is. */
export function prepareFor(db: Database, hash: number, address: number, expected: number): number {
  const encoding = setEncoding(db, address);
  return isTooManyFor(db.keyspace.packing, encoding, expected) ? convertToTable(db, hash, address) : address;
}

/** Adds `member` to the set; `change.made` says whether it was new. Returns where the record is. On existing sets allocates nothing on the JS heap. */
export function addMember(db: Database, hash: number, address: number): number {
  const encoding = setEncoding(db, address);
  change.made = false;
  if (encoding === ENCODING_HT) {
    change.made = addToTable(db, handleOf(db, address));
    return address;
  }
  openBlob(db, address);
  return encoding === ENCODING_INTSET ? addToIntset(db, hash, address) : addToListpack(db, hash, address);
}

function addToTable(db: Database, header: number): boolean {
  if (findInTable(db, header) !== 0) return false;
  insertNew(db.keyspace, table as Dict);
  return true;
}

/** Puts a record of `member`, which is not in the table, into the table. */
export function insertNew(keyspace: Keyspace, into: Dict): void {
  const hash = hashOf(keyspace.elementHashes);
  const { bytes, start, end } = member;
  const word0 = makeWord0(TYPE_STRING, ENCODING_RAW, keyFlags(end - start), keyspace.epoch);
  into.insert(hash, allocateRecord(keyspace.arena, word0, bytes, start, end, 0));
}

function addToIntset(db: Database, hash: number, address: number): number {
  const { u8, start } = blob;
  const integer = isInteger();
  const place = integer ? intset.find(u8, start, member.hi, member.lo) : -1;
  if (place >= 0) return address;
  const { packing } = db.keyspace;
  const count = intset.count(u8, start);
  needText();
  const length = member.end - member.start;
  const longest = integer ? 0 : longestOf(u8, start, count);
  const encoding = encodingWith(packing, ENCODING_INTSET, count, longest, integer, length);
  if (encoding === ENCODING_INTSET) {
    const size = intset.sizeWith(u8, start, member.hi, member.lo);
    if (size > blob.capacity && size > blobSizeMax(db, address)) return addAsTable(db, hash, address);
    const moved = growBlob(db, hash, address, size);
    intset.insert(blob.u8, blob.start, place, member.hi, member.lo);
    change.made = true;
    return moved;
  }
  const sizeMax = listpack.EMPTY_SIZE + (count + 1) * LISTPACK_INTEGER_MAX + length + LISTPACK_HEAD_MAX;
  if (encoding === ENCODING_HT || sizeMax > blobSizeMax(db, address)) return addAsTable(db, hash, address);
  const converted = convertToListpack(db, hash, address);
  openBlob(db, converted);
  return addToListpack(db, hash, converted);
}

/** Characters of the longest integer of the block: the first or the last. */
function longestOf(u8: Uint8Array, start: number, count: number): number {
  if (count === 0) return 0;
  intset.read(u8, start, 0);
  const first = int64Length(int64.hi, int64.lo);
  intset.read(u8, start, count - 1);
  return Math.max(first, int64Length(int64.hi, int64.lo));
}

function addToListpack(db: Database, hash: number, address: number): number {
  if (findInListpack() >= 0) return address;
  const { bytes, start, end } = member;
  const count = listpack.count(blob.u8, blob.start);
  const encoding = encodingWith(db.keyspace.packing, ENCODING_LISTPACK, count, 0, false, end - start);
  const size = blob.size + listpack.elementSize(bytes, start, end);
  if (encoding === ENCODING_HT || (size > blob.capacity && size > blobSizeMax(db, address))) {
    return addAsTable(db, hash, address);
  }
  const moved = growBlob(db, hash, address, size);
  appendToListpack();
  change.made = true;
  return moved;
}

/** Appends `member` to the listpack that `blob` is at and that has room for it. */
function appendToListpack(): void {
  const { u8, start } = blob;
  listpack.insert(u8, start, listpack.endOf(u8, start), member.bytes, member.start, member.end);
}

const INTEGER_TEXT_MAX = 24;
const integerText = new Uint8Array(INTEGER_TEXT_MAX);

/** Adds `member`, which a packed set cannot hold any more. */
function addAsTable(db: Database, hash: number, address: number): number {
  let { bytes, start, end } = member;
  if (end - start <= INTEGER_TEXT_MAX) {
    // The text of an integer may lie where converting puts those of others.
    for (let i = start; i < end; i++) integerText[i - start] = bytes[i];
    bytes = integerText;
    end -= start;
    start = 0;
  }
  const converted = convertToTable(db, hash, address);
  setText(bytes, start, end);
  addToTable(db, handleOf(db, converted));
  change.made = true;
  return converted;
}

// --- removing ---------------------------------------------------------------------------------------

/** Takes `member` out of the set; `change.made` says whether it was there. Returns where the record is. Allocates nothing on the JS heap. */
export function removeMember(db: Database, hash: number, address: number): number {
  const encoding = setEncoding(db, address);
  change.made = false;
  if (encoding === ENCODING_HT) {
    const record = findInTable(db, handleOf(db, address));
    if (record === 0) return address;
    (table as Dict).remove(member.hash, record);
    db.arena.free(record);
    change.made = true;
    return address;
  }
  openBlob(db, address);
  const { u8, start } = blob;
  if (encoding === ENCODING_INTSET) {
    const index = isInteger() ? intset.find(u8, start, member.hi, member.lo) : -1;
    if (index < 0) return address;
    intset.removeAt(u8, start, index);
    change.made = true;
    return setBlobSize(db, hash, address, intset.totalBytes(u8, start));
  }
  const element = findInListpack();
  if (element < 0) return address;
  listpack.remove(u8, start, element, 1);
  change.made = true;
  return setBlobSize(db, hash, address, listpack.totalBytes(u8, start));
}

/** Takes the member at a position (walk.ts) out of the set. Returns where the record is. Allocates nothing on the JS heap. */
export function removeAt(db: Database, hash: number, address: number, position: number): number {
  const encoding = setEncoding(db, address);
  if (encoding === ENCODING_HT) {
    takeRecord(db, handleOf(db, address), position);
    db.arena.free(position);
    return address;
  }
  openBlob(db, address);
  const { u8, start } = blob;
  if (encoding === ENCODING_INTSET) {
    intset.removeAt(u8, start, position);
    return setBlobSize(db, hash, address, intset.totalBytes(u8, start));
  }
  listpack.remove(u8, start, start + position, 1);
  return setBlobSize(db, hash, address, listpack.totalBytes(u8, start));
}

/** Takes a record out of the table of a set, which must not be left empty by it unless the set goes too, and leaves the record alone. */
export function takeRecord(db: Database, header: number, record: number): void {
  readRecord(db.arena, record);
  attachTable(db.arena, header).remove(hashOf(db.keyspace.elementHashes), record);
}

/** Makes `member` the one of this element record. */
export function readRecord(arena: Arena, record: number): void {
  const segment = segmentOf(record);
  const base = byteOffsetOf(record);
  const i32 = arena.i32[segment];
  const start = base + keyOffset(readWord0(i32, base));
  setText(arena.u8[segment], start, start + keyLength(i32, base));
}

// --- converting -------------------------------------------------------------------------------------

/** Makes a packed set a table. `member` is another one afterwards. Returns where the record is. */
function convertToTable(db: Database, hash: number, address: number): number {
  const header = Dict.create(db.arena);
  const to = attachTable(db.arena, header);
  openBlob(db, address);
  const { u8, start } = blob;
  if (setEncoding(db, address) === ENCODING_INTSET) {
    const count = intset.count(u8, start);
    for (let i = 0; i < count; i++) {
      intset.read(u8, start, i);
      setInteger(int64.hi, int64.lo);
      insertNew(db.keyspace, to);
    }
  } else {
    for (let at = listpack.first(u8, start); at >= 0; at = listpack.next(u8, at)) {
      listpack.read(u8, at);
      setText(listpack.text.bytes, listpack.text.start, listpack.text.end);
      insertNew(db.keyspace, to);
    }
  }
  return replaceByHandle(db, hash, address, ENCODING_HT, header);
}

/** Makes an intset a listpack. Returns where the record is. Allocates a copy of the intset on the JS heap. */
function convertToListpack(db: Database, hash: number, address: number): number {
  openBlob(db, address);
  const old = blob.u8.slice(blob.start, blob.start + blob.size);
  const count = intset.count(old, 0);
  let size = listpack.EMPTY_SIZE;
  for (let i = 0; i < count; i++) {
    intset.read(old, 0, i);
    size += listpack.integerSize(int64.hi, int64.lo);
  }
  const moved = size > blob.size ? growBlob(db, hash, address, size) : setBlobSize(db, hash, address, size);
  const { u8, start } = blob;
  listpack.writeEmpty(u8, start);
  for (let i = 0; i < count; i++) {
    intset.read(old, 0, i);
    listpack.insertInteger(u8, start, listpack.endOf(u8, start), int64.hi, int64.lo);
  }
  writeTypeAndEncoding(db.arena.i32[segmentOf(moved)], byteOffsetOf(moved), TYPE_SET, ENCODING_LISTPACK);
  return moved;
}
