/**
 * Removing entries: one by its id, or from the front until a length or an id is reached.
 *
 * What is removed from the middle of a block is only marked there; a block of which nothing is left goes. `references` says what
 * becomes of entries that are pending in a group: KEEP them pending, REMOVE that as well, or keep the entry where not every group has read
 * and acknowledged it.
 */
import { compareIds, copyId, Id128, incrementId, setId } from '../../base/id128.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import type { Arena } from '../../memory/arena.ts';
import type { IdTree } from '../../memory/id-tree.ts';
import {
  block,
  countsGrowth,
  DELETED,
  growBlock,
  keepBlock,
  master,
  openBlock,
  readCounts,
  writeCounts,
} from './block.ts';
import { findPending, groupAt, groupCount, readGroupLastId, removePending } from './group.ts';
import {
  blockMoved,
  blocksOf,
  dropBlock,
  FIRST_ID,
  readStreamId,
  setStreamId,
  setStreamLength,
  streamLength,
} from './stream.ts';
import { StreamWalk } from './walk.ts';

export const KEEP_REFERENCES = 0;
export const REMOVE_REFERENCES = 1;
export const ONLY_ACKNOWLEDGED = 2;

/** How trimStream() trims: by length or by id. */
export interface Trimming {
  byLength: boolean;
  lengthMax: number;
  readonly minId: Id128;
  /** Removes whole blocks only. */
  approximate: boolean;
  /** Entries removed at most, 0 for no limit. */
  limit: number;
  references: number;
}

const walk = new StreamWalk();
const MIN_ID = new Id128();
const MAX_ID = new Id128();
setId(MAX_ID, -1, -1, -1, -1);
const edge = new Id128();
/** The block that is being trimmed. */
const blockId = new Id128();

// --- one entry --------------------------------------------------------------------------------------

/** Removes the entry of this id. False when there is none. The stream's first id is to be found anew then: findFirst(). */
export function removeEntry(keyspace: Keyspace, stream: number, id: Id128): boolean {
  walk.open(keyspace, stream, id, id, false);
  if (!walk.next()) return false;
  keepBlock(keyspace, walk.blocks!.value);
  walk.u8[walk.entry] |= DELETED;
  countRemoved(keyspace, stream, walk.blocks!, 1);
  return true;
}

/** Whether there is an entry of this id. */
export function hasEntry(keyspace: Keyspace, stream: number, id: Id128): boolean {
  walk.open(keyspace, stream, id, id, false);
  return walk.next();
}

/** `n` entries of the block under the cursor have been marked as deleted. The block goes when none is left. */
function countRemoved(keyspace: Keyspace, stream: number, blocks: IdTree, n: number): void {
  const { arena } = keyspace;
  const address = blocks.value;
  setStreamLength(arena, stream, streamLength(arena, stream) - n);
  openBlock(keyspace, address);
  readCounts(block.u8, block.at);
  const count = master.count - n;
  const deleted = master.deleted + n;
  if (count === 0) {
    dropBlock(keyspace, stream, blocks);
    return;
  }
  const to = growBlock(keyspace, address, block.size + Math.max(0, countsGrowth(count, deleted)));
  blockMoved(arena, stream, blocks, address, to);
  writeCounts(block.u8, block.at, count, deleted);
}

/** Finds the stream's first id anew. */
export function findFirst(keyspace: Keyspace, stream: number): void {
  walk.open(keyspace, stream, MIN_ID, MAX_ID, false);
  setStreamId(keyspace.arena, stream, FIRST_ID, walk.next() ? walk.id : MIN_ID);
}

/** Puts the id of the first entry, or with `last` of the last, into `to`. False when the stream is empty. */
export function readEdge(keyspace: Keyspace, stream: number, last: boolean, to: Id128): boolean {
  walk.open(keyspace, stream, MIN_ID, MAX_ID, last);
  if (!walk.next()) return false;
  copyId(walk.id, to);
  return true;
}

// --- references -------------------------------------------------------------------------------------

/** Whether a group has yet to read the entry, or has it pending. O(groups). */
export function isReferenced(arena: Arena, stream: number, id: Id128): boolean {
  for (let i = groupCount(arena, stream) - 1; i >= 0; i--) {
    const group = groupAt(arena, stream, i);
    readGroupLastId(arena, group, edge);
    if (compareIds(edge, id) < 0 || findPending(arena, group, id) !== 0) return true;
  }
  return false;
}

/** The entry is pending in no group any more. Returns in how many it was. O(groups). */
export function removeReferences(arena: Arena, stream: number, id: Id128): number {
  let removed = 0;
  for (let i = groupCount(arena, stream) - 1; i >= 0; i--) {
    if (removePending(arena, groupAt(arena, stream, i), id)) removed++;
  }
  return removed;
}

