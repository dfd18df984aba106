/**
 * What the append only file says, run again, makes the same data: random commands of every type, with blocked clients, transactions and times to
 * live that end meanwhile. Loaded again by the same process, by a new one after a kill, and by the real redis-server; and its files by ours.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { RawClient, type Reply, readable } from '../command/raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from '../command/servers.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';

const KEYS = 30;
const DATABASES = 4;
const BATCHES = 25;
const BATCH = 120;
/** Longer than any time to live that is to end during the test. */
const SHORT_MS = 60;

const random = seededRandom('system/aof-replay');
const { below } = random;
const pick = <T>(from: readonly T[]): T => from[below(from.length)];
const times = (most: number, make: () => string[]) => Array.from({ length: 1 + below(most) }, make).flat();

/** A key that is mostly of one type. */
const keyOf = (type: string) => (below(30) === 0 ? `s:${below(KEYS)}` : `${type}:${below(KEYS)}`);
const str = () => keyOf('s');
const list = () => keyOf('l');
const set = () => keyOf('t');
const hash = () => keyOf('h');
const zset = () => keyOf('z');
const stream = () => `x:${below(6)}`;
const any = () => pick([str, list, set, hash, zset, stream])();
const member = () => (below(3) === 0 ? String(below(60)) : `member:${below(300)}`);
const text = () => pick(['x', 'some text ', '0', '\r\n', '']).repeat(below(20));
const number = () => String(below(1000));
const short = () => String(1 + below(SHORT_MS));
const group = () => `g${below(2)}`;
const consumer = () => `c${below(3)}`;
const streamId = () => pick(['0', '$', '1-1', `${below(50)}-${below(3)}`]);
const side = () => pick(['LEFT', 'RIGHT']);

