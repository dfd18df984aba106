/** ZRANDMEMBER. */
import { int64 } from '../../base/int64.ts';
import type { Prng } from '../../base/prng.ts';
import { TYPE_ZSET } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { ZsetWalk } from '../../types/zset/walk.ts';
import { zsetCount } from '../../types/zset/zset.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, keyAt, READONLY } from '../define.ts';
import { findForRead, WRONG } from '../lookup.ts';
import { isLeaving } from '../session.ts';
import { readInteger, replyHeader, replyMembers } from './scores.ts';

export const ZRANDMEMBER = defineCommand({
  name: 'ZRANDMEMBER',
  summary: 'Returns members chosen at random.',
  group: 'sorted-set',
  since: '6.2.0',
  complexity: 'O(M*log(N)) where N is the number of members and M the number returned',
  arity: -2, // ZRANDMEMBER key [count [WITHSCORES]]
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [
    arg.key('key'),
    arg.block('options', [arg.integer('count'), arg.token('withscores', 'WITHSCORES', { optional: true })], {
      optional: true,
    }),
  ],
  tips: ['nondeterministic_output'],
  handler: zrandmember,
});

const OUT_OF_LONG =
  'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807';
const COUNT_MAX = 2 ** 62;
/** With a larger part of the members wanted, a walk over all of them is cheaper than finding each. */
const WALK_FRACTION = 3;

const walk = new ZsetWalk();

function zrandmember(call: Call): void {
  if (call.argc > 2) {
    randomMembers(call);
    return;
  }
  const address = findForRead(call, 1, TYPE_ZSET);
  if (address === WRONG) return;
  if (address === 0) call.reply.null();
  else replyAt(call, address, call.server.random.below(zsetCount(call.db, address)), false, false);
}

function replyAt(call: Call, address: number, rank: number, withScores: boolean, nested: boolean): void {
  walk.open(call.db, address, rank, false);
  replyMembers(call, walk, 1, withScores, nested);
}

function randomMembers(call: Call): void {
  const count = readInteger(call, 2, errors.NOT_INTEGER);
  if (Number.isNaN(count)) return;
  if (int64.hi === -0x80000000 && int64.lo === 0) {
    call.reply.error(OUT_OF_LONG);
    return;
  }
  if (call.argc > 4 || (call.argc === 4 && !call.is(3, 'WITHSCORES'))) {
    call.reply.error(errors.SYNTAX);
    return;
  }
  const withScores = call.argc === 4;
  if (withScores && Math.abs(count) >= COUNT_MAX) {
    call.reply.error(errors.OUT_OF_RANGE);
    return;
  }
  const address = findForRead(call, 1, TYPE_ZSET);
  if (address === WRONG) return;
  if (address === 0 || count === 0) call.reply.array(0);
  else if (count < 0) replyRepeating(call, address, -count, withScores);
  else replyDistinct(call, address, count, withScores);
}

function replyRepeating(call: Call, address: number, n: number, withScores: boolean): void {
  const { random } = call.server;
  const size = zsetCount(call.db, address);
  const nested = replyHeader(call, n, withScores);
  for (let i = 0; i < n && !isLeaving(call.session); i++)
    replyAt(call, address, random.below(size), withScores, nested);
}

/** In the order of the sorted set. */
function replyDistinct(call: Call, address: number, count: number, withScores: boolean): void {
  const { random } = call.server;
  const size = zsetCount(call.db, address);
  const n = Math.min(count, size);
  const nested = replyHeader(call, n, withScores);
  if (n * WALK_FRACTION > size) {
    replyWalking(call, address, n, size, withScores, nested);
    return;
  }
  const ranks = distinctRanks(random, n, size);
  for (let i = 0; i < n; i++) replyAt(call, address, ranks[i], withScores, nested);
}

/** Takes each member with the chance that as many are still wanted of those still to come. */
function replyWalking(
  call: Call,
  address: number,
  n: number,
  size: number,
  withScores: boolean,
  nested: boolean,
): void {
  const { random } = call.server;
  let wanted = n;
  walk.open(call.db, address, 0, false);
  for (let left = size; wanted > 0; left--) {
    if (random.below(left) < wanted) {
      replyMembers(call, walk, 1, withScores, nested);
      wanted--;
    }
    if (wanted > 0) walk.advance();
  }
}

/** `n` distinct ranks below `size`, in order, where n is a small part of it. */
function distinctRanks(random: Prng, n: number, size: number): Int32Array {
  const ranks = new Int32Array(n);
  let known = 0;
  while (known < n) {
    for (let i = known; i < n; i++) ranks[i] = random.below(size);
    ranks.sort();
    known = 1;
    for (let i = 1; i < n; i++) if (ranks[i] !== ranks[known - 1]) ranks[known++] = ranks[i];
  }
  return ranks;
}
