/**
 * What of a sorted set of places lies in a shape. The members that are found are copied out, because what is done with them (storing) may
 * move the sorted set; the memory is kept for the next search unless it has become large.
 */
import type { Database } from '../../keyspace/database.ts';
import { ZsetWalk } from '../zset/walk.ts';
import { rankOfScore } from '../zset/zset.ts';
import { areasOf } from './areas.ts';
import { decode, place, scoreBehind, scoreOf } from './geohash.ts';
import { sortByDistance } from './order.ts';
import { distanceWithin, type Shape } from './shape.ts';

const KEPT_MAX = 1 << 20;

/** The places that were found: place i is member bytes[ends[i - 1]..ends[i]). */
export const found = {
  count: 0,
  distances: new Float64Array(64),
  scores: new Float64Array(64),
  ends: new Int32Array(64),
  bytes: new Uint8Array(1024),
  /** In which order to use them. */
  order: new Int32Array(0),
};

export function memberStart(i: number): number {
  return i === 0 ? 0 : found.ends[i - 1];
}

/** Gives up the memory of a large search. */
export function forgetFound(): void {
  found.count = 0;
  found.order = new Int32Array(0);
  if (found.bytes.length > KEPT_MAX) found.bytes = new Uint8Array(1024);
  if (found.scores.length * 8 > KEPT_MAX) {
    found.distances = new Float64Array(64);
    found.scores = new Float64Array(64);
    found.ends = new Int32Array(64);
  }
}

const walk = new ZsetWalk();

/** Leaves in `found` the places in the shape, at most `limit` of them unless that is 0. */
export function search(db: Database, address: number, shape: Shape, limit: number): void {
  found.count = 0;
  const { cells, step } = areasOf(shape);
  for (const { lat, lon } of cells) {
    if (limit > 0 && found.count >= limit) break;
    searchRange(db, address, shape, limit, scoreOf(lat, lon, step), scoreBehind(lat, lon, step));
  }
  found.order = new Int32Array(found.count);
  for (let i = 0; i < found.count; i++) found.order[i] = i;
}

function searchRange(
  db: Database,
  address: number,
  shape: Shape,
  limit: number,
  from: number,
  until: number,
): void {
  const rank = rankOfScore(db, address, from, false);
  for (let more = walk.open(db, address, rank, false); more; more = walk.advance()) {
    if (walk.score >= until) return;
    decode(walk.score);
    const metres = distanceWithin(shape, place.lon, place.lat);
    if (metres < 0) continue;
    append(metres);
    if (limit > 0 && found.count >= limit) return;
  }
}

/** Adds the member that the walk is at. */
function append(metres: number): void {
  const { count } = found;
  const start = memberStart(count);
  const end = start + walk.end - walk.start;
  if (count === found.scores.length) enlarge();
  if (end > found.bytes.length) enlargeBytes(end);
  found.distances[count] = metres;
  found.scores[count] = walk.score;
  for (let i = walk.start; i < walk.end; i++) found.bytes[start + i - walk.start] = walk.bytes[i];
  found.ends[count] = end;
  found.count++;
}

function enlarge(): void {
  const { distances, scores, ends } = found;
  found.distances = new Float64Array(2 * found.count);
  found.scores = new Float64Array(2 * found.count);
  found.ends = new Int32Array(2 * found.count);
  found.distances.set(distances);
  found.scores.set(scores);
  found.ends.set(ends);
}

function enlargeBytes(size: number): void {
  const { bytes } = found;
  found.bytes = new Uint8Array(2 * size);
  found.bytes.set(bytes);
}

/** Puts what was found in order, the nearest or the farthest first, so that at least the first `n` are right. */
export function sortFound(ascending: boolean, n: number): void {
  sortByDistance(found.order, found.distances, ascending, n);
}
