/*
 * The number, pattern and checksum code of src/base against the real redis-server: what it accepts, what it computes and
 * how it prints. Every case is drawn at random around the places where the rules change; TEST_SEED repeats a run.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesFromString, repr, stringFromBytes } from '../../src/base/bytes.ts';
import { keySlot } from '../../src/base/crc16.ts';
import { crc64, equalsCrc64, updateCrc64, writeCrc64 } from '../../src/base/crc64.ts';
import { formatDouble, parseDouble } from '../../src/base/double.ts';
import { globMatchString } from '../../src/base/glob.ts';
import { addInt64, int64, int64ToString, parseInt64 } from '../../src/base/int64.ts';
import {
  addLongDouble,
  formatLongDouble,
  isFiniteLongDouble,
  parseLongDouble,
} from '../../src/base/long-double.ts';
import { lzfCompress, lzfDecompress } from '../../src/base/lzf.ts';
import { lcs, lcsLength } from '../../src/types/string/lcs.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';
import { RawClient, readable } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis } from './servers.ts';

const random = seededRandom('numbers-oracle');

describe.skipIf(!oracleAvailable())('compared with the real redis-server', () => {
  let server: RunningServer;
  let client: RawClient;

  beforeAll(async () => {
    server = await startRedis();
    client = await RawClient.connect(server.port);
  }, 30_000);

  afterAll(async () => {
    client?.close();
    await server?.stop();
  });

  /** Sends all commands as one pipeline. */
  async function pipeline(commands: (string | Buffer)[][]): Promise<unknown[]> {
    return (await Promise.all(commands.map((command) => client.call(...command)))).map(readable);
  }

  it('INCRBYFLOAT: reads, adds and prints long doubles as the server does', async () => {
    const pairs: [string, string][] = [];
    for (const a of ODD_FLOATS) for (const b of ['0', '1', a]) pairs.push([a, b], [b, a]);
    for (let i = 0; i < 6000; i++) pairs.push([randomFloat(), randomFloat()]);
    await pipeline([['FLUSHALL']]);
    const replies = await pipeline(
      pairs.flatMap(([a, b]) => [
        ['SET', 'k', a],
        ['INCRBYFLOAT', 'k', b],
      ]),
    );
    pairs.forEach(([a, b], i) => {
      expect(replies[2 * i + 1], JSON.stringify([a, b])).toBe(incrbyfloat(a, b));
    });
  });

  it('SET and INCR: take the same texts for integers, and overflow at the same place', async () => {
    const texts = ['', '-', '-0', '+1', '01', ' 1', '1 ', '1.0', '0', '-1', '10000000000000000000'];
    for (const edge of [2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 10n ** 18n, 10n ** 19n]) {
      for (let d = -2n; d <= 2n; d++) texts.push(String(edge + d), String(-edge + d));
    }
    for (let i = 0; i < 4000; i++) texts.push(randomIntegerText());
    const replies = await pipeline(
      texts.flatMap((text) => [
        ['SET', 'k', text],
        ['OBJECT', 'ENCODING', 'k'],
        ['INCR', 'k'],
        ['GET', 'k'],
      ]),
    );
    texts.forEach((text, i) => {
      const isInteger = parseInt64(bytesFromString(text), 0, text.length);
      const incremented = isInteger && addInt64(int64.hi, int64.lo, 0, 1);
      const encoding = isInteger ? 'int' : text.length <= 44 ? 'embstr' : 'raw';
      expect(replies[4 * i + 1], JSON.stringify(text)).toBe(encoding);
      if (!isInteger) expect(replies[4 * i + 2]).toBe('error: ERR value is not an integer or out of range');
      else if (!incremented)
        expect(replies[4 * i + 2]).toBe('error: ERR increment or decrement would overflow');
      expect(replies[4 * i + 3]).toBe(incremented ? int64ToString(int64.hi, int64.lo) : text);
    });
  });

  it('KEYS: matches the same keys for random patterns', async () => {
    const keys = [...new Set(Array.from({ length: 150 }, () => randomText('aabbcAB[]-\\^*?', 5)))];
    const patterns = Array.from({ length: 3000 }, () => randomText('aabbcAB**??[[]]^--\\\\', 9));
    await pipeline([['FLUSHALL'], ...keys.map((key) => ['SET', key, ''])]);
    const replies = await pipeline(patterns.map((pattern) => ['KEYS', pattern]));
    patterns.forEach((pattern, i) => {
      const expected = keys.filter((key) => pattern === '*' || globMatchString(pattern, key));
      expect((replies[i] as string[]).toSorted(), JSON.stringify(pattern)).toEqual(expected.toSorted());
    });
  });

  it('COMMAND LIST FILTERBY PATTERN: ignores case the same way', async () => {
    const names = readable(await client.call('COMMAND', 'LIST')) as string[];
    const patterns = Array.from({ length: 1000 }, () => randomText('sSgGeEtTaAzZ**?[[]]^--\\', 7));
    const replies = await pipeline(
      patterns.map((pattern) => ['COMMAND', 'LIST', 'FILTERBY', 'PATTERN', pattern]),
    );
    patterns.forEach((pattern, i) => {
      const expected = names.filter((name) => globMatchString(pattern, name, true));
      expect((replies[i] as string[]).toSorted(), JSON.stringify(pattern)).toEqual(expected.toSorted());
    });
  });

  it('ZADD and ZSCORE: read and print doubles the same way', async () => {
    const texts = [...ODD_FLOATS];
    for (let i = 0; i < 6000; i++) texts.push(random.below(2) ? randomFloat() : randomDouble());
    // In a listpack the server keeps -0 as the integer 0; a skiplist keeps the double.
    await pipeline([['CONFIG', 'SET', 'zset-max-listpack-entries', '0']]);
    const replies = await pipeline(
      texts.flatMap((text) => [
        ['DEL', 'z'],
        ['ZADD', 'z', text, 'm'],
        ['ZSCORE', 'z', 'm'],
      ]),
    );
    texts.forEach((text, i) => {
      const score = parseDouble(bytesFromString(text), 0, text.length);
      const isValid = !Number.isNaN(score);
      expect(replies[3 * i + 1], JSON.stringify(text)).toBe(
        isValid ? 1 : 'error: ERR value is not a valid float',
      );
      expect(replies[3 * i + 2], JSON.stringify(text)).toBe(isValid ? formatDouble(score, '7.0') : null);
    });
  });

  it('LCS: finds the same subsequence, length and matches', async () => {
    for (let i = 0; i < 300; i++) {
      const alphabet = 'abcdefghij'.slice(0, 1 + random.below(10));
      const [a, b] = [randomText(alphabet, 80), randomText(alphabet, 80)];
      const min = random.below(5);
      const commands = [
        ['MSET', 'a', a, 'b', b],
        ['LCS', 'a', 'b'],
        ['LCS', 'a', 'b', 'LEN'],
      ];
      commands.push(['LCS', 'a', 'b', 'IDX', 'WITHMATCHLEN', 'MINMATCHLEN', String(min)]);
      const replies = await pipeline(commands);
      const [aBytes, bBytes] = [bytesFromString(a), bytesFromString(b)];
      const result = lcs(aBytes, 0, a.length, bBytes, 0, b.length, min);
      const matches = result.matches.map((m) => [[m.aStart, m.aEnd], [m.bStart, m.bEnd], m.length]);
      expect(replies[1]).toBe(stringFromBytes(result.bytes));
      expect(replies[2]).toBe(lcsLength(aBytes, 0, a.length, bBytes, 0, b.length));
      expect(replies[3]).toEqual(['matches', matches, 'len', result.length]);
    }
  });

  it('DUMP and RESTORE: each side reads what the other compressed, and the checksums agree', async () => {
    for (let i = 0; i < 100; i++) {
      const value = bytesFromString(
        `${randomText('ab', 200)}${'xyz'.repeat(40)}${randomText('abcdefgh', 300)}`,
      );
      await client.call('SET', 'k', Buffer.from(value));
      const dump = new Uint8Array((await client.call('DUMP', 'k')) as Buffer);
      updateCrc64(0, 0, dump, 0, dump.length - 8);
      expect(equalsCrc64(crc64.hi, crc64.lo, dump, dump.length - 8)).toBe(true);
      expect(Buffer.compare(uncompressedString(dump), value)).toBe(0);
      const payload = compressedDump(value, dump.subarray(dump.length - 10, dump.length - 8));
      expect(readable(await client.call('RESTORE', 'k', '0', Buffer.from(payload), 'REPLACE'))).toBe('OK');
      expect(Buffer.compare((await client.call('GET', 'k')) as Buffer, value)).toBe(0);
    }
  });

  it('MONITOR: quotes bytes the same way', async () => {
    const monitor = await RawClient.connect(server.port);
    await monitor.call('MONITOR');
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await client.call('ECHO', bytes);
    expect(readable(await monitor.next())).toMatch(new RegExp(`"ECHO" ${escapeRegExp(repr(bytes))}$`));
    monitor.close();
  });
});

