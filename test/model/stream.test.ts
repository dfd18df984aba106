/*
 * Streams against arrays: random additions, removals and trimmings with blocks of all sizes, groups with what is pending, copies and
 * renames. In the end everything is deleted and the memory must be what it was at the start.
 */
import { expect, it } from 'vitest';
import { bytesFromString, stringFromBytes } from '../../src/base/bytes.ts';
import { compareIds, Id128, setId } from '../../src/base/id128.ts';
import { handleOf } from '../../src/keyspace/blob.ts';
import { collectionKind } from '../../src/keyspace/collections.ts';
import { byteOffsetOf, segmentOf } from '../../src/memory/address.ts';
import { auditArena } from '../../src/memory/arena-audit.ts';
import { text } from '../../src/memory/listpack.ts';
import { readWord0 } from '../../src/memory/record.ts';
import { checkStream } from '../../src/types/stream/collection.ts';
import * as groups from '../../src/types/stream/group.ts';
import * as streams from '../../src/types/stream/stream.ts';
import {
  findFirst,
  KEEP_REFERENCES,
  ONLY_ACKNOWLEDGED,
  REMOVE_REFERENCES,
  readEdge,
  removeEntry,
  trimStream,
} from '../../src/types/stream/trim.ts';
import { StreamWalk } from '../../src/types/stream/walk.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';
import { Keys, newKeyspace } from '../unit/keyspace/keys.ts';
import { NO_HURRY, operations } from './memory-model.ts';

const OPERATIONS = operations(2000);
const KEYS = ['a', 'b', `long${'key'.repeat(100)}`];
const NAMES = ['g', 'h', 'another group', 'x'.repeat(300)];

const { below, pick } = seededRandom('model/stream');
const keyspace = newKeyspace(1);
const db = keyspace.databases[0];
const { arena } = db;
const keys = new Keys(db);
const walk = new StreamWalk();

interface Entry {
  ms: number;
  fields: string[];
}

interface Group {
  lastMs: number;
  /** Who has which entry, by its milliseconds. */
  pending: Map<number, string>;
  consumers: Set<string>;
}

interface Model {
  entries: Entry[];
  groups: Map<string, Group>;
  lastMs: number;
}

const models = new Map<string, Model>();

const idOf = (ms: number): Id128 => {
  const id = new Id128();
  setId(id, 0, ms, 0, 0);
  return id;
};
const MIN = idOf(0);
const MAX = new Id128();
setId(MAX, -1, -1, -1, -1);

const streamOf = (key: string): number => handleOf(db, keys.find(key));

function anyText(): string {
  const kind = below(100);
  if (kind < 40) return pick(['a', 'b', 'c']);
  if (kind < 60) return String(below(2 ** 32) - 2 ** 31);
  if (kind < 98) return pick(['x', 'word ']).repeat(below(30));
  return pick(['y', 'long ']).repeat(below(3000));
}

function anyFields(): string[] {
  if (below(3) > 0) return ['name', anyText(), 'value', anyText()];
  return Array.from({ length: 2 * (1 + below(3)) }, anyText);
}

function append(stream: number, ms: number, fields: string[]): void {
  const texts = fields.map(bytesFromString);
  const bytes = new Uint8Array(texts.reduce((sum, one) => sum + one.length, 0));
  const spans = new Int32Array(texts.length * 2);
  let at = 0;
  for (const [i, one] of texts.entries()) {
    bytes.set(one, at);
    spans[i * 2] = at;
    at += one.length;
    spans[i * 2 + 1] = at;
  }
  streams.appendEntry(keyspace, stream, idOf(ms), bytes, spans, 0, fields.length / 2);
}

function add(key: string): void {
  let model = models.get(key);
  if (model === undefined) {
    const name = bytesFromString(key);
    streams.createStream(db, keys.hash(key), name, 0, name.length);
    model = { entries: [], groups: new Map(), lastMs: 0 };
    models.set(key, model);
  }
  for (let n = 1 + below(below(5) === 0 ? 300 : 5); n > 0; n--) {
    model.lastMs += 1 + below(3);
    const fields = anyFields();
    append(streamOf(key), model.lastMs, fields);
    model.entries.push({ ms: model.lastMs, fields });
  }
}

