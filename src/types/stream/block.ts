/**
 * A block of a stream: some entries in one listpack, laid out as Redis does it, so that DUMP and RDB files take it as it is.
 *
 *     master entry    count | deleted | fields n | name 1 | ... | name n | 0
 *     entry           flags | ms | sequence | value 1 | ... | value n | elements            SAME_FIELDS
 *     entry           flags | ms | sequence | fields m | name 1 | value 1 | ... | elements  other names than the master's
 *
 * ms and sequence are the differences to the id that the block has in the stream's index, which is that of its first entry. `elements`
 * is how many elements of the listpack the entry has before this one: a reader can walk backwards. An entry that is deleted gets the flag DELETED
 * and stays where it is; a block goes when no other is left in it.
 *
 * Where the listpack is: the stream's index names a cell of the arena. The cell begins with the listpack, or, when that is too long for one, with
 * a word that is 0, which no listpack's length is, and then the id of its buffer in the LargeTable. Cells have some slack while the
 * block is the last of its stream, and none afterwards (shrinkBlock()).
 */
import { copyBytes } from '../../base/bytes.ts';
import { int64 } from '../../base/int64.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import type { LazyFree } from '../../keyspace/lazy-free.ts';
import { byteOffsetOf, segmentOf, wordOffsetOf } from '../../memory/address.ts';
import {
  first,
  HEADER_SIZE,
  integerSize,
  readInteger,
  replaceInteger,
  skip,
  totalBytes,
} from '../../memory/listpack.ts';
import { cellBytesFor, MAX_ALLOCATION } from '../../memory/size-classes.ts';

export const DELETED = 1;
export const SAME_FIELDS = 2;

const STUB_SIZE = 16;
/** Up to this size a growing block doubles; a longer one grows by a quarter. */
const DOUBLING_MAX = 4096;

/** The listpack of the block opened last: u8[at..at+size) with room for `capacity` bytes. Good until something is allocated or freed. */
export const block = {
  u8: new Uint8Array(0) as Uint8Array,
  data: null as DataView | null,
  at: 0,
  size: 0,
  capacity: 0,
};

/** Points `block` at the listpack. */
export function openBlock({ arena, large }: Keyspace, address: number): void {
  const segment = segmentOf(address);
  const u8 = arena.u8[segment];
  const at = byteOffsetOf(address);
  const size = totalBytes(u8, at);
  if (size !== 0) {
    block.u8 = u8;
    block.data = arena.dv[segment];
    block.at = at;
    block.size = size;
    block.capacity = arena.sizeOf(address);
    return;
  }
  block.u8 = large.view(arena.i32[segment][wordOffsetOf(address) + 1]);
  block.data = null;
  block.at = 0;
  block.size = totalBytes(block.u8, 0);
  block.capacity = block.u8.length;
}

/** To be called before the entries of a block change, or the block is freed: a snapshot may need it as it is. */
export function keepBlock({ arena }: Keyspace, address: number): void {
  if (arena.keeper !== null) arena.keeper.keepCell(address);
}

/** A new block with room for `capacity` bytes, which the caller writes at once; `block` is at it. Returns its address. */
export function createBlock(keyspace: Keyspace, capacity: number): number {
  const { arena, large } = keyspace;
  if (capacity <= MAX_ALLOCATION) {
    const address = arena.allocate(capacity);
    block.u8 = arena.u8[segmentOf(address)];
    block.data = arena.dv[segmentOf(address)];
    block.at = byteOffsetOf(address);
    block.capacity = arena.sizeOf(address);
    return address;
  }
  const stub = arena.allocate(STUB_SIZE);
  const id = large.add(capacity);
  const words = arena.i32[segmentOf(stub)];
  words[wordOffsetOf(stub)] = 0;
  words[wordOffsetOf(stub) + 1] = id;
  block.u8 = large.view(id);
  block.data = null;
  block.at = 0;
  block.capacity = block.u8.length;
  return stub;
}

