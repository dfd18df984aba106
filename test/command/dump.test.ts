/** DUMP and RESTORE: their errors on both servers, and payloads of every type and encoding from each server to the other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { describeOnBoth, describeOnOurs } from './both-servers.ts';
import { withFooter } from './payload.ts';
import { RawClient, type Reply, readable } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';
import { VALUES } from './values.ts';

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

const OPTIONS = ['--enable-debug-command', 'yes'];
const SHOW = [
  // What a stream's digest does not see; an error for others.
  ['XINFO', 'STREAM', 'k', 'FULL', 'COUNT', '0'],
  ['OBJECT', 'ENCODING', 'k'],
  ['DEBUG', 'DIGEST-VALUE', 'k'],
  ['DEBUG', 'DIGEST'],
];

/** The reply, without what is no fact of the value: our streams are in no radix tree, and the number of its nodes is made up. */
function shown(reply: Reply): unknown {
  const text = readable(reply);
  if (!Array.isArray(text)) return text;
  const nodes = text.indexOf('radix-tree-nodes') + 1;
  return nodes === 0 ? text : text.with(nodes, null);
}

describe.skipIf(!oracleAvailable())('payloads between the servers', () => {
  let servers: RunningServer[];
  let clients: RawClient[];
  beforeAll(async () => {
    servers = await Promise.all([
      startThreadis(['--compat-version', '7.0', ...OPTIONS]),
      startRedis([...OPTIONS, '--sanitize-dump-payload', 'yes']),
    ]);
    clients = await Promise.all(servers.map(({ port }) => RawClient.connect(port)));
  }, 30_000);
  afterAll(async () => {
    for (const client of clients) client.close();
    await Promise.all(servers.map((server) => server.stop()));
  });
  const onAll = (...command: string[]) => Promise.all(clients.map((client) => client.call(...command)));

  it.each(VALUES)('%s (%s) goes both ways, and the digests agree', async (_name, encoding, ...make) => {
    for (const [from, to] of [clients, [...clients].reverse()]) {
      await onAll('FLUSHALL');
      for (const command of make) await from.call(...command);
      const payload = (await from.call('DUMP', 'k')) as Buffer;
      expect(readable(await to.call('RESTORE', 'k', 0, payload))).toBe('OK');
      for (const show of SHOW) {
        expect([show, shown(await to.call(...show))]).toEqual([show, shown(await from.call(...show))]);
      }
      expect(readable(await to.call('OBJECT', 'ENCODING', 'k'))).toBe(encoding);
    }
  });

  it('payloads of small collections can be restored where no small ones are allowed', async () => {
    const limits = [
      'list-max-listpack-size',
      'set-max-intset-entries',
      'hash-max-listpack-entries',
      'zset-max-listpack-entries',
    ];
    for (const [from, to] of [clients, [...clients].reverse()]) {
      for (const [name, encoding, ...make] of VALUES) {
        if (!['quicklist', 'intset', 'listpack'].includes(encoding)) continue;
        await onAll('FLUSHALL');
        for (const command of make) await from.call(...command);
        const payload = (await from.call('DUMP', 'k')) as Buffer;
        for (const limit of limits) await to.call('CONFIG', 'SET', limit, '2');
        expect(readable(await to.call('RESTORE', 'k', 0, payload))).toBe('OK');
        for (const limit of limits)
          await to.call('CONFIG', 'SET', limit, limit.startsWith('list') ? '-2' : '128');
        const digest = ['DEBUG', 'DIGEST-VALUE', 'k'];
        expect([name, shown(await to.call(...digest))]).toEqual([name, shown(await from.call(...digest))]);
      }
    }
    await onAll('CONFIG', 'SET', 'set-max-intset-entries', '512');
  }, 60_000);

  it('digests of several databases and of keys with a time to live agree', async () => {
    for (const client of clients) {
      await client.call('FLUSHALL');
      for (const [i, [, , ...make]] of VALUES.entries()) {
        await client.call('SELECT', String(i % 4));
        for (const command of make)
          await client.call(...command.map((word) => (word === 'k' ? `key:${i}` : word)));
        if (i % 3 === 0) await client.call('EXPIRE', `key:${i}`, '1000');
      }
    }
    const [ours, theirs] = await onAll('DEBUG', 'DIGEST');
    expect(readable(ours)).toBe(readable(theirs));
    expect(readable(ours)).not.toBe('0'.repeat(40));
    await onAll('FLUSHALL');
    await onAll('SELECT', '0');
  });

  it('a payload with any byte changed is refused', async () => {
    const [ours] = clients;
    for (const [, , ...make] of VALUES) {
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

  it('a payload of anything with a right checksum is refused or is a value that can be used', async () => {
    const [ours] = clients;
    const random = new Prng(20_26);
    let restored = 0;
    for (const [, , ...make] of VALUES) {
      await ours.call('FLUSHALL');
      for (const command of make) await ours.call(...command);
      const payload = (await ours.call('DUMP', 'k')) as Buffer;
      for (let round = 0; round < 60; round++) {
        const bad = withFooter(damaged(payload, random));
        const reply = readable(await ours.call('RESTORE', 'bad', 0, bad, 'REPLACE'));
        if (reply !== 'OK') expect(reply).toBe('error: ERR Bad data format');
        else {
          restored++;
          expect(readable(await ours.call('DEBUG', 'DIGEST-VALUE', 'bad'))).toHaveLength(1);
          expect(readable(await ours.call('DUMP', 'bad'))).not.toBeNull();
        }
      }
    }
    expect(restored).toBeGreaterThan(0);
    expect(readable(await ours.call('PING'))).toBe('PONG');
  }, 60_000);
});

/** The payload with some of its value's bytes changed, taken out or put in. */
function damaged(payload: Buffer, random: Prng): Buffer {
  const value = Buffer.from(payload.subarray(0, payload.length - 10));
  const size = value.length;
  for (let changes = random.below(3); changes >= 0; changes--) {
    // Most of what matters is at the beginning.
    const at = random.below(2) === 0 ? random.below(Math.min(size, 24)) : random.below(size);
    value[at] = random.below(4) === 0 ? 0xff : random.below(256);
  }
  if (random.below(4) !== 0) return value;
  const cut = random.below(size);
  return Buffer.concat([value.subarray(0, cut), value.subarray(cut + random.below(4))]);
}

describeOnOurs('DUMP of hashes with times', ['--enable-debug-command', 'yes'], ({ run, call, client }) => {
  it.each([
    ['a few fields', 3],
    ['many', 300],
  ])('keeps the times of %s', async (_, count) => {
    for (let i = 0; i < count; i++) await run(`HSET h f${i} v${i}`);
    await run('HPEXPIREAT h 4102444800000 FIELDS 1 f0');
    await run('HPEXPIREAT h 4102444800123 FIELDS 1 f2');
    const own = await client();
    const payload = (await own.call('DUMP', 'h')) as Buffer;
    own.close();
    expect(payload[0]).toBe(24);
    expect(payload.readUInt16LE(payload.length - 10)).toBe(12);
    expect(await call('RESTORE', 'copy', 0, payload)).toBe('OK');
    expect(await run('HPEXPIRETIME copy FIELDS 4 f0 f1 f2 none')).toEqual([
      4102444800000, -1, 4102444800123, -2,
    ]);
    expect(await run('DEBUG DIGEST-VALUE copy')).toEqual(await run('DEBUG DIGEST-VALUE h'));
    await run('HPERSIST copy FIELDS 2 f0 f2');
    const plain = await client();
    expect(((await plain.call('DUMP', 'copy')) as Buffer)[0]).toBe(4);
    plain.close();
  });
});

describeOnOurs('DUMP of Bloom filters', ['--enable-debug-command', 'yes'], ({ run, call, client }) => {
  it('gives a filter of the same digest, which another item changes', async () => {
    await run('BF.RESERVE f 0.01 10');
    for (let i = 0; i < 100; i++) await run(`BF.ADD f item:${i}`);
    const own = await client();
    const payload = (await own.call('DUMP', 'f')) as Buffer;
    own.close();
    expect(await call('RESTORE', 'copy', 0, payload)).toBe('OK');
    const digest = await run('DEBUG DIGEST-VALUE f');
    expect(await run('DEBUG DIGEST-VALUE copy')).toEqual(digest);
    expect(await run('BF.INFO copy')).toEqual(await run('BF.INFO f'));
    await run('BF.ADD copy another');
    expect(await run('DEBUG DIGEST-VALUE copy')).not.toEqual(digest);
  });
});
