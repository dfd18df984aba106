// The order of a large sorted set: (score, record address) by score and then by the member's bytes, a counted B+-tree in the arena.
//
// Redis keeps a skip list: a node per element, found by pointers that each are a cache miss. This tree has 84 entries to a node, 17 to
// 25 bytes of memory an element, and counts below every child, so that a rank becomes a position and a position a rank in
// O(log n), and a range by score, by member or by rank, in either direction and with any offset, is two ranks and a walk.
//
//     node, 1024 bytes in the arena          word 0  count: entries of a leaf, children of an inner node
//                                            word 1  level: 0 for a leaf
//     leaf    | head, 16 B | scores: 84 x float64 | records: 84 x int32 |
//     inner   | head, 16 B | scores: 50 x float64 | records: 50 x int32 | children: 50 x int32 | counts: 50 x int32 |
//
//     header, 16 bytes        root | count | nodes | owner's word (the sorted set keeps its Dict there)
//
// Entries name records (./record.ts), whose key is the member; they are looked at only to compare members of equal score. A record
// must not move or be freed while it is in the tree. (scores[i], records[i]) of an inner node is exactly the first entry below child
// i: a key that merely separates, as in the index of expire times, could name a record that is long gone. Keeping it exact
// costs a walk up when a node's first entry changes.
//
// Sorted sets come by the million, so one ScoreTree object is attached to whichever is worked on, as with Dict. A walk down the
// tree notes its way in `path` (node and index per level), and that is also the cursor: seek() puts it somewhere, next() and previous()
// move it, and any change makes it invalid. Nothing here allocates on the JS heap. insert() may throw ArenaFullError;
// the entries are then as they were. A tree without entries has no node.
//
// Invariants (checked by the model test):
//   1. Entries are in order, strictly.
//   2. Keys of inner nodes are the first entries below their children, counts are true.
//   3. No node is empty, all leaves are at level 0.

import { compareBytes } from '../base/bytes.ts';
import { OFFSET_MASK, SEGMENT_SHIFT } from './address.ts';
import type { AddressList } from './address-list.ts';
import type { Arena } from './arena.ts';
import type { Mover } from './mover.ts';
import { keyLength, keyOffset } from './record.ts';

const NODE_BYTES = 1024;
const LEAF_MAX = 84;
const INNER_MAX = 50;

/** Words from a node's start. */
const COUNT = 0;
const LEVEL = 1;
const LEAF_RECORDS = 4 + 2 * LEAF_MAX;
const INNER_RECORDS = 4 + 2 * INNER_MAX;
const INNER_CHILDREN = INNER_RECORDS + INNER_MAX;
const INNER_COUNTS = INNER_CHILDREN + INNER_MAX;
/** Float64s from a node's start. */
const SCORES = 2;

const HEADER_BYTES = 16;

/** Levels of a tree that is as sparse as can be and fills the arena. */
const HEIGHT_MAX = 16;

/** What is looked for: the first entry that is not before it. */
const BY_ENTRY = 0;
const FROM_SCORE = 1;
const ABOVE_SCORE = 2;
const FROM_MEMBER = 3;
const ABOVE_MEMBER = 4;

export class ScoreTree {
  count = 0;

  // `declare`: a field that is first defined as undefined loses its known type, and each use then checks it.
  declare private readonly arena: Arena;
  declare private readonly words: Int32Array[];
  declare private readonly doubles: Float64Array[];
  private header = 0;
  private root = 0;
  private nodes = 0;
  /** The way of the last walk: node and index in it, by level. */
  private readonly pathNode = new Int32Array(HEIGHT_MAX);
  private readonly pathIndex = new Int32Array(HEIGHT_MAX);
  /** What the walk looks for. */
  private mode = BY_ENTRY;
  private wantedScore = 0;
  private wantedBytes: Uint8Array = new Uint8Array(0);
  /** The same memory in words, where an entry is looked for. */
  private wantedWords: Int32Array = new Int32Array(0);
  private wantedStart = 0;
  private wantedEnd = 0;

