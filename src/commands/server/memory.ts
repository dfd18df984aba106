/**
 * MEMORY USAGE: the bytes that a key takes, exact for what belongs to it alone.
 *
 *   its record's cell     header, key and inline value, rounded up to the size class (16-byte steps at first)
 *   its large value       the buffer of a string above 1 MiB, slack included
 *   its slot              8 bytes, a (hash, address) pair of the table; the share of slots that are free is not counted
 *   its expire time       16 bytes in the index that expiry goes by, when it has one: 12, and its share of leaves not full
 */

import { NO_EXPIRE } from '../../keyspace/database.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import { flagsOf, LARGE, readWord0, valueWord } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, keyAt, LOADING, READONLY, STALE } from '../define.ts';
import { replyHelp } from '../help.ts';

const SLOT_BYTES = 8;
const EXPIRY_BYTES = 16;

const MEMORY_USAGE = defineCommand({
  name: 'USAGE',
  summary: 'Returns the bytes that a key and its value take.',
  group: 'server',
  since: '4.0.0',
  complexity: 'O(N) where N is the number of samples.',
  arity: -3, // MEMORY USAGE key [SAMPLES count]
  flags: READONLY,
  keys: [keyAt(2, 'RO')],
  args: [arg.key('key'), arg.integer('count', { token: 'SAMPLES', optional: true })],
  handler: usage,
});

const MEMORY_HELP = defineCommand({
  name: 'HELP',
  summary: 'Says what the subcommands do.',
  group: 'server',
  since: '4.0.0',
  complexity: 'O(1)',
  arity: 2, // MEMORY HELP
  flags: LOADING | STALE,
  handler: help,
});

export const MEMORY = defineCommand({
  name: 'MEMORY',
  summary: 'Commands about memory.',
  group: 'server',
  since: '4.0.0',
  complexity: 'Depends on subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [MEMORY_USAGE, MEMORY_HELP],
});

function usage(call: Call): void {
  const { db } = call;
  const error = optionsError(call);
  if (error !== null) {
    call.reply.error(error);
    return;
  }
  const start = call.start(2);
  const end = call.end(2);
  const address = db.find(call.hashOf(call.bytes, start, end), call.bytes, start, end);
  if (address === 0) {
    call.reply.null();
    return;
  }
  const expiry = db.expireOf(address) === NO_EXPIRE ? 0 : EXPIRY_BYTES;
  call.reply.integer(db.arena.sizeOf(address) + largeBytes(call, address) + SLOT_BYTES + expiry);
}

/** SAMPLES changes nothing: what is counted is counted whole. */
function optionsError(call: Call): string | null {
  for (let i = 3; i < call.argc; i += 2) {
    if (!call.is(i, 'SAMPLES') || i + 1 === call.argc) return errors.SYNTAX;
    const text = call.text(i + 1);
    if (!/^-?[0-9]{1,18}$/.test(text)) return errors.NOT_INTEGER;
    if (Number(text) < 0) return errors.SYNTAX;
  }
  return null;
}

function largeBytes(call: Call, address: number): number {
  const i32 = call.db.arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  if ((flagsOf(readWord0(i32, base)) & LARGE) === 0) return 0;
  return call.db.keyspace.large.view(valueWord(i32, base)).length;
}

function help(call: Call): void {
  replyHelp(call, 'MEMORY', [
    'USAGE <key> [SAMPLES <count>]',
    '    The bytes that the key and its value take. SAMPLES is accepted; nothing is sampled.',
  ]);
}
