/**
 * What clients do beside reading and writing keys, beside the real redis-server, in interleaved pairs (lib/pairs.mjs says why):
 *
 *   publish       messages delivered a second: one publisher at -P 16, 100 subscribers of one channel
 *   multi         transactions of 10 SETs a second, 50 clients, 4 transactions in flight each
 *   ping-pong     microseconds from LPUSH on one connection to the answer of BRPOP on another, one after the other
 *   lru, lfu      SET at maxmemory, with keys evicted all the time, -c 50 -P 16
 *   idle          resident memory of each of 2,000 connections that say nothing
 *
 * The clients of publish, multi and ping-pong are this process: it counts bytes of replies, whose number is known, and parses nothing.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readOptions } from '../lib/options.mjs';
import { runBenchmark } from '../lib/redis-benchmark.mjs';
import { describeRun, formatNumber, formatRatio, markdownTable, writeResults } from '../lib/report.mjs';
import { connectResp, encodeCommand } from '../lib/resp-client.mjs';
import { BASELINE_DEFAULT, OURS_DEFAULT, startServer } from '../lib/servers.mjs';
import { median, spread } from '../lib/statistics.mjs';

const USAGE = `node bench/macro/clients.mjs [options]
  --rounds 7       pairs per case
  --only A,B       cases whose names contain one of these
  --out NAME       write bench/results/NAME.md and NAME.json`;

const options = readOptions({ rounds: '7', only: '', out: '' }, USAGE);

/** @typedef {import('../lib/servers.mjs').BenchServer} BenchServer */

/** A connection that counts the bytes it gets. */
async function connectCounting(/** @type {number} */ port) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  let received = 0;
  let wanted = Infinity;
  let resolveWanted = () => {};
  socket.on('data', (data) => {
    received += data.length;
    if (received >= wanted) resolveWanted();
  });
  return {
    write: (/** @type {string} */ bytes) => socket.write(bytes, 'latin1'),
    /** Resolves when so many bytes more have come than at the last call. */
    receive: (/** @type {number} */ bytes) =>
      new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
        wanted = (wanted === Infinity ? 0 : wanted) + bytes;
        resolveWanted = resolve;
        if (received >= wanted) resolve();
      }),
    close: () => socket.destroy(),
  };
}

const SUBSCRIBERS = 100;
const MESSAGES = 20_000;
const MESSAGE = 'x'.repeat(32);
const DELIVERED = `*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$32\r\n${MESSAGE}\r\n`.length;
const SUBSCRIBED = '*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n'.length;
const PUBLISH_REPLY = ':100\r\n'.length;
const PIPELINE = 16;

/** Messages delivered a second. */
async function publish(/** @type {BenchServer} */ { port }) {
  const subscribers = await Promise.all(Array.from({ length: SUBSCRIBERS }, () => connectCounting(port)));
  for (const one of subscribers) one.write(encodeCommand('SUBSCRIBE', 'news'));
  await Promise.all(subscribers.map((one) => one.receive(SUBSCRIBED)));
  const publisher = await connectCounting(port);
  const batch = encodeCommand('PUBLISH', 'news', MESSAGE).repeat(PIPELINE);
  const start = performance.now();
  const delivered = Promise.all(subscribers.map((one) => one.receive(DELIVERED * MESSAGES)));
  for (let sent = 0; sent < MESSAGES; sent += PIPELINE) {
    publisher.write(batch);
    await publisher.receive(PUBLISH_REPLY * PIPELINE);
  }
  await delivered;
  const seconds = (performance.now() - start) / 1000;
  for (const one of [publisher, ...subscribers]) one.close();
  return (MESSAGES * SUBSCRIBERS) / seconds;
}

const CLIENTS = 50;
const ROUNDS_OF_MULTI = 200;
const MULTI_PIPELINE = 4;
const SETS = 10;
const MULTI_REPLY = `+OK\r\n${'+QUEUED\r\n'.repeat(SETS)}*${SETS}\r\n${'+OK\r\n'.repeat(SETS)}`.length;

