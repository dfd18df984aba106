/** The latency monitor's samples, and how they are drawn. */
import { describe, expect, it } from 'vitest';
import { LatencyEvents } from '../../../src/commands/latency-events.ts';
import { latencyGraph } from '../../../src/commands/server/latency-graph.ts';

function monitor(thresholdMs: number) {
  let nowMs = 0;
  const events = new LatencyEvents(() => nowMs);
  events.thresholdMs = thresholdMs;
  return {
    events,
    add(second: number, ms: number) {
      nowMs = second * 1000 + 500;
      events.add('event', ms);
    },
    samples: () => (events.series.get('event')?.samples ?? []).map(({ ms, second }) => [second, ms]),
  };
}

describe('samples', () => {
  it('are what took long enough, the longest of each second', () => {
    const { add, events, samples } = monitor(10);
    add(1, 9.9);
    expect(samples()).toEqual([]);
    add(1, 10.7);
    add(2, 30);
    add(2, 20);
    add(2, 40.2);
    add(5, 11);
    expect(samples()).toEqual([
      [1, 10],
      [2, 40],
      [5, 11],
    ]);
    expect(events.series.get('event')!.maxMs).toBe(40);
    expect(events.reset('event')).toBe(true);
    expect(events.reset('event')).toBe(false);
  });

  it('are at most 160, the newest', () => {
    const { add, events, samples } = monitor(1);
    add(0, 500);
    for (let second = 1; second <= 200; second++) add(second, 5);
    expect(samples().length).toBe(160);
    expect(samples()[0]).toEqual([41, 5]);
    expect(events.series.get('event')!.maxMs).toBe(500);
  });

  it('are not kept while the monitor is off', () => {
    const { add, samples } = monitor(Infinity);
    add(1, 1e9);
    expect(samples()).toEqual([]);
  });
});

describe('a graph', () => {
  it('has a column for each sample, and its age below', () => {
    const { add, events } = monitor(1);
    for (const [second, ms] of [
      [0, 10],
      [60, 20],
      [3600, 30],
      [7190, 43],
      [7195, 58],
    ]) {
      add(second, ms);
    }
    expect(latencyGraph('event', events.series.get('event')!, 7200)).toBe(
      [
        'event - high 58 ms, low 10 ms (all time high 58 ms)',
        '-'.repeat(80),
        '    #',
        '   #|',
        '  #||',
        '_#|||',
        '',
        '21115',
        'hhh0s',
        '   s ',
        '',
      ].join('\n'),
    );
  });

  it('of one sample, and of more than fit a line', () => {
    const { add, events } = monitor(1);
    add(0, 10);
    expect(latencyGraph('event', events.series.get('event')!, 1).split('\n').slice(2, 6)).toEqual([
      ' ',
      ' ',
      ' ',
      '_',
    ]);
    for (let second = 1; second < 100; second++) add(second, 10 + second);
    const lines = latencyGraph('event', events.series.get('event')!, 100).split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBe(80);
    expect(lines.filter((line) => /[#o_|]/.test(line) && !line.includes('ms')).length).toBeGreaterThan(4);
  });
});
