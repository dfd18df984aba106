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
 * What is written are the items of an RDB file with plain strings, in buffers that are handed to a job which compresses and writes them. When it
 * cannot keep up the walk pauses; keep() cannot, and waits.
 *
 * Large collections (long-value.ts) are written in slices, one after the other, and what changes of one meanwhile is kept element by element:
 *
 *     pending   frozen, because somebody was about to change it; elements that had to be written wait beside it
 *     open      the one that is being written: the main buffer holds its elements and nothing else
 *     later     keys that had to be written meanwhile: they follow when it is through
 *
 * What waits so is in memory; when it becomes too much, the open value is written to its end at once.
 */

import { handleOf } from '../keyspace/blob.ts';
import type { CollectionKind } from '../keyspace/collections.ts';
import type { Database } from '../keyspace/database.ts';
import { NO_EXPIRE } from '../keyspace/database.ts';
import type { Keeper, Keyspace } from '../keyspace/keyspace.ts';
import { byteOffsetOf, segmentOf } from '../memory/address.ts';
import { AddressList } from '../memory/address-list.ts';
import type { ElementKeeper } from '../memory/arena.ts';
import { Dict } from '../memory/dict.ts';
import type { ExpiryIndex } from '../memory/expiry-index.ts';
import { accessOf } from '../memory/record.ts';
import {
  OPCODE_AUX,
  OPCODE_EXPIRE_MS,
  OPCODE_FREQ,
  OPCODE_IDLE,
  OPCODE_RESIZEDB,
  OPCODE_SELECTDB,
} from '../rdb/format.ts';
import { PART_ELEMENTS, PART_HEAD, PART_ITEMS, PART_TAIL, type Part } from '../rdb/items.ts';
import {
  blockCount,
  freezeBlocks,
  isOfBlocks,
  isTable,
  saveBlocksHead,
  saveBlocksTail,
  saveElement,
  saveTableHead,
  shapeOf,
  type TableValue,
  tableValue,
} from '../rdb/large.ts';
import { saveValue } from '../rdb/value.ts';
import { RdbWriter } from '../rdb/writer.ts';
import { isStamped, LongBlocks, LongTable, type LongValue, stamp } from './long-value.ts';

/** Buffers are handed on when they hold this much. */
const CHUNK_BYTES = 256 << 10;
const CHUNK_CAPACITY = CHUNK_BYTES + (16 << 10);
/** A smaller piece is copied, so that the buffer stays. */
const COPIED_MAX = 16 << 10;
/** What one slice of the walk writes, about: more makes the snapshot shorter, and what commands lose to it meanwhile larger. */
const SLICE_BYTES = 6 << 10;
/** Keys looked at together. */
const BATCH_KEYS = 32;
/** Collections with more elements, or more blocks, are written in slices. */
const LONG_ELEMENTS = 1024;
const LONG_BLOCKS = 16;
/** What may wait in memory for the open value to be written. */
const WAITING_MAX = 32 << 20;
const EPOCHS = 1 << 16;
const LFU_COUNTER_MASK = 255;

/** Where the buffers go. */
export interface ChunkSink {
  /** Takes bytes[0..size) over, and the buffer with them. */
  send(bytes: Uint8Array, size: number, part: Part): void;
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
  /** From how many elements and blocks on collections are written in slices; a test wants few. */
  longElements?: number;
  longBlocks?: number;
  /** What a slice writes. */
  sliceBytes?: number;
}

interface Root {
  index: number;
  dict: Dict;
  /** Set when FLUSHDB took the table away: who will free it, with what belongs to it. */
  indexes: ExpiryIndex[] | null;
}

