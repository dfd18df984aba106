/**
 * KEYS, SCAN and RANDOMKEY: keys without knowing their names.
 *
 * SCAN's cursor is a position in hash order, 0 to 2^32, which stays valid however the table grows or shrinks: a key that is
 * there all the time is returned exactly once. COUNT is how many keys a call looks at, at least, before MATCH and TYPE
 * take theirs away. KEYS notes the addresses of what matches and then writes them out, four bytes of memory a key.
 *
 * SCAN and RANDOMKEY delete the expired keys that they come upon; KEYS only leaves them out.
 */
import { globMatch, isMatchAll } from '../../base/glob.ts';
import { parseSafeInteger } from '../../base/int64.ts';
import type { Database } from '../../keyspace/database.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import { AddressList } from '../../memory/address-list.ts';
import { readWord0, typeOf } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, READONLY } from '../define.ts';
import { readCursor } from '../scan-cursor.ts';
import { TYPE_NAMES } from './type-names.ts';

/** RANDOMKEY's tries to find a key that is not due, during CLIENT PAUSE. */
const FROZEN_TRIES = 100;

export const KEYS = defineCommand({
  name: 'KEYS',
  summary: 'Returns all keys whose names match a pattern.',
  group: 'generic',
  since: '1.0.0',
  complexity: 'O(N) where N is the number of keys of the database',
  arity: 2, // KEYS pattern
  flags: READONLY,
  args: [arg.pattern('pattern')],
  tips: ['request_policy:all_shards', 'nondeterministic_output_order'],
  categories: ['keyspace', 'dangerous'],
  handler: keys,
});

export const SCAN = defineCommand({
  name: 'SCAN',
  summary: 'Walks over the keys of the database, some at each call.',
  group: 'generic',
  since: '2.8.0',
  history: [['6.0.0', 'Added the `TYPE` subcommand.']],
  complexity: 'O(1) for each call, O(N) for a whole walk where N is the number of keys',
  arity: -2, // SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
  flags: READONLY,
  args: [
    arg.integer('cursor'),
    arg.pattern('pattern', { token: 'MATCH', optional: true }),
    arg.integer('count', { token: 'COUNT', optional: true }),
    arg.string('type', { token: 'TYPE', optional: true, since: '6.0.0' }),
  ],
  tips: ['nondeterministic_output', 'request_policy:special'],
  categories: ['keyspace'],
  handler: scan,
});

export const RANDOMKEY = defineCommand({
  name: 'RANDOMKEY',
  summary: 'Returns a key of the database, each with the same chance.',
  group: 'generic',
  since: '1.0.0',
  complexity: 'O(1)',
  arity: 1, // RANDOMKEY
  flags: READONLY,
  tips: ['request_policy:all_shards', 'nondeterministic_output'],
  categories: ['keyspace'],
  handler: randomKey,
});

/** Keys that KEYS looks at in one go. */
const BATCH = 1024;
/** A list that has grown beyond this is not kept for the next call. */
const KEPT_ADDRESSES_MAX = 1 << 16;
const COUNT_DEFAULT = 10;

let batch = new AddressList(BATCH);
let found = new AddressList(BATCH);

/** Empties the lists, and lets go of what a call over many keys made of them. */
function resetLists(): void {
  if (batch.addresses.length > KEPT_ADDRESSES_MAX) batch = new AddressList(BATCH);
  if (found.addresses.length > KEPT_ADDRESSES_MAX) found = new AddressList(BATCH);
  batch.clear();
  found.clear();
}

function keys(call: Call): void {
  const { db } = call;
  resetLists();
  let cursor = 0;
  do {
    batch.clear();
    cursor = db.dict.scan(cursor, BATCH, batch);
    for (let i = 0; i < batch.length; i++) {
      const address = batch.addresses[i];
      if (nameMatches(call, address, 1) && !db.isDue(address)) found.push(address);
    }
  } while (cursor !== 0);
  replyFound(call);
}

function replyFound(call: Call): void {
  call.reply.array(found.length);
  for (let i = 0; i < found.length; i++) replyKey(call, found.addresses[i]);
}

function replyKey(call: Call, address: number): void {
  const { db } = call;
  db.readKey(address);
  call.reply.bulk(db.keyBytes, db.keyStart, db.keyEnd);
}

/** Whether the key's name matches the pattern that is argument `index`. Allocates nothing. */
function nameMatches(call: Call, address: number, index: number): boolean {
  const { db, bytes } = call;
  const start = call.start(index);
  const end = call.end(index);
  if (isMatchAll(bytes, start, end)) return true;
  db.readKey(address);
  return globMatch(bytes, start, end, db.keyBytes, db.keyStart, db.keyEnd, false);
}

/** What SCAN's options say: arguments of pattern and type (0: none), and the count. */
const options = { pattern: 0, type: 0, count: COUNT_DEFAULT };

function scan(call: Call): void {
  const { db, reply } = call;
  const cursor = readCursor(call, 1);
  if (cursor < 0 || !readScanOptions(call)) return;
  resetLists();
  const next = db.dict.scan(cursor, options.count, batch);
  const type = options.type === 0 ? -1 : typeNamed(call, options.type);
  for (let i = 0; i < batch.length; i++) {
    const address = batch.addresses[i];
    if (options.pattern !== 0 && !nameMatches(call, address, options.pattern)) continue;
    if (options.type !== 0 && typeAt(db, address) !== type) continue;
    if (!db.expireIfDueAt(address)) found.push(address);
  }
  reply.array(2);
  reply.bulkInteger(next);
  replyFound(call);
}

function readScanOptions(call: Call): boolean {
  options.pattern = 0;
  options.type = 0;
  options.count = COUNT_DEFAULT;
  for (let i = 2; i < call.argc; i += 2) {
    if (i + 1 === call.argc) return refuse(call, errors.SYNTAX);
    if (call.is(i, 'COUNT')) {
      options.count = parseSafeInteger(call.bytes, call.start(i + 1), call.end(i + 1));
      if (Number.isNaN(options.count)) return refuse(call, errors.NOT_INTEGER);
      if (options.count < 1) return refuse(call, errors.SYNTAX);
    } else if (call.is(i, 'MATCH')) {
      options.pattern = i + 1;
    } else if (call.is(i, 'TYPE')) {
      options.type = i + 1;
    } else {
      return refuse(call, errors.SYNTAX);
    }
  }
  return true;
}

function refuse(call: Call, text: string): false {
  call.reply.error(text);
  return false;
}

/** The number of the type of this name; -2, which no key has, when there is no such type. */
function typeNamed(call: Call, index: number): number {
  const wanted = call.lowerText(index);
  const type = TYPE_NAMES.findIndex((name) => name.toLowerCase() === wanted);
  return type < 0 ? -2 : type;
}

function typeAt(db: Database, address: number): number {
  return typeOf(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address)));
}

function randomKey(call: Call): void {
  const { db, reply } = call;
  let address = db.dict.random(call.server.random);
  // While the data stands still the keys that are due stay; there may be no others.
  let tries = db.keyspace.frozen ? FROZEN_TRIES : Infinity;
  while (address !== 0 && tries-- > 0 && db.expireIfDueAt(address))
    address = db.dict.random(call.server.random);
  if (address === 0) reply.null();
  else replyKey(call, address);
}
