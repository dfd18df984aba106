/**
 * Where Keyspace.onChange leads: to the clients that watch keys, to those that cache them, and to those that are subscribed to notifications.
 *
 * A notification is a message to __keyspace@<db>__:<key> that names the event, and one to __keyevent@<db>__:<event> that names the key, as far as
 * notify-keyspace-events asks for them. It joins the other messages in the outbox, so it can be published in the middle of a command.
 */
import { copyBytes, writeString } from '../base/bytes.ts';
import { CHANNEL } from '../commands/pubsub.ts';
import type { Database } from '../keyspace/database.ts';
import {
  CLASS_LETTERS,
  CLASSES_IN_A,
  EVICTED,
  EXPIRED,
  HEXPIRED,
  type KeyEvent,
} from '../keyspace/events.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Broker } from '../pubsub/broker.ts';
import type { ClientTracking } from '../tracking/tracking.ts';
import { WatchedKeys } from '../transactions/watched-keys.ts';

/** What comes before the name in a channel's, with any number of a database. */
const PREFIX_MAX = 64;
const ROOM = 1024;
/** What no command does, though one may be under way. */
const BY_SERVER = new Set<KeyEvent>([EXPIRED, EVICTED, HEXPIRED]);

export class Changes {
  readonly watched = new WatchedKeys(() => this.listen());
  /** Sessions that cache; set by the executor's builder. */
  tracking: ClientTracking | null = null;
  private readonly keyspace: Keyspace;
  private readonly broker: Broker;
  /** The classes of events to tell. */
  private classes = 0;
  private toKeyspace = false;
  private toKeyEvent = false;
  /** A channel's or an event's name. */
  private channel = new Uint8Array(ROOM);
  private readonly eventName = new Uint8Array(ROOM);

  constructor(keyspace: Keyspace, broker: Broker) {
    this.keyspace = keyspace;
    this.broker = broker;
  }

  /** Goes by this value of notify-keyspace-events from now on. */
  notify(letters: string): void {
    this.toKeyspace = letters.includes('K');
    this.toKeyEvent = letters.includes('E');
    let classes = letters.includes('A') ? CLASSES_IN_A : 0;
    for (const letter of letters) {
      const at = CLASS_LETTERS.indexOf(letter);
      if (at >= 0) classes |= 1 << at;
    }
    this.classes = this.toKeyspace || this.toKeyEvent ? classes : 0;
    this.listen();
  }

  /** Listens as long as there is somebody to be told. */
  listen(): void {
    const { keyspace, watched } = this;
    const tracking = this.tracking?.isActive === true;
    keyspace.onChange = watched.isEmpty && this.classes === 0 && !tracking ? null : this.onChange;
    keyspace.onFlush = tracking ? () => this.tracking!.flushed() : null;
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
    if (event.isChange) {
      if (!this.watched.isEmpty) this.watched.touch(db, hash, bytes, start, end);
      if (this.tracking?.isActive) this.tracking.changed(hash, bytes, start, end, BY_SERVER.has(event));
    }
    if ((this.classes & event.class) !== 0) this.publish(db, event, bytes, start, end);
  };

  private readonly onEmptying = (db: Database, replacement: Database | null): void =>
    this.watched.emptying(db, replacement);

  private publish(db: Database, event: KeyEvent, bytes: Uint8Array, start: number, end: number): void {
    const { broker, eventName } = this;
    if (broker.isIdle) return;
    const nameSize = writeString(event.name, eventName, 0);
    if (this.toKeyspace) {
      const size = this.writeChannel(`__keyspace@${db.index}__:`, bytes, start, end);
      broker.publish(CHANNEL, this.channel, 0, size, eventName, 0, nameSize);
    }
    if (this.toKeyEvent) {
      const size = this.writeChannel(`__keyevent@${db.index}__:`, eventName, 0, nameSize);
      broker.publish(CHANNEL, this.channel, 0, size, bytes, start, end);
    }
  }

  /** Puts the prefix and bytes[start..end) into `channel`. Returns their size. */
  private writeChannel(prefix: string, bytes: Uint8Array, start: number, end: number): number {
    const size = prefix.length + end - start;
    if (size > this.channel.length) this.channel = new Uint8Array(size * 2);
    else if (this.channel.length > ROOM && size <= ROOM - PREFIX_MAX) this.channel = new Uint8Array(ROOM);
    writeString(prefix, this.channel, 0);
    copyBytes(bytes, start, end, this.channel, prefix.length);
    return size;
  }
}
