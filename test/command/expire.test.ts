/** Expire times, over a socket, on our server and on the real one. */
import { expect, it } from 'vitest';
import { describeOnBoth } from './both-servers.ts';

const NOT_INTEGER = 'error: ERR value is not an integer or out of range';

describeOnBoth('expire', [], ({ run }) => {
  /** Waits until the command replies this. */
  async function eventually(command: string, reply: unknown): Promise<void> {
    for (let tries = 0; tries < 500; tries++) {
      if ((await run(command)) === reply) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(await run(command)).toBe(reply);
  }

  it('TTL and its like: -2 for no key, -1 for no time', async () => {
    await run('SET k v');
    for (const command of ['TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME']) {
      expect(await run(`${command} none`)).toBe(-2);
      expect(await run(`${command} k`)).toBe(-1);
    }
  });

  it('EXPIRE and its like: set what TTL and its like tell', async () => {
    await run('SET k v');
    expect(await run('EXPIRE k 100')).toBe(1);
    expect(await run('TTL k')).toBeCloseTo(100, -1);
    expect(await run('PEXPIRE k 12400')).toBe(1);
    expect(await run('TTL k')).toBeCloseTo(12, -1);
    expect(await run('EXPIREAT k 33177117420')).toBe(1);
    expect(await run('EXPIRETIME k')).toBe(33177117420);
    expect(await run('PEXPIREAT k 33177117420500')).toBe(1);
    expect(await run('PEXPIRETIME k')).toBe(33177117420500);
    expect(await run('EXPIRETIME k')).toBe(33177117421);
    expect(await run('EXPIRE none 100')).toBe(0);
  });

  it('a key is gone when its time has come, without anyone asking for it', async () => {
    await run('SET k v PX 20');
    await run('SET stays v PX 100000');
    await eventually('DBSIZE', 1);
    expect(await run('GET k')).toBeNull();
  });

  it('many keys that fall due together all go', async () => {
    const at = Date.now() + 150;
    for (let i = 0; i < 3000; i++) await run(`SET k${i} v PXAT ${at}`);
    await eventually('DBSIZE', 0);
  });

  it.each(['0', '-1', '-9223372036854775808'])('PEXPIRE: with %s deletes the key', async (ms) => {
    await run('SET k v');
    expect(await run(`PEXPIRE k ${ms}`)).toBe(1);
    expect(await run('EXISTS k')).toBe(0);
  });

  it.each([
    ['EXPIRE k 9223372036854775807', 'expire'],
    ['EXPIRE k 9223370399119966', 'expire'],
    ['EXPIRE k 9223372036854776', 'expire'],
    ['EXPIRE k -9223372036854776', 'expire'],
    ['PEXPIRE k 9223372036854770000', 'pexpire'],
    ['EXPIREAT k 9223372036854776', 'expireat'],
    ['EXPIREAT k -9223372036854776', 'expireat'],
  ])('%s is too far away', async (command, name) => {
    await run('SET k v');
    expect(await run(command)).toBe(`error: ERR invalid expire time in '${name}' command`);
    expect(await run('TTL k')).toBe(-1);
  });

  it('the last millisecond that there is can be asked for', async () => {
    await run('SET k v');
    expect(await run('PEXPIREAT k 9223372036854770000')).toBe(1);
    expect(await run('PEXPIREAT k 9223372036854775807')).toBe(1);
    expect(String(await run('GET k'))).toBe('v');
    expect(await run('PERSIST k')).toBe(1);
    expect(await run('EXPIREAT k 9223372036854775')).toBe(1);
    expect(await run('PEXPIREAT k -9223372036854770000')).toBe(1);
    expect(await run('EXISTS k')).toBe(0);
  });

  it.each([
    ['abc', NOT_INTEGER],
    ['1.5', NOT_INTEGER],
    ['9223372036854775808', NOT_INTEGER],
    ['10 NX XX', 'error: ERR NX and XX, GT or LT options at the same time are not compatible'],
    ['10 NX GT', 'error: ERR NX and XX, GT or LT options at the same time are not compatible'],
    ['10 LT NX', 'error: ERR NX and XX, GT or LT options at the same time are not compatible'],
    ['10 GT LT', 'error: ERR GT and LT options at the same time are not compatible'],
    ['10 XX GT LT', 'error: ERR GT and LT options at the same time are not compatible'],
    ['10 AB', 'error: ERR Unsupported option AB'],
    ['abc AB', 'error: ERR Unsupported option AB'],
    ['abc NX XX', 'error: ERR NX and XX, GT or LT options at the same time are not compatible'],
  ])('EXPIRE: with %s replies %s, with a key and without', async (args, reply) => {
    expect(await run(`EXPIRE k ${args}`)).toBe(reply);
    await run('SET k v');
    expect(await run(`EXPIRE k ${args}`)).toBe(reply);
  });

  it('EXPIRE: NX, XX, GT and LT compare with the time there is', async () => {
    await run('SET k v');
    expect(await run('EXPIRE k 100 XX')).toBe(0);
    expect(await run('EXPIRE k 100 GT')).toBe(0);
    expect(await run('EXPIRE k 100 NX NX')).toBe(1);
    expect(await run('EXPIRE k 200 NX')).toBe(0);
    expect(await run('EXPIRE k 50 GT')).toBe(0);
    expect(await run('EXPIRE k 200 GT')).toBe(1);
    expect(await run('EXPIRE k 300 LT')).toBe(0);
    expect(await run('EXPIRE k 150 LT XX')).toBe(1);
    expect(await run('TTL k')).toBeCloseTo(150, -1);
    expect(await run('EXPIRE k -1 GT')).toBe(0);
    await run('PERSIST k');
    expect(await run('EXPIRE k 100 LT XX')).toBe(0);
    expect(await run('EXPIRE k 100 LT')).toBe(1);
    expect(await run('EXPIRE k -1 LT')).toBe(1);
    expect(await run('EXISTS k')).toBe(0);
    await run('SET k v PXAT 33177117420500');
    for (const option of ['GT', 'LT']) expect(await run(`PEXPIREAT k 33177117420500 ${option}`)).toBe(0);
  });

  it('PERSIST: removes the time', async () => {
    await run('SET k v EX 100');
    expect(await run('PERSIST k')).toBe(1);
    expect(await run('PERSIST k')).toBe(0);
    expect(await run('PERSIST none')).toBe(0);
    expect(await run('TTL k')).toBe(-1);
    expect(await run('GET k')).toBe('v');
  });

  it('a value of every size keeps its bytes when the time comes and goes', async () => {
    for (const size of [0, 1, 2, 3, 4, 5, 19, 20, 43, 44, 45, 100, 1000, 100_000]) {
      const value = 'abcdefghij'.repeat(size / 10 + 1).slice(0, size);
      await run('SET k <value>', value);
      await run('EXPIRE k 100');
      expect(await run('GET k')).toBe(value);
      await run('PERSIST k');
      expect(await run('GET k')).toBe(value);
    }
  });
});
