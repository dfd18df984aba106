/** The hash commands, over a socket, on our server and on the real one. Expire times of fields are in hash-expire.test.ts. */
import { expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs, type Target } from './both-servers.ts';

const SYNTAX = 'error: ERR syntax error';
const NOT_INTEGER = 'error: ERR value is not an integer or out of range';
const WRONG_TYPE = 'error: WRONGTYPE Operation against a key holding the wrong kind of value';

const arity = (name: string): string => `error: ERR wrong number of arguments for '${name}' command`;

describeOnBoth('hash', [], ({ run, call, raw, name }) => {
  /** A hash of `count` fields f0, f1, ... with values v0, v1, ... */
  const fill = (key: string, count: number) =>
    call('HSET', key, ...Array.from({ length: count }, (_, i) => [`f${i}`, `v${i}`]).flat());

  it('HSET: counts the fields that are new, HMSET replies OK', async () => {
    expect(await run('HSET h a 1 b 2')).toBe(2);
    expect(await run('HSET h a 3 c 4 c 5')).toBe(1);
    expect(await run('HMSET h a 6 d 7')).toBe('OK');
    expect(await run('HGETALL h')).toEqual(['a', '6', 'b', '2', 'c', '5', 'd', '7']);
    expect(await run('HSETNX h a x')).toBe(0);
    expect(await run('HSETNX h e y')).toBe(1);
    expect(await run('HMGET h a e')).toEqual(['6', 'y']);
    expect(await run('HSETNX new a x')).toBe(1);
  });

  it.each([
    ['HSET h a 1 b', arity('hset')],
    ['HMSET h a 1 b', arity('hmset')],
    ['HSET h a', arity('hset')],
    ['HGET h', arity('hget')],
    ['HMGET h', arity('hmget')],
    ['HINCRBY h a', arity('hincrby')],
    ['HINCRBY h a x', NOT_INTEGER],
    ['HINCRBY h a 1.5', NOT_INTEGER],
    ['HINCRBY h text 1', 'error: ERR hash value is not an integer'],
    ['HINCRBY h spaced 1', 'error: ERR hash value is not an integer'],
    ['HINCRBY h max 1', 'error: ERR increment or decrement would overflow'],
    ['HINCRBYFLOAT h a x', 'error: ERR value is not a valid float'],
    ['HINCRBYFLOAT h text 1', 'error: ERR hash value is not a float'],
    ['HINCRBYFLOAT h a inf', 'error: ERR value is NaN or Infinity'],
    ['HINCRBYFLOAT h a -inf', 'error: ERR value is NaN or Infinity'],
    ['HRANDFIELD h x', NOT_INTEGER],
    ['HRANDFIELD h 1 FOO', SYNTAX],
    ['HRANDFIELD h 1 WITHVALUES x', SYNTAX],
    [
      'HRANDFIELD h -9223372036854775808',
      'error: ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
    ],
    ['HRANDFIELD h 4611686018427387904 WITHVALUES', 'error: ERR value is out of range'],
    ['HRANDFIELD h -4611686018427387904 WITHVALUES', 'error: ERR value is out of range'],
    ['HSCAN h x', 'error: ERR invalid cursor'],
    ['HSCAN h 0 COUNT 0', SYNTAX],
    ['HSCAN h 0 COUNT x', NOT_INTEGER],
    ['HSCAN h 0 COUNT', SYNTAX],
    ['HSCAN h 0 FOO', SYNTAX],
    ['HSCAN h 0 TYPE hash', SYNTAX],
  ])('%s replies %s and changes nothing', async (command, reply) => {
    await call('HSET', 'h', 'a', '1', 'text', 'abc', 'max', '9223372036854775807', 'spaced', ' 1');
    const before = await run('HGETALL h');
    expect(await run(command)).toBe(reply);
    expect(await run('HGETALL h')).toEqual(before);
  });

  it('commands on a key that does not exist', async () => {
    expect(await run('HGET no a')).toBeNull();
    expect(await run('HMGET no a b')).toEqual([null, null]);
    for (const name of ['HGETALL', 'HKEYS', 'HVALS']) expect(await run(`${name} no`)).toEqual([]);
    for (const name of ['HDEL', 'HEXISTS', 'HSTRLEN']) expect(await run(`${name} no a`)).toBe(0);
    expect(await run('HLEN no')).toBe(0);
    expect(await run('HRANDFIELD no')).toBeNull();
    expect(await run('HRANDFIELD no 5')).toEqual([]);
    expect(await run('HRANDFIELD no -5 WITHVALUES')).toEqual([]);
    expect(await run('HSCAN no 0')).toEqual(['0', []]);
    expect(await run('HSCAN no 0 COUNT x')).toEqual(['0', []]);
    expect(await run('EXISTS no')).toBe(0);
  });

  it('commands on a key of another type', async () => {
    await run('SET s x');
    const commands = [
      'HSET s a 1',
      'HMSET s a 1',
      'HSETNX s a 1',
      'HGET s a',
      'HMGET s a',
      'HGETALL s',
      'HKEYS s',
      'HVALS s',
      'HLEN s',
      'HEXISTS s a',
      'HDEL s a',
      'HSTRLEN s a',
      'HINCRBY s a 1',
      'HINCRBYFLOAT s a 1',
      'HRANDFIELD s',
      'HRANDFIELD s 2',
      'HSCAN s 0',
    ];
    for (const command of commands) expect(await run(command), command).toBe(WRONG_TYPE);
    await run('HSET h a 1');
    expect(await run('GET h')).toBe(WRONG_TYPE);
    expect(await run('TYPE h')).toBe('hash');
  });

  it.each([3, 1000])('HDEL: removes fields of a hash of %i, and the key with the last', async (count) => {
    await fill('h', count);
    expect(await run('HDEL h f0 f0 no f2')).toBe(2);
    expect(await run('HLEN h')).toBe(count - 2);
    expect(await run('HEXISTS h f0')).toBe(0);
    expect(await run('HGET h f1')).toBe('v1');
    expect(await call('HDEL', 'h', ...Array.from({ length: count }, (_, i) => `f${i}`))).toBe(count - 2);
    expect(await run('EXISTS h')).toBe(0);
  });

  it.each([8, 600])('HINCRBY and HINCRBYFLOAT in a hash of %i fields', async (count) => {
    await fill('h', count);
    expect(await run('HINCRBY h n 5')).toBe(5);
    expect(await run('HINCRBY h n -7')).toBe(-2);
    await run('HINCRBY h n 9223372036854775807');
    expect(await run('HGET h n')).toBe('9223372036854775805');
    expect(await run('HINCRBYFLOAT h x 0.1')).toBe('0.1');
    expect(await run('HINCRBYFLOAT h x 0.2')).toBe('0.3');
    expect(await run('HINCRBYFLOAT h x 5.0e3')).toBe('5000.29999999999999982');
    expect(await run('HINCRBYFLOAT h y 1.5')).toBe('1.5');
    expect(await run('HINCRBYFLOAT h y -1.5')).toBe('0');
    expect(await run('HSTRLEN h n')).toBe(19);
    expect(await run('HLEN h')).toBe(count + 3);
    expect(await run('HINCRBYFLOAT fresh x 1e300')).toMatch(/^1000000000000000[0-9]+$/);
    expect(await run('HINCRBY fresh y 1')).toBe(1);
  });

  it('any bytes may be fields and values, in both encodings', async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    for (const value of [all.subarray(0, 40), Buffer.concat([all, all])]) {
      await call('DEL', 'h');
      await call('HSET', 'h', value, value, '', '', '12', '-0012');
      expect(await call('HGET', 'h', value)).toBe(value.toString('latin1'));
      expect(await call('HGET', 'h', '')).toBe('');
      expect(await call('HGET', 'h', '12')).toBe('-0012');
      expect(await call('HSTRLEN', 'h', value)).toBe(value.length);
    }
  });

  it('a hash is a listpack of up to 512 fields, none of it longer than 64 bytes', async () => {
    await fill('h', 512);
    expect(await run('OBJECT ENCODING h')).toBe('listpack');
    await run('HSET h f0 again');
    expect(await run('OBJECT ENCODING h')).toBe('listpack');
    await run('HSET h one-more 1');
    expect(await run('OBJECT ENCODING h')).toBe('hashtable');
    await run('HDEL h one-more f0 f1 f2');
    expect(await run('OBJECT ENCODING h')).toBe('hashtable');
    for (const [field, value, encoding] of [
      ['f'.repeat(64), 'v'.repeat(64), 'listpack'],
      ['f'.repeat(65), 'v', 'hashtable'],
      ['f', 'v'.repeat(65), 'hashtable'],
    ]) {
      await run('DEL h');
      await call('HSET', 'h', 'a', '1', field, value);
      expect(await run('OBJECT ENCODING h')).toBe(encoding);
      await run('DEL h');
      await run('HSET h a 1');
      await call('HSETNX', 'h', field, value);
      expect(await run('OBJECT ENCODING h')).toBe(encoding);
    }
    await run('DEL h');
    await call('HSET', 'h', 'a', '1');
    await call('HINCRBYFLOAT', 'h', 'a', '1e100');
    expect(await run('OBJECT ENCODING h')).toBe('hashtable');
  });

  it('COPY, RENAME, MOVE, DEL, UNLINK and MEMORY USAGE of small and large hashes', async () => {
    for (const count of [5, 5000]) {
      await run('FLUSHALL');
      await fill('h', count);
      expect(await run('COPY h copy')).toBe(1);
      expect(await run('RENAME h renamed')).toBe('OK');
      await run('HSET copy f1 changed');
      expect(await run('HGET renamed f1')).toBe('v1');
      expect(await run('HLEN renamed')).toBe(count);
      expect(await run('MEMORY USAGE renamed SAMPLES 0')).toBeGreaterThan(count * 4);
      expect(await run('MOVE renamed 3')).toBe(1);
      expect(await run('SELECT 3')).toBe('OK');
      expect(await run('HGET renamed f2')).toBe('v2');
      expect(await run('UNLINK renamed')).toBe(1);
      expect(await run('SELECT 0')).toBe('OK');
      expect(await run('DEL copy')).toBe(1);
      expect(await run('DBSIZE')).toBe(0);
    }
  });

  it.each([10, 1000])('HRANDFIELD: of a hash of %i fields', async (count) => {
    await fill('h', count);
    const known = new Set(Array.from({ length: count }, (_, i) => `f${i}`));
    for (const wanted of [1, 2, 5, count - 1, count, count + 10]) {
      const fields = (await run(`HRANDFIELD h ${wanted}`)) as string[];
      expect(fields.length).toBe(Math.min(wanted, count));
      expect(new Set(fields).size).toBe(fields.length);
      expect(fields.every((field) => known.has(field))).toBe(true);
    }
    const pairs = (await run('HRANDFIELD h -30 WITHVALUES')) as string[];
    expect(pairs.length).toBe(60);
    for (let i = 0; i < 60; i += 2) expect(pairs[i + 1]).toBe(pairs[i].replace('f', 'v'));
    expect((await run(`HRANDFIELD h -${count * 2}`)) as string[]).toHaveLength(count * 2);
    expect(await run('HRANDFIELD h 0')).toEqual([]);
    expect(known.has((await run('HRANDFIELD h')) as string)).toBe(true);
  });

  it('HRANDFIELD: chooses all fields alike', async () => {
    for (const value of ['v', 'v'.repeat(100)]) {
      await run('DEL h');
      await call('HSET', 'h', ...Array.from({ length: 20 }, (_, i) => [`f${i}`, value]).flat());
      const seen = new Map<string, number>();
      const drawn = (await run('HRANDFIELD h -20000')) as string[];
      for (let i = 0; i < 2000; i++) drawn.push(...((await run('HRANDFIELD h 5')) as string[]));
      for (const field of drawn) seen.set(field, (seen.get(field) ?? 0) + 1);
      const expected = 30_000 / 20;
      let chiSquare = 0;
      for (const count of seen.values()) chiSquare += (count - expected) ** 2 / expected;
      expect(seen.size).toBe(20);
      // 19 degrees of freedom: above 65 once in a million runs. redis-server draws from a table less evenly, how much depends on its seed.
      const isOfTable = value.length > 1;
      if (name === 'threadis' || !isOfTable) expect(chiSquare).toBeLessThan(65);
    }
  });

  it('HSCAN: a walk returns every field that stays, with its value', async () => {
    for (const count of [10, 3000]) {
      await run('DEL h');
      await fill('h', count);
      const seen = new Map<string, string>();
      let cursor = '0';
      let added = 0;
      do {
        const reply = (await run(`HSCAN h ${cursor} COUNT 100`)) as [string, string[]];
        cursor = reply[0];
        for (let i = 0; i < reply[1].length; i += 2) seen.set(reply[1][i], reply[1][i + 1]);
        await run(`HSET h extra${added++} x`);
      } while (cursor !== '0');
      for (let i = 0; i < count; i++) expect(seen.get(`f${i}`)).toBe(`v${i}`);
    }
  });

  it('HSCAN: MATCH goes by the field', async () => {
    await run('HSET h a1 x a2 y b1 a1');
    expect(await run('HSCAN h 0 MATCH a*')).toEqual(['0', ['a1', 'x', 'a2', 'y']]);
    expect(await run('HSCAN h 0 MATCH no')).toEqual(['0', []]);
    await call('HSET', 'h', 'large', 'x'.repeat(100));
    expect(await run('HSCAN h 0 MATCH b* COUNT 1000')).toEqual(['0', ['b1', 'a1']]);
  });

  it('RESP3: a map for HGETALL, pairs for HRANDFIELD WITHVALUES, arrays else', async () => {
    const hello = async (...lines: string[]) => {
      const text = await raw('HELLO 3', ...lines, 'ECHO |');
      return text.slice(text.indexOf('\r\n', text.indexOf('modules')) + 6, -'$1\r\n|\r\n'.length);
    };
    await run('HSET h a 1');
    expect(await hello('HGETALL h')).toContain('%1\r\n$1\r\na\r\n$1\r\n1\r\n');
    expect(await hello('HGETALL no')).toContain('%0\r\n');
    expect(await hello('HKEYS h')).toContain('*1\r\n$1\r\na\r\n');
    expect(await hello('HRANDFIELD h 1 WITHVALUES')).toContain('*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n');
    expect(await hello('HRANDFIELD h -2 WITHVALUES')).toContain('*2\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n');
    expect(await hello('HRANDFIELD h 1')).toContain('*1\r\n$1\r\na\r\n');
    expect(await hello('HRANDFIELD no')).toContain('_\r\n');
    expect(await hello('HRANDFIELD no 1 WITHVALUES')).toContain('*0\r\n');
    expect(await hello('HGET no a')).toContain('_\r\n');
    expect(await hello('HMGET h a b')).toContain('*2\r\n$1\r\n1\r\n_\r\n');
    expect(await hello('HSCAN h 0')).toContain('*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n');
  });

  it('values of many megabytes', async () => {
    const large = Buffer.alloc(3 << 20, 'abcdefg');
    expect(await call('HSET', 'h', 'large', large, 'small', 'x')).toBe(2);
    expect(await run('HSTRLEN h large')).toBe(large.length);
    expect(await run('COPY h copy')).toBe(1);
    expect(await call('HSET', 'h', 'large', Buffer.from('now small'))).toBe(0);
    expect(await run('HGET h large')).toBe('now small');
    expect((await run('HGET copy large')) === large.toString('latin1')).toBe(true);
    expect(await run('DEL h copy')).toBe(2);
  });
});

