/**
 * Loading at the start, and again for DEBUG RELOAD and DEBUG LOADAOF: takes what a job reads, makes keys of the items and runs the commands,
 * in slices or to the end.
 */
import type { Keyspace } from '../keyspace/keyspace.ts';
import { CorruptRdbError } from '../rdb/reader.ts';
import { KeyLoader, type LoaderOptions } from './key-loader.ts';
import type { LoadLink } from './load-link.ts';
import type { FromLoadJob } from './messages.ts';

/** Runs commands of a file; the executor does. */
export interface CommandPlayer {
  /** Goes on with bytes[0..size), whole commands. */
  open(bytes: Uint8Array, size: number): void;
  readonly empty: boolean;
  /** Runs until the bytes end or `mayGoOn` says no. Throws CommandFailedError. */
  run(mayGoOn: () => boolean): void;
}

/** No more of them are named in the log. */
const EMPTY_KEYS_LOGGED = 10;

/** A command of the file cannot be run. */
export class CommandFailedError extends Error {}

export interface LoadingParts {
  keyspace: Keyspace;
  link: LoadLink;
  options: LoaderOptions;
  player: CommandPlayer;
  log: (level: 'notice' | 'warning', message: string) => void;
}

export class Loading {
  readonly keys: KeyLoader;
  /** Bytes of the files that have been read by now. */
  offset = 0;
  /** Null, or why the file could not be loaded. Known when it is over. */
  error: string | null = null;
  over = false;
  private readonly parts: LoadingParts;
  private inHand = 0;
  private playing = false;

  constructor(parts: LoadingParts) {
    this.parts = parts;
    this.keys = new KeyLoader(parts.keyspace, {
      ...parts.options,
      onEmptyKey: (name) => {
        if (this.keys.emptyKeys <= EMPTY_KEYS_LOGGED) parts.log('notice', `skipping empty key: ${name}`);
      },
    });
  }

  /** Microseconds to wait after each key, from now on. */
  setDelay(us: number): void {
    this.parts.link.setDelay(us);
  }

  /** Loads what has come, until `mayGoOn` says no. Returns true when there may be more at once. */
  run(mayGoOn: () => boolean): boolean {
    return this.quietly(() => {
      if (!this.work(mayGoOn)) return true;
      const message = this.parts.link.receive();
      if (message === null) return false;
      this.take(message);
      return !this.over;
    });
  }

  /** Waits for the first bytes of what is read, or for the end where there are none; makes nothing of them yet. */
  waitForFirst(): void {
    while (!this.over && this.inHand === 0) this.take(this.parts.link.wait());
  }

  /** Loads to the end, waiting for what has not come. */
  finish(): void {
    while (!this.over) {
      this.quietly(() => {
        this.work(() => true);
        this.take(this.parts.link.wait());
        return true;
      });
    }
  }

  /** Goes on with the buffer in hand; true when it is done with. */
  private work(mayGoOn: () => boolean): boolean {
    const reader = this.playing ? this.parts.player : this.keys;
    if (this.inHand === 0) return true;
    if (!reader.empty) reader.run(mayGoOn);
    if (!reader.empty) return false;
    this.parts.link.used(this.inHand);
    this.inHand = 0;
    return true;
  }

  private take(message: FromLoadJob): void {
    if ('note' in message) {
      this.parts.log(message.level, message.note);
      return;
    }
    this.offset = message.offset;
    if ('loaded' in message) {
      this.error = message.error;
      this.end();
      return;
    }
    this.inHand = message.size;
    this.playing = message.commands;
    if (message.commands) this.parts.player.open(message.bytes, message.size);
    else this.keys.open(message.bytes, message.size);
  }

  private end(): void {
    this.over = true;
    this.parts.link.close();
  }

  /** Loading changes no counters of changes, and nothing expires meanwhile. */
  private quietly(work: () => boolean): boolean {
    const { keyspace } = this.parts;
    const { dirty, lazyExpireEnabled } = keyspace;
    keyspace.lazyExpireEnabled = false;
    try {
      return work();
    } catch (error) {
      if (!(error instanceof CorruptRdbError || error instanceof CommandFailedError)) throw error;
      this.error = error.message;
      if (error instanceof CorruptRdbError)
        this.error += `, ${this.keys.where}, before offset ${this.offset}`;
      this.end();
      return false;
    } finally {
      keyspace.dirty = dirty;
      keyspace.lazyExpireEnabled = lazyExpireEnabled;
    }
  }
}
