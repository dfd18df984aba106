/**
 * EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT and PERSIST.
 *
 * NX sets a time only where there is none, XX only where there is one, GT and LT only if it makes the key live longer or
 * shorter; a key without a time counts as living for ever. A time that has passed deletes the key and still replies 1.
 */

import { NO_EXPIRE } from '../../keyspace/database.ts';
import * as events from '../../keyspace/events.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { type Argument, arg, defineCommand, FAST, keyAt, WRITE } from '../define.ts';
import { readTime, time } from '../expire-time.ts';
import { latin1Repr } from '../text.ts';

const COMMON = {
  group: 'generic',
  complexity: 'O(1)',
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'update')],
  categories: ['keyspace'],
} as const;

const WITH_CONDITION = {
  ...COMMON,
  arity: -3, // EXPIRE key seconds [NX|XX|GT|LT]
  history: [['7.0.0', 'Added options: `NX`, `XX`, `GT` and `LT`.']],
} as const;

function withCondition(when: Argument): Argument[] {
  const tokens = ['NX', 'XX', 'GT', 'LT'].map((word) => arg.token(word.toLowerCase(), word));
  return [arg.key('key'), when, arg.oneOf('condition', tokens, { optional: true, since: '7.0.0' })];
}

export const EXPIRE = defineCommand({
  ...WITH_CONDITION,
  name: 'EXPIRE',
  summary: 'Sets how many seconds a key has to live.',
  since: '1.0.0',
  args: withCondition(arg.integer('seconds')),
  handler: (call) => expireKey(call, 1000, false),
});

export const PEXPIRE = defineCommand({
  ...WITH_CONDITION,
  name: 'PEXPIRE',
  summary: 'Sets how many milliseconds a key has to live.',
  since: '2.6.0',
  args: withCondition(arg.integer('milliseconds')),
  handler: (call) => expireKey(call, 1, false),
});

export const EXPIREAT = defineCommand({
  ...WITH_CONDITION,
  name: 'EXPIREAT',
  summary: 'Sets the Unix time, in seconds, at which a key expires.',
  since: '1.2.0',
  args: withCondition(arg.unixTime('unix-time-seconds')),
  handler: (call) => expireKey(call, 1000, true),
});

export const PEXPIREAT = defineCommand({
  ...WITH_CONDITION,
  name: 'PEXPIREAT',
  summary: 'Sets the Unix time, in milliseconds, at which a key expires.',
  since: '2.6.0',
  args: withCondition(arg.unixTime('unix-time-milliseconds')),
  handler: (call) => expireKey(call, 1, true),
});

export const PERSIST = defineCommand({
  ...COMMON,
  name: 'PERSIST',
  summary: 'Removes the expire time of a key.',
  since: '2.2.0',
  arity: 2, // PERSIST key
  args: [arg.key('key')],
  handler: persist,
});

const NX = 1;
const XX = 2;
const GT = 4;
const LT = 8;

function expireKey(call: Call, unitMs: number, absolute: boolean): void {
  const condition = readCondition(call);
  if (condition < 0 || !readTime(call, 2, unitMs, absolute)) return;
  const { db, hash, reply } = call;
  const address = db.findForWrite(hash, call.bytes, call.start(1), call.end(1));
  if (address === 0 || !mayChange(condition, db.expireOf(address), time.atMs)) {
    reply.integer(0);
    return;
  }
  const isOver = db.keyspace.isPast(time.atMs);
  if (isOver) db.remove(hash, address, db.keyspace.lazy.expire);
  else db.setExpire(hash, address, time.atMs);
  db.keyspace.dirty++;
  changed(call, 1, isOver ? events.DEL : events.EXPIRE);
  reply.integer(1);
}

/** The options as bits; replies the error and returns -1 when they contradict each other. */
function readCondition(call: Call): number {
  let condition = 0;
  for (let i = 3; i < call.argc; i++) {
    if (call.is(i, 'NX')) condition |= NX;
    else if (call.is(i, 'XX')) condition |= XX;
    else if (call.is(i, 'GT')) condition |= GT;
    else if (call.is(i, 'LT')) condition |= LT;
    else return refuse(call, errors.unsupportedOption(latin1Repr(call.text(i))));
  }
  if ((condition & NX) !== 0 && condition !== NX) return refuse(call, errors.EXPIRE_NX);
  if ((condition & (GT | LT)) === (GT | LT)) return refuse(call, errors.EXPIRE_GT_LT);
  return condition;
}

function refuse(call: Call, text: string): -1 {
  call.reply.error(text);
  return -1;
}

function mayChange(condition: number, nowAtMs: number, atMs: number): boolean {
  const isVolatile = nowAtMs !== NO_EXPIRE;
  if ((condition & NX) !== 0 && isVolatile) return false;
  if ((condition & XX) !== 0 && !isVolatile) return false;
  if ((condition & GT) !== 0 && (!isVolatile || atMs <= nowAtMs)) return false;
  return !((condition & LT) !== 0 && isVolatile && atMs >= nowAtMs);
}

function persist(call: Call): void {
  const { db, hash, reply } = call;
  const address = db.findForWrite(hash, call.bytes, call.start(1), call.end(1));
  if (address === 0 || db.expireOf(address) === NO_EXPIRE) {
    reply.integer(0);
    return;
  }
  db.clearExpire(hash, address);
  db.keyspace.dirty++;
  changed(call, 1, events.PERSIST);
  reply.integer(1);
}
