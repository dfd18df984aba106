/**
 * Places on the earth as 52-bit integers, which are the scores of a sorted set: places that are near one another mostly have numbers that
 * are, so that what lies in an area is found by a few ranges of scores.
 *
 *     latitude and longitude are halved again and again; each half is a bit, 26 of both:
 *
 *     | lon 25 | lat 25 | lon 24 | lat 24 | ... | lon 0 | lat 0 |
 *
 * A *cell* is all places with the same first `step` bits of both. Here it is kept as two integers below 2^step, `lat` and `lon`, which
 * makes its neighbours plus and minus one; only scoreOf() puts the bits together. The limits of latitude are those of web maps (EPSG:900913),
 * but geohashes as text go from pole to pole.
 *
 * The highest longitude is one step outside: its `lon` is 2^step. Redis has it so, and it stays so here. Pure functions; nothing allocates.
 */

export const LON_MAX = 180;
export const LAT_MAX = 85.05112878;
/** Steps of a score. */
export const STEPS = 26;
const POLE = 90;
const TWO_32 = 2 ** 32;

export interface Cell {
  lat: number;
  lon: number;
}

/** Which cell of that many steps a place is in, of a world whose latitudes end at `latMax`. */
export function findCell(lon: number, lat: number, step: number, latMax: number, cell: Cell): void {
  cell.lat = Math.floor(((lat + latMax) / (2 * latMax)) * 2 ** step);
  cell.lon = Math.floor(((lon + LON_MAX) / (2 * LON_MAX)) * 2 ** step);
}

/** The lowest latitude of the cell. */
export function latOf(lat: number, step: number): number {
  return -LAT_MAX + (lat / 2 ** step) * (2 * LAT_MAX);
}

/** The lowest longitude of the cell. */
export function lonOf(lon: number, step: number): number {
  return -LON_MAX + (lon / 2 ** step) * (2 * LON_MAX);
}

/** The lowest 16 bits of n, with a zero above each. */
function spread(n: number): number {
  n &= 0xffff;
  n = (n | (n << 8)) & 0x00ff00ff;
  n = (n | (n << 4)) & 0x0f0f0f0f;
  n = (n | (n << 2)) & 0x33333333;
  return (n | (n << 1)) & 0x55555555;
}

/** Every other bit of n, from the lowest on: what spread() has spread. */
function gather(n: number): number {
  n &= 0x55555555;
  n = (n | (n >>> 1)) & 0x33333333;
  n = (n | (n >>> 2)) & 0x0f0f0f0f;
  n = (n | (n >>> 4)) & 0x00ff00ff;
  return (n | (n >>> 8)) & 0xffff;
}

/** The lowest score of a cell. */
export function scoreOf(lat: number, lon: number, step: number): number {
  const lo = (spread(lat) | (spread(lon) << 1)) >>> 0;
  const hi = (spread(lat >>> 16) | (spread(lon >>> 16) << 1)) >>> 0;
  return (hi * TWO_32 + lo) * 2 ** (2 * (STEPS - step));
}

/** The score behind the last one of a cell. */
export function scoreBehind(lat: number, lon: number, step: number): number {
  return scoreOf(lat, lon, step) + 2 ** (2 * (STEPS - step));
}

const cell: Cell = { lat: 0, lon: 0 };

/** The score of a place. */
export function encode(lon: number, lat: number): number {
  findCell(lon, lat, STEPS, LAT_MAX, cell);
  return scoreOf(cell.lat, cell.lon, STEPS);
}

/** Where decode() has found a place to be. */
export const place = { lon: 0, lat: 0 };

/** Sets `place` to the middle of the smallest cell that the score names; of a score that is none of a place, to some place. */
export function decode(score: number): void {
  let hi = Math.floor(score / TWO_32);
  let lo = score >>> 0;
  if (!(score >= 0 && score < 2 ** 53)) {
    const bits = wideBits(score);
    hi = Number(bits >> 32n);
    lo = Number(bits & 0xffffffffn);
  }
  const lat = (gather(lo) | (gather(hi) << 16)) >>> 0;
  const lon = (gather(lo >>> 1) | (gather(hi >>> 1) << 16)) >>> 0;
  const middleLat = (latOf(lat, STEPS) + latOf(lat + 1, STEPS)) / 2;
  const middleLon = (lonOf(lon, STEPS) + lonOf(lon + 1, STEPS)) / 2;
  place.lat = Math.max(-LAT_MAX, Math.min(LAT_MAX, middleLat));
  place.lon = Math.max(-LON_MAX, Math.min(LON_MAX, middleLon));
}

/** A score that ZADD may have given, as the 64 bits that an x86-64 makes of it. */
function wideBits(score: number): bigint {
  if (Math.abs(score) < 2 ** 63) return BigInt.asUintN(64, BigInt(Math.trunc(score)));
  return score > 0 && score < 2 ** 64 ? BigInt(score) : 1n << 63n;
}

const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz';
const TEXT_SIZE = 11;

/** The geohash as other software writes it. Its last character would need three bits more than there are: it is always 0. */
export function geohashText(score: number): string {
  decode(score);
  findCell(place.lon, place.lat, STEPS, POLE, cell);
  const bits = BigInt(scoreOf(cell.lat, cell.lon, STEPS));
  let text = '';
  for (let i = 1; i < TEXT_SIZE; i++) text += ALPHABET[Number((bits >> BigInt(52 - 5 * i)) & 31n)];
  return `${text}0`;
}
