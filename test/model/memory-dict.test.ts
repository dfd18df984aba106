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
  origin: number;
  globalDepth: number;
  deepest: number;
  segmentCount: number;
  tableBytes: number;
}

/** The invariants at the head of dict.ts, and that loads are within their bounds. */
function checkStructure(dict: Dict): void {
  const { words, globalDepth, deepest, segmentCount, tableBytes, ...inside } = dict as unknown as DictInside;
  const directory = inside.directory.subarray(inside.origin);
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

/** Tables that live in the arena alone, one Dict object for all of them, against a Map for each. */
class ArenaTables {
  readonly arena = new Arena(FIRST_SEGMENT_SIZE_MIN);
  readonly dict = new Dict(this.arena);
  readonly tables: { header: number; addresses: Map<number, number> }[] = [];
  private readonly hasher: SipHasher;
  private readonly prng: Prng;
  private readonly bytes = new Uint8Array(4);
  private readonly batch = new AddressList();

  constructor(prng: Prng) {
    this.prng = prng;
    this.hasher = new SipHasher(prng.nextInt32(), prng.nextInt32());
  }

  private key(n: number): Uint8Array {
    this.bytes[0] = n;
    this.bytes[1] = n >>> 8;
    this.bytes[2] = n >>> 16;
    return this.bytes;
  }

  private hash(n: number): number {
    return this.hasher.hash(this.key(n), 0, 4);
  }

  add(): void {
    this.tables.push({ header: Dict.create(this.arena, this.prng.below(9)), addresses: new Map() });
  }

  /** Some random operations on one table, which grows or shrinks to about `wanted` elements. */
  use(index: number, count: number, wanted: number): void {
    const { header, addresses } = this.tables[index];
    const dict = this.dict.attach(header);
    for (let i = 0; i < count; i++) {
      const n = this.prng.below(Math.max(16, wanted * 2));
      const address = addresses.get(n) ?? 0;
      check(dict.find(this.hash(n), this.key(n), 0, 4) === address, `key ${n} of table ${index}`);
      if (address === 0 && addresses.size < wanted) this.insert(dict, addresses, n);
      else if (address !== 0 && this.prng.below(4) === 0) this.move(dict, addresses, n);
      else if (addresses.size >= wanted) this.removeAny(dict, addresses, address === 0 ? -1 : n);
      if (this.prng.below(64) === 0) dict.attach(header);
    }
    check(dict.count === addresses.size, 'count');
  }

  private insert(dict: Dict, addresses: Map<number, number>, n: number): void {
    const address = allocateRecord(this.arena, 0, this.key(n), 0, 4, n % 40);
    addresses.set(n, address);
    dict.insert(this.hash(n), address);
  }

  private move(dict: Dict, addresses: Map<number, number>, n: number): void {
    const old = addresses.get(n)!;
    const address = allocateRecord(this.arena, 0, this.key(n), 0, 4, (n * 7) % 50);
    addresses.set(n, address);
    dict.replace(this.hash(n), old, address);
    this.arena.free(old);
  }

  private removeAny(dict: Dict, addresses: Map<number, number>, n: number): void {
    for (const key of n >= 0 ? [n] : addresses.keys()) {
      const address = addresses.get(key)!;
      check(dict.remove(this.hash(key), address), `key ${key} could not be removed`);
      this.arena.free(address);
      addresses.delete(key);
      return;
    }
  }

  checkTable(index: number): void {
    const { header, addresses } = this.tables[index];
    const dict = this.dict.attach(header);
    check(dict.count === addresses.size, 'count');
    checkStructure(dict);
    for (const [n, address] of addresses)
      check(dict.find(this.hash(n), this.key(n), 0, 4) === address, `key ${n} is lost`);
    const wanted = new Set(addresses.values());
    this.batch.clear();
    let cursor = 0;
    do cursor = dict.scan(cursor, 1 + this.prng.below(100), this.batch);
    while (cursor !== 0);
    check(this.batch.length === wanted.size, `scan gave ${this.batch.length} of ${wanted.size}`);
    for (let i = 0; i < this.batch.length; i++) check(wanted.has(this.batch.addresses[i]), 'scan');
    if (wanted.size > 0) check(wanted.has(dict.random(this.prng)), 'random');
  }

  /** Frees a table in slices, with others used in between, or at once. */
  free(index: number): void {
    const [{ header, addresses }] = this.tables.splice(index, 1);
    const wanted = new Set(addresses.values());
    const slice = 1 + this.prng.below(600);
    for (let done = false; !done; ) {
      this.batch.clear();
      done = this.dict.attach(header).drain(slice, this.batch);
      check(done || this.batch.length >= slice, 'a slice that is too small');
      for (let i = 0; i < this.batch.length; i++) {
        check(wanted.delete(this.batch.addresses[i]), 'drained twice, or never there');
        this.arena.free(this.batch.addresses[i]);
      }
      if (this.tables.length > 0) this.use(this.prng.below(this.tables.length), 5, 50);
      if (!done && this.prng.below(50) === 0) break;
    }
    // What was not drained goes another way: a table may be destroyed half drained.
    for (const address of wanted) this.arena.free(address);
    this.dict.attach(header).destroy();
  }
}

test('tables in the arena agree with a map each, and leave nothing behind', NO_HURRY, () => {
  const prng = seededPrng('dict, in the arena');
  const model = new ArenaTables(prng);
  const rounds = Math.ceil(operations(400_000) / 1000);
  for (let round = 0; round < rounds; round++) {
    if (model.tables.length < 12) model.add();
    const index = prng.below(model.tables.length);
    model.use(index, 1000, Math.floor(2 ** (prng.nextFloat() * 15)));
    if (round % 8 === 0) model.checkTable(index);
    if (prng.below(20) === 0) model.free(prng.below(model.tables.length));
  }
  model.add();
  model.use(model.tables.length - 1, 60_000, 50_000);
  for (let i = 0; i < model.tables.length; i++) model.checkTable(i);
  while (model.tables.length > 0) model.free(0);
  expect(model.arena.usedBytes).toBe(0);
  auditArena(model.arena);
});

test('a table that cannot have a smaller segment stays as it is', () => {
  const prng = seededPrng('dict, arena full');
  const arena = new Arena(FIRST_SEGMENT_SIZE_MIN, 1);
  const hasher = new SipHasher(1, 2);
  const dict = new Dict(arena).attach(Dict.create(arena));
  const bytes = new Uint8Array(4);
  const addresses: number[] = [];
  const hashes: number[] = [];
  for (let n = 0; n < 3000; n++) {
    new DataView(bytes.buffer).setInt32(0, n);
    hashes.push(hasher.hash(bytes, 0, 4));
    addresses.push(allocateRecord(arena, 0, bytes, 0, 4, 0));
    dict.insert(hashes[n], addresses[n]);
  }
  const filler = fillArena(arena);
  for (let n = 0; n < 2990; n++) {
    expect(dict.remove(hashes[n], addresses[n])).toBe(true);
    if (prng.below(100) === 0) checkStructure(dict);
  }
  checkStructure(dict);
  for (const cell of filler) arena.free(cell);
  for (let n = 2990; n < 3000; n++) expect(dict.remove(hashes[n], addresses[n])).toBe(true);
  for (const address of addresses) arena.free(address);
  dict.destroy();
  expect(arena.usedBytes).toBe(0);
});

/** Takes all memory that is left, in cells of every size that tables ask for. */
function fillArena(arena: Arena): number[] {
  const cells: number[] = [];
  for (const size of [1 << 20, 1 << 16, 4096, 2048, 1024, 512, 256, 128, 64, 32, 16]) {
    for (;;) {
      try {
        cells.push(arena.allocate(size));
      } catch {
        break;
      }
    }
  }
  return cells;
}
