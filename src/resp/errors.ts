/** Every error text of the server, in one place. Byte for byte what redis-server sends, without '-' and CRLF. */

export const SYNTAX = 'ERR syntax error';
export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';
export const NOT_INTEGER = 'ERR value is not an integer or out of range';
export const NOT_FLOAT = 'ERR value is not a valid float';
export const NO_SUCH_KEY = 'ERR no such key';
export const SAME_OBJECT = 'ERR source and destination objects are the same';
export const INDEX_RANGE = 'ERR index out of range';
export const BOUNDS = 'ERR LBOUND must not be greater than UBOUND';
export const BUSY_KEY = 'BUSYKEY Target key name already exists.';
export const BAD_PAYLOAD = 'ERR DUMP payload version or checksum are wrong';
export const BAD_DATA = 'ERR Bad data format';
export const INVALID_TTL = 'ERR Invalid TTL value, must be >= 0';
export const INVALID_IDLE_TIME = 'ERR Invalid IDLETIME value, must be >= 0';
export const INVALID_FREQUENCY = 'ERR Invalid FREQ value, must be >= 0 and <= 255';
export const OUT_OF_RANGE = 'ERR value is out of range';
export const OUT_OF_RANGE_POSITIVE = 'ERR value is out of range, must be positive';
export const LONG_RANGE =
  'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807';
export const INVALID_CURSOR = 'ERR invalid cursor';
export const DB_INDEX_RANGE = 'ERR DB index is out of range';
export const OVERFLOW = 'ERR increment or decrement would overflow';
export const DECREMENT_OVERFLOW = 'ERR decrement would overflow';
export const NAN_OR_INFINITY = 'ERR increment would produce NaN or Infinity';
export const STRING_TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)';
export const OFFSET_RANGE = 'ERR offset is out of range';
export const NOAUTH = 'NOAUTH Authentication required.';
export const NOAUTH_HELLO =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time';
export const WRONGPASS = 'WRONGPASS invalid username-password pair or user is disabled.';
export const NO_PASSWORD_SET =
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?';
export const NOPROTO = 'NOPROTO unsupported protocol version';
export const OOM = "OOM command not allowed when used memory > 'maxmemory'.";
export const SAVE_IN_PROGRESS = 'ERR Background save already in progress';
export const REWRITE_IN_PROGRESS = 'ERR Background append only file rewriting already in progress';
export const REWRITE_FAILED =
  "ERR Can't execute an AOF background rewriting. Please check the server logs for more information.";
export const REWRITE_BLOCKS_SAVE =
  "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.";
export const aofMisconf = (why: string) => `MISCONF Errors writing to the AOF file: ${why}`;
export const LOADAOF_FAILED = 'ERR Error trying to load the AOF files, check server logs.';
export const RELOAD_OPTIONS = 'ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.';
export const RELOAD_FAILED = 'ERR Error trying to load the RDB dump, check server logs.';
export const SHUTDOWN_FAILED = 'ERR Errors trying to SHUTDOWN. Check logs.';
export const RDB_MISCONF =
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.";
export const LOADING = 'LOADING Redis is loading the dataset in memory';

export function wrongArity(name: string): string {
  return `ERR wrong number of arguments for '${name}' command`;
}

export function unknownSubcommand(given: string, container: string): string {
  return `ERR unknown subcommand '${given.slice(0, 128)}'. Try ${container.toUpperCase()} HELP.`;
}

/** `args` are the first arguments as text, each cut as Redis cuts them. */
export function unknownCommand(name: string, args: string): string {
  return `ERR unknown command '${name.slice(0, 128)}', with args beginning with: ${args}`;
}

export function invalidExpire(command: string): string {
  return `ERR invalid expire time in '${command}' command`;
}

export function protectedCommand(name: string): string {
  return `ERR ${name.toUpperCase()} command not allowed. If the enable-${name}-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.`;
}

export function outOfRange(low: number, high: number): string {
  return `ERR value is out of range, value must between ${low} and ${high}`;
}

// --- connection -------------------------------------------------------------------------------------

