/** Stream ids as arguments and as replies. */
import { decrementId, type Id128, incrementId, setId } from '../../base/id128.ts';
import { handleOf } from '../../keyspace/blob.ts';
import { TYPE_STREAM } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import type { ReplyWriter } from '../../resp/reply-writer.ts';
import { ID_TEXT_SIZE_MAX, INVALID, isChar, parseId, writeId } from '../../types/stream/id-text.ts';
import type { Call } from '../call.ts';
import { findForRead, findForWrite, WRONG } from '../lookup.ts';

const MINUS = 45;
const PLUS = 43;
const PARENTHESIS = 40;

/** Reads an id; a sequence that is left out is 0. False after an error reply. */
export function readStrictId(call: Call, index: number, id: Id128): boolean {
  return parseOrRefuse(call, call.start(index), call.end(index), id, 0);
}

function parseOrRefuse(call: Call, start: number, end: number, id: Id128, missing: 0 | -1): boolean {
  if (parseId(call.bytes, start, end, id, missing) !== INVALID) return true;
  call.reply.error(errors.INVALID_STREAM_ID);
  return false;
}

/** Reads an id that may also be `-` or `+`. False after an error reply. */
export function readRangeId(call: Call, index: number, id: Id128, missing: 0 | -1): boolean {
  const start = call.start(index);
  const end = call.end(index);
  if (isChar(call.bytes, start, end, MINUS)) setId(id, 0, 0, 0, 0);
  else if (isChar(call.bytes, start, end, PLUS)) setId(id, -1, -1, -1, -1);
  else return parseOrRefuse(call, start, end, id, missing);
  return true;
}

/** What readBounds() read of each bound: whether it is excluded. */
const excluded = { from: false, to: false };

/** Reads the bounds of a range, `(` before one excludes it. The bounds are then both within. False after an error reply. */
export function readBounds(call: Call, fromIndex: number, toIndex: number, from: Id128, to: Id128): boolean {
  excluded.from = isExcluded(call, fromIndex);
  if (!readBound(call, fromIndex, from, excluded.from, 0)) return false;
  if (excluded.from && !incrementId(from)) return refuseBound(call, errors.STREAM_START_ID);
  excluded.to = isExcluded(call, toIndex);
  if (!readBound(call, toIndex, to, excluded.to, -1)) return false;
  if (excluded.to && !decrementId(to)) return refuseBound(call, errors.STREAM_END_ID);
  return true;
}

/** Reads the start of a range alone. False after an error reply. */
export function readStart(call: Call, index: number, id: Id128): boolean {
  const out = isExcluded(call, index);
  if (!readBound(call, index, id, out, 0)) return false;
  return !out || incrementId(id) || refuseBound(call, errors.STREAM_START_ID);
}

function isExcluded(call: Call, index: number): boolean {
  return call.size(index) > 1 && call.bytes[call.start(index)] === PARENTHESIS;
}

function readBound(call: Call, index: number, id: Id128, out: boolean, missing: 0 | -1): boolean {
  if (!out) return readRangeId(call, index, id, missing);
  return parseOrRefuse(call, call.start(index) + 1, call.end(index), id, missing);
}

function refuseBound(call: Call, text: string): false {
  call.reply.error(text);
  return false;
}

const idText = new Uint8Array(ID_TEXT_SIZE_MAX + 1);

/** Replies an id as a bulk string. Allocates nothing. */
export function replyId(reply: ReplyWriter, id: Id128): void {
  reply.bulk(idText, 0, writeId(id, idText, 0));
}

/** The header of the stream in argument `index`, for reading it; 0 when there is none, WRONG after an error reply. */
export function streamForRead(call: Call, index: number): number {
  const address = findForRead(call, index, TYPE_STREAM);
  return address === 0 || address === WRONG ? address : handleOf(call.db, address);
}

/** The same for changing it. */
export function streamForWrite(call: Call, index: number): number {
  const address = findForWrite(call, index, TYPE_STREAM);
  return address === 0 || address === WRONG ? address : handleOf(call.db, address);
}

/** The same for changing it by a command that counts as one that reads: as Redis counts hits and misses. */
export function streamToUpdate(call: Call, index: number): number {
  const address = findForRead(call, index, TYPE_STREAM);
  if (address === 0 || address === WRONG) return address;
  call.db.keep(address);
  return handleOf(call.db, address);
}

/** The present time as the milliseconds of an id; its sequence is 0. */
export function setToTime(id: Id128, nowMs: number): void {
  setId(id, Math.floor(nowMs / 2 ** 32) | 0, nowMs | 0, 0, 0);
}
