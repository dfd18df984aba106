/** GEOPOS, GEOHASH and GEODIST: where members are. */
import { TYPE_ZSET } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { decode, geohashText, place } from '../../types/geo/geohash.ts';
import { distance } from '../../types/geo/shape.ts';
import { hit, lookup } from '../../types/zset/zset.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, keyAt, READONLY } from '../define.ts';
import { findForRead, WRONG } from '../lookup.ts';
import { readUnit, replyCoordinate, replyDistance, UNIT_TOKENS } from './arguments.ts';

const COMMON = {
  group: 'geo',
  since: '3.2.0',
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
} as const;

export const GEOPOS = defineCommand({
  ...COMMON,
  name: 'GEOPOS',
  summary: 'Returns the longitudes and latitudes of members.',
  complexity: 'O(1) for each member',
  arity: -2, // GEOPOS key [member ...]
  args: [arg.key('key'), arg.string('member', { many: true })],
  handler: (call) => replyEach(call, replyPosition),
});

export const GEOHASH = defineCommand({
  ...COMMON,
  name: 'GEOHASH',
  summary: 'Returns the geohashes of members, as other software writes them.',
  complexity: 'O(1) for each member',
  arity: -2, // GEOHASH key [member ...]
  args: [arg.key('key'), arg.string('member', { many: true })],
  handler: (call) => replyEach(call, replyGeohash),
});

export const GEODIST = defineCommand({
  ...COMMON,
  name: 'GEODIST',
  summary: 'Returns the distance between two members.',
  complexity: 'O(1)',
  arity: -4, // GEODIST key member1 member2 [M|KM|FT|MI]
  args: [
    arg.key('key'),
    arg.string('member1'),
    arg.string('member2'),
    arg.oneOf('unit', UNIT_TOKENS, { optional: true }),
  ],
  handler: geoDist,
});

/** Whether argument `index` is a member of the sorted set at `address`, 0 for none; `hit` then has its score. */
function findMember(call: Call, address: number, index: number): boolean {
  return address !== 0 && lookup(call.db, address, call.bytes, call.start(index), call.end(index));
}

/** Replies an array of what `replyOne` makes of each member; of those that are not there with `exists` false. */
function replyEach(call: Call, replyOne: (call: Call, exists: boolean) => void): void {
  const address = findForRead(call, 1, TYPE_ZSET);
  if (address === WRONG) return;
  call.reply.array(call.argc - 2);
  for (let i = 2; i < call.argc; i++) replyOne(call, findMember(call, address, i));
}

function replyPosition(call: Call, exists: boolean): void {
  if (!exists) {
    call.reply.nullArray();
    return;
  }
  decode(hit.score);
  call.reply.array(2);
  replyCoordinate(call, place.lon);
  replyCoordinate(call, place.lat);
}

function replyGeohash(call: Call, exists: boolean): void {
  if (exists) call.reply.bulkText(geohashText(hit.score));
  else call.reply.null();
}

function geoDist(call: Call): void {
  const { reply } = call;
  if (call.argc > 5) {
    reply.error(errors.SYNTAX);
    return;
  }
  const unit = call.argc === 5 ? readUnit(call, 4) : 1;
  if (unit === 0) return;
  const address = findForRead(call, 1, TYPE_ZSET);
  if (address === WRONG) return;
  if (!findMember(call, address, 2)) {
    reply.null();
    return;
  }
  const first = hit.score;
  if (!findMember(call, address, 3)) {
    reply.null();
    return;
  }
  const second = hit.score;
  decode(first);
  const { lon, lat } = place;
  decode(second);
  replyDistance(call, distance(lon, lat, place.lon, place.lat) / unit);
}
