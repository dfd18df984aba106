// The hash table: from a key to the address of its record, for the keyspace and for every large hash, set and sorted set.
//
// A table that doubles as a whole stops the server while it moves millions of pairs, and rehashing step by step
// makes every operation look in two tables. This one is extendible hashing: a directory of small tables ("segments"; not the
// arena's), each of which splits alone. No operation ever does more than one split.
//
//     hash (int32)        0110 1001 1010 ...
//                         \_/\________/
//                          |      |
//                          |      home slot: the 9 bits after the segment's own depth
//                          directory index: the top `globalDepth` bits
//
//     directory, globalDepth 3        segments, 512 slots each = 4 KiB in the arena
//       000 ----------------+
//       001 ----------------+------>  depth 1: all hashes 0...        slot: | hash | address |   address 0: empty
//       010 ----------------+
//       011 ----------------+
//       100 ----------------+------>  depth 2: all hashes 10..
//       101 ----------------+
//       110 ----------------------->  depth 3: all hashes 110.
//       111 ----------------------->  depth 3: all hashes 111.
//
// A directory entry is two int32s: the segment's arena address, and its shape, which is
//     bits 0-4 local depth | bits 5-9 slot bits (4 .. 9; the table has 2^bits slots) | bits 10-31 count
// The count is true only in a segment's first entry (its *canonical* one: 000, 100, 110 and 111 above); the rest of the
// shape in all.
//
// Inside a segment collisions go to the next slot, around the end (linear probing). Removal shifts back what follows,
// so there are no tombstones and a look-up ends at the first empty slot. A segment splits at 13/16 full, when the
// probes of a miss are still about a dozen neighbouring words. A table begins with 16 slots, doubles to 512, and only
// then splits. It shrinks the same way: two buddies whose joint load is below 0.3 merge, a lone segment below 3/16
// halves, and the directory halves when no segment needs its last bit. Between growing and shrinking lie hundreds of
// operations, so a count that swings around a limit does not make the table swing.
//
// A table without elements holds no arena memory.
//
// Because home slots come from the top bits of the hash, walking directory and slots in order is walking in hash
// order, whatever the depths. That is what makes scan() correct: a cursor is a position in 0 .. 2^32, independent of
// the table's shape, and each call returns all elements with hashes in [cursor, next cursor).
//
// Invariants (checked by the model test):
//   1. Between an element's home slot and its slot there is no empty slot.
//   2. Every segment has at least one empty slot.
//   3. The sum of the counts in the canonical entries is `count`.
//   4. `deepest` is the number of segments whose depth is globalDepth.
//
// Limits: depth 23. A segment of that depth that still fills up (with a keyed hash it cannot; equal hashes could)
// doubles its slots instead of splitting.
//
// Large hashes, sets and sorted sets have such tables by the million, too many for a JS object each. Theirs live in the arena whole, a
// header of 32 bytes included, and one Dict object is attached to whichever is worked on.
//
// The hash is an int32 everywhere; equal keys must come with equal hashes. Except where said, methods allocate
// nothing on the JS heap. insert() may throw ArenaFullError, and then has changed nothing. Cost: bench/micro/dict.ts.

import type { Prng } from '../base/prng.ts';
import { OFFSET_MASK, SEGMENT_SHIFT } from './address.ts';
import type { AddressList } from './address-list.ts';
import { type Arena, ArenaFullError } from './arena.ts';
import type { Mover } from './mover.ts';
import { keyEqualsIn } from './record.ts';

const SLOT_BITS_MIN = 4;
const SLOT_BITS_FULL = 9;
const SLOT_MASK_FULL = (1 << SLOT_BITS_FULL) - 1;
const DEPTH_MAX = 32 - SLOT_BITS_FULL;
/** 2^17 entries are the largest arena cell. */
const DEPTH_MAX_IN_ARENA = 17;

const PAIR_WORDS = 2;
const PAIR_BYTES = 8;
const ENTRY_WORDS = 2;
/** Of a table in the arena: count, depth, segments, deepest, table bytes, directory's cell, and the one entry of depth 0. */
export const HEADER_WORDS = 8;
const HEADER_ENTRY = 6;
/** In the place of the table bytes: the table is being drained. */
const DRAINED = -1;

const DEPTH_MASK = 31;
const SLOT_BITS_SHIFT = 5;
const SLOT_BITS_MASK = 31;
const COUNT_SHIFT = 10;
const COUNT_ONE = 1 << COUNT_SHIFT;

/** Joint elements below which two full-size buddies merge: 0.3 of 512. */
const MERGE_BELOW = 154;
/** A directory up to this depth halves as soon as it can; a larger one only when it is also sparse. */
const EAGER_HALVING_DEPTH = 8;

const HASHES = 4294967296;

/** What a segment held while it is split or merged. Every thread has its own. */
const SCRATCH_WORDS = PAIR_WORDS << SLOT_BITS_FULL;
const scratch = new Int32Array(SCRATCH_WORDS);

export class Dict {
  count = 0;
  // `declare`: a field that is first defined as undefined loses its known type, and each use then checks it.
  declare readonly arena: Arena;
  declare private readonly words: Int32Array[];
  declare private directory: Int32Array;
  /** Word index of the directory's first entry in `directory`. */
  private origin = 0;
  /** Where the state is kept while another table uses this object; 0 for a table with an object of its own. */
  private header = 0;
  private globalDepth = 0;
  private segmentCount = 0;
  private deepest = 0;
  private tableBytes = 0;
  /** Where drain() goes on: directory entry and slot. */
  private drainEntry = 0;
  private drainSlot = 0;

