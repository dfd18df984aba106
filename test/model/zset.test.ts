/*
 * Sorted sets against arrays that are kept in order: random operations on small and large ones and across the change from one form to the
 * other, with ranges of ranks, scores and members read in both directions. In the end everything is deleted and the memory must be
 * what it was at the start.
 */
import { describe, expect, it } from 'vitest';
import { bytesFromString, compareBytes, stringFromBytes } from '../../src/base/bytes.ts';
import { handleOf } from '../../src/keyspace/blob.ts';
import { collectionKind } from '../../src/keyspace/collections.ts';
import { byteOffsetOf, segmentOf } from '../../src/memory/address.ts';
import { auditArena } from '../../src/memory/arena-audit.ts';
import { ENCODING_SKIPLIST, encodingOf, readWord0 } from '../../src/memory/record.ts';
import { LargeZset, openLarge } from '../../src/types/zset/large.ts';
import { ZsetWalk } from '../../src/types/zset/walk.ts';
import * as zsets from '../../src/types/zset/zset.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';
import { Keys, newKeyspace } from '../unit/keyspace/keys.ts';
import { NO_HURRY, operations } from './memory-model.ts';

const OPERATIONS = operations(3000);
const NAMES = ['a', 'b', 'same:1', 'same:2', `long${'key'.repeat(100)}`];

const { below, pick } = seededRandom('model/zset');
const keyspace = newKeyspace(1);
const db = keyspace.databases[0];
const keys = new Keys(db);
const models = new Map<string, Map<string, number>>();

type Entry = [member: string, score: number];

const compareText = (a: string, b: string): number => {
  const [x, y] = [bytesFromString(a), bytesFromString(b)];
  return compareBytes(x, 0, x.length, y, 0, y.length);
};

/** What the sorted set must hold, in order. */
const inOrder = (model: Map<string, number>): Entry[] =>
  [...model].sort((a, b) => (a[1] === b[1] ? compareText(a[0], b[0]) : a[1] < b[1] ? -1 : 1));

const isLarge = (address: number): boolean =>
  encodingOf(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address))) === ENCODING_SKIPLIST;

function anyScore(key: string): number {
  if (key.startsWith('same')) return 0;
  const kind = below(100);
  if (kind < 40) return below(8) - 4;
  if (kind < 70) return below(1e6) / 1000 - 500;
  return pick([
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    // Not -0: the small form, as in Redis, keeps integers as such and loses its sign.
    0,
    5e-324,
    1.7976931348623157e308,
    -1.7976931348623157e308,
    2 ** 53,
    0.1,
    below(2 ** 31) * 2 ** 20,
  ]);
}

function anyMember(): string {
  const kind = below(100);
  if (kind < 50) return `m${below(120)}`;
  if (kind < 70) return String(below(60) - 30);
  if (kind < 80) return pick(['', '\xff', '\0', 'a', 'aa', '9223372036854775807', '007', '-0']);
  if (kind < 98) return pick(['x', 'yz', 'word ']).repeat(below(12));
  return 'long'.repeat(below(60));
}

function add(key: string, member: string, score: number): void {
  const name = bytesFromString(key);
  const bytes = bytesFromString(member);
  const hash = keys.hash(key);
  const model = models.get(key) ?? new Map<string, number>();
  let address = keys.find(key);
  if (address === 0) address = zsets.createZset(db, hash, name, 0, name.length, bytes.length);
  const found = zsets.lookup(db, address, bytes, 0, bytes.length);
  expect(found).toBe(model.has(member));
  if (found) {
    expect(zsets.hit.score).toBe(model.get(member));
    address = zsets.changeScore(db, hash, address, bytes, 0, bytes.length, score);
  } else {
    address = zsets.addMember(db, hash, address, bytes, 0, bytes.length, score);
  }
  expect(address).toBe(keys.find(key));
  model.set(member, score);
  models.set(key, model);
}

/** Deletes the key when its sorted set is empty, as commands do. */
function finish(key: string, address: number): void {
  const model = models.get(key) as Map<string, number>;
  expect(address).toBe(keys.find(key));
  expect(zsets.zsetCount(db, address)).toBe(model.size);
  if (model.size > 0) return;
  keys.remove(key, below(2) === 0);
  models.delete(key);
}

