// Reads the command lines of the benchmarks: `--name value` pairs, each declared with its default.
import { parseArgs } from 'node:util';

/**
 * @param {Record<string, string>} defaults every option with its default; '' for none
 * @param {string} usage printed for --help
 * @returns {{ text: (name: string) => string, list: (name: string) => string[], number: (name: string) => number,
 *   numbers: (name: string) => number[] }}
 */
export function readOptions(defaults, usage) {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      ...Object.fromEntries(
        Object.entries(defaults).map(([name, value]) => [
          name,
          { type: /** @type {const} */ ('string'), default: value },
        ]),
      ),
    },
  });
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  const text = (/** @type {string} */ name) => String(values[name]);
  const list = (/** @type {string} */ name) => text(name).split(',').filter(Boolean);
  const toNumber = (/** @type {string} */ name, /** @type {string} */ value) => {
    const number = Number(value);
    if (value === '' || !Number.isFinite(number) || number < 0)
      throw new Error(`--${name}: not a number: ${value}`);
    return number;
  };
  return {
    text,
    list,
    number: (name) => toNumber(name, text(name)),
    numbers: (name) => list(name).map((value) => toNumber(name, value)),
  };
}

/** @param {string} words as typed after --server-args @returns {string[]} split at blanks; '' is an empty argument */
export function splitArguments(words) {
  return words
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => (word === "''" || word === '""' ? '' : word));
}
