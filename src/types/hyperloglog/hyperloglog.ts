/**
 * HyperLogLog: how many different elements have been seen, by 16384 small registers, in a string. Redis's format byte for byte, and
 * changed in the same steps, so that the same calls leave the same string: it may be copied between servers with GET and SET.
 *
 *     | HYLL | encoding u8: 0 dense, 1 sparse | 3 zeros | cardinality u64 LE, its highest bit: not known | registers |
 *
 * An element's hash names a register by its lowest 14 bits, and the register holds the most trailing zeros, plus one, that the rest of
 * the hash of any of its elements had.
 *
 * Dense: 6 bits a register, from the lowest bits of the first byte on. Sparse: runs of registers, while they take less than
 * hll-sparse-max-bytes, header included:
 *
 *     00nnnnnn             ZERO   n + 1 registers are 0
 *     01nnnnnn nnnnnnnn    XZERO  n + 1 registers are 0
 *     1vvvvvnn             VAL    n + 1 registers are v + 1
 *
 * A sparse one is changed by replacing the run that the register is in by up to three, and then joining equal neighbours among the next
 * five. A value above 32 or too many runs make it dense, for good.
 *
 * Functions here work on `sketch`, a copy of a string of at most SPARSE_SIZE_MAX bytes, or on a dense string where it lies. No RESP.
 */
import { HI, hash, LO, murmur64 } from './murmur.ts';

export const HEADER_SIZE = 16;
export const REGISTERS = 16384;
export const DENSE_SIZE = HEADER_SIZE + (REGISTERS * 6) / 8;
/** No sequence of runs over all registers is longer. */
export const SPARSE_SIZE_MAX = HEADER_SIZE + REGISTERS * 2;
export const DENSE = 0;
export const SPARSE = 1;

const ENCODING_AT = 4;
const CARDINALITY_AT = 8;
const UNKNOWN_AT = 15;
const UNKNOWN_BIT = 0x80;

const INDEX_BITS = 14;
const INDEX_MASK = REGISTERS - 1;
/** Bits of the hash that are counted: a set bit behind them ends the count. */
const COUNTED_BITS = 64 - INDEX_BITS;
const ZERO_MAX = 64;
const VALUE_MAX = 32;
const RUN_MAX = 4;
const JOIN_STEPS = 5;

/** A sparse string while it is changed: bytes[0..size). It may have become dense. */
export const sketch = { bytes: new Uint8Array(SPARSE_SIZE_MAX + 8), size: 0 };
const spare = new Uint8Array(DENSE_SIZE);

// --- the header -------------------------------------------------------------------------------------

/** Whether bytes[start..end) begins as a HyperLogLog does; its runs may still be wrong. */
export function isHyperLogLog(bytes: Uint8Array, start: number, end: number): boolean {
  const size = end - start;
  if (size < HEADER_SIZE) return false;
  const named =
    bytes[start] === 72 && bytes[start + 1] === 89 && bytes[start + 2] === 76 && bytes[start + 3] === 76;
  const encoding = bytes[start + ENCODING_AT];
  return named && (encoding === SPARSE || (encoding === DENSE && size === DENSE_SIZE));
}

export function encodingOf(bytes: Uint8Array, start: number): number {
  return bytes[start + ENCODING_AT];
}

/** The cardinality that the header holds; -1 when it holds none. */
export function cachedCardinality(bytes: Uint8Array, start: number): number {
  if ((bytes[start + UNKNOWN_AT] & UNKNOWN_BIT) !== 0) return -1;
  let value = 0;
  for (let i = UNKNOWN_AT; i >= CARDINALITY_AT; i--) value = value * 256 + bytes[start + i];
  return value;
}

export function storeCardinality(bytes: Uint8Array, start: number, value: number): void {
  for (let i = CARDINALITY_AT; i <= UNKNOWN_AT; i++) {
    bytes[start + i] = value % 256;
    value = Math.floor(value / 256);
  }
}

/** Says that the cardinality in the header is not true any more. */
export function forgetCardinality(bytes: Uint8Array, start: number): void {
  bytes[start + UNKNOWN_AT] |= UNKNOWN_BIT;
}

/** Makes `sketch` one of nothing. */
export function beginSketch(): void {
  const { bytes } = sketch;
  bytes.fill(0, 0, HEADER_SIZE);
  bytes[0] = 72;
  bytes[1] = 89;
  bytes[2] = 76;
  bytes[3] = 76;
  bytes[ENCODING_AT] = SPARSE;
  sketch.size = HEADER_SIZE + putZeros(bytes, HEADER_SIZE, REGISTERS);
}

/** Makes `sketch` a copy of bytes[start..end); false when that is too long to be right. */
export function loadSketch(source: Uint8Array, start: number, end: number): boolean {
  if (end - start > SPARSE_SIZE_MAX) return false;
  sketch.size = end - start;
  const { bytes } = sketch;
  for (let i = start; i < end; i++) bytes[i - start] = source[i];
  return true;
}

