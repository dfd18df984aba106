/** What the BF. commands share: finding the filter that they are about, making it, and RedisBloom's error texts, with and without ERR as it has them. */
import { createWithHandle, handleOf } from '../../keyspace/blob.ts';
import { KEY_SIZE_MAX, KeyTooLongError } from '../../keyspace/limits.ts';
import { ENCODING_CHAIN, TYPE_BLOOM } from '../../memory/record.ts';
import { createChain, TOO_LARGE } from '../../types/bloom/chain.ts';
import type { Call } from '../call.ts';
import { findForRead, findForWrite, WRONG } from '../lookup.ts';

export const NOT_FOUND = 'ERR not found';
export const EXISTS = 'ERR item exists';
export const FILTER_FULL = 'ERR non scaling filter is full';
export const CANNOT_GROW = 'ERR problem inserting into filter';
export const NO_MEMORY = 'ERR Insufficient memory to create filter';
export const NOT_CREATED = 'ERR could not create filter';

/** In place of a handle: there is no such key, and nothing has been replied. */
export const NONE = 0;

/** What a new filter is like. */
export interface Wish {
  error: number;
  capacity: number;
  expansion: number;
  isScaling: boolean;
}

export const CAPACITY_MAX = 2 ** 30;
export const EXPANSION_MAX = 32768;
/** A higher error rate is taken for this one. */
const ERROR_MAX = 0.25;

/** What BF.ADD makes where there is no filter. */
export const DEFAULT_WISH: Readonly<Wish> = { error: 0.01, capacity: 100, expansion: 2, isScaling: true };

/** The handle of the filter that argument 1 names, for reading it; NONE, or WRONG after an error reply. */
export function chainForRead(call: Call): number {
  const address = findForRead(call, 1, TYPE_BLOOM);
  return address > 0 ? handleOf(call.db, address) : address;
}

/** The same for changing it. */
export function chainForWrite(call: Call): number {
  const address = findForWrite(call, 1, TYPE_BLOOM);
  return address > 0 ? handleOf(call.db, address) : address;
}

/** Makes a filter under the key that argument 1 names, which is not there. Returns its handle, or WRONG after an error reply. */
export function createFilter(call: Call, { error, capacity, expansion, isScaling }: Wish): number {
  if (call.size(1) > KEY_SIZE_MAX) throw new KeyTooLongError();
  const chain = createChain(call.db.keyspace, capacity, Math.min(error, ERROR_MAX), expansion, isScaling);
  if (chain < 0) {
    call.reply.error(chain === TOO_LARGE ? NO_MEMORY : NOT_CREATED);
    return WRONG;
  }
  giveKey(call, chain);
  return chain;
}

/** Makes the chain the value of the key that argument 1 names, which is not there. */
export function giveKey(call: Call, chain: number): void {
  const { db, bytes } = call;
  createWithHandle(db, call.keyHash(1), bytes, call.start(1), call.end(1), TYPE_BLOOM, ENCODING_CHAIN, chain);
}
