/**
 * Bloom filters, over a socket, on our server alone: the real one here has no RedisBloom. What RedisBloom does with known items is taken
 * from its own tests: how many seem to be new, how large each sub-filter is, what is refused and how.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeOnOurs } from './both-servers.ts';
import { RawClient, readable } from './raw-client.ts';
import { askTyped } from './resp3.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

const WRONG_TYPE = 'error: WRONGTYPE Operation against a key holding the wrong kind of value';
const NOT_FOUND = 'error: ERR not found';
const FULL = 'error: ERR non scaling filter is full';
const arity = (name: string): string => `error: ERR wrong number of arguments for '${name}' command`;
const numbers = (n: number): string[] => Array.from({ length: n }, (_, i) => String(i));

describeOnOurs('Bloom filters', [], ({ run, call, client }) => {
  it('BF.ADD, BF.EXISTS: an item that was added is there', async () => {
    expect(await run('BF.ADD f foo')).toBe(1);
    expect(await run('BF.ADD f foo')).toBe(0);
    expect(await run('BF.EXISTS f foo')).toBe(1);
    expect(await run('BF.EXISTS f bar')).toBe(0);
    expect(await run('BF.EXISTS none foo')).toBe(0);
    expect(await call('BF.ADD', 'f', '')).toBe(1);
    expect(await call('BF.EXISTS', 'f', '')).toBe(1);
  });

  it('BF.MADD, BF.MEXISTS: one answer for each item', async () => {
    expect(await run('BF.MADD f foo bar foo')).toEqual([1, 1, 0]);
    expect(await run('BF.MEXISTS f nothing foo bar')).toEqual([0, 1, 1]);
    expect(await run('BF.MEXISTS none a b')).toEqual([0, 0]);
  });

  it('BF.CARD: counts the items that seemed to be new', async () => {
    expect(await run('BF.CARD none')).toBe(0);
    await run('BF.RESERVE f 0.01 100');
    expect(await run('BF.CARD f')).toBe(0);
    await run('BF.MADD f a b a');
    expect(await run('BF.CARD f')).toBe(2);
  });

  it('BF.INFO: tells all, or one thing', async () => {
    await run('BF.RESERVE f 0.001 100');
    expect(await run('BF.INFO f')).toEqual(
      [
        ['Capacity', 100],
        ['Size', 296],
        ['Number of filters', 1],
        ['Number of items inserted', 0],
        ['Expansion rate', 2],
      ].flat(),
    );
    expect(await run('BF.INFO f capacity')).toEqual([100]);
    expect(await run('BF.INFO f SIZE')).toEqual([296]);
    expect(await run('BF.INFO f Filters')).toEqual([1]);
    expect(await run('BF.INFO f items')).toEqual([0]);
    expect(await run('BF.INFO f expansion')).toEqual([2]);
    expect(await run('BF.INFO f x')).toBe('error: Invalid information value');
    expect(await run('BF.INFO f size items')).toBe(arity('bf.info'));
    expect(await run('BF.INFO none')).toBe(NOT_FOUND);
    await run('BF.ADD g x');
    expect(await run('BF.INFO g SIZE')).toEqual([240]);
    await run('BF.RESERVE h 0.01 3 NONSCALING');
    expect(await run('BF.INFO h')).toEqual([
      'Capacity',
      3,
      'Size',
      104,
      'Number of filters',
      1,
      'Number of items inserted',
      0,
      'Expansion rate',
      null,
    ]);
    expect(await run('BF.INFO h EXPANSION')).toEqual([null]);
  });

  it('BF.RESERVE: refuses what makes no filter', async () => {
    const range = 'error: ERR error rate must be in the range (0.000000, 1.000000)';
    const capacity = 'error: ERR capacity must be in the range [1, 1073741824]';
    for (const [rest, text] of [
      ['x 100', 'error: ERR bad error rate'],
      ['nan 100', 'error: ERR bad error rate'],
      ['0 100', range],
      ['1 100', range],
      ['-0.1 100', range],
      ['inf 100', range],
      ['0.01 x', 'error: ERR bad capacity'],
      ['0.01 1.5', 'error: ERR bad capacity'],
      ['0.01 0', capacity],
      ['0.01 -1', capacity],
      ['0.01 1073741825', capacity],
      ['0.01 100 EXPANSION', 'error: ERR no expansion'],
      ['0.01 100 EXPANSION x', 'error: ERR bad expansion'],
      ['0.01 100 EXPANSION -1', 'error: ERR expansion must be in the range [0, 32768]'],
      ['0.01 100 EXPANSION 32769', 'error: ERR expansion must be in the range [0, 32768]'],
      ['0.01 100 EXPANSION 2 NONSCALING', 'error: Nonscaling filters cannot expand'],
      ['0.01 100 NONSCALING EXPANSION 2', 'error: Nonscaling filters cannot expand'],
      ['0.01', arity('bf.reserve')],
      ['0.01 100 a b c d', arity('bf.reserve')],
    ]) {
      expect([rest, await run(`BF.RESERVE f ${rest}`)]).toEqual([rest, text]);
    }
    expect(await run('BF.RESERVE f 1e-300 1000000000')).toBe(
      'error: ERR Insufficient memory to create filter',
    );
    expect(await run('BF.RESERVE f 5e-324 10')).toBe('error: ERR could not create filter');
    expect(await run('EXISTS f')).toBe(0);
    expect(await run('BF.RESERVE f 0.01 100')).toBe('OK');
    expect(await run('BF.RESERVE f 0.01 100')).toBe('error: ERR item exists');
    expect(await run('BF.RESERVE f 0 100')).toBe(range);
  });

  it('BF.RESERVE: EXPANSION 0 is NONSCALING', async () => {
    expect(await run('BF.RESERVE f 0.01 2 EXPANSION 0')).toBe('OK');
    expect(await run('BF.MADD f a b')).toEqual([1, 1]);
    expect(await run('BF.ADD f c')).toBe(FULL);
  });

  it('NONSCALING: a full filter refuses, and ends the reply of several', async () => {
    await run('BF.RESERVE f 0.01 2 NONSCALING');
    expect(await run('BF.MADD f a b c d')).toEqual([1, 1, FULL]);
    expect(await run('BF.INSERT f ITEMS a b c d')).toEqual([0, 0, FULL]);
    expect(await run('BF.ADD f a')).toBe(0);
    expect(await run('BF.ADD f c')).toBe(FULL);
    expect(await run('BF.CARD f')).toBe(2);
  });

  it('BF.INSERT: makes a filter as wanted, or takes the one that is there', async () => {
    expect(await run('BF.INSERT f ERROR 0.001 CAPACITY 50000 EXPANSION 2 ITEMS foo')).toEqual([1]);
    expect(await run('BF.INFO f SIZE')).toEqual([98880 + 96]);
    expect(await run('BF.INFO f CAPACITY')).toEqual([50000]);
    expect(await run('BF.INSERT f error 0.1 items foo bar ITEMS')).toEqual([0, 1, 1]);
    expect(await run('BF.INFO f CAPACITY')).toEqual([50000]);
    expect(await run('BF.INSERT g NONSCALING EXPANSION 2 CAPACITY 1 ITEMS a')).toEqual([1]);
    expect(await run('BF.INFO g EXPANSION')).toEqual([null]);
    expect(await run('BF.INSERT none NOCREATE ITEMS a')).toBe(NOT_FOUND);
    expect(await run('BF.INSERT f NOCREATE CAPACITY 10 ITEMS a')).toEqual([1]);
    expect(await run('EXISTS none')).toBe(0);
  });

  it('BF.INSERT: refuses what it does not know', async () => {
    for (const [rest, text] of [
      ['CAPACITY 0 ITEMS a', 'error: Bad capacity'],
      ['CAPACITY x ITEMS a', 'error: Bad capacity'],
      ['ERROR 2 ITEMS a', 'error: Bad error rate'],
      ['ERROR big ITEMS a', 'error: Bad error rate'],
      ['EXPANSION x ITEMS a', 'error: Bad expansion'],
      ['EXPANSION -1 ITEMS a', 'error: Bad expansion'],
      ['WHAT ITEMS a', 'error: Unknown argument received'],
      ['NOCREATE ITEMS', arity('bf.insert')],
      ['CAPACITY 10', arity('bf.insert')],
      ['NOCREATE CAPACITY', arity('bf.insert')],
      ['NOCREATE', arity('bf.insert')],
    ]) {
      expect([rest, await run(`BF.INSERT f ${rest}`)]).toEqual([rest, text]);
    }
    expect(await run('EXISTS f')).toBe(0);
  });

  it('arity and type are checked', async () => {
    await run('SET s x');
    expect(await run('BF.EXISTS s x')).toBe(0);
    expect(await run('BF.MEXISTS s x y')).toEqual([0, 0]);
    for (const command of [
      'BF.ADD s x',
      'BF.MADD s x',
      'BF.INSERT s ITEMS x',
      'BF.CARD s',
      'BF.INFO s',
      'BF.RESERVE s 0.1 10',
      'BF.SCANDUMP s 0',
      'BF.LOADCHUNK s 1 x',
    ]) {
      expect([command, await run(command)]).toEqual([command, WRONG_TYPE]);
    }
    await run('BF.ADD f x');
    for (const command of ['GET f', 'SADD f x', 'LPUSH f x', 'HSET f a b', 'INCR f']) {
      expect([command, await run(command)]).toEqual([command, WRONG_TYPE]);
    }
    for (const [command, name] of [
      ['BF.ADD f', 'bf.add'],
      ['BF.ADD f x y', 'bf.add'],
      ['BF.MADD f', 'bf.madd'],
      ['BF.EXISTS f', 'bf.exists'],
      ['BF.MEXISTS f', 'bf.mexists'],
      ['BF.CARD', 'bf.card'],
      ['BF.SCANDUMP f', 'bf.scandump'],
      ['BF.LOADCHUNK f 1', 'bf.loadchunk'],
    ]) {
      expect([command, await run(command)]).toEqual([command, arity(name)]);
    }
  });

  /** Of each link in the header: bytes, bits, items, error, hashes, capacity. */
  async function links(key: string): Promise<number[][]> {
    const socket = await client();
    const [, header] = (await socket.call('BF.SCANDUMP', key, '0')) as [number, Buffer];
    socket.close();
    const found: number[][] = [];
    for (let at = 20; at < header.length; at += 53) {
      const integer = (offset: number): number => Number(header.readBigUInt64LE(at + offset));
      found.push([
        integer(0),
        integer(8),
        integer(16),
        header.readDoubleLE(at + 24),
        header.readUInt32LE(at + 40),
        integer(44),
      ]);
    }
    return found;
  }

  it('grows as RedisBloom does: the same items seem to be new, the sub-filters are the same', async () => {
    await run('BF.RESERVE f 0.01 10');
    await call('BF.MADD', 'f', ...numbers(100));
    expect(await run('BF.CARD f')).toBe(99);
    expect(await links('f')).toEqual([
      [16, 128, 10, 0.005, 8, 10],
      [32, 256, 20, 0.0025, 9, 20],
      [72, 576, 40, 0.00125, 10, 40],
      [160, 1280, 29, 0.000625, 11, 80],
    ]);
    await run('BF.RESERVE g 0.001 100');
    for (let i = 0; i < 4000; i += 500) await call('BF.MADD', 'g', ...numbers(4000).slice(i, i + 500));
    expect(await run('BF.CARD g')).toBe(3997);
    expect(await links('g')).toEqual([
      [200, 1600, 100, 0.0005, 11, 100],
      [432, 3456, 200, 0.00025, 12, 200],
      [936, 7488, 400, 0.000125, 13, 400],
      [2016, 16128, 800, 6.25e-5, 14, 800],
      [4320, 34560, 1600, 3.125e-5, 15, 1600],
      [9216, 73728, 897, 1.5625e-5, 16, 3200],
    ]);
    for (const [expansion, filters] of [
      ['1', 23],
      ['2', 5],
      ['4', 4],
    ]) {
      await run(`BF.RESERVE e${expansion} 0.01 4 EXPANSION ${expansion}`);
      await call('BF.MADD', `e${expansion}`, ...numbers(100));
      expect(await run(`BF.INFO e${expansion} FILTERS`)).toEqual([filters]);
      expect(await call('BF.MEXISTS', `e${expansion}`, ...numbers(100))).toEqual(numbers(100).map(() => 1));
    }
  });

  /** Copies a filter by BF.SCANDUMP and BF.LOADCHUNK; how many chunks there were. */
  async function copyByChunks(from: string, to: string): Promise<number> {
    const socket = await client();
    let iterator = 0;
    let chunks = 0;
    for (;;) {
      const [next, data] = (await socket.call('BF.SCANDUMP', from, String(iterator))) as [number, Buffer];
      if (Number(next) === 0) break;
      iterator = Number(next);
      expect(readable(await socket.call('BF.LOADCHUNK', to, String(iterator), data))).toBe('OK');
      chunks++;
    }
    socket.close();
    return chunks;
  }

  it('BF.SCANDUMP, BF.LOADCHUNK: a filter goes from one key to another', async () => {
    await run('BF.RESERVE f 0.01 62');
    await call('BF.MADD', 'f', ...numbers(500));
    expect(await copyByChunks('f', 'g')).toBe(1 + (await links('f')).length);
    expect(await run('BF.INFO g')).toEqual(await run('BF.INFO f'));
    expect(await call('BF.MEXISTS', 'g', ...numbers(500))).toEqual(numbers(500).map(() => 1));
    expect(await run('DUMP g')).toEqual(await run('DUMP f'));
    expect(await run('BF.ADD g more')).toBe(await run('BF.ADD f more'));
    expect(await links('g')).toEqual(await links('f'));
  });

  it('BF.SCANDUMP: gives large filters in chunks of 16 MB', async () => {
    await run('BF.RESERVE f 0.01 30000000');
    await run('BF.MADD f a b c');
    expect(await copyByChunks('f', 'g')).toBe(4);
    expect(await run('BF.MEXISTS g a b c d')).toEqual([1, 1, 1, 0]);
    expect(await run('BF.CARD g')).toBe(3);
    expect(Number(await run('MEMORY USAGE f'))).toBeGreaterThan(40_000_000);
    expect(await run('COPY f h')).toBe(1);
    expect(await run('UNLINK f g')).toBe(2);
    expect(await run('BF.EXISTS h b')).toBe(1);
  });

  it('BF.SCANDUMP: ends with 0 and nothing', async () => {
    await run('BF.ADD f x');
    for (const iterator of ['100000', '-1', '-9223372036854775808']) {
      expect(await run(`BF.SCANDUMP f ${iterator}`)).toEqual([0, '']);
    }
    expect(await run('BF.SCANDUMP f x')).toBe('error: Second argument must be numeric');
    expect(await run('BF.SCANDUMP none 0')).toBe(NOT_FOUND);
    const [next, data] = (await run('BF.SCANDUMP f 145')) as [number, string];
    expect([next, data]).toEqual([0, '']);
    expect(((await run('BF.SCANDUMP f 144')) as [number, string])[0]).toBe(145);
  });

  it('BF.LOADCHUNK: refuses what no filter wrote', async () => {
    await run('BF.RESERVE f 0.1 4');
    const bad = 'error: ERR received bad data';
    expect(await run('BF.LOADCHUNK f -9223372036854775808 1')).toBe(bad);
    expect(await run('BF.LOADCHUNK f 0 1')).toBe(bad);
    expect(await run('BF.LOADCHUNK f 1 ab')).toBe(bad);
    expect(await run('BF.LOADCHUNK f 4 kdoasdksaodsadsa')).toBe(bad);
    expect(await run('BF.LOADCHUNK f 4 abcd')).toBe('error: ERR invalid offset - no link found');
    expect(await run('BF.LOADCHUNK f 922337203685477588 1')).toBe(
      'error: ERR invalid offset - no link found',
    );
    expect(await run('BF.LOADCHUNK f 12 kdoasdksaod')).toBe(
      'error: ERR invalid chunk - Too big for current filter',
    );
    expect(await run('BF.LOADCHUNK f x 1')).toBe('error: ERR Second argument must be numeric');
    expect(await run('BF.LOADCHUNK none 2 x')).toBe(NOT_FOUND);
    expect(await run('BF.LOADCHUNK none 1 x')).toBe(bad);
    expect(await run('EXISTS none')).toBe(0);
  });

  it('BF.LOADCHUNK: refuses a header that contradicts itself', async () => {
    await run('BF.RESERVE f 0.01 5');
    await call('BF.MADD', 'f', ...numbers(50));
    const socket = await client();
    const [, header] = (await socket.call('BF.SCANDUMP', 'f', '0')) as [number, Buffer];
    for (const [at, size, byte] of [
      [72, 8, 0],
      [12, 4, 255],
      [0, 4, 255],
      [36, 8, 255],
      [20, 8, 255],
      [44, 8, 255],
      [60, 4, 255],
      [8, 4, 0],
    ]) {
      const corrupt = Buffer.from(header).fill(byte, at, at + size);
      expect([at, readable(await socket.call('BF.LOADCHUNK', 'g', '1', corrupt))]).toEqual([
        at,
        'error: ERR received bad data',
      ]);
    }
    expect(readable(await socket.call('BF.LOADCHUNK', 'g', '1', header.subarray(1)))).toMatch(/bad data/);
    expect(readable(await socket.call('BF.LOADCHUNK', 'g', '1', header))).toBe('OK');
    socket.close();
  });

  it('a filter is a value like others', async () => {
    await call('BF.MADD', 'f', ...numbers(1000));
    expect(await run('TYPE f')).toBe('MBbloom--');
    expect(await run('OBJECT ENCODING f')).toBe('raw');
    expect(await run('SCAN 0 TYPE MBbloom--')).toEqual(['0', ['f']]);
    expect(await run('COPY f g')).toBe(1);
    expect(await run('RENAME f h')).toBe('OK');
    expect(await run('DUMP g')).toEqual(await run('DUMP h'));
    await run('BF.ADD g only-g');
    expect(await run('BF.EXISTS h only-g')).toBe(0);
    expect(await run('EXPIRE h 100')).toBe(1);
    expect(await run('BF.EXISTS h 5')).toBe(1);
    expect(Number(await run('MEMORY USAGE g'))).toBeGreaterThan(1000);
    expect(await run('DEL g h')).toBe(2);
  });

  it('DUMP, RESTORE: bring a filter back', async () => {
    await call('BF.MADD', 'f', ...numbers(1000));
    const socket = await client();
    const dumped = (await socket.call('DUMP', 'f')) as Buffer;
    // Type 7, a 64-bit length, the name in six bits a letter, version 4; then items as an unsigned number.
    expect(dumped.subarray(0, 11).toString('hex')).toBe('07813016e5a289bef80402');
    expect(readable(await socket.call('RESTORE', 'g', '0', dumped))).toBe('OK');
    expect(Buffer.compare((await socket.call('DUMP', 'g')) as Buffer, dumped)).toBe(0);
    expect(await call('BF.MEXISTS', 'g', ...numbers(1000))).toEqual(numbers(1000).map(() => 1));
    expect(await run('BF.INFO g')).toEqual(await run('BF.INFO f'));
    socket.close();
  });

  it('counts a change for a new filter and for each item that is new', async () => {
    const changes = async (): Promise<number> =>
      Number(/rdb_changes_since_last_save:(\d+)/.exec(String(await run('INFO persistence')))?.[1]);
    const before = await changes();
    await run('BF.RESERVE f 0.01 100');
    await run('BF.MADD f a b a');
    await run('BF.ADD f a');
    await run('BF.EXISTS f a');
    expect((await changes()) - before).toBe(3);
  });
});

