/**
 * What a client makes this server hold: CLIENT LIST's figures, INFO's sums, and what maxmemory-clients limits.
 *
 * Every figure is real, but the memory model is not Redis's, so some of them mean less here:
 *
 *   qbuf        bytes that are read but not executed: of the argument that is arriving, or of commands behind one that waits. For the
 *               client that asks, the size of its own command.
 *   qbuf-free   room that is kept for the rest of a command that is arriving; otherwise 0, because sockets share one read
 *               buffer for each io worker
 *   argv-mem    arguments that have arrived of a command that has not yet; those of a command under way
 *   rbs rbp     0: replies are written to the ring, there is no buffer for each client
 *   multi-mem   the buffer of what MULTI has queued
 *   obl         reply bytes that the socket has not taken, as far as Redis would keep them in a client's own buffer
 *   oll omem    pieces and bytes of what is beyond that: in the ring, at the io worker, in the queue of those that do not read
 *   tot-mem     all of that, the objects of the connection, and what it watches and is subscribed to
 */
import { GATE_CLOSING, type Session } from './session.ts';

/** Objects of a connection in both threads and its row in the connection table: measured, 1,000 idle connections. */
const CONNECTION_BYTES = 6_500;
/** Redis's reply buffer. */
const REPLY_BUFFER = 16 << 10;
/** What an io worker holds of a reply in one piece, at most. */
const PIECE = 128 << 10;
/** Objects for a name that a client watches or is subscribed to. */
export const NAME_BYTES = 160;

export interface ClientMemory {
  input: number;
  inputFree: number;
  arguments: number;
  queued: number;
  /** Reply bytes: in all, and those beyond the reply buffer with their pieces. */
  output: number;
  beyond: number;
  pieces: number;
  total: number;
}

/** One object for all: read it before the next call. */
const memory: ClientMemory = {
  input: 0,
  inputFree: 0,
  arguments: 0,
  queued: 0,
  output: 0,
  beyond: 0,
  pieces: 0,
  total: 0,
};

/** What the session holds, `ownInput` and `ownArguments` bytes of the command under way beside it. Allocates nothing. */
export function memoryOf(session: Session, ownInput = 0, ownArguments = 0): ClientMemory {
  const { link } = session;
  const spilled = link.spillBytes(session);
  memory.arguments = link.argumentBytes(session) + ownArguments;
  memory.input = Math.max(0, link.queryBufferBytes(session)) + ownInput;
  memory.inputFree = link.queryBufferFree(session);
  memory.queued = session.queue?.capacity ?? 0;
  memory.output = Math.max(0, link.outputBacklog(session));
  memory.beyond = Math.max(0, memory.output - REPLY_BUFFER);
  memory.pieces = link.spillChunks(session) + Math.ceil(Math.max(0, memory.beyond - spilled) / PIECE);
  memory.total =
    CONNECTION_BYTES +
    memory.arguments +
    memory.input +
    memory.inputFree +
    memory.queued +
    memory.output +
    session.heldBytes;
  return memory;
}

/** Whether the client is there for others to see. */
export function isOpen(session: Session): boolean {
  return (session.gate & GATE_CLOSING) === 0;
}
