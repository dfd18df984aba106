/** Compares integers of a call that were read as doubles. */
import { compareInt64, int64, parseInt64 } from '../base/int64.ts';
import type { Call } from './call.ts';

/**
 * Whether the integer in argument `a` is greater than the one in argument `b`. They were read as `x` and `y`, which may be equal though
 * the integers are not: far from zero, neighbours share a double. Allocates nothing.
 */
export function isGreater(call: Call, a: number, x: number, b: number, y: number): boolean {
  if (x !== y || Number.isSafeInteger(x)) return x > y;
  const { bytes } = call;
  parseInt64(bytes, call.start(a), call.end(a));
  const { hi, lo } = int64;
  parseInt64(bytes, call.start(b), call.end(b));
  return compareInt64(hi, lo, int64.hi, int64.lo) > 0;
}
