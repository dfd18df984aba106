import { expect, test } from 'vitest';
import { byteOffsetOf, SEGMENT_SIZE, segmentOf } from '../../../src/memory/address.ts';
import { Arena, ArenaFullError, FIRST_SEGMENT_SIZE_MIN, MAX_ALLOCATION } from '../../../src/memory/arena.ts';
import { auditArena } from '../../../src/memory/arena-audit.ts';

test('an arena reserves nothing until its first cell', () => {
  const arena = new Arena();
  expect(arena.reservedBytes).toBe(0);
  arena.allocate(1);
  expect(arena.reservedBytes).toBe(SEGMENT_SIZE);
});

test('a cell is never address 0, is aligned, and is as large as asked for', () => {
  const arena = new Arena();
  for (const bytes of [1, 16, 17, 512, 513, 4096, 32768, 32769, 100_000, MAX_ALLOCATION]) {
    const address = arena.allocate(bytes);
    expect(address).not.toBe(0);
    expect(byteOffsetOf(address) % 16).toBe(0);
    expect(arena.sizeOf(address)).toBeGreaterThanOrEqual(bytes);
  }
  auditArena(arena);
});

test('usedBytes is the sum of the cell sizes, and 0 again when all are freed', () => {
  const arena = new Arena();
  const cells: number[] = [];
  let sum = 0;
  for (let bytes = 1; bytes < 300_000; bytes = Math.ceil(bytes * 1.3)) {
    const address = arena.allocate(bytes);
    sum += arena.sizeOf(address);
    cells.push(address);
    expect(arena.usedBytes).toBe(sum);
  }
  for (const address of cells) arena.free(address);
  expect(arena.usedBytes).toBe(0);
  auditArena(arena);
});

test('a freed cell is handed out again', () => {
  const arena = new Arena();
  const address = arena.allocate(96);
  arena.allocate(96);
  arena.free(address);
  expect(arena.allocate(90)).toBe(address);
});

test('fresh cells of one class are neighbours', () => {
  const arena = new Arena();
  const first = arena.allocate(96);
  expect(arena.allocate(96)).toBe(first + 6);
  expect(arena.allocate(96)).toBe(first + 12);
});

test('freed pages join their neighbours and serve a larger request', () => {
  const arena = new Arena(FIRST_SEGMENT_SIZE_MIN, 1);
  const cells = [];
  for (let i = 0; i < 7; i++) cells.push(arena.allocate(256 * 1024));
  expect(() => arena.allocate(MAX_ALLOCATION)).toThrow(ArenaFullError);
  for (const i of [2, 4, 3, 5]) arena.free(cells[i]);
  auditArena(arena);
  expect(arena.allocate(MAX_ALLOCATION)).toBe(cells[2]);
});

test('a full arena throws ArenaFullError, stays as it is, and serves again after a free', () => {
  const arena = new Arena(FIRST_SEGMENT_SIZE_MIN, 2);
  const cells: number[] = [];
  expect(() => {
    for (;;) cells.push(arena.allocate(1000));
  }).toThrow(ArenaFullError);
  expect(arena.usedBytes).toBe(cells.length * 1024);
  auditArena(arena);
  expect(arena.usedBytes).toBeGreaterThan(0.97 * arena.reservedBytes);
  const freed = cells.pop() as number;
  arena.free(freed);
  expect(arena.allocate(1000)).toBe(freed);
});

test('segments double from the first size on, up to 64 MiB', () => {
  const arena = new Arena(FIRST_SEGMENT_SIZE_MIN);
  const sizes = new Set<number>();
  for (let i = 0; i < 200; i++) arena.allocate(MAX_ALLOCATION);
  for (const view of arena.u8) sizes.add(view.length / FIRST_SEGMENT_SIZE_MIN);
  expect([...sizes]).toEqual([1, 2, 4, 8, 16, 32]);
  auditArena(arena);
});

