// The arena: malloc for everything that grows, in ArrayBuffers outside the JS heap.
//
// A JS object per key costs 150 bytes and, with millions of them, garbage collections that stop the world for a
// second. Here a key is a cell in a 64 MiB ArrayBuffer and its address is an int32 (address.ts): the garbage collector
// sees a few objects per segment, whatever the number of keys.
//
//     segment (64 MiB)   | page tables | span of 96-byte cells | free run | span of 4 KiB cells | whole span | ...
//     span, 96-byte cells, 4 pages               pages: page-heap.ts
//                        | cell | cell | cell | ...  170 of them  ... | 64 bytes unused |     sizes: size-classes.ts
//
// allocate() takes the first free cell of the first span of the class that has any; free() finds the span through the
// page map. The free cells of a span are a list through the cells themselves: the first int32 of a free cell is the
// address of the next. Cells that were never handed out are not on it; they lie above the span's BUMP address, so a
// fresh span is never touched before it is used and the operating system commits its pages one by one.
//
// A span that is full is in no list. On its first free it becomes the head of its class's list, so that the fullest
// spans are refilled first and sparse ones get the time to become empty. An empty span goes back to the page heap,
// except when it is the only one of its class with room: one key that comes and goes would else take and give a span
// each time.
//
// A sparse segment can be emptied: close() takes all that is free in it out of the lists, so that no cell is handed out there, and
// whoever holds references moves what they refer to (move()). What cannot be moved stays until open() or until it is freed.
//
// Invariants (audited by arena-audit.ts, which the model test calls):
//   1. usedBytes is the sum of sizeOf() over all cells handed out and not freed.
//   2. A span is in its class's list if and only if USED < cells per span and its segment is open.
//   3. A span with USED = 0 in a list is alone in it.
//   4. Free list length + cells above BUMP = cells per span - USED.
//
// One thread owns an arena: nothing here is shared or atomic. A cell's content is garbage when handed out, and
// dead as soon as it is freed. A view from u8/i32/f64/dv is valid until trim(), detachEmptySegment() or reset().
//
// Limits: 1 MiB per cell; 1024 segments (64 GiB), then ArenaFullError. Cost: bench/micro/arena.ts.

import {
  GRANULE_SHIFT,
  GRANULE_SIZE,
  OFFSET_MASK,
  SEGMENT_COUNT_MAX,
  SEGMENT_SHIFT,
  SEGMENT_SIZE,
} from './address.ts';
import {
  FREE_PAGE,
  PAGE_FIRST_SHIFT,
  PAGE_ID_SEGMENT_SHIFT,
  PAGE_INDEX_MASK,
  PAGE_KIND_MASK,
  PageHeap,
  RESERVED_PAGE,
  SPAN_BUMP,
  SPAN_FREE_HEAD,
  SPAN_LENGTH,
  SPAN_NEXT,
  SPAN_PREVIOUS,
  SPAN_STRIDE_SHIFT,
  SPAN_USED,
  setPrevious,
  unlinkSpan,
  WHOLE_SPAN,
} from './page-heap.ts';
import {
  CELL_BYTES,
  CELL_GRANULES,
  CLASS_COUNT,
  CLASS_GRANULES_MAX,
  CLASS_OF_GRANULES,
  MAX_ALLOCATION,
  PAGE_GRANULES_SHIFT,
  PAGE_SHIFT,
  PAGE_SIZE,
  SPAN_CELLS,
  SPAN_PAGES,
} from './size-classes.ts';

export { OFFSET_MASK, SEGMENT_SHIFT, SEGMENT_SIZE } from './address.ts';
export { MAX_ALLOCATION } from './size-classes.ts';

/** No segment slot is left, or the process cannot have another segment. The arena is as it was before the call. */
export class ArenaFullError extends RangeError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ArenaFullError';
  }
}

/** A first segment must hold the largest cell beside its page tables. */
export const FIRST_SEGMENT_SIZE_MIN = 2 * MAX_ALLOCATION;

