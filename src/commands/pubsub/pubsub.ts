/** PUBSUB: who is subscribed to what. */
import { globMatch } from '../../base/glob.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, LOADING, PUBSUB as PUBSUB_FLAG, STALE } from '../define.ts';
import { replyHelp } from '../help.ts';
import { CHANNEL, PATTERN, SHARD, type SubscriptionKind } from '../pubsub.ts';

const COMMON = {
  group: 'pubsub',
  since: '2.8.0',
  flags: PUBSUB_FLAG | LOADING | STALE,
} as const;

export const PUBSUB = defineCommand({
  name: 'PUBSUB',
  summary: 'Commands that tell who is subscribed to what.',
  group: 'pubsub',
  since: '2.8.0',
  complexity: 'Depends on subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [
    defineCommand({
      ...COMMON,
      name: 'CHANNELS',
      summary: 'Lists the channels that somebody is subscribed to.',
      complexity: 'O(N) where N is the number of channels',
      arity: -2, // PUBSUB CHANNELS [pattern]
      args: [arg.pattern('pattern', { optional: true })],
      handler: (call) => channels(call, CHANNEL),
    }),
    defineCommand({
      ...COMMON,
      name: 'NUMSUB',
      summary: 'Returns how many are subscribed to each of some channels, patterns not counted.',
      complexity: 'O(N) where N is the number of channels asked for',
      arity: -2, // PUBSUB NUMSUB [channel ...]
      args: [arg.string('channel', { optional: true, many: true })],
      handler: (call) => subscribers(call, CHANNEL),
    }),
    defineCommand({
      ...COMMON,
      name: 'NUMPAT',
      summary: 'Returns how many patterns somebody is subscribed to.',
      complexity: 'O(1)',
      arity: 2, // PUBSUB NUMPAT
      handler: (call) => call.reply.integer(call.server.pubsub.count(PATTERN)),
    }),
    defineCommand({
      ...COMMON,
      name: 'SHARDCHANNELS',
      summary: 'Lists the shard channels that somebody is subscribed to.',
      since: '7.0.0',
      complexity: 'O(N) where N is the number of shard channels',
      arity: -2, // PUBSUB SHARDCHANNELS [pattern]
      args: [arg.pattern('pattern', { optional: true })],
      handler: (call) => channels(call, SHARD),
    }),
    defineCommand({
      ...COMMON,
      name: 'SHARDNUMSUB',
      summary: 'Returns how many are subscribed to each of some shard channels.',
      since: '7.0.0',
      complexity: 'O(N) where N is the number of shard channels asked for',
      arity: -2, // PUBSUB SHARDNUMSUB [shardchannel ...]
      args: [arg.string('shardchannel', { optional: true, many: true })],
      handler: (call) => subscribers(call, SHARD),
    }),
    defineCommand({
      name: 'HELP',
      summary: 'Says what the subcommands do.',
      group: 'pubsub',
      since: '6.2.0',
      complexity: 'O(1)',
      arity: 2, // PUBSUB HELP
      flags: LOADING | STALE,
      handler: help,
    }),
  ],
});

function channels(call: Call, kind: SubscriptionKind): void {
  const { bytes, reply, server } = call;
  if (call.argc > 3) {
    reply.error(errors.subcommandSyntax(call.text(1), 'PUBSUB'));
    return;
  }
  const found: string[] = [];
  for (const name of server.pubsub.names(kind)) {
    if (call.argc === 3) {
      const text = Uint8Array.from(name, (char) => char.charCodeAt(0));
      if (!globMatch(bytes, call.start(2), call.end(2), text, 0, text.length, false)) continue;
    }
    found.push(name);
  }
  reply.array(found.length);
  for (const name of found) reply.bulkText(name);
}

function subscribers(call: Call, kind: SubscriptionKind): void {
  const { bytes, reply, server } = call;
  reply.array((call.argc - 2) * 2);
  for (let i = 2; i < call.argc; i++) {
    reply.bulk(bytes, call.start(i), call.end(i));
    reply.integer(server.pubsub.subscribersOf(kind, bytes, call.start(i), call.end(i)));
  }
}

function help(call: Call): void {
  replyHelp(call, 'PUBSUB', [
    'CHANNELS [<pattern>]',
    '    The channels that somebody is subscribed to, or those of them that match the pattern.',
    'NUMPAT',
    '    How many patterns somebody is subscribed to.',
    'NUMSUB [<channel> ...]',
    '    How many are subscribed to each channel, patterns not counted.',
    'SHARDCHANNELS [<pattern>]',
    '    The shard channels that somebody is subscribed to, or those of them that match the pattern.',
    'SHARDNUMSUB [<shardchannel> ...]',
    '    How many are subscribed to each shard channel.',
  ]);
}
