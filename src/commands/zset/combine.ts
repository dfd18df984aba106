/**
 * Unions, intersections and differences of sorted sets and sets, replied, counted or stored.
 *
 * The result grows in the arena as a sorted set without a key (LargeZset): a union adds up scores in its table alone and puts all
 * into order in the end. Replies walk over it, storing gives it a key, and either way nothing of it is on the JS heap.
 */

import { parseDouble } from '../../base/double.ts';
import { parseSafeInteger } from '../../base/int64.ts';
import * as events from '../../keyspace/events.ts';
import { TYPE_SET, TYPE_ZSET } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { LargeZset } from '../../types/zset/large.ts';
import { eachMember, type Source, scoreIn, sourceCount } from '../../types/zset/source.ts';
import { ZsetWalk } from '../../types/zset/walk.ts';
import type { Call } from '../call.ts';
import {
  type Argument,
  arg,
  DENYOOM,
  defineCommand,
  type KeySpec,
  keyAt,
  READONLY,
  WRITE,
} from '../define.ts';
import { typeAt } from '../lookup.ts';
import { replyHeader, replyMembers } from './scores.ts';
import { storeResult } from './store.ts';

const WEIGHT = 'ERR weight value is not a float';
const LIMIT_NEGATIVE = "ERR LIMIT can't be negative";

const sources = (index: number): KeySpec => ({
  flags: ['RO', 'access'],
  begin: { index },
  find: { keynum: 0, first: 1, step: 1 },
});
const keysArgs = (keySpec: number): Argument[] => [
  arg.integer('numkeys'),
  arg.key('key', { keySpec, many: true }),
];
const DESTINATION = arg.key('destination');
const AGGREGATION: readonly Argument[] = [
  arg.integer('weight', { token: 'WEIGHTS', optional: true, many: true }),
  arg.oneOf('aggregate', [arg.token('sum', 'SUM'), arg.token('min', 'MIN'), arg.token('max', 'MAX')], {
    token: 'AGGREGATE',
    optional: true,
  }),
];
const WITH_SCORES = arg.token('withscores', 'WITHSCORES', { optional: true });

const READ = {
  group: 'sorted-set',
  since: '6.2.0',
  arity: -3, // ZUNION numkeys key [key ...] [options]
  flags: READONLY,
  keys: [sources(1)],
} as const;

const STORE = {
  group: 'sorted-set',
  since: '2.0.0',
  arity: -4, // ZUNIONSTORE destination numkeys key [key ...] [options]
  flags: WRITE | DENYOOM,
  keys: [keyAt(1, 'OW', 'update'), sources(2)],
} as const;

const UNION_COMPLEXITY =
  'O(N)+O(M*log(M)) where N is the number of members of all sources and M of the result';
const INTER_COMPLEXITY = 'O(N*K)+O(M*log(M)) with N members in the smallest of K sources and M in the result';
const DIFF_COMPLEXITY = 'O(N*K)+O(M*log(M)) with N members in the first of K sources and M in the result';

export const ZUNION = defineCommand({
  ...READ,
  name: 'ZUNION',
  summary: 'Returns the members of any of several sorted sets.',
  complexity: UNION_COMPLEXITY,
  args: [...keysArgs(0), ...AGGREGATION, WITH_SCORES],
  handler: (call) => combine(call, UNION, 0, false),
});

export const ZINTER = defineCommand({
  ...READ,
  name: 'ZINTER',
  summary: 'Returns the members that several sorted sets have in common.',
  complexity: INTER_COMPLEXITY,
  args: [...keysArgs(0), ...AGGREGATION, WITH_SCORES],
  handler: (call) => combine(call, INTER, 0, false),
});

export const ZDIFF = defineCommand({
  ...READ,
  name: 'ZDIFF',
  summary: 'Returns the members of the first of several sorted sets that no other has.',
  complexity: DIFF_COMPLEXITY,
  args: [...keysArgs(0), WITH_SCORES],
  handler: (call) => combine(call, DIFF, 0, false),
});

export const ZINTERCARD = defineCommand({
  ...READ,
  name: 'ZINTERCARD',
  summary: 'Returns how many members several sorted sets have in common.',
  since: '7.0.0',
  complexity: 'O(N*K) with N members in the smallest of K sources',
  args: [...keysArgs(0), arg.integer('limit', { token: 'LIMIT', optional: true })],
  handler: (call) => combine(call, INTER, 0, true),
});

