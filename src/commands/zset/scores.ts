/** Scores in arguments and replies. */

import { stringFromBytes } from '../../base/bytes.ts';
import {
  DOUBLE_TEXT_SIZE_MAX,
  isZeroDigits,
  parseDouble,
  readFloatText,
  writeDouble,
} from '../../base/double.ts';
import { parseSafeInteger } from '../../base/int64.ts';
import * as errors from '../../resp/errors.ts';
import type { ZsetWalk } from '../../types/zset/walk.ts';
import type { Call } from '../call.ts';

const text = new Uint8Array(DOUBLE_TEXT_SIZE_MAX);

/** Replies a score: a double, or its text to RESP2 clients. */
export function replyScore(call: Call, score: number): void {
  const { reply } = call;
  const size = writeDouble(score, call.server.compat, text, 0);
  if (reply.resp !== 3) {
    reply.bulk(text, 0, size);
    return;
  }
  reply.literal(',');
  reply.raw(text, 0, size);
  reply.crlf();
}

/** Replies `n` members from where the walk is on; scores as pairs to RESP3 clients and with `nested`, flat else. Without the array's header. */
export function replyMembers(
  call: Call,
  walk: ZsetWalk,
  n: number,
  withScores: boolean,
  nested: boolean,
): void {
  const { reply } = call;
  for (let i = 0; i < n; i++) {
    if (nested) reply.array(2);
    reply.bulk(walk.bytes, walk.start, walk.end);
    if (withScores) replyScore(call, walk.score);
    if (i + 1 < n) walk.advance();
  }
}

/** Replies the header of an array of `n` members, with scores as this client gets them. Returns whether they are pairs. */
export function replyHeader(call: Call, n: number, withScores: boolean): boolean {
  const nested = withScores && call.reply.resp === 3;
  call.reply.array(withScores && !nested ? 2 * n : n);
  return nested;
}

/** The integer that argument `index` spells, NaN after an error reply. */
export function readInteger(call: Call, index: number, error: string = errors.NOT_INTEGER): number {
  const value = parseSafeInteger(call.bytes, call.start(index), call.end(index));
  if (Number.isNaN(value)) call.reply.error(error);
  return value;
}

/**
 * The double that bytes[start..end) spells as the end of a range: as C's strtod reads it, so that leading space is skipped, nothing is 0,
 * a zero byte ends it, and what is out of range is infinite or zero. NaN if it is none.
 */
export function parseBound(bytes: Uint8Array, start: number, end: number): number {
  const value = parseDouble(bytes, start, end);
  if (!Number.isNaN(value)) return value;
  const [spelled] = stringFromBytes(bytes, start, end).split('\0');
  if (spelled === '') return 0;
  const number = spelled.replace(/^[ \t\n\v\f\r]+/, '');
  const float = readFloatText(number);
  if (float === null) return Number.NaN;
  if (float.infinite) return float.negative ? -Infinity : Infinity;
  const magnitude = isZeroDigits(float.digits) ? 0 : outOfRange(float, number);
  return float.negative ? -magnitude : magnitude;
}

function outOfRange(float: { base: 10 | 16; digits: string; exponent: number }, number: string): number {
  if (float.base === 10) return Math.abs(Number(number));
  const bytes = Buffer.from(number.replace(/^[+-]/, ''), 'latin1');
  const value = parseDouble(bytes, 0, bytes.length);
  if (!Number.isNaN(value)) return value;
  return float.exponent + 4 * float.digits.replace(/^0+/, '').length > 0 ? Infinity : 0;
}
