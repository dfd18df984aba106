/** The hash commands. */
import type { CommandDeclaration } from '../define.ts';
import { HGETALL, HKEYS, HVALS } from './all.ts';
import { HDEL, HEXISTS, HGET, HLEN, HMGET, HSTRLEN } from './get.ts';
import { HINCRBY, HINCRBYFLOAT } from './incr.ts';
import { HRANDFIELD } from './random.ts';
import { HSCAN } from './scan.ts';
import { HMSET, HSET, HSETNX } from './set.ts';

export const HASH_COMMANDS: readonly CommandDeclaration[] = [
  HSET,
  HMSET,
  HSETNX,
  HGET,
  HMGET,
  HGETALL,
  HKEYS,
  HVALS,
  HLEN,
  HEXISTS,
  HDEL,
  HSTRLEN,
  HINCRBY,
  HINCRBYFLOAT,
  HRANDFIELD,
  HSCAN,
];
