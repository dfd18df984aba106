/**
 * A snapshot of all databases as they are at one instant, while commands go on changing them: without fork, by stamps on records.
 *
 * A snapshot takes a new epoch and the tables that hold keys now, with their database numbers (begin()). A record whose stamp is of
 * another epoch is one that the snapshot still needs:
 *
 *   - the walk (run(), some records between two commands) writes such records and stamps them;
 *   - whoever is about to change or remove one has it written first (keep()), as it still is;
 *   - new records are born with the stamp.
 *
 * So every key of the start is written exactly once, as it was, under its name and database of the start, in whatever order.
 *
 *   SWAPDB    exchanges tables; which number a table had at the start goes with it (Database.snapshotIndex)
 *   FLUSHDB   takes a table away from its database: it is handed over here (adopt()) and lives until it has been walked
 *   FLUSHALL  does that with every database
 *
 * What is written is the items of an RDB file with plain strings, in buffers that are handed to a job which compresses and writes them. When it
 * cannot keep up the walk pauses; keep() cannot, and waits.
 */
import type { Database } from '../keyspace/database.ts';
import { NO_EXPIRE } from '../keyspace/database.ts';
import type { Keeper, Keyspace } from '../keyspace/keyspace.ts';
import { byteOffsetOf, segmentOf } from '../memory/address.ts';
import { AddressList } from '../memory/address-list.ts';
import type { Dict } from '../memory/dict.ts';
import type { ExpiryIndex } from '../memory/expiry-index.ts';
import { accessOf, epochOf, readWord0, writeEpoch } from '../memory/record.ts';
import {
  OPCODE_AUX,
  OPCODE_EXPIRE_MS,
  OPCODE_FREQ,
  OPCODE_IDLE,
  OPCODE_RESIZEDB,
  OPCODE_SELECTDB,
} from '../rdb/format.ts';
import { saveValue } from '../rdb/value.ts';
import { RdbWriter } from '../rdb/writer.ts';

/** Buffers are handed on when they hold this much. */
const CHUNK_BYTES = 256 << 10;
const CHUNK_CAPACITY = CHUNK_BYTES + (16 << 10);
const EPOCHS = 1 << 16;
const LFU_COUNTER_MASK = 255;

/** Where the buffers go. */
export interface ChunkSink {
  /** Takes bytes[0..size) over, and the buffer with them. */
  send(bytes: Uint8Array, size: number): void;
  /** True when so much is on its way that the walk should wait. */
  readonly full: boolean;
  /** Waits until there is room again, or nobody takes anything any more. */
  waitForRoom(): void;
}

export interface SnapshotOptions {
  is72: boolean;
  /** Which hint of a key's use is saved with it, by maxmemory-policy. */
  access: 'none' | 'idle' | 'frequency';
  /** Pairs of names and values at the head of the file. */
  facts: readonly (readonly [string, string])[];
}

interface Root {
  index: number;
  dict: Dict;
  /** Set when FLUSHDB took the table away: who will free it, with what belongs to it. */
  indexes: ExpiryIndex[] | null;
}

export class Snapshot implements Keeper {
  /** Keys written, and how many there were at the start. */
  written = 0;
  readonly total: number;
  private readonly keyspace: Keyspace;
  private readonly sink: ChunkSink;
  private readonly options: SnapshotOptions;
  private readonly writer = new RdbWriter();
  private readonly roots: Root[] = [];
  private readonly batch = new AddressList(256);
  private cursor = 0;
  /** The database that the items written last belong to. */
  private selected = -1;

  /** Takes the snapshot: what it will hold is settled when this returns. O(databases). */
  constructor(keyspace: Keyspace, sink: ChunkSink, options: SnapshotOptions) {
    this.keyspace = keyspace;
    this.sink = sink;
    this.options = options;
    this.writer.reset(false);
    this.writer.take(CHUNK_CAPACITY);
    keyspace.epoch = (keyspace.epoch + 1) % EPOCHS;
    let total = 0;
    for (const db of keyspace.databases) {
      db.snapshotIndex = db.index;
      if (db.count > 0) this.roots.push({ index: db.index, dict: db.dict, indexes: null });
      total += db.count;
    }
    this.total = total;
    this.writeHead();
    keyspace.keeper = this;
  }

