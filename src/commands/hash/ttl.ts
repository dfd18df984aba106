/**
 * HTTL, HPTTL, HEXPIRETIME and HPEXPIRETIME: for each field -2 when it or the key is not there, -1 when it does not expire; seconds are
 * rounded up.
 */
import { NO_EXPIRE } from '../../keyspace/database.ts';
import { TYPE_HASH } from '../../memory/record.ts';
import { NO_FIELD, timeOfField } from '../../types/hash/hash-value.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, FAST, keyAt, READONLY } from '../define.ts';
import { findForRead, WRONG } from '../lookup.ts';
import { FIELDS_ARGUMENT } from './expire.ts';
import { readFields } from './field-arguments.ts';

const COMMON = {
  group: 'hash',
  since: '7.4.0',
  complexity: 'O(N) where N is the number of fields named',
  arity: -5, // HTTL key FIELDS numfields field [field ...]
  flags: READONLY | FAST,
  keys: [keyAt(1, 'RO', 'access')],
  args: [arg.key('key'), FIELDS_ARGUMENT],
  origin: 'redis 7.4',
} as const;

export const HTTL = defineCommand({
  ...COMMON,
  name: 'HTTL',
  summary: 'Returns how many seconds fields of a hash have to live.',
  tips: ['nondeterministic_output'],
  handler: (call) => replyTimes(call, 1000, call.server.nowMs),
});

export const HPTTL = defineCommand({
  ...COMMON,
  name: 'HPTTL',
  summary: 'Returns how many milliseconds fields of a hash have to live.',
  tips: ['nondeterministic_output'],
  handler: (call) => replyTimes(call, 1, call.server.nowMs),
});

export const HEXPIRETIME = defineCommand({
  ...COMMON,
  name: 'HEXPIRETIME',
  summary: 'Returns the Unix time, in seconds, at which fields of a hash expire.',
  handler: (call) => replyTimes(call, 1000, 0),
});

export const HPEXPIRETIME = defineCommand({
  ...COMMON,
  name: 'HPEXPIRETIME',
  summary: 'Returns the Unix time, in milliseconds, at which fields of a hash expire.',
  handler: (call) => replyTimes(call, 1, 0),
});

const NO_SUCH_FIELD = -2;
const NO_TIME = -1;

function replyTimes(call: Call, unitMs: number, fromMs: number): void {
  const { db, bytes, reply } = call;
  const address = findForRead(call, 1, TYPE_HASH);
  if (address === WRONG) return;
  const count = readFields(call, 2);
  if (count < 0) return;
  reply.array(count);
  for (let i = 4; i < call.argc; i++) {
    const atMs = address === 0 ? NO_FIELD : timeOfField(db, address, bytes, call.start(i), call.end(i));
    if (atMs === NO_FIELD) reply.integer(NO_SUCH_FIELD);
    else if (atMs === NO_EXPIRE) reply.integer(NO_TIME);
    else reply.integer(Math.ceil((atMs - fromMs) / unitMs));
  }
}
