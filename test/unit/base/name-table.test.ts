/** Things by name, against a Map; hashes that collide. */
import { expect, it } from 'vitest';
import { type Named, NameTable } from '../../../src/base/name-table.ts';
import { seededRandom } from './seeded-random.ts';

class Thing implements Named<Thing> {
  next: Thing | null = null;
  constructor(
    readonly hash: number,
    readonly name: string,
  ) {}
}

it('finds what was added and not removed, by bytes within others', () => {
  const random = seededRandom('name table');
  const table = new NameTable<Thing>();
  const model = new Map<string, Thing>();
  for (let step = 0; step < 20_000; step++) {
    const name = String.fromCharCode(...Array.from({ length: random.below(3) }, () => 250 + random.below(6)));
    // Few hashes, so that most are shared.
    const hash = (name.length * 3 + (name.charCodeAt(0) || 0)) % 5;
    const bytes = Buffer.from(`<${name}>`, 'latin1');
    const found = table.find(hash, bytes, 1, bytes.length - 1);
    expect(found).toBe(model.get(name) ?? null);
    if (found === null) {
      const thing = new Thing(hash, name);
      model.set(name, thing);
      table.add(thing);
    } else if (random.below(2) === 0) {
      model.delete(name);
      table.remove(found);
    }
    expect(table.count).toBe(model.size);
  }
  expect(new Set(table)).toEqual(new Set(model.values()));
});
