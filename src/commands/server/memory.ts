/**
 * MEMORY. Of USAGE, which is here (the other subcommands: memory-report.ts), the bytes that a key takes, exact for what belongs to it alone.
 *
 *   its record's cell     header, key and inline value, rounded up to the size class (16-byte steps at first)
 *   its large value       the buffer of a string above 1 MiB, slack included; or the structure of a large collection
 *   its slot              8 bytes, a (hash, address) pair of the table; the share of slots that are free is not counted
 *   its expire time       16 bytes in the index that expiry goes by, when it has one: 12, and its share of leaves not full
 */

import { collectionKind } from '../../keyspace/collections.ts';
import { NO_EXPIRE } from '../../keyspace/database.ts';
import { largeBytes } from '../../keyspace/element-table.ts';
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import { readWord0, valueWord } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, keyAt, LOADING, READONLY, STALE } from '../define.ts';
import { replyHelp } from '../help.ts';
import { doctor, mallocStats, purge, stats } from './memory-report.ts';

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

const REPORT = {
  group: 'server',
  since: '4.0.0',
  arity: 2,
  flags: 0,
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
} as const;

const MEMORY_DOCTOR = defineCommand({
  ...REPORT,
  name: 'DOCTOR',
  summary: 'Says what is unusual about the memory that the server takes.',
  complexity: 'O(1)',
  handler: doctor,
});

const MEMORY_MALLOC_STATS = defineCommand({
  ...REPORT,
  name: 'MALLOC-STATS',
  summary: 'Returns what the allocator knows of its memory.',
  complexity: 'Depends on how much memory is allocated, could be slow',
  handler: mallocStats,
});

const MEMORY_PURGE = defineCommand({
  ...REPORT,
  name: 'PURGE',
  summary: 'Gives memory that is not used back to the operating system.',
  complexity: 'Depends on how much memory is allocated, could be slow',
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  handler: purge,
});

const MEMORY_STATS = defineCommand({
  ...REPORT,
  name: 'STATS',
  summary: 'Returns what takes how much memory.',
  complexity: 'O(1)',
  handler: stats,
});

export const MEMORY = defineCommand({
  name: 'MEMORY',
  summary: 'Commands about memory.',
  group: 'server',
  since: '4.0.0',
  complexity: 'Depends on subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [MEMORY_DOCTOR, MEMORY_HELP, MEMORY_MALLOC_STATS, MEMORY_PURGE, MEMORY_STATS, MEMORY_USAGE],
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
  call.reply.integer(db.arena.sizeOf(address) + outsideBytes(call, address) + SLOT_BYTES + expiry);
}

const SAMPLES_DEFAULT = 5;
/** How many elements of a structure the call under way looks at; 0 for all. */
let samples = SAMPLES_DEFAULT;

function optionsError(call: Call): string | null {
  samples = SAMPLES_DEFAULT;
  for (let i = 3; i < call.argc; i += 2) {
    if (!call.is(i, 'SAMPLES') || i + 1 === call.argc) return errors.SYNTAX;
    const text = call.text(i + 1);
    if (!/^-?[0-9]{1,18}$/.test(text)) return errors.NOT_INTEGER;
    samples = Number(text);
    if (samples < 0) return errors.SYNTAX;
  }
  return null;
}

/** Bytes of a value that does not lie in its record. */
function outsideBytes(call: Call, address: number): number {
  const { keyspace } = call.db;
  const i32 = keyspace.arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  const kind = collectionKind(readWord0(i32, base));
  return kind === undefined
    ? largeBytes(keyspace, address)
    : kind.bytes(keyspace, valueWord(i32, base), samples);
}

function help(call: Call): void {
  replyHelp(call, 'MEMORY', [
    'DOCTOR',
    '    Return memory problems reports.',
    'MALLOC-STATS',
    '    Return internal statistics report from the memory allocator.',
    'PURGE',
    '    Attempt to purge dirty pages for reclamation by the allocator.',
    'STATS',
    '    Return information about the memory usage of the server.',
    'USAGE <key> [SAMPLES <count>]',
    '    Return memory in bytes used by <key> and its value. Nested values are',
    '    sampled up to <count> times (default: 5, 0 means sample all).',
  ]);
}
