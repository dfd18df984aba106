/** Lists: nodes that are listpacks, or single long elements. */
import { blob, handleOf, openBlob } from '../../keyspace/blob.ts';
import type { Database } from '../../keyspace/database.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import { HEADER_SIZE, read, skip, text } from '../../memory/listpack.ts';
import { ENCODING_LISTPACK, encodingOf, readWord0, TYPE_LIST } from '../../memory/record.ts';
import { liesOutside, packedExceeds } from '../../types/list/limits.ts';
import { largeList, measure, pushElement, startAdding, startPush } from '../../types/list/list-value.ts';
import { walk } from '../../types/list/list-walk.ts';
import { KIND, NEXT, nodeWord, OUTSIDE } from '../../types/list/node.ts';
import { appendElements, block, quicklistNodes, readBlock } from '../../types/list/quicklist.ts';
import { readListpackBlock, readZiplist, visitListpack } from '../blocks.ts';
import {
  QUICKLIST_PACKED,
  QUICKLIST_PLAIN,
  RDB_LIST,
  RDB_LIST_QUICKLIST,
  RDB_LIST_QUICKLIST_2,
  RDB_LIST_ZIPLIST,
} from '../format.ts';
import type { VisitElement } from '../old-blocks.ts';
import { canTakeAll, isShortest, takePacked } from '../packed.ts';
import { CorruptRdbError, EmptyValueError, type RdbReader } from '../reader.ts';
import type { NewKey, ValueFormat } from '../value.ts';
import type { RdbWriter } from '../writer.ts';

export const RDB_LISTS: ValueFormat = {
  type: TYPE_LIST,
  reads: [RDB_LIST, RDB_LIST_ZIPLIST, RDB_LIST_QUICKLIST, RDB_LIST_QUICKLIST_2],
  save,
  load,
};

function save(writer: RdbWriter, db: Database, address: number): void {
  writer.type(RDB_LIST_QUICKLIST_2);
  const word0 = readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address));
  if (encodingOf(word0) === ENCODING_LISTPACK) {
    openBlob(db, address);
    writer.length(1);
    writer.length(QUICKLIST_PACKED);
    writer.string(blob.u8, blob.start, blob.start + blob.size);
    return;
  }
  const { arena, keyspace } = db;
  writer.length(quicklistNodes(arena, handleOf(db, address)));
  walk.open(db, address, 0, true);
  for (let { node } = walk; node !== 0; node = nodeWord(arena, node, NEXT)) {
    readBlock(keyspace, node);
    writer.length(nodeWord(arena, node, KIND) === OUTSIDE ? QUICKLIST_PLAIN : QUICKLIST_PACKED);
    writer.string(block.u8, block.at, block.at + block.size);
  }
}

function load(reader: RdbReader, rdbType: number, db: Database, key: NewKey): number {
  let address = 0;
  const push: VisitElement = (bytes, start, end) => {
    startAdding();
    measure(bytes, start, end);
    address = startPush(db, key.hash, address, key.bytes, key.start, key.end, false);
    pushElement(db, address, false, bytes, start, end);
  };
  if (rdbType === RDB_LIST_ZIPLIST) {
    readZiplist(reader, push, 'Ziplist');
  } else {
    const nodes = reader.count(1);
    if (nodes === 1 && rdbType === RDB_LIST_QUICKLIST_2) {
      const packed = loadOnlyNode(reader, db, key, push);
      if (packed !== 0) return packed;
    } else {
      for (let i = 0; i < nodes; i++) {
        if (rdbType === RDB_LIST_QUICKLIST_2) loadNode(reader, db, address, push);
        else loadOldNode(reader, rdbType, push);
      }
    }
  }
  if (address === 0) throw new EmptyValueError();
  return address;
}

/** The list's address when its block was taken as it is; 0 when its elements were pushed. */
function loadOnlyNode(reader: RdbReader, db: Database, key: NewKey, push: VisitElement): number {
  const container = reader.length();
  if (container !== QUICKLIST_PACKED) {
    loadPlain(reader, container, push);
    return 0;
  }
  readListpackBlock(reader, 'Listpack');
  const { listSize } = db.keyspace.packing;
  if (canTakeAll(reader, key, (textBytes, count) => packedExceeds(listSize, textBytes, count))) {
    return takePacked(reader, db, key, TYPE_LIST, ENCODING_LISTPACK);
  }
  visitListpack(reader, push);
  return 0;
}

function loadPlain(reader: RdbReader, container: number, push: VisitElement): void {
  if (container !== QUICKLIST_PLAIN) throw new CorruptRdbError('a list node of an unknown kind');
  reader.string();
  // Only what is too large for a listpack lies by itself.
  if (reader.textEnd === reader.textStart) throw new CorruptRdbError('a list node without bytes');
  push(reader.textBytes, reader.textStart, reader.textEnd);
}

/** `address`: of the list as far as it has been made; 0 before the first element. */
function loadNode(reader: RdbReader, db: Database, address: number, push: VisitElement): void {
  const container = reader.length();
  if (container !== QUICKLIST_PACKED) {
    loadPlain(reader, container, push);
    return;
  }
  readListpackBlock(reader, 'Listpack');
  const list = address === 0 ? 0 : largeList(db, address);
  if (list !== 0 && isAsPushed(reader)) {
    appendElements(db.keyspace, list, reader.textBytes, reader.textStart + HEADER_SIZE, reader.textEnd - 1);
  } else {
    visitListpack(reader, push);
  }
}

/** Whether the elements of the listpack read last are encoded as they would be in a node of ours. */
function isAsPushed(reader: RdbReader): boolean {
  const { textBytes: u8, textStart, textEnd } = reader;
  for (let element = textStart + HEADER_SIZE; element < textEnd - 1; ) {
    const next = skip(u8, element);
    read(u8, element);
    if (liesOutside(text.end - text.start) || !isShortest(u8, element, next)) return false;
    element = next;
  }
  return true;
}

/** Of the forms before Redis 7. */
function loadOldNode(reader: RdbReader, rdbType: number, push: VisitElement): void {
  if (rdbType === RDB_LIST_QUICKLIST) {
    readZiplist(reader, push, 'Ziplist');
    return;
  }
  reader.string();
  push(reader.textBytes, reader.textStart, reader.textEnd);
}
