/** LATENCY against the real server: events, histograms and INFO latencystats. */
import { expect, it } from 'vitest';
import { describeOnBoth } from './both-servers.ts';

const error = (text: string) => `error: ${text}`;

type Histogram = [calls: string, count: number, name: string, pairs: number[]];

function histograms(reply: unknown): Map<string, Histogram> {
  const flat = reply as (string | Histogram)[];
  return new Map(
    flat.flatMap((item, i) => (i % 2 === 0 ? [[item as string, flat[i + 1] as Histogram]] : [])),
  );
}

describeOnBoth('latency', ['--enable-debug-command', 'yes'], ({ run, call, client }) => {
  const histogram = async (...names: string[]) => histograms(await call('LATENCY', 'HISTOGRAM', ...names));
  const events = async () => ((await run('LATENCY LATEST')) as [string, number, number, number][]).toSorted();
  const latencyStats = async () =>
    String(await run('INFO latencystats'))
      .trimEnd()
      .split('\r\n')
      .slice(1);

  it('HISTOGRAM: counts calls by time, in doublings, each with those before', async () => {
    await run('CONFIG RESETSTAT');
    for (let i = 0; i < 20; i++) await run('SET k v');
    await run('DEBUG SLEEP 0.02');
    const all = await histogram();
    expect([...all.keys()].toSorted()).toEqual(['config|resetstat', 'debug', 'set']);
    const [calls, count, name, pairs] = all.get('set')!;
    expect([calls, count, name]).toEqual(['calls', 20, 'histogram_usec']);
    expect(pairs.at(-1)).toBe(20);
    for (let i = 2; i < pairs.length; i += 2) {
      expect(pairs[i]).toBeGreaterThan(pairs[i - 2]);
      expect(pairs[i + 1]).toBeGreaterThan(pairs[i - 1]);
    }
    expect(all.get('debug')![3]).toEqual([33816, 1]);
  });

  it('HISTOGRAM: knows commands, containers and subcommands', async () => {
    await run('CONFIG RESETSTAT');
    await run('CLIENT ID');
    await run('CLIENT GETNAME');
    await run('GET k');
    await run('COMMAND');
    expect([...(await histogram('client')).keys()].toSorted()).toEqual(['client|getname', 'client|id']);
    expect([...(await histogram('client|id')).keys()]).toEqual(['client|id']);
    expect([...(await histogram('CLIENT|ID', 'nosuch', 'get')).keys()]).toEqual(['client|id', 'get']);
    expect([...(await histogram('command')).keys()]).toEqual(['command']);
    expect((await histogram('nosuch')).size).toBe(0);
    expect((await histogram('set')).size).toBe(0);
  });

  it('HISTOGRAM: counts a blocked command once, when it is done', async () => {
    await run('CONFIG RESETSTAT');
    const waiter = await client();
    const waiting = waiter.call('BLPOP', 'l', '0');
    while (!/blocked_clients:1/.test(String(await run('INFO clients')))) await run('PING');
    expect((await histogram('blpop')).size).toBe(0);
    await run('RPUSH l x');
    await waiting;
    expect((await histogram('blpop')).get('blpop')![1]).toBe(1);
    const stats = String(await run('INFO commandstats'));
    expect(stats).toMatch(/cmdstat_blpop:calls=1,/);
    await waiter.call('BLPOP', 'l', '0.01');
    expect(String(await run('INFO commandstats'))).toMatch(/cmdstat_blpop:calls=2,/);
    waiter.close();
  });

  it('HISTOGRAM and INFO latencystats: can be turned off', async () => {
    await run('CONFIG RESETSTAT');
    await run('CONFIG SET latency-tracking no');
    await run('CONFIG RESETSTAT');
    await run('SET k v');
    expect(await latencyStats()).toEqual([]);
    expect((await histogram()).size).toBe(0);
    await run('CONFIG SET latency-tracking yes');
    await run('SET k v');
    expect((await latencyStats()).map((line) => line.split(':')[0])).toContain(
      'latency_percentiles_usec_set',
    );
  });

  it('INFO latencystats: tells the percentiles that are asked for', async () => {
    await run('CONFIG RESETSTAT');
    await run('DEBUG SLEEP 0.5');
    await run('DEBUG SLEEP 0.001');
    await run('CONFIG SET latency-tracking-info-percentiles <p>', '50 99 99.9');
    const usual = (await latencyStats()).find((line) => line.includes('usec_debug'))!;
    expect(usual).toMatch(/^latency_percentiles_usec_debug:p50=[0-9.]+,p99=[0-9.]+,p99\.9=[0-9.]+$/);
    const [p50, p99] = [...usual.matchAll(/=([0-9.]+)/g)].map(([, number]) => Number(number));
    expect(p50).toBeGreaterThan(999);
    expect(p50).toBeLessThan(450_000);
    expect(p99).toBeGreaterThan(495_000);
    await run('CONFIG SET latency-tracking-info-percentiles <p>', '0 100 12.345');
    expect((await latencyStats())[0]).toMatch(/:p0=[0-9.]+,p100=[0-9.]+,p12\.345=[0-9.]+$/);
    await run('CONFIG SET latency-tracking-info-percentiles <p>', '50 99 99.9');
  });

  it('LATEST and HISTORY: have what took long enough', async () => {
    await run('LATENCY RESET');
    expect(await run('CONFIG SET latency-monitor-threshold 300')).toBe('OK');
    await run('DEBUG SLEEP 0.01');
    expect(await events()).toEqual([]);
    await run('DEBUG SLEEP 0.5');
    await run('DEBUG SLEEP 0.4');
    const [[event, second, latest, longest]] = await events();
    expect(event).toBe('command');
    expect(Math.abs(second - Date.now() / 1000)).toBeLessThan(60);
    expect(longest).toBeGreaterThanOrEqual(500);
    expect(latest).toBeGreaterThanOrEqual(400);
    const history = (await run('LATENCY HISTORY command')) as [number, number][];
    expect(history.at(-1)).toEqual([second, latest]);
    expect(await run('LATENCY HISTORY nosuch')).toEqual([]);
    await run('CONFIG SET latency-monitor-threshold 0');
    await run('DEBUG SLEEP 0.04');
    expect((await events())[0][3]).toBe(longest);
  });

  it('EXEC counts as a command, as long as what it runs', async () => {
    await run('LATENCY RESET');
    await run('CONFIG RESETSTAT');
    await run('CONFIG SET latency-monitor-threshold 70');
    await run('MULTI');
    await run('DEBUG SLEEP 0.04');
    await run('DEBUG SLEEP 0.04');
    await run('EXEC');
    expect((await events()).map(([event]) => event)).toEqual(['command']);
    await run('CONFIG SET latency-monitor-threshold 0');
    const stats = String(await run('INFO commandstats'));
    expect(Number(/cmdstat_exec:calls=1,usec=([0-9]+)/.exec(stats)![1])).toBeGreaterThan(80_000);
    expect(Number(/cmdstat_debug:calls=2,usec=([0-9]+)/.exec(stats)![1])).toBeGreaterThan(80_000);
  });

  it('GRAPH: draws the samples', async () => {
    await run('LATENCY RESET');
    await run('CONFIG SET latency-monitor-threshold 1');
    await run('DEBUG SLEEP 0.02');
    await run('CONFIG SET latency-monitor-threshold 0');
    const lines = String(await run('LATENCY GRAPH command')).split('\n');
    expect(lines[0]).toMatch(/^command - high [0-9]+ ms, low [0-9]+ ms \(all time high [0-9]+ ms\)$/);
    expect(lines[1]).toBe('-'.repeat(80));
    expect(lines.slice(2).join('')).toMatch(/[#o_|]/);
    expect(await run('LATENCY GRAPH nosuch')).toEqual(error("ERR No samples available for event 'nosuch'"));
  });

  it('RESET: forgets all events or those named, and tells how many', async () => {
    await run('LATENCY RESET');
    await run('CONFIG SET latency-monitor-threshold 1');
    await run('DEBUG SLEEP 0.01');
    await run('CONFIG SET latency-monitor-threshold 0');
    expect(await run('LATENCY RESET nosuch')).toBe(0);
    expect((await events()).length).toBe(1);
    expect(await run('LATENCY RESET nosuch command')).toBe(1);
    expect(await events()).toEqual([]);
    expect(await run('LATENCY RESET')).toBe(0);
  });

  it('DOCTOR: says what there is', async () => {
    await run('LATENCY RESET');
    await run('CONFIG SET latency-monitor-threshold 0');
    expect(String(await run('LATENCY DOCTOR'))).toContain(
      'CONFIG SET latency-monitor-threshold <milliseconds>',
    );
    await run('CONFIG SET latency-monitor-threshold 1');
    await run('DEBUG SLEEP 0.01');
    expect(String(await run('LATENCY DOCTOR'))).toMatch(
      /1\. command: 1 latency spikes \(average [0-9]+ms, mean deviation 0ms, period 1\.00 sec\)\. Worst all time event [0-9]+ms\./,
    );
    await run('CONFIG SET latency-monitor-threshold 0');
  });

  it('refuses bad arguments', async () => {
    expect(await run('LATENCY NOSUCH')).toEqual(error("ERR unknown subcommand 'NOSUCH'. Try LATENCY HELP."));
    expect(await run('LATENCY HELP x')).toEqual(
      error("ERR wrong number of arguments for 'latency|help' command"),
    );
    expect(((await run('LATENCY HELP')) as string[])[0]).toContain('LATENCY <subcommand>');
  });
});
