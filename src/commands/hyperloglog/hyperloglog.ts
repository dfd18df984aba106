/** PFADD, PFCOUNT and PFMERGE: counting different elements, about, in 12 KB. */

import { copyBytes } from '../../base/bytes.ts';
import * as events from '../../keyspace/events.ts';
import { TYPE_STRING } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import {
  beginSketch,
  CHANGED,
  CORRUPT,
  cachedCardinality,
  countElements,
  countMerged,
  DENSE,
  encodingOf,
  forgetCardinality,
  isHyperLogLog,
  loadSketch,
  makeDense,
  mark,
  markOf,
  merged,
  mergeRegisters,
  setDense,
  setInSketch,
  sketch,
  storeCardinality,
  storeMerged,
  UNCHANGED,
} from '../../types/hyperloglog/hyperloglog.ts';
import { growString, newZeros, readString, stringSize, view } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import {
  arg,
  DENYOOM,
  defineCommand,
  FAST,
  keyAt,
  keysFrom,
  MAY_REPLICATE,
  READONLY,
  WRITE,
} from '../define.ts';
import { findForRead, findForWrite, WRONG } from '../lookup.ts';

export const PFADD = defineCommand({
  name: 'PFADD',
  summary: 'Has a HyperLogLog count elements; creates it if it does not exist.',
  group: 'hyperloglog',
  since: '2.8.9',
  complexity: 'O(1) for each element',
  arity: -2, // PFADD key [element ...]
  flags: WRITE | DENYOOM | FAST,
  keys: [keyAt(1, 'RW', 'insert')],
  args: [arg.key('key'), arg.string('element', { optional: true, many: true })],
  handler: pfAdd,
});

export const PFCOUNT = defineCommand({
  name: 'PFCOUNT',
  summary: 'Returns about how many different elements HyperLogLogs have counted, all together.',
  group: 'hyperloglog',
  since: '2.8.9',
  complexity: 'O(1) for one key, and mostly at once; O(N) with a large constant for N keys',
  arity: -2, // PFCOUNT key [key ...]
  flags: READONLY | MAY_REPLICATE,
  keys: [
    {
      ...keysFrom(1, -1, 1, 'RW', 'access'),
      notes: 'RW because it may change the internal representation of the key, and propagate to replicas',
    },
  ],
  args: [arg.key('key', { many: true })],
  handler: pfCount,
});

export const PFMERGE = defineCommand({
  name: 'PFMERGE',
  summary: 'Makes a HyperLogLog one that has counted what several others have.',
  group: 'hyperloglog',
  since: '2.8.9',
  complexity: 'O(N) with a large constant for N keys',
  arity: -2, // PFMERGE destkey [sourcekey ...]
  flags: WRITE | DENYOOM,
  keys: [keyAt(1, 'RW', 'access', 'insert'), keysFrom(2, -1, 1, 'RO', 'access')],
  args: [arg.key('destkey'), arg.key('sourcekey', { keySpec: 1, many: true })],
  handler: pfMerge,
});

/** Points `view` at the HyperLogLog; false after an error reply when the string is none. */
export function readHyperLogLog(call: Call, address: number): boolean {
  readString(call.db, address);
  if (isHyperLogLog(view.bytes, view.start, view.end)) return true;
  call.reply.error(errors.NOT_HYPERLOGLOG);
  return false;
}

/** Points `view` at the HyperLogLog of argument `index` in a form that can be changed in place. Returns where its record is. */
export function openInPlace(call: Call, index: number, address: number): number {
  return growString(call.db, address, call.keyHash(index), stringSize(call.db, address));
}

/** Stores `sketch` in the key of argument `index`, whose record is `address`, 0 for none. The time to live stays. `view` is at it. */
export function storeSketch(call: Call, index: number, address: number): void {
  const { db, bytes } = call;
  const hash = call.keyHash(index);
  if (address === 0) newZeros(db, hash, bytes, call.start(index), call.end(index), sketch.size);
  else growString(db, address, hash, sketch.size);
  copyBytes(sketch.bytes, 0, sketch.size, view.bytes, view.start);
}

/** Makes `sketch` a copy of what `view` is at; false after an error reply when it cannot be right. */
export function loadView(call: Call): boolean {
  if (loadSketch(view.bytes, view.start, view.end)) return true;
  call.reply.error(errors.CORRUPT_HYPERLOGLOG);
  return false;
}

