/** DUMP and RESTORE: their errors on both servers, and payloads of every type and encoding from each server to the other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeOnBoth } from './both-servers.ts';
import { RawClient, readable } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

describeOnBoth('DUMP and RESTORE', [], ({ run, call, client }) => {
  const payloadOf = async (key: string) => {
    const own = await client();
    const payload = (await own.call('DUMP', key)) as Buffer;
    own.close();
    return payload;
  };

  it.each([
    ['RESTORE k abc x', 'error: ERR value is not an integer or out of range'],
    ['RESTORE k -1 x', 'error: ERR Invalid TTL value, must be >= 0'],
    ['RESTORE k 0 x', 'error: ERR DUMP payload version or checksum are wrong'],
    ['RESTORE k 0 aaaaaaaaaaaaaaaa', 'error: ERR DUMP payload version or checksum are wrong'],
    ['RESTORE k 0 x FOO', 'error: ERR syntax error'],
    ['RESTORE k 0 x IDLETIME', 'error: ERR syntax error'],
    ['RESTORE k 0 x IDLETIME -1', 'error: ERR Invalid IDLETIME value, must be >= 0'],
    ['RESTORE k 0 x IDLETIME abc', 'error: ERR value is not an integer or out of range'],
    ['RESTORE k 0 x FREQ 256', 'error: ERR Invalid FREQ value, must be >= 0 and <= 255'],
    ['RESTORE k 0 x IDLETIME 1 FREQ 2', 'error: ERR syntax error'],
    ['RESTORE k 0', "error: ERR wrong number of arguments for 'restore' command"],
    ['DUMP nothing', null],
  ])('%s', async (command, reply) => {
    expect(await run(command)).toBe(reply);
  });

  it('does not overwrite without REPLACE, and leaves a key alone when the payload is bad', async () => {
    await run('SET k old');
    const payload = await payloadOf('k');
    expect(await call('RESTORE', 'k', 0, payload)).toBe('error: BUSYKEY Target key name already exists.');
    const bad = Buffer.from(payload);
    bad[2] ^= 1;
    expect(await call('RESTORE', 'k', 0, bad, 'REPLACE')).toBe(
      'error: ERR DUMP payload version or checksum are wrong',
    );
    expect(await run('GET k')).toBe('old');
    await run('SET k new');
    expect(await call('RESTORE', 'k', 0, payload, 'REPLACE')).toBe('OK');
    expect(await run('GET k')).toBe('old');
  });

  it('sets the time to live, relative and absolute; a time that has passed deletes', async () => {
    await run('SET k v');
    const payload = await payloadOf('k');
    expect(await call('RESTORE', 'a', 60000, payload)).toBe('OK');
    expect(Number(await run('PTTL a'))).toBeGreaterThan(50000);
    expect(await call('RESTORE', 'b', 4102444800000, payload, 'ABSTTL')).toBe('OK');
    expect(await run('PEXPIRETIME b')).toBe(4102444800000);
    expect(await call('RESTORE', 'k', 1, payload, 'ABSTTL', 'REPLACE')).toBe('OK');
    expect(await run('EXISTS k')).toBe(0);
    expect(await run('TTL a')).not.toBe(-1);
  });

  it('RESTORE-ASKING is RESTORE', async () => {
    await run('SET k v');
    expect(await call('RESTORE-ASKING', 'a', 0, await payloadOf('k'))).toBe('OK');
    expect(await run('GET a')).toBe('v');
  });

  it('sets how long a key was not used', async () => {
    await run('SET k v');
    const payload = await payloadOf('k');
    expect(await call('RESTORE', 'a', 0, payload, 'IDLETIME', 1000)).toBe('OK');
    expect(Number(await run('OBJECT IDLETIME a'))).toBeGreaterThanOrEqual(1000);
  });
});

/** Keys that cover types and encodings: what makes them, and what shows their content. */
const VALUES: [name: string, make: string[][], show: string[]][] = [
  ['a string', [['SET', 'k', 'hello']], ['GET', 'k']],
  ['a long string that compresses', [['SET', 'k', 'abc'.repeat(1000)]], ['GET', 'k']],
  ['a long string that does not', [['SETRANGE', 'k', '70000', 'x']], ['GET', 'k']],
  ...['0', '-1', '127', '-129', '32768', '2147483647', '-2147483649', '9223372036854775807'].map(
    (n): [string, string[][], string[]] => [`the integer ${n}`, [['SET', 'k', n]], ['GET', 'k']],
  ),
];

describe.skipIf(!oracleAvailable())('payloads between the servers', () => {
  let servers: RunningServer[];
  let clients: RawClient[];
  beforeAll(async () => {
    servers = await Promise.all([startThreadis(['--compat-version', '7.0']), startRedis()]);
    clients = await Promise.all(servers.map(({ port }) => RawClient.connect(port)));
  }, 30_000);
  afterAll(async () => {
    for (const client of clients) client.close();
    await Promise.all(servers.map((server) => server.stop()));
  });

  it.each(VALUES)('%s goes both ways', async (_name, make, show) => {
    for (const [from, to] of [clients, [...clients].reverse()]) {
      await Promise.all(clients.map((client) => client.call('FLUSHALL')));
      for (const command of make) await from.call(...command);
      const payload = (await from.call('DUMP', 'k')) as Buffer;
      expect(readable(await to.call('RESTORE', 'k', 0, payload))).toBe('OK');
      expect(await to.call(...show)).toEqual(await from.call(...show));
      expect(await to.call('OBJECT', 'ENCODING', 'k')).toEqual(await from.call('OBJECT', 'ENCODING', 'k'));
    }
  });

  it('a payload with any byte changed is refused or is a value, and nothing breaks', async () => {
    const [ours] = clients;
    for (const [, make] of VALUES) {
      await ours.call('FLUSHALL');
      for (const command of make) await ours.call(...command);
      const payload = (await ours.call('DUMP', 'k')) as Buffer;
      for (let i = 0; i < Math.min(payload.length, 40); i++) {
        const bad = Buffer.from(payload);
        bad[i] ^= 0xff;
        expect(readable(await ours.call('RESTORE', 'bad', 0, bad))).toMatch(/checksum/);
      }
    }
  });
});
