/** maxmemory: which commands are refused, what goes under each policy, and who is told; on both servers. */
import { afterEach, expect, it } from 'vitest';
import { describeOnBoth, type Target } from './both-servers.ts';
import { type RawClient, readable } from './raw-client.ts';

const OOM = "error: OOM command not allowed when used memory > 'maxmemory'.";
const VALUE = 'x'.repeat(1000);
const call = async (client: RawClient, command: string) => readable(await client.call(...command.split(' ')));

async function field(target: Target, name: string): Promise<string> {
  const text = String(await target.call('INFO'));
  return new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(text)![1];
}

const used = async (target: Target) => Number(await field(target, 'used_memory'));

/** Leaves room for `bytes` more than what is in use. */
async function limitTo(target: Target, bytes: number, policy: string): Promise<void> {
  await target.call('CONFIG', 'SET', 'maxmemory-policy', policy);
  await target.call('CONFIG', 'SET', 'maxmemory', (await used(target)) + bytes);
}

async function unlimited(target: Target): Promise<void> {
  await target.call('CONFIG', 'SET', 'maxmemory', '0');
  await target.call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
}

/** Sets keys of 1000 bytes until there are `count`; what was replied to the last. */
async function fill(target: Target, prefix: string, count: number, ...options: string[]): Promise<unknown> {
  let reply: unknown;
  for (let i = 0; i < count; i++) reply = await target.call('SET', `${prefix}${i}`, VALUE, ...options);
  return reply;
}

async function existing(target: Target, prefix: string, count: number): Promise<number> {
  return Number(await target.call('EXISTS', ...Array.from({ length: count }, (_, i) => `${prefix}${i}`)));
}

