/**
 * The shapes that can be searched: circles, boxes and polygons. All say which places they hold, how far those are from their centres, and
 * what rectangle of longitudes and latitudes they lie in.
 *
 * Distances are in metres on a sphere, by the haversine formula. A box goes half its height to the north and south, and half its width to
 * the east and west at the latitude of the place that is asked about. A polygon is flat, in degrees; places on its edges are not in it, and its centre is the
 * mean of its corners.
 */

const EARTH_RADIUS = 6372797.560856;
const DEGREE = Math.PI / 180;

const radians = (degrees: number): number => degrees * DEGREE;
const degrees = (angle: number): number => angle / DEGREE;

function latDistance(lat1: number, lat2: number): number {
  return EARTH_RADIUS * Math.abs(radians(lat2) - radians(lat1));
}

/** Metres between two places. */
export function distance(lon1: number, lat1: number, lon2: number, lat2: number): number {
  const v = Math.sin((radians(lon2) - radians(lon1)) / 2);
  if (v === 0) return latDistance(lat1, lat2);
  const lat1r = radians(lat1);
  const lat2r = radians(lat2);
  const u = Math.sin((lat2r - lat1r) / 2);
  const a = u * u + Math.cos(lat1r) * Math.cos(lat2r) * v * v;
  return 2 * EARTH_RADIUS * Math.asin(Math.sqrt(a));
}

export const CIRCLE = 0;
export const BOX = 1;
export const POLYGON = 2;

export interface Shape {
  kind: number;
  /** The centre. */
  lon: number;
  lat: number;
  /** Metres: of a circle the radius and nothing, of a box its width and height. */
  width: number;
  height: number;
  /** A polygon's corners: longitude, latitude. */
  corners: number[];
}

/** How far the place is from the shape's centre, in metres; -1 when it is not in the shape. */
export function distanceWithin(shape: Shape, lon: number, lat: number): number {
  if (shape.kind === BOX && !isInBox(shape, lon, lat)) return -1;
  if (shape.kind === POLYGON && !isInPolygon(shape.corners, lon, lat)) return -1;
  const metres = distance(shape.lon, shape.lat, lon, lat);
  return shape.kind === CIRCLE && metres > shape.width ? -1 : metres;
}

function isInBox(shape: Shape, lon: number, lat: number): boolean {
  if (latDistance(lat, shape.lat) > shape.height / 2) return false;
  return distance(lon, lat, shape.lon, lat) <= shape.width / 2;
}

/** Whether a line from the place to the east meets an odd number of edges. */
function isInPolygon(corners: number[], lon: number, lat: number): boolean {
  let isIn = false;
  for (let i = 0, before = corners.length - 2; i < corners.length; before = i, i += 2) {
    const [lon1, lat1, lon2, lat2] = [corners[before], corners[before + 1], corners[i], corners[i + 1]];
    if (isOnEdge(lon, lat, lon1, lat1, lon2, lat2)) return false;
    if (lat1 > lat === lat2 > lat) continue;
    if (lon < lon1 + ((lat - lat1) / (lat2 - lat1)) * (lon2 - lon1)) isIn = !isIn;
  }
  return isIn;
}

function isOnEdge(lon: number, lat: number, lon1: number, lat1: number, lon2: number, lat2: number): boolean {
  const isBeside = (lon - lon1) * (lat2 - lat1) !== (lat - lat1) * (lon2 - lon1);
  if (isBeside || lon < Math.min(lon1, lon2) || lon > Math.max(lon1, lon2)) return false;
  return lat >= Math.min(lat1, lat2) && lat <= Math.max(lat1, lat2);
}

/** The rectangle that the shape lies in. */
export interface Bounds {
  minLon: number;
  minLat: number;
  maxLon: number;
  maxLat: number;
}

export function boundsOf(shape: Shape): Bounds {
  if (shape.kind === POLYGON) return polygonBounds(shape.corners);
  const { lon, lat, kind } = shape;
  const height = kind === CIRCLE ? shape.width : shape.height / 2;
  const width = kind === CIRCLE ? shape.width : shape.width / 2;
  const latDelta = degrees(height / EARTH_RADIUS);
  // A degree of longitude is shortest at the side that is nearer to a pole.
  const edge = lat < 0 ? lat - latDelta : lat + latDelta;
  const lonDelta = degrees(width / EARTH_RADIUS / Math.cos(radians(edge)));
  return { minLon: lon - lonDelta, minLat: lat - latDelta, maxLon: lon + lonDelta, maxLat: lat + latDelta };
}

function polygonBounds(corners: number[]): Bounds {
  const lons = corners.filter((_, i) => i % 2 === 0);
  const lats = corners.filter((_, i) => i % 2 === 1);
  return {
    minLon: lons.reduce((a, b) => Math.min(a, b)),
    minLat: lats.reduce((a, b) => Math.min(a, b)),
    maxLon: lons.reduce((a, b) => Math.max(a, b)),
    maxLat: lats.reduce((a, b) => Math.max(a, b)),
  };
}

/** The radius of a circle around the centre that holds the shape, in metres. */
export function reachOf(shape: Shape): number {
  if (shape.kind === CIRCLE) return shape.width;
  if (shape.kind === BOX) return Math.sqrt((shape.width / 2) ** 2 + (shape.height / 2) ** 2);
  let reach = 0;
  for (let i = 0; i < shape.corners.length; i += 2) {
    reach = Math.max(reach, distance(shape.lon, shape.lat, shape.corners[i], shape.corners[i + 1]));
  }
  return reach;
}

/** Makes the shape's centre the mean of its corners. */
export function centerPolygon(shape: Shape): void {
  const { corners } = shape;
  let lon = 0;
  let lat = 0;
  for (let i = 0; i < corners.length; i += 2) {
    lon += corners[i];
    lat += corners[i + 1];
  }
  shape.lon = lon / (corners.length / 2);
  shape.lat = lat / (corners.length / 2);
}
