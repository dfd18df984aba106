/** The largest buffers of the last eight seconds. */
import { describe, expect, it } from 'vitest';
import { RecentPeaks } from '../../../src/observability/recent-peaks.ts';

describe('recent peaks', () => {
  it('are those of the last eight seconds', () => {
    const peaks = new RecentPeaks();
    const at = (second: number, input: number, output: number) => peaks.note(input, output, second * 1000);
    at(100, 500, 7);
    at(100, 300, 9);
    at(103, 400, 1);
    expect([peaks.input, peaks.output]).toEqual([500, 9]);
    at(107, 0, 0);
    expect([peaks.input, peaks.output]).toEqual([500, 9]);
    at(108, 0, 2);
    expect([peaks.input, peaks.output]).toEqual([400, 2]);
    at(200, 1, 1);
    expect([peaks.input, peaks.output]).toEqual([1, 1]);
  });
});
