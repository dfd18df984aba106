/**
 * Tables of element records (Dict.create()): what large hashes and sets are and what finds the members of large sorted sets. Copying one
 * whole and freeing one in slices, the same for all three.
 */
import { byteOffsetOf, segmentOf } from '../memory/address.ts';
import { AddressList } from '../memory/address-list.ts';
import type { Arena } from '../memory/arena.ts';
import { Dict } from '../memory/dict.ts';
import type { Mover } from '../memory/mover.ts';
import {
  expireAtMs,
  flagsOf,
  HAS_EXPIRE,
  keyLength,
  keyOffset,
  LARGE,
  readWord0,
  valueWord,
} from '../memory/record.ts';
import { copyRecord, NO_EXPIRE, separateValue } from './copy-record.ts';
import type { Keyspace } from './keyspace.ts';
import type { LazyFree } from './lazy-free.ts';

const BATCH = 256;

/** A Dict object for those who copy or free tables; each call attaches it anew. */
let table: Dict | null = null;
const batch = new AddressList(BATCH);

function attach(arena: Arena, header: number): Dict {
  if (table === null || table.arena !== arena) table = new Dict(arena);
  return table.attach(header);
}

/** Elements of the table. */
export function tableCount(arena: Arena, header: number): number {
  return attach(arena, header).count;
}

/** Copies a table of element records with all of them; returns its header, with `ownWords` words behind it (Dict.create()), 0 at first. */
export function copyTable(keyspace: Keyspace, header: number, ownWords = 0): number {
  const { arena } = keyspace;
  const from = new Dict(arena).attach(header);
  const copy = Dict.create(arena, ownWords);
  const to = new Dict(arena).attach(copy);
  const found = new AddressList(BATCH);
  let cursor = 0;
  do {
    found.clear();
    cursor = from.scan(cursor, BATCH, found);
    for (let i = 0; i < found.length; i++) {
      const element = copyElement(keyspace, found.addresses[i]);
      to.insert(elementHash(keyspace, element), element);
    }
  } while (cursor !== 0);
  return copy;
}

/** A copy of an element record, with a value and an expire time of its own. Returns its address. */
export function copyElement(keyspace: Keyspace, address: number): number {
  const { arena } = keyspace;
  const segment = segmentOf(address);
  const base = byteOffsetOf(address);
  const i32 = arena.i32[segment];
  const word0 = readWord0(i32, base);
  const start = base + keyOffset(word0);
  const end = start + keyLength(i32, base);
  const expireMs = (flagsOf(word0) & HAS_EXPIRE) === 0 ? NO_EXPIRE : expireAtMs(arena.f64[segment], base);
  const copy = copyRecord(keyspace, address, arena.u8[segment], start, end, expireMs);
  separateValue(keyspace, copy);
  return copy;
}

/** The hash of an element's name. */
export function elementHash(keyspace: Keyspace, address: number): number {
  const { arena } = keyspace;
  const segment = segmentOf(address);
  const base = byteOffsetOf(address);
  const i32 = arena.i32[segment];
  const start = base + keyOffset(readWord0(i32, base));
  return keyspace.hasher.hash(arena.u8[segment], start, start + keyLength(i32, base));
}

/** Frees up to `limit` element records of the table, and the table with the last of them. True when nothing is left. */
export function freeTable(lazyFree: LazyFree, header: number, limit: number): boolean {
  const dict = attach(lazyFree.arena, header);
  batch.clear();
  const empty = dict.drain(limit, batch);
  for (let i = 0; i < batch.length; i++) lazyFree.freeRecord(batch.addresses[i], true);
  if (empty) dict.destroy();
  return empty;
}

/** CollectionKind.relocate() for a table whose header is the handle; with `keepsRecords` for the table alone. */
export function relocateTable(
  { arena }: Keyspace,
  mover: Mover,
  header: number,
  cursor: number,
  limit: number,
  keepsRecords = false,
): number {
  const dict = attach(arena, header);
  let seen = 0;
  const visit = () => {
    seen++;
  };
  do {
    cursor = dict.relocate(mover, cursor, keepsRecords, visit);
  } while (cursor !== 0 && seen < limit);
  return cursor;
}

/** Bytes of the table and its element records; by a sample of `samples` records when that is not 0 and there are more. */
export function tableBytes(keyspace: Keyspace, header: number, samples: number): number {
  const { arena } = keyspace;
  const dict = attach(arena, header);
  const bytes = dict.bytes;
  const total = dict.count;
  const wanted = samples === 0 ? total : Math.min(samples, total);
  let seen = 0;
  let sum = 0;
  let cursor = 0;
  do {
    batch.clear();
    cursor = dict.scan(cursor, BATCH, batch);
    for (let i = 0; i < batch.length && seen < wanted; i++, seen++) {
      sum += arena.sizeOf(batch.addresses[i]) + largeBytes(keyspace, batch.addresses[i]);
    }
  } while (cursor !== 0 && seen < wanted);
  return bytes + (seen === 0 ? 0 : Math.round((sum * total) / seen));
}

/** Bytes of a value that lies in a buffer of its own; 0 for any other. */
export function largeBytes(keyspace: Keyspace, address: number): number {
  const i32 = keyspace.arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  if ((flagsOf(readWord0(i32, base)) & LARGE) === 0) return 0;
  return keyspace.large.view(valueWord(i32, base)).length;
}
