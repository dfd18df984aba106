/** The manifest: what is written can be read, by the real server too, and what is wrong is refused with a reason. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  AofNames,
  emptyManifest,
  formatManifest,
  type Manifest,
  ManifestError,
  parseManifest,
  readText,
  saveManifest,
} from '../../../src/persistence/aof/manifest.ts';
import { MemoryFiles } from './memory-files.ts';

const LINES =
  'file a.2.base.rdb seq 2 type b\nfile a.1.incr.aof seq 1 type h\nfile a.2.incr.aof seq 2 type i\n';

describe('parseManifest', () => {
  it('reads what redis-server 7.0.15 writes, quoted names too', () => {
    // Written by redis-server 7.0.15 with appendfilename 'a "é b.aof'.
    const text =
      'file "a \\"\\xc3\\xa9 b.aof.2.base.rdb" seq 2 type b\nfile "a \\"\\xc3\\xa9 b.aof.2.incr.aof" seq 2 type i\n';
    const manifest = parseManifest(text);
    expect(manifest).toEqual({
      base: { name: 'a "é b.aof.2.base.rdb', sequence: 2 },
      increments: [{ name: 'a "é b.aof.2.incr.aof', sequence: 2 }],
      history: [],
    });
    expect(formatManifest(manifest)).toBe(text);
  });

  it('takes remarks, words in any case, and facts in any order', () => {
    const manifest = parseManifest(`# ours\n${LINES}TYPE i SEQ 7 FILE x extra fact\n`);
    expect(manifest.increments).toEqual([
      { name: 'a.2.incr.aof', sequence: 2 },
      { name: 'x', sequence: 7 },
    ]);
  });

  const WRONG: [text: string, why: string][] = [
    ['', 'Found an empty AOF manifest'],
    ['\n', 'Invalid AOF manifest file format'],
    [`${LINES}\n\n`, 'Invalid AOF manifest file format'],
    ['file a seq 1\n', 'Invalid AOF manifest file format'],
    ['file a seq 1 type\n', 'Invalid AOF manifest file format'],
    ['file a seq 1 type b extra\n', 'Invalid AOF manifest file format'],
    ['file a seq x type b\n', 'Invalid AOF manifest file format'],
    ['file a seq 0 type b\n', 'Invalid AOF manifest file format'],
    ['file a seq -1 type b\n', 'Invalid AOF manifest file format'],
    ['name a seq 1 type b\n', 'Invalid AOF manifest file format'],
    ['file "a seq 1 type b\n', 'Invalid AOF manifest file format'],
    ['file ../a seq 1 type b\n', "File can't be a path, just a filename"],
    ['file /a seq 1 type i\n', "File can't be a path, just a filename"],
    ['file a seq 1 type z\n', 'Unknown AOF file type'],
    [`${LINES}file b seq 3 type b\n`, 'Found duplicate base file information'],
    [`${LINES}file b seq 2 type i\n`, 'Found a non-monotonic sequence number'],
    [`${LINES}file b seq 1 type i\n`, 'Found a non-monotonic sequence number'],
  ];

  it.each(WRONG)('refuses %j', (text, why) => {
    expect(() => parseManifest(text)).toThrow(new ManifestError(why));
  });

  // It takes negative numbers, which nobody writes.
  it.each(WRONG.filter(([text]) => text !== '' && !text.includes('-1')))(
    'the checker of the real server refuses %j too',
    (text) => {
      const dir = mkdtempSync(join(tmpdir(), 'threadis-manifest-'));
      try {
        writeFileSync(join(dir, 'a.manifest'), text);
        for (const [name] of text.matchAll(/\b[a-z][\w.]*/g)) writeFileSync(join(dir, name), '');
        mkdirSync(join(dir, 'sub'));
        const { error, status } = spawnSync('redis-check-aof', [join(dir, 'a.manifest')]);
        if (error === undefined) expect(status).toBe(1);
      } finally {
        rmSync(dir, { recursive: true });
      }
    },
  );
});

describe('formatManifest', () => {
  it('gives back what was read, whatever the names', () => {
    for (const name of ['a.aof', 'with space', 'quo"te', "quo'te", 'back\\', 'new\nline', 'ü€😀', 'tab\t']) {
      const manifest: Manifest = {
        base: { name: name.replace('\\', ''), sequence: 3 },
        increments: [4, 5].map((sequence) => ({ name: `${name.replace('\\', '')}.${sequence}`, sequence })),
        history: [{ name: 'old', sequence: 1 }],
      };
      expect(parseManifest(formatManifest(manifest))).toEqual(manifest);
    }
    expect(formatManifest(emptyManifest())).toBe('');
  });
});

describe('saveManifest', () => {
  const names = new AofNames('dir', 'a.aof');
  const manifest = parseManifest(LINES);

  it('replaces all or nothing, and a crash leaves one of the two', () => {
    const files = new MemoryFiles();
    expect(saveManifest(files, names, manifest)).toBeNull();
    expect(readText(files, names.manifest)).toContain('a.2.base.rdb');
    const other = { ...emptyManifest(), base: { name: 'other', sequence: 9 } };
    for (const operation of ['open', 'write', 'fsync', 'rename'] as const) {
      files.fail(operation, 'EIO');
      expect(() => saveManifest(files, names, other)).toThrow('EIO');
      expect(files.list('dir')).toEqual([names.manifest]);
      expect(parseManifest(readText(files, names.manifest))).toEqual(manifest);
    }
    files.fail('fsyncDirectoryOf', 'EIO');
    expect(saveManifest(files, names, other)).toMatchObject({ code: 'EIO' });
    for (let choice = 0; choice < 20; choice++) {
      const after = parseManifest(
        readText(
          files.crash((n) => choice % n),
          names.manifest,
        ),
      );
      expect([manifest, other]).toContainEqual(after);
    }
    saveManifest(files, names, other);
    expect(
      parseManifest(
        readText(
          files.crash(() => 0),
          names.manifest,
        ),
      ),
    ).toEqual(other);
    expect(files.openCount).toBe(0);
  });

  it('has the names of the real server', () => {
    expect([
      names.manifest,
      names.base(2, true),
      names.base(2, false),
      names.increment(3),
      names.path('x'),
    ]).toEqual(['dir/a.aof.manifest', 'a.aof.2.base.rdb', 'a.aof.2.base.aof', 'a.aof.3.incr.aof', 'dir/x']);
  });
});
