/**
 * INCREX: an increment with bounds and an expire time in one step, what rate limiters are made of. Replies the new value and what was
 * really added. Out of bounds nothing happens (the value and 0 are replied), or with SATURATE the value goes to the bound.
 */

import { writeString } from '../../base/bytes.ts';
import { int64, int64FromBigInt, int64ToBigInt, parseInt64 } from '../../base/int64.ts';
import {
  addLongDouble,
  formatLongDouble,
  isFiniteLongDouble,
  type LongDouble,
  longDoubleFromNumber,
  parseLongDouble,
} from '../../base/long-double.ts';
import { type Database, NO_EXPIRE } from '../../keyspace/database.ts';
import type { KeyEvent } from '../../keyspace/events.ts';
import * as events from '../../keyspace/events.ts';
import * as errors from '../../resp/errors.ts';
import {
  isString,
  readInteger,
  readString,
  setBytes,
  setInteger,
  view,
} from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, keyAt, WRITE } from '../define.ts';
import { replyBigInt } from '../replies.ts';
import { expire, NO_TTL, options, PERSIST, readExpireOption, readTtlOption } from './set-options.ts';

export const INCREX = defineCommand({
  name: 'INCREX',
  summary: 'Adds to the number that a key holds, within bounds, and sets its expire time.',
  group: 'string',
  since: '8.8.0',
  complexity: 'O(1)',
  arity: -2, // INCREX key [BYFLOAT n | BYINT n] [LBOUND n] [UBOUND n] [SATURATE] [EX s|PX ms|EXAT s|PXAT ms|PERSIST] [ENX]
  flags: WRITE | DENYOOM | FAST,
  keys: [keyAt(1, 'RW', 'access', 'update')],
  args: [
    arg.key('key'),
    arg.oneOf(
      'increment',
      [arg.double('float', { token: 'BYFLOAT' }), arg.integer('integer', { token: 'BYINT' })],
      { optional: true },
    ),
    arg.token('saturate', 'SATURATE', { optional: true }),
    arg.string('lowerbound', { token: 'LBOUND', optional: true }),
    arg.string('upperbound', { token: 'UBOUND', optional: true }),
    arg.oneOf(
      'expiration',
      [
        arg.integer('seconds', { token: 'EX' }),
        arg.integer('milliseconds', { token: 'PX' }),
        arg.unixTime('unix-time-seconds', { token: 'EXAT' }),
        arg.unixTime('unix-time-milliseconds', { token: 'PXAT' }),
        arg.token('persist', 'PERSIST'),
      ],
      { optional: true },
    ),
    arg.token('enx', 'ENX', { optional: true }),
  ],
  origin: 'redis 8.8',
  handler: incrEx,
});

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** What the call asks for: argument indexes, 0 for what is not given. */
const asked = { byFloat: 0, byInt: 0, lower: 0, upper: 0, saturate: false, onlyWithoutTtl: false };
/** Text of a float: the longest that a long double has. */
const text = new Uint8Array(5 * 1024);

function incrEx(call: Call): void {
  if (!readArguments(call) || !readExpireOption(call)) return;
  if (asked.byFloat !== 0) incrByFloat(call);
  else incrByInt(call);
}

function readArguments(call: Call): boolean {
  asked.byFloat = asked.byInt = asked.lower = asked.upper = 0;
  asked.saturate = asked.onlyWithoutTtl = false;
  options.ttl = NO_TTL;
  for (let i = 2; i < call.argc; ) {
    const size = readArgument(call, i);
    if (size === 0 || i + size > call.argc) return refuse(call, errors.SYNTAX);
    i += size;
  }
  const contradicts = asked.byFloat !== 0 && asked.byInt !== 0;
  const enxAlone = asked.onlyWithoutTtl && (options.ttl === NO_TTL || options.ttl === PERSIST);
  return contradicts || enxAlone ? refuse(call, errors.SYNTAX) : true;
}

/** How many arguments the option at `index` takes; 0 when it is none. */
function readArgument(call: Call, index: number): number {
  if (call.is(index, 'SATURATE')) asked.saturate = true;
  else if (call.is(index, 'ENX')) asked.onlyWithoutTtl = true;
  else return readPair(call, index);
  return 1;
}

function readPair(call: Call, index: number): number {
  if (call.is(index, 'BYFLOAT')) asked.byFloat = index + 1;
  else if (call.is(index, 'BYINT')) asked.byInt = index + 1;
  else if (call.is(index, 'LBOUND')) asked.lower = index + 1;
  else if (call.is(index, 'UBOUND')) asked.upper = index + 1;
  else return readTtlOption(call, index);
  return 2;
}

function refuse(call: Call, error: string): false {
  call.reply.error(error);
  return false;
}

/** The record of the key, 0 for none; -1 after an error reply. */
function find(call: Call): number {
  const old = call.db.findForWrite(call.hash, call.bytes, call.start(1), call.end(1));
  if (old === 0 || isString(call.db, old)) return old;
  call.reply.error(errors.WRONG_TYPE);
  return -1;
}

