/** KEYS and SCAN, over a socket, on our server and on the real one. */
import { expect, it } from 'vitest';
import { describeOnBoth } from './both-servers.ts';

const SYNTAX = 'error: ERR syntax error';
const CURSOR = 'error: ERR invalid cursor';

describeOnBoth('scan', [], ({ run, call }) => {
  async function populate(count: number, prefix = 'key:'): Promise<string[]> {
    const keys = Array.from({ length: count }, (_, i) => prefix + i);
    await call('MSET', ...keys.flatMap((key) => [key, 'v']));
    return keys;
  }

  /** All keys of a whole walk, in the order in which they came. */
  async function walk(options = ''): Promise<string[]> {
    const all: string[] = [];
    let cursor = '0';
    do {
      const [next, keys] = (await run(`SCAN ${cursor}${options}`)) as [string, string[]];
      all.push(...keys);
      cursor = next;
    } while (cursor !== '0');
    return all;
  }

  it('SCAN: a whole walk returns every key', async () => {
    const keys = await populate(2000);
    expect([...new Set(await walk())].sort()).toEqual([...keys].sort());
    expect([...new Set(await walk(' COUNT 5'))].sort()).toEqual([...keys].sort());
    expect([...new Set(await walk(' COUNT 100000'))].sort()).toEqual([...keys].sort());
  });

  it('SCAN: of an empty database ends at once', async () => {
    expect(await run('SCAN 0')).toEqual(['0', []]);
    expect(await run('SCAN 12345')).toEqual(['0', []]);
  });

  it('SCAN: MATCH and TYPE leave keys out', async () => {
    await populate(300);
    await populate(20, 'other:');
    expect((await walk(' MATCH other:*')).sort()).toHaveLength(20);
    expect(await walk(' MATCH key:??')).toHaveLength(90);
    expect(await walk(' MATCH * COUNT 1000')).toHaveLength(320);
    expect(await walk(' TYPE string')).toHaveLength(320);
    expect(await walk(' TYPE STRING MATCH other:*')).toHaveLength(20);
    expect(await walk(' TYPE list')).toEqual([]);
    expect(await walk(' TYPE nonsense')).toEqual([]);
    expect(await walk(' MATCH key:* MATCH other:1')).toEqual(['other:1']);
  });

  it('SCAN: keys that stay are returned while others come and go', async () => {
    const keys = await populate(500);
    const seen = new Set<string>();
    let cursor = '0';
    let round = 0;
    do {
      const [next, found] = (await run(`SCAN ${cursor} COUNT 20`)) as [string, string[]];
      for (const key of found) seen.add(key);
      cursor = next;
      if (round < 10) await populate(300, `more:${round}:`);
      else if (round < 20) {
        await call('DEL', ...Array.from({ length: 300 }, (_, i) => `more:${round - 10}:${i}`));
      }
      round++;
    } while (cursor !== '0');
    for (const key of keys) expect(seen.has(key), key).toBe(true);
  });

  it('SCAN, KEYS: leave expired keys out, and SCAN deletes them', async () => {
    await populate(10);
    await run('PEXPIRE key:1 1');
    await run('PEXPIRE key:2 1');
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await run('KEYS *')).toHaveLength(8);
    expect(await walk()).toHaveLength(8);
    expect(await run('DBSIZE')).toBe(8);
  });

  it.each([
    ['a', CURSOR],
    ['0x1', CURSOR],
    ['1 ', CURSOR],
    ['1a', CURSOR],
    ['18446744073709551616', CURSOR],
    [' 0', CURSOR],
    ['+', CURSOR],
    ['', ['0', []]],
    ['-1', ['0', []]],
    ['+0', ['0', []]],
    ['00', ['0', []]],
    ['18446744073709551615', ['0', []]],
  ])('SCAN: the cursor %j gives %j', async (cursor, reply) => {
    expect(await call('SCAN', cursor)).toEqual(reply);
  });

  it.each([
    ['COUNT 0', SYNTAX],
    ['COUNT -5', SYNTAX],
    ['COUNT', SYNTAX],
    ['MATCH', SYNTAX],
    ['NOVALUES', SYNTAX],
    ['FOO 1', SYNTAX],
    ['COUNT x', 'error: ERR value is not an integer or out of range'],
    ['FOO 1 COUNT x', SYNTAX],
  ])('SCAN: refuses %s', async (options, reply) => {
    expect(await run(`SCAN 0 ${options}`)).toBe(reply);
    expect(await run(`SCAN nonsense ${options}`)).toBe(CURSOR);
  });

  it('KEYS: matches patterns as SCAN does', async () => {
    await run('MSET key_x 1 key_y 2 foo_a 3 foo_b 4 foo? 5');
    const keys = async (pattern: string) => ((await call('KEYS', pattern)) as string[]).sort();
    expect(await keys('foo*')).toEqual(['foo?', 'foo_a', 'foo_b']);
    expect(await keys('*')).toHaveLength(5);
    expect(await keys('foo\\?')).toEqual(['foo?']);
    expect(await keys('[fk]*_[ax]')).toEqual(['foo_a', 'key_x']);
    expect(await keys('foo_[^a]')).toEqual(['foo_b']);
    expect(await keys('')).toEqual([]);
    expect(await keys('nothing')).toEqual([]);
  });

  it('KEYS: returns more keys than one reply block holds', async () => {
    const names = await populate(20_000, 'a-rather-long-name-for-a-key:');
    expect(((await run('KEYS *')) as string[]).sort()).toEqual(names.sort());
  });
});