  constructor(arena: Arena) {
    this.arena = arena;
    this.words = arena.i32;
    this.directory = new Int32Array(ENTRY_WORDS);
  }

  /** Arena bytes of the table plus the directory's; not the records'. */
  get bytes(): number {
    return this.tableBytes + (ENTRY_WORDS << this.globalDepth) * 4;
  }

  /** The part of `bytes` that is not in the arena. */
  get directoryBytes(): number {
    return this.directory.byteLength;
  }

  // --- tables without an object of their own ----------------------------------------------------------

  /**
   * A new empty table that lives in the arena alone; returns its header. attach() makes a Dict object be it. Behind the header,
   * at word HEADER_WORDS of its cell, its owner has `ownWords` words for itself, 0 at first. Throws ArenaFullError.
   */
  static create(arena: Arena, ownWords = 0): number {
    const header = arena.allocate((HEADER_WORDS + ownWords) * 4);
    const at = (header & OFFSET_MASK) << 2;
    arena.i32[header >>> SEGMENT_SHIFT].fill(0, at, at + HEADER_WORDS + ownWords);
    return header;
  }

  /**
   * Makes this object be the table at `header`, which is then as this object leaves it after every change. Until the next attach();
   * no second object may be attached to the same table meanwhile. Some 10 ns.
   */
  attach(header: number): this {
    const words = this.words[header >>> SEGMENT_SHIFT];
    const at = (header & OFFSET_MASK) << 2;
    this.header = header;
    this.count = words[at];
    this.globalDepth = words[at + 1];
    this.segmentCount = words[at + 2];
    this.deepest = words[at + 3];
    this.tableBytes = words[at + 4];
    this.pointAt(words[at + 5]);
    const isDrained = this.tableBytes === DRAINED;
    this.drainEntry = isDrained ? this.segmentCount : 0;
    this.drainSlot = isDrained ? this.deepest : 0;
    return this;
  }

  /** Frees the table with its header; the records stay. The object is to be attached anew. */
  destroy(): void {
    this.clear();
    this.arena.free(this.header);
    this.header = 0;
  }

  /** `directory`: address of its cell, 0 for the one entry in the header. */
  private pointAt(directory: number): void {
    const cell = directory === 0 ? this.header : directory;
    this.directory = this.words[cell >>> SEGMENT_SHIFT];
    this.origin = ((cell & OFFSET_MASK) << 2) + (directory === 0 ? HEADER_ENTRY : 0);
  }

  private save(): void {
    const words = this.words[this.header >>> SEGMENT_SHIFT];
    const at = (this.header & OFFSET_MASK) << 2;
    words[at] = this.count;
    words[at + 1] = this.globalDepth;
    words[at + 2] = this.segmentCount;
    words[at + 3] = this.deepest;
    words[at + 4] = this.tableBytes;
  }

  /** save() for a table that is being drained: it says how far, in the place of what is not needed any more. */
  private saveDrained(): void {
    this.segmentCount = this.drainEntry;
    this.deepest = this.drainSlot;
    this.tableBytes = DRAINED;
    this.save();
  }

  /** Memory for a directory of 2^depth entries: a cell for a table in the arena (its address goes to the header), an array of its own else. */
  private newDirectory(depth: number): Int32Array {
    if (this.header === 0) {
      this.origin = 0;
      const directory = new Int32Array(ENTRY_WORDS << depth);
      this.arena.countOutside(directory.byteLength - this.directory.byteLength);
      return directory;
    }
    const cell = depth === 0 ? 0 : this.arena.allocate((ENTRY_WORDS << depth) * 4);
    this.words[this.header >>> SEGMENT_SHIFT][((this.header & OFFSET_MASK) << 2) + 5] = cell;
    this.pointAt(cell);
    return this.directory;
  }

  private get directoryCell(): number {
    return this.header === 0
      ? 0
      : this.words[this.header >>> SEGMENT_SHIFT][((this.header & OFFSET_MASK) << 2) + 5];
  }

  /** The deepest that segments may be: a directory in the arena is one cell. */
  private get depthMax(): number {
    return this.header === 0 ? DEPTH_MAX : DEPTH_MAX_IN_ARENA;
  }

  /** The record whose key is bytes[start, end), or 0. */
  find(hash: number, bytes: Uint8Array, start: number, end: number): number {
    if (this.count === 0) return 0;
    const directory = this.directory;
    const entry = this.origin + (((hash >>> 1) >>> (31 - this.globalDepth)) << 1);
    const segment = directory[entry];
    const shape = directory[entry + 1];
    const words = this.words[segment >>> SEGMENT_SHIFT];
    const base = (segment & OFFSET_MASK) << 2;
    const slotBits = (shape >>> SLOT_BITS_SHIFT) & SLOT_BITS_MASK;
    const wordMask = (PAIR_WORDS << slotBits) - 1;
    let at = homeOf(hash, shape) << 1;
    for (;;) {
      const address = words[base + at + 1];
      if (address === 0) return 0;
      if (words[base + at] === hash && this.hasKey(address, bytes, start, end)) return address;
      at = (at + PAIR_WORDS) & wordMask;
    }
  }

