/** Strings: integers as integers, the rest as bytes. */
import { type Database, NO_EXPIRE } from '../../keyspace/database.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import { ENCODING_INT, secondWord, TYPE_STRING, valueWord } from '../../memory/record.ts';
import { encodingAt, readString, setString, view } from '../../types/string/string-value.ts';
import { RDB_STRING } from '../format.ts';
import type { RdbReader } from '../reader.ts';
import type { NewKey, ValueFormat } from '../value.ts';
import type { RdbWriter } from '../writer.ts';

export const RDB_STRINGS: ValueFormat = {
  type: TYPE_STRING,
  reads: [RDB_STRING],
  save,
  load,
};

function save(writer: RdbWriter, db: Database, address: number): void {
  writer.type(RDB_STRING);
  if (encodingAt(db, address) === ENCODING_INT) {
    const i32 = db.arena.i32[segmentOf(address)];
    const base = byteOffsetOf(address);
    writer.integer(secondWord(i32, base), valueWord(i32, base));
    return;
  }
  readString(db, address);
  const isInArena = view.bytes === db.arena.u8[segmentOf(address)];
  writer.string(view.bytes, view.start, view.end, isInArena ? db.arena.dv[segmentOf(address)] : null);
}

function load(reader: RdbReader, _rdbType: number, db: Database, key: NewKey): number {
  reader.string();
  const { textBytes, textStart, textEnd, textData } = reader;
  const { bytes, start, end } = key;
  return setString(db, 0, key.hash, bytes, start, end, textBytes, textStart, textEnd, NO_EXPIRE, textData);
}
