/** A keyspace and short ways to work on it by names, for tests. */
import { bytesFromString, stringFromBytes } from '../../../src/base/bytes.ts';
import { SipHasher } from '../../../src/base/siphash.ts';
import { type Database, NO_EXPIRE } from '../../../src/keyspace/database.ts';
import { Keyspace } from '../../../src/keyspace/keyspace.ts';
import { readString, setString, view } from '../../../src/types/string/string-value.ts';

export function newKeyspace(databases = 4): Keyspace {
  const keyspace = new Keyspace(new SipHasher(1, 2), databases);
  keyspace.nowMs = 1_000_000;
  return keyspace;
}

export class Keys {
  readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  hash(key: string): number {
    const bytes = bytesFromString(key);
    return this.db.keyspace.hasher.hash(bytes, 0, bytes.length);
  }

  find(key: string): number {
    const bytes = bytesFromString(key);
    return this.db.find(this.hash(key), bytes, 0, bytes.length);
  }

  set(key: string, value: string, expireMs = NO_EXPIRE): number {
    const bytes = bytesFromString(key);
    const text = bytesFromString(value);
    return setString(
      this.db,
      this.find(key),
      this.hash(key),
      bytes,
      0,
      bytes.length,
      text,
      0,
      text.length,
      expireMs,
    );
  }

  get(key: string): string | null {
    const address = this.find(key);
    if (address === 0) return null;
    readString(this.db, address);
    return stringFromBytes(view.bytes, view.start, view.end);
  }

  expireOf(key: string): number {
    return this.db.expireOf(this.find(key));
  }

  setExpire(key: string, atMs: number): void {
    this.db.setExpire(this.hash(key), this.find(key), atMs);
  }

  clearExpire(key: string): void {
    this.db.clearExpire(this.hash(key), this.find(key));
  }

  remove(key: string, lazily = false): void {
    this.db.remove(this.hash(key), this.find(key), lazily);
  }

  /** RENAME of a key that exists to a name that does not. */
  rename(from: string, to: string): void {
    const bytes = bytesFromString(to);
    this.db.rename(this.hash(from), this.find(from), this.hash(to), bytes, 0, bytes.length);
  }

  /** COPY of a key of any database to a name that does not exist here. */
  copyFrom(source: Keys, from: string, to: string): void {
    const bytes = bytesFromString(to);
    this.db.addCopy(source.find(from), this.hash(to), bytes, 0, bytes.length);
  }

  moveTo(other: Keys, key: string): void {
    const address = this.find(key);
    this.db.take(this.hash(key), address);
    other.db.give(this.hash(key), address);
  }
}
