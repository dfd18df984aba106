/**
 * The member that is being worked on: one for the whole thread, so that looking it up in many sets needs neither an object nor a
 * second look at what it is. It has come as text (from a client, a listpack, a table) or as an integer (from an intset); what else
 * a set wants to know (its text, its integer, its hash) is worked out when first asked for.
 *
 * The text lies where it came from, and is good as long as that is.
 */
import { int64, parseInt64, writeInt64 } from '../../base/int64.ts';
import type { ElementHashes } from '../../keyspace/element-hashes.ts';

const UNKNOWN = 0;
const YES = 1;
const NO = 2;

export const member = {
  bytes: new Uint8Array(0) as Uint8Array,
  start: 0,
  end: 0,
  hi: 0,
  lo: 0,
  hash: 0,
  integer: UNKNOWN,
  hasText: false,
  hasHash: false,
};

const digits = new Uint8Array(24);

/** The member is bytes[start..end). */
export function setText(bytes: Uint8Array, start: number, end: number): void {
  member.bytes = bytes;
  member.start = start;
  member.end = end;
  member.hasText = true;
  member.hasHash = false;
  member.integer = UNKNOWN;
}

/** The member is an integer. */
export function setInteger(hi: number, lo: number): void {
  member.hi = hi;
  member.lo = lo;
  member.integer = YES;
  member.hasText = false;
  member.hasHash = false;
}

/** The hash of the member's text is known. */
export function setHash(hash: number): void {
  member.hash = hash;
  member.hasHash = true;
}

/** Sees to it that bytes[start..end) is the member's text. */
export function needText(): void {
  if (member.hasText) return;
  member.bytes = digits;
  member.start = 0;
  member.end = writeInt64(member.hi, member.lo, digits, 0);
  member.hasText = true;
}

/** Whether the member is an integer, as Redis prints one; hi and lo are it then. */
export function isInteger(): boolean {
  if (member.integer === UNKNOWN) {
    member.integer = NO;
    if (parseInt64(member.bytes, member.start, member.end)) {
      member.integer = YES;
      member.hi = int64.hi;
      member.lo = int64.lo;
    }
  }
  return member.integer === YES;
}

/** The hash of the member's text. */
export function hashOf(hashes: ElementHashes): number {
  if (!member.hasHash) {
    needText();
    setHash(hashes.of(member.bytes, member.start, member.end));
  }
  return member.hash;
}
