/**
 * Bio's part of the append only file: takes bytes from the log ring, writes them to the last file of changes, and fsyncs as appendfsync says.
 *
 *     always     written and fsynced before anyone learns of it: all that is in the ring at once, so that many commands share one fsync
 *     everysec   written at once; fsynced once a second beside the writing
 *     no         written at once
 *
 * An error under `always` ends the process, as it does in Redis: what was promised cannot be kept. Under the others LOG_BROKEN says so to the
 * executor, which refuses write commands, and to io workers, which hold nothing back any more; the same bytes are tried again until they
 * are written. A failed fsync is not tried again on the same file, because the system may have dropped what it could not write: it ends
 * the process under `always`, and is reported under `everysec`.
 *
 * Files change hands at positions of the log that the executor and bio agree on while the executor waits: startIncrement().
 */
import type { LogReader } from '../../ring/log-ring.ts';
import type { Files } from '../files.ts';
import {
  AofNames,
  emptyManifest,
  type Manifest,
  type ManifestEntry,
  parseManifest,
  readText,
  saveManifest,
} from './manifest.ts';

const RETRY_MS = 100;
const SECOND_MS = 1000;

export type FsyncPolicy = 'always' | 'everysec' | 'no';

export interface AppenderParts {
  files: Files;
  reader: LogReader;
  /** Positions have moved: whoever holds replies back may look again. */
  onProgress: () => void;
  /** Writing fails, or works again. */
  onState: (broken: boolean, why: string) => void;
  log: (level: 'notice' | 'warning', message: string) => void;
  /** The process cannot go on. Does not return. */
  fatal: (message: string) => void;
}

export class Appender {
  policy: FsyncPolicy = 'everysec';
  /** Bytes of the base and of all files of changes. */
  size = 0;
  manifest: Manifest = emptyManifest();
  private readonly parts: AppenderParts;
  private names: AofNames = new AofNames('', '');
  private fd = -1;
  private broken = false;
  private fsyncing = false;
  private fsyncFailed = false;
  private fsyncTimer: NodeJS.Timeout | null = null;
  private retryTimer: NodeJS.Timeout | null = null;
  private fsyncedPosition = 0;

  constructor(parts: AppenderParts) {
    this.parts = parts;
  }

  /** True while it cannot write. */
  get isBroken(): boolean {
    return this.broken;
  }

  get isOpen(): boolean {
    return this.fd >= 0;
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
    const { files } = this.parts;
    const last = this.manifest.increments.at(-1);
    if (last === undefined) {
      this.startIncrement();
    } else {
      this.fd = files.open(this.names.path(last.name), 'a');
    }
    this.size = size;
    this.fsyncedPosition = this.parts.reader.written;
    this.startTimer();
  }

  /** Appending begins anew, with a base that is yet to be written: what files there are is history. */
  forget(names: AofNames): void {
    this.readManifest(names);
    const { base, increments, history } = this.manifest;
    this.manifest = {
      ...emptyManifest(),
      history: [...history, ...(base === null ? [] : [base]), ...increments],
    };
    this.startTimer();
  }

  /** The highest number that a file of this kind has had. */
  private highest(kind: RegExp, entry: ManifestEntry | null | undefined): number {
    const old = this.manifest.history.filter(({ name }) => kind.test(name)).map(({ sequence }) => sequence);
    return Math.max(0, entry?.sequence ?? 0, ...old);
  }

  /** The first base, which has been written under this name. The manifest names it with the first file of changes. */
  beginWith(base: string): void {
    this.manifest = { ...emptyManifest(), base: { name: base, sequence: 1 } };
  }

  /**
   * A new file of changes, from the position on that has been written by now: all that the ring holds is written to the one before first.
   * Throws what the disk throws, and then nothing has changed.
   */
  startIncrement(): void {
    const { files } = this.parts;
    files.makeDirectory(this.names.directory);
    const sequence = this.highest(/\.incr\.aof$/, this.manifest.increments.at(-1)) + 1;
    const name = this.names.increment(sequence);
    const fd = files.open(this.names.path(name), 'w');
    const next = { ...this.manifest, increments: [...this.manifest.increments, { name, sequence }] };
    try {
      saveManifest(files, this.names, next);
    } catch (error) {
      files.close(fd);
      throw error;
    }
    this.closeFile();
    this.fd = fd;
    this.manifest = next;
    this.parts.log('notice', `Creating AOF incr file ${name} on background rewrite`);
  }

  /** The last bytes of a file that gets no more are made to last. */
  private closeFile(): void {
    if (this.fd < 0) return;
    const { files } = this.parts;
    const { fd } = this;
    this.fd = -1;
    try {
      if (this.policy !== 'no') files.fsync(fd);
    } catch (error) {
      this.onFsyncError(error as Error);
    }
    files.close(fd);
  }

