/**
 * Streams: their blocks as they are, each with the 16 bytes of its id, then what is known of the ids, then groups and what is pending.
 *
 *     type 15      blocks | length | last id | groups
 *     type 19      blocks | length | last id | first id | greatest deleted id | entries ever added | groups, each with its entries read
 *     type 21      the same, and each consumer with the time of its last activity
 *
 * Times are eight bytes, little-endian; the ids of pending entries 16, the most significant first.
 */
import { compareIds, copyId, Id128, setId } from '../../base/id128.ts';
import { int64 } from '../../base/int64.ts';
import { handleOf } from '../../keyspace/blob.ts';
import type { Database } from '../../keyspace/database.ts';
import { KEY_SIZE_MAX } from '../../keyspace/limits.ts';
import type { Arena } from '../../memory/arena.ts';
import { IdTree } from '../../memory/id-tree.ts';
import { TYPE_STREAM } from '../../memory/record.ts';
import { block, blockFrom, freeBlock, openBlock } from '../../types/stream/block.ts';
import '../../types/stream/collection.ts';
import {
  activeMs,
  addPending,
  CONSUMER_PENDING,
  consumerAt,
  consumerCount,
  createConsumer,
  createGroup,
  findConsumer,
  findGroup,
  GROUP_PENDING,
  givenMs,
  groupAt,
  groupCount,
  nameOf,
  readConsumerName,
  readEntriesRead,
  readGroupLastId,
  readGroupName,
  seenMs,
  setActive,
  setSeen,
  TIMES_MAX,
  timesGiven,
} from '../../types/stream/group.ts';
import {
  BLOCKS,
  blocksOf,
  countUntil,
  createStream,
  FIRST_ID,
  findTail,
  LAST_ID,
  MAX_DELETED_ID,
  readAdded,
  readStreamId,
  setAdded,
  setStreamId,
  setStreamLength,
  streamLength,
} from '../../types/stream/stream.ts';
import { findFirst } from '../../types/stream/trim.ts';
import { isBlock, lastLive, live } from '../../types/stream/validate.ts';
import { RDB_STREAM_LISTPACKS, RDB_STREAM_LISTPACKS_2, RDB_STREAM_LISTPACKS_3 } from '../format.ts';
import { CorruptRdbError, type RdbReader } from '../reader.ts';
import type { NewKey, ValueFormat } from '../value.ts';
import type { RdbWriter } from '../writer.ts';

export const RDB_STREAMS: ValueFormat = {
  type: TYPE_STREAM,
  reads: [RDB_STREAM_LISTPACKS, RDB_STREAM_LISTPACKS_2, RDB_STREAM_LISTPACKS_3],
  save,
  load,
};

const ID_SIZE = 16;
const idBytes = new Uint8Array(ID_SIZE);
const idData = new DataView(idBytes.buffer);
const id = new Id128();
const blockId = new Id128();
const last = new Id128();

// --- saving -----------------------------------------------------------------------------------------

function save(writer: RdbWriter, db: Database, address: number, is72: boolean): void {
  const { arena, keyspace } = db;
  const stream = handleOf(db, address);
  writer.type(is72 ? RDB_STREAM_LISTPACKS_3 : RDB_STREAM_LISTPACKS_2);
  const blocks = new IdTree(arena).attach(stream, BLOCKS);
  writer.length(blocks.count);
  for (let more = blocks.first(); more; more = blocks.next()) {
    blocks.readKey(id);
    fillIdBytes();
    writer.length(ID_SIZE);
    writer.raw(idBytes, 0, ID_SIZE);
    openBlock(keyspace, blocks.value);
    writer.string(block.u8, block.at, block.at + block.size);
  }
  saveStreamTail(writer, db, address, is72);
}

/** What follows the blocks: what is known of the ids, and the groups. */
export function saveStreamTail(writer: RdbWriter, db: Database, address: number, is72: boolean): void {
  const { arena } = db;
  const stream = handleOf(db, address);
  writer.length(streamLength(arena, stream));
  for (const which of [LAST_ID, FIRST_ID, MAX_DELETED_ID]) {
    readStreamId(arena, stream, which, id);
    saveId(writer);
  }
  readAdded(arena, stream);
  writer.length64(int64.hi, int64.lo);
  const groups = groupCount(arena, stream);
  writer.length(groups);
  for (let i = 0; i < groups; i++) saveGroup(writer, arena, groupAt(arena, stream, i), is72);
}