/** Granules to words of an Int32Array. */
const GRANULE_WORDS_SHIFT = GRANULE_SHIFT - 2;

const NO_BUFFER = new ArrayBuffer(0);
const NO_U8 = new Uint8Array(NO_BUFFER);
const NO_I32 = new Int32Array(NO_BUFFER);
const NO_F64 = new Float64Array(NO_BUFFER);
const NO_DV = new DataView(NO_BUFFER);

/** Who wants to know what an element of a collection was before it changes or goes: a snapshot under way. It touches no shared state. */
export interface ElementKeeper {
  /** A record of the table (a Dict header) is about to change, or to leave the table. */
  keepElement(table: number, record: number): void;
  /** A cell that holds a block of elements is about to change or to be freed. */
  keepCell(cell: number): void;
}

export class Arena {
  /** What new element records are stamped with: the snapshot that will not need them. */
  stamp = 0;
  /** The snapshot under way, or null. */
  keeper: ElementKeeper | null = null;

  /** The four views of each segment. A slot whose segment was given back holds empty views, never a hole. */
  readonly u8: Uint8Array[] = [];
  readonly i32: Int32Array[] = [];
  readonly f64: Float64Array[] = [];
  readonly dv: DataView[] = [];

  /** Granules handed out of each segment; what defragmentation ranks segments by. */
  readonly segmentUsedGranules = new Int32Array(SEGMENT_COUNT_MAX);

  readonly pageHeap = new PageHeap();
  /** First span of each class that has a free cell, a page id; 0 for none. */
  readonly partialSpans = new Int32Array(CLASS_COUNT);

  /** Totals are doubles in a typed array: they pass 2^31, and a number field would then be boxed. [0] used, [1] reserved, [2] outside. */
  private readonly totals = new Float64Array(3);
  // `declare`: a field that is first defined as undefined loses its known type, and each use then checks it.
  declare private readonly firstSegmentSize: number;
  declare private readonly segmentCountMax: number;
  declare private readonly grows: boolean;
  private liveSegments = 0;

  /**
   * `firstSegmentSize`: for an arena of one collection: segments double from there up to 64 MiB, so that a small arena
   * does not claim 64 MiB of address space. A power of two. `segmentCountMax` is for tests of a full arena, and so is `grows`: without
   * it all segments have the size of the first.
   */
  constructor(firstSegmentSize = SEGMENT_SIZE, segmentCountMax = SEGMENT_COUNT_MAX, grows = true) {
    this.grows = grows;
    this.firstSegmentSize = Math.min(SEGMENT_SIZE, Math.max(FIRST_SEGMENT_SIZE_MIN, firstSegmentSize));
    this.segmentCountMax = Math.min(SEGMENT_COUNT_MAX, segmentCountMax);
  }

  /** Sum of the sizes of all cells handed out. */
  get usedBytes(): number {
    return this.totals[0];
  }

  /** Bytes on the JS heap that belong to what is in the arena: the directories of the tables of databases. */
  get outsideBytes(): number {
    return this.totals[2];
  }

  /** Counts `change` bytes more outside. reset() forgets them. */
  countOutside(change: number): void {
    this.totals[2] += change;
  }

  /** Size of all live segments; the operating system commits their pages only when they are first touched. */
  get reservedBytes(): number {
    return this.totals[1];
  }

  /** What of reservedBytes the arena uses for itself: 0.5 %. */
  get tableBytes(): number {
    return this.pageHeap.tableBytes;
  }

  get segmentCount(): number {
    return this.liveSegments;
  }

  /** Segments of which no page is in use. */
  get emptySegments(): number {
    return this.pageHeap.emptySegments;
  }

  /** Bytes of all spans: what is above usedBytes is free cells between used ones. */
  get spanBytes(): number {
    return this.pageHeap.usedPages * PAGE_SIZE;
  }

  /** Bytes that the operating system has given memory for: of each segment what lies below the last page ever used. */
  get touchedBytes(): number {
    return this.pageHeap.touchedBytes;
  }

