/**
 * SET with all its options, those of newer servers too: IFEQ (Valkey 8.1), IFEQ, IFNE, IFDEQ and IFDNE (Redis 8.4).
 *
 * The order of what is looked at is Redis's, because it decides which error a bad call gets: the options' syntax, the
 * time, the old value's type, the digest's form, the condition. GET replies the old value whether the key is set or not.
 * A key that does not exist satisfies IFNE and IFDNE, and neither IFEQ nor IFDEQ.
 */

import { NO_EXPIRE } from '../../keyspace/database.ts';
import * as events from '../../keyspace/events.ts';
import * as errors from '../../resp/errors.ts';
import { isString, setString } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, type KeyReference, keyAt, WRITE } from '../define.ts';
import { comparisonHolds, isComparable } from './compare.ts';
import { replyString } from './get.ts';
import {
  ACCEPT_COMPARISON,
  ACCEPT_GET,
  ACCEPT_KEEPTTL,
  ACCEPT_PRESENCE,
  ALWAYS,
  expire,
  IF_DIGEST_NOT_EQUAL,
  IF_EQUAL,
  IF_MISSING,
  IF_NOT_EQUAL,
  IF_PRESENT,
  KEEPTTL,
  options,
  readExpireOption,
  readOptions,
} from './set-options.ts';

export const SET = defineCommand({
  name: 'SET',
  summary: 'Sets the string value of a key, whatever it held before; creates the key if it does not exist.',
  group: 'string',
  since: '1.0.0',
  history: [
    ['2.6.12', 'Added the `EX`, `PX`, `NX` and `XX` options.'],
    ['6.0.0', 'Added the `KEEPTTL` option.'],
    ['6.2.0', 'Added the `GET`, `EXAT` and `PXAT` option.'],
    ['7.0.0', 'Allowed the `NX` and `GET` options to be used together.'],
  ],
  complexity: 'O(1)',
  arity: -3, // SET key value [NX|XX|IFEQ v|IFNE v|IFDEQ d|IFDNE d] [GET] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL]
  flags: WRITE | DENYOOM,
  keys: [
    {
      ...keyAt(1, 'RW', 'access', 'update', 'variable_flags'),
      notes: 'RW and ACCESS due to the optional `GET` argument',
    },
  ],
  args: [
    arg.key('key'),
    arg.string('value'),
    arg.oneOf('condition', [arg.token('nx', 'NX'), arg.token('xx', 'XX')], {
      optional: true,
      since: '2.6.12',
    }),
    arg.token('get', 'GET', { optional: true, since: '6.2.0' }),
    arg.oneOf(
      'expiration',
      [
        arg.integer('seconds', { token: 'EX', since: '2.6.12' }),
        arg.integer('milliseconds', { token: 'PX', since: '2.6.12' }),
        arg.unixTime('unix-time-seconds', { token: 'EXAT', since: '6.2.0' }),
        arg.unixTime('unix-time-milliseconds', { token: 'PXAT', since: '6.2.0' }),
        arg.token('keepttl', 'KEEPTTL', { since: '6.0.0' }),
      ],
      { optional: true },
    ),
  ],
  getKeys: setKeys,
  handler: set,
});

/** What happens to the key depends on GET among the options. */
function setKeys(args: readonly string[]): KeyReference[] {
  const reads = args.slice(3).some((option) => option.toUpperCase() === 'GET');
  return [{ index: 1, flags: reads ? ['RW', 'access', 'update'] : ['OW', 'update'] }];
}

const ACCEPTED = ACCEPT_PRESENCE | ACCEPT_COMPARISON | ACCEPT_GET | ACCEPT_KEEPTTL;

function set(call: Call): void {
  if (call.argc !== 3) {
    setWithOptions(call);
    return;
  }
  const { db, bytes } = call;
  const start = call.start(1);
  const end = call.end(1);
  const old = db.find(call.hash, bytes, start, end);
  setString(db, old, call.hash, bytes, start, end, bytes, call.start(2), call.end(2), NO_EXPIRE, call.data);
  db.keyspace.dirty++;
  changed(call, 1, events.SET);
  call.reply.ok();
}

function setWithOptions(call: Call): void {
  if (!readOptions(call, 3, ACCEPTED) || !readExpireOption(call)) return;
  const { db, bytes, hash } = call;
  const start = call.start(1);
  const end = call.end(1);
  const old = options.get
    ? db.findForRead(hash, bytes, start, end)
    : db.findForWrite(hash, bytes, start, end);
  if (old !== 0 && !isUsable(call, old)) return;
  const allowed = conditionHolds(call, old);
  if (options.get) replyString(call, old);
  if (!allowed) {
    if (!options.get) call.reply.null();
    return;
  }
  const expireMs = options.ttl === KEEPTTL && old !== 0 ? db.expireOf(old) : expire.atMs;
  setString(db, old, hash, bytes, start, end, bytes, call.start(2), call.end(2), expireMs);
  db.keyspace.dirty++;
  changed(call, 1, events.SET);
  if (expire.atMs !== NO_EXPIRE) changed(call, 1, events.EXPIRE);
  if (!options.get) call.reply.ok();
}

/** GET and the comparisons look at the old value. Replies the error and returns false when they cannot. */
function isUsable(call: Call, old: number): boolean {
  const { condition } = options;
  if (!options.get && condition < IF_EQUAL) return true;
  if (!isString(call.db, old)) {
    call.reply.error(errors.WRONG_TYPE);
    return false;
  }
  return isComparable(call, condition, options.comparand);
}

function conditionHolds(call: Call, old: number): boolean {
  const { condition } = options;
  if (condition === ALWAYS) return true;
  if (condition === IF_MISSING) return old === 0;
  if (condition === IF_PRESENT) return old !== 0;
  if (old === 0) return condition === IF_NOT_EQUAL || condition === IF_DIGEST_NOT_EQUAL;
  return comparisonHolds(call, old, condition, options.comparand);
}
