// An order of 128-bit ids, each with an address: a B+-tree in the arena. The blocks of a stream by the id of their first entry, and the
// pending entries of its groups and consumers.
//
// Ids mostly come in order and go in order, so what is appended leaves full nodes behind, and an entry takes 20 to 21 bytes.
//
//     node     | head, 16 B: count, level, capacity, - | entries: up to 50 x (id: 4 words, address or child: 1 word) |
//     holder   three words of whoever owns the tree: root | entries | granules of all nodes
//
// A tree that is only a leaf has a small one (CAPACITIES): many streams have a single block. The words of a tree lie in its owner's
// structure, which must not move while an object is attached to it. The id of an inner node's item is not above any below its child,
// and above all below the child before; that of its first item does not count. So it need not change when entries are removed.
//
// One object is attached to whichever tree is worked on; nothing about a tree is kept in it but where it is, so two may be attached to one.
// A walk notes its way in a path, which is also the cursor: any change by another object or by insert() makes it invalid. Nothing here
// allocates on the JS heap. insert() may throw ArenaFullError; the entries are then as they were.

import { Id128, readId, writeIdWords } from '../base/id128.ts';
import { GRANULE_SHIFT, GRANULE_SIZE, OFFSET_MASK, SEGMENT_SHIFT } from './address.ts';
import type { AddressList } from './address-list.ts';
import type { Arena } from './arena.ts';
import type { Mover } from './mover.ts';

/** Words from a node's start. */
const COUNT = 0;
const LEVEL = 1;
const CAPACITY = 2;
const ENTRIES = 4;
/** Words of an entry, and where in it the address is. */
const ENTRY = 5;
const VALUE = 4;

/** Room of a leaf that is the whole tree; the last is that of every other node. */
const CAPACITIES = [2, 5, 12, 24, 50];
const MAX = 50;

/** Words of the holder; the bytes are counted in granules, so that they fit. */
const ROOT = 0;
const TOTAL = 1;
const GRANULES = 2;
/** How many words a holder takes. */
export const HOLDER_WORDS = 3;

/** Levels of a tree that is as sparse as can be and fills the arena. */
const HEIGHT_MAX = 16;
const SIGN = 0x80000000 | 0;

export class IdTree {
  // `declare`: a field that is first defined as undefined loses its known type, and each use then checks it.
  declare private readonly arena: Arena;
  declare private readonly words: Int32Array[];
  private holderSegment = 0;
  private holderAt = 0;
  private readonly pathNode = new Int32Array(HEIGHT_MAX);
  private readonly pathIndex = new Int32Array(HEIGHT_MAX);
  /** What is looked for, its words with the sign bit turned so that they compare as unsigned. */
  private wanted0 = 0;
  private wanted1 = 0;
  private wanted2 = 0;
  private wanted3 = 0;

  constructor(arena: Arena) {
    this.arena = arena;
    this.words = arena.i32;
  }

  /** Makes this object be the tree whose holder is at word `word` of the cell at `address`. Words of 0 are an empty tree. */
  attach(address: number, word: number): this {
    this.holderSegment = address >>> SEGMENT_SHIFT;
    this.holderAt = wordBase(address) + word;
    return this;
  }

  /** Whether this object is for trees of this arena. */
  isOf(arena: Arena): boolean {
    return this.arena === arena;
  }

  get count(): number {
    return this.words[this.holderSegment][this.holderAt + TOTAL];
  }

  /** Arena bytes of all nodes. */
  get bytes(): number {
    return this.words[this.holderSegment][this.holderAt + GRANULES] * GRANULE_SIZE;
  }

  private get root(): number {
    return this.words[this.holderSegment][this.holderAt + ROOT];
  }

  private set root(node: number) {
    this.words[this.holderSegment][this.holderAt + ROOT] = node;
  }

  private add(word: number, by: number): void {
    this.words[this.holderSegment][this.holderAt + word] += by;
  }

  // --- finding ------------------------------------------------------------------------------------------------------

  /** The address of this id, or 0; the cursor is then at it. */
  find(id: Id128): number {
    if (!this.seek(id)) return 0;
    this.readKey(found);
    const same =
      found.seqLo === id.seqLo &&
      found.seqHi === id.seqHi &&
      found.msLo === id.msLo &&
      found.msHi === id.msHi;
    return same ? this.value : 0;
  }

