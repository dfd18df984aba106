/** The HyperLogLog commands, over a socket, on our server and on the real one. */
import { expect, it } from 'vitest';
import { describeOnBoth, type Target } from './both-servers.ts';

const WRONG_TYPE = 'error: WRONGTYPE Operation against a key holding the wrong kind of value';
const NO_HLL = 'error: WRONGTYPE Key is not a valid HyperLogLog string value.';
const CORRUPT = 'error: INVALIDOBJ Corrupted HLL object detected';

const range = (from: number, until: number): string[] =>
  Array.from({ length: until - from }, (_, i) => `element:${from + i}`);

async function fill(call: Target['call'], key: string, elements: string[]): Promise<void> {
  for (let i = 0; i < elements.length; i += 500) await call('PFADD', key, ...elements.slice(i, i + 500));
}

/** The numbers are Redis's own to the last digit: there is no error to allow for. */
describeOnBoth('hyperloglog', [], ({ run, call }) => {
  it('PFADD: tells whether anything has changed', async () => {
    expect(await run('PFADD h')).toBe(1);
    expect(await run('PFADD h')).toBe(0);
    expect(await run('PFADD h a b c')).toBe(1);
    expect(await run('PFADD h a b c a')).toBe(0);
    expect(await run('PFADD h <>', '')).toBe(1);
    expect(await run('PFCOUNT h')).toBe(4);
    expect(await run('PFADD direct x y')).toBe(1);
    expect(await run('PFCOUNT direct')).toBe(2);
  });

  it('PFADD: the string is what Redis makes, byte for byte', async () => {
    await run('PFADD h a b c');
    expect(await run('GET h')).toBe('HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80`\xf3\x80P\xb1\x84K\xfb\x80BZ');
    expect(await run('OBJECT ENCODING h')).toBe('raw');
    expect(await run('PFDEBUG ENCODING h')).toBe('sparse');
    expect(await run('PFDEBUG DECODE h')).toBe('Z:8436 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603');
  });

  it('PFCOUNT: counts up to many, sparse and dense', async () => {
    for (const count of [10, 100, 1000, 5000, 20_000]) {
      await fill(call, `h${count}`, range(0, count));
    }
    expect(await Promise.all([10, 100, 1000, 5000, 20_000].map((count) => run(`PFCOUNT h${count}`)))).toEqual(
      [10, 99, 997, 5005, 19986],
    );
    expect(await run('PFDEBUG ENCODING h100')).toBe('sparse');
    expect(await run('PFDEBUG ENCODING h20000')).toBe('dense');
    expect(await run('STRLEN h20000')).toBe(12304);
    expect(await run('PFCOUNT none')).toBe(0);
    expect(await run('PFCOUNT none none2')).toBe(0);
    expect(await run('EXISTS none')).toBe(0);
  });

  it('PFCOUNT: of several keys counts each element once', async () => {
    await fill(call, 'a', range(0, 3000));
    await fill(call, 'b', range(2000, 2100));
    await fill(call, 'c', range(5000, 5100));
    const both = await run('PFCOUNT a b');
    expect(both).toBe(await run('PFCOUNT a'));
    expect(await run('PFCOUNT a b c none')).toBe(3098);
    expect(await run('PFCOUNT c b')).toBe(198);
    await run('PFMERGE d b c none');
    expect(await run('PFCOUNT d')).toBe(await run('PFCOUNT c b'));
    expect(await run('PFDEBUG ENCODING d')).toBe('sparse');
    await run('PFMERGE d a');
    expect(await run('PFCOUNT d')).toBe(await run('PFCOUNT a b c'));
    expect(await run('PFDEBUG ENCODING d')).toBe('dense');
  });

  it('PFCOUNT: keeps the number in the string until it changes', async () => {
    await run('PFADD h a b c');
    const marked = (await run('GETRANGE h 8 15')) as string;
    expect(marked).toBe('\0\0\0\0\0\0\0\x80');
    await run('PFCOUNT h');
    expect(await run('GETRANGE h 8 15')).toBe('\x03\0\0\0\0\0\0\0');
    await run('PFADD h a');
    expect(await run('GETRANGE h 8 15')).toBe('\x03\0\0\0\0\0\0\0');
    await run('PFADD h d');
    expect(await run('GETRANGE h 15 15')).toBe('\x80');
  });

  it('PFMERGE: without sources makes an empty one, and keeps the time to live', async () => {
    expect(await run('PFMERGE h')).toBe('OK');
    expect(await run('PFCOUNT h')).toBe(0);
    await run('EXPIRE h 1000');
    await run('PFADD a x y z');
    expect(await run('PFMERGE h a a h')).toBe('OK');
    expect(await run('PFCOUNT h')).toBe(3);
    expect(await run('TTL h')).toBeGreaterThan(990);
  });

  it('hll-sparse-max-bytes: says when a sparse one becomes dense', async () => {
    await run('CONFIG SET hll-sparse-max-bytes 30');
    await run('PFADD h a b c');
    expect(await run('PFDEBUG ENCODING h')).toBe('sparse');
    await run('PFADD h d e f g');
    expect(await run('PFDEBUG ENCODING h')).toBe('dense');
    expect(await run('PFCOUNT h')).toBe(7);
    await run('CONFIG SET hll-sparse-max-bytes 3000');
  });

  it.each([
    ['PFADD s x', WRONG_TYPE],
    ['PFADD text x', NO_HLL],
    ['PFCOUNT s', WRONG_TYPE],
    ['PFCOUNT text', NO_HLL],
    ['PFCOUNT h s', WRONG_TYPE],
    ['PFCOUNT h text', NO_HLL],
    ['PFCOUNT h bad', CORRUPT],
    ['PFCOUNT bad', CORRUPT],
    ['PFADD bad x', CORRUPT],
    ['PFMERGE h bad', CORRUPT],
    ['PFMERGE h s', WRONG_TYPE],
    ['PFMERGE h text', NO_HLL],
    ['PFMERGE s h', WRONG_TYPE],
    ['PFMERGE text h', NO_HLL],
    ['PFDEBUG ENCODING none', 'error: ERR The specified key does not exist'],
    ['PFDEBUG ENCODING s', WRONG_TYPE],
    ['PFDEBUG ENCODING text', NO_HLL],
    ['PFDEBUG x h', "error: ERR Unknown PFDEBUG subcommand 'x'"],
  ])('%s: is refused', async (command, error) => {
    await run('SADD s x');
    await run('SET text abc');
    await run('PFADD h a b');
    const before = await run('GET h');
    await call('SET', 'bad', Buffer.from('HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x00', 'latin1'));
    expect(await run(command)).toBe(error);
    expect(await run('GET h')).toBe(before);
    expect(await run('GET text')).toBe('abc');
  });

  it('PFDEBUG: shows registers, and makes a sparse one dense', async () => {
    await run('PFADD h a b c');
    expect(await run('PFDEBUG TODENSE h')).toBe(1);
    expect(await run('PFDEBUG TODENSE h')).toBe(0);
    expect(await run('PFDEBUG DECODE h')).toBe('error: ERR HLL encoding is not sparse');
    expect(await run('PFCOUNT h')).toBe(3);
    const registers = (await run('PFDEBUG GETREG h')) as number[];
    expect(registers).toHaveLength(16384);
    expect(registers.filter((value) => value > 0)).toHaveLength(3);
    await run('PFADD sparse a b c');
    expect(await run('PFDEBUG GETREG sparse')).toEqual(registers);
    expect(await run('PFDEBUG ENCODING sparse')).toBe('dense');
  });

  it('PFSELFTEST: finds nothing wrong', async () => {
    expect(await run('PFSELFTEST')).toBe('OK');
  }, 60_000);
});
