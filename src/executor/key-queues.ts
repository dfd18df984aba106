/**
 * Who waits for which key, in the order in which they began to.
 *
 * A queue is a linked list of places, so that leaving costs the same wherever one stands, and queues are found by the key's hash, so that no text
 * is made of the key. Where one client at a time waits for a key, as in a ping-pong between two, the queue would be thrown away and made again
 * with every exchange: the queue that became empty last is kept (`spare`).
 */
import { equalBytes, sliceBytes } from '../base/bytes.ts';
import type { Database } from '../keyspace/database.ts';

/** One who waits for one key. */
export interface Place<T> {
  readonly item: T;
  readonly queue: KeyQueue<T>;
  before: Place<T> | null;
  after: Place<T> | null;
}

/** Those who wait for one key. */
export class KeyQueue<T> {
  readonly db: Database;
  readonly hash: number;
  readonly bytes: Uint8Array;
  first: Place<T> | null = null;
  last: Place<T> | null = null;
  /** The key has come to be, and nobody has been served since. */
  isReady = false;
  /** Another queue of the same hash. */
  next: KeyQueue<T> | null = null;

  constructor(db: Database, hash: number, bytes: Uint8Array) {
    this.db = db;
    this.hash = hash;
    this.bytes = bytes;
  }

  /** All who wait now, in order. */
  items(): T[] {
    const items: T[] = [];
    for (let place = this.first; place !== null; place = place.after) items.push(place.item);
    return items;
  }
}

export class KeyQueues<T> {
  private readonly byHash = new Map<number, KeyQueue<T>>();
  private spare: KeyQueue<T> | null = null;
  /** Keys that somebody waits for. */
  count = 0;

  /** The queue of the key bytes[start..end), which somebody stands in; null when nobody does. */
  find(db: Database, hash: number, bytes: Uint8Array, start: number, end: number): KeyQueue<T> | null {
    const queue = this.look(db, hash, bytes, start, end);
    return queue === null || queue.first === null ? null : queue;
  }

  /** Every queue that somebody stands in. */
  *all(): IterableIterator<KeyQueue<T>> {
    for (const first of this.byHash.values()) {
      for (let queue: KeyQueue<T> | null = first; queue !== null; queue = queue.next) {
        if (queue.first !== null) yield queue;
      }
    }
  }

  /** Puts the item behind all who wait for the key bytes[start..end), which are copied. Null: it is the last of them already. */
  join(db: Database, hash: number, bytes: Uint8Array, start: number, end: number, item: T): Place<T> | null {
    const queue =
      this.look(db, hash, bytes, start, end) ?? this.make(db, hash, sliceBytes(bytes, start, end));
    if (queue.last?.item === item) return null;
    const place: Place<T> = { item, queue, before: queue.last, after: null };
    if (queue.last === null) {
      queue.first = place;
      if (queue === this.spare) this.spare = null;
      this.count++;
    } else {
      queue.last.after = place;
    }
    queue.last = place;
    return place;
  }

  /** Gives the place up. To be called once. */
  leave({ queue, before, after }: Place<T>): void {
    if (before === null) queue.first = after;
    else before.after = after;
    if (after === null) queue.last = before;
    else after.before = before;
    if (queue.first !== null) return;
    this.count--;
    if (this.spare !== null) this.drop(this.spare);
    this.spare = queue;
  }

  private look(
    db: Database,
    hash: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): KeyQueue<T> | null {
    const { spare } = this;
    if (spare !== null && isOf(spare, db, hash, bytes, start, end)) return spare;
    for (let queue = this.byHash.get(hash) ?? null; queue !== null; queue = queue.next) {
      if (isOf(queue, db, hash, bytes, start, end)) return queue;
    }
    return null;
  }

  private make(db: Database, hash: number, bytes: Uint8Array): KeyQueue<T> {
    const queue = new KeyQueue<T>(db, hash, bytes);
    queue.next = this.byHash.get(hash) ?? null;
    this.byHash.set(hash, queue);
    return queue;
  }

  private drop(queue: KeyQueue<T>): void {
    const first = this.byHash.get(queue.hash)!;
    if (first === queue) {
      if (queue.next === null) this.byHash.delete(queue.hash);
      else this.byHash.set(queue.hash, queue.next);
      return;
    }
    let before = first;
    while (before.next !== queue) before = before.next!;
    before.next = queue.next;
  }
}

function isOf<T>(
  queue: KeyQueue<T>,
  db: Database,
  hash: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (queue.hash !== hash || queue.db !== db) return false;
  return equalBytes(queue.bytes, 0, queue.bytes.length, bytes, start, end);
}
