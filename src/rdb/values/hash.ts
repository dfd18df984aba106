/**
 * Hashes: a listpack as it is, or every field with its value; with its time too, if one has a time, in the form of Redis 7.4.
 *
 *     RDB_HASH_METADATA    | the least time, ms int64 | fields | (time - least + 1, or 0; field; value) ... |
 *     RDB_HASH_LISTPACK_EX | the least time, ms int64 | listpack of field, value, time or 0, ... |
 *
 * The two _PRE_GA forms, of its release candidates, have no least time; their times are absolute.
 */
import { copyBytes } from '../../base/bytes.ts';
import { parseSafeInteger } from '../../base/int64.ts';
import { blob, handleOf, openBlob } from '../../keyspace/blob.ts';
import { type Database, NO_EXPIRE } from '../../keyspace/database.ts';
import { EMPTY_SIZE } from '../../memory/listpack.ts';
import { ENCODING_LISTPACK, TYPE_HASH } from '../../memory/record.ts';
import { nextFieldMs } from '../../types/hash/field-times.ts';
import { setInTable } from '../../types/hash/hash-table.ts';
import { change, createHash, hashLength, isPacked, setField } from '../../types/hash/hash-value.ts';
import { HashWalk } from '../../types/hash/hash-walk.ts';
import { Pairs, readListpack, readListpackBlock, readZiplist, visitListpack } from '../blocks.ts';
import {
  RDB_HASH,
  RDB_HASH_LISTPACK,
  RDB_HASH_LISTPACK_EX,
  RDB_HASH_LISTPACK_EX_PRE_GA,
  RDB_HASH_METADATA,
  RDB_HASH_METADATA_PRE_GA,
  RDB_HASH_ZIPLIST,
  RDB_HASH_ZIPMAP,
  RDB_VERSION_FIELD_TIMES,
} from '../format.ts';
import { visitZipmap } from '../old-blocks.ts';
import { canTake, takePacked } from '../packed.ts';
import { CorruptRdbError, EmptyValueError, type RdbReader } from '../reader.ts';
import type { NewKey, ValueFormat } from '../value.ts';
import type { RdbWriter } from '../writer.ts';

export const RDB_HASHES: ValueFormat = {
  type: TYPE_HASH,
  reads: [
    RDB_HASH,
    RDB_HASH_LISTPACK,
    RDB_HASH_ZIPLIST,
    RDB_HASH_ZIPMAP,
    RDB_HASH_METADATA_PRE_GA,
    RDB_HASH_LISTPACK_EX_PRE_GA,
    RDB_HASH_METADATA,
    RDB_HASH_LISTPACK_EX,
  ],
  save,
  load,
};

const walk = new HashWalk();
/** As HPEXPIREAT takes them. */
const FIELD_TIME_MAX = 2 ** 46 - 1;

function save(writer: RdbWriter, db: Database, address: number): void {
  if (isPacked(db, address)) {
    writer.type(RDB_HASH_LISTPACK);
    openBlob(db, address);
    writer.string(blob.u8, blob.start, blob.start + blob.size);
    return;
  }
  const least = leastTime(db, address);
  writer.type(least === 0 ? RDB_HASH : RDB_HASH_METADATA);
  if (least !== 0) {
    writer.needVersion(RDB_VERSION_FIELD_TIMES);
    writer.milliseconds(least);
  }
  writer.length(hashLength(db, address));
  walk.start(db, address);
  while (walk.next()) {
    const { field, value, expireMs } = walk;
    if (least !== 0) writer.length(expireMs === NO_EXPIRE ? 0 : expireMs - least + 1);
    writer.string(field.bytes, field.start, field.end);
    writer.string(value.bytes, value.start, value.end);
  }
}

/** The least time of all fields; 0 when none has one. */
function leastTime(db: Database, address: number): number {
  return nextFieldMs(db.arena, handleOf(db, address));
}

