/** XGROUP: consumer groups and their consumers. */
import { Id128, setId } from '../../base/id128.ts';
import { int64, parseInt64 } from '../../base/int64.ts';
import * as events from '../../keyspace/events.ts';
import * as errors from '../../resp/errors.ts';
import {
  createConsumer,
  createGroup,
  deleteConsumer,
  destroyGroup,
  findGroup,
  setEntriesRead,
  setGroupLastId,
} from '../../types/stream/group.ts';
import { isChar } from '../../types/stream/id-text.ts';
import { createStream, LAST_ID, readStreamId } from '../../types/stream/stream.ts';
import { signalReady } from '../blocking.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, keyAt, LOADING, STALE, WRITE } from '../define.ts';
import { replyHelp } from '../help.ts';
import { WRONG } from '../lookup.ts';
import { latin1Repr } from '../text.ts';
import { readRangeId, readStrictId, streamForWrite } from './arguments.ts';
import { findConsumerNamed, isName } from './find-group.ts';

const COMMON = { group: 'stream', since: '5.0.0', complexity: 'O(1)', flags: WRITE } as const;
const KEY_AND_GROUP = [arg.key('key'), arg.string('groupname')];
const ID = arg.oneOf('id', [arg.string('id'), arg.token('new_id', '$')]);
const ENTRIES_READ = arg.integer('entries_read', { token: 'ENTRIESREAD', optional: true });

const CREATE = defineCommand({
  ...COMMON,
  name: 'CREATE',
  summary: 'Creates a consumer group.',
  history: [['7.0.0', 'Added the `entries_read` named argument.']],
  arity: -5, // XGROUP CREATE key group id|$ [MKSTREAM] [ENTRIESREAD entries-read]
  flags: WRITE | DENYOOM,
  keys: [keyAt(2, 'RW', 'insert')],
  args: [...KEY_AND_GROUP, ID, arg.token('mkstream', 'MKSTREAM', { optional: true }), ENTRIES_READ],
  handler: create,
});

const SETID = defineCommand({
  ...COMMON,
  name: 'SETID',
  summary: 'Sets the id up to which a group has read.',
  history: [['7.0.0', 'Added the optional `entries_read` argument.']],
  arity: -5, // XGROUP SETID key group id|$ [ENTRIESREAD entries-read]
  keys: [keyAt(2, 'RW', 'update')],
  args: [...KEY_AND_GROUP, ID, ENTRIES_READ],
  handler: setLastId,
});

const DESTROY = defineCommand({
  ...COMMON,
  name: 'DESTROY',
  summary: 'Removes a consumer group and what is pending in it.',
  complexity: 'O(N) where N is the number of pending entries',
  arity: 4, // XGROUP DESTROY key group
  keys: [keyAt(2, 'RW', 'delete')],
  args: KEY_AND_GROUP,
  handler: destroy,
});

const CREATECONSUMER = defineCommand({
  ...COMMON,
  name: 'CREATECONSUMER',
  summary: 'Creates a consumer in a group.',
  since: '6.2.0',
  arity: 5, // XGROUP CREATECONSUMER key group consumer
  flags: WRITE | DENYOOM,
  keys: [keyAt(2, 'RW', 'insert')],
  args: [...KEY_AND_GROUP, arg.string('consumername')],
  handler: addConsumer,
});

const DELCONSUMER = defineCommand({
  ...COMMON,
  name: 'DELCONSUMER',
  summary: 'Removes a consumer from a group, and what it has pending.',
  complexity: 'O(N) where N is the number of entries that the consumer has pending',
  arity: 5, // XGROUP DELCONSUMER key group consumer
  keys: [keyAt(2, 'RW', 'delete')],
  args: [...KEY_AND_GROUP, arg.string('consumername')],
  handler: removeConsumer,
});

const HELP_COMMAND = defineCommand({
  ...COMMON,
  name: 'HELP',
  summary: 'Explains the subcommands.',
  arity: 2,
  flags: LOADING | STALE,
  handler: (call) => replyHelp(call, 'XGROUP', HELP),
});

export const XGROUP = defineCommand({
  name: 'XGROUP',
  summary: 'Manages the consumer groups of a stream.',
  group: 'stream',
  since: '5.0.0',
  complexity: 'Depends on subcommand.',
  arity: -2,
  flags: 0,
  subcommands: [CREATE, SETID, DESTROY, CREATECONSUMER, DELCONSUMER, HELP_COMMAND],
});

const HELP = [
  'CREATE <key> <groupname> <id|$> [option]',
  '    Create a new consumer group. Options are:',
  '    * MKSTREAM',
  '      Create the empty stream if it does not exist.',
  '    * ENTRIESREAD entries_read',
  "      Set the group's entries_read counter (internal use).",
  'CREATECONSUMER <key> <groupname> <consumer>',
  '    Create a new consumer in the specified group.',
  'DELCONSUMER <key> <groupname> <consumer>',
  '    Remove the specified consumer.',
  'DESTROY <key> <groupname>',
  '    Remove the specified group.',
  'SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]',
  '    Set the current group ID and entries_read counter.',
];

/** The most arguments that CREATE takes. */
const CREATE_ARGUMENTS_MAX = 8;

