/** The commands on keys and databases, over a socket, on our server and on the real one. */
import { expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs } from './both-servers.ts';

const SYNTAX = 'error: ERR syntax error';
const NOT_INTEGER = 'error: ERR value is not an integer or out of range';
const DB_RANGE = 'error: ERR DB index is out of range';
const INT_RANGE = 'error: ERR value is out of range, value must between -2147483648 and 2147483647';
const SAME = 'error: ERR source and destination objects are the same';

describeOnBoth('generic', [], ({ run, call, client }) => {
  it('DEL, UNLINK, EXISTS, TOUCH: count the keys', async () => {
    await run('MSET a 1 b 2 c 3');
    expect(await run('EXISTS a none a b')).toBe(3);
    expect(await run('TOUCH a none b')).toBe(2);
    expect(await run('DEL a a none')).toBe(1);
    expect(await run('UNLINK b c b')).toBe(2);
    expect(await run('DBSIZE')).toBe(0);
    expect(await run('DEL')).toBe("error: ERR wrong number of arguments for 'del' command");
  });

  it('TYPE: names the type', async () => {
    await run('SET k v');
    expect(await run('TYPE k')).toBe('string');
    expect(await run('TYPE none')).toBe('none');
  });

  it('RENAME: takes value and time to live along and replaces the target with its time', async () => {
    await run('SET a 1 EX 100');
    await run('SET b 2 EX 500');
    expect(await run('RENAME a b')).toBe('OK');
    expect(await run('MGET a b')).toEqual([null, '1']);
    expect(await run('TTL b')).toBeCloseTo(100, -1);
    expect(await run('RENAME b b')).toBe('OK');
    expect(await run('RENAME none a')).toBe('error: ERR no such key');
    expect(await run('RENAME none none')).toBe('error: ERR no such key');
    await run('SET c 3');
    expect(await run('RENAME c b')).toBe('OK');
    expect(await run('TTL b')).toBe(-1);
    expect(await run('GET b')).toBe('3');
    expect(await run('DBSIZE')).toBe(1);
  });

  it('RENAMENX: does nothing when the name is taken', async () => {
    await run('MSET a 1 b 2');
    expect(await run('RENAMENX a b')).toBe(0);
    expect(await run('RENAMENX a a')).toBe(0);
    expect(await run('RENAMENX a c')).toBe(1);
    expect(await run('MGET a b c')).toEqual([null, '2', '1']);
    expect(await run('RENAMENX none x')).toBe('error: ERR no such key');
  });

  it('RENAME: to and from very long names', async () => {
    const long = Buffer.alloc(200_000, 'k');
    await call('SET', 'a', 'value', 'EX', '100');
    expect(await call('RENAME', 'a', long)).toBe('OK');
    expect(await call('GET', long)).toBe('value');
    expect(await call('TTL', long)).toBe(100);
    expect(await call('RENAME', long, 'b')).toBe('OK');
    expect(await call('GET', 'b')).toBe('value');
  });

  it('COPY: copies value and time to live, to other databases too', async () => {
    await run('SET a 1 EX 100');
    expect(await run('COPY a b')).toBe(1);
    expect(await run('TTL b')).toBeCloseTo(100, -1);
    await run('INCR b');
    expect(await run('MGET a b')).toEqual(['1', '2']);
    expect(await run('COPY a b')).toBe(0);
    expect(await run('COPY a b REPLACE')).toBe(1);
    expect(await run('GET b')).toBe('1');
    expect(await run('COPY a a DB 1')).toBe(1);
    expect(await run('COPY a a DB 1')).toBe(0);
    expect(await run('COPY a a DB 1 REPLACE')).toBe(1);
    expect(await run('COPY none b')).toBe(0);
    await run('SELECT 1');
    expect(await run('GET a')).toBe('1');
    expect(await run('TTL a')).toBeCloseTo(100, -1);
  });

  it.each([
    ['k k', SAME],
    ['none none', SAME],
    ['k b DB 1 DB 0', 1],
    ['k k DB 1 DB 0', SAME],
    ['k b DB 99', DB_RANGE],
    ['k b DB -1', DB_RANGE],
    ['k b DB x', NOT_INTEGER],
    ['k b DB 99999999999', INT_RANGE],
    ['k b DB', SYNTAX],
    ['k b REPLACE REPLACE', 1],
    ['k b FOO', SYNTAX],
  ])('COPY: %s replies %s', async (args, reply) => {
    await run('SET k v');
    expect(await run(`COPY ${args}`)).toBe(reply);
  });

  it('MOVE: moves a key with its time to live, unless it is there already', async () => {
    await run('SET k v EX 100');
    expect(await run('MOVE k 1')).toBe(1);
    expect(await run('EXISTS k')).toBe(0);
    await run('SET k here');
    expect(await run('MOVE k 1')).toBe(0);
    expect(await run('MOVE none 1')).toBe(0);
    await run('SELECT 1');
    expect(await run('GET k')).toBe('v');
    expect(await run('TTL k')).toBeCloseTo(100, -1);
  });

  it.each([
    ['k 0', SAME],
    ['none 0', SAME],
    ['k 99', DB_RANGE],
    ['k -1', DB_RANGE],
    ['k x', NOT_INTEGER],
    ['k 99999999999', INT_RANGE],
  ])('MOVE: %s replies %s', async (args, reply) => {
    await run('SET k v');
    expect(await run(`MOVE ${args}`)).toBe(reply);
  });

  it('SELECT: chooses the database of the connection', async () => {
    await run('SET k v');
    expect(await run('SELECT 1')).toBe('OK');
    expect(await run('GET k')).toBeNull();
    expect(await run('SELECT 15')).toBe('OK');
    expect(await run('SELECT 16')).toBe(DB_RANGE);
    expect(await run('SELECT -1')).toBe(DB_RANGE);
    expect(await run('SELECT x')).toBe(NOT_INTEGER);
    expect(await run('SELECT 9999999999')).toBe(INT_RANGE);
  });

  it('SWAPDB: exchanges two databases under the feet of their clients', async () => {
    const other = await client();
    await other.call('SELECT', '1');
    await run('SET k zero EX 100');
    expect(await run('SWAPDB 0 1')).toBe('OK');
    expect(await run('DBSIZE')).toBe(0);
    expect(String(await other.call('GET', 'k'))).toBe('zero');
    expect(await other.call('TTL', 'k')).toBe(100);
    expect(await run('SWAPDB 1 1')).toBe('OK');
    expect(await run('SWAPDB x 1')).toBe('error: ERR invalid first DB index');
    expect(await run('SWAPDB 1 x')).toBe('error: ERR invalid second DB index');
    expect(await run('SWAPDB 9999999999 1')).toBe('error: ERR invalid first DB index');
    expect(await run('SWAPDB 1 16')).toBe(DB_RANGE);
    other.close();
  });

  it('FLUSHDB, FLUSHALL: empty one database or all', async () => {
    await run('MSET a 1 b 2');
    await run('EXPIRE a 100');
    await run('SELECT 1');
    await run('SET c 3 EX 100');
    expect(await run('FLUSHDB')).toBe('OK');
    expect(await run('DBSIZE')).toBe(0);
    await run('SET c 3');
    await run('SELECT 0');
    expect(await run('DBSIZE')).toBe(2);
    expect(await run('FLUSHDB ASYNC')).toBe('OK');
    expect(await run('DBSIZE')).toBe(0);
    expect(await run('FLUSHALL SYNC')).toBe('OK');
    await run('SELECT 1');
    expect(await run('DBSIZE')).toBe(0);
    expect(await run('FLUSHALL NOW')).toBe(SYNTAX);
    expect(await run('FLUSHDB SYNC ASYNC')).toBe(SYNTAX);
  });

  it('FLUSHDB, FLUSHALL: count what is freed lazily, by word or by lazyfree-lazy-user-flush', async () => {
    const flush = async (command: string) => {
      await run('MSET a 1 b 2 c 3');
      await run('RPUSH l x y z');
      await run('CONFIG RESETSTAT');
      await run(command);
      let info = '';
      do info = String(await run('INFO memory'));
      while (!info.includes('lazyfree_pending_objects:0'));
      return Number(/lazyfreed_objects:(\d+)/.exec(info)?.[1]);
    };
    for (const command of ['FLUSHDB', 'FLUSHALL']) {
      expect([command, await flush(command)]).toEqual([command, 0]);
      expect([command, await flush(`${command} SYNC`)]).toEqual([command, 0]);
      expect([command, await flush(`${command} async`)]).toEqual([command, 4]);
      await run('CONFIG SET lazyfree-lazy-user-flush yes');
      expect([command, await flush(command)]).toEqual([command, 4]);
      expect([command, await flush(`${command} sync`)]).toEqual([command, 0]);
      await run('CONFIG SET lazyfree-lazy-user-flush no');
    }
    // A database that has others beside it is freed in another way.
    await run('SELECT 1');
    await run('SET other db');
    await run('SELECT 0');
    expect(await flush('FLUSHDB ASYNC')).toBe(4);
    expect(await flush('FLUSHALL ASYNC')).toBe(5);
  });

  it('FLUSHDB: keys set at once afterwards live on while the old ones are being freed', async () => {
    const keys = Array.from({ length: 5000 }, (_, i) => [`key:${i}`, 'v'.repeat(50)]).flat();
    await call('MSET', ...keys);
    await run('SELECT 1');
    await run('SET other db');
    await run('SELECT 0');
    await run('FLUSHDB');
    await call('MSET', ...keys);
    expect(await run('DBSIZE')).toBe(5000);
    for (let i = 0; i < 5000; i += 500) expect(await run(`GET key:${i}`)).toBe('v'.repeat(50));
  });

  it('OBJECT: tells encoding, references and idle time', async () => {
    await run('MSET small 9999 large 10000 negative -1 text abc');
    expect(await run('OBJECT REFCOUNT small')).toBe(2147483647);
    expect(await run('OBJECT REFCOUNT large')).toBe(1);
    expect(await run('OBJECT REFCOUNT negative')).toBe(1);
    expect(await run('OBJECT REFCOUNT text')).toBe(1);
    expect(await run('OBJECT IDLETIME text')).toBeLessThan(60);
    expect(await run('OBJECT ENCODING none')).toBeNull();
    expect(await run('OBJECT FREQ none')).toBeNull();
    expect(await run('OBJECT FREQ text')).toMatch(/^error: ERR An LFU maxmemory policy is not selected/);
    expect(await run('object encoding TEXT')).toBeNull();
    expect(await run('OBJECT ENCODING')).toBe(
      "error: ERR wrong number of arguments for 'object|encoding' command",
    );
    expect(await run('OBJECT nonsense text')).toBe(
      "error: ERR unknown subcommand 'nonsense'. Try OBJECT HELP.",
    );
  });

  it('OBJECT HELP: explains the subcommands', async () => {
    const lines = (await run('OBJECT HELP')) as string[];
    expect(lines).toHaveLength(15);
    expect(lines[0]).toBe('OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:');
    expect(lines[14]).toBe('    Prints this help.');
  });

  it('RANDOMKEY: finds every key and, in an empty database, none', async () => {
    expect(await run('RANDOMKEY')).toBeNull();
    await run('MSET a 1 b 2 c 3');
    const seen = new Set<unknown>();
    for (let i = 0; i < 200; i++) seen.add(await run('RANDOMKEY'));
    expect([...seen].sort()).toEqual(['a', 'b', 'c']);
  });
});

