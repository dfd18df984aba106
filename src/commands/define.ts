/**
 * The form of a command's declaration: the only place that knows its name, arity, flags, keys, arguments and
 * history. COMMAND and its subcommands, the gates, key extraction, the ACL and the tests' grammar are derived
 * from it (introspect.ts, ../executor/dispatch.ts).
 */
import type { Call } from './call.ts';

// --- flags, as COMMAND INFO names them --------------------------------------------------------------

export const WRITE = 1 << 0;
export const READONLY = 1 << 1;
export const DENYOOM = 1 << 2;
export const ADMIN = 1 << 3;
export const PUBSUB = 1 << 4;
export const NOSCRIPT = 1 << 5;
export const BLOCKING = 1 << 6;
export const LOADING = 1 << 7;
export const STALE = 1 << 8;
export const SKIP_MONITOR = 1 << 9;
export const SKIP_SLOWLOG = 1 << 10;
export const ASKING = 1 << 11;
export const FAST = 1 << 12;
export const NO_AUTH = 1 << 13;
export const MAY_REPLICATE = 1 << 14;
export const NO_MANDATORY_KEYS = 1 << 15;
export const PROTECTED = 1 << 16;
export const MOVABLE_KEYS = 1 << 17;
export const ALLOW_BUSY = 1 << 18;
export const NO_MULTI = 1 << 19;
export const NO_ASYNC_LOADING = 1 << 20;

/** Flag bits and the words COMMAND INFO prints for them, in the order in which it prints them. PROTECTED and MAY_REPLICATE are not shown. */
export const FLAG_NAMES: ReadonlyArray<readonly [number, string]> = [
  [WRITE, 'write'],
  [READONLY, 'readonly'],
  [DENYOOM, 'denyoom'],
  [ADMIN, 'admin'],
  [PUBSUB, 'pubsub'],
  [NOSCRIPT, 'noscript'],
  [BLOCKING, 'blocking'],
  [LOADING, 'loading'],
  [STALE, 'stale'],
  [SKIP_MONITOR, 'skip_monitor'],
  [SKIP_SLOWLOG, 'skip_slowlog'],
  [ASKING, 'asking'],
  [FAST, 'fast'],
  [NO_AUTH, 'no_auth'],
  [NO_MANDATORY_KEYS, 'no_mandatory_keys'],
  [NO_ASYNC_LOADING, 'no_async_loading'],
  [NO_MULTI, 'no_multi'],
  [MOVABLE_KEYS, 'movablekeys'],
  [ALLOW_BUSY, 'allow_busy'],
];

// --- keys -------------------------------------------------------------------------------------------

export type KeyFlag =
  | 'RO'
  | 'RW'
  | 'OW'
  | 'RM'
  | 'access'
  | 'update'
  | 'insert'
  | 'delete'
  | 'not_key'
  | 'incomplete'
  | 'variable_flags';

/** Where the keys of a command are: one row per key spec, as COMMAND INFO shows them. */
export interface KeySpec {
  flags: readonly KeyFlag[];
  notes?: string;
  /** Starts at argument `index`, or after the word `keyword` searched from `from`. */
  begin: { index: number } | { keyword: string; from: number } | { unknown: true };
  /** A range (last -1: to the end, step, limit) or a count argument followed by keys. */
  find:
    | { last: number; step: number; limit: number }
    | { keynum: number; first: number; step: number }
    | { unknown: true };
}

/** One key at argument `index`. */
export function keyAt(index: number, ...flags: KeyFlag[]): KeySpec {
  return { flags, begin: { index }, find: { last: 0, step: 1, limit: 0 } };
}

/** Keys from argument `index` to `last` (negative: from the end), every `step`. */
export function keysFrom(index: number, last: number, step: number, ...flags: KeyFlag[]): KeySpec {
  return { flags, begin: { index }, find: { last: last < 0 ? last : last - index, step, limit: 0 } };
}

// --- arguments --------------------------------------------------------------------------------------

export type ArgumentType =
  | 'string'
  | 'integer'
  | 'double'
  | 'key'
  | 'pattern'
  | 'unix-time'
  | 'pure-token'
  | 'oneof'
  | 'block';

