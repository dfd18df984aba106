/** XLEN, XRANGE and XREVRANGE. */
import { Id128 } from '../../base/id128.ts';
import { parseSafeInteger } from '../../base/int64.ts';
import * as errors from '../../resp/errors.ts';
import { streamLength } from '../../types/stream/stream.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, FAST, keyAt, READONLY } from '../define.ts';
import { WRONG } from '../lookup.ts';
import { readBounds, streamForRead } from './arguments.ts';
import { replyRange } from './entries.ts';

export const XLEN = defineCommand({
  name: 'XLEN',
  summary: 'Returns the number of entries of a stream, 0 when it does not exist.',
  group: 'stream',
  since: '5.0.0',
  complexity: 'O(1)',
  arity: 2, // XLEN key
  flags: READONLY | FAST,
  keys: [keyAt(1, 'RO')],
  args: [arg.key('key')],
  handler: xlen,
});

const RANGE = {
  group: 'stream',
  since: '5.0.0',
  history: [['6.2.0', 'Added exclusive ranges.']],
  complexity: 'O(log(M)+N) where M is the number of blocks and N the number of entries returned',
  arity: -4, // XRANGE key start end [COUNT count]
  flags: READONLY,
  keys: [keyAt(1, 'RO', 'access')],
} as const;

const COUNT = arg.integer('count', { token: 'COUNT', optional: true });

export const XRANGE = defineCommand({
  ...RANGE,
  name: 'XRANGE',
  summary: 'Returns the entries of a stream between two ids.',
  args: [arg.key('key'), arg.string('start'), arg.string('end'), COUNT],
  handler: (call) => range(call, false),
});

export const XREVRANGE = defineCommand({
  ...RANGE,
  name: 'XREVRANGE',
  summary: 'Returns the entries of a stream between two ids, the last one first.',
  args: [arg.key('key'), arg.string('end'), arg.string('start'), COUNT],
  handler: (call) => range(call, true),
});

const from = new Id128();
const to = new Id128();

function xlen(call: Call): void {
  const stream = streamForRead(call, 1);
  if (stream === WRONG) return;
  call.reply.integer(stream === 0 ? 0 : streamLength(call.db.arena, stream));
}

function range(call: Call, reverse: boolean): void {
  const { reply } = call;
  if (!readBounds(call, reverse ? 3 : 2, reverse ? 2 : 3, from, to)) return;
  let count = -1;
  for (let i = 4; i < call.argc; i += 2) {
    if (!call.is(i, 'COUNT') || i + 1 === call.argc) {
      reply.error(errors.SYNTAX);
      return;
    }
    count = parseSafeInteger(call.bytes, call.start(i + 1), call.end(i + 1));
    if (Number.isNaN(count)) {
      reply.error(errors.NOT_INTEGER);
      return;
    }
    count = Math.max(0, count);
  }
  const stream = streamForRead(call, 1);
  if (stream === WRONG) return;
  if (stream === 0) reply.array(0);
  else if (count === 0) reply.nullArray();
  else replyRange(call, stream, from, to, Math.max(0, count), reverse);
}
