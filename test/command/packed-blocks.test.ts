/**
 * Packed blocks that come from elsewhere: those like ours are taken as they are, others are made ours, and those that no command could make are refused.
 */
import { expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs } from './both-servers.ts';
import { listpackOf, longText, payloadOf, small, text, wide, withFooter } from './payload.ts';

const HASH = 16;
const ZSET = 17;
const SET = 20;
const INTSET = 11;
const BAD = 'error: ERR Bad data format';

describeOnBoth('RESTORE of packed blocks', ['--sanitize-dump-payload', 'yes'], ({ run, call }) => {
  const restore = (type: number, block: Buffer) => call('RESTORE', 'k', 0, payloadOf(type, block));

  it('a hash: is what was written', async () => {
    expect(
      await restore(HASH, listpackOf(text('a'), small(1), text('b'), text('x'), small(7), text(''))),
    ).toBe('OK');
    expect(await run('HGETALL k')).toEqual(['a', '1', 'b', 'x', '7', '']);
    expect(await run('OBJECT ENCODING k')).toBe('listpack');
    expect(await run('HSET k 7 new c 3')).toBe(1);
    expect(await run('HGETALL k')).toEqual(['a', '1', 'b', 'x', '7', 'new', 'c', '3']);
  });

  it.each([
    ['a field twice', [text('a'), small(1), text('a'), small(2)]],
    ['a number twice', [small(5), small(1), small(5), small(2)]],
    ['a field without a value', [text('a'), small(1), text('b')]],
    ['no fields', []],
  ])('a hash with %s: is refused', async (_, elements) => {
    expect(await restore(HASH, listpackOf(...elements))).toBe(BAD);
    expect(await run('EXISTS k')).toBe(0);
  });

  it('a hash of too many fields: becomes a table; long values do not matter', async () => {
    await run('CONFIG SET hash-max-listpack-value 4');
    expect(await restore(HASH, listpackOf(text('a'), text('abcde')))).toBe('OK');
    expect(await run('HGETALL k')).toEqual(['a', 'abcde']);
    expect(await run('OBJECT ENCODING k')).toBe('listpack');
    expect(await run('HSET k b abcde a 6')).toBe(1);
    expect(await run('HGETALL k')).toSatisfy((all: string[]) => all.length === 4 && all.includes('abcde'));
    expect(await run('OBJECT ENCODING k')).toBe('hashtable');
    await run('DEL k');
    await run('CONFIG SET zset-max-listpack-value 4');
    expect(await restore(ZSET, listpackOf(text('a-long-one'), small(1)))).toBe('OK');
    expect(await run('OBJECT ENCODING k')).toBe('listpack');
    await run('CONFIG SET zset-max-listpack-value 64');
    await run('DEL k');
    await run('CONFIG SET hash-max-listpack-value 64');
    await run('CONFIG SET hash-max-listpack-entries 2');
    expect(await restore(HASH, listpackOf(...'abc'.split('').flatMap((c) => [text(c), small(1)])))).toBe(
      'OK',
    );
    expect(await run('OBJECT ENCODING k')).toBe('hashtable');
    await run('CONFIG SET hash-max-listpack-entries 128');
  });

  it('a sorted set: is what was written; its members must differ', async () => {
    const block = listpackOf(
      text('b'),
      text('-1.5'),
      text('a'),
      small(2),
      text('c'),
      small(2),
      small(9),
      text('inf'),
    );
    expect(await restore(ZSET, block)).toBe('OK');
    expect(await run('ZRANGE k 0 -1 WITHSCORES')).toEqual(['b', '-1.5', 'a', '2', 'c', '2', '9', 'inf']);
    expect(await run('OBJECT ENCODING k')).toBe('listpack');
    expect(await run('ZADD k 0 9')).toBe(0);
    expect(await run('ZRANGE k 0 -1')).toEqual(['b', '9', 'a', 'c']);
    await run('DEL k');
    expect(await restore(ZSET, listpackOf(text('a'), small(1), text('a'), small(2)))).toBe(BAD);
    expect(await run('EXISTS k')).toBe(0);
  });

  it('a list of one block: is what was written', async () => {
    const list = (...elements: Buffer[]) => {
      const block = listpackOf(...elements);
      return withFooter(Buffer.concat([Buffer.from([18, 1, 2, block.length]), block]));
    };
    for (const seven of [small(7), text('7'), wide(7)]) {
      expect(await call('RESTORE', 'k', 0, list(text('a'), seven, text('a'), text('')), 'REPLACE')).toBe(
        'OK',
      );
      expect(await run('LRANGE k 0 -1')).toEqual(['a', '7', 'a', '']);
      expect(await run('LPUSH k b')).toBe(5);
      expect(await run('LREM k 0 7')).toBe(1);
      expect(await run('LRANGE k 0 -1')).toEqual(['b', 'a', 'a', '']);
    }
    await run('CONFIG SET list-max-listpack-size 2');
    expect(await call('RESTORE', 'k', 0, list(text('a'), small(1), text('b')), 'REPLACE')).toBe('OK');
    expect(await run('LRANGE k 0 -1')).toEqual(['a', '1', 'b']);
    await run('CONFIG SET list-max-listpack-size -2');
    await run('DEL k');
    expect(await call('RESTORE', 'k', 0, list())).toBe(BAD);
  });

  it('a set of integers: is what was written, or refused when it is out of order', async () => {
    const block = (...values: number[]) => {
      const bytes = Buffer.alloc(8 + values.length * 2);
      bytes.writeUInt32LE(2, 0);
      bytes.writeUInt32LE(values.length, 4);
      for (const [i, value] of values.entries()) bytes.writeInt16LE(value, 8 + i * 2);
      return bytes;
    };
    expect(await restore(INTSET, block(-5, 0, 300))).toBe('OK');
    expect(await run('SMEMBERS k')).toEqual(['-5', '0', '300']);
    expect(await run('OBJECT ENCODING k')).toBe('intset');
    expect(await run('SADD k 70000 7')).toBe(2);
    expect(await run('SMEMBERS k')).toEqual(['-5', '0', '7', '300', '70000']);
    await run('DEL k');
    expect(await restore(INTSET, block(1, 1))).toBe(BAD);
    expect(await restore(INTSET, block(2, 1))).toBe(BAD);
    await run('CONFIG SET set-max-intset-entries 2');
    expect(await restore(INTSET, block(-5, 0, 300))).toBe('OK');
    expect(await run('OBJECT ENCODING k')).toBe('hashtable');
    expect(await run('SISMEMBER k 300')).toBe(1);
    await run('CONFIG SET set-max-intset-entries 512');
  });
});

