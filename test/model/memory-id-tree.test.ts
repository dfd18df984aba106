/* The tree of ids against a sorted array: random insertions and removals, in order and out of it; the arena must end as it began. */
import { expect, it } from 'vitest';
import { Id128, setId } from '../../src/base/id128.ts';
import { AddressList } from '../../src/memory/address-list.ts';
import { Arena } from '../../src/memory/arena.ts';
import { auditArena } from '../../src/memory/arena-audit.ts';
import { IdTree } from '../../src/memory/id-tree.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';
import { NO_HURRY } from './memory-model.ts';

const { below, pick, uint32 } = seededRandom('model/id-tree');

/** Words that compare differently as signed and as unsigned numbers. */
const WORDS = [0, 1, -1, 0x7fffffff, -0x80000000, 5];

type Words = [number, number, number, number];
const numberOf = (words: Words): bigint => words.reduce((sum, word) => (sum << 32n) | BigInt(word >>> 0), 0n);

function wordsOf(value: bigint): Words {
  const word = (shift: bigint): number => Number(BigInt.asIntN(32, value >> shift));
  return [word(96n), word(64n), word(32n), word(0n)];
}

class Model {
  readonly arena = new Arena();
  private readonly owner = this.arena.allocate(16);
  readonly tree = new IdTree(this.arena);
  readonly values = new Map<bigint, number>();
  private readonly id = new Id128();
  readonly emptyBytes = this.arena.usedBytes;

  constructor() {
    this.arena.i32[0].fill(0, this.owner << 2, (this.owner << 2) + 4);
    this.tree.attach(this.owner, 0);
  }

  at(key: bigint): Id128 {
    setId(this.id, ...wordsOf(key));
    return this.id;
  }

  get keys(): bigint[] {
    return [...this.values.keys()].sort((a, b) => (a < b ? -1 : 1));
  }

  here(): bigint {
    this.tree.readKey(this.id);
    return numberOf([this.id.msHi, this.id.msLo, this.id.seqHi, this.id.seqLo]);
  }

  insert(key: bigint): void {
    if (this.values.has(key)) return;
    const value = 1 + below(1_000_000);
    this.tree.insert(this.at(key), value);
    this.values.set(key, value);
  }

  remove(key: bigint): void {
    expect(this.tree.remove(this.at(key))).toBe(this.values.get(key) ?? 0);
    this.values.delete(key);
  }

  check(): void {
    const keys = this.keys;
    expect(this.tree.audit()).toBe('');
    expect(this.tree.count).toBe(keys.length);
    const seen: bigint[] = [];
    for (let more = this.tree.first(); more; more = this.tree.next()) seen.push(this.here());
    expect(seen).toEqual(keys);
    const back: bigint[] = [];
    for (let more = this.tree.last(); more; more = this.tree.previous()) back.push(this.here());
    expect(back).toEqual(keys.reverse());
  }

  probe(key: bigint): void {
    const keys = this.keys;
    const from = keys.find((one) => one >= key);
    expect(this.tree.seek(this.at(key)) ? this.here() : undefined).toBe(from);
    const until = keys.findLast((one) => one <= key);
    expect(this.tree.seekUntil(this.at(key)) ? this.here() : undefined).toBe(until);
    expect(this.tree.find(this.at(key))).toBe(this.values.get(key) ?? 0);
  }

  empty(): void {
    const taken = new AddressList();
    const all = [...this.values.values()].sort((a, b) => a - b);
    while (this.tree.takeLeaf(taken));
    expect([...taken.addresses.subarray(0, taken.length)].sort((a, b) => a - b)).toEqual(all);
    this.values.clear();
    expect(this.tree.audit()).toBe('');
    expect(this.arena.usedBytes).toBe(this.emptyBytes);
    auditArena(this.arena);
  }
}

const anyKey = (): bigint =>
  numberOf([pick(WORDS), pick(WORDS), pick(WORDS), pick([...WORDS, uint32() | 0])]);
const narrowKey = (): bigint => BigInt(below(3000));

it.each([
  ['ids of all sizes', anyKey],
  ['ids close together', narrowKey],
])('Id tree: is a sorted map of %s', NO_HURRY, (_, key) => {
  const model = new Model();
  for (const grows of [true, false, true, false]) {
    for (let i = 0; i < 4000; i++) {
      if (below(10) < (grows ? 7 : 3)) model.insert(key());
      else if (model.values.size > 0 && below(2) === 0) model.remove(pick(model.keys));
      else model.remove(key());
      if (i % 20 === 0) model.probe(key());
      if (i % 500 === 0) model.check();
    }
    model.check();
  }
  model.empty();
});

it('Id tree: ids that come and go in order leave full nodes, and none in the end', NO_HURRY, () => {
  const model = new Model();
  let first = 0n;
  let last = 0n;
  for (let round = 0; round < 3; round++) {
    for (; last < first + 20_000n; last++) model.insert(last);
    expect(model.tree.bytes / model.tree.count).toBeLessThan(22);
    model.check();
    for (; first < last - 10n; first++) model.remove(first);
    model.check();
  }
  for (; first < last; first++) model.remove(first);
  expect(model.arena.usedBytes).toBe(model.emptyBytes);
  for (let i = 5000n; i > 0n; i--) model.insert(i);
  model.check();
  for (let i = 5000n; i > 0n; i--) model.remove(i);
  expect(model.arena.usedBytes).toBe(model.emptyBytes);
});
