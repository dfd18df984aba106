import { writeString } from '../../base/bytes.ts';
import {
  addLongDouble,
  formatLongDouble,
  isFiniteLongDouble,
  type LongDouble,
  parseLongDouble,
} from '../../base/long-double.ts';
import { NO_EXPIRE } from '../../keyspace/database.ts';
import * as events from '../../keyspace/events.ts';
import * as errors from '../../resp/errors.ts';
import { isString, readString, setBytes, view } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, keyAt, WRITE } from '../define.ts';

export const INCRBYFLOAT = defineCommand({
  name: 'INCRBYFLOAT',
  summary: 'Adds a floating-point number to the value of a key; a key that does not exist counts as 0.',
  group: 'string',
  since: '2.6.0',
  complexity: 'O(1)',
  arity: 3, // INCRBYFLOAT key increment
  flags: WRITE | DENYOOM | FAST,
  keys: [keyAt(1, 'RW', 'access', 'update')],
  args: [arg.key('key'), arg.double('increment')],
  handler: incrByFloat,
});

/** The text of a sum: the longest that a long double has. */
const text = new Uint8Array(5 * 1024);

function incrByFloat(call: Call): void {
  const { db, reply, bytes, hash } = call;
  const start = call.start(1);
  const end = call.end(1);
  const old = db.findForWrite(hash, bytes, start, end);
  if (old !== 0 && !isString(db, old)) {
    reply.error(errors.WRONG_TYPE);
    return;
  }
  const increment = parseLongDouble(bytes, call.start(2), call.end(2));
  const value = old === 0 ? increment : storedValue(call, old);
  if (increment === null || value === null) {
    reply.error(errors.NOT_FLOAT);
    return;
  }
  const sum = old === 0 ? increment : addLongDouble(value, increment);
  if (!isFiniteLongDouble(sum)) {
    reply.error(errors.NAN_OR_INFINITY);
    return;
  }
  const size = writeString(formatLongDouble(sum), text, 0);
  const expireMs = old === 0 ? NO_EXPIRE : db.expireOf(old);
  setBytes(db, old, hash, bytes, start, end, text, 0, size, expireMs);
  db.keyspace.dirty++;
  changed(call, 1, events.INCRBYFLOAT);
  reply.bulk(text, 0, size);
}

function storedValue(call: Call, address: number): LongDouble | null {
  readString(call.db, address);
  return parseLongDouble(view.bytes, view.start, view.end);
}
