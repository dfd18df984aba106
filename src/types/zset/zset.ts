/**
 * Sorted sets: one set of operations over both forms, small (./packed.ts) and large (./large.ts).
 *
 * lookup() finds a member and leaves in `hit` all that the operations on it want, so that ZADD looks once:
 *
 *     if (lookup(db, address, bytes, start, end)) address = changeScore(db, hash, address, ...);
 *     else address = addMember(db, hash, address, ...);
 *
 * `hash` is the key's. Whatever may move the record returns where it is now. Ranges of any kind are two ranks: rankOfScore() and
 * rankOfMember() find them, ./walk.ts reads what is between. A sorted set that has become empty is for the caller to delete. Nothing here
 * allocates on the JS heap. NaN is no score; what adds it has seen to that.
 */
import {
  blob,
  blobSizeMax,
  createBlob,
  createWithHandle,
  handleOf,
  openBlob,
  replaceByHandle,
} from '../../keyspace/blob.ts';
import type { Database } from '../../keyspace/database.ts';
import { inlineSizeMax } from '../../keyspace/limits.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import * as listpack from '../../memory/listpack.ts';
import {
  ENCODING_LISTPACK,
  ENCODING_SKIPLIST,
  encodingOf,
  readWord0,
  TYPE_ZSET,
} from '../../memory/record.ts';
import { ScoreTree } from '../../memory/score-tree.ts';
import { LargeZset, openLarge } from './large.ts';
import {
  appendPacked,
  findPacked,
  insertPacked,
  packedCount,
  packedMemberAt,
  packedRank,
  packedRankOfMember,
  packedRankOfScore,
  packedScore,
  packedSize,
  removePacked,
} from './packed.ts';
import { ZsetWalk } from './walk.ts';

/** What lookup() found: the score, and where the member is. Good until the sorted set changes. */
export const hit = { score: 0, element: 0, record: 0, hash: 0 };

/** Whether the sorted set lies in its record. */
export function isPacked(db: Database, address: number): boolean {
  return encodingOf(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address))) === ENCODING_LISTPACK;
}

/** Number of members. */
export function zsetCount(db: Database, address: number): number {
  if (!isPacked(db, address)) return ScoreTree.countAt(db.arena, handleOf(db, address));
  openBlob(db, address);
  return packedCount();
}

/** Finds the member bytes[start..end); the result is in `hit`. */
export function lookup(
  db: Database,
  address: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (isPacked(db, address)) {
    openBlob(db, address);
    hit.element = findPacked(bytes, start, end);
    if (hit.element < 0) return false;
    hit.score = packedScore(hit.element);
    return true;
  }
  const large = openLarge(db.arena, handleOf(db, address));
  hit.hash = db.keyspace.elementHashes.of(bytes, start, end);
  hit.record = large.find(hit.hash, bytes, start, end);
  if (hit.record === 0) return false;
  hit.score = large.scoreOf(hit.record);
  return true;
}

/** The rank of the member that lookup() has just found. */
export function rankOfHit(db: Database, address: number): number {
  if (isPacked(db, address)) return packedRank(hit.element);
  return openLarge(db.arena, handleOf(db, address)).tree.rankOf(hit.score, hit.record);
}

/** How many members have a score below `score`, or with `orEqual` not above it. */
export function rankOfScore(db: Database, address: number, score: number, orEqual: boolean): number {
  if (!isPacked(db, address)) {
    return openLarge(db.arena, handleOf(db, address)).tree.rankOfScore(score, orEqual);
  }
  openBlob(db, address);
  return packedRankOfScore(score, orEqual);
}

/** How many members are before bytes[start..end), or with `orEqual` not behind it; with unequal scores some number. */
export function rankOfMember(
  db: Database,
  address: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  orEqual: boolean,
): number {
  if (!isPacked(db, address)) {
    return openLarge(db.arena, handleOf(db, address)).tree.rankOfMember(bytes, start, end, orEqual);
  }
  openBlob(db, address);
  return packedRankOfMember(bytes, start, end, orEqual);
}

// --- changing ---------------------------------------------------------------------------------------

/** A new sorted set without members under a key that is not there; `memberSize` is that of the first one to come. Returns its record. */
export function createZset(
  db: Database,
  hash: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  memberSize: number,
): number {
  const { packing } = db.keyspace;
  if (packing.zsetEntries > 0 && memberSize <= packing.zsetValue) {
    const size = listpack.EMPTY_SIZE;
    const address = createBlob(db, hash, bytes, start, end, TYPE_ZSET, ENCODING_LISTPACK, size);
    listpack.writeEmpty(blob.u8, blob.start);
    return address;
  }
  return createLarge(db, hash, bytes, start, end, LargeZset.create(db.arena));
}

/** Puts `handle` under a key that is not there; frees it when that cannot be. */
function createLarge(
  db: Database,
  hash: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  handle: number,
): number {
  try {
    return createWithHandle(db, hash, bytes, start, end, TYPE_ZSET, ENCODING_SKIPLIST, handle);
  } catch (error) {
    openLarge(db.arena, handle).destroy(db.keyspace);
    throw error;
  }
}

