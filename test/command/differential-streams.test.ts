/*
 * Random stream commands, the same to our server and to the real one: every reply must be equal but for times, and in the end every stream
 * with its groups, and the number of changes that the server has counted. Streams without groups must DUMP as the same bytes; every stream must
 * go both ways by DUMP and RESTORE. TEST_SEED repeats a run.
 *
 * The size of the blocks changes between rounds, so that the same commands meet streams of one block and of many.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../unit/base/seeded-random.ts';
import { RawClient, type Reply, readable } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

/** Counted, not timed: the same seed is the same run everywhere. */
const COMMANDS_PER_ROUND = 5_000;
const BATCH = 200;

const { below, pick } = seededRandom('differential-streams');
const chance = (percent: number): boolean => below(100) < percent;

// ---- words -----------------------------------------------------------------------------------------------------------------

const KEYS = [...Array.from({ length: 5 }, (_, i) => `s:${i}`), 'k'.repeat(300)];
const MAX = '18446744073709551615';
const GROUPS = ['g', 'h', 'a longer name of a group', ''];
const CONSUMERS = ['alice', 'bob', 'carol', 'b', ''];

const key = (): string => pick(KEYS);
const group = (): string => pick(GROUPS);
const consumer = (): string => pick(CONSUMERS);

/** Ids of new entries grow on the whole, so that most are accepted. */
let clock = 1;

/**
 * XTRIM MINID can leave a block without entries in Redis, which we free: what is then added lies in other blocks. So DUMP gives the same bytes only
 * where nobody trims by id.
 */
const trimsById = false;

function newId(): string {
  const kind = below(100);
  if (kind < 60) return `${(clock += below(3))}-*`;
  if (kind < 90) return `${(clock += 1)}-${below(5)}`;
  if (kind < 94) return String((clock += 1));
  if (kind < 97) return id();
  return `${(clock += below(100_000))}-${below(2) === 0 ? MAX : below(2 ** 32)}`;
}

function id(): string {
  const kind = below(100);
  if (kind < 70) return `${below(clock + 2)}-${below(4)}`;
  if (kind < 85) return String(below(clock + 2));
  if (kind < 97) return pick(['0', '0-0', '0-1', `${clock}-${MAX}`, MAX, `${MAX}-${MAX}`]);
  return pick([
    'x',
    '',
    '1-',
    '-1',
    '1-x',
    '01-02',
    ' 1-1',
    '1-+2',
    `${MAX}1`,
    '1-*',
    '--1',
    '1--1',
    '1 -1',
    '1-1\0x',
  ]);
}

const bound = (special: string): string => {
  const kind = below(100);
  if (kind < 50) return special;
  if (kind < 70) return id();
  return kind < 97 ? `(${id()}` : pick(['(', '(-', '(+', '-', '+']);
};

function text(): string {
  const kind = below(100);
  if (kind < 30) return pick(['a', 'b', 'c']);
  if (kind < 50) return String(below(2 ** 32) - 2 ** 31);
  if (kind < 60)
    return pick(['', '-0', '007', '9223372036854775807', '9223372036854775808', '\0', '\xff\xfe']);
  if (kind < 97) return pick(['x', 'some text ']).repeat(below(20));
  return pick(['y', 'longer text ']).repeat(below(1000));
}

function pairs(): string[] {
  const kind = below(100);
  if (kind < 50) return ['name', text(), 'value', text()];
  if (kind < 70) return ['name', text()];
  if (kind < 97) return Array.from({ length: 2 * (1 + below(4)) }, text);
  return kind < 99 ? Array.from({ length: 2 * below(150) }, text) : ['odd', '1', '2'];
}

function trimming(): string[] {
  const options: string[] = [];
  const byId = trimsById && chance(40);
  options.push(byId ? 'MINID' : 'maxlen');
  const sign = below(3);
  if (sign > 0) options.push(sign === 1 ? '~' : '=');
  options.push(byId ? id() : chance(95) ? String(below(300)) : pick(['-1', 'x', '0']));
  if (chance(sign === 1 ? 30 : 3)) options.push('LIMIT', chance(95) ? String(below(100)) : pick(['-1', 'x']));
  if (chance(2)) options.push(pick(['MAXLEN', 'NOMKSTREAM', 'LIMIT']), '5');
  return options;
}

