/*
 * Random commands of the string and generic groups, the same to our server and to the real one: every reply must be equal, and
 * in the end every key of every database with its value, its encoding and its expire time. TEST_SEED repeats a run.
 *
 * What depends on the millisecond in which a command runs is kept out: relative times are far apart from each other and from the
 * absolute ones, GT and LT come with absolute ones only, and times to live are compared to a few seconds.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../unit/base/seeded-random.ts';
import { RawClient, readable } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

type Word = string | Buffer;

/** Counted, not timed: the same seed is the same run everywhere. */
const COMMANDS_PER_RUN = 25_000;
const BATCH = 200;
const DATABASES = 3;

const random = seededRandom('differential-strings');
const { below, pick } = random;

// ---- words -----------------------------------------------------------------------------------------------------------------

const KEYS = [...Array.from({ length: 12 }, (_, i) => `key:${i}`), '', 'k'.repeat(300), '\xff\0'];
const INTEGERS = [
  '0',
  '1',
  '-1',
  '9999',
  '10000',
  '2147483648',
  '-9007199254740993',
  '9223372036854775806',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
];
const FLOATS = ['0.1', '0.2', '-1.5', '3.0e3', '1e17', '1e-17', '.5', '0x1p-4', 'inf', 'nan', '1e5000'];
const ODD = ['', ' ', ' 1', '1 ', '+1', '01', '-0', 'abc', '\0', '\xff\xfe', 'a b'];
const SECONDS = ['1000', '50000', '2000000'];
const FAR_SECONDS = ['33177117420', '43177117420'];
const PAST = ['0', '-1', '1', '-9223372036854775'];
const ABSURD = ['9223372036854775807', '-9223372036854775808', '9223372036854776', 'x', '1.5', ''];

const key = (): string => pick(KEYS);
const chance = (percent: number): boolean => below(100) < percent;

function value(): string {
  const kind = below(100);
  if (kind < 30) return pick(INTEGERS);
  if (kind < 40) return pick(FLOATS);
  if (kind < 55) return pick(ODD);
  if (kind < 70) return String(below(1000));
  if (kind < 99) return pick(['a', 'bc', 'ohmytext', 'z']).repeat(below(60));
  return 'large'.repeat(below(400_000));
}

function integer(): string {
  return chance(80) ? String(below(40) - 20) : chance(80) ? pick(INTEGERS) : pick(ODD);
}

/** Short enough that the table of LCS and the filling of SETRANGE stay small. */
function offset(): string {
  return chance(90)
    ? String(below(100))
    : pick(['-1', '100000', '1048570', '536870912', '9223372036854775807', 'x']);
}

/** The word in any mix of cases. */
function inAnyCase(word: string): string {
  return chance(80) ? word : word.toLowerCase();
}

function seconds(): string {
  return chance(85) ? pick(SECONDS) : pick(ABSURD);
}

function farSeconds(): string {
  return chance(85) ? pick(FAR_SECONDS) : chance(50) ? pick(PAST) : pick(ABSURD);
}

/** Milliseconds of what is seconds, where that is a number. */
function asMs(text: string): string {
  return /^[0-9]{4,11}$/.test(text) ? `${text}000` : text;
}

function ttlOption(): Word[] {
  const name = inAnyCase(pick(['EX', 'PX', 'EXAT', 'PXAT']));
  const upper = name.toUpperCase();
  const time = upper.endsWith('AT') ? farSeconds() : seconds();
  return chance(3) ? [name] : [name, upper.startsWith('P') ? asMs(time) : time];
}

function setOptions(): Word[] {
  const options: Word[] = [];
  if (chance(30)) options.push(inAnyCase(pick(['NX', 'XX'])));
  if (chance(40)) options.push(...(chance(30) ? ['KEEPTTL'] : ttlOption()));
  if (chance(20)) options.push('GET');
  if (chance(5)) options.push(pick(['NX', 'XX', 'KEEPTTL', 'PERSIST', 'FOO']));
  return options;
}

function condition(names: string[]): Word[] {
  return chance(40) ? Array.from({ length: 1 + below(2) }, () => inAnyCase(pick(names))) : [];
}

function pairs(): Word[] {
  const words = Array.from({ length: 1 + below(4) }, () => [key(), value()]).flat();
  return chance(3) ? words.slice(0, -1) : words;
}

