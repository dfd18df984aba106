import { expect, test } from 'vitest';
import type { Prng } from '../../src/base/prng.ts';
import { Arena, FIRST_SEGMENT_SIZE_MIN, MAX_ALLOCATION } from '../../src/memory/arena.ts';
import { auditArena } from '../../src/memory/arena-audit.ts';
import { check, NO_HURRY, operations, seededPrng } from './memory-model.ts';

/** The naive model: the owner of each granule, and a list of cells. Owner 0 is nobody. */
class CellModel {
  readonly arena = new Arena(FIRST_SEGMENT_SIZE_MIN);
  readonly addresses: number[] = [];
  readonly sizes: number[] = [];
  private readonly owned: Uint8Array[] = [];

  allocate(bytes: number): void {
    const address = this.arena.allocate(bytes);
    const size = this.arena.sizeOf(address);
    check(size >= bytes, `asked for ${bytes} bytes, got ${size}`);
    this.mark(address, size, 0, 1);
    this.addresses.push(address);
    this.sizes.push(size);
    this.sign(address, size);
  }

  /** Frees the i-th cell, if nobody wrote over the ends of it. */
  free(i: number): void {
    const address = this.addresses[i];
    const size = this.sizes[i];
    check(this.isSigned(address, size), `cell ${address} of ${size} bytes was overwritten`);
    check(this.arena.sizeOf(address) === size, `cell ${address} changed its size`);
    this.mark(address, size, 1, 0);
    this.arena.free(address);
    const last = this.addresses.pop() as number;
    const lastSize = this.sizes.pop() as number;
    if (i < this.addresses.length) {
      this.addresses[i] = last;
      this.sizes[i] = lastSize;
    }
  }

  usedBytes(): number {
    return this.sizes.reduce((sum, size) => sum + size, 0);
  }

  private mark(address: number, size: number, from: number, to: number): void {
    const owned = (this.owned[address >>> 22] ??= new Uint8Array(1 << 22));
    const first = address & 0x3fffff;
    for (let granule = first; granule < first + size / 16; granule++) {
      if (owned[granule] !== from) check(false, `granule ${granule} of cell ${address} is someone else's`);
      owned[granule] = to;
    }
  }

  private sign(address: number, size: number): void {
    const words = this.arena.i32[address >>> 22];
    const first = (address & 0x3fffff) << 2;
    words[first] = address;
    words[first + size / 4 - 1] = ~address;
    if (size === 16) words[first] = ~address;
  }

  private isSigned(address: number, size: number): boolean {
    const words = this.arena.i32[address >>> 22];
    const first = (address & 0x3fffff) << 2;
    return words[first + size / 4 - 1] === ~address && (size === 16 || words[first] === address);
  }
}

/** Mostly small, sometimes large, seldom huge. */
function randomSize(prng: Prng): number {
  const kind = prng.below(1000);
  if (kind < 900) return 1 + prng.below(600);
  if (kind < 990) return 1 + prng.below(8000);
  if (kind < 999) return 1 + prng.below(60_000);
  return 1 + prng.below(MAX_ALLOCATION);
}

test(
  'cells never overlap, totals stay exact and all structures stay sound through random use',
  NO_HURRY,
  () => {
    const prng = seededPrng('arena');
    const model = new CellModel();
    const total = operations(1_000_000);
    const phase = Math.ceil(total / 20);
    let wanted = 0;
    for (let i = 0; i < total; i++) {
      if (i % phase === 0) wanted = prng.below(60_000);
      const grow = prng.below(100) < (model.addresses.length < wanted ? 75 : 25);
      if (grow || model.addresses.length === 0) model.allocate(randomSize(prng));
      else model.free(prng.below(model.addresses.length));
      if (i % phase === phase - 1) {
        expect(model.arena.usedBytes).toBe(model.usedBytes());
        auditArena(model.arena);
        if (prng.below(2) === 0) model.arena.trim();
      }
    }
    while (model.addresses.length > 0) model.free(prng.below(model.addresses.length));
    auditArena(model.arena);
    expect(model.arena.usedBytes).toBe(0);
    model.arena.trim();
    expect(model.arena.reservedBytes).toBe(0);
  },
);

test('a workload of one size class after another re-uses the pages of the one before', NO_HURRY, () => {
  const prng = seededPrng('arena, size classes');
  const model = new CellModel();
  let reservedMax = 0;
  for (const bytes of [16, 4096, 96, 1024, 20_000, 100_000, 48]) {
    for (let used = 0; used < 10_000_000; used += bytes) model.allocate(bytes);
    reservedMax = Math.max(reservedMax, model.arena.reservedBytes);
    while (model.addresses.length > 0) model.free(prng.below(model.addresses.length));
    auditArena(model.arena);
  }
  // 10 MB live at most; segments of 2, 4 and 8 MiB hold that, with the pages reserved per segment.
  expect(reservedMax).toBeLessThanOrEqual(14 * 1024 * 1024);
});
