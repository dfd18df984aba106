/**
 * Active defragmentation: empties sparse segments of the arena, so that they go back to the operating system.
 *
 * After many deletions the cells that are left lie scattered over all segments, and none of them is empty. A *round* closes the sparsest ones
 * (no cell is handed out there any more), walks over everything that refers to cells (the databases' tables and indexes, then every structure)
 * and moves what lies in a closed segment, and gives back the segments that are empty at the end. What could not be moved, because it came
 * to be known only behind the walk, stays, and its segment is opened again.
 *
 *     start of a round   segments, sparsest first, as long as what is in them fits well into what is free in the others; that may be of
 *                        the wrong sizes, so new segments may be needed, which are fewer than those that go
 *     a slice            some 500 us: a segment of a table (512 records), or some elements of one structure
 *     pace               slices take active-defrag-cycle-min to -max percent of the time, by how much there is to gain
 *
 * Nothing holds an address of a key's record between commands but its table, so a slice may move any of them: cursors of SCAN are positions in the order
 * of hashes, expire times are indexed by hash, and a snapshot's walk goes by hashes and by the stamps that records carry with them. But a
 * snapshot may hold cells of a structure while it writes it: structures wait until it is through.
 */
import { byteOffsetOf, segmentOf } from '../memory/address.ts';
import { ArenaFullError } from '../memory/arena.ts';
import type { Mover } from '../memory/mover.ts';
import { readWord0, valueWord, writeValueWord } from '../memory/record.ts';
import { collectionKind } from './collections.ts';
import type { Database } from './database.ts';
import type { Keyspace } from './keyspace.ts';

const SLICE_US = 500;
/** What may be filled of the free room of the segments that stay: it is not of the right sizes everywhere. */
const FILL = 0.75;
/** A segment that is fuller is not worth emptying. */
const SPARSE = 0.8;
/** After a round that gained nothing. */
const PAUSE_MS_MIN = 10_000;
const PAUSE_MS_MAX = 600_000;
/** It does not rest on when there is so much more to gain. */
const CHANGED = 1.25;
/** Structures that may wait for a snapshot to end. */
const WAITING_MAX = 10_000;
/** How often it is looked whether a snapshot has ended. */
const SNAPSHOT_LOOK_MS = 100;
const PERCENT = 100;

export interface DefragSettings {
  enabled: boolean;
  cycleMin: number;
  cycleMax: number;
  thresholdLower: number;
  thresholdUpper: number;
  ignoreBytes: number;
  /** Elements of one structure that are dealt with in one step. */
  elementsMax: number;
}

/** A structure whose cells are still to be looked at. */
interface Waiting {
  db: Database;
  hash: number;
  handle: number;
  cursor: number;
  hits: number;
}

const IN_KEYS = 0;
const IN_EXPIRES = 1;
const IN_ELEMENT_EXPIRES = 2;

