/**
 * BITCOUNT and BITPOS: how many bits are set in a part of a string, and which is the first that is set or clear.
 *
 * 7.0 looks at the key first and replies of one that does not exist without a look at the rest; since 7.2 a call that is not well formed
 * is refused either way.
 */
import { parseSafeInteger } from '../../base/int64.ts';
import { TYPE_STRING } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { countOnesBetween, findBit } from '../../types/bitmap/bits.ts';
import { readString, view } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { isGreater } from '../compare-integers.ts';
import { arg, defineCommand, keyAt, READONLY } from '../define.ts';
import { findForRead, WRONG } from '../lookup.ts';

const UNIT = arg.oneOf('index_unit', [arg.token('byte', 'BYTE'), arg.token('bit', 'BIT')], {
  optional: true,
  since: '7.0.0',
});

export const BITCOUNT = defineCommand({
  name: 'BITCOUNT',
  summary: 'Counts the bits that are set in the string value of a key, or in a part of it.',
  group: 'bitmap',
  since: '2.6.0',
  history: [['7.0.0', 'Added the `BYTE|BIT` option.']],
  complexity: 'O(N) where N is the length of the part',
  arity: -2, // BITCOUNT key [start end [BYTE|BIT]]
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [
    arg.key('key'),
    arg.block('index', [arg.integer('start'), arg.integer('end'), UNIT], { optional: true }),
  ],
  handler: bitCount,
});

export const BITPOS = defineCommand({
  name: 'BITPOS',
  summary: 'Finds the first bit that is set or clear in the string value of a key, or in a part of it.',
  group: 'bitmap',
  since: '2.8.7',
  history: [['7.0.0', 'Added the `BYTE|BIT` option.']],
  complexity: 'O(N) where N is the length of the part',
  arity: -3, // BITPOS key bit [start [end [BYTE|BIT]]]
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [
    arg.key('key'),
    arg.integer('bit'),
    arg.block(
      'index',
      [arg.integer('start'), arg.block('end_index', [arg.integer('end'), UNIT], { optional: true })],
      { optional: true },
    ),
  ],
  handler: bitPos,
});

/** The part that the arguments name, as they say it: NaN where they do not. */
const part = { start: 0, end: 0, inBits: false };
/** The same in bits of a string: [from..until), empty when from >= until. */
const bits = { from: 0, until: 0 };

/** Reads start, end and unit of BITCOUNT, in this order; false after an error reply. */
function readCountPart(call: Call): boolean {
  // A start alone is not enough.
  if (call.argc === 3 || call.argc > 5) return refuse(call, errors.SYNTAX);
  beginPart();
  if (call.argc === 2) return true;
  if (!readInto(call, 2, 'start') || !readInto(call, 3, 'end')) return false;
  // 7.0 sees that there is nothing to count before it looks at the unit.
  if (!call.server.is72 && isBackwards(call)) return true;
  return call.argc < 5 || readUnit(call, 4);
}

/** Reads start, unit and end of BITPOS, in this order. */
function readPositionPart(call: Call): boolean {
  if (call.argc > 6) return refuse(call, errors.SYNTAX);
  beginPart();
  if (call.argc > 3 && !readInto(call, 3, 'start')) return false;
  if (call.argc > 5 && !readUnit(call, 5)) return false;
  return call.argc < 5 || readInto(call, 4, 'end');
}

function beginPart(): void {
  part.start = Number.NaN;
  part.end = Number.NaN;
  part.inBits = false;
}

function readUnit(call: Call, index: number): boolean {
  part.inBits = call.is(index, 'BIT');
  return part.inBits || call.is(index, 'BYTE') ? true : refuse(call, errors.SYNTAX);
}

/** Whether BITCOUNT's part ends before it begins, in whatever unit. */
function isBackwards(call: Call): boolean {
  return part.start < 0 && part.end < 0 && isGreater(call, 2, part.start, 3, part.end);
}

function readInto(call: Call, index: number, name: 'start' | 'end'): boolean {
  part[name] = parseSafeInteger(call.bytes, call.start(index), call.end(index));
  return Number.isNaN(part[name]) ? refuse(call, errors.NOT_INTEGER) : true;
}

function refuse(call: Call, text: string): false {
  call.reply.error(text);
  return false;
}

/** Works `bits` out for a string of `size` bytes. */
function resolvePart(size: number): void {
  const total = part.inBits ? size * 8 : size;
  const unit = part.inBits ? 1 : 8;
  const start = Number.isNaN(part.start) ? 0 : part.start;
  const end = Number.isNaN(part.end) ? total - 1 : part.end;
  const first = Math.max(0, start < 0 ? total + start : start);
  const last = Math.min(total - 1, Math.max(0, end < 0 ? total + end : end));
  bits.from = first * unit;
  bits.until = (last + 1) * unit;
}

function bitCount(call: Call): void {
  const { db, reply } = call;
  if (call.server.is72 && !readCountPart(call)) return;
  const address = findForRead(call, 1, TYPE_STRING);
  if (address === WRONG) return;
  if (address === 0) {
    reply.integer(0);
    return;
  }
  if (!call.server.is72 && !readCountPart(call)) return;
  readString(db, address);
  resolvePart(view.end - view.start);
  const isEmpty = bits.from >= bits.until || isBackwards(call);
  reply.integer(isEmpty ? 0 : countOnesBetween(view.bytes, view.start, bits.from, bits.until));
}

function bitPos(call: Call): void {
  const { db, reply } = call;
  const bit = parseSafeInteger(call.bytes, call.start(2), call.end(2));
  if (Number.isNaN(bit)) {
    reply.error(errors.NOT_INTEGER);
    return;
  }
  if (bit !== 0 && bit !== 1) {
    reply.error(errors.BIT_ARGUMENT);
    return;
  }
  if (call.server.is72 && !readPositionPart(call)) return;
  const address = findForRead(call, 1, TYPE_STRING);
  if (address === WRONG) return;
  if (address === 0) {
    reply.integer(bit === 1 ? -1 : 0);
    return;
  }
  if (!call.server.is72 && !readPositionPart(call)) return;
  readString(db, address);
  reply.integer(positionOf(bit));
}

/** The first such bit of the part of `view`. Without an end, what follows the string counts as clear. */
function positionOf(bit: number): number {
  const size = view.end - view.start;
  resolvePart(size);
  if (bits.from >= bits.until) return -1;
  const found = findBit(view.bytes, view.start, bits.from, bits.until, bit);
  return found < 0 && bit === 0 && Number.isNaN(part.end) ? size * 8 : found;
}
