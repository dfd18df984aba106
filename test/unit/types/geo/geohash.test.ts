import { describe, expect, it } from 'vitest';
import { areasOf } from '../../../../src/types/geo/areas.ts';
import {
  decode,
  encode,
  geohashText,
  LAT_MAX,
  place,
  scoreBehind,
  scoreOf,
} from '../../../../src/types/geo/geohash.ts';
import { sortByDistance } from '../../../../src/types/geo/order.ts';
import {
  BOX,
  CIRCLE,
  centerPolygon,
  distance,
  distanceWithin,
  POLYGON,
  reachOf,
  type Shape,
} from '../../../../src/types/geo/shape.ts';
import { seededRandom } from '../../base/seeded-random.ts';

const { below } = seededRandom('geo');
const part = (size: number): number => (below(2 ** 31) / 2 ** 31) * size;
const anyLon = (): number => part(360) - 180;
const anyLat = (latMax: number): number => part(2 * latMax) - latMax;

/** By halving again and again. */
function naiveEncode(lon: number, lat: number): number {
  let bits = 0n;
  const sides = [
    { at: lon, low: -180, high: 180 },
    { at: lat, low: -LAT_MAX, high: LAT_MAX },
  ];
  for (let i = 0; i < 52; i++) {
    const side = sides[i % 2];
    const middle = (side.low + side.high) / 2;
    bits = (bits << 1n) | (side.at >= middle ? 1n : 0n);
    if (side.at >= middle) side.low = middle;
    else side.high = middle;
  }
  return Number(bits);
}

describe('geohash', () => {
  it('is what halving the earth again and again gives', () => {
    for (let i = 0; i < 2000; i++) {
      // Off the grid of random numbers, so that none is where two cells meet.
      const [lon, lat] = [anyLon() + 3e-8, anyLat(LAT_MAX) + 3e-8];
      expect(encode(lon, lat)).toBe(naiveEncode(lon, lat));
    }
  });

  it('a place that is encoded and decoded is less than a metre away, and has the same score', () => {
    for (let i = 0; i < 2000; i++) {
      const [lon, lat] = [anyLon(), anyLat(LAT_MAX)];
      const score = encode(lon, lat);
      decode(score);
      expect(distance(lon, lat, place.lon, place.lat)).toBeLessThan(1);
      expect(encode(place.lon, place.lat)).toBe(score);
    }
  });

  it('any score at all is some place on earth', () => {
    for (const score of [0, -1, 0.5, 2 ** 53, 2 ** 60, -(2 ** 62), 1e300, -1e300, Infinity, -Infinity]) {
      decode(score);
      expect(Math.abs(place.lon)).toBeLessThanOrEqual(180);
      expect(Math.abs(place.lat)).toBeLessThanOrEqual(LAT_MAX);
      expect(geohashText(score)).toMatch(/^[0-9b-hjkmnp-z]{10}0$/);
    }
  });
});

describe('areas', () => {
  const shapes: [string, () => Shape][] = [
    ['circle', () => shape(CIRCLE, part(10 ** (1 + below(5))), 0)],
    ['box', () => shape(BOX, part(10 ** (1 + below(5))), part(10 ** (1 + below(5))))],
    ['polygon', polygon],
  ];

  // Far from the poles and from the date line, which areas do not go over for boxes of longitudes.
  function shape(kind: number, width: number, height: number): Shape {
    return { kind, lon: part(300) - 150, lat: anyLat(60), width, height, corners: [] };
  }

  function polygon(): Shape {
    const made = shape(POLYGON, 0, 0);
    const size = 10 ** -below(4) * 10;
    for (let i = 3 + below(6); i > 0; i--) made.corners.push(made.lon + part(size), made.lat + part(size));
    centerPolygon(made);
    return made;
  }

  it.each(shapes)('hold every place of a %s', (_, make) => {
    let inside = 0;
    for (let i = 0; i < 300; i++) {
      const made = make();
      const { step, cells } = areasOf(made);
      const reach = reachOf(made) / 100_000;
      for (let j = 0; j < 30; j++) {
        const score = encode(made.lon + part(2 * reach) - reach, made.lat + part(2 * reach) - reach);
        decode(score);
        if (distanceWithin(made, place.lon, place.lat) < 0) continue;
        inside++;
        const holds = cells.some(
          ({ lat, lon }) => score >= scoreOf(lat, lon, step) && score < scoreBehind(lat, lon, step),
        );
        expect(holds, JSON.stringify({ made, place })).toBe(true);
      }
    }
    expect(inside).toBeGreaterThan(100);
  });
});

describe('sortByDistance', () => {
  it('puts the first ones in order, with many equal or none', () => {
    for (let i = 0; i < 2000; i++) {
      const size = below(300);
      const kinds = 1 + below(400);
      const distances = Float64Array.from({ length: size }, () => below(kinds));
      const places = Int32Array.from({ length: size }, (_, at) => at);
      const ascending = below(2) === 0;
      const n = below(size + 1);
      sortByDistance(places, distances, ascending, n);
      const expected = [...distances].sort((a, b) => (ascending ? a - b : b - a));
      expect([...places.subarray(0, n)].map((at) => distances[at])).toEqual(expected.slice(0, n));
      expect([...places].sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, at) => at));
    }
  });
});
