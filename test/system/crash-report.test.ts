/** What the log gets when something fails that nobody foresaw, and who holds the executor up. */
import { afterEach, describe, expect, it } from 'vitest';
import { RawClient } from '../command/raw-client.ts';
import { freePort } from '../command/servers.ts';
import { ServerProcess } from './server-process.ts';

let server: ServerProcess;

async function start(args: string[], env: Record<string, string> = {}): Promise<number> {
  const port = await freePort();
  const usual = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--enable-debug-command',
    'yes',
  ];
  server = new ServerProcess([...usual, ...args], env);
  return port;
}

afterEach(() => server.clean());

const START = '=== THREADIS BUG REPORT START';
const END = '=== THREADIS BUG REPORT END';

describe.each([
  ['a thread of its own', ['--io-threads', '2']],
  ['a shared thread', ['--io-threads', '1']],
])('a crash report with the executor on %s', (_name, threads) => {
  it('tells the stack, the command without its secrets, the client, INFO and the configuration', async () => {
    const port = await start([...threads, '--maxmemory', '100mb', '--masterauth', 'a-secret']);
    await server.ready();
    const client = await RawClient.connect(port);
    await client.call('CLIENT', 'SETNAME', 'the-culprit');
    await client.call('SET', 'k', 'v');
    void client.call('DEBUG', 'PANIC').catch(() => {});
    expect(await server.ended).toBe(1);
    const text = server.output;
    const report = text.slice(text.indexOf(START), text.indexOf(END));
    expect(text.split(START)).toHaveLength(2);
    expect(text).toMatch(/Thread executor failed: Error: DEBUG PANIC\n/);
    expect(report).toMatch(/------ STACK TRACE ------\nThread executor\nError: DEBUG PANIC\n +at /);
    expect(report).toMatch(
      /------ CURRENT COMMAND ------\nid=[0-9]+ addr=127.* name=the-culprit .*cmd=debug/,
    );
    expect(report).toContain('command: debug, argc: 2, bytes: 26\nargv[0]: "DEBUG"\nargv[1]: "PANIC"');
    expect(report).toContain('cmdstat_set:calls=1');
    expect(report).toContain('db0:keys=1');
    expect(report).toMatch(/heap_used:[0-9]+/);
    expect(report).toContain('\nmaxmemory 104857600');
    expect(report).toContain('\nmasterauth (redacted)');
    expect(report).not.toContain('a-secret');
    expect(report).toMatch(/------ BUILD ------\nthreadis [0-9.]+, compatible with Redis 7\.2\.4, Node v/);
    client.close();
  }, 30_000);
});

describe('a crash report of another thread', () => {
  it.each([
    ['io:throw', /Thread io-[01]\nThread io-[01] failed: Error: a fault was asked for/],
    ['io:exit', /Thread io-[01]\nThread io-[01] ended unexpectedly with code 0/],
    ['bio:throw', /Thread bio\nThread bio failed: Error: a fault was asked for/],
  ])(
    '%s: has the state of the executor, which lives',
    async (fault, stack) => {
      await start(['--io-threads', '2'], { THREADIS_FAULT: fault });
      expect(await server.ended).toBe(1);
      expect(server.output).toMatch(stack);
      expect(server.output).toContain('------ CURRENT COMMAND ------\nnone');
      expect(server.output).toContain('redis_version:7.2.4');
      expect(server.output).toContain(END);
    },
    30_000,
  );

  it('is not written when crash-log-enabled says so', async () => {
    const port = await start(['--crash-log-enabled', 'no']);
    await server.ready();
    const client = await RawClient.connect(port);
    void client.call('DEBUG', 'SEGFAULT').catch(() => {});
    expect(await server.ended).toBe(1);
    expect(server.output).toContain('Error: DEBUG SEGFAULT');
    expect(server.output).not.toContain(START);
    client.close();
  }, 30_000);

  it('comes at SIGABRT, too', async () => {
    await start([]);
    await server.ready();
    server.signal('SIGABRT');
    expect(await server.ended).toBe(1);
    expect(server.output).toContain('crashed by signal: SIGABRT');
    expect(server.output).toContain('------ STACK TRACE ------');
  }, 30_000);
});

describe('a command that holds the executor', () => {
  it('is named while it does, and afterwards', async () => {
    const port = await start(['--io-threads', '2']);
    await server.ready();
    const client = await RawClient.connect(port);
    await client.call('DEBUG', 'SLEEP', '2.8');
    await server.wrote('answers again');
    expect(server.output).toContain(
      "Thread executor has been busy for 2 seconds, with command 'debug' with 3 arguments of ",
    );
    expect(server.output).toMatch(
      /Command 'debug' of 3 arguments and 35 bytes held the executor for 28[0-9]{2} ms: "DEBUG SLEEP 2\.8" from 127/,
    );
    client.close();
  }, 30_000);
});
