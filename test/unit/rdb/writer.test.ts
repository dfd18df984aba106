/** Strings in files: short ones that do not get shorter are not tried all the time, and files hardly get longer by it. */
import { describe, expect, it } from 'vitest';
import { RdbReader } from '../../../src/rdb/reader.ts';
import { RdbWriter } from '../../../src/rdb/writer.ts';
import { seededRandom } from '../base/seeded-random.ts';

const COUNT = 30_000;
const SIZE = 64;

describe('RdbWriter.string', () => {
  const equal = new Uint8Array(SIZE).fill(120);
  const random = seededRandom('rdb writer');
  const noise = () => Uint8Array.from({ length: SIZE }, () => random.below(256));

  /** The bytes that the strings take, and whether each was compressed; they are read back. */
  function write(strings: readonly Uint8Array[]): { sizes: number[]; writer: RdbWriter } {
    const writer = new RdbWriter();
    writer.reset(true);
    const sizes = strings.map((bytes) => {
      const before = writer.size;
      writer.string(bytes, 0, bytes.length);
      return writer.size - before;
    });
    const reader = new RdbReader();
    reader.open(writer.bytes, 0, writer.size);
    for (const bytes of strings) {
      reader.string();
      expect(Buffer.compare(reader.textBytes.subarray(reader.textStart, reader.textEnd), bytes)).toBe(0);
    }
    return { sizes, writer };
  }

  it.each([0.001, 0.01, 0.03, 0.1, 0.5, 0.9])(
    'of strings of which %d get shorter, hardly any come out longer',
    (share) => {
      const strings = Array.from({ length: COUNT }, () =>
        random.below(1000) < share * 1000 ? equal : noise(),
      );
      const { sizes } = write(strings);
      const missed = strings.filter((bytes, i) => bytes === equal && sizes[i] > SIZE);
      expect(missed.length / COUNT).toBeLessThan(0.02);
    },
  );

  it('after a long run of strings that did not get shorter, one of the next eight that would does, and then all', () => {
    const strings = [...Array.from({ length: 1000 }, noise), ...new Array<Uint8Array>(100).fill(equal)];
    const { sizes } = write(strings);
    const first = sizes.findIndex((size) => size < SIZE);
    expect(first).toBeGreaterThanOrEqual(1000);
    expect(first).toBeLessThan(1008);
    expect(Math.max(...sizes.slice(first))).toBeLessThan(SIZE);
  });

  it('long strings are always tried, and each file begins anew', () => {
    const runs = [0, 1].map(() => write(Array.from({ length: 1001 }, noise)).writer);
    const before = runs[0].size;
    runs[0].string(new Uint8Array(300).fill(120), 0, 300);
    expect(runs[0].size - before).toBeLessThan(300);
    runs[1].reset(true);
    runs[1].string(equal, 0, SIZE);
    expect(runs[1].size).toBeLessThan(SIZE);
  });
});
