/**
 * Who is subscribed to what, and where a message goes.
 *
 * Channels and shard channels are found by a keyed hash of their name, patterns by their literal beginnings (pattern-index.ts). Messages are
 * collected in an outbox and leave it before anything else happens to one of the receivers (outbox.ts). What is held here, on the heap, grows
 * with the subscriptions that clients make and with nothing else.
 */
import { stringFromBytes } from '../base/bytes.ts';
import { NameTable } from '../base/name-table.ts';
import type { SipHasher } from '../base/siphash.ts';
import { NAME_BYTES } from '../commands/client-memory.ts';
import { CHANNEL, PATTERN, type PubSub, SHARD, type SubscriptionKind } from '../commands/pubsub.ts';
import { GATE_PUBSUB, type Session } from '../commands/session.ts';
import { Outbox } from './outbox.ts';
import { PatternIndex } from './pattern-index.ts';
import { Topic } from './topic.ts';

/** The topics of a session by kind. */
type Topics = readonly [Set<Topic>, Set<Topic>, Set<Topic>];

export class Broker implements PubSub {
  readonly outbox = new Outbox();
  /** Set by the executor: sends what is in the outbox while the session's command runs. */
  onSettle: (session: Session) => void = () => {};
  private readonly hasher: SipHasher;
  private readonly topics = [new NameTable<Topic>(), new NameTable<Topic>(), new NameTable<Topic>()];
  private readonly patterns: PatternIndex;
  private readonly bySession = new Map<Session, Topics>();
  private readonly matching: Topic[] = [];

  constructor(hasher: SipHasher) {
    this.hasher = hasher;
    this.patterns = new PatternIndex(hasher.hash(new Uint8Array(0), 0, 0));
  }

  /** True when nobody is subscribed to a channel or a pattern. */
  get isIdle(): boolean {
    return this.topics[CHANNEL].count === 0 && this.topics[PATTERN].count === 0;
  }

  settle(session: Session): void {
    if (!this.outbox.isEmpty) this.onSettle(session);
  }

  subscribe(session: Session, kind: SubscriptionKind, bytes: Uint8Array, start: number, end: number): void {
    const table = this.topics[kind];
    const hash = this.hasher.hash(bytes, start, end);
    let topic = table.find(hash, bytes, start, end);
    if (topic === null) {
      topic = new Topic(kind, hash, stringFromBytes(bytes, start, end));
      table.add(topic);
      if (kind === PATTERN) this.patterns.add(topic);
    }
    if (topic.subscribers.has(session)) return;
    topic.subscribers.add(session);
    this.topicsOf(session)[kind].add(topic);
    session.subscriptions[kind]++;
    session.heldBytes += NAME_BYTES + topic.name.length;
    if ((session.gate & GATE_PUBSUB) !== 0) return;
    session.gate |= GATE_PUBSUB;
    session.link.setSubscribed(session, true);
  }

  private topicsOf(session: Session): Topics {
    let topics = this.bySession.get(session);
    if (topics === undefined) {
      topics = [new Set(), new Set(), new Set()];
      this.bySession.set(session, topics);
    }
    return topics;
  }

  unsubscribe(session: Session, kind: SubscriptionKind, bytes: Uint8Array, start: number, end: number): void {
    const topic = this.topics[kind].find(this.hasher.hash(bytes, start, end), bytes, start, end);
    if (topic?.subscribers.has(session)) this.leave(session, topic);
  }

  private leave(session: Session, topic: Topic): void {
    const { kind } = topic;
    const { subscriptions } = session;
    topic.subscribers.delete(session);
    this.bySession.get(session)![kind].delete(topic);
    subscriptions[kind]--;
    session.heldBytes -= NAME_BYTES + topic.name.length;
    if (topic.subscribers.size === 0) {
      this.topics[kind].remove(topic);
      if (kind === PATTERN) this.patterns.remove(topic);
    }
    if (subscriptions[CHANNEL] + subscriptions[PATTERN] + subscriptions[SHARD] > 0) return;
    this.bySession.delete(session);
    session.gate &= ~GATE_PUBSUB;
    session.link.setSubscribed(session, false);
  }

  namesOf(session: Session, kind: SubscriptionKind): string[] {
    const topics = this.bySession.get(session);
    return topics === undefined ? [] : [...topics[kind]].map((topic) => topic.name);
  }

  forget(session: Session): void {
    const topics = this.bySession.get(session);
    if (topics === undefined) return;
    for (const ofKind of topics) for (const topic of ofKind) this.leave(session, topic);
  }

  publish(
    kind: typeof CHANNEL | typeof SHARD,
    channel: Uint8Array,
    start: number,
    end: number,
    message: Uint8Array,
    messageStart: number,
    messageEnd: number,
  ): number {
    const { matching, outbox } = this;
    let count = 0;
    const topic = this.topics[kind].find(this.hasher.hash(channel, start, end), channel, start, end);
    if (topic !== null) {
      count += topic.subscribers.size;
      outbox.add(topic, channel, start, end, message, messageStart, messageEnd);
    }
    if (kind === SHARD || this.topics[PATTERN].count === 0) return count;
    this.patterns.match(channel, start, end, matching);
    for (const pattern of matching) {
      count += pattern.subscribers.size;
      outbox.add(pattern, channel, start, end, message, messageStart, messageEnd);
    }
    matching.length = 0;
    return count;
  }

  count(kind: SubscriptionKind): number {
    return this.topics[kind].count;
  }

  *names(kind: SubscriptionKind): Iterable<string> {
    for (const topic of this.topics[kind]) yield topic.name;
  }

  subscribersOf(kind: SubscriptionKind, bytes: Uint8Array, start: number, end: number): number {
    return (
      this.topics[kind].find(this.hasher.hash(bytes, start, end), bytes, start, end)?.subscribers.size ?? 0
    );
  }
}
