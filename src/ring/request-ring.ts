/**
 * Requests, io worker -> executor: descriptors in one ring of words, their bytes in another ring.
 *
 * Why our own and not ringbuf.js (the nearest package): a request is two records of different kinds
 * that must become visible together and be freed together, the parser writes a descriptor in place
 * while it parses, the consumer runs commands on the bytes where they lie, and one publish covers a
 * whole batch. ringbuf.js copies elements in and out and publishes each push.
 *
 * A descriptor, in Int32 words:
 *
 *   +0  kind (bits 0-7) | words of the whole descriptor (bits 8-31)
 *   +1  connection slot
 *   +2  command id, or -1 for a name the table does not have        (COMMAND, LARGE)
 *   +3  argc
 *   +4  start of the whole command in the byte area
 *   +5  bytes of the whole command
 *   +6  hash of the first key, 0 when the command has none
 *   +7  byte position up to which this record and all before it use the byte area
 *   +8  start, end of argument 0; start, end of argument 1; ...     (COMMAND)
 *
 * A descriptor never wraps: a PAD record fills the end of the ring. Bytes of one read never wrap
 * either: the end of the byte area is skipped when they would.
 *
 * Who may do what: RequestWriter belongs to the io worker's thread, RequestReader to the executor's.
 * The writer's stores below `tail` are private until publish(); the reader may touch only what lies
 * between its head and the published tail, and must not touch it again after release().
 *
 * When the ring is full, reserve() says so and nothing is written: the io worker keeps the bytes, stops
 * reading that socket, and asks to be woken (REQUEST_ROOM_WANTED).
 */
import {
  REQUEST_BYTES,
  REQUEST_BYTES_HEAD,
  REQUEST_HEAD,
  REQUEST_ROOM_WANTED,
  REQUEST_TAIL,
  REQUEST_WORDS,
  type RingBuffer,
} from './layout.ts';

export const REQUEST_COMMAND = 1;
/** Nothing: fills the words at the end of the ring. */
export const REQUEST_PAD = 2;
/** A connection was accepted; its address and listener are in the byte area as `addr laddr`. */
export const REQUEST_OPEN = 3;
/** The socket is gone; the slot may be re-used once the executor has answered. */
export const REQUEST_CLOSED = 4;
/** The stream broke the protocol: word 2 is the byte length of the text that follows in the byte area. */
export const REQUEST_PROTOCOL_ERROR = 5;
/** A command too big for the ring: its bytes and spans are the next message of the port. */
export const REQUEST_LARGE = 6;
/** Everything sent to a connection that had run out of credit has left. */
export const REQUEST_DRAINED = 7;
/** The peer has shut down its side: answer what came before, then close. */
export const REQUEST_END = 8;
/** The io worker wants to know when everything before this has been executed. */
export const REQUEST_BARRIER = 9;

export const DESCRIPTOR_SLOT = 1;
export const DESCRIPTOR_COMMAND = 2;
export const DESCRIPTOR_ARGC = 3;
export const DESCRIPTOR_START = 4;
export const DESCRIPTOR_SIZE = 5;
export const DESCRIPTOR_HASH = 6;
export const DESCRIPTOR_BYTES_UNTIL = 7;
export const DESCRIPTOR_SPANS = 8;

const WORD_MASK = REQUEST_WORDS - 1;
const BYTE_MASK = REQUEST_BYTES - 1;
/** What a socket's read buffer has too: a copy between shared and private memory is slow when alignments differ (base/bytes.ts). */
const ALIGNMENT_MASK = 7;

export class RequestWriter {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  private readonly control: Int32Array;
  /** Words written, published or not. */
  private tail = 0;
  private published = 0;
  private bytesTail = 0;
  private headSeen = 0;
  private bytesHeadSeen = 0;
  /** Byte position below which everything is free, whatever the executor has said so far. */
  private bytesFloor = 0;

  constructor(control: RingBuffer, words: RingBuffer, bytes: RingBuffer) {
    this.control = new Int32Array(control);
    this.words = new Int32Array(words);
    this.bytes = new Uint8Array(bytes);
  }

  /**
   * When the executor has consumed everything, the next bytes go to the start of the area. Used over and over, the same lines stay in
   * the processor's cache; a walk round the whole ring pushes the data out of it. Call it when no read is being parsed.
   */
  restartIfIdle(): void {
    if (this.dirty || !this.idle) return;
    const at = this.bytesTail & BYTE_MASK;
    if (at !== 0) this.bytesTail = (this.bytesTail + REQUEST_BYTES - at) | 0;
    // What was skipped is free, though the executor will only say so with the next record.
    this.bytesFloor = this.bytesTail;
    this.bytesHeadSeen = this.bytesTail;
  }

  /**
   * Finds `size` contiguous bytes, aligned. Returns where they start in the byte area, or -1 when the ring is
   * full. Nothing is taken until commitBytes(). Allocates nothing.
   */
  reserveBytes(size: number): number {
    let skip = -this.bytesTail & ALIGNMENT_MASK;
    let at = (this.bytesTail + skip) & BYTE_MASK;
    if (at + size > REQUEST_BYTES) {
      skip += REQUEST_BYTES - at;
      at = 0;
    }
    if (((this.bytesTail + skip + size - this.bytesHeadSeen) | 0) > REQUEST_BYTES) {
      this.refresh();
      if (((this.bytesTail + skip + size - this.bytesHeadSeen) | 0) > REQUEST_BYTES) return -1;
    }
    this.bytesTail = (this.bytesTail + skip) | 0;
    return at;
  }