  /**
   * A rewrite is done: `temporary` becomes the base, and everything before the last file of changes is history, which is deleted.
   * Throws what the disk throws, and then all is as it was.
   */
  adoptBase(temporary: string): void {
    const { files } = this.parts;
    const from = this.sequence;
    const before = this.manifest;
    const sequence = this.highest(/\.base\.(rdb|aof)$/, before.base) + 1;
    const base = { name: this.names.base(sequence), sequence };
    files.rename(temporary, this.names.path(base.name));
    const old = before.increments.filter((entry) => entry.sequence < from);
    const history = [...before.history, ...(before.base === null ? [] : [before.base]), ...old];
    const next = { base, increments: before.increments.filter((entry) => entry.sequence >= from), history };
    saveManifest(files, this.names, next);
    this.manifest = next;
    this.deleteHistory();
    this.size = this.sizeOfAll();
  }

  private deleteHistory(): void {
    const { files } = this.parts;
    const left = this.manifest.history.filter(({ name }) => {
      try {
        files.remove(this.names.path(name));
        return false;
      } catch {
        return files.exists(this.names.path(name));
      }
    });
    const next = { ...this.manifest, history: left };
    saveManifest(files, this.names, next);
    this.manifest = next;
  }

  private sizeOfAll(): number {
    const { base, increments } = this.manifest;
    let size = 0;
    for (const { name } of base === null ? increments : [base, ...increments]) {
      const fd = this.parts.files.open(this.names.path(name), 'r');
      size += this.parts.files.size(fd);
      this.parts.files.close(fd);
    }
    return size;
  }

  /** The number of the file of changes that is written to. */
  get sequence(): number {
    return this.manifest.increments.at(-1)?.sequence ?? 0;
  }

  /** Writes and fsyncs what there is, and stops. */
  close(): void {
    this.drain();
    this.stopTimer();
    this.closeFile();
    this.parts.onProgress();
  }

  // --- writing ------------------------------------------------------------------------------------

  /** Writes all that the ring holds. */
  drain(): void {
    const { files, reader } = this.parts;
    if (this.fd < 0) return;
    let wrote = false;
    try {
      for (let pieces = reader.pieces(); pieces.length > 0; pieces = reader.pieces()) {
        const [piece] = pieces;
        const count = files.write(this.fd, piece, 0, piece.length);
        reader.wrote(count);
        this.size += count;
        wrote = true;
      }
    } catch (error) {
      this.onWriteError(error as Error);
      return;
    }
    if (this.broken) this.recovered();
    if (this.policy === 'always') this.fsyncNow();
    if (wrote) this.parts.onProgress();
  }

  private onWriteError(error: Error): void {
    const text = `Error writing to the AOF file: ${error.message}`;
    if (this.policy === 'always') {
      this.parts.fatal(
        `${text}. Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...`,
      );
      return;
    }
    if (!this.broken) {
      this.broken = true;
      this.parts.log('warning', text);
      this.parts.onState(true, error.message);
    }
    this.retryTimer ??= setTimeout(() => {
      this.retryTimer = null;
      this.drain();
    }, RETRY_MS);
  }

  private recovered(): void {
    this.broken = false;
    this.parts.log('warning', 'AOF write error looks solved, Redis can write again.');
    this.parts.onState(false, '');
  }

  // --- fsync --------------------------------------------------------------------------------------

  private fsyncNow(): void {
    const { files, reader } = this.parts;
    const position = reader.written;
    if (position === this.fsyncedPosition) return;
    try {
      files.fsync(this.fd);
    } catch (error) {
      this.onFsyncError(error as Error);
      return;
    }
    this.fsyncedPosition = position;
    reader.fsynced(position);
  }

  private onFsyncError(error: Error): void {
    const text = `Can't persist AOF for fsync error when the AOF fsync policy is '${this.policy}': ${error.message}`;
    if (this.policy === 'always') {
      this.parts.fatal(`${text}. Exiting...`);
      return;
    }
    if (!this.fsyncFailed) this.parts.log('warning', text);
    this.fsyncFailed = true;
    this.parts.onState(true, error.message);
  }

  /** appendfsync has been changed. */
  setPolicy(policy: FsyncPolicy): void {
    this.policy = policy;
    if (this.fd >= 0) this.drain();
  }

  private startTimer(): void {
    this.fsyncTimer ??= setInterval(() => this.everySecond(), SECOND_MS);
  }

  private stopTimer(): void {
    if (this.fsyncTimer !== null) clearInterval(this.fsyncTimer);
    this.fsyncTimer = null;
  }

  private everySecond(): void {
    if (this.policy !== 'everysec' || this.fd < 0 || this.fsyncing) return;
    const { files, reader } = this.parts;
    const position = reader.written;
    if (position === this.fsyncedPosition || this.fsyncFailed) return;
    this.fsyncing = true;
    files.fsyncLater(this.fd, (error) => {
      this.fsyncing = false;
      if (error !== null) {
        // The file was closed meanwhile, and fsynced for that.
        if (error.code !== 'EBADF') this.onFsyncError(error);
        return;
      }
      this.fsyncedPosition = position;
      reader.fsynced(position);
    });
  }
}
