/**
 * Consumer groups of a stream: how far each has read, its consumers, and which entries are pending, that is given to a consumer and not
 * acknowledged. Groups and consumers are records whose key is the name (names.ts) and whose value word is a cell:
 *
 *     group, 48 bytes      word 0-3  last id given to a consumer     6-8   pending entries by id (IdTree)
 *                          4-5       entries read, an int64,         9-10  consumers by name
 *                                    -1 when that is not known       11    the record
 *     consumer, 32 bytes   word 0-2  its pending entries by id       4-5   when it was seen last, a float64
 *                          3         the record                      6-7   when it got or claimed an entry last; -1 for never
 *     pending, 16 bytes    word 0-1  when it was given, a float64    2     how often
 *                          3         the consumer's cell
 *
 * Both indexes of a pending entry name the same cell. Counts of deliveries end at 2^32 - 1.
 */
import { Id128, readId, writeIdWords } from '../../base/id128.ts';
import { int64 } from '../../base/int64.ts';
import { byteOffsetOf, segmentOf, wordOffsetOf } from '../../memory/address.ts';
import { AddressList } from '../../memory/address-list.ts';
import type { Arena } from '../../memory/arena.ts';
import { HOLDER_WORDS, IdTree } from '../../memory/id-tree.ts';
import type { Mover } from '../../memory/mover.ts';
import {
  allocateRecord,
  ENCODING_STREAM,
  keyFlags,
  keyLength,
  keyOffset,
  makeWord0,
  readWord0,
  TYPE_STREAM,
  valueWord,
  writeValueWord,
} from '../../memory/record.ts';
import { addName, findName, nameAt, nameCount, namesBytes, relocateNames, removeName } from './names.ts';
import { GROUPS } from './stream.ts';

/** Words of a group. */
export const GROUP_LAST_ID = 0;
const ENTRIES_READ = 4;
export const GROUP_PENDING = 6;
export const CONSUMERS = GROUP_PENDING + HOLDER_WORDS;
const GROUP_RECORD = 11;
const GROUP_BYTES = 48;

/** Words of a consumer. */
export const CONSUMER_PENDING = 0;
const CONSUMER_RECORD = 3;
const SEEN = 4;
const ACTIVE = 6;
const CONSUMER_BYTES = 32;

/** Words of a pending entry. */
const GIVEN = 0;
const TIMES = 2;
const OWNER = 3;
const PENDING_BYTES = 16;

export const TIMES_MAX = 0xffffffff;
/** In place of the time of the last activity: there was none. */
export const NEVER = -1;

// --- records ----------------------------------------------------------------------------------------

/** Where the name of the group or consumer asked for last lies: valid until something is allocated or freed. */
export const nameOf = { bytes: new Uint8Array(0) as Uint8Array, start: 0, end: 0 };

function readName(arena: Arena, record: number): void {
  const i32 = arena.i32[segmentOf(record)];
  const base = byteOffsetOf(record);
  nameOf.bytes = arena.u8[segmentOf(record)];
  nameOf.start = base + keyOffset(readWord0(i32, base));
  nameOf.end = nameOf.start + keyLength(i32, base);
}

function cellOf(arena: Arena, record: number): number {
  return record === 0 ? 0 : valueWord(arena.i32[segmentOf(record)], byteOffsetOf(record));
}

/** A cell of zeroes with a record of this name that names it; the record is noted in word `word` of the cell. */
function newNamed(
  arena: Arena,
  size: number,
  word: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const cell = arena.allocate(size);
  const at = wordOffsetOf(cell);
  arena.i32[segmentOf(cell)].fill(0, at, at + size / 4);
  try {
    const word0 = makeWord0(TYPE_STREAM, ENCODING_STREAM, keyFlags(end - start), 0);
    const record = allocateRecord(arena, word0, bytes, start, end, 0);
    writeValueWord(arena.i32[segmentOf(record)], byteOffsetOf(record), cell);
    setWord(arena, cell, word, record);
    return cell;
  } catch (error) {
    arena.free(cell);
    throw error;
  }
}

function word(arena: Arena, cell: number, index: number): number {
  return arena.i32[segmentOf(cell)][wordOffsetOf(cell) + index];
}

function setWord(arena: Arena, cell: number, index: number, value: number): void {
  arena.i32[segmentOf(cell)][wordOffsetOf(cell) + index] = value;
}

function double(arena: Arena, cell: number, index: number): number {
  return arena.f64[segmentOf(cell)][(wordOffsetOf(cell) + index) >>> 1];
}

