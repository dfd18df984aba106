/**
 * The options that SET, GETEX and MSETEX share. Each takes some of them (`accepted`), in any order:
 *
 *   EX s | PX ms | EXAT s | PXAT ms | KEEPTTL | PERSIST      one kind, which may be repeated: the last one counts
 *   NX | XX | IFEQ v | IFNE v | IFDEQ d | IFDNE d            likewise
 *   GET
 *
 * Redis reads all options before it looks at any number in them, so a syntax error wins over a bad number: readOptions()
 * only notes where the time is, and readExpireOption() reads it.
 */
import { NO_EXPIRE } from '../../keyspace/database.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { readPositiveTime, time } from '../expire-time.ts';

export const ALWAYS = 0;
export const IF_MISSING = 1;
export const IF_PRESENT = 2;
export const IF_EQUAL = 3;
export const IF_NOT_EQUAL = 4;
export const IF_DIGEST_EQUAL = 5;
export const IF_DIGEST_NOT_EQUAL = 6;

export const NO_TTL = 0;
export const EX = 1;
export const PX = 2;
export const EXAT = 3;
export const PXAT = 4;
export const KEEPTTL = 5;
export const PERSIST = 6;

/** Bits of `accepted`. EX, PX, EXAT and PXAT are always. */
export const ACCEPT_PRESENCE = 1;
export const ACCEPT_COMPARISON = 2;
export const ACCEPT_GET = 4;
export const ACCEPT_KEEPTTL = 8;
export const ACCEPT_PERSIST = 16;

/** What the options of the call at hand say. */
export const options = {
  condition: ALWAYS,
  /** The argument to compare with, for IF_EQUAL and above. */
  comparand: 0,
  get: false,
  ttl: NO_TTL,
  /** The argument with the time, for EX to PXAT. */
  timeAt: 0,
};

/** Reads the options from argument `from` on; replies the error and returns false when they contradict each other. */
export function readOptions(call: Call, from: number, accepted: number): boolean {
  options.condition = ALWAYS;
  options.get = false;
  options.ttl = NO_TTL;
  for (let i = from; i < call.argc; ) {
    const size = readOption(call, i, accepted);
    if (size === 0) {
      call.reply.error(errors.SYNTAX);
      return false;
    }
    i += size;
  }
  return true;
}

/** How many arguments the option at `index` takes, itself included; 0 when it may not stand there. */
function readOption(call: Call, index: number, accepted: number): number {
  if ((accepted & ACCEPT_GET) !== 0 && call.is(index, 'GET')) {
    options.get = true;
    return 1;
  }
  const condition = conditionNamed(call, index, accepted);
  if (condition !== ALWAYS) return takeCondition(call, index, condition);
  return takeTtl(call, index, ttlNamed(call, index, accepted));
}

function takeTtl(call: Call, index: number, ttl: number): number {
  if (ttl === NO_TTL || (options.ttl !== NO_TTL && options.ttl !== ttl)) return 0;
  options.ttl = ttl;
  if (ttl >= KEEPTTL) return 1;
  options.timeAt = index + 1;
  return index + 1 < call.argc ? 2 : 0;
}

/** For a command with other options beside: EX, PX, EXAT, PXAT or PERSIST at `index`. How many arguments it takes; 0 when it may not stand there. */
export function readTtlOption(call: Call, index: number): number {
  return takeTtl(call, index, ttlNamed(call, index, ACCEPT_PERSIST));
}

function takeCondition(call: Call, index: number, condition: number): number {
  if (options.condition !== ALWAYS && options.condition !== condition) return 0;
  options.condition = condition;
  if (condition < IF_EQUAL) return 1;
  options.comparand = index + 1;
  return index + 1 < call.argc ? 2 : 0;
}

function conditionNamed(call: Call, index: number, accepted: number): number {
  if ((accepted & ACCEPT_PRESENCE) !== 0) {
    if (call.is(index, 'NX')) return IF_MISSING;
    if (call.is(index, 'XX')) return IF_PRESENT;
  }
  return (accepted & ACCEPT_COMPARISON) !== 0 ? comparisonNamed(call, index) : ALWAYS;
}

/** Which of IFEQ, IFNE, IFDEQ and IFDNE argument `index` is; ALWAYS when it is none. */
export function comparisonNamed(call: Call, index: number): number {
  if (call.is(index, 'IFEQ')) return IF_EQUAL;
  if (call.is(index, 'IFNE')) return IF_NOT_EQUAL;
  if (call.is(index, 'IFDEQ')) return IF_DIGEST_EQUAL;
  if (call.is(index, 'IFDNE')) return IF_DIGEST_NOT_EQUAL;
  return ALWAYS;
}

function ttlNamed(call: Call, index: number, accepted: number): number {
  if (call.is(index, 'EX')) return EX;
  if (call.is(index, 'PX')) return PX;
  if (call.is(index, 'EXAT')) return EXAT;
  if (call.is(index, 'PXAT')) return PXAT;
  if ((accepted & ACCEPT_KEEPTTL) !== 0 && call.is(index, 'KEEPTTL')) return KEEPTTL;
  if ((accepted & ACCEPT_PERSIST) !== 0 && call.is(index, 'PERSIST')) return PERSIST;
  return NO_TTL;
}

/** The absolute time left by readExpireOption(), or NO_EXPIRE when the options name none. */
export const expire = { atMs: NO_EXPIRE };

/** Reads the time that the options name; replies the error and returns false when it is no positive time. */
export function readExpireOption(call: Call): boolean {
  const { ttl, timeAt } = options;
  expire.atMs = NO_EXPIRE;
  if (ttl === NO_TTL || ttl >= KEEPTTL) return true;
  const unitMs = ttl === EX || ttl === EXAT ? 1000 : 1;
  if (!readPositiveTime(call, timeAt, unitMs, ttl >= EXAT)) return false;
  expire.atMs = time.atMs;
  return true;
}