function pfAdd(call: Call): void {
  const address = findForWrite(call, 1, TYPE_STRING);
  if (address === WRONG || (address !== 0 && !readHyperLogLog(call, address))) return;
  const isDense = address !== 0 && encodingOf(view.bytes, view.start) === DENSE;
  const updated = isDense ? addToDense(call, address) : addToSparse(call, address);
  if (updated < 0) return;
  call.db.keyspace.dirty += updated;
  if (updated > 0) changed(call, 1, events.PFADD);
  call.reply.integer(updated > 0 ? 1 : 0);
}

/** Counts the elements in a dense one. Returns how many made a difference. */
function addToDense(call: Call, address: number): number {
  openInPlace(call, 1, address);
  const { bytes, start } = view;
  let updated = 0;
  for (let i = 2; i < call.argc; i++) {
    markOf(call.bytes, call.start(i), call.end(i));
    if (setDense(bytes, start, mark.index, mark.count)) updated++;
  }
  if (updated > 0) forgetCardinality(bytes, start);
  return updated;
}

/**
 * Counts the elements in a sparse or a new one, in a copy. Returns how many made a difference, a new key being one; -1 after an error
 * reply. As in Redis, what was counted before an element that met a wrong run stays.
 */
function addToSparse(call: Call, address: number): number {
  const { hllSparseBytes } = call.db.keyspace.packing;
  let updated = 0;
  let outcome = UNCHANGED;
  if (address === 0) {
    beginSketch();
    updated++;
  } else if (!loadView(call)) {
    return -1;
  }
  for (let i = 2; i < call.argc && outcome !== CORRUPT; i++) {
    markOf(call.bytes, call.start(i), call.end(i));
    outcome = setInSketch(mark.index, mark.count, hllSparseBytes);
    if (outcome === CHANGED) updated++;
  }
  if (updated > 0) storeSketch(call, 1, address);
  else openInPlace(call, 1, address);
  if (outcome === CORRUPT) {
    call.reply.error(errors.CORRUPT_HYPERLOGLOG);
    return -1;
  }
  if (updated > 0) forgetCardinality(view.bytes, view.start);
  return updated;
}

function pfCount(call: Call): void {
  if (call.argc === 2) countOne(call);
  else countAll(call);
}

/** The number is kept in the header until something changes it. */
function countOne(call: Call): void {
  const { reply } = call;
  const address = findForRead(call, 1, TYPE_STRING);
  if (address === WRONG) return;
  if (address === 0) {
    reply.integer(0);
    return;
  }
  call.db.keep(address);
  if (!readHyperLogLog(call, address)) return;
  openInPlace(call, 1, address);
  let cardinality = cachedCardinality(view.bytes, view.start);
  if (cardinality < 0) {
    cardinality = countElements(view.bytes, view.start, view.end);
    if (cardinality < 0) {
      reply.error(errors.CORRUPT_HYPERLOGLOG);
      return;
    }
    storeCardinality(view.bytes, view.start, cardinality);
    call.db.keyspace.dirty++;
    call.log?.asItCame(call);
    changed(call, 1, events.SILENT);
  }
  reply.integer(cardinality);
}

function countAll(call: Call): void {
  merged.fill(0);
  for (let i = 1; i < call.argc; i++) if (mergeArgument(call, i) < 0) return;
  call.reply.integer(countMerged());
}

/** Merges the HyperLogLog of argument `index`. Returns its encoding or, where there is none, 1 more than any has; -1 after an error reply. */
function mergeArgument(call: Call, index: number): number {
  const address = findForRead(call, index, TYPE_STRING);
  if (address === 0) return NO_KEY;
  if (address === WRONG || !readHyperLogLog(call, address)) return -1;
  if (mergeRegisters(view.bytes, view.start, view.end)) return encodingOf(view.bytes, view.start);
  call.reply.error(errors.CORRUPT_HYPERLOGLOG);
  return -1;
}

const NO_KEY = 2;

function pfMerge(call: Call): void {
  const { db, reply } = call;
  let anyDense = false;
  merged.fill(0);
  for (let i = 1; i < call.argc; i++) {
    const encoding = mergeArgument(call, i);
    if (encoding < 0) return;
    if (encoding === DENSE) anyDense = true;
  }
  const address = db.findForWrite(call.keyHash(1), call.bytes, call.start(1), call.end(1));
  if (address === 0) beginSketch();
  else if (!readHyperLogLog(call, address) || !loadView(call)) return;
  if (anyDense) makeDense();
  storeMerged(db.keyspace.packing.hllSparseBytes);
  forgetCardinality(sketch.bytes, 0);
  storeSketch(call, 1, address);
  db.keyspace.dirty++;
  changed(call, 1, events.PFADD);
  reply.ok();
}
