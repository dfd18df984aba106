/**
 * The worst moments of a server, and what it costs when it does nothing. Each server runs alone, through:
 *
 *   start-up       spawn until the log's "Ready to accept connections", and until the first PONG
 *   idle           1,000 connections that say nothing, to a server that has had 3,000 others one by one, so that their memory does not
 *                  hold what a server needs once for having clients at all (compiled code, pools), and CPU time; then
 *                  4,000 more. Before and after, the server is left alone until its memory falls no more. A median of several servers
 *   control        the prober alone: what the machine itself adds to the figures below
 *   load           `--keys` keys of 20 bytes with 64-byte values, by pipelined SETs; memory of each key
 *   FLUSHALL       of all of them, SYNC and (loaded again) ASYNC
 *   expiry storm   `--storm-keys` keys that fall due in the same millisecond; how long until all are gone
 *
 * Meanwhile the prober, a client in a process of its own, does PING and GET about every millisecond
 * (lib/prober-process.mjs). A *stall* is its worst latency; *less waits for a core* is the worst after the time is taken off
 * in which the server's working thread, or the prober, was ready to run and Linux ran something else. The loader keeps at most two batches of 500 commands in
 * flight, so the wait behind the loader's own pipeline is small.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fillKeys, longKey, pipelineCommands } from '../lib/load.mjs';
import { startLoad } from '../lib/load-process.mjs';
import { readOptions, splitArguments } from '../lib/options.mjs';
import { describeRun, formatNumber, markdownTable, writeResults } from '../lib/report.mjs';
import { connectResp, encodeCommand } from '../lib/resp-client.mjs';
import { BASELINE_DEFAULT, OURS_DEFAULT, startServer, versionOf } from '../lib/servers.mjs';
import { median } from '../lib/statistics.mjs';

const USAGE = `node bench/macro/stalls.mjs [options]
  --keys 5000000          for a quick look: 200000
  --storm-keys 1000000
  --connections 1000      idle ones
  --idle-seconds 5
  --idle-servers 3        two minutes each
  --starts 7
  --only NAME             ours or baseline; by default both
  --server-args, --redis-args, --ours, --baseline, --out   as in compare.mjs`;

const options = readOptions(
  {
    keys: '5000000',
    'storm-keys': '1000000',
    connections: '1000',
    'idle-seconds': '5',
    'idle-servers': '3',
    starts: '7',
    only: '',
    'server-args': '',
    'redis-args': '',
    ours: OURS_DEFAULT,
    baseline: BASELINE_DEFAULT,
    out: '',
  },
  USAGE,
);

const VALUE_BYTES = 64;
const MORE_CONNECTIONS = 4000;
const EARLIER_CONNECTIONS = 3000;
/** Memory that has not fallen by a share of 1 % for so long falls no more: what a server does about it when nothing happens takes it up to 25 s. */
const SETTLED_MS = 26_000;
const SETTLE_MS_MAX = 90_000;
const PROBE_EVERY_MS = 1;
const CONTROL_MS = 2000;
/** The prober runs alone for so long before and after what it watches. */
const MARGIN_MS = 300;
/** Time between setting the last expiry and its moment, beyond twice what the filling took. */
const STORM_LEAD_MS = 2000;
const STORM_MS_MAX = 120_000;
const DBSIZE_EVERY_MS = 20;

/** @typedef {import('../lib/servers.mjs').BenchServer} BenchServer */
/** @typedef {{ label: string, program: string, args: string[] }} Choice */

/** @returns {Promise<{ stallMs: number, causedMs: number, stallP999Ms: number, seconds: number }>} the prober's view of an action */
async function watch(/** @type {BenchServer} */ server, /** @type {() => Promise<unknown>} */ action) {
  const prober = await startLoad('prober', {
    port: server.port,
    intervalMs: PROBE_EVERY_MS,
    key: longKey(0),
    pid: server.pid,
  });
  await sleep(MARGIN_MS);
  const startMs = performance.now();
  await action();
  const seconds = (performance.now() - startMs) / 1000;
  await sleep(MARGIN_MS);
  const { maxMs, causedMaxMs, p999Ms } = await prober.stop();
  server.assertAlive();
  return { stallMs: maxMs, causedMs: causedMaxMs, stallP999Ms: p999Ms, seconds };
}

async function callOnce(/** @type {BenchServer} */ server, /** @type {(string | number)[]} */ ...words) {
  const client = await connectResp(server.port);
  const reply = await client.call(...words);
  client.close();
  return reply;
}

/** @returns {Promise<Record<string, number>>} medians over several starts */
async function measureStarts(/** @type {Choice} */ choice) {
  const starts = [];
  for (let count = 0; count < options.number('starts'); count++) {
    const server = await startServer(choice);
    starts.push({ readyMs: server.readyMs, pongMs: server.pongMs });
    await server.stop();
  }
  return {
    readyMs: median(starts.map((start) => start.readyMs)),
    firstPongMs: median(starts.map((start) => start.pongMs)),
  };
}

