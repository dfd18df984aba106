/**
 * Client-side caching: who is to be told that a key has changed.
 *
 *   default mode    the keys of a session's reading commands are remembered (tracked-keys.ts); the first change of a key is told to all who
 *                   have read it, and the key forgotten
 *   BCAST           a session names prefixes and is told of all their keys (broadcasts.ts)
 *
 * Messages join those of publish and subscribe in the outbox, so they leave in the order in which things happened: after the reply to the
 * command that made the change, before anything else that is written for the same session. A RESP3 session gets a push; a RESP2 session can only
 * be told by another one that is subscribed (REDIRECT), which gets a message of the channel __redis__:invalidate.
 *
 * Only sessions that track pay for what they read (GATE_TRACKING). Changes are noticed where WATCH notices them, Keyspace.onChange.
 */
import { stringFromBytes } from '../base/bytes.ts';
import type { Prng } from '../base/prng.ts';
import type { Call } from '../commands/call.ts';
import { type Command, PUBSUB, READONLY } from '../commands/define.ts';
import { findKeys } from '../commands/keys.ts';
import {
  GATE_CLOSING,
  GATE_MULTI,
  GATE_PUBSUB,
  GATE_PUSHED,
  GATE_TRACKING,
  type Session,
} from '../commands/session.ts';
import type { Tracking, TrackingMode } from '../commands/tracking.ts';
import type { Outbox } from '../pubsub/outbox.ts';
import type { ReplyWriter } from '../resp/reply-writer.ts';
import { Broadcasts, type Prefix } from './broadcasts.ts';
import { TrackedKeys } from './tracked-keys.ts';

const PUSH = 62;
const CHANNEL = '__redis__:invalidate';

export interface TrackingParts {
  outbox: Outbox;
  sessions: ReadonlyMap<number, Session>;
  random: Prng;
  /** The first session tracks now, or none does any more. */
  onInterest: () => void;
  hashOf: (bytes: Uint8Array, start: number, end: number) => number;
}

/** Writes what is to be invalidated: an array of keys, or a null for everything. */
type Body = (writer: ReplyWriter) => void;

export class ClientTracking implements Tracking {
  /** tracking-table-max-keys; 0 for no limit. */
  keysMax = 0;
  /** The session whose command is under way; null when the server acts by itself. */
  running: () => Session | null = () => null;
  private readonly parts: TrackingParts;
  private readonly table = new TrackedKeys();
  private readonly broadcasts = new Broadcasts();
  private readonly tracking = new Set<Session>();

  constructor(parts: TrackingParts) {
    this.parts = parts;
  }

  get clients(): number {
    return this.tracking.size;
  }

  get keys(): number {
    return this.table.count;
  }

  get items(): number {
    return this.table.items;
  }

  get prefixes(): number {
    return this.broadcasts.count;
  }

  get usedBytes(): number {
    return this.table.usedBytes;
  }

  get isActive(): boolean {
    return this.tracking.size > 0;
  }

  // --- who tracks ---------------------------------------------------------------------------------

  enable(session: Session, mode: TrackingMode, prefixes: readonly string[]): void {
    const before = session.tracking;
    const added = mode.broadcast && prefixes.length === 0 ? [''] : prefixes;
    const all = mode.broadcast ? [...new Set([...(before?.prefixes ?? []), ...added])] : [];
    session.tracking = { ...mode, prefixes: all, caching: before?.caching ?? false, brokenRedirect: false };
    session.gate |= GATE_TRACKING;
    for (const prefix of all) this.broadcasts.add(session, prefix);
    this.tracking.add(session);
    if (this.tracking.size === 1) this.parts.onInterest();
  }

  disable(session: Session): void {
    if (session.tracking === null) return;
    for (const prefix of session.tracking.prefixes) this.broadcasts.remove(session, prefix);
    session.tracking = null;
    session.gate &= ~GATE_TRACKING;
    this.tracking.delete(session);
    if (this.tracking.size > 0) return;
    this.table.clear();
    this.parts.onInterest();
  }

  // --- what is read -------------------------------------------------------------------------------

  /** The session, which tracks, has run the command of the call. */
  ran(session: Session, call: Call, command: Command): void {
    const state = session.tracking!;
    const isRead = (command.flags & READONLY) !== 0 && (command.flags & PUBSUB) === 0;
    const isWanted = state.optIn ? state.caching : !(state.optOut && state.caching);
    if (isRead && isWanted && !state.broadcast) this.remember(session, call, command);
    if ((session.gate & GATE_MULTI) === 0 && command.parent?.name !== 'CLIENT') state.caching = false;
  }

  private remember(session: Session, call: Call, command: Command): void {
    for (const { index } of findKeys(command, call) ?? []) {
      const hash = call.keyHash(index);
      const start = call.start(index);
      const end = call.end(index);
      if (this.table.add(hash, call.bytes, start, end, session.id)) continue;
      this.invalidate(hash, call.bytes, start, end);
      this.table.add(hash, call.bytes, start, end, session.id);
    }
    this.keepLimit();
  }

