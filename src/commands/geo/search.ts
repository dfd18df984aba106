/**
 * GEOSEARCH, GEOSEARCHSTORE and the older GEORADIUS commands: the members in a circle, a box or a polygon (Valkey 9.0).
 *
 * The key's type is checked first, then the arguments from left to right, then what they say together; only then it matters that there
 * is no key.
 */

import { int64, int64FromNumber, parseSafeInteger } from '../../base/int64.ts';
import type { KeyEvent } from '../../keyspace/events.ts';
import * as events from '../../keyspace/events.ts';
import { TYPE_ZSET } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { decode, place } from '../../types/geo/geohash.ts';
import { forgetFound, found, memberStart, search, sortFound } from '../../types/geo/search.ts';
import { BOX, CIRCLE, centerPolygon, POLYGON, type Shape } from '../../types/geo/shape.ts';
import { LargeZset } from '../../types/zset/large.ts';
import { hit, lookup } from '../../types/zset/zset.ts';
import type { Call } from '../call.ts';
import {
  type Argument,
  arg,
  DENYOOM,
  defineCommand,
  type KeySpec,
  keyAt,
  READONLY,
  WRITE,
} from '../define.ts';
import { findForRead, WRONG } from '../lookup.ts';
import { replyInt64 } from '../replies.ts';
import { storeResult } from '../zset/store.ts';
import {
  LON_LAT,
  lonLat,
  readLonLat,
  readNumber,
  readUnit,
  replyCoordinate,
  replyDistance,
  UNIT,
} from './arguments.ts';

// --- declarations -----------------------------------------------------------------------------------

const COMPLEXITY =
  'O(N+log(M)) where N is the number of members in the square cells around the shape and M the number of members';
const UPPERCASE = ['7.0.0', 'Added support for uppercase unit names.'] as const;
const WITH = [
  arg.token('withcoord', 'WITHCOORD', { optional: true }),
  arg.token('withdist', 'WITHDIST', { optional: true }),
  arg.token('withhash', 'WITHHASH', { optional: true }),
];
const ORDER = arg.oneOf('order', [arg.token('asc', 'ASC'), arg.token('desc', 'DESC')], { optional: true });
const count = (since?: string): Argument =>
  arg.block(
    'count',
    [
      arg.integer('count', { token: 'COUNT' }),
      arg.token('any', 'ANY', { optional: true, ...(since === undefined ? {} : { since }) }),
    ],
    { optional: true },
  );
const FROM = arg.oneOf('from', [
  arg.string('member', { token: 'FROMMEMBER' }),
  arg.block('longitude_latitude', LON_LAT, { token: 'FROMLONLAT' }),
]);
const BY = arg.oneOf('by', [
  arg.block('circle', [arg.double('radius', { token: 'BYRADIUS' }), UNIT]),
  arg.block('box', [arg.double('width', { token: 'BYBOX' }), arg.double('height'), UNIT]),
]);
const STORE = [
  arg.key('key', { keySpec: 1, token: 'STORE', optional: true }),
  arg.key('key', { keySpec: 2, token: 'STOREDIST', optional: true }),
];

const stored = (keyword: string, from: number): KeySpec => ({
  flags: ['OW', 'update'],
  begin: { keyword, from },
  find: { last: 0, step: 1, limit: 0 },
});

export const GEOSEARCH = defineCommand({
  name: 'GEOSEARCH',
  summary: 'Returns the members in a circle, a box or a polygon.',
  group: 'geo',
  since: '6.2.0',
  history: [UPPERCASE],
  complexity: COMPLEXITY,
  arity: -7, // GEOSEARCH key FROMMEMBER m|FROMLONLAT lon lat BYRADIUS r unit|BYBOX w h unit|BYPOLYGON n lon lat ... [options]
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [arg.key('key'), FROM, BY, ORDER, count(), ...WITH],
  handler: (call) => geoSearch(call, false),
});

export const GEOSEARCHSTORE = defineCommand({
  name: 'GEOSEARCHSTORE',
  summary: 'Stores the members in a circle, a box or a polygon under another key.',
  group: 'geo',
  since: '6.2.0',
  history: [UPPERCASE],
  complexity: COMPLEXITY,
  arity: -8, // GEOSEARCHSTORE destination source (as GEOSEARCH) [STOREDIST]
  flags: WRITE | DENYOOM,
  keys: [keyAt(1, 'OW', 'update'), keyAt(2, 'RO', 'access')],
  args: [
    arg.key('destination'),
    arg.key('source', { keySpec: 1 }),
    FROM,
    BY,
    ORDER,
    count(),
    arg.token('storedist', 'STOREDIST', { optional: true }),
  ],
  handler: (call) => geoSearch(call, true),
});

