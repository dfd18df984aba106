// What the keyed hash costs, beside FNV-1a, which has no key.
import { SipHasher } from '../../src/base/siphash.ts';
import { perOperation } from './lib/per-operation.ts';

const OPERATIONS = 10_000;
const bytes = new Uint8Array(new SharedArrayBuffer(1 << 16));
for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 131) >>> 3;
const hasher = new SipHasher(0x12345678, 0x9abcdef0);
let sink = 0;

function fnv(data: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ data[i], 0x01000193);
  return hash;
}

function hashMany(length: number): void {
  for (let i = 0; i < OPERATIONS; i++) sink ^= hasher.hash(bytes, i & 1023, (i & 1023) + length);
}

function fnvMany(length: number): void {
  for (let i = 0; i < OPERATIONS; i++) sink ^= fnv(bytes, i & 1023, (i & 1023) + length);
}

const batches = [];
for (const length of [8, 16, 20, 64, 1000]) {
  batches.push({ name: `HalfSipHash-1-3, ${length} B`, operations: OPERATIONS, run: () => hashMany(length) });
  batches.push({ name: `FNV-1a, ${length} B`, operations: OPERATIONS, run: () => fnvMany(length) });
}
await perOperation(batches);
if (sink === 1) console.log();
