/*
 * The kinds of value that most directives have: yes/no, numbers, text, one of a few words.
 *
 * Numbers are read as the real server reads them, and it has four ways, each with its own corners (all seen on the real one):
 *
 *   plain     decimal digits, perhaps '-' before; no '+', no leading zero, no spaces: '05' and '-0' are refused
 *   memory    digits, then b k kb m mb g gb in any case. No digits at all is 0, so '' and 'mb' are 0; digits beyond 2^64 - 1
 *             count as 2^64 - 1, and a product beyond it wraps around (99999999999gb is 15140462030378500096). 'k' is 1000, 'kb'
 *             1024. There is no negative amount
 *   percent   memory, or digits and '%'. A percentage p is kept as -p, so the wrapped amount 2^64 - 1 reads as 1%
 *   octal     as strtol reads base 8: spaces and a sign may lead, and '' is 0
 *
 * An amount that is kept in a signed 64-bit field wraps to it before the bounds are looked at, one in an unsigned field is
 * compared as unsigned. That decides which of two error texts a client gets, so it is modelled: see `unsigned`.
 *
 * CONFIG REWRITE writes a memory amount with the largest unit that divides it, strings in double quotes, the rest bare.
 */

import type { ParseContext, Parsed, RewriteLine, Value, ValueType } from './directive.ts';
import { quoteWord } from './words.ts';

export const INT_MIN = -(2n ** 31n);
export const INT_MAX = 2n ** 31n - 1n;
export const UINT_MAX = 2n ** 32n - 1n;
export const LONG_MAX = 2n ** 63n - 1n;
export const ULONG_MAX = 2n ** 64n - 1n;

/** Longest run of digits that an amount may have. */
const AMOUNT_DIGITS_MAX = 127;

export function wrongArgumentCount(): Parsed {
  return { error: 'wrong number of arguments' };
}

/** One line `name text`, needed in the file only when the value is not the default. */
export function plainLine(name: string, text: string, value: Value, initial: Value): RewriteLine[] {
  return [{ text: `${name} ${text}`, force: value !== initial }];
}

/** A type that takes exactly one word. */
function singleWord(
  parseWord: (word: string, context: ParseContext) => Parsed,
  format: (value: Value) => string,
  lines: (name: string, value: Value, initial: Value) => RewriteLine[] = (name, value, initial) =>
    plainLine(name, format(value), value, initial),
): ValueType {
  return {
    manyWords: false,
    parse: (words, context) => (words.length === 1 ? parseWord(words[0], context) : wrongArgumentCount()),
    format,
    lines,
  };
}

// ---- yes or no -------------------------------------------------------------------------------------------------------------

export const yesNo: ValueType = singleWord(
  (word) => {
    const lower = word.toLowerCase();
    if (lower === 'yes') return { value: true };
    return lower === 'no' ? { value: false } : { error: "argument must be 'yes' or 'no'" };
  },
  (value) => (value ? 'yes' : 'no'),
);

// ---- numbers ---------------------------------------------------------------------------------------------------------------

type Bound = number | bigint;

interface NumberForm {
  readonly min: bigint;
  readonly max: bigint;
  readonly unsigned: boolean;
  /** The digits of a bound in error texts. */
  readonly radix: 8 | 10;
  readonly percent: boolean;
}

function numberForm(min: Bound, max: Bound, form: Partial<NumberForm> = {}): NumberForm {
  return { unsigned: false, radix: 10, percent: false, ...form, min: BigInt(min), max: BigInt(max) };
}

/** What is wrong with a number of the right form; null when it lies within the bounds. */
function outOfBounds(number: bigint, form: NumberForm): string | null {
  if (form.percent && number < 0n) {
    return number < form.min ? `percentage argument must be less or equal to ${-form.min}` : null;
  }
  if (number >= form.min && number <= form.max) return null;
  return `argument must be between ${form.min.toString(form.radix)} and ${form.max.toString(form.radix)} inclusive`;
}

/** The number as its 64-bit field holds it, if it is within the bounds. */
function bounded(number: bigint, form: NumberForm): Parsed {
  const held = form.unsigned ? BigInt.asUintN(64, number) : BigInt.asIntN(64, number);
  const error = outOfBounds(held, form);
  return error === null ? { value: held } : { error };
}

function decimal(form: NumberForm): ValueType {
  return singleWord(
    (word) => {
      const number = /^(0|-?[1-9][0-9]{0,18})$/.test(word) ? BigInt(word) : null;
      if (number === null || BigInt.asIntN(64, number) !== number) {
        return { error: "argument couldn't be parsed into an integer" };
      }
      return bounded(number, form);
    },
    (value) => String(value),
  );
}

/** A number kept in a signed field. */
export function integer(min: Bound, max: Bound): ValueType {
  return decimal(numberForm(min, max));
}

/** A number kept in an unsigned field. */
export function unsigned(min: Bound, max: Bound): ValueType {
  return decimal(numberForm(min, max, { unsigned: true }));
}

const UNITS: Record<string, bigint> = {
  '': 1n,
  b: 1n,
  k: 1000n,
  kb: 1024n,
  m: 1000n ** 2n,
  mb: 1024n ** 2n,
  g: 1000n ** 3n,
  gb: 1024n ** 3n,
};

