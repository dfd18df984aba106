/**
 * Values as older versions of Redis wrote them (ziplists, zipmaps, plain lists and sorted sets): payloads made by hand, restored
 * on our server and on the real one, which must see the same values in them.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crc64, updateCrc64, writeCrc64 } from '../../src/base/crc64.ts';
import { RawClient, readable } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

const TEXTS = [
  'a',
  '',
  'x'.repeat(63),
  'x'.repeat(64),
  'y'.repeat(16383),
  'z'.repeat(16384),
  'w'.repeat(300),
  'end',
];
const NUMBERS = [0, 1, 12, 13, -1, 127, -128, 128, 32767, -32768, 8388607, -8388608, 2147483647, -2147483648];
const BIG = ['2147483648', '-9223372036854775808', '9223372036854775807'];

/** A length as in an RDB file. */
function rdbLength(size: number): Buffer {
  if (size < 64) return Buffer.from([size]);
  const head = Buffer.alloc(5, 0x80);
  head.writeUInt32BE(size, 1);
  return head;
}

function rdbString(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([rdbLength(bytes.length), bytes]);
}

/** How a ziplist holds one element, the length of the one before left out. */
function ziplistData(element: string): Buffer {
  const number = BigInt.asIntN(64, /^-?[0-9]+$/.test(element) ? BigInt(element) : 0n);
  if (String(number) !== element) return ziplistText(Buffer.from(element));
  const sized = (code: number, size: number) => {
    const out = Buffer.alloc(1 + size, code);
    for (let i = 0; i < size; i++) out[1 + i] = Number((number >> BigInt(8 * i)) & 255n);
    return out;
  };
  const fits = (bits: number) => BigInt.asIntN(bits, number) === number;
  if (number >= 0n && number <= 12n) return Buffer.from([0xf1 + Number(number)]);
  if (fits(8)) return sized(0xfe, 1);
  if (fits(16)) return sized(0xc0, 2);
  if (fits(24)) return sized(0xf0, 3);
  if (fits(32)) return sized(0xd0, 4);
  return sized(0xe0, 8);
}

function ziplistText(bytes: Buffer): Buffer {
  const { length } = bytes;
  if (length < 64) return Buffer.concat([Buffer.from([length]), bytes]);
  if (length < 16384) return Buffer.concat([Buffer.from([0x40 | (length >> 8), length & 255]), bytes]);
  const head = Buffer.alloc(5, 0x80);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, bytes]);
}

function ziplist(elements: string[]): Buffer {
  const entries: Buffer[] = [];
  let before = 0;
  let tail = 10;
  let at = 10;
  for (const element of elements) {
    const data = ziplistData(element);
    const head = before < 254 ? Buffer.from([before]) : Buffer.from([254, 0, 0, 0, 0]);
    if (before >= 254) head.writeUInt32LE(before, 1);
    before = head.length + data.length;
    tail = at;
    at += before;
    entries.push(head, data);
  }
  const header = Buffer.alloc(10);
  header.writeUInt32LE(at + 1, 0);
  header.writeUInt32LE(tail, 4);
  header.writeUInt16LE(elements.length, 8);
  return Buffer.concat([header, ...entries, Buffer.from([255])]);
}

function zipmap(elements: string[]): Buffer {
  const parts: Buffer[] = [Buffer.from([elements.length / 2])];
  for (const [i, text] of elements.entries()) {
    const { length } = text;
    const head = length < 254 ? Buffer.from([length]) : Buffer.from([254, 0, 0, 0, 0]);
    if (length >= 254) head.writeUInt32LE(length, 1);
    parts.push(head);
    // Some values are followed by bytes that are free.
    const free = i % 2 === 1 ? i % 3 : 0;
    if (i % 2 === 1) parts.push(Buffer.from([free]));
    parts.push(Buffer.from(text), Buffer.alloc(free, 0xaa));
  }
  return Buffer.concat([...parts, Buffer.from([255])]);
}

function payload(type: number, ...parts: Buffer[]): Buffer {
  const value = Buffer.concat([Buffer.from([type]), ...parts, Buffer.from([6, 0])]);
  updateCrc64(0, 0, value, 0, value.length);
  const sum = Buffer.alloc(8);
  writeCrc64(crc64.hi, crc64.lo, sum, 0);
  return Buffer.concat([value, sum]);
}

