/** The writer of RDB files on a disk that fails: an old file stays, nothing else is left, and no descriptor is closed twice. */
import { describe, expect, it } from 'vitest';
import type { Files } from '../../../src/persistence/files.ts';
import { RdbFileReader } from '../../../src/persistence/rdb/file-reader.ts';
import { RdbFileWriter } from '../../../src/persistence/rdb/file-writer.ts';
import { copyItems } from '../../../src/persistence/rdb/load-file.ts';
import { RdbWriter } from '../../../src/rdb/writer.ts';

/** Files in memory; `fail` throws for the operation that is to go wrong. */
class MemoryFiles implements Files {
  readonly names = new Map<string, Uint8Array>();
  readonly log: string[] = [];
  fail: (operation: string) => void = () => {};
  writeMax = Number.POSITIVE_INFINITY;
  private readonly open_ = new Map<number, string>();
  private next = 3;

  private did(operation: string): void {
    this.fail(operation);
    this.log.push(operation);
  }
  private nameOf(fd: number): string {
    const name = this.open_.get(fd);
    if (name === undefined) throw new Error(`descriptor ${fd} is not open`);
    return name;
  }
  private bytesOf(fd: number): Uint8Array {
    return this.names.get(this.nameOf(fd))!;
  }
  open(path: string, flags: string): number {
    this.did('open');
    if (flags === 'w') this.names.set(path, new Uint8Array(0));
    this.open_.set(this.next, path);
    return this.next++;
  }
  write(fd: number, bytes: Uint8Array, start: number, size: number): number {
    this.did('write');
    const taken = Math.min(size, this.writeMax);
    const old = this.bytesOf(fd);
    const grown = new Uint8Array(old.length + taken);
    grown.set(old);
    grown.set(bytes.subarray(start, start + taken), old.length);
    this.names.set(this.nameOf(fd), grown);
    return taken;
  }
  read(fd: number, into: Uint8Array, start: number, size: number, position: number): number {
    const part = this.bytesOf(fd).subarray(position, position + size);
    into.set(part, start);
    return part.length;
  }
  fsync(fd: number): void {
    this.did(`fsync ${this.nameOf(fd)}`);
  }
  fsyncLater(): void {
    throw new Error('not here');
  }
  fsyncDirectoryOf(): void {
    this.did('fsync directory');
  }
  truncate(): void {
    throw new Error('not here');
  }
  size(fd: number): number {
    return this.bytesOf(fd).length;
  }
  close(fd: number): void {
    this.nameOf(fd);
    this.open_.delete(fd);
    this.did('close');
  }
  rename(from: string, to: string): void {
    this.did('rename');
    this.names.set(to, this.names.get(from)!);
    this.names.delete(from);
  }
  remove(path: string): void {
    if (!this.names.delete(path)) throw new Error('ENOENT');
  }
  exists(path: string): boolean {
    return this.names.has(path);
  }
  list(): string[] {
    return [...this.names.keys()];
  }
  makeDirectory(): void {}
}

const OPTIONS = {
  temporary: 'temp.rdb',
  path: 'dump.rdb',
  version: 10,
  compresses: true,
  checksum: true,
  fsyncsAsItGoes: true,
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
  it('renames only when all is on the disk, and makes the name last', () => {
    const files = new MemoryFiles();
    save(files);
    expect(files.list()).toEqual(['dump.rdb']);
    expect(files.log.slice(-4)).toEqual(['fsync temp.rdb', 'close', 'rename', 'fsync directory']);
    expect(sizeOfItems(files)).toBe(items(500).size);
  });

  it('writes what a disk takes bit by bit', () => {
    const files = new MemoryFiles();
    files.writeMax = 777;
    save(files, { ...OPTIONS, compresses: false });
    expect(sizeOfItems(files)).toBe(items(500).size);
  });

  it.each(['open', 'write', 'fsync temp.rdb', 'close', 'rename'])(
    'an error of %s: the file of before stays, and nothing else is left',
    (operation) => {
      const files = new MemoryFiles();
      save(files, OPTIONS, 10);
      const before = files.names.get('dump.rdb');
      files.fail = (what) => {
        if (what === operation) throw new Error('no space left on device');
      };
      expect(() => save(files, { ...OPTIONS, compresses: false })).toThrow('no space left');
      expect(files.list()).toEqual(['dump.rdb']);
      expect(files.names.get('dump.rdb')).toBe(before);
    },
  );

  it('a file that nobody wants any more at its end is not put in place', () => {
    const files = new MemoryFiles();
    const writer = new RdbFileWriter(files, OPTIONS);
    expect(() => writer.end(() => false)).toThrow('aborted');
    writer.abort();
    expect(files.list()).toEqual([]);
  });

  it('gives a descriptor back once: its number may be another file by then', () => {
    const files = new MemoryFiles();
    const writer = new RdbFileWriter(files, OPTIONS);
    writer.abort();
    writer.abort();
    expect(files.log.filter((what) => what === 'close')).toEqual(['close']);
  });
});
