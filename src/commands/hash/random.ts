/**
 * HRANDFIELD: fields by chance, each with the same.
 *
 * One field, or -count of them with repetition: draws from the table (or a place in the listpack). `count` different ones: draws until
 * there are so many when that is a small part of all, else a list of all records, four bytes each, of which the first `count` are
 * exchanged for random ones. With fields that are due and not removed yet, always by the list, which leaves them out.
 */
import { int64, parseSafeInteger } from '../../base/int64.ts';
import { blob, handleOf, openBlob } from '../../keyspace/blob.ts';
import { AddressList } from '../../memory/address-list.ts';
import * as listpack from '../../memory/listpack.ts';
import * as errors from '../../resp/errors.ts';
import { attachTable, readField, readValue, type Span } from '../../types/hash/hash-table.ts';
import { hasDueFields, hashLength, isPacked } from '../../types/hash/hash-value.ts';
import { HashWalk } from '../../types/hash/hash-walk.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, keyAt, READONLY } from '../define.ts';
import { WRONG } from '../lookup.ts';
import { isLeaving } from '../session.ts';
import { hashForRead } from './find-hash.ts';

export const HRANDFIELD = defineCommand({
  group: 'hash',
  name: 'HRANDFIELD',
  summary: 'Returns fields of a hash by chance.',
  since: '6.2.0',
  complexity: 'O(N) where N is the number of fields returned',
  arity: -2, // HRANDFIELD key [count [WITHVALUES]]
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [
    arg.key('key'),
    arg.block('options', [arg.integer('count'), arg.token('withvalues', 'WITHVALUES', { optional: true })], {
      optional: true,
    }),
  ],
  tips: ['nondeterministic_output'],
  handler: hrandfield,
});

const INT32_MIN = -0x80000000;
const HALF = 0x40000000;
/** Draws without a list only while at least so many are there for each that is wanted. */
const SPARSE = 16;
/** A list that has grown beyond this is not kept for the next call. */
const KEPT_MAX = 1 << 16;

const walk = new HashWalk();
const field: Span = { bytes: new Uint8Array(0), start: 0, end: 0 };
const value: Span = { bytes: new Uint8Array(0), start: 0, end: 0 };
/** Where the fields are: addresses of records, or offsets in the listpack. */
let places = new AddressList(256);

function hrandfield(call: Call): void {
  if (call.argc > 2) {
    randomFields(call);
    return;
  }
  const address = hashForRead(call);
  if (address === WRONG) return;
  const source = address === 0 ? 0 : open(call, address, false);
  if (source === 0) call.reply.null();
  else replyPlace(call, draw(call), false);
}

function randomFields(call: Call): void {
  const { reply } = call;
  const count = parseSafeInteger(call.bytes, call.start(2), call.end(2));
  const { hi, lo } = int64;
  if (Number.isNaN(count) || (hi === INT32_MIN && lo === 0)) {
    reply.error(Number.isNaN(count) ? errors.NOT_INTEGER : errors.LONG_RANGE);
    return;
  }
  if (call.argc > 4 || (call.argc === 4 && !call.is(3, 'WITHVALUES'))) {
    reply.error(errors.SYNTAX);
    return;
  }
  const withValues = call.argc === 4;
  if (withValues && isAboveHalf(hi, lo)) {
    reply.error(errors.OUT_OF_RANGE);
    return;
  }
  const address = hashForRead(call);
  if (address === WRONG) return;
  if (address === 0 || count === 0) reply.array(0);
  else if (count < 0) repeatedly(call, address, -count, withValues);
  else differently(call, address, count, withValues);
}

/** Whether the int64 is above half of what an int64 can be: twice as many replies could not be counted. */
function isAboveHalf(hi: number, lo: number): boolean {
  return hi >= HALF || hi < -HALF || (hi === -HALF && lo === 0);
}

