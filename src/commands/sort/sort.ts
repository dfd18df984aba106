/**
 * SORT and SORT_RO.
 *
 * The elements are copied to memory outside the JS heap (Texts), because what BY and GET look up may delete keys that have expired, and
 * because STORE may replace the very key that is sorted. Then every element gets a key to be sorted by (order.ts), the part that LIMIT
 * asks for is put in order, and it is replied or stored, with each element replaced by what GET looks up for it.
 *
 * With BY a pattern without *, nothing is sorted: a list comes in its order and a sorted set in that of its scores (DESC turns both
 * around), and only the part that LIMIT asks for is read. The members of a set are then in no order, so that STORE sorts
 * them all the same, as text.
 */

import { parseSafeInteger } from '../../base/int64.ts';
import * as events from '../../keyspace/events.ts';
import { text } from '../../memory/listpack.ts';
import { TYPE_LIST, TYPE_SET, TYPE_ZSET } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { listLength, measure, pushElement, startAdding, startPush } from '../../types/list/list-value.ts';
import { walk as listWalk } from '../../types/list/list-walk.ts';
import { member, needText } from '../../types/set/member.ts';
import { setCount } from '../../types/set/set-value.ts';
import { SetWalk } from '../../types/set/walk.ts';
import { ZsetWalk } from '../../types/zset/walk.ts';
import { zsetCount } from '../../types/zset/zset.ts';
import type { Call } from '../call.ts';
import { changed, deleted } from '../changed.ts';
import {
  type Argument,
  arg,
  DENYOOM,
  defineCommand,
  type KeyReference,
  type KeySpec,
  keyAt,
  MOVABLE_KEYS,
  READONLY,
  WRITE,
} from '../define.ts';
import { typeAt } from '../lookup.ts';
import { endOrder, keys, NO_TEXT, order, prefixKey, sortRange, startOrder } from './order.ts';
import { found, lookUp, type Pattern, readPattern } from './pattern.ts';
import { Texts } from './texts.ts';
import { parseWeight } from './weight.ts';

const NOT_DOUBLE = "ERR One or more scores can't be converted into double";

const unknownKeys = (notes: string, ...flags: KeySpec['flags']): KeySpec => ({
  flags,
  notes,
  begin: { unknown: true },
  find: { unknown: true },
});
const KEY = keyAt(1, 'RO', 'access');
const PATTERN_KEYS = unknownKeys(
  "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort",
  'RO',
  'access',
);
const STORE_KEY = unknownKeys(
  "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument array",
  'OW',
  'update',
);

const ARGS: readonly Argument[] = [
  arg.key('key'),
  arg.pattern('pattern', { keySpec: 1, token: 'BY', optional: true }),
  arg.block('offset_count', [arg.integer('offset'), arg.integer('count')], {
    token: 'LIMIT',
    optional: true,
  }),
  arg.pattern('pattern', { keySpec: 1, token: 'GET', optional: true, many: true, manyToken: true }),
  arg.oneOf('order', [arg.token('asc', 'ASC'), arg.token('desc', 'DESC')], { optional: true }),
  arg.token('sorting', 'ALPHA', { optional: true }),
];

const COMMON = {
  group: 'generic',
  complexity:
    'O(N+M*log(M)) where N is the number of elements of the key and M the number of elements returned; O(N) where nothing is sorted',
  arity: -2, // SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC|DESC] [ALPHA] [STORE destination]
  categories: ['set', 'sortedset', 'list', 'dangerous'],
} as const;

export const SORT = defineCommand({
  ...COMMON,
  name: 'SORT',
  summary: 'Returns or stores the elements of a list, a set or a sorted set in order.',
  since: '1.0.0',
  flags: WRITE | DENYOOM | MOVABLE_KEYS,
  keys: [KEY, PATTERN_KEYS, STORE_KEY],
  args: [...ARGS, arg.key('destination', { keySpec: 2, token: 'STORE', optional: true })],
  getKeys: sortKeys,
  handler: (call) => sort(call, true),
});

export const SORT_RO = defineCommand({
  ...COMMON,
  name: 'SORT_RO',
  summary: 'Returns the elements of a list, a set or a sorted set in order.',
  since: '7.0.0',
  flags: READONLY | MOVABLE_KEYS,
  keys: [KEY, PATTERN_KEYS],
  args: ARGS,
  getKeys: () => [{ index: 1, flags: KEY.flags }],
  handler: (call) => sort(call, false),
});

