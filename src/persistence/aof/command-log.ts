/**
 * Writes commands to the log, as the append only file holds them: arrays of bulk strings, a SELECT where the database changes, several entries
 * of one command or of one transaction between MULTI and EXEC.
 *
 * Entries gather in a buffer and go to the log ring with the replies of their batch (publish()), so that bio writes them with one call. Every
 * frame of replies is then told `position`: it leaves for its client when the log is written up to there.
 */
import { COPY_VIEWS_SIZE_MAX, copyBytes, copyViews, newUnfilled } from '../../base/bytes.ts';
import { writeInt64 } from '../../base/int64.ts';
import type { Call } from '../../commands/call.ts';
import { MAY_REPLICATE, WRITE } from '../../commands/define.ts';
import { EFFECTS, type Effect } from '../../commands/effects.ts';
import type { Propagation } from '../../commands/propagation.ts';
import type { CommandTable } from '../../commands/table.ts';
import type { Database } from '../../keyspace/database.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import type { Arena } from '../../memory/arena.ts';
import { keyLength, keyOffset, readWord0 } from '../../memory/record.ts';
import type { LogWriter } from '../../ring/log-ring.ts';

const CAPACITY = 64 << 10;
const KEPT_MAX = 1 << 20;
/** With so much of a batch logged, bio begins to write it. */
const EARLY_BYTES = 8 << 10;
/** Where bio does not write there is no hurry, but the buffer is to stay small. */
const EARLY_BYTES_TOGETHER = 32 << 10;
const CR = 13;
const LF = 10;
const STAR = 42;
const DOLLAR = 36;
const DIGITS_MAX = 20;
/** CR LF as a little-endian word. */
const LINE_END = 0x0a0d;
/** Copies between shared and private memory are fast where both sides lie alike in words of so many bytes. */
const ALIGNMENT_MASK = 7;
/** How long a wait for bio lasts before it is looked at again. */
const LOOK_MS = 100;

const MULTI = '*1\r\n$5\r\nMULTI\r\n';
const EXEC = '*1\r\n$4\r\nEXEC\r\n';

export interface CommandLogOptions {
  /** aof-timestamp-enabled: a remark with the time, once a second. */
  timestamps: () => boolean;
  nowMs: () => number;
  /** The file cannot be written at the moment: nobody waits for it. */
  broken: () => boolean;
  /** A batch is to be published in one piece, because it is fsynced in one. */
  together: () => boolean;
}

export class CommandLog implements Propagation {
  private readonly writer: LogWriter;
  private readonly options: CommandLogOptions;
  private readonly effects: (Effect | undefined)[] = [];
  private buffer: Uint8Array = newUnfilled(CAPACITY);
  private view = viewOf(this.buffer);
  /** Where what is not in the ring yet lies in the buffer: it begins where the ring goes on, in its word of memory. */
  private start = 0;
  private end = 0;
  /** The database that the entry before was for. */
  private selected = -1;
  private secondLogged = 0;
  /** begin() was called for the command under way. */
  private said = false;
  /** A command or a transaction is under way: its entries are one unit. */
  private inCommand = false;
  private inTransaction = false;
  /** Entries of the unit, and where it begins in the buffer. */
  private entries = 0;
  private unitStart = 0;
  /** The memory whose bytes stay as they are until publish(). */
  private lasting: Uint8Array = NOTHING;
  /** Whole requests, one behind the other in `lasting`, that are yet to be copied, and to where in the buffer: none when the start is the end. */
  private lateStart = 0;
  private lateEnd = 0;
  private lateTo = 0;

  constructor(writer: LogWriter, table: CommandTable, options: CommandLogOptions) {
    this.writer = writer;
    this.options = options;
    for (const command of table.byId) this.effects[command.id] = EFFECTS[command.fullName];
  }

  /** Where the log ends now, what is not published included. */
  get position(): number {
    return this.writer.position + this.end - this.start;
  }

