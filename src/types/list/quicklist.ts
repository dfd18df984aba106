/**
 * A large list: blocks of elements (node.ts) linked both ways, in the arena. The record's value word names its header:
 *
 *     word 0   elements         word 3   last node
 *          1   nodes                 4   fill: list-max-listpack-size when the list was made, as Redis keeps it
 *          2   first node            5   depth: list-compress-depth when the list was made
 *
 * Both ends take and give elements without moving others; the middle is found by walking the nodes' counts from the nearer end.
 *
 * With a depth of d > 0 the nodes further than d from both ends are kept as LZF when that saves something. The rule is restored by
 * settle() after every change that makes, removes or opens a node. Reading a compressed node (list-walk.ts) unpacks it elsewhere
 * and leaves it as it is; writing to one opens it first. Nodes move when they are opened, compressed or grow: whoever calls a function
 * here that changes the list forgets the addresses of nodes that he had.
 *
 * Invariants (checkQuicklist(), for tests):
 *   1. The header's counts are the sums over the nodes; no node is empty.
 *   2. A block has no more bytes and elements than the fill allows, unless it is a single element or was a whole small list.
 *   3. Nodes within the depth of an end are not compressed.
 */
import { copyBytes } from '../../base/bytes.ts';
import { lzfCompress, lzfDecompress } from '../../base/lzf.ts';
import { registerCollection } from '../../keyspace/collections.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import type { LazyFree } from '../../keyspace/lazy-free.ts';
import { byteOffsetOf, segmentOf, wordOffsetOf } from '../../memory/address.ts';
import type { Arena } from '../../memory/arena.ts';
import {
  count,
  EMPTY_SIZE,
  END,
  elementSize,
  endOf,
  HEADER_SIZE,
  insert,
  isValid,
  last,
  read,
  replace,
  seek,
  skip,
  writeHeader,
} from '../../memory/listpack.ts';
import type { Mover } from '../../memory/mover.ts';
import { ENCODING_QUICKLIST, TYPE_LIST } from '../../memory/record.ts';
import { matchesIn, removeFromBlock } from './block-matches.ts';
import { countMax, liesOutside, NODE_HEADER_SIZE, nodeSizeMax } from './limits.ts';
import {
  allocateNode,
  BYTES,
  blockOf,
  CELL_BYTES,
  COMPRESSED,
  COUNT,
  cellHasRoom,
  cutNode,
  emptyNode,
  KIND,
  keepNode,
  moveBlockToStart,
  NEXT,
  nodeOf,
  nodeWord,
  OUTSIDE,
  PACKED,
  PREVIOUS,
  pushRunToNode,
  pushToNode,
  RAW_BYTES,
  rawBytes,
  START,
  setNodeWord,
} from './node.ts';

const LENGTH = 0;
const NODES = 1;
const HEAD = 2;
const TAIL = 3;
const FILL = 4;
const DEPTH = 5;
const LIST_SIZE = 24;

/** Smaller blocks are not worth compressing, nor is what saves less. As Redis has them. */
const COMPRESS_MIN = 48;
const COMPRESS_SAVES_MIN = 8;

let scratch = new Uint8Array(64 << 10);

function word(arena: Arena, list: number, index: number): number {
  return arena.i32[segmentOf(list)][wordOffsetOf(list) + index];
}

function setWord(arena: Arena, list: number, index: number, value: number): void {
  arena.i32[segmentOf(list)][wordOffsetOf(list) + index] = value;
}

function addToWord(arena: Arena, list: number, index: number, by: number): void {
  arena.i32[segmentOf(list)][wordOffsetOf(list) + index] += by;
}

// --- the list ---------------------------------------------------------------------------------------

/** A new empty list, which has no node. */
export function createQuicklist(keyspace: Keyspace): number {
  const { arena, packing } = keyspace;
  return createLike(arena, packing.listSize, packing.listDepth);
}

function createLike(arena: Arena, fill: number, depth: number): number {
  const list = arena.allocate(LIST_SIZE);
  for (let i = 0; i < LIST_SIZE / 4; i++) setWord(arena, list, i, 0);
  setWord(arena, list, FILL, fill);
  setWord(arena, list, DEPTH, depth);
  return list;
}

/** A new list whose elements are those of the listpack u8[at..at+size). */
export function quicklistFromBlock(
  keyspace: Keyspace,
  u8: Uint8Array,
  at: number,
  size: number,
  count: number,
): number {
  const { arena } = keyspace;
  const list = createQuicklist(keyspace);
  if (count === 0) return list;
  link(arena, list, 0, nodeOf(arena, u8, at, size, count, nodeRoom(word(arena, list, FILL), size)));
  return list;
}

export function quicklistLength(arena: Arena, list: number): number {
  return word(arena, list, LENGTH);
}

/** The first node; 0 when there is none. */
export function firstNode(arena: Arena, list: number): number {
  return word(arena, list, HEAD);
}

export function quicklistNodes(arena: Arena, list: number): number {
  return word(arena, list, NODES);
}

