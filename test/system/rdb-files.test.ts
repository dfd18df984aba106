/** Snapshot files: what one server saves the other loads, with every type, encoding, database and time; and files of our own newer forms. */
import { describe, expect, it } from 'vitest';
import { RawClient, type Reply } from '../command/raw-client.ts';
import { oracleAvailable } from '../command/servers.ts';
import { VALUES } from '../command/values.ts';
import {
  COMPAT_70,
  checkFile,
  DATABASES,
  FAR_MS,
  fileOf,
  fill,
  type Started,
  saveInBackground,
  start,
} from './saved.ts';
import { newDirectory, REDIS, THREADIS } from './server-process.ts';

/** What a server holds: its digest, and of each key the encoding and the time, which the digest does not tell. */
async function contents({ ask }: Started): Promise<unknown[]> {
  const seen: unknown[] = [await ask('DEBUG', 'DIGEST')];
  for (let i = 0; i < VALUES.length; i++) {
    await ask('SELECT', i % DATABASES);
    seen.push([
      VALUES[i][0],
      await ask('OBJECT', 'ENCODING', `key:${i}`),
      await ask('PEXPIRETIME', `key:${i}`),
    ]);
  }
  await ask('SELECT', 0);
  return seen;
}

const FORMS = [
  ['yes', 'yes'],
  ['yes', 'no'],
  ['no', 'yes'],
  ['no', 'no'],
].map(([compression, checksum]) => ['--rdbcompression', compression, '--rdbchecksum', checksum]);

describe.skipIf(!oracleAvailable())('files go from server to server', () => {
  it.each(FORMS)(
    '%s %s %s %s',
    async (...form) => {
      const dir = newDirectory();
      const ours = await start(THREADIS, dir, [...COMPAT_70, ...form]);
      await fill(ours);
      const wanted = await contents(ours);
      expect(await ours.ask('SAVE')).toBe('OK');
      const saved = fileOf(dir);
      expect(saved.toString('latin1', 0, 9)).toBe('REDIS0010');
      checkFile(dir);
      await saveInBackground(ours);
      // The same keys in the same order; only the time and the memory at the head differ.
      expect(fileOf(dir).length).toBeGreaterThan(saved.length - 16);
      checkFile(dir);
      await ours.kill();

      const theirs = await start(REDIS, dir, form);
      expect(await contents(theirs)).toEqual(wanted);
      await theirs.ask('FLUSHALL');
      await fill(theirs);
      expect(await contents(theirs)).toEqual(wanted);
      expect(await theirs.ask('SAVE')).toBe('OK');
      await theirs.kill();

      const again = await start(THREADIS, dir, [...COMPAT_70, ...form]);
      expect(again.server.output).toContain('DB loaded from disk');
      expect(await contents(again)).toEqual(wanted);
    },
    60_000,
  );

  it('what one has written is what the other would have: as long, but for the head', async () => {
    const sizes: number[] = [];
    for (const [program, args] of [
      [THREADIS, COMPAT_70],
      [REDIS, []],
    ] as const) {
      const dir = newDirectory();
      const one = await start(program, dir, [...args, '--rdbcompression', 'no']);
      await fill(one);
      await one.ask('SAVE');
      sizes.push(fileOf(dir).length);
    }
    expect(Math.abs(sizes[0] - sizes[1]) / sizes[1]).toBeLessThan(0.02);
  });
});

