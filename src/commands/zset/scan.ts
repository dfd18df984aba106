/** ZSCAN: small sorted sets are returned whole, large ones in hash order (see ../generic/scan.ts for what that gives). */
import { DOUBLE_TEXT_SIZE_MAX, writeDouble } from '../../base/double.ts';
import { globMatch, isMatchAll } from '../../base/glob.ts';
import { parseSafeInteger } from '../../base/int64.ts';
import { handleOf } from '../../keyspace/blob.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import { AddressList } from '../../memory/address-list.ts';
import { keyLength, keyOffset, readWord0, TYPE_ZSET } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { openLarge, scoreAt } from '../../types/zset/large.ts';
import { ZsetWalk } from '../../types/zset/walk.ts';
import { isPacked } from '../../types/zset/zset.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, keyAt, READONLY } from '../define.ts';
import { findForRead, WRONG } from '../lookup.ts';
import { readCursor } from '../scan-cursor.ts';

export const ZSCAN = defineCommand({
  name: 'ZSCAN',
  summary: 'Walks over the members of a sorted set, some at each call.',
  group: 'sorted-set',
  since: '2.8.0',
  complexity: 'O(1) for each call, O(N) for a whole walk where N is the number of members',
  arity: -3, // ZSCAN key cursor [MATCH pattern] [COUNT count]
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [
    arg.key('key'),
    arg.integer('cursor'),
    arg.pattern('pattern', { token: 'MATCH', optional: true }),
    arg.integer('count', { token: 'COUNT', optional: true }),
  ],
  tips: ['nondeterministic_output'],
  handler: zscan,
});

const COUNT_DEFAULT = 10;
/** Up to here integral scores are kept as integers in the small form. */
const INTEGER_MAX = 2 ** 62;
const KEPT_ADDRESSES_MAX = 1 << 16;

const options = { pattern: 0, count: COUNT_DEFAULT };
const walk = new ZsetWalk();
const text = new Uint8Array(DOUBLE_TEXT_SIZE_MAX);
let found = new AddressList();

function zscan(call: Call): void {
  const { reply } = call;
  const cursor = readCursor(call, 2);
  if (cursor < 0) return;
  const address = findForRead(call, 1, TYPE_ZSET);
  if (address === WRONG) return;
  if (address === 0) {
    reply.array(2);
    reply.bulkInteger(0);
    reply.array(0);
    return;
  }
  if (!readOptions(call)) return;
  if (isPacked(call.db, address)) scanPacked(call, address);
  else scanLarge(call, address, cursor);
}

function readOptions(call: Call): boolean {
  options.pattern = 0;
  options.count = COUNT_DEFAULT;
  for (let i = 3; i < call.argc; i += 2) {
    const hasValue = i + 1 < call.argc;
    if (hasValue && call.is(i, 'COUNT')) {
      options.count = parseSafeInteger(call.bytes, call.start(i + 1), call.end(i + 1));
      if (Number.isNaN(options.count)) return refuse(call, errors.NOT_INTEGER);
      if (options.count < 1) return refuse(call, errors.SYNTAX);
    } else if (hasValue && call.is(i, 'MATCH')) {
      options.pattern = isMatchAll(call.bytes, call.start(i + 1), call.end(i + 1)) ? 0 : i + 1;
    } else {
      return refuse(call, errors.SYNTAX);
    }
  }
  return true;
}

function refuse(call: Call, error: string): false {
  call.reply.error(error);
  return false;
}

function matches(call: Call, bytes: Uint8Array, start: number, end: number): boolean {
  const { pattern } = options;
  if (pattern === 0) return true;
  return globMatch(call.bytes, call.start(pattern), call.end(pattern), bytes, start, end, false);
}

function scanPacked(call: Call, address: number): void {
  const { db, reply } = call;
  let n = 0;
  for (let more = walk.open(db, address, 0, false); more; more = walk.advance()) {
    if (matches(call, walk.bytes, walk.start, walk.end)) n++;
  }
  reply.array(2);
  reply.bulkInteger(0);
  reply.array(2 * n);
  for (let more = walk.open(db, address, 0, false); more; more = walk.advance()) {
    if (!matches(call, walk.bytes, walk.start, walk.end)) continue;
    reply.bulk(walk.bytes, walk.start, walk.end);
    // An integer is kept as one, and shows all its digits.
    const isInteger = Number.isInteger(walk.score) && Math.abs(walk.score) <= INTEGER_MAX;
    reply.bulk(text, 0, writeDouble(walk.score, isInteger ? '7.2' : call.server.compat, text, 0));
  }
}

/** Where the record read last has its member. */
const member = { bytes: new Uint8Array(0) as Uint8Array, start: 0, end: 0 };

function readMember(call: Call, record: number): void {
  const { arena } = call.db;
  const segment = segmentOf(record);
  const base = byteOffsetOf(record);
  const i32 = arena.i32[segment];
  member.bytes = arena.u8[segment];
  member.start = base + keyOffset(readWord0(i32, base));
  member.end = member.start + keyLength(i32, base);
}

function scanLarge(call: Call, address: number, cursor: number): void {
  const { db, reply } = call;
  if (found.addresses.length > KEPT_ADDRESSES_MAX) found = new AddressList();
  found.clear();
  const next = openLarge(db.arena, handleOf(db, address)).table.scan(cursor, options.count, found);
  let n = 0;
  for (let i = 0; i < found.length; i++) {
    const record = found.addresses[i];
    readMember(call, record);
    if (matches(call, member.bytes, member.start, member.end)) found.addresses[n++] = record;
  }
  reply.array(2);
  reply.bulkInteger(next);
  reply.array(2 * n);
  for (let i = 0; i < n; i++) {
    readMember(call, found.addresses[i]);
    reply.bulk(member.bytes, member.start, member.end);
    // The real server prints these with 17 digits in every version.
    reply.bulk(text, 0, writeDouble(scoreAt(db.arena, found.addresses[i]), '7.0', text, 0));
  }
}