const count = (): string => (chance(90) ? String(below(30)) : pick(['-1', '0', 'x', '9223372036854775807']));
const counted = (): string[] => (chance(60) ? ['COUNT', count()] : []);
const ids = (most: number): string[] => Array.from({ length: 1 + below(most) }, id);
const streams = (from: () => string): string[] => {
  const n = 1 + below(2);
  return ['STREAMS', ...Array.from({ length: n }, key), ...Array.from({ length: n }, from)];
};

function claimOptions(): string[] {
  const options: string[] = [];
  if (chance(30))
    options.push('TIME', chance(90) ? String(below(1_000_000)) : pick(['x', '-1', '99999999999999999']));
  if (chance(10)) options.push('IDLE', pick(['1000000', '-1', 'x']));
  if (chance(20)) options.push('RETRYCOUNT', pick(['0', '7', '4000000000', '-1', 'x']));
  if (chance(40)) options.push('FORCE');
  if (chance(30)) options.push('justid');
  if (chance(5)) options.push('LASTID', id());
  if (chance(2)) options.push('FOO');
  return options;
}

// ---- commands --------------------------------------------------------------------------------------------------------------

const COMMANDS: [weight: number, make: () => string[]][] = [
  [60, () => ['XADD', key(), newId(), ...pairs()]],
  [10, () => ['XADD', key(), ...trimming(), newId(), ...pairs()]],
  [3, () => ['XADD', key(), 'NOMKSTREAM', newId(), ...pairs()]],
  [5, () => ['XTRIM', key(), ...trimming()]],
  [20, () => ['XDEL', key(), ...ids(10)]],
  [5, () => ['XLEN', key()]],
  [10, () => ['XRANGE', key(), bound('-'), bound('+'), ...counted()]],
  [10, () => ['XREVRANGE', key(), bound('+'), bound('-'), ...counted()]],
  [8, () => ['XREAD', ...counted(), ...streams(() => (chance(85) ? id() : pick(['$', '>'])))]],
  [2, () => ['XREAD', ...counted(), 'BLOCK', pick(['1', 'x', '-1']), ...streams(() => '$')]],
  [
    40,
    () => [
      'XREADGROUP',
      'GROUP',
      group(),
      consumer(),
      ...counted(),
      ...(chance(20) ? ['NOACK'] : []),
      ...streams(() => (chance(70) ? '>' : chance(95) ? id() : '$')),
    ],
  ],
  [30, () => ['XACK', key(), group(), ...ids(10)]],
  [
    20,
    () => [
      'XCLAIM',
      key(),
      group(),
      consumer(),
      // Between what has just been delivered and what IDLE and TIME make old: none is near it.
      chance(90) ? '0' : pick(['100000', 'x', '-1']),
      ...ids(5),
      ...claimOptions(),
    ],
  ],
  [
    10,
    () => [
      'XAUTOCLAIM',
      key(),
      group(),
      consumer(),
      chance(90) ? '0' : pick(['100000', 'x']),
      bound('-'),
      ...(chance(70) ? ['COUNT', chance(95) ? String(1 + below(10)) : pick(['0', 'x'])] : []),
      ...(chance(30) ? ['JUSTID'] : []),
    ],
  ],
  [8, () => ['XPENDING', key(), group()]],
  [
    10,
    () => [
      'XPENDING',
      key(),
      group(),
      ...(chance(20) ? ['IDLE', chance(90) ? '0' : 'x'] : []),
      bound('-'),
      bound('+'),
      count(),
      ...(chance(50) ? [consumer()] : []),
    ],
  ],
  [
    20,
    () => [
      'XGROUP',
      'CREATE',
      key(),
      group(),
      chance(40) ? '$' : id(),
      ...(chance(40) ? ['MKSTREAM'] : []),
      ...(chance(15) ? ['ENTRIESREAD', pick(['0', '5', '100', '-1', '-2', 'x', '9223372036854775807'])] : []),
    ],
  ],
  [
    3,
    () => [
      'XGROUP',
      'SETID',
      key(),
      group(),
      chance(40) ? pick(['$', '-', '+']) : id(),
      ...(chance(20) ? ['ENTRIESREAD', pick(['3', '-1'])] : []),
    ],
  ],
  [3, () => ['XGROUP', 'DESTROY', key(), group()]],
  [5, () => ['XGROUP', 'CREATECONSUMER', key(), group(), consumer()]],
  [3, () => ['XGROUP', 'DELCONSUMER', key(), group(), consumer()]],
  [2, () => ['XGROUP', pick(['CREATE', 'SETID', 'DESTROY', 'FOO']), key(), group(), id(), 'FOO']],
  [
    2,
    () => [
      'XSETID',
      key(),
      chance(50) ? `${clock}-${below(10)}` : id(),
      ...(chance(50)
        ? ['ENTRIESADDED', pick(['0', '1000', '-1', 'x', '9223372036854775807']), 'MAXDELETEDID', id()]
        : []),
    ],
  ],
  [6, () => ['XINFO', 'STREAM', key()]],
  [4, () => ['XINFO', 'STREAM', key(), 'FULL', ...(chance(60) ? ['COUNT', count()] : [])]],
  [6, () => ['XINFO', 'GROUPS', key()]],
  [6, () => ['XINFO', 'CONSUMERS', key(), group()]],
  [1, () => [pick(['DEL', 'UNLINK']), key()]],
  [2, () => ['COPY', key(), key(), 'REPLACE']],
  [2, () => ['RENAME', key(), key()]],
  [1, () => ['SET', KEYS[0], 'text']],
  [1, () => ['OBJECT', 'ENCODING', key()]],
  [
    1,
    () => [pick(['XADD', 'XDEL', 'XREAD', 'XCLAIM', 'XPENDING', 'XRANGE', 'XACK', 'XTRIM', 'XSETID']), key()],
  ],
];
const TOTAL_WEIGHT = COMMANDS.reduce((sum, [weight]) => sum + weight, 0);

