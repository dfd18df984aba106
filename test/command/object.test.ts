/** OBJECT, MEMORY USAGE and COPY on values of every type in every encoding, on our server and on the real one. */
import { expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs, type Target } from './both-servers.ts';

const range = (from: number, until: number): string[] =>
  Array.from({ length: until - from }, (_, i) => String(from + i));
const scored = (names: string[]): string[] => names.flatMap((name) => [`${name}.5`, name]);
const WITH_SCORES = ['ZRANGE', '0', '-1', 'WITHSCORES'];
const named = (names: string[]): string[] => names.flatMap((name) => [name, `value:${name}`]);

interface Value {
  title: string;
  encoding: string;
  /** The command that makes it, without the key, and one that changes it. */
  make: string[];
  change: string[];
  /** What it holds, in an order of its own or none. */
  look: string[];
}

const value = (title: string, encoding: string, make: string[], change: string[], look: string[]): Value => ({
  title,
  encoding,
  make,
  change,
  look,
});

/** The values that both have in the same encodings. */
const VALUES: Value[] = [
  value('an integer', 'int', ['SET', '12345678'], ['INCR'], ['GET']),
  value('a short string', 'embstr', ['SET', 'short'], ['APPEND', 'er'], ['GET']),
  value('a long string', 'raw', ['SET', 'l'.repeat(1000)], ['APPEND', 'er'], ['GET']),
  value('a huge string', 'raw', ['SET', 'h'.repeat(2_000_000)], ['SETBIT', '7', '1'], ['GET']),
  value('an HLL', 'raw', ['PFADD', 'a', 'b'], ['PFADD', 'c'], ['GET']),
  value('an intset', 'intset', ['SADD', ...range(0, 100)], ['SREM', '5'], ['SMEMBERS']),
  value('a large set', 'hashtable', ['SADD', ...range(0, 2000)], ['SREM', '5'], ['SMEMBERS']),
  value('a small hash', 'listpack', ['HSET', ...named(range(0, 20))], ['HDEL', '5'], ['HGETALL']),
  value('a large hash', 'hashtable', ['HSET', ...named(range(0, 1000))], ['HDEL', '5'], ['HGETALL']),
  value('a small zset', 'listpack', ['ZADD', ...scored(range(0, 20))], ['ZREM', '5'], WITH_SCORES),
  value('a large zset', 'skiplist', ['ZADD', ...scored(range(0, 1000))], ['ZREM', '5'], WITH_SCORES),
  value('a long list', 'quicklist', ['RPUSH', ...range(0, 5000)], ['LPOP'], ['LRANGE', '0', '-1']),
];

async function make(call: Target['call'], key: string, { make }: Value): Promise<void> {
  await call(make[0], key, ...make.slice(1));
}

/** What the key holds, the order of sets and hashes left out. */
async function contents(call: Target['call'], key: string, { look }: Value): Promise<unknown> {
  const reply = await call(look[0], key, ...look.slice(1));
  if (!Array.isArray(reply)) return reply;
  if (look[0] === 'SMEMBERS') return [...reply].sort();
  if (look[0] !== 'HGETALL') return reply;
  return Object.fromEntries(
    Array.from({ length: reply.length / 2 }, (_, i) => [reply[2 * i], reply[2 * i + 1]]),
  );
}

const OF_VALUES: [string, Value][] = VALUES.map((value) => [value.title, value]);

