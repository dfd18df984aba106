/** DEBUG, on our server and on the real one. */
import { expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs } from './both-servers.ts';
import type { RawClient } from './raw-client.ts';

const RANGE = 'error: ERR value is out of range, must be positive';

function wrong(given: string): string {
  return `error: ERR unknown subcommand or wrong number of arguments for '${given}'. Try DEBUG HELP.`;
}

const KINDS = 'string integer double bignum null array set map attrib verbatim true false'.split(' ');

/** In RESP2 and RESP3; a client that does not know RESP3 gets the nearest thing. */
const EXAMPLES: Record<string, [string, string]> = {
  string: ['$11\r\nHello World\r\n', '$11\r\nHello World\r\n'],
  integer: [':12345\r\n', ':12345\r\n'],
  double: ['$5\r\n3.141\r\n', ',3.141\r\n'],
  bignum: ['$37\r\n1234567999999999999999999999999999999\r\n', '(1234567999999999999999999999999999999\r\n'],
  null: ['$-1\r\n', '_\r\n'],
  array: ['*3\r\n:0\r\n:1\r\n:2\r\n', '*3\r\n:0\r\n:1\r\n:2\r\n'],
  set: ['*3\r\n:0\r\n:1\r\n:2\r\n', '~3\r\n:0\r\n:1\r\n:2\r\n'],
  map: ['*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n', '%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n'],
  attrib: [
    '$39\r\nSome real reply following the attribute\r\n',
    '|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n$39\r\nSome real reply following the attribute\r\n',
  ],
  verbatim: ['$25\r\nThis is a verbatim\nstring\r\n', '=29\r\ntxt:This is a verbatim\nstring\r\n'],
  true: [':1\r\n', '#t\r\n'],
  false: [':0\r\n', '#f\r\n'],
};

