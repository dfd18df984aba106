/** What ZUNION and its relatives take members from: sorted sets, and sets, whose members all have score 1. */
import type { Database } from '../../keyspace/database.ts';
import { member, needText, setText } from '../set/member.ts';
import { hasMember, setCount } from '../set/set-value.ts';
import { SetWalk } from '../set/walk.ts';
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

export function sourceCount(db: Database, source: Source): number {
  if (source.address === 0) return 0;
  return source.isSet ? setCount(db, source.address) : zsetCount(db, source.address);
}

/** The score of a member in the source; NaN when it is not there. */
export function scoreIn(db: Database, source: Source, bytes: Uint8Array, start: number, end: number): number {
  const { address } = source;
  if (address === 0) return Number.NaN;
  if (source.isSet) {
    setText(bytes, start, end);
    return hasMember(db, address) ? 1 : Number.NaN;
  }
  return lookup(db, address, bytes, start, end) ? hit.score : Number.NaN;
}

const walk = new ZsetWalk();
const setWalk = new SetWalk();

/** Calls `visit` with each member of the source until it says false. */
export function eachMember(db: Database, source: Source, visit: Visit): void {
  const { address } = source;
  if (address === 0) return;
  if (source.isSet) {
    eachOfSet(db, address, visit);
    return;
  }
  for (let more = walk.open(db, address, 0, false); more; more = walk.advance()) {
    if (!visit(walk.bytes, walk.start, walk.end, walk.score)) return;
  }
}

function eachOfSet(db: Database, address: number, visit: Visit): void {
  setWalk.open(db, address);
  while (setWalk.next()) {
    needText();
    if (!visit(member.bytes, member.start, member.end, 1)) return;
  }
}
