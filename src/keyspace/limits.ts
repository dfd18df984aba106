/** What fits into one record; anything longer lives outside the arena or is refused. */
import { MAX_ALLOCATION } from '../memory/size-classes.ts';

/** Header, expire time, value word and long key length of a record with an inline value. */
const INLINE_OVERHEAD = 24;

/** The longest key: it lies in its record, and a record in one arena cell. */
export const KEY_SIZE_MAX = MAX_ALLOCATION - 64;

/** The longest value that fits into one record with a key of this size, with or without an expire time. */
export function inlineSizeMax(keySize: number): number {
  return MAX_ALLOCATION - INLINE_OVERHEAD - keySize;
}

export function fitsInline(keySize: number, valueSize: number): boolean {
  return valueSize <= inlineSizeMax(keySize);
}

/** A key longer than KEY_SIZE_MAX was to be stored. Nothing has changed. */
export class KeyTooLongError extends RangeError {
  constructor() {
    super(`a key may have at most ${KEY_SIZE_MAX} bytes`);
    this.name = 'KeyTooLongError';
  }
}
