/** CLIENT's filters of Valkey 9, what CLIENT LIST says of memory, and maxmemory-clients. */
import { expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs } from './both-servers.ts';
import { type RawClient, readable } from './raw-client.ts';

const MB = 1 << 20;

function lines(list: unknown): string[] {
  return String(list).split('\n').filter(Boolean);
}

/** Asks for a figure of the client of that name until it is as wanted. */
async function until(
  ask: () => Promise<unknown>,
  name: string,
  field: string,
  wanted: (value: number) => boolean,
): Promise<number> {
  for (;;) {
    const line = lines(await ask()).find((each) => each.includes(` name=${name} `));
    if (line === undefined) throw new Error(`${name} is gone`);
    const value = Number(new RegExp(` ${field}=([0-9]+)`).exec(line)![1]);
    if (wanted(value)) return value;
  }
}

describeOnBoth('client figures', [], ({ run, client }) => {
  const list = () => run('CLIENT LIST');

  it('CLIENT LIST: qbuf and argv-mem tell what has arrived of a command', async () => {
    const other = await client();
    await other.call('CLIENT', 'SETNAME', 'partial');
    other.write(`*3\r\n$4\r\nECHO\r\n$200000\r\n${'x'.repeat(200_000)}\r\n$100000\r\n${'y'.repeat(60_000)}`);
    await until(list, 'partial', 'qbuf', (value) => value >= 60_000 && value < 70_000);
    await until(list, 'partial', 'argv-mem', (value) => value >= 200_000 && value < 210_000);
    await until(list, 'partial', 'tot-mem', (value) => value > 260_000);
    other.write(`${'y'.repeat(40_000)}\r\n`);
    expect(readable(await other.next())).toContain('wrong number of arguments');
    await until(list, 'partial', 'argv-mem', (value) => value < 10_000);
    other.close();
  });

  it('CLIENT LIST: multi-mem tells what is queued', async () => {
    const other = await client();
    await other.call('CLIENT', 'SETNAME', 'queues');
    await other.call('MULTI');
    await other.call('SET', 'k', 'v'.repeat(100_000));
    const queued = await until(list, 'queues', 'multi-mem', (value) => value >= 100_000);
    expect(await until(list, 'queues', 'tot-mem', () => true)).toBeGreaterThan(queued);
    await other.call('DISCARD');
    expect(await until(list, 'queues', 'multi-mem', () => true)).toBe(0);
    other.close();
  });

  it('CLIENT LIST: omem tells what a client does not read', async () => {
    await run('SETRANGE big 1000000 x');
    const other = await client();
    await other.call('CLIENT', 'SETNAME', 'sleeper');
    other.pause();
    for (let i = 0; i < 20; i++) other.write('GET big\r\n');
    const held = await until(list, 'sleeper', 'omem', (value) => value > 5 * MB);
    expect(await until(list, 'sleeper', 'tot-mem', () => true)).toBeGreaterThanOrEqual(held);
    expect(await until(list, 'sleeper', 'oll', () => true)).toBeGreaterThan(1);
    other.resume();
    await until(list, 'sleeper', 'omem', (value) => value === 0);
    other.close();
  });
});

