/** Streams as values of the keyspace: freeing them in slices, copying and weighing them. */
import { Id128 } from '../../base/id128.ts';
import { int64 } from '../../base/int64.ts';
import { registerCollection } from '../../keyspace/collections.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import type { LazyFree } from '../../keyspace/lazy-free.ts';
import { segmentOf, wordOffsetOf } from '../../memory/address.ts';
import { AddressList } from '../../memory/address-list.ts';
import type { Arena } from '../../memory/arena.ts';
import { IdTree } from '../../memory/id-tree.ts';
import type { Mover } from '../../memory/mover.ts';
import { ENCODING_STREAM, TYPE_STREAM } from '../../memory/record.ts';
import { blockBytes, copyBlock, freeBlock } from './block.ts';
import {
  activeMs,
  addPending,
  consumerAt,
  consumerCount,
  createConsumer,
  createGroup,
  drainGroup,
  givenMs,
  groupAt,
  groupBytes,
  groupCount,
  nameOf,
  pendingOfConsumer,
  pendingOfGroup,
  readConsumerName,
  readEntriesRead,
  readGroupLastId,
  readGroupName,
  relocateConsumers,
  relocateGroups,
  relocatePending,
  seenMs,
  setActive,
  timesGiven,
} from './group.ts';
import { namesBytes } from './names.ts';
import { BLOCKS, blocksOf, findTail, GROUPS, LAST_ID, newStream, TAIL } from './stream.ts';

/** Words of the header from the ids to the number of entries ever added. */
const FACTS = LAST_ID;
const FACTS_UNTIL = GROUPS;

const batch = new AddressList(128);
const id = new Id128();

/** How much there is to free: blocks, and pending entries as if every group had as many as the first. O(1). */
function weight(arena: Arena, stream: number): number {
  const groups = groupCount(arena, stream);
  const pending = groups === 0 ? 0 : pendingOfGroup(arena, groupAt(arena, stream, 0)).count;
  return blocksOf(arena, stream).count + groups * (1 + pending);
}

function free(lazyFree: LazyFree, stream: number, limit: number): boolean {
  const { arena } = lazyFree;
  let left = limit;
  for (batch.clear(); left > 0 && blocksOf(arena, stream).takeLeaf(batch); batch.clear()) {
    for (let i = 0; i < batch.length; i++) freeBlock(lazyFree, batch.addresses[i]);
    left -= batch.length;
  }
  while (left > 0 && groupCount(arena, stream) > 0) {
    const group = groupAt(arena, stream, groupCount(arena, stream) - 1);
    const before = pendingOfGroup(arena, group).count;
    if (!drainGroup(arena, stream, group, left)) return false;
    left -= 1 + before;
  }
  if (left <= 0 && (blocksOf(arena, stream).count > 0 || groupCount(arena, stream) > 0)) return false;
  arena.free(stream);
  return true;
}

/** Frees the whole stream at once. */
export function dropStream(lazyFree: LazyFree, stream: number): void {
  while (!free(lazyFree, stream, Number.POSITIVE_INFINITY));
}

function copy(keyspace: Keyspace, stream: number): number {
  const { arena } = keyspace;
  const to = newStream(arena);
  try {
    copyBlocks(keyspace, stream, to);
    const from = wordOffsetOf(stream);
    const at = wordOffsetOf(to);
    for (let i = FACTS; i < FACTS_UNTIL; i++) {
      arena.i32[segmentOf(to)][at + i] = arena.i32[segmentOf(stream)][from + i];
    }
    findTail(arena, to);
    for (let i = 0; i < groupCount(arena, stream); i++) copyGroup(arena, groupAt(arena, stream, i), to);
  } catch (error) {
    dropStream(keyspace.lazyFree, to);
    throw error;
  }
  return to;
}

function copyBlocks(keyspace: Keyspace, stream: number, to: number): void {
  const { arena } = keyspace;
  const source = new IdTree(arena).attach(stream, BLOCKS);
  const target = new IdTree(arena).attach(to, BLOCKS);
  for (let more = source.first(); more; more = source.next()) {
    source.readKey(id);
    const block = copyBlock(keyspace, source.value);
    try {
      target.insert(id, block);
    } catch (error) {
      freeBlock(keyspace.lazyFree, block);
      throw error;
    }
  }
}