export const ZUNIONSTORE = defineCommand({
  ...STORE,
  name: 'ZUNIONSTORE',
  summary: 'Stores the members of any of several sorted sets under a key.',
  complexity: UNION_COMPLEXITY,
  args: [DESTINATION, ...keysArgs(1), ...AGGREGATION],
  handler: (call) => combine(call, UNION, 1, false),
});

export const ZINTERSTORE = defineCommand({
  ...STORE,
  name: 'ZINTERSTORE',
  summary: 'Stores the members that several sorted sets have in common under a key.',
  complexity: INTER_COMPLEXITY,
  args: [DESTINATION, ...keysArgs(1), ...AGGREGATION],
  handler: (call) => combine(call, INTER, 1, false),
});

export const ZDIFFSTORE = defineCommand({
  ...STORE,
  name: 'ZDIFFSTORE',
  summary: 'Stores the members of the first of several sorted sets that no other has under a key.',
  since: '6.2.0',
  complexity: DIFF_COMPLEXITY,
  args: [DESTINATION, ...keysArgs(1)],
  handler: (call) => combine(call, DIFF, 1, false),
});

const UNION = 0;
const INTER = 1;
const DIFF = 2;
/** What storing their results is called. */
const STORED = [events.ZUNIONSTORE, events.ZINTERSTORE, events.ZDIFFSTORE];

const SUM = 0;
const MIN = 1;
const MAX = 2;

interface Options {
  aggregate: number;
  withScores: boolean;
  /** How many members ZINTERCARD counts. */
  limit: number;
}

const walk = new ZsetWalk();

/** `destination`: the argument that is the key to store under, 0 to reply. */
function combine(call: Call, operation: number, destination: number, counts: boolean): void {
  const found = readSources(call, destination + 1);
  if (found === null) return;
  const first = destination + 2 + found.length;
  const options = readOptions(call, first, found, operation, destination, counts);
  if (options === null) return;
  // The order of the sum is that of the sizes.
  if (operation !== DIFF) found.sort((a, b) => a.count - b.count);
  if (counts) {
    call.reply.integer(countCommon(call, found, options.limit));
    return;
  }
  const { db } = call;
  const result = new LargeZset(db.arena).attach(LargeZset.create(db.arena));
  try {
    if (operation === UNION) unite(call, found, options, result);
    else if (operation === INTER) intersect(call, found, options, result);
    else subtract(call, found, result);
    result.order();
    if (destination === 0) replyResult(call, result, options.withScores);
  } catch (error) {
    result.destroy(db.keyspace);
    throw error;
  }
  if (destination === 0) {
    result.destroy(db.keyspace);
  } else if (result.count === 0) {
    result.destroy(db.keyspace);
    storeResult(call, destination, 0, STORED[operation]);
  } else {
    storeResult(call, destination, result.release(), STORED[operation]);
  }
}

/** The sources that the count in argument `index` and the keys behind it name; null after an error reply. */
function readSources(call: Call, index: number): Source[] | null {
  const { db, reply } = call;
  const n = parseSafeInteger(call.bytes, call.start(index), call.end(index));
  if (Number.isNaN(n)) {
    reply.error(errors.NOT_INTEGER);
    return null;
  }
  if (n < 1) {
    reply.error(`ERR at least 1 input key is needed for '${call.command.fullName}' command`);
    return null;
  }
  if (n > call.argc - index - 1) {
    reply.error(errors.SYNTAX);
    return null;
  }
  const found: Source[] = [];
  for (let i = index + 1; i <= index + n; i++) {
    const address = db.findForRead(call.keyHash(i), call.bytes, call.start(i), call.end(i));
    const type = address === 0 ? TYPE_ZSET : typeAt(db, address);
    if (type !== TYPE_ZSET && type !== TYPE_SET) {
      reply.error(errors.WRONG_TYPE);
      return null;
    }
    const source: Source = { address, isSet: type === TYPE_SET, count: 0, weight: 1 };
    source.count = sourceCount(db, source);
    found.push(source);
  }
  return found;
}

