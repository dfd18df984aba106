// An address: one int32 that names a place in an Arena.
//
//      31              22 21                                0
//     +------------------+----------------------------------+
//     |  segment (1024)  |  granule in the segment (4 Mi)   |      granule = 16 bytes, segment = 64 MiB at most
//     +------------------+----------------------------------+
//
// 0 is 'none'. Addresses beyond 32 GiB are negative: compare them only for equality, shift them with >>>. For
// example 0x00400003 is segment 1, byte 48.
//
// Hot code takes the segment apart once and then works with a view and a byte offset:
//
//     const segment = address >>> SEGMENT_SHIFT;
//     const base = (address & OFFSET_MASK) << GRANULE_SHIFT;
//     const word0 = arena.i32[segment][base >>> 2];

export const NO_ADDRESS = 0;

export const GRANULE_SHIFT = 4;
export const GRANULE_SIZE = 1 << GRANULE_SHIFT;

export const SEGMENT_SHIFT = 22;
export const OFFSET_MASK = (1 << SEGMENT_SHIFT) - 1;
export const SEGMENT_SIZE = 1 << (SEGMENT_SHIFT + GRANULE_SHIFT);
export const SEGMENT_COUNT_MAX = 1 << (32 - SEGMENT_SHIFT);

/** Which of the arena's segments an address is in. */
export function segmentOf(address: number): number {
  return address >>> SEGMENT_SHIFT;
}

/** Byte offset of an address in its segment; a multiple of 16. */
export function byteOffsetOf(address: number): number {
  return (address & OFFSET_MASK) << GRANULE_SHIFT;
}

/** The same as an index into the segment's Int32Array; a multiple of 4. */
export function wordOffsetOf(address: number): number {
  return (address & OFFSET_MASK) << (GRANULE_SHIFT - 2);
}