const ELEMENTS = [...NUMBERS.map(String), ...BIG, ...TEXTS];
// Longer values: Redis leaves such a hash packed until it is next changed, we make a table of it at once.
const FIELDS = ELEMENTS.filter(({ length }) => length <= 64).flatMap((element, i) => [
  element === '' ? `f${i}` : element,
  element,
]);
const SMALL_FIELDS = ['a', '1', 'b', 'x'.repeat(60), 'name', ''];
const SCORES = ['a', '1', 'b', '2', 'c', '2.5', 'dd', '1e100', 'inf', 'inf', '7', '3000000000'];

/** As sorted sets of the first form spell scores. */
const OLD_ZSET = Buffer.concat([
  rdbLength(4),
  ...[Buffer.from([255]), rdbString('-1.5'), rdbString('17'), Buffer.from([254])].flatMap((score, i) => [
    rdbString(`member:${i}`),
    score,
  ]),
]);

const PAYLOADS: [name: string, payload: Buffer][] = [
  ['a list as a sequence of strings', payload(1, rdbLength(ELEMENTS.length), ...ELEMENTS.map(rdbString))],
  ['a list as a ziplist', payload(10, rdbString(ziplist(ELEMENTS)))],
  [
    'a list as ziplists',
    payload(14, rdbLength(3), ...[ELEMENTS, ['a'], ['1', 'b']].map((of) => rdbString(ziplist(of)))),
  ],
  ['a hash as a zipmap', payload(9, rdbString(zipmap(SMALL_FIELDS)))],
  [
    'a hash as a zipmap with long values',
    payload(9, rdbString(zipmap(['a', 'x'.repeat(253), 'b', 'y'.repeat(300)]))),
  ],
  ['a small hash as a ziplist', payload(13, rdbString(ziplist(SMALL_FIELDS)))],
  ['a hash as a ziplist', payload(13, rdbString(ziplist(FIELDS)))],
  ['a sorted set as a ziplist', payload(12, rdbString(ziplist(SCORES)))],
  ['a sorted set with scores as text', payload(3, OLD_ZSET)],
];

const SHOW = [
  ['TYPE', 'k'],
  ['OBJECT', 'ENCODING', 'k'],
  ['DEBUG', 'DIGEST-VALUE', 'k'],
];

/** Payloads whose parts do not fit together: both servers refuse. */
const BROKEN: [name: string, payload: Buffer][] = [
  ['a hash with a field and no value', payload(13, rdbString(ziplist(['a', '1', 'b'])))],
  ['a hash with a field twice', payload(13, rdbString(ziplist(['a', '1', 'a', '2'])))],
  ['a sorted set with a member twice', payload(12, rdbString(ziplist(['a', '1', 'a', '2'])))],
  ['a ziplist that ends too early', payload(10, rdbString(ziplist(ELEMENTS).subarray(0, 50)))],
  ['a zipmap without an end', payload(9, rdbString(zipmap(SMALL_FIELDS).subarray(0, -1)))],
  ['an empty list', payload(10, rdbString(ziplist([])))],
  ['an unknown type', payload(77, rdbString('x'))],
];

describe.skipIf(!oracleAvailable())('values as older versions wrote them', () => {
  let servers: RunningServer[];
  let clients: RawClient[];
  const OPTIONS = ['--enable-debug-command', 'yes'];
  beforeAll(async () => {
    servers = await Promise.all([
      startThreadis(['--compat-version', '7.0', ...OPTIONS]),
      startRedis([...OPTIONS, '--sanitize-dump-payload', 'yes']),
    ]);
    clients = await Promise.all(servers.map(({ port }) => RawClient.connect(port)));
  }, 30_000);
  afterAll(async () => {
    for (const client of clients) client.close();
    await Promise.all(servers.map((server) => server.stop()));
  });
  const onBoth = async (...command: (string | Buffer)[]) =>
    (await Promise.all(clients.map((client) => client.call(...command)))).map((reply) => readable(reply));

  it.each(PAYLOADS)('%s', async (_, bytes) => {
    expect(await onBoth('RESTORE', 'k', '0', bytes, 'REPLACE')).toEqual(['OK', 'OK']);
    for (const show of SHOW) {
      const [ours, theirs] = await onBoth(...show);
      expect([show, ours]).toEqual([show, theirs]);
    }
  });

  it.each(BROKEN)('refuses %s', async (_, bytes) => {
    const [ours, theirs] = await onBoth('RESTORE', 'broken', '0', bytes);
    expect(ours).toBe('error: ERR Bad data format');
    expect(theirs).toBe(ours);
    expect(await onBoth('EXISTS', 'broken')).toEqual([0, 0]);
  });
});
