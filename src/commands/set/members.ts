/** SADD, SREM and SMOVE, and what is asked about single members: SISMEMBER, SMISMEMBER, SCARD. */
import * as events from '../../keyspace/events.ts';
import { TYPE_SET } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { setText } from '../../types/set/member.ts';
import {
  addMember,
  change,
  createSet,
  hasMember,
  MEMBER_SIZE_MAX,
  prepareFor,
  removeMember,
  setCount,
} from '../../types/set/set-value.ts';
import type { Call } from '../call.ts';
import { changed, reduced } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, keyAt, READONLY, WRITE } from '../define.ts';
import { findForRead, findForWrite, typeAt, WRONG } from '../lookup.ts';

export const SADD = defineCommand({
  name: 'SADD',
  element: 2,
  summary: 'Adds members to a set; creates the set if it does not exist.',
  group: 'set',
  since: '1.0.0',
  history: [['2.4.0', 'Accepts multiple `member` arguments.']],
  complexity: 'O(1) for each member',
  arity: -3, // SADD key member [member ...]
  flags: WRITE | DENYOOM | FAST,
  keys: [keyAt(1, 'RW', 'insert')],
  args: [arg.key('key'), arg.string('member', { many: true })],
  handler: sadd,
});

export const SREM = defineCommand({
  name: 'SREM',
  element: 2,
  summary: 'Takes members out of a set; deletes the set with its last member.',
  group: 'set',
  since: '1.0.0',
  history: [['2.4.0', 'Accepts multiple `member` arguments.']],
  complexity: 'O(1) for each member',
  arity: -3, // SREM key member [member ...]
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'delete')],
  args: [arg.key('key'), arg.string('member', { many: true })],
  handler: srem,
});

export const SMOVE = defineCommand({
  name: 'SMOVE',
  summary: 'Moves a member from one set to another.',
  group: 'set',
  since: '1.0.0',
  complexity: 'O(1)',
  arity: 4, // SMOVE source destination member
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'access', 'delete'), keyAt(2, 'RW', 'insert')],
  args: [arg.key('source'), arg.key('destination', { keySpec: 1 }), arg.string('member')],
  handler: smove,
});

export const SISMEMBER = defineCommand({
  name: 'SISMEMBER',
  element: 2,
  summary: 'Tells whether a set has a member.',
  group: 'set',
  since: '1.0.0',
  complexity: 'O(1)',
  arity: 3, // SISMEMBER key member
  flags: READONLY | FAST,
  keys: [keyAt(1, 'RO')],
  args: [arg.key('key'), arg.string('member')],
  handler: sismember,
});

export const SMISMEMBER = defineCommand({
  name: 'SMISMEMBER',
  element: 2,
  summary: 'Tells of each of several values whether a set has it as a member.',
  group: 'set',
  since: '6.2.0',
  complexity: 'O(N) where N is the number of values',
  arity: -3, // SMISMEMBER key member [member ...]
  flags: READONLY | FAST,
  keys: [keyAt(1, 'RO', 'access')],
  args: [arg.key('key'), arg.string('member', { many: true })],
  handler: smismember,
});

export const SCARD = defineCommand({
  name: 'SCARD',
  summary: 'Returns how many members a set has.',
  group: 'set',
  since: '1.0.0',
  complexity: 'O(1)',
  arity: 2, // SCARD key
  flags: READONLY | FAST,
  keys: [keyAt(1, 'RO')],
  args: [arg.key('key')],
  handler: scard,
});

/** Argument `index` becomes the member that the next operation is about. */
function useArgument(call: Call, index: number): void {
  setText(call.bytes, call.start(index), call.end(index));
}

