/** LREM in one block (a listpack), be it that of a small list or a node of a large one. */
import {
  count,
  END,
  find,
  first,
  HEADER_SIZE,
  next,
  skip,
  totalBytes,
  writeHeader,
} from '../../memory/listpack.ts';

/** How many elements of the block are bytes[start..end). */
export function matchesIn(u8: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  let n = 0;
  let element = first(u8, at);
  while (element >= 0) {
    element = find(u8, element, bytes, start, end, 0);
    if (element < 0) break;
    n++;
    element = next(u8, element);
  }
  return n;
}

/**
 * Removes `n` of the elements that are bytes[start..end), those from the one number `from` on (counted among them); there are as many.
 * What stays is moved once. Returns the size of the block.
 */
export function removeFromBlock(
  u8: Uint8Array,
  at: number,
  from: number,
  n: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const elements = count(u8, at) - n;
  const until = at + totalBytes(u8, at);
  let to = at + HEADER_SIZE;
  let kept = to;
  let element = first(u8, at);
  for (let seen = 0; seen < from + n; seen++) {
    element = find(u8, element, bytes, start, end, 0);
    const following = skip(u8, element);
    if (seen >= from) {
      u8.copyWithin(to, kept, element);
      to += element - kept;
      kept = following;
    }
    element = u8[following] === END ? -1 : following;
  }
  u8.copyWithin(to, kept, until);
  const size = to + until - kept - at;
  writeHeader(u8, at, size, elements);
  return size;
}