// --- integers ---------------------------------------------------------------------------------------

/** The int64 that argument `index` spells, `usual` when it is 0; null when it spells none. */
function integerAt(call: Call, index: number, usual: bigint): bigint | null {
  if (index === 0) return usual;
  return parseInt64(call.bytes, call.start(index), call.end(index))
    ? int64ToBigInt(int64.hi, int64.lo)
    : null;
}

function incrByInt(call: Call): void {
  const { db, reply } = call;
  const increment = integerAt(call, asked.byInt, 1n);
  const lower = integerAt(call, asked.lower, INT64_MIN);
  const upper = integerAt(call, asked.upper, INT64_MAX);
  if (increment === null || lower === null || upper === null) {
    reply.error(errors.NOT_INTEGER);
    return;
  }
  if (lower > upper) {
    reply.error(errors.BOUNDS);
    return;
  }
  const old = find(call);
  if (old < 0) return;
  if (old !== 0 && !readInteger(db, old)) {
    reply.error(errors.NOT_INTEGER);
    return;
  }
  const before = old === 0 ? 0n : int64ToBigInt(int64.hi, int64.lo);
  let after = before + increment;
  if (after < lower || after > upper) {
    if (!asked.saturate) after = before;
    else after = after < lower ? lower : upper;
  }
  const isSkipped = after === before && increment !== 0n && !asked.saturate;
  if (!isSkipped) {
    int64FromBigInt(after);
    const { hi, lo } = int64;
    setInteger(db, old, call.hash, call.bytes, call.start(1), call.end(1), hi, lo, expireAfter(db, old));
    db.keyspace.dirty++;
    tell(call, events.INCRBY);
  }
  reply.array(2);
  replyBigInt(reply, after);
  replyBigInt(reply, after - before);
}

function tell(call: Call, event: KeyEvent): void {
  changed(call, 1, event);
  if (options.ttl === PERSIST) changed(call, 1, events.PERSIST);
  else if (options.ttl !== NO_TTL) changed(call, 1, events.EXPIRE);
}

/** The expire time that the key has afterwards. */
function expireAfter(db: Database, old: number): number {
  const before = old === 0 ? NO_EXPIRE : db.expireOf(old);
  if (options.ttl === PERSIST) return NO_EXPIRE;
  if (options.ttl === NO_TTL || (asked.onlyWithoutTtl && before !== NO_EXPIRE)) return before;
  return expire.atMs;
}

// --- floats -----------------------------------------------------------------------------------------

function floatAt(call: Call, index: number): LongDouble | null {
  return parseLongDouble(call.bytes, call.start(index), call.end(index));
}

function incrByFloat(call: Call): void {
  const { db, reply } = call;
  const increment = floatAt(call, asked.byFloat);
  const lower = asked.lower === 0 ? undefined : floatAt(call, asked.lower);
  const upper = asked.upper === 0 ? undefined : floatAt(call, asked.upper);
  if (increment === null || lower === null || upper === null) {
    reply.error(errors.NOT_FLOAT);
    return;
  }
  if (lower !== undefined && upper !== undefined && isBelow(upper, lower)) {
    reply.error(errors.BOUNDS);
    return;
  }
  const old = find(call);
  if (old < 0) return;
  const before = old === 0 ? longDoubleFromNumber(0) : storedFloat(db, old);
  if (before === null) {
    reply.error(errors.NOT_FLOAT);
    return;
  }
  const sum = addLongDouble(before, increment);
  const bound = boundPassed(sum, lower, upper);
  if (bound === undefined && !isFiniteLongDouble(sum)) {
    reply.error(errors.NAN_OR_INFINITY);
    return;
  }
  const isSkipped = bound !== undefined && !asked.saturate;
  const after = isSkipped ? before : (bound ?? sum);
  const size = writeString(formatLongDouble(after), text, 0);
  if (!isSkipped) {
    setBytes(db, old, call.hash, call.bytes, call.start(1), call.end(1), text, 0, size, expireAfter(db, old));
    db.keyspace.dirty++;
    tell(call, events.INCRBYFLOAT);
  }
  reply.array(2);
  reply.bulk(text, 0, size);
  reply.bulkText(formatLongDouble(addLongDouble(after, opposite(before))));
}

function storedFloat(db: Database, address: number): LongDouble | null {
  readString(db, address);
  return parseLongDouble(view.bytes, view.start, view.end);
}

/** The bound that the value is beyond, if any. */
function boundPassed(value: LongDouble, lower?: LongDouble, upper?: LongDouble): LongDouble | undefined {
  if (lower !== undefined && isBelow(value, lower)) return lower;
  return upper !== undefined && isBelow(upper, value) ? upper : undefined;
}

function isBelow(a: LongDouble, b: LongDouble): boolean {
  const difference = addLongDouble(a, opposite(b));
  return difference.negative && difference.mantissa !== 0n;
}

function opposite(x: LongDouble): LongDouble {
  return { ...x, negative: !x.negative };
}
