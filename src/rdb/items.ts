/**
 * The items that an RDB file consists of, one after the other: opcodes with their operands, and keys with their values.
 *
 * copyItem() reads an item and writes it again, string by string, without making a value of it. Depending on how the writer is set,
 * strings come out compressed or not. So this one grammar serves who saves (the executor gives plain strings, a job compresses them), who loads
 * (a job expands them and cuts the file into whole items, the executor makes keys of these) and who checks a file.
 *
 *     item    opcode operands ... | key
 *     key     [EXPIRE_MS ms | EXPIRE_SECONDS s] [FREQ n | IDLE s] type name value
 *
 * Source: https://rdb.fnordig.de/file_format.html; the parts of streams and of hashes with times are known from files of real servers.
 */
import {
  MODULE_DOUBLE,
  MODULE_END,
  MODULE_FLOAT,
  MODULE_SIGNED,
  MODULE_STRING,
  MODULE_UNSIGNED,
  OPCODE_AUX,
  OPCODE_EOF,
  OPCODE_EXPIRE_MS,
  OPCODE_EXPIRE_SECONDS,
  OPCODE_FREQ,
  OPCODE_FUNCTION,
  OPCODE_IDLE,
  OPCODE_RESIZEDB,
  OPCODE_SELECTDB,
  OPCODE_SLOT_INFO,
  RDB_HASH,
  RDB_HASH_LISTPACK,
  RDB_HASH_LISTPACK_EX,
  RDB_HASH_LISTPACK_EX_PRE_GA,
  RDB_HASH_METADATA,
  RDB_HASH_METADATA_PRE_GA,
  RDB_HASH_ZIPLIST,
  RDB_HASH_ZIPMAP,
  RDB_LIST,
  RDB_LIST_QUICKLIST,
  RDB_LIST_QUICKLIST_2,
  RDB_LIST_ZIPLIST,
  RDB_MODULE_2,
  RDB_SET,
  RDB_SET_INTSET,
  RDB_SET_LISTPACK,
  RDB_STREAM_LISTPACKS,
  RDB_STREAM_LISTPACKS_2,
  RDB_STREAM_LISTPACKS_3,
  RDB_STRING,
  RDB_ZSET,
  RDB_ZSET_2,
  RDB_ZSET_LISTPACK,
  RDB_ZSET_ZIPLIST,
} from './format.ts';
import { CorruptRdbError, type RdbReader } from './reader.ts';
import type { RdbWriter } from './writer.ts';

/** What copyItem() returns for a key; for anything else its opcode. */
export const ITEM_KEY = 0;

/** Text that stands for scores that cannot be spelled begins here. */
const SPELLED_MAX = 252;
const STREAM_ID_SIZE = 16;
const TIME_SIZE = 8;

/** How far copyItem() has come with an item: what a checker says when it goes wrong. */
export const READING_TYPE = 0;
export const READING_OPERANDS = 1;
export const READING_KEY = 2;
export const READING_VALUE = 3;

/** What copyItem() saw last: how far it has come, the type byte, and where in the writer the name of the key is. */
export const seen = { step: READING_TYPE, type: 0, nameAt: 0 };

/** Copies one item. Returns ITEM_KEY or the opcode; OPCODE_EOF is not written. Throws CorruptRdbError. */
export function copyItem(reader: RdbReader, writer: RdbWriter): number {
  seen.step = READING_TYPE;
  let type = reader.byte();
  if (type === OPCODE_EOF) return OPCODE_EOF;
  if (type >= OPCODE_SLOT_INFO && !isPrefix(type)) {
    seen.step = READING_OPERANDS;
    seen.type = type;
    writer.byte(type);
    copyOperands(reader, writer, type);
    return type;
  }
  while (isPrefix(type)) {
    writer.byte(type);
    copyPrefix(reader, writer, type);
    type = reader.byte();
  }
  seen.type = type;
  seen.step = READING_KEY;
  writer.byte(type);
  seen.nameAt = writer.size;
  copyString(reader, writer);
  seen.step = READING_VALUE;
  copyValue(reader, writer, type);
  return ITEM_KEY;
}

/** True for the opcodes that come before a key and belong to it. */
function isPrefix(opcode: number): boolean {
  return (
    opcode === OPCODE_EXPIRE_MS ||
    opcode === OPCODE_EXPIRE_SECONDS ||
    opcode === OPCODE_FREQ ||
    opcode === OPCODE_IDLE
  );
}

