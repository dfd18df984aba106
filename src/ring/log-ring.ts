/**
 * The log, executor -> bio: a byte ring of entries, each of which has a position in one endless stream.
 *
 * The stream is what an append-only file holds: the bytes of one entry after the other, no headers, no padding. An
 * entry may therefore lie across the end of the area (the reader gets two pieces and writes both), so no byte of the
 * area is wasted and no entry needs contiguous room.
 *
 *             written              appended
 *                |                    |
 *   [ . . . . . .A A A A B B C C C C C. . . . . . ]      entries A, B, C; written .. appended is what bio must write
 *
 * Four positions are published, each by one thread at a time, and only ever grow:
 *
 *   LOG_APPENDED   executor   end of the bytes that bio may write
 *   LOG_WHOLE      executor   end of the last whole entry among them (differs while a large entry is under way)
 *   LOG_WRITTEN    LOG_LOCK   end of what write() has taken; the room before it is free again
 *   LOG_FSYNCED    LOG_LOCK   end of what a completed fsync covers
 *
 * Where an io worker shares the executor's thread, waking bio and being woken by it would cost more than the write itself:
 * that io worker then writes too, at the end of its turn (../persistence/aof/turn-writer.ts). Whoever writes holds LOG_LOCK,
 * and only he stores LOG_WRITTEN and LOG_FSYNCED. Bio opens and closes the file, and says by LOG_MODE whether others may
 * write to it now: it takes that back while there is an error to be dealt with.
 *
 * An io worker holds a frame until LOG_WRITTEN or LOG_FSYNCED (by appendfsync) has reached the frame's position, which
 * it compares as a plain number. If bio dies, main writes out LOG_WRITTEN .. LOG_WHOLE from the same memory.
 *
 * A position is a byte count below 2^53 (at 1 GB/s: 285 years), held in two Int32 words, low and high. Two words cannot be
 * stored at once, so the high one is stored twice, around the low one:
 *
 *   writer   check = high'   low = low'   high = high'
 *   reader   high            low          check;  again unless high equals check
 *
 * When the reader saw high h, low was stored for h or later; when it is later, check no longer is h.
 *
 * Who may do what: LogWriter belongs to the executor, a LogReader to each thread that writes to the file, readPosition() to anybody.
 *
 *   1. appended - written <= the size of the area: nothing unwritten is overwritten.
 *   2. whole <= appended; they are equal outside a large entry.
 *   3. what is appended is invisible until publish(), and then all of it is visible.
 *   4. wrote(), fsynced() and setTarget() are called by the one who holds the lock.
 *
 * Full: append() returns false and takes nothing; the executor then waits for bio with waitForRoom() (it may wait for bio;
 * bio never waits for it). An entry of more than a quarter of the area is appended by pieces, so that any size goes through.
 *
 * Cost: a copy, and three atomic stores per publish.
 */

import { copyBytes } from '../base/bytes.ts';

/** Bytes of the area: a power of two. */
export const LOG_BYTES = 4 << 20;

// --- words of the control block, one cache line (16 words) per position ----------------------------

const LOW = 0;
const HIGH = 1;
const CHECK = 2;

export const LOG_APPENDED = 0;
export const LOG_WHOLE = 16;
export const LOG_WRITTEN = 32;
export const LOG_FSYNCED = 48;
/** 1 while bio rests in its event loop with a waitAsync pending on this word. */
const BIO_REST = 64;
/** 1 while the executor waits on this word for room. */
const ROOM_WANTED = 80;
/** Who writes to the file now: 0 for nobody, or one of the LOCK_. */
const LOG_LOCK = 96;
/** Who else than bio may write, and how: see MODE_. Stored by bio. */
const LOG_MODE = 112;
/** The descriptor of the file, for him. */
const LOG_DESCRIPTOR = 113;
/** The errno of an fsync that he has seen fail; bio takes it. */
const FSYNC_ERRNO = 114;
/** How many fsyncs run beside the writing. */
export const LOG_FSYNCS_RUNNING = 115;
/** How often one was due and had to wait for seconds, because the one before still ran. Only grows. */
export const LOG_FSYNCS_DELAYED = 116;
/** Where in the area position 0 would lie: a multiple of 8. Stored by the executor, while nothing waits to be written. */
const LOG_ORIGIN = 117;
export const LOG_WORDS = 128;

export const LOCK_FREE = 0;
export const LOCK_BIO = 1;
/** The io worker on the executor's thread. */
export const LOCK_TURN = 2;
/** Main, when bio is dead; never given back. */
export const LOCK_MAIN = 3;

