/**
 * The one file that knows Node's internals: reading without allocation and writing without a stream.
 *
 * Reading: `onread` with one buffer that all sockets of a thread share. A read and its callback are
 * synchronous, so the bytes are safe until the callback returns and nowhere else. Bytes come straight from the
 * handle: the stream's own callback looks up half a dozen properties by symbol on the way. What else a read may
 * bring, the end or an error, is left to the stream.
 *
 * Writing: handle.writeBuffer() tries the kernel at once; when everything went, nothing refers to the
 * bytes any more and the request object can be used again. When it did not, libuv still points at
 * the caller's bytes: the caller must leave them alone until `done`. Where Node's internal binding
 * is not to be had, the stream's own write() does the same with more ceremony.
 */
import net from 'node:net';

interface WriteRequest {
  handle: unknown;
  buffer: Uint8Array | null;
  oncomplete: ((status: number) => void) | null;
  async: boolean;
}

type OnRead = (this: Handle, bytes: unknown) => unknown;

export interface Handle {
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  readStop(): number;
  onread?: OnRead;
  reading?: boolean;
  fd?: number;
  /** Ours: what a read is for. */
  take?: (size: number) => boolean;
}

interface StreamBinding {
  WriteWrap: new () => WriteRequest;
  streamBaseState: Int32Array;
  kLastWriteWasAsync: number;
  kReadBytesOrError?: number;
}

function findBinding(): StreamBinding | null {
  try {
    const binding = (process as unknown as { binding(name: string): StreamBinding }).binding('stream_wrap');
    if (typeof binding.WriteWrap === 'function' && typeof binding.kLastWriteWasAsync === 'number')
      return binding;
  } catch {
    // A Node without the binding: write through the stream.
  }
  return null;
}

const binding = findBinding();
/** Where the binding says how the last read or write went, and at which index. By themselves, so that nothing is looked up per write. */
const streamState = binding?.streamBaseState ?? new Int32Array(1);
const lastWriteWasAsync = binding?.kLastWriteWasAsync ?? 0;
const readBytesOrError = binding?.kReadBytesOrError ?? -1;
let spareRequest: WriteRequest | null = null;

/** write() took everything: the bytes are free again. */
export const WRITTEN = 0;
/** write() still needs the bytes; `done` will be called. */
export const PENDING = 1;
/** The socket is broken; close it. */
export const FAILED = 2;

export type Done = (status: number) => void;

export function handleOf(socket: net.Socket): Handle | null {
  return (socket as unknown as { _handle: Handle | null })._handle;
}

/**
 * Writes bytes to the socket, whose handle its owner keeps: to ask the socket for it takes a getter. Returns WRITTEN, PENDING (then `done`
 * is called once, with 0 or a negative error number) or FAILED (`done` is not called), which a closed handle is too.
 */
export function write(socket: net.Socket, handle: Handle | null, bytes: Uint8Array, done: Done): number {
  if (handle === null) return FAILED;
  if (binding === null) return writeThroughStream(socket, bytes, done);
  let request = spareRequest;
  if (request === null) request = new binding.WriteWrap();
  spareRequest = null;
  const status = handle.writeBuffer(request, bytes);
  if (status !== 0) return FAILED;
  if (streamState[lastWriteWasAsync] === 0) {
    spareRequest = request;
    return WRITTEN;
  }
  request.buffer = bytes;
  request.handle = handle;
  request.oncomplete = done;
  return PENDING;
}

function writeThroughStream(socket: net.Socket, bytes: Uint8Array, done: Done): number {
  socket.write(bytes, (error) => done(error ? -1 : 0));
  if (socket.writableLength === 0) {
    // Node reports completion on a later tick; the bytes have left, so `done` has nothing to do.
    return WRITTEN;
  }
  return PENDING;
}

/** A connection the kernel has accepted: its handle, and the Socket that Node made around it where it could not be kept from that. */
export interface Incoming {
  handle: unknown;
  carrier: net.Socket | null;
}

interface ServerHandle {
  onconnection: (error: number, handle: unknown) => void;
}

/**
 * Gives every connection of a listening server to `take` as a bare handle. Node would wrap each in a Socket of its own, which
 * we would wrap again: some 5 KB a connection. Where the hook is missing that is what happens.
 */
export function takeConnections(server: net.Server, take: (incoming: Incoming) => void): void {
  const listening = (server as unknown as { _handle: ServerHandle | null })._handle;
  if (typeof listening?.onconnection === 'function') {
    listening.onconnection = (error, handle) => {
      if (error) return;
      (handle as { setNoDelay?: (on: boolean) => void }).setNoDelay?.(true);
      take({ handle, carrier: null });
    };
    return;
  }
  server.on('connection', (carrier) => take({ handle: handleOf(carrier), carrier }));
}

/** The local address of a connection, '' when it has none. */
export function localAddressOf(incoming: Incoming): string {
  const name: { address?: string } = {};
  (incoming.handle as { getsockname?: (out: object) => number }).getsockname?.(name);
  return name.address ?? '';
}

/** The stream's own callback, which is the same for all sockets. */
let streamOnRead: OnRead | null = null;

/** A socket that reads through the shared buffer once read(0) is called on it. */
export function openSocket(
  incoming: Incoming,
  buffer: Uint8Array,
  onRead: (size: number) => boolean,
): net.Socket {
  const options = {
    handle: incoming.handle,
    allowHalfOpen: true,
    onread: { buffer, callback: onRead },
  };
  const socket = new net.Socket(options as unknown as net.SocketConstructorOpts);
  if (incoming.carrier !== null) socket.once('close', () => incoming.carrier!.destroy());
  readDirectly(handleOf(socket), onRead);
  return socket;
}

/** From now on what the handle reads goes to `onRead` without passing the stream; where that is not to be had, it does pass it. */
function readDirectly(handle: Handle | null, onRead: (size: number) => boolean): void {
  if (handle === null || typeof handle.onread !== 'function') return;
  if (readBytesOrError < 0) return;
  streamOnRead ??= handle.onread;
  handle.take = onRead;
  handle.onread = onHandleRead;
}

function onHandleRead(this: Handle, bytes: unknown): unknown {
  const size = streamState[readBytesOrError];
  if (size <= 0) return streamOnRead!.call(this, bytes);
  if (!this.take!(size)) {
    this.reading = false;
    // What fails here is a handle that is broken or closed: its next event is an error or nothing.
    this.readStop();
  }
}
