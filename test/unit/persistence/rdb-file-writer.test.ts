/** The writer of RDB files on a disk that fails: an old file stays, nothing else is left, and no descriptor is closed twice. */
import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.ts';
import type { Files } from '../../../src/persistence/files.ts';
import { RdbFileReader } from '../../../src/persistence/rdb/file-reader.ts';
import { RdbFileWriter } from '../../../src/persistence/rdb/file-writer.ts';
import { copyItems } from '../../../src/persistence/rdb/load-file.ts';
import { RdbWriter } from '../../../src/rdb/writer.ts';
import { MemoryFiles, type Operation } from './memory-files.ts';

const OPTIONS = {
  temporary: 'temp.rdb',
  path: 'dump.rdb',
  version: 10,
  compresses: true,
  checksum: true,
  fsyncsAsItGoes: true,
  commands: null,
};

/** Items as an executor sends them: keys with values of some length. */
function items(keys: number): RdbWriter {
  const writer = new RdbWriter();
  writer.reset(false);
  const value = new Uint8Array(1000).fill(7);
  for (let i = 0; i < keys; i++) {
    const name = Uint8Array.from(`key:${i}`, (char) => char.charCodeAt(0));
    writer.nameNext(name, 0, name.length);
    writer.type(0);
    writer.string(value, 0, value.length);
  }
  return writer;
}

function save(files: Files, options = OPTIONS, keys = 500): void {
  const writer = new RdbFileWriter(files, options);
  try {
    const { bytes, size } = items(keys);
    writer.add(bytes, size);
    writer.end();
  } catch (error) {
    writer.abort();
    throw error;
  }
}

function sizeOfItems(files: Files): number {
  const fd = files.open('dump.rdb', 'r');
  let total = 0;
  copyItems(new RdbFileReader(files, fd, files.size(fd), 0), true, (_, size) => {
    total += size;
  });
  files.close(fd);
  return total;
}

describe('RdbFileWriter', () => {
  it('writes what a disk takes bit by bit, and leaves nothing open', () => {
    const files = new MemoryFiles();
    files.short = 777;
    save(files, { ...OPTIONS, compresses: false });
    expect([...files.names.keys()]).toEqual(['dump.rdb']);
    expect(sizeOfItems(files)).toBe(items(500).size);
    expect(files.openCount).toBe(0);
  });

  it.each<[Operation, string]>([
    ['open', 'EACCES'],
    ['write', 'ENOSPC'],
    ['fsync', 'EIO'],
    ['rename', 'EISDIR'],
  ])('an error of %s: the file of before stays, and nothing else is left', (operation, code) => {
    const files = new MemoryFiles();
    save(files, OPTIONS, 10);
    const before = Buffer.from(files.names.get('dump.rdb')!.bytes);
    files.fail(operation, code);
    expect(() => save(files, { ...OPTIONS, compresses: false })).toThrow(code);
    expect([...files.names.keys()]).toEqual(['dump.rdb']);
    expect(files.names.get('dump.rdb')!.bytes).toEqual(before);
    expect([files.openCount, files.misused]).toEqual([0, []]);
  });

  it('a disk that runs full: the same', () => {
    const files = new MemoryFiles();
    save(files, OPTIONS, 10);
    files.room = 100_000;
    expect(() => save(files, { ...OPTIONS, compresses: false })).toThrow('ENOSPC');
    expect([...files.names.keys()]).toEqual(['dump.rdb']);
    expect(sizeOfItems(files)).toBe(items(10).size);
  });

  it('a machine that dies anywhere has the old file or the new one, whole', () => {
    const random = new Prng(616);
    for (let round = 0; round < 300; round++) {
      const files = new MemoryFiles();
      save(files, OPTIONS, 3);
      // The disk stops taking bytes somewhere, the name may not be made to last, or all goes well: then the machine dies.
      files.room = random.below(12_000);
      if (random.below(2) === 0) files.fail('fsyncDirectoryOf', 'EIO');
      let saved = true;
      try {
        save(files, { ...OPTIONS, compresses: false }, 10);
      } catch {
        saved = false;
      }
      const size = sizeOfItems(files.crash((n) => random.below(n)));
      if (saved) expect(size).toBe(items(10).size);
      else expect([items(3).size, items(10).size]).toContain(size);
    }
  });

  it('a file that nobody wants any more at its end is not put in place', () => {
    const files = new MemoryFiles();
    const writer = new RdbFileWriter(files, OPTIONS);
    expect(() => writer.end(() => false)).toThrow('aborted');
    writer.abort();
    expect([...files.names.keys()]).toEqual([]);
  });

  it('gives a descriptor back once: its number may be another file by then', () => {
    const files = new MemoryFiles();
    const writer = new RdbFileWriter(files, OPTIONS);
    writer.abort();
    writer.abort();
    expect([files.openCount, files.misused]).toEqual([0, []]);
  });
});