export class Snapshot implements Keeper, ElementKeeper {
  /** Keys written, and how many there were at the start. */
  written = 0;
  readonly total: number;
  /** Where the walk leaves what it has read ahead, so that the reads happen. */
  touched = 0;
  private readonly keyspace: Keyspace;
  private readonly sink: ChunkSink;
  private readonly options: SnapshotOptions;
  private readonly writer = new RdbWriter();
  private readonly roots: Root[] = [];
  private readonly batch = new AddressList(256);
  private readonly elements = new AddressList(256);
  private cursor = 0;
  /** The database that the items written last belong to. */
  private selected = -1;
  private readonly pending: LongValue[] = [];
  private open: LongValue | null = null;
  private readonly later = new RdbWriter();
  private laterSelected = -1;
  /** Bytes beside the pending values. */
  private besideBytes = 0;
  /** Bytes handed on so far. */
  private handedOn = 0;
  /** The frozen values that are not written yet: by the handle of the value, by its table, by each of its cells. */
  private readonly byHandle = new Map<number, LongValue>();
  private readonly byTable = new Map<number, LongTable>();
  private readonly byCell = new Map<number, LongBlocks>();
  private readonly longElements: number;
  private readonly longBlocks: number;
  private readonly sliceBytes: number;
  /** The table of a small collection, while its elements are written. */
  private readonly table: Dict;

