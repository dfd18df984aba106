/**
 * Clients that ask too much at once, against the whole server: a storm of connections, a giant pipeline, KEYS on a million keys. The others are
 * served meanwhile, and everybody gets all that was asked for. No times are measured: what is looked at is who was answered before whom.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProtocolSocket } from '../command/protocol-socket.ts';
import { encodeCommand, RawClient, readable } from '../command/raw-client.ts';
import { type RunningServer, startThreadis } from '../command/servers.ts';

const TIMEOUT_MS = 240_000;

let server: RunningServer;
beforeAll(async () => {
  server = await startThreadis(['--enable-debug-command', 'yes', '--io-threads', '1']);
}, TIMEOUT_MS);
afterAll(async () => server?.stop(), TIMEOUT_MS);

async function pings(client: RawClient, count: number): Promise<void> {
  for (let i = 0; i < count; i++) expect(readable(await client.call('ECHO', i))).toBe(String(i));
}

describe('a storm of connections', () => {
  it(
    '2,000 at once are all served, and so is who was there before',
    async () => {
      const old = await RawClient.connect(server.port);
      let served = 0;
      const storm = Array.from({ length: 2000 }, async (_, i) => {
        const client = await RawClient.connect(server.port);
        expect(readable(await client.call('ECHO', `storm-${i}`))).toBe(`storm-${i}`);
        served++;
        return client;
      });
      let during = 0;
      while (served < 2000) {
        await pings(old, 1);
        during++;
      }
      const clients = await Promise.all(storm);
      expect(during).toBeGreaterThan(0);
      expect(String(readable(await old.call('INFO', 'clients')))).toContain('connected_clients:2001\r\n');
      for (const client of clients) client.close();
      while (!String(readable(await old.call('INFO', 'clients'))).includes('connected_clients:1\r\n'));
      old.close();
    },
    TIMEOUT_MS,
  );

  it(
    'beyond maxclients the new ones are refused and the old ones stay',
    async () => {
      const old = await RawClient.connect(server.port);
      await old.call('CONFIG', 'SET', 'maxclients', '100');
      const answers = await Promise.all(
        Array.from({ length: 300 }, async () => {
          const client = await RawClient.connect(server.port);
          const answer = await client.call('PING').then(
            (reply) => String(readable(reply)),
            () => 'closed',
          );
          return { client, answer };
        }),
      );
      expect(answers.filter(({ answer }) => answer === 'PONG').length).toBe(99);
      for (const { answer } of answers)
        expect(['PONG', 'closed', 'error: ERR max number of clients reached']).toContain(answer);
      await pings(old, 10);
      for (const { client } of answers) client.close();
      await old.call('CONFIG', 'SET', 'maxclients', '10000');
      old.close();
    },
    TIMEOUT_MS,
  );
});

describe('a giant pipeline', () => {
  it(
    'of 500,000 commands is answered whole and in order; others get their turn before its end',
    async () => {
      const count = 500_000;
      const giant = await ProtocolSocket.open(server.port);
      const other = await RawClient.connect(server.port);
      const piece = Buffer.concat(Array.from({ length: 10_000 }, () => encodeCommand(['INCR', 'giant'])));
      for (let i = 0; i < count / 10_000; i++) void giant.write(piece);
      let size = 0;
      for (let i = 1; i <= count; i++) size += 3 + String(i).length;
      await pings(other, 20);
      const before = Number(readable(await other.call('GET', 'giant')));
      expect(before).toBeLessThan(count);
      const text = (await giant.untilBytes(size)).toString();
      expect(text.endsWith(`:${count}\r\n`)).toBe(true);
      expect(text.startsWith(':1\r\n:2\r\n:3\r\n')).toBe(true);
      giant.destroy();
      other.close();
    },
    TIMEOUT_MS,
  );
});

describe('KEYS on a million keys', () => {
  it(
    'replies all of them to a client that reads late, and the others go on when it has run',
    async () => {
      const admin = await RawClient.connect(server.port);
      await admin.call('FLUSHALL');
      expect(readable(await admin.call('DEBUG', 'POPULATE', '1000000'))).toBe('OK');
      const greedy = await ProtocolSocket.open(server.port);
      greedy.socket.pause();
      await greedy.write('KEYS *\r\n');
      const others = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(server.port)));
      // All of them are served though nobody has read a byte of the answer.
      await Promise.all(others.map((client) => pings(client, 100)));
      expect(greedy.receivedBytes).toBe(0);
      greedy.socket.resume();
      const size =
        10 +
        Array.from({ length: 1_000_000 }, (_, i) => `key:${i}`.length).reduce(
          (sum, length) => sum + length + String(length).length + 5,
          0,
        );
      const text = (await greedy.untilBytes(size)).toString();
      expect(text.startsWith('*1000000\r\n')).toBe(true);
      expect(text.length).toBe(size);
      expect(new Set(Array.from(text.matchAll(/key:[0-9]+/g), ([key]) => key)).size).toBe(1_000_000);
      greedy.destroy();
      for (const client of [admin, ...others]) client.close();
    },
    TIMEOUT_MS,
  );
});
