/**
 * INFO threads, which no other server has: what each thread does.
 *
 *   thread_io_0:busy=0.42,ring_depth=0,batches=91,commands=4550,commands_per_batch=50.0,parks=12,wakeups=12,heap_bytes=...,cpu_user=1.20,cpu_sys=0.30
 *
 * The ring's depth is in words of descriptors, some ten to a request, the one that asks included. A batch is what an io worker published at once, and for the executor what one ring held when it was looked at. Processor time is in seconds, where the system tells it of single threads; a thread that two share shows the same in both lines. A park is a
 * time that the thread went to sleep, a wake-up a time that another thread ended it.
 */
import type { ThreadFigures } from '../figures.ts';
import { field, type InfoFacts, type InfoSection } from '../info-section.ts';

export const THREADS: InfoSection = {
  name: 'threads',
  title: 'Threads',
  usual: true,
  fields: [
    field('io_threads', ({ server }) => server.host.ioThreads),
    field('executor_thread', ({ server }) => (server.host.sharedThread ? 'shared' : 'own')),
    field('cores', ({ server }) => server.host.cores),
    field('executor_heap_used_bytes', ({ heap }) => heap.usedBytes),
    field('executor_heap_total_bytes', ({ heap }) => heap.totalBytes),
    field('executor_major_gcs', ({ heap }) => heap.majorGcs),
    field('executor_gc_max_pause_ms', ({ heap }) => heap.gcMaxPauseMs.toFixed(3)),
    field('executor_stall_max_ms', ({ heap }) => heap.stallMaxMs.toFixed(3)),
    field('io_heap_used_bytes', ioHeapBytes),
  ],
  lines: ({ threads }) => threads.map(threadLine),
};

function ioHeapBytes({ threads }: InfoFacts): number {
  return threads.reduce((sum, { name, heapBytes }) => sum + (name.startsWith('io_') ? heapBytes : 0), 0);
}

function cpuSeconds(us: number): string {
  return (us / 1e6).toFixed(2);
}

function threadLine(row: ThreadFigures): string {
  const perBatch = row.batches > 0 ? row.commands / row.batches : 0;
  const figures = [
    `busy=${row.busy.toFixed(2)}`,
    `ring_depth=${row.ringDepth}`,
    `batches=${row.batches}`,
    `commands=${row.commands}`,
    `commands_per_batch=${perBatch.toFixed(1)}`,
    `parks=${row.parks}`,
    `wakeups=${row.wakeups}`,
    `heap_bytes=${row.heapBytes}`,
    ...(row.cpu === null
      ? []
      : [`cpu_user=${cpuSeconds(row.cpu.userUs)}`, `cpu_sys=${cpuSeconds(row.cpu.systemUs)}`]),
  ];
  return `thread_${row.name}:${figures.join(',')}`;
}
