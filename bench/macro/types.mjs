/**
 * The data types beside the real redis-server: rates of their commands in interleaved pairs, and the memory of large values.
 *
 * Every measurement begins with the same data: what a case prepares is made anew before each, because a command that pops has
 * something to pop only once. A measurement takes a second or two, because in less a busy neighbour decides. lib/pairs.mjs says why pairs.
 */
import { readOptions } from '../lib/options.mjs';
import { runBenchmark } from '../lib/redis-benchmark.mjs';
import { describeRun, formatNumber, formatRatio, markdownTable, writeResults } from '../lib/report.mjs';
import { connectResp, encodeCommand } from '../lib/resp-client.mjs';
import { BASELINE_DEFAULT, OURS_DEFAULT, startServer } from '../lib/servers.mjs';
import { median, spread } from '../lib/statistics.mjs';

const USAGE = `node bench/macro/types.mjs [options]
  --rounds 7       pairs per case
  --only A,B       cases whose names contain one of these
  --memory yes     also the memory of large values
  --values A,B     of these, those whose names contain one of these
  --servers 5      fresh servers per value: what the engine keeps or frees meanwhile is a megabyte either way
  --out NAME       write bench/results/NAME.md and NAME.json`;

const options = readOptions(
  { rounds: '7', only: '', memory: 'yes', values: '', servers: '5', out: '' },
  USAGE,
);

const CLIENTS = 50;
const PIPELINE = 16;
const KEYSPACE = 100_000;
const BATCH = 500;

/**
 * @typedef {{ name: string, command: string, requests: number, keyspace?: number, prepare?: (client: Client) => Promise<unknown> }} Case
 * @typedef {Awaited<ReturnType<typeof connectResp>>} Client
 */

/** Calls `make(i)` for i below `count` and sends what it returns, many at once. */
async function sendMany(
  /** @type {Client} */ client,
  /** @type {number} */ count,
  /** @type {(i: number) => string[]} */ make,
) {
  for (let at = 0; at < count; at += BATCH) {
    const size = Math.min(BATCH, count - at);
    const answered = client.replies(size);
    client.write(Array.from({ length: size }, (_, i) => encodeCommand(...make(at + i))).join(''));
    await answered;
  }
}

/** One key with `count` elements, 100 added by each command. */
function grow(
  /** @type {string} */ command,
  /** @type {string} */ key,
  /** @type {number} */ count,
  /** @type {(i: number) => string[]} */ element,
) {
  return (/** @type {Client} */ client) =>
    sendMany(client, count / 100, (i) => [
      command,
      key,
      ...Array.from({ length: 100 }, (_, j) => element(i * 100 + j)).flat(),
    ]);
}

const text = (/** @type {number} */ i) => [`element:${String(i).padStart(12, '0')}`];
const million = 1_000_000;
const scored = (/** @type {number} */ i) => [
  String((i * 7919) % million),
  `element:${String(i).padStart(12, '0')}`,
];
const list = (/** @type {number} */ count) => grow('RPUSH', 'mylist', count, () => ['xxx']);
const set10k = (/** @type {string} */ key, /** @type {number} */ from) =>
  grow('SADD', key, 10_000, (i) => text(from + i));

