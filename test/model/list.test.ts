/*
 * Lists against arrays: random operations on small and large ones, with blocks of all sizes, compressed ones, and elements that lie
 * outside of the blocks. Every few operations the invariants of large lists are checked, and every so often all elements; in the end
 * everything is deleted and the memory must be what it was at the start.
 */
import { afterAll, expect, it } from 'vitest';
import { bytesFromString, stringFromBytes } from '../../src/base/bytes.ts';
import { handleOf } from '../../src/keyspace/blob.ts';
import { byteOffsetOf, segmentOf } from '../../src/memory/address.ts';
import { auditArena } from '../../src/memory/arena-audit.ts';
import { elementSize, text, writeElement } from '../../src/memory/listpack.ts';
import { ENCODING_QUICKLIST, encodingOf, readWord0 } from '../../src/memory/record.ts';
import { liesOutside, setOutsideMin } from '../../src/types/list/limits.ts';
import * as lists from '../../src/types/list/list-value.ts';
import { ListWalk, walk } from '../../src/types/list/list-walk.ts';
import { appendElements, checkQuicklist, quicklistBytes } from '../../src/types/list/quicklist.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';
import { Keys, newKeyspace } from '../unit/keyspace/keys.ts';
import { NO_HURRY, operations } from './memory-model.ts';

const OPERATIONS = operations(6000);
const KEYS = ['a', 'b', 'c', `long${'key'.repeat(100)}`];

const { below, pick } = seededRandom('model/list');
const keyspace = newKeyspace(1);
const db = keyspace.databases[0];
const keys = new Keys(db);
const models = new Map<string, string[]>();

function anyElement(): string {
  const kind = below(100);
  if (kind < 30) return pick(['x', 'y', 'z']);
  if (kind < 50) return String(below(2 ** 32) - 2 ** 31);
  if (kind < 60)
    return pick(['', '-0', '9223372036854775807', '-9223372036854775808', '9223372036854775808', '007']);
  if (kind < 90) return pick(['v', 'word ']).repeat(below(70));
  if (kind < 98) return `${below(1000)}`.repeat(below(300));
  return pick(['w', 'long ']).repeat(below(4000));
}

const isLarge = (address: number): boolean =>
  encodingOf(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address))) === ENCODING_QUICKLIST;

function push(key: string, front: boolean, elements: string[]): void {
  const name = bytesFromString(key);
  const bytes = elements.map(bytesFromString);
  lists.startAdding();
  for (const element of bytes) lists.measure(element, 0, element.length);
  const address = lists.startPush(db, keys.hash(key), keys.find(key), name, 0, name.length, front);
  for (const element of bytes) lists.pushElement(db, address, front, element, 0, element.length);
  const model = models.get(key) ?? [];
  if (front) model.unshift(...elements.reverse());
  else model.push(...elements);
  models.set(key, model);
}

/** Adds elements as a file brings them: encoded, one behind the other. */
function append(key: string, model: string[]): void {
  const elements = Array.from({ length: 1 + below(100) }, anyElement).filter(
    ({ length }) => !liesOutside(length),
  );
  const bytes = elements.map(bytesFromString);
  const sizes = bytes.map((element) => elementSize(element, 0, element.length));
  const run = new Uint8Array(3 + sizes.reduce((sum, size) => sum + size, 0));
  let at = 2;
  for (const [i, element] of bytes.entries()) {
    writeElement(run, at, element, 0, element.length);
    at += sizes[i];
  }
  appendElements(keyspace, handleOf(db, keys.find(key)), run, 2, at);
  model.push(...elements);
}

function finish(key: string, address: number): void {
  const model = models.get(key) as string[];
  const left = lists.finishRemoval(db, keys.hash(key), address);
  expect(left === 0).toBe(model.length === 0);
  if (model.length === 0) models.delete(key);
}

function removeEnd(key: string, model: string[]): void {
  const front = below(2) === 0;
  const n = below(4) === 0 ? below(model.length + 1) : Math.min(model.length, below(4));
  const address = lists.removeEnd(db, keys.hash(key), keys.find(key), front, n);
  if (front) model.splice(0, n);
  else model.splice(model.length - n, n);
  finish(key, address);
}

function set(key: string, model: string[]): void {
  const index = below(model.length);
  const element = anyElement();
  const bytes = bytesFromString(element);
  lists.setElement(db, keys.hash(key), keys.find(key), index, bytes, 0, bytes.length);
  model[index] = element;
}

function insert(key: string, model: string[]): void {
  const index = below(model.length);
  const after = below(2) === 0;
  const element = anyElement();
  const bytes = bytesFromString(element);
  const address = keys.find(key);
  expect(walk.open(db, address, index, true)).toBe(true);
  lists.insertAt(db, keys.hash(key), address, walk, after, bytes, 0, bytes.length);
  model.splice(after ? index + 1 : index, 0, element);
}

function removeEqual(key: string, model: string[]): void {
  const wanted = below(3) === 0 ? pick(['x', 'y', 'z']) : pick(model);
  const bytes = bytesFromString(wanted);
  const fromFront = below(2) === 0;
  const limit = below(2) === 0 ? Number.POSITIVE_INFINITY : 1 + below(3);
  const found = model.flatMap((element, i) => (element === wanted ? [i] : []));
  const gone = new Set(fromFront ? found.slice(0, limit) : found.slice(Math.max(0, found.length - limit)));
  const n = lists.removeEqual(db, keys.hash(key), keys.find(key), fromFront, limit, bytes, 0, bytes.length);
  expect(n).toBe(gone.size);
  models.set(
    key,
    model.filter((_, i) => !gone.has(i)),
  );
  if (n > 0) finish(key, lists.removedFrom);
}

