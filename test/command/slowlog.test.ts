/** SLOWLOG against the real server: which commands get entries, and what entries show. */
import { expect, it } from 'vitest';
import { describeOnBoth } from './both-servers.ts';

const error = (text: string) => `error: ${text}`;

type Entry = [number, number, number, string[], string, string];

describeOnBoth('slowlog', ['--enable-debug-command', 'yes'], ({ run, call, client, raw }) => {
  const entries = async (count = -1) => (await call('SLOWLOG', 'GET', count)) as Entry[];
  /** The arguments of all entries, the oldest first. */
  const texts = async () => (await entries()).map(([, , , args]) => args.join(' ')).reverse();
  const logEverything = async () => {
    await run('CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 128');
    await run('SLOWLOG RESET');
  };
  const logNothing = () => run('CONFIG SET slowlog-log-slower-than -1');

  it('shows id, time, microseconds, arguments, address and name', async () => {
    await logEverything();
    const other = await client();
    await other.call('CLIENT', 'SETNAME', 'the-name');
    await other.call('SET', 'k', 'v');
    await logNothing();
    const all = await entries();
    const [id, second, us, args, address, name] = all.find(([, , , words]) => words[0] === 'SET')!;
    expect(all.map(([each]) => each)).toEqual(all.map((_, i) => all[0][0] - i));
    expect(id).toBeGreaterThan(0);
    expect(Math.abs(second - Date.now() / 1000)).toBeLessThan(60);
    expect(us).toBeGreaterThanOrEqual(0);
    expect(args).toEqual(['SET', 'k', 'v']);
    expect(address).toMatch(/^127\.0\.0\.1:[0-9]+$/);
    expect(name).toBe('the-name');
    other.close();
  });

  it('logs what took long, and not what did not', async () => {
    await run('CONFIG SET slowlog-log-slower-than 30000');
    await run('SLOWLOG RESET');
    await run('SET k v');
    await run('GET k');
    await run('DEBUG SLEEP 0.04');
    expect(await run('SLOWLOG LEN')).toBe(1);
    const [[, , us, args]] = await entries();
    expect(args).toEqual(['DEBUG', 'SLEEP', '0.04']);
    expect(us).toBeGreaterThanOrEqual(40_000);
  });

  it('logs what EXEC runs, and not EXEC', async () => {
    await run('CONFIG SET slowlog-log-slower-than 30000');
    await run('SLOWLOG RESET');
    await run('MULTI');
    await run('DEBUG SLEEP 0.04');
    await run('EXEC');
    expect(await texts()).toEqual(['DEBUG SLEEP 0.04']);
  });

  it('cuts arguments and their number', async () => {
    await logEverything();
    await call('RPUSH', 'l', 'a'.repeat(128), 'b'.repeat(129), 'c'.repeat(5000));
    await call('RPUSH', 'l', ...Array.from({ length: 30 }, (_, i) => i));
    await call('RPUSH', 'l', ...Array.from({ length: 31 }, (_, i) => i));
    await call('RPUSH', 'l', ...Array.from({ length: 500 }, (_, i) => i));
    await logNothing();
    const pushes = (await entries()).filter(([, , , args]) => args[0] === 'RPUSH').reverse();
    expect(pushes.map(([, , , args]) => args)).toEqual([
      [
        'RPUSH',
        'l',
        'a'.repeat(128),
        `${'b'.repeat(128)}... (1 more bytes)`,
        `${'c'.repeat(128)}... (4872 more bytes)`,
      ],
      ['RPUSH', 'l', ...Array.from({ length: 30 }, (_, i) => String(i))],
      ['RPUSH', 'l', ...Array.from({ length: 29 }, (_, i) => String(i)), '... (2 more arguments)'],
      ['RPUSH', 'l', ...Array.from({ length: 29 }, (_, i) => String(i)), '... (471 more arguments)'],
    ]);
  });

  it('shows a command as it came, whatever it is rewritten to', async () => {
    await run('SADD s a b c');
    await run('SET n 0');
    await logEverything();
    await run('SPOP s 10');
    await run('GEOADD g 13 38 p');
    await run('INCRBYFLOAT n 1.0');
    await run('SET k v EX 100');
    await run('GETEX k PERSIST');
    await logNothing();
    expect((await texts()).slice(1)).toEqual([
      'SPOP s 10',
      'GEOADD g 13 38 p',
      'INCRBYFLOAT n 1.0',
      'SET k v EX 100',
      'GETEX k PERSIST',
    ]);
  });

  it('keeps secrets', async () => {
    await logEverything();
    await run('AUTH secret');
    await run('AUTH someone secret');
    await run('HELLO 2 AUTH someone secret SETNAME n');
    await run('CONFIG SET masterauth secret maxmemory 0');
    await run('CONFIG SET requirepass secret');
    await run('CONFIG SET requirepass <empty>', '');
    await logNothing();
    const told = (await texts()).slice(1);
    expect(told.join('\n')).not.toMatch(/secret/);
    expect(told).toEqual([
      'AUTH (redacted)',
      'AUTH (redacted) (redacted)',
      'HELLO 2 AUTH (redacted) (redacted) SETNAME n',
      'CONFIG SET masterauth (redacted) maxmemory 0',
      'CONFIG SET requirepass (redacted)',
      'CONFIG SET requirepass (redacted)',
    ]);
    await run('CONFIG SET masterauth <empty>', '');
  });

  it('logs a blocked command when it is done, without the time it waited', async () => {
    await logEverything();
    const waiter = await client();
    const waiting = waiter.call('BLPOP', 'l', '0');
    while (!/blocked_clients:1/.test(String(await run('INFO clients')))) await run('PING');
    await run('DEBUG SLEEP 1');
    await run('SLOWLOG RESET');
    await run('RPUSH l x');
    await waiting;
    await logNothing();
    const all = await entries();
    const [[, , us, args, , name]] = all.filter(([, , , words]) => words[0] === 'BLPOP');
    expect(args).toEqual(['BLPOP', 'l', '0']);
    expect(us).toBeLessThan(900_000);
    expect(name).toBe('');
    waiter.close();
  });

  it('logs what fails, and not what is refused', async () => {
    await run('SET k v');
    await logEverything();
    await run('INCR k');
    await run('GET');
    await run('NOSUCH');
    await logNothing();
    expect((await texts()).slice(1)).toEqual(['INCR k']);
  });

  it('logs each command of a pipeline', async () => {
    await logEverything();
    await raw('SET a 1', 'GET a', 'GET a', 'INCR a');
    await logNothing();
    expect((await texts()).slice(1)).toEqual(['SET a 1', 'GET a', 'GET a', 'INCR a']);
  });

  it('holds no more entries than it may', async () => {
    await logEverything();
    await run('CONFIG SET slowlog-max-len 3');
    for (let i = 0; i < 10; i++) await run('PING');
    expect(await run('SLOWLOG LEN')).toBe(3);
    expect((await entries(2)).length).toBe(2);
    expect((await entries(0)).length).toBe(0);
    expect((await entries()).length).toBe(3);
    expect(((await run('SLOWLOG GET')) as Entry[]).length).toBe(3);
    await run('CONFIG SET slowlog-max-len 128');
    for (let i = 0; i < 20; i++) await run('PING');
    expect(((await run('SLOWLOG GET')) as Entry[]).length).toBe(10);
    await logNothing();
    await run('SLOWLOG RESET');
    expect(await entries()).toEqual([]);
  });

  it('refuses bad arguments', async () => {
    const COUNT = 'ERR count should be greater than or equal to -1';
    for (const bad of ['-2', 'x', '1.5', '']) expect(await call('SLOWLOG', 'GET', bad)).toEqual(error(COUNT));
    expect(await run('SLOWLOG NOSUCH')).toEqual(error("ERR unknown subcommand 'NOSUCH'. Try SLOWLOG HELP."));
    expect(await run('SLOWLOG LEN x')).toEqual(
      error("ERR wrong number of arguments for 'slowlog|len' command"),
    );
    expect(((await run('SLOWLOG HELP')) as string[])[0]).toContain('SLOWLOG <subcommand>');
  });
});
