/** Counters that commands and the executor keep, shown by INFO and cleared by CONFIG RESETSTAT. */
import { Histogram } from '../base/histogram.ts';

const SAMPLES = 16;

/** A rate over the last SAMPLES readings of a running total, taken ten times a second. */
export class Rate {
  private readonly samples = new Float64Array(SAMPLES);
  private index = 0;
  private lastTotal = 0;
  private lastMs = 0;

  sample(total: number, nowMs: number): void {
    const elapsed = nowMs - this.lastMs;
    if (this.lastMs !== 0 && elapsed > 0) {
      this.samples[this.index] = ((total - this.lastTotal) * 1000) / elapsed;
      this.index = (this.index + 1) % SAMPLES;
    }
    this.lastTotal = total;
    this.lastMs = nowMs;
  }

  get perSecond(): number {
    let sum = 0;
    for (let i = 0; i < SAMPLES; i++) sum += this.samples[i];
    return sum / SAMPLES;
  }

  reset(): void {
    this.samples.fill(0);
    this.lastMs = 0;
  }
}

export class Stats {
  /** Per command id: calls that ran, microseconds in them, calls refused before they ran, calls that failed. */
  readonly calls: Float64Array;
  readonly usec: Float64Array;
  readonly rejected: Float64Array;
  readonly failed: Float64Array;
  readonly errors = new Map<string, number>();
  /** Per command id: how long calls took; null where none ran. Kept while latency-tracking says so. */
  readonly histograms: (Histogram | null)[];
  tracksLatency = true;
  /** Microseconds in commands since the start; CONFIG RESETSTAT leaves it. */
  commandUs = 0;
  /** Microseconds spent on deleting keys whose time had come. */
  expireUs = 0;
  /** Times that there was more of them than is deleted at once. */
  expireLimits = 0;
  connections = 0;
  totalErrors = 0;
  deniedAuthentications = 0;
  outputLimitDisconnections = 0;
  evictedClients = 0;
  /** Packed blocks in payloads of RESTORE that were checked. */
  payloadBlocksChecked = 0;
  /** What the keyspace's count of lazily freed records was at the last reset. */
  lazyFreedBefore = 0;
  /** The same with fsyncs of the append only file that had to wait. */
  fsyncsDelayedBefore = 0;
  peakMemory = 0;
  readonly commandRate = new Rate();
  readonly inputRate = new Rate();
  readonly outputRate = new Rate();
  /** Turns of the executor's loop, and microseconds awake. */
  readonly turnRate = new Rate();
  readonly awakeRate = new Rate();

  constructor(commands: number) {
    this.calls = new Float64Array(commands);
    this.usec = new Float64Array(commands);
    this.rejected = new Float64Array(commands);
    this.failed = new Float64Array(commands);
    this.histograms = new Array<Histogram | null>(commands).fill(null);
  }

  /** Counts calls of a command that took `us` microseconds together. */
  record(id: number, calls: number, us: number): void {
    this.calls[id] += calls;
    this.usec[id] += us;
    this.commandUs += us;
    if (!this.tracksLatency) return;
    let histogram = this.histograms[id];
    if (histogram === null) {
      histogram = new Histogram();
      this.histograms[id] = histogram;
    }
    histogram.add((us * 1000) / calls, calls);
  }

  get totalCommands(): number {
    let sum = 0;
    for (let i = 0; i < this.calls.length; i++) sum += this.calls[i];
    return sum;
  }

  /** Counts an error reply under its first word, as INFO errorstats shows it. */
  countError(text: string): void {
    const space = text.indexOf(' ');
    const code = space < 0 ? text : text.slice(0, space);
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
    this.totalErrors++;
  }

  reset(): void {
    for (const counts of [this.calls, this.usec, this.rejected, this.failed]) counts.fill(0);
    this.histograms.fill(null);
    this.errors.clear();
    this.expireUs = 0;
    this.expireLimits = 0;
    this.connections = 0;
    this.totalErrors = 0;
    this.deniedAuthentications = 0;
    this.payloadBlocksChecked = 0;
    this.outputLimitDisconnections = 0;
    this.evictedClients = 0;
    const rates = [this.commandRate, this.inputRate, this.outputRate, this.turnRate, this.awakeRate];
    for (const rate of rates) rate.reset();
  }
}
