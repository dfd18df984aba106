import { int64, parseSafeInteger } from '../../base/int64.ts';
import { TYPE_LIST } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { listLength } from '../../types/list/list-value.ts';
import { walk } from '../../types/list/list-walk.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, keyAt, READONLY } from '../define.ts';
import { findForRead, WRONG } from '../lookup.ts';

export const LPOS = defineCommand({
  name: 'LPOS',
  summary: 'Returns the positions of the elements of a list that equal one.',
  group: 'list',
  since: '6.0.6',
  complexity:
    'O(N) where N is the number of elements looked at: all of them, or MAXLEN, or up to the last match wanted',
  arity: -3, // LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [
    arg.key('key'),
    arg.string('element'),
    arg.integer('rank', { token: 'RANK', optional: true }),
    arg.integer('num-matches', { token: 'COUNT', optional: true }),
    arg.integer('len', { token: 'MAXLEN', optional: true }),
  ],
  handler: lpos,
});

const RANK_ZERO =
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list";
const RANK_RANGE =
  'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807';
const COUNT_NEGATIVE = "ERR COUNT can't be negative";
const MAXLEN_NEGATIVE = "ERR MAXLEN can't be negative";

/**
 * What the options say; a count of -1: one position, not in an array; of 0: all. A `maxLength` of 0: no limit. With `overflown` a
 * count is no limit either.
 */
const options = { rank: 1, count: -1, maxLength: 0, overflown: false };
/** The positions found last. */
const positions: number[] = [];

function lpos(call: Call): void {
  if (!readOptions(call)) return;
  const { reply } = call;
  const address = findForRead(call, 1, TYPE_LIST);
  if (address === WRONG) return;
  positions.length = 0;
  if (address !== 0) search(call, address);
  if (options.count === -1) {
    if (positions.length === 0) reply.null();
    else reply.integer(positions[0]);
    return;
  }
  reply.array(positions.length);
  for (let i = 0; i < positions.length; i++) reply.integer(positions[i]);
  positions.length = 0;
}

/** Looks from the end that the rank's sign says on, passes over rank - 1 matches and keeps the positions of those that follow. */
function search(call: Call, address: number): void {
  const { bytes } = call;
  const start = call.start(2);
  const end = call.end(2);
  const forward = options.rank > 0;
  const length = listLength(call.db, address);
  const wanted = options.count === -1 ? 1 : options.count === 0 || options.overflown ? length : options.count;
  const looked = options.maxLength === 0 ? length : Math.min(length, options.maxLength);
  let pass = Math.abs(options.rank) - 1;
  walk.open(call.db, address, forward ? 0 : length - 1, forward);
  for (let i = 0; i < looked && positions.length < wanted; i++) {
    if (i > 0) walk.next();
    if (!walk.equals(bytes, start, end)) continue;
    if (pass > 0) pass--;
    else positions.push(forward ? i : length - 1 - i);
  }
}

function readOptions(call: Call): boolean {
  options.rank = 1;
  options.count = -1;
  options.maxLength = 0;
  options.overflown = false;
  for (let i = 3; i < call.argc; i += 2) {
    const error = readOption(call, i);
    if (error !== null) {
      call.reply.error(error);
      return false;
    }
  }
  return true;
}

/** Null, or an error text. */
function readOption(call: Call, index: number): string | null {
  const isRank = call.is(index, 'RANK');
  const isCount = call.is(index, 'COUNT');
  if ((!isRank && !isCount && !call.is(index, 'MAXLEN')) || index + 1 === call.argc) return errors.SYNTAX;
  let value = parseSafeInteger(call.bytes, call.start(index + 1), call.end(index + 1));
  if (isRank) {
    if (Number.isNaN(value)) return errors.NOT_INTEGER;
    // A double is not enough to tell this number from its neighbours.
    if (value === -(2 ** 63) && int64.lo === 0) {
      if (call.server.is72) return RANK_RANGE;
      // Redis 7.0 negates it and gets the same number: no match is passed over, and no count of matches is ever reached.
      value = -1;
      options.overflown = true;
    } else {
      options.overflown = false;
    }
    if (value === 0) return RANK_ZERO;
    options.rank = value;
  } else if (isCount) {
    if (!(value >= 0)) return COUNT_NEGATIVE;
    options.count = value;
  } else {
    if (!(value >= 0)) return MAXLEN_NEGATIVE;
    options.maxLength = value;
  }
  return null;
}
