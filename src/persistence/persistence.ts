/**
 * The executor's part of persistence: when to save, what is under way, how it ended. It touches no file itself: what is written goes to
 * jobs as buffers, what is read comes from them (messages.ts).
 *
 *     run()    a slice of the walk or of the loading, between commands
 *     mail()   something came from a job: looks what is over
 *     cron()   save points, what was scheduled
 */
import { join } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import type { MessagePort } from 'node:worker_threads';
import type { PersistenceFigures, PersistenceService, SaveOrigin } from '../commands/persistence.ts';
import type { Server } from '../commands/server.ts';
import { savePoints } from '../config/special-types.ts';
import { fromBytesText } from '../config/words.ts';
import { RDB_VERSION_70, RDB_VERSION_72, RDB_VERSION_FIELD_TIMES } from '../rdb/format.ts';
import type { FsyncPolicy } from './aof/appender.ts';
import type { CommandBaseOptions } from './aof/base-writer.ts';
import type { CommandLog } from './aof/command-log.ts';
import type { AofOrders, GivenOrder } from './aof-orders.ts';
import { SaveLink } from './job-link.ts';
import type { LoaderOptions } from './key-loader.ts';
import { LoadLink } from './load-link.ts';
import { type CommandPlayer, Loading } from './loading.ts';
import type { SaveResult, ToBio } from './messages.ts';
import type { RdbFileOptions } from './rdb/file-writer.ts';
import { Snapshot, type SnapshotOptions } from './snapshot.ts';

/** Keys walked between two batches of commands. */
const WALK_KEYS = 128;
/** How long a slice of loading lasts. */
const LOAD_SLICE_US = 1000;
/** An automatic rewrite comes no sooner than so many times as long after the last one as that one took, ... */
const REST_FACTOR = 50;
/** ... unless the files are larger by so many times auto-aof-rewrite-min-size than they had to be for it. */
const REST_SIZES = 4;
/** After a save that failed the next one by save points waits. */
const RETRY_SECONDS = 5;
/** After so many rewrites that failed one after the other the next ones wait, longer and longer. */
const FAILURES_BEFORE_WAIT = 3;
const WAIT_MINUTES_MAX = 60;
const MINUTE_MS = 60_000;
const SECOND_MS = 1000;
const MEGABYTE = 1 << 20;
/** The one error that Node words otherwise than the system. */
const EIO = 5;

export interface PersistenceParts {
  server: Server;
  /** The control block of the process. */
  process: SharedArrayBuffer;
  /** Posts to bio. */
  toBio: (message: ToBio, transfer: MessagePort[]) => void;
  /** Loading at the start is over: null, or why the server cannot run. */
  onLoaded: (error: string | null) => void;
  orders: AofOrders;
  /** The log of commands, and whether commands are to be logged from now on. */
  log: CommandLog;
  setLogging: (on: boolean) => void;
  player: CommandPlayer & { startFile(): void };
  /** Bytes of the append only file, as bio last said. */
  aofBytes: () => number;
  fsyncsRunning: () => number;
  fsyncsDelayed: () => number;
  /** The errno for which the append only file cannot be written at the moment, 0 while it can. */
  aofErrno: () => number;
  /** An fsync has failed, and only a rewrite makes the file safe again. */
  aofUnsure: () => boolean;
  /** The gates have to be looked at again: loading has begun or ended, or saving works or fails. */
  onState: () => void;
}

interface Saving {
  file: RdbFileOptions;
  /** A snapshot for dbfilename, or the base of an append only file. */
  isBase: boolean;
  snapshot: Snapshot;
  link: SaveLink;
  startMs: number;
  /** `dirty` at the start: what changed since is not in the file. */
  dirty: number;
  walked: boolean;
  /** The file is written, and becomes the base of the append only file. */
  adoption: GivenOrder | null;
}

