/** BF.EXISTS, BF.MEXISTS, BF.CARD and BF.INFO. */
import { handleOf } from '../../keyspace/blob.ts';
import { TYPE_BLOOM } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import {
  capacityOf,
  growthOf,
  hasItem,
  itemsOf,
  linksOf,
  NO_SCALING,
  nominalSize,
  optionsOf,
} from '../../types/bloom/chain.ts';
import { setItem } from '../../types/bloom/item.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, FAST, keyAt, READONLY } from '../define.ts';
import { typeAt, WRONG } from '../lookup.ts';
import { chainForRead, NONE, NOT_FOUND } from './filter.ts';

const INVALID_INFORMATION = 'Invalid information value';

const COMMON = {
  group: 'module',
  flags: READONLY | FAST,
  keys: [keyAt(1, 'RO')],
  origin: 'redisbloom 2.0',
} as const;
const ITEM_COMPLEXITY = 'O(K) for each item, where K is the number of hashes of all sub-filters together';

export const BF_EXISTS = defineCommand({
  ...COMMON,
  name: 'BF.EXISTS',
  summary: 'Returns whether an item seems to be in a Bloom filter.',
  since: '1.0.0',
  complexity: ITEM_COMPLEXITY,
  arity: 3, // BF.EXISTS key item
  args: [arg.key('key'), arg.string('item')],
  handler: exists,
});

export const BF_MEXISTS = defineCommand({
  ...COMMON,
  name: 'BF.MEXISTS',
  summary: 'Returns which of several items seem to be in a Bloom filter.',
  since: '1.0.0',
  complexity: ITEM_COMPLEXITY,
  arity: -3, // BF.MEXISTS key item [item ...]
  args: [arg.key('key'), arg.string('item', { many: true })],
  handler: existAll,
});

export const BF_CARD = defineCommand({
  ...COMMON,
  name: 'BF.CARD',
  summary: 'Returns how many items were added to a Bloom filter and seemed to be new.',
  since: '2.4.4',
  complexity: 'O(1)',
  arity: 2, // BF.CARD key
  args: [arg.key('key')],
  origin: 'redisbloom 2.4',
  handler: card,
});

export const BF_INFO = defineCommand({
  ...COMMON,
  name: 'BF.INFO',
  summary: 'Returns what is known about a Bloom filter.',
  since: '1.0.0',
  complexity: 'O(N) where N is the number of sub-filters',
  arity: -2, // BF.INFO key [CAPACITY|SIZE|FILTERS|ITEMS|EXPANSION]
  args: [
    arg.key('key'),
    arg.oneOf(
      'single_value',
      [
        arg.token('capacity', 'CAPACITY'),
        arg.token('size', 'SIZE'),
        arg.token('filters', 'FILTERS'),
        arg.token('items', 'ITEMS'),
        arg.token('expansion', 'EXPANSION'),
      ],
      { optional: true },
    ),
  ],
  handler: info,
});

/** The filter to look into; NONE also where the key holds something else, in which nothing is. */
function chainToLookInto(call: Call): number {
  const { db } = call;
  const address = db.findForRead(call.keyHash(1), call.bytes, call.start(1), call.end(1));
  return address !== 0 && typeAt(db, address) === TYPE_BLOOM ? handleOf(db, address) : NONE;
}

function has(call: Call, chain: number, index: number): boolean {
  if (chain === NONE) return false;
  setItem(call.bytes, call.start(index), call.end(index));
  return hasItem(call.db.keyspace, chain);
}

function exists(call: Call): void {
  call.reply.boolean(has(call, chainToLookInto(call), 2));
}

function existAll(call: Call): void {
  const chain = chainToLookInto(call);
  call.reply.array(call.argc - 2);
  for (let i = 2; i < call.argc; i++) call.reply.boolean(has(call, chain, i));
}

function card(call: Call): void {
  const chain = chainForRead(call);
  if (chain !== WRONG) call.reply.integer(chain === NONE ? 0 : itemsOf(call.db.arena, chain));
}

/** What BF.INFO tells: its argument, its name, and how it is replied. */
const FIELDS: readonly [word: string, name: string, reply: (call: Call, chain: number) => void][] = [
  ['CAPACITY', 'Capacity', ({ reply, db }, chain) => reply.integer(capacityOf(db.arena, chain))],
  ['SIZE', 'Size', ({ reply, db }, chain) => reply.integer(nominalSize(db.arena, chain))],
  ['FILTERS', 'Number of filters', ({ reply, db }, chain) => reply.integer(linksOf(db.arena, chain))],
  ['ITEMS', 'Number of items inserted', ({ reply, db }, chain) => reply.integer(itemsOf(db.arena, chain))],
  ['EXPANSION', 'Expansion rate', replyExpansion],
];

function replyExpansion({ reply, db }: Call, chain: number): void {
  if ((optionsOf(db.arena, chain) & NO_SCALING) !== 0) reply.null();
  else reply.integer(growthOf(db.arena, chain));
}

function info(call: Call): void {
  const { reply } = call;
  if (call.argc > 3) {
    reply.error(errors.wrongArity('bf.info'));
    return;
  }
  const chain = chainForRead(call);
  if (chain === WRONG) return;
  if (chain === NONE) reply.error(NOT_FOUND);
  else if (call.argc === 3) replyField(call, chain);
  else {
    reply.map(FIELDS.length);
    for (const [, name, replyValue] of FIELDS) {
      reply.simple(name);
      replyValue(call, chain);
    }
  }
}

/** The field that argument 2 names: the value alone in an array, or to RESP3 clients a map of one. */
function replyField(call: Call, chain: number): void {
  const { reply } = call;
  const field = FIELDS.find(([word]) => call.is(2, word));
  if (field === undefined) {
    reply.error(INVALID_INFORMATION);
    return;
  }
  const [, name, replyValue] = field;
  if (reply.resp === 3) {
    reply.map(1);
    reply.simple(name);
  } else {
    reply.array(1);
  }
  replyValue(call, chain);
}