/** Bio alone writes. */
export const MODE_BIO = 0;
/** The io worker on the executor's thread writes. */
export const MODE_TURN = 1;
/** And fsyncs what it has written. */
export const MODE_TURN_FSYNC = 2;

/** How long a wait for the lock lasts before it is looked at again. */
const LOCK_LOOK_MS = 100;

const WORD = 4294967296;
/** The origin moves by whole words, because copies are fast where both sides lie alike in them. */
const ALIGNMENT_MASK = 7;

/** What travels in workerData. */
export interface LogMemory {
  control: SharedArrayBuffer;
  bytes: SharedArrayBuffer;
}

/** `size` is a power of two. */
export function createLogMemory(size: number = LOG_BYTES): LogMemory {
  return { control: new SharedArrayBuffer(LOG_WORDS * 4), bytes: new SharedArrayBuffer(size) };
}

/** The position published at `at` (LOG_WRITTEN ...), whole however the writer is caught. Any thread; allocates nothing. */
export function readPosition(control: Int32Array, at: number): number {
  for (;;) {
    const high = Atomics.load(control, at + HIGH);
    const low = Atomics.load(control, at + LOW);
    if (Atomics.load(control, at + CHECK) === high) return high * WORD + (low >>> 0);
  }
}

/** Where in an area of `size` bytes the byte at `position` lies, which waits to be written. Any thread. */
export function placeOf(control: Int32Array, position: number, size: number): number {
  return (position + Atomics.load(control, LOG_ORIGIN)) % size;
}

/** Stores a position; one thread may store at `at`. */
export function storePosition(control: Int32Array, at: number, position: number): void {
  const high = Math.floor(position / WORD);
  Atomics.store(control, at + CHECK, high);
  Atomics.store(control, at + LOW, position | 0);
  Atomics.store(control, at + HIGH, high);
}

/** Starts all positions elsewhere than at 0: the size of a file that is gone on with. Before either side exists. */
export function startLogAt(memory: LogMemory, position: number): void {
  const control = new Int32Array(memory.control);
  for (const at of [LOG_APPENDED, LOG_WHOLE, LOG_WRITTEN, LOG_FSYNCED]) storePosition(control, at, position);
}

/** Wakes bio if it rests. Returns true when it did. */
function wakeBio(control: Int32Array): boolean {
  if (Atomics.load(control, BIO_REST) === 0) return false;
  if (Atomics.exchange(control, BIO_REST, 0) === 0) return false;
  Atomics.notify(control, BIO_REST);
  return true;
}

/**
 * For main, when bio is dead: nobody else writes to the file from now on. Waits for a write that is under way on another thread. A lock that
 * bio held when it died counts as free.
 */
export function takeLockForGood(control: Int32Array): void {
  for (;;) {
    const owner = Atomics.load(control, LOG_LOCK);
    if (owner === LOCK_TURN) Atomics.wait(control, LOG_LOCK, LOCK_TURN, LOCK_LOOK_MS);
    else if (Atomics.compareExchange(control, LOG_LOCK, owner, LOCK_MAIN) === owner) return;
  }
}

/** The executor's side. */
export class LogWriter {
  /** After everything appended, published or not. */
  position: number;
  /** After the last whole entry. */
  whole: number;
  /** An entry of more bytes than this is appended by pieces. */
  readonly entryMax: number;
  private readonly control: Int32Array;
  private readonly bytes: Uint8Array;
  private published: number;
  private publishedWhole: number;
  /** How much of the stream bio had written when we last looked. */
  private writtenSeen: number;
  private origin: number;

  constructor(memory: LogMemory) {
    this.control = new Int32Array(memory.control);
    this.bytes = new Uint8Array(memory.bytes);
    this.entryMax = this.bytes.length >> 2;
    this.position = readPosition(this.control, LOG_APPENDED);
    this.whole = this.position;
    this.published = this.position;
    this.publishedWhole = this.position;
    this.writtenSeen = readPosition(this.control, LOG_WRITTEN);
    this.origin = Atomics.load(this.control, LOG_ORIGIN);
  }

  /** Bio writes what is published; otherwise the io worker on this thread does, at the end of its turn. */
  get isForBio(): boolean {
    return Atomics.load(this.control, LOG_MODE) === MODE_BIO;
  }

  /** Bytes in the ring that are not written yet. */
  get unwritten(): number {
    return this.position - readPosition(this.control, LOG_WRITTEN);
  }

  /** Bytes that append() would take, as last seen. */
  get free(): number {
    return this.bytes.length - (this.position - this.writtenSeen);
  }