/** Makes room for `size` bytes in the block that is open; `block` is at it afterwards. Returns its address, which may be another. */
export function growBlock(keyspace: Keyspace, address: number, size: number): number {
  if (size <= block.capacity) return address;
  if (isStub(keyspace, address)) {
    keyspace.large.grow(keyspace.arena.i32[segmentOf(address)][wordOffsetOf(address) + 1], size);
    openBlock(keyspace, address);
    return address;
  }
  const wanted = size <= DOUBLING_MAX ? Math.min(size * 2, DOUBLING_MAX) : size + (size >>> 2);
  return moveBlock(keyspace, address, size <= MAX_ALLOCATION ? Math.min(wanted, MAX_ALLOCATION) : wanted);
}

/** Gives back what the open block does not use. Returns its address, which may be another. */
export function shrinkBlock(keyspace: Keyspace, address: number): number {
  if (isStub(keyspace, address)) {
    keyspace.large.shrink(keyspace.arena.i32[segmentOf(address)][wordOffsetOf(address) + 1], block.size);
    openBlock(keyspace, address);
    return address;
  }
  return cellBytesFor(block.size) < block.capacity ? moveBlock(keyspace, address, block.size) : address;
}

function moveBlock(keyspace: Keyspace, address: number, capacity: number): number {
  const { u8, at, size } = block;
  const to = createBlock(keyspace, capacity);
  copyBytes(u8, at, at + size, block.u8, block.at);
  block.size = size;
  keyspace.arena.free(address);
  return to;
}

/** A block with the bytes of a listpack. Returns its address. */
export function blockFrom(keyspace: Keyspace, u8: Uint8Array, at: number, size: number): number {
  const address = createBlock(keyspace, size);
  copyBytes(u8, at, at + size, block.u8, block.at);
  block.size = size;
  return address;
}

/** A copy of a block without its slack. */
export function copyBlock(keyspace: Keyspace, address: number): number {
  openBlock(keyspace, address);
  return blockFrom(keyspace, block.u8, block.at, block.size);
}

export function freeBlock({ arena, large, buffers }: LazyFree, address: number): void {
  const words = arena.i32[segmentOf(address)];
  const at = wordOffsetOf(address);
  if (words[at] === 0) buffers.push(large.take(words[at + 1]));
  arena.free(address);
}

/** Bytes of memory that the block takes. */
export function blockBytes(keyspace: Keyspace, address: number): number {
  openBlock(keyspace, address);
  return isStub(keyspace, address) ? STUB_SIZE + block.capacity : block.capacity;
}

function isStub({ arena }: Keyspace, address: number): boolean {
  return arena.i32[segmentOf(address)][wordOffsetOf(address)] === 0;
}

// --- the master entry -------------------------------------------------------------------------------

/** What the master entry of the block read last says, and where its fields and the first entry begin. */
export const master = { count: 0, deleted: 0, fields: 0, firstField: 0, firstEntry: 0 };

/** Reads the master entry of the listpack at u8[at]. Costs as much as it has fields. */
export function readMaster(u8: Uint8Array, at: number): void {
  readCounts(u8, at);
  let element = master.firstField;
  for (let i = master.fields; i > 0; i--) element = skip(u8, element);
  master.firstEntry = skip(u8, element);
}

/** The same without looking for the first entry. */
export function readCounts(u8: Uint8Array, at: number): void {
  let element = at + HEADER_SIZE;
  readInteger(u8, element);
  master.count = int64.lo;
  element = skip(u8, element);
  readInteger(u8, element);
  master.deleted = int64.lo;
  element = skip(u8, element);
  readInteger(u8, element);
  master.fields = int64.lo;
  master.firstField = skip(u8, element);
}

/** Bytes that the master entry grows by when its counts become these. */
export function countsGrowth(count: number, deleted: number): number {
  return (
    integerSize(0, count) +
    integerSize(0, deleted) -
    integerSize(0, master.count) -
    integerSize(0, master.deleted)
  );
}

/** Writes the counts of the listpack at u8[at], which has the room that this may take; what follows them may move. */
export function writeCounts(u8: Uint8Array, at: number, count: number, deleted: number): void {
  const element = first(u8, at);
  replaceInteger(u8, at, element, 0, count);
  replaceInteger(u8, at, skip(u8, element), 0, deleted);
}
