/** SPOP and SRANDMEMBER: members by chance. */

import { int64, parseSafeInteger } from '../../base/int64.ts';
import * as events from '../../keyspace/events.ts';
import { ENCODING_HT, ENCODING_INTSET, ENCODING_LISTPACK, TYPE_SET } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { keepPicked, separatePicked } from '../../types/set/keep.ts';
import { member } from '../../types/set/member.ts';
import { pick, picks, randomPosition } from '../../types/set/random.ts';
import { removeAt, setCount, setEncoding } from '../../types/set/set-value.ts';
import { SetWalk } from '../../types/set/walk.ts';
import type { Call } from '../call.ts';
import { reduced } from '../changed.ts';
import { arg, defineCommand, FAST, keyAt, READONLY, WRITE } from '../define.ts';
import { findForRead, findForWrite, WRONG } from '../lookup.ts';
import { logPop } from '../propagation.ts';
import { isLeaving } from '../session.ts';
import { removeIfEmpty } from './members.ts';
import { replyMember } from './reply.ts';

export const SPOP = defineCommand({
  name: 'SPOP',
  summary: 'Takes random members out of a set and returns them; deletes the set with its last member.',
  group: 'set',
  since: '1.0.0',
  history: [['3.2.0', 'Added the `count` argument.']],
  complexity: 'O(1) without a count, else O(N) where N is the count',
  arity: -2, // SPOP key [count]
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'access', 'delete')],
  args: [arg.key('key'), arg.integer('count', { optional: true, since: '3.2.0' })],
  tips: ['nondeterministic_output'],
  handler: spop,
});

export const SRANDMEMBER = defineCommand({
  name: 'SRANDMEMBER',
  summary: 'Returns random members of a set: different ones, or with a negative count any.',
  group: 'set',
  since: '1.0.0',
  history: [['2.6.0', 'Added the optional `count` argument.']],
  complexity: 'O(1) without a count, else O(N) where N is the count without its sign',
  arity: -2, // SRANDMEMBER key [count]
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [arg.key('key'), arg.integer('count', { optional: true, since: '2.6.0' })],
  tips: ['nondeterministic_output'],
  handler: srandmember,
});

/** SPOP makes a table anew when what stays is less than a fifth of what goes. */
const REMAKE_BELOW = 5;
const COUNT_RANGE =
  'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807';

const walk = new SetWalk();

function spop(call: Call): void {
  if (call.argc > 3) call.reply.error(errors.SYNTAX);
  else if (call.argc === 3) spopMany(call);
  else spopOne(call);
}

function spopOne(call: Call): void {
  const { db, reply } = call;
  const address = findForWrite(call, 1, TYPE_SET);
  if (address === WRONG) return;
  if (address === 0) {
    reply.null();
    return;
  }
  walk.open(db, address);
  popOne(call, address, 1, 1);
  db.keyspace.dirty++;
  reduced(call, 1, events.SPOP);
}

/**
 * Replies a random member of the set, which `walk` is open on, and takes it out. Returns where the record is, 0 when it is gone. Of the
 * `n` that are to be taken, it being one, `left` are still there.
 */
function popOne(call: Call, address: number, n: number, left: number): number {
  const { db } = call;
  const position = randomPosition(db, address, call.server.random);
  walk.read(position);
  replyMember(call.reply);
  logMember(call, n, left);
  return removeIfEmpty(call, call.keyHash(1), removeAt(db, call.keyHash(1), address, position));
}

/** Members in one SREM of the log; 7.0 has one in each. */
const LOGGED_TOGETHER = 1024;

/** Logs that the member just replied is taken out, one of `n` of which `left` are still to be: chance does not come out the same again. */
function logMember(call: Call, n: number, left: number): void {
  const { log } = call;
  if (log === null) return;
  const together = call.server.is72 ? LOGGED_TOGETHER : 1;
  if ((n - left) % together === 0) {
    log.begin(2 + Math.min(left, together));
    log.word('SREM');
    log.argument(call, 1);
  }
  log.bytes(member.bytes, member.start, member.end);
}

