/**
 * A Bloom filter that grows: a chain of filters, each for more items and with a lower error rate than the one before. The numbers are
 * RedisBloom's, so that a filter dumped there has the same bits here.
 *
 *     record -> chain: first link, last link, number of links, options, growth, items in all
 *                 |
 *                 v
 *               link <-> link <-> link       sizes and rates of one filter, and where its bits are
 *                 |        |        |
 *                bits     bits     bits      a cell of the arena, or a buffer of its own (LargeTable) when they are too many
 *
 * A filter for n items with error rate e has n * -ln(e) / ln(2)^2 bits, rounded up to 64, and -ln(e) / ln(2) hashes, rounded up. Half of
 * the error that was asked for is the first filter's, half of that the next one's and so on, so that all together stay below it.
 * A chain that does not scale has one filter, with the error rate that was asked for. (As the number of hashes is rounded up, its rate
 * when it is full is somewhat higher, by 3% for 0.1 and by 8% for 0.25.)
 *
 * Cost: an item takes as many reads of memory as there are hashes in all links together, so O(hashes * log(items)).
 */
import { registerCollection } from '../../keyspace/collections.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import type { LazyFree } from '../../keyspace/lazy-free.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import type { Arena } from '../../memory/arena.ts';
import type { Mover } from '../../memory/mover.ts';
import { ENCODING_CHAIN, TYPE_BLOOM } from '../../memory/record.ts';
import { MAX_ALLOCATION } from '../../memory/size-classes.ts';
import { FILTER_BITS_MAX, visitBits, wrapOf } from './item.ts';

/** Options, with RedisBloom's numbers. Every chain has the first two: bits not rounded to a power of two, and hashes of 64 bits. */
export const NO_ROUND = 1;
export const FORCE_64 = 4;
export const NO_SCALING = 8;
export const ALWAYS = NO_ROUND | FORCE_64;

// Words of a chain, and its double.
const FIRST = 0;
const LAST = 1;
const LINKS = 2;
const OPTIONS = 3;
const GROWTH = 4;
const ALL_ITEMS = 3;
const CHAIN_SIZE = 32;

// Words of a link, and its doubles.
const PREVIOUS = 0;
const NEXT = 1;
/** The address of the bits, or their id in the LargeTable. */
const BITS = 2;
const IS_LARGE = 3;
const HASHES = 4;
/** Not 0: only 2^EXPONENT of the bits are used, as very old filters do. */
const EXPONENT = 5;
const CAPACITY = 3;
const ITEMS = 4;
const ERROR = 5;
const BITS_PER_ITEM = 6;
const BYTES = 7;
const MODULUS = 8;
const WRAP = 9;
const LINK_SIZE = 80;

/** ln(2) to the digits that RedisBloom has of it. */
const LN2 = 693147180559945e-15;
const LN2_SQUARED = 0.480453013918201;
const TIGHTENING = 0.5;
const HASHES_MAX = 1075;
const EXPONENT_MAX = 36;

/** What RedisBloom takes for its structures: BF.INFO's size says it for ours, too, so that the numbers are comparable. */
const NOMINAL_CHAIN_SIZE = 32;
const NOMINAL_LINK_SIZE = 64;

function word(arena: Arena, address: number, index: number): number {
  return arena.i32[segmentOf(address)][(byteOffsetOf(address) >>> 2) + index];
}

function setWord(arena: Arena, address: number, index: number, value: number): void {
  arena.i32[segmentOf(address)][(byteOffsetOf(address) >>> 2) + index] = value;
}

function double(arena: Arena, address: number, index: number): number {
  return arena.f64[segmentOf(address)][(byteOffsetOf(address) >>> 3) + index];
}

function setDouble(arena: Arena, address: number, index: number, value: number): void {
  arena.f64[segmentOf(address)][(byteOffsetOf(address) >>> 3) + index] = value;
}

// --- reading ----------------------------------------------------------------------------------------

