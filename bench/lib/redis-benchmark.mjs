/**
 * Runs redis-benchmark once and reads its report.
 *
 * The long report is read, not --csv, because only it has a p99.9: it lists percentiles at halving distances
 * from 100 %, and 99.902 % is the step that stands for p99.9.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/**
 * @typedef {object} BenchmarkRequest
 * @property {number} port
 * @property {string} test redis-benchmark's name (`get`), or a command line (`GET key:__rand_int__`)
 * @property {number} requests
 * @property {number} pipeline
 * @property {number} clients
 * @property {number} dataSize
 * @property {number} keyspace
 * @property {number} threads of redis-benchmark itself; 1: its ordinary single-threaded mode
 *
 * @typedef {object} BenchmarkReport
 * @property {number} rps
 * @property {number} avgMs
 * @property {number} minMs
 * @property {number} p50Ms
 * @property {number} p95Ms
 * @property {number} p99Ms
 * @property {number} p999Ms
 * @property {number} maxMs
 */

/** `-t ping` runs two tests; the one that clients do is the multibulk one. */
const TEST_ALIASES = new Map([['ping', 'ping_mbulk']]);

/** @returns {string[]} */
function benchmarkArguments(/** @type {BenchmarkRequest} */ request) {
  const isCommand = request.test.includes(' ');
  const what = isCommand ? request.test.split(' ') : ['-t', TEST_ALIASES.get(request.test) ?? request.test];
  return [
    ['-h', '127.0.0.1', '-p', request.port],
    ['-n', request.requests, '-P', request.pipeline, '-c', request.clients],
    ['-d', request.dataSize, '-r', request.keyspace],
    request.threads > 1 ? ['--threads', request.threads] : [],
    what,
  ]
    .flat()
    .map(String);
}

/** @returns {number} the latency at the first listed percentile that is at least `percent` */
function latencyAt(/** @type {string} */ report, /** @type {number} */ percent) {
  for (const [, listed, latency] of report.matchAll(/^([\d.]+)% <= ([\d.]+) milliseconds \(cumul/gm)) {
    if (Number(listed) >= percent) return Number(latency);
  }
  return Number.NaN;
}

/** @param {string} output @returns {BenchmarkReport} of the last test in it; throws if it is not a report */
export function parseReport(output) {
  const report = output.slice(output.lastIndexOf('====== ', output.lastIndexOf('throughput summary')));
  const rps = /throughput summary: ([\d.]+) requests per second/.exec(report);
  const latencies = /latency summary \(msec\):\s+avg\s+min\s+p50\s+p95\s+p99\s+max\s+([\d. ]+)/.exec(report);
  if (!rps || !latencies) throw new Error(`redis-benchmark reported nothing:\n${output.slice(-500)}`);
  const [avgMs, minMs, p50Ms, p95Ms, p99Ms, maxMs] = latencies[1].trim().split(/\s+/).map(Number);
  return { rps: Number(rps[1]), avgMs, minMs, p50Ms, p95Ms, p99Ms, p999Ms: latencyAt(report, 99.9), maxMs };
}

/** @param {BenchmarkRequest} request @returns {Promise<BenchmarkReport>} */
export async function runBenchmark(request) {
  const { stdout } = await run('redis-benchmark', benchmarkArguments(request), {
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  // Its progress lines end in \r and share a line with what follows.
  return parseReport(stdout.replaceAll('\r', '\n'));
}
