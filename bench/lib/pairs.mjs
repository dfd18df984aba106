/**
 * The paired comparison: the method behind every "x times Redis" that this project quotes.
 *
 * A shared machine drifts: its speed now and a minute from now differ by more than what we want to see. So both
 * servers are up at once, and each round measures the one and right afterwards the other; the order flips every
 * round, so that a steady drift favours neither. Each round gives one ratio, which drift hardly touches; the figure
 * is the ratios' median, quoted with the smallest and largest. The rates beside it are medians too, and mean
 * nothing on their own.
 *
 *   warm up A, warm up B     V8 compiles a function well only after tens of thousands of calls
 *   round 1:  A B            the same number of requests for both, chosen from the warm-up so that a measurement
 *   round 2:  B A            lasts about `seconds`
 *   ...
 *
 * A *cell* is one line of the table: a test at one pipeline depth, number of clients and value size. Before the
 * cells of a value size, the keyspace is filled whole, so that GET always hits; large values get fewer keys.
 */
import { benchmarkKey, fillKeys } from './load.mjs';
import { warmFreePages } from './page-cache.mjs';
import { runBenchmark } from './redis-benchmark.mjs';
import { formatNumber, formatRatio, markdownTable } from './report.mjs';
import { connectResp } from './resp-client.mjs';
import { median, spread } from './statistics.mjs';

/** Warm-up: pipelined commands are cheap, single ones are not. */
const WARMUP_PIPELINED = 250_000;
const WARMUP_SINGLE = 60_000;

/** A warm-up never moves more bytes than this, so that 1 MB values do not take minutes. */
const WARMUP_BYTES_MAX = 2 * 1024 * 1024 * 1024;

/** All values together never take more memory than this, per server. */
const KEYSPACE_BYTES_MAX = 512 * 1024 * 1024;

/**
 * @typedef {import('./servers.mjs').BenchServer} BenchServer
 * @typedef {import('./redis-benchmark.mjs').BenchmarkReport} BenchmarkReport
 * @typedef {{ test: string, pipeline: number, clients: number, dataSize: number }} Cell
 * @typedef {BenchmarkReport & { cpuMicrosPerCommand: number }} Measurement
 *
 * @typedef {object} Method
 * @property {number} rounds
 * @property {number} requests per measurement; 0: from the warm-up
 * @property {number} seconds that a measurement should last
 * @property {number} keyspace
 * @property {number} benchmarkThreads of redis-benchmark itself
 * @property {number} [warmPages] megabytes of free memory to use before each measurement (page-cache.mjs)
 *
 * @typedef {object} CellResult
 * @property {Cell} cell
 * @property {number} requests
 * @property {number} keyspace
 * @property {import('./statistics.mjs').Spread} ratio of the rates, ours to the baseline's
 * @property {Measurement} ours medians
 * @property {Measurement} baseline medians
 * @property {{ ours: Measurement, baseline: Measurement }[]} rounds
 */

/** @returns {number} */
function keysThatFit(/** @type {number} */ keyspace, /** @type {number} */ dataSize) {
  return Math.max(1, Math.min(keyspace, Math.floor(KEYSPACE_BYTES_MAX / Math.max(1, dataSize))));
}

/** One measurement of one server. */
async function measure(
  /** @type {BenchServer} */ server,
  /** @type {Cell} */ cell,
  /** @type {{ requests: number, keyspace: number, threads: number }} */ size,
) {
  const cpuBefore = server.cpuMicros();
  const report = await runBenchmark({ port: server.port, ...cell, ...size });
  server.assertAlive();
  return { ...report, cpuMicrosPerCommand: (server.cpuMicros() - cpuBefore) / size.requests };
}

/** @returns {number} requests of a warm-up run */
function warmupRequests(/** @type {Cell} */ cell) {
  const wanted = cell.pipeline > 1 ? WARMUP_PIPELINED : WARMUP_SINGLE;
  const keysPerCommand = cell.test === 'mset' ? 10 : 1;
  const affordable = WARMUP_BYTES_MAX / (keysPerCommand * Math.max(1, cell.dataSize));
  return Math.max(cell.clients * cell.pipeline, Math.floor(Math.min(wanted, affordable)));
}

/** Warms both servers up; returns how many requests make a measurement of the wanted length. */
async function warmUp(
  /** @type {BenchServer[]} */ servers,
  /** @type {Cell} */ cell,
  /** @type {Method} */ method,
  /** @type {number} */ keyspace,
) {
  const size = { requests: warmupRequests(cell), keyspace, threads: method.benchmarkThreads };
  let rates = 0;
  for (const server of servers) {
    // The second half tells the rate: the first is what V8 learns from.
    await measure(server, cell, { ...size, requests: Math.ceil(size.requests / 2) });
    rates += (await measure(server, cell, { ...size, requests: Math.ceil(size.requests / 2) })).rps;
  }
  if (method.requests > 0) return method.requests;
  return Math.max(cell.clients * cell.pipeline, Math.round((rates / servers.length) * method.seconds));
}

