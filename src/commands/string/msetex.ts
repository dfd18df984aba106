/** MSETEX (Redis 8.4, Valkey 9.1): several keys with one condition and one expire time, all or none. */

import { parseSafeInteger } from '../../base/int64.ts';
import { NO_EXPIRE } from '../../keyspace/database.ts';
import * as events from '../../keyspace/events.ts';
import * as errors from '../../resp/errors.ts';
import { setString } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, WRITE } from '../define.ts';
import {
  ACCEPT_KEEPTTL,
  ACCEPT_PRESENCE,
  ALWAYS,
  expire,
  IF_PRESENT,
  KEEPTTL,
  options,
  readExpireOption,
  readOptions,
} from './set-options.ts';

export const MSETEX = defineCommand({
  name: 'MSETEX',
  summary: 'Sets the string values of several keys and a common expire time, if all or none of them exist.',
  group: 'string',
  since: '8.4.0',
  complexity: 'O(N) where N is the number of keys to set',
  arity: -4, // MSETEX numkeys key value [key value ...] [NX|XX] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL]
  flags: WRITE | DENYOOM,
  keys: [{ flags: ['OW', 'update'], begin: { index: 1 }, find: { keynum: 0, first: 1, step: 2 } }],
  tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
  args: [
    arg.integer('numkeys'),
    arg.block('data', [arg.key('key'), arg.string('value')], { many: true }),
    arg.oneOf('condition', [arg.token('nx', 'NX'), arg.token('xx', 'XX')], { optional: true }),
    arg.oneOf(
      'expiration',
      [
        arg.integer('seconds', { token: 'EX' }),
        arg.integer('milliseconds', { token: 'PX' }),
        arg.unixTime('unix-time-seconds', { token: 'EXAT' }),
        arg.unixTime('unix-time-milliseconds', { token: 'PXAT' }),
        arg.token('keepttl', 'KEEPTTL'),
      ],
      { optional: true },
    ),
  ],
  origin: 'redis 8.4',
  handler: msetEx,
});

const KEYS_MAX = 0x7fffffff;

function msetEx(call: Call): void {
  const { reply } = call;
  const count = parseSafeInteger(call.bytes, call.start(1), call.end(1));
  if (!(count > 0 && count <= KEYS_MAX)) {
    reply.error(errors.NUMKEYS);
    return;
  }
  const until = 2 + count * 2;
  if (until > call.argc) {
    reply.error(errors.PAIRS);
    return;
  }
  if (!readOptions(call, until, ACCEPT_PRESENCE | ACCEPT_KEEPTTL) || !readExpireOption(call)) return;
  if (!conditionHolds(call, until)) {
    reply.integer(0);
    return;
  }
  setAll(call, until);
  call.db.keyspace.dirty += count;
  reply.integer(1);
}

function conditionHolds(call: Call, until: number): boolean {
  const { db, bytes } = call;
  if (options.condition === ALWAYS) return true;
  const wanted = options.condition === IF_PRESENT;
  for (let i = 2; i < until; i += 2) {
    const address = db.findForWrite(call.keyHash(i), bytes, call.start(i), call.end(i));
    if ((address !== 0) !== wanted) return false;
  }
  return true;
}

function setAll(call: Call, until: number): void {
  const { db, bytes } = call;
  for (let i = 2; i < until; i += 2) {
    const hash = call.keyHash(i);
    const start = call.start(i);
    const end = call.end(i);
    const old = db.findForWrite(hash, bytes, start, end);
    const expireMs = options.ttl === KEEPTTL && old !== 0 ? db.expireOf(old) : expire.atMs;
    setString(db, old, hash, bytes, start, end, bytes, call.start(i + 1), call.end(i + 1), expireMs);
    changed(call, i, events.SET);
    if (expire.atMs !== NO_EXPIRE) changed(call, i, events.EXPIRE);
  }
}
