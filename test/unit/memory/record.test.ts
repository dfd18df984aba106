import { expect, test } from 'vitest';
import { byteOffsetOf, segmentOf } from '../../../src/memory/address.ts';
import { Arena } from '../../../src/memory/arena.ts';
import * as record from '../../../src/memory/record.ts';

const { HAS_EXPIRE, LARGE, LONG_KEY, TWO_WORDS } = record;

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

test('types, encodings and flags have the numbers that disks know', () => {
  const { TYPE_STRING, TYPE_LIST, TYPE_SET, TYPE_ZSET, TYPE_HASH, TYPE_MODULE, TYPE_STREAM } = record;
  expect([TYPE_STRING, TYPE_LIST, TYPE_SET, TYPE_ZSET, TYPE_HASH, TYPE_MODULE, TYPE_STREAM]).toEqual([
    0, 1, 2, 3, 4, 5, 6,
  ]);
  expect(record.TYPE_BLOOM).toBe(7);
  expect({
    raw: record.ENCODING_RAW,
    int: record.ENCODING_INT,
    hashtable: record.ENCODING_HT,
    intset: record.ENCODING_INTSET,
    skiplist: record.ENCODING_SKIPLIST,
    embstr: record.ENCODING_EMBSTR,
    quicklist: record.ENCODING_QUICKLIST,
    stream: record.ENCODING_STREAM,
    listpack: record.ENCODING_LISTPACK,
    chain: record.ENCODING_CHAIN,
  }).toEqual({
    raw: 0,
    int: 1,
    hashtable: 2,
    intset: 6,
    skiplist: 7,
    embstr: 8,
    quicklist: 9,
    stream: 10,
    listpack: 11,
    chain: 12,
  });
  expect([HAS_EXPIRE, TWO_WORDS, LONG_KEY, LARGE]).toEqual([1, 2, 4, 8]);
});

test('word 0 holds type, encoding, flags and epoch apart from each other', () => {
  const word = record.makeWord0(record.TYPE_STREAM, record.ENCODING_LISTPACK, 255, 65535);
  expect(record.typeOf(word)).toBe(6);
  expect(record.encodingOf(word)).toBe(11);
  expect(record.flagsOf(word)).toBe(255);
  expect(record.epochOf(word)).toBe(65535);
});

test('the key starts at 12 and each flag moves it by what it adds', () => {
  for (let flags = 0; flags < 256; flags++) {
    const word = record.makeWord0(0, 15, flags, 65535);
    const expire = flags & HAS_EXPIRE ? 8 : 0;
    const second = flags & TWO_WORDS ? 4 : 0;
    const long = flags & LONG_KEY ? 4 : 0;
    expect(record.keyOffset(word)).toBe(12 + expire + second + long);
    expect(record.valueWordOffset(word)).toBe(8 + expire);
  }
});

test('a key of 20 bytes with a value of 64 takes exactly 96 bytes', () => {
  expect(record.recordSize(0, 20, 64)).toBe(96);
  const arena = new Arena();
  const address = record.allocateRecord(arena, 0, new Uint8Array(20), 0, 20, 64);
  expect(arena.sizeOf(address)).toBe(96);
});

test('every field is kept, with every combination of flags and key length', () => {
  for (let flags = 0; flags < 8; flags++) {
    if (flags & LONG_KEY) continue;
    for (const keyLength of [0, 1, 3, 4, 31, 33, 255, 256, 1000, 70_000]) {
      checkRecord(flags | record.keyFlags(keyLength), keyLength);
    }
  }
});