  constructor(arena: Arena) {
    this.arena = arena;
    this.words = arena.i32;
    this.doubles = arena.f64;
  }

  // --- which tree ---------------------------------------------------------------------------------------------------

  /** A new empty tree; returns its header. Throws ArenaFullError. */
  static create(arena: Arena): number {
    const header = arena.allocate(HEADER_BYTES);
    const at = wordBase(header);
    arena.i32[header >>> SEGMENT_SHIFT].fill(0, at, at + 4);
    return header;
  }

  /** Makes this object be the tree at `header`. Until the next attach(); no second object may be attached to the same tree meanwhile. */
  attach(header: number): this {
    const words = this.words[header >>> SEGMENT_SHIFT];
    const at = wordBase(header);
    this.header = header;
    this.root = words[at];
    this.count = words[at + 1];
    this.nodes = words[at + 2];
    return this;
  }

  /** The word that the tree keeps for whoever owns it. */
  static ownerWord(arena: Arena, header: number): number {
    return arena.i32[header >>> SEGMENT_SHIFT][wordBase(header) + 3];
  }

  static setOwnerWord(arena: Arena, header: number, word: number): void {
    arena.i32[header >>> SEGMENT_SHIFT][wordBase(header) + 3] = word;
  }

  /** Entries of the tree at `header`. */
  static countAt(arena: Arena, header: number): number {
    return arena.i32[header >>> SEGMENT_SHIFT][wordBase(header) + 1];
  }

  /** Whether this object is for trees of this arena. */
  isOf(arena: Arena): boolean {
    return this.arena === arena;
  }

  /** Arena bytes, the header's included. */
  get bytes(): number {
    return this.nodes * NODE_BYTES + HEADER_BYTES;
  }

  /** Frees the tree and its header; the records stay. Takes time by the node: drain() does it in slices. */
  destroy(): void {
    while (!this.drain(this.count));
    this.arena.free(this.header);
    this.header = 0;
  }

  private save(): void {
    const words = this.words[this.header >>> SEGMENT_SHIFT];
    const at = wordBase(this.header);
    words[at] = this.root;
    words[at + 1] = this.count;
    words[at + 2] = this.nodes;
  }

  // --- finding ------------------------------------------------------------------------------------------------------

  /** How many entries are before (score, member of `record`): its rank when it is in the tree. */
  rankOf(score: number, record: number): number {
    this.wantEntry(score, record);
    return this.wantedRank();
  }

  /** How many entries have a score below `score`, or with `orEqual` not above it. */
  rankOfScore(score: number, orEqual: boolean): number {
    this.mode = orEqual ? ABOVE_SCORE : FROM_SCORE;
    this.wantedScore = score;
    return this.wantedRank();
  }

  /** How many entries have a member before bytes[start..end), or with `orEqual` not behind it; for trees whose scores are all equal. */
  rankOfMember(bytes: Uint8Array, start: number, end: number, orEqual: boolean): number {
    this.mode = orEqual ? ABOVE_MEMBER : FROM_MEMBER;
    this.wantedBytes = bytes;
    this.wantedStart = start;
    this.wantedEnd = end;
    return this.wantedRank();
  }

