/**
 * ZRANGE, its older relatives and ZRANGESTORE: members by rank, score or name, in either direction.
 *
 * Whatever the range is of, it becomes ranks (interval.ts), LIMIT and the direction are arithmetic on them, and one walk
 * reads the members: a deep offset costs nothing.
 */
import * as events from '../../keyspace/events.ts';
import { TYPE_ZSET } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { LargeZset } from '../../types/zset/large.ts';
import { ZsetWalk } from '../../types/zset/walk.ts';
import { zsetCount } from '../../types/zset/zset.ts';
import type { Call } from '../call.ts';
import { type Argument, arg, DENYOOM, defineCommand, keyAt, READONLY, WRITE } from '../define.ts';
import { findForRead, WRONG } from '../lookup.ts';
import {
  interval,
  readMemberRange,
  readScoreRange,
  resolveMembers,
  resolveRanks,
  resolveScores,
} from './interval.ts';
import { readInteger, replyHeader, replyMembers } from './scores.ts';
import { storeResult } from './store.ts';

const LIMIT_WITH_RANK =
  'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX';
const SCORES_WITH_LEX = 'ERR syntax error, WITHSCORES not supported in combination with BYLEX';

const limitArgs = (since?: string): Argument =>
  arg.block('offset_count', [arg.integer('offset'), arg.integer('count')], {
    token: 'LIMIT',
    optional: true,
    ...(since === undefined ? {} : { since }),
  });
const SORT_BY = [arg.token('byscore', 'BYSCORE'), arg.token('bylex', 'BYLEX')];
const WITH_SCORES = arg.token('withscores', 'WITHSCORES', { optional: true });

const COMMON = {
  group: 'sorted-set',
  complexity: 'O(log(N)+M) where N is the number of members and M the number returned',
  arity: -4, // ZRANGE key start stop [options]
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
} as const;

export const ZRANGE = defineCommand({
  ...COMMON,
  name: 'ZRANGE',
  summary: 'Returns the members in a range of ranks, scores or names.',
  since: '1.2.0',
  history: [['6.2.0', 'Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options.']],
  args: [
    arg.key('key'),
    arg.string('start'),
    arg.string('stop'),
    arg.oneOf('sortby', SORT_BY, { optional: true, since: '6.2.0' }),
    arg.token('rev', 'REV', { optional: true, since: '6.2.0' }),
    limitArgs('6.2.0'),
    WITH_SCORES,
  ],
  handler: (call) => range(call, ANY, AUTO, false),
});

export const ZRANGESTORE = defineCommand({
  ...COMMON,
  name: 'ZRANGESTORE',
  summary: 'Stores the members in a range of ranks, scores or names under another key.',
  since: '6.2.0',
  complexity: 'O(log(N)+M) where N is the number of members and M the number stored',
  arity: -5, // ZRANGESTORE dst src min max [options]
  flags: WRITE | DENYOOM,
  keys: [keyAt(1, 'OW', 'update'), keyAt(2, 'RO', 'access')],
  args: [
    arg.key('dst'),
    arg.key('src', { keySpec: 1 }),
    arg.string('min'),
    arg.string('max'),
    arg.oneOf('sortby', SORT_BY, { optional: true }),
    arg.token('rev', 'REV', { optional: true }),
    limitArgs(),
  ],
  handler: (call) => range(call, ANY, AUTO, true),
});

export const ZREVRANGE = defineCommand({
  ...COMMON,
  name: 'ZREVRANGE',
  summary: 'Returns the members in a range of ranks, counted from the highest score.',
  since: '1.2.0',
  deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `REV` argument' },
  args: [arg.key('key'), arg.integer('start'), arg.integer('stop'), WITH_SCORES],
  handler: (call) => range(call, BY_RANK, REVERSE, false),
});

export const ZRANGEBYSCORE = defineCommand({
  ...COMMON,
  name: 'ZRANGEBYSCORE',
  summary: 'Returns the members in a range of scores.',
  since: '1.0.5',
  history: [['2.0.0', 'Added the `WITHSCORES` modifier.']],
  deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `BYSCORE` argument' },
  args: [
    arg.key('key'),
    arg.double('min'),
    arg.double('max'),
    arg.token('withscores', 'WITHSCORES', { optional: true, since: '2.0.0' }),
    limitArgs(),
  ],
  handler: (call) => range(call, BY_SCORE, FORWARD, false),
});

export const ZREVRANGEBYSCORE = defineCommand({
  ...COMMON,
  name: 'ZREVRANGEBYSCORE',
  summary: 'Returns the members in a range of scores, the highest first.',
  since: '2.2.0',
  history: [['2.1.6', '`min` and `max` can be exclusive.']],
  deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `REV` and `BYSCORE` arguments' },
  args: [arg.key('key'), arg.double('max'), arg.double('min'), WITH_SCORES, limitArgs()],
  handler: (call) => range(call, BY_SCORE, REVERSE, false),
});

export const ZRANGEBYLEX = defineCommand({
  ...COMMON,
  name: 'ZRANGEBYLEX',
  summary: 'Returns the members in a range of names, all having one score.',
  since: '2.8.9',
  deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `BYLEX` argument' },
  args: [arg.key('key'), arg.string('min'), arg.string('max'), limitArgs()],
  handler: (call) => range(call, BY_LEX, FORWARD, false),
});