function remove(key: string, model: Model): void {
  for (let n = 1 + below(10); n > 0; n--) {
    const ms = below(2) === 0 && model.entries.length > 0 ? pick(model.entries).ms : below(model.lastMs + 2);
    const there = model.entries.some((entry) => entry.ms === ms);
    expect(removeEntry(keyspace, streamOf(key), idOf(ms))).toBe(there);
    model.entries = model.entries.filter((entry) => entry.ms !== ms);
  }
  findFirst(keyspace, streamOf(key));
}

const isReferenced = (model: Model, ms: number): boolean =>
  [...model.groups.values()].some((group) => group.lastMs < ms || group.pending.has(ms));

function trim(key: string, model: Model): void {
  const byLength = below(2) === 0;
  const lengthMax = below(model.entries.length + 5);
  const minMs = model.entries.length === 0 ? 5 : pick(model.entries).ms;
  const references = pick([KEEP_REFERENCES, REMOVE_REFERENCES, ONLY_ACKNOWLEDGED]);
  const approximate = below(3) === 0;
  const how = { byLength, lengthMax, minId: idOf(minMs), approximate, limit: 0, references };
  const goes = byLength
    ? model.entries.slice(0, Math.max(0, model.entries.length - lengthMax))
    : model.entries.filter((entry) => entry.ms < minMs);
  const n = trimStream(keyspace, streamOf(key), how);
  let gone = goes;
  if (references === ONLY_ACKNOWLEDGED) {
    gone = model.entries
      .filter((entry) => (byLength || entry.ms < minMs) && !isReferenced(model, entry.ms))
      .slice(0, byLength ? goes.length : undefined);
    if (approximate && model.groups.size === 0) gone = gone.slice(0, n);
  } else if (approximate) {
    expect(n).toBeLessThanOrEqual(goes.length);
    gone = goes.slice(0, n);
  }
  expect(n).toBe(gone.length);
  const removed = new Set(gone.map((entry) => entry.ms));
  model.entries = model.entries.filter((entry) => !removed.has(entry.ms));
  if (references !== REMOVE_REFERENCES) return;
  for (const group of model.groups.values()) for (const ms of removed) group.pending.delete(ms);
}

// ---- groups ----------------------------------------------------------------------------------------------------------------

const name = bytesFromString;
const groupOf = (key: string, group: string): number =>
  groups.findGroup(arena, streamOf(key), name(group), 0, group.length);
const consumerOf = (group: number, consumer: string): number =>
  groups.findConsumer(arena, group, name(consumer), 0, consumer.length);

function changeGroup(key: string, model: Model): void {
  const groupName = pick(NAMES);
  const group = model.groups.get(groupName);
  if (group === undefined) {
    groups.createGroup(arena, streamOf(key), name(groupName), 0, groupName.length, MIN, -1, -1);
    model.groups.set(groupName, { lastMs: 0, pending: new Map(), consumers: new Set() });
    return;
  }
  const handle = groupOf(key, groupName);
  const kind = below(20);
  if (kind === 0) {
    groups.destroyGroup(arena, streamOf(key), handle);
    model.groups.delete(groupName);
  } else if (kind === 1) {
    const consumer = pick([...group.consumers, 'nobody']);
    if (!group.consumers.delete(consumer)) return;
    const own = [...group.pending].filter(([, owner]) => owner === consumer);
    expect(groups.deleteConsumer(arena, handle, consumerOf(handle, consumer))).toBe(own.length);
    for (const [ms] of own) group.pending.delete(ms);
  } else if (kind < 12) {
    read(model, group, handle);
  } else {
    acknowledge(group, handle);
  }
}

/** A consumer, made if it is not there. There are more names than a vector of them holds. */
function anyConsumer(group: Group, handle: number): string {
  const consumer = `consumer ${below(below(3) === 0 ? 300 : 5)}`;
  if (!group.consumers.has(consumer)) {
    expect(consumerOf(handle, consumer)).toBe(0);
    groups.createConsumer(arena, handle, name(consumer), 0, consumer.length, 1);
    group.consumers.add(consumer);
  }
  return consumer;
}

