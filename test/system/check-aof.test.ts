/** threadis-check-aof: the same verdict as the tool of the real server, and the same file after a repair. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeCommand } from '../command/raw-client.ts';

const OURS = fileURLToPath(new URL('../../bin/threadis-check-aof', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'threadis-check-'));
afterAll(() => rmSync(root, { recursive: true }));

const set = (key: string) => encodeCommand(['SET', key, 'value']);
const time = (second: number) => Buffer.from(`#TS:${second}\r\n`);
const WHOLE = Buffer.concat([
  encodeCommand(['SELECT', '0']),
  time(1700000000),
  set('a'),
  time(1700000100),
  encodeCommand(['MULTI']),
  set('b'),
  set('c'),
  encodeCommand(['EXEC']),
  time(1700000200),
  set('d'),
]);

const hasReal = spawnSync('redis-check-aof', []).error === undefined;
let count = 0;

/** Runs ours, and the real one where it is, each on files of its own; returns ours after having compared the exit codes and the files. */
function check(files: Record<string, Buffer | string>, args: string[], name: string, input = 'y\n') {
  const run = (program: string, first: string[]) => {
    const dir = join(root, String(count++));
    mkdirSync(dir);
    for (const [file, bytes] of Object.entries(files)) writeFileSync(join(dir, file), bytes);
    const { status, stdout } = spawnSync(program, [...first, ...args, name], {
      cwd: dir,
      input,
      encoding: 'utf8',
    });
    const after = Object.fromEntries(
      Object.keys(files).map((file) => [file, readFileSync(join(dir, file), 'latin1')]),
    );
    return { status, stdout, after };
  };
  const ours = run(process.execPath, [OURS]);
  if (hasReal) {
    const real = run('redis-check-aof', []);
    expect([ours.status, ours.after, ours.stdout]).toEqual([real.status, real.after, expect.any(String)]);
  }
  return ours;
}

const MANIFEST = 'file b seq 1 type b\nfile i1 seq 1 type i\nfile i2 seq 2 type i\n';
const parts = (last: Buffer, middle: Buffer = set('m')) => ({
  m: '',
  'a.manifest': MANIFEST,
  b: set('b'),
  i1: middle,
  i2: last,
});

describe('threadis-check-aof', () => {
  it('a file that is whole is valid, an empty one too', () => {
    expect(check({ f: WHOLE }, [], 'f')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('AOF f is valid'),
    });
    expect(check({ f: '' }, [], 'f')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('AOF f is empty'),
    });
  });

  it('a file cut at any byte: found, and repaired with --fix', () => {
    for (let size = 1; size < WHOLE.length; size += 13) {
      const torn = WHOLE.subarray(0, size);
      // The real one takes half a remark for a whole one; what is appended then gets lost in it.
      if (/#[^\n]*$/.test(torn.toString('latin1'))) continue;
      check({ f: torn }, [], 'f');
      const fixed = check({ f: torn }, ['--fix'], 'f');
      expect(WHOLE.toString('latin1').startsWith(fixed.after.f)).toBe(true);
      expect(check({ f: Buffer.from(fixed.after.f, 'latin1') }, [], 'f').status).toBe(0);
    }
    const torn = WHOLE.subarray(0, WHOLE.length - 3);
    expect(check({ f: torn }, ['--fix'], 'f', 'n\n')).toMatchObject({
      status: 1,
      after: { f: torn.toString('latin1') },
    });
  }, 60_000);

  it.each(['oops\r\n', '*1\r\n+x\r\n', '*x\r\n', '*1\r\n$4\r\nPINGxx'])(
    'damage %j in the middle',
    (damage) => {
      const files = { f: Buffer.concat([WHOLE, Buffer.from(damage), WHOLE]) };
      expect(check(files, [], 'f').status).toBe(1);
      expect(check(files, ['--fix'], 'f').after.f).toBe(WHOLE.toString('latin1'));
    },
  );

  it.each(['1600000000', '1700000000', '1700000050', '1700000150', '1800000000'])(
    '--truncate-to-timestamp %s',
    (second) => {
      expect(check({ f: WHOLE }, ['--truncate-to-timestamp', second], 'f').status).toBe(0);
      expect(check(parts(WHOLE), ['--truncate-to-timestamp', second], 'a.manifest').status).toBe(0);
    },
  );

  it('a manifest: every file is looked at, and only the last one is repaired', () => {
    const torn = WHOLE.subarray(0, WHOLE.length - 3);
    expect(check(parts(WHOLE), [], 'a.manifest')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('All AOF files and manifest are valid'),
    });
    expect(check(parts(torn), [], 'a.manifest').status).toBe(1);
    expect(check(parts(torn), ['--fix'], 'a.manifest').status).toBe(0);
    expect(check(parts(WHOLE, torn), [], 'a.manifest').status).toBe(1);
    expect(check(parts(WHOLE, torn), ['--fix'], 'a.manifest').status).toBe(1);
    expect(check(parts(WHOLE, WHOLE), ['--truncate-to-timestamp', '1700000050'], 'a.manifest').status).toBe(
      1,
    );
    expect(check({ 'a.manifest': 'file b seq 1 type z\n', b: '' }, [], 'a.manifest').status).toBe(1);
  });

  it('arguments that are missing or wrong', () => {
    for (const args of [['--fix', '--fix'], ['--truncate-to-timestamp', 'x'], ['--what']]) {
      expect(check({ f: WHOLE }, args, 'f').status).toBe(1);
    }
    expect(spawnSync(process.execPath, [OURS], { encoding: 'utf8' }).stdout).toContain(
      'Usage: threadis-check-aof',
    );
    expect(check({ f: WHOLE }, [], 'nosuch').status).toBe(1);
  });
});
