/** The sorted set commands, over a socket, on our server and on the real one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs, type Target } from './both-servers.ts';
import { type RawClient, readable } from './raw-client.ts';
import { askTyped } from './resp3.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

const SYNTAX = 'error: ERR syntax error';
const NOT_INTEGER = 'error: ERR value is not an integer or out of range';
const NOT_FLOAT = 'error: ERR value is not a valid float';
const WRONG_TYPE = 'error: WRONGTYPE Operation against a key holding the wrong kind of value';
const POSITIVE = 'error: ERR value is out of range, must be positive';
const MIN_MAX = 'error: ERR min or max is not a float';
const LEX_RANGE = 'error: ERR min or max not valid string range item';
const NAN_SCORE = 'error: ERR resulting score is not a number (NaN)';
const GT_LT_NX = 'error: ERR GT, LT, and/or NX options at the same time are not compatible';
const WEIGHT = 'error: ERR weight value is not a float';
const NUMKEYS = 'error: ERR numkeys should be greater than 0';
const COUNT = 'error: ERR count should be greater than 0';
const arity = (name: string): string =>
  `error: ERR wrong number of arguments for '${name.toLowerCase()}' command`;

type Run = Target['run'];
type Call = Target['call'];

/** Both forms of a sorted set, by what they say their encoding is. */
const FORMS = ['listpack', 'skiplist'];

/** Makes a sorted set with these scores and members in one of the forms: a long member that comes and goes makes it large. */
async function fill(
  run: Run,
  call: Call,
  form: string,
  key: string,
  ...pairs: (string | number)[]
): Promise<void> {
  const long = 'x'.repeat(100);
  if (form === 'skiplist') await call('ZADD', key, 0, long);
  await call('ZADD', key, ...pairs);
  await call('ZREM', key, long);
  expect(await run(`OBJECT ENCODING ${key}`)).toBe(form);
}

const all = (run: Run, key: string): Promise<unknown> => run(`ZRANGE ${key} 0 -1 WITHSCORES`);

