/**
 * Lets the page cache forget what of the log is on the disk: nobody reads it before the next start.
 *
 * The gain is not only memory for what is read. A log that is written fast takes a new page for each 4 KiB, and a page that nobody has used for long costs
 * more than a warm one: it is in no cache, and under a hypervisor that takes unused memory back it is not even there. When the pages of a second ago
 * are free again, the next ones are those.
 *
 * In pieces, one each turn of the event loop, because bio may have to write meanwhile. Logs that hardly grow are left in memory.
 */
import type { CachedFile } from '../page-cache.ts';

/** What is dropped at once, and the least that is. */
const PIECE_BYTES = 8 << 20;
/** The last page goes on being written to. */
const PAGE_BYTES = 4096;
/** The system forgets units of up to this size only as a whole: what may have been left of one by the piece before. */
const UNIT_BYTES = 2 << 20;

export class WrittenPages {
  private readonly openCached: (path: string) => CachedFile | null;
  private path = '';
  private file: CachedFile | null = null;
  /** The position of the log at which the file begins, that up to which it is on the disk, and what of the file has been dropped. */
  private start = 0;
  private safe = 0;
  private dropped = 0;
  private soon: NodeJS.Immediate | null = null;

  constructor(openCached: (path: string) => CachedFile | null) {
    this.openCached = openCached;
  }

  /** The log goes to this file, which begins at the position `start`, from `position` on. */
  begin(path: string, start: number, position: number): void {
    this.end();
    this.path = path;
    this.start = start;
    this.dropped = position - start;
  }

  /** Everything before this position is on the disk. */
  onDisk(position: number): void {
    this.safe = position;
    if (this.path !== '' && this.piece > 0) this.soon ??= setImmediate(() => this.drop());
  }

  end(): void {
    this.file?.close();
    this.file = null;
    this.path = '';
  }

  /** Bytes that can be dropped at once. */
  private get piece(): number {
    return this.safe - this.start - PAGE_BYTES - this.dropped >= PIECE_BYTES ? PIECE_BYTES : 0;
  }

  private drop(): void {
    this.soon = null;
    const { dropped, piece } = this;
    if (this.path === '' || piece === 0) return;
    this.file ??= this.openCached(this.path);
    this.file?.drop(Math.max(0, dropped - UNIT_BYTES), dropped + piece);
    this.dropped += piece;
    this.onDisk(this.safe);
  }
}
