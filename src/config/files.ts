/*
 * What the loader needs of the file system, and the one that Node has.
 *
 * The loader itself touches no disk: it is given a ConfigFiles, so that tests run on texts in memory and the main thread on
 * nodeFiles. Names and texts are bytes as latin1 text (see directive.ts); nodeFiles converts names where it calls Node.
 *
 * Errors are the C library's words for them, because they end up in log lines and error replies that people and tools know.
 *
 * Only the main thread calls nodeFiles: all of it blocks. A file that vanishes between glob and read is reported as one that
 * cannot be opened.
 */

import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { posix } from 'node:path';

import { globMatchString } from '../base/glob.ts';
import { fromBytesText, toBytesText } from './words.ts';

/** A text, or the operating system's words for why there is none. */
export type FileText = { readonly text: string } | { readonly error: string };

export interface ConfigFiles {
  read(path: string): FileText;
  /** All of standard input. */
  readInput(): FileText;
  /** The files that an absolute pattern with wildcards matches, in order; none is no error. */
  glob(pattern: string): string[];
  /** Why the directory cannot be entered, or null. */
  directoryError(path: string): string | null;
}

const WORDS_BY_CODE: Record<string, string> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
};

/** The C library's text for a system error. */
export function systemErrorText(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code !== undefined && WORDS_BY_CODE[code]) || message;
}

function readText(source: string | number): FileText {
  try {
    return { text: readFileSync(source, 'latin1') };
  } catch (error) {
    return { error: systemErrorText(error) };
  }
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(fromBytesText(directory)).map(toBytesText);
  } catch {
    return [];
  }
}

/** As the shell expands it: wildcards stay within a path segment and do not match a leading dot. */
function expand(pattern: string): string[] {
  const [, ...segments] = pattern.split('/');
  let found = [''];
  for (const segment of segments) {
    if (!hasWildcard(segment)) {
      found = found.map((base) => `${base}/${segment}`);
      continue;
    }
    found = found.flatMap((base) => {
      const names = entriesOf(base || '/').filter((name) => !name.startsWith('.') || segment.startsWith('.'));
      return names.filter((name) => globMatchString(segment, name)).map((name) => `${base}/${name}`);
    });
  }
  return found
    .filter((path) => statSync(fromBytesText(path), { throwIfNoEntry: false }) !== undefined)
    .sort();
}

/** Whether a path is a pattern. */
export function hasWildcard(path: string): boolean {
  return /[*?[]/.test(path);
}

export const nodeFiles: ConfigFiles = {
  read: (path) => readText(fromBytesText(path)),
  readInput: () => readText(0),
  glob: (pattern) => expand(posix.normalize(pattern)),
  directoryError: (path) => {
    try {
      if (!statSync(fromBytesText(path)).isDirectory()) return WORDS_BY_CODE.ENOTDIR;
      accessSync(fromBytesText(path), constants.X_OK);
      return null;
    } catch (error) {
      return systemErrorText(error);
    }
  },
};
