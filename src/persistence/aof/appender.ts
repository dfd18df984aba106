/**
 * Bio's part of the append only file: takes bytes from the log ring, writes them to the last file of changes, and fsyncs as appendfsync says.
 *
 *     always     written and fsynced before anyone learns of it: all that is in the ring at once, so that many commands share one fsync
 *     everysec   written at once; fsynced once a second beside the writing
 *     no         written at once
 *
 * An error under `always` ends the process, as it does in Redis: what was promised cannot be kept. Under the others onState() says so: the
 * executor then refuses write commands, and io workers hold nothing back any more.
 *
 *   a write that failed   the same bytes are tried again until they are written: none is lost, none is there twice
 *   an fsync that failed  is never tried again, because the system may have dropped what it could not write and then reports success. What the
 *                         file lacks is only in memory: nothing but a rewrite makes it safe. Until one is adopted, the file counts as broken
 *                         and the position of what is fsynced stands still. The executor is told to rewrite (`unsure`)
 *
 * Where the executor shares an io worker's thread, that io worker writes (turn-writer.ts) as long as all is well; under `always` it fsyncs too.
 * offer() says whether it may. Everything here that looks at the file or its positions holds the lock of the ring meanwhile.
 *
 * Files change hands at positions of the log that the executor and bio agree on while the executor waits: startIncrement(). The old file is
 * whole and on the disk before a manifest names a new one, because only the last file may be torn; settle() sees to it that little of it is
 * missing by then. Nobody waits while a rewritten base is adopted: the log goes on to the file that it goes to, and the lock is left alone. After a failed fsync of the directory nobody
 * knows which manifest a power failure would leave: that counts as an fsync that failed, and what either of the two names is kept.
 */
import { getSystemErrorMap } from 'node:util';
import { type LogReader, MODE_BIO, MODE_TURN, MODE_TURN_FSYNC } from '../../ring/log-ring.ts';
import type { SlowEvent } from '../../ring/slow-events.ts';
import { type Files, removeIfThere } from '../files.ts';
import type { CachedFile } from '../page-cache.ts';
import {
  AofNames,
  emptyManifest,
  type Manifest,
  type ManifestEntry,
  parseManifest,
  readText,
  saveManifest,
} from './manifest.ts';
import { WrittenPages } from './written-pages.ts';

const RETRY_MS = 100;
const SECOND_MS = 1000;
/** An fsync that comes so much later than it should is one of aof_delayed_fsync. */
const DELAY_SECONDS = 2;
/** What is written during the first of these is less than what was before, and during the second next to nothing. */
const SETTLE_ROUNDS = 2;

export type FsyncPolicy = 'always' | 'everysec' | 'no';

export interface AppenderState {
  /** What fails, or null. */
  error: NodeJS.ErrnoException | null;
  /** What was written may not be on the disk: a rewrite is wanted. */
  unsure: boolean;
}

export interface AppenderParts {
  files: Files;
  reader: LogReader;
  /** An io worker is there that can write: see turn-writer.ts. */
  turnWriter: boolean;
  /** Positions have moved: whoever holds replies back may look again. */
  onProgress: () => void;
  /** Writing fails, or works again. */
  onState: (state: AppenderState) => void;
  /** The file that is written to from now on, at its end; null for none. */
  onFile: (path: string | null) => void;
  log: (level: 'notice' | 'warning', message: string) => void;
  /** The process cannot go on. Does not return. */
  fatal: (message: string) => void;
  /** Something that the disk was asked for took so long. */
  onTime?: (event: SlowEvent, ms: number) => void;
  /** The page cache's view of a file; none where the system cannot be told what to forget. */
  openCached?: (path: string) => CachedFile | null;
}

const BASE = /\.base\.(rdb|aof)$/;
const INCREMENT = /\.incr\.aof$/;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

export class Appender {
  policy: FsyncPolicy = 'everysec';
  /** `size` less the position that is written. */
  sizeOffset = 0;
  manifest: Manifest = emptyManifest();
  private readonly parts: AppenderParts;
  /** Waits so long before it writes: for tests. */
  private sleepUs = 0;
  private holdsLock = false;
  private names: AofNames = new AofNames('', '');
  private fd = -1;
  private writeError: NodeJS.ErrnoException | null = null;
  private fsyncError: NodeJS.ErrnoException | null = null;
  /** The file that was written to when it failed: a base that was begun after it makes good for it. */
  private unsureSequence = 0;
  /** Descriptors with fsyncs under way, and how many. */
  private readonly fsyncing = new Map<number, number>();
  /** What had been written when the last fsync beside the writing began, and for how long the next one has been due. */
  private fsyncPosition = 0;
  private secondsDelayed = 0;
  private fsyncTimer: NodeJS.Timeout | null = null;
  private retryTimer: NodeJS.Timeout | null = null;
  /** While there is no base for what is written: the files that the manifest on the disk names, history once there is one. */
  private stale: ManifestEntry[] | null = null;
  private readonly pages: WrittenPages;

