/**
 * Compares our server with the real redis-server by redis-benchmark, in interleaved pairs.
 * lib/pairs.mjs says how and why; bench/README.md shows how to read the table.
 */
import { readOptions, splitArguments } from '../lib/options.mjs';
import { compareServers, describeCell, makeCells, pairTable } from '../lib/pairs.mjs';
import { describeRun, writeResults } from '../lib/report.mjs';
import { BASELINE_DEFAULT, OURS_DEFAULT, startServer } from '../lib/servers.mjs';

const USAGE = `npm run bench -- [options]; lists are separated by commas
  --tests get,set,incr,mset,ping   redis-benchmark's names
  --command "GET key:__rand_int__" a command of your own instead
  --pipelines 1,16,50
  --clients 50                     connections; may be a list
  --data-size 64                   value bytes; may be a list
  --keyspace 100000                number of different keys
  --rounds 7                       pairs per cell
  --seconds 2                      length of one measurement
  --requests 0                     or its number of requests
  --benchmark-threads 1            redis-benchmark's own threads
  --io-threads N                   of our server; by default what it chooses
  --server-args "--name value"     more options for our server
  --redis-args "--name value"      more options for redis-server
  --ours PATH, --baseline PATH     the programs, to compare two builds of ours, say
  --warm-pages 0                   MB of free memory to use before each measurement, where servers write files (lib/page-cache.mjs)
  --out NAME                       write bench/results/NAME.md and NAME.json`;

const options = readOptions(
  {
    tests: 'get,set,incr,mset,ping',
    command: '',
    pipelines: '1,16,50',
    clients: '50',
    'data-size': '64',
    keyspace: '100000',
    rounds: '7',
    seconds: '2',
    requests: '0',
    'benchmark-threads': '1',
    'io-threads': '',
    'server-args': '',
    'redis-args': '',
    ours: OURS_DEFAULT,
    baseline: BASELINE_DEFAULT,
    'warm-pages': '0',
    out: '',
  },
  USAGE,
);

const ioThreads = options.text('io-threads');
const ours = await startServer({
  label: 'threadis',
  program: options.text('ours'),
  args: [...(ioThreads ? ['--io-threads', ioThreads] : []), ...splitArguments(options.text('server-args'))],
});
const baseline = await startServer({
  label: options.text('baseline') === BASELINE_DEFAULT ? 'redis' : 'baseline',
  program: options.text('baseline'),
  args: splitArguments(options.text('redis-args')),
});

const command = options.text('command');
const cells = makeCells({
  tests: command ? [command] : options.list('tests'),
  pipelines: options.numbers('pipelines'),
  clients: options.numbers('clients'),
  dataSizes: options.numbers('data-size'),
});
const method = {
  rounds: options.number('rounds'),
  requests: options.number('requests'),
  seconds: options.number('seconds'),
  keyspace: options.number('keyspace'),
  benchmarkThreads: options.number('benchmark-threads'),
  warmPages: options.number('warm-pages'),
};
const results = await compareServers(ours, baseline, cells, method, (result) =>
  console.log(describeCell(result)),
);
await Promise.all([ours.stop(), baseline.stop()]);

const markdown = pairTable(results, { ours: ours.label, baseline: baseline.label });
console.log(`\n${markdown}`);
writeResults(options.text('out'), {
  title: 'Threadis and Redis, in interleaved pairs',
  markdown,
  data: { method, cells: results },
  run: describeRun([ours, baseline]),
});
