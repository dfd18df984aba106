/** BF.RESERVE, BF.ADD, BF.MADD and BF.INSERT. */

import { parseDouble } from '../../base/double.ts';
import { parseSafeInteger } from '../../base/int64.ts';
import * as events from '../../keyspace/events.ts';
import * as errors from '../../resp/errors.ts';
import { ADDED, addItem, FULL, NO_ROOM } from '../../types/bloom/chain.ts';
import { setItem } from '../../types/bloom/item.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, keyAt, WRITE } from '../define.ts';
import { WRONG } from '../lookup.ts';
import {
  CANNOT_GROW,
  CAPACITY_MAX,
  chainForWrite,
  createFilter,
  DEFAULT_WISH,
  EXISTS,
  EXPANSION_MAX,
  FILTER_FULL,
  NONE,
  NOT_FOUND,
  type Wish,
} from './filter.ts';

const BAD_ERROR = 'ERR bad error rate';
const ERROR_RANGE = 'ERR error rate must be in the range (0.000000, 1.000000)';
const BAD_CAPACITY = 'ERR bad capacity';
const CAPACITY_RANGE = `ERR capacity must be in the range [1, ${CAPACITY_MAX}]`;
const NO_EXPANSION = 'ERR no expansion';
const BAD_EXPANSION = 'ERR bad expansion';
const EXPANSION_RANGE = `ERR expansion must be in the range [0, ${EXPANSION_MAX}]`;
const CANNOT_EXPAND = 'Nonscaling filters cannot expand';
const INSERT_BAD_ERROR = 'Bad error rate';
const INSERT_BAD_CAPACITY = 'Bad capacity';
const INSERT_BAD_EXPANSION = 'Bad expansion';
const UNKNOWN_ARGUMENT = 'Unknown argument received';

const COMMON = {
  group: 'module',
  flags: WRITE | DENYOOM,
  keys: [keyAt(1, 'RW')],
  origin: 'redisbloom 2.0',
} as const;
const ITEM_COMPLEXITY = 'O(K) for each item, where K is the number of hashes of all sub-filters together';

export const BF_RESERVE = defineCommand({
  ...COMMON,
  name: 'BF.RESERVE',
  summary: 'Creates an empty Bloom filter.',
  since: '1.0.0',
  complexity: 'O(N) where N is the size of the filter',
  arity: -4, // BF.RESERVE key error_rate capacity [EXPANSION expansion] [NONSCALING]
  args: [
    arg.key('key'),
    arg.double('error_rate'),
    arg.integer('capacity'),
    arg.integer('expansion', { token: 'EXPANSION', optional: true }),
    arg.token('nonscaling', 'NONSCALING', { optional: true }),
  ],
  handler: reserve,
});

export const BF_ADD = defineCommand({
  ...COMMON,
  name: 'BF.ADD',
  summary: 'Adds an item to a Bloom filter; creates the filter if it does not exist.',
  since: '1.0.0',
  complexity: ITEM_COMPLEXITY,
  arity: 3, // BF.ADD key item
  args: [arg.key('key'), arg.string('item')],
  handler: add,
});

export const BF_MADD = defineCommand({
  ...COMMON,
  name: 'BF.MADD',
  summary: 'Adds items to a Bloom filter; creates the filter if it does not exist.',
  since: '1.0.0',
  complexity: ITEM_COMPLEXITY,
  arity: -3, // BF.MADD key item [item ...]
  args: [arg.key('key'), arg.string('item', { many: true })],
  handler: (call) => insertItems(call, 2, DEFAULT_WISH, true),
});

export const BF_INSERT = defineCommand({
  ...COMMON,
  name: 'BF.INSERT',
  summary: 'Adds items to a Bloom filter; creates one as wanted if it does not exist.',
  since: '1.0.0',
  complexity: ITEM_COMPLEXITY,
  arity: -4, // BF.INSERT key [CAPACITY n] [ERROR rate] [EXPANSION n] [NOCREATE] [NONSCALING] ITEMS item [item ...]
  args: [
    arg.key('key'),
    arg.integer('capacity', { token: 'CAPACITY', optional: true }),
    arg.double('error', { token: 'ERROR', optional: true }),
    arg.integer('expansion', { token: 'EXPANSION', optional: true }),
    arg.token('nocreate', 'NOCREATE', { optional: true }),
    arg.token('nonscaling', 'NONSCALING', { optional: true }),
    arg.token('items', 'ITEMS'),
    arg.string('item', { many: true }),
  ],
  handler: insert,
});

const integerAt = (call: Call, index: number): number =>
  parseSafeInteger(call.bytes, call.start(index), call.end(index));
const doubleAt = (call: Call, index: number): number =>
  parseDouble(call.bytes, call.start(index), call.end(index));
const isRate = (rate: number): boolean => rate > 0 && rate < 1;
const isCapacity = (n: number): boolean => n >= 1 && n <= CAPACITY_MAX;
const isExpansion = (n: number): boolean => n >= 0 && n <= EXPANSION_MAX;

const ARGC_MAX = 7;

