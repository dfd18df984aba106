/**
 * What commands are in the log whose effect depends on the time at which they run, on floating point or on options that other versions do not
 * know: they are logged as what they did, read from the keys after they have run, in commands of Redis 7.0 where one expresses it.
 *
 *     EXPIRE k 10                  PEXPIREAT k 1700000010000
 *     SET k v EX 10                SET k v PXAT 1700000010000
 *     INCRBYFLOAT k 0.1            SET k 1.1 KEEPTTL
 *     GETDEL k                     DEL k
 *     HEXPIRE h 10 FIELDS 1 f      HPEXPIREAT h 1700000010000 FIELDS 1 f      (Redis 7.4: earlier versions know no such times)
 */
import { parseSafeInteger } from '../base/int64.ts';
import { NO_EXPIRE } from '../keyspace/database.ts';
import { getField, NO_FIELD, timeOfField, value } from '../types/hash/hash-value.ts';
import { readString, view } from '../types/string/string-value.ts';
import type { Call } from './call.ts';
import type { Propagation } from './propagation.ts';

export type Effect = (call: Call, log: Propagation) => void;

/** By full name. */
export const EFFECTS: Readonly<Record<string, Effect>> = {
  expire: timeOfKey,
  pexpire: timeOfKey,
  expireat: timeOfKey,
  pexpireat: timeOfKey,
  getex: timeOfKey,
  set: (call, log) => {
    if (isPlainSet(call)) log.asItCame(call);
    else stringOfKey(call, log, 1);
  },
  getset: (call, log) => stringOfKey(call, log, 1),
  setex: (call, log) => stringOfKey(call, log, 1),
  psetex: (call, log) => stringOfKey(call, log, 1),
  increx: (call, log) => stringOfKey(call, log, 1),
  incrbyfloat,
  msetex,
  getdel: (call, log) => deletion(call, log, 1),
  delex: (call, log) => deletion(call, log, 1),
  delifeq: (call, log) => deletion(call, log, 1),
  restore,
  'restore-asking': restore,
  hincrbyfloat: (call, log) => valueOfField(call, log, 2),
  hexpire: (call, log) => eachField(call, log, 1, timeOfHashField),
  hpexpire: (call, log) => eachField(call, log, 1, timeOfHashField),
  hexpireat: (call, log) => eachField(call, log, 1, timeOfHashField),
  hpexpireat: (call, log) => eachField(call, log, 1, timeOfHashField),
  hgetex: (call, log) => eachField(call, log, 1, timeOfHashField),
  hsetex: (call, log) => eachField(call, log, 2, valueOfField),
  hgetdel: (call, log) => eachField(call, log, 1, deletedField),
};

/** The key's record, due or not, or 0. */
function record(call: Call, index: number): number {
  return call.db.dict.find(call.keyHash(index), call.bytes, call.start(index), call.end(index));
}

function deletion(call: Call, log: Propagation, index: number): void {
  log.begin(2);
  log.word('DEL');
  log.argument(call, index);
}

function timeOfKey(call: Call, log: Propagation): void {
  const address = record(call, 1);
  if (address === 0) {
    deletion(call, log, 1);
    return;
  }
  const atMs = call.db.expireOf(address);
  log.begin(atMs === NO_EXPIRE ? 2 : 3);
  log.word(atMs === NO_EXPIRE ? 'PERSIST' : 'PEXPIREAT');
  log.argument(call, 1);
  if (atMs !== NO_EXPIRE) log.integer(atMs);
}

/** SET with nothing but options that mean the same whenever it runs, and that Redis 7.0 has. */
function isPlainSet(call: Call): boolean {
  for (let i = 3; i < call.argc; i++) {
    if (!call.is(i, 'NX') && !call.is(i, 'XX') && !call.is(i, 'KEEPTTL')) return false;
  }
  return true;
}

