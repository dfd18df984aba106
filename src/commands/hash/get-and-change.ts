/** HGETDEL, HGETEX and HSETEX (Redis 8.0): values together with deleting the fields or with their expire times. */

import { parseSafeInteger } from '../../base/int64.ts';
import { NO_EXPIRE } from '../../keyspace/database.ts';
import * as events from '../../keyspace/events.ts';
import * as errors from '../../resp/errors.ts';
import { KEEP_TIME } from '../../types/hash/hash-table.ts';
import { change, removeField, removeIfEmpty, timeOfField } from '../../types/hash/hash-value.ts';
import type { Call } from '../call.ts';
import { changed, reduced } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, keyAt, WRITE } from '../define.ts';
import { WRONG } from '../lookup.ts';
import { latin1Repr } from '../text.ts';
import { FIELDS_ARGUMENT, setArgumentTime } from './expire.ts';
import { fieldTime, readFields, readFieldTime, refuse } from './field-arguments.ts';
import { fieldsFit, hashForWrite } from './find-hash.ts';
import { getArgument, replyField } from './get.ts';
import { hashWithRoom, setArgument } from './set.ts';

const COMMON = {
  group: 'hash',
  since: '8.0.0',
  complexity: 'O(N) where N is the number of fields named',
  origin: 'redis 8.0',
} as const;

const TIMES = [
  arg.integer('seconds', { token: 'EX' }),
  arg.integer('milliseconds', { token: 'PX' }),
  arg.unixTime('unix-time-seconds', { token: 'EXAT' }),
  arg.unixTime('unix-time-milliseconds', { token: 'PXAT' }),
];

export const HGETDEL = defineCommand({
  ...COMMON,
  name: 'HGETDEL',
  summary: 'Returns the values of fields of a hash and removes the fields.',
  arity: -5, // HGETDEL key FIELDS numfields field [field ...]
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'access', 'delete')],
  args: [arg.key('key'), FIELDS_ARGUMENT],
  handler: hgetdel,
});

export const HGETEX = defineCommand({
  ...COMMON,
  name: 'HGETEX',
  summary: 'Returns the values of fields of a hash and sets or removes their expire times.',
  arity: -5, // HGETEX key [EX s|PX ms|EXAT s|PXAT ms|PERSIST] FIELDS numfields field [field ...]
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'access', 'update')],
  args: [
    arg.key('key'),
    arg.oneOf('expiration', [...TIMES, arg.token('persist', 'PERSIST')], { optional: true }),
    FIELDS_ARGUMENT,
  ],
  handler: hgetex,
});

export const HSETEX = defineCommand({
  ...COMMON,
  name: 'HSETEX',
  summary: 'Sets fields of a hash and their expire time, if all or none of them exist.',
  arity: -6, // HSETEX key [FNX|FXX] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL] FIELDS numfields field value [field value ...]
  flags: WRITE | DENYOOM | FAST,
  keys: [keyAt(1, 'RW', 'update')],
  args: [
    arg.key('key'),
    arg.oneOf('condition', [arg.token('fnx', 'FNX'), arg.token('fxx', 'FXX')], { optional: true }),
    arg.oneOf('expiration', [...TIMES, arg.token('keepttl', 'KEEPTTL')], { optional: true }),
    arg.block(
      'fields',
      [
        arg.integer('numfields'),
        arg.block('data', [arg.string('field'), arg.string('value')], { many: true }),
      ],
      { token: 'FIELDS' },
    ),
  ],
  handler: hsetex,
});

function hgetdel(call: Call): void {
  const { db, bytes, hash } = call;
  let address = hashForWrite(call);
  if (address === WRONG) return;
  const count = readFields(call, 2);
  if (count < 0) return;
  const before = db.keyspace.dirty;
  call.reply.array(count);
  for (let i = 4; i < call.argc; i++) {
    replyField(call, address, i);
    if (address === 0) continue;
    address = removeField(db, hash, address, bytes, call.start(i), call.end(i));
    if (!change.removed) continue;
    db.keyspace.dirty++;
    if (removeIfEmpty(db, hash, address)) address = 0;
  }
  if (db.keyspace.dirty !== before) reduced(call, 1, events.HDEL);
}

/** HGETEX without an option: the times stay. */
const NO_CHANGE = -4;

function hgetex(call: Call): void {
  const { db, hash } = call;
  let address = hashForWrite(call);
  if (address === WRONG) return;
  let atMs = NO_CHANGE;
  let fieldsAt = 2;
  if (call.is(2, 'PERSIST')) {
    atMs = NO_EXPIRE;
    fieldsAt = 3;
  } else if (readTimeOption(call, 2)) {
    if (option.failed) return;
    atMs = fieldTime.atMs;
    fieldsAt = 4;
  }
  const count = readFields(call, fieldsAt);
  if (count < 0) return;
  call.reply.array(count);
  let changes = 0;
  for (let i = fieldsAt + 2; i < call.argc; i++) {
    replyField(call, address, i);
    if (atMs === NO_CHANGE || address === 0 || !isChange(call, address, i, atMs)) continue;
    address = setArgumentTime(call, address, i, atMs);
    changes++;
  }
  db.keyspace.dirty += changes;
  if (changes === 0) return;
  removeIfEmpty(db, hash, address);
  if (atMs === NO_EXPIRE) changed(call, 1, events.HPERSIST);
  else reduced(call, 1, db.keyspace.isPast(atMs) ? events.HDEL : events.HEXPIRE);
}

