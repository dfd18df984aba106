import { describe, expect, it } from 'vitest';
import { int64, int64ToBigInt } from '../../../../src/base/int64.ts';
import { countOnes, countOnesBetween, findBit } from '../../../../src/types/bitmap/bits.ts';
import { readSigned, readUnsigned, writeField } from '../../../../src/types/bitmap/field.ts';
import { seededRandom } from '../../base/seeded-random.ts';

const { below } = seededRandom('bits');

/** Bytes at any offset of a buffer, mostly of one kind. */
function make(): { bytes: Uint8Array; start: number; end: number; bits: string } {
  const size = 1 + below([8, 200, 2000][below(3)]);
  const start = below(9);
  const bytes = new Uint8Array(new ArrayBuffer(size + 32), below(8), size + 20);
  const fill = [0, 255, -1][below(3)];
  for (let i = 0; i < bytes.length; i++) bytes[i] = fill < 0 || below(300) === 0 ? below(256) : fill;
  const bits = [...bytes.subarray(start, start + size)].map((byte) => byte.toString(2).padStart(8, '0'));
  return { bytes, start, end: start + size, bits: bits.join('') };
}

const onesOf = (bits: string): number => bits.replaceAll('0', '').length;

describe('bits', () => {
  it('are counted as one by one, from any bit to any', () => {
    for (let i = 0; i < 3000; i++) {
      const { bytes, start, end, bits } = make();
      expect(countOnes(bytes, start, end)).toBe(onesOf(bits));
      const from = below(bits.length);
      const until = from + 1 + below(bits.length - from);
      expect(countOnesBetween(bytes, start, from, until)).toBe(onesOf(bits.slice(from, until)));
    }
  });

  it('are found where the first one is, or not at all', () => {
    for (let i = 0; i < 3000; i++) {
      const { bytes, start, bits } = make();
      const from = below(bits.length);
      const until = from + 1 + below(bits.length - from);
      const bit = below(2);
      const at = bits.slice(0, until).indexOf(String(bit), from);
      expect(findBit(bytes, start, from, until, bit)).toBe(at);
    }
  });

  it('fields of any width are read as they were written, and their neighbours stay', () => {
    for (let i = 0; i < 3000; i++) {
      const { bytes, start, end, bits } = make();
      const width = 1 + below(Math.min(64, bits.length));
      const offset = below(bits.length - width + 1);
      const [hi, lo] = [below(2 ** 32) | 0, below(2 ** 32) | 0];
      const value = int64ToBigInt(hi, lo);
      writeField(bytes, start, offset, width, hi, lo);
      const field = BigInt.asUintN(width, value).toString(2).padStart(width, '0');
      const expected = bits.slice(0, offset) + field + bits.slice(offset + width);
      const after = [...bytes.subarray(start, end)].map((byte) => byte.toString(2).padStart(8, '0'));
      expect(after.join('')).toBe(expected);
      readSigned(bytes, start, end, offset, width);
      expect(int64ToBigInt(int64.hi, int64.lo)).toBe(BigInt.asIntN(width, value));
      if (width === 64) continue;
      readUnsigned(bytes, start, end, offset, width);
      expect(int64ToBigInt(int64.hi, int64.lo)).toBe(BigInt.asUintN(width, value));
    }
  });
});