export const GEORADIUS = defineCommand({
  name: 'GEORADIUS',
  summary: 'Returns the members in a circle around a place, or stores them.',
  group: 'geo',
  since: '3.2.0',
  history: [['6.2.0', 'Added the `ANY` option for `COUNT`.'], UPPERCASE],
  deprecated: { since: '6.2.0', replacedBy: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument' },
  complexity: COMPLEXITY,
  arity: -6, // GEORADIUS key longitude latitude radius unit [options]
  flags: WRITE | DENYOOM,
  keys: [keyAt(1, 'RO', 'access'), stored('STORE', 6), stored('STOREDIST', 6)],
  args: [arg.key('key'), ...LON_LAT, arg.double('radius'), UNIT, ...WITH, count('6.2.0'), ORDER, ...STORE],
  handler: (call) => geoRadius(call, false, true),
});

export const GEORADIUS_RO = defineCommand({
  name: 'GEORADIUS_RO',
  summary: 'Returns the members in a circle around a place.',
  group: 'geo',
  since: '3.2.10',
  history: [['6.2.0', 'Added the `ANY` option for `COUNT`.']],
  deprecated: { since: '6.2.0', replacedBy: '`GEOSEARCH` with the `BYRADIUS` argument' },
  complexity: COMPLEXITY,
  arity: -6, // GEORADIUS_RO key longitude latitude radius unit [options]
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [arg.key('key'), ...LON_LAT, arg.double('radius'), UNIT, ...WITH, count('6.2.0'), ORDER],
  handler: (call) => geoRadius(call, false, false),
});

export const GEORADIUSBYMEMBER = defineCommand({
  name: 'GEORADIUSBYMEMBER',
  summary: 'Returns the members in a circle around one of them, or stores them.',
  group: 'geo',
  since: '3.2.0',
  history: [UPPERCASE],
  deprecated: {
    since: '6.2.0',
    replacedBy: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments',
  },
  complexity: COMPLEXITY,
  arity: -5, // GEORADIUSBYMEMBER key member radius unit [options]
  flags: WRITE | DENYOOM,
  keys: [keyAt(1, 'RO', 'access'), stored('STORE', 5), stored('STOREDIST', 5)],
  args: [arg.key('key'), arg.string('member'), arg.double('radius'), UNIT, ...WITH, count(), ORDER, ...STORE],
  handler: (call) => geoRadius(call, true, true),
});

export const GEORADIUSBYMEMBER_RO = defineCommand({
  name: 'GEORADIUSBYMEMBER_RO',
  summary: 'Returns the members in a circle around one of them.',
  group: 'geo',
  since: '3.2.10',
  deprecated: { since: '6.2.0', replacedBy: '`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments' },
  complexity: COMPLEXITY,
  arity: -5, // GEORADIUSBYMEMBER_RO key member radius unit [options]
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
  args: [arg.key('key'), arg.string('member'), arg.double('radius'), UNIT, ...WITH, count(), ORDER],
  handler: (call) => geoRadius(call, true, false),
});

// --- arguments --------------------------------------------------------------------------------------

const UNSORTED = 0;
const ASCENDING = 1;
const DESCENDING = 2;

/** Where a search has its centre from. */
const NONE = -1;
const MEMBER = 0;
const PLACE = 1;
const CORNERS = 2;

const shape: Shape = { kind: CIRCLE, lon: 0, lat: 0, width: 0, height: 0, corners: [] };

/** What the call under way asks for. */
const options = {
  /** Metres of the unit in which distances are told. */
  unit: 1,
  withDistance: false,
  withHash: false,
  withPlace: false,
  sort: UNSORTED,
  count: 0,
  any: false,
  /** The argument that is the key to store in; 0 for none. */
  target: 0,
  storeDistance: false,
  center: NONE,
  /** The kind of the shape. */
  by: NONE,
};

function beginOptions(target: number): void {
  shape.kind = CIRCLE;
  shape.corners = [];
  options.unit = 1;
  options.withDistance = false;
  options.withHash = false;
  options.withPlace = false;
  options.sort = UNSORTED;
  options.count = 0;
  options.any = false;
  options.target = target;
  options.storeDistance = false;
  options.center = NONE;
  options.by = NONE;
}

function refuse(call: Call, text: string): false {
  call.reply.error(text);
  return false;
}

/** How many arguments the option at `index` takes, itself included; 0 when it is none that all commands have, -1 after an error reply. */
function readCommonOption(call: Call, index: number): number {
  if (call.is(index, 'WITHDIST')) options.withDistance = true;
  else if (call.is(index, 'WITHHASH')) options.withHash = true;
  else if (call.is(index, 'WITHCOORD')) options.withPlace = true;
  else if (call.is(index, 'ANY')) options.any = true;
  else if (call.is(index, 'ASC')) options.sort = ASCENDING;
  else if (call.is(index, 'DESC')) options.sort = DESCENDING;
  else if (call.is(index, 'COUNT') && index + 1 < call.argc) return readCount(call, index + 1) ? 2 : -1;
  else return 0;
  return 1;
}

function readCount(call: Call, index: number): boolean {
  options.count = parseSafeInteger(call.bytes, call.start(index), call.end(index));
  if (Number.isNaN(options.count)) return refuse(call, errors.NOT_INTEGER);
  return options.count > 0 || refuse(call, errors.GEO_COUNT);
}

/** Makes the place of the member that argument `index` names the centre. */
function centerOnMember(call: Call, address: number, index: number): boolean {
  if (!lookup(call.db, address, call.bytes, call.start(index), call.end(index))) {
    return refuse(call, errors.GEO_MEMBER);
  }
  decode(hit.score);
  shape.lon = place.lon;
  shape.lat = place.lat;
  return true;
}

function centerOnPlace(call: Call, index: number): boolean {
  if (!readLonLat(call, index)) return false;
  shape.lon = lonLat.lon;
  shape.lat = lonLat.lat;
  return true;
}

function readCircle(call: Call, index: number): boolean {
  const radius = readNumber(call, index, errors.GEO_RADIUS);
  if (Number.isNaN(radius)) return false;
  if (radius < 0) return refuse(call, errors.GEO_RADIUS_NEGATIVE);
  options.unit = readUnit(call, index + 1);
  shape.kind = CIRCLE;
  shape.width = radius * options.unit;
  return options.unit > 0;
}

function readBox(call: Call, index: number): boolean {
  const width = readNumber(call, index, errors.GEO_WIDTH);
  if (Number.isNaN(width)) return false;
  const height = readNumber(call, index + 1, errors.GEO_HEIGHT);
  if (Number.isNaN(height)) return false;
  if (width < 0 || height < 0) return refuse(call, errors.GEO_BOX_NEGATIVE);
  options.unit = readUnit(call, index + 2);
  shape.kind = BOX;
  shape.width = width * options.unit;
  shape.height = height * options.unit;
  return options.unit > 0;
}

/** Reads the number of corners that argument `index` says, and those. Distances from its centre are in metres. */
function readPolygon(call: Call, index: number): boolean {
  const corners = parseSafeInteger(call.bytes, call.start(index), call.end(index));
  if (Number.isNaN(corners)) return refuse(call, errors.NOT_INTEGER);
  if (corners < 3) return refuse(call, errors.GEO_CORNERS);
  if (index + 2 * corners >= call.argc) return refuse(call, errors.SYNTAX);
  shape.kind = POLYGON;
  for (let i = 0; i < corners; i++) {
    if (!readLonLat(call, index + 1 + 2 * i)) return false;
    shape.corners.push(lonLat.lon, lonLat.lat);
  }
  centerPolygon(shape);
  return true;
}

/** The same as readCommonOption() for those that only GEOSEARCH and GEOSEARCHSTORE have. */
function readSearchOption(call: Call, index: number, address: number): number {
  const following = call.argc - index - 1;
  if (options.target > 0 && call.is(index, 'STOREDIST')) {
    options.storeDistance = true;
    return 1;
  }
  const { center, by } = options;
  // The same one may come again, and counts then; another one may not.
  if (center !== PLACE && center !== CORNERS && following >= 1 && call.is(index, 'FROMMEMBER')) {
    options.center = MEMBER;
    return address === 0 || centerOnMember(call, address, index + 1) ? 2 : -1;
  }
  if (center !== MEMBER && center !== CORNERS && following >= 2 && call.is(index, 'FROMLONLAT')) {
    options.center = PLACE;
    return centerOnPlace(call, index + 1) ? 3 : -1;
  }
  if ((by === NONE || by === CIRCLE) && following >= 2 && call.is(index, 'BYRADIUS')) {
    options.by = CIRCLE;
    return readCircle(call, index + 1) ? 3 : -1;
  }
  if ((by === NONE || by === BOX) && following >= 3 && call.is(index, 'BYBOX')) {
    options.by = BOX;
    return readBox(call, index + 1) ? 4 : -1;
  }
  if (by !== NONE || center !== NONE || following < 2 || !call.is(index, 'BYPOLYGON')) return 0;
  options.by = POLYGON;
  options.center = CORNERS;
  return readPolygon(call, index + 1) ? 2 + shape.corners.length : -1;
}

/** What is wrong with the options together; null for nothing. */
function conflict(call: Call, isSearch: boolean): string | null {
  if (options.target > 0 && (options.withDistance || options.withHash || options.withPlace)) {
    return errors.geoStoreWith(isSearch ? 'GEOSEARCHSTORE' : 'STORE option in GEORADIUS');
  }
  if (isSearch && options.center === NONE) return errors.geoNoCenter(call.text(0));
  if (isSearch && options.by === NONE) return errors.geoNoShape(call.text(0));
  return options.any && options.count === 0 ? errors.GEO_ANY : null;
}

// --- handlers ---------------------------------------------------------------------------------------

function geoSearch(call: Call, store: boolean): void {
  const key = store ? 2 : 1;
  const address = findForRead(call, key, TYPE_ZSET);
  if (address === WRONG) return;
  beginOptions(store ? 1 : 0);
  for (let i = key + 1; i < call.argc; ) {
    const taken = readCommonOption(call, i) || readSearchOption(call, i, address);
    if (taken === 0) call.reply.error(errors.SYNTAX);
    if (taken <= 0) return;
    i += taken;
  }
  run(call, address, true);
}

function geoRadius(call: Call, byMember: boolean, mayStore: boolean): void {
  const address = findForRead(call, 1, TYPE_ZSET);
  if (address === WRONG) return;
  beginOptions(0);
  const first = byMember ? 5 : 6;
  if (!byMember) {
    if (!centerOnPlace(call, 2) || !readCircle(call, 4)) return;
  } else if (address !== 0) {
    if (!centerOnMember(call, address, 2) || !readCircle(call, 3)) return;
  }
  for (let i = first; i < call.argc; ) {
    const taken = readCommonOption(call, i) || (mayStore ? readStore(call, i) : 0);
    if (taken === 0) call.reply.error(errors.SYNTAX);
    if (taken <= 0) return;
    i += taken;
  }
  run(call, address, false);
}

/** STORE key or STOREDIST key. */
function readStore(call: Call, index: number): number {
  const isDistance = call.is(index, 'STOREDIST');
  if (index + 1 >= call.argc || (!isDistance && !call.is(index, 'STORE'))) return 0;
  options.target = index + 1;
  options.storeDistance = isDistance;
  return 2;
}

function run(call: Call, address: number, isSearch: boolean): void {
  const error = conflict(call, isSearch);
  if (error !== null) {
    call.reply.error(error);
    return;
  }
  if (address === 0) {
    if (options.target > 0) storeResult(call, options.target, 0, storedBy(isSearch));
    else call.reply.array(0);
    return;
  }
  search(call.db, address, shape, options.any ? options.count : 0);
  // The nearest ones are meant, unless any will do.
  if (options.count > 0 && options.sort === UNSORTED && !options.any) options.sort = ASCENDING;
  const n = options.count === 0 ? found.count : Math.min(found.count, options.count);
  if (options.sort !== UNSORTED) sortFound(options.sort === ASCENDING, n);
  if (options.target > 0) storeFound(call, n, storedBy(isSearch));
  else replyFound(call, n);
  forgetFound();
}

function replyFound(call: Call, n: number): void {
  const { reply } = call;
  const parts = 1 + Number(options.withDistance) + Number(options.withHash) + Number(options.withPlace);
  reply.array(n);
  for (let i = 0; i < n; i++) {
    const at = found.order[i];
    if (parts > 1) reply.array(parts);
    reply.bulk(found.bytes, memberStart(at), found.ends[at]);
    if (options.withDistance) replyDistance(call, found.distances[at] / options.unit);
    if (options.withHash) replyHash(call, found.scores[at]);
    if (!options.withPlace) continue;
    decode(found.scores[at]);
    reply.array(2);
    replyCoordinate(call, place.lon);
    replyCoordinate(call, place.lat);
  }
}

function replyHash(call: Call, score: number): void {
  int64FromNumber(Math.trunc(score));
  replyInt64(call.reply, int64.hi, int64.lo);
}

function storedBy(isSearch: boolean): KeyEvent {
  return isSearch ? events.GEOSEARCHSTORE : events.GEORADIUSSTORE;
}

function storeFound(call: Call, n: number, event: KeyEvent): void {
  const { db } = call;
  if (n === 0) {
    storeResult(call, options.target, 0, event);
    return;
  }
  const result = new LargeZset(db.arena).attach(LargeZset.create(db.arena));
  try {
    for (let i = 0; i < n; i++) {
      const at = found.order[i];
      const start = memberStart(at);
      const end = found.ends[at];
      const hash = call.hashOf(found.bytes, start, end);
      // Around the earth a member may have been found twice.
      if (result.find(hash, found.bytes, start, end) !== 0) continue;
      const score = options.storeDistance ? found.distances[at] / options.unit : found.scores[at];
      result.add(hash, found.bytes, start, end, score);
    }
  } catch (error) {
    result.destroy(db.keyspace);
    throw error;
  }
  storeResult(call, options.target, result.release(), event);
  // Redis counts each member that it stores as a change; storeResult() has counted one.
  db.keyspace.dirty += n - 1;
}
