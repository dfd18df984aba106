/** The score tree against a sorted array: random inserts, removals, changes of score, ranks and ranges, in trees of several levels. */
import { expect, test } from 'vitest';
import { bytesFromString, compareBytes } from '../../src/base/bytes.ts';
import { AddressList } from '../../src/memory/address-list.ts';
import { Arena, FIRST_SEGMENT_SIZE_MIN } from '../../src/memory/arena.ts';
import { allocateRecord, ENCODING_INT, makeWord0, TWO_WORDS, TYPE_STRING } from '../../src/memory/record.ts';
import { ScoreTree } from '../../src/memory/score-tree.ts';
import { check, NO_HURRY, operations, seededPrng } from './memory-model.ts';

interface Entry {
  score: number;
  member: Uint8Array;
  record: number;
}

class TreeModel {
  readonly arena = new Arena(FIRST_SEGMENT_SIZE_MIN);
  readonly header = ScoreTree.create(this.arena);
  readonly tree = new ScoreTree(this.arena).attach(this.header);
  readonly entries: Entry[] = [];
  private serial = 0;

  /** How many entries are before this one. */
  rank(score: number, member: Uint8Array): number {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.entries[middle];
      const order =
        other.score - score || compareBytes(other.member, 0, other.member.length, member, 0, member.length);
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  insert(score: number, name: string): void {
    const member = bytesFromString(`${name}:${this.serial++}`);
    const word0 = makeWord0(TYPE_STRING, ENCODING_INT, TWO_WORDS, 0);
    const record = allocateRecord(this.arena, word0, member, 0, member.length, 0);
    this.put({ score, member, record });
    this.tree.attach(this.header).insert(score, record);
  }

  private put(entry: Entry): void {
    this.entries.splice(this.rank(entry.score, entry.member), 0, entry);
  }

  remove(rank: number): void {
    const [entry] = this.entries.splice(rank, 1);
    check(this.tree.attach(this.header).remove(entry.score, entry.record), 'an entry is not there');
    check(!this.tree.remove(entry.score, entry.record), 'an entry is there twice');
    this.arena.free(entry.record);
  }

  removeRun(rank: number, max: number): void {
    const out = new AddressList();
    const n = this.tree.attach(this.header).removeRun(rank, max, out);
    const gone = this.entries.splice(rank, n);
    check(n >= 1 && out.length === n, 'removeRun counts otherwise');
    gone.forEach((entry, i) => {
      check(out.addresses[i] === entry.record, 'removeRun took another');
      this.arena.free(entry.record);
    });
  }

  update(rank: number, score: number): void {
    const [entry] = this.entries.splice(rank, 1);
    this.tree.attach(this.header).update(entry.score, entry.record, score);
    this.put({ ...entry, score });
  }

  checkAll(): void {
    const { tree, entries } = this;
    check(tree.attach(this.header).audit() === '', `audit: ${tree.audit()}`);
    check(tree.count === entries.length, 'count');
    if (entries.length === 0) return;
    tree.seek(0);
    for (let i = 0; i < entries.length; i++) {
      check(tree.record === entries[i].record && tree.score === entries[i].score, `walk at ${i}`);
      check(tree.next() === i + 1 < entries.length, 'next');
    }
    tree.seek(entries.length - 1);
    for (let i = entries.length - 1; i >= 0; i--) {
      check(tree.record === entries[i].record, `walk back at ${i}`);
      check(tree.previous() === i > 0, 'previous');
    }
  }

  checkOne(rank: number, score: number): void {
    const { tree, entries } = this;
    tree.attach(this.header).seek(rank);
    check(tree.record === entries[rank].record, `seek ${rank}`);
    check(tree.rankOf(entries[rank].score, entries[rank].record) === rank, `rank ${rank}`);
    const first = entries.findIndex((entry) => entry.score >= score);
    check(tree.rankOfScore(score, false) === (first < 0 ? entries.length : first), 'from score');
    const above = entries.findIndex((entry) => entry.score > score);
    check(tree.rankOfScore(score, true) === (above < 0 ? entries.length : above), 'above score');
  }
}

const SCORES = [0, 1, 1, 1, 2, -5, 0.5, Infinity, -Infinity, 1e300];

test('the tree is as a sorted array would be, through growing and shrinking', NO_HURRY, () => {
  const prng = seededPrng('score-tree');
  const model = new TreeModel();
  const empty = model.arena.usedBytes;
  const score = () =>
    prng.below(3) === 0 ? SCORES[prng.below(SCORES.length)] : Math.floor(prng.nextFloat() * 1000);
  const steps = operations(60_000);
  for (let i = 0; i < steps; i++) {
    const growing = i % 20_000 < 12_000;
    const n = model.entries.length;
    const draw = prng.below(100);
    if (n === 0 || draw < (growing ? 70 : 20)) model.insert(score(), 'abcdef'.slice(prng.below(6)));
    else if (draw < 80) model.remove(prng.below(n));
    else if (draw < 82 && !growing) model.removeRun(prng.below(n), 1 + prng.below(150));
    else if (draw < 95) model.update(prng.below(n), score());
    else model.checkOne(prng.below(n), score());
    if (i % 5_000 === 0) model.checkAll();
  }
  model.checkAll();
  while (model.entries.length > 0) model.removeRun(0, 1 + prng.below(100));
  model.checkAll();
  expect(model.arena.usedBytes).toBe(empty);
});

test('entries that come in order leave full nodes, and ranges of members are found by rank', () => {
  const model = new TreeModel();
  for (let i = 0; i < 10_000; i++) model.insert(i, 'm');
  model.checkAll();
  expect(model.tree.bytes).toBeLessThan(10_000 * 13.5);
  while (model.entries.length > 0) model.removeRun(model.entries.length - 1, 1);
  for (let i = 0; i < 3000; i++) model.insert(7, String(i % 977).padStart(4, '0'));
  const { tree, entries } = model;
  for (const text of ['', '0', '0500', '0500:', '0976', '0977', entries[1234].member]) {
    const member = typeof text === 'string' ? bytesFromString(text) : text;
    const from = entries.findIndex(
      (e) => compareBytes(e.member, 0, e.member.length, member, 0, member.length) >= 0,
    );
    const above = entries.findIndex(
      (e) => compareBytes(e.member, 0, e.member.length, member, 0, member.length) > 0,
    );
    expect(tree.rankOfMember(member, 0, member.length, false)).toBe(from < 0 ? entries.length : from);
    expect(tree.rankOfMember(member, 0, member.length, true)).toBe(above < 0 ? entries.length : above);
  }
});

test('a tree is freed in slices, its records left alone', () => {
  const model = new TreeModel();
  for (let i = 0; i < 20_000; i++) model.insert(i % 997, 'x');
  const before = model.arena.usedBytes;
  const bytes = model.tree.attach(model.header).bytes;
  let slices = 0;
  while (!model.tree.attach(model.header).drain(1000)) slices++;
  expect(slices).toBeGreaterThan(10);
  model.tree.destroy();
  expect(model.arena.usedBytes).toBe(before - bytes);
});
