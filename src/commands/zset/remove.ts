/** ZREM and the commands that remove a range. */
import type { KeyEvent } from '../../keyspace/events.ts';
import * as events from '../../keyspace/events.ts';
import { TYPE_ZSET } from '../../memory/record.ts';
import { lookup, removeHit, removeRange, zsetCount } from '../../types/zset/zset.ts';
import type { Call } from '../call.ts';
import { reduced } from '../changed.ts';
import { arg, defineCommand, FAST, keyAt, WRITE } from '../define.ts';
import { findForWrite, WRONG } from '../lookup.ts';
import {
  interval,
  intervalSize,
  readMemberRange,
  readScoreRange,
  resolveMembers,
  resolveRanks,
  resolveScores,
} from './interval.ts';
import { readInteger } from './scores.ts';

export const ZREM = defineCommand({
  name: 'ZREM',
  element: 2,
  summary: 'Removes members from a sorted set; deletes the key if none is left.',
  group: 'sorted-set',
  since: '1.2.0',
  history: [['2.4.0', 'Accepts multiple elements.']],
  complexity: 'O(M*log(N)) where N is the number of members and M the number removed',
  arity: -3, // ZREM key member [member ...]
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'delete')],
  args: [arg.key('key'), arg.string('member', { many: true })],
  handler: zrem,
});

const RANGE = {
  group: 'sorted-set',
  complexity: 'O(log(N)+M) where N is the number of members and M the number removed',
  arity: 4, // ZREMRANGEBY... key min max
  flags: WRITE,
  keys: [keyAt(1, 'RW', 'delete')],
} as const;

export const ZREMRANGEBYRANK = defineCommand({
  ...RANGE,
  name: 'ZREMRANGEBYRANK',
  summary: 'Removes the members in a range of ranks; deletes the key if none is left.',
  since: '2.0.0',
  args: [arg.key('key'), arg.integer('start'), arg.integer('stop')],
  handler: zremRangeByRank,
});

export const ZREMRANGEBYSCORE = defineCommand({
  ...RANGE,
  name: 'ZREMRANGEBYSCORE',
  summary: 'Removes the members in a range of scores; deletes the key if none is left.',
  since: '1.2.0',
  args: [arg.key('key'), arg.double('min'), arg.double('max')],
  handler: zremRangeByScore,
});

export const ZREMRANGEBYLEX = defineCommand({
  ...RANGE,
  name: 'ZREMRANGEBYLEX',
  summary: 'Removes the members in a range of names, all having one score; deletes the key if none is left.',
  since: '2.8.9',
  args: [arg.key('key'), arg.string('min'), arg.string('max')],
  handler: zremRangeByLex,
});

function zrem(call: Call): void {
  const { db, bytes } = call;
  let address = findForWrite(call, 1, TYPE_ZSET);
  if (address === WRONG) return;
  let removed = 0;
  for (let i = 2; i < call.argc && address !== 0; i++) {
    if (!lookup(db, address, bytes, call.start(i), call.end(i))) continue;
    address = deleteIfEmpty(call, 1, removeHit(db, call.keyHash(1), address));
    removed++;
  }
  db.keyspace.dirty += removed;
  if (removed > 0) reduced(call, 1, events.ZREM);
  call.reply.integer(removed);
}

/** Deletes the key that is argument `index` when its sorted set has no member left. Returns the record, or 0. */
export function deleteIfEmpty(call: Call, index: number, address: number): number {
  const { db } = call;
  if (zsetCount(db, address) > 0) return address;
  db.remove(call.keyHash(index), address, db.keyspace.lazy.serverDelete);
  return 0;
}

function zremRangeByRank(call: Call): void {
  const start = readInteger(call, 2);
  if (Number.isNaN(start)) return;
  const stop = readInteger(call, 3);
  if (Number.isNaN(stop)) return;
  const address = findForWrite(call, 1, TYPE_ZSET);
  if (address === WRONG) return;
  if (address !== 0) resolveRanks(zsetCount(call.db, address), start, stop);
  removeInterval(call, address, events.ZREMRANGEBYRANK);
}

function zremRangeByScore(call: Call): void {
  if (!readScoreRange(call, 2, 3)) return;
  const address = findForWrite(call, 1, TYPE_ZSET);
  if (address === WRONG) return;
  if (address !== 0) resolveScores(call.db, address);
  removeInterval(call, address, events.ZREMRANGEBYSCORE);
}

function zremRangeByLex(call: Call): void {
  if (!readMemberRange(call, 2, 3)) return;
  const address = findForWrite(call, 1, TYPE_ZSET);
  if (address === WRONG) return;
  if (address !== 0) resolveMembers(call, address);
  removeInterval(call, address, events.ZREMRANGEBYLEX);
}

/** Removes the members in the interval of the sorted set, if there is one, and replies how many. */
function removeInterval(call: Call, address: number, event: KeyEvent): void {
  const { db } = call;
  const n = address === 0 ? 0 : intervalSize();
  if (n > 0) {
    deleteIfEmpty(call, 1, removeRange(db, call.keyHash(1), address, interval.from, n));
    db.keyspace.dirty += n;
    reduced(call, 1, event);
  }
  call.reply.integer(n);
}