export class Persistence implements PersistenceService {
  private readonly parts: PersistenceParts;
  private readonly server: Server;
  private saving: Saving | null = null;
  private loading: Loading | null = null;
  private loadStartMs = 0;
  private loadTotal = 0;
  private scheduled = false;
  private savedDirty = 0;
  private lastSaveMs: number;
  private lastTryMs = 0;
  private lastOk = true;
  private lastSeconds = -1;
  private saves = 0;
  private inBackground = 0;
  private aofOn = false;
  private loadsAof = false;
  private loadFailed = false;
  private policySeen: FsyncPolicy = 'everysec';
  private rewriteScheduled = false;
  /** A rewrite is due, and bio brings to the disk what it can before. */
  private settling: GivenOrder | null = null;
  /** Appending has begun, and there is no base yet: a restart would find what was there before. */
  private waitsForBase = false;
  /** As the gates have it. */
  private aofErrno = 0;
  private lastRewriteMs = 0;
  private lastRewriteOk = true;
  /** No automatic rewrite before, as a rule: see isTooSoon(). */
  private restsUntilMs = 0;
  private lastRewriteSeconds = -1;
  private rewrites = 0;
  /** Rewrites that have failed since the last that did not. */
  private rewriteFailures = 0;
  private rewriteWaitMinutes = 0;
  /** When rewriting is tried again by itself; 0 when nothing is waited for. */
  private rewriteFromMs = 0;
  /** Where the append only files are: `dir` when they were opened. */
  private aofRoot = '';
  /** Bytes of the append only file after the last rewrite. */
  private baseBytes = 0;
  private lastLoaded = 0;
  private lastExpired = 0;

  constructor(parts: PersistenceParts) {
    this.parts = parts;
    this.server = parts.server;
    this.lastSaveMs = parts.server.startMs;
  }

  private log(level: 'debug' | 'verbose' | 'notice' | 'warning', message: string): void {
    this.server.services.log(level, message);
  }

  private get path(): string {
    return join(this.directory, fromBytesText(this.server.config.string('dbfilename')));
  }

  /** The working directory; a job that has begun goes on in the one of then. */
  private get directory(): string {
    return fromBytesText(this.server.config.string('dir'));
  }

  // --- saving -------------------------------------------------------------------------------------

  get saveInProgress(): boolean {
    return this.saving !== null && !this.saving.isBase;
  }

  get rewriteInProgress(): boolean {
    return this.saving?.isBase === true;
  }

  private start(isBase: boolean): Saving {
    const { keyspace, config } = this.server;
    const timed = keyspace.databases.some((db) => db.elementExpires.count > 0);
    const { version } = this;
    const file: RdbFileOptions = {
      temporary: isBase ? `${this.rewritten}.part` : join(this.directory, `temp-${this.server.pid}.rdb`),
      path: isBase ? this.rewritten : this.path,
      commands: isBase ? this.commandsFrom : null,
      version: timed ? RDB_VERSION_FIELD_TIMES : version,
      compresses: config.bool('rdbcompression'),
      checksum: config.bool('rdbchecksum'),
      fsyncsAsItGoes: config.bool(isBase ? 'aof-rewrite-incremental-fsync' : 'rdb-save-incremental-fsync'),
    };
    const delayUs = config.number('rdb-key-save-delay');
    const link = new SaveLink(file, delayUs, this.parts.process, this.parts.toBio);
    const snapshot = new Snapshot(keyspace, link, this.snapshotOptions(isBase));
    const { dirty } = keyspace;
    const startMs = this.server.nowMs;
    return { isBase, file, snapshot, link, startMs, dirty, walked: false, adoption: null };
  }

  private get version(): number {
    return this.server.is72 ? RDB_VERSION_72 : RDB_VERSION_70;
  }

  /** Where a rewrite writes. */
  private get rewritten(): string {
    return join(this.aofRoot, `temp-rewriteaof-bg-${this.server.pid}.aof`);
  }

