/**
 * DUMP payloads: a value as RDB bytes, the RDB version (u16) and a CRC64 of all before it. Under compat-version 7.0 they are version 10 and
 * go both ways between us and redis-server 7.0; else version 11.
 */
import { crc64, equalsCrc64, updateCrc64, writeCrc64 } from '../base/crc64.ts';
import type { Database } from '../keyspace/database.ts';
import { CHECKSUM_SIZE, FOOTER_SIZE, RDB_VERSION_70, RDB_VERSION_72, RDB_VERSION_MAX } from './format.ts';
import { CorruptRdbError, RdbReader } from './reader.ts';
import { loadValue, type NewKey, saveValue } from './value.ts';
import { RdbWriter } from './writer.ts';

const reader = new RdbReader();
const noBytes = new Uint8Array(CHECKSUM_SIZE);

/** The payload of one value: writer.bytes[0..writer.size), valid until the next dump. Call release() when it has been used. */
export const payload = new RdbWriter();

export function dump(db: Database, address: number, is72: boolean, compresses: boolean): void {
  payload.reset(compresses);
  saveValue(payload, db, address, is72);
  const version = Math.max(is72 ? RDB_VERSION_72 : RDB_VERSION_70, payload.version);
  payload.byte(version & 255);
  payload.byte(version >>> 8);
  updateCrc64(0, 0, payload.bytes, 0, payload.size);
  const { hi, lo } = crc64;
  const at = payload.size;
  payload.raw(noBytes, 0, CHECKSUM_SIZE);
  writeCrc64(hi, lo, payload.bytes, at);
}

/** Whether bytes[start..end) ends as a payload of a version that we read, with a checksum that is right (or not looked at). */
export function isPayload(bytes: Uint8Array, start: number, end: number, checksums: boolean): boolean {
  if (end - start < FOOTER_SIZE) return false;
  const footer = end - FOOTER_SIZE;
  if ((bytes[footer] | (bytes[footer + 1] << 8)) > RDB_VERSION_MAX) return false;
  if (!checksums) return true;
  updateCrc64(0, 0, bytes, start, end - CHECKSUM_SIZE);
  return equalsCrc64(crc64.hi, crc64.lo, bytes, end - CHECKSUM_SIZE);
}

/** Packed blocks that the last restore() has checked. */
export function blocksChecked(): number {
  return reader.blocksChecked;
}

/**
 * Makes a key, which is not in the database, of a payload that isPayload(). Returns its address. Throws CorruptRdbError when the value is
 * not what its type says, and then there is no such key.
 */
export function restore(bytes: Uint8Array, start: number, end: number, db: Database, key: NewKey): number {
  reader.open(bytes, start, end - FOOTER_SIZE);
  loadValue(reader, reader.byte(), db, key);
  const address = db.find(key.hash, key.bytes, key.start, key.end);
  if (!reader.atEnd || address === 0) {
    if (address !== 0) db.remove(key.hash, address, false);
    throw new CorruptRdbError('the value and its bytes do not end together');
  }
  return address;
}
