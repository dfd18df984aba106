/**
 * Time as a part of the server's input: everything that asks for it is handed a Clock, so a test can decide what time it
 * is.
 */
export interface Clock {
  /** Wall clock, whole milliseconds since 1970. May jump, in both directions. For expire times and what users see. */
  nowMs(): number;
  /**
   * Microseconds since an arbitrary moment, never going back, with a fraction. For durations; comparable within one thread
   * only.
   */
  monotonicUs(): number;
}

/** Kept, because the global of that name is a getter that looks at what it was called on: a third of the cost of a reading. */
const timer = performance;

export class SystemClock implements Clock {
  nowMs(): number {
    return Date.now();
  }

  monotonicUs(): number {
    return timer.now() * 1000;
  }
}

/** A clock that stands still until it is told to move. */
export class FakeClock implements Clock {
  private wallMs: number;
  private elapsedUs = 0;

  constructor(startMs = 1_700_000_000_000) {
    this.wallMs = startMs;
  }

  nowMs(): number {
    return Math.floor(this.wallMs);
  }

  monotonicUs(): number {
    return this.elapsedUs;
  }

  /**
   * Lets `ms` milliseconds pass on both clocks. Fractions add up. Time does not run backwards: that is what jumpTo is for.
   */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`a clock cannot advance by ${ms} ms`);
    this.wallMs += ms;
    this.elapsedUs += ms * 1000;
  }

  /** Sets the wall clock alone, as an administrator or NTP would. */
  jumpTo(wallMs: number): void {
    this.wallMs = wallMs;
  }
}