export interface Argument {
  name: string;
  type: ArgumentType;
  /** Which key spec an argument of keys, or of what their names are made from, belongs to. */
  keySpec?: number;
  token?: string;
  since?: string;
  deprecatedSince?: string;
  optional?: boolean;
  /** May be given more than once. */
  many?: boolean;
  /** The token is repeated with each value. */
  manyToken?: boolean;
  args?: readonly Argument[];
  /** What newer docs show in place of the name. */
  display?: string;
}

type Options = Omit<Argument, 'name' | 'type'>;
const make =
  (type: ArgumentType) =>
  (name: string, options: Options = {}): Argument => ({ name, type, ...options });

/** Constructors of arguments: arg.string('value'), arg.token('nx', 'NX', {since}), arg.oneOf('condition', [...]). */
export const arg = {
  string: make('string'),
  integer: make('integer'),
  double: make('double'),
  pattern: make('pattern'),
  unixTime: make('unix-time'),
  key: (name: string, options: Options = {}): Argument => ({ name, type: 'key', keySpec: 0, ...options }),
  token: (name: string, token: string, options: Options = {}): Argument => ({
    name,
    type: 'pure-token',
    token,
    ...options,
  }),
  oneOf: (name: string, args: readonly Argument[], options: Options = {}): Argument => ({
    name,
    type: 'oneof',
    args,
    ...options,
  }),
  block: (name: string, args: readonly Argument[], options: Options = {}): Argument => ({
    name,
    type: 'block',
    args,
    ...options,
  }),
};

// --- the declaration --------------------------------------------------------------------------------

export type CommandGroup =
  | 'string'
  | 'generic'
  | 'connection'
  | 'server'
  | 'hash'
  | 'list'
  | 'set'
  | 'sorted-set'
  | 'stream'
  | 'bitmap'
  | 'hyperloglog'
  | 'geo'
  | 'pubsub'
  | 'transactions'
  | 'scripting'
  | 'cluster'
  | 'module';

/** Where a command comes from when it is not in Redis 7.0, for the README's table and DIFFERENCES.md. */
export type Handler = (call: Call) => void;

export interface CommandDeclaration {
  name: string;
  summary: string;
  group: CommandGroup;
  since: string;
  complexity: string;
  /** Arguments including the name; negative: at least so many. */
  arity: number;
  flags: number;
  /** Absent on containers, whose subcommands have them. */
  handler?: Handler;
  keys?: readonly KeySpec[];
  args?: readonly Argument[];
  history?: ReadonlyArray<readonly [string, string]>;
  /** Command tips, as COMMAND INFO lists them. */
  tips?: readonly string[];
  /** ACL categories beyond those the flags and the group imply, e.g. 'keyspace', 'dangerous'. */
  categories?: readonly string[];
  deprecated?: { since: string; replacedBy: string };
  /**
   * The argument that is the first field or member which the command looks up in the value of its first key, where it stands at a fixed place: the
   * executor reads ahead for it.
   */
  element?: number;
  /** Doc flags beyond 'deprecated': 'syscmd'. */
  docFlags?: readonly string[];
  subcommands?: readonly CommandDeclaration[];
  /** 'valkey 9.0', 'redis 8.4', 'threadis': commands that Redis 7.2 does not have. Hidden from nothing. */
  origin?: string;
  /**
   * The keys of a call where key specs cannot say it or not say how they are used; null when the call is not well
   * formed. `args` holds the name too, as latin1 text.
   */
  getKeys?: (args: readonly string[]) => KeyReference[] | null;
}

/** A key of one call: which argument it is, and what the call does to it. */
export interface KeyReference {
  index: number;
  flags: readonly KeyFlag[];
}

/** A command ready to run: its declaration with an id and what the hot path wants at hand. */
export interface Command extends CommandDeclaration {
  readonly id: number;
  /** 'config|set' for subcommands, the plain lower-case name otherwise. */
  readonly fullName: string;
  /** The argument that is the first key, 0 when there is none at a fixed place. */
  readonly firstKey: number;
  readonly parent: Command | null;
  readonly children: ReadonlyMap<string, Command> | null;
  /** For a container that is also a command by itself: what runs when no subcommand is named. Else null. */
  readonly alone: Command | null;
}

/** Declares a command. Checked when the table is built: see table.ts. */
export function defineCommand(declaration: CommandDeclaration): CommandDeclaration {
  return declaration;
}