// --- trimming ---------------------------------------------------------------------------------------

/** Removes entries from the front. Returns how many. O(blocks removed), and O(n) where references matter or in the block at the border. */
export function trimStream(keyspace: Keyspace, stream: number, how: Trimming): number {
  const acknowledged = how.references === ONLY_ACKNOWLEDGED && groupCount(keyspace.arena, stream) > 0;
  const removed = acknowledged ? trimAcknowledged(keyspace, stream, how) : trimFront(keyspace, stream, how);
  if (removed > 0) findFirst(keyspace, stream);
  return removed;
}

function trimFront(keyspace: Keyspace, stream: number, how: Trimming): number {
  const { arena } = keyspace;
  const blocks = blocksOf(arena, stream);
  let removed = 0;
  while (blocks.first()) {
    const length = streamLength(arena, stream);
    if (how.byLength && length <= how.lengthMax) break;
    openBlock(keyspace, blocks.value);
    readCounts(block.u8, block.at);
    const { count } = master;
    if (how.limit !== 0 && removed + count > how.limit) break;
    blocks.readKey(blockId);
    const whole = how.byLength
      ? length - count >= how.lengthMax
      : isFirstBlockBefore(keyspace, stream, how.minId);
    if (!whole) return how.approximate ? removed : removed + trimBlock(keyspace, stream, how, removed);
    if (how.references === REMOVE_REFERENCES) removeBlockReferences(keyspace, stream);
    dropBlock(keyspace, stream, blocks);
    setStreamLength(arena, stream, length - count);
    removed += count;
  }
  return removed;
}

/** Whether the last entry of the first block, a deleted one too, is before `id`. */
function isFirstBlockBefore(keyspace: Keyspace, stream: number, id: Id128): boolean {
  walk.open(keyspace, stream, MIN_ID, MAX_ID, false);
  return walk.lastOfFirstBlock() && compareIds(walk.id, id) < 0;
}

/** The entries of the first block are pending in no group any more. */
function removeBlockReferences(keyspace: Keyspace, stream: number): void {
  const address = blocksOf(keyspace.arena, stream).value;
  walk.open(keyspace, stream, MIN_ID, MAX_ID, false);
  while (walk.next() && walk.blocks!.value === address) {
    removeReferences(keyspace.arena, stream, walk.id);
  }
}

/** Trims what every group has read and acknowledged, and passes over the rest. O(n) in what it passes over. */
function trimAcknowledged(keyspace: Keyspace, stream: number, how: Trimming): number {
  const { arena } = keyspace;
  const blocks = blocksOf(arena, stream);
  let removed = 0;
  for (let more = blocks.first(); more; more = blocks.seek(blockId)) {
    blocks.readKey(blockId);
    if (how.byLength ? streamLength(arena, stream) <= how.lengthMax : compareIds(blockId, how.minId) >= 0)
      break;
    if (how.limit !== 0 && removed >= how.limit) break;
    removed += trimBlock(keyspace, stream, how, removed);
    if (!incrementId(blockId)) break;
  }
  return removed;
}

/** Marks entries of the block at `blockId` as deleted, up to where the trimming ends. Returns how many. */
function trimBlock(keyspace: Keyspace, stream: number, how: Trimming, removedBefore: number): number {
  const { arena } = keyspace;
  const excess = streamLength(arena, stream) - how.lengthMax;
  const allowed = how.limit === 0 ? Number.POSITIVE_INFINITY : how.limit - removedBefore;
  const most = how.byLength ? Math.min(excess, allowed) : allowed;
  walk.open(keyspace, stream, blockId, MAX_ID, false);
  let address = 0;
  let n = 0;
  while (n < most && walk.next()) {
    const { value } = walk.blocks!;
    if (address === 0) address = value;
    if (value !== address || (!how.byLength && compareIds(walk.id, how.minId) >= 0)) break;
    if (how.references === ONLY_ACKNOWLEDGED && isReferenced(arena, stream, walk.id)) continue;
    if (how.references === REMOVE_REFERENCES) removeReferences(arena, stream, walk.id);
    keepBlock(keyspace, value);
    walk.u8[walk.entry] |= DELETED;
    n++;
  }
  if (n === 0) return 0;
  const blocks = blocksOf(arena, stream);
  blocks.find(blockId);
  countRemoved(keyspace, stream, blocks, n);
  return n;
}

/** The greatest deleted id becomes `id` if that is greater. */
export function noteDeleted(arena: Arena, stream: number, which: number, id: Id128): void {
  readStreamId(arena, stream, which, edge);
  if (compareIds(id, edge) > 0) setStreamId(arena, stream, which, id);
}