function read(model: Model, group: Group, handle: number): void {
  const consumer = anyConsumer(group, handle);
  for (const { ms } of model.entries.filter((entry) => entry.ms > group.lastMs).slice(0, below(150))) {
    groups.addPending(arena, handle, consumerOf(handle, consumer), idOf(ms), ms, 1);
    groups.setGroupLastId(arena, handle, idOf(ms));
    group.pending.set(ms, consumer);
    group.lastMs = ms;
  }
}

function acknowledge(group: Group, handle: number): void {
  const all = [...group.pending.keys()];
  for (let n = below(200); n > 0 && all.length > 0; n--) {
    const ms = below(2) === 0 ? (all.shift() as number) : pick(all);
    const pending = groups.findPending(arena, handle, idOf(ms));
    expect(pending !== 0).toBe(group.pending.has(ms));
    if (pending !== 0 && below(4) === 0) {
      const consumer = anyConsumer(group, handle);
      groups.givePending(arena, pending, idOf(ms), consumerOf(handle, consumer));
      group.pending.set(ms, consumer);
    } else {
      expect(groups.removePending(arena, handle, idOf(ms))).toBe(group.pending.delete(ms));
    }
  }
}

// ---- comparing -------------------------------------------------------------------------------------------------------------

function entriesOf(key: string, from: Id128, to: Id128, reverse: boolean): Entry[] {
  const entries: Entry[] = [];
  walk.open(keyspace, streamOf(key), from, to, reverse);
  while (walk.next()) {
    const fields: string[] = [];
    walk.startFields();
    for (let i = 0; i < walk.pairs; i++) {
      walk.readField();
      fields.push(stringFromBytes(text.bytes, text.start, text.end));
      walk.readValue();
      fields.push(stringFromBytes(text.bytes, text.start, text.end));
    }
    entries.push({ ms: walk.id.msLo, fields });
  }
  return entries;
}

function compare(key: string, model: Model): void {
  const stream = streamOf(key);
  expect(checkStream(keyspace, stream)).toBe('');
  expect(streams.streamLength(arena, stream)).toBe(model.entries.length);
  expect(entriesOf(key, MIN, MAX, false)).toEqual(model.entries);
  const low = below(model.lastMs + 2);
  const high = low + below(model.lastMs + 2);
  const within = model.entries.filter(({ ms }) => ms >= low && ms <= high);
  expect(entriesOf(key, idOf(low), idOf(high), false)).toEqual(within);
  for (const limit of [0, 1, 1 + below(200)]) {
    walk.open(keyspace, stream, idOf(low), idOf(high), below(2) === 0);
    expect(walk.count(limit)).toBe(limit === 0 ? within.length : Math.min(limit, within.length));
  }
  expect(entriesOf(key, idOf(low), idOf(high), true)).toEqual(within.reverse());
  const first = new Id128();
  streams.readStreamId(arena, stream, streams.FIRST_ID, first);
  expect(first.msLo).toBe(model.entries[0]?.ms ?? 0);
  const last = new Id128();
  expect(readEdge(keyspace, stream, true, last)).toBe(model.entries.length > 0);
  if (model.entries.length > 0) expect(compareIds(last, idOf(model.entries.at(-1)!.ms))).toBe(0);
  compareGroups(key, model);
}

function compareGroups(key: string, model: Model): void {
  const stream = streamOf(key);
  expect(groups.groupCount(arena, stream)).toBe(model.groups.size);
  for (const [groupName, group] of model.groups) {
    const handle = groupOf(key, groupName);
    expect(groups.consumerCount(arena, handle)).toBe(group.consumers.size);
    const names: string[] = [];
    for (let i = 0; i < group.consumers.size; i++) {
      groups.readConsumerName(arena, groups.consumerAt(arena, handle, i));
      names.push(stringFromBytes(groups.nameOf.bytes, groups.nameOf.start, groups.nameOf.end));
    }
    expect(names).toEqual([...group.consumers].sort());
    expect(groups.pendingOfGroup(arena, handle).count).toBe(group.pending.size);
    for (const [ms, consumer] of group.pending) {
      const pending = groups.findPending(arena, handle, idOf(ms));
      expect(groups.ownerOf(arena, pending)).toBe(consumerOf(handle, consumer));
      expect(groups.givenMs(arena, pending)).toBe(ms);
    }
  }
}

