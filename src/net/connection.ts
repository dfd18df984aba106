/** A socket of an io worker, its input that is not a command yet, and its output that the kernel did not take. */
import type net from 'node:net';
import { PartialRequest } from '../resp/request-parser.ts';
import type { Handle } from './raw-stream.ts';

export class Connection {
  readonly slot: number;
  readonly socket: net.Socket;
  /** The socket's; null when it was closed already. */
  readonly handle: Handle | null;
  /** First word of this connection's row in the connection table. */
  readonly row: number;
  /** A command that arrives in pieces. */
  partial: PartialRequest | null = null;
  /** Input that waits for room in the ring or for a barrier; read again before anything newer. */
  backlog: Uint8Array | null = null;
  /** True while the socket is not read, for whatever reason. */
  readingPaused = false;
  /** The executor asked not to read (its session is parked and its queue is long). */
  pausedByExecutor = false;
  /** A BARRIER is under way; `barrierPassed` when its answer came. */
  barrierPending = false;
  barrierPassed = false;
  /** A write the kernel has not finished owns its bytes until then. */
  writing = 0;
  /** Those bytes. */
  pending: Uint8Array | null = null;
  writeDone: ((status: number) => void) | null = null;
  /** Output that waits behind it. */
  readonly queue: Uint8Array[] = [];
  /** Close once everything is written. */
  closing = false;
  /** The protocol is broken or the peer has ended: nothing more is read. */
  inputEnded = false;
  /** The peer has ended while input of it still waited. */
  endPending = false;
  closed = false;
  /** When bytes last came, for `timeout`; the worker's coarse milliseconds. */
  lastActiveMs = 0;

  constructor(slot: number, row: number, socket: net.Socket, handle: Handle | null) {
    this.slot = slot;
    this.row = row;
    this.socket = socket;
    this.handle = handle;
  }

  partialRequest(): PartialRequest {
    if (this.partial === null) this.partial = new PartialRequest();
    return this.partial;
  }
}
