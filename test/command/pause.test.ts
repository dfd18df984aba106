/** CLIENT PAUSE and UNPAUSE: what is held back, and that nothing is lost by it. */
import { expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs } from './both-servers.ts';
import { type RawClient, readable } from './raw-client.ts';

const LONG = '100000';

describeOnBoth('pause', [], ({ run, call, client, name }) => {
  const figure = async (field: string, section: string) =>
    Number(new RegExp(`${field}:([0-9]+)`).exec(String(await run(`INFO ${section}`)))?.[1]);
  const untilStopped = async (count: number) => {
    while ((await figure('blocked_clients', 'clients')) !== count);
  };

  it('CLIENT PAUSE: refuses what makes no sense', async () => {
    expect(await run('CLIENT PAUSE')).toBe("error: ERR wrong number of arguments for 'client|pause' command");
    expect(await run('CLIENT PAUSE x')).toBe('error: ERR timeout is not an integer or out of range');
    expect(await run('CLIENT PAUSE -1')).toBe('error: ERR timeout is negative');
    // Its end overflows into the past: nothing waits.
    expect(await run('CLIENT PAUSE 9223372036854775807')).toBe('OK');
    expect(await run('GET k')).toBe(null);
    expect(await run('CLIENT PAUSE x SOME')).toBe('error: ERR CLIENT PAUSE mode must be WRITE or ALL');
    expect(await run('CLIENT UNPAUSE')).toBe('OK');
    expect(await run('CLIENT UNPAUSE now')).toContain('wrong number of arguments');
  });

  it('CLIENT PAUSE WRITE: holds back what writes or may, in the order in which it came, and lets the rest run', async () => {
    await run('SET k v');
    await run('PFADD hll a');
    await run(`CLIENT PAUSE ${LONG} WRITE`);
    const clients: RawClient[] = [];
    const replies: Promise<unknown>[] = [];
    const stop = async (...words: string[]) => {
      const each = await client();
      clients.push(each);
      replies.push(each.call(...words).then(readable));
      await untilStopped(clients.length);
    };
    await stop('APPEND', 'k', '1');
    await stop('APPEND', 'k', '2');
    await stop('PUBLISH', 'c', 'm');
    await stop('SPUBLISH', 'c', 'm');
    await stop('PFCOUNT', 'hll');
    expect(await run('GET k')).toBe('v');
    expect(await run('PING')).toBe('PONG');
    expect(await run('SET k')).toBe("error: ERR wrong number of arguments for 'set' command");
    expect(await run('NOSUCH')).toContain('error: ERR unknown command');
    expect(await run('CLIENT LIST')).toContain('flags=b ');
    expect(await run('CLIENT UNPAUSE')).toBe('OK');
    expect(await Promise.all(replies)).toEqual([2, 3, 0, 0, 1]);
    expect(await run('GET k')).toBe('v12');
    for (const each of clients) each.close();
  });

  it('CLIENT PAUSE: what a client sends behind a command that is held back waits, too', async () => {
    await run(`CLIENT PAUSE ${LONG} WRITE`);
    const other = await client();
    const replies = [other.call('SET', 'a', '1'), other.call('GET', 'a'), other.call('ECHO', 'x')];
    await untilStopped(1);
    await run('CLIENT UNPAUSE');
    expect((await Promise.all(replies)).map(readable)).toEqual(['OK', '1', 'x']);
    other.close();
  });

  it('CLIENT PAUSE: a pause is never made shorter or milder, but ended', async () => {
    await run(`CLIENT PAUSE ${LONG} WRITE`);
    expect(await run('CLIENT PAUSE 1 WRITE')).toBe('OK');
    const other = await client();
    const reply = other.call('SET', 'a', '1');
    await untilStopped(1);
    await run('CLIENT UNPAUSE');
    expect(readable(await reply)).toBe('OK');
    other.close();
  });

  it('CLIENT PAUSE: ALL is what is meant where no mode is given, and ends by itself', async () => {
    expect(await run('CLIENT PAUSE 50')).toBe('OK');
    expect(await run('GET nosuch')).toBeNull();
    expect(await run('CLIENT PAUSE 50 ALL')).toBe('OK');
    expect(await run('CLIENT PAUSE 0')).toBe('OK');
    expect(await run('PING')).toBe('PONG');
  });

  it('CLIENT PAUSE: inside a transaction it begins when that is done', async () => {
    await run('MULTI');
    await run('SET a 1');
    await call('CLIENT', 'PAUSE', LONG, 'WRITE');
    await run('SET b 2');
    expect(await run('EXEC')).toEqual(['OK', 'OK', 'OK']);
    const other = await client();
    const reply = other.call('SET', 'c', '3');
    await untilStopped(1);
    expect(await run('MGET a b c')).toEqual(['1', '2', null]);
    await run('CLIENT UNPAUSE');
    expect(readable(await reply)).toBe('OK');
    other.close();
  });

  it('CLIENT PAUSE WRITE: holds back an EXEC that writes, and no other', async () => {
    const writer = await client();
    const reader = await client();
    for (const each of [writer, reader]) await each.call('MULTI');
    await writer.call('SET', 'k', 'v');
    await reader.call('GET', 'k');
    await run(`CLIENT PAUSE ${LONG} WRITE`);
    const reply = writer.call('EXEC');
    await untilStopped(1);
    expect(readable(await reader.call('EXEC'))).toEqual([null]);
    await run('CLIENT UNPAUSE');
    expect(readable(await reply)).toEqual(['OK']);
    writer.close();
    reader.close();
  });

  it('CLIENT PAUSE: keys whose time comes are not found, and deleted when it is over', async () => {
    const expired = await figure('expired_keys', 'stats');
    await run('MULTI');
    await run('SET a 1 PX 1');
    await run('SET b 2 PX 1');
    await run(`CLIENT PAUSE ${LONG} WRITE`);
    await run('EXEC');
    while ((await run('EXISTS a b')) !== 0);
    expect(await run('KEYS *')).toEqual([]);
    if (name === 'threadis') expect(typeof (await run('RANDOMKEY'))).toBe('string');
    expect(await run('DBSIZE')).toBe(2);
    expect(await figure('expired_keys', 'stats')).toBe(expired);
    await run('CLIENT UNPAUSE');
    await run('MGET a b');
    expect(await run('DBSIZE')).toBe(0);
    expect(await figure('expired_keys', 'stats')).toBe(expired + 2);
  });

  it('CLIENT PAUSE: a client that leaves while its command is held back has not run it', async () => {
    await run(`CLIENT PAUSE ${LONG} WRITE`);
    const other = await client();
    void other.call('SET', 'gone', '1').catch(() => {});
    await untilStopped(1);
    other.close();
    await untilStopped(0);
    await run('CLIENT UNPAUSE');
    expect(await run('EXISTS gone')).toBe(0);
  });

  it('CLIENT PAUSE: replies that are not wanted are not sent afterwards either', async () => {
    await run(`CLIENT PAUSE ${LONG} WRITE`);
    const other = await client();
    other.write('CLIENT REPLY SKIP\r\nSET k 1\r\nECHO after\r\n');
    await untilStopped(1);
    await run('CLIENT UNPAUSE');
    expect(readable(await other.next())).toBe('after');
    expect(await run('GET k')).toBe('1');
    other.close();
  });
});

