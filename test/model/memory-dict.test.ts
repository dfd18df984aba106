import { expect, test } from 'vitest';
import type { Prng } from '../../src/base/prng.ts';
import { SipHasher } from '../../src/base/siphash.ts';
import { AddressList } from '../../src/memory/address-list.ts';
import { Arena, FIRST_SEGMENT_SIZE_MIN } from '../../src/memory/arena.ts';
import { auditArena } from '../../src/memory/arena-audit.ts';
import { Dict } from '../../src/memory/dict.ts';
import { allocateRecord } from '../../src/memory/record.ts';
import { check, NO_HURRY, operations, seededPrng } from './memory-model.ts';

const KEYS = 1 << 17;

/** Keys are numbers below KEYS; the model is the address of each, 0 when it is not in the table. */
class DictModel {
  readonly arena = new Arena(FIRST_SEGMENT_SIZE_MIN);
  readonly dict = new Dict(this.arena);
  readonly addressOf = new Int32Array(KEYS);
  readonly hashOf = new Int32Array(KEYS);
  count = 0;
  private readonly bytes = new Uint8Array(4);

  constructor(hash: (bytes: Uint8Array) => number) {
    for (let n = 0; n < KEYS; n++) this.hashOf[n] = hash(this.key(n));
  }

  private key(n: number): Uint8Array {
    this.bytes[0] = n;
    this.bytes[1] = n >>> 8;
    this.bytes[2] = n >>> 16;
    return this.bytes;
  }

  find(n: number): void {
    const found = this.dict.find(this.hashOf[n], this.key(n), 0, 4);
    check(found === this.addressOf[n], `key ${n}: found ${found}, model says ${this.addressOf[n]}`);
  }

  insert(n: number): void {
    if (this.addressOf[n] !== 0) return;
    this.addressOf[n] = allocateRecord(this.arena, 0, this.key(n), 0, 4, n % 40);
    this.dict.insert(this.hashOf[n], this.addressOf[n]);
    this.count++;
  }

  remove(n: number): void {
    const address = this.addressOf[n];
    if (address === 0) return;
    check(this.dict.remove(this.hashOf[n], address), `key ${n} could not be removed`);
    check(!this.dict.remove(this.hashOf[n], address), `key ${n} could be removed twice`);
    this.arena.free(address);
    this.addressOf[n] = 0;
    this.count--;
  }

  move(n: number): void {
    const old = this.addressOf[n];
    if (old === 0) return;
    this.addressOf[n] = allocateRecord(this.arena, 0, this.key(n), 0, 4, (n * 7) % 50);
    this.dict.replace(this.hashOf[n], old, this.addressOf[n]);
    this.arena.free(old);
  }

  /** The number that the record at `address` is of. */
  numberAt(address: number): number {
    const at = ((address & 0x3fffff) << 4) + 12;
    const u8 = this.arena.u8[address >>> 22];
    return u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16);
  }

  checkAll(prng: Prng): void {
    check(this.dict.count === this.count, `count is ${this.dict.count}, model says ${this.count}`);
    for (let n = 0; n < KEYS; n++) this.find(n);
    const out = new AddressList();
    const step = 1 + prng.below(1000);
    for (let cursor = this.dict.scan(0, step, out); cursor !== 0; )
      cursor = this.dict.scan(cursor, step, out);
    check(out.length === this.count, `scan gave ${out.length} of ${this.count}`);
    for (let i = 0; i < out.length; i++) {
      const address = out.addresses[i];
      check(this.addressOf[this.numberAt(address)] === address, 'scan gave a record that is not there');
    }
    checkStructure(this.dict);
  }
}

interface DictInside {
  words: Int32Array[];
  directory: Int32Array;
  globalDepth: number;
  deepest: number;
  segmentCount: number;
  tableBytes: number;
}

