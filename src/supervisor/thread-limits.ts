/** What V8 may take for a thread. */
import type { ResourceLimits } from 'node:worker_threads';
import { type FaultPlace, faultLimits, type ThreadKind } from './fault.ts';

/**
 * The young generation of a worker's heap. The workers make next to no garbage (some 300 bytes for each read of a socket), so a small one costs
 * 0.2 to 0.4 % of the time (with half of it, collections of 0.25 ms come twice as often), and keeps V8 from taking a megabyte more with the first
 * large value or the first thousand clients.
 */
const YOUNG_GENERATION_MB = 2;

/** The executor's thread is started before it is known whether it is an io worker's too. */
const FAULT_PLACES: Record<ThreadKind, FaultPlace[]> = {
  io: ['io'],
  executor: ['executor', 'io'],
  bio: ['bio'],
};

export function threadLimits(kind: ThreadKind): ResourceLimits {
  return { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB, ...faultLimits(...FAULT_PLACES[kind]) };
}
