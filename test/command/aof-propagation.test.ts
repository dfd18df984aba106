/**
 * What the append only file gets of each command: compared with what the real redis-server writes for the same command, up to upper and lower
 * case; for commands that it does not know, with what is written here. Every write command has a row.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/commands/all.ts';
import { WRITE } from '../../src/commands/define.ts';
import { CommandTable } from '../../src/commands/table.ts';
import { asLines, parseCommands, readIncrement } from './aof-file.ts';
import { RawClient } from './raw-client.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

/** Commands, each one text with its words separated by spaces. `<late>` is a time that is to come, `<past>` one that is not. */
interface Row {
  /** What is there before: not looked at. */
  given?: string[];
  /** Another client sends this, and waits, before `run`. */
  waits?: string;
  run: string[];
  /** What is written, where the real server does not know the command, or writes something else for a reason. */
  logs?: string[];
  why?: string;
}

const LATE = '66666666666';
const LATE_MS = '66666666666000';
const ZSET = 'ZADD z 1 a 2 b 3 c';
const LIST = 'RPUSH l a b c d';
const HASH = 'HSET h a 1 b 2 c 3';
const SET = 'SADD s one';
const STREAM = ['XADD x 1-1 a 1', 'XADD x 2-1 a 2', 'XADD x 3-1 a 3'];
const GROUP = [...STREAM, 'XGROUP CREATE x g 0'];
const GIVEN = [...GROUP, 'XREADGROUP GROUP g c COUNT 2 STREAMS x >'];
const READ_WHY = 'the real server forgets how many entries the group has read, and its lag with it';
const HISTORY_WHY =
  'the real server forgets deliveries of what is pending, consumers that get nothing, and what the group has read';
const NEWER = 'redis 7.0 does not know it';