export const ZREVRANGEBYLEX = defineCommand({
  ...COMMON,
  name: 'ZREVRANGEBYLEX',
  summary: 'Returns the members in a range of names, all having one score, the last first.',
  since: '2.8.9',
  deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `REV` and `BYLEX` arguments' },
  args: [arg.key('key'), arg.string('max'), arg.string('min'), limitArgs()],
  handler: (call) => range(call, BY_LEX, REVERSE, false),
});

/** What a range is of; ANY where options say. */
const ANY = 0;
const BY_RANK = 1;
const BY_SCORE = 2;
const BY_LEX = 3;

const AUTO = 0;
const FORWARD = 1;
const REVERSE = 2;

const options = { by: BY_RANK, reverse: false, withScores: false, offset: 0, limit: -1 };
/** Start and stop of a range of ranks. */
const ranks = { start: 0, stop: 0 };

function range(call: Call, by: number, direction: number, store: boolean): void {
  const key = store ? 2 : 1;
  if (!readOptions(call, key + 3, by, direction, store) || !readRange(call, key + 1)) return;
  const address = findForRead(call, key, TYPE_ZSET);
  if (address === WRONG) return;
  const n = address === 0 ? 0 : resolve(call, address);
  if (store) storeRange(call, address, n);
  else replyRange(call, address, n);
}

function readOptions(call: Call, first: number, by: number, direction: number, store: boolean): boolean {
  options.by = by;
  options.reverse = direction === REVERSE;
  options.withScores = false;
  options.offset = 0;
  options.limit = -1;
  for (let i = first; i < call.argc; i++) {
    if (!store && call.is(i, 'WITHSCORES')) {
      options.withScores = true;
    } else if (i + 2 < call.argc && call.is(i, 'LIMIT')) {
      if (Number.isNaN((options.offset = readInteger(call, i + 1)))) return false;
      if (Number.isNaN((options.limit = readInteger(call, i + 2)))) return false;
      i += 2;
    } else if (direction === AUTO && call.is(i, 'REV')) {
      options.reverse = true;
    } else if (by === ANY && call.is(i, 'BYLEX')) {
      options.by = BY_LEX;
    } else if (by === ANY && call.is(i, 'BYSCORE')) {
      options.by = BY_SCORE;
    } else {
      return refuse(call, errors.SYNTAX);
    }
  }
  if (options.by === ANY) options.by = BY_RANK;
  if (options.limit !== -1 && options.by === BY_RANK) return refuse(call, LIMIT_WITH_RANK);
  if (options.withScores && options.by === BY_LEX) return refuse(call, SCORES_WITH_LEX);
  return true;
}

function refuse(call: Call, text: string): false {
  call.reply.error(text);
  return false;
}

function readRange(call: Call, first: number): boolean {
  const min = options.reverse ? first + 1 : first;
  const max = options.reverse ? first : first + 1;
  if (options.by === BY_SCORE) return readScoreRange(call, min, max);
  if (options.by === BY_LEX) return readMemberRange(call, min, max);
  if (Number.isNaN((ranks.start = readInteger(call, first)))) return false;
  return !Number.isNaN((ranks.stop = readInteger(call, first + 1)));
}

/** Makes `interval.from` the rank of the first member to return, in the direction asked for. Returns how many follow it, itself included. */
function resolve(call: Call, address: number): number {
  const count = zsetCount(call.db, address);
  if (options.by === BY_RANK) {
    resolveRanks(count, ranks.start, ranks.stop);
    const n = interval.until - interval.from;
    if (options.reverse) interval.from = count - 1 - interval.from;
    return Math.max(0, n);
  }
  if (options.by === BY_SCORE) resolveScores(call.db, address);
  else resolveMembers(call, address);
  const n = interval.until - interval.from - options.offset;
  if (options.offset < 0 || n <= 0) return 0;
  if (options.reverse) interval.from = interval.until - 1 - options.offset;
  else interval.from += options.offset;
  return options.limit < 0 ? n : Math.min(n, options.limit);
}

const walk = new ZsetWalk();

function replyRange(call: Call, address: number, n: number): void {
  const nested = replyHeader(call, n, options.withScores);
  if (n === 0 || !walk.open(call.db, address, interval.from, options.reverse)) return;
  replyMembers(call, walk, n, options.withScores, nested);
}

function storeRange(call: Call, address: number, n: number): void {
  const { db } = call;
  if (n === 0) {
    storeResult(call, 1, 0, events.ZRANGESTORE);
    return;
  }
  const result = new LargeZset(db.arena).attach(LargeZset.create(db.arena));
  try {
    walk.open(db, address, interval.from, options.reverse);
    for (let i = 0; i < n; i++) {
      if (i > 0) walk.advance();
      const hash = call.hashOf(walk.bytes, walk.start, walk.end);
      result.add(hash, walk.bytes, walk.start, walk.end, walk.score);
    }
  } catch (error) {
    result.destroy(db.keyspace);
    throw error;
  }
  storeResult(call, 1, result.release(), events.ZRANGESTORE);
}
