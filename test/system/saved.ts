/** Servers that save into a directory, end, and are started on it again: ours and the real one. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, vi } from 'vitest';
import { RawClient, type Reply, readable } from '../command/raw-client.ts';
import { freePort, oracleAvailable } from '../command/servers.ts';
import { VALUES } from '../command/values.ts';
import { ServerProcess } from './server-process.ts';

// Several servers start and end in each test, and the machine may be busy with other tests.
vi.setConfig({ testTimeout: 60_000 });

/** fill() puts keys into this many databases. */
export const DATABASES = 4;
/** Times of keys begin here: in 2100. */
export const FAR_MS = 4_102_444_800_000;
export const COMPAT_70 = ['--compat-version', '7.0'];

export interface Started {
  server: ServerProcess;
  port: number;
  client: RawClient;
  /** The reply, as text. */
  ask(...command: (string | number)[]): Promise<unknown>;
  /** Ends it without a word; the directory stays. */
  kill(): Promise<void>;
}

const servers: ServerProcess[] = [];
const clients: RawClient[] = [];

/** A server in a directory of its own or of another that has ended; it is ended after the test. */
export async function start(program: readonly string[], dir: string, args: string[] = []): Promise<Started> {
  const { port, server } = await launch(program, dir, args);
  await server.ready();
  return connect(server, port);
}

/** The same, as soon as it takes connections: it may still be loading. */
export async function startLoading(
  program: readonly string[],
  dir: string,
  args: string[] = [],
): Promise<Started> {
  const { port, server } = await launch(program, dir, args);
  for (;;) {
    const one = await connect(server, port).catch(() => null);
    if (one !== null) return one;
  }
}

async function launch(program: readonly string[], dir: string, args: string[]) {
  const port = await freePort();
  const base = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--enable-debug-command', 'yes'];
  const server = new ServerProcess([...base, ...args], {}, dir, program);
  servers.push(server);
  return { port, server };
}

async function connect(server: ServerProcess, port: number): Promise<Started> {
  const client = await RawClient.connect(port);
  clients.push(client);
  return {
    server,
    port,
    client,
    ask: async (...command) => readable(await client.call(...command)),
    async kill() {
      client.close();
      server.signal('SIGKILL');
      await server.ended;
    },
  };
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const server of servers.splice(0)) await server.clean();
});

/** Waits until the condition holds. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** The fields of INFO persistence. */
export async function infoOf({ ask }: Started): Promise<Record<string, string>> {
  const lines = String(await ask('INFO', 'persistence')).split('\r\n');
  return Object.fromEntries(lines.filter((line) => line.includes(':')).map((line) => line.split(':')));
}

/** Every value in turn into one of the databases, some with a time to live. */
export async function fill({ client }: Started): Promise<void> {
  const replies: Promise<Reply>[] = [];
  for (const [i, [, , ...make]] of VALUES.entries()) {
    replies.push(client.call('SELECT', String(i % DATABASES)));
    for (const command of make) {
      replies.push(client.call(...command.map((word) => (word === 'k' ? `key:${i}` : word))));
    }
    if (i % 3 === 0) replies.push(client.call('PEXPIREAT', `key:${i}`, FAR_MS + i * 1001));
  }
  replies.push(client.call('SELECT', '0'));
  for (const reply of await Promise.all(replies)) expect(reply).not.toBeInstanceOf(Error);
}

export function fileOf(dir: string): Buffer {
  return readFileSync(join(dir, 'dump.rdb'));
}

/** Saves in the background and waits until that is over. */
export async function saveInBackground(one: Started): Promise<void> {
  expect(await one.ask('BGSAVE')).toBe('Background saving started');
  await eventually(async () => (await infoOf(one)).rdb_bgsave_in_progress === '0');
  expect((await infoOf(one)).rdb_last_bgsave_status).toBe('ok');
}

/** The real checker finds nothing wrong. */
export function checkFile(dir: string): void {
  if (!oracleAvailable()) return;
  const { status, stdout } = spawnSync('redis-check-rdb', [join(dir, 'dump.rdb')], { encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, expect.stringContaining('RDB looks OK')]);
}