describeOnBoth('maxmemory', ['--save', ''], (target) => {
  const { run } = target;
  afterEach(() => unlimited(target));

  it('noeviction: refuses what may take memory, and nothing else', async () => {
    await run('SET k v');
    await run('RPUSH l a b');
    await run('CONFIG SET maxmemory 1');
    expect(await run('SET a b')).toBe(OOM);
    expect(await run('INCR n')).toBe(OOM);
    expect(await run('RPUSH l c')).toBe(OOM);
    expect(await run('GET k')).toBe('v');
    expect(await run('LPOP l')).toBe('a');
    expect(await run('EXPIRE k 100')).toBe(1);
    expect(await run('DEL k')).toBe(1);
    expect(await run('GET')).toBe("error: ERR wrong number of arguments for 'get' command");
    expect(await run('SET a')).toBe("error: ERR wrong number of arguments for 'set' command");
    await unlimited(target);
    expect(await run('SET a b')).toBe('OK');
  });

  it('noeviction: a transaction takes no commands, and EXEC none that were refused', async () => {
    const client = await target.client();
    try {
      await run('CONFIG SET maxmemory 1');
      expect(await call(client, 'MULTI')).toBe('OK');
      expect(await call(client, 'GET k')).toBe(OOM);
      expect(await call(client, 'EXEC')).toBe(
        'error: EXECABORT Transaction discarded because of previous errors.',
      );
      await unlimited(target);
      expect(await call(client, 'MULTI')).toBe('OK');
      expect(await call(client, 'SET k v')).toBe('QUEUED');
      await run('CONFIG SET maxmemory 1');
      expect(await call(client, 'EXEC')).toBe(
        "error: EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.",
      );
      await unlimited(target);
      expect(await call(client, 'MULTI')).toBe('OK');
      expect(await call(client, 'GET k')).toBe('QUEUED');
      await run('CONFIG SET maxmemory 1');
      expect(await call(client, 'EXEC')).toEqual([null]);
      expect(await call(client, 'MULTI')).toBe('OK');
      expect(await call(client, 'DISCARD')).toBe('OK');
    } finally {
      client.close();
    }
  });

  for (const policy of ['allkeys-lru', 'allkeys-lfu', 'allkeys-random']) {
    it(`${policy}: any key may go, and what is written fits`, async () => {
      await run('CONFIG RESETSTAT');
      await limitTo(target, 100_000, policy);
      const limit = Number(await field(target, 'maxmemory'));
      expect(await fill(target, 'k', 300)).toBe('OK');
      expect(await used(target)).toBeLessThan(limit + 4096);
      const text = String(await run('INFO'));
      const left = Number(/^db0:keys=(\d+)/m.exec(text)![1]);
      expect(left).toBeGreaterThan(10);
      expect(Number(/^evicted_keys:(\d+)/m.exec(text)![1])).toBe(300 - left);
    });
  }

  for (const policy of ['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl']) {
    it(`${policy}: only keys that expire go; without them writes are refused`, async () => {
      await fill(target, 'stays', 30);
      await limitTo(target, 60_000, policy);
      expect(await fill(target, 'goes', 200, 'EX', '10000')).toBe('OK');
      expect(await existing(target, 'stays', 30)).toBe(30);
      expect(await existing(target, 'goes', 200)).toBeLessThan(100);
      expect(await fill(target, 'more', 200)).toBe(OOM);
      expect(await existing(target, 'stays', 30)).toBe(30);
      expect(await existing(target, 'goes', 200)).toBe(0);
    });
  }

  it('volatile-ttl: what expires last stays', async () => {
    for (let i = 0; i < 60; i++) await target.call('SET', `k${i}`, VALUE, 'EX', 1000 + 100 * i);
    await limitTo(target, -30_000, 'volatile-ttl');
    await run('SET one more');
    await expect.poll(() => run('DBSIZE')).toBeLessThan(45);
    expect(await run('EXISTS k59 k58 k57 k56 k55')).toBe(5);
    expect(await run('EXISTS k0')).toBe(0);
  });

  it('allkeys-lfu: what is used often stays', async () => {
    await limitTo(target, 100_000, 'allkeys-lfu');
    for (let i = 0; i < 10; i++) await target.call('SET', `often${i}`, VALUE);
    for (let round = 0; round < 100; round++) await existing(target, 'often', 10);
    for (let i = 0; i < 10; i++) for (let j = 0; j < 20; j++) await target.call('GET', `often${i}`);
    await fill(target, 'seldom', 300);
    expect(await existing(target, 'often', 10)).toBeGreaterThanOrEqual(9);
  });

  it('the limit may be lowered: keys go at once', async () => {
    await run('CONFIG SET maxmemory-policy allkeys-random');
    await fill(target, 'k', 200);
    await limitTo(target, -100_000, 'allkeys-random');
    await expect.poll(() => run('DBSIZE')).toBeLessThan(150);
  });

  it('every eviction is told, breaks a WATCH, and is no other event', async () => {
    await run('CONFIG SET notify-keyspace-events KEA');
    const listener = await target.client();
    const watcher = await target.client();
    try {
      await call(listener, 'PSUBSCRIBE __key*__:*');
      await run('SET k v');
      expect(readable(await listener.next())).toEqual(['pmessage', '__key*__:*', '__keyspace@0__:k', 'set']);
      await listener.next();
      await call(watcher, 'WATCH k');
      await run('CONFIG SET maxmemory-policy allkeys-lru');
      await run('CONFIG SET maxmemory 1');
      await expect.poll(() => run('DBSIZE')).toBe(0);
      await unlimited(target);
      expect(readable(await listener.next())).toEqual([
        'pmessage',
        '__key*__:*',
        '__keyspace@0__:k',
        'evicted',
      ]);
      expect(readable(await listener.next())).toEqual([
        'pmessage',
        '__key*__:*',
        '__keyevent@0__:evicted',
        'k',
      ]);
      await call(watcher, 'MULTI');
      await call(watcher, 'PING');
      expect(await call(watcher, 'EXEC')).toBeNull();
    } finally {
      await run('CONFIG SET notify-keyspace-events <none>', '');
      listener.close();
      watcher.close();
    }
  });

  it('keys of every database may go', async () => {
    const client = await target.client();
    try {
      await call(client, 'SELECT 3');
      for (let i = 0; i < 50; i++) await client.call('SET', `k${i}`, VALUE);
      await run('CONFIG SET maxmemory-policy allkeys-lru');
      await run('CONFIG SET maxmemory 1');
      await expect.poll(() => call(client, 'DBSIZE')).toBe(0);
    } finally {
      client.close();
    }
  });

  it.each(['allkeys-lru', 'allkeys-random', 'volatile-ttl'])(
    'CLIENT PAUSE: %s evicts nothing while writes are paused, and what is too much afterwards',
    async (policy) => {
      const keys = 50;
      await fill(target, 'k', keys, 'EX', '1000');
      await run('CONFIG RESETSTAT');
      await run('CLIENT PAUSE 100000 WRITE');
      try {
        await limitTo(target, -20_000, policy);
        // Each of these commands would evict, and so would the event loop between them.
        for (let i = 0; i < 20; i++) expect(await run(`EXISTS k${i}`)).toBe(1);
        expect(await existing(target, 'k', keys)).toBe(keys);
        expect(await field(target, 'evicted_keys')).toBe('0');
      } finally {
        await run('CLIENT UNPAUSE');
      }
      await expect.poll(() => field(target, 'evicted_keys')).not.toBe('0');
      const left = await existing(target, 'k', keys);
      expect(left).toBeLessThan(keys);
      expect(await field(target, 'evicted_keys')).toBe(String(keys - left));
    },
  );

  it('OBJECT REFCOUNT: no value is shared where the policy goes by use', async () => {
    await run('CONFIG SET maxmemory 1gb');
    await run('CONFIG SET maxmemory-policy allkeys-random');
    await run('SET n 1');
    expect(await run('OBJECT REFCOUNT n')).toBeGreaterThan(1);
    await run('CONFIG SET maxmemory-policy volatile-lfu');
    await run('SET n 1');
    expect(await run('OBJECT REFCOUNT n')).toBe(1);
  });

  it('maxmemory takes units, and INFO shows it', async () => {
    for (const [text, bytes] of [
      ['2mb', 2097152],
      ['2m', 2000000],
      ['1GB', 1073741824],
      ['100000000', 100000000],
    ]) {
      await target.call('CONFIG', 'SET', 'maxmemory', text);
      expect(await field(target, 'maxmemory')).toBe(String(bytes));
    }
    expect(await field(target, 'maxmemory_human')).toBe('95.37M');
    expect(await field(target, 'maxmemory_policy')).toBe('noeviction');
    expect(await run('CONFIG SET maxmemory 1tb')).toMatch(/argument must be a memory value/);
    expect(await run('CONFIG SET maxmemory 10%')).toMatch(/argument must be a memory value/);
  });
});