describeOnBoth('debug', ['--enable-debug-command', 'yes'], ({ run, raw, call, client }) => {
  it('DEBUG PROTOCOL: shows each kind of reply', async () => {
    for (const kind of KINDS) {
      const [two, three] = EXAMPLES[kind];
      expect([kind, await raw(`DEBUG PROTOCOL ${kind}`)]).toEqual([kind, two]);
      const greeting = await raw('HELLO 3');
      const text = await raw('HELLO 3', `DEBUG PROTOCOL ${kind}`);
      expect([kind, text.slice(-three.length)]).toEqual([kind, three]);
      expect(Math.abs(text.length - greeting.length - three.length)).toBeLessThanOrEqual(2);
    }
    expect(await raw('DEBUG PROTOCOL push')).toBe('-ERR RESP2 is not supported by this command\r\n');
    expect(await raw('HELLO 3', 'DEBUG PROTOCOL push')).toContain(
      '>2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n$40\r\nSome real reply following the push reply\r\n',
    );
    expect(await run('DEBUG PROTOCOL foo')).toMatch(/^error: ERR Wrong protocol type name\./);
  });

  it('DEBUG POPULATE: makes the keys that are not there', async () => {
    await run('SET key:1 mine');
    expect(await run('DEBUG POPULATE 3')).toBe('OK');
    expect(await run('MGET key:0 key:1 key:2 key:3')).toEqual(['value:0', 'mine', 'value:2', null]);
    expect(await run('DEBUG POPULATE 2 p 3')).toBe('OK');
    expect(await run('GET p:1')).toBe('val');
    expect(await run('DEBUG POPULATE 1 q 10')).toBe('OK');
    expect(await run('GET q:0')).toBe('value:0\0\0\0');
    expect(await run('DBSIZE')).toBe(6);
    expect(await run('DEBUG POPULATE x')).toBe(RANGE);
    expect(await run('DEBUG POPULATE -1')).toBe(RANGE);
    expect(await run('DEBUG POPULATE 1 p x')).toBe(RANGE);
  });

  it('DEBUG OBJECT: tells where and how, and the place stays while INCR counts', async () => {
    await run('SET n 1000000');
    const read = async (key: string) => String(await run(`DEBUG OBJECT ${key}`));
    const before = await read('n');
    expect(before).toMatch(
      /^Value at:0x[0-9a-f]+ refcount:1 encoding:int serializedlength:5 lru:[0-9]+ lru_seconds_idle:[0-9]+$/,
    );
    await run('INCR n');
    expect((await read('n')).split(' ')[0]).toBe(before.split(' ')[0]);
    for (const [value, encoding, size] of [
      ['300', 'int', 3],
      ['99999999999', 'int', 12],
      ['hello', 'embstr', 6],
      ['0123', 'embstr', 5],
      ['k3jf0qz9wnvb5x1m7ct2hypaurl6dgieso84KJWQZXVBNMPLOTRE'.slice(0, 52), 'raw', 53],
    ] as const) {
      await run('SET s <value>', value);
      expect(await read('s')).toMatch(new RegExp(` encoding:${encoding} serializedlength:${size} `));
    }
    expect(await run('DEBUG OBJECT none')).toBe('error: ERR no such key');
    const refusal =
      "error: ERR unknown subcommand or wrong number of arguments for 'OBJECT'. Try DEBUG HELP.";
    expect(await run('DEBUG OBJECT n fast')).toBe(refusal);
  });

  it('DEBUG OBJECT: serializedlength is the size of the value in a snapshot, whatever its type', async () => {
    const words = (count: number, size: number) =>
      Array.from({ length: count }, (_, i) => `${i}:${'x'.repeat(size)}`);
    const pairs = (count: number, size: number) => words(count, size).flatMap((word, i) => [String(i), word]);
    const serialized = async (key: string) =>
      Number(/serializedlength:(\d+)/.exec(String(await run(`DEBUG OBJECT ${key}`)))?.[1]);
    /** What DUMP has beyond the value: the type, the version and the checksum. */
    const dumped = async (client: RawClient, key: string) =>
      ((await client.call('DUMP', key)) as Buffer).length - 11;
    await run('CONFIG SET rdbcompression no');
    await call('RPUSH', 'list', 'a', 'b', 'c');
    await call('RPUSH', 'biglist', ...words(3000, 20));
    await call('HSET', 'hash', ...pairs(5, 3));
    await call('HSET', 'bighash', ...pairs(700, 20));
    await call('SADD', 'ints', ...Array.from({ length: 20 }, (_, i) => i));
    await call('SADD', 'set', 'a', 'b', 'ccc');
    await call('SADD', 'bigset', ...words(700, 20));
    await call('ZADD', 'zset', ...pairs(5, 3));
    await call('ZADD', 'bigzset', ...pairs(700, 20));
    await call('XADD', 'stream', '1-1', 'f', 'v');
    for (let i = 1; i <= 250; i++) await call('XADD', 'bigstream', `${i}-1`, 'f', 'v'.repeat(i));
    await call('XGROUP', 'CREATE', 'bigstream', 'g', '0');
    const own = await client();
    const sizes: Record<string, number> = {};
    for (const key of [
      'list',
      'hash',
      'ints',
      'set',
      'bigset',
      'bighash',
      'zset',
      'bigzset',
      'stream',
      'biglist',
      'bigstream',
    ]) {
      sizes[key] = await serialized(key);
      expect([key, sizes[key]]).toEqual([key, await dumped(own, key)]);
    }
    own.close();
    await run('CONFIG SET rdbcompression yes');
    // What both servers say.
    expect(sizes).toEqual({
      list: 19,
      hash: 53,
      ints: 49,
      set: 9,
      bigset: 17392,
      bighash: 19364,
      zset: 53,
      bigzset: 22992,
      stream: 57,
      biglist: 79991,
      bigstream: 34548,
    });
  });

  it('DEBUG SLEEP: sleeps', async () => {
    const start = Date.now();
    expect(await run('DEBUG SLEEP 0.3')).toBe('OK');
    expect(Date.now() - start).toBeGreaterThanOrEqual(290);
    expect(await run('DEBUG SLEEP x')).toBe('OK');
  });

  it('DEBUG SET-ACTIVE-EXPIRE: stops expiry by itself, not on access', async () => {
    const expired = async () => Number(/expired_keys:([0-9]+)/.exec(String(await run('INFO stats')))![1]);
    expect(await run('DEBUG SET-ACTIVE-EXPIRE 0')).toBe('OK');
    const before = await expired();
    await run('PSETEX a 1 v');
    await run('DEBUG SLEEP 0.3');
    expect(await run('DBSIZE')).toBe(1);
    expect(await run('GET a')).toBeNull();
    expect(await run('DBSIZE')).toBe(0);
    expect(await expired()).toBe(before + 1);
    expect(await run('DEBUG SET-ACTIVE-EXPIRE 1')).toBe('OK');
  });

  it('DEBUG CHANGE-REPL-ID: makes a new one', async () => {
    const read = async () => /master_replid:([0-9a-f]{40})\r/.exec(String(await run('INFO replication')))![1];
    const before = await read();
    expect(await run('DEBUG CHANGE-REPL-ID')).toBe('OK');
    expect(await read()).not.toBe(before);
  });

  it('DEBUG HTSTATS: tells how large tables are', async () => {
    const EMPTY = 'No stats available for empty dictionaries';
    expect(String(await run('DEBUG HTSTATS 0')).split(EMPTY)).toHaveLength(3);
    await run('DEBUG POPULATE 1000');
    const text = String(await run('DEBUG HTSTATS 0'));
    expect(text).toMatch(
      /^\[Dictionary HT\]\nHash table 0 stats \(main hash table\):\n table size: [0-9]+\n/,
    );
    expect(Number(/table size: ([0-9]+)/.exec(text)![1])).toBeGreaterThanOrEqual(1000);
    expect(text).toContain(' number of elements: 1000\n');
    expect(text.slice(text.indexOf('[Expires HT]'))).toContain(EMPTY);
    expect(await run('DEBUG HTSTATS 99')).toBe('error: ERR Out of range database');
    expect(await run('DEBUG HTSTATS x')).toBe('error: ERR value is not an integer or out of range');
  });

  it('DEBUG: refuses what it does not know', async () => {
    expect(await run('DEBUG foo')).toBe(wrong('foo'));
    expect(await run('DEBUG sleep')).toBe(wrong('sleep'));
    expect(await run('DEBUG OBJECT')).toBe(wrong('OBJECT'));
    expect(await run('DEBUG')).toBe("error: ERR wrong number of arguments for 'debug' command");
    expect(await run('DEBUG ERROR <text>', 'MY own error')).toBe('error: MY own error');
    expect(await run('DEBUG LOG hello')).toBe('OK');
    expect(((await run('DEBUG HELP')) as string[])[0]).toMatch(/^DEBUG <subcommand>/);
  });
});

