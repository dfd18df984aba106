/**
 * Sorting what was found by distance. When only the first ones are wanted the rest need not be in order: Bentley and McIlroy's quicksort
 * ("Engineering a sort function", 1993), which goes on only into the parts that reach into the first ones, so that n of N take O(N + n log n).
 *
 * Members at the very same distance come in the order in which this algorithm leaves them, with the constants that Redis has, because
 * that is what decides which of them COUNT leaves out there. When all are wanted they stay in the order in which they were found.
 */

/** Shorter parts are sorted by insertion. */
const INSERTION_MAX = 7;
/** In longer parts the pivot is the middle one of three middle ones. */
const NINTHER_MIN = 40;

const NO_PLACES: Int32Array = new Int32Array(0);
const NO_KEYS: Float64Array = new Float64Array(0);
let order = NO_PLACES;
let keys = NO_KEYS;
let sign = 1;

/** Sorts the places in `places` by their distances, so that at least the first `n` are right. */
export function sortByDistance(
  places: Int32Array,
  distances: Float64Array,
  ascending: boolean,
  n: number,
): void {
  if (n === places.length) {
    places.sort(ascending ? (a, b) => distances[a] - distances[b] : (a, b) => distances[b] - distances[a]);
    return;
  }
  order = places;
  keys = distances;
  sign = ascending ? 1 : -1;
  sortPart(0, places.length, n);
  order = NO_PLACES;
  keys = NO_KEYS;
}

/** Below, equal to or above zero as the place at position i comes before, with or after that at j. */
function compare(i: number, j: number): number {
  return sign * (keys[order[i]] - keys[order[j]]);
}

function swap(i: number, j: number): void {
  const place = order[i];
  order[i] = order[j];
  order[j] = place;
}

function swapMany(i: number, j: number, n: number): void {
  for (let k = 0; k < n; k++) swap(i + k, j + k);
}

/** Sorts order[start..start + size) as far as it is among the first `n`. */
function sortPart(start: number, size: number, n: number): void {
  while (size >= INSERTION_MAX) {
    swap(start, pivotOf(start, size));
    const end = start + size;
    // | equal to the pivot | below | not looked at | above | equal |, the pivot itself first.
    let equalUntil = start + 1;
    let at = start + 1;
    let last = end - 1;
    let equalFrom = end - 1;
    for (;;) {
      for (let side = 0; at <= last && (side = compare(at, start)) <= 0; at++) {
        if (side === 0) swap(equalUntil++, at);
      }
      for (let side = 0; at <= last && (side = compare(last, start)) >= 0; last--) {
        if (side === 0) swap(last, equalFrom--);
      }
      if (at > last) break;
      swap(at++, last--);
    }
    const below = at - equalUntil;
    const above = equalFrom - last;
    const front = Math.min(equalUntil - start, below);
    swapMany(start, at - front, front);
    const back = Math.min(above, end - equalFrom - 1);
    swapMany(at, end - back, back);
    if (below > 1) sortPart(start, below, n);
    start = end - above;
    size = above;
    if (above <= 1 || start >= n) return;
  }
  insertionSort(start, size);
}

function insertionSort(start: number, size: number): void {
  for (let i = start + 1; i < start + size; i++) {
    for (let j = i; j > start && compare(j - 1, j) > 0; j--) swap(j, j - 1);
  }
}

/** A position whose place is likely to be in the middle. */
function pivotOf(start: number, size: number): number {
  const middle = start + (size >>> 1);
  const last = start + size - 1;
  if (size === INSERTION_MAX) return middle;
  if (size <= NINTHER_MIN) return middleOf(start, middle, last);
  const step = size >>> 3;
  return middleOf(
    middleOf(start, start + step, start + 2 * step),
    middleOf(middle - step, middle, middle + step),
    middleOf(last - 2 * step, last - step, last),
  );
}

function middleOf(i: number, j: number, k: number): number {
  if (compare(i, j) < 0) {
    if (compare(j, k) < 0) return j;
    return compare(i, k) < 0 ? k : i;
  }
  if (compare(j, k) > 0) return j;
  return compare(i, k) < 0 ? i : k;
}
