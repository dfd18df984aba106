import { copyBytes } from '../../base/bytes.ts';
import { NO_EXPIRE } from '../../keyspace/database.ts';
import * as events from '../../keyspace/events.ts';
import * as errors from '../../resp/errors.ts';
import { growString, isString, setString, stringSize, view } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, keyAt, WRITE } from '../define.ts';

export const APPEND = defineCommand({
  name: 'APPEND',
  summary: 'Adds to the end of the string value of a key; creates the key if it does not exist.',
  group: 'string',
  since: '2.0.0',
  complexity:
    'O(1) for a short value, averaged over many calls: a string that grows gets room for as much again',
  arity: 3, // APPEND key value
  flags: WRITE | DENYOOM | FAST,
  keys: [keyAt(1, 'RW', 'insert')],
  args: [arg.key('key'), arg.string('value')],
  handler: append,
});

function append(call: Call): void {
  const { db, reply, bytes, hash } = call;
  const start = call.start(1);
  const end = call.end(1);
  const address = db.findForWrite(hash, bytes, start, end);
  let size = call.size(2);
  if (address === 0) {
    setString(db, 0, hash, bytes, start, end, bytes, call.start(2), call.end(2), NO_EXPIRE);
  } else {
    if (!isString(db, address)) {
      reply.error(errors.WRONG_TYPE);
      return;
    }
    const before = stringSize(db, address);
    size += before;
    if (size > db.keyspace.stringSizeMax) {
      reply.error(errors.STRING_TOO_LONG);
      return;
    }
    growString(db, address, hash, size);
    copyBytes(bytes, call.start(2), call.end(2), view.bytes, view.start + before);
  }
  db.keyspace.dirty++;
  changed(call, 1, events.APPEND);
  reply.integer(size);
}
