/** HSET, HMSET and HSETNX. */

import { NO_EXPIRE } from '../../keyspace/database.ts';
import * as events from '../../keyspace/events.ts';
import { inlineSizeMax } from '../../keyspace/limits.ts';
import { EMPTY_SIZE, elementSize } from '../../memory/listpack.ts';
import * as errors from '../../resp/errors.ts';
import { change, createHash, getField, makeTable, setField } from '../../types/hash/hash-value.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, keyAt, WRITE } from '../define.ts';
import { WRONG } from '../lookup.ts';
import { fieldsFit, hashForWrite } from './find-hash.ts';

const COMMON = { group: 'hash', since: '2.0.0', flags: WRITE | DENYOOM | FAST } as const;

const PAIRS = [
  arg.key('key'),
  arg.block('field_value', [arg.string('field'), arg.string('value')], { many: true }),
];

export const HSET = defineCommand({
  ...COMMON,
  name: 'HSET',
  element: 2,
  summary: 'Sets fields of a hash; creates the hash if it does not exist.',
  history: [['4.0.0', 'Accepts multiple `field` and `value` arguments.']],
  complexity: 'O(1) for each field',
  arity: -4, // HSET key field value [field value ...]
  keys: [keyAt(1, 'RW', 'update')],
  args: PAIRS,
  handler: hset,
});

export const HMSET = defineCommand({
  ...COMMON,
  name: 'HMSET',
  element: 2,
  summary: 'Sets fields of a hash and replies OK.',
  complexity: 'O(N) where N is the number of fields to set',
  arity: -4, // HMSET key field value [field value ...]
  keys: [keyAt(1, 'RW', 'update')],
  args: PAIRS,
  deprecated: { since: '4.0.0', replacedBy: '`HSET` with multiple field-value pairs' },
  handler: hmset,
});

export const HSETNX = defineCommand({
  ...COMMON,
  name: 'HSETNX',
  element: 2,
  summary: 'Sets a field of a hash if it is not there.',
  complexity: 'O(1)',
  arity: 4, // HSETNX key field value
  keys: [keyAt(1, 'RW', 'insert')],
  args: [arg.key('key'), arg.string('field'), arg.string('value')],
  handler: hsetnx,
});

function hset(call: Call): void {
  const made = setPairs(call);
  if (made >= 0) call.reply.integer(made);
}

function hmset(call: Call): void {
  if (setPairs(call) >= 0) call.reply.ok();
}

/** Sets all fields of the call; returns how many are new, -1 after an error reply. Allocates nothing for short values. */
function setPairs(call: Call): number {
  const { argc, db } = call;
  if ((argc & 1) !== 0) {
    call.reply.error(errors.wrongArity(call.command.fullName));
    return -1;
  }
  if (!fieldsFit(call, 2, argc, 2)) return -1;
  const found = hashForWrite(call);
  if (found === WRONG) return -1;
  let address = hashWithRoom(call, found, 2, argc);
  let made = 0;
  for (let i = 2; i < argc; i += 2) {
    address = setArgument(call, address, i, NO_EXPIRE);
    if (change.made) made++;
  }
  db.keyspace.dirty += (argc - 2) >>> 1;
  changed(call, 1, events.HSET);
  return made;
}

/** Sets the field that is argument `index` to the one behind it. Returns where the record is then. */
export function setArgument(call: Call, address: number, index: number, atMs: number): number {
  const { bytes } = call;
  return setField(
    call.db,
    call.hash,
    address,
    bytes,
    call.start(index),
    call.end(index),
    bytes,
    call.start(index + 1),
    call.end(index + 1),
    atMs,
  );
}

/**
 * The hash in the form that it will need for the fields and values that are arguments [from, until): a new one when `address` is 0.
 * Returns where its record is.
 */
export function hashWithRoom(call: Call, address: number, from: number, until: number): number {
  const { db, hash } = call;
  const tooLarge = isTooLarge(call, from, until);
  if (address !== 0) return tooLarge ? makeTable(db, hash, address) : address;
  const start = call.start(1);
  const end = call.end(1);
  let room = 0;
  if (!tooLarge) {
    room = EMPTY_SIZE;
    for (let i = from; i < until; i++) room += elementSize(call.bytes, call.start(i), call.end(i));
    if (room > inlineSizeMax(end - start)) room = 0;
  }
  return createHash(db, hash, call.bytes, start, end, room);
}

/** Whether one of these arguments is too long for a packed hash, or (Redis 7.2) they are too many. */
function isTooLarge(call: Call, from: number, until: number): boolean {
  const { hashEntries, hashValue } = call.db.keyspace.packing;
  if (call.server.is72 && until - from > 2 * hashEntries) return true;
  for (let i = from; i < until; i++) if (call.size(i) > hashValue) return true;
  return false;
}

function hsetnx(call: Call): void {
  if (!fieldsFit(call, 2, 3, 1)) return;
  const found = hashForWrite(call);
  if (found === WRONG) return;
  if (found !== 0 && getField(call.db, found, call.bytes, call.start(2), call.end(2))) {
    call.reply.integer(0);
    return;
  }
  setArgument(call, hashWithRoom(call, found, 2, 4), 2, NO_EXPIRE);
  call.db.keyspace.dirty++;
  changed(call, 1, events.HSET);
  call.reply.integer(1);
}
