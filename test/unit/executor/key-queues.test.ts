/** Queues of those who wait for keys, beside a Map of arrays. */
import { describe, expect, it } from 'vitest';
import { KeyQueues, type Place } from '../../../src/executor/key-queues.ts';
import type { Database } from '../../../src/keyspace/database.ts';
import { seededRandom } from '../base/seeded-random.ts';

const NONE = {} as Database;
const OTHER = {} as Database;

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

describe('KeyQueues', () => {
  it('does not put the same item twice in a row into a queue', () => {
    const queues = new KeyQueues<string>();
    const key = bytesOf('k');
    expect(queues.join(NONE, 1, key, 0, 1, 'a')).not.toBeNull();
    expect(queues.join(NONE, 1, key, 0, 1, 'a')).toBeNull();
    expect(queues.find(NONE, 1, key, 0, 1)!.items()).toEqual(['a']);
  });

  it('tells keys of equal hash and equal keys of two databases apart', () => {
    const queues = new KeyQueues<string>();
    queues.join(NONE, 1, bytesOf('k'), 0, 1, 'a');
    queues.join(NONE, 1, bytesOf('l'), 0, 1, 'b');
    queues.join(OTHER, 1, bytesOf('k'), 0, 1, 'c');
    expect(queues.find(NONE, 1, bytesOf('k'), 0, 1)!.items()).toEqual(['a']);
    expect(queues.find(NONE, 1, bytesOf('xl'), 1, 2)!.items()).toEqual(['b']);
    expect(queues.find(OTHER, 1, bytesOf('k'), 0, 1)!.items()).toEqual(['c']);
    expect(queues.find(OTHER, 1, bytesOf('l'), 0, 1)).toBeNull();
    expect(queues.count).toBe(3);
  });

  it('is what a map of arrays is, whoever joins and leaves', () => {
    const random = seededRandom('key queues');
    const queues = new KeyQueues<number>();
    const model = new Map<string, number[]>();
    const places: { name: string; place: Place<number> }[] = [];
    for (let step = 0; step < 5000; step++) {
      // Two hashes for six keys, so that queues share them.
      const name = 'abcdef'[random.below(6)];
      const hash = name.charCodeAt(0) & 1;
      if (random.below(2) === 0) {
        const place = queues.join(NONE, hash, bytesOf(name), 0, 1, step)!;
        places.push({ name, place });
        model.set(name, [...(model.get(name) ?? []), step]);
      } else if (places.length > 0) {
        const [{ name: left, place }] = places.splice(random.below(places.length), 1);
        queues.leave(place);
        const rest = model.get(left)!.filter((item) => item !== place.item);
        if (rest.length > 0) model.set(left, rest);
        else model.delete(left);
      }
      expect(queues.count).toBe(model.size);
      expect([...queues.all()].length).toBe(model.size);
      const found = queues.find(NONE, hash, bytesOf(name), 0, 1);
      expect(found?.items() ?? null).toEqual(model.get(name) ?? null);
    }
  });
});
