/**
 * All databases of the server and the memory they share.
 *
 * The keyspace knows no RESP, no thread and no clock but the millisecond that its owner writes into `nowMs`
 * before it runs a command, so it is a deterministic function of the calls made on it.
 *
 * It counts as Redis counts: `hits` and `misses` of look-ups that read, `expired` keys, and in `dirty` the changes
 * that save points and the AOF go by. Commands add to `dirty` themselves; an expired key's deletion is no change of its own.
 */
import type { SipHasher } from '../base/siphash.ts';
import { Arena } from '../memory/arena.ts';
import type { Dict } from '../memory/dict.ts';
import type { ExpiryIndex } from '../memory/expiry-index.ts';
import { LargeTable } from '../memory/large.ts';
import { Access } from './access.ts';
import { Database } from './database.ts';
import { Defrag } from './defrag.ts';
import { ElementHashes } from './element-hashes.ts';
import type { KeyEvent } from './events.ts';
import { Eviction } from './eviction.ts';
import { LazyFree } from './lazy-free.ts';

/** Who wants to know what a record was before it changes or goes: a snapshot under way. */
export interface Keeper {
  /** The record, which is in a table of a database, is about to change or to go. */
  keep(db: Database, address: number): void;
  /** A database is about to lose its whole table. Returns true when the keeper takes it over, and will free it with its indexes. */
  adopt(dict: Dict, indexes: ExpiryIndex[]): boolean;
}

/** How long an empty segment is kept. */
const SPARE_MS = 5000;

export class Keyspace {
  readonly arena: Arena;
  readonly large = new LargeTable();
  readonly lazyFree: LazyFree;
  readonly hasher: SipHasher;
  /** The same hasher, for elements that commands name. */
  readonly elementHashes: ElementHashes;
  readonly databases: Database[] = [];
  readonly access = new Access();
  readonly eviction: Eviction;
  readonly defrag: Defrag;
  /** The time that TTLs are judged by, for the whole of one command. */
  nowMs = 0;
  /** The least that the tables of the databases take. */
  readonly ownBytes: number;
  /** Stamped into new records: the snapshot that will not need them. */
  epoch = 0;
  /** The snapshot under way, or null: everyone who changes a record that was there before tells it first. */
  keeper: Keeper | null = null;
  /** False while the data is being loaded or expiry is switched off by DEBUG. */
  lazyExpireEnabled = true;
  /** Keys whose time has come are not found and not deleted either: CLIENT PAUSE. Nothing is to be deleted that no command names. */
  frozen = false;
  /** Which deletions leave a large value's memory to bio. */
  readonly lazy = { expire: false, serverDelete: false, userDelete: false, userFlush: false };
  /** The longest string that a command may make. */
  stringSizeMax = 512 << 20;
  /** The directives that say when a collection is small enough to be packed, and how large its blocks are. */
  readonly packing = {
    hashEntries: 512,
    hashValue: 64,
    listSize: -2,
    listDepth: 0,
    setIntsetEntries: 512,
    setEntries: 128,
    setValue: 64,
    zsetEntries: 128,
    zsetValue: 64,
    hllSparseBytes: 3000,
    streamBytes: 4096,
    streamEntries: 100,
  };
  hits = 0;
  misses = 0;
  expired = 0;
  evicted = 0;
  /** Elements of collections (fields of hashes) that have expired while their key lived on. */
  expiredElements = 0;
  /** Changes to the data since the start: what save points and the AOF count. */
  dirty = 0;
  /**
   * Called for everything that happens to a key (events.ts): bytes[start..end) of that hash in the database. What it is told of has happened or
   * is about to; it must not touch the keyspace. Null while nobody wants to know.
   */
  onChange:
    | ((db: Database, event: KeyEvent, hash: number, bytes: Uint8Array, start: number, end: number) => void)
    | null = null;
  /**
   * Called before all keys of a database go, and those of `replacement`, if any, take their place. Null while nobody wants to know. It may look
   * keys up.
   */
  onEmptying: ((db: Database, replacement: Database | null) => void) | null = null;
  /** Called before a database, or all of them, are emptied. Null while nobody wants to know. */
  onFlush: (() => void) | null = null;
  /** Called before a key that has expired is deleted, so that it can be propagated. */
  onExpire: ((db: Database, hash: number, address: number) => void) | null = null;
  /** The same for a key that is evicted. */
  onEvict: ((db: Database, address: number) => void) | null = null;
  /** The same for an element that has an expire time of its own, before its record goes. */
  onElementExpire: ((db: Database, hash: number, address: number, element: number) => void) | null = null;

