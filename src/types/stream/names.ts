/**
 * Records by name in the order of their bytes: the consumer groups of a stream and the consumers of a group. Two words of whoever owns
 * them are the holder: handle | count.
 *
 *     up to VECTOR_MAX names   a cell of record addresses, in order
 *     more                     a ScoreTree in which every score is 0
 *
 * Nearly all are a handful, for which the tree's first node of 1 KiB would be most of the memory.
 */
import { compareBytes } from '../../base/bytes.ts';
import { byteOffsetOf, segmentOf, wordOffsetOf } from '../../memory/address.ts';
import type { Arena } from '../../memory/arena.ts';
import type { Mover } from '../../memory/mover.ts';
import { keyLength, keyOffset, readWord0 } from '../../memory/record.ts';
import { ScoreTree } from '../../memory/score-tree.ts';

const VECTOR_MAX = 128;

let tree: ScoreTree | null = null;

function treeAt(arena: Arena, handle: number): ScoreTree {
  if (tree === null || !tree.isOf(arena)) tree = new ScoreTree(arena);
  return tree.attach(handle);
}

function handleAt(arena: Arena, owner: number, word: number): number {
  return arena.i32[segmentOf(owner)][wordOffsetOf(owner) + word];
}

function setHolder(arena: Arena, owner: number, word: number, handle: number, count: number): void {
  const words = arena.i32[segmentOf(owner)];
  words[wordOffsetOf(owner) + word] = handle;
  words[wordOffsetOf(owner) + word + 1] = count;
}

/** How many names there are. */
export function nameCount(arena: Arena, owner: number, word: number): number {
  return arena.i32[segmentOf(owner)][wordOffsetOf(owner) + word + 1];
}

/** The record of rank `rank`, which is below the count. */
export function nameAt(arena: Arena, owner: number, word: number, rank: number): number {
  const handle = handleAt(arena, owner, word);
  if (nameCount(arena, owner, word) <= VECTOR_MAX) {
    return arena.i32[segmentOf(handle)][wordOffsetOf(handle) + rank];
  }
  const names = treeAt(arena, handle);
  names.seek(rank);
  return names.record;
}

/** The record named bytes[start..end), or 0. O(log n). */
export function findName(
  arena: Arena,
  owner: number,
  word: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const rank = rankOf(arena, owner, word, bytes, start, end);
  if (rank === nameCount(arena, owner, word)) return 0;
  const record = nameAt(arena, owner, word, rank);
  return compareName(arena, record, bytes, start, end) === 0 ? record : 0;
}

