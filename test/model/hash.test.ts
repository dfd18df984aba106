/*
 * Hashes against a Map of Maps: both forms and the change between them, fields with and without expire times, keys that are copied,
 * renamed, moved, overwritten, swapped and flushed, on a clock that the test moves. In the end everything is deleted and the memory
 * must be what it was at the start.
 */
import { expect, it } from 'vitest';
import { bytesFromString, stringFromBytes } from '../../src/base/bytes.ts';
import { collectionKind } from '../../src/keyspace/collections.ts';
import { NO_EXPIRE } from '../../src/keyspace/database.ts';
import { byteOffsetOf, segmentOf } from '../../src/memory/address.ts';
import { auditArena } from '../../src/memory/arena-audit.ts';
import { readWord0, valueWord } from '../../src/memory/record.ts';
import { KEEP_TIME } from '../../src/types/hash/hash-table.ts';
import {
  change,
  createHash,
  getField,
  hashLength,
  NO_FIELD,
  removeDueFields,
  removeField,
  removeIfEmpty,
  setField,
  setTimeOfField,
  timeOfField,
  value,
} from '../../src/types/hash/hash-value.ts';
import { HashWalk } from '../../src/types/hash/hash-walk.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';
import { Keys, newKeyspace } from '../unit/keyspace/keys.ts';
import { check, NO_HURRY, operations } from './memory-model.ts';

const DATABASES = 3;
/** How many fields a hash may have, by the number of its key. */
const FIELDS = [1, 3, 20, 50, 90, 400, 3000];

interface Field {
  value: string;
  atMs: number;
}
type Hash = Map<string, Field>;

const random = seededRandom('model/hash');
const keyspace = newKeyspace(DATABASES);
keyspace.packing.hashEntries = 30;
const databases = keyspace.databases.map((db) => new Keys(db));
const models: Map<string, Hash | string>[] = databases.map(() => new Map());
const walk = new HashWalk();

const isDue = (field: Field): boolean => field.atMs !== NO_EXPIRE && field.atMs <= keyspace.nowMs;
const anyKey = (): string => `${random.below(8) === 0 ? 'long'.repeat(70) : 'k'}${random.below(40)}`;

function anyField(key: string): string {
  const n = random.below(FIELDS[Number(/\d+$/.exec(key)) % FIELDS.length]);
  return n % 3 === 0 ? String(n) : n % 50 === 1 ? `f${'x'.repeat(60)}${n}` : `f${n}`;
}

function anyValue(): string {
  const kind = random.below(1000);
  if (kind < 300) return String(random.below(2 ** 32) - 2 ** 31);
  if (kind < 850) return 'e'.repeat(random.below(40));
  if (kind < 999) return 'r'.repeat(random.below(200));
  return 'L'.repeat((1 << 20) - 200 + random.below(400));
}

const anyTime = (): number => keyspace.nowMs + 1 + random.below(random.below(4) === 0 ? 100_000 : 300);

/** The hash of the model, without fields that are due; undefined when there is none, null for a string. */
function live(index: number, key: string): Hash | null | undefined {
  const hash = models[index].get(key);
  if (typeof hash === 'string') return null;
  if (hash === undefined) return undefined;
  for (const [name, field] of hash) if (isDue(field)) hash.delete(name);
  if (hash.size > 0) return hash;
  models[index].delete(key);
  return undefined;
}

/** The address of the key as a command finds it: with a few due fields removed. */
function find(index: number, key: string): number {
  const address = databases[index].find(key);
  if (address === 0 || typeof models[index].get(key) === 'string') return address;
  return removeDueFields(databases[index].db, databases[index].hash(key), address);
}

type Operation = (index: number) => void;

const set: Operation = (index) => {
  const key = anyKey();
  const hash = live(index, key);
  if (hash === null) return;
  const { db } = databases[index];
  const keyHash = databases[index].hash(key);
  let address = find(index, key);
  const target: Hash = hash ?? new Map();
  if (hash === undefined && address === 0) {
    const bytes = bytesFromString(key);
    address = createHash(db, keyHash, bytes, 0, bytes.length, random.below(200));
  }
  for (let i = 1 + random.below(random.below(5) === 0 ? 400 : 4); i > 0; i--) {
    const name = anyField(key);
    const text = anyValue();
    const kind = random.below(6);
    const atMs = kind === 0 ? KEEP_TIME : kind < 3 && random.below(3) === 0 ? anyTime() : NO_EXPIRE;
    const field = bytesFromString(name);
    const bytes = bytesFromString(text);
    address = setField(db, keyHash, address, field, 0, field.length, bytes, 0, bytes.length, atMs);
    check(change.made === !target.has(name), `made of ${name}`);
    const kept = atMs === KEEP_TIME ? (target.get(name)?.atMs ?? NO_EXPIRE) : atMs;
    target.set(name, { value: text, atMs: kept });
  }
  models[index].set(key, target);
};