/** Commands of Redis 7.0. */
const CHANGES: (() => string[])[] = [
  () => ['SET', str(), text()],
  () => ['SET', str(), number(), 'PX', short()],
  () => ['SET', str(), number(), 'EX', '1000', pick(['NX', 'XX']), 'GET'],
  () => ['SET', str(), text(), 'KEEPTTL'],
  () => ['MSET', str(), text(), str(), text()],
  () => ['MSETNX', str(), text(), str(), text()],
  () => ['APPEND', str(), text()],
  () => ['SETRANGE', str(), number(), text()],
  () => ['INCRBY', str(), number()],
  () => ['INCRBYFLOAT', str(), '0.1'],
  () => ['GETSET', str(), number()],
  () => ['GETDEL', str()],
  () => ['GETEX', str(), 'PX', pick([short(), '100000'])],
  () => ['SETBIT', str(), number(), String(below(2))],
  () => ['BITFIELD', str(), 'INCRBY', 'u5', number(), number()],
  () => ['BITOP', pick(['OR', 'AND', 'XOR']), str(), str(), str()],
  () => ['PFADD', `p:${below(4)}`, member(), member()],
  () => ['PFCOUNT', `p:${below(4)}`],
  () => ['PFMERGE', `p:${below(4)}`, `p:${below(4)}`],
  () => ['RPUSH', list(), ...times(100, () => [text()])],
  () => ['LPUSH', list(), ...times(3, () => [member()])],
  () => ['LPOP', list()],
  () => ['RPOP', list(), String(below(20))],
  () => ['LSET', list(), String(below(50)), text()],
  () => ['LINSERT', list(), 'BEFORE', 'x', text()],
  () => ['LREM', list(), '0', 'x'],
  () => ['LTRIM', list(), String(below(5)), String(-1 - below(5))],
  () => ['LMOVE', list(), list(), side(), side()],
  () => ['LMPOP', '2', list(), list(), side(), 'COUNT', String(1 + below(4))],
  () => ['BLPOP', list(), list(), '0.001'],
  () => ['SADD', set(), ...times(150, () => [member()])],
  () => ['SADD', set(), ...times(20, () => [number()])],
  () => ['SREM', set(), ...times(30, () => [member()])],
  () => ['SPOP', set()],
  () => ['SPOP', set(), String(below(200))],
  () => ['SMOVE', set(), set(), member()],
  () => [pick(['SUNIONSTORE', 'SINTERSTORE', 'SDIFFSTORE']), set(), set(), set()],
  () => ['SORT', set(), 'ALPHA', 'STORE', list()],
  () => ['HSET', hash(), ...times(100, () => [member(), text()])],
  () => ['HDEL', hash(), ...times(50, () => [member()])],
  () => ['HINCRBY', hash(), String(below(60)), '3'],
  () => ['HINCRBYFLOAT', hash(), String(below(60)), '0.7'],
  () => ['HSETNX', hash(), member(), text()],
  () => ['ZADD', zset(), ...times(150, () => [number(), member()])],
  () => ['ZADD', zset(), pick(['GT', 'LT', 'XX', 'NX']), number(), member()],
  () => ['ZINCRBY', zset(), '0.3', member()],
  () => ['ZREM', zset(), ...times(50, () => [member()])],
  () => [pick(['ZPOPMIN', 'ZPOPMAX']), zset(), String(below(10))],
  () => ['ZMPOP', '2', zset(), zset(), pick(['MIN', 'MAX']), 'COUNT', String(1 + below(4))],
  () => ['ZREMRANGEBYRANK', zset(), '0', String(below(20))],
  () => [pick(['ZUNIONSTORE', 'ZINTERSTORE', 'ZDIFFSTORE']), zset(), '2', zset(), zset()],
  () => ['ZRANGESTORE', zset(), zset(), '0', String(below(20))],
  () => ['GEOADD', zset(), String(below(180)), String(below(80)), member()],
  () => ['GEOSEARCHSTORE', zset(), zset(), 'FROMLONLAT', '10', '10', 'BYRADIUS', '5000', 'km'],
  () => ['XADD', stream(), '*', member(), text()],
  () => ['XADD', stream(), 'MAXLEN', '~', String(below(20)), '*', member(), text(), member(), text()],
  () => ['XADD', stream(), 'NOMKSTREAM', 'MINID', '=', streamId(), '*', 'f', text()],
  () => ['XTRIM', stream(), 'MAXLEN', pick(['=', '~']), String(5 + below(40))],
  () => ['XDEL', stream(), streamId()],
  () => ['XGROUP', 'CREATE', stream(), group(), streamId(), 'MKSTREAM'],
  () => ['XGROUP', 'SETID', stream(), group(), streamId()],
  () => ['XGROUP', pick(['CREATECONSUMER', 'DELCONSUMER']), stream(), group(), consumer()],
  () => ['XREADGROUP', 'GROUP', group(), consumer(), 'COUNT', String(1 + below(5)), 'STREAMS', stream(), '>'],
  () => [
    'XREADGROUP',
    'GROUP',
    group(),
    consumer(),
    'NOACK',
    'COUNT',
    '2',
    'STREAMS',
    stream(),
    stream(),
    '>',
    '>',
  ],
  () => ['XREADGROUP', 'GROUP', group(), consumer(), 'COUNT', '2', 'STREAMS', stream(), pick(['0', '>'])],
  () => ['XAUTOCLAIM', stream(), group(), consumer(), '0', '0', 'COUNT', String(1 + below(5))],
  () => ['XCLAIM', stream(), group(), consumer(), '0', streamId(), pick(['FORCE', 'JUSTID'])],
  () => ['DEL', any(), any()],
  () => ['UNLINK', any()],
  () => ['RENAME', any(), any()],
  () => ['RENAMENX', any(), any()],
  () => ['COPY', any(), any(), 'DB', String(below(DATABASES)), 'REPLACE'],
  () => ['MOVE', any(), String(below(DATABASES))],
  () => ['PEXPIRE', any(), short()],
  () => ['EXPIRE', any(), '5000', pick(['NX', 'GT'])],
  () => ['EXPIREAT', any(), pick(['1', '66666666666'])],
  () => ['PERSIST', any()],
  () => ['SELECT', String(below(DATABASES))],
];

const RARE: (() => string[])[] = [
  () => ['SET', str(), 'L'.repeat(1 << 19)],
  () => ['SWAPDB', String(below(DATABASES)), String(below(DATABASES))],
  () => ['FLUSHDB'],
];

