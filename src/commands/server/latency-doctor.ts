/**
 * LATENCY DOCTOR: what each kind of event means, and what may help against it, in words.
 *
 *   command, fast-command    a command; one that is O(1), so that something else must have held the thread up
 *   expire-cycle             deleting keys whose time has come
 *   eviction-cycle, -del     making room at maxmemory; deleting one key for it
 *   aof-*                    writing, fsyncing and renaming the append only file, as far as commands had to wait for it
 *   rdb-unlink-temp-file     removing the file of a snapshot that was broken off
 *   while-blocked-cron       timers while a file was loaded
 *   active-defrag-cycle      compacting memory
 */
import type { LatencySeries } from '../latency-events.ts';
import type { Server } from '../server.ts';

type Advice = keyof typeof ADVICE;

const ADVICE = {
  'slow log': 'SLOWLOG GET shows which commands took long.',
  'large values':
    'Deleting and reading large values takes time in proportion to their size: UNLINK, SCAN and its relatives, and smaller values help.',
  machine:
    'Commands that are O(1) took long, so the thread did not run: lower the load of the machine, look for noisy neighbours and for swapping (redis-cli --intrinsic-latency tells what the machine itself adds), or look at executor_gc_max_pause_ms in INFO threads.',
  disk: 'The disk was slow: use a local one, and keep other programs that write much away from it.',
  fsync: 'With appendfsync always each reply waits for the disk: everysec is what most can live with.',
  memory:
    'Keys were evicted in great number at once: maxmemory was lowered or large values came in. Raise maxmemory, or lower maxmemory-eviction-tenacity. activedefrag works in slices of what active-defrag-cycle-min and -max allow.',
};

/** What an event suggests. */
const SUGGESTIONS: Readonly<Record<string, readonly Advice[]>> = {
  command: ['slow log', 'large values'],
  'fast-command': ['machine'],
  'expire-cycle': ['large values'],
  'eviction-cycle': ['memory'],
  'eviction-del': ['large values'],
  'active-defrag-cycle': ['memory'],
  'aof-write': ['disk'],
  'aof-write-pending-fsync': ['disk'],
  'aof-fsync-always': ['fsync', 'disk'],
  'aof-rename': ['disk'],
  'rdb-unlink-temp-file': ['disk'],
};

/** The report; a line for each kind of event, then what may help. */
export function latencyReport(server: Server): string {
  const { latency } = server;
  if (latency.series.size === 0) {
    return latency.thresholdMs === Infinity
      ? 'The latency monitor is off: nothing was watched. CONFIG SET latency-monitor-threshold <milliseconds> turns it on.\n'
      : 'Nothing has taken longer than latency-monitor-threshold so far.\n';
  }
  const lines = [...latency.series].map(
    ([event, series], i) => `${i + 1}. ${eventLine(event, series, server)}`,
  );
  const advice = adviceFor([...latency.series.keys()], server).map((text) => `- ${text}`);
  const help = advice.length > 0 ? ['', 'What may help:', '', ...advice] : [];
  return [`What took longer than latency-monitor-threshold:`, '', ...lines, ...help, ''].join('\n');
}

function eventLine(event: string, { maxMs, samples }: LatencySeries, { nowMs }: Server): string {
  const average = mean(samples.map(({ ms }) => ms));
  const deviation = mean(samples.map(({ ms }) => Math.abs(ms - average)));
  const period = Math.max(1, Math.floor(nowMs / 1000) - samples[0].second) / samples.length;
  return `${event}: ${samples.length} latency spikes (average ${Math.floor(average)}ms, mean deviation ${Math.floor(deviation)}ms, period ${period.toFixed(2)} sec). Worst all time event ${maxMs}ms.`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function adviceFor(events: readonly string[], server: Server): string[] {
  const wanted = new Set(events.flatMap((event) => SUGGESTIONS[event] ?? []));
  const texts: string[] = [];
  if (wanted.has('slow log')) texts.push(...slowLogAdvice(server));
  for (const [name, text] of Object.entries(ADVICE)) if (wanted.has(name as Advice)) texts.push(text);
  return texts;
}

/** The slow log should see what the latency monitor does. */
function slowLogAdvice({ config, latency }: Server): string[] {
  const slowUs = config.number('slowlog-log-slower-than');
  const us = Math.min(latency.thresholdMs, 1e9) * 1000;
  if (slowUs < 0) return [`The slow log is off: CONFIG SET slowlog-log-slower-than ${us} turns it on.`];
  if (slowUs <= us) return [];
  return [`The slow log does not have all of these commands: CONFIG SET slowlog-log-slower-than ${us}.`];
}
