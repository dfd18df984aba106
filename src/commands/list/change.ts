/** LSET, LINSERT and LREM: changing a list in its middle. */
import * as events from '../../keyspace/events.ts';
import { TYPE_LIST } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import {
  finishRemoval,
  insertAt,
  listLength,
  removedFrom,
  removeEqual,
  setElement,
} from '../../types/list/list-value.ts';
import { walk } from '../../types/list/list-walk.ts';
import type { Call } from '../call.ts';
import { changed, reduced } from '../changed.ts';
import { arg, DENYOOM, defineCommand, keyAt, WRITE } from '../define.ts';
import { findForWrite, WRONG } from '../lookup.ts';
import { readInteger } from './sides.ts';

export const LSET = defineCommand({
  name: 'LSET',
  summary: 'Replaces the element of a list at a position.',
  group: 'list',
  since: '1.0.0',
  complexity:
    'O(N) where N is the number of blocks to the nearer end; O(1) for the first and the last element',
  arity: 4, // LSET key index element
  flags: WRITE | DENYOOM,
  keys: [keyAt(1, 'RW', 'update')],
  args: [arg.key('key'), arg.integer('index'), arg.string('element')],
  handler: lset,
});

export const LINSERT = defineCommand({
  name: 'LINSERT',
  summary: 'Puts an element before or after the first one that equals another in a list.',
  group: 'list',
  since: '2.2.0',
  complexity: 'O(N) where N is the number of elements up to the one that is looked for',
  arity: 5, // LINSERT key BEFORE|AFTER pivot element
  flags: WRITE | DENYOOM,
  keys: [keyAt(1, 'RW', 'insert')],
  args: [
    arg.key('key'),
    arg.oneOf('where', [arg.token('before', 'BEFORE'), arg.token('after', 'AFTER')]),
    arg.string('pivot'),
    arg.string('element'),
  ],
  handler: linsert,
});

export const LREM = defineCommand({
  name: 'LREM',
  summary:
    'Removes the first or last so many, or all, elements that equal one from a list; deletes a list that becomes empty.',
  group: 'list',
  since: '1.0.0',
  complexity: 'O(N) where N is the length of the list',
  arity: 4, // LREM key count element
  flags: WRITE,
  keys: [keyAt(1, 'RW', 'delete')],
  args: [arg.key('key'), arg.integer('count'), arg.string('element')],
  handler: lrem,
});

function lset(call: Call): void {
  const { db, reply } = call;
  const address = findForWrite(call, 1, TYPE_LIST);
  if (address === WRONG) return;
  if (address === 0) {
    reply.error(errors.NO_SUCH_KEY);
    return;
  }
  let index = readInteger(call, 2);
  if (Number.isNaN(index)) return;
  const length = listLength(db, address);
  if (index < 0) index += length;
  if (index < 0 || index >= length) {
    reply.error(errors.INDEX_RANGE);
    return;
  }
  setElement(db, call.keyHash(1), address, index, call.bytes, call.start(3), call.end(3));
  db.keyspace.dirty++;
  changed(call, 1, events.LSET);
  reply.ok();
}

function linsert(call: Call): void {
  const { db, reply, bytes } = call;
  const after = call.is(2, 'AFTER');
  if (!after && !call.is(2, 'BEFORE')) {
    reply.error(errors.SYNTAX);
    return;
  }
  let address = findForWrite(call, 1, TYPE_LIST);
  if (address === WRONG) return;
  if (address === 0) {
    reply.integer(0);
    return;
  }
  if (!findPivot(call, address)) {
    reply.integer(-1);
    return;
  }
  address = insertAt(db, call.keyHash(1), address, walk, after, bytes, call.start(4), call.end(4));
  db.keyspace.dirty++;
  changed(call, 1, events.LINSERT);
  reply.integer(listLength(db, address));
}

/** Brings the walk to the first element that is argument 3. */
function findPivot(call: Call, address: number): boolean {
  const start = call.start(3);
  const end = call.end(3);
  if (!walk.open(call.db, address, 0, true)) return false;
  do {
    if (walk.equals(call.bytes, start, end)) return true;
  } while (walk.next());
  return false;
}

function lrem(call: Call): void {
  const { db, reply, bytes } = call;
  const count = readInteger(call, 2);
  if (Number.isNaN(count)) return;
  const address = findForWrite(call, 1, TYPE_LIST);
  if (address === WRONG) return;
  let removed = 0;
  if (address !== 0) {
    const hash = call.keyHash(1);
    const limit = count === 0 ? Number.POSITIVE_INFINITY : Math.abs(count);
    removed = removeEqual(db, hash, address, count >= 0, limit, bytes, call.start(3), call.end(3));
    if (removed > 0) finishRemoval(db, hash, removedFrom);
    db.keyspace.dirty += removed;
    if (removed > 0) reduced(call, 1, events.LREM);
  }
  reply.integer(removed);
}
