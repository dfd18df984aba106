/*
 * Bytes: compare, copy and convert spans of plain Uint8Arrays.
 *
 * Everything takes (bytes, start, until) rather than a subarray, because a subarray is an object, and because its creation
 * costs more than most of these loops. Hot views are plain Uint8Array, never Buffer: one function that sees both kinds is
 * polymorphic and runs at half speed. (A Buffer works; keep it to slow paths.)
 *
 * Strings here are latin1: one char is one byte, in both directions, so a round trip loses nothing.
 *
 * Cost of a copy between two arrays, in ns (a noisy machine, one call per copy; columns: the ways to do it):
 *
 *     size    byte loop   unrolled by 4   DataView words   set(subarray)   copyWithin (one array)
 *        8           12               8                5              46                      19
 *       16           23              15                8              46                      19
 *       32           45              28               15              46                      18
 *       48           67              41               21              46                      18
 *       64           89              54               28              46                      18
 *      128          177             107               54              46                      18
 *
 * Nothing allocates but what returns an array or a string, and set(subarray), whose view is garbage at once.
 */

/** Up to this size the unrolled loop beats set(subarray). */
const COPY_LOOP_SIZE_MAX = 48;

/** A new array with one byte per char; chars above 255 lose their upper bits. */
export function bytesFromString(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Writes one byte per char at out[pos] and returns how many; the caller has made sure of the room. */
export function writeString(text: string, out: Uint8Array, pos: number): number {
  const size = text.length;
  for (let i = 0; i < size; i++) out[pos + i] = text.charCodeAt(i);
  return size;
}

/** An array of memory that holds anything: for one that is filled at once. Saves the zeroes, a quarter of the time of a 1 MB SET. */
export function newUnfilled(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
}

/** A new string with one char per byte of bytes[start, until). */
export function stringFromBytes(bytes: Uint8Array, start = 0, until = bytes.length): string {
  return latin1Slice.call(bytes, start, until);
}

const latin1Slice = (Buffer.prototype as unknown as { latin1Slice(start: number, until: number): string })
  .latin1Slice;

/**
 * Whether bytes[start, until) is `upperAscii`, which holds no lower-case letter, in any mix of cases. Only a-z are folded.
 */
export function equalsIgnoreCase(
  bytes: Uint8Array,
  start: number,
  until: number,
  upperAscii: Uint8Array,
): boolean {
  const size = until - start;
  if (size !== upperAscii.length) return false;
  for (let i = 0; i < size; i++) {
    const byte = bytes[start + i];
    if (byte !== upperAscii[i] && (byte < 97 || byte > 122 || byte - 32 !== upperAscii[i])) return false;
  }
  return true;
}

export function equalBytes(
  a: Uint8Array,
  aStart: number,
  aUntil: number,
  b: Uint8Array,
  bStart: number,
  bUntil: number,
): boolean {
  const size = aUntil - aStart;
  if (size !== bUntil - bStart) return false;
  for (let i = 0; i < size; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

/** -1, 0 or 1: the first byte that differs decides, as unsigned; else the shorter comes first. */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aUntil: number,
  b: Uint8Array,
  bStart: number,
  bUntil: number,
): number {
  const aSize = aUntil - aStart;
  const bSize = bUntil - bStart;
  const shared = Math.min(aSize, bSize);
  for (let i = 0; i < shared; i++) {
    const difference = a[aStart + i] - b[bStart + i];
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return aSize === bSize ? 0 : aSize < bSize ? -1 : 1;
}

/**
 * Copies source[start, until) to target[pos, ...); the two may be the same array, overlap included. Makes garbage (one
 * small view) only above COPY_LOOP_SIZE_MAX between different arrays.
 */
export function copyBytes(
  source: Uint8Array,
  start: number,
  until: number,
  target: Uint8Array,
  pos: number,
): void {
  if (source === target) {
    target.copyWithin(pos, start, until);
  } else if (until - start > BOUNCE_SIZE_MIN && mustBounce(source, start, target, pos)) {
    copyByBounce(source, start, until, target, pos);
  } else if (until - start > COPY_LOOP_SIZE_MAX) {
    target.set(source.subarray(start, until), pos);
  } else {
    copyByLoop(source, start, until, target, pos);
  }
}

/** Smaller copies are not worth a look at alignments. */
const BOUNCE_SIZE_MIN = 256;
const BOUNCE_SIZE = 64 << 10;
const bounce = new Uint8Array(BOUNCE_SIZE + 8);

/**
 * V8 copies from or to shared memory by relaxed atomic words where both sides have the same alignment, and byte by byte (0.7 ns
 * each) where they have not.
 */
function mustBounce(source: Uint8Array, start: number, target: Uint8Array, pos: number): boolean {
  if (((source.byteOffset + start - target.byteOffset - pos) & 7) === 0) return false;
  return source.buffer instanceof SharedArrayBuffer || target.buffer instanceof SharedArrayBuffer;
}

/** By way of private memory with the alignment of the shared side: 16 KB in 1.5 us instead of 11. */
function copyByBounce(
  source: Uint8Array,
  start: number,
  until: number,
  target: Uint8Array,
  pos: number,
): void {
  const sharedSource = source.buffer instanceof SharedArrayBuffer;
  for (let at = start; at < until; at += BOUNCE_SIZE) {
    const to = pos + at - start;
    const size = Math.min(BOUNCE_SIZE, until - at);
    const phase = (sharedSource ? source.byteOffset + at : target.byteOffset + to) & 7;
    bounce.set(source.subarray(at, at + size), phase);
    target.set(bounce.subarray(phase, phase + size), to);
  }
}

function copyByLoop(source: Uint8Array, start: number, until: number, target: Uint8Array, pos: number): void {
  const unrolledUntil = until - 3;
  let i = start;
  for (; i < unrolledUntil; i += 4, pos += 4) {
    target[pos] = source[i];
    target[pos + 1] = source[i + 1];
    target[pos + 2] = source[i + 2];
    target[pos + 3] = source[i + 3];
  }
  for (; i < until; i++) target[pos++] = source[i];
}

/** Up to this size copyViews beats copyBytes. */
export const COPY_VIEWS_SIZE_MAX = 256;

/**
 * copyBytes for callers that keep a DataView over both memories: 27 ns for 64 bytes where a byte loop takes 110 and set(subarray)
 * 63, and no garbage at any size. The spans must not overlap.
 */
export function copyViews(
  source: DataView,
  start: number,
  until: number,
  target: DataView,
  pos: number,
): void {
  let i = start;
  for (const blocksUntil = until - 15; i < blocksUntil; i += 16, pos += 16) {
    target.setInt32(pos, source.getInt32(i, true), true);
    target.setInt32(pos + 4, source.getInt32(i + 4, true), true);
    target.setInt32(pos + 8, source.getInt32(i + 8, true), true);
    target.setInt32(pos + 12, source.getInt32(i + 12, true), true);
  }
  for (const wordsUntil = until - 3; i < wordsUntil; i += 4, pos += 4) {
    target.setInt32(pos, source.getInt32(i, true), true);
  }
  for (; i < until; i++) target.setUint8(pos++, source.getUint8(i));
}

/** A new array with the bytes of bytes[start, until). */
export function sliceBytes(bytes: Uint8Array, start: number, until: number): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, start, until);
}

/**
 * The bytes in double quotes, printable ASCII as it is and the rest escaped, as MONITOR, error texts and redis-cli show them:
 * \\ \" \n \r \t \a \b and \xhh.
 */
export function repr(bytes: Uint8Array, start = 0, until = bytes.length): string {
  let text = '"';
  for (let i = start; i < until; i++) text += REPR[bytes[i]];
  return text + '"';
}

const REPR: string[] = Array.from({ length: 256 }, (_, byte) =>
  byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
);
for (const [char, letter] of ['\\\\', '""', '\nn', '\rr', '\tt', '\x07a', '\bb']) {
  REPR[char.charCodeAt(0)] = `\\${letter}`;
}
