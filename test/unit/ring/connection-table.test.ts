import { describe, expect, it } from 'vitest';
import { addToCounter, readCounter } from '../../../src/ring/connection-table.ts';

describe('two-word counters', () => {
  it('carry over the end of the low word', () => {
    const rows = new Int32Array(4);
    let expected = 0;
    for (const bytes of [1, 65536, 2147483647, 2147483647, 2147483647, 5]) {
      addToCounter(rows, 1, bytes);
      expected += bytes;
      expect(readCounter(rows, 1)).toBe(expected);
    }
    expect(expected).toBeGreaterThan(4294967296);
    expect(rows[0]).toBe(0);
    expect(rows[3]).toBe(0);
  });
});
