/** Looking up the hash that a command is about. Fields that are due are removed first, so that a command need not ask for each. */
import { KEY_SIZE_MAX } from '../../keyspace/limits.ts';
import { TYPE_HASH } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { removeDueFields } from '../../types/hash/hash-value.ts';
import type { Call } from '../call.ts';
import { findForRead, findForWrite } from '../lookup.ts';

/** The record of the hash that argument 1 names, for reading it; 0 when there is none, WRONG after an error reply. Allocates nothing. */
export function hashForRead(call: Call): number {
  const address = findForRead(call, 1, TYPE_HASH);
  return address > 0 ? removeDueFields(call.db, call.hash, address) : address;
}

/** The same for changing it. */
export function hashForWrite(call: Call): number {
  const address = findForWrite(call, 1, TYPE_HASH);
  return address > 0 ? removeDueFields(call.db, call.hash, address) : address;
}

/** Whether every `step`th argument from `from` up to `until` can be a field; replies the error when one is too long. */
export function fieldsFit(call: Call, from: number, until: number, step: number): boolean {
  for (let i = from; i < until; i += step) {
    if (call.size(i) <= KEY_SIZE_MAX) continue;
    call.reply.error(errors.FIELD_TOO_LONG);
    return false;
  }
  return true;
}
