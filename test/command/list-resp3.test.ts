/** The list commands to a client that speaks RESP3: the kind of every reply, on our server and on the real one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askTyped } from './resp3.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

const COMMANDS = [
  'LPOP l',
  'LPOP l 2',
  'LPOP l 0',
  'RPOPLPUSH l to',
  'LMOVE l to LEFT LEFT',
  'LINDEX l 0',
  'LPOS l a',
  'LPOS l a COUNT 1',
  'LRANGE l 0 -1',
  'LMPOP 1 l LEFT',
  'BLPOP l 0.01',
  'BRPOP l 0.01',
  'BLMOVE l to LEFT LEFT 0.01',
  'BRPOPLPUSH l to 0.01',
  'BLMPOP 0.01 1 l LEFT',
  'RPUSH l a b c d 1 2 3 4 5 6 7 8',
  'LPUSHX l z',
  'LLEN l',
  'LRANGE l 0 3',
  'LRANGE l 9 3',
  'LINDEX l 0',
  'LINDEX l 99',
  'LPOS l a',
  'LPOS l nope',
  'LPOS l a COUNT 0',
  'LPOS l nope COUNT 0',
  'LSET l 0 y',
  'LINSERT l BEFORE a x',
  'LINSERT l BEFORE nope x',
  'LREM l 0 x',
  'LPOP l',
  'LPOP l 0',
  'RPOP l 2',
  'LMOVE l to LEFT RIGHT',
  'LMPOP 2 nokey l LEFT COUNT 2',
  'BLPOP nokey l 0',
  'BLMPOP 0 1 l RIGHT',
  'BRPOPLPUSH l to 0',
  'LTRIM l 1 0',
];

describe.skipIf(!oracleAvailable())('list commands in RESP3', () => {
  let ours: RunningServer;
  let real: RunningServer;

  beforeAll(async () => {
    [ours, real] = await Promise.all([startThreadis(['--compat-version', '7.0']), startRedis([])]);
  }, 30_000);

  afterAll(async () => {
    await ours?.stop();
    await real?.stop();
  });

  it('reply the same kinds as the real server does', async () => {
    const commands = COMMANDS.map((command) => command.split(' '));
    const replies = await askTyped(ours.port, ...commands);
    expect(replies).toEqual(await askTyped(real.port, ...commands));
    expect(replies).toHaveLength(COMMANDS.length);
  });
});
