/**
 * Large collections in pieces, for a snapshot that must not stop the server for as long as a million elements take: what comes first, one element
 * or block, and what comes last. saveValue() writes the same in one go, in another order of elements.
 *
 *     a table of records   hash, set, sorted set: any order will do
 *     blocks               list, stream: the blocks that there were at the start, in their order
 */
import { Id128 } from '../base/id128.ts';
import { handleOf } from '../keyspace/blob.ts';
import { type Database, NO_EXPIRE } from '../keyspace/database.ts';
import { tableCount } from '../keyspace/element-table.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { byteOffsetOf, segmentOf, wordOffsetOf } from '../memory/address.ts';
import type { Arena } from '../memory/arena.ts';
import { IdTree } from '../memory/id-tree.ts';
import {
  ENCODING_HT,
  ENCODING_QUICKLIST,
  ENCODING_SKIPLIST,
  ENCODING_STREAM,
  encodingOf,
  readWord0,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_ZSET,
  typeOf,
} from '../memory/record.ts';
import { ScoreTree } from '../memory/score-tree.ts';
import { nextFieldMs } from '../types/hash/field-times.ts';
import { fieldTime, readField, readValue, type Span } from '../types/hash/hash-table.ts';
import { BYTES, CELL_BYTES, COMPRESSED, KIND, NEXT, nodeWord, OUTSIDE, START } from '../types/list/node.ts';
import {
  firstNode,
  block as listBlock,
  quicklistNodes,
  readBlock,
  unpackNode,
} from '../types/list/quicklist.ts';
import { openBlock, block as streamBlock } from '../types/stream/block.ts';
import { BLOCKS } from '../types/stream/stream.ts';
import { scoreAt } from '../types/zset/large.ts';
import {
  QUICKLIST_PACKED,
  QUICKLIST_PLAIN,
  RDB_HASH,
  RDB_HASH_METADATA,
  RDB_LIST_QUICKLIST_2,
  RDB_SET,
  RDB_STREAM_LISTPACKS_2,
  RDB_STREAM_LISTPACKS_3,
  RDB_ZSET_2,
} from './format.ts';
import { saveStreamTail } from './values/stream.ts';
import type { RdbWriter } from './writer.ts';

/** Type and encoding of a record, in one number. */
export function shapeOf(arena: Arena, address: number): number {
  const word0 = readWord0(arena.i32[segmentOf(address)], byteOffsetOf(address));
  return (typeOf(word0) << 4) | encodingOf(word0);
}

const HASH = (TYPE_HASH << 4) | ENCODING_HT;
const SET = (TYPE_SET << 4) | ENCODING_HT;
const ZSET = (TYPE_ZSET << 4) | ENCODING_SKIPLIST;
const LIST = (TYPE_LIST << 4) | ENCODING_QUICKLIST;
const STREAM = (TYPE_STREAM << 4) | ENCODING_STREAM;

// --- tables of records ------------------------------------------------------------------------------

/** A hash, set or sorted set that is a table. */
export interface TableValue {
  shape: number;
  /** Of the Dict. */
  table: number;
  count: number;
  /** The least time of a hash's fields; 0 when none has one. */
  least: number;
}

export function isTable(shape: number): boolean {
  return shape === HASH || shape === SET || shape === ZSET;
}

export function tableValue(db: Database, address: number, shape: number): TableValue {
  const { arena } = db;
  const handle = handleOf(db, address);
  const table = shape === ZSET ? ScoreTree.ownerWord(arena, handle) : handle;
  return {
    shape,
    table,
    count: tableCount(arena, table),
    least: shape === HASH ? nextFieldMs(arena, handle) : 0,
  };
}

/** Type, name and count. */
export function saveTableHead(writer: RdbWriter, { shape, count, least }: TableValue): void {
  if (shape === HASH) {
    writer.type(least === 0 ? RDB_HASH : RDB_HASH_METADATA);
    if (least !== 0) writer.milliseconds(least);
  } else writer.type(shape === SET ? RDB_SET : RDB_ZSET_2);
  writer.length(count);
}

const field: Span = { bytes: new Uint8Array(0), start: 0, end: 0 };
const value: Span = { bytes: new Uint8Array(0), start: 0, end: 0 };

export function saveElement(
  writer: RdbWriter,
  db: Database,
  { shape, least }: TableValue,
  record: number,
): void {
  const { arena } = db;
  if (least !== 0) {
    const atMs = fieldTime(arena, record);
    writer.length(atMs === NO_EXPIRE ? 0 : atMs - least + 1);
  }
  readField(arena, record, field);
  writer.string(field.bytes, field.start, field.end);
  if (shape === HASH) {
    readValue(db, record, value);
    writer.string(value.bytes, value.start, value.end);
  } else if (shape === ZSET) writer.double(scoreAt(arena, record));
}

// --- blocks -----------------------------------------------------------------------------------------

/** A list or stream of several blocks, as it was when freezeBlocks() looked at it. */
export interface BlocksValue {
  shape: number;
  /** The cells of the blocks, in their order. */
  cells: Int32Array;
  /** Of each block of a stream the four words of its id. */
  ids: Int32Array;
}

export function isOfBlocks(shape: number): boolean {
  return shape === LIST || shape === STREAM;
}