/** The key that is sorted, and the one that the last STORE names. */
function sortKeys(args: readonly string[]): KeyReference[] {
  const references: KeyReference[] = [{ index: 1, flags: KEY.flags }];
  for (let i = 2; i < args.length; i++) {
    const word = args[i].toUpperCase();
    if (word === 'LIMIT') i += 2;
    else if (word === 'GET' || word === 'BY') i++;
    else if (word === 'STORE' && i + 1 < args.length) references[1] = { index: ++i, flags: STORE_KEY.flags };
  }
  return references;
}

// --- the options --------------------------------------------------------------------------------------

const options = {
  descending: false,
  alpha: false,
  offset: 0,
  count: -1,
  by: null as Pattern | null,
  get: [] as Pattern[],
  /** The argument that is the destination, or 0. */
  store: 0,
};

/** False after an error reply. */
function readOptions(call: Call, mayStore: boolean): boolean {
  options.descending = false;
  options.alpha = false;
  options.offset = 0;
  options.count = -1;
  options.by = null;
  options.get = [];
  options.store = 0;
  for (let i = 2; i < call.argc; ) {
    const taken = readOption(call, i, mayStore);
    if (taken === 0) return false;
    i += taken;
  }
  return true;
}

/** Reads the option at argument `i`. Returns how many arguments it took, 0 after an error reply. */
function readOption(call: Call, i: number, mayStore: boolean): number {
  const left = call.argc - i - 1;
  if (call.is(i, 'ASC') || call.is(i, 'DESC')) {
    options.descending = call.is(i, 'DESC');
    return 1;
  }
  if (call.is(i, 'ALPHA')) {
    options.alpha = true;
    return 1;
  }
  if (call.is(i, 'LIMIT') && left >= 2) return readLimit(call, i + 1) ? 3 : 0;
  if (mayStore && call.is(i, 'STORE') && left >= 1) options.store = i + 1;
  else if (call.is(i, 'BY') && left >= 1) options.by = readPattern(call, i + 1);
  else if (call.is(i, 'GET') && left >= 1) options.get.push(readPattern(call, i + 1));
  else {
    call.reply.error(errors.SYNTAX);
    return 0;
  }
  return 2;
}

function readLimit(call: Call, i: number): boolean {
  options.offset = parseSafeInteger(call.bytes, call.start(i), call.end(i));
  options.count = parseSafeInteger(call.bytes, call.start(i + 1), call.end(i + 1));
  if (!Number.isNaN(options.offset) && !Number.isNaN(options.count)) return true;
  call.reply.error(errors.NOT_INTEGER);
  return false;
}

// --- the command --------------------------------------------------------------------------------------

const elements = new Texts();
/** What each element is sorted by, where that is a text of its own. */
const byTexts = new Texts();
const results = new Texts();
const setWalk = new SetWalk();
const zsetWalk = new ZsetWalk();

function sort(call: Call, mayStore: boolean): void {
  if (!readOptions(call, mayStore)) return;
  const address = call.db.findForRead(call.keyHash(1), call.bytes, call.start(1), call.end(1));
  const type = address === 0 ? TYPE_LIST : typeAt(call.db, address);
  if (type !== TYPE_LIST && type !== TYPE_SET && type !== TYPE_ZSET) {
    call.reply.error(errors.WRONG_TYPE);
    return;
  }
  run(call, address, type);
  elements.clear();
  byTexts.clear();
  results.clear();
  endOrder();
}

function run(call: Call, address: number, type: number): void {
  const isSorted = options.by === null || options.by.star >= 0;
  const mustSort = isSorted || (type === TYPE_SET && options.store !== 0);
  if (!isSorted && mustSort) {
    options.by = null;
    options.alpha = true;
  }
  const length = address === 0 ? 0 : lengthOf(call, address, type);
  const from = Math.min(Math.max(options.offset, 0), length);
  const until = options.count < 0 ? length : Math.min(from + options.count, length);
  if (mustSort) {
    gather(call, address, type, 0, length, false);
    if (!weigh(call)) {
      call.reply.error(NOT_DOUBLE);
      return;
    }
    const ties = options.alpha && options.by !== null ? byTexts : elements;
    sortRange(length, from, until, ties, options.descending, call.server.random);
    finish(call, from, until);
  } else {
    gather(call, address, type, from, until - from, options.descending);
    startOrder(elements.count);
    finish(call, 0, elements.count);
  }
}

function lengthOf(call: Call, address: number, type: number): number {
  if (type === TYPE_LIST) return listLength(call.db, address);
  return type === TYPE_SET ? setCount(call.db, address) : zsetCount(call.db, address);
}

