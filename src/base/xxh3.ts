/*
 * XXH3 with 64 bits, no seed and the default secret: the digest of strings that DIGEST replies and IFDEQ compares.
 *
 * Written from the specification (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), which has a way of its own for each
 * range of sizes:
 *
 *     0 .. 16       one multiplication or two of a few words, then an avalanche
 *     17 .. 240     16 bytes at a time, from both ends, each multiplied 64 x 64 -> 128 with the secret and added up
 *     241 ..        blocks of 1024 bytes in stripes of 64, added to eight lanes, scrambled after each block
 *
 * The small ranges are done in BigInt: they take a few microseconds whatever they do. The long loop, where a value of
 * 512 MB goes through, is done in pairs of 32-bit words in one Int32Array, lane i at [2 i] (low) and [2 i + 1] (high):
 *
 *     acc[i ^ 1] += stripe[i]
 *     acc[i]     += low(stripe[i] ^ secret[i]) * high(stripe[i] ^ secret[i])        32 x 32 -> 64
 *
 * Cost: some 1 to 10 us up to 240 bytes, with garbage; about 1 ns a byte beyond, without.
 */

const PRIME32_1 = 0x9e3779b1;
const PRIME32_2 = 0x85ebca77n;
const PRIME32_3 = 0xc2b2ae3dn;
const PRIME64_1 = 0x9e3779b185ebca87n;
const PRIME64_2 = 0xc2b2ae3d27d4eb4fn;
const PRIME64_3 = 0x165667b19e3779f9n;
const PRIME64_4 = 0x85ebca77c2b2ae63n;
const PRIME64_5 = 0x27d4eb2f165667c5n;
const PRIME_MX1 = 0x165667919e3779f9n;
const PRIME_MX2 = 0x9fb21c651e98df25n;

const STRIPE_SIZE = 64;
const STRIPES_PER_BLOCK = 16;
const BLOCK_SIZE = STRIPE_SIZE * STRIPES_PER_BLOCK;
const LANES = 8;
const DIGITS = 16;

/** Where in the secret each step reads, in bytes. */
const SCRAMBLE_AT = 128;
const LAST_STRIPE_AT = 121;
const MERGE_AT = 11;

const SECRET = Uint8Array.from(
  (
    'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221' +
    'b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8' +
    'a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb' +
    '170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e'
  ).match(/../g)!,
  (byte) => Number.parseInt(byte, 16),
);

/** The hash of bytes[start, until) as 16 lower-case hexadecimal digits. */
export function xxh3Hex(bytes: Uint8Array, start: number, until: number): string {
  return xxh3(bytes, start, until).toString(16).padStart(DIGITS, '0');
}

/** The hash of bytes[start, until), 0 to 2^64 - 1. */
export function xxh3(bytes: Uint8Array, start: number, until: number): bigint {
  const size = until - start;
  if (size > 240) return hashLong(bytes, start, until);
  if (size > 128) return hashTo240(bytes, start, size);
  if (size > 16) return hashTo128(bytes, start, size);
  if (size > 8) return hashTo16(bytes, start, size);
  if (size >= 4) return hashTo8(bytes, start, size);
  if (size > 0) return hashTo3(bytes, start, size);
  return avalancheXxh64(read64(SECRET, 56) ^ read64(SECRET, 64));
}

// ---- up to 240 bytes -------------------------------------------------------------------------------------------------------

function hashTo3(bytes: Uint8Array, start: number, size: number): bigint {
  const first = bytes[start];
  const middle = bytes[start + (size >> 1)];
  const last = bytes[start + size - 1];
  const combined = (last | (size << 8) | (first << 16) | (middle << 24)) >>> 0;
  return avalancheXxh64(BigInt(combined) ^ read32(SECRET, 0) ^ read32(SECRET, 4));
}

function hashTo8(bytes: Uint8Array, start: number, size: number): bigint {
  const combined = read32(bytes, start + size - 4) | (read32(bytes, start) << 32n);
  let value = combined ^ read64(SECRET, 8) ^ read64(SECRET, 16);
  value ^= rotate(value, 49n) ^ rotate(value, 24n);
  value = u64(value * PRIME_MX2);
  value ^= (value >> 35n) + BigInt(size);
  value = u64(value * PRIME_MX2);
  return value ^ (value >> 28n);
}

function hashTo16(bytes: Uint8Array, start: number, size: number): bigint {
  const low = read64(SECRET, 24) ^ read64(SECRET, 32) ^ read64(bytes, start);
  const high = read64(SECRET, 40) ^ read64(SECRET, 48) ^ read64(bytes, start + size - 8);
  return avalanche(u64(BigInt(size) + swap(low) + high + fold(low, high)));
}

function hashTo128(bytes: Uint8Array, start: number, size: number): bigint {
  let sum = BigInt(size) * PRIME64_1;
  for (let i = (size - 1) >> 5; i >= 0; i--) {
    sum += mix(bytes, start + 16 * i, 32 * i);
    sum += mix(bytes, start + size - 16 * (i + 1), 32 * i + 16);
  }
  return avalanche(u64(sum));
}

function hashTo240(bytes: Uint8Array, start: number, size: number): bigint {
  let sum = BigInt(size) * PRIME64_1;
  for (let i = 0; i < 8; i++) sum += mix(bytes, start + 16 * i, 16 * i);
  sum = avalanche(u64(sum));
  for (let i = 8; i < size >> 4; i++) sum += mix(bytes, start + 16 * i, 16 * (i - 8) + 3);
  sum += mix(bytes, start + size - 16, 119);
  return avalanche(u64(sum));
}

