/**
 * What can happen to a key: the events of notify-keyspace-events, which also tell who watches the key that it has changed.
 *
 * Every change of a key is said once, by Database.changed() at the place that makes it, with the event that Redis gives the change: there are
 * many ways to change a value in place, and only the command that does it knows whether anything has changed and what it is called. While
 * nobody wants to know, Keyspace.onChange is null and it costs one comparison. test/command/key-changes.test.ts holds every write command
 * against the real server: which events it fires, and whether it breaks a WATCH.
 */

/** Classes, as the letters of notify-keyspace-events name them. */
export const CLASS_GENERIC = 1 << 0;
export const CLASS_STRING = 1 << 1;
export const CLASS_LIST = 1 << 2;
export const CLASS_SET = 1 << 3;
export const CLASS_HASH = 1 << 4;
export const CLASS_ZSET = 1 << 5;
export const CLASS_EXPIRED = 1 << 6;
export const CLASS_EVICTED = 1 << 7;
export const CLASS_STREAM = 1 << 8;
export const CLASS_MODULE = 1 << 9;
export const CLASS_MISS = 1 << 10;
export const CLASS_NEW = 1 << 11;

/** The letters, 'K' and 'E' apart, in the order of the bits above. */
export const CLASS_LETTERS = 'g$lshzxetdmn';

/** What 'A' stands for: all but the last two. */
export const CLASSES_IN_A = CLASS_MISS - 1;

export interface KeyEvent {
  readonly name: string;
  readonly class: number;
  /**
   * False for what is worth telling but changes nothing: a key that was looked for in vain, a key that came to be (its command says what with).
   * Also for what happens to a stream's groups and ids, which Redis does not take for a change of the stream.
   */
  readonly isChange: boolean;
}

const event = (name: string, ofClass: number, isChange = true): KeyEvent => ({
  name,
  class: ofClass,
  isChange,
});

/** Changed, and nothing is told about it. */
export const SILENT = event('', 0);

export const DEL = event('del', CLASS_GENERIC);
export const RENAME_FROM = event('rename_from', CLASS_GENERIC);
export const RENAME_TO = event('rename_to', CLASS_GENERIC);
export const COPY_TO = event('copy_to', CLASS_GENERIC);
export const MOVE_FROM = event('move_from', CLASS_GENERIC);
export const MOVE_TO = event('move_to', CLASS_GENERIC);
export const RESTORE = event('restore', CLASS_GENERIC);
export const EXPIRE = event('expire', CLASS_GENERIC);
export const PERSIST = event('persist', CLASS_GENERIC);

export const SET = event('set', CLASS_STRING);
export const SETRANGE = event('setrange', CLASS_STRING);
export const APPEND = event('append', CLASS_STRING);
export const INCRBY = event('incrby', CLASS_STRING);
export const INCRBYFLOAT = event('incrbyfloat', CLASS_STRING);
export const SETBIT = event('setbit', CLASS_STRING);
export const PFADD = event('pfadd', CLASS_STRING);

export const LPUSH = event('lpush', CLASS_LIST);
export const RPUSH = event('rpush', CLASS_LIST);
export const LPOP = event('lpop', CLASS_LIST);
export const RPOP = event('rpop', CLASS_LIST);
export const LINSERT = event('linsert', CLASS_LIST);
export const LSET = event('lset', CLASS_LIST);
export const LREM = event('lrem', CLASS_LIST);
export const LTRIM = event('ltrim', CLASS_LIST);
export const SORTSTORE = event('sortstore', CLASS_LIST);

export const SADD = event('sadd', CLASS_SET);
export const SREM = event('srem', CLASS_SET);
export const SPOP = event('spop', CLASS_SET);
export const SINTERSTORE = event('sinterstore', CLASS_SET);
export const SUNIONSTORE = event('sunionstore', CLASS_SET);
export const SDIFFSTORE = event('sdiffstore', CLASS_SET);

export const HSET = event('hset', CLASS_HASH);
export const HDEL = event('hdel', CLASS_HASH);
export const HINCRBY = event('hincrby', CLASS_HASH);
export const HINCRBYFLOAT = event('hincrbyfloat', CLASS_HASH);
export const HEXPIRE = event('hexpire', CLASS_HASH);
export const HEXPIRED = event('hexpired', CLASS_HASH);
export const HPERSIST = event('hpersist', CLASS_HASH);

export const ZADD = event('zadd', CLASS_ZSET);
export const ZINCR = event('zincr', CLASS_ZSET);
export const ZREM = event('zrem', CLASS_ZSET);
export const ZPOPMIN = event('zpopmin', CLASS_ZSET);
export const ZPOPMAX = event('zpopmax', CLASS_ZSET);
export const ZREMRANGEBYSCORE = event('zremrangebyscore', CLASS_ZSET);
export const ZREMRANGEBYRANK = event('zremrangebyrank', CLASS_ZSET);
export const ZREMRANGEBYLEX = event('zremrangebylex', CLASS_ZSET);
export const ZUNIONSTORE = event('zunionstore', CLASS_ZSET);
export const ZINTERSTORE = event('zinterstore', CLASS_ZSET);
export const ZDIFFSTORE = event('zdiffstore', CLASS_ZSET);
export const GEOSEARCHSTORE = event('geosearchstore', CLASS_ZSET);
export const GEORADIUSSTORE = event('georadiusstore', CLASS_ZSET);
export const ZRANGESTORE = event('zrangestore', CLASS_ZSET);

export const XADD = event('xadd', CLASS_STREAM);
export const XTRIM = event('xtrim', CLASS_STREAM);
export const XDEL = event('xdel', CLASS_STREAM);
export const XSETID = event('xsetid', CLASS_STREAM, false);
export const XGROUP_CREATE = event('xgroup-create', CLASS_STREAM, false);
export const XGROUP_SETID = event('xgroup-setid', CLASS_STREAM, false);
export const XGROUP_DESTROY = event('xgroup-destroy', CLASS_STREAM, false);
export const XGROUP_CREATECONSUMER = event('xgroup-createconsumer', CLASS_STREAM, false);
export const XGROUP_DELCONSUMER = event('xgroup-delconsumer', CLASS_STREAM, false);

export const EXPIRED = event('expired', CLASS_EXPIRED);
export const EVICTED = event('evicted', CLASS_EVICTED);
export const KEY_MISS = event('keymiss', CLASS_MISS, false);
export const NEW = event('new', CLASS_NEW, false);