describeOnBoth('debug without leave', [], ({ run }) => {
  it('DEBUG: is refused', async () => {
    expect(await run('DEBUG SLEEP 0')).toBe(
      'error: ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.',
    );
  });
});

describeOnOurs('debug of ours', ['--enable-debug-command', 'local'], ({ run }) => {
  it('DEBUG STRINGMATCH-LEN: matches', async () => {
    expect(await run('DEBUG STRINGMATCH-LEN a*c abc')).toBe(1);
    expect(await run('DEBUG STRINGMATCH-LEN a*c abd')).toBe(0);
  });
});

describeOnBoth(
  'DEBUG AOF-FLUSH-SLEEP',
  ['--enable-debug-command', 'local', '--appendonly', 'yes', '--appendfsync', 'always'],
  ({ run }) => {
    const timeOf = async (command: string) => {
      const start = performance.now();
      await run(command);
      return performance.now() - start;
    };

    it('has writes to the append only file wait, and whoever waits for them', async () => {
      expect(await run('DEBUG AOF-FLUSH-SLEEP 100000')).toBe('OK');
      expect(await timeOf('SET k v')).toBeGreaterThanOrEqual(99);
      expect(await run('DEBUG AOF-FLUSH-SLEEP 0')).toBe('OK');
      expect(await run('GET k')).toBe('v');
    });
  },
);

describeOnBoth(
  'DEBUG LOADAOF',
  ['--enable-debug-command', 'local', '--appendonly', 'yes', '--appendfsync', 'always'],
  ({ run, call }) => {
    it('runs what was logged, and then replies to its own client in its own database', async () => {
      await run('FLUSHALL');
      await run('SELECT 3');
      await run('SET k v');
      await run('RPUSH l a b c');
      await run('SELECT 1');
      await run('HSET h f v');
      await run('SELECT 3');
      expect(await run('DEBUG LOADAOF')).toBe('OK');
      expect(await call('ECHO', 'still here')).toBe('still here');
      expect(await run('GET k')).toBe('v');
      expect(await run('LRANGE l 0 -1')).toEqual(['a', 'b', 'c']);
      expect(await run('EXISTS h')).toBe(0);
      await run('SELECT 1');
      expect(await run('HGET h f')).toBe('v');
      await run('SELECT 0');
    });
  },
);

describeOnOurs('DEBUG LOADAOF without files', ['--enable-debug-command', 'local'], ({ run }) => {
  it('is an error that leaves the data; a rewrite makes files that it loads', async () => {
    await run('SET k v');
    const refusal = 'error: ERR Error trying to load the AOF files, check server logs.';
    expect(await run('DEBUG LOADAOF')).toBe(refusal);
    expect(await run('GET k')).toBe('v');
    await run('SET k w');
    expect(await run('GET k')).toBe('w');
    await run('BGREWRITEAOF');
    while (!String(await run('INFO persistence')).includes('aof_rewrites:1')) await run('PING');
    while (!String(await run('INFO persistence')).includes('aof_rewrite_in_progress:0')) await run('PING');
    await run('SET k x');
    expect(await run('DEBUG LOADAOF')).toBe('OK');
    expect(await run('GET k')).toBe('w');
  });
});

describeOnOurs(
  'a slow disk',
  ['--enable-debug-command', 'local', '--appendonly', 'yes', '--appendfsync', 'always'],
  ({ run }) => {
    it('is seen by the latency monitor', async () => {
      await run('LATENCY RESET');
      await run('CONFIG SET latency-monitor-threshold 30');
      await run('DEBUG AOF-FLUSH-SLEEP 50000');
      let events: string[] = [];
      while (!events.includes('aof-write')) {
        await run('SET k v');
        events = ((await run('LATENCY LATEST')) as [string][]).map(([event]) => event);
      }
      await run('DEBUG AOF-FLUSH-SLEEP 0');
      await run('CONFIG SET latency-monitor-threshold 0');
      expect(events).toContain('aof-write-alone');
    });
  },
);