function readOptions(
  call: Call,
  first: number,
  found: Source[],
  operation: number,
  destination: number,
  counts: boolean,
): Options | null {
  const options: Options = { aggregate: SUM, withScores: false, limit: 0 };
  const aggregates = operation !== DIFF && !counts;
  for (let i = first; i < call.argc; i++) {
    const left = call.argc - i - 1;
    if (aggregates && left >= found.length && call.is(i, 'WEIGHTS')) {
      if (!readWeights(call, i + 1, found)) return null;
      i += found.length;
    } else if (aggregates && left >= 1 && call.is(i, 'AGGREGATE')) {
      options.aggregate = aggregateAt(call, ++i);
      if (options.aggregate < 0) return refuse(call, errors.SYNTAX);
    } else if (destination === 0 && !counts && call.is(i, 'WITHSCORES')) {
      options.withScores = true;
    } else if (counts && left >= 1 && call.is(i, 'LIMIT')) {
      options.limit = parseSafeInteger(call.bytes, call.start(++i), call.end(i));
      if (!(options.limit >= 0)) return refuse(call, LIMIT_NEGATIVE);
    } else {
      return refuse(call, errors.SYNTAX);
    }
  }
  return options;
}

function refuse(call: Call, text: string): null {
  call.reply.error(text);
  return null;
}

function readWeights(call: Call, first: number, found: Source[]): boolean {
  for (let i = 0; i < found.length; i++) {
    found[i].weight = parseDouble(call.bytes, call.start(first + i), call.end(first + i));
    if (Number.isNaN(found[i].weight)) {
      call.reply.error(WEIGHT);
      return false;
    }
  }
  return true;
}

function aggregateAt(call: Call, index: number): number {
  if (call.is(index, 'SUM')) return SUM;
  if (call.is(index, 'MIN')) return MIN;
  return call.is(index, 'MAX') ? MAX : -1;
}

/** What is no number, such as the sum of both infinities, counts as 0. */
function weighted(score: number, weight: number): number {
  const product = score * weight;
  return Number.isNaN(product) ? 0 : product;
}

function aggregated(aggregate: number, a: number, b: number): number {
  if (aggregate === MIN) return b < a ? b : a;
  if (aggregate === MAX) return b > a ? b : a;
  const sum = a + b;
  return Number.isNaN(sum) ? 0 : sum;
}

function unite(call: Call, found: Source[], { aggregate }: Options, result: LargeZset): void {
  for (const source of found) {
    eachMember(call.db, source, (bytes, start, end, score) => {
      const value = weighted(score, source.weight);
      const hash = call.hashOf(bytes, start, end);
      const record = result.find(hash, bytes, start, end);
      if (record === 0) result.addUnordered(hash, bytes, start, end, value);
      else result.setUnordered(record, aggregated(aggregate, result.scoreOf(record), value));
      return true;
    });
  }
}

function intersect(call: Call, found: Source[], { aggregate }: Options, result: LargeZset): void {
  const { db } = call;
  const [smallest, ...others] = found;
  eachMember(db, smallest, (bytes, start, end, score) => {
    let value = weighted(score, smallest.weight);
    for (const other of others) {
      const otherScore = scoreIn(db, other, bytes, start, end);
      if (Number.isNaN(otherScore)) return true;
      value = aggregated(aggregate, value, otherScore * other.weight);
    }
    result.addUnordered(call.hashOf(bytes, start, end), bytes, start, end, value);
    return true;
  });
}

function countCommon(call: Call, found: Source[], limit: number): number {
  const { db } = call;
  const [smallest, ...others] = found;
  let count = 0;
  eachMember(db, smallest, (bytes, start, end) => {
    for (const other of others) if (Number.isNaN(scoreIn(db, other, bytes, start, end))) return true;
    return ++count !== limit;
  });
  return count;
}

function subtract(call: Call, found: Source[], result: LargeZset): void {
  const { db } = call;
  const [first, ...others] = found;
  eachMember(db, first, (bytes, start, end, score) => {
    for (const other of others) if (!Number.isNaN(scoreIn(db, other, bytes, start, end))) return true;
    result.addUnordered(call.hashOf(bytes, start, end), bytes, start, end, score);
    return true;
  });
}

function replyResult(call: Call, result: LargeZset, withScores: boolean): void {
  const n = result.count;
  const nested = replyHeader(call, n, withScores);
  if (n === 0) return;
  walk.openHandle(call.db, result.release(), 0, false);
  replyMembers(call, walk, n, withScores, nested);
}
