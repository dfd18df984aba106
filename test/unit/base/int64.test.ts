import { describe, expect, it } from 'vitest';
import { bytesFromString, stringFromBytes } from '../../../src/base/bytes.ts';
import {
  addInt64,
  compareInt64,
  INT64_TEXT_SIZE_MAX,
  int64,
  int64FromBigInt,
  int64FromNumber,
  int64Length,
  int64ToBigInt,
  int64ToNumber,
  int64ToString,
  isSafeInt64,
  negateInt64,
  numberLength,
  parseInt64,
  parseSafeInteger,
  writeInt64,
  writeNumber,
  writeUint32,
} from '../../../src/base/int64.ts';
import { seededRandom } from './seeded-random.ts';

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const ROUNDS = 20_000;

function parsed(text: string): bigint | null {
  // Surrounded by digits, so that a reader who looks outside the span is caught.
  const bytes = bytesFromString(`7${text}7`);
  return parseInt64(bytes, 1, 1 + text.length) ? int64ToBigInt(int64.hi, int64.lo) : null;
}

/** What the strict grammar says, in the slow and obvious way. */
function parsedByReference(text: string): bigint | null {
  if (!/^(0|-?[1-9][0-9]*)$/.test(text)) return null;
  const value = BigInt(text);
  return value >= MIN && value <= MAX ? value : null;
}

function words(n: bigint): [number, number] {
  if (!int64FromBigInt(n)) throw new Error(`${n} is no int64`);
  return [int64.hi, int64.lo];
}

function written(n: bigint): string {
  const out = new Uint8Array(INT64_TEXT_SIZE_MAX + 4).fill(33);
  const [hi, lo] = words(n);
  const size = writeInt64(hi, lo, out, 2);
  const text = stringFromBytes(out, 0, size + 3);
  expect(text.slice(0, 2) + text.slice(-1)).toBe('!!!');
  return text.slice(2, -1);
}

/** Values at and around all powers of two and ten, where carries and digit counts change. */
function edges(): bigint[] {
  const values = new Set<bigint>();
  const addAround = (n: bigint): void => {
    for (let d = -2n; d <= 2n; d++) for (const v of [n + d, -n + d]) if (v >= MIN && v <= MAX) values.add(v);
  };
  for (let i = 0n; i <= 63n; i++) addAround(2n ** i);
  for (let i = 0n; i <= 18n; i++) addAround(10n ** i);
  return [...values];
}

const random = seededRandom('int64');

function randomInt64(): bigint {
  const bits = BigInt(random.below(64) + 1);
  const value = BigInt.asUintN(Number(bits), (BigInt(random.uint32()) << 32n) | BigInt(random.uint32()));
  return BigInt.asIntN(64, random.below(2) ? value : -value);
}

describe('parseInt64', () => {
  it('takes every edge of the range and nothing outside it', () => {
    for (const n of [
      ...edges(),
      MIN - 1n,
      MAX + 1n,
      MAX * 10n,
      10n ** 19n,
      -(10n ** 19n),
      2n ** 64n,
      -(2n ** 64n),
    ]) {
      expect(parsed(String(n)), String(n)).toBe(n >= MIN && n <= MAX ? n : null);
    }
  });

  it('refuses what printing an integer never gives', () => {
    const refused = [
      '',
      '-',
      '+1',
      '-0',
      '00',
      '01',
      '-01',
      ' 1',
      '1 ',
      '1.0',
      '1e3',
      '0x10',
      '--1',
      '1-',
      '1\0',
      '/',
      ':',
    ];
    for (const text of [
      ...refused,
      '0123456789',
      '-0123456789',
      '12345678:0',
      '1234567890a',
      'a1234567890',
      '/999999999999',
    ]) {
      expect(parsed(text), JSON.stringify(text)).toBe(null);
    }
  });

  it('agrees with BigInt on random texts near the grammar', () => {
    const alphabet = '0123456789012345678901234567890123456789-+ .e/:\0\xff';
    for (let round = 0; round < ROUNDS; round++) {
      let text = '';
      for (let size = random.below(23); size > 0; size--)
        text += alphabet[random.below(random.below(2) ? 40 : alphabet.length)];
      expect(parsed(text), JSON.stringify(text)).toBe(parsedByReference(text));
    }
  });

  it('parseSafeInteger gives the number, and leaves the exact value behind where a double cannot hold it', () => {
    const parse = (text: string): number => parseSafeInteger(bytesFromString(text), 0, text.length);
    expect(parse('x')).toBeNaN();
    expect(parse('9223372036854775808')).toBeNaN();
    expect(parse('-12')).toBe(-12);
    expect(parse('9007199254740993')).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
    expect(int64ToBigInt(int64.hi, int64.lo)).toBe(9007199254740993n);
    for (let round = 0; round < ROUNDS; round++) {
      const n = randomInt64();
      expect(parse(String(n))).toBe(Number(n));
      expect(int64ToBigInt(int64.hi, int64.lo)).toBe(n);
    }
  });
});