/** @returns {Promise<number>} resident bytes, once they fall no more */
async function settledBytes(/** @type {BenchServer} */ server) {
  const startMs = performance.now();
  let least = server.residentBytes();
  for (let leastMs = startMs; performance.now() - leastMs < SETTLED_MS; await sleep(MARGIN_MS)) {
    if (performance.now() - startMs > SETTLE_MS_MAX) break;
    const bytes = server.residentBytes();
    if (bytes > least * 0.99) continue;
    least = bytes;
    leastMs = performance.now();
  }
  return server.residentBytes();
}

/** Opens so many connections and leaves them be. @returns {Promise<number>} resident bytes then */
async function addIdle(
  /** @type {BenchServer} */ server,
  /** @type {import('../lib/resp-client.mjs').RespClient[]} */ clients,
  /** @type {number} */ count,
) {
  for (let index = 0; index < count; index++) {
    const client = await connectResp(server.port);
    await client.call('PING');
    clients.push(client);
  }
  return settledBytes(server);
}

/** @returns {Promise<Record<string, number>>} memory and CPU of connections that say nothing, on a server of their own */
async function measureIdle(/** @type {Choice} */ choice) {
  const server = await startServer(choice);
  const emptyMiB = server.residentBytes() / 2 ** 20;
  for (let index = 0; index < EARLIER_CONNECTIONS; index++) await callOnce(server, 'PING');
  /** @type {import('../lib/resp-client.mjs').RespClient[]} */
  const clients = [];
  const count = options.number('connections');
  const bytesBefore = await settledBytes(server);
  const bytesIdle = await addIdle(server, clients, count);
  const cpuBefore = server.cpuMicros();
  const idleMicros = options.number('idle-seconds') * 1_000_000;
  await sleep(idleMicros / 1000);
  const idleCpuPercent = (100 * (server.cpuMicros() - cpuBefore)) / idleMicros;
  const bytesMore = await addIdle(server, clients, MORE_CONNECTIONS);
  for (const client of clients) client.close();
  await server.stop();
  return {
    emptyMiB,
    connectionKiB: (bytesIdle - bytesBefore) / count / 1024,
    idleCpuPercent,
    moreConnectionKiB: (bytesMore - bytesIdle) / MORE_CONNECTIONS / 1024,
  };
}

/** @returns {Promise<Record<string, number>>} the medians of several servers */
async function measureIdleServers(/** @type {Choice} */ choice) {
  const all = [];
  for (let count = 0; count < options.number('idle-servers'); count++) all.push(await measureIdle(choice));
  return Object.fromEntries(Object.keys(all[0]).map((name) => [name, median(all.map((one) => one[name]))]));
}

function fill(/** @type {BenchServer} */ server, /** @type {number} */ count) {
  return fillKeys(server.port, { count, valueBytes: VALUE_BYTES, keyAt: longKey });
}

/** @returns {Promise<Record<string, number>>} */
async function measureLoad(/** @type {BenchServer} */ server) {
  const count = options.number('keys');
  const bytesBefore = server.residentBytes();
  const { stallMs, causedMs, stallP999Ms, seconds } = await watch(server, () => fill(server, count));
  return {
    loadStallMs: stallMs,
    loadCausedMs: causedMs,
    loadP999Ms: stallP999Ms,
    loadKeysPerSecond: count / seconds,
    bytesPerKey: (server.residentBytes() - bytesBefore) / count,
  };
}

/** Waits until no key is left. @returns {Promise<number>} for how many milliseconds */
async function awaitEmpty(/** @type {BenchServer} */ server) {
  const startMs = performance.now();
  const client = await connectResp(server.port);
  while (Number(await client.call('DBSIZE')) > 0) {
    if (performance.now() - startMs > STORM_MS_MAX) throw new Error(`${server.label}: expired keys stay`);
    await sleep(DBSIZE_EVERY_MS);
  }
  client.close();
  return performance.now() - startMs;
}

/** @returns {Promise<Record<string, number>>} */
async function measureStorm(/** @type {BenchServer} */ server) {
  const count = options.number('storm-keys');
  const fillStartMs = Date.now();
  await fill(server, count);
  const dueMs = Date.now() + 2 * (Date.now() - fillStartMs) + STORM_LEAD_MS;
  await pipelineCommands(server.port, count, (index) => encodeCommand('PEXPIREAT', longKey(index), dueMs));
  const aheadMs = dueMs - Date.now() - MARGIN_MS;
  if (aheadMs < 0) throw new Error(`${server.label}: too slow to set all expiries before their moment`);
  await sleep(aheadMs);
  let goneMs = 0;
  const { stallMs, causedMs, stallP999Ms } = await watch(server, async () => {
    await sleep(Math.max(0, dueMs - Date.now()));
    goneMs = await awaitEmpty(server);
  });
  return { stormStallMs: stallMs, stormCausedMs: causedMs, stormP999Ms: stallP999Ms, stormGoneMs: goneMs };
}

