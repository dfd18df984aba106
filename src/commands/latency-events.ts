/**
 * What held the server up: for each kind of event the last 160 times that it took at least latency-monitor-threshold milliseconds, one a second.
 *
 *   server.latency.add('expire-cycle', ms)
 *
 * is all that whoever measures something has to say; add() compares and returns while the monitor is off. Kinds come to be by being
 * added. What they mean is in ./server/latency-doctor.ts.
 */

const SAMPLES_MAX = 160;

export interface Sample {
  /** Unix time in seconds. */
  second: number;
  ms: number;
}

/** The samples of one kind of event. */
export class LatencySeries {
  /** In the order of their times. */
  readonly samples: Sample[] = [];
  /** The longest ever, milliseconds. */
  maxMs = 0;

  /** Several events of one second are one sample: the longest. */
  add(second: number, ms: number): void {
    if (ms > this.maxMs) this.maxMs = ms;
    const last = this.samples.at(-1);
    if (last?.second === second) {
      last.ms = Math.max(last.ms, ms);
      return;
    }
    if (this.samples.length === SAMPLES_MAX) this.samples.shift();
    this.samples.push({ second, ms });
  }
}

export class LatencyEvents {
  /** From so many milliseconds on an event is noted; Infinity: none is. */
  thresholdMs = Infinity;
  readonly series = new Map<string, LatencySeries>();
  private readonly nowMs: () => number;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  /** Notes that something took so long, if that is long enough. */
  add(event: string, ms: number): void {
    if (ms < this.thresholdMs) return;
    let series = this.series.get(event);
    if (series === undefined) {
      series = new LatencySeries();
      this.series.set(event, series);
    }
    series.add(Math.floor(this.nowMs() / 1000), Math.floor(ms));
  }

  /** Forgets one kind of event. True when there were samples of it. */
  reset(event: string): boolean {
    return this.series.delete(event);
  }
}
