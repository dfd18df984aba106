import type { Call } from '../call.ts';
import { arg, defineCommand, FAST, keyAt, LOADING, MAY_REPLICATE, PUBSUB, STALE } from '../define.ts';
import { CHANNEL, SHARD } from '../pubsub.ts';

const COMMON = {
  group: 'pubsub',
  arity: 3, // PUBLISH channel message
  flags: PUBSUB | LOADING | STALE | FAST | MAY_REPLICATE,
} as const;

export const PUBLISH = defineCommand({
  ...COMMON,
  name: 'PUBLISH',
  summary: 'Sends a message to all who are subscribed to a channel; returns how many they are.',
  since: '2.0.0',
  complexity:
    'O(N+M) where N is the number of receivers and M that of patterns that begin as the channel does, up to the first wildcard',
  args: [arg.string('channel'), arg.string('message')],
  handler: (call) => publish(call, CHANNEL),
});

export const SPUBLISH = defineCommand({
  ...COMMON,
  name: 'SPUBLISH',
  summary: 'Sends a message to all who are subscribed to a shard channel; returns how many they are.',
  since: '7.0.0',
  complexity: 'O(N) where N is the number of receivers',
  keys: [keyAt(1, 'not_key')],
  args: [arg.string('shardchannel'), arg.string('message')],
  handler: (call) => publish(call, SHARD),
});

function publish(call: Call, kind: typeof CHANNEL | typeof SHARD): void {
  const { bytes } = call;
  const count = call.server.pubsub.publish(
    kind,
    bytes,
    call.start(1),
    call.end(1),
    bytes,
    call.start(2),
    call.end(2),
  );
  call.reply.integer(count);
}
