/*
 * x87 long doubles in software, for INCRBYFLOAT and HINCRBYFLOAT.
 *
 * Redis adds floats in C's `long double`, which on x86-64 has 64 bits of mantissa, and prints the sum with 17 decimals.
 * That is what makes 0.1 + 0.2 print as 0.3: the error of the sum is in the 19th digit. With JS doubles it would print
 * 0.30000000000000004, and clients notice. So these few operations are done as the x87 does them: read, add and print,
 * each rounded to nearest, ties to even.
 *
 *     value = (negative ? -1 : 1) * mantissa * 2^exponent          0 <= mantissa < 2^64, -16445 <= exponent <= 16320
 *
 *     1      mantissa = 2^63, exponent = -63                       normalized: bit 63 is set, unless exponent = -16445 (denormal) or zero
 *     0.1    mantissa = 0xCCCCCCCCCCCCCCCD, exponent = -67
 *
 * The largest finite value is about 1.19e4932. Text longer than TEXT_SIZE_MAX is refused, as in Redis, which bounds what
 * the BigInts here can cost. A spelled infinity is a value (the commands refuse it with their own error); a number too
 * large or too small to hold is not.
 *
 * Cost: about 2 microseconds for reading two short decimals, adding and printing them; it allocates.
 */
import { stringFromBytes } from './bytes.ts';
import { type FloatText, hexRatio, isZeroDigits, readFloatText, roundRatio, roundShift } from './double.ts';

const MINUS = 45;
const DOT = 46;
const ZERO = 48;
const MANTISSA_BITS = 64;
const EXPONENT_MIN = -16445;
const EXPONENT_MAX = 16320;
const DECIMALS = 17;
/** Texts this long are still read. */
const TEXT_SIZE_MAX = 5 * 1024 - 1;
/** Beyond these decimal exponents (of the first digit) everything overflows, or underflows to zero. */
const DECIMAL_EXPONENT_MAX = 4940;
const DECIMAL_EXPONENT_MIN = -4970;

export interface LongDouble {
  readonly kind: 'finite' | 'infinite' | 'nan';
  readonly negative: boolean;
  readonly mantissa: bigint;
  readonly exponent: number;
}

/**
 * The long double that bytes[start, until) spells, in the grammar of strtold without leading space; null if it spells
 * none.
 */
export function parseLongDouble(bytes: Uint8Array, start: number, until: number): LongDouble | null {
  if (until - start > TEXT_SIZE_MAX) return null;
  const short = parseShortDecimal(bytes, start, until);
  if (short !== null) return short;
  const float = readFloatText(stringFromBytes(bytes, start, until));
  if (float === null) return null;
  if (float.infinite) return infinite(float.negative);
  if (isZeroDigits(float.digits)) return zero(float.negative);
  const value = float.base === 16 ? fromHex(float) : fromDecimal(float);
  return value === null || value.kind === 'infinite' || value.mantissa === 0n ? null : value;
}

/** The exact value of a double. */
export function longDoubleFromNumber(n: number): LongDouble {
  if (Number.isNaN(n)) return NOT_A_NUMBER;
  const negative = n < 0 || Object.is(n, -0);
  if (!Number.isFinite(n)) return infinite(negative);
  if (n === 0) return zero(negative);
  DOUBLE_BITS.setFloat64(0, n);
  const biased = (DOUBLE_BITS.getUint16(0) >> 4) & 0x7ff;
  const fraction = DOUBLE_BITS.getBigUint64(0) & 0xfffffffffffffn;
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n);
  const exponent = Math.max(biased, 1) - 1075;
  return exponent < 0
    ? finite(negative, mantissa, 1n << BigInt(-exponent))
    : finite(negative, mantissa << BigInt(exponent), 1n);
}

const DOUBLE_BITS = new DataView(new ArrayBuffer(8));

export function isFiniteLongDouble(x: LongDouble): boolean {
  return x.kind === 'finite';
}

/** a + b, rounded to the nearest long double; infinite on overflow, NaN for infinities of opposite signs. */
export function addLongDouble(a: LongDouble, b: LongDouble): LongDouble {
  if (a.kind === 'nan' || b.kind === 'nan') return NOT_A_NUMBER;
  if (a.kind === 'infinite') return b.kind === 'infinite' && a.negative !== b.negative ? NOT_A_NUMBER : a;
  if (b.kind === 'infinite') return b;
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = alignedTo(a, exponent) + alignedTo(b, exponent);
  if (sum === 0n) return zero(a.negative && b.negative);
  const magnitude = sum < 0n ? -sum : sum;
  return exponent < 0
    ? finite(sum < 0n, magnitude, 1n << BigInt(-exponent))
    : finite(sum < 0n, magnitude << BigInt(exponent), 1n);
}

