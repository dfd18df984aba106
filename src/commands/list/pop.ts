/** LPOP and RPOP. */
import { parseSafeInteger } from '../../base/int64.ts';
import * as events from '../../keyspace/events.ts';
import { text } from '../../memory/listpack.ts';
import { TYPE_LIST } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { largeList, listLength } from '../../types/list/list-value.ts';
import { dropEnd, readEnd } from '../../types/list/quicklist.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, defineCommand, FAST, keyAt, WRITE } from '../define.ts';
import { findForWrite, WRONG } from '../lookup.ts';
import { LEFT, RIGHT, replyEnd, replyFromEnd, take } from './sides.ts';

const COMMON = {
  group: 'list',
  since: '1.0.0',
  history: [['6.2.0', 'Added the `count` argument.']],
  complexity: 'O(N) where N is the number of elements returned',
  arity: -2, // LPOP key [count]
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'access', 'delete')],
  args: [arg.key('key'), arg.integer('count', { since: '6.2.0', optional: true })],
} as const;

export const LPOP = defineCommand({
  ...COMMON,
  name: 'LPOP',
  summary:
    'Removes and returns the first element of a list, or the first ones; deletes a list that becomes empty.',
  handler: (call) => pop(call, LEFT),
});

export const RPOP = defineCommand({
  ...COMMON,
  name: 'RPOP',
  summary:
    'Removes and returns the last element of a list, or the last ones; deletes a list that becomes empty.',
  handler: (call) => pop(call, RIGHT),
});

function pop(call: Call, side: number): void {
  if (call.argc > 2) {
    popMany(call, side);
    return;
  }
  const { db } = call;
  const address = findForWrite(call, 1, TYPE_LIST);
  if (address === WRONG) return;
  if (address === 0) {
    call.reply.null();
    return;
  }
  const list = largeList(db, address);
  if (list === 0 || !popLarge(call, list, side)) {
    replyEnd(call, db, address, listLength(db, address), side);
    take(call, 1, address, side, 1);
  }
}

/** Replies and removes one element of a large list that stays as it is otherwise. False when it has done nothing: then the general way does it. */
function popLarge(call: Call, list: number, side: number): boolean {
  const { db } = call;
  const front = side === LEFT;
  if (!readEnd(db.arena, list, front)) return false;
  call.reply.bulk(text.bytes, text.start, text.end);
  dropEnd(db.arena, list, front);
  db.keyspace.dirty++;
  changed(call, 1, front ? events.LPOP : events.RPOP);
  return true;
}

function popMany(call: Call, side: number): void {
  const { db, reply } = call;
  const count = readCount(call);
  if (count < 0) return;
  const address = findForWrite(call, 1, TYPE_LIST);
  if (address === WRONG) return;
  if (address === 0) {
    reply.nullArray();
    return;
  }
  const length = listLength(db, address);
  const n = Math.min(count, length);
  reply.array(n);
  replyFromEnd(call, db, address, length, side, n);
  take(call, 1, address, side, n);
}

/** The count in argument 2; -1 after an error reply. */
function readCount(call: Call): number {
  if (call.argc > 3) {
    call.reply.error(errors.wrongArity(call.command.fullName));
    return -1;
  }
  const count = parseSafeInteger(call.bytes, call.start(2), call.end(2));
  if (count >= 0) return count;
  call.reply.error(errors.OUT_OF_RANGE_POSITIVE);
  return -1;
}