  /** How a base is written as commands; null when it is an RDB file. */
  private get commandsFrom(): CommandBaseOptions | null {
    const { config, nowMs } = this.server;
    if (config.bool('aof-use-rdb-preamble')) return null;
    return { seconds: config.bool('aof-timestamp-enabled') ? Math.floor(nowMs / SECOND_MS) : -1 };
  }

  private snapshotOptions(isBase: boolean): SnapshotOptions {
    const { config, is72, keyspace, nowMs, version } = this.server;
    const policy = config.string('maxmemory-policy');
    return {
      is72,
      access: policy.endsWith('-lfu') ? 'frequency' : policy.endsWith('-lru') ? 'idle' : 'none',
      facts: [
        ['redis-ver', version],
        ['redis-bits', '64'],
        ['ctime', String(Math.floor(nowMs / SECOND_MS))],
        ['used-mem', String(keyspace.usedBytes)],
        ['aof-base', isBase ? '1' : '0'],
      ],
    };
  }

  saveNow(counts = false): string | null {
    if (this.server.config.string('dbfilename') === '') return 'no name for the file';
    if (counts) this.saves++;
    const saving = this.start(false);
    while (saving.snapshot.run(WALK_KEYS)) saving.link.waitForHalf();
    saving.snapshot.end();
    saving.link.end();
    saving.link.waitUntilOver();
    const result = saving.link.result()!;
    if (result.error === null) {
      this.noteSaved(saving);
      this.log('notice', 'DB saved on disk');
    } else this.log('warning', `Error saving DB on disk: ${result.error}`);
    return result.error;
  }

  saveInBackground(): void {
    this.saving = this.start(false);
    this.saves++;
    this.inBackground++;
    this.scheduled = false;
    this.lastTryMs = this.server.nowMs;
    this.log('notice', `Background saving started by pid ${this.server.pid}`);
  }

  schedule(): void {
    this.scheduled = true;
  }

  abortSave(): void {
    if (this.saving?.isBase === false) this.abort();
  }

  private abort(): void {
    const { saving } = this;
    if (saving === null) return;
    if (saving.adoption !== null) {
      // Too late: the file is about to be there.
      this.endRewrite(saving, saving.adoption.result());
      return;
    }
    this.saving = null;
    saving.snapshot.abort();
    saving.link.abort();
    saving.link.waitUntilOver();
    saving.link.result();
  }

  /** A file is there. A save that somebody waited for and that failed changes nothing: they have been told. */
  private noteSaved(saving: Saving): void {
    this.savedDirty = saving.dirty;
    this.lastSaveMs = this.server.clock.nowMs();
    this.setStatus(true);
  }

  private setStatus(ok: boolean): void {
    this.lastOk = ok;
    this.parts.onState();
  }

  private endBackgroundSave(saving: Saving, { error }: SaveResult): void {
    if (saving.isBase) {
      if (!saving.walked) saving.snapshot.abort();
      if (error === null) this.adopt(saving);
      else this.endRewrite(saving, error);
      return;
    }
    this.saving = null;
    this.lastSeconds = Math.round((this.server.nowMs - saving.startMs) / SECOND_MS);
    if (!saving.walked) saving.snapshot.abort();
    if (error === null) {
      this.noteSaved(saving);
      this.log('notice', 'Background saving terminated with success');
    } else {
      this.setStatus(false);
      this.log('warning', `Background saving error: ${error}`);
    }
  }

  // --- between commands ---------------------------------------------------------------------------

  /** True while run() has something to do. */
  get busy(): boolean {
    return this.loading !== null || this.saving !== null || this.settling !== null;
  }

  run(): boolean {
    if (this.loading !== null) return this.runLoading(this.loading);
    if (this.settling?.over === true) this.onSettled();
    const { saving } = this;
    if (saving === null) return false;
    if (saving.adoption !== null) {
      if (saving.adoption.over) this.endRewrite(saving, saving.adoption.result());
      return false;
    }
    const result = saving.link.result();
    if (result !== null) {
      this.endBackgroundSave(saving, result);
      return false;
    }
    if (saving.walked) return false;
    if (!saving.snapshot.run(WALK_KEYS)) {
      saving.snapshot.end();
      saving.link.end();
      saving.walked = true;
      return false;
    }
    return !saving.link.full;
  }

