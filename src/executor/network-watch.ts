/** Sums of what io workers count in shared memory. The counters only grow; CONFIG RESETSTAT moves the line they are read from. */
import type { NetworkFigures } from '../observability/figures.ts';
import { readCounter } from '../ring/connection-table.ts';
import {
  CONNECTIONS_REJECTED,
  FIGURE_INPUT,
  FIGURE_OUTPUT,
  FIGURE_READS,
  FIGURE_WRITES,
  IO_FIGURES,
  QUERY_LIMIT_CLOSED,
} from '../ring/layout.ts';

/** What CONFIG RESETSTAT resets. */
type Counters = Omit<NetworkFigures, 'totalInputBytes' | 'totalOutputBytes'>;

export class NetworkWatch {
  private readonly process: Int32Array;
  private readonly channels: readonly { control: Int32Array }[];
  private base: Counters | null = null;

  constructor(process: Int32Array, channels: readonly { control: Int32Array }[]) {
    this.process = process;
    this.channels = channels;
  }

  /** Bytes since the server started. */
  get totalInput(): number {
    return this.sum((control) => readCounter(control, IO_FIGURES + FIGURE_INPUT));
  }

  get totalOutput(): number {
    return this.sum((control) => readCounter(control, IO_FIGURES + FIGURE_OUTPUT));
  }

  /** Figures since the last reset. */
  figures(): NetworkFigures {
    const now = this.totals();
    const since = { ...now, totalInputBytes: now.inputBytes, totalOutputBytes: now.outputBytes };
    if (this.base === null) return since;
    for (const name of Object.keys(now) as (keyof Counters)[]) since[name] -= this.base[name];
    return since;
  }

  reset(): void {
    this.base = this.totals();
  }

  private totals(): Counters {
    return {
      inputBytes: this.totalInput,
      outputBytes: this.totalOutput,
      reads: this.sum((control) => control[IO_FIGURES + FIGURE_READS] >>> 0),
      writes: this.sum((control) => control[IO_FIGURES + FIGURE_WRITES] >>> 0),
      rejectedConnections: Atomics.load(this.process, CONNECTIONS_REJECTED),
      queryLimitDisconnections: Atomics.load(this.process, QUERY_LIMIT_CLOSED),
    };
  }

  private sum(figure: (control: Int32Array) => number): number {
    let sum = 0;
    for (const { control } of this.channels) sum += figure(control);
    return sum;
  }
}
