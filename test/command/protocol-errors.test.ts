/**
 * What a broken or strange stream gets: the same bytes are sent to our server and to the real one, and both must answer
 * the same bytes and then close, or stay open, alike.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProtocolSocket } from './protocol-socket.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

const TIMEOUT_MS = 60_000;
const SENTINEL = '*2\r\n$4\r\nECHO\r\n$8\r\nsentinel\r\n';
const SENTINEL_REPLY = '$8\r\nsentinel\r\n';

let ours: RunningServer;
let real: RunningServer | null = null;

beforeAll(async () => {
  ours = await startThreadis();
  if (oracleAvailable()) real = await startRedis();
}, TIMEOUT_MS);

afterAll(async () => {
  await Promise.all([ours?.stop(), real?.stop()]);
}, TIMEOUT_MS);

async function answerUntilClosed(port: number, input: string): Promise<string> {
  const socket = await ProtocolSocket.open(port);
  void socket.write(Buffer.from(input, 'latin1'));
  const text = await socket.untilClosed();
  socket.destroy();
  return text;
}

async function answerOfOpen(port: number, input: string): Promise<string> {
  const socket = await ProtocolSocket.open(port);
  void socket.write(Buffer.from(input + SENTINEL, 'latin1'));
  const text = await socket.untilEnding(SENTINEL_REPLY);
  socket.destroy();
  return text.slice(0, -SENTINEL_REPLY.length);
}

/** Streams that end the connection, and what ours says; the real server says whether that is right. */
const BROKEN: [title: string, input: string, reply: string][] = [
  [
    'a bulk header without its dollar',
    '*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n',
    "Protocol error: expected '$', got 'f'",
  ],
  ['an integer where a bulk belongs', '*2\r\n$4\r\nECHO\r\n:3\r\n', "Protocol error: expected '$', got ':'"],
  ['an empty line where a bulk belongs', '*1\r\n\r\n', "Protocol error: expected '$', got ' '"],
  ['a line feed where a bulk belongs', '*1\r\n\n\r\n', "Protocol error: expected '$', got ' '"],
  ['a byte above 127 where a bulk belongs', '*1\r\n\xff\r\n', "Protocol error: expected '$', got '\xff'"],
  ['a count without digits', '*\r\n', 'Protocol error: invalid multibulk length'],
  ['a count that is no number', '*x\r\n', 'Protocol error: invalid multibulk length'],
  ['a count with something behind it', '*1x\r\n', 'Protocol error: invalid multibulk length'],
  ['a count with a plus', '*+1\r\n', 'Protocol error: invalid multibulk length'],
  ['a count with a leading zero', '*01\r\n', 'Protocol error: invalid multibulk length'],
  ['a count with a space', '* 1\r\n', 'Protocol error: invalid multibulk length'],
  ['minus zero as a count', '*-0\r\n', 'Protocol error: invalid multibulk length'],
  ['a count beyond 31 bits', '*2147483648\r\n', 'Protocol error: invalid multibulk length'],
  ['a count beyond 63 bits', '*9223372036854775808\r\n', 'Protocol error: invalid multibulk length'],
  ['a count of 25 digits', `*${'9'.repeat(25)}\r\n`, 'Protocol error: invalid multibulk length'],
  ['a negative bulk length', '*1\r\n$-1\r\n', 'Protocol error: invalid bulk length'],
  ['a bulk length that is no number', '*1\r\n$x\r\n', 'Protocol error: invalid bulk length'],
  ['a bulk length without digits', '*1\r\n$\r\n', 'Protocol error: invalid bulk length'],
  ['a bulk length with a leading zero', '*1\r\n$04\r\nPING\r\n', 'Protocol error: invalid bulk length'],
  ['a bulk of more than 512 MB', '*1\r\n$536870913\r\n', 'Protocol error: invalid bulk length'],
  ['a bulk length beyond 63 bits', '*1\r\n$99999999999999999999\r\n', 'Protocol error: invalid bulk length'],
  ['an inline line with an open quote', 'ECHO "abc\r\n', 'Protocol error: unbalanced quotes in request'],
  ['an inline line with an open apostrophe', "ECHO 'abc\r\n", 'Protocol error: unbalanced quotes in request'],
  ['a quote that ends inside a word', 'ECHO "abc"d\r\n', 'Protocol error: unbalanced quotes in request'],
  ['an inline line without end', 'x'.repeat(70_000), 'Protocol error: too big inline request'],
  ['a count line without end', `*${'1'.repeat(70_000)}`, 'Protocol error: too big mbulk count string'],
  [
    'a bulk length line without end',
    `*1\r\n$${'1'.repeat(70_000)}`,
    'Protocol error: too big bulk count string',
  ],
  [
    'a bulk header without dollar and without end',
    `*1\r\n${'1'.repeat(70_000)}`,
    'Protocol error: too big bulk count string',
  ],
];

