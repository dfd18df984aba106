/**
 * SUBSCRIBE and UNSUBSCRIBE for channels, patterns and shard channels. Each name gets a reply of its own, a push in RESP3, and like every push it is sent in
 * spite of CLIENT REPLY OFF.
 */
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, keysFrom, LOADING, NOSCRIPT, PUBSUB, STALE } from '../define.ts';
import { CHANNEL, PATTERN, SHARD, type SubscriptionKind } from '../pubsub.ts';
import { GATE_MULTI, type Session } from '../session.ts';

const COMMON = {
  group: 'pubsub',
  since: '2.0.0',
  flags: PUBSUB | NOSCRIPT | LOADING | STALE,
} as const;

const SHARD_KEYS = [keysFrom(1, -1, 1, 'not_key')];

export const SUBSCRIBE = defineCommand({
  ...COMMON,
  name: 'SUBSCRIBE',
  summary: 'Subscribes the connection to channels.',
  complexity: 'O(N) where N is the number of channels to subscribe to',
  arity: -2, // SUBSCRIBE channel [channel ...]
  args: [arg.string('channel', { many: true })],
  handler: (call) => subscribe(call, CHANNEL),
});

export const PSUBSCRIBE = defineCommand({
  ...COMMON,
  name: 'PSUBSCRIBE',
  summary: 'Subscribes the connection to all channels whose names match patterns.',
  complexity: 'O(N) where N is the number of patterns to subscribe to',
  arity: -2, // PSUBSCRIBE pattern [pattern ...]
  args: [arg.block('pattern', [arg.pattern('pattern')], { many: true })],
  handler: (call) => subscribe(call, PATTERN),
});

export const SSUBSCRIBE = defineCommand({
  ...COMMON,
  name: 'SSUBSCRIBE',
  summary: 'Subscribes the connection to shard channels.',
  since: '7.0.0',
  complexity: 'O(N) where N is the number of shard channels to subscribe to',
  arity: -2, // SSUBSCRIBE shardchannel [shardchannel ...]
  keys: SHARD_KEYS,
  args: [arg.string('shardchannel', { many: true })],
  handler: (call) => subscribe(call, SHARD),
});

export const UNSUBSCRIBE = defineCommand({
  ...COMMON,
  name: 'UNSUBSCRIBE',
  summary: 'Ends subscriptions to channels, or all of them.',
  complexity: 'O(N) where N is the number of channels',
  arity: -1, // UNSUBSCRIBE [channel ...]
  args: [arg.string('channel', { many: true, optional: true })],
  handler: (call) => unsubscribe(call, CHANNEL),
});

export const PUNSUBSCRIBE = defineCommand({
  ...COMMON,
  name: 'PUNSUBSCRIBE',
  summary: 'Ends subscriptions to patterns, or all of them.',
  complexity: 'O(N) where N is the number of patterns',
  arity: -1, // PUNSUBSCRIBE [pattern ...]
  args: [arg.pattern('pattern', { many: true, optional: true })],
  handler: (call) => unsubscribe(call, PATTERN),
});

export const SUNSUBSCRIBE = defineCommand({
  ...COMMON,
  name: 'SUNSUBSCRIBE',
  summary: 'Ends subscriptions to shard channels, or all of them.',
  since: '7.0.0',
  complexity: 'O(N) where N is the number of shard channels',
  arity: -1, // SUNSUBSCRIBE [shardchannel ...]
  keys: SHARD_KEYS,
  args: [arg.string('shardchannel', { many: true, optional: true })],
  handler: (call) => unsubscribe(call, SHARD),
});

const SUBSCRIBED = ['subscribe', 'psubscribe', 'ssubscribe'];
const UNSUBSCRIBED = ['unsubscribe', 'punsubscribe', 'sunsubscribe'];

function subscribe(call: Call, kind: SubscriptionKind): void {
  const { bytes, server, session } = call;
  const { reply } = session.link;
  if (kind === SHARD && (session.gate & GATE_MULTI) !== 0) {
    call.reply.error(errors.SHARD_IN_MULTI);
    return;
  }
  server.pubsub.settle(session);
  for (let i = 1; i < call.argc; i++) {
    server.pubsub.subscribe(session, kind, bytes, call.start(i), call.end(i));
    reply.push(3);
    reply.bulkText(SUBSCRIBED[kind]);
    reply.bulk(bytes, call.start(i), call.end(i));
    reply.integer(countToTell(session, kind));
  }
}

function unsubscribe(call: Call, kind: SubscriptionKind): void {
  const { argc, bytes, server, session } = call;
  const { reply } = session.link;
  server.pubsub.settle(session);
  if (argc === 1) {
    unsubscribeAll(call, kind);
    return;
  }
  for (let i = 1; i < argc; i++) {
    server.pubsub.unsubscribe(session, kind, bytes, call.start(i), call.end(i));
    reply.push(3);
    reply.bulkText(UNSUBSCRIBED[kind]);
    reply.bulk(bytes, call.start(i), call.end(i));
    reply.integer(countToTell(session, kind));
  }
}

/** A null in place of the name when there was no subscription at all. */
function unsubscribeAll(call: Call, kind: SubscriptionKind): void {
  const { server, session } = call;
  const { reply } = session.link;
  const names = server.pubsub.namesOf(session, kind);
  for (const name of names) {
    const bytes = Uint8Array.from(name, (char) => char.charCodeAt(0));
    server.pubsub.unsubscribe(session, kind, bytes, 0, bytes.length);
    reply.push(3);
    reply.bulkText(UNSUBSCRIBED[kind]);
    reply.bulkText(name);
    reply.integer(countToTell(session, kind));
  }
  if (names.length > 0) return;
  reply.push(3);
  reply.bulkText(UNSUBSCRIBED[kind]);
  reply.null();
  reply.integer(countToTell(session, kind));
}

/** Channels and patterns are counted together. */
function countToTell({ subscriptions }: Session, kind: SubscriptionKind): number {
  return kind === SHARD ? subscriptions[SHARD] : subscriptions[CHANNEL] + subscriptions[PATTERN];
}
