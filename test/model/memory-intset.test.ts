/** Intsets against a sorted array of BigInts: adding, finding and removing values of every width, and refusing what is no intset. */
import { expect, it } from 'vitest';
import { int64, int64FromBigInt, int64ToBigInt } from '../../src/base/int64.ts';
import * as intset from '../../src/memory/intset.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';

const OPERATIONS = 20_000;
const AT = 3;

const random = seededRandom('model/intset');

function anyValue(bits: number): bigint {
  const wide = (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());
  const value = BigInt.asIntN(64, wide) >> BigInt(64 - bits);
  return random.below(20) === 0
    ? random.pick([-32768n, 32767n, 32768n, -32769n, 2147483647n, 2147483648n, -(2n ** 63n)])
    : value;
}

function valueAt(u8: Uint8Array, index: number): bigint {
  intset.read(u8, AT, index);
  return int64ToBigInt(int64.hi, int64.lo);
}

function wordsOf(value: bigint): [number, number] {
  int64FromBigInt(value);
  return [int64.hi, int64.lo];
}

function check(u8: Uint8Array, model: bigint[]): void {
  expect(intset.count(u8, AT)).toBe(model.length);
  expect(model.map((_, i) => valueAt(u8, i))).toEqual(model);
  if (model.length > 0) expect(intset.isValid(u8, AT, intset.totalBytes(u8, AT))).toBe(true);
}

it.each([6, 16, 20, 32, 40, 64])('does what a sorted array does, with values of %i bits', (bits) => {
  const u8 = new Uint8Array(64 << 10);
  const model: bigint[] = [];
  intset.writeEmpty(u8, AT);
  for (let i = 0; i < OPERATIONS / 6; i++) {
    const value = model.length > 0 && random.below(3) === 0 ? random.pick(model) : anyValue(bits);
    const [hi, lo] = wordsOf(value);
    const place = intset.find(u8, AT, hi, lo);
    const index = model.indexOf(value);
    expect(place >= 0 ? place : -1).toBe(index);
    if (index >= 0 && random.below(2) === 0) {
      intset.removeAt(u8, AT, place);
      model.splice(index, 1);
    } else if (index < 0) {
      const size = intset.sizeWith(u8, AT, hi, lo);
      intset.insert(u8, AT, place, hi, lo);
      expect(intset.totalBytes(u8, AT)).toBe(size);
      model.push(value);
      model.sort((a, b) => (a < b ? -1 : 1));
    }
    if (i % 100 === 0) check(u8, model);
  }
  check(u8, model);
});

it('is the bytes that Redis has', () => {
  const u8 = new Uint8Array(64);
  intset.writeEmpty(u8, 0);
  for (const value of [300n, 1n, 2n]) {
    const [hi, lo] = wordsOf(value);
    intset.insert(u8, 0, intset.find(u8, 0, hi, lo), hi, lo);
  }
  expect(Buffer.from(u8.subarray(0, 14)).toString('hex')).toBe('0200000003000000010002002c01');
});

it('isValid: refuses wrong widths, sizes, counts and orders', () => {
  const valid = Buffer.from('0200000003000000010002002c01', 'hex');
  const is = (bytes: Uint8Array): boolean => intset.isValid(bytes, 0, bytes.length);
  expect(is(valid)).toBe(true);
  for (let cut = 0; cut < valid.length; cut++) expect(is(valid.subarray(0, cut))).toBe(false);
  for (const [at, byte] of [
    [0, 3],
    [0, 4],
    [4, 2],
    [4, 0],
    [7, 255],
    [8, 2],
    [11, 2],
  ]) {
    const bad = Uint8Array.from(valid);
    bad[at] = byte;
    expect(is(bad), `byte ${at} = ${byte}`).toBe(false);
  }
});