function load(reader: RdbReader, rdbType: number, db: Database, key: NewKey): number {
  if (rdbType === RDB_HASH_LISTPACK) {
    readListpackBlock(reader, 'Hash listpack');
    if (canTake(reader, db, key, db.keyspace.packing.hashEntries, true)) {
      return takePacked(reader, db, key, TYPE_HASH, ENCODING_LISTPACK);
    }
  }
  if (rdbType === RDB_HASH) {
    const count = reader.count(2);
    if (count > db.keyspace.packing.hashEntries) return loadTable(reader, db, key, count);
    reader.unread();
  }
  let address = 0;
  const set = (field: Uint8Array, value: Uint8Array, start: number, end: number, atMs: number) => {
    if (address === 0) address = createHash(db, key.hash, key.bytes, key.start, key.end, EMPTY_SIZE);
    address = setField(db, key.hash, address, field, 0, field.length, value, start, end, atMs);
    if (!change.made)
      throw new CorruptRdbError(
        rdbType === RDB_HASH_LISTPACK ? 'Hash listpack with dup elements' : 'a field of a hash twice',
      );
  };
  if (rdbType === RDB_HASH_METADATA || rdbType === RDB_HASH_METADATA_PRE_GA) {
    loadFieldsWithTimes(reader, rdbType === RDB_HASH_METADATA, set);
  } else if (rdbType === RDB_HASH_LISTPACK_EX || rdbType === RDB_HASH_LISTPACK_EX_PRE_GA) {
    if (rdbType === RDB_HASH_LISTPACK_EX) reader.milliseconds();
    loadTriples(reader, set);
  } else {
    const pairs = new Pairs((field, value, start, end) => set(field, value, start, end, NO_EXPIRE));
    loadPairs(reader, rdbType, pairs);
    pairs.end();
  }
  if (address === 0) throw new EmptyValueError();
  return address;
}

const fieldText = new Uint8Array(32);

/** A hash of more fields than are packed. */
function loadTable(reader: RdbReader, db: Database, key: NewKey, count: number): number {
  const address = createHash(db, key.hash, key.bytes, key.start, key.end, 0);
  const handle = handleOf(db, address);
  for (let i = 0; i < count; i++) {
    reader.string();
    let { textBytes: bytes, textStart: start, textEnd: end } = reader;
    if (!reader.isInPlace) {
      // The value will be read to the same place.
      const size = end - start;
      const copy = size <= fieldText.length ? fieldText : new Uint8Array(size);
      copyBytes(bytes, start, end, copy, 0);
      bytes = copy;
      start = 0;
      end = size;
    }
    reader.string();
    const { textBytes, textStart, textEnd } = reader;
    if (!setInTable(db, key.hash, handle, bytes, start, end, textBytes, textStart, textEnd, NO_EXPIRE)) {
      throw new CorruptRdbError('a field of a hash twice');
    }
  }
  return address;
}

function loadPairs(reader: RdbReader, rdbType: number, pairs: Pairs): void {
  if (rdbType === RDB_HASH_LISTPACK) {
    visitListpack(reader, pairs.add);
  } else if (rdbType === RDB_HASH_ZIPLIST) {
    readZiplist(reader, pairs.add, 'Hash ziplist');
  } else if (rdbType === RDB_HASH_ZIPMAP) {
    reader.string();
    visitZipmap(reader.textBytes, reader.textStart, reader.textEnd, pairs.add);
    reader.blocksChecked++;
  } else {
    const strings = reader.count(2) * 2;
    for (let i = 0; i < strings; i++) {
      reader.string();
      pairs.add(reader.textBytes, reader.textStart, reader.textEnd);
    }
  }
}

type SetField = (field: Uint8Array, value: Uint8Array, start: number, end: number, atMs: number) => void;

function loadFieldsWithTimes(reader: RdbReader, isRelative: boolean, set: SetField): void {
  const least = isRelative ? reader.milliseconds() : 1;
  const fields = reader.count(3);
  for (let i = 0; i < fields; i++) {
    const time = reader.length();
    reader.string();
    const field = reader.textBytes.slice(reader.textStart, reader.textEnd);
    reader.string();
    set(
      field,
      reader.textBytes,
      reader.textStart,
      reader.textEnd,
      time === 0 ? NO_EXPIRE : checkedTime(time + least - 1),
    );
  }
}

function loadTriples(reader: RdbReader, set: SetField): void {
  const parts: Uint8Array[] = [];
  const take = (bytes: Uint8Array, start: number, end: number) => {
    if (parts.push(bytes.slice(start, end)) < 3) return;
    const [field, value, time] = parts;
    parts.length = 0;
    const atMs = parseSafeInteger(time, 0, time.length);
    set(field, value, 0, value.length, atMs === 0 ? NO_EXPIRE : checkedTime(atMs));
  };
  readListpack(reader, take, 'Hash listpack');
  if (parts.length !== 0) throw new CorruptRdbError('a field without its value or time');
}

function checkedTime(atMs: number): number {
  if (!(atMs > 0 && atMs <= FIELD_TIME_MAX)) throw new CorruptRdbError('a time of a field that cannot be');
  return atMs;
}
