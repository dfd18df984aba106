/**
 * The patterns that somebody is subscribed to, so that a message need not be held against all of them.
 *
 * A pattern can only match channels that begin with its literal part, what stands before its first wildcard: `user:42:*` asks nothing of a
 * message to `news`. Patterns with the same literal part are kept together, found by a hash of it. A channel is walked through byte by
 * byte with the hash growing along; at every length that some literal part has, one look-up tells whether patterns begin so, and only those are
 * matched. Cost of a match: the channel's length, the lengths that there are, and the candidates.
 *
 * A trie would do the same with a node for each byte of each literal part.
 */
import { globMatch } from '../base/glob.ts';
import { type Named, NameTable } from '../base/name-table.ts';
import type { Topic } from './topic.ts';

const WILDCARD = /[*?[\\]/;
const FNV_PRIME = 0x01000193;

interface Candidate {
  readonly topic: Topic;
  readonly bytes: Uint8Array;
}

class Prefix implements Named<Prefix> {
  readonly hash: number;
  readonly name: string;
  next: Prefix | null = null;
  readonly candidates: Candidate[] = [];

  constructor(hash: number, name: string) {
    this.hash = hash;
    this.name = name;
  }
}

export class PatternIndex {
  private readonly prefixes = new NameTable<Prefix>();
  /** How many prefixes have each length. */
  private readonly lengths: number[] = [];
  private readonly seed: number;

  /** `seed` keeps those who choose names from choosing names whose hashes are the same. */
  constructor(seed: number) {
    this.seed = seed | 0;
  }

  add(topic: Topic): void {
    const bytes = bytesOf(topic.name);
    const length = literalLength(topic.name);
    const hash = this.hash(bytes, length);
    let prefix = this.prefixes.find(hash, bytes, 0, length);
    if (prefix === null) {
      prefix = new Prefix(hash, topic.name.slice(0, length));
      this.prefixes.add(prefix);
      this.lengths[length] = (this.lengths[length] ?? 0) + 1;
    }
    prefix.candidates.push({ topic, bytes });
  }

  remove(topic: Topic): void {
    const bytes = bytesOf(topic.name);
    const length = literalLength(topic.name);
    const prefix = this.prefixes.find(this.hash(bytes, length), bytes, 0, length)!;
    const { candidates } = prefix;
    candidates.splice(
      candidates.findIndex((candidate) => candidate.topic === topic),
      1,
    );
    if (candidates.length > 0) return;
    this.prefixes.remove(prefix);
    this.lengths[length]--;
    while (this.lengths.length > 0 && !this.lengths.at(-1)) this.lengths.pop();
  }

  private hash(bytes: Uint8Array, length: number): number {
    let hash = this.seed;
    for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[i], FNV_PRIME);
    return hash;
  }

  /** Adds the patterns that match bytes[start..end) to `out`. */
  match(bytes: Uint8Array, start: number, end: number, out: Topic[]): void {
    const { lengths } = this;
    let hash = this.seed;
    for (let at = start; ; at++) {
      const length = at - start;
      if (length >= lengths.length) return;
      if (lengths[length] > 0) {
        const prefix = this.prefixes.find(hash, bytes, start, at);
        if (prefix !== null) matchAll(prefix.candidates, bytes, start, end, out);
      }
      if (at === end) return;
      hash = Math.imul(hash ^ bytes[at], FNV_PRIME);
    }
  }
}

function matchAll(
  candidates: readonly Candidate[],
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Topic[],
): void {
  for (const { topic, bytes: pattern } of candidates) {
    if (globMatch(pattern, 0, pattern.length, bytes, start, end, false)) out.push(topic);
  }
}

function literalLength(pattern: string): number {
  const at = pattern.search(WILDCARD);
  return at < 0 ? pattern.length : at;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}