  /**
   * A cell of at least `bytes` (1 .. MAX_ALLOCATION), 16-byte aligned, content undefined. Never 0. Throws
   * ArenaFullError when there is no room, and then has changed nothing. Allocates on the JS heap only with a new segment.
   */
  allocate(bytes: number): number {
    const granules = (bytes + (GRANULE_SIZE - 1)) >>> GRANULE_SHIFT;
    if (granules > CLASS_GRANULES_MAX || granules === 0) return this.allocateWholeSpan(bytes);

    const sizeClass = CLASS_OF_GRANULES[granules];
    let span = this.partialSpans[sizeClass];
    if (span === 0) span = this.addSpan(sizeClass);
    const segment = span >>> PAGE_ID_SEGMENT_SHIFT;
    const spans = this.pageHeap.spans[segment];
    const at = (span & PAGE_INDEX_MASK) << SPAN_STRIDE_SHIFT;
    const cellGranules = CELL_GRANULES[sizeClass];

    let address = spans[at + SPAN_FREE_HEAD];
    if (address !== 0) {
      spans[at + SPAN_FREE_HEAD] = this.i32[segment][(address & OFFSET_MASK) << GRANULE_WORDS_SHIFT];
    } else {
      address = spans[at + SPAN_BUMP];
      spans[at + SPAN_BUMP] = address + cellGranules;
    }
    const used = spans[at + SPAN_USED] + 1;
    spans[at + SPAN_USED] = used;
    if (used === SPAN_CELLS[sizeClass]) this.unlinkPartial(sizeClass, span);

    this.segmentUsedGranules[segment] += cellGranules;
    this.totals[0] += cellGranules << GRANULE_SHIFT;
    return address;
  }

  /** Takes back a cell that allocate() handed out. Allocates nothing. */
  free(address: number): void {
    const segment = address >>> SEGMENT_SHIFT;
    const word = this.pageHeap.pageMap[segment][(address & OFFSET_MASK) >>> PAGE_GRANULES_SHIFT];
    const kind = word & PAGE_KIND_MASK;
    if (kind >= RESERVED_PAGE || kind === FREE_PAGE) {
      this.freeWholeSpan(address, kind);
      return;
    }
    const spans = this.pageHeap.spans[segment];
    const page = word >>> PAGE_FIRST_SHIFT;
    const at = page << SPAN_STRIDE_SHIFT;
    this.i32[segment][(address & OFFSET_MASK) << GRANULE_WORDS_SHIFT] = spans[at + SPAN_FREE_HEAD];
    spans[at + SPAN_FREE_HEAD] = address;
    const used = spans[at + SPAN_USED] - 1;
    spans[at + SPAN_USED] = used;

    const cellGranules = CELL_GRANULES[kind];
    this.segmentUsedGranules[segment] -= cellGranules;
    this.totals[0] -= cellGranules << GRANULE_SHIFT;

    const span = (segment << PAGE_ID_SEGMENT_SHIFT) | page;
    if (used + 1 === SPAN_CELLS[kind]) this.linkPartial(kind, span);
    else if (used === 0) this.releaseIfSpare(kind, span);
  }

  /** Usable bytes of a cell: at least what was asked for. */
  sizeOf(address: number): number {
    const segment = address >>> SEGMENT_SHIFT;
    const page = (address & OFFSET_MASK) >>> PAGE_GRANULES_SHIFT;
    const kind = this.pageHeap.pageMap[segment][page] & PAGE_KIND_MASK;
    if (kind !== WHOLE_SPAN) return CELL_BYTES[kind];
    return this.pageHeap.spans[segment][(page << SPAN_STRIDE_SHIFT) + SPAN_LENGTH] << PAGE_SHIFT;
  }

  /**
   * Gives the memory of wholly free segments back to the operating system at once, and returns how many bytes that were.
   * Unmapping 64 MiB takes milliseconds: a thread that must not pause calls detachEmptySegment and lets another one drop it.
   */
  trim(): number {
    let bytes = 0;
    for (;;) {
      const buffer = this.detachEmptySegment();
      if (buffer === null) return bytes;
      bytes += buffer.byteLength;
      releaseBuffer(buffer);
    }
  }

