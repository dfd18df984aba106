/** MONITOR, on both servers: what is shown, in which order and form. */
import { expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs } from './both-servers.ts';
import { type RawClient, readable } from './raw-client.ts';

const LINE = /^([0-9]{10}\.[0-9]{6}) \[([0-9]+) (127\.0\.0\.1:[0-9]+)\] (.*)$/s;

describeOnBoth('monitor', [], ({ run, call, client, raw }) => {
  const monitor = async () => {
    const watcher = await client();
    expect(readable(await watcher.call('MONITOR'))).toBe('OK');
    return watcher;
  };
  const shown = async (watcher: RawClient) => LINE.exec(String(readable(await watcher.next())))!;
  const texts = async (watcher: RawClient, count: number) => {
    const lines: string[] = [];
    for (let i = 0; i < count; i++) lines.push((await shown(watcher))[4]);
    return lines;
  };

  it('MONITOR: shows time, database, address and arguments', async () => {
    const watcher = await monitor();
    await run('SELECT 3');
    await run('set k v');
    await run('SELECT 0');
    const [, time, db, address, text] = await shown(watcher);
    expect(Math.abs(Number(time) * 1000 - Date.now())).toBeLessThan(60_000);
    expect([db, text]).toEqual(['3', '"SELECT" "3"']);
    expect(String(await run('CLIENT INFO'))).toContain(`addr=${address} `);
    expect((await shown(watcher)).slice(2, 5)).toEqual(['3', address, '"set" "k" "v"']);
    watcher.close();
  });

  it('MONITOR: escapes what cannot be printed', async () => {
    const watcher = await monitor();
    await run('ECHO <x>', Buffer.from('a"b\\c\n\r\t\x07\b\x00\xff\x7f é', 'latin1'));
    expect(await texts(watcher, 1)).toEqual(['"ECHO" "a\\"b\\\\c\\n\\r\\t\\a\\b\\x00\\xff\\x7f \\xe9"']);
    watcher.close();
  });

  it('MONITOR: shows commands of a transaction before its EXEC, and nothing that was refused or administrates', async () => {
    const watcher = await monitor();
    await run('MULTI');
    await run('SET k v');
    await run('CONFIG GET port');
    await run('EXEC');
    await run('GET');
    await run('NOSUCH');
    await run('CONFIG GET port');
    await run('INCR k');
    expect(await texts(watcher, 4)).toEqual(['"MULTI"', '"SET" "k" "v"', '"EXEC"', '"INCR" "k"']);
    watcher.close();
  });

  it('MONITOR: leaves passwords out', async () => {
    const watcher = await monitor();
    await run('AUTH secret');
    await run('AUTH user secret');
    await run('HELLO 2 AUTH user secret');
    await run('HELLO 2 AUTH user secret SETNAME n');
    await run('ECHO end');
    expect(await texts(watcher, 5)).toEqual([
      '"AUTH" "(redacted)"',
      '"AUTH" "(redacted)" "(redacted)"',
      '"HELLO" "2" "AUTH" "(redacted)" "(redacted)"',
      '"HELLO" "2" "AUTH" "(redacted)" "(redacted)" "SETNAME" "n"',
      '"ECHO" "end"',
    ]);
    watcher.close();
  });

  it('MONITOR: shows a command that waits once, and those of the monitor itself', async () => {
    const watcher = await monitor();
    const waiting = await client();
    const reply = waiting.call('BLPOP', 'list', '0');
    expect(await texts(watcher, 1)).toEqual(['"BLPOP" "list" "0"']);
    await run('RPUSH list x');
    await reply;
    await run('ECHO end');
    expect(await texts(watcher, 2)).toEqual(['"RPUSH" "list" "x"', '"ECHO" "end"']);
    watcher.write('ECHO own\r\n');
    const both = [String(readable(await watcher.next())), String(readable(await watcher.next()))];
    expect(both.map((text) => LINE.exec(text)?.[4] ?? text).sort()).toEqual(['"ECHO" "own"', 'own']);
    waiting.close();
    watcher.close();
  });

  it('MONITOR: not inside a transaction; RESET ends it; CLIENT LIST tells it', async () => {
    await run('MULTI');
    await run('MONITOR');
    expect(await run('EXEC')).toEqual(["error: ERR MONITOR isn't allowed for DENY BLOCKING client"]);
    const watcher = await monitor();
    expect(String(await run('CLIENT LIST'))).toContain('flags=O ');
    expect(String(readable(await watcher.call('RESET')))).toBe('RESET');
    await run('ECHO unseen');
    expect(readable(await watcher.call('PING'))).toBe('PONG');
    expect(await call('CLIENT', 'LIST')).not.toContain('flags=O ');
    watcher.close();
  });

  it('MONITOR: said twice it is answered once', async () => {
    expect(await raw('MONITOR', 'MONITOR', 'RESET')).toBe('+OK\r\n+RESET\r\n');
  });
});

describeOnBoth('idle clients', ['--timeout', '1'], ({ client }) => {
  it('timeout: closes who is silent, but neither monitors nor subscribers nor those who wait', async () => {
    const [silent, watcher, subscriber, waiting] = await Promise.all([
      client(),
      client(),
      client(),
      client(),
    ]);
    await watcher.call('MONITOR');
    await subscriber.call('SUBSCRIBE', 'c');
    const popped = waiting.call('BLPOP', 'list', '0');
    await silent.call('PING');
    await silent.closed();
    const other = await client();
    expect(readable(await other.call('PUBLISH', 'c', 'm'))).toBe(1);
    expect(readable(await subscriber.next())).toEqual(['message', 'c', 'm']);
    await other.call('RPUSH', 'list', 'x');
    expect(readable(await popped)).toEqual(['list', 'x']);
    let shown = '';
    while (!shown.includes('"RPUSH" "list" "x"')) shown = String(readable(await watcher.next()));
    for (const each of [watcher, subscriber, waiting, other]) each.close();
  }, 30_000);
});

describeOnOurs('monitor with three io threads', ['--io-threads', '3'], ({ client }) => {
  it('MONITOR: every monitor is shown the same lines in the same order', async () => {
    const monitors = await Promise.all(Array.from({ length: 6 }, () => client()));
    for (const each of monitors) await each.call('MONITOR');
    const writers = await Promise.all(Array.from({ length: 6 }, () => client()));
    await Promise.all(
      writers.flatMap((writer, w) => Array.from({ length: 50 }, (_, i) => writer.call('ECHO', `${w}-${i}`))),
    );
    const seen = await Promise.all(
      monitors.map(async (each) => {
        const lines: string[] = [];
        while (lines.length < 300) lines.push(String(readable(await each.next())));
        return lines;
      }),
    );
    for (const lines of seen) expect(lines).toEqual(seen[0]);
    for (const [w] of writers.entries()) {
      const own = seen[0].flatMap((line) => new RegExp(`"ECHO" "${w}-([0-9]+)"`).exec(line)?.[1] ?? []);
      expect(own).toEqual(Array.from({ length: 50 }, (_, i) => String(i)));
    }
    for (const each of [...monitors, ...writers]) each.close();
  });
});
