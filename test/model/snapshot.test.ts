/*
 * A snapshot holds the state of the instant at which it was begun, whatever happens while it is written: random commands of every kind between
 * the slices of the walk (set, delete, rename, move, copy, expiry, SWAPDB, FLUSHDB, FLUSHALL, changes of elements of small and large values of
 * every type, in several databases). What comes out is loaded into an empty keyspace and compared with what was there at the start.
 */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { typeAt } from '../../src/commands/lookup.ts';
import { valueDigest } from '../../src/commands/server/debug/digest.ts';
import { type Database, NO_EXPIRE } from '../../src/keyspace/database.ts';
import type { Keyspace } from '../../src/keyspace/keyspace.ts';
import { AddressList } from '../../src/memory/address-list.ts';
import { TYPE_HASH, TYPE_STREAM } from '../../src/memory/record.ts';
import { KeyLoader } from '../../src/persistence/key-loader.ts';
import { type ChunkSink, Snapshot } from '../../src/persistence/snapshot.ts';
import { dump, payload } from '../../src/rdb/dump.ts';
import { PART_ELEMENTS, PART_HEAD, PART_TAIL, type Part } from '../../src/rdb/items.ts';
import { HashWalk } from '../../src/types/hash/hash-walk.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';
import { CommandRunner } from './command-runner.ts';

const ROUNDS = 10;
const KEYS = 60;
const DATABASES = 4;

const random = seededRandom('model/snapshot');
const { below } = random;
const pick = <T>(from: readonly T[]): T => from[below(from.length)];

const key = () => `key:${below(KEYS)}`;
const member = () => (below(3) === 0 ? String(below(2000)) : `member:${below(2000)}`);
const text = () => pick(['x', 'some text ', '0']).repeat(below(60));
const members = (most: number, make: () => string[]) => Array.from({ length: 1 + below(most) }, make).flat();

/** Streams have keys of their own part of the time, because it takes several commands that meet to have something pending. */
const stream = () => (below(2) === 0 ? key() : `stream:${below(6)}`);
const id = () => `${1 + below(120)}-${below(3)}`;
const group = () => `group:${below(3)}`;
const consumer = () => `consumer:${below(3)}`;
const ids = (most: number) => members(most, () => [id()]);

const STREAM_CHANGES: (() => string[])[] = [
  () => ['XADD', stream(), '*', 'f', text()],
  () => ['XADD', stream(), id(), 'f', text(), member(), text()],
  () => ['XADD', stream(), 'MAXLEN', String(below(100)), '*', ...members(5, () => [member(), text()])],
  () => ['XADD', stream(), 'MAXLEN', '~', '20', '*', 'f', text()],
  () => ['XTRIM', stream(), 'MINID', id()],
  () => ['XTRIM', stream(), 'MAXLEN', String(below(50))],
  () => ['XDEL', stream(), ...ids(20)],
  () => ['XDELEX', stream(), pick(['DELREF', 'ACKED']), 'IDS', '3', id(), id(), id()],
  () => ['XSETID', stream(), `${1000 + below(9)}-0`],
  () => ['XGROUP', 'CREATE', stream(), group(), pick(['0', '$', id()]), 'MKSTREAM'],
  () => ['XGROUP', 'CREATE', stream(), group(), '0', 'MKSTREAM'],
  () => ['XGROUP', 'SETID', stream(), group(), pick(['0', '$', id()])],
  () => ['XGROUP', 'CREATECONSUMER', stream(), group(), consumer()],
  () => ['XGROUP', 'DELCONSUMER', stream(), group(), consumer()],
  () => ['XGROUP', 'DESTROY', stream(), group()],
  () => ['XREADGROUP', 'GROUP', group(), consumer(), 'COUNT', '20', 'STREAMS', stream(), stream(), '>', '0'],
  () => ['XREADGROUP', 'GROUP', group(), consumer(), 'STREAMS', stream(), '>'],
  () => ['XREADGROUP', 'GROUP', group(), consumer(), 'COUNT', '5', 'STREAMS', stream(), '>'],
  () => ['XREADGROUP', 'GROUP', group(), consumer(), 'STREAMS', stream(), '0'],
  () => ['XACK', stream(), group(), ...ids(20)],
  () => ['XACKDEL', stream(), group(), 'DELREF', 'IDS', '2', id(), id()],
  () => ['XCLAIM', stream(), group(), consumer(), '0', ...ids(20), 'FORCE'],
  () => ['XAUTOCLAIM', stream(), group(), consumer(), '0', '0', 'COUNT', '20'],
];

