/** COMMANDLOG, which Valkey has: large requests and large replies, and that SLOWLOG is one of its logs. */
import { expect, it } from 'vitest';
import { describeOnOurs } from './both-servers.ts';

const error = (text: string) => `error: ${text}`;

type Entry = [number, number, number, string[], string, string];
const MEGABYTE = 1 << 20;

for (const threads of [1, 2]) {
  describeOnOurs(
    `commandlog with ${threads} io threads`,
    ['--io-threads', String(threads)],
    ({ run, call, client }) => {
      const entries = async (kind: string) => (await call('COMMANDLOG', 'GET', '-1', kind)) as Entry[];
      const reset = async () => {
        for (const kind of ['slow', 'large-request', 'large-reply']) await call('COMMANDLOG', 'RESET', kind);
      };

      it('logs requests above a megabyte, whichever way they come', async () => {
        await reset();
        await call('SET', 'small', Buffer.alloc(MEGABYTE - 100));
        await call('SET', 'k', Buffer.alloc(MEGABYTE, 'x'));
        await call('MSET', 'a', Buffer.alloc(600_000), 'b', Buffer.alloc(600_000));
        const all = await entries('large-request');
        expect(all.map(([, , bytes, [name]]) => [name, bytes])).toEqual([
          ['MSET', 4 + 10 + 7 + 7 + 2 * (9 + 600_000 + 2)],
          ['SET', 4 + 9 + 7 + 10 + MEGABYTE + 2],
        ]);
        expect(all[1][3][2]).toBe(`${'x'.repeat(128)}... (${MEGABYTE - 128} more bytes)`);
        expect(await run('COMMANDLOG LEN large-request')).toBe(2);
      });

      it('logs replies above a megabyte, to the byte, whatever comes before and after them', async () => {
        await call('SET', 'k', Buffer.alloc(MEGABYTE));
        await call('SET', 'small', Buffer.alloc(10_000));
        await reset();
        const other = await client();
        await Promise.all([
          ...Array.from({ length: 50 }, () => other.call('GET', 'small')),
          other.call('GET', 'k'),
          other.call('GET', 'small'),
          other.call('MGET', 'k', 'small'),
          other.call('GET', 'k'),
        ]);
        const header = 10;
        expect((await entries('large-reply')).map(([, , bytes, args]) => [args.join(' '), bytes])).toEqual([
          ['GET k', MEGABYTE + header + 2],
          ['MGET k small', 4 + MEGABYTE + header + 2 + 8 + 10_000 + 2],
          ['GET k', MEGABYTE + header + 2],
        ]);
        other.close();
      });

      it('logs small ones, too, when it is asked to', async () => {
        await run('SET k 0123456789');
        await run('CONFIG SET commandlog-request-larger-than 40 commandlog-reply-larger-than 16');
        await reset();
        await run('GET k');
        await run('MULTI');
        await run('GET k');
        await run('SET other 01234567890123456789');
        await run('EXEC');
        await run('PING');
        const replies = await entries('large-reply');
        const requests = await entries('large-request');
        await run('CONFIG SET commandlog-request-larger-than 1048576 commandlog-reply-larger-than 1048576');
        expect(replies.filter(([, , , [name]]) => name === 'GET').map(([, , bytes]) => bytes)).toEqual([
          17, 17,
        ]);
        expect(requests.find(([, , , [name]]) => name === 'SET')![2]).toBe(4 + 9 + 11 + 27);
        expect(requests.some(([, , , [name]]) => name === 'PING')).toBe(false);
      });

      it('is the slow log, too, under both names of its directives', async () => {
        await run('CONFIG SET commandlog-execution-slower-than 0 commandlog-slow-execution-max-len 2');
        expect(await run('CONFIG GET slowlog-*')).toEqual([
          'slowlog-log-slower-than',
          '0',
          'slowlog-max-len',
          '2',
        ]);
        for (let i = 0; i < 4; i++) await run('PING');
        await run('CONFIG SET slowlog-log-slower-than -1');
        expect(await run('COMMANDLOG LEN slow')).toBe(2);
        expect(await run('COMMANDLOG GET -1 SLOW')).toEqual(await run('SLOWLOG GET -1'));
        await run('COMMANDLOG RESET slow');
        expect(await run('SLOWLOG LEN')).toBe(0);
        await run('CONFIG SET slowlog-log-slower-than 10000 slowlog-max-len 128');
      });

      it('can be turned off', async () => {
        await run('CONFIG SET commandlog-request-larger-than -1');
        await reset();
        await call('SET', 'k', Buffer.alloc(2 * MEGABYTE));
        expect(await entries('large-request')).toEqual([]);
        await run('CONFIG SET commandlog-request-larger-than 1048576');
      });

      it('refuses bad arguments', async () => {
        const TYPE = error('ERR type should be one of the following: slow, large-request, large-reply');
        expect(await run('COMMANDLOG LEN fast')).toEqual(TYPE);
        expect(await run('COMMANDLOG RESET fast')).toEqual(TYPE);
        expect(await run('COMMANDLOG GET 1 fast')).toEqual(TYPE);
        expect(await run('COMMANDLOG GET -2 slow')).toEqual(
          error('ERR count should be greater than or equal to -1'),
        );
        expect(((await run('COMMANDLOG HELP')) as string[])[0]).toContain('COMMANDLOG <subcommand>');
        expect(await run('COMMANDLOG GET 1')).toEqual(
          error("ERR wrong number of arguments for 'commandlog|get' command"),
        );
      });
    },
  );
}
