/** COPY and MOVE: a key into another place or another database. */

import type { Database } from '../../keyspace/database.ts';
import * as events from '../../keyspace/events.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, keyAt, WRITE } from '../define.ts';
import { readDatabase } from './database-index.ts';

export const COPY = defineCommand({
  name: 'COPY',
  summary: 'Copies the value and the expire time of a key to another key.',
  group: 'generic',
  since: '6.2.0',
  complexity: 'O(N) where N is the number of elements of a collection, or the length of a string',
  arity: -3, // COPY source destination [DB destination-db] [REPLACE]
  flags: WRITE | DENYOOM,
  keys: [keyAt(1, 'RO', 'access'), keyAt(2, 'OW', 'update')],
  args: [
    arg.key('source'),
    arg.key('destination', { keySpec: 1 }),
    arg.integer('destination-db', { token: 'DB', optional: true }),
    arg.token('replace', 'REPLACE', { optional: true }),
  ],
  categories: ['keyspace'],
  handler: copy,
});

export const MOVE = defineCommand({
  name: 'MOVE',
  summary: 'Moves a key to another database, if that has no key of this name.',
  group: 'generic',
  since: '1.0.0',
  complexity: 'O(1)',
  arity: 3, // MOVE key db
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'access', 'update')],
  args: [arg.key('key'), arg.integer('db')],
  categories: ['keyspace'],
  handler: move,
});

/** What COPY's options say. */
const options: { db: Database | null; replace: boolean } = { db: null, replace: false };

function copy(call: Call): void {
  if (!readCopyOptions(call)) return;
  const { db, bytes, reply } = call;
  const toDb = options.db ?? db;
  if (toDb === db && sameKey(call)) {
    reply.error(errors.SAME_OBJECT);
    return;
  }
  const source = db.findForRead(call.hash, bytes, call.start(1), call.end(1));
  if (source === 0) {
    reply.integer(0);
    return;
  }
  const toHash = call.keyHash(2);
  const start = call.start(2);
  const end = call.end(2);
  const target = toDb.findForWrite(toHash, bytes, start, end);
  if (target !== 0 && !options.replace) {
    reply.integer(0);
    return;
  }
  if (target !== 0) toDb.remove(toHash, target, db.keyspace.lazy.serverDelete);
  toDb.addCopy(source, toHash, bytes, start, end);
  db.keyspace.dirty++;
  toDb.changed(events.COPY_TO, toHash, bytes, start, end);
  reply.integer(1);
}

function readCopyOptions(call: Call): boolean {
  options.db = null;
  options.replace = false;
  for (let i = 3; i < call.argc; i++) {
    if (call.is(i, 'REPLACE')) {
      options.replace = true;
    } else if (call.is(i, 'DB') && i + 1 < call.argc) {
      options.db = readDatabase(call, ++i);
      if (options.db === null) return false;
    } else {
      call.reply.error(errors.SYNTAX);
      return false;
    }
  }
  return true;
}

function sameKey(call: Call): boolean {
  const size = call.size(1);
  if (size !== call.size(2)) return false;
  const a = call.start(1);
  const b = call.start(2);
  for (let i = 0; i < size; i++) if (call.bytes[a + i] !== call.bytes[b + i]) return false;
  return true;
}

function move(call: Call): void {
  const { db, bytes, hash, reply } = call;
  const toDb = readDatabase(call, 2);
  if (toDb === null) return;
  if (toDb === db) {
    reply.error(errors.SAME_OBJECT);
    return;
  }
  const start = call.start(1);
  const end = call.end(1);
  const source = db.findForWrite(hash, bytes, start, end);
  if (source === 0 || toDb.findForWrite(hash, bytes, start, end) !== 0) {
    reply.integer(0);
    return;
  }
  db.take(hash, source);
  toDb.give(hash, source);
  db.keyspace.dirty++;
  changed(call, 1, events.MOVE_FROM);
  toDb.changed(events.MOVE_TO, hash, bytes, start, end);
  reply.integer(1);
}
