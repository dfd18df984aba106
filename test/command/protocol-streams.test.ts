/** How commands may be cut, joined and left unfinished, on both servers; what one client does costs no other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProtocolSocket } from './protocol-socket.ts';
import { encodeCommand } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

const TIMEOUT_MS = 120_000;
const MB = 1 << 20;

type Start = (args?: string[]) => Promise<RunningServer>;
const KINDS: [string, Start][] = [['ours', startThreadis]];
if (oracleAvailable()) KINDS.push(['the real server', startRedis]);

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe.each(KINDS)('streams, %s', (kind, start) => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await start();
  }, TIMEOUT_MS);
  afterAll(async () => server?.stop(), TIMEOUT_MS);

  async function ping(): Promise<void> {
    const socket = await ProtocolSocket.open(server.port);
    void socket.write('PING\r\n');
    expect(await socket.untilEnding('\r\n')).toBe('+PONG\r\n');
    socket.destroy();
  }

  it(
    'commands cut at any byte mean the same',
    async () => {
      const input = Buffer.concat([
        encodeCommand(['SET', 'cut', 'a\r\nb']),
        Buffer.from('PING\r\n'),
        encodeCommand(['GET', 'cut']),
        Buffer.from('*0\r\nECHO "a b"\r\n'),
        encodeCommand(['MSET', 'k1', '', 'k2', '*1\r\n$4\r\nPING\r\n']),
        encodeCommand(['MGET', 'k1', 'k2']),
      ]);
      const expected =
        '+OK\r\n+PONG\r\n$4\r\na\r\nb\r\n$3\r\na b\r\n+OK\r\n*2\r\n$0\r\n\r\n$14\r\n*1\r\n$4\r\nPING\r\n\r\n';
      for (let cut = 1; cut < input.length; cut++) {
        const socket = await ProtocolSocket.open(server.port);
        await socket.write(input.subarray(0, cut));
        await turn();
        await socket.write(input.subarray(cut));
        expect((await socket.untilBytes(expected.length)).toString()).toBe(expected);
        socket.destroy();
      }
    },
    TIMEOUT_MS,
  );

  it(
    'a client that sends byte by byte is served, and others meanwhile',
    async () => {
      const input = encodeCommand(['ECHO', 'slow']);
      const slow = await Promise.all(Array.from({ length: 50 }, () => ProtocolSocket.open(server.port)));
      for (const byte of input) {
        await Promise.all(slow.map((socket) => socket.write(Buffer.from([byte]))));
        await ping();
      }
      for (const socket of slow) {
        expect(await socket.untilEnding('slow\r\n')).toBe('$4\r\nslow\r\n');
        socket.destroy();
      }
    },
    TIMEOUT_MS,
  );

  it(
    'a client that ends its side gets every reply, then the end',
    async () => {
      for (const count of [1, 10, 1000, 50_000]) {
        const socket = await ProtocolSocket.open(server.port, true);
        void socket.write(
          encodeCommand(['ECHO', 'x'.repeat(20)])
            .toString()
            .repeat(count),
        );
        socket.halfClose();
        const text = await socket.untilClosed();
        // The real server sees the end and the last commands in one turn, and drops what its kernel has not taken.
        if (kind === 'ours') expect(text.length).toBe(count * (5 + 20 + 2));
        socket.destroy();
      }
    },
    TIMEOUT_MS,
  );

  it('a client that ends inside a command is closed without a reply to it', async () => {
    const socket = await ProtocolSocket.open(server.port, true);
    void socket.write('PING\r\n*2\r\n$4\r\nECHO\r\n$10\r\nabc');
    socket.halfClose();
    expect(await socket.untilClosed()).toBe('+PONG\r\n');
    socket.destroy();
  });

  it(
    'a pipeline of 100,000 commands is answered in order',
    async () => {
      const count = 100_000;
      const socket = await ProtocolSocket.open(server.port);
      const commands: Buffer[] = [];
      let size = 0;
      for (let i = 0; i < count; i++) {
        commands.push(encodeCommand(['ECHO', i]));
        size += String(i).length * 1 + String(String(i).length).length + 5;
      }
      void socket.write(Buffer.concat(commands));
      const words = (await socket.untilBytes(size)).toString().split('\r\n');
      for (let i = 0; i < count; i++)
        if (words[i * 2 + 1] !== String(i)) expect(words[i * 2 + 1]).toBe(String(i));
      socket.destroy();
    },
    TIMEOUT_MS,
  );

  it(
    '1,000 connections at once are served',
    async () => {
      const sockets = await Promise.all(Array.from({ length: 1000 }, () => ProtocolSocket.open(server.port)));
      for (const [i, socket] of sockets.entries()) void socket.write(encodeCommand(['ECHO', `client-${i}`]));
      const texts = await Promise.all(sockets.map((socket, i) => socket.untilEnding(`client-${i}\r\n`)));
      for (const [i, text] of texts.entries()) expect(text.split('\r\n')[1]).toBe(`client-${i}`);
      for (const socket of sockets) socket.destroy();
    },
    TIMEOUT_MS,
  );

  it(
    'a value of 64 MB goes in and comes out',
    async () => {
      const value = Buffer.alloc(64 * MB);
      for (let i = 0; i < value.length; i += 4099) value[i] = i;
      const socket = await ProtocolSocket.open(server.port);
      void socket.write(encodeCommand(['SET', 'big', value]));
      await socket.untilEnding('+OK\r\n');
      void socket.write(encodeCommand(['GET', 'big']));
      const header = `$${value.length}\r\n`;
      const got = await socket.untilBytes(5 + header.length + value.length + 2);
      expect(got.subarray(5, 5 + header.length).toString()).toBe(header);
      expect(got.subarray(5 + header.length, -2).equals(value)).toBe(true);
      socket.destroy();
    },
    TIMEOUT_MS,
  );

  it(
    'an MSET of a million arguments is one command',
    async () => {
      const parts: string[] = ['*1000001\r\n$4\r\nMSET\r\n'];
      for (let i = 0; i < 500_000; i++) parts.push(`$7\r\n${1_000_000 + i}\r\n$1\r\n${i % 10}\r\n`);
      const socket = await ProtocolSocket.open(server.port);
      void socket.write(parts.join(''));
      await socket.untilEnding('+OK\r\n');
      void socket.write(encodeCommand(['MGET', '1000000', '1123456', '1499999', '1500000']));
      const text = await socket.untilEnding('$-1\r\n');
      expect(text.slice(5)).toBe('*4\r\n$1\r\n0\r\n$1\r\n6\r\n$1\r\n9\r\n$-1\r\n');
      socket.destroy();
    },
    TIMEOUT_MS,
  );

  it('a QUIT in a pipeline is answered, what follows it is not', async () => {
    const socket = await ProtocolSocket.open(server.port);
    void socket.write('PING\r\nQUIT\r\nPING\r\nSET quit-leak 1\r\n');
    expect(await socket.untilClosed()).toBe('+PONG\r\n+OK\r\n');
    socket.destroy();
  });
});