describe('Bloom filters in RESP3', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startThreadis([]);
  }, 30_000);
  afterAll(async () => {
    await server?.stop();
  });

  it('booleans for items, a map for what is told', async () => {
    const replies = await askTyped(
      server.port,
      ['BF.ADD', 'f', 'a'],
      ['BF.ADD', 'f', 'a'],
      ['BF.EXISTS', 'f', 'a'],
      ['BF.MADD', 'f', 'a', 'b'],
      ['BF.MEXISTS', 'f', 'a', 'x'],
      ['BF.CARD', 'f'],
      ['BF.INFO', 'f', 'ITEMS'],
    );
    expect(replies).toEqual([
      true,
      false,
      true,
      { array: [false, true] },
      { array: [true, false] },
      2,
      { map: [['+Number of items inserted', 2]] },
    ]);
  });
});

describe.skipIf(!oracleAvailable())('a dumped Bloom filter', () => {
  it('is a value of RedisBloom to the real server, which lacks the module', async () => {
    const [ours, real] = [await startThreadis(['--compat-version', '7.0']), await startRedis([])];
    const [a, b] = [await RawClient.connect(ours.port), await RawClient.connect(real.port)];
    await a.call('BF.ADD', 'f', 'x');
    const dumped = (await a.call('DUMP', 'f')) as Buffer;
    // With a wrong checksum it would be another error.
    expect(readable(await b.call('RESTORE', 'f', '0', dumped))).toBe('error: ERR Bad data format');
    a.close();
    b.close();
    await ours.stop();
    await real.stop();
  });
});