  /** Takes one wholly free segment's buffer out of the arena, for transfer to another thread; null when there is none. */
  detachEmptySegment(): ArrayBuffer | null {
    this.releaseEmptySpans();
    const segment = this.pageHeap.whollyFreeSegment();
    return segment < 0 ? null : this.detach(segment);
  }

  private detach(segment: number): ArrayBuffer {
    const buffer = this.u8[segment].buffer as ArrayBuffer;
    this.pageHeap.removeSegment(segment);
    this.setViews(segment, NO_U8, NO_I32, NO_F64, NO_DV);
    this.totals[1] -= buffer.byteLength;
    this.liveSegments--;
    return buffer;
  }

  // --- figures --------------------------------------------------------------------------------------

  /** The live segments, for reports. */
  segments(): { segment: number; size: number; usedBytes: number; closed: boolean }[] {
    const rows = [];
    for (let segment = 0; segment < this.u8.length; segment++) {
      if (this.u8[segment].length === 0) continue;
      const usedBytes = this.segmentUsedGranules[segment] * GRANULE_SIZE;
      const size = this.u8[segment].length;
      rows.push({ segment, size, usedBytes, closed: this.pageHeap.closed[segment] !== 0 });
    }
    return rows;
  }

  /** The size classes that have spans, for reports. Takes time by the span. */
  classes(): { cellBytes: number; spans: number; used: number; free: number }[] {
    const rows = Array.from(CELL_BYTES, (cellBytes) => ({ cellBytes, spans: 0, used: 0, free: 0 }));
    for (const { segment } of this.segments()) {
      this.forEachSpan(segment, (sizeClass, _span, used) => {
        rows[sizeClass].spans++;
        rows[sizeClass].used += used;
        rows[sizeClass].free += SPAN_CELLS[sizeClass] - used;
      });
    }
    return rows.filter(({ spans }) => spans > 0);
  }

  // --- emptying segments ----------------------------------------------------------------------------

  /** Hands out no more cells of the segment. Takes time by the span. */
  close(segment: number): void {
    this.forEachSpan(segment, (sizeClass, span, used) => {
      if (used === SPAN_CELLS[sizeClass]) return;
      this.unlinkPartial(sizeClass, span);
      if (used === 0) this.pageHeap.give(span);
    });
    this.pageHeap.setClosed(segment, true);
  }

  /** The opposite of close(). */
  open(segment: number): void {
    this.pageHeap.setClosed(segment, false);
    this.forEachSpan(segment, (sizeClass, span, used) => {
      if (used < SPAN_CELLS[sizeClass]) this.linkPartial(sizeClass, span);
    });
  }

  /** Whether the cell is in a segment that is being emptied. */
  isLeaving(address: number): boolean {
    return this.pageHeap.closed[address >>> SEGMENT_SHIFT] !== 0;
  }

  /** A copy of the cell in an open segment; the cell itself is freed. Throws ArenaFullError, and then has changed nothing. */
  move(address: number): number {
    const to = this.allocate(this.sizeOf(address));
    const from = (address & OFFSET_MASK) << GRANULE_WORDS_SHIFT;
    const words = this.sizeOf(address) >>> 2;
    const source = this.i32[address >>> SEGMENT_SHIFT];
    const target = this.i32[to >>> SEGMENT_SHIFT];
    let at = (to & OFFSET_MASK) << GRANULE_WORDS_SHIFT;
    for (let i = from; i < from + words; i++) target[at++] = source[i];
    this.free(address);
    return to;
  }

  /** Takes a closed segment's buffer out of the arena, for transfer to another thread; null when there is something left in it. */
  detachClosed(segment: number): ArrayBuffer | null {
    if (this.segmentUsedGranules[segment] !== 0) return null;
    return this.detach(segment);
  }