/** Commands that change something, each key of any type under them: a wrong type changes nothing. */
const CHANGES: (() => string[])[] = [
  () => ['SET', key(), text()],
  () => ['SET', key(), String(below(1e9)), 'PX', String(1 + below(400))],
  () => ['MSET', key(), text(), key(), text()],
  () => ['APPEND', key(), text()],
  () => ['SETRANGE', key(), String(below(100)), text()],
  () => ['INCRBY', key(), String(below(1000))],
  () => ['GETDEL', key()],
  () => ['GETEX', key(), 'PX', String(1 + below(500))],
  () => ['SETBIT', key(), String(below(500)), String(below(2))],
  () => ['BITOP', 'OR', key(), key(), key()],
  () => ['PFADD', key(), member(), member()],
  () => ['PFCOUNT', key()],
  () => ['RPUSH', key(), ...members(200, () => [text()])],
  () => ['RPUSH', key(), ...members(200, () => ['long '.repeat(100 + below(100))])],
  () => ['LINSERT', key(), pick(['BEFORE', 'AFTER']), 'long '.repeat(100 + below(100)), text()],
  () => ['LSET', key(), String(below(400)), 'long '.repeat(100 + below(100))],
  () => ['LTRIM', key(), String(below(100)), '-1'],
  () => ['LREM', key(), '3', 'long '.repeat(100 + below(100))],
  () => ['LPUSH', key(), text()],
  () => ['LPOP', key()],
  () => ['RPOP', key(), String(below(20))],
  () => ['LSET', key(), String(below(50)), text()],
  () => ['LINSERT', key(), 'BEFORE', '', text()],
  () => ['LREM', key(), '0', 'x'],
  () => ['LTRIM', key(), String(below(5)), String(-1 - below(5))],
  () => ['LMOVE', key(), key(), pick(['LEFT', 'RIGHT']), pick(['LEFT', 'RIGHT'])],
  () => ['SADD', key(), ...members(200, () => [member()])],
  () => ['SADD', key(), ...members(20, () => [String(below(1000))])],
  () => ['SREM', key(), ...members(50, () => [member()])],
  () => ['SPOP', key(), String(below(30))],
  () => ['SMOVE', key(), key(), member()],
  () => ['SUNIONSTORE', key(), key(), key()],
  () => ['HSET', key(), ...members(100, () => [member(), text()])],
  () => ['HDEL', key(), ...members(50, () => [member()])],
  () => ['HINCRBY', key(), member(), '3'],
  () => ['HPEXPIRE', key(), String(1 + below(500)), 'FIELDS', '1', member()],
  () => ['ZADD', key(), ...members(150, () => [String(below(1000)), member()])],
  () => ['ZADD', key(), ...members(150, () => [String(below(1000)), `few:${below(150)}`])],
  () => ['HSET', key(), ...members(150, () => [`few:${below(150)}`, text()])],
  () => ['ZINCRBY', key(), String(below(10)), member()],
  () => ['ZREM', key(), ...members(50, () => [member()])],
  () => ['ZPOPMIN', key(), String(below(10))],
  () => ['ZREMRANGEBYRANK', key(), '0', String(below(20))],
  () => ['ZUNIONSTORE', key(), '2', key(), key()],
  ...STREAM_CHANGES,
  () => ['BF.RESERVE', key(), '0.01', '20'],
  () => ['BF.ADD', key(), member()],
  () => ['BF.MADD', key(), ...members(60, () => [member()])],
  () => ['BF.INSERT', key(), 'CAPACITY', '5', 'EXPANSION', '1', 'ITEMS', ...members(20, () => [member()])],
  () => ['GEOADD', key(), String(below(180)), String(below(80)), member()],
  () => ['GEOSEARCHSTORE', key(), key(), 'FROMLONLAT', '90', '40', 'BYRADIUS', '5000', 'km'],
  () => ['SORT', key(), 'ALPHA', 'STORE', key()],
  () => ['DEL', key(), key()],
  () => ['UNLINK', key()],
  () => ['RENAME', key(), key()],
  () => ['RENAMENX', key(), key()],
  () => ['COPY', key(), key(), 'DB', String(below(DATABASES)), 'REPLACE'],
  () => ['MOVE', key(), String(below(DATABASES))],
  () => ['PEXPIRE', key(), String(1 + below(500))],
  () => ['PERSIST', key()],
  () => ['SELECT', String(below(DATABASES))],
];