describeOnOurs('client filters', [], ({ run, call, client }) => {
  const ids = async (...filter: string[]) =>
    lines(await call('CLIENT', 'LIST', ...filter)).map((line) => /^id=([0-9]+)/.exec(line)![1]);
  const open = async (name: string, db = '0') => {
    const own = await client();
    const id = String(readable(await own.call('CLIENT', 'ID')));
    await own.call('CLIENT', 'SETNAME', name);
    await own.call('SELECT', db);
    return { own, id };
  };

  it('CLIENT LIST: finds clients by every filter, and by its opposite', async () => {
    const me = String(await run('CLIENT ID'));
    const a = await open('a', '3');
    const b = await open('b');
    await a.own.call('CLIENT', 'SETINFO', 'LIB-NAME', 'mylib');
    await a.own.call('CLIENT', 'SETINFO', 'LIB-VER', '1.2');
    await b.own.call('CLIENT', 'CAPA', 'redirect', 'whatever');
    await b.own.call('SUBSCRIBE', 'c');
    expect(await ids('NAME', 'a')).toEqual([a.id]);
    expect(await ids('DB', '3')).toEqual([a.id]);
    expect(await ids('LIB-NAME', 'mylib', 'LIB-VER', '1.2')).toEqual([a.id]);
    expect(await ids('NOT-LIB-NAME', 'mylib', 'NOT-NAME', 'b')).toEqual([me]);
    expect(await ids('CAPA', 'r')).toEqual([b.id]);
    expect(await ids('FLAGS', 'P')).toEqual([b.id]);
    expect(await ids('NOT-FLAGS', 'P', 'SKIPME', 'yes')).toEqual([a.id]);
    expect(await ids('TYPE', 'pubsub')).toEqual([b.id]);
    expect(await ids('NOT-TYPE', 'pubsub', 'NOT-DB', '0')).toEqual([a.id]);
    expect(await ids('IP', '127.0.0.1')).toEqual([me, a.id, b.id]);
    expect(await ids('NOT-IP', '127.0.0.1')).toEqual([]);
    expect(await ids('ID', b.id, me, '999999')).toEqual([b.id, me]);
    expect(await ids('ID', a.id, b.id, 'NAME', 'b')).toEqual([b.id]);
    expect(await ids('NOT-ID', a.id, b.id)).toEqual([me]);
    expect(await ids('USER', 'default', 'MAXAGE', '100000')).toEqual([]);
    expect(await ids('IDLE', '100000')).toEqual([]);
    const line = lines(await run('CLIENT LIST NAME a'))[0];
    expect(line).toMatch(
      / lib-name=mylib lib-ver=1\.2 tot-net-in=[1-9][0-9]* tot-net-out=[1-9][0-9]* tot-cmds=5 capa=$/,
    );
    const address = / addr=(\S+) /.exec(line)![1];
    expect(await ids('ADDR', address)).toEqual([a.id]);
    expect(await ids('NOT-ADDR', address, 'NOT-TYPE', 'pubsub')).toEqual([me]);
    a.own.close();
    b.own.close();
  });

  it('CLIENT KILL: takes the same filters', async () => {
    const a = await open('a');
    const b = await open('b');
    const c = await open('c');
    expect(await run('CLIENT KILL NAME a')).toBe(1);
    await a.own.closed();
    expect(await call('CLIENT', 'KILL', 'ID', b.id, c.id)).toBe(2);
    await Promise.all([b.own.closed(), c.own.closed()]);
    expect(await run('CLIENT KILL NOT-NAME nobody')).toBe(0);
  });

  it('CLIENT LIST and KILL: refuse filters that make no sense', async () => {
    expect(await run('CLIENT LIST NAME')).toBe('error: ERR syntax error');
    expect(await run('CLIENT LIST NOT-MAXAGE 5')).toBe('error: ERR syntax error');
    expect(await run('CLIENT LIST MAXAGE x')).toBe('error: ERR maxage is not an integer or out of range');
    expect(await run('CLIENT LIST IDLE 0')).toBe('error: ERR idle should be greater than 0');
    expect(await run('CLIENT LIST DB 99')).toBe('error: ERR DB index is out of range');
    expect(await run('CLIENT LIST FLAGS xyz')).toBe(
      'error: ERR Unknown flags found in the provided filter: xyz',
    );
    expect(await run('CLIENT KILL ID 0')).toBe('error: ERR client-id should be greater than 0');
    expect(await run('CLIENT KILL USER nobody')).toBe("error: ERR No such user 'nobody'");
  });
});

