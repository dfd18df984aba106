/**
 * Expire times as commands give them: seconds or milliseconds, from now or since 1970, up to the limits of int64.
 *
 * Inside, a time is absolute milliseconds in a double. Up to 2^53 (the year 287396) that is exact; beyond, overflow is still
 * judged exactly, in 64 bits, and the time kept is the nearest double.
 */
import { int64, int64ToBigInt, parseSafeInteger } from '../base/int64.ts';
import * as errors from '../resp/errors.ts';
import type { Call } from './call.ts';

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** What readTime() read: absolute milliseconds, and whether the number as given was above zero. */
export const time = { atMs: 0, isPositive: false };

/**
 * Reads argument `index` as a time into `time`. `unitMs` is 1000 for seconds and 1 for milliseconds, `absolute` says that it counts
 * from 1970. Replies the error and returns false when it is no integer or too far away. Allocates nothing for times up to 2^53.
 */
export function readTime(call: Call, index: number, unitMs: number, absolute: boolean): boolean {
  const value = parseSafeInteger(call.bytes, call.start(index), call.end(index));
  if (Number.isNaN(value)) {
    call.reply.error(errors.NOT_INTEGER);
    return false;
  }
  const baseMs = absolute ? 0 : call.server.nowMs;
  let atMs = value * unitMs + baseMs;
  if (!Number.isSafeInteger(value * unitMs) || !Number.isSafeInteger(atMs)) atMs = wideTime(unitMs, baseMs);
  if (Number.isNaN(atMs)) {
    call.reply.error(errors.invalidExpire(call.command.fullName));
    return false;
  }
  time.atMs = atMs;
  time.isPositive = value > 0;
  return true;
}

/** readTime() for a time that is asked to be above zero, as all options of string commands are. */
export function readPositiveTime(call: Call, index: number, unitMs: number, absolute: boolean): boolean {
  if (!readTime(call, index, unitMs, absolute)) return false;
  if (time.isPositive) return true;
  call.reply.error(errors.invalidExpire(call.command.fullName));
  return false;
}

/** The value in `int64` as absolute milliseconds; NaN when they overflow. */
function wideTime(unitMs: number, baseMs: number): number {
  const ms = int64ToBigInt(int64.hi, int64.lo) * BigInt(unitMs);
  if (ms > INT64_MAX || ms < INT64_MIN || ms + BigInt(baseMs) > INT64_MAX) return Number.NaN;
  return Number(ms + BigInt(baseMs));
}