/** What clients wait with. */
const WAITS: (() => string[])[] = [
  () => ['BLPOP', list(), list(), '0.02'],
  () => ['BLMOVE', list(), list(), side(), side(), '0.02'],
  () => ['BRPOPLPUSH', list(), list(), '0.02'],
  () => ['BLMPOP', '0.02', '2', list(), list(), side(), 'COUNT', '3'],
  () => ['BZPOPMIN', zset(), zset(), '0.02'],
  () => ['BZMPOP', '0.02', '2', zset(), zset(), 'MAX', 'COUNT', '3'],
  () => ['XREADGROUP', 'GROUP', group(), consumer(), 'BLOCK', '20', 'STREAMS', stream(), '>'],
];

/** Commands that Redis 7.0 does not have. */
const NEWER: (() => string[])[] = [
  () => ['HPEXPIRE', hash(), pick([short(), '100000']), 'FIELDS', '2', member(), member()],
  () => ['HEXPIREAT', hash(), '1', 'FIELDS', '1', member()],
  () => ['HPERSIST', hash(), 'FIELDS', '1', member()],
  () => ['HGETDEL', hash(), 'FIELDS', '2', member(), member()],
  () => ['HGETEX', hash(), 'PX', '100000', 'FIELDS', '1', member()],
  () => [
    'HSETEX',
    hash(),
    'PX',
    pick([short(), '100000']),
    'FIELDS',
    '2',
    member(),
    text(),
    member(),
    text(),
  ],
  () => ['HSETEX', hash(), pick(['FNX', 'FXX']), 'KEEPTTL', 'FIELDS', '1', member(), text()],
  () => ['MSETEX', '2', str(), text(), str(), text(), 'PX', pick([short(), '100000'])],
  () => ['DELEX', str(), 'IFEQ', 'x'],
  () => ['SET', str(), text(), 'IFEQ', 'x'],
  () => ['XDELEX', stream(), pick(['KEEPREF', 'DELREF', 'ACKED']), 'IDS', '1', streamId()],
  () => ['XACKDEL', stream(), group(), pick(['KEEPREF', 'DELREF', 'ACKED']), 'IDS', '1', streamId()],
  () => ['XADD', stream(), pick(['KEEPREF', 'DELREF', 'ACKED']), 'MAXLEN', '10', '*', 'f', text()],
  () => ['BF.ADD', 'bf', member()],
];

function change(all: readonly (() => string[])[]): string[][] {
  const chance = below(1000);
  if (chance < 4) return [pick(RARE)()];
  if (chance < 40)
    return [
      ['MULTI'],
      ...times(6, () => [JSON.stringify(pick(all)())]).map((one) => JSON.parse(one) as string[]),
      ['EXEC'],
    ];
  return [pick(all)()];
}

/** Changes data for a while, with others waiting. `meanwhile` happens in the middle. */
async function play(
  server: RunningServer,
  all: typeof CHANGES,
  meanwhile: (client: RawClient) => Promise<void>,
): Promise<void> {
  const client = await RawClient.connect(server.port);
  const others = await Promise.all([1, 2, 3].map(() => RawClient.connect(server.port)));
  let over = false;
  const waiting = others.map(async (other) => {
    while (!over) await other.call(...pick(WAITS)());
  });
  // Something is in the streams, with ids that random ones meet.
  for (let i = 0; i < 6; i++)
    for (let id = 1; id < 30; id++) await client.call('XADD', `x:${i}`, `${id}-1`, 'f', 'v');
  for (let batch = 0; batch < BATCHES; batch++) {
    if (batch === Math.floor(BATCHES / 2)) await meanwhile(client);
    const replies: Promise<Reply>[] = [];
    while (replies.length < BATCH) for (const command of change(all)) replies.push(client.call(...command));
    await Promise.all(replies);
  }
  over = true;
  await Promise.all(waiting);
  for (const other of [client, ...others]) other.close();
}

/** What does not say the same of the same data at another time: when a consumer was seen. */
const PASSING = new Set(['seen-time', 'active-time', 'radix-tree-keys', 'radix-tree-nodes']);

/** What both servers write when a command of the file fails. */
const FAILED = '== CRITICAL ==';

