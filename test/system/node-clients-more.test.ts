/** ioredis and node-redis with what applications build on: queues, streams with consumer groups, client-side caching, reconnects. */
import { Redis } from 'ioredis';
import { BasicClientSideCache, createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startThreadis } from '../command/servers.ts';

let server: RunningServer;

beforeAll(async () => {
  server = await startThreadis();
});

afterAll(async () => {
  await server.stop();
});

const url = () => ({ port: server.port, host: '127.0.0.1' });

async function until(what: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setImmediate(resolve));
}

describe('ioredis', () => {
  it('works through a queue with blocking pops, each job once, in order', async () => {
    const producer = new Redis(url());
    const workers = Array.from({ length: 4 }, () => new Redis(url()));
    const done: string[] = [];
    const work = async (worker: Redis): Promise<void> => {
      for (;;) {
        const [, job] = (await worker.brpop('io:queue', 0))!;
        if (job === 'stop') return;
        done.push(job);
      }
    };
    const all = workers.map(work);
    for (let i = 0; i < 200; i++) await producer.lpush('io:queue', `job-${i}`);
    await until(() => done.length === 200);
    expect(new Set(done).size).toBe(200);
    for (const _ of workers) await producer.lpush('io:queue', 'stop');
    await Promise.all(all);
    expect(await producer.blmove('io:none', 'io:other', 'LEFT', 'RIGHT', 0.01)).toBeNull();
    for (const each of [producer, ...workers]) each.disconnect();
  });

  it('reads a stream in a consumer group, acknowledges, and claims what a consumer that died left', async () => {
    const client = new Redis(url());
    const blocked = new Redis(url());
    await client.xgroup('CREATE', 'io:stream', 'group', '$', 'MKSTREAM');
    const first = blocked.xreadgroup(
      'GROUP',
      'group',
      'alice',
      'COUNT',
      10,
      'BLOCK',
      0,
      'STREAMS',
      'io:stream',
      '>',
    );
    const id = await client.xadd('io:stream', '*', 'field', 'one');
    expect(await first).toEqual([['io:stream', [[id, ['field', 'one']]]]]);
    expect(await client.xpending('io:stream', 'group')).toEqual([1, id, id, [['alice', '1']]]);
    blocked.disconnect();
    expect(await client.xautoclaim('io:stream', 'group', 'bob', 0, '0')).toEqual([
      '0-0',
      [[id, ['field', 'one']]],
      [],
    ]);
    expect(await client.xack('io:stream', 'group', id!)).toBe(1);
    expect(await client.xpending('io:stream', 'group')).toEqual([0, null, null, null]);
    client.disconnect();
  });

  it('sends what it could not while it was away, and subscribes again after a reconnect', async () => {
    const admin = new Redis(url());
    const client = new Redis({ ...url(), retryStrategy: () => 5 });
    const subscriber = new Redis({ ...url(), retryStrategy: () => 5 });
    const received: string[] = [];
    subscriber.on('message', (_channel, message) => received.push(message));
    await subscriber.subscribe('io:again');
    const lost = Promise.all(
      [client, subscriber].map((each) => new Promise((resolve) => each.once('close', resolve))),
    );
    await client.ping();
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await lost;
    expect(await Promise.all(Array.from({ length: 50 }, () => client.incr('io:again:n')))).toEqual(
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
    await until(async () => (await admin.publish('io:again', 'hello')) === 1);
    await until(() => received.includes('hello'));
    for (const each of [admin, client, subscriber]) each.disconnect();
  });

  it('auto-pipelines while others run transactions with WATCH, and counts every increment', async () => {
    const auto = new Redis({ ...url(), enableAutoPipelining: true });
    const increase = async (own: Redis): Promise<void> => {
      for (let i = 0; i < 25; ) {
        await own.watch('io:watched');
        const value = Number(await own.get('io:watched'));
        if (
          (await own
            .multi()
            .set('io:watched', value + 1)
            .exec()) !== null
        )
          i++;
      }
    };
    const others = Array.from({ length: 4 }, () => new Redis(url()));
    await Promise.all([
      ...others.map(increase),
      ...Array.from({ length: 300 }, (_, i) => auto.set(`io:auto:${i}`, i)),
    ]);
    expect(await auto.get('io:watched')).toBe('100');
    expect(await auto.mget(...Array.from({ length: 300 }, (_, i) => `io:auto:${i}`))).toEqual(
      Array.from({ length: 300 }, (_, i) => String(i)),
    );
    for (const each of [auto, ...others]) each.disconnect();
  });

  it('is shown every command by MONITOR', async () => {
    const client = new Redis(url());
    const monitor = await client.duplicate().monitor();
    const seen: string[][] = [];
    monitor.on('monitor', (_time, args) => seen.push(args));
    await client.set('io:monitored', 'a "b"');
    await until(() => seen.some((args) => args[1] === 'io:monitored'));
    expect(seen.find((args) => args[1] === 'io:monitored')).toEqual(['set', 'io:monitored', 'a "b"']);
    monitor.disconnect();
    client.disconnect();
  });
});

describe('node-redis', () => {
  it('caches what it reads, and hears when that changes', async () => {
    const cache = new BasicClientSideCache({
      ttl: 0,
      maxEntries: 100,
      evictPolicy: 'LRU',
      recordStats: true,
    });
    const client = await createClient({ socket: url(), RESP: 3, clientSideCache: cache }).connect();
    const other = await createClient({ socket: url() }).connect();
    await other.set('nr:cached', 'one');
    expect(await client.get('nr:cached')).toBe('one');
    expect(await client.get('nr:cached')).toBe('one');
    expect(cache.stats()).toMatchObject({ hitCount: 1, missCount: 1 });
    await other.set('nr:cached', 'two');
    await until(async () => (await client.get('nr:cached')) === 'two');
    expect(cache.size()).toBe(1);
    await other.flushAll();
    await until(async () => (await client.get('nr:cached')) === null);
    expect(String(await other.sendCommand(['INFO', 'clients']))).toContain('tracking_clients:1\r\n');
    await client.close();
    await until(async () =>
      String(await other.sendCommand(['INFO', 'clients'])).includes('tracking_clients:0\r\n'),
    );
    await other.close();
  });

  it('reads streams with a consumer group and blocks on lists', async () => {
    const client = await createClient({ socket: url() }).connect();
    const blocked = await createClient({ socket: url() }).connect();
    await client.xGroupCreate('nr:stream', 'group', '$', { MKSTREAM: true });
    const reading = blocked.xReadGroup(
      'group',
      'alice',
      { key: 'nr:stream', id: '>' },
      { BLOCK: 0, COUNT: 1 },
    );
    const id = await client.xAdd('nr:stream', '*', { field: 'one' });
    expect(JSON.stringify(await reading)).toContain(id);
    expect(await client.xAck('nr:stream', 'group', id)).toBe(1);
    const popping = blocked.blPop('nr:list', 0);
    await client.rPush('nr:list', 'x');
    expect(await popping).toEqual({ key: 'nr:list', element: 'x' });
    await blocked.close();
    await client.close();
  });

  it('reconnects after its connection was killed, and goes on', async () => {
    const admin = await createClient({ socket: url() }).connect();
    const client = createClient({ socket: { ...url(), reconnectStrategy: 5 } });
    client.on('error', () => {});
    await client.connect();
    const id = await client.clientId();
    const ready = new Promise((resolve) => client.once('ready', resolve));
    await admin.clientKill({ filter: 'ID', id });
    await ready;
    await client.set('nr:again', 'yes');
    expect(await client.get('nr:again')).toBe('yes');
    await client.close();
    await admin.close();
  });
});
