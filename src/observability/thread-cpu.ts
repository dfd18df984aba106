/**
 * The processor time of single threads, which the runtime does not tell: Linux does, in /proc. A thread learns its number at its start and leaves it
 * in the process's control block; whoever wants the figures reads them when they are asked for.
 */
import { readFileSync, readlinkSync } from 'node:fs';

/** The unit of the times in /proc. */
const TICK_US = 10_000;
/** Fields behind the name in parentheses: the state is the first. */
const FIELD_USER = 11;
const FIELD_SYSTEM = 12;

export interface CpuTime {
  userUs: number;
  systemUs: number;
}

/** The number of the calling thread; 0 where the system does not tell. */
export function ownThreadId(): number {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/')[2]) || 0;
  } catch {
    return 0;
  }
}

/** What a thread of this process has used, to a hundredth of a second; null where the system does not tell. */
export function threadCpu(threadId: number): CpuTime | null {
  if (threadId === 0) return null;
  try {
    const text = readFileSync(`/proc/self/task/${threadId}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { userUs: Number(fields[FIELD_USER]) * TICK_US, systemUs: Number(fields[FIELD_SYSTEM]) * TICK_US };
  } catch {
    return null;
  }
}
