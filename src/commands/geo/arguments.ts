/** Places, distances and units as arguments, and distances and coordinates as replies. */
import { parseDouble } from '../../base/double.ts';
import * as errors from '../../resp/errors.ts';
import { LAT_MAX, LON_MAX } from '../../types/geo/geohash.ts';
import type { Call } from '../call.ts';
import { arg } from '../define.ts';

export const UNIT_TOKENS = [
  arg.token('m', 'M'),
  arg.token('km', 'KM'),
  arg.token('ft', 'FT'),
  arg.token('mi', 'MI'),
];
export const UNIT = arg.oneOf('unit', UNIT_TOKENS);
export const LON_LAT = [arg.double('longitude'), arg.double('latitude')];

/** The place that was read last. */
export const lonLat = { lon: 0, lat: 0 };

/** Reads a longitude and a latitude from argument `index` on; false after an error reply. */
export function readLonLat(call: Call, index: number): boolean {
  lonLat.lon = readNumber(call, index, errors.NOT_FLOAT);
  if (Number.isNaN(lonLat.lon)) return false;
  lonLat.lat = readNumber(call, index + 1, errors.NOT_FLOAT);
  if (Number.isNaN(lonLat.lat)) return false;
  if (Math.abs(lonLat.lon) <= LON_MAX && Math.abs(lonLat.lat) <= LAT_MAX) return true;
  call.reply.error(errors.invalidLonLat(sixDecimals(lonLat.lon), sixDecimals(lonLat.lat)));
  return false;
}

/** As C's %f. */
function sixDecimals(n: number): string {
  if (!Number.isFinite(n)) return n < 0 ? '-inf' : 'inf';
  return Math.abs(n) < 1e21 ? n.toFixed(6) : `${BigInt(n)}.000000`;
}

/** The number that argument `index` says, NaN after an error reply. */
export function readNumber(call: Call, index: number, error: string): number {
  const value = parseDouble(call.bytes, call.start(index), call.end(index));
  if (Number.isNaN(value)) call.reply.error(error);
  return value;
}

/** How many metres the unit that argument `index` names has; 0 after an error reply. */
export function readUnit(call: Call, index: number): number {
  if (call.is(index, 'M')) return 1;
  if (call.is(index, 'KM')) return 1000;
  if (call.is(index, 'FT')) return 0.3048;
  if (call.is(index, 'MI')) return 1609.34;
  call.reply.error(errors.GEO_UNIT);
  return 0;
}

/** Replies a distance with four decimals, as C's %.4f rounds it. */
export function replyDistance(call: Call, distance: number): void {
  call.reply.bulkText(distanceText(distance));
}

export function distanceText(distance: number): string {
  // toFixed() rounds a tie up and C to even; ties with four decimals are odd multiples of 1/32.
  const isTie = Number.isInteger(distance * 32) && (distance * 32) % 2 !== 0;
  const below = Math.floor(distance * 10_000);
  return isTie && below % 2 === 0 ? (below / 10_000).toFixed(4) : distance.toFixed(4);
}

/** Replies a longitude or latitude: 17 decimals without the zeros in the end; a double for RESP3 clients. */
export function replyCoordinate(call: Call, degrees: number): void {
  const text = degrees.toFixed(17).replace(/\.?0+$/, '');
  call.reply.double(text === '-0' ? '0' : text);
}