// --- elements ---------------------------------------------------------------------------------------

/** What the element that was looked at last does: makes register `index` at least `count`. */
export const mark = { index: 0, count: 0 };

/** Sets `mark` for the element bytes[start..end). */
export function markOf(bytes: Uint8Array, start: number, end: number): void {
  murmur64(bytes, start, end);
  const lo = hash[LO];
  const hi = hash[HI];
  mark.index = lo & INDEX_MASK;
  const restLo = (lo >>> INDEX_BITS) | (hi << (32 - INDEX_BITS));
  const restHi = (hi >>> INDEX_BITS) | (1 << (COUNTED_BITS - 32));
  mark.count = 1 + (restLo !== 0 ? trailingZeros(restLo) : 32 + trailingZeros(restHi));
}

function trailingZeros(int32: number): number {
  return 31 - Math.clz32(int32 & -int32);
}

// --- dense ------------------------------------------------------------------------------------------

/** Register `index` of the dense string at bytes[start]. */
export function readRegister(bytes: Uint8Array, start: number, index: number): number {
  const bit = index * 6;
  const at = start + HEADER_SIZE + (bit >>> 3);
  const shift = bit & 7;
  const low = bytes[at] >>> shift;
  return shift <= 2 ? low & 63 : (low | (bytes[at + 1] << (8 - shift))) & 63;
}

function writeRegister(bytes: Uint8Array, start: number, index: number, value: number): void {
  const bit = index * 6;
  const at = start + HEADER_SIZE + (bit >>> 3);
  const shift = bit & 7;
  bytes[at] = (bytes[at] & ~(63 << shift)) | (value << shift);
  if (shift > 2) bytes[at + 1] = (bytes[at + 1] & ~(63 >>> (8 - shift))) | (value >>> (8 - shift));
}

/** Makes a register of the dense string at least `count`; whether it was less. */
export function setDense(bytes: Uint8Array, start: number, index: number, count: number): boolean {
  if (readRegister(bytes, start, index) >= count) return false;
  writeRegister(bytes, start, index, count);
  return true;
}

// --- sparse -----------------------------------------------------------------------------------------

/** The run that was looked at last: its value, how many registers, how many bytes. */
const run = { value: 0, length: 0, size: 0 };

function readRun(bytes: Uint8Array, at: number): void {
  const head = bytes[at];
  run.size = 1;
  run.value = 0;
  if (head >= 0x80) {
    run.value = ((head >>> 2) & 31) + 1;
    run.length = (head & 3) + 1;
  } else if (head < 0x40) {
    run.length = head + 1;
  } else {
    run.length = (((head & 63) << 8) | bytes[at + 1]) + 1;
    run.size = 2;
  }
}

/** Writes `length` zeroes; returns how many bytes that took. */
function putZeros(bytes: Uint8Array, at: number, length: number): number {
  if (length === 0) return 0;
  if (length <= ZERO_MAX) {
    bytes[at] = length - 1;
    return 1;
  }
  bytes[at] = 0x40 | ((length - 1) >>> 8);
  bytes[at + 1] = length - 1;
  return 2;
}

function putValue(bytes: Uint8Array, at: number, value: number, length: number): number {
  if (length === 0) return 0;
  bytes[at] = 0x80 | ((value - 1) << 2) | (length - 1);
  return 1;
}

export const UNCHANGED = 0;
export const CHANGED = 1;
/** The runs do not cover the registers. */
export const CORRUPT = -1;

/** Makes a register of `sketch`, sparse or dense, at least `count`. */
export function setInSketch(index: number, count: number, sparseMax: number): number {
  if (sketch.bytes[ENCODING_AT] === DENSE)
    return setDense(sketch.bytes, 0, index, count) ? CHANGED : UNCHANGED;
  if (count > VALUE_MAX) return setAsDense(index, count);
  return findRun(index) ? setInRun(index, count, sparseMax) : CORRUPT;
}

/** The run that findRun() has found: where it is, its first register, and where the run before it is, itself when there is none. */
const found = { at: 0, first: 0, previous: 0 };

/** Finds the run that register `index` is in, and reads it. */
function findRun(index: number): boolean {
  const { bytes, size } = sketch;
  let at = HEADER_SIZE;
  let first = 0;
  found.previous = at;
  while (at < size) {
    readRun(bytes, at);
    if (index < first + run.length) {
      found.at = at;
      found.first = first;
      return true;
    }
    found.previous = at;
    at += run.size;
    first += run.length;
  }
  return false;
}

/** The runs up to the one before the register that was set last: setting it has not moved their starts. */
const passed = { at: new Uint16Array(REGISTERS), first: new Uint16Array(REGISTERS), count: 0 };

