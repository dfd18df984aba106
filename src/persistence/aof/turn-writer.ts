/**
 * Writes the log to the append only file from the io worker's thread, where the executor lives there too.
 *
 * Bio can do that, and does where the executor has a thread of its own. But then each batch of replies costs two wake-ups, one of bio and
 * one of the io worker that holds the replies back until they are logged: with redis-benchmark on two cores that was half of the
 * throughput at -P 16. An io worker that runs the executor knows when a batch is in the log, and one write() takes it to the file.
 *
 *     executor   appends to the ring while commands run
 *     io worker  write(): under the lock of the ring, all that waits; with an fsync behind it under `always`; then the replies leave
 *     bio        opens, changes and closes the file, fsyncs once a second, and writes when it is told to
 *
 * Nothing is decided here about errors. A write that failed is left to bio, which tries the same bytes again and meets the same error
 * (appender.ts says what follows). An fsync that failed must not be tried again, so its errno is handed over. Either way bio alone writes
 * from then on, until it offers the file again. While bio has the lock it is woken instead, and the replies wait for it as they do where
 * threads are apart.
 *
 * A slow disk that makes a write wait makes all clients wait: it would anyway, because no reply leaves before its command is written.
 *
 * Allocates nothing as long as nothing fails.
 */
import { type LogReader, MODE_BIO, MODE_TURN_FSYNC } from '../../ring/log-ring.ts';
import type { SlowEvent } from '../../ring/slow-events.ts';
import type { Files } from '../files.ts';

/** What an errno is handed over as that has no number. */
const EIO = 5;
/** What an fsync takes, as long as there was none. */
const FSYNC_MS = 0.2;
/** No more is waited for, however slow the disk is. */
const PATIENCE_MS_MAX = 2;

export interface TurnWriterParts {
  files: Pick<Files, 'write' | 'fsync'>;
  reader: LogReader;
  /** Positions have moved: other io workers that hold replies back may look again. */
  onProgress: () => void;
  onTime: (event: SlowEvent, ms: number) => void;
}

export class TurnWriter {
  private readonly parts: TurnWriterParts;
  /** How long the last fsync took. */
  private fsyncMs = FSYNC_MS;

  constructor(parts: TurnWriterParts) {
    this.parts = parts;
  }

  /**
   * As long as the last fsync lasted: at worst waiting for more doubles what a command waits, at best all clients share one fsync where
   * they would have had several. 0 where nothing is fsynced here.
   */
  get patienceMs(): number {
    return this.parts.reader.mode === MODE_TURN_FSYNC ? Math.min(this.fsyncMs, PATIENCE_MS_MAX) : 0;
  }

  get waits(): boolean {
    return this.parts.reader.waiting > 0;
  }

  /** Writes what waits; bio is woken for what cannot be written here. */
  write(): void {
    const { reader } = this.parts;
    if (reader.waiting === 0) return;
    if (reader.mode === MODE_BIO || !reader.tryLock()) {
      reader.wakeBio();
      return;
    }
    const { written } = reader;
    let done = false;
    try {
      done = this.writeLocked();
    } finally {
      reader.unlock();
    }
    if (reader.written !== written) this.parts.onProgress();
    if (!done) reader.wakeBio();
  }

  /** False when bio has to go on. */
  private writeLocked(): boolean {
    const { files, onTime, reader } = this.parts;
    const { mode } = reader;
    if (mode === MODE_BIO) return false;
    const fd = reader.descriptor;
    const startMs = performance.now();
    try {
      for (let size = reader.nextSize; size > 0; size = reader.nextSize) {
        reader.wrote(files.write(fd, reader.bytes, reader.nextAt, size));
      }
    } catch {
      reader.handBack(0);
      return false;
    }
    this.tellWriteTime(performance.now() - startMs);
    if (mode !== MODE_TURN_FSYNC) return true;
    const fsyncStartMs = performance.now();
    try {
      files.fsync(fd);
    } catch (error) {
      reader.handBack(Math.abs((error as NodeJS.ErrnoException).errno ?? EIO));
      return false;
    }
    this.fsyncMs = performance.now() - fsyncStartMs;
    onTime('aof-fsync-always', this.fsyncMs);
    reader.fsynced(reader.written);
    return true;
  }

  private tellWriteTime(ms: number): void {
    const { onTime, reader } = this.parts;
    if (ms < 1) return;
    onTime('aof-write', ms);
    onTime(reader.fsyncsRunning > 0 ? 'aof-write-pending-fsync' : 'aof-write-alone', ms);
  }
}
