/**
 * What clients do beside reading and writing keys, beside the real redis-server, in interleaved pairs (lib/pairs.mjs says why):
 *
 *   publish       messages delivered a second to 100 subscribers of one channel. A server spends its time on the subscribers' sockets, one write for all
 *                 that was published in a turn of its loop, so how many messages are on their way at once decides: with one publisher that waits for each
 *                 reply every message is a write to every subscriber; two publishers at -P 16 are what a server that is kept busy does
 *   multi         transactions of 10 SETs a second, 50 clients, 4 transactions in flight each
 *   ping-pong     exchanges a second of two clients that wake each other by LPUSH and BRPOP
 *   lru, lfu      SET at maxmemory, with keys evicted all the time, -c 50 -P 16
 *   idle          resident memory of each of 2,000 connections that say nothing
 *
 * The clients of publish, multi and ping-pong are this process. It must cost less than the servers it measures, which a stream, a promise and a
 * string for each request do not: requests are buffers made beforehand, replies are counted in bytes, whose number is known, and read into one buffer
 * for all, and what follows a reply follows in the callback of the read.
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

const received = Buffer.alloc(256 << 10);

/**
 * A connection that counts the bytes it gets.
 *
 * @typedef {object} CountingClient
 * @property {(bytes: Buffer) => void} write
 * @property {(bytes: number, then: () => void) => void} expect calls `then`, in the middle of a read, when so many bytes more have come
 * @property {(bytes: number) => Promise<void>} receive the same as a promise
 * @property {() => void} close
 *
 * @returns {Promise<CountingClient>}
 */
async function connectCounting(/** @type {number} */ port) {
  let missing = Infinity;
  let next = () => {};
  const callback = (/** @type {number} */ size) => {
    missing -= size;
    if (missing < 0) throw new Error(`${-missing} bytes more than expected came from port ${port}`);
    if (missing === 0) {
      missing = Infinity;
      next();
    }
    return true;
  };
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer: received, callback } });
  await once(socket, 'connect');
  const expect = (/** @type {number} */ bytes, /** @type {() => void} */ then) => {
    missing = bytes;
    next = then;
  };
  return {
    write: (bytes) => void socket.write(bytes),
    expect,
    receive: (bytes) => new Promise((resolve) => expect(bytes, resolve)),
    close: () => socket.destroy(),
  };
}

/** A request that is sent more than once. */
function encoded(/** @type {(string | number)[]} */ ...words) {
  return Buffer.from(encodeCommand(...words), 'latin1');
}

const SUBSCRIBERS = 100;
const MESSAGE = 'x'.repeat(32);
const DELIVERED = `*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$32\r\n${MESSAGE}\r\n`.length;
const SUBSCRIBED = '*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n'.length;
const PUBLISH_REPLY = ':100\r\n'.length;
const PIPELINE = 16;

/** `messages`, a multiple of what the publishers send at a time, published by so many publishers at -P `pipeline`. */
function publishing(
  /** @type {number} */ publisherCount,
  /** @type {number} */ pipeline,
  /** @type {number} */ messages,
) {
  return (/** @type {BenchServer} */ { port }) => publish(port, publisherCount, pipeline, messages);
}

/** Messages delivered a second. */
async function publish(
  /** @type {number} */ port,
  /** @type {number} */ publisherCount,
  /** @type {number} */ pipeline,
  /** @type {number} */ messages,
) {
  const subscribers = await Promise.all(Array.from({ length: SUBSCRIBERS }, () => connectCounting(port)));
  const subscribed = subscribers.map((one) => one.receive(SUBSCRIBED));
  for (const one of subscribers) one.write(encoded('SUBSCRIBE', 'news'));
  await Promise.all(subscribed);
  const publishers = await Promise.all(Array.from({ length: publisherCount }, () => connectCounting(port)));
  const batch = Buffer.from(encodeCommand('PUBLISH', 'news', MESSAGE).repeat(pipeline), 'latin1');
  const start = performance.now();
  const delivered = Promise.all(subscribers.map((one) => one.receive(DELIVERED * messages)));
  const times = messages / pipeline / publisherCount;
  await Promise.all(publishers.map((one) => repeated(one, batch, PUBLISH_REPLY * pipeline, times)));
  await delivered;
  const seconds = (performance.now() - start) / 1000;
  for (const one of [...publishers, ...subscribers]) one.close();
  return (messages * SUBSCRIBERS) / seconds;
}

/** Sends the same bytes so many times, each time when the answer to the time before has come. */
function repeated(
  /** @type {CountingClient} */ client,
  /** @type {Buffer} */ bytes,
  /** @type {number} */ replyBytes,
  /** @type {number} */ times,
) {
  return new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
    let left = times;
    const step = () => {
      if (left-- === 0) return resolve();
      client.expect(replyBytes, step);
      client.write(bytes);
    };
    step();
  });
}

const CLIENTS = 50;
const ROUNDS_OF_MULTI = 500;
const MULTI_PIPELINE = 4;
const SETS = 10;
const MULTI_REPLY = `+OK\r\n${'+QUEUED\r\n'.repeat(SETS)}*${SETS}\r\n${'+OK\r\n'.repeat(SETS)}`.length;

