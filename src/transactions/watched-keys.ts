/**
 * Keys that clients watch: WATCH notes them, a change of one of them makes the EXEC of those who watch it do nothing.
 *
 * What changes a key says so through Database.changed() (../keyspace/events.ts); flushes and SWAPDB say it for a whole database. A key whose time
 * has come is deleted when it is watched, so that its deletion later on is no change; one whose time comes in between is looked for, and
 * so deleted, by EXEC. A watch that is broken is forgotten with all the others of its client: one is enough.
 *
 * What is held here grows with what clients watch, not with the data.
 */
import { stringFromBytes } from '../base/bytes.ts';
import { type Named, NameTable } from '../base/name-table.ts';
import { NAME_BYTES } from '../commands/client-memory.ts';
import type { Session } from '../commands/session.ts';
import type { Database } from '../keyspace/database.ts';

class WatchedKey implements Named<WatchedKey> {
  readonly db: Database;
  readonly hash: number;
  readonly name: string;
  next: WatchedKey | null = null;
  readonly watchers = new Set<Session>();

  constructor(db: Database, hash: number, name: string) {
    this.db = db;
    this.hash = hash;
    this.name = name;
  }

  /** The key's bytes, made anew. */
  bytes(): Uint8Array {
    return Uint8Array.from(this.name, (char) => char.charCodeAt(0));
  }
}

export class WatchedKeys {
  /** One for each database, as far as needed. */
  private readonly tables: (NameTable<WatchedKey> | undefined)[] = [];
  private readonly bySession = new Map<Session, WatchedKey[]>();
  private readonly onInterest: () => void;

  /** `onInterest` is called when the first key is watched and when the last one is not any more. */
  constructor(onInterest: () => void) {
    this.onInterest = onInterest;
  }

  /** How many different keys are watched. */
  get count(): number {
    const keys = new Set<WatchedKey>();
    for (const watched of this.bySession.values()) for (const key of watched) keys.add(key);
    return keys.size;
  }

  get isEmpty(): boolean {
    return this.bySession.size === 0;
  }

  /** The session watches key bytes[start..end) of the database, too. */
  watch(session: Session, db: Database, hash: number, bytes: Uint8Array, start: number, end: number): void {
    // A key whose time has come goes now.
    db.find(hash, bytes, start, end);
    const table = (this.tables[db.index] ??= new NameTable());
    let key = table.find(hash, bytes, start, end);
    if (key === null) {
      key = new WatchedKey(db, hash, stringFromBytes(bytes, start, end));
      table.add(key);
    }
    if (key.watchers.has(session)) return;
    key.watchers.add(session);
    session.watchCount++;
    session.heldBytes += NAME_BYTES + key.name.length;
    const keys = this.bySession.get(session);
    if (keys !== undefined) {
      keys.push(key);
      return;
    }
    this.bySession.set(session, [key]);
    if (this.bySession.size === 1) this.onInterest();
  }

  /** The session watches nothing any more. */
  unwatch(session: Session): void {
    if (session.watchCount === 0) return;
    const keys = this.bySession.get(session);
    if (keys === undefined) return;
    for (const key of keys) {
      key.watchers.delete(session);
      session.heldBytes -= NAME_BYTES + key.name.length;
      if (key.watchers.size === 0) this.tables[key.db.index]!.remove(key);
    }
    session.watchCount = 0;
    this.bySession.delete(session);
    if (this.bySession.size === 0) this.onInterest();
  }

  /** Key bytes[start..end) has changed. Allocates nothing when nobody watches it. */
  touch(db: Database, hash: number, bytes: Uint8Array, start: number, end: number): void {
    const key = this.tables[db.index]?.find(hash, bytes, start, end);
    if (key) this.break(key);
  }

  private break(key: WatchedKey): void {
    for (const session of key.watchers) {
      session.watchBroken = true;
      this.unwatch(session);
    }
  }

  /** Deletes the keys of the session whose time has come, which breaks its watch. */
  expire(session: Session): void {
    if (session.watchCount === 0) return;
    const keys = this.bySession.get(session);
    if (keys === undefined) return;
    for (const key of keys) exists(key, key.db);
  }

  /** All keys of `db` are about to go, and those of `replacement` to take their place. */
  emptying(db: Database, replacement: Database | null): void {
    const table = this.tables[db.index];
    if (table === undefined || table.count === 0) return;
    for (const key of [...table]) {
      // Both are looked at: a key whose time has come must not go unnoticed later, under the other database's number.
      const isThere = exists(key, db);
      const willBe = replacement !== null && exists(key, replacement);
      if (isThere || willBe) this.break(key);
    }
  }
}

/** Whether the database has the key; deletes it when its time has come. */
function exists(key: WatchedKey, db: Database): boolean {
  const bytes = key.bytes();
  return db.find(key.hash, bytes, 0, bytes.length) !== 0;
}
