/** LMPOP and BLMPOP: elements from an end of the first of several lists that is there. */
import { parseSafeInteger } from '../../base/int64.ts';
import { TYPE_LIST } from '../../memory/record.ts';
import * as errors from '../../resp/errors.ts';
import { listLength } from '../../types/list/list-value.ts';
import { blockOnKeys, keyRange, readTimeout } from '../blocking.ts';
import type { Call } from '../call.ts';
import { arg, BLOCKING, defineCommand, type KeySpec, MOVABLE_KEYS, WRITE } from '../define.ts';
import { findForWrite, WRONG } from '../lookup.ts';
import { logPop } from '../propagation.ts';
import { LEFT, NO_SIDE, readSide, replyFromEnd, SIDES, take } from './sides.ts';

const keysAfterCount = (index: number): KeySpec => ({
  flags: ['RW', 'access', 'delete'],
  begin: { index },
  find: { keynum: 0, first: 1, step: 1 },
});

const ARGS = [
  arg.integer('numkeys'),
  arg.key('key', { many: true }),
  arg.oneOf('where', SIDES),
  arg.integer('count', { token: 'COUNT', optional: true }),
];

const COMPLEXITY = 'O(N+M) where N is the number of keys and M the number of elements returned';

export const LMPOP = defineCommand({
  name: 'LMPOP',
  summary: 'Removes and returns elements from an end of the first of several lists that exists.',
  group: 'list',
  since: '7.0.0',
  complexity: COMPLEXITY,
  arity: -4, // LMPOP numkeys key [key ...] LEFT|RIGHT [COUNT count]
  flags: WRITE | MOVABLE_KEYS,
  keys: [keysAfterCount(1)],
  args: ARGS,
  handler: lmpop,
});

export const BLMPOP = defineCommand({
  name: 'BLMPOP',
  summary:
    'Removes and returns elements from an end of the first of several lists that exists; waits until one does.',
  group: 'list',
  since: '7.0.0',
  complexity: COMPLEXITY,
  arity: -5, // BLMPOP timeout numkeys key [key ...] LEFT|RIGHT [COUNT count]
  flags: WRITE | BLOCKING | MOVABLE_KEYS,
  keys: [keysAfterCount(2)],
  args: [arg.double('timeout'), ...ARGS],
  handler: blmpop,
});

const NUMKEYS_POSITIVE = 'ERR numkeys should be greater than 0';
const COUNT_POSITIVE = 'ERR count should be greater than 0';

/** What the arguments say. */
const options = { keys: 0, side: 0, count: 1 };

function lmpop(call: Call): void {
  if (!readOptions(call, 1)) return;
  if (!popFirst(call, 2)) call.reply.nullArray();
}

function blmpop(call: Call): void {
  if (!readOptions(call, 2)) return;
  const timeoutMs = readTimeout(call, 1);
  if (timeoutMs < 0) return;
  if (popFirst(call, 3)) return;
  const keys = keyRange(3, 2 + options.keys);
  blockOnKeys(call, keys, TYPE_LIST, timeoutMs, (reply) => reply.nullArray());
}

/** Reads what begins with the number of keys in argument `index`. False after an error reply. */
function readOptions(call: Call, index: number): boolean {
  const { reply } = call;
  const keys = parseSafeInteger(call.bytes, call.start(index), call.end(index));
  if (!(keys > 0)) {
    reply.error(NUMKEYS_POSITIVE);
    return false;
  }
  let i = index + keys + 1;
  if (i >= call.argc) {
    reply.error(errors.SYNTAX);
    return false;
  }
  options.keys = keys;
  options.count = 0;
  options.side = readSide(call, i);
  if (options.side === NO_SIDE) return false;
  for (i++; i < call.argc; i += 2) {
    if (options.count !== 0 || !call.is(i, 'COUNT') || i + 1 === call.argc) {
      reply.error(errors.SYNTAX);
      return false;
    }
    const count = parseSafeInteger(call.bytes, call.start(i + 1), call.end(i + 1));
    if (!(count > 0)) {
      reply.error(COUNT_POSITIVE);
      return false;
    }
    options.count = count;
  }
  if (options.count === 0) options.count = 1;
  return true;
}

/** Pops from the first list among the keys from argument `first` on and replies, or replies an error. False, with no reply, when there is none. */
function popFirst(call: Call, first: number): boolean {
  const { db, reply } = call;
  for (let i = first; i < first + options.keys; i++) {
    const address = findForWrite(call, i, TYPE_LIST);
    if (address === WRONG) return true;
    if (address === 0) continue;
    const length = listLength(db, address);
    const n = Math.min(options.count, length);
    reply.array(2);
    reply.bulk(call.bytes, call.start(i), call.end(i));
    reply.array(n);
    replyFromEnd(call, db, address, length, options.side, n);
    take(call, i, address, options.side, n);
    if (call.log !== null) logPop(call, call.log, options.side === LEFT ? 'LPOP' : 'RPOP', i, n);
    return true;
  }
  return false;
}
