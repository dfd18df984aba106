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
 * Buffers of the usual size are kept for the next transaction; larger ones are freed at EXEC, at DISCARD or with the connection.
 * add() refuses when the commands would take more than `limit`: client-query-buffer-limit counts them as Redis does.
 */
import { COPY_VIEWS_SIZE_MAX, copyBytes, copyViews, newUnfilled } from '../base/bytes.ts';
import type { Call } from '../commands/call.ts';

const HEADER_WORDS = 4;
const INITIAL_BYTES = 4 << 10;
/** Spans are int32, and a buffer is doubled. */
const BYTES_MAX = 1 << 30;
const KEPT_MAX = 64;
/** What stands between two arguments of a request: a line end, and the size of the next. */
const GAP_MAX = 16;

/** A buffer in the forms in which it is written and read. */
interface Memory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Int32Array;
  readonly data: DataView;
}

const kept: Memory[] = [];

function newMemory(size: number): Memory {
  const bytes = newUnfilled(size);
  const { buffer, byteOffset } = bytes;
  return {
    bytes,
    words: new Int32Array(buffer, byteOffset, size >>> 2),
    data: new DataView(buffer, byteOffset, size),
  };
}

const NONE = newMemory(0);

export class CommandQueue {
  count = 0;
  /** The flags of all queued commands together. */
  flags = 0;
  /** A command could not be queued: EXEC will refuse. */
  failed = false;
  /** EXEC has begun with it. */
  isRunning = false;
  /** Bytes of commands. */
  size = 0;
  /** Where the record is that load() reads next. */
  private at = 0;
  private memory = kept.pop() ?? newMemory(INITIAL_BYTES);

  /** Bytes of memory it takes. */
  get capacity(): number {
    return this.memory.bytes.length;
  }

  /** Copies the call to the end. False when that would be more than `limit` bytes. Allocates only when the buffer must grow. */
  add(call: Call, commandId: number, limit: number): boolean {
    const { argc } = call;
    const from = call.start(0);
    const bytesSize = areInOrder(call) ? call.end(argc - 1) - from : -1;
    const header = (HEADER_WORDS + 2 * argc) << 2;
    const size = (header + (bytesSize < 0 ? sumOfSizes(call) : bytesSize) + 3) & ~3;
    if (this.size + size > Math.min(limit, BYTES_MAX)) return false;
    if (this.size + size > this.memory.bytes.length) this.grow(this.size + size);
    const word = this.size >>> 2;
    const { words } = this.memory;
    words[word] = commandId;
    words[word + 1] = argc;
    words[word + 2] = call.hash;
    words[word + 3] = size;
    if (bytesSize < 0) this.copyEach(call, word + HEADER_WORDS, this.size + header);
    else this.copyWhole(call, from, bytesSize, word + HEADER_WORDS, this.size + header);
    this.size += size;
    this.count++;
    return true;
  }

  /** All arguments in one piece, with what is between them. */
  private copyWhole(call: Call, from: number, size: number, spans: number, to: number): void {
    const { bytes, data, words } = this.memory;
    const shift = to - from;
    for (let i = 0; i < call.argc; i++) {
      words[spans + 2 * i] = call.start(i) + shift;
      words[spans + 2 * i + 1] = call.end(i) + shift;
    }
    if (call.data !== null && size <= COPY_VIEWS_SIZE_MAX) copyViews(call.data, from, from + size, data, to);
    else copyBytes(call.bytes, from, from + size, bytes, to);
  }

  private copyEach(call: Call, spans: number, to: number): void {
    const { bytes, words } = this.memory;
    for (let i = 0; i < call.argc; i++) {
      words[spans + 2 * i] = to;
      copyBytes(call.bytes, call.start(i), call.end(i), bytes, to);
      to += call.size(i);
      words[spans + 2 * i + 1] = to;
    }
  }

  private grow(size: number): void {
    let capacity = this.memory.bytes.length;
    while (capacity < size) capacity *= 2;
    const grown = newMemory(capacity);
    grown.bytes.set(this.memory.bytes.subarray(0, this.size));
    this.keep();
    this.memory = grown;
  }

  private keep(): void {
    if (this.memory.bytes.length === INITIAL_BYTES && kept.length < KEPT_MAX) kept.push(this.memory);
  }

  /** True when load() has been through all of it. */
  get isDone(): boolean {
    return this.at === this.size;
  }

  /** Points the call at the next command and steps over it. Returns the command's id. Allocates nothing. */
  load(call: Call): number {
    const word = this.at >>> 2;
    const { bytes, data, words } = this.memory;
    call.bytes = bytes;
    call.data = data;
    call.spans = words;
    call.base = word + HEADER_WORDS;
    call.argc = words[word + 1];
    call.hash = words[word + 2];
    this.at += words[word + 3];
    return words[word];
  }

  /** Gives the memory back. Nothing may be done with the queue afterwards. */
  free(): void {
    this.keep();
    this.memory = NONE;
    this.size = 0;
    this.at = 0;
  }
}

/** Whether the arguments lie one behind the other and close together, as they do in a request. */
function areInOrder(call: Call): boolean {
  let last = call.start(0);
  for (let i = 0; i < call.argc; i++) {
    const start = call.start(i);
    if (start < last || start > last + GAP_MAX) return false;
    last = call.end(i);
  }
  return true;
}

function sumOfSizes(call: Call): number {
  let sum = 0;
  for (let i = 0; i < call.argc; i++) sum += call.size(i);
  return sum;
}
