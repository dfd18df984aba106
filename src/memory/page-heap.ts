// Hands out runs of 4 KiB pages from the arena's segments, and joins neighbours that come back.
//
// What it knows lies in two tables in the first pages of each segment, so that a 64 GiB arena costs the garbage
// collector 2,048 views and not 16 million objects, and so that a new segment touches no memory before it uses it. (As
// arrays of their own the tables were zeroed by hand: 1 to 2 ms for each new segment, against 0.02.)
//
//     pageMap[segment][page]     what the page belongs to:
//         bits 0-7   0: free; 1 .. 80: size class of its span; RESERVED_PAGE; WHOLE_SPAN: one cell of whole pages
//         bits 8-21  first page of the run or span
//     spans[segment][page * 4 + field], valid at the first page of a run or span:
//         LENGTH  pages
//         NEXT, PREVIOUS  neighbours in the list that it is in (a bin here, the class's partial spans in the arena)
//         FREE_HEAD, BUMP, USED  the arena's, for spans of a size class. The last two lie in the entry of the next page, which
//             is free for them: such a span has more than one page, and nobody asks for the entry of a page inside of it
//
// Only the first and the last page of a free run or of a whole span need a true pageMap entry, because a neighbour
// asks only those. The arena fills in every page of a span with a size class.
//
// The tables take 0.5 % of a segment: 81 pages of 64 MiB. Their pages are marked as reserved, so joining to the left
// needs no bounds check (to the right, the page map has one entry more than pages), and page 0 is never handed out.
//
// A page id is segment << 14 | page: an address without its low 8 bits. Id 0 is 'none'.
//
// Free runs are in bins: one per length 1 .. 255, one for longer ones, and a last one for segments that are wholly
// free, which are used last so that they can be given back. A bitmap finds the first bin that can serve a request:
// every operation is O(1), since no request exceeds 256 pages and so any run of the long bin will do.
//
// A segment may be *closed*: its free runs are in no bin, so that nothing more is taken from it and it can be emptied.
//
// Invariants (audited by arena-audit.ts):
//   1. No two free runs touch.
//   2. Every free run of an open segment is in the bin of its length, and nothing else is in a bin.
//   3. Every page is in exactly one run or span, or is reserved.

import { SEGMENT_COUNT_MAX } from './address.ts';
import { PAGE_SHIFT, SPAN_PAGES_MAX } from './size-classes.ts';

export const PAGE_ID_SEGMENT_SHIFT = 14;
export const PAGE_INDEX_MASK = (1 << PAGE_ID_SEGMENT_SHIFT) - 1;

export const PAGE_KIND_MASK = 0xff;
export const PAGE_FIRST_SHIFT = 8;
export const FREE_PAGE = 0;
export const RESERVED_PAGE = 254;
export const WHOLE_SPAN = 255;

/** Int32 fields per page in `spans`: four, of which a span of a size class has two pages' at least. */
export const SPAN_STRIDE_SHIFT = 2;
export const SPAN_LENGTH = 0;
export const SPAN_NEXT = 1;
export const SPAN_PREVIOUS = 2;
export const SPAN_FREE_HEAD = 3;
export const SPAN_BUMP = 4;
export const SPAN_USED = 5;

export const LONG_BIN = SPAN_PAGES_MAX;
export const WHOLE_SEGMENT_BIN = SPAN_PAGES_MAX + 1;
export const BIN_COUNT = SPAN_PAGES_MAX + 2;

const NO_PAGES = new Int32Array(0);

export class PageHeap {
  /** See above. An unused segment slot holds an empty array, never a hole. */
  readonly pageMap: Int32Array[] = [];
  readonly spans: Int32Array[] = [];
  /** First run of each bin, a page id; 0 for none. */
  readonly bins = new Int32Array(BIN_COUNT);
  private readonly binBits = new Int32Array((BIN_COUNT + 31) >>> 5);
  /** By segment: 1 when it is closed. */
  readonly closed = new Uint8Array(SEGMENT_COUNT_MAX);
  /** By segment: pages up to the last one that has ever been in use. The operating system has given memory for no others. */
  readonly touchedPages = new Int32Array(SEGMENT_COUNT_MAX);
  /** Bytes of the tables of all live segments. */
  tableBytes = 0;
  /** Pages in spans. */
  usedPages = 0;

  /** Makes the pages of a new, zeroed segment available, except those for its tables: they must be more than SPAN_PAGES_MAX. */
  addSegment(segment: number, buffer: ArrayBuffer): void {
    const pages = buffer.byteLength >>> PAGE_SHIFT;
    const reserved = reservedPages(pages);
    const map = new Int32Array(buffer, 0, pages + 1);
    map[reserved - 1] = RESERVED_PAGE;
    map[pages] = RESERVED_PAGE;
    this.pageMap[segment] = map;
    this.spans[segment] = new Int32Array(buffer, spansOffset(pages), pages << SPAN_STRIDE_SHIFT);
    this.tableBytes += reserved << PAGE_SHIFT;
    this.touchedPages[segment] = reserved;
    this.putRun((segment << PAGE_ID_SEGMENT_SHIFT) | reserved, pages - reserved);
  }

