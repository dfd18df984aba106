/**
 * The commands between MULTI and EXEC, in one buffer outside the JS heap.
 *
 * An object per command would make garbage of every transaction, and a long one would fill the heap of the executor. So each command is a
 * record in a buffer that doubles when it is full, and EXEC points the Call at one record after the other:
 *
 *   Int32  +0  command id
 *          +1  argc
 *          +2  hash of the first key
 *          +3  bytes of the whole record, a multiple of 4
 *          +4  start, end of argument 0; start, end of argument 1; ...    from the start of the buffer
 *   bytes      the arguments, one behind the other, with what stood between them
 *
 * A client that pipelines sends EXEC together with what it queues, so most requests of most transactions need not be copied: while they lie in
 * the request ring, until the end of the batch, the queue only holds where (refer()). What EXEC has not come for by then is copied (keep()).
 *
 *   0          copied                  size
 *   | records  | Int32 base of a request in the ring, and so on |
 *
 * Queues with a buffer of the usual size are kept for the next transaction; larger ones are freed at EXEC, at DISCARD or with the connection.
 * add() and refer() refuse when the commands would take more than `limit` as records: client-query-buffer-limit counts them as Redis does.
 *
 * Cost: MULTI, 10 SETs of 64 bytes and EXEC in one piece take 0.88 of the server's CPU time that they take with copies (bench/macro/clients.mjs).
 */
import { COPY_VIEWS_SIZE_MAX, copyBytes, copyViews, newUnfilled } from '../base/bytes.ts';
import type { Call } from '../commands/call.ts';
import {
  DESCRIPTOR_ARGC,
  DESCRIPTOR_COMMAND,
  DESCRIPTOR_HASH,
  DESCRIPTOR_SPANS,
} from '../ring/request-ring.ts';

const HEADER_WORDS = 4;
const INITIAL_BYTES = 4 << 10;
/** Spans are int32, and a buffer is doubled. */
const BYTES_MAX = 1 << 30;
const KEPT_MAX = 64;
/** What stands between two arguments of a request: a line end, and the size of the next. */
const GAP_MAX = 16;
const REFERENCE_BYTES = 4;

/** A buffer in the forms in which it is written and read. */
interface Memory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Int32Array;
  readonly data: DataView;
}

function newMemory(size: number): Memory {
  const bytes = newUnfilled(size);
  const { buffer, byteOffset } = bytes;
  return {
    bytes,
    words: new Int32Array(buffer, byteOffset, size >>> 2),
    data: new DataView(buffer, byteOffset, size),
  };
}

/** Where requests lie that are not copied: the request ring. */
export interface RequestMemory {
  readonly bytes: Uint8Array;
  readonly data: DataView;
  /** Descriptors. */
  readonly words: Int32Array;
}

/** What a record is made of: a Call, or a request in the ring. */
interface Request {
  argc: number;
  base: number;
  bytes: Uint8Array;
  data: DataView | null;
  hash: number;
  spans: Int32Array;
}

const NOTHING = new Int32Array(0);
/** The request that keep() is at. */
const inRing: Request = {
  argc: 0,
  base: 0,
  bytes: new Uint8Array(0),
  data: null,
  hash: 0,
  spans: NOTHING,
};

export class CommandQueue {
  count = 0;
  /** The flags of all queued commands together. */
  flags = 0;
  /** A command could not be queued: EXEC will refuse. */
  failed = false;
  /** EXEC has begun with it. */
  isRunning = false;
  /** What the commands take as records, copied or not. */
  private bytes = 0;
  /** Where records end and references begin, and where those end. */
  private copied = 0;
  private size = 0;
  /** Where the record or reference is that load() reads next. */
  private at = 0;
  private memory = newMemory(INITIAL_BYTES);
  /** What references refer to. */
  private ring: RequestMemory | null = null;

  /** Bytes of memory it takes. */
  get capacity(): number {
    return this.memory.bytes.length;
  }

  /** True while it refers to requests in the ring. */
  get refers(): boolean {
    return this.size !== this.copied;
  }

  /**
   * Notes where the call, which lies in the ring, is. keep() must be called before the ring's room is given back. False when there would be more
   * than `limit` bytes.
   */
  refer(call: Call, ring: RequestMemory, limit: number): boolean {
    const { argc, base } = call;
    const { words } = ring;
    const bytes = recordSize(argc, words[base + 2 * argc - 1] - words[base]);
    if (this.bytes + bytes > Math.min(limit, BYTES_MAX)) return false;
    const { size } = this;
    if (size + REFERENCE_BYTES > this.memory.bytes.length) this.grow(size + REFERENCE_BYTES);
    this.memory.words[size >>> 2] = base;
    this.size = size + REFERENCE_BYTES;
    this.bytes += bytes;
    this.ring = ring;
    this.count++;
    return true;
  }

  /** Copies what it refers to and has not run. One that was freed since refers to nothing, or to what is in the same ring. */
  keep(): void {
    if (!this.refers) return;
    const { bytes, data, words } = this.ring!;
    const references = this.memory.words.slice(Math.max(this.at, this.copied) >>> 2, this.size >>> 2);
    this.size = this.copied;
    this.at = Math.min(this.at, this.copied);
    inRing.bytes = bytes;
    inRing.data = data;
    inRing.spans = words;
    for (const base of references) {
      const descriptor = base - DESCRIPTOR_SPANS;
      inRing.base = base;
      inRing.argc = words[descriptor + DESCRIPTOR_ARGC];
      inRing.hash = words[descriptor + DESCRIPTOR_HASH];
      this.append(inRing, words[descriptor + DESCRIPTOR_COMMAND]);
    }
  }