function saveId(writer: RdbWriter): void {
  writer.length64(id.msHi, id.msLo);
  writer.length64(id.seqHi, id.seqLo);
}

function fillIdBytes(): void {
  idData.setInt32(0, id.msHi);
  idData.setInt32(4, id.msLo);
  idData.setInt32(8, id.seqHi);
  idData.setInt32(12, id.seqLo);
}

function saveGroup(writer: RdbWriter, arena: Arena, group: number, is72: boolean): void {
  readGroupName(arena, group);
  writer.string(nameOf.bytes, nameOf.start, nameOf.end);
  readGroupLastId(arena, group, id);
  saveId(writer);
  readEntriesRead(arena, group);
  writer.length64(int64.hi, int64.lo);
  const pending = new IdTree(arena).attach(group, GROUP_PENDING);
  writer.length(pending.count);
  for (let more = pending.first(); more; more = pending.next()) {
    savePendingId(writer, pending);
    writer.milliseconds(givenMs(arena, pending.value));
    writer.length(timesGiven(arena, pending.value));
  }
  const consumers = consumerCount(arena, group);
  writer.length(consumers);
  for (let i = 0; i < consumers; i++) saveConsumer(writer, arena, consumerAt(arena, group, i), is72);
}

function saveConsumer(writer: RdbWriter, arena: Arena, consumer: number, is72: boolean): void {
  readConsumerName(arena, consumer);
  writer.string(nameOf.bytes, nameOf.start, nameOf.end);
  writer.milliseconds(seenMs(arena, consumer));
  if (is72) writer.milliseconds(activeMs(arena, consumer));
  const pending = new IdTree(arena).attach(consumer, CONSUMER_PENDING);
  writer.length(pending.count);
  for (let more = pending.first(); more; more = pending.next()) savePendingId(writer, pending);
}

function savePendingId(writer: RdbWriter, pending: IdTree): void {
  pending.readKey(id);
  fillIdBytes();
  writer.raw(idBytes, 0, ID_SIZE);
}

// --- loading ----------------------------------------------------------------------------------------

function load(reader: RdbReader, rdbType: number, db: Database, key: NewKey): number {
  const { arena, keyspace } = db;
  const stream = createStream(db, key.hash, key.bytes, key.start, key.end);
  loadBlocks(reader, db, stream);
  if (reader.length() !== streamLength(arena, stream)) throw new CorruptRdbError('a wrong number of entries');
  loadId(reader);
  setStreamId(arena, stream, LAST_ID, id);
  if (streamLength(arena, stream) > 0 && compareIds(id, last) < 0) {
    throw new CorruptRdbError('an entry after the last one');
  }
  if (rdbType === RDB_STREAM_LISTPACKS) {
    setAdded(arena, stream, 0, streamLength(arena, stream));
    findFirst(keyspace, stream);
  } else {
    loadId(reader);
    setStreamId(arena, stream, FIRST_ID, id);
    loadId(reader);
    setStreamId(arena, stream, MAX_DELETED_ID, id);
    reader.length64();
    setAdded(arena, stream, int64.hi, int64.lo);
  }
  const groups = reader.count(4);
  for (let i = 0; i < groups; i++) loadGroup(reader, rdbType, db, stream);
  return db.find(key.hash, key.bytes, key.start, key.end);
}

function loadBlocks(reader: RdbReader, db: Database, stream: number): void {
  const { arena, keyspace } = db;
  const blocks = reader.count(2);
  setId(last, 0, 0, 0, 0);
  for (let i = 0; i < blocks; i++) {
    reader.string();
    if (reader.textEnd - reader.textStart !== ID_SIZE) throw new CorruptRdbError('a block without an id');
    readIdBytes(reader.textBytes, reader.textStart);
    if (i > 0 && compareIds(id, last) <= 0) throw new CorruptRdbError('blocks that are not in order');
    copyId(id, blockId);
    reader.string();
    const { textBytes, textStart, textEnd } = reader;
    const size = textEnd - textStart;
    if (!isBlock(textBytes, textStart, size, id))
      throw new CorruptRdbError('Stream listpack integrity check failed.');
    reader.blocksChecked++;
    copyId(lastLive, last);
    // Redis leaves a block when XTRIM empties it.
    if (live === 0) continue;
    const address = blockFrom(keyspace, textBytes, textStart, size);
    try {
      blocksOf(arena, stream).insert(blockId, address);
    } catch (error) {
      freeBlock(keyspace.lazyFree, address);
      throw error;
    }
    setStreamLength(arena, stream, streamLength(arena, stream) + live);
  }
  findTail(arena, stream);
}