  /** Bytes that bio has not written yet. */
  get waitingBytes(): number {
    return this.end - this.start + this.writer.unwritten;
  }

  /** A new file: it knows nothing of what was selected before. */
  startFile(): void {
    this.selected = -1;
    this.secondLogged = 0;
  }

  /**
   * Until publish() returns, what lies in `requests` stays as it is. What clients have sent one behind the other can then be copied at once, at the end: of
   * a pipeline of SETs of 64 bytes that takes 45 ns each where copies one by one take 70.
   */
  startBatch(requests: Uint8Array): void {
    this.copyLate();
    this.lasting = requests;
  }

  // --- around commands ----------------------------------------------------------------------------

  /** Before a command runs. */
  before(db: Database): void {
    this.db = db;
    this.said = false;
    this.inCommand = true;
    if (!this.inTransaction) this.beginUnit();
  }

  /** After it has run; `dirty` when it has changed something. */
  after(call: Call, dirty: boolean): void {
    const { command } = call;
    if (!this.said && dirty && (command.flags & (WRITE | MAY_REPLICATE)) !== 0) {
      const effect = this.effects[command.id];
      if (effect !== undefined) effect(call, this);
      else this.asItCame(call);
    }
    this.inCommand = false;
    if (this.inTransaction) return;
    this.endUnit();
    if (this.end - this.start >= EARLY_BYTES && !this.options.together()) this.publishEarly();
  }

  /** In the middle of a batch: bio writes while more commands run. Only what there is room for at once. */
  private publishEarly(): void {
    const { buffer, end, start, writer } = this;
    if (end - start < EARLY_BYTES_TOGETHER && !writer.isForBio) return;
    this.copyLate();
    if (end - start > writer.entryMax || !writer.append(buffer, start, end)) return;
    this.startAnew();
    writer.publish();
  }

  beginTransaction(): void {
    this.inTransaction = true;
    this.beginUnit();
  }

  endTransaction(): void {
    this.inTransaction = false;
    this.endUnit();
  }

  private beginUnit(): void {
    this.entries = 0;
    this.unitStart = this.end;
  }

  private endUnit(): void {
    if (this.entries > 1) this.text(EXEC);
    this.entries = 0;
  }

  /** Publishes what there is because the file ends here, be it in the middle of a transaction: each file has whole ones. */
  cut(): void {
    this.endUnit();
    this.publish();
  }

  // --- Propagation --------------------------------------------------------------------------------

  nothing(): void {
    this.said = true;
  }

  begin(argc: number): void {
    this.said = true;
    this.entry(this.db, argc);
  }

  private entry(db: Database, argc: number): void {
    this.beginEntry(db);
    this.header(STAR, argc);
  }

  /** The second entry makes a transaction of its unit. What selects for the first one stands before MULTI, as in Redis. */
  private beginEntry(db: Database): void {
    if (this.inCommand || this.inTransaction) {
      this.entries++;
      if (this.entries === 2) this.insertMulti();
    }
    if (this.entries < 2 && this.options.timestamps()) this.timestamp();
    this.select(db);
    if (this.entries === 1) this.unitStart = this.end;
  }

  /** The database of the command under way. */
  db!: Database;

  asItCame(call: Call): void {
    const { argc, bytes, data } = call;
    const start = data === null ? -1 : startOfWhole(call, data);
    if (start >= 0) {
      this.said = true;
      this.beginEntry(this.db);
      const until = call.end(argc - 1) + 2;
      if (bytes === this.lasting) this.copyLater(start, until);
      else this.copy(bytes, start, until, data);
      return;
    }
    this.begin(argc);
    for (let i = 0; i < argc; i++) this.argument(call, i);
  }

  word(text: string): void {
    this.header(DOLLAR, text.length);
    this.text(text);
    this.endLine();
  }

  argument(call: Call, index: number): void {
    this.bytes(call.bytes, call.start(index), call.end(index), call.data);
  }

