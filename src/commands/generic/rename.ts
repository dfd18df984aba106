/** RENAME and RENAMENX. The value does not move; its record is made anew, because the key lies in it. */
import * as events from '../../keyspace/events.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, defineCommand, FAST, keyAt, WRITE } from '../define.ts';

const COMMON = {
  group: 'generic',
  since: '1.0.0',
  complexity: 'O(1)',
  arity: 3, // RENAME key newkey
  args: [arg.key('key'), arg.key('newkey', { keySpec: 1 })],
  categories: ['keyspace'],
} as const;

export const RENAME = defineCommand({
  ...COMMON,
  name: 'RENAME',
  summary: 'Gives a key another name, in place of whatever had that name.',
  flags: WRITE,
  keys: [keyAt(1, 'RW', 'access', 'delete'), keyAt(2, 'OW', 'update')],
  handler: (call) => rename(call, false),
});

export const RENAMENX = defineCommand({
  ...COMMON,
  name: 'RENAMENX',
  summary: 'Gives a key another name, if no key has that name.',
  history: [
    ['3.2.0', 'The command no longer returns an error when source and destination names are the same.'],
  ],
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'access', 'delete'), keyAt(2, 'OW', 'insert')],
  handler: (call) => rename(call, true),
});

function rename(call: Call, onlyNew: boolean): void {
  const { db, bytes, hash, reply } = call;
  const start = call.start(2);
  const end = call.end(2);
  const source = db.findForWrite(hash, bytes, call.start(1), call.end(1));
  if (source === 0) {
    reply.error(errors.NO_SUCH_KEY);
    return;
  }
  const toHash = call.keyHash(2);
  const target = db.findForWrite(toHash, bytes, start, end);
  const taken = onlyNew && target !== 0;
  if (!taken && target !== source) {
    const { keyspace } = db;
    if (target !== 0) db.remove(toHash, target, keyspace.lazy.serverDelete);
    db.rename(hash, source, toHash, bytes, start, end);
    keyspace.dirty++;
    changed(call, 1, events.RENAME_FROM);
    changed(call, 2, events.RENAME_TO);
  }
  if (onlyNew) reply.integer(taken ? 0 : 1);
  else reply.ok();
}
