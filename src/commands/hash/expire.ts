/**
 * HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT and HPERSIST: expire times of fields (Redis 7.4).
 *
 * The reply has a code for each field:
 *
 *     -2   there is no such field, or no such key
 *     -1   HPERSIST: the field has no time
 *      0   NX, XX, GT or LT says no
 *      1   the time is set, or (HPERSIST) removed
 *      2   the time has passed, so the field is deleted
 *
 * A field without a time counts as living for ever: LT sets it, GT does not.
 */

import { NO_EXPIRE } from '../../keyspace/database.ts';
import * as events from '../../keyspace/events.ts';
import * as errors from '../../resp/errors.ts';
import {
  NO_FIELD,
  removeField,
  removeIfEmpty,
  setTimeOfField,
  timeOfField,
} from '../../types/hash/hash-value.ts';
import type { Call } from '../call.ts';
import { changed, reduced } from '../changed.ts';
import { type Argument, arg, DENYOOM, defineCommand, FAST, keyAt, WRITE } from '../define.ts';
import { WRONG } from '../lookup.ts';
import { fieldTime, readFields, readFieldTime } from './field-arguments.ts';
import { hashForWrite } from './find-hash.ts';

export const FIELDS_ARGUMENT: Argument = arg.block(
  'fields',
  [arg.integer('numfields'), arg.string('field', { many: true })],
  { token: 'FIELDS' },
);

const COMMON = {
  group: 'hash',
  since: '7.4.0',
  complexity: 'O(N log M) where N is the number of fields named and M that of the fields with a time',
  keys: [keyAt(1, 'RW', 'update')],
  origin: 'redis 7.4',
} as const;

const WITH_TIME = {
  ...COMMON,
  arity: -6, // HEXPIRE key seconds [NX|XX|GT|LT] FIELDS numfields field [field ...]
  flags: WRITE | DENYOOM | FAST,
} as const;

function withTime(when: Argument): Argument[] {
  const tokens = ['NX', 'XX', 'GT', 'LT'].map((word) => arg.token(word.toLowerCase(), word));
  return [arg.key('key'), when, arg.oneOf('condition', tokens, { optional: true }), FIELDS_ARGUMENT];
}

export const HEXPIRE = defineCommand({
  ...WITH_TIME,
  name: 'HEXPIRE',
  summary: 'Sets how many seconds fields of a hash have to live.',
  args: withTime(arg.integer('seconds')),
  handler: (call) => expireFields(call, 1000, false),
});

export const HPEXPIRE = defineCommand({
  ...WITH_TIME,
  name: 'HPEXPIRE',
  summary: 'Sets how many milliseconds fields of a hash have to live.',
  args: withTime(arg.integer('milliseconds')),
  handler: (call) => expireFields(call, 1, false),
});

export const HEXPIREAT = defineCommand({
  ...WITH_TIME,
  name: 'HEXPIREAT',
  summary: 'Sets the Unix time, in seconds, at which fields of a hash expire.',
  args: withTime(arg.unixTime('unix-time-seconds')),
  handler: (call) => expireFields(call, 1000, true),
});

export const HPEXPIREAT = defineCommand({
  ...WITH_TIME,
  name: 'HPEXPIREAT',
  summary: 'Sets the Unix time, in milliseconds, at which fields of a hash expire.',
  args: withTime(arg.unixTime('unix-time-milliseconds')),
  handler: (call) => expireFields(call, 1, true),
});

export const HPERSIST = defineCommand({
  ...COMMON,
  name: 'HPERSIST',
  summary: 'Removes the expire times of fields of a hash.',
  arity: -5, // HPERSIST key FIELDS numfields field [field ...]
  flags: WRITE | FAST,
  args: [arg.key('key'), FIELDS_ARGUMENT],
  handler: hpersist,
});

const NO_SUCH_FIELD = -2;
const NO_TIME = -1;
const NOT_MET = 0;
const DONE = 1;
const DELETED = 2;