  /** Puts the cursor on the entry of this rank, 0 <= rank < count. */
  seek(rank: number): void {
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
      this.pathNode[level] = node;
      this.pathIndex[level] = index;
      node = words[base + INNER_CHILDREN + index];
    }
    this.pathNode[0] = node;
    this.pathIndex[0] = rank;
  }

  /** The score under the cursor. */
  get score(): number {
    const leaf = this.pathNode[0];
    return this.doubles[leaf >>> SEGMENT_SHIFT][doubleBase(leaf) + SCORES + this.pathIndex[0]];
  }

  /** The record under the cursor. */
  get record(): number {
    const leaf = this.pathNode[0];
    return this.words[leaf >>> SEGMENT_SHIFT][wordBase(leaf) + LEAF_RECORDS + this.pathIndex[0]];
  }

  /** Moves the cursor to the next entry; false, and the cursor is of no use, when there is none. */
  next(): boolean {
    if (++this.pathIndex[0] < this.countOf(this.pathNode[0])) return true;
    return this.stepToNextLeaf();
  }

  /** Moves the cursor to the entry before; false, and the cursor is of no use, when there is none. */
  previous(): boolean {
    if (--this.pathIndex[0] >= 0) return true;
    const top = this.levelOf(this.root);
    let level = 1;
    while (level <= top && this.pathIndex[level] === 0) level++;
    if (level > top) return false;
    this.pathIndex[level]--;
    for (; level > 0; level--) {
      const child = this.childOf(this.pathNode[level], this.pathIndex[level]);
      this.pathNode[level - 1] = child;
      this.pathIndex[level - 1] = this.countOf(child) - 1;
    }
    return true;
  }

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

  /**
   * Lets the leaf of the entry of this rank (0 to begin) move, the nodes above it, and its records: `visit` says where each is from now on. Returns
   * the rank to go on with, 0 when all is done.
   */
  relocate(mover: Mover, rank: number, visit: (record: number) => number): number {
    if (rank >= this.count) return 0;
    this.seek(rank);
    const first = rank - this.pathIndex[0];
    this.relocatePath(mover);
    const leaf = this.pathNode[0];
    const words = this.words[leaf >>> SEGMENT_SHIFT];
    const records = wordBase(leaf) + LEAF_RECORDS;
    const count = this.countOf(leaf);
    const before = words[records];
    for (let i = 0; i < count; i++) words[records + i] = visit(words[records + i]);
    if (words[records] !== before) this.refreshKeys(0);
    return first + count >= this.count ? 0 : first + count;
  }

  private relocatePath(mover: Mover): void {
    const top = this.levelOf(this.root);
    for (let level = top; level >= 0; level--) {
      const node = mover.moved(this.pathNode[level]);
      this.pathNode[level] = node;
      if (level === top) {
        this.root = node;
        continue;
      }
      const parent = this.pathNode[level + 1];
      this.words[parent >>> SEGMENT_SHIFT][wordBase(parent) + INNER_CHILDREN + this.pathIndex[level + 1]] =
        node;
    }
    this.save();
  }

  // --- walking down -------------------------------------------------------------------------------------------------

  private wantEntry(score: number, record: number): void {
    const segment = record >>> SEGMENT_SHIFT;
    const base = (record & OFFSET_MASK) << 4;
    const i32 = this.words[segment];
    this.mode = BY_ENTRY;
    this.wantedScore = score;
    this.wantedBytes = this.arena.u8[segment];
    this.wantedWords = i32;
    this.wantedStart = base + keyOffset(i32[base >>> 2]);
    this.wantedEnd = this.wantedStart + keyLength(i32, base);
  }

  private wantedRank(): number {
    if (this.root === 0) return 0;
    this.descend();
    let rank = this.pathIndex[0];
    const top = this.levelOf(this.root);
    for (let level = 1; level <= top; level++) {
      const node = this.pathNode[level];
      const words = this.words[node >>> SEGMENT_SHIFT];
      const counts = wordBase(node) + INNER_COUNTS;
      for (let i = this.pathIndex[level] - 1; i >= 0; i--) rank += words[counts + i];
    }
    return rank;
  }

  /**
   * Walks to the leaf and index of the first entry that is not before what is wanted. The index may be one past the leaf's last entry:
   * then everything in the leaf is before, and what is wanted belongs at its end, or is the first of the next leaf.
   */
  private descend(): number {
    let node = this.root;
    for (let level = this.levelOf(node); level > 0; level--) {
      const index = this.lowerBound(node, 1, INNER_RECORDS) - 1;
      this.pathNode[level] = node;
      this.pathIndex[level] = index;
      node = this.words[node >>> SEGMENT_SHIFT][wordBase(node) + INNER_CHILDREN + index];
    }
    this.pathNode[0] = node;
    this.pathIndex[0] = this.lowerBound(node, 0, LEAF_RECORDS);
    return node;
  }

  /** The first index from `low` on whose key is not before what is wanted; the node's count when all are. */
  private lowerBound(node: number, low: number, records: number): number {
    const scores = this.doubles[node >>> SEGMENT_SHIFT];
    const scoresAt = doubleBase(node) + SCORES;
    const words = this.words[node >>> SEGMENT_SHIFT];
    const recordsAt = wordBase(node) + records;
    let high = words[wordBase(node) + COUNT];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.isBefore(scores[scoresAt + middle], words[recordsAt + middle])) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private isBefore(score: number, record: number): boolean {
    const mode = this.mode;
    if (mode <= ABOVE_SCORE) {
      if (score !== this.wantedScore) return score < this.wantedScore;
      return mode === BY_ENTRY ? this.compareMember(record) < 0 : mode === ABOVE_SCORE;
    }
    const order = this.compareMember(record);
    return order < 0 || (order === 0 && mode === ABOVE_MEMBER);
  }

  private compareMember(record: number): number {
    const segment = record >>> SEGMENT_SHIFT;
    const base = (record & OFFSET_MASK) << 4;
    const i32 = this.words[segment];
    const start = base + keyOffset(i32[base >>> 2]);
    const end = start + keyLength(i32, base);
    const same = this.mode === BY_ENTRY ? this.sameWords(i32, start, end) << 2 : 0;
    return compareBytes(
      this.arena.u8[segment],
      start + same,
      end,
      this.wantedBytes,
      this.wantedStart + same,
      this.wantedEnd,
    );
  }

  /** How many words two keys of records begin with that are the same: members often share a long prefix. Keys begin at a word. */
  private sameWords(words: Int32Array, start: number, end: number): number {
    const wanted = this.wantedWords;
    const until = Math.min(end - start, this.wantedEnd - this.wantedStart) >>> 2;
    const a = start >>> 2;
    const b = this.wantedStart >>> 2;
    let i = 0;
    while (i < until && words[a + i] === wanted[b + i]) i++;
    return i;
  }

  // --- adding -------------------------------------------------------------------------------------------------------

  /** Adds a record that is not in the tree with this score. */
  insert(score: number, record: number): void {
    if (this.root === 0) this.root = this.newNode(0);
    this.wantEntry(score, record);
    let leaf = this.descend();
    if (this.countOf(leaf) === LEAF_MAX) {
      this.splitPath();
      leaf = this.descend();
    }
    const words = this.words[leaf >>> SEGMENT_SHIFT];
    const scores = this.doubles[leaf >>> SEGMENT_SHIFT];
    const index = this.pathIndex[0];
    const count = words[wordBase(leaf) + COUNT];
    const scoresAt = doubleBase(leaf) + SCORES;
    const recordsAt = wordBase(leaf) + LEAF_RECORDS;
    if (index < count) {
      scores.copyWithin(scoresAt + index + 1, scoresAt + index, scoresAt + count);
      words.copyWithin(recordsAt + index + 1, recordsAt + index, recordsAt + count);
    }
    scores[scoresAt + index] = score;
    words[recordsAt + index] = record;
    words[wordBase(leaf) + COUNT] = count + 1;
    this.addToCounts(1);
    this.count++;
    if (index === 0) this.refreshKeys(0);
    this.save();
  }

  /** Gives a record that is in the tree with `oldScore` another score. Throws ArenaFullError, and then has changed nothing. */
  update(oldScore: number, record: number, score: number): void {
    this.wantEntry(oldScore, record);
    const leaf = this.descend();
    const index = this.pathIndex[0];
    // Within its leaf and still between its neighbours, the entry stays where it is.
    if (index > 0 && index < this.countOf(leaf) - 1) {
      const scores = this.doubles[leaf >>> SEGMENT_SHIFT];
      const at = doubleBase(leaf) + SCORES + index;
      if (scores[at - 1] < score && score < scores[at + 1]) {
        scores[at] = score;
        return;
      }
    }
    this.insert(score, record);
    this.remove(oldScore, record);
  }

  /** Adds `change` to the counts along the path. */
  private addToCounts(change: number): void {
    const top = this.levelOf(this.root);
    for (let level = 1; level <= top; level++) {
      const node = this.pathNode[level];
      this.words[node >>> SEGMENT_SHIFT][wordBase(node) + INNER_COUNTS + this.pathIndex[level]] += change;
    }
  }

  /** The path's node at `level` has another first entry: says so in the nodes above, as far up as it is their first, too. */
  private refreshKeys(level: number): void {
    const top = this.levelOf(this.root);
    for (; level < top; level++) {
      const index = this.pathIndex[level + 1];
      this.copyKey(this.pathNode[level], this.pathNode[level + 1], index);
      if (index !== 0) return;
    }
  }

  /** Makes the first key of `child` the key of item `index` of `parent`. */
  private copyKey(child: number, parent: number, index: number): void {
    const childWords = this.words[child >>> SEGMENT_SHIFT];
    const records = childWords[wordBase(child) + LEVEL] === 0 ? LEAF_RECORDS : INNER_RECORDS;
    const score = this.doubles[child >>> SEGMENT_SHIFT][doubleBase(child) + SCORES];
    this.doubles[parent >>> SEGMENT_SHIFT][doubleBase(parent) + SCORES + index] = score;
    this.words[parent >>> SEGMENT_SHIFT][wordBase(parent) + INNER_RECORDS + index] =
      childWords[wordBase(child) + records];
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
    this.copyKey(this.root, root, 0);
    this.root = root;
    this.pathNode[level] = root;
    this.pathIndex[level] = 0;
    this.save();
  }

  /** Splits the path's node at `level`, whose parent has room, and lets the path go on into the right half where it leads there. */
  private splitChild(level: number): void {
    const left = this.pathNode[level];
    const parent = this.pathNode[level + 1];
    const index = this.pathIndex[level + 1];
    const right = this.newNode(level);
    const count = this.countOf(left);
    // What comes in order leaves full nodes behind.
    const appends = this.pathIndex[level] >= count - 1 && this.isLast(level + 1);
    const kept = appends ? count - 1 : count >>> 1;
    this.copyItems(left, kept, right, 0, count - kept, level);
    this.setCount(left, kept);
    this.setCount(right, count - kept);
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

  /** Puts a child and its key into an inner node that has room. */
  private insertChild(parent: number, index: number, child: number, entries: number): void {
    const words = this.words[parent >>> SEGMENT_SHIFT];
    const base = wordBase(parent);
    const count = words[base + COUNT];
    this.moveChildren(parent, index, index + 1, count - index);
    words[base + COUNT] = count + 1;
    words[base + INNER_CHILDREN + index] = child;
    words[base + INNER_COUNTS + index] = entries;
    this.copyKey(child, parent, index);
  }

  // --- removing -----------------------------------------------------------------------------------------------------

  /** Takes out the entry of this record; false when it is not there with this score. */
  remove(score: number, record: number): boolean {
    if (this.root === 0) return false;
    this.wantEntry(score, record);
    const leaf = this.descend();
    if (this.pathIndex[0] === this.countOf(leaf) && !this.stepToNextLeaf()) return false;
    if (this.record !== record || this.score !== score) return false;
    this.removeAtPath(1);
    return true;
  }

  /**
   * Takes out entries from `rank` on, at most `max` and none beyond its leaf, and appends their records to `out`. Returns how many, at
   * least one if there is an entry of this rank.
   */
  removeRun(rank: number, max: number, out: AddressList): number {
    this.seek(rank);
    const leaf = this.pathNode[0];
    const from = this.pathIndex[0];
    const n = Math.min(max, this.countOf(leaf) - from);
    const words = this.words[leaf >>> SEGMENT_SHIFT];
    const recordsAt = wordBase(leaf) + LEAF_RECORDS + from;
    for (let i = 0; i < n; i++) out.push(words[recordsAt + i]);
    this.removeAtPath(n);
    return n;
  }

  /** Takes out the first entries, whole leaves at a time, until at least `entries` are gone; true when nothing is left. Looks at no record. */
  drain(entries: number): boolean {
    let left = entries;
    while (left > 0 && this.count > 0) {
      this.seek(0);
      const n = this.countOf(this.pathNode[0]);
      left -= n;
      this.removeAtPath(n);
    }
    return this.count === 0;
  }

  /** Takes `n` entries of the path's leaf from the path's index on out. */
  private removeAtPath(n: number): void {
    const leaf = this.pathNode[0];
    const words = this.words[leaf >>> SEGMENT_SHIFT];
    const scores = this.doubles[leaf >>> SEGMENT_SHIFT];
    const base = wordBase(leaf);
    const index = this.pathIndex[0];
    const count = words[base + COUNT];
    const scoresAt = doubleBase(leaf) + SCORES;
    const recordsAt = base + LEAF_RECORDS;
    if (index + n < count) {
      scores.copyWithin(scoresAt + index, scoresAt + index + n, scoresAt + count);
      words.copyWithin(recordsAt + index, recordsAt + index + n, recordsAt + count);
    }
    words[base + COUNT] = count - n;
    this.count -= n;
    this.addToCounts(-n);
    if (count === n) {
      this.removeNode(0);
    } else {
      if (index === 0) this.refreshKeys(0);
      if (count - n < LEAF_MAX >>> 2) this.mergeAtPath(0, LEAF_MAX);
    }
    this.save();
  }

  /** Frees the path's node at `level`, which holds nothing any more, and takes it out of its parent. */
  private removeNode(level: number): void {
    const node = this.pathNode[level];
    this.freeNode(node);
    if (node === this.root) this.root = 0;
    else this.removeChildAtPath(level + 1);
  }

  /** Takes the path's child out of the inner node at `level`, and lets that node shrink in turn. */
  private removeChildAtPath(level: number): void {
    const node = this.pathNode[level];
    const index = this.pathIndex[level];
    const count = this.countOf(node) - 1;
    this.setCount(node, count);
    this.moveChildren(node, index + 1, index, count - index);
    if (count === 0) {
      this.removeNode(level);
      return;
    }
    if (index === 0) this.refreshKeys(level);
    if (node === this.root) this.dropRootsWithOneChild();
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
    const rightCount = this.countOf(right);
    const leftCount = this.countOf(left);
    this.copyItems(right, 0, left, leftCount, rightCount, level);
    this.setCount(left, leftCount + rightCount);
    const counts = wordBase(parent) + INNER_COUNTS + index;
    const parentWords = this.words[parent >>> SEGMENT_SHIFT];
    parentWords[counts - 1] += parentWords[counts];
    this.freeNode(right);
    this.removeChildAtPath(level + 1);
  }

  // --- checking -----------------------------------------------------------------------------------------------------

  /** What is wrong with the tree, for tests; '' when nothing is. Takes time by the entry. */
  audit(): string {
    if (this.root === 0) return this.count === 0 && this.nodes === 0 ? '' : 'an empty tree counts something';
    const wrong = this.auditNode(this.root, this.levelOf(this.root));
    if (wrong !== '') return wrong;
    const entries = this.entriesOf(this.root, this.levelOf(this.root));
    return entries === this.count ? '' : `${entries} entries, ${this.count} counted`;
  }

  private auditNode(node: number, level: number): string {
    const count = this.countOf(node);
    if (this.levelOf(node) !== level) return `level ${this.levelOf(node)} where ${level} belongs`;
    if (count < 1 || count > (level === 0 ? LEAF_MAX : INNER_MAX)) return `a node of ${count} items`;
    const records = wordBase(node) + (level === 0 ? LEAF_RECORDS : INNER_RECORDS);
    const words = this.words[node >>> SEGMENT_SHIFT];
    const scores = this.doubles[node >>> SEGMENT_SHIFT];
    const scoresAt = doubleBase(node) + SCORES;
    for (let i = 0; i < count; i++) {
      this.wantEntry(scores[scoresAt + i], words[records + i]);
      if (i > 0 && !this.isBefore(scores[scoresAt + i - 1], words[records + i - 1])) return 'out of order';
      if (level === 0) continue;
      const child = this.childOf(node, i);
      const wrong = this.auditNode(child, level - 1);
      if (wrong !== '') return wrong;
      const childRecords = wordBase(child) + (level === 1 ? LEAF_RECORDS : INNER_RECORDS);
      if (this.words[child >>> SEGMENT_SHIFT][childRecords] !== words[records + i])
        return 'a key is not exact';
      const entries = words[wordBase(node) + INNER_COUNTS + i];
      if (entries !== this.entriesOf(child, level - 1)) return 'a count is wrong';
    }
    return '';
  }

  // --- nodes --------------------------------------------------------------------------------------------------------

  /** Copies leaf entries or inner items to another node. */
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
    const fromScores = this.doubles[from >>> SEGMENT_SHIFT];
    const toScores = this.doubles[to >>> SEGMENT_SHIFT];
    const fromScoresAt = doubleBase(from) + SCORES + fromIndex;
    const toScoresAt = doubleBase(to) + SCORES + toIndex;
    const records = level === 0 ? LEAF_RECORDS : INNER_RECORDS;
    const fromAt = wordBase(from) + records + fromIndex;
    const toAt = wordBase(to) + records + toIndex;
    for (let i = 0; i < n; i++) {
      toScores[toScoresAt + i] = fromScores[fromScoresAt + i];
      toWords[toAt + i] = fromWords[fromAt + i];
    }
    if (level === 0) return;
    for (let i = 0; i < n; i++) {
      toWords[toAt + INNER_MAX + i] = fromWords[fromAt + INNER_MAX + i];
      toWords[toAt + 2 * INNER_MAX + i] = fromWords[fromAt + 2 * INNER_MAX + i];
    }
  }

  /** Moves n items of an inner node from one index to another. */
  private moveChildren(node: number, from: number, to: number, n: number): void {
    if (n <= 0) return;
    const words = this.words[node >>> SEGMENT_SHIFT];
    const scores = this.doubles[node >>> SEGMENT_SHIFT];
    const scoresAt = doubleBase(node) + SCORES;
    scores.copyWithin(scoresAt + to, scoresAt + from, scoresAt + from + n);
    let at = wordBase(node) + INNER_RECORDS;
    words.copyWithin(at + to, at + from, at + from + n);
    at += INNER_MAX;
    words.copyWithin(at + to, at + from, at + from + n);
    at += INNER_MAX;
    words.copyWithin(at + to, at + from, at + from + n);
  }

  private levelOf(node: number): number {
    return this.words[node >>> SEGMENT_SHIFT][wordBase(node) + LEVEL];
  }

  private countOf(node: number): number {
    return this.words[node >>> SEGMENT_SHIFT][wordBase(node) + COUNT];
  }

  private setCount(node: number, count: number): void {
    this.words[node >>> SEGMENT_SHIFT][wordBase(node) + COUNT] = count;
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

  private newNode(level: number): number {
    const node = this.arena.allocate(NODE_BYTES);
    const words = this.words[node >>> SEGMENT_SHIFT];
    const base = wordBase(node);
    words[base + COUNT] = 0;
    words[base + LEVEL] = level;
    this.nodes++;
    this.save();
    return node;
  }

  private freeNode(node: number): void {
    this.arena.free(node);
    this.nodes--;
  }
}

function wordBase(node: number): number {
  return (node & OFFSET_MASK) << 2;
}

function doubleBase(node: number): number {
  return (node & OFFSET_MASK) << 1;
}
