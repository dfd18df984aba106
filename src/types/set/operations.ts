/**
 * Intersection, union and difference of sets, as lists of members to reply or to store.
 *
 *     sources.clear(); sources.push(address) ...        the sets, in the order of the command, 0 for a key that does not exist
 *     intersect(db, ...) / unite(db) / subtract(db)
 *     result.walk, result.found                         the members: positions (walk.ts)
 *     done(db)                                          frees what the operation made
 *
 * An intersection and most differences choose among the members of one set, so their result is positions in it and nothing is copied.
 * A union, and a difference that takes many sets from a large one, collect members of several sets: in a table in the arena that
 * no key has, which a STORE command may take over (takeTable()).
 *
 * Cost. Intersection: the smallest set's members times the sets. Union: all members. Difference: the lesser of (members of the first
 * set times the sets) / 2 and all members, since the first way ends early for every member that goes.
 *
 * What the result is encoded as where it is stored is known as soon as its members are: growth (build.ts).
 */
import type { Database } from '../../keyspace/database.ts';
import { freeTable } from '../../keyspace/element-table.ts';
import { AddressList } from '../../memory/address-list.ts';
import { Dict } from '../../memory/dict.ts';
import { ENCODING_INTSET, ENCODING_LISTPACK } from '../../memory/record.ts';
import { beginGrowth, grow } from './build.ts';
import { hashOf, member } from './member.ts';
import { attachTable, hasMember, insertNew, setCount, setEncoding } from './set-value.ts';
import { SetWalk } from './walk.ts';

/** The sets to work on. */
export const sources = new AddressList(16);
/** Lists that have grown beyond this are not kept for the next call. */
const KEPT_MAX = 1 << 16;
const FREED_AT_ONCE = 1 << 30;

export const result = {
  walk: new SetWalk(),
  found: new AddressList(256),
  /** The table that the members are in when they are not one of the sources'; 0 for none. */
  header: 0,
};

const other = new SetWalk();

function begin(): void {
  if (result.found.addresses.length > KEPT_MAX) result.found = new AddressList(256);
  result.found.clear();
  result.header = 0;
}

/** Frees what the operation has made, unless takeTable() was called. */
export function done(db: Database): void {
  if (result.header === 0) return;
  while (!freeTable(db.keyspace.lazyFree, result.header, FREED_AT_ONCE));
  result.header = 0;
}

/** The table of the result, which the caller owns from now on; 0 when there is none. */
export function takeTable(): number {
  const { header } = result;
  result.header = 0;
  return header;
}

/** True when the member that is being looked at is in all sources from number `from` on. */
function isInAll(db: Database, from: number): boolean {
  for (let i = from; i < sources.length; i++) if (!hasMember(db, sources.addresses[i])) return false;
  return true;
}

/** True when it is in one of them at least. */
function isInAny(db: Database, from: number): boolean {
  for (let i = from; i < sources.length; i++) {
    if (sources.addresses[i] !== 0 && hasMember(db, sources.addresses[i])) return true;
  }
  return false;
}

/** Sorts the sources from number `from` on by how many members they have, missing ones as having none. */
function sortSources(db: Database, from: number, descending: boolean): void {
  const count = (address: number): number => (address === 0 ? 0 : setCount(db, address));
  sources.addresses
    .subarray(from, sources.length)
    .sort((a, b) => (descending ? count(b) - count(a) : count(a) - count(b)));
}

/** Finds the members that all sources have, at most `limit` (0: all of them). Every source must exist. */
export function intersect(db: Database, limit: number): void {
  begin();
  const { walk, found } = result;
  sortSources(db, 0, false);
  const smallest = sources.addresses[0];
  beginGrowth(setEncoding(db, smallest) === ENCODING_INTSET ? ENCODING_INTSET : ENCODING_LISTPACK);
  const { packing } = db.keyspace;
  walk.openCommon(db, sources);
  while (walk.next()) {
    if (!isInAll(db, 1)) continue;
    found.push(walk.position);
    grow(packing);
    if (found.length === limit) return;
  }
}