/** @returns {Promise<Record<string, number>>} every figure of one server */
async function measureServer(/** @type {Choice} */ choice) {
  const starts = await measureStarts(choice);
  const note = (/** @type {string} */ what) => console.log(`${choice.label}: ${what}`);
  note('idle connections');
  const idle = await measureIdleServers(choice);
  const server = await startServer(choice);
  note('control');
  const control = await watch(server, () => sleep(CONTROL_MS));
  note('load');
  const load = await measureLoad(server);
  note('FLUSHALL SYNC');
  const flush = await watch(server, () => callOnce(server, 'FLUSHALL', 'SYNC'));
  await fill(server, options.number('keys'));
  note('FLUSHALL ASYNC');
  const flushAsync = await watch(server, () => callOnce(server, 'FLUSHALL', 'ASYNC'));
  note('expiry storm');
  const storm = await measureStorm(server);
  await server.stop();
  return {
    ...starts,
    ...idle,
    controlStallMs: control.stallMs,
    controlCausedMs: control.causedMs,
    ...load,
    flushStallMs: flush.stallMs,
    flushCausedMs: flush.causedMs,
    flushMs: flush.seconds * 1000,
    flushAsyncStallMs: flushAsync.stallMs,
    flushAsyncCausedMs: flushAsync.causedMs,
    flushAsyncMs: flushAsync.seconds * 1000,
    ...storm,
  };
}

/** @returns {string[][]} each figure's name in the results, and what the table calls it */
function figureNames() {
  const keys = options.number('keys').toLocaleString('en-US');
  const stormKeys = options.number('storm-keys').toLocaleString('en-US');
  return [
    ['readyMs', 'start: ready to accept, ms'],
    ['firstPongMs', 'start: first PONG, ms'],
    ['emptyMiB', 'empty server, MiB resident'],
    ['connectionKiB', `idle connection, KiB (of ${options.number('connections')})`],
    ['moreConnectionKiB', `idle connection, KiB (of ${MORE_CONNECTIONS} more)`],
    ['idleCpuPercent', 'idle with them, % CPU'],
    ['controlStallMs', 'worst latency of a prober alone, ms (control)'],
    ['controlCausedMs', 'the same, less waits for a core'],
    ['loadStallMs', `loading ${keys} keys: worst stall, ms`],
    ['loadCausedMs', 'the same, less waits for a core'],
    ['loadP999Ms', 'the same: p99.9, ms'],
    ['loadKeysPerSecond', 'the same: keys per second'],
    ['bytesPerKey', 'resident memory per key, bytes'],
    ['flushStallMs', `FLUSHALL SYNC of ${keys} keys: worst stall, ms`],
    ['flushCausedMs', 'the same, less waits for a core'],
    ['flushMs', 'the same: until its reply, ms'],
    ['flushAsyncStallMs', `FLUSHALL ASYNC of ${keys} keys: worst stall, ms`],
    ['flushAsyncCausedMs', 'the same, less waits for a core'],
    ['flushAsyncMs', 'the same: until its reply, ms'],
    ['stormStallMs', `${stormKeys} keys expire at once: worst stall, ms`],
    ['stormCausedMs', 'the same, less waits for a core'],
    ['stormP999Ms', 'the same: p99.9, ms'],
    ['stormGoneMs', 'the same: until all are gone, ms'],
  ];
}

const choices = [
  {
    name: 'ours',
    label: 'threadis',
    program: options.text('ours'),
    args: splitArguments(options.text('server-args')),
  },
  {
    name: 'baseline',
    label: 'redis',
    program: options.text('baseline'),
    args: splitArguments(options.text('redis-args')),
  },
].filter(({ name }) => options.text('only') === '' || options.text('only') === name);

/** @type {Record<string, Record<string, number>>} */
const figures = {};
for (const choice of choices) figures[choice.label] = await measureServer(choice);

const labels = choices.map(({ label }) => label);
const markdown = markdownTable(
  ['figure', ...labels],
  figureNames().map(([name, title]) => [title, ...labels.map((label) => formatNumber(figures[label][name]))]),
);
console.log(`\n${markdown}`);
writeResults(options.text('out'), {
  title: 'Stalls, memory, idle cost and start-up',
  markdown,
  data: figures,
  run: describeRun(choices.map(({ label, program }) => ({ label, version: versionOf(program) }))),
});
