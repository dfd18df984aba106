/** When snapshots are saved and loaded, and what clients see of it: the same on both servers. */
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RawClient, readable } from '../command/raw-client.ts';
import { oracleAvailable } from '../command/servers.ts';
import { COMPAT_70, eventually, fill, infoOf, startLoading, start as startProgram } from './saved.ts';
import { newDirectory, REDIS, THREADIS } from './server-process.ts';

const POINTS = ['--save', '3600 1'];
/** Save points that no test reaches, so that writes are refused after a save that failed, but nothing is tried again. */
const FAR_POINTS = ['--save', '36000 1000000'];
const MISCONF = /^error: MISCONF Redis is configured to save RDB snapshots/;

/** The fields of INFO persistence, in order; the run with the real server checks them. */
const NAMES = [
  'loading',
  'async_loading',
  'current_cow_peak',
  'current_cow_size',
  'current_cow_size_age',
  'current_fork_perc',
  'current_save_keys_processed',
  'current_save_keys_total',
  'rdb_changes_since_last_save',
  'rdb_bgsave_in_progress',
  'rdb_last_save_time',
  'rdb_last_bgsave_status',
  'rdb_last_bgsave_time_sec',
  'rdb_current_bgsave_time_sec',
  'rdb_saves',
  'rdb_last_cow_size',
  'rdb_last_load_keys_expired',
  'rdb_last_load_keys_loaded',
  'aof_enabled',
  'aof_rewrite_in_progress',
  'aof_rewrite_scheduled',
  'aof_last_rewrite_time_sec',
  'aof_current_rewrite_time_sec',
  'aof_last_bgrewrite_status',
  'aof_rewrites',
  'aof_rewrites_consecutive_failures',
  'aof_last_write_status',
  'aof_last_cow_size',
  'module_fork_in_progress',
  'module_fork_last_cow_size',
];
const LOADING_NAMES = [
  'loading_start_time',
  'loading_total_bytes',
  'loading_rdb_used_mem',
  'loading_loaded_bytes',
  'loading_loaded_perc',
  'loading_eta_seconds',
];