function rename(key: string): void {
  const to = pick(KEYS);
  if (models.has(to)) return;
  keys.rename(key, to);
  models.set(to, models.get(key) as string[]);
  models.delete(key);
}

function copy(key: string): void {
  const to = pick(KEYS);
  if (models.has(to)) return;
  keys.copyFrom(keys, key, to);
  models.set(to, [...(models.get(key) as string[])]);
}

function remove(key: string): void {
  keys.remove(key, below(2) === 0);
  models.delete(key);
}

function elementsOf(key: string, from: number, forward: boolean): string[] {
  const elements: string[] = [];
  const reader = new ListWalk();
  if (!reader.open(db, keys.find(key), from, forward)) return elements;
  do {
    reader.read();
    const element = stringFromBytes(text.bytes, text.start, text.end);
    expect(reader.equals(bytesFromString(element), 0, element.length)).toBe(true);
    elements.push(element);
  } while (reader.next());
  return elements;
}

function blockwise(key: string): string[] {
  const elements: string[] = [];
  if (!walk.open(db, keys.find(key), 0, true)) return elements;
  for (;;) {
    const more = walk.readInBlock();
    elements.push(stringFromBytes(text.bytes, text.start, text.end));
    if (!more && !walk.enterNext()) return elements;
  }
}

function compare(key: string): void {
  const model = models.get(key) as string[];
  expect(elementsOf(key, 0, true)).toEqual(model);
  expect(elementsOf(key, model.length - 1, false)).toEqual([...model].reverse());
  expect(blockwise(key)).toEqual(model);
  const from = below(model.length);
  expect(elementsOf(key, from, true)).toEqual(model.slice(from));
  expect(elementsOf(key, model.length, true)).toEqual([]);
}

function operate(): void {
  const key = pick(KEYS);
  const model = models.get(key);
  const kind = below(100);
  if (model === undefined || kind < 40)
    push(key, below(2) === 0, Array.from({ length: 1 + below(below(6) === 0 ? 100 : 4) }, anyElement));
  else if (kind < 46 && isLarge(keys.find(key))) append(key, model);
  else if (kind < 58) removeEnd(key, model);
  else if (kind < 72) set(key, model);
  else if (kind < 84) insert(key, model);
  else if (kind < 93) removeEqual(key, model);
  else if (kind < 95) rename(key);
  else if (kind < 97) copy(key);
  else if (kind < 98) remove(key);
  else compare(key);
}

function check(): void {
  for (const [key, model] of models) {
    const address = keys.find(key);
    expect(lists.listLength(db, address)).toBe(model.length);
    if (isLarge(address)) checkQuicklist(keyspace, handleOf(db, address));
  }
}

afterAll(() => setOutsideMin(0));

it.each([
  [-1, 0, 0],
  [-2, 0, 0],
  [-1, 1, 0],
  [-1, 2, 100],
  [-5, 1, 0],
  [1, 1, 0],
  [2, 0, 200],
  [7, 3, 0],
  [100, 1, 1000],
])('Lists: are what arrays are: fill %d, depth %d, outside from %d', NO_HURRY, (fill, depth, outside) => {
  const before = keyspace.usedBytes;
  keyspace.packing.listSize = fill;
  keyspace.packing.listDepth = depth;
  setOutsideMin(outside);
  for (let i = 0; i < OPERATIONS; i++) {
    operate();
    if (i % 8 === 0) check();
  }
  for (const key of [...models.keys()]) {
    compare(key);
    const address = keys.find(key);
    if (isLarge(address)) expect(quicklistBytes(keyspace, handleOf(db, address), 0)).toBeGreaterThan(0);
    remove(key);
  }
  while (keyspace.lazyFree.run());
  expect(db.count).toBe(0);
  expect(keyspace.usedBytes).toBe(before);
  auditArena(db.arena);
});

it('Lists: elements too long for a cell of the arena lie in buffers of their own and come back whole', () => {
  const before = keyspace.usedBytes;
  keyspace.packing.listSize = -2;
  keyspace.packing.listDepth = 1;
  setOutsideMin(0);
  const long = ['a', 'b', 'c'].map((letter) => letter.repeat((1 << 20) + 5));
  const edge = [-70, -64, -63, -62, -1, 0].map((by) => 'e'.repeat((1 << 20) + by));
  push('a', false, [...long, 'small', ...edge]);
  push('a', true, ['first', long[0]]);
  for (let i = 0; i < 200; i++) push('a', false, [`element ${i}`.repeat(20)]);
  check();
  compare('a');
  copy('a');
  for (let i = 0; i < 30; i++) insert('a', models.get('a') as string[]);
  for (let i = 0; i < 30; i++) set('a', models.get('a') as string[]);
  const bytes = bytesFromString(long[1]);
  const model = models.get('a') as string[];
  lists.setElement(db, keys.hash('a'), keys.find('a'), 20, bytes, 0, bytes.length);
  model[20] = long[1];
  removeEqual('a', model);
  check();
  compare('a');
  for (const key of [...models.keys()]) remove(key);
  while (keyspace.lazyFree.run());
  expect(keyspace.usedBytes).toBe(before);
});
