/**
 * Hashes of elements (fields, members), each computed once although two ask for it: who reads ahead for the requests that wait, and the command itself.
 *
 * Whoever reads ahead notes what it has computed, by where the bytes lie. That is a guess about what will be asked for, in the order in which it
 * will be: what is not the next one noted is computed as ever. The notes hold as long as those bytes do, so they are begun anew before any of them
 * may change: with each window of requests.
 */
import type { SipHasher } from '../base/siphash.ts';

/** As many as a window of touch-ahead.ts has requests. */
const NOTES_MAX = 16;
const NOBODYS = new Uint8Array(0);

export class ElementHashes {
  private readonly hasher: SipHasher;
  private readonly starts = new Int32Array(NOTES_MAX);
  private readonly ends = new Int32Array(NOTES_MAX);
  private readonly hashes = new Int32Array(NOTES_MAX);
  private bytes: Uint8Array = NOBODYS;
  private count = 0;
  private next = 0;

  constructor(hasher: SipHasher) {
    this.hasher = hasher;
  }

  /** Forgets all notes. */
  forget(): void {
    this.count = 0;
    this.next = 0;
  }

  /** The hash of bytes[start..end), which is kept for the next one who asks, unless NOTES_MAX are. All notes are of the same `bytes`. */
  note(bytes: Uint8Array, start: number, end: number): number {
    const hash = this.hasher.hash(bytes, start, end);
    const { count } = this;
    if (count === NOTES_MAX) return hash;
    this.bytes = bytes;
    this.starts[count] = start;
    this.ends[count] = end;
    this.hashes[count] = hash;
    this.count = count + 1;
    return hash;
  }

  /** The hash of bytes[start..end) as a key of a table, an int32. */
  of(bytes: Uint8Array, start: number, end: number): number {
    const { next } = this;
    if (next < this.count && this.starts[next] === start && this.ends[next] === end && this.bytes === bytes) {
      this.next = next + 1;
      return this.hashes[next];
    }
    return this.hasher.hash(bytes, start, end);
  }
}
