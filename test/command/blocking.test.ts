/** Commands that wait: who is served, in which order, with what, and what ends a wait. On both servers. */
import { expect, it } from 'vitest';
import { describeOnBoth, type Target } from './both-servers.ts';
import { type RawClient, readable } from './raw-client.ts';

/** A client that has sent a command which waits; `reply` settles when the wait is over. */
interface Waiter {
  client: RawClient;
  id: number;
  reply: Promise<unknown>;
}

async function waiter(
  { client, run }: Pick<Target, 'client' | 'run'>,
  ...command: string[]
): Promise<Waiter> {
  const own = await client();
  const id = Number(await own.call('CLIENT', 'ID'));
  const before = await blocked(run);
  const reply = own.call(...command).then(readable);
  while ((await blocked(run)) === before) await pause();
  return { client: own, id, reply };
}

async function blocked(run: Target['run']): Promise<number> {
  return Number(/blocked_clients:(\d+)/.exec(String(await run('INFO clients')))![1]);
}

const CROWD = 3000;

const pause = () => new Promise((done) => setTimeout(done, 2));

describeOnBoth('blocking commands', [], (target) => {
  const { run, client } = target;

  it('serve the client that has waited longest first', async () => {
    const first = await waiter(target, 'BLPOP', 'q', '0');
    const second = await waiter(target, 'BRPOP', 'q', '0');
    const third = await waiter(target, 'BLPOP', 'other', 'q', '0');
    expect(await run('RPUSH q a')).toBe(1);
    expect(await first.reply).toEqual(['q', 'a']);
    expect(await run('RPUSH q b c')).toBe(2);
    expect(await second.reply).toEqual(['q', 'c']);
    expect(await third.reply).toEqual(['q', 'b']);
    expect(await run('EXISTS q')).toBe(0);
    expect(await blocked(run)).toBe(0);
    for (const { client } of [first, second, third]) client.close();
  });

  it('time out with a null', async () => {
    const own = await client();
    expect(readable(await own.call('BLPOP', 'q', '0.01'))).toBeNull();
    expect(readable(await own.call('BLMOVE', 'q', 'p', 'LEFT', 'RIGHT', '0.01'))).toBeNull();
    expect(readable(await own.call('BZPOPMIN', 'z', '0.01'))).toBeNull();
    expect(await blocked(run)).toBe(0);
    own.close();
  });

  it('do not take a key of another type, and wait on', async () => {
    const list = await waiter(target, 'BLPOP', 'k', '0');
    expect(await run('SET k text')).toBe('OK');
    expect(await run('DEL k')).toBe(1);
    expect(await run('ZADD k 1 m')).toBe(1);
    expect(await blocked(run)).toBe(1);
    expect(await run('DEL k')).toBe(1);
    expect(await run('LPUSH k x')).toBe(1);
    expect(await list.reply).toEqual(['k', 'x']);
    list.client.close();
  });

  it('see a list that RENAME, COPY or SWAPDB brings', async () => {
    const renamed = await waiter(target, 'BLPOP', 'target', '0');
    await run('RPUSH source 1');
    expect(await run('RENAME source target')).toBe('OK');
    expect(await renamed.reply).toEqual(['target', '1']);
    const copied = await waiter(target, 'BLPOP', 'target', '0');
    await run('RPUSH source 2');
    expect(await run('COPY source target')).toBe(1);
    expect(await copied.reply).toEqual(['target', '2']);
    const swapped = await waiter(target, 'BLPOP', 'target', '0');
    await run('SELECT 9');
    await run('RPUSH target 3');
    await run('SELECT 0');
    expect(await run('SWAPDB 0 9')).toBe('OK');
    expect(await swapped.reply).toEqual(['target', '3']);
    for (const { client } of [renamed, copied, swapped]) client.close();
  });

  it('make chains: what one client moves serves the next', async () => {
    const mover = await waiter(target, 'BLMOVE', 'a', 'b', 'LEFT', 'RIGHT', '0');
    const second = await waiter(target, 'BRPOPLPUSH', 'b', 'c', '0');
    const last = await waiter(target, 'BLPOP', 'c', '0');
    expect(await run('LPUSH a x')).toBe(1);
    expect(await mover.reply).toBe('x');
    expect(await second.reply).toBe('x');
    expect(await last.reply).toEqual(['c', 'x']);
    for (const { client } of [mover, second, last]) client.close();
  });

  it('run what came behind them in the same pipeline afterwards', async () => {
    const own = await client();
    const replies = Promise.all([
      own.call('BLPOP', 'q', '0'),
      own.call('RPUSH', 'after', 'x'),
      own.call('LRANGE', 'after', '0', '-1'),
    ]);
    while ((await blocked(run)) === 0) await pause();
    expect(await run('EXISTS after')).toBe(0);
    await run('LPUSH q 1');
    expect((await replies).map(readable)).toEqual([['q', '1'], 1, ['x']]);
    own.close();
  });

  it('leave the queue with their connection', async () => {
    const gone = await waiter(target, 'BLPOP', 'q', '0');
    gone.reply.catch(() => {});
    const next = await waiter(target, 'BLPOP', 'q', '0');
    gone.client.close();
    while ((await blocked(run)) === 2) await pause();
    expect(await run('LPUSH q 1')).toBe(1);
    expect(await next.reply).toEqual(['q', '1']);
    next.client.close();
  });

  it('CLIENT UNBLOCK ends a wait as a timeout or with an error', async () => {
    const timed = await waiter(target, 'BLPOP', 'q', '0');
    expect(await run(`CLIENT UNBLOCK ${timed.id}`)).toBe(1);
    expect(await timed.reply).toBeNull();
    const failed = await waiter(target, 'BLPOP', 'q', '0');
    expect(await run(`CLIENT UNBLOCK ${failed.id} ERROR`)).toBe(1);
    expect(await failed.reply).toBe('error: UNBLOCKED client unblocked via CLIENT UNBLOCK');
    expect(await run(`CLIENT UNBLOCK ${failed.id}`)).toBe(0);
    expect(await run('CLIENT UNBLOCK x')).toBe('error: ERR value is not an integer or out of range');
    expect(await run('CLIENT UNBLOCK 1 SOON')).toBe(
      'error: ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR',
    );
    for (const { client } of [timed, failed]) client.close();
  });

  it('BZPOPMIN and BZMPOP wait for sorted sets', async () => {
    const least = await waiter(target, 'BZPOPMIN', 'z', '0');
    const many = await waiter(target, 'BZMPOP', '0', '2', 'y', 'z', 'MAX', 'COUNT', '5');
    expect(await run('ZADD z 1 a 2 b 3 c')).toBe(3);
    expect(await least.reply).toEqual(['z', 'a', '1']);
    expect(await many.reply).toEqual([
      'z',
      [
        ['c', '3'],
        ['b', '2'],
      ],
    ]);
    for (const { client } of [least, many]) client.close();
  });

  it('CLIENT REPLY SKIP: a wait whose reply is skipped does not take the reply of the next one away', async () => {
    const own = await client();
    own.write('CLIENT REPLY SKIP\r\nBLPOP skipped 0\r\nBLPOP other 0.01\r\nECHO end\r\n');
    while ((await blocked(run)) !== 1) await pause();
    await run('RPUSH skipped x');
    expect(readable(await own.next())).toBeNull();
    expect(readable(await own.next())).toBe('end');
    own.close();
  });

  it('thousands of clients on one key are served in order', async () => {
    const own: RawClient[] = [];
    // Not all at once: a backlog is not what this is about.
    while (own.length < CROWD) own.push(...(await Promise.all(Array.from({ length: 100 }, () => client()))));
    const order: number[] = [];
    const replies: Promise<unknown>[] = [];
    for (const [i, one] of own.entries()) {
      replies.push(
        one.call('BLPOP', 'q', '0').then((reply) => {
          order.push(i);
          return readable(reply);
        }),
      );
      while ((await blocked(run)) === i) await pause();
    }
    const values = own.map((_, i) => `v${i}`);
    expect(await run(`RPUSH q ${values.join(' ')}`)).toBe(CROWD);
    expect(await Promise.all(replies)).toEqual(values.map((value) => ['q', value]));
    expect(await run('EXISTS q')).toBe(0);
    for (const one of own) one.close();
  });
});
