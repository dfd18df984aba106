/** INFO persistence: what is being saved and loaded, and how it last ended. */
import type { PersistenceFigures } from '../../commands/persistence.ts';
import type { Server } from '../../commands/server.ts';
import { field, fixed, type InfoSection } from '../info-section.ts';

export const PERSISTENCE: InfoSection = {
  name: 'persistence',
  title: 'Persistence',
  usual: true,
  fields: [
    field('loading', ({ server }) => (server.loading ? 1 : 0)),
    fixed('async_loading', 0),
    fixed('current_cow_peak', 0),
    fixed('current_cow_size', 0),
    fixed('current_cow_size_age', 0),
    fixed('current_fork_perc', '0.00'),
    field('current_save_keys_processed', ({ persistence }) => persistence.keysProcessed),
    field('current_save_keys_total', ({ persistence }) => persistence.keysTotal),
    field('rdb_changes_since_last_save', ({ persistence }) => persistence.changes),
    field('rdb_bgsave_in_progress', ({ persistence }) => Number(persistence.saveInProgress)),
    field('rdb_last_save_time', ({ persistence }) => persistence.lastSaveSeconds),
    field('rdb_last_bgsave_status', ({ persistence }) => (persistence.lastOk ? 'ok' : 'err')),
    field('rdb_last_bgsave_time_sec', ({ persistence }) => persistence.lastSeconds),
    field('rdb_current_bgsave_time_sec', ({ persistence }) => persistence.currentSeconds),
    field('rdb_saves', ({ persistence }) => persistence.saves),
    fixed('rdb_last_cow_size', 0),
    field('rdb_last_load_keys_expired', ({ persistence }) => persistence.lastExpired),
    field('rdb_last_load_keys_loaded', ({ persistence }) => persistence.lastLoaded),
    field('aof_enabled', ({ persistence }) => Number(persistence.aof.enabled)),
    field('aof_rewrite_in_progress', ({ persistence }) => Number(persistence.aof.rewriteInProgress)),
    field('aof_rewrite_scheduled', ({ persistence }) => Number(persistence.aof.rewriteScheduled)),
    field('aof_last_rewrite_time_sec', ({ persistence }) => persistence.aof.lastSeconds),
    field('aof_current_rewrite_time_sec', ({ persistence }) => persistence.aof.currentSeconds),
    field('aof_last_bgrewrite_status', ({ persistence }) => (persistence.aof.lastOk ? 'ok' : 'err')),
    field('aof_rewrites', ({ persistence }) => persistence.aof.rewrites),
    field('aof_rewrites_consecutive_failures', ({ persistence }) => persistence.aof.failures),
    field('aof_last_write_status', ({ persistence }) => (persistence.aof.writeOk ? 'ok' : 'err')),
    fixed('aof_last_cow_size', 0),
    fixed('module_fork_in_progress', 0),
    fixed('module_fork_last_cow_size', 0),
  ],
  lines: ({ persistence, server }) => [
    ...aofLines(persistence.aof, server),
    ...loadingLines(persistence.loading),
  ],
};

/** What is shown only while there is an append only file. */
function aofLines(aof: PersistenceFigures['aof'], server: Server): string[] {
  if (!aof.enabled) return [];
  return [
    `aof_current_size:${aof.bytes}`,
    `aof_base_size:${aof.baseBytes}`,
    `aof_pending_rewrite:${Number(aof.rewriteScheduled)}`,
    `aof_buffer_length:${aof.bufferBytes}`,
    `aof_pending_bio_fsync:${aof.fsyncsRunning}`,
    `aof_delayed_fsync:${aof.fsyncsDelayed - server.stats.fsyncsDelayedBefore}`,
  ];
}

/** How far loading has come; nothing while nothing is loaded. */
function loadingLines(loading: PersistenceFigures['loading']): string[] {
  if (loading === null) return [];
  const { elapsedSeconds, loadedBytes, totalBytes } = loading;
  const share = totalBytes === 0 ? 0 : loadedBytes / totalBytes;
  const eta = share === 0 ? 1 : Math.round((elapsedSeconds * (1 - share)) / share);
  return [
    `loading_start_time:${loading.startSeconds}`,
    `loading_total_bytes:${totalBytes}`,
    `loading_rdb_used_mem:${loading.usedMemory}`,
    `loading_loaded_bytes:${loadedBytes}`,
    `loading_loaded_perc:${(share * 100).toFixed(2)}`,
    `loading_eta_seconds:${eta}`,
  ];
}