/** The invariants at the head of dict.ts, and that loads are within their bounds. */
function checkStructure(dict: Dict): void {
  const { words, directory, globalDepth, deepest, segmentCount, tableBytes } = dict as unknown as DictInside;
  let count = 0;
  let segments = 0;
  let deep = 0;
  let bytes = 0;
  for (let index = 0; index < 1 << globalDepth && dict.count > 0; ) {
    const segment = directory[index * 2];
    const shape = directory[index * 2 + 1];
    const depth = shape & 31;
    const slots = 1 << ((shape >>> 5) & 31);
    const entries = 1 << (globalDepth - depth);
    for (let i = index; i < index + entries; i++)
      check(directory[i * 2] === segment, 'an entry of a group differs');
    const base = (segment & 0x3fffff) << 2;
    const table = words[segment >>> 22].subarray(base, base + slots * 2);
    let here = 0;
    for (let slot = 0; slot < slots; slot++) {
      if (table[slot * 2 + 1] === 0) continue;
      here++;
      const hash = table[slot * 2];
      check((hash >>> 1) >>> (31 - depth) === index / entries, 'an element is in the wrong segment');
      const home = (hash << depth) >>> (32 - Math.log2(slots));
      for (let i = home; i !== slot; i = (i + 1) % slots)
        check(table[i * 2 + 1] !== 0, 'a gap before an element');
    }
    check(here === shape >>> 10, `a segment counts ${shape >>> 10}, holds ${here}`);
    check(here < slots, 'a segment is full');
    count += here;
    segments++;
    bytes += slots * 8;
    if (depth === globalDepth) deep++;
    index += entries;
  }
  check(count === dict.count, 'the segments do not add up');
  check(segments === segmentCount && bytes === tableBytes, 'segments are not counted right');
  check(dict.count === 0 || deep === deepest, `${deep} segments are deepest, ${deepest} counted`);
}

function randomRun(model: DictModel, prng: Prng, total: number): void {
  const phase = Math.ceil(total / 24);
  let wanted = 0;
  for (let i = 0; i < total; i++) {
    // Few keys as often as many: 2^0 .. 2^17.
    if (i % phase === 0) wanted = Math.floor(2 ** (prng.nextFloat() * 17));
    const n = prng.below(KEYS);
    const action = prng.below(10);
    if (action < 2) model.find(n);
    else if (action < 3) model.move(n);
    else if (model.count < wanted) model.insert(n);
    else model.remove(n);
    if (i % phase === phase - 1) model.checkAll(prng);
  }
  for (let n = 0; n < KEYS; n++) model.remove(n);
  expect(model.arena.usedBytes).toBe(0);
  auditArena(model.arena);
}

test('a table agrees with a plain array through random use, and leaves nothing behind', NO_HURRY, () => {
  const prng = seededPrng('dict');
  const hasher = new SipHasher(prng.nextInt32(), prng.nextInt32());
  const model = new DictModel((bytes) => hasher.hash(bytes, 0, 4));
  randomRun(model, prng, operations(1_000_000));
});

test('the same with a hash of which only 14 bits vary, and crowded at one end', NO_HURRY, () => {
  const prng = seededPrng('dict, poor hash');
  const hasher = new SipHasher(prng.nextInt32(), prng.nextInt32());
  const model = new DictModel((bytes) => (hasher.hash(bytes, 0, 4) & 0x3fff) << (bytes[0] % 13));
  randomRun(model, prng, operations(300_000));
});

test(
  'scan returns every element that stays exactly once while the table grows and shrinks around it',
  NO_HURRY,
  () => {
    const prng = seededPrng('dict, scan');
    const hasher = new SipHasher(prng.nextInt32(), prng.nextInt32());
    const model = new DictModel((bytes) => hasher.hash(bytes, 0, 4));
    const rounds = Math.ceil(operations(1_000_000) / 50_000);
    for (let round = 0; round < rounds; round++) scanRound(model, prng);
  },
);

/** One walk: the numbers below `staying` stay, the others come and go between the calls. */
function scanRound(model: DictModel, prng: Prng): void {
  const staying = prng.below(3000);
  for (let n = 0; n < staying; n++) model.insert(n);
  const seen = new Uint8Array(KEYS);
  const out = new AddressList();
  const step = 1 + prng.below(100);
  const churn = 1 + prng.below(3000);
  let wanted = 0;
  let cursor = 0;
  do {
    out.clear();
    cursor = model.dict.scan(cursor, step, out);
    for (let i = 0; i < out.length; i++) seen[model.numberAt(out.addresses[i])]++;
    if (prng.below(4) === 0) wanted = Math.floor(2 ** (prng.nextFloat() * 15));
    for (let i = 0; i < churn; i++) {
      const n = staying + prng.below(KEYS - staying);
      if (model.count < staying + wanted) model.insert(n);
      else model.remove(n);
    }
    // A moved record is still the same element.
    for (let i = 0; i < 10 && staying > 0; i++) model.move(prng.below(staying));
  } while (cursor !== 0);
  for (let n = 0; n < staying; n++) check(seen[n] === 1, `element ${n} was returned ${seen[n]} times`);
  checkStructure(model.dict);
}
