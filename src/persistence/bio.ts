/**
 * What the bio thread does: appends to the append only file, frees memory that is dead, and hands jobs about whole files to its pool of threads
 * (job-pool.ts).
 */
import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { releaseBuffer } from '../memory/arena.ts';
import { announceMail } from '../ring/doorbell.ts';
import {
  AOF_SIZE,
  BIO_FIGURES,
  FIGURE_BATCHES,
  FIGURE_BUSY_US,
  FIGURE_COMMANDS,
  LOG_BROKEN,
  LOG_UNSURE,
} from '../ring/layout.ts';
import { wakeHolders } from '../ring/log-holders.ts';
import { type LogMemory, LogReader, MODE_BIO, storePosition } from '../ring/log-ring.ts';
import { tellSlowEvent } from '../ring/slow-events.ts';
import { Appender } from './aof/appender.ts';
import type { LogFile } from './aof/log-file.ts';
import { AofNames } from './aof/manifest.ts';
import { systemFiles } from './files.ts';
import { failJob } from './job-end.ts';
import type { JobPool } from './job-pool.ts';
import { failureText, saveWriter } from './jobs.ts';
import {
  ANSWER_DONE,
  ANSWER_FAILED,
  type AofOrder,
  type EmptyBase,
  type FromBio,
  type Job,
  type ToBio,
} from './messages.ts';
import { openCached } from './page-cache.ts';

/** How long bio waits in place for the next batch of a busy executor before it goes back to its event loop. */
const WAIT_MS = 0.3;
/** How long bytes are written one after the other before orders and timers get their turn. */
const TURN_MS = 5;
/** What LOG_BROKEN says of an error without a number. */
const ERRNO_UNKNOWN = 5;

export interface BioParts {
  /** The control block of the process. */
  control: Int32Array;
  log: LogMemory;
  /** Where main learns which file is written to. */
  logFile: LogFile;
  /** The control words of each io worker's channel; null for one that lives on the executor's thread. */
  channels: readonly (Int32Array | null)[];
  jobs: JobPool;
  /** Posts to the executor. */
  answer: (message: FromBio) => void;
  writeLog: (level: 'notice' | 'warning', message: string) => void;
  /** Ends the process. */
  fatal: (message: string) => void;
}

export class Bio {
  private readonly parts: BioParts;
  private readonly reader: LogReader;
  private readonly appender: Appender;
  private resting = false;
  private listening: NodeJS.Immediate | null = null;

  constructor(parts: BioParts) {
    this.parts = parts;
    this.reader = new LogReader(parts.log);
    this.appender = new Appender({
      files: systemFiles,
      reader: this.reader,
      turnWriter: parts.channels.includes(null),
      onProgress: () => this.wakeHolders(),
      onState: ({ error, unsure }) => {
        Atomics.store(parts.control, LOG_UNSURE, unsure ? 1 : 0);
        Atomics.store(parts.control, LOG_BROKEN, error === null ? 0 : Math.abs(error.errno ?? ERRNO_UNKNOWN));
        this.wakeHolders();
        announceMail(parts.control);
        if (!this.appender.isStuck) this.listenSoon();
      },
      onFile: (path) => this.tellFile(path),
      log: parts.writeLog,
      fatal: parts.fatal,
      onTime: (event, ms) => tellSlowEvent(parts.control, event, ms),
      openCached,
    });
  }

  receive(message: ToBio): void {
    if (message.type === 'free') this.free(message.buffers);
    else if (message.type === 'job') this.run(message.job);
    else this.order(message);
  }

  private free(buffers: ArrayBuffer[]): void {
    const { control } = this.parts;
    const start = performance.now();
    for (const buffer of buffers) releaseBuffer(buffer);
    control[BIO_FIGURES + FIGURE_BATCHES]++;
    control[BIO_FIGURES + FIGURE_COMMANDS] += buffers.length;
    control[BIO_FIGURES + FIGURE_BUSY_US] += (performance.now() - start) * 1000;
  }

  // --- the append only file -----------------------------------------------------------------------

