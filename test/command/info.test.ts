/** INFO: its sections and fields against the real server's, and that the figures are real. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs } from './both-servers.ts';
import { RawClient } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

/** What the real server tells and we do not, each with the reason. */
const NOT_TOLD: Record<string, string> = {
  latency_percentiles_usec_: 'latency tracking is not part of this version',
};

/** Field names by section title. */
function sections(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let title = '';
  for (const line of text.split('\r\n')) {
    if (line.startsWith('# ')) found.set((title = line.slice(2)), []);
    else if (line !== '') found.get(title)!.push(line.slice(0, line.indexOf(':')));
  }
  return found;
}

function values(text: unknown): Record<string, string> {
  const lines = String(text)
    .split('\r\n')
    .filter((line) => line.includes(':'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
}

describe.skipIf(!oracleAvailable())('INFO everything', () => {
  const servers: RunningServer[] = [];
  const told: Map<string, string[]>[] = [];
  beforeAll(async () => {
    servers.push(await startRedis(), await startThreadis(['--compat-version', '7.0']));
    for (const server of servers) {
      const client = await RawClient.connect(server.port);
      await client.call('SET', 'k', 'v', 'EX', '100');
      await client.call('GET', 'nosuch', 'nosuch');
      told.push(sections(String(await client.call('INFO', 'everything'))));
      client.close();
    }
  }, 30_000);
  afterAll(() => Promise.all(servers.map((server) => server.stop())));

  it('has every field of the real server, in its order, but for those listed with a reason', () => {
    const [real, ours] = told;
    for (const [title, fields] of real) {
      const expected = fields.filter(
        (field) => !Object.keys(NOT_TOLD).some((prefix) => field.startsWith(prefix)),
      );
      if (expected.length === 0) continue;
      const common = (ours.get(title) ?? []).filter((field) => expected.includes(field));
      // Command statistics are in the order of a hash table there.
      const inOrder = (names: string[]) => (title === 'Commandstats' ? names.toSorted() : names);
      expect([title, inOrder(common)]).toEqual([title, inOrder(expected)]);
    }
  });

  it('begins with the sections in the order of the real server', () => {
    const [real, ours] = told;
    const common = [...real.keys()].filter((title) => ours.has(title));
    expect([...ours.keys()].filter((title) => real.has(title))).toEqual(common);
  });
});

describeOnBoth('info', [], ({ run, client }) => {
  const figure = async (name: string, section = 'everything') =>
    Number(values(await run(`INFO ${section}`))[name]);

  it('INFO: shows what is asked for, once, and passes over what it does not know', async () => {
    expect([...sections(String(await run('INFO cpu'))).keys()]).toEqual(['CPU']);
    expect([...sections(String(await run('INFO cpu CPU keyspace nosuch'))).keys()]).toEqual([
      'CPU',
      'Keyspace',
    ]);
    expect(await run('INFO nosuch')).toBe('');
    expect(String(await run('INFO'))).not.toContain('cmdstat_');
    expect(String(await run('INFO all'))).toContain('cmdstat_info');
    expect(String(await run('INFO cpu default')).split('# CPU').length).toBe(2);
  });

  it('INFO: keyspace counts keys, those with a TTL, and averages it', async () => {
    await run('MSET a 1 b 2 c 3');
    await run('EXPIRE a 100');
    await run('EXPIRE b 200');
    const line = values(await run('INFO keyspace')).db0;
    expect(line).toMatch(/^keys=3,expires=2,avg_ttl=[0-9]+$/);
  });

  it('INFO: commandstats tells calls, refusals and failures apart', async () => {
    await run('CONFIG RESETSTAT');
    await run('SET k v');
    await run('INCR k');
    await run('GET');
    const stats = values(await run('INFO commandstats'));
    expect(stats.cmdstat_set).toMatch(
      /^calls=1,usec=[0-9]+,usec_per_call=[0-9.]+,rejected_calls=0,failed_calls=0$/,
    );
    expect(stats.cmdstat_incr).toMatch(/^calls=1,.*,rejected_calls=0,failed_calls=1$/);
    expect(stats.cmdstat_get).toMatch(/^calls=0,.*,rejected_calls=1,failed_calls=0$/);
    expect(stats['cmdstat_config|resetstat']).toMatch(/^calls=1,/);
    expect(values(await run('INFO errorstats')).errorstat_ERR).toBe('count=2');
    expect(await figure('total_error_replies')).toBe(2);
  });

  it('INFO: counts hits, misses, commands, connections and bytes', async () => {
    await run('CONFIG RESETSTAT');
    await run('SET k v');
    await run('GET k');
    await run('GET none');
    const other = await client();
    await other.call('ECHO', Buffer.alloc(100_000));
    const stats = values(await run('INFO stats'));
    expect(stats).toMatchObject({
      keyspace_hits: '1',
      keyspace_misses: '1',
      total_connections_received: '1',
    });
    expect(Number(stats.total_commands_processed)).toBeGreaterThanOrEqual(5);
    expect(Number(stats.total_net_input_bytes)).toBeGreaterThan(100_000);
    expect(Number(stats.total_net_output_bytes)).toBeGreaterThan(100_000);
    expect(Number(stats.total_reads_processed)).toBeGreaterThan(3);
    expect(await figure('connected_clients')).toBe(2);
    other.close();
  });

  it('INFO: used_memory follows the data', async () => {
    const before = await figure('used_memory');
    await run('SET k <value>', Buffer.alloc(1 << 22));
    expect((await figure('used_memory')) - before).toBeGreaterThanOrEqual(1 << 22);
    expect(await figure('used_memory_peak')).toBeGreaterThanOrEqual(1 << 22);
    const full = await figure('used_memory');
    await run('DEL k');
    expect(await figure('used_memory')).toBeLessThan(full - (1 << 21));
  });
});

describeOnOurs('info of ours', [], ({ run }) => {
  it('INFO server: tells both versions, and under 7.2 where it listens', async () => {
    const told = values(await run('INFO server'));
    expect(told.redis_version).toBe('7.2.4');
    expect(told.threadis_version).toMatch(/^[0-9]+\.[0-9]+\.[0-9]+$/);
    expect(told.listener0).toBe(`name=tcp,bind=127.0.0.1,port=${told.tcp_port}`);
  });

  it('INFO threads: has a line for each thread', async () => {
    const told = values(await run('INFO threads'));
    const names = Object.keys(told).filter((name) => name.startsWith('thread_'));
    expect(names).toEqual([
      'thread_executor',
      ...Array.from({ length: Number(told.io_threads) }, (_, i) => `thread_io_${i}`),
      'thread_bio',
    ]);
    for (const name of names) {
      expect(told[name]).toMatch(
        /^busy=[01]\.[0-9]{2},ring_depth=[0-9]+,batches=[0-9]+,commands=[0-9]+,commands_per_batch=[0-9.]+,parks=[0-9]+,wakeups=[0-9]+,heap_bytes=[0-9]+$/,
      );
    }
    expect(Number(told.executor_heap_used_bytes)).toBeGreaterThan(0);
  });
});