  /**
   * Reads the home slot of `hash`, so that its cache line is on its way when find() wants it. The caller must use the result in
   * some way, or the load is optimised away. Loads of many hashes in a row overlap; find() by find() each waits for its own.
   */
  touchSlot(hash: number): number {
    const entry = ((hash >>> 1) >>> (31 - this.globalDepth)) << 1;
    const segment = this.directory[this.origin + entry];
    if (segment === 0) return 0;
    const words = this.words[segment >>> SEGMENT_SHIFT];
    return words[
      ((segment & OFFSET_MASK) << 2) + (homeOf(hash, this.directory[this.origin + entry + 1]) << 1)
    ];
  }

  /** Reads the first words of the record that find() will most likely compare with: the first one of this hash. */
  touchRecord(hash: number): number {
    const entry = ((hash >>> 1) >>> (31 - this.globalDepth)) << 1;
    const segment = this.directory[this.origin + entry];
    if (segment === 0) return 0;
    const shape = this.directory[this.origin + entry + 1];
    const words = this.words[segment >>> SEGMENT_SHIFT];
    const base = (segment & OFFSET_MASK) << 2;
    const wordMask = (PAIR_WORDS << ((shape >>> SLOT_BITS_SHIFT) & SLOT_BITS_MASK)) - 1;
    let at = homeOf(hash, shape) << 1;
    while (words[base + at] !== hash) {
      if (words[base + at + 1] === 0) return 0;
      at = (at + PAIR_WORDS) & wordMask;
    }
    const address = words[base + at + 1];
    const record = this.words[address >>> SEGMENT_SHIFT];
    const word = (address & OFFSET_MASK) << 2;
    // The value of a small string begins in the next line.
    return record[word] ^ record[(word + 16) & (record.length - 1)];
  }

  /** Adds a record that is not in the table. */
  insert(hash: number, address: number): void {
    if (this.count === 0) this.addFirstSegment();
    let entry = this.canonicalEntry(hash);
    let shape = this.directory[this.origin + entry + 1];
    if (shape >>> COUNT_SHIFT >= fullAt(shape)) {
      this.makeRoom(hash, entry);
      entry = this.canonicalEntry(hash);
      shape = this.directory[this.origin + entry + 1];
    }
    const segment = this.directory[this.origin + entry];
    const base = (segment & OFFSET_MASK) << 2;
    putPair(this.words[segment >>> SEGMENT_SHIFT], base, homeOf(hash, shape), slotMask(shape), hash, address);
    this.directory[this.origin + entry + 1] = shape + COUNT_ONE;
    this.count++;
    if (this.header !== 0) this.save();
  }

  /** Says that the record at `oldAddress`, which is in the table, has moved to `newAddress`. */
  replace(hash: number, oldAddress: number, newAddress: number): void {
    this.keep(oldAddress);
    const entry = this.canonicalEntry(hash);
    const at = this.wordOf(entry, hash, oldAddress);
    if (at < 0) throw new Error('dict: replace of a record that is not there');
    this.words[this.directory[this.origin + entry] >>> SEGMENT_SHIFT][at + 1] = newAddress;
  }

  /** To be called before an element record of a table in the arena is changed in place: a snapshot may need it as it is. */
  keep(address: number): void {
    if (this.arena.keeper !== null && this.header !== 0) this.arena.keeper.keepElement(this.header, address);
  }

  /** Takes a record out of the table and leaves the record itself; false when it was not there. */
  remove(hash: number, address: number): boolean {
    if (this.count === 0) return false;
    const entry = this.canonicalEntry(hash);
    const at = this.wordOf(entry, hash, address);
    if (at < 0) return false;
    this.keep(address);
    const shape = this.directory[this.origin + entry + 1] - COUNT_ONE;
    this.directory[this.origin + entry + 1] = shape;
    if (--this.count === 0) {
      this.clear();
      return true;
    }
    this.closeGap(this.directory[this.origin + entry], shape, at);
    if (shape >>> COUNT_SHIFT < MERGE_BELOW) this.shrinkIfPossible(entry);
    if (this.header !== 0) this.save();
    return true;
  }

  /** A record with exactly this hash, or 0. With nextWithHash it visits all of them, while the table does not change. */
  firstWithHash(hash: number): number {
    if (this.count === 0) return 0;
    const entry = this.canonicalEntry(hash);
    const shape = this.directory[this.origin + entry + 1];
    return this.withHashFrom(this.directory[this.origin + entry], shape, homeOf(hash, shape), hash);
  }

  /** The one after `address`, or 0. */
  nextWithHash(hash: number, address: number): number {
    const entry = this.canonicalEntry(hash);
    const segment = this.directory[this.origin + entry];
    const shape = this.directory[this.origin + entry + 1];
    const at = this.wordOf(entry, hash, address);
    if (at < 0) return 0;
    const slot = (at - ((segment & OFFSET_MASK) << 2)) >>> 1;
    return this.withHashFrom(segment, shape, (slot + 1) & slotMask(shape), hash);
  }

