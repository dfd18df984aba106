/** notify-keyspace-events: which classes are told, to which channels. What each command tells is in key-changes.test.ts. On both servers. */
import { expect, it } from 'vitest';
import { describeOnBoth } from './both-servers.ts';
import { type RawClient, readable } from './raw-client.ts';

const FOR_EACH_CLASS = [
  'SET s v',
  'APPEND s v',
  'LPUSH l a',
  'SADD t a',
  'HSET h f v',
  'ZADD z 1 a',
  'EXPIRE s 100',
  'DEL l',
  'GET none',
];

describeOnBoth('keyspace notifications', [], ({ run, call, client }) => {
  /** What is told of the commands when these classes are asked for, channel and message. */
  async function told(classes: string, commands: string[], after?: () => Promise<void>): Promise<string[]> {
    const listener = await client();
    try {
      await run('CONFIG SET notify-keyspace-events <c>', classes);
      await listener.call('PSUBSCRIBE', '__key*', 'end');
      await listener.next();
      for (const command of commands) await run(command);
      await after?.();
      return await untilEnd(listener);
    } finally {
      await run('CONFIG SET notify-keyspace-events <c>', '');
      listener.close();
    }
  }

  async function untilEnd(listener: RawClient): Promise<string[]> {
    const lines: string[] = [];
    await run('PUBLISH end now');
    for (;;) {
      const [, , channel, message] = readable(await listener.next()) as string[];
      if (channel === 'end') return lines;
      lines.push(`${channel} ${message}`);
    }
  }

  it('nothing is told without K or E, or without a class', async () => {
    for (const classes of ['', 'A', 'K', 'KE', 'g$lshzxetdmn']) {
      expect([classes, await told(classes, FOR_EACH_CLASS)]).toEqual([classes, []]);
    }
  });

  it('K tells the key what happened, E the event to whom, K first', async () => {
    expect(await told('KA', ['SET a 1'])).toEqual(['__keyspace@0__:a set']);
    expect(await told('EA', ['SET a 1'])).toEqual(['__keyevent@0__:set a']);
    expect(await told('KEA', ['SET a 1', 'SELECT 9', 'SET b 1', 'SELECT 0'])).toEqual([
      '__keyspace@0__:a set',
      '__keyevent@0__:set a',
      '__keyspace@9__:b set',
      '__keyevent@9__:set b',
    ]);
  });

  it('each class tells its own events', async () => {
    const events = async (classes: string) => {
      await run('FLUSHALL');
      return (await told(`E${classes}`, FOR_EACH_CLASS)).map((line) => line.slice('__keyevent@0__:'.length));
    };
    expect(await events('$')).toEqual(['set s', 'append s']);
    expect(await events('l')).toEqual(['lpush l']);
    expect(await events('s')).toEqual(['sadd t']);
    expect(await events('h')).toEqual(['hset h']);
    expect(await events('z')).toEqual(['zadd z']);
    expect(await events('g')).toEqual(['expire s', 'del l']);
    expect(await events('m')).toEqual(['keymiss none']);
    expect(await events('n')).toEqual(['new s', 'new l', 'new t', 'new h', 'new z']);
    expect(await events('x')).toEqual([]);
    expect(await events('A')).toEqual([
      'set s',
      'append s',
      'lpush l',
      'sadd t',
      'hset h',
      'zadd z',
      'expire s',
      'del l',
    ]);
  });

  it('keys that expire are told when they go, by a look-up or by themselves', async () => {
    await run('DEBUG SET-ACTIVE-EXPIRE 0');
    const wait = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
    try {
      expect(
        await told('Ex', ['SET a 1 PX 5'], async () => {
          await wait(20);
          expect(await run('GET a')).toBeNull();
        }),
      ).toEqual(['__keyevent@0__:expired a']);
    } finally {
      await run('DEBUG SET-ACTIVE-EXPIRE 1');
    }
    expect(
      await told('Ex', ['SET a 1 PX 5'], async () => {
        while ((await run('DBSIZE')) !== 0) await wait(5);
      }),
    ).toEqual(['__keyevent@0__:expired a']);
  });

  it('what a transaction and a client that waited for a key do is told in order', async () => {
    const waiting = await client();
    const reply = waiting.call('BLPOP', 'q', '0');
    while (!/blocked_clients:1/.test(String(await run('INFO clients'))))
      await new Promise((done) => setTimeout(done, 2));
    expect(await told('EA', ['MULTI', 'SET a 1', 'RPUSH q x', 'INCR a', 'EXEC'])).toEqual([
      '__keyevent@0__:set a',
      '__keyevent@0__:rpush q',
      '__keyevent@0__:incrby a',
      '__keyevent@0__:lpop q',
      '__keyevent@0__:del q',
    ]);
    expect(readable(await reply)).toEqual(['q', 'x']);
    waiting.close();
  });

  it('keys of any bytes and any length', async () => {
    const listener = await client();
    await run('CONFIG SET notify-keyspace-events KEA');
    await listener.call('PSUBSCRIBE', '__key*');
    for (const key of [Buffer.from([0, 255, 10]), Buffer.alloc(100_000, 'k'), Buffer.from('')]) {
      await call('SET', key, 'v');
      const text = key.toString('latin1');
      expect(readable(await listener.next())).toEqual([
        'pmessage',
        '__key*',
        `__keyspace@0__:${text}`,
        'set',
      ]);
      expect(readable(await listener.next())).toEqual(['pmessage', '__key*', '__keyevent@0__:set', text]);
    }
    await run('CONFIG SET notify-keyspace-events <c>', '');
    listener.close();
  });
});
