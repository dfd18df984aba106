/** STRLEN, GETRANGE (SUBSTR) and SETRANGE: a string as an array of bytes. */

import { copyBytes } from '../../base/bytes.ts';
import { parseSafeInteger } from '../../base/int64.ts';
import * as events from '../../keyspace/events.ts';
import * as errors from '../../resp/errors.ts';
import {
  growString,
  isString,
  newZeros,
  readString,
  stringSize,
  view,
} from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { isGreater } from '../compare-integers.ts';
import { arg, DENYOOM, defineCommand, FAST, keyAt, READONLY, WRITE } from '../define.ts';

export const STRLEN = defineCommand({
  name: 'STRLEN',
  summary: 'Returns the length of the string value of a key, 0 when the key does not exist.',
  group: 'string',
  since: '2.2.0',
  complexity: 'O(1)',
  arity: 2, // STRLEN key
  flags: READONLY | FAST,
  keys: [keyAt(1, 'RO')],
  args: [arg.key('key')],
  handler: strlen,
});

const RANGE_COMPLEXITY = 'O(N) where N is the length of the part that is returned';

export const GETRANGE = defineCommand({
  name: 'GETRANGE',
  summary: 'Returns a part of the string value of a key; negative positions count from its end.',
  group: 'string',
  since: '2.4.0',
  complexity: RANGE_COMPLEXITY,
  arity: 4, // GETRANGE key start end
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [arg.key('key'), arg.integer('start'), arg.integer('end')],
  handler: getRange,
});

export const SUBSTR = defineCommand({
  name: 'SUBSTR',
  summary: 'Returns a part of the string value of a key; the old name of GETRANGE.',
  group: 'string',
  since: '1.0.0',
  complexity: RANGE_COMPLEXITY,
  deprecated: { since: '2.0.0', replacedBy: '`GETRANGE`' },
  arity: 4, // SUBSTR key start end
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [arg.key('key'), arg.integer('start'), arg.integer('end')],
  handler: getRange,
});

export const SETRANGE = defineCommand({
  name: 'SETRANGE',
  summary:
    'Overwrites a part of the string value of a key, which grows with zero bytes where it is too short.',
  group: 'string',
  since: '2.2.0',
  complexity: 'O(M) where M is the length of the value argument, and of the zero bytes that are added',
  arity: 4, // SETRANGE key offset value
  flags: WRITE | DENYOOM,
  keys: [keyAt(1, 'RW', 'update')],
  args: [arg.key('key'), arg.integer('offset'), arg.string('value')],
  handler: setRange,
});

function strlen(call: Call): void {
  const { db, reply } = call;
  const address = db.findForRead(call.hash, call.bytes, call.start(1), call.end(1));
  if (address === 0) reply.integer(0);
  else if (isString(db, address)) reply.integer(stringSize(db, address));
  else reply.error(errors.WRONG_TYPE);
}

function getRange(call: Call): void {
  const { db, reply, bytes } = call;
  const from = parseSafeInteger(bytes, call.start(2), call.end(2));
  const to = parseSafeInteger(bytes, call.start(3), call.end(3));
  if (Number.isNaN(from) || Number.isNaN(to)) {
    reply.error(errors.NOT_INTEGER);
    return;
  }
  const address = db.findForRead(call.hash, bytes, call.start(1), call.end(1));
  if (address === 0) {
    reply.bulk(bytes, 0, 0);
  } else if (isString(db, address)) {
    readString(db, address);
    replyPart(call, from, to);
  } else {
    reply.error(errors.WRONG_TYPE);
  }
}

/** Replies the bytes of `view` from position `from` to `to`, both inclusive. */
function replyPart(call: Call, from: number, to: number): void {
  const { reply } = call;
  const size = view.end - view.start;
  if (from < 0 && to < 0 && isGreater(call, 2, from, 3, to)) {
    reply.bulk(view.bytes, 0, 0);
    return;
  }
  const first = from < 0 ? Math.max(0, size + from) : from;
  const last = to < 0 ? Math.max(0, size + to) : Math.min(to, size - 1);
  if (first > last || size === 0) reply.bulk(view.bytes, 0, 0);
  else reply.bulk(view.bytes, view.start + first, view.start + last + 1);
}

function setRange(call: Call): void {
  const { db, reply, bytes, hash } = call;
  const offset = parseSafeInteger(bytes, call.start(2), call.end(2));
  if (Number.isNaN(offset)) {
    reply.error(errors.NOT_INTEGER);
    return;
  }
  if (offset < 0) {
    reply.error(errors.OFFSET_RANGE);
    return;
  }
  const start = call.start(1);
  const end = call.end(1);
  const address = db.findForWrite(hash, bytes, start, end);
  if (address !== 0 && !isString(db, address)) {
    reply.error(errors.WRONG_TYPE);
    return;
  }
  const before = address === 0 ? 0 : stringSize(db, address);
  if (call.size(3) === 0) {
    reply.integer(before);
    return;
  }
  const until = offset + call.size(3);
  if (until > db.keyspace.stringSizeMax) {
    reply.error(errors.STRING_TOO_LONG);
    return;
  }
  if (address === 0) newZeros(db, hash, bytes, start, end, until);
  else growString(db, address, hash, Math.max(before, until));
  copyBytes(bytes, call.start(3), call.end(3), view.bytes, view.start + offset);
  db.keyspace.dirty++;
  changed(call, 1, events.SETRANGE);
  reply.integer(view.end - view.start);
}
