import { describe, expect, it } from 'vitest';
import { bytesFromString } from '../../../src/base/bytes.ts';
import { xxh3Hex } from '../../../src/base/xxh3.ts';

/** Bytes that every vector below is a beginning of. */
const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 131 + (i >> 8) * 17 + 7) & 255);

/** Size and hash, from the reference library (xxhash 0.8 by its Python binding). */
const VECTORS: [size: number, hash: string][] = [
  [0, '2d06800538d394c2'],
  [1, '4c5cca45d0f4811f'],
  [2, '29c60963cbfa4e6e'],
  [3, '6e3e2670e61106ac'],
  [4, '5c4c63133443d03f'],
  [5, '49f5eb3111280b63'],
  [7, '46a5c724d51fe43f'],
  [8, 'f9fd4dd0b04d78f5'],
  [9, '7c20df9712c26edf'],
  [12, '16d2dff54dc2ee45'],
  [15, 'b345a7b2698ba575'],
  [16, '86abf6baccea0858'],
  [17, 'b58bf5dc5022d071'],
  [20, '67d45431cec6c464'],
  [31, '48442fcd5518b086'],
  [32, 'e3712ed84c04a66e'],
  [33, 'a4dee99b093e1f73'],
  [63, '30ca01f63dcc223b'],
  [64, '1291d2d4042330dd'],
  [65, '97c6bf83217e5ec9'],
  [96, '81296929fc063365'],
  [127, 'ed4cf62104020db5'],
  [128, '10d17f72c0ccba41'],
  [129, '1648bdc3db49d1a2'],
  [130, 'c65f0f545fa96def'],
  [143, 'd05ced598f7f87b3'],
  [144, 'b46dbfc6d9e31aba'],
  [160, '655c8dc33b4b4c4a'],
  [192, 'daf64f63dc7d5e36'],
  [239, 'f0d154819adb16cd'],
  [240, 'b6cfaf343fab81e6'],
  [241, '956cae592c67279e'],
  [242, '9222dbafc36cba83'],
  [255, '64a6073025eb7929'],
  [256, 'b15e550733c5dfac'],
  [257, 'c6dea86d5afd33ae'],
  [320, '50c64a131ba9ddea'],
  [512, '31cc4c8456761b50'],
  [1000, '377b990643fe09c3'],
  [1023, 'aa76836516a7ea30'],
  [1024, 'a1e16f2edf2cbed6'],
  [1025, '0a6d2c17259fe4bb'],
  [1087, 'c1f1fb3c5704335c'],
  [1088, '0ef0c0dc0e8682f1'],
  [1089, 'e9459411d2759a81'],
  [2047, '9ec85163f94a6b6d'],
  [2048, '1c81a12455515459'],
  [2049, 'e54b75096179fb9c'],
  [4096, '48aa0572119e973a'],
  [10000, '01480d0a64709ef6'],
  [20000, '7ed8363b05e517b4'],
];

describe('xxh3', () => {
  it.each(VECTORS)('hashes %i bytes as the reference does', (size, hash) => {
    expect(xxh3Hex(bytes, 0, size)).toBe(hash);
  });

  it('hashes every size up to 5,000 as the reference does', () => {
    const hashes = Array.from({ length: 5000 }, (_, size) => xxh3Hex(bytes, 0, size)).join('');
    const all = Uint8Array.from(hashes.match(/../g)!, (byte) => Number.parseInt(byte, 16));
    expect(xxh3Hex(all, 0, all.length)).toBe('87d3f21f4a80a02c');
  });

  it('hashes a part of an array as it hashes the part alone', () => {
    for (const size of [0, 3, 8, 16, 100, 200, 3000]) {
      expect(xxh3Hex(bytes, 1001, 1001 + size)).toBe(xxh3Hex(bytes.slice(1001, 1001 + size), 0, size));
    }
  });

  it('keeps leading zeros, and gives what the documentation of DIGEST shows', () => {
    const text =
      'v8lf0c11xh8ymlqztfd3eeq16kfn4sspw7fqmnuuq3k3t75em5wdizgcdw7uc26nnf961u2jkfzkjytls2kwlj7626sd';
    expect(xxh3Hex(bytesFromString(text), 0, text.length)).toBe('00006c38adf31777');
    expect(xxh3Hex(bytesFromString('Hello world'), 0, 11)).toBe('b6acb9d84a38ff74');
  });
});