  /**
   * Appends bytes[start..end), at most entryMax, as one entry. False when there is no room: nothing was taken. The
   * caller may re-use the bytes on return.
   */
  append(bytes: Uint8Array, start: number, end: number): boolean {
    this.restartIfEmpty();
    if (!this.hasRoom(end - start)) return false;
    this.copy(bytes, start, end);
    this.whole = this.position;
    return true;
  }

  /** Appends as much of a large entry as there is room for; returns how many bytes that was. endEntry() ends it. */
  appendPiece(bytes: Uint8Array, start: number, end: number): number {
    this.restartIfEmpty();
    this.hasRoom(end - start);
    const size = Math.min(end - start, this.free);
    this.copy(bytes, start, start + size);
    return size;
  }

  /** What was appended by pieces is a whole entry now. */
  endEntry(): void {
    this.whole = this.position;
  }

  /**
   * Makes everything appended so far visible and wakes bio if it rests, unless the io worker on this thread writes. Returns true when bio
   * had to be woken.
   */
  publish(): boolean {
    const { control } = this;
    if (this.published === this.position && this.publishedWhole === this.whole) return false;
    this.published = this.position;
    this.publishedWhole = this.whole;
    storePosition(control, LOG_APPENDED, this.position);
    storePosition(control, LOG_WHOLE, this.whole);
    return this.isForBio && wakeBio(control);
  }

  /**
   * Waits until bio has written something, at most timeoutMs; what was appended must be published, or bio has nothing
   * to write. Returns false when the time was up and nothing was written.
   */
  waitForRoom(timeoutMs: number): boolean {
    const { control } = this;
    const before = this.writtenSeen;
    Atomics.store(control, ROOM_WANTED, 1);
    this.refresh();
    if (this.writtenSeen === before) {
      wakeBio(control);
      Atomics.wait(control, ROOM_WANTED, 1, timeoutMs);
    }
    Atomics.store(control, ROOM_WANTED, 0);
    this.refresh();
    return this.writtenSeen !== before;
  }

  private hasRoom(size: number): boolean {
    if (size <= this.free) return true;
    this.refresh();
    return size <= this.free;
  }

  private refresh(): void {
    this.writtenSeen = readPosition(this.control, LOG_WRITTEN);
  }

  /**
   * When all is written, the next bytes go to the start of the area: used over and over, the same lines stay in the processor's cache. Who writes to the file
   * looks for the origin only after he has seen that something waits, and as long as something does it stays.
   */
  private restartIfEmpty(): void {
    if (this.position !== this.published) return;
    this.refresh();
    if (this.writtenSeen !== this.position) return;
    this.origin = (ALIGNMENT_MASK - this.position) & (this.bytes.length - 1) & ~ALIGNMENT_MASK;
    Atomics.store(this.control, LOG_ORIGIN, this.origin);
  }

  private copy(from: Uint8Array, start: number, end: number): void {
    const at = (this.position + this.origin) & (this.bytes.length - 1);
    const size = end - start;
    const first = Math.min(size, this.bytes.length - at);
    copyBytes(from, start, start + first, this.bytes, at);
    if (first < size) copyBytes(from, start + first, end, this.bytes, 0);
    this.position += size;
  }
}

/** The side of who writes to the file: bio, and the io worker on the executor's thread. */
export class LogReader {
  /** The area. */
  readonly bytes: Uint8Array;
  private readonly control: Int32Array;
  private readonly owner: number;

  /** `owner` is LOCK_BIO or LOCK_TURN. */
  constructor(memory: LogMemory, owner: number = LOCK_BIO) {
    this.control = new Int32Array(memory.control);
    this.bytes = new Uint8Array(memory.bytes);
    this.owner = owner;
  }

  // --- the lock -----------------------------------------------------------------------------------

  /** False when somebody else writes. */
  tryLock(): boolean {
    return Atomics.compareExchange(this.control, LOG_LOCK, LOCK_FREE, this.owner) === LOCK_FREE;
  }

  /** Waits for who writes now: for one write, or one fsync. */
  lock(): void {
    const { control } = this;
    while (!this.tryLock()) Atomics.wait(control, LOG_LOCK, LOCK_TURN, LOCK_LOOK_MS);
  }

  unlock(): void {
    Atomics.store(this.control, LOG_LOCK, LOCK_FREE);
    // Bio, or main, may wait; nobody does as a rule, and then this is cheap enough: one call for a write.
    Atomics.notify(this.control, LOG_LOCK);
  }

  // --- who writes ---------------------------------------------------------------------------------

