/** ZADD and ZINCRBY: members with scores, under conditions. */

import { parseDouble } from '../../base/double.ts';
import * as events from '../../keyspace/events.ts';
import { KEY_SIZE_MAX, KeyTooLongError } from '../../keyspace/limits.ts';
import { TYPE_ZSET } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { addMember, changeScore, createZset, hit, lookup, zsetCount } from '../../types/zset/zset.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, keyAt, WRITE } from '../define.ts';
import { findForWrite, WRONG } from '../lookup.ts';
import { replyScore } from './scores.ts';

export const ZADD = defineCommand({
  name: 'ZADD',
  element: 3,
  summary: 'Adds members to a sorted set or changes their scores; creates the key if it does not exist.',
  group: 'sorted-set',
  since: '1.2.0',
  history: [
    ['2.4.0', 'Accepts multiple elements.'],
    ['3.0.2', 'Added the `XX`, `NX`, `CH` and `INCR` options.'],
    ['6.2.0', 'Added the `GT` and `LT` options.'],
  ],
  complexity: 'O(log(N)) for each member, where N is the number of members',
  arity: -4, // ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]
  flags: WRITE | DENYOOM | FAST,
  keys: [keyAt(1, 'RW', 'update')],
  args: [
    arg.key('key'),
    arg.oneOf('condition', [arg.token('nx', 'NX'), arg.token('xx', 'XX')], {
      optional: true,
      since: '3.0.2',
    }),
    arg.oneOf('comparison', [arg.token('gt', 'GT'), arg.token('lt', 'LT')], {
      optional: true,
      since: '6.2.0',
    }),
    arg.token('change', 'CH', { optional: true, since: '3.0.2' }),
    arg.token('increment', 'INCR', { optional: true, since: '3.0.2' }),
    arg.block('score_member', [arg.double('score'), arg.string('member')], { many: true }),
  ],
  handler: zadd,
});

export const ZINCRBY = defineCommand({
  name: 'ZINCRBY',
  element: 3,
  summary: 'Adds a number to the score of a member; a member that is not there counts as 0.',
  group: 'sorted-set',
  since: '1.2.0',
  complexity: 'O(log(N)) where N is the number of members',
  arity: 4, // ZINCRBY key increment member
  flags: WRITE | DENYOOM | FAST,
  keys: [keyAt(1, 'RW', 'access', 'update')],
  args: [arg.key('key'), arg.integer('increment'), arg.string('member')],
  handler: (call) => addScores(call, 2, INCR),
});

const NX_AND_XX = 'ERR XX and NX options at the same time are not compatible';
const GT_LT_NX = 'ERR GT, LT, and/or NX options at the same time are not compatible';
const ONE_PAIR = 'ERR INCR option supports a single increment-element pair';
const NAN_SCORE = 'ERR resulting score is not a number (NaN)';

export const NX = 1;
export const XX = 2;
const GT = 4;
const LT = 8;
export const CH = 16;
const INCR = 32;

function zadd(call: Call): void {
  let options = 0;
  let index = 2;
  for (; index < call.argc; index++) {
    const option = optionAt(call, index);
    if (option === 0) break;
    options |= option;
  }
  if (index === call.argc || (call.argc - index) % 2 !== 0) call.reply.error(errors.SYNTAX);
  else if ((options & (NX | XX)) === (NX | XX)) call.reply.error(NX_AND_XX);
  else if (conflicts(options & (NX | GT | LT))) call.reply.error(GT_LT_NX);
  else if ((options & INCR) !== 0 && call.argc - index > 2) call.reply.error(ONE_PAIR);
  else addScores(call, index, options);
}

/** A score is no option, so its first byte tells most of them apart. */
function optionAt(call: Call, index: number): number {
  if (call.size(index) < 2 || call.bytes[call.start(index)] < 65) return 0;
  if (call.is(index, 'NX')) return NX;
  if (call.is(index, 'XX')) return XX;
  if (call.is(index, 'GT')) return GT;
  if (call.is(index, 'LT')) return LT;
  if (call.is(index, 'CH')) return CH;
  return call.is(index, 'INCR') ? INCR : 0;
}