  cron(): void {
    if (this.busy) return;
    const { server } = this;
    if (this.rewriteScheduled || this.mustRewrite()) {
      this.rewrite();
      return;
    }
    if (this.hasGrown()) {
      this.settling = this.parts.orders.give({ type: 'aof-settle' });
      return;
    }
    const mayTry = this.lastOk || server.nowMs - this.lastTryMs > RETRY_SECONDS * SECOND_MS;
    if (!mayTry) return;
    if (this.scheduled) {
      this.saveInBackground();
      return;
    }
    const changes = this.changes;
    const sinceSave = (server.nowMs - this.lastSaveMs) / SECOND_MS;
    for (const [seconds, least] of savePoints(server.config.string('save'))) {
      if (changes < least || sinceSave <= seconds) continue;
      this.log('notice', `${least} changes in ${seconds} seconds. Saving...`);
      this.saveInBackground();
      return;
    }
  }

  private get changes(): number {
    return this.server.keyspace.dirty - this.savedDirty;
  }

  /** A directive has changed that decides what is saved when, how slowly tests want to be loaded, or whether writes are refused. Null, or why it cannot be. */
  onSettings(): string | null {
    const { config } = this.server;
    this.loading?.setDelay(config.number('key-load-delay'));
    if (this.aofOn && this.policy !== this.policySeen) {
      this.parts.log.publish();
      this.parts.orders.ask({ type: 'aof-policy', policy: this.policy });
    }
    this.policySeen = this.policy;
    const error = this.switchAof(config.bool('appendonly'));
    this.parts.onState();
    if (error === null) return null;
    this.log('warning', `Unable to turn the append only file on: ${error}`);
    return 'Unable to turn on AOF. Check server logs.';
  }

  // --- the append only file -----------------------------------------------------------------------

  private get aofFiles(): { directory: string; file: string } {
    const { config } = this.server;
    return {
      directory: join(this.aofRoot, fromBytesText(config.string('appenddirname'))),
      file: fromBytesText(config.string('appendfilename')),
    };
  }

  private get policy(): FsyncPolicy {
    return this.server.config.string('appendfsync') as FsyncPolicy;
  }

  /** The files have been loaded, or there are none: what changes from now on is appended. Null, or why that cannot be. */
  private openAof(bytes: number): string | null {
    const commands = this.commandsFrom;
    const rdb = { version: this.version, checksum: this.server.config.bool('rdbchecksum'), commands };
    const error = this.parts.orders.ask({
      type: 'aof-open',
      ...this.aofFiles,
      policy: this.policy,
      size: bytes,
      rdb,
    });
    if (error !== null) return error;
    this.baseBytes = bytes;
    this.setAof(true);
    return null;
  }

  private setAof(on: boolean): void {
    this.aofOn = on;
    this.parts.log.startFile();
    this.parts.setLogging(on);
  }

  rewrite(): string | null {
    // A transaction belongs into one file: it is rewritten after its end.
    this.rewriteScheduled = this.parts.log.isInside;
    if (this.rewriteScheduled) return null;
    return this.startRewrite(!this.aofOn, this.aofOn);
  }

  /** Null, or why it cannot begin. `anew`: what files there are does not belong to the data. `appends`: what changes from now on is logged. */
  private startRewrite(anew: boolean, appends: boolean): string | null {
    this.lastRewriteMs = this.server.nowMs;
    if (anew) this.aofRoot = this.directory;
    this.parts.log.cut();
    const error = this.parts.orders.ask({ type: 'aof-increment', ...this.aofFiles, anew, appends });
    if (error !== null) {
      this.log('warning', `Can't rewrite the append only file: ${error}`);
      this.noteRewrite(false);
      return error;
    }
    this.parts.log.startFile();
    this.saving = this.start(true);
    this.inBackground++;
    this.log('notice', 'Background append only file rewriting started by pid ' + this.server.pid);
    return null;
  }