describe.skipIf(!oracleAvailable())('compared with the real redis-server as a cluster node', () => {
  it('CLUSTER KEYSLOT: puts keys in the same slots', async () => {
    const server = await startRedis(['--cluster-enabled', 'yes']);
    const client = await RawClient.connect(server.port);
    const keys = Array.from({ length: 1000 }, () => randomText('abc{{}}', 10));
    const replies = await Promise.all(keys.map((key) => client.call('CLUSTER', 'KEYSLOT', key)));
    client.close();
    await server.stop();
    keys.forEach((key, i) => {
      expect(replies[i], key).toBe(keySlot(bytesFromString(key), 0, key.length));
    });
  }, 30_000);
});

/** Floats at every corner of the grammar and of the ranges, good and bad. */
const ODD_FLOATS = [
  ...[
    '',
    ' ',
    '.',
    '+',
    '-',
    'e',
    'e5',
    '.e5',
    '1e',
    '1e+',
    ' 1',
    '1 ',
    '1,5',
    '--1',
    '1.2.3',
    '1_0',
    '0b1',
    '1f',
    '1\0',
  ],
  ...[
    '0',
    '-0',
    '+0',
    '0.0',
    '.5',
    '5.',
    '-.5',
    '+.5e1',
    '1e5',
    '1E5',
    '1e+05',
    '007',
    '00.50',
    '0e99999999',
    '1e0000000001',
  ],
  ...[
    '0x10',
    '0X1F',
    '0x',
    '0x.',
    '0x.8',
    '0x8.',
    '0x1p4',
    '0x1.8p-1',
    '0x1p',
    '0xp1',
    '-0x1',
    '0x1g',
    '0x0p99999',
  ],
  ...[
    'inf',
    '+inf',
    '-inf',
    'INF',
    'infinity',
    '-Infinity',
    'infinit',
    'infx',
    'nan',
    '-nan',
    'NAN',
    'nan(1)',
  ],
  ...[
    '1e308',
    '1.7976931348623157e308',
    '1.7976931348623159e308',
    '1e309',
    '-1e309',
    '1e400',
    '1e4931',
    '1.18e4932',
  ],
  ...['1.1897314953572317650e4932', '1.2e4932', '1e4933', '1e999999999999', '-1e999999999999'],
  ...[
    '2.2250738585072014e-308',
    '4.9e-324',
    '2.5e-324',
    '2.4e-324',
    '1e-400',
    '3.3621e-4932',
    '1e-4940',
    '3.7e-4951',
  ],
  ...[
    '1.9e-4951',
    '1.8e-4951',
    '1e-4960',
    '1e-999999999999',
    '0x1p-1074',
    '0x1p-1075',
    '0x1.8p-1075',
    '0x1p16383',
    '0x1p16384',
  ],
  ...[
    '0x1.fffffffffffffffep16383',
    '0x1.ffffffffffffffffp16383',
    '0x1p-16445',
    '0x1p-16446',
    '0x1.1p-16446',
    '0x1p-99999999999',
  ],
  ...[
    '18446744073709551615',
    '18446744073709551616',
    '18446744073709551617',
    '36893488147419103233',
    '9007199254740993',
  ],
  ...[
    '0.1',
    '0.2',
    '0.3',
    '3.0e3',
    '5.0e-17',
    '1.5e-17',
    '0.5e-17',
    '0.000000000000000005',
    '0.000000000000000015',
    '1e17',
    '1e16',
  ],
  ...[
    '1'.padStart(5118, '0'),
    '1'.padStart(5119, '0'),
    '1'.padStart(5120, '0'),
    `0.${'1'.repeat(5117)}`,
    '9'.repeat(4932),
  ],
];

