/** Writers that number what they write and know how much of it was acknowledged, and a look at what is left of it after a restart. */
import { expect } from 'vitest';
import { type RawClient, type Reply, readable } from '../command/raw-client.ts';
import type { SeededRandom } from '../unit/base/seeded-random.ts';
import type { AofServer } from './aof-server.ts';

/** Numbers 1.. of one writer: sent at least up to `acknowledged`, at most up to `sent`. */
abstract class Writer {
  acknowledged = 0;
  sent = 0;
  readonly name: string;
  protected readonly random: SeededRandom;

  constructor(name: string, random: SeededRandom) {
    this.name = name;
    this.random = random;
  }

  /** Writes until the connection ends. */
  async run(client: RawClient): Promise<void> {
    try {
      await this.prepare(client);
      for (;;) await this.write(client);
    } catch {
      // The server is gone, which is the point.
    }
  }

  protected prepare(_client: RawClient): Promise<unknown> {
    return Promise.resolve();
  }

  protected abstract write(client: RawClient): Promise<void>;
  /** How many are there; throws for what must not be. */
  protected abstract found(client: RawClient): Promise<number>;

  async check(client: RawClient): Promise<void> {
    await this.prepare(client);
    const found = await this.found(client);
    const { acknowledged, name, sent } = this;
    if (found < acknowledged || found > sent) {
      expect.fail(`${name}: ${found} are there, of ${sent} sent and ${acknowledged} acknowledged`);
    }
    this.acknowledged = found;
    this.sent = found;
  }

  protected succeeded(reply: Reply): void {
    if (reply instanceof Error) throw reply;
    this.acknowledged++;
  }
}

/** One INCR after the other, in a database of its own. */
class Counter extends Writer {
  private readonly db: number;

  constructor(name: string, random: SeededRandom, db: number) {
    super(name, random);
    this.db = db;
  }

  protected override prepare(client: RawClient): Promise<unknown> {
    return client.call('SELECT', this.db);
  }

  protected async write(client: RawClient): Promise<void> {
    this.sent++;
    this.succeeded(await client.call('INCR', this.name));
  }

  protected async found(client: RawClient): Promise<number> {
    return Number(readable(await client.call('GET', this.name)) ?? 0);
  }
}

/** Lists of numbers, by pipelines. */
class Lister extends Writer {
  protected async write(client: RawClient): Promise<void> {
    const replies: Promise<void>[] = [];
    const count = 1 + this.random.below(60);
    for (let i = 0; i < count; i++) {
      replies.push(client.call('RPUSH', this.name, ++this.sent).then((reply) => this.succeeded(reply)));
    }
    await Promise.all(replies);
  }

  protected async found(client: RawClient): Promise<number> {
    const list = readable(await client.call('LRANGE', this.name, 0, -1)) as string[];
    expect(list).toEqual(list.map((_, i) => String(i + 1)));
    return list.length;
  }
}

/** Transactions over several keys and two databases. */
class Transactor extends Writer {
  protected async write(client: RawClient): Promise<void> {
    const n = ++this.sent;
    const { name } = this;
    const commands: (string | number)[][] = [
      ['MULTI'],
      ['INCR', `${name}:count`],
      ['RPUSH', `${name}:list`, n],
      ['SELECT', 5],
      ['SET', `${name}:other`, n],
      ['SELECT', 0],
      ['EXEC'],
    ];
    const replies = await Promise.all(commands.map((command) => client.call(...command)));
    this.succeeded(replies.at(-1)!);
  }

  protected async found(client: RawClient): Promise<number> {
    const count = Number(readable(await client.call('GET', `${this.name}:count`)) ?? 0);
    const length = await client.call('LLEN', `${this.name}:list`);
    await client.call('SELECT', 5);
    const other = Number(readable(await client.call('GET', `${this.name}:other`)) ?? 0);
    await client.call('SELECT', 0);
    expect([this.name, length, other]).toEqual([this.name, count, count]);
    return count;
  }
}

/** Large values, which go to the log by pieces. */
class Large extends Writer {
  protected async write(client: RawClient): Promise<void> {
    const n = ++this.sent;
    const size = 1 + this.random.below(300_000);
    this.succeeded(await client.call('SET', this.name, `${n}:${size}:${'x'.repeat(size)}`));
  }

  protected async found(client: RawClient): Promise<number> {
    const value = readable(await client.call('GET', this.name)) as string | null;
    if (value === null) return 0;
    const [n, size, body] = value.split(':');
    expect(body.length).toBe(Number(size));
    return Number(n);
  }
}

/** Keys that come and go, by commands that are logged as others: SPOP, expiry, GETDEL. */
class Mover extends Writer {
  private surplusMax = 0;

  protected async write(client: RawClient): Promise<void> {
    const n = ++this.sent;
    const { name } = this;
    const replies = await Promise.all([
      client.call('SADD', `${name}:set`, n, -n),
      client.call('SPOP', `${name}:set`),
      client.call('SET', `${name}:soon`, n, 'PX', 1 + this.random.below(40)),
      client.call('HSET', `${name}:hash`, n, n),
    ]);
    this.succeeded(replies[3]);
  }

  protected async found(client: RawClient): Promise<number> {
    const fields = (await client.call('HLEN', `${this.name}:hash`)) as number;
    const members = (await client.call('SCARD', `${this.name}:set`)) as number;
    // A round adds one to either. Each time the server was killed a half of one may have been left: the two that were added, not the pop.
    this.surplusMax += 2;
    if (Math.abs(members - fields) > this.surplusMax) {
      expect.fail(`${this.name}: ${fields} fields and ${members} members`);
    }
    return fields;
  }
}

export class Load {
  private readonly writers: Writer[];
  private readonly random: SeededRandom;

  constructor(random: SeededRandom) {
    this.random = random;
    this.writers = [
      new Counter('counter', random, 0),
      new Counter('counter', random, 9),
      new Lister('list:1', random),
      new Lister('list:2', random),
      new Transactor('transaction', random),
      new Large('large', random),
      new Mover('mover', random),
    ];
  }

  /** All acknowledged so far. */
  get acknowledged(): number {
    return this.writers.reduce((sum, writer) => sum + writer.acknowledged, 0);
  }

  /** Writes from several connections until the server is gone; rewrites and saves now and then. */
  async run(server: AofServer, withSaves = true): Promise<void> {
    const clients = await Promise.all(this.writers.map(() => server.connect()));
    const running = this.writers.map((writer, i) => writer.run(clients[i]));
    if (withSaves) running.push(this.save(await server.connect()));
    await Promise.all(running);
  }

  private async save(client: RawClient): Promise<void> {
    try {
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, this.random.below(40)));
        await client.call(this.random.pick(['BGREWRITEAOF', 'BGREWRITEAOF', 'BGSAVE']));
      }
    } catch {
      // Gone.
    }
  }

  /** Everything acknowledged is there, and nothing that was not sent. */
  async check(server: AofServer): Promise<void> {
    for (const writer of this.writers) {
      const client = await server.connect();
      await writer.check(client);
      client.close();
    }
  }
}
