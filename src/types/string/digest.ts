/**
 * The digest of a string value that DIGEST replies and IFDEQ / IFDNE compare: XXH3 with 64 bits, as 16 hexadecimal digits.
 * Source: the XXH3 specification (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md).
 */
import { xxh3Hex } from '../../base/xxh3.ts';

export function digestHex(bytes: Uint8Array, start: number, end: number): string {
  return xxh3Hex(bytes, start, end);
}