export function quicklistDepth(arena: Arena, list: number): number {
  return word(arena, list, DEPTH);
}

/** Bytes of all blocks, as if none were compressed. O(nodes). */
export function quicklistRawBytes(arena: Arena, list: number): number {
  let bytes = 0;
  for (let node = word(arena, list, HEAD); node !== 0; node = nodeWord(arena, node, NEXT)) {
    bytes += rawBytes(arena, node);
  }
  return bytes;
}

/** The only node of the list, when there is one and it is a plain block; else 0. */
export function onlyBlock(arena: Arena, list: number): number {
  if (word(arena, list, NODES) !== 1) return 0;
  const node = word(arena, list, HEAD);
  return nodeWord(arena, node, KIND) === PACKED ? node : 0;
}

/** Where locate() found the element: the node, and which of its elements. */
export const spot = { node: 0, index: 0 };

/** Finds the node of element `index`, which is there, from the nearer end. O(nodes). */
export function locate(arena: Arena, list: number, index: number): void {
  const length = word(arena, list, LENGTH);
  if (index <= length >>> 1) {
    let node = word(arena, list, HEAD);
    for (let count = nodeWord(arena, node, COUNT); index >= count; count = nodeWord(arena, node, COUNT)) {
      index -= count;
      node = nodeWord(arena, node, NEXT);
    }
    spot.node = node;
    spot.index = index;
    return;
  }
  let behind = length - 1 - index;
  let node = word(arena, list, TAIL);
  let count = nodeWord(arena, node, COUNT);
  while (behind >= count) {
    behind -= count;
    node = nodeWord(arena, node, PREVIOUS);
    count = nodeWord(arena, node, COUNT);
  }
  spot.node = node;
  spot.index = count - 1 - behind;
}

// --- the ends ---------------------------------------------------------------------------------------

/** Adds an element at the front or at the back. O(1); allocates nothing on the JS heap unless the element lies outside. */
export function pushQuicklist(
  keyspace: Keyspace,
  list: number,
  front: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const { arena } = keyspace;
  const i32 = arena.i32[segmentOf(list)];
  const w = wordOffsetOf(list);
  let node = i32[w + (front ? HEAD : TAIL)];
  if (liesOutside(end - start)) {
    linkAtEnd(keyspace, list, front, outsideNode(keyspace, bytes, start, end));
    return;
  }
  const size = elementSize(bytes, start, end);
  if (node === 0 || !mayTake(arena, node, i32[w + FILL], size)) {
    node = emptyNode(arena, nodeRoom(i32[w + FILL], EMPTY_SIZE + size), front);
    pushToNode(arena, node, front, size, bytes, start, end);
    linkAtEnd(keyspace, list, front, node);
    return;
  }
  if (!cellHasRoom(arena, node, size)) node = growNode(arena, list, node, size);
  pushToNode(arena, node, front, size, bytes, start, end);
  i32[w + LENGTH]++;
}

/**
 * Adds the elements that are encoded in u8[from..until), a part of a listpack, at the back: as pushQuicklist() of each would, in a
 * copy for each node. All are in their shortest form, and none lies outside.
 */
export function appendElements(
  keyspace: Keyspace,
  list: number,
  u8: Uint8Array,
  from: number,
  until: number,
): void {
  const { arena } = keyspace;
  const fill = word(arena, list, FILL);
  while (from < until) {
    let to = skip(u8, from);
    let node = word(arena, list, TAIL);
    if (node === 0 || !mayTake(arena, node, fill, to - from)) {
      node = emptyNode(arena, nodeRoom(fill, EMPTY_SIZE + to - from), false);
      linkAtEnd(keyspace, list, false, node);
    }
    const sizeMax = nodeSizeMax(fill) - nodeWord(arena, node, BYTES);
    const addedMax = countMax(fill) - nodeWord(arena, node, COUNT);
    let added = 1;
    for (let next = to; next < until && added < addedMax; to = next, added++) {
      next = skip(u8, to);
      if (next - from > sizeMax) break;
    }
    if (!cellHasRoom(arena, node, to - from)) node = growNode(arena, list, node, to - from);
    pushRunToNode(arena, node, u8, from, to, added);
    addToWord(arena, list, LENGTH, added);
    from = to;
  }
}

/**
 * Points listpack's `text` at the element at an end, if dropEnd() may remove it: if other elements stay in its block and other nodes in the list.
 * False otherwise. O(1).
 */
export function readEnd(arena: Arena, list: number, front: boolean): boolean {
  const node = word(arena, list, front ? HEAD : TAIL);
  if (word(arena, list, NODES) === 1 || nodeWord(arena, node, COUNT) === 1) return false;
  if (nodeWord(arena, node, KIND) !== PACKED) return false;
  const u8 = arena.u8[segmentOf(node)];
  const at = blockOf(arena, node);
  read(u8, front ? at + HEADER_SIZE : last(u8, at));
  return true;
}

/** Removes the element that readEnd() has read; `text` is not good any more. O(1). */
export function dropEnd(arena: Arena, list: number, front: boolean): void {
  cutNode(arena, word(arena, list, front ? HEAD : TAIL), front, 1);
  addToWord(arena, list, LENGTH, -1);
}

