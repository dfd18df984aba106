/** TIME, ROLE, LOLWUT, MEMORY USAGE and the arguments of SHUTDOWN, on our server and on the real one. */
import { expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs } from './both-servers.ts';

const SYNTAX = 'error: ERR syntax error';

describeOnBoth('server', [], ({ run, raw }) => {
  it('TIME: tells seconds and microseconds, and never goes back', async () => {
    const read = async () => {
      const [seconds, us] = (await run('TIME')) as string[];
      expect(us).toMatch(/^[0-9]{1,6}$/);
      return Number(seconds) * 1e6 + Number(us);
    };
    let last = await read();
    expect(Math.abs(last / 1000 - Date.now())).toBeLessThan(5_000);
    for (let i = 0; i < 100; i++) {
      const now = await read();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
    expect(await run('TIME x')).toBe("error: ERR wrong number of arguments for 'time' command");
  });

  it('ROLE: is a master without replicas', async () => {
    expect(await run('ROLE')).toEqual(['master', 0, []]);
  });

  it('LOLWUT: ends with the version', async () => {
    expect(await run('LOLWUT')).toMatch(/Redis ver\. 7\.0\.15\n$/);
    expect(await run('LOLWUT VERSION 5')).toMatch(/Redis ver\. 7\.0\.15\n$/);
    expect(await run('LOLWUT VERSION x')).toBe('error: ERR value is not an integer or out of range');
    expect(await raw('HELLO 3', 'LOLWUT')).toContain('txt:');
  });

  it('SHUTDOWN: refuses what contradicts itself', async () => {
    expect(await run('SHUTDOWN foo')).toBe(SYNTAX);
    expect(await run('SHUTDOWN SAVE NOSAVE')).toBe(SYNTAX);
    expect(await run('SHUTDOWN ABORT NOW')).toBe(SYNTAX);
    expect(await run('SHUTDOWN ABORT')).toBe('error: ERR No shutdown in progress.');
    expect(await run('PING')).toBe('PONG');
  });

  it('MEMORY USAGE: grows with the value, and is null without one', async () => {
    expect(await run('MEMORY USAGE none')).toBeNull();
    await run('SET small v');
    await run('SET large <value>', Buffer.alloc(100_000));
    await run('SET huge <value>', Buffer.alloc(3 << 20));
    expect(Number(await run('MEMORY USAGE small'))).toBeLessThan(200);
    expect(Number(await run('MEMORY USAGE large'))).toBeGreaterThan(100_000);
    expect(Number(await run('MEMORY USAGE huge SAMPLES 0'))).toBeGreaterThan(3 << 20);
    expect(await run('MEMORY USAGE small SAMPLES -1')).toBe(SYNTAX);
    expect(await run('MEMORY USAGE small SAMPLES x')).toBe(
      'error: ERR value is not an integer or out of range',
    );
    expect(await run('MEMORY USAGE small what 1')).toBe(SYNTAX);
    expect(await run('MEMORY USAGE')).toBe("error: ERR wrong number of arguments for 'memory|usage' command");
    expect(await run('MEMORY foo')).toBe("error: ERR unknown subcommand 'foo'. Try MEMORY HELP.");
  });
});

describeOnOurs('memory usage', [], ({ run }) => {
  it('MEMORY USAGE: is what used_memory grows by, but for the table', async () => {
    const used = async () => Number(/used_memory:([0-9]+)/.exec(String(await run('INFO memory')))![1]);
    await run('SET first v');
    const before = await used();
    await run('SET k <value>', Buffer.alloc(5000));
    expect(Number(await run('MEMORY USAGE k')) - 8).toBe((await used()) - before);
  });
});
