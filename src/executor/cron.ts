/** What the executor does `hz` times a second: clocks, rates, limits on clients. Takes microseconds. */
import type { Server } from '../commands/server.ts';
import type { ChannelEnd } from './channel-end.ts';
import type { Executor } from './executor.ts';
import { GATE_MAXMEMORY } from './gates.ts';
import type { HeapWatch } from './heap-watch.ts';
import { OutputLimits } from './output-limits.ts';
import type { ThreadWatch } from './thread-watch.ts';

const SECOND_MS = 1000;
const LRU_MASK = 0xffffff;

export class Cron {
  private readonly server: Server;
  private readonly channels: readonly ChannelEnd[];
  private readonly threads: ThreadWatch;
  private readonly heap: HeapWatch;
  private readonly limits: OutputLimits;
  private nextSecondMs = 0;

  constructor(server: Server, channels: readonly ChannelEnd[], threads: ThreadWatch, heap: HeapWatch) {
    this.server = server;
    this.channels = channels;
    this.threads = threads;
    this.heap = heap;
    this.limits = new OutputLimits(server);
  }

  run(executor: Executor): void {
    const { server } = this;
    server.keyspace.lruClock = Math.floor(server.nowMs / SECOND_MS) & LRU_MASK;
    executor.gate = server.config.number('maxmemory') > 0 ? GATE_MAXMEMORY : 0;
    const used = server.keyspace.usedBytes;
    if (used > server.stats.peakMemory) server.stats.peakMemory = used;
    this.sampleRates();
    this.limits.check();
    if (server.nowMs < this.nextSecondMs) return;
    this.nextSecondMs = server.nowMs + SECOND_MS;
    this.threads.sample(executor);
    this.heap.sample();
  }

  private sampleRates(): void {
    const { stats, nowMs } = this.server;
    stats.commandRate.sample(stats.totalCommands, nowMs);
    stats.inputRate.sample(
      this.channels.reduce((sum, channel) => sum + channel.totalInput, 0),
      nowMs,
    );
    stats.outputRate.sample(
      this.channels.reduce((sum, channel) => sum + channel.totalOutput, 0),
      nowMs,
    );
  }
}
