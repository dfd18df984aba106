/**
 * One command being executed: where its arguments lie, who sent it, and where the reply goes.
 *
 * There is one Call per executor, filled anew for every command, so that running one allocates nothing.
 * A handler must not keep it, nor `bytes`: both change under it with the next command. retain() copies.
 *
 *   bytes            the request ring's byte area, or the buffer of a large or queued command
 *   start(i) end(i)  argument i is bytes[start(i)..end(i)); argument 0 is the command's name
 *   hash             of the first key, computed by the io worker
 */

import { stringFromBytes } from '../base/bytes.ts';
import type { SipHasher } from '../base/siphash.ts';
import type { Database } from '../keyspace/database.ts';
import type { ReplyWriter } from '../resp/reply-writer.ts';
import type { Command } from './define.ts';
import type { Propagation } from './propagation.ts';
import type { Server } from './server.ts';
import type { Session } from './session.ts';

export class Call {
  bytes: Uint8Array = new Uint8Array(0);
  /** A DataView over `bytes` for fast copies; null where nobody keeps one. */
  data: DataView | null = null;
  spans: Int32Array = new Int32Array(0);
  /** Index in spans of the start of argument 0. */
  base = 0;
  argc = 0;
  hash = 0;
  command!: Command;
  session!: Session;
  db!: Database;
  reply!: ReplyWriter;
  /** Where a handler says what it did, if that is not what the command says (propagation.ts); null while nothing is logged. */
  log: Propagation | null = null;
  readonly server: Server;
  private readonly hasher: SipHasher;

  constructor(server: Server, hasher: SipHasher) {
    this.server = server;
    this.hasher = hasher;
  }

  start(index: number): number {
    return this.spans[this.base + index * 2];
  }

  end(index: number): number {
    return this.spans[this.base + index * 2 + 1];
  }

  size(index: number): number {
    const at = this.base + index * 2;
    return this.spans[at + 1] - this.spans[at];
  }

  /** The hash of argument `index` as a key. */
  keyHash(index: number): number {
    // The io worker hashed the first key of the container, which may lie elsewhere.
    if (index === this.command.firstKey && this.command.parent === null) return this.hash;
    const at = this.base + index * 2;
    return this.hasher.hash(this.bytes, this.spans[at], this.spans[at + 1]);
  }

  /** The hash of any bytes as a key. */
  hashOf(bytes: Uint8Array, start: number, end: number): number {
    return this.hasher.hash(bytes, start, end);
  }

  /** Argument `index` as a latin1 string: for slow paths and error texts. */
  text(index: number): string {
    return stringFromBytes(this.bytes, this.start(index), this.end(index));
  }

  /** Argument `index` as a latin1 string in lower case. */
  lowerText(index: number): string {
    return this.text(index).toLowerCase();
  }

  /** True when argument `index` is `upper` (upper-case ASCII) in any case. Allocates nothing. */
  is(index: number, upper: string): boolean {
    const start = this.start(index);
    const size = this.end(index) - start;
    if (size !== upper.length) return false;
    const bytes = this.bytes;
    for (let i = 0; i < size; i++) {
      let c = bytes[start + i];
      if (c >= 97 && c <= 122) c -= 32;
      if (c !== upper.charCodeAt(i)) return false;
    }
    return true;
  }

  /** The arguments copied out of the ring, for a queue or a parked session. */
  retain(): RetainedRequest {
    const first = this.start(0);
    const from = this.lowestStart(first);
    const until = this.highestEnd();
    const spans = new Int32Array(this.argc * 2);
    for (let i = 0; i < spans.length; i++) spans[i] = this.spans[this.base + i] - from;
    return {
      bytes: this.bytes.slice(from, until),
      spans,
      argc: this.argc,
      hash: this.hash,
      commandId: this.command?.id ?? -1,
    };
  }

  private lowestStart(first: number): number {
    let low = first;
    for (let i = 0; i < this.argc; i++) low = Math.min(low, this.start(i));
    return low;
  }

  private highestEnd(): number {
    let high = 0;
    for (let i = 0; i < this.argc; i++) high = Math.max(high, this.end(i));
    return high;
  }
}

/** A request that owns its bytes. */
export interface RetainedRequest {
  bytes: Uint8Array;
  spans: Int32Array;
  argc: number;
  hash: number;
  commandId: number;
}
