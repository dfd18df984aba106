/**
 * Loading at the start, and again for DEBUG RELOAD: takes what a job reads and makes keys of it, in slices or to the end.
 */
import type { Keyspace } from '../keyspace/keyspace.ts';
import { CorruptRdbError } from '../rdb/reader.ts';
import { KeyLoader, type LoaderOptions } from './key-loader.ts';
import type { LoadLink } from './load-link.ts';
import type { FromLoadJob } from './messages.ts';

export class Loading {
  readonly keys: KeyLoader;
  /** Bytes of the file that have been read by now. */
  offset = 0;
  /** Null, or why the file could not be loaded. Known when it is over. */
  error: string | null = null;
  over = false;
  private readonly keyspace: Keyspace;
  private readonly link: LoadLink;
  private inHand = 0;

  constructor(keyspace: Keyspace, link: LoadLink, options: LoaderOptions) {
    this.keyspace = keyspace;
    this.link = link;
    this.keys = new KeyLoader(keyspace, options);
  }

  /** Microseconds to wait after each key, from now on. */
  setDelay(us: number): void {
    this.link.setDelay(us);
  }

  /** Loads what has come, until `mayGoOn` says no. Returns true when there may be more at once. */
  run(mayGoOn: () => boolean): boolean {
    return this.quietly(() => {
      if (!this.keys.empty) this.keys.run(mayGoOn);
      if (!this.keys.empty) return true;
      this.doneWithBuffer();
      const message = this.link.receive();
      if (message === null) return false;
      this.take(message);
      return !this.over;
    });
  }

  /** Loads to the end, waiting for what has not come. */
  finish(): void {
    while (!this.over) {
      this.quietly(() => {
        if (!this.keys.empty) this.keys.run(() => true);
        this.doneWithBuffer();
        this.take(this.link.wait());
        return true;
      });
    }
  }

  private take(message: FromLoadJob): void {
    this.offset = message.offset;
    if ('loaded' in message) {
      this.error = message.error;
      this.end();
      return;
    }
    this.inHand = message.size;
    this.keys.open(message.bytes, message.size);
  }

  private doneWithBuffer(): void {
    if (this.inHand > 0) this.link.used(this.inHand);
    this.inHand = 0;
  }

  private end(): void {
    this.over = true;
    this.link.close();
  }

  /** Loading changes no counters of changes, and nothing expires meanwhile. */
  private quietly(work: () => boolean): boolean {
    const { keyspace } = this;
    const { dirty, lazyExpireEnabled } = keyspace;
    keyspace.lazyExpireEnabled = false;
    try {
      return work();
    } catch (error) {
      if (!(error instanceof CorruptRdbError)) throw error;
      this.error = `${error.message}, ${this.keys.where}, before offset ${this.offset}`;
      this.end();
      return false;
    } finally {
      keyspace.dirty = dirty;
      keyspace.lazyExpireEnabled = lazyExpireEnabled;
    }
  }
}
