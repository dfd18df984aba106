/**
 * XREAD and XREADGROUP: what has been added to streams since an id, or since a group has read; clients may wait for it.
 *
 * A waiting client's command is run again whenever one of its streams gets something (../blocking.ts). What `$` meant when it began to wait is
 * remembered in the wait's memo, four words for each stream. One that reads for a group is also run again when its stream or its group goes, and
 * gets an error then.
 */
import { equalBytes } from '../../base/bytes.ts';
import {
  compareIds,
  copyId,
  decrementId,
  Id128,
  incrementId,
  isMaxId,
  readId,
  setId,
  writeIdWords,
} from '../../base/id128.ts';
import { int64, int64ToNumber, parseInt64, parseSafeInteger } from '../../base/int64.ts';
import { handleOf } from '../../keyspace/blob.ts';
import { TYPE_STREAM } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { consumerCount, findGroup, readGroupLastId, setActive } from '../../types/stream/group.ts';
import { isChar } from '../../types/stream/id-text.ts';
import { LAST_ID, readStreamId, streamLength } from '../../types/stream/stream.ts';
import { readEdge } from '../../types/stream/trim.ts';
import { blockOnKeys, keyRange, TIMEOUT_NEGATIVE } from '../blocking.ts';
import type { Call } from '../call.ts';
import { arg, BLOCKING, defineCommand, type KeySpec, MOVABLE_KEYS, READONLY, WRITE } from '../define.ts';
import { typeAt, WRONG } from '../lookup.ts';
import { readStrictId, streamForRead, streamToUpdate } from './arguments.ts';
import { countRange, replyRange } from './entries.ts';
import { isName, noGroup, seenConsumer } from './find-group.ts';
import { logConsumer, logGroup } from './log.ts';
import { replyHistory, replyNew } from './read-for-group.ts';

const streamKeys = (from: number): KeySpec => ({
  flags: ['RO', 'access'],
  begin: { keyword: 'STREAMS', from },
  find: { last: -1, step: 1, limit: 2 },
});

const STREAMS = arg.block('streams', [arg.key('key', { many: true }), arg.string('id', { many: true })], {
  token: 'STREAMS',
});
const COUNT = arg.integer('count', { token: 'COUNT', optional: true });
const BLOCK = arg.integer('milliseconds', { token: 'BLOCK', optional: true });
const COMPLEXITY =
  'O(log(M)+N) for each stream, where M is the number of blocks and N the number of entries returned';

export const XREAD = defineCommand({
  name: 'XREAD',
  summary: 'Returns the entries of several streams that are greater than given ids; can wait for them.',
  group: 'stream',
  since: '5.0.0',
  complexity: COMPLEXITY,
  arity: -4, // XREAD [COUNT count] [BLOCK ms] STREAMS key [key ...] id [id ...]
  flags: READONLY | BLOCKING | MOVABLE_KEYS,
  keys: [streamKeys(1)],
  args: [COUNT, BLOCK, STREAMS],
  handler: (call) => read(call, false),
});

export const XREADGROUP = defineCommand({
  name: 'XREADGROUP',
  summary:
    'Returns entries of several streams to a consumer of a group, new ones or those it has pending; can wait for new ones.',
  group: 'stream',
  since: '5.0.0',
  complexity: COMPLEXITY,
  arity: -7, // XREADGROUP GROUP group consumer [COUNT count] [BLOCK ms] [NOACK] STREAMS key [key ...] id [id ...]
  flags: WRITE | BLOCKING | MOVABLE_KEYS,
  keys: [streamKeys(4)],
  args: [
    arg.block('group_consumer', [arg.string('group'), arg.string('consumer')], { token: 'GROUP' }),
    COUNT,
    BLOCK,
    arg.token('noack', 'NOACK', { optional: true }),
    STREAMS,
  ],
  handler: (call) => read(call, true),
});

const PLUS = 43;
const DOLLAR = 36;
const GREATER = 62;

