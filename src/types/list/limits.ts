/**
 * How large the blocks of a list may be: list-max-listpack-size, called `fill` here as in Redis.
 *
 *     -1 .. -5     a block has at most 4, 8, 16, 32, 64 KiB
 *     1 and more   a block has at most so many elements, and 8 KiB
 *     0            as 1
 *
 * Two kinds of blocks go by it: the one of a small list, which lies in the key's record and may have exactly so many bytes
 * (packedExceeds(), the rule of Redis 7.2 that OBJECT ENCODING shows), and the nodes of a large list, which have
 * NODE_HEADER_SIZE bytes less, so that a full node takes exactly one cell of a power of two of the arena.
 */
import { MAX_ALLOCATION } from '../../memory/size-classes.ts';

/** Bytes of a node before its block: see node.ts. */
export const NODE_HEADER_SIZE = 32;

const SIZE_CLASS_MIN = 4096;
const SIZE_CLASSES = 5;
const COUNTED_SIZE_MAX = 8192;

/** Bytes that a block may have. */
function sizeMax(fill: number): number {
  if (fill >= 0) return COUNTED_SIZE_MAX;
  return SIZE_CLASS_MIN << (Math.min(-fill, SIZE_CLASSES) - 1);
}

/** Elements that a block may have. */
export function countMax(fill: number): number {
  if (fill < 0) return 0x7fffffff;
  return fill === 0 ? 1 : fill;
}

/** Bytes that a node's block may have, unless it is one element that alone has more. */
export function nodeSizeMax(fill: number): number {
  return sizeMax(fill) - NODE_HEADER_SIZE;
}

/** Whether a list in one block of so many bytes and elements must become a large one. */
export function packedExceeds(fill: number, size: number, count: number): boolean {
  return size > sizeMax(fill) || count > countMax(fill);
}

/** Whether a large list of one block of so many bytes and elements has shrunk enough to become a small one. */
export function packedAgain(fill: number, size: number, count: number): boolean {
  return size <= sizeMax(fill) / 2 && count <= countMax(fill) / 2;
}

/** The longest element that fits into a node in one cell of the arena. */
const CELL_ELEMENT_MAX = MAX_ALLOCATION - 64;
let outsideMin = CELL_ELEMENT_MAX + 1;

/** Whether an element of so many bytes lies in a buffer of its own. */
export function liesOutside(size: number): boolean {
  return size >= outsideMin;
}

/** DEBUG QUICKLIST-PACKED-THRESHOLD: has elements of `size` bytes lie outside already; 0 for the default. Longer ones than fit always do. */
export function setOutsideMin(size: number): void {
  outsideMin = size === 0 ? CELL_ELEMENT_MAX + 1 : Math.min(size, CELL_ELEMENT_MAX + 1);
}
