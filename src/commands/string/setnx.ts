/** SETNX, SETEX and PSETEX: older spellings of SET with one option. */

import { NO_EXPIRE } from '../../keyspace/database.ts';
import * as events from '../../keyspace/events.ts';
import { setString } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, keyAt, WRITE } from '../define.ts';
import { readPositiveTime, time } from '../expire-time.ts';

export const SETNX = defineCommand({
  name: 'SETNX',
  summary: 'Sets the string value of a key if the key does not exist.',
  group: 'string',
  since: '1.0.0',
  complexity: 'O(1)',
  arity: 3, // SETNX key value
  flags: WRITE | DENYOOM | FAST,
  keys: [keyAt(1, 'OW', 'insert')],
  args: [arg.key('key'), arg.string('value')],
  handler: setNx,
});

export const SETEX = defineCommand({
  name: 'SETEX',
  summary: 'Sets the string value of a key and its time to live in seconds.',
  group: 'string',
  since: '2.0.0',
  complexity: 'O(1)',
  arity: 4, // SETEX key seconds value
  flags: WRITE | DENYOOM,
  keys: [keyAt(1, 'OW', 'update')],
  args: [arg.key('key'), arg.integer('seconds'), arg.string('value')],
  handler: (call) => setFor(call, 1000),
});

export const PSETEX = defineCommand({
  name: 'PSETEX',
  summary: 'Sets the string value of a key and its time to live in milliseconds.',
  group: 'string',
  since: '2.6.0',
  complexity: 'O(1)',
  arity: 4, // PSETEX key milliseconds value
  flags: WRITE | DENYOOM,
  keys: [keyAt(1, 'OW', 'update')],
  args: [arg.key('key'), arg.integer('milliseconds'), arg.string('value')],
  handler: (call) => setFor(call, 1),
});

function setNx(call: Call): void {
  const { db, bytes, hash } = call;
  const start = call.start(1);
  const end = call.end(1);
  if (db.findForWrite(hash, bytes, start, end) !== 0) {
    call.reply.integer(0);
    return;
  }
  setString(db, 0, hash, bytes, start, end, bytes, call.start(2), call.end(2), NO_EXPIRE);
  db.keyspace.dirty++;
  changed(call, 1, events.SET);
  call.reply.integer(1);
}

function setFor(call: Call, unitMs: number): void {
  if (!readPositiveTime(call, 2, unitMs, false)) return;
  const { db, bytes, hash } = call;
  const start = call.start(1);
  const end = call.end(1);
  const old = db.findForWrite(hash, bytes, start, end);
  setString(db, old, hash, bytes, start, end, bytes, call.start(3), call.end(3), time.atMs);
  db.keyspace.dirty++;
  changed(call, 1, events.SET);
  changed(call, 1, events.EXPIRE);
  call.reply.ok();
}
