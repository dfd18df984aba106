/**
 * What BF.SCANDUMP gives first and BF.LOADCHUNK takes first: all of a chain but its bits. RedisBloom's bytes, little-endian, without gaps:
 *
 *     chain    items u64 | links u32 | options u32 | growth u32
 *     link     bytes u64 | bits u64 | items u64 | error f64 | bits per item f64 | hashes u32 | capacity u64 | exponent u8
 *
 * The bits of all links follow in chunks, numbered by the byte that comes behind them: byte 1 is the first of the oldest link.
 */
import type { Keyspace } from '../../keyspace/keyspace.ts';
import type { Arena } from '../../memory/arena.ts';
import {
  ALWAYS,
  areFactsValid,
  bytesOf,
  createLoading,
  factsOf,
  firstLink,
  growthOf,
  itemsOf,
  type LinkFacts,
  linksOf,
  NO_SCALING,
  nextLink,
  optionsOf,
} from './chain.ts';

const CHAIN_SIZE = 20;
const LINK_SIZE = 53;
const TWO_32 = 4294967296;

/** The header of a chain. Allocates it. */
export function writeHeader(arena: Arena, chain: number): Uint8Array {
  const data = new DataView(new ArrayBuffer(CHAIN_SIZE + LINK_SIZE * linksOf(arena, chain)));
  writeUint64(data, 0, itemsOf(arena, chain));
  data.setUint32(8, linksOf(arena, chain), true);
  data.setUint32(12, optionsOf(arena, chain), true);
  data.setUint32(16, growthOf(arena, chain), true);
  let at = CHAIN_SIZE;
  for (let link = firstLink(arena, chain); link !== 0; link = nextLink(arena, link)) {
    const facts = factsOf(arena, link);
    writeUint64(data, at, facts.bytes);
    writeUint64(data, at + 8, facts.bytes * 8);
    writeUint64(data, at + 16, facts.items);
    data.setFloat64(at + 24, facts.error, true);
    data.setFloat64(at + 32, facts.bitsPerItem, true);
    data.setUint32(at + 40, facts.hashes, true);
    writeUint64(data, at + 44, facts.capacity);
    data.setUint8(at + 52, facts.exponent);
    at += LINK_SIZE;
  }
  return new Uint8Array(data.buffer);
}

/** In place of a handle: bytes that are no header. */
export const BAD_HEADER = -3;

/** Makes a chain without bits of the header bytes[start..end). Returns its handle, BAD_HEADER or TOO_LARGE. */
export function readHeader(keyspace: Keyspace, bytes: Uint8Array, start: number, end: number): number {
  const size = end - start;
  if (size < CHAIN_SIZE) return BAD_HEADER;
  const data = new DataView(bytes.buffer, bytes.byteOffset + start, size);
  const count = data.getUint32(8, true);
  const options = data.getUint32(12, true);
  if (count === 0 || size !== CHAIN_SIZE + LINK_SIZE * count || !areOptionsKnown(options)) return BAD_HEADER;
  const links: LinkFacts[] = [];
  let items = 0;
  for (let at = CHAIN_SIZE; at < size; at += LINK_SIZE) {
    const facts = readLink(data, at);
    if (readUint64(data, at + 8) !== facts.bytes * 8 || !areFactsValid(facts)) return BAD_HEADER;
    items += facts.items;
    links.push(facts);
  }
  if (readUint64(data, 0) !== items) return BAD_HEADER;
  return createLoading(keyspace, options, data.getUint32(16, true), links);
}

/** Filters with hashes of 32 bits, or rounded ones, which only the first versions of RedisBloom made, are not known here. */
export function areOptionsKnown(options: number): boolean {
  return (options & ~NO_SCALING) === ALWAYS;
}

function readLink(data: DataView, at: number): LinkFacts {
  return {
    bytes: readUint64(data, at),
    items: readUint64(data, at + 16),
    error: data.getFloat64(at + 24, true),
    bitsPerItem: data.getFloat64(at + 32, true),
    hashes: data.getUint32(at + 40, true),
    capacity: readUint64(data, at + 44),
    exponent: data.getUint8(at + 52),
  };
}

function writeUint64(data: DataView, at: number, value: number): void {
  data.setUint32(at, value % TWO_32, true);
  data.setUint32(at + 4, Math.floor(value / TWO_32), true);
}

/** The nearest double: one beyond 2^53 is refused as a count. */
function readUint64(data: DataView, at: number): number {
  return data.getUint32(at + 4, true) * TWO_32 + data.getUint32(at, true);
}

/** A place among the bits of all links. */
export const place = { link: 0, offset: 0, left: 0 };

/** Points `place` at a byte by its number, from 1 on: its link, its offset there, and how many bytes are left. False when there is none. */
export function findByte(arena: Arena, chain: number, number: number): boolean {
  if (!(number >= 1)) return false;
  let offset = number - 1;
  for (let link = firstLink(arena, chain); link !== 0; link = nextLink(arena, link)) {
    const bytes = bytesOf(arena, link);
    if (offset < bytes) {
      place.link = link;
      place.offset = offset;
      place.left = bytes - offset;
      return true;
    }
    offset -= bytes;
  }
  return false;
}
