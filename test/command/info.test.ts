/** INFO: its sections and fields against the real server's, and that the figures are real. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeOnBoth, describeOnOurs } from './both-servers.ts';
import { RawClient, readable } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

/** What Redis 7.2 tells beyond 7.0, by section, as seen on a 7.2.3. */
const SINCE_72: Record<string, string[]> = {
  Server: ['listener0'],
  Clients: ['total_blocking_keys', 'total_blocking_keys_on_nokey'],
  Stats: [
    'eventloop_cycles',
    'eventloop_duration_sum',
    'eventloop_duration_cmd_sum',
    'instantaneous_eventloop_cycles_per_sec',
    'instantaneous_eventloop_duration_usec',
    'acl_access_denied_auth',
    'acl_access_denied_cmd',
    'acl_access_denied_key',
    'acl_access_denied_channel',
  ],
};

/** The form of a field's value: what a tool that reads it counts on. */
function formOf(value: string): string {
  return value
    .replace(/[0-9a-f]{40}/g, 'id')
    .replace(/[0-9]+\.[0-9]+/g, '0.0')
    .replace(/(?<![0-9.])[0-9]+(?![0-9.])/g, '0')
    .replace(/[KMGTP]$/, 'B')
    .replace(/^0\.0B$/, '0B');
}

/** Fields whose values are words of their own in each server, or of different forms for a reason. */
const OTHER_FORM = new Set([
  'redis_build_id',
  'monotonic_clock',
  'multiplexing_api',
  'atomicvar_api',
  'gcc_version',
  'executable',
  'mem_allocator',
]);

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
  const texts: string[] = [];
  beforeAll(async () => {
    servers.push(await startRedis(), await startThreadis(['--compat-version', '7.0']), await startThreadis());
    for (const server of servers) {
      const client = await RawClient.connect(server.port);
      await client.call('SET', 'k', 'v', 'EX', '100');
      await client.call('GET', 'nosuch', 'nosuch');
      texts.push(String(await client.call('INFO', 'everything')));
      told.push(sections(texts.at(-1)!));
      client.close();
    }
  }, 30_000);
  afterAll(() => Promise.all(servers.map((server) => server.stop())));

  it('has every field of the real server, in its order', () => {
    const [real, ours] = told;
    for (const [title, expected] of real) {
      if (expected.length === 0) continue;
      const common = (ours.get(title) ?? []).filter((field) => expected.includes(field));
      // Command statistics are in the order of a hash table there.
      const inOrder = (names: string[]) => (/stats$/.test(title) ? names.toSorted() : names);
      expect([title, inOrder(common)]).toEqual([title, inOrder(expected)]);
    }
  });

  it('has values of the same form', () => {
    const [real, ours] = texts.map(values);
    const differing = Object.keys(real)
      .filter((name) => !OTHER_FORM.has(name) && formOf(real[name]) !== formOf(ours[name] ?? 'none'))
      .map((name) => `${name}: ${real[name]} and ${ours[name]}`);
    expect(differing).toEqual([]);
  });

  it('has under compat-version 7.2 what 7.2 tells beyond 7.0, and under 7.0 not', () => {
    const [real, under70, under72] = told;
    for (const [title, fields] of Object.entries(SINCE_72)) {
      expect((under72.get(title) ?? []).filter((name) => fields.includes(name))).toEqual(fields);
      expect((under70.get(title) ?? []).filter((name) => fields.includes(name))).toEqual([]);
    }
    for (const [title, fields] of real) {
      expect([title, fields.filter((name) => !under72.get(title)!.includes(name))]).toEqual([title, []]);
    }
  });

  it('begins with the sections in the order of the real server', () => {
    const [real, ours] = told;
    const common = [...real.keys()].filter((title) => ours.has(title));
    expect([...ours.keys()].filter((title) => real.has(title))).toEqual(common);
  });
});

describeOnBoth('INFO of an append only file', ['--appendonly', 'yes'], ({ client }) => {
  it('INFO persistence: the buffer has what is logged and not written yet', async () => {
    const pipelined = await client();
    pipelined.write('SET k v\r\nINFO persistence\r\n');
    expect(readable(await pipelined.next())).toBe('OK');
    const told = values(readable(await pipelined.next()));
    const logged = '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n';
    expect(told).toMatchObject({ aof_buffer_length: String(logged.length), aof_delayed_fsync: '0' });
    const later = values(readable(await pipelined.call('INFO', 'persistence')));
    expect(later.aof_buffer_length).toBe('0');
    pipelined.close();
  });
});

