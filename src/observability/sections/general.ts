/** INFO's sections on the server, its clients, its replication (there is none) and its CPU time. */

import { PAUSE_NONE } from '../../commands/pausing.ts';
import { wallMicroseconds } from '../../commands/server/time.ts';
import type { Server } from '../../commands/server.ts';
import type { Session } from '../../commands/session.ts';
import { THREADIS_VERSION } from '../../config/product.ts';
import { field, fixed, type InfoFacts, type InfoSection } from '../info-section.ts';

const SECONDS_PER_DAY = 86_400;

export const SERVER: InfoSection = {
  name: 'server',
  title: 'Server',
  usual: true,
  fields: [
    field('redis_version', ({ server }) => server.version),
    fixed('redis_git_sha1', '00000000'),
    fixed('redis_git_dirty', 0),
    fixed('redis_build_id', '0'),
    fixed('redis_mode', 'standalone'),
    fixed('threadis_version', THREADIS_VERSION),
    field('node_version', ({ server }) => server.host.nodeVersion),
    field('os', ({ server }) => server.host.os),
    field('arch_bits', ({ server }) => server.host.arch),
    fixed('monotonic_clock', 'performance.now'),
    fixed('multiplexing_api', 'libuv'),
    fixed('atomicvar_api', 'Atomics'),
    fixed('gcc_version', '0.0.0'),
    field('process_id', ({ server }) => server.pid),
    fixed('process_supervised', 'no'),
    field('run_id', ({ server }) => server.runId),
    field('tcp_port', ({ server }) => server.config.number('port')),
    field('server_time_usec', ({ server }) => wallMicroseconds(server.clock)),
    field('uptime_in_seconds', (facts) => facts.uptimeSeconds),
    field('uptime_in_days', (facts) => Math.floor(facts.uptimeSeconds / SECONDS_PER_DAY)),
    field('hz', ({ server }) => server.config.number('hz')),
    field('configured_hz', ({ server }) => server.config.number('hz')),
    field('lru_clock', ({ server }) => server.keyspace.lruClock),
    field('executable', ({ server }) => server.host.executable),
    field('config_file', ({ server }) => server.host.configFile),
    fixed('io_threads_active', 1),
  ],
  lines: listeners,
};

/** 7.2 tells where the server listens: listener0:name=tcp,bind=127.0.0.1,port=6379. */
function listeners({ server }: InfoFacts): string[] {
  if (!server.is72) return [];
  const { config } = server;
  const lines: string[] = [];
  if (config.number('port') !== 0) {
    const binds = config.list('bind').map((address) => `bind=${address}`);
    lines.push(`name=tcp,${[...binds, `port=${config.number('port')}`].join(',')}`);
  }
  if (config.string('unixsocket') !== '') lines.push(`name=unix,bind=${config.string('unixsocket')}`);
  return lines.map((line, i) => `listener${i}:${line}`);
}

function countOf({ sessions }: Server, is: (session: Session) => boolean): number {
  let count = 0;
  for (const session of sessions.values()) if (is(session)) count++;
  return count;
}

function isSubscribed({ subscriptions }: Session): boolean {
  return subscriptions[0] + subscriptions[1] + subscriptions[2] > 0;
}

/** What a pause holds back, by its mode. */
const PAUSED = ['none', 'write', 'all'];

export const CLIENTS: InfoSection = {
  name: 'clients',
  title: 'Clients',
  usual: true,
  fields: [
    field('connected_clients', ({ clients }) => clients.connected),
    fixed('cluster_connections', 0),
    field('maxclients', ({ server }) => server.config.number('maxclients')),
    field('client_recent_max_input_buffer', ({ peaks }) => peaks.input),
    field('client_recent_max_output_buffer', ({ peaks }) => peaks.output),
    field('blocked_clients', ({ server }) => server.blocking.count + server.pausing.count),
    field('tracking_clients', ({ server }) => server.tracking.clients),
    field('pubsub_clients', ({ server }) => countOf(server, (session) => isSubscribed(session)), '7.2'),
    field('watching_clients', ({ server }) => countOf(server, ({ watchCount }) => watchCount > 0), '7.2'),
    field('clients_in_timeout_table', ({ server }) => server.blocking.timedCount),
    field('total_watched_keys', ({ server }) => server.transactions.watchedKeys, '7.2'),
    { ...field('total_blocking_keys', ({ server }) => server.blocking.keyCount), since: '7.2' },
    {
      ...field('total_blocking_keys_on_nokey', ({ server }) => server.blocking.keysUntilGone),
      since: '7.2',
    },
    // Valkey 8's.
    field('paused_reason', ({ server }) => (server.pausing.mode === PAUSE_NONE ? 'none' : 'client_pause')),
    field('paused_actions', ({ server }) => PAUSED[server.pausing.mode]),
    field('paused_timeout_milliseconds', ({ server }) => server.pausing.leftMs),
  ],
};

export const REPLICATION: InfoSection = {
  name: 'replication',
  title: 'Replication',
  usual: true,
  fields: [
    fixed('role', 'master'),
    fixed('connected_slaves', 0),
    fixed('master_failover_state', 'no-failover'),
    field('master_replid', ({ server }) => server.replicationId),
    fixed('master_replid2', '0'.repeat(40)),
    fixed('master_repl_offset', 0),
    fixed('second_repl_offset', -1),
    fixed('repl_backlog_active', 0),
    field('repl_backlog_size', ({ server }) => server.config.number('repl-backlog-size')),
    fixed('repl_backlog_first_byte_offset', 0),
    fixed('repl_backlog_histlen', 0),
  ],
};

/** Nothing is ever forked. What is Redis's main thread is the executor here. */
export const CPU: InfoSection = {
  name: 'cpu',
  title: 'CPU',
  usual: true,
  fields: [
    field('used_cpu_sys', ({ process }) => seconds(process.cpuSystemUs)),
    field('used_cpu_user', ({ process }) => seconds(process.cpuUserUs)),
    fixed('used_cpu_sys_children', '0.000000'),
    fixed('used_cpu_user_children', '0.000000'),
    field('used_cpu_sys_main_thread', ({ executorCpu }) => seconds(executorCpu.systemUs)),
    field('used_cpu_user_main_thread', ({ executorCpu }) => seconds(executorCpu.userUs)),
  ],
};

function seconds(us: number): string {
  return (us / 1e6).toFixed(6);
}

export const MODULES: InfoSection = { name: 'modules', title: 'Modules', usual: true };
