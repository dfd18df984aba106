/** Snapshot files that are not what they should be: the server says what is wrong and ends with 1, or loads something that can be used. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { freePort, oracleAvailable } from '../command/servers.ts';
import { VALUES } from '../command/values.ts';
import { COMPAT_70, fileOf, fill, start } from './saved.ts';
import { newDirectory, REDIS, ServerProcess, THREADIS } from './server-process.ts';

const REFUSED = 'Terminating server after rdb file reading failure.';

let good: Buffer;

beforeAll(async () => {
  const dir = newDirectory();
  const ours = await start(THREADIS, dir, COMPAT_70);
  await fill(ours);
  expect(await ours.ask('SAVE')).toBe('OK');
  good = fileOf(dir);
}, 30_000);

/** Starts a server on these bytes, waits until it has ended, and returns how, and what it said. */
async function runOn(bytes: Buffer | null, program = THREADIS, args: string[] = []) {
  const dir = newDirectory();
  const path = join(dir, 'dump.rdb');
  if (bytes === null) mkdirSync(path);
  else writeFileSync(path, bytes);
  const port = await freePort();
  const server = new ServerProcess(
    ['--port', String(port), '--bind', '127.0.0.1', ...args],
    {},
    dir,
    program,
  );
  const code = await Promise.race([server.ended, server.ready().catch(() => server.ended)]);
  const { output } = server;
  await server.clean();
  return { code, output };
}

/** The file with the version that these digits are. */
function ofVersion(digits: string): Buffer {
  const bytes = Buffer.from(good);
  bytes.write(digits, 5, 'latin1');
  return bytes;
}

/** The file with one byte changed where `find` ends. */
function changedBehind(find: string, value: number): Buffer {
  const bytes = Buffer.from(good);
  const at = bytes.indexOf(find, 0, 'latin1');
  expect(at).toBeGreaterThan(0);
  bytes[at + find.length] = value;
  return bytes;
}

