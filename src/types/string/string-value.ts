/**
 * Strings: how a value lies in its record, and the operations that change it. No RESP, no threads.
 *
 *   INT      two words, the 64-bit integer; no bytes
 *   EMBSTR   up to 44 bytes, RAW more: one word, the length; the bytes follow the key
 *   LARGE    above 1 MiB: two words, id in the LargeTable and length; a buffer of its own with slack
 *
 * EMBSTR and RAW lie the same way: the difference is what OBJECT ENCODING says (a string that was changed in
 * place is raw, however short). A cell may be larger than its record: a string that grows uses that first.
 */
import { copyBytes } from '../../base/bytes.ts';
import { int64, int64Length, parseInt64, writeInt64 } from '../../base/int64.ts';
import { type Database, NO_EXPIRE } from '../../keyspace/database.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import { LARGE_VALUE_SIZE_MIN } from '../../memory/large.ts';
import {
  allocateRecord,
  ENCODING_EMBSTR,
  ENCODING_INT,
  ENCODING_RAW,
  encodingOf,
  flagsOf,
  HAS_EXPIRE,
  keyFlags,
  keyOffset,
  LARGE,
  makeWord0,
  readWord0,
  secondWord,
  TWO_WORDS,
  TYPE_STRING,
  typeOf,
  valueOffset,
  valueWord,
  writeAccess,
  writeExpireAtMs,
  writeSecondWord,
  writeTypeAndEncoding,
  writeValueWord,
} from '../../memory/record.ts';

export const EMBSTR_MAX = 44;
/** A decimal int64 has at most this many characters. */
const INT_TEXT_MAX = 20;

const NOTHING: Uint8Array = new Uint8Array(0);

/** A string's bytes where they lie: bytes[start..end). Valid until the next allocation or change. */
export const view = { bytes: NOTHING, start: 0, end: 0 };
const digits = new Uint8Array(24);

/** True when the record holds a string. */
export function isString(db: Database, address: number): boolean {
  return typeOf(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address))) === TYPE_STRING;
}

export function encodingAt(db: Database, address: number): number {
  return encodingOf(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address)));
}

/** Length in bytes of the string as a client sees it. */
export function stringSize(db: Database, address: number): number {
  const i32 = db.arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  const word0 = readWord0(i32, base);
  if ((flagsOf(word0) & LARGE) !== 0) return secondWord(i32, base);
  if (encodingOf(word0) === ENCODING_INT) return int64Length(secondWord(i32, base), valueWord(i32, base));
  return valueWord(i32, base);
}

/** Points `view` at the string; an integer is written out to a scratch buffer. Allocates nothing. */
export function readString(db: Database, address: number): void {
  const segment = segmentOf(address);
  const i32 = db.arena.i32[segment];
  const base = byteOffsetOf(address);
  const word0 = readWord0(i32, base);
  if ((flagsOf(word0) & (LARGE | TWO_WORDS)) === 0) {
    const start = base + valueOffset(i32, base);
    view.bytes = db.arena.u8[segment];
    view.start = start;
    view.end = start + valueWord(i32, base);
  } else if ((flagsOf(word0) & LARGE) !== 0) {
    view.bytes = db.keyspace.large.view(valueWord(i32, base));
    view.start = 0;
    view.end = secondWord(i32, base);
  } else {
    view.bytes = digits;
    view.start = 0;
    view.end = writeInt64(secondWord(i32, base), valueWord(i32, base), digits, 0);
  }
}

/**
 * Makes key bytes[ks..ke) hold value[vs..ve), whatever was there (`old`, 0 for nothing, of any type).
 * Its TTL becomes `expireMs`, or none with NO_EXPIRE. Returns the record's address. Allocates nothing on the heap below
 * LARGE_VALUE_SIZE_MIN.
 */
