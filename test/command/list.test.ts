/** The list commands, over a socket, on our server and on the real one. What waits for an element is tested with blocked clients. */
import { expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs } from './both-servers.ts';

const SYNTAX = 'error: ERR syntax error';
const NOT_INTEGER = 'error: ERR value is not an integer or out of range';
const NOT_POSITIVE = 'error: ERR value is out of range, must be positive';
const WRONG_TYPE = 'error: WRONGTYPE Operation against a key holding the wrong kind of value';
const NOT_FLOAT = 'error: ERR timeout is not a float or out of range';
const NEGATIVE = 'error: ERR timeout is negative';
const wrongArity = (name: string): string => `error: ERR wrong number of arguments for '${name}' command`;

describeOnBoth('list', ['--enable-debug-command', 'yes'], ({ run, call }) => {
  const all = (key: string): Promise<unknown> => run(`LRANGE ${key} 0 -1`);
  const encoding = (key: string): Promise<unknown> => run(`OBJECT ENCODING ${key}`);

  // ---- pushing and popping -------------------------------------------------------------------------

  it('LPUSH and RPUSH: put elements at an end, one after the other, and reply the length', async () => {
    expect(await run('LPUSH l a b c')).toBe(3);
    expect(await run('RPUSH l d e')).toBe(5);
    expect(await all('l')).toEqual(['c', 'b', 'a', 'd', 'e']);
    expect(await run('TYPE l')).toBe('list');
  });

  it('LPUSHX and RPUSHX: want the list to exist', async () => {
    expect(await run('LPUSHX l a')).toBe(0);
    expect(await run('RPUSHX l a b')).toBe(0);
    expect(await run('EXISTS l')).toBe(0);
    await run('RPUSH l m');
    expect(await run('LPUSHX l a b')).toBe(3);
    expect(await run('RPUSHX l z')).toBe(4);
    expect(await all('l')).toEqual(['b', 'a', 'm', 'z']);
  });

  it('LPOP and RPOP: take one element, or with a count an array, and delete a list that becomes empty', async () => {
    await run('RPUSH l a b c d e f');
    expect(await run('LPOP l')).toBe('a');
    expect(await run('RPOP l')).toBe('f');
    expect(await run('LPOP l 2')).toEqual(['b', 'c']);
    expect(await run('RPOP l 0')).toEqual([]);
    expect(await run('RPOP l 9')).toEqual(['e', 'd']);
    expect(await run('EXISTS l')).toBe(0);
    expect(await run('LPOP l')).toBeNull();
    expect(await run('LPOP l 2')).toBeNull();
    expect(await run('RPOP l 0')).toBeNull();
  });

  it.each(['LPOP', 'RPOP'])(
    '%s: refuses a count that is none, before it looks at the key',
    async (command) => {
      await run('SET s text');
      expect(await run(`${command} s -1`)).toBe(NOT_POSITIVE);
      expect(await run(`${command} s x`)).toBe(NOT_POSITIVE);
      expect(await run(`${command} s 1.5`)).toBe(NOT_POSITIVE);
      expect(await run(`${command} s 9223372036854775808`)).toBe(NOT_POSITIVE);
      expect(await run(`${command} s 1 2`)).toBe(wrongArity(command.toLowerCase()));
      expect(await run(`${command} s 1`)).toBe(WRONG_TYPE);
      expect(await run(`${command} s`)).toBe(WRONG_TYPE);
    },
  );

  it('keeps elements as the bytes that they were', async () => {
    const elements = [
      '',
      '0',
      '-0',
      '007',
      '+1',
      '9223372036854775807',
      '9223372036854775808',
      '-9223372036854775808',
      ' 1',
      '1.0',
    ];
    const binary = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await call('RPUSH', 'l', ...elements, binary);
    expect(await run('LRANGE l 0 -2')).toEqual(elements);
    expect(await run('RPOP l')).toBe(binary.toString('latin1'));
    for (const element of elements) expect(await call('LPOS', 'l', element)).toBe(elements.indexOf(element));
  });

  it('keeps elements of every size', async () => {
    const sizes = [1, 63, 64, 127, 128, 4095, 4096, 8191, 16383, 65536, 1048509, 1048513, 1048576, 3_000_000];
    for (const size of sizes) await run('RPUSH l <element>', 'e'.repeat(size));
    for (const [i, size] of sizes.entries()) expect(await run(`LINDEX l ${i}`)).toBe('e'.repeat(size));
    expect(await run('LLEN l')).toBe(sizes.length);
    await run('LPUSH l <element>', 'f'.repeat(2_000_000));
    expect(await run('LMOVE l l LEFT RIGHT')).toBe('f'.repeat(2_000_000));
    expect(await run('LPOS l <element>', 'f'.repeat(2_000_000))).toBe(sizes.length);
    expect(await run('LREM l 0 <element>', 'e'.repeat(3_000_000))).toBe(1);
    expect(await run('LSET l 0 <element>', 'g'.repeat(1_500_000))).toBe('OK');
    expect(await run('LSET l -1 small')).toBe('OK');
    expect(await run('LINSERT l AFTER small <element>', 'h'.repeat(1_100_000))).toBe(sizes.length + 1);
    expect(await run('RPOP l 2')).toEqual(['h'.repeat(1_100_000), 'small']);
    expect(await run('LPOP l')).toBe('g'.repeat(1_500_000));
  });

  // ---- positions -----------------------------------------------------------------------------------

  it('LLEN and LINDEX: of a list that is not there are 0 and null', async () => {
    expect(await run('LLEN l')).toBe(0);
    expect(await run('LINDEX l 0')).toBeNull();
    expect(await run('LINDEX l x')).toBeNull();
    await run('RPUSH l a b c');
    expect(await run('LLEN l')).toBe(3);
    expect(await run('LINDEX l 0')).toBe('a');
    expect(await run('LINDEX l -1')).toBe('c');
    expect(await run('LINDEX l -3')).toBe('a');
    expect(await run('LINDEX l 3')).toBeNull();
    expect(await run('LINDEX l -4')).toBeNull();
    expect(await run('LINDEX l 9223372036854775807')).toBeNull();
    expect(await run('LINDEX l -9223372036854775808')).toBeNull();
    expect(await run('LINDEX l x')).toBe(NOT_INTEGER);
  });

  it.each([
    ['0 -1', ['a', 'b', 'c', 'd']],
    ['1 2', ['b', 'c']],
    ['-2 -1', ['c', 'd']],
    ['-100 100', ['a', 'b', 'c', 'd']],
    ['2 1', []],
    ['4 10', []],
    ['0 -5', []],
    ['-9223372036854775808 9223372036854775807', ['a', 'b', 'c', 'd']],
    ['0 -9223372036854775808', []],
    ['x 1', NOT_INTEGER],
    ['1 x', NOT_INTEGER],
  ])('LRANGE and LTRIM: %s', async (range, expected) => {
    await run('RPUSH l a b c d');
    expect(await run(`LRANGE l ${range}`)).toEqual(expected);
    expect(await run(`LTRIM l ${range}`)).toBe(typeof expected === 'string' ? expected : 'OK');
    expect(await all('l')).toEqual(typeof expected === 'string' ? ['a', 'b', 'c', 'd'] : expected);
    expect(await run('EXISTS l')).toBe(expected.length === 0 ? 0 : 1);
  });

  it('LRANGE and LTRIM: of a list that is not there', async () => {
    expect(await run('LRANGE l 0 -1')).toEqual([]);
    expect(await run('LTRIM l 0 -1')).toBe('OK');
    expect(await run('LRANGE l x -1')).toBe(NOT_INTEGER);
  });

  it('LSET: replaces an element', async () => {
    expect(await run('LSET l 0 a')).toBe('error: ERR no such key');
    expect(await run('LSET l x a')).toBe('error: ERR no such key');
    await run('RPUSH l a b c');
    expect(await run('LSET l 0 1')).toBe('OK');
    expect(await run('LSET l -1 <element>', 'long'.repeat(100))).toBe('OK');
    expect(await run('LSET l 3 x')).toBe('error: ERR index out of range');
    expect(await run('LSET l -4 x')).toBe('error: ERR index out of range');
    expect(await run('LSET l x y')).toBe(NOT_INTEGER);
    expect(await all('l')).toEqual(['1', 'b', 'long'.repeat(100)]);
  });

  it('LINSERT: puts an element before or after the first that equals the pivot', async () => {
    expect(await run('LINSERT l BEFORE a x')).toBe(0);
    await run('RPUSH l a b a 10');
    expect(await run('LINSERT l BEFORE a x')).toBe(5);
    expect(await run('LINSERT l after a y')).toBe(6);
    expect(await run('LINSERT l AFTER 10 z')).toBe(7);
    expect(await run('LINSERT l AFTER nope z')).toBe(-1);
    expect(await run('LINSERT l BESIDE a z')).toBe(SYNTAX);
    expect(await run('LINSERT nokey BESIDE a z')).toBe(SYNTAX);
    expect(await all('l')).toEqual(['x', 'a', 'y', 'b', 'a', '10', 'z']);
  });

  it('LREM: removes the first, the last or all elements that equal one', async () => {
    const refill = async () => {
      await run('DEL l');
      await run('RPUSH l a b a 1 a b');
    };
    await refill();
    expect(await run('LREM l 2 a')).toBe(2);
    expect(await all('l')).toEqual(['b', '1', 'a', 'b']);
    await refill();
    expect(await run('LREM l -2 a')).toBe(2);
    expect(await all('l')).toEqual(['a', 'b', '1', 'b']);
    await refill();
    expect(await run('LREM l 0 a')).toBe(3);
    expect(await run('LREM l 0 nope')).toBe(0);
    expect(await run('LREM l 9223372036854775807 1')).toBe(1);
    expect(await run('LREM l -9223372036854775807 b')).toBe(2);
    expect(await run('EXISTS l')).toBe(0);
    expect(await run('LREM l 0 a')).toBe(0);
    expect(await run('LREM l x a')).toBe(NOT_INTEGER);
  });

  // ---- LPOS ----------------------------------------------------------------------------------------

  it.each([
    ['a', 0],
    ['3', 5],
    ['nope', null],
    ['a RANK 2', 2],
    ['a RANK -1', 6],
    ['a RANK 9', null],
    ['a COUNT 0', [0, 2, 6]],
    ['a COUNT 2', [0, 2]],
    ['a COUNT 9', [0, 2, 6]],
    ['nope COUNT 2', []],
    ['a COUNT 0 RANK 2', [2, 6]],
    ['a COUNT 0 RANK -1', [6, 2, 0]],
    ['a COUNT 1 RANK -2', [2]],
    ['a COUNT 0 MAXLEN 3', [0, 2]],
    ['a COUNT 0 MAXLEN 5 RANK -1', [6, 2]],
    ['a MAXLEN 1', 0],
    ['b MAXLEN 1', null],
    ['a maxlen 0 count 0', [0, 2, 6]],
    [
      'a RANK 0',
      "error: ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
    ],
    ['a RANK x', NOT_INTEGER],
    ['a COUNT -1', "error: ERR COUNT can't be negative"],
    ['a COUNT x', "error: ERR COUNT can't be negative"],
    ['a MAXLEN -1', "error: ERR MAXLEN can't be negative"],
    ['a MAXLEN x', "error: ERR MAXLEN can't be negative"],
    ['a RANK', SYNTAX],
    ['a FOO 1', SYNTAX],
    ['a RANK 1 COUNT', SYNTAX],
  ])('LPOS: l %s', async (options, reply) => {
    await run('RPUSH l a b a c b 3 a');
    expect(await run(`LPOS l ${options}`)).toEqual(reply);
  });

  it('LPOS: of a list that is not there is null, with COUNT an empty array', async () => {
    expect(await run('LPOS l a')).toBeNull();
    expect(await run('LPOS l a COUNT 2')).toEqual([]);
    expect(await run('LPOS l a RANK 0')).toMatch(/RANK can't be zero/);
  });

  it('LPOS: 7.0 passes over nothing and keeps all for the RANK whose negative is no integer', async () => {
    await run('RPUSH l b a b b');
    expect(await run('LPOS l b RANK -9223372036854775808')).toBe(3);
    expect(await run('LPOS l b RANK -9223372036854775808 COUNT 1')).toEqual([3, 2, 0]);
    expect(await run('LPOS l b RANK -9223372036854775808 COUNT 1 MAXLEN 2')).toEqual([3, 2]);
    expect(await run('LPOS l b RANK -9223372036854775808 COUNT 1 RANK -1')).toEqual([3]);
  });

  // ---- moving --------------------------------------------------------------------------------------

  it.each([
    ['LEFT LEFT', 'a', ['b', 'c'], ['a', 'x']],
    ['LEFT RIGHT', 'a', ['b', 'c'], ['x', 'a']],
    ['right left', 'c', ['a', 'b'], ['c', 'x']],
    ['RIGHT RIGHT', 'c', ['a', 'b'], ['x', 'c']],
  ])('LMOVE: %s', async (sides, moved, source, target) => {
    await run('RPUSH l a b c');
    await run('RPUSH to x');
    expect(await run(`LMOVE l to ${sides}`)).toBe(moved);
    expect(await all('l')).toEqual(source);
    expect(await all('to')).toEqual(target);
    expect(await run(`BLMOVE l new ${sides} 0`)).not.toBeNull();
    expect(await run(`LMOVE l new ${sides}`)).not.toBeNull();
    expect(await run('EXISTS l')).toBe(0);
    expect(await run('LLEN new')).toBe(2);
    expect(await run(`LMOVE l new ${sides}`)).toBeNull();
  });

  it('LMOVE and RPOPLPUSH: rotate a list within itself, be it of one element', async () => {
    await run('RPUSH l a b c');
    expect(await run('RPOPLPUSH l l')).toBe('c');
    expect(await all('l')).toEqual(['c', 'a', 'b']);
    expect(await run('LMOVE l l LEFT RIGHT')).toBe('c');
    expect(await run('LMOVE l l LEFT LEFT')).toBe('a');
    expect(await all('l')).toEqual(['a', 'b', 'c']);
    await run('RPUSH one 1');
    await run('EXPIRE one 100');
    expect(await run('RPOPLPUSH one one')).toBe('1');
    expect(await run('TTL one')).toBeGreaterThan(90);
    expect(await run('BRPOPLPUSH one one 0')).toBe('1');
    expect(await all('one')).toEqual(['1']);
  });

  it('LMOVE and RPOPLPUSH: change nothing when a key holds another type', async () => {
    await run('SET s text');
    await run('RPUSH l a');
    expect(await run('LMOVE s l LEFT LEFT')).toBe(WRONG_TYPE);
    expect(await run('LMOVE l s LEFT LEFT')).toBe(WRONG_TYPE);
    expect(await run('RPOPLPUSH l s')).toBe(WRONG_TYPE);
    expect(await run('RPOPLPUSH nokey s')).toBeNull();
    expect(await run('BLMOVE l s LEFT LEFT 0')).toBe(WRONG_TYPE);
    expect(await run('BRPOPLPUSH l s 0')).toBe(WRONG_TYPE);
    expect(await run('LMOVE l l LEFT MIDDLE')).toBe(SYNTAX);
    expect(await run('LMOVE l l MIDDLE LEFT')).toBe(SYNTAX);
    expect(await all('l')).toEqual(['a']);
  });

  // ---- several keys --------------------------------------------------------------------------------

  it('LMPOP: pops from the first list that is there', async () => {
    await run('RPUSH b 1 2 3 4');
    expect(await run('LMPOP 2 a b LEFT')).toEqual(['b', ['1']]);
    expect(await run('LMPOP 2 a b RIGHT COUNT 2')).toEqual(['b', ['4', '3']]);
    expect(await run('BLMPOP 0 2 a b left COUNT 10')).toEqual(['b', ['2']]);
    expect(await run('EXISTS b')).toBe(0);
    expect(await run('LMPOP 2 a b LEFT')).toBeNull();
  });

  it.each([
    ['0 l LEFT', 'error: ERR numkeys should be greater than 0'],
    ['x l LEFT', 'error: ERR numkeys should be greater than 0'],
    ['-1 l LEFT', 'error: ERR numkeys should be greater than 0'],
    ['2 l LEFT', SYNTAX],
    ['9223372036854775807 l LEFT', SYNTAX],
    ['1 l MIDDLE', SYNTAX],
    ['1 l LEFT COUNT', SYNTAX],
    ['1 l LEFT COUNT 1 COUNT 1', SYNTAX],
    ['1 l LEFT FOO 1', SYNTAX],
    ['1 l LEFT COUNT 0', 'error: ERR count should be greater than 0'],
    ['1 l LEFT COUNT -1', 'error: ERR count should be greater than 0'],
    ['1 l LEFT COUNT x', 'error: ERR count should be greater than 0'],
    ['2 s l LEFT', WRONG_TYPE],
  ])('LMPOP and BLMPOP: %s', async (words, reply) => {
    await run('SET s text');
    await run('RPUSH l a');
    expect(await run(`LMPOP ${words}`)).toBe(reply);
    expect(await run(`BLMPOP 0 ${words}`)).toBe(reply);
    expect(await all('l')).toEqual(['a']);
  });

  it('BLPOP and BRPOP: pop from the first list that is there', async () => {
    await run('RPUSH b 1 2 3');
    expect(await run('BLPOP a b c 0')).toEqual(['b', '1']);
    expect(await run('BRPOP a b c 0')).toEqual(['b', '3']);
    expect(await run('BLPOP b b 1.5')).toEqual(['b', '2']);
    expect(await run('EXISTS b')).toBe(0);
    await run('SET s text');
    await run('RPUSH l a');
    expect(await run('BLPOP s l 0')).toBe(WRONG_TYPE);
    expect(await run('BLPOP l s 0')).toEqual(['l', 'a']);
  });

  it('blocking commands: reply null when their time is up', async () => {
    expect(await run('BLPOP a 0.01')).toBeNull();
    expect(await run('BRPOP a b 0.01')).toBeNull();
    expect(await run('BLMOVE a b LEFT LEFT 0.01')).toBeNull();
    expect(await run('BRPOPLPUSH a b 0.01')).toBeNull();
    expect(await run('BLMPOP 0.01 1 a LEFT')).toBeNull();
  });

  it.each([
    ['BLPOP l <timeout>'],
    ['BRPOP l <timeout>'],
    ['BLMOVE l l LEFT LEFT <timeout>'],
    ['BRPOPLPUSH l l <timeout>'],
    ['BLMPOP <timeout> 1 l LEFT'],
  ])('%s: refuses a timeout that is none', async (command) => {
    await run('RPUSH l a');
    expect(await run(command, 'x')).toBe(NOT_FLOAT);
    expect(await run(command, '')).toBe(NOT_FLOAT);
    expect(await run(command, '-1')).toBe(NEGATIVE);
    // More than 64 bits of milliseconds, and what is infinite: negative to 7.0. What no long double holds is no number.
    for (const huge of ['1e16', '1e300', '1e400', '-1e400', '1e4000', 'inf', '-inf'])
      expect([huge, await run(command, huge)]).toEqual([huge, NEGATIVE]);
    for (const none of ['1e5000', 'nan']) expect([none, await run(command, none)]).toEqual([none, NOT_FLOAT]);
    expect(await all('l')).toEqual(['a']);
  });

  it('BLMOVE and BLMPOP: look at the other arguments before the timeout', async () => {
    expect(await run('BLMOVE a b LEFT MIDDLE x')).toBe(SYNTAX);
    expect(await run('BLMPOP x 0 a LEFT')).toBe('error: ERR numkeys should be greater than 0');
    expect(await run('BLMPOP x 1 a MIDDLE')).toBe(SYNTAX);
  });

  // ---- all of them ---------------------------------------------------------------------------------

  it.each([
    'LPUSH s a',
    'RPUSH s a',
    'LPUSHX s a',
    'RPUSHX s a',
    'LPOP s',
    'RPOP s 2',
    'LLEN s',
    'LINDEX s 0',
    'LINDEX s x',
    'LSET s 0 a',
    'LSET s x a',
    'LRANGE s 0 -1',
    'LTRIM s 0 -1',
    'LREM s 0 a',
    'LINSERT s BEFORE a b',
    'LPOS s a',
    'LMOVE s s LEFT LEFT',
    'RPOPLPUSH s s',
    'LMPOP 1 s LEFT',
    'BLPOP s 0',
    'BRPOP s 0',
    'BLMOVE s s LEFT LEFT 0',
    'BRPOPLPUSH s s 0',
    'BLMPOP 0 1 s LEFT',
  ])('%s: refuses a key of another type', async (command) => {
    await run('SET s text');
    expect(await run(command)).toBe(WRONG_TYPE);
    expect(await run('GET s')).toBe('text');
  });

  it('a list with a time to live keeps it while it changes, and expires', async () => {
    await run('RPUSH l a b c');
    await run('EXPIRE l 100');
    await run('LPUSH l <element>', 'x'.repeat(20_000));
    await run('LPOP l');
    await run('LSET l 0 y');
    expect(await run('TTL l')).toBeGreaterThan(90);
    await run('PEXPIRE l 1');
    await new Promise((done) => setTimeout(done, 10));
    expect(await run('LLEN l')).toBe(0);
    expect(await run('RPUSH l new')).toBe(1);
    expect(await run('TTL l')).toBe(-1);
  });

  it('a long list can be copied, renamed, moved and deleted', async () => {
    const elements = Array.from({ length: 5000 }, (_, i) => `element ${i}`);
    for (let i = 0; i < 5000; i += 1000) await call('RPUSH', 'l', ...elements.slice(i, i + 1000));
    expect(await run('LRANGE l 2499 2501')).toEqual(elements.slice(2499, 2502));
    expect(await run('COPY l copy')).toBe(1);
    await run('LSET l 2500 changed');
    expect(await run('LINDEX copy 2500')).toBe('element 2500');
    expect(await run('RENAME l other')).toBe('OK');
    expect(await run('LINDEX other 2500')).toBe('changed');
    expect(await run('MOVE other 1')).toBe(1);
    expect(await all('copy')).toEqual(elements);
    expect(await run('MEMORY USAGE copy')).toBeGreaterThan(50_000);
    expect(await run('UNLINK copy')).toBe(1);
    expect(await run('EXISTS l copy other')).toBe(0);
    expect(await encoding('copy')).toBeNull();
  });

  it('middle elements of a compressed list can be read and changed', async () => {
    await run('CONFIG SET list-compress-depth 1 list-max-listpack-size 10');
    const elements = Array.from({ length: 500 }, (_, i) => `${i} `.repeat(30));
    await call('RPUSH', 'l', ...elements);
    expect(await all('l')).toEqual(elements);
    expect(await run('LINDEX l 250')).toBe(elements[250]);
    await run('LSET l 250 set');
    await run('LINSERT l AFTER set inserted');
    expect(await run('LREM l 1 <element>', elements[100])).toBe(1);
    elements.splice(250, 1, 'set', 'inserted');
    elements.splice(100, 1);
    expect(await all('l')).toEqual(elements);
    expect(await run('LPOP l 495')).toEqual(elements.slice(0, 495));
    expect(await all('l')).toEqual(elements.slice(495));
    await run('CONFIG SET list-compress-depth 0 list-max-listpack-size -2');
  });

  it('OBJECT ENCODING: is quicklist from the first element on', async () => {
    await run('RPUSH l a');
    expect(await encoding('l')).toBe('quicklist');
    expect(await run('DEBUG OBJECT l')).toMatch(
      / encoding:quicklist .* ql_nodes:1 ql_avg_node:1.00 ql_listpack_max:-2 ql_compressed:0 /,
    );
  });

  it('DEBUG: knows lists', async () => {
    await run('RPUSH l a');
    await run('SET s text');
    expect(await run('DEBUG QUICKLIST l')).toBe('Quicklist structure printed on stdout');
    expect(await run('DEBUG QUICKLIST s')).toBe('error: ERR Not a quicklist encoded object.');
    expect(await run('DEBUG LISTPACK l')).toBe('error: ERR Not a listpack encoded object.');
    expect(await run('DEBUG LISTPACK nokey')).toBe('error: ERR no such key');
    const refused = 'error: ERR argument must be a memory value bigger than 1 and smaller than 4gb';
    expect(await run('DEBUG QUICKLIST-PACKED-THRESHOLD x')).toBe(refused);
    expect(await run('DEBUG QUICKLIST-PACKED-THRESHOLD 4gb')).toBe(refused);
    expect(await run('DEBUG QUICKLIST-PACKED-THRESHOLD 100b')).toBe('OK');
    expect(await run('DEBUG QUICKLIST-PACKED-THRESHOLD 0')).toBe('OK');
  });

  it('counts changes as Redis does', async () => {
    const changes = async (command: string): Promise<number> => {
      const count = async () =>
        Number(/rdb_changes_since_last_save:(\d+)/.exec(String(await run('INFO persistence')))?.[1]);
      const before = await count();
      await run(command);
      return (await count()) - before;
    };
    expect(await changes('RPUSH l a b c d e f g h')).toBe(8);
    expect(await changes('LPUSHX nokey a')).toBe(0);
    expect(await changes('LPOP l')).toBe(1);
    expect(await changes('LPOP l 2')).toBe(2);
    expect(await changes('LPOP l 0')).toBe(0);
    expect(await changes('LSET l 0 x')).toBe(1);
    expect(await changes('LINSERT l BEFORE x y')).toBe(1);
    expect(await changes('LINSERT l BEFORE nope y')).toBe(0);
    expect(await changes('LREM l 0 y')).toBe(1);
    expect(await changes('LTRIM l 1 -2')).toBe(2);
    expect(await changes('LTRIM l 0 -1')).toBe(0);
    expect(await changes('LMOVE l to LEFT LEFT')).toBe(1);
    expect(await changes('LMPOP 1 l LEFT COUNT 9')).toBe(2);
  });
});

describeOnOurs('list, as in Redis 7.2', ['--enable-debug-command', 'yes'], ({ run, call }) => {
  const encoding = (key: string): Promise<unknown> => run(`OBJECT ENCODING ${key}`);

  it('OBJECT ENCODING: is listpack up to list-max-listpack-size bytes, and again at half of it', async () => {
    await run('CONFIG SET list-max-listpack-size -1');
    await run('RPUSH l a');
    expect(await encoding('l')).toBe('listpack');
    // 4096 bytes: header and end 7, 'a' 3, and an element's text alone counts before it is added.
    await run('RPUSH l <element>', 'x'.repeat(4096 - 10));
    expect(await encoding('l')).toBe('listpack');
    await run('RPUSH l b');
    expect(await encoding('l')).toBe('quicklist');
    await run('LPOP l');
    expect(await encoding('l')).toBe('quicklist');
    await run('LPOP l');
    expect(await encoding('l')).toBe('listpack');
    expect(await run('LRANGE l 0 -1')).toEqual(['b']);
    await run('CONFIG SET list-max-listpack-size -2');
  });

  it('OBJECT ENCODING: is listpack up to list-max-listpack-size elements, and again at half of them', async () => {
    await run('CONFIG SET list-max-listpack-size 4');
    await run('RPUSH l a b c d');
    expect(await encoding('l')).toBe('listpack');
    await run('LINSERT l AFTER b x');
    expect(await encoding('l')).toBe('quicklist');
    expect(await run('LRANGE l 0 -1')).toEqual(['a', 'b', 'x', 'c', 'd']);
    await run('LTRIM l 0 1');
    expect(await encoding('l')).toBe('listpack');
    await run('RPUSH l <element>', 'x'.repeat(8200));
    expect(await encoding('l')).toBe('quicklist');
    await run('LSET l 2 c');
    expect(await encoding('l')).toBe('quicklist');
    await run('LREM l 1 c');
    expect(await encoding('l')).toBe('listpack');
    await run('RPUSH l c');
    await run('LSET l 0 <element>', 'x'.repeat(8200));
    expect(await encoding('l')).toBe('quicklist');
    await run('CONFIG SET list-max-listpack-size -2');
  });

  it('LPOS: refuses a RANK whose negative is no integer', async () => {
    await run('RPUSH l a');
    expect(await run('LPOS l a RANK -9223372036854775808')).toBe(
      'error: ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
    );
  });

  it('DEBUG LISTPACK: is for small lists', async () => {
    await run('RPUSH l a');
    expect(await run('DEBUG LISTPACK l')).toBe('Listpack structure printed on stdout');
    expect(await run('DEBUG QUICKLIST l')).toBe('error: ERR Not a quicklist encoded object.');
    await call('RPUSH', 'l', 'x'.repeat(10_000));
    expect(await run('DEBUG QUICKLIST l')).toBe('Quicklist structure printed on stdout');
  });

  it('deleting lists gives all of their memory back', async () => {
    const used = async (): Promise<number> =>
      Number(/used_memory_dataset:(\d+)/.exec(String(await run('INFO memory')))?.[1]);
    const before = await used();
    for (let i = 0; i < 20; i++)
      await call('RPUSH', 'l', ...Array.from({ length: 500 }, (_, n) => `element ${n}`));
    await call('LPUSH', 'l', 'x'.repeat(2_000_000));
    expect(await used()).toBeGreaterThan(before + 2_000_000);
    await run('COPY l copy');
    await run('DEL l');
    await run('LTRIM copy 1 0');
    while ((await used()) !== before) await run('PING');
  });
});
