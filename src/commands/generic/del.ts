/** DEL and UNLINK: Redis's difference, who frees the memory, is one of large values only: their buffers go to bio. */
import * as events from '../../keyspace/events.ts';
import type { Call } from '../call.ts';
import { changed } from '../changed.ts';
import { arg, defineCommand, FAST, keysFrom, WRITE } from '../define.ts';

const COMMON = {
  group: 'generic',
  arity: -2, // DEL key [key ...]
  keys: [keysFrom(1, -1, 1, 'RM', 'delete')],
  args: [arg.key('key', { many: true })],
  tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
  categories: ['keyspace'],
} as const;

export const DEL = defineCommand({
  ...COMMON,
  name: 'DEL',
  summary: 'Deletes keys.',
  since: '1.0.0',
  complexity: 'O(N) where N is the number of keys, and O(M) for a key that holds a collection of M elements',
  flags: WRITE,
  handler: (call) => deleteKeys(call, call.db.keyspace.lazy.userDelete),
});

export const UNLINK = defineCommand({
  ...COMMON,
  name: 'UNLINK',
  summary: 'Deletes keys and frees the memory of large values in the background.',
  since: '4.0.0',
  complexity: 'O(1) for each key; the memory is freed elsewhere',
  flags: WRITE | FAST,
  handler: (call) => deleteKeys(call, true),
});

function deleteKeys(call: Call, lazily: boolean): void {
  const { db, bytes } = call;
  let deleted = 0;
  for (let i = 1; i < call.argc; i++) {
    const hash = call.keyHash(i);
    const address = db.find(hash, bytes, call.start(i), call.end(i));
    if (address === 0) continue;
    db.remove(hash, address, lazily);
    changed(call, i, events.DEL);
    deleted++;
  }
  db.keyspace.dirty += deleted;
  call.reply.integer(deleted);
}
