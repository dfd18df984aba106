/**
 * What stream commands are in the log (../propagation.ts): what a group gives to a consumer depends on the clock and on what the server knows of the
 * group, so it is logged as what came of it.
 *
 *     XCLAIM key group consumer 0 id TIME ms RETRYCOUNT n FORCE JUSTID LASTID id     an entry is pending, or with an entry that is gone: no more
 *     XGROUP SETID key group id ENTRIESREAD n                                        how far the group has read
 *     XGROUP CREATECONSUMER key group consumer
 */
import { Id128 } from '../../base/id128.ts';
import { int64, writeInt64 } from '../../base/int64.ts';
import {
  findPending,
  givenMs,
  groupAt,
  groupCount,
  nameOf,
  ownerOf,
  readConsumerName,
  readEntriesRead,
  readGroupLastId,
  readGroupName,
  timesGiven,
} from '../../types/stream/group.ts';
import { ID_TEXT_SIZE_MAX, writeId } from '../../types/stream/id-text.ts';
import { streamLength } from '../../types/stream/stream.ts';
import { ONLY_ACKNOWLEDGED, readEdge } from '../../types/stream/trim.ts';
import type { Call } from '../call.ts';
import type { Propagation } from '../propagation.ts';
import { given, trimming } from './trim-options.ts';

const idText = new Uint8Array(ID_TEXT_SIZE_MAX + 1);
const digits = new Uint8Array(24);
const edge = new Id128();

function logId(log: Propagation, id: Id128): void {
  log.bytes(idText, 0, writeId(id, idText, 0));
}

function logName(log: Propagation): void {
  log.bytes(nameOf.bytes, nameOf.start, nameOf.end);
}

/** The entry `id` is pending as `pending` says; key and group are arguments of the call. */
export function logPending(
  call: Call,
  log: Propagation,
  key: number,
  groupName: number,
  group: number,
  pending: number,
  id: Id128,
): void {
  const { arena } = call.db;
  log.begin(14);
  log.word('XCLAIM');
  log.argument(call, key);
  log.argument(call, groupName);
  readConsumerName(arena, ownerOf(arena, pending));
  logName(log);
  log.word('0');
  logId(log, id);
  log.word('TIME');
  log.integer(givenMs(arena, pending));
  log.word('RETRYCOUNT');
  log.integer(timesGiven(arena, pending));
  log.word('FORCE');
  log.word('JUSTID');
  log.word('LASTID');
  readGroupLastId(arena, group, edge);
  logId(log, edge);
}

/** How far the group has read. */
export function logGroup(call: Call, log: Propagation, key: number, groupName: number, group: number): void {
  const { arena } = call.db;
  log.begin(7);
  log.word('XGROUP');
  log.word('SETID');
  log.argument(call, key);
  log.argument(call, groupName);
  readGroupLastId(arena, group, edge);
  logId(log, edge);
  log.word('ENTRIESREAD');
  readEntriesRead(arena, group);
  log.bytes(digits, 0, writeInt64(int64.hi, int64.lo, digits, 0));
}

/** The consumer of argument `consumer` has been made. */
export function logConsumer(
  call: Call,
  log: Propagation,
  key: number,
  groupName: number,
  consumer: number,
): void {
  log.begin(5);
  log.word('XGROUP');
  log.word('CREATECONSUMER');
  log.argument(call, key);
  log.argument(call, groupName);
  log.argument(call, consumer);
}

/** XACK of an entry in the group of this name, which is argument `groupName`. */
export function logAck(call: Call, log: Propagation, groupName: number, id: Id128): void {
  log.begin(4);
  log.word('XACK');
  log.argument(call, 1);
  log.argument(call, groupName);
  logId(log, id);
}

/** XACK of an entry in every group in which it is pending. O(groups). */
export function logAcksOfAll(call: Call, log: Propagation, stream: number, id: Id128): void {
  const { arena } = call.db;
  for (let i = groupCount(arena, stream) - 1; i >= 0; i--) {
    const group = groupAt(arena, stream, i);
    if (findPending(arena, group, id) === 0) continue;
    log.begin(4);
    log.word('XACK');
    log.argument(call, 1);
    readGroupName(arena, group);
    logName(log);
    logId(log, id);
  }
}

export function logDelete(call: Call, log: Propagation, id: Id128): void {
  log.begin(3);
  log.word('XDEL');
  log.argument(call, 1);
  logId(log, id);
}

/**
 * XADD or XTRIM as it came, but with the id that the entry got (`idIndex` is 0 without one) and with what an approximate trimming (~) came to as
 * an exact one.
 */
export function logTrimming(call: Call, log: Propagation, stream: number, idIndex: number, id: Id128): void {
  const exact = given.trims && trimming.approximate && trimming.references !== ONLY_ACKNOWLEDGED;
  log.begin(given.keepsAt === 0 ? call.argc : call.argc - 1);
  for (let i = 0; i < call.argc; i++) {
    if (i === given.keepsAt && i !== 0) continue;
    if (i === idIndex && i !== 0) logId(log, id);
    else if (exact && i === given.thresholdAt - 1) log.word('=');
    else if (exact && i === given.thresholdAt) logThreshold(call, log, stream);
    else log.argument(call, i);
  }
}

function logThreshold(call: Call, log: Propagation, stream: number): void {
  const { arena, keyspace } = call.db;
  if (trimming.byLength) log.integer(streamLength(arena, stream));
  else if (streamLength(arena, stream) > 0 && readEdge(keyspace, stream, false, edge)) logId(log, edge);
  else log.argument(call, given.thresholdAt);
}
