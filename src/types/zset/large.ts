/**
 * Large sorted sets: a table that finds a member's record and a tree that keeps the records in order, both in the arena.
 *
 *     handle -> ScoreTree's header, whose owner's word is the Dict's header
 *
 * A record is as any element's (../../memory/record.ts): the member is its key, its two value words together are the score, a
 * float64. Records move only where both are told (relocate()). The same structure is the intermediate result of ZUNION and its relatives, without a key.
 */

import { registerCollection } from '../../keyspace/collections.ts';
import { copyTable, freeTable, relocateTable, tableBytes } from '../../keyspace/element-table.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import type { LazyFree } from '../../keyspace/lazy-free.ts';
import { KEY_SIZE_MAX, KeyTooLongError } from '../../keyspace/limits.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import { AddressList } from '../../memory/address-list.ts';
import type { Arena } from '../../memory/arena.ts';
import { Dict } from '../../memory/dict.ts';
import type { Mover } from '../../memory/mover.ts';
import {
  allocateRecord,
  ENCODING_INT,
  ENCODING_SKIPLIST,
  keyFlags,
  keyLength,
  keyOffset,
  makeWord0,
  readWord0,
  TWO_WORDS,
  TYPE_STRING,
  TYPE_ZSET,
} from '../../memory/record.ts';
import { ScoreTree } from '../../memory/score-tree.ts';
import { ByScore } from './by-score.ts';

/** Entries of a tree are freed by the leaf, so they are much cheaper than records. */
const ENTRIES_PER_RECORD = 16;
const BATCH = 256;

export class LargeZset {
  readonly arena: Arena;
  readonly table: Dict;
  readonly tree: ScoreTree;
  private handle = 0;

  constructor(arena: Arena) {
    this.arena = arena;
    this.table = new Dict(arena);
    this.tree = new ScoreTree(arena);
  }

  /** A new empty one; returns its handle. Throws ArenaFullError. */
  static create(arena: Arena): number {
    const handle = ScoreTree.create(arena);
    try {
      ScoreTree.setOwnerWord(arena, handle, Dict.create(arena));
    } catch (error) {
      arena.free(handle);
      throw error;
    }
    return handle;
  }

  /** Makes this object be the one at `handle`; see Dict.attach(). */
  attach(handle: number): this {
    this.handle = handle;
    this.table.attach(ScoreTree.ownerWord(this.arena, handle));
    this.tree.attach(handle);
    return this;
  }

  get count(): number {
    return this.tree.count;
  }

  /** The record of this member, or 0. */
  find(hash: number, bytes: Uint8Array, start: number, end: number): number {
    return this.table.find(hash, bytes, start, end);
  }

  scoreOf(record: number): number {
    return scoreAt(this.arena, record);
  }

  /** Adds a member that is not there. Throws KeyTooLongError and ArenaFullError, and then has changed nothing. */
  add(hash: number, bytes: Uint8Array, start: number, end: number, score: number): void {
    const record = this.addUnordered(hash, bytes, start, end, score);
    try {
      this.tree.insert(score, record);
    } catch (error) {
      this.table.remove(hash, record);
      this.arena.free(record);
      throw error;
    }
  }

  /** Adds a member to the table alone: order() makes the tree when all are there. Returns its record. */
  addUnordered(hash: number, bytes: Uint8Array, start: number, end: number, score: number): number {
    if (end - start > KEY_SIZE_MAX) throw new KeyTooLongError();
    const { arena } = this;
    const word0 = makeWord0(TYPE_STRING, ENCODING_INT, TWO_WORDS | keyFlags(end - start), arena.stamp);
    const record = allocateRecord(arena, word0, bytes, start, end, 0);
    writeScore(arena, record, score);
    try {
      this.table.insert(hash, record);
    } catch (error) {
      arena.free(record);
      throw error;
    }
    return record;
  }

  /** Changes the score of a record that order() has not seen yet. */
  setUnordered(record: number, score: number): void {
    writeScore(this.arena, record, score);
  }

  /** Puts all members of the table into the tree, which is empty. */
  order(): void {
    const { arena, table, tree } = this;
    const found = new AddressList(BATCH);
    const all = new ByScore(table.count);
    let cursor = 0;
    do {
      found.clear();
      cursor = table.scan(cursor, BATCH, found);
      for (let i = 0; i < found.length; i++) all.add(scoreAt(arena, found.addresses[i]), found.addresses[i]);
    } while (cursor !== 0);
    for (const record of all.sort()) tree.insert(scoreAt(arena, record), record);
  }

  /** Gives the record's member another score. */
  update(record: number, score: number): void {
    this.table.keep(record);
    this.tree.update(scoreAt(this.arena, record), record, score);
    writeScore(this.arena, record, score);
  }

