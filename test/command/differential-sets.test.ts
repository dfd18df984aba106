/*
 * Random commands on sets, the same to our server and to the real one, with thresholds low enough that sets change their encoding all
 * the time. Every reply must be equal (members in any order), and so must every key's members, encoding and time to live, and the
 * number of changes. What a random choice says is only checked to be possible, and the choice then made alike on both. TEST_SEED
 * repeats a run.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../unit/base/seeded-random.ts';
import { RawClient, readable } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

/** Counted, not timed: the same seed is the same run everywhere. */
const COMMANDS_PER_RUN = 50_000;
const BATCH = 200;
const INTSET_MAX = 24;

const random = seededRandom('differential-sets');
const { below, pick } = random;
const chance = (percent: number): boolean => below(100) < percent;

const KEYS = [...Array.from({ length: 10 }, (_, i) => `set:${i}`), 'string', 'k'.repeat(300)];
const key = (): string => (chance(97) ? KEYS[below(10)] : pick(KEYS));
const ODD = ['', ' 1', '01', '-0', '9223372036854775807', '-9223372036854775808', '9223372036854775808'];
const WIDE = [
  '40000',
  '-40000',
  '3000000000',
  '-3000000000',
  '32767',
  '32768',
  '-32768',
  '-32769',
  '2147483648',
];

function memberOf(): string {
  const kind = below(100);
  if (kind < 70) return String(below(40) - 10);
  if (kind < 78) return pick(WIDE);
  if (kind < 90) return pick(['a', 'b', 'cc', 'd'.repeat(64), 'e'.repeat(65), '\xff\0', 'f'.repeat(300)]);
  return chance(40) ? pick(ODD) : `m${below(60)}`;
}

const integers = (): string[] => Array.from({ length: 1 + below(30) }, () => String(below(60)));
const members = (): string[] => (chance(50) ? integers() : Array.from({ length: 1 + below(6) }, memberOf));
const keys = (): string[] => Array.from({ length: 1 + below(4) }, key);

