/**
 * Compare and delete, and the digest to compare by: DELEX and DIGEST (Redis 8.4), DELIFEQ (Valkey 9.0). With SET's
 * IFEQ family (set.ts) they make a lock or an optimistic update without a transaction.
 */

import * as errors from '../../resp/errors.ts';
import { digestHex } from '../../types/string/digest.ts';
import { isString, readString, view } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { deleted } from '../changed.ts';
import { arg, defineCommand, FAST, keyAt, READONLY, WRITE } from '../define.ts';
import { comparisonHolds, isComparable, valueEquals } from './compare.ts';
import { ALWAYS, comparisonNamed } from './set-options.ts';

export const DELEX = defineCommand({
  name: 'DELEX',
  summary: 'Deletes a key if its string value, or the digest of it, compares as asked.',
  group: 'string',
  since: '8.4.0',
  complexity: 'O(1) for IFEQ and IFNE, O(N) for IFDEQ and IFDNE where N is the length of the string',
  arity: -2, // DELEX key [IFEQ value|IFNE value|IFDEQ digest|IFDNE digest]
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'delete', 'variable_flags')],
  args: [
    arg.key('key'),
    arg.oneOf(
      'condition',
      [
        arg.string('ifeq-value', { token: 'IFEQ' }),
        arg.string('ifne-value', { token: 'IFNE' }),
        arg.string('ifdeq-digest', { token: 'IFDEQ' }),
        arg.string('ifdne-digest', { token: 'IFDNE' }),
      ],
      { optional: true },
    ),
  ],
  origin: 'redis 8.4',
  handler: delEx,
});

export const DELIFEQ = defineCommand({
  name: 'DELIFEQ',
  summary: 'Deletes a key if its string value is the one given.',
  group: 'string',
  since: '9.0.0',
  complexity: 'O(1)',
  arity: 3, // DELIFEQ key value
  flags: WRITE,
  keys: [keyAt(1, 'RM', 'access', 'delete')],
  args: [arg.key('key'), arg.string('value')],
  origin: 'valkey 9.0',
  handler: delIfEq,
});

export const DIGEST = defineCommand({
  name: 'DIGEST',
  summary: 'Returns the XXH3 digest of the string value of a key, as 16 hexadecimal digits.',
  group: 'string',
  since: '8.4.0',
  complexity: 'O(N) where N is the length of the string',
  arity: 2, // DIGEST key
  flags: READONLY | FAST,
  keys: [keyAt(1, 'RO', 'access')],
  args: [arg.key('key')],
  origin: 'redis 8.4',
  handler: digest,
});

function delEx(call: Call): void {
  const { db, reply } = call;
  if (call.argc !== 2 && call.argc !== 4) {
    reply.error(errors.wrongArity(call.command.fullName));
    return;
  }
  const address = db.findForWrite(call.hash, call.bytes, call.start(1), call.end(1));
  if (address === 0) reply.integer(0);
  else if (call.argc === 2) remove(call, address);
  else if (!isString(db, address)) reply.error(errors.DELEX_TYPE);
  else removeIf(call, address);
}

function removeIf(call: Call, address: number): void {
  const condition = comparisonNamed(call, 2);
  if (condition === ALWAYS) call.reply.error(errors.DELEX_CONDITION);
  else if (!isComparable(call, condition, 3)) return;
  else if (comparisonHolds(call, address, condition, 3)) remove(call, address);
  else call.reply.integer(0);
}

function delIfEq(call: Call): void {
  const { db, reply } = call;
  const address = db.findForWrite(call.hash, call.bytes, call.start(1), call.end(1));
  if (address === 0) reply.integer(0);
  else if (!isString(db, address)) reply.error(errors.WRONG_TYPE);
  else if (valueEquals(call, address, 2)) remove(call, address);
  else reply.integer(0);
}

function remove(call: Call, address: number): void {
  const { db } = call;
  db.remove(call.hash, address, db.keyspace.lazy.userDelete);
  db.keyspace.dirty++;
  deleted(call, 1);
  call.reply.integer(1);
}

function digest(call: Call): void {
  const { db, reply } = call;
  const address = db.findForRead(call.hash, call.bytes, call.start(1), call.end(1));
  if (address === 0) {
    reply.null();
  } else if (isString(db, address)) {
    readString(db, address);
    reply.bulkText(digestHex(view.bytes, view.start, view.end));
  } else {
    reply.error(errors.WRONG_TYPE);
  }
}
