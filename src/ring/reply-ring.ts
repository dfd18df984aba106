/**
 * Replies, executor -> io worker: bytes in one ring, frames that say whose they are in another.
 *
 * A frame, in four Int32 words:
 *
 *   +0  kind (bits 0-7) | connection slot (bits 8-31)
 *   +1  start in the byte area       (DATA)
 *   +2  bytes                        (DATA)
 *   +3  byte position up to which this frame and all before it use the byte area
 *
 * Neighbouring replies to one connection share a frame, so a pipeline costs one socket write.
 *
 * A BROADCAST frame has the number of receivers in place of the slot. Its bytes are their slots, four bytes each with the lowest first,
 * and then what each of them is to get: it lies in the ring once, however many they are.
 *
 * The io worker frees a frame as soon as it has seen it: what a socket does not take at once is copied
 * into that connection's own memory, never more than REPLY_CREDIT bytes. So the ring is first in,
 * first out, stays in the cache, and a socket that does not drain pins nothing of it. (Handing out
 * 64 KiB blocks that the socket pins until it drains was the other way: with 1,000 readers that do
 * not read, 1,000 x 256 KiB of blocks are pinned and every other client of the worker waits.)
 *
 * ReplyRingWriter belongs to the executor's thread, ReplyRingReader to the io worker's.
 */
import { copyBytes } from '../base/bytes.ts';
import {
  IO_PARK,
  IO_REST,
  IO_WAIT,
  REPLY_BYTES,
  REPLY_BYTES_HEAD,
  REPLY_HEAD,
  REPLY_ROOM_WANTED,
  REPLY_TAIL,
  REPLY_WORDS,
  REST_AWAKE,
  REST_PARKED,
  type RingBuffer,
} from './layout.ts';

export const FRAME_DATA = 1;
/** Close the socket once everything before this is written. */
export const FRAME_CLOSE_AFTER_WRITE = 2;
/** Close the socket now; unwritten replies are dropped. */
export const FRAME_CLOSE = 3;
/** The executor has forgotten the connection; its slot is free. */
export const FRAME_FORGOTTEN = 4;
/** Stop reading this socket, until FRAME_RESUME. */
export const FRAME_PAUSE = 5;
export const FRAME_RESUME = 6;
/** Answer to REQUEST_BARRIER. */
export const FRAME_BARRIER = 7;
/** The same bytes for many connections. */
export const FRAME_BROADCAST = 8;
/** Bytes of a receiver's slot in such a frame. */
export const BROADCAST_SLOT_BYTES = 4;

const FRAME_WORDS = 4;
const WORD_MASK = REPLY_WORDS - 1;
const BYTE_MASK = REPLY_BYTES - 1;
/** Frames kept free for control records, so that a close always fits while data waits. */
const FRAME_RESERVE = 64 * FRAME_WORDS;
/** Frames that control records leave free for replies that were begun. */
const SIGNAL_RESERVE = 8 * FRAME_WORDS;

export class ReplyRingWriter {
  readonly bytes: Uint8Array;
  /** The same memory as `bytes`. */
  readonly data: DataView;
  private readonly frames: Int32Array;
  private readonly control: Int32Array;
  private tail = 0;
  private published = 0;
  private headSeen = 0;
  private bytesTail = 0;
  private bytesHeadSeen = 0;
  /** Byte position below which everything is free, whatever the io worker has said so far. */
  private bytesFloor = 0;

  constructor(control: RingBuffer, frames: RingBuffer, bytes: RingBuffer) {
    this.control = new Int32Array(control);
    this.frames = new Int32Array(frames);
    this.bytes = new Uint8Array(bytes);
    this.data = new DataView(bytes);
  }

  /** Where the next reply byte goes. */
  get at(): number {
    return this.bytesTail & BYTE_MASK;
  }

  /** Contiguous bytes free from `at`, as last seen; refresh() looks again. */
  get contiguous(): number {
    const at = this.bytesTail & BYTE_MASK;
    const free = REPLY_BYTES - ((this.bytesTail - this.bytesHeadSeen) | 0);
    return free < REPLY_BYTES - at ? free : REPLY_BYTES - at;
  }

  refresh(): void {
    this.headSeen = Atomics.load(this.control, REPLY_HEAD);
    const bytesHead = Atomics.load(this.control, REPLY_BYTES_HEAD);
    if (((bytesHead - this.bytesFloor) | 0) > 0) this.bytesFloor = bytesHead;
    this.bytesHeadSeen = this.bytesFloor;
  }

  /** Steps over the end of the byte area when fewer than `size` bytes remain before it. */
  skipToStart(): void {
    const at = this.bytesTail & BYTE_MASK;
    if (at !== 0) this.bytesTail = (this.bytesTail + REPLY_BYTES - at) | 0;
  }

  /** Goes to the start when the io worker has consumed everything: see RequestWriter.restartIfIdle(). Not inside a frame. */
  restartIfEmpty(): void {
    this.refresh();
    if (this.tail !== this.headSeen) return;
    this.skipToStart();
    // What was skipped is free, though the io worker will only say so with the next frame.
    this.bytesFloor = this.bytesTail;
    this.bytesHeadSeen = this.bytesTail;
  }

  /** Free bytes in all, contiguous or not, as last seen. */
  get free(): number {
    return REPLY_BYTES - ((this.bytesTail - this.bytesHeadSeen) | 0);
  }

  /** True when there is room for `count` data frames. Looks again only when it seems full. */
  hasFrames(count: number): boolean {
    const limit = REPLY_WORDS - FRAME_RESERVE - count * FRAME_WORDS;
    if (((this.tail - this.headSeen) | 0) <= limit) return true;
    this.refresh();
    return ((this.tail - this.headSeen) | 0) <= limit;
  }

