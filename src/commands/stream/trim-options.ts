/** The options that XADD and XTRIM have in common: MAXLEN and MINID with `=`, `~` and LIMIT, KEEPREF, DELREF and ACKED. */
import { Id128 } from '../../base/id128.ts';
import { parseSafeInteger } from '../../base/int64.ts';
import * as errors from '../../resp/errors.ts';
import { INVALID, isChar, NO_SEQUENCE, parseId } from '../../types/stream/id-text.ts';
import {
  KEEP_REFERENCES,
  ONLY_ACKNOWLEDGED,
  REMOVE_REFERENCES,
  type Trimming,
} from '../../types/stream/trim.ts';
import type { Call } from '../call.ts';
import { arg } from '../define.ts';
import { readStrictId } from './arguments.ts';

const STAR = 42;
const EQUAL = 61;
const TILDE = 126;

/** Without LIMIT, a trimming by `~` ends after as many entries as are in so many blocks. */
const BLOCKS_PER_TRIM = 100;
const LIMIT_DEFAULT = 10_000;
const LIMIT_DEFAULT_MAX = 1_000_000;

/** How to trim, as readOptions() read it. */
export const trimming: Trimming = {
  byLength: false,
  lengthMax: 0,
  minId: new Id128(),
  approximate: false,
  limit: 0,
  references: KEEP_REFERENCES,
};

/** The rest of what it read. `thresholdAt` and `keepsAt` are the arguments with the threshold and with KEEPREF, 0 for none. */
export const given = {
  trims: false,
  makesStream: true,
  id: new Id128(),
  hasId: false,
  hasSequence: false,
  thresholdAt: 0,
  keepsAt: 0,
};

/** The arguments of the trimming as COMMAND DOCS tells them. */
export function trimArguments(options: { optional?: boolean }) {
  return arg.block(
    'trim',
    [
      arg.oneOf('strategy', [arg.token('maxlen', 'MAXLEN'), arg.token('minid', 'MINID', { since: '6.2.0' })]),
      arg.oneOf('operator', [arg.token('equal', '='), arg.token('approximately', '~')], { optional: true }),
      arg.string('threshold'),
      arg.integer('count', { token: 'LIMIT', optional: true, since: '6.2.0' }),
    ],
    options,
  );
}

/** Reads the word KEEPREF, DELREF or ACKED; -1 when the argument is none of them. */
export function readReferences(call: Call, index: number): number {
  if (call.is(index, 'KEEPREF')) return KEEP_REFERENCES;
  if (call.is(index, 'DELREF')) return REMOVE_REFERENCES;
  return call.is(index, 'ACKED') ? ONLY_ACKNOWLEDGED : -1;
}

/** Reads the options from argument 2 on; with `adds` up to the id. Returns the argument behind them, the id's, or -1 after an error reply. */
export function readOptions(call: Call, adds: boolean): number {
  const { bytes } = call;
  given.trims = false;
  given.makesStream = true;
  given.hasId = false;
  given.hasSequence = true;
  given.thresholdAt = 0;
  given.keepsAt = 0;
  trimming.approximate = false;
  trimming.limit = 0;
  trimming.references = KEEP_REFERENCES;
  let limit = -1;
  let i = 2;
  for (; i < call.argc; i++) {
    if (adds && isChar(bytes, call.start(i), call.end(i), STAR)) break;
    const more = i + 1 < call.argc;
    const isLength = call.is(i, 'MAXLEN');
    if (more && (isLength || call.is(i, 'MINID'))) {
      i = readThreshold(call, i + 1, isLength);
      if (i < 0) return -1;
    } else if (more && call.is(i, 'LIMIT')) {
      limit = parseSafeInteger(bytes, call.start(++i), call.end(i));
      if (Number.isNaN(limit)) return refuse(call, errors.NOT_INTEGER);
      if (limit < 0) return refuse(call, errors.STREAM_LIMIT_NEGATIVE);
    } else if (adds && call.is(i, 'NOMKSTREAM')) {
      given.makesStream = false;
    } else if (readReferences(call, i) >= 0) {
      trimming.references = readReferences(call, i);
      if (trimming.references === KEEP_REFERENCES) given.keepsAt = i;
    } else if (adds) {
      if (!readNewId(call, i)) return -1;
      break;
    } else {
      return refuse(call, errors.SYNTAX);
    }
  }
  const error = checkLimit(call, adds, limit);
  return error === null ? i : refuse(call, error);
}

/** Reads what comes behind MAXLEN or MINID from argument `i` on. Returns the last argument read, or -1 after an error reply. */
function readThreshold(call: Call, i: number, isLength: boolean): number {
  const { bytes } = call;
  if (given.trims) return refuse(call, errors.STREAM_TWO_STRATEGIES);
  trimming.approximate = false;
  if (i + 1 < call.argc) {
    const tilde = isChar(bytes, call.start(i), call.end(i), TILDE);
    if (tilde) trimming.approximate = true;
    if (tilde || isChar(bytes, call.start(i), call.end(i), EQUAL)) i++;
  }
  trimming.byLength = isLength;
  if (isLength) {
    trimming.lengthMax = parseSafeInteger(bytes, call.start(i), call.end(i));
    if (Number.isNaN(trimming.lengthMax)) return refuse(call, errors.NOT_INTEGER);
    if (trimming.lengthMax < 0) return refuse(call, errors.STREAM_MAXLEN_NEGATIVE);
  } else if (!readStrictId(call, i, trimming.minId)) {
    return -1;
  }
  given.trims = true;
  given.thresholdAt = i;
  return i;
}

/** Reads the id of a new entry. False after an error reply. */
function readNewId(call: Call, i: number): boolean {
  const outcome = parseId(call.bytes, call.start(i), call.end(i), given.id, 0, true);
  given.hasId = outcome !== INVALID;
  given.hasSequence = outcome !== NO_SEQUENCE;
  if (!given.hasId) call.reply.error(errors.INVALID_STREAM_ID);
  return given.hasId;
}

/** Sets the limit; the error text when it does not go with the rest. `limit` is -1 when none was given. */
function checkLimit(call: Call, adds: boolean, limit: number): string | null {
  if (!given.trims && limit > 0) return errors.STREAM_LIMIT_ALONE;
  if (!given.trims && !adds) return errors.STREAM_NO_STRATEGY;
  if (limit >= 0) {
    // An append only file has the exact form of what was approximate, its LIMIT included.
    if (!trimming.approximate) return call.server.loading ? null : errors.STREAM_LIMIT_EXACT;
    trimming.limit = limit;
  } else if (trimming.approximate) {
    const { streamEntries } = call.db.keyspace.packing;
    const wanted = streamEntries <= 0 ? LIMIT_DEFAULT : streamEntries * BLOCKS_PER_TRIM;
    trimming.limit = Math.min(wanted, LIMIT_DEFAULT_MAX);
  }
  return null;
}

function refuse(call: Call, text: string): -1 {
  call.reply.error(text);
  return -1;
}
