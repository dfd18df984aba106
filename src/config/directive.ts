/*
 * What a configuration directive is.
 *
 * One row per directive says everything that is known of it: what it accepts, what it is worth when nobody sets it, when it may
 * change, and whether anything here listens to it. Parsing, CONFIG GET, CONFIG SET, CONFIG REWRITE and the list of differences
 * are all derived from the rows; no other file names a default or a bound.
 *
 * Values. A value is a boolean, a bigint or a string, so that a set of values can be cloned to another thread as it is.
 *
 *   yes/no directives     boolean
 *   numbers               bigint: maxmemory runs to 2^64 - 1; consumers that need a JS number take it once with config.number()
 *   everything else       string, in the form in which CONFIG GET prints it ('3600 1 300 100' for save)
 *
 * Strings hold bytes, one per UTF-16 unit (latin1), because a password or a path may be any bytes. Whoever brings text in from
 * Node (argv, process.cwd()) or takes it out (a file name for fs) converts there; see toBytesText and fromBytesText in words.ts.
 */

/** The Redis whose manners are kept. Rows and enum words of a later version are hidden under an earlier one. */
export type CompatVersion = '7.0' | '7.2';

export type Value = boolean | bigint | string;

/** What reading a value gives: the value, or Redis's words for what is wrong with it. */
export type Parsed = { readonly value: Value } | { readonly error: string };

/** What the reader of a value may need to know beyond the words themselves. */
export interface ParseContext {
  /** The value until now: client-output-buffer-limit changes only the classes it names. */
  readonly current: Value;
  /** The default, for words that mean 'as it was'. */
  readonly initial: Value;
  /** Reading the config file or the command line, rather than CONFIG SET. */
  readonly starting: boolean;
  /** At start: an earlier line already set this directive, so a further 'save' line adds to it. */
  readonly seen: boolean;
  readonly compat: CompatVersion;
}

/** A line CONFIG REWRITE may write. Not forced: it only takes the place of a line that the file already has. */
export interface RewriteLine {
  readonly text: string;
  readonly force: boolean;
}

/** A kind of value: how it is read, shown and written back. Built by value-types.ts and special-types.ts. */
export interface ValueType {
  /** Takes several words on a config line; CONFIG SET gives them as one text. */
  readonly manyWords: boolean;
  parse(words: readonly string[], context: ParseContext): Parsed;
  /** The value as CONFIG GET prints it. */
  format(value: Value): string;
  /** The lines that CONFIG REWRITE leaves for this value; none removes the directive from the file. */
  lines(name: string, value: Value, initial: Value): RewriteLine[];
}

/** What a caller knows that defaults depend on. */
export interface Surroundings {
  /** The working directory, as latin1 bytes text. */
  readonly directory: string;
  /** os.availableParallelism(). */
  readonly cores: number;
  /** The compat-version where no one sets it; 7.2 if left out. */
  readonly compat?: CompatVersion;
}

/** Whether a directive changes what this server does, and if not, why it is accepted all the same. */
export type Effect = { readonly kind: 'works' } | { readonly kind: 'accepted'; readonly reason: string };

export const WORKS: Effect = { kind: 'works' };

export function accepted(reason: string): Effect {
  return { kind: 'accepted', reason };
}

export interface Directive {
  readonly name: string;
  /** A second name, older as a rule, that works wherever the first does. */
  readonly alias?: string;
  /** The alias answers to its full name only: it is another implementation's. */
  readonly hiddenAlias?: true;
  readonly type: ValueType;
  readonly initial: Value | ((surroundings: Surroundings) => Value);
  readonly effect: Effect;
  /** CONFIG SET refuses it: it is read at start only. */
  readonly startOnly?: true;
  /** Not shown for a glob; CONFIG GET answers only the full name. A version: under that one. */
  readonly hidden?: true | '7.0' | '7.2';
  /** Holds a secret: keep the value out of logs, SLOWLOG and MONITOR. */
  readonly sensitive?: true;
  /** CONFIG SET needs enable-protected-configs. */
  readonly protected?: true;
  /** CONFIG SET refuses it while a dataset is being loaded. */
  readonly denyLoading?: true;
  /** Of interest when a server is debugged: a crash report lists it. */
  readonly debug?: true;
  /** Applying it takes sockets or files, which another thread has: see Config.prepare. */
  readonly async?: true;
  /** Unknown to clients under an earlier compat-version; a config file may always name it. */
  readonly since?: '7.2';
  /** What is wrong with a value that has the right form. */
  readonly check?: (value: Value) => string | null;
  /** What the server makes of a value out of its range, at start too. */
  readonly clamp?: (value: Value) => Value;
  /** The same, but by CONFIG SET only. */
  readonly clampLive?: (value: Value) => Value;
}

/** The value that a directive has when nobody sets it. */
export function initialValue(directive: Directive, surroundings: Surroundings): Value {
  return typeof directive.initial === 'function' ? directive.initial(surroundings) : directive.initial;
}

/** Whether clients of that version know the directive at all. */
export function isKnownTo(directive: Directive, compat: CompatVersion): boolean {
  return directive.since === undefined || compat !== '7.0';
}

export function isHidden(directive: Directive, compat: CompatVersion): boolean {
  return directive.hidden === true || directive.hidden === compat;
}
