import { describe, expect, it } from 'vitest';
import { bytesFromString } from '../../../src/base/bytes.ts';
import { crc16, keySlot } from '../../../src/base/crc16.ts';
import { crc64, equalsCrc64, updateCrc64, writeCrc64 } from '../../../src/base/crc64.ts';
import { seededRandom } from './seeded-random.ts';

const random = seededRandom('crc');
const CHECK = bytesFromString('123456789');

function slot(key: string): number {
  const bytes = bytesFromString(`{${key}}`);
  return keySlot(bytes, 1, 1 + key.length);
}

/** The definition of the checksum, a bit at a time. */
function crc64Reference(bytes: Uint8Array): bigint {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
  }
  return crc;
}

function current(): bigint {
  return (BigInt(crc64.hi >>> 0) << 32n) | BigInt(crc64.lo >>> 0);
}

describe('crc16', () => {
  it('gives the check value of XMODEM, inside its span', () => {
    expect(crc16(CHECK, 0, 9)).toBe(0x31c3);
    expect(crc16(bytesFromString('x123456789x'), 1, 10)).toBe(0x31c3);
    expect(crc16(CHECK, 3, 3)).toBe(0);
  });

  it('keySlot hashes the tag alone, if there is one that is not empty', () => {
    expect(slot('foo')).toBe(12182);
    expect(slot('{user1000}.following')).toBe(slot('user1000'));
    expect(slot('foo{{bar}}zap')).toBe(slot('{bar'));
    expect(slot('foo{bar}{zap}')).toBe(slot('bar'));
    const whole = (key: string): number => crc16(bytesFromString(key), 0, key.length) & 16383;
    for (const key of ['foo{}{bar}', '{}', '{', '}', '}{', 'foo{bar', ''])
      expect(slot(key), key).toBe(whole(key));
  });
});

describe('crc64', () => {
  it('gives the check value, and its bytes as a file has them', () => {
    updateCrc64(0, 0, CHECK, 0, 9);
    expect(current()).toBe(0xe9c6d914c4b8d9can);
    const out = new Uint8Array(10);
    writeCrc64(crc64.hi, crc64.lo, out, 1);
    expect([...out]).toEqual([0, 0xca, 0xd9, 0xb8, 0xc4, 0x14, 0xd9, 0xc6, 0xe9, 0]);
    expect(equalsCrc64(crc64.hi, crc64.lo, out, 1)).toBe(true);
    for (let i = 1; i < 9; i++)
      expect(equalsCrc64(crc64.hi, crc64.lo, out.with(i, out[i] ^ 1), 1)).toBe(false);
  });

  it('agrees with the definition at every size, however the bytes are cut', () => {
    for (let size = 0; size < 80; size++) {
      const bytes = Uint8Array.from({ length: size }, () => random.below(256));
      const expected = crc64Reference(bytes);
      updateCrc64(0, 0, bytes, 0, size);
      expect(current()).toBe(expected);
      const cut = random.below(size + 1);
      updateCrc64(0, 0, bytes, 0, cut);
      updateCrc64(crc64.hi, crc64.lo, bytes, cut, size);
      expect(current()).toBe(expected);
    }
  });
});
