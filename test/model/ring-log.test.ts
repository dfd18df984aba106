/** The log ring on one thread against a plain growing array: what goes in comes out, in order, whatever the sizes. */
import { describe, expect, it } from 'vitest';
import {
  createLogMemory,
  LOG_APPENDED,
  LOG_FSYNCED,
  LOG_WHOLE,
  LOG_WRITTEN,
  LogReader,
  LogWriter,
  readPosition,
  startLogAt,
} from '../../src/ring/log-ring.ts';
import { seededRandom } from '../unit/base/seeded-random.ts';

const SIZE = 1 << 12;

/** Byte `position` of the stream every test writes. */
function byteAt(position: number): number {
  return (position * 31 + Math.floor(position / 251)) & 0xff;
}

function fill(bytes: Uint8Array, position: number): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = byteAt(position + i);
}

function check(pieces: Uint8Array[], position: number): number {
  for (const piece of pieces) {
    for (let i = 0; i < piece.length; i++, position++) {
      if (piece[i] !== byteAt(position)) expect.fail(`byte ${position} differs`);
    }
  }
  return position;
}

describe('LogWriter and LogReader', () => {
  for (const start of [0, 2 ** 31 - 1000, 2 ** 32 - 1000, 2 ** 40 + 17, 2 ** 52]) {
    it(`a log that begins at ${start} gives back every entry in order`, () => {
      const random = seededRandom('log ring');
      const memory = createLogMemory(SIZE);
      startLogAt(memory, start);
      const control = new Int32Array(memory.control);
      const writer = new LogWriter(memory);
      const reader = new LogReader(memory);
      let appended = start;
      let written = start;
      let refused = 0;
      const entry = new Uint8Array(SIZE);
      for (let step = 0; step < 20_000; step++) {
        const size = random.below(3) === 0 ? random.below(writer.entryMax + 1) : random.below(40);
        const bytes = entry.subarray(0, size);
        fill(bytes, appended);
        const fits = SIZE - (appended - written) >= size;
        expect(writer.append(bytes, 0, size)).toBe(fits);
        if (fits) appended += size;
        else refused++;
        if (random.below(3) !== 0) {
          writer.publish();
          expect(readPosition(control, LOG_APPENDED)).toBe(appended);
          expect(readPosition(control, LOG_WHOLE)).toBe(appended);
        }
        if (random.below(4) !== 0) continue;
        const pieces = reader.pieces(1 + random.below(SIZE));
        const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
        check(pieces, written);
        const taken = random.below(total + 1);
        written += taken;
        reader.wrote(taken);
        expect(readPosition(control, LOG_WRITTEN)).toBe(written);
        reader.fsynced(reader.written);
        expect(readPosition(control, LOG_FSYNCED)).toBe(written);
      }
      expect(refused).toBeGreaterThan(0);
      expect(appended - start).toBeGreaterThan(SIZE * 10);
    });
  }

  it('when all is written the next entry lies at the start of the area, in its word of memory; not before', () => {
    const memory = createLogMemory(SIZE);
    const writer = new LogWriter(memory);
    const reader = new LogReader(memory);
    const bytes = new Uint8Array(101);
    fill(bytes, 0);
    writer.append(bytes, 0, 101);
    writer.publish();
    reader.wrote(100);
    fill(bytes, 101);
    writer.append(bytes, 0, 101);
    writer.publish();
    expect(reader.nextAt).toBe(100);
    expect(check(reader.pieces(), 100)).toBe(202);
    reader.wrote(102);
    fill(bytes, 202);
    writer.append(bytes, 0, 50);
    writer.append(bytes, 50, 101);
    writer.publish();
    expect(reader.nextAt).toBe(202 % 8);
    expect(check(reader.pieces(), 202)).toBe(303);
  });

  it('an unpublished entry is invisible', () => {
    const memory = createLogMemory(SIZE);
    const writer = new LogWriter(memory);
    const reader = new LogReader(memory);
    writer.append(new Uint8Array(10), 0, 10);
    expect(reader.waiting).toBe(0);
    expect(reader.pieces()).toEqual([]);
    writer.publish();
    expect(reader.waiting).toBe(10);
  });

  it('a full ring takes nothing of an entry that does not fit', () => {
    const memory = createLogMemory(SIZE);
    const writer = new LogWriter(memory);
    const reader = new LogReader(memory);
    const block = new Uint8Array(1000).fill(7);
    for (let i = 0; i < 4; i++) expect(writer.append(block, 0, 1000)).toBe(true);
    expect(writer.append(block, 0, 97)).toBe(false);
    expect(writer.position).toBe(4000);
    expect(writer.append(block, 0, 96)).toBe(true);
    expect(writer.append(block, 0, 1)).toBe(false);
    expect(writer.append(block, 0, 0)).toBe(true);
    writer.publish();
    reader.wrote(1);
    expect(writer.append(block, 0, 1)).toBe(true);
    expect(writer.append(block, 0, 1)).toBe(false);
  });

  it('an entry larger than the ring goes through by pieces, and is whole only at its end', () => {
    const memory = createLogMemory(SIZE);
    const control = new Int32Array(memory.control);
    const writer = new LogWriter(memory);
    const reader = new LogReader(memory);
    const entry = new Uint8Array(SIZE * 5 + 123);
    fill(entry, 0);
    let at = 0;
    let read = 0;
    while (at < entry.length) {
      at += writer.appendPiece(entry, at, entry.length);
      writer.publish();
      expect(readPosition(control, LOG_WHOLE)).toBe(0);
      const pieces = reader.pieces(777);
      const before = read;
      read = check(pieces, read);
      reader.wrote(read - before);
    }
    writer.endEntry();
    writer.publish();
    expect(readPosition(control, LOG_WHOLE)).toBe(entry.length);
    expect(check(reader.pieces(), read)).toBe(entry.length);
  });
});
