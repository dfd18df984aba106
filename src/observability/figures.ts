/** Figures of the process and its threads, as INFO shows them. The executor gathers them; see InfoSources. */

import type { RecentPeaks } from './recent-peaks.ts';
import type { CpuTime } from './thread-cpu.ts';

/** As main last read them, ten times a second. */
export interface ProcessFigures {
  residentBytes: number;
  peakResidentBytes: number;
  cpuUserUs: number;
  cpuSystemUs: number;
}

/** The executor's own JS heap. */
export interface HeapFigures {
  usedBytes: number;
  totalBytes: number;
  majorGcs: number;
  gcMaxPauseMs: number;
  /** The longest time between two looks at the rings. */
  stallMaxMs: number;
}

export interface ThreadFigures {
  /** executor, bio, io_0 ... */
  name: string;
  /** Share of time awake, 0..1, over the last second. */
  busy: number;
  /** Requests published and not taken; for the executor those of all rings. */
  ringDepth: number;
  batches: number;
  commands: number;
  parks: number;
  wakeups: number;
  heapBytes: number;
  /** Processor time; null where the system does not tell. */
  cpu: CpuTime | null;
}

/** Sums over all io workers since the last CONFIG RESETSTAT. */
export interface NetworkFigures {
  /** Bytes since the start. */
  totalInputBytes: number;
  totalOutputBytes: number;
  inputBytes: number;
  outputBytes: number;
  reads: number;
  writes: number;
  rejectedConnections: number;
  queryLimitDisconnections: number;
}

/** The executor's loop since the last CONFIG RESETSTAT. */
export interface LoopFigures {
  turns: number;
  /** Microseconds awake, in commands, in timers, and the longest turn. */
  awakeUs: number;
  commandUs: number;
  cronUs: number;
  turnMaxUs: number;
  /** The most commands of one turn. */
  commandsMax: number;
}

/** Where INFO's figures come from. Each call reads them afresh. */
export interface InfoSources {
  process(): ProcessFigures;
  heap(): HeapFigures;
  threads(): ThreadFigures[];
  network(): NetworkFigures;
  loop(): LoopFigures;
  peaks(): RecentPeaks;
  /** What the executor's thread has used; null where the system does not tell. */
  executorCpu(): CpuTime | null;
}