describeOnOurs('RESTORE of blocks in forms that we do not write', [], ({ run, call }) => {
  const restore = (type: number, block: Buffer) => call('RESTORE', 'k', 0, payloadOf(type, block));

  it.each([
    ['a number as text', text('12')],
    ['a small number in four bytes', wide(12)],
    ['a number in the longer form of text', longText('12')],
  ])('%s: is found by its text, and only once', async (_, twelve) => {
    expect(await restore(HASH, listpackOf(text('a'), small(1), twelve, text('v')))).toBe('OK');
    expect(await run('HGET k 12')).toBe('v');
    expect(await run('HSET k 12 w')).toBe(0);
    expect(await run('HGETALL k')).toEqual(['a', '1', '12', 'w']);
    await run('DEL k');
    expect(await restore(HASH, listpackOf(small(12), small(1), twelve, text('v')))).toBe(BAD);
    expect(await restore(SET, listpackOf(text('a'), twelve))).toBe('OK');
    expect(await run('SISMEMBER k 12')).toBe(1);
    expect(await run('SREM k 12')).toBe(1);
    await run('DEL k');
    expect(await restore(SET, listpackOf(small(12), text('a'), twelve))).toBe(BAD);
    expect(await restore(ZSET, listpackOf(twelve, small(1), text('a'), small(2)))).toBe('OK');
    expect(await run('ZSCORE k 12')).toBe('1');
  });

  it('a set as a listpack: is taken, its members must differ', async () => {
    expect(await restore(SET, listpackOf(text('b'), text('a'), small(3)))).toBe('OK');
    expect(await run('SMEMBERS k')).toEqual(['b', 'a', '3']);
    expect(await run('OBJECT ENCODING k')).toBe('listpack');
    await run('DEL k');
    expect(await restore(SET, listpackOf(text('b'), text('a'), text('b')))).toBe(BAD);
  });

  it('a sorted set out of order: is put in order', async () => {
    expect(
      await restore(ZSET, listpackOf(text('b'), small(2), text('a'), small(2), text('c'), small(1))),
    ).toBe('OK');
    expect(await run('ZRANGE k 0 -1')).toEqual(['c', 'a', 'b']);
    expect(await run('ZRANK k b')).toBe(2);
    await run('DEL k');
    expect(await restore(ZSET, listpackOf(text('b'), text('x')))).toBe(BAD);
    expect(await restore(ZSET, listpackOf(text('b'), text('nan')))).toBe(BAD);
  });

  it('many fields: one that comes twice is found', async () => {
    const fields = Array.from({ length: 100 }, (_, i) => [text(`f${i}`), small(i)]).flat();
    expect(await restore(HASH, listpackOf(...fields))).toBe('OK');
    expect(await run('HLEN k')).toBe(100);
    await run('DEL k');
    fields[150] = text('f3');
    expect(await restore(HASH, listpackOf(...fields))).toBe(BAD);
  });
});

describeOnBoth(
  'INFO dump_payload_sanitizations',
  ['--sanitize-dump-payload', 'yes'],
  ({ run, call, client }) => {
    const restored = async (...make: string[]): Promise<string | undefined> => {
      const connection = await client();
      for (const command of make) await run(command);
      const dump = (await connection.call('DUMP', 'k')) as Buffer;
      connection.close();
      await run('CONFIG RESETSTAT');
      expect(await call('RESTORE', 'copy', 0, dump)).toBe('OK');
      return /^dump_payload_sanitizations:(\d+)/m.exec(String(await run('INFO stats')))?.[1];
    };
    const entries = Array.from({ length: 301 }, (_, i) => `XADD k ${i + 1}-1 a b`);
    const fields = Array.from({ length: 600 }, (_, i) => `f${i} v`).join(' ');

    it.each([
      ['a string', ['SET k v'], '0'],
      ['a list', ['RPUSH k a b'], '1'],
      ['a small hash', ['HSET k a 1'], '1'],
      ['a large hash', [`HSET k ${fields}`], '0'],
      ['a set of integers', ['SADD k 1 2'], '1'],
      ['a set of texts', ['SADD k a b'], '0'],
      ['a sorted set', ['ZADD k 1 a'], '1'],
      ['a stream of four blocks', entries, '4'],
    ])('%s: counts the packed blocks that RESTORE checks', async (_, make, count) => {
      expect(await restored(...make)).toBe(count);
    });
  },
);
