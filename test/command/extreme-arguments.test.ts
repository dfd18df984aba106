/*
 * Every number that a command takes, at the ends of every range that one may think of, and every two of them together: the same to our server
 * and to the real one, each time on the same keys. The reply must be equal, and so must what is then there (DEBUG DIGEST).
 * What random commands meet once in a thousand runs is met here every time: a sign that no integer can lose, a sum that overflows, an id
 * after which there is none.
 *
 * Runs twice: with small collections in one block, and with every limit of the small forms at its lowest.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeCommand, RawClient, readable } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

const INTEGERS = [
  '0',
  '-1',
  '2',
  '-3',
  '2147483647',
  '2147483648',
  '-2147483648',
  '-2147483649',
  '4294967295',
  '4294967296',
  '4611686018427387904',
  '-4611686018427387905',
  '9223372036854775806',
  '9223372036854775807',
  '-9223372036854775807',
  '-9223372036854775808',
];
/** Neither 64 bits nor, most of them, numbers. */
const ODD = [
  '9223372036854775808',
  '-9223372036854775809',
  '18446744073709551615',
  '18446744073709551616',
].concat(['', ' ', '-', '+', '-0', '+1', '01', ' 1', '1 ', '1\0', '0x10', '1e3', 'x']);
const FLOATS = [
  '0.5',
  '-0.5',
  '1e308',
  '1e309',
  '-1e309',
  '5e-324',
  '1e-400',
  'inf',
  '-inf',
  'nan',
  '(1',
  '(inf',
];
/** Seconds and milliseconds at which times overflow. */
const TIMES = [
  '9223372036854775',
  '9223372036854776',
  '-9223372036854775',
  '-9223372036854776',
  '9223370241555907',
];
const IDS = [
  '0-0',
  '0-1',
  '2-1',
  '1-*',
  '18446744073709551615-18446744073709551615',
  '18446744073709551615-0',
].concat(
  [
    '9223372036854775807-9223372036854775808',
    '(18446744073709551615-18446744073709551615',
    '(0-0',
    '(2-1',
    '-',
    '+',
  ],
  ['$', '>', '2-', '-2', '2-1-1', '2-18446744073709551616'],
);
/** What goes two at a time. */
const PAIRED = [
  '0',
  '-1',
  '2',
  '4294967296',
  '9223372036854775807',
  '-9223372036854775807',
  '-9223372036854775808',
];

const isSmall = (text: string): boolean => /^[0-9.]{1,6}$/.test(text) && Number(text) > 0;
const takesMuch = (text: string): boolean => /^(2147483647|2147483648|4294967295)$/.test(text);

/** What stands for an argument in a line below, as the first character of its usual value. */
const KINDS: Record<string, { values: string[]; paired: string[] }> = {
  /** Any number. */
  '#': { values: [...INTEGERS, ...ODD, ...FLOATS], paired: PAIRED },
  /** A time from now: not so short that it is over before one has looked. */
  '%': {
    values: [...INTEGERS, ...ODD, ...FLOATS, ...TIMES].filter((text) => !isSmall(text)),
    paired: ['0', '-1'],
  },
  /** A place in a string: not so far that the string gets large. */
  '^': {
    values: [...INTEGERS, ...ODD].filter((text) => !takesMuch(text)),
    paired: ['0', '-1', ...PAIRED.slice(2)],
  },
  /** How many to choose, the same one more than once if negative. */
  '~': {
    values: [...INTEGERS.filter((text) => Number(text) > -100), '-9223372036854775808', ...ODD],
    paired: [],
  },
  /** The id of an entry. */
  '@': {
    values: [...IDS, ...INTEGERS, ...ODD],
    paired: ['0-0', '2-1', '18446744073709551615-18446744073709551615'],
  },
};

interface Group {
  name: string;
  /** What leaves nothing behind. */
  reset?: string[];
  setup: string[];
  lines: string[];
  /** What to look at afterwards, beside the digest of everything. */
  look?: string[];
  /** Whether the values have a small form and a large one. */
  hasForms?: boolean;
}

