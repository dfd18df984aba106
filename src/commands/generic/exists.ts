/** EXISTS, TOUCH and TYPE: what is there. */
import { byteOffsetOf, segmentOf } from '../../memory/address.ts';
import { readWord0, typeOf } from '../../memory/record.ts';
import type { Call } from '../call.ts';
import { arg, defineCommand, FAST, keyAt, keysFrom, READONLY } from '../define.ts';
import { TYPE_NAMES } from './type-names.ts';

const COUNTING = {
  group: 'generic',
  arity: -2, // EXISTS key [key ...]
  flags: READONLY | FAST,
  keys: [keysFrom(1, -1, 1, 'RO')],
  args: [arg.key('key', { many: true })],
  tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
  categories: ['keyspace'],
} as const;

export const EXISTS = defineCommand({
  ...COUNTING,
  name: 'EXISTS',
  summary: 'Counts how many of the keys exist; a key given twice counts twice.',
  since: '1.0.0',
  history: [['3.0.3', 'Accepts multiple `key` arguments.']],
  complexity: 'O(N) where N is the number of keys to check',
  handler: exists,
});

export const TOUCH = defineCommand({
  ...COUNTING,
  name: 'TOUCH',
  summary: 'Marks keys as used just now and counts how many of them exist.',
  since: '3.2.1',
  complexity: 'O(N) where N is the number of keys to touch',
  handler: touch,
});

export const TYPE = defineCommand({
  name: 'TYPE',
  summary: 'Returns the name of the type that a key holds, none when it does not exist.',
  group: 'generic',
  since: '1.0.0',
  complexity: 'O(1)',
  arity: 2, // TYPE key
  flags: READONLY | FAST,
  keys: [keyAt(1, 'RO')],
  args: [arg.key('key')],
  categories: ['keyspace'],
  handler: type,
});

function exists(call: Call): void {
  const { db, bytes } = call;
  let count = 0;
  for (let i = 1; i < call.argc; i++) {
    if (db.peek(call.keyHash(i), bytes, call.start(i), call.end(i)) !== 0) count++;
  }
  call.reply.integer(count);
}

function touch(call: Call): void {
  const { db, bytes } = call;
  let count = 0;
  for (let i = 1; i < call.argc; i++) {
    if (db.findForRead(call.keyHash(i), bytes, call.start(i), call.end(i)) !== 0) count++;
  }
  call.reply.integer(count);
}

function type(call: Call): void {
  const { db } = call;
  const address = db.peek(call.hash, call.bytes, call.start(1), call.end(1));
  if (address === 0) {
    call.reply.simple('none');
    return;
  }
  call.reply.simple(TYPE_NAMES[typeOf(readWord0(db.arena.i32[segmentOf(address)], byteOffsetOf(address)))]);
}