  /** Forgets a segment; it must be wholly free. */
  removeSegment(segment: number): void {
    const reserved = this.firstPage(segment);
    this.unlink((segment << PAGE_ID_SEGMENT_SHIFT) | reserved, WHOLE_SEGMENT_BIN);
    this.tableBytes -= reserved << PAGE_SHIFT;
    this.touchedPages[segment] = 0;
    this.closed[segment] = 0;
    this.pageMap[segment] = NO_PAGES;
    this.spans[segment] = NO_PAGES;
  }

  /** Forgets all segments, used or not. */
  reset(): void {
    this.pageMap.fill(NO_PAGES);
    this.spans.fill(NO_PAGES);
    this.bins.fill(0);
    this.binBits.fill(0);
    this.closed.fill(0);
    this.touchedPages.fill(0);
    this.tableBytes = 0;
    this.usedPages = 0;
  }

  /** Bytes that the operating system has given memory for, the tables included. */
  get touchedBytes(): number {
    let pages = 0;
    for (let segment = 0; segment < this.pageMap.length; segment++) pages += this.touchedPages[segment];
    return pages * (1 << PAGE_SHIFT);
  }

  /** Open segments of which no page is in use. Takes time by the segment. */
  get emptySegments(): number {
    let count = 0;
    for (let id = this.bins[WHOLE_SEGMENT_BIN]; id !== 0; count++) {
      id =
        this.spans[id >>> PAGE_ID_SEGMENT_SHIFT][((id & PAGE_INDEX_MASK) << SPAN_STRIDE_SHIFT) + SPAN_NEXT];
    }
    return count;
  }

  /** Keeps a segment's free runs from being taken, or lets them be taken again. Takes time by the run. */
  setClosed(segment: number, closed: boolean): void {
    const pages = this.pageMap[segment].length - 1;
    const spans = this.spans[segment];
    // While the mark is not set runs can be linked and unlinked.
    this.closed[segment] = 0;
    for (let page = this.firstPage(segment); page < pages; ) {
      const length = spans[(page << SPAN_STRIDE_SHIFT) + SPAN_LENGTH];
      if ((this.pageMap[segment][page] & PAGE_KIND_MASK) === FREE_PAGE) {
        const id = (segment << PAGE_ID_SEGMENT_SHIFT) | page;
        if (closed) this.unlink(id, this.binOf(segment, length));
        else this.link(id, this.binOf(segment, length));
      }
      page += length;
    }
    this.closed[segment] = closed ? 1 : 0;
  }

  /** The first page of a segment that is not reserved. */
  firstPage(segment: number): number {
    return reservedPages(this.pageMap[segment].length - 1);
  }

  /** A segment of which no page is in use, or -1. */
  whollyFreeSegment(): number {
    const id = this.bins[WHOLE_SEGMENT_BIN];
    return id === 0 ? -1 : id >>> PAGE_ID_SEGMENT_SHIFT;
  }

  /**
   * Takes a run of exactly `pages` (1 .. SPAN_PAGES_MAX) pages: its first page's id, with LENGTH set and its first and last
   * page marked with `kind`; 0 when no segment has so many in a row.
   */
  take(pages: number, kind: number): number {
    const bin = this.firstBinFrom(pages);
    if (bin < 0) return 0;
    const id = this.bins[bin];
    const spans = this.spans[id >>> PAGE_ID_SEGMENT_SHIFT];
    const page = id & PAGE_INDEX_MASK;
    const available = spans[(page << SPAN_STRIDE_SHIFT) + SPAN_LENGTH];
    this.unlink(id, bin);
    if (available > pages) this.putRun(id + pages, available - pages);
    this.mark(id, pages, kind);
    this.usedPages += pages;
    const segment = id >>> PAGE_ID_SEGMENT_SHIFT;
    if (page + pages > this.touchedPages[segment]) this.touchedPages[segment] = page + pages;
    return id;
  }

  /** Gives back the run or span that starts at `id`, joined with the free runs on either side. */
  give(id: number): void {
    const segment = id >>> PAGE_ID_SEGMENT_SHIFT;
    const map = this.pageMap[segment];
    const spans = this.spans[segment];
    let first = id & PAGE_INDEX_MASK;
    let pages = spans[(first << SPAN_STRIDE_SHIFT) + SPAN_LENGTH];
    this.usedPages -= pages;

    const after = first + pages;
    if ((map[after] & PAGE_KIND_MASK) === FREE_PAGE) {
      const length = spans[(after << SPAN_STRIDE_SHIFT) + SPAN_LENGTH];
      this.unlink((segment << PAGE_ID_SEGMENT_SHIFT) | after, this.binOf(segment, length));
      pages += length;
    }
    const before = map[first - 1];
    if ((before & PAGE_KIND_MASK) === FREE_PAGE) {
      const length = first - (before >>> PAGE_FIRST_SHIFT);
      first -= length;
      this.unlink((segment << PAGE_ID_SEGMENT_SHIFT) | first, this.binOf(segment, length));
      pages += length;
    }
    this.putRun((segment << PAGE_ID_SEGMENT_SHIFT) | first, pages);
  }

