/**
 * BITFIELD and BITFIELD_RO: integers of any width at any bit of a string.
 *
 * The whole call is read before anything is done: first the steps are checked (readSteps), which also says how long the string must
 * become, and then they are run, argument by argument once more.
 */

import { int64, parseInt64 } from '../../base/int64.ts';
import * as events from '../../keyspace/events.ts';
import { TYPE_STRING } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import {
  addSigned,
  addUnsigned,
  FAIL,
  readSigned,
  readUnsigned,
  SAT,
  WRAP,
  writeField,
} from '../../types/bitmap/field.ts';
import { readString, view } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, type KeyReference, keyAt, READONLY, WRITE } from '../define.ts';
import { findForRead, findForWrite, WRONG } from '../lookup.ts';
import { replyInt64 } from '../replies.ts';
import { opened, openForBits } from './bit.ts';
import { readOffset } from './offset.ts';

const FIELD = [arg.string('encoding'), arg.integer('offset')];

export const BITFIELD = defineCommand({
  name: 'BITFIELD',
  summary: 'Reads and changes integers of any width at any bit of the string value of a key.',
  group: 'bitmap',
  since: '3.2.0',
  complexity: 'O(1) for each step',
  arity: -2, // BITFIELD key [GET type offset | [OVERFLOW WRAP|SAT|FAIL] SET|INCRBY type offset value ...]
  flags: WRITE | DENYOOM,
  keys: [
    {
      ...keyAt(1, 'RW', 'access', 'update', 'variable_flags'),
      notes: 'This command allows both access and modification of the key',
    },
  ],
  args: [
    arg.key('key'),
    arg.oneOf(
      'operation',
      [
        arg.block('encoding_offset', FIELD, { token: 'GET' }),
        arg.block('write', [
          arg.oneOf(
            'wrap_sat_fail',
            [arg.token('wrap', 'WRAP'), arg.token('sat', 'SAT'), arg.token('fail', 'FAIL')],
            { token: 'OVERFLOW', optional: true },
          ),
          arg.oneOf('write_operation', [
            arg.block('encoding_offset_value', [...FIELD, arg.integer('value')], { token: 'SET' }),
            arg.block('encoding_offset_increment', [...FIELD, arg.integer('increment')], {
              token: 'INCRBY',
            }),
          ]),
        ]),
      ],
      { optional: true, many: true },
    ),
  ],
  getKeys: bitfieldKeys,
  handler: (call) => bitfield(call, false),
});

export const BITFIELD_RO = defineCommand({
  name: 'BITFIELD_RO',
  summary: 'Reads integers of any width at any bit of the string value of a key.',
  group: 'bitmap',
  since: '6.0.0',
  complexity: 'O(1) for each step',
  arity: -2, // BITFIELD_RO key [GET type offset ...]
  flags: READONLY | FAST,
  keys: [keyAt(1, 'RO', 'access')],
  args: [
    arg.key('key'),
    arg.block('encoding_offset', FIELD, { token: 'GET', optional: true, many: true, manyToken: true }),
  ],
  handler: (call) => bitfield(call, true),
});

/** What happens to the key depends on whether there is anything but GET among the steps. */
function bitfieldKeys(args: readonly string[]): KeyReference[] {
  let reads = true;
  for (let i = 2; i < args.length; i++) {
    const name = args[i].toUpperCase();
    if (name === 'GET' && i + 2 < args.length) i += 2;
    else reads = false;
  }
  return [{ index: 1, flags: reads ? ['RO', 'access'] : ['RW', 'access', 'update'] }];
}

/** Places in NAMES; what is none of these is INCRBY. */
const GET = 0;
const SET = 1;
const OVERFLOW = 3;
const NONE = 4;
const NAMES = ['GET', 'SET', 'INCRBY', 'OVERFLOW'];
/** Arguments of a step, its name included. */
const LENGTHS = [3, 4, 4, 2];

const LOWER_I = 105;
const LOWER_U = 117;

/** The field that was read last. */
const field = { isSigned: false, bits: 0, offset: 0 };
/** All steps together: how many reply, and the last bit that is written, -1 when none is. */
const steps = { replies: 0, lastWritten: -1 };

function stepAt(call: Call, index: number): number {
  for (let step = 0; step < NAMES.length; step++) if (call.is(index, NAMES[step])) return step;
  return NONE;
}

