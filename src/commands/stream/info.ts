/** XINFO: what there is to know of a stream, its groups and their consumers. */
import { Id128, setId } from '../../base/id128.ts';
import { addInt64, int64, negateInt64, parseSafeInteger } from '../../base/int64.ts';
import { IdTree } from '../../memory/id-tree.ts';
import * as errors from '../../resp/errors.ts';
import {
  activeMs,
  CONSUMER_PENDING,
  consumerAt,
  consumerCount,
  findGroup,
  GROUP_PENDING,
  givenMs,
  groupAt,
  groupCount,
  NEVER,
  nameOf,
  ownerOf,
  pendingOfConsumer,
  pendingOfGroup,
  readConsumerName,
  readEntriesRead,
  readGroupLastId,
  readGroupName,
  seenMs,
  timesGiven,
} from '../../types/stream/group.ts';
import {
  blocksOf,
  countUntil,
  FIRST_ID,
  hasGapsFrom,
  LAST_ID,
  MAX_DELETED_ID,
  readAdded,
  readStreamId,
  streamLength,
} from '../../types/stream/stream.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, keyAt, LOADING, READONLY, STALE } from '../define.ts';
import { replyHelp } from '../help.ts';
import { WRONG } from '../lookup.ts';
import { replyInt64 } from '../replies.ts';
import { latin1Repr } from '../text.ts';
import { replyId, streamForRead } from './arguments.ts';
import { replyEdge, replyRange } from './entries.ts';

const COMMON = {
  group: 'stream',
  since: '5.0.0',
  complexity: 'O(1)',
  flags: READONLY,
  keys: [keyAt(2, 'RO', 'access')],
} as const;

export const XINFO = defineCommand({
  name: 'XINFO',
  summary: 'Tells about a stream, its groups and their consumers.',
  group: 'stream',
  since: '5.0.0',
  complexity: 'Depends on subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [
    defineCommand({
      ...COMMON,
      name: 'STREAM',
      summary: 'Tells about a stream; with FULL about all that is in it.',
      history: [
        ['6.0.0', 'Added the `FULL` modifier.'],
        [
          '7.0.0',
          'Added the `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag` fields',
        ],
      ],
      arity: -3, // XINFO STREAM key [FULL [COUNT count]]
      args: [
        arg.key('key'),
        arg.block('full', [arg.integer('count', { token: 'COUNT', optional: true })], {
          token: 'FULL',
          optional: true,
        }),
      ],
      handler: xinfoStream,
    }),
    defineCommand({
      ...COMMON,
      name: 'GROUPS',
      summary: 'Tells about the consumer groups of a stream.',
      history: [['7.0.0', 'Added the `entries-read` and `lag` fields']],
      arity: 3, // XINFO GROUPS key
      args: [arg.key('key')],
      handler: xinfoGroups,
    }),
    defineCommand({
      ...COMMON,
      name: 'CONSUMERS',
      summary: 'Tells about the consumers of a group.',
      arity: 4, // XINFO CONSUMERS key group
      args: [arg.key('key'), arg.string('groupname')],
      tips: ['nondeterministic_output'],
      handler: xinfoConsumers,
    }),
    defineCommand({
      ...COMMON,
      name: 'HELP',
      summary: 'Explains the subcommands.',
      arity: 2,
      flags: LOADING | STALE,
      keys: [],
      handler: (call) => replyHelp(call, 'XINFO', HELP),
    }),
  ],
});

const HELP = [
  'CONSUMERS <key> <groupname>',
  '    Show consumers of <groupname>.',
  'GROUPS <key>',
  '    Show the stream consumer groups.',
  'STREAM <key> [FULL [COUNT <count>]',
  '    Show information about the stream.',
];

/** Entries shown by FULL when no COUNT is given. */
const COUNT_DEFAULT = 10;

const id = new Id128();
const MIN_ID = new Id128();
const MAX_ID = new Id128();
setId(MAX_ID, -1, -1, -1, -1);

/** The stream of argument 2; WRONG after an error reply, also when there is none. */
function requireStream(call: Call): number {
  const stream = streamForRead(call, 2);
  if (stream !== 0) return stream;
  call.reply.error(errors.NO_SUCH_KEY);
  return WRONG;
}