  /**
   * Appends to `out` the records with the lowest hashes from `cursor` (0 to begin) on, home slot by home slot until there are
   * at least `minCount` or the table ends, and returns the cursor to go on with: a uint32, 0 when the walk is done.
   * An element that is in the table during the whole walk is returned exactly once, however the table changes between
   * calls. A call may return none and still not be done.
   */
  scan(cursor: number, minCount: number, out: AddressList): number {
    if (this.count === 0) return 0;
    const until = out.length + minCount;
    while (cursor < HASHES) {
      const entry = this.canonicalEntry(cursor | 0);
      const shape = this.directory[this.origin + entry + 1];
      const segmentSpan = HASHES / (1 << (shape & DEPTH_MASK));
      const isAtStart = cursor % segmentSpan === 0;
      if (isAtStart && shape >>> COUNT_SHIFT <= until - out.length) {
        this.appendSegment(entry, out);
        cursor += segmentSpan;
      } else {
        cursor = this.scanSlots(entry, cursor, until, out);
      }
      if (out.length >= until) break;
    }
    return cursor >= HASHES ? 0 : cursor;
  }

  /**
   * Appends all records of one segment, and their hashes to `hashes`: those at `cursor`, 0 to begin, which the call before has returned. Returns
   * the cursor to go on with, 0 when the walk is done. For a walk during which the table does not change: a good deal faster than scan().
   */
  walk(cursor: number, out: AddressList, hashes: AddressList): number {
    if (this.count === 0) return 0;
    const entry = this.canonicalEntry(cursor | 0);
    const segment = this.directory[this.origin + entry];
    const shape = this.directory[this.origin + entry + 1];
    const words = this.words[segment >>> SEGMENT_SHIFT];
    const base = (segment & OFFSET_MASK) << 2;
    const until = base + (slotMask(shape) + 1) * PAIR_WORDS;
    for (let at = base; at < until; at += PAIR_WORDS) {
      if (words[at + 1] === 0) continue;
      hashes.push(words[at]);
      out.push(words[at + 1]);
    }
    const following = cursor + HASHES / (1 << (shape & DEPTH_MASK));
    return following >= HASHES ? 0 : following;
  }

  /**
   * Keeps of a list of records, whose hashes are in the list beside it, those whose hash some record of this table has too: all others are
   * certainly not in it. Reads slots only, and one does not wait for another.
   */
  keepHashes(records: AddressList, hashes: AddressList): void {
    let kept = 0;
    for (let i = 0; i < records.length; i++) {
      const hash = hashes.addresses[i];
      if (this.firstWithHash(hash) === 0) continue;
      records.addresses[kept] = records.addresses[i];
      hashes.addresses[kept++] = hash;
    }
    records.length = kept;
    hashes.length = kept;
  }

  /** Reads the beginning of each record, so that they are on their way together. What it returns must be used (see touchSlot()). */
  touchRecords(records: AddressList): number {
    let touched = 0;
    for (let i = 0; i < records.length; i++) {
      const address = records.addresses[i];
      touched ^= this.words[address >>> SEGMENT_SHIFT][(address & OFFSET_MASK) << 2];
    }
    return touched;
  }

  /**
   * A record chosen uniformly, or 0 when there is none. A random directory entry hits a segment of depth d with probability 2^-d;
   * taking it only when it is the canonical one, of which each segment has exactly one, makes all segments
   * equally likely, and a random slot, tried again from the start when empty, makes all elements so. About three to twelve tries.
   */
  random(prng: Prng): number {
    if (this.count === 0) return 0;
    const depth = this.globalDepth;
    for (;;) {
      const index = (prng.nextInt32() >>> 1) >>> (31 - depth);
      const shape = this.directory[this.origin + index * ENTRY_WORDS + 1];
      const groupMask = (1 << (depth - (shape & DEPTH_MASK))) - 1;
      if ((index & groupMask) !== 0) continue;
      const segment = this.directory[this.origin + index * ENTRY_WORDS];
      const slot = prng.nextInt32() & slotMask(shape);
      const words = this.words[segment >>> SEGMENT_SHIFT];
      const address = words[((segment & OFFSET_MASK) << 2) + slot * PAIR_WORDS + 1];
      if (address !== 0) return address;
    }
  }

  /**
   * Notes some records, `wanted` of them where there are as many, and their hashes; returns how many. They are neighbours from a random
   * place on: in the order of hashes, so otherwise strangers. Costs little more than one cache miss, where random() costs several for each.
   * `entryDraw` and `slotDraw` are the draws for the first place, which touchSample() may have read ahead.
   */
  sample(
    prng: Prng,
    entryDraw: number,
    slotDraw: number,
    wanted: number,
    hashes: Int32Array,
    addresses: Int32Array,
  ): number {
    const until = wanted < this.count ? wanted : this.count;
    let found = 0;
    let place = entryDraw;
    let inSegment = slotDraw;
    while (found < until) {
      const entry = this.canonicalEntry(place);
      const shape = this.directory[this.origin + entry + 1];
      const segment = this.directory[this.origin + entry];
      const words = this.words[segment >>> SEGMENT_SHIFT];
      const base = (segment & OFFSET_MASK) << 2;
      const mask = slotMask(shape);
      let slot = inSegment & mask;
      for (let left = mask; left >= 0 && found < until; left--, slot = (slot + 1) & mask) {
        const at = base + slot * PAIR_WORDS;
        if (words[at + 1] === 0) continue;
        hashes[found] = words[at];
        addresses[found++] = words[at + 1];
      }
      place = prng.nextInt32();
      inSegment = prng.nextInt32();
    }
    return found;
  }

