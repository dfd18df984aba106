import { expect, test } from 'vitest';
import {
  CELL_BYTES,
  CLASS_COUNT,
  cellBytesFor,
  MAX_ALLOCATION,
  PAGE_SIZE,
  SPAN_CELLS,
  SPAN_PAGES,
  SPAN_PAGES_MAX,
} from '../../../src/memory/size-classes.ts';

test('a cell is never smaller than asked for and wastes at most an eighth, or 15 bytes', () => {
  for (let bytes = 1; bytes <= MAX_ALLOCATION; bytes += bytes < 40_000 ? 1 : 977) {
    const cell = cellBytesFor(bytes);
    if (cell < bytes || cell - bytes > Math.max(15, cell / 8)) expect.fail(`${bytes} bytes get ${cell}`);
  }
});

test('asking for a cell size gives exactly that size', () => {
  for (let sizeClass = 1; sizeClass < CLASS_COUNT; sizeClass++) {
    expect(cellBytesFor(CELL_BYTES[sizeClass])).toBe(CELL_BYTES[sizeClass]);
  }
});

test('cell sizes are multiples of 16 and the table segments of a dict have classes of their own', () => {
  for (const bytes of CELL_BYTES) expect(bytes % 16).toBe(0);
  for (const bytes of [128, 256, 512, 1024, 2048, 4096]) expect(cellBytesFor(bytes)).toBe(bytes);
});

test('a span has at least two cells, fits the page heap and leaves little unused at its end', () => {
  for (let sizeClass = 1; sizeClass < CLASS_COUNT; sizeClass++) {
    const spanBytes = SPAN_PAGES[sizeClass] * PAGE_SIZE;
    expect(SPAN_CELLS[sizeClass]).toBeGreaterThanOrEqual(2);
    expect(SPAN_PAGES[sizeClass]).toBeLessThanOrEqual(SPAN_PAGES_MAX);
    // What the arena knows of a span takes the entries of two pages (page-heap.ts).
    expect(SPAN_PAGES[sizeClass]).toBeGreaterThanOrEqual(2);
    expect(spanBytes - SPAN_CELLS[sizeClass] * CELL_BYTES[sizeClass]).toBeLessThan(spanBytes / 50);
  }
});
