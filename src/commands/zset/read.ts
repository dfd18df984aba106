/** Scores, ranks and counts: the commands that read a sorted set and reply no members. */
import { TYPE_ZSET } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { hit, lookup, rankOfHit, zsetCount } from '../../types/zset/zset.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, FAST, keyAt, READONLY } from '../define.ts';
import { findForRead, WRONG } from '../lookup.ts';
import { intervalSize, readMemberRange, readScoreRange, resolveMembers, resolveScores } from './interval.ts';
import { replyScore } from './scores.ts';

const COMMON = {
  group: 'sorted-set',
  flags: READONLY | FAST,
  keys: [keyAt(1, 'RO', 'access')],
} as const;

export const ZSCORE = defineCommand({
  ...COMMON,
  name: 'ZSCORE',
  element: 2,
  summary: 'Returns the score of a member.',
  since: '1.2.0',
  complexity: 'O(1)',
  arity: 3, // ZSCORE key member
  args: [arg.key('key'), arg.string('member')],
  handler: zscore,
});

export const ZMSCORE = defineCommand({
  ...COMMON,
  name: 'ZMSCORE',
  element: 2,
  summary: 'Returns the scores of several members.',
  since: '6.2.0',
  complexity: 'O(N) where N is the number of members asked for',
  arity: -3, // ZMSCORE key member [member ...]
  args: [arg.key('key'), arg.string('member', { many: true })],
  handler: zmscore,
});

export const ZCARD = defineCommand({
  ...COMMON,
  name: 'ZCARD',
  summary: 'Returns the number of members of a sorted set.',
  since: '1.2.0',
  complexity: 'O(1)',
  arity: 2, // ZCARD key
  keys: [keyAt(1, 'RO')],
  args: [arg.key('key')],
  handler: zcard,
});

export const ZCOUNT = defineCommand({
  ...COMMON,
  name: 'ZCOUNT',
  summary: 'Returns how many members have scores in a range.',
  since: '2.0.0',
  complexity: 'O(log(N)) where N is the number of members',
  arity: 4, // ZCOUNT key min max
  args: [arg.key('key'), arg.double('min'), arg.double('max')],
  handler: zcount,
});

export const ZLEXCOUNT = defineCommand({
  ...COMMON,
  name: 'ZLEXCOUNT',
  summary: 'Returns how many members, all having one score, have names in a range.',
  since: '2.8.9',
  complexity: 'O(log(N)) where N is the number of members',
  arity: 4, // ZLEXCOUNT key min max
  args: [arg.key('key'), arg.string('min'), arg.string('max')],
  handler: zlexcount,
});

const RANK = {
  ...COMMON,
  since: '2.0.0',
  complexity: 'O(log(N)) where N is the number of members',
  arity: -3, // ZRANK key member [WITHSCORE]; exactly 3 before 7.2
  args: [arg.key('key'), arg.string('member')],
} as const;

export const ZRANK = defineCommand({
  ...RANK,
  name: 'ZRANK',
  element: 2,
  summary: 'Returns the place of a member in the order of scores, from 0.',
  handler: (call) => rank(call, false),
});

export const ZREVRANK = defineCommand({
  ...RANK,
  name: 'ZREVRANK',
  element: 2,
  summary: 'Returns the place of a member in the order of scores, counted from the highest one.',
  handler: (call) => rank(call, true),
});

function zscore(call: Call): void {
  const address = findForRead(call, 1, TYPE_ZSET);
  if (address !== WRONG) replyScoreOf(call, address, 2);
}

function zmscore(call: Call): void {
  const address = findForRead(call, 1, TYPE_ZSET);
  if (address === WRONG) return;
  call.reply.array(call.argc - 2);
  for (let i = 2; i < call.argc; i++) replyScoreOf(call, address, i);
}

/** Replies the score of the member that is argument `index`, null without. */
function replyScoreOf(call: Call, address: number, index: number): void {
  const found = address !== 0 && lookup(call.db, address, call.bytes, call.start(index), call.end(index));
  if (found) replyScore(call, hit.score);
  else call.reply.null();
}

function zcard(call: Call): void {
  const address = findForRead(call, 1, TYPE_ZSET);
  if (address !== WRONG) call.reply.integer(address === 0 ? 0 : zsetCount(call.db, address));
}

function zcount(call: Call): void {
  if (!readScoreRange(call, 2, 3)) return;
  const address = findForRead(call, 1, TYPE_ZSET);
  if (address === WRONG) return;
  if (address !== 0) resolveScores(call.db, address);
  call.reply.integer(address === 0 ? 0 : intervalSize());
}

function zlexcount(call: Call): void {
  if (!readMemberRange(call, 2, 3)) return;
  const address = findForRead(call, 1, TYPE_ZSET);
  if (address === WRONG) return;
  if (address !== 0) resolveMembers(call, address);
  call.reply.integer(address === 0 ? 0 : intervalSize());
}

function rank(call: Call, reverse: boolean): void {
  const { db, reply } = call;
  const withScore = call.argc > 3;
  if (withScore && !takesScore(call)) return;
  const address = findForRead(call, 1, TYPE_ZSET);
  if (address === WRONG) return;
  if (address === 0 || !lookup(db, address, call.bytes, call.start(2), call.end(2))) {
    if (withScore) reply.nullArray();
    else reply.null();
    return;
  }
  const { score } = hit;
  const place = rankOfHit(db, address);
  if (withScore) reply.array(2);
  reply.integer(reverse ? zsetCount(db, address) - 1 - place : place);
  if (withScore) replyScore(call, score);
}

/** Whether argument 3 is WITHSCORE, which 7.0 does not have. Replies the error. */
function takesScore(call: Call): boolean {
  if (!call.server.is72 || call.argc > 4)
    call.reply.error(errors.wrongArity(call.command.name.toLowerCase()));
  else if (!call.is(3, 'WITHSCORE')) call.reply.error(errors.SYNTAX);
  else return true;
  return false;
}
