/*
 * Bloom filters: the bits against arithmetic of any width, the promised error rates by counting, and the memory, which is what it was
 * when all is deleted.
 */
import { describe, expect, it } from 'vitest';
import { bytesFromString } from '../../src/base/bytes.ts';
import { createWithHandle, handleOf } from '../../src/keyspace/blob.ts';
import { auditArena } from '../../src/memory/arena-audit.ts';
import { ENCODING_CHAIN, TYPE_BLOOM } from '../../src/memory/record.ts';
import { dump, payload, restore } from '../../src/rdb/dump.ts';
import { CorruptRdbError } from '../../src/rdb/reader.ts';
import {
  ADDED,
  addItem,
  bits,
  bytesOf,
  createChain,
  dropChain,
  FULL,
  factsOf,
  firstLink,
  hasItem,
  IMPOSSIBLE,
  itemsOf,
  lastLink,
  linksOf,
  nextLink,
  openBits,
  PRESENT,
  TOO_LARGE,
} from '../../src/types/bloom/chain.ts';
import { readHeader, writeHeader } from '../../src/types/bloom/header.ts';
import { FILTER_BITS_MAX, setItem, visitBits, wrapOf } from '../../src/types/bloom/item.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';
import { Keys, newKeyspace } from '../unit/keyspace/keys.ts';
import { NO_HURRY } from './memory-model.ts';

const { below } = seededRandom('model/bloom');
const MASK = (1n << 64n) - 1n;
const M = 0xc6a4a7935bd1e995n;

/** MurmurHash64A, as it is published. */
function murmur(bytes: Uint8Array, seed: bigint): bigint {
  let h = seed ^ ((BigInt(bytes.length) * M) & MASK);
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    let k = (data.getBigUint64(at, true) * M) & MASK;
    k ^= k >> 47n;
    h = ((h ^ ((k * M) & MASK)) * M) & MASK;
  }
  if (at < bytes.length) {
    for (let i = 0; at + i < bytes.length; i++) h ^= BigInt(bytes[at + i]) << BigInt(8 * i);
    h = (h * M) & MASK;
  }
  h = ((h ^ (h >> 47n)) * M) & MASK;
  return h ^ (h >> 47n);
}

/** The bits of an item, in order. */
function bitsOf(bytes: Uint8Array, modulus: number, hashes: number): number[] {
  const a = murmur(bytes, M);
  const b = murmur(bytes, a);
  return Array.from({ length: hashes }, (_, i) => Number(((a + BigInt(i) * b) & MASK) % BigInt(modulus)));
}

const randomBytes = (): Uint8Array => Uint8Array.from({ length: below(40) }, () => below(256));

/** Memory of any size that keeps only what is written. */
const sparse = (): Uint8Array => ({}) as Uint8Array;

/** The numbers of the bits that are set, in order. */
function setBits(u8: Uint8Array, start: number): number[] {
  return Object.entries(u8)
    .flatMap(([at, byte]) =>
      [0, 1, 2, 3, 4, 5, 6, 7].filter((i) => byte & (1 << i)).map((i) => (Number(at) - start) * 8 + i),
    )
    .sort((x, y) => x - y);
}

describe('the bits of an item', () => {
  it('are those that 64-bit arithmetic gives, for filters of all sizes', NO_HURRY, () => {
    const sizes = [
      64,
      128,
      1152,
      791040,
      2 ** 31,
      2 ** 32,
      2 ** 32 + 64,
      2 ** 33 - 64,
      FILTER_BITS_MAX - 64,
      FILTER_BITS_MAX,
    ];
    for (let i = 0; i < 3000; i++) {
      const modulus = i % 2 === 0 ? sizes[below(sizes.length)] : 64 * (1 + below(2 ** (1 + below(30))));
      const hashes = 1 + below(40);
      const bytes = randomBytes();
      const u8 = sparse();
      setItem(bytes, 0, bytes.length);
      const wrap = wrapOf(modulus);
      expect(wrap).toBe(Number((1n << 64n) % BigInt(modulus)));
      expect(visitBits(u8, 1000, modulus, wrap, hashes, false)).toBe(false);
      expect(visitBits(u8, 1000, modulus, wrap, hashes, true)).toBe(false);
      expect(visitBits(u8, 1000, modulus, wrap, hashes, true)).toBe(true);
      expect(visitBits(u8, 1000, modulus, wrap, hashes, false)).toBe(true);
      const wanted = [...new Set(bitsOf(bytes, modulus, hashes))].sort((x, y) => x - y);
      expect(setBits(u8, 1000)).toEqual(wanted);
    }
  });
});

