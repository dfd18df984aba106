/*
 * The configuration in force: reading it, CONFIG GET, and CONFIG SET as one step that happens wholly or not at all.
 *
 * Pure: no file, socket or clock. The main thread builds a Config from the file and the command line (load.ts), sends snapshot()
 * to the workers, and each makes its own with Config.from. The executor's answers CONFIG GET and SET.
 *
 *     prepare(pairs)  ->  a Change: every name known, every value read and checked; nothing has happened yet
 *     commit(change)  ->  values written, hooks called; if a hook refuses, all values go back and the hooks are called again
 *     set(pairs)      =   prepare, then commit
 *
 * Some directives are applied by another thread (port, bind, dir, tls-*: rows with `async`). Their names are in change.async. The
 * caller then parks the session, has the other thread apply change.entries, and calls commit when it has, or replies with
 * setFailure(name, why) when it could not. A Change is plain data and can be posted. If commit itself fails after that, the other
 * thread must be given the `before` values again.
 *
 * Consumers read what they need once and when it changes, never on a hot path:
 *
 *     let limit = config.number('maxmemory');
 *     config.onChange('maxmemory', () => { limit = config.number('maxmemory'); });
 *
 * number() gives the nearest double: values above 2^53 (an unlimited amount) lose their last digits.
 *
 * Invariants
 *   1. Every directive has a value of its own kind at all times.
 *   2. A CONFIG SET that answers an error has changed nothing, as far as hooks can undo what they did.
 *   3. Errors are returned, as the text after '-' of the reply; nothing is thrown but for a directive that does not exist, which
 *      is a bug in the caller.
 */

import { globMatchString } from '../base/glob.ts';
import {
  type CompatVersion,
  type Directive,
  initialValue,
  isHidden,
  isKnownTo,
  type ParseContext,
  type Parsed,
  type Surroundings,
  type Value,
} from './directive.ts';
import { DIRECTIVES, findDirective, NAMED_DIRECTIVES, type NamedDirective } from './directives.ts';

/** What config files add beside values, in the order of the file. */
export interface FileWords {
  /** rename-command: [command, new name]; '' takes the command away. */
  renames: [from: string, to: string][];
  /** user: the words after 'user'. */
  users: string[][];
  /** loadmodule: path and arguments. Modules cannot be loaded here; it is for the caller to say so. */
  modules: string[][];
  /** Settings of modules: [module.setting, words...]. */
  moduleSettings: string[][];
}

/** All that another thread needs to have the same Config. Survives structured clone. */
export interface ConfigSnapshot {
  readonly surroundings: Surroundings;
  readonly values: Readonly<Record<string, Value>>;
  readonly words: FileWords;
}

/** Who asks for a change, and when. */
export interface Circumstances {
  /** A dataset is being loaded. */
  readonly loading?: boolean;
  /** The client is on a loopback address or a unix socket. */
  readonly local?: boolean;
}

export interface ChangeEntry {
  /** The directive. */
  readonly name: string;
  /** The name that the client used, directive or alias, in lower case. */
  readonly shown: string;
  readonly before: Value;
  readonly after: Value;
}

/** A CONFIG SET that is known to be valid. Survives structured clone. */
export interface Change {
  readonly entries: readonly ChangeEntry[];
  /** Directives among the entries whose value changes and that another thread applies. */
  readonly async: readonly string[];
}

/** Called after a value changed. Returns why the new value cannot be used, or nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: a hook that cannot fail need not return anything
export type ChangeHook = (config: Config) => string | null | void;

/** The error reply of a CONFIG SET that failed because of the named parameter. */
export function setFailure(shown: string, why: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${shown}') - ${why}`;
}

const LOADING_ERROR = 'LOADING Redis is loading the dataset in memory';

function unknownOption(name: string): string {
  return `ERR Unknown option or number of arguments for CONFIG SET - '${name}'`;
}

/** The words of a value that CONFIG SET gives as one text: directives that take many are cut at each space. */
function wordsOfText(directive: Directive, text: string): string[] {
  if (!directive.type.manyWords) return [text];
  return text === '' ? [] : text.split(' ');
}

