/** The string commands, over a socket, on our server and on the real one. */
import { expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs, type Target } from './both-servers.ts';

const SYNTAX = 'error: ERR syntax error';
const NOT_INTEGER = 'error: ERR value is not an integer or out of range';

describeOnBoth('string', [], ({ run, call }) => {
  it('SET: takes NX and XX, which decide by whether the key exists', async () => {
    expect(await run('SET k 1 XX')).toBeNull();
    expect(await run('SET k 1 NX')).toBe('OK');
    expect(await run('SET k 2 NX')).toBeNull();
    expect(await run('SET k 2 XX')).toBe('OK');
    expect(await run('SET k 3 NX NX')).toBeNull();
    expect(await run('SET k 3 NX XX')).toBe(SYNTAX);
  });

  it('SET: with GET replies the old value, whether it sets or not', async () => {
    expect(await run('SET k a GET')).toBeNull();
    expect(await run('SET k b GET')).toBe('a');
    expect(await run('SET k c NX GET')).toBe('b');
    expect(await run('SET other c XX GET')).toBeNull();
    expect(await run('GET k')).toBe('b');
  });

  it.each([
    ['EX 5 PX 6', SYNTAX],
    ['EX 5 KEEPTTL', SYNTAX],
    ['KEEPTTL PX 5', SYNTAX],
    ['EX', SYNTAX],
    ['5', SYNTAX],
    ['PERSIST', SYNTAX],
    ['EX abc XX NX', SYNTAX],
    ['EX abc', NOT_INTEGER],
    ['EX 1.5', NOT_INTEGER],
    ['EX 9223372036854775808', NOT_INTEGER],
    ['EX 0', "error: ERR invalid expire time in 'set' command"],
    ['PX -1', "error: ERR invalid expire time in 'set' command"],
    ['PX 9223372036854775807', "error: ERR invalid expire time in 'set' command"],
    ['EX 9223372036854775', "error: ERR invalid expire time in 'set' command"],
    ['EXAT 9223372036854776', "error: ERR invalid expire time in 'set' command"],
    ['EX 5 EX 6', 'OK'],
    ['KEEPTTL KEEPTTL', 'OK'],
    ['PXAT 9223372036854775807', 'OK'],
  ])('SET: with %s replies %s', async (options, reply) => {
    await run('SET k old');
    expect(await run(`SET k new ${options}`)).toBe(reply);
    expect(await run('GET k')).toBe(reply === 'OK' ? 'new' : 'old');
  });

  it('SET: drops the time to live unless it says KEEPTTL', async () => {
    await run('SET k 1 EX 100');
    expect(await run('TTL k')).toBeCloseTo(100, -1);
    await run('SET k 22 KEEPTTL');
    expect(await run('TTL k')).toBeCloseTo(100, -1);
    await run('SET k a-text KEEPTTL');
    expect(await run('TTL k')).toBeCloseTo(100, -1);
    await run('SET k other');
    expect(await run('TTL k')).toBe(-1);
    await run('SET k 1 PX 100500');
    expect(await run('TTL k')).toBeGreaterThan(99);
    await run('SET k 1');
    expect(await run('TTL k')).toBe(-1);
  });

  it('SET: with a time that has passed leaves no key', async () => {
    expect(await run('SET k v PXAT 1')).toBe('OK');
    expect(await run('EXISTS k')).toBe(0);
    expect(await run('SET k v EXAT 1 GET')).toBeNull();
    expect(await run('GET k')).toBeNull();
  });

  it('SET: keeps any bytes in keys and values', async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await call('SET', all, all);
    expect(await call('GET', all)).toBe(all.toString('latin1'));
    await call('SET', '', '');
    expect(await call('GET', '')).toBe('');
    expect(await call('STRLEN', '')).toBe(0);
  });

  it.each([
    ['0', 'int'],
    ['-1', 'int'],
    ['9223372036854775807', 'int'],
    ['-9223372036854775808', 'int'],
    ['9223372036854775808', 'embstr'],
    ['01', 'embstr'],
    ['-0', 'embstr'],
    ['+1', 'embstr'],
    ['', 'embstr'],
    ['x'.repeat(44), 'embstr'],
    ['x'.repeat(45), 'raw'],
  ])('OBJECT ENCODING: of %j is %s, and it reads back as it was', async (value, encoding) => {
    await call('SET', 'k', value);
    expect(await run('OBJECT ENCODING k')).toBe(encoding);
    expect(await run('GET k')).toBe(value);
    expect(await run('STRLEN k')).toBe(value.length);
  });

  it('SETNX, SETEX, PSETEX: set as SET with the option does', async () => {
    expect(await run('SETNX k 1')).toBe(1);
    expect(await run('SETNX k 2')).toBe(0);
    expect(await run('SETEX k 100 3')).toBe('OK');
    expect(await run('TTL k')).toBeCloseTo(100, -1);
    expect(await run('PSETEX k 5000 4')).toBe('OK');
    expect(await run('TTL k')).toBeCloseTo(5, -1);
    expect(await run('GET k')).toBe('4');
    expect(await run('SETEX k 0 v')).toBe("error: ERR invalid expire time in 'setex' command");
    expect(await run('PSETEX k -5 v')).toBe("error: ERR invalid expire time in 'psetex' command");
    expect(await run('SETEX k x v')).toBe(NOT_INTEGER);
  });

  it('GETSET, GETDEL: reply the old value and drop the time to live', async () => {
    expect(await run('GETSET k 1')).toBeNull();
    await run('EXPIRE k 100');
    expect(await run('GETSET k 2')).toBe('1');
    expect(await run('TTL k')).toBe(-1);
    expect(await run('GETDEL k')).toBe('2');
    expect(await run('GETDEL k')).toBeNull();
    expect(await run('EXISTS k')).toBe(0);
  });

  it('GETEX: sets, removes and leaves the time to live', async () => {
    await run('SET k v');
    expect(await run('GETEX k EX 100')).toBe('v');
    expect(await run('TTL k')).toBeCloseTo(100, -1);
    expect(await run('GETEX k')).toBe('v');
    expect(await run('TTL k')).toBeCloseTo(100, -1);
    expect(await run('GETEX k PERSIST')).toBe('v');
    expect(await run('TTL k')).toBe(-1);
    expect(await run('GETEX k PXAT 1')).toBe('v');
    expect(await run('EXISTS k')).toBe(0);
    expect(await run('GETEX k EX nonsense')).toBeNull();
  });

  it.each([
    ['EX 0', "error: ERR invalid expire time in 'getex' command"],
    ['EX x', NOT_INTEGER],
    ['EX 5 PX 6', SYNTAX],
    ['PERSIST EX 5', SYNTAX],
    ['KEEPTTL', SYNTAX],
    ['NX', SYNTAX],
    ['EX', SYNTAX],
  ])('GETEX: with %s replies %s', async (options, reply) => {
    await run('SET k v');
    expect(await run(`GETEX k ${options}`)).toBe(reply);
  });

  it('MSET, MGET: the last of equal keys counts, what is no string reads as null', async () => {
    expect(await run('MSET a 1 b 2 a 3')).toBe('OK');
    expect(await run('MGET a b none')).toEqual(['3', '2', null]);
    expect(await run('MSET a 1 b')).toBe("error: ERR wrong number of arguments for 'mset' command");
    expect(await run('MSETNX c 1 b 2')).toBe(0);
    expect(await run('MSETNX c 1 d 2')).toBe(1);
    expect(await run('MGET c d')).toEqual(['1', '2']);
  });

  it('INCR and its like: count in 64 bits and refuse to overflow', async () => {
    expect(await run('INCR k')).toBe(1);
    expect(await run('DECRBY k 5')).toBe(-4);
    await run('SET k 9223372036854775806');
    expect(await run('INCR k')).toEqual(expect.anything());
    expect(await run('GET k')).toBe('9223372036854775807');
    expect(await run('INCR k')).toBe('error: ERR increment or decrement would overflow');
    expect(await run('DECRBY k -9223372036854775808')).toBe('error: ERR decrement would overflow');
    expect(await run('INCRBY k 1.5')).toBe(NOT_INTEGER);
    await call('SET', 'k', ' 11');
    expect(await run('INCR k')).toBe(NOT_INTEGER);
  });

  it('INCR: keeps the time to live, and makes an appended number an integer again', async () => {
    await run('SET k 10 EX 100');
    expect(await run('INCR k')).toBe(11);
    expect(await run('TTL k')).toBeCloseTo(100, -1);
    await run('APPEND k 5');
    expect(await run('OBJECT ENCODING k')).toBe('raw');
    expect(await run('INCR k')).toBe(116);
    expect(await run('OBJECT ENCODING k')).toBe('int');
    expect(await run('TTL k')).toBeCloseTo(100, -1);
  });

  it('INCRBYFLOAT: adds in long doubles and keeps the result as text', async () => {
    expect(await run('INCRBYFLOAT k 0.1')).toBe('0.1');
    expect(await run('INCRBYFLOAT k 0.2')).toBe('0.3');
    expect(await run('INCRBYFLOAT k 2.7')).toBe('3');
    expect(await run('OBJECT ENCODING k')).toBe('embstr');
    expect(await run('INCRBYFLOAT k 3.0e3')).toBe('3003');
    expect(await run('INCRBYFLOAT k x')).toBe('error: ERR value is not a valid float');
    expect(await run('INCRBYFLOAT k inf')).toBe('error: ERR increment would produce NaN or Infinity');
    await run('SET k abc');
    expect(await run('INCRBYFLOAT k 1')).toBe('error: ERR value is not a valid float');
  });

  it('APPEND: creates, grows and makes raw', async () => {
    expect(await run('APPEND k 12')).toBe(2);
    expect(await run('OBJECT ENCODING k')).toBe('int');
    expect(await run('APPEND k 3')).toBe(3);
    expect(await run('OBJECT ENCODING k')).toBe('raw');
    expect(await call('APPEND', 'k', '')).toBe(3);
    expect(await call('APPEND', 'empty', '')).toBe(0);
    expect(await run('EXISTS empty')).toBe(1);
    await run('EXPIRE k 100');
    expect(await run('APPEND k <value>', 'x'.repeat(1000))).toBe(1003);
    expect(await run('TTL k')).toBeCloseTo(100, -1);
    expect(await run('GET k')).toBe(`123${'x'.repeat(1000)}`);
  });

  it('SETRANGE: overwrites, fills with zeros and creates', async () => {
    await run('SET k hello');
    expect(await run('SETRANGE k 1 ipp')).toBe(5);
    expect(await run('GET k')).toBe('hippo');
    expect(await run('SETRANGE k 7 !')).toBe(8);
    expect(await run('GET k')).toBe('hippo\0\0!');
    expect(await run('SETRANGE new 2 ab')).toBe(4);
    expect(await run('GET new')).toBe('\0\0ab');
    expect(await run('OBJECT ENCODING new')).toBe('raw');
    expect(await call('SETRANGE', 'none', '5', '')).toBe(0);
    expect(await run('EXISTS none')).toBe(0);
    await run('SET n 1234');
    expect(await call('SETRANGE', 'n', '9', '')).toBe(4);
    expect(await run('OBJECT ENCODING n')).toBe('int');
    expect(await run('SETRANGE n 1 9')).toBe(4);
    expect(await run('GET n')).toBe('1934');
  });

  it('SETRANGE: refuses positions that cannot be', async () => {
    expect(await run('SETRANGE k -1 a')).toBe('error: ERR offset is out of range');
    expect(await run('SETRANGE k x a')).toBe(NOT_INTEGER);
    for (const offset of ['536870912', '9223372036854775807']) {
      expect(await run(`SETRANGE k ${offset} a`)).toBe(
        'error: ERR string exceeds maximum allowed size (proto-max-bulk-len)',
      );
    }
    expect(await run('EXISTS k')).toBe(0);
  });

  it.each([
    ['0 3', 'Hell'],
    ['0 -1', 'Hello World'],
    ['-4 -1', 'orld'],
    ['5 3', ''],
    ['5 5000', ' World'],
    ['-5000 10000', 'Hello World'],
    ['0 -100', 'H'],
    ['1 -100', ''],
    ['-1 -100', ''],
    ['-100 -99', 'H'],
    ['-100 -101', ''],
    ['11 11', ''],
    ['0 9223372036854775807', 'Hello World'],
    ['-9223372036854775808 -1', 'Hello World'],
    ['0 x', NOT_INTEGER],
  ])('GETRANGE: from %s is %j', async (range, part) => {
    await call('SET', 'k', 'Hello World');
    expect(await run(`GETRANGE k ${range}`)).toBe(part);
    expect(await run(`SUBSTR k ${range}`)).toBe(part);
    await run('SET empty <nothing>', '');
    if (part !== NOT_INTEGER) expect(await run(`GETRANGE empty ${range}`)).toBe('');
  });

  it('LCS: finds the subsequence, its length and its matches', async () => {
    await run('MSET a ohmytext b mynewtext n 12345');
    expect(await run('LCS a b')).toBe('mytext');
    expect(await run('LCS a b LEN')).toBe(6);
    expect(await run('LCS a none')).toBe('');
    expect(await run('LCS n n')).toBe('12345');
    expect(await run('LCS a b IDX')).toEqual([
      'matches',
      [
        [
          [4, 7],
          [5, 8],
        ],
        [
          [2, 3],
          [0, 1],
        ],
      ],
      'len',
      6,
    ]);
    expect(await run('LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN')).toEqual([
      'matches',
      [[[4, 7], [5, 8], 4]],
      'len',
      6,
    ]);
    expect(await run('LCS a b LEN IDX')).toBe(
      'error: ERR If you want both the length and indexes, please just use IDX.',
    );
    expect(await run('LCS a b MINMATCHLEN')).toBe(SYNTAX);
    expect(await run('LCS a b MINMATCHLEN x')).toBe(NOT_INTEGER);
  });

  growingTests({ run, call });
});