  /** `visit` may give the span back. */
  private forEachSpan(segment: number, visit: (sizeClass: number, span: number, used: number) => void): void {
    const map = this.pageHeap.pageMap[segment];
    const spans = this.pageHeap.spans[segment];
    for (let page = this.pageHeap.firstPage(segment); page < map.length - 1; ) {
      const at = page << SPAN_STRIDE_SHIFT;
      const kind = map[page] & PAGE_KIND_MASK;
      const after = page + spans[at + SPAN_LENGTH];
      if (kind !== FREE_PAGE && kind !== WHOLE_SPAN) {
        visit(kind, (segment << PAGE_ID_SEGMENT_SHIFT) | page, spans[at + SPAN_USED]);
      }
      page = after;
    }
  }

  /**
   * Makes the arena empty at once, whatever is allocated in it: every address becomes invalid. Returns the segments' buffers,
   * for transfer to the thread that frees them. The cost does not depend on how much was allocated.
   */
  reset(): ArrayBuffer[] {
    const buffers: ArrayBuffer[] = [];
    for (let segment = 0; segment < this.u8.length; segment++) {
      if (this.u8[segment].length === 0) continue;
      buffers.push(this.u8[segment].buffer as ArrayBuffer);
      this.setViews(segment, NO_U8, NO_I32, NO_F64, NO_DV);
      this.segmentUsedGranules[segment] = 0;
    }
    this.pageHeap.reset();
    this.partialSpans.fill(0);
    this.totals.fill(0);
    this.liveSegments = 0;
    return buffers;
  }

  private allocateWholeSpan(bytes: number): number {
    if (!(bytes >= 1 && bytes <= MAX_ALLOCATION)) throw new Error(`arena: cannot allocate ${bytes} bytes`);
    const pages = (bytes + PAGE_SIZE - 1) >>> PAGE_SHIFT;
    const span = this.takePages(pages, WHOLE_SPAN);
    this.segmentUsedGranules[span >>> PAGE_ID_SEGMENT_SHIFT] += pages << PAGE_GRANULES_SHIFT;
    this.totals[0] += pages << PAGE_SHIFT;
    return span << PAGE_GRANULES_SHIFT;
  }

  private freeWholeSpan(address: number, kind: number): void {
    if (kind !== WHOLE_SPAN) throw new Error(`arena: ${address} is not a cell`);
    const span = address >>> PAGE_GRANULES_SHIFT;
    const segment = span >>> PAGE_ID_SEGMENT_SHIFT;
    const at = (span & PAGE_INDEX_MASK) << SPAN_STRIDE_SHIFT;
    const pages = this.pageHeap.spans[segment][at + SPAN_LENGTH];
    this.segmentUsedGranules[segment] -= pages << PAGE_GRANULES_SHIFT;
    this.totals[0] -= pages << PAGE_SHIFT;
    this.pageHeap.give(span);
  }

  /** A fresh span for a class whose list is empty; it becomes the list. */
  private addSpan(sizeClass: number): number {
    const pages = SPAN_PAGES[sizeClass];
    const span = this.takePages(pages, sizeClass);
    const segment = span >>> PAGE_ID_SEGMENT_SHIFT;
    const page = span & PAGE_INDEX_MASK;
    const at = page << SPAN_STRIDE_SHIFT;
    const spans = this.pageHeap.spans[segment];
    this.pageHeap.pageMap[segment].fill((page << PAGE_FIRST_SHIFT) | sizeClass, page, page + pages);
    spans[at + SPAN_NEXT] = 0;
    spans[at + SPAN_PREVIOUS] = 0;
    spans[at + SPAN_FREE_HEAD] = 0;
    spans[at + SPAN_BUMP] = span << PAGE_GRANULES_SHIFT;
    spans[at + SPAN_USED] = 0;
    this.partialSpans[sizeClass] = span;
    return span;
  }

