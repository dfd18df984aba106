/** How long evicting takes is told to whoever asked: what LATENCY shows as eviction-cycle and eviction-del. */
import { expect, it } from 'vitest';
import { CommandRunner } from '../../model/command-runner.ts';

it('tells how long making room took, and each deletion', () => {
  const runner = new CommandRunner();
  const { eviction } = runner.keyspace;
  for (let i = 0; i < 1000; i++) runner.run('SET', `key:${i}`, 'x'.repeat(100));
  let us = 0;
  eviction.clockUs = () => us++;
  const told = new Map<string, number[]>();
  eviction.onTime = (event, took) => told.set(event, [...(told.get(event) ?? []), took]);
  eviction.configure({
    lazily: false,
    limitBytes: runner.keyspace.usedBytes - 500,
    policy: 'allkeys-random',
    samples: 5,
    tenacity: 100,
  });
  expect(eviction.makeRoom()).toBe(true);
  const deletions = told.get('eviction-del') ?? [];
  expect(deletions.length).toBeGreaterThan(1);
  expect(runner.keyspace.databases[0].count).toBe(1000 - deletions.length);
  // Every look at this clock is a microsecond: two around each deletion, and those around all of them.
  expect(deletions.every((took) => took === 1)).toBe(true);
  const [cycle] = told.get('eviction-cycle') ?? [];
  expect(cycle).toBeGreaterThanOrEqual(2 * deletions.length);
});