/** Counts the members that all sources have, up to `limit` (0: all of them). Every source must exist. */
export function countCommon(db: Database, limit: number): number {
  sortSources(db, 0, false);
  const { walk } = result;
  let count = 0;
  walk.openCommon(db, sources);
  while (walk.next()) {
    if (!isInAll(db, 1)) continue;
    count++;
    if (count === limit) break;
  }
  return count;
}

/** Finds the members that any source has. */
export function unite(db: Database): void {
  begin();
  beginGrowth(ENCODING_INTSET);
  dropMissing();
  if (sources.length === 0) return;
  if (sources.length === 1) {
    findAllOf(db, sources.addresses[0]);
    return;
  }
  collectAll(db, sources.length);
  findTable(db);
}

function dropMissing(): void {
  let kept = 0;
  for (let i = 0; i < sources.length; i++) {
    if (sources.addresses[i] !== 0) sources.addresses[kept++] = sources.addresses[i];
  }
  sources.length = kept;
}

/** The result is all members of one set. */
function findAllOf(db: Database, address: number): void {
  const { walk, found } = result;
  walk.open(db, address);
  while (walk.next()) {
    found.push(walk.position);
    grow(db.keyspace.packing);
  }
}

/** Puts the members of the first `until` sources into a table of the result's own. */
function collectAll(db: Database, until: number): void {
  const { keyspace, arena } = db;
  result.header = Dict.create(arena);
  const into = attachTable(arena, result.header);
  for (let i = 0; i < until; i++) {
    other.open(db, sources.addresses[i]);
    while (other.next()) {
      const hash = hashOf(keyspace.elementHashes);
      if (into.find(hash, member.bytes, member.start, member.end) !== 0) continue;
      insertNew(keyspace, into);
      grow(keyspace.packing);
    }
  }
}

/** The result is what is in its table. */
function findTable(db: Database): void {
  const { walk, found } = result;
  walk.openTable(db.arena, result.header);
  while (walk.next()) found.push(walk.position);
}

/** Finds the members of the first source that no other has. */
export function subtract(db: Database): void {
  begin();
  beginGrowth(ENCODING_INTSET);
  const first = sources.addresses[0];
  if (first === 0) return;
  for (let i = 1; i < sources.length; i++) if (sources.addresses[i] === first) return;
  if (isBetterOneByOne(db)) {
    sortSources(db, 1, true);
    subtractOneByOne(db, first);
  } else {
    collectAll(db, 1);
    removeOthers(db);
    findTable(db);
  }
}

/** Whether to look every member of the first set up in the others, rather than to take the others' members from a copy of it. */
function isBetterOneByOne(db: Database): boolean {
  const first = setCount(db, sources.addresses[0]);
  let lookUps = 0;
  let members = 0;
  for (let i = 0; i < sources.length; i++) {
    if (sources.addresses[i] === 0) continue;
    lookUps += first;
    members += setCount(db, sources.addresses[i]);
  }
  return Math.floor(lookUps / 2) <= members;
}

function subtractOneByOne(db: Database, first: number): void {
  const { walk, found } = result;
  walk.open(db, first);
  while (walk.next()) {
    if (isInAny(db, 1)) continue;
    found.push(walk.position);
    grow(db.keyspace.packing);
  }
}

/** Takes the members of all sources but the first out of the result's table. */
function removeOthers(db: Database): void {
  const { elementHashes } = db.keyspace;
  const from = attachTable(db.arena, result.header);
  for (let i = 1; i < sources.length && from.count > 0; i++) {
    if (sources.addresses[i] === 0) continue;
    other.open(db, sources.addresses[i]);
    while (other.next() && from.count > 0) {
      const hash = hashOf(elementHashes);
      const record = from.find(hash, member.bytes, member.start, member.end);
      if (record === 0) continue;
      from.remove(hash, record);
      db.arena.free(record);
    }
  }
}
