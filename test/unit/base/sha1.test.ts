/** SHA-1 against Node's own, at every length around the block size. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { sha1 } from '../../../src/base/sha1.ts';

it('is what node:crypto computes, for every length up to three blocks and some longer ones', () => {
  const out = new Uint8Array(30);
  for (const size of [...Array(200).keys(), 1000, 4095, 65537]) {
    const bytes = Uint8Array.from({ length: size + 3 }, (_, i) => (i * 167 + size) & 255);
    sha1(bytes, 3, size + 3, out, 5);
    expect(Buffer.from(out.subarray(5, 25)).toString('hex')).toBe(
      createHash('sha1').update(bytes.subarray(3)).digest('hex'),
    );
  }
});