const RARE: (() => string[])[] = [
  () => ['SET', key(), 'L'.repeat(1 << 20)],
  () => ['SWAPDB', String(below(DATABASES)), String(below(DATABASES))],
  () => ['FLUSHDB'],
  () => ['FLUSHALL'],
];

function change(runner: CommandRunner): void {
  const chance = below(1000);
  if (chance < 5) runner.run(...pick(RARE)());
  else if (chance < 30) runner.advance(below(200));
  else if (chance < 60) {
    for (const db of runner.keyspace.databases) db.expireDue(20);
  } else if (chance < 200) runner.keyspace.lazyFree.run();
  else runner.run(...pick(CHANGES)());
}

/** Every key with its digest and time to live, by database. */
function stateOf(keyspace: Keyspace): Map<string, string> {
  const state = new Map<string, string>();
  const all = new AddressList(64);
  for (const db of keyspace.databases) {
    let cursor = 0;
    do {
      all.clear();
      cursor = db.dict.scan(cursor, 64, all);
      for (let i = 0; i < all.length; i++)
        state.set(nameOf(db, all.addresses[i]), contentOf(db, all.addresses[i]));
    } while (cursor !== 0);
  }
  return state;
}

function nameOf(db: Database, address: number): string {
  db.readKey(address);
  return `${db.index} ${Buffer.from(db.keyBytes.subarray(db.keyStart, db.keyEnd)).toString('latin1')}`;
}

function contentOf(db: Database, address: number): string {
  return `${valueDigest(db, address)} ${db.expireOf(address)} ${hiddenFromDigest(db, address)}`;
}

/** What the digest does not see: the groups of a stream, the times of a hash's fields. */
function hiddenFromDigest(db: Database, address: number): string {
  const type = typeAt(db, address);
  if (type === TYPE_STREAM) return streamPayload(db, address);
  return type === TYPE_HASH ? fieldTimes(db, address) : '';
}

/** Of the stream as Redis 7.0 saves it: 7.2 saves one fact more, which a snapshot in the older form loses. */
function streamPayload(db: Database, address: number): string {
  dump(db, address, false, false);
  return createHash('sha1').update(payload.bytes.subarray(0, payload.size)).digest('hex');
}

const hashWalk = new HashWalk();

function fieldTimes(db: Database, address: number): string {
  const times: string[] = [];
  hashWalk.start(db, address);
  while (hashWalk.next()) {
    const { field, expireMs } = hashWalk;
    if (expireMs !== NO_EXPIRE)
      times.push(`${Buffer.from(field.bytes.subarray(field.start, field.end))} ${expireMs}`);
  }
  return times.sort().join(' ');
}

