/** OBJECT: how a value is kept and how it is used. */
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import { accessOf, ENCODING_INT, encodingOf, readWord0, secondWord, valueWord } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, keyAt, LOADING, READONLY, STALE } from '../define.ts';
import { replyHelp } from '../help.ts';
import { encodingName } from './type-names.ts';

const COMMON = {
  group: 'generic',
  complexity: 'O(1)',
  arity: 3, // OBJECT ENCODING key
  flags: READONLY,
  keys: [keyAt(2, 'RO')],
  args: [arg.key('key')],
  tips: ['nondeterministic_output'],
  categories: ['keyspace'],
} as const;

export const OBJECT = defineCommand({
  name: 'OBJECT',
  summary: 'Tells how the value of a key is kept and used.',
  group: 'generic',
  since: '2.2.3',
  complexity: 'Depends on subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [
    defineCommand({
      ...COMMON,
      name: 'ENCODING',
      summary: 'Returns the name of the encoding of a value.',
      since: '2.2.3',
      handler: encoding,
    }),
    defineCommand({
      ...COMMON,
      name: 'FREQ',
      summary: 'Returns the logarithmic counter of how often a value was used.',
      since: '4.0.0',
      handler: frequency,
    }),
    defineCommand({
      ...COMMON,
      name: 'HELP',
      summary: 'Explains the subcommands.',
      since: '6.2.0',
      arity: 2,
      flags: LOADING | STALE,
      keys: [],
      args: [],
      tips: [],
      handler: help,
    }),
    defineCommand({
      ...COMMON,
      name: 'IDLETIME',
      summary: 'Returns how many seconds ago a value was last used.',
      since: '2.2.3',
      handler: idleTime,
    }),
    defineCommand({
      ...COMMON,
      name: 'REFCOUNT',
      summary: 'Returns how many references there are to a value.',
      since: '2.2.3',
      handler: referenceCount,
    }),
  ],
});

/** Redis shares the integers below this among all keys, and says of them that they have this many references. */
const SHARED_INTEGERS = 10_000;
const SHARED_REFERENCES = 2147483647;

const HELP = [
  'ENCODING <key>',
  '    Return the kind of internal representation used in order to store the value',
  '    associated with a <key>.',
  'FREQ <key>',
  '    Return the access frequency index of the <key>. The returned integer is',
  '    proportional to the logarithm of the recent access frequency of the key.',
  'IDLETIME <key>',
  '    Return the idle time of the <key>, that is the approximated number of',
  '    seconds elapsed since the last access to the key.',
  'REFCOUNT <key>',
  '    Return the number of references of the value associated with the specified',
  '    <key>.',
];

function help(call: Call): void {
  replyHelp(call, 'OBJECT', HELP);
}

/** The key of the call; replies null when it is not there. */
function find(call: Call): number {
  const { db, bytes } = call;
  const start = call.start(2);
  const end = call.end(2);
  // The io worker hashes the first key of commands, not of subcommands.
  const address = db.find(call.hashOf(bytes, start, end), bytes, start, end);
  // Counted as peek() does, but a key that is not there is no event.
  if (address !== 0) {
    db.keyspace.hits++;
  } else {
    db.keyspace.misses++;
    call.reply.null();
  }
  return address;
}

function encoding(call: Call): void {
  const address = find(call);
  if (address === 0) return;
  const word0 = readWord0(call.db.arena.i32[segmentOf(address)], byteOffsetOf(address));
  call.reply.bulkText(encodingName(word0, call.server.is72));
}

function frequency(call: Call): void {
  const address = find(call);
  if (address === 0) return;
  const { access } = call.db.keyspace;
  if (access.isLfu) call.reply.integer(access.frequency(accessBits(call, address)));
  else call.reply.error(errors.FREQUENCY_NOT_TRACKED);
}

function idleTime(call: Call): void {
  const address = find(call);
  if (address === 0) return;
  const { access } = call.db.keyspace;
  if (access.isLfu) call.reply.error(errors.IDLE_TIME_NOT_TRACKED);
  else call.reply.integer(access.idleSeconds(accessBits(call, address)));
}

function accessBits(call: Call, address: number): number {
  return accessOf(call.db.arena.i32[segmentOf(address)], byteOffsetOf(address));
}

function referenceCount(call: Call): void {
  const address = find(call);
  if (address === 0) return;
  const i32 = call.db.arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  const isShared =
    encodingOf(readWord0(i32, base)) === ENCODING_INT &&
    !call.db.keyspace.eviction.needsOwnAccess &&
    secondWord(i32, base) === 0 &&
    valueWord(i32, base) >>> 0 < SHARED_INTEGERS;
  call.reply.integer(isShared ? SHARED_REFERENCES : 1);
}