function remove(key: string, model: Map<string, number>): void {
  const member = below(4) === 0 ? anyMember() : pick([...model.keys()]);
  const bytes = bytesFromString(member);
  const address = keys.find(key);
  expect(zsets.lookup(db, address, bytes, 0, bytes.length)).toBe(model.has(member));
  if (!model.delete(member)) return;
  finish(key, zsets.removeHit(db, keys.hash(key), address));
}

function removeRange(key: string, model: Map<string, number>): void {
  const n = Math.min(model.size, below(8) === 0 ? below(model.size + 1) : below(5));
  const rank = below(model.size - n + 1);
  for (const [member] of inOrder(model).slice(rank, rank + n)) model.delete(member);
  finish(key, zsets.removeRange(db, keys.hash(key), keys.find(key), rank, n));
}

function rename(key: string, model: Map<string, number>): void {
  const to = pick(NAMES);
  if (models.has(to) || to.startsWith('same') !== key.startsWith('same')) return;
  keys.rename(key, to);
  models.set(to, model);
  models.delete(key);
}

function copy(key: string, model: Map<string, number>): void {
  const to = pick(NAMES);
  if (models.has(to) || to.startsWith('same') !== key.startsWith('same')) return;
  keys.copyFrom(keys, key, to);
  models.set(to, new Map(model));
}

/** Makes a structure without a key the value of one, as the commands that store do. */
function adopt(key: string, model: Map<string, number>): void {
  const handle = LargeZset.create(db.arena);
  const name = bytesFromString(key);
  const large = openLarge(db.arena, handle);
  for (const [member, score] of model) {
    const bytes = bytesFromString(member);
    large.add(keyspace.hasher.hash(bytes, 0, bytes.length), bytes, 0, bytes.length, score);
  }
  keys.remove(key);
  zsets.adoptZset(db, keys.hash(key), name, 0, name.length, handle);
}

const walk = new ZsetWalk();

/** Up to `n` members from a rank on, in either direction. */
function read(address: number, rank: number, reverse: boolean, n = Number.POSITIVE_INFINITY): Entry[] {
  const found: Entry[] = [];
  for (let more = walk.open(db, address, rank, reverse); more && found.length < n; more = walk.advance()) {
    found.push([stringFromBytes(walk.bytes, walk.start, walk.end), walk.score]);
  }
  return found;
}

function check(key: string, model: Map<string, number>): void {
  const address = keys.find(key);
  const entries = inOrder(model);
  const { length } = entries;
  expect(read(address, 0, false)).toEqual(entries);
  expect(read(address, length - 1, true)).toEqual([...entries].reverse());
  const rank = below(length);
  expect(read(address, rank, false, 5)).toEqual(entries.slice(rank, rank + 5));
  expect(read(address, rank, true, 5)).toEqual(entries.slice(Math.max(0, rank - 4), rank + 1).reverse());
  expect(read(address, length, false)).toEqual([]);
  expect(read(address, -1, true)).toEqual([]);
  checkScores(key, address, entries);
  checkRanks(address, entries);
  if (key.startsWith('same')) checkMembers(address, entries);
}

/** Ranges of scores: how many are below, and at most at, any score. */
function checkScores(key: string, address: number, entries: Entry[]): void {
  for (let i = 0; i < 6; i++) {
    const score = below(2) === 0 ? anyScore(key) : pick(entries)[1];
    expect(zsets.rankOfScore(db, address, score, false)).toBe(entries.filter(([, s]) => s < score).length);
    expect(zsets.rankOfScore(db, address, score, true)).toBe(entries.filter(([, s]) => s <= score).length);
  }
}

function checkRanks(address: number, entries: Entry[]): void {
  for (let i = 0; i < 6; i++) {
    const rank = below(entries.length);
    const bytes = bytesFromString(entries[rank][0]);
    expect(zsets.lookup(db, address, bytes, 0, bytes.length)).toBe(true);
    expect(zsets.hit.score).toBe(entries[rank][1]);
    expect(zsets.rankOfHit(db, address)).toBe(rank);
  }
}

