/** INFO threads: what each thread has done, and the share of the last second it was awake. */
import type { Clock } from '../base/clock.ts';
import type { ThreadFigures } from '../commands/server.ts';
import {
  FIGURE_BATCHES,
  FIGURE_BUSY_US,
  FIGURE_COMMANDS,
  FIGURE_HEAP_KB,
  FIGURE_PARKS,
  FIGURE_WAKEUPS,
  IO_FIGURES,
} from '../ring/layout.ts';
import type { ChannelEnd } from './channel-end.ts';
import type { Executor } from './executor.ts';

export class ThreadWatch {
  private readonly channels: readonly ChannelEnd[];
  private readonly clock: Clock;
  private lastUs: number;
  private lastExecutorBusyUs = 0;
  private readonly lastBusyUs: Int32Array;
  private readonly share: Float64Array;

  constructor(channels: readonly ChannelEnd[], clock: Clock) {
    this.channels = channels;
    this.clock = clock;
    this.lastUs = clock.monotonicUs();
    this.lastBusyUs = new Int32Array(channels.length);
    this.share = new Float64Array(channels.length + 1);
  }

  /** Called about once a second. */
  sample(executor: Executor): void {
    const nowUs = this.clock.monotonicUs();
    const elapsed = nowUs - this.lastUs;
    if (elapsed <= 0) return;
    this.lastUs = nowUs;
    // busyUs counts down while asleep; adding the time that passed turns it into time awake.
    const busy = executor.figures.busyUs + nowUs;
    this.share[0] = clampShare((busy - this.lastExecutorBusyUs) / elapsed);
    this.lastExecutorBusyUs = busy;
    for (let i = 0; i < this.channels.length; i++) {
      const now = this.channels[i].control[IO_FIGURES + FIGURE_BUSY_US];
      this.share[i + 1] = clampShare(((now - this.lastBusyUs[i]) | 0) / elapsed);
      this.lastBusyUs[i] = now;
    }
  }

  rows(executor: Executor): ThreadFigures[] {
    const { figures } = executor;
    const rows: ThreadFigures[] = [
      {
        name: 'executor',
        busy: this.share[0],
        ringDepth: this.channels.reduce((sum, channel) => sum + channel.requests.depth, 0),
        batches: figures.batches,
        commands: figures.commands,
        parks: figures.parks,
        wakeups: figures.wakeups,
        heapBytes: process.memoryUsage().heapUsed,
      },
    ];
    this.channels.forEach((channel, i) => {
      const at = (figure: number) => channel.control[IO_FIGURES + figure] >>> 0;
      rows.push({
        name: `io_${i}`,
        busy: this.share[i + 1],
        ringDepth: channel.requests.depth,
        batches: at(FIGURE_BATCHES),
        commands: at(FIGURE_COMMANDS),
        parks: at(FIGURE_PARKS),
        wakeups: at(FIGURE_WAKEUPS),
        heapBytes: at(FIGURE_HEAP_KB) * 1024,
      });
    });
    return rows;
  }
}

function clampShare(share: number): number {
  return Math.min(1, Math.max(0, share));
}
