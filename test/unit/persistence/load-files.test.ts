/** The append only files in their order, as a start reads them. */
import { describe, expect, it } from 'vitest';
import { AofFormatError, AofTruncatedError } from '../../../src/persistence/aof/command-reader.ts';
import { loadAofFiles } from '../../../src/persistence/aof/load-files.ts';
import { RdbFileWriter } from '../../../src/persistence/rdb/file-writer.ts';
import { encodeCommand } from '../../command/raw-client.ts';
import { MemoryFiles } from './memory-files.ts';

function load(files: MemoryFiles, cutsTail = true) {
  let text = '';
  const notes: string[] = [];
  const offsets: number[] = [];
  const total = loadAofFiles(
    files,
    { directory: 'dir', file: 'a.aof', checksum: true, cutsTail, mustExist: false },
    {
      items(_bytes, _size, offset) {
        offsets.push(offset);
      },
      commands(bytes, size, offset) {
        text += Buffer.from(bytes.subarray(0, size)).toString();
        offsets.push(offset);
      },
      note: (_level, message) => notes.push(message),
    },
  );
  return { text, notes, offsets, total };
}

const set = (key: string) => encodeCommand(['SET', key, 'v']);
const keys = (text: string) =>
  [...text.matchAll(/\$3\r\nSET\r\n\$1\r\n(.)/g)].map((match) => match[1]).join('');
const MANIFEST = 'file b seq 1 type b\nfile old seq 1 type h\nfile i1 seq 1 type i\nfile i2 seq 2 type i\n';

function threeFiles(): MemoryFiles {
  const files = new MemoryFiles();
  files.put('dir/a.aof.manifest', MANIFEST);
  files.put('dir/b', set('1'));
  files.put('dir/i1', Buffer.concat([set('2'), set('3')]));
  files.put('dir/i2', Buffer.concat([set('4'), set('5')]));
  return files;
}

function emptyRdb(files: MemoryFiles, path: string): void {
  const options = { version: 11, compresses: false, checksum: true, fsyncsAsItGoes: false, commands: null };
  new RdbFileWriter(files, { ...options, temporary: `${path}.part`, path }).end();
}

describe('loadAofFiles', () => {
  it('reads the base and the files of changes in order; history is left out', () => {
    const files = threeFiles();
    const { offsets, text, total } = load(files);
    expect(keys(text)).toBe('12345');
    expect(total).toBe(set('1').length * 5);
    expect(offsets).toEqual([1, 3, 5].map((n) => n * set('1').length));
    expect(files.openCount).toBe(0);
  });

  it('a base may be an RDB file, or one with commands behind it', () => {
    const files = threeFiles();
    emptyRdb(files, 'dir/b');
    expect(keys(load(files).text)).toBe('2345');
    files.put('dir/b', Buffer.concat([Buffer.from(files.text('dir/b'), 'latin1'), set('1')]));
    const { text, total } = load(files);
    expect(keys(text)).toBe('12345');
    expect(total).toBe(files.text('dir/b').length + set('1').length * 4);
  });

  it('no files at all are nothing to load', () => {
    expect(load(new MemoryFiles())).toEqual({ text: '', notes: [], offsets: [], total: 0 });
  });

  it('only the end of the last file may be torn', () => {
    const whole = set('1').length;
    for (let cut = 1; cut < whole; cut++) {
      const files = threeFiles();
      files.put('dir/i2', files.text('dir/i2').slice(0, 2 * whole - cut));
      expect(() => load(files, false)).toThrow(AofTruncatedError);
      expect(files.text('dir/i2').length).toBe(2 * whole - cut);
      const { notes, text, total } = load(files);
      expect([keys(text), total, files.text('dir/i2').length]).toEqual(['1234', 4 * whole, whole]);
      expect(notes.join('\n')).toContain(`Truncating the AOF i2 at offset ${whole}`);
      expect(load(files, false).notes).toEqual([]);
      const middle = threeFiles();
      middle.put('dir/i1', middle.text('dir/i1').slice(0, 2 * whole - cut));
      expect(() => load(middle)).toThrow(AofTruncatedError);
      expect(middle.openCount).toBe(0);
    }
  });

  it('damage is refused, by the name of the file', () => {
    const files = threeFiles();
    files.put('dir/i2', `${set('4')}oops`);
    expect(() => load(files)).toThrow(AofFormatError);
    expect(() => load(files)).toThrow(/append only file i2: make a backup/);
  });

  it('a missing file is refused', () => {
    const files = threeFiles();
    files.remove('dir/i1');
    expect(() => load(files)).toThrow("i1 doesn't exist: No such file or directory");
  });

  it('a single file is taken over, and a crash at any moment of that loses nothing', () => {
    for (let choice = 0; choice < 40; choice++) {
      const files = new MemoryFiles();
      files.put('a.aof', Buffer.concat([set('1'), set('2')]));
      const fails = (['open', 'write', 'fsync', 'rename', 'fsyncDirectoryOf'] as const)[choice % 5];
      if (choice >= 5) files.fail(fails, 'EIO', 1, choice < 20 ? /./ : /^a\.aof|dir\/a\.aof$/);
      try {
        load(files);
      } catch (error) {
        expect((error as Error).message).toContain('EIO');
      }
      const after = files.crash((n) => choice % n);
      const { text } = load(after);
      expect([choice, keys(text)]).toEqual([choice, '12']);
      expect(after.list('dir').sort()).toEqual(['dir/a.aof', 'dir/a.aof.manifest']);
      expect(after.exists('a.aof')).toBe(false);
    }
  });
});

describe('RdbFileWriter', () => {
  const options = { version: 11, compresses: false, checksum: true, fsyncsAsItGoes: true, commands: null };
  const place = { ...options, temporary: 't', path: 'dump.rdb' };

  it('the file of before is there until the new one is whole and safe', () => {
    for (const operation of ['write', 'fsync', 'rename', 'fsyncDirectoryOf'] as const) {
      for (let choice = 0; choice < 10; choice++) {
        const files = new MemoryFiles();
        files.put('dump.rdb', 'before');
        const writer = new RdbFileWriter(files, place);
        files.fail(operation, 'EIO');
        expect(() => writer.end()).toThrow('EIO');
        writer.abort();
        writer.abort();
        expect(files.misused).toEqual([]);
        expect(files.openCount).toBe(0);
        expect(files.exists('t')).toBe(false);
        const text = files.crash((n) => choice % n).text('dump.rdb');
        if (operation === 'fsyncDirectoryOf') expect(text).toMatch(/^before$|^REDIS0011/);
        else expect(text).toBe('before');
      }
    }
  });

  it('once it is done, giving it up changes nothing: its descriptor and its name are others’ now', () => {
    const files = new MemoryFiles();
    const writer = new RdbFileWriter(files, place);
    writer.end();
    files.put('t', 'another job');
    writer.abort();
    expect(files.misused).toEqual([]);
    expect(files.text('t')).toBe('another job');
    expect(files.crash(() => 0).text('dump.rdb')).toMatch(/^REDIS0011/);
  });
});
