/** INFO threads: what each thread has done, and the share of the last second it was awake. */
import v8 from 'node:v8';
import type { Clock } from '../base/clock.ts';
import type { ThreadFigures } from '../observability/figures.ts';
import { type CpuTime, threadCpu } from '../observability/thread-cpu.ts';
import {
  BIO_FIGURES,
  FIGURE_BATCHES,
  FIGURE_BUSY_US,
  FIGURE_COMMANDS,
  FIGURE_HEAP_KB,
  FIGURE_PARKS,
  FIGURE_WAKEUPS,
  IO_FIGURES,
  MAIN_FIGURES,
  MAIN_THREAD_ID,
  THREAD_IDS,
} from '../ring/layout.ts';
import type { ChannelEnd } from './channel-end.ts';
import type { Executor } from './executor.ts';

/** A thread whose figures are in shared memory: where they begin, and its busy time when last looked at. */
interface Watched {
  name: string;
  /** Where the system's number of it is in the process's control block. */
  idAt: number;
  words: Int32Array;
  at: number;
  channel: ChannelEnd | null;
  lastBusyUs: number;
  share: number;
}

export class ThreadWatch {
  private readonly clock: Clock;
  private readonly watched: Watched[];
  private readonly process: Int32Array;
  private lastUs: number;
  private lastExecutorBusyUs = 0;
  private executorShare = 0;

  constructor(channels: readonly ChannelEnd[], process: Int32Array, clock: Clock) {
    this.clock = clock;
    this.process = process;
    this.lastUs = clock.monotonicUs();
    this.watched = channels.map((channel, i) =>
      watch(`io_${i}`, THREAD_IDS + 2 + i, channel.control, IO_FIGURES, channel),
    );
    this.watched.push(watch('bio', THREAD_IDS + 1, process, BIO_FIGURES, null));
    this.watched.push(watch('main', MAIN_THREAD_ID, process, MAIN_FIGURES, null));
  }

  /** Called about once a second. */
  sample(executor: Executor): void {
    const nowUs = this.clock.monotonicUs();
    const elapsed = nowUs - this.lastUs;
    if (elapsed <= 0) return;
    this.lastUs = nowUs;
    // busyUs counts down while asleep; adding the time that passed turns it into time awake.
    const busy = executor.figures.busyUs + nowUs;
    this.executorShare = clampShare((busy - this.lastExecutorBusyUs) / elapsed);
    this.lastExecutorBusyUs = busy;
    for (const thread of this.watched) {
      const now = thread.words[thread.at + FIGURE_BUSY_US];
      thread.share = clampShare(((now - thread.lastBusyUs) | 0) / elapsed);
      thread.lastBusyUs = now;
    }
  }

  private cpuOf(idAt: number): CpuTime | null {
    return threadCpu(this.process[idAt]);
  }

  rows(executor: Executor): ThreadFigures[] {
    const others = this.watched.map((thread) => ({ ...figuresOf(thread), cpu: this.cpuOf(thread.idAt) }));
    const { batches, commands, parks, wakeups } = executor.figures;
    const own: ThreadFigures = {
      name: 'executor',
      busy: this.executorShare,
      ringDepth: others.reduce((sum, { ringDepth }) => sum + ringDepth, 0),
      batches,
      commands,
      parks,
      wakeups,
      heapBytes: v8.getHeapStatistics().used_heap_size,
      cpu: this.cpuOf(THREAD_IDS),
    };
    return [own, ...others];
  }
}

function watch(
  name: string,
  idAt: number,
  words: Int32Array,
  at: number,
  channel: ChannelEnd | null,
): Watched {
  return { name, idAt, words, at, channel, lastBusyUs: 0, share: 0 };
}

function figuresOf({ name, words, at, channel, share }: Watched): Omit<ThreadFigures, 'cpu'> {
  const figure = (index: number) => words[at + index] >>> 0;
  return {
    name,
    busy: share,
    ringDepth: channel?.requests.depth ?? 0,
    batches: figure(FIGURE_BATCHES),
    commands: figure(FIGURE_COMMANDS),
    parks: figure(FIGURE_PARKS),
    wakeups: figure(FIGURE_WAKEUPS),
    heapBytes: figure(FIGURE_HEAP_KB) * 1024,
  };
}

function clampShare(share: number): number {
  return Math.min(1, Math.max(0, share));
}
