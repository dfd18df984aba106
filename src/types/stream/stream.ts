/**
 * A stream: blocks of entries (block.ts) in an ordered index by the id of their first entry, and what is known of the ids. The record's
 * value word names its header, a cell that does not move:
 *
 *     word  0-2   index of the blocks (../../memory/id-tree.ts)
 *             3   last block, 0 for none
 *           4-7   last id: of the entry added last, or what XSETID says
 *          8-11   greatest id that XDEL has deleted, 0-0 for none
 *         12-15   id of the first entry, 0-0 for none
 *         16-17   entries, a float64
 *         18-19   entries ever added, an int64, high word first
 *         20-21   consumer groups by name (names.ts)
 *         22-25   the last block's id in the index
 *
 * A stream without entries stays; a block without entries does not. Groups and what is pending: group.ts. Removing: trim.ts.
 */
import { compareIds, copyId, Id128, isZeroId, readId, writeIdWords } from '../../base/id128.ts';
import { int64 } from '../../base/int64.ts';
import { createWithHandle } from '../../keyspace/blob.ts';
import type { Database } from '../../keyspace/database.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import { segmentOf, wordOffsetOf } from '../../memory/address.ts';
import type { Arena } from '../../memory/arena.ts';
import { HOLDER_WORDS, IdTree } from '../../memory/id-tree.ts';
import {
  COUNT_UNKNOWN,
  EMPTY_SIZE,
  END,
  elementSize,
  equals,
  HEADER_SIZE,
  integerSize,
  skip,
  writeElement,
  writeHeader,
  writeInteger,
} from '../../memory/listpack.ts';
import { ENCODING_STREAM, TYPE_STREAM } from '../../memory/record.ts';
import {
  block,
  createBlock,
  freeBlock,
  growBlock,
  keepBlock,
  master,
  openBlock,
  readCounts,
  SAME_FIELDS,
  shrinkBlock,
  writeCounts,
} from './block.ts';

/** Words of the header. */
export const BLOCKS = 0;
export const TAIL = BLOCKS + HOLDER_WORDS;
export const LAST_ID = 4;
export const MAX_DELETED_ID = 8;
export const FIRST_ID = 12;
const LENGTH = 16;
const ADDED = 18;
export const GROUPS = 20;
const TAIL_ID = 22;
const HEADER_BYTES = 104;

/** No block is longer, whatever stream-node-max-bytes says. */
const BLOCK_BYTES_MAX = 1 << 30;
/** Nor is the text of one entry. */
export const ENTRY_BYTES_MAX = BLOCK_BYTES_MAX;
/** A new block gets as much room as the one before it took, but not more than this. */
const ROOM_HINT_MAX = 4096;

const UNSIGNED = 2 ** 32;

let blocks: IdTree | null = null;

/** The index of the stream's blocks; the same object for every caller, who uses it at once. */
export function blocksOf(arena: Arena, stream: number): IdTree {
  if (blocks === null || !blocks.isOf(arena)) blocks = new IdTree(arena);
  return blocks.attach(stream, BLOCKS);
}

// --- the header -------------------------------------------------------------------------------------

/** A new stream under a key that is not in the database. Returns its header. */
export function createStream(
  db: Database,
  hash: number,
  key: Uint8Array,
  start: number,
  end: number,
): number {
  const stream = newStream(db.arena);
  createWithHandle(db, hash, key, start, end, TYPE_STREAM, ENCODING_STREAM, stream);
  return stream;
}

/** The header of a stream without entries that nobody names. */
export function newStream(arena: Arena): number {
  const stream = arena.allocate(HEADER_BYTES);
  const at = wordOffsetOf(stream);
  arena.i32[segmentOf(stream)].fill(0, at, at + HEADER_BYTES / 4);
  return stream;
}

export function streamLength(arena: Arena, stream: number): number {
  return arena.f64[segmentOf(stream)][(wordOffsetOf(stream) + LENGTH) >>> 1];
}

export function setStreamLength(arena: Arena, stream: number, length: number): void {
  arena.f64[segmentOf(stream)][(wordOffsetOf(stream) + LENGTH) >>> 1] = length;
}

/** One of the ids in the header: LAST_ID, MAX_DELETED_ID, FIRST_ID. */
export function readStreamId(arena: Arena, stream: number, which: number, to: Id128): void {
  readId(arena.i32[segmentOf(stream)], wordOffsetOf(stream) + which, to);
}