/** 16 bytes with 16 of the secret. */
function mix(bytes: Uint8Array, at: number, secretAt: number): bigint {
  const a = read64(bytes, at) ^ read64(SECRET, secretAt);
  const b = read64(bytes, at + 8) ^ read64(SECRET, secretAt + 8);
  return fold(a, b);
}

/** Both halves of the 128-bit product, xor-ed. */
function fold(a: bigint, b: bigint): bigint {
  const product = a * b;
  return u64(product) ^ (product >> 64n);
}

function avalanche(x: bigint): bigint {
  x ^= x >> 37n;
  x = u64(x * PRIME_MX1);
  return x ^ (x >> 32n);
}

function avalancheXxh64(x: bigint): bigint {
  x ^= x >> 33n;
  x = u64(x * PRIME64_2);
  x ^= x >> 29n;
  x = u64(x * PRIME64_3);
  return x ^ (x >> 32n);
}

// ---- more than 240 bytes ---------------------------------------------------------------------------------------------------

const LANES_START = toWords([
  PRIME32_3,
  PRIME64_1,
  PRIME64_2,
  PRIME64_3,
  PRIME64_4,
  PRIME32_2,
  PRIME64_5,
  BigInt(PRIME32_1),
]);
const lanes = new Int32Array(2 * LANES);

function hashLong(bytes: Uint8Array, start: number, until: number): bigint {
  lanes.set(LANES_START);
  let at = start;
  for (; until - at > BLOCK_SIZE; at += BLOCK_SIZE) {
    for (let n = 0; n < STRIPES_PER_BLOCK; n++) accumulate(bytes, at + n * STRIPE_SIZE, 8 * n);
    scramble();
  }
  for (let n = 0; until - at > STRIPE_SIZE; n++, at += STRIPE_SIZE) accumulate(bytes, at, 8 * n);
  accumulate(bytes, until - STRIPE_SIZE, LAST_STRIPE_AT);
  return mergeLanes(until - start);
}

/** Adds 64 bytes to the lanes. */
function accumulate(bytes: Uint8Array, at: number, secretAt: number): void {
  for (let i = 0; i < 2 * LANES; i += 2, at += 8, secretAt += 8) {
    const low = readWord(bytes, at);
    const high = readWord(bytes, at + 4);
    addToLane(i ^ 2, low, high);
    const a = (low ^ readWord(SECRET, secretAt)) >>> 0;
    const b = (high ^ readWord(SECRET, secretAt + 4)) >>> 0;
    addToLane(i, Math.imul(a, b), highProduct(a, b));
  }
}

function scramble(): void {
  for (let i = 0; i < 2 * LANES; i += 2) {
    const low = lanes[i];
    const high = lanes[i + 1];
    const a = (low ^ (high >>> 15) ^ readWord(SECRET, SCRAMBLE_AT + 4 * i)) >>> 0;
    const b = high ^ readWord(SECRET, SCRAMBLE_AT + 4 * i + 4);
    lanes[i] = Math.imul(a, PRIME32_1);
    lanes[i + 1] = highProduct(a, PRIME32_1) + Math.imul(b, PRIME32_1);
  }
}

function addToLane(i: number, low: number, high: number): void {
  const sum = (lanes[i] + low) | 0;
  const carry = sum >>> 0 < low >>> 0 ? 1 : 0;
  lanes[i] = sum;
  lanes[i + 1] = lanes[i + 1] + high + carry;
}

/** The upper word of the product of two uint32s. Every step stays below 2^53. */
function highProduct(a: number, b: number): number {
  const low = (a & 0xffff) * b;
  const high = (a >>> 16) * b;
  return Math.floor((high + Math.floor(low / 65536)) / 65536) | 0;
}

function mergeLanes(size: number): bigint {
  let sum = BigInt(size) * PRIME64_1;
  for (let i = 0; i < LANES; i += 2) {
    const a = laneValue(i) ^ read64(SECRET, MERGE_AT + 8 * i);
    const b = laneValue(i + 1) ^ read64(SECRET, MERGE_AT + 8 * i + 8);
    sum += fold(a, b);
  }
  return avalanche(u64(sum));
}

function laneValue(lane: number): bigint {
  return BigInt(lanes[2 * lane] >>> 0) | (BigInt(lanes[2 * lane + 1] >>> 0) << 32n);
}

function toWords(values: bigint[]): Int32Array {
  return Int32Array.from(
    values.flatMap((value) => [Number(BigInt.asIntN(32, value)), Number(value >> 32n) | 0]),
  );
}

// ---- words -----------------------------------------------------------------------------------------------------------------

/** Four bytes, the lowest first, as an int32. */
function readWord(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

function read32(bytes: Uint8Array, at: number): bigint {
  return BigInt(readWord(bytes, at) >>> 0);
}

function read64(bytes: Uint8Array, at: number): bigint {
  return read32(bytes, at) | (read32(bytes, at + 4) << 32n);
}

function u64(x: bigint): bigint {
  return BigInt.asUintN(64, x);
}

function rotate(x: bigint, bits: bigint): bigint {
  return u64(x << bits) | (x >> (64n - bits));
}

/** The eight bytes in the opposite order. */
function swap(x: bigint): bigint {
  let swapped = 0n;
  for (let i = 0n; i < 64n; i += 8n) swapped |= ((x >> i) & 0xffn) << (56n - i);
  return swapped;
}