const remove: Operation = (index) => {
  const key = anyKey();
  const hash = live(index, key);
  let address = find(index, key);
  if (address === 0 || hash === null) return;
  const { db } = databases[index];
  for (let i = 1 + random.below(random.below(5) === 0 ? 300 : 3); i > 0 && address !== 0; i--) {
    const name = anyField(key);
    const field = bytesFromString(name);
    address = removeField(db, databases[index].hash(key), address, field, 0, field.length);
    check(change.removed === (hash?.delete(name) ?? false), `removed of ${name}`);
    if (removeIfEmpty(db, databases[index].hash(key), address)) address = 0;
  }
  if (hash !== undefined && hash.size === 0) models[index].delete(key);
};

const get: Operation = (index) => {
  const key = anyKey();
  const address = databases[index].find(key);
  const hash = live(index, key);
  if (hash === null || address === 0) {
    check(hash === null || hash === undefined, 'the key is lost');
    return;
  }
  const name = anyField(key);
  checkField(index, address, name, hash?.get(name));
};

function checkField(index: number, address: number, name: string, wanted: Field | undefined): void {
  const { db } = databases[index];
  const field = bytesFromString(name);
  const atMs = timeOfField(db, address, field, 0, field.length);
  check(atMs === (wanted === undefined ? NO_FIELD : wanted.atMs), `time of ${name}`);
  const found = getField(db, address, field, 0, field.length);
  check(found === (wanted !== undefined), `field ${name}`);
  if (wanted !== undefined)
    check(stringFromBytes(value.bytes, value.start, value.end) === wanted.value, `value of ${name}`);
}

const expire: Operation = (index) => {
  const key = anyKey();
  const hash = live(index, key);
  let address = find(index, key);
  if (address === 0 || !hash) return;
  for (let i = 1 + random.below(random.below(4) === 0 ? 200 : 3); i > 0; i--) {
    const name = anyField(key);
    const wanted = hash.get(name);
    const atMs = random.below(4) === 0 ? NO_EXPIRE : anyTime();
    if (wanted === undefined) continue;
    const field = bytesFromString(name);
    const { db } = databases[index];
    address = setTimeOfField(db, databases[index].hash(key), address, field, 0, field.length, atMs);
    wanted.atMs = atMs;
  }
};

const copy: Operation = (index) => {
  const from = anyKey();
  const to = anyKey();
  const other = random.below(DATABASES);
  const hash = live(index, from);
  live(other, to);
  if (find(index, from) === 0 || find(other, to) !== 0 || !hash) return;
  databases[other].copyFrom(databases[index], from, to);
  models[other].set(to, new Map([...hash].map(([name, field]) => [name, { ...field }])));
};

const rename: Operation = (index) => {
  const from = anyKey();
  const to = anyKey();
  const other = random.below(DATABASES);
  const content = live(index, from);
  live(other, from);
  live(index, to);
  if (find(index, from) === 0 || !content) return;
  if (random.below(2) === 0) {
    if (find(index, to) !== 0) return;
    databases[index].rename(from, to);
    models[index].set(to, content);
  } else {
    if (other === index || find(other, from) !== 0) return;
    databases[index].moveTo(databases[other], from);
    models[other].set(from, content);
  }
  models[index].delete(from);
};

const overwrite: Operation = (index) => {
  const key = anyKey();
  if (random.below(3) === 0) {
    databases[index].set(key, 'text');
    models[index].set(key, 'text');
  } else if (databases[index].find(key) !== 0) {
    databases[index].remove(key, random.below(2) === 0);
    models[index].delete(key);
  }
};

