/**
 * A growing list of texts, one behind the other in memory outside the JS heap: what SORT works on instead of strings.
 *
 *     bytes    text 0 | text 1 | ... text count-1
 *     bounds   text i is bytes[bounds[i] .. bounds[i + 1])
 */
import { copyBytes, newUnfilled } from '../../base/bytes.ts';

const BYTES_MIN = 16 << 10;
const COUNT_MIN = 1024;
/** What is kept from one command to the next. */
const BYTES_KEPT = 1 << 20;
const COUNT_KEPT = 64 << 10;

export class Texts {
  bytes: Uint8Array = newUnfilled(BYTES_MIN);
  bounds = new Float64Array(COUNT_MIN);
  count = 0;

  /** Forgets the texts, and gives large memory back. */
  clear(): void {
    this.count = 0;
    if (this.bytes.length > BYTES_KEPT) this.bytes = newUnfilled(BYTES_MIN);
    if (this.bounds.length > COUNT_KEPT) this.bounds = new Float64Array(COUNT_MIN);
  }

  /** Adds a copy of bytes[start..end). */
  add(bytes: Uint8Array, start: number, end: number): void {
    const at = this.bounds[this.count];
    const until = at + end - start;
    if (until > this.bytes.length) this.growBytes(until);
    if (this.count + 1 === this.bounds.length) this.growBounds();
    copyBytes(bytes, start, end, this.bytes, at);
    this.bounds[++this.count] = until;
  }

  private growBytes(size: number): void {
    const larger = newUnfilled(Math.max(size, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.bounds[this.count]));
    this.bytes = larger;
  }

  private growBounds(): void {
    const larger = new Float64Array(this.bounds.length * 2);
    larger.set(this.bounds);
    this.bounds = larger;
  }
}
