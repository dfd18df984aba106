/** LLEN, LINDEX, LRANGE and LTRIM: a list by positions; negative ones count from its end. */
import * as events from '../../keyspace/events.ts';
import { TYPE_LIST } from '../../memory/record.ts';
import { finishRemoval, listLength, removeEnd } from '../../types/list/list-value.ts';
import { walk } from '../../types/list/list-walk.ts';
import type { Call } from '../call.ts';
import { reduced } from '../changed.ts';
import { arg, defineCommand, FAST, keyAt, READONLY, WRITE } from '../define.ts';
import { findForRead, findForWrite, WRONG } from '../lookup.ts';
import { readInteger, replyText } from './sides.ts';

export const LLEN = defineCommand({
  name: 'LLEN',
  summary: 'Returns the number of elements of a list, 0 when it does not exist.',
  group: 'list',
  since: '1.0.0',
  complexity: 'O(1)',
  arity: 2, // LLEN key
  flags: READONLY | FAST,
  keys: [keyAt(1, 'RO')],
  args: [arg.key('key')],
  handler: llen,
});

export const LINDEX = defineCommand({
  name: 'LINDEX',
  summary: 'Returns the element of a list at a position.',
  group: 'list',
  since: '1.0.0',
  complexity:
    'O(N) where N is the number of blocks to the nearer end; O(1) for the first and the last element',
  arity: 3, // LINDEX key index
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [arg.key('key'), arg.integer('index')],
  handler: lindex,
});

export const LRANGE = defineCommand({
  name: 'LRANGE',
  summary: 'Returns the elements of a list from a position to another.',
  group: 'list',
  since: '1.0.0',
  complexity:
    'O(S+N) where S is the number of blocks from the nearer end to the start and N the number of elements returned',
  arity: 4, // LRANGE key start stop
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [arg.key('key'), arg.integer('start'), arg.integer('stop')],
  handler: lrange,
});

export const LTRIM = defineCommand({
  name: 'LTRIM',
  summary: 'Removes all elements of a list outside a range of positions; deletes a list that becomes empty.',
  group: 'list',
  since: '1.0.0',
  complexity: 'O(N) where N is the number of elements removed',
  arity: 4, // LTRIM key start stop
  flags: WRITE,
  keys: [keyAt(1, 'RW', 'delete')],
  args: [arg.key('key'), arg.integer('start'), arg.integer('stop')],
  handler: ltrim,
});

function llen(call: Call): void {
  const address = findForRead(call, 1, TYPE_LIST);
  if (address === WRONG) return;
  call.reply.integer(address === 0 ? 0 : listLength(call.db, address));
}

function lindex(call: Call): void {
  const { db, reply } = call;
  const address = findForRead(call, 1, TYPE_LIST);
  if (address === WRONG) return;
  if (address === 0) {
    reply.null();
    return;
  }
  let index = readInteger(call, 2);
  if (Number.isNaN(index)) return;
  const length = listLength(db, address);
  if (index < 0) index += length;
  if (index < 0 || index >= length) {
    reply.null();
    return;
  }
  walk.open(db, address, index, true);
  walk.read();
  replyText(reply);
}

/** The range asked for, cut to the list: `count` elements from `start` on. */
const range = { start: 0, count: 0 };

function cutRange(start: number, stop: number, length: number): void {
  if (start < 0) start = Math.max(0, start + length);
  if (stop < 0) stop += length;
  range.start = start;
  range.count = Math.max(0, Math.min(stop, length - 1) - start + 1);
}

function lrange(call: Call): void {
  const { db, reply } = call;
  const start = readInteger(call, 2);
  if (Number.isNaN(start)) return;
  const stop = readInteger(call, 3);
  if (Number.isNaN(stop)) return;
  const address = findForRead(call, 1, TYPE_LIST);
  if (address === WRONG) return;
  if (address === 0) {
    reply.array(0);
    return;
  }
  cutRange(start, stop, listLength(db, address));
  reply.array(range.count);
  if (range.count === 0) return;
  walk.open(db, address, range.start, true);
  for (let left = range.count; ; ) {
    const more = walk.readInBlock();
    replyText(reply);
    if (--left === 0) return;
    if (!more) walk.enterNext();
  }
}

function ltrim(call: Call): void {
  const { db, reply } = call;
  const start = readInteger(call, 2);
  if (Number.isNaN(start)) return;
  const stop = readInteger(call, 3);
  if (Number.isNaN(stop)) return;
  let address = findForWrite(call, 1, TYPE_LIST);
  if (address === WRONG) return;
  if (address !== 0) {
    const hash = call.keyHash(1);
    const length = listLength(db, address);
    cutRange(start, stop, length);
    const { count } = range;
    const before = count === 0 ? length : range.start;
    address = removeEnd(db, hash, address, true, before);
    address = removeEnd(db, hash, address, false, length - before - count);
    db.keyspace.dirty += length - count;
    if (count < length) finishRemoval(db, hash, address);
    reduced(call, 1, events.LTRIM);
  }
  reply.ok();
}
