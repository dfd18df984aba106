/** What SLOWLOG and COMMANDLOG have in common: their GET, LEN and RESET are the same but for the log. */
import { parseSafeInteger } from '../../base/int64.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import type { CommandLogEntry, LogKind } from '../command-logs.ts';

const COUNT_USUAL = 10;

/** Replies the newest entries of a log: as many as argument `index` says, ten without it. */
export function replyEntries(call: Call, kind: LogKind, index: number): void {
  const count = readCount(call, index);
  if (count < 0) {
    call.reply.error(errors.LOG_COUNT);
    return;
  }
  const entries = call.server.commandLogs.of(kind).newest(count);
  call.reply.array(entries.length);
  for (const entry of entries) replyEntry(call, entry);
}

/** The count, Infinity for -1; -1 when it is none. */
function readCount(call: Call, index: number): number {
  if (index >= call.argc) return COUNT_USUAL;
  const count = parseSafeInteger(call.bytes, call.start(index), call.end(index));
  if (count === -1) return Infinity;
  return count >= 0 ? count : -1;
}

function replyEntry({ reply }: Call, entry: CommandLogEntry): void {
  reply.array(6);
  reply.integer(entry.id);
  reply.integer(entry.second);
  reply.integer(entry.amount);
  reply.array(entry.arguments.length);
  for (const text of entry.arguments) reply.bulkText(text);
  reply.bulkText(entry.address);
  reply.bulkText(entry.clientName);
}

export function replyLength(call: Call, kind: LogKind): void {
  call.reply.integer(call.server.commandLogs.of(kind).length);
}

export function resetLog(call: Call, kind: LogKind): void {
  call.server.commandLogs.of(kind).reset();
  call.reply.ok();
}