  constructor(parts: AppenderParts) {
    this.parts = parts;
    this.pages = new WrittenPages(parts.openCached ?? (() => null));
  }

  get isOpen(): boolean {
    return this.fd >= 0;
  }

  /** Writing fails and is tried again by itself, later. */
  get isStuck(): boolean {
    return this.writeError !== null;
  }

  /** Bytes of the base and of all files of changes. */
  get size(): number {
    return this.sizeOffset + this.parts.reader.written;
  }

  set size(bytes: number) {
    this.sizeOffset = bytes - this.parts.reader.written;
  }

  // --- who writes ---------------------------------------------------------------------------------

  /** Runs `work` while nobody else writes, and says who may afterwards: after an error bio alone, until something has gone well. */
  private locked<T>(work: () => T): T {
    if (this.holdsLock) return work();
    const { reader } = this.parts;
    reader.lock();
    this.holdsLock = true;
    try {
      reader.setTarget(MODE_BIO, -1);
      this.takeFsyncError();
      const result = work();
      this.offer();
      return result;
    } finally {
      this.holdsLock = false;
      reader.unlock();
    }
  }

  /** Lets the io worker write as long as there is nothing to be dealt with. */
  private offer(): void {
    const { reader, turnWriter } = this.parts;
    if (!turnWriter) return;
    const isWell = this.fd >= 0 && this.writeError === null && this.fsyncError === null && this.sleepUs === 0;
    if (!isWell) reader.setTarget(MODE_BIO, -1);
    else reader.setTarget(this.policy === 'always' ? MODE_TURN_FSYNC : MODE_TURN, this.fd);
  }

  /** Waits so long before each write: for tests. */
  setSleep(us: number): void {
    this.locked(() => {
      this.sleepUs = us;
    });
  }

  // --- files --------------------------------------------------------------------------------------

  /** What files there are, read at the start. Throws ManifestError or what the disk throws. */
  readManifest(names: AofNames): void {
    this.names = names;
    const { files } = this.parts;
    this.manifest = files.exists(names.manifest)
      ? parseManifest(readText(files, names.manifest))
      : emptyManifest();
  }

  /** Goes on with the last file of changes, or begins the first one. The manifest names it when this returns. */
  open(size: number): void {
    this.locked(() => this.openLocked(size));
  }

  private openLocked(size: number): void {
    const { reader } = this.parts;
    const last = this.manifest.increments.at(-1);
    if (last === undefined) this.startIncrement();
    else this.goOnWith(this.parts.files.open(this.names.path(last.name), 'a'), last.name);
    if (this.manifest.history.length > 0) this.deleteHistory();
    this.size = size;
    reader.fsynced(reader.written);
    this.startTimer();
  }

  private goOnWith(fd: number, name: string): void {
    const { files, reader } = this.parts;
    const path = this.names.path(name);
    this.fd = fd;
    this.pages.begin(path, reader.written - files.size(fd), reader.written);
    this.parts.onFile(path);
  }

  /**
   * Appending begins anew, with a base that is yet to be written. The manifest on the disk stays as it is until there is one: files of changes
   * without their base would be worth less than what is there.
   */
  forget(names: AofNames): void {
    if (this.isOpen) this.close();
    this.readManifest(names);
    const { base, increments, history } = this.manifest;
    this.stale = [...history, ...(base === null ? [] : [base]), ...increments];
    this.manifest = emptyManifest();
    this.size = 0;
    this.startTimer();
  }

  /** One more than the highest number that a file of this kind has had. */
  private next(kind: RegExp): number {
    const { base, increments, history } = this.manifest;
    // A base that was taken over from before there were manifests has a name of its own.
    let highest = kind === BASE ? (base?.sequence ?? 0) : 0;
    for (const entry of [base, ...increments, ...history, ...(this.stale ?? [])]) {
      if (entry !== null && kind.test(entry.name)) highest = Math.max(highest, entry.sequence);
    }
    return highest + 1;
  }

