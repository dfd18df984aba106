/**
 * Sweeps io-threads 1..N over pipeline depths, with redis-server (io-threads 1) as the baseline of every cell.
 *
 * For each number of threads our server is started anew beside the one redis-server, and lib/pairs.mjs compares
 * them. Redis's own line is measured again for each, so a drift of the machine shows as a slope in that line.
 * Beyond one or two threads redis-benchmark itself is the limit unless it has threads too (--benchmark-threads)
 * and the machine has cores for all of them.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { drawLinePlot } from '../lib/line-plot.mjs';
import { readOptions, splitArguments } from '../lib/options.mjs';
import { compareServers, describeCell, makeCells, pairTable } from '../lib/pairs.mjs';
import { describeRun, resultsFolder, writeResults } from '../lib/report.mjs';
import { BASELINE_DEFAULT, OURS_DEFAULT, startServer } from '../lib/servers.mjs';

const cores = availableParallelism();
/** Powers of two up to the machine's cores. */
const threadsDefault = [1, 2, 4, 8, 16, 32, 64, 128].filter((count) => count <= Math.max(2, cores));

const USAGE = `npm run bench:io-threads -- [options]; lists are separated by commas
  --threads ${threadsDefault.join(',')}
  --tests get,set
  --pipelines 1,16,50
  --clients 50
  --data-size 64
  --keyspace 100000
  --rounds 7
  --seconds 2
  --benchmark-threads N   redis-benchmark's own; by default 1, or a third of the cores from six cores up
  --server-args, --redis-args, --ours, --baseline   as in macro/compare.mjs
  --out NAME              io-threads: writes bench/results/NAME.md, NAME.json and NAME.svg`;

const options = readOptions(
  {
    threads: threadsDefault.join(','),
    tests: 'get,set',
    pipelines: '1,16,50',
    clients: '50',
    'data-size': '64',
    keyspace: '100000',
    rounds: '7',
    seconds: '2',
    'benchmark-threads': String(cores >= 6 ? Math.floor(cores / 3) : 1),
    'server-args': '',
    'redis-args': '',
    ours: OURS_DEFAULT,
    baseline: BASELINE_DEFAULT,
    out: 'io-threads',
  },
  USAGE,
);

const method = {
  rounds: options.number('rounds'),
  requests: 0,
  seconds: options.number('seconds'),
  keyspace: options.number('keyspace'),
  benchmarkThreads: options.number('benchmark-threads'),
};
const cells = makeCells({
  tests: options.list('tests'),
  pipelines: options.numbers('pipelines'),
  clients: options.numbers('clients'),
  dataSizes: options.numbers('data-size'),
});

/** @typedef {import('../lib/pairs.mjs').CellResult} CellResult */
/** @typedef {{ threads: number, results: CellResult[] }} Step */

/** @returns {Promise<Step>} all cells at one number of threads */
async function measureThreads(
  /** @type {import('../lib/servers.mjs').BenchServer} */ baseline,
  /** @type {number} */ threads,
) {
  const ours = await startServer({
    label: 'threadis',
    program: options.text('ours'),
    args: ['--io-threads', String(threads), ...splitArguments(options.text('server-args'))],
  });
  console.log(`io-threads ${threads}`);
  const results = await compareServers(ours, baseline, cells, method, (result) =>
    console.log(`  ${describeCell(result)}`),
  );
  await ours.stop();
  return { threads, results };
}

/** @returns {string} one table for each number of threads */
function sweepMarkdown(/** @type {Step[]} */ steps) {
  return steps
    .map(({ threads, results }) => {
      const table = pairTable(results, { ours: 'threadis', baseline: 'redis' });
      return `## io-threads ${threads}\n\n${table}`;
    })
    .join('\n\n');
}

/** @returns {import('../lib/line-plot.mjs').Series[]} our line and Redis's for each pipeline depth of one test */
function seriesOf(/** @type {Step[]} */ steps, /** @type {string} */ test) {
  const medianOf = (/** @type {number} */ pipeline, /** @type {'ours' | 'baseline'} */ side) =>
    steps.map(
      ({ results }) =>
        results.find(({ cell }) => cell.test === test && cell.pipeline === pipeline)?.[side].rps ??
        Number.NaN,
    );
  return options.numbers('pipelines').flatMap((pipeline) => [
    { name: `threadis -P ${pipeline}`, values: medianOf(pipeline, 'ours') },
    {
      name: `redis -P ${pipeline} (io-threads 1)`,
      values: medianOf(pipeline, 'baseline'),
      dashed: true,
      colourOf: `threadis -P ${pipeline}`,
    },
  ]);
}

/** @returns {string} */
function sweepPlot(/** @type {Step[]} */ steps) {
  return drawLinePlot({
    title: `Requests per second by io-threads (${cores} cores, ${options.text('clients')} clients)`,
    xLabel: 'io-threads',
    yLabel: 'requests per second',
    categories: steps.map(({ threads }) => threads),
    panels: options
      .list('tests')
      .map((test) => ({ title: test.toUpperCase(), series: seriesOf(steps, test) })),
  });
}

const baseline = await startServer({
  label: 'redis',
  program: options.text('baseline'),
  args: ['--io-threads', '1', ...splitArguments(options.text('redis-args'))],
});
/** @type {Step[]} */
const steps = [];
for (const threads of options.numbers('threads')) steps.push(await measureThreads(baseline, threads));
await baseline.stop();

const name = options.text('out');
mkdirSync(resultsFolder, { recursive: true });
writeFileSync(join(resultsFolder, `${name}.svg`), sweepPlot(steps));
const markdown = `![requests per second by io-threads](${name}.svg)\n\n${sweepMarkdown(steps)}`;
console.log(`\n${sweepMarkdown(steps)}`);
writeResults(name, {
  title: 'io-threads',
  markdown,
  data: { method, steps },
  run: describeRun([baseline]),
});