/** Whether the field is there and has not that time already. */
function isChange(call: Call, address: number, index: number, atMs: number): boolean {
  const now = timeOfField(call.db, address, call.bytes, call.start(index), call.end(index));
  return now >= NO_EXPIRE && now !== atMs;
}

/** What readTimeOption() came upon. */
const option = { failed: false };

/** Reads EX, PX, EXAT or PXAT with its time at argument `index`; false when there is none of them. `option.failed` after an error reply. */
function readTimeOption(call: Call, index: number): boolean {
  const isSeconds = call.is(index, 'EX') || call.is(index, 'EXAT');
  if (!isSeconds && !call.is(index, 'PX') && !call.is(index, 'PXAT')) return false;
  if (index + 1 >= call.argc) {
    option.failed = true;
    call.reply.error(errors.wrongArity(call.command.fullName));
    return true;
  }
  option.failed = !readFieldTime(call, index + 1, isSeconds ? 1000 : 1, call.size(index) === 4);
  return true;
}

const ALWAYS = 0;
const IF_NONE = 1;
const IF_ALL = 2;

/** What HSETEX's arguments say. */
const wanted = { condition: ALWAYS, atMs: NO_EXPIRE, hasTime: false, from: 0, until: 0 };

function hsetex(call: Call): void {
  const { db, bytes, hash, reply } = call;
  if (!readSetOptions(call) || !fieldsFit(call, wanted.from, wanted.until, 2)) return;
  const { from, until, atMs } = wanted;
  let address = hashForWrite(call);
  if (address === WRONG) return;
  if (!conditionHolds(call, address)) {
    reply.integer(0);
    return;
  }
  const hadHash = address !== 0;
  if (wanted.hasTime && atMs !== KEEP_TIME && db.keyspace.isPast(atMs)) {
    for (let i = from; i < until && address !== 0; i += 2) {
      address = removeField(db, hash, address, bytes, call.start(i), call.end(i));
      if (change.removed && removeIfEmpty(db, hash, address)) address = 0;
    }
  } else {
    address = hashWithRoom(call, address, from, until);
    for (let i = from; i < until; i += 2) address = setArgument(call, address, i, atMs);
  }
  db.keyspace.dirty += (until - from) >>> 1;
  tellSet(call, hadHash);
  reply.integer(1);
}

/** Fields that were set with a time that has passed are gone, and the key with its last one. */
function tellSet(call: Call, hadHash: boolean): void {
  const { atMs, hasTime } = wanted;
  const isTimed = hasTime && atMs !== KEEP_TIME;
  if (isTimed && call.db.keyspace.isPast(atMs)) {
    if (hadHash) reduced(call, 1, events.HDEL);
    return;
  }
  changed(call, 1, events.HSET);
  if (isTimed) changed(call, 1, events.HEXPIRE);
}

function conditionHolds(call: Call, address: number): boolean {
  if (wanted.condition === ALWAYS) return true;
  for (let i = wanted.from; i < wanted.until; i += 2) {
    if (getArgument(call, address, i) !== (wanted.condition === IF_ALL)) return false;
  }
  return true;
}

/** The options of HSETEX, in any order, FIELDS with its pairs among them. Replies the error and returns false. */
function readSetOptions(call: Call): boolean {
  wanted.condition = ALWAYS;
  wanted.atMs = NO_EXPIRE;
  wanted.hasTime = false;
  wanted.from = 0;
  for (let i = 2; i < call.argc; ) {
    const size = readSetOption(call, i);
    if (size < 0) return false;
    i += size;
  }
  return wanted.from !== 0 || refuse(call, errors.FIELDS_MISSING) > 0;
}

/** How many arguments the option at `index` takes; -1 after an error reply. */
function readSetOption(call: Call, index: number): number {
  if (call.is(index, 'FNX')) return takeCondition(call, IF_NONE);
  if (call.is(index, 'FXX')) return takeCondition(call, IF_ALL);
  if (wanted.from === 0 && call.is(index, 'FIELDS')) return takePairs(call, index);
  const keeps = call.is(index, 'KEEPTTL');
  const hadTime = wanted.hasTime;
  if (!keeps && !isTimeOption(call, index))
    return refuse(call, errors.unknownArgument(latin1Repr(call.text(index))));
  if (hadTime) return refuse(call, errors.ONE_EXPIRATION);
  wanted.hasTime = true;
  if (keeps) {
    wanted.atMs = KEEP_TIME;
    return 1;
  }
  readTimeOption(call, index);
  wanted.atMs = fieldTime.atMs;
  return option.failed ? -1 : 2;
}

function isTimeOption(call: Call, index: number): boolean {
  return call.is(index, 'EX') || call.is(index, 'PX') || call.is(index, 'EXAT') || call.is(index, 'PXAT');
}

function takeCondition(call: Call, condition: number): number {
  if (wanted.condition !== ALWAYS) return refuse(call, errors.ONE_PRESENCE);
  wanted.condition = condition;
  return 1;
}

function takePairs(call: Call, index: number): number {
  if (index + 1 >= call.argc) return refuse(call, errors.HSETEX_ARGUMENTS);
  const count = parseSafeInteger(call.bytes, call.start(index + 1), call.end(index + 1));
  if (!(count > 0)) return refuse(call, errors.FIELDS_NUMBER);
  wanted.from = index + 2;
  wanted.until = wanted.from + count * 2;
  if (wanted.until > call.argc) return refuse(call, errors.HSETEX_ARGUMENTS);
  return 2 + count * 2;
}
