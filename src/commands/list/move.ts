/** LMOVE, RPOPLPUSH and the forms that wait for an element: BLMOVE, BRPOPLPUSH. */

import { copyBytes, newUnfilled } from '../../base/bytes.ts';
import type { Database } from '../../keyspace/database.ts';
import * as events from '../../keyspace/events.ts';
import { text } from '../../memory/listpack.ts';
import { TYPE_LIST } from '../../memory/record.ts';
import {
  finishRemoval,
  listLength,
  measure,
  pushElement,
  removeEnd,
  startAdding,
  startPush,
} from '../../types/list/list-value.ts';
import { walk } from '../../types/list/list-walk.ts';
import { blockOnKeys, readTimeout } from '../blocking.ts';
import type { Call } from '../call.ts';
import { changed, reduced } from '../changed.ts';
import { arg, BLOCKING, DENYOOM, defineCommand, keyAt, NOSCRIPT, WRITE } from '../define.ts';
import { findForWrite, WRONG } from '../lookup.ts';
import type { Propagation } from '../propagation.ts';
import { LEFT, NO_SIDE, RIGHT, readSide, SIDES } from './sides.ts';

const KEYS = [keyAt(1, 'RW', 'access', 'delete'), keyAt(2, 'RW', 'insert')];
const KEY_ARGS = [arg.key('source'), arg.key('destination', { keySpec: 1 })];
const SIDE_ARGS = [arg.oneOf('wherefrom', SIDES), arg.oneOf('whereto', SIDES)];
const TIMEOUT_DOUBLE = [['6.0.0', '`timeout` is interpreted as a double instead of an integer.']] as const;

export const LMOVE = defineCommand({
  name: 'LMOVE',
  summary: 'Takes an element from an end of a list, puts it at an end of another and returns it.',
  group: 'list',
  since: '6.2.0',
  complexity: 'O(1)',
  arity: 5, // LMOVE source destination LEFT|RIGHT LEFT|RIGHT
  flags: WRITE | DENYOOM,
  keys: KEYS,
  args: [...KEY_ARGS, ...SIDE_ARGS],
  handler: lmove,
});

export const RPOPLPUSH = defineCommand({
  name: 'RPOPLPUSH',
  summary: 'Takes the last element of a list, puts it at the head of another and returns it.',
  group: 'list',
  since: '1.2.0',
  complexity: 'O(1)',
  arity: 3, // RPOPLPUSH source destination
  flags: WRITE | DENYOOM,
  keys: KEYS,
  args: KEY_ARGS,
  deprecated: { since: '6.2.0', replacedBy: '`LMOVE` with the `RIGHT` and `LEFT` arguments' },
  handler: rpoplpush,
});

export const BLMOVE = defineCommand({
  name: 'BLMOVE',
  summary:
    'Takes an element from an end of a list, puts it at an end of another and returns it; waits until there is one.',
  group: 'list',
  since: '6.2.0',
  complexity: 'O(1)',
  arity: 6, // BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout
  flags: WRITE | DENYOOM | NOSCRIPT | BLOCKING,
  keys: KEYS,
  args: [...KEY_ARGS, ...SIDE_ARGS, arg.double('timeout')],
  handler: blmove,
});

export const BRPOPLPUSH = defineCommand({
  name: 'BRPOPLPUSH',
  summary:
    'Takes the last element of a list, puts it at the head of another and returns it; waits until there is one.',
  group: 'list',
  since: '2.2.0',
  history: TIMEOUT_DOUBLE,
  complexity: 'O(1)',
  arity: 4, // BRPOPLPUSH source destination timeout
  flags: WRITE | DENYOOM | NOSCRIPT | BLOCKING,
  keys: KEYS,
  args: [...KEY_ARGS, arg.double('timeout')],
  deprecated: { since: '6.2.0', replacedBy: '`BLMOVE` with the `RIGHT` and `LEFT` arguments' },
  handler: brpoplpush,
});

