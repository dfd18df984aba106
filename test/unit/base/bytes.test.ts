import { describe, expect, it } from 'vitest';
import {
  bytesFromString,
  compareBytes,
  copyBytes,
  copyViews,
  equalBytes,
  equalsIgnoreCase,
  repr,
  sliceBytes,
  stringFromBytes,
  writeString,
} from '../../../src/base/bytes.ts';
import { seededRandom } from './seeded-random.ts';

const random = seededRandom('bytes');
const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, i) => i);

describe('strings and bytes', () => {
  it('go both ways without loss, as latin1', () => {
    expect(bytesFromString(stringFromBytes(ALL_BYTES))).toEqual(ALL_BYTES);
    expect(stringFromBytes(ALL_BYTES, 65, 68)).toBe('ABC');
    expect(stringFromBytes(ALL_BYTES, 7, 7)).toBe('');
    expect(bytesFromString('a').constructor).toBe(Uint8Array);
  });

  it('writeString writes in place and says how much', () => {
    const out = new Uint8Array(6);
    expect(writeString('OK\r\n', out, 1)).toBe(4);
    expect(stringFromBytes(out)).toBe('\0OK\r\n\0');
  });
});

describe('equalsIgnoreCase', () => {
  it('folds the letters a-z and nothing else', () => {
    const equals = (text: string, upper: string): boolean =>
      equalsIgnoreCase(bytesFromString(`x${text}x`), 1, 1 + text.length, bytesFromString(upper));
    expect(equals('WithScores', 'WITHSCORES')).toBe(true);
    expect(equals('', '')).toBe(true);
    expect(equals('ab', 'ABC')).toBe(false);
    expect(equals('abd', 'ABC')).toBe(false);
    for (let byte = 0; byte < 256; byte++) {
      for (const upper of '@AZ[_0') {
        const char = String.fromCharCode(byte);
        const expected = char === upper || (/[a-z]/.test(char) && char.toUpperCase() === upper);
        expect(equals(char, upper), `${byte} ${upper}`).toBe(expected);
      }
    }
  });
});

describe('comparing', () => {
  it('orders and equates as Buffer does', () => {
    for (let round = 0; round < 20_000; round++) {
      const a = Uint8Array.from({ length: random.below(6) }, () => random.pick([0, 1, 127, 128, 255]));
      const b = Uint8Array.from({ length: random.below(6) }, () => random.pick([0, 1, 127, 128, 255]));
      const aPadded = Uint8Array.of(9, ...a, 8);
      const bPadded = Uint8Array.of(7, 6, ...b, 5);
      const spans = [aPadded, 1, 1 + a.length, bPadded, 2, 2 + b.length] as const;
      expect(compareBytes(...spans)).toBe(Buffer.compare(a, b));
      expect(equalBytes(...spans)).toBe(Buffer.compare(a, b) === 0);
    }
  });
});

describe('copying', () => {
  it('moves exactly the span, at every size around the switch', () => {
    const source = Uint8Array.from({ length: 300 }, () => random.below(256));
    for (let size = 0; size < 100; size++) {
      const target = new Uint8Array(200);
      copyBytes(source, 3, 3 + size, target, 5);
      expect([...target]).toEqual([
        ...new Uint8Array(5),
        ...source.subarray(3, 3 + size),
        ...new Uint8Array(195 - size),
      ]);
      expect(sliceBytes(source, 3, 3 + size)).toEqual(source.slice(3, 3 + size));
    }
  });

  it('copyViews copies the same bytes', () => {
    const source = Uint8Array.from({ length: 300 }, () => random.below(256));
    for (let size = 0; size < 100; size++) {
      const target = new Uint8Array(200);
      copyViews(new DataView(source.buffer), 3, 3 + size, new DataView(target.buffer), 5);
      expect([...target]).toEqual([
        ...new Uint8Array(5),
        ...source.subarray(3, 3 + size),
        ...new Uint8Array(195 - size),
      ]);
    }
  });

  it('copyBytes moves overlapping spans of one array', () => {
    for (const [start, pos] of [
      [0, 3],
      [3, 0],
      [5, 5],
    ]) {
      const bytes = Uint8Array.from({ length: 200 }, (_, i) => i);
      const expected = bytes.slice().copyWithin(pos, start, start + 100);
      copyBytes(bytes, start, start + 100, bytes, pos);
      expect(bytes).toEqual(expected);
    }
  });

  it('sliceBytes gives memory of its own, also of a Buffer', () => {
    const source = Buffer.from('abcdef');
    const copy = sliceBytes(source, 1, 3);
    source.fill(0);
    expect(stringFromBytes(copy)).toBe('bc');
  });
});

describe('repr', () => {
  it('quotes as the real server does', () => {
    expect(repr(bytesFromString('plain text~'))).toBe('"plain text~"');
    expect(repr(bytesFromString('\\"\n\r\t\x07\b'))).toBe('"\\\\\\"\\n\\r\\t\\a\\b"');
    expect(repr(bytesFromString('\0\x0b\x1b\x7f\xff'))).toBe('"\\x00\\x0b\\x1b\\x7f\\xff"');
    expect(repr(bytesFromString('abcdef'), 2, 4)).toBe('"cd"');
  });
});
