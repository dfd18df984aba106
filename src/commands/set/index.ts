/** The set commands. */
import type { CommandDeclaration } from '../define.ts';
import {
  SDIFF,
  SDIFFSTORE,
  SINTER,
  SINTERCARD,
  SINTERSTORE,
  SMEMBERS,
  SUNION,
  SUNIONSTORE,
} from './algebra.ts';
import { SADD, SCARD, SISMEMBER, SMISMEMBER, SMOVE, SREM } from './members.ts';
import { SPOP, SRANDMEMBER } from './random.ts';
import { SSCAN } from './sscan.ts';

export const SET_COMMANDS: readonly CommandDeclaration[] = [
  SADD,
  SREM,
  SMOVE,
  SISMEMBER,
  SMISMEMBER,
  SCARD,
  SMEMBERS,
  SPOP,
  SRANDMEMBER,
  SINTER,
  SINTERSTORE,
  SINTERCARD,
  SUNION,
  SUNIONSTORE,
  SDIFF,
  SDIFFSTORE,
  SSCAN,
];