  /** Reads ahead what sample() with these draws is going to read. What it returns must be used (see touchSlot()). */
  touchSample(entryDraw: number, slotDraw: number, wanted: number): number {
    if (this.count === 0) return 0;
    const entry = this.canonicalEntry(entryDraw);
    const mask = slotMask(this.directory[this.origin + entry + 1]);
    const segment = this.directory[this.origin + entry];
    const words = this.words[segment >>> SEGMENT_SHIFT];
    const base = (segment & OFFSET_MASK) << 2;
    let touched = 0;
    let left = wanted;
    for (let slot = slotDraw & mask; left > 0 && slot <= mask; slot++) {
      const address = words[base + slot * PAIR_WORDS + 1];
      if (address === 0) continue;
      touched ^= this.words[address >>> SEGMENT_SHIFT][(address & OFFSET_MASK) << 2];
      left--;
    }
    return touched;
  }

  /**
   * Lets the segment at `cursor` (0 to begin), and unless `keepsRecords` the records in it, move. `visit` is told of every record of it, where it
   * is now. Returns the cursor to go on with, 0 when the table is done. What comes to be in the table between two calls may be left out.
   */
  relocate(
    mover: Mover,
    cursor: number,
    keepsRecords: boolean,
    visit: ((hash: number, address: number) => void) | null,
  ): number {
    if (this.count === 0) return 0;
    if (cursor === 0) this.relocateDirectory(mover);
    const entry = this.canonicalEntry(cursor | 0);
    const shape = this.directory[this.origin + entry + 1];
    const depth = shape & DEPTH_MASK;
    const from = this.directory[this.origin + entry];
    const segment = mover.moved(from);
    if (segment !== from) this.setEntries(entry, ENTRY_WORDS << (this.globalDepth - depth), segment, shape);
    const words = this.words[segment >>> SEGMENT_SHIFT];
    const base = (segment & OFFSET_MASK) << 2;
    const until = base + (slotMask(shape) + 1) * PAIR_WORDS;
    for (let at = base; at < until; at += PAIR_WORDS) {
      if (words[at + 1] === 0) continue;
      if (!keepsRecords) words[at + 1] = mover.moved(words[at + 1]);
      if (visit !== null) visit(words[at], words[at + 1]);
    }
    const span = HASHES / (1 << depth);
    const next = cursor - (cursor % span) + span;
    return next >= HASHES ? 0 : next;
  }

  private relocateDirectory(mover: Mover): void {
    const cell = this.directoryCell;
    if (cell === 0) return;
    const to = mover.moved(cell);
    this.words[this.header >>> SEGMENT_SHIFT][((this.header & OFFSET_MASK) << 2) + 5] = to;
    this.pointAt(to);
  }

  /** Empties the table and frees its memory; the records stay. Takes time by the segment: drain() does it in slices. */
  clear(): void {
    for (let entry = 0; entry < ENTRY_WORDS << this.globalDepth; entry = this.nextEntry(entry)) {
      if (this.directory[this.origin + entry] !== 0) this.arena.free(this.directory[this.origin + entry]);
    }
    this.reset();
  }

  /**
   * For freeing a large table in slices: moves up to `maxRecords` record addresses from the table to `out` and frees the
   * segments that it empties. True when nothing is left. Once drained from, a table may only be drained further or cleared.
   */
  drain(maxRecords: number, out: AddressList): boolean {
    let left = maxRecords;
    while (this.count > 0 && left > 0) {
      const moved = this.drainSegment(left, out);
      left -= moved;
      this.count -= moved;
    }
    if (this.count > 0) {
      if (this.header !== 0) this.saveDrained();
      return false;
    }
    this.clear();
    return true;
  }

  // --- look-up ------------------------------------------------------------------------------------------------------

  private hasKey(address: number, bytes: Uint8Array, start: number, end: number): boolean {
    const segment = address >>> SEGMENT_SHIFT;
    const base = (address & OFFSET_MASK) << 4;
    return keyEqualsIn(this.words[segment], this.arena.u8[segment], base, bytes, start, end);
  }

  /** Word index in the directory of the first entry of the segment for `hash`. */
  private canonicalEntry(hash: number): number {
    const index = (hash >>> 1) >>> (31 - this.globalDepth);
    const depth = this.directory[this.origin + (index << 1) + 1] & DEPTH_MASK;
    const group = this.globalDepth - depth;
    return ((index >>> group) << group) << 1;
  }

  /** The next segment's canonical entry after this one's. */
  private nextEntry(entry: number): number {
    const depth = this.directory[this.origin + entry + 1] & DEPTH_MASK;
    return entry + (ENTRY_WORDS << (this.globalDepth - depth));
  }

  /** Word index, in its arena segment, of the slot that holds this record; -1 when none does. */
  private wordOf(entry: number, hash: number, address: number): number {
    const segment = this.directory[this.origin + entry];
    const shape = this.directory[this.origin + entry + 1];
    const words = this.words[segment >>> SEGMENT_SHIFT];
    const base = (segment & OFFSET_MASK) << 2;
    const mask = slotMask(shape);
    let slot = homeOf(hash, shape);
    for (;;) {
      const at = base + slot * PAIR_WORDS;
      const found = words[at + 1];
      if (found === address) return at;
      if (found === 0) return -1;
      slot = (slot + 1) & mask;
    }
  }

  private withHashFrom(segment: number, shape: number, slot: number, hash: number): number {
    const words = this.words[segment >>> SEGMENT_SHIFT];
    const base = (segment & OFFSET_MASK) << 2;
    const mask = slotMask(shape);
    for (;;) {
      const at = base + slot * PAIR_WORDS;
      if (words[at + 1] === 0) return 0;
      if (words[at] === hash) return words[at + 1];
      slot = (slot + 1) & mask;
    }
  }

