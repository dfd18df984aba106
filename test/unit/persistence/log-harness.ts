/** An appender on files in memory, with a log whose entries are numbered commands: what a restart finds can be counted. */
import { Appender, type AppenderState, type FsyncPolicy } from '../../../src/persistence/aof/appender.ts';
import { loadAofFiles } from '../../../src/persistence/aof/load-files.ts';
import { AofNames } from '../../../src/persistence/aof/manifest.ts';
import { TurnWriter } from '../../../src/persistence/aof/turn-writer.ts';
import {
  createLogMemory,
  LOCK_TURN,
  LOG_FSYNCED,
  LOG_WRITTEN,
  LogReader,
  LogWriter,
  MODE_BIO,
  readPosition,
} from '../../../src/ring/log-ring.ts';
import { MemoryFiles } from './memory-files.ts';

export const NAMES = new AofNames('dir', 'a.aof');

export class Fatal extends Error {}

/** Command number n, of some size that follows from it. */
export function entry(n: number): string {
  const value = 'v'.repeat((n * 37) % 300);
  return `*3\r\n$3\r\nSET\r\n$${String(n).length}\r\n${n}\r\n$${value.length}\r\n${value}\r\n`;
}

export class LogHarness {
  readonly files: MemoryFiles;
  readonly memory = createLogMemory(1 << 16);
  readonly writer = new LogWriter(this.memory);
  readonly appender: Appender;
  /** Who writes from the io worker's thread. */
  readonly turn: TurnWriter;
  readonly turnReader = new LogReader(this.memory, LOCK_TURN);
  readonly control = new Int32Array(this.memory.control);
  state: AppenderState = { error: null, unsure: false };
  /** What the page cache was told to forget: file, start, end. */
  readonly dropped: [file: string, start: number, end: number][] = [];
  readonly logged: string[] = [];
  file: string | null = null;
  /** Entries so far, and where each ends in the log. */
  count: number;
  private readonly ends: [number: number, position: number][] = [];
  private rewritten = 0;

  constructor(files: MemoryFiles, policy: FsyncPolicy, count = 0) {
    this.files = files;
    this.count = count;
    this.appender = new Appender({
      files,
      reader: new LogReader(this.memory),
      turnWriter: true,
      onProgress: () => {},
      onState: (state) => {
        this.state = state;
      },
      onFile: (path) => {
        this.file = path;
      },
      log: (_level, message) => this.logged.push(message),
      fatal(message) {
        throw new Fatal(message);
      },
      openCached: (path) => ({
        drop: (start, end) => this.dropped.push([path, start, end]),
        close: () => {},
      }),
    });
    this.appender.policy = policy;
    this.turn = new TurnWriter({ files, reader: this.turnReader, onProgress: () => {}, onTime: () => {} });
  }

  /** As bio does at the start. */
  open(): this {
    this.appender.readManifest(NAMES);
    if (this.appender.manifest.base === null && this.appender.manifest.increments.length === 0) {
      this.appender.beginWith(true, (name) => this.writeFile(NAMES.path(name), ''));
    }
    this.appender.open(0);
    return this;
  }

  writeFile(path: string, text: string): void {
    const { files } = this;
    files.short = Number.MAX_SAFE_INTEGER;
    const fd = files.open(`${path}.part`, 'w');
    try {
      const bytes = Buffer.from(text);
      for (let done = 0; done < bytes.length; ) done += files.write(fd, bytes, done, bytes.length - done);
      files.fsync(fd);
    } finally {
      files.close(fd);
    }
    files.rename(`${path}.part`, path);
    files.fsyncDirectoryOf(path);
  }

  /** `count` more commands in the log. */
  log(count = 1): void {
    for (let i = 0; i < count; i++) {
      const bytes = Buffer.from(entry(this.count + 1));
      if (!this.writer.append(bytes, 0, bytes.length)) break;
      this.count++;
      this.ends.push([this.count, this.writer.position]);
    }
    this.writer.publish();
  }

  /** The end of an io worker's turn; bio does what is left to it. */
  endTurn(): void {
    this.turn.write();
    if (this.turn.waits || this.turnReader.mode === MODE_BIO) this.appender.drain();
  }

  /** The last command that lies before that position of the log. */
  private lastBefore(position: number, without: number): number {
    let last = without;
    for (const [number, end] of this.ends) if (end <= position) last = number;
    return last;
  }

  fsynced(before = 0): number {
    return this.lastBefore(readPosition(this.control, LOG_FSYNCED), before);
  }

  written(before = 0): number {
    return this.lastBefore(readPosition(this.control, LOG_WRITTEN), before);
  }

  /** Begins a rewrite. */
  startRewrite(): void {
    this.appender.drain();
    this.appender.startIncrement();
    this.rewritten = this.count;
  }

  /** Ends it: the base says what there was at the begin. `meanwhile` is done by another thread before each renaming. */
  endRewrite(meanwhile: () => void = () => {}): void {
    const { files } = this;
    let text = '';
    for (let n = 1; n <= this.rewritten; n++) text += entry(n);
    this.writeFile('temp-base', text);
    files.rename = (from, to) => {
      meanwhile();
      MemoryFiles.prototype.rename.call(files, from, to);
    };
    try {
      this.appender.adoptBase('temp-base');
    } finally {
      Reflect.deleteProperty(files, 'rename');
    }
  }
}

/** The numbers of the commands that a restart would run. Cuts the tail as a restart does. */
export function numbersIn(files: MemoryFiles): number[] {
  let text = '';
  const options = { directory: 'dir', file: 'a.aof', checksum: true, cutsTail: true, mustExist: false };
  loadAofFiles(files, options, {
    items() {},
    commands(bytes, size) {
      text += Buffer.from(bytes.subarray(0, size)).toString();
    },
    note() {},
  });
  return [...text.matchAll(/\$3\r\nSET\r\n\$\d+\r\n(\d+)\r\n/g)].map((match) => Number(match[1]));
}

export const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);