function command(): string[] {
  let rest = (below(1_000_000) / 1_000_000) * TOTAL_WEIGHT;
  for (const [weight, make] of COMMANDS) {
    rest -= weight;
    if (rest < 0) return make();
  }
  return ['PING'];
}

const bytes = (words: readonly string[]): Buffer[] => words.map((word) => Buffer.from(word, 'latin1'));
const shown = (words: string[]): string =>
  words
    .map((word) => JSON.stringify(word.slice(0, 60)))
    .join(' ')
    .slice(0, 500);

/** The reply without what depends on the clock or on Redis's radix tree. */
function masked(words: string[], reply: Reply): string {
  const value = readable(reply) as unknown;
  // Where a sequence overflows, Redis 7.0 says whichever of the two its errno happens to hold.
  if (value === 'error: ERR Elements are too large to be stored') return JSON.stringify(`error: ${SMALL_ID}`);
  if (words[0] === 'XPENDING' && words.length > 3 && Array.isArray(value)) {
    for (const row of value as unknown[][]) row[2] = 0;
  }
  if (words[0] === 'XINFO') mask(value);
  return JSON.stringify(value);
}

const SMALL_ID = 'ERR The ID specified in XADD is equal or smaller than the target stream top item';
const TIMES = ['radix-tree-keys', 'radix-tree-nodes', 'idle', 'seen-time'];

function mask(value: unknown): void {
  if (!Array.isArray(value)) return;
  for (const [i, item] of value.entries()) {
    if (typeof item === 'string' && TIMES.includes(item)) value[i + 1] = 0;
    if (item === 'pending' && Array.isArray(value[i + 1])) {
      for (const row of value[i + 1] as unknown[][]) row[row.length - 2] = 0;
    }
    mask(item);
  }
}

