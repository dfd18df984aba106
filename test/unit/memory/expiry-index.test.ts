import { beforeEach, expect, test } from 'vitest';
import { Arena, FIRST_SEGMENT_SIZE_MIN } from '../../../src/memory/arena.ts';
import { ExpiryIndex } from '../../../src/memory/expiry-index.ts';

let arena: Arena;
let index: ExpiryIndex;

beforeEach(() => {
  arena = new Arena(FIRST_SEGMENT_SIZE_MIN);
  index = new ExpiryIndex(arena);
});

function popAll(): [number, number][] {
  const popped: [number, number][] = [];
  while (index.count > 0) {
    popped.push([index.firstTime(), index.firstHash()]);
    index.popFirst();
  }
  return popped;
}

test('an empty index has no first time, removes nothing and holds no memory', () => {
  expect(index.firstTime()).toBe(Infinity);
  expect(index.firstHash()).toBe(0);
  expect(index.remove(1, 1)).toBe(false);
  index.popFirst();
  index.clear();
  expect(index.drain(10)).toBe(true);
  expect(index.count).toBe(0);
  expect(arena.usedBytes).toBe(0);
});

test('entries come out by time, and by hash where the time is the same', () => {
  index.add(20, 1);
  index.add(10, 5);
  index.add(10, -5);
  index.add(-3.5, 9);
  expect(popAll()).toEqual([
    [-3.5, 9],
    [10, -5],
    [10, 5],
    [20, 1],
  ]);
  expect(arena.usedBytes).toBe(0);
});

test('remove takes one of several equal entries, and only an equal one', () => {
  for (let i = 0; i < 3; i++) index.add(10, 7);
  expect(index.remove(10, 8)).toBe(false);
  expect(index.remove(11, 7)).toBe(false);
  expect(index.remove(10, 7)).toBe(true);
  expect(index.count).toBe(2);
  expect(popAll()).toEqual([
    [10, 7],
    [10, 7],
  ]);
});

test('thousands of equal entries are kept across leaves and each can be removed', () => {
  for (let i = 0; i < 2000; i++) {
    index.add(50, i % 2);
    index.add(i, 99);
  }
  for (let i = 0; i < 1000; i++) {
    expect(index.remove(50, 0)).toBe(true);
    expect(index.remove(50, 1)).toBe(true);
  }
  expect(index.remove(50, 0)).toBe(false);
  expect(index.remove(50, 1)).toBe(false);
  expect(index.count).toBe(2000);
  expect(popAll().map(([time]) => time)).toEqual(Array.from({ length: 2000 }, (_, i) => i));
});

test('at gives the entry of a rank', () => {
  for (let i = 9999; i >= 0; i--) index.add(i * 2, -i);
  for (let rank = 0; rank < 10_000; rank += 37) {
    index.at(rank);
    expect(index.foundTime).toBe(rank * 2);
    expect(index.foundHash | 0).toBe(-rank | 0);
  }
});

test('entries that arrive in order fill their leaves', () => {
  for (let i = 0; i < 100_000; i++) index.add(i, i);
  expect(index.bytes / 100_000).toBeLessThan(13);
});

test('the index shrinks with its entries, wherever they are taken from', () => {
  for (let i = 0; i < 100_000; i++) index.add((i * 7919) % 100_000, i);
  for (let i = 0; i < 100_000; i++) if (i % 50 !== 0) index.remove((i * 7919) % 100_000, i);
  expect(index.count).toBe(2000);
  expect(index.bytes).toBeLessThan(2000 * 50);
});

test('bytes are the arena bytes, and clear gives them back', () => {
  for (let i = 0; i < 50_000; i++) index.add(i, i);
  expect(index.bytes).toBe(arena.usedBytes);
  index.clear();
  expect(index.bytes).toBe(0);
  expect(arena.usedBytes).toBe(0);
  index.add(1, 2);
  expect(index.firstTime()).toBe(1);
});

test('drain takes the earliest entries in slices', () => {
  for (let i = 0; i < 10_000; i++) index.add(i, i);
  let slices = 0;
  for (let before = index.count; !index.drain(500); before = index.count) {
    slices++;
    expect(before - index.count).toBeGreaterThanOrEqual(500);
    expect(index.firstTime()).toBe(10_000 - index.count);
  }
  expect(slices).toBeGreaterThan(10);
  expect(index.firstTime()).toBe(Infinity);
  expect(arena.usedBytes).toBe(0);
});

test('an index of which entries were popped takes new ones in front, between and behind', () => {
  for (let i = 0; i < 1000; i++) index.add(i, i);
  for (let i = 0; i < 540; i++) index.popFirst();
  for (const time of [1, 540.5, 541.5, 2000, 0]) index.add(time, 0);
  expect(index.firstTime()).toBe(0);
  const times = popAll().map(([time]) => time);
  expect(times.slice(0, 6)).toEqual([0, 1, 540, 540.5, 541, 541.5]);
  expect(times.length).toBe(465);
});

test('entries before the first key of an inner node are found after that node was joined with its neighbour', () => {
  // In order, leaves get 83 entries and inner nodes 49 leaves. Empty the first leaf of every inner node, and put a few entries
  // where it was: they come before what is then that node's first key.
  const total = 83 * 49 * 6;
  for (let i = 0; i < total; i++) index.add(i, 1);
  const late: number[] = [];
  for (let start = 0; start < total; start += 83 * 49) {
    for (let i = start; i < start + 83; i++) expect(index.remove(i, 1)).toBe(true);
    for (const time of [start + 10.25, start + 10.5, start + 10.75]) {
      index.add(time, 2);
      late.push(time);
    }
  }
  for (let i = 0; i < total; i++)
    if (i % (83 * 49) >= 83 && i % 97 !== 0) expect(index.remove(i, 1)).toBe(true);
  for (const time of late.reverse()) expect(index.remove(time, 2)).toBe(true);
});
