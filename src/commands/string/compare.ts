/** Comparing a string with an argument, by value or by digest: SET IFEQ and its like, DELEX, DELIFEQ. */
import { equalBytes } from '../../base/bytes.ts';
import * as errors from '../../resp/errors.ts';
import { DIGEST_SIZE, digestHex } from '../../types/string/digest.ts';
import { readString, view } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { IF_DIGEST_EQUAL, IF_DIGEST_NOT_EQUAL, IF_EQUAL, IF_NOT_EQUAL } from './set-options.ts';

/** True when the comparison `condition` with argument `index` holds for the string at `address`. */
export function comparisonHolds(call: Call, address: number, condition: number, index: number): boolean {
  if (condition === IF_EQUAL) return valueEquals(call, address, index);
  if (condition === IF_NOT_EQUAL) return !valueEquals(call, address, index);
  return digestEquals(call, address, index) === (condition === IF_DIGEST_EQUAL);
}

/** Replies an error and returns false when a digest is to be compared and argument `index` cannot be one. */
export function isComparable(call: Call, condition: number, index: number): boolean {
  if (condition !== IF_DIGEST_EQUAL && condition !== IF_DIGEST_NOT_EQUAL) return true;
  if (call.size(index) === DIGEST_SIZE) return true;
  call.reply.error(errors.DIGEST_LENGTH);
  return false;
}

/** True when the string at `address` is argument `index`. */
export function valueEquals(call: Call, address: number, index: number): boolean {
  readString(call.db, address);
  return equalBytes(view.bytes, view.start, view.end, call.bytes, call.start(index), call.end(index));
}

/** True when argument `index` is the digest of the string at `address`, in either case. */
function digestEquals(call: Call, address: number, index: number): boolean {
  readString(call.db, address);
  return digestHex(view.bytes, view.start, view.end) === call.lowerText(index);
}