describe.each([
  ['threadis', THREADIS, COMPAT_70, true],
  ['redis-server', REDIS, [], oracleAvailable()],
] as const)('%s', (_, program, basic, available) => {
  const test = it.skipIf(!available);
  const start = (args: string[] = [], dir = newDirectory()) =>
    startProgram(program, dir, [...basic, ...args]);
  const pathIn = (dir: string) => join(dir, 'dump.rdb');

  describe('the end of the process', () => {
    test.each([
      [POINTS, [], true],
      [POINTS, ['NOSAVE'], false],
      [POINTS, ['SAVE'], true],
      [POINTS, ['NOSAVE', 'NOW', 'FORCE'], false],
      [[], [], false],
      [[], ['SAVE'], true],
    ])('%j, SHUTDOWN %j: saves %s', async (args, words, saves) => {
      const one = await start(args);
      await one.ask('SET', 'k', 'v');
      await expect(one.client.call('SHUTDOWN', ...words)).rejects.toThrow();
      expect(await one.server.ended).toBe(0);
      expect(existsSync(pathIn(one.server.dir))).toBe(saves);
      if (!saves) return;
      const again = await start(args, one.server.dir);
      expect(await again.ask('GET', 'k')).toBe('v');
    });

    test.each([
      ['SIGTERM', POINTS, true],
      ['SIGINT', POINTS, true],
      ['SIGTERM', [], false],
      ['SIGTERM', [...POINTS, '--shutdown-on-sigterm', 'nosave'], false],
      ['SIGINT', ['--shutdown-on-sigint', 'save'], true],
    ] as const)('%s with %j: saves %s', async (signal, args, saves) => {
      const one = await start([...args]);
      await one.ask('SET', 'k', 'v');
      one.server.signal(signal);
      expect(await one.server.ended).toBe(0);
      expect(existsSync(pathIn(one.server.dir))).toBe(saves);
    });

    test('SHUTDOWN: is refused where the file cannot be written, but for NOSAVE and FORCE', async () => {
      for (const words of [['NOSAVE'], ['FORCE']]) {
        const one = await start(POINTS);
        mkdirSync(pathIn(one.server.dir));
        await one.ask('SET', 'k', 'v');
        for (const refused of [[], ['SAVE'], ['NOW']]) {
          expect(await one.ask('SHUTDOWN', ...refused)).toBe(
            'error: ERR Errors trying to SHUTDOWN. Check logs.',
          );
        }
        expect(await one.ask('GET', 'k')).toBe('v');
        await expect(one.client.call('SHUTDOWN', ...words)).rejects.toThrow();
        expect(await one.server.ended).toBe(0);
      }
    });

    test('SHUTDOWN: one that is refused leaves the append only file open', async () => {
      const one = await start([...POINTS, '--appendonly', 'yes']);
      mkdirSync(pathIn(one.server.dir));
      await one.ask('SET', 'before', '1');
      expect(await one.ask('SHUTDOWN')).toMatch(/^error: ERR Errors trying to SHUTDOWN/);
      await one.ask('SET', 'after', '2');
      await expect(one.client.call('SHUTDOWN', 'FORCE')).rejects.toThrow();
      expect(await one.server.ended).toBe(0);
      const again = await start(['--appendonly', 'yes'], one.server.dir);
      expect(await again.ask('MGET', 'before', 'after')).toEqual(['1', '2']);
    });

    test('SIGTERM: is not followed where the file cannot be written, and is once it can', async () => {
      const one = await start(POINTS);
      mkdirSync(pathIn(one.server.dir));
      await one.ask('SET', 'k', 'v');
      one.server.signal('SIGTERM');
      await one.server.wrote('Errors trying to shut down the server');
      expect(await one.ask('GET', 'k')).toBe('v');
      rmdirSync(pathIn(one.server.dir));
      one.server.signal('SIGTERM');
      expect(await one.server.ended).toBe(0);
      expect(existsSync(pathIn(one.server.dir))).toBe(true);
    });

    test('SHUTDOWN and SIGTERM: nothing is answered that is not saved', async () => {
      for (const [way, threads] of [
        ['SHUTDOWN', '1'],
        ['SIGTERM', '1'],
        ['SHUTDOWN', '3'],
        ['SIGTERM', '3'],
      ] as const) {
        const one = await start([...POINTS, '--io-threads', threads]);
        const busy = await Promise.all([1, 2, 3].map(() => RawClient.connect(one.port)));
        const answered = [0, 0, 0];
        const writing = busy.map(async (client, i) => {
          for (;;) {
            const replies = Array.from({ length: 50 }, () => client.call('INCR', `counter:${i}`));
            for (const reply of replies) reply.then((n) => (answered[i] = Number(n))).catch(() => {});
            await Promise.all(replies);
          }
        });
        for (const end of writing) end.catch(() => {});
        await eventually(() => answered.every((n) => n > 500));
        if (way === 'SIGTERM') one.server.signal(way);
        else one.client.call('SHUTDOWN').catch(() => {});
        expect(await one.server.ended).toBe(0);
        await Promise.allSettled(writing);
        for (const client of busy) client.close();
        const again = await start([], one.server.dir);
        for (const [i, n] of answered.entries()) {
          expect(Number(await again.ask('GET', `counter:${i}`))).toBeGreaterThanOrEqual(n);
        }
      }
    });

    test('SHUTDOWN: gives up a save in progress', async () => {
      const one = await start([...POINTS, '--rdb-key-save-delay', '2000000']);
      await one.ask('MSET', 'a', '1', 'b', '2');
      await one.ask('BGSAVE');
      await one.ask('CONFIG', 'SET', 'rdb-key-save-delay', '0');
      await expect(one.client.call('SHUTDOWN')).rejects.toThrow();
      expect(await one.server.ended).toBe(0);
      const again = await start(POINTS, one.server.dir);
      expect(await again.ask('MGET', 'a', 'b')).toEqual(['1', '2']);
    });
  });

  describe('saves that fail', () => {
    test('BGSAVE: writes are refused after it until one goes well', async () => {
      const one = await start(FAR_POINTS);
      await one.ask('SET', 'k', 'v');
      const before = await one.ask('LASTSAVE');
      mkdirSync(pathIn(one.server.dir));
      expect(await one.ask('BGSAVE')).toBe('Background saving started');
      await eventually(async () => (await infoOf(one)).rdb_last_bgsave_status === 'err');
      expect(await one.ask('SET', 'k', 'w')).toMatch(MISCONF);
      expect(await one.ask('PING')).toMatch(MISCONF);
      expect(await one.ask('GET', 'k')).toBe('v');
      expect(await one.ask('LASTSAVE')).toBe(before);
      expect((await infoOf(one)).rdb_changes_since_last_save).toBe('1');
      await one.ask('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no');
      expect(await one.ask('SET', 'k', 'w')).toBe('OK');
      await one.ask('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'yes');
      expect(await one.ask('SET', 'k', 'x')).toMatch(MISCONF);
      await one.ask('CONFIG', 'SET', 'save', '');
      expect(await one.ask('SET', 'k', 'x')).toBe('OK');
      await one.ask('CONFIG', 'SET', 'save', '36000 1000000');
      expect(await one.ask('SET', 'k', 'y')).toMatch(MISCONF);
      rmdirSync(pathIn(one.server.dir));
      await one.ask('BGSAVE');
      await eventually(async () => (await infoOf(one)).rdb_last_bgsave_status === 'ok');
      expect(await one.ask('SET', 'k', 'y')).toBe('OK');
      expect(existsSync(pathIn(one.server.dir))).toBe(true);
    });

    test('SAVE: says so and changes nothing else; one that goes well mends what BGSAVE left', async () => {
      const one = await start(FAR_POINTS);
      await one.ask('SET', 'k', 'v');
      mkdirSync(pathIn(one.server.dir));
      expect(await one.ask('SAVE')).toMatch(/^error: ERR/);
      expect((await infoOf(one)).rdb_last_bgsave_status).toBe('ok');
      expect(await one.ask('SET', 'k', 'w')).toBe('OK');
      await one.ask('BGSAVE');
      await eventually(async () => (await infoOf(one)).rdb_last_bgsave_status === 'err');
      rmdirSync(pathIn(one.server.dir));
      expect(await one.ask('SAVE')).toBe('OK');
      expect(await one.ask('SET', 'k', 'x')).toBe('OK');
      expect((await infoOf(one)).rdb_last_bgsave_status).toBe('ok');
    });

    test('a directory that is gone: SAVE and BGSAVE fail, no file is left behind', async () => {
      const one = await start(['--enable-protected-configs', 'yes']);
      const other = newDirectory();
      await one.ask('CONFIG', 'SET', 'dir', other);
      rmSync(other, { recursive: true });
      expect(await one.ask('SAVE')).toMatch(/^error: ERR/);
      await one.ask('BGSAVE');
      await eventually(async () => (await infoOf(one)).rdb_last_bgsave_status === 'err');
    });
  });

  describe('when it saves', () => {
    test('save points: after so many changes in so many seconds, not before', async () => {
      const one = await start(['--save', '1 3']);
      const before = Number(await one.ask('LASTSAVE'));
      await one.ask('MSET', 'a', '1', 'b', '2');
      await eventually(async () => Number(((await one.ask('TIME')) as string[])[0]) > before + 2);
      expect(existsSync(pathIn(one.server.dir))).toBe(false);
      await one.ask('SET', 'c', '3');
      await eventually(async () => (await infoOf(one)).rdb_saves === '1');
      await eventually(async () => (await infoOf(one)).rdb_bgsave_in_progress === '0');
      expect((await infoOf(one)).rdb_changes_since_last_save).toBe('0');
      expect(Number(await one.ask('LASTSAVE'))).toBeGreaterThan(before);
      await one.server.wrote('3 changes in 1 seconds. Saving...');
      expect(existsSync(pathIn(one.server.dir))).toBe(true);
    });

    test('FLUSHALL: saves at once where save points are set, and only there', async () => {
      const one = await start(POINTS);
      await one.ask('MSET', 'a', '1', 'b', '2');
      expect((await infoOf(one)).rdb_changes_since_last_save).toBe('2');
      expect(await one.ask('FLUSHALL')).toBe('OK');
      expect((await infoOf(one)).rdb_changes_since_last_save).toBe('0');
      expect(existsSync(pathIn(one.server.dir))).toBe(true);
      expect((await infoOf(one)).rdb_saves).toBe('0');
      rmSync(pathIn(one.server.dir));
      await one.ask('SET', 'a', '1');
      await one.ask('FLUSHDB');
      expect(existsSync(pathIn(one.server.dir))).toBe(false);
      await one.ask('CONFIG', 'SET', 'save', '');
      await one.ask('FLUSHALL');
      expect(existsSync(pathIn(one.server.dir))).toBe(false);
    });

    test('FLUSHALL: gives up a save in progress', async () => {
      const one = await start(['--rdb-key-save-delay', '2000000']);
      await one.ask('MSET', 'a', '1', 'b', '2');
      await one.ask('BGSAVE');
      expect((await infoOf(one)).rdb_bgsave_in_progress).toBe('1');
      expect(await one.ask('FLUSHALL')).toBe('OK');
      await eventually(async () => (await infoOf(one)).rdb_bgsave_in_progress === '0');
      expect(existsSync(pathIn(one.server.dir))).toBe(false);
    });

    test('BGSAVE: one at a time; SCHEDULE and transactions', async () => {
      const one = await start(['--rdb-key-save-delay', '300000']);
      const { ask } = one;
      await ask('MSET', 'a', '1', 'b', '2');
      expect(await ask('BGSAVE', 'what')).toBe('error: ERR syntax error');
      expect(await ask('BGSAVE', 'SCHEDULE', 'x')).toBe('error: ERR syntax error');
      expect(await ask('BGSAVE', 'schedule')).toBe('Background saving started');
      expect(await ask('BGSAVE')).toBe('error: ERR Background save already in progress');
      expect(await ask('BGSAVE', 'SCHEDULE')).toBe('error: ERR Background save already in progress');
      expect(await ask('SAVE')).toBe('error: ERR Background save already in progress');
      const info = await infoOf(one);
      expect([info.rdb_bgsave_in_progress, info.rdb_saves]).toEqual(['1', '1']);
      expect(Number(info.rdb_current_bgsave_time_sec)).toBeGreaterThanOrEqual(0);
      await ask('CONFIG', 'SET', 'rdb-key-save-delay', '0');
      await eventually(async () => (await infoOf(one)).rdb_bgsave_in_progress === '0');
      expect(existsSync(pathIn(one.server.dir))).toBe(true);
      for (const command of [
        ['MULTI'],
        ['SET', 'c', '3'],
        ['BGSAVE'],
        ['BGSAVE', 'SCHEDULE'],
        ['SET', 'd', '4'],
      ])
        await ask(...command);
      const scheduled = 'Background saving scheduled';
      expect(await ask('EXEC')).toEqual(['OK', scheduled, scheduled, 'OK']);
      await eventually(async () => (await infoOf(one)).rdb_saves === '2');
      await eventually(async () => (await infoOf(one)).rdb_bgsave_in_progress === '0');
      expect((await infoOf(one)).rdb_changes_since_last_save).toBe('0');
      await ask('MULTI');
      expect(await ask('SAVE')).toBe('error: ERR Command not allowed inside a transaction');
    });

    test('LASTSAVE: is the start of the server, then the last save that went well', async () => {
      const one = await start();
      const first = Number(await one.ask('LASTSAVE'));
      expect(Math.abs(first - Date.now() / 1000)).toBeLessThan(20);
      await eventually(async () => Number(((await one.ask('TIME')) as string[])[0]) > first + 1);
      expect(await one.ask('SAVE')).toBe('OK');
      expect(Number(await one.ask('LASTSAVE'))).toBeGreaterThan(first);
    });

    test('the names of temporary files: none is left, neither after a save nor after one that was given up', async () => {
      const one = await start();
      await one.ask('SET', 'k', 'v');
      await one.ask('SAVE');
      await one.ask('CONFIG', 'SET', 'rdb-key-save-delay', '2000000');
      await one.ask('BGSAVE');
      await one.ask('FLUSHALL');
      await eventually(async () => readdirSync(one.server.dir).join() === 'dump.rdb');
    });
  });

  describe('loading', () => {
    /** A server that takes its time to load some thousand keys. */
    async function slowLoad() {
      const saver = await start();
      await fill(saver);
      await saver.ask('DEBUG', 'POPULATE', '3000');
      const digest = await saver.ask('DEBUG', 'DIGEST');
      await saver.ask('SAVE');
      await saver.kill();
      const args = ['--key-load-delay', '2000', '--loading-process-events-interval-bytes', '1024'];
      const one = await startLoading(program, saver.server.dir, [...basic, ...args]);
      return { ...one, digest };
    }

    test('few commands may run meanwhile, and INFO tells how far it is', async () => {
      const one = await slowLoad();
      const { ask } = one;
      expect(await ask('GET', 'k')).toBe('error: LOADING Redis is loading the dataset in memory');
      expect(await ask('SET', 'k', 'v')).toBe('error: LOADING Redis is loading the dataset in memory');
      for (const command of [['BGSAVE'], ['SAVE'], ['FLUSHALL'], ['DBSIZE']]) {
        expect([command, await ask(...command)]).toEqual([command, expect.stringMatching(/LOADING|ERR/)]);
      }
      expect(await ask('PING')).toMatch(/LOADING/);
      expect(await ask('SELECT', '1')).toBe('OK');
      expect(await ask('CONFIG', 'GET', 'dbfilename')).toEqual(['dbfilename', 'dump.rdb']);
      await ask('MULTI');
      expect(await ask('GET', 'k')).toMatch(/LOADING/);
      expect(await ask('EXEC')).toMatch(/^error: EXECABORT/);
      const info = await infoOf(one);
      expect(Object.keys(info)).toEqual([...NAMES, ...LOADING_NAMES]);
      expect(info.loading).toBe('1');
      expect(Number(info.loading_total_bytes)).toBeGreaterThan(10_000);
      expect(Number(info.loading_loaded_perc)).toBeLessThan(100);
      await eventually(async () => Number((await infoOf(one)).loading_loaded_bytes ?? 0) > 0);
      expect(await ask('CONFIG', 'SET', 'key-load-delay', '0')).toBe('OK');
      await eventually(async () => (await infoOf(one)).loading === '0');
      expect(await ask('DEBUG', 'DIGEST')).toBe(one.digest);
      expect(Number((await infoOf(one)).rdb_last_load_keys_loaded)).toBeGreaterThan(3000);
    });

    test('SHUTDOWN and SIGTERM end it, and leave the file as it was', async () => {
      for (const way of ['SHUTDOWN', 'SIGTERM'] as const) {
        const one = await slowLoad();
        await one.ask('CONFIG', 'SET', 'save', '3600 1');
        if (way === 'SIGTERM') one.server.signal(way);
        else await expect(one.client.call('SHUTDOWN')).rejects.toThrow();
        expect(await one.server.ended).toBe(0);
        const again = await start([], one.server.dir);
        expect(await again.ask('DEBUG', 'DIGEST')).toBe(one.digest);
      }
    });

    test('keys whose time has passed are left out', async () => {
      const one = await start();
      await one.ask('DEBUG', 'SET-ACTIVE-EXPIRE', '0');
      for (let i = 0; i < 10; i++) await one.ask('SET', `gone:${i}`, 'v', 'PX', '1');
      await one.ask('SET', 'stays', 'v', 'EX', '1000');
      await one.ask('SET', 'forever', 'v');
      await one.ask('SAVE');
      await one.kill();
      const again = await start([], one.server.dir);
      expect(await again.ask('DBSIZE')).toBe(2);
      const info = await infoOf(again);
      expect([info.rdb_last_load_keys_loaded, info.rdb_last_load_keys_expired]).toEqual(['2', '10']);
      expect(again.server.output).toContain('Done loading RDB, keys loaded: 2, keys expired: 10.');
      expect(Number(await again.ask('TTL', 'stays'))).toBeGreaterThan(900);
      expect(info.rdb_changes_since_last_save).toBe('0');
    });
  });

  test('INFO persistence has the fields of the real server', async () => {
    const one = await start();
    expect(Object.keys(await infoOf(one))).toEqual(NAMES);
  });

  test('a client that waits for a key is served by what comes after loading', async () => {
    const one = await start();
    await one.ask('SET', 'k', 'v');
    expect(await one.ask('DEBUG', 'RELOAD')).toBe('OK');
    const waiting = await RawClient.connect(one.port);
    const reply = waiting.call('BLPOP', 'list', '0');
    await one.ask('DEBUG', 'RELOAD');
    await one.ask('RPUSH', 'list', 'a');
    expect(readable(await reply)).toEqual(['list', 'a']);
    waiting.close();
  });
});
