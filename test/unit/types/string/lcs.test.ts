import { describe, expect, it } from 'vitest';
import { bytesFromString, stringFromBytes } from '../../../../src/base/bytes.ts';
import { type LcsResult, lcs, lcsLength, lcsTableSize } from '../../../../src/types/string/lcs.ts';
import { seededRandom } from '../../base/seeded-random.ts';

const random = seededRandom('lcs');

function run(a: string, b: string, matchSizeMin?: number): LcsResult {
  const result = lcs(
    bytesFromString(`x${a}x`),
    1,
    1 + a.length,
    bytesFromString(`x${b}x`),
    1,
    1 + b.length,
    matchSizeMin,
  );
  expect(lcsLength(bytesFromString(a), 0, a.length, bytesFromString(b), 0, b.length)).toBe(result.length);
  return result;
}

/** The whole table of lengths, and the walk back through it byte by byte. */
function reference(a: string, b: string): { text: string; positions: [number, number][] } {
  const lengths = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const equal = a[i - 1] === b[j - 1];
      lengths[i][j] = equal ? lengths[i - 1][j - 1] + 1 : Math.max(lengths[i - 1][j], lengths[i][j - 1]);
    }
  }
  const positions: [number, number][] = [];
  for (let i = a.length, j = b.length; i > 0 && j > 0; ) {
    if (a[i - 1] === b[j - 1]) positions.unshift([--i, --j]);
    else if (lengths[i - 1][j] > lengths[i][j - 1]) i--;
    else j--;
  }
  return { text: positions.map(([i]) => a[i]).join(''), positions };
}

describe('lcs', () => {
  it('finds the example of the Redis documentation', () => {
    const result = run('ohmytext', 'mynewtext');
    expect(stringFromBytes(result.bytes)).toBe('mytext');
    expect(result.matches).toEqual([
      { aStart: 4, aEnd: 7, bStart: 5, bEnd: 8, length: 4 },
      { aStart: 2, aEnd: 3, bStart: 0, bEnd: 1, length: 2 },
    ]);
  });

  it('leaves out short matches, but not from the length', () => {
    const result = run('ohmytext', 'mynewtext', 4);
    expect(result.length).toBe(6);
    expect(result.matches.map((match) => match.length)).toEqual([4]);
  });

  it('knows empty strings and strings with nothing in common', () => {
    for (const [a, b] of [
      ['', ''],
      ['', 'abc'],
      ['abc', ''],
      ['abc', 'xyz'],
    ]) {
      expect(run(a, b)).toEqual({ length: 0, bytes: new Uint8Array(), matches: [] });
    }
  });

  it('agrees with the full table on random strings, across the width of a word of bits', () => {
    const text = (sizeMax: number): string => {
      const alphabet = 'abcdefgh'.slice(0, 1 + random.below(8));
      return Array.from({ length: random.below(sizeMax) }, () => random.pick([...alphabet])).join('');
    };
    for (let round = 0; round < 500; round++) {
      const a = text(100);
      const b = text(100);
      const result = run(a, b);
      const expected = reference(a, b);
      expect(stringFromBytes(result.bytes)).toBe(expected.text);
      const positions = result.matches
        .toReversed()
        .flatMap((match) =>
          Array.from({ length: match.length }, (_, k) => [match.aStart + k, match.bStart + k]),
        );
      expect(positions).toEqual(expected.positions);
      for (const match of result.matches) {
        expect(match.aEnd - match.aStart).toBe(match.bEnd - match.bStart);
        expect(match.length).toBe(match.aEnd - match.aStart + 1);
      }
    }
  });

  it('tells the size that is held against proto-max-bulk-len', () => {
    expect(lcsTableSize(0, 0)).toBe(4);
    expect(lcsTableSize(9, 19)).toBe(800);
    expect(lcsTableSize(2 ** 20, 2 ** 20)).toBeGreaterThan(2 ** 32);
  });
});