function setDouble(arena: Arena, cell: number, index: number, value: number): void {
  arena.f64[segmentOf(cell)][(wordOffsetOf(cell) + index) >>> 1] = value;
}

// --- groups -----------------------------------------------------------------------------------------

export function groupCount(arena: Arena, stream: number): number {
  return nameCount(arena, stream, GROUPS);
}

/** The group of this rank in the order of names. */
export function groupAt(arena: Arena, stream: number, rank: number): number {
  return cellOf(arena, nameAt(arena, stream, GROUPS, rank));
}

/** The group named bytes[start..end), or 0. */
export function findGroup(
  arena: Arena,
  stream: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  return cellOf(arena, findName(arena, stream, GROUPS, bytes, start, end));
}

/** A new group, whose name is not there, that has read up to `lastId`; hi:lo entries, or -1. */
export function createGroup(
  arena: Arena,
  stream: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  lastId: Id128,
  hi: number,
  lo: number,
): number {
  const group = newNamed(arena, GROUP_BYTES, GROUP_RECORD, bytes, start, end);
  setGroupLastId(arena, group, lastId);
  setEntriesRead(arena, group, hi, lo);
  try {
    addName(arena, stream, GROUPS, word(arena, group, GROUP_RECORD));
  } catch (error) {
    arena.free(word(arena, group, GROUP_RECORD));
    arena.free(group);
    throw error;
  }
  return group;
}

const batch = new AddressList(128);

/**
 * Frees a part of the group, about `limit` pending entries or consumers. True when it is gone, and no longer among the stream's groups. In
 * between, its consumers name pending entries that are gone: nobody may look at them.
 */
export function drainGroup(arena: Arena, stream: number, group: number, limit: number): boolean {
  let left = limit;
  const pending = pendingOfGroup(arena, group);
  for (batch.clear(); left > 0 && pending.takeLeaf(batch); batch.clear()) {
    for (let i = 0; i < batch.length; i++) arena.free(batch.addresses[i]);
    left -= batch.length;
  }
  while (left > 0 && pending.count === 0 && consumerCount(arena, group) > 0) {
    const consumer = consumerAt(arena, group, consumerCount(arena, group) - 1);
    const own = pendingOfConsumer(arena, consumer);
    left -= 1 + (own.count >>> 4);
    own.clear();
    dropConsumer(arena, group, consumer);
  }
  if (pending.count > 0 || consumerCount(arena, group) > 0) return false;
  const record = word(arena, group, GROUP_RECORD);
  removeName(arena, stream, GROUPS, record);
  arena.free(record);
  arena.free(group);
  return true;
}

/** Removes the group and all that is pending in it. */
export function destroyGroup(arena: Arena, stream: number, group: number): void {
  while (!drainGroup(arena, stream, group, Number.POSITIVE_INFINITY));
}

export function readGroupName(arena: Arena, group: number): void {
  readName(arena, word(arena, group, GROUP_RECORD));
}

export function readGroupLastId(arena: Arena, group: number, to: Id128): void {
  readId(arena.i32[segmentOf(group)], wordOffsetOf(group) + GROUP_LAST_ID, to);
}

export function setGroupLastId(arena: Arena, group: number, id: Id128): void {
  writeIdWords(id, arena.i32[segmentOf(group)], wordOffsetOf(group) + GROUP_LAST_ID);
}

/** Puts how many entries the group has read into `int64`, -1 when that is not known. False then. */
export function readEntriesRead(arena: Arena, group: number): boolean {
  int64.hi = word(arena, group, ENTRIES_READ);
  int64.lo = word(arena, group, ENTRIES_READ + 1);
  return (int64.hi & int64.lo) !== -1;
}

export function setEntriesRead(arena: Arena, group: number, hi: number, lo: number): void {
  setWord(arena, group, ENTRIES_READ, hi);
  setWord(arena, group, ENTRIES_READ + 1, lo);
}

// --- consumers --------------------------------------------------------------------------------------

export function consumerCount(arena: Arena, group: number): number {
  return nameCount(arena, group, CONSUMERS);
}

/** The consumer of this rank in the order of names. */
export function consumerAt(arena: Arena, group: number, rank: number): number {
  return cellOf(arena, nameAt(arena, group, CONSUMERS, rank));
}

/** The consumer named bytes[start..end), or 0. */
export function findConsumer(
  arena: Arena,
  group: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  return cellOf(arena, findName(arena, group, CONSUMERS, bytes, start, end));
}