  // --- slots --------------------------------------------------------------------------------------------------------

  /**
   * Empties the slot at word `gap`, moving back what follows it: a pair moves into the gap when its home is not between the
   * gap and itself, and leaves a gap of its own. (Distances are around the end of the segment.)
   */
  private closeGap(segment: number, shape: number, gap: number): void {
    const words = this.words[segment >>> SEGMENT_SHIFT];
    const base = (segment & OFFSET_MASK) << 2;
    const mask = slotMask(shape);
    let gapSlot = (gap - base) >>> 1;
    let slot = gapSlot;
    for (;;) {
      slot = (slot + 1) & mask;
      const at = base + slot * PAIR_WORDS;
      const address = words[at + 1];
      if (address === 0) break;
      const fromHome = (slot - homeOf(words[at], shape)) & mask;
      if (fromHome < ((slot - gapSlot) & mask)) continue;
      words[base + gapSlot * PAIR_WORDS] = words[at];
      words[base + gapSlot * PAIR_WORDS + 1] = address;
      gapSlot = slot;
    }
    words[base + gapSlot * PAIR_WORDS + 1] = 0;
  }

  // --- growing ------------------------------------------------------------------------------------------------------

  private addFirstSegment(): void {
    this.directory[this.origin + 0] = this.newSegment(SLOT_BITS_MIN);
    this.directory[this.origin + 1] = SLOT_BITS_MIN << SLOT_BITS_SHIFT;
    this.segmentCount = 1;
    this.deepest = 1;
  }

  /** Makes the segment of this entry larger, or two of it. */
  private makeRoom(hash: number, entry: number): void {
    const shape = this.directory[this.origin + entry + 1];
    const slotBits = (shape >>> SLOT_BITS_SHIFT) & SLOT_BITS_MASK;
    const depth = shape & DEPTH_MASK;
    if (slotBits < SLOT_BITS_FULL || depth === this.depthMax) {
      this.resize(entry, slotBits + 1);
      return;
    }
    // In this order: a longer directory does no harm should there be no memory for the segment.
    if (depth === this.globalDepth) this.doubleDirectory();
    const upper = this.newSegment(SLOT_BITS_FULL);
    this.split(this.canonicalEntry(hash), upper);
  }

  /** Moves the upper half of a full-size segment's hashes to the segment `upper`. */
  private split(entry: number, upper: number): void {
    const lower = this.directory[this.origin + entry];
    const shape = this.directory[this.origin + entry + 1];
    const depth = (shape & DEPTH_MASK) + 1;
    const half = depth | (SLOT_BITS_FULL << SLOT_BITS_SHIFT);
    const words = this.words[lower >>> SEGMENT_SHIFT];
    const base = (lower & OFFSET_MASK) << 2;
    const upperWords = this.words[upper >>> SEGMENT_SHIFT];
    const upperBase = (upper & OFFSET_MASK) << 2;
    const upperBit = 1 << (32 - depth);
    let upperCount = 0;

    copyToScratch(words, base);
    words.fill(0, base, base + SCRATCH_WORDS);
    for (let at = 0; at < SCRATCH_WORDS; at += PAIR_WORDS) {
      const address = scratch[at + 1];
      if (address === 0) continue;
      const hash = scratch[at];
      const home = homeOf(hash, half);
      if ((hash & upperBit) === 0) {
        putPair(words, base, home, SLOT_MASK_FULL, hash, address);
      } else {
        putPair(upperWords, upperBase, home, SLOT_MASK_FULL, hash, address);
        upperCount++;
      }
    }

    const entries = ENTRY_WORDS << (this.globalDepth - depth);
    const lowerCount = (shape >>> COUNT_SHIFT) - upperCount;
    this.setEntries(entry, entries, lower, half | (lowerCount << COUNT_SHIFT));
    this.setEntries(entry + entries, entries, upper, half | (upperCount << COUNT_SHIFT));
    this.segmentCount++;
    if (depth === this.globalDepth) this.deepest += 2;
  }

  private doubleDirectory(): void {
    const old = this.directory;
    const oldCell = this.directoryCell;
    const from = this.origin;
    const words = ENTRY_WORDS << this.globalDepth;
    const larger = this.newDirectory(this.globalDepth + 1);
    for (let i = 0, to = this.origin; i < words; i += ENTRY_WORDS, to += 2 * ENTRY_WORDS) {
      larger[to] = larger[to + 2] = old[from + i];
      larger[to + 1] = larger[to + 3] = old[from + i + 1];
    }
    if (oldCell !== 0) this.arena.free(oldCell);
    this.directory = larger;
    this.globalDepth++;
    this.deepest = 0;
    // Should the segment that this is for not be had, the table is as good with a longer directory.
    if (this.header !== 0) this.save();
  }

  // --- shrinking ----------------------------------------------------------------------------------------------------

  /** A smaller table needs memory of its own before the larger one is given back; where there is none, it stays as large as it is. */
  private shrinkIfPossible(entry: number): void {
    try {
      this.shrink(entry);
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
    }
  }

