/**
 * Ranges of scores and of members in arguments: 1, (1, -inf; [a, (a, -, +. First both ends are read, which replies errors, then the sorted
 * set is looked up, then the range becomes ranks. One range at a time, kept here.
 */
import type { Database } from '../../keyspace/database.ts';
import { rankOfMember, rankOfScore, zsetCount } from '../../types/zset/zset.ts';
import type { Call } from '../call.ts';
import { parseBound } from './scores.ts';

const NOT_A_SCORE = 'ERR min or max is not a float';
const NOT_A_MEMBER = 'ERR min or max not valid string range item';

const OPEN = 40; // (
const CLOSED = 91; // [
const PLUS = 43;
const MINUS = 45;

/** The ranks [from, until) that the range read last stands for. */
export const interval = { from: 0, until: 0 };

const scores = { min: 0, minIsOut: false, max: 0, maxIsOut: false };

/** Reads a range of scores. False after an error reply. */
export function readScoreRange(call: Call, minIndex: number, maxIndex: number): boolean {
  scores.minIsOut = isOpen(call, minIndex);
  scores.min = bound(call, minIndex, scores.minIsOut);
  scores.maxIsOut = isOpen(call, maxIndex);
  scores.max = bound(call, maxIndex, scores.maxIsOut);
  if (!Number.isNaN(scores.min) && !Number.isNaN(scores.max)) return true;
  call.reply.error(NOT_A_SCORE);
  return false;
}

function isOpen(call: Call, index: number): boolean {
  return call.size(index) > 0 && call.bytes[call.start(index)] === OPEN;
}

function bound(call: Call, index: number, isOut: boolean): number {
  return parseBound(call.bytes, call.start(index) + (isOut ? 1 : 0), call.end(index));
}

/** Makes ranks of the range of scores. O(log n). */
export function resolveScores(db: Database, address: number): void {
  interval.from = rankOfScore(db, address, scores.min, scores.minIsOut);
  interval.until = rankOfScore(db, address, scores.max, !scores.maxIsOut);
}

const members = { min: 0, max: 0 };

/** Reads a range of members. False after an error reply. */
export function readMemberRange(call: Call, minIndex: number, maxIndex: number): boolean {
  members.min = minIndex;
  members.max = maxIndex;
  if (isMemberBound(call, minIndex) && isMemberBound(call, maxIndex)) return true;
  call.reply.error(NOT_A_MEMBER);
  return false;
}

function isMemberBound(call: Call, index: number): boolean {
  if (call.size(index) === 0) return false;
  const start = call.start(index);
  const first = call.bytes[start];
  if (first === OPEN || first === CLOSED) return true;
  return (first === PLUS || first === MINUS) && (call.size(index) === 1 || call.bytes[start + 1] === 0);
}

/** Makes ranks of the range of members, the arguments being where they were. O(log n). */
export function resolveMembers(call: Call, address: number): void {
  interval.from = memberRank(call, address, members.min, OPEN);
  interval.until = memberRank(call, address, members.max, CLOSED);
}

/** How many members are before the bound; also those equal to it where it begins with `orEqual`. */
function memberRank(call: Call, address: number, index: number, orEqual: number): number {
  const start = call.start(index);
  const first = call.bytes[start];
  if (first === MINUS) return 0;
  if (first === PLUS) return zsetCount(call.db, address);
  return rankOfMember(call.db, address, call.bytes, start + 1, call.end(index), first === orEqual);
}

/** Makes ranks of a start and a stop as ZRANGE has them, negative from the end. */
export function resolveRanks(count: number, start: number, stop: number): void {
  if (start < 0) start = Math.max(0, start + count);
  if (stop < 0) stop += count;
  interval.from = start;
  interval.until = Math.min(stop + 1, count);
}

/** Members in the range. */
export function intervalSize(): number {
  return Math.max(0, interval.until - interval.from);
}
