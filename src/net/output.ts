/**
 * From frames of the reply ring to sockets.
 *
 * A frame's bytes are copied to a scratch buffer and written from there. When the kernel takes all of
 * them, as it nearly always does, the scratch is free at once; when it does not, the scratch belongs to
 * that write until it is done and the worker takes a new one. The copy (some 100 ns per pipeline) is
 * what lets the ring be freed in order however slow a socket is; see reply-ring.ts.
 *
 * What a connection can have waiting here is bounded by its credit, because the executor counts what was
 * acknowledged in the connection table.
 */
import { copyBytes } from '../base/bytes.ts';
import {
  addToCounter,
  CONNECTION_ACKED,
  CONNECTION_OUTPUT,
  CONNECTION_SPILLING,
} from '../ring/connection-table.ts';
import type { Connection } from './connection.ts';
import { FAILED, PENDING, write } from './raw-stream.ts';

const SCRATCH = 64 << 10;
/** A copy from shared memory goes to a place of the same alignment: see copyBytes(). */
const ALIGNMENT_MASK = 7;
const COPY_LOOP_MAX = 64;
/** Scratch buffers kept for the next write that has to wait. */
const SPARES_MAX = 64;

export class Output {
  private readonly rows: Int32Array;
  private readonly onDrained: (connection: Connection) => void;
  private readonly onBroken: (connection: Connection) => void;
  private readonly onFinished: (connection: Connection) => void;
  private scratch = newScratch();
  private readonly spares: Uint8Array<ArrayBuffer>[] = [];
  /** Socket writes, free-running: a figure. */
  writes = 0;
  /** Bytes the kernel took and takeBytes() has not told of. */
  private bytes = 0;

  /**
   * `onDrained`: everything of a connection has left and the executor holds more; `onBroken`: close it;
   * `onFinished`: it was to be closed after its last reply, which has left.
   */
  constructor(
    rows: Int32Array,
    onDrained: (connection: Connection) => void,
    onBroken: (connection: Connection) => void,
    onFinished: (connection: Connection) => void,
  ) {
    this.rows = rows;
    this.onDrained = onDrained;
    this.onBroken = onBroken;
    this.onFinished = onFinished;
  }

  /** Sends bytes[start..start+size) after whatever waits. The caller may re-use the bytes on return. */
  send(connection: Connection, bytes: Uint8Array, start: number, size: number): void {
    if (connection.writing !== 0) {
      connection.queue.push(bytes.slice(start, start + size));
      return;
    }
    if (size > SCRATCH) {
      this.start(connection, bytes.slice(start, start + size));
      return;
    }
    const scratch = this.scratch;
    const at = start & ALIGNMENT_MASK;
    if (size <= COPY_LOOP_MAX) {
      for (let i = 0; i < size; i++) scratch[at + i] = bytes[start + i];
    } else {
      copyBytes(bytes, start, start + size, scratch, at);
    }
    if (this.start(connection, scratch.subarray(at, at + size))) return;
    connection.borrowed = scratch;
    this.scratch = this.spares.pop() ?? newScratch();
  }

  /** True when nothing of this connection waits for its socket. */
  isIdle(connection: Connection): boolean {
    return connection.writing === 0;
  }

  /** Writes; returns true when the bytes are free again. */
  private start(connection: Connection, bytes: Uint8Array): boolean {
    this.writes++;
    const size = bytes.length;
    const status = write(connection.socket, bytes, this.doneOf(connection));
    if (status === PENDING) {
      connection.writing = size;
      return false;
    }
    if (status === FAILED) {
      this.onBroken(connection);
      return true;
    }
    this.acknowledge(connection, size);
    return true;
  }

  /** One completion callback per connection, made once, so that a write allocates none. */
  private doneOf(connection: Connection): (status: number) => void {
    if (connection.writeDone === null) connection.writeDone = (error) => this.finish(connection, error);
    return connection.writeDone;
  }

  /** A write that had to wait is done. */
  private finish(connection: Connection, error: number): void {
    const size = connection.writing;
    connection.writing = 0;
    if (connection.borrowed !== null && this.spares.length < SPARES_MAX)
      this.spares.push(connection.borrowed);
    connection.borrowed = null;
    if (connection.closed) return;
    if (error < 0) {
      this.onBroken(connection);
      return;
    }
    this.acknowledge(connection, size);
    while (connection.queue.length > 0 && connection.writing === 0 && !connection.closed) {
      this.start(connection, connection.queue.shift()!);
    }
    if (connection.writing === 0 && connection.closing && !connection.closed) this.onFinished(connection);
  }

  /** The executor counts what is under way by this word; a connection it holds replies for is told when idle. */
  private acknowledge(connection: Connection, size: number): void {
    const rows = this.rows;
    const row = connection.row;
    this.bytes += size;
    addToCounter(rows, row + CONNECTION_OUTPUT, size);
    Atomics.store(rows, row + CONNECTION_ACKED, (rows[row + CONNECTION_ACKED] + size) | 0);
    if (Atomics.load(rows, row + CONNECTION_SPILLING) === 1 && connection.queue.length === 0) {
      this.onDrained(connection);
    }
  }

  /** Bytes written since the last call. */
  takeBytes(): number {
    const { bytes } = this;
    this.bytes = 0;
    return bytes;
  }
}

function newScratch(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(SCRATCH + ALIGNMENT_MASK);
}
