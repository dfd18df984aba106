/**
 * Walking over a set, and coming back to members seen before.
 *
 * A member's *position* is one int32, whatever the encoding: the index in an intset, the offset in a listpack's block, the address of
 * the record in a table. Positions stay good as long as the set does not change, so what an operation wants to keep of a set
 * (the members that are in all others, a random choice) is a list of positions: four bytes each, and no copies of members.
 *
 *     walk.open(db, address);
 *     while (walk.next()) if (hasMember(db, other)) found.push(walk.position);
 *     ...
 *     for (let i = 0; i < found.length; i++) walk.read(found.addresses[i]);      // and `member` is it again
 *
 * This is also what persistence goes through a set with.
 */
import { int64 } from '../../base/int64.ts';
import { blob, handleOf, openBlob } from '../../keyspace/blob.ts';
import type { Database } from '../../keyspace/database.ts';
import { AddressList } from '../../memory/address-list.ts';
import type { Arena } from '../../memory/arena.ts';
import { Dict } from '../../memory/dict.ts';
import * as intset from '../../memory/intset.ts';
import * as listpack from '../../memory/listpack.ts';
import { ENCODING_HT, ENCODING_INTSET } from '../../memory/record.ts';
import { setHash, setInteger, setText } from './member.ts';
import { readRecord, setEncoding } from './set-value.ts';

/** Members of one segment of a table, usually. */
const BATCH = 512;
const NOTHING: Uint8Array = new Uint8Array(0);

export class SetWalk {
  /** The encoding of the set that was opened. */
  encoding = ENCODING_HT;
  /** Of the member that next() came to. */
  position = 0;
  private arena: Arena | null = null;
  private dict: Dict | null = null;
  private u8: Uint8Array = NOTHING;
  private start = 0;
  /** Of an intset: the next index; of a listpack: the next element, -1 at the end; of a table: the next of the batch. */
  private at = 0;
  private count = 0;
  private cursor = 0;
  private readonly batch = new AddressList(BATCH);
  private readonly hashes = new AddressList(BATCH);
  /** Tables that the members must be in, by the look of their hashes. */
  private readonly filters = new AddressList(4);
  private filterDict: Dict | null = null;
  /** Where touchRecords() leaves what it read. */
  touched = 0;

  /**
   * Begins at the first member of the set, and passes over members that are certainly not in all of the other sets: `among` is one that has
   * `address` itself at its beginning.
   */
  openCommon(db: Database, among: AddressList): void {
    this.open(db, among.addresses[0]);
    if (this.encoding !== ENCODING_HT) return;
    for (let i = 1; i < among.length; i++) {
      const other = among.addresses[i];
      if (setEncoding(db, other) === ENCODING_HT) this.filters.push(handleOf(db, other));
    }
  }

  /** Begins at the first member of the set. Allocates nothing, but the first time. */
  open(db: Database, address: number): void {
    this.encoding = setEncoding(db, address);
    if (this.encoding === ENCODING_HT) {
      this.openTable(db.arena, handleOf(db, address));
      return;
    }
    openBlob(db, address);
    this.u8 = blob.u8;
    this.start = blob.start;
    this.at = 0;
    if (this.encoding === ENCODING_INTSET) this.count = intset.count(blob.u8, blob.start);
    else this.at = listpack.first(blob.u8, blob.start);
  }

  /** The same for a table of members that no key has. */
  openTable(arena: Arena, header: number): void {
    this.encoding = ENCODING_HT;
    if (this.dict === null || this.arena !== arena) this.dict = new Dict(arena);
    this.arena = arena;
    this.dict.attach(header);
    this.filters.clear();
    this.clearBatch();
    this.cursor = 0;
    this.count = this.dict.count;
  }

  /** Makes `member` the next one, and `position` its position; false at the end. The set must not change on the way. */
  next(): boolean {
    if (this.encoding === ENCODING_HT) return this.nextOfTable();
    if (this.encoding === ENCODING_INTSET) {
      if (this.at === this.count) return false;
      this.position = this.at++;
    } else {
      if (this.at < 0) return false;
      this.position = this.at - this.start;
      this.at = listpack.next(this.u8, this.at);
    }
    this.read(this.position);
    return true;
  }

  private nextOfTable(): boolean {
    while (this.at === this.batch.length) {
      if (this.count === 0) return false;
      this.readBatch(this.dict as Dict);
    }
    this.position = this.batch.addresses[this.at];
    this.read(this.position);
    setHash(this.hashes.addresses[this.at++]);
    return true;
  }

  private readBatch(dict: Dict): void {
    this.clearBatch();
    this.cursor = dict.walk(this.cursor, this.batch, this.hashes);
    if (this.cursor === 0) this.count = 0;
    for (let i = 0; i < this.filters.length; i++) this.filter(this.filters.addresses[i]);
    this.touched = dict.touchRecords(this.batch);
  }

  private filter(header: number): void {
    if (this.filterDict === null || this.filterDict.arena !== this.arena)
      this.filterDict = new Dict(this.arena as Arena);
    this.filterDict.attach(header).keepHashes(this.batch, this.hashes);
  }

  private clearBatch(): void {
    this.batch.clear();
    this.hashes.clear();
    this.at = 0;
  }

  /** Makes `member` the one at this position of the set that was opened last. */
  read(position: number): void {
    if (this.encoding === ENCODING_HT) {
      readRecord(this.arena as Arena, position);
    } else if (this.encoding === ENCODING_INTSET) {
      intset.read(this.u8, this.start, position);
      setInteger(int64.hi, int64.lo);
    } else {
      listpack.read(this.u8, this.start + position);
      setText(listpack.text.bytes, listpack.text.start, listpack.text.end);
    }
  }
}
