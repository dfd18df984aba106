/**
 * A list as the value of a key.
 *
 *   small   one block, a listpack, in the key's record            ENCODING_LISTPACK
 *   large   blocks linked both ways, in the arena (quicklist.ts)  ENCODING_QUICKLIST
 *
 * It changes as Redis 7.2 has it: to a large one before a command would make the block exceed list-max-listpack-size, and back when
 * removals have left one node of at most half of that. Redis 7.0 knows only the large form and says so; here both versions keep the
 * small one, and only what OBJECT ENCODING answers differs (../../commands/generic/type-names.ts).
 *
 * Functions that may move the record return where it is now. A list that has become empty is the caller's to delete: finishRemoval().
 */
import { copyBytes } from '../../base/bytes.ts';
import {
  blob,
  blobSizeMax,
  createBlob,
  createWithHandle,
  growBlob,
  handleOf,
  openBlob,
  replaceByBlob,
  replaceByHandle,
  setBlobSize,
} from '../../keyspace/blob.ts';
import type { Database } from '../../keyspace/database.ts';
import { inlineSizeMax } from '../../keyspace/limits.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import {
  count,
  EMPTY_SIZE,
  END,
  elementSize,
  endOf,
  first,
  HEADER_SIZE,
  insert,
  last,
  remove,
  replace,
  seek,
  skip,
  totalBytes,
  writeElement,
  writeEmpty,
  writeHeader,
} from '../../memory/listpack.ts';
import {
  ENCODING_LISTPACK,
  ENCODING_QUICKLIST,
  encodingOf,
  readWord0,
  TYPE_LIST,
  valueWord,
} from '../../memory/record.ts';
import { matchesIn, removeFromBlock } from './block-matches.ts';
import { packedAgain, packedExceeds } from './limits.ts';
import type { ListWalk } from './list-walk.ts';
import { BYTES, blockOf, nodeWord } from './node.ts';
import {
  createQuicklist,
  dropQuicklist,
  insertInto,
  onlyBlock,
  pushQuicklist,
  quicklistDepth,
  quicklistFromBlock,
  quicklistLength,
  quicklistNodes,
  quicklistRawBytes,
  removeFromEnd,
  removeMatches,
  replaceAt,
} from './quicklist.ts';

function isPacked(db: Database, address: number): boolean {
  return encodingOf(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address))) === ENCODING_LISTPACK;
}

/** Elements of the list. O(1). */
export function listLength(db: Database, address: number): number {
  if (!isPacked(db, address)) return quicklistLength(db.arena, handleOf(db, address));
  openBlob(db, address);
  return count(blob.u8, blob.start);
}

/** The handle of a large list (quicklist.ts), 0 of a small one. */
export function largeList(db: Database, address: number): number {
  const i32 = db.arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  const word0 = readWord0(i32, base);
  return encodingOf(word0) === ENCODING_LISTPACK ? 0 : valueWord(i32, base);
}

// --- adding -----------------------------------------------------------------------------------------

/** What a command is about to add: measured first, so that the list takes its form once. */
const added = { count: 0, textBytes: 0, packedBytes: 0 };

/** Begins to measure what will be added. */
export function startAdding(): void {
  added.count = 0;
  added.textBytes = 0;
  added.packedBytes = 0;
}

/** bytes[start..end) will be added. */
export function measure(bytes: Uint8Array, start: number, end: number): void {
  added.count++;
  added.textBytes += end - start;
  added.packedBytes += elementSize(bytes, start, end);
}

/** Whether a block of `size` bytes and `n` elements has no room in the record for what was measured, or may not have it. */
function mustBeLarge(db: Database, size: number, n: number, sizeMax: number): boolean {
  if (size + added.packedBytes > sizeMax) return true;
  return packedExceeds(db.keyspace.packing.listSize, size + added.textBytes, n + added.count);
}

/** Where the next element of a push into a small list goes: in a gap that was made for all of them. */
const gap = { u8: new Uint8Array(0) as Uint8Array, at: 0 };

/**
 * Makes the list, a new one for address 0, ready for the elements that were measured. Then pushElement() each of them. Returns where the
 * record is.
 */