/**
 * Plain decimal text with at most 17 decimals, correctly rounded, trailing zeros and a minus before a bare zero dropped;
 * 'inf', '-inf' or 'nan' otherwise. Up to 4,950 bytes long.
 */
export function formatLongDouble(x: LongDouble): string {
  if (x.kind === 'nan') return 'nan';
  if (x.kind === 'infinite') return x.negative ? '-inf' : 'inf';
  const sign = x.negative ? '-' : '';
  if (x.exponent >= 0) return sign + (x.mantissa << BigInt(x.exponent)).toString();
  const scaled = roundShift(x.mantissa * powerOfTen(DECIMALS), -x.exponent, false);
  const digits = scaled.toString().padStart(DECIMALS + 1, '0');
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '');
  const text = digits.slice(0, -DECIMALS) + (fraction === '' ? '' : `.${fraction}`);
  return text === '0' ? '0' : sign + text;
}

/** The signed mantissa in units of 2^exponent, which is not above x's own exponent. */
function alignedTo(x: LongDouble, exponent: number): bigint {
  const magnitude = x.mantissa << BigInt(x.exponent - exponent);
  return x.negative ? -magnitude : magnitude;
}

/**
 * The common case, without a regular expression: at most fifteen digits, a point, a minus, nothing else; null for anything
 * else.
 */
function parseShortDecimal(bytes: Uint8Array, start: number, until: number): LongDouble | null {
  if (until - start > 15) return null;
  const negative = bytes[start] === MINUS;
  let mantissa = 0;
  let digits = 0;
  let point = until;
  for (let i = negative ? start + 1 : start; i < until; i++) {
    const digit = bytes[i] - ZERO;
    if (digit >>> 0 <= 9) {
      mantissa = mantissa * 10 + digit;
      digits++;
    } else if (bytes[i] === DOT && point === until) {
      point = i + 1;
    } else {
      return null;
    }
  }
  if (digits === 0) return null;
  return mantissa === 0 ? zero(negative) : finite(negative, BigInt(mantissa), powerOfTen(until - point));
}

function fromDecimal(float: FloatText): LongDouble | null {
  const digits = float.digits.replace(/^0+/, '');
  const firstExponent = float.exponent + digits.length;
  if (firstExponent > DECIMAL_EXPONENT_MAX || firstExponent < DECIMAL_EXPONENT_MIN) return null;
  return float.exponent >= 0
    ? finite(float.negative, BigInt(digits) * powerOfTen(float.exponent), 1n)
    : finite(float.negative, BigInt(digits), powerOfTen(-float.exponent));
}

function fromHex(float: FloatText): LongDouble | null {
  const size = float.exponent + 4 * float.digits.replace(/^0+/, '').length;
  if (size > 20_000 || size < -20_000) return null;
  const { numerator, denominator } = hexRatio(float);
  return finite(float.negative, numerator, denominator);
}

function powerOfTen(power: number): bigint {
  return power < SMALL_POWERS_OF_TEN.length ? SMALL_POWERS_OF_TEN[power] : 10n ** BigInt(power);
}

const SMALL_POWERS_OF_TEN = Array.from({ length: 40 }, (_, power) => 10n ** BigInt(power));

/** The long double nearest to a positive fraction. */
function finite(negative: boolean, numerator: bigint, denominator: bigint): LongDouble {
  const { mantissa, exponent } = roundRatio(numerator, denominator, MANTISSA_BITS, EXPONENT_MIN);
  if (exponent > EXPONENT_MAX) return infinite(negative);
  return { kind: 'finite', negative, mantissa, exponent };
}

function zero(negative: boolean): LongDouble {
  return { kind: 'finite', negative, mantissa: 0n, exponent: EXPONENT_MIN };
}

function infinite(negative: boolean): LongDouble {
  return { kind: 'infinite', negative, mantissa: 0n, exponent: 0 };
}

const NOT_A_NUMBER: LongDouble = { kind: 'nan', negative: false, mantissa: 0n, exponent: 0 };
