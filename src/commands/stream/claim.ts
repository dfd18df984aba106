/**
 * XCLAIM and XAUTOCLAIM: a consumer takes over what is pending for others.
 *
 * Everything is changed first and noted in `claimed` and `deleted`, because the reply begins with how much there is. What was claimed is what those
 * who repeat the command elsewhere need: it is logged entry by entry (log.ts).
 */
import { compareIds, copyId, Id128, readId, setId, writeIdWords } from '../../base/id128.ts';
import { int64, int64ToNumber, parseInt64, parseSafeInteger } from '../../base/int64.ts';
import { IdTree } from '../../memory/id-tree.ts';
import * as errors from '../../resp/errors.ts';
import {
  addPending,
  consumerCount,
  findPending,
  GROUP_PENDING,
  givenMs,
  givePending,
  readGroupLastId,
  removePending,
  setActive,
  setGiven,
  setGroupLastId,
  setTimesGiven,
  timesGiven,
} from '../../types/stream/group.ts';
import { INVALID, parseId } from '../../types/stream/id-text.ts';
import { hasEntry } from '../../types/stream/trim.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, FAST, keyAt, WRITE } from '../define.ts';
import { latin1Repr } from '../text.ts';
import { readStart, readStrictId, replyId } from './arguments.ts';
import { replyOne } from './entries.ts';
import { isName, requireGroup, seenConsumer, target } from './find-group.ts';
import { logConsumer, logGroup, logPending } from './log.ts';

export const XCLAIM = defineCommand({
  name: 'XCLAIM',
  summary: 'Gives pending entries to a consumer, if they have been pending for long enough.',
  group: 'stream',
  since: '5.0.0',
  complexity: 'O(log(N)) for each id, where N is the number of pending entries',
  arity: -6, // XCLAIM key group consumer min-idle id [id ...] [IDLE ms] [TIME unix-ms] [RETRYCOUNT n] [FORCE] [JUSTID] [LASTID id]
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'update')],
  args: [
    arg.key('key'),
    arg.string('group'),
    arg.string('consumer'),
    arg.string('min-idle-time'),
    arg.string('id', { many: true }),
    arg.integer('ms', { token: 'IDLE', optional: true }),
    arg.unixTime('unix-time-milliseconds', { token: 'TIME', optional: true }),
    arg.integer('count', { token: 'RETRYCOUNT', optional: true }),
    arg.token('force', 'FORCE', { optional: true }),
    arg.token('justid', 'JUSTID', { optional: true }),
    arg.string('id', { token: 'LASTID', optional: true }),
  ],
  tips: ['nondeterministic_output'],
  handler: xclaim,
});

export const XAUTOCLAIM = defineCommand({
  name: 'XAUTOCLAIM',
  summary: 'Gives to a consumer the next entries that have been pending for long enough.',
  group: 'stream',
  since: '6.2.0',
  history: [
    [
      '7.0.0',
      'Added an element to the reply array, containing deleted entries the command cleared from the PEL',
    ],
  ],
  complexity:
    'O(log(M)+N) where M is the number of pending entries and N the number looked at, ten times COUNT at most',
  arity: -6, // XAUTOCLAIM key group consumer min-idle start [COUNT count] [JUSTID]
  flags: WRITE | FAST,
  keys: [keyAt(1, 'RW', 'delete')],
  args: [
    arg.key('key'),
    arg.string('group'),
    arg.string('consumer'),
    arg.string('min-idle-time'),
    arg.string('start'),
    arg.integer('count', { token: 'COUNT', optional: true }),
    arg.token('justid', 'JUSTID', { optional: true }),
  ],
  tips: ['nondeterministic_output'],
  handler: xautoclaim,
});

/** Ids in order, four words each. */
class IdList {
  private words = new Int32Array(64);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  push(id: Id128): void {
    const at = this.length * 4;
    if (at === this.words.length) {
      const larger = new Int32Array(at * 2);
      larger.set(this.words);
      this.words = larger;
    }
    writeIdWords(id, this.words, at);
    this.length++;
  }

  read(index: number, to: Id128): void {
    readId(this.words, index * 4, to);
  }
}

const claimed = new IdList();
const deleted = new IdList();
const id = new Id128();
const lastId = new Id128();
const groupId = new Id128();

/** What the options say; -1 for what is not given. */
const options = { minIdleMs: 0, givenMs: -1, times: -1, force: false, justId: false, count: 100 };