const keys = (): Word[] => Array.from({ length: 1 + below(4) }, key);

// ---- commands --------------------------------------------------------------------------------------------------------------

const COMMANDS: [weight: number, make: () => Word[]][] = [
  [40, () => ['SET', key(), value(), ...setOptions()]],
  [30, () => ['GET', key()]],
  [6, () => ['GETDEL', key()]],
  [10, () => ['GETEX', key(), ...(chance(60) ? ttlOption() : chance(50) ? ['PERSIST'] : [])]],
  [6, () => ['GETSET', key(), value()]],
  [8, () => [pick(['GETRANGE', 'SUBSTR']), key(), integer(), integer()]],
  [12, () => ['SETRANGE', key(), offset(), value().slice(0, 500)]],
  [6, () => ['SETNX', key(), value()]],
  [4, () => ['SETEX', key(), seconds(), value()]],
  [4, () => ['PSETEX', key(), asMs(seconds()), value()]],
  [6, () => ['MSET', ...pairs()]],
  [4, () => ['MSETNX', ...pairs()]],
  [8, () => ['MGET', ...keys()]],
  [20, () => ['APPEND', key(), value().slice(0, 2000)]],
  [8, () => ['STRLEN', key()]],
  [12, () => [pick(['INCR', 'DECR']), key()]],
  [12, () => [pick(['INCRBY', 'DECRBY']), key(), integer()]],
  [12, () => ['INCRBYFLOAT', key(), chance(70) ? pick(FLOATS) : integer()]],
  [10, () => [pick(['DEL', 'UNLINK', 'EXISTS', 'TOUCH']), ...keys()]],
  [4, () => ['TYPE', key()]],
  [8, () => [pick(['TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME']), key()]],
  [8, () => ['EXPIRE', key(), seconds(), ...condition(['NX', 'XX'])]],
  [4, () => ['PEXPIRE', key(), asMs(seconds()), ...condition(['NX', 'XX', 'FOO'])]],
  [8, () => ['EXPIREAT', key(), farSeconds(), ...condition(['NX', 'XX', 'GT', 'LT'])]],
  [4, () => ['PEXPIREAT', key(), asMs(farSeconds()), ...condition(['NX', 'XX', 'GT', 'LT'])]],
  [6, () => ['PERSIST', key()]],
  [8, () => [pick(['RENAME', 'RENAMENX']), key(), key()]],
  [
    8,
    () => [
      'COPY',
      key(),
      key(),
      ...(chance(40) ? ['DB', database()] : []),
      ...(chance(40) ? ['REPLACE'] : []),
    ],
  ],
  [4, () => ['MOVE', key(), database()]],
  [4, () => ['OBJECT', 'ENCODING', key()]],
  [2, () => ['KEYS', pick(['*', 'key:?', 'key:1*', '[k]*', '', '\\*'])]],
  [
    2,
    () => [
      'SCAN',
      '0',
      'COUNT',
      '1000',
      ...(chance(40) ? ['MATCH', 'key:*'] : []),
      ...(chance(20) ? ['TYPE', 'string'] : []),
    ],
  ],
  [2, () => ['DBSIZE']],
  [4, () => ['SELECT', database()]],
  [2, () => ['SWAPDB', database(), database()]],
  [0.3, () => [pick(['FLUSHDB', 'FLUSHALL']), ...(chance(30) ? [pick(['SYNC', 'ASYNC', 'x'])] : [])]],
  [2, () => ['SET', pick(['lcs:a', 'lcs:b']), value().slice(0, 300)]],
  [
    2,
    () => [
      'LCS',
      'lcs:a',
      'lcs:b',
      ...(chance(60) ? [pick(['LEN', 'IDX', 'WITHMATCHLEN'])] : []),
      ...(chance(30) ? ['IDX', 'MINMATCHLEN', integer()] : []),
    ],
  ],
  [
    1,
    () => [pick(['SET', 'GETEX', 'COPY', 'EXPIRE', 'OBJECT', 'INCR', 'LCS']), ...(chance(50) ? [key()] : [])],
  ],
];
const TOTAL_WEIGHT = COMMANDS.reduce((sum, [weight]) => sum + weight, 0);

function database(): string {
  return chance(95) ? String(below(DATABASES)) : pick(['-1', '99', 'x', '99999999999']);
}