  /** The first base, which `write` writes under the name that it gets. The manifest names it with the first file of changes. */
  beginWith(isRdb: boolean, write: (name: string) => void): void {
    const sequence = this.next(BASE);
    const base = { name: this.names.base(sequence, isRdb), sequence };
    this.parts.files.makeDirectory(this.names.directory);
    write(base.name);
    this.manifest = { ...this.manifest, base };
  }

  /**
   * A new file of changes, from the position on that has been written by now. All that the ring holds must be in the one before: an error
   * otherwise. Throws what the disk throws too, and then the one before is gone on with.
   */
  startIncrement(): void {
    this.locked(() => this.startIncrementLocked());
  }

  private startIncrementLocked(): void {
    const { files, reader } = this.parts;
    if (this.isOpen && reader.waiting > 0) throw this.writeError ?? new Error('more was logged meanwhile');
    files.makeDirectory(this.names.directory);
    const sequence = this.next(INCREMENT);
    const entry = { name: this.names.increment(sequence), sequence };
    const before = this.manifest;
    const next = { ...before, increments: [...before.increments, entry] };
    let fd = -1;
    let unsure: NodeJS.ErrnoException | null = null;
    try {
      fd = files.open(this.names.path(entry.name), 'w');
      this.finishFile();
      if (this.stale === null) unsure = saveManifest(files, this.names, next);
    } catch (error) {
      if (fd >= 0) files.close(fd);
      this.manifest = { ...before, history: [...before.history, entry] };
      throw error;
    }
    this.retire();
    this.goOnWith(fd, entry.name);
    this.manifest = next;
    if (unsure !== null) this.onFsyncError(unsure);
    this.parts.log('notice', `Creating AOF incr file ${entry.name} on background rewrite`);
  }

  /** Makes what is in the file last: it gets no more. Not under `no`, where that may take long and nobody has asked for it. */
  private finishFile(): void {
    if (this.fd < 0 || this.policy === 'no' || this.fsyncError !== null) return;
    this.fsyncNow();
    if (this.fsyncError !== null) throw this.fsyncError;
  }

  /** Lets go of the file. A descriptor with an fsync under way is closed after it: its number must not become another file's meanwhile. */
  private retire(): void {
    const { fd } = this;
    if (fd < 0) return;
    this.fd = -1;
    this.pages.end();
    this.parts.onFile(null);
    if (this.policy === 'no' && this.fsyncError === null) this.fsyncBeside(fd);
    if (!this.fsyncing.has(fd)) this.parts.files.close(fd);
  }

  /**
   * A rewrite is done: `temporary` becomes the base, and everything before the last file of changes is history, which is deleted.
   * Throws what the disk throws, and then what was there is used as before. Others may write meanwhile.
   */
  adoptBase(temporary: string, isRdb = true): void {
    const { files } = this.parts;
    const from = this.sequence;
    const before = this.manifest;
    const sequence = this.next(BASE);
    const base = { name: this.names.base(sequence, isRdb), sequence };
    const old = before.increments.filter((entry) => entry.sequence < from);
    const history = [
      ...before.history,
      ...(this.stale ?? []),
      ...(before.base === null ? [] : [before.base]),
      ...old,
    ];
    const next = { base, increments: before.increments.filter((entry) => entry.sequence >= from), history };
    let unsure: NodeJS.ErrnoException | null = null;
    try {
      // While nothing is appended there may be no directory yet.
      files.makeDirectory(this.names.directory);
      const startMs = performance.now();
      files.rename(temporary, this.names.path(base.name));
      this.parts.onTime?.('aof-rename', performance.now() - startMs);
      unsure = saveManifest(files, this.names, next);
    } catch (error) {
      removeIfThere(files, temporary);
      removeIfThere(files, this.names.path(base.name));
      throw error;
    }
    this.stale = null;
    this.manifest = next;
    this.locked(() => this.noteBase(from, unsure));
    // What is history may be needed after all, if nobody knows which manifest is there.
    if (unsure === null) this.deleteHistory();
  }

  /** There is a base for everything before the file of changes `from`. */
  private noteBase(from: number, unsure: NodeJS.ErrnoException | null): void {
    this.size = this.sizeOfAll();
    if (unsure !== null) {
      this.onFsyncError(unsure);
      return;
    }
    if (this.fsyncError === null || from <= this.unsureSequence) return;
    this.fsyncError = null;
    this.parts.log('warning', 'The append only file is safe again: it has been rewritten.');
    this.tellState();
  }