class Kept implements ChunkSink {
  readonly chunks: Uint8Array[] = [];
  full = false;
  waits = 0;
  /** How many pieces of each kind came. */
  readonly parts = [0, 0, 0, 0];

  send(bytes: Uint8Array, size: number, part: Part): void {
    this.chunks.push(bytes.slice(0, size));
    this.parts[part]++;
    this.full = below(4) === 0;
  }

  waitForRoom(): void {
    this.waits++;
    this.full = false;
  }
}

function load(kept: Kept, nowMs: number): Keyspace {
  const fresh = new CommandRunner(DATABASES).keyspace;
  fresh.nowMs = nowMs;
  fresh.lazyExpireEnabled = false;
  const loader = new KeyLoader(fresh, { dropsExpired: false, replaces: false });
  // A large value may begin in one piece and end in another.
  const bytes = Buffer.concat(kept.chunks);
  loader.open(bytes, bytes.length);
  loader.run(() => true);
  return fresh;
}

function sorted(state: Map<string, string>): string[] {
  return [...state].map(([name, content]) => `${name} ${content}`).sort();
}

describe('a snapshot', () => {
  it.each([
    ['whole', {}],
    ['large values in slices', { longElements: 20, longBlocks: 1, sliceBytes: 300 }],
  ])(
    'holds exactly the state at its start, through every kind of change, %s',
    (_, slicing) => {
      let emitted = 0;
      const parts = [0, 0, 0, 0];
      for (let round = 0; round < ROUNDS; round++) {
        const runner = new CommandRunner(DATABASES);
        const { packing } = runner.keyspace;
        packing.listDepth = round % 3;
        // Large values, and blocks, by the dozen.
        if (round % 2 === 1)
          Object.assign(packing, { hashEntries: 16, setEntries: 16, zsetEntries: 16, streamEntries: 4 });
        for (let i = 0; i < 1500; i++) runner.run(...pick(CHANGES)());
        for (let snapshots = 0; snapshots < 4; snapshots++) {
          const before = sorted(stateOf(runner.keyspace));
          const kept = new Kept();
          const snapshot = new Snapshot(runner.keyspace, kept, {
            is72: below(2) === 0,
            access: 'none',
            facts: [],
            ...slicing,
          });
          expect(snapshot.total).toBe(before.length);
          while (snapshot.run(1 + below(4))) {
            kept.full = false;
            for (let i = below(40); i > 0; i--) change(runner);
          }
          snapshot.end();
          emitted += snapshot.written;
          expect(snapshot.written).toBe(before.length);
          expect(sorted(stateOf(load(kept, runner.keyspace.nowMs)))).toEqual(before);
          for (const [part, n] of kept.parts.entries()) parts[part] += n;
          for (let i = 0; i < 300; i++) change(runner);
          while (runner.keyspace.lazyFree.run());
        }
      }
      expect(emitted).toBeGreaterThan(ROUNDS * 50);
      expect(parts[PART_HEAD]).toBe(parts[PART_TAIL]);
      if ('longElements' in slicing) expect(parts[PART_ELEMENTS]).toBeGreaterThan(ROUNDS * 20);
    },
    300_000,
  );

  it('given up, it leaves nothing behind', () => {
    const runner = new CommandRunner(DATABASES);
    for (let i = 0; i < 1500; i++) runner.run(...pick(CHANGES)());
    const slicing = { longElements: 20, longBlocks: 1, sliceBytes: 300 };
    const options = { is72: true, access: 'none', facts: [], ...slicing } as const;
    const snapshot = new Snapshot(runner.keyspace, new Kept(), options);
    snapshot.run(3);
    for (let i = 0; i < 200; i++) change(runner);
    snapshot.abort();
    runner.run('FLUSHALL');
    while (runner.keyspace.lazyFree.run());
    expect(runner.keyspace.keeper).toBeNull();
    expect(runner.keyspace.arena.usedBytes).toBe(0);
    expect(runner.keyspace.large.usedBytes).toBe(0);
  });
});
