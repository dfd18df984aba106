/** What the executor does `hz` times a second: clocks, rates, limits on clients. Takes microseconds. */
import type { Server } from '../commands/server.ts';
import type { RecentPeaks } from '../observability/recent-peaks.ts';
import { takeSlowEvents } from '../ring/slow-events.ts';
import type { ClientEviction } from './client-eviction.ts';
import type { Executor } from './executor.ts';
import type { HeldByClients } from './held-by-clients.ts';
import type { NetworkWatch } from './network-watch.ts';
import type { OutputLimits } from './output-limits.ts';
import type { ThreadWatch } from './thread-watch.ts';

const SECOND_MS = 1000;

export interface CronParts {
  /** The control block of the process. */
  control: Int32Array;
  server: Server;
  held: HeldByClients;
  limits: OutputLimits;
  eviction: ClientEviction;
  network: NetworkWatch;
  threads: ThreadWatch;
  peaks: RecentPeaks;
}

export class Cron {
  private readonly parts: CronParts;
  private nextSecondMs = 0;

  constructor(parts: CronParts) {
    this.parts = parts;
  }

  run(executor: Executor): void {
    const { held, limits, server, threads } = this.parts;
    if (server.cronPaused) return;
    server.keyspace.access.setTime(server.nowMs);
    const { eviction } = server.keyspace;
    held.count();
    const used = eviction.usedBytes;
    if (used > server.stats.peakMemory) server.stats.peakMemory = used;
    server.keyspace.giveBackSpare();
    if (!server.loading) server.keyspace.defrag.look();
    this.sampleRates(executor);
    limits.check();
    this.parts.eviction.count();
    this.parts.peaks.sample(server.sessions.values(), server.nowMs);
    takeSlowEvents(this.parts.control, (event, ms) => server.latency.add(event, ms));
    server.hotKeys.tick(server.nowMs);
    if (server.nowMs < this.nextSecondMs) return;
    this.nextSecondMs = server.nowMs + SECOND_MS;
    threads.sample(executor);
  }

  private sampleRates(executor: Executor): void {
    const { network, server } = this.parts;
    const { stats, nowMs } = server;
    stats.commandRate.sample(stats.totalCommands, nowMs);
    stats.inputRate.sample(network.totalInput, nowMs);
    stats.outputRate.sample(network.totalOutput, nowMs);
    const { awakeUs, turns } = executor.figures.loop();
    stats.turnRate.sample(turns, nowMs);
    stats.awakeRate.sample(awakeUs, nowMs);
  }
}
