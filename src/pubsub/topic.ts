/** A channel, a pattern or a shard channel that somebody is subscribed to. */
import type { Named } from '../base/name-table.ts';
import type { SubscriptionKind } from '../commands/pubsub.ts';
import type { Session } from '../commands/session.ts';

export class Topic implements Named<Topic> {
  readonly kind: SubscriptionKind;
  readonly hash: number;
  readonly name: string;
  next: Topic | null = null;
  readonly subscribers = new Set<Session>();

  constructor(kind: SubscriptionKind, hash: number, name: string) {
    this.kind = kind;
    this.hash = hash;
    this.name = name;
  }
}
