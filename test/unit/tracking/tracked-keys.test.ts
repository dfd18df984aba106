/** The table of CLIENT TRACKING against a Map of Sets. */
import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.ts';
import { SipHasher } from '../../../src/base/siphash.ts';
import { TrackedKeys } from '../../../src/tracking/tracked-keys.ts';
import { seededRandom } from '../base/seeded-random.ts';

const hasher = new SipHasher(3, 4);

function bytesOf(key: string): Uint8Array {
  return Uint8Array.from(key, (char) => char.charCodeAt(0));
}

function add(table: TrackedKeys, key: string, id: number): boolean {
  const bytes = bytesOf(key);
  return table.add(hasher.hash(bytes, 0, bytes.length), bytes, 0, bytes.length, id);
}

function remove(table: TrackedKeys, key: string): number[] {
  const bytes = bytesOf(key);
  return table.ids.slice(0, table.remove(hasher.hash(bytes, 0, bytes.length), bytes, 0, bytes.length));
}

describe('tracked keys', () => {
  it('hold what a Map of Sets holds, ids in order, and give all memory back', () => {
    const random = seededRandom('tracked keys');
    const table = new TrackedKeys();
    const model = new Map<string, Set<number>>();
    const key = () => 'k'.repeat(random.below(400)) + random.below(200);
    for (let i = 0; i < 40_000; i++) {
      const name = key();
      if (random.below(5) > 0) {
        // Ids beyond 32 bits, too.
        const id = random.below(60) * (random.below(2) === 0 ? 1 : 2 ** 33);
        expect(add(table, name, id)).toBe(true);
        const ids = model.get(name) ?? new Set();
        model.set(name, ids.add(id));
      } else {
        const ids = [...(model.get(name) ?? [])].sort((a, b) => a - b);
        expect(remove(table, name)).toEqual(ids);
        model.delete(name);
      }
      if (i % 1000 === 0) {
        expect(table.count).toBe(model.size);
        expect(table.items).toBe([...model.values()].reduce((sum, ids) => sum + ids.size, 0));
      }
    }
    const prng = new Prng(5);
    while (table.count > 0) {
      table.chooseAny(prng);
      const name = String.fromCharCode(...table.bytes.subarray(table.start, table.end));
      expect(remove(table, name)).toEqual([...model.get(name)!].sort((a, b) => a - b));
      model.delete(name);
    }
    expect(model.size).toBe(0);
    expect(table.items).toBe(0);
    expect(table.usedBytes).toBeLessThan(100);
  });

  it('a key that a hundred thousand sessions have read refuses more ids than fit, and can be begun anew', () => {
    const table = new TrackedKeys();
    let id = 0;
    while (add(table, 'hot', id)) id++;
    expect(id).toBeGreaterThan(100_000);
    expect(remove(table, 'hot').length).toBe(id);
    expect(add(table, 'hot', 1)).toBe(true);
    table.clear();
    expect([table.count, table.items]).toEqual([0, 0]);
    expect(remove(table, 'hot')).toEqual([]);
  });
});