  private putRun(id: number, pages: number): void {
    this.mark(id, pages, FREE_PAGE);
    this.link(id, this.binOf(id >>> PAGE_ID_SEGMENT_SHIFT, pages));
  }

  private mark(id: number, pages: number, kind: number): void {
    const segment = id >>> PAGE_ID_SEGMENT_SHIFT;
    const first = id & PAGE_INDEX_MASK;
    const map = this.pageMap[segment];
    const word = (first << PAGE_FIRST_SHIFT) | kind;
    map[first] = word;
    map[first + pages - 1] = word;
    this.spans[segment][(first << SPAN_STRIDE_SHIFT) + SPAN_LENGTH] = pages;
  }

  /** The bin of a free run of `pages` pages. */
  binOf(segment: number, pages: number): number {
    if (pages < LONG_BIN) return pages;
    const total = this.pageMap[segment].length - 1;
    return pages === total - reservedPages(total) ? WHOLE_SEGMENT_BIN : LONG_BIN;
  }

  private link(id: number, bin: number): void {
    if (this.closed[id >>> PAGE_ID_SEGMENT_SHIFT] !== 0) return;
    const at = (id & PAGE_INDEX_MASK) << SPAN_STRIDE_SHIFT;
    const spans = this.spans[id >>> PAGE_ID_SEGMENT_SHIFT];
    const next = this.bins[bin];
    spans[at + SPAN_NEXT] = next;
    spans[at + SPAN_PREVIOUS] = 0;
    if (next !== 0) setPrevious(this.spans, next, id);
    this.bins[bin] = id;
    this.binBits[bin >>> 5] |= 1 << (bin & 31);
  }

  private unlink(id: number, bin: number): void {
    if (this.closed[id >>> PAGE_ID_SEGMENT_SHIFT] !== 0) return;
    if (unlinkSpan(this.spans, id) === 0) {
      const next =
        this.spans[id >>> PAGE_ID_SEGMENT_SHIFT][((id & PAGE_INDEX_MASK) << SPAN_STRIDE_SHIFT) + SPAN_NEXT];
      this.bins[bin] = next;
      if (next === 0) this.binBits[bin >>> 5] &= ~(1 << (bin & 31));
    }
  }

  private firstBinFrom(bin: number): number {
    const bits = this.binBits;
    let word = bin >>> 5;
    let found = bits[word] & (-1 << (bin & 31));
    while (found === 0) {
      if (++word === bits.length) return -1;
      found = bits[word];
    }
    // The lowest set bit: isolate it, and count what is above.
    return (word << 5) + 31 - Math.clz32(found & -found);
  }
}

/** Where the span table of a segment of so many pages begins: behind its page map. A multiple of a cache line. */
function spansOffset(pages: number): number {
  return ((pages + 1) * 4 + 63) & -64;
}

/** Pages that the two tables of a segment of so many pages take. */
function reservedPages(pages: number): number {
  const bytes = spansOffset(pages) + (pages << (SPAN_STRIDE_SHIFT + 2));
  return (bytes + (1 << PAGE_SHIFT) - 1) >>> PAGE_SHIFT;
}

/** Takes a span out of its list; returns the one before it, 0 when it was the head (the caller then moves the head to NEXT). */
export function unlinkSpan(spans: Int32Array[], id: number): number {
  const own = spans[id >>> PAGE_ID_SEGMENT_SHIFT];
  const at = (id & PAGE_INDEX_MASK) << SPAN_STRIDE_SHIFT;
  const next = own[at + SPAN_NEXT];
  const previous = own[at + SPAN_PREVIOUS];
  if (next !== 0) setPrevious(spans, next, previous);
  if (previous !== 0) setNext(spans, previous, next);
  return previous;
}

export function setNext(spans: Int32Array[], id: number, next: number): void {
  spans[id >>> PAGE_ID_SEGMENT_SHIFT][((id & PAGE_INDEX_MASK) << SPAN_STRIDE_SHIFT) + SPAN_NEXT] = next;
}

export function setPrevious(spans: Int32Array[], id: number, previous: number): void {
  spans[id >>> PAGE_ID_SEGMENT_SHIFT][((id & PAGE_INDEX_MASK) << SPAN_STRIDE_SHIFT) + SPAN_PREVIOUS] =
    previous;
}