const ROWS: Row[] = [
  // --- strings
  { run: ['SET k v', 'SET k v XX', 'SET k w GET', 'SET k v NX', 'SET none v XX'] },
  { run: ['SET k v EX 100', 'SET k v PX 100000', `SET k v EXAT ${LATE}`, `SET k v PXAT ${LATE_MS}`] },
  { run: ['SET k v EX 100', 'SET k w KEEPTTL', 'SET k w XX EX 100 GET'] },
  { given: ['SET k v'], run: ['SET k w EXAT 1', 'GET k'] },
  { run: ['SETEX k 100 v', 'PSETEX k 100000 v', 'SETNX k v', 'SETNX n v', 'GETSET k v'] },
  {
    run: [
      'MSET a 1 b 2',
      'MSETNX a 1 c 2',
      'MSETNX d 1 e 2',
      'APPEND a x',
      'SETRANGE a 3 y',
      'SETRANGE none 3 <empty>',
    ],
  },
  {
    run: [
      'INCR n',
      'DECR n',
      'INCRBY n 5',
      'DECRBY n 5',
      'INCRBY n 0',
      'INCRBYFLOAT n 1.5',
      'INCRBYFLOAT n 0',
    ],
  },
  { given: ['SET n 1 EX 100'], run: ['INCRBYFLOAT n 0.1', 'INCR n'] },
  { given: ['SET k v'], run: ['GETDEL k', 'GETDEL k'] },
  {
    given: ['SET k v'],
    run: [
      'GETEX k',
      'GETEX k EX 100',
      `GETEX k EXAT ${LATE}`,
      'GETEX k PX 100000',
      'GETEX k PERSIST',
      'GETEX k PERSIST',
      'GETEX none EX 3',
    ],
  },
  { given: ['SET k v'], run: ['GETEX k EXAT 1', 'GET k'] },
  {
    run: ['MSETEX 2 a 1 b 2 EX 100'],
    logs: ['multi', 'set a 1 pxat <now+100000>', 'set b 2 pxat <now+100000>', 'exec'],
    why: NEWER,
  },
  {
    given: ['SET a 0 PX 100000'],
    run: ['MSETEX 1 a 1', 'MSETEX 1 a 1 NX', 'MSETEX 2 a 2 b 2 XX'],
    logs: ['set a 1'],
    why: NEWER,
  },
  { given: ['SET k v'], run: ['DELEX k IFEQ w', 'DELEX k IFEQ v', 'DELEX k'], logs: ['del k'], why: NEWER },
  { given: ['SET k v'], run: ['DELIFEQ k w', 'DELIFEQ k v'], logs: ['del k'], why: NEWER },
  { given: ['SET k v'], run: ['SET k w IFEQ x', 'SET k w IFEQ v'], logs: ['set k w'], why: NEWER },
  { run: ['INCREX n'], logs: ['set n 1'], why: NEWER },
  // --- bitmaps and hyperloglogs
  {
    run: [
      'SETBIT b 3 1',
      'SETBIT b 3 1',
      'BITOP NOT c b',
      'BITOP AND c none none2',
      'BITOP AND c none none2',
    ],
  },
  {
    run: [
      'BITFIELD b SET u8 0 1',
      'BITFIELD b GET u8 0',
      'BITFIELD b SET u8 0 1',
      'BITFIELD b OVERFLOW FAIL INCRBY u2 0 5',
      'BITFIELD_RO b GET u8 0',
    ],
  },
  {
    run: [
      'PFADD p a',
      'PFADD p a',
      'PFADD p',
      'PFADD q',
      'PFADD q',
      'PFCOUNT p',
      'PFCOUNT p',
      'PFMERGE r p q',
      'PFMERGE r',
      'PFCOUNT p q',
      'PFCOUNT r',
      'PFCOUNT none',
    ],
  },
  { given: ['PFADD p a'], run: ['PFDEBUG TODENSE p', 'PFDEBUG ENCODING p', 'PFDEBUG GETREG p'] },
  // --- lists
  {
    run: [
      'RPUSH l a b',
      'LPUSH l c',
      'LPUSHX l d',
      'RPUSHX l e',
      'LPUSHX none d',
      'RPUSHX none e',
      'LSET l 0 x',
      'LINSERT l BEFORE x y',
      'LINSERT l BEFORE none y',
    ],
  },
  { given: [LIST], run: ['LPOP l', 'RPOP l', 'LPOP l 0', 'LPOP l 9', 'RPOP l', 'RPOP l 2'] },
  {
    given: [LIST],
    run: ['LREM l 0 a', 'LREM l 0 a', 'LTRIM l 0 1', 'LTRIM l 0 1', 'LTRIM none 0 1', 'LTRIM l 1 0'],
  },
  {
    given: [LIST],
    run: ['LMOVE l m LEFT RIGHT', 'RPOPLPUSH l m', 'RPOPLPUSH none m', 'LMOVE none m LEFT LEFT'],
  },
  { given: [LIST], run: ['BLMOVE l m LEFT RIGHT 0', 'BRPOPLPUSH l m 0', 'BLPOP none l 0', 'BRPOP l 0'] },
  {
    given: [LIST],
    run: ['LMPOP 2 none l LEFT', 'LMPOP 1 l RIGHT COUNT 2', 'BLMPOP 0 1 l LEFT COUNT 9', 'LMPOP 1 none LEFT'],
  },
  { waits: 'BLPOP q l 0', run: ['RPUSH l a b'] },
  { waits: 'BRPOP l 0', run: ['LPUSH l a b'] },
  { waits: 'BLMOVE l m LEFT RIGHT 0', run: ['RPUSH l a'] },
  { waits: 'BRPOPLPUSH l m 0', run: ['RPUSH l a'] },
  { waits: 'BLMPOP 0 2 k l RIGHT COUNT 2', run: ['RPUSH l a b c'] },
  { waits: 'BLPOP l 0', run: ['MULTI', 'RPUSH l a b', 'SET k v', 'EXEC'] },
  // --- sets
  {
    run: [
      'SADD s a b',
      'SADD s a',
      'SREM s a none',
      'SREM s none',
      'SMOVE s t b',
      'SMOVE s t b',
      'SMOVE t t b',
    ],
  },
  { given: [SET], run: ['SPOP s', 'SPOP s'] },
  { given: ['SADD s 1', 'SADD t a'], run: ['SPOP s 1', 'SPOP t 5', 'SPOP t 5'] },
  { given: ['SADD s a b c d', 'SADD i 1 2 3'], run: ['SPOP s 4', 'SPOP i 3', 'SPOP none 2', 'SPOP none'] },
  {
    given: ['SADD s a b', 'SADD t b c'],
    run: [
      'SINTERSTORE d s t',
      'SUNIONSTORE d s t',
      'SDIFFSTORE d s t',
      'SINTERSTORE d none s',
      'SINTERSTORE d none s',
      'SUNIONSTORE d none',
      'SDIFFSTORE d none',
    ],
  },
  // --- sorted sets
  {
    run: [
      ZSET,
      'ZADD z 1 a',
      'ZADD z CH 2 a',
      'ZADD z INCR 1 a',
      'ZADD z XX 1 none',
      'ZADD z NX 1 a',
      'ZADD z GT 1 a',
      'ZINCRBY z 1.1 a',
      'ZINCRBY z 0 a',
      'ZREM z a',
      'ZREM z a',
    ],
  },
  { given: [ZSET], run: ['ZPOPMIN z', 'ZPOPMAX z 1', 'ZPOPMIN z 0', 'ZPOPMIN z 9', 'ZPOPMAX z'] },
  { given: [ZSET], run: ['ZMPOP 2 none z MIN', 'ZMPOP 1 z MAX COUNT 5', 'ZMPOP 1 z MAX'] },
  { given: [ZSET], run: ['BZPOPMIN none z 0', 'BZPOPMAX z 0', 'BZMPOP 0 1 z MIN COUNT 3'] },
  { waits: 'BZPOPMIN q z 0', run: [ZSET] },
  { waits: 'BZPOPMAX z 0', run: [ZSET] },
  { waits: 'BZMPOP 0 2 q z MAX COUNT 2', run: [ZSET] },
  {
    given: [ZSET],
    run: [
      'ZREMRANGEBYRANK z 0 0',
      'ZREMRANGEBYRANK z 9 9',
      'ZREMRANGEBYSCORE z 9 9',
      'ZREMRANGEBYSCORE z 2 2',
      'ZREMRANGEBYLEX z - +',
      'ZREMRANGEBYLEX z - +',
    ],
  },
  {
    given: [ZSET, 'ZADD y 1 a'],
    run: [
      'ZUNIONSTORE d 2 z y',
      'ZINTERSTORE d 2 z y WEIGHTS 2 3',
      'ZDIFFSTORE d 2 z y',
      'ZRANGESTORE d z 0 1',
      'ZRANGESTORE d z 9 10',
      'ZRANGESTORE d z 9 10',
      'ZDIFFSTORE d 1 none',
      'ZINTERSTORE d 1 none',
      'ZUNIONSTORE d 1 none',
    ],
  },
  {
    run: [
      'GEOADD g 13.361389 38.115556 P 15.087269 37.502669 C',
      'GEOADD g 13.361389 38.115556 P',
      'GEORADIUS g 15 37 200 km STORE d',
      'GEORADIUS g 15 37 200 km',
      'GEORADIUSBYMEMBER g P 200 km STOREDIST d',
      'GEORADIUSBYMEMBER g P 200 km',
      'GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km',
      'GEOSEARCHSTORE d g FROMLONLAT 1 3 BYRADIUS 2 km',
      'GEOSEARCHSTORE d g FROMLONLAT 1 3 BYRADIUS 2 km',
    ],
    logs: [
      'geoadd g 13.361389 38.115556 p 15.087269 37.502669 c',
      'georadius g 15 37 200 km store d',
      'georadiusbymember g p 200 km storedist d',
      'geosearchstore d g fromlonlat 15 37 byradius 200 km',
      'geosearchstore d g fromlonlat 1 3 byradius 2 km',
    ],
    why: 'the real server writes GEOADD as the ZADD that it is: the same scores come of it',
  },
  {
    given: ['RPUSH l 3 1 2'],
    run: ['SORT l STORE d', 'SORT none STORE d', 'SORT none STORE d', 'SORT l', 'SORT_RO l'],
  },
  // --- hashes
  {
    run: [
      HASH,
      'HSET h a 1',
      'HMSET h a 1',
      'HSETNX h a 1',
      'HSETNX h z 1',
      'HINCRBY h a 1',
      'HINCRBYFLOAT h a 0.1',
      'HDEL h a none',
      'HDEL h none',
    ],
  },
  {
    given: [HASH],
    run: [
      'HEXPIRE h 100 FIELDS 1 a',
      'HPEXPIRE h 100000 FIELDS 2 a b',
      `HEXPIREAT h ${LATE} FIELDS 1 a`,
      `HPEXPIREAT h ${LATE_MS} FIELDS 1 none`,
      'HPERSIST h FIELDS 1 a',
      'HPERSIST h FIELDS 1 a',
      'HEXPIREAT h 1 FIELDS 1 a',
      'HPEXPIREAT h 1 FIELDS 1 b',
    ],
    logs: [
      'hpexpireat h <now+100000> fields 1 a',
      'multi',
      'hpexpireat h <now+100000> fields 1 a',
      'hpexpireat h <now+100000> fields 1 b',
      'exec',
      `hpexpireat h ${LATE_MS} fields 1 a`,
      'hpersist h fields 1 a',
      'hdel h a',
      'hdel h b',
    ],
    why: NEWER,
  },
  { given: [HASH], run: ['HGETDEL h FIELDS 1 a', 'HGETDEL h FIELDS 1 a'], logs: ['hdel h a'], why: NEWER },
  {
    given: [HASH],
    run: ['HGETEX h FIELDS 1 a', 'HGETEX h EX 100 FIELDS 1 a', 'HGETEX h PERSIST FIELDS 1 a'],
    logs: ['hpexpireat h <now+100000> fields 1 a', 'hpersist h fields 1 a'],
    why: NEWER,
  },
  {
    run: ['HSETEX h FIELDS 1 a 1', 'HSETEX h EX 100 FIELDS 1 a 1', 'HSETEX h FNX FIELDS 1 a 1'],
    logs: ['hset h a 1', 'multi', 'hset h a 1', 'hpexpireat h <now+100000> fields 1 a', 'exec'],
    why: NEWER,
  },
  // Fields whose time has come while nobody looked: what is done to them must come out the same when they are still there.
  {
    given: ['HSET h a 5 b 6'],
    run: ['HPEXPIRE h 1 FIELDS 1 a', '<wait>', 'HINCRBY h a 1'],
    logs: ['hpexpireat h <now> fields 1 a', 'multi', 'hdel h a', 'hincrby h a 1', 'exec'],
    why: NEWER,
  },
  {
    given: ['HSET h a 5 b 6'],
    run: ['HPEXPIRE h 1 FIELDS 1 a', '<wait>', 'HINCRBYFLOAT h a 1'],
    logs: ['hpexpireat h <now> fields 1 a', 'multi', 'hdel h a', 'hset h a 1', 'exec'],
    why: NEWER,
  },
  {
    given: ['HSET h a 5 b 6'],
    run: ['HPEXPIRE h 1 FIELDS 1 a', '<wait>', 'HSETNX h a 1'],
    logs: ['hpexpireat h <now> fields 1 a', 'multi', 'hdel h a', 'hsetnx h a 1', 'exec'],
    why: NEWER,
  },
  {
    given: ['HSET h a 5 b 6'],
    run: ['HPEXPIRE h 1 FIELDS 1 a', '<wait>', 'HSETEX h KEEPTTL FIELDS 1 a 1'],
    logs: ['hpexpireat h <now> fields 1 a', 'multi', 'hdel h a', 'hset h a 1', 'exec'],
    why: NEWER,
  },
  {
    given: ['HSET h a 5 b 6'],
    run: ['HPEXPIRE h 1 FIELDS 1 a', '<wait>', 'HEXPIRE h 100 FIELDS 1 a'],
    logs: ['hpexpireat h <now> fields 1 a', 'hdel h a'],
    why: NEWER,
  },
  {
    given: ['HSET h a 5 b 6'],
    run: ['HPEXPIRE h 1 FIELDS 1 a', '<wait>', 'HGETALL h'],
    logs: ['hpexpireat h <now> fields 1 a', 'hdel h a'],
    why: NEWER,
  },
  {
    given: ['HSET h a 5 b 6'],
    run: ['HPEXPIRE h 1 FIELDS 1 a', '<wait>', 'COPY h g'],
    logs: ['hpexpireat h <now> fields 1 a', 'copy h g'],
    why: NEWER,
  },
  // --- streams
  {
    run: [
      'XADD x * a 1',
      'XADD x 99999999999999-* a 1',
      'XADD x 99999999999999-9 a 1',
      'XADD none NOMKSTREAM * a 1',
      'XADD x 1-1 a 1',
    ],
  },
  {
    given: STREAM,
    run: [
      'XADD x MAXLEN 2 4-1 a 1',
      'XADD x MAXLEN = 2 5-1 a 1',
      'XADD x MINID = 5 6-1 a 1',
      'XADD x MAXLEN ~ 1 7-1 a 1',
      'XADD x MAXLEN ~ 1 LIMIT 10 8-* a 1',
      'XADD x NOMKSTREAM MINID ~ 3 9-1 a 1',
    ],
    logs: [
      'xadd x maxlen 2 4-1 a 1',
      'xadd x maxlen = 2 5-1 a 1',
      'xadd x minid = 5 6-1 a 1',
      'xadd x maxlen = 3 7-1 a 1',
      'xadd x maxlen = 4 limit 10 8-0 a 1',
      'xadd x nomkstream minid = 5-1 9-1 a 1',
    ],
    why: 'the real server names an entry that is deleted as the first one: 1-1',
  },
  {
    given: ['CONFIG SET stream-node-max-entries 1', ...STREAM, 'CONFIG SET stream-node-max-entries 100'],
    run: ['XADD x MAXLEN ~ 1 4-1 a 1'],
  },
  {
    given: ['CONFIG SET stream-node-max-entries 1', ...STREAM, 'CONFIG SET stream-node-max-entries 100'],
    run: ['XADD x MINID ~ 3 4-* a 1'],
  },
  {
    given: ['CONFIG SET stream-node-max-entries 1', ...STREAM, 'CONFIG SET stream-node-max-entries 100'],
    run: ['XTRIM x MAXLEN ~ 2', 'XTRIM x MAXLEN ~ 2', 'XTRIM x MINID ~ 3-1 LIMIT 2'],
  },
  { given: STREAM, run: ['XTRIM x MAXLEN 2', 'XTRIM x MAXLEN 2', 'XTRIM x MINID 3', 'XTRIM none MAXLEN 3'] },
  {
    given: STREAM,
    run: ['XDEL x 1-1 9-9', 'XDEL x 9-9', 'XSETID x 9-9', 'XSETID x 10-0 ENTRIESADDED 100 MAXDELETEDID 9-9'],
  },
  {
    given: STREAM,
    run: [
      'XGROUP CREATE x g $',
      'XGROUP CREATE x f 0 ENTRIESREAD 2',
      'XGROUP CREATE y g $ MKSTREAM',
      'XGROUP SETID x g 1-1',
      'XGROUP SETID x g $ ENTRIESREAD 3',
      'XGROUP CREATECONSUMER x g c',
      'XGROUP CREATECONSUMER x g c',
      'XGROUP DELCONSUMER x g c',
      'XGROUP DELCONSUMER x g c',
      'XGROUP DESTROY x g',
      'XGROUP DESTROY x g',
    ],
  },
  {
    given: GROUP,
    run: ['XREADGROUP GROUP g c COUNT 2 STREAMS x >'],
    logs: [
      'multi',
      'xclaim x g c 0 1-1 time <now> retrycount 1 force justid lastid 1-1',
      'xclaim x g c 0 2-1 time <now> retrycount 1 force justid lastid 2-1',
      'xgroup setid x g 2-1 entriesread 2',
      'exec',
    ],
    why: READ_WHY,
  },
  {
    given: GROUP,
    run: [
      'XREADGROUP GROUP g c NOACK COUNT 2 STREAMS x >',
      'XREADGROUP GROUP g c NOACK STREAMS x >',
      'XREADGROUP GROUP g c NOACK STREAMS x >',
    ],
  },
  {
    given: GIVEN,
    run: [
      'XREADGROUP GROUP g c STREAMS x 0',
      'XREADGROUP GROUP g d STREAMS x 0',
      'XREADGROUP GROUP g d STREAMS x 0',
      'XREADGROUP GROUP g c STREAMS x >',
      'XREADGROUP GROUP g e STREAMS x >',
      'XREADGROUP GROUP g e STREAMS x >',
    ],
    logs: [
      'multi',
      'xclaim x g c 0 1-1 time <now> retrycount 2 force justid lastid 2-1',
      'xclaim x g c 0 2-1 time <now> retrycount 2 force justid lastid 2-1',
      'exec',
      'xgroup createconsumer x g d',
      'multi',
      'xclaim x g c 0 3-1 time <now> retrycount 1 force justid lastid 3-1',
      'xgroup setid x g 3-1 entriesread 3',
      'exec',
    ],
    why: HISTORY_WHY,
  },
  {
    given: [...GIVEN, 'XGROUP SETID x g 0'],
    run: ['XREADGROUP GROUP g d STREAMS x >'],
    logs: [
      'multi',
      'xclaim x g d 0 1-1 time <now> retrycount 1 force justid lastid 1-1',
      'xclaim x g d 0 2-1 time <now> retrycount 1 force justid lastid 2-1',
      'xclaim x g d 0 3-1 time <now> retrycount 1 force justid lastid 3-1',
      'xgroup setid x g 3-1 entriesread 3',
      'exec',
    ],
    why: READ_WHY,
  },
  {
    given: [...GROUP, 'XADD y 1-1 a 1', 'XGROUP CREATE y g 0'],
    run: ['XREADGROUP GROUP g c COUNT 1 STREAMS x y > >'],
    logs: [
      'multi',
      'xclaim x g c 0 1-1 time <now> retrycount 1 force justid lastid 1-1',
      'xgroup setid x g 1-1 entriesread 1',
      'xclaim y g c 0 1-1 time <now> retrycount 1 force justid lastid 1-1',
      'xgroup setid y g 1-1 entriesread 1',
      'exec',
    ],
    why: READ_WHY,
  },
  {
    given: [...GROUP, 'XREADGROUP GROUP g c NOACK STREAMS x >'],
    waits: 'XREADGROUP GROUP g c BLOCK 0 STREAMS x >',
    run: ['XADD x 7-7 a 1'],
    logs: [
      'xadd x 7-7 a 1',
      'multi',
      'xclaim x g c 0 7-7 time <now> retrycount 1 force justid lastid 7-7',
      'xgroup setid x g 7-7 entriesread 4',
      'exec',
    ],
    why: READ_WHY,
  },
  {
    given: [...GROUP, 'XREADGROUP GROUP g c NOACK STREAMS x >'],
    waits: 'XREADGROUP GROUP g c BLOCK 0 NOACK STREAMS x >',
    run: ['XADD x 7-7 a 1'],
  },
  { given: GIVEN, run: ['XACK x g 1-1', 'XACK x g 1-1'] },
  {
    given: GIVEN,
    run: [
      'XCLAIM x g d 0 1-1',
      'XCLAIM x g d 0 1-1 JUSTID',
      'XCLAIM x g d 0 1-1 2-1 TIME 1000 RETRYCOUNT 7 FORCE LASTID 3-1',
      'XCLAIM x g d 9999999 1-1',
      'XCLAIM x g e 9999999 1-1',
      'XCLAIM x g d 0 3-1',
      'XCLAIM x g d 0 3-1 FORCE',
      'XCLAIM x g d 0 3-1 LASTID 9-9',
      'XCLAIM x g d 0 9-9 LASTID 99-9',
    ],
  },
  { given: [...GIVEN, 'XDEL x 1-1'], run: ['XCLAIM x g d 0 1-1', 'XCLAIM x g d 0 1-1'] },
  {
    given: GIVEN,
    run: [
      'XAUTOCLAIM x g d 0 0 COUNT 1',
      'XAUTOCLAIM x g d 0 0 JUSTID',
      'XAUTOCLAIM x g d 99999999 0',
      'XAUTOCLAIM x g e 99999999 0',
    ],
  },
  { given: [...GIVEN, 'XDEL x 1-1'], run: ['XAUTOCLAIM x g d 0 0', 'XAUTOCLAIM x g d 0 0'] },
  {
    given: GIVEN,
    run: [
      'XDELEX x IDS 1 1-1',
      'XDELEX x DELREF IDS 2 2-1 9-9',
      'XDELEX x ACKED IDS 1 3-1',
      'XDELEX x IDS 1 3-1',
    ],
    logs: ['xdel x 1-1', 'multi', 'xack x g 2-1', 'xdel x 2-1', 'exec', 'xdel x 3-1'],
    why: NEWER,
  },
  {
    given: GIVEN,
    run: ['XACKDEL x g IDS 2 1-1 3-1', 'XACKDEL x g ACKED IDS 1 2-1'],
    logs: ['multi', 'xack x g 1-1', 'xdel x 1-1', 'exec', 'multi', 'xack x g 2-1', 'xdel x 2-1', 'exec'],
    why: NEWER,
  },
  // --- keys
  {
    given: ['SET k v'],
    run: [
      'EXPIRE k 100',
      'PEXPIRE k 100000',
      `EXPIREAT k ${LATE}`,
      `PEXPIREAT k ${LATE_MS}`,
      'PERSIST k',
      'PERSIST k',
      'EXPIRE none 100',
      'EXPIRE k 100 XX',
      'EXPIRE k -1',
      'EXPIRE k -1',
    ],
  },
  { given: ['SET k v'], run: ['PEXPIREAT k 1'] },
  {
    given: ['SET a 1', 'SET b 2', 'SET c 3'],
    run: [
      'DEL a none',
      'DEL none',
      'UNLINK b',
      'UNLINK b',
      'COPY c d',
      'COPY c d',
      'COPY c d REPLACE',
      'COPY c c2 DB 2',
      'RENAME c e',
      'RENAME e e',
      'RENAMENX e d',
      'RENAMENX e f',
      'RENAMENX f f',
      'MOVE f 3',
      'MOVE f 3',
      'SWAPDB 0 1',
      'SWAPDB 0 0',
      'TOUCH a',
    ],
  },
  {
    run: [
      'FLUSHALL',
      'SET k v',
      'FLUSHDB',
      'FLUSHDB',
      'FLUSHALL ASYNC',
      'FLUSHDB SYNC',
      'SET k v',
      'FLUSHALL',
    ],
  },
  {
    run: [
      'RESTORE k 0 <dump>',
      'RESTORE k 100000 <dump> REPLACE',
      `RESTORE k ${LATE_MS} <dump> ABSTTL REPLACE`,
      'RESTORE k 0 <dump> REPLACE IDLETIME 5',
      'RESTORE k 1 <dump> ABSTTL REPLACE',
      'RESTORE k 1 <dump> ABSTTL REPLACE',
      'RESTORE-ASKING k 0 <dump>',
    ],
  },
  {
    given: ['SADD s a b c d e f g h i j k l m n o p', 'CONFIG SET set-max-intset-entries 0'],
    run: ['SUNIONSTORE t s', 'SPOP s 16', 'CONFIG SET set-max-intset-entries 512'],
  },
  {
    given: ['CONFIG SET lazyfree-lazy-server-del yes', 'SADD s a b'],
    run: ['SPOP s 2', 'CONFIG SET lazyfree-lazy-server-del no'],
  },
  {
    run: [
      'SET k v',
      'RESTORE r 66666666666000 <dump> ABSTTL',
      'OBJECT FREQ k',
      'LPUSH k a',
      'SET k',
      'NOSUCH k',
      'CONFIG SET maxmemory-samples 5',
    ],
  },
  {
    given: ['SET k v'],
    run: [
      'MULTI',
      'DEL k',
      'FLUSHALL',
      'XADD x 5-5 a 1',
      'LPUSH l a',
      'BLPOP l 0',
      'BLPOP l 0',
      'EXPIRE x 100',
      'PFADD p a',
      'EXEC',
    ],
  },
  { given: GROUP, run: ['MULTI', 'XREADGROUP GROUP g c NOACK STREAMS x >', 'XACK x g 1-1', 'EXEC'] },
  // --- what is not a write of its own
  { run: ['SET k v PX 1', '<wait>', 'GET k', 'GET k'] },
  { run: ['SET k v PX 1', '<wait>', 'SET k w', 'RPUSH l a'] },
  { run: ['SET k v PX 1', 'SET j v PX 1', '<wait>', 'MGET k j'] },
  { run: ['SET k v PX 1', '<wait>', 'DEL k', 'INCR k'] },
  { run: ['SET k v PX 1', '<wait>', 'MULTI', 'GET k', 'EXEC'] },
  { run: ['SET k v PX 1', '<wait>', 'MULTI', 'SET j 1', 'GET k', 'SET k 1', 'EXEC'] },
  {
    given: ['CONFIG SET lazyfree-lazy-expire yes'],
    run: ['SET k v PX 1', '<wait>', 'GET k', 'CONFIG SET lazyfree-lazy-expire no'],
  },
  {
    run: [
      'MULTI',
      'GET k',
      'EXEC',
      'MULTI',
      'SET k v',
      'EXEC',
      'MULTI',
      'SET a 1',
      'GET a',
      'SELECT 1',
      'SET b 2',
      'SELECT 0',
      'EXEC',
      'MULTI',
      'SET k v',
      'DISCARD',
    ],
  },
  {
    given: ['SADD s a b', 'SADD t a'],
    run: ['MULTI', 'SPOP t', 'SPOP s 2', 'EXEC', 'MULTI', 'SPOP t', 'EXEC'],
  },
  { run: ['DEBUG SET-ACTIVE-EXPIRE 0', 'DEBUG POPULATE 3', 'PUBLISH c m', 'SELECT 0', 'PING'] },
  { run: ['SELECT 5', 'SET k v', 'SELECT 0', 'SET k v'] },
];