/** What the options say. `groupAt` is the argument with the group's name, 0 for none; `blockMs` -1 for no BLOCK. */
const options = { count: 0, blockMs: -1, groupAt: 0, noAck: false, firstKey: 0, streams: 0 };

/** For each stream the id after which to read; the greatest stands for `>`. They are used again and again. */
const ids: Id128[] = [];
const edge = new Id128();
const groupId = new Id128();
const MAX_ID = new Id128();
setId(MAX_ID, -1, -1, -1, -1);

function read(call: Call, forGroup: boolean): void {
  if (!readOptions(call, forGroup)) return;
  while (ids.length < options.streams) ids.push(new Id128());
  for (let i = 0; i < options.streams; i++) if (!resolveId(call, i, forGroup)) return;
  const again = call.server.blocking.memo !== null;
  let served = 0;
  for (let i = 0; i < options.streams; i++) {
    // Redis looks each key up a second time, and counts that.
    const stream = again ? streamAt(call, i) : streamForRead(call, options.firstKey + i);
    if (hasNews(call, stream, i, forGroup) && leavesSome(call, i, forGroup)) served++;
  }
  if (served > 0) {
    replyStreams(call, served, forGroup);
    return;
  }
  if (options.blockMs < 0) call.reply.nullArray();
  else wait(call, forGroup);
}

function wait(call: Call, forGroup: boolean): void {
  const memo = new Int32Array(options.streams * 4);
  for (let i = 0; i < options.streams; i++) writeIdWords(ids[i], memo, i * 4);
  const keys = keyRange(options.firstKey, options.firstKey + options.streams - 1);
  blockOnKeys(call, keys, TYPE_STREAM, options.blockMs, (late) => late.nullArray(), {
    untilGone: forGroup,
    memo,
  });
}

// --- arguments --------------------------------------------------------------------------------------

/** False after an error reply. */
function readOptions(call: Call, forGroup: boolean): boolean {
  options.count = 0;
  options.blockMs = -1;
  options.groupAt = 0;
  options.noAck = false;
  options.streams = 0;
  for (let i = 1; i < call.argc && options.streams === 0; i++) {
    const more = call.argc - i - 1;
    if (more > 0 && call.is(i, 'BLOCK')) {
      if (!readBlockMs(call, ++i)) return false;
    } else if (more > 0 && call.is(i, 'COUNT')) {
      const count = parseSafeInteger(call.bytes, call.start(++i), call.end(i));
      if (Number.isNaN(count)) return refuse(call, errors.NOT_INTEGER);
      options.count = Math.max(0, count);
    } else if (more > 0 && call.is(i, 'STREAMS')) {
      if (more % 2 !== 0) {
        const { is72 } = call.server;
        return refuse(call, errors.unbalancedStreams(call.command.fullName, forGroup, is72));
      }
      options.firstKey = i + 1;
      options.streams = more / 2;
    } else if (more > 1 && call.is(i, 'GROUP')) {
      if (!forGroup) return refuse(call, errors.xreadgroupOnly('GROUP'));
      options.groupAt = i + 1;
      i += 2;
    } else if (call.is(i, 'NOACK')) {
      if (!forGroup) return refuse(call, errors.xreadgroupOnly('NOACK'));
      options.noAck = true;
    } else {
      return refuse(call, errors.SYNTAX);
    }
  }
  if (options.streams === 0) return refuse(call, errors.SYNTAX);
  if (!forGroup) return true;
  if (options.groupAt === 0) return refuse(call, errors.GROUP_MISSING);
  return isName(call, options.groupAt + 1);
}

function readBlockMs(call: Call, index: number): boolean {
  if (!parseInt64(call.bytes, call.start(index), call.end(index)))
    return refuse(call, errors.TIMEOUT_NOT_INTEGER);
  if (int64.hi < 0) return refuse(call, TIMEOUT_NEGATIVE);
  options.blockMs = int64ToNumber(int64.hi, int64.lo);
  return true;
}

function refuse(call: Call, text: string): false {
  call.reply.error(text);
  return false;
}