function command(): Word[] {
  let rest = (below(1_000_000) / 1_000_000) * TOTAL_WEIGHT;
  for (const [weight, make] of COMMANDS) {
    rest -= weight;
    if (rest < 0) return make().map((word) => Buffer.from(word as string, 'latin1'));
  }
  return ['PING'];
}

// ---- comparing -------------------------------------------------------------------------------------------------------------

/** Far less than the times to live differ from one another, far more than the servers do on a machine that is busy elsewhere. */
const TOLERANCE_SECONDS = 100;
const TOLERANCE: Record<string, number> = {
  TTL: TOLERANCE_SECONDS,
  PTTL: TOLERANCE_SECONDS * 1000,
  EXPIRETIME: TOLERANCE_SECONDS,
  PEXPIRETIME: TOLERANCE_SECONDS * 1000,
};

/** Makes replies equal that may differ: keys come in any order, and times were not set in the same millisecond. */
function equalReplies(name: string, ours: unknown, real: unknown): boolean {
  if (name in TOLERANCE && typeof ours === 'number' && typeof real === 'number' && real >= 0) {
    return ours >= 0 && Math.abs(ours - real) <= TOLERANCE[name];
  }
  return JSON.stringify(sorted(name, ours)) === JSON.stringify(sorted(name, real));
}

function sorted(name: string, reply: unknown): unknown {
  if (name === 'KEYS' && Array.isArray(reply)) return [...reply].sort();
  if (name === 'SCAN' && Array.isArray(reply)) return [reply[0], [...(reply[1] as string[])].sort()];
  return reply;
}

function shown(words: Word[]): string {
  return words.map((word) => JSON.stringify(word.toString('latin1').slice(0, 60))).join(' ');
}

/** All that a client can see of the databases. */
async function state(client: RawClient): Promise<unknown[][]> {
  const rows: unknown[][] = [];
  for (let db = 0; db < DATABASES; db++) {
    await client.call('SELECT', db);
    const names = ((await client.call('KEYS', '*')) as Buffer[]).sort(Buffer.compare);
    for (const name of names) {
      const [text, encoding, at] = await Promise.all([
        client.call('GET', name),
        client.call('OBJECT', 'ENCODING', name),
        client.call('EXPIRETIME', name),
      ]);
      rows.push([db, ...[name, text, encoding].map(readable), at]);
    }
  }
  return rows;
}

describe.skipIf(!oracleAvailable())('string and generic commands, at random', () => {
  const servers: RunningServer[] = [];
  const clients: RawClient[] = [];

  beforeAll(async () => {
    const args = ['--enable-debug-command', 'yes'];
    servers.push(await startThreadis(['--compat-version', '7.0', ...args]), await startRedis(args));
    for (const { port } of servers) clients.push(await RawClient.connect(port));
    // SET with a time that has passed leaves a key that DBSIZE counts until someone finds it.
    for (const client of clients) await client.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0');
  }, 30_000);

  afterAll(async () => {
    for (const client of clients) client.close();
    for (const server of servers) await server.stop();
  });

  it('reply as the real server does, and leave the same keys behind', async () => {
    let done = 0;
    while (done < COMMANDS_PER_RUN) {
      const commands = Array.from({ length: BATCH }, command);
      const [ours, real] = await Promise.all(
        clients.map((client) => Promise.all(commands.map((words) => client.call(...words)))),
      );
      for (let i = 0; i < BATCH; i++) {
        const a = readable(ours[i]);
        const b = readable(real[i]);
        if (equalReplies(commands[i][0].toString(), a, b)) continue;
        const before = commands.slice(Math.max(0, i - 10), i + 1).map(shown);
        expect.fail(
          `command ${done + i} differs: ours ${JSON.stringify(a)?.slice(0, 300)}, real ${JSON.stringify(b)?.slice(0, 300)}\n${before.join('\n')}`,
        );
      }
      done += BATCH;
    }
    console.log(`differential-strings: ${done} commands`);
    const [ours, real] = await Promise.all(clients.map(state));
    expect(ours.map((row) => row.slice(0, -1))).toEqual(real.map((row) => row.slice(0, -1)));
    for (const [i, row] of ours.entries()) {
      const [a, b] = [row, real[i]].map((of) => of.at(-1));
      expect(
        equalReplies('EXPIRETIME', a, b),
        `${row.slice(0, 2).join(' ')} expires at ${a}, should at ${b}`,
      ).toBe(true);
    }
  });
});