/** Streams that go on. */
const STRANGE: [title: string, input: string, reply: string][] = [
  ['an empty multibulk is ignored', '*0\r\n', ''],
  ['a null multibulk is ignored', '*-1\r\n', ''],
  ['any negative count is ignored', '*-10\r\n*-2147483648\r\n', ''],
  ['empty lines are ignored', '\r\n\n   \r\n\t\n', ''],
  ['a line may end in LF alone', 'PING\n', '+PONG\r\n'],
  ['a line may begin with blanks', '   PING\r\n', '+PONG\r\n'],
  ['the two bytes after a payload are not looked at', '*1\r\n$4\r\nPINGxy', '+PONG\r\n'],
  ['the byte after CR is not looked at', '*1\rx$4\ryPING\r\n', '+PONG\r\n'],
  ['names are told apart without case', '*1\r\n$4\r\npInG\r\n', '+PONG\r\n'],
  [
    'an empty name is an unknown command',
    '*1\r\n$0\r\n\r\n',
    "-ERR unknown command '', with args beginning with: \r\n",
  ],
  [
    'an unknown command shows its arguments',
    '*3\r\n$3\r\nfoo\r\n$1\r\na\r\n$3\r\nb c\r\n',
    "-ERR unknown command 'foo', with args beginning with: 'a' 'b c' \r\n",
  ],
  [
    'line ends in an unknown name become spaces',
    '*2\r\n$5\r\nfo\r\no\r\n$3\r\na\nb\r\n',
    "-ERR unknown command 'fo  o', with args beginning with: 'a b' \r\n",
  ],
  [
    'a NUL cuts what is shown of a name and an argument',
    '*3\r\n$4\r\nfo\0o\r\n$3\r\na\0b\r\n$1\r\nc\r\n',
    "-ERR unknown command 'fo', with args beginning with: 'a' 'c' \r\n",
  ],
  [
    'a long unknown name is cut at 128 bytes',
    `*2\r\n$200\r\n${'n'.repeat(200)}\r\n$1\r\na\r\n`,
    `-ERR unknown command '${'n'.repeat(128)}', with args beginning with: 'a' \r\n`,
  ],
  [
    'long arguments are cut at 128 bytes in all',
    `*4\r\n$3\r\nfoo\r\n$100\r\n${'a'.repeat(100)}\r\n$100\r\n${'b'.repeat(100)}\r\n$1\r\nc\r\n`,
    `-ERR unknown command 'foo', with args beginning with: '${'a'.repeat(100)}' '${'b'.repeat(25)}' \r\n`,
  ],
  [
    'HTTP words are not commands',
    'FOO / HTTP/1.1\r\n',
    "-ERR unknown command 'FOO', with args beginning with: '/' 'HTTP/1.1' \r\n",
  ],
];

