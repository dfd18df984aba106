/**
 * Whole sets made at once: what the STORE commands leave under their destination, and what SPOP leaves of a set that it takes nearly
 * all of.
 *
 * The members come from a walk (a set, or a table that no key has) and a list of positions in it. The encoding is decided before anything
 * is allocated, so a packed result is one record of the right size, written once. Redis adds the members one by one to a set that
 * changes its encoding on the way, and never goes back; Growth is that way without the set.
 */
import { int64Length } from '../../base/int64.ts';
import type { Database } from '../../keyspace/database.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import { inlineSizeMax } from '../../keyspace/limits.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import type { AddressList } from '../../memory/address-list.ts';
import { Dict } from '../../memory/dict.ts';
import * as intset from '../../memory/intset.ts';
import * as listpack from '../../memory/listpack.ts';
import {
  allocateRecord,
  ENCODING_HT,
  ENCODING_INTSET,
  keyFlags,
  makeWord0,
  TYPE_SET,
  valueOffset,
  writeAccess,
  writeValueWord,
} from '../../memory/record.ts';
import { isInteger, member, needText } from './member.ts';
import { encodingWith } from './packing.ts';
import { attachTable, insertNew } from './set-value.ts';
import type { SetWalk } from './walk.ts';

/** What has become of a set, in Redis's way, to which the members seen so far were added. */
export const growth = { encoding: ENCODING_INTSET, count: 0, longest: 0, onlyIntegers: true };

export function beginGrowth(encoding: number): void {
  growth.encoding = encoding;
  growth.count = 0;
  growth.longest = 0;
  growth.onlyIntegers = true;
}

/** One more: `member`, which is new. */
export function grow(packing: Keyspace['packing']): void {
  const length = member.hasText ? member.end - member.start : int64Length(member.hi, member.lo);
  const integer = isInteger();
  growth.encoding = encodingWith(packing, growth.encoding, growth.count, growth.longest, integer, length);
  growth.count++;
  if (length > growth.longest) growth.longest = length;
  if (!integer) growth.onlyIntegers = false;
}

/** Bytes of a listpack of these members. */
function listpackSize(walk: SetWalk, positions: AddressList): number {
  let size = listpack.EMPTY_SIZE;
  for (let i = 0; i < positions.length; i++) {
    walk.read(positions.addresses[i]);
    needText();
    size += listpack.elementSize(member.bytes, member.start, member.end);
  }
  return size;
}

/** Bytes of an intset of these members, all of which are integers. */
function intsetSize(walk: SetWalk, positions: AddressList): number {
  let width = 2;
  for (let i = 0; i < positions.length; i++) {
    walk.read(positions.addresses[i]);
    if (isInteger()) width = Math.max(width, intset.widthOf(member.hi, member.lo));
  }
  return intset.EMPTY_SIZE + positions.length * width;
}

/** Bytes of the blob of these members, or -1 when they cannot lie in a blob of this encoding under a key of this size. */
export function blobSizeOf(encoding: number, walk: SetWalk, positions: AddressList, keySize: number): number {
  if (encoding === ENCODING_HT) return -1;
  const size = encoding === ENCODING_INTSET ? intsetSize(walk, positions) : listpackSize(walk, positions);
  return size <= inlineSizeMax(keySize) ? size : -1;
}

/** Writes the members as a blob at u8[at...), which has room for blobSizeOf() bytes. */
export function writeBlob(
  encoding: number,
  walk: SetWalk,
  positions: AddressList,
  u8: Uint8Array,
  at: number,
): void {
  if (encoding === ENCODING_INTSET) intset.writeEmpty(u8, at);
  else listpack.writeEmpty(u8, at);
  for (let i = 0; i < positions.length; i++) {
    walk.read(positions.addresses[i]);
    if (encoding === ENCODING_INTSET) {
      isInteger();
      intset.insert(u8, at, intset.find(u8, at, member.hi, member.lo), member.hi, member.lo);
      continue;
    }
    needText();
    listpack.insert(u8, at, listpack.endOf(u8, at), member.bytes, member.start, member.end);
  }
}

/** A table of copies of the members; returns its header. */
export function buildTable(keyspace: Keyspace, walk: SetWalk, positions: AddressList): number {
  const header = Dict.create(keyspace.arena);
  const to = attachTable(keyspace.arena, header);
  for (let i = 0; i < positions.length; i++) {
    walk.read(positions.addresses[i]);
    insertNew(keyspace, to);
  }
  return header;
}

/**
 * Makes key bytes[start..end), whatever it held (`old`, 0 for nothing), the set of these members, without a time to live. A set that is
 * HT takes the table that `takeTable` gives, and copies the members when that is 0.
 */
export function storeSet(
  db: Database,
  old: number,
  hash: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  encoding: number,
  walk: SetWalk,
  positions: AddressList,
  takeTable: () => number,
): void {
  const { arena, keyspace } = db;
  const size = blobSizeOf(encoding, walk, positions, end - start);
  const isPacked = size >= 0;
  const handle = isPacked ? 0 : takeTable() || buildTable(keyspace, walk, positions);
  const word0 = makeWord0(TYPE_SET, isPacked ? encoding : ENCODING_HT, keyFlags(end - start), keyspace.epoch);
  const address = allocateRecord(arena, word0, bytes, start, end, isPacked ? size : 0);
  const segment = segmentOf(address);
  const base = byteOffsetOf(address);
  const i32 = arena.i32[segment];
  writeAccess(i32, base, keyspace.access.fresh);
  writeValueWord(i32, base, isPacked ? size : handle);
  if (isPacked) writeBlob(encoding, walk, positions, arena.u8[segment], base + valueOffset(i32, base));
  if (old === 0) db.insert(hash, address);
  else db.replace(hash, old, address);
}

/** Whether what was added by grow() is an intset in the end, where Redis makes one of a set that has become something else (SINTERSTORE since 7.2). */
export function endsAsIntset(packing: Keyspace['packing']): boolean {
  return growth.onlyIntegers && growth.count <= packing.setIntsetEntries;
}