function spopMany(call: Call): void {
  const { db, reply } = call;
  const count = parseSafeInteger(call.bytes, call.start(2), call.end(2));
  if (!(count >= 0)) {
    reply.error(errors.OUT_OF_RANGE_POSITIVE);
    return;
  }
  const address = findForWrite(call, 1, TYPE_SET);
  if (address === WRONG) return;
  if (address === 0 || count === 0) {
    reply.set(0);
    return;
  }
  const size = setCount(db, address);
  db.keyspace.dirty += Math.min(count, size);
  if (count >= size) popAll(call, address);
  else if (setEncoding(db, address) !== ENCODING_HT) popFromPacked(call, address, count);
  else if ((size - count) * REMAKE_BELOW > count) popFew(call, address, count);
  else popMost(call, address, size - count);
  reduced(call, 1, events.SPOP);
}

function popAll(call: Call, address: number): void {
  const { db, reply } = call;
  reply.set(setCount(db, address));
  walk.open(db, address);
  while (walk.next()) replyMember(reply);
  if (call.log !== null) logPop(call, call.log, 'DEL', 1);
  db.remove(call.keyHash(1), address, db.keyspace.lazy.serverDelete);
}

/** The positions come in the set's order: from the last to the first, so that those to come stay what they are. */
function popFromPacked(call: Call, address: number, count: number): void {
  const { db, reply } = call;
  pick(db, address, count, call.server.random);
  const { found } = picks;
  reply.set(count);
  for (let i = count - 1; i >= 0; i--) {
    walk.open(db, address);
    walk.read(found.addresses[i]);
    replyMember(reply);
    logMember(call, count, i + 1);
    address = removeAt(db, call.keyHash(1), address, found.addresses[i]);
  }
}

function popFew(call: Call, address: number, count: number): void {
  call.reply.set(count);
  walk.open(call.db, address);
  for (let i = 0; i < count; i++) popOne(call, address, count, count - i);
}

/** Only `rest` members stay. */
function popMost(call: Call, address: number, rest: number): void {
  const { db, reply } = call;
  pick(db, address, rest, call.server.random);
  separatePicked(db, address);
  const count = setCount(db, address);
  reply.set(count);
  walk.open(db, address);
  for (let left = count; walk.next(); left--) {
    replyMember(reply);
    logMember(call, count, left);
  }
  // 7.0 makes an intset of what is left if it can, 7.2 a listpack.
  keepPicked(db, call.keyHash(1), address, call.server.is72 ? ENCODING_LISTPACK : ENCODING_INTSET);
}

function srandmember(call: Call): void {
  if (call.argc > 3) {
    call.reply.error(errors.SYNTAX);
    return;
  }
  const count = call.argc === 3 ? parseSafeInteger(call.bytes, call.start(2), call.end(2)) : 0;
  if (Number.isNaN(count)) {
    call.reply.error(errors.NOT_INTEGER);
    return;
  }
  if (count < 0 && int64.hi === -0x80000000 && int64.lo === 0) {
    call.reply.error(COUNT_RANGE);
    return;
  }
  const address = findForRead(call, 1, TYPE_SET);
  if (address === WRONG) return;
  if (call.argc === 2) replyOne(call, address);
  else if (address === 0 || count === 0) call.reply.array(0);
  else if (count < 0) replyAny(call, address, -count);
  else replyDifferent(call, address, count);
}

function replyOne(call: Call, address: number): void {
  if (address === 0) {
    call.reply.null();
    return;
  }
  walk.open(call.db, address);
  walk.read(randomPosition(call.db, address, call.server.random));
  replyMember(call.reply);
}

/** Replies `count` members, each chosen among all. */
function replyAny(call: Call, address: number, count: number): void {
  const { db, reply } = call;
  reply.array(count);
  walk.open(db, address);
  for (let i = 0; i < count && !isLeaving(call.session); i++) {
    walk.read(randomPosition(db, address, call.server.random));
    replyMember(reply);
  }
}

/** Replies `count` different members, or all where that is not more. */
function replyDifferent(call: Call, address: number, count: number): void {
  const { db, reply } = call;
  const size = setCount(db, address);
  if (count >= size) {
    reply.array(size);
    walk.open(db, address);
    while (walk.next()) replyMember(reply);
    return;
  }
  pick(db, address, count, call.server.random);
  const { found } = picks;
  reply.array(count);
  for (let i = 0; i < count; i++) {
    picks.walk.read(found.addresses[i]);
    replyMember(reply);
  }
}
