/** Looking up a key that must hold a certain type: the first step of nearly every command on a collection. */

import type { Database } from '../keyspace/database.ts';
import { byteOffsetOf, segmentOf } from '../memory/address.ts';
import { encodingOf, readWord0, typeOf } from '../memory/record.ts';
import * as errors from '../resp/errors.ts';
import type { Call } from './call.ts';

/** In place of an address: the key holds another type, and the error has been replied. */
export const WRONG = -1;

/** The record of the key that is argument `index`, for reading it; 0 when there is none, WRONG after an error reply. Allocates nothing. */
export function findForRead(call: Call, index: number, type: number): number {
  return checked(
    call,
    call.db.findForRead(call.keyHash(index), call.bytes, call.start(index), call.end(index)),
    type,
  );
}

/** The same for changing it. */
export function findForWrite(call: Call, index: number, type: number): number {
  return checked(
    call,
    call.db.findForWrite(call.keyHash(index), call.bytes, call.start(index), call.end(index)),
    type,
  );
}

function checked(call: Call, address: number, type: number): number {
  if (address === 0 || typeAt(call.db, address) === type) return address;
  call.reply.error(errors.WRONG_TYPE);
  return WRONG;
}

export function typeAt(db: Database, address: number): number {
  return typeOf(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address)));
}

export function encodingAt(db: Database, address: number): number {
  return encodingOf(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address)));
}
