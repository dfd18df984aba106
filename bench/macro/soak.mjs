/**
 * Shows steady state: a long pipelined GET/SET run against our server must not grow the JS heap, must not collect
 * garbage for long, and must not stall the executor.
 *
 * redis-benchmark loops over SET and GET while INFO is sampled every second. The run has two parts. In the first
 * fifth V8 compiles, the keyspace fills and the arena takes its size; growth is counted over the rest. Counters
 * (collections, pauses, stalls) are the server's own since its start, because a pause while it warms up is a pause.
 *
 * The fields come from `INFO everything`. One that the server does not have is reported as ABSENT and fails the run:
 * a soak that could not look has shown nothing.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { benchmarkKey, fillKeys } from '../lib/load.mjs';
import { readOptions, splitArguments } from '../lib/options.mjs';
import { describeRun, formatNumber, markdownTable, writeResults } from '../lib/report.mjs';
import { connectResp, readInfo } from '../lib/resp-client.mjs';
import { OURS_DEFAULT, startServer } from '../lib/servers.mjs';

const USAGE = `npm run bench:soak -- [options]
  --seconds 60
  --pipeline 16
  --clients 50
  --data-size 64
  --keyspace 100000
  --server-args "--name value"
  --ours PATH
  --out NAME              write bench/results/NAME.md and NAME.json`;

const options = readOptions(
  {
    seconds: '60',
    pipeline: '16',
    clients: '50',
    'data-size': '64',
    keyspace: '100000',
    'server-args': '',
    ours: OURS_DEFAULT,
    out: '',
  },
  USAGE,
);

const SAMPLE_EVERY_MS = 1000;
const WARMUP_SHARE = 0.2;
const REQUESTS_PER_LOOP = 500_000;
const MIB = 2 ** 20;

/**
 * What is watched. `limit` is for the growth of a level and for the last value of a counter.
 * @type {{ field: string, unit: string, kind: 'level' | 'counter', divisor: number, limit?: number }[]}
 */
const WATCHED = [
  { field: 'executor_heap_used_bytes', unit: 'MiB', kind: 'level', divisor: MIB, limit: 5 },
  { field: 'io_heap_used_bytes', unit: 'MiB', kind: 'level', divisor: MIB },
  { field: 'executor_major_gcs', unit: 'collections', kind: 'counter', divisor: 1 },
  { field: 'executor_gc_max_pause_ms', unit: 'ms', kind: 'counter', divisor: 1, limit: 10 },
  { field: 'executor_stall_max_ms', unit: 'ms', kind: 'counter', divisor: 1 },
  { field: 'used_memory', unit: 'MiB', kind: 'level', divisor: MIB },
];
/** Not a field of INFO: from /proc. */
const RESIDENT = {
  field: 'resident memory',
  unit: 'MiB',
  kind: /** @type {const} */ ('level'),
  divisor: MIB,
};

/** @typedef {Map<string, number>} Sample each field present, by name */

/** @returns {Promise<Sample>} */
async function takeSample(
  /** @type {import('../lib/servers.mjs').BenchServer} */ server,
  /** @type {import('../lib/resp-client.mjs').RespClient} */ client,
) {
  const info = await readInfo(client);
  const sample = new Map([[RESIDENT.field, server.residentBytes()]]);
  for (const { field } of WATCHED) {
    const value = info.get(field);
    if (value !== undefined) sample.set(field, Number(value));
  }
  return sample;
}

/** Starts the load; it loops until stopped. */
function startBenchmark(/** @type {number} */ port) {
  const child = spawn(
    'redis-benchmark',
    ['-h', '127.0.0.1', '-p', String(port), '-l', '-q', '-t', 'set,get', '-n', String(REQUESTS_PER_LOOP)]
      .concat(['-P', options.text('pipeline'), '-c', options.text('clients')])
      .concat(['-d', options.text('data-size'), '-r', options.text('keyspace')]),
    { stdio: 'ignore' },
  );
  process.on('exit', () => child.kill('SIGKILL'));
  return {
    assertAlive: () => {
      if (child.exitCode !== null) throw new Error(`redis-benchmark ended with ${child.exitCode}`);
    },
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** @returns {Promise<{ samples: Sample[], commands: number }>} one sample a second under load */
async function soak(/** @type {import('../lib/servers.mjs').BenchServer} */ server) {
  const client = await connectResp(server.port);
  const commandsBefore = Number((await readInfo(client, 'stats')).get('total_commands_processed'));
  const load = startBenchmark(server.port);
  /** @type {Sample[]} */
  const samples = [];
  const endMs = performance.now() + options.number('seconds') * 1000;
  while (performance.now() < endMs) {
    await sleep(SAMPLE_EVERY_MS);
    load.assertAlive();
    server.assertAlive();
    samples.push(await takeSample(server, client));
  }
  const commandsAfter = Number((await readInfo(client, 'stats')).get('total_commands_processed'));
  await load.stop();
  client.close();
  return { samples, commands: commandsAfter - commandsBefore };
}

/** @returns {{ row: string[], problem: string | undefined }} one line of the table, and what is wrong with it */
function judge(/** @type {typeof WATCHED[number]} */ watched, /** @type {Sample[]} */ samples) {
  const { field, unit, kind, divisor, limit } = watched;
  const steady = samples.slice(Math.floor(samples.length * WARMUP_SHARE));
  const values = steady
    .filter((sample) => sample.has(field))
    .map((sample) => (sample.get(field) ?? 0) / divisor);
  if (values.length === 0)
    return { row: [field, unit, 'ABSENT', '', '', '', ''], problem: `${field}: ABSENT` };
  const [first, last] = [values[0], values[values.length - 1]];
  const judged = kind === 'level' ? last - first : last;
  const over = limit !== undefined && judged > limit;
  const figures = [first, last, Math.max(...values), last - first].map(formatNumber);
  const verdict = limit === undefined ? '' : `${over ? 'OVER' : 'within'} ${limit}`;
  const problem = over ? `${field}: ${formatNumber(judged)} ${unit} is over ${limit}` : undefined;
  return { row: [field, unit, ...figures, verdict], problem };
}

const server = await startServer({
  label: 'threadis',
  program: options.text('ours'),
  args: splitArguments(options.text('server-args')),
});
await fillKeys(server.port, {
  count: options.number('keyspace'),
  valueBytes: options.number('data-size'),
  keyAt: benchmarkKey,
});
const { samples, commands } = await soak(server);
await server.stop();

const judgements = [...WATCHED, RESIDENT].map((watched) => judge(watched, samples));
const table = markdownTable(
  ['field', 'unit', 'first', 'last', 'max', 'growth', 'limit'],
  judgements.map(({ row }) => row),
);
const problems = judgements.map(({ problem }) => problem).filter(Boolean);
const rate = formatNumber(commands / options.number('seconds'));
const summary = `${formatNumber(commands)} commands in ${options.text('seconds')} s, ${rate} per second.`;
console.log(`${summary}\n\n${table}`);
for (const problem of problems) console.error(`PROBLEM: ${problem}`);
writeResults(options.text('out'), {
  title: 'Soak: steady state under pipelined GET and SET',
  markdown: `${summary}\n\n${table}`,
  data: { commands, samples: samples.map((sample) => Object.fromEntries(sample)) },
  run: describeRun([server]),
});
process.exitCode = problems.length > 0 ? 1 : 0;
