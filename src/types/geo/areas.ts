/**
 * Which cells may hold places of a shape: the cell that its centre is in, and the eight around it, in a size that suits the shape. Those
 * that the shape's rectangle does not reach are left out.
 */
import { type Cell, findCell, LAT_MAX, latOf, lonOf, STEPS } from './geohash.ts';
import { type Bounds, boundsOf, POLYGON, reachOf, type Shape } from './shape.ts';

/** Half the length of the equator on a web map, in metres. */
const MERCATOR_MAX = 20037726.37;
/** Above these latitudes cells are much narrower than high, and larger ones are needed. */
const FAR_NORTH = 66;
const FARTHER_NORTH = 80;

/** The cells of an area, in the order in which they are looked through: how far they are from the middle, north and east. */
const AROUND: ReadonlyArray<readonly [north: number, east: number]> = [
  [0, 0],
  [1, 0],
  [-1, 0],
  [0, 1],
  [0, -1],
  [1, 1],
  [1, -1],
  [-1, 1],
  [-1, -1],
];

export interface Areas {
  step: number;
  /** The cells to look through; the same one may come twice in a row where the earth is only two cells wide. */
  cells: Cell[];
}

export function areasOf(shape: Shape): Areas {
  const bounds = boundsOf(shape);
  const middle: Cell = { lat: 0, lon: 0 };
  let step = stepFor(reachOf(shape), shape.lat);
  findCell(shape.lon, shape.lat, step, LAT_MAX, middle);
  // Once is all that Redis does for circles and boxes, and it decides in what order the members come.
  const stepMin = shape.kind === POLYGON ? 1 : Math.max(1, step - 1);
  while (step > stepMin && !reaches(middle, step, bounds)) {
    findCell(shape.lon, shape.lat, --step, LAT_MAX, middle);
  }
  const cells: Cell[] = [];
  for (const [north, east] of AROUND) {
    if (step < 2 || isNeeded(middle, step, bounds, north, east)) {
      cells.push(neighbour(middle, step, north, east));
    } else {
      cells.push(NO_CELL);
    }
  }
  return { step, cells: withoutRepeated(cells) };
}

const NO_CELL: Cell = { lat: -1, lon: -1 };

/** The most steps with which a cell and its neighbours hold a circle of this radius. */
function stepFor(radius: number, lat: number): number {
  if (radius === 0) return STEPS;
  let step = 1;
  for (let reach = radius; reach < MERCATOR_MAX; reach *= 2) step++;
  step -= 2;
  if (Math.abs(lat) > FAR_NORTH) step--;
  if (Math.abs(lat) > FARTHER_NORTH) step--;
  return Math.max(1, Math.min(STEPS, step));
}

/** The cell so many to the north and east, around the earth. */
function neighbour({ lat, lon }: Cell, step: number, north: number, east: number): Cell {
  const cells = 2 ** step;
  return {
    lat: north === 0 ? lat : (lat + north + cells) % cells,
    lon: east === 0 ? lon : (lon + east + cells) % cells,
  };
}

/** Whether the cells around the middle one go as far as the bounds do. */
function reaches(middle: Cell, step: number, bounds: Bounds): boolean {
  const north = neighbour(middle, step, 1, 0);
  const south = neighbour(middle, step, -1, 0);
  const east = neighbour(middle, step, 0, 1);
  const west = neighbour(middle, step, 0, -1);
  return (
    latOf(north.lat + 1, step) >= bounds.maxLat &&
    latOf(south.lat, step) <= bounds.minLat &&
    lonOf(east.lon + 1, step) >= bounds.maxLon &&
    lonOf(west.lon, step) <= bounds.minLon
  );
}

/** Whether the bounds leave the middle cell on that side. */
function isNeeded(middle: Cell, step: number, bounds: Bounds, north: number, east: number): boolean {
  if (north < 0 && latOf(middle.lat, step) < bounds.minLat) return false;
  if (north > 0 && latOf(middle.lat + 1, step) > bounds.maxLat) return false;
  if (east < 0 && lonOf(middle.lon, step) < bounds.minLon) return false;
  return !(east > 0 && lonOf(middle.lon + 1, step) > bounds.maxLon);
}

/**
 * Without the cells that are not needed, and those that are the one before again. A second one that is the first again stays, as in
 * Redis, which replies the members in it twice.
 */
function withoutRepeated(cells: Cell[]): Cell[] {
  const kept: Cell[] = [];
  let last = 0;
  for (const [i, cell] of cells.entries()) {
    if (cell === NO_CELL) continue;
    if (last > 0 && cell.lat === cells[last].lat && cell.lon === cells[last].lon) continue;
    kept.push(cell);
    last = i;
  }
  return kept;
}
