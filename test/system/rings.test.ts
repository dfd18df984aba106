/** The rings between real threads, with random sizes and speeds: nothing lost, nothing out of order, no wake-up missed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createChannelMemory, createProcessMemory } from '../../src/ring/channel.ts';
import { createLogMemory, startLogAt } from '../../src/ring/log-ring.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';
import type { RingJob } from './ring-worker.ts';

const TIMEOUT_MS = 180_000;

let dir = '';
let bundle = '';

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'threadis-rings-'));
  bundle = join(dir, 'ring-worker.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('ring-worker.ts', import.meta.url))],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
}, TIMEOUT_MS);

afterAll(() => rmSync(dir, { recursive: true, force: true }));

type Result = Record<string, number>;

/** Runs one thread per role over the same memory; rejects with the first failure. */
async function run(roles: RingJob['role'][], given: Partial<RingJob>): Promise<Result[]> {
  const random = seededRandom('rings between threads');
  const shared = {
    channel: createChannelMemory(),
    process: createProcessMemory(),
    log: createLogMemory(1 << 16),
    total: 1,
    start: 0,
    inFlight: 1000,
    sizeMax: 300,
    slowness: 0,
    parks: false,
    ...given,
  };
  const workers: Worker[] = [];
  const results = roles.map((role) => {
    const job: RingJob = { ...shared, role, seed: random.uint32() };
    const worker = new Worker(bundle, { workerData: job });
    workers.push(worker);
    return new Promise<Result>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  });
  try {
    return await Promise.all(results);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

describe('requests and replies', () => {
  const cases: [string, Partial<RingJob>][] = [
    ['short ones, both sides fast', { total: 300_000, inFlight: 5000 }],
    ['short ones, more in flight than the rings hold', { total: 200_000, inFlight: 1_000_000, sizeMax: 100 }],
    ['middling ones with pauses', { total: 40_000, inFlight: 2000, sizeMax: 5000, slowness: 30 }],
    [
      'large ones, which fill the byte areas',
      { total: 4000, inFlight: 1000, sizeMax: 200_000, slowness: 10 },
    ],
    [
      'any, the io side in its event loop',
      { total: 60_000, inFlight: 3000, sizeMax: 2000, slowness: 50, parks: true },
    ],
  ];
  for (const [title, given] of cases) {
    it(
      title,
      async () => {
        const [io, executor] = await run(['io', 'executor'], given);
        expect(io.answered).toBe(given.total);
        expect(executor.done).toBe(given.total);
      },
      TIMEOUT_MS,
    );
  }

  it(
    'a full request ring and a full reply ring are met on the way',
    async () => {
      const [io, executor] = await run(['io', 'executor'], {
        total: 20_000,
        inFlight: 1_000_000,
        sizeMax: 60_000,
        slowness: 20,
      });
      expect(io.full).toBeGreaterThan(0);
      expect(executor.full + executor.rests).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});

describe('doorbells', () => {
  it(
    'one request at a time, both sides asleep between: 200,000 wake-ups, none lost',
    async () => {
      const [io, executor] = await run(['io', 'executor'], { total: 100_000, inFlight: 1, sizeMax: 10 });
      expect(io.rests + executor.rests).toBeGreaterThan(10_000);
    },
    TIMEOUT_MS,
  );

  it(
    'the same with the io side in its event loop',
    async () => {
      const given = { total: 50_000, inFlight: 1, sizeMax: 10, parks: true };
      const [io, executor] = await run(['io', 'executor'], given);
      expect(io.rests + executor.rests).toBeGreaterThan(5000);
    },
    TIMEOUT_MS,
  );

  it(
    'with pauses that let the two sides meet at every point of falling asleep',
    async () => {
      await run(['io', 'executor'], { total: 40_000, inFlight: 2, sizeMax: 10, slowness: 3 });
    },
    TIMEOUT_MS,
  );
});

describe('the log ring', () => {
  for (const [title, start] of [
    ['from the beginning', 0],
    ['over the end of the low word', 2 ** 32 - 5_000_000],
  ] as const) {
    it(
      `${title}: every byte arrives, positions are never torn, a full ring waits`,
      async () => {
        const log = createLogMemory(1 << 16);
        startLogAt(log, start);
        const given = { log, start, total: 30_000_000, sizeMax: 200_000, slowness: 500 };
        const [writer, reader, watcher] = await run(['log-writer', 'log-reader', 'log-watcher'], given);
        expect(writer.end).toBe(start + given.total);
        expect(reader.end).toBe(writer.end);
        expect(watcher.end).toBe(writer.end);
        expect(writer.full).toBeGreaterThan(0);
      },
      TIMEOUT_MS,
    );
  }
});
