/** SUBSCRIBE, PUBLISH and their relatives, on both servers. */
import { expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs, type Target } from './both-servers.ts';
import { ProtocolSocket } from './protocol-socket.ts';
import { encodeCommand, type RawClient, readable } from './raw-client.ts';

const call = async (client: RawClient, command: string) => readable(await client.call(...command.split(' ')));
const next = async (client: RawClient) => readable(await client.next());

async function nextOf(client: RawClient, count: number): Promise<unknown[]> {
  const replies: unknown[] = [];
  for (let i = 0; i < count; i++) replies.push(await next(client));
  return replies;
}

/** Clients, for the time of `use`. */
function using(
  target: Target,
  title: string,
  count: number,
  use: (...clients: RawClient[]) => Promise<void>,
  timeoutMs?: number,
): void {
  it(
    title,
    async () => {
      const clients = await Promise.all(Array.from({ length: count }, () => target.client()));
      try {
        await use(...clients);
      } finally {
        for (const client of clients) client.close();
        // Their subscriptions end when the server has seen that they are gone.
        while (
          Number(await target.run('PUBSUB NUMPAT')) + ((await target.run('PUBSUB CHANNELS')) as []).length >
          0
        )
          await new Promise((done) => setTimeout(done, 2));
      }
    },
    timeoutMs,
  );
}

const ONLY = 'only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context';

