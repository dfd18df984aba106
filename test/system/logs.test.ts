/** The log: its layouts, levels and places. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { RawClient } from '../command/raw-client.ts';
import { freePort } from '../command/servers.ts';
import { newDirectory, ServerProcess } from './server-process.ts';

let server: ServerProcess;
let port: number;

async function start(args: string[], wait = true): Promise<void> {
  port = await freePort();
  server = new ServerProcess(['--port', String(port), '--bind', '127.0.0.1', '--save', '', ...args]);
  if (wait) await server.ready();
}

async function ask(...command: string[]): Promise<string> {
  const client = await RawClient.connect(port);
  const reply = String(await client.call(...command));
  client.close();
  return reply;
}

afterEach(() => server.clean());

it('text: each line is pid:role date level message, as tools expect', async () => {
  await start([]);
  const lines = server.output.trimEnd().split('\n');
  for (const line of lines) {
    expect(line).toMatch(
      /^[0-9]+:M [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3} [-.*#] .+$/,
    );
  }
  const marks = ['Redis is starting', 'Server initialized', 'Ready to accept connections'];
  expect(marks.map((mark) => lines.findIndex((line) => line.includes(mark)))).toEqual(
    marks.map((mark) => lines.findIndex((line) => line.includes(mark))).toSorted((a, b) => a - b),
  );
  expect(server.output).toContain(`pid=${server.child.pid}, just started`);
});

it('log-format json: each line is an object', async () => {
  await start(['--log-format', 'json']);
  const entries = server.output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(entries.at(-1)).toMatchObject({
    pid: server.child.pid,
    role: 'M',
    msg: 'Ready to accept connections',
  });
  for (const entry of entries)
    expect(entry).toMatchObject({ level: expect.any(Number), time: expect.any(Number) });
});

it('logfile: takes the lines, and survives being moved away', async () => {
  const dir = newDirectory();
  const file = join(dir, 'server.log');
  await start(['--logfile', file, '--enable-debug-command', 'yes'], false);
  for (;;) {
    if (existsSync(file) && readFileSync(file, 'utf8').includes('Ready to accept')) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(server.output).toBe('');
  expect(await ask('DEBUG', 'LOG', 'a line of ours')).toBe('OK');
  while (!readFileSync(file, 'utf8').includes('a line of ours'))
    await new Promise((resolve) => setImmediate(resolve));
});

it('logfile: one that cannot be opened stops the start', async () => {
  await start(['--logfile', '/nonexistent/server.log'], false);
  expect(await server.ended).toBe(1);
  expect(server.output).toContain('/nonexistent/server.log');
});

it('loglevel: hides what is below it, and can be changed while the server runs', async () => {
  await start(['--loglevel', 'warning', '--enable-debug-command', 'yes'], false);
  await server.wrote('just started');
  while ((await ask('PING').catch(() => '')) !== 'PONG')
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(server.output).not.toContain('Ready to accept');
  expect(await ask('DEBUG', 'LOG', 'first')).toBe('OK');
  await server.wrote('# DEBUG LOG: first');
  expect(await ask('CONFIG', 'SET', 'loglevel', 'nothing')).toBe('OK');
  expect(await ask('DEBUG', 'LOG', 'second')).toBe('OK');
  expect(await ask('CONFIG', 'SET', 'loglevel', 'notice')).toBe('OK');
  expect(await ask('DEBUG', 'LOG', 'third')).toBe('OK');
  await server.wrote('DEBUG LOG: third');
  expect(server.output).not.toContain('second');
});

it('syslog-enabled: is accepted, with a warning that it does nothing', async () => {
  await start(['--syslog-enabled', 'yes']);
  expect(server.output).toContain('syslog-enabled has no effect');
});