  /** Forgets keys, any of them, until there are no more than there may be; those who had read them are told that they have changed. */
  keepLimit(): void {
    if (this.keysMax === 0) return;
    const { parts, table } = this;
    while (table.count > this.keysMax) {
      table.chooseAny(parts.random);
      this.invalidate(parts.hashOf(table.bytes, table.start, table.end), table.bytes, table.start, table.end);
    }
  }

  // --- what changes -------------------------------------------------------------------------------

  /** Key bytes[start..end) has changed; `byServer` when no command did it: its time had come, or memory was short. */
  changed(hash: number, bytes: Uint8Array, start: number, end: number, byServer: boolean): void {
    if (this.broadcasts.count > 0)
      this.broadcasts.note(stringFromBytes(bytes, start, end), byServer ? null : this.running());
    this.invalidate(hash, bytes, start, end, this.running());
  }

  /** The key is forgotten; those who had read it are told, but for `by`, which has changed it, if it does not want to know. */
  private invalidate(
    hash: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    by: Session | null = null,
  ): void {
    const count = this.table.remove(hash, bytes, start, end);
    if (count === 0) return;
    const { sessions } = this.parts;
    const told: Session[] = [];
    for (let i = 0; i < count; i++) {
      const session = sessions.get(this.table.ids[i]);
      const state = session?.tracking;
      if (!session || !state || state.broadcast || (state.noLoop && session === by)) continue;
      told.push(session);
    }
    this.tell(told, (writer) => {
      writer.array(1);
      writer.bulk(bytes, start, end);
    });
  }

  /** Everything is about to go: everybody is told. */
  flushed(): void {
    this.table.clear();
    // The null is that of the protocol of the session that tracks, whoever gets it.
    for (const resp of [2, 3]) {
      const told = [...this.tracking].filter((session) => session.resp === resp);
      this.tell(told, (writer) => writer.literal(resp === 3 ? '_\r\n' : '$-1\r\n'));
    }
  }

  get hasBroadcasts(): boolean {
    return this.broadcasts.hasChanges;
  }

  /** Puts what has changed under prefixes into the outbox. */
  broadcast(): void {
    this.broadcasts.take((prefix) => {
      const keys = [...prefix.changed.keys()].sort();
      const all: Session[] = [];
      for (const session of prefix.sessions) {
        if (session.tracking!.noLoop) this.broadcastToOthers(session, prefix, keys);
        else all.push(session);
      }
      this.tell(all, arrayOf(keys));
    });
  }

  /** To one who does not want to know what it has changed itself. */
  private broadcastToOthers(session: Session, { changed }: Prefix, keys: readonly string[]): void {
    const others = keys.filter((key) => changed.get(key) !== session);
    if (others.length > 0) this.tell([session], arrayOf(others));
  }

  // --- messages -----------------------------------------------------------------------------------

  /** Sends `body` to the sessions, or to those they have named in their place, as far as their protocol allows. */
  private tell(sessions: readonly Session[], body: Body): void {
    const pushed: Session[] = [];
    const subscribed: Session[] = [];
    for (const session of sessions) {
      const { redirect } = session.tracking!;
      const receiver = redirect === 0 ? session : this.redirected(session, redirect);
      if (receiver === null) continue;
      if (receiver.resp === 3) pushed.push(receiver);
      else if (redirect !== 0 && (receiver.gate & GATE_PUBSUB) !== 0) subscribed.push(receiver);
    }
    if (pushed.length > 0) this.send(pushed, body, true);
    if (subscribed.length > 0) this.send(subscribed, body, false);
  }

  private send(receivers: readonly Session[], body: Body, isPush: boolean): void {
    const writer = this.parts.outbox.begin({ subscribers: receivers });
    if (isPush) {
      writer.header(PUSH, 2);
      writer.bulkText('invalidate');
    } else {
      writer.array(3);
      writer.bulkText('message');
      writer.bulkText(CHANNEL);
    }
    body(writer);
    this.parts.outbox.end();
    for (const session of receivers) session.gate |= GATE_PUSHED;
  }

  /** The session that gets the messages in place of `session`; null when it has gone, which that one is told if it can be. */
  private redirected(session: Session, id: number): Session | null {
    const receiver = this.parts.sessions.get(id);
    if (receiver !== undefined && (receiver.gate & GATE_CLOSING) === 0) return receiver;
    session.tracking!.brokenRedirect = true;
    if (session.resp !== 3) return null;
    const writer = this.parts.outbox.begin({ subscribers: [session] });
    writer.header(PUSH, 2);
    writer.bulkText('tracking-redir-broken');
    writer.integer(id);
    this.parts.outbox.end();
    session.gate |= GATE_PUSHED;
    return null;
  }
}

function arrayOf(keys: readonly string[]): Body {
  return (writer) => {
    writer.array(keys.length);
    for (const key of keys) writer.bulkText(key);
  };
}
