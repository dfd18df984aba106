/**
 * Latency where averages hide it: many connections, large values, and a small client beside a giant pipeline.
 *
 * The first two are redis-benchmark runs in interleaved pairs (lib/pairs.mjs). For the last, client A sends
 * pipelines of 10,000 commands without a pause while client B does PING and GET one at a time, each client in a
 * process of its own; what is reported is B's latency. It shows how fairly a server divides itself: whether one
 * greedy client can make everybody wait for its whole pipeline.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { benchmarkKey, fillKeys } from '../lib/load.mjs';
import { startLoad } from '../lib/load-process.mjs';
import { readOptions, splitArguments } from '../lib/options.mjs';
import { compareServers, describeCell, makeCells, pairTable } from '../lib/pairs.mjs';
import { describeRun, formatNumber, formatRatio, markdownTable, writeResults } from '../lib/report.mjs';
import { BASELINE_DEFAULT, OURS_DEFAULT, startServer } from '../lib/servers.mjs';
import { median, spread } from '../lib/statistics.mjs';

const USAGE = `node bench/macro/latency-tail.mjs [options]
  --rounds 7
  --seconds 2                  length of one measurement
  --many-clients 1000
  --data-sizes 16384,1048576   value bytes of the large-value cells
  --pipeline-depth 10000       of the giant pipeline
  --keyspace 100000
  --server-args, --redis-args, --ours, --baseline, --out   as in compare.mjs`;

const options = readOptions(
  {
    rounds: '7',
    seconds: '2',
    'many-clients': '1000',
    'data-sizes': '16384,1048576',
    'pipeline-depth': '10000',
    keyspace: '100000',
    'server-args': '',
    'redis-args': '',
    ours: OURS_DEFAULT,
    baseline: BASELINE_DEFAULT,
    out: '',
  },
  USAGE,
);

const SMALL_VALUE_BYTES = 64;
const LARGE_VALUE_CLIENTS = 50;
const SETTLE_MS = 300;

/**
 * @typedef {import('../lib/servers.mjs').BenchServer} BenchServer
 * @typedef {{ p50Ms: number, p99Ms: number, p999Ms: number, maxMs: number, pipelineRps: number }} SmallClient
 */

/** @returns {Promise<SmallClient>} what the small client felt beside the pipeline */
async function besidePipeline(/** @type {BenchServer} */ server) {
  const keyspace = options.number('keyspace');
  const pipeliner = await startLoad('pipeliner', {
    port: server.port,
    depth: options.number('pipeline-depth'),
    keyspace,
    valueBytes: SMALL_VALUE_BYTES,
  });
  await sleep(SETTLE_MS);
  const prober = await startLoad('prober', { port: server.port, intervalMs: 0, key: benchmarkKey(1) });
  await sleep(options.number('seconds') * 1000);
  const { p50Ms, p99Ms, p999Ms, maxMs } = await prober.stop();
  const { rps } = await pipeliner.stop();
  server.assertAlive();
  return { p50Ms, p99Ms, p999Ms, maxMs, pipelineRps: rps };
}

/** @returns {Promise<{ ours: SmallClient, baseline: SmallClient }[]>} one pair a round, the order flipping */
async function comparePipelineNeighbours(
  /** @type {BenchServer} */ ours,
  /** @type {BenchServer} */ baseline,
) {
  const keys = { count: options.number('keyspace'), valueBytes: SMALL_VALUE_BYTES, keyAt: benchmarkKey };
  for (const server of [ours, baseline]) {
    await fillKeys(server.port, keys);
    await besidePipeline(server); // warm-up
  }
  const rounds = [];
  for (let round = 0; round < options.number('rounds'); round++) {
    const oursFirst = round % 2 === 0;
    const first = await besidePipeline(oursFirst ? ours : baseline);
    const second = await besidePipeline(oursFirst ? baseline : ours);
    rounds.push(oursFirst ? { ours: first, baseline: second } : { ours: second, baseline: first });
  }
  return rounds;
}

/** @returns {string} a Markdown table of medians; the ratio is of latencies, so below 1 is better */
function neighbourTable(/** @type {{ ours: SmallClient, baseline: SmallClient }[]} */ rounds) {
  const rows = /** @type {[string, keyof SmallClient][]} */ ([
    ['small client p50 ms', 'p50Ms'],
    ['small client p99 ms', 'p99Ms'],
    ['small client p99.9 ms', 'p999Ms'],
    ['small client max ms', 'maxMs'],
    ['the pipeline itself, rps', 'pipelineRps'],
  ]).map(([name, field]) => [
    name,
    formatNumber(median(rounds.map((pair) => pair.ours[field]))),
    formatNumber(median(rounds.map((pair) => pair.baseline[field]))),
    formatRatio(spread(rounds.map((pair) => pair.ours[field] / pair.baseline[field]))),
  ]);
  return markdownTable(['beside a giant pipeline', 'threadis', 'redis', 'ratio (min-max)'], rows);
}

/** @returns {Promise<import('../lib/pairs.mjs').CellResult[]>} */
async function compareTails(/** @type {BenchServer} */ ours, /** @type {BenchServer} */ baseline) {
  const tests = ['get', 'set'];
  const cells = [
    ...makeCells({
      tests,
      pipelines: [1],
      clients: [options.number('many-clients')],
      dataSizes: [SMALL_VALUE_BYTES],
    }),
    ...makeCells({
      tests,
      pipelines: [1],
      clients: [LARGE_VALUE_CLIENTS],
      dataSizes: options.numbers('data-sizes'),
    }),
  ];
  const method = {
    rounds: options.number('rounds'),
    requests: 0,
    seconds: options.number('seconds'),
    keyspace: options.number('keyspace'),
    benchmarkThreads: 1,
  };
  return compareServers(ours, baseline, cells, method, (result) => console.log(describeCell(result)));
}

const ours = await startServer({
  label: 'threadis',
  program: options.text('ours'),
  args: splitArguments(options.text('server-args')),
});
const baseline = await startServer({
  label: 'redis',
  program: options.text('baseline'),
  args: splitArguments(options.text('redis-args')),
});
const neighbours = await comparePipelineNeighbours(ours, baseline);
const tails = await compareTails(ours, baseline);
await Promise.all([ours.stop(), baseline.stop()]);

const markdown = `${pairTable(tails, { ours: 'threadis', baseline: 'redis' })}\n\n${neighbourTable(neighbours)}`;
console.log(`\n${markdown}`);
writeResults(options.text('out'), {
  title: 'Latency tails',
  markdown,
  data: { cells: tails, besideGiantPipeline: neighbours },
  run: describeRun([ours, baseline]),
});
