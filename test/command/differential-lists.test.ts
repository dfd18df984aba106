/*
 * Random list commands, the same to our server and to the real one: every reply must be equal, and in the end every list with its
 * elements and its expire time, and the number of changes that the server has counted. TEST_SEED repeats a run.
 *
 * The size of a list's blocks changes between rounds, so that the same commands meet small and large lists, many blocks and few,
 * compressed ones, and elements that lie outside of them.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../unit/base/seeded-random.ts';
import { RawClient, readable } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

/** Counted, not timed: the same seed is the same run everywhere. */
const COMMANDS_PER_ROUND = 8_000;
const BATCH = 200;

const { below, pick } = seededRandom('differential-lists');
const chance = (percent: number): boolean => below(100) < percent;

// ---- words -----------------------------------------------------------------------------------------------------------------

const KEYS = [...Array.from({ length: 8 }, (_, i) => `list:${i}`), '', 'k'.repeat(300), '\xff\0'];
const INTEGERS = [
  '0',
  '-1',
  '127',
  '128',
  '4095',
  '-4096',
  '32767',
  '-32768',
  '8388607',
  '2147483648',
  '9223372036854775807',
];
const ODD = ['', ' ', '+1', '01', '-0', '1 ', '9223372036854775808', '\0', '\xff\xfe', '1.5'];

const key = (): string => pick(KEYS);

function element(): string {
  const kind = below(100);
  if (kind < 25) return pick(['a', 'b', 'c']);
  if (kind < 40) return pick(INTEGERS);
  if (kind < 50) return pick(ODD);
  if (kind < 70) return String(below(100_000));
  if (kind < 96) return pick(['x', 'yz', 'longer text ']).repeat(below(50));
  if (kind < 99) return `${pick(['p', 'qr'])}${below(100)}`.repeat(below(400));
  return String(below(1_000_000)).repeat(below(2500));
}

const elements = (most: number): string[] => Array.from({ length: 1 + below(most) }, element);

function index(): string {
  const kind = below(100);
  if (kind < 50) return String(below(20) - 10);
  if (kind < 93) return String(below(600) - 300);
  return pick(['9223372036854775807', '-9223372036854775808', '9223372036854775808', 'x', '', '1.0', '-0']);
}

const count = (): string => (chance(90) ? String(below(12)) : index());
const side = (): string =>
  chance(97) ? pick(['LEFT', 'RIGHT', 'left', 'Right']) : pick(['LEF', '', 'MIDDLE']);
const timeout = (): string => (chance(80) ? pick(['0.001', '1e-3']) : pick(['-1', 'x', '', '-0.5']));
const keys = (): string[] => Array.from({ length: 1 + below(3) }, key);

function countedKeys(): string[] {
  const names = keys();
  const number = chance(95) ? String(names.length) : pick(['0', '-1', 'x', '100', '2']);
  const options = chance(40) ? ['COUNT', count()] : [];
  if (chance(3)) options.push(pick(['COUNT', 'FOO']));
  return [number, ...names, side(), ...options];
}

function lposOptions(): string[] {
  const options: string[] = [];
  if (chance(40)) options.push('RANK', chance(80) ? String(below(9) - 4) : index());
  if (chance(50)) options.push('COUNT', chance(80) ? String(below(5)) : index());
  if (chance(40)) options.push('MAXLEN', count());
  if (chance(3)) options.push(pick(['RANK', 'FOO', 'COUNT']));
  return options;
}

// ---- commands --------------------------------------------------------------------------------------------------------------

const COMMANDS: [weight: number, make: () => string[]][] = [
  [40, () => [pick(['LPUSH', 'RPUSH']), key(), ...elements(8)]],
  [3, () => [pick(['LPUSH', 'RPUSH']), key(), ...elements(200)]],
  [10, () => [pick(['LPUSHX', 'RPUSHX']), key(), ...elements(4)]],
  [20, () => [pick(['LPOP', 'RPOP']), key()]],
  [12, () => [pick(['LPOP', 'RPOP']), key(), ...(chance(97) ? [count()] : ['1', '2'])]],
  [10, () => ['LLEN', key()]],
  [20, () => ['LINDEX', key(), index()]],
  [20, () => ['LSET', key(), index(), element()]],
  [20, () => ['LRANGE', key(), index(), index()]],
  [4, () => ['LTRIM', key(), String(below(30)), String(-1 - below(30))]],
  [1, () => ['LTRIM', key(), index(), index()]],
  [12, () => ['LREM', key(), index(), element()]],
  [
    20,
    () => [
      'LINSERT',
      key(),
      chance(97) ? pick(['BEFORE', 'after']) : 'x',
      pick(['a', 'b', '0', element()]),
      element(),
    ],
  ],
  [16, () => ['LPOS', key(), pick(['a', 'b', '0', element()]), ...lposOptions()]],
  [16, () => ['LMOVE', key(), key(), side(), side()]],
  [8, () => ['RPOPLPUSH', key(), key()]],
  [8, () => ['LMPOP', ...countedKeys()]],
  [4, () => [pick(['BLPOP', 'BRPOP']), 'list:0', ...keys(), '0.001']],
  [1, () => [pick(['BLPOP', 'BRPOP']), key(), ...(chance(90) ? ['x', '-1'].slice(below(2)) : [])]],
  [2, () => ['BLMOVE', key(), key(), side(), side(), pick(['x', '-1', ''])]],
  [2, () => ['BRPOPLPUSH', key(), key(), pick(['x', '-1', ''])]],
  [2, () => ['BLMPOP', timeout(), ...countedKeys()]],
  [3, () => [pick(['DEL', 'UNLINK']), key()]],
  [4, () => ['COPY', key(), key(), 'REPLACE']],
  [4, () => ['RENAME', key(), key()]],
  [2, () => ['SET', pick(KEYS.slice(0, 3)), 'text']],
  [2, () => ['EXPIRE', key(), '100000']],
  [2, () => ['PERSIST', key()]],
  [4, () => ['OBJECT', 'ENCODING', key()]],
  [2, () => ['TYPE', key()]],
  [
    1,
    () => [
      pick(['LPUSH', 'LPOP', 'LRANGE', 'LSET', 'LMOVE', 'LPOS', 'LMPOP', 'LINSERT', 'LLEN', 'BLMPOP']),
      key(),
    ],
  ],
];
const TOTAL_WEIGHT = COMMANDS.reduce((sum, [weight]) => sum + weight, 0);

