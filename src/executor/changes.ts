/** Where Keyspace.onChange leads: to the clients that watch keys, and to those that want notifications. */
import type { Database } from '../keyspace/database.ts';
import type { KeyEvent } from '../keyspace/events.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { WatchedKeys } from '../transactions/watched-keys.ts';

export class Changes {
  readonly watched = new WatchedKeys(() => this.listen());
  private readonly keyspace: Keyspace;

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
  }

  /** Listens as long as there is somebody to be told. */
  private listen(): void {
    const { keyspace, watched } = this;
    keyspace.onChange = watched.isEmpty ? null : this.onChange;
    keyspace.onEmptying = watched.isEmpty ? null : this.onEmptying;
  }

  private readonly onChange = (
    db: Database,
    event: KeyEvent,
    hash: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void => {
    // Values are made in a database of their own before they replace others.
    if (db.index < 0) return;
    if (event.isChange && !this.watched.isEmpty) this.watched.touch(db, hash, bytes, start, end);
  };

  private readonly onEmptying = (db: Database, replacement: Database | null): void =>
    this.watched.emptying(db, replacement);
}