function loadId(reader: RdbReader): void {
  reader.length64();
  const { hi, lo } = int64;
  reader.length64();
  setId(id, hi, lo, int64.hi, int64.lo);
}

function readIdBytes(bytes: Uint8Array, at: number): void {
  for (let i = 0; i < ID_SIZE; i++) idBytes[i] = bytes[at + i];
  setId(id, idData.getInt32(0), idData.getInt32(4), idData.getInt32(8), idData.getInt32(12));
}

function loadGroup(reader: RdbReader, rdbType: number, db: Database, stream: number): void {
  const { arena } = db;
  readName(reader);
  const name = reader.textBytes.slice(reader.textStart, reader.textEnd);
  if (findGroup(arena, stream, name, 0, name.length) !== 0) throw new CorruptRdbError('a group twice');
  loadId(reader);
  if (rdbType === RDB_STREAM_LISTPACKS) countUntil(arena, stream, id);
  else reader.length64();
  const group = createGroup(arena, stream, name, 0, name.length, id, int64.hi, int64.lo);
  const pending = loadPending(reader);
  const consumers = reader.count(9);
  for (let i = 0; i < consumers; i++) loadConsumer(reader, rdbType, arena, group, pending);
  for (const facts of pending.values()) {
    if (facts !== null) throw new CorruptRdbError('a pending entry that no consumer has');
  }
}

/** Reads the name of a group or a consumer. */
function readName(reader: RdbReader): void {
  reader.string();
  if (reader.textEnd - reader.textStart > KEY_SIZE_MAX) throw new CorruptRdbError('a name that is too long');
}

/** When and how often an entry was given, by the bytes of its id as text. */
type Pending = Map<string, PendingFacts | null>;
type PendingFacts = readonly [givenMs: number, times: number];

function loadPending(reader: RdbReader): Pending {
  const pending: Pending = new Map();
  const count = reader.count(ID_SIZE + 9);
  for (let i = 0; i < count; i++) {
    const name = loadPendingId(reader);
    const atMs = reader.milliseconds();
    reader.length64();
    const times = int64.hi !== 0 ? TIMES_MAX : int64.lo >>> 0;
    if (pending.has(name)) throw new CorruptRdbError('an entry that is pending twice');
    pending.set(name, [atMs, times]);
  }
  return pending;
}

/** Reads an id into `id`, and as a name. */
function loadPendingId(reader: RdbReader): string {
  reader.bytesOf(ID_SIZE);
  readIdBytes(reader.textBytes, reader.textStart);
  return `${id.msHi}:${id.msLo}:${id.seqHi}:${id.seqLo}`;
}

function loadConsumer(
  reader: RdbReader,
  rdbType: number,
  arena: Arena,
  group: number,
  pending: Pending,
): void {
  readName(reader);
  const { textBytes, textStart, textEnd } = reader;
  if (findConsumer(arena, group, textBytes, textStart, textEnd) !== 0)
    throw new CorruptRdbError('Duplicate stream consumer detected');
  const consumer = createConsumer(arena, group, textBytes, textStart, textEnd, 0);
  const seen = reader.milliseconds();
  setSeen(arena, consumer, seen);
  setActive(arena, consumer, rdbType === RDB_STREAM_LISTPACKS_3 ? reader.milliseconds() : seen);
  const count = reader.count(ID_SIZE);
  for (let i = 0; i < count; i++) {
    const name = loadPendingId(reader);
    const facts = pending.get(name);
    if (facts === undefined) throw new CorruptRdbError('an entry of a consumer that is not pending');
    if (facts === null)
      throw new CorruptRdbError('Stream consumer PEL entry already has a consumer assigned');
    // Nobody else may have it.
    pending.set(name, null);
    addPending(arena, group, consumer, id, facts[0], facts[1]);
  }
}