/** findRun() for a register above the last one, from where that was: n registers take one walk. */
function findNextRun(index: number): boolean {
  const { bytes, size } = sketch;
  if (passed.count > 0) passed.count--;
  let at = passed.count === 0 ? HEADER_SIZE : passed.at[passed.count];
  let first = passed.count === 0 ? 0 : passed.first[passed.count];
  while (at < size) {
    readRun(bytes, at);
    if (index < first + run.length) {
      found.at = at;
      found.first = first;
      found.previous = passed.count === 0 ? HEADER_SIZE : passed.at[passed.count - 1];
      return true;
    }
    passed.at[passed.count] = at;
    passed.first[passed.count++] = first;
    at += run.size;
    first += run.length;
  }
  return false;
}

/** Makes a register of the run that was found at least `count`. */
function setInRun(index: number, count: number, sparseMax: number): number {
  const { bytes } = sketch;
  if (run.value >= count) return UNCHANGED;
  if (run.length === 1 && run.size === 1) {
    putValue(bytes, found.at, count, 1);
  } else if (!splitRun(found.at, found.first, index, count, sparseMax)) {
    return setAsDense(index, count);
  }
  joinRuns(found.previous);
  forgetCardinality(bytes, 0);
  return CHANGED;
}

const parts = new Uint8Array(5);

/**
 * Replaces the run at `at`, which begins with register `first`, by what is before the register in it, the register, and what is
 * behind it. False when that would take too many bytes; then nothing has changed.
 */
function splitRun(at: number, first: number, index: number, count: number, sparseMax: number): boolean {
  const { value, length, size } = run;
  const before = index - first;
  const behind = length - before - 1;
  let used = value === 0 ? putZeros(parts, 0, before) : putValue(parts, 0, value, before);
  used += putValue(parts, used, count, 1);
  used += value === 0 ? putZeros(parts, used, behind) : putValue(parts, used, value, behind);
  const by = used - size;
  if (by > 0 && sketch.size + by > sparseMax) return false;
  const { bytes } = sketch;
  bytes.copyWithin(at + used, at + size, sketch.size);
  for (let i = 0; i < used; i++) bytes[at + i] = parts[i];
  sketch.size += by;
  return true;
}

/** Joins neighbouring runs of the same value, from the run at `at` on. */
function joinRuns(at: number): void {
  const { bytes } = sketch;
  for (let steps = JOIN_STEPS; at < sketch.size && steps > 0; steps--) {
    const head = bytes[at];
    const next = bytes[at + 1];
    const length = (head & 3) + (next & 3) + 2;
    const areAlike = at + 1 < sketch.size && (head & 0xfc) === (next & 0xfc);
    if (head < 0x80) {
      at += head < 0x40 ? 1 : 2;
    } else if (areAlike && length <= RUN_MAX) {
      bytes[at + 1] = (head & 0xfc) | (length - 1);
      bytes.copyWithin(at, at + 1, sketch.size);
      sketch.size--;
    } else {
      at++;
    }
  }
}

function setAsDense(index: number, count: number): number {
  if (!makeDense()) return CORRUPT;
  setDense(sketch.bytes, 0, index, count);
  forgetCardinality(sketch.bytes, 0);
  return CHANGED;
}

/** Makes `sketch` dense; false, and nothing is changed, when its runs do not cover the registers. */
export function makeDense(): boolean {
  const { bytes } = sketch;
  if (bytes[ENCODING_AT] === DENSE) return true;
  spare.fill(0);
  let index = 0;
  for (let at = HEADER_SIZE; at < sketch.size; at += run.size) {
    readRun(bytes, at);
    if (index + run.length > REGISTERS) return false;
    for (let i = 0; run.value > 0 && i < run.length; i++) writeRegister(spare, 0, index + i, run.value);
    index += run.length;
  }
  if (index !== REGISTERS) return false;
  for (let i = 0; i < HEADER_SIZE; i++) spare[i] = bytes[i];
  spare[ENCODING_AT] = DENSE;
  bytes.set(spare);
  sketch.size = DENSE_SIZE;
  return true;
}

/** The runs of a sparse string as PFDEBUG DECODE shows them. Allocates the text. */
export function decodeRuns(bytes: Uint8Array, start: number, end: number): string {
  const words: string[] = [];
  for (let at = start + HEADER_SIZE; at < end; at += run.size) {
    readRun(bytes, at);
    if (run.value > 0) words.push(`v:${run.value},${run.length}`);
    else words.push(`${run.size === 2 ? 'Z' : 'z'}:${run.length}`);
  }
  return words.join(' ');
}

// --- all registers ----------------------------------------------------------------------------------

/** The registers of several strings together. */
export const merged = new Uint8Array(REGISTERS);

