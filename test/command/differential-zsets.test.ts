/*
 * Random sorted set commands, the same to our server and to the real one: every reply must be equal, and in the end
 * every key with its members, scores and encoding. TEST_SEED repeats a run. The limits of the small form are low, so that sorted
 * sets go through both forms. Ranges of names are taken of keys whose scores are all 0: of others they are unspecified.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../unit/base/seeded-random.ts';
import { RawClient, readable } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

type Word = string;

/** Counted, not timed: the same seed is the same run everywhere. */
const COMMANDS_PER_RUN = 25_000;
const BATCH = 100;

const { below, pick } = seededRandom('differential-zsets');

const KEYS = ['z:0', 'z:1', 'z:2', 'z:3', 'z:4', 'z:large'];
/** Sets, which ZUNION and its relatives take, too. */
const SETS = ['set:0', 'set:1'];
const LEX_KEYS = ['lex:0', 'lex:1', 'lex:large'];
const ODD_KEYS = ['string', '', 'k'.repeat(300)];
const SCORES = [
  '0',
  '1',
  '-1',
  '2',
  '2.5',
  '0.1',
  '-0',
  '1e3',
  '1e17',
  '1e-7',
  '3.0e10',
  'inf',
  '-inf',
  '+inf',
  '.5',
  '0x10',
];
const WIDE = [
  '9007199254740993',
  '-9223372036854775808',
  '1e300',
  '1.7976931348623157e308',
  '4503599627370497.5',
  '5e-324',
];
const BAD_SCORES = ['', 'nan', 'abc', '1e400', ' 1', '1 ', '(1', 'x1'];
const ODD_MEMBERS = ['', '-5', '007', '9223372036854775807', '\xff\0x', 'm'.repeat(30), 'a b'];

const chance = (percent: number): boolean => below(100) < percent;
const key = (): Word => (chance(94) ? pick(KEYS) : chance(50) ? pick(LEX_KEYS) : pick(ODD_KEYS));
const lexKey = (): Word => pick(LEX_KEYS);

function score(): Word {
  const kind = below(100);
  if (kind < 50) return String(below(30) - 10);
  if (kind < 75) return (below(100_000) / 1000 - 50).toString();
  if (kind < 92) return pick(SCORES);
  return kind < 98 ? pick(WIDE) : pick(BAD_SCORES);
}

function member(): Word {
  const kind = below(100);
  if (kind < 45) return `m${below(30)}`;
  if (kind < 60) return String(below(20));
  if (kind < 92) return pick(['a', 'b', 'abc', 'z']) + pick(['', 'a', 'b', 'zz']);
  return pick(ODD_MEMBERS);
}

const largeMember = (): Word => `x${below(400)}`;
const pairs = (k: Word): Word[] =>
  Array.from({ length: 1 + below(k.endsWith('large') ? 40 : 4) }, () => [
    k.startsWith('lex') ? '0' : score(),
    k.endsWith('large') && chance(80) ? largeMember() : member(),
  ]).flat();
const integer = (): Word =>
  chance(94)
    ? String(below(30) - 12)
    : pick(['x', '', '1.5', '9223372036854775807', '-9223372036854775808', '99999999999999999999']);
const count = (): Word => (chance(90) ? String(below(6)) : integer());
const some = (...words: Word[]): Word[] => words.filter(() => chance(25));

function bound(): Word {
  const kind = below(100);
  if (kind < 65) return score();
  if (kind < 92) return `(${score()}`;
  return pick(['-inf', '+inf', '(inf', '', '(', ' 3', '1e999', '-1e999', '1e-999', 'x', '(x', '1\0x', '((1']);
}

function lexBound(): Word {
  const kind = below(100);
  if (kind < 40) return `[${member()}`;
  if (kind < 80) return `(${chance(50) ? member() : largeMember()}`;
  return pick(['-', '+', '[', '(', '-', '+', '', 'a', '--', '+x']);
}

const limit = (): Word[] => (chance(40) ? ['LIMIT', integer(), integer()] : chance(3) ? ['LIMIT', '1'] : []);

function range(store: boolean): Word[] {
  const rest = (): Word[] => [...some('REV'), ...limit(), ...(store ? [] : some('WITHSCORES'))];
  const kind = below(10);
  if (kind < 4)
    return [
      key(),
      integer(),
      integer(),
      ...some('REV'),
      ...(store ? [] : some('WITHSCORES')),
      ...(chance(3) ? limit() : []),
    ];
  if (kind < 7) return [key(), bound(), bound(), 'BYSCORE', ...rest()];
  return [
    lexKey(),
    lexBound(),
    lexBound(),
    'BYLEX',
    ...some('REV'),
    ...limit(),
    ...(chance(5) ? ['WITHSCORES'] : []),
  ];
}

