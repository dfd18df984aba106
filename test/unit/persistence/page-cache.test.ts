/** What is told to the page cache: which bytes, when, and that a file does not change by it. */
import {
  appendFileSync,
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WrittenPages } from '../../../src/persistence/aof/written-pages.ts';
import { openCached } from '../../../src/persistence/page-cache.ts';
import { newDirectory } from '../../system/server-process.ts';

const MB = 1 << 20;
const TMPFS = 0x01021994;

/** Bytes that this process has had read from a disk. */
function diskBytesRead(): number {
  return Number(/^read_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'latin1'))![1]);
}

describe('openCached', () => {
  // The first of all: it is Node's loading of its WASI that would warn.
  it('says nothing to those who watch for warnings', async () => {
    const warned = vi.fn();
    process.on('warning', warned);
    const path = join(newDirectory(), 'file');
    appendFileSync(path, 'x');
    openCached(path)!.close();
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off('warning', warned);
    expect(warned).not.toHaveBeenCalled();
  });

  it('drop: what is on the disk is read from there again, and has not changed', () => {
    const path = join(newDirectory(), 'file');
    const bytes = Buffer.alloc(4 * MB, 'content ');
    const fd = openSync(path, 'w');
    writeSync(fd, bytes);
    fsyncSync(fd);
    closeSync(fd);
    const file = openCached(path)!;
    const before = diskBytesRead();
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(diskBytesRead() - before).toBeLessThan(bytes.length);
    file.drop(0, bytes.length);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    // A file system in memory has nowhere else to read from.
    const isOnDisk = statfsSync(tmpdir()).type !== TMPFS;
    expect(diskBytesRead() - before >= bytes.length).toBe(isOnDisk);
    file.close();
    // It goes by the name that the file had.
    appendFileSync(path, 'more');
    expect(readFileSync(path).length).toBe(bytes.length + 4);
  });

  it('leaves no descriptor open', () => {
    const directory = newDirectory();
    const path = join(directory, 'file');
    appendFileSync(path, 'x');
    const ours = () =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory);
        } catch {
          return false;
        }
      }).length;
    const file = openCached(path)!;
    expect(ours()).toBe(1);
    file.close();
    expect(openCached(join(directory, 'other'))).toBeNull();
    expect(ours()).toBe(0);
  });

  it('a file that is not there cannot be told of', () => {
    expect(openCached(join(newDirectory(), 'file'))).toBeNull();
    expect(openCached('/nowhere/file')).toBeNull();
  });
});

describe('WrittenPages', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function setUp() {
    const calls: unknown[][] = [];
    const pages = new WrittenPages((path) => {
      calls.push(['open', path]);
      return {
        drop: (start, end) => calls.push([start / MB, end / MB]),
        close: () => calls.push(['close']),
      };
    });
    /** What has been done since the last call. */
    const done = () => {
      vi.runAllTimers();
      return calls.splice(0);
    };
    return { done, pages };
  }

  it('drops pieces of 8 MB that are on the disk, with 2 MB before each; the last page stays', () => {
    const { done, pages } = setUp();
    pages.begin('a', 0, 0);
    pages.onDisk(8 * MB);
    expect(done()).toEqual([]);
    pages.onDisk(8 * MB + 4096);
    expect(done()).toEqual([
      ['open', 'a'],
      [0, 8],
    ]);
    pages.onDisk(9 * MB);
    expect(done()).toEqual([]);
    pages.onDisk(30 * MB);
    expect(done()).toEqual([
      [6, 16],
      [14, 24],
    ]);
  });

  it('one piece each turn of the event loop', () => {
    const { done, pages } = setUp();
    pages.begin('a', 0, 0);
    pages.onDisk(30 * MB);
    vi.advanceTimersToNextTimer();
    pages.onDisk(31 * MB);
    pages.end();
    expect(done()).toEqual([['open', 'a'], [0, 8], ['close']]);
  });

  it('a file begins where the log says; what it held before is left alone', () => {
    const { done, pages } = setUp();
    pages.begin('a', 0, 0);
    pages.onDisk(10 * MB);
    done();
    pages.begin('b', 50 * MB, 70 * MB);
    expect(done()).toEqual([['close']]);
    // Of the file before.
    pages.onDisk(49 * MB);
    expect(done()).toEqual([]);
    pages.onDisk(79 * MB);
    expect(done()).toEqual([
      ['open', 'b'],
      [18, 28],
    ]);
  });

  it('nothing happens without a file, or where the system cannot be told', () => {
    const { done, pages } = setUp();
    pages.onDisk(100 * MB);
    expect(done()).toEqual([]);
    const untold = new WrittenPages(() => null);
    untold.begin('a', 0, 0);
    untold.onDisk(100 * MB);
    vi.runAllTimers();
    untold.end();
  });
});
