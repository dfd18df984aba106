/** Persistence as commands and INFO see it; ../persistence/persistence.ts does it. */

/** Whether a shutdown saves: always, never, or where save points are set. */
export type SaveOrigin = 'yes' | 'no' | 'points';

export interface PersistenceService {
  readonly saveInProgress: boolean;
  /** Saves all databases and waits for it. Null, or why it failed. `counts` says whether it is one of rdb_saves. */
  saveNow(counts?: boolean): string | null;
  /** Takes a snapshot and has it written meanwhile; none may be in progress. */
  saveInBackground(): void;
  /** A background save as soon as nothing else is in progress. */
  schedule(): void;
  /** Gives up the background save in progress, if there is one. */
  abortSave(): void;
  /** Saves, empties the databases and loads them again, each if asked for. Null, or why it failed. */
  reload(options: { save: boolean; flush: boolean; merge: boolean }): string | null;
  readonly rewriteInProgress: boolean;
  /** Rewrites the append only file from the data, meanwhile; nothing else may be in progress. Null, or why it cannot begin. */
  rewrite(): string | null;
  scheduleRewrite(): void;
  /** Why the append only file cannot be written. */
  readonly aofFailure: string;
  /** Loads what the append only file says, in the place of what is there. Null, or why it failed. */
  reloadAof(): string | null;
  /** Microseconds that bio waits before each writing to the append only file, so that a test can look on. */
  setFlushSleep(us: number): void;
  /** When the databases were last saved, in seconds since 1970. */
  readonly lastSaveSeconds: number;
  figures(): PersistenceFigures;
}

/** What INFO persistence shows. Times in seconds. */
export interface PersistenceFigures {
  changes: number;
  saveInProgress: boolean;
  aof: {
    enabled: boolean;
    rewriteInProgress: boolean;
    rewriteScheduled: boolean;
    lastSeconds: number;
    currentSeconds: number;
    lastOk: boolean;
    rewrites: number;
    /** Rewrites since the last that did not fail. */
    failures: number;
    writeOk: boolean;
    bytes: number;
    /** After the last rewrite. */
    baseBytes: number;
    /** What is logged and not written yet. */
    bufferBytes: number;
    /** Fsyncs that run beside the writing. */
    fsyncsRunning: number;
    /** Those that had to wait for seconds because the one before still ran, ever. */
    fsyncsDelayed: number;
  };
  keysProcessed: number;
  keysTotal: number;
  lastSaveSeconds: number;
  lastOk: boolean;
  lastSeconds: number;
  currentSeconds: number;
  saves: number;
  /** Background saves and rewrites that have begun. */
  inBackground: number;
  lastExpired: number;
  lastLoaded: number;
  loading: {
    startSeconds: number;
    totalBytes: number;
    loadedBytes: number;
    usedMemory: number;
    elapsedSeconds: number;
  } | null;
}
