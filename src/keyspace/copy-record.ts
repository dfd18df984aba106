/**
 * The same value under another key or with another expire time: a new record, because key and time are part of it.
 *
 * An inline value's bytes are copied, a value elsewhere is only named: after copyRecord() two records name it, and the caller
 * either forgets the old record (RENAME) or gives the new one a value of its own (COPY: separateValue()).
 */
import { copyBytes } from '../base/bytes.ts';
import { byteOffsetOf, segmentOf } from '../memory/address.ts';
import {
  accessOf,
  allocateRecord,
  encodingOf,
  flagsOf,
  HAS_EXPIRE,
  hasInlineValue,
  keyFlags,
  LARGE,
  makeWord0,
  readWord0,
  secondWord,
  TWO_WORDS,
  typeOf,
  valueOffset,
  valueWord,
  writeAccess,
  writeExpireAtMs,
  writeSecondWord,
  writeValueWord,
} from '../memory/record.ts';
import { collectionKind } from './collections.ts';
import type { Keyspace } from './keyspace.ts';
import { fitsInline, KEY_SIZE_MAX, KeyTooLongError } from './limits.ts';

/** What says 'no expire time' where one is asked for. */
export const NO_EXPIRE = -1;

/**
 * A record that no table holds, with key bytes[start..end), the value of the record at `from` and the given expire time. The
 * access bits are the same. Allocates nothing on the JS heap unless an inline value must move out because of a longer key.
 */
export function copyRecord(
  keyspace: Keyspace,
  from: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  expireMs: number,
): number {
  if (end - start > KEY_SIZE_MAX) throw new KeyTooLongError();
  const arena = keyspace.arena;
  const i32 = arena.i32[segmentOf(from)];
  const base = byteOffsetOf(from);
  const word0 = readWord0(i32, base);
  const inline = hasInlineValue(word0);
  const size = inline ? valueWord(i32, base) : 0;
  const moveOut = inline && !fitsInline(end - start, size);
  const valueFlags = moveOut ? TWO_WORDS | LARGE : flagsOf(word0) & (TWO_WORDS | LARGE);
  const flags = valueFlags | keyFlags(end - start) | (expireMs === NO_EXPIRE ? 0 : HAS_EXPIRE);
  const newWord0 = makeWord0(typeOf(word0), encodingOf(word0), flags, keyspace.epoch);
  const to = allocateRecord(arena, newWord0, bytes, start, end, moveOut ? 0 : size);
  const toI32 = arena.i32[segmentOf(to)];
  const toBase = byteOffsetOf(to);
  writeAccess(toI32, toBase, accessOf(i32, base));
  if (expireMs !== NO_EXPIRE) writeExpireAtMs(arena.f64[segmentOf(to)], toBase, expireMs);
  if (moveOut) {
    const at = base + valueOffset(i32, base);
    writeValueWord(toI32, toBase, keyspace.large.add(arena.u8[segmentOf(from)].subarray(at, at + size)));
    writeSecondWord(toI32, toBase, size);
    return to;
  }
  writeValueWord(toI32, toBase, valueWord(i32, base));
  if ((valueFlags & TWO_WORDS) !== 0) writeSecondWord(toI32, toBase, secondWord(i32, base));
  if (inline) {
    const at = base + valueOffset(i32, base);
    const target = arena.u8[segmentOf(to)];
    copyBytes(arena.u8[segmentOf(from)], at, at + size, target, toBase + valueOffset(toI32, toBase));
  }
  return to;
}

/** Gives the record at `address`, which names the value of another record, a copy of that value. */
export function separateValue(keyspace: Keyspace, address: number): void {
  const i32 = keyspace.arena.i32[segmentOf(address)];
  const base = byteOffsetOf(address);
  const word0 = readWord0(i32, base);
  const flags = flagsOf(word0);
  if ((flags & LARGE) !== 0) {
    const value = keyspace.large.view(valueWord(i32, base)).subarray(0, secondWord(i32, base));
    writeValueWord(i32, base, keyspace.large.add(value));
    return;
  }
  const kind = collectionKind(word0);
  if (kind !== undefined) writeValueWord(i32, base, kind.copy(keyspace, valueWord(i32, base)));
}