describeOnBoth('generic, under an LFU policy', ['--maxmemory-policy', 'allkeys-lfu'], ({ run }) => {
  it('OBJECT FREQ: grows with use, and IDLETIME is not known', async () => {
    await run('SET k v');
    expect(await run('OBJECT FREQ k')).toBe(5);
    for (let i = 0; i < 100; i++) await run('GET k');
    expect(await run('OBJECT FREQ k')).toBeGreaterThan(6);
    expect(await run('OBJECT IDLETIME k')).toMatch(/^error: ERR An LFU maxmemory policy is selected/);
  });
});

describeOnOurs('generic, with CLIENT NO-TOUCH', ['--maxmemory-policy', 'allkeys-lfu'], ({ run }) => {
  it('use leaves no trace but by TOUCH', async () => {
    await run('CONFIG SET lfu-log-factor 0');
    await run('SET k 1');
    await run('CLIENT NO-TOUCH ON');
    for (const command of ['GET k', 'INCR k', 'STRLEN k', 'EXPIRE k 100']) await run(command);
    expect(await run('OBJECT FREQ k')).toBe(5);
    await run('TOUCH k');
    expect(await run('OBJECT FREQ k')).toBe(6);
    await run('CLIENT NO-TOUCH OFF');
    await run('GET k');
    expect(await run('OBJECT FREQ k')).toBe(7);
  });
});

