/** The two clients of the Node world, unchanged, against our server: connect, pipelines, RESP3, reconnect after a kill. */
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startThreadis } from '../command/servers.ts';

let server: RunningServer;

beforeAll(async () => {
  server = await startThreadis();
});

afterAll(async () => {
  await server.stop();
});

describe('ioredis', () => {
  let client: Redis;

  beforeAll(async () => {
    client = new Redis({ port: server.port, host: '127.0.0.1', lazyConnect: true });
    await client.connect();
  });

  afterAll(() => client.disconnect());

  it('sets, gets and expires', async () => {
    expect(await client.set('io:key', 'value', 'EX', 100)).toBe('OK');
    expect(await client.get('io:key')).toBe('value');
    expect(await client.ttl('io:key')).toBeGreaterThan(90);
    expect(await client.getBuffer('io:key')).toEqual(Buffer.from('value'));
  });

  it('pipelines a thousand commands and gets every reply in order', async () => {
    const pipeline = client.pipeline();
    for (let i = 0; i < 500; i++) pipeline.set(`io:p${i}`, i).incrby(`io:p${i}`, 1);
    const replies = await pipeline.exec();
    expect(replies).toHaveLength(1000);
    for (let i = 0; i < 500; i++) expect(replies![i * 2 + 1]).toEqual([null, i + 1]);
  });

  it('pipelines by itself what is sent in one tick', async () => {
    const auto = new Redis({ port: server.port, enableAutoPipelining: true });
    const values = await Promise.all(Array.from({ length: 100 }, (_, i) => auto.get(`io:p${i}`)));
    expect(values).toEqual(Array.from({ length: 100 }, (_, i) => String(i + 1)));
    auto.disconnect();
  });

  it('walks the keys with a scan stream', async () => {
    const found = new Set<string>();
    for await (const keys of client.scanStream({ match: 'io:p*', count: 50 }))
      for (const key of keys) found.add(key);
    expect(found.size).toBe(500);
  });

  it('runs transactions, and none whose watch is broken', async () => {
    expect(await client.multi().set('io:t', 1).incr('io:t').exec()).toEqual([
      [null, 'OK'],
      [null, 2],
    ]);
    const own = new Redis({ port: server.port });
    await own.watch('io:t');
    await client.incr('io:t');
    expect(await own.multi().set('io:t', 0).exec()).toBeNull();
    own.disconnect();
  });

  it('subscribes to channels and patterns', async () => {
    const subscriber = new Redis({ port: server.port });
    const received: string[] = [];
    subscriber.on('message', (channel, message) => received.push(`${channel} ${message}`));
    subscriber.on('pmessage', (pattern, channel, message) =>
      received.push(`${pattern} ${channel} ${message}`),
    );
    expect(await subscriber.subscribe('io:news', 'io:other')).toBe(2);
    expect(await subscriber.psubscribe('io:n*')).toBe(3);
    expect(await client.publish('io:news', 'one')).toBe(2);
    expect(await client.publish('io:other', 'two')).toBe(1);
    expect(await subscriber.unsubscribe('io:news', 'io:other')).toBe(1);
    expect(await subscriber.punsubscribe()).toBe(0);
    expect(received).toEqual(['io:news one', 'io:n* io:news one', 'io:other two']);
    expect(await subscriber.get('io:none')).toBeNull();
    subscriber.disconnect();
  });

  it('reconnects after its connection was killed', async () => {
    const victim = new Redis({ port: server.port, retryStrategy: () => 10 });
    const id = await victim.client('ID');
    const ready = new Promise((resolve) => victim.once('close', () => victim.once('ready', resolve)));
    expect(await client.client('KILL', 'ID', id)).toBe(1);
    await ready;
    expect(await victim.ping()).toBe('PONG');
    victim.disconnect();
  });
});

describe.each([2, 3] as const)('node-redis with RESP%i', (protocol) => {
  it('connects, sets, gets, and sends many commands at once', async () => {
    const client = createClient({ socket: { port: server.port, host: '127.0.0.1' }, RESP: protocol });
    await client.connect();
    await client.set(`nr${protocol}`, 'v', { EX: 100 });
    expect(await client.get(`nr${protocol}`)).toBe('v');
    expect(await client.mGet([`nr${protocol}`, 'none'])).toEqual(['v', null]);
    const replies = await Promise.all(Array.from({ length: 200 }, () => client.incr(`nr${protocol}:n`)));
    expect(replies).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    expect(await client.configGet('maxmemory')).toEqual({ maxmemory: '0' });
    await client.close();
  });

  it('runs transactions and subscribes', async () => {
    const options = { socket: { port: server.port, host: '127.0.0.1' }, RESP: protocol } as const;
    const client = await createClient(options).connect();
    expect(await client.multi().set(`nr${protocol}:t`, '1').incr(`nr${protocol}:t`).exec()).toEqual([
      'OK',
      2,
    ]);
    const subscriber = await createClient(options).connect();
    const received: string[] = [];
    let arrived = () => {};
    const all = new Promise<void>((resolve) => {
      arrived = () => {
        if (received.length === 3) resolve();
      };
    });
    const listener = (message: string, channel: string) => {
      received.push(`${channel} ${message}`);
      arrived();
    };
    await subscriber.subscribe(`nr${protocol}:c`, listener);
    await subscriber.pSubscribe(`nr${protocol}:*`, listener);
    await subscriber.sSubscribe(`nr${protocol}:s`, listener);
    expect(await client.publish(`nr${protocol}:c`, 'x')).toBe(2);
    expect(await client.sPublish(`nr${protocol}:s`, 'y')).toBe(1);
    await all;
    expect(received).toEqual([`nr${protocol}:c x`, `nr${protocol}:c x`, `nr${protocol}:s y`]);
    await subscriber.close();
    await client.close();
  });
});