  /** `data` is a view over the memory of `bytes`, for who has one: it makes short copies faster. */
  bytes(bytes: Uint8Array, start: number, end: number, data: DataView | null = null): void {
    this.header(DOLLAR, end - start);
    this.copy(bytes, start, end, data);
    this.endLine();
  }

  private copy(bytes: Uint8Array, start: number, until: number, data: DataView | null): void {
    const size = until - start;
    this.ensure(size);
    if (data !== null && size <= COPY_VIEWS_SIZE_MAX) copyViews(data, start, until, this.view, this.end);
    else copyBytes(bytes, start, until, this.buffer, this.end);
    this.end += size;
  }

  private copyLater(start: number, until: number): void {
    const size = until - start;
    this.ensure(size);
    const isNext = start === this.lateEnd && this.lateTo + start - this.lateStart === this.end;
    if (!isNext) {
      this.copyLate();
      this.lateStart = start;
      this.lateTo = this.end;
    }
    this.lateEnd = until;
    this.end += size;
  }

  private copyLate(): void {
    const { lateEnd, lateStart } = this;
    if (lateStart === lateEnd) return;
    copyBytes(this.lasting, lateStart, lateEnd, this.buffer, this.lateTo);
    this.lateEnd = lateStart;
  }

  integer(value: number): void {
    const size = writeInt64(Math.floor(value / 2 ** 32), value | 0, digits, 0);
    this.bytes(digits, 0, size);
  }

  // --- what no command says ----------------------------------------------------------------------

  /** The key of this record goes by itself, `lazily` or at once. */
  deleted(db: Database, address: number, lazily: boolean): void {
    this.entry(db, 2);
    this.word(lazily ? 'UNLINK' : 'DEL');
    this.keyOf(db.arena, address);
  }

  /** The field of this record, of the hash at `address`, is gone by itself. */
  fieldDeleted(db: Database, address: number, field: number): void {
    this.entry(db, 3);
    this.word('HDEL');
    this.keyOf(db.arena, address);
    this.keyOf(db.arena, field);
  }

  private keyOf(arena: Arena, address: number): void {
    const segment = segmentOf(address);
    const base = byteOffsetOf(address);
    const i32 = arena.i32[segment];
    const start = base + keyOffset(readWord0(i32, base));
    this.bytes(arena.u8[segment], start, start + keyLength(i32, base));
  }

  // --- bytes --------------------------------------------------------------------------------------

  private select(db: Database): void {
    if (db.index === this.selected) return;
    this.selected = db.index;
    this.header(STAR, 2);
    this.word('SELECT');
    this.word(String(db.index));
  }

  private timestamp(): void {
    const second = Math.floor(this.options.nowMs() / 1000);
    if (second === this.secondLogged) return;
    this.secondLogged = second;
    this.text(`#TS:${second}\r\n`);
    this.unitStart = this.end;
  }

  /** The unit turns out to have several entries. */
  private insertMulti(): void {
    this.ensure(MULTI.length);
    this.copyLate();
    const { buffer, end, unitStart } = this;
    buffer.copyWithin(unitStart + MULTI.length, unitStart, end);
    this.end = unitStart;
    this.text(MULTI);
    this.end = end + MULTI.length;
  }

  private header(mark: number, count: number): void {
    this.ensure(DIGITS_MAX + 3);
    this.buffer[this.end++] = mark;
    if (count < 10) this.buffer[this.end++] = 48 + count;
    else this.end += writeInt64(0, count, this.buffer, this.end);
    this.endLine();
  }

  private endLine(): void {
    this.buffer[this.end++] = CR;
    this.buffer[this.end++] = LF;
  }

  private text(text: string): void {
    this.ensure(text.length + 2);
    for (let i = 0; i < text.length; i++) this.buffer[this.end++] = text.charCodeAt(i);
  }