  /** Copies the call to the end. False when there would be more than `limit` bytes. */
  add(call: Call, commandId: number, limit: number): boolean {
    this.keep();
    const bytes = sizeOf(call);
    if (this.bytes + bytes > Math.min(limit, BYTES_MAX)) return false;
    this.append(call, commandId);
    this.bytes += bytes;
    this.count++;
    return true;
  }

  /** Makes a record of the request. Allocates only when the buffer must grow. */
  private append(request: Request, commandId: number): void {
    const { argc } = request;
    const size = sizeOf(request);
    if (this.size + size > this.memory.bytes.length) this.grow(this.size + size);
    const word = this.size >>> 2;
    const { words } = this.memory;
    words[word] = commandId;
    words[word + 1] = argc;
    words[word + 2] = request.hash;
    words[word + 3] = size;
    const to = (word + HEADER_WORDS + 2 * argc) << 2;
    if (areInOrder(request)) this.copyWhole(request, word + HEADER_WORDS, to);
    else this.copyEach(request, word + HEADER_WORDS, to);
    this.size += size;
    this.copied = this.size;
  }

  /** All arguments in one piece, with what is between them. */
  private copyWhole(request: Request, spans: number, to: number): void {
    const { bytes, data, words } = this.memory;
    const { argc, base } = request;
    const from = request.spans[base];
    const until = request.spans[base + 2 * argc - 1];
    const shift = to - from;
    for (let i = 0; i < 2 * argc; i++) words[spans + i] = request.spans[base + i] + shift;
    if (request.data !== null && until - from <= COPY_VIEWS_SIZE_MAX)
      copyViews(request.data, from, until, data, to);
    else copyBytes(request.bytes, from, until, bytes, to);
  }

  private copyEach(request: Request, spans: number, to: number): void {
    const { bytes, words } = this.memory;
    const last = request.base + 2 * request.argc;
    for (let at = request.base; at < last; at += 2) {
      const start = request.spans[at];
      const until = request.spans[at + 1];
      words[spans++] = to;
      copyBytes(request.bytes, start, until, bytes, to);
      to += until - start;
      words[spans++] = to;
    }
  }

  private grow(size: number): void {
    let capacity = this.memory.bytes.length;
    while (capacity < size) capacity *= 2;
    const grown = newMemory(capacity);
    grown.bytes.set(this.memory.bytes.subarray(0, this.size));
    this.memory = grown;
  }

  /** True when load() has been through all of it. */
  get isDone(): boolean {
    return this.at === this.size;
  }

  /** Points the call at the next command and steps over it. Returns the command's id. Allocates nothing. */
  load(call: Call): number {
    const word = this.at >>> 2;
    const { bytes, data, words } = this.memory;
    if (this.at >= this.copied) return this.loadReferred(call, words[word]);
    call.bytes = bytes;
    call.data = data;
    call.spans = words;
    call.base = word + HEADER_WORDS;
    call.argc = words[word + 1];
    call.hash = words[word + 2];
    this.at += words[word + 3];
    return words[word];
  }

  private loadReferred(call: Call, base: number): number {
    const { bytes, data, words } = this.ring!;
    const descriptor = base - DESCRIPTOR_SPANS;
    call.bytes = bytes;
    call.data = data;
    call.spans = words;
    call.base = base;
    call.argc = words[descriptor + DESCRIPTOR_ARGC];
    call.hash = words[descriptor + DESCRIPTOR_HASH];
    this.at += REFERENCE_BYTES;
    return words[descriptor + DESCRIPTOR_COMMAND];
  }

  /** Ends it: newQueue() may return it again. */
  free(): void {
    this.count = 0;
    this.flags = 0;
    this.failed = false;
    this.isRunning = false;
    this.bytes = 0;
    this.copied = 0;
    this.size = 0;
    this.at = 0;
    this.ring = null;
    if (this.memory.bytes.length === INITIAL_BYTES && kept.length < KEPT_MAX) kept.push(this);
  }
}

const kept: CommandQueue[] = [];

/** An empty queue. */
export function newQueue(): CommandQueue {
  return kept.pop() ?? new CommandQueue();
}

/** Bytes of the record of a command with so many arguments, which take `bytes`. */
function recordSize(argc: number, bytes: number): number {
  return (((HEADER_WORDS + 2 * argc) << 2) + bytes + 3) & ~3;
}

/** Bytes of the request's record. */
function sizeOf(request: Request): number {
  const { argc, base, spans } = request;
  return recordSize(
    argc,
    areInOrder(request) ? spans[base + 2 * argc - 1] - spans[base] : sumOfSizes(request),
  );
}

/** Whether the arguments lie one behind the other and close together, as they do in a request. */
function areInOrder({ argc, base, spans }: Request): boolean {
  let last = spans[base];
  for (let at = base; at < base + 2 * argc; at += 2) {
    const start = spans[at];
    if (start < last || start > last + GAP_MAX) return false;
    last = spans[at + 1];
  }
  return true;
}

function sumOfSizes({ argc, base, spans }: Request): number {
  let sum = 0;
  for (let at = base; at < base + 2 * argc; at += 2) sum += spans[at + 1] - spans[at];
  return sum;
}
