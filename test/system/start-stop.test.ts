/** How the server starts, refuses to start, and ends. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { RawClient, readable } from '../command/raw-client.ts';
import { freePort } from '../command/servers.ts';
import { newDirectory, ServerProcess } from './server-process.ts';

const processes: ServerProcess[] = [];

function run(args: string[], env: Record<string, string> = {}, dir?: string): ServerProcess {
  const server = new ServerProcess(args, env, dir);
  processes.push(server);
  return server;
}

/** A server on a free port of 127.0.0.1, ready. */
async function start(args: string[] = [], env: Record<string, string> = {}) {
  const port = await freePort();
  const server = run(['--port', String(port), '--bind', '127.0.0.1', '--save', '', ...args], env);
  await server.ready();
  return { server, port };
}

/** The same with a configuration file of these lines. */
async function startWithFile(lines: string[], args: string[] = []) {
  const port = await freePort();
  const dir = newDirectory();
  const file = join(dir, 'test.conf');
  writeFileSync(file, [`port ${port}`, 'bind 127.0.0.1', ...lines, ''].join('\n'));
  const server = run([file, ...args], {}, dir);
  await server.ready();
  return { server, port, file };
}

async function ask(port: number, ...command: string[]): Promise<unknown> {
  const client = await RawClient.connect(port);
  const reply = readable(await client.call(...command));
  client.close();
  return reply;
}

afterEach(async () => {
  await Promise.all(processes.splice(0).map((server) => server.clean()));
});

it('SHUTDOWN: ends the process with 0, without a reply', async () => {
  for (const words of [[], ['NOSAVE'], ['SAVE'], ['NOW', 'FORCE']]) {
    const { server, port } = await start();
    const client = await RawClient.connect(port);
    await expect(client.call('SHUTDOWN', ...words)).rejects.toThrow();
    expect(await server.ended).toBe(0);
    expect(server.output).toContain('User requested shutdown');
    expect(server.output).toContain('bye bye');
  }
}, 30_000);

it('start: fails with 1 when the port is taken, and says so', async () => {
  const { port } = await start();
  const second = run(['--port', String(port), '--bind', '127.0.0.1']);
  expect(await second.ended).toBe(1);
  expect(second.output).toContain(`Failed listening on port ${port} (TCP)`);
  expect(await ask(port, 'PING')).toBe('PONG');
});

it('start: fails with 1 for a configuration that is wrong, with file line and reason', async () => {
  const wrong: [lines: string[], said: string][] = [
    [['maxmemory what'], ">>> 'maxmemory what'\nargument must be a memory value"],
    [['nosuch 1'], ">>> 'nosuch 1'\nBad directive or wrong number of arguments"],
    [['rename-command nosuch x'], ">>> 'rename-command nosuch x'\nNo such command in rename-command"],
    [['rename-command get set'], ">>> 'rename-command get set'\nTarget command name already exists"],
    [['# fine', 'daemonize yes'], 'daemonize'],
    [['appendonly maybe'], 'appendonly'],
  ];
  for (const [lines, said] of wrong) {
    const dir = newDirectory();
    const file = join(dir, 'wrong.conf');
    writeFileSync(file, ['port 0', ...lines, ''].join('\n'));
    const server = run([file], {}, dir);
    expect([lines, await server.ended]).toEqual([lines, 1]);
    expect(server.output).toContain(said);
  }
  const missing = run(['/nonexistent/threadis.conf']);
  expect(await missing.ended).toBe(1);
  expect(missing.output).toContain("can't open config file '/nonexistent/threadis.conf'");
  const nowhere = run(['--port', '0']);
  expect(await nowhere.ended).toBe(1);
  expect(nowhere.output).toContain('Configured to not listen anywhere, exiting.');
}, 30_000);

it('start: --version and --help print and leave', async () => {
  const version = run(['--version']);
  expect(await version.ended).toBe(0);
  expect(version.output).toMatch(/^Threadis server v=[0-9]/);
  const help = run(['--help']);
  expect(await help.ended).toBe(0);
  expect(help.output).toContain('Usage:');
});

