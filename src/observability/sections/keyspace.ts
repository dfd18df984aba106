/** INFO's sections that have a line per thing: commands, errors, databases. */
import type { Database } from '../../keyspace/database.ts';
import { fixed, type InfoFacts, type InfoSection } from '../info-section.ts';

export const COMMAND_STATS: InfoSection = {
  name: 'commandstats',
  title: 'Commandstats',
  usual: false,
  lines: commandLines,
};

function commandLines({ server }: InfoFacts): string[] {
  const { stats, table } = server;
  const lines: string[] = [];
  for (const { id, fullName } of table.byId) {
    const calls = stats.calls[id];
    if (calls + stats.rejected[id] + stats.failed[id] === 0) continue;
    const usec = Math.round(stats.usec[id]);
    const each = (calls > 0 ? stats.usec[id] / calls : 0).toFixed(2);
    const counts = `rejected_calls=${stats.rejected[id]},failed_calls=${stats.failed[id]}`;
    lines.push(`cmdstat_${fullName}:calls=${calls},usec=${usec},usec_per_call=${each},${counts}`);
  }
  return lines;
}

export const ERROR_STATS: InfoSection = {
  name: 'errorstats',
  title: 'Errorstats',
  usual: true,
  lines: ({ server }) => [...server.stats.errors].map(([code, count]) => `errorstat_${code}:count=${count}`),
};

/** The percentiles of latency-tracking-info-percentiles, in microseconds, of each command that has run. */
export const LATENCY_STATS: InfoSection = {
  name: 'latencystats',
  title: 'Latencystats',
  usual: false,
  lines: latencyLines,
};

function latencyLines({ server }: InfoFacts): string[] {
  const wanted = server.config.list('latency-tracking-info-percentiles');
  const lines: string[] = [];
  for (const { id, fullName } of server.table.byId) {
    const histogram = server.stats.histograms[id];
    if (histogram === null) continue;
    const shown = wanted.map((p) => `p${p}=${(histogram.percentile(Number(p)) / 1000).toFixed(3)}`);
    lines.push(`latency_percentiles_usec_${fullName}:${shown.join(',')}`);
  }
  return lines;
}

export const CLUSTER: InfoSection = {
  name: 'cluster',
  title: 'Cluster',
  usual: true,
  fields: [fixed('cluster_enabled', 0)],
};

/** `subexpiry` is Redis 7.4's: keys whose fields have expire times. Tools that do not know it see it only where there are some. */
function keyspaceLine(db: Database): string {
  const { count } = db.elementExpires;
  const line = `db${db.index}:keys=${db.count},expires=${db.expires.count},avg_ttl=${db.averageTtlMs()}`;
  return count === 0 ? line : `${line},subexpiry=${count}`;
}

export const KEYSPACE: InfoSection = {
  name: 'keyspace',
  title: 'Keyspace',
  usual: true,
  lines: ({ server }) => server.keyspace.databases.filter((db) => db.count > 0).map(keyspaceLine),
};
