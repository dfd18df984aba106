/**
 * Things that are due at a time, the earliest first: a binary heap. Something that is not wanted any more is left in it and skipped
 * when its time comes, so that giving up costs nothing; the heap never holds more than twice what is wanted, and some.
 */

export interface Due {
  readonly dueMs: number;
  /** Set when it is not to happen any more. */
  cancelled: boolean;
}

const SLACK = 64;

export class Deadlines<T extends Due> {
  private items: T[] = [];
  private cancelled = 0;

  /** O(log n). */
  add(item: T): void {
    this.items.push(item);
    this.rise(this.items.length - 1);
  }

  /** The item will not happen. O(1) on average. */
  cancel(item: T): void {
    item.cancelled = true;
    this.cancelled++;
    if (this.cancelled > this.items.length - this.cancelled + SLACK) this.sweep();
  }

  /** When the next one is due; Infinity when none is. */
  get nextMs(): number {
    this.dropCancelled();
    return this.items.length === 0 ? Infinity : this.items[0].dueMs;
  }

  /** Takes one out that is due by `nowMs`, or returns null. */
  take(nowMs: number): T | null {
    if (this.nextMs > nowMs) return null;
    return this.removeFirst();
  }

  private dropCancelled(): void {
    while (this.items.length > 0 && this.items[0].cancelled) {
      this.removeFirst();
      this.cancelled--;
    }
  }

  private sweep(): void {
    const wanted = this.items.filter((item) => !item.cancelled);
    this.items = [];
    this.cancelled = 0;
    for (const item of wanted) this.add(item);
  }

  private removeFirst(): T {
    const { items } = this;
    const first = items[0];
    const last = items.pop()!;
    if (items.length > 0) {
      items[0] = last;
      this.sink(0);
    }
    return first;
  }

  private rise(at: number): void {
    const { items } = this;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (items[parent].dueMs <= items[at].dueMs) return;
      this.swap(parent, at);
      at = parent;
    }
  }

  private sink(at: number): void {
    const { items } = this;
    for (;;) {
      let least = at;
      for (let child = 2 * at + 1; child <= 2 * at + 2; child++) {
        if (child < items.length && items[child].dueMs < items[least].dueMs) least = child;
      }
      if (least === at) return;
      this.swap(least, at);
      at = least;
    }
  }

  private swap(a: number, b: number): void {
    const { items } = this;
    [items[a], items[b]] = [items[b], items[a]];
  }
}
