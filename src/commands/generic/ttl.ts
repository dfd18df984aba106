/** TTL, PTTL, EXPIRETIME and PEXPIRETIME: -2 for no key, -1 for a key that does not expire; seconds are rounded to the nearest. */
import { NO_EXPIRE } from '../../keyspace/database.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, FAST, keyAt, READONLY } from '../define.ts';
import { replyTime } from '../replies.ts';

const COMMON = {
  group: 'generic',
  complexity: 'O(1)',
  arity: 2, // TTL key
  flags: READONLY | FAST,
  keys: [keyAt(1, 'RO', 'access')],
  args: [arg.key('key')],
  categories: ['keyspace'],
} as const;

export const TTL = defineCommand({
  ...COMMON,
  name: 'TTL',
  summary: 'Returns how many seconds a key has left to live.',
  since: '1.0.0',
  history: [['2.8.0', 'Added the -2 reply.']],
  tips: ['nondeterministic_output'],
  handler: (call) => replyExpire(call, true, false),
});

export const PTTL = defineCommand({
  ...COMMON,
  name: 'PTTL',
  summary: 'Returns how many milliseconds a key has left to live.',
  since: '2.6.0',
  history: [['2.8.0', 'Added the -2 reply.']],
  tips: ['nondeterministic_output'],
  handler: (call) => replyExpire(call, false, false),
});

export const EXPIRETIME = defineCommand({
  ...COMMON,
  name: 'EXPIRETIME',
  summary: 'Returns the Unix time, in seconds, at which a key expires.',
  since: '7.0.0',
  handler: (call) => replyExpire(call, true, true),
});

export const PEXPIRETIME = defineCommand({
  ...COMMON,
  name: 'PEXPIRETIME',
  summary: 'Returns the Unix time, in milliseconds, at which a key expires.',
  since: '7.0.0',
  handler: (call) => replyExpire(call, false, true),
});

function replyExpire(call: Call, inSeconds: boolean, absolute: boolean): void {
  const { db, reply } = call;
  const address = db.peek(call.hash, call.bytes, call.start(1), call.end(1));
  if (address === 0) {
    reply.integer(-2);
    return;
  }
  const atMs = db.expireOf(address);
  if (atMs === NO_EXPIRE) {
    reply.integer(-1);
    return;
  }
  const ms = absolute ? atMs : Math.max(0, atMs - db.keyspace.nowMs);
  replyTime(reply, inSeconds ? Math.floor((ms + 500) / 1000) : ms);
}