function clone(model: Model): Model {
  const copies = [...model.groups].map(([groupName, { lastMs, pending, consumers }]) => {
    return [groupName, { lastMs, pending: new Map(pending), consumers: new Set(consumers) }] as const;
  });
  return { entries: [...model.entries], groups: new Map(copies), lastMs: model.lastMs };
}

function operate(): void {
  const key = pick(KEYS);
  const model = models.get(key);
  const kind = below(100);
  const to = pick(KEYS);
  if (model === undefined || kind < 25) add(key);
  else if (kind < 40) remove(key, model);
  else if (kind < 45) trim(key, model);
  else if (kind < 90) changeGroup(key, model);
  else if (kind < 96) compare(key, model);
  else if (kind < 97) {
    keys.remove(key, below(2) === 0);
    models.delete(key);
  } else if (!models.has(to)) {
    models.set(to, kind < 98 ? model : clone(model));
    if (kind < 98) {
      keys.rename(key, to);
      models.delete(key);
    } else {
      keys.copyFrom(keys, key, to);
    }
  }
}

it.each([
  [4096, 100],
  [4096, 3],
  [300, 0],
  [0, 1000],
  [0, 0],
])('Streams: are what arrays are: %d bytes, %d entries to a block', NO_HURRY, (size, entries) => {
  const before = keyspace.usedBytes;
  keyspace.packing.streamBytes = size;
  keyspace.packing.streamEntries = entries;
  for (let i = 0; i < OPERATIONS; i++) operate();
  while (keyspace.lazyFree.run());
  keyspace.lazyFree.buffers = [];
  for (const [key, model] of [...models]) {
    compare(key, model);
    const address = keys.find(key);
    const kind = collectionKind(readWord0(arena.i32[segmentOf(address)], byteOffsetOf(address)))!;
    const used = keyspace.usedBytes;
    const bytes = kind.bytes(keyspace, streamOf(key), 0);
    keys.remove(key, below(2) === 0);
    while (keyspace.lazyFree.run());
    keyspace.lazyFree.buffers = [];
    // The record of the key itself is the rest.
    expect(used - keyspace.usedBytes - bytes).toBeGreaterThanOrEqual(0);
    expect(used - keyspace.usedBytes - bytes).toBeLessThan(1024);
    models.delete(key);
  }
  expect(keyspace.usedBytes).toBe(before);
  auditArena(arena);
});

it('Streams: entries too long for a cell of the arena lie in buffers of their own', NO_HURRY, () => {
  const before = keyspace.usedBytes;
  keyspace.packing.streamBytes = 4096;
  keyspace.packing.streamEntries = 100;
  add('a');
  const model = models.get('a')!;
  for (const length of [1 << 20, (1 << 20) - 30, 3_000_000, 5, 1_048_560]) {
    const fields = ['name', 'v'.repeat(length)];
    append(streamOf('a'), ++model.lastMs, fields);
    model.entries.push({ ms: model.lastMs, fields });
  }
  compare('a', model);
  keyspace.packing.streamBytes = 0;
  for (let i = 0; i < 30; i++) {
    const fields = ['name', 'v'.repeat(100_000)];
    append(streamOf('a'), ++model.lastMs, fields);
    model.entries.push({ ms: model.lastMs, fields });
  }
  compare('a', model);
  models.set('b', clone(model));
  keys.copyFrom(keys, 'a', 'b');
  remove('b', models.get('b')!);
  trim('a', model);
  for (const [key, one] of models) compare(key, one);
  for (const key of [...models.keys()]) {
    keys.remove(key);
    models.delete(key);
  }
  while (keyspace.lazyFree.run());
  expect(keyspace.usedBytes).toBe(before);
});
