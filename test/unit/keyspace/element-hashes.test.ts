/** Hashes that are computed once for two who ask: right whatever has been noted, in whatever order they are asked for. */
import { describe, expect, test } from 'vitest';
import { SipHasher } from '../../../src/base/siphash.ts';
import { ElementHashes } from '../../../src/keyspace/element-hashes.ts';

/** A hasher that counts how often it is asked. */
class CountingHasher extends SipHasher {
  asked = 0;

  override hash(bytes: Uint8Array, start: number, end: number): number {
    this.asked++;
    return super.hash(bytes, start, end);
  }
}

const text = new TextEncoder().encode('alpha beta gamma delta');
const words = [
  [0, 5],
  [6, 10],
  [11, 16],
  [17, 22],
] as const;

function noted() {
  const hasher = new CountingHasher(1, 2);
  const hashes = new ElementHashes(hasher);
  const expected = words.map(([start, end]) => hashes.note(text, start, end));
  hasher.asked = 0;
  return { expected, hasher, hashes };
}

describe('hashes of elements', () => {
  test('what was noted is not computed again, in the same order', () => {
    const { expected, hasher, hashes } = noted();
    expect(words.map(([start, end]) => hashes.of(text, start, end))).toEqual(expected);
    expect(hasher.asked).toBe(0);
  });

  test('another order, another end and other bytes at the same place get their own hashes', () => {
    const { expected, hasher, hashes } = noted();
    const plain = new SipHasher(1, 2);
    expect(hashes.of(text, 6, 10)).toBe(expected[1]);
    expect(hashes.of(text, 0, 4)).toBe(plain.hash(text, 0, 4));
    const other = new TextEncoder().encode('omega beta gamma delta');
    expect(hashes.of(other, 0, 5)).toBe(plain.hash(other, 0, 5));
    expect(hasher.asked).toBe(3);
    expect(hashes.of(text, 0, 5)).toBe(expected[0]);
    expect(hasher.asked).toBe(3);
  });

  test('after forget() the same place may hold something else', () => {
    const { hasher, hashes } = noted();
    hashes.forget();
    const bytes = text.slice();
    const plain = new SipHasher(1, 2);
    hashes.note(bytes, 0, 5);
    hashes.forget();
    bytes.fill(120, 0, 5);
    hasher.asked = 0;
    expect(hashes.of(bytes, 0, 5)).toBe(plain.hash(bytes, 0, 5));
    expect(hasher.asked).toBe(1);
  });

  test('more than fit are computed as ever', () => {
    const hashes = new ElementHashes(new SipHasher(3, 4));
    const plain = new SipHasher(3, 4);
    const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
    for (let i = 0; i < 20; i++) expect(hashes.note(bytes, i, i + 3)).toBe(plain.hash(bytes, i, i + 3));
    for (let i = 0; i < 20; i++) expect(hashes.of(bytes, i, i + 3)).toBe(plain.hash(bytes, i, i + 3));
  });
});