describe('a chain', () => {
  const keyspace = newKeyspace(1);
  const db = keyspace.databases[0];
  const { arena } = keyspace;
  const keys = new Keys(db);

  function create(key: string, capacity: number, error: number, growth: number, isScaling: boolean): number {
    const chain = createChain(keyspace, capacity, error, growth, isScaling);
    const name = bytesFromString(key);
    createWithHandle(db, keys.hash(key), name, 0, name.length, TYPE_BLOOM, ENCODING_CHAIN, chain);
    return chain;
  }

  const use = (text: string): void => {
    const bytes = bytesFromString(text);
    setItem(bytes, 0, bytes.length);
  };

  function add(chain: number, text: string): number {
    use(text);
    return addItem(keyspace, chain);
  }

  function has(chain: number, text: string): boolean {
    use(text);
    return hasItem(keyspace, chain);
  }

  /** Adds `items` items; then none of them may be missing, and the share of others that seem to be there is returned. */
  function measure(chain: number, items: number, probes: number): number {
    for (let i = 0; i < items; i++) add(chain, `item ${i}`);
    for (let i = 0; i < items; i++) if (!has(chain, `item ${i}`)) throw new Error(`item ${i} is missing`);
    let wrong = 0;
    for (let i = 0; i < probes; i++) if (has(chain, `other ${i}`)) wrong++;
    return wrong / probes;
  }

  /** The most that a share of this expectation may be by chance: five standard deviations above. */
  const byChance = (rate: number, probes: number): number =>
    rate + 5 * Math.sqrt((rate * (1 - rate)) / probes);

  it.each([0.25, 0.1, 0.05, 0.01, 0.001, 0.0001])(
    'of one filter keeps its error rate of %f when it is full, and forgets nothing',
    NO_HURRY,
    (rate) => {
      const probes = 100_000;
      const chain = create('f', 5000, rate, 2, false);
      const share = measure(chain, 5000, probes);
      // The number of hashes is rounded up, which at high rates makes it a little worse than promised.
      expect(share).toBeLessThanOrEqual(byChance(rate * 1.1, probes));
      // Half as many bits would show: the filter is not better than promised by chance either.
      expect(share).toBeGreaterThanOrEqual(rate / 3 - 5 * Math.sqrt(rate / probes));
      keys.remove('f');
    },
  );

  it.each([
    [0.1, 1],
    [0.05, 2],
    [0.01, 2],
    [0.01, 4],
    [0.001, 2],
  ])(
    'that grows keeps its error rate of %f with growth %i, and forgets nothing',
    NO_HURRY,
    (rate, growth) => {
      const probes = 100_000;
      const chain = create('f', growth === 1 ? 500 : 50, rate, growth, true);
      const share = measure(chain, growth === 1 ? 3000 : 20_000, probes);
      expect(linksOf(arena, chain)).toBeGreaterThan(4);
      expect(share).toBeLessThanOrEqual(byChance(rate, probes));
      keys.remove('f');
    },
  );

  it('has the bits that its items choose, in the filter that took them', NO_HURRY, () => {
    const chain = create('f', 40, 0.01, 3, true);
    const models: Set<number>[] = [];
    for (let i = 0; i < 1500; i++) {
      const text = `${below(2000)}`.repeat(1 + below(5));
      const before = itemsOf(arena, chain);
      const result = add(chain, text);
      const index = linksOf(arena, chain) - 1;
      models[index] ??= new Set();
      if (result === ADDED) {
        const { bytes, hashes } = factsOf(arena, lastLink(arena, chain));
        for (const bit of bitsOf(bytesFromString(text), bytes * 8, hashes)) models[index].add(bit);
      }
      expect(itemsOf(arena, chain)).toBe(before + (result === PRESENT ? 0 : 1));
      expect(has(chain, text)).toBe(true);
    }
    let index = 0;
    let items = 0;
    for (let link = firstLink(arena, chain); link !== 0; link = nextLink(arena, link), index++) {
      openBits(keyspace, link);
      const bytes = bits.u8.subarray(bits.start, bits.start + bytesOf(arena, link));
      expect(setBits(bytes, 0)).toEqual([...models[index]].sort((x, y) => x - y));
      items += factsOf(arena, link).items;
    }
    expect(index).toBe(models.length);
    expect(items).toBe(itemsOf(arena, chain));
    keys.remove('f');
  });

  it('that does not scale is full when it has as many items as it is made for', () => {
    const chain = create('f', 10, 0.0001, 2, false);
    for (let i = 0; i < 10; i++) expect(add(chain, `item ${i}`)).toBe(ADDED);
    expect(add(chain, 'more')).toBe(FULL);
    expect(add(chain, 'item 3')).toBe(PRESENT);
    keys.remove('f');
  });

  it('cannot be what no filter is', () => {
    const used = arena.usedBytes;
    expect(createChain(keyspace, 0, 0.1, 2, true)).toBe(IMPOSSIBLE);
    expect(createChain(keyspace, 10, 5e-324, 2, true)).toBe(IMPOSSIBLE);
    expect(createChain(keyspace, 2 ** 30, 1e-300, 2, true)).toBe(TOO_LARGE);
    expect(arena.usedBytes).toBe(used);
  });

  it('is copied and freed whole, small filters and large ones', NO_HURRY, () => {
    const used = arena.usedBytes;
    const large = keyspace.large.usedBytes;
    for (const capacity of [10, 5000, 2_000_000]) {
      create('f', capacity, 0.01, capacity === 10 ? 1 : 2, true);
      for (let i = 0; i < 3000; i++) add(handleOf(db, keys.find('f')), `item ${i}`);
      keys.copyFrom(keys, 'f', 'g');
      const [f, g] = [handleOf(db, keys.find('f')), handleOf(db, keys.find('g'))];
      for (let i = 0; i < 3000; i++) expect(has(g, `item ${i}`)).toBe(true);
      expect(itemsOf(arena, g)).toBe(itemsOf(arena, f));
      expect(linksOf(arena, g)).toBe(linksOf(arena, f));
      while (has(f, `new ${itemsOf(arena, f)}`)) add(f, `${below(1e9)}`);
      const word = `new ${itemsOf(arena, f)}`;
      add(f, word);
      expect(has(f, word)).toBe(true);
      expect(has(g, word)).toBe(false);
      keys.rename('f', 'h');
      keys.remove('g');
      keys.remove('h', true);
      while (keyspace.lazyFree.run());
      expect(arena.usedBytes).toBe(used);
      expect(keyspace.large.usedBytes).toBe(large);
    }
    auditArena(arena);
  });

  it('is read back from what was written, and corrupt bytes leave nothing behind', NO_HURRY, () => {
    create('f', 20, 0.01, 2, true);
    for (let i = 0; i < 200; i++) add(handleOf(db, keys.find('f')), `item ${i}`);
    const used = arena.usedBytes;
    const name = bytesFromString('g');
    const key = { hash: keys.hash('g'), bytes: name, start: 0, end: 1 };
    dump(db, keys.find('f'), false, false);
    const good = payload.bytes.slice(0, payload.size);
    restore(good, 0, good.length, db, key);
    for (let i = 0; i < 200; i++) expect(has(handleOf(db, keys.find('g')), `item ${i}`)).toBe(true);
    keys.remove('g');
    expect(arena.usedBytes).toBe(used);
    let refused = 0;
    for (let i = 0; i < 5000; i++) {
      const bad = good.slice(0, below(4) === 0 ? 20 + below(good.length - 20) : good.length);
      // Half of the changes where the numbers are, in front of the bits.
      for (let n = below(3); n >= 0; n--) bad[below(below(2) === 0 ? 90 : bad.length)] = below(256);
      try {
        restore(bad, 0, bad.length, db, key);
        has(handleOf(db, keys.find('g')), 'any item');
        add(handleOf(db, keys.find('g')), 'any item');
      } catch (error) {
        if (!(error instanceof CorruptRdbError)) throw error;
        refused++;
      }
      if (keys.find('g') !== 0) keys.remove('g');
      while (keyspace.lazyFree.run());
      expect(arena.usedBytes).toBe(used);
    }
    expect(refused).toBeGreaterThan(1000);
    keys.remove('f');
  });

  it('is not made of corrupt headers, or is one that works', NO_HURRY, () => {
    create('f', 20, 0.01, 2, true);
    for (let i = 0; i < 200; i++) add(handleOf(db, keys.find('f')), `item ${i}`);
    const good = writeHeader(arena, handleOf(db, keys.find('f')));
    const used = arena.usedBytes;
    const large = keyspace.large.usedBytes;
    for (let i = 0; i < 5000; i++) {
      const bad = good.slice(0, below(10) === 0 ? below(good.length) : good.length);
      for (let n = below(3); n >= 0; n--) bad[below(bad.length)] = below(256);
      const chain = readHeader(keyspace, bad, 0, bad.length);
      if (chain > 0) {
        // One whose capacity or growth has become 0 cannot grow.
        if (add(chain, 'any item') >= PRESENT) expect(has(chain, 'any item')).toBe(true);
        dropChain(keyspace, chain);
      }
      expect(arena.usedBytes).toBe(used);
      expect(keyspace.large.usedBytes).toBe(large);
    }
    keys.remove('f');
  });
});
