/*
 * The configuration at start: config file, standard input and command line, in that order, onto the defaults.
 *
 * Pure but for the ConfigFiles it is given. Nothing is printed and nothing exits: the outcome says what to print and where.
 *
 *   kind 'run'      a Config, and the config file's absolute path for CONFIG REWRITE
 *   kind 'action'   --help, --version and the like: nothing was read
 *   kind 'failed'   `report` for standard error, or `log` for the log, and exit code 1
 *
 * Each line is a directive (config.ts reads its value) or one of the words that add something. A later line of a directive
 * replaces an earlier one, but for `save` lines, which add up. An included file is read where its line stands; errors in it count
 * its own lines. A path is relative to `dir` as it is at that point, because setting dir moves the server there.
 *
 * The last checks are on the whole: daemonize (there is no fork here, so it is refused unless the caller can do it), and replicaof
 * in cluster mode.
 */

import { posix } from 'node:path';

import { Config, readValue } from './config.ts';
import type { Directive, Surroundings } from './directive.ts';
import { FORGOTTEN, findDirective } from './directives.ts';
import { type ConfigFiles, type FileText, hasWildcard } from './files.ts';
import {
  type Action,
  fatalReport,
  type LineFault,
  linesOf,
  meaningfulLine,
  parseCommandLine,
} from './parse.ts';
import { splitWords } from './words.ts';

export interface LoadOptions {
  /** The arguments after the program's name. */
  readonly argv: readonly string[];
  readonly files: ConfigFiles;
  readonly surroundings: Surroundings;
  /** Name and version for the report of an error: 'Redis 7.2.4'. */
  readonly product: string;
  /** Whether there is such a command (lower case), for rename-command. Without it, every command exists under its own name only. */
  readonly commandExists?: (name: string) => boolean;
  /** What is wrong with the words after 'user', as a full sentence, or null. */
  readonly checkUser?: (words: readonly string[]) => string | null;
  /** Whether the caller can put the process into the background. */
  readonly canDaemonize?: boolean;
}

export type Outcome =
  | {
      readonly kind: 'run';
      readonly config: Config;
      /** Absolute path of the config file, or null. */
      readonly file: string | null;
      readonly readInput: boolean;
    }
  | { readonly kind: 'action'; readonly action: Action }
  | { readonly kind: 'failed'; readonly report: string | null; readonly log: string | null };

export const DAEMONIZE_REFUSED = 'daemonize yes is not supported, use your service manager';

const INCLUDE_DEPTH_MAX = 64;
const BAD_DIRECTIVE = 'Bad directive or wrong number of arguments';

/** A reason to stop: a wrong line, a wrong whole, or a file that cannot be opened. */
type Stop = LineFault | { readonly log: string };

function cannotOpen(path: string, why: string): Stop {
  return { log: `Fatal error, can't open config file '${path}': ${why}` };
}

/** Reads everything that the command line asks for. */
export function loadConfig(options: LoadOptions): Outcome {
  const { action, file, readsInput, lines } = parseCommandLine(options.argv);
  if (action !== null) return { kind: 'action', action };
  const path = file === null ? null : posix.resolve(options.surroundings.directory, file);
  const loader = new Loader(options);
  const stop = loader.readAll(path, readsInput, lines);
  if (stop !== null && 'log' in stop) return { kind: 'failed', report: null, log: stop.log };
  const fault = stop ?? loader.wholeFault();
  if (fault !== null) return { kind: 'failed', report: fatalReport(options.product, fault), log: null };
  return { kind: 'run', config: loader.config, file: path, readInput: readsInput };
}

class Loader {
  readonly config: Config;
  readonly #options: LoadOptions;
  /** Directives that a line has set. */
  readonly #seen = new Set<Directive>();
  readonly #userNames = new Set<string>();
  /** Whether a command exists by now, where rename-command changed that. */
  readonly #commands = new Map<string, boolean>();

  constructor(options: LoadOptions) {
    this.#options = options;
    this.config = new Config(options.surroundings);
  }

  readAll(path: string | null, readsInput: boolean, optionLines: string): Stop | null {
    const file: FileText = path === null ? { text: '' } : this.#options.files.read(path);
    if ('error' in file) return cannotOpen(path ?? '', file.error);
    const input: FileText = readsInput ? this.#options.files.readInput() : { text: '' };
    if ('error' in input) return cannotOpen('-', input.error);
    const text = `${file.text}${input.text}\n${optionLines}`;
    this.#presetCompat(text);
    return this.#readText(text, 0);
  }