export const PROTOCOL_VERSION = 'ERR Protocol version is not an integer or out of range';
export const CLIENT_NAME = 'ERR Client names cannot contain spaces, newlines or special characters.';
export const CLIENT_ID = 'ERR Invalid client ID';
export const CLIENT_ID_POSITIVE = 'ERR client-id should be greater than 0';
export const NO_SUCH_CLIENT = 'ERR No such client';
export const RESP3_ONLY = 'ERR RESP2 is not supported by this command';

export function helloOption(given: string): string {
  return `ERR Syntax error in HELLO option '${given}'`;
}

/** A client's attribute (lib-name, lib-ver) with characters that CLIENT LIST could not show. */
export function clientAttribute(attribute: string): string {
  return `ERR ${attribute} cannot contain spaces, newlines or special characters.`;
}

export function unrecognizedOption(given: string): string {
  return `ERR Unrecognized option '${given}'`;
}

/** A filter of CLIENT LIST or KILL that takes seconds. */
export function filterInteger(name: string): string {
  return `ERR ${name} is not an integer or out of range`;
}

export function filterPositive(name: string): string {
  return `ERR ${name} should be greater than 0`;
}

export function unknownFlags(given: string): string {
  return `ERR Unknown flags found in the provided filter: ${given}`;
}

export function unknownClientType(given: string): string {
  return `ERR Unknown client type '${given}'`;
}

export function noSuchUser(given: string): string {
  return `ERR No such user '${given}'`;
}

export const TRACKING_TWO_REDIRECTS = 'ERR A client can only redirect to a single other client';
export const TRACKING_NO_SUCH_CLIENT = 'ERR The client ID you want redirect to does not exist';
export const TRACKING_PREFIX_ALONE = 'ERR PREFIX option requires BCAST mode to be enabled';
export const TRACKING_MODE_SWITCH =
  "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.";
export const TRACKING_BCAST_OPT = 'ERR OPTIN and OPTOUT are not compatible with BCAST';
export const TRACKING_OPT_BOTH = "ERR You can't specify both OPTIN mode and OPTOUT mode";
export const TRACKING_OPT_SWITCH =
  "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.";
export const CACHING_WITHOUT_TRACKING =
  'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled';
export const CACHING_YES = 'ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.';
export const CACHING_NO = 'ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.';
export const PAUSE_MODE = 'ERR CLIENT PAUSE mode must be WRITE or ALL';
export const MONITOR_IN_MULTI = "ERR MONITOR isn't allowed for DENY BLOCKING client";

export function prefixOverlapsExisting(prefix: string, other: string): string {
  return `ERR Prefix '${prefix}' overlaps with an existing prefix '${other}'. Prefixes for a single client must not overlap.`;
}

export function prefixOverlapsGiven(prefix: string, other: string): string {
  return `ERR Prefix '${prefix}' overlaps with another provided prefix '${other}'. Prefixes for a single client must not overlap.`;
}

// --- server -----------------------------------------------------------------------------------------

export const NO_CONFIG_FILE = 'ERR The server is running without a config file';
export const LOG_COUNT = 'ERR count should be greater than or equal to -1';
export const COMMAND_LOG_TYPE = 'ERR type should be one of the following: slow, large-request, large-reply';
export const noLatencySamples = (event: string) => `ERR No samples available for event '${event}'`;
export const HOTKEYS_STARTED = 'ERR hotkey tracking session already in progress';
export const HOTKEYS_IN_PROGRESS = 'ERR hotkey tracking session in progress, stop tracking first';
export const HOTKEYS_METRICS = 'ERR METRICS parameter is required';
export const HOTKEYS_METRICS_COUNT = 'ERR METRICS count must be > 0 and <= 2';
export const HOTKEYS_METRICS_MISMATCH = 'ERR METRICS count does not match number of metric types provided';
export const HOTKEYS_NO_METRICS = 'ERR METRICS no valid metrics passed. Supported: CPU|NET';
export const HOTKEYS_COUNT = 'ERR COUNT must be between 1 and 64';
export const HOTKEYS_DURATION = 'ERR DURATION must be between 1 and 1000000';
export const HOTKEYS_SAMPLE = 'ERR SAMPLE ratio must be positive';
export const HOTKEYS_SLOTS = 'ERR SLOTS parameter cannot be used in non-cluster mode';
export const hotkeysMetricTwice = (name: string) => `ERR METRICS ${name} defined more than once!`;
export const DEBUG_DATABASE = 'ERR Out of range database';
export const NO_SHUTDOWN = 'ERR No shutdown in progress.';
export const PROTOCOL_TYPE =
  'ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false';

