/**
 * A node of a large list: a cell of the arena with the links and a block (a listpack, ../../memory/listpack.ts) of elements.
 *
 *     word 0   next node              word 4   PACKED, COMPRESSED: offset of the block in the cell; OUTSIDE: its id in the LargeTable
 *          1   previous node               5   bytes of the block as it is kept, or of the element outside
 *          2   elements                    6   COMPRESSED: bytes of the block when it is not
 *          3   kind                        7   bytes of the cell
 *
 *     | 32 bytes header | free | block: header, elements, 0xFF | free |
 *
 * A block may have free room on both sides. An element is put in front of it by writing it and a new block header into
 * the free room before it, and taken off by writing the header further on: LPUSH and LPOP move no bytes, where
 * Redis moves the whole block. A node made for pushes at the front starts with all of its room there.
 *
 * Kinds: PACKED as above; COMPRESSED, the block as LZF (list-compress-depth); OUTSIDE, one element too long for a cell, in
 * a buffer of its own, which belongs to the node.
 */
import { copyBytes } from '../../base/bytes.ts';
import { byteOffsetOf, segmentOf, wordOffsetOf } from '../../memory/address.ts';
import type { Arena } from '../../memory/arena.ts';
import {
  EMPTY_SIZE,
  END,
  HEADER_SIZE,
  seek,
  writeElement,
  writeEmpty,
  writeHeader,
} from '../../memory/listpack.ts';
import { NODE_HEADER_SIZE } from './limits.ts';

export const NEXT = 0;
export const PREVIOUS = 1;
export const COUNT = 2;
export const KIND = 3;
export const START = 4;
export const BYTES = 5;
export const RAW_BYTES = 6;
export const CELL_BYTES = 7;

export const PACKED = 0;
export const COMPRESSED = 1;
export const OUTSIDE = 2;

export function nodeWord(arena: Arena, node: number, word: number): number {
  return arena.i32[segmentOf(node)][wordOffsetOf(node) + word];
}

export function setNodeWord(arena: Arena, node: number, word: number, value: number): void {
  arena.i32[segmentOf(node)][wordOffsetOf(node) + word] = value;
}

/** To be called before the elements of a node change, or the node is freed: a snapshot may need it as it is. */
export function keepNode(arena: Arena, node: number): void {
  if (arena.keeper !== null) arena.keeper.keepCell(node);
}

/** A node that is linked to nothing, with `room` bytes behind its header. The block is not written. */
export function allocateNode(arena: Arena, kind: number, room: number): number {
  const node = arena.allocate(NODE_HEADER_SIZE + room);
  const i32 = arena.i32[segmentOf(node)];
  const w = wordOffsetOf(node);
  i32[w + NEXT] = 0;
  i32[w + PREVIOUS] = 0;
  i32[w + COUNT] = 0;
  i32[w + KIND] = kind;
  i32[w + START] = NODE_HEADER_SIZE;
  i32[w + BYTES] = 0;
  i32[w + RAW_BYTES] = 0;
  i32[w + CELL_BYTES] = arena.sizeOf(node);
  return node;
}

/** A node with an empty block and `room` bytes for it, the free ones in front of it or behind it. */
export function emptyNode(arena: Arena, room: number, front: boolean): number {
  const node = allocateNode(arena, PACKED, room);
  const i32 = arena.i32[segmentOf(node)];
  const w = wordOffsetOf(node);
  if (front) i32[w + START] = i32[w + CELL_BYTES] - EMPTY_SIZE;
  i32[w + BYTES] = EMPTY_SIZE;
  writeEmpty(arena.u8[segmentOf(node)], byteOffsetOf(node) + i32[w + START]);
  return node;
}

/** A node whose block is a copy of u8[at..at+size), a listpack of `count` elements, with `room` bytes in all, free ones behind it. */
export function nodeOf(
  arena: Arena,
  u8: Uint8Array,
  at: number,
  size: number,
  count: number,
  room: number,
): number {
  const node = allocateNode(arena, PACKED, Math.max(size, room));
  copyBytes(u8, at, at + size, arena.u8[segmentOf(node)], byteOffsetOf(node) + NODE_HEADER_SIZE);
  setNodeWord(arena, node, BYTES, size);
  setNodeWord(arena, node, COUNT, count);
  return node;
}

/** Where the block of a PACKED node begins in its segment. */
export function blockOf(arena: Arena, node: number): number {
  return byteOffsetOf(node) + arena.i32[segmentOf(node)][wordOffsetOf(node) + START];
}

/** Bytes of the block when it is not compressed. */
export function rawBytes(arena: Arena, node: number): number {
  return nodeWord(arena, node, nodeWord(arena, node, KIND) === COMPRESSED ? RAW_BYTES : BYTES);
}

