/*
 * LZF, the compression of long strings in RDB files and of quicklist nodes: fast, simple, and with a format of two
 * instructions.
 *
 *     000lllll  bytes...                    l + 1 bytes (1 to 32) follow as they are
 *     lllooooo  oooooooo                    copy l + 2 bytes (3 to 8) from o + 1 bytes back
 *     111ooooo  mmmmmmmm  oooooooo          copy m + 9 bytes (9 to 264) from o + 1 bytes back
 *
 * An offset reaches 8,192 bytes back, and a copy may run into the bytes that it is just writing: a run of 100 equal bytes is
 * one literal and a copy of 99 from one byte back.
 *
 * The compressor remembers where it last saw each three bytes (by a hash; a collision costs a missed match, never a wrong
 * one, as the bytes are compared) and takes the first match it finds. What it remembers is numbered on from call to call,
 * so that what an earlier call left counts as absent without clearing 64 KiB each time, and the same input always gives
 * the same output. That output need not be the bytes that another compressor gives; the format is the same.
 *
 * Neither direction ever writes outside out[outStart, outUntil) or reads outside its input, whatever the input holds.
 *
 * Cost: 6-12 ns a byte to compress text, 2 ns to decompress. Nothing is allocated.
 */

const LITERALS_MAX = 32;
const MATCH_SIZE_MIN = 3;
const MATCH_SIZE_MAX = 264;
const DISTANCE_MAX = 8192;
const HASH_BITS = 14;
/** Positions are numbered below this, then all over again with a cleared table. */
const NUMBER_MAX = 1 << 30;

const lastSeen = new Int32Array(1 << HASH_BITS);
let nextNumber = 1;

/**
 * Compresses input[start, until) to out[outStart, ...) and returns the compressed size, or -1 if that would take more than
 * outUntil - outStart bytes (what is there by then is garbage). To compress only if it pays, give less room than the input
 * takes.
 */
export function lzfCompress(
  input: Uint8Array,
  start: number,
  until: number,
  out: Uint8Array,
  outStart: number,
  outUntil: number,
): number {
  const shift = claimNumbers(until - start) - start; // number = position + shift
  // A module's variables are looked up anew in every round (a bundle makes them `var`); this one is not.
  const seen = lastSeen;
  const lastStart = until - MATCH_SIZE_MIN;
  let literals = start;
  let i = start;
  let o = outStart;
  while (i <= lastStart) {
    const a = input[i];
    const b = input[i + 1];
    const c = input[i + 2];
    const slot = hashOf((a << 16) | (b << 8) | c);
    const candidate = seen[slot] - shift;
    seen[slot] = i + shift;
    if (
      candidate < start ||
      i - candidate > DISTANCE_MAX ||
      input[candidate] !== a ||
      input[candidate + 1] !== b ||
      input[candidate + 2] !== c
    ) {
      i++;
      continue;
    }
    const size = matchSize(input, candidate, i, until);
    o = emitLiterals(input, literals, i, out, o, outUntil);
    if (o < 0) return -1;
    o = emitMatch(i - candidate, size, out, o, outUntil);
    if (o < 0) return -1;
    rememberEnd(input, i + 1, i + size, until, shift);
    i += size;
    literals = i;
  }
  o = emitLiterals(input, literals, until, out, o, outUntil);
  return o < 0 ? -1 : o - outStart;
}

/**
 * Decompresses input[start, until) to out[outStart, ...) and returns how many bytes came out, or -1 if the input is
 * corrupt or that would be more than outUntil - outStart (what is there by then is garbage).
 */
export function lzfDecompress(
  input: Uint8Array,
  start: number,
  until: number,
  out: Uint8Array,
  outStart: number,
  outUntil: number,
): number {
  let i = start;
  let o = outStart;
  while (i < until) {
    const control = input[i++];
    if (control < LITERALS_MAX) {
      const literalsUntil = i + control + 1;
      if (literalsUntil > until || o + control + 1 > outUntil) return -1;
      while (i < literalsUntil) out[o++] = input[i++];
      continue;
    }
    let size = (control >> 5) + 2;
    if (size === 9 && i < until) size += input[i++];
    if (i >= until) return -1;
    const from = o - ((control & 31) << 8) - input[i++] - 1;
    if (from < outStart || o + size > outUntil) return -1;
    for (let k = 0; k < size; k++) out[o + k] = out[from + k];
    o += size;
  }
  return o - outStart;
}

/** Numbers for this many positions that no position had before; the first of them. */
function claimNumbers(count: number): number {
  if (nextNumber + count > NUMBER_MAX) {
    lastSeen.fill(0);
    nextNumber = 1;
  }
  const first = nextNumber;
  nextNumber += count;
  return first;
}

function hash(input: Uint8Array, i: number): number {
  return hashOf((input[i] << 16) | (input[i + 1] << 8) | input[i + 2]);
}

function hashOf(three: number): number {
  return Math.imul(three, -1640531535) >>> (32 - HASH_BITS); // Knuth's multiplier, 2^32 / golden ratio
}

/** How many bytes from `at` on equal those from `candidate` on, of which three are known to. */
function matchSize(input: Uint8Array, candidate: number, at: number, until: number): number {
  const sizeMax = Math.min(MATCH_SIZE_MAX, until - at);
  let size = MATCH_SIZE_MIN;
  while (size < sizeMax && input[candidate + size] === input[at + size]) size++;
  return size;
}

/** Remembers the last two positions of a match; all of them would cost more than they find. */
function rememberEnd(
  input: Uint8Array,
  start: number,
  matchUntil: number,
  until: number,
  shift: number,
): void {
  for (let i = Math.max(start, matchUntil - 2); i < matchUntil; i++) {
    if (i <= until - MATCH_SIZE_MIN) lastSeen[hash(input, i)] = i + shift;
  }
}

/** Where the output goes on behind the literals input[start, until); -1 if there is no room. */
function emitLiterals(
  input: Uint8Array,
  start: number,
  until: number,
  out: Uint8Array,
  o: number,
  outUntil: number,
): number {
  let i = start;
  while (i < until) {
    const runUntil = Math.min(i + LITERALS_MAX, until);
    if (o + 1 + runUntil - i > outUntil) return -1;
    out[o++] = runUntil - i - 1;
    while (i < runUntil) out[o++] = input[i++];
  }
  return o;
}

/** Where the output goes on behind the copy; -1 if there is no room. */
function emitMatch(distance: number, size: number, out: Uint8Array, o: number, outUntil: number): number {
  const offset = distance - 1;
  const isLong = size > 8;
  if (o + (isLong ? 3 : 2) > outUntil) return -1;
  out[o++] = ((isLong ? 7 : size - 2) << 5) | (offset >> 8);
  if (isLong) out[o++] = size - 9;
  out[o++] = offset & 255;
  return o;
}