  private linkPartial(sizeClass: number, span: number): void {
    if (this.pageHeap.closed[span >>> PAGE_ID_SEGMENT_SHIFT] !== 0) return;
    const allSpans = this.pageHeap.spans;
    let head = this.partialSpans[sizeClass];
    if (head !== 0 && usedOf(allSpans, head) === 0) {
      // Invariant 3: the empty span that was kept as a reserve is no longer needed.
      this.pageHeap.give(head);
      head = 0;
    }
    const at = (span & PAGE_INDEX_MASK) << SPAN_STRIDE_SHIFT;
    const spans = allSpans[span >>> PAGE_ID_SEGMENT_SHIFT];
    spans[at + SPAN_NEXT] = head;
    spans[at + SPAN_PREVIOUS] = 0;
    if (head !== 0) setPrevious(allSpans, head, span);
    this.partialSpans[sizeClass] = span;
  }

  private unlinkPartial(sizeClass: number, span: number): void {
    if (unlinkSpan(this.pageHeap.spans, span) !== 0) return;
    const at = (span & PAGE_INDEX_MASK) << SPAN_STRIDE_SHIFT;
    this.partialSpans[sizeClass] = this.pageHeap.spans[span >>> PAGE_ID_SEGMENT_SHIFT][at + SPAN_NEXT];
  }

  private releaseIfSpare(sizeClass: number, span: number): void {
    const at = (span & PAGE_INDEX_MASK) << SPAN_STRIDE_SHIFT;
    const spans = this.pageHeap.spans[span >>> PAGE_ID_SEGMENT_SHIFT];
    if (this.pageHeap.closed[span >>> PAGE_ID_SEGMENT_SHIFT] !== 0) {
      this.pageHeap.give(span);
      return;
    }
    if (spans[at + SPAN_NEXT] === 0 && spans[at + SPAN_PREVIOUS] === 0) return;
    this.unlinkPartial(sizeClass, span);
    this.pageHeap.give(span);
  }

  private releaseEmptySpans(): void {
    for (let sizeClass = 1; sizeClass < CLASS_COUNT; sizeClass++) {
      const span = this.partialSpans[sizeClass];
      if (span === 0 || usedOf(this.pageHeap.spans, span) !== 0) continue;
      this.unlinkPartial(sizeClass, span);
      this.pageHeap.give(span);
    }
  }

  private takePages(pages: number, kind: number): number {
    const span = this.pageHeap.take(pages, kind);
    if (span !== 0) return span;
    this.addSegment();
    return this.pageHeap.take(pages, kind);
  }

  private addSegment(): void {
    let segment = 0;
    while (segment < this.u8.length && this.u8[segment].length !== 0) segment++;
    if (segment >= this.segmentCountMax) {
      throw new ArenaFullError(`arena: all ${this.segmentCountMax} segments are full`);
    }
    const doublings = this.grows ? Math.min(this.liveSegments, 16) : 0;
    const size = Math.min(SEGMENT_SIZE, this.firstSegmentSize * 2 ** doublings);
    const buffer = newBuffer(size);
    this.pageHeap.addSegment(segment, buffer);
    this.setViews(
      segment,
      new Uint8Array(buffer),
      new Int32Array(buffer),
      new Float64Array(buffer),
      new DataView(buffer),
    );
    this.totals[1] += size;
    this.liveSegments++;
  }

  private setViews(segment: number, u8: Uint8Array, i32: Int32Array, f64: Float64Array, dv: DataView): void {
    this.u8[segment] = u8;
    this.i32[segment] = i32;
    this.f64[segment] = f64;
    this.dv[segment] = dv;
  }
}

function usedOf(spans: Int32Array[], span: number): number {
  return spans[span >>> PAGE_ID_SEGMENT_SHIFT][((span & PAGE_INDEX_MASK) << SPAN_STRIDE_SHIFT) + SPAN_USED];
}

/** A zeroed buffer; calloc maps it without touching it. */
function newBuffer(size: number): ArrayBuffer {
  try {
    return new ArrayBuffer(size);
  } catch (error) {
    throw new ArenaFullError(`arena: the process cannot have ${size} bytes more`, { cause: error });
  }
}

/** Frees a buffer's memory now where the engine can (Node >= 22, or 20 with a flag), and else at the next full collection. */
export function releaseBuffer(buffer: ArrayBuffer): void {
  if (typeof buffer.transfer === 'function') buffer.transfer(0);
}
