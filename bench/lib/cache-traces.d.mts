/** For the tests in TypeScript that replay traces: see cache-traces.mjs. */
export const TRACES: string[];
export function makeTrace(
  name: string,
  options: { keys: number; requests: number; batch: number; seed: number },
): Int32Array;
export function limitToKeys(
  port: number,
  options: { capacity: number; valueBytes: number; policy: string },
): Promise<void>;
export function replay(
  port: number,
  trace: Int32Array,
  options: { batch: number; rate: number; valueBytes: number },
): Promise<{ hitRate: number; keys: number }>;