/** Removes the first or last `n` elements; there are as many. O(n); a node that goes whole goes in one. */
export function removeFromEnd(keyspace: Keyspace, list: number, front: boolean, n: number): void {
  const { arena } = keyspace;
  let nodesChanged = false;
  while (n > 0) {
    const node = word(arena, list, front ? HEAD : TAIL);
    const count = nodeWord(arena, node, COUNT);
    if (count <= n) {
      dropNode(keyspace, list, node);
      n -= count;
      nodesChanged = true;
      continue;
    }
    cutNode(arena, openNode(arena, list, node), front, n);
    addToWord(arena, list, LENGTH, -n);
    n = 0;
  }
  if (nodesChanged) settle(arena, list, 0);
}

// --- the middle -------------------------------------------------------------------------------------

/** Puts an element before element `index` of `node`, or behind its last with an index that is its count. */
export function insertInto(
  keyspace: Keyspace,
  list: number,
  node: number,
  index: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const { arena } = keyspace;
  const outside = liesOutside(end - start);
  const size = outside ? 0 : elementSize(bytes, start, end);
  const fill = word(arena, list, FILL);
  if (!outside && mayTake(arena, node, fill, size)) {
    node = roomyNode(arena, list, node, size);
    insertElement(arena, node, index, bytes, start, end);
    addToWord(arena, list, LENGTH, 1);
    settle(arena, list, node);
    return;
  }
  let before = node;
  if (index === 0) {
    before = nodeWord(arena, node, PREVIOUS);
  } else if (index < nodeWord(arena, node, COUNT)) {
    before = openNode(arena, list, node);
    splitNode(arena, list, before, index);
  }
  const after = before === 0 ? word(arena, list, HEAD) : nodeWord(arena, before, NEXT);
  if (!outside && before !== 0 && mayTake(arena, before, fill, size)) {
    before = roomyNode(arena, list, before, size);
    pushToNode(arena, before, false, size, bytes, start, end);
    addToWord(arena, list, LENGTH, 1);
    node = before;
  } else if (!outside && after !== 0 && mayTake(arena, after, fill, size)) {
    node = roomyNode(arena, list, after, size);
    pushToNode(arena, node, true, size, bytes, start, end);
    addToWord(arena, list, LENGTH, 1);
  } else {
    node = outside
      ? outsideNode(keyspace, bytes, start, end)
      : loneNode(arena, fill, size, bytes, start, end);
    link(arena, list, before, node);
  }
  mergeAround(keyspace, list, node);
}

/** Makes element `index` of the list bytes[start..end). */
export function replaceAt(
  keyspace: Keyspace,
  list: number,
  index: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const { arena } = keyspace;
  locate(arena, list, index);
  const { node } = spot;
  const at = spot.index;
  if (!liesOutside(end - start) && nodeWord(arena, node, KIND) !== OUTSIDE) {
    const open = openNode(arena, list, node);
    const element = seek(arena.u8[segmentOf(open)], blockOf(arena, open), at);
    const by = elementSize(bytes, start, end) - (skip(arena.u8[segmentOf(open)], element) - element);
    const size = nodeWord(arena, open, BYTES) + by;
    if (by <= 0 || size <= nodeSizeMax(word(arena, list, FILL)) || nodeWord(arena, open, COUNT) === 1) {
      replaceElement(arena, list, open, at, by, bytes, start, end);
      return;
    }
    insertInto(keyspace, list, open, at, bytes, start, end);
  } else {
    insertInto(keyspace, list, node, at, bytes, start, end);
  }
  removeAt(keyspace, list, index + 1);
}

function replaceElement(
  arena: Arena,
  list: number,
  node: number,
  at: number,
  by: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  keepNode(arena, node);
  if (by > 0) {
    node = roomyNode(arena, list, node, by);
    moveBlockToStart(arena, node);
  }
  const u8 = arena.u8[segmentOf(node)];
  const block = blockOf(arena, node);
  replace(u8, block, seek(u8, block, at), bytes, start, end);
  setNodeWord(arena, node, BYTES, nodeWord(arena, node, BYTES) + by);
  settle(arena, list, node);
}

/** Removes element `index` of the list. */
export function removeAt(keyspace: Keyspace, list: number, index: number): void {
  const { arena } = keyspace;
  locate(arena, list, index);
  if (nodeWord(arena, spot.node, COUNT) === 1) {
    dropNode(keyspace, list, spot.node);
    settle(arena, list, 0);
    return;
  }
  const at = spot.index;
  const node = openNode(arena, list, spot.node);
  keepNode(arena, node);
  const u8 = arena.u8[segmentOf(node)];
  const block = blockOf(arena, node);
  const element = seek(u8, block, at);
  const size = skip(u8, element) - element;
  const until = block + nodeWord(arena, node, BYTES);
  u8.copyWithin(element, element + size, until);
  shrinkNode(arena, list, node, size, 1);
  writeHeader(u8, block, nodeWord(arena, node, BYTES), nodeWord(arena, node, COUNT));
  mergeAround(keyspace, list, node);
}

