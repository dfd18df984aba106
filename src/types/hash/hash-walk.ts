/**
 * Walks over a hash: every field with its value and its expire time. For the commands that reply all of it and for whoever saves it.
 *
 *     walk.start(db, address);
 *     while (walk.next()) use(walk.field, walk.value, walk.expireMs);
 *
 * field and value are where they lie, good until something is allocated or freed. A packed hash comes in its order, a table in the
 * order of hashes. The hash must not change meanwhile, but between two calls of next() it may when `atBoundary` is true and
 * the walk goes on by resume() with the cursor that it had: a field that is there all the time comes exactly once (Dict.scan()).
 * Allocates nothing on the JS heap.
 */
import { blob, handleOf, openBlob } from '../../keyspace/blob.ts';
import { type Database, NO_EXPIRE } from '../../keyspace/database.ts';
import { AddressList } from '../../memory/address-list.ts';
import { Dict } from '../../memory/dict.ts';
import * as listpack from '../../memory/listpack.ts';
import { fieldTime, isDueField, readField, readValue, type Span } from './hash-table.ts';
import { isPacked } from './hash-value.ts';

const BATCH = 128;

export class HashWalk {
  readonly field: Span = { bytes: new Uint8Array(0), start: 0, end: 0 };
  readonly value: Span = { bytes: new Uint8Array(0), start: 0, end: 0 };
  /** When the field expires, or NO_EXPIRE. */
  expireMs = NO_EXPIRE;
  /** The record of the field; 0 in a packed hash. */
  record = 0;
  /** Where a walk over a table goes on after this batch. 0: with its beginning, or nowhere. */
  cursor = 0;
  private db!: Database;
  private dict: Dict | null = null;
  private readonly batch = new AddressList(BATCH);
  private used = 0;
  private more = false;
  private u8: Uint8Array = this.field.bytes;
  private at = -1;
  private packed = false;
  private skipsDue = false;

  /** Begins at the first field. With `skipsDue`, fields whose time has come are left out. */
  start(db: Database, address: number, skipsDue = false): this {
    return this.resume(db, address, 0, skipsDue);
  }

  /** Begins at a cursor that another walk over the same hash has had. */
  resume(db: Database, address: number, cursor: number, skipsDue = false): this {
    this.db = db;
    this.skipsDue = skipsDue;
    this.expireMs = NO_EXPIRE;
    this.record = 0;
    this.cursor = cursor;
    this.batch.clear();
    this.used = 0;
    this.packed = isPacked(db, address);
    if (this.packed) {
      openBlob(db, address);
      this.at = listpack.first(blob.u8, blob.start);
      this.u8 = blob.u8;
      return this;
    }
    if (this.dict === null || this.dict.arena !== db.arena) this.dict = new Dict(db.arena);
    this.dict.attach(handleOf(db, address));
    this.more = true;
    return this;
  }

  /** True when the fields seen so far are exactly those before `cursor`, so that resume() may go on from there. */
  get atBoundary(): boolean {
    return !this.packed && this.used === this.batch.length;
  }

  /** The next field; false when there is none. */
  next(): boolean {
    if (this.packed) return this.nextPacked();
    do {
      if (this.used === this.batch.length && !this.readBatch()) return false;
      this.record = this.batch.addresses[this.used++];
    } while (this.skipsDue && isDueField(this.db, this.record));
    const { db, record } = this;
    readField(db.arena, record, this.field);
    readValue(db, record, this.value);
    this.expireMs = fieldTime(db.arena, record);
    return true;
  }

  private readBatch(): boolean {
    this.batch.clear();
    this.used = 0;
    while (this.more && this.batch.length === 0) {
      this.cursor = this.dict!.scan(this.cursor, BATCH, this.batch);
      this.more = this.cursor !== 0;
    }
    return this.batch.length > 0;
  }

  private nextPacked(): boolean {
    if (this.at < 0) return false;
    const { u8 } = this;
    readElement(u8, this.at, this.field);
    const value = listpack.next(u8, this.at);
    readElement(u8, value, this.value);
    this.at = listpack.next(u8, value);
    return true;
  }
}

function readElement(u8: Uint8Array, element: number, out: Span): void {
  listpack.read(u8, element);
  out.bytes = listpack.text.bytes;
  out.start = listpack.text.start;
  out.end = listpack.text.end;
}
