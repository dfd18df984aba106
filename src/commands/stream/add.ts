/**
 * XADD and XTRIM.
 *
 * An approximate trimming (~) removes whole blocks, so what it removes depends on where they begin; a `*` id depends on the clock. Both are logged as
 * what came of them (log.ts).
 */
import { compareIds, copyId, Id128, incrementId, isMaxId, isZeroId, setId } from '../../base/id128.ts';
import { handleOf } from '../../keyspace/blob.ts';
import * as events from '../../keyspace/events.ts';
import { TYPE_STREAM } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import {
  appendEntry,
  createStream,
  ENTRY_BYTES_MAX,
  LAST_ID,
  readStreamId,
} from '../../types/stream/stream.ts';
import { trimStream } from '../../types/stream/trim.ts';
import { signalReady } from '../blocking.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, keyAt, WRITE } from '../define.ts';
import { findForWrite, WRONG } from '../lookup.ts';
import { replyId, setToTime, streamForWrite } from './arguments.ts';
import { logTrimming } from './log.ts';
import { given, readOptions, trimArguments, trimming } from './trim-options.ts';

export const XADD = defineCommand({
  name: 'XADD',
  summary: 'Adds an entry to a stream, creating it if it does not exist; may trim the stream.',
  group: 'stream',
  since: '5.0.0',
  history: [
    ['6.2.0', 'Added the `NOMKSTREAM` option, `MINID` trimming strategy and the `LIMIT` option.'],
    ['7.0.0', 'Added support for the `<ms>-*` explicit ID form.'],
  ],
  complexity: 'O(1) to add an entry, O(N) where N is the number of entries trimmed',
  arity: -5, // XADD key [NOMKSTREAM] [KEEPREF|DELREF|ACKED] [MAXLEN|MINID [=|~] threshold [LIMIT count]] *|id field value [field value ...]
  flags: WRITE | DENYOOM | FAST,
  keys: [
    {
      ...keyAt(1, 'RW', 'update'),
      notes: 'UPDATE instead of INSERT because of the optional trimming feature',
    },
  ],
  args: [
    arg.key('key'),
    arg.token('nomkstream', 'NOMKSTREAM', { optional: true, since: '6.2.0' }),
    trimArguments({ optional: true }),
    arg.oneOf('id_or_auto', [arg.token('auto_id', '*'), arg.string('id')]),
    arg.block('field_value', [arg.string('field'), arg.string('value')], { many: true }),
  ],
  tips: ['nondeterministic_output'],
  handler: xadd,
});

export const XTRIM = defineCommand({
  name: 'XTRIM',
  summary: 'Removes entries from the front of a stream, down to a length or up to an id.',
  group: 'stream',
  since: '5.0.0',
  history: [['6.2.0', 'Added the `MINID` trimming strategy and the `LIMIT` option.']],
  complexity: 'O(N) where N is the number of entries removed; whole blocks of them go at once',
  arity: -4, // XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT count] [KEEPREF|DELREF|ACKED]
  flags: WRITE,
  keys: [keyAt(1, 'RW', 'delete')],
  args: [arg.key('key'), trimArguments({})],
  tips: ['nondeterministic_output'],
  handler: xtrim,
});

/** The id of the entry that XADD adds. */
const added = new Id128();
const last = new Id128();

function xadd(call: Call): void {
  const { db, reply, bytes } = call;
  const idIndex = readOptions(call, true);
  if (idIndex < 0) return;
  const words = call.argc - idIndex - 1;
  if (words < 2 || words % 2 === 1) {
    reply.error(errors.wrongArity('xadd'));
    return;
  }
  if (given.hasId && given.hasSequence && isZeroId(given.id)) {
    reply.error(errors.STREAM_ID_ZERO);
    return;
  }
  let address = findForWrite(call, 1, TYPE_STREAM);
  if (address === WRONG) return;
  if (address === 0 && !given.makesStream) {
    reply.null();
    return;
  }
  if (!chooseId(call, address) || isTooLarge(call, idIndex + 1)) return;
  const hash = call.keyHash(1);
  const stream =
    address === 0 ? createStream(db, hash, bytes, call.start(1), call.end(1)) : handleOf(db, address);
  appendEntry(db.keyspace, stream, added, bytes, call.spans, call.base + (idIndex + 1) * 2, words >>> 1);
  replyId(reply, added);
  db.keyspace.dirty++;
  changed(call, 1, events.XADD);
  if (given.trims && trimStream(db.keyspace, stream, trimming) > 0) changed(call, 1, events.XTRIM);
  if (call.log !== null) logTrimming(call, call.log, stream, idIndex, added);
  if (db.keyspace.onReady !== null) {
    address = db.find(hash, bytes, call.start(1), call.end(1));
    signalReady(db, hash, address);
  }
}

/** Puts the id of the new entry into `added`. False after an error reply. */
function chooseId(call: Call, address: number): boolean {
  if (address === 0) setId(last, 0, 0, 0, 0);
  else readStreamId(call.db.arena, handleOf(call.db, address), LAST_ID, last);
  if (isMaxId(last)) {
    call.reply.error(errors.STREAM_EXHAUSTED);
    return false;
  }
  if (!given.hasId) {
    setToTime(added, call.server.nowMs);
    // A clock that stands still or goes back must not bring an id back.
    if (compareIds(added, last) <= 0) nextId();
  } else if (given.hasSequence || given.id.msHi !== last.msHi || given.id.msLo !== last.msLo) {
    copyId(given.id, added);
  } else if ((last.seqHi & last.seqLo) === -1) {
    copyId(last, added);
  } else {
    nextId();
  }
  if (compareIds(added, last) > 0) return true;
  call.reply.error(errors.STREAM_ID_SMALL);
  return false;
}

function nextId(): void {
  copyId(last, added);
  incrementId(added);
}

/** Whether the texts from argument `first` on are too long together; replies the error then. */
function isTooLarge(call: Call, first: number): boolean {
  // A request can hardly be as long.
  if (call.end(call.argc - 1) - call.start(first) <= ENTRY_BYTES_MAX) return false;
  call.reply.error(errors.STREAM_ENTRY_TOO_LARGE);
  return true;
}

function xtrim(call: Call): void {
  const { db, reply } = call;
  if (readOptions(call, false) < 0) return;
  const stream = streamForWrite(call, 1);
  if (stream === WRONG) return;
  if (stream === 0) {
    reply.integer(0);
    return;
  }
  const removed = trimStream(db.keyspace, stream, trimming);
  if (removed > 0) changed(call, 1, events.XTRIM);
  db.keyspace.dirty += removed;
  if (removed > 0 && call.log !== null) logTrimming(call, call.log, stream, 0, added);
  reply.integer(removed);
}