/** Copies `n` elements from position `from` on, counted from the end and going backwards with `reverse`, which sets do not know. */
function gather(call: Call, address: number, type: number, from: number, n: number, reverse: boolean): void {
  if (n === 0) return;
  const { db } = call;
  const length = lengthOf(call, address, type);
  const at = reverse ? length - 1 - from : from;
  if (type === TYPE_SET) {
    setWalk.open(db, address);
    for (let i = 0; i < from; i++) setWalk.next();
    for (; n > 0 && setWalk.next(); n--) {
      needText();
      elements.add(member.bytes, member.start, member.end);
    }
  } else if (type === TYPE_LIST) {
    for (let more = listWalk.open(db, address, at, !reverse); more && n > 0; more = listWalk.next(), n--) {
      listWalk.read();
      elements.add(text.bytes, text.start, text.end);
    }
  } else {
    for (let more = zsetWalk.open(db, address, at, reverse); more && n > 0; more = zsetWalk.advance(), n--)
      elements.add(zsetWalk.bytes, zsetWalk.start, zsetWalk.end);
  }
}

/** Gives every element its key. False when one that is to be a number is none. */
function weigh(call: Call): boolean {
  const { by, alpha } = options;
  const { count } = elements;
  startOrder(count);
  let areNumbers = true;
  for (let i = 0; i < count; i++) {
    const has = by === null ? findItself(i) : lookUp(call, by, elements, i);
    if (alpha) {
      keys[i] = has ? prefixKey(found.bytes, found.start, found.end) : NO_TEXT;
      if (by !== null) byTexts.add(found.bytes, found.start, has ? found.end : found.start);
    } else {
      keys[i] = has ? parseWeight(found.bytes, found.start, found.end) : 0;
      areNumbers &&= !Number.isNaN(keys[i]);
    }
  }
  return areNumbers;
}

function findItself(element: number): true {
  found.bytes = elements.bytes;
  found.start = elements.bounds[element];
  found.end = elements.bounds[element + 1];
  return true;
}

/** Replies or stores the elements order[from..until), or what GET says for them. */
function finish(call: Call, from: number, until: number): void {
  if (options.store === 0) replyResults(call, from, until);
  else storeResults(call, from, until);
}

function replyResults(call: Call, from: number, until: number): void {
  const { reply } = call;
  const { get } = options;
  reply.array((until - from) * Math.max(1, get.length));
  for (let i = from; i < until; i++) {
    if (get.length === 0)
      reply.bulk(elements.bytes, elements.bounds[order[i]], elements.bounds[order[i] + 1]);
    for (const pattern of get) {
      if (lookUp(call, pattern, elements, order[i])) reply.bulk(found.bytes, found.start, found.end);
      else reply.null();
    }
  }
}

/** Makes the results the list at the destination, or deletes that when there are none. */
function storeResults(call: Call, from: number, until: number): void {
  const { db, bytes } = call;
  const { get, store } = options;
  for (let i = from; i < until; i++) {
    if (get.length === 0) addResult(findItself(order[i]));
    for (const pattern of get) addResult(lookUp(call, pattern, elements, order[i]));
  }
  const hash = call.keyHash(store);
  const start = call.start(store);
  const end = call.end(store);
  const old = db.find(hash, bytes, start, end);
  if (old !== 0) db.remove(hash, old, db.keyspace.lazy.serverDelete);
  db.isReplacing = old !== 0;
  try {
    if (results.count > 0) pushResults(call, hash, start, end);
    else if (old !== 0) db.keyspace.dirty++;
  } finally {
    db.isReplacing = false;
  }
  db.keyspace.dirty += results.count;
  if (results.count > 0) changed(call, store, events.SORTSTORE);
  else if (old !== 0) deleted(call, store);
  call.reply.integer(results.count);
}

/** What GET does not find is stored as an empty element. */
function addResult(has: boolean): void {
  results.add(found.bytes, found.start, has ? found.end : found.start);
}

function pushResults(call: Call, hash: number, start: number, end: number): void {
  const { db } = call;
  const { bytes, bounds, count } = results;
  startAdding();
  for (let i = 0; i < count; i++) measure(bytes, bounds[i], bounds[i + 1]);
  const address = startPush(db, hash, 0, call.bytes, start, end, false);
  for (let i = 0; i < count; i++) pushElement(db, address, false, bytes, bounds[i], bounds[i + 1]);
}