function reserve(call: Call): void {
  const { reply } = call;
  if (call.argc > ARGC_MAX) {
    reply.error(errors.wrongArity('bf.reserve'));
    return;
  }
  const wish = { ...DEFAULT_WISH };
  const refusal = readReservation(call, wish);
  if (refusal !== null) {
    reply.error(refusal);
    return;
  }
  const chain = chainForWrite(call);
  if (chain === WRONG) return;
  if (chain !== NONE) {
    reply.error(EXISTS);
    return;
  }
  if (createFilter(call, wish) === WRONG) return;
  call.db.keyspace.dirty++;
  changed(call, 1, events.SILENT);
  reply.ok();
}

/** Fills `wish` with what BF.RESERVE says. Returns the error text, or null. What is no option is not looked at. */
function readReservation(call: Call, wish: Wish): string | null {
  wish.error = doubleAt(call, 2);
  if (Number.isNaN(wish.error)) return BAD_ERROR;
  if (!isRate(wish.error)) return ERROR_RANGE;
  wish.capacity = integerAt(call, 3);
  if (Number.isNaN(wish.capacity)) return BAD_CAPACITY;
  if (!isCapacity(wish.capacity)) return CAPACITY_RANGE;
  let expansion = 0;
  for (let i = call.argc - 1; i >= 4; i--) {
    if (call.is(i, 'NONSCALING')) wish.isScaling = false;
    else if (call.is(i, 'EXPANSION')) expansion = i + 1;
  }
  if (expansion === 0) return null;
  if (expansion === call.argc) return NO_EXPANSION;
  wish.expansion = integerAt(call, expansion);
  if (Number.isNaN(wish.expansion)) return BAD_EXPANSION;
  if (wish.expansion !== 0 && !wish.isScaling) return CANNOT_EXPAND;
  if (!isExpansion(wish.expansion)) return EXPANSION_RANGE;
  wish.isScaling = wish.expansion !== 0;
  return null;
}

function insert(call: Call): void {
  const wish = { ...DEFAULT_WISH };
  let creates = true;
  let i = 2;
  for (; i < call.argc && !call.is(i, 'ITEMS'); i++) {
    if (call.is(i, 'NOCREATE')) creates = false;
    else if (call.is(i, 'NONSCALING')) wish.isScaling = false;
    else {
      const refusal = readValueOption(call, i++, wish);
      if (refusal !== null) {
        call.reply.error(refusal);
        return;
      }
    }
  }
  if (i + 1 >= call.argc) call.reply.error(errors.wrongArity('bf.insert'));
  else insertItems(call, i + 1, wish, creates);
}

/** Reads an option of BF.INSERT that has a value into `wish`. Returns the error text, or null. */
function readValueOption(call: Call, i: number, wish: Wish): string | null {
  const isError = call.is(i, 'ERROR');
  const isCapacityOption = call.is(i, 'CAPACITY');
  if (!isError && !isCapacityOption && !call.is(i, 'EXPANSION')) return UNKNOWN_ARGUMENT;
  if (i + 1 === call.argc) return errors.wrongArity('bf.insert');
  if (isError) {
    wish.error = doubleAt(call, i + 1);
    return isRate(wish.error) ? null : INSERT_BAD_ERROR;
  }
  const value = integerAt(call, i + 1);
  if (isCapacityOption) {
    wish.capacity = value;
    return isCapacity(value) ? null : INSERT_BAD_CAPACITY;
  }
  wish.expansion = value;
  if (value === 0) wish.isScaling = false;
  return isExpansion(value) ? null : INSERT_BAD_EXPANSION;
}

/** The filter that items go to, made if need be; WRONG after an error reply. */
function chainToFill(call: Call, wish: Readonly<Wish>, creates: boolean): number {
  const chain = chainForWrite(call);
  if (chain !== NONE) return chain;
  if (!creates) {
    call.reply.error(NOT_FOUND);
    return WRONG;
  }
  const made = createFilter(call, wish);
  if (made === WRONG) return WRONG;
  call.db.keyspace.dirty++;
  changed(call, 1, events.SILENT);
  return made;
}

/** Adds the item that is argument `index`; counts the change. */
function addArgument(call: Call, chain: number, index: number): number {
  const { keyspace } = call.db;
  setItem(call.bytes, call.start(index), call.end(index));
  const result = addItem(keyspace, chain);
  if (result === ADDED) {
    keyspace.dirty++;
    changed(call, 1, events.SILENT);
  }
  return result;
}

function replyResult(call: Call, result: number): void {
  if (result === FULL) call.reply.error(FILTER_FULL);
  else if (result === NO_ROOM) call.reply.error(CANNOT_GROW);
  else call.reply.boolean(result === ADDED);
}

function add(call: Call): void {
  const chain = chainToFill(call, DEFAULT_WISH, true);
  if (chain !== WRONG) replyResult(call, addArgument(call, chain, 2));
}

/** How adding each item of a call went. */
let results = new Int8Array(64);

/** Adds the items from argument `from` on. A filter that is full ends it: the reply then has no more elements. */
function insertItems(call: Call, from: number, wish: Readonly<Wish>, creates: boolean): void {
  const chain = chainToFill(call, wish, creates);
  if (chain === WRONG) return;
  const items = call.argc - from;
  if (items > results.length) results = new Int8Array(items * 2);
  let count = 0;
  while (count < items) {
    results[count] = addArgument(call, chain, from + count);
    if (results[count++] === FULL) break;
  }
  call.reply.array(count);
  for (let i = 0; i < count; i++) replyResult(call, results[i]);
}
