/** threadis-check-rdb: its verdict and its report, beside those of redis-check-rdb. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { oracleAvailable } from '../command/servers.ts';
import { COMPAT_70, FAR_MS, fileOf, fill, start } from './saved.ts';
import { newDirectory, REDIS, THREADIS } from './server-process.ts';

const CHECKER = fileURLToPath(new URL('../../bin/threadis-check-rdb', import.meta.url));

interface Verdict {
  code: number | null;
  lines: string[];
}

function ran(program: string, args: string[]): Verdict {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return { code: status, lines: (stdout + stderr).trimEnd().split('\n') };
}

const ours = (path: string) => ran(process.execPath, [CHECKER, path]);
const theirs = (path: string) => ran('redis-check-rdb', [path]);

/** A file with every value, saved by the program. */
async function saved(program: readonly string[], args: string[]): Promise<{ dir: string; path: string }> {
  const dir = newDirectory();
  const one = await start(program, dir, args);
  await fill(one);
  await one.ask('SELECT', 9);
  await one.ask('SET', 'there', 'v', 'PXAT', FAR_MS);
  await one.ask('SAVE');
  await one.kill();
  return { dir, path: join(dir, 'dump.rdb') };
}

describe('a sound file', () => {
  it.each([
    ['ours', THREADIS, COMPAT_70],
    ['ours without checksum', THREADIS, [...COMPAT_70, '--rdbchecksum', 'no', '--rdbcompression', 'no']],
    ['of the real server', REDIS, []],
  ] as const)('%s: the same report as redis-check-rdb gives', async (_, program, args) => {
    if (program === REDIS && !oracleAvailable()) return;
    const { path } = await saved(program, [...args]);
    const report = ours(path);
    expect(report.code).toBe(0);
    expect(report.lines).toContainEqual(expect.stringMatching(/^\[offset \d+\] \\o\/ RDB looks OK! \\o\/$/));
    if (oracleAvailable()) expect(report).toEqual(theirs(path));
  });

  it('of the newer forms, with times of fields', async () => {
    const dir = newDirectory();
    const one = await start(THREADIS, dir);
    await fill(one);
    await one.ask('HSET', 'h', 'f', 'v');
    await one.ask('HPEXPIREAT', 'h', FAR_MS, 'FIELDS', 1, 'f');
    await one.ask('BF.ADD', 'bloom', 'x');
    await one.ask('SAVE');
    expect(ours(join(dir, 'dump.rdb')).code).toBe(0);
  });

  it('counts keys, those that expire, and those whose time has passed', async () => {
    const dir = newDirectory();
    const one = await start(THREADIS, dir, COMPAT_70);
    await one.ask('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
    await one.ask('MSET', 'a', 1, 'b', 2);
    await one.ask('SET', 'c', 3, 'PX', 1);
    await one.ask('SET', 'd', 4, 'EX', 1000);
    await one.ask('SAVE');
    const { code, lines } = ours(join(dir, 'dump.rdb'));
    expect([code, lines.slice(-3)]).toEqual([
      0,
      ['[info] 4 keys read', '[info] 2 expires', '[info] 1 already expired'],
    ]);
  });
});

describe('a bad file', () => {
  it('says what was read, where, and what is wrong', async () => {
    const { dir, path } = await saved(THREADIS, [...COMPAT_70, '--rdbcompression', 'no']);
    const good = fileOf(dir);
    const reportOf = (bytes: Buffer) => {
      writeFileSync(path, bytes);
      const { code, lines } = ours(path);
      expect(code).toBe(1);
      expect(lines).toContain('--- RDB ERROR DETECTED ---');
      return lines.slice(lines.indexOf('--- RDB ERROR DETECTED ---') + 1).join('\n');
    };
    expect(reportOf(Buffer.alloc(0))).toMatch(
      /^\[offset 0\] .*too early\n\[additional info\] While doing: start\n/,
    );
    expect(reportOf(Buffer.from('not an RDB file'))).toMatch(/Wrong signature.*\n.*While doing: start/);
    const sum = Buffer.from(good);
    sum[sum.length - 1] ^= 1;
    expect(reportOf(sum)).toMatch(/checksum.*\n.*While doing: check-sum\n\[info\] \d+ keys read/);
    const hash = Buffer.from(good);
    const at = hash.indexOf('field:300');
    hash.write('field:299', at);
    expect(reportOf(hash)).toMatch(
      /a field of a hash twice\n.*While doing: read-object-value\n.*Reading key 'key:\d+'\n.*Reading type 4 \(hash-hashtable\)/,
    );
    expect(reportOf(good.subarray(0, good.length - 9))).toMatch(/too early\n.*While doing: read-type/);
  });

  it('is cut off anywhere: the verdict is that of redis-check-rdb', async () => {
    const { dir, path } = await saved(THREADIS, COMPAT_70);
    const good = fileOf(dir);
    const random = new Prng(99);
    for (let round = 0; round < 12; round++) {
      writeFileSync(path, good.subarray(0, random.below(good.length)));
      expect(ours(path).code).toBe(1);
      if (oracleAvailable()) expect(theirs(path).code).toBe(1);
    }
  });

  it('whatever it is, the checker says yes or no, and no only to what a server refuses', async () => {
    const { dir, path } = await saved(THREADIS, [...COMPAT_70, '--rdbchecksum', 'no']);
    const good = fileOf(dir);
    const server = await start(THREADIS, newDirectory(), [...COMPAT_70, '--rdbchecksum', 'no']);
    const random = new Prng(4);
    for (let round = 0; round < 25; round++) {
      const bad = Buffer.from(good);
      for (let changes = random.below(3); changes >= 0; changes--) {
        bad[9 + random.below(bad.length - 9)] = random.below(256);
      }
      writeFileSync(path, bad);
      writeFileSync(join(server.server.dir, 'dump.rdb'), bad);
      const { code, lines } = ours(path);
      expect([0, 1]).toContain(code);
      expect(lines.at(-1)).toMatch(/already expired$/);
      // Keys twice and databases that do not exist are for the server to find.
      if (code === 1) expect(await server.ask('DEBUG', 'RELOAD', 'NOSAVE')).toMatch(/^error/);
    }
    expect(readFileSync(path).length).toBe(good.length);
  });

  it('is not there, or not named: exit code 1', () => {
    expect(ours('/nonexistent/dump.rdb').code).toBe(1);
    expect(ours(newDirectory()).code).toBe(1);
    const { code, lines } = ran(process.execPath, [CHECKER]);
    expect([code, lines]).toEqual([1, ['Usage: threadis-check-rdb <rdb-file-name>']]);
  });
});