function copyPrefix(reader: RdbReader, writer: RdbWriter, opcode: number): void {
  if (opcode === OPCODE_EXPIRE_MS) copyBytes(reader, writer, 8);
  else if (opcode === OPCODE_EXPIRE_SECONDS) copyBytes(reader, writer, 4);
  else if (opcode === OPCODE_FREQ) copyBytes(reader, writer, 1);
  else copyLength(reader, writer);
}

function copyOperands(reader: RdbReader, writer: RdbWriter, opcode: number): void {
  if (opcode === OPCODE_SELECTDB) copyLength(reader, writer);
  else if (opcode === OPCODE_RESIZEDB) copyLengths(reader, writer, 2);
  else if (opcode === OPCODE_AUX) copyStrings(reader, writer, 2);
  else if (opcode === OPCODE_FUNCTION) copyString(reader, writer);
  else if (opcode === OPCODE_SLOT_INFO) copyLengths(reader, writer, 3);
  else throw new CorruptRdbError(`opcode ${opcode} is not known`);
}

/** Copies the value whose type byte has been read. */
export function copyValue(reader: RdbReader, writer: RdbWriter, type: number): void {
  switch (type) {
    case RDB_STRING:
    case RDB_HASH_ZIPMAP:
    case RDB_LIST_ZIPLIST:
    case RDB_SET_INTSET:
    case RDB_ZSET_ZIPLIST:
    case RDB_HASH_ZIPLIST:
    case RDB_HASH_LISTPACK:
    case RDB_ZSET_LISTPACK:
    case RDB_SET_LISTPACK:
    case RDB_HASH_LISTPACK_EX_PRE_GA:
      copyString(reader, writer);
      return;
    case RDB_HASH_LISTPACK_EX:
      copyBytes(reader, writer, TIME_SIZE);
      copyString(reader, writer);
      return;
    case RDB_LIST:
    case RDB_SET:
    case RDB_LIST_QUICKLIST:
      copyStrings(reader, writer, copyCount(reader, writer, 1));
      return;
    case RDB_HASH:
      copyStrings(reader, writer, copyCount(reader, writer, 2) * 2);
      return;
    case RDB_LIST_QUICKLIST_2:
      copyNodes(reader, writer);
      return;
    case RDB_ZSET:
    case RDB_ZSET_2:
      copyScored(reader, writer, type);
      return;
    case RDB_HASH_METADATA:
    case RDB_HASH_METADATA_PRE_GA:
      copyTimed(reader, writer, type);
      return;
    case RDB_STREAM_LISTPACKS:
    case RDB_STREAM_LISTPACKS_2:
    case RDB_STREAM_LISTPACKS_3:
      copyStream(reader, writer, type);
      return;
    case RDB_MODULE_2:
      copyModule(reader, writer);
      return;
    default:
      throw new CorruptRdbError(`values of RDB type ${type} are not known`);
  }
}

function copyNodes(reader: RdbReader, writer: RdbWriter): void {
  for (let left = copyCount(reader, writer, 2); left > 0; left--) {
    copyLength(reader, writer);
    copyString(reader, writer);
  }
}

function copyScored(reader: RdbReader, writer: RdbWriter, type: number): void {
  for (let left = copyCount(reader, writer, 2); left > 0; left--) {
    copyString(reader, writer);
    if (type === RDB_ZSET_2) {
      copyBytes(reader, writer, 8);
      continue;
    }
    const size = reader.byte();
    writer.byte(size);
    if (size <= SPELLED_MAX) copyBytes(reader, writer, size);
  }
}

function copyTimed(reader: RdbReader, writer: RdbWriter, type: number): void {
  if (type === RDB_HASH_METADATA) copyBytes(reader, writer, TIME_SIZE);
  for (let left = copyCount(reader, writer, 3); left > 0; left--) {
    copyLength(reader, writer);
    copyStrings(reader, writer, 2);
  }
}

function copyStream(reader: RdbReader, writer: RdbWriter, type: number): void {
  copyStrings(reader, writer, copyCount(reader, writer, 2) * 2);
  copyStreamTail(reader, writer, type);
}

