import { describe, expect, it } from 'vitest';
import { bytesFromString, stringFromBytes } from '../../../src/base/bytes.ts';
import { lzfCompress, lzfDecompress } from '../../../src/base/lzf.ts';
import { seededRandom } from './seeded-random.ts';

const random = seededRandom('lzf');

/** Compressed between guards; null if it does not fit `room`. */
function compress(input: Uint8Array, room: number): Uint8Array | null {
  const out = new Uint8Array(room + 6).fill(77);
  const padded = Uint8Array.of(1, 2, ...input, 3, 4);
  const size = lzfCompress(padded, 2, 2 + input.length, out, 3, 3 + room);
  expect([...out.subarray(0, 3), ...out.subarray(3 + room)]).toEqual([77, 77, 77, 77, 77, 77]);
  return size < 0 ? null : out.slice(3, 3 + size);
}

function decompress(input: Uint8Array, room: number): Uint8Array | null {
  const out = new Uint8Array(room + 6).fill(77);
  const padded = Uint8Array.of(1, 2, ...input, 3, 4);
  const size = lzfDecompress(padded, 2, 2 + input.length, out, 3, 3 + room);
  expect([...out.subarray(0, 3), ...out.subarray(3 + room)]).toEqual([77, 77, 77, 77, 77, 77]);
  return size < 0 ? null : out.slice(3, 3 + size);
}

/** toEqual is slow on thousands of elements. */
function same(a: Uint8Array | null, b: Uint8Array): boolean {
  return a !== null && Buffer.compare(a, b) === 0;
}

/** Between noise and repetition. */
function someBytes(sizeMax: number): Uint8Array {
  const bytes = new Uint8Array(random.below(sizeMax + 1));
  const alphabet = 1 + random.below(random.below(2) ? 4 : 256);
  for (let i = 0; i < bytes.length; ) {
    const run = 1 + random.below(random.below(8) ? 4 : 400);
    const from = random.below(i + 1);
    const repeat = i > 0 && random.below(2) === 0;
    for (let k = 0; k < run && i < bytes.length; k++)
      bytes[i++] = repeat ? bytes[from + k] : random.below(alphabet);
  }
  return bytes;
}

describe('lzf', () => {
  it('brings back what it compressed, and needs exactly the room that it takes', () => {
    for (let round = 0; round < 2000; round++) {
      const input = someBytes(random.below(10) ? 300 : 20_000);
      const roomMax = input.length + Math.ceil(input.length / 32) + 1;
      const compressed = compress(input, roomMax);
      expect(compressed).not.toBe(null);
      if (compressed === null) return;
      expect(same(decompress(compressed, input.length), input)).toBe(true);
      if (compressed.length === 0) continue;
      expect(same(compress(input, compressed.length), compressed)).toBe(true);
      expect(compress(input, compressed.length - 1)).toBe(null);
      expect(decompress(compressed, input.length - 1)).toBe(null);
    }
  });

  it('compresses what repeats', () => {
    expect(compress(new Uint8Array(10_000).fill(97), 200)?.length).toBeLessThan(130);
    expect(compress(bytesFromString('hello world, '.repeat(20)), 40)?.length).toBeLessThan(25);
  });

  it('reads every form of instruction', () => {
    const text = (...bytes: number[]): string =>
      stringFromBytes(decompress(Uint8Array.from(bytes), 1000) ?? new Uint8Array());
    expect(text(2, 97, 98, 99)).toBe('abc');
    expect(text(0, 97, 0x20, 0)).toBe('aaaa'); // three bytes from one back
    expect(text(1, 97, 98, 0xc0, 1)).toBe('ababababab'); // eight bytes from two back
    expect(text(0, 97, 0xe0, 0, 0)).toBe('a'.repeat(10)); // long form: nine bytes
    expect(text(0, 97, 0xe0, 255, 0)).toBe('a'.repeat(265));
  });

  it('refuses truncated instructions and references before the start', () => {
    for (const bytes of [
      [1, 97],
      [0, 97, 0x20],
      [0, 97, 0xe0, 1],
      [0, 97, 0xe0],
      [0, 97, 0x20, 1],
      [0x20, 0],
      [31],
    ]) {
      expect(decompress(Uint8Array.from(bytes), 1000), String(bytes)).toBe(null);
    }
  });

  it('survives any corruption without leaving its bounds', () => {
    for (let round = 0; round < 3000; round++) {
      const compressed = compress(someBytes(300), 400) ?? new Uint8Array();
      for (let flips = 1 + random.below(3); flips > 0 && compressed.length > 0; flips--) {
        compressed[random.below(compressed.length)] = random.below(256);
      }
      decompress(compressed, random.below(400)); // asserts its guards
      decompress(someBytes(100), random.below(400));
    }
  });

  it('gives the same output whatever was compressed before', () => {
    const input = someBytes(2000);
    const before = compress(input, 4000);
    for (let i = 0; i < 50; i++) compress(someBytes(3000), 6000);
    expect(compress(input, 4000)).toEqual(before);
  });
});
