/** Expire times of the fields of hashes (Redis 7.4 and 8.0), which the real server of our tests does not have: by the published semantics. */
import { expect, it } from 'vitest';
import { describeOnOurs } from './both-servers.ts';

const WRONG_TYPE = 'error: WRONGTYPE Operation against a key holding the wrong kind of value';
const NOT_INTEGER = 'error: ERR value is not an integer or out of range';
const FIELDS_MISSING = 'error: ERR Mandatory argument FIELDS is missing or not at the right position';
const FIELDS_COUNT = 'error: ERR The `numfields` parameter must match the number of arguments';
const FIELDS_POSITIVE = 'error: ERR Number of fields must be a positive integer';
const NEGATIVE = 'error: ERR invalid expire time, must be >= 0';
const invalid = (name: string): string => `error: ERR invalid expire time in '${name}' command`;
const arity = (name: string): string => `error: ERR wrong number of arguments for '${name}' command`;

const FAR_SECONDS = 4_000_000_000;
const GIVE_UP_MS = 20_000;

describeOnOurs('expire times of fields', ['--enable-debug-command', 'yes'], ({ run, call, client }) => {
  const fill = (key: string, count: number, size = 1) =>
    call('HSET', key, ...Array.from({ length: count }, (_, i) => [`f${i}`, 'v'.repeat(size)]).flat());

  /** Asks again and again until the reply is as wanted. */
  async function becomes(command: string, wanted: unknown): Promise<void> {
    const until = Date.now() + GIVE_UP_MS;
    let reply = await run(command);
    while (reply !== wanted && Date.now() < until) reply = await run(command);
    expect(reply).toBe(wanted);
  }

  /** Runs with active expiry switched off, so that what is due stays until someone finds it. */
  async function lazily(body: () => Promise<void>): Promise<void> {
    await run('DEBUG SET-ACTIVE-EXPIRE 0');
    try {
      await body();
    } finally {
      await run('DEBUG SET-ACTIVE-EXPIRE 1');
    }
  }

  it('HEXPIRE and its relatives set times, HTTL and its relatives tell them', async () => {
    await fill('h', 4);
    expect(await run('HEXPIRE h 100 FIELDS 2 f0 no')).toEqual([1, -2]);
    expect(await run('HPEXPIRE h 200000 FIELDS 1 f1')).toEqual([1]);
    expect(await run('HTTL h FIELDS 4 f0 f1 f2 no')).toEqual([
      expect.closeTo(100, -1),
      expect.closeTo(200, -1),
      -1,
      -2,
    ]);
    const [ms] = (await run('HPTTL h FIELDS 1 f1')) as number[];
    expect(ms > 190_000 && ms <= 200_000).toBe(true);
    expect(await run(`HEXPIREAT h ${FAR_SECONDS} FIELDS 1 f2`)).toEqual([1]);
    expect(await run(`HPEXPIREAT h ${FAR_SECONDS}001 FIELDS 1 f3`)).toEqual([1]);
    expect(await run('HEXPIRETIME h FIELDS 2 f2 f3')).toEqual([FAR_SECONDS, FAR_SECONDS + 1]);
    expect(await run('HPEXPIRETIME h FIELDS 2 f2 f3')).toEqual([FAR_SECONDS * 1000, FAR_SECONDS * 1000 + 1]);
    for (const name of ['HTTL', 'HPTTL', 'HEXPIRETIME', 'HPEXPIRETIME', 'HPERSIST'])
      expect(await run(`${name} no FIELDS 2 a b`)).toEqual([-2, -2]);
    expect(await run('HEXPIRE no 100 FIELDS 2 a b')).toEqual([-2, -2]);
    expect(await run('EXISTS no')).toBe(0);
  });

  it('HPERSIST removes times', async () => {
    await fill('h', 3);
    expect(await run('HPERSIST h FIELDS 2 f0 no')).toEqual([-1, -2]);
    expect(await run('OBJECT ENCODING h')).toBe('listpack');
    await run('HEXPIRE h 100 FIELDS 1 f0');
    expect(await run('HPERSIST h FIELDS 3 f0 f1 no')).toEqual([1, -1, -2]);
    expect(await run('HTTL h FIELDS 1 f0')).toEqual([-1]);
  });

  it('NX, XX, GT and LT go by the time before, none counting as for ever', async () => {
    await fill('h', 2);
    expect(await run('HEXPIRE h 100 XX FIELDS 1 f0')).toEqual([0]);
    expect(await run('HEXPIRE h 100 GT FIELDS 1 f0')).toEqual([0]);
    expect(await run('HEXPIRE h 100 NX FIELDS 1 f0')).toEqual([1]);
    expect(await run('HEXPIRE h 200 NX FIELDS 1 f0')).toEqual([0]);
    expect(await run('HEXPIRE h 200 LT FIELDS 1 f0')).toEqual([0]);
    expect(await run('HEXPIRE h 200 GT FIELDS 1 f0')).toEqual([1]);
    expect(await run('HEXPIRE h 100 gt FIELDS 1 f0')).toEqual([0]);
    expect(await run('HEXPIRE h 50 LT FIELDS 2 f0 f1')).toEqual([1, 1]);
    expect(await run('HEXPIRE h 70 XX FIELDS 2 f0 f1')).toEqual([1, 1]);
    expect(await run(`HEXPIREAT h ${FAR_SECONDS} GT FIELDS 1 f0`)).toEqual([1]);
    expect(await run(`HEXPIREAT h ${FAR_SECONDS} GT FIELDS 1 f0`)).toEqual([0]);
    expect(await run(`HEXPIREAT h ${FAR_SECONDS} LT FIELDS 1 f0`)).toEqual([0]);
  });

  it('a time that has passed deletes the field, and the key with the last one', async () => {
    await fill('h', 3);
    expect(await run('HEXPIRE h 0 FIELDS 2 f0 f0')).toEqual([2, -2]);
    expect(await run('HPEXPIREAT h 1 FIELDS 1 f1')).toEqual([2]);
    expect(await run('HKEYS h')).toEqual(['f2']);
    expect(await run('HEXPIRE h 0 XX FIELDS 1 f2')).toEqual([0]);
    expect(await run('HEXPIREAT h 5 LT FIELDS 1 f2')).toEqual([2]);
    expect(await run('EXISTS h')).toBe(0);
  });

  it.each([
    ['HEXPIRE h x FIELDS 1 f0', NOT_INTEGER],
    ['HEXPIRE h -1 FIELDS 1 f0', NEGATIVE],
    ['HPEXPIREAT h -1 FIELDS 1 f0', NEGATIVE],
    ['HEXPIRE h 9223372036854775808 FIELDS 1 f0', NOT_INTEGER],
    ['HEXPIRE h 9223372036854775807 FIELDS 1 f0', invalid('hexpire')],
    ['HPEXPIRE h 70368744177663 FIELDS 1 f0', invalid('hpexpire')],
    ['HPEXPIREAT h 70368744177664 FIELDS 1 f0', invalid('hpexpireat')],
    ['HEXPIREAT h 70368744178 FIELDS 1 f0', invalid('hexpireat')],
    ['HEXPIRE h 10 f0 1 f0', FIELDS_MISSING],
    ['HEXPIRE h 10 NX XX FIELDS 1 f0', FIELDS_MISSING],
    ['HEXPIRE h 10 FIELDS 0 f0', 'error: ERR Parameter `numFields` should be greater than 0'],
    ['HEXPIRE h 10 FIELDS x f0', 'error: ERR Parameter `numFields` should be greater than 0'],
    ['HEXPIRE h 10 FIELDS 2 f0', FIELDS_COUNT],
    ['HEXPIRE h 10 FIELDS 1 f0 f1', FIELDS_COUNT],
    ['HEXPIRE h 10 NX FIELDS 1', FIELDS_COUNT],
    ['HEXPIRE h 10 FIELDS 1', arity('hexpire')],
    ['HTTL h FIELDS 1', arity('httl')],
    ['HTTL h FIELD 1 f0', FIELDS_MISSING],
    ['HTTL h FIELDS 0 f0', FIELDS_POSITIVE],
    ['HTTL h FIELDS 2 f0', FIELDS_COUNT],
    ['HPERSIST h FIELDS -1 f0', FIELDS_POSITIVE],
    ['HPERSIST h FIELDS 1 f0 f1', FIELDS_COUNT],
    ['HGETDEL h FIELDS 0 f0', FIELDS_POSITIVE],
    ['HGETDEL h XFIELDS 1 f0', FIELDS_MISSING],
    ['HGETDEL h FIELDS 2 f0', FIELDS_COUNT],
    ['HGETEX h FIELDS 1', arity('hgetex')],
    ['HGETEX h XFIELDS 1 f0', FIELDS_MISSING],
    ['HGETEX h PXAT 1 1', FIELDS_MISSING],
    ['HGETEX h PERSIST 1 FIELDS 1 f0', FIELDS_MISSING],
    ['HGETEX h EX 10 PX 10 FIELDS 1 f0', FIELDS_MISSING],
    ['HGETEX h FIELDS 2 f0', FIELDS_COUNT],
    ['HGETEX h FIELDS 9223372036854775808 f0', FIELDS_POSITIVE],
    ['HGETEX h EX x FIELDS 1 f0', NOT_INTEGER],
    ['HGETEX h PX -1 FIELDS 1 f0', NEGATIVE],
    ['HGETEX h EX 281474976710656 FIELDS 1 f0', invalid('hgetex')],
    ['HSETEX h FIELDS 2 f0 x', 'error: ERR wrong number of arguments'],
    ['HSETEX h FIELDS 2 f0 x f1', 'error: ERR wrong number of arguments'],
    ['HSETEX h FIELDS 2 f0 x f1 y z', 'error: ERR unknown argument: z'],
    ['HSETEX h FIELDS 1 f0 x NOPE', 'error: ERR unknown argument: NOPE'],
    ['HSETEX h NX FIELDS 1 f0 x', 'error: ERR unknown argument: NX'],
    ['HSETEX h FXX FNX FIELDS 1 f0 x', 'error: ERR Only one of FXX or FNX arguments can be specified'],
    [
      'HSETEX h EX 100 KEEPTTL FIELDS 1 f0 x',
      'error: ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified',
    ],
    ['HSETEX h EX FIELDS 1 f0 x', NOT_INTEGER],
    ['HSETEX h EXAT -1 FIELDS 1 f0 x', NEGATIVE],
    ['HSETEX h EXAT 281474976710656 FIELDS 1 f0 x', invalid('hsetex')],
    ['HSETEX h FIELDS 0 f0 x', 'error: ERR invalid number of fields'],
    ['HSETEX h FIELDS x f0 x', 'error: ERR invalid number of fields'],
    ['HSETEX h FXX FNX EX 5', 'error: ERR Only one of FXX or FNX arguments can be specified'],
    ['HSETEX h FXX KEEPTTL', arity('hsetex')],
  ])('%s replies %s and changes nothing', async (command, reply) => {
    await fill('h', 2);
    expect(await run(command)).toBe(reply);
    expect(await run('HGETALL h')).toEqual(['f0', 'v', 'f1', 'v']);
    expect(await run('HTTL h FIELDS 2 f0 f1')).toEqual([-1, -1]);
  });

  it('commands on a key of another type', async () => {
    await run('SET s x');
    for (const command of [
      'HEXPIRE s 10 FIELDS 1 a',
      'HTTL s FIELDS 1 a',
      'HPERSIST s FIELDS 1 a',
      'HGETDEL s FIELDS 1 a',
      'HGETEX s EX 10 FIELDS 1 a',
      'HSETEX s FIELDS 1 a 1',
    ])
      expect(await run(command), command).toBe(WRONG_TYPE);
  });

  it('HGETDEL replies values and removes their fields', async () => {
    await run('HSET h a 1 b 2 c 3');
    expect(await run('HGETDEL h FIELDS 3 a no a')).toEqual(['1', null, null]);
    expect(await run('HGETDEL h FIELDS 2 b c')).toEqual(['2', '3']);
    expect(await run('EXISTS h')).toBe(0);
    expect(await run('HGETDEL h FIELDS 2 b c')).toEqual([null, null]);
  });

  it('HGETEX replies values and sets or removes times', async () => {
    await run('HSET h a 1 b 2 c 3');
    expect(await run('HGETEX h FIELDS 2 a no')).toEqual(['1', null]);
    expect(await run('HTTL h FIELDS 1 a')).toEqual([-1]);
    expect(await run('HGETEX h EX 100 FIELDS 2 a b')).toEqual(['1', '2']);
    expect(await run('HTTL h FIELDS 3 a b c')).toEqual([
      expect.closeTo(100, -1),
      expect.closeTo(100, -1),
      -1,
    ]);
    expect(await run('HGETEX h FIELDS 1 a')).toEqual(['1']);
    expect(await run('HGETEX h PERSIST FIELDS 2 a c')).toEqual(['1', '3']);
    expect(await run('HTTL h FIELDS 3 a b c')).toEqual([-1, expect.closeTo(100, -1), -1]);
    expect(await run(`HGETEX h PXAT ${FAR_SECONDS}000 FIELDS 1 a`)).toEqual(['1']);
    expect(await run('HEXPIRETIME h FIELDS 1 a')).toEqual([FAR_SECONDS]);
    expect(await run('HGETEX h PXAT 1 FIELDS 3 a b c')).toEqual(['1', '2', '3']);
    expect(await run('EXISTS h')).toBe(0);
    expect(await run('HGETEX h EX 10 FIELDS 1 a')).toEqual([null]);
  });

  it('HSETEX sets all fields or none, with a time', async () => {
    expect(await run('HSETEX h FXX FIELDS 1 a 1')).toBe(0);
    expect(await run('EXISTS h')).toBe(0);
    expect(await run('HSETEX h FNX EX 100 FIELDS 2 a 1 b 2')).toBe(1);
    expect(await run('HTTL h FIELDS 2 a b')).toEqual([expect.closeTo(100, -1), expect.closeTo(100, -1)]);
    expect(await run('HSETEX h FNX FIELDS 2 b 3 c 4')).toBe(0);
    expect(await run('HSETEX h FXX FIELDS 2 b 3 c 4')).toBe(0);
    expect(await run('HSETEX h FIELDS 2 b 3 c 4 KEEPTTL FXX')).toBe(0);
    expect(await run('HSETEX h KEEPTTL FIELDS 2 b 3 c 4')).toBe(1);
    expect(await run('HTTL h FIELDS 3 a b c')).toEqual([
      expect.closeTo(100, -1),
      expect.closeTo(100, -1),
      -1,
    ]);
    expect(await run('HSETEX h FIELDS 1 a 5 PX 50000')).toBe(1);
    expect(await run('HTTL h FIELDS 1 a')).toEqual([expect.closeTo(50, -1)]);
    expect(await run('HSETEX h FXX FIELDS 1 a 6')).toBe(1);
    expect(await run('HTTL h FIELDS 1 a')).toEqual([-1]);
    expect(await run('HMGET h a b c')).toEqual(['6', '3', '4']);
    expect(await run('HSETEX h PXAT 1 FIELDS 3 a 7 b 7 c 7')).toBe(1);
    expect(await run('EXISTS h')).toBe(0);
    expect(await run('HSETEX h EXAT 1 FIELDS 1 a 1')).toBe(1);
    expect(await run('EXISTS h')).toBe(0);
  });

  it('HSET ends a time, HINCRBY, HINCRBYFLOAT and HSETNX leave it', async () => {
    await run('HSET h a 1 b 1 c 1');
    await run('HEXPIRE h 100 FIELDS 3 a b c');
    await run('HINCRBY h a 5');
    await run('HINCRBYFLOAT h b 0.5');
    await run('HSETNX h c 9');
    expect(await run('HTTL h FIELDS 3 a b c')).toEqual([
      expect.closeTo(100, -1),
      expect.closeTo(100, -1),
      expect.closeTo(100, -1),
    ]);
    await run('HSET h a 7 b 7');
    await run('HMSET h c 7');
    expect(await run('HTTL h FIELDS 3 a b c')).toEqual([-1, -1, -1]);
  });

  it('a hash with times is a table, which DIFFERENCES.md says', async () => {
    await run('HSET h a 1');
    await run('HEXPIRE h 100 FIELDS 1 a');
    expect(await run('OBJECT ENCODING h')).toBe('hashtable');
  });

  it.each([
    ['a small hash', 10],
    ['a large hash', 2000],
  ])(
    '%s: fields go in their time without anyone touching them, and the key with the last',
    async (_, count) => {
      await fill('h', count);
      await run('SET other x');
      await call('HPEXPIRE', 'h', '30', 'FIELDS', '2', 'f0', 'f1');
      await becomes('HLEN h', count - 2);
      expect(await run('HMGET h f0 f2')).toEqual([null, 'v']);
      const rest = Array.from({ length: count - 2 }, (_, i) => `f${i + 2}`);
      await call('HPEXPIRE', 'h', '20', 'FIELDS', String(rest.length), ...rest);
      await becomes('DBSIZE', 1);
    },
  );

  it('times survive COPY, RENAME, MOVE, SWAPDB; DEL, SET and FLUSHALL end them', async () => {
    for (const count of [3, 500]) {
      await run('FLUSHALL');
      await fill('h', count);
      await run('HEXPIRE h 100 FIELDS 1 f0');
      await run('COPY h copy');
      await run('RENAME h renamed');
      await run('COPY copy in-other DB 2');
      await run('MOVE copy 3');
      expect(await run('HTTL renamed FIELDS 2 f0 f1')).toEqual([expect.closeTo(100, -1), -1]);
      await call('HPEXPIRE', 'renamed', '20', 'FIELDS', '1', 'f0');
      await run('SWAPDB 0 3');
      expect(await run('HTTL copy FIELDS 1 f0')).toEqual([expect.closeTo(100, -1)]);
      await run('HPEXPIRE copy 20 FIELDS 1 f0');
      await becomes('HLEN copy', count - 1);
      await run('SWAPDB 0 3');
      await becomes('HLEN renamed', count - 1);
      await run('HPEXPIRE renamed 20 FIELDS 1 f1');
      await run('SET renamed text');
      await fill('gone', count);
      await run('HPEXPIRE gone 20 FIELDS 1 f1');
      await run('DEL gone');
      await fill('gone', count);
      await run('HPEXPIRE gone 20 FIELDS 1 f1');
      await run('FLUSHDB');
      await fill('last', count);
      await run('HPEXPIRE last 60 FIELDS 1 f1');
      await becomes('HLEN last', count - 1);
      expect(await run('DBSIZE')).toBe(1);
    }
  });

  it('a field that is due and not removed yet is not there for any command', async () => {
    await lazily(async () => {
      for (const count of [3, 400]) {
        await run('FLUSHALL');
        await fill('h', count);
        const all = Array.from({ length: count }, (_, i) => `f${i}`);
        await call('HPEXPIRE', 'h', '1', 'FIELDS', String(count - 1), ...all.slice(1));
        await becomes('HEXISTS h f1', 0);
        expect(await run('HMGET h f0 f1')).toEqual(['v', null]);
        expect(await run('HSTRLEN h f1')).toBe(0);
        expect(await run('HTTL h FIELDS 2 f0 f1')).toEqual([-1, -2]);
        expect(await run('HGETALL h')).toEqual(['f0', 'v']);
        expect(await run('HRANDFIELD h')).toBe('f0');
        expect(await run('HRANDFIELD h -3')).toEqual(['f0', 'f0', 'f0']);
        expect(await run('HRANDFIELD h 100 WITHVALUES')).toEqual(['f0', 'v']);
        expect(await run('HSCAN h 0 COUNT 1000')).toEqual(['0', ['f0', 'v']]);
        expect(await run(`HDEL h f${count - 1}`)).toBe(0);
        expect(await run(`HINCRBY h f${count - 1} 3`)).toBe(3);
        expect(await run(`HSET h f${count - 2} new`)).toBe(1);
        expect(await run('HEXPIRE h 100 FIELDS 1 f1')).toEqual([count === 3 ? 1 : -2]);
        await run('DEL h');
        await call('HSET', 'h', ...all.flatMap((field) => [field, 'v']));
        await call('HPEXPIRE', 'h', '1', 'FIELDS', String(count), ...all);
        await becomes('HEXISTS h f0', 0);
        expect(await run('HKEYS h')).toEqual([]);
        expect(await run('HRANDFIELD h')).toBeNull();
        expect(await run('HRANDFIELD h 2')).toEqual([]);
      }
    });
    await becomes('DBSIZE', 0);
  });

  it('very many fields that fall due together go in slices, with other clients served between', async () => {
    const count = 100_000;
    for (let from = 0; from < count; from += 5000)
      await call('HSET', 'h', ...Array.from({ length: 5000 }, (_, i) => [`f${from + i}`, 'v']).flat());
    for (let from = 0; from < count; from += 5000) {
      const fields = Array.from({ length: 5000 }, (_, i) => `f${from + i}`);
      await call('HPEXPIREAT', 'h', String(Date.now() + 60_000), 'FIELDS', '5000', ...fields);
    }
    const other = await client();
    let served = 0;
    for (let from = 0; from < count; from += 5000) {
      const fields = Array.from({ length: 5000 }, (_, i) => `f${from + i}`);
      await call('HPEXPIRE', 'h', '200', 'FIELDS', '5000', ...fields);
    }
    const until = Date.now() + GIVE_UP_MS;
    while ((await run('EXISTS h')) === 1 && Date.now() < until) {
      await other.call('PING');
      served++;
    }
    other.close();
    expect(await run('EXISTS h')).toBe(0);
    expect(served).toBeGreaterThan(0);
  });
});
