/**
 * Saving and loading beside the real redis-server, and what a background save costs the commands that run meanwhile.
 *
 * Both servers are filled with the same keys. Each round saves (SAVE) and loads (DEBUG RELOAD NOSAVE) with the one and then with the other. Then
 * SET runs without and with a BGSAVE under way, in short pieces, as long as the save lasts.
 * Then the files of all three, ours in both versions of the format and the real server's, are measured for the same data of each type.
 * What appendonly costs is measured by compare.mjs: bench/README.md has the commands.
 */

import { compareFileSizes } from '../lib/file-sizes.mjs';
import { fillKeys, longKey } from '../lib/load.mjs';
import { readOptions } from '../lib/options.mjs';
import { runBenchmark } from '../lib/redis-benchmark.mjs';
import { describeRun, formatNumber, formatRatio, markdownTable, writeResults } from '../lib/report.mjs';
import { connectResp, readInfo } from '../lib/resp-client.mjs';
import { BASELINE_DEFAULT, OURS_DEFAULT, startServer } from '../lib/servers.mjs';
import { median, spread } from '../lib/statistics.mjs';

const USAGE = `node bench/macro/persistence.mjs [options]
  --keys 2000000   of 20 bytes with values of 64
  --rounds 5       of saving and loading; 0: only the sizes of files
  --out NAME       write bench/results/NAME.md and NAME.json`;

const options = readOptions({ keys: '2000000', rounds: '5', out: '' }, USAGE);
const keys = options.number('keys');
const VALUE_BYTES = 64;
const PIECE_REQUESTS = 150_000;

/** @typedef {import('../lib/servers.mjs').BenchServer} BenchServer */

const ours = await startServer({
  label: 'threadis',
  program: OURS_DEFAULT,
  args: ['--compat-version', '7.0', '--enable-debug-command', 'yes'],
});
const baseline = await startServer({
  label: 'redis',
  program: BASELINE_DEFAULT,
  args: ['--enable-debug-command', 'yes'],
});
const measuresTime = options.number('rounds') > 0;
for (const { port } of measuresTime ? [ours, baseline] : []) {
  await fillKeys(port, { count: keys, valueBytes: VALUE_BYTES, keyAt: longKey });
}

/** Seconds of one command, which must succeed. */
async function timed(/** @type {BenchServer} */ { port }, /** @type {string[]} */ ...command) {
  const client = await connectResp(port);
  const start = performance.now();
  const reply = await client.call(...command);
  const seconds = (performance.now() - start) / 1000;
  client.close();
  if (reply !== 'OK') throw new Error(`${command.join(' ')}: ${reply}`);
  return seconds;
}

const rounds = [];
for (let round = 0; round < options.number('rounds'); round++) {
  /** @type {Record<string, { save: number, load: number }>} */
  const times = {};
  for (const server of round % 2 === 0 ? [ours, baseline] : [baseline, ours]) {
    times[server.label] = {
      save: await timed(server, 'SAVE'),
      load: await timed(server, 'DEBUG', 'RELOAD', 'NOSAVE'),
    };
  }
  rounds.push(times);
}

/** @returns {Promise<{ rps: number, p999Ms: number }>} SET of random keys for a short while */
function piece(/** @type {BenchServer} */ { port }) {
  const command = 'SET key:0000__rand_int__ xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx';
  return runBenchmark({
    port,
    test: command,
    requests: PIECE_REQUESTS,
    keyspace: keys,
    pipeline: 16,
    clients: 50,
    dataSize: VALUE_BYTES,
    threads: 1,
  });
}

/** Throughput before and during a background save, and how much resident memory grew. */
async function underLoad(/** @type {BenchServer} */ server) {
  const client = await connectResp(server.port);
  const before = [];
  for (let i = 0; i < 5; i++) before.push(await piece(server));
  const residentBefore = server.residentBytes();
  let resident = residentBefore;
  await client.call('BGSAVE');
  const during = [];
  for (;;) {
    const measured = await piece(server);
    const inProgress = (await readInfo(client, 'persistence')).get('rdb_bgsave_in_progress');
    if (inProgress === '0' && during.length > 0) break;
    during.push(measured);
    resident = Math.max(resident, server.residentBytes());
    if (inProgress === '0') break;
  }
  client.close();
  const rate = (/** @type {{ rps: number }[]} */ list) => median(list.map(({ rps }) => rps));
  const tail = (/** @type {{ p999Ms: number }[]} */ list) => median(list.map(({ p999Ms }) => p999Ms));
  return {
    before: rate(before),
    during: rate(during),
    tailBefore: tail(before),
    tailDuring: tail(during),
    growth: resident / residentBefore - 1,
  };
}

const load = [];
for (const server of measuresTime ? [ours, baseline] : []) {
  load.push({ label: server.label, ...(await underLoad(server)) });
}
const latest = await startServer({ label: 'threadis, version 11', program: OURS_DEFAULT });
const sizes = await compareFileSizes([ours, latest, baseline]);
await Promise.all([ours.stop(), latest.stop(), baseline.stop()]);

const row = (/** @type {'save' | 'load'} */ what) => [
  what,
  formatNumber(keys / median(rounds.map(({ threadis }) => threadis[what]))),
  formatNumber(keys / median(rounds.map(({ redis }) => redis[what]))),
  formatRatio(spread(rounds.map(({ threadis, redis }) => redis[what] / threadis[what]))),
];
const timeParts = () => [
  `${formatNumber(keys)} keys of 20 bytes with values of ${VALUE_BYTES}.`,
  markdownTable(['', 'threadis keys/s', 'redis keys/s', 'ratio (min-max)'], [row('save'), row('load')]),
  'SET -P 16 -c 50 of random keys before and during a BGSAVE (pieces of the whole save; the memory of a forked child is not in the growth):',
  markdownTable(
    [
      '',
      'rps before',
      'rps during',
      'during/before',
      'p99.9 ms before',
      'p99.9 ms during',
      'resident memory',
    ],
    load.map((one) => [
      one.label,
      formatNumber(one.before),
      formatNumber(one.during),
      `${(one.during / one.before).toFixed(2)}x`,
      formatNumber(one.tailBefore),
      formatNumber(one.tailDuring),
      `+${(one.growth * 100).toFixed(0)} %`,
    ]),
  ),
];

/** @returns {string} how one of our files compares with the real server's */
const against = (/** @type {number} */ own, /** @type {number} */ other) =>
  `${formatNumber(own)} (${(own / other).toFixed(3)}x)`;

const markdown = [
  ...(measuresTime ? timeParts() : []),
  'Bytes of the snapshot and of the base of the append only file for the same data, ours in the version of the format that the real server writes (10, compat-version 7.0) and in the default one (11):',
  markdownTable(
    ['', 'RDB, redis', 'RDB, 10', 'RDB, 11', 'AOF base, redis', 'AOF base, 10', 'AOF base, 11'],
    sizes.map(({ data, files: [old, current, redis] }) => [
      data,
      formatNumber(redis.snapshot),
      against(old.snapshot, redis.snapshot),
      against(current.snapshot, redis.snapshot),
      formatNumber(redis.base),
      against(old.base, redis.base),
      against(current.base, redis.base),
    ]),
  ),
].join('\n\n');
console.log(markdown);
writeResults(options.text('out'), {
  title: 'Saving and loading: Threadis and Redis',
  markdown,
  data: { rounds, load, sizes },
  run: describeRun([ours, baseline]),
});
