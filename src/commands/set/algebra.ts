/** SINTER, SUNION, SDIFF and their STORE forms, SINTERCARD, and SMEMBERS, which is the union of one. */

import { parseSafeInteger } from '../../base/int64.ts';
import * as events from '../../keyspace/events.ts';
import { ENCODING_INTSET, TYPE_SET } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { endsAsIntset, growth, storeSet } from '../../types/set/build.ts';
import {
  countCommon,
  done,
  intersect,
  result,
  sources,
  subtract,
  takeTable,
  unite,
} from '../../types/set/operations.ts';
import { setCount } from '../../types/set/set-value.ts';
import { SetWalk } from '../../types/set/walk.ts';
import type { Call } from '../call.ts';
import { changed, deleted } from '../changed.ts';
import { arg, DENYOOM, defineCommand, keyAt, keysFrom, MOVABLE_KEYS, READONLY, WRITE } from '../define.ts';
import { findForRead, WRONG } from '../lookup.ts';
import { replyMember } from './reply.ts';

const INTERSECTION = 0;
const UNION = 1;
const DIFFERENCE = 2;
/** What storing their results is called. */
const STORED = [events.SINTERSTORE, events.SUNIONSTORE, events.SDIFFSTORE];

const READ = {
  group: 'set',
  since: '1.0.0',
  arity: -2,
  flags: READONLY,
  keys: [keysFrom(1, -1, 1, 'RO', 'access')],
  args: [arg.key('key', { many: true })],
  tips: ['nondeterministic_output_order'],
} as const;

const STORE = {
  group: 'set',
  since: '1.0.0',
  arity: -3,
  flags: WRITE | DENYOOM,
  args: [arg.key('destination'), arg.key('key', { keySpec: 1, many: true })],
} as const;

const INTERSECTION_COMPLEXITY = 'O(N*M) where N is the size of the smallest set and M the number of sets';
const UNION_COMPLEXITY = 'O(N) where N is the number of members of all sets';

export const SMEMBERS = defineCommand({
  ...READ,
  name: 'SMEMBERS',
  summary: 'Returns all members of a set.',
  complexity: 'O(N) where N is the number of members',
  arity: 2, // SMEMBERS key
  keys: [keyAt(1, 'RO', 'access')],
  args: [arg.key('key')],
  handler: smembers,
});

export const SINTER = defineCommand({
  ...READ,
  name: 'SINTER',
  summary: 'Returns the members that all of several sets have.',
  complexity: INTERSECTION_COMPLEXITY,
  handler: (call) => replyResult(call, INTERSECTION),
});

export const SUNION = defineCommand({
  ...READ,
  name: 'SUNION',
  summary: 'Returns the members that any of several sets has.',
  complexity: UNION_COMPLEXITY,
  handler: (call) => replyResult(call, UNION),
});

export const SDIFF = defineCommand({
  ...READ,
  name: 'SDIFF',
  summary: 'Returns the members of the first set that no other of several sets has.',
  complexity: UNION_COMPLEXITY,
  handler: (call) => replyResult(call, DIFFERENCE),
});

export const SINTERSTORE = defineCommand({
  ...STORE,
  name: 'SINTERSTORE',
  summary: 'Stores the members that all of several sets have in a key.',
  complexity: INTERSECTION_COMPLEXITY,
  keys: [keyAt(1, 'RW', 'update'), keysFrom(2, -1, 1, 'RO', 'access')],
  handler: (call) => storeResult(call, INTERSECTION),
});

export const SUNIONSTORE = defineCommand({
  ...STORE,
  name: 'SUNIONSTORE',
  summary: 'Stores the members that any of several sets has in a key.',
  complexity: UNION_COMPLEXITY,
  keys: [keyAt(1, 'OW', 'update'), keysFrom(2, -1, 1, 'RO', 'access')],
  handler: (call) => storeResult(call, UNION),
});

export const SDIFFSTORE = defineCommand({
  ...STORE,
  name: 'SDIFFSTORE',
  summary: 'Stores the members of the first set that no other of several sets has in a key.',
  complexity: UNION_COMPLEXITY,
  keys: [keyAt(1, 'OW', 'update'), keysFrom(2, -1, 1, 'RO', 'access')],
  handler: (call) => storeResult(call, DIFFERENCE),
});

