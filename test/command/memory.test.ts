/** MEMORY and INFO memory, on both servers. */
import { afterEach, expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs, type Target } from './both-servers.ts';

type Stats = Record<string, unknown>;

function pairs(reply: unknown): Stats {
  const list = reply as unknown[];
  return Object.fromEntries(list.flatMap((name, i) => (i % 2 === 0 ? [[name, list[i + 1]]] : [])));
}

const stats = async (target: Target) => pairs(await target.run('MEMORY STATS'));

async function info(target: Target): Promise<Record<string, string>> {
  const text = String(await target.run('INFO memory'));
  return Object.fromEntries([...text.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name, value]) => [name, value]));
}

const FIELDS = [
  ...['peak.allocated', 'total.allocated', 'startup.allocated', 'replication.backlog', 'clients.slaves'],
  ...['clients.normal', 'cluster.links', 'aof.buffer', 'lua.caches', 'functions.caches'],
  ...['db.0', 'db.9'],
  ...['overhead.total', 'keys.count', 'keys.bytes-per-key', 'dataset.bytes', 'dataset.percentage'],
  ...['peak.percentage', 'allocator.allocated', 'allocator.active', 'allocator.resident'],
  ...['allocator-fragmentation.ratio', 'allocator-fragmentation.bytes', 'allocator-rss.ratio'],
  ...[
    'allocator-rss.bytes',
    'rss-overhead.ratio',
    'rss-overhead.bytes',
    'fragmentation',
    'fragmentation.bytes',
  ],
];

