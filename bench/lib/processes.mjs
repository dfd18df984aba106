// What Linux says about a process: CPU time, memory. Whole process, all of its threads.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const MICROS_PER_SECOND = 1_000_000;
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/**
 * @param {number} pid
 * @returns {number} CPU time used so far, user and system, in microseconds; it advances in ticks of 10 ms
 */
export function cpuMicros(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the name in parentheses and may hold anything: count from its end. After it comes
  // field 3, so utime (14) and stime (15) are at 11 and 12.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * MICROS_PER_SECOND) / ticksPerSecond;
}

/** @param {number} pid @returns {number} resident memory in bytes */
export function residentBytes(pid) {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (!match) throw new Error(`process ${pid} has no resident memory: it has ended`);
  return Number(match[1]) * 1024;
}
