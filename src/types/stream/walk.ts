/**
 * Walking over the entries of a stream between two ids, forwards or backwards; entries that are deleted are passed over.
 *
 *     walk.open(keyspace, stream, from, to, reverse);
 *     while (walk.next()) {
 *       walk.id, walk.pairs                     // the entry
 *       walk.startFields();
 *       for (let i = 0; i < walk.pairs; i++) {
 *         walk.readField();                     // listpack.text is the field's name
 *         walk.readValue();                     // and its value
 *       }
 *     }
 *
 * Good until the stream changes or something is allocated. Allocates nothing.
 */
import { compareIds, copyId, Id128, setId } from '../../base/id128.ts';
import { addInt64, int64 } from '../../base/int64.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import { IdTree } from '../../memory/id-tree.ts';
import { END, previous, read, readInteger, skip } from '../../memory/listpack.ts';
import { block, DELETED, master, openBlock, readMaster, SAME_FIELDS } from './block.ts';
import { BLOCKS } from './stream.ts';

export class StreamWalk {
  /** The entry that the walk is at. */
  readonly id = new Id128();
  pairs = 0;
  /** Its block: the cursor of `blocks`, the listpack in `u8` at `at`, and the element of its flags. */
  blocks: IdTree | null = null;
  u8: Uint8Array = new Uint8Array(0);
  data: DataView | null = null;
  at = 0;
  entry = 0;
  private isDeleted = false;

  private keyspace!: Keyspace;
  private readonly blockId = new Id128();
  private readonly from = new Id128();
  private readonly to = new Id128();
  private reverse = false;
  private started = false;
  private atEnd = false;
  /** Where to go on: the next entry forwards, the end of the one before backwards; -1 when the block is done. */
  private position = -1;
  /** The block in which count() found the first entry, and that entry; 0 for none. */
  private counted = 0;
  private countedFirst = 0;
  private firstField = 0;
  private firstEntry = 0;
  private blockFields = 0;
  /** Entries of the block that are not deleted. */
  private live = 0;
  private isSame = false;
  private values = 0;
  private field = 0;
  private value = 0;

  /** Starts before the first entry that is not before `from` and ends after the last that is not after `to`; with `reverse` the other way round. */
  open(keyspace: Keyspace, stream: number, from: Id128, to: Id128, reverse: boolean): void {
    if (this.blocks === null || !this.blocks.isOf(keyspace.arena)) this.blocks = new IdTree(keyspace.arena);
    this.keyspace = keyspace;
    this.blocks.attach(stream, BLOCKS);
    copyId(from, this.from);
    copyId(to, this.to);
    this.reverse = reverse;
    this.counted = 0;
    this.restart();
  }

  /** Goes back to where open() was, the stream being as it was: after count(). */
  restart(): void {
    this.started = false;
    this.atEnd = false;
    this.position = -1;
  }

  /** Goes to the next entry. False when there is none. */
  next(): boolean {
    for (;;) {
      if (this.position < 0 && !this.enterBlock()) return false;
      if (this.nextInBlock()) return true;
      this.position = -1;
    }
  }

  /** Opens the first block to look at, or the next one. False when there is none. */
  private enterBlock(): boolean {
    if (this.atEnd) return false;
    const blocks = this.blocks!;
    const isFirst = !this.started;
    if (this.started) {
      this.atEnd = !(this.reverse ? blocks.previous() : blocks.next());
    } else {
      this.started = true;
      this.atEnd = !blocks.seekUntil(this.reverse ? this.to : this.from) && (this.reverse || !blocks.first());
    }
    if (this.atEnd) return false;
    blocks.readKey(this.blockId);
    this.openHere();
    if (this.reverse) this.position = block.at + block.size - 1;
    else this.position = isFirst && blocks.value === this.counted ? this.countedFirst : this.firstEntry;
    return true;
  }

  /** The next entry of this block that is in the range. False when there is none; behind the end of the range, the walk ends. */
  private nextInBlock(): boolean {
    while (this.step()) {
      // A deleted entry does not end the walk: XSETID can let smaller ids follow one that was the last.
      if (this.isDeleted) continue;
      const isBefore = compareIds(this.id, this.from) < 0;
      const isAfter = compareIds(this.id, this.to) > 0;
      if (this.reverse ? isBefore : isAfter) {
        this.atEnd = true;
        return false;
      }
      if (!isBefore && !isAfter) return true;
    }
    return false;
  }

