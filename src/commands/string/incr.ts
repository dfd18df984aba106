import { addInt64, int64, parseInt64 } from '../../base/int64.ts';
import { NO_EXPIRE } from '../../keyspace/database.ts';
import * as events from '../../keyspace/events.ts';
import { ENCODING_INT } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import {
  encodingAt,
  isString,
  readInteger,
  setInteger,
  storeInteger,
} from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, keyAt, WRITE } from '../define.ts';
import { replyInt64 } from '../replies.ts';

const COMMON = {
  group: 'string',
  since: '1.0.0',
  complexity: 'O(1)',
  flags: WRITE | DENYOOM | FAST,
  keys: [keyAt(1, 'RW', 'access', 'update')],
} as const;

export const INCR = defineCommand({
  ...COMMON,
  name: 'INCR',
  summary: 'Adds one to the integer value of a key; a key that does not exist counts as 0.',
  arity: 2, // INCR key
  args: [arg.key('key')],
  handler: (call) => addToKey(call, 0, 1),
});

export const DECR = defineCommand({
  ...COMMON,
  name: 'DECR',
  summary: 'Subtracts one from the integer value of a key; a key that does not exist counts as 0.',
  arity: 2, // DECR key
  args: [arg.key('key')],
  handler: (call) => addToKey(call, -1, -1),
});

export const INCRBY = defineCommand({
  ...COMMON,
  name: 'INCRBY',
  summary: 'Adds an integer to the integer value of a key; a key that does not exist counts as 0.',
  arity: 3, // INCRBY key increment
  args: [arg.key('key'), arg.integer('increment')],
  handler: incrBy,
});

export const DECRBY = defineCommand({
  ...COMMON,
  name: 'DECRBY',
  summary: 'Subtracts an integer from the integer value of a key; a key that does not exist counts as 0.',
  arity: 3, // DECRBY key decrement
  args: [arg.key('key'), arg.integer('decrement')],
  handler: decrBy,
});

function incrBy(call: Call): void {
  if (!parseInt64(call.bytes, call.start(2), call.end(2))) {
    call.reply.error(errors.NOT_INTEGER);
    return;
  }
  addToKey(call, int64.hi, int64.lo);
}

function decrBy(call: Call): void {
  if (!parseInt64(call.bytes, call.start(2), call.end(2))) {
    call.reply.error(errors.NOT_INTEGER);
    return;
  }
  // The smallest int64 has no opposite.
  if (int64.hi === -0x80000000 && int64.lo === 0) {
    call.reply.error(errors.DECREMENT_OVERFLOW);
    return;
  }
  const lo = -int64.lo | 0;
  addToKey(call, (~int64.hi + (lo === 0 ? 1 : 0)) | 0, lo);
}

/** Adds the 64-bit integer hi:lo to the key and replies the sum. Allocates nothing. */
function addToKey(call: Call, hi: number, lo: number): void {
  const { db, bytes, hash } = call;
  const start = call.start(1);
  const end = call.end(1);
  const old = db.findForWrite(hash, bytes, start, end);
  if (old === 0) {
    setInteger(db, 0, hash, bytes, start, end, hi, lo, NO_EXPIRE);
    int64.hi = hi;
    int64.lo = lo;
  } else {
    if (!isString(db, old)) {
      call.reply.error(errors.WRONG_TYPE);
      return;
    }
    if (!readInteger(db, old)) {
      call.reply.error(errors.NOT_INTEGER);
      return;
    }
    if (!addInt64(int64.hi, int64.lo, hi, lo)) {
      call.reply.error(errors.OVERFLOW);
      return;
    }
    if (encodingAt(db, old) === ENCODING_INT) storeInteger(db, old, int64.hi, int64.lo);
    else setInteger(db, old, hash, bytes, start, end, int64.hi, int64.lo, db.expireOf(old));
  }
  db.keyspace.dirty++;
  changed(call, 1, events.INCRBY);
  replyInt64(call.reply, int64.hi, int64.lo);
}