  /** Puts the cursor on the first entry that is not before `id`; false when there is none. */
  seek(id: Id128): boolean {
    if (this.root === 0) return false;
    this.want(id);
    const leaf = this.descend();
    return this.pathIndex[0] < this.countOf(leaf) || this.stepToNextLeaf();
  }

  /** Puts the cursor on the last entry that is not after `id`; false when there is none. */
  seekUntil(id: Id128): boolean {
    if (this.root === 0) return false;
    this.want(id);
    const leaf = this.descend();
    const index = this.pathIndex[0];
    if (index < this.countOf(leaf) && !this.isAfter(leaf, index)) return true;
    return this.previous();
  }

  /** Puts the cursor on the first entry; false when there is none. */
  first(): boolean {
    return this.goToEnd(false);
  }

  /** Puts the cursor on the last entry; false when there is none. */
  last(): boolean {
    return this.goToEnd(true);
  }

  private goToEnd(last: boolean): boolean {
    let node = this.root;
    if (node === 0) return false;
    for (let level = this.levelOf(node); ; level--) {
      const index = last ? this.countOf(node) - 1 : 0;
      this.pathNode[level] = node;
      this.pathIndex[level] = index;
      if (level === 0) return true;
      node = this.valueAt(node, index);
    }
  }

  /** The address under the cursor. */
  get value(): number {
    return this.valueAt(this.pathNode[0], this.pathIndex[0]);
  }

  /** Gives the id under the cursor another address. */
  setValue(value: number): void {
    const leaf = this.pathNode[0];
    this.words[leaf >>> SEGMENT_SHIFT][entryAt(leaf, this.pathIndex[0]) + VALUE] = value;
  }

