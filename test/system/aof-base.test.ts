/** The base of an append only file as commands (aof-use-rdb-preamble no), automatic rewriting that fails, and where temporary files are. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { oracleAvailable } from '../command/servers.ts';
import { COMPAT_70, DATABASES, eventually, fill, infoOf, type Started, start } from './saved.ts';
import { newDirectory, REDIS, THREADIS } from './server-process.ts';

const AOF = ['--appendonly', 'yes', '--aof-use-rdb-preamble', 'no', '--auto-aof-rewrite-percentage', '0'];

async function rewrite(one: Started): Promise<void> {
  await eventually(async () => (await infoOf(one)).aof_rewrite_in_progress === '0');
  expect(await one.ask('BGREWRITEAOF')).toMatch(/started|scheduled/);
  await eventually(async () => {
    const info = await infoOf(one);
    return info.aof_rewrite_in_progress === '0' && info.aof_rewrite_scheduled === '0';
  });
  expect((await infoOf(one)).aof_last_bgrewrite_status).toBe('ok');
}

/** The digest of all databases and the times of all keys. */
async function stateOf(one: Started): Promise<unknown[]> {
  const state: unknown[] = [await one.ask('DEBUG', 'DIGEST')];
  for (let db = 0; db < DATABASES; db++) {
    await one.ask('SELECT', db);
    const keys = ((await one.ask('KEYS', '*')) as string[]).sort();
    for (const key of keys) state.push([db, key, await one.ask('PEXPIRETIME', key)]);
  }
  await one.ask('SELECT', 0);
  return state;
}

const STREAM = [
  'XADD s 5-1 a 1 b 2',
  'XADD s 5-2 a 1 b 2',
  'XADD s 5-3 other x',
  'XADD s 18446744073709551615-7 a 3 b 4',
  'XDEL s 5-2',
  'XGROUP CREATE s g 0',
  'XGROUP CREATE s empty $ ENTRIESREAD 3',
  'XGROUP CREATECONSUMER s g idle',
  'XREADGROUP GROUP g busy COUNT 2 STREAMS s >',
  'XADD gone 7-7 f v',
  'XDEL gone 7-7',
];

/** What the digest does not see of streams. */
async function streamsOf(one: Started): Promise<unknown[]> {
  const infos = await Promise.all(['s', 'gone'].map((key) => one.ask('XINFO', 'STREAM', key)));
  const pending = await one.ask('XPENDING', 's', 'g', '-', '+', '10');
  const hidden = JSON.stringify([infos, pending, await one.ask('XINFO', 'GROUPS', 's')]);
  // How long something has been pending goes on counting; how the index is built is each server's own affair.
  return [hidden.replace(/"radix-tree-(keys|nodes)",\d+/g, '').replace(/"busy",\d+,/g, '')];
}

