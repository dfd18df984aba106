/** LEFT and RIGHT, counts, and the reply of popped elements: what several list commands share. */

import { parseSafeInteger } from '../../base/int64.ts';
import type { Database } from '../../keyspace/database.ts';
import * as events from '../../keyspace/events.ts';
import { text } from '../../memory/listpack.ts';
import * as errors from '../../resp/errors.ts';
import type { ReplyWriter } from '../../resp/reply-writer.ts';
import { finishRemoval, removeEnd } from '../../types/list/list-value.ts';
import { walk } from '../../types/list/list-walk.ts';
import type { Call } from '../call.ts';
import { reduced } from '../changed.ts';
import { arg } from '../define.ts';

export const LEFT = 0;
export const RIGHT = 1;
/** Neither; a syntax error has been replied. */
export const NO_SIDE = -1;

/** LEFT or RIGHT in argument `index`. */
export function readSide(call: Call, index: number): number {
  if (call.is(index, 'LEFT')) return LEFT;
  if (call.is(index, 'RIGHT')) return RIGHT;
  call.reply.error(errors.SYNTAX);
  return NO_SIDE;
}

export const SIDES = [arg.token('left', 'LEFT'), arg.token('right', 'RIGHT')];

/** Argument `index` as an integer; NaN after an error reply. Beyond 2^53 the nearest double. */
export function readInteger(call: Call, index: number): number {
  const value = parseSafeInteger(call.bytes, call.start(index), call.end(index));
  if (Number.isNaN(value)) call.reply.error(errors.NOT_INTEGER);
  return value;
}

/** Replies the element at an end of the list as a bulk string. */
export function replyEnd(call: Call, db: Database, address: number, length: number, side: number): void {
  walk.open(db, address, side === LEFT ? 0 : length - 1, side === LEFT);
  walk.read();
  replyText(call.reply);
}

/** Replies `n` elements from an end of the list on, without the array's header. */
export function replyFromEnd(
  call: Call,
  db: Database,
  address: number,
  length: number,
  side: number,
  n: number,
): void {
  if (n === 0) return;
  walk.open(db, address, side === LEFT ? 0 : length - 1, side === LEFT);
  for (let left = n; left > 0; left--) {
    walk.read();
    replyText(call.reply);
    if (left > 1) walk.next();
  }
}

/** Replies what the walk has read. */
export function replyText(reply: ReplyWriter): void {
  reply.bulk(text.bytes, text.start, text.end, text.bytes === walk.u8 ? walk.data : null);
}

/** Removes `n` elements from an end of the list that is argument `index`, counts the change and deletes the key if nothing is left. */
export function take(call: Call, index: number, address: number, side: number, n: number): void {
  const { db } = call;
  const hash = call.keyHash(index);
  if (n === 0) return;
  db.keyspace.dirty += n;
  finishRemoval(db, hash, removeEnd(db, hash, address, side === LEFT, n));
  reduced(call, index, side === LEFT ? events.LPOP : events.RPOP);
}
