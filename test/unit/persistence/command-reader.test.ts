/** Commands read from a file: however the file is cut, what is whole is found, and no more. */
import { describe, expect, it } from 'vitest';
import {
  AofFormatError,
  AofTruncatedError,
  CommandFileReader,
} from '../../../src/persistence/aof/command-reader.ts';
import { encodeCommand } from '../../command/raw-client.ts';
import { seededRandom } from '../base/seeded-random.ts';
import { MemoryFiles } from './memory-files.ts';

/** Reads it all; returns what was sent, where the last whole command ends, and the error. */
function read(bytes: Buffer, start = 0, short = Number.MAX_SAFE_INTEGER) {
  const files = new MemoryFiles();
  files.put('f', bytes);
  files.short = short;
  const sent: Buffer[] = [];
  const offsets: number[] = [];
  const reader = new CommandFileReader(files, files.open('f', 'r'), start, (buffer, size, offset) => {
    sent.push(Buffer.from(buffer.subarray(0, size)));
    offsets.push(offset);
  });
  let error: unknown = null;
  try {
    reader.run();
  } catch (thrown) {
    error = thrown;
  }
  return { text: Buffer.concat(sent), until: reader.validUntil, error, offsets, pieces: sent };
}

const SMALL = Buffer.concat([
  encodeCommand(['SELECT', '0']),
  Buffer.from('#TS:1700000000\r\n'),
  encodeCommand(['SET', 'a', '']),
  encodeCommand(['multi']),
  encodeCommand(['SET', 'b', '\r\n*1\r\n']),
  encodeCommand(['INCR', 'c']),
  encodeCommand(['ExEc']),
  encodeCommand(['DEL', 'a']),
]);

/** Where SMALL may end: after each command that is not inside the transaction. */
const ENDS = (() => {
  const ends = [0];
  const parts = [
    ['SELECT', '0'],
    null,
    ['SET', 'a', ''],
    ['multi'],
    ['SET', 'b', '\r\n*1\r\n'],
    ['INCR', 'c'],
    ['ExEc'],
    ['DEL', 'a'],
  ];
  let at = 0;
  let inside = false;
  for (const part of parts) {
    at += part === null ? 16 : encodeCommand(part).length;
    if (part?.[0] === 'multi') inside = true;
    if (part?.[0] === 'ExEc') inside = false;
    if (!inside) ends.push(at);
  }
  return ends;
})();

describe('CommandFileReader', () => {
  it('cut at any byte: gives what is whole before, and says where that ends', () => {
    for (let size = 0; size <= SMALL.length; size++) {
      for (const short of [1, 3, Number.MAX_SAFE_INTEGER]) {
        const { error, text, until } = read(SMALL.subarray(0, size), 0, short);
        const end = ENDS.filter((at) => at <= size).at(-1)!;
        expect([size, until, text.equals(SMALL.subarray(0, end))]).toEqual([size, end, true]);
        if (ENDS.includes(size)) expect(error).toBeNull();
        else expect(error).toBeInstanceOf(AofTruncatedError);
      }
    }
  });

  it('begins where it is told to, and offsets are those of the file', () => {
    const { error, offsets, text, until } = read(Buffer.concat([Buffer.from('REDIS..'), SMALL]), 7);
    expect([error, until, offsets]).toEqual([null, SMALL.length + 7, [SMALL.length + 7]]);
    expect(text.equals(SMALL)).toBe(true);
  });

  it('commands of all sizes pass whole, those larger than the window too', () => {
    const random = seededRandom('command reader');
    const commands: Buffer[] = [];
    for (let i = 0; i < 400; i++) {
      const size = random.below(10) === 0 ? random.below(400_000) : random.below(300);
      commands.push(encodeCommand(['SET', `key:${i}`, Buffer.alloc(size, i)]));
      if (i === 200) commands.push(encodeCommand(['SET', 'huge', Buffer.alloc(5 << 20, 'h')]));
      if (i === 300)
        commands.push(encodeCommand(['SADD', 's', ...Array.from({ length: 5000 }, (_, n) => n)]));
    }
    const all = Buffer.concat(commands);
    const { error, pieces, text, until } = read(all);
    expect([error, until]).toEqual([null, all.length]);
    expect(text.equals(all)).toBe(true);
    expect(pieces.length).toBeGreaterThan(10);
    for (const piece of pieces) expect(piece.subarray(0, 1).toString()).toBe('*');
  });

  it('a transaction is never sent in parts, however large', () => {
    const body = Array.from({ length: 3000 }, (_, i) => encodeCommand(['SET', i, 'v'.repeat(1000)]));
    const all = Buffer.concat([
      encodeCommand(['PING']),
      encodeCommand(['MULTI']),
      ...body,
      encodeCommand(['EXEC']),
    ]);
    const { error, pieces } = read(all);
    expect(error).toBeNull();
    expect(Buffer.concat(pieces).equals(all)).toBe(true);
    const torn = read(all.subarray(0, all.length - 15));
    expect(torn.error).toBeInstanceOf(AofTruncatedError);
    expect(torn.until).toBe(encodeCommand(['PING']).length);
    expect(torn.text.length).toBe(torn.until);
  });

  const BAD = [
    'x',
    '*x\r\n',
    '*0\r\n',
    '*-1\r\n',
    '*1\r\n+OK\r\n',
    '*1\r\n$x\r\n',
    '*1\r\n$1\r\nabc\r\n',
    '*1\r\n$-1\r\n',
    '*99999999999\r\n',
    '\r\n',
    ' *1\r\n',
  ];

  it.each(BAD)('%j is not a command: what was before it stays', (bad) => {
    const { error, text, until } = read(Buffer.concat([SMALL, Buffer.from(bad), SMALL]));
    expect(error).toBeInstanceOf(AofFormatError);
    expect(until).toBe(SMALL.length);
    expect(text.equals(SMALL)).toBe(true);
  });
});
