// Runs tasks with tinybench and prints nanoseconds per operation. A task does a batch of operations per call, because reading the
// clock costs more than most of them. Tasks take turns in one run; the median of the batches is what a task costs, the best
// tells how much of that is the machine's noise.
import { Bench } from 'tinybench';

export interface Batch {
  name: string;
  /** Operations that one call of `run` does. */
  operations: number;
  run: () => void;
  /** Before each call, not timed. */
  prepare?: () => void;
}

export async function perOperation(batches: Batch[], time = 300): Promise<void> {
  const bench = new Bench({ time, warmupTime: time / 3, retainSamples: true });
  for (const batch of batches) bench.add(batch.name, batch.run, { beforeEach: batch.prepare });
  await bench.run();
  for (const batch of batches) {
    const result = bench.getTask(batch.name)?.result;
    if (result?.state !== 'completed') throw new Error(`${batch.name}: ${JSON.stringify(result)}`);
    const median = toNanoseconds(result.latency.p50, batch.operations);
    const best = toNanoseconds(result.latency.min, batch.operations);
    console.log(`${batch.name.padEnd(52)} ${median.padStart(9)} ns   best ${best.padStart(9)}`);
  }
}

function toNanoseconds(ms: number, operations: number): string {
  return ((ms * 1e6) / operations).toFixed(1);
}