describe.skipIf(!oracleAvailable())('stream commands, at random', () => {
  const servers: RunningServer[] = [];
  const clients: RawClient[] = [];

  beforeAll(async () => {
    const args = ['--save', '', '--rdbcompression', 'no'];
    servers.push(await startThreadis(['--compat-version', '7.0', ...args]), await startRedis(args));
    for (const { port } of servers) clients.push(await RawClient.connect(port));
  }, 30_000);

  afterAll(async () => {
    for (const client of clients) client.close();
    for (const server of servers) await server.stop();
  });

  async function onBoth(...words: string[]): Promise<string[]> {
    return Promise.all(clients.map(async (client) => masked(words, await client.call(...bytes(words)))));
  }

  async function expectSame(...words: string[]): Promise<void> {
    const [ours, real] = await onBoth(...words);
    expect(ours, words.join(' ')).toEqual(real);
  }

  /** What differs between the replies to the same commands, as one text; empty when nothing does. */
  async function difference(commands: string[][]): Promise<string> {
    const [ours, real] = await Promise.all(
      clients.map((client) => Promise.all(commands.map((words) => client.call(...bytes(words))))),
    );
    for (let i = 0; i < commands.length; i++) {
      const a = masked(commands[i], ours[i]);
      const b = masked(commands[i], real[i]);
      if (a === b) continue;
      let at = 0;
      while (a[at] === b[at]) at++;
      const from = Math.max(0, at - 200);
      const before = commands.slice(Math.max(0, i - 15), i + 1).map(shown);
      return `ours ${a.slice(from, at + 200)}\nreal ${b.slice(from, at + 200)}\n${before.join('\n')}`;
    }
    return '';
  }

  async function compareKeys(): Promise<void> {
    for (const name of KEYS) {
      if ((await onBoth('TYPE', name))[0] !== '"stream"') continue;
      await expectSame('XINFO', 'STREAM', name, 'FULL', 'COUNT', '0');
      await expectSame('XREVRANGE', name, '+', '-');
      await exchange(name);
    }
  }

  /** The stream goes to the other server and is the same there. */
  async function exchange(name: string): Promise<void> {
    const [ours, real] = clients;
    const dumps = (await Promise.all(clients.map((client) => client.call('DUMP', name)))) as Buffer[];
    const groups = (await onBoth('XINFO', 'GROUPS', name))[0];
    if (groups === '[]' && !trimsById) expect(dumps[0].equals(dumps[1]), `DUMP ${name}`).toBe(true);
    const full = ['XINFO', 'STREAM', 'copy', 'FULL', 'COUNT', '0'];
    const before = await Promise.all(
      clients.map(async (client) =>
        withoutNodes(readable(await client.call('XINFO', 'STREAM', name, 'FULL', 'COUNT', '0'))),
      ),
    );
    expect(readable(await ours.call('RESTORE', 'copy', '0', dumps[1], 'REPLACE'))).toBe('OK');
    expect(readable(await real.call('RESTORE', 'copy', '0', dumps[0], 'REPLACE'))).toBe('OK');
    const after = await Promise.all(
      clients.map(async (client) => withoutNodes(readable(await client.call(...full)))),
    );
    expect(after[0]).toEqual(before[1]);
    expect(after[1]).toEqual(before[0]);
    for (const client of clients) await client.call('DEL', 'copy');
  }

  function withoutNodes(reply: unknown): unknown {
    const value = reply as unknown[];
    for (const name of ['radix-tree-keys', 'radix-tree-nodes']) value[value.indexOf(name) + 1] = 0;
    return value;
  }

  it.each([
    ['100', '4096', false],
    ['100', '4096', true],
    ['4', '4096', true],
    ['0', '0', true],
    ['3', '4096', false],
    ['1', '4096', false],
    ['0', '4096', false],
    ['0', '0', false],
    ['100', '120', false],
    ['7', '300', false],
  ])('reply as the real server does: blocks of %s entries, %s bytes', async (entries, size) => {
    clock = 1;
    await onBoth('FLUSHALL');
    await onBoth('CONFIG', 'SET', 'stream-node-max-entries', entries, 'stream-node-max-bytes', size);
    let done = 0;
    while (done < COMMANDS_PER_ROUND) {
      const commands = Array.from({ length: BATCH }, command);
      expect(await difference(commands)).toBe('');
      done += BATCH;
    }
    console.log(`streams, ${entries} entries, ${size} bytes: ${done} commands`);
    const changes = await Promise.all(
      clients.map(async (client) =>
        /rdb_changes_since_last_save:(\d+)/.exec(String(readable(await client.call('INFO', 'persistence')))),
      ),
    );
    expect(changes[0]?.[1]).toBe(changes[1]?.[1]);
    await compareKeys();
  });
});
