/** What XREADGROUP gives to a consumer: new entries, which then are pending, or those it has pending already. */
import { compareIds, copyId, Id128, incrementId, setId } from '../../base/id128.ts';
import { int64 } from '../../base/int64.ts';
import type { Arena } from '../../memory/arena.ts';
import { IdTree } from '../../memory/id-tree.ts';
import {
  addPending,
  CONSUMER_PENDING,
  findPending,
  givePending,
  readEntriesRead,
  readGroupLastId,
  setEntriesRead,
  setGiven,
  setGroupLastId,
  setTimesGiven,
  timesGiven,
} from '../../types/stream/group.ts';
import { countUntil, hasGapsFrom, readAdded } from '../../types/stream/stream.ts';
import { StreamWalk } from '../../types/stream/walk.ts';
import type { Call } from '../call.ts';
import { replyId } from './arguments.ts';
import { replyEntry, replyOne } from './entries.ts';
import { logPending } from './log.ts';

/** The arguments with the key and the group's name. */
export interface Logged {
  key: number;
  group: number;
}

const walk = new StreamWalk();
const from = new Id128();
const lastId = new Id128();
const MAX_ID = new Id128();
setId(MAX_ID, -1, -1, -1, -1);

/** Replies the entries that the group has not read, at most `limit` (0: all), and notes them as read and, without NOACK, as pending. Returns how many. */
export function replyNew(
  call: Call,
  stream: number,
  group: number,
  consumer: number,
  limit: number,
  noAck: boolean,
  logged: Logged,
): number {
  const { arena, keyspace } = call.db;
  readGroupLastId(arena, group, from);
  incrementId(from);
  walk.open(keyspace, stream, from, MAX_ID, false);
  // Who asks has made sure that there is one.
  const n = limit === 1 ? 1 : walk.count(limit);
  call.reply.array(n);
  walk.restart();
  for (let i = 0; i < n && walk.next(); i++) {
    noteRead(arena, stream, group, walk.id);
    replyEntry(call.reply, walk);
    if (noAck) continue;
    const pending = notePending(arena, group, consumer, walk.id, call.server.nowMs);
    if (call.log !== null) logPending(call, call.log, logged.key, logged.group, group, pending, walk.id);
  }
  return n;
}

/** The group has read the entry: its last id and its count of entries read go on. */
function noteRead(arena: Arena, stream: number, group: number, id: Id128): void {
  readGroupLastId(arena, group, lastId);
  if (compareIds(id, lastId) <= 0) return;
  if (!hasGapsFrom(arena, stream, id) && readEntriesRead(arena, group)) {
    const lo = (int64.lo + 1) | 0;
    setEntriesRead(arena, group, lo === 0 ? int64.hi + 1 : int64.hi, lo);
  } else {
    readAdded(arena, stream);
    if ((int64.hi | int64.lo) !== 0) {
      countUntil(arena, stream, id);
      setEntriesRead(arena, group, int64.hi, int64.lo);
    }
  }
  setGroupLastId(arena, group, id);
}

/** The entry is pending for the consumer, given for the first time. It can be pending already, after XGROUP SETID. */
function notePending(arena: Arena, group: number, consumer: number, id: Id128, nowMs: number): number {
  const pending = findPending(arena, group, id);
  if (pending === 0) return addPending(arena, group, consumer, id, nowMs, 1);
  givePending(arena, pending, id, consumer);
  setGiven(arena, pending, nowMs);
  setTimesGiven(arena, pending, 1);
  return pending;
}

let own: IdTree | null = null;

/**
 * Replies what the consumer has pending after `after`, at most `limit` entries (0: all); an entry that is no longer in the stream with null
 * for its fields. Returns how many.
 */
export function replyHistory(
  call: Call,
  stream: number,
  group: number,
  consumer: number,
  after: Id128,
  limit: number,
  logged: Logged,
): number {
  const { arena } = call.db;
  if (own === null || !own.isOf(arena)) own = new IdTree(arena);
  const pending = own.attach(consumer, CONSUMER_PENDING);
  copyId(after, from);
  incrementId(from);
  const most = limit === 0 ? pending.count : Math.min(limit, pending.count);
  let n = 0;
  for (let more = n < most && pending.seek(from); more; more = n < most && pending.next()) n++;
  call.reply.array(n);
  if (n > 0) pending.seek(from);
  for (let i = 0; i < n; i++, pending.next()) replyPending(call, stream, group, pending, logged);
  return n;
}

function replyPending(call: Call, stream: number, group: number, at: IdTree, logged: Logged): void {
  const { arena } = call.db;
  const pending = at.value;
  at.readKey(lastId);
  if (replyOne(call, stream, lastId)) {
    setGiven(arena, pending, call.server.nowMs);
    setTimesGiven(arena, pending, timesGiven(arena, pending) + 1);
    if (call.log !== null) logPending(call, call.log, logged.key, logged.group, group, pending, lastId);
    return;
  }
  call.reply.array(2);
  replyId(call.reply, lastId);
  call.reply.nullArray();
}