function command(): Buffer[] {
  let rest = (below(1_000_000) / 1_000_000) * TOTAL_WEIGHT;
  for (const [weight, make] of COMMANDS) {
    rest -= weight;
    if (rest < 0) return make().map((word) => Buffer.from(word, 'latin1'));
  }
  return [Buffer.from('PING')];
}

function shown(words: Buffer[]): string {
  return words.map((word) => JSON.stringify(word.toString('latin1').slice(0, 60))).join(' ');
}

/** All that a client can see of the lists. */
async function state(client: RawClient): Promise<unknown[]> {
  const rows: unknown[] = [];
  const names = ((await client.call('KEYS', '*')) as Buffer[]).sort(Buffer.compare);
  for (const name of names) {
    const [type, content, ttl] = await Promise.all([
      client.call('TYPE', name),
      client.call('LRANGE', name, 0, -1),
      client.call('TTL', name),
    ]);
    rows.push([...[name, type, content].map(readable), (ttl as number) > 0]);
  }
  return rows;
}

async function changes(client: RawClient): Promise<string> {
  const info = String(readable(await client.call('INFO', 'persistence')));
  return /rdb_changes_since_last_save:(\d+)/.exec(info)?.[1] ?? '';
}

describe.skipIf(!oracleAvailable())('list commands, at random', () => {
  const servers: RunningServer[] = [];
  const clients: RawClient[] = [];

  beforeAll(async () => {
    const args = ['--enable-debug-command', 'yes', '--save', ''];
    servers.push(await startThreadis(['--compat-version', '7.0', ...args]), await startRedis(args));
    for (const { port } of servers) clients.push(await RawClient.connect(port));
  }, 30_000);

  afterAll(async () => {
    for (const client of clients) client.close();
    for (const server of servers) await server.stop();
  });

  async function onBoth(...words: (string | number)[]): Promise<void> {
    for (const client of clients) expect(readable(await client.call(...words))).toBe('OK');
  }

  /** What differs between the replies to the same commands, as one text; empty when nothing does. */
  async function difference(commands: Buffer[][]): Promise<string> {
    const [ours, real] = await Promise.all(
      clients.map((client) => Promise.all(commands.map((words) => client.call(...words)))),
    );
    for (let i = 0; i < commands.length; i++) {
      const a = JSON.stringify(readable(ours[i]));
      const b = JSON.stringify(readable(real[i]));
      if (a === b) continue;
      const before = commands.slice(Math.max(0, i - 10), i + 1).map(shown);
      return `ours ${a?.slice(0, 300)}, real ${b?.slice(0, 300)}\n${before.join('\n')}`;
    }
    return '';
  }

  it.each([
    ['-2', '0', '0'],
    ['-1', '0', '0'],
    ['-1', '1', '0'],
    ['3', '0', '0'],
    ['5', '2', '0'],
    ['1', '1', '0'],
    ['128', '1', '50b'],
    ['-5', '1', '300b'],
  ])('reply as the real server does: fill %s, depth %s, threshold %s', async (fill, depth, threshold) => {
    await onBoth('FLUSHALL');
    await onBoth('CONFIG', 'SET', 'list-max-listpack-size', fill, 'list-compress-depth', depth);
    await onBoth('DEBUG', 'QUICKLIST-PACKED-THRESHOLD', threshold);
    let done = 0;
    while (done < COMMANDS_PER_ROUND) {
      const commands = Array.from({ length: BATCH }, command);
      expect(await difference(commands)).toBe('');
      done += BATCH;
    }
    console.log(`differential-lists: ${done} commands`);
    const [ours, real] = await Promise.all(clients.map(state));
    expect(ours).toEqual(real);
    const [a, b] = await Promise.all(clients.map(changes));
    expect(a).toBe(b);
  });
});
