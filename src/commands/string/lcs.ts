/**
 * LCS: the longest common subsequence of two strings; the algorithm is in ../../types/string/lcs.ts.
 *
 *   LCS a b          the subsequence        LCS a b LEN      its length
 *   LCS a b IDX      where it lies in both: a map of 'matches' ([[a from, a to], [b from, b to]], from the last to the first,
 *                    with WITHMATCHLEN each followed by its length, without those shorter than MINMATCHLEN) and 'len'
 */
import { parseSafeInteger } from '../../base/int64.ts';
import * as errors from '../../resp/errors.ts';
import { type LcsMatch, lcs, lcsLength, lcsTableSize } from '../../types/string/lcs.ts';
import { isString, readString, view } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, keysFrom, READONLY } from '../define.ts';

export const LCS = defineCommand({
  name: 'LCS',
  summary: 'Finds the longest common subsequence of two strings.',
  group: 'string',
  since: '7.0.0',
  complexity: 'O(N*M) where N and M are the lengths of the two strings',
  arity: -3, // LCS key1 key2 [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN]
  flags: READONLY,
  keys: [keysFrom(1, 2, 1, 'RO', 'access')],
  args: [
    arg.key('key1'),
    arg.key('key2'),
    arg.token('len', 'LEN', { optional: true }),
    arg.token('idx', 'IDX', { optional: true }),
    arg.integer('len', { token: 'MINMATCHLEN', optional: true }),
    arg.token('withmatchlen', 'WITHMATCHLEN', { optional: true }),
  ],
  handler: longestCommonSubsequence,
});

interface Operand {
  bytes: Uint8Array;
  start: number;
  end: number;
}

interface LcsOptions {
  length: boolean;
  index: boolean;
  withLength: boolean;
  sizeMin: number;
}

function longestCommonSubsequence(call: Call): void {
  const { reply } = call;
  const a = operand(call, 1);
  const b = operand(call, 2);
  if (a === null || b === null) {
    reply.error(errors.LCS_TYPE);
    return;
  }
  const options = readLcsOptions(call);
  if (options === null) return;
  if (lcsTableSize(a.end - a.start, b.end - b.start) > call.db.keyspace.stringSizeMax) {
    reply.error(errors.LCS_MEMORY);
    return;
  }
  if (options.length) {
    reply.integer(lcsLength(a.bytes, a.start, a.end, b.bytes, b.start, b.end));
    return;
  }
  const found = lcs(a.bytes, a.start, a.end, b.bytes, b.start, b.end, options.sizeMin);
  if (options.index) replyMatches(call, found.matches, found.length, options.withLength);
  else reply.bulk(found.bytes, 0, found.length);
}

/** The string of argument `index`, empty when there is no key, null when it is no string. */
function operand(call: Call, index: number): Operand | null {
  const { db } = call;
  const address = db.findForRead(call.keyHash(index), call.bytes, call.start(index), call.end(index));
  if (address === 0) return { bytes: call.bytes, start: 0, end: 0 };
  if (!isString(db, address)) return null;
  readString(db, address);
  // An integer's digits are in a scratch buffer that the other operand may use.
  return { bytes: view.bytes.slice(view.start, view.end), start: 0, end: view.end - view.start };
}

function readLcsOptions(call: Call): LcsOptions | null {
  const options = { length: false, index: false, withLength: false, sizeMin: 0 };
  for (let i = 3; i < call.argc; i++) {
    if (call.is(i, 'IDX')) options.index = true;
    else if (call.is(i, 'LEN')) options.length = true;
    else if (call.is(i, 'WITHMATCHLEN')) options.withLength = true;
    else if (call.is(i, 'MINMATCHLEN') && i + 1 < call.argc) {
      i++;
      options.sizeMin = parseSafeInteger(call.bytes, call.start(i), call.end(i));
      if (Number.isNaN(options.sizeMin)) return refuse(call, errors.NOT_INTEGER);
    } else {
      return refuse(call, errors.SYNTAX);
    }
  }
  if (options.length && options.index) return refuse(call, errors.LCS_LENGTH_AND_INDEX);
  return options;
}

function refuse(call: Call, text: string): null {
  call.reply.error(text);
  return null;
}

function replyMatches(call: Call, matches: LcsMatch[], length: number, withLength: boolean): void {
  const { reply } = call;
  reply.map(2);
  reply.bulkText('matches');
  reply.array(matches.length);
  for (const match of matches) {
    reply.array(withLength ? 3 : 2);
    reply.array(2);
    reply.integer(match.aStart);
    reply.integer(match.aEnd);
    reply.array(2);
    reply.integer(match.bStart);
    reply.integer(match.bEnd);
    if (withLength) reply.integer(match.length);
  }
  reply.bulkText('len');
  reply.integer(length);
}