export function setString(
  db: Database,
  old: number,
  hash: number,
  bytes: Uint8Array,
  ks: number,
  ke: number,
  value: Uint8Array,
  vs: number,
  ve: number,
  expireMs: number,
): number {
  const size = ve - vs;
  if (size <= INT_TEXT_MAX && parseInt64(value, vs, ve)) {
    return setInteger(db, old, hash, bytes, ks, ke, int64.hi, int64.lo, expireMs);
  }
  if (size >= LARGE_VALUE_SIZE_MIN) return setLarge(db, old, hash, bytes, ks, ke, value, vs, ve, expireMs);
  const encoding = size <= EMBSTR_MAX ? ENCODING_EMBSTR : ENCODING_RAW;
  if (old !== 0 && overwriteInPlace(db, old, value, vs, ve, encoding, expireMs)) return old;
  const address = newRecord(db, old, hash, bytes, ks, ke, encoding, 0, size, expireMs);
  const segment = segmentOf(address);
  const base = byteOffsetOf(address);
  const i32 = db.arena.i32[segment];
  writeValueWord(i32, base, size);
  copyBytes(value, vs, ve, db.arena.u8[segment], base + valueOffset(i32, base));
  return address;
}

/** A value of the same length into the same cell: by far the most common SET of an existing key. */
function overwriteInPlace(
  db: Database,
  old: number,
  value: Uint8Array,
  vs: number,
  ve: number,
  encoding: number,
  expireMs: number,
): boolean {
  const segment = segmentOf(old);
  const i32 = db.arena.i32[segment];
  const base = byteOffsetOf(old);
  const word0 = readWord0(i32, base);
  if (typeOf(word0) !== TYPE_STRING || expireMs !== NO_EXPIRE) return false;
  if ((flagsOf(word0) & (HAS_EXPIRE | TWO_WORDS | LARGE)) !== 0) return false;
  if (valueWord(i32, base) !== ve - vs) return false;
  writeTypeAndEncoding(i32, base, TYPE_STRING, encoding);
  writeAccess(i32, base, db.keyspace.lruClock);
  copyBytes(value, vs, ve, db.arena.u8[segment], base + valueOffset(i32, base));
  return true;
}

/** Makes the key hold an integer. */
export function setInteger(
  db: Database,
  old: number,
  hash: number,
  bytes: Uint8Array,
  ks: number,
  ke: number,
  hi: number,
  lo: number,
  expireMs: number,
): number {
  if (old !== 0 && expireMs === NO_EXPIRE) {
    const i32 = db.arena.i32[segmentOf(old)];
    const base = byteOffsetOf(old);
    const word0 = readWord0(i32, base);
    if (typeOf(word0) === TYPE_STRING && (flagsOf(word0) & (TWO_WORDS | LARGE | HAS_EXPIRE)) === TWO_WORDS) {
      writeValueWord(i32, base, lo);
      writeSecondWord(i32, base, hi);
      writeAccess(i32, base, db.keyspace.lruClock);
      return old;
    }
  }
  const address = newRecord(db, old, hash, bytes, ks, ke, ENCODING_INT, TWO_WORDS, 0, expireMs);
  storeInteger(db, address, hi, lo);
  return address;
}

/** Overwrites the integer of a record that holds one, keeping its TTL. */
export function storeInteger(db: Database, address: number, hi: number, lo: number): void {
  const i32 = db.arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  writeValueWord(i32, base, lo);
  writeSecondWord(i32, base, hi);
}

/** Reads the integer that the string is into int64; false when it is not one. */
export function readInteger(db: Database, address: number): boolean {
  const i32 = db.arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  const word0 = readWord0(i32, base);
  if (encodingOf(word0) === ENCODING_INT) {
    int64.lo = valueWord(i32, base);
    int64.hi = secondWord(i32, base);
    return true;
  }
  readString(db, address);
  return view.end - view.start <= INT_TEXT_MAX && parseInt64(view.bytes, view.start, view.end);
}

function setLarge(
  db: Database,
  old: number,
  hash: number,
  bytes: Uint8Array,
  ks: number,
  ke: number,
  value: Uint8Array,
  vs: number,
  ve: number,
  expireMs: number,
): number {
  const id = db.keyspace.large.add(value.subarray(vs, ve));
  const address = newRecord(db, old, hash, bytes, ks, ke, ENCODING_RAW, TWO_WORDS | LARGE, 0, expireMs);
  const i32 = db.arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  writeValueWord(i32, base, id);
  writeSecondWord(i32, base, ve - vs);
  return address;
}