  private writeHead(): void {
    const { writer } = this;
    for (const pair of this.options.facts) {
      writer.byte(OPCODE_AUX);
      for (const text of pair) {
        const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
        writer.string(bytes, 0, bytes.length);
      }
    }
    for (const { index, dict } of this.roots) {
      this.select(index);
      writer.byte(OPCODE_RESIZEDB);
      writer.length(dict.count);
      writer.length(this.keyspace.databases[index].expires.count);
    }
  }

  private select(index: number): void {
    if (this.selected === index) return;
    this.selected = index;
    this.writer.byte(OPCODE_SELECTDB);
    this.writer.length(index);
  }

  // --- Keeper -------------------------------------------------------------------------------------

  keep(db: Database, address: number): void {
    if (!this.needs(address)) return;
    this.write(db, db.snapshotIndex, address);
    if (this.sink.full) this.sink.waitForRoom();
  }

  adopt(dict: Dict, indexes: ExpiryIndex[]): boolean {
    const root = this.roots.find((one) => one.dict === dict);
    if (root === undefined) return false;
    root.indexes = indexes;
    return true;
  }

  // --- the walk -----------------------------------------------------------------------------------

  /** Writes about `limit` keys. Returns true while there are more. Does nothing when the sink is full. */
  run(limit: number): boolean {
    if (this.sink.full) return true;
    const root = this.roots[0];
    if (root === undefined) return false;
    this.batch.clear();
    this.cursor = root.dict.scan(this.cursor, limit, this.batch);
    const db = this.keyspace.databases[0];
    for (let i = 0; i < this.batch.length; i++) {
      const address = this.batch.addresses[i];
      if (this.needs(address)) this.write(db, root.index, address);
    }
    if (this.cursor === 0) this.endRoot();
    return this.roots.length > 0;
  }

  private endRoot(): void {
    const root = this.roots.shift()!;
    if (root.indexes !== null) this.keyspace.lazyFree.add(root.dict, ...root.indexes);
  }

  private needs(address: number): boolean {
    const word0 = readWord0(this.keyspace.arena.i32[segmentOf(address)], byteOffsetOf(address));
    return epochOf(word0) !== this.keyspace.epoch;
  }

  /** Writes the record as it is now and stamps it. `db` is any: it only leads to the memory. */
  private write(db: Database, index: number, address: number): void {
    const { writer } = this;
    const i32 = this.keyspace.arena.i32[segmentOf(address)];
    const base = byteOffsetOf(address);
    writeEpoch(i32, base, this.keyspace.epoch);
    this.select(index);
    const atMs = db.expireOf(address);
    if (atMs !== NO_EXPIRE) {
      writer.byte(OPCODE_EXPIRE_MS);
      writer.milliseconds(atMs);
    }
    this.writeAccess(i32, base);
    db.readKey(address);
    writer.nameNext(db.keyBytes, db.keyStart, db.keyEnd);
    saveValue(writer, db, address, this.options.is72);
    this.written++;
    if (writer.size >= CHUNK_BYTES) this.handOn();
  }

  private writeAccess(i32: Int32Array, base: number): void {
    const { writer } = this;
    const { access } = this.options;
    if (access === 'none') return;
    if (access === 'frequency') {
      writer.byte(OPCODE_FREQ);
      writer.byte(accessOf(i32, base) & LFU_COUNTER_MASK);
    } else {
      writer.byte(OPCODE_IDLE);
      writer.length(this.keyspace.access.idleSeconds(accessOf(i32, base)));
    }
  }

  private handOn(): void {
    const { size } = this.writer;
    if (size === 0) return;
    this.sink.send(this.writer.take(CHUNK_CAPACITY), size);
  }

  // --- the end ------------------------------------------------------------------------------------

  /** All is written: hands the last buffer on. After it nothing is kept any more. */
  end(): void {
    this.handOn();
    this.release();
  }

  /** Gives up. What it had adopted is freed. */
  abort(): void {
    while (this.roots.length > 0) this.endRoot();
    this.release();
  }

  private release(): void {
    if (this.keyspace.keeper === this) this.keyspace.keeper = null;
  }
}
