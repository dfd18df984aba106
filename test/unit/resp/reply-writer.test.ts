/** Every kind of reply in RESP2 and RESP3, into regions of any size. */
import { describe, expect, it } from 'vitest';
import { captureWriter } from '../../../src/resp/capture-sink.ts';
import { decimalLength, REGION_MIN, type ReplySink, ReplyWriter } from '../../../src/resp/reply-writer.ts';
import { seededRandom } from '../base/seeded-random.ts';

type Write = (writer: ReplyWriter) => void;

function written(resp: number, write: Write): string {
  const writer = captureWriter();
  writer.resp = resp;
  write(writer);
  return Buffer.from(writer.buf.subarray(0, writer.pos)).toString('latin1');
}

const BYTES = Buffer.from('..hello..', 'latin1');
const LONG = Buffer.alloc(5000, 'L');

const CASES: [title: string, write: Write, resp2: string, resp3: string][] = [
  ['ok', (w) => w.ok(), '+OK\r\n', '+OK\r\n'],
  ['simple', (w) => w.simple('PONG'), '+PONG\r\n', '+PONG\r\n'],
  ['error', (w) => w.error('ERR a\r\nb'), '-ERR a  b\r\n', '-ERR a  b\r\n'],
  ['bulk', (w) => w.bulk(BYTES, 2, 7), '$5\r\nhello\r\n', '$5\r\nhello\r\n'],
  ['empty bulk', (w) => w.bulk(BYTES, 2, 2), '$0\r\n\r\n', '$0\r\n\r\n'],
  ['long bulk', (w) => w.bulk(LONG, 0, 5000), `$5000\r\n${LONG}\r\n`, `$5000\r\n${LONG}\r\n`],
  ['bulkText', (w) => w.bulkText('a\xff'), '$2\r\na\xff\r\n', '$2\r\na\xff\r\n'],
  [
    'long bulkText',
    (w) => w.bulkText('z'.repeat(2000)),
    `$2000\r\n${'z'.repeat(2000)}\r\n`,
    `$2000\r\n${'z'.repeat(2000)}\r\n`,
  ],
  ['bulkInteger', (w) => w.bulkInteger(-120), '$4\r\n-120\r\n', '$4\r\n-120\r\n'],
  ['null', (w) => w.null(), '$-1\r\n', '_\r\n'],
  ['nullArray', (w) => w.nullArray(), '*-1\r\n', '_\r\n'],
  ['array', (w) => w.array(3), '*3\r\n', '*3\r\n'],
  ['map', (w) => w.map(3), '*6\r\n', '%3\r\n'],
  ['set', (w) => w.set(3), '*3\r\n', '~3\r\n'],
  ['push', (w) => w.push(2), '*2\r\n', '>2\r\n'],
  ['true', (w) => w.boolean(true), ':1\r\n', '#t\r\n'],
  ['false', (w) => w.boolean(false), ':0\r\n', '#f\r\n'],
  ['double', (w) => w.double('1.5'), '$3\r\n1.5\r\n', ',1.5\r\n'],
  [
    'bigNumber',
    (w) => w.bigNumber('123456789012345678901'),
    '$21\r\n123456789012345678901\r\n',
    '(123456789012345678901\r\n',
  ],
  ['verbatim', (w) => w.verbatim('txt', 'abc'), '$3\r\nabc\r\n', '=7\r\ntxt:abc\r\n'],
];

const INTEGERS = [
  0,
  1,
  -1,
  9,
  10,
  -10,
  99,
  100,
  12345,
  -99999,
  2147483647,
  2147483648,
  -2147483648,
  -2147483649,
  4294967296,
  1234567890123,
  Number.MAX_SAFE_INTEGER,
  -Number.MAX_SAFE_INTEGER,
];

describe('ReplyWriter', () => {
  for (const [title, write, resp2, resp3] of CASES) {
    it(title, () => {
      expect(written(2, write)).toBe(resp2);
      expect(written(3, write)).toBe(resp3);
    });
  }

  it('integers', () => {
    for (const value of INTEGERS) {
      expect(written(2, (w) => w.integer(value))).toBe(`:${value}\r\n`);
      expect(decimalLength(value)).toBe(String(value).length);
    }
  });

  it('counts errors and keeps the last', () => {
    const writer = captureWriter();
    writer.error('ERR one');
    writer.error('WRONGTYPE two');
    expect(writer.errors).toBe(2);
    expect(writer.lastError).toBe('WRONGTYPE two');
  });

  it('regions of any size give the same bytes', () => {
    const random = seededRandom('reply regions');
    for (let round = 0; round < 200; round++) {
      const collected: Buffer[] = [];
      const keep = (writer: ReplyWriter): void => {
        collected.push(Buffer.from(writer.buf.subarray(0, writer.pos)));
      };
      const sink: ReplySink = {
        overflow(writer, size) {
          keep(writer);
          writer.point(...region(Math.max(size, 1) + random.below(REGION_MIN * 2)));
        },
      };
      const writer = new ReplyWriter(new Uint8Array(0), sink);
      writer.point(...region(random.below(100)));
      writer.resp = 2 + random.below(2);
      let expected = '';
      for (let i = 0; i < 40; i++) {
        const [, write, resp2, resp3] = CASES[random.below(CASES.length)];
        write(writer);
        expected += writer.resp === 3 ? resp3 : resp2;
      }
      keep(writer);
      expect(Buffer.concat(collected).toString('latin1')).toBe(expected);
    }
  });
});

function region(size: number): [Uint8Array, DataView, number, number] {
  const buf = new Uint8Array(size);
  return [buf, new DataView(buf.buffer), 0, size];
}