/** Makes `merged` at least what the string bytes[start..end) has; false when its runs do not cover the registers. */
export function mergeRegisters(bytes: Uint8Array, start: number, end: number): boolean {
  if (encodingOf(bytes, start) === DENSE) {
    mergeDense(bytes, start + HEADER_SIZE);
    return true;
  }
  let index = 0;
  for (let at = start + HEADER_SIZE; at < end; at += run.size) {
    readRun(bytes, at);
    if (index + run.length > REGISTERS) return false;
    for (let i = index; run.value > 0 && i < index + run.length; i++) {
      if (run.value > merged[i]) merged[i] = run.value;
    }
    index += run.length;
  }
  return index === REGISTERS;
}

/** The same of dense registers at bytes[at]: four at a time, which are three bytes. */
function mergeDense(bytes: Uint8Array, at: number): void {
  for (let i = 0; i < REGISTERS; i += 4) {
    const four = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    at += 3;
    if ((four & 63) > merged[i]) merged[i] = four & 63;
    if (((four >>> 6) & 63) > merged[i + 1]) merged[i + 1] = (four >>> 6) & 63;
    if (((four >>> 12) & 63) > merged[i + 2]) merged[i + 2] = (four >>> 12) & 63;
    if (four >>> 18 > merged[i + 3]) merged[i + 3] = four >>> 18;
  }
}

/** Makes `sketch` what `merged` is, which is at least what it was. */
export function storeMerged(sparseMax: number): void {
  const { bytes } = sketch;
  passed.count = 0;
  for (let i = 0; i < REGISTERS && bytes[ENCODING_AT] === SPARSE; i++) {
    if (merged[i] > VALUE_MAX) setAsDense(i, merged[i]);
    else if (merged[i] > 0 && findNextRun(i)) setInRun(i, merged[i], sparseMax);
  }
  if (bytes[ENCODING_AT] === DENSE) packMerged(bytes, HEADER_SIZE);
}

/** Writes `merged` as dense registers. */
function packMerged(bytes: Uint8Array, at: number): void {
  for (let i = 0; i < REGISTERS; i += 4) {
    const four = merged[i] | (merged[i + 1] << 6) | (merged[i + 2] << 12) | (merged[i + 3] << 18);
    bytes[at] = four;
    bytes[at + 1] = four >>> 8;
    bytes[at + 2] = four >>> 16;
    at += 3;
  }
}

/** How many registers have each value. */
const histogram = new Int32Array(64);

/** Adds dense registers at bytes[at] to `histogram`. */
function countDense(bytes: Uint8Array, at: number): void {
  for (let i = 0; i < REGISTERS; i += 4) {
    const four = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    at += 3;
    histogram[four & 63]++;
    histogram[(four >>> 6) & 63]++;
    histogram[(four >>> 12) & 63]++;
    histogram[four >>> 18]++;
  }
}

/** About how many different elements the string bytes[start..end) has seen; -1 when its runs do not cover the registers. */
export function countElements(bytes: Uint8Array, start: number, end: number): number {
  histogram.fill(0);
  if (encodingOf(bytes, start) === DENSE) {
    countDense(bytes, start + HEADER_SIZE);
    return estimate();
  }
  let index = 0;
  for (let at = start + HEADER_SIZE; at < end; at += run.size) {
    readRun(bytes, at);
    histogram[run.value] += run.length;
    index += run.length;
  }
  return index === REGISTERS ? estimate() : -1;
}

/** The same of `merged`. */
export function countMerged(): number {
  histogram.fill(0);
  for (let i = 0; i < REGISTERS; i++) histogram[merged[i]]++;
  return estimate();
}

const ALPHA = 0.7213475204444817;

/** Otmar Ertl, 'New cardinality estimation algorithms for HyperLogLog sketches' (2017): by the histogram alone, without a bias table. */
function estimate(): number {
  let z = REGISTERS * tau((REGISTERS - histogram[COUNTED_BITS + 1]) / REGISTERS);
  for (let value = COUNTED_BITS; value >= 1; value--) z = (z + histogram[value]) * 0.5;
  z += REGISTERS * sigma(histogram[0] / REGISTERS);
  return Math.round((ALPHA * REGISTERS * REGISTERS) / z);
}

/** The paper's sigma, for registers that are 0. */
function sigma(x: number): number {
  if (x === 1) return Number.POSITIVE_INFINITY;
  let weight = 1;
  let sum = x;
  for (let before = -1; before !== sum; ) {
    x *= x;
    before = sum;
    sum += x * weight;
    weight += weight;
  }
  return sum;
}

/** The paper's tau, for registers that are full. */
function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let weight = 1;
  let sum = 1 - x;
  for (let before = -1; before !== sum; ) {
    x = Math.sqrt(x);
    before = sum;
    weight *= 0.5;
    sum -= (1 - x) * (1 - x) * weight;
  }
  return sum / 3;
}