function randomText(alphabet: string, sizeMax: number): string {
  let text = '';
  for (let size = random.below(sizeMax + 1); size > 0; size--)
    text += alphabet[random.below(alphabet.length)];
  return text;
}

function randomIntegerText(): string {
  if (random.below(4) === 0) return randomText('0123456789-+ .', 22);
  return (random.below(2) ? '' : '-') + String(1 + random.below(9)) + randomText('0123456789', 19);
}

function randomFloat(): string {
  const sign = random.pick(['', '', '-', '+']);
  const digits = (sizeMax: number): string => randomText('0123456789', sizeMax);
  const point = random.below(3) ? `.${digits(random.pick([2, 5, 18, 30]))}` : '';
  const exponentMax = random.pick([5, 25, 330, 5000]);
  const exponent = random.below(3) ? '' : `e${random.pick(['', '-', '+'])}${random.below(exponentMax)}`;
  return sign + digits(random.pick([1, 3, 10, 20, 30])) + point + exponent;
}

/** Integers over small powers of two and ten, where ties and short forms are; and any bits at all. */
function randomDouble(): string {
  const integer = random.below(2 ** 32) * 2 ** random.below(21) + random.below(2 ** 20);
  const kind = random.below(3);
  if (kind === 0) return String(integer / 2 ** random.below(30));
  if (kind === 1) return String(-integer / 10 ** random.below(30));
  const bits = new DataView(new ArrayBuffer(8));
  bits.setUint32(0, random.uint32());
  bits.setUint32(4, random.uint32());
  return String(bits.getFloat64(0)).replace('Infinity', 'inf').replace('NaN', 'nan');
}

