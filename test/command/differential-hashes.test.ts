/*
 * Random hash commands, the same to our server and to the real one: every reply must be equal, and in the end every key with its
 * fields and its encoding. TEST_SEED repeats a run. Replies in an order that nobody promises are sorted; HRANDFIELD and a walk
 * by HSCAN are looked at in hash.test.ts.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../unit/base/seeded-random.ts';
import { RawClient, readable } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

/** Counted, not timed: the same seed is the same run everywhere. */
const COMMANDS_PER_RUN = 40_000;
const BATCH = 200;

const { below, pick } = seededRandom('differential-hashes');
const chance = (percent: number): boolean => below(100) < percent;

const KEYS = ['h:1', 'h:2', 'h:3', 'h:4', 'h:5', 'h:6', 'text', ''];
const INTEGERS = [
  '0',
  '-1',
  '127',
  '128',
  '4096',
  '-4097',
  '32768',
  '8388608',
  '2147483648',
  '-9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
];
const FLOATS = ['0.1', '0.2', '-1.5', '3.0e3', '1e17', '1e-17', '.5', 'inf', '-inf', 'nan', '1e5000', ''];
const ODD = [
  '',
  ' ',
  ' 1',
  '1 ',
  '+1',
  '01',
  '-0',
  'abc',
  '\0',
  '\xff\xfe',
  'a b',
  'x'.repeat(63),
  'x'.repeat(64),
];

const key = (): string => pick(KEYS);

function field(): string {
  const kind = below(100);
  if (kind < 60) return `f${below(12)}`;
  if (kind < 75) return String(below(300));
  if (kind < 97) return pick([...INTEGERS, ...ODD]);
  return 'long'.repeat(1 + below(chance(5) ? 5000 : 40));
}

function value(): string {
  const kind = below(100);
  if (kind < 30) return String(below(1000) - 500);
  if (kind < 50) return pick([...INTEGERS, ...FLOATS, ...ODD]);
  if (kind < 98) return pick(['a', 'bc', 'z']).repeat(below(30));
  return 'large'.repeat(below(chance(3) ? 400_000 : 40));
}

function increment(): string {
  return chance(70) ? String(below(40) - 20) : pick([...INTEGERS, ...ODD]);
}

const fields = (): string[] => Array.from({ length: 1 + below(4) }, field);

function pairs(): string[] {
  const count = chance(3) ? 200 : 1 + below(4);
  const words = Array.from({ length: count }, () => [field(), value()]).flat();
  return chance(3) ? words.slice(0, -1) : words;
}

function scanOptions(): string[] {
  const words: string[] = [];
  if (chance(40)) words.push('MATCH', pick(['*', 'f*', 'f?', '[0-9]*', '', 'x']));
  if (chance(10)) words.push('COUNT', pick(['0', '-1', 'x', '100000']));
  else words.push('COUNT', '100000');
  if (chance(3)) words.push(pick(['COUNT', 'FOO', 'MATCH']));
  return words;
}

