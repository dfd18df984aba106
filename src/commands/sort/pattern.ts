/**
 * The patterns of BY and GET: how an element becomes the name of a key or of a hash's field.
 *
 *     #                     the element itself
 *     weight_*              the string at the key that has the element in place of the first *
 *     object_*->field       the field `field` of the hash at that key
 *
 * A pattern without * names nothing; nor does one of whose key or field there is none, or that holds another type. As in C, what
 * follows a zero byte is not looked at for a * or an arrow.
 */
import { copyBytes, newUnfilled } from '../../base/bytes.ts';
import { KEY_SIZE_MAX } from '../../keyspace/limits.ts';
import { TYPE_HASH, TYPE_STRING } from '../../memory/record.ts';
import { getField, value } from '../../types/hash/hash-value.ts';
import { readString, view } from '../../types/string/string-value.ts';
import type { Call } from '../call.ts';
import { typeAt } from '../lookup.ts';
import type { Texts } from './texts.ts';

const STAR = 42;
const HASH_SIGN = 35;
const MINUS = 45;
const GREATER = 62;

/** A pattern, where it lies in the bytes of the call. */
export interface Pattern {
  isElement: boolean;
  start: number;
  /** Where the * is, -1 if there is none. */
  star: number;
  /** Where the part for the key ends. */
  keyEnd: number;
  /** Where the field begins, 0 if it is no field that is meant. */
  field: number;
  end: number;
}

/** What lookUp() has found: good until something is allocated or freed, or the next call. */
export const found = { bytes: new Uint8Array(0) as Uint8Array, start: 0, end: 0 };

let name: Uint8Array = newUnfilled(1024);

/** Reads the pattern that is argument `index`. */
export function readPattern(call: Call, index: number): Pattern {
  const { bytes } = call;
  const start = call.start(index);
  const end = call.end(index);
  const star = starIn(bytes, start, end);
  const arrow = star < 0 ? -1 : arrowIn(bytes, star + 1, end);
  return {
    isElement: end - start === 1 && bytes[start] === HASH_SIGN,
    start,
    star,
    keyEnd: arrow < 0 ? end : arrow,
    field: arrow < 0 ? 0 : arrow + 2,
    end,
  };
}

function starIn(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end && bytes[i] !== 0; i++) if (bytes[i] === STAR) return i;
  return -1;
}

/** Where `->` is, with something behind it; -1 if it is nowhere. */
function arrowIn(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i + 2 < end && bytes[i] !== 0; i++) {
    if (bytes[i] === MINUS && bytes[i + 1] === GREATER) return bytes[i + 2] === 0 ? -1 : i;
  }
  return -1;
}

/** Points `found` at what the pattern names for element `element` of `elements`; false when there is no such thing. */
export function lookUp(call: Call, pattern: Pattern, elements: Texts, element: number): boolean {
  const start = elements.bounds[element];
  const end = elements.bounds[element + 1];
  if (pattern.isElement) return setFound(elements.bytes, start, end);
  if (pattern.star < 0) return false;
  const size = writeName(call, pattern, elements.bytes, start, end);
  if (size > KEY_SIZE_MAX) return false;
  const { db } = call;
  const address = db.findForRead(call.hashOf(name, 0, size), name, 0, size);
  if (address === 0 || typeAt(db, address) !== (pattern.field === 0 ? TYPE_STRING : TYPE_HASH)) return false;
  if (pattern.field === 0) {
    readString(db, address);
    return setFound(view.bytes, view.start, view.end);
  }
  if (!getField(db, address, call.bytes, pattern.field, pattern.end)) return false;
  return setFound(value.bytes, value.start, value.end);
}

function setFound(bytes: Uint8Array, start: number, end: number): true {
  found.bytes = bytes;
  found.start = start;
  found.end = end;
  return true;
}

/** Writes the key's name to `name`, unless it is too long to be one. Returns its size. */
function writeName(call: Call, pattern: Pattern, bytes: Uint8Array, start: number, end: number): number {
  const head = pattern.star - pattern.start;
  const until = head + end - start;
  const size = until + pattern.keyEnd - pattern.star - 1;
  if (size > KEY_SIZE_MAX) return size;
  if (size > name.length) name = newUnfilled(Math.max(size, name.length * 2));
  copyBytes(call.bytes, pattern.start, pattern.star, name, 0);
  copyBytes(bytes, start, end, name, head);
  copyBytes(call.bytes, pattern.star + 1, pattern.keyEnd, name, until);
  return size;
}
