/** HINCRBY and HINCRBYFLOAT: numbers in fields. A field that is not there counts as 0; one that has an expire time keeps it. */

import { writeString } from '../../base/bytes.ts';
import { addInt64, int64, parseInt64, writeInt64 } from '../../base/int64.ts';
import {
  addLongDouble,
  formatLongDouble,
  isFiniteLongDouble,
  parseLongDouble,
} from '../../base/long-double.ts';
import type { KeyEvent } from '../../keyspace/events.ts';
import * as events from '../../keyspace/events.ts';
import * as errors from '../../resp/errors.ts';
import { KEEP_TIME } from '../../types/hash/hash-table.ts';
import { createHash, setField, value } from '../../types/hash/hash-value.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, keyAt, WRITE } from '../define.ts';
import { WRONG } from '../lookup.ts';
import { replyInt64 } from '../replies.ts';
import { fieldsFit, hashForWrite } from './find-hash.ts';
import { getArgument } from './get.ts';

const COMMON = {
  group: 'hash',
  complexity: 'O(1)',
  arity: 4, // HINCRBY key field increment
  flags: WRITE | DENYOOM | FAST,
  keys: [keyAt(1, 'RW', 'access', 'update')],
} as const;

export const HINCRBY = defineCommand({
  ...COMMON,
  name: 'HINCRBY',
  element: 2,
  summary: 'Adds an integer to the value of a field of a hash; a field that does not exist counts as 0.',
  since: '2.0.0',
  args: [arg.key('key'), arg.string('field'), arg.integer('increment')],
  handler: hincrby,
});

export const HINCRBYFLOAT = defineCommand({
  ...COMMON,
  name: 'HINCRBYFLOAT',
  element: 2,
  summary:
    'Adds a floating-point number to the value of a field of a hash; a field that does not exist counts as 0.',
  since: '2.6.0',
  args: [arg.key('key'), arg.string('field'), arg.double('increment')],
  handler: hincrbyfloat,
});

/** The text of a sum: the longest that a long double has. */
const text = new Uint8Array(5 * 1024);
/** A listpack of one field and a number. */
const ROOM = 64;

function hincrby(call: Call): void {
  if (!parseInt64(call.bytes, call.start(3), call.end(3))) {
    call.reply.error(errors.NOT_INTEGER);
    return;
  }
  let { hi, lo } = int64;
  if (!fieldsFit(call, 2, 3, 1)) return;
  const address = hashForWrite(call);
  if (address === WRONG) return;
  if (getArgument(call, address, 2)) {
    if (!parseInt64(value.bytes, value.start, value.end)) {
      call.reply.error(errors.HASH_NOT_INTEGER);
      return;
    }
    if (!addInt64(int64.hi, int64.lo, hi, lo)) {
      call.reply.error(errors.OVERFLOW);
      return;
    }
    hi = int64.hi;
    lo = int64.lo;
  }
  store(call, address, writeInt64(hi, lo, text, 0), events.HINCRBY);
  replyInt64(call.reply, hi, lo);
}

function hincrbyfloat(call: Call): void {
  const { reply, bytes } = call;
  const increment = parseLongDouble(bytes, call.start(3), call.end(3));
  if (increment === null) {
    reply.error(errors.NOT_FLOAT);
    return;
  }
  if (!isFiniteLongDouble(increment)) {
    reply.error(errors.VALUE_NAN_OR_INFINITY);
    return;
  }
  if (!fieldsFit(call, 2, 3, 1)) return;
  const address = hashForWrite(call);
  if (address === WRONG) return;
  let sum = increment;
  if (getArgument(call, address, 2)) {
    const before = parseLongDouble(value.bytes, value.start, value.end);
    if (before === null) {
      reply.error(errors.HASH_NOT_FLOAT);
      return;
    }
    sum = addLongDouble(before, increment);
  }
  if (!isFiniteLongDouble(sum)) {
    reply.error(errors.NAN_OR_INFINITY);
    return;
  }
  const size = writeString(formatLongDouble(sum), text, 0);
  store(call, address, size, events.HINCRBYFLOAT);
  reply.bulk(text, 0, size);
}

/** Sets the field that is argument 2 to the first `size` bytes of `text`. */
function store(call: Call, address: number, size: number, event: KeyEvent): void {
  const { bytes, db, hash } = call;
  if (address === 0) address = createHash(db, hash, bytes, call.start(1), call.end(1), ROOM);
  setField(db, hash, address, bytes, call.start(2), call.end(2), text, 0, size, KEEP_TIME);
  db.keyspace.dirty++;
  changed(call, 1, event);
}