/** @type {Case[]} */
const CASES = [
  { name: 'LPUSH', command: 'LPUSH mylist xxx', requests: 1_500_000 },
  { name: 'RPUSH', command: 'RPUSH mylist xxx', requests: 1_500_000 },
  { name: 'LPOP', command: 'LPOP mylist', requests: 1_200_000, prepare: list(1_300_000) },
  { name: 'RPOP', command: 'RPOP mylist', requests: 1_200_000, prepare: list(1_300_000) },
  { name: 'SADD', command: 'SADD myset element:__rand_int__', requests: 1_200_000 },
  { name: 'SPOP', command: 'SPOP myset', requests: 700_000, prepare: grow('SADD', 'myset', 800_000, text) },
  { name: 'HSET', command: 'HSET myhash element:__rand_int__ xxx', requests: 1_200_000 },
  { name: 'ZADD', command: 'ZADD myzset 0 element:__rand_int__', requests: 900_000 },
  {
    name: 'ZPOPMIN',
    command: 'ZPOPMIN myzset',
    requests: 600_000,
    prepare: grow('ZADD', 'myzset', 700_000, scored),
  },
  { name: 'LRANGE_100', command: 'LRANGE mylist 0 99', requests: 100_000, prepare: list(1000) },
  { name: 'LRANGE_300', command: 'LRANGE mylist 0 299', requests: 40_000, prepare: list(1000) },
  { name: 'LRANGE_600', command: 'LRANGE mylist 0 599', requests: 20_000, prepare: list(1000) },
  { name: 'XADD', command: 'XADD mystream * myfield xxx', requests: 900_000 },
  {
    name: 'ZADD into 1 M members',
    command: 'ZADD big __rand_int__ element:__rand_int__',
    requests: 200_000,
    keyspace: million,
    prepare: grow('ZADD', 'big', million, scored),
  },
  {
    name: 'ZRANK of 1 M members',
    command: 'ZRANK big element:__rand_int__',
    requests: 300_000,
    keyspace: million,
    prepare: grow('ZADD', 'big', million, scored),
  },
  {
    name: 'ZRANGEBYSCORE of 100',
    command: 'ZRANGEBYSCORE big __rand_int__ +inf LIMIT 0 100',
    requests: 60_000,
    keyspace: 900_000,
    prepare: grow('ZADD', 'big', million, scored),
  },
  {
    name: 'SINTER of two 10 k sets',
    command: 'SINTER one two',
    requests: 400,
    prepare: async (client) => {
      await set10k('one', 0)(client);
      await set10k('two', 5000)(client);
    },
  },
  {
    name: 'BITCOUNT of 10 MB',
    command: 'BITCOUNT bits',
    requests: 300,
    prepare: (client) => client.call('SETBIT', 'bits', String(80_000_000), '1'),
  },
];

const ours = await startServer({
  label: 'threadis',
  program: OURS_DEFAULT,
  args: ['--compat-version', '7.0'],
});
const baseline = await startServer({ label: 'redis', program: BASELINE_DEFAULT, args: [] });

/** @returns {Promise<import('../lib/redis-benchmark.mjs').BenchmarkReport>} */
async function measure(
  /** @type {import('../lib/servers.mjs').BenchServer} */ server,
  /** @type {Case} */ { command, keyspace, prepare, requests },
) {
  const client = await connectResp(server.port);
  await client.call('FLUSHALL');
  await prepare?.(client);
  client.close();
  const size = { requests, keyspace: keyspace ?? KEYSPACE, threads: 1 };
  return runBenchmark({
    port: server.port,
    test: command,
    pipeline: PIPELINE,
    clients: CLIENTS,
    dataSize: 3,
    ...size,
  });
}

async function compare(/** @type {Case} */ one) {
  for (const server of [ours, baseline]) await measure(server, one);
  const rounds = [];
  for (let round = 0; round < options.number('rounds'); round++) {
    const oursFirst = round % 2 === 0;
    const first = await measure(oursFirst ? ours : baseline, one);
    const second = await measure(oursFirst ? baseline : ours, one);
    rounds.push(oursFirst ? { ours: first, baseline: second } : { ours: second, baseline: first });
  }
  return {
    name: one.name,
    ours: median(rounds.map((pair) => pair.ours.rps)),
    baseline: median(rounds.map((pair) => pair.baseline.rps)),
    ratio: spread(rounds.map((pair) => pair.ours.rps / pair.baseline.rps)),
  };
}

const wanted = options.list('only');
const chosen = CASES.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
const rates = [];
for (const one of chosen) {
  const result = await compare(one);
  console.log(
    `${result.name}: ${formatRatio(result.ratio)}  ${formatNumber(result.ours)} / ${formatNumber(result.baseline)}`,
  );
  rates.push(result);
}
await Promise.all([ours.stop(), baseline.stop()]);

// --- memory -----------------------------------------------------------------------------------------

/** @type {[name: string, make: (client: Client, share: number) => Promise<unknown>][]} */
const VALUES = [
  [
    '100 k hashes of 10 small fields',
    (client, share) =>
      sendMany(client, 100_000 * share, (i) => [
        'HSET',
        `hash:${i}`,
        ...Array.from({ length: 10 }, (_, j) => [`field:${j}`, `value:${i + j}`]).flat(),
      ]),
  ],
  ['1 M-member set', (client, share) => grow('SADD', 'set', million * share, text)(client)],
  ['1 M-member sorted set', (client, share) => grow('ZADD', 'zset', million * share, scored)(client)],
  ['1 M-element list', (client, share) => grow('RPUSH', 'list', million * share, text)(client)],
  [
    '1 M-entry stream',
    (client, share) =>
      sendMany(client, million * share, (i) => ['XADD', 'stream', '*', 'field', `value:${i}`]),
  ],
];

