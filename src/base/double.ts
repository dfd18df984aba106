/*
 * Doubles from and to text, as Redis reads and prints scores, coordinates and RESP3 doubles.
 *
 * Reading follows C's strtod as Redis uses it, so more is a number than JS's Number() takes, and less:
 *
 *     taken      1  -1.5  +2  .5  5.  1e3  1E+03  0x10  0x1.8p-2  inf  +Infinity  -0
 *     refused    ''  ' 1'  '1 '  1e  .  0x  nan  1_000  0b1, what overflows (1e400), what underflows to zero (1e-400)
 *
 * Printing has two styles, chosen by compat-version:
 *
 *     '7.0'   C's %.17g: 17 significant digits, exact, zeros trimmed           0.1 -> 0.10000000000000001
 *     '7.2'   the shortest digits that read back as the same double            0.1 -> 0.1
 *
 *               digits d1 d2 .. dn, value = d1..dn * 10^K, X = K + n - 1 (the decimal exponent)
 *     '7.0'     X < -4 or X >= 17: exponent form, two exponent digits or more (1e-05)      otherwise decimal
 *     '7.2'     integers up to 2^62: all their digits; else K in 0..7: digits and zeros; K in -6..-1 or |X| < 4, K < 0: decimal;
 *               otherwise exponent form with no padding (1e-7, 5e+18)
 *
 * In both styles an integer below 2^53 is just its digits, -0 is '-0', and the specials are 'inf', '-inf' and 'nan'.
 *
 * JS rounds the 17th digit half up where C rounds half to even. Both work on the exact value, so they differ only when it
 * has exactly 18 digits, the last one a 5; `isTieAt17` finds those.
 *
 * Redis 7.2 finds its digits with Grisu2, which about once in a thousand doubles gives one digit more than needed. We
 * print the shortest; what is read back is the same double.
 *
 * Cost, in ns: reading up to 15 digits with a small exponent 10-40, anything else 200-250; printing integers 5-20, up to
 * six decimals in style '7.2' 30-60, the rest 80-250 (style '7.0': 130-250), exponent forms 400-650. Only the rest
 * allocates: a string.
 */
import { stringFromBytes, writeString } from './bytes.ts';
import { writeNumber } from './int64.ts';

const MINUS = 45;
const PLUS = 43;
const DOT = 46;
const ZERO = 48;
const LETTER_E = 101;

/** Up to here one more digit still fits 53 bits. */
const MANTISSA_MAX = 900719925474098;
/** Up to 10^22 powers of ten are doubles, so one operation with one of them is correctly rounded. */
const EXACT_POWER_MAX = 22;
/** A decimal of at most 15 digits is told apart from its neighbours by every double. */
const FIFTEEN_DIGITS = 1e15;
const SHORT_DECIMALS_MAX = 6;

/** Room that every printed double fits in. */
export const DOUBLE_TEXT_SIZE_MAX = 32;

export type DoubleStyle = '7.0' | '7.2';

const POWERS = Float64Array.from({ length: EXACT_POWER_MAX + 1 }, (_, i) => Number(`1e${i}`));

/**
 * The double that bytes[start, until) spells; NaN if it spells none (a spelled NaN is none). Correctly rounded. Allocates
 * nothing for up to 15 digits and small exponents.
 */
export function parseDouble(bytes: Uint8Array, start: number, until: number): number {
  let i = start;
  const first = i < until ? bytes[i] : 0;
  if (first === MINUS || first === PLUS) i++;
  let mantissa = 0;
  let digits = 0;
  let decimals = 0;
  let dots = 0;
  for (; i < until; i++) {
    const digit = bytes[i] - ZERO;
    if (digit >>> 0 <= 9) {
      if (mantissa > MANTISSA_MAX) return parseSlowly(bytes, start, until);
      mantissa = mantissa * 10 + digit;
      digits++;
      decimals += dots;
    } else if (bytes[i] === DOT && dots === 0) {
      dots = 1;
    } else {
      break;
    }
  }
  if (digits === 0) return parseSlowly(bytes, start, until);
  const exponent = i < until ? smallExponent(bytes, i, until) : 0;
  const power = exponent - decimals;
  // A NaN exponent fails both comparisons, as it should.
  if (!(power >= -EXACT_POWER_MAX && power <= EXACT_POWER_MAX)) return parseSlowly(bytes, start, until);
  const magnitude = power < 0 ? mantissa / POWERS[-power] : mantissa * POWERS[power];
  return first === MINUS ? -magnitude : magnitude;
}

