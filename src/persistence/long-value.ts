/**
 * A large collection that a snapshot has begun to write: what is known of it since the instant at which it was frozen, and how far it has been
 * written. It is frozen when the walk comes to it or when somebody is about to change it for the first time; from then on whoever
 * changes one of its elements has that one written first, and the rest follows in slices.
 */
import type { CollectionKind } from '../keyspace/collections.ts';
import type { Database } from '../keyspace/database.ts';
import { byteOffsetOf, segmentOf } from '../memory/address.ts';
import { AddressList } from '../memory/address-list.ts';
import type { Arena } from '../memory/arena.ts';
import { Dict } from '../memory/dict.ts';
import { epochOf, readWord0, writeEpoch } from '../memory/record.ts';
import { type BlocksValue, copyCell, saveBlock, saveElement, type TableValue } from '../rdb/large.ts';
import type { RdbWriter } from '../rdb/writer.ts';

/** What the table or the blocks belonged to, when nothing in the keyspace does any more: it lives until it has been written. */
export interface Orphan {
  kind: CollectionKind;
  handle: number;
}

export interface LongValue {
  /** The database of the start. */
  readonly index: number;
  /** What the key's record names: who frees it says this. */
  readonly handle: number;
  /** Type, name, count and what comes before them; and what follows the elements. */
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  orphan: Orphan | null;
  /** Writes some elements more, about `bytes`; false when there are none left. */
  write(writer: RdbWriter, bytes: number): boolean;
  /** Nothing is kept for it any more. Returns how many bytes were. */
  close(): number;
}

export interface LongValueParts {
  db: Database;
  index: number;
  handle: number;
  head: Uint8Array;
  tail: Uint8Array;
}

/** True when the snapshot under way does not need the record (any more). */
export function isStamped(arena: Arena, record: number): boolean {
  return epochOf(readWord0(arena.i32[segmentOf(record)], byteOffsetOf(record))) === arena.stamp;
}

export function stamp(arena: Arena, record: number): void {
  writeEpoch(arena.i32[segmentOf(record)], byteOffsetOf(record), arena.stamp);
}

/** Records looked at together. */
const BATCH = 64;
const batch = new AddressList(BATCH);

/** A hash, set or sorted set: every record without the stamp is still to be written. */
export class LongTable implements LongValue {
  readonly index: number;
  readonly handle: number;
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  orphan: Orphan | null = null;
  readonly value: TableValue;
  /** Elements that had to be written before the walk came here. */
  side: RdbWriter | null = null;
  private readonly db: Database;
  private readonly dict: Dict;
  private cursor = 0;

  constructor(parts: LongValueParts, value: TableValue) {
    this.db = parts.db;
    this.index = parts.index;
    this.handle = parts.handle;
    this.head = parts.head;
    this.tail = parts.tail;
    this.value = value;
    this.dict = new Dict(parts.db.arena);
  }

  write(writer: RdbWriter, bytes: number): boolean {
    const until = writer.size + bytes;
    // Others have changed the table since.
    this.dict.attach(this.value.table);
    do {
      batch.clear();
      this.cursor = this.dict.scan(this.cursor, BATCH, batch);
      for (let i = 0; i < batch.length; i++) this.writeElement(writer, batch.addresses[i]);
    } while (this.cursor !== 0 && writer.size < until);
    return this.cursor !== 0;
  }

  /** Unless it has been written. */
  writeElement(writer: RdbWriter, record: number): void {
    const { arena } = this.db;
    if (isStamped(arena, record)) return;
    stamp(arena, record);
    saveElement(writer, this.db, this.value, record);
  }

  close(): number {
    const bytes = this.side?.size ?? 0;
    this.side = null;
    return bytes;
  }
}

/** A list or stream: the blocks of the instant, in their order. */
export class LongBlocks implements LongValue {
  readonly index: number;
  readonly handle: number;
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  orphan: Orphan | null = null;
  private readonly db: Database;
  private readonly value: BlocksValue;
  private readonly frozen: Map<number, LongBlocks>;
  /** What blocks held that have changed since. */
  private readonly kept = new Map<number, Uint8Array>();
  private keptBytes = 0;
  private next = 0;

  /** `frozen` gets every cell, for who changes one. */
  constructor(parts: LongValueParts, value: BlocksValue, frozen: Map<number, LongBlocks>) {
    this.db = parts.db;
    this.index = parts.index;
    this.handle = parts.handle;
    this.head = parts.head;
    this.tail = parts.tail;
    this.value = value;
    this.frozen = frozen;
    for (const cell of value.cells) frozen.set(cell, this);
  }

  /** The cell is about to change or to go. Returns how many bytes are kept for it. */
  keep(cell: number): number {
    const copy = copyCell(this.db.keyspace, cell, this.value.shape);
    this.kept.set(cell, copy);
    this.keptBytes += copy.length;
    this.frozen.delete(cell);
    return copy.length;
  }

  write(writer: RdbWriter, bytes: number): boolean {
    const { cells } = this.value;
    const until = writer.size + bytes;
    while (this.next < cells.length && writer.size < until) {
      const cell = cells[this.next];
      const kept = this.kept.get(cell) ?? null;
      saveBlock(writer, this.db.keyspace, this.value, this.next++, kept);
      if (kept === null) this.frozen.delete(cell);
      else this.kept.delete(cell);
    }
    return this.next < cells.length;
  }

  close(): number {
    for (const cell of this.value.cells) if (this.frozen.get(cell) === this) this.frozen.delete(cell);
    this.kept.clear();
    return this.keptBytes;
  }
}