export function setStreamId(arena: Arena, stream: number, which: number, id: Id128): void {
  writeIdWords(id, arena.i32[segmentOf(stream)], wordOffsetOf(stream) + which);
}

/** Puts how many entries were ever added into `int64`. */
export function readAdded(arena: Arena, stream: number): void {
  const words = arena.i32[segmentOf(stream)];
  const at = wordOffsetOf(stream) + ADDED;
  int64.hi = words[at];
  int64.lo = words[at + 1];
}

export function setAdded(arena: Arena, stream: number, hi: number, lo: number): void {
  const words = arena.i32[segmentOf(stream)];
  const at = wordOffsetOf(stream) + ADDED;
  words[at] = hi;
  words[at + 1] = lo;
}

export function tailBlock(arena: Arena, stream: number): number {
  return arena.i32[segmentOf(stream)][wordOffsetOf(stream) + TAIL];
}

/** Looks the last block up again: after blocks have come or gone. */
export function findTail(arena: Arena, stream: number): void {
  const words = arena.i32[segmentOf(stream)];
  const at = wordOffsetOf(stream);
  const tree = blocksOf(arena, stream);
  if (!tree.last()) {
    words[at + TAIL] = 0;
    return;
  }
  words[at + TAIL] = tree.value;
  tree.readKey(scratchId);
  writeIdWords(scratchId, words, at + TAIL_ID);
}

/** The block under the cursor of `tree` has moved. */
export function blockMoved(arena: Arena, stream: number, tree: IdTree, from: number, to: number): void {
  if (from === to) return;
  tree.setValue(to);
  const words = arena.i32[segmentOf(stream)];
  const at = wordOffsetOf(stream) + TAIL;
  if (words[at] === from) words[at] = to;
}

/** Frees the block under the cursor of `tree` and takes it out. */
export function dropBlock(keyspace: Keyspace, stream: number, tree: IdTree): void {
  const address = tree.value;
  keepBlock(keyspace, address);
  tree.removeHere();
  freeBlock(keyspace.lazyFree, address);
  if (tailBlock(keyspace.arena, stream) === address) findTail(keyspace.arena, stream);
}

// --- adding -----------------------------------------------------------------------------------------

const scratchId = new Id128();
const tailId = new Id128();
const addedId = new Id128();
/** Bytes of each element of the entry to be added. */
let sizes = new Int32Array(64);

/** hi:lo of a difference of two unsigned 64-bit numbers. */
const delta = { hi: 0, lo: 0 };

function subtract(hi: number, lo: number, hi2: number, lo2: number): void {
  delta.lo = (lo - lo2) | 0;
  delta.hi = (hi - hi2 - (lo >>> 0 < lo2 >>> 0 ? 1 : 0)) | 0;
}

/**
 * Adds an entry with an id greater than the last one. Its fields and values are the texts bytes[spans[i]..spans[i + 1]) for i = from, from + 2,
 * ...: `pairs` times field and value. O(log n) when a block begins, else O(1); allocates nothing on the JS heap.
 */
export function appendEntry(
  keyspace: Keyspace,
  stream: number,
  id: Id128,
  bytes: Uint8Array,
  spans: Int32Array,
  from: number,
  pairs: number,
): void {
  const { arena } = keyspace;
  const words = arena.i32[segmentOf(stream)];
  const at = wordOffsetOf(stream);
  const textBytes = measure(bytes, spans, from, pairs);
  let address = words[at + TAIL];
  let roomHint = 0;
  if (address !== 0) {
    keepBlock(keyspace, address);
    openBlock(keyspace, address);
    readCounts(block.u8, block.at);
    if (isFull(keyspace, textBytes)) {
      roomHint = block.size;
      closeTail(keyspace, stream, address);
      address = 0;
    }
  }
  if (address === 0) startBlock(keyspace, stream, id, bytes, spans, from, pairs, roomHint);
  else addToTail(keyspace, stream, address, id, bytes, spans, from, pairs);
  if (streamLength(arena, stream) === 0) writeIdWords(id, words, at + FIRST_ID);
  arena.f64[segmentOf(stream)][(at + LENGTH) >>> 1] += 1;
  writeIdWords(id, words, at + LAST_ID);
  const low = (words[at + ADDED + 1] + 1) | 0;
  words[at + ADDED + 1] = low;
  if (low === 0) words[at + ADDED]++;
}