// --- XCLAIM -----------------------------------------------------------------------------------------

function xclaim(call: Call): void {
  if (!requireGroup(call, true) || !isName(call, 3)) return;
  const ids = readClaim(call);
  if (ids < 0) return;
  const { arena, keyspace } = call.db;
  const { stream, group } = target;
  readGroupLastId(arena, group, groupId);
  let tellsLastId = compareIds(lastId, groupId) > 0;
  if (tellsLastId) setGroupLastId(arena, group, lastId);
  const consumers = consumerCount(arena, group);
  let consumer = call.server.is72 ? seenConsumer(call, 1, group, 3) : 0;
  claimed.clear();
  for (let i = 0; i < ids; i++) {
    readStrictId(call, 5 + i, id);
    let pending = findPending(arena, group, id);
    if (!hasEntry(keyspace, stream, id)) {
      if (pending === 0) continue;
      if (call.log !== null) logPending(call, call.log, 1, 2, group, pending, id);
      removePending(arena, group, id);
      tellsLastId = false;
      keyspace.dirty++;
      continue;
    }
    if (pending === 0 ? !options.force : !isIdle(call, pending)) continue;
    if (consumer === 0) consumer = seenConsumer(call, 1, group, 3);
    if (pending === 0) pending = addPending(arena, group, consumer, id, call.server.nowMs, 1);
    claim(call, consumer, pending, options.givenMs);
    tellsLastId = false;
    keyspace.dirty++;
  }
  if (tellsLastId) {
    keyspace.dirty++;
    if (call.log !== null) logGroup(call, call.log, 1, 2, group);
  }
  logNewConsumer(call, consumers);
  replyClaimed(call);
}

/** Reads min-idle, ids and options. Returns how many ids there are, -1 after an error reply. */
function readClaim(call: Call): number {
  const { bytes, argc } = call;
  const { nowMs } = call.server;
  options.givenMs = -1;
  options.times = -1;
  options.force = false;
  options.justId = false;
  setId(lastId, 0, 0, 0, 0);
  if (!readMinIdle(call, 'XCLAIM')) return -1;
  let i = 5;
  while (i < argc && parseId(bytes, call.start(i), call.end(i), id, 0) !== INVALID) i++;
  const ids = i - 5;
  for (; i < argc; i++) {
    const more = i + 1 < argc;
    if (call.is(i, 'FORCE')) options.force = true;
    else if (call.is(i, 'JUSTID')) options.justId = true;
    else if (more && call.is(i, 'IDLE')) {
      const idle = readNumber(call, ++i, 'IDLE option');
      if (Number.isNaN(idle)) return -1;
      options.givenMs = nowMs - idle;
    } else if (more && call.is(i, 'TIME')) {
      options.givenMs = readNumber(call, ++i, 'TIME option');
      if (Number.isNaN(options.givenMs)) return -1;
    } else if (more && call.is(i, 'RETRYCOUNT')) {
      options.times = readNumber(call, ++i, 'RETRYCOUNT option');
      if (Number.isNaN(options.times)) return -1;
    } else if (more && call.is(i, 'LASTID')) {
      if (!readStrictId(call, ++i, lastId)) return -1;
    } else {
      call.reply.error(errors.unknownClaimOption(latin1Repr(call.text(i))));
      return -1;
    }
  }
  if (options.givenMs < 0 || options.givenMs > nowMs) options.givenMs = nowMs;
  return ids;
}

/** NaN after an error reply. */
function readNumber(call: Call, index: number, what: string): number {
  const value = parseSafeInteger(call.bytes, call.start(index), call.end(index));
  if (Number.isNaN(value)) call.reply.error(errors.invalidClaim(what, 'XCLAIM'));
  return value;
}

function readMinIdle(call: Call, command: string): boolean {
  const value = parseSafeInteger(call.bytes, call.start(4), call.end(4));
  options.minIdleMs = Math.max(0, value);
  if (!Number.isNaN(value)) return true;
  call.reply.error(errors.invalidClaim('min-idle-time', command));
  return false;
}

function isIdle(call: Call, pending: number): boolean {
  return options.minIdleMs === 0 || call.server.nowMs - givenMs(call.db.arena, pending) >= options.minIdleMs;
}