describeOnOurs('pause of ours', [], ({ run, call, client }) => {
  const untilStopped = async (count: number) => {
    while (!String(await run('INFO clients')).includes(`blocked_clients:${count}\r\n`));
  };

  it('CLIENT PAUSE: refuses a time that there is not', async () => {
    expect(await run('CLIENT PAUSE 9223372036854775807')).toBe('error: ERR timeout is out of range');
  });

  // The real server 7.0 ends with a panic.
  it('CLIENT PAUSE: CLIENT UNBLOCK does not touch who is held back, CLIENT KILL does', async () => {
    await run(`CLIENT PAUSE ${LONG} WRITE`);
    const other = await client();
    const id = String(readable(await other.call('CLIENT', 'ID')));
    void other.call('SET', 'k', '1').catch(() => {});
    await untilStopped(1);
    expect(await call('CLIENT', 'UNBLOCK', id)).toBe(0);
    expect(await call('CLIENT', 'KILL', 'ID', id)).toBe(1);
    await other.closed();
    await untilStopped(0);
    await run('CLIENT UNPAUSE');
    expect(await run('EXISTS k')).toBe(0);
  });

  it('INFO clients: tells why and how long commands are held back', async () => {
    expect(await run('INFO clients')).toContain('paused_reason:none\r\npaused_actions:none\r\n');
    await run('CLIENT PAUSE 100000 WRITE');
    const text = String(await run('INFO clients'));
    expect(text).toContain('paused_reason:client_pause\r\npaused_actions:write\r\n');
    expect(Number(/paused_timeout_milliseconds:([0-9]+)/.exec(text)![1])).toBeGreaterThan(50_000);
    await run('CLIENT UNPAUSE');
  });
});
