/** GEOADD: ZADD with places for scores. */
import * as errors from '../../resp/errors.ts';
import { encode } from '../../types/geo/geohash.ts';
import type { Call } from '../call.ts';
import { arg, DENYOOM, defineCommand, keyAt, WRITE } from '../define.ts';
import { addPairs, CH, NX, XX } from '../zset/add.ts';
import { LON_LAT, lonLat, readLonLat } from './arguments.ts';

export const GEOADD = defineCommand({
  name: 'GEOADD',
  summary: 'Adds places to a sorted set or moves them; creates the key if it does not exist.',
  group: 'geo',
  since: '3.2.0',
  history: [['6.2.0', 'Added the `CH`, `NX` and `XX` options.']],
  complexity: 'O(log(N)) for each place, where N is the number of members',
  arity: -5, // GEOADD key [NX|XX] [CH] longitude latitude member [longitude latitude member ...]
  flags: WRITE | DENYOOM,
  keys: [keyAt(1, 'RW', 'update')],
  args: [
    arg.key('key'),
    arg.oneOf('condition', [arg.token('nx', 'NX'), arg.token('xx', 'XX')], {
      optional: true,
      since: '6.2.0',
    }),
    arg.token('change', 'CH', { optional: true, since: '6.2.0' }),
    arg.block('longitude_latitude_member', [...LON_LAT, arg.string('member')], { many: true }),
  ],
  handler: geoAdd,
});

/** Scores of the call's places, all read before the first change. */
let scores = new Float64Array(16);

function geoAdd(call: Call): void {
  let options = 0;
  let first = 2;
  for (let option = -1; first < call.argc; first++) {
    option = call.is(first, 'NX') ? NX : call.is(first, 'XX') ? XX : call.is(first, 'CH') ? CH : 0;
    if (option === 0) break;
    options |= option;
  }
  const places = (call.argc - first) / 3;
  if (!Number.isInteger(places) || places === 0 || (options & (NX | XX)) === (NX | XX)) {
    call.reply.error(errors.SYNTAX);
    return;
  }
  if (places > scores.length) scores = new Float64Array(2 * places);
  for (let i = 0; i < places; i++) {
    if (!readLonLat(call, first + 3 * i)) return;
    scores[i] = encode(lonLat.lon, lonLat.lat);
  }
  addPairs(call, first, 3, places, scores, options);
}