describeOnBoth('publish and subscribe', [], (target) => {
  const { run } = target;

  using(
    target,
    'SUBSCRIBE and UNSUBSCRIBE reply for each channel, with the number of subscriptions',
    1,
    async (client) => {
      expect(await call(client, 'SUBSCRIBE a b a')).toEqual(['subscribe', 'a', 1]);
      expect(await nextOf(client, 2)).toEqual([
        ['subscribe', 'b', 2],
        ['subscribe', 'a', 2],
      ]);
      expect(await call(client, 'PSUBSCRIBE p*')).toEqual(['psubscribe', 'p*', 3]);
      expect(await call(client, 'SSUBSCRIBE s')).toEqual(['ssubscribe', 's', 1]);
      expect(await call(client, 'UNSUBSCRIBE a none')).toEqual(['unsubscribe', 'a', 2]);
      expect(await next(client)).toEqual(['unsubscribe', 'none', 2]);
      expect(await call(client, 'UNSUBSCRIBE')).toEqual(['unsubscribe', 'b', 1]);
      expect(await call(client, 'PUNSUBSCRIBE')).toEqual(['punsubscribe', 'p*', 0]);
      expect(await call(client, 'SUNSUBSCRIBE')).toEqual(['sunsubscribe', 's', 0]);
      expect(await call(client, 'UNSUBSCRIBE')).toEqual(['unsubscribe', null, 0]);
      expect(await call(client, 'PUNSUBSCRIBE')).toEqual(['punsubscribe', null, 0]);
      expect(await call(client, 'SUNSUBSCRIBE')).toEqual(['sunsubscribe', null, 0]);
      expect(await call(client, 'GET x')).toBeNull();
    },
  );

  using(
    target,
    'a message reaches all who are subscribed, by channel and by pattern',
    3,
    async (one, two, three) => {
      await call(one, 'SUBSCRIBE news');
      await call(two, 'PSUBSCRIBE n?ws*');
      await call(three, 'SUBSCRIBE news');
      await call(three, 'PSUBSCRIBE n*');
      expect(await run('PUBLISH news hello')).toBe(4);
      expect(await run('PUBLISH newspaper x')).toBe(2);
      expect(await run('PUBLISH other x')).toBe(0);
      expect(await next(one)).toEqual(['message', 'news', 'hello']);
      expect(await nextOf(two, 2)).toEqual([
        ['pmessage', 'n?ws*', 'news', 'hello'],
        ['pmessage', 'n?ws*', 'newspaper', 'x'],
      ]);
      expect(await nextOf(three, 3)).toEqual([
        ['message', 'news', 'hello'],
        ['pmessage', 'n*', 'news', 'hello'],
        ['pmessage', 'n*', 'newspaper', 'x'],
      ]);
    },
  );

  using(target, 'shard channels are apart from the others', 2, async (one, two) => {
    await call(one, 'SSUBSCRIBE c');
    await call(two, 'SUBSCRIBE c');
    expect(await run('SPUBLISH c sharded')).toBe(1);
    expect(await run('PUBLISH c plain')).toBe(1);
    expect(await next(one)).toEqual(['smessage', 'c', 'sharded']);
    expect(await next(two)).toEqual(['message', 'c', 'plain']);
    expect(await run('PUBSUB SHARDCHANNELS')).toEqual(['c']);
    expect(await run('PUBSUB SHARDCHANNELS x*')).toEqual([]);
    expect(await run('PUBSUB SHARDNUMSUB c d')).toEqual(['c', 1, 'd', 0]);
    await call(one, 'SUNSUBSCRIBE c');
    expect(await run('SPUBLISH c x')).toBe(0);
    expect(await run('PUBSUB SHARDCHANNELS')).toEqual([]);
  });

  using(target, 'PUBSUB tells who is subscribed to what', 2, async (one, two) => {
    await call(one, 'SUBSCRIBE a b');
    await next(one);
    await call(two, 'SUBSCRIBE a');
    await call(one, 'PSUBSCRIBE x* y*');
    await next(one);
    await call(two, 'PSUBSCRIBE x*');
    expect(((await run('PUBSUB CHANNELS')) as string[]).sort()).toEqual(['a', 'b']);
    expect(await run('PUBSUB CHANNELS a*')).toEqual(['a']);
    expect(await run('PUBSUB CHANNELS z')).toEqual([]);
    expect(await run('PUBSUB NUMSUB a b c')).toEqual(['a', 2, 'b', 1, 'c', 0]);
    expect(await run('PUBSUB NUMSUB')).toEqual([]);
    expect(await run('PUBSUB NUMPAT')).toBe(2);
    const stats = String(await run('INFO stats'));
    expect(stats).toContain('pubsub_channels:2\r\npubsub_patterns:2\r\npubsubshard_channels:0\r\n');
    expect(await run('PUBSUB CHANNELS a b')).toMatch(
      /unknown subcommand or wrong number of arguments for 'CHANNELS'/,
    );
    expect(await run('PUBSUB NOSUCH')).toBe("error: ERR unknown subcommand 'NOSUCH'. Try PUBSUB HELP.");
    expect(await run('PUBSUB')).toBe("error: ERR wrong number of arguments for 'pubsub' command");
    expect(((await run('PUBSUB HELP')) as string[])[0]).toMatch(/^PUBSUB <subcommand>/);
  });

  using(target, 'a RESP2 client that is subscribed may only do what concerns that', 1, async (client) => {
    await call(client, 'SUBSCRIBE a');
    for (const command of ['GET x', 'MULTI', 'PUBLISH a x', 'HELLO 3', 'ECHO x', 'AUTH x']) {
      const name = command.split(' ')[0].toLowerCase();
      expect(await call(client, command)).toBe(`error: ERR Can't execute '${name}': ${ONLY}`);
    }
    expect(await call(client, 'CLIENT INFO')).toBe(`error: ERR Can't execute 'client|info': ${ONLY}`);
    expect(await call(client, 'NOSUCH')).toMatch(/unknown command/);
    expect(await call(client, 'PING')).toEqual(['pong', '']);
    expect(await call(client, 'PING hi')).toEqual(['pong', 'hi']);
    expect(await call(client, 'PING a b')).toBe("error: ERR wrong number of arguments for 'ping' command");
    expect(await call(client, 'RESET')).toBe('RESET');
    expect(await call(client, 'PING')).toBe('PONG');
    expect(await run('PUBLISH a x')).toBe(0);
    await call(client, 'SUBSCRIBE a');
    expect(await call(client, 'QUIT')).toBe('OK');
    await client.closed();
    expect(await run('PUBLISH a x')).toBe(0);
  });

  using(target, 'CLIENT LIST tells of subscriptions', 2, async (one, two) => {
    const id = await call(one, 'CLIENT ID');
    await call(one, 'SUBSCRIBE a b');
    await next(one);
    await call(one, 'PSUBSCRIBE p*');
    await call(one, 'SSUBSCRIBE s');
    const line = String(await run(`CLIENT LIST ID ${id}`));
    expect(line).toMatch(/ flags=P .* sub=2 psub=1 ssub=1 /);
    expect(String(await run('CLIENT LIST TYPE pubsub'))).toMatch(new RegExp(`^id=${id} [^\n]*\n$`));
    expect(String(await run('CLIENT LIST TYPE normal'))).not.toContain(`id=${id} `);
    await call(two, 'SUBSCRIBE a');
    await call(two, 'UNSUBSCRIBE');
    expect(await run('CLIENT KILL TYPE pubsub')).toBe(1);
    await one.closed();
    expect(await call(two, 'PING')).toBe('PONG');
  });

  using(target, 'messages and replies keep their order within a pipeline', 2, async (one, two) => {
    await call(one, 'SUBSCRIBE a');
    for (let i = 0; i < 200; i++) one.write(encodeCommand(['PING', String(i)]));
    for (let i = 0; i < 200; i++) two.write(encodeCommand(['PUBLISH', i % 3 === 0 ? 'b' : 'a', String(i)]));
    const received = await nextOf(two, 200);
    expect(received).toEqual(Array.from({ length: 200 }, (_, i) => (i % 3 === 0 ? 0 : 1)));
    one.write(encodeCommand(['UNSUBSCRIBE', 'a']));
    const all: unknown[] = [];
    for (;;) {
      const reply = (await next(one)) as string[];
      all.push(reply);
      if (reply[0] === 'unsubscribe') break;
    }
    const kind = (name: string) => all.filter((reply) => (reply as string[])[0] === name);
    expect(kind('pong')).toEqual(Array.from({ length: 200 }, (_, i) => ['pong', String(i)]));
    expect(kind('message').map((reply) => Number((reply as string[])[2]))).toEqual(
      Array.from({ length: 200 }, (_, i) => i).filter((i) => i % 3 !== 0),
    );
  });

  using(target, 'a subscription in the same batch as messages gets those behind it', 2, async (one, two) => {
    await call(two, 'SUBSCRIBE other');
    for (let round = 0; round < 50; round++) {
      expect(await run(`PUBLISH a before${round}`)).toBe(0);
      await call(one, 'SUBSCRIBE a');
      expect(await run(`PUBLISH a in${round}`)).toBe(1);
      expect(await next(one)).toEqual(['message', 'a', `in${round}`]);
      await call(one, 'UNSUBSCRIBE a');
    }
  });

  using(target, 'a transaction may subscribe and publish', 2, async (one, two) => {
    await call(two, 'SUBSCRIBE a');
    await call(one, 'MULTI');
    for (const command of [
      'PUBLISH a 1',
      'SUBSCRIBE b',
      'SSUBSCRIBE s',
      'PING',
      'PUBLISH a 2',
      'UNSUBSCRIBE b',
    ])
      expect(await call(one, command)).toBe('QUEUED');
    expect(await call(one, 'EXEC')).toEqual([
      1,
      ['subscribe', 'b', 1],
      "error: ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client",
      ['pong', ''],
      1,
      ['unsubscribe', 'b', 0],
    ]);
    expect(await nextOf(two, 2)).toEqual([
      ['message', 'a', '1'],
      ['message', 'a', '2'],
    ]);
  });

  using(target, 'names and messages are any bytes, of any size', 2, async (one, two) => {
    const name = Buffer.from([0, 255, 13, 10, 42]);
    const large = Buffer.alloc(5 << 20, 'm');
    await one.call('SUBSCRIBE', name, '');
    await next(one);
    expect(await target.call('PUBLISH', name, Buffer.from([13, 10, 0]))).toBe(1);
    expect(await target.call('PUBLISH', '', '')).toBe(1);
    expect(await target.call('PUBLISH', name, large)).toBe(1);
    expect(await next(one)).toEqual(['message', name.toString('latin1'), '\r\n\0']);
    expect(await next(one)).toEqual(['message', '', '']);
    expect(((await next(one)) as string[])[2].length).toBe(5 << 20);
    await two.call('PSUBSCRIBE', Buffer.from([0, 255, 42]));
    expect(await target.call('PUBLISH', name, 'x')).toBe(2);
    expect(await next(two)).toEqual(['pmessage', '\0\xff*', name.toString('latin1'), 'x']);
  });

  using(
    target,
    'large messages reach many subscribers whole and in order',
    20,
    async (...clients) => {
      for (const client of clients) await call(client, 'SUBSCRIBE a');
      const sizes = [10, 70_000, 1, 300_000, 500, 1_000_000, 3];
      for (const [i, size] of sizes.entries()) {
        expect(await target.call('PUBLISH', 'a', Buffer.alloc(size, 97 + i))).toBe(clients.length);
      }
      for (const client of clients) {
        for (const [i, size] of sizes.entries()) {
          const [, , message] = (await next(client)) as string[];
          expect([message.length, message[0], message.at(-1)]).toEqual([size, 'abcdefg'[i], 'abcdefg'[i]]);
        }
      }
    },
    60_000,
  );

  using(
    target,
    'hundreds of subscribers get a stream of messages in order',
    300,
    async (...clients) => {
      for (const [i, client] of clients.entries())
        await call(client, i % 2 === 0 ? 'SUBSCRIBE a' : 'PSUBSCRIBE a*');
      for (let i = 0; i < 50; i++) expect(await run(`PUBLISH a ${i}`)).toBe(300);
      for (const client of clients) {
        const numbers = (await nextOf(client, 50)).map((reply) => Number((reply as string[]).at(-1)));
        expect(numbers).toEqual(Array.from({ length: 50 }, (_, i) => i));
      }
    },
    60_000,
  );

  it('RESP3 clients get pushes, and may do everything else', async () => {
    const text = await target.raw(
      'HELLO 3',
      'SUBSCRIBE a',
      'PSUBSCRIBE a*',
      'SSUBSCRIBE s',
      'PING',
      'GET none',
      'UNSUBSCRIBE a',
      'UNSUBSCRIBE',
      'QUIT',
    );
    expect(text.slice(text.indexOf('>'))).toBe(
      '>3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n' +
        '>3\r\n$10\r\npsubscribe\r\n$2\r\na*\r\n:2\r\n' +
        '>3\r\n$10\r\nssubscribe\r\n$1\r\ns\r\n:1\r\n' +
        '+PONG\r\n_\r\n' +
        '>3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n' +
        '>3\r\n$11\r\nunsubscribe\r\n_\r\n:1\r\n+OK\r\n',
    );
  });

  using(target, 'CLIENT REPLY OFF does not silence messages', 1, async (client) => {
    client.write('CLIENT REPLY OFF\r\n');
    expect(await call(client, 'SUBSCRIBE a')).toEqual(['subscribe', 'a', 1]);
    expect(await run('PUBLISH a x')).toBe(1);
    expect(await next(client)).toEqual(['message', 'a', 'x']);
    client.write('PING\r\nGET x\r\n');
    expect(await call(client, 'UNSUBSCRIBE')).toEqual(['unsubscribe', 'a', 0]);
    expect(await call(client, 'CLIENT REPLY ON')).toBe('OK');
  });

  using(
    target,
    'a slow subscriber that passes the limit is closed, the others get on',
    2,
    async (slow, quick) => {
      const before = String(await run('CONFIG GET client-output-buffer-limit'));
      await run('CONFIG SET client-output-buffer-limit <limit>', 'pubsub 1mb 0 0');
      try {
        await call(slow, 'SUBSCRIBE a');
        await call(quick, 'SUBSCRIBE b');
        const socket = (slow as unknown as { socket: { pause(): void; resume(): void } }).socket;
        socket.pause();
        const message = Buffer.alloc(64 << 10, 'x');
        let sent = 0;
        while ((await target.call('PUBLISH', 'a', message)) === 1) sent++;
        expect(sent).toBeGreaterThan(10);
        expect(await run('PUBLISH b y')).toBe(1);
        expect(await next(quick)).toEqual(['message', 'b', 'y']);
        socket.resume();
      } finally {
        await run('CONFIG SET client-output-buffer-limit <limit>', before.split(',').slice(1).join(','));
      }
    },
    30_000,
  );

  using(
    target,
    'timeout closes who is silent, not who listens or waits',
    3,
    async (listens, waits, silent) => {
      await call(listens, 'SUBSCRIBE a');
      const popped = waits.call('BLPOP', 'q', '0').then(readable);
      await call(silent, 'PING');
      // Long enough for a machine that stands still for a moment: who is not silent stays.
      await run('CONFIG SET timeout 8');
      const awake = setInterval(() => void run('PING'), 200);
      try {
        await silent.closed();
        await new Promise((done) => setTimeout(done, 600));
        expect(await run('PUBLISH a still')).toBe(1);
        expect(await next(listens)).toEqual(['message', 'a', 'still']);
        // Redis may take a client for silent that has just been served, and drops its reply.
        await run('CONFIG SET timeout 0');
        await run('RPUSH q x');
        expect(await popped).toEqual(['q', 'x']);
      } finally {
        clearInterval(awake);
        await run('CONFIG SET timeout 0');
      }
    },
  );
});

