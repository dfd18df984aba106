/*
 * The keyspace against a Map per database: every operation that can move, rename, expire or free a record, in every encoding of
 * strings and across the changes between them, on a clock that the test moves. In the end everything is deleted and the
 * memory must be what it was at the start. A million operations (MODEL_OPERATIONS, TEST_SEED=7) took 79 s and found nothing.
 */
import { expect, it } from 'vitest';
import { NO_EXPIRE } from '../../src/keyspace/database.ts';
import { auditArena } from '../../src/memory/arena-audit.ts';
import { growString, view } from '../../src/types/string/string-value.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';
import { Keys, newKeyspace } from '../unit/keyspace/keys.ts';
import { NO_HURRY, operations } from './memory-model.ts';

const OPERATIONS = operations(60_000);
const KEYS = 300;
const DATABASES = 3;
const MEGABYTE = 1 << 20;

interface Entry {
  value: string;
  expireMs: number;
}

const random = seededRandom('model/keyspace');
const keyspace = newKeyspace(DATABASES);
const databases = keyspace.databases.map((db) => new Keys(db));
const models = databases.map(() => new Map<string, Entry>());

function live(model: Map<string, Entry>, key: string): Entry | undefined {
  const entry = model.get(key);
  if (entry === undefined || entry.expireMs === NO_EXPIRE || entry.expireMs > keyspace.nowMs) return entry;
  model.delete(key);
  return undefined;
}

/** Some keys are as long as to be LONG_KEY records. */
function anyKey(): string {
  const n = random.below(KEYS);
  return n % 10 === 0 ? `${'long'.repeat(80)}${n}` : `key:${n}`;
}

function anyValue(): string {
  const kind = random.below(1000);
  if (kind < 300) return String(random.below(2 ** 32) - 2 ** 31);
  if (kind < 600) return 'e'.repeat(random.below(45));
  if (kind < 997) return 'r'.repeat(random.below(3000));
  return 'L'.repeat(MEGABYTE - 400 + random.below(1000));
}

function anyTime(): number {
  return random.below(2) === 0 ? NO_EXPIRE : keyspace.nowMs + 1 + random.below(2000);
}

type Operation = (index: number) => void;

const set: Operation = (index) => {
  const key = anyKey();
  const entry = { value: anyValue(), expireMs: anyTime() };
  databases[index].set(key, entry.value, entry.expireMs);
  models[index].set(key, entry);
};

const get: Operation = (index) => {
  const key = anyKey();
  const entry = live(models[index], key);
  const value = databases[index].get(key);
  if (value !== (entry?.value ?? null)) throw new Error(`${key} is not what the model says`);
  if (entry) expect(databases[index].expireOf(key)).toBe(entry.expireMs);
};

const append: Operation = (index) => {
  const key = anyKey();
  const entry = live(models[index], key);
  if (entry === undefined) return;
  const before = entry.value.length;
  const more = random.below(100) === 0 ? random.below(MEGABYTE) : random.below(100);
  const { db } = databases[index];
  growString(db, databases[index].find(key), databases[index].hash(key), before + more);
  for (let i = view.start + before; i < view.end; i++) {
    if (view.bytes[i] !== 0) throw new Error('bytes that were added are not zero');
  }
  view.bytes.fill(97, view.start + before, view.end);
  entry.value += 'a'.repeat(more);
};

const expire: Operation = (index) => {
  const key = anyKey();
  const entry = live(models[index], key);
  if (entry === undefined) return;
  entry.expireMs = anyTime();
  if (entry.expireMs === NO_EXPIRE) databases[index].clearExpire(key);
  else databases[index].setExpire(key, entry.expireMs);
};

const remove: Operation = (index) => {
  const key = anyKey();
  if (live(models[index], key) === undefined) return;
  models[index].delete(key);
  databases[index].remove(key, random.below(2) === 0);
};

const rename: Operation = (index) => {
  const from = anyKey();
  const to = anyKey();
  const entry = live(models[index], from);
  if (entry === undefined || live(models[index], to) !== undefined || databases[index].find(to) !== 0) return;
  databases[index].rename(from, to);
  models[index].delete(from);
  models[index].set(to, entry);
};

const copy: Operation = (index) => {
  const other = random.below(DATABASES);
  const [from, to] = [anyKey(), anyKey()];
  const entry = live(models[index], from);
  if (entry === undefined || live(models[other], to) !== undefined || databases[other].find(to) !== 0) return;
  databases[other].copyFrom(databases[index], from, to);
  models[other].set(to, { ...entry });
};

const move: Operation = (index) => {
  const other = random.below(DATABASES);
  const key = anyKey();
  const entry = live(models[index], key);
  if (entry === undefined || other === index || databases[other].find(key) !== 0) return;
  databases[index].moveTo(databases[other], key);
  models[index].delete(key);
  models[other].set(key, entry);
};

const passTime: Operation = () => {
  keyspace.nowMs += random.below(50);
};

const expireDue: Operation = (index) => {
  databases[index].db.expireDue(random.below(20));
};

const freeSlice: Operation = () => {
  keyspace.lazyFree.run();
  keyspace.lazyFree.buffers = [];
};

const swap: Operation = (index) => {
  const other = random.below(DATABASES);
  keyspace.swap(index, other);
  [models[index], models[other]] = [models[other], models[index]];
};

const flush: Operation = (index) => {
  const kind = random.below(10);
  if (kind === 0) keyspace.flushAll();
  else keyspace.flush(databases[index].db);
  if (kind === 0) for (const model of models) model.clear();
  else models[index].clear();
};

/** Operations with how often they come, of a thousand. */
const MIX: [Operation, number][] = [
  [set, 300],
  [get, 250],
  [append, 80],
  [expire, 80],
  [remove, 60],
  [rename, 50],
  [copy, 30],
  [move, 30],
  [passTime, 50],
  [expireDue, 40],
  [freeSlice, 26],
  [swap, 3],
  [flush, 1],
];

function anyOperation(): Operation {
  let rest = random.below(1000);
  for (const [operation, weight] of MIX) {
    rest -= weight;
    if (rest < 0) return operation;
  }
  return get;
}

function compareAll(): void {
  databases.forEach((keys, index) => {
    for (const key of [...models[index].keys()]) {
      const entry = live(models[index], key);
      if (keys.get(key) !== (entry?.value ?? null)) throw new Error(`${key} differs in database ${index}`);
    }
    keys.db.expireDue(Number.POSITIVE_INFINITY);
    expect(keys.db.count).toBe(models[index].size);
    const volatile = [...models[index].values()].filter((entry) => entry.expireMs !== NO_EXPIRE);
    expect(keys.db.expires.count).toBe(volatile.length);
  });
}

it('does what a Map per database does, and leaks nothing', NO_HURRY, () => {
  const atStart = keyspace.usedBytes;
  for (let i = 0; i < OPERATIONS; i++) {
    anyOperation()(random.below(DATABASES));
    if (i % 10_000 === 0) compareAll();
  }
  compareAll();
  auditArena(keyspace.arena);
  databases.forEach((keys, index) => {
    for (const key of models[index].keys()) keys.remove(key);
  });
  while (keyspace.lazyFree.run());
  auditArena(keyspace.arena);
  expect(keyspace.large.count).toBe(0);
  expect(keyspace.usedBytes).toBe(atStart);
  expect(keyspace.arena.usedBytes).toBe(0);
});
