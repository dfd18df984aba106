/** BLPOP and BRPOP: an element from the first of several lists that is there; a client waits until one is. */
import { TYPE_LIST } from '../../memory/record.ts';
import { listLength } from '../../types/list/list-value.ts';
import { blockOnKeys, keyRange, readTimeout } from '../blocking.ts';
import type { Call } from '../call.ts';
import { arg, BLOCKING, defineCommand, keysFrom, NOSCRIPT, WRITE } from '../define.ts';
import { findForWrite, WRONG } from '../lookup.ts';
import { logPop } from '../propagation.ts';
import { LEFT, RIGHT, replyEnd, take } from './sides.ts';

const COMMON = {
  group: 'list',
  since: '2.0.0',
  history: [['6.0.0', '`timeout` is interpreted as a double instead of an integer.']],
  complexity: 'O(N) where N is the number of keys',
  arity: -3, // BLPOP key [key ...] timeout
  flags: WRITE | NOSCRIPT | BLOCKING,
  keys: [keysFrom(1, -2, 1, 'RW', 'access', 'delete')],
  args: [arg.key('key', { many: true }), arg.double('timeout')],
} as const;

export const BLPOP = defineCommand({
  ...COMMON,
  name: 'BLPOP',
  summary:
    'Removes and returns the first element of the first of several lists that exists; waits until one does.',
  handler: (call) => pop(call, LEFT),
});

export const BRPOP = defineCommand({
  ...COMMON,
  name: 'BRPOP',
  summary:
    'Removes and returns the last element of the first of several lists that exists; waits until one does.',
  handler: (call) => pop(call, RIGHT),
});

function pop(call: Call, side: number): void {
  const { db, reply, argc } = call;
  const timeoutMs = readTimeout(call, argc - 1);
  if (timeoutMs < 0) return;
  for (let i = 1; i < argc - 1; i++) {
    const address = findForWrite(call, i, TYPE_LIST);
    if (address === WRONG) return;
    if (address === 0) continue;
    reply.array(2);
    reply.bulk(call.bytes, call.start(i), call.end(i));
    replyEnd(call, db, address, listLength(db, address), side);
    take(call, i, address, side, 1);
    if (call.log !== null) logPop(call, call.log, side === LEFT ? 'LPOP' : 'RPOP', i);
    return;
  }
  blockOnKeys(call, keyRange(1, argc - 2), TYPE_LIST, timeoutMs, (late) => late.nullArray());
}