/** Ranges of members, which only mean something where all scores are equal. */
function checkMembers(address: number, entries: Entry[]): void {
  for (let i = 0; i < 6; i++) {
    const member = below(2) === 0 ? anyMember() : pick(entries)[0];
    const bytes = bytesFromString(member);
    const before = entries.filter(([m]) => compareText(m, member) < 0).length;
    const upTo = entries.filter(([m]) => compareText(m, member) <= 0).length;
    expect(zsets.rankOfMember(db, address, bytes, 0, bytes.length, false)).toBe(before);
    expect(zsets.rankOfMember(db, address, bytes, 0, bytes.length, true)).toBe(upTo);
  }
}

function step(): void {
  const key = pick(NAMES);
  const model = models.get(key);
  const kind = below(1000);
  if (model === undefined || kind < 600) {
    for (let n = below(20) === 0 ? 1 + below(60) : 1; n > 0; n--) add(key, anyMember(), anyScore(key));
  } else if (kind < 800) remove(key, model);
  else if (kind < 850) removeRange(key, model);
  else if (kind < 870) rename(key, model);
  else if (kind < 900) copy(key, model);
  else if (kind < 920) adopt(key, model);
  else if (kind < 925) {
    keys.remove(key, below(2) === 0);
    models.delete(key);
  } else check(key, model);
}

describe.each([
  { entries: 128, value: 64 },
  { entries: 8, value: 12 },
  { entries: 0, value: 64 },
  { entries: 1 << 20, value: 1 << 20 },
])('sorted sets with up to $entries members of $value bytes in the small form', ({ entries, value }) => {
  it('hold what arrays hold, and give all memory back', NO_HURRY, () => {
    Object.assign(keyspace.packing, { zsetEntries: entries, zsetValue: value });
    const used = db.arena.usedBytes;
    const large = keyspace.large.usedBytes;
    let changes = 0;
    for (let i = 0; i < OPERATIONS; i++) {
      step();
      for (const [key, model] of i % 100 === 99 ? models : []) check(key, model);
      for (const key of models.keys()) {
        const address = keys.find(key);
        if (isLarge(address)) changes++;
        else expect(zsets.zsetCount(db, address)).toBeLessThanOrEqual(entries);
      }
    }
    if (entries < 1 << 20) expect(changes).toBeGreaterThan(0);
    for (const [key, model] of models) check(key, model);
    for (const key of [...models.keys()]) keys.remove(key, below(2) === 0);
    models.clear();
    while (keyspace.lazyFree.run());
    expect(db.count).toBe(0);
    // The database's own table keeps a little.
    expect(db.arena.usedBytes - used).toBeLessThanOrEqual(64 << 10);
    expect(keyspace.large.usedBytes).toBe(large);
    auditArena(db.arena);
  });
});

describe('a large sorted set', () => {
  it('gives all its memory back, at once or in slices, and weighs what it takes', NO_HURRY, () => {
    Object.assign(keyspace.packing, { zsetEntries: 128, zsetValue: 64 });
    add('warm', 'up', 1);
    keys.remove('warm');
    models.clear();
    const used = db.arena.usedBytes;
    for (const lazily of [false, true]) {
      for (let i = 0; i < 20_000; i++) add('a', `member ${(i * 7919) % 20_000}`, below(1000));
      const model = models.get('a') as Map<string, number>;
      const address = keys.find('a');
      expect(isLarge(address)).toBe(true);
      check('a', model);
      const kind = collectionKind(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address)));
      const bytes = kind?.bytes(keyspace, handleOf(db, address), 0) ?? 0;
      // All that is in use but the key's record, which is small.
      expect(Math.abs(db.arena.usedBytes - used - bytes)).toBeLessThan(1024);
      keys.copyFrom(keys, 'a', 'b');
      check('b', model);
      for (let n = 0; n < 10 && models.has('a'); n++) removeRange('a', model);
      keys.remove('b', lazily);
      if (models.has('a')) keys.remove('a', lazily);
      models.clear();
      while (keyspace.lazyFree.run());
      expect(db.arena.usedBytes).toBe(used);
    }
    auditArena(db.arena);
  });
});
