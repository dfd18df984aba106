/** SETBIT and GETBIT: one bit of a string. */

import { parseSafeInteger } from '../../base/int64.ts';
import * as events from '../../keyspace/events.ts';
import { TYPE_STRING } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { growString, newZeros, readString, stringSize, view } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, keyAt, READONLY, WRITE } from '../define.ts';
import { findForRead, findForWrite, WRONG } from '../lookup.ts';
import { readOffset } from './offset.ts';

export const SETBIT = defineCommand({
  name: 'SETBIT',
  summary:
    'Sets or clears a bit of the string value of a key, which grows with zero bytes where it is too short.',
  group: 'bitmap',
  since: '2.2.0',
  complexity: 'O(1), and O(N) for N zero bytes that are added',
  arity: 4, // SETBIT key offset value
  flags: WRITE | DENYOOM,
  keys: [keyAt(1, 'RW', 'access', 'update')],
  args: [arg.key('key'), arg.integer('offset'), arg.integer('value')],
  handler: setBit,
});

export const GETBIT = defineCommand({
  name: 'GETBIT',
  summary: 'Returns a bit of the string value of a key; 0 behind its end.',
  group: 'bitmap',
  since: '2.2.0',
  complexity: 'O(1)',
  arity: 3, // GETBIT key offset
  flags: READONLY | FAST,
  keys: [keyAt(1, 'RO', 'access')],
  args: [arg.key('key'), arg.integer('offset')],
  handler: getBit,
});

/** Whether openForBits() has made the key or made it longer. */
export const opened = { grown: false };

/**
 * Makes the string of argument 1 long enough for bit `offset`, creating it where it is not there, in a form that can be changed in
 * place; `view` is at it. `address` is what was found.
 */
export function openForBits(call: Call, address: number, offset: number): void {
  const { db, bytes } = call;
  const size = Math.floor(offset / 8) + 1;
  const before = address === 0 ? 0 : stringSize(db, address);
  opened.grown = size > before;
  if (address === 0) newZeros(db, call.keyHash(1), bytes, call.start(1), call.end(1), size);
  else growString(db, address, call.keyHash(1), Math.max(size, before));
}

function setBit(call: Call): void {
  const offset = readOffset(call, 2, 0);
  if (offset < 0) return;
  const bit = parseSafeInteger(call.bytes, call.start(3), call.end(3));
  if (bit !== 0 && bit !== 1) {
    call.reply.error(errors.BIT_VALUE);
    return;
  }
  const address = findForWrite(call, 1, TYPE_STRING);
  if (address === WRONG) return;
  openForBits(call, address, offset);
  const at = view.start + Math.floor(offset / 8);
  const shift = 7 - (offset & 7);
  const before = (view.bytes[at] >>> shift) & 1;
  view.bytes[at] = (view.bytes[at] & ~(1 << shift)) | (bit << shift);
  if (opened.grown || before !== bit) {
    call.db.keyspace.dirty++;
    changed(call, 1, events.SETBIT);
  }
  call.reply.integer(before);
}

function getBit(call: Call): void {
  const offset = readOffset(call, 2, 0);
  if (offset < 0) return;
  const address = findForRead(call, 1, TYPE_STRING);
  if (address === WRONG) return;
  let bit = 0;
  if (address !== 0) {
    readString(call.db, address);
    const at = view.start + Math.floor(offset / 8);
    if (at < view.end) bit = (view.bytes[at] >>> (7 - (offset & 7))) & 1;
  }
  call.reply.integer(bit);
}