/**
 * Removes up to `limit` elements that are bytes[start..end), the first ones or the last ones. Returns how many. O(n): each block is
 * walked once and what stays of it moved once.
 */
export function removeMatches(
  keyspace: Keyspace,
  list: number,
  fromFront: boolean,
  limit: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const { arena } = keyspace;
  const step = fromFront ? NEXT : PREVIOUS;
  let removed = 0;
  let node = word(arena, list, fromFront ? HEAD : TAIL);
  while (node !== 0 && removed < limit) {
    const following = nodeWord(arena, node, step);
    removed += removeFromNode(keyspace, list, node, fromFront, limit - removed, bytes, start, end);
    node = following;
  }
  if (removed > 0) tidy(keyspace, list);
  return removed;
}

/** removeMatches() in one node, which goes when nothing is left in it. Moves no other node. */
function removeFromNode(
  keyspace: Keyspace,
  list: number,
  node: number,
  fromFront: boolean,
  limit: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const { arena } = keyspace;
  readBlock(keyspace, node);
  if (nodeWord(arena, node, KIND) === OUTSIDE) {
    if (!sameBytes(block.u8, block.at, block.size, bytes, start, end)) return 0;
    dropNode(keyspace, list, node);
    return 1;
  }
  const count = nodeWord(arena, node, COUNT);
  const found = matchesIn(block.u8, block.at, bytes, start, end);
  if (found === 0) return 0;
  if (found === count && found <= limit) {
    dropNode(keyspace, list, node);
    return found;
  }
  const open = openNode(arena, list, node);
  keepNode(arena, open);
  const n = Math.min(found, limit);
  const at = blockOf(arena, open);
  const first = fromFront ? 0 : found - n;
  const size = removeFromBlock(arena.u8[segmentOf(open)], at, first, n, bytes, start, end);
  shrinkNode(arena, list, open, nodeWord(arena, open, BYTES) - size, n);
  return n;
}

function shrinkNode(arena: Arena, list: number, node: number, size: number, n: number): void {
  setNodeWord(arena, node, BYTES, nodeWord(arena, node, BYTES) - size);
  setNodeWord(arena, node, COUNT, nodeWord(arena, node, COUNT) - n);
  addToWord(arena, list, LENGTH, -n);
}

function sameBytes(
  a: Uint8Array,
  at: number,
  size: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (size !== end - start) return false;
  for (let i = 0; i < size; i++) if (a[at + i] !== bytes[start + i]) return false;
  return true;
}

// --- reading a node ---------------------------------------------------------------------------------

/** The block of the node that readBlock() was at last, a listpack; or for an element that lies outside its bytes, as they are. */
export const block = { u8: new Uint8Array(0) as Uint8Array, at: 0, size: 0 };

/** Points `block` at the content of a node. That of a compressed one is unpacked into a buffer that the next readBlock() uses again. */
export function readBlock(keyspace: Keyspace, node: number): void {
  const { arena, large } = keyspace;
  const kind = nodeWord(arena, node, KIND);
  block.size = rawBytes(arena, node);
  if (kind === PACKED) {
    block.u8 = arena.u8[segmentOf(node)];
    block.at = blockOf(arena, node);
  } else if (kind === OUTSIDE) {
    block.u8 = large.view(nodeWord(arena, node, START));
    block.at = 0;
  } else {
    unpack(arena, node, scratchOf(block.size), 0);
    block.u8 = scratch;
    block.at = 0;
  }
}

function scratchOf(size: number): Uint8Array {
  if (scratch.length < size) scratch = new Uint8Array(size);
  return scratch;
}

function unpack(arena: Arena, node: number, out: Uint8Array, at: number): void {
  const from = byteOffsetOf(node) + NODE_HEADER_SIZE;
  const size = nodeWord(arena, node, RAW_BYTES);
  const until = from + nodeWord(arena, node, BYTES);
  if (lzfDecompress(arena.u8[segmentOf(node)], from, until, out, at, at + size) !== size) {
    throw new Error('quicklist: a compressed node is corrupt');
  }
}

/** The block of a COMPRESSED node, of which there is a copy of the whole cell; `words` are those of its header. */
export function unpackNode(cell: Uint8Array, words: Int32Array): Uint8Array {
  const raw = new Uint8Array(words[RAW_BYTES]);
  const until = NODE_HEADER_SIZE + words[BYTES];
  if (lzfDecompress(cell, NODE_HEADER_SIZE, until, raw, 0, raw.length) !== raw.length) {
    throw new Error('quicklist: a compressed node is corrupt');
  }
  return raw;
}

// --- nodes ------------------------------------------------------------------------------------------

/** Room for the block of a new node of which `size` bytes are needed now. */
function nodeRoom(fill: number, size: number): number {
  // A block limited by its bytes will have them all; one limited by its elements perhaps never.
  return Math.max(size, fill < 0 ? nodeSizeMax(fill) : 0);
}