const swapOrFlush: Operation = (index) => {
  const other = random.below(DATABASES);
  if (random.below(4) > 0) {
    keyspace.swap(index, other);
    [models[index], models[other]] = [models[other], models[index]];
  } else if (random.below(5) === 0) {
    keyspace.flush(databases[index].db);
    models[index].clear();
  }
};

const passTime: Operation = (index) => {
  keyspace.nowMs += random.below(60);
  if (random.below(2) === 0) expireAll(index);
};

/** Active expiry in slices: afterwards nothing is due any more. */
function expireAll(index: number): void {
  const { db } = databases[index];
  const limit = 1 + random.below(50);
  while (db.nextExpireMs <= keyspace.nowMs) {
    const done = db.expireDue(limit);
    // A small hash is done at once.
    check(done > 0 && done < limit + 64, `a slice of ${done} where ${limit} were asked for`);
  }
  for (const key of [...models[index].keys()]) {
    const hash = live(index, key);
    if (!hash) continue;
    check(hashLength(db, databases[index].find(key)) === hash.size, 'fields that are due are still counted');
  }
  for (const key of models[index].keys()) check(databases[index].find(key) !== 0, 'a key has gone');
  check(db.count === models[index].size, 'a key without fields is still there');
}

function checkAll(index: number): void {
  const { db } = databases[index];
  let volatile = 0;
  for (const key of [...models[index].keys()]) {
    const address = databases[index].find(key);
    const hash = live(index, key);
    if (!hash) continue;
    const seen = new Set<string>();
    walk.start(db, address, true);
    while (walk.next()) {
      const name = stringFromBytes(walk.field.bytes, walk.field.start, walk.field.end);
      const wanted = hash.get(name);
      check(wanted !== undefined && !seen.has(name), `the walk came by ${name}`);
      check(wanted!.atMs === walk.expireMs, 'time on the walk');
      check(
        stringFromBytes(walk.value.bytes, walk.value.start, walk.value.end) === wanted!.value,
        'value on the walk',
      );
      seen.add(name);
    }
    check(seen.size === hash.size, 'the walk missed some');
  }
  expireAll(index);
  for (const [key, hash] of models[index]) {
    if (typeof hash === 'string') continue;
    let first = 0;
    for (const { atMs } of hash.values())
      if (atMs !== NO_EXPIRE && (first === 0 || atMs < first)) first = atMs;
    const address = databases[index].find(key);
    const i32 = db.arena.i32[segmentOf(address)];
    const expiry = collectionKind(readWord0(i32, byteOffsetOf(address)))?.elementExpiry;
    const next = expiry?.nextMs(db.arena, valueWord(i32, byteOffsetOf(address))) ?? 0;
    check(next === first, `the first time of ${key} is ${first}, ${next} is registered`);
    if (first !== 0) volatile++;
  }
  check(db.elementExpires.count === volatile, 'keys are in the order of times that should not be');
}

const OPERATIONS: [number, Operation][] = [
  [30, set],
  [15, remove],
  [40, get],
  [15, expire],
  [3, copy],
  [4, rename],
  [2, overwrite],
  [0.3, swapOrFlush],
  [12, passTime],
];
const TOTAL = OPERATIONS.reduce((sum, [weight]) => sum + weight, 0);

it('hashes agree with maps through random use, and leave nothing behind', NO_HURRY, () => {
  const before = keyspace.usedBytes;
  const total = operations(60_000);
  for (let i = 0; i < total; i++) {
    let rest = (random.below(1_000_000) / 1_000_000) * TOTAL;
    for (const [weight, operation] of OPERATIONS) {
      rest -= weight;
      if (rest >= 0) continue;
      operation(random.below(DATABASES));
      break;
    }
    if (random.below(4) === 0) keyspace.lazyFree.run();
    if (i % 500 === 0) for (let k = 0; k < DATABASES; k++) checkAll(k);
    if (i % 5000 === 0) auditArena(keyspace.arena);
  }
  for (const [k, model] of models.entries())
    for (const key of model.keys()) databases[k].find(key) && databases[k].remove(key);
  for (const { db } of databases) expect([db.count, db.elementExpires.count]).toEqual([0, 0]);
  while (keyspace.lazyFree.run());
  expect(keyspace.arena.usedBytes + keyspace.large.usedBytes).toBe(0);
  expect(keyspace.usedBytes).toBe(before);
  auditArena(keyspace.arena);
});
