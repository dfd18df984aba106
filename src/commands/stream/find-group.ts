/** Groups and consumers that arguments name. */
import * as events from '../../keyspace/events.ts';
import { KEY_SIZE_MAX } from '../../keyspace/limits.ts';
import * as errors from '../../resp/errors.ts';
import { createConsumer, findConsumer, findGroup, setSeen } from '../../types/stream/group.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { WRONG } from '../lookup.ts';
import { latin1Repr } from '../text.ts';
import { streamForRead, streamToUpdate } from './arguments.ts';

/** Where requireGroup() found the group. */
export const target = { stream: 0, group: 0 };

/** Finds the group that argument 2 names in the stream that argument 1 names. False after an error reply. */
export function requireGroup(call: Call, changes: boolean): boolean {
  const stream = changes ? streamToUpdate(call, 1) : streamForRead(call, 1);
  if (stream === WRONG) return false;
  target.stream = stream;
  target.group = stream === 0 ? 0 : findGroup(call.db.arena, stream, call.bytes, call.start(2), call.end(2));
  if (target.group !== 0) return true;
  call.reply.error(noGroup(call, 1, 2));
  return false;
}

/** What says that a key or a group is not there. */
export function noGroup(call: Call, keyIndex: number, groupIndex: number): string {
  return errors.noSuchGroup(latin1Repr(call.text(keyIndex)), latin1Repr(call.text(groupIndex)));
}

/** Whether an argument is short enough for the name of a group or a consumer. False after an error reply. */
export function isName(call: Call, index: number): boolean {
  if (call.size(index) <= KEY_SIZE_MAX) return true;
  call.reply.error(errors.NAME_TOO_LONG);
  return false;
}

/** The consumer that an argument names, or 0. */
export function findConsumerNamed(call: Call, group: number, index: number): number {
  return findConsumer(call.db.arena, group, call.bytes, call.start(index), call.end(index));
}

/** The consumer that an argument names, of a group of the stream under `keyIndex`; made when it is not there. It has been seen now. */
export function seenConsumer(call: Call, keyIndex: number, group: number, index: number): number {
  const { arena } = call.db;
  const { nowMs } = call.server;
  let consumer = findConsumerNamed(call, group, index);
  if (consumer !== 0) {
    setSeen(arena, consumer, nowMs);
    return consumer;
  }
  consumer = createConsumer(arena, group, call.bytes, call.start(index), call.end(index), nowMs);
  call.db.keyspace.dirty++;
  changed(call, keyIndex, events.XGROUP_CREATECONSUMER);
  return consumer;
}