/** Fills `sizes` and returns the bytes of all texts. */
function measure(bytes: Uint8Array, spans: Int32Array, from: number, pairs: number): number {
  const n = pairs * 2;
  if (n > sizes.length) sizes = new Int32Array(n * 2);
  let textBytes = 0;
  for (let i = 0; i < n; i++) {
    const start = spans[from + i * 2];
    const end = spans[from + i * 2 + 1];
    sizes[i] = elementSize(bytes, start, end);
    textBytes += end - start;
  }
  return textBytes;
}

/** Whether the open block, whose counts have been read, takes no entry with so many bytes of text. */
function isFull({ packing }: Keyspace, textBytes: number): boolean {
  const { streamBytes, streamEntries } = packing;
  const bytesMax = streamBytes === 0 || streamBytes > BLOCK_BYTES_MAX ? BLOCK_BYTES_MAX : streamBytes;
  if (block.size + textBytes >= bytesMax) return true;
  return streamEntries !== 0 && master.count + master.deleted >= streamEntries;
}

/** The last block will not grow any more. */
function closeTail(keyspace: Keyspace, stream: number, address: number): void {
  const to = shrinkBlock(keyspace, address);
  if (to === address) return;
  const tree = blocksOf(keyspace.arena, stream);
  tree.last();
  blockMoved(keyspace.arena, stream, tree, address, to);
}

/** Begins a block with this entry. `roomHint`: the size of the block before it, which this one may well come to have. */
function startBlock(
  keyspace: Keyspace,
  stream: number,
  id: Id128,
  bytes: Uint8Array,
  spans: Int32Array,
  from: number,
  pairs: number,
  roomHint: number,
): void {
  const { arena } = keyspace;
  let masterSize = 6 + integerSize(0, pairs);
  for (let i = 0; i < pairs; i++) masterSize += sizes[i * 2];
  delta.hi = 0;
  delta.lo = 0;
  const entrySize = 6 + integerSize(0, pairs + 3) + valuesSize(pairs);
  const size = EMPTY_SIZE + masterSize + entrySize;
  const address = createBlock(keyspace, Math.max(size, Math.min(roomHint, ROOM_HINT_MAX)));
  const { u8 } = block;
  let place = block.at + HEADER_SIZE;
  place = putInteger(u8, place, 0, 1);
  place = putInteger(u8, place, 0, 0);
  place = putInteger(u8, place, 0, pairs);
  for (let i = 0; i < pairs; i++) {
    writeElement(u8, place, bytes, spans[from + i * 4], spans[from + i * 4 + 1]);
    place += sizes[i * 2];
  }
  place = putInteger(u8, place, 0, 0);
  place = putInteger(u8, place, 0, SAME_FIELDS);
  place = putInteger(u8, place, 0, 0);
  place = putInteger(u8, place, 0, 0);
  place = putValues(u8, place, bytes, spans, from, pairs);
  place = putInteger(u8, place, 0, pairs + 3);
  u8[place] = END;
  writeHeader(u8, block.at, size, 4 + pairs + 4 + pairs);
  const words = arena.i32[segmentOf(stream)];
  const at = wordOffsetOf(stream);
  copyId(id, addedId);
  try {
    blocksOf(arena, stream).insert(addedId, address);
  } catch (error) {
    freeBlock(keyspace.lazyFree, address);
    throw error;
  }
  words[at + TAIL] = address;
  writeIdWords(id, words, at + TAIL_ID);
}