  /** Little is left to wait for. What has been done about the append only file meanwhile comes first. */
  private onSettled(): void {
    this.settling = null;
    if (this.aofOn && this.saving === null) this.rewrite();
  }

  scheduleRewrite(): void {
    this.rewriteScheduled = true;
  }

  /** The file is whole; nobody has to wait until it is what a restart would read. */
  private adopt(saving: Saving): void {
    const { path, commands } = saving.file;
    saving.adoption = this.parts.orders.give({ type: 'aof-base', temporary: path, isRdb: commands === null });
  }

  private endRewrite(saving: Saving, error: string | null): void {
    this.saving = null;
    const { nowMs } = this.server;
    const tookMs = nowMs - saving.startMs;
    this.lastRewriteSeconds = Math.round(tookMs / SECOND_MS);
    this.noteRewrite(error === null);
    if (!this.aofOn) this.parts.orders.ask({ type: 'aof-close' });
    if (error !== null) {
      this.log('warning', `Background AOF rewrite error: ${error}`);
      return;
    }
    this.rewrites++;
    this.restsUntilMs = nowMs + REST_FACTOR * tookMs;
    this.waitsForBase = false;
    this.baseBytes = this.parts.aofBytes();
    this.log('notice', 'Background AOF rewrite terminated with success');
    this.log('notice', 'Background AOF rewrite finished successfully');
  }

  private noteRewrite(ok: boolean): void {
    this.lastRewriteOk = ok;
    if (!ok) {
      this.rewriteFailures++;
      return;
    }
    this.rewriteFailures = 0;
    this.rewriteWaitMinutes = 0;
    this.rewriteFromMs = 0;
  }

  /** Whether rewriting has failed so often that it waits: a minute, then twice as long each time, up to an hour. */
  private rewritingWaits(): boolean {
    if (this.rewriteFailures < FAILURES_BEFORE_WAIT) return false;
    const { nowMs } = this.server;
    if (this.rewriteFromMs !== 0) {
      if (nowMs < this.rewriteFromMs) return true;
      this.rewriteFromMs = 0;
      return false;
    }
    const minutes = Math.min(Math.max(1, this.rewriteWaitMinutes * 2), WAIT_MINUTES_MAX);
    this.rewriteWaitMinutes = minutes;
    this.rewriteFromMs = nowMs + minutes * MINUTE_MS;
    this.log(
      'warning',
      `Background AOF rewrite has repeatedly failed and triggered the limit, will retry in ${minutes} minutes`,
    );
    return true;
  }

  /** Whether data is at risk until a rewrite has succeeded: tried again and again, but not all the time. */
  private mustRewrite(): boolean {
    if (!this.aofOn || !(this.waitsForBase || this.parts.aofUnsure())) return false;
    return this.server.nowMs - this.lastRewriteMs > RETRY_SECONDS * SECOND_MS;
  }

  private hasGrown(): boolean {
    const { config } = this.server;
    const percentage = config.number('auto-aof-rewrite-percentage');
    if (!this.aofOn || percentage === 0) return false;
    const bytes = this.parts.aofBytes();
    const minSize = config.number('auto-aof-rewrite-min-size');
    const dueBytes = Math.max(minSize, this.baseBytes * (1 + percentage / 100));
    if (bytes < dueBytes || this.isTooSoon(bytes - dueBytes, minSize) || this.rewritingWaits()) return false;
    const growth = ((bytes - this.baseBytes) * 100) / Math.max(1, this.baseBytes);
    this.log('notice', `Starting automatic rewriting of AOF on ${Math.floor(growth)}% growth`);
    return true;
  }