const id = new Id128();
/** What readOptions() read. */
const options = { makesStream: false, readHi: -1, readLo: -1 };
/** Where findStream() found them; 0 for what is not there. */
const target = { stream: 0, group: 0 };

/** Reads the options from argument 5 on. False after an error reply. */
function readOptions(call: Call, creates: boolean): boolean {
  options.makesStream = false;
  options.readHi = -1;
  options.readLo = -1;
  for (let i = 5; i < call.argc; i++) {
    if (creates && call.is(i, 'MKSTREAM')) {
      options.makesStream = true;
    } else if (call.is(i, 'ENTRIESREAD') && i + 1 < call.argc) {
      if (!parseInt64(call.bytes, call.start(++i), call.end(i))) return refuse(call, errors.NOT_INTEGER);
      if (int64.hi < 0 && (int64.hi & int64.lo) !== -1) return refuse(call, errors.ENTRIES_READ);
      options.readHi = int64.hi;
      options.readLo = int64.lo;
    } else {
      return refuseSyntax(call);
    }
  }
  return true;
}

function refuse(call: Call, text: string): false {
  call.reply.error(text);
  return false;
}

function refuseSyntax(call: Call): false {
  return refuse(call, errors.subcommandSyntax(latin1Repr(call.text(1)), 'XGROUP'));
}

/** Finds the stream of argument 2, which must be there, and the group of argument 3. False after an error reply. */
function findStream(call: Call, wantsGroup: boolean): boolean {
  const stream = streamForWrite(call, 2);
  if (stream === WRONG) return false;
  target.stream = stream;
  target.group = stream === 0 ? 0 : findGroup(call.db.arena, stream, call.bytes, call.start(3), call.end(3));
  if (stream === 0 && !options.makesStream) return refuse(call, errors.XGROUP_NO_KEY);
  if (!wantsGroup || target.group !== 0) return true;
  return refuse(call, errors.noSuchGroupOfKey(latin1Repr(call.text(2)), latin1Repr(call.text(3))));
}

/** Reads argument 4, in which `$` is the stream's last id. False after an error reply. */
function readGroupId(call: Call, strict: boolean): boolean {
  if (!isChar(call.bytes, call.start(4), call.end(4), 36)) {
    return strict ? readStrictId(call, 4, id) : readRangeId(call, 4, id, 0);
  }
  if (target.stream === 0) setId(id, 0, 0, 0, 0);
  else readStreamId(call.db.arena, target.stream, LAST_ID, id);
  return true;
}

function create(call: Call): void {
  const { db, bytes } = call;
  if (!readOptions(call, true) || !findStream(call, false) || !isName(call, 3)) return;
  if (call.argc > CREATE_ARGUMENTS_MAX) {
    refuseSyntax(call);
    return;
  }
  if (!readGroupId(call, true)) return;
  if (target.group !== 0) {
    call.reply.error(errors.BUSY_GROUP);
    return;
  }
  if (target.stream === 0) {
    target.stream = createStream(db, call.keyHash(2), bytes, call.start(2), call.end(2));
    changed(call, 2, events.SILENT);
  }
  createGroup(db.arena, target.stream, bytes, call.start(3), call.end(3), id, options.readHi, options.readLo);
  db.keyspace.dirty++;
  changed(call, 2, events.XGROUP_CREATE);
  call.reply.ok();
}

function setLastId(call: Call): void {
  const { db } = call;
  if (!readOptions(call, false) || !findStream(call, true)) return;
  if (call.argc !== 5 && call.argc !== 7) {
    refuseSyntax(call);
    return;
  }
  if (!readGroupId(call, false)) return;
  setGroupLastId(db.arena, target.group, id);
  setEntriesRead(db.arena, target.group, options.readHi, options.readLo);
  db.keyspace.dirty++;
  changed(call, 2, events.XGROUP_SETID);
  call.reply.ok();
}

function destroy(call: Call): void {
  const { db } = call;
  options.makesStream = false;
  if (!findStream(call, false)) return;
  if (target.group === 0) {
    call.reply.integer(0);
    return;
  }
  destroyGroup(db.arena, target.stream, target.group);
  db.keyspace.dirty++;
  changed(call, 2, events.XGROUP_DESTROY);
  call.reply.integer(1);
  if (db.keyspace.onReady === null) return;
  const hash = call.keyHash(2);
  signalReady(db, hash, db.find(hash, call.bytes, call.start(2), call.end(2)));
}

function addConsumer(call: Call): void {
  const { db } = call;
  options.makesStream = false;
  if (!findStream(call, true) || !isName(call, 4)) return;
  const isNew = findConsumerNamed(call, target.group, 4) === 0;
  if (isNew) {
    createConsumer(db.arena, target.group, call.bytes, call.start(4), call.end(4), call.server.nowMs);
    db.keyspace.dirty++;
    changed(call, 2, events.XGROUP_CREATECONSUMER);
  }
  call.reply.integer(isNew ? 1 : 0);
}

function removeConsumer(call: Call): void {
  const { db } = call;
  options.makesStream = false;
  if (!findStream(call, true)) return;
  const consumer = findConsumerNamed(call, target.group, 4);
  if (consumer === 0) {
    call.reply.integer(0);
    return;
  }
  call.reply.integer(deleteConsumer(db.arena, target.group, consumer));
  db.keyspace.dirty++;
  changed(call, 2, events.XGROUP_DELCONSUMER);
}