describeOnBoth('generic, keys of every length', [], ({ call, run }) => {
  it.each([0, 1, 254, 255, 256, 257, 4096, 300_000, 1_048_512])('a key of %i bytes', async (size) => {
    const key = Buffer.alloc(size, 'k');
    expect(await call('SET', key, 'v', 'EX', '100')).toBe('OK');
    expect(await call('PERSIST', key)).toBe(1);
    expect(await call('APPEND', key, 'w')).toBe(2);
    expect(await call('GET', key)).toBe('vw');
    expect(await run('RANDOMKEY')).toBe(key.toString());
    expect(await run('KEYS *')).toEqual([key.toString()]);
    expect(await call('DEL', key)).toBe(1);
  });
});

describeOnOurs('generic, keys that are too long', [], ({ call, run }) => {
  it('are refused where they would be stored, and not there where they are looked for', async () => {
    const key = Buffer.alloc(1_048_513, 'k');
    const tooLong = 'error: ERR key is too long, a key may have at most 1048512 bytes';
    await run('SET k v');
    expect(await call('SET', key, 'v')).toBe(tooLong);
    expect(await call('MSET', 'a', '1', key, '2')).toBe(tooLong);
    expect(await call('RENAME', 'k', key)).toBe(tooLong);
    expect(await call('COPY', 'k', key)).toBe(tooLong);
    expect(await call('GET', key)).toBeNull();
    expect(await call('DEL', key, 'k')).toBe(1);
    expect(await call('SET', 'k', key)).toBe('OK');
    expect(await run('DBSIZE')).toBe(1);
  });
});
