/**
 * Puts elements into order, or only the part of them that is asked for.
 *
 * What is sorted are the elements' numbers. Each has a key, a double: its weight, or for texts their first six bytes as one number
 * (prefixKey()). Equal keys are told apart by a text each, equal texts by the element's number, so the order is total and the same as
 * that of a stable sort. DESC turns keys and texts around and leaves elements that are equal in both in the order they came in.
 *
 * Quicksort with a pivot drawn at random, which goes only into parts that overlap the range that is wanted: O(N + M log M) for M of N
 * elements, as expected over the draws and whatever the data. (A merge sort compares 15% less when all are wanted, and as much when one is.)
 */

import { compareBytes } from '../../base/bytes.ts';
import type { Prng } from '../../base/prng.ts';
import type { Texts } from './texts.ts';

/** Parts as small as this are sorted by insertion. */
const SMALL = 12;
const PREFIX_SIZE = 6;
const KEPT = 64 << 10;

/** The key of an element that has no text to be sorted by: before all others. */
export const NO_TEXT = -1;

/** The keys, by the element's number. Room for them is made by startOrder(). */
export let keys = new Float64Array(1024);
/** The elements' numbers: the first ones sorted, after sortRange(), as far as they were asked for. */
export let order = new Int32Array(1024);

let texts: Texts;
let descending = false;
let random: Prng;

/** Makes room for the keys of `count` elements, whose order is the one that they have. */
export function startOrder(count: number): void {
  if (count > keys.length) {
    keys = new Float64Array(count);
    order = new Int32Array(count);
  }
  for (let i = 0; i < count; i++) order[i] = i;
}

/** Gives large memory back. */
export function endOrder(): void {
  if (keys.length <= KEPT) return;
  keys = new Float64Array(1024);
  order = new Int32Array(1024);
}

/** The first bytes of a text as a number that is in order as they are. Equal for texts that only differ further on or in zeroes at their end. */
export function prefixKey(bytes: Uint8Array, start: number, end: number): number {
  let key = 0;
  for (let i = start; i < start + PREFIX_SIZE; i++) key = key * 256 + (i < end ? bytes[i] : 0);
  return key;
}

/** Sorts so that order[from..until) is as if all `count` elements were sorted. `ties` has a text for each. */
export function sortRange(
  count: number,
  from: number,
  until: number,
  ties: Texts,
  isDescending: boolean,
  prng: Prng,
): void {
  texts = ties;
  descending = isDescending;
  random = prng;
  sortPart(0, count, from, until);
}

/** Whether element `a` comes before `b`. Allocates nothing. */
function comesBefore(a: number, b: number): boolean {
  const difference = keys[a] - keys[b];
  if (difference < 0) return !descending;
  if (difference > 0) return descending;
  // Equal, or both the same infinity.
  const { bytes, bounds } = texts;
  const compared = compareBytes(bytes, bounds[a], bounds[a + 1], bytes, bounds[b], bounds[b + 1]);
  return compared === 0 ? a < b : compared < 0 !== descending;
}

/** Sorts order[low..high) as far as it overlaps [from..until). */
function sortPart(low: number, high: number, from: number, until: number): void {
  while (high - low > SMALL) {
    if (until <= low || from >= high) return;
    const middle = partition(low, high);
    // The smaller part by recursion, so that it is never deep.
    if (middle - low < high - middle) {
      sortPart(low, middle, from, until);
      low = middle;
    } else {
      sortPart(middle, high, from, until);
      high = middle;
    }
  }
  for (let i = low + 1; i < high; i++) insert(low, i);
}

/** Puts order[at] to its place among the sorted order[low..at). */
function insert(low: number, at: number): void {
  const element = order[at];
  let i = at - 1;
  for (; i >= low && comesBefore(element, order[i]); i--) order[i + 1] = order[i];
  order[i + 1] = element;
}

/** Divides order[low..high) in two, neither empty, so that no element of the second part comes before one of the first. Returns where it begins. */
function partition(low: number, high: number): number {
  const drawn = medianOfThree(low, high);
  const pivot = order[drawn];
  order[drawn] = order[low];
  order[low] = pivot;
  let i = low - 1;
  let j = high;
  for (;;) {
    do i++;
    while (comesBefore(order[i], pivot));
    do j--;
    while (comesBefore(pivot, order[j]));
    if (i >= j) return j + 1;
    const swapped = order[i];
    order[i] = order[j];
    order[j] = swapped;
  }
}

/** The place of the middle one of three elements drawn at random. */
function medianOfThree(low: number, high: number): number {
  const size = high - low;
  const a = low + random.below(size);
  const b = low + random.below(size);
  const c = low + random.below(size);
  const isBeforeB = comesBefore(order[a], order[b]);
  if (comesBefore(order[b], order[c]) === isBeforeB) return b;
  return comesBefore(order[a], order[c]) === isBeforeB ? c : a;
}
