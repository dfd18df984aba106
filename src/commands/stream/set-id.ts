/** XSETID: what a stream knows of its ids, for who rebuilds one. */
import { compareIds, Id128, isZeroId, setId } from '../../base/id128.ts';
import { int64, int64ToNumber, parseInt64 } from '../../base/int64.ts';
import * as events from '../../keyspace/events.ts';
import * as errors from '../../resp/errors.ts';
import {
  LAST_ID,
  MAX_DELETED_ID,
  readStreamId,
  setAdded,
  setStreamId,
  streamLength,
} from '../../types/stream/stream.ts';
import { readEdge } from '../../types/stream/trim.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, keyAt, WRITE } from '../define.ts';
import { WRONG } from '../lookup.ts';
import { readStrictId, streamForWrite } from './arguments.ts';

export const XSETID = defineCommand({
  name: 'XSETID',
  summary: 'Sets the last id of a stream, for internal use.',
  group: 'stream',
  since: '5.0.0',
  history: [['7.0.0', 'Added the `entries_added` and `max_deleted_entry_id` arguments.']],
  complexity: 'O(1)',
  arity: -3, // XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]
  flags: WRITE | DENYOOM | FAST,
  keys: [keyAt(1, 'RW', 'update')],
  args: [
    arg.key('key'),
    arg.string('last-id'),
    arg.integer('entries_added', { token: 'ENTRIESADDED', optional: true, since: '7.0.0' }),
    arg.string('max_deleted_entry_id', { token: 'MAXDELETEDID', optional: true, since: '7.0.0' }),
  ],
  handler: xsetid,
});

const id = new Id128();
const maxDeleted = new Id128();
const known = new Id128();
/** -1:-1 for none. */
const added = { hi: -1, lo: -1 };

function xsetid(call: Call): void {
  const { db, reply } = call;
  if (!readArguments(call)) return;
  const stream = streamForWrite(call, 1);
  if (stream === WRONG) return;
  const error = stream === 0 ? errors.NO_SUCH_KEY : objection(call, stream);
  if (error !== null) {
    reply.error(error);
    return;
  }
  setStreamId(db.arena, stream, LAST_ID, id);
  if (added.hi >= 0) setAdded(db.arena, stream, added.hi, added.lo);
  if (!isZeroId(maxDeleted)) setStreamId(db.arena, stream, MAX_DELETED_ID, maxDeleted);
  db.keyspace.dirty++;
  changed(call, 1, events.XSETID);
  reply.ok();
}

/** False after an error reply. */
function readArguments(call: Call): boolean {
  added.hi = -1;
  added.lo = -1;
  setId(maxDeleted, 0, 0, 0, 0);
  if (!readStrictId(call, 2, id)) return false;
  for (let i = 3; i < call.argc; i++) {
    const more = i + 1 < call.argc;
    if (more && call.is(i, 'ENTRIESADDED')) {
      if (!parseInt64(call.bytes, call.start(++i), call.end(i))) return refuse(call, errors.NOT_INTEGER);
      if (int64.hi < 0) return refuse(call, errors.XSETID_NEGATIVE);
      added.hi = int64.hi;
      added.lo = int64.lo;
    } else if (more && call.is(i, 'MAXDELETEDID')) {
      if (!readStrictId(call, ++i, maxDeleted)) return false;
      if (compareIds(id, maxDeleted) < 0) return refuse(call, errors.XSETID_BELOW_GIVEN);
    } else {
      return refuse(call, errors.SYNTAX);
    }
  }
  return true;
}

function refuse(call: Call, text: string): false {
  call.reply.error(text);
  return false;
}

/** Why the stream cannot be given what was read; null when it can. */
function objection({ db, server }: Call, stream: number): string | null {
  const { arena, keyspace } = db;
  readStreamId(arena, stream, MAX_DELETED_ID, known);
  if (server.is72 && compareIds(id, known) < 0) return errors.XSETID_BELOW_DELETED;
  const length = streamLength(arena, stream);
  if (length === 0) return null;
  if (readEdge(keyspace, stream, true, known) && compareIds(id, known) < 0) return errors.XSETID_BELOW_TOP;
  return added.hi >= 0 && length > int64ToNumber(added.hi, added.lo) ? errors.XSETID_ADDED : null;
}