/** Gives the pending entry `id` to the consumer. */
function claim(call: Call, consumer: number, pending: number, atMs: number): void {
  const { arena } = call.db;
  givePending(arena, pending, id, consumer);
  setGiven(arena, pending, atMs);
  if (options.times >= 0) setTimesGiven(arena, pending, options.times);
  else if (!options.justId) setTimesGiven(arena, pending, timesGiven(arena, pending) + 1);
  setActive(arena, consumer, call.server.nowMs);
  claimed.push(id);
  if (call.log !== null) logPending(call, call.log, 1, 2, target.group, pending, id);
}

/** A consumer that has been made is logged with what it has claimed, or by itself. `before` is how many there were. */
function logNewConsumer(call: Call, before: number): void {
  if (call.log === null || claimed.length > 0) return;
  call.log.nothing();
  if (consumerCount(call.db.arena, target.group) > before) logConsumer(call, call.log, 1, 2, 3);
}

function replyClaimed(call: Call): void {
  call.reply.array(claimed.length);
  for (let i = 0; i < claimed.length; i++) {
    claimed.read(i, id);
    if (options.justId) replyId(call.reply, id);
    else replyOne(call, target.stream, id);
  }
}

// --- XAUTOCLAIM -------------------------------------------------------------------------------------

/** How many pending entries are looked at for each one that is wanted. */
const LOOKS_PER_ENTRY = 10;
const COUNT_DEFAULT = 100;
/** (2^63 - 1) / 16, as Redis has it on a 64-bit machine. */
const COUNT_MAX_HI = 0x07ffffff;

const start = new Id128();
let tree: IdTree | null = null;

function xautoclaim(call: Call): void {
  if (!readAutoClaim(call) || !requireGroup(call, true) || !isName(call, 3)) return;
  const { arena, keyspace } = call.db;
  const { stream, group } = target;
  if (tree === null || !tree.isOf(arena)) tree = new IdTree(arena);
  const pendings = tree.attach(group, GROUP_PENDING);
  const consumers = consumerCount(arena, group);
  let consumer = call.server.is72 ? seenConsumer(call, 1, group, 3) : 0;
  let wanted = options.count;
  let looks = options.count * LOOKS_PER_ENTRY;
  claimed.clear();
  deleted.clear();
  let more = pendings.seek(start);
  for (; more && wanted > 0 && looks > 0; looks--) {
    pendings.readKey(id);
    const pending = pendings.value;
    if (!hasEntry(keyspace, stream, id)) {
      if (call.log !== null) logPending(call, call.log, 1, 2, group, pending, id);
      removePending(arena, group, id);
      deleted.push(id);
      keyspace.dirty++;
      wanted--;
      more = pendings.seek(id);
      continue;
    }
    if (isIdle(call, pending)) {
      if (consumer === 0) consumer = seenConsumer(call, 1, group, 3);
      claim(call, consumer, pending, call.server.nowMs);
      keyspace.dirty++;
      wanted--;
    }
    more = pendings.next();
  }
  setId(lastId, 0, 0, 0, 0);
  if (more) pendings.readKey(lastId);
  logNewConsumer(call, consumers);
  replyAutoClaim(call);
}

function replyAutoClaim(call: Call): void {
  const { reply } = call;
  reply.array(3);
  replyId(reply, lastId);
  replyClaimed(call);
  reply.array(deleted.length);
  for (let i = 0; i < deleted.length; i++) {
    deleted.read(i, id);
    replyId(reply, id);
  }
}

/** False after an error reply. */
function readAutoClaim(call: Call): boolean {
  options.times = -1;
  options.justId = false;
  options.count = COUNT_DEFAULT;
  if (!readMinIdle(call, 'XAUTOCLAIM') || !readStart(call, 5, id)) return false;
  copyId(id, start);
  for (let i = 6; i < call.argc; i++) {
    if (call.is(i, 'COUNT') && i + 1 < call.argc) {
      if (!readCount(call, ++i)) return false;
    } else if (call.is(i, 'JUSTID')) {
      options.justId = true;
    } else {
      call.reply.error(errors.SYNTAX);
      return false;
    }
  }
  return true;
}

function readCount(call: Call, index: number): boolean {
  const isNumber = parseInt64(call.bytes, call.start(index), call.end(index));
  options.count = int64ToNumber(int64.hi, int64.lo);
  if (isNumber && options.count > 0 && int64.hi <= COUNT_MAX_HI) return true;
  call.reply.error(errors.COUNT_ABOVE_ZERO);
  return false;
}
