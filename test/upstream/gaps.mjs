/**
 * known-gaps.txt: the tests of Redis's suite that we do not pass yet, a line and a reason each.
 *
 *   unit/type/string | SETBIT fuzzing | bitmaps: later
 *
 * The list is held to two rules, so that it can only shrink honestly: a test that is skipped without a line
 * fails the run, and so does a line whose title the unit no longer has.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/**
 * @typedef {object} Gap
 * @property {string} unit such as unit/type/string
 * @property {string} title the test's exact title, after Tcl's substitution; or what an [ignore] line says
 * @property {string} reason why we do not pass it
 */

/** @param {string} name a list beside this file @returns {string[]} its lines, without comments and blanks */
function readList(name) {
  return readFileSync(join(here, name), 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** @param {string} line @returns {Gap} */
function parseGap(line) {
  // A title may itself hold a bar: the first and the last one separate.
  const match = /^(\S+) \| (.+) \| (.+)$/.exec(line);
  if (!match) throw new Error(`known-gaps.txt: not "unit | test title | reason": ${line}`);
  return { unit: match[1], title: match[2], reason: match[3] };
}

/** @returns {Gap[]} every known gap, in the file's order; throws on a malformed or repeated line */
export function readKnownGaps() {
  const gaps = readList('known-gaps.txt').map(parseGap);
  const seen = new Set();
  for (const { unit, title } of gaps) {
    const key = `${unit} | ${title}`;
    if (seen.has(key)) throw new Error(`known-gaps.txt: listed twice: ${key}`);
    seen.add(key);
  }
  return gaps;
}

/** @returns {string[]} the units that pass, or pass but for known gaps, and are quick: what CI runs */
export function readFastUnits() {
  return readList('fast-units.txt');
}