/** Strings that move from cell to cell and out of the arena. */
function growingTests({ run, call }: Pick<Target, 'run' | 'call'>): void {
  const MEGABYTE = 1 << 20;

  it('APPEND: grows a string from nothing past a megabyte', async () => {
    const piece = 'abcdefghij'.repeat(1000);
    let whole = '';
    for (let i = 0; i < 150; i++) {
      whole += piece;
      expect(await call('APPEND', 'k', piece)).toBe(whole.length);
    }
    expect(await run('GET k')).toBe(whole);
    expect(await run('GETRANGE k 1048570 1048585')).toBe(whole.slice(1048570, 1048586));
    expect(await run('STRLEN k')).toBe(whole.length);
  });

  it.each([-64, -40, -30, -24, -20, -13, -12, -1, 0, 1, 100])(
    'SET: a value of a megabyte and %i bytes goes in, grows and comes out',
    async (more) => {
      const value = Buffer.alloc(MEGABYTE + more, 'v');
      expect(await call('SET', 'key', value)).toBe('OK');
      expect(await run('EXPIRE key 100')).toBe(1);
      expect(await run('RENAME key <name>', 'n'.repeat(300))).toBe('OK');
      expect(await run('RENAME <name> key', 'n'.repeat(300))).toBe('OK');
      expect(await run('PERSIST key')).toBe(1);
      expect(await run('APPEND key end')).toBe(value.length + 3);
      expect(await run('GET key')).toBe(`${value.toString('latin1')}end`);
    },
  );

  it('a large value survives every command that handles keys', async () => {
    const value = Buffer.alloc(3 * MEGABYTE, 'x').toString('latin1');
    await call('SET', 'k', value);
    expect(await run('COPY k copy')).toBe(1);
    expect(await run('SETRANGE copy 0 y')).toBe(value.length);
    expect(await run('GET k')).toBe(value);
    expect(await run('GETRANGE copy 0 2')).toBe('yxx');
    expect(await run('COPY k there DB 1')).toBe(1);
    expect(await run('RENAME k moved')).toBe('OK');
    expect(await run('MOVE moved 1')).toBe(1);
    await run('SELECT 1');
    expect(await run('GETSET moved small')).toBe(value);
    expect(await run('GETDEL there')).toBe(value);
    expect(await run('SETRANGE moved 2000000 z')).toBe(2000001);
    expect(await run('SET moved again GET')).toBe(`small${'\0'.repeat(1999995)}z`);
    expect(await run('UNLINK moved')).toBe(1);
    expect(await run('DBSIZE')).toBe(0);
  });
}

