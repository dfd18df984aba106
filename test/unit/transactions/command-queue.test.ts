/** The queue between MULTI and EXEC: what goes in comes out, and nothing is kept beyond the limit. */
import { expect, it } from 'vitest';
import { SipHasher } from '../../../src/base/siphash.ts';
import { Call } from '../../../src/commands/call.ts';
import { CommandQueue } from '../../../src/transactions/command-queue.ts';
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
    const queue = new CommandQueue();
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

it('takes no more than the limit', () => {
  const queue = new CommandQueue();
  const call = callOf(['SET', 'k', 'v'.repeat(1000)]);
  let added = 0;
  while (queue.add(call, 1, 10_000)) added++;
  expect(added).toBe(9);
  expect(queue.count).toBe(9);
  queue.free();
});