describeOnOurs('maxmemory-clients', [], ({ run, call, client }) => {
  const evicted = async () => Number(/evicted_clients:([0-9]+)/.exec(String(await run('INFO stats')))![1]);
  const partial = async (name: string, size: number) => {
    const own = await client();
    await own.call('CLIENT', 'SETNAME', name);
    own.write(`*2\r\n$4\r\nECHO\r\n$${size}\r\n${'x'.repeat(size - 1)}`);
    await until(
      () => run('CLIENT LIST'),
      name,
      'qbuf',
      (value) => value >= size - 1,
    );
    return own;
  };

  it('disconnects the clients that hold the most, until the rest holds no more than that', async () => {
    await run('CLIENT NO-EVICT ON');
    const before = await evicted();
    const clients: RawClient[] = [];
    for (let i = 0; i < 3; i++) clients.push(await partial(`small-${i}`, 100_000));
    for (let i = 0; i < 3; i++) clients.push(await partial(`large-${i}`, MB));
    await run('CONFIG SET maxmemory-clients 1600000');
    await Promise.all(clients.slice(3, 5).map((each) => each.closed()));
    const names = lines(await run('CLIENT LIST')).map((line) => / name=(\S*) /.exec(line)![1]);
    expect(names.filter(Boolean).sort()).toEqual(['large-2', 'small-0', 'small-1', 'small-2']);
    expect(await evicted()).toBe(before + 2);
    // Those that stay can go on.
    for (const each of [...clients.slice(0, 3), clients[5]]) {
      each.write('y\r\n');
      expect(String(readable(await each.next())).length).toBeGreaterThan(99_000);
      each.close();
    }
    await run('CONFIG SET maxmemory-clients 0');
    await run('CLIENT NO-EVICT OFF');
  });

  it('counts arguments, queued commands, watched keys, subscriptions and replies', async () => {
    await run('CLIENT NO-EVICT ON');
    await run('SETRANGE big 300000 x');
    await run('CONFIG SET maxmemory-clients 2mb');
    const ways: Record<string, (own: RawClient, i: number) => Promise<unknown>> = {
      argument: (own) => own.call('ECHO', 'x'.repeat(2 * MB)),
      queue: (own, i) => own.call(i === 0 ? 'MULTI' : 'ECHO', ...(i === 0 ? [] : ['x'.repeat(300_000)])),
      watch: (own, i) => own.call('WATCH', ...Array.from({ length: 500 }, (_, j) => `key-${i}-${j}`)),
      subscribe: (own, i) => own.call('PSUBSCRIBE', `p-${i}-${'x'.repeat(50_000)}`),
      prefix: (own, i) =>
        own.call('CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', `${i}-${'x'.repeat(50_000)}`),
    };
    for (const [name, way] of Object.entries(ways)) {
      const own = await client();
      let failed: unknown = null;
      for (let i = 0; failed === null; i++) await way(own, i).catch((error: unknown) => (failed = error));
      expect([name, String(failed)]).toEqual([name, 'Error: the connection is closed']);
    }
    const sleeper = await client();
    sleeper.pause();
    const before = await evicted();
    while ((await evicted()) === before) sleeper.write('GET big\r\n');
    sleeper.close();
    expect(await call('PING')).toBe('PONG');
    await run('CONFIG SET maxmemory-clients 0');
    await run('CLIENT NO-EVICT OFF');
  });

  it('a share of maxmemory', async () => {
    await run('CLIENT NO-EVICT ON');
    await run('CONFIG SET maxmemory 100mb');
    await run('CONFIG SET maxmemory-clients 1%');
    const small = await partial('small', 500_000);
    const large = await client();
    large.write(`*2\r\n$4\r\nECHO\r\n$2000000\r\n${'x'.repeat(1_500_000)}`);
    await large.closed();
    small.write('y\r\n');
    expect(String(readable(await small.next())).length).toBeGreaterThan(499_000);
    small.close();
    await run('CONFIG SET maxmemory-clients 0');
    await run('CONFIG SET maxmemory 0');
    await run('CLIENT NO-EVICT OFF');
  });
});