  private ensure(more: number): void {
    const wanted = this.end + more + 2;
    if (wanted <= this.buffer.length) return;
    const grown = newUnfilled(Math.max(wanted, this.buffer.length * 2));
    copyBytes(this.buffer, this.start, this.end, grown, this.start);
    this.use(grown);
  }

  private use(buffer: Uint8Array): void {
    this.buffer = buffer;
    this.view = viewOf(buffer);
  }

  // --- publishing ---------------------------------------------------------------------------------

  /** Entries of a transaction are in the log, and its end is not. */
  get isInside(): boolean {
    return this.inTransaction;
  }

  /** Hands to bio what there is room for. True when nothing is left. */
  push(): boolean {
    const { end, start } = this;
    if (start === end) return true;
    this.copyLate();
    this.keep(start + this.writer.appendPiece(this.buffer, start, end));
    this.writer.endEntry();
    this.writer.publish();
    return false;
  }

  /**
   * Hands everything to bio. Waits for bio when the ring is full, but not while the file cannot be written: then the rest stays here, in
   * memory, until it can.
   */
  publish(): void {
    const { buffer, end, start, writer } = this;
    this.copyLate();
    this.lasting = NOTHING;
    if (start === end) return;
    for (let at = start; at < end; ) {
      at += writer.appendPiece(buffer, at, end);
      if (at === end) break;
      writer.publish();
      if (this.options.broken()) {
        this.keep(at);
        return;
      }
      writer.waitForRoom(LOOK_MS);
    }
    writer.endEntry();
    writer.publish();
    this.startAnew();
    if (buffer.length > KEPT_MAX) this.use(newUnfilled(CAPACITY));
  }

  /** What lies before `at` is in the ring. */
  private keep(at: number): void {
    const left = this.end - at;
    this.startAnew();
    this.buffer.copyWithin(this.start, at, at + left);
    this.end += left;
  }

  /** The buffer is empty. */
  private startAnew(): void {
    this.start = this.writer.position & ALIGNMENT_MASK;
    this.end = this.start;
    this.unitStart = this.start;
  }
}

const digits = new Uint8Array(24);
const NOTHING = new Uint8Array(0);

/**
 * Where the call's request begins in its memory if it stands there from its first line to its last as the log has it, so that it can be copied at once;
 * -1 otherwise. Clients that are programs send it so; a command that was typed has spaces between its arguments, and that of a script nothing that counts.
 */
function startOfWhole(call: Call, data: DataView): number {
  const { argc } = call;
  const first = call.start(0);
  let end = call.end(0);
  const start = countLineStart(data, countLineStart(data, first, DOLLAR, end - first), STAR, argc);
  if (start < 0) return -1;
  for (let i = 1; i < argc; i++) {
    const next = call.start(i);
    const before = end;
    end = call.end(i);
    if (countLineStart(data, next, DOLLAR, end - next) !== before + 2) return -1;
    if (data.getUint16(before, true) !== LINE_END) return -1;
  }
  return end + 2 <= call.bytes.length && data.getUint16(end, true) === LINE_END ? start : -1;
}

/** Where the line that ends at `until` begins, if it is `mark` and `count` and nothing else; otherwise -1. Small counts are compared as one word. */
function countLineStart(data: DataView, until: number, mark: number, count: number): number {
  if (until < 4) return -1;
  const end = data.getInt32(until - 4, true);
  if (count < 10) return end === (mark | ((48 + count) << 8) | (LINE_END << 16)) ? until - 4 : -1;
  const tens = (count / 10) | 0;
  if (end !== ((48 + (tens % 10)) | ((48 + count - tens * 10) << 8) | (LINE_END << 16))) return -1;
  let at = until - 5;
  for (let rest = (tens / 10) | 0; rest > 0 && at >= 0; rest = (rest / 10) | 0) {
    if (data.getUint8(at--) !== 48 + (rest % 10)) return -1;
  }
  return at >= 0 && data.getUint8(at) === mark ? at : -1;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
