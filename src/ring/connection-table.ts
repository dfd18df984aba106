/**
 * One row of shared words per connection of an io worker: what both sides need to know of it.
 *
 * The io worker picks a free row (its index is the connection's *slot*) and announces it by an OPEN
 * record; the row is free again when the executor has answered the CLOSED record, so neither side
 * can meet a slot that means two connections.
 */

/** Rows per worker: the largest maxclients we accept. 64 bytes each, committed when touched. */
export const CONNECTION_ROWS = 1 << 16;
export const CONNECTION_WORDS = 16;

/** Flags the executor sets for the io worker: the four below. */
export const CONNECTION_FLAGS = 0;
/** Executor: 1 while replies of this connection wait in the executor's own queue for credit. */
export const CONNECTION_SPILLING = 1;
/** Io worker: reply bytes that reached the kernel, free-running. */
export const CONNECTION_ACKED = 2;
/** Io worker: bytes read from the socket, in two words (low, high). */
export const CONNECTION_INPUT = 3;
/** Io worker: bytes written to the socket, in two words (low, high). */
export const CONNECTION_OUTPUT = 5;
/** Io worker: bytes of the argument that is arriving, or of input that waits. */
export const CONNECTION_QUERY_BUFFER = 7;
/** Io worker: the file descriptor. */
export const CONNECTION_FD = 8;

/** Io worker: room in the buffer of an incomplete command, and bytes of its arguments that are complete, their headers included. */
export const CONNECTION_QUERY_FREE = 9;
export const CONNECTION_ARGUMENTS = 10;

export const CONNECTION_AUTHENTICATED = 1;
/** Subscribed to something, or waiting for a key: it is not idle, though it sends nothing. */
export const CONNECTION_SUBSCRIBED = 2;
export const CONNECTION_WAITING = 4;
/** It is shown what others do. */
export const CONNECTION_MONITORS = 8;

/** Adds to a two-word counter without BigInt; only the row's writer may call it. */
export function addToCounter(rows: Int32Array, low: number, bytes: number): void {
  const before = rows[low] >>> 0;
  const after = (before + bytes) >>> 0;
  rows[low] = after;
  if (after < before) rows[low + 1]++;
}

export function readCounter(rows: Int32Array, low: number): number {
  return (rows[low] >>> 0) + (rows[low + 1] >>> 0) * 4294967296;
}
