/**
 * What the log gets of a command, as commands see it: ../persistence/aof/command-log.ts writes it.
 *
 * A write command that changed something is logged as it came, unless its effect depends on the time, on chance or on what the server
 * does by itself: then it is logged as what it did, with absolute times (./effects.ts). A handler that alone knows what it did says so
 * through Call.log, which is null while nothing is logged:
 *
 *     if (call.log !== null) { call.log.begin(3); call.log.word('SREM'); call.log.argument(call, 1); call.log.bytes(...) }
 *
 * begin() means that the command itself is not logged. Several entries of one command are one transaction in the log.
 */
import type { Call } from './call.ts';

export interface Propagation {
  /** Begins an entry of `argc` arguments, in the place of the command under way. */
  begin(argc: number): void;
  /** The command under way, as it came, whether it has changed something or not. */
  asItCame(call: Call): void;
  word(text: string): void;
  /** Argument `index` of the call. */
  argument(call: Call, index: number): void;
  bytes(bytes: Uint8Array, start: number, end: number): void;
  integer(value: number): void;
  /** The command under way changed nothing that others need to know. */
  nothing(): void;
}

/** Logs a pop from the key of argument `key`: as a command that names no other key and does not wait. */
export function logPop(call: Call, log: Propagation, command: string, key: number, count?: number): void {
  log.begin(count === undefined ? 2 : 3);
  log.word(command);
  log.argument(call, key);
  if (count !== undefined) log.integer(count);
}
