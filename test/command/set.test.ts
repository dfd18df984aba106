/** The set commands, over a socket, on our server and on the real one. */
import { expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs, type Target } from './both-servers.ts';

const SYNTAX = 'error: ERR syntax error';
const NOT_INTEGER = 'error: ERR value is not an integer or out of range';
const WRONG_TYPE = 'error: WRONGTYPE Operation against a key holding the wrong kind of value';
const POSITIVE = 'error: ERR value is out of range, must be positive';

type Run = Target['run'];
type Call = Target['call'];

const sorted = (reply: unknown): string[] => [...(reply as string[])].sort();
const range = (from: number, until: number): string[] =>
  Array.from({ length: until - from }, (_, i) => String(from + i));

async function fill(call: Call, key: string, members: string[]): Promise<void> {
  for (let i = 0; i < members.length; i += 500) await call('SADD', key, ...members.slice(i, i + 500));
}

/** A set in each encoding that 7.0 has, with the same members. */
const ENCODINGS: [string, string[]][] = [
  ['intset', range(0, 50)],
  ['hashtable', [...range(0, 49), 'text']],
];

describeOnBoth('set', [], ({ run, call, raw }) => {
  it('SADD: counts only the members that were new', async () => {
    expect(await run('SADD s a b a')).toBe(2);
    expect(await run('SADD s a c')).toBe(1);
    expect(await run('SADD i 1 2 1')).toBe(2);
    expect(await run('SADD i 01 2')).toBe(1);
    expect(sorted(await run('SMEMBERS i'))).toEqual(['01', '1', '2']);
  });

  it.each([
    'SADD s x',
    'SREM s x',
    'SISMEMBER s x',
    'SMISMEMBER s x',
    'SCARD s',
    'SMEMBERS s',
    'SPOP s',
    'SPOP s 1',
    'SRANDMEMBER s',
    'SRANDMEMBER s 1',
    'SMOVE s other x',
    'SMOVE a s x',
    'SINTER s a',
    'SINTER a s',
    'SINTER none s',
    'SINTERSTORE d a s',
    'SINTERCARD 2 a s',
    'SINTERCARD 2 none s',
    'SUNION a s',
    'SUNIONSTORE d s',
    'SDIFF a s',
    'SDIFF none s',
    'SDIFFSTORE d none s',
    'SSCAN s 0',
  ])('%s: refuses a key that is no set', async (command) => {
    await run('SET s text');
    await run('SADD a 1');
    expect(await run(command)).toBe(WRONG_TYPE);
    expect(await run('EXISTS d')).toBe(0);
  });

  it('replies of keys that do not exist', async () => {
    for (const command of [
      'SCARD n',
      'SISMEMBER n x',
      'SREM n x',
      'SMOVE n m x',
      'SINTERSTORE d n',
      'SINTERCARD 1 n',
    ]) {
      expect(await run(command), command).toBe(0);
    }
    for (const command of [
      'SMEMBERS n',
      'SINTER n',
      'SUNION n n',
      'SDIFF n',
      'SPOP n 3',
      'SRANDMEMBER n 3',
      'SRANDMEMBER n -3',
    ]) {
      expect(await run(command), command).toEqual([]);
    }
    expect(await run('SPOP n')).toBeNull();
    expect(await run('SRANDMEMBER n')).toBeNull();
    expect(await run('SMISMEMBER n a b')).toEqual([0, 0]);
    expect(await run('SSCAN n 0')).toEqual(['0', []]);
    expect(await run('SSCAN n 0 FOO')).toEqual(['0', []]);
  });

  it('OBJECT ENCODING: an intset becomes a table with a text or with too many members, and never goes back', async () => {
    await fill(call, 's', range(0, 512));
    expect(await run('OBJECT ENCODING s')).toBe('intset');
    await run('SADD s 600');
    expect(await run('OBJECT ENCODING s')).toBe('hashtable');
    await run('SREM s 600');
    expect(await run('OBJECT ENCODING s')).toBe('hashtable');
    await run('SADD t 1 2 x');
    expect(await run('OBJECT ENCODING t')).toBe('hashtable');
    await run('SADD wide 9223372036854775807 -9223372036854775808');
    expect(await run('OBJECT ENCODING wide')).toBe('intset');
    expect(sorted(await run('SMEMBERS wide'))).toEqual(['-9223372036854775808', '9223372036854775807']);
    await run('SADD wide 9223372036854775808');
    expect(await run('OBJECT ENCODING wide')).toBe('hashtable');
  });

  it('SREM: the last member takes the key with it', async () => {
    await run('SADD s a b');
    expect(await run('SREM s a b c d')).toBe(2);
    expect(await run('EXISTS s')).toBe(0);
    await run('SADD i 1');
    expect(await run('SREM i 1 1')).toBe(1);
    expect(await run('EXISTS i')).toBe(0);
  });

  it('SMOVE: moves, creates the destination, and knows a set that is both', async () => {
    await run('SADD a 1 2 x');
    expect(await run('SMOVE a b 1')).toBe(1);
    expect(await run('OBJECT ENCODING b')).toBe('intset');
    expect(await run('SMOVE a b 1')).toBe(0);
    expect(await run('SMOVE a a x')).toBe(1);
    expect(await run('SMOVE a a none')).toBe(0);
    await run('SMOVE a b x');
    expect(await run('SMOVE a b 2')).toBe(1);
    expect(await run('EXISTS a')).toBe(0);
    expect(sorted(await run('SMEMBERS b'))).toEqual(['1', '2', 'x']);
    await run('SET text 1');
    expect(await run('SMOVE none text 1')).toBe(0);
  });

  it.each(ENCODINGS)('SPOP: takes random members out of an %s', async (encoding, members) => {
    await fill(call, 's', members);
    expect(await run('OBJECT ENCODING s')).toBe(encoding);
    const one = (await run('SPOP s')) as string;
    expect(members).toContain(one);
    const some = (await run('SPOP s 9')) as string[];
    const most = (await run('SPOP s 39')) as string[];
    const [left, ...none] = (await run('SMEMBERS s')) as string[];
    expect(none).toEqual([]);
    expect(sorted([one, ...some, ...most, left])).toEqual(sorted(members));
    expect(await run('SPOP s 0')).toEqual([]);
    expect(await run('SPOP s 5')).toEqual([left]);
    expect(await run('EXISTS s')).toBe(0);
  });

  it('SPOP: what is left of a table of integers when most are gone is an intset, with its time to live', async () => {
    await fill(call, 's', range(0, 1000));
    await run('EXPIRE s 1000');
    expect(await run('SPOP s 990')).toHaveLength(990);
    expect(await run('OBJECT ENCODING s')).toBe('intset');
    expect(await run('SCARD s')).toBe(10);
    expect(await run('TTL s')).toBeGreaterThan(990);
    await fill(call, 't', range(0, 5000));
    expect(await run('SPOP t 4300')).toHaveLength(4300);
    expect(await run('OBJECT ENCODING t')).toBe('hashtable');
    expect(new Set((await run('SMEMBERS t')) as string[]).size).toBe(700);
  });

  it.each(ENCODINGS)('SRANDMEMBER: different members, or any, of an %s', async (_, members) => {
    await fill(call, 's', members);
    expect(members).toContain(await run('SRANDMEMBER s'));
    for (const count of [1, 5, 25, 45, 49, 50, 51, 1000]) {
      const some = (await run(`SRANDMEMBER s ${count}`)) as string[];
      expect(some).toHaveLength(Math.min(count, 50));
      expect(new Set(some).size).toBe(some.length);
      for (const member of some) expect(members).toContain(member);
    }
    const any = (await run('SRANDMEMBER s -1000')) as string[];
    expect(any).toHaveLength(1000);
    expect(new Set(any).size).toBeGreaterThan(40);
    expect(await run('SCARD s')).toBe(50);
  });

  it.each([
    ['SPOP s -1', POSITIVE],
    ['SPOP s x', POSITIVE],
    ['SPOP s 1 2', SYNTAX],
    ['SPOP none -1', POSITIVE],
    ['SRANDMEMBER s x', NOT_INTEGER],
    ['SRANDMEMBER s 1 2', SYNTAX],
    [
      'SRANDMEMBER s -9223372036854775808',
      'error: ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
    ],
    ['SINTERCARD 0 s', 'error: ERR numkeys should be greater than 0'],
    ['SINTERCARD x s', 'error: ERR numkeys should be greater than 0'],
    ['SINTERCARD 2 s', "error: ERR Number of keys can't be greater than number of args"],
    ['SINTERCARD 1 s LIMIT -1', "error: ERR LIMIT can't be negative"],
    ['SINTERCARD 1 s LIMIT x', "error: ERR LIMIT can't be negative"],
    ['SINTERCARD 1 s LIMIT', SYNTAX],
    ['SINTERCARD 1 s other', SYNTAX],
    ['SSCAN s 0 COUNT 0', SYNTAX],
    ['SSCAN s 0 COUNT x', NOT_INTEGER],
    ['SSCAN s 0 MATCH', SYNTAX],
    ['SSCAN s 0 TYPE set', SYNTAX],
    ['SSCAN s x', 'error: ERR invalid cursor'],
    ['SSCAN none x', 'error: ERR invalid cursor'],
  ])('%s: is refused', async (command, error) => {
    await run('SADD s a');
    expect(await run(command)).toBe(error);
  });

  it('SINTERCARD: counts up to a limit', async () => {
    await fill(call, 'a', range(0, 1000));
    await fill(call, 'b', range(500, 1500));
    expect(await run('SINTERCARD 2 a b')).toBe(500);
    expect(await run('SINTERCARD 2 a b LIMIT 0')).toBe(500);
    expect(await run('SINTERCARD 2 a b LIMIT 7')).toBe(7);
    expect(await run('SINTERCARD 2 a b LIMIT 7000 LIMIT 3')).toBe(3);
    expect(await run('SINTERCARD 3 a b none')).toBe(0);
  });

  it('SINTER, SUNION, SDIFF: over all encodings, with keys given twice', async () => {
    await fill(call, 'large', range(0, 2000));
    await run('SADD ints 1 5 3000');
    await run('SADD mixed 1 x 3000');
    expect(sorted(await run('SINTER large ints'))).toEqual(['1', '5']);
    expect(sorted(await run('SINTER ints mixed ints'))).toEqual(['1', '3000']);
    expect(sorted(await run('SUNION ints mixed'))).toEqual(['1', '3000', '5', 'x']);
    expect(await run('SUNION large ints mixed')).toHaveLength(2002);
    expect(sorted(await run('SDIFF mixed large'))).toEqual(['3000', 'x']);
    expect(await run('SDIFF large large')).toEqual([]);
    expect(await run('SDIFF large ints mixed none')).toHaveLength(1998);
    expect(await run('SDIFF large ints mixed ints mixed ints mixed')).toHaveLength(1998);
  });

  it('the STORE forms: replace what the destination held, and delete it when there is nothing', async () => {
    await run('SADD a 1 2 3');
    await run('SADD b 2 3 x');
    await run('SET d text EX 1000');
    expect(await run('SINTERSTORE d a b')).toBe(2);
    expect(await run('OBJECT ENCODING d')).toBe('intset');
    expect(await run('TTL d')).toBe(-1);
    expect(await run('SUNIONSTORE a a b')).toBe(4);
    expect(await run('OBJECT ENCODING a')).toBe('hashtable');
    expect(await run('SDIFFSTORE a a b')).toBe(1);
    expect(await run('OBJECT ENCODING a')).toBe('intset');
    expect(await run('SDIFFSTORE a a a')).toBe(0);
    expect(await run('EXISTS a')).toBe(0);
    expect(await run('SINTERSTORE d d none')).toBe(0);
    expect(await run('EXISTS d')).toBe(0);
  });

  it('SDIFFSTORE: what was large on the way stays a table', async () => {
    await run('SADD b x');
    await fill(call, 'a', [...range(0, 100), 'x']);
    await run('SDIFFSTORE one a b');
    expect(await run('OBJECT ENCODING one')).toBe('intset');
    // So many sets are taken from a copy of the first.
    await run('SDIFFSTORE two a b b b b');
    expect(await run('SCARD two')).toBe(100);
    expect(await run('OBJECT ENCODING two')).toBe('hashtable');
  });

  it('SSCAN: returns every member that is there all the time exactly once', async () => {
    await fill(call, 's', range(0, 1000));
    const seen = new Map<string, number>();
    let cursor = '0';
    do {
      const [next, members] = (await call('SSCAN', 's', cursor, 'COUNT', '20')) as [string, string[]];
      for (const member of members) seen.set(member, (seen.get(member) ?? 0) + 1);
      cursor = next;
      await fill(call, 's', range(2000 + seen.size, 2050 + seen.size));
    } while (cursor !== '0');
    for (const member of range(0, 1000)) expect(seen.has(member), member).toBe(true);
    await run('SADD few a b c');
    expect(sorted(((await run('SSCAN few 0 COUNT 100 MATCH [ab]')) as unknown[])[1])).toEqual(['a', 'b']);
  });

  it('members may be any bytes', async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await call('SADD', 's', all, '', '\0', Buffer.alloc(100_000, 7));
    expect(await call('SISMEMBER', 's', all)).toBe(1);
    expect(await call('SMISMEMBER', 's', '', '\0', '\0\0', Buffer.alloc(100_000, 7))).toEqual([1, 1, 0, 1]);
    expect(await call('SCARD', 's')).toBe(4);
  });

  it('COPY, RENAME, UNLINK: a large set goes along and leaves no memory behind', async () => {
    const members = range(0, 3000).map((n) => `member:${n}`);
    await fill(call, 's', members);
    await run('COPY s t');
    await run('SREM s member:1 member:2');
    expect(await run('SCARD t')).toBe(3000);
    await run('RENAME s u');
    expect(sorted(await run('SDIFF t u'))).toEqual(['member:1', 'member:2']);
    expect(await run('MEMORY USAGE t')).toBeGreaterThan(3000 * 30);
    expect(await run('UNLINK t u')).toBe(2);
    expect(await run('DBSIZE')).toBe(0);
  });

  it('RESP3: SMEMBERS, SPOP with a count and the operations reply sets, the others arrays', async () => {
    const text = await raw(
      'HELLO 3',
      'SADD s a',
      'SADD t a',
      'SMEMBERS s',
      'SINTER s t',
      'SUNION s t',
      'SDIFF s none',
      'SRANDMEMBER s 1',
      'SRANDMEMBER s -1',
      'SPOP t 0',
      'SPOP t 1',
      'SPOP t',
      'SINTER s t',
      'SMISMEMBER s a',
      'QUIT',
    );
    const heads = text.slice(text.indexOf(':1\r\n:1\r\n') + 8).match(/[~*_]\d*(?=\r)/g);
    expect(heads).toEqual(['~1', '~1', '~1', '~1', '*1', '*1', '~0', '~1', '_', '~0', '*1']);
  });
});

