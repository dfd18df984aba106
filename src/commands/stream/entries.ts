/** Entries of a stream as a reply: an array of [id, [field, value, ...]]. */
import type { Id128 } from '../../base/id128.ts';
import { text } from '../../memory/listpack.ts';
import type { ReplyWriter } from '../../resp/reply-writer.ts';
import { StreamWalk } from '../../types/stream/walk.ts';
import type { Call } from '../call.ts';
import { replyId } from './arguments.ts';

/** The walk of the command under way. */
export const walk = new StreamWalk();

/** Replies the entries between two ids, at most `limit` (0: all). */
export function replyRange(
  call: Call,
  stream: number,
  from: Id128,
  to: Id128,
  limit: number,
  reverse: boolean,
): void {
  const { keyspace } = call.db;
  walk.open(keyspace, stream, from, to, reverse);
  const n = walk.count(limit);
  call.reply.array(n);
  walk.restart();
  for (let i = 0; i < n && walk.next(); i++) replyEntry(call.reply, walk);
}

/** How many entries there are between two ids, at most `limit`. */
export function countRange(call: Call, stream: number, from: Id128, to: Id128, limit: number): number {
  walk.open(call.db.keyspace, stream, from, to, false);
  return walk.count(limit);
}

/** Replies the entry of this id. False, with no reply, when there is none. */
export function replyOne(call: Call, stream: number, id: Id128): boolean {
  walk.open(call.db.keyspace, stream, id, id, false);
  if (!walk.next()) return false;
  replyEntry(call.reply, walk);
  return true;
}

/** Replies the first or the last entry, null when there is none. */
export function replyEdge(call: Call, stream: number, from: Id128, to: Id128, last: boolean): void {
  walk.open(call.db.keyspace, stream, from, to, last);
  if (walk.next()) replyEntry(call.reply, walk);
  else call.reply.null();
}

/** Replies the entry that a walk is at. */
export function replyEntry(reply: ReplyWriter, at: StreamWalk): void {
  reply.array(2);
  replyId(reply, at.id);
  reply.array(at.pairs * 2);
  at.startFields();
  for (let i = at.pairs; i > 0; i--) {
    at.readField();
    replyText(reply, at);
    at.readValue();
    replyText(reply, at);
  }
}

function replyText(reply: ReplyWriter, at: StreamWalk): void {
  reply.bulk(text.bytes, text.start, text.end, text.bytes === at.u8 ? at.data : null);
}
