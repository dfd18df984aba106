/*
 * CRC16 in its XMODEM form (polynomial 0x1021, no reflection, start 0), and the cluster slot of a key, which is made of it.
 *
 *     slot = crc16(tag) mod 16384          tag: what stands between the first '{' and the next '}', if that is not empty;
 *                                          otherwise the whole key
 *
 *     {user1000}.following   -> tag user1000            foo{}{bar}    -> no tag (the first pair is empty), the whole key
 *     foo{{bar}}zap          -> tag {bar                foo{bar}{zap} -> tag bar
 */

const OPEN = 123;
const CLOSE = 125;

/** Slots of a cluster. */
export const SLOT_COUNT = 16384;

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

/** The checksum of bytes[start, until), 0 to 65535. Allocates nothing. */
export function crc16(bytes: Uint8Array, start: number, until: number): number {
  let crc = 0;
  for (let i = start; i < until; i++) crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >> 8) ^ bytes[i]];
  return crc;
}

/** The cluster slot of the key bytes[start, until). Allocates nothing. */
export function keySlot(bytes: Uint8Array, start: number, until: number): number {
  const open = indexOfByte(bytes, start, until, OPEN);
  const close = open < 0 ? -1 : indexOfByte(bytes, open + 1, until, CLOSE);
  const hasTag = close > open + 1;
  return (hasTag ? crc16(bytes, open + 1, close) : crc16(bytes, start, until)) & (SLOT_COUNT - 1);
}

function indexOfByte(bytes: Uint8Array, start: number, until: number, byte: number): number {
  for (let i = start; i < until; i++) if (bytes[i] === byte) return i;
  return -1;
}
