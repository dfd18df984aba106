/** Client-side caching, on both servers: who is told what, in which form and order. */
import { expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs } from './both-servers.ts';
import { type RawClient, readable } from './raw-client.ts';

const PUSHED = (...keys: string[]) =>
  `>2\r\n$10\r\ninvalidate\r\n*${keys.length}\r\n${keys.map((key) => `$${key.length}\r\n${key}\r\n`).join('')}`;

describeOnBoth('tracking', [], ({ run, call, client, raw }) => {
  /** A connection that gets the invalidations of others, and its id. */
  const listener = async () => {
    const own = await client();
    const id = String(readable(await own.call('CLIENT', 'ID')));
    await own.call('SUBSCRIBE', '__redis__:invalidate');
    const next = async () => {
      const [kind, channel, keys] = readable(await own.next()) as unknown[];
      expect([kind, channel]).toEqual(['message', '__redis__:invalidate']);
      return keys;
    };
    return { own, id, next, close: () => own.close() };
  };
  /** What RESP3 gets for these commands, behind the reply to HELLO. */
  const resp3 = async (...commands: string[]) => {
    const text = await raw('HELLO 3', ...commands);
    return text.slice(text.indexOf('$7\r\nmodules\r\n*0\r\n') + '$7\r\nmodules\r\n*0\r\n'.length);
  };
  const off = async (...clients: { close(): void }[]) => {
    await run('CLIENT TRACKING OFF');
    for (const each of clients) each.close();
  };

  it('CLIENT TRACKING: refuses what does not go together', async () => {
    expect(await run('CLIENT TRACKING MAYBE')).toBe('error: ERR syntax error');
    expect(await run('CLIENT TRACKING ON FOO')).toBe('error: ERR syntax error');
    expect(await run('CLIENT TRACKING ON REDIRECT')).toBe('error: ERR syntax error');
    expect(await run('CLIENT TRACKING ON REDIRECT x')).toBe(
      'error: ERR value is not an integer or out of range',
    );
    expect(await run('CLIENT TRACKING ON REDIRECT 999999')).toBe(
      'error: ERR The client ID you want redirect to does not exist',
    );
    const id = String(await run('CLIENT ID'));
    const errors: [string, string][] = [
      [`REDIRECT ${id} REDIRECT ${id}`, 'A client can only redirect to a single other client'],
      ['PREFIX a', 'PREFIX option requires BCAST mode to be enabled'],
      ['BCAST OPTIN', 'OPTIN and OPTOUT are not compatible with BCAST'],
      ['BCAST OPTOUT', 'OPTIN and OPTOUT are not compatible with BCAST'],
      ['OPTIN OPTOUT', "You can't specify both OPTIN mode and OPTOUT mode"],
      [
        'BCAST PREFIX foo PREFIX foobar',
        "Prefix 'foo' overlaps with another provided prefix 'foobar'. Prefixes for a single client must not overlap.",
      ],
      [
        'BCAST PREFIX foobar PREFIX fo',
        "Prefix 'foobar' overlaps with another provided prefix 'fo'. Prefixes for a single client must not overlap.",
      ],
    ];
    for (const [words, text] of errors)
      expect(await run(`CLIENT TRACKING ON ${words}`)).toBe(`error: ERR ${text}`);
    expect(await run('CLIENT TRACKINGINFO')).toEqual(['flags', ['off'], 'redirect', -1, 'prefixes', []]);
  });

  it('CLIENT TRACKING: refuses to go from one mode to another', async () => {
    await run('CLIENT TRACKING ON');
    expect(await run('CLIENT TRACKING ON BCAST')).toContain("error: ERR You can't switch BCAST mode on/off");
    expect(await run('CLIENT TRACKING ON OPTIN')).toBe('OK');
    expect(await run('CLIENT TRACKING ON OPTOUT')).toContain("error: ERR You can't switch OPTIN/OPTOUT mode");
    expect(await run('CLIENT TRACKING ON NOLOOP')).toBe('OK');
    expect(await run('CLIENT TRACKINGINFO')).toEqual([
      'flags',
      ['on', 'noloop'],
      'redirect',
      0,
      'prefixes',
      [],
    ]);
    await run('CLIENT TRACKING OFF');
    await run('CLIENT TRACKING ON BCAST PREFIX b PREFIX a');
    expect(await run('CLIENT TRACKING ON BCAST PREFIX abc')).toContain(
      "'abc' overlaps with an existing prefix 'a'",
    );
    expect(await run('CLIENT TRACKING ON BCAST PREFIX c')).toBe('OK');
    expect(await run('CLIENT TRACKINGINFO')).toEqual([
      'flags',
      ['on', 'bcast'],
      'redirect',
      0,
      'prefixes',
      ['a', 'b', 'c'],
    ]);
    expect(await run('INFO')).toContain('tracking_total_prefixes:3\r\n');
    await off();
    expect(await run('INFO')).toContain('tracking_total_prefixes:0\r\n');
  });

  it('CLIENT CACHING: only where it means something, and for one command', async () => {
    const caching = 'error: ERR CLIENT CACHING';
    expect(await run('CLIENT CACHING YES')).toContain(`${caching} can be called only`);
    await run('CLIENT TRACKING ON OPTIN');
    expect(await run('CLIENT CACHING NO')).toContain(`${caching} NO is only valid`);
    expect(await run('CLIENT CACHING MAYBE')).toBe('error: ERR syntax error');
    expect(await run('CLIENT CACHING YES')).toBe('OK');
    expect(await run('CLIENT TRACKINGINFO')).toEqual([
      'flags',
      ['on', 'optin', 'caching-yes'],
      'redirect',
      0,
      'prefixes',
      [],
    ]);
    await run('PING');
    expect(await run('CLIENT TRACKINGINFO')).toEqual([
      'flags',
      ['on', 'optin'],
      'redirect',
      0,
      'prefixes',
      [],
    ]);
    await off();
  });

  it('CLIENT TRACKING: tells of keys that were read, once, by a subscriber of RESP2', async () => {
    const { id, next, close } = await listener();
    const writer = await client();
    await call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id);
    expect(await run('CLIENT GETREDIR')).toBe(Number(id));
    await run('MSET a 1 b 2 c 3');
    await run('MGET a b');
    await run('INCR c');
    for (const command of ['INCR a', 'INCR a', 'INCR b']) await writer.call(...command.split(' '));
    expect([await next(), await next()]).toEqual([['a'], ['b']]);
    // Own changes are told, too.
    await run('GET c');
    await run('DEL c');
    expect(await next()).toEqual(['c']);
    writer.close();
    await off({ close });
    expect(await run('CLIENT GETREDIR')).toBe(-1);
  });

  it('CLIENT TRACKING: tells of keys that expire, are renamed, moved, and of nothing when a command changed nothing', async () => {
    const { id, next, close } = await listener();
    await call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'NOLOOP');
    const writer = await client();
    await run('SET a 1 PX 1000');
    await run('GET a');
    // Its time comes; had the client itself found that out, it would not be told.
    while ((await writer.call('EXISTS', 'a')) !== 0);
    await run('SET b 1');
    await run('MGET b c');
    await writer.call('SET', 'b', '2', 'NX');
    await writer.call('RENAME', 'b', 'c');
    const told = [await next(), await next(), await next()].flat();
    expect(told.filter((key) => key !== 'a').sort()).toEqual(['b', 'c']);
    writer.close();
    await off({ close });
  });

  it('CLIENT TRACKING NOLOOP: own changes are not told', async () => {
    const { id, next, close } = await listener();
    const writer = await client();
    await call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'NOLOOP');
    await run('MGET a b');
    await run('SET a 1');
    await writer.call('SET', 'b', '1');
    expect(await next()).toEqual(['b']);
    writer.close();
    await off({ close });
  });

  it('CLIENT TRACKING OPTIN and OPTOUT: what is announced counts, for one command or one transaction', async () => {
    const { id, next, close } = await listener();
    const writer = await client();
    await call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'OPTIN');
    await run('GET a');
    await run('CLIENT CACHING YES');
    await run('GET b');
    await run('GET c');
    await run('CLIENT CACHING YES');
    await run('MULTI');
    await run('GET d');
    await run('GET e');
    await run('EXEC');
    for (const key of ['a', 'b', 'c', 'd', 'e']) await writer.call('SET', key, '1');
    expect([await next(), await next(), await next()]).toEqual([['b'], ['d'], ['e']]);
    await run('CLIENT TRACKING OFF');
    await call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'OPTOUT');
    await run('CLIENT CACHING NO');
    await run('GET a');
    await run('GET b');
    for (const key of ['a', 'b']) await writer.call('SET', key, '1');
    expect(await next()).toEqual(['b']);
    writer.close();
    await off({ close });
  });

  it('CLIENT TRACKING BCAST: tells of every key with a prefix, one message for each prefix', async () => {
    const { id, next, close } = await listener();
    await call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'BCAST', 'PREFIX', 'a:', 'PREFIX', 'b:');
    await run('MULTI');
    for (const key of ['a:2', 'b:1', 'a:1', 'c:1', 'a:2']) await call('SET', key, '1');
    await run('EXEC');
    expect([await next(), await next()]).toEqual([['a:1', 'a:2'], ['b:1']]);
    await run('CLIENT TRACKING OFF');
    await call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'BCAST');
    await run('SET any 1');
    expect(await next()).toEqual(['any']);
    await off({ close });
  });

  it('CLIENT TRACKING BCAST NOLOOP: of what others change only', async () => {
    const { id, next, close } = await listener();
    const writer = await client();
    await call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'BCAST', 'NOLOOP');
    await run('SET own 1');
    await writer.call('SET', 'other', '1');
    expect(await next()).toEqual(['other']);
    writer.close();
    await off({ close });
  });

  it('CLIENT TRACKING: a flush is told as null, SWAPDB not at all', async () => {
    const { id, next, close } = await listener();
    await call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id);
    await run('SET k 1');
    await run('GET k');
    await run('SWAPDB 0 1');
    await run('SWAPDB 0 1');
    await run('FLUSHALL');
    expect(await next()).toBeNull();
    await run('FLUSHDB');
    expect(await next()).toBeNull();
    expect(await run('INFO')).toContain('tracking_total_keys:0\r\n');
    await off({ close });
  });

  it('INFO: counts who tracks, keys and items', async () => {
    const other = await client();
    for (const each of [
      (...words: string[]) => call(...words),
      (...words: string[]) => other.call(...words),
    ]) {
      await each('CLIENT', 'TRACKING', 'ON');
      await each('MGET', 'a', 'b');
    }
    await other.call('GET', 'c');
    const info = await run('INFO');
    expect(info).toContain('tracking_clients:2\r\n');
    expect(info).toContain('tracking_total_keys:3\r\n');
    expect(info).toContain('tracking_total_items:5\r\n');
    expect(String(await run('CLIENT LIST'))).toContain('flags=t ');
    await off(other);
  });

  it('RESP3: the invalidation follows the reply to the command that made the change', async () => {
    expect(await resp3('CLIENT TRACKING ON', 'GET k', 'SET k 1', 'PING')).toBe(
      `+OK\r\n_\r\n+OK\r\n${PUSHED('k')}+PONG\r\n`,
    );
    await run('DEL k');
    expect(await resp3('CLIENT TRACKING ON', 'GET k', 'MULTI', 'INCR k', 'GET k', 'EXEC', 'PING')).toBe(
      `+OK\r\n_\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n$1\r\n1\r\n${PUSHED('k')}+PONG\r\n`,
    );
    expect(await resp3('CLIENT TRACKING ON', 'GET k', 'FLUSHALL', 'PING')).toBe(
      `+OK\r\n$1\r\n1\r\n+OK\r\n>2\r\n$10\r\ninvalidate\r\n_\r\n+PONG\r\n`,
    );
  });

  it('RESP3: pushes come though replies are off, and RESET ends them', async () => {
    expect(await resp3('CLIENT TRACKING ON', 'GET k', 'CLIENT REPLY OFF', 'SET k 1', 'CLIENT REPLY ON')).toBe(
      `+OK\r\n_\r\n${PUSHED('k')}+OK\r\n`,
    );
    expect(await resp3('CLIENT TRACKING ON', 'GET k', 'RESET', 'SET k 1', 'CLIENT TRACKINGINFO')).toBe(
      '+OK\r\n$1\r\n1\r\n+RESET\r\n+OK\r\n*6\r\n$5\r\nflags\r\n*1\r\n$3\r\noff\r\n$8\r\nredirect\r\n:-1\r\n$8\r\nprefixes\r\n*0\r\n',
    );
  });

  it('CLIENT TRACKING REDIRECT: when the other is gone, a RESP3 client is told, and TRACKINGINFO says so', async () => {
    const { own, id } = await listener();
    await call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id);
    await run('GET k');
    own.close();
    while (String(await run('CLIENT LIST')).includes(`id=${id} `));
    await run('SET k 1');
    await run('PING');
    expect(await run('CLIENT TRACKINGINFO')).toEqual([
      'flags',
      ['on', 'broken_redirect'],
      'redirect',
      Number(id),
      'prefixes',
      [],
    ]);
    expect(String(await run('CLIENT LIST'))).toContain('flags=tR ');
    await off();
  });

  it('tracking-table-max-keys: keys that fall out are told as if they had changed', async () => {
    const { id, next, close } = await listener();
    await call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id);
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
    await call('MGET', ...keys);
    await run('CONFIG SET tracking-table-max-keys 10');
    const told = new Set<unknown>();
    while (told.size < 40) for (const key of (await next()) as unknown[]) told.add(key);
    expect(await run('INFO')).toContain('tracking_total_keys:10\r\n');
    for (const key of told) expect(keys).toContain(key);
    await run('CONFIG SET tracking-table-max-keys 1000000');
    await off({ close });
  });
});