  /** Takes compat-version ahead of all other lines, because it decides which words those may use. */
  #presetCompat(text: string): void {
    for (const [, value] of text.matchAll(/^[ \t]*compat-version[ \t]+"?(7\.[02])"?[ \t\r]*$/gim)) {
      this.config.assign('compat-version', value);
    }
  }

  /** What is wrong with the configuration as a whole, or null. */
  wholeFault(): string | null {
    if (this.config.bool('daemonize') && !this.#options.canDaemonize) return DAEMONIZE_REFUSED;
    if (this.config.bool('cluster-enabled') && this.config.string('replicaof') !== '') {
      return 'replicaof directive not allowed in cluster mode';
    }
    return null;
  }

  #readText(text: string, depth: number): Stop | null {
    const lines = linesOf(text);
    for (let i = 0; i < lines.length; i++) {
      const line = meaningfulLine(lines[i]);
      if (line === null) continue;
      const outcome = this.#readLine(line, depth);
      if (typeof outcome === 'string') return { lineNumber: i + 1, line, why: outcome };
      if (outcome !== null) return outcome;
    }
    return null;
  }

  /** Takes one line: null when all is well, a text when the line is wrong, or what stopped an included file. */
  #readLine(line: string, depth: number): string | Stop | null {
    const words = splitWords(line);
    if (words === null) return 'Unbalanced quotes in configuration line';
    const [name = '', ...values] = words;
    const key = name.toLowerCase();
    const directive = findDirective(key)?.directive;
    if (directive) return this.#setDirective(directive, values);
    if (FORGOTTEN.has(key) && values.length === 1) return null;
    if (key === 'include' && values.length === 1) return this.#include(values[0], depth);
    return this.#addWords(key, values);
  }

  #setDirective(directive: Directive, values: readonly string[]): string | null {
    const words = directive.type.manyWords ? unpacked(values) : values;
    const { name } = directive;
    const parsed = readValue(directive, words, {
      current: this.config.value(name),
      initial: this.config.initial(directive),
      starting: true,
      seen: this.#seen.has(directive),
      compat: this.config.compat,
    });
    if ('error' in parsed) return parsed.error;
    if (name === 'dir') {
      const why = this.#options.files.directoryError(parsed.value as string);
      if (why !== null) return why;
    }
    this.#seen.add(directive);
    this.config.assign(name, parsed.value);
    return null;
  }

  #include(path: string, depth: number): Stop | null {
    if (depth === INCLUDE_DEPTH_MAX)
      return { log: `Fatal error, config files include each other: '${path}'` };
    const absolute = posix.resolve(this.config.string('dir'), path);
    const isPattern = hasWildcard(path);
    for (const each of isPattern ? this.#options.files.glob(absolute) : [absolute]) {
      const file = this.#options.files.read(each);
      const stop =
        'error' in file
          ? cannotOpen(isPattern ? each : path, file.error)
          : this.#readText(file.text, depth + 1);
      if (stop !== null) return stop;
    }
    return null;
  }

  /** Lines that set no value. */
  #addWords(key: string, values: string[]): string | null {
    const { renames, modules, moduleSettings } = this.config.words;
    if (key === 'rename-command' && values.length === 2) {
      return this.#rename(values[0], values[1]) ?? keep(renames, [values[0], values[1]]);
    }
    if (key === 'user' && values.length >= 1) return this.#addUser(values);
    if (key === 'loadmodule' && values.length >= 1) return keep(modules, values);
    if (key.includes('.') && values.length >= 1) return keep(moduleSettings, [key, ...values]);
    return key === 'sentinel' ? 'sentinel directive while not in sentinel mode' : BAD_DIRECTIVE;
  }

  #commandExists(name: string): boolean {
    return this.#commands.get(name) ?? this.#options.commandExists?.(name) ?? true;
  }

  #rename(from: string, to: string): string | null {
    const [command, renamed] = [from.toLowerCase(), to.toLowerCase()];
    if (!this.#commandExists(command)) return 'No such command in rename-command';
    this.#commands.set(command, false);
    if (renamed === '') return null;
    const isTaken = this.#commands.get(renamed) ?? this.#options.commandExists?.(renamed) ?? false;
    if (isTaken) return 'Target command name already exists';
    this.#commands.set(renamed, true);
    return null;
  }

  #addUser(words: string[]): string | null {
    const [name] = words;
    if (this.#userNames.has(name)) {
      return `Error in user declaration '${name}': Duplicate user found. A user can only be defined once in config files`;
    }
    const why = this.#options.checkUser?.(words) ?? null;
    if (why !== null) return why;
    this.#userNames.add(name);
    return keep(this.config.words.users, words);
  }
}

/** A single word may hold all the words of a line, as in `save "3600 1"`; only CONFIG SET is strict about the spaces between. */
function unpacked(values: readonly string[]): readonly string[] {
  if (values.length !== 1) return values;
  const words = splitWords(values[0]) ?? [];
  return words.length === 0 ? values : words;
}

function keep<T>(list: T[], item: T): null {
  list.push(item);
  return null;
}
