/** MULTI, EXEC, DISCARD, WATCH and UNWATCH, on both servers. */
import { expect, it } from 'vitest';
import { type SeededRandom, seededRandom } from '../unit/base/seeded-random.ts';
import { describeOnBoth, describeOnOurs, type Target } from './both-servers.ts';
import { encodeCommand, type RawClient, readable } from './raw-client.ts';

const call = async (client: RawClient, command: string) => readable(await client.call(...command.split(' ')));

/** Runs the commands one after the other; their replies. */
async function each(client: RawClient, ...commands: string[]): Promise<unknown[]> {
  const replies: unknown[] = [];
  for (const command of commands) replies.push(await call(client, command));
  return replies;
}

/** A client, for the time of `use`. */
async function withClient<T>(
  target: Pick<Target, 'client'>,
  use: (client: RawClient) => Promise<T>,
): Promise<T> {
  const client = await target.client();
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

/** Sends the commands in one piece. */
function pipeline(client: RawClient, ...commands: string[]): void {
  client.write(Buffer.concat(commands.map((command) => encodeCommand(command.split(' ')))));
}

const replies = async (client: RawClient, count: number) => {
  const all: unknown[] = [];
  for (let i = 0; i < count; i++) all.push(readable(await client.next()));
  return all;
};

/**
 * Some transactions, those that end with EXEC pushing to a list of `length` elements: their bytes, the replies that are due, and how long the list is
 * then.
 */
function randomTransactions(random: SeededRandom, list: string, length: number) {
  const commands: string[][] = [];
  const wanted: unknown[] = [];
  for (let transactions = random.below(5); transactions > 0; transactions--) {
    const isKept = random.below(4) !== 0;
    const inside: unknown[] = [];
    commands.push(['MULTI']);
    for (let count = random.below(random.pick([4, 40, 300])); count > 0; count--) {
      // Beyond a quarter of the ring a command comes by another way; OBJECT ENCODING is a subcommand.
      const text = 'v'.repeat(random.below(200) === 0 ? 300_000 : random.below(50));
      const kind = random.pick(['ECHO', 'OBJECT', 'RPUSH', 'RPUSH', 'RPUSH']);
      if (kind === 'ECHO') commands.push(['ECHO', text]);
      else if (kind === 'OBJECT') commands.push(['OBJECT', 'ENCODING', 'nothing']);
      else commands.push(['RPUSH', list, text]);
      if (kind === 'RPUSH' && isKept) length++;
      inside.push(kind === 'ECHO' ? text : kind === 'OBJECT' ? null : length);
    }
    commands.push([isKept ? 'EXEC' : 'DISCARD']);
    wanted.push('OK', ...inside.map(() => 'QUEUED'), isKept ? inside : 'OK');
  }
  return { bytes: Buffer.concat(commands.map(encodeCommand)), wanted, length };
}

const ABORTED = 'error: EXECABORT Transaction discarded because of previous errors.';
const flagsOf = (info: unknown) => /flags=(\w+)/.exec(String(info))?.[1];

describeOnBoth('transactions', ['--enable-protected-configs', 'yes'], (target) => {
  const { run } = target;
  const using = (title: string, use: (client: RawClient) => Promise<void>) =>
    it(title, () => withClient(target, use));

  using('EXEC runs what was queued, and replies all of it', async (client) => {
    expect(
      await each(client, 'MULTI', 'SET a 1', 'INCR a', 'GET a', 'LPUSH l x y', 'LRANGE l 0 -1', 'EXEC'),
    ).toEqual(['OK', 'QUEUED', 'QUEUED', 'QUEUED', 'QUEUED', 'QUEUED', ['OK', 2, '2', 2, ['y', 'x']]]);
  });

  using('nothing runs before EXEC, and nothing of others in between', async (client) => {
    await each(client, 'MULTI', 'SET a 1', 'GET a');
    expect(await run('EXISTS a')).toBe(0);
    await run('SET a other');
    expect(await call(client, 'EXEC')).toEqual(['OK', '1']);
  });

  using('an empty transaction is an empty array', async (client) => {
    expect(await each(client, 'MULTI', 'EXEC', 'EXEC')).toEqual(['OK', [], 'error: ERR EXEC without MULTI']);
  });

  using('DISCARD forgets what was queued', async (client) => {
    expect(await each(client, 'SET a 1', 'MULTI', 'SET a 2', 'DISCARD', 'GET a', 'DISCARD')).toEqual([
      'OK',
      'OK',
      'QUEUED',
      'OK',
      '1',
      'error: ERR DISCARD without MULTI',
    ]);
  });

  using('MULTI and WATCH inside MULTI are errors that do not abort it', async (client) => {
    expect(await each(client, 'MULTI', 'MULTI', 'WATCH a', 'SET a 1', 'EXEC')).toEqual([
      'OK',
      'error: ERR MULTI calls can not be nested',
      'error: ERR WATCH inside MULTI is not allowed',
      'QUEUED',
      ['OK'],
    ]);
  });

  using('a command that cannot be queued aborts EXEC', async (client) => {
    for (const bad of [
      'NOSUCH x',
      'GET',
      'GET a b',
      'CLIENT NOSUCH',
      'CLIENT',
      'CONFIG GET',
      'SHUTDOWN NOSAVE',
    ]) {
      const replies = await each(client, 'MULTI', 'SET a 1', bad, 'SET b 1', 'EXEC', 'EXISTS a b');
      expect([bad, replies[1]]).toEqual([bad, 'QUEUED']);
      expect(String(replies[2])).toMatch(/^error: ERR/);
      expect(replies.slice(3)).toEqual(['QUEUED', ABORTED, 0]);
    }
  });

  using('a command that fails when it runs does not stop the others', async (client) => {
    expect(
      await each(client, 'SET s text', 'MULTI', 'INCR s', 'LPUSH s x', 'SET a 1', 'EXEC', 'GET a'),
    ).toEqual([
      'OK',
      'OK',
      'QUEUED',
      'QUEUED',
      'QUEUED',
      [
        'error: ERR value is not an integer or out of range',
        'error: WRONGTYPE Operation against a key holding the wrong kind of value',
        'OK',
      ],
      '1',
    ]);
  });

  using('EXEC that is wrong itself ends the transaction', async (client) => {
    expect(await each(client, 'MULTI', 'SET a 1', 'EXEC now', 'EXEC', 'EXISTS a')).toEqual([
      'OK',
      'QUEUED',
      "error: EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command",
      'error: ERR EXEC without MULTI',
      0,
    ]);
  });

  using('SELECT inside counts for the commands behind it, and stays', async (client) => {
    expect(
      await each(client, 'MULTI', 'SET a 0', 'SELECT 9', 'SET a 9', 'EXEC', 'GET a', 'SELECT 0', 'GET a'),
    ).toEqual(['OK', 'QUEUED', 'QUEUED', 'QUEUED', ['OK', 'OK', 'OK'], '9', 'OK', '0']);
  });

  using('commands that would wait do not', async (client) => {
    expect(
      await each(
        client,
        'MULTI',
        'BLPOP n 0',
        'BLMOVE n m LEFT LEFT 0',
        'BZPOPMIN n 0',
        'BLMPOP 0 1 n LEFT',
        'RPUSH n x',
        'BLPOP n 0',
        'EXEC',
      ),
    ).toEqual(['OK', ...Array(6).fill('QUEUED'), [null, null, null, null, 1, ['n', 'x']]]);
  });

  it('clients that wait for a key are served after EXEC, in order', async () => {
    const waiting = await Promise.all([target.client(), target.client()]);
    const replies: Promise<unknown>[] = [];
    for (const one of waiting) {
      const before = blocked(await run('INFO clients'));
      replies.push(one.call('BLPOP', 'q', 'r', '0').then(readable));
      while (blocked(await run('INFO clients')) === before) await new Promise((done) => setTimeout(done, 2));
    }
    await withClient(target, async (client) => {
      expect(
        await each(client, 'MULTI', 'RPUSH q a', 'LPOP q', 'RPUSH r b', 'RPUSH q c', 'EXISTS q r', 'EXEC'),
      ).toEqual(['OK', ...Array(5).fill('QUEUED'), [1, 'a', 1, 1, 2]]);
      expect(await Promise.all(replies)).toEqual([
        ['q', 'c'],
        ['r', 'b'],
      ]);
      expect(await call(client, 'EXISTS q r')).toBe(0);
    });
    for (const one of waiting) one.close();
  });

  using('RESET and QUIT are not queued', async (client) => {
    expect(await each(client, 'WATCH a', 'MULTI', 'SET a 1', 'RESET', 'EXEC')).toEqual([
      'OK',
      'OK',
      'QUEUED',
      'RESET',
      'error: ERR EXEC without MULTI',
    ]);
    expect(await each(client, 'MULTI', 'SET a 1', 'QUIT')).toEqual(['OK', 'QUEUED', 'OK']);
    await client.closed();
    expect(await run('EXISTS a')).toBe(0);
  });

  it('pipelines of transactions, cut anywhere, of several clients at once', async () => {
    const random = seededRandom('pipelined transactions');
    const clients = await Promise.all(Array.from({ length: 4 }, () => target.client()));
    const pushed = [0, 0, 0, 0];
    for (let round = 0; round < 25; round++) {
      const sent = clients.map((_, i) => randomTransactions(random, `list:${i}`, pushed[i]));
      for (const [i, { length }] of sent.entries()) pushed[i] = length;
      const at = [0, 0, 0, 0];
      while (sent.some(({ bytes }, i) => at[i] < bytes.length)) {
        for (const [i, { bytes }] of sent.entries()) {
          const size = random.pick([1, 50, 5000, bytes.length]);
          clients[i].write(bytes.subarray(at[i], at[i] + size));
          at[i] += size;
        }
        await new Promise((done) => setImmediate(done));
      }
      for (const [i, { wanted }] of sent.entries())
        expect(await replies(clients[i], wanted.length)).toEqual(wanted);
    }
    for (const client of clients) client.close();
  });

  using('one that waits in the middle goes on with what the client sent', async (client) => {
    await withClient(target, async (other) => {
      const noise = Array.from({ length: 500 }, (_, i) => `SET noise:${i} ${'n'.repeat(300)}`);
      for (let i = 0; i < 20; i++) {
        pipeline(client, 'MULTI', `SET a ${i}`, 'CONFIG SET dir .', 'APPEND a x', 'GET a', 'EXEC', 'DEL a');
        for (let times = 0; times < 5; times++) pipeline(other, ...noise);
        const queued = Array(4).fill('QUEUED');
        expect(await replies(client, 7)).toEqual(['OK', ...queued, ['OK', 'OK', `${i}x`.length, `${i}x`], 1]);
        await replies(other, 5 * noise.length);
      }
    });
  });

  using('a transaction ends with its connection', async (client) => {
    await each(client, 'WATCH a', 'MULTI', 'SET a 1');
    client.close();
    while (
      String(await run('CLIENT LIST'))
        .trim()
        .split('\n').length > 1
    )
      await new Promise((done) => setTimeout(done, 2));
    expect(await run('EXISTS a')).toBe(0);
  });

  using('CLIENT INFO tells what is queued and whether a watch is broken', async (client) => {
    expect(flagsOf(await call(client, 'CLIENT INFO'))).toBe('N');
    const id = await call(client, 'CLIENT ID');
    const seen = async () => String(await run(`CLIENT LIST ID ${id}`));
    await each(client, 'WATCH a', 'MULTI', 'PING', 'CLIENT INFO');
    expect(await seen()).toMatch(/ flags=x .* multi=2 .* multi-mem=[1-9]/);
    await run('SET a 1');
    expect(await seen()).toMatch(/ flags=xd .* cmd=(client\|info|multi|ping)/);
    expect(await call(client, 'EXEC')).toBeNull();
    expect(await seen()).toMatch(/ flags=N .* multi=-1 .* multi-mem=0 .* cmd=exec/);
    await each(client, 'MULTI', 'CLIENT INFO');
    expect(String(await call(client, 'EXEC'))).toMatch(/ flags=x .* multi=1 .* cmd=exec/);
  });

  using('CLIENT REPLY OFF silences a whole transaction', async (client) => {
    client.write('CLIENT REPLY OFF\r\nMULTI\r\nSET a 1\r\nEXEC\r\nCLIENT REPLY ON\r\n');
    expect(readable(await client.next())).toBe('OK');
    expect(await call(client, 'GET a')).toBe('1');
  });

  it('HELLO inside changes the protocol of what follows', async () => {
    const text = await target.raw(
      'HSET h f v',
      'MULTI',
      'HGETALL h',
      'HELLO 3',
      'HGETALL h',
      'EXEC',
      'GET none',
      'QUIT',
    );
    expect(text).toContain('*3\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n%7\r\n');
    expect(text).toContain('%1\r\n$1\r\nf\r\n$1\r\nv\r\n_\r\n+OK\r\n');
  });

  it('a broken watch is a null of the protocol', async () => {
    const text = await target.raw('HELLO 3', 'WATCH a', 'SET a 1', 'MULTI', 'PING', 'EXEC', 'QUIT');
    expect(text.endsWith('+QUEUED\r\n_\r\n+OK\r\n')).toBe(true);
  });

  using('a command that another thread has to help with has its reply in its place', async (client) => {
    const dir = ((await run('CONFIG GET dir')) as string[])[1];
    await each(client, 'MULTI', 'SET a 1', 'CONFIG SET dir /tmp', 'CONFIG GET dir', 'INCR a');
    const replies = Promise.all([call(client, 'EXEC'), call(client, 'PING'), call(client, 'GET a')]);
    expect(await replies).toEqual([['OK', 'OK', ['dir', '/tmp'], 2], 'PONG', '2']);
    expect(await run('CONFIG SET dir <dir>', dir)).toBe('OK');
    client.write('CLIENT REPLY OFF\r\nMULTI\r\nCONFIG SET dir /tmp\r\nINCR a\r\nEXEC\r\nCLIENT REPLY ON\r\n');
    expect(readable(await client.next())).toBe('OK');
    expect(await call(client, 'GET a')).toBe('3');
    expect(await run('CONFIG SET dir <dir>', dir)).toBe('OK');
  });

  using('queued commands keep any bytes and any size', async (client) => {
    const large = Buffer.alloc(3 << 20, 'x');
    const bytes = Buffer.from([0, 13, 10, 255, 128, 36]);
    expect(readable(await client.call('MULTI'))).toBe('OK');
    for (let i = 0; i < 300; i++) void client.call('RPUSH', 'list', String(i), 'v'.repeat(i));
    expect(readable(await client.call('SET', 'large', large))).toBe('QUEUED');
    void client.call('SET', bytes, bytes);
    void client.call('SET', '', '');
    while ((await call(client, 'STRLEN large')) !== 'QUEUED');
    const replies = (await call(client, 'EXEC')) as unknown[];
    expect(replies.length).toBeGreaterThan(303);
    expect(replies.at(-1)).toBe(3 << 20);
    expect(await call(client, 'LLEN list')).toBe(600);
    expect(readable(await client.call('GET', bytes))).toBe(bytes.toString('latin1'));
    expect(await call(client, 'DBSIZE')).toBe(4);
  });

  using('maxmemory refuses commands at once, and EXEC of those that need memory', async (client) => {
    const OOM = "error: OOM command not allowed when used memory > 'maxmemory'.";
    try {
      await each(client, 'SET a 1', 'MULTI', 'SET a 2');
      await run('CONFIG SET maxmemory 1');
      expect(await call(client, 'EXEC')).toBe(
        OOM.replace('OOM', 'EXECABORT Transaction discarded because of: OOM'),
      );
      expect(await each(client, 'MULTI', 'GET a', 'EXEC')).toEqual(['OK', OOM, ABORTED]);
      await run('CONFIG SET maxmemory 0');
      await each(client, 'MULTI', 'GET a');
      await run('CONFIG SET maxmemory 1');
      expect(await call(client, 'EXEC')).toEqual(['1']);
      await each(client, 'MULTI');
      expect(await call(client, 'DISCARD')).toBe('OK');
    } finally {
      await run('CONFIG SET maxmemory 0');
    }
  });

  using('commands are counted when they run', async (client) => {
    await run('CONFIG RESETSTAT');
    await each(
      client,
      'MULTI',
      'SET a 1',
      'SET b 2',
      'NOSUCH',
      'EXEC',
      'MULTI',
      'SET a 1',
      'SET b 1',
      'EXEC',
    );
    const stats = String(await run('INFO commandstats'));
    expect(stats).toMatch(/cmdstat_set:calls=2,/);
    expect(stats).toMatch(/cmdstat_multi:calls=2,/);
    expect(stats).toMatch(/cmdstat_exec:calls=2,.*failed_calls=1/);
    expect(String(await run('INFO errorstats'))).toMatch(/errorstat_EXECABORT:count=1/);
  });

  // --- watching -----------------------------------------------------------------------------------

  using('EXEC does nothing after a watched key was changed by another client', async (client) => {
    await each(client, 'SET a 1', 'WATCH a b', 'MULTI', 'SET c 1');
    await run('SET a 2');
    expect(await each(client, 'EXEC', 'EXISTS c')).toEqual([null, 0]);
    expect(await each(client, 'MULTI', 'SET c 1', 'EXEC')).toEqual(['OK', 'QUEUED', ['OK']]);
  });

  using('EXEC does nothing after a watched key was changed by the client itself', async (client) => {
    expect(await each(client, 'WATCH a', 'SET a 2', 'MULTI', 'PING', 'EXEC')).toEqual([
      'OK',
      'OK',
      'OK',
      'QUEUED',
      null,
    ]);
  });

  using('what the transaction itself changes is no matter', async (client) => {
    expect(await each(client, 'WATCH a', 'MULTI', 'SET a 1', 'SET a 2', 'EXEC')).toEqual([
      'OK',
      'OK',
      'QUEUED',
      'QUEUED',
      ['OK', 'OK'],
    ]);
  });

  using('UNWATCH, EXEC and DISCARD end watching; inside MULTI UNWATCH comes too late', async (client) => {
    expect(await each(client, 'WATCH a', 'SET a 2', 'UNWATCH', 'MULTI', 'PING', 'EXEC')).toContainEqual([
      'PONG',
    ]);
    expect(
      await each(client, 'WATCH a', 'MULTI', 'DISCARD', 'SET a 1', 'MULTI', 'PING', 'EXEC'),
    ).toContainEqual(['PONG']);
    expect(await each(client, 'WATCH a', 'MULTI', 'EXEC', 'SET a 1', 'MULTI', 'PING', 'EXEC')).toContainEqual(
      ['PONG'],
    );
    expect(await each(client, 'WATCH a', 'SET a 1', 'MULTI', 'UNWATCH', 'EXEC')).toContainEqual(null);
  });

  using('an error in the queue comes before a broken watch', async (client) => {
    expect(await each(client, 'WATCH a', 'SET a 1', 'MULTI', 'NOSUCH', 'EXEC')).toContainEqual(ABORTED);
    expect(await each(client, 'MULTI', 'PING', 'EXEC')).toContainEqual(['PONG']);
  });

  using('a key of the same name in another database is another key', async (client) => {
    await each(client, 'SELECT 9', 'WATCH a', 'SELECT 0');
    await run('SET a 1');
    expect(await each(client, 'MULTI', 'PING', 'EXEC')).toContainEqual(['PONG']);
    await each(client, 'SELECT 9', 'WATCH a', 'SELECT 0');
    await run('SET b 1');
    await run('MOVE a 9');
    expect(await each(client, 'MULTI', 'PING', 'EXEC')).toContainEqual(null);
    await run('COPY b a DB 9 REPLACE');
  });

  using(
    'a watched key that expires breaks the watch; one that had expired before does not',
    async (client) => {
      const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));
      // Long enough for a server that has just been started: WATCH must come before the end.
      await run('SET a 1 PX 1500');
      await call(client, 'WATCH a');
      await wait(1530);
      expect(await each(client, 'MULTI', 'PING', 'EXEC')).toContainEqual(null);
      await run('DEBUG SET-ACTIVE-EXPIRE 0');
      try {
        await run('SET a 1 PX 5');
        await wait(20);
        expect(await each(client, 'WATCH a', 'MULTI', 'PING', 'EXEC')).toContainEqual(['PONG']);
        await run('SET a 1 PX 5');
        await wait(20);
        expect(await each(client, 'WATCH a', 'DEL a', 'MULTI', 'PING', 'EXEC')).toContainEqual(['PONG']);
        await run('SET a 1 PX 5');
        await wait(20);
        expect(await each(client, 'WATCH a', 'FLUSHALL', 'MULTI', 'PING', 'EXEC')).toContainEqual(['PONG']);
        await run('SET a 1 PX 5');
        await wait(20);
        expect(await each(client, 'WATCH a', 'SET a 2', 'MULTI', 'PING', 'EXEC')).toContainEqual(null);
      } finally {
        await run('DEBUG SET-ACTIVE-EXPIRE 1');
      }
    },
  );
});

describeOnOurs('a transaction that is too long', [], (target) => {
  it('closes its client, by client-query-buffer-limit', async () => {
    await target.run('CONFIG SET client-query-buffer-limit 2mb');
    await withClient(target, async (client) => {
      await client.call('MULTI');
      const value = Buffer.alloc(100_000, 'v');
      const queued = Array.from({ length: 40 }, () => client.call('SET', 'k', value).catch(() => null));
      await client.closed();
      const replies = await Promise.all(queued);
      expect(replies.filter((reply) => reply !== null).length).toBeLessThan(21);
      expect(await target.run('EXISTS k')).toBe(0);
    });
    await target.run('CONFIG SET client-query-buffer-limit 1gb');
  });
});

function blocked(info: unknown): number {
  return Number(/blocked_clients:(\d+)/.exec(String(info))![1]);
}
