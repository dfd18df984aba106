/** PFDEBUG, which shows what is inside a HyperLogLog, and PFSELFTEST. */

import { bytesFromString } from '../../base/bytes.ts';
import { TYPE_STRING } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import {
  beginSketch,
  countElements,
  DENSE,
  decodeRuns,
  encodingOf,
  makeDense,
  mark,
  markOf,
  REGISTERS,
  readRegister,
  SPARSE,
  setDense,
  setInSketch,
  sketch,
} from '../../types/hyperloglog/hyperloglog.ts';
import { view } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { ADMIN, arg, DENYOOM, defineCommand, keyAt, WRITE } from '../define.ts';
import { typeAt } from '../lookup.ts';
import { loadView, openInPlace, readHyperLogLog, storeSketch } from './hyperloglog.ts';

export const PFDEBUG = defineCommand({
  name: 'PFDEBUG',
  summary: 'Shows what is inside a HyperLogLog, for debugging.',
  group: 'hyperloglog',
  since: '2.8.9',
  complexity: 'N/A',
  arity: 3, // PFDEBUG GETREG|DECODE|ENCODING|TODENSE key
  flags: WRITE | DENYOOM | ADMIN,
  keys: [keyAt(2, 'RW', 'access')],
  args: [arg.string('subcommand'), arg.key('key')],
  docFlags: ['syscmd'],
  handler: pfDebug,
});

export const PFSELFTEST = defineCommand({
  name: 'PFSELFTEST',
  summary: 'Tests the HyperLogLogs of this server, for debugging.',
  group: 'hyperloglog',
  since: '2.8.9',
  complexity: 'N/A',
  arity: 1, // PFSELFTEST
  flags: ADMIN,
  docFlags: ['syscmd'],
  handler: pfSelfTest,
});

function pfDebug(call: Call): void {
  const { db, reply } = call;
  const address = db.findForWrite(call.keyHash(2), call.bytes, call.start(2), call.end(2));
  if (address === 0) {
    reply.error(errors.PFDEBUG_NO_KEY);
    return;
  }
  if (typeAt(db, address) !== TYPE_STRING) {
    reply.error(errors.WRONG_TYPE);
    return;
  }
  if (!readHyperLogLog(call, address)) return;
  const at = openInPlace(call, 2, address);
  if (call.is(1, 'GETREG')) replyRegisters(call, at);
  else if (call.is(1, 'DECODE')) replyRuns(call);
  else if (call.is(1, 'ENCODING'))
    reply.simple(encodingOf(view.bytes, view.start) === DENSE ? 'dense' : 'sparse');
  else if (call.is(1, 'TODENSE')) replyConverted(call, at);
  else reply.error(errors.unknownPfDebug(call.text(1)));
}

/** Makes the HyperLogLog that `view` is at dense. Returns whether it was not; -1 after an error reply. */
function convert(call: Call, address: number): number {
  if (encodingOf(view.bytes, view.start) === DENSE) return 0;
  if (!loadView(call)) return -1;
  if (!makeDense()) {
    call.reply.error(errors.CORRUPT_HYPERLOGLOG);
    return -1;
  }
  storeSketch(call, 2, address);
  call.db.keyspace.dirty++;
  return 1;
}

function replyRegisters(call: Call, address: number): void {
  if (convert(call, address) < 0) return;
  call.reply.array(REGISTERS);
  for (let i = 0; i < REGISTERS; i++) call.reply.integer(readRegister(view.bytes, view.start, i));
}

function replyRuns(call: Call): void {
  if (encodingOf(view.bytes, view.start) === SPARSE) {
    call.reply.bulkText(decodeRuns(view.bytes, view.start, view.end));
  } else {
    call.reply.error(errors.PFDEBUG_NOT_SPARSE);
  }
}

function replyConverted(call: Call, address: number): void {
  const converted = convert(call, address);
  if (converted >= 0) call.reply.integer(converted);
}

const CYCLES = 20;
const ELEMENTS = 100_000;
/** Six times the standard error, 1.04 / sqrt(16384), so that chance alone does not fail it. */
const ERROR_MAX = 6 * 0.008125;

function pfSelfTest(call: Call): void {
  const failure = registersFailure(call) ?? estimateFailure(call);
  if (failure === null) call.reply.ok();
  else call.reply.error(`TESTFAILED ${failure}`);
}

/** Every register keeps what is written to it, and its neighbours theirs. */
function registersFailure(call: Call): string | null {
  const expected = new Uint8Array(REGISTERS);
  beginSketch();
  makeDense();
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    for (let i = 0; i < REGISTERS; i++) {
      const value = call.server.random.below(64);
      setDense(sketch.bytes, 0, i, value);
      expected[i] = Math.max(expected[i], value);
    }
    for (let i = 0; i < REGISTERS; i++) {
      if (readRegister(sketch.bytes, 0, i) !== expected[i]) return `Register ${i} should be ${expected[i]}`;
    }
  }
  return null;
}

/** The estimate is near the number of elements, sparse or dense. */
function estimateFailure(call: Call): string | null {
  const seed = call.server.random.nextUint32();
  beginSketch();
  for (let n = 1; n <= ELEMENTS; n++) {
    const element = bytesFromString(`${seed}:${n}`);
    markOf(element, 0, element.length);
    setInSketch(mark.index, mark.count, call.db.keyspace.packing.hllSparseBytes);
    if (n % 10_000 !== 0) continue;
    const estimated = countElements(sketch.bytes, 0, sketch.size);
    if (Math.abs(estimated - n) > n * ERROR_MAX)
      return `Too big error. card:${n} abserr:${Math.abs(estimated - n)}`;
  }
  return null;
}