/** A new consumer, whose name is not there. */
export function createConsumer(
  arena: Arena,
  group: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  nowMs: number,
): number {
  const consumer = newNamed(arena, CONSUMER_BYTES, CONSUMER_RECORD, bytes, start, end);
  setSeen(arena, consumer, nowMs);
  setActive(arena, consumer, NEVER);
  try {
    addName(arena, group, CONSUMERS, word(arena, consumer, CONSUMER_RECORD));
  } catch (error) {
    arena.free(word(arena, consumer, CONSUMER_RECORD));
    arena.free(consumer);
    throw error;
  }
  return consumer;
}

/** Removes a consumer; what it had pending is pending no more. Returns how many entries that were. */
export function deleteConsumer(arena: Arena, group: number, consumer: number): number {
  const own = pendingOfConsumer(arena, consumer);
  const count = own.count;
  const pending = pendingOfGroup(arena, group);
  for (let more = own.first(); more; more = own.next()) {
    own.readKey(scratch);
    arena.free(own.value);
    pending.remove(scratch);
  }
  own.clear();
  dropConsumer(arena, group, consumer);
  return count;
}

/** Frees a consumer whose index of pending entries is empty. */
function dropConsumer(arena: Arena, group: number, consumer: number): void {
  const record = word(arena, consumer, CONSUMER_RECORD);
  removeName(arena, group, CONSUMERS, record);
  arena.free(record);
  arena.free(consumer);
}

export function readConsumerName(arena: Arena, consumer: number): void {
  readName(arena, word(arena, consumer, CONSUMER_RECORD));
}

export function seenMs(arena: Arena, consumer: number): number {
  return double(arena, consumer, SEEN);
}

export function setSeen(arena: Arena, consumer: number, nowMs: number): void {
  setDouble(arena, consumer, SEEN, nowMs);
}

/** When the consumer got or claimed an entry last; NEVER. */
export function activeMs(arena: Arena, consumer: number): number {
  return double(arena, consumer, ACTIVE);
}

export function setActive(arena: Arena, consumer: number, nowMs: number): void {
  setDouble(arena, consumer, ACTIVE, nowMs);
}

// --- pending entries --------------------------------------------------------------------------------

const scratch = new Id128();
let groupTree: IdTree | null = null;
let consumerTree: IdTree | null = null;

/** The pending entries of a group; the same object for every caller. */
export function pendingOfGroup(arena: Arena, group: number): IdTree {
  if (groupTree === null || !groupTree.isOf(arena)) groupTree = new IdTree(arena);
  return groupTree.attach(group, GROUP_PENDING);
}

/** The pending entries of a consumer; the same object for every caller. */
export function pendingOfConsumer(arena: Arena, consumer: number): IdTree {
  if (consumerTree === null || !consumerTree.isOf(arena)) consumerTree = new IdTree(arena);
  return consumerTree.attach(consumer, CONSUMER_PENDING);
}

/** The pending entry of this id, or 0. */
export function findPending(arena: Arena, group: number, id: Id128): number {
  return pendingOfGroup(arena, group).find(id);
}

/** Notes an entry, which is not pending, as given to a consumer. Returns its cell. Throws ArenaFullError, and then it is not noted. */
export function addPending(
  arena: Arena,
  group: number,
  consumer: number,
  id: Id128,
  givenMs: number,
  times: number,
): number {
  const pending = arena.allocate(PENDING_BYTES);
  setDouble(arena, pending, GIVEN, givenMs);
  setWord(arena, pending, TIMES, times | 0);
  setWord(arena, pending, OWNER, consumer);
  try {
    pendingOfGroup(arena, group).insert(id, pending);
    pendingOfConsumer(arena, consumer).insert(id, pending);
  } catch (error) {
    pendingOfGroup(arena, group).remove(id);
    arena.free(pending);
    throw error;
  }
  return pending;
}

/** The entry is pending no more. False when it was not. */
export function removePending(arena: Arena, group: number, id: Id128): boolean {
  const pending = pendingOfGroup(arena, group).remove(id);
  if (pending === 0) return false;
  pendingOfConsumer(arena, ownerOf(arena, pending)).remove(id);
  arena.free(pending);
  return true;
}

