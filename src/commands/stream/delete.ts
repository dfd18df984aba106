/** XDEL, XDELEX, XACK and XACKDEL: entries by their ids. */
import { compareIds, Id128, readId, writeIdWords } from '../../base/id128.ts';
import { parseSafeInteger } from '../../base/int64.ts';
import * as events from '../../keyspace/events.ts';
import * as errors from '../../resp/errors.ts';
import { findGroup, removePending } from '../../types/stream/group.ts';
import { FIRST_ID, MAX_DELETED_ID, readStreamId } from '../../types/stream/stream.ts';
import {
  findFirst,
  hasEntry,
  isReferenced,
  KEEP_REFERENCES,
  noteDeleted,
  ONLY_ACKNOWLEDGED,
  REMOVE_REFERENCES,
  removeEntry,
  removeReferences,
} from '../../types/stream/trim.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, defineCommand, FAST, keyAt, WRITE } from '../define.ts';
import { WRONG } from '../lookup.ts';
import { readStrictId, streamForWrite, streamToUpdate } from './arguments.ts';
import { logAck, logAcksOfAll, logDelete } from './log.ts';
import { readReferences } from './trim-options.ts';

export const XDEL = defineCommand({
  name: 'XDEL',
  summary: 'Removes entries from a stream by their ids.',
  group: 'stream',
  since: '5.0.0',
  complexity: 'O(log(N)) for each id, where N is the number of blocks of the stream',
  arity: -3, // XDEL key id [id ...]
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'delete')],
  args: [arg.key('key'), arg.string('id', { many: true })],
  handler: xdel,
});

export const XACK = defineCommand({
  name: 'XACK',
  summary: 'Acknowledges entries: they are pending in the group no more.',
  group: 'stream',
  since: '5.0.0',
  complexity: 'O(log(N)) for each id, where N is the number of pending entries',
  arity: -4, // XACK key group id [id ...]
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'update')],
  args: [arg.key('key'), arg.string('group'), arg.string('id', { many: true })],
  handler: xack,
});

const REFERENCES = arg.oneOf(
  'condition',
  [arg.token('keepref', 'KEEPREF'), arg.token('delref', 'DELREF'), arg.token('acked', 'ACKED')],
  { optional: true },
);
const IDS = arg.block('ids', [arg.integer('numids'), arg.string('id', { many: true })], { token: 'IDS' });

export const XDELEX = defineCommand({
  name: 'XDELEX',
  summary: 'Removes entries from a stream, and says what becomes of those that are pending in groups.',
  group: 'stream',
  since: '8.2.0',
  origin: 'redis 8.2',
  complexity: 'O(log(N)) for each id, times the number of groups with DELREF and ACKED',
  arity: -5, // XDELEX key [KEEPREF|DELREF|ACKED] IDS numids id [id ...]
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'delete')],
  args: [arg.key('key'), REFERENCES, IDS],
  handler: xdelex,
});

export const XACKDEL = defineCommand({
  name: 'XACKDEL',
  summary: 'Acknowledges entries in a group and removes them from the stream.',
  group: 'stream',
  since: '8.2.0',
  origin: 'redis 8.2',
  complexity: 'O(log(N)) for each id, times the number of groups with DELREF and ACKED',
  arity: -6, // XACKDEL key group [KEEPREF|DELREF|ACKED] IDS numids id [id ...]
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'update', 'delete')],
  args: [arg.key('key'), arg.string('group'), REFERENCES, IDS],
  handler: xackdel,
});

/** What became of an id. */
const ABSENT = -1;
const REMOVED = 1;
const KEPT = 2;

/** The ids of the call, four words each. */
let ids = new Int32Array(64);
const id = new Id128();
const first = new Id128();

/** Reads `n` ids from argument `index` on. False after an error reply. */
function readIds(call: Call, index: number, n: number): boolean {
  if (n * 4 > ids.length) ids = new Int32Array(n * 8);
  for (let i = 0; i < n; i++) {
    if (!readStrictId(call, index + i, id)) return false;
    writeIdWords(id, ids, i * 4);
  }
  return true;
}

function xdel(call: Call): void {
  const { reply } = call;
  const stream = streamForWrite(call, 1);
  if (stream === WRONG) return;
  if (stream === 0) {
    reply.integer(0);
    return;
  }
  const n = call.argc - 2;
  if (!readIds(call, 2, n)) return;
  startRemoving(call, stream);
  let removed = 0;
  for (let i = 0; i < n; i++) {
    readId(ids, i * 4, id);
    if (remove(call, stream)) removed++;
  }
  finishRemoving(call, stream);
  noteRemoved(call, removed);
  reply.integer(removed);
}

/** Whether the first entry has been removed. */
let removedFirst = false;

function startRemoving(call: Call, stream: number): void {
  readStreamId(call.db.arena, stream, FIRST_ID, first);
  removedFirst = false;
}

/** Removes the entry `id`. False when there is none. */
function remove(call: Call, stream: number): boolean {
  const { arena, keyspace } = call.db;
  if (!removeEntry(keyspace, stream, id)) return false;
  if (compareIds(id, first) === 0) removedFirst = true;
  noteDeleted(arena, stream, MAX_DELETED_ID, id);
  return true;
}

