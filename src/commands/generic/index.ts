/** The commands that work on keys of any type, and on whole databases. */
import type { CommandDeclaration } from '../define.ts';
import { SORT, SORT_RO } from '../sort/sort.ts';
import { COPY, MOVE } from './copy.ts';
import { DBSIZE, FLUSHALL, FLUSHDB, SELECT, SWAPDB } from './databases.ts';
import { DEL, UNLINK } from './del.ts';
import { DUMP, RESTORE, RESTORE_ASKING } from './dump.ts';
import { EXISTS, TOUCH, TYPE } from './exists.ts';
import { EXPIRE, EXPIREAT, PERSIST, PEXPIRE, PEXPIREAT } from './expire.ts';
import { OBJECT } from './object.ts';
import { RENAME, RENAMENX } from './rename.ts';
import { KEYS, RANDOMKEY, SCAN } from './scan.ts';
import { EXPIRETIME, PEXPIRETIME, PTTL, TTL } from './ttl.ts';
import { WAIT, WAITAOF } from './wait.ts';

export const GENERIC_COMMANDS: readonly CommandDeclaration[] = [
  DEL,
  UNLINK,
  EXISTS,
  TYPE,
  TOUCH,
  TTL,
  PTTL,
  EXPIRE,
  PEXPIRE,
  EXPIREAT,
  PEXPIREAT,
  EXPIRETIME,
  PEXPIRETIME,
  PERSIST,
  RENAME,
  RENAMENX,
  COPY,
  MOVE,
  DUMP,
  RESTORE,
  RESTORE_ASKING,
  RANDOMKEY,
  KEYS,
  SCAN,
  WAIT,
  WAITAOF,
  SORT,
  SORT_RO,
  OBJECT,
  SELECT,
  DBSIZE,
  FLUSHDB,
  FLUSHALL,
  SWAPDB,
];