  /** What cannot be deleted now is left for the next time. */
  private deleteHistory(): void {
    const { files } = this.parts;
    const left = this.manifest.history.filter(({ name }) => {
      removeIfThere(files, this.names.path(name));
      return files.exists(this.names.path(name));
    });
    const next = { ...this.manifest, history: left };
    try {
      saveManifest(files, this.names, next);
      this.manifest = next;
    } catch (error) {
      this.parts.log(
        'warning',
        `History of the append only file could not be cleared: ${(error as Error).message}`,
      );
    }
  }

  private sizeOfAll(): number {
    const { files } = this.parts;
    const { base, increments } = this.manifest;
    let size = 0;
    for (const { name } of base === null ? increments : [base, ...increments]) {
      try {
        const fd = files.open(this.names.path(name), 'r');
        size += files.size(fd);
        files.close(fd);
      } catch {
        // A figure is not worth a failure.
      }
    }
    return size;
  }

  /** The number of the file of changes that is written to. */
  get sequence(): number {
    return this.manifest.increments.at(-1)?.sequence ?? 0;
  }

  /** Writes and fsyncs what there is, and stops. What cannot be written is given up. Nothing waits for anything afterwards. */
  close(): void {
    this.locked(() => this.closeLocked());
  }

  private closeLocked(): void {
    const { reader } = this.parts;
    this.drain();
    this.stopTimers();
    if (reader.waiting > 0) {
      this.parts.log('warning', `${reader.waiting} bytes could not be written to the AOF file.`);
      reader.wrote(reader.waiting);
    }
    if (this.fd >= 0 && this.fsyncError === null) this.fsyncNow();
    this.retire();
    this.stale = null;
    reader.fsynced(reader.written);
    this.writeError = null;
    this.fsyncError = null;
    this.tellState();
    this.parts.onProgress();
  }

  private tellState(): void {
    this.parts.onState({ error: this.writeError ?? this.fsyncError, unsure: this.fsyncError !== null });
  }

  // --- writing ------------------------------------------------------------------------------------

  /** Writes all that the ring holds now; what comes meanwhile is for the next time. */
  drain(): void {
    this.locked(() => this.drainLocked());
  }

  private drainLocked(): void {
    const { files, reader } = this.parts;
    if (this.fd < 0) return;
    let left = reader.waiting;
    const wrote = left > 0;
    const startMs = wrote ? performance.now() : 0;
    if (wrote && this.sleepUs > 0) Atomics.wait(sleeper, 0, 0, this.sleepUs / 1000);
    try {
      while (left > 0) {
        const count = files.write(this.fd, reader.bytes, reader.nextAt, Math.min(left, reader.nextSize));
        reader.wrote(count);
        left -= count;
      }
    } catch (error) {
      this.onWriteError(error as Error);
      return;
    }
    if (wrote) this.tellWriteTime(performance.now() - startMs);
    if (this.writeError !== null) this.recovered();
    if (this.policy === 'always') this.fsyncNow();
    if (wrote) this.parts.onProgress();
  }

  private tellWriteTime(ms: number): void {
    this.parts.onTime?.('aof-write', ms);
    this.parts.onTime?.(this.fsyncing.size > 0 ? 'aof-write-pending-fsync' : 'aof-write-alone', ms);
  }

  private onWriteError(error: NodeJS.ErrnoException): void {
    const text = `Error writing to the AOF file: ${error.message}`;
    if (this.policy === 'always') {
      this.parts.fatal(
        `${text}. Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...`,
      );
      return;
    }
    if (this.writeError === null) {
      this.writeError = error;
      this.parts.log('warning', text);
      this.tellState();
    }
    this.retryTimer ??= setTimeout(() => {
      this.retryTimer = null;
      this.drain();
    }, RETRY_MS);
  }

  private recovered(): void {
    this.writeError = null;
    this.parts.log('warning', 'AOF write error looks solved, Redis can write again.');
    this.tellState();
  }

  // --- fsync --------------------------------------------------------------------------------------

  /** After an fsync that failed none is tried: see the top. */
  private fsyncNow(): void {
    const { files, reader } = this.parts;
    const position = reader.written;
    if (this.fsyncError !== null) return;
    if (position === reader.safe && this.fsyncing.size === 0) return;
    const startMs = performance.now();
    try {
      for (const fd of this.fsyncing.keys()) files.fsync(fd);
      files.fsync(this.fd);
      if (this.policy === 'always') this.parts.onTime?.('aof-fsync-always', performance.now() - startMs);
    } catch (error) {
      this.onFsyncError(error as Error);
      return;
    }
    this.covers(position);
  }