  /**
   * Called when a key has come to be, or (by the stream commands) has got something new: clients may be blocked on it. Null while
   * nobody is blocked, so that it costs a comparison.
   */
  onReady: ((db: Database, hash: number, address: number) => void) | null = null;
  /** Called when a key is about to go, or another value to take its place. Null unless a client waits for that. */
  onGone: ((db: Database, hash: number, address: number) => void) | null = null;
  /** Called when two databases have been exchanged, or one (twice named) has been emptied, under the same condition as onReady. */
  onSwap: ((a: number, b: number) => void) | null = null;

  /** `arena` is for tests: one whose first segments are small. */
  constructor(hasher: SipHasher, databases: number, arena = new Arena()) {
    this.arena = arena;
    this.hasher = hasher;
    this.elementHashes = new ElementHashes(hasher);
    this.lazyFree = new LazyFree(this.arena, this.large);
    this.eviction = new Eviction(this);
    this.defrag = new Defrag(this);
    for (let i = 0; i < databases; i++) this.databases.push(new Database(this, i));
    this.ownBytes = this.databases.reduce((sum, { dict }) => sum + dict.directoryBytes, 0);
  }

  /** The 24-bit LRU clock, in seconds. */
  get lruClock(): number {
    return this.access.clock;
  }

  set lruClock(clock: number) {
    this.access.setClock(clock);
  }

  /**
   * Whether what is to expire at this time is to be deleted at once. Not while data is loaded: a later command of the file may have been run
   * before the time came, so the key is needed until the file deletes it.
   */
  isPast(atMs: number): boolean {
    return atMs <= this.nowMs && this.lazyExpireEnabled;
  }

  /** Bytes of data and of the tables that find it, exact. */
  get usedBytes(): number {
    return this.ownBytes + this.arena.usedBytes + this.arena.outsideBytes + this.large.usedBytes;
  }

  /** A segment of the arena that is empty, and since when: kept for a while, because new data would want one again. */
  private spareSinceMs = 0;

  /** giveBack(), but for one segment that has only just become free. Called some times a second. */
  giveBackSpare(): void {
    const { arena } = this;
    if (arena.emptySegments === 0) {
      this.spareSinceMs = 0;
      return;
    }
    while (arena.emptySegments > 1) this.lazyFree.buffers.push(arena.detachEmptySegment()!);
    if (this.spareSinceMs === 0) this.spareSinceMs = this.nowMs;
    else if (this.nowMs - this.spareSinceMs > SPARE_MS) this.giveBack();
  }

  /** Gives all segments of the arena that have fallen empty back to the operating system, by way of the thread that takes dead memory. */
  giveBack(): void {
    for (
      let buffer = this.arena.detachEmptySegment();
      buffer !== null;
      buffer = this.arena.detachEmptySegment()
    ) {
      this.lazyFree.buffers.push(buffer);
    }
  }

  /** Exchanges the content of two databases; every session keeps its index. Counts as a change even for one and the same. */
  swap(a: number, b: number): void {
    if (a !== b) {
      const [one, other] = [this.databases[a], this.databases[b]];
      this.onEmptying?.(one, other);
      this.onEmptying?.(other, one);
      one.swapContent(other);
    }
    if (this.onSwap !== null) this.onSwap(a, b);
    this.dirty++;
  }

  /**
   * Empties every database. The arena is given back whole, so the cost does not depend on the number of keys; but while a snapshot
   * still needs what is in it, it is freed in slices. `lazily` only says whether that counts as freed in the background. Returns how many keys
   * there were.
   */
  flushAll(lazily = false): number {
    this.onFlush?.();
    // Whoever is told may find that it wants to know no more.
    for (const db of this.databases) this.onEmptying?.(db, null);
    return this.dropAll(lazily);
  }

  private dropAll(lazily: boolean): number {
    let removed = 0;
    for (const db of this.databases) removed += db.count;
    if (this.keeper !== null) {
      for (const db of this.databases) db.detach(this.lazyFree);
      return removed;
    }
    this.lazyFree.dropAll(lazily ? removed : 0);
    this.defrag.forget();
    for (const db of this.databases) db.forget();
    this.lazyFree.releaseAll();
    if (this.onSwap !== null) for (const { index } of this.databases) this.onSwap(index, index);
    return removed;
  }

  /** Empties one database, as flushAll() empties all. Returns how many keys there were. */
  flush(db: Database, lazily = false): number {
    this.onFlush?.();
    this.onEmptying?.(db, null);
    const removed = db.count;
    if (removed === 0) return 0;
    const alone = this.databases.every((other) => other === db || other.count === 0);
    if (alone && this.keeper === null && !this.lazyFree.busy) return this.dropAll(lazily);
    db.detach(this.lazyFree);
    if (this.onSwap !== null) this.onSwap(db.index, db.index);
    return removed;
  }
}
