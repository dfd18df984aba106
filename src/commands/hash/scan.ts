/**
 * HSCAN: a walk over a hash, some fields at each call. A packed hash comes whole, with cursor 0; of a table a field that is there
 * all the time comes exactly once (Dict.scan()).
 */
import { globMatch, isMatchAll } from '../../base/glob.ts';
import { parseSafeInteger } from '../../base/int64.ts';
import { handleOf } from '../../keyspace/blob.ts';
import { AddressList } from '../../memory/address-list.ts';
import * as errors from '../../resp/errors.ts';
import { attachTable, isDueField, readField, readValue, type Span } from '../../types/hash/hash-table.ts';
import { hashLength, isPacked } from '../../types/hash/hash-value.ts';
import { HashWalk } from '../../types/hash/hash-walk.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, keyAt, READONLY } from '../define.ts';
import { WRONG } from '../lookup.ts';
import { readCursor } from '../scan-cursor.ts';
import { hashForRead } from './find-hash.ts';

export const HSCAN = defineCommand({
  group: 'hash',
  name: 'HSCAN',
  summary: 'Walks over the fields of a hash, some at each call.',
  since: '2.8.0',
  complexity: 'O(1) for each call, O(N) for a whole walk where N is the number of fields',
  arity: -3, // HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [
    arg.key('key'),
    arg.integer('cursor'),
    arg.pattern('pattern', { token: 'MATCH', optional: true }),
    arg.integer('count', { token: 'COUNT', optional: true }),
  ],
  tips: ['nondeterministic_output'],
  handler: hscan,
});

const COUNT_DEFAULT = 10;
const KEPT_MAX = 1 << 16;

/** What the options say: the argument with the pattern (0: none), the count, and whether fields come alone. */
const options = { pattern: 0, count: COUNT_DEFAULT, noValues: false };

const walk = new HashWalk();
const field: Span = { bytes: new Uint8Array(0), start: 0, end: 0 };
const value: Span = { bytes: new Uint8Array(0), start: 0, end: 0 };
let found = new AddressList(64);

function hscan(call: Call): void {
  const { db, reply } = call;
  const cursor = readCursor(call, 2);
  if (cursor < 0) return;
  const address = hashForRead(call);
  if (address === WRONG) return;
  if (address === 0) {
    reply.array(2);
    reply.bulkInteger(0);
    reply.array(0);
  } else if (readOptions(call)) {
    if (isPacked(db, address)) scanPacked(call, address);
    else scanTable(call, address, cursor);
  }
}

function readOptions(call: Call): boolean {
  options.pattern = 0;
  options.count = COUNT_DEFAULT;
  options.noValues = false;
  for (let i = 3; i < call.argc; ) {
    if (call.is(i, 'NOVALUES')) {
      options.noValues = true;
      i++;
    } else if (i + 1 < call.argc && call.is(i, 'COUNT')) {
      options.count = parseSafeInteger(call.bytes, call.start(i + 1), call.end(i + 1));
      if (Number.isNaN(options.count)) return refuse(call, errors.NOT_INTEGER);
      if (options.count < 1) return refuse(call, errors.SYNTAX);
      i += 2;
    } else if (i + 1 < call.argc && call.is(i, 'MATCH')) {
      options.pattern = i + 1;
      i += 2;
    } else {
      return refuse(call, errors.SYNTAX);
    }
  }
  if (options.pattern !== 0 && isMatchAll(call.bytes, call.start(options.pattern), call.end(options.pattern)))
    options.pattern = 0;
  return true;
}

function refuse(call: Call, text: string): false {
  call.reply.error(text);
  return false;
}

function matches(call: Call, name: Span): boolean {
  const { pattern } = options;
  if (pattern === 0) return true;
  return globMatch(
    call.bytes,
    call.start(pattern),
    call.end(pattern),
    name.bytes,
    name.start,
    name.end,
    false,
  );
}

function header(call: Call, cursor: number, fields: number): void {
  call.reply.array(2);
  call.reply.bulkInteger(cursor);
  call.reply.array(options.noValues ? fields : fields * 2);
}

function scanPacked(call: Call, address: number): void {
  const { db, reply } = call;
  let count = hashLength(db, address);
  if (options.pattern !== 0) {
    count = 0;
    walk.start(db, address);
    while (walk.next()) if (matches(call, walk.field)) count++;
  }
  header(call, 0, count);
  walk.start(db, address);
  while (walk.next()) {
    if (!matches(call, walk.field)) continue;
    reply.bulk(walk.field.bytes, walk.field.start, walk.field.end);
    if (!options.noValues) reply.bulk(walk.value.bytes, walk.value.start, walk.value.end);
  }
}

function scanTable(call: Call, address: number, cursor: number): void {
  const { db, reply } = call;
  if (found.addresses.length > KEPT_MAX) found = new AddressList(64);
  found.clear();
  const next = attachTable(db.arena, handleOf(db, address)).scan(cursor, options.count, found);
  let kept = 0;
  for (let i = 0; i < found.length; i++) {
    const record = found.addresses[i];
    readField(db.arena, record, field);
    if (!isDueField(db, record) && matches(call, field)) found.addresses[kept++] = record;
  }
  header(call, next, kept);
  for (let i = 0; i < kept; i++) {
    readField(db.arena, found.addresses[i], field);
    reply.bulk(field.bytes, field.start, field.end);
    if (options.noValues) continue;
    readValue(db, found.addresses[i], value);
    reply.bulk(value.bytes, value.start, value.end);
  }
}