  /** Takes the snapshot: what it will hold is settled when this returns. O(databases). */
  constructor(keyspace: Keyspace, sink: ChunkSink, options: SnapshotOptions) {
    this.keyspace = keyspace;
    this.sink = sink;
    this.options = options;
    this.longElements = options.longElements ?? LONG_ELEMENTS;
    this.longBlocks = options.longBlocks ?? LONG_BLOCKS;
    this.sliceBytes = options.sliceBytes ?? SLICE_BYTES;
    this.table = new Dict(keyspace.arena);
    this.writer.reset(false);
    this.writer.take(CHUNK_CAPACITY);
    this.later.reset(false);
    keyspace.epoch = (keyspace.epoch + 1) % EPOCHS;
    keyspace.arena.stamp = keyspace.epoch;
    let total = 0;
    for (const db of keyspace.databases) {
      db.snapshotIndex = db.index;
      if (db.count > 0) this.roots.push({ index: db.index, dict: db.dict, indexes: null });
      total += db.count;
    }
    this.total = total;
    this.writeHead();
    keyspace.keeper = this;
    keyspace.arena.keeper = this;
    keyspace.lazyFree.adopter = (kind, handle) => this.adoptValue(kind, handle);
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

  // --- Keeper, ElementKeeper ----------------------------------------------------------------------

  keep(db: Database, address: number): void {
    if (isStamped(this.keyspace.arena, address)) return;
    this.write(db, db.snapshotIndex, address);
    if (this.waiting > WAITING_MAX) this.writeWaiting();
    if (this.sink.full) this.sink.waitForRoom();
  }

  keepElement(table: number, record: number): void {
    const value = this.byTable.get(table);
    if (value === undefined) return;
    if (value === this.open) {
      value.writeElement(this.writer, record);
      this.handOnIfFull(PART_ELEMENTS);
      return;
    }
    value.side ??= newWriter();
    const before = value.side.size;
    value.writeElement(value.side, record);
    this.besideBytes += value.side.size - before;
  }

  keepCell(cell: number): void {
    const value = this.byCell.get(cell);
    if (value !== undefined) this.besideBytes += value.keep(cell);
  }

  /** True when a structure that nobody has any more is needed here still. */
  private adoptValue(kind: CollectionKind, handle: number): boolean {
    const value = this.byHandle.get(handle);
    if (value === undefined || value.orphan !== null) return false;
    value.orphan = { kind, handle };
    return true;
  }

  adopt(dict: Dict, indexes: ExpiryIndex[]): boolean {
    const root = this.roots.find((one) => one.dict === dict);
    if (root === undefined) return false;
    root.indexes = indexes;
    return true;
  }

  // --- the walk -----------------------------------------------------------------------------------

  /** Writes up to about `limit` keys or some of a large one. Returns true while there are more. Does nothing when the sink is full. */
  run(limit: number): boolean {
    if (this.sink.full) return true;
    if (this.open === null && this.pending.length > 0) this.start(this.pending.shift()!);
    if (this.open !== null) this.writeSlice(this.open);
    else this.walkKeys(limit);
    return this.roots.length > 0 || this.open !== null || this.pending.length > 0;
  }

  private walkKeys(limit: number): void {
    const until = this.produced + this.sliceBytes;
    const db = this.keyspace.databases[0];
    const { batch } = this;
    for (let left = limit; left > 0 && this.roots.length > 0; left -= Math.max(1, batch.length)) {
      const root = this.roots[0];
      batch.clear();
      this.cursor = root.dict.scan(this.cursor, Math.min(left, BATCH_KEYS), batch);
      this.touched = root.dict.touchRecords(batch);
      for (let i = 0; i < batch.length; i++) {
        const address = batch.addresses[i];
        if (!isStamped(db.arena, address)) this.write(db, root.index, address);
      }
      if (this.cursor === 0) this.endRoot();
      if (this.pending.length > 0 || this.produced >= until) return;
    }
  }

  /** Bytes written in all. */
  private get produced(): number {
    return this.handedOn + this.writer.size;
  }

  private endRoot(): void {
    const root = this.roots.shift()!;
    if (root.indexes !== null) this.keyspace.lazyFree.add(root.dict, ...root.indexes);
  }

  /** Writes the record as it is now and stamps it, or freezes a large value. `db` is any: it only leads to the memory. */
  private write(db: Database, index: number, address: number): void {
    const { arena } = this.keyspace;
    const shape = shapeOf(arena, address);
    stamp(arena, address);
    this.written++;
    if (isTable(shape)) {
      const value = tableValue(db, address, shape);
      if (value.count > this.longElements) this.freezeTable(db, index, address, value);
      else this.writeTable(this.startItem(db, index, address), db, value);
    } else if (isOfBlocks(shape) && blockCount(db, address, shape) > this.longBlocks) {
      this.freezeBlocks(db, index, address, shape);
    } else {
      saveValue(this.startItem(db, index, address), db, address, this.options.is72);
    }
    if (this.open === null) this.handOnIfFull(PART_ITEMS);
  }

  /** Whoever gets items now, with the name of the key and what comes before it. */
  private startItem(db: Database, index: number, address: number): RdbWriter {
    const { later, writer } = this;
    if (this.open === null) {
      this.select(index);
      this.nameKey(writer, db, address);
      return writer;
    }
    if (this.laterSelected !== index) {
      this.laterSelected = index;
      later.byte(OPCODE_SELECTDB);
      later.length(index);
    }
    this.nameKey(later, db, address);
    return later;
  }

  /** What comes before the type of a key, and its name for after it. */
  private nameKey(writer: RdbWriter, db: Database, address: number): void {
    const atMs = db.expireOf(address);
    if (atMs !== NO_EXPIRE) {
      writer.byte(OPCODE_EXPIRE_MS);
      writer.milliseconds(atMs);
    }
    this.writeAccess(writer, this.keyspace.arena.i32[segmentOf(address)], byteOffsetOf(address));
    db.readKey(address);
    writer.nameNext(db.keyBytes, db.keyStart, db.keyEnd, this.keyspace.arena.dv[segmentOf(address)]);
  }

  /** A small collection of records, whole; its elements are stamped, as those of a large one are. */
  private writeTable(writer: RdbWriter, db: Database, value: TableValue): void {
    const { elements } = this;
    saveTableHead(writer, value);
    elements.clear();
    this.table.attach(value.table).scan(0, value.count, elements);
    for (let i = 0; i < elements.length; i++) {
      stamp(db.arena, elements.addresses[i]);
      saveElement(writer, db, value, elements.addresses[i]);
    }
  }

  // --- large values -------------------------------------------------------------------------------

  private freezeTable(db: Database, index: number, address: number, table: TableValue): void {
    const head = newWriter();
    this.nameKey(head, db, address);
    saveTableHead(head, table);
    const handle = handleOf(db, address);
    const value = new LongTable({ db, index, handle, head: bytesOf(head), tail: NOTHING }, table);
    this.byTable.set(table.table, value);
    this.freeze(value);
  }

  private freezeBlocks(db: Database, index: number, address: number, shape: number): void {
    const { is72 } = this.options;
    const blocks = freezeBlocks(db, address, shape);
    const head = newWriter();
    this.nameKey(head, db, address);
    saveBlocksHead(head, blocks, is72);
    const tail = newWriter();
    saveBlocksTail(tail, db, address, shape, is72);
    const handle = handleOf(db, address);
    const parts = { db, index, handle, head: bytesOf(head), tail: bytesOf(tail) };
    this.freeze(new LongBlocks(parts, blocks, this.byCell));
  }

  private freeze(value: LongValue): void {
    this.byHandle.set(value.handle, value);
    this.pending.push(value);
  }

  /** `value` is written from now on. */
  private start(value: LongValue): void {
    this.select(value.index);
    this.handOn(PART_ITEMS);
    this.send(value.head, PART_HEAD);
    this.open = value;
    if (!(value instanceof LongTable) || value.side === null) return;
    const { side } = value;
    this.besideBytes -= side.size;
    this.send(bytesOf(side), PART_ELEMENTS);
    value.side = null;
  }

  private writeSlice(value: LongValue): void {
    const more = value.write(this.writer, this.sliceBytes);
    this.handOnIfFull(PART_ELEMENTS);
    if (!more) this.finish(value);
  }

  private finish(value: LongValue): void {
    this.handOn(PART_ELEMENTS);
    this.send(value.tail, PART_TAIL);
    this.open = null;
    this.forget(value);
    const { later } = this;
    if (later.size === 0) return;
    this.send(bytesOf(later), PART_ITEMS);
    later.keepSmall();
    this.selected = this.laterSelected;
    this.laterSelected = -1;
  }

  /** Nothing of the value is needed any more. */
  private forget(value: LongValue): void {
    this.byHandle.delete(value.handle);
    if (value instanceof LongTable) this.byTable.delete(value.value.table);
    this.besideBytes -= value.close();
    const { orphan } = value;
    if (orphan !== null) this.keyspace.lazyFree.freeCollection(orphan.kind, orphan.handle, true);
  }

  private get waiting(): number {
    return this.later.size + this.besideBytes;
  }

  /** Writes large values until nothing waits for them. */
  private writeWaiting(): void {
    while (this.open !== null || this.pending.length > 0) {
      if (this.sink.full) this.sink.waitForRoom();
      if (this.open === null) this.start(this.pending.shift()!);
      this.writeSlice(this.open!);
    }
  }

  private writeAccess(writer: RdbWriter, i32: Int32Array, base: number): void {
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

  private handOnIfFull(part: Part): void {
    if (this.writer.size >= CHUNK_BYTES) this.handOn(part);
  }

  /** Hands the main buffer on. */
  private handOn(part: Part): void {
    const { writer } = this;
    const { size } = writer;
    if (size === 0) return;
    if (size <= COPIED_MAX) {
      this.send(bytesOf(writer), part);
      writer.size = 0;
      return;
    }
    this.handedOn += size;
    this.sink.send(writer.take(CHUNK_CAPACITY), size, part);
  }

  private send(bytes: Uint8Array, part: Part): void {
    this.handedOn += bytes.length;
    this.sink.send(bytes, bytes.length, part);
  }

  // --- the end ------------------------------------------------------------------------------------

  /** All is written: hands the last buffer on. After it nothing is kept any more. */
  end(): void {
    this.handOn(PART_ITEMS);
    this.release();
  }

  /** Gives up. What it had adopted is freed. */
  abort(): void {
    while (this.roots.length > 0) this.endRoot();
    this.release();
    if (this.open !== null) this.pending.push(this.open);
    this.open = null;
    for (const value of this.pending.splice(0)) this.forget(value);
  }

  private release(): void {
    const { keyspace } = this;
    if (keyspace.keeper !== this) return;
    keyspace.keeper = null;
    keyspace.arena.keeper = null;
    keyspace.lazyFree.adopter = null;
  }
}

const NOTHING = new Uint8Array(0);

function newWriter(): RdbWriter {
  const writer = new RdbWriter();
  writer.reset(false);
  return writer;
}

/** A copy of what the writer holds. */
function bytesOf(writer: RdbWriter): Uint8Array {
  return writer.bytes.slice(0, writer.size);
}
