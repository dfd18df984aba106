// What a look-up, an insertion, a removal, a split, a scan step and a random pick cost, and what a key takes in memory.
import { Prng } from '../../src/base/prng.ts';
import { SipHasher } from '../../src/base/siphash.ts';
import { AddressList } from '../../src/memory/address-list.ts';
import { Arena } from '../../src/memory/arena.ts';
import { Dict } from '../../src/memory/dict.ts';
import { allocateRecord } from '../../src/memory/record.ts';
import { perOperation } from './lib/per-operation.ts';

const KEY_SIZE = 20;
const VALUE_SIZE = 64;
const OPERATIONS = 10_000;
const hasher = new SipHasher(1, 2);
const prng = new Prng(1);
let sink = 0;

/** Keys key:0000000000000000 and so on, one after the other in a shared buffer, with their hashes. */
class Keys {
  readonly bytes: Uint8Array;
  readonly hashes: Int32Array;

  constructor(count: number, prefix: string) {
    this.bytes = new Uint8Array(new SharedArrayBuffer(count * KEY_SIZE));
    this.hashes = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const text = prefix + String(i).padStart(KEY_SIZE - prefix.length, '0');
      for (let j = 0; j < KEY_SIZE; j++) this.bytes[i * KEY_SIZE + j] = text.charCodeAt(j);
      this.hashes[i] = hasher.hash(this.bytes, i * KEY_SIZE, (i + 1) * KEY_SIZE);
    }
  }
}

const arena = new Arena();

function fill(count: number, keys: Keys): Dict {
  const dict = new Dict(arena);
  for (let i = 0; i < count; i++) insertOne(dict, keys, i);
  return dict;
}

function insertOne(dict: Dict, keys: Keys, i: number): void {
  const at = i * KEY_SIZE;
  dict.insert(keys.hashes[i], allocateRecord(arena, 0, keys.bytes, at, at + KEY_SIZE, VALUE_SIZE));
}

function findMany(dict: Dict, keys: Keys, count: number): void {
  for (let n = 0; n < OPERATIONS; n++) {
    const i = (prng.nextInt32() >>> 1) % count;
    sink ^= dict.find(keys.hashes[i], keys.bytes, i * KEY_SIZE, (i + 1) * KEY_SIZE);
  }
}

function insertAndRemove(dict: Dict, keys: Keys, count: number): void {
  for (let n = 0; n < OPERATIONS; n++) {
    const i = (prng.nextInt32() >>> 1) % count;
    const hash = keys.hashes[i];
    const address = dict.find(hash, keys.bytes, i * KEY_SIZE, (i + 1) * KEY_SIZE);
    dict.remove(hash, address);
    dict.insert(hash, address);
  }
}

function randomMany(dict: Dict): void {
  for (let n = 0; n < OPERATIONS; n++) sink ^= dict.random(prng);
}

const present = new Keys(1_000_000, 'key:');
const absent = new Keys(1_000_000, 'no:');

for (const count of [1000, 100_000, 1_000_000]) {
  const dict = fill(count, present);
  const out = new AddressList(2048);
  let cursor = 0;
  const scanMany = (minCount: number) => {
    for (let n = 0; n < OPERATIONS; n += out.length) {
      out.clear();
      cursor = dict.scan(cursor, minCount, out);
    }
  };
  await perOperation([
    { name: `find, hit, ${count} keys`, operations: OPERATIONS, run: () => findMany(dict, present, count) },
    { name: `find, miss, ${count} keys`, operations: OPERATIONS, run: () => findMany(dict, absent, count) },
    {
      name: `find, remove and insert, ${count} keys`,
      operations: OPERATIONS,
      run: () => insertAndRemove(dict, present, count),
    },
    { name: `random, ${count} keys`, operations: OPERATIONS, run: () => randomMany(dict) },
    { name: `scan, COUNT 10, per element, ${count} keys`, operations: OPERATIONS, run: () => scanMany(10) },
    {
      name: `scan, COUNT 1000, per element, ${count} keys`,
      operations: OPERATIONS,
      run: () => scanMany(1000),
    },
  ]);
}

// Filling a table of a million, with the cost of each insertion: the slow ones are splits and longer directories.
for (let round = 0; round < 3; round++) {
  const used = arena.usedBytes;
  const tables = arena.tableBytes;
  const dict = new Dict(arena);
  const took = new Float64Array(1_000_000);
  const begin = performance.now();
  for (let i = 0; i < 1_000_000; i++) insertOne(dict, present, i);
  const ns = performance.now() - begin;
  const bytes = arena.usedBytes - used + (dict.bytes % 4096);
  console.log(
    `fill 1M keys, record and all: ${ns.toFixed(0)} ns each; ${(bytes / 1e6).toFixed(1)} B per key of 20 + 64 B`,
  );
  console.log(
    `  table ${(dict.bytes / 1e6).toFixed(1)} B, page tables ${((arena.tableBytes - tables) / 1e6).toFixed(1)} B`,
  );
  const timed = new Dict(arena);
  for (let i = 0; i < 1_000_000; i++) {
    const before = performance.now();
    timed.insert(present.hashes[i], 16);
    took[i] = performance.now() - before;
  }
  took.sort();
  const at = (part: number) => (took[Math.min(999_999, Math.floor(part * 1e6))] * 1000).toFixed(1);
  console.log(
    `  insert alone, clock and all, us: median ${at(0.5)}  99 % ${at(0.99)}  99.9 % ${at(0.999)}  99.99 % ${at(0.9999)}  max ${at(1)}`,
  );
  timed.clear();
}
if (sink === 1) console.log();