export class Defrag implements Mover {
  // What INFO tells: cells that were moved and that were not, and keys of which something was.
  hits = 0;
  misses = 0;
  keyHits = 0;
  keyMisses = 0;
  /** Percent of the time that it takes now; 0: there is nothing to do. */
  running = 0;
  /** When the next slice is due; Infinity while there is none. */
  dueMs = Infinity;
  /** A monotonic clock, in microseconds. */
  clockUs: () => number = () => 0;
  private readonly keyspace: Keyspace;
  private settings: DefragSettings | null = null;
  private startUs = 0;
  private beforeUs = 0;
  private notBeforeMs = 0;
  /** Bytes that could be gained, when it was last looked and when it last began to rest. */
  private wasted = 0;
  private wastedAtPause = 0;
  /** How long it rests after the next round that gains nothing: each time longer. */
  private pauseMs = PAUSE_MS_MIN;
  /** The segments that are being emptied, and how many there were when the round began. */
  private closing: number[] = [];
  private segmentsAtStart = 0;
  // Where the walk is.
  private database = 0;
  private phase = IN_KEYS;
  private cursor = 0;
  private readonly waiting: Waiting[] = [];

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
  }

  configure(settings: DefragSettings): void {
    this.settings = settings;
    this.notBeforeMs = 0;
    this.pauseMs = PAUSE_MS_MIN;
    if (!settings.enabled) this.end();
  }

  /** Microseconds in which it ran: in all, and since it began. */
  get totalUs(): number {
    return this.beforeUs + this.currentUs;
  }

  get currentUs(): number {
    return this.running === 0 ? 0 : this.clockUs() - this.startUs;
  }

  resetStats(): void {
    this.hits = 0;
    this.misses = 0;
    this.keyHits = 0;
    this.keyMisses = 0;
    this.beforeUs = 0;
    if (this.running !== 0) this.startUs = this.clockUs();
  }

  /** Begins a round when there is enough to gain. Called some times a second. */
  look(): void {
    const { keyspace, settings } = this;
    if (settings === null || !settings.enabled) return;
    const { arena, lazyFree } = keyspace;
    const used = arena.usedBytes;
    const wasted = arena.touchedBytes - arena.tableBytes - used;
    this.wasted = wasted;
    if (keyspace.nowMs < this.notBeforeMs && wasted < this.wastedAtPause * CHANGED) return;
    const percent = used === 0 ? 0 : (wasted * PERCENT) / used;
    const isWorth = wasted > settings.ignoreBytes && percent > settings.thresholdLower;
    if (this.closing.length > 0) {
      if (isWorth) this.running = pace(settings, percent);
      return;
    }
    // What is dead already would be in the way, and goes by itself.
    if (!isWorth || lazyFree.busy) {
      this.rest();
      return;
    }
    if (this.begin()) this.run(pace(settings, percent));
    else this.pause();
  }

  private run(percent: number): void {
    if (this.running === 0) this.startUs = this.clockUs();
    this.running = percent;
    this.dueMs = this.keyspace.nowMs;
  }

  private rest(): void {
    if (this.running !== 0) this.beforeUs += this.currentUs;
    this.running = 0;
    this.dueMs = Infinity;
  }

  private pause(): void {
    this.notBeforeMs = this.keyspace.nowMs + this.pauseMs;
    this.wastedAtPause = this.wasted;
    this.pauseMs = Math.min(this.pauseMs * 2, PAUSE_MS_MAX);
    this.rest();
  }

  // --- rounds -------------------------------------------------------------------------------------

  /** Closes the sparsest segments. False when none is worth it. */
  private begin(): boolean {
    const { arena } = this.keyspace;
    const rows = arena.segments().sort((a, b) => a.usedBytes / a.size - b.usedBytes / b.size);
    let free = rows.reduce((sum, { size, usedBytes }) => sum + size - usedBytes, 0) * FILL;
    let moving = 0;
    const chosen: number[] = [];
    for (const { segment, size, usedBytes } of rows) {
      free -= (size - usedBytes) * FILL;
      moving += usedBytes;
      if (moving > free || usedBytes > size * SPARSE) break;
      chosen.push(segment);
    }
    if (chosen.length === 0) return false;
    for (const segment of chosen) arena.close(segment);
    this.closing = chosen;
    this.segmentsAtStart = arena.segmentCount;
    this.database = 0;
    this.phase = IN_KEYS;
    this.cursor = 0;
    return true;
  }

  /** Gives back what is empty and opens the rest. Returns how many segments were gained. */
  private end(): number {
    const { arena, lazyFree } = this.keyspace;
    let gained = -this.added;
    for (const segment of this.closing) {
      const buffer = arena.detachClosed(segment);
      if (buffer === null) {
        arena.open(segment);
      } else {
        lazyFree.buffers.push(buffer);
        gained++;
      }
    }
    this.closing = [];
    this.waiting.length = 0;
    this.segmentsAtStart = arena.segmentCount;
    this.rest();
    return gained;
  }

  /** The arena has been given back whole: there is nothing left to do, nor to open. */
  forget(): void {
    this.closing = [];
    this.waiting.length = 0;
    this.rest();
  }

  // --- slices -------------------------------------------------------------------------------------

  /** A slice, which is due. */
  slice(): void {
    const { keyspace } = this;
    if (this.isHeldUp) {
      this.dueMs = keyspace.nowMs + SNAPSHOT_LOOK_MS;
      return;
    }
    const startUs = this.clockUs();
    let elapsedUs = 0;
    do {
      if (!this.step()) {
        if (this.end() <= 0) this.pause();
        else this.pauseMs = PAUSE_MS_MIN;
        return;
      }
      elapsedUs = this.clockUs() - startUs;
    } while (elapsedUs < SLICE_US && !this.isHeldUp);
    const rest = (elapsedUs * (PERCENT - this.running)) / this.running / 1000;
    this.dueMs = keyspace.nowMs + Math.max(1, Math.round(rest));
  }

  /** There is nothing to do but for structures, which wait for a snapshot. */
  private get isHeldUp(): boolean {
    const { databases, keeper } = this.keyspace;
    if (keeper === null || this.waiting.length === 0) return false;
    return this.waiting.length > WAITING_MAX || this.database === databases.length;
  }

  /** Segments that had to be added since the round began. */
  private get added(): number {
    return this.keyspace.arena.segmentCount - this.segmentsAtStart;
  }

  /** A part of the round. False when it is at its end. */
  private step(): boolean {
    const { keyspace } = this;
    if (this.closing.length === 0 || this.added >= this.closing.length) return false;
    if (this.waiting.length > 0 && keyspace.keeper === null) {
      this.stepInStructure(this.waiting[this.waiting.length - 1]);
      return true;
    }
    if (this.database === keyspace.databases.length) return false;
    const db = keyspace.databases[this.database];
    this.cursor = this.stepInDatabase(db);
    if (this.cursor !== 0) return true;
    if (this.phase++ < IN_ELEMENT_EXPIRES) return true;
    this.phase = IN_KEYS;
    this.database++;
    return true;
  }

  private stepInDatabase(db: Database): number {
    if (this.phase === IN_EXPIRES) return db.expires.relocate(this, this.cursor);
    if (this.phase === IN_ELEMENT_EXPIRES) return db.elementExpires.relocate(this, this.cursor);
    const { arena } = db;
    return db.dict.relocate(this.records, this.cursor, false, (hash, address) => {
      const i32 = arena.i32[segmentOf(address)];
      const base = byteOffsetOf(address);
      if (collectionKind(readWord0(i32, base)) === undefined) return;
      this.waiting.push({ db, hash, handle: valueWord(i32, base), cursor: 0, hits: this.hits });
    });
  }

  /** A part of a structure, unless it is not there any more. */
  private stepInStructure(waiting: Waiting): void {
    const { cursor, db, handle, hash, hits } = waiting;
    const { arena, keyspace } = db;
    const address = this.recordOf(db, hash, handle);
    if (address === 0) {
      this.waiting.pop();
      return;
    }
    const i32 = arena.i32[segmentOf(address)];
    const base = byteOffsetOf(address);
    const kind = collectionKind(readWord0(i32, base))!;
    if (cursor === 0) {
      waiting.handle = this.moved(handle);
      writeValueWord(i32, base, waiting.handle);
    }
    waiting.cursor = kind.relocate(keyspace, this, waiting.handle, cursor, this.settings!.elementsMax);
    if (waiting.cursor !== 0) return;
    if (this.hits !== hits) this.keyHits++;
    else this.keyMisses++;
    this.waiting.pop();
  }

  /** The record that has this structure, 0 when there is none any more. */
  private recordOf(db: Database, hash: number, handle: number): number {
    const { arena, dict } = db;
    for (let address = dict.firstWithHash(hash); address !== 0; address = dict.nextWithHash(hash, address)) {
      const i32 = arena.i32[segmentOf(address)];
      const base = byteOffsetOf(address);
      if (collectionKind(readWord0(i32, base)) !== undefined && valueWord(i32, base) === handle)
        return address;
    }
    return 0;
  }

  // --- Mover --------------------------------------------------------------------------------------

  moved(address: number): number {
    const { arena } = this.keyspace;
    if (!arena.isLeaving(address)) {
      this.misses++;
      return address;
    }
    try {
      const to = arena.move(address);
      this.hits++;
      return to;
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
      this.misses++;
      return address;
    }
  }

  /** The same for the records of keys and what finds them, each of which is one of a key. */
  private readonly records: Mover = {
    moved: (address) => {
      const to = this.moved(address);
      if (to !== address) this.keyHits++;
      else this.keyMisses++;
      return to;
    },
  };
}

/** How much of the time to take: more the more there is to gain. */
function pace(
  { cycleMax, cycleMin, thresholdLower, thresholdUpper }: DefragSettings,
  percent: number,
): number {
  const range = Math.max(1, thresholdUpper - thresholdLower);
  const share = Math.min(1, Math.max(0, (percent - thresholdLower) / range));
  return Math.round(cycleMin + (Math.max(cycleMin, cycleMax) - cycleMin) * share);
}
