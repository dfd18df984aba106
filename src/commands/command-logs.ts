/**
 * The logs of remarkable commands: the slow ones (SLOWLOG), those with a large request and those with a large reply (COMMANDLOG).
 *
 * An entry keeps what is needed to know the command again, not all of it: at most 32 arguments of at most 128 bytes. What a log may hold is
 * bounded by its length directive. Who looks when is for the executor to decide (../executor/command-watch.ts); here entries are made and kept.
 */
import { stringFromBytes } from '../base/bytes.ts';
import { decimalLength } from '../resp/reply-writer.ts';
import type { Command } from './define.ts';
import { redactedFrom } from './redaction.ts';
import type { Session } from './session.ts';

export const SLOW = 0;
export const LARGE_REQUEST = 1;
export const LARGE_REPLY = 2;
/** Which of the logs. */
export type LogKind = typeof SLOW | typeof LARGE_REQUEST | typeof LARGE_REPLY;

const ARGUMENTS_MAX = 32;
const ARGUMENT_BYTES_MAX = 128;

export interface CommandLogEntry {
  readonly id: number;
  /** Unix time in seconds. */
  readonly second: number;
  /** Microseconds, or bytes of the request or of the reply. */
  readonly amount: number;
  /** latin1 texts. */
  readonly arguments: readonly string[];
  readonly address: string;
  readonly clientName: string;
}

/** A command that ran: where its arguments are, and who sent it. A Call is one. */
export interface CommandSight {
  readonly bytes: Uint8Array;
  readonly spans: Int32Array;
  /** Index in spans of the start of argument 0. */
  readonly base: number;
  readonly argc: number;
  readonly command: Command;
  readonly session: Session;
}

class CommandLog {
  /** From this amount on a command gets an entry; Infinity: none does. */
  threshold = Infinity;
  private lengthMax = 0;
  /** The newest first. */
  private readonly entries: CommandLogEntry[] = [];
  private nextId = 0;

  get length(): number {
    return this.entries.length;
  }

  /** At most `count` entries, the newest first. */
  newest(count: number): readonly CommandLogEntry[] {
    return this.entries.slice(0, count);
  }

  /** How many entries it may have. */
  setLength(lengthMax: number): void {
    this.lengthMax = lengthMax;
    if (this.entries.length > lengthMax) this.entries.length = lengthMax;
  }

  add(entry: Omit<CommandLogEntry, 'id'>): void {
    this.entries.unshift({ id: this.nextId++, ...entry });
    if (this.entries.length > this.lengthMax) this.entries.length = this.lengthMax;
  }

  reset(): void {
    this.entries.length = 0;
  }
}

export class CommandLogs {
  private readonly logs = [new CommandLog(), new CommandLog(), new CommandLog()] as const;

  of(kind: LogKind): CommandLog {
    return this.logs[kind];
  }

  /** Notes a command if the amount is one that its log wants to know. `remark` becomes one argument more. */
  note(kind: LogKind, amount: number, sight: CommandSight, nowMs: number, remark = ''): void {
    const log = this.logs[kind];
    if (amount < log.threshold) return;
    const texts = trimmedArguments(sight);
    if (remark !== '') texts.push(remark);
    log.add({
      second: Math.floor(nowMs / 1000),
      amount,
      arguments: texts,
      address: sight.session.address,
      clientName: sight.session.name,
    });
  }
}

/** The arguments as an entry shows them: the first ones, each cut, what is secret left out. */
export function trimmedArguments({ argc, base, bytes, command, spans }: CommandSight): string[] {
  const isSecret = redactedFrom(command.fullName, argc, (i) =>
    stringFromBytes(bytes, spans[base + 2 * i], spans[base + 2 * i + 1]),
  );
  const shown = argc > ARGUMENTS_MAX ? ARGUMENTS_MAX - 1 : argc;
  const texts: string[] = [];
  for (let i = 0; i < shown; i++) {
    const start = spans[base + 2 * i];
    texts.push(isSecret(i) ? '(redacted)' : trimmed(bytes, start, spans[base + 2 * i + 1]));
  }
  if (shown < argc) texts.push(`... (${argc - shown} more arguments)`);
  return texts;
}

/** Bytes of the command as an array of bulk strings, which nearly all clients send. */
export function requestBytes({ argc, base, spans }: CommandSight): number {
  let sum = 3 + decimalLength(argc);
  for (let i = 0; i < argc; i++) {
    const size = spans[base + 2 * i + 1] - spans[base + 2 * i];
    sum += 5 + decimalLength(size) + size;
  }
  return sum;
}

function trimmed(bytes: Uint8Array, start: number, end: number): string {
  const more = end - start - ARGUMENT_BYTES_MAX;
  if (more <= 0) return stringFromBytes(bytes, start, end);
  return `${stringFromBytes(bytes, start, start + ARGUMENT_BYTES_MAX)}... (${more} more bytes)`;
}