export function rewriteFailed(why: string): string {
  return `ERR Rewriting config file: ${why}`;
}

/** DEBUG and others whose handler tells its subcommands apart itself. */
export function subcommandSyntax(given: string, container: string): string {
  return `ERR unknown subcommand or wrong number of arguments for '${given.slice(0, 128)}'. Try ${container} HELP.`;
}

// --- strings and keys -------------------------------------------------------------------------------

/** Ours: a key lies in one cell of the arena (keyspace/limits.ts), where redis-server takes up to 512 MB. */
export const KEY_TOO_LONG = 'ERR key is too long, a key may have at most 1048512 bytes';
export const DIGEST_LENGTH = 'ERR must be exactly 16 hexadecimal characters';
export const DELEX_TYPE = 'ERR Key should be of string type if conditions are specified';
export const DELEX_CONDITION = 'ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE';
export const NUMKEYS = 'ERR invalid numkeys value';
export const PAIRS = 'ERR wrong number of key-value pairs';
export const LCS_LENGTH_AND_INDEX = 'ERR If you want both the length and indexes, please just use IDX.';
export const LCS_TYPE = 'ERR The specified keys must contain string values';
export const LCS_MEMORY = 'ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len';
export const EXPIRE_NX = 'ERR NX and XX, GT or LT options at the same time are not compatible';
export const EXPIRE_GT_LT = 'ERR GT and LT options at the same time are not compatible';
export const FIRST_DB_INDEX = 'ERR invalid first DB index';
export const SECOND_DB_INDEX = 'ERR invalid second DB index';
export const IDLE_TIME_NOT_TRACKED =
  'ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.';
export const FREQUENCY_NOT_TRACKED =
  'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.';

export function unsupportedOption(given: string): string {
  return `ERR Unsupported option ${given}`;
}

// --- hashes -----------------------------------------------------------------------------------------

/** Ours, for the same reason as KEY_TOO_LONG. */
export const FIELD_TOO_LONG = 'ERR field is too long, a field may have at most 1048512 bytes';
export const HASH_NOT_INTEGER = 'ERR hash value is not an integer';
export const HASH_NOT_FLOAT = 'ERR hash value is not a float';
export const VALUE_NAN_OR_INFINITY = 'ERR value is NaN or Infinity';
export const FIELDS_MISSING = 'ERR Mandatory argument FIELDS is missing or not at the right position';
export const FIELDS_COUNT = 'ERR The `numfields` parameter must match the number of arguments';
export const FIELDS_POSITIVE = 'ERR Number of fields must be a positive integer';
export const FIELDS_ABOVE_ZERO = 'ERR Parameter `numFields` should be greater than 0';
export const FIELDS_NUMBER = 'ERR invalid number of fields';
export const EXPIRE_NEGATIVE = 'ERR invalid expire time, must be >= 0';
export const ONE_PRESENCE = 'ERR Only one of FXX or FNX arguments can be specified';
export const ONE_EXPIRATION = 'ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified';
export const HSETEX_ARGUMENTS = 'ERR wrong number of arguments';

export function unknownArgument(given: string): string {
  return `ERR unknown argument: ${given}`;
}

// --- COMMAND ----------------------------------------------------------------------------------------

export const INVALID_COMMAND = 'ERR Invalid command specified';
export const INVALID_ARGUMENTS = 'ERR Invalid arguments specified for command';
export const INVALID_ARGUMENT_COUNT = 'ERR Invalid number of arguments specified for command';
export const NO_KEY_ARGUMENTS = 'ERR The command has no key arguments';

// --- sets -------------------------------------------------------------------------------------------

/** Ours, as KEY_TOO_LONG: a member of a large set lies in one cell of the arena. */
export const MEMBER_TOO_LONG = 'ERR member is too long, a member may have at most 1048512 bytes';
export const NUMKEYS_POSITIVE = 'ERR numkeys should be greater than 0';
export const NUMKEYS_ABOVE_ARGUMENTS = "ERR Number of keys can't be greater than number of args";
export const LIMIT_NEGATIVE = "ERR LIMIT can't be negative";

