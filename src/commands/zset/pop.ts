/** ZPOPMIN, ZPOPMAX, ZMPOP and the forms of them that wait. */

import { parseSafeInteger } from '../../base/int64.ts';
import * as events from '../../keyspace/events.ts';
import { TYPE_ZSET } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import type { ReplyWriter } from '../../resp/reply-writer.ts';
import { ZsetWalk } from '../../types/zset/walk.ts';
import { removeRange, zsetCount } from '../../types/zset/zset.ts';
import { blockOnKeys, keyRange, readTimeout } from '../blocking.ts';
import type { Call } from '../call.ts';
import { reduced } from '../changed.ts';
import {
  type Argument,
  arg,
  BLOCKING,
  defineCommand,
  FAST,
  keyAt,
  keysFrom,
  NOSCRIPT,
  WRITE,
} from '../define.ts';
import { findForWrite, WRONG } from '../lookup.ts';
import { logPop } from '../propagation.ts';
import { deleteIfEmpty } from './remove.ts';
import { replyMembers } from './scores.ts';

const NUMKEYS = 'ERR numkeys should be greater than 0';
const COUNT = 'ERR count should be greater than 0';

const POP = {
  group: 'sorted-set',
  since: '5.0.0',
  complexity: 'O(log(N)*M) where N is the number of members and M the number returned',
  arity: -2, // ZPOPMIN key [count]
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'access', 'delete')],
  args: [arg.key('key'), arg.integer('count', { optional: true })],
} as const;

export const ZPOPMIN = defineCommand({
  ...POP,
  name: 'ZPOPMIN',
  summary: 'Removes the members with the lowest scores and returns them.',
  handler: (call) => pop(call, false),
});

export const ZPOPMAX = defineCommand({
  ...POP,
  name: 'ZPOPMAX',
  summary: 'Removes the members with the highest scores and returns them.',
  handler: (call) => pop(call, true),
});

const WAITING_POP = {
  group: 'sorted-set',
  since: '5.0.0',
  history: [['6.0.0', '`timeout` is interpreted as a double instead of an integer.']],
  complexity: 'O(log(N)) where N is the number of members',
  arity: -3, // BZPOPMIN key [key ...] timeout
  flags: WRITE | NOSCRIPT | FAST | BLOCKING,
  keys: [keysFrom(1, -2, 1, 'RW', 'access', 'delete')],
  args: [arg.key('key', { many: true }), arg.double('timeout')],
} as const;

export const BZPOPMIN = defineCommand({
  ...WAITING_POP,
  name: 'BZPOPMIN',
  summary:
    'Removes and returns the member with the lowest score of the first sorted set that has one; waits for one.',
  handler: (call) => waitingPop(call, false),
});

export const BZPOPMAX = defineCommand({
  ...WAITING_POP,
  name: 'BZPOPMAX',
  summary:
    'Removes and returns the member with the highest score of the first sorted set that has one; waits for one.',
  handler: (call) => waitingPop(call, true),
});

const MPOP_ARGS: readonly Argument[] = [
  arg.integer('numkeys'),
  arg.key('key', { many: true }),
  arg.oneOf('where', [arg.token('min', 'MIN'), arg.token('max', 'MAX')]),
  arg.integer('count', { token: 'COUNT', optional: true }),
];

export const ZMPOP = defineCommand({
  name: 'ZMPOP',
  summary:
    'Removes members with the lowest or highest scores of the first sorted set that is there, and returns them.',
  group: 'sorted-set',
  since: '7.0.0',
  complexity: 'O(K) + O(M*log(N)) where K is the number of keys, N that of members and M that returned',
  arity: -4, // ZMPOP numkeys key [key ...] MIN|MAX [COUNT count]
  flags: WRITE,
  keys: [{ flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { keynum: 0, first: 1, step: 1 } }],
  args: MPOP_ARGS,
  handler: (call) => mpop(call, 1),
});

export const BZMPOP = defineCommand({
  name: 'BZMPOP',
  summary: 'ZMPOP that waits for a sorted set when none is there.',
  group: 'sorted-set',
  since: '7.0.0',
  complexity: 'O(K) + O(M*log(N)) where K is the number of keys, N that of members and M that returned',
  arity: -5, // BZMPOP timeout numkeys key [key ...] MIN|MAX [COUNT count]
  flags: WRITE | BLOCKING,
  keys: [{ flags: ['RW', 'access', 'delete'], begin: { index: 2 }, find: { keynum: 0, first: 1, step: 1 } }],
  args: [arg.double('timeout'), ...MPOP_ARGS],
  handler: (call) => mpop(call, 2),
});

const walk = new ZsetWalk();

