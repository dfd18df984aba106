// How long a thread was ready to run and had no core: what Linux counts in /proc/PID/task/TID/schedstat
// (Documentation/scheduler/sched-stats.rst: nanoseconds on a core, nanoseconds waiting for one, number of turns).
//
// On a machine with fewer cores than busy threads a client's latency holds the waits of the server's thread and its own:
// these are the machine's, not the server's.
import { openSync, readdirSync, readSync } from 'node:fs';

const TEXT_BYTES = 128;
const text = Buffer.alloc(TEXT_BYTES);

/** One open schedstat file; a read takes some microseconds and no memory that stays. */
class SchedStat {
  /** @param {string} path */
  constructor(path) {
    this.fd = openSync(path, 'r');
  }

  /** @returns {string[]} the three figures */
  fields() {
    return text.latin1Slice(0, readSync(this.fd, text, 0, TEXT_BYTES, 0)).split(' ');
  }

  /** @returns {number} milliseconds on a core so far */
  ranMs() {
    return Number(this.fields()[0]) / 1e6;
  }

  /** @returns {number} milliseconds of waiting for a core so far; a wait counts when it ends */
  waitedMs() {
    return Number(this.fields()[1]) / 1e6;
  }
}

/** @returns {SchedStat} of this process's first thread, the one that runs its JavaScript */
export function ownThread() {
  return new SchedStat(`/proc/self/task/${process.pid}/schedstat`);
}

/**
 * @param {number} pid
 * @param {() => Promise<unknown>} work gives the process something to do, as it will be given later
 * @returns {Promise<SchedStat>} the thread of that process that did most of it
 */
export async function threadThatWorks(pid, work) {
  const threads = readdirSync(`/proc/${pid}/task`).map(
    (id) => new SchedStat(`/proc/${pid}/task/${id}/schedstat`),
  );
  const before = threads.map((thread) => thread.ranMs());
  await work();
  const ran = threads.map((thread, index) => thread.ranMs() - before[index]);
  return threads[ran.indexOf(Math.max(...ran))];
}