/** Commands that are written as they come and that no other server here knows. */
const VERBATIM: Row[] = [
  {
    run: ['BF.RESERVE bf 0.01 100', 'BF.ADD bf a', 'BF.ADD bf a', 'BF.MADD bf a b', 'BF.INSERT bf ITEMS c'],
    logs: ['bf.reserve bf 0.01 100', 'bf.add bf a', 'bf.madd bf a b', 'bf.insert bf items c'],
    why: NEWER,
  },
];

const table = new CommandTable(COMMANDS);
const DUMP = Buffer.from('000576616c75650a00', 'hex');

class Subject {
  readonly server: RunningServer;
  readonly client: RawClient;
  dump: Buffer = DUMP;

  constructor(server: RunningServer, client: RawClient) {
    this.server = server;
    this.client = client;
  }

  static async of(server: RunningServer): Promise<Subject> {
    const subject = new Subject(server, await RawClient.connect(server.port));
    await subject.send('SET dumped value');
    subject.dump = (await subject.client.call('DUMP', 'dumped')) as Buffer;
    await subject.send('DEBUG SET-ACTIVE-EXPIRE 0');
    return subject;
  }

  async send(text: string): Promise<unknown> {
    if (text === '<wait>') return new Promise((resolve) => setTimeout(resolve, 5));
    const words = text.split(' ').map((word) => {
      if (word === '<dump>') return this.dump;
      return word === '<empty>' ? '' : word;
    });
    return this.client.call(...words);
  }

