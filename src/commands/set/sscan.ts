/** SSCAN: a packed set is returned whole, a table some members at each call, by a cursor as SCAN's (../generic/scan.ts). */
import { globMatch, isMatchAll } from '../../base/glob.ts';
import { parseSafeInteger } from '../../base/int64.ts';
import { handleOf } from '../../keyspace/blob.ts';
import { AddressList } from '../../memory/address-list.ts';
import { ENCODING_HT, TYPE_SET } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { member, needText } from '../../types/set/member.ts';
import { attachTable, setEncoding } from '../../types/set/set-value.ts';
import { SetWalk } from '../../types/set/walk.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, keyAt, READONLY } from '../define.ts';
import { findForRead, WRONG } from '../lookup.ts';
import { readCursor } from '../scan-cursor.ts';
import { replyMember } from './reply.ts';

export const SSCAN = defineCommand({
  name: 'SSCAN',
  summary: 'Walks over the members of a set, some at each call.',
  group: 'set',
  since: '2.8.0',
  complexity: 'O(1) for each call, O(N) for a whole walk where N is the number of members',
  arity: -3, // SSCAN key cursor [MATCH pattern] [COUNT count]
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [
    arg.key('key'),
    arg.integer('cursor'),
    arg.pattern('pattern', { token: 'MATCH', optional: true }),
    arg.integer('count', { token: 'COUNT', optional: true }),
  ],
  tips: ['nondeterministic_output'],
  handler: sscan,
});

const COUNT_DEFAULT = 10;
/** A list that has grown beyond this is not kept for the next call. */
const KEPT_MAX = 1 << 16;

const walk = new SetWalk();
/** Positions of the members to reply. */
let found = new AddressList(64);
/** What the options say: the argument of the pattern (0: none), and the count. */
const options = { pattern: 0, count: COUNT_DEFAULT };

function sscan(call: Call): void {
  const { db, reply } = call;
  const cursor = readCursor(call, 2);
  if (cursor < 0) return;
  const address = findForRead(call, 1, TYPE_SET);
  if (address === WRONG) return;
  if (address === 0) {
    reply.array(2);
    reply.bulkInteger(0);
    reply.array(0);
    return;
  }
  if (!readScanOptions(call)) return;
  if (found.addresses.length > KEPT_MAX) found = new AddressList(64);
  found.clear();
  let next = 0;
  walk.open(db, address);
  if (setEncoding(db, address) === ENCODING_HT) {
    next = attachTable(db.arena, handleOf(db, address)).scan(cursor, options.count, found);
  } else {
    while (walk.next()) found.push(walk.position);
  }
  keepMatching(call);
  reply.array(2);
  reply.bulkInteger(next);
  reply.array(found.length);
  for (let i = 0; i < found.length; i++) {
    walk.read(found.addresses[i]);
    replyMember(reply);
  }
}

/** Drops what the pattern does not match. */
function keepMatching(call: Call): void {
  if (options.pattern === 0) return;
  const start = call.start(options.pattern);
  const end = call.end(options.pattern);
  let kept = 0;
  for (let i = 0; i < found.length; i++) {
    walk.read(found.addresses[i]);
    needText();
    if (globMatch(call.bytes, start, end, member.bytes, member.start, member.end, false)) {
      found.addresses[kept++] = found.addresses[i];
    }
  }
  found.length = kept;
}

/** Reads what follows the cursor; false after an error reply. */
function readScanOptions(call: Call): boolean {
  options.pattern = 0;
  options.count = COUNT_DEFAULT;
  for (let i = 3; i < call.argc; i += 2) {
    if (i + 1 === call.argc) return refuse(call, errors.SYNTAX);
    if (call.is(i, 'COUNT')) {
      options.count = parseSafeInteger(call.bytes, call.start(i + 1), call.end(i + 1));
      if (Number.isNaN(options.count)) return refuse(call, errors.NOT_INTEGER);
      if (options.count < 1) return refuse(call, errors.SYNTAX);
    } else if (call.is(i, 'MATCH')) {
      const isAll = isMatchAll(call.bytes, call.start(i + 1), call.end(i + 1));
      options.pattern = isAll ? 0 : i + 1;
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