/** Whether the cell of a PACKED node has room for `size` more bytes, be it on the other side. */
export function cellHasRoom(arena: Arena, node: number, size: number): boolean {
  const i32 = arena.i32[segmentOf(node)];
  const w = wordOffsetOf(node);
  return i32[w + CELL_BYTES] - NODE_HEADER_SIZE - i32[w + BYTES] >= size;
}

/**
 * Puts an element of `size` bytes (elementSize()) in front of all others of a PACKED node, or behind them. The cell must have room.
 */
export function pushToNode(
  arena: Arena,
  node: number,
  front: boolean,
  size: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  keepNode(arena, node);
  const segment = segmentOf(node);
  const i32 = arena.i32[segment];
  const u8 = arena.u8[segment];
  const w = wordOffsetOf(node);
  const used = i32[w + BYTES];
  const roomBefore = i32[w + START] - NODE_HEADER_SIZE;
  const roomBehind = i32[w + CELL_BYTES] - i32[w + START] - used;
  if ((front ? roomBefore : roomBehind) < size) shareRoom(arena, node, front, size);
  const count = ++i32[w + COUNT];
  i32[w + BYTES] = used + size;
  if (front) i32[w + START] -= size;
  const at = (w << 2) + i32[w + START];
  const place = front ? at + HEADER_SIZE : at + used - 1;
  writeHeader(u8, at, used + size, count);
  writeElement(u8, place, bytes, start, end);
  if (!front) u8[place + size] = END;
}

/** Puts `count` elements behind all others of a PACKED node, as they are encoded in u8[from..until). The cell must have room. */
export function pushRunToNode(
  arena: Arena,
  node: number,
  u8: Uint8Array,
  from: number,
  until: number,
  count: number,
): void {
  keepNode(arena, node);
  const segment = segmentOf(node);
  const i32 = arena.i32[segment];
  const w = wordOffsetOf(node);
  const size = until - from;
  const used = i32[w + BYTES];
  if (i32[w + CELL_BYTES] - i32[w + START] - used < size) shareRoom(arena, node, false, size);
  i32[w + COUNT] += count;
  i32[w + BYTES] = used + size;
  const target = arena.u8[segment];
  const at = (w << 2) + i32[w + START];
  writeHeader(target, at, used + size, i32[w + COUNT]);
  copyBytes(u8, from, until, target, at + used - 1);
  target[at + used + size - 1] = END;
}

/** Moves the block so that half of the free room, and at least `size` bytes, is on the side asked for. */
function shareRoom(arena: Arena, node: number, front: boolean, size: number): void {
  const i32 = arena.i32[segmentOf(node)];
  const w = wordOffsetOf(node);
  const used = i32[w + BYTES];
  const free = i32[w + CELL_BYTES] - NODE_HEADER_SIZE - used;
  const here = Math.max(size, (free + 1) >>> 1);
  const to = NODE_HEADER_SIZE + (front ? here : free - here);
  moveBlock(arena, node, to);
}

function moveBlock(arena: Arena, node: number, to: number): void {
  const i32 = arena.i32[segmentOf(node)];
  const w = wordOffsetOf(node);
  const base = w << 2;
  const from = base + i32[w + START];
  arena.u8[segmentOf(node)].copyWithin(base + to, from, from + i32[w + BYTES]);
  i32[w + START] = to;
}

/** Moves the block of a PACKED node to the start of its cell: all free room is behind it. */
export function moveBlockToStart(arena: Arena, node: number): void {
  if (nodeWord(arena, node, START) !== NODE_HEADER_SIZE) moveBlock(arena, node, NODE_HEADER_SIZE);
}

/** Takes the first or last `n` elements out of a PACKED node that has more. Moves no bytes. */
export function cutNode(arena: Arena, node: number, front: boolean, n: number): void {
  keepNode(arena, node);
  const segment = segmentOf(node);
  const i32 = arena.i32[segment];
  const u8 = arena.u8[segment];
  const w = wordOffsetOf(node);
  const at = (w << 2) + i32[w + START];
  const count = i32[w + COUNT] - n;
  // The first element that stays, or the first that goes.
  const border = seek(u8, at, front ? n : count);
  let size: number;
  let to = at;
  if (front) {
    to = border - HEADER_SIZE;
    size = i32[w + BYTES] - (to - at);
    i32[w + START] += to - at;
  } else {
    u8[border] = END;
    size = border + 1 - at;
  }
  i32[w + BYTES] = size;
  i32[w + COUNT] = count;
  writeHeader(u8, to, size, count);
}