  private shrink(entry: number): void {
    const shape = this.directory[this.origin + entry + 1];
    const slotBits = (shape >>> SLOT_BITS_SHIFT) & SLOT_BITS_MASK;
    const depth = shape & DEPTH_MASK;
    if (depth === 0 || slotBits > SLOT_BITS_FULL) {
      const sparse = shape >>> COUNT_SHIFT < (3 << slotBits) >>> 4;
      if (sparse && slotBits > SLOT_BITS_MIN) this.resize(entry, slotBits - 1);
      return;
    }
    const group = this.globalDepth - depth;
    const buddyEntry = entry ^ (ENTRY_WORDS << group);
    const buddyShape = this.directory[this.origin + buddyEntry + 1];
    // Same depth and slot bits, as neither is the count: the low ten bits agree.
    if (((shape ^ buddyShape) & (COUNT_ONE - 1)) !== 0) return;
    if ((shape >>> COUNT_SHIFT) + (buddyShape >>> COUNT_SHIFT) >= MERGE_BELOW) return;
    this.merge(Math.min(entry, buddyEntry), Math.max(entry, buddyEntry));
    this.halveDirectoryIfSparse();
  }

  /** Moves all pairs of both buddies into the lower one and frees the upper. */
  private merge(lowerEntry: number, upperEntry: number): void {
    const lower = this.directory[this.origin + lowerEntry];
    const upper = this.directory[this.origin + upperEntry];
    const lowerShape = this.directory[this.origin + lowerEntry + 1];
    const depth = lowerShape & DEPTH_MASK;
    const joint =
      (lowerShape >>> COUNT_SHIFT) + (this.directory[this.origin + upperEntry + 1] >>> COUNT_SHIFT);
    const merged = (depth - 1) | (SLOT_BITS_FULL << SLOT_BITS_SHIFT);

    const wordCount = PAIR_WORDS << SLOT_BITS_FULL;
    const words = this.words[lower >>> SEGMENT_SHIFT];
    const base = (lower & OFFSET_MASK) << 2;
    copyToScratch(words, base);
    words.fill(0, base, base + wordCount);
    this.putAll(scratch, 0, wordCount, lower, merged);
    const upperBase = (upper & OFFSET_MASK) << 2;
    this.putAll(this.words[upper >>> SEGMENT_SHIFT], upperBase, wordCount, lower, merged);
    this.freeSegment(upper, SLOT_BITS_FULL);

    const entries = ENTRY_WORDS << (this.globalDepth - depth + 1);
    this.setEntries(lowerEntry, entries, lower, merged | (joint << COUNT_SHIFT));
    this.segmentCount--;
    if (depth === this.globalDepth) this.deepest -= 2;
  }

  private halveDirectoryIfSparse(): void {
    while (this.deepest === 0 && this.globalDepth > 0) {
      const entries = 1 << this.globalDepth;
      if (this.globalDepth > EAGER_HALVING_DEPTH && this.segmentCount * 4 > entries) return;
      const old = this.directory;
      const oldCell = this.directoryCell;
      const from = this.origin;
      const words = (ENTRY_WORDS << this.globalDepth) >>> 1;
      const smaller = this.newDirectory(this.globalDepth - 1);
      this.globalDepth--;
      for (let i = 0, to = this.origin; i < words; i += ENTRY_WORDS, to += ENTRY_WORDS) {
        smaller[to] = old[from + 2 * i];
        smaller[to + 1] = old[from + 2 * i + 1];
        if ((smaller[to + 1] & DEPTH_MASK) === this.globalDepth) this.deepest++;
      }
      if (oldCell !== 0) this.arena.free(oldCell);
      this.directory = smaller;
      if (this.globalDepth >= EAGER_HALVING_DEPTH) return;
    }
  }

  // --- segments -----------------------------------------------------------------------------------------------------

  /** Moves a segment into a new one of 2^slotBits slots; its hash range stays. */
  private resize(entry: number, slotBits: number): void {
    const old = this.directory[this.origin + entry];
    const shape = this.directory[this.origin + entry + 1];
    const oldBits = (shape >>> SLOT_BITS_SHIFT) & SLOT_BITS_MASK;
    const segment = this.newSegment(slotBits);
    const newShape = (shape & ~(SLOT_BITS_MASK << SLOT_BITS_SHIFT)) | (slotBits << SLOT_BITS_SHIFT);
    const oldBase = (old & OFFSET_MASK) << 2;
    this.putAll(this.words[old >>> SEGMENT_SHIFT], oldBase, PAIR_WORDS << oldBits, segment, newShape);
    this.freeSegment(old, oldBits);
    const entries = ENTRY_WORDS << (this.globalDepth - (shape & DEPTH_MASK));
    this.setEntries(entry, entries, segment, newShape);
  }

  /** Puts all pairs of from[start, start + wordCount) into another segment. */
  private putAll(from: Int32Array, start: number, wordCount: number, segment: number, shape: number): void {
    const words = this.words[segment >>> SEGMENT_SHIFT];
    const base = (segment & OFFSET_MASK) << 2;
    const mask = slotMask(shape);
    for (let at = start; at < start + wordCount; at += PAIR_WORDS) {
      const address = from[at + 1];
      if (address !== 0) putPair(words, base, homeOf(from[at], shape), mask, from[at], address);
    }
  }

  private setEntries(entry: number, wordCount: number, segment: number, shape: number): void {
    const directory = this.directory;
    const from = this.origin + entry;
    for (let at = from; at < from + wordCount; at += ENTRY_WORDS) {
      directory[at] = segment;
      directory[at + 1] = shape;
    }
  }

  private newSegment(slotBits: number): number {
    const segment = this.arena.allocate(PAIR_BYTES << slotBits);
    const base = (segment & OFFSET_MASK) << 2;
    this.words[segment >>> SEGMENT_SHIFT].fill(0, base, base + (PAIR_WORDS << slotBits));
    this.tableBytes += PAIR_BYTES << slotBits;
    return segment;
  }