describeOnBoth('sorted set', [], ({ run, call, client }) => {
  // --- adding and removing ----------------------------------------------------------------------------

  it.each(FORMS)('ZADD: adds members, changes scores, counts what was new (%s)', async (form) => {
    await fill(run, call, form, 'z', 1, 'one');
    expect(await run('ZADD z 2 two 3 three')).toBe(2);
    expect(await run('ZADD z 10 one 4 four')).toBe(1);
    expect(await all(run, 'z')).toEqual(['two', '2', 'three', '3', 'four', '4', 'one', '10']);
    expect(await run('ZADD z CH 11 one 4 four 5 five')).toBe(2);
    expect(await run('ZADD z 1 same 2 same')).toBe(1);
    expect(await run('ZSCORE z same')).toBe('2');
  });

  it.each(FORMS)('ZADD: NX, XX, GT, LT and INCR (%s)', async (form) => {
    await fill(run, call, form, 'z', 5, 'a');
    expect(await run('ZADD z NX 9 a 6 b')).toBe(1);
    expect(await run('ZADD z XX 7 a 7 none')).toBe(0);
    expect(await run('ZADD z XX CH 8 a 7 none')).toBe(1);
    expect(await run('ZADD z GT CH 7 a 9 b 1 c')).toBe(2);
    expect(await run('ZADD z LT CH 7 a 10 b 1 d')).toBe(2);
    expect(await run('ZADD z XX GT 8 a')).toBe(0);
    expect(await all(run, 'z')).toEqual(['c', '1', 'd', '1', 'a', '8', 'b', '9']);
    expect(await run('ZADD z INCR 1.5 a')).toBe('9.5');
    expect(await run('ZADD z NX INCR 1 a')).toBeNull();
    expect(await run('ZADD z XX INCR 1 none')).toBeNull();
    expect(await run('ZADD z GT INCR -1 a')).toBeNull();
    expect(await run('ZADD z LT INCR 1 a')).toBeNull();
    expect(await run('ZADD z LT INCR -1 a')).toBe('8.5');
    expect(await run('ZADD new XX 1 a')).toBe(0);
    expect(await run('EXISTS new')).toBe(0);
  });

  it('ZADD: refuses what does not go together, and then changes nothing', async () => {
    await run('ZADD z 1 a');
    for (const [rest, text] of [
      ['', arity('zadd')],
      ['1', arity('zadd')],
      ['1 a 2', SYNTAX],
      ['NX', arity('zadd')],
      ['NX CH', SYNTAX],
      ['x a', NOT_FLOAT],
      ['1 b x c', NOT_FLOAT],
      ['nan a', NOT_FLOAT],
      ['NX XX 1 a', 'error: ERR XX and NX options at the same time are not compatible'],
      ['GT LT 1 a', GT_LT_NX],
      ['NX GT 1 a', GT_LT_NX],
      ['NX LT 1 a', GT_LT_NX],
      ['INCR 1 a 2 b', 'error: ERR INCR option supports a single increment-element pair'],
      ['INCR x a', NOT_FLOAT],
    ]) {
      const words = rest === '' ? [] : rest.split(' ');
      expect([rest, await call('ZADD', 'z', ...words)]).toEqual([rest, text]);
    }
    expect(await all(run, 'z')).toEqual(['a', '1']);
  });

  it.each(FORMS)('ZINCRBY: adds to a score, and makes members and sorted sets (%s)', async (form) => {
    await fill(run, call, form, 'z', 1, 'a', 2, 'b');
    expect(await run('ZINCRBY z 2.5 a')).toBe('3.5');
    expect(await run('ZINCRBY z -5 new')).toBe('-5');
    expect(await run('ZRANGE z 0 -1')).toEqual(['new', 'b', 'a']);
    expect(await run('ZINCRBY none 1 a')).toBe('1');
    expect(await run('ZINCRBY z x a')).toBe(NOT_FLOAT);
    expect(await run('ZINCRBY z nan a')).toBe(NOT_FLOAT);
    await run('ZADD z inf a');
    expect(await run('ZINCRBY z -inf a')).toBe(NAN_SCORE);
    expect(await run('ZADD z INCR -inf a')).toBe(NAN_SCORE);
    expect(await run('ZSCORE z a')).toBe('inf');
    expect(await run('ZINCRBY z 1 a')).toBe('inf');
  });

  it.each(FORMS)('ZREM: removes members, and the key with the last one (%s)', async (form) => {
    await fill(run, call, form, 'z', 1, 'a', 2, 'b', 3, 'c');
    expect(await run('ZREM z a none a')).toBe(1);
    expect(await run('ZREM none a')).toBe(0);
    expect(await run('ZRANGE z 0 -1')).toEqual(['b', 'c']);
    expect(await run('ZREM z b c d')).toBe(2);
    expect(await run('EXISTS z')).toBe(0);
  });

  it('scores are printed as the version does, and read as C does', async () => {
    await run('ZADD z 0.1 a 1e17 b -0 c 0x10 d 1e-7 e +5 f .5 g 2.25 h -inf i 3.0 j');
    expect(await run('ZMSCORE z a b c d e f g h i j none')).toEqual([
      '0.10000000000000001',
      '1e+17',
      '0',
      '16',
      '9.9999999999999995e-08',
      '5',
      '0.5',
      '2.25',
      '-inf',
      '3',
      null,
    ]);
  });

  // --- reading ----------------------------------------------------------------------------------------

  it.each(FORMS)('ZSCORE, ZMSCORE, ZCARD, ZRANK, ZREVRANK (%s)', async (form) => {
    await fill(run, call, form, 'z', 1, 'a', 2, 'b', 2, 'c', 4, 'd');
    expect(await run('ZSCORE z b')).toBe('2');
    expect(await run('ZSCORE z none')).toBeNull();
    expect(await run('ZSCORE none a')).toBeNull();
    expect(await run('ZMSCORE z a none d')).toEqual(['1', null, '4']);
    expect(await run('ZMSCORE none a b')).toEqual([null, null]);
    expect(await run('ZCARD z')).toBe(4);
    expect(await run('ZCARD none')).toBe(0);
    expect(await run('ZRANK z a')).toBe(0);
    expect(await run('ZRANK z c')).toBe(2);
    expect(await run('ZRANK z none')).toBeNull();
    expect(await run('ZREVRANK z a')).toBe(3);
    expect(await run('ZREVRANK z d')).toBe(0);
    expect(await run('ZREVRANK none d')).toBeNull();
  });

  it.each(FORMS)('ZCOUNT, ZRANGEBYSCORE and ZREVRANGEBYSCORE: ranges of scores (%s)', async (form) => {
    await fill(run, call, form, 'z', '-inf', 'low', 1, 'a', 2, 'b', 3, 'c', 3, 'd', 5, 'e', 'inf', 'high');
    expect(await run('ZCOUNT z -inf +inf')).toBe(7);
    expect(await run('ZCOUNT z (-inf (inf')).toBe(5);
    expect(await run('ZCOUNT z 2 3')).toBe(3);
    expect(await run('ZCOUNT z (2 (3')).toBe(0);
    expect(await run('ZCOUNT z 3 2')).toBe(0);
    expect(await run('ZCOUNT none 0 1')).toBe(0);
    expect(await run('ZRANGEBYSCORE z 2 3')).toEqual(['b', 'c', 'd']);
    expect(await run('ZRANGEBYSCORE z (2 +inf WITHSCORES')).toEqual([
      'c',
      '3',
      'd',
      '3',
      'e',
      '5',
      'high',
      'inf',
    ]);
    expect(await run('ZRANGEBYSCORE z -inf +inf LIMIT 2 3')).toEqual(['b', 'c', 'd']);
    expect(await run('ZRANGEBYSCORE z -inf +inf LIMIT 5 -1')).toEqual(['e', 'high']);
    expect(await run('ZRANGEBYSCORE z -inf +inf LIMIT -1 2')).toEqual([]);
    expect(await run('ZRANGEBYSCORE z -inf +inf LIMIT 99 2')).toEqual([]);
    expect(await run('ZRANGEBYSCORE z 5 1')).toEqual([]);
    expect(await run('ZREVRANGEBYSCORE z 3 (1')).toEqual(['d', 'c', 'b']);
    expect(await run('ZREVRANGEBYSCORE z +inf -inf LIMIT 1 2 WITHSCORES')).toEqual(['e', '5', 'd', '3']);
    expect(await run('ZRANGE z (1 3 BYSCORE')).toEqual(['b', 'c', 'd']);
    expect(await run('ZRANGE z 3 (1 BYSCORE REV LIMIT 0 2')).toEqual(['d', 'c']);
    expect(await run('ZRANGE z 1 3 BYSCORE REV')).toEqual([]);
  });

  it.each(FORMS)('ZLEXCOUNT, ZRANGEBYLEX and ZREVRANGEBYLEX: ranges of members (%s)', async (form) => {
    await fill(run, call, form, 'z', ...['', 'a', 'aa', 'b', 'c', 'd'].flatMap((member) => [0, member]));
    expect(await run('ZLEXCOUNT z - +')).toBe(6);
    expect(await run('ZLEXCOUNT z [a (c')).toBe(3);
    expect(await run('ZLEXCOUNT z (a [aa')).toBe(1);
    expect(await run('ZLEXCOUNT z + -')).toBe(0);
    expect(await run('ZLEXCOUNT none - +')).toBe(0);
    expect(await run('ZRANGEBYLEX z - (b')).toEqual(['', 'a', 'aa']);
    expect(await run('ZRANGEBYLEX z [ [a')).toEqual(['', 'a']);
    expect(await run('ZRANGEBYLEX z ( +')).toEqual(['a', 'aa', 'b', 'c', 'd']);
    expect(await run('ZRANGEBYLEX z - + LIMIT 1 2')).toEqual(['a', 'aa']);
    expect(await run('ZRANGEBYLEX z - + LIMIT 4 -1')).toEqual(['c', 'd']);
    expect(await run('ZREVRANGEBYLEX z + [b')).toEqual(['d', 'c', 'b']);
    expect(await run('ZREVRANGEBYLEX z (d - LIMIT 1 1')).toEqual(['b']);
    expect(await run('ZRANGE z [a (c BYLEX')).toEqual(['a', 'aa', 'b']);
    expect(await run('ZRANGE z (c [a BYLEX REV LIMIT 1 5')).toEqual(['aa', 'a']);
  });

  it.each(FORMS)('ZRANGE and ZREVRANGE: ranges of ranks (%s)', async (form) => {
    await fill(run, call, form, 'z', 1, 'a', 2, 'b', 3, 'c', 4, 'd');
    expect(await run('ZRANGE z 0 -1')).toEqual(['a', 'b', 'c', 'd']);
    expect(await run('ZRANGE z 1 2 WITHSCORES')).toEqual(['b', '2', 'c', '3']);
    expect(await run('ZRANGE z -2 99')).toEqual(['c', 'd']);
    expect(await run('ZRANGE z -99 0')).toEqual(['a']);
    expect(await run('ZRANGE z 3 1')).toEqual([]);
    expect(await run('ZRANGE z 9 10')).toEqual([]);
    expect(await run('ZRANGE z 0 1 REV')).toEqual(['d', 'c']);
    expect(await run('ZREVRANGE z 1 -1 WITHSCORES')).toEqual(['c', '3', 'b', '2', 'a', '1']);
    expect(await run('ZREVRANGE none 0 -1')).toEqual([]);
  });

  it('ranges: refuse what is none', async () => {
    await run('ZADD z 1 a');
    for (const [command, text] of [
      ['ZRANGE z x 1', NOT_INTEGER],
      ['ZRANGE z 0 1.5', NOT_INTEGER],
      [
        'ZRANGE z 0 1 LIMIT 0 1',
        'error: ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
      ],
      [
        'ZRANGE z [a [b BYLEX WITHSCORES',
        'error: ERR syntax error, WITHSCORES not supported in combination with BYLEX',
      ],
      ['ZRANGE z 0 1 FOO', SYNTAX],
      ['ZRANGE z 0 1 LIMIT 0', SYNTAX],
      ['ZRANGE z x 1 BYSCORE', MIN_MAX],
      ['ZRANGE z 0 (x BYSCORE', MIN_MAX],
      ['ZRANGE z a b BYLEX', LEX_RANGE],
      ['ZRANGE z 0 1 BYSCORE LIMIT x 1', NOT_INTEGER],
      ['ZRANGEBYSCORE z nan 1', MIN_MAX],
      ['ZRANGEBYSCORE z 0 1 LIMIT 0 x', NOT_INTEGER],
      ['ZRANGEBYSCORE z 0 1 FOO', SYNTAX],
      ['ZRANGEBYLEX z a +', LEX_RANGE],
      [
        'ZRANGEBYLEX z - + WITHSCORES',
        'error: ERR syntax error, WITHSCORES not supported in combination with BYLEX',
      ],
      ['ZREVRANGE z 0 1 REV', SYNTAX],
      ['ZCOUNT z x 1', MIN_MAX],
      ['ZLEXCOUNT z x +', LEX_RANGE],
      ['ZREMRANGEBYRANK z x 1', NOT_INTEGER],
      ['ZREMRANGEBYSCORE z x 1', MIN_MAX],
      ['ZREMRANGEBYLEX z x +', LEX_RANGE],
      ['ZRANGESTORE d z 0 1 WITHSCORES', SYNTAX],
      ['ZRANGESTORE d z x 1', NOT_INTEGER],
    ]) {
      expect([command, await run(command)]).toEqual([command, text]);
    }
    expect(await run('EXISTS d')).toBe(0);
  });

  it.each(FORMS)('ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX (%s)', async (form) => {
    await fill(run, call, form, 'z', 1, 'a', 2, 'b', 3, 'c', 4, 'd', 5, 'e', 6, 'f');
    expect(await run('ZREMRANGEBYRANK z 1 2')).toBe(2);
    expect(await run('ZREMRANGEBYRANK z 9 10')).toBe(0);
    expect(await run('ZREMRANGEBYSCORE z (4 5')).toBe(1);
    expect(await run('ZRANGE z 0 -1')).toEqual(['a', 'd', 'f']);
    expect(await run('ZREMRANGEBYRANK z -1 -1')).toBe(1);
    expect(await run('ZREMRANGEBYSCORE z -inf +inf')).toBe(2);
    expect(await run('EXISTS z')).toBe(0);
    await fill(run, call, form, 'z', 0, 'a', 0, 'b', 0, 'c');
    expect(await run('ZREMRANGEBYLEX z (a [b')).toBe(1);
    expect(await run('ZREMRANGEBYLEX z - +')).toBe(2);
    expect(await run('EXISTS z')).toBe(0);
    for (const command of [
      'ZREMRANGEBYRANK none 0 1',
      'ZREMRANGEBYSCORE none 0 1',
      'ZREMRANGEBYLEX none - +',
    ])
      expect(await run(command)).toBe(0);
  });

  it.each(FORMS)('ZRANGESTORE: stores a range in place of what was there (%s)', async (form) => {
    await fill(run, call, form, 'z', 1, 'a', 2, 'b', 3, 'c', 4, 'd');
    await run('SET d text');
    expect(await run('ZRANGESTORE d z 1 2')).toBe(2);
    expect(await all(run, 'd')).toEqual(['b', '2', 'c', '3']);
    expect(await run('OBJECT ENCODING d')).toBe('listpack');
    expect(await run('ZRANGESTORE d z (1 4 BYSCORE LIMIT 1 2')).toBe(2);
    expect(await all(run, 'd')).toEqual(['c', '3', 'd', '4']);
    expect(await run('ZRANGESTORE d z 0 0 REV')).toBe(1);
    expect(await run('ZRANGESTORE z z 0 1')).toBe(2);
    expect(await all(run, 'z')).toEqual(['a', '1', 'b', '2']);
    expect(await run('ZRANGESTORE d z 9 10')).toBe(0);
    expect(await run('EXISTS d')).toBe(0);
    expect(await run('ZRANGESTORE d none 0 -1')).toBe(0);
  });

  // --- popping ----------------------------------------------------------------------------------------

  it.each(FORMS)('ZPOPMIN and ZPOPMAX: take members from an end (%s)', async (form) => {
    await fill(run, call, form, 'z', 1, 'a', 2, 'b', 3, 'c', 4, 'd', 5, 'e');
    expect(await run('ZPOPMIN z')).toEqual(['a', '1']);
    expect(await run('ZPOPMAX z 2')).toEqual(['e', '5', 'd', '4']);
    expect(await run('ZPOPMIN z 0')).toEqual([]);
    expect(await run('ZPOPMIN z 9')).toEqual(['b', '2', 'c', '3']);
    expect(await run('EXISTS z')).toBe(0);
    expect(await run('ZPOPMAX z')).toEqual([]);
    expect(await run('ZPOPMIN z -1')).toBe(POSITIVE);
    expect(await run('ZPOPMIN z x')).toBe(POSITIVE);
    expect(await run('ZPOPMIN z 1 2')).toBe(SYNTAX);
  });

  it.each(FORMS)('ZMPOP and BZMPOP: take members of the first sorted set there is (%s)', async (form) => {
    await fill(run, call, form, 'z', 1, 'a', 2, 'b', 3, 'c', 4, 'd', 5, 'e');
    expect(await run('ZMPOP 2 none z MIN')).toEqual(['z', [['a', '1']]]);
    expect(await run('ZMPOP 1 z max COUNT 2')).toEqual([
      'z',
      [
        ['e', '5'],
        ['d', '4'],
      ],
    ]);
    expect(await run('BZMPOP 0 2 none z MIN COUNT 9')).toEqual([
      'z',
      [
        ['b', '2'],
        ['c', '3'],
      ],
    ]);
    expect(await run('EXISTS z')).toBe(0);
    expect(await run('ZMPOP 1 z MIN')).toBeNull();
    expect(await run('BZMPOP 0.01 1 z MIN')).toBeNull();
    for (const [rest, text] of [
      ['0 z MIN', NUMKEYS],
      ['x z MIN', NUMKEYS],
      ['2 z MIN', SYNTAX],
      ['1 z FOO', SYNTAX],
      ['1 z MIN COUNT', SYNTAX],
      ['1 z MIN COUNT 0', COUNT],
      ['1 z MIN COUNT x', COUNT],
      ['1 z MIN COUNT 1 COUNT 1', SYNTAX],
      ['1 z', arity('zmpop')],
    ]) {
      expect([rest, await run(`ZMPOP ${rest}`)]).toEqual([rest, text]);
      if (rest !== '1 z') expect([rest, await run(`BZMPOP 0 ${rest}`)]).toEqual([rest, text]);
    }
    expect(await run('BZMPOP x 1 z MIN')).toBe('error: ERR timeout is not a float or out of range');
    expect(await run('BZMPOP -1 1 z MIN')).toBe('error: ERR timeout is negative');
  });

  /** Sends a command that waits, and returns its reply once `wake` has been done. */
  async function whileWaiting(command: string, wake: () => Promise<unknown>): Promise<unknown> {
    const waiting: RawClient = await client();
    const reply = waiting.call(...command.split(' '));
    while (!/blocked_clients:1/.test(String(await run('INFO clients'))));
    await wake();
    const value = readable(await reply);
    waiting.close();
    return value;
  }

  it('BZPOPMIN, BZPOPMAX and BZMPOP: wait for a member', async () => {
    await run('ZADD z 1 a 2 b');
    expect(await run('BZPOPMIN none z 0')).toEqual(['z', 'a', '1']);
    expect(await run('BZPOPMAX z 0')).toEqual(['z', 'b', '2']);
    expect(await run('EXISTS z')).toBe(0);
    expect(await run('BZPOPMIN z 0.01')).toBeNull();
    expect(await whileWaiting('BZPOPMIN none z 0', () => run('ZADD z 5 a 4 b'))).toEqual(['z', 'b', '4']);
    await run('DEL z');
    expect(await whileWaiting('BZPOPMAX z 0', () => run('ZADD z 5 a 4 b'))).toEqual(['z', 'a', '5']);
    await run('DEL z');
    expect(await whileWaiting('BZMPOP 0 1 z MAX COUNT 2', () => run('ZINCRBY z 1.5 a'))).toEqual([
      'z',
      [['a', '1.5']],
    ]);
    expect(await run('EXISTS z')).toBe(0);
    await run('ZADD other 1 a 2 b');
    expect(await whileWaiting('BZPOPMIN z 0', () => run('ZUNIONSTORE z 1 other'))).toEqual(['z', 'a', '1']);
    await run('DEL z');
    expect(await whileWaiting('BZPOPMIN z 0', () => run('ZRANGESTORE z other 1 1'))).toEqual(['z', 'b', '2']);
    expect(await whileWaiting('BZPOPMIN z 0', () => run('RENAME other z'))).toEqual(['z', 'a', '1']);
  });

  it('BZPOPMIN: refuses bad timeouts, and keys of another type', async () => {
    await run('SET s x');
    for (const [command, text] of [
      ['BZPOPMIN z x', 'error: ERR timeout is not a float or out of range'],
      ['BZPOPMAX z -1', 'error: ERR timeout is negative'],
      ['BZPOPMIN s 0', WRONG_TYPE],
      ['BZPOPMIN z', arity('bzpopmin')],
    ]) {
      expect([command, await run(command)]).toEqual([command, text]);
    }
  });

  // --- random members and scans -------------------------------------------------------------------------

  it.each(FORMS)('ZRANDMEMBER: one, several different ones, or any (%s)', async (form) => {
    await fill(run, call, form, 'z', 1, 'a', 2, 'b', 3, 'c');
    expect(['a', 'b', 'c']).toContain(await run('ZRANDMEMBER z'));
    expect(((await run('ZRANDMEMBER z 9')) as string[]).sort()).toEqual(['a', 'b', 'c']);
    expect(new Set((await run('ZRANDMEMBER z 2')) as string[]).size).toBe(2);
    expect(await run('ZRANDMEMBER z -50')).toHaveLength(50);
    expect(await run('ZRANDMEMBER z 0')).toEqual([]);
    const pairs = (await run('ZRANDMEMBER z -20 WITHSCORES')) as string[];
    expect(pairs).toHaveLength(40);
    for (let i = 0; i < 40; i += 2) expect(pairs[i + 1]).toBe(String(' abc'.indexOf(pairs[i])));
    expect(await run('ZRANDMEMBER none')).toBeNull();
    expect(await run('ZRANDMEMBER none 5')).toEqual([]);
    expect(await run('ZRANDMEMBER z x')).toBe(NOT_INTEGER);
    expect(await run('ZRANDMEMBER z 1 FOO')).toBe(SYNTAX);
    expect(await run('ZRANDMEMBER z 1 WITHSCORES x')).toBe(SYNTAX);
    expect(await run('ZRANDMEMBER z -9223372036854775808')).toBe(
      'error: ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
    );
  });

  it.each(FORMS)('ZSCAN: comes by every member with its score (%s)', async (form) => {
    await fill(run, call, form, 'z', 1, 'a', 2.5, 'b', 3, 'ab');
    const [cursor, flat] = (await run('ZSCAN z 0 COUNT 100')) as [string, string[]];
    expect(cursor).toBe('0');
    const rows = flat.flatMap((text, i) => (i % 2 === 0 ? [`${text}=${flat[i + 1]}`] : []));
    expect(rows.sort()).toEqual(['a=1', 'ab=3', 'b=2.5']);
    const [, matched] = (await run('ZSCAN z 0 COUNT 100 MATCH a*')) as [string, string[]];
    expect(matched).toHaveLength(4);
    expect(await run('ZSCAN none 0')).toEqual(['0', []]);
    expect(await run('ZSCAN z x')).toBe('error: ERR invalid cursor');
    expect(await run('ZSCAN z 0 COUNT 0')).toBe(SYNTAX);
    expect(await run('ZSCAN z 0 FOO 1')).toBe(SYNTAX);
  });

  // --- several sorted sets ------------------------------------------------------------------------------

  it.each(FORMS)('ZUNION, ZINTER, ZDIFF, ZINTERCARD (%s)', async (form) => {
    await fill(run, call, form, 'x', 1, 'a', 2, 'b', 3, 'c');
    await fill(run, call, form, 'y', 10, 'b', 20, 'c', 30, 'd');
    expect(await run('ZUNION 2 x y WITHSCORES')).toEqual(['a', '1', 'b', '12', 'c', '23', 'd', '30']);
    expect(await run('ZUNION 2 x y WEIGHTS 2 0.5 WITHSCORES')).toEqual([
      'a',
      '2',
      'b',
      '9',
      'd',
      '15',
      'c',
      '16',
    ]);
    expect(await run('ZUNION 2 x y AGGREGATE MIN WITHSCORES')).toEqual([
      'a',
      '1',
      'b',
      '2',
      'c',
      '3',
      'd',
      '30',
    ]);
    expect(await run('ZUNION 3 x none y AGGREGATE max')).toEqual(['a', 'b', 'c', 'd']);
    expect(await run('ZINTER 2 x y WITHSCORES')).toEqual(['b', '12', 'c', '23']);
    expect(await run('ZINTER 2 x y WEIGHTS 1 -1 AGGREGATE MAX WITHSCORES')).toEqual(['b', '2', 'c', '3']);
    expect(await run('ZINTER 2 x none')).toEqual([]);
    expect(await run('ZDIFF 2 x y WITHSCORES')).toEqual(['a', '1']);
    expect(await run('ZDIFF 1 x')).toEqual(['a', 'b', 'c']);
    expect(await run('ZDIFF 3 x none x')).toEqual([]);
    expect(await run('ZINTERCARD 2 x y')).toBe(2);
    expect(await run('ZINTERCARD 2 x y LIMIT 1')).toBe(1);
    expect(await run('ZINTERCARD 2 x y LIMIT 0')).toBe(2);
    expect(await run('ZINTERCARD 2 x none')).toBe(0);
    expect(await run('ZUNION 2 x x WITHSCORES')).toEqual(['a', '2', 'b', '4', 'c', '6']);
  });

  it.each([
    ['1', '2', '3'],
    ['a', '2', 'c'],
  ])('ZUNION and its relatives take sets, with scores of 1', async (...members) => {
    await run(`SADD s ${members.join(' ')}`);
    await run('ZADD z 5 2 6 9');
    const [first, , third] = members;
    expect(((await run('ZUNION 2 s z WITHSCORES')) as string[]).slice(-4)).toEqual(['2', '6', '9', '6']);
    expect(await run('ZINTER 2 s z WITHSCORES')).toEqual(['2', '6']);
    expect(await run('ZINTER 2 z s WEIGHTS 2 3 WITHSCORES')).toEqual(['2', '13']);
    expect(await run('ZDIFF 2 s z WITHSCORES')).toEqual([first, '1', third, '1']);
    expect(await run('ZDIFF 2 z s')).toEqual(['9']);
    expect(await run('ZINTERCARD 2 s z')).toBe(1);
    expect(await run('ZUNIONSTORE d 1 s')).toBe(3);
    expect(await run('ZSCORE d 2')).toBe('1');
    expect(await run('ZINTERSTORE d 2 s s')).toBe(3);
    expect(await all(run, 'd')).toEqual([...members].sort().flatMap((member) => [member, '2']));
  });

  it('ZUNIONSTORE, ZINTERSTORE, ZDIFFSTORE: store in place of what was there', async () => {
    await run('ZADD x 1 a 2 b');
    await run('ZADD y 3 b 4 c');
    await run('SET d text EX 100');
    expect(await run('ZUNIONSTORE d 2 x y')).toBe(3);
    expect(await run('TTL d')).toBe(-1);
    expect(await all(run, 'd')).toEqual(['a', '1', 'c', '4', 'b', '5']);
    expect(await run('ZINTERSTORE d 2 x y WEIGHTS 1 10')).toBe(1);
    expect(await all(run, 'd')).toEqual(['b', '32']);
    expect(await run('ZDIFFSTORE x 2 x y')).toBe(1);
    expect(await all(run, 'x')).toEqual(['a', '1']);
    expect(await run('ZINTERSTORE d 2 x y')).toBe(0);
    expect(await run('EXISTS d')).toBe(0);
    await run('ZADD p inf a');
    await run('ZADD q -inf a');
    expect(await run('ZUNION 2 p q WITHSCORES')).toEqual(['a', '0']);
    expect(await run('ZUNION 1 p WEIGHTS 0 WITHSCORES')).toEqual(['a', '0']);
  });

  it('ZUNION and its relatives: refuse what they do not know', async () => {
    await run('ZADD z 1 a');
    await run('SET s x');
    const noKeys = (name: string): string =>
      `error: ERR at least 1 input key is needed for '${name}' command`;
    for (const [command, text] of [
      ['ZUNION 0 z', noKeys('zunion')],
      ['ZINTERSTORE d 0 z', noKeys('zinterstore')],
      ['ZUNION x z', NOT_INTEGER],
      ['ZUNION 2 z', SYNTAX],
      ['ZUNION 1 z WEIGHTS', SYNTAX],
      ['ZUNION 1 z WEIGHTS x', WEIGHT],
      ['ZUNION 2 z z WEIGHTS 1', SYNTAX],
      ['ZUNION 1 z AGGREGATE', SYNTAX],
      ['ZUNION 1 z AGGREGATE AVG', SYNTAX],
      ['ZUNION 1 z FOO', SYNTAX],
      ['ZDIFF 1 z WEIGHTS 1', SYNTAX],
      ['ZDIFFSTORE d 1 z AGGREGATE SUM', SYNTAX],
      ['ZUNIONSTORE d 1 z WITHSCORES', SYNTAX],
      ['ZINTERCARD 1 z LIMIT -1', "error: ERR LIMIT can't be negative"],
      ['ZINTERCARD 1 z LIMIT x', "error: ERR LIMIT can't be negative"],
      ['ZINTERCARD 0 z', noKeys('zintercard')],
      ['ZINTERCARD 1 z WEIGHTS 1', SYNTAX],
      ['ZUNION 2 z s', WRONG_TYPE],
      ['ZINTERSTORE d 2 none s', WRONG_TYPE],
      ['ZDIFF 1 s', WRONG_TYPE],
      ['ZINTERCARD 1 s', WRONG_TYPE],
    ]) {
      expect([command, await run(command)]).toEqual([command, text]);
    }
    expect(await run('EXISTS d')).toBe(0);
  });

  // --- all --------------------------------------------------------------------------------------------

  it.each([
    'ZADD s 1 a',
    'ZADD s XX INCR 1 a',
    'ZINCRBY s 1 a',
    'ZREM s a',
    'ZSCORE s a',
    'ZMSCORE s a',
    'ZCARD s',
    'ZRANK s a',
    'ZREVRANK s a',
    'ZCOUNT s 0 1',
    'ZLEXCOUNT s - +',
    'ZRANGE s 0 1',
    'ZRANGESTORE d s 0 1',
    'ZREVRANGE s 0 1',
    'ZRANGEBYSCORE s 0 1',
    'ZREVRANGEBYSCORE s 1 0',
    'ZRANGEBYLEX s - +',
    'ZREVRANGEBYLEX s + -',
    'ZREMRANGEBYRANK s 0 1',
    'ZREMRANGEBYSCORE s 0 1',
    'ZREMRANGEBYLEX s - +',
    'ZPOPMIN s',
    'ZPOPMAX s 2',
    'ZMPOP 1 s MIN',
    'ZRANDMEMBER s',
    'ZSCAN s 0',
  ])('%s: refuses a key of another type', async (command) => {
    await run('SET s text');
    expect(await run(command)).toBe(WRONG_TYPE);
  });

  it('a sorted set is a listpack up to the limits, and never again afterwards', async () => {
    const encoding = (): Promise<unknown> => run('OBJECT ENCODING z');
    for (let i = 0; i < 128; i++) await call('ZADD', 'z', i, `m${i}`);
    expect(await encoding()).toBe('listpack');
    await run('ZADD z 1000 m0');
    expect(await encoding()).toBe('listpack');
    await run('ZADD z 1 one-more');
    expect(await encoding()).toBe('skiplist');
    await run('ZREMRANGEBYRANK z 1 -1');
    expect(await encoding()).toBe('skiplist');
    await run('DEL z');
    await call('ZADD', 'z', 1, 'x'.repeat(64));
    expect(await encoding()).toBe('listpack');
    await call('ZADD', 'z', 1, 'x'.repeat(65));
    expect(await encoding()).toBe('skiplist');
    await run('DEL z');
    await call('ZADD', 'z', 1, 'x'.repeat(65));
    expect(await encoding()).toBe('skiplist');
    await run('ZUNIONSTORE d 1 z');
    expect(await run('OBJECT ENCODING d')).toBe('skiplist');
    await call('ZADD', 'small', 1, 'a');
    await run('ZUNIONSTORE d 1 small');
    expect(await run('OBJECT ENCODING d')).toBe('listpack');
    await run('CONFIG SET zset-max-listpack-entries 0');
    await run('ZADD none 1 a');
    expect(await run('OBJECT ENCODING none')).toBe('skiplist');
    await run('CONFIG SET zset-max-listpack-entries 128');
  });

  it.each(FORMS)('equal scores come in the order of their members as bytes (%s)', async (form) => {
    await fill(
      run,
      call,
      form,
      'z',
      ...['b', 'B', 'a', 'aa', '', '10', '9'].flatMap((member) => [1, member]),
    );
    expect(await run('ZRANGE z 0 -1')).toEqual(['', '10', '9', 'B', 'a', 'aa', 'b']);
  });

  it.each(FORMS)('COPY, RENAME, DEL and expire times (%s)', async (form) => {
    await fill(run, call, form, 'z', 1, 'a', 2, 'b');
    expect(await run('COPY z c')).toBe(1);
    await run('ZADD c 3 c');
    expect(await run('ZCARD z')).toBe(2);
    expect(await run('RENAME c r')).toBe('OK');
    expect(await all(run, 'r')).toEqual(['a', '1', 'b', '2', 'c', '3']);
    expect(await run('EXPIRE r 100')).toBe(1);
    expect(await run('ZREM r a')).toBe(1);
    expect(await run('TTL r')).toBeCloseTo(100, -1);
    expect(await run('DEL z r')).toBe(2);
  });
});