/** The exponent that bytes[start, until) is, from its letter on, if it has at most three digits; else NaN. */
function smallExponent(bytes: Uint8Array, start: number, until: number): number {
  if ((bytes[start] | 32) !== LETTER_E) return Number.NaN;
  let i = start + 1;
  const sign = i < until ? bytes[i] : 0;
  if (sign === MINUS || sign === PLUS) i++;
  if (i === until || until - i > 3) return Number.NaN;
  let exponent = 0;
  for (; i < until; i++) {
    const digit = bytes[i] - ZERO;
    if (digit >>> 0 > 9) return Number.NaN;
    exponent = exponent * 10 + digit;
  }
  return sign === MINUS ? -exponent : exponent;
}

function parseSlowly(bytes: Uint8Array, start: number, until: number): number {
  const text = stringFromBytes(bytes, start, until);
  if (isDecimal(bytes, start, until)) {
    const n = Number(text);
    const isOutOfRange = n === Infinity || n === -Infinity || (n === 0 && /^[^eE]*[1-9]/.test(text));
    return isOutOfRange ? Number.NaN : n;
  }
  const float = readFloatText(text);
  if (float === null) return Number.NaN;
  const magnitude = float.infinite ? Infinity : hexDouble(float);
  const isOutOfRange =
    magnitude === Infinity ? !float.infinite : magnitude === 0 && !isZeroDigits(float.digits);
  if (isOutOfRange) return Number.NaN;
  return float.negative ? -magnitude : magnitude;
}

/** Whether all of bytes[start, until) is a decimal number, with or without sign, point and exponent. */
function isDecimal(bytes: Uint8Array, start: number, until: number): boolean {
  const wholeStart = afterSign(bytes, start, until);
  let i = afterDigits(bytes, wholeStart, until);
  let digits = i - wholeStart;
  if (i < until && bytes[i] === DOT) {
    const fractionStart = i + 1;
    i = afterDigits(bytes, fractionStart, until);
    digits += i - fractionStart;
  }
  if (digits === 0 || i === until) return digits > 0;
  const exponentStart = afterSign(bytes, i + 1, until);
  return (
    (bytes[i] | 32) === LETTER_E &&
    exponentStart < until &&
    afterDigits(bytes, exponentStart, until) === until
  );
}

function afterSign(bytes: Uint8Array, i: number, until: number): number {
  return i < until && (bytes[i] === MINUS || bytes[i] === PLUS) ? i + 1 : i;
}

function afterDigits(bytes: Uint8Array, i: number, until: number): number {
  while (i < until && (bytes[i] - ZERO) >>> 0 <= 9) i++;
  return i;
}

function hexDouble(float: FloatText): number {
  if (isZeroDigits(float.digits)) return 0;
  const size = float.exponent + 4 * float.digits.replace(/^0+/, '').length;
  if (size > 2000) return Infinity;
  if (size < -2000) return 0;
  const { numerator, denominator } = hexRatio(float);
  const rounded = roundRatio(numerator, denominator, 53, -1074);
  return rounded.exponent > 971 ? Infinity : Number(rounded.mantissa) * 2 ** rounded.exponent;
}

/** A number as it is spelled: digits * base^exponent, where the exponent of hexadecimal digits counts powers of two. */
export interface FloatText {
  negative: boolean;
  infinite: boolean;
  base: 10 | 16;
  /** Before and behind the point, without it; not empty unless infinite. */
  digits: string;
  exponent: number;
}

const DECIMAL = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?$/;
const HEX = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?[0-9]+))?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/**
 * Takes apart what C's strtod takes as a whole, without leading space; null for anything else, and for NaN. For slow
 * paths.
 */
export function readFloatText(text: string): FloatText | null {
  const infinite = INFINITE.exec(text);
  if (infinite) return { negative: infinite[1] === '-', infinite: true, base: 10, digits: '', exponent: 0 };
  const hex = HEX.exec(text);
  const parts = hex ?? DECIMAL.exec(text);
  if (!parts) return null;
  const [, sign, whole, fraction = '', power = '0'] = parts;
  const digits = whole + fraction;
  if (digits === '') return null;
  const exponent = Number(power) - fraction.length * (hex ? 4 : 1);
  return { negative: sign === '-', infinite: false, base: hex ? 16 : 10, digits, exponent };
}

