/** The bitmap commands, over a socket, on our server and on the real one. */
import { expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs } from './both-servers.ts';

const SYNTAX = 'error: ERR syntax error';
const NOT_INTEGER = 'error: ERR value is not an integer or out of range';
const WRONG_TYPE = 'error: WRONGTYPE Operation against a key holding the wrong kind of value';
const OFFSET = 'error: ERR bit offset is not an integer or out of range';
const BIT = 'error: ERR bit is not an integer or out of range';
const TYPE =
  'error: ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.';
const bytes = (...values: number[]): Buffer => Buffer.from(values);
const bytesOf = (size: number, value: (index: number) => number): Buffer =>
  Buffer.from(Uint8Array.from({ length: size }, (_, index) => value(index)));

describeOnBoth('bitmap', [], ({ run, call }) => {
  it('SETBIT, GETBIT: bits from the highest of the first byte on', async () => {
    expect(await run('SETBIT k 7 1')).toBe(0);
    expect(await run('GET k')).toBe('\x01');
    expect(await run('SETBIT k 7 1')).toBe(1);
    expect(await run('SETBIT k 0 1')).toBe(0);
    expect(await run('SETBIT k 7 0')).toBe(1);
    expect(await run('GET k')).toBe('\x80');
    expect(await run('SETBIT k 17 1')).toBe(0);
    expect(await run('GET k')).toBe('\x80\0\x40');
    const bits = await Promise.all([0, 1, 17, 18, 24, 4294967295].map((at) => run(`GETBIT k ${at}`)));
    expect(bits).toEqual([1, 0, 1, 0, 0, 0]);
    expect(await run('GETBIT none 5')).toBe(0);
    expect(await run('SETBIT zero 9 0')).toBe(0);
    expect(await run('GET zero')).toBe('\0\0');
  });

  it('SETBIT: changes integers and short texts in place, keeps the time to live, and makes them raw', async () => {
    await run('SET k 1');
    await run('EXPIRE k 1000');
    expect(await run('SETBIT k 6 1')).toBe(0);
    expect(await run('GET k')).toBe('3');
    expect(await run('OBJECT ENCODING k')).toBe('raw');
    expect(await run('TTL k')).toBeGreaterThan(990);
    await run('SETBIT k 16000007 1');
    expect(await run('STRLEN k')).toBe(2000001);
    expect(await run('BITCOUNT k')).toBe(5);
    expect(await run('BITPOS k 1 3')).toBe(16000007);
    expect(await run('TTL k')).toBeGreaterThan(990);
  });

  it.each([
    ['SETBIT k -1 1', OFFSET],
    ['SETBIT k x 1', OFFSET],
    ['SETBIT k 4294967296 1', OFFSET],
    ['SETBIT k #1 1', OFFSET],
    ['SETBIT k 1 2', BIT],
    ['SETBIT k 1 -1', BIT],
    ['SETBIT k 1 x', BIT],
    ['SETBIT k x x', OFFSET],
    ['SETBIT s x 1', OFFSET],
    ['SETBIT s 1 1', WRONG_TYPE],
    ['GETBIT k -1', OFFSET],
    ['GETBIT k 4294967296', OFFSET],
    ['GETBIT k x', OFFSET],
    ['GETBIT s 1', WRONG_TYPE],
    ['BITCOUNT k 1', SYNTAX],
    ['BITCOUNT k 1 2 x', SYNTAX],
    ['BITCOUNT k 1 2 BIT BIT', SYNTAX],
    ['BITCOUNT k x 2', NOT_INTEGER],
    ['BITCOUNT k 1 x', NOT_INTEGER],
    ['BITCOUNT k 1 x y', NOT_INTEGER],
    ['BITCOUNT s', WRONG_TYPE],
    ['BITCOUNT s x y', WRONG_TYPE],
    ['BITPOS k 2', 'error: ERR The bit argument must be 1 or 0.'],
    ['BITPOS k x', NOT_INTEGER],
    ['BITPOS k 1 x', NOT_INTEGER],
    ['BITPOS k 1 0 x', NOT_INTEGER],
    ['BITPOS k 1 0 x y', SYNTAX],
    ['BITPOS k 1 x 0 y', NOT_INTEGER],
    ['BITPOS k 1 0 1 BIT BIT', SYNTAX],
    ['BITPOS s 1', WRONG_TYPE],
    ['BITPOS s 2', 'error: ERR The bit argument must be 1 or 0.'],
    ['BITOP x d k', SYNTAX],
    ['BITOP NOT d k k', 'error: ERR BITOP NOT must be called with a single source key.'],
    ['BITOP AND d k s', WRONG_TYPE],
    ['BITOP AND s s', WRONG_TYPE],
    ['BITFIELD k x', SYNTAX],
    ['BITFIELD k GET u8', SYNTAX],
    ['BITFIELD k SET u8 0', SYNTAX],
    ['BITFIELD k INCRBY u8 0', SYNTAX],
    ['BITFIELD k GET u64 0', TYPE],
    ['BITFIELD k GET i65 0', TYPE],
    ['BITFIELD k GET u0 0', TYPE],
    ['BITFIELD k GET U8 0', TYPE],
    ['BITFIELD k GET u8 x', OFFSET],
    ['BITFIELD k GET u8 -1', OFFSET],
    ['BITFIELD k GET u8 #x', OFFSET],
    ['BITFIELD k GET u8 4294967296', OFFSET],
    ['BITFIELD k SET u8 0 x', NOT_INTEGER],
    ['BITFIELD k SET u8 0 9223372036854775808', NOT_INTEGER],
    ['BITFIELD k SET u8 0 1 GET u8 x', OFFSET],
    ['BITFIELD k OVERFLOW x', 'error: ERR Invalid OVERFLOW type specified'],
    ['BITFIELD k OVERFLOW', SYNTAX],
    ['BITFIELD s GET u8 0', WRONG_TYPE],
    ['BITFIELD s SET u8 0 1', WRONG_TYPE],
    ['BITFIELD_RO k SET u8 0 1', 'error: ERR BITFIELD_RO only supports the GET subcommand'],
    ['BITFIELD_RO k GET u8 0 INCRBY u8 0 1', 'error: ERR BITFIELD_RO only supports the GET subcommand'],
    ['BITFIELD_RO s GET u8 0', WRONG_TYPE],
  ])('%s: is refused', async (command, error) => {
    await run('SET k abc');
    await run('SADD s x');
    expect(await run(command)).toBe(error);
    expect(await run('GET k')).toBe('abc');
    expect(await run('EXISTS d')).toBe(0);
  });

  it('BITCOUNT, BITPOS: a part in bytes or bits, from either end', async () => {
    await call('SET', 'k', bytes(0xff, 0xf0, 0x00, 0x0f));
    const counts = {
      '': 16,
      '0 -1': 16,
      '1 2': 4,
      '-3 -1': 8,
      '2 2': 0,
      '3 1': 0,
      '-1 -4': 0,
      '-100 0': 8,
      '0 100': 16,
      '4 9': 0,
      '4 11 BIT': 8,
      '8 -5 BIT': 4,
      '-4 -1 bit': 4,
      '0 0 Byte': 8,
    };
    for (const [part, count] of Object.entries(counts)) {
      expect(await run(`BITCOUNT k ${part}`.trim()), part).toBe(count);
    }
    const positions = {
      '1': 0,
      '0': 12,
      '1 1': 8,
      '1 2': 28,
      '0 3': 24,
      '1 2 2': -1,
      '0 0 0': -1,
      '1 -1': 28,
      '1 13 -1 BIT': 28,
      '0 5 9 BIT': -1,
      '0 5 12 bit': 12,
      '1 3 1': -1,
      '0 100': -1,
    };
    for (const [part, position] of Object.entries(positions)) {
      expect(await run(`BITPOS k ${part}`), part).toBe(position);
    }
  });

  it('BITPOS: clear bits follow a string unless an end is named', async () => {
    await call('SET', 'k', bytes(0xff, 0xff));
    expect(await run('BITPOS k 0')).toBe(16);
    expect(await run('BITPOS k 0 1')).toBe(16);
    expect(await run('BITPOS k 0 0 -1')).toBe(-1);
    expect(await run('BITPOS k 0 0 -1 BIT')).toBe(-1);
    await run('SET empty <>', '');
    expect(await run('BITPOS empty 0')).toBe(-1);
    expect(await run('BITPOS empty 1')).toBe(-1);
    expect(await run('BITCOUNT empty')).toBe(0);
    expect(await run('BITPOS none 0')).toBe(0);
    expect(await run('BITPOS none 1')).toBe(-1);
    expect(await run('BITCOUNT none 0 -1')).toBe(0);
  });

  it('BITCOUNT, BITPOS: long strings at every offset', async () => {
    const ones = Buffer.alloc(3000, 0xff);
    const zeros = Buffer.alloc(3000);
    await call('SET', 'ones', ones);
    for (const [from, until] of [
      [0, 3000],
      [1, 2999],
      [2, 131],
      [3, 300],
      [5, 1029],
      [7, 70],
    ]) {
      expect(await run(`BITCOUNT ones ${from} ${until - 1}`)).toBe(8 * (until - from));
      expect(await run(`BITCOUNT ones ${from * 8 + 3} ${until * 8 - 6} BIT`)).toBe(8 * (until - from) - 8);
      expect(await run(`BITPOS ones 0 ${from} ${until - 1}`)).toBe(-1);
      zeros.fill(0);
      zeros[until - 1] = 0x10;
      await call('SET', 'zeros', zeros);
      expect(await run(`BITPOS zeros 1 ${from} ${until - 1}`)).toBe(until * 8 - 5);
      expect(await run(`BITPOS zeros 1 ${from} ${until - 2}`)).toBe(-1);
    }
  });

  it('BITOP: AND, OR, XOR and NOT, with zeroes behind the shorter strings', async () => {
    await call('SET', 'a', bytes(0xf0, 0xff, 0x01));
    await call('SET', 'b', bytes(0xcc, 0x0f));
    const results = {
      'AND d a b': '\xc0\x0f\0',
      'OR d a b': '\xfc\xff\x01',
      'XOR d a b': '\x3c\xf0\x01',
      'NOT d b': '\x33\xf0',
      'and d a b none': '\0\0\0',
      'OR d a b none': '\xfc\xff\x01',
      'XOR d a a': '\0\0\0',
      'AND d a': '\xf0\xff\x01',
    };
    for (const [operation, result] of Object.entries(results)) {
      expect(await run(`BITOP ${operation}`), operation).toBe(result.length);
      expect(await run('GET d'), operation).toBe(result);
    }
    expect(await run('OBJECT ENCODING d')).toBe('raw');
    expect(await run('BITOP NOT a a')).toBe(3);
    expect(await run('GET a')).toBe('\x0f\0\xfe');
  });

  it('BITOP: nothing leaves no key, and a result takes the place of a key of any type', async () => {
    await run('RPUSH d 1');
    expect(await run('BITOP OR d none none2')).toBe(0);
    expect(await run('EXISTS d')).toBe(0);
    await run('RPUSH d 1');
    await run('SET k 12');
    await run('EXPIRE d 100');
    expect(await run('BITOP OR d k')).toBe(2);
    expect(await run('GET d')).toBe('12');
    expect(await run('OBJECT ENCODING d')).toBe('raw');
    expect(await run('TTL d')).toBe(-1);
  });

  it('BITOP: strings of several MB and of odd lengths', async () => {
    const sizes = [3_000_001, 2_000_000, 70_001, 5];
    const all = sizes.map((size, i) => bytesOf(size, (at) => (at * (i + 3)) ^ (at >>> 9)));
    for (const [i, value] of all.entries()) await call('SET', `k${i}`, value);
    const at = (i: number, index: number): number => all[i][index] ?? 0;
    const expected = bytesOf(sizes[0], (n) => at(0, n) ^ at(1, n) ^ at(2, n) ^ at(3, n));
    expect(await run('BITOP XOR d k3 k0 k2 k1')).toBe(sizes[0]);
    const result = Buffer.from((await run('GET d')) as string, 'latin1');
    expect(result.equals(expected)).toBe(true);
    expect(await run('BITOP AND d d k2')).toBe(sizes[0]);
    const anded = Buffer.from((await run('GET d')) as string, 'latin1');
    expect(anded.equals(bytesOf(sizes[0], (n) => expected[n] & at(2, n)))).toBe(true);
    expect(await run('BITOP NOT d k3')).toBe(5);
  });

  it('BITFIELD: gets, sets and adds, by bits or by fields', async () => {
    expect(await run('BITFIELD k')).toEqual([]);
    expect(await run('EXISTS k')).toBe(0);
    expect(await run('BITFIELD k GET u8 0 GET i64 100')).toEqual([0, 0]);
    expect(await run('EXISTS k')).toBe(0);
    expect(await run('BITFIELD k SET u8 0 255 GET i8 0 GET u4 2 GET i4 6')).toEqual([0, -1, 15, -4]);
    expect(await run('BITFIELD k INCRBY u8 #1 200 INCRBY u8 #1 100 GET u8 8')).toEqual([200, 44, 44]);
    expect(await run('BITFIELD k set i16 3 -5 get i16 3')).toEqual([-1696, -5]);
    expect(await run('BITFIELD_RO k GET u8 0 GET i16 3')).toEqual([255, -5]);
    expect(await run('BITFIELD_RO k')).toEqual([]);
    expect(await run('BITFIELD_RO none GET u8 0')).toEqual([0]);
    expect(await run('BITFIELD w SET i64 5 1125899906842626 GET i64 5 GET u63 5')).toEqual([
      0, 1125899906842626, 562949953421313,
    ]);
    expect(await run('BITFIELD w SET i64 5 -1125899906842626 GET i64 5')).toEqual([
      1125899906842626, -1125899906842626,
    ]);
  });

  it('BITFIELD: what does not fit wraps around, saturates or fails', async () => {
    const add = 'INCRBY i8 0 100';
    expect(await run(`BITFIELD a SET i8 0 100 ${add}`)).toEqual([0, -56]);
    expect(await run(`BITFIELD b SET i8 0 100 OVERFLOW SAT ${add} INCRBY i8 0 -300`)).toEqual([0, 127, -128]);
    expect(await run(`BITFIELD c SET i8 0 100 OVERFLOW FAIL ${add} OVERFLOW WRAP ${add}`)).toEqual([
      0,
      null,
      -56,
    ]);
    expect(await run('BITFIELD u OVERFLOW SAT INCRBY u4 0 20 INCRBY u4 0 -40 SET u4 0 99')).toEqual([
      15, 0, 0,
    ]);
    expect(await run('BITFIELD u OVERFLOW FAIL SET u4 0 16 GET u4 0')).toEqual([null, 15]);
    expect(await run('BITFIELD u SET u4 0 18 GET u4 0')).toEqual([15, 2]);
    expect(await run('BITFIELD e OVERFLOW FAIL INCRBY u2 9 7')).toEqual([null]);
    expect(await run('STRLEN e')).toBe(2);
  });

  it('the number of changes counts what has changed', async () => {
    const dirty = async (): Promise<number> =>
      Number(/changes_since_last_save:(\d+)/.exec((await run('INFO persistence')) as string)?.[1]);
    const before = await dirty();
    const changes = async (command: string, ...args: Buffer[]): Promise<number> => {
      const start = await dirty();
      await run(command, ...args);
      return (await dirty()) - start;
    };
    expect(before).toBeGreaterThanOrEqual(0);
    expect(await changes('SETBIT k 5 1')).toBe(1);
    expect(await changes('SETBIT k 5 1')).toBe(0);
    expect(await changes('SETBIT k 9 0')).toBe(1);
    expect(await changes('BITFIELD k SET u8 0 1 SET u8 0 1 INCRBY u8 0 1 GET u8 0')).toBe(2);
    expect(await changes('BITFIELD k GET u8 0')).toBe(0);
    expect(await changes('BITOP NOT d k')).toBe(1);
    expect(await changes('BITOP NOT d none')).toBe(1);
    expect(await changes('BITOP NOT d none')).toBe(0);
  });
});

