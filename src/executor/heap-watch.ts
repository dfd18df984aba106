/**
 * The executor's own JS heap: its size, and what its garbage collections cost.
 *
 * Collections are told by a PerformanceObserver, one small entry each. v8.GCProfiler would give exact figures too, but it writes a text about the whole
 * heap at each, and on Node 20 a stopped one goes on writing until it is itself collected: hundreds of megabytes in minutes.
 */
import {
  constants,
  type NodeGCPerformanceDetail,
  type PerformanceEntry,
  PerformanceObserver,
} from 'node:perf_hooks';
import v8 from 'node:v8';

type Collection = PerformanceEntry & { detail: NodeGCPerformanceDetail };

export class HeapWatch {
  private majorGcs = 0;
  private maxPauseMs = 0;

  /** Begins to count collections on the calling thread. */
  start(): void {
    const observer = new PerformanceObserver((entries) => {
      for (const entry of entries.getEntries()) this.add(entry as Collection);
    });
    observer.observe({ entryTypes: ['gc'] });
  }

  private add({ detail, duration }: Collection): void {
    if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) this.majorGcs++;
    this.maxPauseMs = Math.max(this.maxPauseMs, duration);
  }

  figures(): { usedBytes: number; totalBytes: number; majorGcs: number; gcMaxPauseMs: number } {
    const heap = v8.getHeapStatistics();
    return {
      usedBytes: heap.used_heap_size,
      totalBytes: heap.total_heap_size,
      majorGcs: this.majorGcs,
      gcMaxPauseMs: this.maxPauseMs,
    };
  }

  reset(): void {
    this.majorGcs = 0;
    this.maxPauseMs = 0;
  }
}
