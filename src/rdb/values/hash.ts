/** Hashes: a listpack as it is, or every field with its value. */
import { blob, openBlob } from '../../keyspace/blob.ts';
import { type Database, NO_EXPIRE } from '../../keyspace/database.ts';
import { EMPTY_SIZE } from '../../memory/listpack.ts';
import { TYPE_HASH } from '../../memory/record.ts';
import { change, createHash, hashLength, isPacked, setField } from '../../types/hash/hash-value.ts';
import { HashWalk } from '../../types/hash/hash-walk.ts';
import { Pairs, readListpack, readZiplist } from '../blocks.ts';
import { RDB_HASH, RDB_HASH_LISTPACK, RDB_HASH_ZIPLIST, RDB_HASH_ZIPMAP } from '../format.ts';
import { visitZipmap } from '../old-blocks.ts';
import { CorruptRdbError, type RdbReader } from '../reader.ts';
import type { NewKey, ValueFormat } from '../value.ts';
import type { RdbWriter } from '../writer.ts';

export const RDB_HASHES: ValueFormat = {
  type: TYPE_HASH,
  reads: [RDB_HASH, RDB_HASH_LISTPACK, RDB_HASH_ZIPLIST, RDB_HASH_ZIPMAP],
  save,
  load,
};

const walk = new HashWalk();

function save(writer: RdbWriter, db: Database, address: number): void {
  if (isPacked(db, address)) {
    writer.byte(RDB_HASH_LISTPACK);
    openBlob(db, address);
    writer.string(blob.u8, blob.start, blob.start + blob.size);
    return;
  }
  writer.byte(RDB_HASH);
  writer.length(hashLength(db, address));
  walk.start(db, address);
  while (walk.next()) {
    const { field, value } = walk;
    writer.string(field.bytes, field.start, field.end);
    writer.string(value.bytes, value.start, value.end);
  }
}

function load(reader: RdbReader, rdbType: number, db: Database, key: NewKey): void {
  let address = 0;
  const pairs = new Pairs((field, value, start, end) => {
    if (address === 0) address = createHash(db, key.hash, key.bytes, key.start, key.end, EMPTY_SIZE);
    address = setField(db, key.hash, address, field, 0, field.length, value, start, end, NO_EXPIRE);
    if (!change.made) throw new CorruptRdbError('a field of a hash twice');
  });
  if (rdbType === RDB_HASH_LISTPACK) {
    readListpack(reader, pairs.add);
  } else if (rdbType === RDB_HASH_ZIPLIST) {
    readZiplist(reader, pairs.add);
  } else if (rdbType === RDB_HASH_ZIPMAP) {
    reader.string();
    visitZipmap(reader.textBytes, reader.textStart, reader.textEnd, pairs.add);
  } else {
    const strings = reader.count(2) * 2;
    for (let i = 0; i < strings; i++) {
      reader.string();
      pairs.add(reader.textBytes, reader.textStart, reader.textEnd);
    }
  }
  pairs.end();
  if (address === 0) throw new CorruptRdbError('a hash without fields');
}
