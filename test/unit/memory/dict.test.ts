import { beforeEach, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.ts';
import { AddressList } from '../../../src/memory/address-list.ts';
import { Arena, FIRST_SEGMENT_SIZE_MIN } from '../../../src/memory/arena.ts';
import { Dict } from '../../../src/memory/dict.ts';
import { allocateRecord } from '../../../src/memory/record.ts';

let arena: Arena;
let dict: Dict;

beforeEach(() => {
  arena = new Arena(FIRST_SEGMENT_SIZE_MIN);
  dict = new Dict(arena);
});

const key = new Uint8Array(4);

/** The four bytes of a number, as a key. */
function keyOf(n: number): Uint8Array {
  key[0] = n;
  key[1] = n >>> 8;
  key[2] = n >>> 16;
  key[3] = n >>> 24;
  return key;
}

function insert(hash: number, n: number): number {
  const address = allocateRecord(arena, 0, keyOf(n), 0, 4, 0);
  dict.insert(hash, address);
  return address;
}

function find(hash: number, n: number): number {
  return dict.find(hash, keyOf(n), 0, 4);
}

function spread(n: number): number {
  return Math.imul(n, 0x9e3779b1) | 0;
}

test('an empty table finds nothing, walks nothing, picks nothing and holds no arena memory', () => {
  const out = new AddressList();
  expect(find(1, 1)).toBe(0);
  expect(dict.remove(1, 16)).toBe(false);
  expect(dict.scan(0, 10, out)).toBe(0);
  expect(dict.random(new Prng(1))).toBe(0);
  expect(dict.firstWithHash(5)).toBe(0);
  expect(dict.drain(10, out)).toBe(true);
  expect(arena.usedBytes).toBe(0);
});

test('a record is found under its key and hash only', () => {
  const address = insert(-7, 1);
  expect(find(-7, 1)).toBe(address);
  expect(find(-7, 2)).toBe(0);
  expect(find(-6, 1)).toBe(0);
  expect(dict.count).toBe(1);
});

test('replace moves a record, remove takes it out and keeps the record', () => {
  const first = insert(3, 1);
  const second = allocateRecord(arena, 0, keyOf(1), 0, 4, 100);
  dict.replace(3, first, second);
  expect(find(3, 1)).toBe(second);
  expect(dict.remove(3, first)).toBe(false);
  expect(dict.remove(3, second)).toBe(true);
  expect(find(3, 1)).toBe(0);
  expect(dict.count).toBe(0);
});

test('the table begins with 16 slots and doubles to 512 before it splits', () => {
  const sizes: number[] = [];
  for (let n = 1; n <= 417; n++) {
    insert(spread(n), n);
    const bytes = dict.bytes - 8;
    if (sizes[sizes.length - 1] !== bytes) sizes.push(bytes);
  }
  expect(sizes.slice(0, 6)).toEqual([128, 256, 512, 1024, 2048, 4096]);
  // The split: a second segment, and a second directory entry.
  expect(sizes[6]).toBe(2 * 4096 + 8);
});

test('no insertion allocates more than one segment', () => {
  let bytes = dict.bytes;
  for (let n = 1; n <= 50_000; n++) {
    const directory = (dict as unknown as { directory: Int32Array }).directory.byteLength;
    insert(spread(n), n);
    const grown = dict.bytes - bytes;
    expect(grown === 0 || grown <= 4096 + directory).toBe(true);
    bytes = dict.bytes;
  }
});

test('equal hashes are all found, all visited, and come out of a scan in one call', () => {
  for (let n = 0; n < 1000; n++) insert(spread(n), n);
  const same = new Set<number>();
  for (let n = 5000; n < 5020; n++) same.add(insert(spread(77), n));
  same.add(find(spread(77), 77));
  const visited = new Set<number>();
  for (let a = dict.firstWithHash(spread(77)); a !== 0; a = dict.nextWithHash(spread(77), a)) visited.add(a);
  expect(visited).toEqual(same);

  const out = new AddressList();
  const cursor = dict.scan(spread(77) >>> 0, 1, out);
  expect(new Set(out.addresses.subarray(0, 21))).toEqual(same);
  expect(cursor).toBeGreaterThan(spread(77) >>> 0);
});

test('thousands of equal hashes fill the one segment at the greatest depth, and it shrinks again', () => {
  const addresses = [];
  for (let n = 0; n < 3000; n++) addresses.push(insert(n % 2, n));
  for (let n = 0; n < 500; n++) insert(spread(n) | 0x4000_0000, 10_000 + n);
  for (let n = 0; n < 3000; n++) expect(find(n % 2, n)).toBe(addresses[n]);
  const out = new AddressList();
  let cursor = 0;
  do cursor = dict.scan(cursor, 10, out);
  while (cursor !== 0);
  expect(out.length).toBe(3500);
  expect(new Set(out.addresses.subarray(0, 3500)).size).toBe(3500);
  for (let n = 0; n < 3000; n++) expect(dict.remove(n % 2, addresses[n])).toBe(true);
  expect(dict.count).toBe(500);
  expect(dict.bytes).toBeLessThan(20_000);
});

test('a scan call returns at least what was asked for unless it ends', () => {
  for (let n = 0; n < 5000; n++) insert(spread(n), n);
  const out = new AddressList();
  let cursor = 0;
  do {
    out.clear();
    cursor = dict.scan(cursor, 100, out);
    expect(cursor === 0 || out.length >= 100).toBe(true);
    expect(out.length).toBeLessThan(150);
  } while (cursor !== 0);
});

test('a table that shrinks to nothing gives all memory back', () => {
  const addresses = [];
  for (let n = 0; n < 100_000; n++) addresses.push(insert(spread(n), n));
  for (let n = 0; n < 100_000; n++) {
    dict.remove(spread(n), addresses[n]);
    arena.free(addresses[n]);
    if (n === 90_000) expect(dict.bytes).toBeLessThan(10_000 * 60);
  }
  expect(arena.usedBytes).toBe(0);
  expect(dict.bytes).toBe(8);
});

test('a count that swings around a limit does not make the table swing', () => {
  for (let n = 0; n < 416; n++) insert(spread(n), n);
  let changes = 0;
  let bytes = dict.bytes;
  for (let i = 0; i < 100; i++) {
    for (let n = 416; n < 450; n++) insert(spread(n), n);
    for (let n = 416; n < 450; n++) dict.remove(spread(n), find(spread(n), n));
    if (dict.bytes !== bytes) changes++;
    bytes = dict.bytes;
  }
  expect(changes).toBeLessThanOrEqual(1);
});

test('clear frees the table and not the records', () => {
  for (let n = 0; n < 2000; n++) insert(spread(n), n);
  const before = arena.usedBytes;
  const table = dict.bytes - (dict as unknown as { directory: Int32Array }).directory.byteLength;
  dict.clear();
  expect(arena.usedBytes).toBe(before - table);
  expect(dict.count).toBe(0);
  insert(1, 1);
  expect(dict.count).toBe(1);
});

test('drain gives every record once, in slices of the size asked for, and frees the table', () => {
  const all = new Set<number>();
  for (let n = 0; n < 10_000; n++) all.add(insert(spread(n), n));
  const out = new AddressList();
  let slices = 0;
  let done = false;
  while (!done) {
    out.clear();
    done = dict.drain(100, out);
    expect(out.length).toBeLessThanOrEqual(100);
    for (let i = 0; i < out.length; i++) {
      expect(all.delete(out.addresses[i])).toBe(true);
      arena.free(out.addresses[i]);
    }
    slices++;
  }
  expect(slices).toBe(100);
  expect(all.size).toBe(0);
  expect(arena.usedBytes).toBe(0);
});

test('random picks every element equally often, though segments have different depths', () => {
  // Hashes crowd in the lower part of the range, so that its segments are deeper than the others.
  const prng = new Prng(11);
  const indexOf = new Map<number, number>();
  for (let n = 0; n < 4000; n++) {
    const hash = prng.below(4) === 0 ? prng.nextInt32() : prng.nextInt32() >>> 6;
    indexOf.set(insert(hash, n), n);
  }
  const draws = 400_000;
  const seen = new Float64Array(4000);
  for (let i = 0; i < draws; i++) seen[indexOf.get(dict.random(prng)) as number]++;
  const expected = draws / 4000;
  let chiSquare = 0;
  for (const count of seen) chiSquare += (count - expected) ** 2 / expected;
  // Mean 3999, standard deviation 89.
  expect(chiSquare).toBeGreaterThan(3999 - 5 * 89);
  expect(chiSquare).toBeLessThan(3999 + 5 * 89);
});

test('a walk gives every record once with its hash, a table of segments of different depths too', () => {
  const hashes = new Map<number, number>();
  // Half of the hashes share their top bits, so that a part of the table is deeper than the rest.
  for (let n = 0; n < 20_000; n++) {
    const hash = n % 2 === 0 ? spread(n) : spread(n) >>> 4;
    hashes.set(insert(hash, n), hash);
  }
  const records = new AddressList();
  const found = new AddressList();
  let cursor = 0;
  do cursor = dict.walk(cursor, records, found);
  while (cursor !== 0);
  expect(records.length).toBe(20_000);
  expect(new Set(records.addresses.subarray(0, records.length)).size).toBe(20_000);
  for (let i = 0; i < records.length; i++) expect(hashes.get(records.addresses[i])).toBe(found.addresses[i]);
});

test('keepHashes() drops only records whose hash the table does not have', () => {
  for (let n = 0; n < 1000; n++) insert(spread(n), n);
  const records = new AddressList();
  const hashes = new AddressList();
  for (let n = 500; n < 1500; n++) {
    records.push(n);
    hashes.push(spread(n));
  }
  dict.keepHashes(records, hashes);
  expect([...records.addresses.subarray(0, records.length)]).toEqual(
    Array.from({ length: 500 }, (_, i) => 500 + i),
  );
  expect(hashes.addresses[499]).toBe(spread(999));
  expect(hashes.length).toBe(500);
});