function repeatedly(call: Call, address: number, count: number, withValues: boolean): void {
  if (open(call, address, isPacked(call.db, address)) === 0) {
    call.reply.array(0);
    return;
  }
  header(call, count, withValues);
  for (let i = 0; i < count && !isLeaving(call.session); i++) replyPlace(call, draw(call), withValues);
}

function differently(call: Call, address: number, count: number, withValues: boolean): void {
  const { db, server } = call;
  const sparse =
    !isPacked(db, address) && !hasDueFields(db, address) && count * SPARSE < hashLength(db, address);
  const length = open(call, address, !sparse);
  if (sparse) {
    drawDifferent(call, count, withValues);
    return;
  }
  const wanted = Math.min(count, length);
  header(call, wanted, withValues);
  const { addresses } = places;
  for (let i = 0; i < wanted; i++) {
    const j = wanted === length ? i : i + server.random.below(length - i);
    const place = addresses[j];
    addresses[j] = addresses[i];
    addresses[i] = place;
    replyPlace(call, place, withValues);
  }
  closePlaces();
}

/** A few of very many. The set has at most a sixteenth of the fields, and lives as long as the call. */
function drawDifferent(call: Call, count: number, withValues: boolean): void {
  const seen = new Set<number>();
  header(call, count, withValues);
  while (seen.size < count) {
    const place = draw(call);
    if (seen.has(place)) continue;
    seen.add(place);
    replyPlace(call, place, withValues);
  }
}

// --- where fields are drawn from --------------------------------------------------------------------

/** What draw() draws from: the list, a listpack of so many fields, or a table. */
const source = {
  listed: false,
  packed: false,
  fields: 0,
  u8: new Uint8Array(0) as Uint8Array,
  start: 0,
  handle: 0,
};

/** Prepares draw() and replyPlace() for a hash; lists its fields when `listed`, or when some are due. Returns how many there are. */
function open(call: Call, address: number, listed: boolean): number {
  const { db } = call;
  source.packed = isPacked(db, address);
  source.listed = listed || hasDueFields(db, address);
  source.fields = hashLength(db, address);
  if (source.packed) {
    openBlob(db, address);
    source.u8 = blob.u8;
    source.start = blob.start;
  } else {
    source.handle = handleOf(db, address);
  }
  if (source.listed) source.fields = listPlaces(call, address);
  return source.fields;
}

function listPlaces(call: Call, address: number): number {
  places.clear();
  if (source.packed) {
    const { u8, start } = source;
    for (let at = listpack.first(u8, start); at >= 0; at = listpack.next(u8, listpack.next(u8, at)))
      places.push(at);
  } else {
    walk.start(call.db, address, true);
    while (walk.next()) places.push(walk.record);
  }
  return places.length;
}

function closePlaces(): void {
  if (places.addresses.length > KEPT_MAX) places = new AddressList(256);
}

function draw(call: Call): number {
  const { random } = call.server;
  if (source.listed) return places.addresses[random.below(source.fields)];
  if (source.packed) return listpack.seek(source.u8, source.start, random.below(source.fields) * 2);
  return attachTable(call.db.arena, source.handle).random(random);
}

// --- replies ----------------------------------------------------------------------------------------

/** RESP3 has the pairs as arrays of two; RESP2 all in one row. */
function header(call: Call, count: number, withValues: boolean): void {
  call.reply.array(withValues && call.reply.resp !== 3 ? count * 2 : count);
}

function replyPlace(call: Call, place: number, withValues: boolean): void {
  const { db, reply } = call;
  if (withValues && reply.resp === 3) reply.array(2);
  if (source.packed) {
    replyElement(call, place);
    if (withValues) replyElement(call, listpack.next(source.u8, place));
    return;
  }
  readField(db.arena, place, field);
  reply.bulk(field.bytes, field.start, field.end);
  if (!withValues) return;
  readValue(db, place, value);
  reply.bulk(value.bytes, value.start, value.end);
}

function replyElement(call: Call, element: number): void {
  listpack.read(source.u8, element);
  const { text } = listpack;
  call.reply.bulk(text.bytes, text.start, text.end);
}