  /** Plays the row; the lines that it adds to the file. */
  async play(row: Row): Promise<string[]> {
    await this.send('FLUSHALL');
    for (const command of row.given ?? []) await this.send(command);
    const before = readIncrement(this.server.dir).length;
    const other = row.waits === undefined ? null : await this.startWaiting(row.waits.trim());
    for (const command of row.run) await this.send(command);
    if (other !== null) await this.stopWaiting(other);
    const dump = this.dump.toString('latin1').toLowerCase();
    const lines = asLines(parseCommands(readIncrement(this.server.dir).subarray(before)));
    return lines.map((line) => line.replaceAll(dump, '<dump>'));
  }

  private async startWaiting(command: string): Promise<{ client: RawClient; reply: Promise<unknown> }> {
    const client = await RawClient.connect(this.server.port);
    const reply = client.call(...command.split(' '));
    let blocked = false;
    const answered = reply.then(() => true);
    while (!blocked) {
      blocked = String(await this.client.call('INFO', 'clients')).includes('blocked_clients:1');
      if (await Promise.race([answered, new Promise((go) => setTimeout(go, 2, false))])) break;
    }
    return { client, reply };
  }

  private async stopWaiting({
    client,
    reply,
  }: {
    client: RawClient;
    reply: Promise<unknown>;
  }): Promise<void> {
    await reply;
    client.close();
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.server.stop();
  }
}

