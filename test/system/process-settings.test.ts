/** What the operating system shows of the process: its title and its oom score, and what signals do after CONFIG SET. Beside redis-server. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RawClient } from '../command/raw-client.ts';
import { freePort, oracleAvailable } from '../command/servers.ts';
import { REDIS, ServerProcess, THREADIS } from './server-process.ts';

let server: ServerProcess;
let client: RawClient;
let port: number;

async function start(program: readonly string[], ...args: string[]): Promise<void> {
  port = await freePort();
  const all = ['--port', String(port), ...args, '--save', ''];
  server = new ServerProcess(all, {}, undefined, program);
  await server.wrote('eady to accept connections');
  client = await RawClient.connect(port);
}

afterEach(async () => {
  client.close();
  await server.clean();
});

const proc = (file: string) => readFileSync(`/proc/${server.child.pid}/${file}`, 'latin1');
const title = () => proc('cmdline').replace(/\0+$/, '');
const score = () => Number(proc('oom_score_adj'));
const set = async (...words: string[]) => String(await client.call('CONFIG', 'SET', ...words));

/** Not everyone may make a process less likely to be ended. */
const mayLower = spawnSync('sh', ['-c', 'echo -500 >/proc/self/oom_score_adj']).status === 0;

for (const [name, program] of [['threadis', THREADIS] as const, ['redis', REDIS] as const]) {
  const here = existsSync('/proc/self/oom_score_adj') && (name === 'threadis' || oracleAvailable());
  const called = basename(program.at(-1)!);

  describe.skipIf(!here)(`${name}: the process`, () => {
    it('is called by the template, at the start and when CONFIG SET changes it or what it tells of', async () => {
      await start(program);
      expect(title()).toBe(`${called} *:${port}`);
      expect(await set('proc-title-template', '{{x} {title}{server-mode} {port} {tls-port}| ')).toBe('OK');
      expect(title()).toBe(`{x} ${called} ${port} 0|`);
      expect(await set('proc-title-template', '{listen-addr}')).toBe('OK');
      const other = await freePort();
      expect(await set('bind', '127.0.0.1', 'port', String(other))).toBe('OK');
      expect(title()).toBe(`127.0.0.1:${other}`);
      expect(await set('proc-title-template', '{nothing}')).toContain('template format is invalid');
      expect(title()).toBe(`127.0.0.1:${other}`);
    });

    it('keeps its command line with set-proc-title no, until CONFIG SET gives a template', async () => {
      await start(program, '--set-proc-title', 'no');
      expect(title().split('\0')).toContain('--set-proc-title');
      expect(await set('proc-title-template', 'other')).toBe('OK');
      expect(title().split('\0')[0]).toBe('other');
    });

    it('has the oom score that is asked for, relative or absolute, and its own again after no', async () => {
      await start(program);
      const before = score();
      expect(await set('oom-score-adj-values', '30 40 50')).toBe('OK');
      expect(score()).toBe(before);
      expect(await set('oom-score-adj', 'yes')).toBe('OK');
      expect(score()).toBe(before + 30);
      expect(await set('oom-score-adj', 'absolute', 'oom-score-adj-values', '500 600 700')).toBe('OK');
      expect(score()).toBe(500);
      expect(await set('oom-score-adj', 'relative', 'oom-score-adj-values', '7 8 9')).toBe('OK');
      expect(score()).toBe(before + 7);
      expect(await set('oom-score-adj-values', '2000 2000 2000')).toBe('OK');
      expect(score()).toBe(1000);
      expect(await set('oom-score-adj', 'no')).toBe('OK');
      expect(score()).toBe(before);
    });

    it('has the oom score of the command line', async () => {
      await start(program, '--oom-score-adj', 'absolute', '--oom-score-adj-values', '321', '400', '500');
      // Redis sets it after it has said that it is ready.
      await expect.poll(score).toBe(321);
    });

    it.skipIf(mayLower)('refuses a score that the system refuses, and keeps what it has', async () => {
      await start(program, '--oom-score-adj', 'absolute', '--oom-score-adj-values', '10', '20', '30');
      expect(await set('oom-score-adj-values', '-500 20 30')).toContain(
        `ERR CONFIG SET failed (possibly related to argument 'oom-score-adj-values') - Failed to set current oom_score_adj. Check server logs.`,
      );
      expect(await client.call('CONFIG', 'GET', 'oom-score-adj-values')).toEqual(
        ['oom-score-adj-values', '10 20 30'].map((text) => Buffer.from(text)),
      );
      expect(score()).toBe(10);
      await server.wrote('Unable to write oom_score_adj');
    });

    it('acts on shutdown-on-sigterm as CONFIG SET left it', async () => {
      await start(program, '--shutdown-on-sigterm', 'nosave');
      expect(await set('shutdown-on-sigterm', 'save')).toBe('OK');
      await client.call('SET', 'key', 'value');
      server.signal('SIGTERM');
      expect(await server.ended).toBe(0);
      expect(existsSync(`${server.dir}/dump.rdb`)).toBe(true);
    });
  });
}
