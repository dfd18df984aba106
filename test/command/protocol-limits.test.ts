/** What a client may send: before AUTH, in one bulk, in one command. Ours and, where it is here, the real server. */
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProtocolSocket } from './protocol-socket.ts';
import { encodeCommand } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

const TIMEOUT_MS = 60_000;
const MB = 1 << 20;
const PASSWORD = 'sesame';
const AUTH = encodeCommand(['AUTH', PASSWORD]);
const NOAUTH = '-NOAUTH Authentication required.\r\n';

type Start = (args?: string[]) => Promise<RunningServer>;
const KINDS: [string, Start][] = [['ours', startThreadis]];
if (oracleAvailable()) KINDS.push(['the real server', startRedis]);

describe.each(KINDS)('limits before AUTH, %s', (_kind, start) => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await start(['--requirepass', PASSWORD]);
  }, TIMEOUT_MS);
  afterAll(async () => server?.stop(), TIMEOUT_MS);

  async function untilClosed(...input: (Buffer | string)[]): Promise<string> {
    const socket = await ProtocolSocket.open(server.port);
    for (const bytes of input) void socket.write(bytes);
    const text = await socket.untilClosed();
    socket.destroy();
    return text;
  }

  async function untilEnding(ending: string, ...input: (Buffer | string)[]): Promise<string> {
    const socket = await ProtocolSocket.open(server.port);
    for (const bytes of input) void socket.write(bytes);
    const text = await socket.untilEnding(ending);
    socket.destroy();
    return text;
  }

  const many = encodeCommand(['ECHO', ...Array.from({ length: 10 }, (_, i) => `a${i}`)]);
  const tooMany = "-ERR wrong number of arguments for 'echo' command\r\n";
  const long = encodeCommand(['ECHO', 'x'.repeat(16385)]);

  it('eleven arguments are refused', async () => {
    expect(await untilClosed(many)).toBe('-ERR Protocol error: unauthenticated multibulk length\r\n');
  });

  it('ten arguments are not', async () => {
    const ten = encodeCommand(['ECHO', ...'123456789']);
    expect(await untilEnding('\r\n', ten)).toBe(tooMany);
  });

  it('a bulk of 16385 bytes is refused', async () => {
    expect(await untilClosed(long)).toBe('-ERR Protocol error: unauthenticated bulk length\r\n');
  });

  it('a bulk of 16384 bytes is not', async () => {
    expect(await untilEnding('\r\n', encodeCommand(['ECHO', 'x'.repeat(16384)]))).toBe(NOAUTH);
  });

  it('errors of the commands before it come first', async () => {
    const text = await untilClosed(
      Buffer.concat([encodeCommand(['GET', 'a']), encodeCommand(['FOO']), many]),
    );
    expect(text).toBe(
      `${NOAUTH}-ERR unknown command 'FOO', with args beginning with: \r\n-ERR Protocol error: unauthenticated multibulk length\r\n`,
    );
  });

  it('an inline command may have more words', async () => {
    expect(await untilEnding('\r\n', 'ECHO 1 2 3 4 5 6 7 8 9 10 11\r\n')).toBe(tooMany);
    expect(await untilEnding('\r\n', `ECHO ${'x'.repeat(20_000)}\r\n`)).toBe(NOAUTH);
  });

  it('an AUTH in the same write lifts them', async () => {
    const input = Buffer.concat([AUTH, many, long]);
    const text = await untilEnding('xx\r\n', input);
    expect(text).toBe(`+OK\r\n${tooMany}$16385\r\n${'x'.repeat(16385)}\r\n`);
  });

  it('a wrong AUTH in the same write does not', async () => {
    const text = await untilClosed(Buffer.concat([encodeCommand(['AUTH', 'wrong']), many]));
    expect(text).toMatch(/^-WRONGPASS [^\r]*\r\n-ERR Protocol error: unauthenticated multibulk length\r\n$/);
  });

  it(
    'an AUTH before a long command lifts them wherever the stream is cut',
    async () => {
      const input = Buffer.concat([AUTH, many, AUTH]);
      for (let cut = 1; cut < input.length; cut++) {
        const socket = await ProtocolSocket.open(server.port);
        await socket.write(input.subarray(0, cut));
        await new Promise(setImmediate);
        void socket.write(input.subarray(cut));
        expect(await socket.untilEnding(`${tooMany}+OK\r\n`)).toBe(`+OK\r\n${tooMany}+OK\r\n`);
        socket.destroy();
      }
    },
    TIMEOUT_MS,
  );

  it(
    'a hundred clients that AUTH and send a long command at once are all served',
    async () => {
      const texts = await Promise.all(
        Array.from({ length: 100 }, () => untilEnding('xx\r\n', Buffer.concat([AUTH, long, long]))),
      );
      for (const text of texts) expect(text.length).toBe(5 + 2 * (8 + 16385 + 2));
    },
    TIMEOUT_MS,
  );
});