for (const threads of ['1', '3'])
  describeOnOurs(
    `tracking with ${threads} io threads`,
    ['--io-threads', threads],
    ({ call, client, run }) => {
      it('many sessions that have read many keys are all told, each once', async () => {
        const readers: RawClient[] = [];
        for (let i = 0; i < 40; i++) readers.push(await client());
        const keys = Array.from({ length: 300 }, (_, i) => `key:${i}:${'x'.repeat(i)}`);
        const sink = await client();
        const id = String(readable(await sink.call('CLIENT', 'ID')));
        await sink.call('SUBSCRIBE', '__redis__:invalidate');
        for (const reader of readers) {
          await reader.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id);
          await reader.call('MGET', ...keys);
        }
        expect(await run('INFO')).toContain(`tracking_total_items:${keys.length * readers.length}\r\n`);
        // Those who have left are not told.
        readers.shift()!.close();
        while (!String(await run('INFO')).includes('tracking_clients:39\r\n'));
        await call('MSET', ...keys.flatMap((key) => [key, '1']));
        const counts = new Map<unknown, number>();
        for (let i = 0; i < keys.length * 39; i++) {
          const [, , told] = readable(await sink.next()) as [string, string, string[]];
          counts.set(told[0], (counts.get(told[0]) ?? 0) + 1);
        }
        for (const key of keys) expect([key, counts.get(key)]).toEqual([key, 39]);
        expect(await run('INFO')).toContain('tracking_total_keys:0\r\n');
        for (const reader of [...readers, sink]) reader.close();
      });
    },
  );