function replyIdOf(call: Call, stream: number, which: number): void {
  readStreamId(call.db.arena, stream, which, id);
  replyId(call.reply, id);
}

// --- XINFO STREAM -----------------------------------------------------------------------------------

function xinfoStream(call: Call): void {
  const stream = requireStream(call);
  if (stream === WRONG) return;
  if (call.argc > 3) {
    replyFull(call, stream);
    return;
  }
  const { arena } = call.db;
  const { reply } = call;
  reply.map(10);
  replyFacts(call, stream);
  reply.bulkText('groups');
  reply.integer(groupCount(arena, stream));
  reply.bulkText('first-entry');
  replyEdge(call, stream, MIN_ID, MAX_ID, false);
  reply.bulkText('last-entry');
  replyEdge(call, stream, MIN_ID, MAX_ID, true);
}

/** The seven pairs that are shown with FULL and without. There is no radix tree: its keys are our blocks, its nodes those and a root. */
function replyFacts(call: Call, stream: number): void {
  const { arena } = call.db;
  const { reply } = call;
  const blocks = blocksOf(arena, stream).count;
  reply.bulkText('length');
  reply.integer(streamLength(arena, stream));
  reply.bulkText('radix-tree-keys');
  reply.integer(blocks);
  reply.bulkText('radix-tree-nodes');
  reply.integer(blocks + 1);
  reply.bulkText('last-generated-id');
  replyIdOf(call, stream, LAST_ID);
  reply.bulkText('max-deleted-entry-id');
  replyIdOf(call, stream, MAX_DELETED_ID);
  reply.bulkText('entries-added');
  readAdded(arena, stream);
  replyInt64(reply, int64.hi, int64.lo);
  reply.bulkText('recorded-first-entry-id');
  replyIdOf(call, stream, FIRST_ID);
}

function replyFull(call: Call, stream: number): void {
  const { reply } = call;
  let count = COUNT_DEFAULT;
  if (!call.is(3, 'FULL') || (call.argc !== 4 && (call.argc !== 6 || !call.is(4, 'COUNT')))) {
    reply.error(errors.subcommandSyntax(latin1Repr(call.text(1)), 'XINFO'));
    return;
  }
  if (call.argc === 6) {
    count = parseSafeInteger(call.bytes, call.start(5), call.end(5));
    if (Number.isNaN(count)) {
      reply.error(errors.NOT_INTEGER);
      return;
    }
    if (count < 0) count = COUNT_DEFAULT;
  }
  reply.map(9);
  replyFacts(call, stream);
  reply.bulkText('entries');
  replyRange(call, stream, MIN_ID, MAX_ID, count, false);
  reply.bulkText('groups');
  const groups = groupCount(call.db.arena, stream);
  reply.array(groups);
  for (let i = 0; i < groups; i++) replyFullGroup(call, stream, groupAt(call.db.arena, stream, i), count);
}

function replyFullGroup(call: Call, stream: number, group: number, count: number): void {
  const { arena } = call.db;
  const { reply } = call;
  reply.map(7);
  replyGroupName(call, group);
  replyProgress(call, stream, group);
  reply.bulkText('pel-count');
  const pending = pendingOfGroup(arena, group).count;
  reply.integer(pending);
  reply.bulkText('pending');
  replyPending(call, group, GROUP_PENDING, count === 0 ? pending : Math.min(count, pending), true);
  reply.bulkText('consumers');
  const consumers = consumerCount(arena, group);
  reply.array(consumers);
  for (let i = 0; i < consumers; i++) replyFullConsumer(call, consumerAt(arena, group, i), count);
}

function replyFullConsumer(call: Call, consumer: number, count: number): void {
  const { arena } = call.db;
  const { reply } = call;
  reply.map(call.server.is72 ? 5 : 4);
  replyConsumerName(call, consumer);
  reply.bulkText('seen-time');
  reply.integer(seenMs(arena, consumer));
  if (call.server.is72) {
    reply.bulkText('active-time');
    reply.integer(activeMs(arena, consumer));
  }
  reply.bulkText('pel-count');
  const pending = pendingOfConsumer(arena, consumer).count;
  reply.integer(pending);
  reply.bulkText('pending');
  replyPending(call, consumer, CONSUMER_PENDING, count === 0 ? pending : Math.min(count, pending), false);
}

let tree: IdTree | null = null;

