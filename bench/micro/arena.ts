// What a cell costs: taken and given back at once, in bulk, and from a heap whose free cells lie scattered.
import { Prng } from '../../src/base/prng.ts';
import { Arena } from '../../src/memory/arena.ts';
import { perOperation } from './lib/per-operation.ts';

const CELLS = 100_000;
const arena = new Arena();
const cells = new Int32Array(CELLS);
const prng = new Prng(1);
const order = new Int32Array(CELLS).map((_, i) => i);
for (let i = CELLS - 1; i > 0; i--) {
  const j = prng.below(i + 1);
  [order[i], order[j]] = [order[j], order[i]];
}
const sizes = new Int32Array(CELLS).map(() => 1 + prng.below(600));

function pairs(): void {
  for (let i = 0; i < CELLS; i++) arena.free(arena.allocate(sizes[i]));
}

function allocateSame(): void {
  for (let i = 0; i < CELLS; i++) cells[i] = arena.allocate(96);
}

function allocateMixed(): void {
  for (let i = 0; i < CELLS; i++) cells[i] = arena.allocate(sizes[i]);
}

function freeInOrder(): void {
  for (let i = 0; i < CELLS; i++) arena.free(cells[i]);
}

function freeScattered(): void {
  for (let i = 0; i < CELLS; i++) arena.free(cells[order[i]]);
}

// Half of a larger population is free in between, so that spans are partly full.
const population = new Int32Array(4 * CELLS);
function replaceScattered(): void {
  for (let i = 0; i < CELLS; i++) {
    const at = (order[i] * 4 + (i & 3)) % population.length;
    arena.free(population[at]);
    population[at] = arena.allocate(sizes[i]);
  }
}

await perOperation([{ name: 'allocate and free at once, 1-600 B', operations: CELLS, run: pairs }]);
for (const [name, allocate, free] of [
  ['96 B, freed in order', allocateSame, freeInOrder],
  ['96 B, freed scattered', allocateSame, freeScattered],
  ['1-600 B, freed scattered', allocateMixed, freeScattered],
] as const) {
  await perOperation([
    {
      name: `allocate + free: ${name}`,
      operations: CELLS,
      run: () => {
        allocate();
        free();
      },
    },
  ]);
}
for (let i = 0; i < population.length; i++) population[i] = arena.allocate(sizes[i % CELLS]);
await perOperation([
  { name: 'free one, allocate another size, among 400,000', operations: CELLS, run: replaceScattered },
]);
