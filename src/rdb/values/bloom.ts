/**
 * Bloom filters, as RedisBloom's module writes them: a value of RDB_MODULE_2.
 *
 *     id of MBbloom-- and its version | items | links | options | growth
 *     for each link   capacity | error | hashes | bits per item | bits | exponent | the bits | items
 *     MODULE_END
 *
 * The id is a 64-bit length: nine letters of six bits each, and ten bits of version. Version 4 is written, 2 to 4 are read.
 */
import { createWithHandle, handleOf } from '../../keyspace/blob.ts';
import type { Database } from '../../keyspace/database.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import { ENCODING_CHAIN, TYPE_BLOOM } from '../../memory/record.ts';
import {
  appendLink,
  areFactsValid,
  bits,
  createLoading,
  dropChain,
  factsOf,
  firstLink,
  growthOf,
  itemsOf,
  type LinkFacts,
  lastLink,
  linksOf,
  loadBits,
  nextLink,
  openBits,
  optionsOf,
} from '../../types/bloom/chain.ts';
import { areOptionsKnown } from '../../types/bloom/header.ts';
import {
  LENGTH_64_BITS,
  MODULE_DOUBLE,
  MODULE_END,
  MODULE_STRING,
  MODULE_UNSIGNED,
  RDB_MODULE_2,
} from '../format.ts';
import { CorruptRdbError, type RdbReader } from '../reader.ts';
import type { NewKey, ValueFormat } from '../value.ts';
import type { RdbWriter } from '../writer.ts';

export const RDB_BLOOMS: ValueFormat = { type: TYPE_BLOOM, reads: [RDB_MODULE_2], save, load };

const NAME = 'MBbloom--';
const VERSION = 4;
const ID_SIZE = 8;
/** Older ones do not say how the filter was made. */
const VERSION_MIN = 2;
const WITH_GROWTH = 4;
const DEFAULT_GROWTH = 2;
const VERSION_BITS = 10n;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The id of a module's type in this version, big-endian. */
function moduleId(name: string, version: number): Uint8Array {
  let id = 0n;
  for (const letter of name) id = (id << 6n) | BigInt(LETTERS.indexOf(letter));
  const bytes = new Uint8Array(ID_SIZE);
  new DataView(bytes.buffer).setBigUint64(0, (id << VERSION_BITS) | BigInt(version));
  return bytes;
}

const IDS = Array.from({ length: VERSION + 1 }, (_, version) => moduleId(NAME, version));

// --- writing ------------------------------------------------------------------------------------------

function save(writer: RdbWriter, db: Database, address: number): void {
  const { arena, keyspace } = db;
  const chain = handleOf(db, address);
  writer.type(RDB_MODULE_2);
  writer.byte(LENGTH_64_BITS);
  writer.raw(IDS[VERSION], 0, ID_SIZE);
  unsigned(writer, itemsOf(arena, chain));
  unsigned(writer, linksOf(arena, chain));
  unsigned(writer, optionsOf(arena, chain));
  unsigned(writer, growthOf(arena, chain));
  for (let link = firstLink(arena, chain); link !== 0; link = nextLink(arena, link)) {
    const facts = factsOf(arena, link);
    unsigned(writer, facts.capacity);
    double(writer, facts.error);
    unsigned(writer, facts.hashes);
    double(writer, facts.bitsPerItem);
    unsigned(writer, facts.bytes * 8);
    unsigned(writer, facts.exponent);
    openBits(keyspace, link);
    writer.length(MODULE_STRING);
    writer.string(bits.u8, bits.start, bits.start + facts.bytes);
    unsigned(writer, facts.items);
  }
  writer.length(MODULE_END);
}

function unsigned(writer: RdbWriter, value: number): void {
  writer.length(MODULE_UNSIGNED);
  writer.length(value);
}

function double(writer: RdbWriter, value: number): void {
  writer.length(MODULE_DOUBLE);
  writer.double(value);
}

// --- reading ------------------------------------------------------------------------------------------

function load(reader: RdbReader, _rdbType: number, db: Database, key: NewKey): number {
  const { keyspace } = db;
  const version = readVersion(reader);
  const items = readUnsigned(reader);
  const links = readUnsigned(reader);
  const options = readUnsigned(reader);
  const growth = version >= WITH_GROWTH ? readUnsigned(reader) : DEFAULT_GROWTH;
  if (links === 0 || !areOptionsKnown(options))
    throw new CorruptRdbError('a Bloom filter of an unknown kind');
  const chain = createLoading(keyspace, options, growth, []);
  try {
    for (let i = 0; i < links; i++) loadLink(reader, keyspace, chain);
    expectNext(reader, MODULE_END);
    if (itemsOf(keyspace.arena, chain) !== items)
      throw new CorruptRdbError('Bloom filter items do not add up');
    const { hash, bytes, start, end } = key;
    return createWithHandle(db, hash, bytes, start, end, TYPE_BLOOM, ENCODING_CHAIN, chain);
  } catch (error) {
    dropChain(keyspace, chain);
    throw error;
  }
}

/** The version of a value whose id says that it is a Bloom filter. */
function readVersion(reader: RdbReader): number {
  const id = Uint8Array.from({ length: ID_SIZE + 1 }, () => reader.byte()).subarray(1);
  const version = IDS.findIndex((known) => known.every((byte, i) => byte === id[i]));
  if (version < VERSION_MIN) throw new CorruptRdbError('the value of an unknown module');
  return version;
}

function loadLink(reader: RdbReader, keyspace: Keyspace, chain: number): void {
  const facts: LinkFacts = {
    capacity: readUnsigned(reader),
    error: readDouble(reader),
    hashes: readUnsigned(reader),
    bitsPerItem: readDouble(reader),
    bytes: readUnsigned(reader) / 8,
    exponent: readUnsigned(reader),
    items: 0,
  };
  expectNext(reader, MODULE_STRING);
  reader.string();
  const { textBytes, textStart, textEnd } = reader;
  facts.items = readUnsigned(reader);
  if (facts.bytes !== textEnd - textStart || !areFactsValid(facts)) {
    throw new CorruptRdbError('a Bloom filter that contradicts itself');
  }
  if (!appendLink(keyspace, chain, facts)) throw new CorruptRdbError('a Bloom filter that is too large');
  loadBits(keyspace, lastLink(keyspace.arena, chain), 0, textBytes, textStart, textEnd);
}

function readUnsigned(reader: RdbReader): number {
  expectNext(reader, MODULE_UNSIGNED);
  return reader.length();
}

function readDouble(reader: RdbReader): number {
  expectNext(reader, MODULE_DOUBLE);
  return reader.double();
}

function expectNext(reader: RdbReader, what: number): void {
  if (reader.length() !== what) throw new CorruptRdbError("a module's value in another order");
}
