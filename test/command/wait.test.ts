/** WAIT and WAITAOF where there are no replicas. */
import { expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs } from './both-servers.ts';
import { readable } from './raw-client.ts';

describeOnBoth('wait', [], ({ run, call, client }) => {
  it('WAIT: refuses what makes no sense', async () => {
    expect(await run('WAIT x 0')).toBe('error: ERR value is not an integer or out of range');
    expect(await run('WAIT 1 x')).toBe('error: ERR timeout is not an integer or out of range');
    expect(await run('WAIT 1 -1')).toBe('error: ERR timeout is negative');
  });

  it('WAIT: for nobody it is over at once, for somebody when its time is up', async () => {
    expect(await run('WAIT 0 0')).toBe(0);
    expect(await run('WAIT -1 0')).toBe(0);
    expect(await run('WAIT 1 10')).toBe(0);
  });

  it('WAIT: does not wait inside a transaction', async () => {
    await run('MULTI');
    await run('WAIT 1 0');
    expect(await run('EXEC')).toEqual([0]);
  });

  it('WAIT: CLIENT UNBLOCK ends it, with the count or with an error', async () => {
    for (const [how, expected] of [
      ['TIMEOUT', 0],
      ['ERROR', 'error: UNBLOCKED client unblocked via CLIENT UNBLOCK'],
    ] as const) {
      const other = await client();
      const id = String(readable(await other.call('CLIENT', 'ID')));
      const reply = other.call('WAIT', '1', '0');
      while ((await call('CLIENT', 'UNBLOCK', id, how)) !== 1);
      expect(readable(await reply)).toBe(expected);
      other.close();
    }
  });
});

describeOnOurs('waitaof without a log', [], ({ run }) => {
  it('WAITAOF: refuses what makes no sense, and what cannot be', async () => {
    expect(await run('WAITAOF 2 0 0')).toBe('error: ERR value is out of range, value must between 0 and 1');
    expect(await run('WAITAOF x 0 0')).toBe('error: ERR value is not an integer or out of range');
    expect(await run('WAITAOF 0 -1 0')).toBe('error: ERR value is out of range, must be positive');
    expect(await run('WAITAOF 0 0 -1')).toBe('error: ERR timeout is negative');
    expect(await run('WAITAOF 1 0 0')).toBe(
      'error: ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.',
    );
    expect(await run('WAITAOF 0 0 0')).toEqual([0, 0]);
    expect(await run('WAITAOF 0 1 10')).toEqual([0, 0]);
  });
});

describeOnOurs('waitaof', ['--appendonly', 'yes', '--appendfsync', 'everysec'], ({ run, client }) => {
  it('WAITAOF: waits for the fsync that covers what the client wrote', async () => {
    expect(await run('SET k v')).toBe('OK');
    expect(await run('WAITAOF 1 0 0')).toEqual([1, 0]);
    // Nothing more has been written: nothing to wait for.
    expect(await run('WAITAOF 1 0 0')).toEqual([1, 0]);
    await run('INCR n');
    expect(await run('WAITAOF 1 1 1')).toEqual([expect.any(Number), 0]);
  });

  it('WAITAOF: in a transaction it does not wait; after one it waits for what that wrote', async () => {
    await run('MULTI');
    await run('SET k w');
    await run('WAITAOF 1 0 0');
    expect(await run('EXEC')).toEqual(['OK', [0, 0]]);
    expect(await run('WAITAOF 1 0 0')).toEqual([1, 0]);
  });

  it('WAITAOF: who waits is told when the log is switched off', async () => {
    await run('CONFIG SET appendfsync no');
    const other = await client();
    await other.call('SET', 'k', '1');
    const reply = other.call('WAITAOF', '1', '0', '0').then(readable);
    while (!String(await run('INFO clients')).includes('blocked_clients:1'));
    await run('CONFIG SET appendonly no');
    expect([
      'error: ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.',
    ]).toContainEqual(await reply);
    other.close();
  });
});
