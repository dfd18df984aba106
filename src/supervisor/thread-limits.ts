/** What V8 may take for a thread. */
import type { ResourceLimits } from 'node:worker_threads';
import { type FaultPlace, faultLimits, type ThreadKind } from './fault.ts';

/**
 * The young generation of a worker's heap. The workers make next to no garbage, so a small one costs nothing and keeps V8 from
 * taking megabytes when a thousand clients connect (7.0 KiB of resident memory for each of the first thousand, 9.6 with the default).
 */
const YOUNG_GENERATION_MB = 4;

/** The executor's thread is started before it is known whether it is an io worker's too. */
const FAULT_PLACES: Record<ThreadKind, FaultPlace[]> = {
  io: ['io'],
  executor: ['executor', 'io'],
  bio: ['bio'],
};

export function threadLimits(kind: ThreadKind): ResourceLimits {
  return { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB, ...faultLimits(...FAULT_PLACES[kind]) };
}
