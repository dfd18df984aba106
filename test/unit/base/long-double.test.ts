import { describe, expect, it } from 'vitest';
import { bytesFromString } from '../../../src/base/bytes.ts';
import {
  addLongDouble,
  formatLongDouble,
  isFiniteLongDouble,
  type LongDouble,
  longDoubleFromNumber,
  parseLongDouble,
} from '../../../src/base/long-double.ts';
import { seededRandom } from './seeded-random.ts';

const random = seededRandom('long-double');

function parse(text: string): LongDouble | null {
  return parseLongDouble(bytesFromString(`1${text}1`), 1, 1 + text.length);
}

function sum(...texts: string[]): string {
  return formatLongDouble(texts.map((text) => parse(text) as LongDouble).reduce(addLongDouble));
}

describe('long doubles', () => {
  // The right-hand sides are what the real server answers to SET and INCRBYFLOAT.
  const sums: [string, string, string][] = [
    ['0.1', '0.2', '0.3'],
    ['5.0e3', '200', '5200'],
    ['10.50', '0.1', '10.6'],
    ['3.0e3', '0', '3000'],
    ['1', '-1', '0'],
    ['-0', '-0', '0'],
    ['-1', '0.00000000000000000001', '-1'],
    ['0.00000000000000001', '0', '0.00000000000000001'],
    ['1e-18', '0', '0'],
    ['-1e-18', '0', '0'],
    ['18446744073709551615', '1', '18446744073709551616'],
    ['18446744073709551616', '1', '18446744073709551616'],
    ['18446744073709551618', '1', '18446744073709551620'],
    ['0x10', '0x.8p1', '17'],
  ];
  it.each(sums)('%s + %s = %s', (a, b, expected) => {
    expect(sum(a, b)).toBe(expected);
  });

  it('reach far beyond doubles, up to their own limit', () => {
    expect(sum('1e400', '1')).toHaveLength(401);
    expect(sum('1.7976931348623157e+308', '1.7976931348623157e+308')).toHaveLength(309);
    expect(sum('1.18e4932', '0')).toHaveLength(4933);
    const overflow = addLongDouble(parse('1e4932') as LongDouble, parse('1e4932') as LongDouble);
    expect(isFiniteLongDouble(overflow)).toBe(false);
    expect(formatLongDouble(overflow)).toBe('inf');
  });

  it('are not what overflows, underflows, is too long or is no number', () => {
    for (const text of [
      '1e4933',
      '-1e4933',
      '1e99999',
      '1e-4970',
      '1e-99999999999',
      '0x1p16384',
      '0x1p-16500',
    ]) {
      expect(parse(text), text).toBe(null);
    }
    for (const text of ['', ' 1', '1 ', 'nan', '1e', '0x', '.', '+', '1\0', 'abc'])
      expect(parse(text), text).toBe(null);
    expect(parse('1'.padStart(5119, '0'))?.mantissa).toBe(1n << 63n);
    expect(parse('1'.padStart(5120, '0'))).toBe(null);
  });

  it('know denormals, to the last one', () => {
    expect(parse('3.6451995318824746025e-4951')?.mantissa).toBe(1n);
    expect(parse('1.9e-4951')?.mantissa).toBe(1n);
    expect(parse('1.8e-4951')).toBe(null);
    expect(parse('3.3621e-4932')?.exponent).toBe(-16445);
  });

  it('add infinities as floats do', () => {
    const [inf, minusInf, one] = ['inf', '-Infinity', '1'].map((text) => parse(text) as LongDouble);
    expect(formatLongDouble(addLongDouble(inf, one))).toBe('inf');
    expect(formatLongDouble(addLongDouble(one, minusInf))).toBe('-inf');
    expect(formatLongDouble(addLongDouble(inf, minusInf))).toBe('nan');
    expect(isFiniteLongDouble(inf)).toBe(false);
  });

  it('come from doubles exactly', () => {
    expect(formatLongDouble(longDoubleFromNumber(0.1))).toBe('0.10000000000000001');
    expect(formatLongDouble(longDoubleFromNumber(-0))).toBe('0');
    expect(formatLongDouble(longDoubleFromNumber(-Infinity))).toBe('-inf');
    for (const n of [1, 0.75, -123456.5, 2 ** 60, -(2 ** 70), 1e22, 5e-324, Number.MIN_VALUE * 3]) {
      const x = longDoubleFromNumber(n);
      const half = Math.trunc(x.exponent / 2);
      expect(Number(x.mantissa) * 2 ** half * 2 ** (x.exponent - half)).toBe(Math.abs(n));
      if (Number.isInteger(n)) expect(formatLongDouble(x)).toBe(BigInt(n).toString());
    }
  });

  it('are the nearest, ties to even, for random decimals', () => {
    for (let round = 0; round < 5000; round++) {
      const digits = BigInt(random.uint32()) * BigInt(random.uint32()) * BigInt(random.uint32()) + 1n;
      const power = random.below(80) - 40;
      const x = parse(`${digits}e${power}`) as LongDouble;
      // Distances to x and to its neighbours, all scaled to integers.
      const scale = 1n << 300n;
      const exact = power < 0 ? digits * scale : digits * scale * 10n ** BigInt(power);
      const unit = power < 0 ? 10n ** BigInt(-power) : 1n;
      const at = (mantissa: bigint): bigint => {
        const scaled = mantissa * unit * scale;
        const value = x.exponent < 0 ? scaled >> BigInt(-x.exponent) : scaled << BigInt(x.exponent);
        return value > exact ? value - exact : exact - value;
      };
      const distance = at(x.mantissa);
      for (const other of [at(x.mantissa - 1n), at(x.mantissa + 1n)]) {
        expect(distance < other || (distance === other && x.mantissa % 2n === 0n), `${digits}e${power}`).toBe(
          true,
        );
      }
      expect(x.mantissa >> 63n).toBe(1n);
    }
  });
});
