// When keys expire: a multiset of (time, hash) in the order of time, a counted B+-tree in the arena.
//
// The active expirer asks for the first entry, eviction by volatile-ttl too, and the other volatile policies want
// uniform samples, that is, entries by rank. A heap has no ranks and removes slowly; a timer wheel has no order
// beyond its tick. A B+-tree with subtree counts does all of it in O(log n), at about 12 to 18 bytes per entry.
//
// It holds key *hashes*, not record addresses: records move (APPEND, defragmentation) and a hash does not.
// Whoever pops an entry looks up the records with that hash and checks their expire times; see
// Dict.firstWithHash. Two keys may have the same hash and time: equal entries are kept as often as they were added.
//
//     node, 1024 bytes in the arena          word 0  count: entries of a leaf, children of an inner node
//                                            word 1  level: 0 for a leaf
//                                            word 2  first: where a leaf's entries begin (0 in inner nodes)
//     leaf    | head, 16 B | times: 84 x float64 | hashes: 84 x int32 |
//     inner   | head, 16 B | times: 50 x float64 | hashes: 50 x int32 | children: 50 x int32 | counts: 50 x int32 |
//
// (times[i], hashes[i]) of an inner node is at most the first entry of child i, and at least the last entry of child i
// - 1; that of child 0 is never looked at. `counts[i]` is the number of entries below child i.
//
// Popping from the front of a leaf moves `first`, not 83 entries. A node that overflows splits in the middle; at the
// right edge of the tree towards its end, because keys with equal TTLs arrive almost in order and would otherwise leave
// half-full leaves behind. A node that falls below a quarter joins a neighbour under the same parent when both together
// fill at most three quarters; one that is empty goes.
//
// A walk down the tree notes its way in `path` (node and child index per level), so that changes can go up again without
// parent pointers. Nothing here allocates on the JS heap. add() may throw ArenaFullError; the entries are then as
// they were. An empty index holds no memory. Cost: bench/micro/expiry.ts.
//
// Invariants (checked by the model test):
//   1. Entries are in order, and each inner key separates as said above.
//   2. Counts are true, no node but an empty tree's is empty, all leaves are at level 0.

import { OFFSET_MASK, SEGMENT_SHIFT } from './address.ts';
import type { Arena } from './arena.ts';
import type { Mover } from './mover.ts';

const NODE_BYTES = 1024;
const LEAF_MAX = 84;
const INNER_MAX = 50;

/** Words from a node's start. */
const COUNT = 0;
const LEVEL = 1;
const FIRST = 2;
const LEAF_HASHES = 4 + 2 * LEAF_MAX;
const INNER_HASHES = 4 + 2 * INNER_MAX;
const INNER_CHILDREN = INNER_HASHES + INNER_MAX;
const INNER_COUNTS = INNER_CHILDREN + INNER_MAX;
/** Float64s from a node's start. */
const TIMES = 2;

/** Levels of a tree that is as sparse as can be and fills the arena. */
const HEIGHT_MAX = 16;

/** Words that load() and save() take. */
export const STATE_WORDS = 4;

export class ExpiryIndex {
  /** Entries, equal ones counted as often as they are there. */
  count = 0;
  /** What at() found. */
  foundTime = 0;
  foundHash = 0;

  // `declare`: a field that is first defined as undefined loses its known type, and each use then checks it.
  declare private readonly arena: Arena;
  declare private readonly words: Int32Array[];
  declare private readonly doubles: Float64Array[];
  private root = 0;
  private firstLeaf = 0;
  private nodes = 0;
  /** The way of the last walk: node and index in it, by level. */
  private readonly pathNode = new Int32Array(HEIGHT_MAX);
  private readonly pathIndex = new Int32Array(HEIGHT_MAX);

  constructor(arena: Arena) {
    this.arena = arena;
    this.words = arena.i32;
    this.doubles = arena.f64;
  }

  // --- indexes without an object of their own: their owner keeps STATE_WORDS words for each --------------------------