  remove(hash: number, record: number): void {
    this.tree.remove(scoreAt(this.arena, record), record);
    this.table.remove(hash, record);
    this.arena.free(record);
  }

  /** Removes `n` members from `rank` on; there must be as many. */
  removeRange(keyspace: Keyspace, rank: number, n: number): void {
    while (n > 0) {
      removed.clear();
      n -= this.tree.removeRun(rank, n, removed);
      for (let i = 0; i < removed.length; i++) {
        const record = removed.addresses[i];
        this.table.remove(hashOf(keyspace, record), record);
        this.arena.free(record);
      }
    }
  }

  /** The handle, which the caller takes over; the object is to be attached anew. */
  release(): number {
    return this.handle;
  }

  /** Frees all of it, the handle included. Takes time by the member. */
  destroy(keyspace: Keyspace): void {
    const { handle } = this;
    while (!freeZset(keyspace.lazyFree, handle, BATCH));
  }
}

const removed = new AddressList(BATCH);

/** The score of a member's record. */
export function scoreAt(arena: Arena, record: number): number {
  return arena.f64[segmentOf(record)][(byteOffsetOf(record) >>> 3) + 1];
}

function writeScore(arena: Arena, record: number, score: number): void {
  arena.f64[segmentOf(record)][(byteOffsetOf(record) >>> 3) + 1] = score;
}

function hashOf(keyspace: Keyspace, record: number): number {
  const { arena } = keyspace;
  const segment = segmentOf(record);
  const base = byteOffsetOf(record);
  const i32 = arena.i32[segment];
  const start = base + keyOffset(readWord0(i32, base));
  return keyspace.hasher.hash(arena.u8[segment], start, start + keyLength(i32, base));
}

let main: LargeZset | null = null;

/** The object for the sorted set that a command works on, attached to `handle`. */
export function openLarge(arena: Arena, handle: number): LargeZset {
  if (main === null || main.arena !== arena) main = new LargeZset(arena);
  return main.attach(handle);
}

// --- for the keyspace -------------------------------------------------------------------------------

let drained: ScoreTree | null = null;

/** First the records with their table, then the tree, which does not look at records. */
function freeZset(lazyFree: LazyFree, handle: number, limit: number): boolean {
  const { arena } = lazyFree;
  const table = ScoreTree.ownerWord(arena, handle);
  if (table !== 0) {
    if (!freeTable(lazyFree, table, limit)) return false;
    ScoreTree.setOwnerWord(arena, handle, 0);
  }
  if (drained === null || !drained.isOf(arena)) drained = new ScoreTree(arena);
  if (!drained.attach(handle).drain(limit * ENTRIES_PER_RECORD)) return false;
  drained.destroy();
  return true;
}

/** Copies the records, then puts the copies in order. */
function copyZset(keyspace: Keyspace, handle: number): number {
  const { arena } = keyspace;
  const table = copyTable(keyspace, ScoreTree.ownerWord(arena, handle));
  const copy = ScoreTree.create(arena);
  ScoreTree.setOwnerWord(arena, copy, table);
  new LargeZset(arena).attach(copy).order();
  return copy;
}

/** Cursors from here on are those of the table; below, they are ranks. */
const TABLE_FROM = 2 ** 40;
let relocated: LargeZset | null = null;

/** First the records, in their order, then the table. */
function relocate(keyspace: Keyspace, mover: Mover, handle: number, cursor: number, limit: number): number {
  const { arena } = keyspace;
  if (cursor === 0) ScoreTree.setOwnerWord(arena, handle, mover.moved(ScoreTree.ownerWord(arena, handle)));
  if (cursor >= TABLE_FROM) {
    const header = ScoreTree.ownerWord(arena, handle);
    const next = relocateTable(keyspace, mover, header, cursor - TABLE_FROM, limit, true);
    return next === 0 ? 0 : TABLE_FROM + next;
  }
  if (relocated === null || relocated.arena !== arena) relocated = new LargeZset(arena);
  const { table, tree } = relocated.attach(handle);
  const move = (record: number) => {
    const to = mover.moved(record);
    if (to !== record) table.replace(hashOf(keyspace, to), record, to);
    return to;
  };
  let rank = cursor;
  do rank = tree.relocate(mover, rank, move);
  while (rank !== 0 && rank < cursor + limit);
  return rank === 0 ? TABLE_FROM : rank;
}

registerCollection(TYPE_ZSET, ENCODING_SKIPLIST, {
  count: (arena, handle) => ScoreTree.countAt(arena, handle),
  free: freeZset,
  copy: copyZset,
  bytes: (keyspace, handle, samples) =>
    tableBytes(keyspace, ScoreTree.ownerWord(keyspace.arena, handle), samples) +
    new ScoreTree(keyspace.arena).attach(handle).bytes,
  relocate,
  tableOf: (arena, handle) => ScoreTree.ownerWord(arena, handle),
});