/** Reads, checks and clamps a value. */
export function readValue(directive: Directive, words: readonly string[], context: ParseContext): Parsed {
  const parsed = directive.type.parse(words, context);
  if ('error' in parsed) return parsed;
  const error = directive.check?.(parsed.value) ?? null;
  if (error !== null) return { error };
  const clamped = directive.clamp?.(parsed.value) ?? parsed.value;
  return { value: context.starting ? clamped : (directive.clampLive?.(clamped) ?? clamped) };
}

/** A pattern that means one name, so that hidden directives are found and the name comes back as it was written. */
function isPlainName(pattern: string): boolean {
  return !/[*?[]/.test(pattern);
}

export class Config {
  readonly surroundings: Surroundings;
  readonly words: FileWords;
  readonly #values: Map<string, Value>;
  readonly #hooks = new Map<string, Set<ChangeHook>>();

  /** All defaults. */
  constructor(surroundings: Surroundings) {
    this.surroundings = surroundings;
    this.words = { renames: [], users: [], modules: [], moduleSettings: [] };
    this.#values = new Map(DIRECTIVES.map((row) => [row.name, initialValue(row, surroundings)]));
  }

  static from(snapshot: ConfigSnapshot): Config {
    const config = new Config(snapshot.surroundings);
    for (const [name, value] of Object.entries(snapshot.values)) config.assign(name, value);
    Object.assign(config.words, snapshot.words);
    return config;
  }

  snapshot(): ConfigSnapshot {
    const { renames, users, modules, moduleSettings } = this.words;
    return {
      surroundings: this.surroundings,
      values: Object.fromEntries(this.#values),
      words: structuredClone({ renames, users, modules, moduleSettings }),
    };
  }

  // ---- reading ---------------------------------------------------------------------------------------------------------------

  /** The value of the directive of exactly this name (no alias). */
  value(name: string): Value {
    const value = this.#values.get(name);
    if (value === undefined) throw new Error(`no directive '${name}'`);
    return value;
  }

  /** A numeric directive; the nearest double. */
  number(name: string): number {
    const value = this.value(name);
    if (typeof value !== 'bigint') throw new Error(`'${name}' is not a number`);
    return Number(value);
  }

  bool(name: string): boolean {
    const value = this.value(name);
    if (typeof value !== 'boolean') throw new Error(`'${name}' is not a yes/no directive`);
    return value;
  }

  string(name: string): string {
    const value = this.value(name);
    if (typeof value !== 'string') throw new Error(`'${name}' is not a text directive`);
    return value;
  }

  /** A text directive as its words; none when it is empty. */
  list(name: string): string[] {
    const value = this.string(name);
    return value === '' ? [] : value.split(' ');
  }

  get compat(): CompatVersion {
    return this.string('compat-version') as CompatVersion;
  }

  /** The default of a directive. */
  initial(directive: Directive): Value {
    return initialValue(directive, this.surroundings);
  }

  /** CONFIG GET: names and values of what matches any of the patterns, each once. Aliases are names too. */
  get(patterns: readonly string[]): [name: string, value: string][] {
    const found = new Map<string, [string, string]>();
    for (const pattern of patterns) {
      for (const [name, directive] of this.#matching(pattern)) {
        const key = name.toLowerCase();
        if (!found.has(key)) found.set(key, [name, directive.type.format(this.value(directive.name))]);
      }
    }
    return [...found.values()];
  }

  *#matching(pattern: string): Iterable<[name: string, directive: Directive]> {
    if (isPlainName(pattern)) {
      const named = this.#find(pattern);
      if (named) yield [pattern, named.directive];
      return;
    }
    for (const { name, directive } of NAMED_DIRECTIVES) {
      if (!isKnownTo(directive, this.compat) || isHidden(directive, this.compat)) continue;
      if (directive.hiddenAlias === true && name === directive.alias) continue;
      if (globMatchString(pattern, name, true)) yield [name, directive];
    }
  }

  #find(name: string): NamedDirective | undefined {
    const named = findDirective(name);
    return named && isKnownTo(named.directive, this.compat) ? named : undefined;
  }

  // ---- changing --------------------------------------------------------------------------------------------------------------

  /** Sets a value that is known to be right, without hooks: for the loader and for threads that are told of a change. */
  assign(name: string, value: Value): void {
    if (!this.#values.has(name)) throw new Error(`no directive '${name}'`);
    this.#values.set(name, value);
  }

  /**
   * Has `hook` called after any of the directives changed by commit. A hook registered for several is called once per change.
   * When it returns a text, the whole change fails with it, and all hooks that were due are called again with the old values.
   */
  onChange(names: string | readonly string[], hook: ChangeHook): void {
    for (const name of typeof names === 'string' ? [names] : names) {
      this.value(name);
      const hooks = this.#hooks.get(name) ?? new Set();
      this.#hooks.set(name, hooks.add(hook));
    }
  }

  /** CONFIG SET of [name, value] pairs: the error reply, or null when all are set. */
  set(
    pairs: readonly (readonly [name: string, text: string])[],
    circumstances?: Circumstances,
  ): string | null {
    const change = this.prepare(pairs, circumstances);
    return typeof change === 'string' ? change : this.commit(change);
  }

  /** Reads and checks a CONFIG SET: the change it would make, or the error reply. */
  prepare(
    pairs: readonly (readonly [name: string, text: string])[],
    circumstances: Circumstances = {},
  ): Change | string {
    const named = this.#nameAll(pairs, circumstances);
    if (typeof named === 'string') return named;
    const entries: ChangeEntry[] = [];
    const after = new Map<string, Value>();
    for (let i = 0; i < pairs.length; i++) {
      const { name: shown, directive } = named[i];
      const before = after.get(directive.name) ?? this.value(directive.name);
      const parsed = this.#read(directive, pairs[i][1], before);
      if ('error' in parsed) return setFailure(shown, parsed.error);
      after.set(directive.name, parsed.value);
      entries.push({ name: directive.name, shown, before, after: parsed.value });
    }
    const changed = named.filter(
      ({ directive: { async, name } }) => async && after.get(name) !== this.value(name),
    );
    return { entries, async: changed.map(({ directive }) => directive.name) };
  }

  #read(directive: Directive, text: string, current: Value): Parsed {
    const initial = this.initial(directive);
    const context = { current, initial, starting: false, seen: true, compat: this.compat };
    return readValue(directive, wordsOfText(directive, text), context);
  }

  /** The directives that the pairs name, or the error reply: the first name that is wrong counts, before any value does. */
  #nameAll(
    pairs: readonly (readonly [name: string, text: string])[],
    circumstances: Circumstances,
  ): NamedDirective[] | string {
    const all: NamedDirective[] = [];
    for (const [name] of pairs) {
      const named = this.#find(name);
      if (!named) return unknownOption(name);
      const refusal = this.#refusal(named.directive, circumstances);
      if (refusal !== null) return setFailure(named.name, refusal);
      if (named.directive.denyLoading && circumstances.loading) return LOADING_ERROR;
      if (all.includes(named)) return setFailure(named.name, 'duplicate parameter');
      all.push(named);
    }
    return all;
  }

  /** Why the directive may not be changed now, or null. */
  #refusal(directive: Directive, circumstances: Circumstances): string | null {
    if (directive.startOnly) return "can't set immutable config";
    if (directive.protected && !this.#allows('enable-protected-configs', circumstances)) {
      return "can't set protected config";
    }
    return null;
  }

  #allows(guard: string, circumstances: Circumstances): boolean {
    const who = this.string(guard);
    return who === 'yes' || (who === 'local' && circumstances.local === true);
  }

  /** Makes a prepared change: the error reply, or null. See invariant 2. */
  commit(change: Change): string | null {
    const due = this.#hooksDue(change);
    for (const { name, after } of change.entries) this.assign(name, after);
    for (const [hook, shown] of due) {
      const why = hook(this) ?? null;
      if (why === null) continue;
      this.#rollBack(change, due.keys());
      return setFailure(shown, why);
    }
    return null;
  }

  /** The hooks of all values that change, each with the name that the client used. */
  #hooksDue(change: Change): Map<ChangeHook, string> {
    const due = new Map<ChangeHook, string>();
    for (const { name, shown, before, after } of change.entries) {
      if (before === after) continue;
      for (const hook of this.#hooks.get(name) ?? []) if (!due.has(hook)) due.set(hook, shown);
    }
    return due;
  }

  #rollBack(change: Change, hooks: Iterable<ChangeHook>): void {
    for (const { name, before } of change.entries.toReversed()) this.assign(name, before);
    for (const hook of hooks) hook(this);
  }
}