/** Adds the entry to the last block, which is open. */
function addToTail(
  keyspace: Keyspace,
  stream: number,
  address: number,
  id: Id128,
  bytes: Uint8Array,
  spans: Int32Array,
  from: number,
  pairs: number,
): void {
  const { arena } = keyspace;
  readId(arena.i32[segmentOf(stream)], wordOffsetOf(stream) + TAIL_ID, tailId);
  const same = master.fields === pairs && hasFields(bytes, spans, from, pairs);
  const count = same ? pairs + 3 : pairs * 2 + 4;
  subtract(id.msHi, id.msLo, tailId.msHi, tailId.msLo);
  const msHi = delta.hi;
  const msLo = delta.lo;
  subtract(id.seqHi, id.seqLo, tailId.seqHi, tailId.seqLo);
  const seqHi = delta.hi;
  const seqLo = delta.lo;
  let size = 2 + integerSize(msHi, msLo) + integerSize(seqHi, seqLo) + integerSize(0, count);
  size += valuesSize(pairs);
  if (!same) {
    size += integerSize(0, pairs);
    for (let i = 0; i < pairs; i++) size += sizes[i * 2];
  }
  // The count of the master entry may take a byte more.
  const to = growBlock(keyspace, address, block.size + size + 1);
  if (to !== address) {
    const tree = blocksOf(arena, stream);
    tree.last();
    blockMoved(arena, stream, tree, address, to);
  }
  const { u8, at } = block;
  writeCounts(u8, at, master.count + 1, master.deleted);
  block.size = u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24);
  let place = at + block.size - 1;
  place = putInteger(u8, place, 0, same ? SAME_FIELDS : 0);
  place = putInteger(u8, place, msHi, msLo);
  place = putInteger(u8, place, seqHi, seqLo);
  if (same) {
    place = putValues(u8, place, bytes, spans, from, pairs);
  } else {
    place = putInteger(u8, place, 0, pairs);
    for (let i = 0; i < pairs * 2; i++) {
      writeElement(u8, place, bytes, spans[from + i * 2], spans[from + i * 2 + 1]);
      place += sizes[i];
    }
  }
  place = putInteger(u8, place, 0, count);
  u8[place] = END;
  const elements = u8[at + 4] | (u8[at + 5] << 8);
  const known = elements === COUNT_UNKNOWN ? COUNT_UNKNOWN : elements + count + 1;
  writeHeader(u8, at, block.size + size, known);
}

/** Whether the names of the entry's fields are those of the open block's master entry, which has as many. */
function hasFields(bytes: Uint8Array, spans: Int32Array, from: number, pairs: number): boolean {
  const { u8 } = block;
  let element = master.firstField;
  for (let i = 0; i < pairs; i++) {
    if (!equals(u8, element, bytes, spans[from + i * 4], spans[from + i * 4 + 1])) return false;
    element = skip(u8, element);
  }
  return true;
}

function valuesSize(pairs: number): number {
  let size = 0;
  for (let i = 0; i < pairs; i++) size += sizes[i * 2 + 1];
  return size;
}

function putInteger(u8: Uint8Array, place: number, hi: number, lo: number): number {
  writeInteger(u8, place, hi, lo);
  return place + integerSize(hi, lo);
}

function putValues(
  u8: Uint8Array,
  place: number,
  bytes: Uint8Array,
  spans: Int32Array,
  from: number,
  pairs: number,
): number {
  for (let i = 0; i < pairs; i++) {
    writeElement(u8, place, bytes, spans[from + i * 4 + 2], spans[from + i * 4 + 3]);
    place += sizes[i * 2 + 1];
  }
  return place;
}

// --- counting what was read -------------------------------------------------------------------------

const bound = new Id128();
const tombstone = new Id128();

/** Whether XDEL may have left a gap between the entries from `start` on. */
export function hasGapsFrom(arena: Arena, stream: number, start: Id128): boolean {
  if (streamLength(arena, stream) === 0) return false;
  readStreamId(arena, stream, MAX_DELETED_ID, tombstone);
  if (isZeroId(tombstone)) return false;
  readStreamId(arena, stream, FIRST_ID, bound);
  if (compareIds(bound, tombstone) > 0) return false;
  return compareIds(start, tombstone) <= 0;
}

/**
 * How many entries have ever been added up to `id`, if that can be told: before the first entry, at the first and at the last one.
 * Puts it into `int64`, -1 when it cannot.
 */
export function countUntil(arena: Arena, stream: number, id: Id128): void {
  const length = streamLength(arena, stream);
  readAdded(arena, stream);
  if ((int64.hi | int64.lo) === 0) return;
  readStreamId(arena, stream, LAST_ID, bound);
  const toLast = compareIds(id, bound);
  if ((length === 0 && toLast < 0) || toLast === 0) return;
  if (toLast < 0) {
    readStreamId(arena, stream, FIRST_ID, bound);
    const toFirst = compareIds(id, bound);
    readStreamId(arena, stream, MAX_DELETED_ID, tombstone);
    const whole = isZeroId(tombstone) || compareIds(tombstone, bound) < 0;
    if (whole && toFirst <= 0) {
      subtractFromAdded(length - (toFirst === 0 ? 1 : 0));
      return;
    }
  }
  int64.hi = -1;
  int64.lo = -1;
}

function subtractFromAdded(n: number): void {
  subtract(int64.hi, int64.lo, Math.floor(n / UNSIGNED) | 0, n | 0);
  int64.hi = delta.hi;
  int64.lo = delta.lo;
}
