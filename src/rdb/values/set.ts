/** Sets: an intset or a listpack as it is, or every member. */
import { int64 } from '../../base/int64.ts';
import { blob, openBlob } from '../../keyspace/blob.ts';
import type { Database } from '../../keyspace/database.ts';
import * as intset from '../../memory/intset.ts';
import { ENCODING_HT, ENCODING_INTSET, ENCODING_LISTPACK, TYPE_SET } from '../../memory/record.ts';
import { member, needText, setInteger, setText } from '../../types/set/member.ts';
import { addMember, change, createSet, setCount, setEncoding } from '../../types/set/set-value.ts';
import { SetWalk } from '../../types/set/walk.ts';
import { readListpackBlock, visitListpack } from '../blocks.ts';
import { RDB_SET, RDB_SET_INTSET, RDB_SET_LISTPACK } from '../format.ts';
import { canTake, mayBeInline, takePacked } from '../packed.ts';
import { CorruptRdbError, EmptyValueError, type RdbReader } from '../reader.ts';
import type { NewKey, ValueFormat } from '../value.ts';
import type { RdbWriter } from '../writer.ts';

export const RDB_SETS: ValueFormat = {
  type: TYPE_SET,
  reads: [RDB_SET, RDB_SET_INTSET, RDB_SET_LISTPACK],
  save,
  load,
};

const walk = new SetWalk();

function save(writer: RdbWriter, db: Database, address: number): void {
  const encoding = setEncoding(db, address);
  if (encoding !== ENCODING_HT) {
    writer.type(encoding === ENCODING_INTSET ? RDB_SET_INTSET : RDB_SET_LISTPACK);
    openBlob(db, address);
    writer.string(blob.u8, blob.start, blob.start + blob.size);
    return;
  }
  writer.type(RDB_SET);
  writer.length(setCount(db, address));
  walk.open(db, address);
  while (walk.next()) {
    needText();
    writer.string(member.bytes, member.start, member.end);
  }
}

function load(reader: RdbReader, rdbType: number, db: Database, key: NewKey): number {
  const { packing } = db.keyspace;
  if (rdbType === RDB_SET_INTSET) {
    readIntset(reader);
    const { textBytes, textStart, textEnd } = reader;
    if (
      intset.count(textBytes, textStart) <= packing.setIntsetEntries &&
      mayBeInline(key, textEnd - textStart)
    ) {
      return takePacked(reader, db, key, TYPE_SET, ENCODING_INTSET);
    }
  } else if (rdbType === RDB_SET_LISTPACK) {
    readListpackBlock(reader, 'Set listpack');
    if (canTake(reader, db, key, packing.setEntries, false)) {
      return takePacked(reader, db, key, TYPE_SET, ENCODING_LISTPACK);
    }
  }
  let address = 0;
  let expected = 1;
  const add = () => {
    if (address === 0) {
      address = createSet(db, key.hash, key.bytes, key.start, key.end, expected);
      return;
    }
    address = addMember(db, key.hash, address);
    if (!change.made) throw new CorruptRdbError('a member of a set twice');
  };
  const addText = (bytes: Uint8Array, start: number, end: number) => {
    setText(bytes, start, end);
    add();
  };
  if (rdbType === RDB_SET_INTSET) {
    visitIntset(reader, add);
  } else if (rdbType === RDB_SET_LISTPACK) {
    visitListpack(reader, addText);
  } else {
    expected = reader.count(1);
    for (let i = 0; i < expected; i++) {
      reader.string();
      addText(reader.textBytes, reader.textStart, reader.textEnd);
    }
  }
  if (address === 0) throw new EmptyValueError();
  return address;
}

/** Reads a string that is an intset, and checks it. */
function readIntset(reader: RdbReader): void {
  reader.string();
  const { textBytes, textStart, textEnd } = reader;
  if (!intset.isValid(textBytes, textStart, textEnd - textStart)) {
    throw new CorruptRdbError('Intset integrity check failed.');
  }
  reader.blocksChecked++;
}

/** Calls `add` with each value of the intset read last in `member`. */
function visitIntset(reader: RdbReader, add: () => void): void {
  const { textBytes, textStart } = reader;
  const count = intset.count(textBytes, textStart);
  for (let i = 0; i < count; i++) {
    intset.read(textBytes, textStart, i);
    setInteger(int64.hi, int64.lo);
    add();
  }
}