describeOnBoth(
  'string, with a small proto-max-bulk-len',
  ['--proto-max-bulk-len', '1mb'],
  ({ run, call }) => {
    it('APPEND, SETRANGE: stop at the limit', async () => {
      const tooLong = 'error: ERR string exceeds maximum allowed size (proto-max-bulk-len)';
      expect(await run('SETRANGE k 1048575 a')).toBe(1048576);
      expect(await run('APPEND k a')).toBe(tooLong);
      expect(await run('SETRANGE k 1048576 a')).toBe(tooLong);
      expect(await run('STRLEN k')).toBe(1048576);
    });

    it('LCS: refuses strings whose table would be larger than the limit', async () => {
      await call('SET', 'a', 'x'.repeat(600));
      await call('SET', 'b', 'x'.repeat(600));
      expect(await run('LCS a b LEN')).toBe(
        'error: ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len',
      );
    });
  },
);

describeOnOurs('string, commands of newer servers', [], ({ run, call }) => {
  const HELLO = '9555e8555c62dcfd';

  it('SET IFEQ, IFNE: compare with the old value', async () => {
    expect(await run('SET k new IFEQ old')).toBeNull();
    expect(await run('EXISTS k')).toBe(0);
    expect(await run('SET k 12345 IFNE old')).toBe('OK');
    expect(await run('SET k new IFEQ old')).toBeNull();
    expect(await run('SET k new IFEQ 12345 EX 100')).toBe('OK');
    expect(await run('TTL k')).toBeCloseTo(100, -1);
    expect(await run('SET k x IFNE new')).toBeNull();
    expect(await run('SET k x IFEQ other GET')).toBe('new');
    expect(await run('SET k x ifeq new get')).toBe('new');
    expect(await run('GET k')).toBe('x');
  });

  it.each(['IFEQ', 'IFEQ a NX', 'NX IFEQ a', 'IFEQ a IFNE b', 'IFDEQ'])(
    'SET: with %s is a syntax error',
    async (options) => {
      expect(await run(`SET k v ${options}`)).toBe(SYNTAX);
    },
  );

  it('DIGEST: is XXH3 in 16 digits', async () => {
    expect(await run('DIGEST k')).toBeNull();
    await run('SET k hello');
    expect(await run('DIGEST k')).toBe(HELLO);
    await run('SET k 123');
    const ofInteger = await run('DIGEST k');
    await run('SETRANGE k 0 1');
    expect(await run('DIGEST k')).toBe(ofInteger);
  });

  it('SET IFDEQ, IFDNE: compare digests in either case, and want 16 digits where there is a key', async () => {
    const wrong = '0'.repeat(16);
    expect(await run('SET k v IFDEQ 123')).toBeNull();
    expect(await run('SET k hello IFDNE 123')).toBe('OK');
    expect(await run('SET k hello IFDEQ 123')).toBe('error: ERR must be exactly 16 hexadecimal characters');
    expect(await run('SET k x IFDNE 123 GET')).toBe('error: ERR must be exactly 16 hexadecimal characters');
    expect(await run(`SET k x IFDEQ ${wrong}`)).toBeNull();
    expect(await run(`SET k x IFDNE ${HELLO.toUpperCase()}`)).toBeNull();
    expect(await run(`SET k x IFDEQ ${HELLO.toUpperCase()}`)).toBe('OK');
    expect(await run(`SET k y IFDNE ${wrong} GET`)).toBe('x');
  });

  it('DELEX: deletes when the comparison holds', async () => {
    expect(await run('DELEX k')).toBe(0);
    expect(await run('DELEX k IFNE x')).toBe(0);
    expect(await run('DELEX k IFDEQ short')).toBe(0);
    for (const [condition, reply] of [
      ['IFEQ hello', 1],
      ['IFEQ other', 0],
      ['IFNE other', 1],
      ['IFNE hello', 0],
      [`IFDEQ ${HELLO}`, 1],
      [`IFDNE ${HELLO}`, 0],
    ]) {
      await run('SET k hello');
      expect(await run(`DELEX k ${condition}`), String(condition)).toBe(reply);
      expect(await run('EXISTS k')).toBe(1 - Number(reply));
    }
    await run('SET k hello');
    expect(await run('DELEX k IFDEQ short')).toBe('error: ERR must be exactly 16 hexadecimal characters');
    expect(await run('DELEX k IS hello')).toBe(
      'error: ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE',
    );
    expect(await run('DELEX none IFEQ')).toBe("error: ERR wrong number of arguments for 'delex' command");
    expect(await run('DELEX k')).toBe(1);
  });

  it('DELIFEQ: deletes when the value is the one given', async () => {
    await run('SET k 10');
    expect(await run('DELIFEQ k 1')).toBe(0);
    expect(await run('DELIFEQ none 1')).toBe(0);
    expect(await run('DELIFEQ k 10')).toBe(1);
    expect(await run('EXISTS k')).toBe(0);
  });

  it('MSETEX: sets all or none, with one time for all', async () => {
    expect(await run('MSETEX 2 a 1 b 2 EX 100')).toBe(1);
    expect(await run('TTL b')).toBeCloseTo(100, -1);
    expect(await run('MSETEX 2 b 3 c 4 NX')).toBe(0);
    expect(await run('MSETEX 2 b 3 c 4 XX')).toBe(0);
    expect(await run('MGET a b c')).toEqual(['1', '2', null]);
    expect(await run('MSETEX 2 a 5 b 6 XX KEEPTTL')).toBe(1);
    expect(await run('TTL a')).toBeCloseTo(100, -1);
    expect(await run('MSETEX 1 a 7')).toBe(1);
    expect(await run('TTL a')).toBe(-1);
    expect(await run('MSETEX 2 NX v EX w NX EX 100')).toBe(1);
    expect(await run('MGET NX EX')).toEqual(['v', 'w']);
  });

  it.each([
    ['key1 val1 ex 10', 'error: ERR invalid numkeys value'],
    ['0 a 1', 'error: ERR invalid numkeys value'],
    ['2147483648 a 1', 'error: ERR invalid numkeys value'],
    ['2147483647 a 1', 'error: ERR wrong number of key-value pairs'],
    ['2 a 1 b', 'error: ERR wrong number of key-value pairs'],
    ['1 a 1 b', SYNTAX],
    ['1 a 1 NX XX', SYNTAX],
    ['1 a 1 EX 10 PX 10', SYNTAX],
    ['1 a 1 KEEPTTL EX 10', SYNTAX],
    ['1 a 1 GET', SYNTAX],
    ['1 a 1 EX 0', "error: ERR invalid expire time in 'msetex' command"],
  ])('MSETEX: refuses %s', async (args, reply) => {
    expect(await run(`MSETEX ${args}`)).toBe(reply);
    expect(await call('DBSIZE')).toBe(0);
  });
});