/** Adds a member that lookup() has just not found. Returns where the record is now. */
export function addMember(
  db: Database,
  hash: number,
  address: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  score: number,
): number {
  if (isPacked(db, address)) {
    if (fitsPacked(db, address, bytes, start, end, score)) {
      return insertPacked(db, hash, address, bytes, start, end, score);
    }
    address = makeLarge(db, hash, address);
    hit.hash = db.keyspace.hasher.hash(bytes, start, end);
  }
  openLarge(db.arena, handleOf(db, address)).add(hit.hash, bytes, start, end, score);
  return address;
}

/** Whether the sorted set stays small with this member. */
function fitsPacked(
  db: Database,
  address: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  score: number,
): boolean {
  const { packing } = db.keyspace;
  if (end - start > packing.zsetValue) return false;
  openBlob(db, address);
  if (packedCount() >= packing.zsetEntries) return false;
  return blob.size + packedSize(bytes, start, end, score) <= blobSizeMax(db, address);
}

/** Gives the member bytes[start..end), which lookup() has just found, another score. Returns where the record is now. */
export function changeScore(
  db: Database,
  hash: number,
  address: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  score: number,
): number {
  if (!isPacked(db, address)) {
    openLarge(db.arena, handleOf(db, address)).update(hit.record, score);
    return address;
  }
  // Room first, so that nothing is lost should there be none.
  openBlob(db, address);
  if (blob.size + packedSize(bytes, start, end, score) > blobSizeMax(db, address)) {
    address = makeLarge(db, hash, address);
    lookup(db, address, bytes, start, end);
    openLarge(db.arena, handleOf(db, address)).update(hit.record, score);
    return address;
  }
  const added = insertBefore(db, hash, address, bytes, start, end, score);
  return added;
}

/** Takes the old one of a small sorted set out and puts the new one in, in a blob that has room for both. */
function insertBefore(
  db: Database,
  hash: number,
  address: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  score: number,
): number {
  const { element } = hit;
  const before = hit.score;
  address = insertPacked(db, hash, address, bytes, start, end, score);
  const isBehind = score < before;
  const old = isBehind ? element + packedSize(bytes, start, end, score) : element;
  return removePacked(db, hash, address, old, 1);
}

/** Removes the member that lookup() has just found. Returns where the record is now. */
export function removeHit(db: Database, hash: number, address: number): number {
  if (isPacked(db, address)) return removePacked(db, hash, address, hit.element, 1);
  openLarge(db.arena, handleOf(db, address)).remove(hit.hash, hit.record);
  return address;
}

/** Removes `n` members from `rank` on; there must be as many. O(log N + n). Returns where the record is now. */
export function removeRange(db: Database, hash: number, address: number, rank: number, n: number): number {
  if (n <= 0) return address;
  if (!isPacked(db, address)) {
    openLarge(db.arena, handleOf(db, address)).removeRange(db.keyspace, rank, n);
    return address;
  }
  openBlob(db, address);
  return removePacked(db, hash, address, packedMemberAt(rank), n);
}

/** A small sorted set becomes a large one. Returns where the record is now. */
function makeLarge(db: Database, hash: number, address: number): number {
  const handle = LargeZset.create(db.arena);
  const large = openLarge(db.arena, handle);
  try {
    for (let more = walk.open(db, address, 0, false); more; more = walk.advance()) {
      const memberHash = db.keyspace.hasher.hash(walk.bytes, walk.start, walk.end);
      large.add(memberHash, walk.bytes, walk.start, walk.end, walk.score);
    }
    return replaceByHandle(db, hash, address, ENCODING_SKIPLIST, handle);
  } catch (error) {
    openLarge(db.arena, handle).destroy(db.keyspace);
    throw error;
  }
}

const walk = new ZsetWalk();

/**
 * Makes a structure without a key (LargeZset.create()) the value of a key that is not there, packed if it is small enough. It belongs to
 * the key or is freed afterwards, whatever happens. Returns the key's record.
 */
export function adoptZset(
  db: Database,
  hash: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  handle: number,
): number {
  const size = sizeWhenPacked(db, handle, inlineSizeMax(end - start));
  if (size === 0) return createLarge(db, hash, bytes, start, end, handle);
  try {
    const address = createBlob(db, hash, bytes, start, end, TYPE_ZSET, ENCODING_LISTPACK, size);
    listpack.writeEmpty(blob.u8, blob.start);
    for (let more = walk.openHandle(db, handle, 0, false); more; more = walk.advance()) {
      appendPacked(walk.bytes, walk.start, walk.end, walk.score);
    }
    return address;
  } finally {
    openLarge(db.arena, handle).destroy(db.keyspace);
  }
}

/** Bytes of the structure's members as a blob; 0 when they are too many or too long for one. */
function sizeWhenPacked(db: Database, handle: number, sizeMax: number): number {
  const { packing } = db.keyspace;
  if (ScoreTree.countAt(db.arena, handle) > packing.zsetEntries) return 0;
  let size = listpack.EMPTY_SIZE;
  for (let more = walk.openHandle(db, handle, 0, false); more; more = walk.advance()) {
    if (walk.end - walk.start > packing.zsetValue) return 0;
    size += packedSize(walk.bytes, walk.start, walk.end, walk.score);
  }
  return size > sizeMax ? 0 : size;
}