const COMMANDS: [weight: number, make: () => string[]][] = [
  [40, () => [pick(['HSET', 'HSET', 'HMSET']), key(), ...pairs()]],
  [8, () => ['HSETNX', key(), field(), value()]],
  [20, () => [pick(['HGET', 'HEXISTS', 'HSTRLEN']), key(), field()]],
  [8, () => ['HMGET', key(), ...fields()]],
  [25, () => ['HDEL', key(), ...fields()]],
  [12, () => ['HLEN', key()]],
  [6, () => [pick(['HGETALL', 'HKEYS', 'HVALS']), key()]],
  [15, () => ['HINCRBY', key(), field(), increment()]],
  [15, () => ['HINCRBYFLOAT', key(), field(), chance(60) ? pick(FLOATS) : increment()]],
  [4, () => ['HRANDFIELD', key(), pick(['0', 'x', '100000', '9223372036854775808', '-9223372036854775808'])]],
  [
    2,
    () => [
      'HRANDFIELD',
      key(),
      pick(['100000', 'x', '9223372036854775807', '0']),
      pick(['WITHVALUES', 'FOO']),
    ],
  ],
  [6, () => ['HSCAN', key(), pick(['0', '0', '0', 'x', '-']), ...scanOptions()]],
  [6, () => [pick(['OBJECT', 'OBJECT']), 'ENCODING', key()]],
  [3, () => ['DEL', key()]],
  [2, () => ['SET', 'text', 'abc']],
  [3, () => ['COPY', key(), key(), 'REPLACE']],
  [3, () => ['RENAME', key(), key()]],
  [2, () => ['TYPE', key()]],
  [2, () => ['EXPIRE', key(), '1000']],
  [1, () => ['PERSIST', key()]],
  [1, () => ['CONFIG', 'SET', 'hash-max-listpack-entries', pick(['0', '4', '16', '64', '512'])]],
  [1, () => ['CONFIG', 'SET', 'hash-max-listpack-value', pick(['0', '4', '20', '64', '1000'])]],
  [1, () => [pick(['HSET', 'HGET', 'HINCRBY', 'HSCAN', 'HMSET']), ...(chance(50) ? [key()] : [])]],
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

/** Makes replies equal whose order nobody promises. */
function sorted(words: string[], reply: unknown): unknown {
  if (!Array.isArray(reply)) return reply;
  const name = words[0];
  if (name === 'HKEYS' || name === 'HVALS') return [...reply].sort();
  if (name === 'HGETALL') return inPairs(reply);
  if (name === 'HRANDFIELD') return words.length === 4 ? inPairs(reply) : [...reply].sort();
  if (name === 'HSCAN') return [reply[0], inPairs(reply[1] as unknown[])];
  return reply;
}

function inPairs(flat: unknown[]): string[] {
  const rows: string[] = [];
  for (let i = 0; i < flat.length; i += 2) rows.push(JSON.stringify([flat[i], flat[i + 1]]));
  return rows.sort();
}

async function state(client: RawClient): Promise<unknown[]> {
  const rows: unknown[] = [];
  for (const name of KEYS) {
    const type = readable(await client.call('TYPE', name));
    const content =
      type === 'hash' ? inPairs(readable(await client.call('HGETALL', name)) as unknown[]) : type;
    rows.push([name, content, readable(await client.call('OBJECT', 'ENCODING', name))]);
  }
  return rows;
}

describe.skipIf(!oracleAvailable())('hash commands, at random', () => {
  const servers: RunningServer[] = [];
  const clients: RawClient[] = [];

  beforeAll(async () => {
    servers.push(await startThreadis(['--compat-version', '7.0']), await startRedis([]));
    for (const { port } of servers) clients.push(await RawClient.connect(port));
  }, 30_000);

  afterAll(async () => {
    for (const client of clients) client.close();
    for (const server of servers) await server.stop();
  });

  it('reply as the real server does, and leave the same hashes behind', async () => {
    let done = 0;
    while (done < COMMANDS_PER_RUN) {
      const commands = Array.from({ length: BATCH }, command);
      const [ours, real] = await Promise.all(
        clients.map((client) =>
          Promise.all(
            commands.map((words) => client.call(...words.map((word) => Buffer.from(word, 'latin1')))),
          ),
        ),
      );
      for (let i = 0; i < BATCH; i++) {
        const a = JSON.stringify(sorted(commands[i], readable(ours[i])));
        const b = JSON.stringify(sorted(commands[i], readable(real[i])));
        if (a === b) continue;
        const before = commands
          .slice(Math.max(0, i - 10), i + 1)
          .map((words) => JSON.stringify(words.map((word) => word.slice(0, 60))));
        expect.fail(
          `command ${done + i} differs: ours ${a?.slice(0, 300)}, real ${b?.slice(0, 300)}\n${before.join('\n')}`,
        );
      }
      done += BATCH;
    }
    console.log(`differential-hashes: ${done} commands`);
    const [ours, real] = await Promise.all(clients.map(state));
    expect(ours).toEqual(real);
  });
});