/** The same, with the encoding that 7.2 has besides. */
const ENCODINGS_72: [string, string[]][] = [
  ['intset', range(0, 50)],
  ['listpack', [...range(0, 49), 'text']],
  ['hashtable', [...range(0, 49), 'text'.repeat(20)]],
];

/** How far the picks are from an equal share of each of the 50 members. */
function chiSquare(members: string[], picked: string[]): number {
  const times = new Map(members.map((member) => [member, 0]));
  for (const member of picked) times.set(member, (times.get(member) as number) + 1);
  const expected = picked.length / members.length;
  let chi = 0;
  for (const count of times.values()) chi += (count - expected) ** 2 / expected;
  return chi;
}

/** With 49 degrees of freedom it is above this once in a million runs. */
const CHI_SQUARE_MAX = 110;

// Redis's own choice is not this even: it takes a bucket of its table first, and then a member of the bucket's chain.
describeOnOurs('random members of sets', [], ({ run, call }) => {
  const many = async (times: number, command: string): Promise<string[]> => {
    const replies = await Promise.all(Array.from({ length: times }, () => run(command)));
    return replies.flat() as string[];
  };

  it.each(ENCODINGS_72)(
    'SRANDMEMBER: every member of an %s has the same chance',
    async (encoding, members) => {
      await fill(call, 's', members);
      expect(await run('OBJECT ENCODING s')).toBe(encoding);
      expect(chiSquare(members, await many(5000, 'SRANDMEMBER s'))).toBeLessThan(CHI_SQUARE_MAX);
      expect(chiSquare(members, await many(5, 'SRANDMEMBER s -2000'))).toBeLessThan(CHI_SQUARE_MAX);
      // Picks of one call are all different: a few of them are a little more even than chance, many much more.
      expect(chiSquare(members, await many(1000, 'SRANDMEMBER s 5'))).toBeLessThan(CHI_SQUARE_MAX);
      expect(chiSquare(members, await many(1000, 'SRANDMEMBER s 40'))).toBeLessThan(CHI_SQUARE_MAX);
    },
  );

  it.each(ENCODINGS_72)('SPOP: every member of an %s has the same chance', async (encoding, members) => {
    await fill(call, 's', members);
    expect(await run('OBJECT ENCODING s')).toBe(encoding);
    const popped: string[] = [];
    const someOf: string[] = [];
    for (let i = 0; i < 2500; i++) {
      // Each time from the full set again.
      await run('COPY s t REPLACE');
      popped.push((await run('SPOP t')) as string);
      if (i % 5 === 0) someOf.push(...((await run('SPOP t 10')) as string[]));
    }
    expect(chiSquare(members, popped)).toBeLessThan(CHI_SQUARE_MAX);
    expect(chiSquare(members, someOf)).toBeLessThan(CHI_SQUARE_MAX);
  });
});