  private openHere(): void {
    openBlock(this.keyspace, this.blocks!.value);
    this.u8 = block.u8;
    this.data = block.data;
    this.at = block.at;
    readMaster(block.u8, block.at);
    this.firstField = master.firstField;
    this.firstEntry = master.firstEntry;
    this.blockFields = master.fields;
    this.live = master.count;
  }

  /** Reads the next entry of the block, deleted ones too. False when there is none. */
  private step(): boolean {
    if (this.reverse) {
      if (this.position === this.firstEntry) return false;
      this.entry = this.startOfEntry(this.position);
      this.position = this.entry;
      this.readEntry();
      return true;
    }
    this.entry = this.position;
    if (this.u8[this.entry] === END) return false;
    this.position = this.readEntry();
    return true;
  }

  /** Where the entry begins that ends at `until`. */
  private startOfEntry(until: number): number {
    const { u8, at } = this;
    let element = previous(u8, at, until);
    readInteger(u8, element);
    for (let n = int64.lo; n > 0; n--) element = previous(u8, at, element);
    return element;
  }

  /** Reads the entry at `entry`. Returns where it ends, forwards only. */
  private readEntry(): number {
    const { u8, id, blockId } = this;
    const flags = u8[this.entry];
    let element = this.entry + 2;
    readInteger(u8, element);
    addInt64(blockId.msHi, blockId.msLo, int64.hi, int64.lo);
    const msHi = int64.hi;
    const msLo = int64.lo;
    element = skip(u8, element);
    readInteger(u8, element);
    addInt64(blockId.seqHi, blockId.seqLo, int64.hi, int64.lo);
    setId(id, msHi, msLo, int64.hi, int64.lo);
    element = skip(u8, element);
    this.isDeleted = (flags & DELETED) !== 0;
    this.isSame = (flags & SAME_FIELDS) !== 0;
    if (this.isSame) {
      this.pairs = this.blockFields;
    } else {
      readInteger(u8, element);
      this.pairs = int64.lo;
      element = skip(u8, element);
    }
    this.values = element;
    if (this.reverse) return 0;
    for (let n = this.isSame ? this.pairs : this.pairs * 2; n > 0; n--) element = skip(u8, element);
    return skip(u8, element);
  }

  // --- the fields of the entry ----------------------------------------------------------------------

  startFields(): void {
    this.field = this.isSame ? this.firstField : this.values;
    this.value = this.values;
  }

  /** Points listpack's `text` at the name of the next field. */
  readField(): void {
    read(this.u8, this.field);
    const after = skip(this.u8, this.field);
    this.field = after;
    if (!this.isSame) this.value = after;
  }

  /** Points listpack's `text` at its value. */
  readValue(): void {
    read(this.u8, this.value);
    this.value = skip(this.u8, this.value);
    if (!this.isSame) this.field = this.value;
  }

  // --- counting -------------------------------------------------------------------------------------

  /**
   * How many entries a walk just opened would go to, `limit` at most (0: no limit). A block that lies within the range whole counts by its
   * master entry. The walk is of no use until restart().
   */
  count(limit: number): number {
    const most = limit === 0 ? Number.POSITIVE_INFINITY : limit;
    let n = 0;
    while (n < most && this.enterBlock()) {
      if (this.isWithin()) n += this.live;
      else n += this.countInBlock(most - n);
    }
    return Math.min(n, most);
  }

  /** Counts entries one by one, and remembers where the first is: after restart() the walk goes there at once. */
  private countInBlock(most: number): number {
    let n = 0;
    while (n < most && this.nextInBlock()) {
      if (n++ > 0 || this.counted !== 0) continue;
      this.counted = this.blocks!.value;
      this.countedFirst = this.entry;
    }
    return n;
  }

  /** For a walk just opened from the start: goes to the last entry of the first block, a deleted one too. False when there is no entry. */
  lastOfFirstBlock(): boolean {
    if (!this.enterBlock() || this.u8[this.firstEntry] === END) return false;
    this.readLastOfBlock();
    return true;
  }

  /** Whether all entries of the block just entered are in the range. */
  private isWithin(): boolean {
    if (this.u8[this.firstEntry] === END || compareIds(this.blockId, this.from) < 0) return false;
    this.readLastOfBlock();
    return compareIds(this.id, this.to) <= 0;
  }

  private readLastOfBlock(): void {
    const { reverse } = this;
    this.entry = this.startOfEntry(this.at + this.sizeOfBlock() - 1);
    this.reverse = true;
    this.readEntry();
    this.reverse = reverse;
  }

  private sizeOfBlock(): number {
    const { u8, at } = this;
    return u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24);
  }
}
