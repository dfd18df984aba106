/**
 * SHA-1 (FIPS 180-4), for what Redis's own interface fixes to it: the names of scripts and the digests of DEBUG. Not for anything that
 * must resist an attacker. Here because the executor's code is pure: it asks nothing of Node.
 */

export const SHA1_SIZE = 20;

const BLOCK = 64;
const words = new Int32Array(80);
const state = new Int32Array(5);
const last = new Uint8Array(2 * BLOCK);

/** Writes the digest of bytes[start, until) to out[pos, pos + 20). Allocates nothing. */
export function sha1(bytes: Uint8Array, start: number, until: number, out: Uint8Array, pos: number): void {
  state[0] = 0x67452301;
  state[1] = 0xefcdab89;
  state[2] = 0x98badcfe;
  state[3] = 0x10325476;
  state[4] = 0xc3d2e1f0;
  let at = start;
  for (; at + BLOCK <= until; at += BLOCK) addBlock(bytes, at);
  addLast(bytes, at, until, until - start);
  for (let i = 0; i < SHA1_SIZE; i++) out[pos + i] = state[i >> 2] >>> (24 - 8 * (i & 3));
}

/** What is left, a one bit, zeros, and the length in bits. */
function addLast(bytes: Uint8Array, at: number, until: number, total: number): void {
  const left = until - at;
  const size = left + 9 <= BLOCK ? BLOCK : 2 * BLOCK;
  last.fill(0);
  for (let i = 0; i < left; i++) last[i] = bytes[at + i];
  last[left] = 0x80;
  const high = Math.floor(total / 2 ** 29);
  for (let i = 0; i < 4; i++) {
    last[size - 5 - i] = high >>> (8 * i);
    last[size - 1 - i] = (total << 3) >>> (8 * i);
  }
  for (let block = 0; block < size; block += BLOCK) addBlock(last, block);
}

function addBlock(bytes: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i++, at += 4) {
    words[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  for (let i = 16; i < 80; i++) {
    const mixed = words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16];
    words[i] = (mixed << 1) | (mixed >>> 31);
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  for (let i = 0; i < 80; i++) {
    const next = (((a << 5) | (a >>> 27)) + roundFunction(i, b, c, d) + e + words[i]) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

/** The round's function of b, c, d, with its constant. */
function roundFunction(round: number, b: number, c: number, d: number): number {
  if (round < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (round < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (round < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}
