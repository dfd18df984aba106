/** The log written from the io worker's thread: beside bio, never both at once, and errors are bio's. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FsyncPolicy } from '../../../src/persistence/aof/appender.ts';
import { LogFile, writeOutLog } from '../../../src/persistence/aof/log-file.ts';
import { LOCK_BIO, LogReader, MODE_BIO, MODE_TURN, MODE_TURN_FSYNC } from '../../../src/ring/log-ring.ts';
import { entry, Fatal, LogHarness, numbersIn, upTo } from './log-harness.ts';
import { MemoryFiles } from './memory-files.ts';

const POLICIES: FsyncPolicy[] = ['always', 'everysec', 'no'];
const INCREMENT = 'dir/a.aof.1.incr.aof';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const start = (policy: FsyncPolicy) => new LogHarness(new MemoryFiles(), policy).open();

describe('writing', () => {
  it.each(POLICIES)('%s: all that waits is in the file, however little a write takes', (policy) => {
    const log = start(policy);
    log.files.short = 7;
    log.log(40);
    expect(log.turn.waits).toBe(true);
    log.turn.write();
    expect(log.turn.waits).toBe(false);
    expect(log.written()).toBe(40);
    expect(log.files.text(INCREMENT)).toBe(upTo(40).map(entry).join(''));
    expect(log.appender.size).toBe(log.files.text(INCREMENT).length);
  });

  it('goes round the ring', () => {
    const log = start('everysec');
    for (let i = 0; i < 100; i++) {
      log.log(20);
      log.turn.write();
    }
    expect(log.written()).toBe(2000);
    expect(numbersIn(log.files)).toEqual(upTo(2000));
  });

  it('always: an fsync covers it, once for all', () => {
    const log = start('always');
    const { fsyncs } = log.files;
    log.log(10);
    log.turn.write();
    expect(log.fsynced()).toBe(10);
    expect(log.files.fsyncs).toBe(fsyncs + 1);
    log.turn.write();
    expect(log.files.fsyncs).toBe(fsyncs + 1);
    expect(numbersIn(log.files.crash(() => 0))).toEqual(upTo(10));
  });

  it('everysec: bio fsyncs what was written here', () => {
    const log = start('everysec');
    log.log(10);
    log.turn.write();
    expect(log.fsynced()).toBe(0);
    vi.advanceTimersByTime(1000);
    log.files.finish();
    expect(log.fsynced()).toBe(10);
  });

  it('waiting for more is only worth it where an fsync follows', () => {
    expect(start('everysec').turn.patienceMs).toBe(0);
    expect(start('no').turn.patienceMs).toBe(0);
    expect(start('always').turn.patienceMs).toBeGreaterThan(0);
  });
});

describe('who writes', () => {
  it('nothing is written while bio has the lock', () => {
    const log = start('everysec');
    const bio = new LogReader(log.memory, LOCK_BIO);
    log.log(5);
    bio.lock();
    log.turn.write();
    expect(log.written()).toBe(0);
    bio.unlock();
    log.turn.write();
    expect(log.written()).toBe(5);
  });

  it('nothing is written before there is a file, nor after it was closed', () => {
    const log = new LogHarness(new MemoryFiles(), 'everysec');
    log.log(5);
    log.turn.write();
    expect(log.turn.waits).toBe(true);
    log.open();
    log.turn.write();
    expect(log.written()).toBe(5);
    log.appender.close();
    log.log(2);
    log.turn.write();
    expect(log.written()).toBe(5);
    expect(log.files.misused).toEqual([]);
  });

  it.each(POLICIES)('%s: a file that changes hands gets what is logged after that', (policy) => {
    const log = start(policy);
    log.log(5);
    log.turn.write();
    log.startRewrite();
    log.log(2);
    log.turn.write();
    expect(log.files.text('dir/a.aof.2.incr.aof')).toBe(entry(6) + entry(7));
    log.endRewrite();
    expect(numbersIn(log.files)).toEqual(upTo(7));
    log.files.finish();
    expect(log.files.misused).toEqual([]);
  });

  it('appendfsync changes how', () => {
    const log = start('no');
    expect(log.turnReader.mode).toBe(MODE_TURN);
    log.appender.setPolicy('always');
    expect(log.turnReader.mode).toBe(MODE_TURN_FSYNC);
    log.appender.setSleep(1);
    expect(log.turnReader.mode).toBe(MODE_BIO);
    log.appender.setSleep(0);
    log.appender.setPolicy('everysec');
    expect(log.turnReader.mode).toBe(MODE_TURN);
  });

  it('main takes the lock for good when bio is dead, be it that bio had it', () => {
    const log = start('everysec');
    log.log(5);
    const bio = new LogReader(log.memory, LOCK_BIO);
    bio.lock();
    // No file: what is of interest here is who may write afterwards.
    expect(writeOutLog(log.memory, new LogFile(LogFile.memory()))).toBe(0);
    log.turn.write();
    expect(log.written()).toBe(0);
  });
});

describe('errors', () => {
  it.each(['everysec', 'no'] as const)("%s: a full disk is bio's, until there is room again", (policy) => {
    const log = start(policy);
    log.files.room = 1000;
    log.log(60);
    log.endTurn();
    expect(log.state.error?.code).toBe('ENOSPC');
    expect(log.turnReader.mode).toBe(MODE_BIO);
    const before = log.written();
    log.files.room = 1 << 20;
    log.turn.write();
    expect(log.written()).toBe(before);
    vi.advanceTimersByTime(500);
    expect(log.state.error).toBeNull();
    expect(log.turnReader.mode).toBe(MODE_TURN);
    log.log(10);
    log.turn.write();
    expect(log.files.text(INCREMENT)).toBe(upTo(70).map(entry).join(''));
  });

  it('always: a write that fails ends the process, and nothing is acknowledged', () => {
    const log = start('always');
    log.log(3);
    log.turn.write();
    log.files.fail('write', 'EIO', 2);
    log.log(2);
    expect(() => log.endTurn()).toThrow(Fatal);
    expect(log.fsynced()).toBe(3);
  });

  it('always: an fsync that fails is not tried again and ends the process', () => {
    const log = start('always');
    log.log(3);
    log.files.fail('fsync', 'EIO');
    const { fsyncs } = log.files;
    log.turn.write();
    expect(log.turn.waits).toBe(false);
    log.turn.write();
    expect(() => log.appender.drain()).toThrow(/fsync error.*always.*EIO/);
    expect(log.files.fsyncs).toBeLessThanOrEqual(fsyncs + 1);
    expect(log.fsynced()).toBe(0);
    log.log(1);
    log.turn.write();
    expect(log.fsynced()).toBe(0);
  });

  it('always: also when appendfsync changes before bio has learnt of it', () => {
    const log = start('always');
    log.log(3);
    log.files.fail('fsync', 'EIO');
    log.turn.write();
    expect(() => log.appender.setPolicy('everysec')).toThrow(Fatal);
    expect(log.fsynced()).toBe(0);
  });

  it('everysec: after an fsync that failed bio writes until a rewrite has made good for it', () => {
    const log = start('everysec');
    log.log(3);
    log.turn.write();
    log.files.fail('fsyncLater', 'EIO');
    vi.advanceTimersByTime(1000);
    log.files.finish();
    expect(log.turnReader.mode).toBe(MODE_BIO);
    log.log(1);
    log.endTurn();
    expect(log.written()).toBe(4);
    log.startRewrite();
    log.endRewrite();
    expect(log.turnReader.mode).toBe(MODE_TURN);
    expect(numbersIn(log.files)).toEqual(upTo(4));
  });
});
