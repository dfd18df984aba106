/** The cursor argument of SCAN and its relatives, read as Redis reads it: as C's strtoul does, with all of the text used up. */
import * as errors from '../resp/errors.ts';
import type { Call } from './call.ts';

const UINT64_MAX = 2n ** 64n - 1n;
/** No walk hands out a cursor as high as this, so one that is read as this has come to its end. */
export const CURSOR_MAX = 2 ** 32;

/** The cursor that argument `index` spells, at most CURSOR_MAX; -1 after an error reply. */
export function readCursor(call: Call, index: number): number {
  const text = call.text(index);
  // What follows a NUL is no longer the text to C.
  const match = /^([-+]?)([0-9]*)(?:\0.*)?$/s.exec(text);
  if (match === null || (match[1] !== '' && match[2] === '') || BigInt(match[2]) > UINT64_MAX) {
    call.reply.error(errors.INVALID_CURSOR);
    return -1;
  }
  const value = Number(match[2]);
  return match[1] === '-' && value !== 0 ? CURSOR_MAX : Math.min(value, CURSOR_MAX);
}