/** Gives a pending entry to another consumer. */
export function givePending(arena: Arena, pending: number, id: Id128, consumer: number): void {
  const owner = ownerOf(arena, pending);
  if (owner === consumer) return;
  pendingOfConsumer(arena, consumer).insert(id, pending);
  pendingOfConsumer(arena, owner).remove(id);
  setWord(arena, pending, OWNER, consumer);
}

/** The consumer that has a pending entry. */
export function ownerOf(arena: Arena, pending: number): number {
  return word(arena, pending, OWNER);
}

export function givenMs(arena: Arena, pending: number): number {
  return double(arena, pending, GIVEN);
}

export function setGiven(arena: Arena, pending: number, atMs: number): void {
  setDouble(arena, pending, GIVEN, atMs);
}

/** How often a pending entry was given to a consumer. */
export function timesGiven(arena: Arena, pending: number): number {
  return word(arena, pending, TIMES) >>> 0;
}

export function setTimesGiven(arena: Arena, pending: number, times: number): void {
  setWord(arena, pending, TIMES, Math.min(times, TIMES_MAX) | 0);
}

// --- memory -----------------------------------------------------------------------------------------

/** Bytes of the group, its consumers and what is pending. O(consumers). */
export function groupBytes(arena: Arena, group: number): number {
  const pending = pendingOfGroup(arena, group);
  let size = arena.sizeOf(group) + arena.sizeOf(word(arena, group, GROUP_RECORD));
  size += pending.bytes + pending.count * PENDING_BYTES + namesBytes(arena, group, CONSUMERS);
  for (let i = 0; i < consumerCount(arena, group); i++) {
    const consumer = consumerAt(arena, group, i);
    size += arena.sizeOf(consumer) + arena.sizeOf(word(arena, consumer, CONSUMER_RECORD));
    size += pendingOfConsumer(arena, consumer).bytes;
  }
  return size;
}

// --- moving -----------------------------------------------------------------------------------------

/** Lets the records and cells of all groups of the stream move, and the order of their names. */
export function relocateGroups(arena: Arena, mover: Mover, stream: number): void {
  relocateNames(arena, mover, stream, GROUPS, (record) =>
    relocateNamed(arena, mover, record, GROUP_RECORD, null),
  );
}

/** The same for the consumers of a group, whose pending entries are told where they are. */
export function relocateConsumers(arena: Arena, mover: Mover, group: number): void {
  relocateNames(arena, mover, group, CONSUMERS, (record) =>
    relocateNamed(arena, mover, record, CONSUMER_RECORD, (consumer) => {
      const own = new IdTree(arena).attach(consumer, CONSUMER_PENDING);
      for (let more = own.first(); more; more = own.next()) setWord(arena, own.value, OWNER, consumer);
    }),
  );
}

/** Lets a record and the cell that it names move; the record's new address. `onMoved` is told of a cell that did. */
function relocateNamed(
  arena: Arena,
  mover: Mover,
  record: number,
  recordWord: number,
  onMoved: ((cell: number) => void) | null,
): number {
  const to = mover.moved(record);
  const cell = cellOf(arena, to);
  const cellTo = mover.moved(cell);
  if (cellTo !== cell) {
    writeValueWord(arena.i32[segmentOf(to)], byteOffsetOf(to), cellTo);
    onMoved?.(cellTo);
  }
  if (to !== record) setWord(arena, cellTo, recordWord, to);
  return to;
}

const movedId = new Id128();

/** Lets pending entries of the group move, from leaf number `from` of their order on. Returns the number to go on with, 0 when all is done. */
export function relocatePending(
  arena: Arena,
  mover: Mover,
  group: number,
  from: number,
  leaves: number,
): number {
  const all = new IdTree(arena).attach(group, GROUP_PENDING);
  const own = new IdTree(arena);
  const next = all.relocate(mover, from, leaves, (pending) => {
    const to = mover.moved(pending);
    if (to === pending) return pending;
    all.readKey(movedId);
    own.attach(word(arena, to, OWNER), CONSUMER_PENDING);
    if (own.find(movedId) === 0) throw new Error('a pending entry that its consumer does not know');
    own.setValue(to);
    return to;
  });
  if (next === 0) relocateOwn(arena, mover, group);
  return next;
}

/** Lets the nodes of the consumers' orders move. */
function relocateOwn(arena: Arena, mover: Mover, group: number): void {
  const own = new IdTree(arena);
  for (let i = 0; i < consumerCount(arena, group); i++) {
    own.attach(consumerAt(arena, group, i), CONSUMER_PENDING);
    own.relocate(mover, 0, Infinity, (pending) => pending);
  }
}