  private order(order: AofOrder): void {
    if (order.type === 'aof-settle') {
      this.appender.settle(() => this.answer(order, ANSWER_DONE));
      return;
    }
    let result = ANSWER_DONE;
    try {
      this.appender.drain();
      this.obey(order);
    } catch (error) {
      this.parts.answer({ id: order.id, error: failureText(error) });
      result = ANSWER_FAILED;
    }
    this.tellSize();
    this.answer(order, result);
    this.listenSoon();
  }

  /** The executor may wait for this, or be somewhere else. */
  private answer(order: AofOrder, result: number): void {
    const answer = new Int32Array(order.answer);
    Atomics.store(answer, 0, result);
    Atomics.notify(answer, 0);
    announceMail(this.parts.control);
  }

  private obey(order: Exclude<AofOrder, { type: 'aof-settle' }>): void {
    const { appender } = this;
    if (order.type === 'aof-open') {
      const names = absolute(order);
      appender.policy = order.policy;
      appender.readManifest(names);
      if (appender.manifest.base === null && appender.manifest.increments.length === 0) {
        const isRdb = order.rdb.commands === null;
        appender.beginWith(isRdb, (name) => this.writeEmptyBase(names.path(name), order.rdb));
      }
      appender.open(order.size);
    } else if (order.type === 'aof-increment') {
      if (order.anew) appender.forget(absolute(order));
      if (order.appends) appender.startIncrement();
    } else if (order.type === 'aof-base') appender.adoptBase(order.temporary, order.isRdb);
    else if (order.type === 'aof-policy') appender.setPolicy(order.policy);
    else if (order.type === 'aof-sleep') appender.setSleep(order.us);
    else appender.close();
  }

  /** A base without keys. */
  private writeEmptyBase(path: string, options: EmptyBase): void {
    const temporary = `${path}.part`;
    const writer = saveWriter(systemFiles, {
      ...options,
      temporary,
      path,
      compresses: false,
      fsyncsAsItGoes: false,
    });
    writer.end();
  }

  /** Main finds the file by this when bio is dead. */
  private tellFile(path: string | null): void {
    const { logFile } = this.parts;
    if (path === null) logFile.clear();
    else logFile.set(resolve(path), this.reader.written - statSync(path).size);
  }

  /** Waits for bytes in the ring, again and again; not while they cannot be written, which the appender tries again by itself. */
  private listen(): void {
    const startMs = performance.now();
    while (!this.resting && this.appender.isOpen) {
      this.appender.drain();
      this.tellSize();
      if (this.appender.isStuck) return;
      const comesHere = this.reader.mode === MODE_BIO;
      if (comesHere && this.reader.waitInPlace(WAIT_MS) && performance.now() - startMs < TURN_MS) continue;
      const rest = this.reader.rest();
      if (rest !== null) {
        this.resting = true;
        void rest.then(() => {
          this.resting = false;
          this.listen();
        });
      } else if (performance.now() - startMs > TURN_MS) {
        this.listenSoon();
        return;
      }
    }
  }

  private listenSoon(): void {
    this.listening ??= setImmediate(() => {
      this.listening = null;
      this.listen();
    });
  }

  private tellSize(): void {
    storePosition(this.parts.control, AOF_SIZE, this.appender.sizeOffset);
  }

  /** Io workers that hold replies back may look again. */
  private wakeHolders(): void {
    wakeHolders(this.parts.control, this.parts.channels);
  }

  // --- jobs ---------------------------------------------------------------------------------------

  private run(job: Job): void {
    const missing = directoryError();
    if (missing === null) void this.parts.jobs.run(job);
    else failJob(job, missing);
  }
}

/** Null, or why there is no working directory any more: somebody has removed it, and Node cannot start a thread without one. */
function directoryError(): string | null {
  try {
    realpathSync.native('.');
    return null;
  } catch (error) {
    return `the working directory: ${(error as Error).message}`;
  }
}

/** CONFIG SET dir moves the whole process: files that belong together must not be looked for in two places. */
function absolute({ directory, file }: { directory: string; file: string }): AofNames {
  return new AofNames(resolve(directory), file);
}