/** The key to wait for. */
const SOURCE = [1];

function lmove(call: Call): void {
  const from = readSide(call, 3);
  if (from === NO_SIDE) return;
  const to = readSide(call, 4);
  if (to === NO_SIDE) return;
  if (!move(call, from, to)) call.reply.null();
}

function rpoplpush(call: Call): void {
  if (!move(call, RIGHT, LEFT)) call.reply.null();
}

function blmove(call: Call): void {
  const from = readSide(call, 3);
  if (from === NO_SIDE) return;
  const to = readSide(call, 4);
  if (to === NO_SIDE) return;
  moveOrWait(call, from, to, 5);
}

function brpoplpush(call: Call): void {
  moveOrWait(call, RIGHT, LEFT, 3);
}

function moveOrWait(call: Call, from: number, to: number, timeoutIndex: number): void {
  const timeoutMs = readTimeout(call, timeoutIndex);
  if (timeoutMs < 0) return;
  const { dirty } = call.db.keyspace;
  if (!move(call, from, to)) blockOnKeys(call, SOURCE, TYPE_LIST, timeoutMs, (reply) => reply.null());
  else if (call.log !== null && call.db.keyspace.dirty !== dirty) logMove(call, call.log, timeoutIndex);
}

/** What came to move at once or later, as the command that does not wait: without the timeout. */
function logMove(call: Call, log: Propagation, timeoutIndex: number): void {
  log.begin(timeoutIndex);
  log.word(timeoutIndex === 3 ? 'RPOPLPUSH' : 'LMOVE');
  for (let i = 1; i < timeoutIndex; i++) log.argument(call, i);
}

/** The element on its way: neither list may be read while the other changes. */
const moving = { bytes: new Uint8Array(4096) as Uint8Array, size: 0 };
const MOVING_KEPT_MAX = 1 << 20;

/** Moves an element and replies it, or replies an error. False, with no reply, when there is none. */
function move(call: Call, from: number, to: number): boolean {
  const { db } = call;
  const source = findForWrite(call, 1, TYPE_LIST);
  if (source === WRONG) return true;
  if (source === 0) return false;
  const target = findForWrite(call, 2, TYPE_LIST);
  if (target === WRONG) return true;
  pickUp(db, source, from);
  startAdding();
  measure(moving.bytes, 0, moving.size);
  const hash = call.keyHash(1);
  if (source === target) {
    putDown(call, removeEnd(db, hash, source, from === LEFT, 1), to);
  } else {
    // The push first: it may fail for want of memory, and then nothing has changed.
    putDown(call, target, to);
    finishRemoval(db, hash, removeEnd(db, hash, source, from === LEFT, 1));
  }
  db.keyspace.dirty++;
  changed(call, 2, to === LEFT ? events.LPUSH : events.RPUSH);
  reduced(call, 1, from === LEFT ? events.LPOP : events.RPOP);
  call.reply.bulk(moving.bytes, 0, moving.size);
  if (moving.bytes.length > MOVING_KEPT_MAX) moving.bytes = new Uint8Array(4096);
  return true;
}

/** Copies the element at an end of the list to `moving`. */
function pickUp(db: Database, address: number, side: number): void {
  walk.open(db, address, side === LEFT ? 0 : listLength(db, address) - 1, true);
  walk.read();
  moving.size = text.end - text.start;
  if (moving.size > moving.bytes.length) moving.bytes = newUnfilled(moving.size);
  copyBytes(text.bytes, text.start, text.end, moving.bytes, 0);
}

/** Puts the element at an end of the list that is argument 2; `address` is 0 when there is none yet. */
function putDown(call: Call, address: number, side: number): void {
  const { db } = call;
  const front = side === LEFT;
  address = startPush(db, call.keyHash(2), address, call.bytes, call.start(2), call.end(2), front);
  pushElement(db, address, front, moving.bytes, 0, moving.size);
}