/** Everything that is to survive: all keys that are not due, what they hold, and until when. */
async function stateOf(server: RunningServer): Promise<string[]> {
  expect(
    server
      .output()
      .split('\n')
      .find((line) => line.includes(FAILED)),
  ).toBeUndefined();
  await new Promise((resolve) => setTimeout(resolve, SHORT_MS + 40));
  const client = await RawClient.connect(server.port);
  const state: string[] = [];
  for (let db = 0; db < DATABASES; db++) {
    await client.call('SELECT', db);
    // KEYS deletes those that are due.
    const keys = (readable(await client.call('KEYS', '*')) as string[]).sort();
    for (const key of keys) state.push(`${db} ${key} ${await describeKey(client, key)}`);
  }
  state.push(`digest ${readable(await client.call('DEBUG', 'DIGEST'))}`);
  client.close();
  return state;
}

async function describeKey(client: RawClient, key: string): Promise<string> {
  const [at, digest, type] = await Promise.all([
    client.call('PEXPIRETIME', key),
    client.call('DEBUG', 'DIGEST-VALUE', key),
    client.call('TYPE', key),
  ]);
  const plain = `${readable(at)} ${readable(digest)}`;
  if (String(type) === 'hash') return `${plain} ${JSON.stringify(await fieldTimes(client, key))}`;
  if (String(type) !== 'stream') return plain;
  return `${plain} ${JSON.stringify(withoutPassing(readable(await client.call('XINFO', 'STREAM', key, 'FULL', 'COUNT', '0'))))}`;
}

/** The fields of a hash that have a time to live; [] where the server knows none. */
async function fieldTimes(client: RawClient, key: string): Promise<unknown[]> {
  const fields = (readable(await client.call('HKEYS', key)) as string[]).sort();
  const ends = readable(await client.call('HPEXPIRETIME', key, 'FIELDS', fields.length, ...fields));
  return Array.isArray(ends) ? ends.flatMap((end, i) => (end === -1 ? [] : [fields[i], end])) : [];
}

function withoutPassing(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const kept: unknown[] = [];
  for (let i = 0; i < value.length; i++) {
    if (PASSING.has(value[i] as string)) i++;
    else kept.push(withoutPassing(value[i]));
  }
  return kept;
}

const AOF = ['--appendonly', 'yes', '--enable-debug-command', 'yes'];
const made: string[] = [];

function directory(from?: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'threadis-aof-'));
  made.push(dir);
  if (from !== undefined)
    cpSync(join(from, 'appendonlydir'), join(dir, 'appendonlydir'), { recursive: true });
  return dir;
}

const startOurs = (dir: string, ...args: string[]) =>
  startThreadis(['--compat-version', '7.0', ...AOF, '--dir', dir, ...args]);
const startReal = (dir: string, ...args: string[]) => startRedis([...AOF, '--dir', dir, ...args]);

async function kill(server: RunningServer): Promise<void> {
  process.kill(server.pid, 'SIGKILL');
  await server.stop();
}

async function send(server: RunningServer, ...args: string[]): Promise<unknown> {
  const client = await RawClient.connect(server.port);
  const reply = readable(await client.call(...args));
  client.close();
  return reply;
}

async function rewrite(client: RawClient): Promise<void> {
  await client.call('BGREWRITEAOF');
}

async function rewritten(server: RunningServer): Promise<void> {
  const isBusy = async () =>
    /aof_rewrite_(in_progress|scheduled):1/.test(String(await send(server, 'INFO', 'persistence')));
  while (await isBusy()) await new Promise((resolve) => setTimeout(resolve, 20));
}

afterAll(() => {
  for (const dir of made) rmSync(dir, { recursive: true, force: true });
});

/** What ours makes of the files: commands cannot say that an entry is pending which has been deleted, so a base of commands loses that, as Redis's does. */
async function stateFrom(dir: string): Promise<string[]> {
  const server = await startOurs(dir);
  const state = await stateOf(server);
  await server.stop();
  return state;
}