function checkRecord(flags: number, keyLength: number): void {
  const arena = new Arena();
  const word0 = record.makeWord0(record.TYPE_STRING, record.ENCODING_RAW, flags, 7);
  const source = Uint8Array.from({ length: keyLength + 5 }, (_, i) => (i * 31) & 255);
  const address = record.allocateRecord(arena, word0, source, 5, 5 + keyLength, 10);
  const segment = segmentOf(address);
  const base = byteOffsetOf(address);
  const i32 = arena.i32[segment];
  const f64 = arena.f64[segment];
  expect(record.valueWord(i32, base)).toBe(0);

  record.writeAccess(i32, base, 0xabcdef);
  record.writeValueWord(i32, base, 10);
  if (flags & TWO_WORDS) record.writeSecondWord(i32, base, -5);
  if (flags & HAS_EXPIRE) record.writeExpireAtMs(f64, base, 1_700_000_000_123);
  record.writeEpoch(i32, base, 65535);
  arena.u8[segment].fill(
    0xee,
    base + record.valueOffset(i32, base),
    base + record.valueOffset(i32, base) + 10,
  );

  const after = record.readWord0(i32, base);
  expect(record.typeOf(after)).toBe(record.TYPE_STRING);
  expect(record.flagsOf(after)).toBe(flags);
  expect(record.epochOf(after)).toBe(65535);
  expect(record.accessOf(i32, base)).toBe(0xabcdef);
  expect(record.valueWord(i32, base)).toBe(10);
  if (flags & TWO_WORDS) expect(record.secondWord(i32, base)).toBe(-5);
  if (flags & HAS_EXPIRE) expect(record.expireAtMs(f64, base)).toBe(1_700_000_000_123);
  expect(record.keyLength(i32, base)).toBe(keyLength);
  const inline = flags & TWO_WORDS ? 0 : 10;
  expect(record.usedSize(i32, base)).toBe(record.recordSize(flags, keyLength, inline));
  expect(record.keyEquals(arena, address, source, 5, 5 + keyLength)).toBe(true);
}

test('keyEquals tells keys apart by length and by any one byte, at any alignment', () => {
  const arena = new Arena();
  for (let length = 1; length <= 70; length++) {
    const key = Uint8Array.from({ length }, (_, i) => i + 1);
    const address = record.allocateRecord(arena, 0, key, 0, length, 0);
    for (let shift = 0; shift < 5; shift++) {
      const shared = new Uint8Array(new SharedArrayBuffer(length + 8));
      shared.set(key, shift);
      expect(record.keyEquals(arena, address, shared, shift, shift + length)).toBe(true);
      expect(record.keyEquals(arena, address, shared, shift, shift + length - 1)).toBe(false);
      expect(record.keyEquals(arena, address, shared, shift, shift + length + 1)).toBe(false);
      for (let i = 0; i < length; i++) {
        shared[shift + i] ^= 0x80;
        expect(record.keyEquals(arena, address, shared, shift, shift + length)).toBe(false);
        shared[shift + i] ^= 0x80;
      }
    }
  }
});

test('the empty key equals only the empty key', () => {
  const arena = new Arena();
  const address = record.allocateRecord(arena, 0, bytesOf(''), 0, 0, 0);
  expect(record.keyEquals(arena, address, bytesOf('a'), 0, 0)).toBe(true);
  expect(record.keyEquals(arena, address, bytesOf('a'), 0, 1)).toBe(false);
});

test('values are inline for raw, embstr, listpack and intset, and never with TWO_WORDS or LARGE', () => {
  for (let encoding = 0; encoding < 12; encoding++) {
    const inline = [0, 6, 8, 11].includes(encoding);
    expect(record.hasInlineValue(record.makeWord0(0, encoding, HAS_EXPIRE | LONG_KEY, 9))).toBe(inline);
    expect(record.hasInlineValue(record.makeWord0(0, encoding, LARGE | TWO_WORDS, 9))).toBe(false);
  }
});

test('changing type and encoding leaves flags and epoch', () => {
  const i32 = new Int32Array(4);
  i32[0] = record.makeWord0(record.TYPE_STRING, record.ENCODING_INT, TWO_WORDS, 513);
  record.writeTypeAndEncoding(i32, 0, record.TYPE_HASH, record.ENCODING_LISTPACK);
  expect(i32[0]).toBe(record.makeWord0(record.TYPE_HASH, record.ENCODING_LISTPACK, TWO_WORDS, 513));
});
