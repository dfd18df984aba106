/** What V8 may take for a thread. */
import type { ResourceLimits } from 'node:worker_threads';
import { faultLimits, type ThreadKind } from './fault.ts';

/**
 * The young generation of a worker's heap. The workers make next to no garbage, so a small one costs nothing and keeps V8 from
 * taking megabytes when a thousand clients connect (7.0 KiB of resident memory for each of the first thousand, 9.6 with the default).
 */
const YOUNG_GENERATION_MB = 4;

export function threadLimits(kind: ThreadKind): ResourceLimits {
  return { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB, ...faultLimits(kind) };
}