describeOnBoth('object', [], ({ run, call }) => {
  it.each(OF_VALUES)('OBJECT: %s', async (_, value) => {
    await make(call, 'k', value);
    expect(await run('OBJECT ENCODING k')).toBe(value.encoding);
    expect(await run('OBJECT REFCOUNT k')).toBe(1);
    expect(await run('OBJECT IDLETIME k')).toBeLessThan(60);
    expect(await run('OBJECT FREQ k')).toMatch(/^error: ERR An LFU maxmemory policy is not selected/);
    await run('CONFIG SET maxmemory-policy allkeys-lfu');
    await make(call, 'lfu', value);
    expect(await run('OBJECT FREQ lfu')).toBeGreaterThan(0);
    expect(await run('OBJECT IDLETIME lfu')).toMatch(/^error: ERR An LFU maxmemory policy is selected/);
    await run('CONFIG SET maxmemory-policy noeviction');
  });

  it('OBJECT: without a key, and with arguments that are wrong', async () => {
    for (const name of ['ENCODING', 'REFCOUNT', 'IDLETIME', 'FREQ']) {
      expect(await run(`OBJECT ${name} none`)).toBeNull();
      expect(await run(`OBJECT ${name}`)).toBe(
        `error: ERR wrong number of arguments for 'object|${name.toLowerCase()}' command`,
      );
    }
    expect(await run('OBJECT what k')).toBe("error: ERR unknown subcommand 'what'. Try OBJECT HELP.");
  });

  it.each(OF_VALUES)('COPY: %s, of which each is then changed alone', async (_, value) => {
    await make(call, 'k', value);
    await run('EXPIRE k 1000');
    const before = await contents(call, 'k', value);
    expect(await run('COPY k copy')).toBe(1);
    expect(await run('COPY k copy')).toBe(0);
    expect(await contents(call, 'copy', value)).toEqual(before);
    expect(await run('OBJECT ENCODING copy')).toBe(value.encoding);
    expect(await run('TTL copy')).toBeGreaterThan(990);
    await call(value.change[0], 'copy', ...value.change.slice(1));
    expect(await contents(call, 'copy', value)).not.toEqual(before);
    expect(await contents(call, 'k', value)).toEqual(before);
    expect(await run('COPY k copy REPLACE')).toBe(1);
    await call(value.change[0], 'k', ...value.change.slice(1));
    expect(await contents(call, 'copy', value)).toEqual(before);
    expect(await run('COPY copy other DB 3')).toBe(1);
    await run('SELECT 3');
    expect(await contents(call, 'other', value)).toEqual(before);
    expect(await run('UNLINK other')).toBe(1);
  });

  it.each(OF_VALUES)(
    'COPY, RENAME, MOVE: %s takes the place of a value of another type',
    async (_, value) => {
      await make(call, 'k', value);
      const before = await contents(call, 'k', value);
      for (const other of VALUES) {
        await run('DEL to');
        await make(call, 'to', other);
        expect(await run('COPY k to REPLACE')).toBe(1);
        expect(await contents(call, 'to', value)).toEqual(before);
        await make(call, 'from', value);
        await run('DEL to');
        await make(call, 'to', other);
        expect(await run('RENAME from to')).toBe('OK');
        expect(await contents(call, 'to', value)).toEqual(before);
      }
      expect(await run('MOVE k 5')).toBe(1);
      await run('SELECT 5');
      expect(await contents(call, 'k', value)).toEqual(before);
    },
  );

  it.each(OF_VALUES)('MEMORY USAGE: %s takes what it holds and not many times more', async (_, value) => {
    await make(call, 'k', value);
    const bytes = value.make.slice(1).reduce((sum, word) => sum + word.length, 0);
    const usage = (await run('MEMORY USAGE k SAMPLES 0')) as number;
    expect(usage).toBeGreaterThan(Math.min(bytes, 2 * (value.make.length - 1)));
    expect(usage).toBeLessThan(200 + 30 * bytes);
    expect(await run('MEMORY USAGE k SAMPLES 3')).toBeGreaterThan(0);
  });
});

describeOnOurs('object memory', [], ({ run, call }) => {
  const used = async (): Promise<number> =>
    Number(/used_memory:([0-9]+)/.exec(String(await run('INFO memory')))?.[1]);

  it('copies that are deleted, renamed over and replaced leave no memory behind', async () => {
    for (const value of VALUES) await make(call, value.title, value);
    const round = async (): Promise<void> => {
      for (const { title } of VALUES) {
        await call('COPY', title, 'copy', 'REPLACE');
        await call('RENAME', 'copy', 'other');
        await call('COPY', 'other', 'third');
        await call('DEL', 'third');
        await call('UNLINK', 'other');
      }
    };
    await round();
    const freed = async (): Promise<number> => {
      // What UNLINK leaves to be freed later is freed between commands.
      for (let last = -1, now = await used(); last !== now; now = await used()) last = now;
      return used();
    };
    const before = await freed();
    for (let i = 0; i < 20; i++) await round();
    expect(Math.abs((await freed()) - before)).toBeLessThan(100_000);
    expect(await run('DBSIZE')).toBe(VALUES.length);
  });
});
