/**
 * Reading a sorted set member by member from any rank on, in either direction: for replies, for other commands' sources, and for
 * writing a sorted set to a file.
 *
 *     for (let more = walk.open(db, address, rank, reverse); more; more = walk.advance()) use(walk.score, walk.bytes, ...);
 *
 * The sorted set must not change meanwhile; others may, and memory may be allocated. Opening costs O(log n) in a large sorted set and O(n)
 * in a small one, each step O(1). Allocates nothing on the JS heap but what an object needs once.
 */
import { blob, handleOf, openBlob } from '../../keyspace/blob.ts';
import type { Database } from '../../keyspace/database.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import type { Arena } from '../../memory/arena.ts';
import * as listpack from '../../memory/listpack.ts';
import { ENCODING_LISTPACK, encodingOf, keyLength, keyOffset, readWord0 } from '../../memory/record.ts';
import { ScoreTree } from '../../memory/score-tree.ts';
import { scoreOfElement } from './packed.ts';

export class ZsetWalk {
  /** The member at hand: bytes[start..end) until the walk goes on. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  score = 0;

  private reverse = false;
  private isPacked = false;
  private u8: Uint8Array = new Uint8Array(0);
  private blobStart = 0;
  private element = 0;
  private arena: Arena | null = null;
  private tree: ScoreTree | null = null;

  /** Goes to the member of this rank of the sorted set at `address`; false when there is none. */
  open(db: Database, address: number, rank: number, reverse: boolean): boolean {
    const i32 = db.arena.i32[segmentOf(address)];
    if (encodingOf(readWord0(i32, byteOffsetOf(address))) !== ENCODING_LISTPACK) {
      return this.openHandle(db, handleOf(db, address), rank, reverse);
    }
    openBlob(db, address);
    this.isPacked = true;
    this.reverse = reverse;
    this.u8 = blob.u8;
    this.blobStart = blob.start;
    return rank >= 0 && this.readElement(listpack.seek(this.u8, this.blobStart, 2 * rank));
  }

  /** The same for a large sorted set that no key has. */
  openHandle(db: Database, handle: number, rank: number, reverse: boolean): boolean {
    if (this.tree === null || this.arena !== db.arena) {
      this.arena = db.arena;
      this.tree = new ScoreTree(db.arena);
    }
    this.isPacked = false;
    this.reverse = reverse;
    this.tree.attach(handle);
    if (rank < 0 || rank >= this.tree.count) return false;
    this.tree.seek(rank);
    this.readEntry();
    return true;
  }

  /** Goes to the next member, or backwards to the one before; false when there is none. */
  advance(): boolean {
    if (this.isPacked) return this.advancePacked();
    const tree = this.tree!;
    if (!(this.reverse ? tree.previous() : tree.next())) return false;
    this.readEntry();
    return true;
  }

  private readEntry(): void {
    const record = this.tree!.record;
    const segment = segmentOf(record);
    const base = byteOffsetOf(record);
    const i32 = this.arena!.i32[segment];
    this.score = this.tree!.score;
    this.bytes = this.arena!.u8[segment];
    this.start = base + keyOffset(readWord0(i32, base));
    this.end = this.start + keyLength(i32, base);
  }

  private advancePacked(): boolean {
    const { u8, element } = this;
    if (!this.reverse) return this.readElement(listpack.next(u8, listpack.skip(u8, element)));
    const score = listpack.previous(u8, this.blobStart, element);
    return score >= 0 && this.readElement(listpack.previous(u8, this.blobStart, score));
  }

  private readElement(element: number): boolean {
    if (element < 0) return false;
    const { u8 } = this;
    this.element = element;
    listpack.read(u8, element);
    this.bytes = listpack.text.bytes;
    this.start = listpack.text.start;
    this.end = listpack.text.end;
    this.score = scoreOfElement(u8, listpack.skip(u8, element));
    return true;
  }
}