/** Whether the node may take an element of `size` bytes (elementSize()). */
function mayTake(arena: Arena, node: number, fill: number, size: number): boolean {
  const i32 = arena.i32[segmentOf(node)];
  const w = wordOffsetOf(node);
  const kind = i32[w + KIND];
  if (kind === OUTSIDE || i32[w + COUNT] >= countMax(fill)) return false;
  return i32[w + (kind === COMPRESSED ? RAW_BYTES : BYTES)] + size <= nodeSizeMax(fill);
}

function loneNode(
  arena: Arena,
  fill: number,
  size: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const node = emptyNode(arena, nodeRoom(fill, EMPTY_SIZE + size), false);
  pushToNode(arena, node, false, size, bytes, start, end);
  return node;
}

/** A node for one element in a buffer of its own. */
function outsideNode(keyspace: Keyspace, bytes: Uint8Array, start: number, end: number): number {
  const { arena, large } = keyspace;
  const node = allocateNode(arena, OUTSIDE, 0);
  setNodeWord(arena, node, START, large.add(bytes.subarray(start, end)));
  setNodeWord(arena, node, BYTES, end - start);
  setNodeWord(arena, node, COUNT, 1);
  return node;
}

function linkAtEnd(keyspace: Keyspace, list: number, front: boolean, node: number): void {
  const { arena } = keyspace;
  link(arena, list, front ? 0 : word(arena, list, TAIL), node);
  settle(arena, list, 0);
}

/** Links a node behind `before`, or as the first with 0, and counts its elements. */
function link(arena: Arena, list: number, before: number, node: number): void {
  const after = before === 0 ? word(arena, list, HEAD) : nodeWord(arena, before, NEXT);
  setNodeWord(arena, node, PREVIOUS, before);
  setNodeWord(arena, node, NEXT, after);
  pointTo(arena, list, before, after, node, node);
  addToWord(arena, list, NODES, 1);
  addToWord(arena, list, LENGTH, nodeWord(arena, node, COUNT));
}

/** Takes a node out of the list and frees it. */
function dropNode(keyspace: Keyspace, list: number, node: number): void {
  const { arena } = keyspace;
  keepNode(arena, node);
  const before = nodeWord(arena, node, PREVIOUS);
  const after = nodeWord(arena, node, NEXT);
  pointTo(arena, list, before, after, after, before);
  addToWord(arena, list, NODES, -1);
  addToWord(arena, list, LENGTH, -nodeWord(arena, node, COUNT));
  if (nodeWord(arena, node, KIND) === OUTSIDE) keyspace.large.remove(nodeWord(arena, node, START));
  arena.free(node);
}

/** Has `before`, or the header, name `next` as what follows, and `after` name `previous` as what precedes it. */
function pointTo(
  arena: Arena,
  list: number,
  before: number,
  after: number,
  next: number,
  previous: number,
): void {
  if (before === 0) setWord(arena, list, HEAD, next);
  else setNodeWord(arena, before, NEXT, next);
  if (after === 0) setWord(arena, list, TAIL, previous);
  else setNodeWord(arena, after, PREVIOUS, previous);
}

/** Puts `node` where `old` was and frees that. */
function exchange(arena: Arena, list: number, old: number, node: number): void {
  keepNode(arena, old);
  const before = nodeWord(arena, old, PREVIOUS);
  const after = nodeWord(arena, old, NEXT);
  setNodeWord(arena, node, PREVIOUS, before);
  setNodeWord(arena, node, NEXT, after);
  setNodeWord(arena, node, COUNT, nodeWord(arena, old, COUNT));
  pointTo(arena, list, before, after, node, node);
  arena.free(old);
}

/** The node as a plain block: unpacked if it was compressed. Returns where it is now. */
function openNode(arena: Arena, list: number, node: number): number {
  if (nodeWord(arena, node, KIND) !== COMPRESSED) return node;
  const size = nodeWord(arena, node, RAW_BYTES);
  const open = allocateNode(arena, PACKED, size);
  unpack(arena, node, arena.u8[segmentOf(open)], byteOffsetOf(open) + NODE_HEADER_SIZE);
  setNodeWord(arena, open, BYTES, size);
  exchange(arena, list, node, open);
  return open;
}

/** openNode() with room for `size` bytes more. */
function roomyNode(arena: Arena, list: number, node: number, size: number): number {
  node = openNode(arena, list, node);
  return cellHasRoom(arena, node, size) ? node : growNode(arena, list, node, size);
}

/** The block in a larger cell, with room for `size` bytes and as a rule for more. Returns where the node is now. */
function growNode(arena: Arena, list: number, node: number, size: number): number {
  const used = nodeWord(arena, node, BYTES);
  const wanted = used + size;
  const room = Math.max(wanted, Math.min(wanted * 2, nodeSizeMax(word(arena, list, FILL))));
  const grown = nodeOf(arena, arena.u8[segmentOf(node)], blockOf(arena, node), used, 0, room);
  exchange(arena, list, node, grown);
  return grown;
}