/**
 * What is made and deleted again before the measurement: rings, buffers and compiled code are there already when the data comes. The share is
 * large enough that it, too, is sent in bursts of BATCH commands, which use the rings as far as those of the measurement do. There are so many
 * rounds because the compiler's memory grows until the last function of the way has been optimised.
 */
const WARM_ROUNDS = 120;
const WARM_SHARE = 0.05;

/** @returns {Promise<{ grown: number, unlinkMs: number }>} */
async function memoryOf(
  /** @type {string} */ program,
  /** @type {string[]} */ args,
  /** @type {(client: Client, share: number) => Promise<unknown>} */ make,
) {
  const server = await startServer({ label: '', program, args });
  const client = await connectResp(server.port);
  for (let round = 0; round < WARM_ROUNDS; round++) {
    await make(client, WARM_SHARE);
    await client.call('FLUSHALL', 'SYNC');
  }
  const before = server.residentBytes();
  await make(client, 1);
  const grown = server.residentBytes() - before;
  const key = (await client.call('RANDOMKEY')) ?? '';
  const start = performance.now();
  await client.call('UNLINK', String(key));
  const unlinkMs = performance.now() - start;
  client.close();
  await server.stop();
  return { grown, unlinkMs };
}

/** The medians of several fresh servers of each kind, in turn, and the spread of the ratio. */
async function compareMemory(
  /** @type {string} */ name,
  /** @type {(client: Client, share: number) => Promise<unknown>} */ make,
) {
  const rounds = [];
  for (let round = 0; round < options.number('servers'); round++) {
    const mine = await memoryOf(OURS_DEFAULT, ['--compat-version', '7.0'], make);
    rounds.push({ mine, theirs: await memoryOf(BASELINE_DEFAULT, [], make) });
  }
  const middle = (/** @type {{ grown: number, unlinkMs: number }[]} */ of) => ({
    grown: median(of.map(({ grown }) => grown)),
    unlinkMs: median(of.map(({ unlinkMs }) => unlinkMs)),
  });
  return {
    name,
    ours: middle(rounds.map(({ mine }) => mine)),
    baseline: middle(rounds.map(({ theirs }) => theirs)),
    ratio: spread(rounds.map(({ mine, theirs }) => mine.grown / theirs.grown)),
  };
}

const memory = [];
if (options.text('memory') === 'yes') {
  const parts = options.list('values');
  for (const [name, make] of VALUES) {
    if (parts.length > 0 && !parts.some((part) => name.includes(part))) continue;
    const result = await compareMemory(name, make);
    memory.push(result);
    const { ours: mine, baseline: theirs, ratio } = result;
    console.log(
      `${name}: ${formatRatio(ratio)}  ${(mine.grown / 1e6).toFixed(1)} / ${(theirs.grown / 1e6).toFixed(1)} MB`,
    );
  }
}

const rateTable = markdownTable(
  ['command', 'threadis rps', 'redis rps', 'ratio (min-max)'],
  rates.map(({ name, ours: mine, baseline: theirs, ratio }) => [
    name,
    formatNumber(mine),
    formatNumber(theirs),
    formatRatio(ratio),
  ]),
);
const memoryTable = markdownTable(
  ['value', 'threadis MB', 'redis MB', 'ratio (min-max)', 'UNLINK ms: threadis / redis'],
  memory.map(({ name, ours: mine, baseline: theirs, ratio }) => [
    name,
    (mine.grown / 1e6).toFixed(1),
    (theirs.grown / 1e6).toFixed(1),
    formatRatio(ratio),
    `${mine.unlinkMs.toFixed(2)} / ${theirs.unlinkMs.toFixed(2)}`,
  ]),
);
const markdown = `${rateTable}\n\nGrowth of resident memory:\n\n${memoryTable}`;
console.log(`\n${markdown}`);
writeResults(options.text('out'), {
  title: 'Data types: Threadis and Redis, -c 50 -P 16, in interleaved pairs',
  markdown,
  data: { rates, memory },
  run: describeRun([ours, baseline]),
});
