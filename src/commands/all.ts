/** Every command family, in the order in which ids are given. */
import { ECHO, PING } from './connection/ping.ts';
import type { CommandDeclaration } from './define.ts';
import { GET } from './string/get.ts';
import { DECR, DECRBY, INCR, INCRBY } from './string/incr.ts';
import { MGET, MSET, MSETNX } from './string/mset.ts';
import { SET } from './string/set.ts';

export const COMMANDS: readonly CommandDeclaration[] = [
  GET,
  SET,
  INCR,
  DECR,
  INCRBY,
  DECRBY,
  MGET,
  MSET,
  MSETNX,
  PING,
  ECHO,
];