  /**
   * Whether the last rewrite is too recent for the next, which has been due since `overdue` bytes ago. A small keyspace that is written to fast would be
   * rewritten nearly all the time otherwise: at 600,000 SETs a second among 100,000 keys once a second, and each takes 0.3 to 0.4 s and a third of the rate.
   */
  private isTooSoon(overdue: number, minSize: number): boolean {
    return this.server.nowMs < this.restsUntilMs && overdue < REST_SIZES * minSize;
  }

  /** CONFIG SET appendonly. Null, or why not. */
  private switchAof(on: boolean): string | null {
    if (on === this.aofOn) return null;
    if (on) {
      if (this.saving !== null) this.abort();
      const error =
        this.parts.orders.ask({ type: 'aof-policy', policy: this.policy }) ?? this.startRewrite(true, true);
      if (error !== null) return error;
      this.waitsForBase = true;
      this.setAof(true);
      return null;
    }
    if (this.rewriteInProgress) {
      this.log('notice', `Killing running AOF rewrite child: ${this.server.pid}`);
      this.abort();
    }
    this.closeAof();
    return null;
  }

  /** Everything logged is on the disk when this returns, if it can be. */
  private closeAof(): void {
    const { log, orders } = this.parts;
    log.cut();
    orders.ask({ type: 'aof-close' });
    // What could not be written is given up, by pieces that the ring has room for: positions only grow.
    while (!log.push()) orders.ask({ type: 'aof-close' });
    this.waitsForBase = false;
    this.setAof(false);
  }

  setFlushSleep(us: number): void {
    this.parts.orders.ask({ type: 'aof-sleep', us });
  }

  reloadAof(): string | null {
    this.parts.log.cut();
    this.parts.orders.ask({ type: 'aof-policy', policy: this.policy });
    this.loadStartMs = this.server.clock.nowMs();
    const link = this.openAofFiles(!this.aofOn);
    const loading = this.newLoading(link, { dropsExpired: false, replaces: false });
    this.parts.player.startFile();
    loading.waitForFirst();
    if (loading.error !== null) {
      // The data is still there.
      this.logError(loading);
      return loading.error;
    }
    this.server.keyspace.flushAll();
    this.setLoading(true);
    loading.finish();
    this.endLoading(loading, false);
    this.logError(loading);
    return loading.error;
  }

  private openAofFiles(mustExist: boolean): LoadLink {
    const { config } = this.server;
    if (!this.aofOn) this.aofRoot = this.directory;
    const options = {
      ...this.aofFiles,
      checksum: config.bool('rdbchecksum'),
      cutsTail: config.bool('aof-load-truncated'),
      mustExist,
    };
    return new LoadLink({ kind: 'load-aof', options }, 0, this.parts.process, this.parts.toBio);
  }

  private newLoading(link: LoadLink, options: LoaderOptions): Loading {
    return new Loading({
      keyspace: this.server.keyspace,
      link,
      options,
      player: this.parts.player,
      log: (level, message) => this.log(level, message),
    });
  }

  /** True when write commands are to be refused because the append only file cannot be written. */
  get aofRefusesWrites(): boolean {
    return this.aofOn && this.aofErrno !== 0;
  }

  /** The append only file cannot be written, or can again. */
  onAofState(): void {
    this.aofErrno = this.parts.aofErrno();
    this.parts.onState();
  }

  get aofFailure(): string {
    if (this.aofErrno === EIO) return 'Input/output error';
    const [, text] = getSystemErrorMap().get(-this.aofErrno) ?? ['', 'unknown error'];
    return text.charAt(0).toUpperCase() + text.slice(1);
  }

  /** True when write commands are to be refused because saving fails. */
  get refusesWrites(): boolean {
    const { config } = this.server;
    return !this.lastOk && config.bool('stop-writes-on-bgsave-error') && config.string('save') !== '';
  }

  // --- the end of the process -----------------------------------------------------------------------