function stringOfKey(call: Call, log: Propagation, index: number): void {
  const address = record(call, index);
  if (address === 0) {
    deletion(call, log, index);
    return;
  }
  const atMs = call.db.expireOf(address);
  log.begin(atMs === NO_EXPIRE ? 3 : 5);
  writeSet(call, log, index, address);
  if (atMs === NO_EXPIRE) return;
  log.word('PXAT');
  log.integer(atMs);
}

function writeSet(call: Call, log: Propagation, index: number, address: number): void {
  log.word('SET');
  log.argument(call, index);
  readString(call.db, address);
  log.bytes(view.bytes, view.start, view.end);
}

function incrbyfloat(call: Call, log: Propagation): void {
  log.begin(4);
  writeSet(call, log, 1, record(call, 1));
  log.word('KEEPTTL');
}

/** MSETEX numkeys key value [key value ...] ... */
function msetex(call: Call, log: Propagation): void {
  const keys = parseSafeInteger(call.bytes, call.start(1), call.end(1));
  for (let i = 0; i < keys; i++) stringOfKey(call, log, 2 + 2 * i);
}

/** RESTORE key ttl value [options]: with the time that came of it, if its own is relative. */
function restore(call: Call, log: Propagation): void {
  const address = record(call, 1);
  if (address === 0) {
    deletion(call, log, 1);
    return;
  }
  const atMs = call.db.expireOf(address);
  let isAbsolute = atMs === NO_EXPIRE;
  for (let i = 4; i < call.argc; i++) if (call.is(i, 'ABSTTL')) isAbsolute = true;
  if (isAbsolute) {
    log.asItCame(call);
    return;
  }
  log.begin(call.argc + 1);
  log.argument(call, 0);
  log.argument(call, 1);
  log.integer(atMs);
  for (let i = 3; i < call.argc; i++) log.argument(call, i);
  log.word('ABSTTL');
}

// --- fields of hashes -------------------------------------------------------------------------------

/** ... FIELDS numfields field [...]: `step` arguments for each field. */
function eachField(
  call: Call,
  log: Propagation,
  step: number,
  write: (call: Call, log: Propagation, index: number) => void,
): void {
  let at = 2;
  while (!call.is(at, 'FIELDS')) at++;
  const fields = parseSafeInteger(call.bytes, call.start(at + 1), call.end(at + 1));
  for (let i = 0; i < fields; i++) write(call, log, at + 2 + i * step);
}

function timeOfHashField(call: Call, log: Propagation, index: number): void {
  const atMs = fieldTimeOf(call, index);
  if (atMs === NO_FIELD) {
    deletedField(call, log, index);
    return;
  }
  log.begin(atMs === NO_EXPIRE ? 5 : 6);
  log.word(atMs === NO_EXPIRE ? 'HPERSIST' : 'HPEXPIREAT');
  log.argument(call, 1);
  if (atMs !== NO_EXPIRE) log.integer(atMs);
  log.word('FIELDS');
  log.word('1');
  log.argument(call, index);
}

function fieldTimeOf(call: Call, index: number): number {
  const address = record(call, 1);
  if (address === 0) return NO_FIELD;
  return timeOfField(call.db, address, call.bytes, call.start(index), call.end(index));
}

function deletedField(call: Call, log: Propagation, index: number): void {
  log.begin(3);
  log.word('HDEL');
  log.argument(call, 1);
  log.argument(call, index);
}

function valueOfField(call: Call, log: Propagation, index: number): void {
  const { db, bytes } = call;
  const address = record(call, 1);
  if (address === 0 || !getField(db, address, bytes, call.start(index), call.end(index))) {
    deletedField(call, log, index);
    return;
  }
  log.begin(4);
  log.word('HSET');
  log.argument(call, 1);
  log.argument(call, index);
  log.bytes(value.bytes, value.start, value.end);
  if (fieldTimeOf(call, index) !== NO_EXPIRE) timeOfHashField(call, log, index);
}
