/**
 * Taking nearly all members of a large set out: rather than remove them one by one, those that stay are taken out of the table, and the
 * table is left to the background with the others in it.
 */
import { blob, handleOf, replaceByBlob, setHandle } from '../../keyspace/blob.ts';
import type { Database } from '../../keyspace/database.ts';
import { Dict } from '../../memory/dict.ts';
import { beginGrowth, blobSizeOf, grow, growth, writeBlob } from './build.ts';
import { hashOf } from './member.ts';
import { picks } from './random.ts';
import { attachTable, readRecord, SET_TABLE, takeRecord } from './set-value.ts';

/** Takes the members that are picked (random.ts) out of the set's table; what is left are those to go. */
export function separatePicked(db: Database, address: number): void {
  const { found } = picks;
  for (let i = 0; i < found.length; i++) takeRecord(db, handleOf(db, address), found.addresses[i]);
}

/**
 * Makes the set, which is a table, one of the members that separatePicked() took out, and frees the others. It is packed again where
 * that is small enough: `encoding` is what it begins as (build.ts). Its time to live stays.
 */
export function keepPicked(db: Database, hash: number, address: number, encoding: number): void {
  const { keyspace } = db;
  const { walk, found } = picks;
  const old = handleOf(db, address);
  beginGrowth(encoding);
  for (let i = 0; i < found.length; i++) {
    walk.read(found.addresses[i]);
    grow(keyspace.packing);
  }
  db.readKey(address);
  const size = blobSizeOf(growth.encoding, walk, found, db.keyEnd - db.keyStart);
  if (size < 0) {
    setHandle(db, address, tableOfPicked(db));
  } else {
    replaceByBlob(db, hash, address, growth.encoding, size);
    writeBlob(growth.encoding, walk, found, blob.u8, blob.start);
    for (let i = 0; i < found.length; i++) db.arena.free(found.addresses[i]);
  }
  keyspace.lazyFree.freeCollection(SET_TABLE, old, keyspace.lazy.serverDelete);
}

function tableOfPicked(db: Database): number {
  const { found } = picks;
  const header = Dict.create(db.arena);
  const to = attachTable(db.arena, header);
  for (let i = 0; i < found.length; i++) {
    readRecord(db.arena, found.addresses[i]);
    to.insert(hashOf(db.keyspace.elementHashes), found.addresses[i]);
  }
  return header;
}
