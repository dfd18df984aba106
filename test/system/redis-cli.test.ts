/** The special modes of the real redis-cli, run against both servers: what they print has the same form. */
import { spawn, spawnSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawClient } from '../command/raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from '../command/servers.ts';

const KEYS = 300;
const HOT_KEYS: [key: string, reads: number][] = [
  ['key:77', 40_000],
  ['key:5', 3_000],
];

/** Runs redis-cli to its end; what it prints. */
function cli(port: number, args: string[], input = ''): string {
  const { stdout, stderr } = spawnSync('redis-cli', ['-p', String(port), ...args], {
    input,
    encoding: 'utf8',
  });
  return stdout + stderr;
}

/** Runs redis-cli until it has printed `lines` lines, and ends it. */
function cliLines(port: number, args: string[], lines: number): Promise<string> {
  // Line by line, though nobody looks at a terminal.
  const child = spawn('stdbuf', ['-oL', 'redis-cli', '-p', String(port), ...args]);
  return new Promise((resolve) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (text.split('\n').length > lines) child.kill();
    });
    child.on('close', () => resolve(text.split('\n').slice(0, lines).join('\n')));
  });
}

/** The lines with their numbers taken out, in an order that does not depend on that of SCAN. */
function form(text: string): string[] {
  return text
    .split('\n')
    .map((line) =>
      line
        .replace(/[0-9]+(\.[0-9]+)?[KMG]?/g, '0')
        .replace(/ +/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '');
}

describe.skipIf(!oracleAvailable())('redis-cli', () => {
  const servers: RunningServer[] = [];
  const ports = () => servers.map(({ port }) => port);

  beforeAll(async () => {
    servers.push(await startRedis(), await startThreadis(['--compat-version', '7.0']));
    for (const port of ports()) {
      const client = await RawClient.connect(port);
      for (let i = 0; i < KEYS; i++) await client.call('SET', `key:${i}`, `value:${i}`);
      await client.call('SET', 'large', 'x'.repeat(5000));
      await client.call('RPUSH', 'list', 'a', 'b', 'c');
      await client.call('HSET', 'hash', 'a', '1', 'b', '2');
      await client.call('SADD', 'set', 'a', 'b', 'c', 'd');
      await client.call('ZADD', 'zset', '1', 'a');
      await client.call('XADD', 'stream', '*', 'a', '1');
      client.close();
    }
  }, 30_000);
  afterAll(() => Promise.all(servers.map((server) => server.stop())));

  it('--bigkeys: finds the same keys, and adds the same up', () => {
    const [real, ours] = ports().map((port) => cli(port, ['--bigkeys']));
    const summary = (text: string) => text.slice(text.indexOf('-------- summary'));
    expect(summary(ours)).toBe(summary(real));
    expect(summary(ours)).toContain(`Sampled ${KEYS + 6} keys`);
  });

  it('--memkeys: finds the same keys', () => {
    const [real, ours] = ports().map((port) => form(cli(port, ['--memkeys']).replace(/^\[.*\n/gm, '')));
    expect(ours).toEqual(real);
    expect(ours).toContain(`Biggest string found '"large"' has 0 bytes`);
  });

  it('--hotkeys: asks for a policy that counts, as it does the real server', () => {
    const [real, ours] = ports().map((port) => cli(port, ['--hotkeys']));
    expect(form(ours)).toEqual(form(real));
    expect(ours).toContain('maxmemory policy');
  });

  it('--hotkeys: finds the hot keys, the hotter one first', async () => {
    const found: string[][] = [];
    for (const port of ports()) {
      const client = await RawClient.connect(port);
      await client.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
      // Counts are made by chance, the more seldom the higher they are: these are far apart.
      for (const [key, times] of HOT_KEYS) {
        for (let i = 0; i < times; i += 1000)
          await Promise.all(Array.from({ length: 1000 }, () => client.call('GET', key)));
      }
      const lines = cli(port, ['--hotkeys']).split('\n');
      found.push(
        lines.flatMap((line) => /^hot key found with counter: \d+\tkeyname: "(.*)"/.exec(line)?.[1] ?? []),
      );
      await client.call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      client.close();
    }
    for (const names of found) expect(names.slice(0, 2)).toEqual(HOT_KEYS.map(([key]) => key));
  });

  it('--scan: with a pattern and a type', () => {
    for (const args of [
      ['--scan', '--pattern', 'key:1*'],
      ['--scan', '--pattern', 's*', '--count', '7'],
    ]) {
      const [real, ours] = ports().map((port) => cli(port, args).split('\n').toSorted());
      expect(ours).toEqual(real);
      expect(ours.length).toBeGreaterThan(1);
    }
  });

  it('--pipe: sends a file of commands and counts the replies', () => {
    const commands = Array.from({ length: 1000 }, (_, i) => `SET piped:${i} ${i}\r\n`).join('');
    for (const text of [commands, `${commands}NOSUCH\r\nLPUSH piped:1 x\r\n`]) {
      const [real, ours] = ports().map((port) => cli(port, ['--pipe'], text));
      expect(ours).toBe(real);
    }
    expect(cli(servers[1].port, ['GET', 'piped:999'])).toBe('999\n');
  });

  it('--stat: a line a second, with the head line', async () => {
    const [real, ours] = await Promise.all(ports().map((port) => cliLines(port, ['--stat', '-i', '0.1'], 4)));
    expect(form(ours)).toEqual(form(real));
    expect(form(ours)).toHaveLength(4);
  });

  it('--latency, --latency-history and --latency-dist: measure', async () => {
    const once = ports().map((port) => cli(port, ['--latency', '--raw', '-i', '1']));
    expect(form(once[1])).toEqual(form(once[0]));
    expect(once[1]).toMatch(/^[0-9]+ [0-9]+ [0-9.]+ [0-9]+\n$/);
    const history = await Promise.all(
      ports().map((port) => cliLines(port, ['--latency-history', '--raw', '-i', '0.2'], 2)),
    );
    expect(form(history[1])).toEqual(form(history[0]));
    const distribution = await Promise.all(
      ports().map((port) => cliLines(port, ['--latency-dist', '-i', '0.2'], 3)),
    );
    expect(distribution[1]).toContain('.01 .125 .25 .5');
    expect(form(distribution[1]).length).toBe(form(distribution[0]).length);
  });

  it('--lru-test: fills a cache and counts hits', async () => {
    for (const port of ports()) {
      cli(port, ['CONFIG', 'SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru']);
    }
    const [real, ours] = await Promise.all(ports().map((port) => cliLines(port, ['--lru-test', '10000'], 2)));
    expect(form(ours)).toEqual(form(real));
    expect(ours).toMatch(/Gets\/sec \| Hits: [0-9]+ /);
    for (const port of ports()) {
      cli(port, ['CONFIG', 'SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction']);
    }
  });

  it('--intrinsic-latency: runs without a server', () => {
    expect(cli(servers[1].port, ['--intrinsic-latency', '1'])).toContain('total runs (avg latency:');
  });

  it('reads replies of every kind as from the real server', () => {
    const commands = [
      ['HGETALL', 'hash'],
      ['-3', 'HGETALL', 'hash'],
      ['--csv', 'LRANGE', 'list', '0', '-1'],
      ['--json', 'HGETALL', 'hash'],
      ['--quoted-json', 'LRANGE', 'list', '0', '-1'],
      ['--no-raw', 'LRANGE', 'list', '0', '-1'],
      ['-n', '3', 'DBSIZE'],
      ['-r', '3', '-i', '0.01', 'INCR', 'counter'],
      ['--no-raw', 'INCR', 'list'],
      ['-x', 'SET', 'from-input'],
    ];
    for (const args of commands) {
      const [real, ours] = ports().map((port) => cli(port, args, 'some input'));
      expect([args, ours]).toEqual([args, real]);
    }
  });

  it('finds commands by their docs', () => {
    // In colours or not, depending on the terminal.
    const ours = stripVTControlCharacters(cli(servers[1].port, [], 'help get\nhelp @hash\n')).replaceAll(
      '\r',
      '',
    );
    expect(ours).toMatch(/GET key\n +summary: .+\n +since: 1\.0\.0\n/);
    expect(ours).toMatch(/HSET key field value \[field value \.\.\.\]\n/);
  });
});

describe.skipIf(!oracleAvailable())('redis-benchmark', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startThreadis([]);
  }, 30_000);
  afterAll(() => server.stop());

  const benchmark = (...args: string[]) =>
    spawnSync('redis-benchmark', ['-p', String(server.port), '-n', '200', '-c', '5', ...args], {
      encoding: 'utf8',
    });

  it('runs all of its tests', () => {
    const { status, stderr, stdout } = benchmark('--csv');
    const tests = stdout.trim().split('\n').slice(1);
    expect([status, stderr]).toEqual([0, '']);
    expect(tests.length).toBeGreaterThanOrEqual(19);
    for (const line of tests) expect(line).toMatch(/^"[^"]+","[0-9.]+"(,"[0-9.]+")+$/);
  });

  it.each([
    ['-t', 'set,get', '-P', '16', '-r', '1000', '-d', '100', '--threads', '2', '-q'],
    ['-3', '-q', '-t', 'ping,set'],
    ['-q', '--dbnum', '2', 'hset', 'myhash', '__rand_int__', 'x'],
    ['-q', '-k', '0', '-t', 'get'],
    ['-q', '-t', 'lpush,lrange_100'],
  ])('takes its options: %s %s %s', (...args) => {
    const { status, stderr } = benchmark(...args);
    expect([status, stderr.replace(/^WARNING: Keepalive disabled.*\n/, '')]).toEqual([0, '']);
  });
});
