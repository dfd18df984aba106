/** Arguments that are the number of a database. */
import { parseSafeInteger } from '../../base/int64.ts';
import type { Database } from '../../keyspace/database.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';

export const INT32_MIN = -2147483648;
export const INT32_MAX = 2147483647;

/** The database that argument `index` names, or null after an error reply. */
export function readDatabase(call: Call, index: number): Database | null {
  const number = parseSafeInteger(call.bytes, call.start(index), call.end(index));
  const db = call.server.keyspace.databases[number];
  if (db !== undefined) return db;
  if (Number.isNaN(number)) call.reply.error(errors.NOT_INTEGER);
  else if (number < INT32_MIN || number > INT32_MAX)
    call.reply.error(errors.outOfRange(INT32_MIN, INT32_MAX));
  else call.reply.error(errors.DB_INDEX_RANGE);
  return null;
}
