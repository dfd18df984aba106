/** Bio's part of the append only file on files that write half, run full, fail, and forget. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FsyncPolicy } from '../../../src/persistence/aof/appender.ts';
import {
  LOG_FSYNCED,
  LOG_FSYNCS_DELAYED,
  LOG_FSYNCS_RUNNING,
  readPosition,
} from '../../../src/ring/log-ring.ts';
import { seededRandom } from '../base/seeded-random.ts';
import { entry, Fatal, LogHarness, NAMES, numbersIn, upTo } from './log-harness.ts';
import { MemoryFiles, type Operation } from './memory-files.ts';

const POLICIES: FsyncPolicy[] = ['always', 'everysec', 'no'];
const INCREMENT = 'dir/a.aof.1.incr.aof';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const start = (policy: FsyncPolicy, files = new MemoryFiles()) => new LogHarness(files, policy).open();

describe('writing', () => {
  it.each(POLICIES)('%s: goes on after a write that took less than it was given', (policy) => {
    const log = start(policy);
    log.files.short = 7;
    log.log(40);
    log.appender.drain();
    expect(log.written()).toBe(40);
    expect(log.files.text(INCREMENT)).toBe(upTo(40).map(entry).join(''));
    expect(log.appender.size).toBe(log.files.text(INCREMENT).length);
  });

  it.each(['ENOSPC', 'EIO'])('always: %s ends the process, and nothing is acknowledged', (code) => {
    const log = start('always');
    log.log(3);
    log.appender.drain();
    expect(log.fsynced()).toBe(3);
    const before = readPosition(log.control, LOG_FSYNCED);
    log.files.fail('write', code);
    log.log(2);
    expect(() => log.appender.drain()).toThrow(Fatal);
    expect(readPosition(log.control, LOG_FSYNCED)).toBe(before);
  });

  it('always: an fsync that fails ends the process, and nothing is acknowledged', () => {
    const log = start('always');
    log.log(3);
    log.files.fail('fsync', 'EIO');
    expect(() => log.appender.drain()).toThrow(Fatal);
    expect(log.fsynced()).toBe(0);
  });

  it.each(['everysec', 'no'] as const)('%s: a full disk is tried again until there is room', (policy) => {
    const log = start(policy);
    log.files.room = 1000;
    log.log(60);
    log.appender.drain();
    expect(log.state.error?.code).toBe('ENOSPC');
    expect(log.appender.isStuck).toBe(true);
    vi.advanceTimersByTime(500);
    expect(log.state.error?.code).toBe('ENOSPC');
    log.log(10);
    log.files.room = 500;
    vi.advanceTimersByTime(500);
    expect(log.state.error?.code).toBe('ENOSPC');
    log.files.room = 1 << 20;
    vi.advanceTimersByTime(500);
    expect(log.state).toEqual({ error: null, unsure: false });
    expect(log.written()).toBe(70);
    expect(log.files.text(INCREMENT)).toBe(upTo(70).map(entry).join(''));
    expect(log.logged.filter((line) => /looks solved/.test(line))).toHaveLength(1);
  });

  it('a new file cannot begin while the one before lacks something', () => {
    const log = start('everysec');
    log.files.room = 100;
    log.log(10);
    expect(() => log.startRewrite()).toThrow('ENOSPC');
    log.files.room = 1 << 20;
    log.startRewrite();
    log.endRewrite();
    expect(numbersIn(log.files)).toEqual(upTo(10));
  });

  it('appending that ends while the disk is full leaves nothing that waits, and nothing for the next file', () => {
    const log = start('everysec');
    log.log(5);
    log.appender.drain();
    log.files.room = 0;
    log.log(5);
    log.appender.drain();
    log.appender.close();
    expect(log.state.error).toBeNull();
    expect(log.fsynced()).toBe(10);
    log.files.room = 1 << 20;
    vi.advanceTimersByTime(2000);
    expect(numbersIn(log.files)).toEqual(upTo(5));
    log.appender.forget(NAMES);
    log.startRewrite();
    log.log(2);
    log.appender.drain();
    log.endRewrite();
    expect(numbersIn(log.files)).toEqual(upTo(12));
    log.appender.close();
    expect(log.files.openCount).toBe(0);
  });
});

describe('fsync', () => {
  it('everysec: is done once a second beside the writing, and covers what was written when it began', () => {
    const log = start('everysec');
    log.log(3);
    log.appender.drain();
    vi.advanceTimersByTime(1000);
    expect(log.files.pending).toHaveLength(1);
    log.log(2);
    log.appender.drain();
    vi.advanceTimersByTime(3000);
    expect(log.files.pending).toHaveLength(1);
    expect(log.fsynced()).toBe(0);
    log.files.finish();
    expect(log.fsynced()).toBe(3);
    vi.advanceTimersByTime(1000);
    log.files.finish();
    expect(log.fsynced()).toBe(5);
    vi.advanceTimersByTime(5000);
    expect(log.files.pending).toHaveLength(0);
  });

  it.each(POLICIES)('%s: what is on the disk, and only that, is dropped from the page cache', (policy) => {
    const log = start(policy);
    const grow = () => {
      for (let i = 0; i < 400; i++) {
        log.log(150);
        log.endTurn();
      }
    };
    grow();
    const size = log.files.text(INCREMENT).length;
    expect(size).toBeGreaterThan(9 << 20);
    vi.advanceTimersByTime(1000);
    if (policy === 'everysec') expect(log.dropped).toEqual([]);
    log.files.finish();
    vi.advanceTimersByTime(1000);
    const first = log.file!;
    expect(log.dropped).toEqual(policy === 'no' ? [] : [[first, 0, 8 << 20]]);
    log.dropped.length = 0;
    // Of the next file what is in it, not what was in the log before.
    log.appender.startIncrement();
    grow();
    vi.advanceTimersByTime(1000);
    log.files.finish();
    vi.advanceTimersByTime(1000);
    expect(log.file).not.toBe(first);
    expect(log.dropped).toEqual(policy === 'no' ? [] : [[log.file, 0, 8 << 20]]);
  });

  it('everysec: one under way is counted, and what waits for it longer than two seconds', () => {
    const log = start('everysec');
    const told = () => [log.control[LOG_FSYNCS_RUNNING], log.control[LOG_FSYNCS_DELAYED]];
    log.log(3);
    log.appender.drain();
    expect(told()).toEqual([0, 0]);
    vi.advanceTimersByTime(1000);
    expect(told()).toEqual([1, 0]);
    // Nothing more has been written: nothing waits.
    vi.advanceTimersByTime(4000);
    expect(told()).toEqual([1, 0]);
    log.log(2);
    log.appender.drain();
    vi.advanceTimersByTime(1000);
    expect(told()).toEqual([1, 0]);
    vi.advanceTimersByTime(1000);
    expect(told()).toEqual([1, 1]);
    vi.advanceTimersByTime(2000);
    expect(told()).toEqual([1, 2]);
    log.files.finish();
    expect(told()).toEqual([0, 2]);
    vi.advanceTimersByTime(1000);
    expect(told()).toEqual([1, 2]);
    log.files.finish();
    expect(told()).toEqual([0, 2]);
  });

  it('no: is left to the system', () => {
    const log = start('no');
    const { fsyncs } = log.files;
    log.log(3);
    log.appender.drain();
    vi.advanceTimersByTime(5000);
    expect(log.files.fsyncs).toBe(fsyncs);
  });

  it('everysec: one that failed is not tried again; a rewrite makes good for it', () => {
    const log = start('everysec');
    log.log(3);
    log.appender.drain();
    log.files.fail('fsyncLater', 'EIO');
    vi.advanceTimersByTime(1000);
    log.files.finish();
    expect(log.state).toMatchObject({ error: { code: 'EIO' }, unsure: true });
    const { fsyncs } = log.files;
    log.log(2);
    log.appender.drain();
    vi.advanceTimersByTime(5000);
    log.files.finish();
    expect(log.files.fsyncs).toBe(fsyncs);
    expect(log.fsynced()).toBe(0);
    log.startRewrite();
    log.log(1);
    log.appender.drain();
    expect(log.state.unsure).toBe(true);
    log.endRewrite();
    expect(log.state).toEqual({ error: null, unsure: false });
    vi.advanceTimersByTime(1000);
    log.files.finish();
    expect(log.fsynced()).toBe(6);
    expect(numbersIn(log.files.crash(() => 0))).toEqual(upTo(6));
  });

  it('everysec: a rewrite that was under way already when one failed does not make good for it', () => {
    const log = start('everysec');
    log.startRewrite();
    log.log(3);
    log.appender.drain();
    log.files.fail('fsyncLater', 'EIO');
    vi.advanceTimersByTime(1000);
    log.files.finish();
    log.endRewrite();
    expect(log.state.unsure).toBe(true);
    log.startRewrite();
    log.endRewrite();
    expect(log.state.unsure).toBe(false);
  });

  it.each(POLICIES)(
    '%s: one that is under way when the file changes hands keeps its descriptor',
    (policy) => {
      const log = start('everysec');
      log.log(3);
      log.appender.drain();
      vi.advanceTimersByTime(1000);
      expect(log.files.pending).toHaveLength(1);
      log.appender.setPolicy(policy);
      log.startRewrite();
      log.endRewrite();
      log.log(1);
      log.appender.drain();
      log.files.finish();
      log.files.finish();
      expect(log.files.misused).toEqual([]);
      expect(log.files.openCount).toBe(1);
      log.appender.setPolicy('always');
      expect(log.fsynced()).toBe(4);
      log.appender.close();
      expect(log.files.openCount).toBe(0);
      expect(numbersIn(log.files.crash(() => 0))).toEqual(upTo(4));
    },
  );

  it('appendfsync can change at any time: always covers at once what was written before', () => {
    const log = start('no');
    log.log(3);
    log.appender.drain();
    log.startRewrite();
    log.log(2);
    log.appender.drain();
    expect(log.fsynced()).toBe(0);
    log.appender.setPolicy('always');
    expect(log.fsynced()).toBe(5);
    expect(numbersIn(log.files.crash(() => 0))).toEqual(upTo(5));
    log.files.finish();
    expect(log.files.misused).toEqual([]);
  });
});

describe('files that change hands', () => {
  it('everysec: what has been written is on the disk before they do, and what comes meanwhile too, while others write', () => {
    const log = start('everysec');
    let over = 0;
    log.log(10);
    log.endTurn();
    log.appender.settle(() => over++);
    log.log(5);
    log.endTurn();
    log.files.finish();
    expect([log.fsynced(), over]).toEqual([10, 0]);
    log.log(2);
    log.endTurn();
    log.files.finish();
    expect([log.fsynced(), over]).toEqual([15, 1]);
    // Two are left, for which the executor waits.
    log.startRewrite();
    expect(log.fsynced()).toBe(17);
    log.appender.settle(() => over++);
    expect(over).toBe(2);
  });

  it('everysec: an fsync that fails before they do is over, too, and is not tried again', () => {
    const log = start('everysec');
    let over = 0;
    log.log(10);
    log.endTurn();
    log.appender.settle(() => over++);
    log.files.fail('fsyncLater', 'EIO');
    log.files.finish();
    expect([log.fsynced(), over, log.state.unsure]).toEqual([0, 1, true]);
    const { fsyncs } = log.files;
    log.appender.settle(() => over++);
    expect([log.files.fsyncs, over]).toEqual([fsyncs, 2]);
  });

  it.each(POLICIES)('%s: others write while a rewritten base is adopted', (policy) => {
    const log = start(policy);
    log.log(10);
    log.endTurn();
    log.startRewrite();
    const seen: number[] = [];
    log.endRewrite(() => {
      log.log(3);
      log.turn.write();
      seen.push(log.written());
    });
    // The base, the manifest, and the manifest without what is history.
    expect(seen).toEqual([13, 16, 19]);
    expect(numbersIn(log.files)).toEqual(upTo(19));
    const { base, increments } = log.appender.manifest;
    const files = [base!, ...increments].map(({ name }) => log.files.text(`dir/${name}`));
    expect(log.appender.size).toBe(files.join('').length);
  });

  const STEPS: [Operation, RegExp][] = [
    ['open', /incr/],
    ['open', /manifest/],
    ['write', /./],
    ['fsync', /./],
    ['rename', /manifest/],
  ];

  it.each(STEPS)(
    'a file of changes that cannot be begun (%s %s): the old one goes on',
    (operation, match) => {
      const log = start('no');
      log.log(3);
      log.appender.drain();
      log.files.fail(operation, 'EIO', 1, match);
      expect(() => log.startRewrite()).toThrow('EIO');
      log.log(2);
      log.appender.drain();
      expect(numbersIn(log.files)).toEqual(upTo(5));
      log.startRewrite();
      log.log(1);
      log.appender.drain();
      expect(numbersIn(log.files)).toEqual(upTo(6));
      log.endRewrite();
      expect(numbersIn(log.files)).toEqual(upTo(6));
      expect(log.files.list('dir')).toHaveLength(3);
    },
  );

  const BASE_STEPS: [Operation, RegExp][] = [
    ['rename', /base\.rdb$/],
    ['open', /manifest/],
    ['rename', /manifest/],
  ];

  it.each(BASE_STEPS)('a base that cannot be adopted (%s %s): what was there is used', (operation, match) => {
    const log = start('everysec');
    log.log(3);
    log.startRewrite();
    log.log(2);
    log.appender.drain();
    log.files.fail(operation, 'EIO', 1, match);
    expect(() => log.endRewrite()).toThrow('EIO');
    for (let seed = 0; seed < 10; seed++) {
      const after = log.files.crash((n) => (seed * 7) % n);
      expect(numbersIn(after).slice(0, 3)).toEqual(upTo(3));
    }
    expect(numbersIn(log.files)).toEqual(upTo(5));
    log.log(2);
    log.startRewrite();
    log.log(1);
    log.endRewrite();
    log.appender.drain();
    expect(numbersIn(log.files)).toEqual(upTo(8));
    expect(log.files.list('dir')).toHaveLength(3);
    expect(log.files.exists('temp-base')).toBe(false);
  });

  it('a directory that cannot be fsynced: either manifest may be left, and both are true', () => {
    const log = start('everysec');
    log.log(3);
    log.files.fail('fsyncDirectoryOf', 'EIO', 1, /manifest/);
    log.startRewrite();
    expect(log.state.unsure).toBe(true);
    log.log(2);
    log.appender.drain();
    for (let seed = 0; seed < 10; seed++) {
      const found = numbersIn(log.files.crash((n) => (seed * 7) % n));
      expect(found).toEqual(upTo(Math.max(3, found.length)));
    }
    log.files.fail('fsyncDirectoryOf', 'EIO', 1, /manifest/);
    log.endRewrite();
    expect(log.state.unsure).toBe(true);
    for (let seed = 0; seed < 10; seed++) {
      const found = numbersIn(log.files.crash((n) => (seed * 7) % n));
      expect(found).toEqual(upTo(Math.max(3, found.length)));
    }
    log.startRewrite();
    log.endRewrite();
    expect(log.state.unsure).toBe(false);
    expect(log.files.list('dir')).toHaveLength(3);
    expect(numbersIn(log.files.crash(() => 0))).toEqual(upTo(5));
  });

  it('always: a directory that cannot be fsynced ends the process', () => {
    const log = start('always');
    log.log(3);
    log.files.fail('fsyncDirectoryOf', 'EIO', 1, /manifest/);
    expect(() => log.startRewrite()).toThrow(Fatal);
    for (let seed = 0; seed < 10; seed++) {
      expect(numbersIn(log.files.crash((n) => (seed * 7) % n))).toEqual(upTo(3));
    }
  });

  it('history that cannot be deleted is deleted the next time, or at the next start', () => {
    const log = start('everysec');
    log.log(3);
    log.files.fail('remove', 'EIO', 100);
    log.startRewrite();
    log.endRewrite();
    expect(log.files.list('dir').length).toBe(5);
    expect(numbersIn(log.files)).toEqual(upTo(3));
    log.appender.close();
    log.files.fail('remove', 'EIO', 0);
    const again = start('everysec', log.files);
    expect(log.files.list('dir').length).toBe(3);
    expect(numbersIn(again.files)).toEqual(upTo(3));
  });

  it('a new begin leaves the files of before alone until there is a base', () => {
    const log = start('everysec');
    log.log(3);
    log.appender.close();
    log.count += 4;
    log.appender.forget(NAMES);
    log.startRewrite();
    log.log(2);
    log.appender.drain();
    expect(numbersIn(log.files)).toEqual(upTo(3));
    log.endRewrite();
    expect(numbersIn(log.files)).toEqual(upTo(9));
    expect(log.files.list('dir')).toHaveLength(3);
  });

  it('main is told which file it is', () => {
    const log = start('everysec');
    expect(log.file).toBe(INCREMENT);
    log.startRewrite();
    expect(log.file).toBe('dir/a.aof.2.incr.aof');
    log.appender.close();
    expect(log.file).toBeNull();
  });
});

describe('a machine that dies', () => {
  const FAILURES: Operation[] = [
    'open',
    'write',
    'fsync',
    'fsyncLater',
    'fsyncDirectoryOf',
    'rename',
    'remove',
  ];

  it.each(POLICIES)('%s: finds again what it was promised, whole and in order', (policy) => {
    const random = seededRandom(`appender ${policy}`);
    let files = new MemoryFiles();
    let count = 0;
    let crashes = 0;
    for (let life = 0; life < 400; life++) {
      const log = new LogHarness(files, policy, count);
      const before = count;
      let rewriting = false;
      const attempt = (work: () => void) => {
        try {
          work();
          return true;
        } catch (error) {
          if (error instanceof Fatal) throw error;
          return false;
        }
      };
      try {
        log.open();
        const steps = random.below(60);
        for (let step = 0; step < steps; step++) {
          const what = random.below(13);
          if (what < 5) log.log(random.below(8));
          else if (what === 5) vi.advanceTimersByTime(random.below(1500));
          else if (what === 6) files.finish();
          else if (what === 7) files.short = random.below(2) === 0 ? 1 + random.below(50) : 1 << 20;
          else if (what === 8 && life % 2 === 0)
            files.fail(random.pick(FAILURES), 'EIO', 1 + random.below(2));
          else if (what === 9 && !rewriting) rewriting = attempt(() => log.startRewrite());
          else if (what === 10 && rewriting) {
            const meanwhile = () => {
              log.log(random.below(4));
              log.turn.write();
            };
            attempt(() => log.endRewrite(meanwhile));
            rewriting = false;
          } else if (what === 11) log.appender.settle(() => {});
          const who = random.below(6);
          if (who < 2) log.appender.drain();
          else if (who < 4) log.endTurn();
        }
      } catch (error) {
        if (!(error instanceof Fatal)) throw error;
      }
      const promised = policy === 'no' ? 0 : log.fsynced(before);
      expect(files.misused).toEqual([]);
      vi.clearAllTimers();
      // Under `no` files may be torn anywhere but at their end: then only the process dies.
      const machine = policy !== 'no' && random.below(2) === 0 && !log.state.unsure;
      const written = log.written(before);
      if (machine) files = files.crash(random.below);
      else {
        const same = new MemoryFiles();
        for (const [path, file] of files.names) same.put(path, file.bytes);
        files = same;
      }
      const found = numbersIn(files);
      crashes++;
      expect(found).toEqual(upTo(found.length));
      expect(found.length).toBeGreaterThanOrEqual(machine ? promised : written);
      expect(found.length).toBeLessThanOrEqual(log.count);
      count = found.length;
      if (count > 500) {
        files = new MemoryFiles();
        count = 0;
      }
    }
    expect(crashes).toBe(400);
  });
});