  /** The id under the cursor. */
  readKey(to: Id128): void {
    const leaf = this.pathNode[0];
    readId(this.words[leaf >>> SEGMENT_SHIFT], entryAt(leaf, this.pathIndex[0]), to);
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
      const child = this.valueAt(this.pathNode[level], this.pathIndex[level]);
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
      this.pathNode[level - 1] = this.valueAt(this.pathNode[level], this.pathIndex[level]);
      this.pathIndex[level - 1] = 0;
    }
    return true;
  }

  /**
   * Lets nodes move, `limit` leaves from leaf number `from` (0 to begin) on and the nodes above them. `visit` is called with the cursor on each
   * entry, and says where what it names is from now on. Returns the number to go on with, 0 when all is done.
   */
  relocate(mover: Mover, from: number, limit: number, visit: (value: number) => number): number {
    if (!this.first()) return 0;
    for (let i = 0; i < from; i++) if (!this.stepToNextLeaf()) return 0;
    for (let i = 0; i < limit; i++) {
      this.relocatePath(mover);
      const leaf = this.pathNode[0];
      const count = this.countOf(leaf);
      for (let index = 0; index < count; index++) {
        this.pathIndex[0] = index;
        this.setValue(visit(this.value));
      }
      if (!this.stepToNextLeaf()) return 0;
    }
    return from + limit;
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
      this.words[parent >>> SEGMENT_SHIFT][entryAt(parent, this.pathIndex[level + 1]) + VALUE] = node;
    }
  }

  // --- walking down -------------------------------------------------------------------------------------------------

  private want(id: Id128): void {
    this.wanted0 = id.msHi ^ SIGN;
    this.wanted1 = id.msLo ^ SIGN;
    this.wanted2 = id.seqHi ^ SIGN;
    this.wanted3 = id.seqLo ^ SIGN;
  }

  /** Walks to the leaf and index of the first entry that is not before what is wanted; the index may be one past the leaf's last. */
  private descend(): number {
    let node = this.root;
    for (let level = this.levelOf(node); level > 0; level--) {
      let low = 1;
      let high = this.countOf(node);
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (this.isAfter(node, middle)) high = middle;
        else low = middle + 1;
      }
      this.pathNode[level] = node;
      this.pathIndex[level] = low - 1;
      node = this.valueAt(node, low - 1);
    }
    let low = 0;
    let high = this.countOf(node);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.isBefore(node, middle)) low = middle + 1;
      else high = middle;
    }
    this.pathNode[0] = node;
    this.pathIndex[0] = low;
    return node;
  }

  /** Whether an entry's id is before what is wanted. */
  private isBefore(node: number, index: number): boolean {
    const words = this.words[node >>> SEGMENT_SHIFT];
    const at = entryAt(node, index);
    let word = words[at] ^ SIGN;
    if (word !== this.wanted0) return word < this.wanted0;
    word = words[at + 1] ^ SIGN;
    if (word !== this.wanted1) return word < this.wanted1;
    word = words[at + 2] ^ SIGN;
    if (word !== this.wanted2) return word < this.wanted2;
    return (words[at + 3] ^ SIGN) < this.wanted3;
  }

  /** Whether an entry's id is after what is wanted. */
  private isAfter(node: number, index: number): boolean {
    const words = this.words[node >>> SEGMENT_SHIFT];
    const at = entryAt(node, index);
    let word = words[at] ^ SIGN;
    if (word !== this.wanted0) return word > this.wanted0;
    word = words[at + 1] ^ SIGN;
    if (word !== this.wanted1) return word > this.wanted1;
    word = words[at + 2] ^ SIGN;
    if (word !== this.wanted2) return word > this.wanted2;
    return (words[at + 3] ^ SIGN) > this.wanted3;
  }

  // --- adding -------------------------------------------------------------------------------------------------------

  /** Adds an id that is not in the tree. The cursor is at it then. */
  insert(id: Id128, value: number): void {
    if (this.root === 0) this.root = this.newNode(0, CAPACITIES[0]);
    this.want(id);
    let leaf = this.descend();
    if (this.isFull(leaf)) {
      if (this.capacityOf(leaf) < MAX) {
        leaf = this.growOnlyLeaf(leaf);
      } else {
        this.splitPath();
        leaf = this.descend();
      }
    }
    const index = this.pathIndex[0];
    this.openGap(leaf, index);
    const words = this.words[leaf >>> SEGMENT_SHIFT];
    const at = entryAt(leaf, index);
    writeIdWords(id, words, at);
    words[at + VALUE] = value;
    this.add(TOTAL, 1);
  }

  /** Makes room for one more item at `index` of a node that is not full. */
  private openGap(node: number, index: number): void {
    const words = this.words[node >>> SEGMENT_SHIFT];
    const count = this.countOf(node);
    const at = entryAt(node, index);
    if (index < count) words.copyWithin(at + ENTRY, at, entryAt(node, count));
    words[wordBase(node) + COUNT] = count + 1;
  }

  /** The same leaf, which is the whole tree, with more room. */
  private growOnlyLeaf(leaf: number): number {
    const capacity = this.capacityOf(leaf);
    const grown = this.newNode(0, CAPACITIES[CAPACITIES.indexOf(capacity) + 1]);
    this.copyItems(leaf, 0, grown, 0, capacity);
    this.setCount(grown, capacity);
    this.freeNode(leaf);
    this.root = grown;
    this.pathNode[0] = grown;
    return grown;
  }

  /** Splits the full nodes of the path, from the highest down to the leaf, so that each finds room in its parent. */
  private splitPath(): void {
    const top = this.levelOf(this.root);
    let highest = 0;
    while (highest < top && this.isFull(this.pathNode[highest + 1])) highest++;
    if (highest === top) this.addRoot();
    for (let level = highest; level >= 0; level--) this.splitChild(level);
  }

  /** Puts a new root with the old one as its only child on top of the path. */
  private addRoot(): void {
    const level = this.levelOf(this.root) + 1;
    const root = this.newNode(level, MAX);
    this.putChild(root, 0, this.root);
    this.setCount(root, 1);
    this.root = root;
    this.pathNode[level] = root;
    this.pathIndex[level] = 0;
  }

  /** Splits the path's node at `level`, whose parent has room, and lets the path go on into the right half where it leads there. */
  private splitChild(level: number): void {
    const left = this.pathNode[level];
    const right = this.newNode(level, MAX);
    const count = this.countOf(left);
    // What comes in order leaves full nodes behind.
    const appends = this.pathIndex[level] >= count - 1 && this.isLast(level + 1);
    const kept = appends ? count - 1 : count >>> 1;
    this.copyItems(left, kept, right, 0, count - kept);
    this.setCount(left, kept);
    this.setCount(right, count - kept);
    const parent = this.pathNode[level + 1];
    const index = this.pathIndex[level + 1] + 1;
    this.openGap(parent, index);
    this.putChild(parent, index, right);
    if (this.pathIndex[level] >= kept) {
      this.pathNode[level] = right;
      this.pathIndex[level] -= kept;
      this.pathIndex[level + 1] = index;
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

  /** Makes item `index` of an inner node name `child`, under the child's first id. */
  private putChild(parent: number, index: number, child: number): void {
    const words = this.words[parent >>> SEGMENT_SHIFT];
    const from = this.words[child >>> SEGMENT_SHIFT];
    const at = entryAt(parent, index);
    const first = entryAt(child, 0);
    for (let i = 0; i < VALUE; i++) words[at + i] = from[first + i];
    words[at + VALUE] = child;
  }

  // --- removing -----------------------------------------------------------------------------------------------------

  /** Takes out the entry of this id and returns its address; 0 when it is not there. */
  remove(id: Id128): number {
    const value = this.find(id);
    if (value !== 0) this.removeAtPath(1);
    return value;
  }

  /** Takes out the entry under the cursor, which is of no use then. */
  removeHere(): void {
    this.removeAtPath(1);
  }

  /** Takes out all entries of the first leaf and appends their addresses to `out`. False when the tree is empty. */
  takeLeaf(out: AddressList): boolean {
    if (!this.first()) return false;
    const leaf = this.pathNode[0];
    const count = this.countOf(leaf);
    for (let i = 0; i < count; i++) out.push(this.valueAt(leaf, i));
    this.removeAtPath(count);
    return true;
  }

  /** Frees all nodes; what the entries name stays. Takes time by the leaf. */
  clear(): void {
    while (this.first()) this.removeAtPath(this.countOf(this.pathNode[0]));
  }

  /** Takes `n` entries of the path's leaf from the path's index on out. */
  private removeAtPath(n: number): void {
    const leaf = this.pathNode[0];
    const words = this.words[leaf >>> SEGMENT_SHIFT];
    const index = this.pathIndex[0];
    const count = this.countOf(leaf);
    if (index + n < count) {
      words.copyWithin(entryAt(leaf, index), entryAt(leaf, index + n), entryAt(leaf, count));
    }
    this.setCount(leaf, count - n);
    this.add(TOTAL, -n);
    if (count === n) this.removeNode(0);
    else if (count - n < MAX >>> 2) this.mergeAtPath(0);
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
    const count = this.countOf(node);
    const words = this.words[node >>> SEGMENT_SHIFT];
    words.copyWithin(entryAt(node, index), entryAt(node, index + 1), entryAt(node, count));
    this.setCount(node, count - 1);
    if (count === 1) this.removeNode(level);
    else if (node === this.root) this.dropRootsWithOneChild();
    else if (count - 1 < MAX >>> 2) this.mergeAtPath(level);
  }

  private dropRootsWithOneChild(): void {
    while (this.levelOf(this.root) > 0 && this.countOf(this.root) === 1) {
      const child = this.valueAt(this.root, 0);
      this.freeNode(this.root);
      this.root = child;
    }
  }

  /** Joins the path's node at `level` with a neighbour under the same parent, if the two fill at most three quarters. */
  private mergeAtPath(level: number): void {
    if (this.pathNode[level] === this.root) return;
    const parent = this.pathNode[level + 1];
    const index = this.pathIndex[level + 1];
    const count = this.countOf(this.pathNode[level]);
    const limit = (MAX * 3) >>> 2;
    if (index + 1 < this.countOf(parent) && count + this.countOf(this.valueAt(parent, index + 1)) <= limit) {
      this.pathIndex[level + 1] = index + 1;
    } else if (index === 0 || count + this.countOf(this.valueAt(parent, index - 1)) > limit) {
      return;
    }
    this.mergeIntoLeft(level);
  }

  /** Moves all items of the parent's child at the path's index into the child before it. */
  private mergeIntoLeft(level: number): void {
    const parent = this.pathNode[level + 1];
    const index = this.pathIndex[level + 1];
    const right = this.valueAt(parent, index);
    const left = this.valueAt(parent, index - 1);
    const rightCount = this.countOf(right);
    const leftCount = this.countOf(left);
    this.copyItems(right, 0, left, leftCount, rightCount);
    this.setCount(left, leftCount + rightCount);
    if (level > 0) {
      // The first id of an inner node did not count where it was; here it separates.
      const words = this.words[left >>> SEGMENT_SHIFT];
      const from = this.words[parent >>> SEGMENT_SHIFT];
      const at = entryAt(left, leftCount);
      const key = entryAt(parent, index);
      for (let i = 0; i < VALUE; i++) words[at + i] = from[key + i];
    }
    this.freeNode(right);
    this.removeChildAtPath(level + 1);
  }

  // --- checking -----------------------------------------------------------------------------------------------------

  /** What is wrong with the tree, for tests; '' when nothing is. Takes time by the entry. */
  audit(): string {
    if (this.root === 0) return this.count === 0 && this.bytes === 0 ? '' : 'an empty tree counts something';
    const totals = { entries: 0, bytes: 0 };
    const wrong = this.auditNode(this.root, this.levelOf(this.root), totals);
    if (wrong !== '') return wrong;
    if (totals.bytes !== this.bytes) return `${totals.bytes} bytes, ${this.bytes} counted`;
    return totals.entries === this.count ? '' : `${totals.entries} entries, ${this.count} counted`;
  }

  private auditNode(node: number, level: number, totals: { entries: number; bytes: number }): string {
    const count = this.countOf(node);
    if (this.levelOf(node) !== level) return `level ${this.levelOf(node)} where ${level} belongs`;
    if (count < 1 || count > this.capacityOf(node)) return `a node of ${count} items`;
    if (node !== this.root && this.capacityOf(node) !== MAX) return 'a small node that is not alone';
    totals.bytes += this.arena.sizeOf(node);
    if (level === 0) totals.entries += count;
    for (let i = level === 0 ? 1 : 2; i < count; i++) {
      this.wantEntry(node, i);
      if (!this.isBefore(node, i - 1)) return 'out of order';
    }
    for (let i = 0; level > 0 && i < count; i++) {
      const wrong = this.auditChild(node, i, level, totals);
      if (wrong !== '') return wrong;
    }
    return '';
  }

  private auditChild(
    node: number,
    index: number,
    level: number,
    totals: { entries: number; bytes: number },
  ): string {
    const child = this.valueAt(node, index);
    const first = level === 1 ? 0 : 1;
    if (index > 0 && this.countOf(child) > first) {
      this.wantEntry(node, index);
      if (this.isBefore(child, first)) return 'an id below what separates';
    }
    if (index + 1 < this.countOf(node)) {
      this.wantEntry(node, index + 1);
      const last = this.countOf(child) - 1;
      if (last >= first && !this.isBefore(child, last)) return 'an id not below what separates';
    }
    return this.auditNode(child, level - 1, totals);
  }

  private wantEntry(node: number, index: number): void {
    readId(this.words[node >>> SEGMENT_SHIFT], entryAt(node, index), found);
    this.want(found);
  }

  // --- nodes --------------------------------------------------------------------------------------------------------

  private copyItems(from: number, fromIndex: number, to: number, toIndex: number, n: number): void {
    const source = this.words[from >>> SEGMENT_SHIFT];
    const target = this.words[to >>> SEGMENT_SHIFT];
    let at = entryAt(from, fromIndex);
    let toAt = entryAt(to, toIndex);
    for (let left = n * ENTRY; left > 0; left--) target[toAt++] = source[at++];
  }

  private valueAt(node: number, index: number): number {
    return this.words[node >>> SEGMENT_SHIFT][entryAt(node, index) + VALUE];
  }

  private levelOf(node: number): number {
    return this.words[node >>> SEGMENT_SHIFT][wordBase(node) + LEVEL];
  }

  private countOf(node: number): number {
    return this.words[node >>> SEGMENT_SHIFT][wordBase(node) + COUNT];
  }

  private capacityOf(node: number): number {
    return this.words[node >>> SEGMENT_SHIFT][wordBase(node) + CAPACITY];
  }

  private isFull(node: number): boolean {
    return this.countOf(node) === this.capacityOf(node);
  }

  private setCount(node: number, count: number): void {
    this.words[node >>> SEGMENT_SHIFT][wordBase(node) + COUNT] = count;
  }

  private newNode(level: number, capacity: number): number {
    const node = this.arena.allocate((ENTRIES + capacity * ENTRY) * 4);
    const words = this.words[node >>> SEGMENT_SHIFT];
    const base = wordBase(node);
    words[base + COUNT] = 0;
    words[base + LEVEL] = level;
    words[base + CAPACITY] = capacity;
    this.add(GRANULES, this.arena.sizeOf(node) >>> GRANULE_SHIFT);
    return node;
  }

  private freeNode(node: number): void {
    this.add(GRANULES, -(this.arena.sizeOf(node) >>> GRANULE_SHIFT));
    this.arena.free(node);
  }
}

const found = new Id128();

function wordBase(node: number): number {
  return (node & OFFSET_MASK) << 2;
}

function entryAt(node: number, index: number): number {
  return wordBase(node) + ENTRIES + index * ENTRY;
}