/** The first `n` entries of a tree of pending ones. */
function replyPending(call: Call, cell: number, word: number, n: number, tellsOwner: boolean): void {
  const { arena } = call.db;
  const { reply } = call;
  if (tree === null || !tree.isOf(arena)) tree = new IdTree(arena);
  tree.attach(cell, word);
  reply.array(n);
  let more = tree.first();
  for (let i = 0; i < n && more; i++, more = tree.next()) {
    const pending = tree.value;
    reply.array(tellsOwner ? 4 : 3);
    tree.readKey(id);
    replyId(reply, id);
    if (tellsOwner) {
      readConsumerName(arena, ownerOf(arena, pending));
      reply.bulk(nameOf.bytes, nameOf.start, nameOf.end);
    }
    reply.integer(givenMs(arena, pending));
    reply.integer(timesGiven(arena, pending));
  }
}

// --- groups and consumers ---------------------------------------------------------------------------

function xinfoGroups(call: Call): void {
  const stream = requireStream(call);
  if (stream === WRONG) return;
  const { arena } = call.db;
  const { reply } = call;
  const groups = groupCount(arena, stream);
  reply.array(groups);
  for (let i = 0; i < groups; i++) {
    const group = groupAt(arena, stream, i);
    reply.map(6);
    replyGroupName(call, group);
    reply.bulkText('consumers');
    reply.integer(consumerCount(arena, group));
    reply.bulkText('pending');
    reply.integer(pendingOfGroup(arena, group).count);
    replyProgress(call, stream, group);
  }
}

function replyGroupName(call: Call, group: number): void {
  call.reply.bulkText('name');
  readGroupName(call.db.arena, group);
  call.reply.bulk(nameOf.bytes, nameOf.start, nameOf.end);
}

function replyConsumerName(call: Call, consumer: number): void {
  call.reply.bulkText('name');
  readConsumerName(call.db.arena, consumer);
  call.reply.bulk(nameOf.bytes, nameOf.start, nameOf.end);
}

/** How far the group has read, as far as that is known: three pairs. */
function replyProgress(call: Call, stream: number, group: number): void {
  const { arena } = call.db;
  const { reply } = call;
  reply.bulkText('last-delivered-id');
  readGroupLastId(arena, group, id);
  replyId(reply, id);
  reply.bulkText('entries-read');
  if (readEntriesRead(arena, group)) replyInt64(reply, int64.hi, int64.lo);
  else reply.null();
  reply.bulkText('lag');
  readAdded(arena, stream);
  const isNew = (int64.hi | int64.lo) === 0;
  if (isNew) {
    reply.integer(0);
    return;
  }
  if (!readEntriesRead(arena, group) || hasGapsFrom(arena, stream, id)) countUntil(arena, stream, id);
  const { hi, lo } = int64;
  if ((hi & lo) === -1) {
    reply.null();
    return;
  }
  negateInt64(hi, lo);
  const minusHi = int64.hi;
  const minusLo = int64.lo;
  readAdded(arena, stream);
  addInt64(int64.hi, int64.lo, minusHi, minusLo);
  replyInt64(reply, int64.hi, int64.lo);
}

function xinfoConsumers(call: Call): void {
  const stream = requireStream(call);
  if (stream === WRONG) return;
  const { arena } = call.db;
  const { reply, server } = call;
  const group = findGroup(arena, stream, call.bytes, call.start(3), call.end(3));
  if (group === 0) {
    reply.error(errors.noSuchGroupOfKey(latin1Repr(call.text(2)), latin1Repr(call.text(3))));
    return;
  }
  const consumers = consumerCount(arena, group);
  reply.array(consumers);
  for (let i = 0; i < consumers; i++) {
    const consumer = consumerAt(arena, group, i);
    reply.map(server.is72 ? 4 : 3);
    replyConsumerName(call, consumer);
    reply.bulkText('pending');
    reply.integer(pendingOfConsumer(arena, consumer).count);
    reply.bulkText('idle');
    reply.integer(Math.max(0, server.nowMs - seenMs(arena, consumer)));
    if (!server.is72) continue;
    reply.bulkText('inactive');
    const active = activeMs(arena, consumer);
    reply.integer(active === NEVER ? NEVER : Math.max(0, server.nowMs - active));
  }
}
