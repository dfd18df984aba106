/** Many commands in one pipeline on collections that are large enough for the executor to read ahead for (src/executor/touch-ahead.ts). */
import { expect, it } from 'vitest';
import { describeOnBoth } from './both-servers.ts';

const MEMBERS = 270_000;
const PER_CALL = 5_000;
const PIPELINE = 64;

describeOnBoth('pipelines on large collections', [], ({ call }) => {
  it('find, change and remove elements in order', async () => {
    for (let from = 0; from < MEMBERS; from += PER_CALL) {
      const ids = Array.from({ length: PER_CALL }, (_, i) => from + i);
      await Promise.all([
        call('SADD', 'set', ...ids.map((id) => `m${id}`)),
        call('HSET', 'hash', ...ids.flatMap((id) => [`m${id}`, String(id)])),
        call('ZADD', 'zset', ...ids.flatMap((id) => [String(id), `m${id}`])),
      ]);
    }
    await call('SADD', 'small', 'm1');
    await call('SET', 'text', 'm1');
    const requests: string[][] = [];
    const expected: unknown[] = [];
    const ask = (reply: unknown, ...request: string[]) => {
      requests.push(request);
      expected.push(reply);
    };
    for (let i = 0; i < PIPELINE; i++) {
      const id = (i * 7919) % MEMBERS;
      ask(1, 'SISMEMBER', 'set', `m${id}`);
      ask(String(id), 'HGET', 'hash', `m${id}`);
      ask(String(id), 'ZSCORE', 'zset', `m${id}`);
      ask(1, 'SREM', 'set', `m${id}`);
      ask(0, 'SISMEMBER', 'set', `m${id}`);
      ask(0, 'SISMEMBER', 'nothing', `m${id}`);
      ask(id === 1 ? 1 : 0, 'SISMEMBER', 'small', `m${id}`);
      ask(
        'error: WRONGTYPE Operation against a key holding the wrong kind of value',
        'HGET',
        'text',
        `m${id}`,
      );
    }
    expect(await Promise.all(requests.map((request) => call(...request)))).toEqual(expected);
    expect(await call('SCARD', 'set')).toBe(MEMBERS - PIPELINE);
    expect(await call('DEL', 'set', 'hash', 'zset')).toBe(3);
  });
});
