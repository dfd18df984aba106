/** BITOP: strings combined bit by bit into another; DIFF, DIFF1, ANDOR and ONE are Redis 8.2's. */

import { newUnfilled } from '../../base/bytes.ts';
import { NO_EXPIRE } from '../../keyspace/database.ts';
import * as events from '../../keyspace/events.ts';
import { AddressList } from '../../memory/address-list.ts';
import { TYPE_STRING } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { combine, DIFF, NOT, ONE } from '../../types/bitmap/combine.ts';
import { setOwnedBytes, stringSize } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { changed, deleted } from '../changed.ts';
import { arg, DENYOOM, defineCommand, keyAt, keysFrom, WRITE } from '../define.ts';
import { findForRead, WRONG } from '../lookup.ts';

export const BITOP = defineCommand({
  name: 'BITOP',
  summary: 'Combines strings bit by bit and stores what comes out in a key.',
  group: 'bitmap',
  since: '2.6.0',
  complexity: 'O(N) where N is the length of all strings',
  arity: -4, // BITOP AND|OR|XOR|NOT|DIFF|DIFF1|ANDOR|ONE destkey key [key ...]
  flags: WRITE | DENYOOM,
  keys: [keyAt(2, 'OW', 'update'), keysFrom(3, -1, 1, 'RO', 'access')],
  args: [arg.string('operation'), arg.key('destkey'), arg.key('key', { keySpec: 1, many: true })],
  handler: bitOp,
});

/** In the order of their numbers in combine.ts. */
const NAMES = ['AND', 'OR', 'XOR', 'NOT', 'DIFF', 'DIFF1', 'ANDOR', 'ONE'];

const sources = new AddressList(16);

function bitOp(call: Call): void {
  const operation = NAMES.indexOf(call.text(1).toUpperCase());
  const refusal = refusalOf(operation, call.argc - 3);
  if (refusal !== null) {
    call.reply.error(refusal);
    return;
  }
  const size = readSources(call);
  if (size === WRONG) return;
  const { db, bytes } = call;
  const hash = call.keyHash(2);
  const old = db.find(hash, bytes, call.start(2), call.end(2));
  if (size > 0) {
    storeCombined(call, operation, old, size);
    db.keyspace.dirty++;
    changed(call, 2, events.SET);
  } else if (old !== 0) {
    db.remove(hash, old, db.keyspace.lazy.serverDelete);
    db.keyspace.dirty++;
    deleted(call, 2);
  }
  call.reply.integer(size);
}

function refusalOf(operation: number, keys: number): string | null {
  if (operation < 0) return errors.SYNTAX;
  if (operation === NOT && keys !== 1) return errors.BITOP_NOT;
  return operation >= DIFF && operation !== ONE && keys < 2 ? errors.bitopTwoKeys(NAMES[operation]) : null;
}

/** Puts the strings into `sources`. Returns the longest one's size, or WRONG after an error reply. */
function readSources(call: Call): number {
  let size = 0;
  sources.clear();
  for (let i = 3; i < call.argc; i++) {
    const address = findForRead(call, i, TYPE_STRING);
    if (address === WRONG) return WRONG;
    if (address !== 0) size = Math.max(size, stringSize(call.db, address));
    sources.push(address);
  }
  return size;
}

function storeCombined(call: Call, operation: number, old: number, size: number): void {
  const { db, bytes } = call;
  const out = newUnfilled(size);
  combine(db, operation, sources, out, size);
  const hash = call.keyHash(2);
  setOwnedBytes(db, old, hash, bytes, call.start(2), call.end(2), out, NO_EXPIRE);
}