function sources(options: Word[]): Word[] {
  const keys = Array.from({ length: 1 + below(3) }, () => {
    const kind = below(100);
    return kind < 75 ? pick(KEYS) : kind < 92 ? pick(SETS) : key();
  });
  const n = chance(96) ? String(keys.length) : integer();
  const weights = options.includes('WEIGHTS') && chance(40) ? ['WEIGHTS', ...keys.map(score)] : [];
  const aggregate =
    options.includes('AGGREGATE') && chance(40)
      ? ['AGGREGATE', pick(['SUM', 'MIN', 'MAX', 'max', 'AVG'])]
      : [];
  const scores = options.includes('WITHSCORES') ? some('WITHSCORES', 'WITHSCORES') : [];
  const cap = options.includes('LIMIT') && chance(50) ? ['LIMIT', integer()] : [];
  return [n, ...keys, ...weights, ...aggregate, ...scores, ...cap, ...(chance(2) ? ['FOO'] : [])];
}

const AGGREGATE = ['WEIGHTS', 'AGGREGATE'];

const COMMANDS: [weight: number, make: () => Word[]][] = [
  [
    40,
    () => {
      const k = chance(75) ? key() : lexKey();
      return ['ZADD', k, ...some('CH'), ...pairs(k)];
    },
  ],
  [
    20,
    () => {
      const k = key();
      return k.startsWith('lex')
        ? ['ZCARD', k]
        : [
            'ZADD',
            k,
            ...some('NX', 'XX', 'GT', 'LT', 'CH', 'INCR', 'nx', 'incr'),
            ...(chance(70) ? [score(), member()] : pairs(k)),
            ...(chance(3) ? ['1'] : []),
          ];
    },
  ],
  [
    15,
    () => {
      const k = key();
      return k.startsWith('lex') ? ['ZCARD', k] : ['ZINCRBY', k, score(), member()];
    },
  ],
  [
    12,
    () => [
      'ZREM',
      chance(70) ? key() : lexKey(),
      ...Array.from({ length: 1 + below(4) }, chance(50) ? member : largeMember),
    ],
  ],
  [10, () => ['ZSCORE', key(), member()]],
  [5, () => ['ZMSCORE', key(), member(), member(), largeMember()]],
  [5, () => ['ZCARD', key()]],
  [12, () => ['ZCOUNT', key(), bound(), bound()]],
  [8, () => ['ZLEXCOUNT', lexKey(), lexBound(), lexBound()]],
  [
    12,
    () => [
      pick(['ZRANK', 'ZREVRANK']),
      key(),
      chance(50) ? member() : largeMember(),
      ...(chance(3) ? ['WITHSCORE'] : []),
    ],
  ],
  [30, () => ['ZRANGE', ...range(false)]],
  [8, () => ['ZRANGESTORE', pick(KEYS), ...range(true)]],
  [
    12,
    () => [
      pick(['ZRANGEBYSCORE', 'ZREVRANGEBYSCORE']),
      key(),
      bound(),
      bound(),
      ...some('WITHSCORES'),
      ...limit(),
    ],
  ],
  [10, () => [pick(['ZRANGEBYLEX', 'ZREVRANGEBYLEX']), lexKey(), lexBound(), lexBound(), ...limit()]],
  [6, () => ['ZREVRANGE', key(), integer(), integer(), ...some('WITHSCORES', 'REV')]],
  [3, () => ['ZREMRANGEBYRANK', key(), integer(), integer()]],
  [3, () => ['ZREMRANGEBYSCORE', key(), bound(), bound()]],
  [2, () => ['ZREMRANGEBYLEX', lexKey(), lexBound(), lexBound()]],
  [
    6,
    () => [
      pick(['ZPOPMIN', 'ZPOPMAX']),
      key(),
      ...(chance(50) ? [count()] : []),
      ...(chance(2) ? ['x'] : []),
    ],
  ],
  [
    4,
    () => [
      pick(['BZPOPMIN', 'BZPOPMAX']),
      'z:0',
      'z:large',
      'z:1',
      chance(80) ? '0.001' : pick(['-1', 'x', '']),
    ],
  ],
  [
    4,
    () => [
      'ZMPOP',
      chance(90) ? '2' : integer(),
      key(),
      key(),
      pick(['MIN', 'MAX', 'min', 'x']),
      ...(chance(50) ? ['COUNT', count()] : []),
      ...(chance(3) ? ['COUNT', '1'] : []),
    ],
  ],
  [
    3,
    () => [
      'BZMPOP',
      chance(90) ? '0.001' : pick(['-1', 'x']),
      chance(95) ? '2' : integer(),
      key(),
      key(),
      pick(['MIN', 'MAX']),
      ...(chance(50) ? ['COUNT', count()] : []),
    ],
  ],
  [3, () => ['ZRANDMEMBER', key(), ...(chance(80) ? [integer()] : []), ...some('WITHSCORES')]],
  [6, () => ['ZUNION', ...sources([...AGGREGATE, 'WITHSCORES'])]],
  [6, () => ['ZINTER', ...sources([...AGGREGATE, 'WITHSCORES'])]],
  [6, () => ['ZDIFF', ...sources(['WITHSCORES'])]],
  [4, () => ['ZINTERCARD', ...sources(['LIMIT'])]],
  [5, () => ['ZUNIONSTORE', pick(KEYS), ...sources(AGGREGATE)]],
  [5, () => ['ZINTERSTORE', pick(KEYS), ...sources(AGGREGATE)]],
  [4, () => ['ZDIFFSTORE', pick(KEYS), ...sources([])]],
  [
    3,
    () => [
      'ZSCAN',
      key(),
      chance(95) ? '0' : pick(['x', '', '-', '1.5']),
      'COUNT',
      '100000',
      ...(chance(40) ? ['MATCH', pick(['m*', '*', 'x1?', '[ab]*'])] : []),
    ],
  ],
  [4, () => ['SADD', pick(SETS), ...Array.from({ length: 1 + below(5) }, member)]],
  [1, () => ['DEL', pick(SETS)]],
  [3, () => ['DEL', chance(50) ? 'z:large' : key()]],
  [3, () => ['COPY', key(), pick(KEYS), 'REPLACE']],
  [2, () => ['RENAME', pick(KEYS), pick(KEYS)]],
  [3, () => ['OBJECT', 'ENCODING', key()]],
  [3, () => ['SET', 'string', 'x']],
  [
    1,
    () => [
      pick(['ZADD', 'ZUNION', 'ZMPOP', 'ZRANGE', 'ZPOPMIN', 'BZPOPMIN', 'ZRANDMEMBER']),
      ...(chance(50) ? [key()] : []),
    ],
  ],
];
const TOTAL_WEIGHT = COMMANDS.reduce((sum, [weight]) => sum + weight, 0);