describe.each(KINDS)('proto-max-bulk-len, %s', (_kind, start) => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await start(['--proto-max-bulk-len', '1mb']);
  }, TIMEOUT_MS);
  afterAll(async () => server?.stop(), TIMEOUT_MS);

  it('a bulk of that size is taken, one byte more is an error', async () => {
    const socket = await ProtocolSocket.open(server.port);
    void socket.write(encodeCommand(['ECHO', 'x'.repeat(MB)]));
    await socket.untilBytes(MB + 12);
    void socket.write('*2\r\n$4\r\nECHO\r\n$1048577\r\n');
    const text = await socket.untilClosed();
    expect(text.slice(MB + 12)).toBe('-ERR Protocol error: invalid bulk length\r\n');
    socket.destroy();
  });
});

describe.each(KINDS)('client-query-buffer-limit, %s', (_kind, start) => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await start(['--client-query-buffer-limit', '1mb']);
  }, TIMEOUT_MS);
  afterAll(async () => server?.stop(), TIMEOUT_MS);

  it('a client whose unfinished command passes it is closed without a word', async () => {
    const socket = await ProtocolSocket.open(server.port);
    void socket.write(`*2\r\n$4\r\nECHO\r\n$3000000\r\n${'x'.repeat(2 * MB)}`);
    expect(await socket.untilClosed()).toBe('');
    socket.destroy();
    const next = await ProtocolSocket.open(server.port);
    void next.write('PING\r\n');
    expect(await next.untilEnding('\r\n')).toBe('+PONG\r\n');
    next.destroy();
  });

  it('a longer pipeline of short commands is not', async () => {
    const socket = await ProtocolSocket.open(server.port);
    void socket.write('PING\r\n'.repeat(MB / 2));
    await socket.untilBytes((MB / 2) * 7);
    socket.destroy();
  });
});

describe.each(KINDS)('maxclients, %s', (_kind, start) => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await start(['--maxclients', '10']);
  }, TIMEOUT_MS);
  afterAll(async () => server?.stop(), TIMEOUT_MS);

  it(
    'a client too many is told so, and a place that becomes free is given again',
    async () => {
      const clients = await Promise.all(Array.from({ length: 10 }, () => ProtocolSocket.open(server.port)));
      for (const client of clients) {
        void client.write('PING\r\n');
        await client.untilEnding('+PONG\r\n');
      }
      for (let i = 0; i < 20; i++) {
        const refused = await ProtocolSocket.open(server.port);
        expect(await refused.untilClosed()).toBe('-ERR max number of clients reached\r\n');
        refused.destroy();
      }
      clients.pop()!.destroy();
      for (;;) {
        const next = await ProtocolSocket.open(server.port);
        void next.write('PING\r\n');
        const answered = await next.untilEnding('+PONG\r\n').then(
          () => true,
          () => false,
        );
        next.destroy();
        if (answered) break;
      }
      for (const client of clients) client.destroy();
    },
    TIMEOUT_MS,
  );
});

/** An address of this machine that is not its loopback. */
function outsideAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flat();
  return all.find((one) => one?.family === 'IPv4' && !one.internal)?.address;
}

describe.skipIf(outsideAddress() === undefined).each(KINDS)('protected mode, %s', (_kind, start) => {
  it(
    'refuses other hosts with a word, and counts none of them as a client',
    async () => {
      const server = await start(['--bind', '0.0.0.0', '--maxclients', '10']);
      for (let i = 0; i < 30; i++) {
        const refused = await ProtocolSocket.open(server.port, false, outsideAddress());
        expect(await refused.untilClosed()).toMatch(
          /^-DENIED Redis is running in protected mode [^\r]*\r\n$/,
        );
        refused.destroy();
      }
      const clients = await Promise.all(Array.from({ length: 10 }, () => ProtocolSocket.open(server.port)));
      for (const client of clients) {
        void client.write('PING\r\n');
        expect(await client.untilEnding('\r\n')).toBe('+PONG\r\n');
        client.destroy();
      }
      await server.stop();
    },
    TIMEOUT_MS,
  );
});