const NX = 1;
const XX = 2;
const GT = 3;
const LT = 4;

function expireFields(call: Call, unitMs: number, absolute: boolean): void {
  const { db, hash, reply } = call;
  const found = hashForWrite(call);
  if (found === WRONG || !readFieldTime(call, 2, unitMs, absolute)) return;
  const { atMs } = fieldTime;
  const condition = conditionAt(call, 3);
  const fieldsAt = condition === 0 ? 3 : 4;
  const count = readFields(call, fieldsAt, errors.FIELDS_ABOVE_ZERO);
  if (count < 0) return;
  let address = found;
  let changes = 0;
  reply.array(count);
  for (let i = fieldsAt + 2; i < call.argc; i++) {
    const code = address === 0 ? NO_SUCH_FIELD : codeFor(call, address, i, condition, atMs);
    if (code > 0) {
      address = setArgumentTime(call, address, i, atMs);
      changes++;
    }
    reply.integer(code);
  }
  db.keyspace.dirty += changes;
  if (changes === 0) return;
  removeIfEmpty(db, hash, address);
  reduced(call, 1, db.keyspace.isPast(atMs) ? events.HDEL : events.HEXPIRE);
}

function conditionAt(call: Call, index: number): number {
  if (call.is(index, 'NX')) return NX;
  if (call.is(index, 'XX')) return XX;
  if (call.is(index, 'GT')) return GT;
  return call.is(index, 'LT') ? LT : 0;
}

/** What the reply says for the field that is argument `index`; above 0 the change is still to be made. */
function codeFor(call: Call, address: number, index: number, condition: number, atMs: number): number {
  const { db, bytes } = call;
  const now = timeOfField(db, address, bytes, call.start(index), call.end(index));
  if (now === NO_FIELD) return NO_SUCH_FIELD;
  if (!isMet(condition, now, atMs)) return NOT_MET;
  return db.keyspace.isPast(atMs) ? DELETED : DONE;
}

function isMet(condition: number, now: number, atMs: number): boolean {
  if (condition === NX) return now === NO_EXPIRE;
  if (condition === XX) return now !== NO_EXPIRE;
  if (condition === GT) return now !== NO_EXPIRE && atMs > now;
  return condition !== LT || now === NO_EXPIRE || atMs < now;
}

/**
 * Gives the field that is argument `index`, if it is there, the time `atMs` (NO_EXPIRE: none), or deletes it when that has passed; the
 * key stays, even without fields. Returns where the key's record is now.
 */
export function setArgumentTime(call: Call, address: number, index: number, atMs: number): number {
  const { db, bytes, hash } = call;
  const start = call.start(index);
  const end = call.end(index);
  if (atMs !== NO_EXPIRE && db.keyspace.isPast(atMs))
    return removeField(db, hash, address, bytes, start, end);
  return setTimeOfField(db, hash, address, bytes, start, end, atMs);
}

function hpersist(call: Call): void {
  const { db, reply } = call;
  let address = hashForWrite(call);
  if (address === WRONG) return;
  const count = readFields(call, 2);
  if (count < 0) return;
  const before = db.keyspace.dirty;
  reply.array(count);
  for (let i = 4; i < call.argc; i++) {
    const code = address === 0 ? NO_SUCH_FIELD : persistCode(call, address, i);
    if (code === DONE) {
      address = setArgumentTime(call, address, i, NO_EXPIRE);
      db.keyspace.dirty++;
    }
    reply.integer(code);
  }
  if (db.keyspace.dirty !== before) changed(call, 1, events.HPERSIST);
}

function persistCode(call: Call, address: number, index: number): number {
  const now = timeOfField(call.db, address, call.bytes, call.start(index), call.end(index));
  if (now === NO_FIELD) return NO_SUCH_FIELD;
  return now === NO_EXPIRE ? NO_TIME : DONE;
}