/** Checks all steps; false after an error reply. */
function readSteps(call: Call): boolean {
  steps.replies = 0;
  steps.lastWritten = -1;
  let i = 2;
  while (i < call.argc) {
    const step = stepAt(call, i);
    if (step === NONE || i + LENGTHS[step] > call.argc) return refuse(call, errors.SYNTAX);
    if (step === OVERFLOW) {
      if (overflowAt(call, i + 1) < 0) return refuse(call, errors.BITFIELD_OVERFLOW);
    } else {
      if (!readType(call, i + 1) || !readFieldOffset(call, i + 2)) return false;
      if (step !== GET) {
        if (!parseInt64(call.bytes, call.start(i + 3), call.end(i + 3))) {
          return refuse(call, errors.NOT_INTEGER);
        }
        steps.lastWritten = Math.max(steps.lastWritten, field.offset + field.bits - 1);
      }
      steps.replies++;
    }
    i += LENGTHS[step];
  }
  return true;
}

function refuse(call: Call, text: string): false {
  call.reply.error(text);
  return false;
}

/** WRAP, SAT or FAIL; -1 when the argument says none of them. */
function overflowAt(call: Call, index: number): number {
  if (call.is(index, 'WRAP')) return WRAP;
  if (call.is(index, 'SAT')) return SAT;
  return call.is(index, 'FAIL') ? FAIL : -1;
}

/** i1 .. i64 or u1 .. u63. */
function readType(call: Call, index: number): boolean {
  const { bytes } = call;
  const start = call.start(index);
  const first = call.size(index) === 0 ? 0 : bytes[start];
  field.isSigned = first === LOWER_I;
  const isUnsigned = first === LOWER_U;
  const isNumber = (field.isSigned || isUnsigned) && parseInt64(bytes, start + 1, call.end(index));
  field.bits = isNumber && int64.hi === 0 ? int64.lo : 0;
  if (field.bits >= 1 && field.bits <= (field.isSigned ? 64 : 63)) return true;
  return refuse(call, errors.BITFIELD_TYPE);
}

function readFieldOffset(call: Call, index: number): boolean {
  field.offset = readOffset(call, index, field.bits);
  return field.offset >= 0;
}

function bitfield(call: Call, readOnly: boolean): void {
  if (!readSteps(call)) return;
  if (steps.lastWritten < 0) {
    const address = findForRead(call, 1, TYPE_STRING);
    if (address === WRONG) return;
    if (address === 0) view.start = view.end = 0;
    else readString(call.db, address);
    opened.grown = false;
  } else {
    if (readOnly) {
      call.reply.error(errors.BITFIELD_READONLY);
      return;
    }
    const address = findForWrite(call, 1, TYPE_STRING);
    if (address === WRONG) return;
    openForBits(call, address, steps.lastWritten);
  }
  runSteps(call);
}

function runSteps(call: Call): void {
  const before = call.db.keyspace.dirty;
  let overflow = WRAP;
  let i = 2;
  call.reply.array(steps.replies);
  while (i < call.argc) {
    const step = stepAt(call, i);
    if (step === OVERFLOW) {
      overflow = overflowAt(call, i + 1);
    } else {
      readType(call, i + 1);
      readFieldOffset(call, i + 2);
      if (step === GET) replyField(call);
      else change(call, step, i + 3, overflow);
    }
    i += LENGTHS[step];
  }
  if (call.db.keyspace.dirty !== before) changed(call, 1, events.SETBIT);
}

/** Leaves the field's value in int64. */
function readField(): void {
  const { bytes, start, end } = view;
  if (field.isSigned) readSigned(bytes, start, end, field.offset, field.bits);
  else readUnsigned(bytes, start, end, field.offset, field.bits);
}

function replyField(call: Call): void {
  readField();
  replyInt64(call.reply, int64.hi, int64.lo);
}

/** SET, which replies the old value, or INCRBY, which replies the new one, by what argument `index` says. */
function change(call: Call, step: number, index: number, overflow: number): void {
  readField();
  const oldHi = int64.hi;
  const oldLo = int64.lo;
  parseInt64(call.bytes, call.start(index), call.end(index));
  const { hi, lo } = int64;
  const sum = field.isSigned ? addSigned : addUnsigned;
  const fits =
    step === SET ? sum(hi, lo, 0, 0, field.bits, overflow) : sum(oldHi, oldLo, hi, lo, field.bits, overflow);
  if (!fits) {
    call.reply.null();
    return;
  }
  const newHi = int64.hi;
  const newLo = int64.lo;
  writeField(view.bytes, view.start, field.offset, field.bits, newHi, newLo);
  if (opened.grown || newHi !== oldHi || newLo !== oldLo) call.db.keyspace.dirty++;
  if (step === SET) replyInt64(call.reply, oldHi, oldLo);
  else replyInt64(call.reply, newHi, newLo);
}
