// What adding, removing, sampling and popping an expire time cost, with a million of them.
import { Prng } from '../../src/base/prng.ts';
import { Arena } from '../../src/memory/arena.ts';
import { ExpiryIndex } from '../../src/memory/expiry-index.ts';

const COUNT = 1_000_000;
const arena = new Arena();
const prng = new Prng(1);
const times = new Float64Array(COUNT);
const hashes = new Int32Array(COUNT).map(() => prng.nextInt32());

function measure(name: string, run: () => void): void {
  const begin = performance.now();
  run();
  console.log(
    `${name.padEnd(52)} ${((performance.now() - begin) * (1e6 / COUNT)).toFixed(0).padStart(9)} ns`,
  );
}

function round(index: ExpiryIndex, order: string): void {
  measure(`add, times ${order}`, () => {
    for (let i = 0; i < COUNT; i++) index.add(times[i], hashes[i]);
  });
  console.log(`  ${(index.bytes / COUNT).toFixed(1)} B per entry`);
  measure('at a random rank', () => {
    for (let i = 0; i < COUNT; i++) index.at(prng.below(COUNT));
  });
  measure('remove and add again, random ones', () => {
    for (let n = 0; n < COUNT; n++) {
      const i = prng.below(COUNT);
      index.remove(times[i], hashes[i]);
      times[i] += 0.5;
      index.add(times[i], hashes[i]);
    }
  });
  measure('firstTime, firstHash and popFirst', () => {
    while (index.firstTime() < Infinity) {
      index.firstHash();
      index.popFirst();
    }
  });
}

const index = new ExpiryIndex(arena);
for (let i = 0; i < 3; i++) {
  for (let n = 0; n < COUNT; n++) times[n] = 1.7e12 + prng.below(3_600_000);
  round(index, 'random');
  for (let n = 0; n < COUNT; n++) times[n] = 1.7e12 + (n >>> 3);
  round(index, 'in order');
}
