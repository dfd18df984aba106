/**
 * Random members: each with the same chance, and of several every selection with the same chance.
 *
 * A packed set is short and gone through once: of n members left of which k are wanted the next is taken with probability k / n. In a
 * table a few members are picked until they differ; where a good part of it is wanted that would pick what is taken already again
 * and again, so all positions are listed (four bytes each) and the first k shuffled.
 */
import type { Prng } from '../../base/prng.ts';
import { blob, handleOf, openBlob } from '../../keyspace/blob.ts';
import type { Database } from '../../keyspace/database.ts';
import { AddressList } from '../../memory/address-list.ts';
import { Dict } from '../../memory/dict.ts';
import * as listpack from '../../memory/listpack.ts';
import { ENCODING_HT, ENCODING_INTSET } from '../../memory/record.ts';
import { hashOf, member } from './member.ts';
import { attachTable, setCount, setEncoding } from './set-value.ts';
import { SetWalk } from './walk.ts';

/** Where selections are left: positions in the set that `picks` is open on. */
export const picks = { walk: new SetWalk(), found: new AddressList(64) };

const KEPT_MAX = 1 << 16;
/** Above a third of the set it is better to list all. */
const LIST_ALL_BELOW = 3;

/** The position of a random member of the set. */
export function randomPosition(db: Database, address: number, random: Prng): number {
  const encoding = setEncoding(db, address);
  if (encoding === ENCODING_HT) return attachTable(db.arena, handleOf(db, address)).random(random);
  const index = random.below(setCount(db, address));
  if (encoding === ENCODING_INTSET) return index;
  openBlob(db, address);
  return listpack.seek(blob.u8, blob.start, index) - blob.start;
}

/** Leaves `count` different random positions of the set in `picks`, fewer than it has members. A packed set's are in its order. */
export function pick(db: Database, address: number, count: number, random: Prng): void {
  if (picks.found.addresses.length > KEPT_MAX) picks.found = new AddressList(64);
  const { walk, found } = picks;
  found.clear();
  walk.open(db, address);
  const size = setCount(db, address);
  if (walk.encoding !== ENCODING_HT) pickInOrder(size, count, random);
  else if (count > size / LIST_ALL_BELOW) pickFromList(count, random);
  else pickDifferent(db, handleOf(db, address), count, random);
}

function pickInOrder(size: number, count: number, random: Prng): void {
  const { walk, found } = picks;
  for (let left = size; found.length < count && walk.next(); left--) {
    if (random.below(left) < count - found.length) found.push(walk.position);
  }
}

function pickFromList(count: number, random: Prng): void {
  const { walk, found } = picks;
  while (walk.next()) found.push(walk.position);
  const list = found.addresses;
  for (let i = 0; i < count; i++) {
    const from = i + random.below(found.length - i);
    const position = list[from];
    list[from] = list[i];
    list[i] = position;
  }
  found.length = count;
}

/** Picks until there are enough; a table of the records picked so far tells whether one is new. */
function pickDifferent(db: Database, header: number, count: number, random: Prng): void {
  const { walk, found } = picks;
  const seen = Dict.create(db.arena);
  const table = attachTable(db.arena, header);
  const taken = new Dict(db.arena).attach(seen);
  while (found.length < count) {
    const position = table.random(random);
    walk.read(position);
    const hash = hashOf(db.keyspace.elementHashes);
    if (taken.find(hash, member.bytes, member.start, member.end) !== 0) continue;
    taken.insert(hash, position);
    found.push(position);
  }
  taken.destroy();
}
