/** Bit offsets as arguments: anywhere in the longest string that there may be. */
import { parseSafeInteger } from '../../base/int64.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';

const HASH = 35;

/**
 * The offset that argument `index` says; -1 after an error reply. With `bits` > 0 it may be '#n', which is the n-th field of so many
 * bits.
 */
export function readOffset(call: Call, index: number, bits: number): number {
  const { bytes } = call;
  const start = call.start(index);
  const hashed = bits > 0 && call.size(index) > 0 && bytes[start] === HASH;
  const number = parseSafeInteger(bytes, hashed ? start + 1 : start, call.end(index));
  const offset = hashed ? number * bits : number;
  if (offset >= 0 && Math.floor(offset / 8) < call.db.keyspace.stringSizeMax) return offset;
  call.reply.error(errors.BIT_OFFSET);
  return -1;
}