  /** Before the process ends: saves where it is to. Null, or why the server should not stop; never that with `force`. */
  prepareForShutdown(save: SaveOrigin, force: boolean): string | null {
    if (this.waitsForBase && !force) {
      this.log('warning', "Writing initial AOF, can't exit");
      return 'the append only file has no base yet';
    }
    if (this.saving !== null) this.log('warning', `There is a child ${this.work}. Killing it!`);
    this.abort();
    const error = this.saveAtEnd(save);
    if (error !== null && !force) return error;
    if (this.aofOn) {
      this.closeAof();
      this.log('notice', 'Calling fsync() on the AOF file.');
    }
    return null;
  }

  private get work(): string {
    return this.rewriteInProgress ? 'rewriting the AOF' : 'saving an .rdb';
  }

  private saveAtEnd(save: SaveOrigin): string | null {
    const saves = save === 'yes' || (save === 'points' && this.server.config.string('save') !== '');
    // What could not be loaded whole must not take the place of a good file.
    if (!saves || this.loading !== null || this.loadFailed) return null;
    this.log('notice', 'Saving the final RDB snapshot before exiting.');
    const error = this.saveNow();
    if (error !== null) this.log('warning', "Error trying to save the DB, can't exit.");
    return error;
  }

  // --- loading --------------------------------------------------------------------------------------

  /** Begins to load the snapshot, of `bytes`, that was found at the start. */
  loadAtStart(bytes: number): void {
    this.loadStartMs = this.server.clock.nowMs();
    this.loadTotal = bytes;
    this.loading = this.newLoading(this.openFile(), { dropsExpired: true, replaces: false });
    this.setLoading(true);
  }

  /** The same with the append only files; then what changes is appended. */
  loadAofAtStart(): void {
    this.loadStartMs = this.server.clock.nowMs();
    this.loadsAof = true;
    this.policySeen = this.policy;
    this.loading = this.newLoading(this.openAofFiles(false), { dropsExpired: false, replaces: false });
    this.setLoading(true);
  }

  private openFile(): LoadLink {
    const { config } = this.server;
    const checksum = config.bool('rdbchecksum');
    const what = { kind: 'load', path: this.path, checksum } as const;
    return new LoadLink(what, config.number('key-load-delay'), this.parts.process, this.parts.toBio);
  }

  private setLoading(loading: boolean): void {
    this.server.loading = loading;
    this.parts.onState();
  }

  private runLoading(loading: Loading): boolean {
    const { clock } = this.server;
    const until = clock.monotonicUs() + LOAD_SLICE_US;
    const more = loading.run(() => clock.monotonicUs() < until);
    if (!loading.over) return more;
    this.endLoading(loading, !this.loadsAof);
    const error = loading.error ?? (this.loadsAof ? this.openAof(loading.offset) : null);
    if (error !== null && loading.error === null)
      this.log('warning', `Can't open the append-only file: ${error}`);
    this.loadFailed = error !== null;
    this.parts.onLoaded(error === null || this.loadsAof ? error : this.reportBadFile(loading));
    return false;
  }

  /** What is wrong with a snapshot, in Redis's words. Returns the last of them. */
  private reportBadFile(loading: Loading): string {
    const { error, offset } = loading;
    this.logError(loading);
    this.log('warning', `Internal error in RDB reading offset ${offset} -> ${error}`);
    return 'Terminating server after rdb file reading failure.';
  }

  private logError({ error }: Loading): void {
    if (error !== null) this.log('warning', `Error loading the DB: ${error}`);
  }