describe('int64 arithmetic', () => {
  it('adds and reports overflow as BigInt does', () => {
    const check = (a: bigint, b: bigint): void => {
      const fits = addInt64(...words(a), ...words(b));
      expect(fits, `${a} + ${b}`).toBe(a + b >= MIN && a + b <= MAX);
      expect(int64ToBigInt(int64.hi, int64.lo)).toBe(BigInt.asIntN(64, a + b));
    };
    for (const a of [MIN, MIN + 1n, -1n, 0n, 1n, MAX - 1n, MAX]) for (const b of edges()) check(a, b);
    for (let round = 0; round < ROUNDS; round++) check(randomInt64(), randomInt64());
  });

  it('negates everything but the smallest value', () => {
    for (const n of [...edges(), ...Array.from({ length: 1000 }, randomInt64)]) {
      expect(negateInt64(...words(n))).toBe(n !== MIN);
      expect(int64ToBigInt(int64.hi, int64.lo)).toBe(n === MIN ? MIN : -n);
    }
  });

  it('orders as BigInt does', () => {
    for (let round = 0; round < ROUNDS; round++) {
      const a = randomInt64();
      const b = random.below(4) ? randomInt64() : a + (a < MAX ? 1n : 0n);
      expect(Math.sign(compareInt64(...words(a), ...words(b)))).toBe(a < b ? -1 : a > b ? 1 : 0);
    }
  });
});

describe('printing integers', () => {
  it('writes every edge and random values as BigInt prints them, and knows the length beforehand', () => {
    for (const n of [...edges(), ...Array.from({ length: ROUNDS }, randomInt64)]) {
      expect(written(n)).toBe(String(n));
      expect(int64Length(...words(n)), String(n)).toBe(String(n).length);
      expect(int64ToString(...words(n))).toBe(String(n));
    }
  });

  it('writeNumber and writeUint32 write safe integers and uint32', () => {
    const out = new Uint8Array(32);
    for (const n of edges().map(Number).filter(Number.isSafeInteger)) {
      expect(stringFromBytes(out, 1, 1 + writeNumber(n, out, 1))).toBe(String(n));
      expect(numberLength(n)).toBe(String(n).length);
      if (n < 0 || n >= 2 ** 32) continue;
      expect(stringFromBytes(out, 1, 1 + writeUint32(n, out, 1))).toBe(String(n));
    }
  });
});

describe('int64 conversions', () => {
  it('take numbers that are integers in range, and nothing else', () => {
    for (const n of [0.5, Number.NaN, Infinity, -Infinity, 2 ** 63, -(2 ** 63) - 2048])
      expect(int64FromNumber(n)).toBe(false);
    for (const n of [0, -1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53, -(2 ** 53), -(2 ** 63), 2 ** 63 - 1024]) {
      expect(int64FromNumber(n)).toBe(true);
      expect(int64ToBigInt(int64.hi, int64.lo)).toBe(BigInt(n));
      expect(int64ToNumber(int64.hi, int64.lo)).toBe(n);
    }
    expect(int64FromBigInt(MAX + 1n)).toBe(false);
    expect(int64FromBigInt(MIN - 1n)).toBe(false);
  });

  it('isSafeInt64 agrees with Number.isSafeInteger', () => {
    for (const n of edges())
      expect(isSafeInt64(...words(n)), String(n)).toBe(n >= -(2n ** 53n - 1n) && n <= 2n ** 53n - 1n);
  });
});
