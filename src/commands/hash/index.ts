/** The hash commands. */
import type { CommandDeclaration } from '../define.ts';
import { HGETALL, HKEYS, HVALS } from './all.ts';
import { HEXPIRE, HEXPIREAT, HPERSIST, HPEXPIRE, HPEXPIREAT } from './expire.ts';
import { HDEL, HEXISTS, HGET, HLEN, HMGET, HSTRLEN } from './get.ts';
import { HGETDEL, HGETEX, HSETEX } from './get-and-change.ts';
import { HINCRBY, HINCRBYFLOAT } from './incr.ts';
import { HRANDFIELD } from './random.ts';
import { HSCAN } from './scan.ts';
import { HMSET, HSET, HSETNX } from './set.ts';
import { HEXPIRETIME, HPEXPIRETIME, HPTTL, HTTL } from './ttl.ts';

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
  HEXPIRE,
  HPEXPIRE,
  HEXPIREAT,
  HPEXPIREAT,
  HPERSIST,
  HTTL,
  HPTTL,
  HEXPIRETIME,
  HPEXPIRETIME,
  HGETDEL,
  HGETEX,
  HSETEX,
];
