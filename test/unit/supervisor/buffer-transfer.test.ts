import { describe, expect, it } from 'vitest';
import { provideTransfer } from '../../../src/supervisor/buffer-transfer.ts';

describe('provideTransfer()', () => {
  it('gives the thread a transfer() that empties the buffer it is called on, the first time and later', () => {
    provideTransfer();
    for (const size of [0, 4]) {
      const buffer = new ArrayBuffer(8);
      new Uint8Array(buffer).fill(7);
      const moved = buffer.transfer(size);
      expect(buffer.byteLength).toBe(0);
      expect([...new Uint8Array(moved)]).toEqual(new Array(size).fill(7));
    }
  });

  it('leaves no flag of V8 behind: a new realm has what a realm had before', async () => {
    const { runInNewContext } = await import('node:vm');
    const before = runInNewContext(`'transfer' in ArrayBuffer.prototype`);
    provideTransfer();
    new ArrayBuffer(8).transfer(0);
    expect(runInNewContext(`'transfer' in ArrayBuffer.prototype`)).toBe(before);
  });
});