/** Reads the id of stream `i`, after its key and group have been looked at. False after an error reply. */
function resolveId(call: Call, i: number, forGroup: boolean): boolean {
  const keyIndex = options.firstKey + i;
  const index = keyIndex + options.streams;
  const { memo } = call.server.blocking;
  if (memo !== null && !forGroup && !call.server.is72) {
    // Redis 7.0 looks at nothing but the stream that has come to have something.
    readId(memo, i * 4, ids[i]);
    return true;
  }
  const stream = memo !== null && forGroup ? waitedFor(call, keyIndex) : streamOf(call, keyIndex, forGroup);
  if (stream === WRONG) return false;
  if (forGroup && !hasGroup(call, stream, keyIndex, memo !== null)) return false;
  const start = call.start(index);
  const end = call.end(index);
  const { bytes } = call;
  const id = ids[i];
  if (memo !== null && !forGroup) {
    readId(memo, i * 4, id);
  } else if (isChar(bytes, start, end, DOLLAR)) {
    if (forGroup) return refuse(call, errors.MEANINGLESS_DOLLAR);
    if (stream === 0) setId(id, 0, 0, 0, 0);
    else readStreamId(call.db.arena, stream, LAST_ID, id);
  } else if (isChar(bytes, start, end, PLUS)) {
    if (forGroup) return refuse(call, errors.MEANINGLESS_PLUS);
    readBeforeLast(call, stream, id);
  } else if (isChar(bytes, start, end, GREATER)) {
    if (!forGroup) return refuse(call, errors.MEANINGLESS_GREATER);
    copyId(MAX_ID, id);
  } else {
    return readStrictId(call, index, id);
  }
  return true;
}

/** `+` of Redis 7.4: the id after which the last entry comes. */
function readBeforeLast(call: Call, stream: number, id: Id128): void {
  if (stream === 0) setId(id, 0, 0, 0, 0);
  else if (readEdge(call.db.keyspace, stream, true, id)) decrementId(id);
  else readStreamId(call.db.arena, stream, LAST_ID, id);
}

/** The stream that a client waits for; 0 when it is gone, WRONG after an error reply. */
function waitedFor(call: Call, keyIndex: number): number {
  const address = call.db.find(call.keyHash(keyIndex), call.bytes, call.start(keyIndex), call.end(keyIndex));
  if (!call.server.is72 && (address === 0 || typeAt(call.db, address) !== TYPE_STREAM)) {
    call.reply.error(errors.STREAM_GONE);
    return WRONG;
  }
  return streamOf(call, keyIndex, true);
}

function streamOf(call: Call, keyIndex: number, forGroup: boolean): number {
  return forGroup ? streamToUpdate(call, keyIndex) : streamForRead(call, keyIndex);
}

/** False after an error reply. */
function hasGroup(call: Call, stream: number, keyIndex: number, waited: boolean): boolean {
  const at = options.groupAt;
  if (stream !== 0 && findGroup(call.db.arena, stream, call.bytes, call.start(at), call.end(at)) !== 0)
    return true;
  if (waited && !call.server.is72) return refuse(call, errors.GROUP_GONE);
  return refuse(call, `${noGroup(call, keyIndex, at)} in XREADGROUP with GROUP option`);
}

// --- what there is ----------------------------------------------------------------------------------

/** Whether stream `i`, whose header is at `stream`, is part of the reply. */
function hasNews(call: Call, stream: number, i: number, forGroup: boolean): boolean {
  if (stream === 0) return false;
  if (!forGroup) return hasAfter(call, stream, ids[i]);
  const group = groupOf(call, stream);
  if (call.server.is72) {
    const before = consumerCount(call.db.arena, group);
    touchConsumer(call, i, group);
    if (call.log !== null && consumerCount(call.db.arena, group) > before)
      logConsumer(call, call.log, options.firstKey + i, options.groupAt, options.groupAt + 1);
  }
  // A consumer's history is always replied, empty as it may be.
  if (!isMaxId(ids[i])) return true;
  readGroupLastId(call.db.arena, group, groupId);
  return hasAfter(call, stream, groupId);
}