/** All keys that the groups name but those in other databases: a tenth of what FLUSHALL takes. */
const DELETE_ALL = 'DEL s n max min none b ones l m t one numbers set h z lex d g x';

const GROUPS: Group[] = [
  {
    name: 'strings',
    setup: ['SET s hello_world', 'SET n 5', 'SET max 9223372036854775807', 'SET min -9223372036854775808'],
    look: ['PERSIST s'],
    lines: [
      'GETRANGE s #0 #-1',
      'SUBSTR s #0 #-1',
      'SETRANGE s ^0 x',
      'SETRANGE none ^0 x',
      'SETRANGE s ^0 <empty>',
      'SET n #1',
      'APPEND n #1',
      ...['INCRBY', 'DECRBY', 'INCRBYFLOAT'].flatMap((name) =>
        ['n', 'max', 'min', 's', 'none'].map((key) => `${name} ${key} #1`),
      ),
      ...['EX', 'PX', 'EXAT', 'PXAT'].flatMap((word) => [`SET s v ${word} %100`, `GETEX s ${word} %100`]),
      'SETEX s %100 v',
      'PSETEX s %100 v',
      'LCS s n IDX MINMATCHLEN #1',
      ...['EXPIRE', 'PEXPIRE', 'EXPIREAT', 'PEXPIREAT'].flatMap((name) =>
        ['', ' NX', ' XX', ' GT', ' LT'].map((word) => `${name} s %100${word}`),
      ),
    ],
  },
  {
    name: 'bitmaps',
    setup: ['SET b foobar', 'SET ones \xff\xff\xff'],
    lines: [
      'SETBIT b ^7 #1',
      'GETBIT b #7',
      ...['b', 'ones', 'none'].flatMap((key) => [
        `BITCOUNT ${key} #0 #-1`,
        `BITCOUNT ${key} #0 #-1 BIT`,
        `BITPOS ${key} #1`,
        ...['0', '1'].flatMap((bit) => [
          `BITPOS ${key} ${bit} #0`,
          `BITPOS ${key} ${bit} #0 #-1`,
          `BITPOS ${key} ${bit} #0 #-1 BIT`,
        ]),
      ]),
      'BITFIELD b GET u8 #0',
      'BITFIELD b GET i64 #0',
      'BITFIELD b SET u8 ^0 #1',
      'BITFIELD b SET i64 ^0 #1',
      'BITFIELD b OVERFLOW SAT SET u63 0 #1',
      ...['WRAP', 'SAT', 'FAIL'].flatMap((word) =>
        ['i64', 'u63', 'i8', 'u1'].map((type) => `BITFIELD b OVERFLOW ${word} INCRBY ${type} ^0 #1`),
      ),
      'BITFIELD_RO b GET u8 #0',
    ],
  },
  {
    name: 'lists',
    hasForms: true,
    setup: ['RPUSH l a b c a b 1 2 3 a'],
    lines: [
      'LINDEX l #0',
      'LSET l #0 x',
      'LRANGE l #0 #-1',
      'LTRIM l #0 #-1',
      'LREM l #1 a',
      'LPUSH l #1',
      'LPOP l #1',
      'RPOP l #1',
      'LPOP none #1',
      'LPOS l a RANK #1',
      'LPOS l a COUNT #1',
      'LPOS l a MAXLEN #1',
      'LPOS l a RANK #1 COUNT #1 MAXLEN #5',
      'LPOS none a RANK #1',
      'LMPOP #1 l LEFT COUNT #1',
      'BLMPOP #0 #1 l RIGHT COUNT #1',
      'BLPOP l #0',
      'BRPOP l #0',
      'BLMOVE l m LEFT RIGHT #0',
      'BRPOPLPUSH l m #0',
      'SORT l ALPHA LIMIT #0 #2',
      'SORT_RO l BY nosort LIMIT #0 #2',
      'SORT l BY none:* LIMIT #0 #2 STORE m',
    ],
  },
  {
    name: 'sets',
    hasForms: true,
    setup: ['SADD one x', 'SADD numbers 1 2 3', 'SADD t a b c'],
    lines: [
      'SPOP one #1',
      'SRANDMEMBER one ~1',
      'SADD numbers #1',
      'SREM numbers #1',
      'SMISMEMBER numbers #1 #2',
      'SINTERCARD #1 t LIMIT #0',
      'SINTERCARD #2 numbers t',
      'SSCAN none 0 COUNT #10',
      'SSCAN none #0',
    ],
  },
  {
    name: 'hashes',
    hasForms: true,
    setup: ['HSET h f 5 g text max 9223372036854775807', 'HSET one f v'],
    lines: [
      ...['f', 'g', 'max', 'none'].flatMap((field) => [
        `HINCRBY h ${field} #1`,
        `HINCRBYFLOAT h ${field} #1`,
      ]),
      'HSET h f #1',
      'HRANDFIELD one ~1',
      'HRANDFIELD one ~1 WITHVALUES',
      'HSCAN none 0 COUNT #10',
    ],
  },
  {
    name: 'sorted sets',
    hasForms: true,
    setup: ['ZADD z 1 a 2 b 3 c inf d -inf e', 'ZADD lex 0 a 0 b 0 c', 'ZADD one 1 x', 'SADD set a b'],
    lines: [
      ...['', 'NX ', 'XX ', 'GT CH ', 'LT CH ', 'INCR '].flatMap((words) =>
        ['a', 'd', 'e', 'x'].map((member) => `ZADD z ${words}#1 ${member}`),
      ),
      ...['a', 'd', 'e', 'x'].map((member) => `ZINCRBY z #1 ${member}`),
      'ZRANGE z #0 #-1',
      'ZRANGE z #0 #-1 REV WITHSCORES',
      'ZREVRANGE z #0 #-1',
      'ZRANGE z #-inf #inf BYSCORE LIMIT #0 #2',
      'ZRANGE z #inf #-inf BYSCORE REV LIMIT #0 #2',
      'ZRANGEBYSCORE z #-inf #inf WITHSCORES LIMIT #0 #2',
      'ZREVRANGEBYSCORE z #inf #-inf LIMIT #0 #2',
      'ZRANGE lex - + BYLEX LIMIT #0 #2',
      'ZRANGEBYLEX lex - + LIMIT #0 #2',
      'ZREVRANGEBYLEX lex + - LIMIT #0 #2',
      'ZRANGESTORE d z #0 #-1',
      'ZRANGESTORE d z #-inf #inf BYSCORE LIMIT #0 #2',
      'ZCOUNT z #-inf #inf',
      'ZREMRANGEBYRANK z #0 #1',
      'ZREMRANGEBYSCORE z #-inf #inf',
      'ZPOPMIN z #1',
      'ZPOPMAX z #1',
      'ZMPOP #1 z MIN COUNT #1',
      'BZMPOP #0 #1 z MAX COUNT #1',
      'BZPOPMIN z #0',
      'BZPOPMAX z #0',
      'ZUNION #2 z set WEIGHTS #1 #1 WITHSCORES',
      ...['SUM', 'MIN', 'MAX'].flatMap((word) => [
        `ZUNIONSTORE d 2 z z WEIGHTS #1 #-1 AGGREGATE ${word}`,
        `ZINTERSTORE d 2 z set WEIGHTS #1 #1 AGGREGATE ${word}`,
      ]),
      'ZINTER #2 z z',
      'ZDIFF #2 z set',
      'ZDIFFSTORE d #2 z set',
      'ZINTERCARD #1 z LIMIT #1',
      'ZRANDMEMBER one ~1',
      'ZRANDMEMBER one ~1 WITHSCORES',
      'ZSCAN none 0 COUNT #10',
      'GEORADIUS z #1 #1 #1 m',
    ],
  },
  {
    name: 'geo',
    setup: ['GEOADD g 13.36 38.11 palermo 15.08 37.5 catania 179.9 -1 east -179.9 -1 west'],
    lines: [
      'GEOADD g #13 #38 x',
      'GEOSEARCH g FROMLONLAT #15 #37 BYRADIUS #200 km ASC COUNT #3',
      'GEOSEARCH g FROMLONLAT #15 #37 BYBOX #400 #400 km DESC COUNT #3',
      'GEOSEARCHSTORE d g FROMMEMBER east BYRADIUS #200 km COUNT #1',
      'GEORADIUS g #15 #37 #200 km COUNT #2 ASC',
      'GEORADIUSBYMEMBER g palermo #200 km COUNT #2 DESC',
    ],
  },
  {
    name: 'streams',
    hasForms: true,
    setup: [
      'XADD x 1-1 a b',
      'XADD x 2-1 a b',
      'XADD x 3-1 a b',
      'XADD x 4-1 a b',
      'XDEL x 3-1',
      'XGROUP CREATE x g 0',
      'XREADGROUP GROUP g c COUNT 2 STREAMS x >',
    ],
    look: ['XINFO STREAM x', 'XINFO GROUPS x', 'XPENDING x g', 'XPENDING x g - + 10'],
    lines: [
      'XADD x @5-1 a b',
      'XADD none @5-1 a b',
      ...['', '= ', '~ '].flatMap((sign) => [
        `XADD x MAXLEN ${sign}#2 5-1 a b`,
        `XADD x MINID ${sign}@2 5-1 a b`,
        `XTRIM x MAXLEN ${sign}#2`,
        `XTRIM x MINID ${sign}@2`,
      ]),
      'XTRIM x MAXLEN ~ #2 LIMIT #1',
      'XADD x MINID ~ @2 LIMIT #1 5-1 a b',
      'XRANGE x @- @+ COUNT #1',
      'XREVRANGE x @+ @- COUNT #1',
      'XDEL x @1 @2',
      'XREAD COUNT #1 STREAMS x @0',
      'XREAD COUNT 1 BLOCK #1 STREAMS x 0',
      'XSETID x @9',
      'XSETID x @9 ENTRIESADDED #9 MAXDELETEDID @3-1',
      'XGROUP CREATE x new @1 ENTRIESREAD #1',
      'XGROUP CREATE none new @1 MKSTREAM',
      'XGROUP SETID x g @1 ENTRIESREAD #1',
      'XREADGROUP GROUP g c COUNT #1 STREAMS x @>',
      'XREADGROUP GROUP g c NOACK STREAMS x @>',
      'XACK x g @1',
      'XCLAIM x g d %0 @1-1',
      'XCLAIM x g d 0 @4-1 FORCE JUSTID LASTID @1',
      ...['IDLE', 'TIME', 'RETRYCOUNT'].map((word) => `XCLAIM x g d 0 1-1 ${word} #1`),
      'XAUTOCLAIM x g d %0 @0 COUNT #1',
      'XAUTOCLAIM x g d 0 0 COUNT #1 JUSTID',
      'XPENDING x g IDLE %0 @- @+ #10',
      'XINFO STREAM x FULL COUNT #1',
    ],
  },
  {
    name: 'keys and connections',
    reset: ['SELECT 0', 'FLUSHALL'],
    setup: ['SET s v', 'RPUSH l a'],
    lines: [
      'SELECT #0',
      'MOVE s #1',
      'COPY s t DB #1',
      'SWAPDB #0 #1',
      'RESTORE s %0 bad',
      'RESTORE s %0 bad REPLACE ABSTTL IDLETIME #1',
      'RESTORE s 0 bad FREQ #1',
      'CLIENT LIST ID #1000000',
      'CLIENT KILL ID #1000000',
      'CLIENT UNBLOCK #1000000',
      'SLOWLOG GET #1',
      'HELLO #2 AUTH x y',
      'SCAN x COUNT #1',
      'WAIT 0 #1',
    ],
  },
];

