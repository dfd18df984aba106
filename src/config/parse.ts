/*
 * The two forms in which configuration is written, brought into one: lines of words.
 *
 * A config file has one directive a line. Blank lines and lines that begin with '#' are skipped; a '#' further on is part of a
 * word. Words are separated by space, and quoted as in inline commands: "..." with \n \r \t \b \a \xHH, '...' with \' only.
 *
 * The command line is turned into such lines, which are read after the file. These are the rules, as the real server has them:
 *
 *   --port 0 --bind 127.0.0.1 ::1     each '--name' begins a line:   port "0"
 *                                                                    bind "127.0.0.1" "::1"
 *   --requirepass --foo               the word right after a name is its value, whatever it looks like
 *   --save --port 0                   but for save, which then means save ""; --save at the end too
 *   --sentinel --port 0               and for sentinel, which takes no value
 *   "--maxmemory 1gb" --port 0        a line may come in one argument, and the next begins another
 *   FILE ... -                        '-' as the first or last argument: standard input is read, after the file
 *   x y                               words before any name make a line too:   "x" "y"
 *
 * Errors are found while the lines are read (load.ts). Their line numbers count the file, then standard input, then a line
 * break, then the lines of the command line; so without a file, the first option is on line 2.
 */

import { quoteWord, splitWords, toBytesText } from './words.ts';

/** Something to do instead of running a server. */
export type Action =
  | { readonly name: 'help' | 'version' | 'check-system' }
  /** megabytes is null when the amount is missing, and then usage is to be shown. */
  | { readonly name: 'test-memory'; readonly megabytes: number | null };

/** What the command line asks for. */
export interface CommandLine {
  readonly action: Action | null;
  /** The config file as it was named. */
  readonly file: string | null;
  readonly readsInput: boolean;
  /** The options as lines of a config file; '' for none. */
  readonly lines: string;
}

const ACTIONS: Record<string, 'help' | 'version' | 'check-system'> = {
  '-h': 'help',
  '--help': 'help',
  '-v': 'version',
  '--version': 'version',
  '--check-system': 'check-system',
};

function actionOf(args: readonly string[]): Action | null {
  const first = args[0] ?? '';
  if (Object.hasOwn(ACTIONS, first)) return { name: ACTIONS[first] };
  if (first !== '--test-memory') return null;
  const megabytes = args.length === 2 ? Number.parseInt(args[1], 10) : Number.NaN;
  return { name: 'test-memory', megabytes: Number.isNaN(megabytes) ? null : megabytes };
}

/** Reads the arguments after the program's name, as Node gives them. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const args = argv.map(toBytesText);
  const action = actionOf(args);
  if (action !== null) return { action, file: null, readsInput: false, lines: '' };
  let readsInput = false;
  let file: string | null = null;
  if (args[0] === '-') readsInput = args.shift() === '-';
  else if (args.length > 0 && !args[0].startsWith('-')) file = args.shift() || null;
  if (args.at(-1) === '-') readsInput = args.pop() === '-';
  return { action, file, readsInput, lines: optionLines(args) };
}

function optionLines(args: readonly string[]): string {
  const lines: string[] = [];
  for (let i = 0; i < args.length; i++) {
    if (!args[i].startsWith('--')) {
      lines.push(`${lines.pop() ?? ''}${quoteWord(args[i])} `);
      continue;
    }
    const name = args[i].slice(2);
    if (splitWords(args[i])?.length !== 1) {
      lines.push(`${name} `);
      continue;
    }
    const isLast = i + 1 === args.length;
    const beforeName = !isLast && args[i + 1].startsWith('--');
    if (name.toLowerCase() === 'save' && (isLast || beforeName)) lines.push(`${name} ""`);
    else if (isLast || (name.toLowerCase() === 'sentinel' && beforeName)) lines.push(name);
    else lines.push(`${name} ${quoteWord(args[++i])} `);
  }
  return lines.join('\n');
}

/** The lines of a config text. As in C, a NUL hides the rest of its line, the line break too. */
export function linesOf(text: string): string[] {
  return text.replace(/\0[^\n]*\n?/g, '').split('\n');
}

/** The line without space around it, or null for one that says nothing. */
export function meaningfulLine(line: string): string | null {
  const trimmed = line.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
  return trimmed === '' || trimmed.startsWith('#') ? null : trimmed;
}

/** Where a config text is wrong. */
export interface LineFault {
  /** 1-based. */
  readonly lineNumber: number;
  readonly line: string;
  readonly why: string;
}

/** The report of a wrong configuration that goes to standard error. `product` is a name and version: 'Redis 7.2.4'. */
export function fatalReport(product: string, fault: LineFault | string): string {
  const header = `\n*** FATAL CONFIG FILE ERROR (${product}) ***\n`;
  if (typeof fault === 'string') return `${header}${fault}\n`;
  const { lineNumber, line, why } = fault;
  return `${header}Reading the configuration file, at line ${lineNumber}\n>>> '${line}'\n${why}\n`;
}