export function startPush(
  db: Database,
  hash: number,
  address: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  front: boolean,
): number {
  if (address === 0) address = createList(db, hash, key, keyStart, keyEnd);
  else address = makeFit(db, hash, address);
  if (isPacked(db, address)) address = openGap(db, hash, address, front);
  return address;
}

function createList(db: Database, hash: number, key: Uint8Array, start: number, end: number): number {
  if (mustBeLarge(db, EMPTY_SIZE, 0, inlineSizeMax(end - start))) {
    const list = createQuicklist(db.keyspace);
    return createWithHandle(db, hash, key, start, end, TYPE_LIST, ENCODING_QUICKLIST, list);
  }
  const size = EMPTY_SIZE + added.packedBytes;
  const address = createBlob(db, hash, key, start, end, TYPE_LIST, ENCODING_LISTPACK, size);
  writeEmpty(blob.u8, blob.start);
  return address;
}

/** Makes a small list large when what was measured would make it too large. */
function makeFit(db: Database, hash: number, address: number): number {
  if (!isPacked(db, address)) return address;
  openBlob(db, address);
  const n = count(blob.u8, blob.start);
  const size = totalBytes(blob.u8, blob.start);
  if (!mustBeLarge(db, size, n, blobSizeMax(db, address))) return address;
  openBlob(db, address);
  const list = quicklistFromBlock(db.keyspace, blob.u8, blob.start, size, n);
  return replaceByHandle(db, hash, address, ENCODING_QUICKLIST, list);
}

function openGap(db: Database, hash: number, address: number, front: boolean): number {
  openBlob(db, address);
  const size = totalBytes(blob.u8, blob.start);
  address = growBlob(db, hash, address, size + added.packedBytes);
  const { u8, start } = blob;
  const n = count(u8, start) + added.count;
  const from = start + (front ? HEADER_SIZE : size - 1);
  u8.copyWithin(from + added.packedBytes, from, start + size);
  writeHeader(u8, start, size + added.packedBytes, n);
  gap.u8 = u8;
  gap.at = front ? from + added.packedBytes : from;
  return address;
}

/** Adds an element that was measured, after startPush() at the same end. Does not move the record. */
export function pushElement(
  db: Database,
  address: number,
  front: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (!isPacked(db, address)) {
    pushQuicklist(db.keyspace, handleOf(db, address), front, bytes, start, end);
    return;
  }
  const size = elementSize(bytes, start, end);
  if (front) gap.at -= size;
  writeElement(gap.u8, gap.at, bytes, start, end);
  if (!front) gap.at += size;
}

/** Puts an element before or after the one that the walk is at. Returns where the record is. */
export function insertAt(
  db: Database,
  hash: number,
  address: number,
  walk: ListWalk,
  after: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  startAdding();
  measure(bytes, start, end);
  const wasPacked = isPacked(db, address);
  address = makeFit(db, hash, address);
  const index = walk.indexInNode + (after ? 1 : 0);
  if (!isPacked(db, address)) {
    const list = handleOf(db, address);
    const node = wasPacked ? onlyBlock(db.arena, list) : walk.node;
    insertInto(db.keyspace, list, node, index, bytes, start, end);
    return address;
  }
  openBlob(db, address);
  const size = totalBytes(blob.u8, blob.start);
  address = growBlob(db, hash, address, size + added.packedBytes);
  const { u8 } = blob;
  const at = blob.start;
  const place = index === count(u8, at) ? endOf(u8, at) : seek(u8, at, index);
  insert(u8, at, place, bytes, start, end);
  return address;
}

/** Makes element `index`, which is there, bytes[start..end). Returns where the record is. */
export function setElement(
  db: Database,
  hash: number,
  address: number,
  index: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  startAdding();
  measure(bytes, start, end);
  address = makeFit(db, hash, address);
  if (!isPacked(db, address)) {
    replaceAt(db.keyspace, handleOf(db, address), index, bytes, start, end);
    return shrink(db, hash, address);
  }
  openBlob(db, address);
  const size = totalBytes(blob.u8, blob.start);
  const element = seek(blob.u8, blob.start, index);
  const by = added.packedBytes - (skip(blob.u8, element) - element);
  const offset = element - blob.start;
  if (by > 0) address = growBlob(db, hash, address, size + by);
  replace(blob.u8, blob.start, blob.start + offset, bytes, start, end);
  return by < 0 ? setBlobSize(db, hash, address, size + by) : address;
}

