/** The string commands. */
import type { CommandDeclaration } from '../define.ts';
import { APPEND } from './append.ts';
import { DELEX, DELIFEQ, DIGEST } from './conditional.ts';
import { GET } from './get.ts';
import { GETDEL, GETEX, GETSET } from './getset.ts';
import { DECR, DECRBY, INCR, INCRBY } from './incr.ts';
import { INCRBYFLOAT } from './incrbyfloat.ts';
import { INCREX } from './increx.ts';
import { LCS } from './lcs.ts';
import { MGET, MSET, MSETNX } from './mset.ts';
import { MSETEX } from './msetex.ts';
import { GETRANGE, SETRANGE, STRLEN, SUBSTR } from './range.ts';
import { SET } from './set.ts';
import { PSETEX, SETEX, SETNX } from './setnx.ts';

export const STRING_COMMANDS: readonly CommandDeclaration[] = [
  GET,
  SET,
  INCR,
  DECR,
  INCRBY,
  DECRBY,
  INCRBYFLOAT,
  INCREX,
  MGET,
  MSET,
  MSETNX,
  MSETEX,
  APPEND,
  STRLEN,
  GETRANGE,
  SUBSTR,
  SETRANGE,
  SETNX,
  SETEX,
  PSETEX,
  GETSET,
  GETDEL,
  GETEX,
  LCS,
  DELEX,
  DELIFEQ,
  DIGEST,
];
