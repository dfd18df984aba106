/** LPUSH, RPUSH, and LPUSHX, RPUSHX, which want the list to exist. */
import * as events from '../../keyspace/events.ts';
import { TYPE_LIST } from '../../memory/record.ts';
import {
  largeList,
  listLength,
  measure,
  pushElement,
  startAdding,
  startPush,
} from '../../types/list/list-value.ts';
import { pushQuicklist, quicklistLength } from '../../types/list/quicklist.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, keyAt, WRITE } from '../define.ts';
import { findForWrite, WRONG } from '../lookup.ts';

const COMMON = {
  group: 'list',
  complexity: 'O(1) for each element added, so O(N) to add N elements',
  arity: -3, // LPUSH key element [element ...]
  flags: WRITE | DENYOOM | FAST,
  keys: [keyAt(1, 'RW', 'insert')],
  args: [arg.key('key'), arg.string('element', { many: true })],
} as const;

export const LPUSH = defineCommand({
  ...COMMON,
  name: 'LPUSH',
  summary: 'Puts elements at the head of a list, one after the other; creates the list if it does not exist.',
  since: '1.0.0',
  history: [['2.4.0', 'Accepts multiple `element` arguments.']],
  handler: (call) => push(call, true, false),
});

export const RPUSH = defineCommand({
  ...COMMON,
  name: 'RPUSH',
  summary: 'Puts elements at the tail of a list; creates the list if it does not exist.',
  since: '1.0.0',
  history: [['2.4.0', 'Accepts multiple `element` arguments.']],
  handler: (call) => push(call, false, false),
});

export const LPUSHX = defineCommand({
  ...COMMON,
  name: 'LPUSHX',
  summary: 'Puts elements at the head of a list that exists.',
  since: '2.2.0',
  history: [['4.0.0', 'Accepts multiple `element` arguments.']],
  handler: (call) => push(call, true, true),
});

export const RPUSHX = defineCommand({
  ...COMMON,
  name: 'RPUSHX',
  summary: 'Puts elements at the tail of a list that exists.',
  since: '2.2.0',
  history: [['4.0.0', 'Accepts multiple `element` arguments.']],
  handler: (call) => push(call, false, true),
});

function push(call: Call, front: boolean, mustExist: boolean): void {
  const { db, bytes, argc } = call;
  let address = findForWrite(call, 1, TYPE_LIST);
  if (address === WRONG) return;
  if (address === 0 && mustExist) {
    call.reply.integer(0);
    return;
  }
  const list = address === 0 ? 0 : largeList(db, address);
  if (list !== 0) {
    for (let i = 2; i < argc; i++) pushQuicklist(db.keyspace, list, front, bytes, call.start(i), call.end(i));
  } else {
    address = pushSmall(call, address, front);
  }
  db.keyspace.dirty += argc - 2;
  changed(call, 1, front ? events.LPUSH : events.RPUSH);
  call.reply.integer(list === 0 ? listLength(db, address) : quicklistLength(db.arena, list));
}

/** Adds to a list that is new (address 0) or small, and may become large by that. Returns where the record is. */
function pushSmall(call: Call, address: number, front: boolean): number {
  const { db, bytes, argc } = call;
  startAdding();
  for (let i = 2; i < argc; i++) measure(bytes, call.start(i), call.end(i));
  address = startPush(db, call.keyHash(1), address, bytes, call.start(1), call.end(1), front);
  for (let i = 2; i < argc; i++) pushElement(db, address, front, bytes, call.start(i), call.end(i));
  return address;
}
