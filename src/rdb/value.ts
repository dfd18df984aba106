/**
 * A key's value as RDB bytes and back: what DUMP, RESTORE and snapshots have in common.
 *
 * saveValue() writes the type byte and the value, loadValue() makes a key of them. A value is loaded under a key that is not in the
 * database; when its bytes turn out to be corrupt, whatever was made of them is gone again.
 */
import type { Database } from '../keyspace/database.ts';
import { byteOffsetOf, segmentOf } from '../memory/address.ts';
import { readWord0, typeOf } from '../memory/record.ts';
import { CorruptRdbError, type RdbReader } from './reader.ts';
import { RDB_BLOOMS } from './values/bloom.ts';
import { RDB_HASHES } from './values/hash.ts';
import { RDB_LISTS } from './values/list.ts';
import { RDB_SETS } from './values/set.ts';
import { RDB_STREAMS } from './values/stream.ts';
import { RDB_STRINGS } from './values/string.ts';
import { RDB_ZSETS } from './values/zset.ts';
import type { RdbWriter } from './writer.ts';

/** The key that a value is loaded under: bytes[start..end) and its hash. */
export interface NewKey {
  readonly hash: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** How values of one type are written and read. */
export interface ValueFormat {
  /** TYPE_ of ../memory/record.ts. */
  readonly type: number;
  /** The RDB types that load() reads. */
  readonly reads: readonly number[];
  /** Writes type byte and value of the record. */
  save(writer: RdbWriter, db: Database, address: number, is72: boolean): void;
  /** Makes the key of a value whose type byte has been read. Returns its address. Throws CorruptRdbError. */
  load(reader: RdbReader, rdbType: number, db: Database, key: NewKey): number;
}

const FORMATS: readonly ValueFormat[] = [
  RDB_STRINGS,
  RDB_LISTS,
  RDB_SETS,
  RDB_HASHES,
  RDB_ZSETS,
  RDB_STREAMS,
  RDB_BLOOMS,
];

const byType: ValueFormat[] = [];
const byRdbType: ValueFormat[] = [];
for (const format of FORMATS) {
  byType[format.type] = format;
  for (const rdbType of format.reads) byRdbType[rdbType] = format;
}

/** Writes type byte and value of the record. `is72` chooses between the forms of Redis 7.0 and 7.2. */
export function saveValue(writer: RdbWriter, db: Database, address: number, is72: boolean): void {
  const word0 = readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address));
  byType[typeOf(word0)].save(writer, db, address, is72);
}

/**
 * Reads the value whose type byte has been read, and puts it under a key that is not in the database. Returns its address. Throws CorruptRdbError, and then
 * the key is not there.
 */
export function loadValue(reader: RdbReader, rdbType: number, db: Database, key: NewKey): number {
  const format = byRdbType[rdbType];
  if (format === undefined) throw new CorruptRdbError(`values of RDB type ${rdbType} are not known`);
  try {
    return format.load(reader, rdbType, db, key);
  } catch (error) {
    const address = db.find(key.hash, key.bytes, key.start, key.end);
    if (address !== 0) db.remove(key.hash, address, false);
    throw error;
  }
}