  private endLoading(loading: Loading, isSnapshot: boolean): void {
    this.loading = null;
    const { emptyKeys, keysLoaded, keysExpired, facts } = loading.keys;
    this.lastLoaded = keysLoaded;
    this.lastExpired = keysExpired;
    this.setLoading(false);
    if (loading.error !== null) return;
    const version = facts.get('redis-ver');
    if (!isSnapshot) {
      const seconds = (this.server.clock.nowMs() - this.loadStartMs) / SECOND_MS;
      if (loading.offset > 0)
        this.log('notice', `DB loaded from append only file: ${seconds.toFixed(3)} seconds`);
      return;
    }
    if (version !== undefined) this.log('notice', `Loading RDB produced by version ${version}`);
    const made = facts.get('ctime');
    if (made !== undefined) {
      const age = Math.max(0, Math.floor(this.server.nowMs / SECOND_MS) - Number(made));
      this.log('notice', `RDB age ${age} seconds`);
    }
    const memory = facts.get('used-mem');
    if (memory !== undefined) {
      this.log('notice', `RDB memory usage when created ${(Number(memory) / MEGABYTE).toFixed(2)} Mb`);
    }
    const skipped = emptyKeys === 0 ? '' : `, empty keys skipped: ${emptyKeys}`;
    this.log(
      'notice',
      `Done loading RDB, keys loaded: ${keysLoaded}, keys expired: ${keysExpired}${skipped}.`,
    );
    const seconds = (this.server.clock.nowMs() - this.loadStartMs) / SECOND_MS;
    this.log('notice', `DB loaded from disk: ${seconds.toFixed(3)} seconds`);
    this.savedDirty = this.server.keyspace.dirty;
  }

  reload(options: { save: boolean; flush: boolean; merge: boolean }): string | null {
    if (this.loading !== null) return 'data is being loaded already';
    if (options.save) {
      this.abortSave();
      const error = this.saveNow();
      if (error !== null) return error;
    }
    const { keyspace } = this.server;
    if (options.flush) keyspace.flushAll();
    this.loadStartMs = this.server.clock.nowMs();
    const loading = this.newLoading(this.openFile(), { dropsExpired: true, replaces: options.merge });
    this.setLoading(true);
    loading.finish();
    this.endLoading(loading, true);
    this.logError(loading);
    return loading.error;
  }

  // --- figures --------------------------------------------------------------------------------------

  get lastSaveSeconds(): number {
    return Math.floor(this.lastSaveMs / SECOND_MS);
  }

  figures(): PersistenceFigures {
    const { saving, loading, server } = this;
    return {
      changes: this.changes,
      saveInProgress: this.saveInProgress,
      aof: {
        enabled: this.aofOn,
        rewriteInProgress: this.rewriteInProgress,
        rewriteScheduled: this.rewriteScheduled,
        lastSeconds: this.lastRewriteSeconds,
        currentSeconds: this.rewriteInProgress
          ? Math.floor((server.nowMs - saving!.startMs) / SECOND_MS)
          : -1,
        lastOk: this.lastRewriteOk,
        rewrites: this.rewrites,
        failures: this.rewriteFailures,
        writeOk: this.parts.aofErrno() === 0,
        bytes: this.parts.aofBytes(),
        baseBytes: this.baseBytes,
        bufferBytes: this.parts.log.waitingBytes,
        fsyncsRunning: this.parts.fsyncsRunning(),
        fsyncsDelayed: this.parts.fsyncsDelayed(),
      },
      keysProcessed: saving?.snapshot.written ?? 0,
      keysTotal: saving?.snapshot.total ?? 0,
      lastSaveSeconds: this.lastSaveSeconds,
      lastOk: this.lastOk,
      lastSeconds: this.lastSeconds,
      currentSeconds: !this.saveInProgress ? -1 : Math.floor((server.nowMs - saving!.startMs) / SECOND_MS),
      saves: this.saves,
      inBackground: this.inBackground,
      lastExpired: this.lastExpired,
      lastLoaded: this.lastLoaded,
      loading:
        loading === null
          ? null
          : {
              startSeconds: Math.floor(this.loadStartMs / SECOND_MS),
              totalBytes: this.loadTotal,
              loadedBytes: loading.offset,
              usedMemory: Number(loading.keys.facts.get('used-mem') ?? 0),
              elapsedSeconds: (server.nowMs - this.loadStartMs) / SECOND_MS,
            },
    };
  }
}