/** Puts an element before element `index` of a PACKED node whose cell has room for it. */
function insertElement(
  arena: Arena,
  node: number,
  index: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const count = nodeWord(arena, node, COUNT);
  const size = elementSize(bytes, start, end);
  if (index === 0 || index === count) {
    pushToNode(arena, node, index === 0, size, bytes, start, end);
    return;
  }
  keepNode(arena, node);
  moveBlockToStart(arena, node);
  const u8 = arena.u8[segmentOf(node)];
  const at = blockOf(arena, node);
  insert(u8, at, seek(u8, at, index), bytes, start, end);
  setNodeWord(arena, node, COUNT, count + 1);
  setNodeWord(arena, node, BYTES, nodeWord(arena, node, BYTES) + size);
}

/** Cuts a PACKED node in two before element `index`, neither first nor behind the last; the part behind becomes the next node. */
function splitNode(arena: Arena, list: number, node: number, index: number): void {
  keepNode(arena, node);
  const u8 = arena.u8[segmentOf(node)];
  const at = blockOf(arena, node);
  const used = nodeWord(arena, node, BYTES);
  const count = nodeWord(arena, node, COUNT);
  const border = seek(u8, at, index);
  const size = at + used - border + HEADER_SIZE;
  const right = allocateNode(arena, PACKED, size);
  const toU8 = arena.u8[segmentOf(right)];
  const to = byteOffsetOf(right) + NODE_HEADER_SIZE;
  writeHeader(toU8, to, size, count - index);
  copyBytes(u8, border, at + used, toU8, to + HEADER_SIZE);
  setNodeWord(arena, right, BYTES, size);
  setNodeWord(arena, right, COUNT, count - index);
  u8[border] = END;
  writeHeader(u8, at, border + 1 - at, index);
  setNodeWord(arena, node, BYTES, border + 1 - at);
  setNodeWord(arena, node, COUNT, index);
  addToWord(arena, list, LENGTH, index - count);
  link(arena, list, node, right);
}

/** Joins the node with its neighbours where they are small together, and settles. */
function mergeAround(keyspace: Keyspace, list: number, node: number): void {
  const { arena } = keyspace;
  const after = nodeWord(arena, node, NEXT);
  if (after !== 0 && areSmall(arena, list, node, after)) node = merge(keyspace, list, node, after);
  const before = nodeWord(arena, node, PREVIOUS);
  if (before !== 0 && areSmall(arena, list, before, node)) node = merge(keyspace, list, before, node);
  settle(arena, list, node);
}

/** Joins all small neighbours after removals all over the list. O(nodes). */
function tidy(keyspace: Keyspace, list: number): void {
  const { arena } = keyspace;
  const depth = word(arena, list, DEPTH);
  let node = word(arena, list, HEAD);
  while (node !== 0) {
    const after = nodeWord(arena, node, NEXT);
    if (after !== 0 && areSmall(arena, list, node, after)) {
      node = merge(keyspace, list, node, after);
      continue;
    }
    if (depth > 0) compressInner(arena, list, node, depth);
    node = after;
  }
  settle(arena, list, 0);
}

/** Whether two neighbours take at most half of a block together: then a little growth does not part them again. */
function areSmall(arena: Arena, list: number, a: number, b: number): boolean {
  if (nodeWord(arena, a, KIND) === OUTSIDE || nodeWord(arena, b, KIND) === OUTSIDE) return false;
  const fill = word(arena, list, FILL);
  if (nodeWord(arena, a, COUNT) + nodeWord(arena, b, COUNT) > countMax(fill) / 2) return false;
  return rawBytes(arena, a) + rawBytes(arena, b) <= nodeSizeMax(fill) / 2;
}

/** Appends the elements of `b` to `a`, the node before it, and frees `b`. Returns where `a` is now. */
function merge(keyspace: Keyspace, list: number, a: number, b: number): number {
  const { arena } = keyspace;
  b = openNode(arena, list, b);
  const added = nodeWord(arena, b, BYTES) - EMPTY_SIZE;
  a = roomyNode(arena, list, a, added);
  keepNode(arena, a);
  moveBlockToStart(arena, a);
  const u8 = arena.u8[segmentOf(a)];
  const at = blockOf(arena, a);
  const from = blockOf(arena, b) + HEADER_SIZE;
  // The end byte comes along.
  copyBytes(arena.u8[segmentOf(b)], from, from + added + 1, u8, endOf(u8, at));
  const size = nodeWord(arena, a, BYTES) + added;
  const count = nodeWord(arena, a, COUNT) + nodeWord(arena, b, COUNT);
  writeHeader(u8, at, size, count);
  setNodeWord(arena, a, BYTES, size);
  setNodeWord(arena, a, COUNT, count);
  addToWord(arena, list, LENGTH, nodeWord(arena, b, COUNT));
  dropNode(keyspace, list, b);
  return a;
}

// --- compression ------------------------------------------------------------------------------------

/**
 * Restores the rule of the depth: opens what is near an end, and compresses what has just come to be further away, and `node` (or 0) and
 * its neighbours if they are. O(depth).
 */