export const SINTERCARD = defineCommand({
  name: 'SINTERCARD',
  summary: 'Returns how many members all of several sets have, up to a limit.',
  group: 'set',
  since: '7.0.0',
  complexity: INTERSECTION_COMPLEXITY,
  arity: -3, // SINTERCARD numkeys key [key ...] [LIMIT limit]
  flags: READONLY | MOVABLE_KEYS,
  keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { keynum: 0, first: 1, step: 1 } }],
  args: [
    arg.integer('numkeys'),
    arg.key('key', { many: true }),
    arg.integer('limit', { token: 'LIMIT', optional: true }),
  ],
  handler: sinterCard,
});

const walk = new SetWalk();

function smembers(call: Call): void {
  const { db, reply } = call;
  const address = findForRead(call, 1, TYPE_SET);
  if (address === WRONG) return;
  if (address === 0) {
    reply.set(0);
    return;
  }
  reply.set(setCount(db, address));
  walk.open(db, address);
  while (walk.next()) replyMember(reply);
}

/**
 * Puts the sets that arguments [from..until) name into `sources`. Returns how many of the keys do not exist, or WRONG after an error
 * reply when one holds something else.
 */
function readSources(call: Call, from: number, until: number): number {
  let missing = 0;
  sources.clear();
  for (let i = from; i < until; i++) {
    const address = findForRead(call, i, TYPE_SET);
    if (address === WRONG) return WRONG;
    if (address === 0) missing++;
    sources.push(address);
  }
  return missing;
}

/** Works out the result, in operations.ts. An intersection with a key that does not exist is empty, and not gone through. */
function compute(call: Call, operation: number, missing: number): void {
  if (operation === UNION) unite(call.db);
  else if (operation === DIFFERENCE) subtract(call.db);
  else if (missing > 0) result.found.clear();
  else intersect(call.db, 0);
}

function replyResult(call: Call, operation: number): void {
  const { reply } = call;
  const missing = readSources(call, 1, call.argc);
  if (missing === WRONG) return;
  compute(call, operation, missing);
  const { found } = result;
  reply.set(found.length);
  for (let i = 0; i < found.length; i++) {
    result.walk.read(found.addresses[i]);
    replyMember(reply);
  }
  done(call.db);
}

function storeResult(call: Call, operation: number): void {
  const { db, bytes } = call;
  const missing = readSources(call, 2, call.argc);
  if (missing === WRONG) return;
  compute(call, operation, missing);
  const count = result.found.length;
  const hash = call.keyHash(1);
  const old = db.find(hash, bytes, call.start(1), call.end(1));
  if (count > 0) {
    store(call, old, operation);
    db.keyspace.dirty++;
    changed(call, 1, STORED[operation]);
  } else if (old !== 0) {
    db.remove(hash, old, db.keyspace.lazy.serverDelete);
    db.keyspace.dirty++;
    deleted(call, 1);
  }
  done(db);
  call.reply.integer(count);
}

function store(call: Call, old: number, operation: number): void {
  const { db } = call;
  const asIntset = operation === INTERSECTION && endsAsIntset(db.keyspace.packing);
  const encoding = asIntset ? ENCODING_INTSET : growth.encoding;
  storeSet(
    db,
    old,
    call.keyHash(1),
    call.bytes,
    call.start(1),
    call.end(1),
    encoding,
    result.walk,
    result.found,
    takeTable,
  );
}

function sinterCard(call: Call): void {
  const { reply } = call;
  const keys = parseSafeInteger(call.bytes, call.start(1), call.end(1));
  if (!(keys >= 1)) {
    reply.error(errors.NUMKEYS_POSITIVE);
    return;
  }
  if (keys > call.argc - 2) {
    reply.error(errors.NUMKEYS_ABOVE_ARGUMENTS);
    return;
  }
  const limit = readLimit(call, 2 + keys);
  if (limit < 0) return;
  const missing = readSources(call, 2, 2 + keys);
  if (missing === WRONG) return;
  reply.integer(missing > 0 ? 0 : countCommon(call.db, limit));
}

/** The limit that the options from argument `from` on say, 0 for none; -1 after an error reply. */
function readLimit(call: Call, from: number): number {
  let limit = 0;
  for (let i = from; i < call.argc; i += 2) {
    if (!call.is(i, 'LIMIT') || i + 1 === call.argc) {
      call.reply.error(errors.SYNTAX);
      return -1;
    }
    limit = parseSafeInteger(call.bytes, call.start(i + 1), call.end(i + 1));
    if (!(limit >= 0)) {
      call.reply.error(errors.LIMIT_NEGATIVE);
      return -1;
    }
  }
  return limit;
}
