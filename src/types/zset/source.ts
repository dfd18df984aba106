/**
 * What ZUNION and its relatives take members from: sorted sets, and sets, whose members all have score 1.
 *
 * The set type says how to read its values with connectSets(), once, when it is loaded.
 */
import type { Database } from '../../keyspace/database.ts';
import { ZsetWalk } from './walk.ts';
import { hit, lookup, zsetCount } from './zset.ts';

/** A member is bytes[start..end). False ends the walk. */
export type Visit = (bytes: Uint8Array, start: number, end: number, score: number) => boolean;

export interface Source {
  /** The key's record, 0 where there is none. */
  address: number;
  isSet: boolean;
  count: number;
  weight: number;
}

/** What must be known of sets, given the address of a set's record. */
export interface SetAccess {
  count(db: Database, address: number): number;
  has(db: Database, address: number, bytes: Uint8Array, start: number, end: number): boolean;
  /** Calls `visit` with each member and score 1 until it says false. `visit` looks members up in other sets and allocates in the arena. */
  each(db: Database, address: number, visit: Visit): void;
}

let sets: SetAccess | null = null;

export function connectSets(access: SetAccess): void {
  sets = access;
}

export function sourceCount(db: Database, source: Source): number {
  if (source.address === 0) return 0;
  return source.isSet ? sets!.count(db, source.address) : zsetCount(db, source.address);
}

/** The score of a member in the source; NaN when it is not there. */
export function scoreIn(db: Database, source: Source, bytes: Uint8Array, start: number, end: number): number {
  const { address } = source;
  if (address === 0) return Number.NaN;
  if (source.isSet) return sets!.has(db, address, bytes, start, end) ? 1 : Number.NaN;
  return lookup(db, address, bytes, start, end) ? hit.score : Number.NaN;
}

const walk = new ZsetWalk();

/** Calls `visit` with each member of the source until it says false. */
export function eachMember(db: Database, source: Source, visit: Visit): void {
  const { address } = source;
  if (address === 0) return;
  if (source.isSet) {
    sets!.each(db, address, visit);
    return;
  }
  for (let more = walk.open(db, address, 0, false); more; more = walk.advance()) {
    if (!visit(walk.bytes, walk.start, walk.end, walk.score)) return;
  }
}