describeOnOurs('INCREX', [], ({ run }) => {
  it('adds, and says what it added', async () => {
    expect(await run('INCREX n')).toEqual([1, 1]);
    expect(await run('INCREX n BYINT 10')).toEqual([11, 10]);
    expect(await run('INCREX n BYINT -1 EX 100')).toEqual([10, -1]);
    expect(Number(await run('TTL n'))).toBeGreaterThan(90);
    expect(await run('INCREX n')).toEqual([11, 1]);
    expect(Number(await run('TTL n'))).toBeGreaterThan(90);
    expect(await run('INCREX n EX 1000 ENX')).toEqual([12, 1]);
    expect(Number(await run('TTL n'))).toBeLessThan(101);
    expect(await run('INCREX n PERSIST')).toEqual([13, 1]);
    expect(await run('TTL n')).toBe(-1);
    expect(await run('INCREX f BYFLOAT 0.1')).toEqual(['0.1', '0.1']);
    expect(await run('INCREX f BYFLOAT 0.2')).toEqual(['0.3', '0.2']);
  });

  it('stays within its bounds: nothing happens, or the value goes to the bound', async () => {
    await run('SET n 9 EX 100');
    expect(await run('INCREX n BYINT 5 UBOUND 10 EX 5')).toEqual([9, 0]);
    expect(Number(await run('TTL n'))).toBeGreaterThan(90);
    expect(await run('INCREX n BYINT 5 UBOUND 10 SATURATE')).toEqual([10, 1]);
    expect(await run('INCREX n BYINT -50 LBOUND 0 SATURATE')).toEqual([0, -10]);
    expect(await run('INCREX none UBOUND 0')).toEqual([0, 0]);
    expect(await run('EXISTS none')).toBe(0);
    await run('SET big 9223372036854775807');
    expect(((await run('INCREX big')) as number[])[1]).toBe(0);
    expect(await run('GET big')).toBe('9223372036854775807');
    await run('SET f 1.5');
    expect(await run('INCREX f BYFLOAT 1 UBOUND 2')).toEqual(['1.5', '0']);
    expect(await run('INCREX f BYFLOAT 1 UBOUND 2 SATURATE')).toEqual(['2', '0.5']);
  });

  it('refuses what makes no sense, and changes nothing', async () => {
    await run('SET s abc');
    await run('SET f 1.5');
    expect(await run('INCREX s')).toBe(NOT_INTEGER);
    expect(await run('INCREX f')).toBe(NOT_INTEGER);
    expect(await run('INCREX s BYFLOAT 1')).toBe('error: ERR value is not a valid float');
    expect(await run('INCREX n BYINT 1 BYFLOAT 1')).toBe(SYNTAX);
    expect(await run('INCREX n BYINT')).toBe(SYNTAX);
    expect(await run('INCREX n BYINT x')).toBe(NOT_INTEGER);
    expect(await run('INCREX n LBOUND 2 UBOUND 1')).toMatch(/LBOUND/);
    expect(await run('INCREX n ENX')).toBe(SYNTAX);
    expect(await run('INCREX n PERSIST ENX')).toBe(SYNTAX);
    expect(await run('INCREX n EX 0')).toBe("error: ERR invalid expire time in 'increx' command");
    expect(await run('DBSIZE')).toBe(2);
  });
});