function sadd(call: Call): void {
  const { db } = call;
  let address = findForWrite(call, 1, TYPE_SET);
  if (address === WRONG || !membersFit(call, 2)) return;
  const hash = call.keyHash(1);
  // Since 7.2 the number of members says from the start that a set will be large.
  const expected = call.server.is72 ? call.argc - 2 : 1;
  let added = 0;
  let next = 2;
  if (address === 0) {
    useArgument(call, next++);
    address = createSet(db, hash, call.bytes, call.start(1), call.end(1), expected);
    added = 1;
  } else if (expected > 1) {
    address = prepareFor(db, hash, address, expected);
  }
  for (; next < call.argc; next++) {
    useArgument(call, next);
    address = addMember(db, hash, address);
    if (change.made) added++;
  }
  db.keyspace.dirty += added;
  if (added > 0) changed(call, 1, events.SADD);
  call.reply.integer(added);
}

/** False, after an error reply, when an argument from number `from` on is longer than a member may be. */
function membersFit(call: Call, from: number): boolean {
  for (let i = from; i < call.argc; i++) {
    if (call.size(i) <= MEMBER_SIZE_MAX) continue;
    call.reply.error(errors.MEMBER_TOO_LONG);
    return false;
  }
  return true;
}

function srem(call: Call): void {
  const { db } = call;
  let address = findForWrite(call, 1, TYPE_SET);
  if (address === WRONG) return;
  let removed = 0;
  for (let i = 2; address !== 0 && i < call.argc; i++) {
    useArgument(call, i);
    address = removeMember(db, call.keyHash(1), address);
    if (!change.made) continue;
    removed++;
    address = removeIfEmpty(call, call.keyHash(1), address);
  }
  db.keyspace.dirty += removed;
  if (removed > 0) reduced(call, 1, events.SREM);
  call.reply.integer(removed);
}

/** Deletes a set that has no members left. Returns its address, or 0 when it is gone. */
export function removeIfEmpty(call: Call, hash: number, address: number): number {
  const { db } = call;
  if (setCount(db, address) > 0) return address;
  db.remove(hash, address, db.keyspace.lazy.serverDelete);
  return 0;
}

function smove(call: Call): void {
  const { db, bytes, reply } = call;
  const from = findForWriteAny(call, 1);
  const to = findForWriteAny(call, 2);
  if (from === 0) {
    reply.integer(0);
    return;
  }
  if (typeAt(db, from) !== TYPE_SET || (to !== 0 && typeAt(db, to) !== TYPE_SET)) {
    reply.error(errors.WRONG_TYPE);
    return;
  }
  useArgument(call, 3);
  if (from === to) {
    reply.integer(hasMember(db, from) ? 1 : 0);
    return;
  }
  const hash = call.keyHash(1);
  const left = removeMember(db, hash, from);
  if (!change.made) {
    reply.integer(0);
    return;
  }
  removeIfEmpty(call, hash, left);
  db.keyspace.dirty++;
  reduced(call, 1, events.SREM);
  if (to === 0) {
    createSet(db, call.keyHash(2), bytes, call.start(2), call.end(2), 1);
    db.keyspace.dirty++;
    changed(call, 2, events.SADD);
  } else {
    addMember(db, call.keyHash(2), to);
    if (change.made) {
      db.keyspace.dirty++;
      changed(call, 2, events.SADD);
    }
  }
  reply.integer(1);
}

/** The record of a key of any type, for changing it. */
function findForWriteAny(call: Call, index: number): number {
  return call.db.findForWrite(call.keyHash(index), call.bytes, call.start(index), call.end(index));
}

function sismember(call: Call): void {
  const address = findForRead(call, 1, TYPE_SET);
  if (address === WRONG) return;
  useArgument(call, 2);
  call.reply.integer(address !== 0 && hasMember(call.db, address) ? 1 : 0);
}

function smismember(call: Call): void {
  const { db, reply } = call;
  const address = findForRead(call, 1, TYPE_SET);
  if (address === WRONG) return;
  reply.array(call.argc - 2);
  for (let i = 2; i < call.argc; i++) {
    useArgument(call, i);
    reply.integer(address !== 0 && hasMember(db, address) ? 1 : 0);
  }
}

function scard(call: Call): void {
  const address = findForRead(call, 1, TYPE_SET);
  if (address !== WRONG) call.reply.integer(address === 0 ? 0 : setCount(call.db, address));
}