describe('an append only file', () => {
  it.each(['7.0', '7.2'])(
    'run again makes the same data: all commands, as %s',
    async (version) => {
      const dir = directory();
      const server = await startOurs(dir, '--compat-version', version);
      await play(server, [...CHANGES, ...NEWER], rewrite);
      const before = await stateOf(server);
      expect(await send(server, 'DEBUG', 'LOADAOF')).toBe('OK');
      expect(await stateOf(server)).toEqual(before);
      await kill(server);
      const next = await startOurs(dir, '--compat-version', version);
      expect(await stateOf(next)).toEqual(before);
      await rewritten(next);
      await send(next, 'BGREWRITEAOF');
      await rewritten(next);
      await kill(next);
      const last = await startOurs(dir, '--compat-version', version);
      expect(await stateOf(last)).toEqual(before);
      await last.stop();
    },
    120_000,
  );

  it.skipIf(!oracleAvailable()).each(['yes', 'no'])(
    'is loaded by the real redis-server, aof-use-rdb-preamble %s',
    async (preamble) => {
      const dir = directory();
      const args = ['--aof-timestamp-enabled', 'yes', '--aof-use-rdb-preamble', preamble];
      const server = await startOurs(dir, ...args);
      await play(server, CHANGES, rewrite);
      const before = await stateOf(server);
      await rewritten(server);
      await kill(server);
      const copy = directory(dir);
      const manifest = join(copy, 'appendonlydir', 'appendonly.aof.manifest');
      const checked = spawnSync('redis-check-aof', [manifest], { encoding: 'utf8' });
      expect(checked.stdout + checked.stderr).toContain('All AOF files and manifest are valid');
      expect(readdirSync(join(copy, 'appendonlydir')).length).toBe(3);
      const expected = preamble === 'yes' ? before : await stateFrom(directory(dir));
      const others = (state: string[]) => state.filter((line) => !line.includes('["length",'));
      expect(others(expected)).toEqual(others(before));
      const real = await startReal(copy);
      expect(await stateOf(real)).toEqual(expected);
      await real.stop();
    },
    120_000,
  );

  it.skipIf(!oracleAvailable()).each(['yes', 'no'])(
    'of the real server is loaded, aof-use-rdb-preamble %s',
    async (preamble) => {
      const dir = directory();
      const real = await startReal(dir, '--aof-use-rdb-preamble', preamble);
      await play(real, CHANGES, rewrite);
      await stateOf(real);
      await rewritten(real);
      await kill(real);
      const copy = directory(dir);
      const again = await startReal(dir);
      const expected = await stateOf(again);
      await again.stop();
      const ours = await startOurs(copy);
      expect(await stateOf(ours)).toEqual(expected);
      await ours.stop();
    },
    120_000,
  );

  it.each([['BGREWRITEAOF'], ['CONFIG SET appendonly no', 'CONFIG SET appendonly yes'], ['DEBUG LOADAOF']])(
    'is whole when it changes hands inside a transaction: %s',
    async (...changes) => {
      const dir = directory();
      const server = await startOurs(dir);
      const client = await RawClient.connect(server.port);
      const set = ['SET a 1', 'INCR a', 'SADD s x'];
      const more = ['SPOP s', 'SET b 2', 'INCR b', 'SET c 1'];
      for (const line of [
        'MULTI',
        ...set,
        ...changes,
        ...more,
        'EXEC',
        'SET d 1',
        'MULTI',
        'INCR d',
        'INCR d',
        'EXEC',
      ]) {
        const reply = readable(await client.call(...line.split(' ')));
        if (line === 'EXEC') expect(JSON.stringify(reply)).not.toContain('ERR');
      }
      client.close();
      await rewritten(server);
      const before = await stateOf(server);
      expect(before.length).toBe(5);
      await kill(server);
      const checked = spawnSync('redis-check-aof', [join(dir, 'appendonlydir', 'appendonly.aof.manifest')], {
        encoding: 'utf8',
      });
      if (oracleAvailable()) {
        expect(checked.stdout + checked.stderr).toContain('All AOF files and manifest are valid');
      }
      const next = await startOurs(dir);
      expect(await stateOf(next)).toEqual(before);
      await next.stop();
    },
  );

  it('says so when a command of it fails', async () => {
    const dir = directory();
    const first = await startOurs(dir);
    await send(first, 'SET', 'k', 'v');
    await kill(first);
    const file = join(dir, 'appendonlydir', 'appendonly.aof.1.incr.aof');
    appendFileSync(
      file,
      '*3\r\n$5\r\nLPUSH\r\n$1\r\nk\r\n$1\r\na\r\n*3\r\n$3\r\nSET\r\n$1\r\nj\r\n$1\r\nv\r\n',
    );
    const server = await startOurs(dir);
    expect(server.output()).toContain(FAILED);
    expect(await send(server, 'MGET', 'k', 'j')).toEqual(['v', 'v']);
    await server.stop();
  });
});
