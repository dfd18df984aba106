/** The stream commands to a client that speaks RESP3: the kind of every reply, on our server and on the real one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askTyped, type Typed } from './resp3.ts';
import { oracleAvailable, type RunningServer, startRedis, startThreadis } from './servers.ts';

const COMMANDS = [
  'XADD s NOMKSTREAM 1-0 a 1',
  'XLEN s',
  'XRANGE s - +',
  'XREAD STREAMS s 0',
  'XREAD BLOCK 1 STREAMS s 0',
  'XINFO STREAM s',
  'XGROUP CREATE s g 0 MKSTREAM',
  'XINFO STREAM s',
  'XPENDING s g',
  'XREADGROUP GROUP g c STREAMS s >',
  'XREADGROUP GROUP g c STREAMS s 0',
  'XADD s 1-0 a 1 b 2',
  'XADD s 2-0 a 3',
  'XADD t 3-0 a 4',
  'XRANGE s - +',
  'XRANGE s - + COUNT 0',
  'XREVRANGE s + - COUNT 1',
  'XREAD STREAMS s t nothing 0 0 0',
  'XREADGROUP GROUP g c STREAMS s >',
  'XREADGROUP GROUP g c STREAMS s s 0 1',
  'XDEL s 1-0',
  'XREADGROUP GROUP g c STREAMS s 0',
  'XCLAIM s g d 0 2-0',
  'XCLAIM s g d 0 2-0 JUSTID',
  'XAUTOCLAIM s g d 0 0 COUNT 1',
  'XPENDING s g',
  'XINFO STREAM s',
  'XINFO GROUPS s',
  'XGROUP SETID s g 0',
  'XINFO GROUPS s',
  'XACK s g 2-0',
  'XTRIM s MAXLEN 0',
  'XSETID s 9-0',
  'XGROUP DELCONSUMER s g d',
  'XGROUP DESTROY s g',
  'XINFO STREAM s',
  'XINFO STREAM s FULL',
];

describe.skipIf(!oracleAvailable())('stream commands in RESP3', () => {
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
    const [mine, theirs] = await Promise.all([ours, real].map(({ port }) => askTyped(port, ...commands)));
    for (const [i, command] of COMMANDS.entries()) {
      expect(withoutNodes(mine[i]), command).toEqual(withoutNodes(theirs[i]));
    }
  });
});

/** Without the number that tells of Redis's radix tree. */
function withoutNodes(reply: Typed): Typed {
  if (reply === null || typeof reply !== 'object' || !('map' in reply)) return reply;
  return { map: reply.map.filter(([name]) => name !== 'radix-tree-nodes') };
}
