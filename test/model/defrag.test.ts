/*
 * Active defragmentation: after nine tenths of what there was have been deleted at random, segments of the arena go back, and every value of every
 * type is what it was; also with commands, a snapshot and a SCAN between the slices. Segments are small here (2 MiB), so that there
 * are several of them.
 */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { valueDigest } from '../../src/commands/server/debug/digest.ts';
import type { Database } from '../../src/keyspace/database.ts';
import type { Keyspace } from '../../src/keyspace/keyspace.ts';
import { AddressList } from '../../src/memory/address-list.ts';
import { Arena } from '../../src/memory/arena.ts';
import { auditArena } from '../../src/memory/arena-audit.ts';
import { KeyLoader } from '../../src/persistence/key-loader.ts';
import { type ChunkSink, Snapshot } from '../../src/persistence/snapshot.ts';
import { dump, payload } from '../../src/rdb/dump.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';
import { CommandRunner } from './command-runner.ts';

const random = seededRandom('model/defrag');
const { below } = random;
const SETTINGS = {
  enabled: true,
  cycleMin: 1,
  cycleMax: 99,
  thresholdLower: 10,
  thresholdUpper: 20,
  ignoreBytes: 1 << 20,
  elementsMax: 100,
};
const SEGMENT_SIZE = 2 << 20;
const SEGMENTS = 1000;

const range = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
const text = () => 'text '.repeat(1 + below(30));

function newRunner(): CommandRunner {
  const runner = new CommandRunner(2, new Arena(SEGMENT_SIZE, SEGMENTS, false));
  let us = 0;
  runner.keyspace.defrag.clockUs = () => (us += 100);
  return runner;
}

/** Strings, a third of them with a time to live, and `large` values of every other type. */
function fill(runner: CommandRunner, strings: number, large: number): void {
  for (let i = 0; i < strings; i++) {
    const times = i % 3 === 0 ? ['PX', String(1e6 + below(1e6))] : [];
    runner.run('SET', `string:${i}`, text(), ...times);
  }
  for (let i = 0; i < large; i++) {
    const field = (j: number) => `field:${i}:${j}`;
    runner.run('HSET', `hash:${i}`, ...range(600, (j) => [field(j), text()]).flat());
    if (i % 3 === 0) {
      runner.run('HPEXPIRE', `hash:${i}`, '5000000', 'FIELDS', '200', ...range(200, (j) => field(3 * j)));
    }
    runner.run('SADD', `set:${i}`, ...range(600, field));
    runner.run('ZADD', `zset:${i}`, ...range(600, (j) => [String(below(50)), field(j)]).flat());
    runner.run('RPUSH', `list:${i}`, ...range(600, text));
    runner.run('BF.RESERVE', `bloom:${i}`, '0.01', '100');
    runner.run('BF.MADD', `bloom:${i}`, ...range(400, field));
    runner.run('XGROUP', 'CREATE', `stream:${i}`, 'group', '0', 'MKSTREAM');
    runner.run('XGROUP', 'CREATE', `stream:${i}`, 'other', '0');
    for (let j = 1; j <= 300; j++) runner.run('XADD', `stream:${i}`, `${j}-1`, 'name', text());
    for (const consumer of ['one', 'two', 'three']) {
      runner.run('XREADGROUP', 'GROUP', 'group', consumer, 'COUNT', '80', 'STREAMS', `stream:${i}`, '>');
    }
  }
}

/** Deletes nine tenths of everything: of the keys, and of the elements of those that stay. */
function thin(runner: CommandRunner, strings: number, large: number): void {
  for (let i = 0; i < strings; i++) if (below(10) > 0) runner.run('DEL', `string:${i}`);
  for (let i = 0; i < large; i++) {
    if (below(10) > 3) {
      const keys = ['hash', 'set', 'zset', 'list', 'bloom', 'stream'].map((type) => `${type}:${i}`);
      runner.run('UNLINK', ...keys);
      continue;
    }
    const gone = range(600, (j) => `field:${i}:${j}`).filter(() => below(10) > 0);
    runner.run('HDEL', `hash:${i}`, ...gone);
    runner.run('SREM', `set:${i}`, ...gone);
    runner.run('ZREM', `zset:${i}`, ...gone);
    runner.run('LTRIM', `list:${i}`, '100', '159');
    const entries = range(300, (j) => `${j + 1}-1`).filter(() => below(10) > 0);
    runner.run('XDEL', `stream:${i}`, ...entries);
    runner.run('XACK', `stream:${i}`, 'group', ...entries);
  }
  while (runner.keyspace.lazyFree.run());
}

/** Every key with what there is to know of it. */
function stateOf({ databases }: Keyspace): Map<string, string> {
  const state = new Map<string, string>();
  const all = new AddressList(64);
  for (const db of databases) {
    let cursor = 0;
    do {
      all.clear();
      cursor = db.dict.scan(cursor, 64, all);
      for (let i = 0; i < all.length; i++) {
        const address = all.addresses[i];
        state.set(`${db.index} ${nameOf(db, address)}`, contentOf(db, address));
      }
    } while (cursor !== 0);
  }
  return state;
}