describeOnOurs('set of 7.2', [], ({ run, call }) => {
  const encoding = async (run: Run, key: string): Promise<unknown> => run(`OBJECT ENCODING ${key}`);

  it('small sets with texts are listpacks', async () => {
    await run('SADD s a b 1');
    expect(await encoding(run, 's')).toBe('listpack');
    await run('SADD i 1 2');
    await run('SADD i x');
    expect(await encoding(run, 'i')).toBe('listpack');
    expect(sorted(await run('SMEMBERS i'))).toEqual(['1', '2', 'x']);
    expect(await run('SMISMEMBER i 1 01 x y')).toEqual([1, 0, 1, 0]);
    expect(await run('SREM i 1 y')).toBe(1);
    expect(sorted(await run('SMEMBERS i'))).toEqual(['2', 'x']);
    await call('SADD', 'i', 'l'.repeat(64));
    expect(await encoding(run, 'i')).toBe('listpack');
    await call('SADD', 'i', 'l'.repeat(65));
    expect(await encoding(run, 'i')).toBe('hashtable');
  });

  it('the 129th member makes a listpack a table, and a text an intset of 128', async () => {
    for (const member of range(0, 128)) await run(`SADD s m${member}`);
    expect(await encoding(run, 's')).toBe('listpack');
    await run('SADD s m5');
    expect(await encoding(run, 's')).toBe('listpack');
    await run('SADD s more');
    expect(await encoding(run, 's')).toBe('hashtable');
    await fill(call, 'i', range(0, 127));
    await fill(call, 'j', range(0, 128));
    await run('SADD i x');
    await run('SADD j x');
    expect(await encoding(run, 'i')).toBe('listpack');
    expect(await encoding(run, 'j')).toBe('hashtable');
  });

  it('SADD of many at once is a table from the start, even of equal ones', async () => {
    await call('SADD', 's', ...Array.from({ length: 129 }, () => 'x'));
    expect(await encoding(run, 's')).toBe('hashtable');
    await call('SADD', 'i', ...Array.from({ length: 513 }, () => '1'));
    expect(await encoding(run, 'i')).toBe('hashtable');
    await run('SADD j 1');
    await call('SADD', 'j', ...Array.from({ length: 513 }, () => '1'));
    expect(await encoding(run, 'j')).toBe('hashtable');
  });

  it('SPOP, SRANDMEMBER: in a listpack', async () => {
    const members = range(0, 20).map((n) => `m${n}`);
    await fill(call, 's', members);
    const some = (await run('SPOP s 7')) as string[];
    const one = (await run('SPOP s')) as string;
    const most = (await run('SPOP s 11')) as string[];
    const left = (await run('SRANDMEMBER s 5')) as string[];
    expect(await encoding(run, 's')).toBe('listpack');
    expect(sorted([...some, one, ...most, ...left])).toEqual(sorted(members));
    await fill(call, 't', range(0, 1000));
    await run('SPOP t 990');
    expect(await encoding(run, 't')).toBe('listpack');
  });

  it('the STORE forms: intersections of integers are intsets, others listpacks', async () => {
    await run('SADD a 1 2 x');
    await run('SADD b 1 2 y');
    await run('SADD c 1 x');
    await run('SINTERSTORE d a b');
    expect(await encoding(run, 'd')).toBe('intset');
    await run('SINTERSTORE d a c');
    expect(await encoding(run, 'd')).toBe('listpack');
    await run('SUNIONSTORE d a b');
    expect(await encoding(run, 'd')).toBe('listpack');
    await run('SDIFFSTORE d a c');
    expect(await encoding(run, 'd')).toBe('intset');
  });
});