// --- bitmaps ----------------------------------------------------------------------------------------

export const BIT_OFFSET = 'ERR bit offset is not an integer or out of range';
export const BIT_VALUE = 'ERR bit is not an integer or out of range';
export const BIT_ARGUMENT = 'ERR The bit argument must be 1 or 0.';
export const BITOP_NOT = 'ERR BITOP NOT must be called with a single source key.';
export const BITFIELD_OVERFLOW = 'ERR Invalid OVERFLOW type specified';
export const BITFIELD_TYPE =
  'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.';
export const BITFIELD_READONLY = 'ERR BITFIELD_RO only supports the GET subcommand';

/** Redis 8.2's operations that treat the first key apart. */
export function bitopTwoKeys(operation: string): string {
  return `ERR BITOP ${operation} must be called with at least two source keys.`;
}

// --- HyperLogLogs -----------------------------------------------------------------------------------

export const NOT_HYPERLOGLOG = 'WRONGTYPE Key is not a valid HyperLogLog string value.';
export const CORRUPT_HYPERLOGLOG = 'INVALIDOBJ Corrupted HLL object detected';
export const PFDEBUG_NO_KEY = 'ERR The specified key does not exist';
export const PFDEBUG_NOT_SPARSE = 'ERR HLL encoding is not sparse';

export function unknownPfDebug(given: string): string {
  return `ERR Unknown PFDEBUG subcommand '${given}'`;
}

// --- geo --------------------------------------------------------------------------------------------

export const GEO_UNIT = 'ERR unsupported unit provided. please use M, KM, FT, MI';
export const GEO_RADIUS = 'ERR need numeric radius';
export const GEO_RADIUS_NEGATIVE = 'ERR radius cannot be negative';
export const GEO_WIDTH = 'ERR need numeric width';
export const GEO_HEIGHT = 'ERR need numeric height';
export const GEO_BOX_NEGATIVE = 'ERR height or width cannot be negative';
export const GEO_COUNT = 'ERR COUNT must be > 0';
export const GEO_MEMBER = 'ERR could not decode requested zset member';
export const GEO_ANY = 'ERR the ANY argument requires COUNT argument';
/** Valkey's. */
export const GEO_CORNERS = 'ERR GEOSEARCH BYPOLYGON must have at least 3 vertices';

export function invalidLonLat(lon: string, lat: string): string {
  return `ERR invalid longitude,latitude pair ${lon},${lat}`;
}

export function geoStoreWith(what: string): string {
  return `ERR ${what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`;
}

export function geoNoCenter(command: string): string {
  return `ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${command}`;
}

export function geoNoShape(command: string): string {
  return `ERR exactly one of BYRADIUS and BYBOX can be specified for ${command}`;
}

// --- transactions -----------------------------------------------------------------------------------

export const NESTED_MULTI = 'ERR MULTI calls can not be nested';
export const WATCH_INSIDE_MULTI = 'ERR WATCH inside MULTI is not allowed';
export const EXEC_WITHOUT_MULTI = 'ERR EXEC without MULTI';
export const DISCARD_WITHOUT_MULTI = 'ERR DISCARD without MULTI';
export const NOT_IN_MULTI = 'ERR Command not allowed inside a transaction';
export const EXEC_ABORTED = 'EXECABORT Transaction discarded because of previous errors.';

/** EXEC itself may not run, for the reason that `text` says. */
export function execRefused(text: string): string {
  return `EXECABORT Transaction discarded because of: ${text.replace(/^ERR /, '')}`;
}

// --- pub/sub ----------------------------------------------------------------------------------------

export const SHARD_IN_MULTI = "ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client";

/** A RESP2 connection that is subscribed to something gets messages, and so cannot tell replies apart. */
export function notWhileSubscribed(command: string): string {
  return `ERR Can't execute '${command}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`;
}

// --- streams ----------------------------------------------------------------------------------------

export const INVALID_STREAM_ID = 'ERR Invalid stream ID specified as stream command argument';
export const STREAM_START_ID = 'ERR invalid start ID for the interval';
export const STREAM_END_ID = 'ERR invalid end ID for the interval';
export const STREAM_ID_ZERO = 'ERR The ID specified in XADD must be greater than 0-0';
export const STREAM_ID_SMALL =
  'ERR The ID specified in XADD is equal or smaller than the target stream top item';