describe('files of the newer forms', () => {
  it('RDB 11: what 7.2 keeps, saved and loaded', async () => {
    const dir = newDirectory();
    const ours = await start(THREADIS, dir);
    await fill(ours);
    await ours.ask('SADD', 'listpack', 'a', 'b', 'c');
    await ours.ask('XADD', 'stream', '1-1', 'f', 'v');
    await ours.ask('XGROUP', 'CREATE', 'stream', 'g', '0');
    await ours.ask('XREADGROUP', 'GROUP', 'g', 'consumer', 'STREAMS', 'stream', '>');
    const wanted = await contents(ours);
    const consumers = await ours.ask('XINFO', 'STREAM', 'stream', 'FULL');
    expect(await ours.ask('SAVE')).toBe('OK');
    expect(fileOf(dir).toString('latin1', 0, 9)).toBe('REDIS0011');
    await ours.kill();
    const again = await start(THREADIS, dir);
    expect(await contents(again)).toEqual(wanted);
    expect(await again.ask('OBJECT', 'ENCODING', 'listpack')).toBe('listpack');
    expect(await again.ask('XINFO', 'STREAM', 'stream', 'FULL')).toEqual(consumers);
  });

  it('RDB 12: times of fields are kept, and once they are gone the file is one of 11 again', async () => {
    const dir = newDirectory();
    const ours = await start(THREADIS, dir);
    for (const [key, fields] of [
      ['small', 3],
      ['large', 700],
    ] as const) {
      for (let i = 0; i < fields; i++) await ours.ask('HSET', key, `f${i}`, `v${i}`);
      await ours.ask('HPEXPIREAT', key, FAR_MS + 7, 'FIELDS', 2, 'f0', 'f2');
    }
    const digest = await ours.ask('DEBUG', 'DIGEST');
    expect(await ours.ask('SAVE')).toBe('OK');
    expect(fileOf(dir).toString('latin1', 0, 9)).toBe('REDIS0012');
    await ours.kill();
    const again = await start(THREADIS, dir);
    expect(await again.ask('DEBUG', 'DIGEST')).toBe(digest);
    for (const key of ['small', 'large']) {
      expect(await again.ask('HPEXPIRETIME', key, 'FIELDS', 3, 'f0', 'f1', 'f2')).toEqual([
        FAR_MS + 7,
        -1,
        FAR_MS + 7,
      ]);
      await again.ask('HPERSIST', key, 'FIELDS', 2, 'f0', 'f2');
    }
    expect(await again.ask('SAVE')).toBe('OK');
    expect(fileOf(dir).toString('latin1', 0, 9)).toBe('REDIS0011');
  });

  it('hints of use are saved as the eviction policy wants them', async () => {
    const dir = newDirectory();
    const ours = await start(THREADIS, dir, ['--maxmemory-policy', 'allkeys-lfu', '--lfu-log-factor', '0']);
    await ours.ask('SET', 'k', 'v');
    for (let i = 0; i < 100; i++) await ours.ask('GET', 'k');
    const frequency = Number(await ours.ask('OBJECT', 'FREQ', 'k'));
    expect(frequency).toBeGreaterThan(90);
    expect(await ours.ask('SAVE')).toBe('OK');
    await ours.kill();
    const again = await start(THREADIS, dir, ['--maxmemory-policy', 'allkeys-lfu', '--lfu-log-factor', '0']);
    expect(Number(await again.ask('OBJECT', 'FREQ', 'k'))).toBeGreaterThanOrEqual(frequency - 2);
  });
});

describe('BGSAVE while a client writes', () => {
  it('saves one instant: of counters that go up one after the other none is ahead of the one before it', async () => {
    const dir = newDirectory();
    const ours = await start(THREADIS, dir, COMPAT_70);
    await ours.ask('DEBUG', 'POPULATE', 150_000);
    await ours.ask('RPUSH', 'list', ...Array.from({ length: 5000 }, (_, i) => `element:${i}`));
    await ours.ask('SET', 'rounds', 0);
    const writer = await RawClient.connect(ours.port);
    let writes = true;
    const names = ['a', 'b', 'c', 'd'];
    const writing = (async () => {
      for (let i = 0; writes; i++) {
        const replies: Promise<Reply>[] = [];
        for (let n = 0; n < 20; n++) {
          for (const name of names) replies.push(writer.call('INCR', name));
          replies.push(writer.call('RPUSH', 'list', `more:${i}`), writer.call('LPOP', 'list'));
          replies.push(writer.call('APPEND', `key:${(i * 20 + n) % 150_000}`, 'x'));
          replies.push(writer.call('DEL', `key:${149_999 - ((i * 20 + n) % 70_000)}`));
        }
        await Promise.all(replies);
      }
    })();
    const digests: unknown[] = [];
    for (let saves = 0; saves < 3; saves++) {
      await saveInBackground(ours);
      checkFile(dir);
      for (const program of oracleAvailable() ? [REDIS, THREADIS] : [THREADIS]) {
        const other = await start(program, dir, program === THREADIS ? COMPAT_70 : []);
        const counts = (await other.ask('MGET', ...names)) as string[];
        for (let i = 1; i < counts.length; i++) {
          expect(Number(counts[i - 1]) - Number(counts[i])).toBeOneOf([0, 1]);
        }
        expect(await other.ask('LLEN', 'list')).toBeOneOf([5000, 5001]);
        digests.push(await other.ask('DEBUG', 'DIGEST'));
        await other.kill();
      }
    }
    writes = false;
    await writing;
    writer.close();
    if (oracleAvailable()) for (let i = 0; i < 6; i += 2) expect(digests[i]).toBe(digests[i + 1]);
    expect(await ours.ask('INFO', 'persistence')).toContain('rdb_saves:3');
  }, 120_000);
});