export const linksOf = (arena: Arena, chain: number): number => word(arena, chain, LINKS);
export const optionsOf = (arena: Arena, chain: number): number => word(arena, chain, OPTIONS);
export const growthOf = (arena: Arena, chain: number): number => word(arena, chain, GROWTH) >>> 0;
/** Items that were new when they were added. */
export const itemsOf = (arena: Arena, chain: number): number => double(arena, chain, ALL_ITEMS);
/** The oldest link. */
export const firstLink = (arena: Arena, chain: number): number => word(arena, chain, FIRST);
/** The youngest link, which items are added to. */
export const lastLink = (arena: Arena, chain: number): number => word(arena, chain, LAST);
/** The next younger link, 0 behind the last. */
export const nextLink = (arena: Arena, link: number): number => word(arena, link, NEXT);

/** What is known of one filter of a chain. */
export interface LinkFacts {
  capacity: number;
  items: number;
  error: number;
  bitsPerItem: number;
  hashes: number;
  exponent: number;
  /** Bytes that the bits take. */
  bytes: number;
}

/** The facts of a link. Allocates: for dumps. */
export function factsOf(arena: Arena, link: number): LinkFacts {
  return {
    capacity: double(arena, link, CAPACITY),
    items: double(arena, link, ITEMS),
    error: double(arena, link, ERROR),
    bitsPerItem: double(arena, link, BITS_PER_ITEM),
    hashes: word(arena, link, HASHES),
    exponent: word(arena, link, EXPONENT),
    bytes: double(arena, link, BYTES),
  };
}

/** Bytes of the bits of a link. */
export const bytesOf = (arena: Arena, link: number): number => double(arena, link, BYTES);

/** Where the bits of the link opened last lie. Good until something is freed. */
export const bits = { u8: new Uint8Array(0) as Uint8Array, start: 0 };

export function openBits(keyspace: Keyspace, link: number): void {
  const { arena } = keyspace;
  const where = word(arena, link, BITS);
  if (word(arena, link, IS_LARGE) !== 0) {
    bits.u8 = keyspace.large.view(where);
    bits.start = 0;
  } else {
    bits.u8 = arena.u8[segmentOf(where)];
    bits.start = byteOffsetOf(where);
  }
}

/** Items that all filters of the chain are made for. */
export function capacityOf(arena: Arena, chain: number): number {
  let sum = 0;
  for (let link = firstLink(arena, chain); link !== 0; link = nextLink(arena, link))
    sum += double(arena, link, CAPACITY);
  return sum;
}

/** The size that BF.INFO tells. */
export function nominalSize(arena: Arena, chain: number): number {
  let sum = NOMINAL_CHAIN_SIZE;
  for (let link = firstLink(arena, chain); link !== 0; link = nextLink(arena, link))
    sum += NOMINAL_LINK_SIZE + bytesOf(arena, link);
  return sum;
}

/** Whether the item (setItem()) seems to be in the chain. Allocates nothing. */
export function hasItem(keyspace: Keyspace, chain: number): boolean {
  const { arena } = keyspace;
  for (let link = lastLink(arena, chain); link !== 0; link = word(arena, link, PREVIOUS)) {
    if (visitLink(keyspace, link, false)) return true;
  }
  return false;
}

function visitLink(keyspace: Keyspace, link: number, sets: boolean): boolean {
  const { arena } = keyspace;
  openBits(keyspace, link);
  const modulus = double(arena, link, MODULUS);
  return visitBits(bits.u8, bits.start, modulus, double(arena, link, WRAP), word(arena, link, HASHES), sets);
}

// --- adding -----------------------------------------------------------------------------------------

/** What addItem() says. */
export const PRESENT = 0;
export const ADDED = 1;
export const NO_ROOM = -1;
export const FULL = -2;

/** Adds the item (setItem()). Allocates nothing on the JS heap but when the chain grows by a large filter. */
export function addItem(keyspace: Keyspace, chain: number): number {
  if (hasItem(keyspace, chain)) return PRESENT;
  const { arena } = keyspace;
  let link = lastLink(arena, chain);
  const capacity = double(arena, link, CAPACITY);
  if (double(arena, link, ITEMS) >= capacity) {
    if ((optionsOf(arena, chain) & NO_SCALING) !== 0) return FULL;
    const facts = factsFor(capacity * growthOf(arena, chain), double(arena, link, ERROR) * TIGHTENING);
    if (facts === null || !appendLink(keyspace, chain, facts)) return NO_ROOM;
    link = lastLink(arena, chain);
  }
  visitLink(keyspace, link, true);
  setDouble(arena, link, ITEMS, double(arena, link, ITEMS) + 1);
  setDouble(arena, chain, ALL_ITEMS, itemsOf(arena, chain) + 1);
  return ADDED;
}

