// Which cell sizes the arena hands out, and in what portions it takes pages for them.
//
//     1 .. 512 bytes       every multiple of 16: 32 classes, at most 15 bytes unused
//     513 B .. 32 KiB      8 classes per doubling (576, 640, ... 1024, 1152, ...): at most 1/9 of a cell unused
//     32 KiB .. 1 MiB      no class: whole 4 KiB pages, at most 1/9 unused
//
// Powers of two alone would waste 25 % on average. Finer steps waste less inside cells, but every class keeps a
// partly used span of its own; with 80 classes of 16 to 128 KiB that is a few megabytes at the very worst.
//
// A span is a run of pages cut into cells of one class: 16 KiB or 8 cells (but 64 KiB at most) to begin with, and as much longer,
// up to 128 KiB, as it takes to leave less than 2 % unused at its end. Every span has at least two cells.

import { GRANULE_SHIFT, GRANULE_SIZE } from './address.ts';

export const PAGE_SIZE = 4096;
export const PAGE_SHIFT = 12;
/** Granules in a page, as a shift: page id = address >>> PAGE_GRANULES_SHIFT. */
export const PAGE_GRANULES_SHIFT = PAGE_SHIFT - GRANULE_SHIFT;

/** The largest request the arena serves. What is larger belongs in a LargeTable. */
export const MAX_ALLOCATION = 1 << 20;
export const SPAN_PAGES_MAX = MAX_ALLOCATION / PAGE_SIZE;

const EXACT_CLASS_BYTES_MAX = 512;
const CLASS_BYTES_MAX = 32 * 1024;
const CLASSES_PER_DOUBLING = 8;
const SPAN_BYTES_MIN = 16 * 1024;
const SPAN_CELLS_WANTED = 8;
const SPAN_BYTES_WANTED_MAX = 64 * 1024;
const SPAN_PAGES_LONGEST = 32;
const SPAN_UNUSED_MAX = 0.02;

/** The largest request, in granules, that has a size class. */
export const CLASS_GRANULES_MAX = CLASS_BYTES_MAX / GRANULE_SIZE;

/** Cell size of each class; class 0 is 'none'. */
export const CELL_BYTES: Int32Array = Int32Array.from(cellSizes());
export const CLASS_COUNT = CELL_BYTES.length;
/** The same in granules. */
export const CELL_GRANULES: Int32Array = CELL_BYTES.map((bytes) => bytes / GRANULE_SIZE);
/** Pages of a span of each class. */
export const SPAN_PAGES: Int32Array = CELL_BYTES.map(spanPagesFor);
/** Cells in a span of each class. */
export const SPAN_CELLS: Int32Array = CELL_BYTES.map((bytes, sizeClass) =>
  sizeClass === 0 ? 0 : Math.floor((SPAN_PAGES[sizeClass] * PAGE_SIZE) / bytes),
);
/** The smallest class whose cells hold so many granules, for 1 .. CLASS_GRANULES_MAX. */
export const CLASS_OF_GRANULES: Uint8Array = classOfGranules();

/** Bytes that a request for `bytes` really gets: what a growing value may use without moving. 1 .. MAX_ALLOCATION. */
export function cellBytesFor(bytes: number): number {
  const granules = (bytes + GRANULE_SIZE - 1) >>> GRANULE_SHIFT;
  if (granules <= CLASS_GRANULES_MAX) return CELL_BYTES[CLASS_OF_GRANULES[granules]];
  return (bytes + PAGE_SIZE - 1) & -PAGE_SIZE;
}

function cellSizes(): number[] {
  const sizes = [0];
  let bytes = 0;
  while (bytes < EXACT_CLASS_BYTES_MAX) sizes.push((bytes += GRANULE_SIZE));
  while (bytes < CLASS_BYTES_MAX) {
    const step = bytes / CLASSES_PER_DOUBLING;
    for (let i = 0; i < CLASSES_PER_DOUBLING; i++) sizes.push((bytes += step));
  }
  return sizes;
}

function spanPagesFor(cellBytes: number): number {
  if (cellBytes === 0) return 0;
  const wanted = Math.max(SPAN_BYTES_MIN, Math.min(cellBytes * SPAN_CELLS_WANTED, SPAN_BYTES_WANTED_MAX));
  let best = wanted >>> PAGE_SHIFT;
  for (let pages = best + 1; pages <= SPAN_PAGES_LONGEST; pages++) {
    if (unusedPart(best, cellBytes) < SPAN_UNUSED_MAX) break;
    if (unusedPart(pages, cellBytes) < unusedPart(best, cellBytes)) best = pages;
  }
  return best;
}

function unusedPart(pages: number, cellBytes: number): number {
  return ((pages * PAGE_SIZE) % cellBytes) / (pages * PAGE_SIZE);
}

function classOfGranules(): Uint8Array {
  const table = new Uint8Array(CLASS_GRANULES_MAX + 1);
  let sizeClass = 1;
  for (let granules = 1; granules <= CLASS_GRANULES_MAX; granules++) {
    if (granules * GRANULE_SIZE > CELL_BYTES[sizeClass]) sizeClass++;
    table[granules] = sizeClass;
  }
  return table;
}