function nameOf(db: Database, address: number): string {
  db.readKey(address);
  return Buffer.from(db.keyBytes.subarray(db.keyStart, db.keyEnd)).toString('latin1');
}

function contentOf(db: Database, address: number): string {
  const digest = `${valueDigest(db, address)} ${db.expireOf(address)}`;
  if (!nameOf(db, address).startsWith('stream')) return digest;
  // The digest does not see the groups of a stream.
  dump(db, address, false, false);
  return `${digest} ${createHash('sha1').update(payload.bytes.subarray(0, payload.size)).digest('hex')}`;
}

/** Rounds at most: the last ones find nothing to do. */
const ROUNDS = 6;

/** Lets rounds run, and `between` between their slices. Returns how many slices there were. */
function run({ keyspace }: CommandRunner, between: () => void): number {
  const { defrag, lazyFree } = keyspace;
  let slices = 0;
  for (let round = 0; round < ROUNDS; round++) {
    while (lazyFree.run());
    // It may be resting after a round that gained nothing.
    keyspace.nowMs += 10_001;
    defrag.look();
    for (; defrag.dueMs !== Infinity; slices++) {
      keyspace.nowMs = Math.max(keyspace.nowMs, defrag.dueMs);
      defrag.slice();
      between();
    }
  }
  return slices;
}

const sorted = (state: Map<string, string>) =>
  [...state].map(([name, content]) => `${name} ${content}`).sort();

describe('defragmentation', () => {
  it('gives most of the memory back after nine tenths were deleted, and every value is what it was', () => {
    const runner = newRunner();
    const { keyspace } = runner;
    const { arena, defrag } = keyspace;
    defrag.configure(SETTINGS);
    fill(runner, 40_000, 40);
    thin(runner, 40_000, 40);
    const before = sorted(stateOf(keyspace));
    const resident = arena.touchedBytes;
    const used = arena.usedBytes;
    expect(resident).toBeGreaterThan(4 * used);
    let count = 0;
    const slices = run(runner, () => count++ % 50 === 0 && auditArena(arena));
    auditArena(arena);
    expect(slices).toBeGreaterThan(20);
    expect(sorted(stateOf(keyspace))).toEqual(before);
    expect(arena.usedBytes).toBe(used);
    expect(arena.touchedBytes).toBeLessThan(resident / 3);
    expect(defrag.hits).toBeGreaterThan(1000);
    expect(defrag.keyHits).toBeGreaterThan(1000);
    expect(defrag.running).toBe(0);
    expect(defrag.totalUs).toBeGreaterThan(0);
    // Everything still works: what is in order can be changed, expires, and leaves nothing behind.
    fill(runner, 1000, 40);
    keyspace.nowMs += 6e6;
    for (const db of keyspace.databases) while (db.expireDue(100) > 0);
    thin(runner, 40_000, 40);
    runner.run('FLUSHDB');
    while (keyspace.lazyFree.run());
    expect(arena.usedBytes).toBe(0);
    auditArena(arena);
  }, 120_000);

  it('moves values while they are changed, and under a SCAN every key that stays is seen', () => {
    const runner = newRunner();
    const { keyspace } = runner;
    const { arena, defrag } = keyspace;
    defrag.configure({ ...SETTINGS, elementsMax: 20 });
    for (let round = 0; round < 2; round++) {
      fill(runner, 15_000, 20);
      thin(runner, 15_000, 20);
      const twin = new CommandRunner(2);
      copyTo(twin, keyspace);
      const stays = new Set(range(200, (i) => `stays:${i}`));
      for (const name of stays) for (const each of [runner, twin]) each.run('SET', name, name);
      const seen = new Set<string>();
      const found = new AddressList(64);
      let cursor = 0;
      let scanned = false;
      const slices = run(runner, () => {
        for (let i = below(4); i > 0; i--) {
          const words = change();
          runner.run(...words);
          twin.keyspace.nowMs = keyspace.nowMs;
          twin.run(...words);
        }
        if (below(10) === 0) keyspace.lazyFree.run();
        found.clear();
        if (!scanned) cursor = keyspace.databases[0].dict.scan(cursor, 20, found);
        for (let i = 0; i < found.length; i++) seen.add(nameOf(keyspace.databases[0], found.addresses[i]));
        scanned ||= cursor === 0;
      });
      expect(slices).toBeGreaterThan(3);
      for (; cursor !== 0; ) {
        found.clear();
        cursor = keyspace.databases[0].dict.scan(cursor, 20, found);
        for (let i = 0; i < found.length; i++) seen.add(nameOf(keyspace.databases[0], found.addresses[i]));
      }
      expect([...stays].filter((name) => !seen.has(name))).toEqual([]);
      expect(sorted(stateOf(keyspace))).toEqual(sorted(stateOf(twin.keyspace)));
      auditArena(arena);
    }
    expect(defrag.hits).toBeGreaterThan(1000);
  }, 120_000);

  it('goes on under a snapshot, which holds the state of its start', () => {
    const runner = newRunner();
    const { keyspace } = runner;
    keyspace.defrag.configure(SETTINGS);
    fill(runner, 20_000, 20);
    thin(runner, 20_000, 20);
    const before = sorted(stateOf(keyspace));
    const resident = keyspace.arena.touchedBytes;
    const kept = new Kept();
    const snapshot = new Snapshot(keyspace, kept, { is72: false, access: 'none', facts: [] });
    let hits = 0;
    run(runner, () => {
      if (keyspace.keeper === null) return;
      runner.run(...change());
      hits = keyspace.defrag.hits;
      if (!snapshot.run(5)) snapshot.end();
    });
    expect(keyspace.keeper).toBeNull();
    expect(hits).toBeGreaterThan(100);
    expect(keyspace.defrag.hits).toBeGreaterThan(hits);
    expect(sorted(stateOf(load(kept.chunks, keyspace.nowMs)))).toEqual(before);
    expect(keyspace.arena.touchedBytes).toBeLessThan(resident / 2);
    auditArena(keyspace.arena);
  }, 120_000);

  it('ends at FLUSHALL and when it is turned off', () => {
    const runner = newRunner();
    const { arena, defrag } = runner.keyspace;
    defrag.configure(SETTINGS);
    fill(runner, 20_000, 5);
    thin(runner, 20_000, 5);
    defrag.look();
    defrag.slice();
    expect(defrag.running).toBeGreaterThan(0);
    defrag.configure({ ...SETTINGS, enabled: false });
    auditArena(arena);
    expect(defrag.running).toBe(0);
    expect(run(runner, () => {})).toBe(0);
    defrag.configure(SETTINGS);
    defrag.look();
    expect(defrag.running).toBeGreaterThan(0);
    runner.run('FLUSHALL');
    expect(defrag.running).toBe(0);
    expect(run(runner, () => {})).toBe(0);
    fill(runner, 1000, 1);
    auditArena(arena);
  }, 120_000);
});