  /** One of the MODE_. Bio may change it while the lock is not held. */
  get mode(): number {
    return Atomics.load(this.control, LOG_MODE);
  }

  /** What the io worker writes to, as `mode` says. */
  get descriptor(): number {
    return Atomics.load(this.control, LOG_DESCRIPTOR);
  }

  setTarget(mode: number, descriptor: number): void {
    Atomics.store(this.control, LOG_DESCRIPTOR, descriptor);
    Atomics.store(this.control, LOG_MODE, mode);
  }

  /** From here on bio writes: there is an error to be dealt with. `errno` is that of an fsync, 0 when it is a write that bio is to try. */
  handBack(errno: number): void {
    if (errno !== 0) Atomics.store(this.control, FSYNC_ERRNO, errno);
    Atomics.store(this.control, LOG_MODE, MODE_BIO);
  }

  /** The errno of an fsync that failed on another thread, once; 0 for none. */
  takeFsyncErrno(): number {
    return Atomics.exchange(this.control, FSYNC_ERRNO, 0);
  }

  get fsyncsRunning(): number {
    return Atomics.load(this.control, LOG_FSYNCS_RUNNING);
  }

  fsyncBegins(): void {
    Atomics.add(this.control, LOG_FSYNCS_RUNNING, 1);
  }

  fsyncEnds(): void {
    Atomics.sub(this.control, LOG_FSYNCS_RUNNING, 1);
  }

  noteDelayedFsync(): void {
    Atomics.add(this.control, LOG_FSYNCS_DELAYED, 1);
  }

  /** Bio is to look at the ring. */
  wakeBio(): void {
    wakeBio(this.control);
  }

  // --- bytes --------------------------------------------------------------------------------------

  /** Bytes that wait to be written. */
  get waiting(): number {
    return readPosition(this.control, LOG_APPENDED) - this.written;
  }

  /** Where in the area the bytes that wait begin; only while some do. */
  get nextAt(): number {
    return placeOf(this.control, this.written, this.bytes.length);
  }

  /** How many of them lie there without a break. */
  get nextSize(): number {
    return Math.min(this.waiting, this.bytes.length - this.nextAt);
  }

  /** What waits to be written, at most `max` bytes, as one or two views of the shared area; none when nothing waits. */
  pieces(max: number = Number.MAX_SAFE_INTEGER): Uint8Array[] {
    const size = Math.min(this.waiting, max);
    if (size === 0) return [];
    const at = this.nextAt;
    const first = Math.min(size, this.bytes.length - at);
    const views = [this.bytes.subarray(at, at + first)];
    if (first < size) views.push(this.bytes.subarray(0, size - first));
    return views;
  }

  /** The first `count` bytes that waited are in the file: their room is free. Wakes an executor that waits for it. */
  wrote(count: number): void {
    const { control } = this;
    storePosition(control, LOG_WRITTEN, this.written + count);
    if (Atomics.exchange(control, ROOM_WANTED, 0) === 1) Atomics.notify(control, ROOM_WANTED);
  }

  /** An fsync has completed that began when everything up to `position` had been written. */
  fsynced(position: number): void {
    storePosition(this.control, LOG_FSYNCED, position);
  }

  /** The position up to which everything is written: what the next fsync will cover. */
  get written(): number {
    return readPosition(this.control, LOG_WRITTEN);
  }

  /** The position up to which everything is fsynced. */
  get safe(): number {
    return readPosition(this.control, LOG_FSYNCED);
  }

  private get bioIsWanted(): boolean {
    return this.waiting > 0 || Atomics.load(this.control, FSYNC_ERRNO) !== 0;
  }

  /** Waits on this thread until there is something to write, at most timeoutMs. True when there is: cheaper than rest() when it comes soon. */
  waitInPlace(timeoutMs: number): boolean {
    const { control } = this;
    Atomics.store(control, BIO_REST, 1);
    if (!this.bioIsWanted) Atomics.wait(control, BIO_REST, 1, timeoutMs);
    Atomics.store(control, BIO_REST, 0);
    return this.waiting > 0;
  }

  /**
   * Resolves when there is something to write; null when there is already. Does not keep the event loop alive. Only one
   * at a time.
   */
  rest(): Promise<unknown> | null {
    const { control } = this;
    Atomics.store(control, BIO_REST, 1);
    if (this.bioIsWanted) {
      Atomics.store(control, BIO_REST, 0);
      return null;
    }
    const result = Atomics.waitAsync(control, BIO_REST, 1);
    return result.async ? result.value : null;
  }
}
