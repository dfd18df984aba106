/** XPENDING: what is pending in a group, as a summary or entry by entry. */
import { compareIds, Id128 } from '../../base/id128.ts';
import { parseSafeInteger } from '../../base/int64.ts';
import { IdTree } from '../../memory/id-tree.ts';
import * as errors from '../../resp/errors.ts';
import {
  CONSUMER_PENDING,
  consumerAt,
  consumerCount,
  GROUP_PENDING,
  givenMs,
  nameOf,
  ownerOf,
  pendingOfConsumer,
  pendingOfGroup,
  readConsumerName,
  timesGiven,
} from '../../types/stream/group.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, keyAt, READONLY } from '../define.ts';
import { readBounds, replyId } from './arguments.ts';
import { findConsumerNamed, requireGroup, target } from './find-group.ts';

export const XPENDING = defineCommand({
  name: 'XPENDING',
  summary: 'Returns what is pending in a group: how much for each consumer, or entry by entry.',
  group: 'stream',
  since: '5.0.0',
  history: [['6.2.0', 'Added the `IDLE` option and exclusive range intervals.']],
  complexity:
    'O(log(M)+N) where M is the number of pending entries and N the number returned or, with IDLE, looked at; O(C) for the summary, where C is the number of consumers',
  arity: -3, // XPENDING key group [[IDLE min-idle] start end count [consumer]]
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [
    arg.key('key'),
    arg.string('group'),
    arg.block(
      'filters',
      [
        arg.integer('min-idle-time', { token: 'IDLE', optional: true, since: '6.2.0' }),
        arg.string('start'),
        arg.string('end'),
        arg.integer('count'),
        arg.string('consumer', { optional: true }),
      ],
      { optional: true },
    ),
  ],
  tips: ['nondeterministic_output'],
  handler: xpending,
});

const ARGUMENTS_MIN = 6;
const ARGUMENTS_MAX = 9;
const ARGUMENTS_MIN_IDLE = 8;

const from = new Id128();
const to = new Id128();
const id = new Id128();
/** What readFilters() read. `consumerAt` is the argument with the consumer's name, 0 for none. */
const filters = { minIdleMs: 0, count: 0, consumerAt: 0 };

function xpending(call: Call): void {
  if (call.argc !== 3 && (call.argc < ARGUMENTS_MIN || call.argc > ARGUMENTS_MAX)) {
    call.reply.error(errors.SYNTAX);
    return;
  }
  if (call.argc !== 3 && !readFilters(call)) return;
  if (!requireGroup(call, false)) return;
  if (call.argc === 3) replySummary(call);
  else replyEntries(call);
}

/** False after an error reply. */
function readFilters(call: Call): boolean {
  let first = 3;
  filters.minIdleMs = 0;
  if (call.is(3, 'IDLE')) {
    filters.minIdleMs = parseSafeInteger(call.bytes, call.start(4), call.end(4));
    if (Number.isNaN(filters.minIdleMs)) return refuse(call, errors.NOT_INTEGER);
    if (call.argc < ARGUMENTS_MIN_IDLE) return refuse(call, errors.SYNTAX);
    first = 5;
  }
  const count = parseSafeInteger(call.bytes, call.start(first + 2), call.end(first + 2));
  if (Number.isNaN(count)) return refuse(call, errors.NOT_INTEGER);
  filters.count = Math.max(0, count);
  filters.consumerAt = first + 3 < call.argc ? first + 3 : 0;
  return readBounds(call, first, first + 1, from, to);
}

function refuse(call: Call, text: string): false {
  call.reply.error(text);
  return false;
}

function replySummary(call: Call): void {
  const { arena } = call.db;
  const { reply } = call;
  const pending = pendingOfGroup(arena, target.group);
  reply.array(4);
  reply.integer(pending.count);
  if (!pending.first()) {
    reply.null();
    reply.null();
    reply.nullArray();
    return;
  }
  pending.readKey(id);
  replyId(reply, id);
  pending.last();
  pending.readKey(id);
  replyId(reply, id);
  const count = consumerCount(arena, target.group);
  let busy = 0;
  for (let i = 0; i < count; i++) {
    if (pendingOfConsumer(arena, consumerAt(arena, target.group, i)).count > 0) busy++;
  }
  reply.array(busy);
  for (let i = 0; i < count; i++) {
    const consumer = consumerAt(arena, target.group, i);
    const own = pendingOfConsumer(arena, consumer).count;
    if (own === 0) continue;
    reply.array(2);
    readConsumerName(arena, consumer);
    reply.bulk(nameOf.bytes, nameOf.start, nameOf.end);
    reply.bulkInteger(own);
  }
}

let tree: IdTree | null = null;

function replyEntries(call: Call): void {
  const { arena } = call.db;
  const { reply } = call;
  if (tree === null || !tree.isOf(arena)) tree = new IdTree(arena);
  if (filters.consumerAt === 0) {
    tree.attach(target.group, GROUP_PENDING);
  } else {
    const consumer = findConsumerNamed(call, target.group, filters.consumerAt);
    if (consumer === 0) {
      reply.array(0);
      return;
    }
    tree.attach(consumer, CONSUMER_PENDING);
  }
  const n = countEntries(call, tree);
  reply.array(n);
  if (n === 0) return;
  tree.seek(from);
  for (let left = n; left > 0; tree.next()) {
    if (!isIdle(call, tree.value)) continue;
    replyPending(call, tree);
    left--;
  }
}

/** How many entries of the range are to be replied. */
function countEntries(call: Call, tree: IdTree): number {
  let n = 0;
  if (filters.count === 0) return 0;
  for (let more = tree.seek(from); more; more = tree.next()) {
    tree.readKey(id);
    if (compareIds(id, to) > 0) break;
    if (isIdle(call, tree.value)) n++;
    if (n === filters.count) break;
  }
  return n;
}

function isIdle(call: Call, pending: number): boolean {
  return filters.minIdleMs === 0 || call.server.nowMs - givenMs(call.db.arena, pending) >= filters.minIdleMs;
}

function replyPending(call: Call, tree: IdTree): void {
  const { arena } = call.db;
  const { reply } = call;
  const pending = tree.value;
  tree.readKey(id);
  reply.array(4);
  replyId(reply, id);
  readConsumerName(arena, ownerOf(arena, pending));
  reply.bulk(nameOf.bytes, nameOf.start, nameOf.end);
  reply.integer(Math.max(0, call.server.nowMs - givenMs(arena, pending)));
  reply.integer(timesGiven(arena, pending));
}
