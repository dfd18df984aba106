/** INFO persistence of an append only file: what a test cannot make a real disk do, with figures of our own making. */
import { expect, it } from 'vitest';
import { PERSISTENCE } from '../../../src/observability/sections/persistence.ts';

it('tells of fsyncs under way and of those that waited since the last CONFIG RESETSTAT', () => {
  const aof = {
    enabled: true,
    rewriteScheduled: false,
    bytes: 9,
    baseBytes: 8,
    bufferBytes: 7,
    fsyncsRunning: 2,
    fsyncsDelayed: 6,
  };
  const facts = { persistence: { aof, loading: null }, server: { stats: { fsyncsDelayedBefore: 4 } } };
  const lines = PERSISTENCE.lines?.(facts as unknown as Parameters<typeof PERSISTENCE.lines>[0]);
  expect(lines).toEqual([
    'aof_current_size:9',
    'aof_base_size:8',
    'aof_pending_rewrite:0',
    'aof_buffer_length:7',
    'aof_pending_bio_fsync:2',
    'aof_delayed_fsync:2',
  ]);
});
