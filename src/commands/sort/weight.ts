/** A text as SORT takes it for a number: as C's strtod does, to its end or a zero byte. */
import { parseDouble } from '../../base/double.ts';

const SPACE = 32;
const TAB = 9;
const RETURN = 13;
const SMALLEST_NORMAL = 2.2250738585072014e-308;

/** The number; NaN when the text is none. Nothing is 0, space in front is skipped, a number too small to be exact is none. */
export function parseWeight(bytes: Uint8Array, start: number, end: number): number {
  let until = start;
  while (until < end && bytes[until] !== 0) until++;
  if (until === start) return 0;
  let from = start;
  while (from < until && isSpace(bytes[from])) from++;
  const weight = parseDouble(bytes, from, until);
  return weight !== 0 && Math.abs(weight) < SMALLEST_NORMAL ? Number.NaN : weight;
}

function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= TAB && byte <= RETURN);
}
