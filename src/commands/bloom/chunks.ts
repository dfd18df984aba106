/** BF.SCANDUMP and BF.LOADCHUNK: a filter in pieces, for those that are too large for DUMP. See ../../types/bloom/header.ts. */

import { parseSafeInteger } from '../../base/int64.ts';
import * as events from '../../keyspace/events.ts';
import { KEY_SIZE_MAX, KeyTooLongError } from '../../keyspace/limits.ts';
import { bits, loadBits, openBits, TOO_LARGE } from '../../types/bloom/chain.ts';
import { BAD_HEADER, findByte, place, readHeader, writeHeader } from '../../types/bloom/header.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, DENYOOM, defineCommand, FAST, keyAt, READONLY, WRITE } from '../define.ts';
import { WRONG } from '../lookup.ts';
import { chainForRead, chainForWrite, giveKey, NO_MEMORY, NONE, NOT_FOUND } from './filter.ts';

const SCAN_NOT_NUMERIC = 'Second argument must be numeric';
const LOAD_NOT_NUMERIC = 'ERR Second argument must be numeric';
const BAD_DATA = 'ERR received bad data';
const NO_LINK = 'ERR invalid offset - no link found';
const TOO_BIG = 'ERR invalid chunk - Too big for current filter';

/** The iterator that stands for the header. */
const HEADER = 1;
const CHUNK_SIZE_MAX = 16 << 20;

export const BF_SCANDUMP = defineCommand({
  name: 'BF.SCANDUMP',
  summary: 'Returns a piece of a Bloom filter, to be saved.',
  group: 'module',
  since: '1.0.0',
  complexity: 'O(N) where N is the size of the piece',
  arity: 3, // BF.SCANDUMP key iterator
  flags: READONLY | FAST,
  keys: [keyAt(1, 'RO')],
  args: [arg.key('key'), arg.integer('iterator')],
  origin: 'redisbloom 2.0',
  handler: scanDump,
});

export const BF_LOADCHUNK = defineCommand({
  name: 'BF.LOADCHUNK',
  summary: 'Puts a piece back that BF.SCANDUMP returned.',
  group: 'module',
  since: '1.0.0',
  complexity: 'O(N) where N is the size of the piece; for the first one, that of the filter',
  arity: 4, // BF.LOADCHUNK key iterator data
  flags: WRITE | DENYOOM,
  keys: [keyAt(1, 'RW')],
  args: [arg.key('key'), arg.integer('iterator'), arg.string('data')],
  origin: 'redisbloom 2.0',
  handler: loadChunk,
});

function scanDump(call: Call): void {
  const { db, reply } = call;
  const chain = chainForRead(call);
  if (chain === WRONG) return;
  const iterator = parseSafeInteger(call.bytes, call.start(2), call.end(2));
  if (chain === NONE || Number.isNaN(iterator)) {
    reply.error(chain === NONE ? NOT_FOUND : SCAN_NOT_NUMERIC);
    return;
  }
  reply.array(2);
  if (iterator === 0) {
    const header = writeHeader(db.arena, chain);
    reply.integer(HEADER);
    reply.bulk(header, 0, header.length);
  } else if (findByte(db.arena, chain, iterator)) {
    const size = Math.min(place.left, CHUNK_SIZE_MAX);
    openBits(db.keyspace, place.link);
    reply.integer(iterator + size);
    reply.bulk(bits.u8, bits.start + place.offset, bits.start + place.offset + size);
  } else {
    reply.integer(0);
    reply.bulkText('');
  }
}

function loadChunk(call: Call): void {
  const iterator = parseSafeInteger(call.bytes, call.start(2), call.end(2));
  if (Number.isNaN(iterator)) {
    call.reply.error(LOAD_NOT_NUMERIC);
    return;
  }
  const chain = chainForWrite(call);
  if (chain === WRONG) return;
  const refusal = chain === NONE ? loadHeader(call, iterator) : loadBytes(call, chain, iterator);
  if (refusal !== null) {
    call.reply.error(refusal);
    return;
  }
  call.db.keyspace.dirty++;
  changed(call, 1, events.SILENT);
  call.reply.ok();
}

/** Makes the filter that the header, argument 3, describes. Returns the error text, or null. */
function loadHeader(call: Call, iterator: number): string | null {
  if (iterator !== HEADER) return NOT_FOUND;
  if (call.size(1) > KEY_SIZE_MAX) throw new KeyTooLongError();
  const chain = readHeader(call.db.keyspace, call.bytes, call.start(3), call.end(3));
  if (chain === BAD_HEADER) return BAD_DATA;
  if (chain === TOO_LARGE) return NO_MEMORY;
  giveKey(call, chain);
  return null;
}

/** Writes the bits that are argument 3 and end where the iterator says. Returns the error text, or null. */
function loadBytes(call: Call, chain: number, iterator: number): string | null {
  const { db } = call;
  const size = call.size(3);
  if (iterator <= 0 || iterator < size) return BAD_DATA;
  if (!findByte(db.arena, chain, iterator - size)) return NO_LINK;
  if (size > place.left) return TOO_BIG;
  loadBits(db.keyspace, place.link, place.offset, call.bytes, call.start(3), call.end(3));
  return null;
}
