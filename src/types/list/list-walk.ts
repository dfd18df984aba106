/**
 * Walking over the elements of a list, small or large, forwards or backwards.
 *
 *     if (walk.open(db, address, index, true))
 *       do {
 *         walk.read();                          // listpack.text is the element's bytes
 *       } while (walk.next());
 *
 * Good until the list changes or something is allocated; reading changes nothing, compressed nodes are unpacked into a buffer beside. Two
 * walks over compressed lists at once would share that buffer: nobody needs them. Allocates nothing.
 */
import { blob, openBlob } from '../../keyspace/blob.ts';
import type { Database } from '../../keyspace/database.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import { equals, first, last, next, previous, read, readAndNext, seek, text } from '../../memory/listpack.ts';
import { ENCODING_LISTPACK, encodingOf, readWord0, valueWord } from '../../memory/record.ts';
import { COUNT, KIND, NEXT, nodeWord, OUTSIDE, PACKED, PREVIOUS } from './node.ts';
import { block, locate, readBlock, spot } from './quicklist.ts';

const NO_BYTES = new Uint8Array(0);

export class ListWalk {
  /** The block that the walk is in, and a DataView over the same memory where there is one. */
  u8: Uint8Array = NO_BYTES;
  data: DataView | null = null;
  /** The node that the walk is in, 0 in a small list, and which of its elements it is at. */
  node = 0;
  indexInNode = 0;
  private keyspace!: Keyspace;
  private at = 0;
  private element = -1;
  private size = 0;
  private isOutside = false;
  private forward = true;

  /** Goes to element `index`, 0 or more, of the list at `address`. False when there is none. O(nodes). */
  open(db: Database, address: number, index: number, forward: boolean): boolean {
    const i32 = db.arena.i32[segmentOf(address)];
    const base = byteOffsetOf(address);
    if (encodingOf(readWord0(i32, base)) === ENCODING_LISTPACK) {
      this.keyspace = db.keyspace;
      this.forward = forward;
      this.node = 0;
      this.isOutside = false;
      this.indexInNode = index;
      openBlob(db, address);
      this.u8 = blob.u8;
      this.at = blob.start;
      this.data = db.arena.dv[segmentOf(address)];
      this.element = seek(this.u8, this.at, index);
      return this.element >= 0;
    }
    return this.openQuicklist(db.keyspace, valueWord(i32, base), index, forward);
  }

  /** The same in a structure that a record names, or that nobody names yet. */
  openQuicklist(keyspace: Keyspace, list: number, index: number, forward: boolean): boolean {
    this.keyspace = keyspace;
    this.forward = forward;
    if (index >= keyspace.arena.i32[segmentOf(list)][byteOffsetOf(list) >>> 2]) return false;
    locate(keyspace.arena, list, index);
    this.enter(spot.node);
    this.indexInNode = spot.index;
    if (!this.isOutside) this.element = seek(this.u8, this.at, spot.index);
    return true;
  }

  /** Goes to the next element in the walk's direction. False when there is none. */
  next(): boolean {
    if (!this.isOutside) {
      this.element = this.forward ? next(this.u8, this.element) : previous(this.u8, this.at, this.element);
      this.indexInNode += this.forward ? 1 : -1;
      if (this.element >= 0) return true;
    }
    return this.enterNext();
  }

  /**
   * read() and next() in one for a walk forwards, within the block: false when this was its last element. Then enterNext() goes on; by
   * that time what was read must have been used.
   */
  readInBlock(): boolean {
    if (this.isOutside) {
      this.read();
      return false;
    }
    this.element = readAndNext(this.u8, this.element);
    this.indexInNode++;
    return this.element >= 0;
  }

  /** Points listpack's `text` at the element's bytes. */
  read(): void {
    if (this.isOutside) {
      text.bytes = this.u8;
      text.start = this.at;
      text.end = this.at + this.size;
    } else {
      read(this.u8, this.element);
    }
  }

  /** Whether the element is bytes[start..end). */
  equals(bytes: Uint8Array, start: number, end: number): boolean {
    if (!this.isOutside) return equals(this.u8, this.element, bytes, start, end);
    if (end - start !== this.size) return false;
    for (let i = start, at = this.at; i < end; i++, at++) if (bytes[i] !== this.u8[at]) return false;
    return true;
  }

  /** Goes to the first element (backwards: the last) of the next node. False when there is none. */
  enterNext(): boolean {
    if (this.node === 0) return false;
    const node = nodeWord(this.keyspace.arena, this.node, this.forward ? NEXT : PREVIOUS);
    if (node === 0) return false;
    this.enter(node);
    return true;
  }

  /** Goes to the first or last element of a node. */
  private enter(node: number): void {
    const { arena } = this.keyspace;
    readBlock(this.keyspace, node);
    const kind = nodeWord(arena, node, KIND);
    this.node = node;
    this.u8 = block.u8;
    this.at = block.at;
    this.size = block.size;
    this.data = kind === PACKED ? arena.dv[segmentOf(node)] : null;
    this.isOutside = kind === OUTSIDE;
    this.indexInNode = this.forward ? 0 : nodeWord(arena, node, COUNT) - 1;
    if (!this.isOutside) this.element = this.forward ? first(this.u8, this.at) : last(this.u8, this.at);
  }
}

/** The walk of the command under way. */
export const walk = new ListWalk();