  private refresh(): void {
    this.headSeen = Atomics.load(this.control, REQUEST_HEAD);
    const bytesHead = Atomics.load(this.control, REQUEST_BYTES_HEAD);
    if (((bytesHead - this.bytesFloor) | 0) > 0) this.bytesFloor = bytesHead;
    this.bytesHeadSeen = this.bytesFloor;
  }

  /** Takes `size` bytes of the last reservation, from its start. */
  commitBytes(size: number): void {
    this.bytesTail = (this.bytesTail + size) | 0;
  }

  /** The byte position after `size` more bytes: what a descriptor says it uses. */
  bytesUntil(size: number): number {
    return (this.bytesTail + size) | 0;
  }

  /**
   * Finds `count` contiguous descriptor words. Returns their index, or -1 when the ring is full.
   * Nothing is taken until commitWords(), except a PAD at the end of the ring. Allocates nothing.
   */
  reserveWords(count: number): number {
    let at = this.tail & WORD_MASK;
    const skip = at + count > REQUEST_WORDS ? REQUEST_WORDS - at : 0;
    if (((this.tail + skip + count - this.headSeen) | 0) > REQUEST_WORDS) {
      this.refresh();
      if (((this.tail + skip + count - this.headSeen) | 0) > REQUEST_WORDS) return -1;
    }
    if (skip !== 0) {
      this.words[at] = REQUEST_PAD | (skip << 8);
      this.tail = (this.tail + skip) | 0;
      at = 0;
    }
    return at;
  }

  commitWords(count: number): void {
    this.tail = (this.tail + count) | 0;
  }

  /** True when something is written that the executor cannot see yet. */
  get dirty(): boolean {
    return this.tail !== this.published;
  }

  /** Makes everything written so far visible. One atomic store. */
  publish(): void {
    this.published = this.tail;
    Atomics.store(this.control, REQUEST_TAIL, this.tail);
  }

  /** True when the executor has consumed everything that was published. */
  get idle(): boolean {
    return Atomics.load(this.control, REQUEST_HEAD) === this.published;
  }

  /** Descriptor words that the executor has not consumed. */
  get depth(): number {
    return (this.published - Atomics.load(this.control, REQUEST_HEAD)) | 0;
  }

  /**
   * Asks the executor to wake this worker when it has freed something. Called after a reservation that
   * failed; what was freed between that and this call counts as freed.
   */
  wantRoom(): void {
    const { control } = this;
    Atomics.store(control, REQUEST_ROOM_WANTED, 1);
    const unchanged =
      Atomics.load(control, REQUEST_HEAD) === this.headSeen &&
      Atomics.load(control, REQUEST_BYTES_HEAD) === this.bytesHeadSeen;
    if (!unchanged) Atomics.store(control, REQUEST_ROOM_WANTED, 0);
  }

  /** True when something was freed since wantRoom(): the wake-up may have come before anybody rested. */
  get roomFreed(): boolean {
    return Atomics.load(this.control, REQUEST_ROOM_WANTED) === 0;
  }
}

export class RequestReader {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  /** The same memory as `bytes`. */
  readonly data: DataView;
  private readonly control: Int32Array;
  private head = 0;
  private tailSeen = 0;
  private bytesHead = 0;

  constructor(control: RingBuffer, words: RingBuffer, bytes: RingBuffer) {
    this.control = new Int32Array(control);
    this.words = new Int32Array(words);
    this.bytes = new Uint8Array(bytes);
    this.data = new DataView(bytes);
  }

  /** Looks at the published tail again. Returns true when there is a descriptor to read. */
  poll(): boolean {
    this.tailSeen = Atomics.load(this.control, REQUEST_TAIL);
    return this.tailSeen !== this.head;
  }

  /** Descriptor words that are published and not consumed, as of now. */
  get depth(): number {
    return (Atomics.load(this.control, REQUEST_TAIL) - this.head) | 0;
  }

  /**
   * The index of the next descriptor in `words`, or -1 at the end of what poll() saw. The caller
   * works on it in place, then calls advance().
   */
  next(): number {
    for (;;) {
      if (this.head === this.tailSeen) return -1;
      const at = this.head & WORD_MASK;
      const first = this.words[at];
      if ((first & 0xff) !== REQUEST_PAD) return at;
      this.head = (this.head + (first >>> 8)) | 0;
    }
  }

  /**
   * Lists the next descriptors, at most `out.length` of those that poll() saw, without stepping over them. Returns how many. Allocates
   * nothing.
   */
  lookAhead(out: Int32Array): number {
    let head = this.head;
    let count = 0;
    while (count < out.length && head !== this.tailSeen) {
      const at = head & WORD_MASK;
      const first = this.words[at];
      if ((first & 0xff) !== REQUEST_PAD) out[count++] = at;
      head = (head + (first >>> 8)) | 0;
    }
    return count;
  }

  /** Steps over the descriptor at `at`. Its bytes stay readable until release(). */
  advance(at: number): void {
    this.bytesHead = this.words[at + DESCRIPTOR_BYTES_UNTIL];
    this.head = (this.head + (this.words[at] >>> 8)) | 0;
  }

  /** Gives everything stepped over back to the io worker. Returns true when it waits for room. */
  release(): boolean {
    Atomics.store(this.control, REQUEST_BYTES_HEAD, this.bytesHead);
    Atomics.store(this.control, REQUEST_HEAD, this.head);
    return (
      Atomics.load(this.control, REQUEST_ROOM_WANTED) === 1 &&
      Atomics.compareExchange(this.control, REQUEST_ROOM_WANTED, 1, 0) === 1
    );
  }
}
