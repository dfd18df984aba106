/** Signals: a clean end within ten seconds whatever the server is doing. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { RawClient } from '../command/raw-client.ts';
import { freePort } from '../command/servers.ts';
import { ServerProcess } from './server-process.ts';

const LIMIT_MS = 10_000;
let server: ServerProcess;

async function start(...args: string[]): Promise<number> {
  const port = await freePort();
  server = new ServerProcess(['--port', String(port), '--bind', '127.0.0.1', '--save', '', ...args]);
  await server.ready();
  return port;
}

afterEach(() => server.clean());

for (const name of ['SIGTERM', 'SIGINT'] as const) {
  it(`${name}: ends the process with 0`, async () => {
    await start();
    server.signal(name);
    expect(await server.ended).toBe(0);
    expect(server.output).toContain(`Received ${name} scheduling shutdown...`);
    expect(server.output).toContain('User requested shutdown...');
    expect(server.output).toContain('bye bye...');
  });
}

it('SIGTERM: ends the process with 0 within ten seconds, even in the middle of DEBUG SLEEP', async () => {
  const port = await start('--enable-debug-command', 'yes');
  const client = await RawClient.connect(port);
  client.call('DEBUG', 'SLEEP', '60').catch(() => {});
  await server.wrote('Thread executor has been busy');
  const before = Date.now();
  server.signal('SIGTERM');
  expect(await server.ended).toBe(0);
  expect(Date.now() - before).toBeLessThan(LIMIT_MS);
}, 30_000);

it('SIGTERM: a second one does not wait', async () => {
  const port = await start('--enable-debug-command', 'yes');
  const client = await RawClient.connect(port);
  client.call('DEBUG', 'SLEEP', '60').catch(() => {});
  await server.wrote('Thread executor has been busy');
  server.signal('SIGTERM');
  await server.wrote('User requested shutdown');
  const before = Date.now();
  server.signal('SIGTERM');
  expect(await server.ended).toBe(1);
  expect(Date.now() - before).toBeLessThan(4_000);
}, 30_000);

it('SIGINT: a second one in the middle of the last save leaves no temporary file', async () => {
  const port = await start('--rdb-key-save-delay', '100000', '--shutdown-on-sigint', 'save');
  const client = await RawClient.connect(port);
  for (let i = 0; i < 100; i++) await client.call('SET', `key:${i}`, 'value');
  const temporary = join(server.dir, `temp-${server.child.pid}.rdb`);
  server.signal('SIGINT');
  await expect.poll(() => existsSync(temporary), { timeout: 10_000 }).toBe(true);
  server.signal('SIGINT');
  expect(await server.ended).toBe(1);
  expect(existsSync(temporary)).toBe(false);
  expect(existsSync(join(server.dir, 'dump.rdb'))).toBe(false);
}, 30_000);

it('SIGHUP: is ignored', async () => {
  const port = await start();
  server.signal('SIGHUP');
  const client = await RawClient.connect(port);
  expect(String(await client.call('PING'))).toBe('PONG');
  client.close();
});
