/**
 * Clients that behave badly, against the whole server with one io worker, so that all of them share it: they cost
 * themselves something and nobody else anything. Every wait is for a condition.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProtocolSocket } from '../command/protocol-socket.ts';
import { encodeCommand, RawClient, readable } from '../command/raw-client.ts';
import { type RunningServer, startThreadis } from '../command/servers.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';

const TIMEOUT_MS = 240_000;
const MB = 1 << 20;

async function pings(client: RawClient, count: number): Promise<void> {
  for (let i = 0; i < count; i++) expect(readable(await client.call('ECHO', i))).toBe(String(i));
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('clients that do not read', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startThreadis(['--io-threads', '1']);
  }, TIMEOUT_MS);
  afterAll(async () => server?.stop(), TIMEOUT_MS);

  it(
    '200 of them, each owed 2 MB, stall nobody, and get all of it when they read',
    async () => {
      const healthy = await RawClient.connect(server.port);
      const value = Buffer.alloc(MB, 'v');
      await healthy.call('SET', 'big', value);
      const slow = await Promise.all(Array.from({ length: 200 }, () => ProtocolSocket.open(server.port)));
      const owed = 2 * (MB + 12);
      for (const socket of slow) {
        socket.socket.pause();
        await socket.write(Buffer.concat([encodeCommand(['GET', 'big']), encodeCommand(['GET', 'big'])]));
      }
      await pings(healthy, 2000);
      // No kernel buffer holds 2 MB unread: all of them are still stuck.
      for (const socket of slow) expect(socket.receivedBytes).toBeLessThan(owed);
      for (const socket of slow) socket.socket.resume();
      for (const socket of slow) {
        const got = await socket.untilBytes(owed);
        expect(got.subarray(0, 10).toString()).toBe('$1048576\r\n');
        expect(got.subarray(10, 10 + MB).equals(value)).toBe(true);
        expect(got.subarray(-MB - 2, -2).equals(value)).toBe(true);
        socket.destroy();
      }
      await pings(healthy, 10);
      healthy.close();
    },
    TIMEOUT_MS,
  );

  it(
    'short replies that wait keep their order',
    async () => {
      const count = 300_000;
      const socket = await ProtocolSocket.open(server.port);
      socket.socket.pause();
      const commands: string[] = [];
      for (let i = 0; i < count; i++) commands.push(`ECHO ${1_000_000 + i}\r\n`);
      void socket.write(commands.join(''));
      const healthy = await RawClient.connect(server.port);
      await pings(healthy, 500);
      socket.socket.resume();
      const words = (await socket.untilBytes(count * 13)).toString().split('\r\n');
      for (let i = 0; i < count; i++) {
        if (words[i * 2 + 1] !== String(1_000_000 + i)) expect(words[i * 2 + 1]).toBe(String(1_000_000 + i));
      }
      socket.destroy();
      healthy.close();
    },
    TIMEOUT_MS,
  );

  it(
    'one command at a time, unread, spills in the executor instead of filling the io worker',
    async () => {
      const healthy = await RawClient.connect(server.port);
      await healthy.call('SET', 'mid', Buffer.alloc(16 << 10, 'm'));
      const socket = await ProtocolSocket.open(server.port);
      socket.socket.pause();
      const count = 1500;
      for (let i = 0; i < count; i++) {
        await socket.write(encodeCommand(['GET', 'mid']));
        // A round trip of another client: the GET has been executed, in a batch of its own.
        await healthy.call('PING');
      }
      const size = 8 + (16 << 10) + 2;
      socket.socket.resume();
      await socket.untilBytes(count * size);
      socket.destroy();
      healthy.close();
    },
    TIMEOUT_MS,
  );

  it(
    'clients that go away unread leave the server as it was',
    async () => {
      const healthy = await RawClient.connect(server.port);
      for (let round = 0; round < 5; round++) {
        const slow = await Promise.all(Array.from({ length: 50 }, () => ProtocolSocket.open(server.port)));
        for (const socket of slow) {
          socket.socket.pause();
          await socket.write(Buffer.concat(Array.from({ length: 4 }, () => encodeCommand(['GET', 'big']))));
        }
        await pings(healthy, 20);
        for (const socket of slow) socket.destroy();
        await pings(healthy, 20);
      }
      healthy.close();
    },
    TIMEOUT_MS,
  );

  it(
    'a client that ends its side and reads late gets everything',
    async () => {
      const socket = await ProtocolSocket.open(server.port, true);
      socket.socket.pause();
      await socket.write(Buffer.concat(Array.from({ length: 8 }, () => encodeCommand(['GET', 'big']))));
      socket.halfClose();
      const healthy = await RawClient.connect(server.port);
      await pings(healthy, 200);
      socket.socket.resume();
      expect((await socket.untilClosed()).length).toBe(8 * (MB + 12));
      socket.destroy();
      healthy.close();
    },
    TIMEOUT_MS,
  );

  it(
    'a protocol error behind replies that wait comes after them',
    async () => {
      const socket = await ProtocolSocket.open(server.port);
      socket.socket.pause();
      const gets = Buffer.concat(Array.from({ length: 4 }, () => encodeCommand(['GET', 'big'])));
      await socket.write(Buffer.concat([gets, Buffer.from('*1\r\n$x\r\n')]));
      const healthy = await RawClient.connect(server.port);
      await pings(healthy, 200);
      socket.socket.resume();
      const text = await socket.untilClosed();
      expect(text.length).toBe(4 * (MB + 12) + 42);
      expect(text.endsWith('\r\n-ERR Protocol error: invalid bulk length\r\n')).toBe(true);
      socket.destroy();
      healthy.close();
    },
    TIMEOUT_MS,
  );
});

describe('client-output-buffer-limit', () => {
  it(
    'a normal client beyond its hard limit is closed, and its neighbour is not',
    async () => {
      const server = await startThreadis([
        '--io-threads',
        '1',
        '--client-output-buffer-limit',
        'normal 4mb 0 0',
      ]);
      const healthy = await RawClient.connect(server.port);
      await healthy.call('SET', 'big', Buffer.alloc(MB, 'v'));
      const slow = await ProtocolSocket.open(server.port);
      slow.socket.pause();
      await slow.write(Buffer.concat(Array.from({ length: 40 }, () => encodeCommand(['GET', 'big']))));
      // A paused socket does not see its end: writing to it does, once the server has reset it.
      while (!server.output().includes('overcoming of output buffer limits')) await pings(healthy, 1);
      slow.socket.resume();
      expect((await slow.untilClosed()).length).toBeLessThan(40 * MB);
      await pings(healthy, 100);
      healthy.close();
      slow.destroy();
      await server.stop();
    },
    TIMEOUT_MS,
  );

  it(
    'replies that never were in one batch count too',
    async () => {
      const server = await startThreadis([
        '--io-threads',
        '1',
        '--client-output-buffer-limit',
        'normal 4mb 0 0',
      ]);
      const healthy = await RawClient.connect(server.port);
      await healthy.call('SET', 'mid', Buffer.alloc(16 << 10, 'v'));
      const slow = await ProtocolSocket.open(server.port);
      slow.socket.pause();
      let sent = 0;
      while (!server.output().includes('overcoming of output buffer limits')) {
        await slow.write(encodeCommand(['GET', 'mid']));
        await healthy.call('PING');
        // 4 MB of limit, and what the kernel and the io worker hold of it.
        expect(++sent * (16 << 10)).toBeLessThan(64 * MB);
      }
      slow.destroy();
      healthy.close();
      await server.stop();
    },
    TIMEOUT_MS,
  );
});

describe('connections that come and go', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startThreadis(['--io-threads', '2']);
  }, TIMEOUT_MS);
  afterAll(async () => server?.stop(), TIMEOUT_MS);

  it(
    '10,000 of them, some cut off in the middle, never see a reply of another',
    async () => {
      const random = seededRandom('connections that come and go');
      const total = 10_000;
      let next = 0;
      const visit = async (): Promise<void> => {
        while (next < total) {
          const id = next++;
          const socket = await ProtocolSocket.open(server.port);
          const kind = random.below(6);
          const word = `visit-${id}`;
          const expected = `$${word.length}\r\n${word}\r\n`;
          if (kind === 0) {
            // Leaves replies unread.
            void socket.write(encodeCommand(['ECHO', word]).toString().repeat(20));
            await turn();
          } else if (kind === 1) {
            // Leaves half a command.
            await socket.write(encodeCommand(['ECHO', word]).subarray(0, 12));
          } else if (kind === 2) {
            const count = 1 + random.below(50);
            void socket.write(encodeCommand(['ECHO', word]).toString().repeat(count));
            expect((await socket.untilBytes(expected.length * count)).toString()).toBe(
              expected.repeat(count),
            );
          } else if (kind === 3) {
            void socket.write(Buffer.concat([encodeCommand(['ECHO', word]), Buffer.from('*1\r\n!\r\n')]));
            expect(await socket.untilClosed()).toBe(
              `${expected}-ERR Protocol error: expected '$', got '!'\r\n`,
            );
          } else if (kind === 4) {
            socket.halfClose();
            void socket.write(encodeCommand(['ECHO', word]));
          } else {
            void socket.write(encodeCommand(['ECHO', word]));
            expect((await socket.untilBytes(expected.length)).toString()).toBe(expected);
          }
          socket.destroy();
        }
      };
      await Promise.all(Array.from({ length: 64 }, visit));
      const client = await RawClient.connect(server.port);
      await pings(client, 10);
      client.close();
    },
    TIMEOUT_MS,
  );
});

describe('a flood', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startThreadis(['--io-threads', '1']);
  }, TIMEOUT_MS);
  afterAll(async () => server?.stop(), TIMEOUT_MS);

  it(
    'of commands that want no reply fills the request ring again and again, and stops nowhere',
    async () => {
      const rounds = 5;
      const count = 20_000;
      const set = encodeCommand(['SET', 'flood', 'x'.repeat(200)]).toString();
      const flood = async (): Promise<void> => {
        const socket = await ProtocolSocket.open(server.port);
        for (let i = 0; i < rounds; i++) {
          void socket.write('CLIENT REPLY OFF\r\n');
          void socket.write(set.repeat(count));
          void socket.write('CLIENT REPLY ON\r\n');
          await socket.untilBytes((i + 1) * 5);
        }
        expect(socket.text()).toBe('+OK\r\n'.repeat(rounds));
        socket.destroy();
      };
      await Promise.all(Array.from({ length: 8 }, flood));
    },
    TIMEOUT_MS,
  );

  it(
    'does not confuse the connections that come meanwhile',
    async () => {
      let over = false;
      const set = encodeCommand(['SET', 'flood', 'x'.repeat(2000)])
        .toString()
        .repeat(2000);
      const flood = async (): Promise<void> => {
        const socket = await ProtocolSocket.open(server.port);
        for (let i = 0; !over; i++) {
          void socket.write(set);
          await socket.untilBytes((i + 1) * 2000 * 5);
        }
        socket.destroy();
      };
      const visits = async (from: number): Promise<void> => {
        for (let i = from; i < from + 150; i++) {
          const word = `visit-${i}`;
          const socket = await ProtocolSocket.open(server.port);
          void socket.write(encodeCommand(['ECHO', word]));
          if (i % 2 === 0) socket.halfClose();
          expect(await socket.untilEnding('\r\n' + word + '\r\n')).toBe(`$${word.length}\r\n${word}\r\n`);
          socket.destroy();
        }
      };
      const floods = Array.from({ length: 4 }, flood);
      await Promise.all(Array.from({ length: 10 }, (_, i) => visits(i * 1000)));
      over = true;
      await Promise.all(floods);
    },
    TIMEOUT_MS,
  );
});

describe('a client that quits with replies unread', () => {
  it(
    'gets them all, then the end',
    async () => {
      const server = await startThreadis(['--io-threads', '1']);
      const socket = await ProtocolSocket.open(server.port);
      void socket.write(encodeCommand(['SET', 'big', Buffer.alloc(MB, 'v')]));
      await socket.untilEnding('+OK\r\n');
      socket.socket.pause();
      await socket.write('GET big\r\n'.repeat(8) + 'QUIT\r\n');
      const healthy = await RawClient.connect(server.port);
      await pings(healthy, 200);
      socket.socket.resume();
      const text = await socket.untilClosed();
      expect(text.length).toBe(5 + 8 * (MB + 12) + 5);
      expect(text.endsWith('\r\n+OK\r\n')).toBe(true);
      socket.destroy();
      healthy.close();
      await server.stop();
    },
    TIMEOUT_MS,
  );
});
