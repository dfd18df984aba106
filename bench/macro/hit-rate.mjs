/**
 * How good eviction is: the share of GETs that hit, on ours and on redis-server, when the same traces are replayed on both (lib/cache-traces.mjs
 * says which). Both get a limit that lets them hold the same number of keys, so that what is compared is the choice of what goes, and not
 * how much room a key takes. Both are replayed at once, at the same pace, because the clock of LRU has seconds.
 */
import { limitToKeys, makeTrace, replay, TRACES } from '../lib/cache-traces.mjs';
import { readOptions, splitArguments } from '../lib/options.mjs';
import { describeRun, markdownTable, writeResults } from '../lib/report.mjs';
import { BASELINE_DEFAULT, OURS_DEFAULT, startServer } from '../lib/servers.mjs';

const USAGE = `node bench/macro/hit-rate.mjs [options]
  --policies allkeys-lru,allkeys-lfu
  --traces zipf,scan,window
  --keys 100000           that are asked for
  --capacity 10000        keys that fit
  --requests 800000       of each trace
  --rate 40000            requests a second
  --seeds 1               a trace for each
  --server-args, --redis-args, --ours, --baseline, --out   as in compare.mjs`;

const options = readOptions(
  {
    policies: 'allkeys-lru,allkeys-lfu',
    traces: TRACES.join(','),
    keys: '100000',
    capacity: '10000',
    requests: '800000',
    rate: '40000',
    seeds: '1',
    'server-args': '',
    'redis-args': '',
    ours: OURS_DEFAULT,
    baseline: BASELINE_DEFAULT,
    out: '',
  },
  USAGE,
);

const BATCH = 100;
const VALUE_BYTES = 100;

const servers = [
  await startServer({
    label: 'threadis',
    program: options.text('ours'),
    args: splitArguments(options.text('server-args')),
  }),
  await startServer({
    label: 'redis',
    program: options.text('baseline'),
    args: splitArguments(options.text('redis-args')),
  }),
];

/** @type {{ policy: string, trace: string, seed: number, hitRates: number[], keys: number[] }[]} */
const rows = [];
for (const policy of options.list('policies')) {
  for (const trace of options.list('traces')) {
    for (const seed of options.numbers('seeds')) {
      const requests = makeTrace(trace, {
        keys: options.number('keys'),
        requests: options.number('requests'),
        batch: BATCH,
        seed,
      });
      const limit = { policy, capacity: options.number('capacity'), valueBytes: VALUE_BYTES };
      for (const { port } of servers) await limitToKeys(port, limit);
      const pace = { batch: BATCH, rate: options.number('rate'), valueBytes: VALUE_BYTES };
      const results = await Promise.all(servers.map(({ port }) => replay(port, requests, pace)));
      for (const server of servers) server.assertAlive();
      const hitRates = results.map(({ hitRate }) => hitRate);
      rows.push({ policy, trace, seed, hitRates, keys: results.map(({ keys }) => keys) });
      console.log(`${policy} ${trace} ${seed}: ${hitRates.map(percent).join(' and ')}`);
    }
  }
}
for (const server of servers) await server.stop();

function percent(/** @type {number} */ rate) {
  return `${(rate * 100).toFixed(2)} %`;
}

const markdown = markdownTable(
  ['policy, trace', 'threadis hits', 'redis hits', 'difference', 'keys at the end'],
  rows.map(({ hitRates: [ours, theirs], keys, policy, trace }) => [
    `${policy}, ${trace}`,
    percent(ours),
    percent(theirs),
    `${((ours - theirs) * 100).toFixed(2)}`,
    keys.join(' / '),
  ]),
);
console.log(`\n${markdown}`);
writeResults(options.text('out'), {
  title: 'Hit rates at maxmemory',
  markdown,
  data: rows,
  run: describeRun(servers),
});
