/** The queue between MULTI and EXEC: what goes in comes out, and nothing is kept beyond the limit. */
import { expect, it } from 'vitest';
import { SipHasher } from '../../../src/base/siphash.ts';
import { Call } from '../../../src/commands/call.ts';
import {
  DESCRIPTOR_ARGC,
  DESCRIPTOR_COMMAND,
  DESCRIPTOR_HASH,
  DESCRIPTOR_SPANS,
} from '../../../src/ring/request-ring.ts';
import { newQueue } from '../../../src/transactions/command-queue.ts';
import { seededRandom } from '../base/seeded-random.ts';

/** `order` -1: the arguments lie from the last to the first. */
function callOf(args: string[], order = 1): Call {
  const call = new Call(null as never, new SipHasher(1, 2));
  const placed = order === 1 ? args : [...args].reverse();
  call.bytes = Buffer.from(`..${placed.join('|')}`, 'latin1');
  call.data = order === 1 ? new DataView(call.bytes.buffer, call.bytes.byteOffset, call.bytes.length) : null;
  call.spans = new Int32Array(2 * args.length + 1);
  call.base = 1;
  call.argc = args.length;
  let at = 2;
  for (const [i, arg] of placed.entries()) {
    const index = order === 1 ? i : args.length - 1 - i;
    call.spans[1 + 2 * index] = at;
    call.spans[2 + 2 * index] = at + arg.length;
    at += arg.length + 1;
  }
  return call;
}

it('gives back the commands in order, of any number and size', () => {
  const random = seededRandom('command queue');
  for (let round = 0; round < 50; round++) {
    const queue = newQueue();
    const wanted: { id: number; hash: number; args: string[] }[] = [];
    for (let i = random.below(60); i > 0; i--) {
      const args = Array.from({ length: 1 + random.below(6) }, () =>
        String.fromCharCode(random.below(256)).repeat(
          random.below(20) === 0 ? random.below(9000) : random.below(40),
        ),
      );
      const call = callOf(args, random.below(4) === 0 ? -1 : 1);
      call.hash = random.uint32() | 0;
      const id = random.below(300);
      expect(queue.add(call, id, 1 << 30)).toBe(true);
      wanted.push({ id, hash: call.hash, args });
    }
    expect(queue.count).toBe(wanted.length);
    const call = callOf([]);
    for (const { id, hash, args } of wanted) {
      expect(queue.isDone).toBe(false);
      expect(queue.load(call)).toBe(id);
      expect(call.hash).toBe(hash);
      expect(Array.from({ length: call.argc }, (_, i) => call.text(i))).toEqual(args);
    }
    expect(queue.isDone).toBe(true);
    queue.free();
  }
});

/** Requests as they lie in a ring, one behind the other, until it is overwritten. */
class FakeRing {
  readonly bytes = new Uint8Array(1 << 20);
  readonly data = new DataView(this.bytes.buffer);
  readonly words = new Int32Array(1 << 16);
  private at = 0;
  private pos = 0;

  /** A call of a request that lies here. */
  put(id: number, hash: number, args: string[]): Call {
    const call = new Call(null as never, new SipHasher(1, 2));
    const { bytes, data, words } = this;
    words[this.at + DESCRIPTOR_COMMAND] = id;
    words[this.at + DESCRIPTOR_ARGC] = args.length;
    words[this.at + DESCRIPTOR_HASH] = hash;
    const base = this.at + DESCRIPTOR_SPANS;
    for (const [i, arg] of args.entries()) {
      words[base + 2 * i] = this.pos;
      for (const char of arg) bytes[this.pos++] = char.charCodeAt(0);
      words[base + 2 * i + 1] = this.pos;
      this.pos += 6;
    }
    this.at = base + 2 * args.length;
    return Object.assign(call, { argc: args.length, base, bytes, data, hash, spans: words });
  }

  /** Its room has been given back, and used again. */
  overwrite(): void {
    this.bytes.fill(255);
    this.words.fill(-1);
    this.at = 0;
    this.pos = 0;
  }
}

it('gives back what it referred to, copied in time or not, also when only some has run by then', () => {
  const random = seededRandom('queue that refers');
  const call = callOf([]);
  for (let round = 0; round < 200; round++) {
    const ring = new FakeRing();
    const queue = newQueue();
    const wanted: { id: number; args: string[] }[] = [];
    let loaded = 0;
    const load = () => {
      const { args, id } = wanted[loaded++];
      expect(queue.load(call)).toBe(id);
      expect(call.hash).toBe(id * 7);
      expect(Array.from({ length: call.argc }, (_, i) => call.text(i))).toEqual(args);
    };
    const endBatch = () => {
      queue.keep();
      expect(queue.refers).toBe(false);
      ring.overwrite();
    };
    for (let i = random.below(80); i > 0; i--) {
      const id = random.below(300);
      const args = Array.from({ length: 1 + random.below(5) }, () => 'abc'.repeat(random.below(30)));
      if (random.below(10) === 0)
        expect(queue.add(Object.assign(callOf(args), { hash: id * 7 }), id, 1e9)).toBe(true);
      else expect(queue.refer(ring.put(id, id * 7, args), ring, 1e9)).toBe(true);
      wanted.push({ id, args });
      if (random.below(20) === 0) endBatch();
    }
    expect(queue.count).toBe(wanted.length);
    for (let i = random.below(wanted.length + 1); i > 0; i--) load();
    if (random.below(2) === 0) endBatch();
    while (!queue.isDone) load();
    expect(loaded).toBe(wanted.length);
    queue.free();
    queue.keep();
    expect(queue.refers).toBe(false);
  }
});

it('takes no more than the limit, referring or copying', () => {
  const ring = new FakeRing();
  for (const isCopied of [true, false]) {
    const queue = newQueue();
    let added = 0;
    for (; ; added++) {
      const call = ring.put(1, 0, ['SET', 'k', 'v'.repeat(1000)]);
      if (!(isCopied ? queue.add(call, 1, 10_000) : queue.refer(call, ring, 10_000))) break;
    }
    expect(added).toBe(9);
    queue.free();
  }
});
