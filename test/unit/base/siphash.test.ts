import { expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.ts';
import { SipHasher } from '../../../src/base/siphash.ts';

// The construction as its paper describes it, in any number of rounds: slow, plain, and checked below against the
// published vectors of HalfSipHash-2-4, of which there are none for 1-3.
function reference(compression: number, finalisation: number, key: number[], message: Uint8Array): number {
  const v = [key[0], key[1], 0x6c796765 ^ key[0], 0x74656462 ^ key[1]].map((word) => word >>> 0);
  const add = (a: number, b: number) => (v[a] = (v[a] + v[b]) % 2 ** 32);
  const rotate = (a: number, bits: number) =>
    (v[a] = ((v[a] * 2 ** bits) % 2 ** 32) + (v[a] >>> (32 - bits)));
  const xor = (a: number, word: number) => (v[a] = (v[a] ^ word) >>> 0);
  const half = (a: number, b: number, bits: number) => {
    add(a, b);
    rotate(b, bits);
    xor(b, v[a]);
  };
  const rounds = (count: number) => {
    for (let i = 0; i < count; i++) {
      half(0, 1, 5);
      rotate(0, 16);
      half(2, 3, 8);
      half(0, 3, 7);
      half(2, 1, 13);
      rotate(2, 16);
    }
  };
  const padded = new Uint8Array(Math.floor(message.length / 4) * 4 + 4);
  padded.set(message);
  padded[padded.length - 1] = message.length % 256;
  const words = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += 4) {
    const word = words.getUint32(at, true);
    xor(3, word);
    rounds(compression);
    xor(0, word);
  }
  xor(2, 0xff);
  rounds(finalisation);
  return v[1] ^ v[3];
}

const KEY = [0x03020100, 0x07060504];

function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i);
}

test('the reference in this test agrees with the published HalfSipHash-2-4 vectors', () => {
  const published = [
    'a9359f5b',
    '27475ab8',
    'fa62a603',
    '8afee704',
    '2a6e4689',
    'c5fab669',
    '5863fc23',
    '8bcf63c5',
  ];
  const computed = published.map((_, length) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(reference(2, 4, KEY, counting(length)));
    return bytes.toString('hex');
  });
  expect(computed).toEqual(published);
});

test('the hash is HalfSipHash-1-3 for every length up to 300', () => {
  const hasher = new SipHasher(KEY[0], KEY[1]);
  for (let length = 0; length <= 300; length++) {
    const message = counting(length);
    expect(hasher.hash(message, 0, length)).toBe(reference(1, 3, KEY, message));
  }
});

test('random keys and random spans of a shared buffer hash as the reference says', () => {
  const prng = new Prng(7);
  const shared = new Uint8Array(new SharedArrayBuffer(512));
  for (let i = 0; i < shared.length; i++) shared[i] = prng.below(256);
  for (let i = 0; i < 500; i++) {
    const key = [prng.nextInt32(), prng.nextUint32()];
    const start = prng.below(256);
    const end = start + prng.below(200);
    const expected = reference(1, 3, key, Uint8Array.from(shared.slice(start, end)));
    expect(new SipHasher(key[0], key[1]).hash(shared, start, end)).toBe(expected);
  }
});

test('the key decides: another key gives another hash', () => {
  const message = counting(16);
  const hashes = new Set<number>();
  for (let k = 0; k < 100; k++) hashes.add(new SipHasher(k, 0).hash(message, 0, 16));
  expect(hashes.size).toBe(100);
});

test('the hash is an int32', () => {
  const hasher = new SipHasher(1, 2);
  for (let length = 0; length < 64; length++) {
    const hash = hasher.hash(counting(length), 0, length);
    expect(hash).toBe(hash | 0);
  }
});
