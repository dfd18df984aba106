/** What the commands on the expire times of fields share: FIELDS numfields field ..., and times. */
import { int64, parseSafeInteger } from '../../base/int64.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';

/** The latest time that a field can have, absolute milliseconds: Redis's limit (the year 4199). */
const FIELD_TIME_MAX_MS = 2 ** 46 - 1;

/** The time that readFieldTime() has read: absolute milliseconds. */
export const fieldTime = { atMs: 0 };

/**
 * Reads `FIELDS n field ...` from argument `at` on, where `per` arguments belong to each field, up to the end of the call. Returns n, or
 * -1 after an error reply; the fields begin at `at + 2`.
 */
export function readFields(call: Call, at: number, notPositive: string = errors.FIELDS_POSITIVE): number {
  if (at >= call.argc || !call.is(at, 'FIELDS')) return refuse(call, errors.FIELDS_MISSING);
  // The arity does not see to it where options stand before.
  if (at + 1 >= call.argc) return refuse(call, errors.wrongArity(call.command.fullName));
  const count = parseSafeInteger(call.bytes, call.start(at + 1), call.end(at + 1));
  if (!(count > 0)) return refuse(call, notPositive);
  if (count !== call.argc - at - 2) return refuse(call, errors.FIELDS_COUNT);
  return count;
}

/**
 * Reads argument `index` as a time into `fieldTime`: `unitMs` is 1000 for seconds and 1 for milliseconds, `absolute` says that it
 * counts from 1970. Replies the error and returns false when it is no integer, negative or too far away.
 */
export function readFieldTime(call: Call, index: number, unitMs: number, absolute: boolean): boolean {
  const value = parseSafeInteger(call.bytes, call.start(index), call.end(index));
  if (Number.isNaN(value)) {
    call.reply.error(errors.NOT_INTEGER);
    return false;
  }
  if (int64.hi < 0) {
    call.reply.error(errors.EXPIRE_NEGATIVE);
    return false;
  }
  const atMs = value * unitMs + (absolute ? 0 : call.server.nowMs);
  if (atMs > FIELD_TIME_MAX_MS) {
    call.reply.error(errors.invalidExpire(call.command.fullName));
    return false;
  }
  fieldTime.atMs = atMs;
  return true;
}

/** Replies the error; -1. */
export function refuse(call: Call, text: string): -1 {
  call.reply.error(text);
  return -1;
}