// ---- cases -----------------------------------------------------------------------------------------------------------------

const wordsOf = (line: string): string[] => line.split(' ').map((word) => (word === '<empty>' ? '' : word));
const usual = (word: string): string => (word.length > 1 && word[0] in KINDS ? word.slice(1) : word);

/** The line with each of its numbers, and each two of them, at every value of its kind. */
function casesOf(line: string): string[][] {
  const words = wordsOf(line);
  const places = words.flatMap((word, i) => (word.length > 1 && word[0] in KINDS ? [i] : []));
  const plain = words.map(usual);
  const cases = places.flatMap((place) =>
    KINDS[words[place][0]].values.map((value) => plain.with(place, value)),
  );
  for (const [i, first] of places.entries()) {
    for (const second of places.slice(i + 1)) {
      for (const a of KINDS[words[first][0]].paired) {
        for (const b of KINDS[words[second][0]].paired) cases.push(plain.with(first, a).with(second, b));
      }
    }
  }
  return cases;
}

/** What is another thing with us, on purpose: `+` for XREAD came with 7.4; of a retry count we keep 32 bits. */
function isOurOwn(words: string[]): boolean {
  if (words[0].startsWith('XREAD')) return words.includes('+');
  return words.includes('RETRYCOUNT') && Number(words.at(-1)) >= 2 ** 32;
}