/** A new string record in place of `old`, or as a new key; the caller writes the value. */
function newRecord(
  db: Database,
  old: number,
  hash: number,
  bytes: Uint8Array,
  ks: number,
  ke: number,
  encoding: number,
  valueFlags: number,
  inlineSize: number,
  expireMs: number,
): number {
  const flags = valueFlags | keyFlags(ke - ks) | (expireMs === NO_EXPIRE ? 0 : HAS_EXPIRE);
  const word0 = makeWord0(TYPE_STRING, encoding, flags, db.keyspace.epoch);
  const address = allocateRecord(db.arena, word0, bytes, ks, ke, inlineSize);
  writeAccess(db.arena.i32[segmentOf(address)], byteOffsetOf(address), db.keyspace.lruClock);
  if (old !== 0) db.replace(hash, old, address);
  else db.insert(hash, address);
  if (expireMs !== NO_EXPIRE) {
    writeExpireAtMs(db.arena.f64[segmentOf(address)], byteOffsetOf(address), expireMs);
    db.expires.add(expireMs, hash);
  }
  return address;
}

/**
 * Gives the string `size` bytes in a form that can be changed in place (raw), keeping its first bytes, the new
 * ones zero; keeps the TTL. Returns the record's address and points `view` at all `size` bytes. A string
 * that keeps growing is given slack, so that appending is linear over all.
 */
export function resizeString(db: Database, address: number, hash: number, size: number): number {
  const segment = segmentOf(address);
  const base = byteOffsetOf(address);
  const i32 = db.arena.i32[segment];
  const word0 = readWord0(i32, base);
  if ((flagsOf(word0) & LARGE) !== 0) {
    const id = valueWord(i32, base);
    db.keyspace.large.grow(id, size);
    const before = secondWord(i32, base);
    writeSecondWord(i32, base, size);
    readString(db, address);
    if (size > before) view.bytes.fill(0, before, size);
    return address;
  }
  if ((flagsOf(word0) & TWO_WORDS) === 0) {
    const before = valueWord(i32, base);
    const offset = valueOffset(i32, base);
    if (offset + size <= db.arena.sizeOf(address)) {
      writeTypeAndEncoding(i32, base, TYPE_STRING, ENCODING_RAW);
      writeValueWord(i32, base, size);
      readString(db, address);
      if (size > before) view.bytes.fill(0, view.start + before, view.start + size);
      return address;
    }
  }
  return moveAndResize(db, address, hash, size);
}

function moveAndResize(db: Database, address: number, hash: number, size: number): number {
  readString(db, address);
  const kept = view.bytes.slice(view.start, Math.min(view.end, view.start + size));
  const grown = new Uint8Array(size);
  grown.set(kept);
  const expireMs = db.expireOf(address);
  db.readKey(address);
  const key = db.keyBytes.slice(db.keyStart, db.keyEnd);
  if (size >= LARGE_VALUE_SIZE_MIN) {
    const large = setLarge(db, address, hash, key, 0, key.length, grown, 0, size, expireMs);
    readString(db, large);
    return large;
  }
  // Slack in proportion, so that repeated APPENDs move the string a logarithmic number of times.
  const room = size + (kept.length > 0 ? Math.min(size, LARGE_VALUE_SIZE_MIN - size) : 0);
  const moved = newRecord(db, address, hash, key, 0, key.length, ENCODING_RAW, 0, room, expireMs);
  const base = byteOffsetOf(moved);
  const i32 = db.arena.i32[segmentOf(moved)];
  writeValueWord(i32, base, size);
  readString(db, moved);
  view.bytes.set(grown, view.start);
  return moved;
}

/** Offset of the value in an inline string's record; for MEMORY USAGE and DEBUG OBJECT. */
export function headerSize(db: Database, address: number): number {
  return keyOffset(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address)));
}
