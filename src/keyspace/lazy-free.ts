/**
 * Memory that is dead but not given back yet.
 *
 * Detached databases and long structures are freed in slices between commands (run()): some records at a time, then some leaves of the
 * index of their expire times. Buffers of large values and whole arena segments are collected in `buffers` and handed to
 * the bio thread, which pays for the unmapping.
 */

import { byteOffsetOf, segmentOf } from '../memory/address.ts';
import { AddressList } from '../memory/address-list.ts';
import type { Arena } from '../memory/arena.ts';
import type { Dict } from '../memory/dict.ts';
import type { ExpiryIndex } from '../memory/expiry-index.ts';
import type { LargeTable } from '../memory/large.ts';
import { flagsOf, LARGE, readWord0, valueWord } from '../memory/record.ts';
import { type CollectionKind, collectionKind } from './collections.ts';

const SLICE_RECORDS = 64;
/** Entries of an expiry index go by the leaf, so they are much cheaper than records. */
const SLICE_EXPIRES = 1024;

/** A structure with no more elements is freed at once even where it could wait: queueing it costs as much. */
const WORTH_WAITING = 64;
/** One with more is never freed within one command. */
const AT_ONCE_MAX = 4096;

/** A structure that no record names any more. */
interface DeadCollection {
  kind: CollectionKind;
  handle: number;
}

export class LazyFree {
  readonly arena: Arena;
  readonly large: LargeTable;
  /** Takes a structure over that a snapshot still needs, and gives it back to freeCollection() later; null while there is none. */
  adopter: ((kind: CollectionKind, handle: number) => boolean) | null = null;
  private readonly collections: DeadCollection[] = [];
  private readonly tables: Dict[] = [];
  private readonly indexes: ExpiryIndex[] = [];
  private readonly batch = new AddressList(SLICE_RECORDS * 2);
  /** Dead buffers that nobody has taken yet. */
  buffers: ArrayBuffer[] = [];
  /** Values freed in the background, ever. */
  freed = 0;

  constructor(arena: Arena, large: LargeTable) {
    this.arena = arena;
    this.large = large;
  }

  /** True while detached tables wait. */
  get busy(): boolean {
    return this.tables.length > 0 || this.indexes.length > 0 || this.collections.length > 0;
  }

  /** Records that wait to be freed. */
  get pending(): number {
    let count = this.collections.length;
    for (const table of this.tables) count += table.count;
    return count;
  }

  /** Takes a table over, its records with it, and the indexes of their expire times. */
  add(table: Dict, ...indexes: ExpiryIndex[]): void {
    if (table.count > 0) this.tables.push(table);
    for (const index of indexes) if (index.count > 0) this.indexes.push(index);
  }

  /** Frees some records or index entries. Returns true while there is more to do. */
  run(): boolean {
    if (this.collections.length > 0) this.drainCollection(this.collections[0]);
    else if (this.tables.length > 0) this.drainTable(this.tables[0]);
    else if (this.indexes.length > 0 && this.indexes[0].drain(SLICE_EXPIRES)) this.indexes.shift();
    return this.busy;
  }

  private drainTable(table: Dict): void {
    this.batch.clear();
    const empty = table.drain(SLICE_RECORDS, this.batch);
    for (let i = 0; i < this.batch.length; i++) this.freeRecord(this.batch.addresses[i], true);
    this.freed += this.batch.length;
    if (empty) this.tables.shift();
  }

  private drainCollection({ kind, handle }: DeadCollection): void {
    if (!kind.free(this, handle, SLICE_RECORDS)) return;
    this.collections.shift();
    this.freed++;
  }

  /** Frees a structure that no record names any more: now, or with `later` in slices. A long one always in slices. */
  freeCollection(kind: CollectionKind, handle: number, later: boolean): void {
    if (this.adopter?.(kind, handle) === true) return;
    const count = kind.count(this.arena, handle);
    if (count > (later ? WORTH_WAITING : AT_ONCE_MAX)) {
      this.collections.push({ kind, handle });
      return;
    }
    while (!kind.free(this, handle, count + 1));
  }

  /** Frees one record that no table holds any more. With `later`, a large value's buffer goes to bio and a structure waits for its slices. */
  freeRecord(address: number, later: boolean): void {
    const i32 = this.arena.i32[segmentOf(address)];
    const base = byteOffsetOf(address);
    const word0 = readWord0(i32, base);
    if ((flagsOf(word0) & LARGE) !== 0) {
      const id = valueWord(i32, base);
      if (later) this.buffers.push(this.large.take(id));
      else this.large.remove(id);
    } else {
      const kind = collectionKind(word0);
      if (kind !== undefined) this.freeCollection(kind, valueWord(i32, base), later);
    }
    this.arena.free(address);
  }

  /** Everything is to go, `keys` of it as if in the background: what was pending goes with it. */
  dropAll(keys: number): void {
    this.freed += keys + this.pending;
    this.tables.length = 0;
    this.indexes.length = 0;
    this.collections.length = 0;
  }

  /** Gives back the arena and every large value, which nothing may refer to any more. */
  releaseAll(): void {
    for (const buffer of this.arena.reset()) this.buffers.push(buffer);
    for (const buffer of this.large.reset()) this.buffers.push(buffer);
  }
}