  /** Makes this object be the index whose state lies at words[at...): zeros for an empty one. save() puts it back after changes. */
  load(words: Int32Array, at: number): this {
    this.root = words[at];
    this.firstLeaf = words[at + 1];
    this.nodes = words[at + 2];
    this.count = words[at + 3];
    return this;
  }

  /** The state for the next load(). */
  save(words: Int32Array, at: number): void {
    words[at] = this.root;
    words[at + 1] = this.firstLeaf;
    words[at + 2] = this.nodes;
    words[at + 3] = this.count;
  }

  /** Arena bytes. */
  get bytes(): number {
    return this.nodes * NODE_BYTES;
  }

  /** The earliest time; Infinity when there is no entry. */
  firstTime(): number {
    const leaf = this.firstLeaf;
    if (leaf === 0) return Infinity;
    const words = this.words[leaf >>> SEGMENT_SHIFT];
    const first = words[wordBase(leaf) + FIRST];
    return this.doubles[leaf >>> SEGMENT_SHIFT][doubleBase(leaf) + TIMES + first];
  }

  /** The hash of the earliest entry; 0 when there is none. */
  firstHash(): number {
    const leaf = this.firstLeaf;
    if (leaf === 0) return 0;
    const words = this.words[leaf >>> SEGMENT_SHIFT];
    const base = wordBase(leaf);
    return words[base + LEAF_HASHES + words[base + FIRST]];
  }

  /** Finds the entry of this rank, 0 <= rank < count, and leaves it in foundTime and foundHash. */
  at(rank: number): void {
    let node = this.root;
    for (let level = this.levelOf(node); level > 0; level--) {
      const words = this.words[node >>> SEGMENT_SHIFT];
      const base = wordBase(node);
      let index = 0;
      let below = words[base + INNER_COUNTS];
      while (rank >= below) {
        rank -= below;
        below = words[base + INNER_COUNTS + ++index];
      }
      node = words[base + INNER_CHILDREN + index];
    }
    const words = this.words[node >>> SEGMENT_SHIFT];
    const entry = words[wordBase(node) + FIRST] + rank;
    this.foundTime = this.doubles[node >>> SEGMENT_SHIFT][doubleBase(node) + TIMES + entry];
    this.foundHash = words[wordBase(node) + LEAF_HASHES + entry];
  }

  add(time: number, hash: number): void {
    if (this.root === 0) this.root = this.firstLeaf = this.newNode(0);
    let leaf = this.descend(time, hash);
    if (this.countOf(leaf) === LEAF_MAX) {
      this.splitPath();
      leaf = this.descend(time, hash);
    }
    this.insertInLeaf(leaf, this.pathIndex[0], time, hash);
    this.addToCounts(1);
    this.count++;
  }

  /** Takes out one entry equal to (time, hash); false when there is none. */
  remove(time: number, hash: number): boolean {
    if (this.root === 0) return false;
    const leaf = this.descend(time, hash);
    if (this.pathIndex[0] === this.countOf(leaf) && !this.stepToNextLeaf()) return false;
    if (!this.isAtPath(time, hash)) return false;
    this.removeAtPath();
    return true;
  }

  /** Takes out the earliest entry; no-op when there is none. */
  popFirst(): void {
    if (this.root === 0) return;
    this.descendToFirst();
    this.removeAtPath();
  }

  /** Frees everything. Takes time by the node (84 entries): drain() does it in slices. */
  clear(): void {
    if (this.root !== 0) this.freeBelow(this.root);
    this.reset();
  }

  /** Takes out the earliest entries, whole leaves at a time, until at least `entries` are gone; true when nothing is left. */
  drain(entries: number): boolean {
    let left = entries;
    while (left > 0 && this.count > 0) {
      this.descendToFirst();
      const entriesOfLeaf = this.countOf(this.pathNode[0]);
      left -= entriesOfLeaf;
      this.count -= entriesOfLeaf;
      this.addToCounts(-entriesOfLeaf);
      this.removeNode(0);
    }
    return this.count === 0;
  }