describeOnOurs('sorted set, as Redis 7.2 has it', ['--compat-version', '7.2'], ({ run }) => {
  it('ZRANK and ZREVRANK: WITHSCORE', async () => {
    await run('ZADD z 1 a 2.5 b');
    expect(await run('ZRANK z b WITHSCORE')).toEqual([1, '2.5']);
    expect(await run('ZREVRANK z b withscore')).toEqual([0, '2.5']);
    expect(await run('ZRANK z none WITHSCORE')).toBeNull();
    expect(await run('ZRANK none a WITHSCORE')).toBeNull();
    expect(await run('ZRANK z a FOO')).toBe(SYNTAX);
    expect(await run('ZRANK z a WITHSCORE x')).toBe(arity('zrank'));
  });

  it('scores are printed with the fewest digits', async () => {
    await run('ZADD z 0.1 a 1e17 b 1e-7 c');
    expect(await run('ZMSCORE z a b c')).toEqual(['0.1', '100000000000000000', '1e-7']);
  });
});

const IN_RESP3 = [
  'ZADD z 1 a 2.5 b 3 c 4 d 5 e 6 f 7 g',
  'ZADD z INCR 1 a',
  'ZADD z XX INCR 1 none',
  'ZINCRBY z 0.5 b',
  'ZSCORE z a',
  'ZSCORE z none',
  'ZMSCORE z a none',
  'ZRANK z a',
  'ZRANK z none',
  'ZRANGE z 0 1',
  'ZRANGE z 0 1 WITHSCORES',
  'ZREVRANGE z 0 1 WITHSCORES',
  'ZRANGEBYSCORE z 0 3 WITHSCORES',
  'ZREVRANGEBYSCORE z 3 0 WITHSCORES',
  'ZRANGEBYLEX z - + LIMIT 0 1',
  'ZUNION 1 z WITHSCORES',
  'ZUNION 1 z',
  'ZINTER 1 z WITHSCORES',
  'ZDIFF 1 z WITHSCORES',
  'ZINTERCARD 1 z',
  'ZSCAN z 0',
  'ZRANDMEMBER none',
  'ZRANDMEMBER none 3',
  'ZRANDMEMBER one -1 WITHSCORES',
  'ZPOPMIN z',
  'ZPOPMIN z 1',
  'ZPOPMAX z 2',
  'ZPOPMIN none',
  'ZPOPMIN none 2',
  'ZMPOP 1 z MIN COUNT 2',
  'ZMPOP 1 none MIN',
  'BZPOPMIN z 0',
  'BZPOPMAX none 0.01',
  'BZMPOP 0.01 1 none MIN',
  'ZADD one 1.5 a',
  'ZRANDMEMBER one -2 WITHSCORES',
  'ZRANDMEMBER one 1',
  'BZMPOP 0 1 one MAX',
  'ZRANGE none 0 -1 WITHSCORES',
];

describe.skipIf(!oracleAvailable())('sorted set commands in RESP3', () => {
  let ours: RunningServer;
  let real: RunningServer;
  beforeAll(async () => {
    [ours, real] = await Promise.all([startThreadis(['--compat-version', '7.0']), startRedis([])]);
  }, 30_000);
  afterAll(async () => {
    await ours?.stop();
    await real?.stop();
  });

  it('reply the same kinds as the real server does', async () => {
    const commands = IN_RESP3.map((command) => command.split(' '));
    const [a, b] = [await askTyped(ours.port, ...commands), await askTyped(real.port, ...commands)];
    for (const [i, command] of IN_RESP3.entries()) expect([command, a[i]]).toEqual([command, b[i]]);
  });
});