// --- making -----------------------------------------------------------------------------------------

/** The facts of an empty filter for so many items; null when there can be none. */
function factsFor(capacity: number, error: number): LinkFacts | null {
  if (!(capacity >= 1 && error > 0 && error < 1)) return null;
  const bitsPerItem = Math.abs(Math.log(error) / LN2_SQUARED);
  const wanted = Math.max(1, Math.floor(capacity * bitsPerItem));
  return {
    capacity,
    items: 0,
    error,
    bitsPerItem,
    hashes: Math.ceil(LN2 * bitsPerItem),
    exponent: 0,
    bytes: Math.ceil(wanted / 64) * 8,
  };
}

/** Whether the facts, which came from outside, go together. */
export function areFactsValid(facts: LinkFacts): boolean {
  const { capacity, items, error, bitsPerItem, hashes, exponent, bytes } = facts;
  const areCounts = [capacity, items, bytes, hashes].every((n) => Number.isSafeInteger(n) && n >= 0);
  const isRate = error > 0 && error < 1 && bitsPerItem > 0;
  const areHashes = hashes === Math.ceil(LN2 * bitsPerItem) && hashes <= HASHES_MAX;
  return (
    areCounts && isRate && areHashes && bytes > 0 && exponent <= EXPONENT_MAX && bytes * 8 >= modulusOf(facts)
  );
}

function modulusOf({ exponent, bytes }: LinkFacts): number {
  return exponent === 0 ? bytes * 8 : 2 ** exponent;
}

/** What createChain() says when the memory does not suffice, and when no filter can be like that. */
export const TOO_LARGE = -1;
export const IMPOSSIBLE = -2;

/** A chain of one empty filter that no key has. Returns its handle, TOO_LARGE or IMPOSSIBLE. */
export function createChain(
  keyspace: Keyspace,
  capacity: number,
  error: number,
  growth: number,
  isScaling: boolean,
): number {
  const facts = factsFor(capacity, isScaling ? error * TIGHTENING : error);
  if (facts === null) return IMPOSSIBLE;
  const chain = emptyChain(keyspace.arena, ALWAYS | (isScaling ? 0 : NO_SCALING), growth);
  if (appendLink(keyspace, chain, facts)) return chain;
  dropChain(keyspace, chain);
  return TOO_LARGE;
}

/** A chain of empty filters like these, whose items are counted already: loadBits() is to follow. Returns its handle or TOO_LARGE. */
export function createLoading(
  keyspace: Keyspace,
  options: number,
  growth: number,
  links: readonly LinkFacts[],
): number {
  const chain = emptyChain(keyspace.arena, options, growth);
  for (const facts of links) {
    if (!appendLink(keyspace, chain, facts)) {
      dropChain(keyspace, chain);
      return TOO_LARGE;
    }
  }
  return chain;
}

function emptyChain(arena: Arena, options: number, growth: number): number {
  const chain = arena.allocate(CHAIN_SIZE);
  for (let i = 0; i < CHAIN_SIZE >>> 2; i++) setWord(arena, chain, i, 0);
  setWord(arena, chain, OPTIONS, options);
  setWord(arena, chain, GROWTH, growth);
  return chain;
}