/** Whether these digits, of any base, are a zero. */
export function isZeroDigits(digits: string): boolean {
  return /^0*$/.test(digits);
}

/** The value of hexadecimal text as a fraction. The caller has seen to it that the exponent is of a reasonable size. */
export function hexRatio(float: FloatText): { numerator: bigint; denominator: bigint } {
  const mantissa = BigInt(`0x${float.digits}`);
  return float.exponent >= 0
    ? { numerator: mantissa << BigInt(float.exponent), denominator: 1n }
    : { numerator: mantissa, denominator: 1n << BigInt(-float.exponent) };
}

/**
 * The binary float nearest to a positive fraction, ties to even: mantissa * 2^exponent with mantissa < 2^bits and exponent >=
 * exponentMin, normalized unless that bound forbids it. There is no upper bound on the exponent. For slow paths.
 */
export function roundRatio(
  numerator: bigint,
  denominator: bigint,
  bits: number,
  exponentMin: number,
): { mantissa: bigint; exponent: number } {
  // One division with two or three bits too many; then the rest of it only matters for being zero or not.
  const scale = bitLength(numerator) - bitLength(denominator) - bits - 2;
  const top = scale < 0 ? numerator << BigInt(-scale) : numerator;
  const bottom = scale > 0 ? denominator << BigInt(scale) : denominator;
  const quotient = top / bottom;
  const hasRest = quotient * bottom !== top;
  const excess = quotient >> BigInt(bits + 2) === 0n ? 2 : 3;
  const shift = Math.max(excess, exponentMin - scale);
  let mantissa = roundShift(quotient, shift, hasRest);
  let exponent = scale + shift;
  if (mantissa >> BigInt(bits) !== 0n) {
    mantissa >>= 1n;
    exponent++;
  }
  return { mantissa, exponent };
}

/** (n + rest) / 2^shift to the nearest integer, ties to even, for shift > 0 and a rest below 1 that is zero or not. */
export function roundShift(n: bigint, shift: number, hasRest: boolean): bigint {
  const quotient = n >> BigInt(shift);
  const below = n - (quotient << BigInt(shift));
  const half = 1n << BigInt(shift - 1);
  if (below < half) return quotient;
  return below > half || hasRest || (quotient & 1n) === 1n ? quotient + 1n : quotient;
}

function bitLength(n: bigint): number {
  if (n <= 0xffffffffn) return 32 - Math.clz32(Number(n));
  const hex = n.toString(16);
  return hex.length * 4 - (Math.clz32(Number.parseInt(hex[0], 16)) - 28);
}

/**
 * Writes the double as text at out[pos] and returns how many bytes that took, at most DOUBLE_TEXT_SIZE_MAX. Integers, and
 * in style '7.2' short decimals, allocate nothing.
 */
export function writeDouble(n: number, style: DoubleStyle, out: Uint8Array, pos: number): number {
  if (Number.isSafeInteger(n) && (n !== 0 || 1 / n > 0)) return writeNumber(n, out, pos);
  if (style === '7.2') {
    const size = writeShortDecimal(n, out, pos);
    if (size > 0) return size;
  }
  return writeString(formatDouble(n, style), out, pos);
}

/**
 * Writes n if at most six decimals and fifteen digits are all it takes; 0 if not, and then nothing is written. The fewest
 * decimals that read back as n are its shortest text, and that many leave no choice of digits.
 */
function writeShortDecimal(n: number, out: Uint8Array, pos: number): number {
  const magnitude = n < 0 ? -n : n;
  for (let decimals = 1; decimals <= SHORT_DECIMALS_MAX; decimals++) {
    const scaled = Math.round(magnitude * POWERS[decimals]);
    if (!(scaled < FIFTEEN_DIGITS)) return 0;
    if (scaled / POWERS[decimals] === magnitude && scaled !== 0) {
      return writeScaled(n < 0, scaled, decimals, out, pos);
    }
  }
  return 0;
}

