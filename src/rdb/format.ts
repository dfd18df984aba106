/**
 * The numbers of Redis's RDB format, which DUMP payloads, snapshots and AOF bases share. They are on disks: they never change.
 * Source: https://rdb.fnordig.de/file_format.html, and files and payloads of redis-server 7.0.15 that the tests read and compare.
 */

export const RDB_STRING = 0;
export const RDB_LIST = 1;
export const RDB_SET = 2;
export const RDB_ZSET = 3;
export const RDB_HASH = 4;
export const RDB_ZSET_2 = 5;
/** A module's value: the module's id, then items that each begin with a MODULE_ number, then MODULE_END. */
export const RDB_MODULE_2 = 7;
export const RDB_HASH_ZIPMAP = 9;
export const RDB_LIST_ZIPLIST = 10;
export const RDB_SET_INTSET = 11;
export const RDB_ZSET_ZIPLIST = 12;
export const RDB_HASH_ZIPLIST = 13;
export const RDB_LIST_QUICKLIST = 14;
export const RDB_STREAM_LISTPACKS = 15;
export const RDB_HASH_LISTPACK = 16;
export const RDB_ZSET_LISTPACK = 17;
export const RDB_LIST_QUICKLIST_2 = 18;
export const RDB_STREAM_LISTPACKS_2 = 19;
export const RDB_SET_LISTPACK = 20;
export const RDB_STREAM_LISTPACKS_3 = 21;
export const RDB_HASH_METADATA_PRE_GA = 22;
export const RDB_HASH_LISTPACK_EX_PRE_GA = 23;
export const RDB_HASH_METADATA = 24;
export const RDB_HASH_LISTPACK_EX = 25;

/** What an item of a file begins with that is no value: its operands follow. */
export const OPCODE_SLOT_INFO = 0xf4;
export const OPCODE_FUNCTION = 0xf5;
export const OPCODE_MODULE_AUX = 0xf7;
export const OPCODE_IDLE = 0xf8;
export const OPCODE_FREQ = 0xf9;
export const OPCODE_AUX = 0xfa;
export const OPCODE_RESIZEDB = 0xfb;
export const OPCODE_EXPIRE_MS = 0xfc;
export const OPCODE_EXPIRE_SECONDS = 0xfd;
export const OPCODE_SELECTDB = 0xfe;
export const OPCODE_EOF = 0xff;

/** The first bytes of a file: REDIS and four digits. */
export const MAGIC = 'REDIS';
export const MAGIC_SIZE = 9;
export const CHECKSUM_SIZE = 8;

/** Containers of a node of RDB_LIST_QUICKLIST_2. */
export const QUICKLIST_PLAIN = 1;
export const QUICKLIST_PACKED = 2;

/** What comes next in a value of RDB_MODULE_2. */
export const MODULE_END = 0;
export const MODULE_SIGNED = 1;
export const MODULE_UNSIGNED = 2;
export const MODULE_FLOAT = 3;
export const MODULE_DOUBLE = 4;
export const MODULE_STRING = 5;

/** First byte of a string that is not a length and bytes. */
export const STRING_INT8 = 0xc0;
export const STRING_INT16 = 0xc1;
export const STRING_INT32 = 0xc2;
export const STRING_LZF = 0xc3;

export const LENGTH_14_BITS = 0x40;
export const LENGTH_32_BITS = 0x80;
export const LENGTH_64_BITS = 0x81;

/** Version of what we write: 10 as Redis 7.0 does, 11 as 7.2, 12 where fields have times. Higher ones than RDB_VERSION_MAX are not read. */
export const RDB_VERSION_70 = 10;
export const RDB_VERSION_72 = 11;
export const RDB_VERSION_FIELD_TIMES = 12;
export const RDB_VERSION_MAX = 12;

/** Version and checksum at the end of a DUMP payload. */
export const FOOTER_SIZE = 10;