class Kept implements ChunkSink {
  readonly chunks: Uint8Array[] = [];
  readonly full = false;

  send(bytes: Uint8Array, size: number): void {
    this.chunks.push(bytes.slice(0, size));
  }

  waitForRoom(): void {}
}

function load(chunks: Uint8Array[], nowMs: number): Keyspace {
  const { keyspace } = new CommandRunner(2);
  keyspace.nowMs = nowMs;
  keyspace.lazyExpireEnabled = false;
  const loader = new KeyLoader(keyspace, { dropsExpired: false, replaces: false });
  for (const chunk of chunks) {
    loader.open(chunk, chunk.length);
    loader.run(() => true);
  }
  return keyspace;
}

/** Makes the empty keyspace of `to` the same as another. */
function copyTo(to: CommandRunner, from: Keyspace): void {
  const kept = new Kept();
  const snapshot = new Snapshot(from, kept, { is72: false, access: 'none', facts: [] });
  while (snapshot.run(1000));
  snapshot.end();
  to.keyspace.nowMs = from.nowMs;
  const loader = new KeyLoader(to.keyspace, { dropsExpired: false, replaces: false });
  for (const chunk of kept.chunks) {
    loader.open(chunk, chunk.length);
    loader.run(() => true);
  }
}

/** A change whose outcome does not depend on chance. */
function change(): string[] {
  const i = String(below(20));
  const field = () => `field:${i}:${below(600)}`;
  const changes: (() => string[])[] = [
    () => ['SET', `string:${below(15_000)}`, text()],
    () => ['APPEND', `string:${below(15_000)}`, text()],
    () => ['DEL', `string:${below(15_000)}`],
    () => ['PEXPIRE', `string:${below(15_000)}`, String(1e7 + below(1e6))],
    () => ['HSET', `hash:${i}`, field(), text()],
    () => ['HDEL', `hash:${i}`, field(), field()],
    () => ['SADD', `set:${i}`, field(), field()],
    () => ['SREM', `set:${i}`, field()],
    () => ['ZADD', `zset:${i}`, String(below(50)), field()],
    () => ['ZREM', `zset:${i}`, field()],
    () => ['ZREMRANGEBYRANK', `zset:${i}`, '3', '5'],
    () => ['RPUSH', `list:${i}`, text(), text()],
    () => ['LPOP', `list:${i}`],
    () => ['LPUSH', `list:${i}`, text()],
    () => ['BF.ADD', `bloom:${i}`, field()],
    () => ['XADD', `stream:${i}`, `${1000 + below(1e6)}-1`, 'name', text()],
    () => ['XDEL', `stream:${i}`, `${1 + below(300)}-1`],
    () => ['XACK', `stream:${i}`, 'group', `${1 + below(300)}-1`],
    () => ['XREADGROUP', 'GROUP', 'other', 'four', 'COUNT', '3', 'STREAMS', `stream:${i}`, '>'],
    () => ['XCLAIM', `stream:${i}`, 'group', 'five', '0', `${1 + below(300)}-1`],
    () => ['DEL', `list:${i}`],
    () => ['UNLINK', `zset:${i}`],
    () => ['RENAME', `set:${i}`, `set:${below(20)}`],
    () => ['COPY', `hash:${i}`, `hash:${below(20)}`, 'REPLACE'],
  ];
  return changes[below(changes.length)]();
}