const COMMANDS: [weight: number, make: () => string[]][] = [
  [40, () => ['SADD', key(), ...members()]],
  [20, () => ['SREM', key(), ...members()]],
  [6, () => ['SMOVE', key(), key(), memberOf()]],
  [8, () => ['SISMEMBER', key(), memberOf()]],
  [6, () => ['SMISMEMBER', key(), ...members()]],
  [6, () => ['SCARD', key()]],
  [6, () => ['SMEMBERS', key()]],
  [8, () => [pick(['SINTER', 'SUNION', 'SDIFF']), ...keys()]],
  [10, () => [pick(['SINTERSTORE', 'SUNIONSTORE', 'SDIFFSTORE']), key(), ...keys()]],
  [
    5,
    () => {
      const named = keys();
      const limit = chance(50) ? ['LIMIT', pick(['0', '1', '3', '100', '-1', 'x'])] : [];
      return ['SINTERCARD', chance(95) ? String(named.length) : pick(['0', '9', 'x']), ...named, ...limit];
    },
  ],
  [
    3,
    () => ['SSCAN', key(), '0', 'COUNT', '1000', ...(chance(40) ? ['MATCH', pick(['*', '1*', 'm?'])] : [])],
  ],
  [3, () => ['SRANDMEMBER', key(), '1000']],
  [2, () => ['SPOP', key(), '1000']],
  [2, () => ['DEL', key()]],
  [2, () => ['COPY', key(), key(), ...(chance(50) ? ['REPLACE'] : [])]],
  [2, () => ['RENAME', key(), key()]],
  [2, () => ['EXPIREAT', key(), '33177117420']],
  [8, () => ['OBJECT', 'ENCODING', key()]],
  [1, () => [pick(['SADD', 'SREM', 'SPOP', 'SINTER', 'SMOVE', 'SSCAN', 'SRANDMEMBER']), 'string', '1', '2']],
  [
    1,
    () => [pick(['SPOP', 'SRANDMEMBER']), key(), pick(['0', 'x', '1.5', '']), ...(chance(20) ? ['x'] : [])],
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

const bytes = (words: string[]): Buffer[] => words.map((word) => Buffer.from(word, 'latin1'));

const UNORDERED = /^(SMEMBERS|SINTER|SUNION|SDIFF|SRANDMEMBER|SPOP|SSCAN)$/;

function sorted(reply: unknown): unknown {
  if (!Array.isArray(reply)) return reply;
  if (reply.length === 2 && Array.isArray(reply[1])) return [reply[0], [...reply[1]].sort()];
  return [...reply].sort();
}

function same(name: string, ours: unknown, real: unknown): boolean {
  const [a, b] = UNORDERED.test(name) ? [sorted(ours), sorted(real)] : [ours, real];
  return JSON.stringify(a) === JSON.stringify(b);
}

async function state(client: RawClient): Promise<unknown[]> {
  const rows: unknown[] = [];
  const names = ((await client.call('KEYS', '*')) as Buffer[]).sort(Buffer.compare);
  for (const name of names) {
    const [content, encoding, at] = await Promise.all([
      client.call('SMEMBERS', name),
      client.call('OBJECT', 'ENCODING', name),
      client.call('EXPIRETIME', name),
    ]);
    rows.push([readable(name), sorted(readable(content)), readable(encoding), at]);
  }
  const info = String(readable(await client.call('INFO', 'persistence')));
  rows.push(/rdb_changes_since_last_save:\d+/.exec(info)?.[0]);
  return rows;
}

describe.skipIf(!oracleAvailable())('set commands, at random', () => {
  const servers: RunningServer[] = [];
  const clients: RawClient[] = [];

  beforeAll(async () => {
    const args = ['--set-max-intset-entries', String(INTSET_MAX), '--save', ''];
    servers.push(await startThreadis(['--compat-version', '7.0', ...args]), await startRedis(args));
    for (const { port } of servers) clients.push(await RawClient.connect(port));
  }, 30_000);

  afterAll(async () => {
    for (const client of clients) client.close();
    for (const server of servers) await server.stop();
  });

  const both = (...words: string[]): Promise<unknown[]> =>
    Promise.all(clients.map(async (client) => readable(await client.call(...bytes(words)))));

  /** Ours chooses; what it chose must have been there, and then goes from the other too. */
  async function popAlike(): Promise<void> {
    const name = KEYS[below(10)];
    const [before] = await both('SCARD', name);
    // RENAME and COPY bring the string here too.
    if (typeof before !== 'number') return;
    const count = String(1 + below(before + 3));
    const chosen = readable(await clients[0].call(...bytes(['SPOP', name, count]))) as string[];
    expect(chosen.length).toBe(Math.min(before, Number(count)));
    expect(new Set(chosen).size).toBe(chosen.length);
    if (chosen.length === 0) return;
    expect(readable(await clients[1].call(...bytes(['SREM', name, ...chosen])))).toBe(chosen.length);
    const [ours, real] = await both('SMEMBERS', name);
    expect(sorted(ours)).toEqual(sorted(real));
    // What SPOP leaves of a large set is encoded anew, and SREM changes nothing about that.
    await both('DEL', name);
  }

  it('reply as the real server does, and leave the same sets behind', async () => {
    await both('SET', 'string', 'x');
    let done = 0;
    while (done < COMMANDS_PER_RUN) {
      const commands = Array.from({ length: BATCH }, command);
      const [ours, real] = await Promise.all(
        clients.map((client) => Promise.all(commands.map((words) => client.call(...bytes(words))))),
      );
      for (let i = 0; i < BATCH; i++) {
        const a = readable(ours[i]);
        const b = readable(real[i]);
        if (same(commands[i][0], a, b)) continue;
        const before = commands
          .slice(Math.max(0, i - 10), i + 1)
          .map((words) => words.join(' ').slice(0, 300));
        expect.fail(
          `command ${done + i} differs: ours ${JSON.stringify(a)?.slice(0, 300)}, real ${JSON.stringify(b)?.slice(0, 300)}\n${before.join('\n')}`,
        );
      }
      done += BATCH;
      await popAlike();
    }
    console.log(`differential-sets: ${done} commands`);
    const [ours, real] = await Promise.all(clients.map(state));
    expect(ours).toEqual(real);
  });
});