  /** Lets the leaf of the entry of this rank (0 to begin) move, and the nodes above it. Returns the rank to go on with, 0 when all is done. */
  relocate(mover: Mover, rank: number): number {
    if (rank >= this.count) return 0;
    let left = rank;
    let isFirst = true;
    let node = mover.moved(this.root);
    this.root = node;
    for (let level = this.levelOf(node); level > 0; level--) {
      const words = this.words[node >>> SEGMENT_SHIFT];
      const base = wordBase(node);
      let index = 0;
      while (left >= words[base + INNER_COUNTS + index]) left -= words[base + INNER_COUNTS + index++];
      if (index > 0) isFirst = false;
      node = mover.moved(words[base + INNER_CHILDREN + index]);
      words[base + INNER_CHILDREN + index] = node;
    }
    if (isFirst) this.firstLeaf = node;
    const next = rank - left + this.countOf(node);
    return next >= this.count ? 0 : next;
  }

  // --- walking down -------------------------------------------------------------------------------------------------

  /**
   * Walks to the leaf and index of the first entry that is not less than (time, hash). The index may be one past the leaf's last
   * entry: then everything in the leaf is less, and (time, hash) belongs at its end, or is the first of the next leaf.
   */
  private descend(time: number, hash: number): number {
    let node = this.root;
    for (let level = this.levelOf(node); level > 0; level--) {
      const base = wordBase(node);
      const words = this.words[node >>> SEGMENT_SHIFT];
      // Child i may hold the entry when its key is less; so the one before the first that is not. Child 0's key does not count.
      const index = this.lowerBound(node, 1, words[base + COUNT], INNER_HASHES, time, hash) - 1;
      this.pathNode[level] = node;
      this.pathIndex[level] = index;
      node = words[base + INNER_CHILDREN + index];
    }
    const words = this.words[node >>> SEGMENT_SHIFT];
    const first = words[wordBase(node) + FIRST];
    const until = first + words[wordBase(node) + COUNT];
    this.pathNode[0] = node;
    this.pathIndex[0] = this.lowerBound(node, first, until, LEAF_HASHES, time, hash) - first;
    return node;
  }

  private descendToFirst(): void {
    let node = this.root;
    for (let level = this.levelOf(node); level > 0; level--) {
      this.pathNode[level] = node;
      this.pathIndex[level] = 0;
      node = this.childOf(node, 0);
    }
    this.pathNode[0] = node;
    this.pathIndex[0] = 0;
  }

