/** RequestParser and PartialRequest by themselves; how the two play together is in ../net/input.test.ts. */
import { describe, expect, it } from 'vitest';
import {
  BROKEN,
  INCOMPLETE,
  NO_ROOM,
  PARSED,
  PartialRequest,
  type RequestLimits,
  RequestParser,
  strictInteger,
} from '../../../src/resp/request-parser.ts';
import { command } from '../executor/rig.ts';

const LIMITS: RequestLimits = { bulkMax: 512 << 20, beforeAuth: false };

function latin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function parse(
  text: string,
  limits = LIMITS,
  room = 100,
): { status: number; parser: RequestParser; spans: Int32Array } {
  const parser = new RequestParser();
  const spans = new Int32Array(200);
  const bytes = latin1(text);
  return { status: parser.parse(bytes, 0, bytes.length, 0, spans, 0, room, limits), parser, spans };
}

describe('RequestParser', () => {
  it('writes where the arguments lie, moved by delta', () => {
    const parser = new RequestParser();
    const spans = new Int32Array(16).fill(-1);
    const bytes = latin1(`..${command('SET', 'key', '')}+`);
    expect(parser.parse(bytes, 2, bytes.length, 1000, spans, 4, 12, LIMITS)).toBe(PARSED);
    expect(parser.argc).toBe(3);
    expect(parser.next).toBe(bytes.length - 1);
    expect([...spans]).toEqual([-1, -1, -1, -1, 1010, 1013, 1019, 1022, 1028, 1028, -1, -1, -1, -1, -1, -1]);
  });

  it('says INCOMPLETE for every true prefix', () => {
    for (const whole of [
      command('PING'),
      command('SET', 'key', 'v'.repeat(150)),
      command(...'abcdefghijklm'),
    ]) {
      for (let size = 1; size < whole.length; size++)
        expect(parse(whole.slice(0, size)).status).toBe(INCOMPLETE);
      expect(parse(whole).status).toBe(PARSED);
    }
  });

  it('says NO_ROOM when the spans do not fit but the command may be there', () => {
    const { status, parser } = parse(command(...'abcdefgh'), LIMITS, 8);
    expect(status).toBe(NO_ROOM);
    expect(parser.argc).toBe(8);
    expect(parse('*1000000\r\n$1\r\na\r\n', LIMITS, 8).status).toBe(INCOMPLETE);
  });

  it('takes a bulk as long as the limit, not one longer', () => {
    const limits = { bulkMax: 1000, beforeAuth: false };
    expect(parse(command('a'.repeat(1000)), limits).status).toBe(PARSED);
    const { status, parser } = parse('*1\r\n$1001\r\n', limits);
    expect(status).toBe(BROKEN);
    expect(parser.error).toBe('Protocol error: invalid bulk length');
  });
});

