/** The list commands. */
import type { CommandDeclaration } from '../define.ts';
import { BLPOP, BRPOP } from './blocking-pop.ts';
import { LINSERT, LREM, LSET } from './change.ts';
import { LPOS } from './lpos.ts';
import { BLMOVE, BRPOPLPUSH, LMOVE, RPOPLPUSH } from './move.ts';
import { BLMPOP, LMPOP } from './mpop.ts';
import { LPOP, RPOP } from './pop.ts';
import { LPUSH, LPUSHX, RPUSH, RPUSHX } from './push.ts';
import { LINDEX, LLEN, LRANGE, LTRIM } from './range.ts';

export const LIST_COMMANDS: readonly CommandDeclaration[] = [
  LPUSH,
  RPUSH,
  LPUSHX,
  RPUSHX,
  LPOP,
  RPOP,
  LLEN,
  LINDEX,
  LSET,
  LRANGE,
  LTRIM,
  LREM,
  LINSERT,
  LPOS,
  LMOVE,
  RPOPLPUSH,
  LMPOP,
  BLPOP,
  BRPOP,
  BLMOVE,
  BRPOPLPUSH,
  BLMPOP,
];