const TIME = /\b1[78]\d{11}\b/g;

/** The lines with times as their distance from now, so that two servers can be compared. */
function relative(lines: string[], nowMs: number): string[] {
  return lines.map((line) =>
    line.replace(TIME, (time) =>
      `<now+${Math.round((Number(time) - nowMs) / 10_000) * 10_000}>`
        .replace('+0>', '>')
        .replace('+-0>', '>'),
    ),
  );
}

function named(row: Row): string[] {
  return [...row.run, ...(row.waits === undefined ? [] : [row.waits])].map((command) => {
    const words = command.toLowerCase().split(' ');
    return table.find(words[0])?.children ? `${words[0]}|${words[1]}` : words[0];
  });
}

describe('the append only file', () => {
  let ours: Subject;
  let real: Subject | null = null;

  beforeAll(async () => {
    const args = ['--appendonly', 'yes', '--appendfsync', 'always', '--enable-debug-command', 'yes'];
    ours = await Subject.of(await startThreadis(['--compat-version', '7.0', ...args]));
    if (oracleAvailable()) real = await Subject.of(await startRedis(args));
  }, 60_000);

  afterAll(async () => {
    await ours?.stop();
    await real?.stop();
  });

  for (const row of [...ROWS, ...VERBATIM]) {
    const title = [...(row.waits === undefined ? [] : [row.waits]), ...row.run].join('; ');
    it(title.slice(0, 200), async () => {
      const nowMs = Date.now();
      const expected = row.logs ?? (real === null ? null : relative(await real.play(row), nowMs));
      const lines = relative(await ours.play(row), nowMs);
      if (expected !== null) expect(lines).toEqual(expected);
    });
  }

  it('a transaction after another database: SELECT stands before MULTI, and inside where it changes', async () => {
    const logged = async ({ client, server: { dir } }: Subject) => {
      await client.call('SELECT', '0');
      await client.call('SET', 'k', 'v');
      const before = readIncrement(dir).length;
      for (const text of [
        'SELECT 3',
        'MULTI',
        'SET a 1',
        'SET b 2',
        'SELECT 4',
        'SET c 3',
        'EXEC',
        'SADD s a b',
      ]) {
        await client.call(...text.split(' '));
      }
      await client.call('SELECT', '0');
      return parseCommands(readIncrement(dir).subarray(before)).map((words) => words.join(' ').toLowerCase());
    };
    const lines = await logged(ours);
    expect(lines.slice(0, 3)).toEqual(['select 3', 'multi', 'set a 1']);
    if (real !== null) expect(lines).toEqual(await logged(real));
  });

  it('SPOP with a count: each member goes by a command of its own', async () => {
    const logged = async (subject: Subject, count: number) => {
      const members = Array.from({ length: 20 }, (_, i) => `m${i}`).join(' ');
      const lines = await subject.play({ given: [`SADD s ${members}`], run: [`SPOP s ${count}`] });
      return lines.map((line) => line.replace(/ m\d+/g, ' <member>'));
    };
    for (const count of [1, 2, 3, 18]) {
      const expected = Array.from({ length: count }, () => 'srem s <member>');
      if (count > 1) expected.splice(0, count, 'multi', ...expected, 'exec');
      expect(await logged(ours, count)).toEqual(expected);
      if (real !== null) expect(await logged(real, count)).toEqual(expected);
    }
  });

  it('BF.LOADCHUNK', async () => {
    await ours.send('FLUSHALL');
    await ours.send('BF.RESERVE bf 0.01 100');
    const [at, chunk] = (await ours.client.call('BF.SCANDUMP', 'bf', 0)) as [number, Buffer];
    const before = readIncrement(ours.server.dir).length;
    await ours.client.call('BF.LOADCHUNK', 'copy', at, chunk);
    const commands = parseCommands(readIncrement(ours.server.dir).subarray(before));
    expect(commands).toEqual([['BF.LOADCHUNK', 'copy', String(at), chunk.toString('latin1')]]);
  });

  it('every write command has a row', () => {
    const have = new Set(['bf.loadchunk', ...[...ROWS, ...VERBATIM].flatMap(named)]);
    const missing = table.byId
      .filter(({ flags, handler, fullName }) => handler && (flags & WRITE) !== 0 && !have.has(fullName))
      .map(({ fullName }) => fullName);
    expect(missing).toEqual([]);
  });
});