describeOnOurs('bitmap of newer servers', [], ({ run, call }) => {
  it('BITOP: DIFF, DIFF1, ANDOR and ONE', async () => {
    await call('SET', 'a', bytes(0b11110000, 0b10101010));
    await call('SET', 'b', bytes(0b11001100));
    await call('SET', 'c', bytes(0b10100001, 0b10000001, 0b11111111));
    const results = {
      'DIFF d a b c': [0b00010000, 0b00101010, 0],
      'DIFF1 d a b c': [0b00001101, 0b00000001, 0b11111111],
      'ANDOR d a b c': [0b11100000, 0b10000000, 0],
      'ONE d a b c': [0b00011101, 0b00101011, 0b11111111],
      'ONE d a': [0b11110000, 0b10101010],
      'diff d a none': [0b11110000, 0b10101010],
    };
    for (const [operation, result] of Object.entries(results)) {
      expect(await run(`BITOP ${operation}`), operation).toBe(result.length);
      expect(await run('GET d'), operation).toBe(bytes(...result).toString('latin1'));
    }
    for (const operation of ['DIFF', 'DIFF1', 'ANDOR']) {
      expect(await run(`BITOP ${operation} d a`)).toBe(
        `error: ERR BITOP ${operation} must be called with at least two source keys.`,
      );
    }
  });

  it('BITCOUNT, BITPOS: a call that is not well formed is refused without the key too', async () => {
    expect(await run('BITCOUNT none x y')).toBe(NOT_INTEGER);
    expect(await run('BITCOUNT none 0')).toBe(SYNTAX);
    expect(await run('BITCOUNT none -1 -4 x')).toBe(SYNTAX);
    expect(await run('BITPOS none 1 x')).toBe(NOT_INTEGER);
    expect(await run('BITPOS none 1 0 x y')).toBe(SYNTAX);
  });
});