/** What the client of this number sends: MULTI_PIPELINE transactions. */
function transactionsOf(/** @type {number} */ number) {
  const value = 'x'.repeat(64);
  let batch = '';
  for (let i = 0; i < MULTI_PIPELINE; i++) {
    batch += encodeCommand('MULTI');
    for (let j = 0; j < SETS; j++) {
      batch += encodeCommand('SET', `key:${(number * 997 + i * 101 + j * 7919) % 100_000}`, value);
    }
    batch += encodeCommand('EXEC');
  }
  return Buffer.from(batch, 'latin1');
}

/** Transactions a second. */
async function multi(/** @type {BenchServer} */ { port }) {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connectCounting(port)));
  const batches = clients.map((_, number) => transactionsOf(number));
  const start = performance.now();
  await Promise.all(
    clients.map((client, i) => repeated(client, batches[i], MULTI_REPLY * MULTI_PIPELINE, ROUNDS_OF_MULTI)),
  );
  const seconds = (performance.now() - start) / 1000;
  for (const client of clients) client.close();
  return (CLIENTS * ROUNDS_OF_MULTI * MULTI_PIPELINE) / seconds;
}

const EXCHANGES = 20_000;
const POPPED = '*2\r\n$4\r\nlist\r\n$1\r\nx\r\n'.length;
const PUSHED = ':1\r\n'.length;

/**
 * Exchanges a second; the figure that is asked for is the time of one. One client is blocked in BRPOP, the other pushes and then blocks: whoever is
 * woken has the next turn. A turn is one write, so that the client that pops is sure to be blocked when the push comes.
 */
async function pingPong(/** @type {BenchServer} */ { port }) {
  const clients = await Promise.all([connectCounting(port), connectCounting(port)]);
  const push = encoded('LPUSH', 'list', 'x');
  const pop = encoded('BRPOP', 'list', '0');
  const turn = Buffer.concat([push, pop]);
  const start = performance.now();
  await new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
    let left = EXCHANGES;
    const take = (/** @type {CountingClient} */ client) => {
      if (left-- === 0) return resolve();
      client.expect(PUSHED + POPPED, () => take(client));
      client.write(turn);
    };
    clients[1].expect(POPPED, () => take(clients[1]));
    clients[1].write(pop);
    take(clients[0]);
  });
  const seconds = (performance.now() - start) / 1000;
  for (const client of clients) client.close();
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
  { name: 'PUBLISH to 100 subscribers', unit: 'messages/s', run: publishing(2, PIPELINE, 64_000) },
  { name: 'PUBLISH to 100, one at a time', unit: 'messages/s', run: publishing(1, 1, 4_000) },
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

/**
 * The rate, what the server's processors spent on each, and how many of them it kept busy. Where that is clearly below one, the server waited for the
 * clients: then the second tells the servers apart and the first does not.
 */
async function measured(
  /** @type {(server: BenchServer) => Promise<number>} */ run,
  /** @type {BenchServer} */ server,
) {
  const cpuBefore = server.cpuMicros();
  const start = performance.now();
  const rate = await run(server);
  const micros = (performance.now() - start) * 1000;
  const busy = (server.cpuMicros() - cpuBefore) / micros;
  return { rate, cpuEach: (busy * MICROS_PER_SECOND) / rate, busy };
}

const MICROS_PER_SECOND = 1_000_000;

function formatBusy(/** @type {number[]} */ cores) {
  return cores.map((count) => count.toFixed(2)).join(' / ');
}

const wanted = options.list('only');
const rows = [];
for (const { name, run, unit } of CASES) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  for (const server of [ours, baseline]) await run(server);
  const rounds = [];
  for (let round = 0; round < options.number('rounds'); round++) {
    const oursFirst = round % 2 === 0;
    const first = await measured(run, oursFirst ? ours : baseline);
    const second = await measured(run, oursFirst ? baseline : ours);
    rounds.push(oursFirst ? { ours: first, baseline: second } : { ours: second, baseline: first });
  }
  const row = {
    name,
    unit,
    ours: median(rounds.map((pair) => pair.ours.rate)),
    baseline: median(rounds.map((pair) => pair.baseline.rate)),
    ratio: spread(rounds.map((pair) => pair.ours.rate / pair.baseline.rate)),
    cpu: spread(rounds.map((pair) => pair.ours.cpuEach / pair.baseline.cpuEach)),
    busy: [rounds.map((pair) => pair.ours.busy), rounds.map((pair) => pair.baseline.busy)].map(median),
  };
  console.log(
    `${name}: ${formatRatio(row.ratio)}  ${formatNumber(row.ours)} / ${formatNumber(row.baseline)}, CPU of each ${formatRatio(row.cpu)}, busy ${formatBusy(row.busy)}`,
  );
  rows.push(row);
}

const IDLE = 2000;
/** What a server does about its memory when nothing happens, after its start and after the connections came, has happened then. */
const SETTLE_MS = 10_000;

/** Resident bytes that each of so many idle connections adds. */
async function idleBytes(/** @type {BenchServer} */ server) {
  await sleep(SETTLE_MS);
  const before = server.residentBytes();
  const sockets = [];
  for (let i = 0; i < IDLE; i += 100)
    sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => connectCounting(server.port)))));
  await sleep(SETTLE_MS);
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
  ['what', 'unit', 'threadis', 'redis', 'ratio (min-max)', "server's CPU for each", 'cores busy, each'],
  rows.map((row) => [
    row.name,
    row.unit,
    formatNumber(row.ours),
    formatNumber(row.baseline),
    formatRatio(row.ratio),
    formatRatio(row.cpu),
    formatBusy(row.busy),
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
