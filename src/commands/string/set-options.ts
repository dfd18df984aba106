/** The options SET and its relatives share: conditions and expire times. */
import { parseSafeInteger } from '../../base/int64.ts';
import { NO_EXPIRE } from '../../keyspace/database.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';

/** Redis refuses times whose milliseconds would overflow 63 bits; a double keeps them apart well before that. */
const EXPIRE_MAX = 9223372036854775807;

/** The absolute time left by readExpire(). */
export const expire = { atMs: NO_EXPIRE };

/**
 * Reads argument `index` as an expire time. `unitMs` is 1000 for seconds and 1 for milliseconds, `absolute` says that it is a
 * time of day. Replies the error and returns false when it is no positive time.
 */
export function readExpire(call: Call, index: number, unitMs: number, absolute: boolean): boolean {
  const value = parseSafeInteger(call.bytes, call.start(index), call.end(index));
  if (value !== value) {
    call.reply.error(errors.NOT_INTEGER);
    return false;
  }
  const ms = value * unitMs + (absolute ? 0 : call.server.nowMs);
  if (value <= 0 || ms >= EXPIRE_MAX) {
    call.reply.error(errors.invalidExpire(call.command.fullName));
    return false;
  }
  expire.atMs = ms;
  return true;
}