test('trim gives back wholly free segments, and their slots are used again', () => {
  const arena = new Arena(FIRST_SEGMENT_SIZE_MIN);
  const cells: number[] = [];
  for (let i = 0; i < 10_000; i++) cells.push(arena.allocate(1000));
  const kept = cells.filter((address) => segmentOf(address) === 1);
  for (const address of cells) if (segmentOf(address) !== 1) arena.free(address);
  const reserved = arena.reservedBytes;
  const trimmed = arena.trim();
  expect(trimmed).toBe(reserved - arena.reservedBytes);
  expect(arena.reservedBytes).toBe(2 * FIRST_SEGMENT_SIZE_MIN);
  expect(arena.u8[0].length).toBe(0);
  auditArena(arena);

  while (arena.segmentCount < 2) kept.push(arena.allocate(1000));
  expect(segmentOf(kept[kept.length - 1])).toBe(0);
  for (const address of kept) arena.free(address);
  auditArena(arena);
  arena.trim();
  expect(arena.reservedBytes).toBe(0);
  expect(arena.tableBytes).toBe(0);
});

test('detachEmptySegment hands over the buffer and leaves no view of it behind', () => {
  const arena = new Arena(FIRST_SEGMENT_SIZE_MIN);
  arena.free(arena.allocate(5000));
  const buffer = arena.detachEmptySegment();
  expect(buffer?.byteLength).toBe(FIRST_SEGMENT_SIZE_MIN);
  expect(arena.u8[0].length).toBe(0);
  expect(arena.detachEmptySegment()).toBeNull();
});

test('reset gives all buffers, whatever is allocated, and the arena begins anew', () => {
  const arena = new Arena(FIRST_SEGMENT_SIZE_MIN);
  for (let i = 0; i < 5000; i++) arena.allocate(1000);
  const reserved = arena.reservedBytes;
  const buffers = arena.reset();
  expect(buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0)).toBe(reserved);
  expect([arena.usedBytes, arena.reservedBytes, arena.tableBytes, arena.segmentCount]).toEqual([0, 0, 0, 0]);
  auditArena(arena);
  const address = arena.allocate(1000);
  expect(segmentOf(address)).toBe(0);
  expect(arena.reservedBytes).toBe(FIRST_SEGMENT_SIZE_MIN);
  auditArena(arena);
});

test('a new segment is used from behind its page tables on', () => {
  const arena = new Arena();
  expect(byteOffsetOf(arena.allocate(1))).toBe(arena.tableBytes);
  expect(arena.tableBytes).toBeLessThan(SEGMENT_SIZE / 200);
});

test('sizes outside 1 .. MAX_ALLOCATION and addresses that are no cells are refused', () => {
  const arena = new Arena();
  for (const bytes of [0, -1, MAX_ALLOCATION + 1, Number.NaN]) expect(() => arena.allocate(bytes)).toThrow();
  const address = arena.allocate(200_000);
  arena.free(address);
  expect(() => arena.free(address)).toThrow();
  expect(() => arena.free(0)).toThrow();
});

test('one cell that comes and goes does not take and give a span each time', () => {
  const arena = new Arena();
  const first = arena.allocate(64);
  arena.free(first);
  for (let i = 0; i < 10; i++) {
    const address = arena.allocate(64);
    expect(address).toBe(first);
    arena.free(address);
  }
});

test('addresses beyond 32 GiB are negative and work like others', () => {
  // Only slot numbers matter here: a tiny arena whose lower slots are taken by hand.
  const arena = new Arena(FIRST_SEGMENT_SIZE_MIN);
  const taken = new Uint8Array(1);
  for (let slot = 0; slot < 600; slot++) {
    arena.u8.push(taken);
    arena.i32.push(new Int32Array(0));
    arena.f64.push(new Float64Array(0));
    arena.dv.push(new DataView(new ArrayBuffer(0)));
    arena.pageHeap.pageMap.push(new Int32Array(0));
    arena.pageHeap.spans.push(new Int32Array(0));
  }
  const cells = [arena.allocate(96), arena.allocate(96), arena.allocate(50_000)];
  for (const address of cells) {
    expect(address).toBeLessThan(0);
    expect(segmentOf(address)).toBe(600);
    expect(arena.sizeOf(address)).toBeGreaterThanOrEqual(96);
  }
  arena.free(cells[0]);
  expect(arena.allocate(96)).toBe(cells[0]);
  for (const address of cells) arena.free(address);
  expect(arena.usedBytes).toBe(0);
});