const BAD: [what: string, make: () => Buffer | null, reason: RegExp][] = [
  ['an empty file', () => Buffer.alloc(0), /the file ends too early, at offset 0/],
  ['a few bytes', () => good.subarray(0, 5), /the file ends too early, at offset 0/],
  ['only the head', () => good.subarray(0, 9), /the file ends too early, at offset 9/],
  ['text', () => Buffer.from('This is no snapshot at all.\n'), /Wrong signature/],
  ['a version to come', () => ofVersion('0099'), /Can't handle RDB format version 0099/],
  ['version 0', () => ofVersion('0000'), /Can't handle RDB format version 0000/],
  ['no version', () => ofVersion('abcd'), /Can't handle RDB format version abcd/],
  ['half of the file', () => good.subarray(0, good.length >> 1), /too early|cannot be|more elements/],
  ['no end mark', () => good.subarray(0, good.length - 9), /the file ends too early, at offset \d+/],
  ['half of the checksum', () => good.subarray(0, good.length - 4), /the file ends too early/],
  ['a checksum of something else', () => flipped(good.length - 1), /Wrong RDB checksum/],
  ['a byte of a value changed', () => flipped(good.indexOf('hello')), /Wrong RDB checksum/],
  ['an unknown type', () => changedBehind('aof-base\xc0\x00\xfe\x00\xfb', 0x3f), /./],
  ['a directory', () => null, /EISDIR|illegal operation/],
];

function flipped(at: number): Buffer {
  const bytes = Buffer.from(good);
  bytes[at] ^= 0x55;
  return bytes;
}

describe('a server on a bad file', () => {
  it.each(BAD)('%s: ends with 1 and says why', async (_, make, reason) => {
    const { code, output } = await runOn(make());
    expect([code, output]).toEqual([1, expect.stringContaining(REFUSED)]);
    expect(output).toMatch(/Error loading the DB: /);
    expect(output).toMatch(reason);
    expect(output).not.toContain('Thread ');
  });

  it.skipIf(!oracleAvailable()).each(BAD)('%s: the real server refuses it too', async (_, make) => {
    expect((await runOn(make(), REDIS)).code).toBe(1);
  });

  it('a database beyond those there are: says so', async () => {
    const { code, output } = await runOn(good, THREADIS, ['--databases', '2']);
    expect(code).toBe(1);
    expect(output).toContain('configured to handle more than 2 databases');
  });

  it('a key twice: is refused, with its name', async () => {
    // The last byte before the end mark belongs to the last key: everything from the first SELECTDB on, again.
    const from = good.indexOf(Buffer.from([0xfe, 0x00, 0xfb]));
    const twice = Buffer.concat([
      good.subarray(0, good.length - 9),
      good.subarray(from, good.length - 9),
      Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 0]),
    ]);
    const { code, output } = await runOn(twice);
    expect(code).toBe(1);
    expect(output).toMatch(/RDB has duplicated key, at key 'key:\d+'/);
    if (oracleAvailable()) expect((await runOn(twice, REDIS)).code).toBe('SIGABRT');
  });

  it('any byte changed: the checksum tells', async () => {
    const random = new Prng(7);
    for (let round = 0; round < 8; round++) {
      const { code } = await runOn(flipped(random.below(good.length)));
      expect(code).toBe(1);
    }
  });
});

describe('bytes changed where nothing is checked', () => {
  it('are refused, or loaded as something that can be used and saved', async () => {
    const dir = newDirectory();
    const path = join(dir, 'dump.rdb');
    const ours = await start(THREADIS, dir, [...COMPAT_70, '--rdbchecksum', 'no']);
    await fill(ours);
    await ours.ask('DEL', ...VALUES.map((_, i) => `key:${i}`).filter((_, i) => i % 4 === 0 && i > 40));
    expect(await ours.ask('SAVE')).toBe('OK');
    const small = fileOf(dir);
    const random = new Prng(1121);
    let loaded = 0;
    for (let round = 0; round < 150; round++) {
      writeFileSync(path, damaged(small, random));
      const reply = await ours.ask('DEBUG', 'RELOAD', 'NOSAVE');
      if (reply === 'OK') loaded++;
      else expect(reply).toBe('error: ERR Error trying to load the RDB dump, check server logs.');
      expect(await ours.ask('DEBUG', 'DIGEST')).toHaveLength(40);
      // What it has made of the file can be saved and loaded: the values are sound.
      if (round % 10 === 0) expect(await ours.ask('DEBUG', 'RELOAD')).toBe('OK');
    }
    expect(loaded).toBeGreaterThan(0);
    expect(loaded).toBeLessThan(150);
    expect(await ours.ask('PING')).toBe('PONG');
  }, 120_000);

  it('a file of which only the beginning loads leaves no job behind: saves and loads go on', async () => {
    const dir = newDirectory();
    const path = join(dir, 'dump.rdb');
    const ours = await start(THREADIS, dir, [...COMPAT_70, '--rdbchecksum', 'no', '--rdbcompression', 'no']);
    await ours.ask('HSET', 'early', 'field-a', '1', 'field-b', '2');
    await ours.ask('DEBUG', 'POPULATE', 5000, 'key', 10_000);
    expect(await ours.ask('SAVE')).toBe('OK');
    // A field twice: the grammar of the file does not see it, the loading executor does, with most of the file still to come.
    const bytes = fileOf(dir);
    const at = bytes.indexOf('field-b');
    bytes[at + 6] = 'a'.charCodeAt(0);
    for (let round = 0; round < 5; round++) {
      writeFileSync(path, bytes);
      expect(await ours.ask('DEBUG', 'RELOAD', 'NOSAVE')).toMatch(/check server logs/);
      await ours.server.wrote("Hash listpack with dup elements, at key 'early'");
    }
    await ours.ask('FLUSHALL');
    await ours.ask('SET', 'k', 'v');
    expect(await ours.ask('DEBUG', 'RELOAD')).toBe('OK');
    expect(await ours.ask('GET', 'k')).toBe('v');
  });
});

/** Some bytes changed; now and then some taken out. */
function damaged(bytes: Buffer, random: Prng): Buffer {
  const copy = Buffer.from(bytes);
  for (let changes = random.below(4); changes >= 0; changes--) {
    const at = random.below(copy.length);
    copy[at] = random.below(3) === 0 ? random.below(256) : copy[at] ^ (1 << random.below(8));
  }
  if (random.below(5) !== 0) return copy;
  const cut = random.below(copy.length);
  return Buffer.concat([copy.subarray(0, cut), copy.subarray(cut + random.below(6))]);
}