export function blockCount(db: Database, address: number, shape: number): number {
  const handle = handleOf(db, address);
  return shape === LIST
    ? quicklistNodes(db.arena, handle)
    : new IdTree(db.arena).attach(handle, BLOCKS).count;
}

const NO_IDS = new Int32Array(0);
const id = new Id128();

/** O(blocks), and nothing of their content is looked at. */
export function freezeBlocks(db: Database, address: number, shape: number): BlocksValue {
  const { arena } = db;
  const handle = handleOf(db, address);
  const cells = new Int32Array(blockCount(db, address, shape));
  if (shape === LIST) {
    let node = firstNode(arena, handle);
    for (let i = 0; i < cells.length; i++, node = nodeWord(arena, node, NEXT)) cells[i] = node;
    return { shape, cells, ids: NO_IDS };
  }
  const ids = new Int32Array(cells.length * 4);
  const blocks = new IdTree(arena).attach(handle, BLOCKS);
  let i = 0;
  for (let more = blocks.first(); more; more = blocks.next(), i++) {
    cells[i] = blocks.value;
    blocks.readKey(id);
    ids.set([id.msHi, id.msLo, id.seqHi, id.seqLo], i * 4);
  }
  return { shape, cells, ids };
}

export function saveBlocksHead(writer: RdbWriter, { shape, cells }: BlocksValue, is72: boolean): void {
  writer.type(shape === LIST ? RDB_LIST_QUICKLIST_2 : is72 ? RDB_STREAM_LISTPACKS_3 : RDB_STREAM_LISTPACKS_2);
  writer.length(cells.length);
}

/** What a stream has besides its blocks; nothing of a list. */
export function saveBlocksTail(
  writer: RdbWriter,
  db: Database,
  address: number,
  shape: number,
  is72: boolean,
): void {
  if (shape === STREAM) saveStreamTail(writer, db, address, is72);
}

/**
 * What a cell holds, for saveKeptBlock(): a copy that lasts whatever happens to the cell. Touches none of the views that those who change
 * lists and streams are using.
 */
export function copyCell({ arena, large }: Keyspace, cell: number, shape: number): Uint8Array {
  const u8 = arena.u8[segmentOf(cell)];
  const base = byteOffsetOf(cell);
  if (shape === LIST) {
    if (nodeWord(arena, cell, KIND) !== OUTSIDE)
      return u8.slice(base, base + nodeWord(arena, cell, CELL_BYTES));
    const element = large.view(nodeWord(arena, cell, START)).subarray(0, nodeWord(arena, cell, BYTES));
    const copy = new Uint8Array(OUTSIDE_HEADER + element.length);
    new Int32Array(copy.buffer)[KIND] = OUTSIDE;
    copy.set(element, OUTSIDE_HEADER);
    return copy;
  }
  const words = arena.i32[segmentOf(cell)];
  const size = words[wordOffsetOf(cell)];
  if (size !== 0) return u8.slice(base, base + size);
  const view = large.view(words[wordOffsetOf(cell) + 1]);
  return view.slice(0, view[0] | (view[1] << 8) | (view[2] << 16) | (view[3] << 24));
}

/** As much of a node's header as says what it is. */
const OUTSIDE_HEADER = 32;

/** Writes block `i` of the value: as it is, or what copyCell() gave when it was about to change. */
export function saveBlock(
  writer: RdbWriter,
  keyspace: Keyspace,
  { shape, cells, ids }: BlocksValue,
  i: number,
  kept: Uint8Array | null,
): void {
  if (shape === LIST) {
    if (kept === null) saveNode(writer, keyspace, cells[i]);
    else saveKeptNode(writer, kept);
    return;
  }
  for (let word = 0; word < 4; word++) {
    for (let byte = 0; byte < 4; byte++) idBytes[word * 4 + byte] = ids[i * 4 + word] >>> (24 - byte * 8);
  }
  writer.length(idBytes.length);
  writer.raw(idBytes, 0, idBytes.length);
  if (kept !== null) {
    writer.string(kept, 0, kept.length);
    return;
  }
  openBlock(keyspace, cells[i]);
  writer.string(streamBlock.u8, streamBlock.at, streamBlock.at + streamBlock.size);
}

const idBytes = new Uint8Array(16);

function saveNode(writer: RdbWriter, keyspace: Keyspace, node: number): void {
  readBlock(keyspace, node);
  writer.length(nodeWord(keyspace.arena, node, KIND) === OUTSIDE ? QUICKLIST_PLAIN : QUICKLIST_PACKED);
  writer.string(listBlock.u8, listBlock.at, listBlock.at + listBlock.size);
}

function saveKeptNode(writer: RdbWriter, kept: Uint8Array): void {
  const words = new Int32Array(kept.buffer, 0, OUTSIDE_HEADER / 4);
  if (words[KIND] === OUTSIDE) {
    writer.length(QUICKLIST_PLAIN);
    writer.string(kept, OUTSIDE_HEADER, kept.length);
    return;
  }
  writer.length(QUICKLIST_PACKED);
  if (words[KIND] === COMPRESSED) {
    const raw = unpackNode(kept, words);
    writer.string(raw, 0, raw.length);
  } else writer.string(kept, words[START], words[START] + words[BYTES]);
}
