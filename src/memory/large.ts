// Values above about 1 MiB: each is an ArrayBuffer of its own, named by a small id that its record holds.
//
// They do not belong in the arena: a segment with a few dead megabytes in it could not be given back, and a
// growing value would have to move. On its own a value can be handed whole to another thread, which then pays for
// unmapping it, and a value that arrived in its own buffer is stored without a copy.
//
// JS objects per value are affordable here: a million of them would be a terabyte.
//
// Growing gives a quarter more than asked, so that n appends copy O(n) bytes. usedBytes counts whole buffers, slack
// included. Ids start at 1 and are used again, the last one freed first. One thread owns a table.

import { copyBytes, newUnfilled } from '../base/bytes.ts';
import { releaseBuffer } from './arena.ts';

/** Above this, a value belongs here. Leaves room for key and header in the largest arena cell. */
export const LARGE_VALUE_SIZE_MIN = 1 << 20;

const GROWTH_SLACK = 0.25;
const PAGE_SIZE = 4096;

const NO_VIEW = new Uint8Array(0);

export class LargeTable {
  /** Slot 0 is never used, so that 0 can mean 'none'. */
  private readonly views: Uint8Array[] = [NO_VIEW];
  private readonly freeIds: number[] = [];
  private used = 0;

  /** Sum of the capacities of all values. */
  get usedBytes(): number {
    return this.used;
  }

  /** How many values there are. */
  get count(): number {
    return this.views.length - 1 - this.freeIds.length;
  }

  /** A new value: a copy of the given bytes, or `value` zero bytes; returns its id. Throws RangeError when the process has no such room. */
  add(value: Uint8Array | number): number {
    if (typeof value === 'number') return this.adopt(new ArrayBuffer(value));
    const copy = newUnfilled(value.length);
    copyBytes(value, 0, value.length, copy, 0);
    return this.adopt(copy.buffer);
  }

  /** Makes the buffer itself the value, without a copy; the caller gives it up. */
  adopt(buffer: ArrayBuffer): number {
    const id = this.freeIds.pop() ?? this.views.length;
    this.views[id] = new Uint8Array(buffer);
    this.used += buffer.byteLength;
    return id;
  }

  /** The value's whole capacity. Valid until grow, take or remove of this id. How much of it is value the record knows. */
  view(id: number): Uint8Array {
    return this.views[id];
  }

  /** Makes room for at least `capacity` bytes, with slack for more; keeps the content, new bytes are 0. No-op when it fits. */
  grow(id: number, capacity: number): void {
    const old = this.views[id];
    if (capacity <= old.length) return;
    this.resize(id, Math.ceil((capacity * (1 + GROWTH_SLACK)) / PAGE_SIZE) * PAGE_SIZE);
  }

  /** Makes the capacity exactly `capacity`: gives slack back, or cuts the value. */
  shrink(id: number, capacity: number): void {
    if (capacity < this.views[id].length) this.resize(id, capacity);
  }

  /** Takes the value out of the table, for transfer to the thread that frees it; the id is free again. */
  take(id: number): ArrayBuffer {
    const buffer = this.views[id].buffer as ArrayBuffer;
    this.used -= buffer.byteLength;
    this.views[id] = NO_VIEW;
    this.freeIds.push(id);
    return buffer;
  }

  /** Frees the value here and now. */
  remove(id: number): void {
    releaseBuffer(this.take(id));
  }

  /** Takes all values out of the table; every id becomes invalid. */
  reset(): ArrayBuffer[] {
    const buffers: ArrayBuffer[] = [];
    for (const view of this.views) if (view.length > 0) buffers.push(view.buffer as ArrayBuffer);
    this.views.length = 1;
    this.freeIds.length = 0;
    this.used = 0;
    return buffers;
  }

  private resize(id: number, capacity: number): void {
    const old = this.views[id];
    const view = new Uint8Array(new ArrayBuffer(capacity));
    view.set(capacity < old.length ? old.subarray(0, capacity) : old);
    this.used += capacity - old.length;
    this.views[id] = view;
    releaseBuffer(old.buffer as ArrayBuffer);
  }
}