describe('PartialRequest', () => {
  it('keeps spans and bytes of the whole command', () => {
    const partial = new PartialRequest();
    const bytes = latin1(`${command('SET', 'key', 'value')}rest`);
    expect(partial.feed(bytes, 0, 9, LIMITS)).toBe(INCOMPLETE);
    expect(partial.feed(bytes, 9, bytes.length, LIMITS)).toBe(PARSED);
    expect(partial.next).toBe(bytes.length - 4);
    expect(partial.argc).toBe(3);
    const args = [0, 1, 2].map((i) =>
      Buffer.from(partial.bytes.subarray(partial.spans[i * 2], partial.spans[i * 2 + 1])).toString(),
    );
    expect(args).toEqual(['SET', 'key', 'value']);
    expect(partial.size).toBe(bytes.length - 4);
  });

  it('copies a 32 MB value that comes in 16 KB pieces a bounded number of times', () => {
    const size = 32 << 20;
    const partial = new PartialRequest();
    let copied = 0;
    let last = partial.bytes;
    const feed = (piece: Uint8Array): number => {
      const before = partial.size;
      const status = partial.feed(piece, 0, piece.length, LIMITS);
      copied += partial.size - before;
      if (partial.bytes !== last) copied += before;
      last = partial.bytes;
      return status;
    };
    feed(latin1(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${size}\r\n`));
    const piece = new Uint8Array(16 << 10).fill(120);
    for (let at = 0; at < size; at += piece.length) expect(feed(piece)).toBe(INCOMPLETE);
    expect(feed(latin1('\r\n'))).toBe(PARSED);
    expect(copied).toBeLessThan(size * 3);
    expect(partial.spans[5] - partial.spans[4]).toBe(size);
  });

  it('counts a big argument as soon as it is announced, a huge one as it comes', () => {
    const partial = new PartialRequest();
    const head = (size: number) => latin1(`*2\r\n$3\r\nGET\r\n$${size}\r\n`);
    const free = (size: number) => {
      const bytes = head(size);
      expect(partial.feed(bytes, 0, bytes.length, LIMITS)).toBe(INCOMPLETE);
      const { freeBytes } = partial;
      partial.release();
      partial.reset();
      return freeBytes;
    };
    expect(free(30_000)).toBeLessThan(4096);
    expect(free(40_000)).toBe(40_002);
    expect(free(512 << 20)).toBeLessThan(4096);
  });

  it('copies many big arguments of one command a bounded number of times', () => {
    const partial = new PartialRequest();
    const size = 33 << 10;
    const count = 100;
    let copied = 0;
    let last = partial.bytes;
    const feed = (piece: Uint8Array): number => {
      const before = partial.size;
      const status = partial.feed(piece, 0, piece.length, LIMITS);
      if (partial.bytes !== last) copied += before;
      last = partial.bytes;
      return status;
    };
    feed(latin1(`*${count}\r\n`));
    const piece = latin1(`$${size}\r\n${'x'.repeat(size)}\r\n`);
    for (let i = 1; i < count; i++) expect(feed(piece)).toBe(INCOMPLETE);
    expect(feed(piece)).toBe(PARSED);
    expect(copied).toBeLessThan(4 * count * size);
  });

  it('copies and scans a million arguments once', () => {
    const partial = new PartialRequest();
    const count = 1_000_000;
    const text = `*${count}\r\n${'$1\r\na\r\n'.repeat(count)}`;
    const bytes = latin1(text);
    let status = INCOMPLETE;
    for (let at = 0; at < bytes.length; at += 16 << 10) {
      status = partial.feed(bytes, at, Math.min(bytes.length, at + (16 << 10)), LIMITS);
    }
    expect(status).toBe(PARSED);
    expect(partial.argc).toBe(count);
    expect(partial.size).toBe(bytes.length);
    expect(partial.spans[count * 2 - 1]).toBe(bytes.length - 2);
  });

  it('a line without end is an error once it is too long, by its kind', () => {
    const cases: [string, string][] = [
      ['', 'Protocol error: too big inline request'],
      ['*', 'Protocol error: too big mbulk count string'],
      ['*1\r\n$', 'Protocol error: too big bulk count string'],
    ];
    for (const [start, error] of cases) {
      const partial = new PartialRequest();
      const first = latin1(start + '1'.repeat(60_000));
      expect(partial.feed(first, 0, first.length, LIMITS)).toBe(INCOMPLETE);
      expect(partial.feed(first, 10, 10_010, LIMITS)).toBe(BROKEN);
      expect(partial.error).toBe(error);
    }
  });

  it('reset() gives large buffers back', () => {
    const partial = new PartialRequest();
    const bytes = latin1(command('SET', 'k', 'v'.repeat(1 << 20)));
    partial.feed(bytes, 0, bytes.length, LIMITS);
    expect(partial.bytes.length).toBeGreaterThan(1 << 20);
    partial.reset();
    expect(partial.bytes.length).toBeLessThan(1 << 17);
    const next = latin1(command('PING'));
    expect(partial.feed(next, 0, next.length, LIMITS)).toBe(PARSED);
    expect(partial.argc).toBe(1);
  });
});

describe('strictInteger', () => {
  const cases: [string, number][] = [
    ['0', 0],
    ['1', 1],
    ['-1', -1],
    ['2147483648', 2147483648],
    ['', Number.NaN],
    ['-', Number.NaN],
    ['+1', Number.NaN],
    ['01', Number.NaN],
    ['-0', Number.NaN],
    ['1a', Number.NaN],
    [' 1', Number.NaN],
    ['1 ', Number.NaN],
    ['9223372036854775808', Number.NaN],
    ['99999999999999999999', Number.NaN],
  ];
  for (const [text, value] of cases) {
    it(`${JSON.stringify(text)} is ${value}`, () => {
      expect(strictInteger(latin1(text), 0, text.length)).toBe(value);
    });
  }
});
