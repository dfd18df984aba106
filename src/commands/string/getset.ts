/** GETSET, GETDEL and GETEX: reading a string and changing or removing the key in one step. */

import { NO_EXPIRE } from '../../keyspace/database.ts';
import * as events from '../../keyspace/events.ts';
import * as errors from '../../resp/errors.ts';
import { isString, setString } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { changed, deleted } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, keyAt, WRITE } from '../define.ts';
import { replyString } from './get.ts';
import {
  ACCEPT_PERSIST,
  EXAT,
  expire,
  options,
  PERSIST,
  readExpireOption,
  readOptions,
} from './set-options.ts';

export const GETSET = defineCommand({
  name: 'GETSET',
  summary: 'Sets the string value of a key and returns the one it had.',
  group: 'string',
  since: '1.0.0',
  complexity: 'O(1)',
  deprecated: { since: '6.2.0', replacedBy: '`SET` with the `!GET` argument' },
  arity: 3, // GETSET key value
  flags: WRITE | DENYOOM | FAST,
  keys: [keyAt(1, 'RW', 'access', 'update')],
  args: [arg.key('key'), arg.string('value')],
  handler: getSet,
});

export const GETDEL = defineCommand({
  name: 'GETDEL',
  summary: 'Returns the string value of a key and deletes the key.',
  group: 'string',
  since: '6.2.0',
  complexity: 'O(1)',
  arity: 2, // GETDEL key
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'access', 'delete')],
  args: [arg.key('key')],
  handler: getDel,
});

export const GETEX = defineCommand({
  name: 'GETEX',
  summary: 'Returns the string value of a key and sets or removes its expire time.',
  group: 'string',
  since: '6.2.0',
  complexity: 'O(1)',
  arity: -2, // GETEX key [EX s|PX ms|EXAT s|PXAT ms|PERSIST]
  flags: WRITE | FAST,
  keys: [{ ...keyAt(1, 'RW', 'access', 'update'), notes: 'RW and UPDATE because it changes the TTL' }],
  args: [
    arg.key('key'),
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
  ],
  handler: getEx,
});

function getSet(call: Call): void {
  const { db, bytes, hash } = call;
  const start = call.start(1);
  const end = call.end(1);
  const old = db.findForRead(hash, bytes, start, end);
  if (!replyString(call, old)) return;
  setString(db, old, hash, bytes, start, end, bytes, call.start(2), call.end(2), NO_EXPIRE);
  db.keyspace.dirty++;
  changed(call, 1, events.SET);
}

function getDel(call: Call): void {
  const { db, hash } = call;
  const address = db.findForRead(hash, call.bytes, call.start(1), call.end(1));
  if (!replyString(call, address) || address === 0) return;
  db.remove(hash, address, db.keyspace.lazy.userDelete);
  db.keyspace.dirty++;
  deleted(call, 1);
}

function getEx(call: Call): void {
  if (!readOptions(call, 2, ACCEPT_PERSIST)) return;
  const { db, hash } = call;
  const address = db.findForRead(hash, call.bytes, call.start(1), call.end(1));
  if (address === 0) {
    call.reply.null();
    return;
  }
  if (!isString(db, address)) {
    call.reply.error(errors.WRONG_TYPE);
    return;
  }
  if (!readExpireOption(call)) return;
  replyString(call, address);
  if (options.ttl === PERSIST) persist(call, address);
  else if (expire.atMs !== NO_EXPIRE) expireAt(call, address);
}

function persist(call: Call, address: number): void {
  const { db } = call;
  if (db.expireOf(address) === NO_EXPIRE) return;
  db.clearExpire(call.hash, address);
  db.keyspace.dirty++;
  changed(call, 1, events.PERSIST);
}

/** A time of day that has passed deletes the key at once. */
function expireAt(call: Call, address: number): void {
  const { db, hash } = call;
  if (options.ttl >= EXAT && db.keyspace.isPast(expire.atMs)) {
    db.remove(hash, address, db.keyspace.lazy.expire);
    deleted(call, 1);
  } else {
    db.setExpire(hash, address, expire.atMs);
    changed(call, 1, events.EXPIRE);
  }
  db.keyspace.dirty++;
}
