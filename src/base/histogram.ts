/**
 * Counts of durations in buckets whose width grows with the duration, so that what is read back is off by less than 1 %: 128 buckets for
 * each doubling, below 256 ns one for each nanosecond. These are the buckets of an HDR histogram with two significant digits, as
 * Redis keeps one for each command, so the figures derived from them are the same.
 *
 * The counts are one typed array of 24 KiB, made with the first value. Adding is a few nanoseconds and allocates nothing.
 */

const SUB_BITS = 7;
const SUB_COUNT = 1 << SUB_BITS;
/** Durations from here on count as this: a second. */
const VALUE_MAX = 1_000_000_000;
const BUCKETS = bucketOf(VALUE_MAX) + 1;

/** The bucket of a whole number of nanoseconds, at most VALUE_MAX. */
function bucketOf(value: number): number {
  const shift = 31 - SUB_BITS - Math.clz32(value | (2 * SUB_COUNT - 1));
  // Above 255 value >>> shift is from SUB_COUNT to 2 * SUB_COUNT - 1.
  return shift * SUB_COUNT + (value >>> shift);
}

/** The largest duration that falls into the same bucket. */
function lastOf(bucket: number): number {
  if (bucket < 2 * SUB_COUNT) return bucket;
  const shift = (bucket >>> SUB_BITS) - 1;
  return (bucket - shift * SUB_COUNT + 1) * 2 ** shift - 1;
}

export class Histogram {
  private readonly counts = new Float64Array(BUCKETS);
  total = 0;

  /** Counts `times` durations of `nanoseconds`. */
  add(nanoseconds: number, times: number): void {
    const value = nanoseconds < 1 ? 1 : nanoseconds >= VALUE_MAX ? VALUE_MAX : nanoseconds | 0;
    this.counts[bucketOf(value)] += times;
    this.total += times;
  }

  /** The duration in nanoseconds that `percentile` per cent of the durations do not pass. */
  percentile(percentile: number): number {
    let wanted = Math.max(1, Math.floor((percentile / 100) * this.total + 0.5));
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      wanted -= this.counts[bucket];
      if (wanted <= 0) return lastOf(bucket);
    }
    return 0;
  }

  /**
   * Pairs of a duration in microseconds and how many are not longer: durations double from 1.024 us on, and a pair is
   * left out when it counts no more than the one before.
   */
  doublings(): [microseconds: number, count: number][] {
    const pairs: [number, number][] = [];
    let count = 0;
    let bucket = 0;
    for (let limit = 1024; count < this.total; limit *= 2) {
      const last = limit >= VALUE_MAX ? BUCKETS - 1 : bucketOf(limit);
      const before = count;
      for (; bucket <= last; bucket++) count += this.counts[bucket];
      const longest = limit >= VALUE_MAX ? limit : lastOf(last);
      if (count > before) pairs.push([Math.floor(longest / 1000), count]);
    }
    return pairs;
  }
}
