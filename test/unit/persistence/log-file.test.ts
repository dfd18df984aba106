/** What main writes out of the log when bio is dead: each byte once, wherever bio was interrupted. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFile, writeOutLog } from '../../../src/persistence/aof/log-file.ts';
import { createLogMemory, LogReader, LogWriter } from '../../../src/ring/log-ring.ts';

const SIZE = 1 << 12;
let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'threadis-log-'));
  path = join(dir, 'ü incr.aof');
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A file of an earlier life, and a log that has gone round the ring a few times since. */
function setUp(earlier: string) {
  const memory = createLogMemory(SIZE);
  const file = new LogFile(LogFile.memory());
  const writer = new LogWriter(memory);
  const reader = new LogReader(memory);
  writeFileSync(path, earlier);
  file.set(path, reader.written - earlier.length);
  let text = earlier;
  const append = (entry: string) => {
    const bytes = Buffer.from(entry);
    writer.append(bytes, 0, bytes.length);
    writer.publish();
    text += entry;
  };
  for (let i = 0; i < 5; i++) {
    append(String(i).repeat(1000));
    reader.wrote(reader.waiting);
  }
  writeFileSync(path, text);
  return { memory, file, writer, reader, append, text: () => text };
}

describe('writeOutLog', () => {
  it.each(['', 'x'.repeat(100_000)])('adds what bio had not written', (earlier) => {
    const { memory, file, append, text } = setUp(earlier);
    append('rest'.repeat(200));
    append('more'.repeat(100));
    expect(writeOutLog(memory, file)).toBe(1200);
    expect(readFileSync(path, 'utf8')).toBe(text());
    expect(writeOutLog(memory, file)).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe(text());
  });

  it('bio may have written some of it, and died before it said so', () => {
    for (const written of [1, 500, 799, 800]) {
      const { memory, file, append, text } = setUp('before');
      append('rest'.repeat(200));
      writeFileSync(path, text().slice(0, text().length - 800 + written));
      expect(writeOutLog(memory, file)).toBe(800 - written);
      expect(readFileSync(path, 'utf8')).toBe(text());
    }
  });

  it('an entry that is not whole is left out', () => {
    const { memory, file, writer, text } = setUp('');
    writer.appendPiece(Buffer.from('half of it'), 0, 10);
    writer.publish();
    expect(writeOutLog(memory, file)).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe(text());
  });

  it('without a file, or with one that has lost bytes, nothing is written', () => {
    const { memory, file, append, text } = setUp('');
    append('rest');
    writeFileSync(path, 'short');
    expect(() => writeOutLog(memory, file)).toThrow('shorter');
    expect(readFileSync(path, 'utf8')).toBe('short');
    file.clear();
    expect(file.path).toBeNull();
    expect(writeOutLog(memory, file)).toBe(0);
    expect(text().length).toBe(5004);
  });
});
