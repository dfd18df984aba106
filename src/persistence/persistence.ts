/**
 * The executor's part of persistence: when to save, what is under way, how it ended. It touches no file itself: what is written goes to
 * jobs as buffers, what is read comes from them (messages.ts).
 *
 *     run()    a slice of the walk or of the loading, between commands
 *     mail()   something came from a job: looks what is over
 *     cron()   save points, what was scheduled
 */
import type { MessagePort } from 'node:worker_threads';
import type { PersistenceFigures, PersistenceService, SaveOrigin } from '../commands/persistence.ts';
import type { Server } from '../commands/server.ts';
import { savePoints } from '../config/special-types.ts';
import { fromBytesText } from '../config/words.ts';
import { RDB_VERSION_70, RDB_VERSION_72, RDB_VERSION_FIELD_TIMES } from '../rdb/format.ts';
import { SaveLink } from './job-link.ts';
import { LoadLink } from './load-link.ts';
import { Loading } from './loading.ts';
import type { SaveResult, ToBio } from './messages.ts';
import { Snapshot, type SnapshotOptions } from './snapshot.ts';

/** Keys walked between two batches of commands. */
const WALK_KEYS = 128;
/** How long a slice of loading lasts. */
const LOAD_SLICE_US = 1000;
/** After a save that failed the next one by save points waits. */
const RETRY_SECONDS = 5;
const SECOND_MS = 1000;
const MEGABYTE = 1 << 20;

export interface PersistenceParts {
  server: Server;
  /** The control block of the process. */
  process: SharedArrayBuffer;
  /** Posts to bio. */
  toBio: (message: ToBio, transfer: MessagePort[]) => void;
  /** Loading at the start is over: null, or why the server cannot run. */
  onLoaded: (error: string | null) => void;
  /** The gates have to be looked at again: loading has begun or ended, or saving works or fails. */
  onState: () => void;
}

interface Saving {
  snapshot: Snapshot;
  link: SaveLink;
  startMs: number;
  /** `dirty` at the start: what changed since is not in the file. */
  dirty: number;
  walked: boolean;
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
    return fromBytesText(this.server.config.string('dbfilename'));
  }

  // --- saving -------------------------------------------------------------------------------------

  get saveInProgress(): boolean {
    return this.saving !== null;
  }

  private start(): Saving {
    const { keyspace, config, is72 } = this.server;
    const timed = keyspace.databases.some((db) => db.elementExpires.count > 0);
    const version = is72 ? RDB_VERSION_72 : RDB_VERSION_70;
    const link = new SaveLink(
      {
        temporary: `temp-${this.server.pid}.rdb`,
        path: this.path,
        version: timed ? RDB_VERSION_FIELD_TIMES : version,
        compresses: config.bool('rdbcompression'),
        checksum: config.bool('rdbchecksum'),
        fsyncsAsItGoes: config.bool('rdb-save-incremental-fsync'),
      },
      config.number('rdb-key-save-delay'),
      this.parts.process,
      this.parts.toBio,
    );
    const snapshot = new Snapshot(keyspace, link, this.snapshotOptions());
    return { snapshot, link, startMs: this.server.nowMs, dirty: keyspace.dirty, walked: false };
  }

  private snapshotOptions(): SnapshotOptions {
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
        ['aof-base', '0'],
      ],
    };
  }

  saveNow(counts = false): string | null {
    if (this.server.config.string('dbfilename') === '') return 'no name for the file';
    if (counts) this.saves++;
    const saving = this.start();
    while (saving.snapshot.run(WALK_KEYS)) saving.link.waitForRoom();
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
    this.saving = this.start();
    this.saves++;
    this.scheduled = false;
    this.lastTryMs = this.server.nowMs;
    this.log('notice', `Background saving started by pid ${this.server.pid}`);
  }

  schedule(): void {
    this.scheduled = true;
  }

  abortSave(): void {
    const { saving } = this;
    if (saving === null) return;
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
    return this.loading !== null || this.saving !== null;
  }

  run(): boolean {
    if (this.loading !== null) return this.runLoading(this.loading);
    const { saving } = this;
    if (saving === null) return false;
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

  /** A directive has changed that decides whether writes are refused, or how slowly tests want to be loaded. */
  onSettings(): void {
    this.loading?.setDelay(this.server.config.number('key-load-delay'));
    this.parts.onState();
  }

  /** True when write commands are to be refused because saving fails. */
  get refusesWrites(): boolean {
    const { config } = this.server;
    return !this.lastOk && config.bool('stop-writes-on-bgsave-error') && config.string('save') !== '';
  }

  // --- the end of the process -----------------------------------------------------------------------

  /** Before the process ends: saves where it is to. Null, or why the server should not stop. */
  prepareForShutdown(save: SaveOrigin): string | null {
    this.abortSave();
    const saves = save === 'yes' || (save === 'points' && this.server.config.string('save') !== '');
    if (!saves || this.loading !== null) return null;
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
    this.loading = new Loading(this.server.keyspace, this.openFile(), {
      dropsExpired: true,
      replaces: false,
    });
    this.setLoading(true);
  }

  private openFile(): LoadLink {
    const { config } = this.server;
    const delayUs = config.number('key-load-delay');
    return new LoadLink(this.path, config.bool('rdbchecksum'), delayUs, this.parts.process, this.parts.toBio);
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
    this.endLoading(loading);
    this.parts.onLoaded(loading.error);
    return false;
  }

  private endLoading(loading: Loading): void {
    this.loading = null;
    const { keysLoaded, keysExpired, facts } = loading.keys;
    this.lastLoaded = keysLoaded;
    this.lastExpired = keysExpired;
    this.setLoading(false);
    if (loading.error !== null) {
      this.log('warning', `Error loading the DB: ${loading.error}`);
      return;
    }
    const version = facts.get('redis-ver');
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
    this.log('notice', `Done loading RDB, keys loaded: ${keysLoaded}, keys expired: ${keysExpired}.`);
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
    const loading = new Loading(keyspace, this.openFile(), { dropsExpired: true, replaces: options.merge });
    this.setLoading(true);
    loading.finish();
    this.endLoading(loading);
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
      saveInProgress: saving !== null,
      keysProcessed: saving?.snapshot.written ?? 0,
      keysTotal: saving?.snapshot.total ?? 0,
      lastSaveSeconds: this.lastSaveSeconds,
      lastOk: this.lastOk,
      lastSeconds: this.lastSeconds,
      currentSeconds: saving === null ? -1 : Math.floor((server.nowMs - saving.startMs) / SECOND_MS),
      saves: this.saves,
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
