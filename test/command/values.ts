/** Keys of every type and encoding, for tests that carry values from one server to another: as payloads and in files. */

const many = (count: number, text: (i: number) => string[]): string[] =>
  Array.from({ length: count }, (_, i) => text(i)).flat();
const member = (i: number) => [`member:${i}`];
const long = 'x'.repeat(100);
/** Numbers on both sides of every border between sizes of an integer. */
const INTEGERS = [0, 12, 13, 127, 128, 4095, 4096, 32767, 32768, 8388607, 8388608, 2147483647, 2147483648]
  .flatMap((n) => [String(n), String(-n - 1)])
  .concat('9223372036854775807', '-9223372036854775808', '9223372036854775808', '007', '-0', '');

/** Keys that cover types and encodings: what makes them, and the encoding. */
export const VALUES: [name: string, encoding: string, ...make: string[][]][] = [
  ['a string', 'embstr', ['SET', 'k', 'hello']],
  ['a long string that compresses', 'raw', ['SET', 'k', 'abc'.repeat(1000)]],
  ['a long string that does not', 'raw', ['SETRANGE', 'k', '70000', 'x']],
  ...['0', '-1', '127', '-129', '32768', '2147483647', '-2147483649', '9223372036854775807'].map(
    (n): [string, string, string[]] => [`the integer ${n}`, 'int', ['SET', 'k', n]],
  ),
  ['a list of one', 'quicklist', ['RPUSH', 'k', 'a']],
  ['a small list', 'quicklist', ['RPUSH', 'k', ...INTEGERS, long, 'y'.repeat(5000)]],
  ['a list of several nodes', 'quicklist', ['RPUSH', 'k', ...many(3000, (i) => [`${i}:${long}`])]],
  [
    'a list with a huge element',
    'quicklist',
    ['RPUSH', 'k', 'a', 'z'.repeat(100_000), 'b', 'c'.repeat(20_000)],
  ],
  ['a set of small integers', 'intset', ['SADD', 'k', '1', '2', '-300']],
  ['a set of integers', 'intset', ['SADD', 'k', '1', '70000', '-3000000000']],
  [
    'a set of integers, the largest too',
    'intset',
    ['SADD', 'k', ...many(100, (i) => [String(i)]), '9223372036854775807'],
  ],
  ['a set', 'hashtable', ['SADD', 'k', ...INTEGERS, long]],
  ['a large set', 'hashtable', ['SADD', 'k', ...many(2000, member)]],
  ['a large set of integers', 'hashtable', ['SADD', 'k', ...many(600, (i) => [String(i)])]],
  ['a small hash', 'listpack', ['HSET', 'k', ...INTEGERS.flatMap((n) => [n, n]), 'f', 'x'.repeat(64)]],
  ['a hash with a long value', 'hashtable', ['HSET', 'k', 'f', long, '1', '2']],
  ['a large hash', 'hashtable', ['HSET', 'k', ...many(600, (i) => [`field:${i}`, String(i)])]],
  [
    'a small sorted set',
    'listpack',
    [
      'ZADD',
      'k',
      '1',
      'a',
      '-1.5',
      'b',
      'inf',
      'c',
      '-inf',
      'd',
      '3.1415926535897931',
      'e',
      '1e300',
      '5',
      '-0',
      'f',
    ],
  ],
  [
    'a sorted set with a long member',
    'skiplist',
    ['ZADD', 'k', '1.1', long, '2', 'b', 'inf', 'c', '-inf', 'd'],
  ],
  [
    'a large sorted set',
    'skiplist',
    ['ZADD', 'k', ...many(500, (i) => [String((i * 7919) % 1000), `member:${i}`])],
  ],
];

/** Streams, which all have the encoding of that name. */
const GROUPS: string[][] = [
  ['XGROUP', 'CREATE', 'k', 'all', '0'],
  ['XGROUP', 'CREATE', 'k', 'half', '50-0', 'ENTRIESREAD', '49'],
  ['XGROUP', 'CREATE', 'k', 'unread', '$'],
  ['XGROUP', 'CREATECONSUMER', 'k', 'half', 'idle'],
  ['XREADGROUP', 'GROUP', 'all', 'a', 'COUNT', '10', 'STREAMS', 'k', '>'],
  ['XREADGROUP', 'GROUP', 'all', 'b', 'COUNT', '10', 'STREAMS', 'k', '>'],
  ['XACK', 'k', 'all', '2-1', '3-1'],
  ['XCLAIM', 'k', 'all', 'c', '0', '12-1', 'RETRYCOUNT', '300', 'IDLE', '1000000'],
];
const entries = (count: number, fields: (i: number) => string[]): string[][] =>
  Array.from({ length: count }, (_, i) => ['XADD', 'k', `${i + 1}-1`, ...fields(i)]);
const same = (i: number): string[] => ['temperature', String(i), 'place', 'here'];

VALUES.push(
  ...(
    [
      ['a stream of one entry', ['XADD', 'k', '1-1', 'field', 'value']],
      ['a stream of equal fields', ...entries(250, same)],
      [
        'a stream of different fields',
        ...entries(250, (i) => many(1 + (i % 3), (j) => [`f${i}:${j}`, String(i * j)])),
      ],
      ['a stream of numbers', ['XADD', 'k', '1-1', ...INTEGERS.flatMap((n) => [n, n])]],
      ['a stream of long values', ...entries(10, (i) => ['f', String(i).repeat(3000)])],
      ['a stream of the greatest id', ['XADD', 'k', '18446744073709551615-18446744073709551615', 'f', 'v']],
      [
        'a stream of ids far apart',
        ['XADD', 'k', '0-1', 'f', 'v'],
        ['XADD', 'k', '1-18446744073709551615', 'f', 'v'],
        ['XADD', 'k', '1700000000000-0', 'f', 'v'],
        ['XADD', 'k', '1700000000000-70000', 'f', 'v'],
      ],
      ['a stream with deleted entries', ...entries(120, same), ['XDEL', 'k', '1-1', '50-1', '120-1']],
      ['a stream whose front is trimmed', ...entries(250, same), ['XTRIM', 'k', 'MAXLEN', '101']],
      ['a stream without entries', ['XADD', 'k', 'MAXLEN', '0', '7-7', 'f', 'v']],
      ['a stream that never had an entry', ['XGROUP', 'CREATE', 'k', 'g', '$', 'MKSTREAM']],
      [
        'a stream that XSETID changed',
        ...entries(3, same),
        ['XSETID', 'k', '9-9', 'ENTRIESADDED', '77', 'MAXDELETEDID', '5-5'],
      ],
      ['a stream with groups', ...entries(120, same), ...GROUPS],
      [
        'a stream whose pending entries are deleted',
        ...entries(120, same),
        ...GROUPS,
        ['XDEL', 'k', '4-1', '15-1'],
      ],
    ] as [string, ...string[][]][]
  ).map(([name, ...make]): [string, string, ...string[][]] => [name, 'stream', ...make]),
);