describeOnBoth('MEMORY', ['--save', ''], (target) => {
  const { run } = target;

  it('STATS has these fields in this order, integers but for ratios', async () => {
    await run('SET k v');
    await run('SELECT 9');
    await run('SET other v EX 100');
    await run('SELECT 0');
    const reply = (await run('MEMORY STATS')) as unknown[];
    expect(reply.filter((_, i) => i % 2 === 0)).toEqual(FIELDS);
    const all = pairs(reply);
    expect(all['keys.count']).toBe(2);
    for (const [name, value] of Object.entries(all)) {
      if (name.startsWith('db.')) expect(Object.keys(pairs(value)).slice(0, 2)).toEqual(DB_FIELDS);
      else if (/ratio|percentage|^fragmentation$/.test(name)) expect(String(value)).toMatch(/^\d+(\.\d+)?$/);
      else expect(value).toBeTypeOf('number');
    }
    expect(Object.keys(pairs(all['db.9'])).slice(0, 2)).toEqual(DB_FIELDS);
  });

  it('STATS: what keys take is counted, and its parts add up', async () => {
    const before = await stats(target);
    for (let i = 0; i < 100; i++) await target.call('SET', `key:${i}`, 'x'.repeat(10_000), 'EX', 1000);
    const after = await stats(target);
    const grown = Number(after['total.allocated']) - Number(before['total.allocated']);
    expect(grown).toBeGreaterThan(900_000);
    expect(grown).toBeLessThan(3_000_000);
    expect(Number(after['dataset.bytes']) - Number(before['dataset.bytes'])).toBeGreaterThan(900_000);
    expect(Number(after['allocator.active'])).toBeGreaterThanOrEqual(Number(after['allocator.allocated']));
    expect(Number(after['allocator.resident'])).toBeGreaterThanOrEqual(Number(after['allocator.active']));
    expect(Number(after['peak.allocated'])).toBeGreaterThanOrEqual(Number(after['total.allocated']));
    expect(Number(after['keys.bytes-per-key'])).toBeGreaterThan(9_000);
    expect(Number(pairs(after['db.0'])['overhead.hashtable.main'])).toBeGreaterThan(100 * 8);
    expect(Number(pairs(after['db.0'])['overhead.hashtable.expires'])).toBeGreaterThan(100 * 8);
  });

  it('DOCTOR has nothing to say of an empty server', async () => {
    expect(await run('MEMORY DOCTOR')).toBe(
      "Hi Sam, this instance is empty or is using very little memory, my issues detector can't be used in these conditions. Please, leave for your mission on Earth and fill it with some data. The new Sam and I will be back to our programming as soon as I finished rebooting.\n",
    );
  });

  it('DOCTOR tells of a peak', async () => {
    await run('SETRANGE large 30000000 x');
    await run('SETRANGE other 10000000 x');
    // The peak is noted a few times a second.
    await expect
      .poll(async () => Number((await stats(target))['peak.allocated']), { timeout: 5000 })
      .toBeGreaterThan(40_000_000);
    await run('DEL large');
    const text = String(await run('MEMORY DOCTOR'));
    expect(text).toMatch(
      /^Sam, I detected a few issues in this Redis instance memory implants:\n\n \* Peak memory: /,
    );
    expect(text).toMatch(/I'm here to keep you safe, Sam. I want to help you.\n$/);
  });

  it('PURGE, MALLOC-STATS and HELP answer', async () => {
    await run('SET k v');
    expect(await run('MEMORY PURGE')).toBe('OK');
    expect(String(await run('MEMORY MALLOC-STATS'))).toMatch(
      /^___ Begin [a-z]+ statistics ___[\s\S]*--- End/,
    );
    expect(await run('MEMORY HELP')).toEqual([
      'MEMORY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
      'DOCTOR',
      '    Return memory problems reports.',
      'MALLOC-STATS',
      '    Return internal statistics report from the memory allocator.',
      'PURGE',
      '    Attempt to purge dirty pages for reclamation by the allocator.',
      'STATS',
      '    Return information about the memory usage of the server.',
      'USAGE <key> [SAMPLES <count>]',
      '    Return memory in bytes used by <key> and its value. Nested values are',
      '    sampled up to <count> times (default: 5, 0 means sample all).',
      'HELP',
      '    Prints this help.',
    ]);
  });

  it('bad calls', async () => {
    for (const command of ['STATS', 'DOCTOR', 'PURGE', 'MALLOC-STATS', 'HELP']) {
      expect(await run(`MEMORY ${command} x`)).toBe(
        `error: ERR wrong number of arguments for 'memory|${command.toLowerCase()}' command`,
      );
    }
    expect(await run('MEMORY USAGE')).toBe("error: ERR wrong number of arguments for 'memory|usage' command");
    expect(await run('MEMORY NONE')).toBe("error: ERR unknown subcommand 'NONE'. Try MEMORY HELP.");
    await run('SET k v');
    expect(await run('MEMORY USAGE k SAMPLES')).toBe('error: ERR syntax error');
    expect(await run('MEMORY USAGE k SAMPLES -1')).toBe('error: ERR syntax error');
    expect(await run('MEMORY USAGE k SAMPLES x')).toBe('error: ERR value is not an integer or out of range');
    expect(await run('MEMORY USAGE k OTHER 1')).toBe('error: ERR syntax error');
    expect(await run('MEMORY USAGE none')).toBeNull();
  });

  it('USAGE grows with the value, and SAMPLES 0 counts every element', async () => {
    for (let i = 0; i < 1000; i++)
      await target.call('HSET', 'h', `field:${i}`, 'x'.repeat(i < 500 ? 10 : 1000));
    const whole = Number(await run('MEMORY USAGE h SAMPLES 0'));
    expect(whole).toBeGreaterThan(510_000);
    expect(whole).toBeLessThan(1_200_000);
    expect(Number(await run('MEMORY USAGE h'))).toBeGreaterThan(10_000);
  });

  it('INFO memory agrees with itself and with STATS', async () => {
    for (let i = 0; i < 50; i++) await target.call('SET', `key:${i}`, 'x'.repeat(20_000));
    const all = await info(target);
    const number = (name: string) => Number(all[name]);
    expect(number('used_memory')).toBeGreaterThan(1_000_000);
    expect(number('used_memory_dataset') + number('used_memory_overhead')).toBe(number('used_memory'));
    expect(number('used_memory_peak')).toBeGreaterThanOrEqual(1_000_000);
    expect(number('used_memory_rss')).toBeGreaterThan(1_000_000);
    expect(number('allocator_frag_bytes')).toBe(number('allocator_active') - number('allocator_allocated'));
    expect(number('allocator_rss_bytes')).toBe(number('allocator_resident') - number('allocator_active'));
    expect(all.mem_allocator).toMatch(/^\w/);
    expect(all.used_memory_human).toMatch(/^\d+\.\d\d[KM]$/);
  });
});

const DB_FIELDS = ['overhead.hashtable.main', 'overhead.hashtable.expires'];

describeOnOurs('memory that is free again', ['--save', '', '--enable-debug-command', 'yes'], (target) => {
  const { run } = target;
  afterEach(async () => {
    await run('FLUSHALL');
  });

  it('goes back to the operating system when many keys have been deleted', async () => {
    await run('DEBUG POPULATE 1000000 key 200');
    const full = await info(target);
    expect(Number(full.allocator_resident)).toBeGreaterThan(200_000_000);
    const keys = Array.from({ length: 1000 }, (_, i) => i);
    for (let from = 0; from < 1_000_000; from += 1000) {
      await target.call('UNLINK', ...keys.map((i) => `key:${from + i}`));
    }
    await expect
      .poll(async () => Number((await info(target)).allocator_resident), { timeout: 30_000 })
      .toBeLessThan(70_000_000);
    await expect
      .poll(async () => Number((await info(target)).used_memory_rss), { timeout: 30_000 })
      .toBeLessThan(Number(full.used_memory_rss) - 150_000_000);
  }, 120_000);
});