function settle(arena: Arena, list: number, node: number): void {
  const depth = word(arena, list, DEPTH);
  if (depth === 0) return;
  openEnd(arena, list, HEAD, NEXT, depth);
  openEnd(arena, list, TAIL, PREVIOUS, depth);
  if (word(arena, list, NODES) <= 2 * depth) return;
  if (node !== 0) {
    compressInner(arena, list, nodeWord(arena, node, PREVIOUS), depth);
    compressInner(arena, list, nodeWord(arena, node, NEXT), depth);
    compressInner(arena, list, node, depth);
  }
  compressNode(arena, list, nthNode(arena, list, HEAD, NEXT, depth));
  compressInner(arena, list, nthNode(arena, list, TAIL, PREVIOUS, depth), depth);
}

/** Opens the first `depth` nodes from the end `from` (HEAD or TAIL) on. */
function openEnd(arena: Arena, list: number, from: number, step: number, depth: number): void {
  let node = word(arena, list, from);
  for (let i = 0; i < depth && node !== 0; i++) {
    node = nodeWord(arena, openNode(arena, list, node), step);
  }
}

function nthNode(arena: Arena, list: number, from: number, step: number, n: number): number {
  let node = word(arena, list, from);
  for (; n > 0; n--) node = nodeWord(arena, node, step);
  return node;
}

function compressInner(arena: Arena, list: number, node: number, depth: number): void {
  if (node !== 0 && isInner(arena, list, node, depth)) compressNode(arena, list, node);
}

/** Whether the node is further than `depth` from both ends. */
function isInner(arena: Arena, list: number, node: number, depth: number): boolean {
  let head = word(arena, list, HEAD);
  let tail = word(arena, list, TAIL);
  for (let i = 0; i < depth && head !== 0; i++) {
    if (head === node || tail === node) return false;
    head = nodeWord(arena, head, NEXT);
    tail = nodeWord(arena, tail, PREVIOUS);
  }
  return true;
}

/** Keeps the node as LZF where that saves enough. The node moves then. */
function compressNode(arena: Arena, list: number, node: number): void {
  if (nodeWord(arena, node, KIND) !== PACKED) return;
  const size = nodeWord(arena, node, BYTES);
  if (size < COMPRESS_MIN) return;
  const out = scratchOf(size);
  const at = blockOf(arena, node);
  const packed = lzfCompress(arena.u8[segmentOf(node)], at, at + size, out, 0, size - COMPRESS_SAVES_MIN);
  if (packed < 0) return;
  const compressed = allocateNode(arena, COMPRESSED, packed);
  copyBytes(out, 0, packed, arena.u8[segmentOf(compressed)], byteOffsetOf(compressed) + NODE_HEADER_SIZE);
  setNodeWord(arena, compressed, BYTES, packed);
  setNodeWord(arena, compressed, RAW_BYTES, size);
  exchange(arena, list, node, compressed);
}

// --- as a value of the keyspace ---------------------------------------------------------------------

/** Frees nodes from the front on until `limit` elements are gone. True when nothing is left, the header included. */
export function freeQuicklist(lazyFree: LazyFree, list: number, limit: number): boolean {
  const { arena, large, buffers } = lazyFree;
  let node = word(arena, list, HEAD);
  for (let freed = 0; node !== 0 && freed < limit; ) {
    const after = nodeWord(arena, node, NEXT);
    freed += nodeWord(arena, node, COUNT);
    keepNode(arena, node);
    if (nodeWord(arena, node, KIND) === OUTSIDE) buffers.push(large.take(nodeWord(arena, node, START)));
    arena.free(node);
    node = after;
  }
  setWord(arena, list, HEAD, node);
  if (node === 0) arena.free(list);
  return node === 0;
}

/** A copy of the list, without the free room in its nodes. Returns its header. Throws ArenaFullError, and then nothing is left of it. */
export function copyQuicklist(keyspace: Keyspace, list: number): number {
  const { arena } = keyspace;
  const copy = createLike(arena, word(arena, list, FILL), word(arena, list, DEPTH));
  try {
    for (let node = word(arena, list, HEAD); node !== 0; node = nodeWord(arena, node, NEXT)) {
      link(arena, copy, word(arena, copy, TAIL), copyNode(keyspace, node));
    }
  } catch (error) {
    while (!freeQuicklist(keyspace.lazyFree, copy, word(arena, list, LENGTH)));
    throw error;
  }
  return copy;
}

function copyNode(keyspace: Keyspace, node: number): number {
  const { arena, large } = keyspace;
  const kind = nodeWord(arena, node, KIND);
  const size = nodeWord(arena, node, BYTES);
  const start = nodeWord(arena, node, START);
  if (kind === OUTSIDE) return outsideNode(keyspace, large.view(start), 0, size);
  const copy = allocateNode(arena, kind, size);
  const from = byteOffsetOf(node) + start;
  const to = byteOffsetOf(copy) + NODE_HEADER_SIZE;
  copyBytes(arena.u8[segmentOf(node)], from, from + size, arena.u8[segmentOf(copy)], to);
  setNodeWord(arena, copy, BYTES, size);
  setNodeWord(arena, copy, COUNT, nodeWord(arena, node, COUNT));
  setNodeWord(arena, copy, RAW_BYTES, nodeWord(arena, node, RAW_BYTES));
  return copy;
}

