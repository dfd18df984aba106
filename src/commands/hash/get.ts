/** HGET, HMGET, HSTRLEN, HEXISTS, HLEN and HDEL: fields by their names. */
import * as events from '../../keyspace/events.ts';
import { TYPE_HASH } from '../../memory/record.ts';
import {
  change,
  getField,
  hashLength,
  removeField,
  removeIfEmpty,
  value,
} from '../../types/hash/hash-value.ts';
import type { Call } from '../call.ts';
import { reduced } from '../changed.ts';
import { arg, defineCommand, FAST, keyAt, READONLY, WRITE } from '../define.ts';
import { findForRead, WRONG } from '../lookup.ts';
import { hashForRead, hashForWrite } from './find-hash.ts';

const COMMON = { group: 'hash', flags: READONLY | FAST } as const;
const FIELD = [arg.key('key'), arg.string('field')];
const FIELDS = [arg.key('key'), arg.string('field', { many: true })];

export const HGET = defineCommand({
  ...COMMON,
  name: 'HGET',
  element: 2,
  summary: 'Returns the value of a field of a hash.',
  since: '2.0.0',
  complexity: 'O(1)',
  arity: 3, // HGET key field
  keys: [keyAt(1, 'RO', 'access')],
  args: FIELD,
  handler: hget,
});

export const HMGET = defineCommand({
  ...COMMON,
  name: 'HMGET',
  element: 2,
  summary: 'Returns the values of fields of a hash.',
  since: '2.0.0',
  complexity: 'O(N) where N is the number of fields asked for',
  arity: -3, // HMGET key field [field ...]
  keys: [keyAt(1, 'RO', 'access')],
  args: FIELDS,
  handler: hmget,
});

export const HSTRLEN = defineCommand({
  ...COMMON,
  name: 'HSTRLEN',
  element: 2,
  summary: 'Returns the length of the value of a field of a hash.',
  since: '3.2.0',
  complexity: 'O(1)',
  arity: 3, // HSTRLEN key field
  keys: [keyAt(1, 'RO')],
  args: FIELD,
  handler: hstrlen,
});

export const HEXISTS = defineCommand({
  ...COMMON,
  name: 'HEXISTS',
  element: 2,
  summary: 'Says whether a field of a hash is there.',
  since: '2.0.0',
  complexity: 'O(1)',
  arity: 3, // HEXISTS key field
  keys: [keyAt(1, 'RO')],
  args: FIELD,
  handler: hexists,
});

export const HLEN = defineCommand({
  ...COMMON,
  name: 'HLEN',
  summary: 'Returns the number of fields of a hash.',
  since: '2.0.0',
  complexity: 'O(1)',
  arity: 2, // HLEN key
  keys: [keyAt(1, 'RO')],
  args: [arg.key('key')],
  handler: hlen,
});

export const HDEL = defineCommand({
  group: 'hash',
  name: 'HDEL',
  element: 2,
  summary: 'Removes fields of a hash, and the hash with the last one.',
  since: '2.0.0',
  history: [['2.4.0', 'Accepts multiple `field` arguments.']],
  complexity: 'O(N) where N is the number of fields to remove',
  arity: -3, // HDEL key field [field ...]
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'delete')],
  args: FIELDS,
  handler: hdel,
});

/** Points `value` at the field that is argument `index`; false when it, or the hash, is not there. */
export function getArgument(call: Call, address: number, index: number): boolean {
  return address !== 0 && getField(call.db, address, call.bytes, call.start(index), call.end(index));
}

/** Replies the value of the field that is argument `index`, or null. */
export function replyField(call: Call, address: number, index: number): void {
  if (getArgument(call, address, index)) call.reply.bulk(value.bytes, value.start, value.end);
  else call.reply.null();
}

function hget(call: Call): void {
  const address = findForRead(call, 1, TYPE_HASH);
  if (address !== WRONG) replyField(call, address, 2);
}

function hmget(call: Call): void {
  const address = findForRead(call, 1, TYPE_HASH);
  if (address === WRONG) return;
  call.reply.array(call.argc - 2);
  for (let i = 2; i < call.argc; i++) replyField(call, address, i);
}

function hstrlen(call: Call): void {
  const address = findForRead(call, 1, TYPE_HASH);
  if (address === WRONG) return;
  call.reply.integer(getArgument(call, address, 2) ? value.end - value.start : 0);
}

function hexists(call: Call): void {
  const address = findForRead(call, 1, TYPE_HASH);
  if (address !== WRONG) call.reply.integer(getArgument(call, address, 2) ? 1 : 0);
}

function hlen(call: Call): void {
  const address = hashForRead(call);
  if (address !== WRONG) call.reply.integer(address === 0 ? 0 : hashLength(call.db, address));
}

function hdel(call: Call): void {
  const { db, hash, bytes } = call;
  let address = hashForWrite(call);
  if (address === WRONG) return;
  let removed = 0;
  for (let i = 2; i < call.argc && address !== 0; i++) {
    address = removeField(db, hash, address, bytes, call.start(i), call.end(i));
    if (!change.removed) continue;
    removed++;
    if (removeIfEmpty(db, hash, address)) address = 0;
  }
  db.keyspace.dirty += removed;
  if (removed > 0) reduced(call, 1, events.HDEL);
  call.reply.integer(removed);
}
