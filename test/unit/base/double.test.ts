import { describe, expect, it } from 'vitest';
import { bytesFromString, stringFromBytes } from '../../../src/base/bytes.ts';
import {
  DOUBLE_TEXT_SIZE_MAX,
  type DoubleStyle,
  formatDouble,
  parseDouble,
  writeDouble,
} from '../../../src/base/double.ts';
import { seededRandom } from './seeded-random.ts';

const random = seededRandom('double');
const ROUNDS = 20_000;
const bits = new DataView(new ArrayBuffer(8));

function parse(text: string): number {
  return parseDouble(bytesFromString(`1${text}1`), 1, 1 + text.length);
}

/** What writeDouble writes, having checked that it writes nothing else and says the same as formatDouble. */
function print(n: number, style: DoubleStyle): string {
  const out = new Uint8Array(DOUBLE_TEXT_SIZE_MAX + 2).fill(33);
  const size = writeDouble(n, style, out, 1);
  expect(size).toBeLessThanOrEqual(DOUBLE_TEXT_SIZE_MAX);
  expect([out[0], out[1 + size]]).toEqual([33, 33]);
  const text = stringFromBytes(out, 1, 1 + size);
  expect(text).toBe(formatDouble(n, style));
  return text;
}

/** Any finite double but zero, all exponents equally likely. */
function anyDouble(): number {
  for (;;) {
    bits.setUint32(0, random.uint32());
    bits.setUint32(4, random.uint32());
    const n = bits.getFloat64(0);
    if (Number.isFinite(n) && n !== 0) return n;
  }
}

/** Doubles as people use them: few digits, moderate size; and multiples of small powers of two, where ties are. */
function plainDouble(): number {
  const integer = random.below(2 ** 32) * (random.below(2) ? 1 : random.below(2 ** 21));
  const divisor = random.below(2) ? 10 ** random.below(12) : 2 ** random.below(26);
  return (random.below(2) ? integer : -integer) / divisor;
}

/** The exact value as |n| = numerator / 2^1074. */
function exactNumerator(n: number): bigint {
  bits.setFloat64(0, Math.abs(n));
  const raw = bits.getBigUint64(0);
  const biased = raw >> 52n;
  const fraction = raw & 0xfffffffffffffn;
  return biased === 0n ? fraction : (fraction | (1n << 52n)) << (biased - 1n);
}

/** %.17g by exact integer arithmetic. */
function seventeenDigits(n: number): string {
  const numerator = exactNumerator(n);
  const denominator = 1n << 1074n;
  let exponent = Math.floor(Math.log10(Math.abs(n))) - 1;
  const rounded = (x: number): bigint => {
    const up = 10n ** BigInt(Math.max(0, 16 - x));
    const down = 10n ** BigInt(Math.max(0, x - 16));
    const [top, bottom] = [numerator * up, denominator * down];
    const quotient = top / bottom;
    const twice = 2n * (top % bottom);
    return twice > bottom || (twice === bottom && quotient & 1n) ? quotient + 1n : quotient;
  };
  while (rounded(exponent) >= 10n ** 17n) exponent++;
  const digits = String(rounded(exponent)).replace(/0+$/, '');
  const sign = n < 0 ? '-' : '';
  if (exponent < -4 || exponent >= 17) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const fraction = digits.slice(exponent + 1);
  return sign + digits.slice(0, exponent + 1).padEnd(exponent + 1, '0') + (fraction && `.${fraction}`);
}