describe('a base of commands', () => {
  it('makes every value again, with its time; in ours and in the real server', async () => {
    const one = await start(THREADIS, newDirectory(), [...COMPAT_70, ...AOF]);
    const { dir } = one.server;
    expect(readdirSync(join(dir, 'appendonlydir'))).toContain('appendonly.aof.1.base.aof');
    await fill(one);
    for (const line of STREAM) expect(String(await one.ask(...line.split(' ')))).not.toMatch(/^error/);
    await rewrite(one);
    const state = await stateOf(one);
    const streams = await streamsOf(one);
    await one.kill();
    const base = readFileSync(join(dir, 'appendonlydir', 'appendonly.aof.2.base.aof'), 'latin1');
    expect(base.slice(0, 20)).toBe('*2\r\n$6\r\nSELECT\r\n$1\r\n');
    expect(base).not.toContain('RESTORE');
    const again = await start(THREADIS, dir, [...COMPAT_70, ...AOF]);
    expect(await stateOf(again)).toEqual(state);
    expect(await streamsOf(again)).toEqual(streams);
    await again.kill();
    if (!oracleAvailable()) return;
    const checked = spawnSync('redis-check-aof', [join(dir, 'appendonlydir', 'appendonly.aof.manifest')], {
      encoding: 'utf8',
    });
    expect(checked.stdout + checked.stderr).toContain('All AOF files and manifest are valid');
    const real = await start(REDIS, dir, AOF);
    expect(await stateOf(real)).toEqual(state);
    expect(await streamsOf(real)).toEqual(streams);
  });

  it('has fields with times and Bloom filters, too', async () => {
    const one = await start(THREADIS, newDirectory(), [...AOF, '--aof-timestamp-enabled', 'yes']);
    const { dir } = one.server;
    for (let i = 0; i < 200; i++) await one.ask('HSET', 'h', `field:${i}`, `value:${i}`);
    await one.ask('HPEXPIREAT', 'h', '4102444800123', 'FIELDS', '2', 'field:7', 'field:9');
    await one.ask('BF.RESERVE', 'b', '0.01', '100');
    await one.ask('BF.MADD', 'b', 'x', 'y');
    await rewrite(one);
    const digest = await one.ask('DEBUG', 'DIGEST');
    await one.kill();
    const base = readFileSync(join(dir, 'appendonlydir', 'appendonly.aof.2.base.aof'), 'latin1');
    expect(base).toMatch(/^#TS:\d+\r\n/);
    const again = await start(THREADIS, dir, AOF);
    expect(await again.ask('DEBUG', 'DIGEST')).toBe(digest);
    expect(await again.ask('HPEXPIRETIME', 'h', 'FIELDS', '3', 'field:7', 'field:8', 'field:9')).toEqual([
      4102444800123, -1, 4102444800123,
    ]);
    expect(await again.ask('BF.EXISTS', 'b', 'y')).toBe(1);
  });

  it.each([['yes'], ['no']])(
    'is all that a rewrite leaves while nothing is appended (RDB: %s)',
    async (rdb) => {
      const directory = newDirectory();
      const args = ['--aof-use-rdb-preamble', rdb, '--enable-debug-command', 'yes'];
      const one = await start(THREADIS, directory, args);
      await one.ask('SET', 'x', '10', 'EX', '1000');
      await one.ask('RPUSH', 'list', 'a', 'b');
      const before = await stateOf(one);
      await rewrite(one);
      const base = `appendonly.aof.1.base.${rdb === 'yes' ? 'rdb' : 'aof'}`;
      expect(readdirSync(join(directory, 'appendonlydir')).sort()).toEqual([base, 'appendonly.aof.manifest']);
      expect(await one.ask('DEBUG', 'LOADAOF')).toBe('OK');
      expect(await stateOf(one)).toEqual(before);
      await one.kill();
    },
  );

  it('and one of RDB take turns as the directive says', async () => {
    const one = await start(THREADIS, newDirectory(), AOF);
    const { dir } = one.server;
    await one.ask('SET', 'k', 'v');
    await one.ask('CONFIG', 'SET', 'aof-use-rdb-preamble', 'yes');
    await rewrite(one);
    expect(readdirSync(join(dir, 'appendonlydir'))).toContain('appendonly.aof.2.base.rdb');
    await one.ask('CONFIG', 'SET', 'aof-use-rdb-preamble', 'no');
    await rewrite(one);
    expect(readdirSync(join(dir, 'appendonlydir'))).toContain('appendonly.aof.3.base.aof');
    await one.kill();
    expect(await (await start(THREADIS, dir, AOF)).ask('GET', 'k')).toBe('v');
  });
});

describe('automatic rewriting', () => {
  it('that fails again and again is tried three times, then after a while; one by hand makes good', async () => {
    const args = ['--appendonly', 'yes', '--auto-aof-rewrite-min-size', '1mb'];
    const one = await start(THREADIS, newDirectory(), args);
    const { dir, child } = one.server;
    const blocker = join(dir, `temp-rewriteaof-bg-${child.pid}.aof.part`);
    mkdirSync(blocker);
    const grow = async () => {
      for (let i = 0; i < 30; i++) await one.ask('SET', 'k', String(i).padEnd(100_000, 'x'));
    };
    await grow();
    const log = () => one.server.output;
    await eventually(() => log().includes('will retry in 1 minutes'));
    expect(log().split('Background AOF rewrite error').length - 1).toBe(3);
    expect((await infoOf(one)).aof_rewrites_consecutive_failures).toBe('3');
    rmdirSync(blocker);
    await rewrite(one);
    expect((await infoOf(one)).aof_rewrites_consecutive_failures).toBe('0');
    await grow();
    await eventually(async () => Number((await infoOf(one)).aof_rewrites) >= 2);
  });

  it('comes not soon after one that took long, until the file has grown much further', async () => {
    const limits = ['--auto-aof-rewrite-min-size', '1mb', '--rdb-key-save-delay', '100000'];
    const one = await start(THREADIS, newDirectory(), ['--appendonly', 'yes', ...limits]);
    const grow = async (megabytes: number) => {
      for (let i = 0; i < megabytes * 10; i++) await one.ask('SET', 'k', String(i).padEnd(104_858, 'x'));
    };
    const rewrites = async () => Number((await infoOf(one)).aof_rewrites);
    for (let i = 0; i < 5; i++) await one.ask('SET', `other:${i}`, 'v');
    await grow(1);
    // 6 keys take more than half a second: the next one is not before half a minute.
    await eventually(async () => (await rewrites()) === 1);
    await one.ask('CONFIG', 'SET', 'rdb-key-save-delay', '0');
    await grow(3);
    for (let i = 0; i < 10; i++) await one.ask('BLPOP', 'nothing', '0.1');
    const info = await infoOf(one);
    expect([info.aof_rewrites, info.aof_rewrite_in_progress]).toEqual(['1', '0']);
    await grow(3);
    await eventually(async () => (await rewrites()) === 2);
  });
});

describe('temporary files', () => {
  it('that a killed process left behind are removed by the next save, others stay', async () => {
    const one = await start(THREADIS, newDirectory());
    const { dir } = one.server;
    const gone = spawnSync('true').pid;
    const strays = [
      `temp-${gone}.rdb`,
      `temp-rewriteaof-bg-${gone}.aof`,
      `temp-rewriteaof-bg-${gone}.aof.part`,
    ];
    const others = [`temp-${process.pid}.rdb`, 'temp-x.rdb', `temp-${gone}.rdb.old`];
    for (const name of [...strays, ...others]) {
      writeFileSync(join(dir, name), 'x');
      utimesSync(join(dir, name), 1, 1);
    }
    const young = join(dir, `temp-${gone}1.rdb`);
    writeFileSync(young, 'x');
    await one.ask('SAVE');
    expect(strays.filter((name) => existsSync(join(dir, name)))).toEqual([]);
    expect(others.filter((name) => existsSync(join(dir, name)))).toEqual(others);
    expect(existsSync(young)).toBe(true);
  });

  it('a save goes on in the directory in which it began', async () => {
    const one = await start(THREADIS, newDirectory(), [
      '--rdb-key-save-delay',
      '1000000',
      '--enable-protected-configs',
      'yes',
    ]);
    const { dir } = one.server;
    await one.ask('SET', 'k', 'v');
    await one.ask('BGSAVE');
    const other = newDirectory();
    expect(await one.ask('CONFIG', 'SET', 'dir', other)).toBe('OK');
    await one.ask('CONFIG', 'SET', 'rdb-key-save-delay', '0');
    await eventually(async () => (await infoOf(one)).rdb_bgsave_in_progress === '0');
    expect((await infoOf(one)).rdb_last_bgsave_status).toBe('ok');
    expect(readdirSync(dir)).toContain('dump.rdb');
    expect(readdirSync(other)).toEqual([]);
  });
});