  /** Records that the next `size` bytes belong to `slot`. The caller has checked hasFrames(). */
  commit(slot: number, size: number): void {
    this.write(FRAME_DATA, slot, this.bytesTail & BYTE_MASK, size, (this.bytesTail + size) | 0);
    this.bytesTail = (this.bytesTail + size) | 0;
  }

  /**
   * Writes a frame with data[start..start+size) for sessions[from..until). The caller has checked that there is room for the bytes and the slots, and
   * hasFrames().
   */
  commitBroadcast(
    sessions: readonly { readonly slot: number }[],
    from: number,
    until: number,
    data: Uint8Array,
    start: number,
    size: number,
  ): void {
    const { bytes } = this;
    const first = this.at;
    let at = first;
    for (let i = from; i < until; i++) {
      const { slot } = sessions[i];
      bytes[at] = slot;
      bytes[at + 1] = slot >>> 8;
      bytes[at + 2] = slot >>> 16;
      bytes[at + 3] = slot >>> 24;
      at += BROADCAST_SLOT_BYTES;
    }
    copyBytes(data, start, start + size, bytes, at);
    const total = at - first + size;
    this.write(FRAME_BROADCAST, until - from, first, total, (this.bytesTail + total) | 0);
    this.bytesTail = (this.bytesTail + total) | 0;
  }

  /**
   * True when there is room for a record without bytes. There nearly always is: data frames leave
   * FRAME_RESERVE. Signals in turn leave SIGNAL_RESERVE for the data frames that hasFrames() promised.
   */
  canSignal(): boolean {
    const limit = REPLY_WORDS - SIGNAL_RESERVE;
    if (((this.tail - this.headSeen) | 0) < limit) return true;
    this.refresh();
    return ((this.tail - this.headSeen) | 0) < limit;
  }

  /** Writes a record without bytes. The caller has checked canSignal(). */
  signal(kind: number, slot: number): void {
    this.write(kind, slot, 0, 0, this.bytesTail);
  }

  private write(kind: number, slot: number, start: number, size: number, until: number): void {
    const at = this.tail & WORD_MASK;
    const frames = this.frames;
    frames[at] = kind | (slot << 8);
    frames[at + 1] = start;
    frames[at + 2] = size;
    frames[at + 3] = until;
    this.tail = (this.tail + FRAME_WORDS) | 0;
  }

  get dirty(): boolean {
    return this.tail !== this.published;
  }

  /** Makes all frames visible and wakes the io worker if it rests. Returns true when it had to be woken. */
  publish(): boolean {
    this.published = this.tail;
    Atomics.store(this.control, REPLY_TAIL, this.tail);
    return wakeIoWorker(this.control);
  }

  /**
   * Asks the io worker to ring the executor's doorbell when it has consumed something. Called after a look
   * that found the ring full; what was consumed between that look and this call counts as freed.
   */
  wantRoom(): void {
    const { control } = this;
    Atomics.store(control, REPLY_ROOM_WANTED, 1);
    const unchanged =
      Atomics.load(control, REPLY_HEAD) === this.headSeen &&
      Atomics.load(control, REPLY_BYTES_HEAD) === this.bytesHeadSeen;
    if (!unchanged) Atomics.store(control, REPLY_ROOM_WANTED, 0);
  }

  /** True when something was consumed since wantRoom(): the doorbell may have rung before anybody slept. */
  get roomFreed(): boolean {
    return Atomics.load(this.control, REPLY_ROOM_WANTED) === 0;
  }
}

/** Wakes an io worker that rests, whichever way it rests. Costs one load when it is awake. */
export function wakeIoWorker(control: Int32Array): boolean {
  const rest = Atomics.load(control, IO_REST);
  if (rest === REST_AWAKE) return false;
  if (Atomics.compareExchange(control, IO_REST, rest, REST_AWAKE) !== rest) return false;
  const word = rest === REST_PARKED ? IO_PARK : IO_WAIT;
  Atomics.add(control, word, 1);
  Atomics.notify(control, word);
  return true;
}

export class ReplyRingReader {
  readonly bytes: Uint8Array;
  readonly frames: Int32Array;
  private readonly control: Int32Array;
  private head = 0;
  private tailSeen = 0;
  private bytesHead = 0;

  constructor(control: RingBuffer, frames: RingBuffer, bytes: RingBuffer) {
    this.control = new Int32Array(control);
    this.frames = new Int32Array(frames);
    this.bytes = new Uint8Array(bytes);
  }

  /** Looks at the published tail. Returns true when there is a frame. */
  poll(): boolean {
    this.tailSeen = Atomics.load(this.control, REPLY_TAIL);
    return this.tailSeen !== this.head;
  }

  /** The index of the next frame in `frames`, or -1 at the end of what poll() saw. */
  next(): number {
    return this.head === this.tailSeen ? -1 : this.head & WORD_MASK;
  }

  advance(at: number): void {
    this.bytesHead = this.frames[at + 3];
    this.head = (this.head + FRAME_WORDS) | 0;
  }

  /** Gives the frames stepped over back. Returns true when the executor waits for room. */
  release(): boolean {
    Atomics.store(this.control, REPLY_BYTES_HEAD, this.bytesHead);
    Atomics.store(this.control, REPLY_HEAD, this.head);
    return (
      Atomics.load(this.control, REPLY_ROOM_WANTED) === 1 &&
      Atomics.compareExchange(this.control, REPLY_ROOM_WANTED, 1, 0) === 1
    );
  }
}
