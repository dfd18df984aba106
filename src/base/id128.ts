/**
 * Unsigned 128-bit numbers as four 32-bit words: the ids of stream entries, milliseconds and a sequence number of 64 bits each.
 *
 * An id is an object that is made once and filled again and again, so that nothing is allocated. The words are int32, as the typed arrays
 * give them; they are compared as unsigned.
 */
export class Id128 {
  msHi = 0;
  msLo = 0;
  seqHi = 0;
  seqLo = 0;
}

const SIGN = 0x80000000 | 0;

export function setId(id: Id128, msHi: number, msLo: number, seqHi: number, seqLo: number): void {
  id.msHi = msHi;
  id.msLo = msLo;
  id.seqHi = seqHi;
  id.seqLo = seqLo;
}

export function copyId(from: Id128, to: Id128): void {
  to.msHi = from.msHi;
  to.msLo = from.msLo;
  to.seqHi = from.seqHi;
  to.seqLo = from.seqLo;
}

/** The words at words[at..at+4). */
export function readId(words: Int32Array, at: number, to: Id128): void {
  to.msHi = words[at];
  to.msLo = words[at + 1];
  to.seqHi = words[at + 2];
  to.seqLo = words[at + 3];
}

export function writeIdWords(id: Id128, words: Int32Array, at: number): void {
  words[at] = id.msHi;
  words[at + 1] = id.msLo;
  words[at + 2] = id.seqHi;
  words[at + 3] = id.seqLo;
}

/** Negative, zero or positive. */
export function compareIds(a: Id128, b: Id128): number {
  if (a.msHi !== b.msHi) return (a.msHi ^ SIGN) < (b.msHi ^ SIGN) ? -1 : 1;
  if (a.msLo !== b.msLo) return (a.msLo ^ SIGN) < (b.msLo ^ SIGN) ? -1 : 1;
  if (a.seqHi !== b.seqHi) return (a.seqHi ^ SIGN) < (b.seqHi ^ SIGN) ? -1 : 1;
  if (a.seqLo !== b.seqLo) return (a.seqLo ^ SIGN) < (b.seqLo ^ SIGN) ? -1 : 1;
  return 0;
}

export function isZeroId(id: Id128): boolean {
  return (id.msHi | id.msLo | id.seqHi | id.seqLo) === 0;
}

export function isMaxId(id: Id128): boolean {
  return (id.msHi & id.msLo & id.seqHi & id.seqLo) === -1;
}

/** The next id. False for the greatest, which becomes 0-0. */
export function incrementId(id: Id128): boolean {
  id.seqLo = (id.seqLo + 1) | 0;
  if (id.seqLo !== 0) return true;
  id.seqHi = (id.seqHi + 1) | 0;
  if (id.seqHi !== 0) return true;
  id.msLo = (id.msLo + 1) | 0;
  if (id.msLo !== 0) return true;
  id.msHi = (id.msHi + 1) | 0;
  return id.msHi !== 0;
}

/** The id before. False for 0-0, which becomes the greatest. */
export function decrementId(id: Id128): boolean {
  id.seqLo = (id.seqLo - 1) | 0;
  if (id.seqLo !== -1) return true;
  id.seqHi = (id.seqHi - 1) | 0;
  if (id.seqHi !== -1) return true;
  id.msLo = (id.msLo - 1) | 0;
  if (id.msLo !== -1) return true;
  id.msHi = (id.msHi - 1) | 0;
  return id.msHi !== -1;
}