describe('parseDouble', () => {
  it('takes what strtod takes', () => {
    const taken: [string, number][] = [
      ['0', 0],
      ['-0', -0],
      ['+2', 2],
      ['.5', 0.5],
      ['5.', 5],
      ['-.25', -0.25],
      ['007', 7],
      ['1e3', 1000],
      ['1E+03', 1000],
      ['12e-1', 1.2],
      ['1e308', 1e308],
      ['0e99999999999', 0],
      ['4.9e-324', 5e-324],
      ['123456789012345678901234567890', 123456789012345680000000000000],
      ['0.1000000000000000055511151231257827021181583404541015625', 0.1],
      ['9007199254740993', 9007199254740992],
      ['0x10', 16],
      ['-0X1.8P-2', -0.375],
      ['0x.8', 0.5],
      ['0x1p-1074', 5e-324],
      ['0x1.fffffffffffff7p0', 1.9999999999999998],
      ['0x1.fffffffffffff8p0', 2],
      ['0x0p-99999', 0],
      ['inf', Infinity],
      ['+INF', Infinity],
      ['-Infinity', -Infinity],
    ];
    for (const [text, value] of taken) expect(parse(text), text).toBe(value);
  });

  it('refuses what strtod leaves something of, what is out of range, and NaN', () => {
    const refused = [
      '',
      '+',
      '-',
      '.',
      'e5',
      '.e1',
      '1e',
      '1e+',
      ' 1',
      '1 ',
      '1\0',
      '1,5',
      '1_0',
      '0b1',
      '0x',
      '0x.',
      '0xp1',
    ];
    for (const text of [
      ...refused,
      '--1',
      '1.2.3',
      'nan',
      '-nan',
      'nan(1)',
      'in',
      'infinit',
      'infinityx',
      '\xa01',
      '1e5x',
    ]) {
      expect(parse(text), JSON.stringify(text)).toBeNaN();
    }
    for (const text of [
      '1e400',
      '-1e400',
      '1e-400',
      '1e99999999999',
      '0x1p1024',
      '0x1p-1080',
      '0x1p99999999999',
    ]) {
      expect(parse(text), text).toBeNaN();
    }
  });

  it('rounds as Number() does, on random digits with and without exponents', () => {
    for (let round = 0; round < ROUNDS; round++) {
      const digits = (max: number): string => {
        let text = String(random.below(10));
        for (let size = random.below(max); size > 1; size--) text += random.below(10);
        return text;
      };
      const exponent = random.below(3)
        ? ''
        : `e${random.below(2) ? '-' : ''}${random.below(random.below(2) ? 40 : 300)}`;
      const text = `${random.below(2) ? '-' : ''}${digits(20)}${random.below(2) ? `.${digits(20)}` : ''}${exponent}`;
      if (Number.isFinite(Number(text)) && Number(text) !== 0) expect(parse(text), text).toBe(Number(text));
    }
  });

  it('reads back everything that is printed', () => {
    for (let round = 0; round < ROUNDS; round++) {
      const n = random.below(2) ? anyDouble() : plainDouble();
      expect(parse(print(n, '7.0'))).toBe(n);
      expect(parse(print(n, '7.2'))).toBe(n);
    }
  });
});

describe('printing doubles', () => {
  const table: [number, string, string][] = [
    [0, '0', '0'],
    [-0, '-0', '-0'],
    [Infinity, 'inf', 'inf'],
    [-Infinity, '-inf', '-inf'],
    [Number.NaN, 'nan', 'nan'],
    [3, '3', '3'],
    [-17, '-17', '-17'],
    [0.1, '0.10000000000000001', '0.1'],
    [0.5, '0.5', '0.5'],
    [-3.14, '-3.1400000000000001', '-3.14'],
    [0.1 + 0.2, '0.30000000000000004', '0.30000000000000004'],
    [9007199254740991, '9007199254740991', '9007199254740991'],
    [1e16, '10000000000000000', '10000000000000000'],
    [1e17, '1e+17', '100000000000000000'],
    [2 ** 62, '4.6116860184273879e+18', '4611686018427387904'],
    [5e18, '5e+18', '5e+18'],
    [12345678901234567000, '1.2345678901234567e+19', '12345678901234567000'],
    [1e300, '1.0000000000000001e+300', '1e+300'],
    [0.0001, '0.0001', '0.0001'],
    [0.00001, '1.0000000000000001e-05', '0.00001'],
    [0.000001, '9.9999999999999995e-07', '0.000001'],
    [0.0000001, '9.9999999999999995e-08', '1e-7'],
    [1.5e-10, '1.5e-10', '1.5e-10'],
    [123456.1234567, '123456.12345670001', '1.234561234567e+5'],
    [1234.1234567, '1234.1234566999999', '1234.1234567'],
    [-1.7976931348623157e308, '-1.7976931348623157e+308', '-1.7976931348623157e+308'],
    [5e-324, '4.9406564584124654e-324', '5e-324'],
  ];
  it.each(table)('%d prints as %s in style 7.0 and as %s in style 7.2', (n, seven, shortest) => {
    expect(print(n, '7.0')).toBe(seven);
    expect(print(n, '7.2')).toBe(shortest);
  });

  it('style 7.0 is %.17g exactly, ties included', () => {
    expect(print(4938271560493825 / 4, '7.0')).toBe('1234567890123456.2');
    expect(print(4938271560493827 / 4, '7.0')).toBe('1234567890123456.8');
    for (let round = 0; round < ROUNDS; round++) {
      const n = random.below(3) ? plainDouble() : anyDouble();
      if (n !== 0) expect(print(n, '7.0')).toBe(seventeenDigits(n));
    }
    for (let power = 1; power < 30; power++) {
      const tie = (2 ** 52 + 1 + 2 * random.below(2 ** 31)) / 2 ** power;
      expect(print(tie, '7.0')).toBe(seventeenDigits(tie));
    }
  });

  it('style 7.2 has the digits that JS finds shortest', () => {
    const digitsOf = (text: string): string =>
      text
        .replace(/e.*/, '')
        .replace(/[-.]/g, '')
        .replace(/^0+|0+$/g, '');
    for (let round = 0; round < ROUNDS; round++) {
      const n = random.below(2) ? anyDouble() : plainDouble();
      // An integer shows all its digits instead.
      if (!Number.isInteger(n)) expect(digitsOf(print(n, '7.2'))).toBe(digitsOf(n.toExponential()));
    }
  });
});