describe('broken streams', () => {
  for (const [title, input, reply] of BROKEN) {
    it(
      `${title}: ${reply}, then close`,
      async () => {
        const got = await answerUntilClosed(ours.port, input);
        expect(got).toBe(`-ERR ${reply}\r\n`);
        if (real) expect(await answerUntilClosed(real.port, input)).toBe(got);
      },
      TIMEOUT_MS,
    );
  }

  it('replies to the commands before the error come first', async () => {
    const commands = 'PING\r\n*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n'.repeat(1000);
    const input = `${commands}*1\r\n$x\r\nPING\r\n`;
    const expected = `${'+PONG\r\n$2\r\nhi\r\n'.repeat(1000)}-ERR Protocol error: invalid bulk length\r\n`;
    expect(await answerUntilClosed(ours.port, input)).toBe(expected);
    if (real) expect(await answerUntilClosed(real.port, input)).toBe(expected);
  });

  it('nothing after the error is executed', async () => {
    const name = `after-error-${Date.now()}`;
    const set = `*3\r\n$3\r\nSET\r\n$${name.length}\r\n${name}\r\n$1\r\nx\r\n`;
    await answerUntilClosed(ours.port, `*1\r\n$x\r\n${set}`);
    const get = `*2\r\n$3\r\nGET\r\n$${name.length}\r\n${name}\r\n`;
    expect(await answerOfOpen(ours.port, get)).toBe('$-1\r\n');
  });

  it(
    'an error that comes in pieces is the same error',
    async () => {
      for (const [, input, reply] of BROKEN.filter((row) => row[1].length < 100)) {
        for (let cut = 1; cut < input.length; cut++) {
          const socket = await ProtocolSocket.open(ours.port);
          await socket.write(Buffer.from(input.slice(0, cut), 'latin1'));
          await turn();
          void socket.write(Buffer.from(input.slice(cut), 'latin1'));
          expect(await socket.untilClosed()).toBe(`-ERR ${reply}\r\n`);
          socket.destroy();
        }
      }
    },
    TIMEOUT_MS,
  );
});

describe('strange streams that are no error', () => {
  for (const [title, input, reply] of STRANGE) {
    it(title, async () => {
      const got = await answerOfOpen(ours.port, input);
      expect(got).toBe(reply);
      if (real) expect(await answerOfOpen(real.port, input)).toBe(got);
    });
  }
});

describe('a NUL in an inline line', () => {
  // The real server never finds the end of such a line and waits for 64 KB more; ours reads it up to the NUL.
  it('ends the line', async () => {
    expect(await answerOfOpen(ours.port, 'PING\0nothing\r\n')).toBe('+PONG\r\n');
  });

  it('leaves a quote before it open', async () => {
    const error = '-ERR Protocol error: unbalanced quotes in request\r\n';
    expect(await answerUntilClosed(ours.port, 'ECHO "abc\0d"\r\n')).toBe(error);
  });
});

/** Inline words; what the real server makes of them decides. */
const QUOTED = [
  'abc',
  '"abc"',
  "'abc'",
  '"a b"',
  "'a b'",
  '"a\\nb\\r\\t\\b\\a"',
  '"\\x41\\x00\\xff\\xFf"',
  '"\\x4"',
  '"\\xg1"',
  '"\\q\\\\\\""',
  "'it\\'s'",
  "'a\\nb'",
  '""',
  "''",
  'a"b"',
  "a'b'",
  'a\\nb',
  '"a"\t',
  '\x0b"a"\x0c',
  '"\xe9\xff"',
  '"a\'b"',
  "'a\"b'",
  '\\"a',
  '"\\x"',
  '"a\\',
  '"',
  "'",
  '"a" "b"',
];

describe('inline words', () => {
  for (const word of QUOTED) {
    it.skipIf(!oracleAvailable())(
      `ECHO ${JSON.stringify(word)} is read as the real server reads it`,
      async () => {
        const input = `ECHO ${word}\r\n`;
        const answer = async (port: number): Promise<string> => {
          const socket = await ProtocolSocket.open(port);
          void socket.write(Buffer.from(input + SENTINEL, 'latin1'));
          const text = await Promise.race([
            socket.untilClosed(),
            socket.untilEnding(SENTINEL_REPLY).catch(() => socket.untilClosed()),
          ]);
          socket.destroy();
          return text;
        };
        expect(await answer(ours.port)).toBe(await answer(real!.port));
      },
    );
  }
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