/** An amount of memory as an unsigned 64-bit number, or null when the text is none. */
export function parseAmount(text: string): bigint | null {
  const [, digits, unit] = /^([0-9]*)([a-z]*)$/i.exec(text) ?? [];
  if (digits === undefined || digits.length > AMOUNT_DIGITS_MAX) return null;
  const scale = Object.hasOwn(UNITS, unit.toLowerCase()) ? UNITS[unit.toLowerCase()] : null;
  if (scale === null) return null;
  const count = digits === '' ? 0n : BigInt(digits);
  return BigInt.asUintN(64, (count > ULONG_MAX ? ULONG_MAX : count) * scale);
}

/** The amount with the largest unit that divides it: 3mb, 1500000. */
export function formatAmount(bytes: bigint): string {
  for (const unit of ['gb', 'mb', 'kb']) {
    if (bytes !== 0n && bytes % UNITS[unit] === 0n) return `${bytes / UNITS[unit]}${unit}`;
  }
  return String(bytes);
}

function amount(form: NumberForm): ValueType {
  return singleWord(
    (word) => {
      const bytes = parseAmount(word);
      return bytes === null ? { error: 'argument must be a memory value' } : bounded(bytes, form);
    },
    (value) => String(value),
    (name, value, initial) => plainLine(name, formatAmount(value as bigint), value, initial),
  );
}

/** An amount of memory kept in a signed field. */
export function memory(min: Bound, max: Bound): ValueType {
  return amount(numberForm(min, max));
}

/** An amount of memory kept in an unsigned field. */
export function unsignedMemory(min: Bound, max: Bound): ValueType {
  return amount(numberForm(min, max, { unsigned: true }));
}

/** An amount of memory, or a percentage up to percentMax, which is kept as a negative number. */
export function memoryOrPercent(percentMax: number, max: Bound): ValueType {
  const form = numberForm(-percentMax, max, { percent: true });
  const format = (value: Value): string =>
    (value as bigint) < 0n ? `${-(value as bigint)}%` : String(value);
  return singleWord(
    (word) => {
      const share = /^([0-9]{1,18})%$/.exec(word);
      const bytes = share ? -BigInt(share[1]) : parseAmount(word);
      return bytes === null ? { error: 'argument must be a memory or percent value' } : bounded(bytes, form);
    },
    format,
    (name, value, initial) => {
      const number = value as bigint;
      return plainLine(name, number < 0n ? format(value) : formatAmount(number), value, initial);
    },
  );
}

/** File permissions. */
export function octal(min: Bound, max: Bound): ValueType {
  const form = numberForm(min, max, { unsigned: true, radix: 8 });
  return singleWord(
    (word) => {
      const [, sign, digits] = /^\s*([+-]?)([0-7]+)$/.exec(word) ?? (word === '' ? ['', '', '0'] : []);
      if (digits === undefined) return { error: "argument couldn't be parsed as an octal number" };
      const number = BigInt(`0o${digits}`);
      return bounded(sign === '-' ? -number : number, form);
    },
    (value) => (value as bigint).toString(8),
  );
}

// ---- text ------------------------------------------------------------------------------------------------------------------

/** Any bytes, the empty string too. */
export const text: ValueType = singleWord(
  (word) => ({ value: word }),
  (value) => value as string,
  (name, value, initial) => plainLine(name, quoteWord(value as string), value, initial),
);

/** Any bytes; the empty string means that nothing is set, and CONFIG REWRITE then takes the line out. */
export const optionalText: ValueType = {
  ...text,
  lines: (name, value, initial) => (value === '' ? [] : text.lines(name, value, initial)),
};

// ---- one of a few words ----------------------------------------------------------------------------------------------------

interface WordChoice {
  readonly word: string;
  /** The word that it is shown as. */
  readonly shown: string;
  readonly since?: '7.2';
}

type WordRow = string | { readonly word: string; readonly shown?: string; readonly since?: '7.2' };

function toChoice(row: WordRow): WordChoice {
  if (typeof row === 'string') return { word: row, shown: row };
  return { word: row.word, shown: row.shown ?? row.word, since: row.since };
}

function choicesUnder(choices: readonly WordChoice[], context: ParseContext): WordChoice[] {
  return choices.filter((choice) => choice.since === undefined || context.compat !== '7.0');
}

function notOneOf(choices: readonly WordChoice[]): Parsed {
  return {
    error: `argument(s) must be one of the following: ${choices.map((choice) => choice.word).join(', ')}`,
  };
}

/** One of these words, in any case; kept and shown as it is written here. */
export function oneOf(...rows: WordRow[]): ValueType {
  const all = rows.map(toChoice);
  return singleWord(
    (word, context) => {
      const choices = choicesUnder(all, context);
      const found = choices.find((choice) => choice.word === word.toLowerCase());
      return found ? { value: found.shown } : notOneOf(choices);
    },
    (value) => value as string,
  );
}

/** Some of these words; the first means none of the others, and is what is shown when none is set. */
export function someOf(none: string, ...rest: string[]): ValueType {
  const choices = [none, ...rest].map(toChoice);
  const format = (value: Value): string => value as string;
  return {
    manyWords: true,
    parse: (words) => {
      const asked = words.map((word) => word.toLowerCase());
      if (asked.length === 0 || asked.some((word) => word !== none && !rest.includes(word)))
        return notOneOf(choices);
      return { value: rest.filter((word) => asked.includes(word)).join(' ') || none };
    },
    format,
    lines: (name, value, initial) => plainLine(name, format(value), value, initial),
  };
}