const VARYING = ['radix-tree-keys', 'radix-tree-nodes', 'seen-time', 'idle'];

/** The reply without what follows from the clock or from Redis's radix tree. */
function comparable(words: string[], reply: unknown): unknown {
  if (!Array.isArray(reply)) return reply;
  if (words[0] === 'XPENDING' && words.length > 3) return (reply as unknown[][]).map((row) => row.with(2, 0));
  if (words[0] === 'XINFO') return withoutTimes(reply);
  return reply;
}

function withoutTimes(reply: unknown[]): unknown[] {
  return reply.map((item, i) => {
    const name = reply[i - 1];
    if (typeof name === 'string' && VARYING.includes(name)) return 0;
    if (!Array.isArray(item)) return item;
    if (name === 'pending') return (item as unknown[][]).map((row) => row.with(-2, 0));
    return withoutTimes(item);
  });
}

const ARGS = ['--enable-debug-command', 'yes', '--slowlog-log-slower-than', '-1', '--save', ''];
const LARGE_FORMS = [
  ...[
    '--hash-max-listpack-entries',
    '0',
    '--zset-max-listpack-entries',
    '0',
    '--set-max-intset-entries',
    '0',
  ],
  ...['--list-max-listpack-size', '2', '--stream-node-max-entries', '2'],
];