/** @returns {Measurement} the median of each figure */
function medians(/** @type {Measurement[]} */ measurements) {
  const names = /** @type {(keyof Measurement)[]} */ (Object.keys(measurements[0]));
  const entries = names.map((name) => [name, median(measurements.map((measurement) => measurement[name]))]);
  return /** @type {Measurement} */ (Object.fromEntries(entries));
}

/** @returns {Promise<CellResult>} */
async function compareCell(
  /** @type {BenchServer} */ ours,
  /** @type {BenchServer} */ baseline,
  /** @type {Cell} */ cell,
  /** @type {Method} */ method,
) {
  const keyspace = keysThatFit(method.keyspace, cell.dataSize);
  const requests = await warmUp([ours, baseline], cell, method, keyspace);
  const size = { requests, keyspace, threads: method.benchmarkThreads };
  const rounds = [];
  for (let round = 0; round < method.rounds; round++) {
    const oursFirst = round % 2 === 0;
    warmFreePages(method.warmPages ?? 0);
    const first = await measure(oursFirst ? ours : baseline, cell, size);
    warmFreePages(method.warmPages ?? 0);
    const second = await measure(oursFirst ? baseline : ours, cell, size);
    rounds.push(oursFirst ? { ours: first, baseline: second } : { ours: second, baseline: first });
  }
  return {
    cell,
    requests,
    keyspace,
    ratio: spread(rounds.map((pair) => pair.ours.rps / pair.baseline.rps)),
    ours: medians(rounds.map((pair) => pair.ours)),
    baseline: medians(rounds.map((pair) => pair.baseline)),
    rounds,
  };
}

/** Empties the server and sets every key that the tests will touch. */
async function refill(
  /** @type {BenchServer} */ server,
  /** @type {number} */ keyspace,
  /** @type {number} */ dataSize,
) {
  const client = await connectResp(server.port);
  await client.call('FLUSHALL');
  client.close();
  await fillKeys(server.port, {
    count: keysThatFit(keyspace, dataSize),
    valueBytes: dataSize,
    keyAt: benchmarkKey,
  });
}

/**
 * Compares two running servers over all cells.
 * @param {BenchServer} ours
 * @param {BenchServer} baseline
 * @param {Cell[]} cells grouped by value size
 * @param {Method} method
 * @param {(result: CellResult) => void} [onCell] called as each cell is done
 * @returns {Promise<CellResult[]>}
 */
export async function compareServers(ours, baseline, cells, method, onCell = () => {}) {
  const results = [];
  let dataSize = -1;
  for (const cell of cells) {
    if (cell.dataSize !== dataSize) {
      dataSize = cell.dataSize;
      await refill(ours, method.keyspace, dataSize);
      await refill(baseline, method.keyspace, dataSize);
    }
    const result = await compareCell(ours, baseline, cell, method);
    onCell(result);
    results.push(result);
  }
  return results;
}

/**
 * @param {{ tests: string[], pipelines: number[], clients: number[], dataSizes: number[] }} axes
 * @returns {Cell[]} every combination, grouped by value size
 */
export function makeCells({ tests, pipelines, clients, dataSizes }) {
  return dataSizes.flatMap((dataSize) =>
    clients.flatMap((count) =>
      tests.flatMap((test) => pipelines.map((pipeline) => ({ test, pipeline, clients: count, dataSize }))),
    ),
  );
}

/** @returns {string} for the progress of a long run */
export function describeCell(/** @type {CellResult} */ { cell, ratio, ours, baseline }) {
  const rates = `${formatNumber(ours.rps)} / ${formatNumber(baseline.rps)} rps`;
  return `${cell.test} -P ${cell.pipeline} -c ${cell.clients} -d ${cell.dataSize}: ${formatRatio(ratio)}  ${rates}`;
}

/**
 * @param {CellResult[]} results
 * @param {{ ours: string, baseline: string }} labels
 * @returns {string} a Markdown table: rates and ratio, then latency and CPU of "ours / baseline"
 */
export function pairTable(results, { ours, baseline }) {
  const header = ['test', '-P', '-c', '-d', `${ours} rps`, `${baseline} rps`, 'ratio (min-max)'].concat(
    ['p50 ms', 'p99 ms', 'p99.9 ms', 'CPU us/command'].map((name) => `${name}: ${ours} / ${baseline}`),
  );
  const both = (/** @type {CellResult} */ result, /** @type {keyof Measurement} */ name) =>
    `${formatNumber(result.ours[name])} / ${formatNumber(result.baseline[name])}`;
  const rows = results.map((result) => [
    result.cell.test === 'mset' ? 'mset (10 keys)' : result.cell.test,
    result.cell.pipeline,
    result.cell.clients,
    result.cell.dataSize,
    formatNumber(result.ours.rps),
    formatNumber(result.baseline.rps),
    formatRatio(result.ratio),
    both(result, 'p50Ms'),
    both(result, 'p99Ms'),
    both(result, 'p999Ms'),
    both(result, 'cpuMicrosPerCommand'),
  ]);
  return markdownTable(header, rows);
}
