/** Sorted sets: a listpack as it is, or every member with its score as a double. */
import { parseDouble } from '../../base/double.ts';
import { blob, createWithHandle, openBlob } from '../../keyspace/blob.ts';
import type { Database } from '../../keyspace/database.ts';
import * as listpack from '../../memory/listpack.ts';
import { ENCODING_LISTPACK, ENCODING_SKIPLIST, TYPE_ZSET } from '../../memory/record.ts';
import { LargeZset, openLarge } from '../../types/zset/large.ts';
import { ZsetWalk } from '../../types/zset/walk.ts';
import { addMember, createZset, isPacked, lookup, zsetCount } from '../../types/zset/zset.ts';
import { Pairs, readListpackBlock, readZiplist, visitListpack } from '../blocks.ts';
import { RDB_ZSET, RDB_ZSET_2, RDB_ZSET_LISTPACK, RDB_ZSET_ZIPLIST } from '../format.ts';
import { canTake, takePacked } from '../packed.ts';
import { CorruptRdbError, EmptyValueError, type RdbReader } from '../reader.ts';
import type { NewKey, ValueFormat } from '../value.ts';
import type { RdbWriter } from '../writer.ts';

export const RDB_ZSETS: ValueFormat = {
  type: TYPE_ZSET,
  reads: [RDB_ZSET, RDB_ZSET_2, RDB_ZSET_LISTPACK, RDB_ZSET_ZIPLIST],
  save,
  load,
};

const walk = new ZsetWalk();

/** Old files spell scores; these lengths stand for what cannot be spelled. */
const TEXT_NAN = 253;
const TEXT_INFINITY = 254;
const TEXT_MINUS_INFINITY = 255;

function save(writer: RdbWriter, db: Database, address: number): void {
  if (isPacked(db, address)) {
    writer.type(RDB_ZSET_LISTPACK);
    openBlob(db, address);
    writer.string(blob.u8, blob.start, blob.start + blob.size);
    return;
  }
  writer.type(RDB_ZSET_2);
  const count = zsetCount(db, address);
  writer.length(count);
  // The highest first, as Redis does: then every one is added at the front.
  for (let more = walk.open(db, address, count - 1, true); more; more = walk.advance()) {
    writer.string(walk.bytes, walk.start, walk.end);
    writer.double(walk.score);
  }
}

function load(reader: RdbReader, rdbType: number, db: Database, key: NewKey): number {
  if (rdbType === RDB_ZSET_LISTPACK) {
    readListpackBlock(reader, 'Zset listpack');
    if (canTake(reader, db, key, db.keyspace.packing.zsetEntries, true) && isInOrder(reader)) {
      return takePacked(reader, db, key, TYPE_ZSET, ENCODING_LISTPACK);
    }
  }
  if (rdbType === RDB_ZSET_2) {
    const count = reader.count(2);
    if (count > db.keyspace.packing.zsetEntries) return loadLarge(reader, db, key, count);
    reader.unread();
  }
  let address = 0;
  const add = (bytes: Uint8Array, start: number, end: number, score: number) => {
    if (Number.isNaN(score)) throw new CorruptRdbError('a score that is not a number');
    if (address === 0) address = createZset(db, key.hash, key.bytes, key.start, key.end, end - start);
    if (lookup(db, address, bytes, start, end)) throw new CorruptRdbError('a member of a sorted set twice');
    address = addMember(db, key.hash, address, bytes, start, end, score);
  };
  if (rdbType === RDB_ZSET || rdbType === RDB_ZSET_2) {
    const count = reader.count(2);
    for (let i = 0; i < count; i++) {
      reader.string();
      const { textBytes, textStart, textEnd } = reader;
      add(textBytes, textStart, textEnd, rdbType === RDB_ZSET_2 ? reader.double() : spelledScore(reader));
    }
  } else {
    const pairs = new Pairs((member, score, start, end) => {
      add(member, 0, member.length, parseDouble(score, start, end));
    });
    if (rdbType === RDB_ZSET_LISTPACK) visitListpack(reader, pairs.add);
    else readZiplist(reader, pairs.add, 'Zset ziplist');
    pairs.end();
  }
  if (address === 0) throw new EmptyValueError();
  return address;
}

/** A sorted set of more members than are packed. */
function loadLarge(reader: RdbReader, db: Database, key: NewKey, count: number): number {
  const { arena, keyspace } = db;
  const handle = LargeZset.create(arena);
  const { hash, bytes, start, end } = key;
  const address = createWithHandle(db, hash, bytes, start, end, TYPE_ZSET, ENCODING_SKIPLIST, handle);
  const zset = openLarge(arena, handle);
  for (let i = 0; i < count; i++) {
    reader.string();
    const { textBytes, textStart, textEnd } = reader;
    const score = reader.double();
    if (Number.isNaN(score)) throw new CorruptRdbError('a score that is not a number');
    const memberHash = keyspace.hasher.hash(textBytes, textStart, textEnd);
    if (zset.find(memberHash, textBytes, textStart, textEnd) !== 0) {
      throw new CorruptRdbError('a member of a sorted set twice');
    }
    zset.addUnordered(memberHash, textBytes, textStart, textEnd, score);
  }
  zset.order();
  return address;
}

/** Whether the pairs of the listpack read last have scores, and are in the order of score and member. */
function isInOrder({ textBytes: u8, textStart }: RdbReader): boolean {
  let before = -1;
  let beforeScore = -Infinity;
  for (let member = listpack.first(u8, textStart); member >= 0; ) {
    const scoreAt = listpack.next(u8, member);
    listpack.read(u8, scoreAt);
    const score = parseDouble(listpack.text.bytes, listpack.text.start, listpack.text.end);
    // Written so that NaN is out of order.
    if (!(score >= beforeScore)) return false;
    if (before >= 0 && score === beforeScore && !isBefore(u8, before, member)) return false;
    before = member;
    beforeScore = score;
    member = listpack.next(u8, scoreAt);
  }
  return true;
}

/** Whether the text of one element comes before that of another. */
function isBefore(u8: Uint8Array, one: number, other: number): boolean {
  listpack.read(u8, one);
  const { bytes, start, end } = listpack.text;
  return listpack.compare(u8, other, bytes, start, end) > 0;
}

function spelledScore(reader: RdbReader): number {
  const length = reader.byte();
  if (length === TEXT_NAN) return Number.NaN;
  if (length === TEXT_INFINITY) return Infinity;
  if (length === TEXT_MINUS_INFINITY) return -Infinity;
  reader.bytesOf(length);
  return parseDouble(reader.textBytes, reader.textStart, reader.textEnd);
}