  private covers(position: number): void {
    const { reader } = this.parts;
    if (position > reader.safe) reader.fsynced(position);
    this.pages.onDisk(reader.safe);
  }

  /** What the io worker has seen fail. */
  private takeFsyncError(): void {
    const errno = this.parts.reader.takeFsyncErrno();
    if (errno === 0) return;
    const [code, text] = getSystemErrorMap().get(-errno) ?? ['EIO', 'i/o error'];
    this.onFsyncError(Object.assign(new Error(`${code}: ${text}, fdatasync`), { code, errno: -errno }));
  }

  private onFsyncError(error: NodeJS.ErrnoException): void {
    const text = `Can't persist AOF for fsync error when the AOF fsync policy is '${this.policy}': ${error.message}`;
    if (this.policy === 'always') {
      this.parts.fatal(`${text}. Exiting...`);
      return;
    }
    this.unsureSequence = this.sequence;
    if (this.fsyncError !== null) return;
    this.fsyncError = error;
    this.parts.log('warning', text);
    this.tellState();
  }

  /** appendfsync has been changed. What an fsync has failed for cannot be promised any more. */
  setPolicy(policy: FsyncPolicy): void {
    this.locked(() => {
      this.policy = policy;
      if (this.fd < 0) return;
      this.drain();
      if (policy === 'always' && this.fsyncError !== null) this.onFsyncError(this.fsyncError);
    });
  }

  private startTimer(): void {
    this.fsyncTimer ??= setInterval(() => this.everySecond(), SECOND_MS);
  }

  private stopTimers(): void {
    if (this.fsyncTimer !== null) clearInterval(this.fsyncTimer);
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    this.fsyncTimer = null;
    this.retryTimer = null;
  }

  private everySecond(): void {
    const { reader } = this.parts;
    if (this.fd >= 0) this.pages.onDisk(reader.safe);
    if (this.policy !== 'everysec' || this.fd < 0) return;
    if (this.fsyncing.size > 0) {
      if (reader.written > this.fsyncPosition) this.noteDelay();
      return;
    }
    if (reader.written === reader.safe || this.fsyncError !== null) return;
    this.fsyncBeside(this.fd);
  }

  /** An fsync is due, and the one before still runs: that counts each time it has lasted for DELAY_SECONDS. */
  private noteDelay(): void {
    this.secondsDelayed++;
    if (this.secondsDelayed < DELAY_SECONDS) return;
    this.secondsDelayed = 0;
    this.parts.reader.noteDelayedFsync();
  }

  /** Has what is written now brought to the disk, and once more what is written meanwhile; calls `done` when that is over, well or not. */
  settle(done: () => void, rounds: number = SETTLE_ROUNDS): void {
    const { reader } = this.parts;
    const isSettled = this.policy !== 'everysec' || this.fd < 0 || this.fsyncError !== null;
    if (isSettled || rounds === 0 || reader.written === reader.safe) done();
    else this.fsyncBeside(this.fd, () => this.settle(done, rounds - 1));
  }

  /** The position that is written now is fsynced when this is done, provided that no older file is on its way still. */
  private fsyncBeside(fd: number, then?: () => void): void {
    const { files, reader } = this.parts;
    const position = reader.written;
    const alone = this.fsyncing.size === 0;
    this.fsyncing.set(fd, (this.fsyncing.get(fd) ?? 0) + 1);
    reader.fsyncBegins();
    this.fsyncPosition = position;
    this.secondsDelayed = 0;
    files.fsyncLater(fd, (error) => {
      this.locked(() => this.onFsynced(fd, alone ? position : 0, error));
      then?.();
    });
  }

  /** An fsync is over; it makes everything before `position` safe. */
  private onFsynced(fd: number, position: number, error: NodeJS.ErrnoException | null): void {
    const left = this.fsyncing.get(fd)! - 1;
    if (left > 0) this.fsyncing.set(fd, left);
    else this.fsyncing.delete(fd);
    this.parts.reader.fsyncEnds();
    if (left === 0 && fd !== this.fd) this.parts.files.close(fd);
    if (error !== null) this.onFsyncError(error);
    else if (this.fsyncError === null) this.covers(position);
  }
}
