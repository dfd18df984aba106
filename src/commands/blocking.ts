/**
 * Commands that wait for a key: BLPOP and its relatives, BZPOPMIN, XREAD BLOCK.
 *
 * A handler that finds nothing calls blockOnKeys() and replies nothing. When one of the keys comes to be, the whole command is run
 * again for each client that waits for it, in the order in which they began to wait; one that finds nothing again keeps its place.
 * So a handler needs no second version of itself, and what it does is propagated as what it then does. Keys that come to be are seen
 * by the keyspace (Database.insert()); only a stream, which one can wait for though it exists, must say so: signalReady().
 */
import { parseDouble } from '../base/double.ts';
import { int64, int64ToNumber, parseInt64 } from '../base/int64.ts';
import { parseLongDouble } from '../base/long-double.ts';
import type { Database } from '../keyspace/database.ts';
import * as errors from '../resp/errors.ts';
import type { ReplyWriter } from '../resp/reply-writer.ts';
import type { Call } from './call.ts';

const TIMEOUT_NOT_FLOAT = 'ERR timeout is not a float or out of range';
export const TIMEOUT_NEGATIVE = 'ERR timeout is negative';
const TIMEOUT_RANGE = 'ERR timeout is out of range';

/** What the executor does for blocking commands. */
export interface Blocking {
  /** See blockOnKeys(). */
  block(
    call: Call,
    keys: readonly number[],
    type: number,
    timeoutMs: number,
    onTimeout: TimeoutReply,
    options: WaitOptions,
  ): void;
  /** While a command is run again, what blockOnKeys() was told to remember when it began to wait; else null. */
  readonly memo: Int32Array | null;
  /** Ends a session's wait as if its time were up, or with an error. False when it does not wait. */
  unblock(sessionId: number, withError: boolean): boolean;
  /** Whether a session waits. */
  has(sessionId: number): boolean;
  /** Clients that wait; those of them whose wait has an end; keys they wait for. */
  readonly count: number;
  readonly timedCount: number;
  readonly keyCount: number;
  /** Those of them that somebody waits for who wants to know when they are gone. */
  readonly keysUntilGone: number;
}

export type TimeoutReply = (reply: ReplyWriter) => void;

export interface WaitOptions {
  /** The command is run again, too, when a key that it waits for is no longer there or of another type. */
  readonly untilGone?: boolean;
  /** What the command has to know when it is run again: see Blocking.memo. */
  readonly memo?: Int32Array;
}

const NO_OPTIONS: WaitOptions = {};

/**
 * Keeps the session of the call waiting for one of its keys. `keys` are argument indexes, `type` is the type of value it waits for,
 * `timeoutMs` is 0 for ever. Where waiting is not allowed (inside MULTI) `onTimeout` replies at once. The handler returns right after.
 */
export function blockOnKeys(
  call: Call,
  keys: readonly number[],
  type: number,
  timeoutMs: number,
  onTimeout: TimeoutReply,
  options: WaitOptions = NO_OPTIONS,
): void {
  call.server.blocking.block(call, keys, type, timeoutMs, onTimeout, options);
}

/** The argument indexes first, first + 1, ..., last. */
export function keyRange(first: number, last: number): number[] {
  const keys: number[] = [];
  for (let i = first; i <= last; i++) keys.push(i);
  return keys;
}

/**
 * The timeout in argument `index`, seconds with a fraction, as milliseconds; -1 after an error reply. To Redis 7.0 one that is more than
 * 64 bits of milliseconds is negative, and one that only overflows once the time of day is added is none.
 */
export function readTimeout(call: Call, index: number): number {
  const seconds = readSeconds(call, index);
  if (Number.isNaN(seconds)) return refuse(call, TIMEOUT_NOT_FLOAT);
  const ms = Math.ceil(seconds * 1000);
  const { is72, nowMs } = call.server;
  if (ms < 0 || (!is72 && ms >= 2 ** 63)) return refuse(call, TIMEOUT_NEGATIVE);
  if (is72 && ms + nowMs > 2 ** 63) return refuse(call, TIMEOUT_RANGE);
  // Less than a millisecond below zero is rounded up to -0.
  return Math.abs(ms);
}

/** Argument `index` as a number. Redis reads a long double: what a double cannot hold is infinite, or next to nothing. NaN if it is none. */
function readSeconds(call: Call, index: number): number {
  const seconds = parseDouble(call.bytes, call.start(index), call.end(index));
  if (!Number.isNaN(seconds)) return seconds;
  const long = parseLongDouble(call.bytes, call.start(index), call.end(index));
  if (long === null) return Number.NaN;
  return (long.exponent > 0 ? Infinity : Number.MIN_VALUE) * (long.negative ? -1 : 1);
}

/**
 * The timeout in argument `index`, whole milliseconds; -1 after an error reply. Under 7.0 it may be so long that it overflows with the time
 * of day added.
 */
export function readTimeoutMs(call: Call, index: number): number {
  if (!parseInt64(call.bytes, call.start(index), call.end(index)))
    return refuse(call, errors.TIMEOUT_NOT_INTEGER);
  if (int64.hi < 0) return refuse(call, TIMEOUT_NEGATIVE);
  const ms = int64ToNumber(int64.hi, int64.lo);
  if (call.server.is72 && ms + call.server.nowMs >= 2 ** 63) return refuse(call, TIMEOUT_RANGE);
  return ms;
}

function refuse(call: Call, text: string): -1 {
  call.reply.error(text);
  return -1;
}

/** Says that a key that existed already has got something that a client may wait for. */
export function signalReady(db: Database, hash: number, address: number): void {
  if (db.keyspace.onReady !== null) db.keyspace.onReady(db, hash, address);
}