/** Whether more than one of these options is given. */
function conflicts(options: number): boolean {
  return (options & (options - 1)) !== 0;
}

/** Scores of the call's pairs, all read before the first change. */
let scores = new Float64Array(16);

/** Adds the pairs from argument `first` on, and replies. */
function addScores(call: Call, first: number, options: number): void {
  const pairs = (call.argc - first) / 2;
  if (pairs > scores.length) scores = new Float64Array(2 * pairs);
  for (let i = 0; i < pairs; i++) {
    const at = first + 2 * i;
    scores[i] = parseDouble(call.bytes, call.start(at), call.end(at));
    if (Number.isNaN(scores[i])) {
      call.reply.error(errors.NOT_FLOAT);
      return;
    }
  }
  addPairs(call, first, 2, pairs, scores, options);
}

/**
 * Adds `pairs` members, every `step`th argument, the first one behind argument `first`, with these scores, and replies as ZADD does.
 * Changes nothing after an error reply.
 */
export function addPairs(
  call: Call,
  first: number,
  step: number,
  pairs: number,
  pairScores: Float64Array,
  options: number,
): void {
  const { db, reply } = call;
  const firstMember = first + step - 1;
  for (let i = 0; i < pairs; i++) {
    if (call.size(firstMember + i * step) > KEY_SIZE_MAX) throw new KeyTooLongError();
  }
  let address = findForWrite(call, 1, TYPE_ZSET);
  if (address === WRONG) return;
  if (address === 0) {
    if ((options & XX) !== 0) {
      replySum(call, options, false, 0, 0, 0);
      return;
    }
    address = createZset(db, call.keyHash(1), call.bytes, call.start(1), call.end(1), call.size(firstMember));
  }
  let added = 0;
  let updated = 0;
  let done = false;
  try {
    for (let i = 0; i < pairs; i++) {
      const outcome = addOne(call, address, firstMember + i * step, pairScores[i], options);
      if (outcome === IS_NAN) {
        reply.error(NAN_SCORE);
        return;
      }
      address = put.address;
      if (outcome === ADDED) added++;
      if (outcome === CHANGED) updated++;
      done ||= outcome !== REFUSED;
    }
  } catch (error) {
    removeEmpty(call);
    throw error;
  } finally {
    db.keyspace.dirty += added + updated;
    if (added + updated > 0) changed(call, 1, (options & INCR) !== 0 ? events.ZINCR : events.ZADD);
  }
  replySum(call, options, done, put.score, added, updated);
}

/** There was no memory: the key must not stay if not even its first member found room. */
function removeEmpty(call: Call): void {
  const { db } = call;
  const address = db.find(call.keyHash(1), call.bytes, call.start(1), call.end(1));
  if (address !== 0 && zsetCount(db, address) === 0) db.remove(call.keyHash(1), address, false);
}

/** What addOne() left: the record and the member's score. */
const put = { address: 0, score: 0 };

const REFUSED = 0;
const SAME = 1;
const CHANGED = 2;
const ADDED = 3;
const IS_NAN = 4;

function addOne(call: Call, address: number, index: number, score: number, options: number): number {
  const { db, bytes } = call;
  const start = call.start(index);
  const end = call.end(index);
  put.address = address;
  put.score = score;
  if (!lookup(db, address, bytes, start, end)) {
    if ((options & XX) !== 0) return REFUSED;
    put.address = addMember(db, call.keyHash(1), address, bytes, start, end, score);
    return ADDED;
  }
  if ((options & NX) !== 0) return REFUSED;
  const old = hit.score;
  if ((options & INCR) !== 0) {
    score += old;
    if (Number.isNaN(score)) return IS_NAN;
  }
  if (((options & LT) !== 0 && score >= old) || ((options & GT) !== 0 && score <= old)) return REFUSED;
  put.score = score;
  if (score === old) return SAME;
  put.address = changeScore(db, call.keyHash(1), address, bytes, start, end, score);
  return CHANGED;
}

function replySum(
  call: Call,
  options: number,
  done: boolean,
  score: number,
  added: number,
  changed: number,
): void {
  if ((options & INCR) === 0) call.reply.integer((options & CH) !== 0 ? added + changed : added);
  else if (done) replyScore(call, score);
  else call.reply.null();
}
