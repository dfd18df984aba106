/**
 * When a set is small enough to be packed, and how: what the encoding of a set becomes with one more member. Redis's rules, as
 * directives set them; 7.0 has no listpacks of sets, which is `setEntries` 0.
 *
 *                  integer comes                         text comes
 *     INTSET       stays up to setIntsetEntries,         LISTPACK where that is small enough for all members, else HT
 *                  then HT
 *     LISTPACK     stays up to setEntries members of setValue bytes, then HT, in both cases
 *     HT           stays
 *
 * No set goes back by itself.
 */
import type { Keyspace } from '../../keyspace/keyspace.ts';
import { ENCODING_HT, ENCODING_INTSET, ENCODING_LISTPACK } from '../../memory/record.ts';

type Packing = Keyspace['packing'];

/** What a new set begins as: by its first member and how many are expected, at least 1. */
export function firstEncoding(packing: Packing, isInteger: boolean, expected: number): number {
  if (isInteger && expected <= packing.setIntsetEntries) return ENCODING_INTSET;
  return expected <= packing.setEntries ? ENCODING_LISTPACK : ENCODING_HT;
}

/** What the encoding of a set of `count` members, the longest of `longest` bytes, is with a new one of `length` bytes. */
export function encodingWith(
  packing: Packing,
  encoding: number,
  count: number,
  longest: number,
  isInteger: boolean,
  length: number,
): number {
  if (encoding === ENCODING_HT) return ENCODING_HT;
  if (encoding === ENCODING_INTSET && isInteger) {
    return count < packing.setIntsetEntries ? ENCODING_INTSET : ENCODING_HT;
  }
  if (count >= packing.setEntries || length > packing.setValue) return ENCODING_HT;
  return encoding === ENCODING_INTSET && longest > packing.setValue ? ENCODING_HT : ENCODING_LISTPACK;
}

/** A set that exists and is to get up to `expected` members at once: whether that makes it HT at the outset, as 7.2 does it. */
export function isTooManyFor(packing: Packing, encoding: number, expected: number): boolean {
  if (encoding === ENCODING_INTSET) return expected > packing.setIntsetEntries;
  return encoding === ENCODING_LISTPACK && expected > packing.setEntries;
}