describe.skipIf(!oracleAvailable()).each([
  ['small forms', ARGS, GROUPS],
  ['large forms', [...ARGS, ...LARGE_FORMS], GROUPS.filter(({ hasForms }) => hasForms)],
])('extreme arguments: %s', (_, args, groups) => {
  const servers: RunningServer[] = [];
  const clients: RawClient[] = [];

  beforeAll(async () => {
    servers.push(await startThreadis(['--compat-version', '7.0', ...args]), await startRedis(args));
    for (const { port } of servers) clients.push(await RawClient.connect(port));
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    for (const server of servers) await server.stop();
  });

  it.each(groups)(
    '$name: reply and leave behind the same',
    async ({ reset = [DELETE_ALL], setup, lines, look = [] }) => {
      const before = [...reset, ...setup].map(wordsOf);
      const after = [...look.map(wordsOf), ['DEBUG', 'DIGEST']];
      const differences: string[] = [];
      for (const line of lines) {
        const cases = casesOf(line).filter((words) => !isOurOwn(words));
        const commands = cases.flatMap((words) => [...before, words, ...after]);
        const sent = Buffer.concat(
          commands.map((words) => encodeCommand(words.map((word) => Buffer.from(word, 'latin1')))),
        );
        const [ours, real] = await Promise.all(
          clients.map(async (client) => {
            client.write(sent);
            const replies = commands.map(() => client.next());
            return (await Promise.all(replies)).map((reply, i) => comparable(commands[i], readable(reply)));
          }),
        );
        for (const [i, words] of commands.entries()) {
          const [a, b] = [ours[i], real[i]].map((reply) => JSON.stringify(reply));
          if (a === b) continue;
          const subject = cases[Math.floor(i / (before.length + 1 + after.length))];
          differences.push(`${JSON.stringify(subject)}, ${words.join(' ')}: ours ${a}, real ${b}`);
        }
      }
      expect(differences).toEqual([]);
    },
  );
});