function copyGroup(arena: Arena, group: number, to: number): void {
  readGroupLastId(arena, group, id);
  readEntriesRead(arena, group);
  const { hi, lo } = int64;
  const name = takeName(arena, group, readGroupName);
  const copied = createGroup(arena, to, name, 0, name.length, id, hi, lo);
  for (let i = 0; i < consumerCount(arena, group); i++) {
    const consumer = consumerAt(arena, group, i);
    const consumerName = takeName(arena, consumer, readConsumerName);
    const seen = seenMs(arena, consumer);
    const twin = createConsumer(arena, copied, consumerName, 0, consumerName.length, seen);
    setActive(arena, twin, activeMs(arena, consumer));
    const own = new IdTree(arena).attach(consumer, 0);
    for (let more = own.first(); more; more = own.next()) {
      own.readKey(id);
      const pending = own.value;
      addPending(arena, copied, twin, id, givenMs(arena, pending), timesGiven(arena, pending));
    }
  }
}

/** A name, copied: what is allocated next may move nothing, but may reuse the views. */
function takeName(arena: Arena, of: number, read: (arena: Arena, of: number) => void): Uint8Array {
  read(arena, of);
  return nameOf.bytes.slice(nameOf.start, nameOf.end);
}

function bytes(keyspace: Keyspace, stream: number, samples: number): number {
  const { arena } = keyspace;
  const blocks = blocksOf(arena, stream);
  const count = blocks.count;
  const looked = samples === 0 ? count : Math.min(samples, count);
  let size = 0;
  let more = blocks.first();
  for (let i = 0; i < looked && more; i++, more = blocks.next()) size += blockBytes(keyspace, blocks.value);
  // The last block is the only one that may be far from full.
  if (looked > 0 && looked < count) size = Math.round((size / looked) * count);
  size += arena.sizeOf(stream) + blocks.bytes + namesBytes(arena, stream, GROUPS);
  for (let i = 0; i < groupCount(arena, stream); i++) size += groupBytes(arena, groupAt(arena, stream, i));
  return size;
}

/** Cursors: numbers of leaves of the blocks' order; then, from multiples of this on, for each group in turn those of its pending entries. */
const GROUP_STEP = 2 ** 32;
const LEAF_ENTRIES = 50;

function relocate(keyspace: Keyspace, mover: Mover, stream: number, cursor: number, limit: number): number {
  const { arena } = keyspace;
  const leaves = Math.max(1, Math.floor(limit / LEAF_ENTRIES));
  if (cursor < GROUP_STEP) {
    const next = relocateBlocks(arena, mover, stream, cursor, leaves);
    if (next !== 0) return next;
    relocateGroups(arena, mover, stream);
    return groupCount(arena, stream) > 0 ? GROUP_STEP : 0;
  }
  const index = Math.floor(cursor / GROUP_STEP) - 1;
  if (index >= groupCount(arena, stream)) return 0;
  const group = groupAt(arena, stream, index);
  const leaf = cursor % GROUP_STEP;
  if (leaf === 0) relocateConsumers(arena, mover, group);
  const next = relocatePending(arena, mover, group, leaf, leaves);
  if (next !== 0) return (index + 1) * GROUP_STEP + next;
  return index + 1 < groupCount(arena, stream) ? (index + 2) * GROUP_STEP : 0;
}

function relocateBlocks(arena: Arena, mover: Mover, stream: number, from: number, leaves: number): number {
  const words = arena.i32[segmentOf(stream)];
  const tail = wordOffsetOf(stream) + TAIL;
  return new IdTree(arena).attach(stream, BLOCKS).relocate(mover, from, leaves, (block) => {
    const to = mover.moved(block);
    if (words[tail] === block) words[tail] = to;
    return to;
  });
}

registerCollection(TYPE_STREAM, ENCODING_STREAM, { count: weight, free, copy, bytes, relocate });

// For tests.
export function checkStream(keyspace: Keyspace, stream: number): string {
  const { arena } = keyspace;
  let wrong = blocksOf(arena, stream).audit();
  for (let i = 0; i < groupCount(arena, stream) && wrong === ''; i++) {
    const group = groupAt(arena, stream, i);
    wrong = pendingOfGroup(arena, group).audit();
    let sum = 0;
    for (let j = 0; j < consumerCount(arena, group) && wrong === ''; j++) {
      const own = pendingOfConsumer(arena, consumerAt(arena, group, j));
      sum += own.count;
      wrong = own.audit();
    }
    if (wrong === '' && sum !== pendingOfGroup(arena, group).count)
      wrong = 'pending entries without consumer';
  }
  return wrong;
}
