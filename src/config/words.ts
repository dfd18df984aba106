/** Lines of configuration as words: splitting and quoting, and the step between Node's text and bytes as latin1 text. */

import { bytesFromString, repr, stringFromBytes } from '../base/bytes.ts';
import { splitInline } from '../resp/inline.ts';

/** The words of a line, unquoted; null when quotes are unbalanced. The rules are those of inline commands. */
export function splitWords(line: string): string[] | null {
  const bytes = bytesFromString(line);
  const words = splitInline(bytes, 0, bytes.length);
  return words === null ? null : words.map((word) => stringFromBytes(word));
}

/** The word in double quotes, with escapes, so that splitWords gives it back. */
export function quoteWord(word: string): string {
  return repr(bytesFromString(word));
}

/** Text as Node has it (argv, cwd, a path) to one character per UTF-8 byte. */
export function toBytesText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The way back, for a file name that goes to Node. */
export function fromBytesText(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}
