/** What the executor does `hz` times a second: clocks, rates, limits on clients. Takes microseconds. */
import type { Server } from '../commands/server.ts';
import type { Executor } from './executor.ts';
import { GATE_MAXMEMORY } from './gates.ts';
import type { HeapWatch } from './heap-watch.ts';
import type { NetworkWatch } from './network-watch.ts';
import { OutputLimits } from './output-limits.ts';
import type { ThreadWatch } from './thread-watch.ts';

const SECOND_MS = 1000;

export interface CronParts {
  server: Server;
  network: NetworkWatch;
  threads: ThreadWatch;
  heap: HeapWatch;
}

export class Cron {
  private readonly parts: CronParts;
  private readonly limits: OutputLimits;
  private nextSecondMs = 0;

  constructor(parts: CronParts) {
    this.parts = parts;
    this.limits = new OutputLimits(parts.server);
  }

  run(executor: Executor): void {
    const { server, threads, heap } = this.parts;
    server.keyspace.access.setTime(server.nowMs);
    executor.gate = server.config.number('maxmemory') > 0 ? GATE_MAXMEMORY : 0;
    const used = server.keyspace.usedBytes;
    if (used > server.stats.peakMemory) server.stats.peakMemory = used;
    this.sampleRates();
    this.limits.check();
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
