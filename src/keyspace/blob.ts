/**
 * The packed value of a record, as something that grows: the listpack or intset of a small collection.
 *
 * The bytes lie in the record, behind its key. They can be changed where they are as long as the cell has room; when it has not the
 * record moves to one with some slack, which only this file does.
 */
import { copyBytes } from '../base/bytes.ts';
import { byteOffsetOf, segmentOf } from '../memory/address.ts';
import {
  accessOf,
  allocateRecord,
  flagsOf,
  HAS_EXPIRE,
  keyFlags,
  makeWord0,
  readWord0,
  valueOffset,
  valueWord,
  writeAccess,
  writeExpireAtMs,
  writeTypeAndEncoding,
  writeValueWord,
} from '../memory/record.ts';
import { type Database, NO_EXPIRE } from './database.ts';
import { inlineSizeMax, KEY_SIZE_MAX, KeyTooLongError } from './limits.ts';

/** Where the blob opened last lies: u8[start..start+size), with room for `capacity` bytes. Good until something is allocated or freed. */
export const blob = { u8: new Uint8Array(0) as Uint8Array, start: 0, size: 0, capacity: 0 };

/** Points `blob` at the value of the record. */
export function openBlob(db: Database, address: number): void {
  const { arena } = db;
  const segment = segmentOf(address);
  const i32 = arena.i32[segment];
  const base = byteOffsetOf(address);
  const offset = valueOffset(i32, base);
  blob.u8 = arena.u8[segment];
  blob.start = base + offset;
  blob.size = valueWord(i32, base);
  blob.capacity = arena.sizeOf(address) - offset;
}

/**
 * A new record under a key that is not in the database, with a blob of `size` bytes that the caller writes at once; `blob` is at it.
 * Returns the record's address. Throws KeyTooLongError and ArenaFullError, and then nothing has changed.
 */
export function createBlob(
  db: Database,
  hash: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  type: number,
  encoding: number,
  size: number,
): number {
  if (end - start > KEY_SIZE_MAX) throw new KeyTooLongError();
  const { arena, keyspace } = db;
  const word0 = makeWord0(type, encoding, keyFlags(end - start), keyspace.epoch);
  const address = allocateRecord(arena, word0, bytes, start, end, size);
  const i32 = arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  writeValueWord(i32, base, size);
  writeAccess(i32, base, keyspace.access.fresh);
  db.insert(hash, address);
  openBlob(db, address);
  return address;
}

/**
 * Makes room for a blob of `size` bytes; the bytes it has stay, `blob.size` and the record's length become `size`. `blob` is at it
 * afterwards. Returns where the record is now. The caller sees to it that the blob may be so large: blobSizeMax().
 */
export function growBlob(db: Database, hash: number, address: number, size: number): number {
  openBlob(db, address);
  if (size > blob.capacity) {
    const room = Math.min(size + (size >>> 1), blobSizeMax(db, address));
    address = moveBlob(db, hash, address, room);
  }
  return setBlobSize(db, hash, address, size);
}

/** The blob has become `size` bytes, at most as many as it had or has room for. Gives slack back when most of the cell is unused. Returns where the record is. */
export function setBlobSize(db: Database, hash: number, address: number, size: number): number {
  const segment = segmentOf(address);
  writeValueWord(db.arena.i32[segment], byteOffsetOf(address), size);
  openBlob(db, address);
  if (size * 4 < blob.capacity && blob.capacity > SLACK_MIN) {
    address = moveBlob(db, hash, address, size);
    openBlob(db, address);
  }
  return address;
}

const SLACK_MIN = 256;

/** The largest blob that the record can have. */
export function blobSizeMax(db: Database, address: number): number {
  db.readKey(address);
  return inlineSizeMax(db.keyEnd - db.keyStart);
}

/** The same record in a cell with room for `room` bytes of value. */
function moveBlob(db: Database, hash: number, address: number, room: number): number {
  const { arena } = db;
  const from = segmentOf(address);
  const base = byteOffsetOf(address);
  const offset = valueOffset(arena.i32[from], base);
  const size = Math.min(valueWord(arena.i32[from], base), room);
  const to = arena.allocate(offset + room);
  const toBase = byteOffsetOf(to);
  copyBytes(arena.u8[from], base, base + offset + size, arena.u8[segmentOf(to)], toBase);
  writeValueWord(arena.i32[segmentOf(to)], toBase, size);
  db.moved(hash, address, to);
  return to;
}

/**
 * Gives the key a value that lives elsewhere: the record loses its blob and names `handle`. For a collection that has outgrown its
 * blob; the caller has read the blob before. Returns where the record is now.
 */
export function replaceByHandle(
  db: Database,
  hash: number,
  address: number,
  encoding: number,
  handle: number,
): number {
  const { arena } = db;
  const i32 = arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  const word0 = readWord0(i32, base);
  writeValueWord(i32, base, 0);
  const moved = moveBlob(db, hash, address, 0);
  const toI32 = arena.i32[segmentOf(moved)];
  const toBase = byteOffsetOf(moved);
  writeTypeAndEncoding(toI32, toBase, word0 & 15, encoding);
  writeValueWord(toI32, toBase, handle);
  return moved;
}

/** A new record under a key that is not in the database, whose value is elsewhere. Returns its address. */
export function createWithHandle(
  db: Database,
  hash: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  type: number,
  encoding: number,
  handle: number,
): number {
  const address = createBlob(db, hash, bytes, start, end, type, encoding, 0);
  writeValueWord(db.arena.i32[segmentOf(address)], byteOffsetOf(address), handle);
  return address;
}

/** The handle of a value that is not packed. */
export function handleOf(db: Database, address: number): number {
  return valueWord(db.arena.i32[segmentOf(address)], byteOffsetOf(address));
}

/** The value's handle has changed (its structure has a new root). */
export function setHandle(db: Database, address: number, handle: number): void {
  writeValueWord(db.arena.i32[segmentOf(address)], byteOffsetOf(address), handle);
}

/**
 * The opposite of replaceByHandle(): the collection is small again (or is made anew in packed form) and gets a blob of `size` bytes, to
 * be written by the caller at once. What the handle named is the caller's to free. Returns where the record is now.
 */
export function replaceByBlob(
  db: Database,
  hash: number,
  address: number,
  encoding: number,
  size: number,
): number {
  const { arena } = db;
  const i32 = arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  const word0 = readWord0(i32, base);
  db.readKey(address);
  const expireMs = db.expireOf(address);
  const flags = keyFlags(db.keyEnd - db.keyStart) | (flagsOf(word0) & HAS_EXPIRE);
  const access = accessOf(i32, base);
  const newWord0 = makeWord0(word0 & 15, encoding, flags, db.keyspace.epoch);
  const to = allocateRecord(arena, newWord0, db.keyBytes, db.keyStart, db.keyEnd, size);
  const toI32 = arena.i32[segmentOf(to)];
  const toBase = byteOffsetOf(to);
  writeAccess(toI32, toBase, access);
  if (expireMs !== NO_EXPIRE) writeExpireAtMs(arena.f64[segmentOf(to)], toBase, expireMs);
  writeValueWord(toI32, toBase, size);
  db.moved(hash, address, to);
  openBlob(db, to);
  return to;
}