/** Appends a link with bits that are 0. False when there is no memory for them, and then nothing has changed. */
export function appendLink(keyspace: Keyspace, chain: number, facts: LinkFacts): boolean {
  const { arena, large } = keyspace;
  if (facts.bytes * 8 > FILTER_BITS_MAX) return false;
  const isLarge = facts.bytes > MAX_ALLOCATION;
  let where: number;
  try {
    where = isLarge ? large.add(facts.bytes) : arena.allocate(facts.bytes);
  } catch (error) {
    if (isLarge && error instanceof RangeError) return false;
    throw error;
  }
  const link = arena.allocate(LINK_SIZE);
  const last = lastLink(arena, chain);
  setWord(arena, link, PREVIOUS, last);
  setWord(arena, link, NEXT, 0);
  setWord(arena, link, BITS, where);
  setWord(arena, link, IS_LARGE, isLarge ? 1 : 0);
  setWord(arena, link, HASHES, facts.hashes);
  setWord(arena, link, EXPONENT, facts.exponent);
  setDouble(arena, link, CAPACITY, facts.capacity);
  setDouble(arena, link, ITEMS, facts.items);
  setDouble(arena, link, ERROR, facts.error);
  setDouble(arena, link, BITS_PER_ITEM, facts.bitsPerItem);
  setDouble(arena, link, BYTES, facts.bytes);
  setDouble(arena, link, MODULUS, modulusOf(facts));
  setDouble(arena, link, WRAP, wrapOf(modulusOf(facts)));
  if (!isLarge) {
    openBits(keyspace, link);
    bits.u8.fill(0, bits.start, bits.start + facts.bytes);
  }
  setWord(arena, last === 0 ? chain : last, last === 0 ? FIRST : NEXT, link);
  setWord(arena, chain, LAST, link);
  setWord(arena, chain, LINKS, linksOf(arena, chain) + 1);
  setDouble(arena, chain, ALL_ITEMS, itemsOf(arena, chain) + facts.items);
  return true;
}

/** Writes bytes[start..end) to the bits of a link, from byte `at` on. */
export function loadBits(
  keyspace: Keyspace,
  link: number,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  openBits(keyspace, link);
  bits.u8.set(bytes.subarray(start, end), bits.start + at);
}

// --- as a value of the keyspace ---------------------------------------------------------------------

/** Frees a chain that no key has. */
export function dropChain(keyspace: Keyspace, chain: number): void {
  while (!freeChain(keyspace.lazyFree, chain, linksOf(keyspace.arena, chain) + 1));
}

function freeChain(lazyFree: LazyFree, chain: number, limit: number): boolean {
  const { arena, large } = lazyFree;
  let link = firstLink(arena, chain);
  for (let i = 0; i < limit && link !== 0; i++) {
    const where = word(arena, link, BITS);
    if (word(arena, link, IS_LARGE) !== 0) lazyFree.buffers.push(large.take(where));
    else arena.free(where);
    const next = nextLink(arena, link);
    arena.free(link);
    link = next;
  }
  setWord(arena, chain, FIRST, link);
  if (link === 0) arena.free(chain);
  return link === 0;
}

function copyChain(keyspace: Keyspace, chain: number): number {
  const { arena } = keyspace;
  const copy = emptyChain(arena, optionsOf(arena, chain), growthOf(arena, chain));
  for (let link = firstLink(arena, chain); link !== 0; link = nextLink(arena, link)) {
    const facts = factsOf(arena, link);
    if (!appendLink(keyspace, copy, facts)) {
      dropChain(keyspace, copy);
      throw new RangeError('no memory for the copy of a Bloom filter');
    }
    openBits(keyspace, link);
    const { u8, start } = bits;
    loadBits(keyspace, lastLink(arena, copy), 0, u8, start, start + facts.bytes);
  }
  return copy;
}

function chainBytes(keyspace: Keyspace, chain: number): number {
  const { arena, large } = keyspace;
  let sum = arena.sizeOf(chain);
  for (let link = firstLink(arena, chain); link !== 0; link = nextLink(arena, link)) {
    const where = word(arena, link, BITS);
    sum += arena.sizeOf(link);
    sum += word(arena, link, IS_LARGE) !== 0 ? large.view(where).length : arena.sizeOf(where);
  }
  return sum;
}

/** All links at once: there are never many. */
function relocateChain({ arena }: Keyspace, mover: Mover, chain: number): number {
  let before = 0;
  for (let link = firstLink(arena, chain); link !== 0; link = nextLink(arena, link)) {
    link = mover.moved(link);
    setWord(arena, before === 0 ? chain : before, before === 0 ? FIRST : NEXT, link);
    setWord(arena, link, PREVIOUS, before);
    if (word(arena, link, IS_LARGE) === 0) setWord(arena, link, BITS, mover.moved(word(arena, link, BITS)));
    before = link;
  }
  setWord(arena, chain, LAST, before);
  return 0;
}

registerCollection(TYPE_BLOOM, ENCODING_CHAIN, {
  count: linksOf,
  free: freeChain,
  copy: copyChain,
  bytes: chainBytes,
  relocate: relocateChain,
});
