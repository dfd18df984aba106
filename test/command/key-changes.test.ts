/**
 * What a change of a key tells others, against the real server: for a call of every command that can change one (key-changes.ts), which
 * watches it breaks, which events it fires, as how many changes it counts. What the real server does not have is looked at on ours alone.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/commands/all.ts';
import { WRITE } from '../../src/commands/define.ts';
import { CHANGES, type ChangeRow, KEYS, PAYLOAD } from './key-changes.ts';
import { RawClient, readable } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

const TIMEOUT_MS = 60_000;
let ours: Pair;
let real: Pair | null = null;
let payload: Buffer;

/** A server, a client that changes keys and one that watches. */
class Pair {
  readonly server: RunningServer;
  readonly client: RawClient;
  readonly watcher: RawClient;

  private constructor(server: RunningServer, client: RawClient, watcher: RawClient) {
    this.server = server;
    this.client = client;
    this.watcher = watcher;
  }

  static async with(server: RunningServer): Promise<Pair> {
    return new Pair(server, await RawClient.connect(server.port), await RawClient.connect(server.port));
  }

  async run(command: string, client = this.client): Promise<unknown> {
    const words = command
      .split(' ')
      .map((word) => (word === PAYLOAD ? payload : word === '<none>' ? '' : word));
    return readable(await client.call(...words));
  }

  async prepare({ setup }: ChangeRow): Promise<void> {
    await this.run('FLUSHALL');
    for (const command of setup) await this.run(command);
  }

  /** The keys whose watch the row's command breaks. One at a time: a broken watch forgets the others. */
  async brokenBy(row: ChangeRow): Promise<string[]> {
    const broken: string[] = [];
    for (const key of KEYS) {
      await this.prepare(row);
      await this.run(`WATCH ${key}`, this.watcher);
      await this.run(row.command);
      await this.run('MULTI', this.watcher);
      if ((await this.run('EXEC', this.watcher)) === null) broken.push(key);
    }
    return broken;
  }

  /** The events that the row's command fires, each with its key, in order. */
  async eventsOf(row: ChangeRow): Promise<string[]> {
    await this.prepare(row);
    await this.run('CONFIG SET notify-keyspace-events AKEmn');
    await this.run('PSUBSCRIBE __key*__:* end', this.watcher);
    await this.watcher.next();
    await this.run(row.command);
    await this.run('CONFIG SET notify-keyspace-events <none>');
    await this.run('PUBLISH end now');
    const events: string[] = [];
    for (;;) {
      const [, , channel, message] = readable(await this.watcher.next()) as string[];
      if (channel === 'end') break;
      events.push(`${channel} ${message}`);
    }
    await this.run('PUNSUBSCRIBE', this.watcher);
    await this.watcher.next();
    return events;
  }

  /** How many changes the row's command counts as: for save points, and for what is to be propagated. */
  async countOf(row: ChangeRow): Promise<number> {
    await this.prepare(row);
    const before = await this.changes();
    await this.run(row.command);
    return (await this.changes()) - before;
  }

  private async changes(): Promise<number> {
    const info = (await this.run('INFO persistence')) as string;
    return Number(/^rdb_changes_since_last_save:(\d+)/m.exec(info)![1]);
  }

  async stop(): Promise<void> {
    this.client.close();
    this.watcher.close();
    await this.server.stop();
  }
}

beforeAll(async () => {
  ours = await Pair.with(await startThreadis(['--compat-version', '7.0', '--save', '']));
  if (oracleAvailable()) real = await Pair.with(await startRedis(['--save', '']));
  await ours.client.call('SET', 'k', 'a');
  payload = (await ours.client.call('DUMP', 'k')) as Buffer;
}, TIMEOUT_MS);

afterAll(async () => {
  await Promise.all([ours?.stop(), real?.stop()]);
}, TIMEOUT_MS);

const titleOf = ({ command, setup }: ChangeRow) => [...setup, command].join('; ');

/** Write commands that no row calls, and why. */
const WITHOUT_ROW: Record<string, string> = {
  pfselftest: 'changes no key',
};

it('every write command has a row', () => {
  const called = new Set(CHANGES.map(({ command }) => command.split(' ')[0]));
  const missing = COMMANDS.filter(({ flags, name }) => (flags & WRITE) !== 0 && !called.has(name)).map(
    ({ name }) => name.toLowerCase(),
  );
  expect(missing.filter((name) => !(name in WITHOUT_ROW))).toEqual([]);
});

describe.skipIf(!oracleAvailable())('a change of a key', () => {
  it(
    'breaks the watches that it breaks on the real server',
    async () => {
      for (const row of CHANGES) {
        if (row.events) continue;
        expect([titleOf(row), await ours.brokenBy(row)]).toEqual([titleOf(row), await real!.brokenBy(row)]);
      }
    },
    TIMEOUT_MS,
  );
});

describe.skipIf(!oracleAvailable())('rdb_changes_since_last_save', () => {
  it('counts as many changes as the real server does', async () => {
    for (const row of CHANGES) {
      if (row.events) continue;
      expect([titleOf(row), await ours.countOf(row)]).toEqual([titleOf(row), await real!.countOf(row)]);
    }
  }, 60_000);
});

describe.skipIf(!oracleAvailable())('notify-keyspace-events', () => {
  it('tells the events that the real server tells, in its order', async () => {
    for (const row of CHANGES) {
      if (row.events) continue;
      expect([titleOf(row), await ours.eventsOf(row)]).toEqual([titleOf(row), await real!.eventsOf(row)]);
    }
  }, 60_000);
});

it('newer commands fire events of their own', async () => {
  for (const row of CHANGES) {
    if (!row.events) continue;
    const told = (await ours.eventsOf(row)).filter((line) => line.startsWith('__keyevent@0__:'));
    expect([titleOf(row), told.map((line) => line.slice(15))]).toEqual([titleOf(row), row.events]);
  }
}, 60_000);

it('newer commands break the watches of what they change', async () => {
  for (const row of CHANGES) {
    if (!row.events) continue;
    const keys = row.breaks ?? [...new Set(row.events.map((event) => event.split(' ')[1]))];
    expect([titleOf(row), await ours.brokenBy(row)]).toEqual([titleOf(row), keys]);
  }
}, 60_000);
