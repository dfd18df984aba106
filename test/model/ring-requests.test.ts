/** The request ring on one thread against an array of records: nothing is lost, mixed up or written over. */
import { describe, expect, it } from 'vitest';
import { createChannelMemory } from '../../src/ring/channel.ts';
import { REQUEST_BYTES, REQUEST_WORDS } from '../../src/ring/layout.ts';
import {
  DESCRIPTOR_ARGC,
  DESCRIPTOR_BYTES_UNTIL,
  DESCRIPTOR_SIZE,
  DESCRIPTOR_SLOT,
  DESCRIPTOR_SPANS,
  DESCRIPTOR_START,
  REQUEST_COMMAND,
  RequestReader,
  RequestWriter,
} from '../../src/ring/request-ring.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';

interface Expected {
  slot: number;
  argc: number;
  size: number;
}

function pair(): { writer: RequestWriter; reader: RequestReader } {
  const { control, requestWords, requestBytes } = createChannelMemory();
  return {
    writer: new RequestWriter(control, requestWords, requestBytes),
    reader: new RequestReader(control, requestWords, requestBytes),
  };
}

/** Writes one command of `size` bytes and `argc` spans as the parser does. False when the ring is full. */
function write(writer: RequestWriter, slot: number, argc: number, size: number): boolean {
  const start = writer.reserveBytes(size);
  if (start < 0) return false;
  const words = DESCRIPTOR_SPANS + argc * 2;
  const at = writer.reserveWords(words);
  if (at < 0) return false;
  writer.words[at] = REQUEST_COMMAND | (words << 8);
  writer.words[at + DESCRIPTOR_SLOT] = slot;
  writer.words[at + DESCRIPTOR_ARGC] = argc;
  writer.words[at + DESCRIPTOR_START] = start;
  writer.words[at + DESCRIPTOR_SIZE] = size;
  writer.words[at + DESCRIPTOR_BYTES_UNTIL] = writer.bytesUntil(size);
  for (let i = 0; i < argc * 2; i++) writer.words[at + DESCRIPTOR_SPANS + i] = slot + i;
  writer.bytes.fill(slot & 0xff, start, start + size);
  writer.commitBytes(size);
  writer.commitWords(words);
  return true;
}

function checkNext(reader: RequestReader, expected: Expected): void {
  const at = reader.next();
  expect(at).toBeGreaterThanOrEqual(0);
  const { words, bytes } = reader;
  const start = words[at + DESCRIPTOR_START];
  const seen = {
    slot: words[at + DESCRIPTOR_SLOT],
    argc: words[at + DESCRIPTOR_ARGC],
    size: words[at + DESCRIPTOR_SIZE],
  };
  if (seen.slot !== expected.slot || seen.argc !== expected.argc || seen.size !== expected.size) {
    expect(seen).toEqual(expected);
  }
  for (let i = 0; i < expected.argc * 2; i++) {
    if (words[at + DESCRIPTOR_SPANS + i] !== expected.slot + i) expect.fail(`span ${i} of ${expected.slot}`);
  }
  for (let i = start; i < start + expected.size; i++) {
    if (bytes[i] !== (expected.slot & 0xff)) expect.fail(`byte ${i - start} of ${expected.slot}`);
  }
  reader.advance(at);
}

describe('RequestWriter and RequestReader', () => {
  it('give back what a queue would, over many wraps of both areas', () => {
    const random = seededRandom('request ring');
    const { writer, reader } = pair();
    const queue: Expected[] = [];
    let published = 0;
    let full = 0;
    let totalBytes = 0;
    let totalWords = 0;
    let next = 0;
    const drain = (count: number): void => {
      reader.poll();
      for (; count > 0 && published > 0; count--, published--) checkNext(reader, queue.shift()!);
      if (published === 0) expect(reader.next()).toBe(-1);
      reader.release();
    };
    for (let step = 0; step < 30_000; step++) {
      const large = random.below(50) === 0;
      const argc = random.below(large ? 8000 : 12);
      const size = random.below(large ? REQUEST_BYTES >> 2 : 400);
      if (write(writer, next, argc, size)) {
        queue.push({ slot: next, argc, size });
        next++;
        totalBytes += size;
        totalWords += DESCRIPTOR_SPANS + argc * 2;
      } else {
        full++;
        writer.publish();
        published = queue.length;
        drain(1 + random.below(queue.length));
      }
      if (random.below(20) === 0) {
        writer.publish();
        published = queue.length;
      }
      if (random.below(30) === 0) drain(random.below(200));
    }
    writer.publish();
    published = queue.length;
    drain(queue.length);
    expect(writer.idle).toBe(true);
    expect(full).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThan(REQUEST_BYTES * 10);
    expect(totalWords).toBeGreaterThan(REQUEST_WORDS * 10);
  });

  it('a full ring refuses, loses nothing, and takes more when something was released', () => {
    const { writer, reader } = pair();
    let count = 0;
    while (write(writer, count, 3, 30)) count++;
    expect(count).toBe(Math.floor(REQUEST_WORDS / (DESCRIPTOR_SPANS + 6)));
    writer.wantRoom();
    expect(writer.roomFreed).toBe(false);
    writer.publish();
    reader.poll();
    checkNext(reader, { slot: 0, argc: 3, size: 30 });
    expect(reader.release()).toBe(true);
    expect(writer.roomFreed).toBe(true);
    checkNext(reader, { slot: 1, argc: 3, size: 30 });
    expect(reader.release()).toBe(false);
    while (!write(writer, count, 3, 30)) {
      checkNext(reader, { slot: reader.words[reader.next() + DESCRIPTOR_SLOT], argc: 3, size: 30 });
      reader.release();
    }
  });

  it('room that is freed between the refusal and the wish for room is not missed', () => {
    const { writer, reader } = pair();
    let count = 0;
    while (write(writer, count, 3, 30)) count++;
    writer.publish();
    reader.poll();
    checkNext(reader, { slot: 0, argc: 3, size: 30 });
    expect(reader.release()).toBe(false);
    writer.wantRoom();
    expect(writer.roomFreed).toBe(true);
  });

  it('what is not published is not seen, and one publish shows all of it', () => {
    const { writer, reader } = pair();
    for (let i = 0; i < 100; i++) write(writer, i, 1, 10);
    expect(writer.dirty).toBe(true);
    expect(reader.poll()).toBe(false);
    writer.publish();
    expect(writer.dirty).toBe(false);
    expect(reader.poll()).toBe(true);
    for (let i = 0; i < 100; i++) checkNext(reader, { slot: i, argc: 1, size: 10 });
    expect(reader.next()).toBe(-1);
  });
});