describeOnBoth('info', ['--enable-debug-command', 'yes'], ({ run, client }) => {
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

  it('INFO clients: counts what clients do, and remembers their buffers', async () => {
    const blocked = await client();
    void blocked.call('BLPOP', 'nothing', '100').catch(() => {});
    const timeless = await client();
    void timeless.call('BLPOP', 'nothing', '0').catch(() => {});
    const subscriber = await client();
    await subscriber.call('SUBSCRIBE', 'c');
    let told: Record<string, string> = {};
    while (told.blocked_clients !== '2') told = values(await run('INFO clients'));
    expect(told).toMatchObject({
      connected_clients: '4',
      clients_in_timeout_table: '1',
      cluster_connections: '0',
    });
    for (const each of [blocked, timeless, subscriber]) each.close();
    while (told.connected_clients !== '1') told = values(await run('INFO clients'));
    expect(told).toMatchObject({ blocked_clients: '0', clients_in_timeout_table: '0' });
  });

  it('INFO server: server_time_usec tells microseconds, as TIME does', async () => {
    let before = 0;
    const fractions = new Set<number>();
    for (let i = 0; i < 50; i++) {
      const us = await figure('server_time_usec', 'server');
      expect(us).toBeGreaterThanOrEqual(before);
      before = us;
      fractions.add(us % 1000);
    }
    const [seconds] = (await run('TIME')) as string[];
    expect(Math.abs(Number(seconds) - before / 1_000_000)).toBeLessThan(60);
    expect(fractions.size).toBeGreaterThan(10);
  });

  it('INFO stats: rates are those of the last moments', async () => {
    await run('CONFIG RESETSTAT');
    const other = await client();
    let rate = 0;
    while (rate < 50) {
      await Promise.all(Array.from({ length: 200 }, () => other.call('ECHO', Buffer.alloc(1000))));
      rate = await figure('instantaneous_ops_per_sec');
    }
    expect(await figure('instantaneous_input_kbps')).toBeGreaterThan(10);
    expect(await figure('instantaneous_output_kbps')).toBeGreaterThan(10);
    while ((await figure('instantaneous_ops_per_sec')) > 40) await run('DEBUG SLEEP 0.1');
    other.close();
  });

  it('INFO cpu: tells the time of the process and of the thread that runs commands', async () => {
    const own = async () => {
      const { used_cpu_user_main_thread: user, used_cpu_sys_main_thread: system } = values(
        await run('INFO cpu'),
      );
      return Number(user) + Number(system);
    };
    const big = Array.from({ length: 50_000 }, (_, i) => i);
    await run(`RPUSH big ${big.join(' ')}`);
    const before = await own();
    while ((await own()) - before < 0.05) await run('SORT big ALPHA LIMIT 0 1');
    const told = values(await run('INFO cpu'));
    expect(Number(told.used_cpu_user) + Number(told.used_cpu_sys)).toBeGreaterThan(0.03);
  });

  it('INFO commandstats: shows subcommands, and the time of each call', async () => {
    await run('CONFIG RESETSTAT');
    await run('CLIENT GETNAME');
    await run('DEBUG SLEEP 0.02');
    await run('DEBUG SLEEP 0.02');
    const stats = values(await run('INFO commandstats'));
    expect(stats['cmdstat_client|getname']).toMatch(/^calls=1,/);
    const [, usec, each] = /^calls=2,usec=([0-9]+),usec_per_call=([0-9.]+),/.exec(stats.cmdstat_debug)!;
    expect(Number(usec)).toBeGreaterThan(40_000);
    expect(Number(each)).toBeCloseTo(Number(usec) / 2, 0);
  });

  it('INFO: CONFIG RESETSTAT resets what it should, and nothing else', async () => {
    await run('SET k v');
    await run('GET k');
    await run('GET none');
    await run('NOSUCH');
    await run('PEXPIRE k 1');
    while ((await figure('expired_keys')) === 0) await run('PING');
    await run('CONFIG RESETSTAT');
    const stats = values(await run('INFO everything'));
    const reset = [
      'keyspace_hits',
      'keyspace_misses',
      'expired_keys',
      'total_connections_received',
      'total_error_replies',
      'rejected_connections',
      'expired_time_cap_reached_count',
      'evicted_keys',
      'total_forks',
      'unexpected_error_replies',
    ];
    for (const name of reset) expect([name, stats[name]]).toEqual([name, '0']);
    expect(Number(stats.total_commands_processed)).toBeLessThanOrEqual(1);
    expect(Object.keys(stats).filter((name) => name.startsWith('errorstat_'))).toEqual([]);
    expect(Object.keys(stats).filter((name) => name.startsWith('cmdstat_'))).toEqual([
      'cmdstat_config|resetstat',
    ]);
    expect(Number(stats.connected_clients)).toBe(1);
    expect(Number(stats.uptime_in_seconds)).toBeGreaterThanOrEqual(0);
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

describeOnOurs('info of ours', [], ({ run, client }) => {
  it('INFO server: tells both versions, and under 7.2 where it listens', async () => {
    const told = values(await run('INFO server'));
    expect(told.redis_version).toBe('7.2.4');
    expect(told.threadis_version).toMatch(/^[0-9]+\.[0-9]+\.[0-9]+$/);
    expect(told.listener0).toBe(`name=tcp,bind=127.0.0.1,port=${told.tcp_port}`);
  });

  it('INFO clients: counts subscribers, those who watch, and what they watch', async () => {
    const [a, b] = [await client(), await client()];
    await a.call('SUBSCRIBE', 'c');
    await b.call('WATCH', 'k', 'l');
    await run('WATCH k');
    expect(values(await run('INFO clients'))).toMatchObject({
      pubsub_clients: '1',
      watching_clients: '2',
      total_watched_keys: '2',
    });
    await run('UNWATCH');
    for (const each of [a, b]) each.close();
  });

  it('INFO clients: remembers the largest buffers of the last seconds', async () => {
    const slow = await client();
    await run('SET big <value>', Buffer.alloc(1 << 20));
    slow.pause();
    for (let i = 0; i < 20; i++) void slow.call('GET', 'big').catch(() => {});
    const recent = async () => Number(values(await run('INFO clients')).client_recent_max_output_buffer);
    while ((await recent()) < 1 << 20) await run('PING');
    slow.close();
    while (Number(values(await run('INFO clients')).connected_clients) > 1) await run('PING');
    expect(await recent()).toBeGreaterThanOrEqual(1 << 20);
  });

  it('INFO keyspace: tells of keys whose fields expire, where there are any', async () => {
    await run('HSET h a 1');
    expect(values(await run('INFO keyspace')).db0).toMatch(/^keys=1,expires=0,avg_ttl=0$/);
    await run('HEXPIRE h 100 FIELDS 1 a');
    expect(values(await run('INFO keyspace')).db0).toMatch(/^keys=1,expires=0,avg_ttl=0,subexpiry=1$/);
  });

  it('INFO debug: only when it is named', async () => {
    const told = values(await run('INFO debug'));
    expect(Object.keys(told)).toEqual([
      'eventloop_duration_aof_sum',
      'eventloop_duration_cron_sum',
      'eventloop_duration_max',
      'eventloop_cmd_per_cycle_max',
    ]);
    expect(Number(told.eventloop_cmd_per_cycle_max)).toBeGreaterThan(0);
    expect(String(await run('INFO everything'))).not.toContain('eventloop_duration_max');
  });

  it('INFO stats: the loop turns, and is awake for some of the time', async () => {
    await run('CONFIG RESETSTAT');
    for (let i = 0; i < 10; i++) await run('SET k v');
    const told = values(await run('INFO stats'));
    expect(Number(told.eventloop_cycles)).toBeGreaterThanOrEqual(10);
    expect(Number(told.eventloop_duration_sum)).toBeGreaterThan(Number(told.eventloop_duration_cmd_sum));
    expect(Number(told.eventloop_duration_cmd_sum)).toBeGreaterThan(0);
    while (Number(values(await run('INFO stats')).instantaneous_eventloop_cycles_per_sec) === 0)
      await run('PING');
    expect(Number(values(await run('INFO stats')).instantaneous_eventloop_duration_usec)).toBeGreaterThan(0);
  });

  it('INFO threads: has a line for each thread', async () => {
    const told = values(await run('INFO threads'));
    const names = Object.keys(told).filter((name) => name.startsWith('thread_'));
    expect(names).toEqual([
      'thread_executor',
      ...Array.from({ length: Number(told.io_threads) }, (_, i) => `thread_io_${i}`),
      'thread_bio',
      'thread_main',
    ]);
    for (const name of names) {
      expect(told[name]).toMatch(
        /^busy=[01]\.[0-9]{2},ring_depth=[0-9]+,batches=[0-9]+,commands=[0-9]+,commands_per_batch=[0-9.]+,parks=[0-9]+,wakeups=[0-9]+,heap_bytes=[0-9]+,cpu_user=[0-9.]+,cpu_sys=[0-9.]+$/,
      );
    }
    expect(Number(told.executor_heap_used_bytes)).toBeGreaterThan(0);
  });
});

describeOnOurs('INFO stats of keys whose time has come', ['--enable-debug-command', 'yes'], ({ run }) => {
  it('shows what share of the volatile keys is over its time', async () => {
    expect(await run('DEBUG SET-ACTIVE-EXPIRE 0')).toBe('OK');
    for (let i = 0; i < 3; i++) await run(`SET late${i} v PX 1`);
    await run('SET early v EX 1000');
    await expect.poll(() => run('INFO stats')).toMatch(/^expired_stale_perc:75\.00\r?$/m);
    await run('DEBUG SET-ACTIVE-EXPIRE 1');
    await expect.poll(() => run('INFO stats')).toMatch(/^expired_stale_perc:0\.00\r?$/m);
  });
});

describeOnOurs('INFO clients of keys that clients wait for', [], ({ run, client }) => {
  const clients = async () => {
    const text = String(await run('INFO clients'));
    return ['total_blocking_keys', 'total_blocking_keys_on_nokey'].map(
      (name) => new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1],
    );
  };

  it('counts the keys, and those whose deletion ends the wait', async () => {
    await run('XGROUP CREATE stream group $ MKSTREAM');
    const [popper, reader] = [await client(), await client()];
    void popper.call('BLPOP', 'a', 'b', '0').catch(() => {});
    const read = reader.call('XREADGROUP', 'GROUP', 'group', 'me', 'BLOCK', '0', 'STREAMS', 'stream', '>');
    await expect.poll(clients).toEqual(['3', '1']);
    await run('DEL stream');
    await expect(read).resolves.toBeInstanceOf(Error);
    expect(await clients()).toEqual(['2', '0']);
    popper.close();
    reader.close();
  });
});