/** Writes scaled / 10^decimals, all decimals shown. */
function writeScaled(
  negative: boolean,
  scaled: number,
  decimals: number,
  out: Uint8Array,
  pos: number,
): number {
  let at = pos;
  if (negative) out[at++] = MINUS;
  const whole = Math.floor(scaled / POWERS[decimals]);
  at += writeNumber(whole, out, at);
  // The fraction is written with a 1 in front, which keeps its leading zeros, and which the point then overwrites.
  const fraction = scaled - whole * POWERS[decimals];
  const size = writeNumber(POWERS[decimals] + fraction, out, at);
  out[at] = DOT;
  return at + size - pos;
}

/** The double as text. */
export function formatDouble(n: number, style: DoubleStyle): string {
  if (n === 0) return Object.is(n, -0) ? '-0' : '0';
  if (Number.isSafeInteger(n)) return String(n);
  if (Number.isNaN(n)) return 'nan';
  if (!Number.isFinite(n)) return n < 0 ? '-inf' : 'inf';
  const magnitude = Math.abs(n);
  return (
    (n < 0 ? '-' : '') + (style === '7.0' ? formatSeventeen(magnitude) : formatShortest(magnitude, n < 0))
  );
}

/** %.17g of a positive finite double. */
function formatSeventeen(n: number): string {
  if (n >= 1e-4 && n < 2 ** 53) {
    // Integers are dealt with, so these have a point, and JS, too, writes them without an exponent.
    const text = n.toPrecision(17);
    const isTie = n < 1 ? Number.isInteger(n * 2 ** 25) : isTieAt17(n, text.indexOf('.') - 1);
    if (!isTie) return trimZeros(text);
  }
  const [mantissa, exponentText] = n.toExponential(16).split('e');
  const exponent = Number(exponentText);
  let digits = mantissa.replace('.', '');
  if (isTieAt17(n, exponent) && Number(digits[16]) % 2 === 1) {
    digits = digits.slice(0, 16) + String(Number(digits[16]) - 1);
  }
  digits = trimZeros(digits);
  if (exponent >= -4 && exponent < 17) return decimalForm(digits, exponent - digits.length + 1);
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `${withPoint(digits)}e${exponent < 0 ? '-' : '+'}${power}`;
}

function trimZeros(digits: string): string {
  let until = digits.length;
  while (digits.charCodeAt(until - 1) === ZERO) until--;
  return until === digits.length ? digits : digits.slice(0, until);
}

/**
 * Whether n lies exactly between two 17-digit decimals, for a decimal exponent of `exponent`. Then it has 18 digits, the
 * last a 5, so n * 10^j is an integer for j = 17 - exponent; it is odd, so j is also the power of two that makes an odd
 * integer of n. As that integer has at most 53 bits, 5^j must make up for the rest of 18 digits: j >= 2, and j <= 25 as
 * 5^25 is the last below 10^18.
 */
function isTieAt17(n: number, exponent: number): boolean {
  const power = 17 - exponent;
  if (power < 2 || power > 25) return false;
  const scaled = n * 2 ** power;
  return Number.isSafeInteger(scaled) && scaled % 2 === 1;
}

/** The shortest text of a positive finite double, as Redis 7.2 lays it out. */
function formatShortest(n: number, negative: boolean): string {
  if (n <= 2 ** 62 && Number.isInteger(n)) return BigInt(n).toString();
  if (n >= 1e-6 && n < 2 ** 53) {
    // JS writes these as decimals with the same digits; Redis does so, too, with few decimals or a small exponent.
    const text = String(n);
    if (text.length - text.indexOf('.') < 8 || (n >= 1e-3 && n < 1e4)) return text;
  }
  const [mantissa, exponentText] = n.toExponential().split('e');
  const exponent = Number(exponentText);
  const digits = mantissa.replace('.', '');
  const power = exponent - digits.length + 1;
  if (power >= 0 && power < 8) return digits + '0'.repeat(power);
  if (power < 0 && (power > -7 || Math.abs(exponent) < 4)) return decimalForm(digits, power);
  return `${withPoint(digits.slice(0, negative ? 17 : 18))}e${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}

function withPoint(digits: string): string {
  return digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
}

/** digits * 10^power without an exponent. */
function decimalForm(digits: string, power: number): string {
  if (power >= 0) return digits + '0'.repeat(power);
  const wholeSize = digits.length + power;
  if (wholeSize <= 0) return `0.${'0'.repeat(-wholeSize)}${digits}`;
  return `${digits.slice(0, wholeSize)}.${digits.slice(wholeSize)}`;
}
