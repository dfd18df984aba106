/** The reply ring on one thread against an array of frames. */
import { describe, expect, it } from 'vitest';
import { createChannelMemory } from '../../src/ring/channel.ts';
import { REPLY_BYTES, REPLY_WORDS } from '../../src/ring/layout.ts';
import { FRAME_CLOSE, FRAME_DATA, ReplyRingReader, ReplyRingWriter } from '../../src/ring/reply-ring.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';

interface Expected {
  kind: number;
  slot: number;
  size: number;
  mark: number;
}

function pair(): { writer: ReplyRingWriter; reader: ReplyRingReader } {
  const { control, replyFrames, replyBytes } = createChannelMemory();
  return {
    writer: new ReplyRingWriter(control, replyFrames, replyBytes),
    reader: new ReplyRingReader(control, replyFrames, replyBytes),
  };
}

/** Writes one frame of `size` bytes as the channel's end does. False when there is no room. */
function send(writer: ReplyRingWriter, slot: number, size: number, mark: number): boolean {
  if (!writer.hasFrames(1)) return false;
  if (writer.contiguous < size) {
    writer.refresh();
    if (writer.contiguous < size && writer.free > writer.contiguous) writer.skipToStart();
    if (writer.contiguous < size) return false;
  }
  writer.bytes.fill(mark & 0xff, writer.at, writer.at + size);
  writer.commit(slot, size);
  return true;
}

function checkNext(reader: ReplyRingReader, expected: Expected): void {
  const at = reader.next();
  expect(at).toBeGreaterThanOrEqual(0);
  const { frames, bytes } = reader;
  const seen = { kind: frames[at] & 0xff, slot: frames[at] >>> 8, size: frames[at + 2], mark: expected.mark };
  if (seen.kind !== expected.kind || seen.slot !== expected.slot || seen.size !== expected.size) {
    expect(seen).toEqual(expected);
  }
  const start = frames[at + 1];
  for (let i = start; i < start + seen.size; i++) {
    if (bytes[i] !== (expected.mark & 0xff)) expect.fail(`byte ${i - start} of frame ${expected.mark}`);
  }
  reader.advance(at);
}

describe('ReplyRingWriter and ReplyRingReader', () => {
  it('give back what a queue would, over many wraps', () => {
    const random = seededRandom('reply ring');
    const { writer, reader } = pair();
    const queue: Expected[] = [];
    let published = 0;
    let full = 0;
    let total = 0;
    const drain = (count: number): void => {
      reader.poll();
      for (; count > 0 && published > 0; count--, published--) checkNext(reader, queue.shift()!);
      reader.release();
    };
    for (let step = 0; step < 60_000; step++) {
      const slot = random.below(65536);
      if (random.below(10) === 0) {
        if (writer.canSignal()) {
          writer.signal(FRAME_CLOSE, slot);
          queue.push({ kind: FRAME_CLOSE, slot, size: 0, mark: step });
        }
      } else {
        const size = 1 + random.below(random.below(40) === 0 ? 200_000 : 300);
        if (send(writer, slot, size, step)) {
          queue.push({ kind: FRAME_DATA, slot, size, mark: step });
          total += size;
        } else {
          full++;
          writer.publish();
          published = queue.length;
          drain(1 + random.below(Math.max(1, queue.length)));
        }
      }
      if (random.below(20) === 0) {
        writer.publish();
        published = queue.length;
      }
      if (random.below(40) === 0) drain(random.below(300));
    }
    writer.publish();
    published = queue.length;
    drain(queue.length);
    expect(reader.poll()).toBe(false);
    expect(full).toBeGreaterThan(0);
    expect(total).toBeGreaterThan(REPLY_BYTES * 20);
  });

  it('control records fit when data frames no longer do, and leave room for frames that were begun', () => {
    const { writer, reader } = pair();
    const queue: Expected[] = [];
    while (send(writer, 1, 1, queue.length))
      queue.push({ kind: FRAME_DATA, slot: 1, size: 1, mark: queue.length });
    expect(queue.length).toBeGreaterThan(4000);
    let signals = 0;
    for (; writer.canSignal(); signals++) {
      writer.signal(FRAME_CLOSE, 2);
      queue.push({ kind: FRAME_CLOSE, slot: 2, size: 0, mark: 0 });
    }
    expect(signals).toBeGreaterThan(50);
    // Two frames that hasFrames() had promised before the signals came.
    for (let i = 0; i < 2; i++) {
      writer.bytes[writer.at] = 77;
      writer.commit(3, 1);
      queue.push({ kind: FRAME_DATA, slot: 3, size: 1, mark: 77 });
    }
    expect(queue.length).toBeLessThanOrEqual(REPLY_WORDS / 4);
    writer.publish();
    reader.poll();
    for (const expected of queue) checkNext(reader, expected);
    expect(reader.next()).toBe(-1);
  });

  it('the reader rings only for a writer that wants room, once', () => {
    const { writer, reader } = pair();
    while (send(writer, 1, 60_000, 1));
    writer.publish();
    reader.poll();
    reader.advance(reader.next());
    expect(reader.release()).toBe(false);
    writer.wantRoom();
    // Freed before the wish: nobody would ring any more.
    expect(writer.roomFreed).toBe(true);
    writer.refresh();
    writer.wantRoom();
    expect(writer.roomFreed).toBe(false);
    reader.advance(reader.next());
    expect(reader.release()).toBe(true);
    expect(writer.roomFreed).toBe(true);
    reader.advance(reader.next());
    expect(reader.release()).toBe(false);
  });
});