describeOnOurs('hash, ours', ['--enable-debug-command', 'yes'], ({ run, call }: Target) => {
  it('HSCAN: with NOVALUES returns fields alone', async () => {
    await run('HSET h a 1 b 2');
    expect(await run('HSCAN h 0 NOVALUES')).toEqual(['0', ['a', 'b']]);
    await call('HSET', 'h', 'c', 'x'.repeat(100));
    const [cursor, fields] = (await run('HSCAN h 0 NOVALUES COUNT 100')) as [string, string[]];
    expect([cursor, fields.sort()]).toEqual(['0', ['a', 'b', 'c']]);
  });

  it('a field that no record can hold is refused', async () => {
    const long = Buffer.alloc((1 << 20) + 1, 'x');
    const refusal = 'error: ERR field is too long, a field may have at most 1048512 bytes';
    expect(await call('HSET', 'h', 'a', '1', long, 'x')).toBe(refusal);
    expect(await call('HSETNX', 'h', long, 'x')).toBe(refusal);
    expect(await call('HINCRBY', 'h', long, '1')).toBe(refusal);
    expect(await call('HGET', 'h', long)).toBeNull();
    expect(await run('EXISTS h')).toBe(0);
  });

  it('many fields in one call make a table at once, as in Redis 7.2', async () => {
    const pairs = Array.from({ length: 600 }, (_, i) => [`f${i % 100}`, 'v']).flat();
    await call('HSET', 'h', ...pairs);
    expect(await run('OBJECT ENCODING h')).toBe('hashtable');
    expect(await run('HLEN h')).toBe(100);
  });
});