/** Transactions a second. */
async function multi(/** @type {BenchServer} */ { port }) {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connectCounting(port)));
  const value = 'x'.repeat(64);
  const start = performance.now();
  await Promise.all(
    clients.map(async (client, number) => {
      let batch = '';
      for (let i = 0; i < MULTI_PIPELINE; i++) {
        batch += encodeCommand('MULTI');
        for (let j = 0; j < SETS; j++)
          batch += encodeCommand(
            'SET',
            `key:${String((number * 997 + i * 101 + j * 7919) % 100_000)}`,
            value,
          );
        batch += encodeCommand('EXEC');
      }
      for (let round = 0; round < ROUNDS_OF_MULTI; round++) {
        client.write(batch);
        await client.receive(MULTI_REPLY * MULTI_PIPELINE);
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  for (const client of clients) client.close();
  return (CLIENTS * ROUNDS_OF_MULTI * MULTI_PIPELINE) / seconds;
}

const EXCHANGES = 5000;
const POPPED = '*2\r\n$4\r\nlist\r\n$1\r\nx\r\n'.length;

/** Exchanges a second; the figure that is asked for is the time of one. */
async function pingPong(/** @type {BenchServer} */ { port }) {
  const [pusher, popper] = await Promise.all([connectCounting(port), connectCounting(port)]);
  const push = encodeCommand('LPUSH', 'list', 'x');
  const pop = encodeCommand('BRPOP', 'list', '0');
  popper.write(pop);
  const start = performance.now();
  for (let i = 0; i < EXCHANGES; i++) {
    pusher.write(push);
    await Promise.all([popper.receive(POPPED), pusher.receive(':1\r\n'.length)]);
    popper.write(pop);
  }
  const seconds = (performance.now() - start) / 1000;
  pusher.close();
  popper.close();
  return EXCHANGES / seconds;
}

const LIMIT_KEYS = 400_000;

/** SETs a second of a keyspace four times as large as what fits. */
function evicting(/** @type {string} */ policy) {
  return async (/** @type {BenchServer} */ { port }) => {
    const client = await connectResp(port);
    await client.call('FLUSHALL');
    const used = Number(/used_memory:(\d+)/.exec(String(await client.call('INFO', 'memory')))?.[1]);
    await client.call('CONFIG', 'SET', 'maxmemory-policy', policy);
    await client.call('CONFIG', 'SET', 'maxmemory', String(used + 15_000_000));
    const size = { requests: 300_000, keyspace: LIMIT_KEYS, threads: 1 };
    const load = { port, test: 'set', pipeline: PIPELINE, clients: CLIENTS, dataSize: 64, ...size };
    // Fills it first: what counts is the time in which each SET evicts.
    await runBenchmark(load);
    const { rps } = await runBenchmark(load);
    const evicted = Number(/evicted_keys:(\d+)/.exec(String(await client.call('INFO', 'stats')))?.[1]);
    if (!(evicted > 0)) throw new Error(`the server on port ${port} evicted nothing`);
    await client.call('CONFIG', 'SET', 'maxmemory', '0');
    await client.call('FLUSHALL');
    client.close();
    return rps;
  };
}

/** @type {{ name: string, unit: string, run: (server: BenchServer) => Promise<number> }[]} */
const CASES = [
  { name: 'PUBLISH to 100 subscribers', unit: 'messages/s', run: publish },
  { name: 'MULTI of 10 SETs, -P 4', unit: 'transactions/s', run: multi },
  { name: 'BRPOP / LPUSH ping-pong', unit: 'exchanges/s', run: pingPong },
  { name: 'SET at maxmemory, allkeys-lru', unit: 'rps', run: evicting('allkeys-lru') },
  { name: 'SET at maxmemory, allkeys-lfu', unit: 'rps', run: evicting('allkeys-lfu') },
];

const ours = await startServer({
  label: 'threadis',
  program: OURS_DEFAULT,
  args: ['--compat-version', '7.0'],
});
const baseline = await startServer({ label: 'redis', program: BASELINE_DEFAULT, args: [] });

const wanted = options.list('only');
const rows = [];
for (const { name, run, unit } of CASES) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  for (const server of [ours, baseline]) await run(server);
  const rounds = [];
  for (let round = 0; round < options.number('rounds'); round++) {
    const oursFirst = round % 2 === 0;
    const first = await run(oursFirst ? ours : baseline);
    const second = await run(oursFirst ? baseline : ours);
    rounds.push(oursFirst ? { ours: first, baseline: second } : { ours: second, baseline: first });
  }
  const row = {
    name,
    unit,
    ours: median(rounds.map((pair) => pair.ours)),
    baseline: median(rounds.map((pair) => pair.baseline)),
    ratio: spread(rounds.map((pair) => pair.ours / pair.baseline)),
  };
  console.log(
    `${name}: ${formatRatio(row.ratio)}  ${formatNumber(row.ours)} / ${formatNumber(row.baseline)}`,
  );
  rows.push(row);
}

const IDLE = 2000;

/** Resident bytes that each of so many idle connections adds. */
async function idleBytes(/** @type {BenchServer} */ server) {
  const before = server.residentBytes();
  const sockets = [];
  for (let i = 0; i < IDLE; i += 100)
    sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => connectCounting(server.port)))));
  await sleep(500);
  const bytes = (server.residentBytes() - before) / IDLE;
  for (const socket of sockets) socket.close();
  return bytes;
}

await Promise.all([ours.stop(), baseline.stop()]);
/** @type {[string, number][]} */
const idle = [];
if (wanted.length === 0 || wanted.includes('idle')) {
  for (const [label, program] of /** @type {const} */ ([
    ['threadis', OURS_DEFAULT],
    ['redis', BASELINE_DEFAULT],
  ])) {
    const server = await startServer({ label, program, args: [] });
    idle.push([label, await idleBytes(server)]);
    await server.stop();
  }
}

const table = markdownTable(
  ['what', 'unit', 'threadis', 'redis', 'ratio (min-max)'],
  rows.map((row) => [
    row.name,
    row.unit,
    formatNumber(row.ours),
    formatNumber(row.baseline),
    formatRatio(row.ratio),
  ]),
);
const idleLines = idle.map(([label, bytes]) => `${label}: ${(bytes / 1024).toFixed(1)} KiB`).join(', ');
const markdown = `${table}\n\nResident memory of each of ${IDLE} idle connections: ${idleLines}`;
console.log(`\n${markdown}`);
writeResults(options.text('out'), {
  title: 'Clients: Threadis and Redis in interleaved pairs',
  markdown,
  data: { rows, idle },
  run: describeRun([ours, baseline]),
});
