/** What becomes of the append only file, and of those who wait for it, when the disk is full, a thread dies, settings change, or the file is damaged. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeCommand } from '../command/raw-client.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';
import { Load } from './aof-load.ts';
import { AofServer } from './aof-server.ts';

let server: AofServer;
afterEach(() => server.clean());

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const increment = (n = 1) => join(server.aofDir, `appendonly.aof.${n}.incr.aof`);

/** Asks again and again until the reply is as it should be. */
async function becomes(right: (reply: unknown) => boolean, ...command: string[]): Promise<void> {
  while (!right(await server.ask(...command))) await pause(20);
}

/** How large a file of the server may become. */
function limitFiles(size: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(server.running.child.pid), `--fsize=${size}:unlimited`]);
}

const isMisconf = (reply: unknown) =>
  String(reply).startsWith('error: MISCONF Errors writing to the AOF file: ');

/** With one the io worker on the executor's thread writes the file, with two bio does. */
const THREADS = ['1', '2'];

describe.each(THREADS)('io-threads %s: a disk that is full', (threads) => {
  it.each(['everysec', 'no'])(
    'appendfsync %s: writes are refused, reads go on, and all is well when there is room',
    async (policy) => {
      server = new AofServer(['--appendfsync', policy, '--io-threads', threads]);
      await server.start();
      await server.ask('SET', 'before', '1');
      limitFiles(statSync(increment()).size + 20_000);
      const client = await server.connect();
      let accepted = 0;
      for (let n = 1; ; n++) {
        const reply = await client.call('RPUSH', 'list', n);
        if (!(reply instanceof Error)) accepted = n;
        if (isMisconf(`error: ${reply instanceof Error ? reply.message : ''}`)) break;
      }
      expect(await server.ask('SET', 'a', 'b')).toBe(
        'error: MISCONF Errors writing to the AOF file: File too large',
      );
      expect(await server.ask('GET', 'before')).toBe('1');
      expect(await server.ask('LLEN', 'list')).toBe(accepted);
      expect(isMisconf(await server.ask('PING'))).toBe(true);
      expect(String(await server.ask('BGREWRITEAOF'))).toMatch(/^error: ERR Can't execute/);
      expect(await server.ask('CONFIG', 'SET', 'maxmemory', '0')).toBe('OK');
      await client.call('MULTI');
      expect(String(await client.call('SET', 'a', 'b'))).toContain('MISCONF');
      expect(String(await client.call('EXEC'))).toContain('EXECABORT');
      limitFiles('unlimited');
      await becomes((reply) => reply === 'OK', 'SET', 'a', 'b');
      expect(server.running.output).toContain('AOF write error looks solved');
      await server.kill();
      await server.start();
      expect(await server.ask('LLEN', 'list')).toBe(accepted);
      expect(await server.ask('LINDEX', 'list', -1)).toBe(String(accepted));
      expect(await server.ask('GET', 'a')).toBe('b');
      expect(server.running.output).not.toContain('short read');
    },
    30_000,
  );

  it('appendfsync everysec: more than the ring holds does not stop the server', async () => {
    server = new AofServer(['--appendfsync', 'everysec', '--io-threads', threads]);
    await server.start();
    limitFiles(statSync(increment()).size + 100);
    const value = 'v'.repeat(9 << 20);
    const client = await server.connect();
    expect(String(await client.call('SET', 'large', value))).toBe('OK');
    await becomes(isMisconf, 'SET', 'a', 'b');
    expect(await server.ask('STRLEN', 'large')).toBe(value.length);
    limitFiles('unlimited');
    await becomes((reply) => reply === 'OK', 'SET', 'a', 'b');
    await server.kill();
    await server.start();
    expect(await server.ask('STRLEN', 'large')).toBe(value.length);
    expect(await server.ask('GET', 'a')).toBe('b');
  }, 30_000);

  it('appendfsync everysec: appending can be turned off and on again', async () => {
    server = new AofServer(['--appendfsync', 'everysec', '--io-threads', threads]);
    await server.start();
    limitFiles(statSync(increment()).size + 100);
    await server.ask('SET', 'large', 'v'.repeat(9 << 20));
    await becomes(isMisconf, 'SET', 'a', 'b');
    expect(await server.ask('CONFIG', 'SET', 'appendonly', 'no')).toBe('OK');
    expect(await server.ask('SET', 'a', 'c')).toBe('OK');
    limitFiles('unlimited');
    expect(await server.ask('CONFIG', 'SET', 'appendonly', 'yes')).toBe('OK');
    await becomes((reply) => String(reply).includes('aof_rewrite_in_progress:0'), 'INFO', 'persistence');
    expect(await server.ask('SET', 'd', 'e')).toBe('OK');
    await server.kill();
    await server.start();
    expect(await server.ask('MGET', 'a', 'd')).toEqual(['c', 'e']);
  }, 30_000);

  it('appendfsync always: ends the process, and nothing acknowledged is missing', async () => {
    server = new AofServer(['--appendfsync', 'always', '--io-threads', threads]);
    const load = new Load(seededRandom('full'));
    await server.start();
    limitFiles(2_000_000);
    await load.run(server, false);
    expect(await server.running.ended).toBe(1);
    expect(server.running.output).toContain("when the AOF fsync policy is 'always'. Exiting...");
    await server.start();
    await load.check(server);
  }, 30_000);
});

describe('an fsync that fails', () => {
  it('appendfsync everysec: writes are refused until the file has been rewritten, which happens by itself', async () => {
    server = new AofServer(['--appendfsync', 'everysec']);
    await server.start([], { THREADIS_FAULT: 'bio:fsync' });
    let refusals = 0;
    let accepted = 0;
    const client = await server.connect();
    while (!server.running.output.includes('safe again')) {
      const reply = await client.call('RPUSH', 'list', accepted + 1);
      if (!(reply instanceof Error)) accepted++;
      else {
        expect(reply.message).toBe('MISCONF Errors writing to the AOF file: Input/output error');
        refusals++;
      }
      await pause(5);
    }
    expect(server.running.output).toContain("Can't persist AOF for fsync error");
    expect(refusals).toBeGreaterThan(0);
    await becomes((reply) => reply === 'OK', 'SET', 'a', 'b');
    await server.kill();
    await server.start();
    expect(await server.ask('LLEN', 'list')).toBe(accepted);
    expect(await server.ask('GET', 'a')).toBe('b');
  }, 30_000);
});

describe.each(THREADS)('io-threads %s: a thread that dies', (threads) => {
  it.each(['bio:throw', 'bio:exit', 'bio:choke', 'executor:throw', 'io:throw'])(
    '%s: nothing acknowledged is missing',
    async (fault) => {
      server = new AofServer(['--io-threads', threads]);
      const load = new Load(seededRandom(fault));
      await server.start([], { THREADIS_FAULT: fault });
      await load.run(server);
      expect(await server.running.ended).toBe(1);
      if (fault === 'bio:choke' && threads === '2') {
        expect(server.running.output).toMatch(
          /\d+ bytes of the append only file were written by the main thread/,
        );
      }
      await server.start();
      await load.check(server);
    },
    30_000,
  );
});

describe('settings that change under load', () => {
  it.each(THREADS)(
    'io-threads %s: appendfsync and appendonly can be anything in turn',
    async (threads) => {
      server = new AofServer(['--io-threads', threads]);
      const random = seededRandom('settings');
      const load = new Load(random);
      await server.start();
      for (let round = 0; round < 4; round++) {
        const running = load.run(server);
        for (let i = 0; i < 8; i++) {
          await server.ask('CONFIG', 'SET', 'appendfsync', random.pick(['always', 'everysec', 'no']));
          await pause(random.below(30));
          if (i % 4 !== 0) continue;
          expect(await server.ask('CONFIG', 'SET', 'appendonly', 'no')).toBe('OK');
          await pause(random.below(20));
          expect(await server.ask('CONFIG', 'SET', 'appendonly', 'yes')).toBe('OK');
          await becomes(
            (reply) =>
              /aof_last_bgrewrite_status:ok/.test(String(reply)) &&
              /aof_rewrite_in_progress:0/.test(String(reply)),
            'INFO',
            'persistence',
          );
          await pause(20);
        }
        await server.kill();
        await running;
        await server.start();
        await load.check(server);
      }
    },
    60_000,
  );

  it('CONFIG SET dir: the files stay together where they were', async () => {
    server = new AofServer(['--enable-protected-configs', 'yes']);
    await server.start();
    const other = join(server.dir, 'other');
    mkdirSync(other);
    await server.ask('SET', 'a', '1');
    expect(await server.ask('CONFIG', 'SET', 'dir', other)).toBe('OK');
    await server.ask('SET', 'b', '2');
    expect(String(await server.ask('BGREWRITEAOF'))).toContain('started');
    await becomes(
      (reply) => /aof_rewrite_in_progress:0[\s\S]*aof_last_bgrewrite_status:ok/.test(String(reply)),
      'INFO',
      'persistence',
    );
    await server.ask('SET', 'c', '3');
    await server.kill();
    await server.start();
    expect(await server.ask('MGET', 'a', 'b', 'c')).toEqual(['1', '2', '3']);
    expect(existsSync(join(other, 'appendonlydir'))).toBe(false);
  }, 30_000);

  it('appendonly turned on in a transaction: what follows in it is logged', async () => {
    server = new AofServer([]);
    await server.start();
    const client = await server.connect();
    const calls = [
      ['MULTI'],
      ['SET', 'a', '1'],
      ['CONFIG', 'SET', 'appendonly', 'no'],
      ['SET', 'b', '1'],
      ['EXEC'],
      ['MULTI'],
      ['SET', 'c', '1'],
      ['CONFIG', 'SET', 'appendonly', 'yes'],
      ['SET', 'd', '1'],
      ['EXEC'],
      ['MULTI'],
      ['SET', 'e', '1'],
      ['BGREWRITEAOF'],
      ['SET', 'f', '1'],
      ['EXEC'],
    ];
    for (const call of calls) expect(await client.call(...call)).not.toBeInstanceOf(Error);
    await becomes(
      (reply) =>
        /aof_rewrite_in_progress:0/.test(String(reply)) && /aof_rewrite_scheduled:0/.test(String(reply)),
      'INFO',
      'persistence',
    );
    await server.kill();
    await server.start();
    expect(await server.ask('MGET', 'a', 'b', 'c', 'd', 'e', 'f')).toEqual(['1', '1', '1', '1', '1', '1']);
    expect(server.running.output).not.toContain('short read');
  }, 30_000);
});

describe('SHUTDOWN', () => {
  it.each(['always', 'everysec', 'no'])(
    'appendfsync %s, under load: nothing acknowledged is missing',
    async (policy) => {
      for (const threads of THREADS) {
        server = new AofServer(['--appendfsync', policy, '--io-threads', threads]);
        const load = new Load(seededRandom('shutdown'));
        await server.start();
        for (let round = 0; round < 4; round++) {
          const running = load.run(server);
          await pause(100);
          if (round % 2 === 0) expect(await server.shutdown()).toBe(0);
          else {
            server.running.signal('SIGTERM');
            expect(await server.running.ended).toBe(0);
          }
          await running;
          await server.start();
          await load.check(server);
          expect(server.running.output).not.toContain('short read');
        }
        await server.clean();
      }
    },
    60_000,
  );
});

describe('files that are found', () => {
  const set = (key: string, value: string) => encodeCommand(['SET', key, value]);

  it('a single file of the time before manifests is taken over, also when a crash came in between', async () => {
    for (const half of [false, true]) {
      server = new AofServer([]);
      writeFileSync(
        join(server.dir, 'appendonly.aof'),
        Buffer.concat([encodeCommand(['SELECT', '0']), set('a', '1'), set('b', '2')]),
      );
      if (half) {
        mkdirSync(server.aofDir);
        writeFileSync(`${server.aofDir}/appendonly.aof.manifest`, 'file appendonly.aof seq 1 type b\n');
      }
      await server.start();
      expect(server.running.output).toContain('Successfully migrated an old-style AOF');
      expect(await server.ask('MGET', 'a', 'b')).toEqual(['1', '2']);
      await server.ask('SET', 'c', '3');
      await server.kill();
      await server.start();
      expect(await server.ask('MGET', 'a', 'b', 'c')).toEqual(['1', '2', '3']);
      expect(existsSync(join(server.dir, 'appendonly.aof'))).toBe(false);
      await server.clean();
    }
  }, 30_000);

  it('a torn end is cut with aof-load-truncated, and refused without', async () => {
    server = new AofServer([]);
    await server.start();
    for (const key of ['a', 'b', 'c']) await server.ask('SET', key, key);
    await server.kill();
    const whole = readFileSync(increment());
    truncateSync(increment(), whole.length - 5);
    const refused = await server.spawn(['--aof-load-truncated', 'no']);
    expect(await refused.ended).toBe(1);
    expect(refused.output).toContain(
      'Unexpected end of file reading the append only file appendonly.aof.1.incr.aof',
    );
    expect(refused.output).toContain('aof-load-truncated');
    await server.start();
    expect(server.running.output).toContain(
      'short read while loading the AOF file appendonly.aof.1.incr.aof',
    );
    expect(await server.ask('MGET', 'a', 'b', 'c')).toEqual(['a', 'b', null]);
    await server.ask('SET', 'd', 'd');
    await server.kill();
    await server.start();
    expect(server.running.output).not.toContain('short read');
    expect(await server.ask('MGET', 'a', 'b', 'c', 'd')).toEqual(['a', 'b', null, 'd']);
  }, 30_000);

  it('a transaction without its end is cut as a whole', async () => {
    server = new AofServer([]);
    await server.start();
    await server.ask('SET', 'a', '1');
    await server.kill();
    appendFileSync(increment(), Buffer.concat([encodeCommand(['MULTI']), set('a', '2'), set('b', '2')]));
    await server.start();
    expect(await server.ask('MGET', 'a', 'b')).toEqual(['1', null]);
  }, 30_000);

  it('damage in the middle, a missing file and a wrong manifest are refused with a clear word', async () => {
    server = new AofServer([]);
    await server.start();
    for (const key of ['a', 'b', 'c']) await server.ask('SET', key, key);
    expect(await server.shutdown()).toBe(0);
    const whole = readFileSync(increment());
    const manifest = `${server.aofDir}/appendonly.aof.manifest`;
    const text = readFileSync(manifest, 'utf8');
    const said = async (part: string | RegExp) => {
      const process = await server.spawn();
      expect([await process.ended, process.output]).toEqual([1, expect.stringMatching(part)]);
    };
    const damaged = Buffer.from(whole);
    damaged[whole.indexOf('SET') - 4] = 0x78;
    writeFileSync(increment(), damaged);
    await said(/Bad file format reading the append only file appendonly\.aof\.1\.incr\.aof: make a backup/);
    renameSync(increment(), `${increment()}.away`);
    await said(/appendonly\.aof\.1\.incr\.aof/);
    writeFileSync(increment(), whole);
    writeFileSync(manifest, `${text}file x seq 1 type z\n`);
    await said(/Unknown AOF file type/);
    writeFileSync(manifest, text);
    await server.start();
    expect(await server.ask('MGET', 'a', 'b', 'c')).toEqual(['a', 'b', 'c']);
    rmSync(`${increment()}.away`);
  }, 30_000);
});
