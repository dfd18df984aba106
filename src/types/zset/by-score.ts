/**
 * Sorts records by their scores, so that a tree is filled from its lower end to its upper: each entry then goes beside the one before, into nodes
 * that are in the cache. In the order of a table's hashes each goes to another place, and half of the time is waiting for memory.
 *
 * A radix sort of the scores' bits, a byte per pass. The bits of two float64s compare as the numbers do once the sign is turned
 * around, and all of the bits of the negative ones: -1 < -0 < 0 < 1 are then growing unsigned numbers. A pass whose byte is the same in all
 * is left out, and scores that are small integers have many of those.
 *
 * Cost: 24 bytes of memory a record while it lasts, outside of the heap; linear time.
 */

const SIGN = 0x80000000 | 0;
const counts = new Int32Array(256);
const float = new Float64Array(1);
const bits = new Int32Array(float.buffer);
/** Which of the two words of a float64 is the upper one on this machine. */
float[0] = -1;
const UPPER = bits[0] === 0 ? 1 : 0;

/** What is sorted: three words a record. */
interface Columns {
  upper: Int32Array;
  lower: Int32Array;
  records: Int32Array;
}

export class ByScore {
  count = 0;
  private from: Columns;
  private into: Columns;

  /** For `count` records. */
  constructor(count: number) {
    this.from = newColumns(count);
    this.into = newColumns(count);
  }

  /** The score is not NaN. */
  add(score: number, record: number): void {
    const { from } = this;
    const at = this.count++;
    float[0] = score;
    const upper = bits[UPPER];
    const lower = bits[1 - UPPER];
    from.upper[at] = upper < 0 ? ~upper : upper ^ SIGN;
    from.lower[at] = upper < 0 ? ~lower : lower;
    from.records[at] = record;
  }

  /** The records, lowest score first; those of one score are in the order in which they came. */
  sort(): Int32Array {
    for (const word of ['lower', 'upper'] as const) {
      for (let shift = 0; shift < 32; shift += 8) {
        if (!countBytes(this.from[word], shift, this.count)) this.pass(word, shift);
      }
    }
    return this.from.records.subarray(0, this.count);
  }

  /** Moves all to where their byte puts them: `counts` says how many each has. */
  private pass(word: 'upper' | 'lower', shift: number): void {
    const { from, into, count } = this;
    let start = 0;
    for (let byte = 0; byte < 256; byte++) {
      const size = counts[byte];
      counts[byte] = start;
      start += size;
    }
    const keys = from[word];
    for (let i = 0; i < count; i++) {
      const at = counts[(keys[i] >>> shift) & 255]++;
      into.upper[at] = from.upper[i];
      into.lower[at] = from.lower[i];
      into.records[at] = from.records[i];
    }
    this.from = into;
    this.into = from;
  }
}

/** Counts each byte; true when all are the same. */
function countBytes(keys: Int32Array, shift: number, count: number): boolean {
  counts.fill(0);
  for (let i = 0; i < count; i++) counts[(keys[i] >>> shift) & 255]++;
  return count === 0 || counts[(keys[0] >>> shift) & 255] === count;
}

function newColumns(count: number): Columns {
  return { upper: new Int32Array(count), lower: new Int32Array(count), records: new Int32Array(count) };
}
