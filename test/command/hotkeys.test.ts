/** HOTKEYS, as Redis 8.6 documents it. */
import { expect, it } from 'vitest';
import { describeOnOurs } from './both-servers.ts';

const error = (text: string) => `error: ${text}`;

function asMap(reply: unknown): Record<string, unknown> {
  const [flat] = reply as [unknown[]];
  return Object.fromEntries(flat.flatMap((item, i) => (i % 2 === 0 ? [[item, flat[i + 1]]] : [])));
}

function asPairs(flat: unknown): [string, number][] {
  const items = flat as (string | number)[];
  return items.flatMap((item, i): [string, number][] =>
    i % 2 === 0 ? [[item as string, items[i + 1] as number]] : [],
  );
}

describeOnOurs('hotkeys', [], ({ run, call, client }) => {
  const found = async () => asMap(await run('HOTKEYS GET'));
  const begin = async (options: string) => {
    await run('HOTKEYS STOP');
    await run('HOTKEYS RESET');
    expect(await run(`HOTKEYS START ${options}`)).toBe('OK');
  };

  it('tells of the keys with the most bytes and the most time', async () => {
    await call('SET', 'large', Buffer.alloc(10_000));
    await call('SET', 'small', 'x');
    await call('RPUSH', 'long', ...Array.from({ length: 20_000 }, (_, i) => i));
    await begin('METRICS 2 CPU NET');
    for (let i = 0; i < 20; i++) {
      await call('GET', 'large');
      await call('GET', 'small');
      await call('LPOS', 'long', 'not there');
    }
    expect(await run('HOTKEYS STOP')).toBe('OK');
    const told = await found();
    expect(Object.keys(told)).toEqual([
      'tracking-active',
      'sample-ratio',
      'selected-slots',
      'all-commands-all-slots-us',
      'net-bytes-all-commands-all-slots',
      'collection-start-time-unix-ms',
      'collection-duration-ms',
      'total-cpu-time-user-ms',
      'total-cpu-time-sys-ms',
      'total-net-bytes',
      'by-cpu-time-us',
      'by-net-bytes',
    ]);
    expect(told).toMatchObject({ 'tracking-active': 0, 'sample-ratio': 1, 'selected-slots': [[0, 16383]] });
    const bytes = asPairs(told['by-net-bytes']);
    const request = 4 + 9 + 11;
    expect(bytes[0]).toEqual(['large', 20 * (request + 8 + 10_000 + 2)]);
    expect(bytes.find(([key]) => key === 'small')![1]).toBe(20 * (request + 7));
    expect(asPairs(told['by-cpu-time-us'])[0][0]).toBe('long');
    expect(told['total-net-bytes']).toBeGreaterThan(20 * 10_000);
    expect(told['all-commands-all-slots-us']).toBeGreaterThan(asPairs(told['by-cpu-time-us'])[0][1] / 2);
  });

  it('shares out what a command with several keys takes, and looks into transactions', async () => {
    await begin('METRICS 1 NET');
    await run('MSET a 1 b 2');
    await run('MULTI');
    await run('INCR c');
    await run('EXEC');
    await run('PING');
    const told = await found();
    expect(asPairs(told['by-net-bytes']).toSorted()).toEqual([
      ['a', (4 + 10 + 4 * 7 + 5) / 2 + 0.5].map((value) =>
        typeof value === 'number' ? Math.round(value) : value,
      ),
      ['b', (4 + 10 + 4 * 7 + 5) / 2 + 0.5].map((value) =>
        typeof value === 'number' ? Math.round(value) : value,
      ),
      ['c', 4 + 10 + 7 + 4],
    ]);
    expect(told).not.toHaveProperty('by-cpu-time-us');
    expect(told).not.toHaveProperty('total-cpu-time-user-ms');
  });

  it('finds the hot ones among many, with a sample, in bounded memory', async () => {
    await begin('METRICS 2 CPU NET COUNT 5 SAMPLE 3');
    const batch: Promise<unknown>[] = [];
    const other = await client();
    for (let i = 0; i < 9_000; i++) batch.push(other.call('GET', i % 3 === 0 ? `cold-${i}` : `hot-${i % 4}`));
    await Promise.all(batch);
    const told = await found();
    const keys = asPairs(told['by-net-bytes']).map(([key]) => key);
    expect(keys.slice(0, 4).toSorted()).toEqual(['hot-0', 'hot-1', 'hot-2', 'hot-3']);
    expect(keys.length).toBeLessThanOrEqual(5);
    expect(told['sample-ratio']).toBe(3);
    other.close();
  });

  it('ends by itself after its duration, and leaves what it found', async () => {
    await begin('METRICS 1 NET DURATION 1');
    await run('GET k');
    while ((await found())['tracking-active'] === 1) await run('GET k');
    const told = await found();
    expect(told['collection-duration-ms']).toBe(1000);
    expect(asPairs(told['by-net-bytes'])[0][0]).toBe('k');
    expect(await run('HOTKEYS STOP')).toBeNull();
  });

  it('answers null when there is nothing', async () => {
    await run('HOTKEYS STOP');
    expect(await run('HOTKEYS RESET')).toBe('OK');
    expect(await run('HOTKEYS GET')).toBeNull();
    expect(await run('HOTKEYS STOP')).toBeNull();
  });

  it('explains itself', async () => {
    expect(((await run('HOTKEYS HELP')) as string[])[0]).toContain('HOTKEYS <subcommand>');
  });

  it('has one session at a time', async () => {
    await begin('METRICS 1 CPU');
    expect(await run('HOTKEYS START METRICS 1 NET')).toEqual(
      error('ERR hotkey tracking session already in progress'),
    );
    expect(await run('HOTKEYS RESET')).toEqual(
      error('ERR hotkey tracking session in progress, stop tracking first'),
    );
    await run('HOTKEYS STOP');
  });

  it('refuses bad arguments', async () => {
    await run('HOTKEYS STOP');
    const wrong: [string, string][] = [
      ['', 'METRICS parameter is required'],
      ['COUNT 5', 'METRICS parameter is required'],
      ['METRICS 0', 'METRICS count must be > 0 and <= 2'],
      ['METRICS -1', 'METRICS count must be > 0 and <= 2'],
      ['METRICS 3 CPU NET', 'METRICS count must be > 0 and <= 2'],
      ['METRICS 2 CPU', 'METRICS count does not match number of metric types provided'],
      ['METRICS 1 GPU', 'METRICS no valid metrics passed. Supported: CPU|NET'],
      ['METRICS 2 CPU CPU', 'METRICS CPU defined more than once!'],
      ['METRICS 2 NET NET', 'METRICS NET defined more than once!'],
      ['METRICS 1 CPU NET', 'syntax error'],
      ['METRICS 1 CPU COUNT 0', 'COUNT must be between 1 and 64'],
      ['METRICS 1 CPU COUNT 65', 'COUNT must be between 1 and 64'],
      ['METRICS 1 CPU DURATION 0', 'DURATION must be between 1 and 1000000'],
      ['METRICS 1 CPU SAMPLE 0', 'SAMPLE ratio must be positive'],
      ['METRICS 1 CPU SLOTS 1 5', 'SLOTS parameter cannot be used in non-cluster mode'],
      ['METRICS 1 CPU NOSUCH 5', 'syntax error'],
    ];
    for (const [args, text] of wrong) {
      expect([args, await run(`HOTKEYS START ${args}`.trimEnd())]).toEqual([args, error(`ERR ${text}`)]);
    }
    expect(await run('HOTKEYS START METRICS 2 GPU CPU')).toBe('OK');
    await run('HOTKEYS STOP');
  });
});