/** Bytes of the list and its nodes; by the first nodes with `samples` elements when that is not 0 and there are more. */
export function quicklistBytes(keyspace: Keyspace, list: number, samples: number): number {
  const { arena, large } = keyspace;
  let elements = 0;
  let nodes = 0;
  let bytes = 0;
  let node = word(arena, list, HEAD);
  while (node !== 0 && (samples === 0 || elements < samples)) {
    bytes += nodeWord(arena, node, CELL_BYTES);
    if (nodeWord(arena, node, KIND) === OUTSIDE) bytes += large.view(nodeWord(arena, node, START)).length;
    elements += nodeWord(arena, node, COUNT);
    nodes++;
    node = nodeWord(arena, node, NEXT);
  }
  const all = nodes === 0 ? 0 : Math.round((bytes * word(arena, list, NODES)) / nodes);
  return arena.sizeOf(list) + all;
}

/** Frees the only node of a list and its header: its elements have moved elsewhere. */
export function dropQuicklist(keyspace: Keyspace, list: number): void {
  while (!freeQuicklist(keyspace.lazyFree, list, word(keyspace.arena, list, LENGTH) + 1));
}

/** The cursor is the number of a node: finding it again takes time by the nodes before. */
function relocateQuicklist(
  { arena }: Keyspace,
  mover: Mover,
  list: number,
  cursor: number,
  limit: number,
): number {
  let node = word(arena, list, HEAD);
  for (let i = 0; i < cursor && node !== 0; i++) node = nodeWord(arena, node, NEXT);
  let at = cursor;
  for (let seen = 0; node !== 0 && seen < limit; at++) {
    node = relocateNode(arena, mover, list, node);
    seen += nodeWord(arena, node, COUNT);
    node = nodeWord(arena, node, NEXT);
  }
  return node === 0 ? 0 : at;
}

/** Lets the node move; returns where it is. */
function relocateNode(arena: Arena, mover: Mover, list: number, node: number): number {
  const to = mover.moved(node);
  if (to === node) return node;
  const previous = nodeWord(arena, to, PREVIOUS);
  const next = nodeWord(arena, to, NEXT);
  if (previous === 0) setWord(arena, list, HEAD, to);
  else setNodeWord(arena, previous, NEXT, to);
  if (next === 0) setWord(arena, list, TAIL, to);
  else setNodeWord(arena, next, PREVIOUS, to);
  return to;
}

registerCollection(TYPE_LIST, ENCODING_QUICKLIST, {
  count: quicklistLength,
  free: freeQuicklist,
  copy: copyQuicklist,
  bytes: quicklistBytes,
  relocate: relocateQuicklist,
});

// --- for tests --------------------------------------------------------------------------------------

/** Throws when an invariant does not hold. O(n). */
export function checkQuicklist(keyspace: Keyspace, list: number): void {
  const { arena } = keyspace;
  const depth = word(arena, list, DEPTH);
  let length = 0;
  let nodes = 0;
  let before = 0;
  for (let node = word(arena, list, HEAD); node !== 0; node = nodeWord(arena, node, NEXT)) {
    checkNode(keyspace, list, node, before);
    if (nodeWord(arena, node, KIND) === COMPRESSED && !isInner(arena, list, node, depth)) {
      throw new Error('quicklist: a node near an end is compressed');
    }
    length += nodeWord(arena, node, COUNT);
    nodes++;
    before = node;
  }
  if (before !== word(arena, list, TAIL)) throw new Error('quicklist: the last node is not the last');
  if (nodes !== word(arena, list, NODES)) throw new Error(`quicklist: ${nodes} nodes`);
  if (length !== word(arena, list, LENGTH)) throw new Error(`quicklist: ${length} elements`);
}

function checkNode(keyspace: Keyspace, list: number, node: number, before: number): void {
  const { arena } = keyspace;
  const n = nodeWord(arena, node, COUNT);
  if (nodeWord(arena, node, PREVIOUS) !== before) throw new Error('quicklist: wrong link back');
  if (n === 0) throw new Error('quicklist: an empty node');
  if (nodeWord(arena, node, KIND) === OUTSIDE) return;
  readBlock(keyspace, node);
  if (!isValid(block.u8, block.at, block.size)) throw new Error('quicklist: a broken block');
  if (count(block.u8, block.at) !== n) throw new Error('quicklist: wrong count of a node');
  if (n > 1 && n > countMax(word(arena, list, FILL))) throw new Error('quicklist: a node too long');
  const end = nodeWord(arena, node, START) + nodeWord(arena, node, BYTES);
  if (end > nodeWord(arena, node, CELL_BYTES)) throw new Error('quicklist: a block beyond its cell');
}