/** How many names are before bytes[start..end). */
function rankOf(
  arena: Arena,
  owner: number,
  word: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const count = nameCount(arena, owner, word);
  const handle = handleAt(arena, owner, word);
  if (count > VECTOR_MAX) return treeAt(arena, handle).rankOfMember(bytes, start, end, false);
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const record = arena.i32[segmentOf(handle)][wordOffsetOf(handle) + middle];
    if (compareName(arena, record, bytes, start, end) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compareName(arena: Arena, record: number, bytes: Uint8Array, start: number, end: number): number {
  const i32 = arena.i32[segmentOf(record)];
  const base = byteOffsetOf(record);
  const at = base + keyOffset(readWord0(i32, base));
  return compareBytes(arena.u8[segmentOf(record)], at, at + keyLength(i32, base), bytes, start, end);
}

/** Adds a record whose name is not there. Throws ArenaFullError, and then it is not. */
export function addName(arena: Arena, owner: number, word: number, record: number): void {
  const count = nameCount(arena, owner, word);
  const handle = handleAt(arena, owner, word);
  if (count > VECTOR_MAX) {
    treeAt(arena, handle).insert(0, record);
    setHolder(arena, owner, word, handle, count + 1);
  } else if (count === VECTOR_MAX) {
    const names = ScoreTree.create(arena);
    treeAt(arena, names).insert(0, record);
    for (let i = 0; i < count; i++) {
      treeAt(arena, names).insert(0, arena.i32[segmentOf(handle)][wordOffsetOf(handle) + i]);
    }
    arena.free(handle);
    setHolder(arena, owner, word, names, count + 1);
  } else {
    addToVector(arena, owner, word, record, handle, count);
  }
}

function addToVector(
  arena: Arena,
  owner: number,
  word: number,
  record: number,
  handle: number,
  count: number,
): void {
  const i32 = arena.i32[segmentOf(record)];
  const base = byteOffsetOf(record);
  const at = base + keyOffset(readWord0(i32, base));
  const rank = rankOf(arena, owner, word, arena.u8[segmentOf(record)], at, at + keyLength(i32, base));
  let to = handle;
  if (handle === 0 || (count + 1) * 4 > arena.sizeOf(handle)) {
    to = arena.allocate(Math.max(16, count * 8));
    for (let i = 0; i < count; i++) moveWord(arena, handle, i, to, i);
    if (handle !== 0) arena.free(handle);
  }
  for (let i = count; i > rank; i--) moveWord(arena, to, i - 1, to, i);
  arena.i32[segmentOf(to)][wordOffsetOf(to) + rank] = record;
  setHolder(arena, owner, word, to, count + 1);
}

function moveWord(arena: Arena, from: number, i: number, to: number, j: number): void {
  arena.i32[segmentOf(to)][wordOffsetOf(to) + j] = arena.i32[segmentOf(from)][wordOffsetOf(from) + i];
}

/** Takes out a record that is there; the record itself is the caller's to free. */
export function removeName(arena: Arena, owner: number, word: number, record: number): void {
  const count = nameCount(arena, owner, word);
  const handle = handleAt(arena, owner, word);
  if (count > VECTOR_MAX + 1) {
    treeAt(arena, handle).remove(0, record);
    setHolder(arena, owner, word, handle, count - 1);
  } else if (count === VECTOR_MAX + 1) {
    treeAt(arena, handle).remove(0, record);
    shrinkToVector(arena, owner, word, handle);
  } else {
    removeFromVector(arena, owner, word, record, handle, count);
  }
}

function shrinkToVector(arena: Arena, owner: number, word: number, handle: number): void {
  const vector = arena.allocate(VECTOR_MAX * 4);
  const names = treeAt(arena, handle);
  const at = wordOffsetOf(vector);
  names.seek(0);
  for (let i = 0; i < VECTOR_MAX; i++, names.next()) arena.i32[segmentOf(vector)][at + i] = names.record;
  names.destroy();
  setHolder(arena, owner, word, vector, VECTOR_MAX);
}

function removeFromVector(
  arena: Arena,
  owner: number,
  word: number,
  record: number,
  handle: number,
  count: number,
): void {
  if (count === 1) {
    arena.free(handle);
    setHolder(arena, owner, word, 0, 0);
    return;
  }
  let rank = 0;
  while (arena.i32[segmentOf(handle)][wordOffsetOf(handle) + rank] !== record) rank++;
  for (; rank + 1 < count; rank++) moveWord(arena, handle, rank + 1, handle, rank);
  setHolder(arena, owner, word, handle, count - 1);
}

/** Bytes of the order of names, without the records. */
export function namesBytes(arena: Arena, owner: number, word: number): number {
  const count = nameCount(arena, owner, word);
  const handle = handleAt(arena, owner, word);
  if (count === 0) return 0;
  return count > VECTOR_MAX ? treeAt(arena, handle).bytes : arena.sizeOf(handle);
}

/** Lets the order of names move, and its records: `visit` says where each is from now on. All at once. */
export function relocateNames(
  arena: Arena,
  mover: Mover,
  owner: number,
  word: number,
  visit: (record: number) => number,
): void {
  const count = nameCount(arena, owner, word);
  if (count === 0) return;
  const handle = mover.moved(handleAt(arena, owner, word));
  setHolder(arena, owner, word, handle, count);
  if (count > VECTOR_MAX) {
    // A tree of its own: `visit` may look at the names of others.
    const names = new ScoreTree(arena).attach(handle);
    for (let rank = names.relocate(mover, 0, visit); rank !== 0; ) rank = names.relocate(mover, rank, visit);
    return;
  }
  const words = arena.i32[segmentOf(handle)];
  const at = wordOffsetOf(handle);
  for (let i = 0; i < count; i++) words[at + i] = visit(words[at + i]);
}