/** For a stream that is named several times with `>`: whether those before it leave something for stream `i`. */
function leavesSome(call: Call, i: number, forGroup: boolean): boolean {
  if (!forGroup || !isMaxId(ids[i])) return true;
  let before = 0;
  for (let j = 0; j < i; j++) if (isMaxId(ids[j]) && isSameKey(call, i, j)) before++;
  if (before === 0) return true;
  if (options.count === 0) return false;
  const stream = streamAt(call, i);
  readGroupLastId(call.db.arena, groupOf(call, stream), edge);
  incrementId(edge);
  const taken = before * options.count;
  return countRange(call, stream, edge, MAX_ID, taken + 1) > taken;
}

function isSameKey(call: Call, i: number, j: number): boolean {
  const a = options.firstKey + i;
  const b = options.firstKey + j;
  return equalBytes(call.bytes, call.start(a), call.end(a), call.bytes, call.start(b), call.end(b));
}

/** Whether the stream has an entry after `id`. */
function hasAfter(call: Call, stream: number, id: Id128): boolean {
  const { arena, keyspace } = call.db;
  if (streamLength(arena, stream) === 0) return false;
  readStreamId(arena, stream, LAST_ID, edge);
  if (compareIds(edge, id) <= 0) return false;
  return readEdge(keyspace, stream, true, edge) && compareIds(edge, id) > 0;
}

/** The header of stream `i`; 0 when there is none. */
function streamAt(call: Call, i: number): number {
  const index = options.firstKey + i;
  const address = call.db.find(call.keyHash(index), call.bytes, call.start(index), call.end(index));
  return address === 0 || typeAt(call.db, address) !== TYPE_STREAM ? 0 : handleOf(call.db, address);
}

function groupOf(call: Call, stream: number): number {
  const at = options.groupAt;
  return findGroup(call.db.arena, stream, call.bytes, call.start(at), call.end(at));
}

/** The consumer of the call in the group of stream `i`, made if it is not there; it has been seen now. */
function touchConsumer(call: Call, i: number, group: number): number {
  return seenConsumer(call, options.firstKey + i, group, options.groupAt + 1);
}

function replyStreams(call: Call, served: number, forGroup: boolean): void {
  const { reply } = call;
  if (reply.resp === 3) reply.map(served);
  else reply.array(served);
  for (let i = 0; i < options.streams; i++) {
    if (!hasNews(call, streamAt(call, i), i, forGroup)) continue;
    if (reply.resp === 2) reply.array(2);
    const key = options.firstKey + i;
    reply.bulk(call.bytes, call.start(key), call.end(key));
    if (forGroup) replyForGroup(call, i);
    else replyAfter(call, streamAt(call, i), ids[i]);
  }
}

function replyAfter(call: Call, stream: number, id: Id128): void {
  copyId(id, edge);
  incrementId(edge);
  replyRange(call, stream, edge, MAX_ID, options.count, false);
}

const logged = { key: 0, group: 0 };

function replyForGroup(call: Call, i: number): void {
  const { db } = call;
  const stream = streamAt(call, i);
  const group = groupOf(call, stream);
  const { log } = call;
  const key = options.firstKey + i;
  const consumers = consumerCount(db.arena, group);
  const consumer = touchConsumer(call, i, group);
  const isNew = consumerCount(db.arena, group) > consumers;
  logged.key = key;
  logged.group = options.groupAt;
  if (log !== null) log.nothing();
  if (log !== null && isNew && options.noAck)
    logConsumer(call, log, key, options.groupAt, options.groupAt + 1);
  const n = isMaxId(ids[i])
    ? replyNew(call, stream, group, consumer, options.count, options.noAck, logged)
    : replyHistory(call, stream, group, consumer, ids[i], options.count, logged);
  if (n > 0) setActive(db.arena, consumer, call.server.nowMs);
  db.keyspace.dirty++;
  if (log === null) return;
  if (isMaxId(ids[i]) && n > 0) logGroup(call, log, key, options.groupAt, group);
  else if (isNew && !options.noAck) logConsumer(call, log, key, options.groupAt, options.groupAt + 1);
}
