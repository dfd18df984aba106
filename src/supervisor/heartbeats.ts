/**
 * Watches that every thread is alive. Each worker counts a word of its own up, every BEAT_MS or nearly so; one whose word
 * stands still is reported, not killed: a long command is not a fault.
 */
import { HEARTBEATS } from '../ring/layout.ts';

/** Looks without a beat before a thread is reported. */
const SILENT_LOOKS = 8;

export class Heartbeats {
  private readonly control: Int32Array;
  private readonly names: readonly string[];
  private readonly report: (level: 'notice' | 'warning', message: string) => void;
  /** What the thread of that name does, '' when that is not known. */
  private readonly work: (name: string) => string;
  private readonly seen: Int32Array;
  private readonly silent: Int32Array;

  /** `names` in the order of the words: executor, bio, io workers. */
  constructor(
    control: Int32Array,
    names: readonly string[],
    report: (level: 'notice' | 'warning', message: string) => void,
    work: (name: string) => string,
  ) {
    this.control = control;
    this.names = names;
    this.report = report;
    this.work = work;
    this.seen = new Int32Array(names.length);
    this.silent = new Int32Array(names.length);
  }

  /** To be called every `intervalMs`. */
  look(intervalMs: number): void {
    for (let i = 0; i < this.names.length; i++) this.lookAt(i, intervalMs);
  }

  private lookAt(index: number, intervalMs: number): void {
    const beat = Atomics.load(this.control, HEARTBEATS + index);
    if (beat === this.seen[index]) {
      if (++this.silent[index] === SILENT_LOOKS) {
        const seconds = (SILENT_LOOKS * intervalMs) / 1000;
        const work = this.work(this.names[index]);
        const what = work === '' ? '' : `, with ${work}`;
        this.report('warning', `Thread ${this.names[index]} has been busy for ${seconds} seconds${what}`);
      }
      return;
    }
    if (this.silent[index] >= SILENT_LOOKS)
      this.report('notice', `Thread ${this.names[index]} answers again`);
    this.seen[index] = beat;
    this.silent[index] = 0;
  }
}
