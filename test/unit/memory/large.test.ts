import { expect, test } from 'vitest';
import { LargeTable } from '../../../src/memory/large.ts';

test('a value is a copy, its capacity exact', () => {
  const table = new LargeTable();
  const bytes = Uint8Array.of(1, 2, 3);
  const id = table.add(bytes);
  bytes[0] = 9;
  expect([...table.view(id)]).toEqual([1, 2, 3]);
  expect(table.usedBytes).toBe(3);
  expect(id).not.toBe(0);
});

test('add with a number gives so many zero bytes', () => {
  const table = new LargeTable();
  expect([...table.view(table.add(4))]).toEqual([0, 0, 0, 0]);
});

test('adopt makes the buffer itself the value', () => {
  const table = new LargeTable();
  const buffer = new ArrayBuffer(10);
  expect(table.view(table.adopt(buffer)).buffer).toBe(buffer);
  expect(table.usedBytes).toBe(10);
});

test('grow keeps the content, adds slack, and does nothing when there is room', () => {
  const table = new LargeTable();
  const id = table.add(Uint8Array.of(1, 2, 3));
  table.grow(id, 1_000_000);
  const capacity = table.view(id).length;
  expect(capacity).toBeGreaterThanOrEqual(1_250_000);
  expect(capacity).toBeLessThan(1_260_000);
  expect([...table.view(id).subarray(0, 5)]).toEqual([1, 2, 3, 0, 0]);
  expect(table.usedBytes).toBe(capacity);
  table.grow(id, capacity);
  expect(table.view(id).length).toBe(capacity);
});

test('appending a megabyte at a time copies a linear amount of bytes', () => {
  const table = new LargeTable();
  const id = table.add(1 << 20);
  let moves = 0;
  for (let size = 2 << 20; size <= 32 << 20; size += 1 << 20) {
    const before = table.view(id);
    table.grow(id, size);
    if (table.view(id) !== before) moves++;
  }
  expect(moves).toBeLessThan(18);
});

test('shrink cuts the capacity', () => {
  const table = new LargeTable();
  const id = table.add(Uint8Array.of(1, 2, 3, 4));
  table.shrink(id, 2);
  expect([...table.view(id)]).toEqual([1, 2]);
  table.shrink(id, 10);
  expect(table.usedBytes).toBe(2);
});

test('take hands over the buffer whole and frees the id', () => {
  const table = new LargeTable();
  const id = table.add(Uint8Array.of(5, 6));
  table.add(7);
  const buffer = table.take(id);
  expect([...new Uint8Array(buffer)]).toEqual([5, 6]);
  expect(table.usedBytes).toBe(7);
  expect(table.count).toBe(1);
  expect(table.add(1)).toBe(id);
});

test('reset gives all buffers and begins anew', () => {
  const table = new LargeTable();
  table.add(100);
  table.remove(table.add(200));
  table.add(300);
  expect(table.reset().map((buffer) => buffer.byteLength)).toEqual([100, 300]);
  expect([table.usedBytes, table.count]).toEqual([0, 0]);
  expect(table.add(5)).toBe(1);
});

test('usedBytes and count are 0 when all values are removed', () => {
  const table = new LargeTable();
  const ids = [table.add(100), table.add(200), table.add(300)];
  table.grow(ids[1], 5000);
  for (const id of ids) table.remove(id);
  expect(table.usedBytes).toBe(0);
  expect(table.count).toBe(0);
});
