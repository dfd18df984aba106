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
import { copyBytes, newUnfilled } from '../base/bytes.ts';
import {
  addToCounter,
  CONNECTION_ACKED,
  CONNECTION_OUTPUT,
  CONNECTION_SPILLING,
} from '../ring/connection-table.ts';
import type { Connection } from './connection.ts';
import { FAILED, PENDING, write } from './raw-stream.ts';

const SCRATCH = 128 << 10;
/** Smaller output that must wait gets memory of its own size. */
const SCRATCH_WORTH = 16 << 10;
/** A copy from shared memory goes to a place of the same alignment: see copyBytes(). */
const ALIGNMENT_MASK = 7;
const SCRATCH_BYTES = SCRATCH + ALIGNMENT_MASK;
const COPY_LOOP_MAX = 64;
/** A view of the scratch buffer is kept for each alignment and size below this: making one costs more than copying so few bytes. */
const VIEWS_BYTES = 128;
const ALIGNMENTS = ALIGNMENT_MASK + 1;
/** Scratch buffers kept for the next write that has to wait. */
const SPARES_MAX = 32;

export class Output {
  private readonly rows: Int32Array;
  private readonly onDrained: (connection: Connection) => void;
  private readonly onBroken: (connection: Connection) => void;
  private readonly onFinished: (connection: Connection) => void;
  private scratch = newScratch();
  /** Of `scratch`, by size * ALIGNMENTS + start; made when they are first needed. */
  private views: (Uint8Array | undefined)[] = new Array(VIEWS_BYTES * ALIGNMENTS);
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
    for (; size > SCRATCH; start += SCRATCH, size -= SCRATCH)
      this.sendPiece(connection, bytes, start, SCRATCH);
    this.sendPiece(connection, bytes, start, size);
  }

  /**
   * Sends the same bytes[start..start+size), at most SCRATCH of them, to many connections. They are copied once for all whose sockets take them at
   * once, and once for all whose output waits.
   */
  sendToAll(connections: readonly Connection[], bytes: Uint8Array, start: number, size: number): void {
    let ready: Uint8Array | null = null;
    let waiting: Uint8Array | null = null;
    for (const connection of connections) {
      if (connection.closed) continue;
      if (connection.writing !== 0) {
        // Never as long as a scratch buffer, and so never taken for one by recycle().
        waiting ??= bytes.slice(start, start + size);
        connection.queue.push(waiting);
        continue;
      }
      ready ??= this.copied(bytes, start, size);
      if (this.start(connection, ready)) continue;
      this.leaveScratch();
      ready = null;
    }
  }

  private sendPiece(connection: Connection, bytes: Uint8Array, start: number, size: number): void {
    if (connection.closed) return;
    if (connection.writing !== 0) connection.queue.push(this.kept(bytes, start, size));
    else if (!this.start(connection, this.copied(bytes, start, size))) this.leaveScratch();
  }

  /** A copy of bytes[start..start+size) in the scratch buffer. Allocates nothing for few bytes. */
  private copied(bytes: Uint8Array, start: number, size: number): Uint8Array {
    if (size >= VIEWS_BYTES) return copyTo(this.scratch, bytes, start, size);
    const at = copyAligned(this.scratch, bytes, start, size);
    const index = size * ALIGNMENTS + at;
    let view = this.views[index];
    if (view === undefined) {
      view = this.scratch.subarray(at, at + size);
      this.views[index] = view;
    }
    return view;
  }

  /** A write under way keeps the scratch buffer. */
  private leaveScratch(): void {
    this.scratch = this.spare();
    this.views = new Array(VIEWS_BYTES * ALIGNMENTS);
  }

  /** A copy of bytes[start..start+size) that lasts until recycle(). */
  private kept(bytes: Uint8Array, start: number, size: number): Uint8Array {
    if (size < SCRATCH_WORTH) return bytes.slice(start, start + size);
    return copyTo(this.spare(), bytes, start, size);
  }

  private spare(): Uint8Array<ArrayBuffer> {
    return this.spares.pop() ?? newScratch();
  }

  /** Output that had to wait has left: its scratch buffer, if it lay in one, can be used again. */
  private recycle(bytes: Uint8Array): void {
    if (bytes.buffer.byteLength !== SCRATCH_BYTES || this.spares.length === SPARES_MAX) return;
    this.spares.push(new Uint8Array(bytes.buffer as ArrayBuffer));
  }

  /** True when nothing of this connection waits for its socket. */
  isIdle(connection: Connection): boolean {
    return connection.writing === 0;
  }

  /** Writes; returns true when the bytes are free again. */
  private start(connection: Connection, bytes: Uint8Array): boolean {
    this.writes++;
    const size = bytes.length;
    const status = write(connection.socket, connection.handle, bytes, this.doneOf(connection));
    if (status === PENDING) {
      connection.writing = size;
      connection.pending = bytes;
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
    if (connection.pending !== null) this.recycle(connection.pending);
    connection.pending = null;
    if (connection.closed) return;
    if (error < 0) {
      this.onBroken(connection);
      return;
    }
    this.acknowledge(connection, size);
    while (connection.queue.length > 0 && connection.writing === 0 && !connection.closed) {
      const bytes = connection.queue.shift()!;
      if (this.start(connection, bytes)) this.recycle(bytes);
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
  return newUnfilled(SCRATCH_BYTES);
}

/** Copies bytes[start..start+size) to a scratch buffer; returns a view of where they are in it. */
function copyTo(scratch: Uint8Array, bytes: Uint8Array, start: number, size: number): Uint8Array {
  const at = copyAligned(scratch, bytes, start, size);
  return scratch.subarray(at, at + size);
}

/** Copies bytes[start..start+size) to the beginning of a scratch buffer; returns where they start in it, below ALIGNMENTS. */
function copyAligned(scratch: Uint8Array, bytes: Uint8Array, start: number, size: number): number {
  if (size <= COPY_LOOP_MAX) {
    for (let i = 0; i < size; i++) scratch[i] = bytes[start + i];
    return 0;
  }
  const at = start & ALIGNMENT_MASK;
  copyBytes(bytes, start, start + size, scratch, at);
  return at;
}