it('rename-command: gives a command another name, or none', async () => {
  const { port } = await startWithFile(['rename-command get mget2', 'rename-command flushall ""']);
  expect(await ask(port, 'SET', 'k', 'v')).toBe('OK');
  expect(await ask(port, 'MGET2', 'k')).toBe('v');
  expect(await ask(port, 'GET', 'k')).toMatch(/unknown command 'GET'/);
  expect(await ask(port, 'FLUSHALL')).toMatch(/unknown command 'FLUSHALL'/);
});

it('pidfile, unixsocket: are there while the server runs, and gone after it', async () => {
  const dir = newDirectory();
  const [pid, socket] = [join(dir, 'pid'), join(dir, 'socket')];
  const { server } = await start(['--pidfile', pid, '--unixsocket', socket, '--unixsocketperm', '700']);
  expect(readFileSync(pid, 'utf8')).toBe(`${server.child.pid}\n`);
  expect(statSync(socket).mode & 0o777).toBe(0o700);
  const line = await new Promise<string>((resolve, reject) => {
    const client = connect(socket, () => client.write('CLIENT INFO\r\n'));
    client.once('data', (data) => {
      client.destroy();
      resolve(String(data));
    });
    client.once('error', reject);
  });
  expect(line).toContain(` addr=${socket}:0 laddr=${socket}:0 `);
  expect(line).toContain(' flags=U ');
  server.signal('SIGTERM');
  expect(await server.ended).toBe(0);
  expect(existsSync(pid)).toBe(false);
  expect(existsSync(socket)).toBe(false);
});

it('dir: is where the server works, as CONFIG GET tells', async () => {
  const dir = newDirectory();
  const { port } = await start(['--dir', `${dir}/../${dir.split('/').pop()}`]);
  expect(await ask(port, 'CONFIG', 'GET', 'dir')).toEqual(['dir', dir]);
});

it('CONFIG REWRITE: keeps what people wrote and writes what has changed', async () => {
  const { file, port } = await startWithFile(['# ours', 'maxmemory 100mb', 'hz 20']);
  expect(await ask(port, 'CONFIG', 'SET', 'maxmemory', '200mb', 'timeout', '7')).toBe('OK');
  expect(await ask(port, 'CONFIG', 'REWRITE')).toBe('OK');
  const text = readFileSync(file, 'latin1');
  expect(text).toMatch(/^port .*\nbind 127\.0\.0\.1\n# ours\nmaxmemory 200mb\nhz 20\n/);
  expect(text).toContain('# Generated by CONFIG REWRITE\n');
  expect(text).toMatch(/\ntimeout 7\n/);
  const again = run([file]);
  expect(await again.ended).toBe(1);
  expect(again.output).toContain('Failed listening');
});

it('CONFIG REWRITE: says why it could not', async () => {
  const { file, port, server } = await startWithFile([]);
  await server.wrote('Ready');
  writeFileSync(`${file}-${server.child.pid}.tmp`, '');
  expect(await ask(port, 'CONFIG', 'SET', 'hz', '30')).toBe('OK');
  expect(await ask(port, 'CONFIG', 'REWRITE')).toBe('OK');
  expect(existsSync(`${file}-${server.child.pid}.tmp`)).toBe(false);
});

it('a client that leaves before its CONFIG SET port is answered leaves both threads in agreement', async () => {
  const { port } = await start();
  const other = await freePort();
  const hasty = connect(port, '127.0.0.1', () => {
    hasty.write(`CONFIG SET port ${other}\r\n`, () => hasty.destroy());
  });
  hasty.on('error', () => {});
  const wanted = ['port', String(other)];
  let told: unknown;
  // The new address is open a moment before the executor has committed the change.
  while (String(told) !== String(wanted)) {
    told = await ask(other, 'CONFIG', 'GET', 'port').catch(
      () => new Promise((resolve) => setTimeout(resolve, 20)),
    );
  }
});
