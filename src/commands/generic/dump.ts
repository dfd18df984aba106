/** DUMP and RESTORE: a value as bytes, and a key of such bytes. The bytes are Redis's (../../rdb/dump.ts). */

import { parseSafeInteger } from '../../base/int64.ts';
import { Database } from '../../keyspace/database.ts';
import * as events from '../../keyspace/events.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import { writeAccess } from '../../memory/record.ts';
import { blocksChecked, dump, isPayload, payload, restore } from '../../rdb/dump.ts';
import { CorruptRdbError } from '../../rdb/reader.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { changed, deleted } from '../changed.ts';
import { ASKING, arg, DENYOOM, defineCommand, keyAt, READONLY, WRITE } from '../define.ts';
import { readTime, time } from '../expire-time.ts';

export const DUMP = defineCommand({
  name: 'DUMP',
  summary: 'Returns the value of a key as bytes that RESTORE makes a key of.',
  group: 'generic',
  since: '2.6.0',
  complexity: 'O(N) where N is the length of the value',
  arity: 2, // DUMP key
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [arg.key('key')],
  tips: ['nondeterministic_output'],
  categories: ['keyspace'],
  handler: dumpKey,
});

const RESTORE_COMMON = {
  group: 'generic',
  complexity: 'O(N) where N is the length of the value; O(N*log(N)) for a sorted set',
  arity: -4, // RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]
  keys: [keyAt(1, 'OW', 'update')],
  args: [
    arg.key('key'),
    arg.integer('ttl'),
    arg.string('serialized-value'),
    arg.token('replace', 'REPLACE', { since: '3.0.0', optional: true }),
    arg.token('absttl', 'ABSTTL', { since: '5.0.0', optional: true }),
    arg.integer('seconds', { token: 'IDLETIME', since: '5.0.0', optional: true }),
    arg.integer('frequency', { token: 'FREQ', since: '5.0.0', optional: true }),
  ],
  history: [
    ['3.0.0', 'Added the `REPLACE` modifier.'],
    ['5.0.0', 'Added the `ABSTTL` modifier.'],
    ['5.0.0', 'Added the `IDLETIME` and `FREQ` options.'],
  ],
  categories: ['keyspace', 'dangerous'],
  handler: restoreKey,
} as const;

export const RESTORE = defineCommand({
  ...RESTORE_COMMON,
  name: 'RESTORE',
  summary: 'Makes a key of bytes that DUMP returned.',
  since: '2.6.0',
  flags: WRITE | DENYOOM,
});

export const RESTORE_ASKING = defineCommand({
  ...RESTORE_COMMON,
  name: 'RESTORE-ASKING',
  group: 'server',
  summary: 'RESTORE as one node of a cluster sends it to another.',
  since: '3.0.0',
  flags: WRITE | DENYOOM | ASKING,
  docFlags: ['syscmd'],
});

const FREQUENCY_MAX = 255;

function dumpKey(call: Call): void {
  const { db, reply, server } = call;
  const address = db.findForRead(call.hash, call.bytes, call.start(1), call.end(1));
  if (address === 0) {
    reply.null();
    return;
  }
  dump(db, address, server.is72, server.config.bool('rdbcompression'));
  reply.bulk(payload.bytes, 0, payload.size);
  payload.keepSmall();
}

/** What RESTORE's options say; -1 for what is not given. */
const options = { replace: false, absolute: false, idleSeconds: -1, frequency: -1 };

function restoreKey(call: Call): void {
  const { db, bytes, reply, hash } = call;
  const error = readOptions(call);
  if (error !== null) {
    reply.error(error);
    return;
  }
  const start = call.start(1);
  const end = call.end(1);
  if (!options.replace && db.find(hash, bytes, start, end) !== 0) {
    reply.error(errors.BUSY_KEY);
    return;
  }
  const atMs = expireAt(call);
  if (atMs < 0) return;
  if (!isPayload(bytes, call.start(3), call.end(3), call.server.checksumEnabled)) {
    reply.error(errors.BAD_PAYLOAD);
    return;
  }
  const address = load(call);
  if (address === 0) return;
  const old = db.find(hash, bytes, start, end);
  if (old !== 0) db.remove(hash, old, db.keyspace.lazy.serverDelete);
  if (atMs !== 0 && atMs <= call.server.nowMs && !call.server.loading) {
    db.keyspace.lazyFree.freeRecord(address, false);
    if (old !== 0) {
      db.keyspace.dirty++;
      deleted(call, 1);
    }
    reply.ok();
    return;
  }
  db.give(hash, address);
  setAccess(call, atMs === 0 ? address : db.setExpire(hash, address, atMs));
  db.keyspace.dirty++;
  changed(call, 1, events.RESTORE);
  reply.ok();
}

function readOptions(call: Call): string | null {
  options.replace = false;
  options.absolute = false;
  options.idleSeconds = -1;
  options.frequency = -1;
  for (let i = 4; i < call.argc; i++) {
    const hasValue = i + 1 < call.argc;
    if (call.is(i, 'REPLACE')) options.replace = true;
    else if (call.is(i, 'ABSTTL')) options.absolute = true;
    else if (call.is(i, 'IDLETIME') && hasValue && options.frequency === -1) {
      options.idleSeconds = parseSafeInteger(call.bytes, call.start(++i), call.end(i));
      if (Number.isNaN(options.idleSeconds)) return errors.NOT_INTEGER;
      if (options.idleSeconds < 0) return errors.INVALID_IDLE_TIME;
    } else if (call.is(i, 'FREQ') && hasValue && options.idleSeconds === -1) {
      options.frequency = parseSafeInteger(call.bytes, call.start(++i), call.end(i));
      if (Number.isNaN(options.frequency)) return errors.NOT_INTEGER;
      if (options.frequency < 0 || options.frequency > FREQUENCY_MAX) return errors.INVALID_FREQUENCY;
    } else return errors.SYNTAX;
  }
  return null;
}

/** The absolute time in milliseconds, 0 for none; -1 after an error reply. */
function expireAt(call: Call): number {
  const ttl = parseSafeInteger(call.bytes, call.start(2), call.end(2));
  if (ttl === 0) return 0;
  if (ttl < 0) {
    call.reply.error(errors.INVALID_TTL);
    return -1;
  }
  return readTime(call, 2, 1, options.absolute) ? time.atMs : -1;
}

/** A database that nobody sees, where a value is made before the key it is to replace is touched. */
let workshop: Database | null = null;

/** The record made of the payload, in no table; 0 after an error reply. */
function load(call: Call): number {
  const { bytes, db, hash } = call;
  if (workshop?.keyspace !== db.keyspace) workshop = new Database(db.keyspace, -1);
  const key = { hash, bytes, start: call.start(1), end: call.end(1) };
  try {
    const address = restore(bytes, call.start(3), call.end(3), workshop, key);
    workshop.take(hash, address);
    return address;
  } catch (error) {
    if (!(error instanceof CorruptRdbError)) throw error;
    call.server.services.log('warning', `RESTORE: integrity check failed: ${error.message}`, true);
    call.reply.error(errors.BAD_DATA);
    return 0;
  } finally {
    call.server.stats.payloadBlocksChecked += blocksChecked();
  }
}

function setAccess({ db }: Call, address: number): void {
  const { access } = db.keyspace;
  const bits = access.given(options.idleSeconds, options.frequency);
  if (bits >= 0) writeAccess(db.arena.i32[segmentOf(address)], byteOffsetOf(address), bits);
}
