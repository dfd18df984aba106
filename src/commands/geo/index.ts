/** The geo commands: places on the earth as members of sorted sets. */
import type { CommandDeclaration } from '../define.ts';
import { GEOADD } from './add.ts';
import { GEODIST, GEOHASH, GEOPOS } from './read.ts';
import {
  GEORADIUS,
  GEORADIUS_RO,
  GEORADIUSBYMEMBER,
  GEORADIUSBYMEMBER_RO,
  GEOSEARCH,
  GEOSEARCHSTORE,
} from './search.ts';

export const GEO_COMMANDS: readonly CommandDeclaration[] = [
  GEOADD,
  GEODIST,
  GEOHASH,
  GEOPOS,
  GEOSEARCH,
  GEOSEARCHSTORE,
  GEORADIUS,
  GEORADIUS_RO,
  GEORADIUSBYMEMBER,
  GEORADIUSBYMEMBER_RO,
];