function incrbyfloat(a: string, b: string): string {
  const [x, y] = [a, b].map((text) => parseLongDouble(bytesFromString(text), 0, text.length));
  if (x === null || y === null) return 'error: ERR value is not a valid float';
  const sum = addLongDouble(x, y);
  return isFiniteLongDouble(sum)
    ? formatLongDouble(sum)
    : 'error: ERR increment would produce NaN or Infinity';
}

/**
 * The string in a DUMP payload that holds one compressed string: type 0, then 0xc3, two sizes of 14 bits or less, the
 * data.
 */
function uncompressedString(dump: Uint8Array): Uint8Array {
  expect([dump[0], dump[1]]).toEqual([0, 0xc3]);
  const [compressedSize, afterFirst] = readSize(dump, 2);
  const [size, dataStart] = readSize(dump, afterFirst);
  const out = new Uint8Array(size);
  expect(lzfDecompress(dump, dataStart, dataStart + compressedSize, out, 0, size)).toBe(size);
  return out;
}

function readSize(bytes: Uint8Array, pos: number): [number, number] {
  return bytes[pos] < 64 ? [bytes[pos], pos + 1] : [((bytes[pos] & 63) << 8) | bytes[pos + 1], pos + 2];
}

function compressedDump(value: Uint8Array, version: Uint8Array): Uint8Array {
  const compressed = new Uint8Array(value.length);
  const size = lzfCompress(value, 0, value.length, compressed, 0, value.length - 1);
  expect(size).toBeGreaterThan(0);
  const sizes = [64 | (size >> 8), size & 255, 64 | (value.length >> 8), value.length & 255];
  const payload = Uint8Array.of(
    0,
    0xc3,
    ...sizes,
    ...compressed.subarray(0, size),
    ...version,
    ...new Uint8Array(8),
  );
  updateCrc64(0, 0, payload, 0, payload.length - 8);
  writeCrc64(crc64.hi, crc64.lo, payload, payload.length - 8);
  return payload;
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
