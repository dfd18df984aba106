/**
 * Which sessions have read which keys: the table of CLIENT TRACKING.
 *
 * It can have a million keys (tracking-table-max-keys), so it lives in an arena of its own: a record for each key (../memory/record.ts), found
 * by a Dict, whose value is the ids of the sessions in ascending order, eight bytes each. A database's number plays no part, as in Redis: a key
 * of that name in any database is meant. Ids of sessions that are gone stay until the key changes or falls out.
 *
 * Emptying it drops the arena as a whole.
 */
import type { Prng } from '../base/prng.ts';
import { byteOffsetOf, segmentOf } from '../memory/address.ts';
import { Arena, MAX_ALLOCATION } from '../memory/arena.ts';
import { Dict } from '../memory/dict.ts';
import {
  allocateRecord,
  ENCODING_RAW,
  keyFlags,
  keyLength,
  keyOffset,
  makeWord0,
  readWord0,
  recordSize,
  TYPE_STRING,
  valueOffset,
  valueWord,
  writeValueWord,
} from '../memory/record.ts';

const ID_BYTES = 8;
const ARENA_BYTES = 1 << 20;

export class TrackedKeys {
  private arena: Arena | null = null;
  private dict!: Dict;
  /** Ids in all records together. */
  items = 0;
  /** The ids that remove() has found: ids[0..idCount). */
  readonly ids: number[] = [];
  /** The key that chooseAny() has found: bytes[start..end). */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;

  get count(): number {
    return this.arena === null ? 0 : this.dict.count;
  }

  /** Bytes it takes. */
  get usedBytes(): number {
    return this.arena === null ? 0 : this.arena.usedBytes + this.dict.directoryBytes;
  }

  clear(): void {
    this.arena = null;
    this.items = 0;
  }

  /**
   * Notes that session `id` has read key bytes[start..end). False when so many have that no more ids fit: the key is to be removed
   * first. Allocates on the JS heap only for the first key.
   */
  add(hash: number, bytes: Uint8Array, start: number, end: number, id: number): boolean {
    if (this.arena === null) {
      this.arena = new Arena(ARENA_BYTES);
      this.dict = new Dict(this.arena);
    }
    const address = this.dict.find(hash, bytes, start, end);
    if (address !== 0) return this.addId(this.arena, hash, address, id);
    const flags = keyFlags(end - start);
    if (recordSize(flags, end - start, ID_BYTES) > MAX_ALLOCATION) return true;
    const record = this.newRecord(this.arena, bytes, start, end, 1);
    this.writeId(this.arena, record, 0, id);
    this.dict.insert(hash, record);
    this.items++;
    return true;
  }

  private newRecord(arena: Arena, bytes: Uint8Array, start: number, end: number, ids: number): number {
    const word0 = makeWord0(TYPE_STRING, ENCODING_RAW, keyFlags(end - start), 0);
    const record = allocateRecord(arena, word0, bytes, start, end, ids * ID_BYTES);
    writeValueWord(arena.i32[segmentOf(record)], byteOffsetOf(record), ids * ID_BYTES);
    return record;
  }

  private addId(arena: Arena, hash: number, address: number, id: number): boolean {
    const i32 = arena.i32[segmentOf(address)];
    const base = byteOffsetOf(address);
    const count = valueWord(i32, base) / ID_BYTES;
    const place = this.placeOf(arena, address, count, id);
    if (place < count && this.readId(arena, address, place) === id) return true;
    const size = valueOffset(i32, base) + (count + 1) * ID_BYTES;
    if (size > MAX_ALLOCATION) return false;
    const target = size <= arena.sizeOf(address) ? address : this.grow(arena, hash, address, count);
    for (let i = count; i > place; i--) this.writeId(arena, target, i, this.readId(arena, target, i - 1));
    this.writeId(arena, target, place, id);
    writeValueWord(arena.i32[segmentOf(target)], byteOffsetOf(target), (count + 1) * ID_BYTES);
    this.items++;
    return true;
  }

  /** The same record in a larger cell. */
  private grow(arena: Arena, hash: number, address: number, count: number): number {
    const base = byteOffsetOf(address);
    const i32 = arena.i32[segmentOf(address)];
    const start = base + keyOffset(readWord0(i32, base));
    const end = start + keyLength(i32, base);
    const grown = this.newRecord(arena, arena.u8[segmentOf(address)], start, end, count + 1);
    for (let i = 0; i < count; i++) this.writeId(arena, grown, i, this.readId(arena, address, i));
    this.dict.replace(hash, address, grown);
    arena.free(address);
    return grown;
  }

  /** Where the id stands, or where it would. */
  private placeOf(arena: Arena, address: number, count: number, id: number): number {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.readId(arena, address, middle) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private readId(arena: Arena, address: number, index: number): number {
    const base = byteOffsetOf(address);
    const segment = segmentOf(address);
    return arena.dv[segment].getFloat64(
      base + valueOffset(arena.i32[segment], base) + index * ID_BYTES,
      true,
    );
  }

  private writeId(arena: Arena, address: number, index: number, id: number): void {
    const base = byteOffsetOf(address);
    const segment = segmentOf(address);
    arena.dv[segment].setFloat64(base + valueOffset(arena.i32[segment], base) + index * ID_BYTES, id, true);
  }

  /** Forgets key bytes[start..end). Returns how many sessions had read it: ids[0..n). */
  remove(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const { arena } = this;
    if (arena === null) return 0;
    const address = this.dict.find(hash, bytes, start, end);
    if (address === 0) return 0;
    const count = valueWord(arena.i32[segmentOf(address)], byteOffsetOf(address)) / ID_BYTES;
    for (let i = 0; i < count; i++) this.ids[i] = this.readId(arena, address, i);
    this.dict.remove(hash, address);
    arena.free(address);
    this.items -= count;
    return count;
  }

  /** Finds any key: copied to `bytes`. There must be one. */
  chooseAny(random: Prng): void {
    const arena = this.arena!;
    const address = this.dict.random(random);
    const base = byteOffsetOf(address);
    const i32 = arena.i32[segmentOf(address)];
    const start = base + keyOffset(readWord0(i32, base));
    const length = keyLength(i32, base);
    this.bytes = arena.u8[segmentOf(address)].slice(start, start + length);
    this.start = 0;
    this.end = length;
  }
}