describeOnOurs('publish and subscribe with several io threads', ['--io-threads', '3'], (target) => {
  using(
    target,
    'a message reaches subscribers behind every thread, in both protocols',
    12,
    async (...clients) => {
      const sockets = await Promise.all(Array.from({ length: 12 }, () => socketTo(target)));
      for (const client of clients) await call(client, 'SUBSCRIBE a');
      for (const socket of sockets) {
        await socket.write('HELLO 3\r\nSUBSCRIBE a\r\n');
        await socket.untilEnding(':1\r\n');
      }
      for (let i = 0; i < 100; i++) expect(await target.run(`PUBLISH a ${i}`)).toBe(24);
      for (const client of clients) {
        expect((await nextOf(client, 100)).map((reply) => Number((reply as string[])[2]))).toEqual(
          Array.from({ length: 100 }, (_, i) => i),
        );
      }
      for (const socket of sockets) {
        const text = await socket.untilEnding('$2\r\n99\r\n');
        expect(text.split('>3\r\n$7\r\nmessage\r\n').length).toBe(101);
        socket.destroy();
      }
    },
  );

  using(
    target,
    'a client that is subscribed to what it publishes gets the reply first',
    1,
    async (client) => {
      client.write('HELLO 3\r\n');
      client.close();
      const socket = await socketTo(target);
      await socket.write(
        'HELLO 3\r\nSUBSCRIBE a\r\nMULTI\r\nPUBLISH a 1\r\nECHO x\r\nPUBLISH a 2\r\nEXEC\r\nPING\r\n',
      );
      const text = await socket.untilEnding('+PONG\r\n');
      expect(text.slice(text.indexOf('*3\r\n'))).toBe(
        '*3\r\n:1\r\n$1\r\nx\r\n:1\r\n>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n' +
          '>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n2\r\n+PONG\r\n',
      );
      socket.destroy();
    },
  );
});

async function socketTo(target: Target): Promise<ProtocolSocket> {
  const port = /tcp_port:(\d+)/.exec(String(await target.run('INFO server')))![1];
  return ProtocolSocket.open(Number(port));
}
