/**
 * Takes the packed block of a small collection as it comes, in one piece. It must be one that our own commands could have made, because they rely
 * on that: every element in its shortest form, no text twice, and no more elements than the directives allow. Whatever is not is left to who
 * adds element by element, and who says what is wrong with it.
 */
import { copyBytes, equalBytes } from '../base/bytes.ts';
import { int64, parseInt64 } from '../base/int64.ts';
import { blob, createBlob } from '../keyspace/blob.ts';
import type { Database } from '../keyspace/database.ts';
import { fitsInline, KEY_SIZE_MAX } from '../keyspace/limits.ts';
import * as listpack from '../memory/listpack.ts';
import type { RdbReader } from './reader.ts';
import type { NewKey } from './value.ts';

/** Longer text is no integer. */
const INT_TEXT_MAX = 20;
/** Strings up to these sizes have encodings of one and two bytes. */
const STRING6_MAX = 63;
const STRING12_MAX = 4095;
const TWO_BYTES = 0xe0;
const FIVE_BYTES = 0xf0;

/**
 * Whether the listpack that is the string read last can be taken: it has been checked (listpack.isValid()). `entriesMax` counts elements or pairs;
 * with `pairs` only the first of a pair must be there once. How long the texts are does not matter, as in Redis. O(size).
 */
export function canTake(
  reader: RdbReader,
  db: Database,
  key: NewKey,
  entriesMax: number,
  pairs: boolean,
): boolean {
  const { textBytes: u8, textStart: at, textEnd } = reader;
  if (!mayBeInline(key, textEnd - at)) return false;
  const n = listpack.count(u8, at);
  const entries = pairs ? n >>> 1 : n;
  if (n === 0 || entries > entriesMax || (pairs && (n & 1) !== 0)) return false;
  seen.clear(entries);
  let isFirst = true;
  for (let element = at + listpack.HEADER_SIZE; u8[element] !== listpack.END; ) {
    const next = listpack.skip(u8, element);
    listpack.read(u8, element);
    const { bytes, start, end } = listpack.text;
    if (!isShortest(u8, element, next)) return false;
    if (isFirst && !seen.add(db.keyspace.hasher.hash(bytes, start, end), u8, element, next)) return false;
    element = next;
    if (pairs) isFirst = !isFirst;
  }
  return true;
}

/**
 * The same for a listpack of elements that may be equal, of which `isTooMuch` says whether so many bytes of text in so many elements are too much
 * for one block.
 */
export function canTakeAll(
  reader: RdbReader,
  key: NewKey,
  isTooMuch: (textBytes: number, count: number) => boolean,
): boolean {
  const { textBytes: u8, textStart: at, textEnd } = reader;
  if (!mayBeInline(key, textEnd - at)) return false;
  let count = 0;
  let size = 0;
  for (let element = at + listpack.HEADER_SIZE; u8[element] !== listpack.END; count++) {
    const next = listpack.skip(u8, element);
    listpack.read(u8, element);
    if (!isShortest(u8, element, next)) return false;
    size += listpack.text.end - listpack.text.start;
    element = next;
  }
  return count > 0 && !isTooMuch(size, count);
}

/** Whether a record with the key has room for a block of `size` bytes. */
export function mayBeInline(key: NewKey, size: number): boolean {
  const keySize = key.end - key.start;
  return keySize <= KEY_SIZE_MAX && fitsInline(keySize, size);
}

/** Makes a key of the string read last, as its packed value. Returns its address. */
export function takePacked(
  reader: RdbReader,
  db: Database,
  key: NewKey,
  type: number,
  encoding: number,
): number {
  const { textBytes, textStart, textEnd } = reader;
  const { bytes, start, end } = key;
  const address = createBlob(db, key.hash, bytes, start, end, type, encoding, textEnd - textStart);
  copyBytes(textBytes, textStart, textEnd, blob.u8, blob.start);
  return address;
}

/** Whether the element read last by listpack.read(), from `element` to `next`, is encoded as our own functions would have done. */
export function isShortest(u8: Uint8Array, element: number, next: number): boolean {
  if (listpack.isInteger(u8, element)) {
    listpack.readInteger(u8, element);
    return listpack.integerSize(int64.hi, int64.lo) === next - element;
  }
  const { bytes, start, end } = listpack.text;
  const size = end - start;
  const head = u8[element];
  if (head >= FIVE_BYTES) return size > STRING12_MAX;
  if (head >= TWO_BYTES) return size > STRING6_MAX;
  return size > INT_TEXT_MAX || !parseInt64(bytes, start, end);
}

/** Elements seen in a block, by the hashes of their texts: a table with open addressing, at most half full. */
class SeenElements {
  private slots = new Int32Array(64);
  private hashes = new Int32Array(64);
  private ends = new Int32Array(64);
  private mask = 63;

  /** Forgets all; there will be `count`. */
  clear(count: number): void {
    let size = 64;
    while (size < count * 2) size *= 2;
    if (size > this.slots.length) {
      this.slots = new Int32Array(size);
      this.hashes = new Int32Array(size);
      this.ends = new Int32Array(size);
    }
    this.mask = size - 1;
    this.slots.fill(0, 0, size);
  }

  /** False when the element was there already; all of them in their shortest form, so that equal texts are equal bytes. */
  add(hash: number, u8: Uint8Array, element: number, next: number): boolean {
    const { ends, hashes, mask, slots } = this;
    let slot = hash & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      if (hashes[slot] !== hash) continue;
      if (equalBytes(u8, slots[slot], ends[slot], u8, element, next)) return false;
    }
    slots[slot] = element;
    hashes[slot] = hash;
    ends[slot] = next;
    return true;
  }
}

const seen = new SeenElements();
