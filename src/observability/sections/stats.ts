/** INFO stats: what happened since the start or the last CONFIG RESETSTAT. */
import { CHANNEL, PATTERN, SHARD } from '../../commands/pubsub.ts';
import type { Stats } from '../../commands/stats.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import { field, fixed, type InfoSection } from '../info-section.ts';

function kilobytes(bytesPerSecond: number): string {
  return (bytesPerSecond / 1024).toFixed(2);
}

function milliseconds(us: number): number {
  return Math.floor(us / 1000);
}

/** How long a turn of the executor's loop took lately. */
function usPerTurn({ awakeRate, turnRate }: Stats): number {
  return turnRate.perSecond > 0 ? Math.round(awakeRate.perSecond / turnRate.perSecond) : 0;
}

/** Figures for those who look into the server's loop; only by name. Writing the append only file is not the executor's work. */
export const DEBUG: InfoSection = {
  name: 'debug',
  title: 'Debug',
  usual: false,
  byNameOnly: true,
  fields: [
    fixed('eventloop_duration_aof_sum', 0),
    field('eventloop_duration_cron_sum', ({ loop }) => Math.round(loop.cronUs)),
    field('eventloop_duration_max', ({ loop }) => Math.round(loop.turnMaxUs)),
    field('eventloop_cmd_per_cycle_max', ({ loop }) => loop.commandsMax),
  ],
};

export const STATS: InfoSection = {
  name: 'stats',
  title: 'Stats',
  usual: true,
  fields: [
    field('total_connections_received', ({ server }) => server.stats.connections),
    field('total_commands_processed', ({ server }) => server.stats.totalCommands),
    field('instantaneous_ops_per_sec', ({ server }) => Math.round(server.stats.commandRate.perSecond)),
    field('total_net_input_bytes', ({ network }) => network.inputBytes),
    field('total_net_output_bytes', ({ network }) => network.outputBytes),
    fixed('total_net_repl_input_bytes', 0),
    fixed('total_net_repl_output_bytes', 0),
    field('instantaneous_input_kbps', ({ server }) => kilobytes(server.stats.inputRate.perSecond)),
    field('instantaneous_output_kbps', ({ server }) => kilobytes(server.stats.outputRate.perSecond)),
    fixed('instantaneous_input_repl_kbps', '0.00'),
    fixed('instantaneous_output_repl_kbps', '0.00'),
    field('rejected_connections', ({ network }) => network.rejectedConnections),
    fixed('sync_full', 0),
    fixed('sync_partial_ok', 0),
    fixed('sync_partial_err', 0),
    field('expired_keys', ({ server }) => server.keyspace.expired),
    field('expired_stale_perc', ({ server }) => overduePercent(server.keyspace).toFixed(2)),
    field('expired_time_cap_reached_count', ({ server }) => server.stats.expireLimits),
    field('expire_cycle_cpu_milliseconds', ({ server }) => Math.floor(server.stats.expireUs / 1000)),
    field('evicted_keys', ({ server }) => server.keyspace.evicted),
    field('evicted_clients', ({ server }) => server.stats.evictedClients),
    field('total_eviction_exceeded_time', ({ server }) => milliseconds(server.keyspace.eviction.exceededUs)),
    field('current_eviction_exceeded_time', ({ server }) =>
      milliseconds(server.keyspace.eviction.exceededNowUs),
    ),
    field('keyspace_hits', ({ server }) => server.keyspace.hits),
    field('keyspace_misses', ({ server }) => server.keyspace.misses),
    field('pubsub_channels', ({ server }) => server.pubsub.count(CHANNEL)),
    field('pubsub_patterns', ({ server }) => server.pubsub.count(PATTERN)),
    field('pubsubshard_channels', ({ server }) => server.pubsub.count(SHARD)),
    fixed('latest_fork_usec', 0),
    // What Redis forks for.
    field('total_forks', ({ persistence }) => persistence.inBackground),
    fixed('migrate_cached_sockets', 0),
    fixed('slave_expires_tracked_keys', 0),
    field('active_defrag_hits', ({ server }) => server.keyspace.defrag.hits),
    field('active_defrag_misses', ({ server }) => server.keyspace.defrag.misses),
    field('active_defrag_key_hits', ({ server }) => server.keyspace.defrag.keyHits),
    field('active_defrag_key_misses', ({ server }) => server.keyspace.defrag.keyMisses),
    field('total_active_defrag_time', ({ server }) => milliseconds(server.keyspace.defrag.totalUs)),
    field('current_active_defrag_time', ({ server }) => milliseconds(server.keyspace.defrag.currentUs)),
    field('tracking_total_keys', ({ server }) => server.tracking.keys),
    field('tracking_total_items', ({ server }) => server.tracking.items),
    field('tracking_total_prefixes', ({ server }) => server.tracking.prefixes),
    fixed('unexpected_error_replies', 0),
    field('total_error_replies', ({ server }) => server.stats.totalErrors),
    field('dump_payload_sanitizations', ({ server }) => server.stats.payloadBlocksChecked),
    field('total_reads_processed', ({ network }) => network.reads),
    field('total_writes_processed', ({ network }) => network.writes),
    field('io_threaded_reads_processed', ({ network }) => network.reads),
    field('io_threaded_writes_processed', ({ network }) => network.writes),
    fixed('reply_buffer_shrinks', 0),
    fixed('reply_buffer_expands', 0),
    field('eventloop_cycles', ({ loop }) => loop.turns, '7.2'),
    field('eventloop_duration_sum', ({ loop }) => Math.round(loop.awakeUs), '7.2'),
    field('eventloop_duration_cmd_sum', ({ loop }) => Math.round(loop.commandUs), '7.2'),
    field(
      'instantaneous_eventloop_cycles_per_sec',
      ({ server }) => Math.round(server.stats.turnRate.perSecond),
      '7.2',
    ),
    field('instantaneous_eventloop_duration_usec', ({ server }) => usPerTurn(server.stats), '7.2'),
    field(
      'client_query_buffer_limit_disconnections',
      ({ network }) => network.queryLimitDisconnections,
      '7.2',
    ),
    field(
      'client_output_buffer_limit_disconnections',
      ({ server }) => server.stats.outputLimitDisconnections,
      '7.2',
    ),
    field('acl_access_denied_auth', ({ server }) => server.stats.deniedAuthentications, '7.2'),
    { ...fixed('acl_access_denied_cmd', 0), since: '7.2' },
    { ...fixed('acl_access_denied_key', 0), since: '7.2' },
    { ...fixed('acl_access_denied_channel', 0), since: '7.2' },
  ],
};

/** How many of the keys with a time are over it, in percent. Redis, which finds them by sampling, estimates it. */
function overduePercent({ databases }: Keyspace): number {
  let overdue = 0;
  let all = 0;
  for (const db of databases) {
    overdue += db.overdueKeys();
    all += db.expires.count;
  }
  return all === 0 ? 0 : (100 * overdue) / all;
}
