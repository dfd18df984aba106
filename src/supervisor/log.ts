/**
 * The server's log: pino underneath, Redis's line layout on top.
 *
 *   12345:M 21 Nov 2026 07:48:03.123 * Ready to accept connections
 *   pid:role date level message          level: . debug, - verbose, * notice, # warning
 *
 * With `log-format json` the lines are pino's own. An empty logfile is standard output. Pino is loaded with the first line, because that
 * takes time: main starts its threads first.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { DestinationStream, Logger } from 'pino';

export type Level = 'debug' | 'verbose' | 'notice' | 'warning';

const PINO_LEVELS: Record<Level, string> = {
  debug: 'debug',
  verbose: 'verbose',
  notice: 'info',
  warning: 'warn',
};
const MARKS: Record<number, string> = { 20: '.', 25: '-', 30: '*', 40: '#' };
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export interface LogOptions {
  level: string;
  /** Path; empty for standard output. */
  file: string;
  format: string;
  loadPino: () => typeof import('pino');
}

export class ServerLog {
  private readonly loadPino: LogOptions['loadPino'];
  private readonly sink: DestinationStream;
  private level: string;
  private made: Logger<'verbose'> | null = null;

  /** Throws when the file cannot be opened. */
  constructor(options: LogOptions) {
    const sink = sinkOf(options.file);
    this.loadPino = options.loadPino;
    this.level = pinoLevel(options.level);
    this.sink = options.format === 'json' ? sink : { write: (line) => sink.write(redisLine(line)) };
  }

  /** Writes at once: a line is on its way to the kernel when this returns. */
  write(level: Level, message: string): void {
    const method = PINO_LEVELS[level] as 'info' | 'warn' | 'debug' | 'verbose';
    this.logger[method](message);
  }

  setLevel(level: string): void {
    this.level = pinoLevel(level);
    if (this.made !== null) this.made.level = this.level;
  }

  private get logger(): Logger<'verbose'> {
    this.made ??= this.loadPino().pino(
      { level: this.level, customLevels: { verbose: 25 }, base: { pid: process.pid, role: 'M' } },
      this.sink,
    );
    return this.made;
  }
}

function pinoLevel(level: string): string {
  return level === 'nothing' ? 'silent' : (PINO_LEVELS[level as Level] ?? 'info');
}

/** Throws when the file cannot be opened. As Redis does, the file is opened for each line, so it can be rotated. */
function sinkOf(file: string): DestinationStream {
  if (file === '') return { write: (line) => writeAll(1, line) };
  closeSync(openSync(file, 'a'));
  return {
    write(line) {
      const fd = openSync(file, 'a');
      writeAll(fd, line);
      closeSync(fd);
    },
  };
}

function writeAll(fd: number, line: string): void {
  try {
    writeSync(fd, line);
  } catch {
    // A full pipe or a closed terminal must not stop the server.
  }
}

function redisLine(json: string): string {
  const { level, time, pid, role, msg } = JSON.parse(json);
  return `${pid}:${role} ${stamp(new Date(time))} ${MARKS[level] ?? '*'} ${msg}\n`;
}

function stamp(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${two(date.getDate())} ${MONTHS[date.getMonth()]} ${date.getFullYear()}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
