/**
 * Whether a listpack from outside is a block of a stream, so that every walk over it ends where it should and what is not deleted is in order.
 * O(n).
 */
import { compareIds, copyId, Id128, setId } from '../../base/id128.ts';
import { addInt64, int64 } from '../../base/int64.ts';
import { first, isInteger, isValid, next, previous, readInteger } from '../../memory/listpack.ts';
import { DELETED, SAME_FIELDS } from './block.ts';

const id = new Id128();
/** The last entry that is not deleted of the block that isBlock() looked at; the block's id when there is none. */
export const lastLive = new Id128();

/** The integer element that was read last. */
const value = { hi: 0, lo: 0 };

/** Whether u8[at..at+size) is a block whose id is `blockId`. Puts how many entries it has that are not deleted into `live`. */
export function isBlock(u8: Uint8Array, at: number, size: number, blockId: Id128): boolean {
  live = 0;
  if (!isValid(u8, at, size)) return false;
  let element = first(u8, at);
  if (!isNumber(u8, element)) return false;
  const count = value.lo;
  element = next(u8, element);
  if (!isNumber(u8, element)) return false;
  const deleted = value.lo;
  element = next(u8, element);
  if (!isNumber(u8, element)) return false;
  const fields = value.lo;
  element = skipElements(u8, element, fields + 1);
  if (!isNumber(u8, element) || value.lo !== 0) return false;
  let entries = 0;
  copyId(blockId, lastLive);
  for (element = next(u8, element); element >= 0; entries++) {
    element = checkEntry(u8, at, element, fields, blockId);
    if (element === BROKEN) return false;
  }
  return entries > 0 && live === count && entries - live === deleted;
}

/** See isBlock(). */
export let live = 0;

const BROKEN = -2;

/** Checks the entry at `element`. Returns the element behind it, -1 at the end, BROKEN when it is none. */
function checkEntry(u8: Uint8Array, at: number, element: number, fields: number, blockId: Id128): number {
  const start = element;
  if (!isNumber(u8, element) || value.lo > (DELETED | SAME_FIELDS)) return BROKEN;
  const flags = value.lo;
  element = next(u8, element);
  if (!isAnyInteger(u8, element)) return BROKEN;
  addInt64(blockId.msHi, blockId.msLo, value.hi, value.lo);
  setId(id, int64.hi, int64.lo, 0, 0);
  element = next(u8, element);
  if (!isAnyInteger(u8, element)) return BROKEN;
  addInt64(blockId.seqHi, blockId.seqLo, value.hi, value.lo);
  setId(id, id.msHi, id.msLo, int64.hi, int64.lo);
  if ((flags & DELETED) === 0) {
    const order = compareIds(id, lastLive);
    if (order < 0 || (order === 0 && live > 0)) return BROKEN;
    copyId(id, lastLive);
    live++;
  }
  let texts = fields;
  if ((flags & SAME_FIELDS) === 0) {
    element = next(u8, element);
    if (!isNumber(u8, element)) return BROKEN;
    texts = value.lo * 2;
  }
  const last = skipElements(u8, element, texts + 1);
  if (!isNumber(u8, last)) return BROKEN;
  const expected = texts + ((flags & SAME_FIELDS) === 0 ? 4 : 3);
  if (value.lo !== expected || !leadsBack(u8, at, last, expected, start)) return BROKEN;
  return next(u8, last);
}

/** Whether `n` elements before `element` is `start`. */
function leadsBack(u8: Uint8Array, at: number, element: number, n: number, start: number): boolean {
  for (; n > 0 && element >= 0; n--) element = previous(u8, at, element);
  return element === start;
}

function skipElements(u8: Uint8Array, element: number, n: number): number {
  for (; n > 0 && element >= 0; n--) element = next(u8, element);
  return element;
}

function isAnyInteger(u8: Uint8Array, element: number): boolean {
  if (element < 0 || !isInteger(u8, element)) return false;
  readInteger(u8, element);
  value.hi = int64.hi;
  value.lo = int64.lo;
  return true;
}

/** Whether the element is an integer from 0 to 2^31 - 1. */
function isNumber(u8: Uint8Array, element: number): boolean {
  return isAnyInteger(u8, element) && value.hi === 0 && value.lo >= 0;
}
