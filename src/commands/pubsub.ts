/** What the server does for SUBSCRIBE, PUBLISH and their relatives; see ../pubsub/ for how. */
import type { Session } from './session.ts';

/** Kinds of subscriptions. */
export const CHANNEL = 0;
export const PATTERN = 1;
export const SHARD = 2;
export type SubscriptionKind = typeof CHANNEL | typeof PATTERN | typeof SHARD;

/** How many subscriptions of each kind a session has. */
export type SubscriptionCounts = readonly [channels: number, patterns: number, shards: number];

export interface PubSub {
  /** Sends what has been published and not sent: before a change of who is subscribed to what. */
  settle(session: Session): void;
  /** Subscribes the session to bytes[start..end); nothing happens when it is already. */
  subscribe(session: Session, kind: SubscriptionKind, bytes: Uint8Array, start: number, end: number): void;
  unsubscribe(session: Session, kind: SubscriptionKind, bytes: Uint8Array, start: number, end: number): void;
  /** What the session is subscribed to, as latin1 text. */
  namesOf(session: Session, kind: SubscriptionKind): string[];
  /** Ends all subscriptions of the session. */
  forget(session: Session): void;
  /**
   * Sends message[messageStart..messageEnd) to all who are subscribed to the channel, or to a pattern that it matches (not for SHARD).
   * Returns to how many. It is on its way when the command under way is done.
   */
  publish(
    kind: typeof CHANNEL | typeof SHARD,
    channel: Uint8Array,
    start: number,
    end: number,
    message: Uint8Array,
    messageStart: number,
    messageEnd: number,
  ): number;
  /** How many channels or patterns there are with a subscriber. */
  count(kind: SubscriptionKind): number;
  /** Their names, as latin1 text. */
  names(kind: SubscriptionKind): Iterable<string>;
  /** How many are subscribed to bytes[start..end). */
  subscribersOf(kind: SubscriptionKind, bytes: Uint8Array, start: number, end: number): number;
}
