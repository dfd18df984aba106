/** The digest of a string value that DIGEST replies and IFDEQ / IFDNE compare: XXH3 with 64 bits, as 16 lower-case hexadecimal digits. */
import { xxh3Hex } from '../../base/xxh3.ts';

export const DIGEST_SIZE = 16;

export function digestHex(bytes: Uint8Array, start: number, end: number): string {
  return xxh3Hex(bytes, start, end);
}