  /** The first index in [low, high) whose key is not less than (time, hash); `high` when all are. */
  private lowerBound(
    node: number,
    low: number,
    high: number,
    hashes: number,
    time: number,
    hash: number,
  ): number {
    const times = this.doubles[node >>> SEGMENT_SHIFT];
    const timesAt = doubleBase(node) + TIMES;
    const words = this.words[node >>> SEGMENT_SHIFT];
    const hashesAt = wordBase(node) + hashes;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = times[timesAt + middle];
      if (other < time || (other === time && words[hashesAt + middle] < hash)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Moves the path to the first entry of the next leaf; false when there is none. */
  private stepToNextLeaf(): boolean {
    const top = this.levelOf(this.root);
    let level = 1;
    while (level <= top && this.pathIndex[level] + 1 === this.countOf(this.pathNode[level])) level++;
    if (level > top) return false;
    this.pathIndex[level]++;
    for (; level > 0; level--) {
      this.pathNode[level - 1] = this.childOf(this.pathNode[level], this.pathIndex[level]);
      this.pathIndex[level - 1] = 0;
    }
    return true;
  }

  private isAtPath(time: number, hash: number): boolean {
    const leaf = this.pathNode[0];
    const words = this.words[leaf >>> SEGMENT_SHIFT];
    const entry = words[wordBase(leaf) + FIRST] + this.pathIndex[0];
    if (words[wordBase(leaf) + LEAF_HASHES + entry] !== hash) return false;
    return this.doubles[leaf >>> SEGMENT_SHIFT][doubleBase(leaf) + TIMES + entry] === time;
  }

  // --- adding -------------------------------------------------------------------------------------------------------

  private insertInLeaf(leaf: number, index: number, time: number, hash: number): void {
    const words = this.words[leaf >>> SEGMENT_SHIFT];
    const times = this.doubles[leaf >>> SEGMENT_SHIFT];
    const base = wordBase(leaf);
    const timesAt = doubleBase(leaf) + TIMES;
    const hashesAt = base + LEAF_HASHES;
    let first = words[base + FIRST];
    const count = words[base + COUNT];
    // Room is at the front after pops, at the end else; the shorter side moves when both have room.
    if (first > 0 && (first + count === LEAF_MAX || index < count >>> 1)) {
      moveDown(words, times, timesAt, hashesAt, first, first + index);
      words[base + FIRST] = --first;
    } else {
      moveUp(words, times, timesAt, hashesAt, first + index, first + count);
    }
    times[timesAt + first + index] = time;
    words[hashesAt + first + index] = hash;
    words[base + COUNT] = count + 1;
  }

  /** Adds `change` to the counts along the path. */
  private addToCounts(change: number): void {
    const top = this.levelOf(this.root);
    for (let level = 1; level <= top; level++) {
      const node = this.pathNode[level];
      this.words[node >>> SEGMENT_SHIFT][wordBase(node) + INNER_COUNTS + this.pathIndex[level]] += change;
    }
  }

  /** Splits the full nodes of the path, from the highest down to the leaf, so that each finds room in its parent. */
  private splitPath(): void {
    const top = this.levelOf(this.root);
    let highest = 0;
    while (highest < top && this.countOf(this.pathNode[highest + 1]) === INNER_MAX) highest++;
    if (highest === top) this.addRoot();
    for (let level = highest; level >= 0; level--) this.splitChild(level);
  }

  /** Puts a new root with the old one as its only child on top of the path. */
  private addRoot(): void {
    const level = this.levelOf(this.root) + 1;
    const root = this.newNode(level);
    const words = this.words[root >>> SEGMENT_SHIFT];
    const base = wordBase(root);
    words[base + COUNT] = 1;
    words[base + INNER_CHILDREN] = this.root;
    words[base + INNER_COUNTS] = this.count;
    this.setKey(root, 0, -Infinity, 0);
    this.root = root;
    this.pathNode[level] = root;
    this.pathIndex[level] = 0;
  }

  /** Splits the path's node at `level`, whose parent has room, and lets the path go on into the right half where it leads there. */
  private splitChild(level: number): void {
    const left = this.pathNode[level];
    const parent = this.pathNode[level + 1];
    const index = this.pathIndex[level + 1];
    const right = this.newNode(level);
    const count = this.countOf(left);
    const kept = this.isLast(level + 1) ? keptAtRightEdge(this.pathIndex[level], count) : count >>> 1;
    this.moveTail(left, right, level, kept);
    this.insertChild(parent, index + 1, right, this.entriesOf(right, level));
    const words = this.words[parent >>> SEGMENT_SHIFT];
    words[wordBase(parent) + INNER_COUNTS + index] -= words[wordBase(parent) + INNER_COUNTS + index + 1];
    if (this.pathIndex[level] >= kept) {
      this.pathNode[level] = right;
      this.pathIndex[level] -= kept;
      this.pathIndex[level + 1]++;
    }
  }

  /** Whether the path from the root down to `level` always takes the last child. */
  private isLast(level: number): boolean {
    const top = this.levelOf(this.root);
    for (; level <= top; level++) {
      if (this.pathIndex[level] !== this.countOf(this.pathNode[level]) - 1) return false;
    }
    return true;
  }

  /** Moves everything from index `kept` on from one node to an empty one of the same level. */
  private moveTail(from: number, to: number, level: number, kept: number): void {
    const fromWords = this.words[from >>> SEGMENT_SHIFT];
    const count = fromWords[wordBase(from) + COUNT];
    const first = fromWords[wordBase(from) + FIRST];
    this.copyItems(from, first + kept, to, 0, count - kept, level);
    fromWords[wordBase(from) + COUNT] = kept;
    this.words[to >>> SEGMENT_SHIFT][wordBase(to) + COUNT] = count - kept;
  }

  /** Puts a child and its key, which is its first item's, into an inner node that has room. */
  private insertChild(parent: number, index: number, child: number, entries: number): void {
    const words = this.words[parent >>> SEGMENT_SHIFT];
    const base = wordBase(parent);
    const count = words[base + COUNT];
    this.moveChildren(parent, index, index + 1, count - index);
    words[base + COUNT] = count + 1;
    words[base + INNER_CHILDREN + index] = child;
    words[base + INNER_COUNTS + index] = entries;
    const childWords = this.words[child >>> SEGMENT_SHIFT];
    const childBase = wordBase(child);
    const first = childWords[childBase + FIRST];
    const hashes = childWords[childBase + LEVEL] === 0 ? LEAF_HASHES : INNER_HASHES;
    const time = this.doubles[child >>> SEGMENT_SHIFT][doubleBase(child) + TIMES + first];
    this.setKey(parent, index, time, childWords[childBase + hashes + first]);
  }

  private setKey(node: number, index: number, time: number, hash: number): void {
    this.doubles[node >>> SEGMENT_SHIFT][doubleBase(node) + TIMES + index] = time;
    this.words[node >>> SEGMENT_SHIFT][wordBase(node) + INNER_HASHES + index] = hash;
  }

  // --- removing -----------------------------------------------------------------------------------------------------

  private removeAtPath(): void {
    const leaf = this.pathNode[0];
    const words = this.words[leaf >>> SEGMENT_SHIFT];
    const base = wordBase(leaf);
    const index = this.pathIndex[0];
    const count = words[base + COUNT] - 1;
    words[base + COUNT] = count;
    if (index === 0) {
      words[base + FIRST]++;
    } else {
      const times = this.doubles[leaf >>> SEGMENT_SHIFT];
      const first = words[base + FIRST];
      const timesAt = doubleBase(leaf) + TIMES;
      moveDown(words, times, timesAt, base + LEAF_HASHES, first + index + 1, first + count + 1);
    }
    this.count--;
    this.addToCounts(-1);
    if (count === 0) this.removeNode(0);
    else if (count < LEAF_MAX >>> 2) this.mergeAtPath(0, LEAF_MAX);
  }

  /** Frees the path's node at `level`, which holds nothing any more, and takes it out of its parent. */
  private removeNode(level: number): void {
    const node = this.pathNode[level];
    const isFirstLeaf = node === this.firstLeaf;
    this.freeNode(node);
    if (node === this.root) {
      this.reset();
      return;
    }
    this.removeChildAtPath(level + 1);
    if (isFirstLeaf && this.root !== 0) this.findFirstLeaf();
  }

  /** Takes the path's child out of the inner node at `level`, and lets that node shrink in turn. */
  private removeChildAtPath(level: number): void {
    const node = this.pathNode[level];
    const index = this.pathIndex[level];
    const words = this.words[node >>> SEGMENT_SHIFT];
    const count = words[wordBase(node) + COUNT] - 1;
    words[wordBase(node) + COUNT] = count;
    this.moveChildren(node, index + 1, index, count - index);
    if (count === 0) this.removeNode(level);
    else if (node === this.root) this.dropRootsWithOneChild();
    else if (count < INNER_MAX >>> 2) this.mergeAtPath(level, INNER_MAX);
  }

  private dropRootsWithOneChild(): void {
    while (this.levelOf(this.root) > 0 && this.countOf(this.root) === 1) {
      const child = this.childOf(this.root, 0);
      this.freeNode(this.root);
      this.root = child;
    }
  }

  /** Joins the path's node at `level` with a neighbour under the same parent, if the two fill at most three quarters. */
  private mergeAtPath(level: number, max: number): void {
    if (this.pathNode[level] === this.root) return;
    const parent = this.pathNode[level + 1];
    const index = this.pathIndex[level + 1];
    const count = this.countOf(this.pathNode[level]);
    const limit = (max * 3) >>> 2;
    if (index + 1 < this.countOf(parent) && count + this.countOf(this.childOf(parent, index + 1)) <= limit) {
      this.pathIndex[level + 1] = index + 1;
    } else if (index === 0 || count + this.countOf(this.childOf(parent, index - 1)) > limit) {
      return;
    }
    this.mergeIntoLeft(level);
  }

  /** Moves all items of the parent's child at the path's index into the child before it. */
  private mergeIntoLeft(level: number): void {
    const parent = this.pathNode[level + 1];
    const index = this.pathIndex[level + 1];
    const right = this.childOf(parent, index);
    const left = this.childOf(parent, index - 1);
    const rightWords = this.words[right >>> SEGMENT_SHIFT];
    const leftWords = this.words[left >>> SEGMENT_SHIFT];
    const rightCount = rightWords[wordBase(right) + COUNT];
    const leftCount = leftWords[wordBase(left) + COUNT];
    const leftFirst = leftWords[wordBase(left) + FIRST];
    // The key that separated the two becomes that of the first child moved, whose own was never looked at.
    if (level > 0) this.copyKey(parent, index, right, 0);
    if (leftFirst > 0) {
      this.copyItems(left, leftFirst, left, 0, leftCount, level);
      leftWords[wordBase(left) + FIRST] = 0;
    }
    this.copyItems(right, rightWords[wordBase(right) + FIRST], left, leftCount, rightCount, level);
    leftWords[wordBase(left) + COUNT] = leftCount + rightCount;

    const counts = wordBase(parent) + INNER_COUNTS + index;
    const parentWords = this.words[parent >>> SEGMENT_SHIFT];
    parentWords[counts - 1] += parentWords[counts];
    this.freeNode(right);
    this.removeChildAtPath(level + 1);
  }

  private copyKey(from: number, fromIndex: number, to: number, toIndex: number): void {
    const time = this.doubles[from >>> SEGMENT_SHIFT][doubleBase(from) + TIMES + fromIndex];
    const hash = this.words[from >>> SEGMENT_SHIFT][wordBase(from) + INNER_HASHES + fromIndex];
    this.setKey(to, toIndex, time, hash);
  }

  // --- nodes --------------------------------------------------------------------------------------------------------

  /** Copies leaf entries or inner items; within one node only towards the front. */
  private copyItems(
    from: number,
    fromIndex: number,
    to: number,
    toIndex: number,
    n: number,
    level: number,
  ): void {
    const fromWords = this.words[from >>> SEGMENT_SHIFT];
    const toWords = this.words[to >>> SEGMENT_SHIFT];
    const fromTimes = this.doubles[from >>> SEGMENT_SHIFT];
    const toTimes = this.doubles[to >>> SEGMENT_SHIFT];
    const fromTimesAt = doubleBase(from) + TIMES + fromIndex;
    const toTimesAt = doubleBase(to) + TIMES + toIndex;
    const hashes = level === 0 ? LEAF_HASHES : INNER_HASHES;
    const fromAt = wordBase(from) + hashes + fromIndex;
    const toAt = wordBase(to) + hashes + toIndex;
    for (let i = 0; i < n; i++) {
      toTimes[toTimesAt + i] = fromTimes[fromTimesAt + i];
      toWords[toAt + i] = fromWords[fromAt + i];
    }
    if (level === 0) return;
    for (let i = 0; i < n; i++) {
      toWords[toAt + INNER_MAX + i] = fromWords[fromAt + INNER_MAX + i];
      toWords[toAt + 2 * INNER_MAX + i] = fromWords[fromAt + 2 * INNER_MAX + i];
    }
  }

  /** Moves n items of an inner node by one place, to either side. */
  private moveChildren(node: number, from: number, to: number, n: number): void {
    const words = this.words[node >>> SEGMENT_SHIFT];
    const times = this.doubles[node >>> SEGMENT_SHIFT];
    const timesAt = doubleBase(node) + TIMES;
    const hashesAt = wordBase(node) + INNER_HASHES;
    if (to < from) {
      for (let i = 0; i < n; i++) moveChild(words, times, timesAt, hashesAt, from + i, to + i);
    } else {
      for (let i = n - 1; i >= 0; i--) moveChild(words, times, timesAt, hashesAt, from + i, to + i);
    }
  }

  private levelOf(node: number): number {
    return this.words[node >>> SEGMENT_SHIFT][wordBase(node) + LEVEL];
  }

  private countOf(node: number): number {
    return this.words[node >>> SEGMENT_SHIFT][wordBase(node) + COUNT];
  }

  private childOf(node: number, index: number): number {
    return this.words[node >>> SEGMENT_SHIFT][wordBase(node) + INNER_CHILDREN + index];
  }

  /** Entries in and below a node. */
  private entriesOf(node: number, level: number): number {
    const count = this.countOf(node);
    if (level === 0) return count;
    const words = this.words[node >>> SEGMENT_SHIFT];
    const counts = wordBase(node) + INNER_COUNTS;
    let entries = 0;
    for (let i = 0; i < count; i++) entries += words[counts + i];
    return entries;
  }

  private findFirstLeaf(): void {
    let node = this.root;
    while (this.levelOf(node) > 0) node = this.childOf(node, 0);
    this.firstLeaf = node;
  }

  private newNode(level: number): number {
    const node = this.arena.allocate(NODE_BYTES);
    const words = this.words[node >>> SEGMENT_SHIFT];
    const base = wordBase(node);
    words[base + COUNT] = 0;
    words[base + LEVEL] = level;
    words[base + FIRST] = 0;
    this.nodes++;
    return node;
  }

  private freeNode(node: number): void {
    this.arena.free(node);
    this.nodes--;
  }

  private freeBelow(node: number): void {
    if (this.levelOf(node) > 0) {
      for (let i = this.countOf(node) - 1; i >= 0; i--) this.freeBelow(this.childOf(node, i));
    }
    this.freeNode(node);
  }

  private reset(): void {
    this.root = 0;
    this.firstLeaf = 0;
    this.count = 0;
  }
}

/**
 * Where the last node of its level splits. Behind its last item when the new one comes behind that; well towards the end when it comes
 * near it, as with keys of equal TTL that arrive in the same millisecond; else in the middle.
 */
function keptAtRightEdge(index: number, count: number): number {
  if (index >= count - 1) return count - 1;
  return index >= (count * 3) >>> 2 ? (count * 7) >>> 3 : count >>> 1;
}

function wordBase(node: number): number {
  return (node & OFFSET_MASK) << 2;
}

function doubleBase(node: number): number {
  return (node & OFFSET_MASK) << 1;
}

/** Moves the leaf entries [from, until) one place towards the front. */
function moveDown(
  words: Int32Array,
  times: Float64Array,
  timesAt: number,
  hashesAt: number,
  from: number,
  until: number,
): void {
  for (let i = from; i < until; i++) {
    times[timesAt + i - 1] = times[timesAt + i];
    words[hashesAt + i - 1] = words[hashesAt + i];
  }
}

/** Moves the leaf entries [from, until) one place towards the end. */
function moveUp(
  words: Int32Array,
  times: Float64Array,
  timesAt: number,
  hashesAt: number,
  from: number,
  until: number,
): void {
  for (let i = until; i > from; i--) {
    times[timesAt + i] = times[timesAt + i - 1];
    words[hashesAt + i] = words[hashesAt + i - 1];
  }
}

/** Copies key, child and count of one item of an inner node over another. */
function moveChild(
  words: Int32Array,
  times: Float64Array,
  timesAt: number,
  hashesAt: number,
  from: number,
  to: number,
): void {
  times[timesAt + to] = times[timesAt + from];
  words[hashesAt + to] = words[hashesAt + from];
  words[hashesAt + INNER_MAX + to] = words[hashesAt + INNER_MAX + from];
  words[hashesAt + 2 * INNER_MAX + to] = words[hashesAt + 2 * INNER_MAX + from];
}
