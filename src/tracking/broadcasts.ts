/**
 * CLIENT TRACKING BCAST: sessions that are told of every changed key with a prefix.
 *
 * The keys that change are collected by prefix and told at the end of a batch, as one message for each prefix, in the order of their bytes. What
 * is held is bounded by what clients subscribe to and by the keys that one batch of commands changes.
 */
import { NAME_BYTES } from '../commands/client-memory.ts';
import type { Session } from '../commands/session.ts';

/** A prefix, who wants to know of its keys, and which have changed, by whom: null for the server itself. */
export interface Prefix {
  readonly text: string;
  readonly sessions: Set<Session>;
  changed: Map<string, Session | null>;
}

export class Broadcasts {
  private readonly prefixes = new Map<string, Prefix>();
  /** How many prefixes have each length. */
  private readonly lengths: number[] = [];
  /** Those with changed keys, in the order in which they came to have some. */
  private waiting: Prefix[] = [];

  get count(): number {
    return this.prefixes.size;
  }

  get hasChanges(): boolean {
    return this.waiting.length > 0;
  }

  add(session: Session, text: string): void {
    let prefix = this.prefixes.get(text);
    if (prefix === undefined) {
      prefix = { text, sessions: new Set(), changed: new Map() };
      this.prefixes.set(text, prefix);
      this.lengths[text.length] = (this.lengths[text.length] ?? 0) + 1;
    }
    if (prefix.sessions.has(session)) return;
    prefix.sessions.add(session);
    session.heldBytes += NAME_BYTES + text.length;
  }

  remove(session: Session, text: string): void {
    const prefix = this.prefixes.get(text);
    if (prefix === undefined) return;
    prefix.sessions.delete(session);
    session.heldBytes -= NAME_BYTES + text.length;
    if (prefix.sessions.size > 0) return;
    this.prefixes.delete(text);
    this.lengths[text.length]--;
  }

  /** A key has changed, given as latin1 text. */
  note(key: string, by: Session | null): void {
    for (let length = 0; length <= key.length && length < this.lengths.length; length++) {
      if (!this.lengths[length]) continue;
      const prefix = this.prefixes.get(key.slice(0, length));
      if (prefix === undefined) continue;
      if (prefix.changed.size === 0) this.waiting.push(prefix);
      prefix.changed.set(key, by);
    }
  }

  /** Hands over what has changed, prefix by prefix, and forgets it. */
  take(tell: (prefix: Prefix) => void): void {
    const { waiting } = this;
    this.waiting = [];
    for (const prefix of waiting) {
      tell(prefix);
      prefix.changed = new Map();
    }
  }
}
