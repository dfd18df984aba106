// Walks every structure of an arena and throws on the first thing that is not as arena.ts and page-heap.ts say. For tests and for
// DEBUG commands: it takes time by the page and by the free cell.

import { GRANULE_SIZE, wordOffsetOf } from './address.ts';
import type { Arena } from './arena.ts';
import {
  BIN_COUNT,
  FREE_PAGE,
  PAGE_FIRST_SHIFT,
  PAGE_ID_SEGMENT_SHIFT,
  PAGE_INDEX_MASK,
  PAGE_KIND_MASK,
  RESERVED_PAGE,
  SPAN_BUMP,
  SPAN_FREE_HEAD,
  SPAN_LENGTH,
  SPAN_NEXT,
  SPAN_PREVIOUS,
  SPAN_STRIDE_SHIFT,
  SPAN_USED,
  WHOLE_SPAN,
} from './page-heap.ts';
import {
  CELL_BYTES,
  CELL_GRANULES,
  CLASS_COUNT,
  PAGE_GRANULES_SHIFT,
  PAGE_SIZE,
  SPAN_CELLS,
  SPAN_PAGES,
} from './size-classes.ts';

export function auditArena(arena: Arena): void {
  const partial = auditPartialSpans(arena);
  const binned = auditBins(arena);
  let used = 0;
  let partialSeen = 0;
  let binnedSeen = 0;
  for (let segment = 0; segment < arena.u8.length; segment++) {
    const pages = arena.u8[segment].length / PAGE_SIZE;
    if (pages === 0) continue;
    let usedHere = 0;
    let wasFree = false;
    for (let page = arena.pageHeap.firstPage(segment); page < pages; ) {
      const id = (segment << PAGE_ID_SEGMENT_SHIFT) | page;
      const length = field(arena, id, SPAN_LENGTH);
      const kind = checkPages(arena, segment, page, length);
      if (kind === FREE_PAGE) {
        check(!wasFree, `two free runs touch at page ${id}`);
        const isOpen = arena.pageHeap.closed[segment] === 0;
        check(binned.has(id) === isOpen, `free run ${id} is in no bin`);
        if (isOpen) binnedSeen++;
      } else if (kind === WHOLE_SPAN) {
        usedHere += length * PAGE_SIZE;
      } else {
        usedHere += auditSpan(arena, id, kind, partial);
        if (partial.has(id)) partialSeen++;
      }
      wasFree = kind === FREE_PAGE;
      page += length;
      check(page <= pages, `run ${id} goes past its segment`);
    }
    const counted = arena.segmentUsedGranules[segment] * GRANULE_SIZE;
    check(usedHere === counted, `segment ${segment}: ${usedHere} bytes in use, ${counted} counted`);
    used += usedHere;
  }
  check(used === arena.usedBytes, `${used} bytes in use, ${arena.usedBytes} counted`);
  check(partialSeen === partial.size, 'a class lists a span that does not exist');
  check(binnedSeen === binned.size, 'a bin lists a run that does not exist');
}

/** The kind of the run or span at `page`; checks its marks. */
function checkPages(arena: Arena, segment: number, page: number, length: number): number {
  const map = arena.pageHeap.pageMap[segment];
  const kind = map[page] & PAGE_KIND_MASK;
  check(kind !== RESERVED_PAGE && length > 0, `page ${page} of segment ${segment} is in no run`);
  const isSlab = kind !== FREE_PAGE && kind !== WHOLE_SPAN;
  const step = isSlab || length === 1 ? 1 : length - 1;
  for (let i = page; i < page + length; i += step) {
    check(
      map[i] === ((page << PAGE_FIRST_SHIFT) | kind),
      `page ${i} of segment ${segment} is marked wrongly`,
    );
  }
  return kind;
}

/** Bytes that the span has handed out. */
function auditSpan(arena: Arena, id: number, sizeClass: number, partial: Set<number>): number {
  const used = field(arena, id, SPAN_USED);
  const cells = SPAN_CELLS[sizeClass];
  check(field(arena, id, SPAN_LENGTH) === SPAN_PAGES[sizeClass], `span ${id} has the wrong length`);
  const isOpen = arena.pageHeap.closed[id >>> PAGE_ID_SEGMENT_SHIFT] === 0;
  check(
    partial.has(id) === (isOpen && used < cells),
    `span ${id}: ${used} of ${cells} cells in use, but its list differs`,
  );
  const start = id << PAGE_GRANULES_SHIFT;
  const granules = CELL_GRANULES[sizeClass];
  const bumped = (field(arena, id, SPAN_BUMP) - start) / granules;
  const free = new Set<number>();
  for (let cell = field(arena, id, SPAN_FREE_HEAD); cell !== 0; cell = next(arena, cell)) {
    const index = (cell - start) / granules;
    check(Number.isInteger(index) && index >= 0 && index < bumped, `span ${id} lists a cell outside`);
    check(!free.has(index), `span ${id} lists a cell twice`);
    free.add(index);
  }
  check(bumped - free.size === used, `span ${id}: ${used} in use, ${bumped} begun, ${free.size} free`);
  return used * CELL_BYTES[sizeClass];
}

function auditPartialSpans(arena: Arena): Set<number> {
  const seen = new Set<number>();
  for (let sizeClass = 1; sizeClass < CLASS_COUNT; sizeClass++) {
    let previous = 0;
    let hasEmpty = false;
    let length = 0;
    for (let id = arena.partialSpans[sizeClass]; id !== 0; id = field(arena, id, SPAN_NEXT)) {
      check(kindOf(arena, id) === sizeClass, `span ${id} is in the list of class ${sizeClass}`);
      check(!seen.has(id), `span ${id} is listed twice`);
      check(field(arena, id, SPAN_PREVIOUS) === previous, `span ${id} has the wrong predecessor`);
      if (field(arena, id, SPAN_USED) === 0) hasEmpty = true;
      seen.add(id);
      previous = id;
      length++;
    }
    check(!hasEmpty || length === 1, `class ${sizeClass} keeps an empty span beside others`);
  }
  return seen;
}

function auditBins(arena: Arena): Set<number> {
  const seen = new Set<number>();
  for (let bin = 0; bin < BIN_COUNT; bin++) {
    let previous = 0;
    for (let id = arena.pageHeap.bins[bin]; id !== 0; id = field(arena, id, SPAN_NEXT)) {
      const belongs = arena.pageHeap.binOf(id >>> PAGE_ID_SEGMENT_SHIFT, field(arena, id, SPAN_LENGTH));
      check(kindOf(arena, id) === FREE_PAGE, `run ${id} is in a bin and in use`);
      check(belongs === bin, `run ${id} is in bin ${bin}, belongs in ${belongs}`);
      check(field(arena, id, SPAN_PREVIOUS) === previous, `run ${id} has the wrong predecessor`);
      check(!seen.has(id), `run ${id} is listed twice`);
      seen.add(id);
      previous = id;
    }
  }
  return seen;
}

function field(arena: Arena, id: number, name: number): number {
  const spans = arena.pageHeap.spans[id >>> PAGE_ID_SEGMENT_SHIFT];
  return spans[((id & PAGE_INDEX_MASK) << SPAN_STRIDE_SHIFT) + name];
}

function kindOf(arena: Arena, id: number): number {
  return arena.pageHeap.pageMap[id >>> PAGE_ID_SEGMENT_SHIFT][id & PAGE_INDEX_MASK] & PAGE_KIND_MASK;
}

function next(arena: Arena, cell: number): number {
  return arena.i32[cell >>> 22][wordOffsetOf(cell)];
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`arena audit: ${what}`);
}
