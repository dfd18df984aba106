/** SORT and SORT_RO, over a socket, on our server and on the real one. */
import { expect, it } from 'vitest';
import { describeOnBoth } from './both-servers.ts';

const SYNTAX = 'error: ERR syntax error';
const NOT_INTEGER = 'error: ERR value is not an integer or out of range';
const NOT_DOUBLE = "error: ERR One or more scores can't be converted into double";
const WRONG_TYPE = 'error: WRONGTYPE Operation against a key holding the wrong kind of value';

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => (i * 7919) % n);

describeOnBoth('SORT', [], ({ run, call, client }) => {
  it.each(['SORT', 'SORT_RO'])('%s: sorts lists, sets and sorted sets by number', async (sort) => {
    await run('RPUSH l 3 -1 2 1.5 2');
    await run('SADD s 3 1 2');
    await run('SADD t 10 9 1e1 0x10');
    await run('ZADD z 1 30 2 20 3 10');
    expect(await run(`${sort} l`)).toEqual(['-1', '1.5', '2', '2', '3']);
    expect(await run(`${sort} l DESC`)).toEqual(['3', '2', '2', '1.5', '-1']);
    expect(await run(`${sort} l desc asc`)).toEqual(['-1', '1.5', '2', '2', '3']);
    expect(await run(`${sort} s`)).toEqual(['1', '2', '3']);
    expect(await run(`${sort} t`)).toEqual(['9', '10', '1e1', '0x10']);
    expect(await run(`${sort} z`)).toEqual(['10', '20', '30']);
    expect(await run(`${sort} none`)).toEqual([]);
  });

  it('SORT: takes for a number what C does', async () => {
    for (const word of ['', ' 1', '1\0x', 'inf', '-inf', '1e3', '0x1p3', '-0', '+5', '\t\n7', '.5', '5.']) {
      await run('DEL l');
      await call('RPUSH', 'l', '2', word);
      expect([word, await run('SORT l')]).toEqual([word, expect.any(Array)]);
    }
    for (const word of ['x', '1x', '1 ', 'nan', '1e', '.', ' ', '--1', '\0'.padStart(2, ' ')]) {
      await run('DEL l');
      await call('RPUSH', 'l', '2', word);
      expect([word, await run('SORT l')]).toEqual([word, NOT_DOUBLE]);
    }
  });

  it('SORT: elements of equal weight come as text, DESC the other way round', async () => {
    await run('RPUSH l b a c 1 01 1.0 +1');
    await run('MSET w_a 1 w_b 1 w_c 1');
    expect(await run('SORT l BY w_*')).toEqual(['+1', '01', '1', '1.0', 'a', 'b', 'c']);
    expect(await run('SORT l BY w_* DESC')).toEqual(['c', 'b', 'a', '1.0', '1', '01', '+1']);
    await run('RPUSH n 1 01 1.0 1e0 0 -0');
    expect(await run('SORT n')).toEqual(['-0', '0', '01', '1', '1.0', '1e0']);
    expect(await run('SORT n DESC')).toEqual(['1e0', '1.0', '1', '01', '0', '-0']);
  });

  it('SORT ALPHA: sorts as bytes', async () => {
    await call('RPUSH', 'l', 'b', 'a', 'B', '', 'abcdefg', 'abcdef', 'abcdefh', '\x7f', '10', '9');
    expect(await run('SORT l ALPHA')).toEqual([
      '',
      '10',
      '9',
      'B',
      'a',
      'abcdef',
      'abcdefg',
      'abcdefh',
      'b',
      '\x7f',
    ]);
    expect(await run('SORT l ALPHA DESC LIMIT 0 3')).toEqual(['\x7f', 'b', 'abcdefh']);
    await run('SADD s 10 9 1');
    expect(await run('SORT s ALPHA')).toEqual(['1', '10', '9']);
  });

  it('SORT LIMIT: returns a range of what is sorted', async () => {
    await run('RPUSH l 5 4 3 2 1');
    expect(await run('SORT l LIMIT 0 2')).toEqual(['1', '2']);
    expect(await run('SORT l LIMIT 3 10')).toEqual(['4', '5']);
    expect(await run('SORT l LIMIT 5 10')).toEqual([]);
    expect(await run('SORT l LIMIT 100 10')).toEqual([]);
    expect(await run('SORT l LIMIT 1 0')).toEqual([]);
    expect(await run('SORT l LIMIT -3 2')).toEqual(['1', '2']);
    expect(await run('SORT l LIMIT 2 -1')).toEqual(['3', '4', '5']);
    expect(await run('SORT l LIMIT 2 -7')).toEqual(['3', '4', '5']);
    expect(await run('SORT l LIMIT 9223372036854775807 9223372036854775807')).toEqual([]);
    expect(await run('SORT l LIMIT 0 1 LIMIT 1 1')).toEqual(['2']);
    expect(await run('SORT l LIMIT x 1')).toBe(NOT_INTEGER);
    expect(await run('SORT l LIMIT 1 1.5')).toBe(NOT_INTEGER);
    expect(await run('SORT l LIMIT 1 9223372036854775808')).toBe(NOT_INTEGER);
    expect(await run('SORT none LIMIT 0 1')).toEqual([]);
  });

  it('SORT BY: weights are strings at other keys, and 0 where there is none', async () => {
    await run('RPUSH l 1 2 3 4');
    await run('MSET w_1 30 w_2 20 w_3 -5');
    await run('RPUSH w_4 x');
    expect(await run('SORT l BY w_*')).toEqual(['3', '4', '2', '1']);
    expect(await run('SORT l BY w_* DESC LIMIT 1 2')).toEqual(['2', '4']);
    await run('SET w_2 x');
    expect(await run('SORT l BY w_*')).toBe(NOT_DOUBLE);
    expect(await run('SORT l BY w_* LIMIT 0 1')).toBe(NOT_DOUBLE);
    expect(await run('SORT l BY w_* STORE d')).toBe(NOT_DOUBLE);
    expect(await run('EXISTS d')).toBe(0);
    expect(await run('SORT l BY w_* ALPHA')).toEqual(['4', '3', '1', '2']);
    await run('MSET 1w 2 2w 1');
    expect(await run('SORT l BY *w LIMIT 2 2')).toEqual(['2', '1']);
    await run('MSET a1* 9 a2* 8 a3* 7 a4* 6');
    expect(await run('SORT l BY a**')).toEqual(['4', '3', '2', '1']);
    expect(await run('SORT l BY *')).toEqual(['1', '2', '3', '4']);
  });

  it('SORT BY: weights are fields of hashes', async () => {
    await run('RPUSH l 1 2 3');
    await run('HSET h_1:x f 3 g b');
    await run('HSET h_2:x f 1 g c');
    await run('HSET h_3:x f 2 g a');
    await run('SET h_4:x 5');
    await run('RPUSH l 4');
    expect(await run('SORT l BY h_*:x->f')).toEqual(['4', '2', '3', '1']);
    expect(await run('SORT l BY h_*:x->g ALPHA DESC')).toEqual(['2', '1', '3', '4']);
    expect(await run('SORT l BY h_*:x->none')).toEqual(['1', '2', '3', '4']);
    await run('MSET h_1-> 2 h_2-> 1 h_3-> 0 h_4-> -1');
    expect(await run('SORT l BY h_*->')).toEqual(['4', '3', '2', '1']);
    await run('HSET 1 - 9');
    await run('HSET 1 *y->z 7');
    expect(await run('SORT l BY *->*y->z DESC LIMIT 0 1')).toEqual(['1']);
  });

  it('SORT BY ALPHA: elements without a text come first, equal ones in their order', async () => {
    await run('RPUSH l 5 4 3 2 1');
    await run('MSET w_5 abcdefgh2 w_4 abcdefgh1 w_2 abcdefgh1');
    expect(await run('SORT l BY w_* ALPHA')).toEqual(['3', '1', '4', '2', '5']);
    expect(await run('SORT l BY w_* ALPHA DESC')).toEqual(['5', '4', '2', '3', '1']);
  });

  it('SORT GET: looks things up for each element', async () => {
    await run('RPUSH l 2 1 3');
    await run('MSET v_1 one v_2 two');
    await run('HSET h_1 f x');
    await run('HSET h_3 f 33');
    expect(await run('SORT l GET v_*')).toEqual(['one', 'two', null]);
    expect(await run('SORT l GET # GET v_* GET h_*->f DESC')).toEqual([
      '3',
      null,
      '33',
      '2',
      'two',
      null,
      '1',
      'one',
      'x',
    ]);
    expect(await run('SORT l GET v_* GET v_* LIMIT 0 1')).toEqual(['one', 'one']);
    expect(await run('SORT l GET nothing')).toEqual([null, null, null]);
    expect(await run('SORT l GET ## LIMIT 0 1')).toEqual([null]);
    expect(await run('SORT l BY nosort GET #')).toEqual(['2', '1', '3']);
    await run('RPUSH v_3 x');
    expect(await run('SORT l GET v_*')).toEqual(['one', 'two', null]);
    await run('MSET 1 11 2 22');
    expect(await run('SORT l GET *')).toEqual(['11', '22', null]);
  });

  it('SORT GET: a key whose time has come is not there', async () => {
    await run('RPUSH l 1 2');
    await run('SET v_1 x PX 1');
    await run('SET v_2 y');
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await run('SORT l GET v_*')).toEqual([null, 'y']);
  });

  it('SORT BY nosort: lists and sorted sets keep their order, which DESC turns around', async () => {
    await run('RPUSH l c a d b');
    await run('ZADD z 1 c 2 a 3 d 4 b');
    for (const key of ['l', 'z']) {
      expect(await run(`SORT ${key} BY nosort`)).toEqual(['c', 'a', 'd', 'b']);
      expect(await run(`SORT ${key} BY nosort DESC`)).toEqual(['b', 'd', 'a', 'c']);
      expect(await run(`SORT ${key} BY nosort LIMIT 1 2`)).toEqual(['a', 'd']);
      expect(await run(`SORT ${key} BY nosort DESC LIMIT 1 2`)).toEqual(['d', 'a']);
      expect(await run(`SORT ${key} BY nosort LIMIT 9 2`)).toEqual([]);
      expect(await run(`SORT ${key} BY nosort DESC LIMIT 2 -1 ALPHA`)).toEqual(['a', 'c']);
      expect(await run(`SORT ${key} BY nosort DESC LIMIT 3 -1 STORE d`)).toBe(1);
      expect(await run('LRANGE d 0 -1')).toEqual(['c']);
    }
    await run('SADD s x');
    expect(await run('SORT s BY nosort')).toEqual(['x']);
    expect(await run('SORT s BY nosort LIMIT 1 1')).toEqual([]);
  });

  it('SORT BY nosort: large lists and sorted sets by range', async () => {
    const all = Array.from({ length: 2000 }, (_, i) => `element ${i}`);
    for (let i = 0; i < 2000; i += 500) {
      await call('RPUSH', 'l', ...all.slice(i, i + 500));
      await call('ZADD', 'z', ...all.slice(i, i + 500).flatMap((member, at) => [i + at, member]));
    }
    for (const key of ['l', 'z']) {
      expect(await run(`SORT ${key} BY nosort LIMIT 1500 3`)).toEqual(all.slice(1500, 1503));
      expect(await run(`SORT ${key} BY nosort DESC LIMIT 1500 3`)).toEqual(all.slice(497, 500).reverse());
      expect(await run(`SORT ${key} BY nosort`)).toEqual(all);
    }
  });

  it('SORT BY nosort STORE: the members of a set are sorted as text', async () => {
    await run('SADD s b 10 9 a');
    expect(await run('SORT s BY nosort STORE d')).toBe(4);
    expect(await run('LRANGE d 0 -1')).toEqual(['10', '9', 'a', 'b']);
    expect(await run('SORT s BY nosort DESC LIMIT 0 2 STORE d')).toBe(2);
    expect(await run('LRANGE d 0 -1')).toEqual(['b', 'a']);
  });

  it('SORT STORE: makes a list in place of what was there', async () => {
    await run('RPUSH l 3 1 2');
    await run('SET d x EX 100');
    expect(await run('SORT l STORE d')).toBe(3);
    expect(await run('LRANGE d 0 -1')).toEqual(['1', '2', '3']);
    expect(await run('TTL d')).toBe(-1);
    expect(await run('OBJECT ENCODING d')).toBe('quicklist');
    expect(await run('SORT l DESC STORE l')).toBe(3);
    expect(await run('LRANGE l 0 -1')).toEqual(['3', '2', '1']);
    expect(await run('SORT l STORE x STORE y')).toBe(3);
    expect(await run('EXISTS x')).toBe(0);
  });

  it('SORT STORE: what GET does not find is stored as nothing', async () => {
    await run('RPUSH l 1 2');
    await run('SET v_2 two');
    expect(await run('SORT l GET v_* GET # STORE d')).toBe(4);
    expect(await run('LRANGE d 0 -1')).toEqual(['', '1', 'two', '2']);
    expect(await run('SORT l GET v_* STORE v_2')).toBe(2);
    expect(await run('LRANGE v_2 0 -1')).toEqual(['', 'two']);
  });

  it('SORT STORE: a result without elements deletes the destination', async () => {
    await run('SET d x');
    expect(await run('SORT none STORE d')).toBe(0);
    expect(await run('EXISTS d')).toBe(0);
    expect(await run('SORT none STORE d')).toBe(0);
    await run('RPUSH l 1 2');
    await run('RPUSH d 1 2');
    expect(await run('SORT l LIMIT 5 1 STORE d')).toBe(0);
    expect(await run('EXISTS d')).toBe(0);
  });

  it('SORT STORE: counts as many changes as elements', async () => {
    const changes = async (): Promise<number> =>
      Number(/rdb_changes_since_last_save:(\d+)/.exec(String(await run('INFO persistence')))?.[1]);
    await run('RPUSH l 3 1 2');
    const before = await changes();
    await run('SORT l GET # GET # STORE d');
    expect((await changes()) - before).toBe(6);
    await run('SORT none STORE d');
    await run('SORT none STORE d');
    expect((await changes()) - before).toBe(7);
  });

  it('SORT STORE: wakes a client that waits for the list', async () => {
    const waiting = await client();
    const reply = waiting.call('BLPOP', 'd', '0');
    await run('RPUSH l 2 1');
    while (!/blocked_clients:1/.test(String(await run('INFO clients'))));
    await run('SORT l STORE d');
    expect(await reply).toEqual([Buffer.from('d'), Buffer.from('1')]);
    waiting.close();
  });

  it('SORT, SORT_RO: refuse what they do not know', async () => {
    await run('RPUSH l 1');
    for (const rest of ['x', 'LIMIT', 'LIMIT 1', 'BY', 'GET', 'STORE', 'ASC x', 'GET # LIMIT 0']) {
      expect([rest, await run(`SORT l ${rest}`)]).toEqual([rest, SYNTAX]);
      expect([rest, await run(`SORT_RO l ${rest}`)]).toEqual([rest, SYNTAX]);
    }
    expect(await run('SORT_RO l STORE d')).toBe(SYNTAX);
    expect(await run('SORT')).toBe("error: ERR wrong number of arguments for 'sort' command");
    expect(await run('SORT_RO')).toBe("error: ERR wrong number of arguments for 'sort_ro' command");
    await run('SET s x');
    await run('HSET h f v');
    expect(await run('SORT s')).toBe(WRONG_TYPE);
    expect(await run('SORT h')).toBe(WRONG_TYPE);
    expect(await run('SORT s BY nosort STORE d')).toBe(WRONG_TYPE);
    expect(await run('SORT s x')).toBe(SYNTAX);
  });

  it('COMMAND GETKEYS: knows the key and the last STORE', async () => {
    expect(await run('COMMAND GETKEYS SORT a')).toEqual(['a']);
    expect(await run('COMMAND GETKEYS SORT a BY store STORE b GET store LIMIT store 1 store c')).toEqual([
      'a',
      'c',
    ]);
    expect(await run('COMMAND GETKEYS SORT_RO a BY x')).toEqual(['a']);
    expect(await run('COMMAND GETKEYSANDFLAGS SORT a STORE b')).toEqual([
      ['a', ['RO', 'access']],
      ['b', ['OW', 'update']],
    ]);
  });

  it('SORT: sorts many', async () => {
    const all = numbers(5000);
    await call('RPUSH', 'l', ...all);
    await call('SADD', 's', ...all);
    const sorted = [...all].sort((a, b) => a - b).map(String);
    const asText = all.map(String).sort();
    for (const key of ['l', 's']) {
      expect(await run(`SORT ${key}`)).toEqual(sorted);
      expect(await run(`SORT ${key} DESC`)).toEqual([...sorted].reverse());
      expect(await run(`SORT ${key} ALPHA`)).toEqual(asText);
      expect(await run(`SORT ${key} ALPHA DESC LIMIT 1000 20`)).toEqual(
        [...asText].reverse().slice(1000, 1020),
      );
      expect(await run(`SORT ${key} LIMIT 2500 7`)).toEqual(sorted.slice(2500, 2507));
    }
    expect(await run('SORT l STORE d')).toBe(5000);
    expect(await run('LRANGE d 0 -1')).toEqual(sorted);
  });

  it('SORT: equal elements, and those that are in order', async () => {
    const same = Array.from({ length: 3000 }, () => '7');
    await call('RPUSH', 'same', ...same);
    expect(await run('SORT same')).toEqual(same);
    const up = Array.from({ length: 3000 }, (_, i) => String(i));
    await call('RPUSH', 'up', ...up);
    await call('LPUSH', 'down', ...up);
    expect(await run('SORT up')).toEqual(up);
    expect(await run('SORT down')).toEqual(up);
  });

  it('SORT: long elements and long patterns', async () => {
    const long = 'x'.repeat(100_000);
    await call('RPUSH', 'l', `${long}b`, `${long}a`, 'y');
    await call('SET', `v_${long}a`, 'found');
    expect(await run('SORT l ALPHA GET v_*')).toEqual(['found', null, null]);
    expect(await run('SORT l ALPHA DESC STORE d')).toBe(3);
    expect(await run('LINDEX d 2')).toBe(`${long}a`);
  });

  // The last one: in the real server, such a number makes later ones seem out of range, too.
  it('SORT: a number out of range is none', async () => {
    await run('RPUSH l 1 1e400');
    expect(await run('SORT l')).toBe(NOT_DOUBLE);
  });
});