/** Says that so many entries have been removed. */
function noteRemoved(call: Call, removed: number): void {
  if (removed === 0) return;
  call.db.keyspace.dirty += removed;
  changed(call, 1, events.XDEL);
}

function finishRemoving(call: Call, stream: number): void {
  if (removedFirst) findFirst(call.db.keyspace, stream);
}

function xack(call: Call): void {
  const { db, reply, bytes } = call;
  const stream = streamToUpdate(call, 1);
  if (stream === WRONG) return;
  const group = stream === 0 ? 0 : findGroup(db.arena, stream, bytes, call.start(2), call.end(2));
  if (group === 0) {
    reply.integer(0);
    return;
  }
  const n = call.argc - 3;
  if (!readIds(call, 3, n)) return;
  let acknowledged = 0;
  for (let i = 0; i < n; i++) {
    readId(ids, i * 4, id);
    if (removePending(db.arena, group, id)) acknowledged++;
  }
  db.keyspace.dirty += acknowledged;
  reply.integer(acknowledged);
}

// --- XDELEX and XACKDEL -----------------------------------------------------------------------------

/** What readOptions() read. */
const options = { references: KEEP_REFERENCES, ids: 0 };

/** Reads [KEEPREF|DELREF|ACKED] IDS numids id ... from argument `index` on, in any order. False after an error reply. */
function readOptions(call: Call, index: number): boolean {
  let words = 0;
  options.ids = 0;
  options.references = KEEP_REFERENCES;
  for (let i = index; i < call.argc; i++) {
    const references = readReferences(call, i);
    if (references >= 0) {
      options.references = references;
      if (++words > 1) return refuse(call, errors.SYNTAX);
    } else if (options.ids === 0 && call.is(i, 'IDS') && i + 1 < call.argc) {
      const n = parseSafeInteger(call.bytes, call.start(i + 1), call.end(i + 1));
      if (!(n > 0)) return refuse(call, errors.NUMIDS_POSITIVE);
      if (n > call.argc - i - 2) return refuse(call, errors.NUMIDS_COUNT);
      if (!readIds(call, i + 2, n)) return false;
      options.ids = n;
      i += n + 1;
    } else {
      return refuse(call, errors.SYNTAX);
    }
  }
  return options.ids > 0 || refuse(call, errors.IDS_REQUIRED);
}

function refuse(call: Call, text: string): false {
  call.reply.error(text);
  return false;
}

function xdelex(call: Call): void {
  const { reply } = call;
  if (!readOptions(call, 2)) return;
  const stream = streamForWrite(call, 1);
  if (stream === WRONG) return;
  reply.array(options.ids);
  if (stream !== 0) startRemoving(call, stream);
  let removed = 0;
  for (let i = 0; i < options.ids; i++) {
    readId(ids, i * 4, id);
    const outcome = stream === 0 ? ABSENT : removeReferenced(call, stream);
    if (outcome === REMOVED) removed++;
    reply.integer(outcome);
  }
  if (stream !== 0) finishRemoving(call, stream);
  noteRemoved(call, removed);
}

/** Removes the entry `id` as far as the references allow. */
function removeReferenced(call: Call, stream: number): number {
  const { arena, keyspace } = call.db;
  if (options.references === ONLY_ACKNOWLEDGED && isReferenced(arena, stream, id)) {
    return hasEntry(keyspace, stream, id) ? KEPT : ABSENT;
  }
  const { log } = call;
  if (log !== null && options.references === REMOVE_REFERENCES) logAcksOfAll(call, log, stream, id);
  const dangled = options.references === REMOVE_REFERENCES && removeReferences(arena, stream, id) > 0;
  if (remove(call, stream)) {
    if (log !== null) logDelete(call, log, id);
    return REMOVED;
  }
  if (dangled) keyspace.dirty++;
  return ABSENT;
}

function xackdel(call: Call): void {
  const { db, reply, bytes } = call;
  if (!readOptions(call, 3)) return;
  const stream = streamForWrite(call, 1);
  if (stream === WRONG) return;
  const group = stream === 0 ? 0 : findGroup(db.arena, stream, bytes, call.start(2), call.end(2));
  reply.array(options.ids);
  if (group !== 0) startRemoving(call, stream);
  let removed = 0;
  for (let i = 0; i < options.ids; i++) {
    readId(ids, i * 4, id);
    if (group === 0 || !removePending(db.arena, group, id)) {
      reply.integer(ABSENT);
      continue;
    }
    db.keyspace.dirty++;
    if (call.log !== null) logAck(call, call.log, 2, id);
    const outcome = removeReferenced(call, stream);
    if (outcome === REMOVED) removed++;
    // An entry that is gone already counts as removed: nothing is left of it.
    reply.integer(outcome === KEPT ? KEPT : REMOVED);
  }
  if (group !== 0) finishRemoving(call, stream);
  noteRemoved(call, removed);
}