  private freeSegment(segment: number, slotBits: number): void {
    this.arena.free(segment);
    this.tableBytes -= PAIR_BYTES << slotBits;
  }

  private reset(): void {
    if (this.globalDepth > 0) {
      const cell = this.directoryCell;
      this.directory = this.newDirectory(0);
      if (cell !== 0) this.arena.free(cell);
    }
    this.directory.fill(0, this.origin, this.origin + ENTRY_WORDS);
    this.count = 0;
    this.globalDepth = 0;
    this.segmentCount = 0;
    this.deepest = 0;
    this.tableBytes = 0;
    this.drainEntry = 0;
    this.drainSlot = 0;
    if (this.header !== 0) this.save();
  }

  // --- walking ------------------------------------------------------------------------------------------------------

  private appendSegment(entry: number, out: AddressList): void {
    const segment = this.directory[this.origin + entry];
    const words = this.words[segment >>> SEGMENT_SHIFT];
    const base = (segment & OFFSET_MASK) << 2;
    const wordCount = (slotMask(this.directory[this.origin + entry + 1]) + 1) * PAIR_WORDS;
    for (let at = base + 1; at < base + wordCount; at += PAIR_WORDS) {
      if (words[at] !== 0) out.push(words[at]);
    }
  }

  /** scan() within one segment: from the home slot of `cursor` until `out` is long enough or the segment ends. */
  private scanSlots(entry: number, cursor: number, until: number, out: AddressList): number {
    const shape = this.directory[this.origin + entry + 1];
    const slots = slotMask(shape) + 1;
    const slotSpan = HASHES / ((1 << (shape & DEPTH_MASK)) * slots);
    const from = cursor | 0;
    let slot = homeOf(from, shape);
    const segmentStart = cursor - (cursor % (slotSpan * slots));
    do {
      this.appendHome(entry, slot, from, out);
      slot++;
    } while (slot < slots && out.length < until);
    // Up, because with more than 9 slot bits at depth 23 a slot's span is a fraction.
    return Math.ceil(segmentStart + slot * slotSpan);
  }

  /** Appends the elements whose home is `slot` and whose hash is not below `from` (as unsigned). */
  private appendHome(entry: number, slot: number, from: number, out: AddressList): void {
    const segment = this.directory[this.origin + entry];
    const shape = this.directory[this.origin + entry + 1];
    const words = this.words[segment >>> SEGMENT_SHIFT];
    const base = (segment & OFFSET_MASK) << 2;
    const mask = slotMask(shape);
    const home = slot;
    for (;;) {
      const at = base + slot * PAIR_WORDS;
      const address = words[at + 1];
      if (address === 0) return;
      const hash = words[at];
      if (homeOf(hash, shape) === home && hash >>> 0 >= from >>> 0) out.push(address);
      slot = (slot + 1) & mask;
    }
  }

  private drainSegment(maxRecords: number, out: AddressList): number {
    const entry = this.drainEntry;
    const segment = this.directory[this.origin + entry];
    const shape = this.directory[this.origin + entry + 1];
    const words = this.words[segment >>> SEGMENT_SHIFT];
    const base = (segment & OFFSET_MASK) << 2;
    const slots = slotMask(shape) + 1;
    let moved = 0;
    let slot = this.drainSlot;
    for (; slot < slots && moved < maxRecords; slot++) {
      const address = words[base + slot * PAIR_WORDS + 1];
      if (address === 0) continue;
      out.push(address);
      moved++;
    }
    this.drainSlot = slot;
    if (slot < slots) return moved;
    this.freeSegment(segment, (shape >>> SLOT_BITS_SHIFT) & SLOT_BITS_MASK);
    this.directory[this.origin + entry] = 0;
    this.drainEntry = this.nextEntry(entry);
    this.drainSlot = 0;
    return moved;
  }
}

/**
 * The slot where a probe for `hash` begins: the slot bits that follow the local depth. A shift counts modulo 32, so
 * `<< shape` shifts by the shape's low five bits, which are the depth.
 */
function homeOf(hash: number, shape: number): number {
  return (hash << shape) >>> (32 - ((shape >>> SLOT_BITS_SHIFT) & SLOT_BITS_MASK));
}

/** Writes a pair into the first empty slot from its home on. `base` is the segment's first word. */
function putPair(
  words: Int32Array,
  base: number,
  home: number,
  mask: number,
  hash: number,
  address: number,
): void {
  let at = base + home * PAIR_WORDS;
  while (words[at + 1] !== 0) {
    home = (home + 1) & mask;
    at = base + home * PAIR_WORDS;
  }
  words[at] = hash;
  words[at + 1] = address;
}

function slotMask(shape: number): number {
  return (1 << ((shape >>> SLOT_BITS_SHIFT) & SLOT_BITS_MASK)) - 1;
}

/** Elements at which a segment must grow before the next one: 13/16 of its slots. */
function fullAt(shape: number): number {
  return (13 << ((shape >>> SLOT_BITS_SHIFT) & SLOT_BITS_MASK)) >>> 4;
}

/** A plain loop: no slower than set() for a thousand words, and set() needs a view. */
function copyToScratch(words: Int32Array, base: number): void {
  for (let i = 0; i < scratch.length; i++) scratch[i] = words[base + i];
}