// --- removing ---------------------------------------------------------------------------------------

/** Removes the first or last `n` elements; there are as many. finishRemoval() comes after. Returns where the record is. */
export function removeEnd(db: Database, hash: number, address: number, front: boolean, n: number): number {
  if (n === 0) return address;
  if (!isPacked(db, address)) {
    removeFromEnd(db.keyspace, handleOf(db, address), front, n);
    return address;
  }
  openBlob(db, address);
  const { u8, start } = blob;
  if (front) {
    remove(u8, start, first(u8, start), n);
  } else {
    const stay = count(u8, start) - n;
    const border = n === 1 ? last(u8, start) : seek(u8, start, stay);
    u8[border] = END;
    writeHeader(u8, start, border + 1 - start, stay);
  }
  return setBlobSize(db, hash, address, totalBytes(u8, start));
}

/** Removes up to `limit` elements that are bytes[start..end), the first or the last ones. Returns how many; `removedFrom` is where the record is. */
export function removeEqual(
  db: Database,
  hash: number,
  address: number,
  fromFront: boolean,
  limit: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  removedFrom = address;
  if (!isPacked(db, address)) {
    return removeMatches(db.keyspace, handleOf(db, address), fromFront, limit, bytes, start, end);
  }
  openBlob(db, address);
  const found = matchesIn(blob.u8, blob.start, bytes, start, end);
  const n = Math.min(found, limit);
  if (n === 0) return 0;
  const size = removeFromBlock(blob.u8, blob.start, fromFront ? 0 : found - n, n, bytes, start, end);
  removedFrom = setBlobSize(db, hash, address, size);
  return n;
}

/** See removeEqual(). */
export let removedFrom = 0;

/** After removals: deletes the key if nothing is left (and returns 0), makes a list small that has become so. Returns where the record is. */
export function finishRemoval(db: Database, hash: number, address: number): number {
  if (listLength(db, address) === 0) {
    db.remove(hash, address, db.keyspace.lazy.serverDelete);
    return 0;
  }
  return shrink(db, hash, address);
}

function shrink(db: Database, hash: number, address: number): number {
  if (isPacked(db, address)) return address;
  const { arena, keyspace } = db;
  const list = handleOf(db, address);
  const node = onlyBlock(arena, list);
  if (node === 0) return address;
  const size = nodeWord(arena, node, BYTES);
  if (!packedAgain(keyspace.packing.listSize, size, quicklistLength(arena, list))) return address;
  if (size > blobSizeMax(db, address)) return address;
  address = replaceByBlob(db, hash, address, ENCODING_LISTPACK, size);
  const at = blockOf(arena, node);
  copyBytes(arena.u8[segmentOf(node)], at, at + size, blob.u8, blob.start);
  dropQuicklist(keyspace, list);
  return address;
}

/** How the list is kept, in the words of Redis's DEBUG OBJECT. O(nodes). */
export function describeList(db: Database, address: number): string {
  const length = listLength(db, address);
  const { listSize } = db.keyspace.packing;
  if (isPacked(db, address)) return fields(1, length, listSize, false, blob.size);
  const list = handleOf(db, address);
  const depth = quicklistDepth(db.arena, list);
  return fields(
    quicklistNodes(db.arena, list),
    length,
    listSize,
    depth > 0,
    quicklistRawBytes(db.arena, list),
  );
}

function fields(nodes: number, length: number, fill: number, compressed: boolean, size: number): string {
  const average = (length / nodes).toFixed(2);
  return `ql_nodes:${nodes} ql_avg_node:${average} ql_listpack_max:${fill} ql_compressed:${compressed ? 1 : 0} ql_uncompressed_size:${size}`;
}