/** What follows the blocks of a stream. */
function copyStreamTail(reader: RdbReader, writer: RdbWriter, type: number): void {
  // Entries and the last id; since the second form also the first id, the highest deleted one and how many were ever added.
  copyLengths(reader, writer, type === RDB_STREAM_LISTPACKS ? 3 : 8);
  for (let groups = copyCount(reader, writer, 5); groups > 0; groups--) {
    copyString(reader, writer);
    copyLengths(reader, writer, type === RDB_STREAM_LISTPACKS ? 2 : 3);
    for (let left = copyCount(reader, writer, STREAM_ID_SIZE); left > 0; left--) {
      copyBytes(reader, writer, STREAM_ID_SIZE + TIME_SIZE);
      copyLength(reader, writer);
    }
    for (let consumers = copyCount(reader, writer, 2); consumers > 0; consumers--) {
      copyString(reader, writer);
      copyBytes(reader, writer, type === RDB_STREAM_LISTPACKS_3 ? 2 * TIME_SIZE : TIME_SIZE);
      const pending = copyCount(reader, writer, STREAM_ID_SIZE);
      copyBytes(reader, writer, pending * STREAM_ID_SIZE);
    }
  }
}

function copyModule(reader: RdbReader, writer: RdbWriter): void {
  copyLength(reader, writer);
  for (;;) {
    const opcode = reader.length();
    writer.length(opcode);
    if (opcode === MODULE_END) return;
    if (opcode === MODULE_SIGNED || opcode === MODULE_UNSIGNED) copyLength(reader, writer);
    else if (opcode === MODULE_FLOAT) copyBytes(reader, writer, 4);
    else if (opcode === MODULE_DOUBLE) copyBytes(reader, writer, 8);
    else if (opcode === MODULE_STRING) copyString(reader, writer);
    else throw new CorruptRdbError('a part of a module value of an unknown kind');
  }
}

// --- values that come in pieces ---------------------------------------------------------------------

/**
 * What a buffer of a snapshot holds. A collection too large for one buffer comes as its head, then elements in any number of buffers, then its
 * tail; nothing else comes between. All buffers one behind the other are whole items.
 */
export const PART_ITEMS = 0;
/** Type, name and count of a key, with what comes before it. */
export const PART_HEAD = 1;
/** Whole elements of the key whose head came last. */
export const PART_ELEMENTS = 2;
/** What a stream has besides its blocks; nothing for other types. */
export const PART_TAIL = 3;
export type Part = typeof PART_ITEMS | typeof PART_HEAD | typeof PART_ELEMENTS | typeof PART_TAIL;

/** Copies a head; its type byte is in `seen`. */
export function copyHead(reader: RdbReader, writer: RdbWriter): void {
  let type = reader.byte();
  while (isPrefix(type)) {
    writer.byte(type);
    copyPrefix(reader, writer, type);
    type = reader.byte();
  }
  seen.type = type;
  writer.byte(type);
  seen.nameAt = writer.size;
  copyString(reader, writer);
  if (type === RDB_HASH_METADATA) copyBytes(reader, writer, TIME_SIZE);
  copyLength(reader, writer);
}

/** Copies one element of the value of that type. */
export function copyElement(reader: RdbReader, writer: RdbWriter, type: number): void {
  if (type === RDB_LIST_QUICKLIST_2 || type === RDB_HASH_METADATA) copyLength(reader, writer);
  copyString(reader, writer);
  if (type === RDB_ZSET_2) copyBytes(reader, writer, 8);
  else if (type === RDB_HASH || type === RDB_HASH_METADATA || isStream(type)) copyString(reader, writer);
}

/** Copies a tail. */
export function copyTail(reader: RdbReader, writer: RdbWriter, type: number): void {
  if (isStream(type)) copyStreamTail(reader, writer, type);
}

function isStream(type: number): boolean {
  return type === RDB_STREAM_LISTPACKS_2 || type === RDB_STREAM_LISTPACKS_3;
}

// --- the parts --------------------------------------------------------------------------------------

function copyString(reader: RdbReader, writer: RdbWriter): void {
  reader.string();
  writer.string(reader.textBytes, reader.textStart, reader.textEnd, reader.textData);
}

function copyStrings(reader: RdbReader, writer: RdbWriter, count: number): void {
  for (let left = count; left > 0; left--) copyString(reader, writer);
}

function copyBytes(reader: RdbReader, writer: RdbWriter, size: number): void {
  reader.bytesOf(size);
  writer.raw(reader.textBytes, reader.textStart, reader.textEnd, reader.textData);
}

/** A length that is only a number, of up to 64 bits. */
function copyLength(reader: RdbReader, writer: RdbWriter): void {
  copyBytes(reader, writer, reader.lengthSize());
}

function copyLengths(reader: RdbReader, writer: RdbWriter, count: number): void {
  for (let left = count; left > 0; left--) copyLength(reader, writer);
}

/** A count of elements of at least `size` bytes each. */
function copyCount(reader: RdbReader, writer: RdbWriter, size: number): number {
  const count = reader.count(size);
  writer.length(count);
  return count;
}
