/** Storing a result under a key: ZRANGESTORE, ZUNIONSTORE and its relatives, GEOSEARCHSTORE. */
import type { KeyEvent } from '../../keyspace/events.ts';
import { ScoreTree } from '../../memory/score-tree.ts';
import { adoptZset } from '../../types/zset/zset.ts';
import type { Call } from '../call.ts';
import { changed, deleted } from '../changed.ts';

/**
 * Makes the structure `handle` (LargeZset) the value of the key that is argument `index`, whatever that held, and replies its number of
 * members; 0 for a handle deletes the key. Takes the handle over. `event` is what happens
 * to the key.
 */
export function storeResult(call: Call, index: number, handle: number, event: KeyEvent): void {
  const { db, bytes } = call;
  const hash = call.keyHash(index);
  const start = call.start(index);
  const end = call.end(index);
  const count = handle === 0 ? 0 : ScoreTree.countAt(db.arena, handle);
  const old = db.find(hash, bytes, start, end);
  if (old !== 0) db.remove(hash, old, db.keyspace.lazy.serverDelete);
  db.isReplacing = old !== 0;
  try {
    if (handle !== 0) adoptZset(db, hash, bytes, start, end, handle);
  } finally {
    db.isReplacing = false;
  }
  if (old !== 0 || handle !== 0) db.keyspace.dirty++;
  if (handle !== 0) changed(call, index, event);
  else if (old !== 0) deleted(call, index);
  call.reply.integer(count);
}