function pop(call: Call, max: boolean): void {
  const { reply } = call;
  if (call.argc > 3) {
    reply.error(errors.SYNTAX);
    return;
  }
  const isCounted = call.argc === 3;
  const count = isCounted ? parseSafeInteger(call.bytes, call.start(2), call.end(2)) : 1;
  if (!(count >= 0)) {
    reply.error(errors.OUT_OF_RANGE_POSITIVE);
    return;
  }
  const address = findForWrite(call, 1, TYPE_ZSET);
  if (address === WRONG) return;
  const n = address === 0 ? 0 : Math.min(count, zsetCount(call.db, address));
  const nested = isCounted && reply.resp === 3;
  reply.array(nested ? n : 2 * n);
  if (n > 0) popMembers(call, 1, address, n, max, nested);
}

/** Replies and removes `n` members, at most as many as there are. */
function popMembers(
  call: Call,
  key: number,
  address: number,
  n: number,
  max: boolean,
  nested: boolean,
): void {
  const { db } = call;
  const count = zsetCount(db, address);
  walk.open(db, address, max ? count - 1 : 0, max);
  replyMembers(call, walk, n, true, nested);
  deleteIfEmpty(call, key, removeRange(db, call.keyHash(key), address, max ? count - n : 0, n));
  db.keyspace.dirty += n;
  reduced(call, key, max ? events.ZPOPMAX : events.ZPOPMIN);
}

/** The first of the keys that are arguments [first, until) that is there: its index, 0 when none is, -1 after an error reply. */
function firstKey(call: Call, first: number, until: number): number {
  for (let i = first; i < until; i++) {
    found.address = findForWrite(call, i, TYPE_ZSET);
    if (found.address === WRONG) return -1;
    if (found.address !== 0) return i;
  }
  return 0;
}

const found = { address: 0 };

function replyNullArray(reply: ReplyWriter): void {
  reply.nullArray();
}

function waitingPop(call: Call, max: boolean): void {
  const { reply } = call;
  const last = call.argc - 1;
  const timeoutMs = readTimeout(call, last);
  if (timeoutMs < 0) return;
  const key = firstKey(call, 1, last);
  if (key < 0) return;
  if (key === 0) {
    blockOnKeys(call, keyRange(1, last - 1), TYPE_ZSET, timeoutMs, replyNullArray);
    return;
  }
  reply.array(3);
  reply.bulk(call.bytes, call.start(key), call.end(key));
  popMembers(call, key, found.address, 1, max, false);
  if (call.log !== null) logPop(call, call.log, max ? 'ZPOPMAX' : 'ZPOPMIN', key);
}

/** ZMPOP, or BZMPOP when its numkeys is argument 2. */
function mpop(call: Call, numkeys: number): void {
  const { reply } = call;
  const keys = parseSafeInteger(call.bytes, call.start(numkeys), call.end(numkeys));
  if (!(keys > 0)) {
    reply.error(NUMKEYS);
    return;
  }
  const where = numkeys + 1 + keys;
  const max = where < call.argc && call.is(where, 'MAX');
  if (where >= call.argc || !(max || call.is(where, 'MIN'))) {
    reply.error(errors.SYNTAX);
    return;
  }
  const count = readCount(call, where + 1);
  if (count < 0) return;
  const timeoutMs = numkeys === 2 ? readTimeout(call, 1) : 0;
  if (timeoutMs < 0) return;
  const key = firstKey(call, numkeys + 1, where);
  if (key < 0) return;
  if (key > 0) replyPopped(call, key, count, max);
  else if (numkeys === 1) reply.nullArray();
  else blockOnKeys(call, keyRange(numkeys + 1, where - 1), TYPE_ZSET, timeoutMs, replyNullArray);
}

function replyPopped(call: Call, key: number, count: number, max: boolean): void {
  const { reply } = call;
  const n = Math.min(count, zsetCount(call.db, found.address));
  reply.array(2);
  reply.bulk(call.bytes, call.start(key), call.end(key));
  reply.array(n);
  popMembers(call, key, found.address, n, max, true);
  if (call.log !== null) logPop(call, call.log, max ? 'ZPOPMAX' : 'ZPOPMIN', key, n);
}

/** COUNT from argument `first` on, 1 without; -1 after an error reply. */
function readCount(call: Call, first: number): number {
  if (first === call.argc) return 1;
  if (first + 2 !== call.argc || !call.is(first, 'COUNT')) {
    const isCountError = first + 2 < call.argc && call.is(first, 'COUNT') && !isPositive(call, first + 1);
    call.reply.error(isCountError ? COUNT : errors.SYNTAX);
    return -1;
  }
  if (isPositive(call, first + 1))
    return parseSafeInteger(call.bytes, call.start(first + 1), call.end(first + 1));
  call.reply.error(COUNT);
  return -1;
}

function isPositive(call: Call, index: number): boolean {
  return parseSafeInteger(call.bytes, call.start(index), call.end(index)) > 0;
}