export const STREAM_EXHAUSTED = 'ERR The stream has exhausted the last possible ID, unable to add more items';
export const STREAM_ENTRY_TOO_LARGE = 'ERR Elements are too large to be stored';
export const STREAM_MAXLEN_NEGATIVE = 'ERR The MAXLEN argument must be >= 0.';
export const STREAM_LIMIT_NEGATIVE = 'ERR The LIMIT argument must be >= 0.';
export const STREAM_TWO_STRATEGIES =
  'ERR syntax error, MAXLEN and MINID options at the same time are not compatible';
export const STREAM_LIMIT_ALONE =
  'ERR syntax error, LIMIT cannot be used without specifying a trimming strategy';
export const STREAM_LIMIT_EXACT = 'ERR syntax error, LIMIT cannot be used without the special ~ option';
export const STREAM_NO_STRATEGY = 'ERR syntax error, XTRIM must be called with a trimming strategy';
/** Ours, as KEY_TOO_LONG: the name of a group or a consumer lies in one cell of the arena. */
export const NAME_TOO_LONG = 'ERR name is too long, a group or a consumer may have at most 1048512 bytes';
export const XSETID_NEGATIVE = 'ERR entries_added must be positive';
export const XSETID_BELOW_GIVEN =
  'ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id';
export const XSETID_BELOW_DELETED =
  'ERR The ID specified in XSETID is smaller than current max_deleted_entry_id';
export const XSETID_BELOW_TOP = 'ERR The ID specified in XSETID is smaller than the target stream top item';
export const XSETID_ADDED =
  'ERR The entries_added specified in XSETID is smaller than the target stream length';
export const GROUP_MISSING = 'ERR Missing GROUP option for XREADGROUP';
export const WAITAOF_WITHOUT_LOG =
  'ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.';
export const TIMEOUT_NOT_INTEGER = 'ERR timeout is not an integer or out of range';
export const STREAM_GONE = 'UNBLOCKED the stream key no longer exists';
export const GROUP_GONE = 'NOGROUP the consumer group this client was blocked on no longer exists';
export const BUSY_GROUP = 'BUSYGROUP Consumer Group name already exists';
export const XGROUP_NO_KEY =
  'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.';
export const ENTRIES_READ = 'ERR value for ENTRIESREAD must be positive or -1';
export const IDS_REQUIRED = 'ERR IDS option is required';
export const NUMIDS_POSITIVE = 'ERR Number of IDs must be a positive integer';
export const NUMIDS_COUNT = 'ERR The `numids` parameter must match the number of arguments';
export const COUNT_ABOVE_ZERO = 'ERR COUNT must be > 0';
export const MEANINGLESS_DOLLAR =
  'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.';
export const MEANINGLESS_PLUS =
  'ERR The + ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The + ID would just return an empty result set.';
export const MEANINGLESS_GREATER =
  'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.';

/** Redis 7.0 speaks of XREAD for XREADGROUP, too. */
export function unbalancedStreams(command: string, forGroup: boolean, is72: boolean): string {
  const name = is72 ? `'${command}'` : 'XREAD';
  const sign = is72 && forGroup ? '>' : '$';
  return `ERR Unbalanced ${name} list of streams: for each stream key an ID or '${sign}' must be specified.`;
}

export function xreadgroupOnly(option: string): string {
  return `ERR The ${option} option is only supported by XREADGROUP. You called XREAD instead.`;
}

export function noSuchGroup(key: string, group: string): string {
  return `NOGROUP No such key '${key}' or consumer group '${group}'`;
}

export function noSuchGroupOfKey(key: string, group: string): string {
  return `NOGROUP No such consumer group '${group}' for key name '${key}'`;
}

/** An argument of XCLAIM or XAUTOCLAIM that is no integer. */
export function invalidClaim(what: string, command: string): string {
  return `ERR Invalid ${what} argument for ${command}`;
}

export function unknownClaimOption(given: string): string {
  return `ERR Unrecognized XCLAIM option '${given}'`;
}
