/**
 * DEBUG DIGEST and DIGEST-VALUE: a fingerprint of all data or of a value, the same as Redis's for the same data, however it is kept.
 *
 * Two operations on 20 bytes: xor() adds something whose order does not matter, mix() something whose order does. A value's digest mixes
 * its type, then its elements: list elements and streams are mixed in order, members of sets are xored, fields and members with scores are
 * mixed into a digest of their own that is xored. A time to live is xored as a mark, not as a time.
 */

import { writeDouble } from '../../../base/double.ts';
import { Id128, setId } from '../../../base/id128.ts';
import { SHA1_SIZE, sha1 } from '../../../base/sha1.ts';
import { handleOf } from '../../../keyspace/blob.ts';
import { type Database, NO_EXPIRE } from '../../../keyspace/database.ts';
import { AddressList } from '../../../memory/address-list.ts';
import { text as listElement } from '../../../memory/listpack.ts';
import {
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_STRING,
  TYPE_ZSET,
} from '../../../memory/record.ts';
import { HashWalk } from '../../../types/hash/hash-walk.ts';
import { walk as listWalk } from '../../../types/list/list-walk.ts';
import { member, needText } from '../../../types/set/member.ts';
import { SetWalk } from '../../../types/set/walk.ts';
import { ID_TEXT_SIZE_MAX, writeId } from '../../../types/stream/id-text.ts';
import { StreamWalk } from '../../../types/stream/walk.ts';
import { readString, view } from '../../../types/string/string-value.ts';
import { ZsetWalk } from '../../../types/zset/walk.ts';
import type { Call } from '../../call.ts';
import { typeAt } from '../../lookup.ts';

const NOTHING = '0'.repeat(2 * SHA1_SIZE);
const HEX = '0123456789abcdef';
const EXPIRE_MARK = Uint8Array.from('!!expire!!', (char) => char.charCodeAt(0));
const BATCH = 1024;

class Digest {
  readonly bytes = new Uint8Array(SHA1_SIZE);
  private readonly hash = new Uint8Array(SHA1_SIZE);

  clear(): void {
    this.bytes.fill(0);
  }

  xor(bytes: Uint8Array, start: number, end: number): void {
    sha1(bytes, start, end, this.hash, 0);
    for (let i = 0; i < SHA1_SIZE; i++) this.bytes[i] ^= this.hash[i];
  }

  mix(bytes: Uint8Array, start: number, end: number): void {
    this.xor(bytes, start, end);
    sha1(this.bytes, 0, SHA1_SIZE, this.bytes, 0);
  }

  /** mix() of a number as four bytes, the most significant first. */
  mixNumber(value: number): void {
    for (let i = 0; i < 4; i++) number[i] = value >>> (24 - 8 * i);
    this.mix(number, 0, 4);
  }

  get text(): string {
    let text = '';
    for (const byte of this.bytes) text += HEX[byte >>> 4] + HEX[byte & 15];
    return text;
  }
}

const number = new Uint8Array(4);
const scoreText = new Uint8Array(64);
const all = new Digest();
const value = new Digest();
const element = new Digest();
const batch = new AddressList(BATCH);

/** DEBUG DIGEST: of all databases. */
export function digest(call: Call): void {
  all.clear();
  for (const db of call.server.keyspace.databases) {
    if (db.count === 0) continue;
    all.mixNumber(db.index);
    addKeys(db);
  }
  call.reply.simple(all.text);
}

function addKeys(db: Database): void {
  let cursor = 0;
  do {
    batch.clear();
    cursor = db.dict.scan(cursor, BATCH, batch);
    for (let i = 0; i < batch.length; i++) {
      const address = batch.addresses[i];
      value.clear();
      db.readKey(address);
      value.mix(db.keyBytes, db.keyStart, db.keyEnd);
      addValue(db, address);
      all.xor(value.bytes, 0, SHA1_SIZE);
    }
  } while (cursor !== 0);
}

/** DEBUG DIGEST-VALUE: of each key's value without its name. */
export function digestValue(call: Call): void {
  const { db, reply } = call;
  reply.array(call.argc - 2);
  for (let i = 2; i < call.argc; i++) {
    const start = call.start(i);
    const end = call.end(i);
    const address = db.find(call.hashOf(call.bytes, start, end), call.bytes, start, end);
    reply.bulkText(address === 0 ? NOTHING : valueDigest(db, address));
  }
}

/** The fingerprint of a key's value and of whether it has a time to live, as 40 hexadecimal digits. */
export function valueDigest(db: Database, address: number): string {
  value.clear();
  addValue(db, address);
  return value.text;
}

function addValue(db: Database, address: number): void {
  const type = typeAt(db, address);
  value.mixNumber(type);
  addElements[type]?.(db, address);
  if (db.expireOf(address) !== NO_EXPIRE) value.xor(EXPIRE_MARK, 0, EXPIRE_MARK.length);
}

function addString(db: Database, address: number): void {
  readString(db, address);
  value.mix(view.bytes, view.start, view.end);
}

function addList(db: Database, address: number): void {
  if (!listWalk.open(db, address, 0, true)) return;
  do {
    listWalk.read();
    value.mix(listElement.bytes, listElement.start, listElement.end);
  } while (listWalk.next());
}

function addSet(db: Database, address: number): void {
  setWalk.open(db, address);
  while (setWalk.next()) {
    needText();
    value.xor(member.bytes, member.start, member.end);
  }
}

function addZset(db: Database, address: number): void {
  for (let more = zsetWalk.open(db, address, 0, false); more; more = zsetWalk.advance()) {
    element.clear();
    element.mix(zsetWalk.bytes, zsetWalk.start, zsetWalk.end);
    element.mix(scoreText, 0, writeDouble(zsetWalk.score, '7.0', scoreText, 0));
    value.xor(element.bytes, 0, SHA1_SIZE);
  }
}

function addHash(db: Database, address: number): void {
  hashWalk.start(db, address);
  while (hashWalk.next()) {
    const { field, value: of } = hashWalk;
    element.clear();
    element.mix(field.bytes, field.start, field.end);
    element.mix(of.bytes, of.start, of.end);
    value.xor(element.bytes, 0, SHA1_SIZE);
  }
}

function addStream(db: Database, address: number): void {
  streamWalk.open(db.keyspace, handleOf(db, address), FIRST, LAST, false);
  while (streamWalk.next()) {
    const { id, pairs } = streamWalk;
    // As an id's text, with a full stop.
    const size = writeId(id, idText, 0);
    idText[idText.indexOf(MINUS)] = FULL_STOP;
    value.mix(idText, 0, size);
    streamWalk.startFields();
    for (let i = 0; i < pairs; i++) {
      streamWalk.readField();
      value.mix(listElement.bytes, listElement.start, listElement.end);
      streamWalk.readValue();
      value.mix(listElement.bytes, listElement.start, listElement.end);
    }
  }
}

const MINUS = 45;
const FULL_STOP = 46;
const FIRST = new Id128();
const LAST = new Id128();
setId(LAST, -1, -1, -1, -1);
const idText = new Uint8Array(ID_TEXT_SIZE_MAX + 1);
const streamWalk = new StreamWalk();
const hashWalk = new HashWalk();
const setWalk = new SetWalk();
const zsetWalk = new ZsetWalk();

const addElements: ((db: Database, address: number) => void)[] = [];
addElements[TYPE_STRING] = addString;
addElements[TYPE_LIST] = addList;
addElements[TYPE_SET] = addSet;
addElements[TYPE_ZSET] = addZset;
addElements[TYPE_HASH] = addHash;
addElements[TYPE_STREAM] = addStream;
