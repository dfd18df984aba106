import { expect, test } from 'vitest';
import type { Prng } from '../../src/base/prng.ts';
import { Arena, FIRST_SEGMENT_SIZE_MIN } from '../../src/memory/arena.ts';
import { auditArena } from '../../src/memory/arena-audit.ts';
import { ExpiryIndex } from '../../src/memory/expiry-index.ts';
import { check, NO_HURRY, operations, seededPrng } from './memory-model.ts';

/**
 * The naive model: how often each (time, hash) is there, times and hashes being few and small. Order and ranks are
 * compared with the whole sorted model now and then, the first entry at every step.
 */
class IndexModel {
  readonly arena = new Arena(FIRST_SEGMENT_SIZE_MIN);
  readonly index = new ExpiryIndex(this.arena);
  private readonly copies: Uint32Array;
  private readonly hashes: number;
  private first = 0;
  count = 0;

  constructor(times: number, hashes: number) {
    this.hashes = hashes;
    this.copies = new Uint32Array(times * hashes);
  }

  add(time: number, hash: number): void {
    this.index.add(this.timeOf(time), this.hashOf(hash));
    const at = time * this.hashes + hash;
    this.copies[at]++;
    this.count++;
    if (at < this.first) this.first = at;
  }

  remove(time: number, hash: number): void {
    const at = time * this.hashes + hash;
    const removed = this.index.remove(this.timeOf(time), this.hashOf(hash));
    check(removed === this.copies[at] > 0, `remove of ${time}, ${hash} says ${removed}`);
    if (!removed) return;
    this.copies[at]--;
    this.count--;
  }

  pop(): void {
    this.checkFirst();
    this.index.popFirst();
    if (this.count === 0) return;
    this.copies[this.first]--;
    this.count--;
  }

  checkFirst(): void {
    check(this.index.count === this.count, `count is ${this.index.count}, model says ${this.count}`);
    if (this.count === 0) {
      check(this.index.firstTime() === Infinity, 'an empty index has a first time');
      this.first = this.copies.length;
      return;
    }
    while (this.copies[this.first] === 0) this.first++;
    check(this.index.firstTime() === this.timeOf(Math.floor(this.first / this.hashes)), 'wrong first time');
    check(this.index.firstHash() === this.hashOf(this.first % this.hashes), 'wrong first hash');
  }

  checkAll(): void {
    let rank = 0;
    for (let at = 0; at < this.copies.length; at++) {
      for (let copy = 0; copy < this.copies[at]; copy++) {
        this.index.at(rank);
        check(this.index.foundTime === this.timeOf(Math.floor(at / this.hashes)), `wrong time at ${rank}`);
        check(this.index.foundHash === this.hashOf(at % this.hashes), `wrong hash at ${rank}`);
        rank++;
      }
    }
    check(rank === this.count, 'the model lost count');
    check(this.index.bytes === this.arena.usedBytes, 'bytes are not the arena bytes');
    checkNodes(this.index);
  }

  private timeOf(time: number): number {
    return 1_700_000_000_000 + time * 0.5;
  }

  private hashOf(hash: number): number {
    return (hash - (this.hashes >> 1)) * 0x10001;
  }
}

/** Counts are true, no node is empty, entries and keys are in order, and the tree is not absurdly sparse. */
function checkNodes(index: ExpiryIndex): void {
  const inside = index as unknown as {
    root: number;
    nodes: number;
    words: Int32Array[];
    doubles: Float64Array[];
  };
  let nodes = 0;
  // The last entry or key in order: whatever comes next must not be less.
  let lastTime = -Infinity;
  let lastHash = 0;
  const walk = (node: number, level: number): number => {
    nodes++;
    const words = inside.words[node >>> 22].subarray((node & 0x3fffff) << 2);
    const times = inside.doubles[node >>> 22].subarray((node & 0x3fffff) << 1);
    check(words[0] > 0 && words[1] === level, 'an empty node, or one at the wrong level');
    if (level === 0) {
      for (let i = words[2]; i < words[2] + words[0]; i++) {
        const order = compare(times[2 + i], words[172 + i], lastTime, lastHash);
        check(order >= 0, 'entries are not in order, or one is less than the key before it');
        lastTime = times[2 + i];
        lastHash = words[172 + i];
      }
      return words[0];
    }
    let entries = 0;
    for (let i = 0; i < words[0]; i++) {
      if (i > 0) {
        const order = compare(times[2 + i], words[104 + i], lastTime, lastHash);
        check(order >= 0, 'a key is less than an entry before it');
        lastTime = times[2 + i];
        lastHash = words[104 + i];
      }
      const below = walk(words[154 + i], level - 1);
      check(below === words[204 + i], `a child of ${below} entries is counted as ${words[204 + i]}`);
      entries += below;
    }
    return entries;
  };
  if (inside.root !== 0) {
    const level = inside.words[inside.root >>> 22][((inside.root & 0x3fffff) << 2) + 1];
    check(walk(inside.root, level) === index.count, 'the root does not count all entries');
  }
  check(nodes === inside.nodes, `${nodes} nodes, ${inside.nodes} counted`);
  check(nodes <= 3 + index.count / 12, `${nodes} nodes for ${index.count} entries`);
}

function compare(time: number, hash: number, otherTime: number, otherHash: number): number {
  return time === otherTime ? hash - otherHash : time - otherTime;
}

function randomRun(model: IndexModel, times: number, hashes: number, prng: Prng, total: number): void {
  const phase = Math.ceil(total / 16);
  let wanted = 0;
  let style = 0;
  for (let i = 0; i < total; i++) {
    if (i % phase === 0) {
      wanted = Math.floor(2 ** (prng.nextFloat() * 17));
      style = prng.below(3);
    }
    // Anywhere; in order; crowded.
    const time = [prng.below(times), i % times, prng.below(8)][style];
    if (model.count < wanted && prng.below(10) < 9) model.add(time, prng.below(hashes));
    else if (prng.below(10) < 5) model.pop();
    else model.remove(prng.below(4) === 0 ? time : prng.below(times), prng.below(hashes));
    if (i % 64 === 0) model.checkFirst();
    if (i % phase === phase - 1) model.checkAll();
  }
  while (model.count > 0) model.pop();
  model.checkAll();
  expect(model.arena.usedBytes).toBe(0);
  auditArena(model.arena);
}

test('the index agrees with a sorted model: many times, few hashes', NO_HURRY, () => {
  const prng = seededPrng('expiry index');
  randomRun(new IndexModel(5000, 4), 5000, 4, prng, operations(700_000));
});

test('the index agrees with a sorted model: few times, many equal entries', NO_HURRY, () => {
  const prng = seededPrng('expiry index, equal entries');
  randomRun(new IndexModel(30, 20), 30, 20, prng, operations(400_000));
});
