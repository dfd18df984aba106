/** The executor's own JS heap: its size, and what its garbage collections cost. */
import v8 from 'node:v8';

export class HeapWatch {
  private profiler: v8.GCProfiler | null = null;
  private majorGcs = 0;
  private maxPauseMs = 0;

  /** Collects what happened since the last call; once a second is enough. */
  sample(): void {
    const result = this.profiler?.stop();
    for (const { gcType, cost } of result?.statistics ?? []) {
      if (gcType === 'MarkSweepCompact') this.majorGcs++;
      // `cost` is in microseconds.
      this.maxPauseMs = Math.max(this.maxPauseMs, cost / 1000);
    }
    this.profiler = new v8.GCProfiler();
    this.profiler.start();
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
