/**
 * Which arguments of a call are keys, and what is done to them: COMMAND GETKEYS, and whoever else must know before a
 * command runs (access control, cluster slots).
 *
 * The key specs of the declaration say it: each begins at an argument or behind a word, and then goes on for a range or for
 * a number of keys that an argument tells. Where specs do not suffice (a flag that depends on an option, keys anywhere),
 * the declaration's own getKeys() is asked, and its answer counts.
 *
 *   specs, all of them certain        -> the specs
 *   a spec unknown, incomplete,
 *   or with flags that vary           -> getKeys(), where there is one
 */
import { parseSafeInteger } from '../base/int64.ts';
import type { CommandDeclaration, KeyReference, KeySpec } from './define.ts';

/** The arguments of a call as bytes; argument 0 is the name. A Call is one. */
export interface Arguments {
  readonly argc: number;
  readonly bytes: Uint8Array;
  start(index: number): number;
  end(index: number): number;
  text(index: number): string;
}

/** True when calls of the command can have keys at all; what only looks like one (a channel) does not count. */
export function hasKeys(command: CommandDeclaration): boolean {
  return (
    command.getKeys !== undefined || (command.keys ?? []).some((spec) => !spec.flags.includes('not_key'))
  );
}

/** The keys of the call, in the order of the specs; null when its arguments contradict the declaration. */
export function findKeys(command: CommandDeclaration, args: Arguments): KeyReference[] | null {
  const specs = command.keys ?? [];
  const { getKeys } = command;
  if (getKeys !== undefined && (specs.length === 0 || specs.some(isUncertain))) return getKeys(texts(args));
  const found: KeyReference[] = [];
  for (const spec of specs) if (!spec.flags.includes('not_key') && !addKeys(spec, args, found)) return null;
  return found;
}

function isUncertain({ flags, begin, find }: KeySpec): boolean {
  return (
    'unknown' in begin ||
    'unknown' in find ||
    flags.includes('incomplete') ||
    flags.includes('variable_flags')
  );
}

function texts(args: Arguments): string[] {
  return Array.from({ length: args.argc }, (_, i) => args.text(i));
}

/** Adds what one spec finds. False when it finds arguments that are not there. */
function addKeys(spec: KeySpec, args: Arguments, found: KeyReference[]): boolean {
  const first = beginOf(spec, args);
  if (first === 0) return true;
  const range = 'unknown' in spec.find ? null : rangeOf(spec.find, args, first);
  if (range === null) return false;
  const { from, last, step } = range;
  // A count of no keys is well formed.
  if (last === from - 1) return true;
  if (from >= args.argc || last >= args.argc || last < from) return false;
  for (let index = from; index <= last; index += step) found.push({ index, flags: spec.flags });
  return true;
}

/** The argument at which a spec begins; 0 when its keyword is not there. */
function beginOf({ begin }: KeySpec, args: Arguments): number {
  if ('index' in begin) return begin.index;
  return 'unknown' in begin ? 0 : findWord(args, begin.keyword, begin.from);
}

/** The argument behind `keyword` (upper case), looked for from argument `from` on; from the end back when it is negative. */
function findWord(args: Arguments, keyword: string, from: number): number {
  const step = from < 0 ? -1 : 1;
  // The last argument cannot be a keyword: nothing would follow it.
  for (let i = from < 0 ? args.argc + from : from; i >= 1 && i < args.argc - 1; i += step) {
    if (args.end(i) - args.start(i) === keyword.length && args.text(i).toUpperCase() === keyword)
      return i + 1;
  }
  return 0;
}

interface KeyRange {
  from: number;
  last: number;
  step: number;
}

function rangeOf(
  find: Exclude<KeySpec['find'], { unknown: true }>,
  args: Arguments,
  first: number,
): KeyRange | null {
  if ('keynum' in find) {
    const count = countAt(args, first + find.keynum);
    const from = first + find.first;
    return count < 0 ? null : { from, last: from + count * find.step - 1, step: find.step };
  }
  const { last, step, limit } = find;
  if (last >= 0) return { from: first, last: first + last, step };
  // A limit of 2 means half of what follows, as in STREAMS key key id id.
  const end = limit > 1 ? first + Math.floor((args.argc - first) / limit) : args.argc;
  return { from: first, last: end + last, step };
}

/** The number of keys that argument `index` tells, -1 when it tells none. */
function countAt(args: Arguments, index: number): number {
  if (index >= args.argc) return -1;
  const count = parseSafeInteger(args.bytes, args.start(index), args.end(index));
  return count >= 0 && count <= args.argc ? count : -1;
}

/** First key, last key and step as COMMAND INFO's old columns give them, and whether they tell only a part. */
export interface LegacyRange {
  first: number;
  last: number;
  step: number;
  /** The specs say more than three numbers can: the 'movablekeys' flag. */
  movable: boolean;
}

/** Derives the three numbers from the specs: those ranges that follow one another count, whatever else there is is movable. */
export function legacyRange(specs: readonly KeySpec[]): LegacyRange {
  const range: LegacyRange = { first: 0, last: 0, step: 0, movable: false };
  const alone = specs.length === 1;
  for (const { begin, find, flags } of specs) {
    const plain = 'index' in begin && 'last' in find && (alone || find.step === 1);
    const follows = plain && (range.last === 0 || range.last === begin.index - 1);
    if (!follows || flags.includes('incomplete')) range.movable = true;
    if (!follows) continue;
    if (range.first === 0) range.first = begin.index;
    range.step = find.step;
    range.last = find.last >= 0 ? begin.index + find.last : find.last;
  }
  return range;
}