function command(): Word[] {
  let rest = (below(1_000_000) / 1_000_000) * TOTAL_WEIGHT;
  for (const [weight, make] of COMMANDS) {
    rest -= weight;
    if (rest < 0) return make();
  }
  return ['PING'];
}

/** Makes replies equal that may differ: what is random, and the order of a scan. */
function comparable(words: Word[], reply: unknown): string {
  if (words[0] === 'ZRANDMEMBER') {
    if (!Array.isArray(reply))
      return typeof reply === 'string' && !reply.startsWith('error') ? 'a member' : String(reply);
    return String(reply.length);
  }
  if (words[0] === 'ZSCAN' && Array.isArray(reply)) {
    const flat = reply[1] as string[];
    const rows = flat.flatMap((text, i) => (i % 2 === 0 ? [`${text} ${flat[i + 1]}`] : []));
    return JSON.stringify([reply[0], rows.map((row) => row.replace(/ -0$/, ' 0')).sort()]);
  }
  // Whether ZRANGESTORE keeps the sign of a zero depends on when its result outgrew the small form.
  return String(JSON.stringify(reply)).replaceAll('"-0"', '"0"');
}

const shown = (words: Word[]): string => words.map((word) => JSON.stringify(word.slice(0, 60))).join(' ');

async function state(client: RawClient): Promise<unknown[]> {
  const rows: unknown[] = [];
  for (const name of [...KEYS, ...LEX_KEYS]) {
    const [members, encoding] = await Promise.all([
      client.call('ZRANGE', name, '0', '-1', 'WITHSCORES'),
      client.call('OBJECT', 'ENCODING', name),
    ]);
    rows.push([name, comparable(['ZRANGE'], readable(members)), readable(encoding)]);
  }
  return rows;
}

describe.skipIf(!oracleAvailable())('sorted set commands, at random', () => {
  const servers: RunningServer[] = [];
  const clients: RawClient[] = [];

  beforeAll(async () => {
    const args = ['--zset-max-listpack-entries', '12', '--zset-max-listpack-value', '25'];
    servers.push(await startThreadis(['--compat-version', '7.0', ...args]), await startRedis(args));
    for (const { port } of servers) clients.push(await RawClient.connect(port));
  }, 30_000);

  afterAll(async () => {
    for (const client of clients) client.close();
    for (const server of servers) await server.stop();
  });

  it('reply as the real server does, and leave the same sorted sets behind', async () => {
    const recent: string[] = [];
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
        const words = commands[i];
        recent.push(shown(words));
        const a = comparable(words, readable(ours[i]));
        const b = comparable(words, readable(real[i]));
        if (a === b) continue;
        const context = recent.slice(-6).join('\n');
        expect.fail(
          `command ${done + i} differs: ours ${a?.slice(0, 600)}, real ${b?.slice(0, 600)}\n${context}`,
        );
      }
      recent.splice(0, recent.length - 10);
      done += BATCH;
    }
    console.log(`differential-zsets: ${done} commands`);
    const dirty = await Promise.all(
      clients.map(
        async (client) =>
          /rdb_changes_since_last_save:(\d+)/.exec(
            String(readable(await client.call('INFO', 'persistence'))),
          )?.[1],
      ),
    );
    if (dirty[0] !== undefined) expect(dirty[0]).toBe(dirty[1]);
    const [ours, real] = await Promise.all(clients.map(state));
    expect(ours).toEqual(real);
  });
});
