/** What the executor does `hz` times a second: clocks, rates, limits on clients. Takes microseconds. */
import type { Server } from '../commands/server.ts';
import type { ClientMemory } from './client-memory.ts';
import type { Executor } from './executor.ts';
import type { HeapWatch } from './heap-watch.ts';
import type { NetworkWatch } from './network-watch.ts';
import type { OutputLimits } from './output-limits.ts';
import type { ThreadWatch } from './thread-watch.ts';

const SECOND_MS = 1000;

export interface CronParts {
  server: Server;
  clients: ClientMemory;
  limits: OutputLimits;
  network: NetworkWatch;
  threads: ThreadWatch;
  heap: HeapWatch;
}

export class Cron {
  private readonly parts: CronParts;
  private nextSecondMs = 0;

  constructor(parts: CronParts) {
    this.parts = parts;
  }

  run(executor: Executor): void {
    const { clients, heap, limits, server, threads } = this.parts;
    server.keyspace.access.setTime(server.nowMs);
    const { eviction } = server.keyspace;
    clients.count();
    const used = eviction.usedBytes;
    if (used > server.stats.peakMemory) server.stats.peakMemory = used;
    server.keyspace.giveBackSpare();
    if (!server.loading) server.keyspace.defrag.look();
    this.sampleRates();
    limits.check();
    if (server.nowMs < this.nextSecondMs) return;
    this.nextSecondMs = server.nowMs + SECOND_MS;
    threads.sample(executor);
    heap.sample();
  }

  private sampleRates(): void {
    const { network, server } = this.parts;
    const { stats, nowMs } = server;
    stats.commandRate.sample(stats.totalCommands, nowMs);
    stats.inputRate.sample(network.totalInput, nowMs);
    stats.outputRate.sample(network.totalOutput, nowMs);
  }
}
