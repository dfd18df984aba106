import { describe, expect, it } from 'vitest';
import {
  compareIds,
  copyId,
  decrementId,
  Id128,
  incrementId,
  isMaxId,
  isZeroId,
  readId,
  setId,
  writeIdWords,
} from '../../../src/base/id128.ts';
import { seededRandom } from './seeded-random.ts';

const { pick, uint32 } = seededRandom('id128');
const TOP = 2n ** 128n;

function idOf(value: bigint): Id128 {
  const id = new Id128();
  const word = (shift: bigint): number => Number(BigInt.asIntN(32, value >> shift));
  setId(id, word(96n), word(64n), word(32n), word(0n));
  return id;
}

function numberOf(id: Id128): bigint {
  return [id.msHi, id.msLo, id.seqHi, id.seqLo].reduce((sum, word) => (sum << 32n) | BigInt(word >>> 0), 0n);
}

function anyValue(): bigint {
  const word = (): bigint => BigInt(pick([0, 1, 0x7fffffff, 0x80000000, 0xffffffff, uint32()]));
  return (word() << 96n) | (word() << 64n) | (word() << 32n) | word();
}

describe('ids of 128 bits', () => {
  it('compare, step and copy as unsigned integers', () => {
    for (let i = 0; i < 20_000; i++) {
      const [a, b] = [anyValue(), pick([anyValue, () => 0n])()];
      expect(Math.sign(compareIds(idOf(a), idOf(b)))).toBe(a < b ? -1 : a > b ? 1 : 0);
      const id = idOf(a);
      expect(incrementId(id)).toBe(a !== TOP - 1n);
      expect(numberOf(id)).toBe((a + 1n) % TOP);
      expect(decrementId(id)).toBe(a !== TOP - 1n);
      expect(numberOf(id)).toBe(a);
      const words = new Int32Array(6);
      writeIdWords(id, words, 1);
      const other = new Id128();
      readId(words, 1, other);
      expect(numberOf(other)).toBe(a);
      copyId(idOf(b), other);
      expect(numberOf(other)).toBe(b);
      expect([isZeroId(id), isMaxId(id)]).toEqual([a === 0n, a === TOP - 1n]);
    }
  });
});
